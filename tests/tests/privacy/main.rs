//! What the product says about people to those who may read its logs: nothing.
//!
//! A night of the real processes and a shift of signing in and looking at pages, with every log
//! line at TRACE kept and searched for names, addresses, secrets and whatever could be a
//! picture. That the search finds what is planted is tested with it (`search`). What travels
//! and what is kept on disks is tested elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod search;
mod site;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nattsyn_tests::programs::{Demonstration, program};

use search::Search;
use site::Site;

/// Longest that a demonstration's night of two homes takes on two loaded cores.
const NIGHT_WITHIN: Duration = Duration::from_secs(600);

/// Homes of the night; more say the same with other names.
const HOMES: &str = "2";

/// Everybody whom a hub's own database knows, and where they live.
fn people(ledger: &Path) -> Search {
    let database = rusqlite::Connection::open(ledger).unwrap();
    let mut search = Search::default();
    for (what, question) in [
        ("name", "SELECT name FROM residents"),
        ("address", "SELECT address FROM homes"),
        ("staff's name", "SELECT name FROM staff"),
    ] {
        let mut rows = database.prepare(question).unwrap();
        let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.for_each(|text| search.name(what, &text.unwrap()));
    }
    search
}

#[track_caller]
fn assert_silent_about(search: &Search, log: &str) {
    let found = search.found_in(log);
    assert!(
        found.is_empty(),
        "{} lines, the first of them: {:#?}",
        found.len(),
        found.first()
    );
}

#[test]
fn a_night_at_trace_says_nothing_of_a_person_and_shows_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let data = folder.path().join("data");
    let night = Demonstration::start_with(
        Command::new(program("nattsyn-hub"))
            .env("RUST_LOG", "trace")
            .stderr(File::create(&log).unwrap()),
        &data,
        &["--once", "--homes", HOMES],
    );
    for page in [
        "/",
        "/ledger",
        "/residents/r0000001",
        "/handover",
        "/fragment",
    ] {
        assert!(
            site::get(&night.page, page, "").starts_with("HTTP/1.1 200"),
            "{page}"
        );
    }
    let told = night.read_night(NIGHT_WITHIN);
    assert!(told.contains("night: 4 checks"), "{told}");
    drop(night);
    let log = std::fs::read_to_string(log).unwrap();
    let spoke = [
        "nattsyn_hub",
        "nattsyn_detector::eye",
        "nattsyn_detector::voice",
        "TRACE",
    ];
    for part in spoke {
        assert!(log.contains(part), "nothing of {part} in the log");
    }
    let people = people(&data.join("hub/ledger.sqlite"));
    assert!(people.len() >= 4, "two homes have names and addresses");
    assert_silent_about(&people, &log);
}

#[test]
fn a_shift_at_trace_says_no_name_pin_or_token() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::build(folder.path());
    let hub = site.serve(&folder.path().join("log"));
    let wrong = site.sign_in("000000");
    assert!(!wrong.starts_with("HTTP/1.1 303"), "{wrong}");
    let signed_in = site.sign_in(&site.pin);
    assert!(signed_in.starts_with("HTTP/1.1 303"), "{signed_in}");
    let cookies = site::cookies(&signed_in);
    let header = cookies.iter().map(|(key, value)| format!("{key}={value}"));
    let header = format!("Cookie: {}\r\n", header.collect::<Vec<_>>().join("; "));
    for page in [
        "/",
        "/ledger",
        "/ledger.csv",
        "/residents/r0000001",
        "/settings",
    ] {
        let answer = site::get(&site.address(), page, &header);
        assert!(answer.starts_with("HTTP/1.1 200"), "{page}: {answer}");
    }
    drop(hub);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("nattsyn_hub"), "the hub said nothing");
    let mut search = people(&site.ledger());
    search.secret("PIN", &site.pin);
    search.secret("the PIN that was wrong", "000000");
    for (_, value) in &cookies {
        search.secret("token", value);
    }
    assert_silent_about(&search, &log);
}

/// Starts a program whose log is kept.
fn with_log(name: &str, log: &Path) -> Command {
    let mut command = Command::new(program(name));
    command
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log).unwrap());
    command
}
