//! All changes, oldest first: what is set at a place, what waits, and what one step back is. Pure.
//!
//! A place's approved changes lie on a stack. Something new is laid on top; a rollback takes the
//! topmost away, so that what it brings back was approved before, whatever a form says.

use super::{Change, ChangeId, Decision, Holds, Kind, Levels};
use crate::settings::compare::Place;
use crate::watch::StaffId;

/// Every change that was ever proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    changes: Vec<Change>,
}

/// One step back at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The change that it undoes.
    pub undoes: ChangeId,
    /// What was set before it; none for what holds around the place.
    pub levels: Option<Levels>,
}

/// Why a decision is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// There is no such change.
    #[error("ingen sådan ändring finns / there is no such change")]
    NoSuch,
    /// Somebody has decided already.
    #[error("ändringen är redan avgjord / the change is decided already")]
    Decided,
    /// Whoever proposed it may not decide on it.
    #[error(
        "den som föreslog ändringen får inte avgöra den / nobody decides on what they proposed"
    )]
    Own,
    /// Only whoever proposed it can take it back.
    #[error(
        "bara den som föreslog ändringen kan ta tillbaka den / only whoever proposed it can \
         withdraw it"
    )]
    Others,
    /// Something else came to hold, or is not the newest any more, since it was shown.
    #[error(
        "medan du läste har något annat börjat gälla: läs det som står nu och bestäm dig igen / \
         while you read, something else came to hold: read what stands here now and decide again"
    )]
    Overtaken,
}

impl Book {
    /// The book of these changes, oldest first.
    #[must_use]
    pub fn new(changes: Vec<Change>) -> Self {
        Self { changes }
    }

    /// Every change, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What is set at a place; none if what holds around it does.
    #[must_use]
    pub fn set_at(&self, place: &Place) -> Option<Levels> {
        self.stack(place).last().and_then(|(_, levels)| *levels)
    }

    /// One step back at a place; `None` if nothing was ever approved there, or all of it is
    /// undone.
    #[must_use]
    pub fn step_back(&self, place: &Place) -> Option<Step> {
        let stack = self.stack(place);
        let (undoes, _) = *stack.last()?;
        let before = stack.len().checked_sub(2).and_then(|at| stack.get(at));
        Some(Step {
            undoes,
            levels: before.and_then(|(_, levels)| *levels),
        })
    }

    /// What waits for somebody's decision, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|it| it.verdict.is_none())
    }

    /// What waits at a place: at most one.
    #[must_use]
    pub fn waiting_at(&self, place: &Place) -> Option<&Change> {
        self.waiting().find(|change| change.place == *place)
    }

    /// Everything about a place, newest first.
    pub fn history<'a>(&'a self, place: &'a Place) -> impl Iterator<Item = &'a Change> {
        let changes = self.changes.iter().rev();
        changes.filter(move |change| change.place == *place)
    }

    /// The change that somebody may decide so.
    ///
    /// # Errors
    ///
    /// Why they may not.
    pub fn decidable(
        &self,
        id: ChangeId,
        by: &StaffId,
        decision: Decision,
    ) -> Result<&Change, DecisionError> {
        let found = self.changes.iter().find(|change| change.id == id);
        let change = found.ok_or(DecisionError::NoSuch)?;
        if change.verdict.is_some() {
            return Err(DecisionError::Decided);
        }
        let is_own = change.by == *by;
        match decision {
            Decision::Approved | Decision::Refused if is_own => return Err(DecisionError::Own),
            Decision::Withdrawn | Decision::Alone if !is_own => return Err(DecisionError::Others),
            Decision::Approved | Decision::Refused | Decision::Withdrawn | Decision::Alone => {}
        }
        if let (Kind::Rollback(undoes), Holds::Yes) = (change.kind, decision.holds()) {
            let step = self.step_back(&change.place);
            if step.is_none_or(|step| step.undoes != undoes || step.levels != change.levels) {
                return Err(DecisionError::Overtaken);
            }
        }
        Ok(change)
    }

    /// The approved changes of a place that are not undone, oldest first.
    fn stack(&self, place: &Place) -> Vec<(ChangeId, Option<Levels>)> {
        let mut approved: Vec<_> = self.changes.iter().filter_map(held_at(place)).collect();
        // In the order in which they came to hold, which need not be that of their proposing.
        approved.sort_by_key(|(turn, _)| *turn);
        let mut stack = Vec::new();
        for (_, change) in approved {
            match change.kind {
                Kind::Set => stack.push((change.id, change.levels)),
                Kind::Rollback(undoes) => stack.retain(|(id, _)| *id != undoes),
            }
        }
        stack
    }
}

fn held_at(place: &Place) -> impl FnMut(&Change) -> Option<(i64, &Change)> {
    move |change| {
        let verdict = change.verdict.as_ref()?;
        let is_here = change.place == *place && verdict.decision.holds() == Holds::Yes;
        is_here.then_some((verdict.turn, change))
    }
}
