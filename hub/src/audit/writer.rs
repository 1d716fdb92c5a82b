//! The one that writes rows for the page: a thread with a bounded queue, many rows to a commit.
//!
//! A row is *awaited*, if nothing is shown without it, or *owed*, if what it records is shown all
//! the same: an owed row that is not on the disk after [`PATIENCE`] is let go on, and is written
//! as soon as the file takes it, its detail beginning with [`LATE`]. Whoever waits, waits for one
//! commit and not for those of everybody before them. It does not decide which row is which.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use nattsyn_protocol::time::Timestamp;

use super::log::{AuditError, lock};
use super::{Act, AuditId, AuditRow, Who};
use crate::store::{StoreError, audit};

/// Most rows that wait to be written, and most that are owed: a whole night's of fifty workers.
/// Beyond it an awaited row is refused, and an owed one is counted and the count written down.
const QUEUE_MAX: usize = 1024;

/// Most rows of one commit: some tens of milliseconds at a millisecond a row, at the very worst.
const BATCH_MAX: usize = 128;

/// How soon owed rows are tried again; the try itself waits for the file for seconds.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a page that is shown in any case waits for its row: a commit takes some milliseconds,
/// and a wait of a third of a second is hardly felt.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);

/// What the detail of a row begins with that was written after what it records was shown.
pub const LATE: &str = "late";

/// Whether a row is written also when nobody waits for it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Awaited,
    Owed,
}

/// A row on its way.
#[derive(Debug)]
struct Job {
    row: AuditRow,
    kind: Kind,
    done: oneshot::Sender<Result<AuditId, AuditError>>,
}

/// What is known of the writing.
#[derive(Debug, Default)]
struct Health {
    /// Since when no row has been written in time.
    trouble: Mutex<Option<Timestamp>>,
    /// Owed rows that found no place.
    lost: AtomicU64,
}

impl Health {
    fn handle_trouble(&self, at: Timestamp) {
        self.trouble().get_or_insert(at);
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue's end at which rows are put in.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    health: Arc<Health>,
}

impl Writer {
    /// Begins to write through a connection.
    pub(super) fn start(connection: Arc<Mutex<Connection>>) -> Result<Self, AuditError> {
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let health = Arc::new(Health::default());
        let mut desk = Desk {
            connection,
            queue,
            owed: VecDeque::new(),
            health: Arc::clone(&health),
        };
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let thread = thread.spawn(move || desk.run());
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread.map_err(AuditError::Thread)?),
            health,
        })
    }

    /// Since when no row has been written in time; `None` if the latest was.
    pub(super) fn trouble(&self) -> Option<Timestamp> {
        *self.health.trouble()
    }

    /// Writes a row that is awaited.
    pub(super) async fn record(&self, row: AuditRow) -> Result<AuditId, AuditError> {
        let at = row.at;
        let done = self.put(row, Kind::Awaited);
        let done = done.inspect_err(|_| self.health.handle_trouble(at))?;
        done.await.map_err(|_ended| AuditError::Ended)?
    }

    /// Writes a row that is owed, and waits for it for [`PATIENCE`] at most.
    pub(super) async fn record_soon(&self, row: AuditRow) -> Result<AuditId, AuditError> {
        let at = row.at;
        let written = match self.put(row, Kind::Owed) {
            Ok(done) => match tokio::time::timeout(PATIENCE, done).await {
                Ok(done) => done.map_err(|_ended| AuditError::Ended)?,
                Err(_) => Err(AuditError::Slow),
            },
            Err(error) => {
                self.health.lost.fetch_add(1, Ordering::Relaxed);
                Err(error)
            }
        };
        written.inspect_err(|_| self.health.handle_trouble(at))
    }

    fn put(
        &self,
        row: AuditRow,
        kind: Kind,
    ) -> Result<oneshot::Receiver<Result<AuditId, AuditError>>, AuditError> {
        let (done, told) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(AuditError::Ended)?;
        match jobs.try_send(Job { row, kind, done }) {
            Ok(()) => Ok(told),
            Err(TrySendError::Full(_)) => Err(AuditError::Full),
            Err(TrySendError::Disconnected(_)) => Err(AuditError::Ended),
        }
    }
}

impl Drop for Writer {
    /// What is still in the queue is written before the file is closed, if it can be.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the log's writer has panicked");
        }
    }
}

/// The queue's other end.
struct Desk {
    connection: Arc<Mutex<Connection>>,
    queue: Receiver<Job>,
    owed: VecDeque<AuditRow>,
    health: Arc<Health>,
}

impl Desk {
    /// Until nobody can put a row in any more; then what is left is tried once.
    fn run(&mut self) {
        loop {
            let lost = self.health.lost.load(Ordering::Relaxed);
            let first = match self.owed.is_empty() && lost == 0 {
                true => self.queue.recv().map_err(RecvTimeoutError::from),
                false => self.queue.recv_timeout(AGAIN),
            };
            let is_over = matches!(first, Err(RecvTimeoutError::Disconnected));
            let more = self.queue.try_iter();
            let batch: Vec<Job> = first.into_iter().chain(more).take(BATCH_MAX).collect();
            if !batch.is_empty() || !self.owed.is_empty() || lost > 0 {
                self.write(batch, lost);
            }
            if is_over {
                return;
            }
        }
    }

    fn write(&mut self, batch: Vec<Job>, lost: u64) {
        match self.commit(&batch, lost) {
            Ok(ids) => {
                self.owed.clear();
                self.health.lost.fetch_sub(lost, Ordering::Relaxed);
                *self.health.trouble() = None;
                for (job, id) in batch.into_iter().zip(ids) {
                    // Whoever does not wait any more does not need to know.
                    drop(job.done.send(Ok(id)));
                }
            }
            Err(error) => self.handle_failure(batch, &Arc::new(error)),
        }
    }

    fn handle_failure(&mut self, batch: Vec<Job>, error: &Arc<StoreError>) {
        for job in batch {
            self.health.handle_trouble(job.row.at);
            match job.kind {
                Kind::Awaited => {}
                Kind::Owed if self.owed.len() < QUEUE_MAX => self.owed.push_back(job.row),
                Kind::Owed => {
                    self.health.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            let error = AuditError::Together(Arc::clone(error));
            drop(job.done.send(Err(error)));
        }
    }

    /// Everything that is owed and a batch, in one piece.
    fn commit(&self, batch: &[Job], lost: u64) -> Result<Vec<AuditId>, StoreError> {
        let doing = crate::store::doing("writing the log");
        let mut connection = lock(&self.connection);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&doing)?;
        for row in &self.owed {
            audit::append(&transaction, &late(row)).map_err(&doing)?;
        }
        let since = *self.health.trouble();
        if let (1.., Some(since)) = (lost, since) {
            let row = AuditRow::new(since, Who::Hub, Act::RowsLost).detail(lost.to_string());
            audit::append(&transaction, &row).map_err(&doing)?;
        }
        let mut ids = Vec::with_capacity(batch.len());
        for job in batch {
            let written = match job.kind == Kind::Owed && job.done.is_closed() {
                true => audit::append(&transaction, &late(&job.row)),
                false => audit::append(&transaction, &job.row),
            };
            ids.push(written.map_err(&doing)?);
        }
        transaction.commit().map_err(&doing)?;
        Ok(ids)
    }
}

fn late(row: &AuditRow) -> AuditRow {
    let detail = format!("{LATE} {}", row.detail);
    row.clone().detail(detail.trim_end())
}
