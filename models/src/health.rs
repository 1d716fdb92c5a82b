//! Whether one frame is fit to judge by, from its pixels' statistics alone.
//!
//! A broken picture must never be taken for an empty bed, nor a dark but usable night picture
//! for a broken one. Pure functions of one frame: whether a picture is frozen takes several
//! frames and is judged elsewhere. Nothing here looks for people.

use crate::reduce::{Reduced, percentiles};

/// Whether one frame is fit to judge by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// Fit to judge by.
    Ok,
    /// Black: the lamp is dead or the lens cap is on.
    Dark,
    /// Something hangs before the lens: hardly any structure.
    Covered,
    /// Structure, but none of it fine: out of focus, or a film on the lens.
    Blurred,
    /// White: blinded by light.
    Saturated,
}

/// What the rules look at; all in levels from 0 to 255.
struct Statistics {
    low: f32,
    median: f32,
    high: f32,
}

/// Judges a frame reduced to the network's size.
pub(crate) fn judge(reduced: &Reduced) -> Health {
    let [low, median, high] = percentiles(&reduced.0);
    rule(&Statistics { low, median, high })
}

fn rule(s: &Statistics) -> Health {
    if s.high < 10.0 {
        Health::Dark
    } else if s.median > 250.0 {
        Health::Saturated
    } else if s.high - s.low < 8.0 {
        Health::Covered
    } else {
        Health::Ok
    }
}
