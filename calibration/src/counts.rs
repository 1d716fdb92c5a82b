//! What one home gives the pool: counts on the grid, and nothing else.
//!
//! This is all that leaves a home for calibration: for each kind of truth the staged checks, state
//! by state, as worst bin and sum of bins, and how many checks of the trial and of later draws fell
//! into each bin. No score, no time, no picture. Each draw is one night, judged by its worst check;
//! [`crate::looks`] makes these counts from labelled looks where the scores are (in the unit, and
//! in research).
//!
//! The *trial* is the home's first [`TRIAL`] drawn nights of a kind. With the staged checks it is
//! the home's own part: what its threshold is made from. Draws after it are what the pool is judged
//! by, and no draw is both.

use serde::{Deserialize, Serialize};

use crate::grid::{Bin, Histogram, LEVELS};
use crate::lines::{self, Line, ReadError};

/// The version of this shape on the wire. A reader refuses any other.
pub const VERSION: u8 = 1;

/// Staged checks of each kind that commissioning asks for: each of four states twice.
pub const STAGED: u32 = 8;

/// Drawn nights of each kind in a home's own part: four weeks. What the pool shows holds for homes
/// with exactly so many: one with fewer is still on trial, and what comes later only adds caution.
pub const TRIAL: u32 = 28;

/// What was staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Empty, without cover.
    EmptyBare,
    /// Empty and made.
    EmptyMade,
    /// Empty, the duvet in a heap.
    EmptyHeaped,
    /// Empty, just left.
    EmptyJustLeft,
    /// In bed, uncovered.
    Uncovered,
    /// In bed, half covered.
    HalfCovered,
    /// In bed under the duvet.
    Covered,
    /// On the edge of the bed.
    OnTheEdge,
}

/// The staged checks of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Which state.
    pub state: State,
    /// All checks of it, also those that were staged later.
    pub checks: u32,
    /// Of those that belong to the commissioning, the bin nearest to an error: the highest with
    /// nobody there, the lowest with somebody. `None` if all came later.
    pub worst: Option<Bin>,
    /// The sum of those bins.
    pub sum: u32,
    /// How many they are.
    pub commissioned: u32,
}

/// Labelled checks of one kind of truth in one home.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// Staged checks by state.
    pub staged: Vec<Staged>,
    /// Of checks that were staged after the commissioning, the bin nearest to an error.
    pub later: Option<Bin>,
    /// The trial: the first [`TRIAL`] drawn checks, a night each.
    #[serde(default)]
    pub trial: Histogram,
    /// Drawn checks after it, a night each, by the bin of the night's worst.
    pub drawn: Histogram,
    /// How many whole checks, alike and independent, the drawn ones are worth, in thousandths:
    /// fewer than were drawn where a check had too few looks or draws were unequally likely.
    pub worth_thousandths: u64,
}

impl Kind {
    /// Staged checks that belong to the commissioning.
    #[must_use]
    pub fn commissioned(&self) -> u32 {
        let checks = self.staged.iter().map(|staged| staged.commissioned);
        checks.fold(0, u32::saturating_add)
    }

    /// Whether commissioning and trial are done for this kind of check.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.commissioned() >= STAGED && self.trial.total() >= TRIAL
    }

    /// What the drawn checks are worth, in whole checks.
    #[must_use]
    pub fn worth(&self) -> f64 {
        let most = f64::from(self.drawn.total());
        #[expect(
            clippy::cast_precision_loss,
            reason = "thousandths of a count of 32 bits"
        )]
        let worth = self.worth_thousandths as f64 / 1000.0;
        worth.min(most)
    }
}

/// What one home gives the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeCounts {
    /// [`VERSION`].
    pub version: u8,
    /// The home's id, as everywhere outside the hub's store.
    pub home: String,
    /// The model whose scores these are, as in a unit's reports; absent where nobody wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Checks with nobody there.
    pub nobody: Kind,
    /// Checks with somebody there.
    pub somebody: Kind,
}

/// What a unit may say of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// *Visible*: wrong with nobody there. Its errors are high scores.
    Visible,
    /// *Not visible*: wrong with somebody there. Its errors are low scores.
    NotVisible,
}

/// A home's own part: what its thresholds are made from. Errors are high, whichever word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// The mean bin of the trial's nights, the commissioning counted as one of them; rounded up.
    pub typical: Bin,
    /// The highest of all.
    pub worst: Bin,
}

/// One home as one word sees it: errors are high, whichever word it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its own part; `None` where commissioning or trial is not done.
    pub own: Option<Own>,
    /// Drawn checks on which the word would be an error.
    pub errors: Histogram,
    /// What they are worth.
    pub worth: f64,
    /// Drawn checks on which the word is right.
    pub right: Histogram,
}

impl HomeCounts {
    /// A home of which nothing is known.
    #[must_use]
    pub fn nothing(home: &str) -> Self {
        Self {
            version: VERSION,
            home: home.to_owned(),
            model: None,
            nobody: Kind::default(),
            somebody: Kind::default(),
        }
    }

    /// The home as `word` sees it.
    #[must_use]
    pub fn seen(&self, word: Word) -> Seen {
        match word {
            Word::Visible => Seen {
                own: own(&self.nobody, word),
                errors: self.nobody.drawn.clone(),
                worth: self.nobody.worth(),
                right: self.somebody.drawn.clone(),
            },
            Word::NotVisible => Seen {
                own: own(&self.somebody, word),
                errors: self.somebody.drawn.turned(),
                worth: self.somebody.worth(),
                right: self.nobody.drawn.turned(),
            },
        }
    }

    /// The worst of everything that this home itself has shown for `word`, staged or drawn,
    /// turned so that errors are high.
    #[must_use]
    pub fn worst(&self, word: Word) -> Option<Bin> {
        let (kind, turn): (&Kind, fn(Bin) -> Bin) = match word {
            Word::Visible => (&self.nobody, |bin| bin),
            Word::NotVisible => (&self.somebody, Bin::turned),
        };
        let staged = kind.staged.iter().filter_map(|staged| staged.worst);
        let known = staged.chain(kind.later).map(turn).max();
        let trial = match word {
            Word::Visible => kind.trial.highest(),
            Word::NotVisible => kind.trial.turned().highest(),
        };
        known.max(trial).max(self.seen(word).errors.highest())
    }
}

/// The home's own part, turned so that errors are high.
fn own(kind: &Kind, word: Word) -> Option<Own> {
    if !kind.is_done() {
        return None;
    }
    let turn: fn(Bin) -> Bin = match word {
        Word::Visible => |bin| bin,
        Word::NotVisible => Bin::turned,
    };
    let staged = kind.staged.iter().filter_map(|staged| staged.worst);
    let trial = kind.trial.filled().map(|(bin, _)| bin);
    let worst = staged.chain(trial).map(turn).max()?;
    let sum: u32 = kind.staged.iter().map(|staged| staged.sum).sum();
    let session = f64::from(sum) / f64::from(kind.commissioned());
    let nights = kind
        .trial
        .filled()
        .map(|(bin, n)| f64::from(bin.reached()) * f64::from(n));
    let mean = (session + nights.sum::<f64>()) / (f64::from(kind.trial.total()) + 1.0);
    let typical = match word {
        Word::Visible => Bin::at_least(mean),
        Word::NotVisible => Bin::at_least(f64::from(LEVELS) - mean),
    };
    Some(Own { typical, worst })
}

impl Line for HomeCounts {
    const WHAT: &'static str = "the counts of a home";
    const VERSION: u8 = VERSION;

    fn version(&self) -> u8 {
        self.version
    }

    fn name(&self) -> String {
        format!("home {:?}", self.home)
    }
}

/// Reads counts of homes, one JSON object a line, empty lines skipped.
///
/// # Errors
///
/// The first line that is not a home's counts, has another version or names a home again.
pub fn read(text: &str) -> Result<Vec<HomeCounts>, ReadError> {
    lines::read(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 1 as it travels. Never edited, only added to.
    const GOLDEN: &str = "{\"version\":1,\"home\":\"h1\",\"nobody\":{\"staged\":[{\"state\":\
        \"empty_just_left\",\"checks\":2,\"worst\":9,\"sum\":16,\"commissioned\":2}],\"later\":null,\
        \"trial\":[[2,1],[8,27]],\"drawn\":[[64,3]],\"worth_thousandths\":2400},\"somebody\":\
        {\"staged\":[],\"later\":40,\"trial\":[],\"drawn\":[],\"worth_thousandths\":0}}";

    #[test]
    fn version_one_is_read_and_written_byte_for_byte() {
        let homes = read(GOLDEN).unwrap();
        assert_eq!(serde_json::to_string(&homes[0]).unwrap(), GOLDEN);
        assert_eq!(homes[0].nobody.trial.total(), TRIAL);
        assert!((homes[0].nobody.worth() - 2.4).abs() < 1e-9);
    }

    #[test]
    fn another_version_a_repeated_home_and_no_json_are_named_by_their_line() {
        let refusal = |text: &str| read(text).unwrap_err().to_string();
        let newer = GOLDEN.replace("\"version\":1", "\"version\":2");
        assert_eq!(refusal(&newer), "line 1: version 2; this program reads 1");
        assert!(refusal(&format!("{GOLDEN}\n\n{GOLDEN}")).starts_with("line 3: home \"h1\""));
        assert!(refusal(&format!("{GOLDEN}\n{{")).starts_with("line 2: not the counts"));
        let beyond = GOLDEN.replace("[64,3]", "[65,3]");
        assert!(refusal(&beyond).starts_with("line 1: not the counts"));
    }

    /// What leaves a home is never more, however long it has given checks.
    #[test]
    fn a_homes_counts_are_at_most_six_thousand_bytes() {
        let full: Vec<(u8, u32)> = (0..=LEVELS).map(|bin| (bin, u32::MAX)).collect();
        let state = |state| Staged {
            state,
            checks: u32::MAX,
            worst: Bin::new(LEVELS),
            sum: u32::MAX,
            commissioned: u32::MAX,
        };
        let kind = Kind {
            staged: vec![state(State::EmptyJustLeft); 4],
            later: Bin::new(LEVELS),
            trial: full.clone().try_into().unwrap(),
            drawn: full.try_into().unwrap(),
            worth_thousandths: u64::MAX,
        };
        let home = HomeCounts {
            nobody: kind.clone(),
            somebody: kind,
            ..HomeCounts::nothing("0123456789abcdef0123456789abcdef")
        };
        let bytes = serde_json::to_string(&home).unwrap().len();
        assert!(bytes <= 6_000, "{bytes}");
    }
}
