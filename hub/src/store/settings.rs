//! Every version of the settings that was ever set: only added to.
//!
//! A connection of its own, so that to set them waits for no night's work. What stands in a
//! document is for [`crate::settings`] to say; whether somebody may set one is not asked here.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use rusqlite::{Connection, Row, TransactionBehavior, params};

use nattsyn_protocol::time::Timestamp;

use super::sqlite::doing;
use super::{SqliteStore, StoreError, audit, rows};
use crate::audit::{Act, AuditRow};
use crate::settings::AreaName;
use crate::settings::compare::Place;
use crate::watch::StaffId;

const READING: &str = "reading the settings";
const WRITING: &str = "writing the settings down";

/// One version. Prints without its document, which names telephone numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct SettingsVersion {
    /// Counts from 1.
    pub number: i64,
    /// When it was set.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
    /// Why, in their own words.
    pub why: String,
    /// The document.
    pub body: String,
}

/// The versions, in the ledger's file.
#[derive(Debug)]
pub struct SettingsVersions {
    connection: Connection,
}

impl SettingsVersions {
    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(path)?.connection;
        Ok(Self { connection })
    }

    /// Writes a document down as the newest version; returns its number.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn add(
        &mut self,
        (at, by): (Timestamp, &StaffId),
        why: &str,
        body: &str,
    ) -> Result<i64, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(doing(WRITING))?;
        let write = || {
            transaction.execute(
                "INSERT INTO settings (at_ms, made_by, why, body) VALUES (?1, ?2, ?3, ?4)",
                params![at.as_ms(), by.to_string(), why, body],
            )?;
            let version = transaction.last_insert_rowid();
            let row = AuditRow::new(at, by.clone(), Act::SettingsChanged);
            audit::append(&transaction, &row.detail(format!("version {version}")))?;
            Ok(version)
        };
        let version = write().map_err(doing(WRITING))?;
        transaction.commit().map_err(doing(WRITING))?;
        Ok(version)
    }

    /// Areas for which thresholds are set, or wait for a decision.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn tuned_areas(&self) -> Result<BTreeSet<AreaName>, StoreError> {
        let book = super::tuning::book(&self.connection)?;
        let places = book.changes().iter().map(|change| &change.place);
        let is_tuned =
            |place: &Place| book.set_at(place).is_some() || book.waiting_at(place).is_some();
        Ok(places
            .filter_map(|place| match place {
                Place::Area(area) if is_tuned(place) => Some(area.clone()),
                Place::Area(_) | Place::Municipality | Place::Home(_) => None,
            })
            .collect())
    }

    /// The newest version; `None` if nothing was ever set.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn newest(&self) -> Result<Option<SettingsVersion>, StoreError> {
        newest(&self.connection)
    }

    /// Every version, oldest first.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn all(&self) -> Result<Vec<SettingsVersion>, StoreError> {
        all(&self.connection)
    }

    /// A number that changes whenever another process or connection writes to the file.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn revision(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(doing(READING))
    }
}

const VERSION: &str = "SELECT version, at_ms, made_by, why, body FROM settings ORDER BY version";

/// The newest version.
pub(super) fn newest(connection: &Connection) -> Result<Option<SettingsVersion>, StoreError> {
    let sql = format!("{VERSION} DESC LIMIT 1");
    Ok(read(connection, &sql)?.pop())
}

/// Every version, oldest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<SettingsVersion>, StoreError> {
    read(connection, VERSION)
}

fn read(connection: &Connection, sql: &str) -> Result<Vec<SettingsVersion>, StoreError> {
    let mut query = connection.prepare_cached(sql).map_err(doing(READING))?;
    let mut found = query.query([]).map_err(doing(READING))?;
    let mut versions = Vec::new();
    while let Some(row) = found.next().map_err(doing(READING))? {
        versions.push(version(row)?);
    }
    Ok(versions)
}

fn version(row: &Row<'_>) -> Result<SettingsVersion, StoreError> {
    Ok(SettingsVersion {
        number: row.get(0).map_err(doing(READING))?,
        at: rows::moment(row, 1, READING)?,
        by: rows::parsed(row, 2, READING)?,
        why: rows::text(row, 3, READING)?,
        body: rows::text(row, 4, READING)?,
    })
}

impl fmt::Debug for SettingsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SettingsVersion({}, {}, <redacted>)",
            self.number, self.by
        )
    }
}
