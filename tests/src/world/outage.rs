//! A hub that is down over a noon while people go on acting: drawn for a whole night.
//!
//! From dice of its own, so that a night without one is what it was. The hub's process or
//! machine is down from some moment until after the next noon, and it may die once more while it
//! takes up what went by. Here is when, and what is agreed meanwhile; who goes away, comes back or
//! dies meanwhile, [`super::acts`] draws.

use std::collections::BTreeSet;

use super::calendar::{Day, HOUR, MINUTE};
use super::dice::Dice;
use super::faults::Fault;
use super::mishaps::{Instant, Mishap, What, long};
use super::script::Script;

/// Noon, in minutes of the day.
const NOON: i64 = 12 * 60;

/// Of a thousand nights, how many have one: a night of eight, since such a night is played twice
/// as long.
const OUTAGES: u64 = 125;

/// Of a thousand, how many last over two noons, and how many begin before the first noon if the
/// World does: rare outside, and what a night that was never frozen is seen with.
const OVER_TWO: u64 = 150;
const BEFORE_NOON: u64 = 500;

/// Of a thousand, after how many the hub dies once more while it takes up what went by.
const DIES_AGAIN: u64 = 200;

/// Of a thousand homes, how many are enrolled meanwhile, and of a thousand residents, of how many
/// the agreement is changed.
const ENROLLED: u64 = 150;
const CHANGED: u64 = 250;

/// How long after everything is right again the night ends at the earliest: what waits may take
/// an hour and a half to arrive, as after the repairs of any night, and the hub has to take it in.
const SETTLED_AFTER: i64 = 110 * MINUTE;

/// When a hub is down over a noon, UTC in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Outage {
    pub(super) fn holds(self, utc: i64) -> bool {
        (self.from..self.to).contains(&utc)
    }
}

/// Draws whether the night has one, and makes it part of the script.
pub(super) fn draw(dice: &mut Dice, script: &mut Script, faults: &BTreeSet<Fault>) {
    if !faults.contains(&Fault::LongOutage) || !dice.happens(OUTAGES) {
        return;
    }
    let from = draw_from(dice, script);
    let to = draw_to(dice, script.night);
    let stop = dice.pick(&[What::HubCrash(Instant::Now), What::HubPower(Instant::Now)]);
    let mut strikes = vec![mishap(from, stop, to - from)];
    if dice.happens(DIES_AGAIN) {
        let write = u32::try_from(dice.below(5)).unwrap_or(0);
        let instant = dice.pick(&[Instant::BeforeWrite(write), Instant::AtWrite(write)]);
        let lasts = long(dice, MINUTE, HOUR);
        strikes.push(mishap(to - 1, What::HubCrash(instant), lasts));
    }
    let over = strikes.iter().map(|strike| strike.at + strike.lasts).max();
    script.repaired = over.unwrap_or(to);
    let second = Day(script.night.0 + 2).at(NOON) + 20 * MINUTE;
    script.ends = second.max(script.repaired + SETTLED_AFTER);
    script.mishaps.extend(strikes);
    script.mishaps.sort_by_key(|mishap| mishap.at);
    let outage = Outage { from, to };
    script.outage = Some(outage);
    for home in 0..script.homes.len() {
        agree_meanwhile(dice, script, home, outage);
    }
}

fn mishap(at: i64, what: What, lasts: i64) -> Mishap {
    Mishap {
        at,
        home: 0,
        what,
        lasts,
    }
}

/// At any moment before the next noon, or before the night's own, which then is not frozen.
fn draw_from(dice: &mut Dice, script: &Script) -> i64 {
    let (noon, next) = (script.night.at(NOON), script.night.next().at(NOON));
    let begins = script.begins + MINUTE;
    if begins < noon && dice.happens(BEFORE_NOON) {
        return dice.between(begins, noon - 1);
    }
    dice.between(begins, next - MINUTE)
}

/// Minutes to 26 hours after the next noon: now and then after the one that follows it, too.
fn draw_to(dice: &mut Dice, night: Day) -> i64 {
    let (next, second) = (night.next().at(NOON), Day(night.0 + 2).at(NOON));
    if dice.happens(OVER_TWO) {
        return second + long(dice, MINUTE, 2 * HOUR);
    }
    next + long(dice, MINUTE, second - next)
}

/// What is agreed meanwhile: first plans, and changes of which some add a window to a night that
/// has begun.
fn agree_meanwhile(dice: &mut Dice, script: &mut Script, home: usize, outage: Outage) {
    let drawn = &script.homes[home];
    let residents = drawn.residents.clone();
    if drawn.enrolled.is_none() && dice.happens(ENROLLED) {
        let at = during(dice, outage);
        script.homes[home].enrolled = Some(at);
        script
            .agreed
            .retain(|it| it.home != home || it.version == 1);
        for agreed in script.agreed.iter_mut().filter(|it| it.home == home) {
            agreed.made = at;
        }
        return;
    }
    for resident in residents {
        if !dice.happens(CHANGED) {
            continue;
        }
        let mut own = script.agreed.iter().filter(|it| it.resident == resident);
        let first = own.next().map_or(outage.from, |first| first.made);
        let made = during(dice, outage).max(first + MINUTE);
        let second = script.draw_agreed(dice, (home, resident), 2, made);
        script
            .agreed
            .retain(|it| it.resident != resident || it.version == 1);
        script.agreed.push(second);
    }
}

/// Some moment of an outage.
pub(super) fn during(dice: &mut Dice, outage: Outage) -> i64 {
    dice.between(outage.from + 1, outage.to - 1)
}
