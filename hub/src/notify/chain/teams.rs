//! Who is told in which order: teams, their steps, and each step's channels.
//!
//! A team that exists can be told: it has a step, and every step a channel. What the words stand
//! for is not known here. Its shifts travel with it, so that whoever changes the teams changes them.

use super::names::{ChannelName, Recipient, TeamName};
use crate::notify::shift::Shift;

/// One step of a chain: somebody, and how to reach them, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who is told.
    pub to: Recipient,
    /// By which channels, in order. The next is tried when one does not deliver.
    pub by: Vec<ChannelName>,
}

/// A team's chain. Its last step is the night lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    name: TeamName,
    steps: Vec<Step>,
    shifts: Vec<Shift>,
}

/// Why a chain is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TeamError {
    /// It has no step.
    #[error("no step: name at least the night lead")]
    NoStep,
    /// A step has no channel. Steps are counted from 1.
    #[error("step {0} has no channel")]
    NoChannel(usize),
    /// A step names a channel twice. Steps are counted from 1.
    #[error("step {step} names the channel {channel:?} twice")]
    Twice {
        /// Which step.
        step: usize,
        /// Which channel.
        channel: String,
    },
}

impl Team {
    /// A team with its chain.
    ///
    /// # Errors
    ///
    /// The chain could leave somebody untold.
    pub fn new(name: TeamName, steps: Vec<Step>) -> Result<Self, TeamError> {
        if steps.is_empty() {
            return Err(TeamError::NoStep);
        }
        for (number, step) in (1..).zip(&steps) {
            if step.by.is_empty() {
                return Err(TeamError::NoChannel(number));
            }
            let mut seen = std::collections::BTreeSet::new();
            if let Some(twice) = step.by.iter().find(|channel| !seen.insert(*channel)) {
                return Err(TeamError::Twice {
                    step: number,
                    channel: twice.as_str().to_owned(),
                });
            }
        }
        Ok(Self {
            name,
            steps,
            shifts: Vec::new(),
        })
    }

    /// The same team with its shifts. The chain itself goes by none of them.
    #[must_use]
    pub fn with_shifts(self, shifts: Vec<Shift>) -> Self {
        Self { shifts, ..self }
    }

    /// Its shifts; with each a test alarm begins.
    #[must_use]
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &TeamName {
        &self.name
    }

    /// Its steps; never none.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The last step: who is named when the chain has come to its end.
    #[must_use]
    pub fn lead(&self) -> &Step {
        self.steps.last().expect("a team has a step")
    }

    /// A step by its number from 0; the night lead's beyond the end, as after settings that
    /// shortened a chain.
    pub(super) fn step(&self, number: usize) -> &Step {
        self.steps.get(number).unwrap_or_else(|| self.lead())
    }
}

/// All teams. The first is told of whatever names a team that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teams(Vec<Team>);

impl Teams {
    /// These teams.
    #[must_use]
    pub fn new(teams: Vec<Team>) -> Self {
        Self(teams)
    }

    /// Whether nobody can be told: the page must say so, always.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The teams.
    pub fn iter(&self) -> impl Iterator<Item = &Team> {
        self.0.iter()
    }

    /// The team of a name, or the first: a name that was dropped from the settings must not
    /// silence a row. Nothing if there is no team at all.
    #[must_use]
    pub fn of(&self, name: &TeamName) -> Option<&Team> {
        let named = self.0.iter().find(|team| team.name == *name);
        named.or_else(|| self.0.first())
    }
}
