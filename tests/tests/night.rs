//! A whole night in twelve homes: real processes, real broker, real database, real model.
//!
//! Only time and the rooms are staged. Every check has exactly one outcome or is an open
//! exception, and each trouble stands under its right name. The same night is kept with the
//! embedded broker and with Mosquitto. This test judges the whole; how one look is judged is
//! tested beside the code.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nattsyn_hub::certificates::Authority;
use nattsyn_hub::demo::story::Trouble;
use nattsyn_tests::mosquitto::Mosquitto;
use nattsyn_tests::programs::{Demonstration, program};

/// Homes of the demonstration; every kind of trouble stands once in twelve.
const HOMES: u32 = 12;

/// What a printed night says of one check.
#[derive(Debug, Clone)]
struct Row {
    outcome: String,
    looks: Vec<String>,
}

/// One printed night: its checks by id, and its last line.
struct Night {
    rows: BTreeMap<String, Row>,
    sum: String,
    text: String,
}

impl Night {
    fn read(text: &str) -> Self {
        let mut rows = BTreeMap::new();
        for line in text.lines() {
            let columns: Vec<&str> = line.split("  ").map(str::trim).collect();
            let columns: Vec<&str> = columns.into_iter().filter(|c| !c.is_empty()).collect();
            if let [_, check, _, outcome, _, rest @ ..] = columns.as_slice()
                && check.starts_with('r')
                && check.len() == "r0000001.20261121.1".len()
            {
                let looks = rest.first().map_or(Vec::new(), |looks| {
                    looks.split(", ").map(str::to_owned).collect()
                });
                let repeated = rows.insert(
                    (*check).to_owned(),
                    Row {
                        outcome: (*outcome).to_owned(),
                        looks,
                    },
                );
                assert!(repeated.is_none(), "check {check} stands twice in\n{text}");
            }
        }
        let sum = text.lines().last().unwrap_or_default().to_owned();
        Self {
            rows,
            sum,
            text: text.to_owned(),
        }
    }

    /// The row of a home's first or second check.
    fn check(&self, home: u32, window: u8) -> &Row {
        let resident = format!("r{:07}.", home + 1);
        let window = format!(".{window}");
        let found = self
            .rows
            .iter()
            .find(|(id, _)| id.starts_with(&resident) && id.ends_with(&window));
        found
            .unwrap_or_else(|| panic!("no check {window} of home {home} in\n{}", self.text))
            .1
    }
}

/// The numbers of `night: C checks, V visible, E exceptions, U unaccounted, W wrong`.
fn numbers(sum: &str) -> Vec<usize> {
    sum.split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

fn assert_the_night_was_kept(night: &Night) {
    let numbers = numbers(&night.sum);
    let &[checks, visible, exceptions, unaccounted, wrong] = numbers.as_slice() else {
        panic!("the last line is not the night's sum:\n{}", night.text);
    };
    assert_eq!(
        checks, 24,
        "two checks in each of {HOMES} homes\n{}",
        night.text
    );
    assert_eq!(checks, visible + exceptions + unaccounted, "{}", night.sum);
    assert_eq!((unaccounted, wrong), (0, 0), "\n{}", night.text);
    assert_eq!(night.rows.len(), checks, "a row a check\n{}", night.text);
    for home in 0..HOMES {
        if let Some(trouble) = Trouble::of(home) {
            assert_named(night, home, trouble);
        }
    }
    let quiet = (0..HOMES).filter(|home| Trouble::of(*home).is_none());
    let seen = quiet
        .clone()
        .filter(|home| night.check(*home, 2).outcome.starts_with("visible"));
    assert!(
        seen.count() * 2 > quiet.count(),
        "fewer than half of the ordinary sleepers were seen\n{}",
        night.text
    );
}

fn assert_named(night: &Night, home: u32, trouble: Trouble) {
    let (first, second) = (night.check(home, 1), night.check(home, 2));
    let begins = |row: &Row, words: &[&str]| {
        assert!(
            words.iter().any(|word| row.outcome.starts_with(word)),
            "home {home}, {trouble:?}: {row:?} is none of {words:?}\n{}",
            night.text
        );
    };
    match trouble {
        Trouble::UpAndBack => {
            assert!(
                first.looks.len() >= 3,
                "seen before the third look: {first:?}"
            );
            assert!(!first.looks[0].ends_with(" visible"), "{first:?}");
        }
        Trouble::OutOfBed | Trouble::OnFloor | Trouble::Gone => {
            begins(second, &["EXCEPTION not_visible", "EXCEPTION unclear("]);
            assert_eq!(second.looks.len(), 5, "{second:?}");
        }
        Trouble::LensCovered => begins(second, &["EXCEPTION technical(covered)"]),
        Trouble::Unplugged => {
            begins(second, &["EXCEPTION silent"]);
            assert!(
                second.looks.is_empty(),
                "an unplugged unit spoke: {second:?}"
            );
        }
        Trouble::NetworkLost => {
            begins(
                second,
                &["visible ", "EXCEPTION unclear(", "EXCEPTION not_visible"],
            );
            assert!(
                !second.looks.is_empty(),
                "no late report arrived: {second:?}"
            );
        }
    }
}

/// What the database itself says, whoever wrote it: each check has one outcome, or stands in an
/// exception that nobody has ended.
fn assert_the_ledger_is_whole(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("hub/ledger.sqlite")).unwrap();
    let count =
        |question: &str| -> i64 { database.query_row(question, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM checks"), 24);
    assert_eq!(
        count(UNSETTLED),
        0,
        "a check has no outcome and no open exception, or both"
    );
}

/// Checks that have no outcome and stand in no open exception, or more than one of these.
const UNSETTLED: &str = "
    WITH events AS (SELECT exception, check_id, event FROM exception_events),
    open AS (SELECT exception FROM exceptions
             WHERE exception NOT IN (SELECT exception FROM events WHERE event = 'ended')),
    waiting AS (SELECT check_id FROM events JOIN open USING (exception)
                WHERE event IN ('joined', 'left')
                GROUP BY exception, check_id
                HAVING sum(CASE event WHEN 'joined' THEN 1 ELSE -1 END) > 0)
    SELECT count(*) FROM checks WHERE 1 <>
        (SELECT count(*) FROM outcomes WHERE outcomes.check_id = checks.check_id) +
        (SELECT count(*) FROM waiting WHERE waiting.check_id = checks.check_id)";

#[test]
fn every_check_of_a_night_ends_in_one_outcome_or_an_open_exception() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program("nattsyn-hub"))
        .args([
            "demo",
            "--once",
            "--listen",
            "127.0.0.1:0",
            "--homes",
            "12",
            "--data",
        ])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let night = Night::read(&text);
    assert_the_night_was_kept(&night);
    assert!(
        output.status.success(),
        "the night was kept and the program says it was not"
    );
    assert_the_ledger_is_whole(folder.path());
}

#[test]
fn the_same_night_is_kept_with_mosquitto_as_the_broker() {
    let folder = tempfile::tempdir().unwrap();
    let tls = folder.path().join("data/tls");
    let authority = Authority::create(&tls, &nattsyn_protocol::demonstration::root_key()).unwrap();
    let broker = Mosquitto::start(folder.path(), &authority, &tls);
    let demonstration = Demonstration::start(
        &folder.path().join("data"),
        &["--once", "--homes", "12", "--broker", &broker.url()],
    );
    let text = demonstration.read_night(Duration::from_secs(900));
    assert_the_night_was_kept(&Night::read(&text));
    assert_the_ledger_is_whole(&folder.path().join("data"));
}
