//! Reading one night of the ledger whole, line by line, for people.
//!
//! Reads what is written and judges nothing. In one transaction, so that a night that is being
//! written meanwhile balances all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row};

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::time::Timestamp;

use super::apart::{self, Deaths};
use super::saved::{ALTERED, SPOKEN, altered, each, matter, noted, spoken};
use super::sqlite::doing;
use super::{CONTRADICTIONS_MAX, StoreError, rows, saved, tellings};
use crate::notify::chain::TeamName;
use crate::notify::proof::{self, Proof};
use crate::view::ledger::{Apart, ContradictionLine, Line, MatterLine, NightLedger, Room};
use crate::view::{LookRow, Person};
use crate::watch::{Closing, StaffId, Subject};

const READING: &str = "reading a night of the ledger";

pub(super) fn nights(connection: &Connection) -> Result<BTreeSet<Date>, StoreError> {
    let mut nights = BTreeSet::new();
    each(
        connection,
        "SELECT night FROM nights WHERE ?1 = ?1",
        &0,
        |row| {
            nights.insert(rows::parsed(row, 0, READING)?);
            Ok(())
        },
    )?;
    Ok(nights)
}

/// The latest of what is stamped when it is written.
pub(super) fn latest(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut latest: Option<i64> = None;
    for sql in [
        "SELECT frozen_ms FROM nights ORDER BY frozen_ms DESC LIMIT 1",
        "SELECT came_ms FROM reports ORDER BY id DESC LIMIT 1",
        "SELECT opened_ms FROM exceptions ORDER BY exception DESC LIMIT 1",
        "SELECT at_ms FROM exception_events ORDER BY id DESC LIMIT 1",
    ] {
        let found = connection.query_row(sql, [], |row| row.get(0)).optional();
        latest = latest.max(found.map_err(doing(READING))?);
    }
    let moment = |ms: i64| {
        Timestamp::from_ms(ms).map_err(|_error| rows::unreadable(READING, &ms.to_string()))
    };
    latest.map(moment).transpose()
}

pub(super) fn account(connection: &Connection, night: Date) -> Result<NightLedger, StoreError> {
    let transaction = connection.unchecked_transaction().map_err(doing(READING))?;
    let key = night.to_string();
    let frozen: Option<i64> = transaction
        .query_row(
            "SELECT frozen_ms FROM nights WHERE night = ?1",
            [&key],
            |row| row.get(0),
        )
        .optional()
        .map_err(doing(READING))?;
    let frozen = match frozen {
        Some(ms) => Some(
            Timestamp::from_ms(ms).map_err(|_error| rows::unreadable(READING, &ms.to_string()))?,
        ),
        None => None,
    };
    // Not counted from the checks themselves: a line that is gone must show.
    let planned: i64 = transaction
        .query_row(
            "SELECT coalesce(sum(checks), 0) FROM night_counts WHERE night = ?1",
            [&key],
            |row| row.get(0),
        )
        .map_err(doing(READING))?;
    let scope = Scope {
        which: "night = ?1",
        key: &key,
    };
    let lines = collect(&transaction, scope)?;
    Ok(NightLedger {
        night,
        frozen,
        planned: usize::try_from(planned).unwrap_or(usize::MAX),
        apart: apart_of(&transaction, night)?,
        matters: matters(&transaction, night, &lines)?,
        proofs: proofs(&transaction, night)?,
        lines,
    })
}

/// Which checks are read: a condition on `checks` with one parameter, and the parameter.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) which: &'static str,
    pub(super) key: &'a str,
}

/// The lines of these checks with all that is written about them, by opening time.
pub(super) fn collect(connection: &Connection, scope: Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let mut lines = lines(connection, scope)?;
    add_looks(connection, scope, &mut lines)?;
    add_contradictions(connection, scope, &mut lines)?;
    add_people(connection, scope, &mut lines)?;
    let deaths = Deaths::read(connection)?;
    for line in lines.values_mut() {
        line.mistaken = deaths.of_line(line);
    }
    add_exceptions(connection, scope, (&deaths, &mut lines))?;
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.sort_by_key(|line| (line.opens, line.id));
    Ok(lines)
}

type Lines = BTreeMap<CheckId, Line>;

fn lines(connection: &Connection, scope: Scope<'_>) -> Result<Lines, StoreError> {
    let mut lines = Lines::new();
    let which = scope.which;
    let sql = format!(
        "SELECT check_id, checks.unit, opens_ms, deadline_ms, looks_ms, outcome, at_ms,
                      came_ms, checks.plan, manner, coalesce(name, ''), coalesce(address, '')
               FROM checks LEFT JOIN outcomes USING (check_id)
                    LEFT JOIN residents USING (resident) LEFT JOIN homes USING (home)
               WHERE {which}"
    );
    each(connection, &sql, &scope.key, |row| {
        let line = line(row)?;
        lines.insert(line.id, line);
        Ok(())
    })?;
    Ok(lines)
}

fn line(row: &Row<'_>) -> Result<Line, StoreError> {
    let check = saved::saved_check(row)?;
    let planned = check.planned;
    let id = planned.check.id;
    let name = rows::text(row, 10, READING)?;
    Ok(Line {
        id,
        person: Person {
            resident: id.resident,
            name: if name.is_empty() {
                id.resident.to_string()
            } else {
                name
            },
            address: rows::text(row, 11, READING)?,
        },
        unit: planned.unit,
        manner: planned.manner,
        plan: planned.plan,
        opens: planned.check.opens,
        deadline: planned.check.deadline,
        altered: Vec::new(),
        looks: Vec::new(),
        notices: Vec::new(),
        repeats: 0,
        contradictions: Vec::new(),
        exceptions: Vec::new(),
        words: Vec::new(),
        outcome: check.outcome,
        mistaken: None,
    })
}

fn add_looks(
    connection: &Connection,
    scope: Scope<'_>,
    lines: &mut Lines,
) -> Result<(), StoreError> {
    let which = scope.which;
    let sql = format!(
        "SELECT reports.check_id, look, at_ms, came_ms, finding
         FROM reports JOIN checks USING (check_id) WHERE {which} ORDER BY look, at_ms, id"
    );
    each(connection, &sql, &scope.key, |row| {
        if let Some(line) = lines.get_mut(&rows::parsed(row, 0, READING)?) {
            line.looks.push(LookRow {
                look: row.get(1).map_err(doing(READING))?,
                at: rows::moment(row, 2, READING)?,
                came: rows::moment(row, 3, READING)?,
                finding: Finding::from(rows::text(row, 4, READING)?),
            });
        }
        Ok(())
    })?;
    let sql = format!(
        "SELECT reports.check_id, count(*)
         FROM repeats JOIN reports USING (unit, boot, counter) JOIN checks USING (check_id)
         WHERE {which} GROUP BY reports.check_id"
    );
    each(connection, &sql, &scope.key, |row| {
        if let Some(line) = lines.get_mut(&rows::parsed(row, 0, READING)?) {
            line.repeats = row.get(1).map_err(doing(READING))?;
        }
        Ok(())
    })?;
    let sql = format!(
        "SELECT check_id, look, fault FROM notices JOIN checks USING (check_id)
         WHERE {which} ORDER BY id"
    );
    each(connection, &sql, &scope.key, |row| {
        if let Some(line) = lines.get_mut(&rows::parsed(row, 0, READING)?) {
            line.notices.push(noted(row)?.fault);
        }
        Ok(())
    })
}

/// What contradicts a report stands on the line of the check that the report is about, and on the
/// line of the one that it names itself: a reader of either must find it.
fn add_contradictions(
    connection: &Connection,
    scope: Scope<'_>,
    lines: &mut Lines,
) -> Result<(), StoreError> {
    let which = scope.which;
    let sql = format!(
        "SELECT held.check_id, other.check_id, other.look, other.at_ms, other.came_ms,
                      other.finding, held.finding,
                      (SELECT count(*) FROM contradictions WHERE unit = other.unit)
               FROM contradictions AS other
                    JOIN reports AS held USING (unit, boot, counter)
               WHERE held.check_id IN (SELECT check_id FROM checks WHERE {which})
                  OR other.check_id IN (SELECT check_id FROM checks WHERE {which})
               ORDER BY other.id"
    );
    each(connection, &sql, &scope.key, |row| {
        let kept: u32 = row.get(7).map_err(doing(READING))?;
        let contradiction = ContradictionLine {
            check: rows::parsed(row, 1, READING)?,
            first: rows::parsed(row, 0, READING)?,
            look: LookRow {
                look: row.get(2).map_err(doing(READING))?,
                at: rows::moment(row, 3, READING)?,
                came: rows::moment(row, 4, READING)?,
                finding: Finding::from(rows::text(row, 5, READING)?),
            },
            counts: Finding::from(rows::text(row, 6, READING)?),
            room: if kept < CONTRADICTIONS_MAX {
                Room::ForMore
            } else {
                Room::ForNone
            },
        };
        for check in BTreeSet::from([contradiction.first, contradiction.check]) {
            if let Some(line) = lines.get_mut(&check) {
                line.contradictions.push(contradiction);
            }
        }
        Ok(())
    })
}

fn add_people(
    connection: &Connection,
    scope: Scope<'_>,
    lines: &mut Lines,
) -> Result<(), StoreError> {
    let which = scope.which;
    let sql = format!(
        "SELECT {ALTERED} FROM check_changes JOIN checks USING (check_id)
         WHERE {which} ORDER BY id"
    );
    each(connection, &sql, &scope.key, |row| {
        let altered = altered(row)?;
        if let Some(line) = lines.get_mut(&altered.check) {
            line.altered.push(altered);
        }
        Ok(())
    })?;
    let sql = format!(
        "SELECT {SPOKEN} FROM words JOIN checks USING (check_id) WHERE {which} ORDER BY id"
    );
    each(connection, &sql, &scope.key, |row| {
        let word = spoken(row)?;
        if let Some(line) = lines.get_mut(&word.check) {
            line.words.push(word);
        }
        Ok(())
    })
}

/// Exceptions that a check of the night was ever in. One that it has left is not its own any
/// more, and its line says so by naming only where it ended up.
fn add_exceptions(
    connection: &Connection,
    scope: Scope<'_>,
    (deaths, lines): (&Deaths, &mut Lines),
) -> Result<(), StoreError> {
    let needed = format!(
        "exception IN (SELECT exception FROM exception_events JOIN checks USING (check_id)
                       WHERE {})",
        scope.which
    );
    let found = saved::exceptions(connection, &needed, &scope.key)?;
    let mut handled = apart::handled(connection, &needed, &scope.key)?;
    for exception in found.into_values() {
        let handled = handled.remove(&exception.id).unwrap_or_default();
        for check in &exception.checks {
            if let Some(line) = lines.get_mut(check) {
                let asked = (&exception, exception.punctuality_of(*check));
                let row = deaths.line(connection, asked, handled.clone())?;
                line.exceptions.push(row);
            }
        }
    }
    Ok(())
}

/// When a night begins at the earliest and ends at the latest, as hours after midnight (UTC) of
/// its date: noon to noon anywhere in Europe. A matter at the rim may stand in two nights.
const NIGHT_HOURS: (u64, u64) = (9, 36);

/// From when to when something may be of a night.
pub(super) fn span(night: Date) -> Result<(Timestamp, Timestamp), StoreError> {
    let midnight = night
        .to_datetime(jiff::civil::Time::midnight())
        .in_tz("UTC");
    let midnight = midnight.map_err(|_error| rows::unreadable(READING, &night.to_string()))?;
    let midnight = Timestamp(midnight.timestamp());
    let after = |hours: u64| midnight.after(Duration::from_secs(hours * 3600));
    Ok((after(NIGHT_HOURS.0), after(NIGHT_HOURS.1)))
}

/// Exceptions that began in the night and are about no check.
fn apart_of(connection: &Connection, night: Date) -> Result<Vec<Apart>, StoreError> {
    let (begins, ends) = span(night)?;
    let needed = format!(
        "exception IN (SELECT exception FROM exceptions
                       WHERE opened_ms >= ?1 AND opened_ms < {})",
        ends.as_ms()
    );
    apart::apart(connection, &needed, &begins.as_ms())
}

/// Test alarms that began in the night.
fn proofs(connection: &Connection, night: Date) -> Result<Vec<(TeamName, Proof)>, StoreError> {
    let (begins, ends) = span(night)?;
    let lines = tellings::trials(connection, begins, Some(ends))?;
    Ok(proof::history(&lines))
}

/// Matters that were open at some time of the night.
fn matters(
    connection: &Connection,
    night: Date,
    lines: &[Line],
) -> Result<Vec<MatterLine>, StoreError> {
    let sql = "SELECT matter, subject, situation, opened_ms, at_ms, ended_by, how
               FROM matters LEFT JOIN matter_ends USING (matter) WHERE ?1 = ?1
               ORDER BY opened_ms, matter";
    let (begins, ends) = span(night)?;
    let mut found = Vec::new();
    each(connection, sql, &0, |row| {
        let matter = matter(row)?;
        let cleared: Option<i64> = row.get(4).map_err(doing(READING))?;
        let cleared = match cleared {
            Some(_) => Some(rows::moment(row, 4, READING)?),
            None => None,
        };
        let is_of_night = matter.opened < ends && cleared.is_none_or(|cleared| cleared >= begins);
        if is_of_night {
            found.push(MatterLine {
                subject: matter.subject,
                about: about(connection, matter.subject, lines)?,
                situation: matter.situation,
                opened: matter.opened,
                cleared,
                closed: closed(row)?,
            });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Who closed a matter, and how: rows of before ways were written down have none.
pub(super) fn closed(row: &Row<'_>) -> Result<Option<(StaffId, Option<Closing>)>, StoreError> {
    let by: Option<String> = row.get(5).map_err(doing(READING))?;
    if by.is_none() {
        return Ok(None);
    }
    let how: Option<String> = row.get(6).map_err(doing(READING))?;
    let how =
        how.map(|word| Closing::from_word(&word).ok_or_else(|| rows::unreadable(READING, &word)));
    Ok(Some((rows::parsed(row, 5, READING)?, how.transpose()?)))
}

fn about(connection: &Connection, subject: Subject, lines: &[Line]) -> Result<String, StoreError> {
    let (sql, id) = match subject {
        Subject::Unit(unit) => (
            "SELECT address FROM units JOIN homes USING (home) WHERE unit = ?1",
            unit.to_string(),
        ),
        Subject::Resident(resident) => {
            if let Some(line) = lines.iter().find(|line| line.id.resident == resident) {
                return Ok(line.person.name.clone());
            }
            (
                "SELECT name FROM residents WHERE resident = ?1",
                resident.to_string(),
            )
        }
        Subject::Team(_) | Subject::Hub => return Ok(String::new()),
    };
    let found: Option<String> = connection
        .query_row(sql, [id], |row| row.get(0))
        .optional()
        .map_err(doing(READING))?;
    Ok(found.unwrap_or_default())
}
