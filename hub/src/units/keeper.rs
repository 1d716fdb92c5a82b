//! Keeps the units' book while the hub runs: which certificates are used, what was refused at the
//! doors, and who stands on the list of those that hold no more.
//!
//! What the doors say comes as [`Sign`]s. A refusal is written down at once, and then at most once
//! an hour for the same one who tries the same: somebody who knocks for ever must not fill the log.
//! It decides nothing about who is let in.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;

use super::Unit;
use super::denied::{Denied, Watched};
use super::desk::{self, DeskError};
use crate::audit::Who;
use crate::certificates::Authority;
use crate::private_file;
use crate::store::{SqliteStore, Store as _, StoreError, Units};

/// How often it is looked whether the list has changed: another process may have written it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the roster and the certificates are gone through: what people do here is written down
/// at once, so this is for what was left undone by a program that ended in between.
const GONE_THROUGH_EVERY: Duration = Duration::from_secs(60);

/// How long a unit's older certificate holds after a newer one was first used. Long enough for a
/// card that lost its last write to come back with the older one; short enough for a copy to be of
/// little use.
pub const OLDER_HOLDS: Duration = Duration::from_secs(24 * 3600);

/// How often the same refusal is written down.
const WRITTEN_EVERY: Duration = Duration::from_secs(3600);

/// Most different refusals that are remembered; at the bound, others are only in the program's own
/// log.
const REMEMBERED_MAX: usize = 1000;

/// Most signs that wait. At the bound one is dropped, with a line in the program's log: a use is
/// said again when the unit comes again.
const SIGNS_MAX: usize = 1024;

/// How near its end a certificate is late: a unit asks when a third of thirty days is over, so it
/// has asked in vain for ten. Somebody must see to it before the unit falls silent.
pub const LATE: Duration = Duration::from_secs(10 * 24 * 3600);

/// Units whose certificate is near its end; `None` until it is known.
pub type Late = Option<BTreeSet<UnitId>>;

/// The list of what holds no more, as other brokers read it, in the folder of certificates.
pub const LIST_FILE: &str = "denied.crl";

/// What a door has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A certificate was used: its serial number.
    Used(String),
    /// Somebody was refused.
    Refused(Refusal),
}

/// Who was refused what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Under which name they came; `?` if they showed none that counts.
    pub who: String,
    /// What they did, or what was wrong.
    pub what: String,
}

impl Sign {
    /// Somebody was refused something.
    #[must_use]
    pub fn refused(who: &str, what: impl ToString) -> Self {
        Self::Refused(Refusal {
            // Whatever a name is made of, it cannot fill the log.
            who: who.chars().take(8).collect(),
            what: what.to_string(),
        })
    }

    /// What a handshake that failed says of whoever came; nothing if only the network failed.
    #[must_use]
    pub fn of_handshake(error: &std::io::Error) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        let what = if let rustls::Error::InvalidCertificate(why) = error {
            // Its kind alone: moments and names in it are whoever's who made it.
            let why = format!("{why:?}");
            let kind = why.split(|c: char| !c.is_alphanumeric()).next();
            format!("certificate: {}", kind.unwrap_or_default())
        } else if *error == rustls::Error::NoCertificatesPresented {
            "no certificate".to_owned()
        } else {
            return None;
        };
        Some(Self::refused("?", what))
    }
}

/// Where doors say what they have to say.
#[derive(Clone, Debug)]
pub struct Signs(Option<mpsc::Sender<Sign>>);

impl Signs {
    /// Nobody listens: where units are invented.
    #[must_use]
    pub fn nobody() -> Self {
        Self(None)
    }

    /// Whoever has the other end listens.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Sign>) {
        let (sender, signs) = mpsc::channel(SIGNS_MAX);
        (Self(Some(sender)), signs)
    }

    /// Says something; never waits.
    pub fn say(&self, sign: Sign) {
        if let Some(signs) = &self.0
            && let Err(error) = signs.try_send(sign)
        {
            tracing::warn!(%error, "a sign from a door was dropped");
        }
    }
}

/// The one that keeps the book.
pub struct Keeper {
    store: SqliteStore,
    units: Units,
    tls: PathBuf,
    signs: mpsc::Receiver<Sign>,
    denied: watch::Sender<Arc<Denied>>,
    late: watch::Sender<Late>,
    refused: BTreeMap<Refusal, Seen>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    written: Timestamp,
    since: u64,
}

/// Whether a unit's certificate is near its end.
#[must_use]
pub fn is_late(unit: &Unit, now: Timestamp) -> bool {
    unit.stage.is_let_in() && unit.until.is_some_and(|until| until < now.after(LATE))
}

impl Keeper {
    /// A keeper of the book in a ledger, with the list as it is now.
    ///
    /// # Errors
    ///
    /// The book cannot be read: then nobody can tell who stands on the list.
    pub fn open(
        (ledger, tls): (&Path, &Path),
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<(Self, Signs, Watched), StoreError> {
        let units = Units::open(ledger)?;
        let denied = units.denied(now())?;
        let (sender, signs) = Signs::channel();
        let (denied, watched) = watch::channel(Arc::new(denied));
        let keeper = Self {
            store: SqliteStore::open(ledger)?,
            units,
            tls: tls.to_owned(),
            signs,
            denied,
            late: watch::channel(None).0,
            refused: BTreeMap::new(),
            now: Box::new(now),
        };
        Ok((keeper, sender, watched))
    }

    /// The units of homes whose certificate is near its end: now, and as it changes.
    #[must_use]
    pub fn late(&self) -> watch::Receiver<Late> {
        self.late.subscribe()
    }

    /// Keeps it, for ever.
    pub async fn run(mut self) -> Infallible {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut rounds = tokio::time::interval(GONE_THROUGH_EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.publish();
        loop {
            let kept = tokio::select! {
                Some(sign) = self.signs.recv() => self.hear(sign),
                _ = rounds.tick() => self.go_through(),
                _ = looks.tick() => self.look(),
            };
            if let Err(error) = kept {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the units' book cannot be kept");
            }
        }
    }

    fn hear(&mut self, sign: Sign) -> Result<(), DeskError> {
        let now = (self.now)();
        match sign {
            Sign::Used(serial) => Ok(self.units.note_use(&serial, now)?),
            Sign::Refused(refusal) => self.refuse(refusal, now),
        }
    }

    fn go_through(&mut self) -> Result<(), DeskError> {
        let now = (self.now)();
        let roster = self.store.roster()?;
        desk::follow(&mut self.units, &roster, (&Who::Hub, now))?;
        self.units.supersede(now.before(OLDER_HOLDS), now)?;
        let hangs = |unit: &Unit| roster.homes().iter().any(|home| home.unit == unit.id);
        let units = self.units.all()?;
        let late = units
            .iter()
            .filter(|unit| is_late(unit, now) && hangs(unit));
        let late = Some(late.map(|unit| unit.id).collect());
        if late != *self.late.borrow() {
            self.late.send_replace(late);
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), DeskError> {
        let denied = self.units.denied((self.now)())?;
        if denied != **self.denied.borrow() {
            tracing::info!(
                certificates = denied.serials().len(),
                "the list has changed"
            );
            self.denied.send_replace(Arc::new(denied));
            self.publish();
        }
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal, now: Timestamp) -> Result<(), DeskError> {
        let due = |seen: &Seen| seen.written.after(WRITTEN_EVERY) <= now || now < seen.written;
        if self.refused.len() >= REMEMBERED_MAX && !self.refused.contains_key(&refusal) {
            self.refused.retain(|_, seen| !due(seen));
            if self.refused.len() >= REMEMBERED_MAX {
                tracing::warn!(who = refusal.who, what = refusal.what, "refused");
                return Ok(());
            }
        }
        let seen = self.refused.get(&refusal).copied();
        if let Some(seen) = seen.filter(|seen| !due(seen)) {
            let since = seen.since.saturating_add(1);
            self.refused.insert(refusal, Seen { since, ..seen });
            return Ok(());
        }
        let since = seen.map_or(0, |seen| seen.since);
        let more = match since {
            0 => String::new(),
            more => format!(" (and {more} times more since)"),
        };
        let line = format!("{}: {}{more}", refusal.who, refusal.what);
        self.units.refused(now, &line)?;
        self.refused.insert(
            refusal,
            Seen {
                written: now,
                since: 0,
            },
        );
        Ok(())
    }

    /// Writes the list where another broker can read it.
    fn publish(&self) {
        let serials = self.denied.borrow().serials();
        let written = Authority::open(&self.tls)
            .and_then(|authority| authority.list(&serials, (self.now)()))
            .and_then(|list| {
                let path = self.tls.join(LIST_FILE);
                Ok(private_file::replace(&path, list.as_bytes())?)
            });
        if let Err(error) = written {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the list for other brokers cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use nattsyn_protocol::demonstration::root_key;

    use super::*;
    use crate::audit::{Act, Log, Question};

    const NOON: Timestamp = Timestamp(jiff::Timestamp::constant(1_800_000_000, 0));

    struct Office {
        folder: tempfile::TempDir,
        keeper: Keeper,
        now: Arc<Mutex<Timestamp>>,
    }

    impl Office {
        fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let tls = folder.path().join("tls");
            Authority::create(&tls, &root_key()).unwrap();
            let now = Arc::new(Mutex::new(NOON));
            let shown = Arc::clone(&now);
            let ledger = folder.path().join("ledger.sqlite");
            let opened = Keeper::open((&ledger, &tls), move || *shown.lock().unwrap());
            let keeper = opened.unwrap().0;
            Self {
                folder,
                keeper,
                now,
            }
        }

        fn knock(&mut self, who: &str, what: &str) {
            self.keeper.hear(Sign::refused(who, what)).unwrap();
        }

        fn refusals(&self) -> Vec<String> {
            let log = Log::open(&self.folder.path().join("ledger.sqlite")).unwrap();
            let rows = log.rows(&Question::default()).unwrap();
            let refused = rows
                .into_iter()
                .filter(|row| row.act == Act::UnitRefused.word());
            let mut details: Vec<_> = refused.map(|row| row.detail).collect();
            details.sort();
            details
        }
    }

    #[test]
    fn whoever_knocks_for_ever_is_in_the_log_once_an_hour_with_how_often() {
        let mut office = Office::open();
        for _again in 0..50 {
            office.knock("u0000001", "write");
        }
        office.knock("u0000002", "write");
        assert_eq!(office.refusals(), ["u0000001: write", "u0000002: write"]);
        *office.now.lock().unwrap() = NOON.after(WRITTEN_EVERY);
        office.knock("u0000001", "write");
        let again = "u0000001: write (and 49 times more since)";
        assert!(
            office.refusals().contains(&again.to_owned()),
            "{:?}",
            office.refusals()
        );
        // A clock that was put back keeps nobody out of the log.
        *office.now.lock().unwrap() = NOON.before(WRITTEN_EVERY);
        office.knock("u0000002", "write");
        assert_eq!(office.refusals().len(), 4);
    }

    #[test]
    fn names_that_somebody_makes_up_fill_neither_memory_nor_log() {
        let mut office = Office::open();
        for number in 0..REMEMBERED_MAX + 20 {
            office.knock(&format!("{number}"), "connect");
        }
        assert_eq!(office.refusals().len(), REMEMBERED_MAX);
        assert_eq!(office.keeper.refused.len(), REMEMBERED_MAX);
        let long = Sign::refused("a name that is much longer than any", "connect");
        let Sign::Refused(refusal) = long else {
            panic!("refused");
        };
        assert_eq!(refusal.who.len(), 8);
    }

    #[test]
    fn the_list_for_other_brokers_is_there_from_the_beginning() {
        let office = Office::open();
        office.keeper.publish();
        let list = std::fs::read_to_string(office.folder.path().join("tls").join(LIST_FILE));
        assert!(list.unwrap().starts_with("-----BEGIN X509 CRL-----"));
    }
}
