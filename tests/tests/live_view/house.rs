//! One home, its hub in a folder, and Anna, who works there, is trained and has a key in the
//! roster. People and addresses are invented.

use std::path::{Path, PathBuf};

use clap::{FromArgMatches as _, Subcommand as _};
use ed25519_dalek::SigningKey;
use jiff::civil::{Date, date};

use nattsyn_hub::audit::{Log, Question};
use nattsyn_hub::certificates::Authority;
use nattsyn_hub::config::Config;
use nattsyn_hub::consent::counter::{Counter, Run};
use nattsyn_hub::consent::draft::Draft;
use nattsyn_hub::consent::functions::Said;
use nattsyn_hub::consent::{Rules, Taker};
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::nights;
use nattsyn_hub::serve::{self, Layout};
use nattsyn_hub::staff::command::{StaffCommand, run};
use nattsyn_hub::staff::webauthn::{Party, Purpose, Registration};
use nattsyn_hub::staff::{Register, Rights};
use nattsyn_hub::store::{SqliteStore, ViewRecord, Views};
use nattsyn_protocol::assertion::{Base64, sha256};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::{BootId, CheckId, UnitId};
use nattsyn_protocol::policy::Build;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::dial::Dial;
use super::hub::Hub;
use super::proxy::{Line, Proxy};
use super::viewer::Key;

const ZONE: &str = "Europe/Stockholm";
/// A Saturday.
const NIGHT: Date = date(2026, 11, 21);
/// Who works there, by id and name.
const ANNA: (&str, &str) = ("natt-001", "Anna Påhittson");
/// The hub's configuration, in its folder.
pub(crate) const CONFIG: &str = "hub.toml";

/// The socket of the hub's clock.
pub(crate) fn socket(folder: &Path) -> PathBuf {
    folder.join("clock")
}

/// Hours and minutes after the noon at which the night begins.
pub(crate) fn at(hours: u64, minutes: u64) -> Timestamp {
    let noon = nights::noon(NIGHT, ZONE).unwrap();
    noon.after(std::time::Duration::from_secs((hours * 60 + minutes) * 60))
}

/// Whose look is unclear.
pub(crate) fn check() -> CheckId {
    "r0000001.20261121.1".parse().unwrap()
}

/// The only unit.
pub(crate) fn unit() -> UnitId {
    "u0000001".parse().unwrap()
}

/// Its eye's key.
pub(crate) fn eye_key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

/// A hub in a folder of its own, its time, and what passes between it and the browser.
pub(crate) struct House {
    folder: tempfile::TempDir,
    port: u16,
    /// Where units connect.
    pub(crate) broker: u16,
    /// Between browser and hub.
    pub(crate) wire: Proxy,
    pin: String,
    /// What Anna signs with.
    pub(crate) key: Key,
    pub(crate) dial: Dial,
    hub: Option<Hub>,
}

fn free_port() -> u16 {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    free.local_addr().unwrap().port()
}

impl House {
    /// Everything that a hub needs, at 22:30. It does not run yet.
    pub(crate) fn build() -> Self {
        Self::build_behind(Line::PLAIN)
    }

    /// The same, with a line of this kind between browser and hub.
    pub(crate) fn build_behind(line: Line) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, broker) = (free_port(), free_port());
        let wire = Proxy::open(port, line);
        std::fs::write(folder.path().join(CONFIG), config(port, broker)).unwrap();
        let layout = Layout::under(&folder.path().join("data")).unwrap();
        enrol_all(&layout);
        let begins = at(10, 30);
        let pin = pin_of(&layout, begins);
        let party = Party {
            host: "localhost".to_owned(),
            origin: format!("http://localhost:{}", wire.port),
        };
        let key = give_key(&layout, &party, begins);
        let read = Config::read(&folder.path().join(CONFIG)).unwrap();
        serve::admit(&read, &[unit()]).unwrap();
        Self {
            dial: Dial::start(socket(folder.path()), begins),
            folder,
            port,
            broker,
            wire,
            pin,
            key,
            hub: None,
        }
    }

    /// Starts the hub, and waits until it answers.
    pub(crate) async fn start(&mut self) {
        self.hub = Some(Hub::start(self.folder.path(), self.port).await);
    }

    /// The hub's process.
    pub(crate) fn hub_id(&self) -> u32 {
        self.hub.as_ref().unwrap().id()
    }

    pub(crate) fn page(&self) -> String {
        format!("http://localhost:{}", self.wire.port)
    }

    pub(crate) fn sign_in(&self) -> (&'static str, &str) {
        (ANNA.0, &self.pin)
    }

    fn layout(&self) -> Layout {
        Layout::at(&self.folder.path().join("data"))
    }

    /// A unit's certificate and the rest that its voice is given.
    pub(crate) fn unit_folder(&self) -> PathBuf {
        self.layout().unit(unit())
    }

    /// The one view that there was.
    pub(crate) fn view(&self) -> ViewRecord {
        let views = Views::open(&self.layout().ledger()).unwrap();
        let mut all = views.of_resident(check().resident).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    /// That the audit log has these of a live view, in this order and no others, and is whole.
    pub(crate) fn wrote(&self, expected: &[&str]) {
        let log = Log::open(&self.layout().ledger()).unwrap();
        log.verify(&[]).unwrap();
        let about = Question {
            about: Some(check().resident),
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

fn config(port: u16, broker: u16) -> String {
    format!("listen = \"127.0.0.1:{port}\"\n\n[broker.embedded]\nlisten = \"127.0.0.1:{broker}\"\n")
}

/// Keys, certificates, the home and its plan: written down at eight in the evening.
fn enrol_all(layout: &Layout) {
    let key = HubKeys::draw(&layout.keys()).unwrap();
    let endorsement = endorse(&demonstration::root_key(), key, 1);
    HubKeys::keep(&layout.keys(), &demonstration::root(), &endorsement).unwrap();
    Authority::create(&layout.tls()).unwrap();
    let keys = HubKeys::open(&layout.keys()).unwrap();
    let eye = PublicKey::of(&eye_key());
    let homes = format!(
        "[[home]]\nid = \"h0000001\"\naddress = \"Exempelgatan 1\"\nunit = \"{}\"\n\
         eye = \"{eye}\"\n\n[[home.resident]]\nid = \"r0000001\"\nname = \"Astrid Exempel\"\n\n\
         [home.resident.plan]\nzone = \"{ZONE}\"\noffset_s = 0\n\
         windows = [{{ key = 1, from = \"23:00\", to = \"23:45\" }}]\n",
        unit()
    );
    let homes = Homes::parse(&homes, Path::new("homes.toml")).unwrap();
    let mut store = SqliteStore::open(&layout.ledger()).unwrap();
    enrol(&mut store, &homes, &keys, at(8, 0)).unwrap();
    agree(&mut store, &keys);
}

/// Whoever lives there agrees to be looked at when a look is unclear, and the unit is able to.
fn agree(store: &mut SqliteStore, keys: &HubKeys) {
    let able = Said {
        build: Build::LiveView,
        held: None,
        highest: 0,
        boot: BootId(1),
        at: at(8, 0),
    };
    let review = NIGHT.checked_add(jiff::Span::new().days(180)).unwrap();
    let draft = Draft {
        kinds: ["care", "design", "processing"].map(str::to_owned).to_vec(),
        form: "oral".to_owned(),
        scope: "live_view_on_unclear".to_owned(),
        given_by: "den enskilde".to_owned(),
        household: "alone".to_owned(),
        capacity: "own".to_owned(),
        alternatives: "larmmatta".to_owned(),
        informed: "berättade".to_owned(),
        on: NIGHT.to_string(),
        review: review.to_string(),
        ..Draft::default()
    };
    let mut counter = Counter {
        store,
        keys,
        zone: ZONE,
        rules: Rules::default(),
        said: [(unit(), able)].into(),
        now: at(8, 0),
    };
    let taker = Taker::enrolment();
    let agreed = counter.record(check().resident, &draft, &taker, Run::Real);
    agreed.unwrap();
}

/// Registers Anna and that she is trained; returns the PIN that was drawn for her.
fn pin_of(layout: &Layout, now: Timestamp) -> String {
    let (id, name) = ANNA;
    let said = staff(
        layout,
        now,
        &["add", "--id", id, "--name", name, "--by", "dag-003"],
    );
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
