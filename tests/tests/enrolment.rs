//! A unit is let in by a code, by keys of its own, and cut off when it is taken down: the real hub
//! with its broker and its door, the real `nattsyn-enrol` and the real voice. And whoever comes with
//! a code that was used, guessed or too old, with another hub in between, with a copied card or
//! under another's name is refused, and it is written down.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_hub::audit::{Act, Log, Question, Who};
use nattsyn_hub::config::Config;
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::HubKeys;
use nattsyn_hub::serve::{self, Layout};
use nattsyn_hub::store::{SqliteStore, Store as _, Units};
use nattsyn_hub::units::desk::{self, Desk};
use nattsyn_hub::units::keeper::OLDER_HOLDS;
use nattsyn_hub::units::letting_in::CODE_HOLDS;
use nattsyn_hub::units::{Deed, Inventory, Stage};
use nattsyn_protocol::enrolment::{Code, Token};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::dial::Dial;
use nattsyn_tests::ports;
use nattsyn_tests::programs::{Running, program};
use nattsyn_tests::served::{CONFIG, Hub, serve_until_killed, socket};

/// The test that is the hub's process.
const HUB: &str = "the_hub_that_lets_units_in";

/// Longest that anything here may take on two loaded cores.
const SOON: Duration = Duration::from_secs(30);

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Not a test: the process that the others start.
#[test]
#[ignore = "the hub's own process, started by the tests here"]
fn the_hub_that_lets_units_in() {
    serve_until_killed();
}

struct Town {
    folder: tempfile::TempDir,
    dial: Dial,
    desk: Desk,
    who: Who,
    _hub: Hub,
}

impl Town {
    /// A hub that runs since then.
    async fn since(begins: Timestamp) -> Self {
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
            dial,
            who: Who::Staff("tekniker".parse().unwrap()),
            _hub: hub,
        }
    }

    fn layout(&self) -> Layout {
        Layout::at(&self.folder.path().join("data"))
    }

    fn by(&self) -> (&Who, Timestamp) {
        (&self.who, self.dial.now())
    }

    fn stock(&self) -> UnitId {
        self.desk.add(&Inventory::default(), self.by()).unwrap()
    }

    fn code(&self, unit: UnitId) -> Code {
        self.desk.code(unit, self.by()).unwrap()
    }

    /// A unit's card, empty.
    fn card(&self, name: &str) -> Card {
        Card(self.folder.path().join(name))
    }

    fn stage(&self, unit: UnitId) -> Stage {
        self.desk.sheet(unit).unwrap().0.stage
    }

    /// Waits until it is written down that this was refused.
    fn await_refusal(&self, what: &str) {
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
struct Card(PathBuf);

impl Card {
    fn enrol(&self, words: &[&str]) -> Output {
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
    fn by_code(&self, code: &Code) -> Result<String, String> {
        let done = self.enrol(&["code", &code.to_string()]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match done.status.success() {
            true => Ok(text(&done.stdout)),
            false => Err(text(&done.stderr)),
        }
    }

    /// The settings of an eye that sees a stage: what somebody has set before stays.
    fn staged(&self) {
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
    fn unit(&self) -> Running {
        let mut command = Command::new(program("nattsyn-supervise"));
        command.arg("--eye").arg(self.0.join("etc/eye.toml"));
        command.arg("--voice").arg(self.0.join("etc/voice.toml"));
        Running(command.spawn().unwrap())
    }

    /// The voice alone, with a pair whose other end nobody has.
    fn voice(&self) -> Running {
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

    fn certificate(&self) -> String {
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

fn until(mut is_so: impl FnMut() -> bool) -> bool {
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

fn now() -> Timestamp {
    Clock::machine().now().timestamp
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_let_in_hangs_in_a_home_gets_its_plan_and_is_cut_off_when_it_is_removed() {
    let town = Town::since(now()).await;
    let unit = town.stock();
    let code = town.code(unit);
    let card = town.card("unit");
    card.staged();
    let said = card.by_code(&code).unwrap();
    assert!(said.contains(&unit.to_string()), "{said}");
    let eye = std::fs::read_to_string(card.0.join("etc/eye.toml")).unwrap();
    assert!(
        eye.contains("This home's picture") && eye.contains("stage.json"),
        "{eye}"
    );
    assert!(eye.contains(&unit.to_string()), "{eye}");
    let again = card.by_code(&code).unwrap_err();
    assert!(again.contains("this unit is enrolled"), "{again}");

    // Whoever has the unit before them types what it shows.
    let shown = String::from_utf8(card.enrol(&["show"]).stdout).unwrap();
    let print = shown.trim().rsplit(' ').next().unwrap();
    town.desk.confirm(unit, print, town.by()).unwrap();

    let homes = homes(unit);
    let layout = town.layout();
    let known = Units::open(&layout.ledger()).unwrap().known().unwrap();
    let homes = Homes::parse(&homes, Path::new("homes.toml"), &known).unwrap();
    let keys = HubKeys::open(&layout.keys()).unwrap();
    let mut store = SqliteStore::open(&layout.ledger()).unwrap();
    enrol(&mut store, &homes, &keys, town.dial.now()).unwrap();
    let mut units = Units::open(&layout.ledger()).unwrap();
    desk::follow(&mut units, &store.roster().unwrap(), town.by()).unwrap();
    assert_eq!(town.stage(unit), Stage::Installed);

    let running = card.unit();
    let state = card.0.join("voice/state");
    let has_plan = || {
        let files = std::fs::read_dir(&state).into_iter().flatten().flatten();
        let mut texts = files.filter_map(|file| std::fs::read(file.path()).ok());
        texts.any(|text| {
            text.windows(9)
                .any(|part| part == b"r0000001\\" || part == b"r0000001\"")
        })
    };
    assert!(until(has_plan), "no plan came");

    town.desk.say((unit, Deed::Removed), "", town.by()).unwrap();
    town.await_refusal(&format!("{unit}: removed"));
    drop(running);
    let refused = card.enrol(&["wipe"]);
    assert!(!refused.status.success(), "wiped without a word");
    assert!(card.enrol(&["wipe", "--yes"]).status.success());
    let left = std::fs::read_dir(card.0.join("eye")).unwrap().count()
        + std::fs::read_dir(card.0.join("voice")).unwrap().count()
        + std::fs::read_dir(card.0.join("etc")).unwrap().count();
    assert_eq!(left, 0);
    town.desk.say((unit, Deed::Wiped), "", town.by()).unwrap();
    // Wiped, it can be let in anew, under another id.
    let next = town.stock();
    card.by_code(&town.code(next)).unwrap();
    assert_eq!(town.stage(next), Stage::Enrolled);
}

fn homes(unit: UnitId) -> String {
    format!(
        "[[home]]\nid = \"h0000001\"\naddress = \"Exempelgatan 1\"\nunit = \"{unit}\"\n\
         [[home.resident]]\nid = \"r0000001\"\nname = \"Astrid Exempel\"\n\
         [home.resident.plan]\nzone = \"Europe/Stockholm\"\n\
         windows = [{{ key = 1, from = \"23:00\", to = \"23:45\" }}]\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_come_in_is_refused_and_it_is_written_down() {
    let town = Town::since(now()).await;
    let code = town.code(town.stock());
    let card = town.card("first");
    card.by_code(&code).unwrap();

    let stolen = town.card("thief").by_code(&code).unwrap_err();
    assert!(stolen.contains("this code has been used"), "{stolen}");
    town.await_refusal("this code has been used");

    let second = town.stock();
    let code = town.code(second);
    let guessed = Code {
        token: Token::from_random([0; 16]),
        ..code.clone()
    };
    let refused = town.card("guesser").by_code(&guessed).unwrap_err();
    assert!(refused.contains("not known here"), "{refused}");
    town.await_refusal("not known here");

    // Somebody stands between, with a certificate of another root: the unit says nothing to them.
    let other = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let elsewhere = Code {
        root: PublicKey::of(&other),
        ..code.clone()
    };
    let refused = town.card("victim").by_code(&elsewhere).unwrap_err();
    assert!(
        refused.contains("is not the hub that the code names"),
        "{refused}"
    );
    assert_eq!(town.stage(second), Stage::Stock);

    town.dial
        .turn_to(town.dial.now().after(CODE_HOLDS + DAY / 1000));
    let refused = town.card("late").by_code(&code).unwrap_err();
    assert!(refused.contains("too old"), "{refused}");
    town.await_refusal("too old");
    assert_eq!(town.stage(second), Stage::Stock);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_and_a_copy_of_the_older_is_worth_nothing_a_day_later() {
    // Certificates are judged by the machine's own clock: it is the past that is played.
    let town = Town::since(now().before(12 * DAY)).await;
    let unit = town.stock();
    let card = town.card("unit");
    card.by_code(&town.code(unit)).unwrap();
    let first = card.certificate();
    let copy = town.card("copy");
    let copied = Command::new("cp")
        .arg("-r")
        .args([&card.0, &copy.0])
        .status();
    assert!(copied.unwrap().success());
    let settings = copy.0.join("etc/voice.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let (from, to) = (card.0.display().to_string(), copy.0.display().to_string());
    std::fs::write(&settings, text.replace(&from, &to)).unwrap();

    town.dial.turn_to(now());
    let said = card.enrol(&["renew"]);
    assert!(said.status.success(), "{said:?}");
    let second = card.certificate();
    assert_ne!(second, first);
    let again = card.enrol(&["renew"]);
    assert!(
        again.status.success() && card.certificate() == second,
        "not due yet"
    );

    let voice = card.voice();
    let mut units = Units::open(&town.layout().ledger()).unwrap();
    let later = || town.dial.now().after(OLDER_HOLDS);
    // The new one is in use; the older holds for a day more.
    let is_used = || units.supersede(later(), town.dial.now()).unwrap() > 0;
    assert!(until(is_used), "the voice does not use the new one");
    drop(voice);
    town.await_copy_refused(&copy, unit);
}

impl Town {
    /// The hub has heard that the older certificate holds no more, at both its doors.
    fn await_copy_refused(&self, copy: &Card, unit: UnitId) {
        let said = copy.enrol(&["renew"]);
        let why = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(why.contains("holds no more"), "{why}");
        self.await_refusal("holds no more");
        let _voice = copy.voice();
        self.await_refusal(&format!("{unit}: superseded"));
    }
}
