//! The head of the log, put where nobody who can write the hub's file can write: once an hour, one
//! file a day.
//!
//! Where that is, is for the municipality: a folder on another machine, named `heads` under
//! `[audit]` in the configuration. With none the log's page says so. What lies there keeps
//! somebody from changing the log unseen; it does not keep them from changing it.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use tokio::sync::watch;

use nattsyn_clock::Clock;
use nattsyn_protocol::time::Timestamp;

use super::{Act, AuditError, AuditRow, Head, Log, Who};
use crate::private_file::{self, PrivateFileError};

/// How often the head is put outside: what is cut off the end later than this is missed by no more
/// than an hour's rows.
const EVERY: Duration = Duration::from_secs(3600);

/// How old the newest head outside may be before the page says so: a night.
pub const YOUNG: Duration = Duration::from_secs(24 * 3600);

/// Where heads go. The default is nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A folder that another machine keeps. Relative paths count from the configuration's folder.
    pub heads: Option<PathBuf>,
}

/// Where the newest head is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// No folder is set.
    #[default]
    Nowhere,
    /// It was put outside then.
    Since(Timestamp),
    /// It could not be put outside since then, or since the hub began.
    Failing(Option<Timestamp>),
}

/// Whether the newest try put the head outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It did, or nobody asked for it: the pages say that no folder is set.
    Yes,
    /// It failed.
    No,
}

impl Kept {
    /// What a keeper says of itself, as yes or no.
    #[must_use]
    pub fn of(outside: Outside) -> Self {
        match outside {
            Outside::Nowhere | Outside::Since(_) => Self::Yes,
            Outside::Failing(_) => Self::No,
        }
    }
}

/// Why a head is not outside.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The log cannot be read or written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The file cannot be written or read.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A file is no head.
    #[error("{}: inget huvud ur loggen / not a head of the log", path.display())]
    NotAHead {
        /// Which.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
}

/// Puts heads outside.
pub struct Keeper {
    log: Arc<Log>,
    folder: Option<PathBuf>,
    zone: TimeZone,
    day: Option<Date>,
    shown: watch::Sender<Outside>,
}

impl Keeper {
    /// A keeper, and what it says of itself.
    #[must_use]
    pub fn new(
        log: &Arc<Log>,
        (settings, folder): (&Settings, &Path),
        zone: TimeZone,
    ) -> (Self, watch::Receiver<Outside>) {
        let outside = settings.heads.as_ref().map(|heads| folder.join(heads));
        let first = match outside {
            Some(_) => Outside::Failing(None),
            None => Outside::Nowhere,
        };
        let (shown, seen) = watch::channel(first);
        let keeper = Self {
            log: Arc::clone(log),
            folder: outside,
            zone,
            day: None,
            shown,
        };
        (keeper, seen)
    }

    /// Puts the head outside at once and every hour, for as long as it is polled.
    pub async fn run(mut self, clock: Clock) -> Infallible {
        let Some(folder) = self.folder.clone() else {
            return std::future::pending().await;
        };
        loop {
            let now = clock.now();
            let day = now.timestamp.0.to_zoned(self.zone.clone()).date();
            let (log, to) = (Arc::clone(&self.log), folder.clone());
            let first = self.day != Some(day);
            let put = move || {
                let done = put(&log, &to, (day, first), now.timestamp);
                if done.is_err() {
                    note_failure(&log, now.timestamp);
                }
                done
            };
            let done = tokio::task::spawn_blocking(put).await;
            self.handle_put(done, (day, now.timestamp));
            clock.wait_until(Some(now.uptime.after(EVERY))).await;
        }
    }

    fn handle_put(
        &mut self,
        done: Result<Result<(), HeadError>, tokio::task::JoinError>,
        (day, now): (Date, Timestamp),
    ) {
        let error = match done {
            Ok(Ok(())) => {
                self.day = Some(day);
                self.shown.send_replace(Outside::Since(now));
                return;
            }
            Ok(Err(error)) => Box::new(error) as Box<dyn std::error::Error>,
            Err(panic) => Box::new(panic),
        };
        tracing::error!(error = &*error, "the log's head is not outside");
        self.shown.send_modify(|outside| {
            *outside = match *outside {
                Outside::Nowhere => Outside::Failing(None),
                Outside::Since(at) => Outside::Failing(Some(at)),
                Outside::Failing(since) => Outside::Failing(since),
            };
        });
    }
}

/// Writes into the log itself that a head could not be put outside: by that the morning report of
/// the night says so, also after a restart. One row an hour at most.
fn note_failure(log: &Log, now: Timestamp) {
    let row = AuditRow::new(now, Who::Hub, Act::HeadLost);
    if let Err(error) = log.record(row) {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "nor can that be written"
        );
    }
}

/// Writes the head into the day's file. The first of a day is in the log itself.
fn put(
    log: &Log,
    folder: &Path,
    (day, first): (Date, bool),
    now: Timestamp,
) -> Result<(), HeadError> {
    let file = format!("nattsyn-{day}.head.json");
    if first {
        log.record(AuditRow::new(now, Who::Hub, Act::HeadExported).detail(file.clone()))?;
    }
    if let Some(head) = log.head(now)? {
        write(&folder.join(file), &head)?;
    }
    Ok(())
}

/// Writes a head.
///
/// # Errors
///
/// The file cannot be written.
pub fn write(path: &Path, head: &Head) -> Result<(), HeadError> {
    let text = serde_json::to_string(head).expect("texts and numbers always have a JSON form");
    Ok(private_file::replace(path, text.as_bytes())?)
}

/// Reads a head that was kept.
///
/// # Errors
///
/// There is none.
pub fn read(path: &Path) -> Result<Head, HeadError> {
    let text = private_file::read(path)?;
    serde_json::from_str(&text).map_err(|source| HeadError::NotAHead {
        path: path.to_owned(),
        source,
    })
}
