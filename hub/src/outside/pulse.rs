//! Whether the ledger's file takes a write, tried by writing.
//!
//! What is written is a number in the file's head that is there already (`user_version`, which
//! the ledger does not use), in a transaction that is synced as every other is: it costs one page
//! of the write-ahead log, changes nothing that anybody reads, and fails when the disk is full,
//! read-only or hangs.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::store::{SqliteStore, StoreError};

/// How long a write may take: twice what the store waits for another process that writes.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// A connection of its own to the ledger's file.
pub(super) struct Pulse(Arc<Mutex<Connection>>);

impl Pulse {
    pub(super) fn open(ledger: &Path) -> Result<Self, StoreError> {
        let store = SqliteStore::open(ledger)?;
        Ok(Self(Arc::new(Mutex::new(store.into()))))
    }

    /// Tries it. A try that still hangs is a failure of this one too.
    pub(super) async fn beat(&self) -> Result<(), ()> {
        let connection = Arc::clone(&self.0);
        let beating = spawn_blocking(move || {
            let mut connection = connection.try_lock().map_err(|_hangs| ())?;
            write(&mut connection).map_err(|error| {
                tracing::error!(%error, "the ledger takes no write");
            })
        });
        let beaten = timeout(WRITTEN_WITHIN, beating).await;
        beaten.map_err(|_elapsed| ())?.map_err(|_panic| ())?
    }
}

fn write(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    transaction.pragma_update(None, "user_version", number)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(
        clippy::await_holding_lock,
        reason = "it stands for a write that hangs"
    )]
    async fn a_beat_is_a_write_and_fails_when_the_file_takes_none() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.sqlite");
        let pulse = Pulse::open(&ledger).unwrap();
        let log = folder.path().join("ledger.sqlite-wal");
        let length = || std::fs::metadata(&log).map_or(0, |log| log.len());
        let before = length();
        pulse.beat().await.unwrap();
        let after = length();
        assert!(after > before, "{before} {after}");
        // Somebody else holds it.
        pulse
            .0
            .lock()
            .unwrap()
            .busy_timeout(Duration::from_millis(20))
            .unwrap();
        let mut other: Connection = SqliteStore::open(&ledger).unwrap().into();
        let held = other
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        pulse.beat().await.unwrap_err();
        drop(held);
        pulse.beat().await.unwrap();
        // A write that hangs.
        let hangs = pulse.0.lock().unwrap();
        pulse.beat().await.unwrap_err();
        drop(hangs);
        // The disk takes no more: here, because the file may not be written.
        pulse
            .0
            .lock()
            .unwrap()
            .pragma_update(None, "query_only", true)
            .unwrap();
        pulse.beat().await.unwrap_err();
    }
}
