//! The hub of a killed night, as a process of its own: broker, service and ledger in one.
//!
//! It starts what `nattsyn-hub serve` starts, on a demonstration's clock, which that program
//! does not follow. It is this test's own program, started anew with the name of a test that is
//! ignored otherwise, and says on standard output when it is ready and which unit was heard when.
//! The page is not served.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use nattsyn_clock::Clock;
use nattsyn_detector::supervise::end_with;
use nattsyn_hub::broker::{self, BrokerConfig};
use nattsyn_hub::certificates::Authority;
use nattsyn_hub::demo::homes::ZONE;
use nattsyn_hub::ingest::Endpoint;
use nattsyn_hub::keys::HubKeys;
use nattsyn_hub::service::{self, Setup};
use nattsyn_hub::store::SqliteStore;
use nattsyn_hub::view::{Reality, Tonight};

/// Names the folder of a hub's process; absent in every other process.
pub(crate) const FOLDER_VARIABLE: &str = "NATTSYN_KILLED_HUB";

/// Names its port.
pub(crate) const PORT_VARIABLE: &str = "NATTSYN_KILLED_PORT";

/// Names the process that started it, with which it ends.
pub(crate) const PARENT_VARIABLE: &str = "NATTSYN_KILLED_PARENT";

/// What its lines begin with, among those of the test harness.
pub(crate) const MARK: &str = "hub: ";

/// The line that says that everything which went by is accounted for.
pub(crate) const READY: &str = "ready";

/// Connections to the broker: three units and the hub, each once more while an old one ends.
const CONNECTIONS_MAX: usize = 8;

/// Where a night's hub keeps its files.
pub(crate) struct Rooms(pub(crate) PathBuf);

impl Rooms {
    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("hub/keys")
    }

    pub(crate) fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.0.join("hub/ledger.sqlite")
    }

    pub(crate) fn clock(&self) -> PathBuf {
        self.0.join("clock")
    }

    pub(crate) fn unit(&self, unit: &str) -> PathBuf {
        self.0.join("units").join(unit)
    }
}

/// Runs until it is killed, or the process that started it ends.
pub(crate) fn run(folder: &Path, port: u16) {
    let parent = std::env::var(PARENT_VARIABLE).unwrap().parse().unwrap();
    end_with(parent).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(serve(&Rooms(folder.to_owned()), port));
}

async fn serve(rooms: &Rooms, port: u16) {
    let authority = Authority::open(&rooms.tls()).unwrap();
    let clock = Clock::demonstration(&rooms.clock(), "hub").unwrap();
    let store = SqliteStore::open(&rooms.ledger()).unwrap();
    let config = BrokerConfig {
        listen: ([127, 0, 0, 1], port).into(),
        identity: authority.issue_server(&[], &rooms.tls()).unwrap(),
        connections_max: CONNECTIONS_MAX,
        watched: nattsyn_hub::broker::Watch::nobody(),
    };
    let _broker = broker::start(&config).await.unwrap();
    let setup = Setup {
        zone: ZONE.to_owned(),
        reality: Reality::Demonstration,
        broker: Endpoint {
            host: "127.0.0.1".to_owned(),
            port,
            identity: authority.issue_hub(&rooms.tls()).unwrap(),
        },
        keys: HubKeys::open(&rooms.keys()).unwrap(),
    };
    let mut service = service::start(setup, clock, Box::new(store)).unwrap();
    say(READY);
    let mut tonight = service.tonight.clone();
    loop {
        say_heard(&tonight.borrow_and_update());
        tokio::select! {
            changed = tonight.changed() => changed.unwrap(),
            ended = service.ended() => panic!("the service ended by itself: {ended:?}"),
        }
    }
}

fn say_heard(tonight: &Tonight) {
    for home in &tonight.homes {
        if let Some(heard) = home.heard {
            say(&format!("heard {} {}", home.unit, heard.as_ms()));
        }
    }
}

/// The test that reads this may be gone, and then so is this process in a moment.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{MARK}{line}")
        .and_then(|()| out.flush())
        .ok();
}
