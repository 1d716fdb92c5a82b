//! The log in a real file: what it takes, and what a hand in the file leaves behind.

use rusqlite::Connection;

use super::command::{AuditCommand, run};
use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(1_800_000_000_000 + 1000 * seconds).unwrap()
}

fn resident(number: u8) -> ResidentId {
    ResidentId::from_random([number; 8])
}

fn worker() -> Who {
    Who::Staff("natt-001".parse().unwrap())
}

/// A log with ten rows, and the head after five of them.
fn filled() -> (tempfile::TempDir, Log, Head) {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(&folder.path().join("ledger.sqlite")).unwrap();
    let mut head = None;
    for number in 1..=10 {
        let row = AuditRow::new(at(number), worker(), Act::ResidentOpened);
        let about = resident(u8::try_from(number % 3).unwrap());
        let id = log.record(row.about(about).detail(format!("row {number}")));
        assert_eq!(id.unwrap(), AuditId(number));
        if number == 5 {
            head = log.head(at(100)).unwrap();
        }
    }
    (folder, log, head.unwrap())
}

/// Does something to the file with the triggers gone, and walks the log again.
fn tampered(sql: &str, heads: &[Head]) -> Result<Verified, Fault> {
    let (folder, log, head) = filled();
    let by_hand = Connection::open(folder.path().join("ledger.sqlite")).unwrap();
    by_hand
        .execute_batch("DROP TRIGGER audit_stays; DROP TRIGGER audit_remains;")
        .unwrap();
    by_hand.execute_batch(sql).unwrap();
    // A head that was kept is of this very log: its rows' hashes do not depend on the moment.
    let heads: Vec<Head> = heads.iter().map(|_| head.clone()).collect();
    match log.verify(&heads) {
        Ok(verified) => Ok(verified),
        Err(AuditError::Fault(fault)) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

fn some_head() -> [Head; 1] {
    let (rows, hash, taken) = (0, String::new(), String::new());
    [Head { rows, hash, taken }]
}

#[test]
fn a_log_that_nobody_touched_holds() {
    let (_folder, log, head) = filled();
    assert_eq!(log.verify(&[]).unwrap().rows, 10);
    assert_eq!(log.verify(std::slice::from_ref(&head)).unwrap().rows, 10);
    assert_eq!(head.rows, 5);
}

#[test]
fn a_changed_row_is_found_whatever_was_changed_in_it() {
    for change in [
        "at_ms = at_ms + 1",
        "who = 'natt-002'",
        "act = 'signed_in'",
        "about = NULL",
        "follows = 1",
        "lasted_ms = 1",
        "detail = ''",
        "hash = zeroblob(32)",
    ] {
        let fault = tampered(&format!("UPDATE audit SET {change} WHERE id = 4"), &[]);
        assert_eq!(fault, Err(Fault::Changed(AuditId(4))), "{change}");
    }
}

#[test]
fn a_removed_row_is_found_first_last_or_between() {
    let missing = |expected, found| {
        Err(Fault::Missing {
            expected: AuditId(expected),
            found: AuditId(found),
        })
    };
    let removed = tampered("DELETE FROM audit WHERE id = 4", &[]);
    assert_eq!(removed, missing(4, 5));
    assert_eq!(
        tampered("DELETE FROM audit WHERE id = 1", &[]),
        missing(1, 2)
    );
    // And closed up again, as if it had never been.
    let closed = "DELETE FROM audit WHERE id = 4; UPDATE audit SET id = id - 1 WHERE id > 4";
    assert_eq!(tampered(closed, &[]), Err(Fault::Changed(AuditId(4))));
}

#[test]
fn two_rows_that_changed_places_are_found() {
    let swap = "UPDATE audit SET id = 99 WHERE id = 4; UPDATE audit SET id = 4 WHERE id = 5;
                UPDATE audit SET id = 5 WHERE id = 99";
    assert_eq!(tampered(swap, &[]), Err(Fault::Changed(AuditId(4))));
}

#[test]
fn rows_cut_off_the_end_are_found_by_a_head_outside_and_only_by_it() {
    let cut = "DELETE FROM audit WHERE id > 4";
    assert_eq!(tampered(cut, &[]).unwrap().rows, 4);
    let found = tampered(cut, &some_head());
    let (last, head) = (AuditId(4), AuditId(5));
    assert_eq!(found, Err(Fault::Cut { last, head }));
    assert_eq!(
        tampered("DELETE FROM audit", &some_head()),
        Err(Fault::Cut {
            last: AuditId(0),
            head
        })
    );
}

#[test]
fn a_chain_made_anew_is_found_by_a_head_outside() {
    let (folder, log, head) = filled();
    let by_hand = Connection::open(folder.path().join("ledger.sqlite")).unwrap();
    by_hand
        .execute_batch("DROP TRIGGER audit_stays; DROP TRIGGER audit_remains;")
        .unwrap();
    by_hand.execute_batch("DELETE FROM audit").unwrap();
    for number in 1..=10 {
        let row = AuditRow::new(at(number), worker(), Act::SignedIn);
        log.record(row).unwrap();
    }
    assert!(log.verify(&[]).is_ok(), "the chain alone cannot tell");
    let found = log.verify(&[head]).unwrap_err().to_string();
    assert!(found.contains("rad 5 är inte den"), "{found}");
}

#[test]
fn rows_can_be_neither_changed_nor_deleted_by_hand() {
    let (folder, _log, _head) = filled();
    let by_hand = Connection::open(folder.path().join("ledger.sqlite")).unwrap();
    for sql in ["UPDATE audit SET who = who", "DELETE FROM audit"] {
        let refused = by_hand.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("only added to"), "{sql}: {refused}");
    }
}

#[test]
fn two_who_write_at_once_make_one_chain() {
    let (folder, log, _head) = filled();
    let other = Log::open(&folder.path().join("ledger.sqlite")).unwrap();
    std::thread::scope(|threads| {
        for log in [&log, &other] {
            threads.spawn(move || {
                for second in 0..20 {
                    let row = AuditRow::new(at(second), Who::Hub, Act::HeadExported);
                    log.record(row).unwrap();
                }
            });
        }
    });
    assert_eq!(log.verify(&[]).unwrap().rows, 50);
}

#[test]
fn a_row_is_there_for_another_reader_before_record_returns() {
    let (folder, log, _head) = filled();
    let other = SqliteReader::open(folder.path());
    let id = log.record(AuditRow::new(at(1), worker(), Act::LiveViewBegan));
    assert_eq!(other.last(), id.unwrap().0);
    let synchronous: i64 = other.synchronous(&log);
    assert_eq!(synchronous, 2, "FULL: a commit is on the disk");
}

/// Another process, as far as the file is concerned.
struct SqliteReader(Connection);

impl SqliteReader {
    fn open(folder: &std::path::Path) -> Self {
        Self(Connection::open(folder.join("ledger.sqlite")).unwrap())
    }

    fn last(&self) -> i64 {
        let sql = "SELECT max(id) FROM audit";
        self.0.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn synchronous(&self, log: &Log) -> i64 {
        log.synchronous()
    }
}

#[test]
fn a_head_of_no_row_proves_nothing_and_is_refused() {
    let (_folder, log, head) = filled();
    for rows in [0, -1, i64::MIN] {
        let head = Head {
            rows,
            ..head.clone()
        };
        let refused = log.verify(&[head]).unwrap_err().to_string();
        assert!(refused.contains(&rows.to_string()), "{refused}");
    }
}

#[test]
fn a_log_that_cannot_be_written_says_so() {
    let (folder, log, _head) = filled();
    let by_hand = Connection::open(folder.path().join("ledger.sqlite")).unwrap();
    by_hand
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE (ABORT, 'full'); END",
        )
        .unwrap();
    let refused = log.record(AuditRow::new(at(1), worker(), Act::LiveViewBegan));
    assert!(refused.is_err());
    assert_eq!(log.verify(&[]).unwrap().rows, 10);
}

#[test]
fn anybody_can_compute_the_first_rows_hash() {
    // printf 'nattsyn audit 1\0' + 32 zero bytes + the array, through sha256sum.
    let row = Written {
        id: AuditId(1),
        at_ms: 1_800_000_000_000,
        who: "natt-001".to_owned(),
        act: "resident_opened".to_owned(),
        about: Some("r0000001".to_owned()),
        follows: None,
        lasted_ms: Some(1500),
        detail: "å \"x\"".to_owned(),
        hash: [0; 32],
    };
    let link = chain::hex(&row.link(&chain::BEGINNING));
    assert_eq!(link, GOLDEN);
}

/// Computed apart from this program, as the reference says how.
const GOLDEN: &str = "350ade38ece5099bcaf743b3dd49bbde1c11aad56403f22913754bc3e73731a1";

#[test]
fn an_extract_says_who_when_how_long_and_why_and_counts_lists() {
    let (folder, log, _head) = filled();
    let about = resident(7);
    let began = AuditRow::new(at(60), worker(), Act::LiveViewBegan).about(about);
    let began = log.record(began.detail("unclear(dark)")).unwrap();
    let ended = AuditRow::new(at(81), worker(), Act::LiveViewEnded).about(about);
    let ended = ended.follows(began).lasted(Duration::from_millis(20_400));
    log.record(ended).unwrap();
    log.record(AuditRow::new(at(90), worker(), Act::NightOpened))
        .unwrap();
    let ledger = folder.path().join("ledger.sqlite");
    let command = AuditCommand::Extract {
        resident: about,
        by: "dso-001".parse().unwrap(),
    };
    let said = run((&ledger, "Europe/Stockholm"), at(100), &command).unwrap();
    for needle in [
        "natt-001 började titta via kameran (unclear(dark))",
        "natt-001 slutade titta via kameran, 20.4 sekunder",
        "dso-001 gjorde ett utdrag till personen",
        "1 gånger: någon i personalen öppnade nattens lista",
    ] {
        assert!(said.contains(needle), "{needle:?} is not in {said}");
    }
    assert!(!said.contains("row 1"), "another's: {said}");
}

#[test]
fn verify_by_command_names_the_first_bad_row() {
    let (folder, log, _head) = filled();
    let ledger = folder.path().join("ledger.sqlite");
    let head = folder.path().join("head.json");
    let place = (ledger.as_path(), "Europe/Stockholm");
    run(place, at(100), &AuditCommand::Head { to: head.clone() }).unwrap();
    let verify = AuditCommand::Verify { heads: vec![head] };
    let said = run(place, at(101), &verify).unwrap();
    assert!(said.contains("Loggen håller: 10 rader"), "{said}");
    drop(log);
    let by_hand = Connection::open(&ledger).unwrap();
    by_hand
        .execute_batch("DROP TRIGGER audit_stays; UPDATE audit SET who = 'x' WHERE id = 7;")
        .unwrap();
    let said = run(place, at(102), &verify).unwrap_err().to_string();
    assert!(said.contains("rad 7 är ändrad"), "{said}");
}

#[test]
fn every_act_has_a_word_of_its_own_that_is_read_back() {
    for act in Act::ALL {
        assert_eq!(Act::from_word(act.word()), Some(*act));
    }
    assert_eq!(Act::from_word("something_newer"), None);
}

#[test]
fn what_a_row_costs_is_a_commit_and_no_walk_of_the_log() {
    let (_folder, log, _head) = filled();
    let clock = nattsyn_clock::Clock::machine();
    let mut took = [Duration::ZERO; 3];
    for part in &mut took {
        let begun = clock.now().uptime;
        for second in 0..100 {
            log.record(AuditRow::new(at(second), worker(), Act::NightOpened))
                .unwrap();
        }
        *part = clock.now().uptime.since(begun) / 100;
    }
    println!("a row took {took:?} in three hundreds, one after the other");
    // Ten times: a busy machine, and not a log that is read through for every row.
    assert!(
        took[2] < took[0] * 10 + Duration::from_millis(50),
        "{took:?}"
    );
}

#[tokio::test]
async fn a_head_is_put_outside_once_an_hour_and_what_fails_is_said() {
    let (folder, log, _head) = filled();
    let log = std::sync::Arc::new(log);
    let outside = folder.path().join("elsewhere");
    let settings = heads::Settings {
        heads: Some("elsewhere".into()),
    };
    let zone = jiff::tz::TimeZone::UTC;
    let (keeper, seen) = heads::Keeper::new(&log, (&settings, folder.path()), zone.clone());
    assert_eq!(*seen.borrow(), heads::Outside::Failing(None));
    let mut shown = seen.clone();
    let clock = nattsyn_clock::Clock::machine();
    tokio::select! {
        never = keeper.run(clock.clone()) => match never {},
        changed = shown.changed() => changed.unwrap(),
    }
    assert!(matches!(*seen.borrow(), heads::Outside::Since(_)));
    let file = std::fs::read_dir(&outside)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let head = heads::read(&file.path()).unwrap();
    assert_eq!(head.rows, 11, "the row that says so is in it");
    log.verify(&[head]).unwrap();

    // A file stands where the folder should be.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let settings = heads::Settings {
        heads: Some("file".into()),
    };
    let (keeper, seen) = heads::Keeper::new(&log, (&settings, folder.path()), zone.clone());
    let mut shown = seen.clone();
    tokio::select! {
        never = keeper.run(clock) => match never {},
        changed = shown.changed() => changed.unwrap(),
    }
    assert_eq!(*seen.borrow(), heads::Outside::Failing(None));
    assert_eq!(
        log.count(Act::HeadLost).unwrap(),
        1,
        "the log itself says so"
    );
    let (_, nowhere) = heads::Keeper::new(&log, (&heads::Settings::default(), folder.path()), zone);
    assert_eq!(*nowhere.borrow(), heads::Outside::Nowhere);
}
