//! What the last nights would have been by other thresholds, from counts alone. Pure.
//!
//! Counts know how many checks reached which level and nothing of who was there: they say how
//! often each word would have been said, never which word was right. Homes without counts are
//! counted as such and guessed at by nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;

use nattsyn_calibration::grid::Histogram;
use nattsyn_calibration::replay::{self, Words};
use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::thresholds::NightCounts;

use super::NIGHTS;
use super::map::Turn;

/// A night's counts, and in which home they were counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What the unit counted.
    pub night: NightCounts,
    /// Where the unit hung when they came; `None` of those from before that was kept, which count
    /// for wherever it hangs now.
    pub home: Option<HomeId>,
}

/// Nights' counts by unit.
pub type ByUnit = BTreeMap<UnitId, Vec<Counted>>;

/// Nights' counts, sorted once for however many homes.
#[must_use]
pub fn by_unit(counts: Vec<Counted>) -> ByUnit {
    let mut sorted = ByUnit::new();
    for counted in counts {
        sorted.entry(counted.night.unit).or_default().push(counted);
    }
    sorted
}

/// How often each word was, and would have been, said in the last nights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Homes in which something else would hold.
    pub homes: usize,
    /// Homes of them with counts.
    pub counted: usize,
    /// Nights with counts, home by home.
    pub nights: usize,
    /// By what is in force.
    pub before: Words,
    /// By what is proposed.
    pub after: Words,
    /// Checks that no threshold decides.
    pub otherwise: u32,
}

impl Outlook {
    /// Checks that thresholds decide.
    #[must_use]
    pub fn checks(&self) -> u32 {
        let Words {
            visible,
            unclear,
            not_visible,
        } = self.before;
        visible + unclear + not_visible
    }
}

/// The first night that counts for the consequences, seen from a day.
#[must_use]
pub fn since(today: Date) -> Date {
    today.checked_sub(NIGHTS.days()).unwrap_or(Date::MIN)
}

/// What those turns would have made of the nights since `since`.
#[must_use]
pub fn outlook(turns: &[Turn], counts: &ByUnit, since: Date) -> Outlook {
    let mut outlook = Outlook {
        homes: turns.len(),
        ..Outlook::default()
    };
    let mut counted = BTreeSet::new();
    for turn in turns {
        let own =
            |it: &&Counted| it.night.night >= since && it.home.is_none_or(|home| home == turn.home);
        let nights = counts.get(&turn.unit).into_iter().flatten().filter(own);
        for Counted { night, .. } in nights {
            let Some(checks) = on_the_grid(night) else {
                continue;
            };
            counted.insert(turn.home);
            outlook.nights += 1;
            outlook.otherwise += night.otherwise;
            let nights = [checks];
            add(
                &mut outlook.before,
                replay::words(turn.before.pair(), &nights),
            );
            add(
                &mut outlook.after,
                replay::words(turn.after.pair(), &nights),
            );
        }
    }
    outlook.counted = counted.len();
    outlook
}

/// As the calibration replays it; `None` for what is no night of the grid, which was never taken.
pub(crate) fn on_the_grid(night: &NightCounts) -> Option<replay::NightCounts> {
    Some(replay::NightCounts {
        version: replay::VERSION,
        home: String::new(),
        night: night.night.to_string(),
        checks: Histogram::try_from(night.checks.clone()).ok()?,
    })
}

fn add(sum: &mut Words, more: Words) {
    sum.visible += more.visible;
    sum.unclear += more.unclear;
    sum.not_visible += more.not_visible;
}
