//! Whether a worker may look at a row's unclear look, or why not. Pure.
//!
//! An offer promises nothing: hub and eye check again, each by itself. It is made so that nobody
//! presses what will be refused, and so that whoever may not look reads why.

use std::time::Duration;

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::grant::{FIRST_LOOK_AGAIN, VIEWS_PER_NIGHT_MAX};
use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::policy::Build;
use nattsyn_protocol::time::Timestamp;

use super::book::Unanswered;
use super::operators::NotEntitled;
use super::views::Known;
use crate::consent::functions::{Pictures, Progress, UnitFunctions};
use crate::view::{Cause, CheckRow, ExceptionRow, Tonight};

/// How long after a check's window the eye may be asked to look again: whoever was asked at its end
/// needs minutes to read the row. The eye has the last word.
pub const ASKED_AFTER_WINDOW: Duration = Duration::from_secs(15 * 60);

/// What is offered on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Nothing to say: the row is not about an unclear look.
    None,
    /// This check can be looked at, through this unit.
    Look(CheckId, UnitId),
    /// It cannot, and why.
    Not(WhyNot),
}

/// Why a row's look cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// The unit has not said what it is able to do since the hub was started.
    Unknown,
    /// The unit was built without the means.
    NotBuiltIn,
    /// It is not agreed that anybody sees pictures here.
    NotAgreed,
    /// It is agreed, and the button at the unit is not pressed yet.
    NotApproved,
    /// It is agreed, and the unit does not say yet that it holds what was.
    NotReceived,
    /// The worker may not.
    You(NotEntitled),
    /// As many as may be have been shown tonight.
    TooMany,
    /// Somebody looks now.
    Busy,
    /// A view was shown, and nobody has said what was seen.
    Unanswered(Unanswered),
    /// The check's time has passed.
    WindowOver,
}

/// What to offer on a row to a worker who may or may not see.
#[must_use]
pub fn offer(
    tonight: &Tonight,
    row: &ExceptionRow,
    known: &Known,
    entitled: Result<(), NotEntitled>,
) -> Offer {
    if let Some(unanswered) = known.unanswered.get(&row.id) {
        return Offer::Not(WhyNot::Unanswered(unanswered.clone()));
    }
    let home = tonight
        .homes
        .iter()
        .find(|home| Some(home.home) == row.home);
    let (Cause::Unclear(_), Some(check), Some(home)) = (row.cause, unclear(tonight, row), home)
    else {
        return Offer::None;
    };
    let unit = home.unit;
    let why = able(tonight.consent.units.get(&unit), tonight.now).err();
    let why = why.or_else(|| entitled.err().map(WhyNot::You));
    let why = why.or_else(|| {
        let opened = known.opened.get(&(unit, check.id.night));
        (opened.copied().unwrap_or_default() >= VIEWS_PER_NIGHT_MAX).then_some(WhyNot::TooMany)
    });
    let why = why.or_else(|| known.busy.contains(&unit).then_some(WhyNot::Busy));
    let last = check.deadline.after(ASKED_AFTER_WINDOW);
    let why = why.or_else(|| (tonight.now > last).then_some(WhyNot::WindowOver));
    why.map_or(Offer::Look(check.id, unit), Offer::Not)
}

/// The row's latest check whose last look was unclear.
fn unclear<'a>(tonight: &'a Tonight, row: &ExceptionRow) -> Option<&'a CheckRow> {
    let of_row = tonight.checks.iter().filter(|check| {
        let last = check.looks.last().map(|look| look.finding);
        row.checks.contains(&check.id) && matches!(last, Some(Finding::Unclear(_)))
    });
    of_row.max_by_key(|check| check.opens)
}

/// Whether a unit may show pictures: by what was agreed as the hub has it, and by the unit's own
/// word. A unit that has not heard of a *no* yet is no reason to look.
fn able(unit: Option<&UnitFunctions>, now: Timestamp) -> Result<(), WhyNot> {
    let (unit, said) = unit
        .and_then(|unit| Some((unit, unit.said?)))
        .ok_or(WhyNot::Unknown)?;
    match (unit.shows_pictures(now), said.build) {
        (Pictures::Allowed, _) => Ok(()),
        (Pictures::None, Build::SensorOnly) => Err(WhyNot::NotBuiltIn),
        (Pictures::None, Build::LiveView) => Err(match (unit.agreed(now), unit.progress()) {
            (Pictures::Allowed, Progress::AwaitsButton(_) | Progress::Missed) => {
                WhyNot::NotApproved
            }
            (Pictures::Allowed, Progress::NotReceived(_)) => WhyNot::NotReceived,
            (Pictures::Allowed, Progress::NoPolicy | Progress::InForce) | (Pictures::None, _) => {
                WhyNot::NotAgreed
            }
        }),
    }
}

/// What the last look that was asked for saw, if one has been reported since then.
#[must_use]
pub fn looked_again(tonight: &Tonight, check: CheckId, since: Timestamp) -> Option<Finding> {
    let check = tonight.checks.iter().find(|row| row.id == check)?;
    let mut again = check.looks.iter().rev();
    let last = again.find(|look| look.look >= FIRST_LOOK_AGAIN && look.came >= since);
    last.map(|look| look.finding)
}
