//! What people do with agreements: import, away, back, died. One commit each, or nothing.
//!
//! Each reads the store, decides with the pure functions of [`super`], signs what units must
//! know and writes it all down together. Nobody's words are ever overwritten.

use std::collections::BTreeSet;

use jiff::civil::Date;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::{LOOKS_PER_NIGHT_MAX, Plan, PlanError};
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::Timestamp;

use super::file::{LineError, Read, Said};
use super::{
    Agreed, Agreement, Away, Book, Confirmed, Ended, Ending, NewAbsence, Origin, Remark, Word,
    settle,
};
use crate::keys::HubKeys;
use crate::nights;
use crate::roster::Roster;
use crate::store::{Entries, Store, StoreError, StoredPlan};

/// Longest id of staff, in bytes.
const BY_MAX: usize = 40;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hub's zone is unknown.
    #[error("the hub's zone")]
    Zone(#[source] PlanError),
    /// The file has errors. None of it was taken.
    #[error("{} errors in the file; nothing was changed", .0.len())]
    File(Vec<LineError>),
    /// Nobody of that id is enrolled.
    #[error("nobody is enrolled as {0}; nothing was changed")]
    NotEnrolled(ResidentId),
    /// The resident has no absence that is not over.
    #[error("{0} is not away; nothing was changed")]
    NotAway(ResidentId),
    /// It was said before that the resident will not be looked at again.
    #[error("it was written down before that {0} will not be looked at again")]
    EndedBefore(ResidentId),
    /// The absence cannot be kept by a unit.
    #[error("the absence of {resident}")]
    Absence {
        /// Whose.
        resident: ResidentId,
        /// Why not.
        source: PlanError,
    },
    /// A unit is to be on paper for too long.
    #[error(
        "on_paper_until of {unit} is {}: at the latest {}, 90 days from when it was first read; \
         nothing was changed", .until.0, .latest.0
    )]
    Paper {
        /// Which unit.
        unit: UnitId,
        /// Until when it was to be.
        until: Timestamp,
        /// Until when it may be.
        latest: Timestamp,
    },
    /// Who says so is missing or too long.
    #[error("who says so: an id of 1 to {BY_MAX} bytes is needed, such as s0000001")]
    By,
}

/// Who does it and when, and with what it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// The hub's keys.
    pub keys: &'a HubKeys,
    /// The hub's zone, in which nights are counted.
    pub zone: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Who: an opaque staff id, kept with what is written down.
    pub by: &'a str,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// New versions of agreements, with the version before.
    pub changed: Vec<(Agreed, Option<Agreed>)>,
    /// Residents whose agreement is as it was.
    pub unchanged: Vec<ResidentId>,
    /// New plan versions for units.
    pub plans: Vec<(ResidentId, u32)>,
    /// What is, or would be, written down.
    pub entries: Entries,
    /// What a person should know.
    pub remarks: Vec<Remark>,
}

/// Whether an import is made or only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Nothing is written.
    Dry,
    /// It is written down.
    Real,
}

impl Desk<'_> {
    /// Takes in agreements that were read from a file. A resident who is not among them keeps
    /// theirs.
    ///
    /// # Errors
    ///
    /// Somebody is not enrolled, a home's plans together are too much for its unit, or the store
    /// fails. Then nothing was changed.
    pub fn import(
        &self,
        store: &mut dyn Store,
        read: &[Read],
        run: Run,
    ) -> Result<Imported, EditError> {
        self.examine_by()?;
        let (book, roster) = (store.book()?, store.roster()?);
        let errors = misplaced(read, &book, &roster);
        if !errors.is_empty() {
            return Err(EditError::File(errors));
        }
        let mut imported = Imported::default();
        let (night, _) = self.tonight()?;
        for read in read {
            let resident = read.agreement.resident;
            let before = book.newest(resident);
            let agreement = keeping_places(&read.agreement, before);
            imported.remarks.extend(agreement.remarks(night));
            if before.is_some_and(|before| before.agreement == agreement) {
                imported.unchanged.push(resident);
                continue;
            }
            let had = before.map(|before| &before.agreement.places);
            if had.is_some_and(|had| !had.is_empty() && *had != agreement.places) {
                imported.remarks.push(Remark::OtherPlaces { resident });
            }
            let agreed = Agreed {
                version: before.map_or(0, |before| before.version) + 1,
                agreement,
                made: self.now,
                by: self.by.to_owned(),
                origin: Origin::Import,
            };
            imported.changed.push((agreed, before.cloned()));
        }
        let entries = Entries {
            agreements: imported
                .changed
                .iter()
                .map(|(new, _)| new.clone())
                .collect(),
            ..Entries::default()
        };
        let entries = self.settled(store, &book, &roster, entries)?;
        imported.plans = entries
            .plans
            .iter()
            .map(|stored| (stored.plan.resident, stored.plan.version))
            .collect();
        match run {
            Run::Dry => {}
            Run::Real => store.record(&entries, self.now)?,
        }
        imported.entries = entries;
        Ok(imported)
    }

    /// Writes down that a resident is away, or asked to be left alone; holds at once.
    ///
    /// # Errors
    ///
    /// Nobody of that id is enrolled, the nights run backward, or the store fails.
    pub fn away(
        &self,
        store: &mut dyn Store,
        resident: ResidentId,
        why: Away,
        (first, last): (Date, Option<Date>),
    ) -> Result<(), EditError> {
        let absence = NewAbsence {
            resident,
            why,
            first,
            last,
            said: self.said()?,
        };
        let entries = Entries {
            absences: vec![absence],
            ..Entries::default()
        };
        self.edit(store, resident, entries)
    }

    /// Writes down that a resident is still away.
    ///
    /// # Errors
    ///
    /// Nobody of that id is enrolled or away, or the store fails.
    pub fn confirm(&self, store: &mut dyn Store, resident: ResidentId) -> Result<(), EditError> {
        self.speak(store, resident, Word::Confirmed)
    }

    /// Writes down that a resident is back; every absence that is not over ends, at once.
    ///
    /// # Errors
    ///
    /// Nobody of that id is enrolled or away, or the store fails.
    pub fn back(&self, store: &mut dyn Store, resident: ResidentId) -> Result<(), EditError> {
        self.speak(store, resident, Word::Ended)
    }

    /// Writes down that a resident will not be looked at again: no look from the next message,
    /// and the name leaves the list. One action; there is no way back but a new enrolment under
    /// another id.
    ///
    /// # Errors
    ///
    /// Nobody of that id is enrolled, it was said before, or the store fails.
    pub fn end(
        &self,
        store: &mut dyn Store,
        resident: ResidentId,
        why: Ending,
    ) -> Result<(), EditError> {
        if store.book()?.ended(resident).is_some() {
            return Err(EditError::EndedBefore(resident));
        }
        let said = self.said()?;
        let ended = Ended {
            why,
            at: said.at,
            by: said.by,
        };
        let entries = Entries {
            endings: vec![(resident, ended)],
            ..Entries::default()
        };
        self.edit(store, resident, entries)
    }

    fn speak(
        &self,
        store: &mut dyn Store,
        resident: ResidentId,
        word: fn(i64, Confirmed) -> Word,
    ) -> Result<(), EditError> {
        let said = self.said()?;
        let (night, _) = self.tonight()?;
        let book = store.book()?;
        let lasting = book.absences(resident).iter().filter(|absence| {
            let nights = absence.nights();
            nights.is_some_and(|nights| nights.last.is_none_or(|last| last >= night))
        });
        let words: Vec<Word> = lasting
            .map(|absence| word(absence.id, said.clone()))
            .collect();
        if words.is_empty() {
            return Err(EditError::NotAway(resident));
        }
        let entries = Entries {
            words,
            ..Entries::default()
        };
        self.edit(store, resident, entries)
    }

    /// Writes entries about one resident down, with the plan versions that follow.
    fn edit(
        &self,
        store: &mut dyn Store,
        resident: ResidentId,
        entries: Entries,
    ) -> Result<(), EditError> {
        let (book, roster) = (store.book()?, store.roster()?);
        // Who left the list still has an agreement until somebody ends it.
        if roster.of_resident(resident).is_none() && book.newest(resident).is_none() {
            return Err(EditError::NotEnrolled(resident));
        }
        let entries = self.settled(store, &book, &roster, entries)?;
        Ok(store.record(&entries, self.now)?)
    }

    /// The entries with the signed plan versions that follow from them.
    pub(crate) fn settled(
        &self,
        store: &dyn Store,
        book: &Book,
        roster: &Roster,
        mut entries: Entries,
    ) -> Result<Entries, EditError> {
        let book = book.with(&entries);
        let stored = store.plans()?;
        let own = PublicKey::of(&self.keys.signing);
        let is_ours = |stored: &StoredPlan| stored.signed.open::<Plan>(&own).is_ok();
        for (plan, holds) in settle::due(&book, &stored, roster, self.tonight()?, is_ours) {
            let resident = plan.resident;
            plan.examine()
                .map_err(|source| EditError::Absence { resident, source })?;
            entries.plans.push(StoredPlan {
                signed: Signed::seal(&plan, &self.keys.signing),
                plan,
                made: self.now,
                holds,
            });
        }
        Ok(entries)
    }

    fn tonight(&self) -> Result<settle::Tonight, EditError> {
        let night = night_of(self.now, self.zone).map_err(EditError::Zone)?;
        let noon = nights::noon(night, self.zone).map_err(EditError::Zone)?;
        Ok((night, noon))
    }

    fn said(&self) -> Result<Confirmed, EditError> {
        self.examine_by()?;
        Ok(Confirmed {
            at: self.now,
            by: self.by.to_owned(),
        })
    }

    fn examine_by(&self) -> Result<(), EditError> {
        let is_given = !self.by.trim().is_empty() && self.by.len() <= BY_MAX;
        is_given.then_some(()).ok_or(EditError::By)
    }
}

/// What only the store knows to be wrong with a file: people who are not enrolled, and homes
/// whose unit would have to look too often.
fn misplaced(read: &[Read], book: &Book, roster: &Roster) -> Vec<LineError> {
    let mut errors = Vec::new();
    let mut examined = BTreeSet::new();
    for Read { line, agreement } in read {
        let resident = agreement.resident;
        let Some(home) = roster.of_resident(resident) else {
            let said = match book.ended(resident) {
                Some(_) => Said::new(
                    "personen är inte längre inskriven; ta bort raderna",
                    "nobody of that id is enrolled any more; take the lines out",
                ),
                None => Said::new(
                    "ingen med det id:t är inskriven; skriv in personen först (nattsyn-hub enrol)",
                    "nobody of that id is enrolled; enrol the person first (nattsyn-hub enrol)",
                ),
            };
            errors.push(LineError::new(*line, "resident", said));
            continue;
        };
        if !examined.insert(home.id) {
            continue;
        }
        let looks: usize = home
            .residents
            .iter()
            .filter_map(|resident| {
                let new = read
                    .iter()
                    .find(|read| read.agreement.resident == resident.id);
                let held = || book.newest(resident.id).map(|agreed| &agreed.agreement);
                let agreement = new.map(|new| &new.agreement).or_else(held)?;
                let seat = settle::seat_of(roster, resident.id)?;
                Some(agreement.plan(seat, &[], Date::MIN).looks_a_night())
            })
            .sum();
        if looks > LOOKS_PER_NIGHT_MAX {
            let said = Said::new(
                format!(
                    "bostaden {} får {looks} försök på en natt; högst {LOOKS_PER_NIGHT_MAX} för en \
                     sensorenhet: ta bort tidsintervall eller försök",
                    home.id
                ),
                format!(
                    "home {} gets {looks} looks a night; at most {LOOKS_PER_NIGHT_MAX} by one \
                     unit: take out windows or looks",
                    home.id
                ),
            );
            errors.push(LineError::new(*line, "", said));
        }
    }
    errors
}

/// An agreement as it is taken in. One that names no sleeping places says nothing of them: those
/// that were agreed to, or found when the unit was commissioned, stay.
fn keeping_places(read: &Agreement, before: Option<&Agreed>) -> Agreement {
    let mut agreement = read.clone();
    if agreement.places.is_empty()
        && let Some(before) = before
    {
        agreement.places.clone_from(&before.agreement.places);
    }
    agreement
}

#[cfg(test)]
mod tests;
