//! One resident out of a whole ledger: their own, bounded, and nobody else's.

use super::*;
use crate::agreement::{Confirmed, NewAbsence};
use crate::store::{Archive, Entries, SqliteArchive};
use crate::view::resident::NIGHTS_BEFORE;

/// Everybody with a check tonight, and the ledger.
fn residents(ledger: &Ledger) -> Vec<ResidentId> {
    let checks = ledger.saved().checks;
    let mut own: Vec<_> = checks
        .iter()
        .map(|it| it.planned.check.id.resident)
        .collect();
    own.dedup();
    own
}

#[test]
fn a_resident_is_read_with_what_was_agreed_and_their_own_lines_alone() {
    let mut ledger = ledger();
    let who = residents(&ledger)[0];
    let report = ledger.report(1, Finding::Visible);
    assert_eq!(report.report.check.resident, who);
    let batch = Batch {
        reports: vec![report.clone()],
        changes: vec![Change::Spoken(word(report.report.check))],
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    let said = Confirmed {
        at: begins(),
        by: "dag-003".to_owned(),
    };
    let absence = |resident, first: Date| NewAbsence {
        resident,
        why: crate::agreement::Away::Away,
        first,
        last: Some(first),
        said: said.clone(),
    };
    let other = *residents(&ledger).last().unwrap();
    assert_ne!(other, who);
    let entries = Entries {
        absences: vec![
            absence(who, night().tomorrow().unwrap()),
            absence(who, night().yesterday().unwrap()),
            absence(other, night()),
        ],
        ..Entries::default()
    };
    ledger.store.record(&entries, begins()).unwrap();
    let archive = SqliteArchive::new(&ledger.path);
    let file = archive.resident(who, night()).unwrap().unwrap();
    assert_eq!(file.person.resident, who);
    assert!(!file.person.name.is_empty() && !file.person.address.is_empty());
    assert_eq!(file.unit, Some(report.report.unit));
    assert_eq!(file.agreed.unwrap().agreement.resident, who);
    assert_eq!(file.absences.len(), 1, "what is over is left out");
    assert_eq!(file.ended, None);
    let [(date, lines)] = file.nights.as_slice() else {
        panic!("{:?}", file.nights);
    };
    assert_eq!(*date, night());
    assert!(lines.iter().all(|line| line.id.resident == who));
    let whole = ledger.store.account(night()).unwrap().lines;
    let own: Vec<_> = whole
        .into_iter()
        .filter(|line| line.id.resident == who)
        .collect();
    assert_eq!(*lines, own, "line by line as in the night's ledger");
    assert_eq!(lines[0].looks.len(), 1);
    assert_eq!(lines[0].words.len(), 1);
}

#[test]
fn only_the_last_nights_are_read_and_none_that_is_still_to_come() {
    let mut ledger = ledger();
    let who = residents(&ledger)[0];
    let record = Record::read(&ledger.store).unwrap();
    let mut latest = night();
    for _ in 0..=NIGHTS_BEFORE {
        latest = latest.tomorrow().unwrap();
        let at = noon(latest, ZONE).unwrap();
        let planned = checks(&record, latest, at);
        ledger.store.freeze(latest, &planned, at).unwrap();
    }
    let archive = SqliteArchive::new(&ledger.path);
    let tonight = latest.yesterday().unwrap();
    let file = archive.resident(who, tonight).unwrap().unwrap();
    let nights: Vec<Date> = file.nights.iter().map(|(night, _)| *night).collect();
    assert_eq!(nights.len(), NIGHTS_BEFORE + 1);
    assert_eq!(nights[0], tonight, "latest first");
    assert_eq!(nights[NIGHTS_BEFORE], night());
    let later = archive.resident(who, latest).unwrap().unwrap();
    assert!(later.nights.iter().all(|(date, _)| *date > night()));
}

#[test]
fn nobody_is_made_up() {
    let ledger = ledger();
    let archive = SqliteArchive::new(&ledger.path);
    let nobody = ResidentId::from_random([30; 8]);
    assert_eq!(archive.resident(nobody, night()).unwrap(), None);
}
