//! The rows of consents and of the policies that were signed for them.
//!
//! Nothing is ever changed: a withdrawal and a new version are rows of their own. What stands of
//! them is for [`crate::consent`] to say.

use rusqlite::{Connection, Row, Transaction, params};

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::policy::{Mode, Policy};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{StoreError, rows};
use crate::consent::{Consents, Entry, Halt, Policies, Resumptions, StoredPolicy, Taker, What};

const READING: &str = "reading consents";
const POLICIES: &str = "reading policies";

pub(super) fn write(
    transaction: &Transaction<'_>,
    entries: &[Entry],
    policies: &[StoredPolicy],
) -> rusqlite::Result<()> {
    for entry in entries {
        let (event, what) = entry.what.words();
        transaction.execute(
            "INSERT INTO consents (resident, event, what, at_ms, said_on, taken_by, taker, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                entry.resident.to_string(),
                event,
                what,
                entry.at.as_ms(),
                entry.on.to_string(),
                entry.taker.id,
                entry.taker.name,
                entry.what.to_body(),
            ],
        )?;
    }
    for stored in policies {
        transaction.execute(
            "INSERT INTO policies VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                stored.policy.unit.to_string(),
                stored.policy.version,
                stored.signed.body,
                stored.signed.signature,
                stored.made.as_ms(),
            ],
        )?;
        write_halts(transaction, stored)?;
    }
    Ok(())
}

/// At whom a policy stops looks.
fn write_halts(transaction: &Transaction<'_>, stored: &StoredPolicy) -> rusqlite::Result<()> {
    let policy = &stored.policy;
    let stopped = policy.stopped.iter().map(|who| Some(who.to_string()));
    let whom: Vec<Option<String>> = match policy.mode {
        Mode::Off => vec![None],
        Mode::Sensor | Mode::LiveView => stopped.collect(),
    };
    for resident in whom {
        transaction.execute(
            "INSERT INTO halts (unit, version, resident, made_ms) VALUES (?1, ?2, ?3, ?4)",
            params![
                policy.unit.to_string(),
                policy.version,
                resident,
                stored.made.as_ms(),
            ],
        )?;
    }
    Ok(())
}

/// That units say that they look, by which versions. What is written already stays.
pub(super) fn write_looking(
    transaction: &Transaction<'_>,
    looking: &[(UnitId, u32, Timestamp)],
) -> rusqlite::Result<()> {
    for (unit, version, at) in looking {
        transaction.execute(
            "INSERT OR IGNORE INTO looking VALUES (?1, ?2, ?3)",
            params![unit.to_string(), version, at.as_ms()],
        )?;
    }
    Ok(())
}

/// What units were told to stop, and what they said since.
fn resumptions(connection: &Connection) -> Result<Resumptions, StoreError> {
    let mut resumptions = Resumptions::default();
    let sql = "SELECT unit, version, resident, made_ms FROM halts WHERE ?1 = ?1 ORDER BY halt";
    each(connection, sql, &"", |row| {
        let whom: Option<String> = row.get(2).map_err(doing(READING))?;
        let resident = match whom {
            None => None,
            Some(_) => Some(rows::parsed(row, 2, READING)?),
        };
        let halt = Halt {
            version: row.get(1).map_err(doing(READING))?,
            resident,
            made: rows::moment(row, 3, READING)?,
        };
        resumptions.halt(rows::parsed(row, 0, READING)?, halt);
        Ok(())
    })?;
    let sql = "SELECT unit, version, at_ms FROM looking WHERE ?1 = ?1";
    each(connection, sql, &"", |row| {
        let version = row.get(1).map_err(doing(READING))?;
        let at = rows::moment(row, 2, READING)?;
        resumptions.looks(rows::parsed(row, 0, READING)?, version, at);
        Ok(())
    })?;
    Ok(resumptions)
}

/// Everybody's entries.
pub(super) fn consents(connection: &Connection) -> Result<Consents, StoreError> {
    let consents = read(connection, "?1 = ?1", "")?;
    Ok(consents.with_resumptions(resumptions(connection)?))
}

/// One resident's entries.
pub(super) fn consents_of(
    connection: &Connection,
    resident: ResidentId,
) -> Result<Consents, StoreError> {
    read(connection, "resident = ?1", &resident.to_string())
}

fn read(connection: &Connection, which: &str, key: &str) -> Result<Consents, StoreError> {
    let sql = format!(
        "SELECT resident, event, what, at_ms, said_on, taken_by, taker, body
         FROM consents WHERE {which} ORDER BY entry"
    );
    let mut entries = Vec::new();
    each(connection, &sql, &key, |row| {
        entries.push(entry(row)?);
        Ok(())
    })?;
    Ok(Consents::new(entries))
}

fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let event = rows::text(row, 1, READING)?;
    let what = rows::text(row, 2, READING)?;
    let read = What::read((&event, &what), &rows::text(row, 7, READING)?);
    Ok(Entry {
        resident: rows::parsed(row, 0, READING)?,
        at: rows::moment(row, 3, READING)?,
        on: rows::parsed(row, 4, READING)?,
        taker: Taker {
            id: rows::text(row, 5, READING)?,
            name: rows::text(row, 6, READING)?,
        },
        // Not its body: names stand in it.
        what: read.ok_or_else(|| rows::unreadable(READING, &format!("{event} {what}")))?,
    })
}

/// The newest policy of each unit.
pub(super) fn policies(connection: &Connection) -> Result<Policies, StoreError> {
    let sql = "SELECT unit, body, signature, made_ms FROM policies JOIN
               (SELECT unit, max(version) AS version FROM policies GROUP BY unit)
               USING (unit, version) WHERE ?1 = ?1";
    let mut policies = Policies::new();
    each(connection, sql, &"", |row| {
        let unit: UnitId = rows::parsed(row, 0, POLICIES)?;
        let signed = Signed {
            body: rows::text(row, 1, POLICIES)?,
            signature: rows::text(row, 2, POLICIES)?,
        };
        let policy: Policy = serde_json::from_str(&signed.body)
            .map_err(|_error| rows::unreadable(POLICIES, &unit.to_string()))?;
        let made = rows::moment(row, 3, POLICIES)?;
        let stored = StoredPolicy {
            policy,
            signed,
            made,
        };
        policies.insert(unit, stored);
        Ok(())
    })?;
    Ok(policies)
}
