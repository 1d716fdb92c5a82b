//! What a document says, what is wrong with one, where each value comes from, what a change
//! touches; and the commands, over a real file.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::time::Timestamp;

use super::command::{CommandError, Counter, SettingsCommand};
use super::compare::{differences, touched};
use super::document::Remark;
use super::*;
use crate::audit::Act;
use crate::notify::settings::Others;
use crate::settings::compare::Place;
use crate::staff::{self, Register, command::StaffCommand};
use crate::store::{Deed, SettingsVersions, SqliteStore, Store as _, Tunings};
use crate::tuning::{Gone, Kind, MODELS_OWN, NewChange};

const PAGE: &str = include_str!("../../../docs/reference/settings.md");

/// The example of the documentation.
fn example() -> String {
    let (_, rest) = PAGE.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// The channels that the example names.
fn channels() -> notify::Settings {
    let gateway = "url = \"https://sms.example/\"\nbody = '{\"to\":\"{to}\",\"text\":\"{text}\"}'";
    let text = format!(
        "link = \"https://nattsyn.example/\"\n\
         [[channel]]\nname = \"sms\"\nkind = \"sms\"\n{gateway}\n\
         [[channel]]\nname = \"mail\"\nkind = \"mail\"\nhost = \"mail.example\"\n\
         security = \"tls\"\nfrom = \"nattsyn@nattsyn.example\"\n"
    );
    toml::from_str(&text).unwrap()
}

fn home(number: u8) -> HomeId {
    format!("h000000{number}").parse().unwrap()
}

fn enrolled() -> BTreeSet<HomeId> {
    (1..=4).map(home).collect()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn team(name: &str) -> Option<TeamName> {
    Some(name.parse().unwrap())
}

#[test]
fn the_documentations_example_works_and_says_where_each_value_comes_from() {
    let settings = Settings::read(&example()).unwrap();
    let (teams, _) = settings
        .told_by(&channels())
        .people(&Others::new())
        .unwrap();
    assert_eq!(teams.iter().count(), 2);
    let norra: AreaName = "Norra".parse().unwrap();
    let applied = settings.of_home(Some(home(1)));
    assert_eq!(applied.team.value, team("natt-norra"));
    assert_eq!(applied.team.from, Source::Area(norra));
    assert_eq!(applied.answer_within.value, minutes(5));
    assert_eq!(applied.answer_within.from, Source::Home);
    assert_eq!(applied.falls_back_after.from, Source::Municipality);
    let elsewhere = settings.of_home(Some(home(2)));
    assert_eq!(elsewhere.team.value, team("natt"));
    assert_eq!(elsewhere, settings.of_home(None));
}

#[test]
fn where_nothing_is_set_the_first_team_and_the_built_in_times_hold() {
    let nothing = Settings::default().of_home(Some(home(1)));
    assert_eq!(nothing.team.value, None);
    let example = example();
    let (_, people) = example.split_once("[[recipient]]").unwrap();
    let settings = Settings::read(&format!("[[recipient]]{people}")).unwrap();
    let applied = settings.of_home(None);
    let built_in = |from: &Source| assert_eq!(*from, Source::BuiltIn);
    assert_eq!(applied.team.value, team("natt"));
    built_in(&applied.team.from);
    assert_eq!(applied.answer_within.value, minutes(10));
    built_in(&applied.answer_within.from);
    assert_eq!(applied.falls_back_after.value, minutes(5));
    built_in(&applied.falls_back_after.from);
}

/// The example with one thing changed, and what is said of it.
#[test]
#[expect(clippy::too_many_lines, reason = "a table: one mistake a line")]
fn a_bad_document_names_the_table_the_key_and_the_reason() {
    let cases = [
        (
            "team = \"natt\"\nanswer",
            "team = \"dag\"\nanswer",
            "municipality: team: there is no team \"dag\"",
        ),
        (
            "team = \"natt-norra\"",
            "team = \"dag\"",
            "area \"Norra\": team: there is no team",
        ),
        (
            "area = \"Norra\"",
            "area = \"Södra\"",
            "home h0000001: area: there is no area \"Södra\"",
        ),
        (
            "name = \"Norra\"",
            "name = \" Norra\"",
            "name: an area's name is 1 to 60",
        ),
        (
            "answer_within_min = 10",
            "answer_within_min = 0",
            "municipality: answer_within_min: 0 minutes; 1 to 360",
        ),
        (
            "answer_within_min = 5",
            "answer_within_min = 361",
            "home h0000001: answer_within_min: 361 minutes",
        ),
        (
            "falls_back_after_min = 5",
            "falls_back_after_min = 61",
            "falls_back_after_min: 61 minutes; 1 to 60",
        ),
        (
            "[[home]]",
            "[[home]]\nid = \"h0000001\"\n[[home]]",
            "home h0000001: id: there are two",
        ),
        (
            "[[home]]",
            "[[area]]\nname = \"Norra\"\n[[home]]",
            "area \"Norra\": name: there are two",
        ),
        ("id = \"h0000001\"", "id = \"bostad\"", "line 11: id:"),
        (
            "falls_back_after_min",
            "fals_back_after_min",
            "unknown field `fals_back_after_min`",
        ),
        (
            "mail = \"lead@",
            "fax = \"lead@",
            "recipient \"lead\": address.fax: there is no notify.channel \"fax\"",
        ),
        (
            "sms = \"+46700000001\"",
            "sms = \"0700000001\"",
            "recipient \"natt-1\": address.sms: not a phone",
        ),
        (
            "by = [\"sms\", \"mail\"]",
            "by = [\"fax\"]",
            "team \"natt\": steps: step 3: there is no notify.channel \"fax\"",
        ),
        (
            "{ to = \"natt-1\"",
            "{ to = \"natt-9\"",
            "team \"natt\": steps: step 1: there is no recipient",
        ),
    ];
    for (from, to, said) in cases {
        let text = example();
        assert!(text.contains(from), "{from}");
        let read = Settings::read(&text.replacen(from, to, 1));
        let fitted = read.and_then(|settings| {
            settings
                .told_by(&channels())
                .people(&Others::new())
                .map(drop)
        });
        let error = fitted.err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("{to:?} is taken"));
        assert!(error.contains(said), "{to:?}: {error}");
    }
}

#[test]
fn no_address_is_repeated_or_printed_whatever_is_wrong() {
    for (from, to) in [
        (
            "address = { sms = \"+46700000001\" }",
            "address = \"+46700000001\"",
        ),
        ("name = \"natt-1\"", "name = \"+46700000001\""),
        ("address = { sms = \"+46700000001\" }", "+46700000001"),
        (
            "address = { sms = \"+46700000001\" }",
            "address = { sms = +46700000001 }",
        ),
        ("name = \"natt-1\"", "name = \"lead@nattsyn.example\""),
    ] {
        let error = Settings::read(&example().replacen(from, to, 1)).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("467") && !said.contains("lead@"), "{said}");
    }
    let printed = format!("{:?}", Settings::read(&example()).unwrap());
    assert!(
        !printed.contains("467") && !printed.contains("lead@"),
        "{printed}"
    );
}

#[test]
fn what_nothing_comes_of_is_pointed_out() {
    let settings = Settings::read(&example()).unwrap();
    assert_eq!(settings.remarks(&enrolled()), []);
    let norra: AreaName = "Norra".parse().unwrap();
    let text = example()
        .replace("area = \"Norra\"\n", "")
        .replace("team = \"natt-norra\"\n", "");
    let remarks = Settings::read(&text).unwrap().remarks(&[].into());
    let idle = "natt-norra".parse().unwrap();
    assert_eq!(
        remarks,
        [
            Remark::UnknownHome(home(1)),
            Remark::EmptyArea(norra),
            Remark::IdleTeam(idle)
        ]
    );
    let nobody = Settings::default().remarks(&enrolled());
    assert_eq!(nobody, [Remark::NobodyIsTold]);
}

#[test]
fn a_lead_who_can_be_told_of_rows_alone_is_pointed_out() {
    let mut channels: notify::Settings = {
        let receiver = "cid = \"1\"\n[[channel.receiver]]\naddress = \"arc.example:5061\"\n\
                        target = \"sip:a@arc.example\"\nfrom = \"sip:b@hub.example\"\n";
        let link = "link = \"https://nattsyn.example/\"\n";
        let channel = format!("[[channel]]\nname = \"larm\"\nkind = \"scaip\"\n{receiver}");
        toml::from_str(&format!("{link}{channel}")).unwrap()
    };
    channels.channels.extend(self::channels().channels);
    let team = |by: &str| {
        let lead = format!("{{ to = \"lead\", by = {by} }}");
        let text = format!(
            "[[recipient]]\nname = \"lead\"\n[[team]]\nname = \"natt\"\n\
             steps = [{{ to = \"lead\", by = [\"sms\"] }}, {lead}]\n"
        );
        Settings::read(&text).unwrap()
    };
    let natt = "natt".parse().unwrap();
    let alone = team("[\"larm\"]").leads_told_of_rows_alone(&channels);
    assert_eq!(alone, [Remark::LeadToldOfRowsAlone(natt)]);
    let both = team("[\"larm\", \"sms\"]");
    assert_eq!(both.leads_told_of_rows_alone(&channels), []);
}

/// What is said of a change of the example.
fn said_of(from: &str, to: &str) -> (Vec<String>, usize) {
    let before = Settings::read(&example()).unwrap();
    assert!(example().contains(from), "{from}");
    let after = Settings::read(&example().replacen(from, to, 1)).unwrap();
    let all = differences(&before, &after, &enrolled());
    let said = all.iter().map(|one| words::difference(one).sv).collect();
    (said, touched(&before, &after, &enrolled()))
}

#[test]
fn a_change_is_said_value_by_value_with_the_homes_that_it_touches() {
    let (said, homes) = said_of("answer_within_min = 10", "answer_within_min = 15");
    assert_eq!(
        said,
        ["kommunen, svarstid: 10 min → 15 min; berör 3 bostäder"]
    );
    assert_eq!(homes, 3);
    let (said, homes) = said_of("area = \"Norra\"\n", "");
    assert_eq!(said, ["bostaden h0000001, område: Norra → inget"]);
    assert_eq!(homes, 1);
    let (said, _) = said_of("falls_back_after_min = 5\n", "");
    assert_eq!(
        said,
        ["kommunen, faller tillbaka efter: 5 min → inte satt; berör 0 bostäder"]
    );
    let (said, homes) = said_of(
        "{ to = \"natt-2\", by = [\"sms\"] },\n  { to = \"lead\"",
        "{ to = \"lead\"",
    );
    assert_eq!(said, ["laget natt ändras; berör 3 bostäder"]);
    assert_eq!(homes, 3);
    let (said, homes) = said_of("+46700000001", "+46700000009");
    assert_eq!(said, ["mottagaren natt-1 ändras: adress för sms"]);
    assert_eq!(homes, 0);
}

/// A folder with a ledger, and one person who works there.
struct Office {
    folder: tempfile::TempDir,
    register: Register,
    channels: notify::Settings,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut register = Register::open(&folder.path().join("ledger.sqlite")).unwrap();
        hire(&mut register, ["add", "--name", "Ada Administratör"]);
        Self {
            folder,
            register,
            channels: channels(),
        }
    }

    fn ledger(&self) -> std::path::PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    fn run(&self, command: &SettingsCommand) -> Result<String, CommandError> {
        let mut counter = Counter {
            versions: SettingsVersions::open(&self.ledger()).unwrap(),
            register: &self.register,
            enrolled: enrolled(),
            channels: &self.channels,
            zone: "Europe/Stockholm",
            now: now(),
        };
        counter.run(command)
    }

    fn file(&self, text: &str) -> std::path::PathBuf {
        let file = self.folder.path().join("settings.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    fn set(&self, text: &str) -> Result<String, CommandError> {
        self.run(&set(&self.file(text), ("admin-1", "Prov")))
    }
}

/// Somebody proposes thresholds for an area, beside the office.
fn tunes(office: &Office, area: &str) {
    let place = Place::Area(area.parse().unwrap());
    let change = NewChange {
        place,
        levels: Some(MODELS_OWN),
        kind: Kind::Set,
        gone: Gone::AsBefore,
        why: "prov".to_owned(),
    };
    let deed = Deed {
        by: "chef-001".parse().unwrap(),
        at: now(),
        act: Act::ThresholdsProposed,
        change: Some(change),
        decision: None,
        signed: Vec::new(),
    };
    let mut rows = Tunings::open(&office.ledger()).unwrap();
    rows.record(&deed).unwrap();
}

#[test]
fn an_area_with_thresholds_of_its_own_is_not_dropped_by_a_new_version() {
    let office = Office::new();
    let named = |area: &str| {
        office.set(&format!(
            "[[area]]\nname = \"{area}\"\n[[home]]\nid = \"h0000001\"\n"
        ))
    };
    named("Norr").unwrap();
    named("Söder").unwrap();
    named("Norr").unwrap();
    tunes(&office, "Norr");
    let refused = named("Söder").unwrap_err();
    assert!(matches!(&refused, CommandError::TunedArea(_)), "{refused}");
    let said = refused.to_string();
    assert!(said.contains("området Norr har egna gränser"), "{said}");
    assert!(said.contains("Ta först bort dem"), "{said}");
    let versions = SettingsVersions::open(&office.ledger()).unwrap();
    assert_eq!(versions.all().unwrap().len(), 3, "nothing was set");
    // Where homes lie in it, it is there too.
    office
        .set("[[area]]\nname = \"Norr\"\n[[home]]\nid = \"h0000001\"\narea = \"Norr\"\n")
        .unwrap();
}

fn now() -> Timestamp {
    Timestamp("2026-11-21T20:00:00Z".parse().unwrap())
}

fn set(file: &Path, (by, why): (&str, &str)) -> SettingsCommand {
    SettingsCommand::Set {
        file: file.to_owned(),
        by: by.parse().unwrap(),
        why: why.to_owned(),
        dry_run: false,
    }
}

/// As the command line reads it.
fn hire(register: &mut Register, words: [&str; 3]) {
    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: StaffCommand,
    }
    let line = ["staff", words[0], "--id", "admin-1", "--by", "admin-1"];
    let rest = words.into_iter().skip(1).filter(|word| !word.is_empty());
    let line = <Line as clap::Parser>::parse_from(line.into_iter().chain(rest));
    staff::command::run(register, now(), &line.command).unwrap();
}

#[test]
fn a_document_is_set_shown_kept_and_set_again_to_go_back() {
    let office = Office::new();
    let none = office.run(&SettingsCommand::History).unwrap_err();
    assert!(none.to_string().contains("inget har satts än"), "{none}");
    let said = office.set(&example()).unwrap();
    assert!(said.contains("version 1 är satt"), "{said}");
    let changed = example().replacen("answer_within_min = 10", "answer_within_min = 15", 1);
    let said = office.set(&changed).unwrap();
    assert!(
        said.contains("kommunen, svarstid: 10 min → 15 min; berör 3 bostäder"),
        "{said}"
    );
    let shown = office
        .run(&SettingsCommand::Show {
            home: Some(home(2)),
        })
        .unwrap();
    assert!(
        shown.contains("svarstid: 15 min (från kommunen)"),
        "{shown}"
    );
    let old = office
        .run(&SettingsCommand::Export { version: Some(1) })
        .unwrap();
    assert_eq!(old, example());
    office.set(&old).unwrap();
    let history = office.run(&SettingsCommand::History).unwrap();
    for needle in [
        "version 1, 2026-11-21 21:00, av admin-1: Prov",
        "kommunen, svarstid: 15 min → 10 min",
        "version 3",
    ] {
        assert!(history.contains(needle), "{needle:?} is not in {history}");
    }
    let said = [shown, history].concat();
    assert!(!said.contains("467") && !said.contains("lead@"), "{said}");
    let no_such = office
        .run(&SettingsCommand::Export { version: Some(9) })
        .unwrap_err();
    assert!(no_such.to_string().contains("ingen version 9"), "{no_such}");
}

#[test]
fn nothing_is_written_by_a_dry_run_a_stranger_without_a_reason_or_with_channels_that_are_not_there()
{
    let mut office = Office::new();
    let file = office.file(&example());
    let dry = SettingsCommand::Set {
        file: file.clone(),
        by: "admin-1".parse().unwrap(),
        why: "Prov".to_owned(),
        dry_run: true,
    };
    assert!(office.run(&dry).unwrap().contains("laget natt tillkommer"));
    for (by, why, said) in [
        ("nobody", "Prov", "--by nobody"),
        ("admin-1", "  ", "--why: skriv varför"),
    ] {
        let error = office.run(&set(&file, (by, why))).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    office.channels = notify::Settings::default();
    let error = office.set(&example()).unwrap_err().to_string();
    assert!(
        error.contains("there is no notify.channel \"sms\""),
        "{error}"
    );
    office.channels = channels();
    hire(&mut office.register, ["leave", "", ""]);
    assert!(matches!(
        office.set(&example()),
        Err(CommandError::Stranger(_))
    ));
    let versions = SettingsVersions::open(&office.ledger()).unwrap();
    assert_eq!(versions.all().unwrap(), []);
}

#[test]
fn a_version_can_be_neither_changed_nor_deleted() {
    let office = Office::new();
    office.set(&example()).unwrap();
    let ledger = rusqlite::Connection::open(office.ledger()).unwrap();
    for sql in [
        "UPDATE settings SET why = 'annat'",
        "DELETE FROM settings",
        "INSERT OR REPLACE INTO settings VALUES (1, 0, 'x', 'y', '')",
    ] {
        let error = ledger
            .execute_batch("PRAGMA recursive_triggers = ON")
            .and_then(|()| ledger.execute(sql, []).map(drop));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("settings are only added to"), "{error}");
    }
}

#[test]
fn a_running_hub_takes_a_new_version_and_goes_on_with_the_old_where_it_cannot() {
    let office = Office::new();
    let mut keeper = Keeper::open(&office.ledger(), &channels(), Others::new()).unwrap();
    let at_work = keeper.at_work();
    assert_eq!(at_work.borrow().number, None);
    assert!(at_work.borrow().teams.is_empty());
    office.set(&example()).unwrap();
    keeper.look().unwrap();
    assert_eq!(at_work.borrow().number, Some(1));
    assert_eq!(at_work.borrow().teams.iter().count(), 2);
    // Set with a configuration that the hub has not read yet.
    let mut more = office;
    let fax = "[[channel]]\nname = \"fax\"\nkind = \"sms\"\nurl = \"https://fax.example/\"\n\
               body = '{\"to\":\"{to}\",\"text\":\"{text}\"}'\n";
    let fax: notify::Settings = toml::from_str(fax).unwrap();
    more.channels.channels.extend(fax.channels);
    let other = example().replace(
        "address = { sms = \"+46700000001\" }",
        "address = { sms = \"+46700000001\", fax = \"+46700000001\" }",
    );
    more.set(&other).unwrap();
    keeper.look().unwrap();
    let held = at_work.borrow().clone();
    assert_eq!((held.number, held.refused), (Some(1), Some(2)));
    // And at a start it is said.
    let error = Keeper::open(&more.ledger(), &channels(), Others::new())
        .err()
        .unwrap();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        error.to_string().contains("version 2, set by admin-1"),
        "{error}"
    );
    assert!(
        source.contains("there is no notify.channel \"fax\""),
        "{source}"
    );
}

#[test]
fn the_ledger_holds_what_the_watch_is_given() {
    let office = Office::new();
    let store = SqliteStore::open(&office.ledger()).unwrap();
    assert_eq!(store.settings().unwrap(), None);
    office.set(&example()).unwrap();
    assert_eq!(store.settings().unwrap(), Some(example()));
}
