//! A hub that lets units in, and the cards of units that come to it.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use clap::{FromArgMatches as _, Subcommand as _};

use nattsyn_clock::Clock;
use nattsyn_hub::audit::{Act, Log, Question, Who};
use nattsyn_hub::config::Config;
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::HubKeys;
use nattsyn_hub::serve::{self, Layout};
use nattsyn_hub::staff::Register;
use nattsyn_hub::staff::command::{StaffCommand, run};
use nattsyn_hub::store::{SqliteStore, Store as _, Units};
use nattsyn_hub::units::desk::{self, Desk};
use nattsyn_hub::units::{Inventory, Stage};
use nattsyn_protocol::enrolment::Code;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::dial::Dial;
use nattsyn_tests::ports;
use nattsyn_tests::programs::{Running, program};
use nattsyn_tests::served::{CONFIG, Hub, socket};

/// The test that is the hub's process.
const HUB: &str = "the_hub_that_lets_units_in";

/// Longest that anything here may take on two loaded cores.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Town {
    folder: tempfile::TempDir,
    pub(crate) page: u16,
    pub(crate) dial: Dial,
    pub(crate) desk: Desk,
    who: Who,
    _hub: Hub,
}

impl Town {
    /// A hub that runs since then.
    pub(crate) async fn since(begins: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [page, broker, door] = [ports::free(), ports::free(), ports::free()];
        let config = format!(
            "listen = \"127.0.0.1:{page}\"\n[enrolment]\nhost = \"localhost\"\n\
             listen = \"127.0.0.1:{door}\"\n[broker.embedded]\nlisten = \"127.0.0.1:{broker}\"\n"
        );
        let path = folder.path().join(CONFIG);
        std::fs::write(&path, config).unwrap();
        let config = Config::read(&path).unwrap();
        let seed = folder.path().join("root.seed");
        let root = nattsyn_protocol::demonstration::root_key().to_bytes();
        let digits: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(&seed, digits).unwrap();
        serve::prepare(&config, &seed).unwrap();
        let dial = Dial::start(socket(folder.path()), begins);
        let hub = Hub::start(HUB, folder.path(), page).await;
        let layout = Layout::at(&folder.path().join("data"));
        Self {
            desk: serve::desk(&config, &layout).unwrap(),
            folder,
            page,
            dial,
            who: Who::Staff("tekniker".parse().unwrap()),
            _hub: hub,
        }
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::at(&self.folder.path().join("data"))
    }

    pub(crate) fn by(&self) -> (&Who, Timestamp) {
        (&self.who, self.dial.now())
    }

    pub(crate) fn stock(&self) -> UnitId {
        self.desk.add(&Inventory::default(), self.by()).unwrap()
    }

    pub(crate) fn code(&self, unit: UnitId) -> Code {
        self.desk.code(unit, self.by()).unwrap()
    }

    /// A unit's card, empty.
    pub(crate) fn card(&self, name: &str) -> Card {
        Card(self.folder.path().join(name))
    }

    pub(crate) fn stage(&self, unit: UnitId) -> Stage {
        self.desk.sheet(unit).unwrap().0.stage
    }

    /// Waits until it is written down that this was refused.
    pub(crate) fn await_refusal(&self, what: &str) {
        let log = Log::open(&self.layout().ledger()).unwrap();
        let question = Question::default();
        let refused = || {
            let rows = log.rows(&question).unwrap();
            let refused = rows
                .into_iter()
                .filter(|row| row.act == Act::UnitRefused.word());
            refused.map(|row| row.detail).collect::<Vec<_>>()
        };
        let is_there = || refused().iter().any(|detail| detail.contains(what));
        assert!(until(is_there), "{what:?} is not among {:?}", refused());
    }
}

/// Where a unit keeps things.
pub(crate) struct Card(pub(crate) PathBuf);

impl Card {
    pub(crate) fn enrol(&self, words: &[&str]) -> Output {
        let path = |name: &str| self.0.join(name);
        Command::new(program("nattsyn-enrol"))
            .args(words)
            .arg("--settings")
            .arg(path("etc"))
            .arg("--eye")
            .arg(path("eye"))
            .arg("--voice")
            .arg(path("voice"))
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap()
    }

    /// Enrols by a code; what the program said.
    pub(crate) fn by_code(&self, code: &Code) -> Result<String, String> {
        let done = self.enrol(&["code", &code.to_string()]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match done.status.success() {
            true => Ok(text(&done.stdout)),
            false => Err(text(&done.stderr)),
        }
    }

    /// The settings of an eye that sees a stage: what somebody has set before stays.
    pub(crate) fn staged(&self) {
        std::fs::create_dir_all(self.0.join("etc")).unwrap();
        let root = nattsyn_protocol::demonstration::root();
        let settings = format!(
            "unit = \"u0000000\"\nroot = \"{root}\"\n\
             # This home's picture is a stage.\n[source]\nkind = \"staged\"\nfile = \"stage.json\"\n\
             [light]\nkind = \"simulated\"\n"
        );
        std::fs::write(self.0.join("etc/eye.toml"), settings).unwrap();
        let stage = "{\"scenes\":[{\"from_ms\":0,\"show\":{\"picture\":{\"path\":\"none.jpg\"}}}]}";
        std::fs::write(self.0.join("etc/stage.json"), stage).unwrap();
    }

    /// Eye and voice, as in a demonstration.
    pub(crate) fn unit(&self) -> Running {
        let mut command = Command::new(program("nattsyn-supervise"));
        command.arg("--eye").arg(self.0.join("etc/eye.toml"));
        command.arg("--voice").arg(self.0.join("etc/voice.toml"));
        Running(command.spawn().unwrap())
    }

    /// The voice alone, with a pair whose other end nobody has.
    pub(crate) fn voice(&self) -> Running {
        let [own, other] = pair();
        let mut command = Command::new(program("nattsyn-voice"));
        command
            .arg("--config")
            .arg(self.0.join("etc/voice.toml"))
            .stdin(own);
        let child = command.spawn().unwrap();
        // Kept open: a voice whose eye and supervisor are gone ends.
        std::mem::forget(other);
        Running(child)
    }

    pub(crate) fn certificate(&self) -> String {
        std::fs::read_to_string(self.0.join("voice/unit.pem")).unwrap()
    }
}

fn pair() -> [std::os::fd::OwnedFd; 2] {
    let flags = rustix::net::SocketFlags::CLOEXEC;
    let (one, other) = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        flags,
        None,
    )
    .unwrap();
    [one, other]
}

pub(crate) fn until(mut is_so: impl FnMut() -> bool) -> bool {
    let clock = Clock::machine();
    let begun = clock.real_now();
    while clock.real_now().saturating_sub(begun) < SOON {
        if is_so() {
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    false
}

pub(crate) fn now() -> Timestamp {
    Clock::machine().now().timestamp
}

impl Town {
    /// A home with this unit, by a file as the municipality enrols it.
    pub(crate) fn enrol_home(&self, unit: &str, eye: &str) {
        let layout = self.layout();
        let text = format!(
            "[[home]]\nid = \"h0000001\"\naddress = \"Exempelgatan 1\"\nunit = \"{unit}\"\n{eye}\
             [[home.resident]]\nid = \"r0000001\"\nname = \"Astrid Exempel\"\n\
             [home.resident.plan]\nzone = \"Europe/Stockholm\"\n\
             windows = [{{ key = 1, from = \"23:00\", to = \"23:45\" }}]\n"
        );
        let mut units = Units::open(&layout.ledger()).unwrap();
        let known = units.known().unwrap();
        let homes = Homes::parse(&text, std::path::Path::new("homes.toml"), &known).unwrap();
        let keys = HubKeys::open(&layout.keys()).unwrap();
        let mut store = SqliteStore::open(&layout.ledger()).unwrap();
        desk::examine_homes(&units, &homes.homes).unwrap();
        enrol(&mut store, &homes, &keys, self.dial.now()).unwrap();
        desk::follow(&mut units, &store.roster().unwrap(), self.by()).unwrap();
    }

    /// Registers a technician; returns the PIN that was drawn.
    pub(crate) fn hires(&self, id: &str) -> String {
        let command = StaffCommand::augment_subcommands(clap::Command::new("staff"));
        let words = [
            "staff", "add", "--id", id, "--name", "Tea", "--by", "dag", "--role",
        ];
        let words = words.into_iter().chain(["technician"]);
        let matches = command.try_get_matches_from(words).unwrap();
        let command = StaffCommand::from_arg_matches(&matches).unwrap();
        let mut register = Register::open(&self.layout().ledger()).unwrap();
        let said = run(&mut register, self.dial.now(), &command).unwrap();
        let (_, pin) = said.split_once("PIN: ").unwrap();
        pin[..6].to_owned()
    }
}
