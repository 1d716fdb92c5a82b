//! The ledger's rows: checks, reports, notices, outcomes, exceptions and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::{Connection, Row, Transaction, params};

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{BootId, CheckId};
use nattsyn_protocol::report::{Notice, ReportKey};
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use super::sqlite::doing;
use super::{Batch, NewReport, StoreError, rows};
use crate::view::{Cause, Ending};
use crate::watch::{
    Arrival, Change, Counted, Exception, Noted, Outcome, Planned, Punctuality, Saved, SavedCheck,
};

const READING: &str = "reading the ledger";

/// The checks that a watch needs: of one night (`?1`), and any without an outcome.
const NEEDED: &str = "(night = ?1 OR check_id NOT IN (SELECT check_id FROM outcomes))";

pub(super) fn freeze_check(
    transaction: &Transaction<'_>,
    planned: &Planned,
) -> rusqlite::Result<usize> {
    let check = &planned.check;
    let looks_ms: Vec<i64> = check.looks.iter().map(|look| look.as_ms()).collect();
    let looks_ms = serde_json::to_string(&looks_ms).expect("numbers always have a JSON form");
    transaction.execute(
        "INSERT INTO checks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        params![
            check.id.to_string(),
            check.id.night.to_string(),
            check.id.resident.to_string(),
            planned.unit.to_string(),
            check.opens.as_ms(),
            check.deadline.as_ms(),
            looks_ms,
        ],
    )
}

pub(super) fn write(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    for report in &batch.reports {
        write_report(transaction, report)?;
    }
    for (notice, came) in &batch.notices {
        write_notice(transaction, notice, *came)?;
    }
    for change in &batch.changes {
        write_change(transaction, change)?;
    }
    Ok(())
}

fn write_report(transaction: &Transaction<'_>, new: &NewReport) -> rusqlite::Result<()> {
    let report = &new.report;
    transaction
        .prepare_cached(
            "INSERT INTO reports (unit, boot, counter, check_id, look, finding, at_ms, came_ms,
                                  body, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            report.unit.to_string(),
            report.boot.to_string(),
            report.counter.cast_signed(),
            report.check.to_string(),
            report.look,
            report.finding.to_string(),
            report.at_ms.as_ms(),
            new.came.as_ms(),
            new.signed.body,
            new.signed.signature,
        ])
        .map(drop)
}

fn write_notice(
    transaction: &Transaction<'_>,
    notice: &Notice,
    came: Timestamp,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO notices (unit, check_id, look, fault, at_ms, came_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            notice.unit.to_string(),
            notice.check.to_string(),
            notice.look,
            Finding::Technical(notice.fault).to_string(),
            notice.at_ms.as_ms(),
            came.as_ms(),
        ])
        .map(drop)
}

fn write_change(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Settled(check, outcome) => transaction
            .execute(
                "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4)",
                params![
                    check.to_string(),
                    arrival_word(outcome.arrival),
                    outcome.at.as_ms(),
                    outcome.came.as_ms()
                ],
            )
            .map(drop),
        Change::Opened(exception) => write_exception(transaction, exception),
        Change::Joined {
            exception,
            check,
            at,
        } => write_event(
            transaction,
            *exception,
            *at,
            ("joined", Some(*check), None, None),
        ),
        Change::Left {
            exception,
            check,
            at,
        } => write_event(
            transaction,
            *exception,
            *at,
            ("left", Some(*check), None, None),
        ),
        Change::Became {
            exception,
            cause,
            at,
        } => write_event(
            transaction,
            *exception,
            *at,
            ("became", None, Some(*cause), None),
        ),
        Change::Ended {
            exception,
            ending,
            at,
        } => write_event(
            transaction,
            *exception,
            *at,
            ("ended", None, None, Some(*ending)),
        ),
    }
}

fn write_exception(transaction: &Transaction<'_>, exception: &Exception) -> rusqlite::Result<()> {
    let punctuality = match exception.punctuality {
        Punctuality::InTime => "in_time",
        Punctuality::HubWasDown => "hub_was_down",
    };
    transaction.execute(
        "INSERT INTO exceptions VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            exception.id,
            exception.resident.to_string(),
            exception.cause.to_string(),
            exception.opened.as_ms(),
            exception.due.as_ms(),
            punctuality,
        ],
    )?;
    for &check in &exception.checks {
        let event = ("joined", Some(check), None, None);
        write_event(transaction, exception.id, exception.opened, event)?;
    }
    Ok(())
}

type Event = (&'static str, Option<CheckId>, Option<Cause>, Option<Ending>);

fn write_event(
    transaction: &Transaction<'_>,
    exception: i64,
    at: Timestamp,
    (event, check, cause, ending): Event,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO exception_events (exception, at_ms, event, check_id, cause, ending)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            exception,
            at.as_ms(),
            event,
            check.map(|check| check.to_string()),
            cause.map(|cause| cause.to_string()),
            ending.map(ending_word),
        ])
        .map(drop)
}

pub(super) fn saved(
    connection: &Connection,
    night: Date,
    since: Timestamp,
) -> Result<Saved, StoreError> {
    let next_exception = connection
        .query_row(
            "SELECT coalesce(max(exception), 0) + 1 FROM exceptions",
            [],
            |row| row.get(0),
        )
        .map_err(doing(READING))?;
    Ok(Saved {
        checks: saved_checks(connection, night)?,
        exceptions: saved_exceptions(connection, since)?,
        next_exception,
    })
}

fn saved_checks(connection: &Connection, night: Date) -> Result<Vec<SavedCheck>, StoreError> {
    let night = night.to_string();
    let mut checks: BTreeMap<CheckId, SavedCheck> = BTreeMap::new();
    let sql = format!(
        "SELECT check_id, unit, opens_ms, deadline_ms, looks_ms, outcome, at_ms, came_ms
         FROM checks LEFT JOIN outcomes USING (check_id) WHERE {NEEDED}"
    );
    each(connection, &sql, &night, |row| {
        let check = saved_check(row)?;
        checks.insert(check.planned.check.id, check);
        Ok(())
    })?;
    let sql = format!(
        "SELECT check_id, boot, counter, look, at_ms, came_ms, finding
         FROM reports JOIN checks USING (check_id, unit) WHERE {NEEDED} ORDER BY id"
    );
    each(connection, &sql, &night, |row| {
        if let Some(check) = checks.get_mut(&rows::parsed(row, 0, READING)?) {
            check.counted.push(counted(row)?);
        }
        Ok(())
    })?;
    let sql = format!(
        "SELECT check_id, look, fault
         FROM notices JOIN checks USING (check_id, unit) WHERE {NEEDED} ORDER BY id"
    );
    each(connection, &sql, &night, |row| {
        if let Some(check) = checks.get_mut(&rows::parsed(row, 0, READING)?) {
            check.noted.push(noted(row)?);
        }
        Ok(())
    })?;
    Ok(checks.into_values().collect())
}

fn saved_check(row: &Row<'_>) -> Result<SavedCheck, StoreError> {
    let looks: String = row.get(4).map_err(doing(READING))?;
    let looks = serde_json::from_str(&looks).map_err(|_error| rows::unreadable(READING, &looks))?;
    let outcome: Option<String> = row.get(5).map_err(doing(READING))?;
    let outcome = match outcome {
        Some(word) => Some(Outcome {
            arrival: arrival(&word)?,
            at: rows::moment(row, 6, READING)?,
            came: rows::moment(row, 7, READING)?,
        }),
        None => None,
    };
    Ok(SavedCheck {
        planned: Planned {
            check: Check {
                id: rows::parsed(row, 0, READING)?,
                opens: rows::moment(row, 2, READING)?,
                deadline: rows::moment(row, 3, READING)?,
                looks,
            },
            unit: rows::parsed(row, 1, READING)?,
        },
        counted: Vec::new(),
        noted: Vec::new(),
        outcome,
    })
}

fn counted(row: &Row<'_>) -> Result<Counted, StoreError> {
    let boot: String = row.get(1).map_err(doing(READING))?;
    let counter: i64 = row.get(2).map_err(doing(READING))?;
    let finding: String = row.get(6).map_err(doing(READING))?;
    Ok(Counted {
        key: ReportKey {
            boot: BootId::try_from(boot.clone())
                .map_err(|_error| rows::unreadable(READING, &boot))?,
            counter: counter.cast_unsigned(),
        },
        look: row.get(3).map_err(doing(READING))?,
        at: rows::moment(row, 4, READING)?,
        came: rows::moment(row, 5, READING)?,
        finding: Finding::from(finding),
    })
}

fn noted(row: &Row<'_>) -> Result<Noted, StoreError> {
    let word: String = row.get(2).map_err(doing(READING))?;
    let fault = match Finding::from(word) {
        Finding::Technical(fault) => fault,
        Finding::Visible | Finding::NotVisible | Finding::Unclear(_) | Finding::Paused => {
            Fault::Unrecognised
        }
    };
    Ok(Noted {
        look: row.get(1).map_err(doing(READING))?,
        fault,
    })
}

fn saved_exceptions(
    connection: &Connection,
    since: Timestamp,
) -> Result<Vec<Exception>, StoreError> {
    let mut exceptions: BTreeMap<i64, Exception> = BTreeMap::new();
    let needed = "exception NOT IN (
        SELECT exception FROM exception_events WHERE event = 'ended' AND at_ms < ?1)";
    let sql = format!(
        "SELECT exception, resident, cause, opened_ms, due_ms, punctuality
         FROM exceptions WHERE {needed}"
    );
    each(connection, &sql, &since.as_ms(), |row| {
        let exception = exception(row)?;
        exceptions.insert(exception.id, exception);
        Ok(())
    })?;
    let sql = format!(
        "SELECT exception, at_ms, event, check_id, cause, ending
         FROM exception_events WHERE {needed} ORDER BY id"
    );
    each(connection, &sql, &since.as_ms(), |row| {
        let id: i64 = row.get(0).map_err(doing(READING))?;
        if let Some(exception) = exceptions.get_mut(&id) {
            become_(exception, row)?;
        }
        Ok(())
    })?;
    Ok(exceptions.into_values().collect())
}

fn exception(row: &Row<'_>) -> Result<Exception, StoreError> {
    let cause: String = row.get(2).map_err(doing(READING))?;
    let punctuality: String = row.get(5).map_err(doing(READING))?;
    Ok(Exception {
        id: row.get(0).map_err(doing(READING))?,
        resident: rows::parsed(row, 1, READING)?,
        cause: Cause::from_word(&cause),
        opened: rows::moment(row, 3, READING)?,
        due: rows::moment(row, 4, READING)?,
        punctuality: match punctuality.as_str() {
            "in_time" => Punctuality::InTime,
            _ => Punctuality::HubWasDown,
        },
        checks: BTreeSet::new(),
        ended: None,
    })
}

/// Applies one event to its exception.
fn become_(exception: &mut Exception, row: &Row<'_>) -> Result<(), StoreError> {
    let event: String = row.get(2).map_err(doing(READING))?;
    match event.as_str() {
        "joined" => {
            exception.checks.insert(rows::parsed(row, 3, READING)?);
        }
        "left" => {
            exception.checks.remove(&rows::parsed(row, 3, READING)?);
        }
        "became" => {
            let cause: String = row.get(4).map_err(doing(READING))?;
            exception.cause = Cause::from_word(&cause);
        }
        "ended" => {
            let word: String = row.get(5).map_err(doing(READING))?;
            exception.ended = Some((rows::moment(row, 1, READING)?, ending(&word)?));
        }
        other => return Err(rows::unreadable(READING, other)),
    }
    Ok(())
}

fn each(
    connection: &Connection,
    sql: &str,
    parameter: &dyn rusqlite::ToSql,
    mut act: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut query = connection.prepare_cached(sql).map_err(doing(READING))?;
    let mut found = query.query([parameter]).map_err(doing(READING))?;
    while let Some(row) = found.next().map_err(doing(READING))? {
        act(row)?;
    }
    Ok(())
}

fn arrival_word(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::InTime => "visible",
        Arrival::Late => "visible_late",
    }
}

fn arrival(word: &str) -> Result<Arrival, StoreError> {
    match word {
        "visible" => Ok(Arrival::InTime),
        "visible_late" => Ok(Arrival::Late),
        other => Err(rows::unreadable(READING, other)),
    }
}

fn ending_word(ending: Ending) -> &'static str {
    match ending {
        Ending::LaterVisible => "later_visible",
        Ending::LateReport => "late_report",
        Ending::HeardAgain => "heard_again",
    }
}

fn ending(word: &str) -> Result<Ending, StoreError> {
    match word {
        "later_visible" => Ok(Ending::LaterVisible),
        "late_report" => Ok(Ending::LateReport),
        "heard_again" => Ok(Ending::HeardAgain),
        other => Err(rows::unreadable(READING, other)),
    }
}
