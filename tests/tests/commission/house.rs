//! A hub with some homes of generated rooms, none of them commissioned, and the technician who
//! goes from one to the next. People and addresses are invented.

use std::path::PathBuf;
use std::time::Duration;

use clap::{FromArgMatches as _, Subcommand as _};
use jiff::civil::{Date, date};

use nattsyn_hub::certificates::{Authority, Identity};
use nattsyn_hub::consent::counter::Counter;
use nattsyn_hub::consent::{Rules, Taker};
use nattsyn_hub::demo::homes::{Home, ZONE};
use nattsyn_hub::demo::provision::provision;
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::nights;
use nattsyn_hub::roster::Resident;
use nattsyn_hub::serve::Layout;
use nattsyn_hub::staff::Register;
use nattsyn_hub::staff::command::{StaffCommand, run};
use nattsyn_hub::store::{SqliteStore, Store as _, Tunings};
use nattsyn_hub::tuning::own::OwnPart;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::{ResidentId, UnitId, WindowKey};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::dial::Dial;
use nattsyn_tests::mosquitto::Mosquitto;
use nattsyn_tests::ports;
use nattsyn_tests::served::{CONFIG, Hub, socket};

use super::SOON;
use super::unit::{Hung, stage};

/// The test that is the hub's process.
const HUB: &str = "the_hub_of_a_technician";

/// The night after the day on which homes are commissioned.
const NIGHT: Date = date(2026, 11, 21);

/// Who hangs units, by id and name.
pub(crate) const TEA: (&str, &str) = ("tekn-001", "Tea Påhittdotter");

/// Who works at night.
pub(crate) const ANNA: (&str, &str) = ("natt-001", "Anna Påhittson");

/// Looks of five frames over half a second: how one is paced is tested elsewhere.
const QUICK: &str = "\n[look]\nframes = 5\nover_ms = 500\nsettle_ms = 0\n";

/// How long nothing must be told before nothing is meant.
const WHILE: Duration = Duration::from_secs(5);

/// A hub in a folder of its own, its time, its broker and its homes.
pub(crate) struct House {
    folder: tempfile::TempDir,
    port: u16,
    homes: Vec<Home>,
    pins: [String; 2],
    pub(crate) dial: Dial,
    _broker: Mosquitto,
    _hub: Hub,
}

/// When the technician comes: places that are found by noon hold in the coming night.
fn begins() -> Timestamp {
    at(0, 0).before(Duration::from_secs(2 * 3600))
}

/// Hours and minutes after the noon at which the night begins.
pub(crate) fn at(hours: u64, minutes: u64) -> Timestamp {
    let noon = nights::noon(NIGHT, ZONE).unwrap();
    noon.after(Duration::from_secs((hours * 60 + minutes) * 60))
}

impl House {
    /// A home for each camera, at ten in the morning; no unit has power.
    pub(crate) async fn open(cameras: &[Hung]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = ports::free();
        let layout = Layout::under(&folder.path().join("data")).unwrap();
        let authority =
            Authority::create(&layout.tls(), &nattsyn_protocol::demonstration::root_key()).unwrap();
        let broker = Mosquitto::start(folder.path(), &authority, &layout.tls());
        let hub = authority.issue_hub(&layout.tls()).unwrap();
        std::fs::write(folder.path().join(CONFIG), config(port, &broker, &hub)).unwrap();
        let clock = socket(folder.path());
        let to = ([127, 0, 0, 1], broker.port).into();
        let mut homes = Vec::new();
        let mut enrolled = Vec::new();
        for (index, camera) in cameras.iter().enumerate() {
            let home = home(index);
            let unit = folder.path().join(home.unit.to_string());
            let stage = stage(camera.at_first());
            let mut own = provision(&home, &stage, &unit, &authority, to, &clock).unwrap();
            if camera.sleepers == 2 {
                own.residents.push(Resident {
                    id: second(index),
                    name: "Bo Påhittson".to_owned(),
                });
            }
            enrolled.push(own);
            let own = std::fs::read_to_string(unit.join("eye.toml")).unwrap();
            std::fs::write(unit.join("eye.toml"), own + QUICK).unwrap();
            homes.push(home);
        }
        enrol_all(&layout, &homes, enrolled);
        let pins = [
            pin_of(&layout, TEA, "technician"),
            pin_of(&layout, ANNA, "night_staff"),
        ];
        let dial = Dial::start(clock, begins().after(Duration::from_secs(600)));
        let hub = Hub::start(HUB, folder.path(), port).await;
        Self {
            folder,
            port,
            homes,
            pins,
            dial,
            _broker: broker,
            _hub: hub,
        }
    }

    pub(crate) fn page(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn pin(&self, who: (&str, &str)) -> &str {
        &self.pins[usize::from(who == ANNA)]
    }

    pub(crate) fn unit(&self, home: usize) -> UnitId {
        self.homes[home].unit
    }

    pub(crate) fn unit_folder(&self, home: usize) -> PathBuf {
        self.folder.path().join(self.unit(home).to_string())
    }

    /// The page of who sleeps where in a home.
    pub(crate) fn sides(&self, home: usize) -> String {
        format!("/residents/{}/place", self.homes[home].plan.resident)
    }

    /// What a home has shown of itself, if its unit is commissioned.
    pub(crate) fn own(&self, home: usize) -> Option<OwnPart> {
        let layout = Layout::at(&self.folder.path().join("data"));
        let rows = Tunings::open_to_read(&layout.ledger()).unwrap();
        let (roster, gates) = (rows.store().roster().unwrap(), rows.gates().unwrap());
        let of = |it: &&nattsyn_hub::roster::Home| it.unit == self.unit(home);
        let home = roster.homes().iter().find(of).unwrap();
        rows.own_part(&gates, home).unwrap()
    }

    /// What came of the first resident's check, in the ledger's word; none while it is open.
    fn outcome(&self, home: usize, window: u8) -> Option<String> {
        let layout = Layout::at(&self.folder.path().join("data"));
        let ledger = rusqlite::Connection::open(layout.ledger()).unwrap();
        let check = format!("{}.20261121.{window}", self.homes[home].plan.resident);
        let found = ledger.query_row(
            "SELECT outcome FROM outcomes WHERE check_id = ?1",
            [check],
            |row| row.get(0),
        );
        found.ok()
    }

    /// Everything that units have reported, as it came.
    fn reports(&self) -> Vec<String> {
        let layout = Layout::at(&self.folder.path().join("data"));
        let ledger = rusqlite::Connection::open(layout.ledger()).unwrap();
        let mut all = ledger
            .prepare("SELECT body FROM reports ORDER BY id")
            .unwrap();
        let bodies = all.query_map([], |row| row.get(0)).unwrap();
        bodies.map(Result::unwrap).collect()
    }

    /// Time comes to a planned look, so slowly that the unit is awake.
    pub(crate) async fn looks_at(&self, then: Timestamp) {
        self.waits_until(then.before(Duration::from_secs(10))).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.dial.turn_to(then.after(Duration::from_secs(1)));
    }

    /// Time passes in steps that nobody takes for a silence.
    async fn waits_until(&self, then: Timestamp) {
        while self.dial.now() < then {
            let next = self.dial.now().after(Duration::from_secs(600));
            self.dial.turn_to(next.min(then));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a home's check has come to this; none is told after a while of nothing.
    pub(crate) async fn comes_to(&self, home: usize, window: u8, outcome: Option<&str>) {
        let patience = if outcome.is_some() { SOON } else { WHILE };
        let told = tokio::time::timeout(patience, async {
            while self.outcome(home, window).is_none() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let told = told.await.ok().and_then(|()| self.outcome(home, window));
        let reports = self.reports();
        let check = format!("check {window} of home {home}; {reports:?}");
        assert_eq!(told.as_deref(), outcome, "{check}");
    }

    /// Waits until a unit has said something of its home's second resident, whose look would
    /// otherwise be under way when time goes on: an eye whose look takes ten minutes has hung.
    pub(crate) async fn second_is_looked_at(&self, home: usize, window: u8) {
        let check = format!("{}.20261121.{window}", second(home));
        let told = tokio::time::timeout(SOON, async {
            while !self.reports().iter().any(|it| it.contains(&check)) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        assert!(told.await.is_ok(), "{check}: {:?}", self.reports());
    }

    /// Somebody takes so long to lie down otherwise, to move a chair, to walk to the lamp.
    pub(crate) fn passes(&self, while_: Duration) {
        self.dial.turn_to(self.dial.now().after(while_));
    }
}

/// Who else lives in a home of two.
fn second(home: usize) -> ResidentId {
    format!("r009{home:04}").parse().unwrap()
}

/// The second's plan: the same night, a minute later.
fn plan_of_second(index: usize, plan: &Plan) -> Plan {
    Plan {
        resident: second(index),
        offset_s: 60,
        ..plan.clone()
    }
}

/// A home of the demonstration's whose night is a look at 23:00 and one at 02:00.
fn home(index: usize) -> Home {
    let home = Home::new(u32::try_from(index).unwrap()).unwrap();
    let window = |key, from: &str, to: &str| {
        Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
    };
    let plan = Plan {
        offset_s: 0,
        looks_after_s: vec![0],
        windows: vec![window(1, "23:00", "23:45"), window(2, "02:00", "02:45")],
        places: Vec::new(),
        ..home.plan
    };
    Home { plan, ..home }
}

fn config(port: u16, broker: &Mosquitto, hub: &Identity) -> String {
    format!(
        "listen = \"127.0.0.1:{port}\"\n\n[broker.external]\nurl = \"{}\"\nca = {:?}\n\
         certificate = {:?}\nkey = {:?}\n",
        broker.url(),
        hub.ca,
        hub.certificate,
        hub.key
    )
}

fn enrol_all(layout: &Layout, homes: &[Home], enrolled: Vec<nattsyn_hub::roster::Home>) {
    let key = HubKeys::draw(&layout.keys()).unwrap();
    let endorsement = endorse(&demonstration::root_key(), key, 1);
    HubKeys::keep(&layout.keys(), &demonstration::root(), &endorsement).unwrap();
    let keys = HubKeys::open(&layout.keys()).unwrap();
    let of_two = |index: &usize| enrolled[*index].residents.len() == 2;
    let seconds: Vec<usize> = (0..homes.len()).filter(of_two).collect();
    let mut plans: Vec<Plan> = homes.iter().map(|home| home.plan.clone()).collect();
    let of_second = |index: &usize| plan_of_second(*index, &homes[*index].plan);
    plans.extend(seconds.iter().map(of_second));
    let all = Homes {
        homes: enrolled,
        plans,
        paper: [].into(),
    };
    let mut store = SqliteStore::open(&layout.ledger()).unwrap();
    enrol(&mut store, &all, &keys, begins()).unwrap();
    let mut counter = Counter {
        store: &mut store,
        keys: &keys,
        zone: ZONE,
        rules: Rules::default(),
        said: [].into(),
        now: begins(),
    };
    // In the demonstration some have agreed to nothing; here all have agreed to a sensor.
    let sensor = homes[0].consent(NIGHT).unwrap();
    let first = homes.iter().map(|home| home.plan.resident);
    for resident in first.chain(seconds.into_iter().map(second)) {
        let said = (resident, sensor.clone());
        counter.take_in(&[said], &Taker::enrolment()).unwrap();
    }
}

/// Registers somebody; returns the PIN that was drawn for them.
fn pin_of(layout: &Layout, (id, name): (&str, &str), role: &str) -> String {
    let words = [
        "staff", "add", "--id", id, "--name", name, "--role", role, "--by", "admin-1",
    ];
    let command = StaffCommand::augment_subcommands(clap::Command::new("staff"));
    let matches = command.try_get_matches_from(words).unwrap();
    let command = StaffCommand::from_arg_matches(&matches).unwrap();
    let mut register = Register::open(&layout.ledger()).unwrap();
    let said = run(&mut register, begins(), &command).unwrap();
    let (_, pin) = said.split_once("PIN: ").unwrap();
    pin[..6].to_owned()
}
