//! The counter of a hub that runs, for its pages.
//!
//! An edge, as [`crate::tuning::clerk`]: it opens the ledger anew for every act, lets one act end
//! before the next begins, and has the desk look at once at what was written. It decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nattsyn_protocol::commission::Try;
use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::time::Timestamp;

use super::counter::{Agreeing, CommissionError, Counter, Hand};
use super::course::Course;
use super::gate::{Gates, UnitGate};
use super::sides::SidesSaid;
use super::suited::Share;
use crate::keys::HubKeys;
use crate::roster::{Home, Resident, Roster};
use crate::service::Hands;
use crate::store::{Courses, PassedPlaces, SqliteStore, Store as _, StoreError};

/// How often it is looked whether places of a unit that passed are nobody's yet, of real time. An
/// open page looks at once.
pub const AGREED_EVERY: Duration = Duration::from_secs(10);

/// Writes commissioning down for a hub that runs.
pub struct Clerk {
    ledger: PathBuf,
    keys: HubKeys,
    zone: String,
    hands: Option<Hands>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    turn: Mutex<()>,
    held_up: Mutex<BTreeSet<UnitId>>,
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clerk({})", self.zone)
    }
}

/// One unit in the list. Has no resident in it: whoever commissions sees no care data.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Which.
    pub unit: UnitId,
    /// Where it hangs.
    pub place: String,
    /// How many sleep under it.
    pub sleepers: usize,
    /// Whether its checks count.
    pub gate: UnitGate,
    /// When it passed last, as the hub heard it.
    pub passed: Option<Timestamp>,
    /// How far somebody has come with it, if anybody began.
    pub course: Option<Course>,
}

/// Who sleeps where in a home. Has its residents in it: for whoever may see them.
#[derive(Clone, Debug)]
pub struct Bedroom {
    /// Its unit.
    pub unit: UnitId,
    /// Where it is.
    pub address: String,
    /// Who lives there.
    pub residents: Vec<Resident>,
    /// Where they sleep.
    pub slept: Slept,
    /// What the first nights have shown, where sensor mode does not suit the home.
    pub unsuited: Option<Share>,
}

/// What is known of who sleeps where.
#[derive(Clone, Debug, PartialEq)]
pub enum Slept {
    /// One lives there: nothing is to be said.
    Alone,
    /// The unit is not commissioned with a place for each of them, or not by this hub.
    NotTried,
    /// It is.
    Places {
        /// The places, in the order of their numbers.
        places: PassedPlaces,
        /// What was said of exactly these places and people last, if anything was.
        said: Option<SidesSaid>,
    },
}

fn slept(courses: &Courses, gates: &Gates, home: &Home) -> Result<Slept, StoreError> {
    if home.residents.len() < 2 {
        return Ok(Slept::Alone);
    }
    let held = gates.held(home.unit);
    let Some(held) = held.filter(|held| held.places.len() == home.residents.len()) else {
        return Ok(Slept::NotTried);
    };
    let Some(places) = courses.passed_places(home.unit, &held.places)? else {
        return Ok(Slept::NotTried);
    };
    let residents: Vec<ResidentId> = home.residents.iter().map(|who| who.id).collect();
    let said = courses.sides(home.unit)?;
    let said = said.filter(|said| said.sides.hold(&held.places, &residents));
    Ok(Slept::Places { places, said })
}

impl Clerk {
    /// A clerk over the ledger in a file. The desk behind `hands` looks at once at what was
    /// written; `now` is the clock that it goes by.
    #[must_use]
    pub fn new(
        (ledger, keys): (&Path, HubKeys),
        zone: &str,
        hands: Option<Hands>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self {
            ledger: ledger.to_owned(),
            keys,
            zone: zone.to_owned(),
            hands,
            now: Box::new(now),
            turn: Mutex::new(()),
            held_up: Mutex::default(),
        }
    }

    /// Now, by the clock that it goes by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Every unit, in the order of enrolment. Blocks.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        list(&self.ledger, self.now())
    }

    /// One unit; none if it is not enrolled. If it passed and its places are nobody's yet, they
    /// become its residents' first. Blocks.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn sheet(&self, unit: UnitId) -> Result<Option<Listed>, StoreError> {
        self.agree_what_passed();
        let ledger = Ledger::open(&self.ledger)?;
        let home = ledger.roster.of_unit(unit);
        home.map(|_| ledger.listed(unit, self.now())).transpose()
    }

    /// Begins with a unit. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::begin`].
    pub fn begin(&self, unit: UnitId, by: &Hand) -> Result<(), CommissionError> {
        self.at_counter(|counter| counter.begin(unit, by))
    }

    /// Takes the lead. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::lead`].
    pub fn lead(&self, unit: UnitId, by: &Hand) -> Result<(), CommissionError> {
        self.at_counter(|counter| counter.lead(unit, by))
    }

    /// Asks for a try. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::ask`].
    pub fn ask(&self, unit: UnitId, what: Try, by: &Hand) -> Result<(), CommissionError> {
        self.at_counter(|counter| counter.ask(unit, what, by))
    }

    /// Settles the places. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::settle`].
    pub fn settle(
        &self,
        unit: UnitId,
        places: Vec<Vec<[f32; 2]>>,
        by: &Hand,
    ) -> Result<(), CommissionError> {
        self.at_counter(|counter| counter.settle(unit, places, by))
    }

    /// Asks the unit to conclude. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::conclude`].
    pub fn conclude(&self, unit: UnitId, by: &Hand) -> Result<(), CommissionError> {
        self.at_counter(|counter| counter.conclude(unit, by))
    }

    /// Who sleeps where in a resident's home; none where they are not enrolled. Blocks.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn bedroom(&self, resident: ResidentId) -> Result<Option<Bedroom>, StoreError> {
        let roster = SqliteStore::open_to_read(&self.ledger)?.roster()?;
        let lives_there = |home: &&Home| home.residents.iter().any(|who| who.id == resident);
        let Some(home) = roster.homes().iter().find(lives_there) else {
            return Ok(None);
        };
        let courses = Courses::open_to_read(&self.ledger)?;
        let gates = courses.gates()?;
        Ok(Some(Bedroom {
            unit: home.unit,
            address: home.address.clone(),
            residents: home.residents.clone(),
            slept: slept(&courses, &gates, home)?,
            unsuited: gates.unsuited(home.unit).map(|unsuited| unsuited.share),
        }))
    }

    /// Homes that sensor mode does not suit, and what their first nights have shown. Blocks.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn unsuited(&self) -> Result<BTreeMap<HomeId, Share>, StoreError> {
        let roster = SqliteStore::open_to_read(&self.ledger)?.roster()?;
        let gates = Courses::open_to_read(&self.ledger)?.gates()?;
        let of = |home: &Home| Some((home.id, gates.unsuited(home.unit)?.share));
        Ok(roster.homes().iter().filter_map(of).collect())
    }

    /// Writes down who sleeps in which place, in the order of their numbers. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::say`].
    pub fn say(
        &self,
        unit: UnitId,
        named: &[ResidentId],
        by: &Hand,
    ) -> Result<(), CommissionError> {
        let mut store = SqliteStore::open(&self.ledger)?;
        self.at_counter(|counter| counter.say(unit, named, (by, &mut store, &self.zone)))
    }

    /// Makes places of units that passed their residents' sleeping places, for ever: whoever
    /// commissioned may have shut the page.
    pub async fn keep(self: Arc<Self>) -> Infallible {
        loop {
            let clerk = Arc::clone(&self);
            let agreed = tokio::task::spawn_blocking(move || clerk.agree_what_passed()).await;
            if let Err(error) = agreed {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "what was commissioned cannot be looked through");
            }
            tokio::time::sleep(AGREED_EVERY).await;
        }
    }

    /// How many units passed whose places could not be made their residents' at the last attempt,
    /// other than for want of an agreement. Each is tried again; the log says why.
    #[must_use]
    pub fn held_up(&self) -> usize {
        let held_up = self.held_up.lock();
        held_up.unwrap_or_else(PoisonError::into_inner).len()
    }

    fn agree_what_passed(&self) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let units = Courses::open_to_read(&self.ledger).and_then(|rows| rows.unagreed());
        let units = units.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "units that passed cannot be read");
            Vec::new()
        });
        let (mut agreed, mut failed) = (0, BTreeSet::new());
        let mut held_up = self.held_up.lock().unwrap_or_else(PoisonError::into_inner);
        for unit in units {
            match self.try_agree(unit) {
                Ok(Agreeing::Made) => agreed += 1,
                Ok(Agreeing::Waits) => {}
                // The page says so, and an agreement may come any day.
                Err(CommissionError::NoAgreement(_)) => {
                    tracing::debug!(%unit, "passed, and whoever lives there has no agreement");
                }
                // One that fails holds up no other.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    match held_up.contains(&unit) {
                        true => tracing::debug!(%unit, error, "its places still hold for nobody"),
                        false => tracing::error!(%unit, error, "its places hold for nobody yet"),
                    }
                    failed.insert(unit);
                }
            }
        }
        if *held_up != failed {
            tracing::warn!(
                units = failed.len(),
                "passed, and their places cannot be agreed to"
            );
            *held_up = failed;
        }
        drop(held_up);
        if agreed > 0 {
            self.look();
        }
    }

    fn try_agree(&self, unit: UnitId) -> Result<Agreeing, CommissionError> {
        let mut store = SqliteStore::open(&self.ledger)?;
        self.act(|counter| counter.agree(unit, &mut store, &self.zone))
    }

    fn at_counter<T>(
        &self,
        act: impl FnOnce(&mut Counter<'_>) -> Result<T, CommissionError>,
    ) -> Result<T, CommissionError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.act(act)?;
        self.look();
        Ok(done)
    }

    fn act<T>(
        &self,
        act: impl FnOnce(&mut Counter<'_>) -> Result<T, CommissionError>,
    ) -> Result<T, CommissionError> {
        let roster = SqliteStore::open_to_read(&self.ledger)?.roster()?;
        act(&mut Counter {
            rows: &mut Courses::open(&self.ledger)?,
            roster: &roster,
            keys: &self.keys,
            now: self.now(),
        })
    }

    fn look(&self) {
        if let Some(hands) = &self.hands {
            hands.look();
        }
    }
}

/// Every unit of a ledger, in the order of enrolment.
///
/// # Errors
///
/// The store cannot be read.
pub fn list(ledger: &Path, now: Timestamp) -> Result<Vec<Listed>, StoreError> {
    let ledger = Ledger::open(ledger)?;
    let units = ledger.roster.homes().iter().map(|home| home.unit);
    units.map(|unit| ledger.listed(unit, now)).collect()
}

/// What lists are made from.
struct Ledger {
    roster: Roster,
    gates: super::gate::Gates,
    plans: BTreeMap<ResidentId, Plan>,
    passed: BTreeMap<UnitId, Timestamp>,
    courses: Courses,
}

impl Ledger {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let store = SqliteStore::open_to_read(path)?;
        let courses = Courses::open_to_read(path)?;
        let stored = store.plans()?.into_iter();
        Ok(Self {
            roster: store.roster()?,
            gates: courses.gates()?,
            // In the order of versions: the newest stays.
            plans: stored.map(|it| (it.plan.resident, it.plan)).collect(),
            passed: courses.passed()?,
            courses,
        })
    }

    fn listed(&self, unit: UnitId, now: Timestamp) -> Result<Listed, StoreError> {
        let home = self.roster.of_unit(unit);
        let residents = home.map_or(&[][..], |home| &home.residents);
        let plans = residents.iter().filter_map(|who| self.plans.get(&who.id));
        let ids: Vec<ResidentId> = residents.iter().map(|who| who.id).collect();
        Ok(Listed {
            unit,
            place: home.map(|home| home.address.clone()).unwrap_or_default(),
            sleepers: residents.len(),
            gate: self.gates.of_unit(now, (unit, &ids), plans),
            passed: self.passed.get(&unit).copied(),
            course: Course::of(&self.courses.of(unit)?),
        })
    }
}
