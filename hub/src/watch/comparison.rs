//! Once a day: people with a plan in force against units that proved a look.
//!
//! A camera that was closed by mistake once went unnoticed for three months, because each night's
//! row was dealt with by itself. So the night that ended is compared as a whole, from the plans
//! and not from the checks that were frozen: whoever has a plan in force and of whom no unit has
//! a signed report that it looked is pointed out to day staff, however well each row was closed.
//! Pure; it does not ask why, and it clears nothing by itself.

use std::collections::BTreeSet;

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::ResidentId;

use super::{How, Manner};
use crate::view::ledger::{Line, NightLedger};

/// Whose plan was in force during a night and of whom no unit proved a look.
///
/// Excused are those of whom no look was to be made that night: all their checks were visits by
/// plan, or were called off, or they had no window on this weekday (`no_window`).
#[must_use]
pub fn unproven(
    in_force: &BTreeSet<ResidentId>,
    no_window: &BTreeSet<ResidentId>,
    night: &NightLedger,
) -> BTreeSet<ResidentId> {
    let proved: BTreeSet<ResidentId> = night
        .lines
        .iter()
        .filter(|line| line.looks.iter().any(|look| proves(look.finding)))
        .map(|line| line.id.resident)
        .collect();
    let wanted = |resident: &&ResidentId| {
        let mut lines = night.lines.iter().filter(|line| line.id.resident == **resident);
        match lines.next() {
            // No line at all is the very case that nothing else would find.
            None => !no_window.contains(*resident),
            Some(first) => wants_look(first) || lines.any(wants_look),
        }
    };
    let missing = in_force.iter().filter(|who| !proved.contains(*who));
    missing.filter(wanted).copied().collect()
}

/// Whether a unit was to look for this check.
fn wants_look(line: &Line) -> bool {
    let is_called_off = line
        .outcome
        .is_some_and(|outcome| matches!(outcome.how, How::CalledOff(_)));
    match line.manner {
        Manner::Digital => !is_called_off,
        Manner::Physical | Manner::AskIfAway => false,
    }
}

/// Whether a finding shows that the camera saw the room.
#[must_use]
pub fn proves(finding: Finding) -> bool {
    match finding {
        Finding::Visible | Finding::NotVisible | Finding::Unclear(_) => true,
        Finding::Technical(_) | Finding::Paused => false,
    }
}
