//! What the chain decided, line by line: only added to, and read back when the hub starts.
//!
//! A connection of its own, so that telling somebody waits for no night's work.

use std::path::Path;

use rusqlite::{Connection, Row, params};

use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{SqliteStore, StoreError, rows};
use crate::notify::chain::Line;

const READING: &str = "reading who was told";
const WRITING: &str = "writing down who is told";

/// Who was told of what, in the ledger's file.
#[derive(Debug)]
pub struct Tellings {
    connection: Connection,
}

impl Tellings {
    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(path)?.connection;
        Ok(Self { connection })
    }

    /// Writes all of these lines down for good, or none.
    ///
    /// # Errors
    ///
    /// Nothing was written; nobody may be told.
    pub fn write(&mut self, lines: &[Line]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction().map_err(doing(WRITING))?;
        for line in lines {
            transaction
                .prepare_cached("INSERT INTO tellings (at_ms, line) VALUES (?1, ?2)")
                .and_then(|mut query| query.execute(params![line.at().as_ms(), line.to_json()]))
                .map_err(doing(WRITING))?;
        }
        transaction.commit().map_err(doing(WRITING))
    }

    /// The lines about test alarms from a moment on, and before another if one is given, oldest
    /// first.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn trials(&self, from: Timestamp, to: Option<Timestamp>) -> Result<Vec<Line>, StoreError> {
        trials(&self.connection, from, to)
    }

    /// The lines since a moment, oldest first.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn since(&self, at: Timestamp) -> Result<Vec<Line>, StoreError> {
        let mut lines = Vec::new();
        let sql = "SELECT line FROM tellings WHERE at_ms >= ?1 ORDER BY id";
        each(&self.connection, sql, &at.as_ms(), |row| {
            lines.push(read(row)?);
            Ok(())
        })?;
        Ok(lines)
    }
}

/// The lines about test alarms: the words of all of them begin so.
pub(super) fn trials(
    connection: &Connection,
    from: Timestamp,
    to: Option<Timestamp>,
) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    let sql = "SELECT line FROM tellings
               WHERE at_ms >= ?1 AND json_extract (line, '$.what') LIKE 'trial%' ORDER BY id";
    each(connection, sql, &from.as_ms(), |row| {
        let line = read(row)?;
        if to.is_none_or(|to| line.at() < to) {
            lines.push(line);
        }
        Ok(())
    })?;
    Ok(lines)
}

fn read(row: &Row<'_>) -> Result<Line, StoreError> {
    let text = rows::text(row, 0, READING)?;
    Line::from_json(&text).map_err(|_error| rows::unreadable(READING, &text))
}
