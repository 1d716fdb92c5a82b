//! What staff do about rows of "Att åtgärda": take them, go, find, give back and end them.
//!
//! From dice of their own, and as people do: late, twice, two at a time, and by a page that has
//! aged. What may come of it is judged in [`super::holding`].

use nattsyn_hub::exception::{Act, Unresolved};
use nattsyn_hub::view::ExceptionRow;
use nattsyn_hub::watch::{ActRefused, Change, Seen, StaffId};

use super::World;
use super::acts::{Deed, draw_said};
use super::calendar::MINUTE;
use super::clocks::moment;
use super::oracle::{Breach, Broken, broken};
use super::store::Written;

/// Of a thousand rows, how many somebody begins to see to within twenty minutes; of a thousand
/// acts, how many are followed by another on the same row, and how many are done by a page that
/// was read earlier.
const TENDED: u64 = 600;
const TENDED_AGAIN: u64 = 800;
const AGED: u64 = 200;

/// Who is at work: few enough that they meet.
const STAFF: [&str; 3] = ["natt-1", "natt-2", "natt-3"];

impl World {
    /// Staff see a row, and some of them will see to it.
    pub(super) fn show_hands(&mut self, written: &Written) {
        let Written::Batch(batch) = written else {
            return;
        };
        if !self.town.has_hands {
            return;
        }
        for change in &batch.changes {
            if let Change::Opened(exception) = change
                && self.hands.happens(TENDED)
            {
                self.queue_tend(exception.id, (0, 20 * MINUTE));
            }
        }
    }

    fn queue_tend(&mut self, row: i64, (from, to): (i64, i64)) {
        let at = self.now.utc + self.hands.between(from, to);
        self.queue_act(at, Deed::Tend(row));
    }

    /// Somebody does something about a row. Without the hub they cannot, and try again.
    pub(super) fn tend(&mut self, row: i64) -> Result<(), Broken> {
        let Some(tonight) = self.hub.tonight(self.now) else {
            let until = self.script.outage.filter(|it| it.holds(self.now.utc));
            let down = until.map_or(0, |outage| outage.to - self.now.utc);
            self.queue_tend(row, (down + MINUTE, down + 5 * MINUTE));
            return Ok(());
        };
        let calls = &self.oracle.exceptions;
        self.oracle.holding.judge_shown(&tonight.open, calls)?;
        let Some(shown) = tonight.open.iter().find(|open| open.id == row) else {
            return Ok(());
        };
        let fresh = seen(shown);
        let read = self.read.insert(row, fresh).unwrap_or(fresh);
        let by = self.hands.pick(&STAFF);
        let by: StaffId = by.parse().expect("small letters, a digit and a hyphen");
        let act = self.draw_act();
        if let Act::Say(said) = act {
            let wall_ms = self.hub.clocks.wall_ms(self.now);
            self.oracle.handle_said_of(shown, said, wall_ms);
        }
        let page = if self.hands.happens(AGED) {
            read
        } else {
            fresh
        };
        self.do_act((row, page, fresh), &by, &act)?;
        if self.now.utc <= self.script.repaired && self.hands.happens(TENDED_AGAIN) {
            self.queue_tend(row, (0, 12 * MINUTE));
        }
        Ok(())
    }

    fn draw_act(&mut self) -> Act {
        match self.hands.below(100) {
            0..30 => Act::Take,
            30..36 => Act::TakeOver,
            36..50 => {
                let wall = self.hub.clocks.wall_ms(self.now);
                let arrives = moment(wall + self.hands.between(-5 * MINUTE, 70 * MINUTE));
                Act::Go { arrives }
            }
            50..64 => Act::Arrive,
            64..72 => Act::Return,
            72..86 => Act::Find(self.hands.pick(&Unresolved::ALL)),
            _ => Act::Say(draw_said(&mut self.hands)),
        }
    }

    fn do_act(
        &mut self,
        (row, page, fresh): (i64, Seen, Seen),
        by: &StaffId,
        act: &Act,
    ) -> Result<(), Broken> {
        self.oracle.holding.handle_tried(row, by, act);
        self.note(|| format!("{by} about row {row}: {act:?}"));
        let done = self.hub.act(self.now, (row, page), by, act.clone());
        self.absorb()?;
        let is_word = matches!(act, Act::Say(_) | Act::Find(_));
        match done {
            Ok(Ok(())) if is_word && page != fresh => {
                let what = format!("row {row} was ended by whoever had not seen it as it is");
                broken(Breach::Overridden, what)
            }
            Ok(Ok(())) => {
                self.oracle.judge_passed()?;
                self.pass_hub()
            }
            Ok(Err(ActRefused::NoRow(_))) => {
                broken(Breach::Lost, format!("row {row} is shown and not there"))
            }
            Ok(Err(ActRefused::Changed | ActRefused::Refused(_))) => {
                self.counts.refused_acts += 1;
                self.pass_hub()
            }
            Err(error) => self.hub_failed(&error),
        }
    }
}

fn seen(row: &ExceptionRow) -> Seen {
    Seen {
        turn: row.handling.turn(),
        checks: row.checks.len(),
        cause: row.cause,
    }
}
