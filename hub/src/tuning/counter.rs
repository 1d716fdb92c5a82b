//! Writing down what is proposed and decided, with all that follows from it: one commit, or
//! nothing.
//!
//! Each act reads the store, asks the pure functions of [`super`], signs what units must hold and
//! writes it all down together with its row in the log. Whoever runs two counters at once makes
//! one of them fail at the store's own rules: a change is decided once.

use nattsyn_protocol::signing::{Endorsement, PublicKey, Signed};
use nattsyn_protocol::thresholds::HomeThresholds;
use nattsyn_protocol::time::Timestamp;

use super::book::{Book, DecisionError};
use super::map::{Map, WishError};
use super::settle::{self, Known};
use super::standing::Sent;
use super::{
    Caution, Change, ChangeId, Decision, Floor, Gone, Holds, Kind, Levels, NewChange,
    StoredThresholds, Verdict, WHY_MAX,
};
use crate::audit::Act;
use crate::keys::HubKeys;
use crate::notify::SettingsError;
use crate::roster::Roster;
use crate::settings::Settings;
use crate::settings::compare::Place;
use crate::store::{Deed, StoreError, Tunings};
use crate::watch::StaffId;

/// Why nothing was written down.
#[derive(Debug, thiserror::Error)]
pub enum TuningError {
    /// It cannot be proposed.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// It cannot be decided so.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// Which home lies in which area cannot be read.
    #[error("the settings")]
    Settings(#[source] SettingsError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of asking to go one step back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WentBack {
    /// It holds.
    AtOnce,
    /// It would make something less cautious: it waits for somebody else.
    Waits,
}

/// Where thresholds are written down.
pub struct Counter<'a> {
    /// The rows.
    pub rows: &'a mut Tunings,
    /// Who is enrolled.
    pub roster: &'a Roster,
    /// Which home lies in which area.
    pub settings: &'a Settings,
    /// The hub's keys.
    pub keys: &'a HubKeys,
    /// What nothing goes under.
    pub floor: Floor,
    /// Now.
    pub now: Timestamp,
}

impl Counter<'_> {
    /// Proposes levels at a place, or none so that what holds around it does; at a home also that
    /// it was gone through anew.
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn propose(
        &mut self,
        place: &Place,
        wish: (Option<Levels>, Gone),
        (why, by): (&str, &StaffId),
    ) -> Result<(), TuningError> {
        let book = self.rows.book()?;
        let sent = self.rows.newest()?;
        let map = self.map(&book, &sent);
        let (levels, gone) = map.meant(place, wish);
        map.examine(place, (levels, gone), why)?;
        let change = NewChange {
            place: place.clone(),
            levels,
            kind: Kind::Set,
            gone,
            why: why.trim().to_owned(),
        };
        self.rows.record(&Deed {
            change: Some(change),
            ..self.deed(by, Act::ThresholdsProposed)
        })?;
        Ok(())
    }

    /// What a page shows of a change at a place, as a mark: what it would turn, and in what. Who
    /// approves something, or goes back, sends it back.
    ///
    /// # Errors
    ///
    /// The store fails.
    pub fn shown(&self, place: &Place, levels: Option<Levels>) -> Result<String, TuningError> {
        let (book, sent) = (self.rows.book()?, self.rows.newest()?);
        Ok(self.map(&book, &sent).shown(place, levels))
    }

    /// Decides on what waits; who approves it says what they were shown ([`Map::shown`]).
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn decide(
        &mut self,
        id: ChangeId,
        (decision, shown): (Decision, &str),
        by: &StaffId,
    ) -> Result<(), TuningError> {
        let book = self.rows.book()?;
        let change = book.decidable(id, by, decision)?;
        let act = match decision {
            Decision::Approved => Act::ThresholdsApproved,
            Decision::Refused => Act::ThresholdsRefused,
            Decision::Withdrawn => Act::ThresholdsWithdrawn,
            // Alone is how a rollback is made, not how something that waits is decided.
            Decision::Alone => return Err(DecisionError::Own.into()),
        };
        let signed = match decision.holds() {
            Holds::No => Vec::new(),
            Holds::Yes => {
                // A floor may have been raised, or a place have gone, since it was proposed.
                let sent = self.rows.newest()?;
                let map = self.map(&book, &sent);
                map.examine_place(&change.place)?;
                if map.shown(&change.place, change.levels) != shown {
                    return Err(DecisionError::Overtaken.into());
                }
                if let Some(levels) = change.levels {
                    map.examine_levels(levels)?;
                }
                self.following(&book, change.clone(), (decision, by))?
            }
        };
        self.rows.record(&Deed {
            decision: Some((Some(id), decision)),
            signed,
            ..self.deed(by, act)
        })?;
        Ok(())
    }

    /// Goes one step back at a place: to what was approved there before `undoes`, if that is what
    /// was shown. It holds at once
    /// if no word would be said more often anywhere; otherwise it waits for somebody else, as
    /// anything new does.
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn go_back(
        &mut self,
        place: &Place,
        (undoes, shown): (ChangeId, &str),
        (why, by): (&str, &StaffId),
    ) -> Result<WentBack, TuningError> {
        let book = self.rows.book()?;
        let sent = self.rows.newest()?;
        let map = self.map(&book, &sent);
        map.examine_place(place)?;
        let step = book.step_back(place).ok_or(WishError::NothingBefore)?;
        if step.undoes != undoes || map.shown(place, step.levels) != shown {
            return Err(DecisionError::Overtaken.into());
        }
        if !(1..=WHY_MAX).contains(&why.trim().chars().count()) {
            return Err(WishError::NoReason.into());
        }
        let new = NewChange {
            place: place.clone(),
            levels: step.levels,
            kind: Kind::Rollback(step.undoes),
            gone: Gone::AsBefore,
            why: why.trim().to_owned(),
        };
        let (decision, signed, went) = match map.caution(place, step.levels) {
            Caution::Less if book.waiting_at(place).is_some() => {
                return Err(WishError::Waiting.into());
            }
            Caution::Less => (None, Vec::new(), WentBack::Waits),
            Caution::NoLess => {
                let change = unwritten(&new, (self.now, by));
                let alone = (Decision::Alone, by);
                let signed = self.following(&book, change, alone)?;
                (Some((None, Decision::Alone)), signed, WentBack::AtOnce)
            }
        };
        self.rows.record(&Deed {
            change: Some(new),
            decision,
            signed,
            ..self.deed(by, Act::ThresholdsRolledBack)
        })?;
        Ok(went)
    }

    /// Signs what is due though nobody decided anything now. Returns for how many units.
    ///
    /// # Errors
    ///
    /// The store fails.
    pub fn settle(&mut self) -> Result<usize, TuningError> {
        let book = self.rows.book()?;
        let signed = self.due(&book, None)?;
        if !signed.is_empty() {
            self.rows.sign(&signed)?;
        }
        Ok(signed.len())
    }

    fn map<'b>(&'b self, book: &'b Book, sent: &'b Sent) -> Map<'b> {
        Map {
            roster: self.roster,
            settings: self.settings,
            book,
            floor: self.floor,
            sent,
        }
    }

    fn deed(&self, by: &StaffId, act: Act) -> Deed {
        Deed {
            by: by.clone(),
            at: self.now,
            act,
            change: None,
            decision: None,
            signed: Vec::new(),
        }
    }

    /// What is signed because a change comes to hold.
    fn following(
        &self,
        book: &Book,
        mut change: Change,
        (decision, by): (Decision, &StaffId),
    ) -> Result<Vec<StoredThresholds>, TuningError> {
        change.verdict = Some(Verdict {
            decision,
            at: self.now,
            by: by.clone(),
            turn: i64::MAX,
        });
        let id = change.id;
        let (place, gone) = (change.place.clone(), change.gone);
        let others = book.changes().iter().filter(|it| it.id != id).cloned();
        let book = Book::new(others.chain([change]).collect());
        self.due(&book, Some((&place, gone)))
    }

    /// What is signed now; `act` is where something comes to hold.
    fn due(
        &self,
        book: &Book,
        act: Option<(&Place, Gone)>,
    ) -> Result<Vec<StoredThresholds>, TuningError> {
        let newest = self.rows.newest()?;
        let words = self.rows.words()?;
        let words = words.iter().map(|(unit, word)| (*unit, word.held));
        let own = PublicKey::of(&self.keys.signing);
        let is_ours =
            |stored: &StoredThresholds| stored.signed.open::<HomeThresholds>(&own).is_ok();
        let known = Known {
            newest: &newest,
            words: &words.collect(),
            now: self.now,
            act,
        };
        let due = settle::due(&self.map(book, &newest), known, is_ours);
        Ok(due.into_iter().map(|it| self.sign(it)).collect())
    }

    fn sign(&self, thresholds: HomeThresholds) -> StoredThresholds {
        let endorsement = self.keys.endorsement.open::<Endorsement>(&self.keys.root);
        StoredThresholds {
            signed: Signed::seal(&thresholds, &self.keys.signing),
            // Keys are only opened with the root's word for them.
            epoch: endorsement.map_or(0, |endorsement| endorsement.epoch),
            thresholds,
            made: self.now,
        }
    }
}

/// A change as it will stand in the book, to see what follows from it.
fn unwritten(new: &NewChange, (at, by): (Timestamp, &StaffId)) -> Change {
    Change {
        id: ChangeId(i64::MAX),
        place: new.place.clone(),
        levels: new.levels,
        kind: new.kind,
        gone: new.gone,
        why: new.why.clone(),
        at,
        by: by.clone(),
        verdict: None,
    }
}
