//! The hub of a small night team: its folder, whom it looks after, and who works there.
//!
//! Nobody's unit is there, so every resident is a row: what the team does about it is what is
//! tried here. People and addresses are invented.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::{FromArgMatches as _, Subcommand as _};
use ed25519_dalek::SigningKey;
use jiff::civil::{Date, date};

use nattsyn_hub::agreement::edit::{Desk, Run};
use nattsyn_hub::agreement::file::{Format, read};
use nattsyn_hub::certificates::Authority;
use nattsyn_hub::config::Config;
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::nights;
use nattsyn_hub::notify::chain::{Kind, Line};
use nattsyn_hub::serve::Layout;
use nattsyn_hub::settings::command::{Counter, SettingsCommand};
use nattsyn_hub::staff::Register;
use nattsyn_hub::staff::command::{StaffCommand, run};
use nattsyn_hub::store::{SettingsVersions, SqliteStore, Tellings};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::dial::Dial;
use nattsyn_tests::ports;
use nattsyn_tests::served::{CONFIG, Hub, socket};

use super::gateway::{Gateway, MESSAGE_WITHIN};

pub(crate) const ZONE: &str = "Europe/Stockholm";

/// The test that is the hub's process.
const HUB: &str = "the_hub_of_two_workers";

/// A Saturday.
const NIGHT: Date = date(2026, 11, 21);

/// Who is looked after. Their windows open at 23:00 and close a minute after each other, in this
/// order, so that this is the order of their rows.
const RESIDENTS: [&str; 12] = [
    "Astrid Exempel",
    "Bertil Exempel",
    "Cecilia Exempel",
    "David Exempel",
    "Elsa Exempel",
    "Folke Exempel",
    "Greta Exempel",
    "Helge Exempel",
    "Ingrid Exempel",
    "Jöns Exempel",
    "Kerstin Exempel",
    "Åke Exempel",
];

/// Who works there, by id and name.
pub(crate) const ANNA: (&str, &str) = ("natt-001", "Anna Påhittson");
pub(crate) const BO: (&str, &str) = ("natt-002", "Bo Ödman");
/// Leads by day, and has whatever role has a page of its own.
pub(crate) const CARIN: (&str, &str) = ("chef-001", "Carin Dagström");

/// Carin's roles.
const OF_CARIN: [&str; 5] = [
    "night_staff",
    "unit_manager",
    "technician",
    "administrator",
    "data_protection",
];

/// Hours and minutes after the noon at which the night begins.
pub(crate) fn at(hours: u64, minutes: u64) -> Timestamp {
    let noon = nights::noon(NIGHT, ZONE).unwrap();
    noon.after(Duration::from_secs((hours * 60 + minutes) * 60))
}

/// A team's hub in a folder of its own, its time, and who hears its messages.
pub(crate) struct House {
    folder: tempfile::TempDir,
    port: u16,
    pins: Vec<(&'static str, String)>,
    pub(crate) dial: Dial,
    pub(crate) gateway: Gateway,
    hub: Option<Hub>,
}

impl House {
    /// Everything that a hub needs, at 22:30. It does not run yet.
    pub(crate) async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gateway = Gateway::open().await;
        let port = ports::free();
        let config = config(port, gateway.port);
        std::fs::write(folder.path().join(CONFIG), config).unwrap();
        let layout = Layout::under(&folder.path().join("data")).unwrap();
        enrol_all(&layout);
        let begins = at(10, 30);
        let pins = [
            (ANNA, &["night_staff"][..]),
            (BO, &["night_staff"]),
            (CARIN, &OF_CARIN),
        ];
        let pins = pins.map(|(who, roles)| (who.0, pin_of(&layout, (who, roles), begins)));
        // Hers ended long ago: the pages say so.
        let trained = ["--id", CARIN.0, "--day", "2020-01-01", "--by", CARIN.0];
        commanded(&layout, &[&["trained"], &trained[..]].concat(), begins);
        set_settings(folder.path(), &layout.ledger(), begins);
        Self {
            dial: Dial::start(socket(folder.path()), begins),
            folder,
            port,
            pins: pins.to_vec(),
            gateway,
            hub: None,
        }
    }

    /// One whose night has begun: units have been silent for so long that all are rows.
    pub(crate) async fn at_night() -> Self {
        let mut house = Self::build().await;
        house.start().await;
        house.dial.turn_to(at(11, 2));
        house.tells("natt-1", Kind::New).await;
        house
    }

    /// Waits until somebody has a message of a kind, and the hub knows it: before that, time that
    /// is turned on would be time in which nothing was heard of it.
    pub(crate) async fn tells(&self, to: &str, kind: Kind) {
        self.gateway.waits_for(to, kind).await;
        let ledger = Layout::at(&self.folder.path().join("data")).ledger();
        let tellings = Tellings::open(&ledger).unwrap();
        let heard = tokio::time::timeout(MESSAGE_WITHIN, async {
            while !is_delivered(&tellings.since(at(0, 0)).unwrap(), to, kind) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        heard.await.expect("the hub hears what became of a message");
    }

    pub(crate) fn page(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn pin(&self, who: &str) -> &str {
        let found = self.pins.iter().find(|(id, _)| *id == who);
        &found.unwrap().1
    }

    /// Starts the hub, and waits until it answers.
    pub(crate) async fn start(&mut self) {
        self.hub = Some(Hub::start(HUB, self.folder.path(), self.port).await);
    }

    /// Kills the hub as a power cut does.
    pub(crate) fn kill(&mut self) {
        drop(self.hub.take());
    }
}

fn is_delivered(lines: &[Line], to: &str, kind: Kind) -> bool {
    let mut keys = lines.iter().filter_map(|line| {
        if let Line::Told { order, .. } = line {
            (order.to.as_str() == to && order.kind == kind).then_some(order.key)
        } else {
            None
        }
    });
    keys.any(|told| {
        let mut lines = lines.iter();
        lines.any(|line| matches!(line, Line::Delivered { key, .. } if *key == told))
    })
}

fn config(port: u16, gateway: u16) -> String {
    format!(
        r#"listen = "127.0.0.1:{port}"

[broker.embedded]
listen = "127.0.0.1:0"

[notify]
link = "https://nattsyn.example/"

[[notify.channel]]
name = "hook"
kind = "webhook"
url = "http://127.0.0.1:{gateway}/"
body = '{{"to":"{{to}}","kind":"{{kind}}","text":"{{text}}"}}'
"#
    )
}

/// Who is told: the first of the night's staff, and then the night lead.
const SETTINGS: &str = r#"
[municipality]
team = "natt"

[[recipient]]
name = "natt-1"
address = { hook = "natt-1@nattsyn.example" }

[[recipient]]
name = "lead"
address = { hook = "lead@nattsyn.example" }

[[team]]
name = "natt"
steps = [{ to = "natt-1", by = ["hook"] }, { to = "lead", by = ["hook"] }]
"#;

/// Sets them, as somebody who works there.
fn set_settings(folder: &Path, ledger: &Path, now: Timestamp) {
    let config = Config::read(&folder.join(CONFIG)).unwrap();
    let file = folder.join("settings.toml");
    std::fs::write(&file, SETTINGS).unwrap();
    let mut counter = Counter {
        versions: SettingsVersions::open(ledger).unwrap(),
        register: &Register::open(ledger).unwrap(),
        enrolled: BTreeSet::new(),
        channels: &config.notify,
        zone: ZONE,
        now,
    };
    let command = SettingsCommand::Set {
        file,
        by: ANNA.0.parse().unwrap(),
        why: "Nattlaget är nytt".to_owned(),
        dry_run: false,
    };
    counter.run(&command).unwrap();
}

/// Keys, certificates, homes and plans: written down at eight in the evening.
fn enrol_all(layout: &Layout) {
    let key = HubKeys::draw(&layout.keys()).unwrap();
    let endorsement = endorse(&demonstration::root_key(), key, 1);
    HubKeys::keep(&layout.keys(), &demonstration::root(), &endorsement).unwrap();
    Authority::create(&layout.tls(), &nattsyn_protocol::demonstration::root_key()).unwrap();
    let keys = HubKeys::open(&layout.keys()).unwrap();
    let homes = Homes::parse(
        &homes(),
        Path::new("homes.toml"),
        &nattsyn_hub::enrolment::Known::new(),
    )
    .unwrap();
    let mut store = SqliteStore::open(&layout.ledger()).unwrap();
    enrol(&mut store, &homes.on_paper(at(8, 0)), &keys, at(8, 0)).unwrap();
    // With Åke it is agreed to telephone first; with the others, that somebody goes there.
    let number = RESIDENTS.len();
    let (opens, closes) = window(number);
    let agreed = format!(
        "row,resident,window,from,to,fallback,wishes\n\
         plan,r{number:07},,,,phone,Ring två signaler och vänta.\n\
         window,r{number:07},1,{opens},{closes},,\n"
    );
    let desk = Desk {
        keys: &keys,
        zone: ZONE,
        now: at(8, 1),
        by: "dag-003",
    };
    let read = read(&agreed, Format::Csv).unwrap();
    desk.import(&mut store, &read, Run::Real).unwrap();
}

fn homes() -> String {
    let mut text = String::new();
    for (number, name) in (1..).zip(RESIDENTS) {
        let eye = PublicKey::of(&SigningKey::from_bytes(&[number; 32]));
        let (opens, closes) = window(number.into());
        write!(
            text,
            "[[home]]\nid = \"h{number:07}\"\naddress = \"Exempelgatan {number}\"\n\
             unit = \"u{number:07}\"\neye = \"{eye}\"\n\n\
             [[home.resident]]\nid = \"r{number:07}\"\nname = \"{name}\"\n\n\
             [home.resident.plan]\nzone = \"{ZONE}\"\noffset_s = 60\n\
             windows = [{{ key = 1, from = \"{opens}\", to = \"{closes}\" }}]\n\n"
        )
        .unwrap();
    }
    text
}

/// When a resident's window opens and closes.
fn window(number: usize) -> (&'static str, String) {
    ("23:00", format!("23:{:02}", 40 + number))
}

/// Registers somebody; returns the PIN that was drawn for them.
fn pin_of(layout: &Layout, ((id, name), roles): ((&str, &str), &[&str]), now: Timestamp) -> String {
    let mut words = vec!["add", "--id", id, "--name", name, "--by", "dag-003"];
    words.extend(roles.iter().flat_map(|role| ["--role", role]));
    let said = commanded(layout, &words, now);
    let (_, pin) = said.split_once("PIN: ").unwrap();
    pin[..6].to_owned()
}

/// Gives a command about staff; returns what it says.
fn commanded(layout: &Layout, words: &[&str], now: Timestamp) -> String {
    let command = StaffCommand::augment_subcommands(clap::Command::new("staff"));
    let words = [&["staff"], words].concat();
    let matches = command.try_get_matches_from(words).unwrap();
    let command = StaffCommand::from_arg_matches(&matches).unwrap();
    let mut register = Register::open(&layout.ledger()).unwrap();
    run(&mut register, now, &command).unwrap()
}
