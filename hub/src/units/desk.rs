//! Where people take units into stock, let them in, hang them and take them down.
//!
//! It opens the book anew for every act and writes who did it. A home has one unit, and a unit one
//! home, for as long as it lives; what a home's unit is stands in the roster, and [`follow`] writes
//! down what became of units by it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use nattsyn_protocol::enrolment::{Admission, Code, Enrol, Renew, Renewed, Token, is_fingerprint};
use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::letting_in::{self, Directions, Refused};
use super::{Deed, Inventory, Stage, Step, Unit};
use crate::agreement::edit::EditError;
use crate::audit::Who;
use crate::certificates::{Authority, CertificateError};
use crate::enrolment::{self, Enrolled, Homes};
use crate::keys::HubKeys;
use crate::roster::{Home, Roster};
use crate::store::{SqliteStore, Store as _, StoreError, UnitError, Units};

/// Longest note or inventory text, in characters.
pub const TEXT_MAX: usize = 100;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Out of order, or the book cannot be written.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// Nobody took such a unit into stock.
    #[error("{0}: no such unit in the book")]
    NoSuch(UnitId),
    /// There is no such home.
    #[error("{0}: no such home is enrolled")]
    NoHome(HomeId),
    /// What was typed is not the eye's fingerprint. Either it was mistyped, or what was let in is
    /// not the unit that somebody has before them.
    #[error("that is not the fingerprint of {0}")]
    NotItsFingerprint(UnitId),
    /// A unit cannot hang where it is to hang.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// A text is too long.
    #[error("{0}: longer than {TEXT_MAX} characters")]
    TooLong(&'static str),
    /// Nothing can be signed here.
    #[error("the hub's keys (made by `nattsyn-hub prepare`)")]
    NoKeys,
    /// The roster cannot be changed.
    #[error(transparent)]
    Roster(#[from] EditError),
    /// Somebody else changes the roster, or nobody can tell.
    #[error("waiting for whoever changes the roster")]
    Lock(#[source] std::io::Error),
    /// No units can be let in here.
    #[error("units are let in nowhere: `[enrolment]` is missing in the hub's configuration")]
    NoDoor,
    /// The authority cannot be used.
    #[error("the certificates (made by `nattsyn-hub prepare`)")]
    Certificates(#[from] CertificateError),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random bytes.
    #[error("drawing random bytes")]
    Random(#[source] getrandom::Error),
}

/// A home's unit that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// It is in no state to hang anywhere.
    #[error("{unit} is {}; only a unit whose key was confirmed can hang in a home", stage.word())]
    Stage {
        /// Which.
        unit: UnitId,
        /// Where it stands.
        stage: Stage,
    },
    /// It hangs in another home. Going to another person it is wiped, and let in anew.
    #[error("{unit} is the unit of {home}: remove it, wipe it and let it in anew")]
    Elsewhere {
        /// Which.
        unit: UnitId,
        /// Where it hangs.
        home: HomeId,
    },
    /// Its eye has another key than the one that was let in.
    #[error("{unit} was let in with another eye's key")]
    AnotherEye {
        /// Which.
        unit: UnitId,
    },
}

/// Acts on the book in one ledger.
#[derive(Clone, Debug)]
pub struct Desk {
    ledger: PathBuf,
    tls: PathBuf,
    directions: Option<Directions>,
    keys: Option<HubKeys>,
}

impl Desk {
    /// A desk over a ledger and the authority's folder. Without directions nobody is let in.
    #[must_use]
    pub fn new((ledger, tls): (&Path, &Path), directions: Option<Directions>) -> Self {
        Self {
            ledger: ledger.to_owned(),
            tls: tls.to_owned(),
            directions,
            keys: None,
        }
    }

    /// The same, with the keys by which plans are signed for the unit that a home gets.
    #[must_use]
    pub fn with_keys(self, keys: HubKeys) -> Self {
        Self {
            keys: Some(keys),
            ..self
        }
    }

    /// Where units are let in, if anywhere.
    #[must_use]
    pub fn directions(&self) -> Option<&Directions> {
        self.directions.as_ref()
    }

    fn units(&self) -> Result<Units, StoreError> {
        Units::open(&self.ledger)
    }

    /// Every unit in the book.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn list(&self) -> Result<Vec<Unit>, DeskError> {
        Ok(self.units()?.all()?)
    }

    /// One unit with its life.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be read.
    pub fn sheet(&self, unit: UnitId) -> Result<(Unit, Vec<Step>), DeskError> {
        let units = self.units()?;
        let found = units.unit(unit)?.ok_or(DeskError::NoSuch(unit))?;
        Ok((found, units.steps(unit)?))
    }

    /// Takes a unit into stock. It gets the id that it keeps.
    ///
    /// # Errors
    ///
    /// A text is too long, or the book cannot be written.
    pub fn add(
        &self,
        inventory: &Inventory,
        (by, at): (&Who, Timestamp),
    ) -> Result<UnitId, DeskError> {
        examine(inventory)?;
        let mut bytes = [0; nattsyn_protocol::ids::ID_LENGTH];
        getrandom::fill(&mut bytes).map_err(DeskError::Random)?;
        let unit = UnitId::from_random(bytes);
        let first = step((unit, Deed::Added), "", (by, at));
        self.units()?.add(&first, inventory)?;
        Ok(unit)
    }

    /// Writes down anew what a unit is.
    ///
    /// # Errors
    ///
    /// There is none, a text is too long, or the book cannot be written.
    pub fn describe(
        &self,
        unit: UnitId,
        inventory: &Inventory,
        (by, at): (&Who, Timestamp),
    ) -> Result<(), DeskError> {
        examine(inventory)?;
        let mut units = self.units()?;
        units.unit(unit)?.ok_or(DeskError::NoSuch(unit))?;
        Ok(units.describe((unit, by, at), inventory)?)
    }

    /// A code that lets a unit in: once, and within fifteen minutes.
    ///
    /// # Errors
    ///
    /// It is not in stock, units are let in nowhere, or the book cannot be written.
    pub fn code(&self, unit: UnitId, (by, at): (&Who, Timestamp)) -> Result<Code, DeskError> {
        let directions = self.directions.as_ref().ok_or(DeskError::NoDoor)?;
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(DeskError::Random)?;
        let token = Token::from_random(bytes);
        let made = letting_in::make_code(&mut self.units()?, directions, token, (unit, by, at));
        Ok(made?)
    }

    /// Somebody who has the unit before them says what it shows as its eye's fingerprint.
    ///
    /// # Errors
    ///
    /// It is another, the unit is in no state for it, or the book cannot be written.
    pub fn confirm(
        &self,
        unit: UnitId,
        typed: &str,
        (by, at): (&Who, Timestamp),
    ) -> Result<(), DeskError> {
        let mut units = self.units()?;
        let found = units.unit(unit)?.ok_or(DeskError::NoSuch(unit))?;
        let confirmed = step((unit, Deed::Confirmed), "", (by, at));
        match found.eye {
            Some(eye) if !is_fingerprint(typed, &eye) => {
                units.refused(at, &format!("{unit}: another fingerprint was typed"))?;
                Err(DeskError::NotItsFingerprint(unit))
            }
            Some(_) | None => Ok(units.step(&confirmed)?),
        }
    }

    /// Says that something has become of a unit: broken, mended, removed, wiped.
    ///
    /// # Errors
    ///
    /// It is out of order, the note is too long, or the book cannot be written.
    pub fn say(
        &self,
        what: (UnitId, Deed),
        note: &str,
        (by, at): (&Who, Timestamp),
    ) -> Result<(), DeskError> {
        within("note", note)?;
        let mut units = self.units()?;
        units.unit(what.0)?.ok_or(DeskError::NoSuch(what.0))?;
        Ok(units.step(&step(what, note, (by, at)))?)
    }

    /// Where units can hang: homes by id and address.
    ///
    /// # Errors
    ///
    /// The roster cannot be read.
    pub fn homes(&self) -> Result<Vec<(HomeId, String)>, DeskError> {
        let roster = SqliteStore::open(&self.ledger)?.roster()?;
        let homes = roster.homes().iter();
        Ok(homes.map(|home| (home.id, home.address.clone())).collect())
    }

    /// Makes a unit a home's. The one that the home had is removed by that.
    ///
    /// # Errors
    ///
    /// There is no such home, the unit cannot hang there, or it cannot be written.
    pub fn install(
        &self,
        (unit, home): (UnitId, HomeId),
        note: &str,
        (by, at): (&Who, Timestamp),
    ) -> Result<Enrolled, DeskError> {
        within("note", note)?;
        let keys = self.keys.as_ref().ok_or(DeskError::NoKeys)?;
        let _alone = alone(&self.ledger)?;
        let homes = Homes {
            homes: self.placed(unit, home)?,
            ..Homes::default()
        };
        let mut store = SqliteStore::open(&self.ledger)?;
        let enrolled = enrolment::enrol(&mut store, &homes, keys, at)?;
        let mut units = self.units()?;
        let installed = Step {
            home: Some(home),
            ..step((unit, Deed::Installed), note, (by, at))
        };
        match units.unit(unit)?.map(|found| found.stage) {
            // It was there already.
            Some(Stage::Installed | Stage::Fault) => {}
            Some(_) | None => units.step(&installed)?,
        }
        follow(&mut units, &store.roster()?, (by, at))?;
        Ok(enrolled)
    }

    fn placed(&self, unit: UnitId, home: HomeId) -> Result<Vec<Home>, DeskError> {
        let units = self.units()?;
        let found = units.unit(unit)?.ok_or(DeskError::NoSuch(unit))?;
        let stage = found.stage;
        let eye = found.eye.ok_or(Misplaced::Stage { unit, stage })?;
        let mut homes = SqliteStore::open(&self.ledger)?.roster()?.homes().to_vec();
        let place = homes.iter_mut().find(|it| it.id == home);
        let place = place.ok_or(DeskError::NoHome(home))?;
        (place.unit, place.eye) = (unit, eye);
        examine_homes(&units, &homes)?;
        Ok(homes)
    }

    /// Lets a unit in.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn enrol(&self, asked: &Enrol, now: Timestamp) -> Result<Admission, Refused> {
        let directions = self.directions.as_ref().ok_or(Refused::UnknownCode)?;
        let authority = Authority::open(&self.tls)?;
        letting_in::enrol((&mut self.units()?, &authority, directions), asked, now)
    }

    /// Gives a unit that shows a certificate its next one.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn renew(
        &self,
        shown: (UnitId, &str),
        asked: &Renew,
        now: Timestamp,
    ) -> Result<Renewed, Refused> {
        let authority = Authority::open(&self.tls)?;
        letting_in::renew((&mut self.units()?, &authority), shown, asked, now)
    }
}

/// Waits until nobody else changes the roster, and keeps others from it until it is dropped:
/// whoever changes one home of it writes all of them.
///
/// # Errors
///
/// The lock's file cannot be had.
pub fn alone(ledger: &Path) -> Result<File, DeskError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(ledger.with_extension("roster.lock"))
        .map_err(DeskError::Lock)?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive)
        .map_err(|errno| DeskError::Lock(errno.into()))?;
    Ok(file)
}

/// Refuses homes whose units cannot be theirs. A unit that nobody took into stock is not judged:
/// its keys were made elsewhere.
///
/// # Errors
///
/// Which unit, and why.
pub fn examine_homes(units: &Units, homes: &[Home]) -> Result<(), DeskError> {
    for home in homes {
        let Some(found) = units.unit(home.unit)? else {
            continue;
        };
        let (unit, stage) = (home.unit, found.stage);
        match (stage, found.home) {
            (Stage::Installed | Stage::Fault, Some(there)) if there != home.id => {
                return Err(Misplaced::Elsewhere { unit, home: there }.into());
            }
            (Stage::Ready | Stage::Installed | Stage::Fault, _) => {}
            (Stage::Stock | Stage::Enrolled | Stage::Removed | Stage::Wiped, _) => {
                return Err(Misplaced::Stage { unit, stage }.into());
            }
        }
        if found.eye != Some(home.eye) {
            return Err(Misplaced::AnotherEye { unit }.into());
        }
    }
    Ok(())
}

/// Writes down what became of units by the roster: one that is a home's now was installed, one
/// whose home has another now was removed. Of a home that is enrolled no more nothing follows here:
/// a line that is missing in a file must not shut a unit out for good.
///
/// # Errors
///
/// The book cannot be read or written.
pub fn follow(
    units: &mut Units,
    roster: &Roster,
    (by, at): (&Who, Timestamp),
) -> Result<(), DeskError> {
    for unit in units.all()? {
        let hangs = roster.homes().iter().find(|home| home.unit == unit.id);
        let before = roster
            .homes()
            .iter()
            .find(|home| Some(home.id) == unit.home);
        let next = match (unit.stage, hangs, before) {
            (Stage::Ready, Some(home), _) => Step {
                home: Some(home.id),
                ..step((unit.id, Deed::Installed), "", (by, at))
            },
            (Stage::Installed | Stage::Fault, None, Some(_)) => {
                step((unit.id, Deed::Removed), "its home has another", (by, at))
            }
            (
                Stage::Stock
                | Stage::Enrolled
                | Stage::Ready
                | Stage::Installed
                | Stage::Fault
                | Stage::Removed
                | Stage::Wiped,
                _,
                _,
            ) => continue,
        };
        units.step(&next)?;
    }
    Ok(())
}

fn step((unit, deed): (UnitId, Deed), note: &str, (by, at): (&Who, Timestamp)) -> Step {
    Step {
        unit,
        deed,
        home: None,
        note: note.trim().to_owned(),
        by: by.clone(),
        at,
    }
}

fn examine(inventory: &Inventory) -> Result<(), DeskError> {
    within("case", &inventory.case)?;
    within("owner", &inventory.owner)?;
    within("supplier", &inventory.supplier)?;
    within("sim", &inventory.sim)?;
    within("contract", &inventory.contract)
}

fn within(what: &'static str, text: &str) -> Result<(), DeskError> {
    match text.chars().count() <= TEXT_MAX {
        true => Ok(()),
        false => Err(DeskError::TooLong(what)),
    }
}
