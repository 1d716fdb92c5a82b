//! The hub's memory: who is enrolled, what was agreed, what happened.
//!
//! [`Store`] is the role, [`SqliteStore`] the embedded implementation. What was written stays:
//! ledger rows are only ever added. Heartbeats are not kept here, nor is any picture.

mod account;
mod agreements;
mod apart;
mod archive;
pub(crate) mod audit;
mod basis;
mod certificates;
mod commission;
mod consent;
mod exchange;
mod handlings;
mod labels;
mod ledger;
mod own;
mod private;
mod resident;
mod roles;
mod rows;
mod saved;
mod settings;
mod sides;
mod sqlite;
mod subscriptions;
mod tellings;
#[cfg(test)]
mod tests;
mod tuning;
mod units;
mod views;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::civil::Date;

use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::report::{Notice, Report, ReportKey};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use crate::agreement::Book;
use crate::commission::CourseRow;
use crate::commission::gate::{CommissionWord, Gate, Gates, Paper, Refusal};
use crate::commission::sides::Sides;
use crate::commission::suited::{TrialNight, Unsuited};
use crate::consent::Policies;
use crate::labels::{Draw, Labelled};
use crate::roster::{Home, Roster};
use crate::tuning::standing::{Sent, Word};
use crate::view::ledger::NightLedger;
use crate::watch::{Change, Planned, Repeated, Saved};

pub use agreements::Entries;
pub use archive::{Archive, SqliteArchive};
pub use basis::Basis;
pub use certificates::Certificate;
pub use commission::{Courses, Written};
pub use labels::Labels;
pub use roles::RolesFile;
pub(crate) use roles::{Doer, RoleEvent, held, write_role};
pub use settings::{SettingsVersion, SettingsVersions};
pub use sides::PassedPlaces;
pub use sqlite::SqliteStore;
pub(crate) use sqlite::doing;
#[cfg(test)]
pub(crate) use sqlite::schema_of;
pub use subscriptions::{Ended, NewSubscription, Subscribed, Subscriptions};
pub use tellings::Tellings;
pub use tuning::{Deed, NewCounts, Tunings};
pub use units::{CodeRow, Enrolment, UnitError, Units};
pub use views::{ViewRecord, Views};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("opening the ledger {}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// The database was written by a newer hub.
    #[error(
        "the ledger {} has schema version {found}; this build knows {known}: start a newer hub",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that this build knows.
        known: i64,
    },
    /// The database refused.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// A row cannot be read back.
    #[error("{doing}: {what:?} cannot be read")]
    Row {
        /// What was being done.
        doing: &'static str,
        /// What stands there.
        what: String,
    },
}

/// A plan as it was signed and is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Plan,
    /// As signed.
    pub signed: Signed,
    /// When it was made.
    pub made: Timestamp,
    /// From when it holds.
    pub holds: Holds,
}

/// From when a plan version holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// From the next noon: a night's checks are settled when it begins. A resident's very first
    /// plan holds from the next window that opens.
    FromNoon,
    /// From the moment it was made: somebody is away, is back, or will not be looked at again.
    AtOnce,
}

/// A report on its way into the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReport {
    /// The report.
    pub report: Report,
    /// As signed: kept to the byte, so that anyone can verify it later.
    pub signed: Signed,
    /// When it came.
    pub came: Timestamp,
    /// Whether its *visible* counts.
    pub gate: Gate,
}

/// Most repetitions of one report that are written down. A unit repeats a report every two
/// minutes at the slowest until it hears that it is held: by then it has said so for long enough
/// that somebody should look at the line between them, and more rows say nothing more.
pub const REPEATS_MAX: u8 = 9;

/// Most contradictions of one unit that are written down, over all its time. An honest eye never
/// signs two reports by one number, so one of them is enough to take the unit out of service, and
/// this many leave no doubt; further ones are acknowledged, logged and raised, and their bodies
/// are not kept. At [`nattsyn_protocol::wire::BODY_MAX`] each, a unit that floods the hub with
/// them fills 1.2 MB of the disk and no more.
pub const CONTRADICTIONS_MAX: u32 = 100;

/// What belongs together: all of it is written, or none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Reports that came, none of them held already.
    pub reports: Vec<NewReport>,
    /// Notices that came, and when.
    pub notices: Vec<(Notice, Timestamp)>,
    /// Reports that are held already and came again. At most [`REPEATS_MAX`] of each are
    /// written down; further ones are passed over.
    pub repeats: Vec<Repeated>,
    /// Reports by the number of one that is held, or among `reports`, and not the same: they count
    /// for nothing, and both signed bodies are kept for ever. One that is held already is passed
    /// over, and so are those of a unit beyond its [`CONTRADICTIONS_MAX`].
    pub contradictions: Vec<NewReport>,
    /// That units say that they look by these versions of their policies, and when. What is
    /// written already is passed over.
    pub looking: Vec<(UnitId, u32, Timestamp)>,
    /// Nights' counts that came, none of them held already.
    pub counts: Vec<NewCounts>,
    /// Which thresholds units say that they hold, where that is otherwise than before.
    pub words: Vec<(UnitId, Word)>,
    /// As what units' eyes say that they are commissioned, where that is otherwise than before.
    pub commissioned: Vec<(UnitId, CommissionWord, Timestamp)>,
    /// What units say while they are being commissioned.
    pub steps: Vec<CourseRow>,
    /// Units that were tried out and cannot pass.
    pub refused: Vec<Refusal>,
    /// What follows from them or from time.
    pub changes: Vec<Change>,
}

impl Batch {
    /// Whether there is anything to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
            && self.notices.is_empty()
            && self.repeats.is_empty()
            && self.contradictions.is_empty()
            && self.looking.is_empty()
            && self.counts.is_empty()
            && self.words.is_empty()
            && self.commissioned.is_empty()
            && self.steps.is_empty()
            && self.refused.is_empty()
            && self.changes.is_empty()
    }
}

/// The hub's memory. Calls block until what was written is on the disk.
pub trait Store: Send {
    /// Who is enrolled.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn roster(&self) -> Result<Roster, StoreError>;

    /// Every version of every plan, by resident and version.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn plans(&self) -> Result<Vec<StoredPlan>, StoreError>;

    /// Makes the roster and adds plan versions, in one piece. Homes that are not among `homes`
    /// are no longer enrolled; their ledger stays.
    ///
    /// # Errors
    ///
    /// The store cannot be written, or has such a plan version.
    fn enrol(
        &mut self,
        homes: &[Home],
        plans: &[StoredPlan],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Everything that was agreed, who is away and who will not be looked at again.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn book(&self) -> Result<Book, StoreError>;

    /// Writes all of the entries down for good, or nothing of them.
    ///
    /// # Errors
    ///
    /// Nothing was written: the store cannot be, it has such a version already, or an entry is
    /// about nobody it knows.
    fn record(&mut self, entries: &Entries, now: Timestamp) -> Result<(), StoreError>;

    /// The newest policy of each unit that ever had one.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn policies(&self) -> Result<Policies, StoreError>;

    /// The counts of a unit's night that are held already, as signed; `None` if none are.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn counts(&self, _unit: UnitId, _night: Date) -> Result<Option<Signed>, StoreError> {
        Ok(None)
    }

    /// The newest thresholds of each unit that ever had any, and what units say that they hold.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn thresholds(&self) -> Result<(Sent, BTreeMap<UnitId, Word>), StoreError> {
        Ok(Default::default())
    }

    /// What units are commissioned as, and which are on paper.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn gates(&self) -> Result<Gates, StoreError> {
        Ok(Gates::default())
    }

    /// The newest that was said of who sleeps where, by unit.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn sides(&self) -> Result<BTreeMap<UnitId, Sides>, StoreError> {
        Ok(BTreeMap::new())
    }

    /// The nights of a unit's trial in a home: those that began after the one on which it was
    /// commissioned, in their order.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn trial(&self, _of: (UnitId, HomeId), _passed: Date) -> Result<Vec<TrialNight>, StoreError> {
        Ok(Vec::new())
    }

    /// Writes down that sensor mode does not suit a home. Said again it changes nothing.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    fn refuse_sensor(&mut self, _unsuited: &Unsuited) -> Result<(), StoreError> {
        Ok(())
    }

    /// Units whose looks counted before commissioning was asked of units, and that have no paper
    /// yet.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn before_commissioning(&self) -> Result<Vec<UnitId>, StoreError> {
        Ok(Vec::new())
    }

    /// Units whose newest *visible* was by another model than they were commissioned with.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn of_other_model(&self) -> Result<Vec<UnitId>, StoreError> {
        Ok(Vec::new())
    }

    /// Puts units on paper.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    fn put_on_paper(&mut self, _papers: &[Paper]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Steps of commissioning since a moment, and of units that have not answered.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn steps_to_restore(&self, _since: Timestamp) -> Result<Vec<CourseRow>, StoreError> {
        Ok(Vec::new())
    }

    /// What was drawn and said of a night.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn labelled(&self, _night: Date) -> Result<Labelled, StoreError> {
        Ok(Labelled::default())
    }

    /// Writes down what was drawn; each night of a home once.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    fn draw(&mut self, _draws: &[Draw]) -> Result<(), StoreError> {
        Ok(())
    }

    /// Signed labels of this night and the one before that can no longer be said otherwise, by
    /// their units, after one of a number; and the number of the last.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn labels_to_send(
        &self,
        after: i64,
        _night: Date,
        _now: Timestamp,
    ) -> Result<(i64, Vec<(UnitId, Signed)>), StoreError> {
        Ok((after, Vec::new()))
    }

    /// The steps of a unit's commissioning since it last passed, in order.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn steps_since_passed(&self, _unit: UnitId) -> Result<Vec<CourseRow>, StoreError> {
        Ok(Vec::new())
    }

    /// The steps of commissioning after the one of this number, since a moment, in order.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn steps_after(&self, _id: i64, _since: Timestamp) -> Result<Vec<CourseRow>, StoreError> {
        Ok(Vec::new())
    }

    /// The last night whose checks were frozen.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn last_night(&self) -> Result<Option<Date>, StoreError>;

    /// Writes a night's checks down, and beside them how many they are. A check that stands there
    /// already stays as it is; one that comes to a night that was written down before is marked as
    /// added, with who it was that last agreed or said anything about the resident.
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    fn freeze(&mut self, night: Date, checks: &[Planned], now: Timestamp)
    -> Result<(), StoreError>;

    /// What a watch needs: the checks of `night`, every earlier check without an outcome, open
    /// exceptions, and exceptions that ended at `since` or later.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn saved(&self, night: Date, since: Timestamp) -> Result<Saved, StoreError>;

    /// One night of the ledger, line by line, as it is written.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn account(&self, night: Date) -> Result<NightLedger, StoreError>;

    /// The nights whose checks were frozen.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn nights(&self) -> Result<BTreeSet<Date>, StoreError>;

    /// The latest moment at which anything was written of a night: a clock that is earlier is
    /// wrong. `None` if nothing was.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn latest(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The signed text of a report that is held already; `None` if it is not.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn held(&self, unit: UnitId, key: ReportKey) -> Result<Option<Signed>, StoreError>;

    /// Writes everything in the batch down for good, or nothing of it.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// The document of the settings that were set last; `None` if none ever were.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn settings(&self) -> Result<Option<String>, StoreError>;

    /// A number that changes whenever another process or connection writes to the store, such as
    /// an enrolment while the hub runs; whether that is of any concern, [`Store::basis`] says.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn revision(&self) -> Result<i64, StoreError>;

    /// What nights are made from, to be compared with what it was.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn basis(&self) -> Result<Basis, StoreError>;
}
