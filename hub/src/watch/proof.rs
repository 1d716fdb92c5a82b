//! What a shift's test alarm proved, as a matter: whoever leads the night must know when nobody
//! can be shown to be reached.
//!
//! One matter at most for each team. It stands until the test alarm is answered after all, a later
//! one gets through, or a person closes it.

use std::fmt;
use std::str::FromStr;

use super::change::Change;
use super::matters::Subject;
use super::situation::Situation;
use super::{Moment, Watch};
use crate::notify::chain::{NAME_MAX, NameError, TeamName};

/// A team's name, small enough to be copied with what it stands in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamWord([u8; NAME_MAX]);

impl From<&TeamName> for TeamWord {
    fn from(name: &TeamName) -> Self {
        let mut bytes = [0; NAME_MAX];
        let text = name.as_str().bytes();
        bytes
            .iter_mut()
            .zip(text)
            .for_each(|(own, byte)| *own = byte);
        Self(bytes)
    }
}

impl TeamWord {
    /// The name that it was made of.
    ///
    /// # Panics
    ///
    /// Never: it is only made of names.
    #[must_use]
    pub fn name(&self) -> TeamName {
        let text = self.0.iter().take_while(|byte| **byte != 0);
        let text: String = text.map(|byte| char::from(*byte)).collect();
        text.parse().expect("it was made of a name")
    }
}

impl FromStr for TeamWord {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse::<TeamName>().map(|name| Self::from(&name))
    }
}

impl fmt::Display for TeamWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().as_str())
    }
}

impl fmt::Debug for TeamWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TeamWord({self})")
    }
}

impl Situation {
    /// What a test alarm may show to be wrong.
    pub const OF_PROOF: [Self; 3] = [Self::TestUnanswered, Self::TestNotMade, Self::TestNotWhole];
}

impl Watch {
    /// What a team's latest test alarm showed to be wrong, if anything. Said again it changes
    /// nothing.
    pub fn handle_proof(
        &mut self,
        now: Moment,
        team: TeamWord,
        wrong: Option<Situation>,
    ) -> Vec<Change> {
        let subject = Subject::Team(team);
        let mut changes = Vec::new();
        for situation in Situation::OF_PROOF {
            let (at, changes) = (now.timestamp, &mut changes);
            if wrong == Some(situation) {
                self.matters.raise(subject, situation, at, changes);
            } else {
                self.matters.clear(subject, situation, at, changes);
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_teams_word_is_its_name_again_whatever_its_length() {
        for name in ["a", "natt-1", &"x".repeat(NAME_MAX)] {
            let word: TeamWord = name.parse().unwrap();
            assert_eq!(
                (word.name().as_str(), word.to_string().as_str()),
                (name, name)
            );
            let subject = Subject::Team(word);
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        assert!("Natt".parse::<TeamWord>().is_err());
    }
}
