//! Units' certificates: which there have been, which were used, and which hold no more. Rows that
//! are only added to.

use std::collections::BTreeMap;

use rusqlite::{Row, Transaction, params};

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::units::{UnitError, Units, log, stage_of, steps};
use super::{StoreError, rows};
use crate::audit::{Act, Who};
use crate::units::denied::{Denied, Why};
use crate::units::{Deed, Illegal, Stage};

const READING: &str = "reading the units' certificates";
const WRITING: &str = "writing down a unit's certificate";

/// A certificate of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its serial number.
    pub serial: String,
    /// Whose.
    pub unit: UnitId,
    /// SHA-256 of its public key.
    pub key: String,
    /// It and who signed it, PEM.
    pub chain: String,
    /// Which one was shown to get it.
    pub after: Option<String>,
    /// Since when it holds.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Units {
    /// A unit's newest certificate.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn newest(&self, id: UnitId) -> Result<Option<Certificate>, StoreError> {
        let sql = "SELECT serial, unit, key, chain, after, at_ms, until_ms FROM unit_certificates
                   WHERE unit = ?1 ORDER BY at_ms DESC, rowid DESC LIMIT 1";
        let mut found = None;
        each(&self.connection, sql, &id.to_string(), |row| {
            found = Some(certificate(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The certificate with this number.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn certificate(&self, serial: &str) -> Result<Option<Certificate>, StoreError> {
        let sql = "SELECT serial, unit, key, chain, after, at_ms, until_ms FROM unit_certificates
                   WHERE serial = ?1";
        let mut found = None;
        each(&self.connection, sql, &serial, |row| {
            found = Some(certificate(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The certificates that hold no more though their time is not over.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn denied(&self, now: Timestamp) -> Result<Denied, StoreError> {
        let mut serials = BTreeMap::new();
        let sql = "SELECT serial, why FROM unit_denials JOIN unit_certificates USING (serial)
                   WHERE until_ms > ?1";
        each(&self.connection, sql, &now.as_ms(), |row| {
            let word = rows::text(row, 1, READING)?;
            let why = Why::from_word(&word).ok_or_else(|| rows::unreadable(READING, &word))?;
            serials.insert(rows::text(row, 0, READING)?, why);
            Ok(())
        })?;
        Ok(Denied::new(serials))
    }

    /// Writes down a unit's next certificate.
    ///
    /// # Errors
    ///
    /// The unit gets none any more, its key is known already, or it cannot be written.
    pub fn renew(&mut self, next: &Certificate) -> Result<(), UnitError> {
        self.writing(|transaction| {
            let stage = stage_of(&steps(transaction, next.unit)?);
            if !stage.is_some_and(Stage::is_let_in) {
                let deed = Deed::Enrolled;
                return Err(Illegal { stage, deed }.into());
            }
            add_certificate(transaction, next)?;
            let what = format!("{} {}", next.unit, next.serial);
            log(transaction, (next.at, &Who::Hub), Act::UnitRenewed, what)
        })
    }

    /// A certificate was used; written once.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn note_use(&mut self, serial: &str, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .execute(
                "INSERT INTO unit_certificate_uses (serial, at_ms)
                 SELECT serial, ?2 FROM unit_certificates WHERE serial = ?1
                 ON CONFLICT DO NOTHING",
                params![serial, at.as_ms()],
            )
            .map_err(doing(WRITING))?;
        Ok(())
    }

    /// Ends the certificates of units that first used a newer one before `before`. Returns how many
    /// there were.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn supersede(&mut self, before: Timestamp, at: Timestamp) -> Result<usize, UnitError> {
        self.writing(|transaction| {
            let sql = "SELECT DISTINCT old.serial, old.unit FROM unit_certificates AS old
                       JOIN unit_certificates AS new ON new.unit = old.unit
                            AND (new.at_ms, new.rowid) > (old.at_ms, old.rowid)
                       JOIN unit_certificate_uses AS used ON used.serial = new.serial
                       WHERE used.at_ms <= ?1
                         AND old.serial NOT IN (SELECT serial FROM unit_denials)";
            let mut query = transaction.prepare(sql)?;
            let found = query.query_map([before.as_ms()], |row| Ok((row.get(0)?, row.get(1)?)));
            let found: Vec<(String, String)> = found?.collect::<Result<_, _>>()?;
            for (serial, unit) in &found {
                transaction.execute(
                    "INSERT INTO unit_denials (serial, why, made_by, at_ms)
                     VALUES (?1, 'superseded', ?2, ?3)",
                    params![serial, Who::Hub.to_string(), at.as_ms()],
                )?;
                let what = format!("{unit} {serial}");
                log(transaction, (at, &Who::Hub), Act::UnitSuperseded, what)?;
            }
            Ok(found.len())
        })
    }
}

pub(super) fn add_certificate(
    transaction: &Transaction<'_>,
    new: &Certificate,
) -> Result<(), UnitError> {
    let known = "SELECT 1 FROM unit_certificates WHERE key = ?1";
    if transaction.prepare(known)?.exists([&new.key])? {
        return Err(UnitError::KeyKnown);
    }
    transaction.execute(
        "INSERT INTO unit_certificates (serial, unit, key, chain, after, at_ms, until_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            new.serial,
            new.unit.to_string(),
            new.key,
            new.chain,
            new.after,
            new.at.as_ms(),
            new.until.as_ms()
        ],
    )?;
    Ok(())
}

fn certificate(row: &Row<'_>) -> Result<Certificate, StoreError> {
    Ok(Certificate {
        serial: rows::text(row, 0, READING)?,
        unit: rows::parsed(row, 1, READING)?,
        key: rows::text(row, 2, READING)?,
        chain: rows::text(row, 3, READING)?,
        after: row.get(4).map_err(doing(READING))?,
        at: rows::moment(row, 5, READING)?,
        until: rows::moment(row, 6, READING)?,
    })
}
