//! What another pair would have made of the last nights, from counts alone.
//!
//! A unit sends, for each night, how many checks ended in each bin (by their highest look). No
//! label is known for them, so replay says how words would have shifted and never who was right.

use serde::{Deserialize, Serialize};

use crate::grid::Histogram;
use crate::home::{Said, said};
use crate::lines::{self, Line, ReadError};

/// The version of [`NightCounts`]. A reader refuses any other.
pub const VERSION: u8 = 1;

/// One night of one home, on the grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightCounts {
    /// [`VERSION`].
    pub version: u8,
    /// The home's id.
    pub home: String,
    /// The night's date, in an order that sorts as text.
    pub night: String,
    /// Checks by the bin of their highest look.
    pub checks: Histogram,
}

/// How often each word was or would have been said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// *Visible*.
    pub visible: u32,
    /// *Unclear*.
    pub unclear: u32,
    /// *Not visible*.
    pub not_visible: u32,
}

/// What those levels of *visible* and (turned) *not visible* make of the nights.
#[must_use]
pub fn words(levels: (u8, u8), nights: &[NightCounts]) -> Words {
    let mut words = Words::default();
    for (bin, n) in nights.iter().flat_map(|night| night.checks.filled()) {
        match said(levels, bin) {
            Said::Visible => words.visible += n,
            Said::Unclear => words.unclear += n,
            Said::NotVisible => words.not_visible += n,
        }
    }
    words
}

impl Line for NightCounts {
    const WHAT: &'static str = "the counts of a night";
    const VERSION: u8 = VERSION;

    fn version(&self) -> u8 {
        self.version
    }

    fn name(&self) -> String {
        format!("night {:?} of home {:?}", self.night, self.home)
    }
}

/// Reads nights, one JSON object a line, empty lines skipped; sorted by home and night.
///
/// # Errors
///
/// The first line that is no night, of another version, or a repetition.
pub fn read(text: &str) -> Result<Vec<NightCounts>, ReadError> {
    let mut nights: Vec<NightCounts> = lines::read(text)?;
    nights.sort_by(|one, other| (&one.home, &one.night).cmp(&(&other.home, &other.night)));
    Ok(nights)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: &str =
        "{\"version\":1,\"home\":\"h\",\"night\":\"2026-11-01\",\"checks\":[[10,1],[30,2],[50,4]]}";

    #[test]
    fn a_higher_threshold_turns_visible_into_unclear_and_nothing_else() {
        let nights = read(NIGHT).unwrap();
        let of = |levels| {
            let Words {
                visible,
                unclear,
                not_visible,
            } = words(levels, &nights);
            (visible, unclear, not_visible)
        };
        // Turned, level 50 is bins below 14.
        assert_eq!(of((40, 50)), (4, 2, 1));
        assert_eq!(of((60, 50)), (0, 6, 1));
        assert_eq!(of((20, 50)), (6, 0, 1));
        let never = crate::grid::NEVER;
        assert_eq!(of((never, never)), (0, 7, 0));
    }

    #[test]
    fn a_night_that_stands_twice_is_refused_by_its_line() {
        let said = read(&format!("{NIGHT}\n{NIGHT}")).unwrap_err().to_string();
        assert!(said.starts_with("line 2: night \"2026-11-01\""), "{said}");
        let newer = NIGHT.replace("\"version\":1", "\"version\":9");
        assert!(read(&newer).unwrap_err().to_string().contains("version 9"));
    }
}
