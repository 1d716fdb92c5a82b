//! The log as a thing to write to: one connection of its own, one row at a time.
//!
//! It does not decide what is worth a row; whoever shows something does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use super::chain::{Fault, Head, Verified, Walk, hex};
use super::writer::Writer;
use super::{Act, AuditId, AuditRow, Who, Written};
use crate::store::{SqliteStore, StoreError, audit};

/// Most rows that one question is answered with, unless it asks for fewer: a year of one busy
/// night worker's.
pub const ROWS_MAX: u32 = 20_000;

/// Why the log did not do what it was asked. **What a row would have recorded must not be shown.**
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit of several rows was refused.
    #[error("writing rows into the log")]
    Together(#[source] Arc<StoreError>),
    /// It takes longer than whoever showed something would wait; the row is written late.
    #[error("the row is written late")]
    Slow,
    /// Too many rows wait.
    #[error("too many rows wait to be written")]
    Full,
    /// Nothing writes any more.
    #[error("the log's writer has ended")]
    Ended,
    /// Nothing can be begun that writes.
    #[error("starting the log's writer")]
    Thread(#[source] std::io::Error),
    /// The chain does not hold.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Which rows somebody wants to read. All of what is set must be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// About this resident.
    pub about: Option<ResidentId>,
    /// By this one.
    pub who: Option<Who>,
    /// This act.
    pub act: Option<Act>,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    /// Older than this row: how what does not fit into one answer is read on.
    pub below: Option<AuditId>,
    /// At most so many, the newest.
    pub most: u32,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            about: None,
            who: None,
            act: None,
            from: None,
            until: None,
            below: None,
            most: ROWS_MAX,
        }
    }
}

/// The log, in the ledger's file.
#[derive(Debug)]
pub struct Log {
    writing: Arc<Mutex<Connection>>,
    writer: Writer,
    reading: Mutex<Connection>,
}

impl Log {
    /// Opens the log in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        let writing = Arc::new(Mutex::new(SqliteStore::open(path)?.into()));
        Ok(Self {
            writer: Writer::start(Arc::clone(&writing))?,
            writing,
            reading: Mutex::new(SqliteStore::open(path)?.into()),
        })
    }

    /// Writes a row. It is on the disk when this returns (`synchronous=FULL`). Blocks for as long
    /// as a commit takes.
    ///
    /// # Errors
    ///
    /// Nothing was written: what the row would have recorded must not be shown.
    pub fn record(&self, row: AuditRow) -> Result<AuditId, AuditError> {
        let doing = crate::store::doing("writing the log");
        let mut connection = lock(&self.writing);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&doing)?;
        let id = audit::append(&transaction, &row).map_err(&doing)?;
        transaction.commit().map_err(&doing)?;
        Ok(id)
    }

    /// The same from where nothing may block: one commit for all who wait at the same time.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub async fn record_aside(&self, row: AuditRow) -> Result<AuditId, AuditError> {
        self.writer.record(row).await
    }

    /// The same for what is shown whether or not it can be written. Waits for a third of a second
    /// at most; a row that is not written by then is written when it can be, marked as late, and
    /// if too many are, how many were not.
    ///
    /// # Errors
    ///
    /// The row is not written yet.
    pub async fn record_soon(&self, row: AuditRow) -> Result<AuditId, AuditError> {
        self.writer.record_soon(row).await
    }

    /// Since when rows are not written, or not in time; `None` if the latest was.
    #[must_use]
    pub fn trouble(&self) -> Option<Timestamp> {
        self.writer.trouble()
    }

    /// Rows, newest first.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn rows(&self, question: &Question) -> Result<Vec<Written>, AuditError> {
        Ok(audit::select(&lock(&self.reading), question)?)
    }

    /// How many rows answer a question in all, and below which row they all are: what is written
    /// meanwhile is not among them.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn extent(&self, question: &Question) -> Result<(u64, AuditId), AuditError> {
        Ok(audit::extent(&lock(&self.reading), question)?)
    }

    /// How often an act stands in the log.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn count(&self, act: Act) -> Result<usize, AuditError> {
        Ok(audit::count(&lock(&self.reading), act)?)
    }

    /// Everybody who lives or lived where a unit hangs, by id: for whoever reads the log, in which
    /// no name stands.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn names(&self) -> Result<BTreeMap<String, String>, AuditError> {
        Ok(audit::names(&lock(&self.reading))?)
    }

    /// Walks the whole log against heads that were kept outside.
    ///
    /// # Errors
    ///
    /// The first row that is wrong, or it cannot be read.
    pub fn verify(&self, heads: &[Head]) -> Result<Verified, AuditError> {
        let mut walk = Walk::new(heads);
        audit::walk(&lock(&self.reading), |row| {
            walk.handle_row(row).map_err(AuditError::from)
        })?;
        Ok(walk.end()?)
    }

    /// The newest row, to be kept outside; `None` of an empty log.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn head(&self, now: Timestamp) -> Result<Option<Head>, AuditError> {
        let question = Question {
            most: 1,
            ..Question::default()
        };
        Ok(self.rows(&question)?.first().map(|row| Head {
            rows: row.id.0,
            hash: hex(&row.hash),
            taken: now.0.to_string(),
        }))
    }
}

#[cfg(test)]
impl Log {
    /// How `SQLite` syncs what is written.
    pub(super) fn synchronous(&self) -> i64 {
        let sql = "PRAGMA synchronous";
        let found = lock(&self.writing).query_row(sql, [], |row| row.get(0));
        found.unwrap_or(-1)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
