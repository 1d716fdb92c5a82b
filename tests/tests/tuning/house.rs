//! A hub with one home, two unit managers and a pool of labelled homes, at Mosquitto. All of it is
//! invented.

use std::path::PathBuf;
use std::time::Duration;

use clap::{FromArgMatches as _, Subcommand as _};
use ed25519_dalek::SigningKey;
use jiff::civil::{Date, date};

use nattsyn_hub::certificates::{Authority, Identity};
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::nights;
use nattsyn_hub::roster::{Home, Resident};
use nattsyn_hub::serve::Layout;
use nattsyn_hub::staff::Register;
use nattsyn_hub::staff::command::{StaffCommand, run};
use nattsyn_hub::store::SqliteStore;
use nattsyn_hub::tuning::Floor;
use nattsyn_hub::tuning::command::{self, TuningCommand};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::dial::Dial;
use nattsyn_tests::mosquitto::Mosquitto;
use nattsyn_tests::ports;
use nattsyn_tests::served::{CONFIG, Hub, socket};

use super::own;

/// The test that is the hub's process.
const HUB: &str = "the_hub_of_two_managers";

/// The night that the hub watches.
pub(crate) const NIGHT: Date = date(2026, 11, 21);

/// Two unit managers, by id and name.
pub(crate) const DAG: (&str, &str) = ("chef-001", "Dag Påhittson");
pub(crate) const DISA: (&str, &str) = ("chef-002", "Disa Påhittdotter");

/// Homes of the pool, and nights of each kind in each: enough that the rule stands.
const POOL: (u32, u32) = (400, 300);

/// A hub in a folder of its own, its time and its broker.
pub(crate) struct House {
    folder: tempfile::TempDir,
    port: u16,
    pub(crate) broker: Mosquitto,
    pub(crate) unit: Identity,
    pins: [String; 2],
    _dial: Dial,
    _hub: Hub,
}

/// Ten in the evening.
fn begins() -> Timestamp {
    let noon = nights::noon(NIGHT, "Europe/Stockholm").unwrap();
    noon.after(Duration::from_secs(10 * 3600))
}

/// The eye's key.
pub(crate) fn eye() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

pub(crate) fn home() -> Home {
    Home {
        id: "h0000001".parse().unwrap(),
        address: "Exempelgatan 1".to_owned(),
        unit: "u0000001".parse().unwrap(),
        eye: PublicKey::of(&eye()),
        residents: vec![Resident {
            id: "r0000001".parse().unwrap(),
            name: "Astrid Exempel".to_owned(),
        }],
    }
}

impl House {
    /// Makes everything, and starts the hub.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = ports::free();
        let layout = Layout::under(&folder.path().join("data")).unwrap();
        let authority =
            Authority::create(&layout.tls(), &nattsyn_protocol::demonstration::root_key()).unwrap();
        let broker = Mosquitto::start(folder.path(), &authority, &layout.tls());
        let hub = authority.issue_hub(&layout.tls()).unwrap();
        let unit = authority
            .issue_unit(home().unit, &folder.path().join("unit"))
            .unwrap();
        let config = config(port, &broker, &hub);
        std::fs::write(folder.path().join(CONFIG), config).unwrap();
        enrol_all(&layout);
        let pins = [DAG, DISA].map(|who| pin_of(&layout, who));
        take_pool(&folder, &layout);
        let dial = Dial::start(socket(folder.path()), begins());
        let hub = Hub::start(HUB, folder.path(), port).await;
        Self {
            folder,
            port,
            broker,
            unit,
            pins,
            _dial: dial,
            _hub: hub,
        }
    }

    pub(crate) fn page(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn pin(&self, who: (&str, &str)) -> &str {
        &self.pins[usize::from(who == DISA)]
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        Layout::at(&self.folder.path().join("data")).ledger()
    }
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

fn enrol_all(layout: &Layout) {
    let key = HubKeys::draw(&layout.keys()).unwrap();
    let endorsement = endorse(&demonstration::root_key(), key, 1);
    HubKeys::keep(&layout.keys(), &demonstration::root(), &endorsement).unwrap();
    let keys = HubKeys::open(&layout.keys()).unwrap();
    let homes = Homes {
        plans: vec![Plan::bare(home().residents[0].id, home().unit)],
        homes: vec![home()],
        ..Homes::default()
    };
    let mut store = SqliteStore::open(&layout.ledger()).unwrap();
    enrol(&mut store, &homes.on_paper(begins()), &keys, begins()).unwrap();
    own::write(&layout.ledger(), begins());
}

/// Registers a unit manager; returns the PIN that was drawn for them.
fn pin_of(layout: &Layout, (id, name): (&str, &str)) -> String {
    let words = [
        "staff",
        "add",
        "--id",
        id,
        "--name",
        name,
        "--role",
        "unit_manager",
        "--by",
        "admin-1",
    ];
    let command = StaffCommand::augment_subcommands(clap::Command::new("staff"));
    let matches = command.try_get_matches_from(words).unwrap();
    let command = StaffCommand::from_arg_matches(&matches).unwrap();
    let mut register = Register::open(&layout.ledger()).unwrap();
    let said = run(&mut register, begins(), &command).unwrap();
    let (_, pin) = said.split_once("PIN: ").unwrap();
    pin[..6].to_owned()
}

/// Brings invented homes in as `nattsyn-hub tuning pool` does; this home is none of them.
fn take_pool(folder: &tempfile::TempDir, layout: &Layout) {
    let file = folder.path().join("pool.jsonl");
    let pool = (0..POOL.0).map(|number| counted(&format!("pool-{number}"), number));
    std::fs::write(&file, pool.collect::<String>()).unwrap();
    let command = TuningCommand::Pool {
        file,
        by: DAG.0.parse().unwrap(),
        one_in: 100,
        anew: None,
    };
    let said = command::run(&layout.ledger(), Floor::default(), begins(), &command).unwrap();
    assert!(said.contains("”synlig”: regeln står"), "{said}");
}

/// One home's counts: empty beds mostly at 36, higher in some homes than in others; somebody at 60.
fn counted(home: &str, number: u32) -> String {
    let high = [
        (42, 8 * u32::from(number.is_multiple_of(3))),
        (46, 6 * u32::from(number.is_multiple_of(9))),
    ];
    let high: Vec<(u32, u32)> = high.into_iter().filter(|(_, nights)| *nights > 0).collect();
    let usual = POOL.1 - high.iter().map(|(_, nights)| nights).sum::<u32>();
    let kind = |state: &str, bin: u32, drawn: &[(u32, u32)]| {
        serde_json::json!({
            "staged": [{
                "state": state, "checks": 8, "worst": bin, "sum": 8 * bin, "commissioned": 8,
            }],
            "later": null,
            "trial": [[bin, 28]],
            "drawn": drawn,
            "worth_thousandths": 1000 * POOL.1,
        })
    };
    let nobody = [&[(36, usual)], &high[..]].concat();
    let counts = serde_json::json!({
        "version": 1, "home": home, "nobody": kind("empty_made", 36, &nobody),
        "somebody": kind("covered", 60, &[(60, POOL.1)]),
    });
    format!("{counts}\n")
}
