//! `nattsyn-hub plans` as whoever plans the nights runs it: the real program, files with å, ä and
//! ö, and what it says when something is wrong.
//!
//! What a change does to units and nights is in `plans_night/`; here is what the program reads,
//! writes and says, whatever the hour at which the test runs.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use nattsyn_hub::enrolment::EXAMPLE;
use nattsyn_hub::store::{SqliteStore, Store as _};
use nattsyn_protocol::ids::ResidentId;
use nattsyn_tests::programs::program;

/// A plan with everything that a table can say, and all letters.
const GOOD: &str = concat!(
    "\u{feff}",
    "row;resident;window;days;from;to;how;reason;note;review;",
    "then;answer_within_min;fallback;wishes\n",
    "plan;r0000001;;;;;;;;2027-05-01;phone_then_visit;20;phone;",
    "Åsa vill att ni ringer på först. Är hon i köket? Öppna försiktigt.\n",
    "window;r0000001;1;;23:00;23:45;;;;;;;;\n",
    "window;r0000001;2;mon tue;03:00;03:45;visit;other;behöver vändas på höger sida;;;;;\n",
);

/// A hub that is prepared, with the example's people enrolled.
struct Office {
    folder: TempDir,
}

impl Office {
    fn open(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Self { folder };
        let config = format!(
            "listen = \"127.0.0.1:0\"\n{settings}\n[broker.embedded]\nlisten = \"127.0.0.1:0\"\n"
        );
        office.write("hub.toml", config.as_bytes());
        office.write("root.seed", "07".repeat(32).as_bytes());
        office.write("homes.toml", EXAMPLE.as_bytes());
        for arguments in [
            ["prepare", "--root", "root.seed"],
            ["enrol", "--homes", "homes.toml"],
        ] {
            let mut arguments = arguments.to_vec();
            arguments.extend(["--config", "hub.toml"]);
            let output = office.hub(&arguments);
            assert!(output.status.success(), "{}", said(&output));
        }
        office
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn hub(&self, arguments: &[&str]) -> Output {
        Command::new(program("nattsyn-hub"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .output()
            .unwrap()
    }

    fn plans(&self, arguments: &[&str]) -> Output {
        self.hub(&[&["plans"], arguments].concat())
    }

    /// What it says when it does as it was told.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.plans(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    }

    /// What it says when it does not; then nothing has changed.
    fn refused(&self, arguments: &[&str]) -> String {
        let before = self.done(&["export", "--form", "json"]);
        let output = self.plans(arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            said(&output)
        );
        assert_eq!(self.done(&["export", "--form", "json"]), before);
        said(&output)
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.folder.path().join("data/ledger.sqlite")).unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn has(text: &str, needles: &[&str]) {
    for needle in needles {
        assert!(text.contains(needle), "{needle:?} is not in:\n{text}");
    }
}

fn astrid() -> ResidentId {
    "r0000001".parse().unwrap()
}

#[test]
fn a_good_file_is_taken_and_comes_out_again_as_the_very_same_with_every_letter() {
    let office = Office::open("");
    office.write("planer.csv", GOOD.as_bytes());
    let taken = office.done(&["import", "planer.csv", "--by", "s0000001"]);
    has(
        &taken,
        &[
            "r0000001: ändrad plan, version 2 efter version 1",
            "1 planer är ändrade, 0 är som förut",
            "1 plans changed, 0 are as before",
        ],
    );
    let book = office.store().book().unwrap();
    let agreed = book.newest(astrid()).unwrap();
    assert_eq!(agreed.by, "s0000001");
    has(
        &agreed.agreement.wishes,
        &["Åsa vill", "Är hon i köket?", "Öppna försiktigt."],
    );
    for name in ["ut.csv", "ut.json"] {
        let written = office.done(&["export", name]);
        has(&written, &["3 planer skrivna till", "3 plans written"]);
        has(
            &office.read(name),
            &["Öppna försiktigt.", "behöver vändas på höger sida"],
        );
        let again = office.done(&["import", name, "--by", "s0000002"]);
        has(&again, &["0 planer är ändrade, 3 är som förut"]);
        // Into another hub, and out of it.
        let other = Office::open("");
        other.write(name, office.read(name).as_bytes());
        other.done(&["import", name, "--by", "s0000001"]);
        other.done(&["export", "igen.csv"]);
        other.done(&["export", "igen.json"]);
        let ending = Path::new(name).extension().unwrap().to_str().unwrap();
        assert_eq!(other.read(&format!("igen.{ending}")), office.read(name));
    }
}

#[test]
fn a_file_with_errors_is_refused_whole_and_every_line_is_named_in_both_languages() {
    let office = Office::open("");
    let bad = GOOD
        .replace("mon tue", "tis")
        .replace("23:45", "23:05")
        .replace("plan;r0000001", "plan;r0000009");
    office.write("fel.csv", bad.as_bytes());
    let text = office.refused(&["import", "fel.csv", "--by", "s0000001"]);
    has(
        &text,
        &[
            "fel.csv",
            "fel, ingenting har ändrats",
            "errors, nothing was changed",
            "rad 4, days: \"tis\" är ingen dag; skriv mon tue wed thu fri sat sun",
            "line 4, days: \"tis\" is no day",
        ],
    );
    // What only the store knows is said by line too.
    let stranger = GOOD.replace("r0000001", "r0000009");
    office.write("fel.csv", stranger.as_bytes());
    let text = office.refused(&["import", "fel.csv", "--by", "s0000001"]);
    has(
        &text,
        &[
            "rad 2, resident: ingen med det id:t är inskriven",
            "line 2, resident:",
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read_says_what_to_do() {
    let office = Office::open("");
    // As a Swedish Excel saves a table unless told otherwise.
    office.write("latin.csv", b"row;resident;wishes\nplan;r0000001;\xc5sa\n");
    for (arguments, needles) in [
        (["import", "latin.csv"], ["latin.csv", "CSV UTF-8"]),
        (["import", "planer.xlsx"], ["planer.xlsx", ".csv"]),
        (["import", "saknas.csv"], ["saknas.csv", "No such file"]),
    ] {
        let arguments = [&arguments[..], &["--by", "s0000001"]].concat();
        has(&office.refused(&arguments), &needles);
    }
}

#[test]
fn a_dry_run_says_what_would_change_and_where_it_would_pile_up_and_writes_nothing() {
    let office = Office::open("[staffing]\nchecks = 1\nwithin_min = 15\n");
    let same = |resident: &str| format!("plan;{resident};;;;0\nwindow;{resident};1;21:00;21:30;\n");
    let header = "row;resident;window;from;to;offset_s\n";
    let table = format!("{header}{}{}", same("r0000001"), same("r0000002"));
    office.write("planer.csv", table.as_bytes());
    let before = office.done(&["export", "--form", "csv"]);
    let dry = office.done(&["import", "planer.csv", "--by", "s0000001", "--dry-run"]);
    let pile_up = "upp till 2 tillsyner avslutas samtidigt, fler än bemanningen hinner med om \
                   ingen syns: r0000001, r0000002; flytta tidsintervall";
    has(
        &dry,
        &[
            "2 planer skulle ändras, 0 är som förut; ingenting är skrivet",
            pile_up,
        ],
    );
    assert_eq!(office.done(&["export", "--form", "csv"]), before);
    assert_eq!(office.store().book().unwrap().versions(astrid()).len(), 1);
    let real = office.done(&["import", "planer.csv", "--by", "s0000001"]);
    has(&real, &["2 planer är ändrade", pile_up]);
}

#[test]
fn away_confirm_back_and_skip_are_one_action_each_and_say_what_follows() {
    let office = Office::open("");
    let who = ["--resident", "r0000001", "--by", "dag-003"];
    let act = |arguments: &[&str]| office.done(&[arguments, &who].concat());
    let refused = |arguments: &[&str]| office.refused(&[arguments, &who].concat());
    has(
        &refused(&["confirm"]),
        &["r0000001 is not away; nothing was changed"],
    );
    has(&refused(&["back"]), &["r0000001 is not away"]);
    has(
        &act(&["away", "--first", "2099-12-24"]),
        &[
            "ingen tillsyn från och med natten 2099-12-24; bekräfta varje dag",
            "every day",
        ],
    );
    has(
        &act(&["confirm"]),
        &["frånvaron är bekräftad", "still away"],
    );
    has(&act(&["back"]), &["är tillbaka", "is back"]);
    has(
        &act(&["away", "--first", "2099-12-24", "--last", "2099-12-26"]),
        &["från och med natten 2099-12-24 till och med 2099-12-26"],
    );
    has(
        &act(&["skip", "--night", "2099-12-30"]),
        &["natten 2099-12-30"],
    );
    let backward = ["away", "--first", "2099-12-26", "--last", "2099-12-24"];
    has(&refused(&backward), &["r0000001", "end before they begin"]);
    let store = office.store();
    let book = store.book().unwrap();
    let absences = book.absences(astrid());
    assert_eq!(absences.len(), 3);
    assert!(absences.iter().all(|absence| absence.by == "dag-003"));
    assert_eq!(absences[0].confirmed.len(), 1);
}

#[test]
fn died_and_end_are_said_once_and_take_the_name_off_the_list() {
    let office = Office::open("");
    for (action, resident) in [("died", "r0000001"), ("end", "r0000002")] {
        let arguments = [action, "--resident", resident, "--by", "dag-003"];
        has(
            &office.done(&arguments),
            &[
                "ingen mer tillsyn, och namnet är borta från listan",
                "off the list",
            ],
        );
        has(
            &office.refused(&arguments),
            &["it was written down before", resident],
        );
        let who: ResidentId = resident.parse().unwrap();
        assert!(office.store().roster().unwrap().of_resident(who).is_none());
        assert!(
            !office.done(&["export"]).contains(resident),
            "nobody plans for them"
        );
    }
    // The file still names them; enrolling it again does not bring them back.
    let enrolled = office.hub(&["enrol", "--config", "hub.toml", "--homes", "homes.toml"]);
    has(
        &said(&enrolled),
        &[
            "is left off the list: r0000001",
            "is left off the list: r0000002",
        ],
    );
}

#[test]
fn whoever_is_taken_from_the_file_is_named_until_the_supervision_is_ended() {
    let office = Office::open("");
    let second = EXAMPLE.rfind("[[home]]").unwrap();
    office.write("homes.toml", &EXAMPLE.as_bytes()[second..]);
    let enrol = ["enrol", "--config", "hub.toml", "--homes", "homes.toml"];
    let needle = "end it with `nattsyn-hub plans end --resident r0000001`";
    has(&said(&office.hub(&enrol)), &[needle]);
    office.done(&["end", "--resident", "r0000001", "--by", "dag-003"]);
    assert!(!said(&office.hub(&enrol)).contains("plans end"));
}

#[test]
fn what_is_left_out_or_wrong_on_the_line_is_named() {
    let office = Office::open("");
    for (arguments, needle) in [
        (&["died", "--resident", "r0000001"][..], "--by"),
        (&["away", "--resident", "r0000001", "--by", "x"], "--first"),
        (
            &[
                "skip",
                "--resident",
                "r0000001",
                "--by",
                "x",
                "--night",
                "igår",
            ],
            "igår",
        ),
        (&["died", "--resident", "Astrid", "--by", "x"], "Astrid"),
    ] {
        let output = office.plans(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        has(&said(&output), &[needle]);
    }
    let stranger = ["died", "--resident", "r0000009", "--by", "dag-003"];
    has(
        &office.refused(&stranger),
        &["nobody is enrolled as r0000009"],
    );
    let nobody = ["died", "--resident", "r0000001", "--by", " "];
    has(
        &office.refused(&nobody),
        &["an id of 1 to 40 bytes is needed"],
    );
}

#[test]
fn the_list_for_a_night_without_the_hub_is_printed_from_the_database_alone() {
    let office = Office::open("");
    office.write("planer.csv", GOOD.as_bytes());
    office.done(&["import", "planer.csv", "--by", "s0000001"]);
    let ledger = || std::fs::read(office.folder.path().join("data/ledger.sqlite")).unwrap();
    let before = ledger();
    // A Tuesday long after: what is agreed now holds then.
    let list = office.hub(&["plan-b", "--config", "hub.toml", "--night", "2030-05-07"]);
    assert!(list.status.success(), "{}", said(&list));
    let text = String::from_utf8(list.stdout).unwrap();
    has(
        &text,
        &[
            "Reservplan: personliga besök natten som börjar 2030-05-07",
            "23:00–23:45  Astrid Exempel",
            "Exempelgatan 1",
            "Ring först, åk sedan dit. Åsa vill att ni ringer på först.",
            "03:00–03:45  Astrid Exempel",
            "[ ] kl ______",
        ],
    );
    assert!(!text.contains("r0000001"), "no pseudonyms on paper: {text}");
    assert_eq!(ledger(), before, "the database is only read");
    let english = office.hub(&["plan-b", "--lang", "en", "--night", "2030-05-07"]);
    has(
        &said(&english),
        &["Back-up plan: visits", "Call first, then go there."],
    );
}

#[test]
fn without_a_database_the_list_says_which_file_it_wanted() {
    let office = Office::open("");
    std::fs::remove_file(office.folder.path().join("data/ledger.sqlite")).unwrap();
    let list = office.hub(&["plan-b"]);
    assert_eq!(list.status.code(), Some(1));
    has(&said(&list), &["ledger.sqlite"]);
    let none = office.folder.path().join("data/ledger.sqlite");
    assert!(!none.exists(), "and makes none");
}
