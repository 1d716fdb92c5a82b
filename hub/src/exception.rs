//! How people handle one row of "Att åtgärda": who has it, what they found, what comes next. Pure.
//!
//! A row is open until somebody takes it, and open again when nothing comes of that. It ends only
//! as the design says: the resident was seen and all is well, or spoke with, or visited, or
//! cancelled it; or what the row asked about explained itself. *Seen, needs help*, *not seen*,
//! *no answer* and *not at home* never end it: they begin the next step of what was agreed.
//!
//! It does not know who may act, and it tells nobody: that is for [`crate::http`] and
//! [`crate::watch`].

use std::time::Duration;

use nattsyn_protocol::time::Timestamp;

use crate::agreement::{Fallback, Then};
use crate::view::{Arrangement, Cause, Ending};
use crate::watch::{Said, StaffId};

#[cfg(test)]
mod tests;

/// How long a row stays with whoever took it when nothing happens, where nothing else is set
/// ([`crate::settings`]; architecture, "The hub").
pub const FALLS_BACK_AFTER: Duration = Duration::from_secs(5 * 60);

/// How long somebody may be on the way: the longest drive at night between two homes of a rural
/// municipality. Whoever needs longer is not the one to go.
pub const ON_THE_WAY_MAX: Duration = Duration::from_secs(60 * 60);

/// How long somebody may be in the room before it is asked how it went: a visit at night takes a
/// quarter of an hour, and whoever is alone there may need help themselves.
pub const THERE_MAX: Duration = Duration::from_secs(30 * 60);

/// How a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has it.
    Open,
    /// Somebody has taken it.
    Taken {
        /// Who.
        by: StaffId,
        /// When.
        at: Timestamp,
    },
    /// Somebody is on the way.
    OnTheWay {
        /// Who.
        by: StaffId,
        /// Since when.
        at: Timestamp,
        /// When they will be there.
        arrives: Timestamp,
    },
    /// Somebody is in the room.
    There {
        /// Who.
        by: StaffId,
        /// Since when.
        at: Timestamp,
    },
    /// It needs nobody any more.
    Closed(Ending),
}

/// What somebody found that is not well, or found not out: it ends nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unresolved {
    /// The resident was seen and needs help.
    NeedsHelp,
    /// Somebody was there and did not see the resident.
    NotSeen,
    /// Nobody answered the telephone or the door.
    NoAnswer,
    /// The resident is not at home.
    NotAtHome,
}

/// What somebody does about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// "Jag tar det": it is theirs.
    Take,
    /// It is theirs, although somebody else has it, as at the change of a shift.
    TakeOver,
    /// "Jag åker, framme 03:25": the one pause there is.
    Go {
        /// When they will be there.
        arrives: Timestamp,
    },
    /// "Jag är här", from the room.
    Arrive,
    /// They cannot after all.
    Return,
    /// It is over, and how.
    Say(Said),
    /// It is not, and what they found.
    Find(Unresolved),
}

/// Something that happens to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody does something.
    By(StaffId, Act),
    /// Whoever takes it from here on, or sets out, has it for so long when nothing happens. Nobody
    /// has done anything: the row stands as it stood.
    Lent(Duration),
    /// Nothing came of it in time.
    FellBack,
    /// What the row asked about has explained itself.
    Explained(Ending),
}

/// Why somebody cannot do that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else has it.
    #[error("{by} has it since {}", at.0)]
    Held {
        /// Who.
        by: StaffId,
        /// Since when.
        at: Timestamp,
    },
    /// Nobody has it, so nobody can give it away.
    #[error("nobody has it")]
    NotHeld,
    /// It is over.
    #[error("it is over")]
    Over(Ending),
    /// Nobody can be there at that time: it has passed, or is too far away.
    #[error("{} is not within the next hour", .0.0)]
    Arrival(Timestamp),
}

/// What is to be done next about a row, by what was agreed and what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Somebody telephones.
    Phone,
    /// Somebody goes there.
    Visit,
    /// The night lead decides.
    Lead,
}

/// One row, as people have handled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    state: State,
    found: Vec<Unresolved>,
    turn: u32,
    lent: Duration,
    freed: Option<Timestamp>,
}

impl Default for Handling {
    fn default() -> Self {
        Self {
            state: State::Open,
            found: Vec::new(),
            turn: 0,
            lent: FALLS_BACK_AFTER,
            freed: None,
        }
    }
}

impl Handling {
    /// How the row stands.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What was found so far and ended nothing, in order.
    #[must_use]
    pub fn found(&self) -> &[Unresolved] {
        &self.found
    }

    /// How many things have happened to it: whoever acts says what they had seen.
    #[must_use]
    pub fn turn(&self) -> u32 {
        self.turn
    }

    /// Who has it.
    #[must_use]
    pub fn holder(&self) -> Option<&StaffId> {
        match &self.state {
            State::Taken { by, .. } | State::OnTheWay { by, .. } | State::There { by, .. } => {
                Some(by)
            }
            State::Open | State::Closed(_) => None,
        }
    }

    /// Since when somebody has it.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        match &self.state {
            State::Taken { at, .. } | State::OnTheWay { at, .. } | State::There { at, .. } => {
                Some(*at)
            }
            State::Open | State::Closed(_) => None,
        }
    }

    /// When the row is open again if nothing happens until then.
    #[must_use]
    pub fn falls_back_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Taken { at, .. } => Some(at.after(self.lent)),
            State::OnTheWay { arrives, .. } => Some(arrives.after(self.lent)),
            State::There { at, .. } => Some(at.after(THERE_MAX)),
            State::Open | State::Closed(_) => None,
        }
    }

    /// How long whoever takes it has it when nothing happens.
    #[must_use]
    pub fn lent(&self) -> Duration {
        self.lent
    }

    /// When it was last nobody's again after somebody had had it.
    #[must_use]
    pub fn freed(&self) -> Option<Timestamp> {
        self.freed
    }

    /// What comes next: `first` by what was agreed, or what follows from what was found.
    #[must_use]
    pub fn step(&self, first: Step) -> Step {
        let found = self.found.iter();
        found.fold(first, |step, found| step.after(*found))
    }

    /// Takes in what happens at `now`.
    ///
    /// # Errors
    ///
    /// It cannot be; then nothing has changed.
    pub fn handle(&mut self, now: Timestamp, event: &Event) -> Result<(), Refusal> {
        let next = match event {
            Event::By(who, act) => self.acted(now, who, act)?,
            Event::Lent(time) => return self.lend(*time),
            Event::FellBack => match &self.state {
                State::Closed(ending) => return Err(Refusal::Over(*ending)),
                State::Open => return Err(Refusal::NotHeld),
                State::Taken { .. } | State::OnTheWay { .. } | State::There { .. } => State::Open,
            },
            Event::Explained(ending) => match &self.state {
                State::Closed(before) => return Err(Refusal::Over(*before)),
                State::Open
                | State::Taken { .. }
                | State::OnTheWay { .. }
                | State::There { .. } => State::Closed(*ending),
            },
        };
        if let Event::By(_, Act::Find(found)) = event {
            self.found.push(*found);
        }
        if self.holder().is_some() && next == State::Open {
            self.freed = Some(now);
        }
        self.state = next;
        self.turn = self.turn.saturating_add(1);
        Ok(())
    }

    fn lend(&mut self, time: Duration) -> Result<(), Refusal> {
        if let State::Closed(ending) = self.state {
            return Err(Refusal::Over(ending));
        }
        self.lent = time;
        Ok(())
    }

    fn acted(&self, now: Timestamp, who: &StaffId, act: &Act) -> Result<State, Refusal> {
        if let State::Closed(ending) = self.state {
            return Err(Refusal::Over(ending));
        }
        let by = who.clone();
        match act {
            Act::Take => {
                self.is_free_for(who)?;
                Ok(State::Taken { by, at: now })
            }
            Act::TakeOver => Ok(State::Taken { by, at: now }),
            Act::Go { arrives } => {
                self.is_free_for(who)?;
                if *arrives < now || arrives.since(now) > ON_THE_WAY_MAX {
                    return Err(Refusal::Arrival(*arrives));
                }
                let arrives = *arrives;
                Ok(State::OnTheWay {
                    by,
                    at: now,
                    arrives,
                })
            }
            Act::Arrive => {
                self.is_free_for(who)?;
                Ok(State::There { by, at: now })
            }
            Act::Return => {
                self.is_held_by(who)?;
                Ok(State::Open)
            }
            // Whoever knows how it is may say so, whoever has the row.
            Act::Say(said) => Ok(State::Closed(Ending::Said(*said))),
            // Whoever sees that help is needed stays and helps; anything else is for somebody to
            // take on from here.
            Act::Find(Unresolved::NeedsHelp) => Ok(State::There { by, at: now }),
            Act::Find(Unresolved::NotSeen | Unresolved::NoAnswer | Unresolved::NotAtHome) => {
                Ok(State::Open)
            }
        }
    }

    fn is_free_for(&self, who: &StaffId) -> Result<(), Refusal> {
        match &self.state {
            State::Taken { by, at } | State::OnTheWay { by, at, .. } | State::There { by, at }
                if by != who =>
            {
                Err(Refusal::Held {
                    by: by.clone(),
                    at: *at,
                })
            }
            State::Open
            | State::Taken { .. }
            | State::OnTheWay { .. }
            | State::There { .. }
            | State::Closed(_) => Ok(()),
        }
    }

    fn is_held_by(&self, who: &StaffId) -> Result<(), Refusal> {
        self.is_free_for(who)?;
        match self.holder() {
            Some(_) => Ok(()),
            None => Err(Refusal::NotHeld),
        }
    }
}

impl Step {
    /// The first step about a row: what was agreed for a person who is not seen, or for a check
    /// that the technology prevents. Without an agreement somebody goes there.
    #[must_use]
    pub fn first(cause: Cause, agreed: Option<&Arrangement>) -> Self {
        let then = agreed.map(|agreed| agreed.then).unwrap_or_default();
        let fallback = agreed.map(|agreed| agreed.fallback).unwrap_or_default();
        match cause {
            Cause::NotVisible | Cause::Unclear(_) => match then {
                Then::PhoneThenVisit => Self::Phone,
                Then::Visit => Self::Visit,
            },
            Cause::Technical(_)
            | Cause::NoReport
            | Cause::Silent
            | Cause::NoUnit
            | Cause::OtherPlan => match fallback {
                Fallback::Phone => Self::Phone,
                // That the check falls away was agreed; that nobody sees to it was not.
                Fallback::Visit | Fallback::Nothing => Self::Visit,
            },
            Cause::Paused
            | Cause::VisitPlanned
            | Cause::NotCommissioned(_)
            | Cause::CalledOffByMistake => Self::Visit,
            Cause::AwayUnconfirmed => Self::Phone,
        }
    }

    /// The step that follows when this one led to nothing, or to more.
    #[must_use]
    pub fn after(self, found: Unresolved) -> Self {
        match (self, found) {
            (Self::Phone, Unresolved::NotSeen | Unresolved::NoAnswer | Unresolved::NotAtHome) => {
                Self::Visit
            }
            (Self::Phone, Unresolved::NeedsHelp) => Self::Visit,
            (Self::Visit | Self::Lead, _) => Self::Lead,
        }
    }
}

impl Unresolved {
    /// Everything that can be found.
    pub const ALL: [Self; 4] = [
        Self::NeedsHelp,
        Self::NotSeen,
        Self::NoAnswer,
        Self::NotAtHome,
    ];

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NeedsHelp => "needs_help",
            Self::NotSeen => "not_seen",
            Self::NoAnswer => "no_answer",
            Self::NotAtHome => "not_at_home",
        }
    }

    /// Reads the word that [`Unresolved::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|found| found.word() == word)
    }
}
