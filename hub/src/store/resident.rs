//! Reading what is written about one resident, for people.
//!
//! Goes by the resident's own rows alone: what is read does not grow with the town, but for what
//! was about no check, which is found by going through all exceptions.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, params};

use nattsyn_protocol::ids::{ResidentId, UnitId};

use super::account::{self, Scope, collect};
use super::sqlite::doing;
use super::{StoreError, agreements, apart, rows};
use crate::view::Person;
use crate::view::ledger::{Apart, Line};
use crate::view::resident::{NIGHTS_BEFORE, ResidentFile};

const READING: &str = "reading what is written about a resident";

/// A check's id begins with the resident's and the night's (`r….20261121.1`), and the key of
/// `checks` is that id: what follows the night that `?1` ends with is one stretch of it. `/` is
/// the sign after `.`.
const OF_RESIDENT: &str =
    "checks.check_id >= ?1 AND checks.check_id < substr(?1, 1, instr(?1, '.') - 1) || '/'";

/// One resident; `None` if there never was such.
pub(super) fn resident(
    connection: &Connection,
    resident: ResidentId,
    tonight: Date,
) -> Result<Option<ResidentFile>, StoreError> {
    let transaction = connection.unchecked_transaction().map_err(doing(READING))?;
    let Some((person, unit)) = who(&transaction, resident)? else {
        return Ok(None);
    };
    let book = agreements::book_of(&transaction, resident)?;
    let absences = book.absences(resident).iter();
    let is_to_come = |last: Option<Date>| last.is_none_or(|last| last >= tonight);
    let absences = absences.filter(|absence| absence.ended.is_none() && is_to_come(absence.last));
    Ok(Some(ResidentFile {
        person,
        unit,
        agreed: book.newest(resident).cloned(),
        absences: absences.cloned().collect(),
        ended: book.ended(resident).cloned(),
        nights: nights(&transaction, resident, tonight)?,
        apart: apart_of(&transaction, resident, tonight)?,
    }))
}

/// Who somebody is, also one who has left, and the unit that hangs where they live.
fn who(
    connection: &Connection,
    resident: ResidentId,
) -> Result<Option<(Person, Option<UnitId>)>, StoreError> {
    let found = connection
        .query_row(
            "SELECT name, address,
                    (SELECT unit FROM units
                     WHERE units.home = homes.home AND units.left_ms IS NULL
                       AND residents.left_ms IS NULL)
             FROM residents JOIN homes USING (home) WHERE resident = ?1",
            params![resident.to_string()],
            |row| {
                let unit: Option<String> = row.get(2)?;
                Ok((row.get(0)?, row.get(1)?, unit))
            },
        )
        .optional()
        .map_err(doing(READING))?;
    let Some((name, address, unit)) = found else {
        return Ok(None);
    };
    let unit = unit.map(|id| {
        id.parse()
            .ok()
            .ok_or_else(|| rows::unreadable(READING, &id))
    });
    let person = Person {
        resident,
        name,
        address,
    };
    Ok(Some((person, unit.transpose()?)))
}

/// What somebody was asked about in the last nights and was about no check.
fn apart_of(
    connection: &Connection,
    resident: ResidentId,
    tonight: Date,
) -> Result<Vec<Apart>, StoreError> {
    let (begins, _) = account::span(first(tonight))?;
    let needed = format!(
        "exception IN (SELECT exception FROM exceptions
                       WHERE resident = ?1 AND opened_ms >= {})",
        begins.as_ms()
    );
    apart::apart(connection, &needed, &resident.to_string())
}

/// The first night that is shown.
fn first(tonight: Date) -> Date {
    let mut since = tonight;
    for _ in 0..NIGHTS_BEFORE {
        since = since.yesterday().unwrap_or(since);
    }
    since
}

/// The checks of the last nights, latest night first.
fn nights(
    connection: &Connection,
    resident: ResidentId,
    tonight: Date,
) -> Result<Vec<(Date, Vec<Line>)>, StoreError> {
    let since = first(tonight);
    let key = format!("{resident}.{}", since.strftime("%Y%m%d"));
    let scope = Scope {
        which: OF_RESIDENT,
        key: &key,
    };
    let mut nights: BTreeMap<Date, Vec<Line>> = BTreeMap::new();
    for line in collect(connection, scope)? {
        if line.id.night <= tonight {
            nights.entry(line.id.night).or_default().push(line);
        }
    }
    Ok(nights.into_iter().rev().collect())
}
