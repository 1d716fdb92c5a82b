//! The counter of a hub that runs: for its pages, and for homes that come, move or leave.
//!
//! An edge: it opens the ledger anew for every act, as the command line does, lets one act end
//! before the next begins, and has the desk look at once at what was written. It decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use nattsyn_protocol::ids::{CheckId, HomeId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::book::Book;
use super::counter::{Counter, TuningError, WentBack};
use super::evidence::{Evidence, Newest};
use super::map::Map;
use super::outlook::{self, ByUnit, Outlook, by_unit, outlook};
use super::own::OwnPart;
use super::standing::{Progress, Sent, Word, progress_to};
use super::{ChangeId, Decision, Floor, Gone, Levels, MODELS_OWN};
use crate::keys::HubKeys;
use crate::labels::{self, LabelError};
use crate::roster::Roster;
use crate::service::Hands;
use crate::settings::Settings;
use crate::settings::compare::Place;
use crate::store::{Labels, SqliteStore, Store as _, Tunings};
use crate::view::Tonight;
use crate::watch::StaffId;

/// How often it is looked whether a home came, moved or left, of real time: enrolment is a matter
/// of days, and an approved change is signed at once without this.
pub const SETTLED_EVERY: Duration = Duration::from_secs(60);

/// How many pages of thresholds are read and counted at once: one, and one beside it, so that
/// whoever looks at one home does not wait for a whole municipality. Each is a thread and a copy
/// of a month's counts.
pub const COUNTED_AT_ONCE: usize = 2;

/// How long somebody waits for their turn to count before they are asked to try again: several
/// times what the largest municipality takes (docs/reference/calibration.md).
pub const COUNTED_WITHIN: Duration = Duration::from_secs(15);

/// Writes thresholds down for a hub that runs.
pub struct Clerk {
    ledger: PathBuf,
    keys: HubKeys,
    zone: String,
    floor: Floor,
    hands: Option<Hands>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    turn: Mutex<()>,
    /// Who may count now.
    counting: Arc<Semaphore>,
    /// What the newest pool shows: fitting it takes longer than reading it.
    fitted: Mutex<Newest>,
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clerk({}, {:?})", self.zone, self.floor)
    }
}

/// All that the pages of thresholds are made from. Has no `Debug`: addresses stand in it.
#[derive(Clone)]
pub struct File {
    /// Who is enrolled.
    pub roster: Roster,
    /// Which home lies in which area.
    pub settings: Settings,
    /// What was proposed and decided.
    pub book: Book,
    /// What nothing goes under.
    pub floor: Floor,
    /// The newest of each unit.
    pub sent: Sent,
    /// What units say that they hold.
    pub words: BTreeMap<UnitId, Word>,
    /// The counts of the last nights.
    pub counts: ByUnit,
    /// From which night on.
    pub since: Date,
    /// What the newest pool shows.
    pub evidence: Newest,
    /// The own parts of the homes that are asked about and whose units are commissioned.
    pub own: BTreeMap<HomeId, OwnPart>,
}

impl File {
    /// What holds where.
    #[must_use]
    pub fn map(&self) -> Map<'_> {
        Map {
            roster: &self.roster,
            settings: &self.settings,
            book: &self.book,
            floor: self.floor,
            sent: &self.sent,
        }
    }

    /// Whether a home's unit says that it works by these levels. One that was never sent any works
    /// by its model's own.
    #[must_use]
    pub fn is_held(&self, home: HomeId, levels: Levels) -> bool {
        let homes = self.roster.homes().iter();
        let Some(unit) = homes.filter(|it| it.id == home).map(|it| it.unit).next() else {
            return false;
        };
        let word = self.words.get(&unit).copied();
        match progress_to(levels, self.sent.get(&unit), word) {
            Progress::Acknowledged(_) => true,
            Progress::None => levels == MODELS_OWN,
            Progress::Foreign(_) | Progress::Unsaid(_) | Progress::Waits(_) => false,
        }
    }

    /// What a change at a place would have made of the last nights.
    #[must_use]
    pub fn outlook(&self, place: &Place, levels: Option<Levels>) -> Outlook {
        outlook(&self.map().turns(place, levels), &self.counts, self.since)
    }
}

impl Clerk {
    /// A clerk over the ledger in a file. The desk behind `hands` looks at once at what was
    /// written; `now` is the clock that it goes by.
    #[must_use]
    pub fn new(
        (ledger, keys): (&Path, HubKeys),
        (zone, floor): (&str, Floor),
        hands: Option<Hands>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self {
            ledger: ledger.to_owned(),
            keys,
            zone: zone.to_owned(),
            floor,
            hands,
            now: Box::new(now),
            turn: Mutex::new(()),
            counting: Arc::new(Semaphore::new(COUNTED_AT_ONCE)),
            fitted: Mutex::new(Newest::None),
        }
    }

    /// Everything that is known, for the page of a place. Blocks.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn file(&self, place: &Place) -> Result<File, TuningError> {
        let rows = Tunings::open_to_read(&self.ledger)?;
        let (roster, settings) = grounds(&rows)?;
        let since = outlook::since(self.today());
        let book = rows.book()?;
        let waiting = book.waiting().map(|change| &change.place);
        let own = own_parts(&rows, &roster, waiting.chain([place]))?;
        Ok(File {
            own,
            roster,
            settings,
            book,
            floor: self.floor,
            sent: rows.newest()?,
            words: rows.words()?,
            counts: by_unit(rows.counts_since(since)?),
            since,
            evidence: self.evidence(&rows)?,
        })
    }

    /// Waits until it is one's turn to count, as long as [`COUNTED_WITHIN`]; whoever gives up
    /// waiting keeps no place.
    pub async fn turn_to_count(&self) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.counting).acquire_owned();
        tokio::time::timeout(COUNTED_WITHIN, turn).await.ok()?.ok()
    }

    /// Proposes levels at a place. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::propose`].
    pub fn propose(
        &self,
        place: &Place,
        wish: (Option<Levels>, Gone),
        said: (&str, &StaffId),
    ) -> Result<(), TuningError> {
        self.at_counter(|counter| counter.propose(place, wish, said))
    }

    /// Decides on what waits. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::decide`].
    pub fn decide(
        &self,
        id: ChangeId,
        decision: (Decision, &str),
        by: &StaffId,
    ) -> Result<(), TuningError> {
        self.at_counter(|counter| counter.decide(id, decision, by))
    }

    /// Goes one step back at a place. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::go_back`].
    pub fn go_back(
        &self,
        place: &Place,
        undoes: (ChangeId, &str),
        said: (&str, &StaffId),
    ) -> Result<WentBack, TuningError> {
        self.at_counter(|counter| counter.go_back(place, undoes, said))
    }

    /// Signs what is due, for ever: homes come, move and leave, and keys change.
    pub async fn keep(self: Arc<Self>) -> Infallible {
        loop {
            let clerk = Arc::clone(&self);
            let settled = tokio::task::spawn_blocking(move || clerk.settle()).await;
            if let Err(error) = settled {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "thresholds cannot be settled");
            }
            tokio::time::sleep(SETTLED_EVERY).await;
        }
    }

    fn settle(&self) {
        match self.try_settle() {
            Ok(0) => {}
            Ok(units) => tracing::info!(units, "thresholds signed"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "thresholds cannot be signed; tried again in a while");
            }
        }
    }

    fn try_settle(&self) -> Result<usize, TuningError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let units = self.act(|counter| counter.settle())?;
        if units > 0 {
            self.look();
        }
        Ok(units)
    }

    fn at_counter<T>(
        &self,
        act: impl FnOnce(&mut Counter<'_>) -> Result<T, TuningError>,
    ) -> Result<T, TuningError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.act(act)?;
        self.look();
        Ok(done)
    }

    fn act<T>(
        &self,
        act: impl FnOnce(&mut Counter<'_>) -> Result<T, TuningError>,
    ) -> Result<T, TuningError> {
        Tunings::open(&self.ledger)?.in_one(|rows| {
            let (roster, settings) = grounds(rows)?;
            act(&mut Counter {
                rows,
                roster: &roster,
                settings: &settings,
                keys: &self.keys,
                floor: self.floor,
                now: (self.now)(),
            })
        })
    }

    /// Writes down what somebody found at a check of tonight. Blocks.
    ///
    /// # Errors
    ///
    /// It cannot be said, or the store cannot be written.
    pub fn label(
        &self,
        tonight: &Tonight,
        what: (CheckId, labels::Word),
        by: StaffId,
    ) -> Result<(), LabelError> {
        let label = labels::label(tonight, what, by, &self.keys)?;
        Labels::open(&self.ledger)?.add(&label)?;
        self.look();
        Ok(())
    }

    fn look(&self) {
        if let Some(hands) = &self.hands {
            hands.look();
        }
    }

    /// What the newest pool shows; fitted once.
    fn evidence(&self, rows: &Tunings) -> Result<Newest, TuningError> {
        let number = rows.pool_number()?;
        let mut fitted = self.fitted.lock().unwrap_or_else(PoisonError::into_inner);
        if fitted.number() != number {
            *fitted = match rows.pool()? {
                None => Newest::None,
                Some(pool) => match Evidence::of(&pool) {
                    Ok(evidence) => Newest::Shown(Arc::new(evidence)),
                    Err(error) => {
                        let number = pool.number;
                        tracing::error!(number, %error, "the newest pool cannot be read");
                        Newest::Unreadable(number)
                    }
                },
            };
        }
        Ok(fitted.clone())
    }

    /// The day.
    #[must_use]
    pub fn today(&self) -> Date {
        (self.now)().0.to_zoned(self.time_zone()).date()
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

/// The own parts of those places that are homes.
fn own_parts<'a>(
    rows: &Tunings,
    roster: &Roster,
    places: impl Iterator<Item = &'a Place>,
) -> Result<BTreeMap<HomeId, OwnPart>, TuningError> {
    let homes: BTreeSet<HomeId> = places
        .filter_map(|place| match place {
            Place::Home(home) => Some(*home),
            Place::Municipality | Place::Area(_) => None,
        })
        .collect();
    if homes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let gates = rows.gates()?;
    let mut own = BTreeMap::new();
    for home in roster.homes().iter().filter(|it| homes.contains(&it.id)) {
        if let Some(part) = rows.own_part(&gates, home)? {
            own.insert(home.id, part);
        }
    }
    Ok(own)
}

/// Who is enrolled, and which home lies in which area.
fn grounds(rows: &Tunings) -> Result<(Roster, Settings), TuningError> {
    Ok((rows.store().roster()?, settings(rows.store())?))
}

/// The settings in force, of which areas are what matters here.
pub(super) fn settings(store: &SqliteStore) -> Result<Settings, TuningError> {
    let text = store.settings()?;
    let read = text.map(|text| Settings::read(&text)).transpose();
    Ok(read.map_err(TuningError::Settings)?.unwrap_or_default())
}
