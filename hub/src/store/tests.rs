//! The embedded store, as a real file in a folder of its own.

use std::path::PathBuf;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use rusqlite::Connection;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{BootId, ResidentId};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::ClockState;

use super::*;
use crate::agreement::record::Record;
use crate::commission::gate::Gate;
use crate::enrolment::{Homes, enrol};
use crate::exception::{Event, Handling};
use crate::keys::HubKeys;
use crate::nights::{checks, noon};
use crate::view::{Cause, Ending};
use crate::watch::situation::Situation;
use crate::watch::{
    Alteration, Altered, Arrival, CallOff, Closing, Exception, How, Matter, Outcome, Punctuality,
    Said, Subject, Word,
};

mod accounting;
mod residents;

const ZONE: &str = "Europe/Stockholm";

fn night() -> Date {
    jiff::civil::date(2026, 11, 21)
}

fn begins() -> Timestamp {
    noon(night(), ZONE).unwrap()
}

fn keys() -> HubKeys {
    let signing = SigningKey::from_bytes(&[9; 32]);
    let root = nattsyn_protocol::demonstration::root_key();
    HubKeys {
        endorsement: crate::keys::endorse(&root, PublicKey::of(&signing), 1),
        signing,
        root: PublicKey::of(&root),
    }
}

fn homes() -> Homes {
    Homes::parse(
        crate::enrolment::EXAMPLE,
        std::path::Path::new("homes.toml"),
        &crate::enrolment::Known::new(),
    )
    .unwrap()
}

struct Ledger {
    store: SqliteStore,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

/// A ledger with the example's homes enrolled and tonight's checks frozen.
fn ledger() -> Ledger {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut store = SqliteStore::open(&path).unwrap();
    enrol(&mut store, &homes(), &keys(), begins()).unwrap();
    let planned = checks(&Record::read(&store).unwrap(), night(), begins());
    store.freeze(night(), &planned, begins()).unwrap();
    Ledger {
        store,
        path,
        _folder: folder,
    }
}

impl Ledger {
    /// As after `kill -9`: the file is opened anew, nothing is closed first.
    fn reopen(&mut self) {
        let store = SqliteStore::open(&self.path).unwrap();
        std::mem::forget(std::mem::replace(&mut self.store, store));
    }

    fn saved(&self) -> Saved {
        self.store.saved(night(), begins()).unwrap()
    }

    fn report(&self, counter: u64, finding: Finding) -> NewReport {
        let planned = &self.saved().checks[0].planned;
        let report = Report {
            unit: planned.unit,
            check: planned.check.id,
            look: 1,
            finding,
            at_ms: planned.check.opens,
            clock: ClockState::Synced,
            plan: 1,
            model: "00000000".to_owned(),
            boot: BootId(u64::MAX),
            counter,
            nonce: String::new(),
        };
        let signed = Signed::seal(&report, &SigningKey::from_bytes(&[1; 32]));
        NewReport {
            report,
            signed,
            came: planned.check.opens.after(Duration::from_secs(7)),
            gate: Gate::Open,
        }
    }
}

#[test]
fn what_was_committed_is_there_after_a_crash() {
    let mut ledger = ledger();
    let report = ledger.report(u64::MAX, Finding::Visible);
    let check = report.report.check;
    let outcome = Outcome {
        at: begins(),
        came: begins(),
        how: How::Visible(Arrival::Late),
    };
    let exception = Exception {
        id: 1,
        resident: check.resident,
        cause: Cause::Technical(Fault::Moved),
        opened: begins(),
        due: begins(),
        punctuality: Punctuality::HubWasDown,
        checks: [check].into(),
        late: [check].into(),
        handling: Handling::default(),
        ended: None,
    };
    let mut handling = Handling::default();
    let late = Event::Explained(Ending::LateReport);
    handling.handle(begins(), &late).unwrap();
    let ended = Exception {
        cause: Cause::NoReport,
        handling,
        ended: Some((begins(), Ending::LateReport)),
        ..exception.clone()
    };
    let batch = Batch {
        reports: vec![report.clone()],
        changes: vec![
            Change::Opened(exception),
            Change::Became {
                exception: 1,
                cause: Cause::NoReport,
                at: begins(),
            },
            Change::Settled(check, outcome),
            Change::Ended {
                exception: 1,
                ending: Ending::LateReport,
                at: begins(),
            },
        ],
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    ledger.reopen();

    let saved = ledger.saved();
    assert_eq!((saved.checks.len(), saved.next_exception), (4, 2));
    let found = saved
        .checks
        .iter()
        .find(|saved| saved.planned.check.id == check)
        .unwrap();
    assert_eq!(found.outcome, Some(outcome));
    assert_eq!(found.counted[0].key, report.report.key());
    assert_eq!(saved.exceptions, [ended]);
    let held = ledger
        .store
        .held(report.report.unit, report.report.key())
        .unwrap();
    assert_eq!(held, Some(report.signed));
}

#[test]
fn a_batch_is_written_whole_or_not_at_all() {
    let mut ledger = ledger();
    let report = ledger.report(1, Finding::Visible);
    let impossible = Change::Ended {
        exception: 99,
        ending: Ending::HeardAgain,
        at: begins(),
    };
    let batch = Batch {
        reports: vec![report.clone()],
        changes: vec![impossible],
        ..Batch::default()
    };
    assert!(ledger.store.commit(&batch).is_err());
    assert_eq!(
        ledger
            .store
            .held(report.report.unit, report.report.key())
            .unwrap(),
        None
    );
}

fn altered(check: nattsyn_protocol::ids::CheckId) -> Altered {
    Altered {
        check,
        what: Alteration::CalledOff(CallOff::Away),
        by: "dag-003".to_owned(),
        why: "hos dottern, åter söndag".to_owned(),
        at: begins(),
    }
}

fn word(check: nattsyn_protocol::ids::CheckId) -> Word {
    Word {
        check,
        said: Said::Spoke,
        by: "natt-017".parse().unwrap(),
        at: begins(),
    }
}

fn matter() -> Matter {
    Matter {
        id: 1,
        subject: Subject::Hub,
        situation: Situation::HubClock,
        opened: begins(),
    }
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one row of every table, and every table in one list"
)]
fn what_was_written_can_be_neither_changed_nor_deleted() {
    let mut ledger = ledger();
    let report = ledger.report(1, Finding::Visible);
    let check = report.report.check;
    let exception = Exception {
        id: 1,
        resident: check.resident,
        cause: Cause::Silent,
        opened: begins(),
        due: begins(),
        punctuality: Punctuality::InTime,
        checks: [check].into(),
        late: [].into(),
        handling: Handling::default(),
        ended: None,
    };
    let outcome = Outcome {
        at: begins(),
        came: begins(),
        how: How::Visible(Arrival::InTime),
    };
    let notice = Notice {
        unit: report.report.unit,
        check,
        look: 1,
        fault: Fault::EyeDown,
        at_ms: begins(),
    };
    let changes = vec![
        Change::Opened(exception),
        Change::Settled(check, outcome),
        Change::Altered(altered(check)),
        Change::Spoken(word(check)),
        Change::Raised(matter()),
        Change::Cleared {
            matter: 1,
            by: None,
            at: begins(),
        },
    ];
    let notices = vec![(notice, begins())];
    let repeats = vec![repeated(&report)];
    ledger
        .store
        .commit(&Batch {
            contradictions: vec![contradicting(&report, 1)],
            reports: vec![report],
            notices,
            repeats,
            looking: vec![],
            counts: vec![],
            words: vec![],
            commissioned: vec![],
            steps: vec![],
            refused: vec![],
            changes,
        })
        .unwrap();

    let by_hand = Connection::open(&ledger.path).unwrap();
    let mut tables = 0;
    for (table, column) in [
        ("plans", "body"),
        ("nights", "frozen_ms"),
        ("night_counts", "checks"),
        ("checks", "looks_ms"),
        ("reports", "finding"),
        ("notices", "fault"),
        ("repeats", "came_ms"),
        ("contradictions", "body"),
        ("outcomes", "outcome"),
        ("exceptions", "cause"),
        ("exception_events", "event"),
        ("check_changes", "why"),
        ("words", "said"),
        ("matters", "situation"),
        ("matter_ends", "at_ms"),
    ] {
        let count = |sql: &str| {
            by_hand
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        let before = count(&format!("SELECT count(*) FROM {table}"));
        assert!(before > 0, "{table} is empty");
        for sql in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
        ] {
            let refusal = by_hand.execute(&sql, []).unwrap_err().to_string();
            assert!(refusal.contains("only added to"), "{sql}: {refusal}");
        }
        assert_eq!(count(&format!("SELECT count(*) FROM {table}")), before);
        tables += 1;
    }
    assert_eq!(tables, 15);
    // Nor may the hub itself replace a row, which deletes it first.
    let replace = "INSERT OR REPLACE INTO outcomes SELECT * FROM outcomes";
    let refusal = ledger.store.connection.execute(replace, []).unwrap_err();
    assert!(refusal.to_string().contains("only added to"), "{refusal}");
}

fn repeated(report: &NewReport) -> Repeated {
    Repeated {
        unit: report.report.unit,
        key: report.report.key(),
        came: begins(),
    }
}

/// A report by the number of another, and not the same.
fn contradicting(first: &NewReport, nonce: u32) -> NewReport {
    let report = Report {
        finding: Finding::NotVisible,
        nonce: nonce.to_string(),
        ..first.report.clone()
    };
    NewReport {
        signed: Signed::seal(&report, &SigningKey::from_bytes(&[1; 32])),
        report,
        came: first.came.after(Duration::from_secs(60)),
        gate: Gate::Open,
    }
}

#[test]
fn a_report_that_came_again_is_counted_on_its_line_and_not_for_ever() {
    let mut ledger = ledger();
    let report = ledger.report(1, Finding::Visible);
    let repeats = vec![repeated(&report); 3];
    let batch = Batch {
        reports: vec![report.clone()],
        repeats,
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    let count = |ledger: &Ledger| {
        let lines = ledger.store.account(night()).unwrap().lines;
        let line = lines.iter().find(|line| line.id == report.report.check);
        let line = line.unwrap();
        let is_said = line.situations().contains(&Situation::ReportRepeated);
        assert_eq!(is_said, line.repeats > 0);
        (line.repeats, line.looks.len())
    };
    assert_eq!(count(&ledger), (3, 1));
    let repeats = vec![repeated(&report); 20];
    let batch = Batch {
        repeats,
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    assert_eq!(count(&ledger), (u32::from(REPEATS_MAX), 1));
}

#[test]
fn a_second_outcome_and_a_second_report_by_one_name_are_refused() {
    let mut ledger = ledger();
    let report = ledger.report(1, Finding::Visible);
    let outcome = Outcome {
        at: begins(),
        came: begins(),
        how: How::Visible(Arrival::InTime),
    };
    let settled = Batch {
        changes: vec![Change::Settled(report.report.check, outcome)],
        ..Batch::default()
    };
    ledger.store.commit(&settled).unwrap();
    assert!(ledger.store.commit(&settled).is_err());
    let reported = Batch {
        reports: vec![report],
        ..Batch::default()
    };
    ledger.store.commit(&reported).unwrap();
    assert!(ledger.store.commit(&reported).is_err());
}

#[test]
fn a_ledger_of_a_newer_hub_is_refused_and_untouched() {
    let ledger = ledger();
    let by_hand = Connection::open(&ledger.path).unwrap();
    by_hand
        .execute("INSERT INTO schema VALUES (1000)", [])
        .unwrap();
    let error = SqliteStore::open(&ledger.path).unwrap_err().to_string();
    assert!(
        error.contains("schema version 1000") && error.contains("newer hub"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_no_ledger_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    std::fs::write(
        &path,
        "not a database, but long enough to be looked at".repeat(99),
    )
    .unwrap();
    let error = SqliteStore::open(&path).unwrap_err().to_string();
    assert!(error.contains("ledger.sqlite"), "{error}");
}

#[test]
fn enrolling_the_same_twice_changes_no_plan_and_a_change_is_a_new_version() {
    let mut ledger = ledger();
    let again = enrol(&mut ledger.store, &homes(), &keys(), begins()).unwrap();
    assert_eq!(again.plans, []);

    let mut changed = homes();
    changed.plans[0].offset_s += 1;
    let enrolled = enrol(&mut ledger.store, &changed, &keys(), begins()).unwrap();
    assert_eq!(enrolled.plans, [(changed.plans[0].resident, 2)]);
    let plans = ledger.store.plans().unwrap();
    assert_eq!(plans.len(), 4);
    let message = nattsyn_protocol::hello::PlanMessage {
        plan: plans[1].signed.clone(),
        endorsement: keys().endorsement,
    };
    assert_eq!(message.open(&keys().root).unwrap(), plans[1].plan);

    let other = HubKeys {
        signing: SigningKey::from_bytes(&[8; 32]),
        ..keys()
    };
    assert_eq!(
        enrol(&mut ledger.store, &changed, &other, begins())
            .unwrap()
            .plans
            .len(),
        3
    );
}

#[test]
fn who_left_is_no_longer_enrolled_and_keeps_their_ledger() {
    let mut ledger = ledger();
    let mut fewer = homes();
    fewer.homes.truncate(1);
    fewer.plans.truncate(1);
    let left = enrol(&mut ledger.store, &fewer, &keys(), begins()).unwrap();
    assert_eq!(ledger.store.roster().unwrap().homes(), &fewer.homes[..]);
    assert_eq!(
        left.left,
        [homes().homes[1].id],
        "and whoever enrols is told"
    );
    assert_eq!(ledger.saved().checks.len(), 4);

    enrol(&mut ledger.store, &homes(), &keys(), begins()).unwrap();
    assert_eq!(ledger.store.roster().unwrap().homes(), &homes().homes[..]);
}

#[test]
fn an_enrolment_by_another_process_is_noticed() {
    let ledger = ledger();
    let before = ledger.store.revision().unwrap();
    assert_eq!(ledger.store.revision().unwrap(), before);
    let mut other = SqliteStore::open(&ledger.path).unwrap();
    enrol(&mut other, &homes(), &keys(), begins()).unwrap();
    assert_ne!(ledger.store.revision().unwrap(), before);
}

#[test]
fn a_changed_plan_holds_from_the_next_noon_and_a_first_one_from_the_next_window() {
    let mut ledger = ledger();
    let at = |hours: u64| begins().after(Duration::from_secs(hours * 3600));
    let mut changed = homes();
    changed.plans[0].windows.truncate(1);
    enrol(&mut ledger.store, &changed, &keys(), at(2)).unwrap();
    let record = Record::read(&ledger.store).unwrap();
    let of = |night: Date| {
        let planned = checks(&record, night, noon(night, ZONE).unwrap());
        planned
            .iter()
            .filter(|planned| planned.unit == changed.homes[0].unit)
            .count()
    };
    assert_eq!((of(night()), of(night().tomorrow().unwrap())), (2, 1));

    // Enrolled at two in the morning: the window at eleven had opened, the one at three not.
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("ledger.sqlite")).unwrap();
    enrol(&mut store, &homes(), &keys(), at(14)).unwrap();
    let planned = checks(&Record::read(&store).unwrap(), night(), begins());
    let windows: Vec<u8> = planned
        .iter()
        .map(|planned| planned.check.id.window.0)
        .collect();
    assert_eq!(windows, [2]);
}

#[test]
fn what_did_not_count_before_version_20_is_still_so_and_can_have_more_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(&super::schema_of(19)).unwrap();
    let add = |ledger: &rusqlite::Connection, counter: i64, why: &str| {
        ledger.execute(
            "INSERT INTO reports_shut VALUES ('u0000001', '01', ?1, ?2)",
            rusqlite::params![counter, why],
        )
    };
    add(&old, 1, "places").unwrap();
    add(&old, 2, "unsaid").unwrap_err();
    drop(old);
    drop(SqliteStore::open(&path).unwrap());
    let new = rusqlite::Connection::open(&path).unwrap();
    for (counter, why) in [(2, "unsaid"), (3, "unsuited"), (4, "never")] {
        add(&new, counter, why).unwrap();
    }
    add(&new, 5, "").unwrap_err();
    let mut query = new
        .prepare("SELECT why FROM reports_shut ORDER BY counter")
        .unwrap();
    let why = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let why: Vec<String> = why.map(Result::unwrap).collect();
    assert_eq!(why, ["places", "unsaid", "unsuited", "never"]);
    for change in [
        "DELETE FROM reports_shut",
        "UPDATE reports_shut SET why = 'never'",
    ] {
        assert!(new.execute(change, []).is_err(), "{change}");
    }
}
