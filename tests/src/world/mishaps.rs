//! What goes wrong in a night, and when: drawn before it begins, half of it close to a look.

use std::collections::BTreeSet;

use super::calendar::{HOUR, MINUTE};
use super::dice::Dice;
use super::expected::Expectation;
use super::faults::Fault;
use super::script::Script;

/// Milliseconds of a second.
const SECOND: i64 = 1000;

/// How a wall clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrongness {
    /// Nothing vouches for it, and it says so.
    Unknown,
    /// It is believed.
    Believed,
}

/// What a process that dies was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instant {
    /// Waiting.
    Now,
    /// Its so manieth write from now, which is not done.
    BeforeWrite(u32),
    /// Its so manieth write from now, which is done, or torn if it can be.
    AtWrite(u32),
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mishap {
    /// When, UTC in milliseconds.
    pub(super) at: i64,
    /// In which home, if it strikes one.
    pub(super) home: usize,
    /// What.
    pub(super) what: What,
    /// How long it lasts, in milliseconds.
    pub(super) lasts: i64,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Cut,
    /// Messages lost, of a thousand.
    Loss(u64),
    /// Longest delay of a message, in milliseconds.
    Delay(u64),
    /// Messages that come twice, of a thousand.
    Repeat(u64),
    /// Messages that are held back, of a thousand.
    Reorder(u64),
    Broker,
    UnitPower(Instant),
    VoiceCrash(Instant),
    EyeCrash,
    EyeHang,
    CameraHang,
    UnitClock {
        ahead_ms: i64,
        drift_ppm: i64,
        wrongness: Wrongness,
    },
    HubClock {
        ahead_ms: i64,
        drift_ppm: i64,
    },
    HubCrash(Instant),
    HubPower(Instant),
    DiskFull,
    DiskBroken,
}

/// Draws what goes wrong in a night. The script's plans are drawn already.
pub(super) fn draw(dice: &mut Dice, script: &Script, faults: &BTreeSet<Fault>) -> Vec<Mishap> {
    let kinds = faults.iter().copied().filter(|kind| kind.is_mishap());
    let kinds: Vec<Fault> = kinds.collect();
    if kinds.is_empty() || script.homes.is_empty() {
        return Vec::new();
    }
    let looks: Vec<(usize, i64)> = Expectation::of(script)
        .held()
        .iter()
        .filter(|check| check.night == script.night)
        .flat_map(|check| check.looks.iter().map(|&look| (check.home, look)))
        .collect();
    // Three of all, and four for ten homes: enough to meet each other, few enough that most
    // checks still end well.
    let homes = u64::try_from(script.homes.len()).unwrap_or(1);
    let count = 3 + dice.below(homes.div_ceil(2) + 1);
    let mut mishaps = Vec::new();
    for _ in 0..count {
        let kind = dice.pick(&kinds);
        let (what, lasts) = draw_what(dice, kind);
        let (home, at) = draw_when(dice, script, &looks);
        if at + lasts < script.repaired {
            mishaps.push(Mishap {
                at,
                home,
                what,
                lasts,
            });
        }
    }
    mishaps.sort_by_key(|mishap| mishap.at);
    mishaps
}

fn draw_when(dice: &mut Dice, script: &Script, looks: &[(usize, i64)]) -> (usize, i64) {
    if dice.happens(650) && !looks.is_empty() {
        let (home, look) = looks[dice.place(looks.len())];
        let home = if dice.happens(800) {
            home
        } else {
            dice.place(script.homes.len())
        };
        return (home, look + dice.between(-90 * SECOND, 90 * SECOND));
    }
    let at = dice.between(script.begins + MINUTE, script.repaired - HOUR);
    (dice.place(script.homes.len()), at)
}

fn draw_what(dice: &mut Dice, kind: Fault) -> (What, i64) {
    let drift_ppm = dice.pick(&[0, 0, 20, -20, 200, -200]);
    match kind {
        Fault::Cut => (What::Cut, long(dice, 5 * SECOND, 3 * HOUR)),
        Fault::Loss => (What::Loss(dice.within(50, 900)), long(dice, MINUTE, HOUR)),
        Fault::Delay => (
            What::Delay(dice.within(1000, 300_000)),
            long(dice, MINUTE, HOUR),
        ),
        Fault::Repeat => (
            What::Repeat(dice.within(200, 1000)),
            long(dice, 10 * MINUTE, 3 * HOUR),
        ),
        Fault::Reorder => (
            What::Reorder(dice.within(200, 700)),
            long(dice, 10 * MINUTE, 3 * HOUR),
        ),
        Fault::Broker => (What::Broker, long(dice, SECOND, 40 * MINUTE)),
        Fault::UnitPower => (
            What::UnitPower(draw_instant(dice)),
            long(dice, 5 * SECOND, 2 * HOUR),
        ),
        Fault::VoiceCrash => (
            What::VoiceCrash(draw_instant(dice)),
            long(dice, SECOND, MINUTE),
        ),
        Fault::EyeCrash => (What::EyeCrash, long(dice, SECOND, 10 * MINUTE)),
        Fault::EyeHang => (What::EyeHang, long(dice, 30 * SECOND, 30 * MINUTE)),
        Fault::CameraHang => (What::CameraHang, long(dice, MINUTE, 2 * HOUR)),
        Fault::UnitClock => {
            let what = What::UnitClock {
                ahead_ms: draw_step(dice),
                drift_ppm,
                wrongness: dice.pick(&[Wrongness::Unknown, Wrongness::Believed]),
            };
            (what, long(dice, MINUTE, 3 * HOUR))
        }
        Fault::HubClock => {
            let what = What::HubClock {
                ahead_ms: draw_step(dice),
                drift_ppm,
            };
            (what, long(dice, MINUTE, 2 * HOUR))
        }
        Fault::HubCrash => (
            What::HubCrash(draw_instant(dice)),
            long(dice, SECOND, 90 * MINUTE),
        ),
        Fault::HubPower => (
            What::HubPower(draw_instant(dice)),
            long(dice, 20 * SECOND, 2 * HOUR),
        ),
        Fault::Disk => (
            dice.pick(&[What::DiskFull, What::DiskBroken]),
            long(dice, MINUTE, 2 * HOUR),
        ),
        Fault::LongOutage
        | Fault::Words
        | Fault::Hands
        | Fault::Away
        | Fault::Move
        | Fault::Swap
        | Fault::End => {
            unreachable!("drawn elsewhere, by dice of its own")
        }
    }
}

/// Short times are as likely as long ones: the length's order of magnitude is even.
pub(super) fn long(dice: &mut Dice, from: i64, to: i64) -> i64 {
    let mut longest = to;
    while longest / 2 > from && dice.happens(600) {
        longest /= 2;
    }
    dice.between(from, longest)
}

fn draw_instant(dice: &mut Dice) -> Instant {
    let write = u32::try_from(dice.below(5)).unwrap_or(0);
    match dice.below(3) {
        0 => Instant::Now,
        1 => Instant::BeforeWrite(write),
        _ => Instant::AtWrite(write),
    }
}

/// How far a clock is off: seconds as often as hours, either way.
fn draw_step(dice: &mut Dice) -> i64 {
    let far = long(dice, 2 * SECOND, 6 * HOUR);
    if dice.happens(500) { far } else { -far }
}
