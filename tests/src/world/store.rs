//! The hub's real store, watched: what was committed is told to the oracle, and a commit can be
//! where the hub dies.
//!
//! The database is real and in memory, so that a night costs no disk. A process that dies
//! leaves what was committed; a commit is done or not, as SQLite promises, and the World cuts
//! on either side of it. Here is also where rules of the hub are switched off, so that no
//! switch for it is in the product.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use nattsyn_hub::agreement::Book;
use nattsyn_hub::commission::gate::Gates;
use nattsyn_hub::consent::Policies;
use nattsyn_hub::roster::{Home, Roster};
use nattsyn_hub::store::{Basis, Batch, Entries, SqliteStore, Store, StoreError, StoredPlan};
use nattsyn_hub::view::ledger::NightLedger;
use nattsyn_hub::watch::{Change, How, Planned, Saved};
use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::disk::Cut;
use super::faults::Rule;

/// Without `fsync`, how long the system keeps a commit before it writes it back by itself.
const WRITE_BACK_AFTER_MS: u64 = 5_000;

/// Something that the store wrote down.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Checks(Vec<Planned>),
    Batch(Box<Batch>),
}

/// What the World and the store share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Written since the oracle last looked.
    pub(super) written: Vec<Written>,
    pub(super) cut: Option<Cut>,
    /// Whether the hub died at a commit.
    pub(super) struck: bool,
    /// Whether the hub is starting.
    pub(super) is_opening: bool,
    /// The World's elapsed time and the hub's wall clock, set before the store is used.
    pub(super) now: u64,
    pub(super) wall_ms: i64,
    /// Commits that only the page cache has. Without `fsync` alone.
    unsynced: VecDeque<(u64, Batch)>,
    renamed: u64,
    /// Checks that a person has spoken of. Without `precedence` alone.
    spoken: BTreeSet<CheckId>,
}

/// A database in memory, for as long as somebody holds it open.
#[derive(Debug)]
pub(super) struct Ledger {
    name: String,
    pub(super) connection: rusqlite::Connection,
}

impl Ledger {
    /// A new, empty one.
    pub(super) fn new() -> rusqlite::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("file:world{number}?mode=memory&cache=shared");
        let connection = rusqlite::Connection::open(&name)?;
        Ok(Self { name, connection })
    }

    /// The product's store on it.
    pub(super) fn open(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(self.name.as_ref())
    }
}

/// The store as the hub of the World has it.
pub(super) struct WatchedStore {
    inner: SqliteStore,
    shared: Arc<Mutex<Shared>>,
    without: Option<Rule>,
}

impl WatchedStore {
    pub(super) fn new(
        inner: SqliteStore,
        shared: Arc<Mutex<Shared>>,
        without: Option<Rule>,
    ) -> Self {
        Self {
            inner,
            shared,
            without,
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        shared(&self.shared)
    }

    /// Where the hub may die: before what follows.
    fn die_before(&self) -> Result<(), StoreError> {
        let mut shared = self.shared();
        match shared.cut {
            Some(Cut::Before(0)) => {
                shared.struck = true;
                Err(dead())
            }
            Some(Cut::Before(left)) => {
                shared.cut = Some(Cut::Before(left - 1));
                Ok(())
            }
            Some(Cut::Within(_) | Cut::Never) | None => Ok(()),
        }
    }

    /// Where the hub may die: after what was done.
    fn die_after(&self) -> Result<(), StoreError> {
        let mut shared = self.shared();
        match shared.cut {
            Some(Cut::Within(0)) => {
                shared.struck = true;
                Err(dead())
            }
            Some(Cut::Within(left)) => {
                shared.cut = Some(Cut::Within(left - 1));
                Ok(())
            }
            Some(Cut::Before(_) | Cut::Never) | None => Ok(()),
        }
    }

    /// Writes to the database what the page cache has: all of it, or what is old.
    fn write_back(&mut self, all: WriteBack) -> Result<(), StoreError> {
        loop {
            let due = {
                let mut shared = self.shared();
                let now = shared.now;
                let is_due = shared.unsynced.front().is_some_and(|(since, _)| match all {
                    WriteBack::All => true,
                    WriteBack::Old => now >= since + WRITE_BACK_AFTER_MS,
                });
                is_due.then(|| shared.unsynced.pop_front()).flatten()
            };
            match due {
                Some((_, batch)) => self.inner.commit(&batch)?,
                None => return Ok(()),
            }
        }
    }

    /// Takes further outcomes of what a person has spoken of out: the database has room for one.
    fn keep_first_outcomes(&self, batch: &mut Batch) {
        let mut shared = self.shared();
        let spoken = &shared.spoken;
        batch.changes.retain(
            |change| !matches!(change, Change::Settled(check, _) if spoken.contains(check)),
        );
        for change in &batch.changes {
            if let Change::Spoken(word) = change {
                shared.spoken.insert(word.check);
            }
        }
    }

    /// A name of its own for a report that is there already, if nothing recognises it.
    fn rename(&self, batch: &mut Batch) {
        let mut shared = self.shared();
        for new in &mut batch.reports {
            shared.renamed += 1;
            new.report.counter |= shared.renamed << 32;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WriteBack {
    All,
    Old,
}

impl Store for WatchedStore {
    fn roster(&self) -> Result<Roster, StoreError> {
        self.inner.roster()
    }

    fn plans(&self) -> Result<Vec<StoredPlan>, StoreError> {
        let mut plans = self.inner.plans()?;
        if self.without == Some(Rule::FreezeAtNoon) {
            // Every version counts as made long before noon, so the newest is in force at once.
            for stored in &mut plans {
                stored.made = Timestamp::from_ms(0).unwrap_or(stored.made);
            }
        }
        Ok(plans)
    }

    fn enrol(
        &mut self,
        homes: &[Home],
        plans: &[StoredPlan],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.inner.enrol(homes, plans, now)
    }

    fn book(&self) -> Result<Book, StoreError> {
        self.inner.book()
    }

    fn record(&mut self, entries: &Entries, now: Timestamp) -> Result<(), StoreError> {
        self.inner.record(entries, now)
    }

    fn policies(&self) -> Result<Policies, StoreError> {
        self.inner.policies()
    }

    fn gates(&self) -> Result<Gates, StoreError> {
        self.inner.gates()
    }

    fn account(&self, night: Date) -> Result<NightLedger, StoreError> {
        self.inner.account(night)
    }

    fn nights(&self) -> Result<BTreeSet<Date>, StoreError> {
        self.inner.nights()
    }

    fn latest(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner.latest()
    }

    fn last_night(&self) -> Result<Option<Date>, StoreError> {
        self.inner.last_night()
    }

    fn freeze(
        &mut self,
        night: Date,
        checks: &[Planned],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.die_before()?;
        // A hub reads its own writes, on the disk or not.
        self.write_back(WriteBack::All)?;
        self.inner.freeze(night, checks, now)?;
        self.shared().written.push(Written::Checks(checks.to_vec()));
        self.die_after()
    }

    fn saved(&self, night: Date, since: Timestamp) -> Result<Saved, StoreError> {
        let mut saved = self.inner.saved(night, since)?;
        let side = self.shared();
        if self.without == Some(Rule::RestartReconciliation) && side.is_opening {
            // What went by while the hub was down is for nobody to see.
            saved.checks.retain(|check| {
                check.outcome.is_some() || check.planned.check.deadline.as_ms() > side.wall_ms
            });
        }
        drop(side);
        if self.without == Some(Rule::Precedence) {
            // What people said is for the ledger alone.
            for check in &mut saved.checks {
                check.words.clear();
                check.outcome = check.outcome.filter(|it| !matches!(it.how, How::Said(_)));
            }
        }
        Ok(saved)
    }

    fn held(&self, unit: UnitId, key: ReportKey) -> Result<Option<Signed>, StoreError> {
        if self.without == Some(Rule::Dedupe) {
            return Ok(None);
        }
        if self.without == Some(Rule::Fsync) {
            let shared = self.shared();
            let reports = shared.unsynced.iter().flat_map(|(_, batch)| &batch.reports);
            let mut same = reports.filter(|new| new.report.unit == unit && new.report.key() == key);
            if let Some(new) = same.next() {
                return Ok(Some(new.signed.clone()));
            }
        }
        self.inner.held(unit, key)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.die_before()?;
        match self.without {
            Some(Rule::Fsync) => {
                self.write_back(WriteBack::Old)?;
                let mut shared = self.shared();
                let now = shared.now;
                shared.unsynced.push_back((now, batch.clone()));
            }
            Some(Rule::Dedupe) => {
                let mut renamed = batch.clone();
                self.rename(&mut renamed);
                self.inner.commit(&renamed)?;
            }
            Some(Rule::Precedence) => {
                let mut first = batch.clone();
                self.keep_first_outcomes(&mut first);
                self.inner.commit(&first)?;
            }
            Some(_) | None => self.inner.commit(batch)?,
        }
        self.shared()
            .written
            .push(Written::Batch(Box::new(batch.clone())));
        self.die_after()
    }

    fn settings(&self) -> Result<Option<String>, StoreError> {
        self.inner.settings()
    }

    fn revision(&self) -> Result<i64, StoreError> {
        self.inner.revision()
    }

    fn basis(&self) -> Result<Basis, StoreError> {
        self.inner.basis()
    }
}

/// The process of a hub ended: what only the page cache has reaches the disk in the end.
pub(super) fn settle(ledger: &Ledger, side: &Mutex<Shared>) -> Result<(), StoreError> {
    let unsynced = std::mem::take(&mut shared(side).unsynced);
    let mut store = ledger.open()?;
    for (_, batch) in unsynced {
        store.commit(&batch)?;
    }
    Ok(())
}

/// The power of the hub's machine went. Returns how many commits were lost.
pub(super) fn lose_power(side: &Mutex<Shared>) -> usize {
    std::mem::take(&mut shared(side).unsynced).len()
}

/// What the World and the store share, also after a panic of either.
pub(super) fn shared(side: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    side.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a hub hears from a store whose process has just died: nothing that it could act on.
fn dead() -> StoreError {
    StoreError::Row {
        doing: "dying at a commit",
        what: "the World's doing".to_owned(),
    }
}
