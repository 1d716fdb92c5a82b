//! What is written of a night beside its reports: changes after noon, people's words, matters; and
//! that a ledger of an older version is read all the same.

use super::*;
use crate::view::ledger::{Account, Balance, Room};

#[test]
fn a_change_after_noon_is_a_further_row_and_the_frozen_one_stays() {
    let mut ledger = ledger();
    let before = ledger.saved().checks[0].clone();
    let check = before.planned.check.id;
    let alterations = [
        Alteration::MadePhysical,
        Alteration::AskIfAway,
        Alteration::NoUnit,
        Alteration::Added,
        Alteration::Restored,
        Alteration::Unit {
            unit: before.planned.unit,
            plan: Some(7),
        },
        Alteration::Unit {
            unit: before.planned.unit,
            plan: None,
        },
    ];
    let off = CallOff::ALL.map(Alteration::CalledOff);
    let all: Vec<Altered> = alterations
        .into_iter()
        .chain(off)
        .map(|what| Altered {
            what,
            ..altered(check)
        })
        .collect();
    let changes = all.iter().cloned().map(Change::Altered);
    let spoken = Said::ALL.map(|said| Word {
        said,
        ..word(check)
    });
    let words = spoken.iter().cloned().map(Change::Spoken);
    let batch = Batch {
        changes: changes.chain(words).collect(),
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    // Freezing again, with another plan, overwrites nothing.
    let mut otherwise = before.planned.clone();
    otherwise.plan = Some(9);
    ledger
        .store
        .freeze(night(), &[otherwise], begins())
        .unwrap();
    ledger.reopen();
    let after = ledger.saved().checks[0].clone();
    assert_eq!(after.planned, before.planned);
    assert_eq!(after.planned.plan, Some(1));
    assert_eq!((after.altered, after.words), (all.clone(), spoken.to_vec()));
    let line = ledger.store.account(night()).unwrap().lines.remove(0);
    assert_eq!((line.altered, line.words), (all, spoken.to_vec()));
}

#[test]
fn every_word_of_a_matter_and_an_outcome_reads_back() {
    let mut ledger = ledger();
    let mut changes = Vec::new();
    let subjects = [
        Subject::Hub,
        Subject::Unit("u0000001".parse().unwrap()),
        Subject::Resident("r0000001".parse().unwrap()),
    ];
    for (&situation, id) in Situation::ALL.iter().zip(1..) {
        let subject = subjects[usize::try_from(id).unwrap() % 3];
        changes.push(Change::Raised(Matter {
            id,
            subject,
            situation,
            opened: begins(),
        }));
    }
    changes.push(Change::Cleared {
        matter: 1,
        by: Some(("tek-1".parse().unwrap(), Closing::Mended)),
        at: begins(),
    });
    let batch = Batch {
        changes: changes.clone(),
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    ledger.reopen();
    let saved = ledger.saved();
    let open: Vec<Change> = saved.matters.into_iter().map(Change::Raised).collect();
    assert_eq!(open, changes[1..changes.len() - 1]);
    assert_eq!(
        saved.next_matter,
        i64::try_from(Situation::ALL.len()).unwrap() + 1
    );
    let night = ledger.store.account(night()).unwrap();
    assert_eq!(night.matters.len(), Situation::ALL.len());
    assert!(
        night
            .matters
            .iter()
            .filter(|matter| matter.cleared.is_some())
            .count()
            == 1
    );
}

#[test]
fn a_ledger_of_the_first_version_is_brought_up_to_date_and_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let by_hand = Connection::open(&path).unwrap();
    by_hand
        .execute_batch(&format!(
            "CREATE TABLE schema (version INTEGER PRIMARY KEY) STRICT;
             {}
             INSERT INTO schema VALUES (1);
             INSERT INTO homes VALUES ('h0000001', 'Ågatan 1', 0, NULL);
             INSERT INTO units VALUES ('u0000001', 'h0000001', 'x', NULL);
             INSERT INTO residents VALUES ('r0000001', 'h0000001', 'Åsa', 0, NULL);
             INSERT INTO nights VALUES ('2026-11-21', 0);
             INSERT INTO checks VALUES ('r0000001.20261121.1', '2026-11-21', 'r0000001',
                                        'u0000001', 1000, 2000, '[1000]');
             INSERT INTO checks VALUES ('r0000001.20261121.2', '2026-11-21', 'r0000001',
                                        'u0000001', 3000, 4000, '[3000]');
             INSERT INTO outcomes VALUES ('r0000001.20261121.1', 'visible_late', 1000, 1500);
             INSERT INTO exceptions VALUES (4, 'r0000001', 'silent', 1200, 2000, 'in_time');
             INSERT INTO exception_events (exception, at_ms, event, check_id)
                VALUES (4, 1200, 'joined', 'r0000001.20261121.2');",
            include_str!("../migrations/001_ledger.sql")
        ))
        .unwrap();
    drop(by_hand);
    let store = SqliteStore::open(&path).unwrap();
    let account = store.account(night()).unwrap();
    assert_eq!(account.lines.len(), 2);
    let now = Timestamp::from_ms(9000).unwrap();
    assert_eq!(
        account.lines[0].account(now),
        Account::Ended(How::Visible(Arrival::Late))
    );
    assert_eq!(account.lines[1].account(now), Account::Open(Cause::Silent));
    assert_eq!(account.lines[1].plan, None);
    assert!(Balance::of(&account, now).holds());
    assert_eq!(account.planned, 2, "counted when it was brought up to date");
    let archive = SqliteArchive::new(&path);
    assert_eq!(archive.account(night()).unwrap(), account);
    assert_eq!(archive.nights().unwrap(), [night()].into());
}

#[test]
fn both_bodies_of_a_contradiction_are_kept_and_stand_on_the_line_uncounted() {
    let mut ledger = ledger();
    let first = ledger.report(1, Finding::Visible);
    let other = contradicting(&first, 7);
    let batch = Batch {
        reports: vec![first.clone()],
        // The very same once more is no further row.
        contradictions: vec![other.clone(), other.clone()],
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    ledger.reopen();
    let kept: (String, String) = ledger
        .store
        .connection
        .query_row("SELECT body, signature FROM contradictions", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(kept, (other.signed.body, other.signed.signature));
    let held = ledger.store.held(first.report.unit, first.report.key());
    assert_eq!(held.unwrap(), Some(first.signed));

    let night = ledger.store.account(night()).unwrap();
    let line = night.lines.iter().find(|it| it.id == first.report.check);
    let line = line.unwrap();
    let [found] = line.contradictions.as_slice() else {
        panic!("{line:?}");
    };
    assert_eq!(
        (found.look.finding, found.counts, found.look.came),
        (Finding::NotVisible, Finding::Visible, other.came)
    );
    assert_eq!((found.check, found.first), (line.id, line.id));
    assert!(line.situations().contains(&Situation::ReportsContradict));
    assert_eq!((line.looks.len(), line.repeats), (1, 0));
    let others = night.lines.iter().filter(|it| it.id != line.id);
    assert_eq!(others.map(|it| it.contradictions.len()).sum::<usize>(), 0);
    // Nor does a watch made anew count it.
    let saved = ledger.saved().checks;
    let saved = saved.iter().find(|it| it.planned.check.id == line.id);
    assert_eq!(saved.unwrap().counted.len(), 1);
}

#[test]
fn a_contradiction_about_another_check_stands_on_both_lines() {
    let mut ledger = ledger();
    let first = ledger.report(1, Finding::Visible);
    let mut other = contradicting(&first, 7);
    other.report.check.window = nattsyn_protocol::ids::WindowKey(2);
    let batch = Batch {
        reports: vec![first.clone()],
        contradictions: vec![other.clone()],
        ..Batch::default()
    };
    ledger.store.commit(&batch).unwrap();
    let night = ledger.store.account(night()).unwrap();
    for check in [first.report.check, other.report.check] {
        let line = night.lines.iter().find(|line| line.id == check).unwrap();
        assert_eq!(line.contradictions.len(), 1, "{check}");
        let found = line.contradictions[0];
        assert_eq!(
            (found.first, found.check),
            (first.report.check, other.report.check)
        );
    }
}

#[test]
fn a_unit_that_floods_the_hub_with_contradictions_does_not_fill_the_disk() {
    let mut ledger = ledger();
    let first = ledger.report(1, Finding::Visible);
    let room = |ledger: &Ledger| {
        let night = ledger.store.account(night()).unwrap();
        let line = night.lines.iter().find(|it| it.id == first.report.check);
        let contradictions = &line.unwrap().contradictions;
        (contradictions.len(), contradictions[0].room)
    };
    let flood = |nonces: std::ops::Range<u32>| Batch {
        contradictions: nonces.map(|nonce| contradicting(&first, nonce)).collect(),
        ..Batch::default()
    };
    let reports = vec![first.clone()];
    ledger
        .store
        .commit(&Batch {
            reports,
            ..flood(0..9)
        })
        .unwrap();
    assert_eq!(room(&ledger), (9, Room::ForMore));
    ledger
        .store
        .commit(&flood(9..CONTRADICTIONS_MAX + 50))
        .unwrap();
    let most = usize::try_from(CONTRADICTIONS_MAX).unwrap();
    assert_eq!(room(&ledger), (most, Room::ForNone));
}

/// Takes a check out of the file, as no program of ours can.
fn lose(ledger: &Ledger, check: nattsyn_protocol::ids::CheckId) {
    let by_hand = Connection::open(&ledger.path).unwrap();
    by_hand
        .execute_batch(&format!(
            "PRAGMA foreign_keys = OFF; DROP TRIGGER checks_remain;
             DELETE FROM checks WHERE check_id = '{check}';"
        ))
        .unwrap();
}

fn balance(ledger: &Ledger) -> Balance {
    let night = ledger.store.account(night()).unwrap();
    Balance::of(&night, begins())
}

#[test]
fn a_night_that_lost_a_line_does_not_balance() {
    let ledger = ledger();
    let whole = balance(&ledger);
    assert!(whole.holds());
    assert_eq!((whole.planned, whole.lines), (4, 4));
    lose(&ledger, ledger.saved().checks[0].planned.check.id);
    let broken = balance(&ledger);
    assert!(!broken.holds());
    assert_eq!((broken.planned, broken.lines, broken.missing()), (4, 3, 1));
}

#[test]
fn a_check_that_is_added_counts_once_and_its_line_is_missed_too() {
    let mut ledger = ledger();
    let mut planned: Vec<Planned> = ledger
        .saved()
        .checks
        .into_iter()
        .map(|it| it.planned)
        .collect();
    let mut added = planned[0].clone();
    added.check.id.window = nattsyn_protocol::ids::WindowKey(7);
    let id = added.check.id;
    planned.push(added);
    for _ in 0..2 {
        ledger.store.freeze(night(), &planned, begins()).unwrap();
        let whole = balance(&ledger);
        assert!(whole.holds() && whole.planned == 5, "{whole:?}");
    }
    lose(&ledger, id);
    assert_eq!(balance(&ledger).missing(), 1);
}

#[test]
fn a_line_that_nobody_planned_does_not_balance_either() {
    let ledger = ledger();
    let by_hand = Connection::open(&ledger.path).unwrap();
    by_hand
        .execute_batch(
            "INSERT INTO checks SELECT replace(check_id, '.1', '.9'), night, resident, unit,
                    opens_ms, deadline_ms, looks_ms, plan, manner FROM checks LIMIT 1;",
        )
        .unwrap();
    let broken = balance(&ledger);
    assert!(!broken.holds());
    assert_eq!((broken.missing(), broken.unplanned()), (0, 1));
}

#[test]
fn every_commit_is_on_the_disk_before_it_is_acknowledged() {
    let ledger = ledger();
    let pragma = |name: &str| -> String {
        let sql = format!("SELECT * FROM pragma_{name}");
        let found = ledger
            .store
            .connection
            .query_row(&sql, [], |row| row.get::<_, rusqlite::types::Value>(0));
        format!("{:?}", found.unwrap())
    };
    // 2 is FULL: synced at every commit.
    assert_eq!(pragma("synchronous"), "Integer(2)");
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
}
