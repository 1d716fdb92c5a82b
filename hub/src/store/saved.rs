//! Reading the ledger's rows back, as a watch needs them when the hub starts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::{Connection, Row};

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{BootId, CheckId};
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use super::sqlite::doing;
use super::{StoreError, handlings, rows, words};
use crate::commission::gate::{Gate, Shut};
use crate::exception::{Event, Handling};
use crate::view::Cause;
use crate::watch::situation::Situation;
use crate::watch::{
    Altered, Counted, Exception, Matter, Noted, Outcome, Planned, Punctuality, Saved, SavedCheck,
    Word,
};

const READING: &str = "reading the ledger";

/// The checks that a watch needs: of one night (`?1`), and any without an outcome.
const NEEDED: &str = "(night = ?1 OR check_id NOT IN (SELECT check_id FROM outcomes))";

/// The columns of a change of a check, for [`altered`].
pub(super) const ALTERED: &str = "check_changes.check_id, check_changes.at_ms, change, reason,
    check_changes.unit, check_changes.plan, made_by, why";

/// The columns of what a person said, for [`spoken`].
pub(super) const SPOKEN: &str = "words.check_id, said, said_by, words.at_ms";

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
    let next_matter = connection
        .query_row(
            "SELECT coalesce(max(matter), 0) + 1 FROM matters",
            [],
            |row| row.get(0),
        )
        .map_err(doing(READING))?;
    Ok(Saved {
        checks: saved_checks(connection, night)?,
        exceptions: saved_exceptions(connection, since)?,
        next_exception,
        matters: open_matters(connection)?,
        next_matter,
    })
}

fn saved_checks(connection: &Connection, night: Date) -> Result<Vec<SavedCheck>, StoreError> {
    let night = night.to_string();
    let mut checks: BTreeMap<CheckId, SavedCheck> = BTreeMap::new();
    let sql = format!(
        "SELECT check_id, unit, opens_ms, deadline_ms, looks_ms, outcome, at_ms, came_ms,
                checks.plan, manner
         FROM checks LEFT JOIN outcomes USING (check_id) WHERE {NEEDED}"
    );
    each(connection, &sql, &night, |row| {
        let check = saved_check(row)?;
        checks.insert(check.planned.check.id, check);
        Ok(())
    })?;
    let sql = format!(
        "SELECT check_id, boot, counter, look, at_ms, came_ms, finding, reports.unit, reports.plan,
                (SELECT why FROM reports_shut WHERE reports_shut.unit = reports.unit
                 AND reports_shut.boot = reports.boot
                 AND reports_shut.counter = reports.counter)
         FROM reports JOIN checks USING (check_id) WHERE {NEEDED} ORDER BY id"
    );
    each(connection, &sql, &night, |row| {
        if let Some(check) = checks.get_mut(&rows::parsed(row, 0, READING)?) {
            check.counted.push(counted(row)?);
        }
        Ok(())
    })?;
    let sql = format!(
        "SELECT check_id, look, fault
         FROM notices JOIN checks USING (check_id) WHERE {NEEDED} ORDER BY id"
    );
    each(connection, &sql, &night, |row| {
        if let Some(check) = checks.get_mut(&rows::parsed(row, 0, READING)?) {
            check.noted.push(noted(row)?);
        }
        Ok(())
    })?;
    let sql = format!(
        "SELECT {ALTERED} FROM check_changes JOIN checks USING (check_id)
         WHERE {NEEDED} ORDER BY id"
    );
    each(connection, &sql, &night, |row| {
        let altered = altered(row)?;
        if let Some(check) = checks.get_mut(&altered.check) {
            check.altered.push(altered);
        }
        Ok(())
    })?;
    let sql = format!(
        "SELECT {SPOKEN} FROM words JOIN checks USING (check_id) WHERE {NEEDED} ORDER BY id"
    );
    each(connection, &sql, &night, |row| {
        let word = spoken(row)?;
        if let Some(check) = checks.get_mut(&word.check) {
            check.words.push(word);
        }
        Ok(())
    })?;
    Ok(checks.into_values().collect())
}

pub(super) fn saved_check(row: &Row<'_>) -> Result<SavedCheck, StoreError> {
    let looks: String = row.get(4).map_err(doing(READING))?;
    let looks = serde_json::from_str(&looks).map_err(|_error| rows::unreadable(READING, &looks))?;
    let outcome: Option<String> = row.get(5).map_err(doing(READING))?;
    let outcome = match outcome {
        Some(word) => Some(Outcome {
            how: words::how(&word)?,
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
            plan: row.get(8).map_err(doing(READING))?,
            manner: words::manner(&rows::text(row, 9, READING)?)?,
        },
        altered: Vec::new(),
        counted: Vec::new(),
        noted: Vec::new(),
        words: Vec::new(),
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
        unit: rows::parsed(row, 7, READING)?,
        look: row.get(3).map_err(doing(READING))?,
        plan: row.get(8).map_err(doing(READING))?,
        at: rows::moment(row, 4, READING)?,
        came: rows::moment(row, 5, READING)?,
        finding: Finding::from(finding),
        gate: match row.get::<_, Option<String>>(9).map_err(doing(READING))? {
            None => Gate::Open,
            Some(word) => {
                let why = Shut::from_word(&word);
                Gate::Shut(why.ok_or_else(|| rows::unreadable(READING, &word))?)
            }
        },
    })
}

pub(super) fn noted(row: &Row<'_>) -> Result<Noted, StoreError> {
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
    let needed = "exception NOT IN (
        SELECT exception FROM exception_events WHERE event = 'ended' AND at_ms < ?1)";
    let exceptions = exceptions(connection, needed, &since.as_ms())?;
    Ok(exceptions.into_values().collect())
}

/// The exceptions that `needed` selects by `parameter`, as they stand.
pub(super) fn exceptions(
    connection: &Connection,
    needed: &str,
    parameter: &dyn rusqlite::ToSql,
) -> Result<BTreeMap<i64, Exception>, StoreError> {
    let mut exceptions: BTreeMap<i64, Exception> = BTreeMap::new();
    let sql = format!(
        "SELECT exception, resident, cause, opened_ms, due_ms, punctuality
         FROM exceptions WHERE {needed}"
    );
    each(connection, &sql, parameter, |row| {
        let exception = exception(row)?;
        exceptions.insert(exception.id, exception);
        Ok(())
    })?;
    handlings::read(connection, needed, parameter, |id, at, event| {
        if let Some(exception) = exceptions.get_mut(&id)
            && let Err(error) = exception.handling.handle(at, &event)
        {
            tracing::error!(exception = id, %error, "what was done about a row cannot have been");
        }
    })?;
    let sql = format!(
        "SELECT exception, at_ms, event, check_id, cause, ending, punctuality
         FROM exception_events WHERE {needed} ORDER BY id"
    );
    each(connection, &sql, parameter, |row| {
        let id: i64 = row.get(0).map_err(doing(READING))?;
        exceptions
            .get_mut(&id)
            .map_or(Ok(()), |exception| become_(exception, row))
    })?;
    Ok(exceptions)
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
        punctuality: words::punctuality(&punctuality)?,
        checks: BTreeSet::new(),
        late: BTreeSet::new(),
        handling: Handling::default(),
        ended: None,
    })
}

/// Applies one event to its exception.
fn become_(exception: &mut Exception, row: &Row<'_>) -> Result<(), StoreError> {
    let event: String = row.get(2).map_err(doing(READING))?;
    match event.as_str() {
        "joined" => {
            let check = rows::parsed(row, 3, READING)?;
            exception.checks.insert(check);
            let punctuality: Option<String> = row.get(6).map_err(doing(READING))?;
            // Of before it was written with each check, it stood with the row alone.
            let punctuality =
                punctuality.map_or(Ok(exception.punctuality), |word| words::punctuality(&word))?;
            match punctuality {
                Punctuality::InTime => exception.late.remove(&check),
                Punctuality::HubWasDown => exception.late.insert(check),
            };
        }
        "left" => {
            let check = rows::parsed(row, 3, READING)?;
            exception.checks.remove(&check);
            exception.late.remove(&check);
        }
        "became" => {
            let cause: String = row.get(4).map_err(doing(READING))?;
            exception.cause = Cause::from_word(&cause);
        }
        "ended" => {
            let word: String = row.get(5).map_err(doing(READING))?;
            let (at, ending) = (rows::moment(row, 1, READING)?, words::ending(&word)?);
            exception.ended = Some((at, ending));
            // Unless somebody had said so: then that stands already.
            exception
                .handling
                .handle(at, &Event::Explained(ending))
                .ok();
        }
        other => return Err(rows::unreadable(READING, other)),
    }
    Ok(())
}

pub(super) fn each(
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

pub(super) fn altered(row: &Row<'_>) -> Result<Altered, StoreError> {
    let change = rows::text(row, 2, READING)?;
    let reason: Option<String> = row.get(3).map_err(doing(READING))?;
    let unit: Option<String> = row.get(4).map_err(doing(READING))?;
    let unit = match unit {
        Some(id) => Some(
            id.parse()
                .ok()
                .ok_or_else(|| rows::unreadable(READING, &id))?,
        ),
        None => None,
    };
    let plan = row.get(5).map_err(doing(READING))?;
    Ok(Altered {
        check: rows::parsed(row, 0, READING)?,
        what: words::alteration(&change, reason.as_deref(), unit, plan)?,
        by: rows::text(row, 6, READING)?,
        why: rows::text(row, 7, READING)?,
        at: rows::moment(row, 1, READING)?,
    })
}

pub(super) fn spoken(row: &Row<'_>) -> Result<Word, StoreError> {
    Ok(Word {
        check: rows::parsed(row, 0, READING)?,
        said: words::said(&rows::text(row, 1, READING)?)?,
        by: rows::parsed(row, 2, READING)?,
        at: rows::moment(row, 3, READING)?,
    })
}

/// Matters that nobody and nothing has ended.
fn open_matters(connection: &Connection) -> Result<Vec<Matter>, StoreError> {
    let mut matters = Vec::new();
    let sql = "SELECT matter, subject, situation, opened_ms FROM matters
               WHERE matter NOT IN (SELECT matter FROM matter_ends) AND ?1 = ?1 ORDER BY matter";
    each(connection, sql, &0, |row| {
        matters.push(matter(row)?);
        Ok(())
    })?;
    Ok(matters)
}

pub(super) fn matter(row: &Row<'_>) -> Result<Matter, StoreError> {
    let situation = rows::text(row, 2, READING)?;
    Ok(Matter {
        id: row.get(0).map_err(doing(READING))?,
        subject: rows::parsed(row, 1, READING)?,
        situation: Situation::from_word(&situation)
            .ok_or_else(|| rows::unreadable(READING, &situation))?,
        opened: rows::moment(row, 3, READING)?,
    })
}
