//! What people do in a night, and when: drawn before it begins.
//!
//! From dice of their own, so that what goes wrong in a night is the same whether or not people
//! do anything in it. What they do is done in [`super::town`].

use std::collections::BTreeSet;

use nattsyn_hub::agreement::{Away, Ending};
use nattsyn_hub::watch::Said;
use nattsyn_protocol::ids::{CheckId, ResidentId};

use super::calendar::{Day, HOUR, MINUTE};
use super::dice::Dice;
use super::expected::{Expectation, Expected};
use super::faults::Fault;
use super::outage::{Outage, during};
use super::script::Script;

/// Noon, in minutes of the day.
const NOON: i64 = 12 * 60;

/// Of a thousand residents, how many are away, or go away, in a night; of a thousand, how many
/// die or are looked after no more; of a thousand homes, how many lose somebody to another
/// home or list, and how many get another unit. Far more than in any town: ten homes are to have
/// one or two such things a night, and most of their checks are still to be ordinary ones.
const AWAY: u64 = 100;
const END: u64 = 30;
const MOVE: u64 = 40;
const SWAP: u64 = 40;

/// The same while the hub is down over a noon: of a thousand, how many go away, and how many die
/// or are looked after no more.
const AWAY_MEANWHILE: u64 = 150;
const END_MEANWHILE: u64 = 70;

/// What becomes of a unit that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Former {
    /// It is taken down.
    Down,
    /// It is left on, and goes on by the plan that it has.
    LeftOn,
}

/// Something that people do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// Homes are enrolled, or agreements changed: what the script has of this moment.
    Agree,
    /// It is said that a resident is away.
    Leave {
        resident: ResidentId,
        why: Away,
        first: Day,
        last: Option<Day>,
    },
    /// It is said that a resident is still away.
    Confirm(ResidentId),
    /// It is said that a resident is back.
    Return(ResidentId),
    /// A resident lives elsewhere: in another home, or in none.
    Move {
        resident: ResidentId,
        to: Option<usize>,
    },
    /// Another unit hangs in a home.
    Swap { home: usize, former: Former },
    /// A resident will not be looked at again.
    End { resident: ResidentId, why: Ending },
    /// Somebody of the staff says how a check ended.
    Say { check: CheckId, said: Said },
    /// Somebody does something about a row of "Att åtgärda".
    Tend(i64),
}

/// Everything that is drawn beforehand. An absence that was said days ago makes its home one
/// that was enrolled before.
pub(super) fn draw(
    dice: &mut Dice,
    script: &mut Script,
    kinds: &BTreeSet<Fault>,
) -> Vec<(i64, Deed)> {
    let mut drawing = Drawing {
        checks: Expectation::of(script).held(),
        dice,
        script,
        acts: Vec::new(),
    };
    for home in 0..drawing.script.homes.len() {
        drawing.draw_home(home, kinds);
        if let Some(outage) = drawing.script.outage {
            drawing.draw_meanwhile(home, kinds, outage);
        }
    }
    if kinds.contains(&Fault::Words) {
        drawing.draw_words();
    }
    drawing.acts
}

/// One of the words that staff have for a check. Not of a death: it calls off what is left of the
/// night, and nights of which that is asked would be asked of little else.
pub(super) fn draw_said(dice: &mut Dice) -> Said {
    dice.pick(&Said::WELL)
}

struct Drawing<'a> {
    dice: &'a mut Dice,
    script: &'a mut Script,
    checks: Vec<Expected>,
    acts: Vec<(i64, Deed)>,
}

impl Drawing<'_> {
    fn draw_home(&mut self, home: usize, kinds: &BTreeSet<Fault>) {
        let residents = self.script.homes[home].residents.clone();
        let may = |kind| kinds.contains(&kind);
        for &resident in &residents {
            if may(Fault::Away) && self.dice.happens(AWAY) {
                self.draw_absence(home, resident);
            }
            if may(Fault::End) && self.dice.happens(END) {
                let at = self.draw_when(home);
                let why = self.dice.pick(&[Ending::Died, Ending::Ended]);
                self.acts.push((at, Deed::End { resident, why }));
            }
        }
        if may(Fault::Move) && self.dice.happens(MOVE) {
            let at = self.draw_when(home);
            let resident = self.dice.pick(&residents);
            let other = self.dice.place(self.script.homes.len());
            let to = (other != home && self.dice.happens(700)).then_some(other);
            self.acts.push((at, Deed::Move { resident, to }));
        }
        if may(Fault::Swap) && self.dice.happens(SWAP) {
            let at = self.draw_when(home);
            let former = self.dice.pick(&[Former::Down, Former::LeftOn]);
            self.acts.push((at, Deed::Swap { home, former }));
        }
    }

    /// What is said while the hub is down over a noon, of the night in which it is said or of the
    /// one before: some of it when its windows are over.
    fn draw_meanwhile(&mut self, home: usize, kinds: &BTreeSet<Fault>, outage: Outage) {
        for resident in self.script.homes[home].residents.clone() {
            if kinds.contains(&Fault::Away) && self.dice.happens(AWAY_MEANWHILE) {
                let at = self.draw_during(home, outage);
                let night = self.script.night_of(at);
                let first = Day(night.0 - i64::from(self.dice.happens(300)));
                let (why, last) = match self.dice.below(3) {
                    0 => (Away::Away, None),
                    1 => (Away::Away, Some(Day(night.0 + self.dice.between(0, 2)))),
                    _ => (Away::Skip, Some(night)),
                };
                self.leave(at, (resident, why), (first, last));
                if self.dice.happens(500) {
                    let back = self.draw_during(home, outage).max(at + 2 * MINUTE);
                    self.acts.push((back, Deed::Return(resident)));
                }
            }
            if kinds.contains(&Fault::End) && self.dice.happens(END_MEANWHILE) {
                let at = self.draw_during(home, outage);
                let why = self.dice.pick(&[Ending::Died, Ending::Ended]);
                self.acts.push((at, Deed::End { resident, why }));
            }
        }
    }

    /// Some moment of an outage; half of them close to a window of that home, or right after it.
    fn draw_during(&mut self, home: usize, outage: Outage) -> i64 {
        let is_meanwhile = |check: &&Expected| outage.holds(check.opens) && check.home == home;
        let checks = self.checks.iter().filter(is_meanwhile);
        let opens: Vec<i64> = checks.map(|check| check.opens).collect();
        if self.dice.happens(500) && !opens.is_empty() {
            let near = self.dice.pick(&opens) + self.dice.between(-HOUR, 2 * HOUR);
            return near.clamp(outage.from + 1, outage.to - 1);
        }
        during(self.dice, outage)
    }

    /// Half of what people do is done close to a look in that home.
    fn draw_when(&mut self, home: usize) -> i64 {
        let (begins, ends) = (self.script.begins, self.script.repaired);
        let nights = self.script.played();
        let here = |check: &&Expected| check.home == home && nights.contains(&check.night);
        let looks = self.checks.iter().filter(here).flat_map(|it| &it.looks);
        let looks: Vec<i64> = looks.copied().filter(|&look| look < ends).collect();
        if self.dice.happens(500) && !looks.is_empty() {
            let look = looks[self.dice.place(looks.len())];
            return look + self.dice.between(-40 * MINUTE, 20 * MINUTE);
        }
        self.dice.between(begins + MINUTE, ends - HOUR)
    }

    fn draw_absence(&mut self, home: usize, resident: ResidentId) {
        let night = self.script.night;
        let is_enrolled_before = self.script.homes[home].enrolled.is_none();
        let kind = self.dice.below(6);
        if kind < 3 && is_enrolled_before {
            self.draw_earlier_absence(home, resident, kind);
        } else {
            let at = self.draw_when(home);
            let (why, last) = match kind {
                0 | 3 => (Away::Away, Some(Day(night.0 + self.dice.between(0, 3)))),
                1 | 4 => (Away::Away, None),
                _ => (Away::Skip, Some(night)),
            };
            let first = night;
            self.leave(at, (resident, why), (first, last));
        }
        if self.dice.happens(400) {
            let said = self.acts.last().map_or(self.script.begins, |(at, _)| *at);
            let earliest = said.max(self.script.begins) + 2 * MINUTE;
            let at = self.draw_when(home).max(earliest);
            self.acts.push((at, Deed::Return(resident)));
        }
    }

    /// Said one to three days ago: with an end; until further notice and confirmed lately; the
    /// same and not confirmed.
    fn draw_earlier_absence(&mut self, home: usize, resident: ResidentId, kind: u64) {
        let night = self.script.night;
        let noon = night.at(NOON);
        let hours =
            |dice: &mut Dice, from: i64, to: i64| noon - dice.between(from * 60, to * 60) * MINUTE;
        let said = match kind {
            0 => hours(self.dice, 2, 60),
            1 => hours(self.dice, 50, 80),
            _ => hours(self.dice, 40, 80),
        };
        let last = Day(night.0 + self.dice.between(0, 3));
        let last = (kind == 0).then_some(last);
        // The night of the day before, whenever it was said.
        let first = Day(night.0 - 1);
        for agreed in &mut self.script.agreed {
            if agreed.home == home && agreed.version == 1 {
                agreed.made = agreed.made.min(said - HOUR);
            }
        }
        self.leave(said, (resident, Away::Away), (first, last));
        if kind == 1 {
            let at = hours(self.dice, 1, 30);
            self.acts.push((at, Deed::Confirm(resident)));
        } else if kind == 2 && self.dice.happens(300) {
            let at = self.draw_when(home);
            self.acts.push((at, Deed::Confirm(resident)));
        }
    }

    fn leave(
        &mut self,
        at: i64,
        (resident, why): (ResidentId, Away),
        (first, last): (Day, Option<Day>),
    ) {
        let deed = Deed::Leave {
            resident,
            why,
            first,
            last,
        };
        self.acts.push((at, deed));
    }

    /// Words on checks whether or not they are exceptions: somebody was there anyway.
    fn draw_words(&mut self) {
        let nights = self.script.played();
        let tonight = self.checks.iter().filter(|it| nights.contains(&it.night));
        let tonight: Vec<(CheckId, i64)> = tonight.map(|check| (check.id, check.opens)).collect();
        if tonight.is_empty() {
            return;
        }
        let homes = u64::try_from(self.script.homes.len()).unwrap_or(1);
        for _ in 0..self.dice.below(homes / 3 + 2) {
            let (check, opens) = self.dice.pick(&tonight);
            let at = opens + self.dice.between(-20 * MINUTE, HOUR);
            let said = draw_said(self.dice);
            self.acts.push((at, Deed::Say { check, said }));
        }
    }
}
