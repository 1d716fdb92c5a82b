//! The ledger for reading: any night, and the settings, beside the hub that writes.
//!
//! The page asks it when somebody chooses a night. It opens the file anew and read-only for
//! every question, so it can neither change anything nor keep the hub from writing; a night of a
//! town is read in well under a second.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rusqlite::Connection;

use nattsyn_protocol::ids::ResidentId;

use super::{SettingsVersion, SqliteStore, StoreError, account, settings};
use crate::view::ledger::NightLedger;
use crate::view::resident::ResidentFile;

/// The ledger for reading. Calls block; ask from where that harms nobody.
pub trait Archive: Send + Sync {
    /// The nights whose checks were frozen.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn nights(&self) -> Result<BTreeSet<Date>, StoreError>;

    /// One night, line by line; empty if there was none.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn account(&self, night: Date) -> Result<NightLedger, StoreError>;

    /// One resident, with the nights up to `tonight`; `None` if there never was such. An archive
    /// of nights alone knows nobody.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn resident(
        &self,
        _resident: ResidentId,
        _tonight: Date,
    ) -> Result<Option<ResidentFile>, StoreError> {
        Ok(None)
    }

    /// Every version of the settings, oldest first. An archive of nights alone has none.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn settings(&self) -> Result<Vec<SettingsVersion>, StoreError> {
        Ok(Vec::new())
    }
}

/// The embedded store's file, for reading.
#[derive(Clone, Debug)]
pub struct SqliteArchive {
    path: PathBuf,
}

impl SqliteArchive {
    /// The ledger in a file that a hub has made.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    fn open(&self) -> Result<Connection, StoreError> {
        Ok(SqliteStore::open_to_read(&self.path)?.connection)
    }
}

impl Archive for SqliteArchive {
    fn nights(&self) -> Result<BTreeSet<Date>, StoreError> {
        account::nights(&self.open()?)
    }

    fn account(&self, night: Date) -> Result<NightLedger, StoreError> {
        account::account(&self.open()?, night)
    }

    fn resident(
        &self,
        resident: ResidentId,
        tonight: Date,
    ) -> Result<Option<ResidentFile>, StoreError> {
        super::resident::resident(&self.open()?, resident, tonight)
    }

    fn settings(&self) -> Result<Vec<SettingsVersion>, StoreError> {
        settings::all(&self.open()?)
    }
}
