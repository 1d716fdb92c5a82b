//! One home of the demonstration's, its hub in a folder, and who works there: Anna, who is trained
//! and has a key in the roster, and Dag, who answers for the unit. People and addresses are
//! invented.

use std::path::PathBuf;
use std::time::Duration;

use clap::{FromArgMatches as _, Subcommand as _};
use jiff::civil::{Date, date};

use nattsyn_hub::audit::{Log, Question};
use nattsyn_hub::certificates::{Authority, Identity};
use nattsyn_hub::consent::counter::Counter;
use nattsyn_hub::consent::{Rules, Scope, Taker};
use nattsyn_hub::demo::homes::{Home, ZONE};
use nattsyn_hub::demo::provision::provision;
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::labels::Draw;
use nattsyn_hub::nights;
use nattsyn_hub::roster::Roster;
use nattsyn_hub::serve::Layout;
use nattsyn_hub::settings::Settings;
use nattsyn_hub::settings::compare::Place;
use nattsyn_hub::staff::command::{StaffCommand, run};
use nattsyn_hub::staff::webauthn::{Party, Purpose, Registration};
use nattsyn_hub::staff::{Register, Rights};
use nattsyn_hub::store::{Labels, SettingsVersions, SqliteStore, Tunings, ViewRecord, Views};
use nattsyn_hub::tuning::{self, ChangeId, Floor, Gone, Levels};
use nattsyn_protocol::assertion::{Base64, sha256};
use nattsyn_protocol::demonstration::{self, Show};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::thresholds::NightCounts;
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::dial::Dial;
use nattsyn_tests::mosquitto::Mosquitto;
use nattsyn_tests::ports;
use nattsyn_tests::served::{CONFIG, Hub, socket};

use super::ear::Ear;
use super::network::Network;
use super::pictures::Picture;
use super::proxy::{Line, Proxy};
use super::unit::{PICTURE, QUICK, stage};
use super::viewer::Key;

/// The test that is the hub's process.
const HUB: &str = "the_hub_of_a_live_view";

/// A Saturday.
const NIGHT: Date = date(2026, 11, 21);

/// Who works at night, by id and name.
pub(crate) const ANNA: (&str, &str) = ("natt-001", "Anna Påhittson");

/// Who answers for the unit.
pub(crate) const DAG: (&str, &str) = ("chef-001", "Dag Påhittson");

/// What a resident agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreed {
    /// To be looked at when a look is unclear.
    LiveView,
    /// To a sensor.
    Sensor,
}

/// The way between unit and broker.
#[derive(Clone, Copy)]
pub(crate) enum Way<'a> {
    /// As fast as it goes, and looks are quick.
    Plain,
    /// As from a home: the unit in a network of its own, a line of this kind, and looks that last
    /// as long as they do.
    Home(&'a Network, Line),
}

/// Hours and minutes after the noon at which the night begins.
pub(crate) fn at(hours: u64, minutes: u64) -> Timestamp {
    let noon = nights::noon(NIGHT, ZONE).unwrap();
    noon.after(Duration::from_secs((hours * 60 + minutes) * 60))
}

/// A hub in a folder of its own, its time, its broker, and what passes between it and the browser.
pub(crate) struct House {
    folder: tempfile::TempDir,
    home: Home,
    enrolled: nattsyn_hub::roster::Home,
    eye: PublicKey,
    port: u16,
    broker: Mosquitto,
    ear: Identity,
    /// Between browser and hub.
    pub(crate) wire: Proxy,
    pins: [String; 2],
    /// What Anna signs with.
    pub(crate) key: Key,
    pub(crate) dial: Dial,
    /// What the eye is shown.
    pub(crate) shown: Picture,
    hub: Option<Hub>,
}

impl House {
    /// Everything that a hub and a unit need, shortly before 23:00, with this way between the unit
    /// and the broker. Neither runs yet.
    pub(crate) fn build(agreed: Agreed, way: Way<'_>) -> Self {
        // So short before the look that an eye which time jumps over is not thought to be silent;
        // written down half an hour before it, so that the button is still waited for.
        let begins = at(10, 59).after(Duration::from_secs(40));
        Self::build_at((at(10, 30), begins), agreed, way)
    }

    /// The same where everything was agreed to then, and it is then.
    pub(crate) fn build_at(
        (written, begins): (Timestamp, Timestamp),
        agreed: Agreed,
        way: Way<'_>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = ports::free();
        let wire = Proxy::open(port, Line::PLAIN);
        let layout = Layout::under(&folder.path().join("data")).unwrap();
        let authority =
            Authority::create(&layout.tls(), &nattsyn_protocol::demonstration::root_key()).unwrap();
        let broker = Mosquitto::start(folder.path(), &authority, &layout.tls());
        let ear = authority.issue_hub(&layout.tls()).unwrap();
        std::fs::write(folder.path().join(CONFIG), config(port, &broker, &ear)).unwrap();
        let home = home(agreed);
        let shown = Picture::of_somebody_standing();
        let unit = folder.path().join("unit");
        let line = match way {
            Way::Plain => Proxy::open(broker.port, Line::PLAIN),
            Way::Home(network, line) => Proxy::open_at(network.listener(), broker.port, line),
        };
        let to = ([127, 0, 0, 1], line.port).into();
        let show = Show::Picture {
            path: PICTURE.to_owned(),
        };
        let clock = socket(folder.path());
        let enrolled = provision(&home, &stage(show), &unit, &authority, to, &clock).unwrap();
        std::fs::write(unit.join(PICTURE), &shown.jpeg).unwrap();
        if let Way::Plain = way {
            let own = std::fs::read_to_string(unit.join("eye.toml")).unwrap();
            std::fs::write(unit.join("eye.toml"), own + QUICK).unwrap();
        }
        let eye = enrolled.eye;
        enrol_all(&layout, &home, enrolled.clone(), written);
        let party = Party {
            host: "localhost".to_owned(),
            origin: format!("http://localhost:{}", wire.port),
        };
        Self {
            pins: [
                pin_of(&layout, ANNA, "night_staff", begins),
                pin_of(&layout, DAG, "unit_manager", begins),
            ],
            key: give_key(&layout, &party, begins),
            dial: Dial::start(clock, begins),
            folder,
            home,
            enrolled,
            eye,
            port,
            broker,
            ear,
            wire,
            shown,
            hub: None,
        }
    }

    /// Starts the hub, waits until it answers, and listens at the broker.
    pub(crate) async fn start(&mut self) -> Ear {
        self.hub = Some(Hub::start(HUB, self.folder.path(), self.port).await);
        Ear::listen(self.broker.port, &self.ear, self.eye).await
    }

    /// The hub's process.
    pub(crate) fn hub_id(&self) -> u32 {
        self.hub.as_ref().unwrap().id()
    }

    /// The broker's process.
    pub(crate) fn broker_id(&self) -> u32 {
        self.broker.id()
    }

    pub(crate) fn page(&self) -> String {
        format!("http://localhost:{}", self.wire.port)
    }

    pub(crate) fn pin(&self, who: (&str, &str)) -> &str {
        &self.pins[usize::from(who == DAG)]
    }

    fn layout(&self) -> Layout {
        Layout::at(&self.folder.path().join("data"))
    }

    /// The unit.
    pub(crate) fn unit(&self) -> UnitId {
        self.home.unit
    }

    /// Who is looked after.
    pub(crate) fn resident(&self) -> ResidentId {
        self.home.plan.resident
    }

    /// The check of the night.
    pub(crate) fn check(&self) -> CheckId {
        self.home.checks(NIGHT).unwrap()[0].id
    }

    /// What the unit holds of its own.
    pub(crate) fn unit_folder(&self) -> PathBuf {
        self.folder.path().join("unit")
    }

    /// Two people have other thresholds in the home.
    pub(crate) fn tunes(&self, levels: Levels) {
        let layout = self.layout();
        let mut counter = tuning::counter::Counter {
            rows: &mut Tunings::open(&layout.ledger()).unwrap(),
            roster: &Roster::new(vec![self.enrolled.clone()]),
            settings: &Settings::default(),
            keys: &HubKeys::open(&layout.keys()).unwrap(),
            floor: Floor::default(),
            now: self.dial.now(),
        };
        let [dag, disa] = [DAG.0, "chef-002"].map(|id| id.parse().unwrap());
        let place = Place::Home(self.enrolled.id);
        let why = ("a test", &dag);
        counter
            .propose(&place, (Some(levels), Gone::AsBefore), why)
            .unwrap();
        let approved = tuning::Decision::Approved;
        let shown = counter.shown(&place, Some(levels)).unwrap();
        counter
            .decide(ChangeId(1), (approved, &shown), &disa)
            .unwrap();
    }

    /// The municipality has each night drawn.
    pub(crate) fn draws_every_night(&self) {
        let mut settings = SettingsVersions::open(&self.layout().ledger()).unwrap();
        let by = DAG.0.parse().unwrap();
        let body = "[municipality]\ndrawn_visits_percent = 100\n";
        let version = settings.add((self.dial.now(), &by), "a test", body);
        assert_eq!(version.unwrap(), 1);
    }

    /// What came out by lot.
    pub(crate) fn drawn(&self) -> Vec<Draw> {
        let labels = Labels::open(&self.layout().ledger()).unwrap();
        labels.drawn(NIGHT).unwrap()
    }

    /// What the hub holds of nights' counts.
    pub(crate) fn counts(&self) -> Vec<NightCounts> {
        let tunings = Tunings::open_to_read(&self.layout().ledger()).unwrap();
        let counted = tunings.counts_since(NIGHT).unwrap().into_iter();
        counted.map(|it| it.night).collect()
    }

    /// The one view that there was.
    pub(crate) fn view(&self) -> ViewRecord {
        let views = Views::open(&self.layout().ledger()).unwrap();
        let mut all = views.of_resident(self.resident()).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    /// That the audit log has these of a live view, in this order and no others, and is whole.
    pub(crate) fn wrote(&self, expected: &[&str]) {
        let log = Log::open(&self.layout().ledger()).unwrap();
        log.verify(&[]).unwrap();
        let about = Question {
            about: Some(self.resident()),
            ..Question::default()
        };
        let rows = log.rows(&about).unwrap();
        let acts = rows.iter().rev();
        let acts: Vec<&str> = acts
            .filter_map(|row| row.act.strip_prefix("live_view_"))
            .collect();
        assert_eq!(acts, expected);
    }
}

/// A home of the demonstration's whose night is one look at 23:00.
fn home(agreed: Agreed) -> Home {
    let index = match agreed {
        Agreed::Sensor => 0,
        Agreed::LiveView => 2,
    };
    let home = Home::new(index).unwrap();
    let is_viewed = home.scope() == Some(Scope::LiveViewOnUnclear);
    assert_eq!(is_viewed, agreed == Agreed::LiveView);
    let (from, to) = ("23:00".parse().unwrap(), "23:45".parse().unwrap());
    let plan = Plan {
        offset_s: 0,
        looks_after_s: vec![0],
        windows: vec![Window::nightly(WindowKey(1), from, to)],
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

/// The hub's keys, the home, its plan and what was agreed, as written down then.
fn enrol_all(
    layout: &Layout,
    home: &Home,
    enrolled: nattsyn_hub::roster::Home,
    written: Timestamp,
) {
    let key = HubKeys::draw(&layout.keys()).unwrap();
    let endorsement = endorse(&demonstration::root_key(), key, 1);
    HubKeys::keep(&layout.keys(), &demonstration::root(), &endorsement).unwrap();
    let keys = HubKeys::open(&layout.keys()).unwrap();
    let homes = Homes {
        homes: vec![enrolled],
        plans: vec![home.plan.clone()],
        ..Homes::default()
    };
    let mut store = SqliteStore::open(&layout.ledger()).unwrap();
    enrol(&mut store, &homes.on_paper(written), &keys, written).unwrap();
    let mut counter = Counter {
        store: &mut store,
        keys: &keys,
        zone: ZONE,
        rules: Rules::default(),
        said: [].into(),
        now: written,
    };
    let said = (home.plan.resident, home.consent(NIGHT).unwrap());
    let taken = counter.take_in(&[said], &Taker::enrolment()).unwrap();
    assert_eq!(taken, [home.plan.resident]);
}

/// Registers somebody, and that they are trained; returns the PIN that was drawn for them.
fn pin_of(layout: &Layout, (id, name): (&str, &str), role: &str, now: Timestamp) -> String {
    let words = [
        "add", "--id", id, "--name", name, "--role", role, "--by", "dag-003",
    ];
    let said = staff(layout, now, &words);
    let day = NIGHT.to_string();
    staff(
        layout,
        now,
        &["trained", "--id", id, "--day", &day, "--by", "dag-003"],
    );
    let (_, pin) = said.split_once("PIN: ").unwrap();
    pin[..6].to_owned()
}

/// What `nattsyn-hub staff` says to some words.
fn staff(layout: &Layout, now: Timestamp, words: &[&str]) -> String {
    let command = StaffCommand::augment_subcommands(clap::Command::new("staff"));
    let words = ["staff"].iter().chain(words);
    let matches = command.try_get_matches_from(words).unwrap();
    let command = StaffCommand::from_arg_matches(&matches).unwrap();
    let mut register = Register::open(&layout.ledger()).unwrap();
    run(&mut register, now, &command).unwrap()
}

/// Gives Anna a key, and puts it into a roster: the root is the demonstration's.
fn give_key(layout: &Layout, party: &Party, now: Timestamp) -> Key {
    let anna = ANNA.0.parse().unwrap();
    let rights = Rights::open(&layout.ledger()).unwrap();
    let rights = rights.at(Some(party.clone()));
    let rights = rights.of_a_demonstration(&anna, now).unwrap();
    let challenge = rights.ask(Purpose::Register(anna.clone())).unwrap();
    let key = Key::draw(&party.host);
    let registration = registration(&key, party, &challenge);
    rights.register(&anna, &registration, now).unwrap();
    assert_eq!(rights.standing(&anna).unwrap().live_view(now).err(), None);
    key
}

/// What a browser hands over when a key is made: SPKI, and the authenticator's data with the key in
/// CTAP2's canonical form.
fn registration(key: &Key, party: &Party, challenge: &[u8]) -> Registration {
    const SPKI: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    const COSE: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    let client = serde_json::json!({
        "type": "webauthn.create",
        "challenge": super::viewer::url_base64(challenge),
        "origin": party.origin,
    });
    let length = u16::try_from(key.id.len()).unwrap().to_be_bytes();
    let flags = [1 | 1 << 2 | 1 << 6];
    let (x, y) = key.public[1..].split_at(32);
    let authenticator = [
        &sha256(party.host.as_bytes())[..],
        &flags,
        &[0; 4 + 16],
        &length,
        &key.id,
        &COSE,
        x,
        &[0x22, 0x58, 0x20],
        y,
    ];
    Registration {
        credential: Base64(key.id.clone()),
        public: Base64([&SPKI[..], &key.public].concat()),
        authenticator: Base64(authenticator.concat()),
        client: Base64(client.to_string().into_bytes()),
    }
}
