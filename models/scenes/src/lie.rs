//! How a cover lies: its outline, folds and heaps, drawn for a state of the bedding.
//!
//! Deliberately without heights: [`crate::cloth`] forms them over what is below.

use crate::bed::Bed;
use crate::bedding::Bedding;
use crate::dice::Dice;
use crate::material;
use crate::noise::{ridged, rough, smooth, step};

/// How much of the bed a cover reaches over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// From the pillow to the foot.
    Full,
    /// A throw across the foot end.
    Across,
}

/// A line along which the cloth is turned over: what lies beyond `at` in the direction `away`
/// (length one) lies mirrored on the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fold {
    pub(crate) at: (f32, f32),
    pub(crate) away: (f32, f32),
}

impl Fold {
    /// How far beyond the line a point is.
    pub(crate) fn beyond(&self, u: f32, v: f32) -> f32 {
        (u - self.at.0) * self.away.0 + (v - self.at.1) * self.away.1
    }

    fn mirrored(&self, u: f32, v: f32) -> (f32, f32) {
        let twice = 2.0 * self.beyond(u, v);
        (u - twice * self.away.0, v - twice * self.away.1)
    }
}

/// A roll of cloth in a heap, or a hollow below a cover that keeps its form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roll {
    from: (f32, f32),
    to: (f32, f32),
    radius: f32,
    height: f32,
}

impl Roll {
    /// Distance from the roll's middle line.
    fn off(&self, u: f32, v: f32) -> f32 {
        let (du, dv) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let (a, b) = (u - self.from.0, v - self.from.1);
        let along = ((a * du + b * dv) / (du * du + dv * dv).max(1e-6)).clamp(0.0, 1.0);
        ((a - along * du).powi(2) + (b - along * dv).powi(2)).sqrt()
    }

    pub(crate) fn top(&self, u: f32, v: f32) -> f32 {
        let share = self.off(u, v) / self.radius;
        self.height * (1.0 - share * share).max(0.0).sqrt()
    }
}

/// Whether a cover is spread out or thrown together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outline {
    Spread,
    Bundle,
}

/// How one cover lies.
#[derive(Clone, Debug)]
pub(crate) struct Lie {
    outline: Outline,
    /// Distance of the upper edge from the bed's head, and how much it slants and waves.
    pub(crate) hem: f32,
    slant: f32,
    wave: f32,
    /// Where it ends to the left, to the right and at the foot, hanging parts laid flat.
    pub(crate) left: f32,
    right: f32,
    end: f32,
    pub(crate) fold: Option<Fold>,
    pub(crate) rolls: Vec<Roll>,
    /// Height of the main folds in metres, and their direction in radians.
    pub(crate) folds: f32,
    pub(crate) grain: f32,
    /// Points from which tension folds run out.
    pub(crate) anchors: [(f32, f32); 3],
    /// How far the print is shifted by creases, in metres.
    pub(crate) warp: f32,
    pub(crate) seed: u32,
}

impl Lie {
    /// Draws how a cover for `span` of the bed's width lies in the state `bedding`.
    pub(crate) fn draw(
        dice: &mut Dice,
        bedding: Bedding,
        span: (f32, f32),
        extent: Extent,
        bed: &Bed,
    ) -> Self {
        let flat = matches!(
            bedding,
            Bedding::Made | Bedding::Tucked | Bedding::FoldedBack
        );
        let untidy = if flat {
            dice.between(0.02, 0.25)
        } else {
            dice.between(0.5, 1.2)
        };
        let spare = match bedding {
            Bedding::Tucked => 0.1,
            Bedding::Rumpled => dice.between(-0.16, 0.34),
            Bedding::Bare
            | Bedding::Made
            | Bedding::FoldedBack
            | Bedding::PushedDown
            | Bedding::Heaped => dice.between(-0.04, 0.34),
        };
        let shift = dice.around(0.15) * untidy;
        let bundled =
            bedding == Bedding::Heaped || (bedding == Bedding::PushedDown && dice.chance(0.5));
        let mut lie = Self {
            outline: if bundled {
                Outline::Bundle
            } else {
                Outline::Spread
            },
            hem: hem(dice, bedding),
            slant: dice.around(0.3) * untidy,
            wave: 0.02 + 0.12 * untidy * dice.unit(),
            left: span.0 - spare + shift,
            right: span.1 + spare + shift,
            end: bed.length + dice.between(-0.15, 0.3) + dice.around(0.1) * untidy,
            fold: None,
            rolls: Vec::new(),
            folds: match bedding {
                Bedding::Tucked => dice.between(0.002, 0.006),
                Bedding::Made | Bedding::FoldedBack | Bedding::Bare => dice.between(0.006, 0.026),
                Bedding::Rumpled => dice.between(0.015, 0.045),
                Bedding::PushedDown | Bedding::Heaped => dice.between(0.03, 0.06),
            },
            grain: dice.around(1.6),
            anchors: [0, 1, 2].map(|_| {
                let u = dice.between(span.0, span.1);
                (u, dice.between(0.3, bed.length))
            }),
            warp: if flat { 0.02 } else { dice.between(0.03, 0.12) },
            seed: material::seed(dice),
        };
        if extent == Extent::Across && !bundled {
            lie.hem = lie.hem.max(dice.between(0.9, 1.5));
        }
        lie.turn(dice, bedding, span);
        lie.rolls = rolls(dice, bedding, span, lie.hem, bed);
        lie
    }

    /// Turns down the top of a folded-back cover, and now and then a corner of an untidy one.
    fn turn(&mut self, dice: &mut Dice, bedding: Bedding, span: (f32, f32)) {
        let half = 0.5 * (span.1 - span.0);
        let middle = 0.5 * (span.0 + span.1);
        match bedding {
            Bedding::FoldedBack => {
                let strip = dice.between(0.12, 0.45).min(self.hem - 0.1);
                self.fold = Some(Fold {
                    at: (middle, self.hem),
                    away: (0.0, -1.0),
                });
                self.hem -= strip;
            }
            Bedding::Rumpled if dice.chance(0.35) => {
                let (side, lean) = (dice.side(), dice.between(0.4, 1.1));
                let at = (
                    middle + side * half * dice.between(0.3, 0.9),
                    self.hem + 0.2,
                );
                self.fold = Some(Fold {
                    at,
                    away: (side * lean.sin(), -lean.cos()),
                });
            }
            Bedding::Bare
            | Bedding::Made
            | Bedding::Tucked
            | Bedding::Rumpled
            | Bedding::PushedDown
            | Bedding::Heaped => {}
        }
    }

    /// Distance inside the cover's outline in metres; negative outside.
    pub(crate) fn inside(&self, bed: &Bed, u: f32, v: f32) -> f32 {
        let (beside, hang) = self.beyond(bed, u, v);
        let hanging = if beside > 0.0 {
            hang * (1.0 - beside) - 0.005
        } else {
            f32::MAX
        };
        let own = match &self.fold {
            None => self.spread(u, v),
            Some(fold) => {
                let left = self.spread(u, v).max(self.flap(u, v));
                left.min(-fold.beyond(u, v))
            }
        };
        own.min(hanging)
    }

    /// Distance inside the turned-over part where it lies on the rest; negative elsewhere.
    pub(crate) fn flap(&self, u: f32, v: f32) -> f32 {
        self.fold.as_ref().map_or(-1.0, |fold| {
            let (a, b) = fold.mirrored(u, v);
            self.spread(a, b).min(-fold.beyond(u, v))
        })
    }

    fn spread(&self, u: f32, v: f32) -> f32 {
        let ragged = rough(3.0 * u, 3.0 * v, self.seed.wrapping_add(17)) - 0.5;
        if self.outline == Outline::Bundle {
            let reach = |roll: &Roll| 1.12 * roll.radius - roll.off(u, v);
            let inside = self.rolls.iter().map(reach).fold(-1.0, f32::max);
            let fine = ridged(7.0 * u, 7.0 * v, self.seed.wrapping_add(21)) - 0.5;
            return inside + 0.14 * ragged + 0.05 * fine;
        }
        let sides = (u - self.left).min(self.right - u);
        let lengths = (v - self.upper_edge(u)).min(self.end - v);
        sides.min(lengths) + 0.36 * ragged * self.wave
    }

    fn upper_edge(&self, u: f32) -> f32 {
        let wave = self.wave * (smooth(2.6 * u, 0.5, self.seed.wrapping_add(11)) - 0.5);
        let fine = 0.3 * self.wave * (smooth(9.0 * u, 0.5, self.seed.wrapping_add(12)) - 0.5);
        self.hem + self.slant * u + wave + fine
    }

    /// How far over the mattress's edge a point is, as a share of the brim, and how far the cloth
    /// hangs there.
    fn beyond(&self, bed: &Bed, u: f32, v: f32) -> (f32, f32) {
        /// Width over which hanging cloth is drawn: steep, and still seen from above.
        const BRIM: f32 = 0.07;
        let ripple = |x: f32| 0.03 * ridged(3.5 * x, 0.5, self.seed.wrapping_add(13));
        let most = bed.height - 0.06;
        let half = bed.width * 0.5 + 0.012 + ripple(v);
        let foot = bed.length + 0.012 + ripple(u);
        let side = if u < 0.0 { -self.left } else { self.right } - bed.width * 0.5;
        let over_side = ((u.abs() - half) / BRIM, side.min(most));
        let over_foot = ((v - foot) / BRIM, (self.end - bed.length).min(most));
        if over_side.0 > over_foot.0 {
            over_side
        } else {
            over_foot
        }
    }

    /// How far the cloth hangs down at a point, in metres.
    pub(crate) fn hang(&self, bed: &Bed, u: f32, v: f32) -> f32 {
        let (beside, hang) = self.beyond(bed, u, v);
        hang.max(0.0) * step(0.0, 1.0, beside)
    }

    /// How sharply heaped cloth falls, as a factor on how a spread cover sags.
    pub(crate) fn collapse(&self) -> f32 {
        match self.outline {
            Outline::Spread => 1.0,
            Outline::Bundle => 5.0,
        }
    }
}

/// Where the upper edge lies: mostly about the shoulders, now and then over the face.
fn hem(dice: &mut Dice, bedding: Bedding) -> f32 {
    match bedding {
        Bedding::Made | Bedding::Tucked => dice.between(0.3, 0.55),
        Bedding::FoldedBack => dice.between(0.45, 1.05),
        Bedding::Rumpled => dice.between(0.3, 0.8),
        Bedding::PushedDown => dice.between(1.0, 1.6),
        Bedding::Bare | Bedding::Heaped => 0.0,
    }
}

/// The rolls of a heap, of a pushed-down cover's crest, or of a hollow bulge.
fn rolls(dice: &mut Dice, bedding: Bedding, span: (f32, f32), hem: f32, bed: &Bed) -> Vec<Roll> {
    let lane = dice.between(span.0 + 0.2, span.1 - 0.2);
    match bedding {
        Bedding::Bare | Bedding::Made | Bedding::Tucked | Bedding::FoldedBack => Vec::new(),
        Bedding::Rumpled if dice.chance(0.45) => bulge(dice, lane, hem, bed),
        Bedding::Rumpled => Vec::new(),
        Bedding::PushedDown => {
            let crest = |dice: &mut Dice| {
                let v = (hem + dice.between(0.08, 0.4)).min(bed.length - 0.12);
                let mut end = |u: f32| (u + dice.around(0.08), v + dice.around(0.12));
                let (from, to) = (end(span.0 + 0.08), end(span.1 - 0.08));
                let radius = dice.between(0.08, 0.16);
                Roll {
                    from,
                    to,
                    radius,
                    height: dice.between(0.06, 0.17),
                }
            };
            (0..3).map(|_| crest(dice)).collect()
        }
        Bedding::Heaped => {
            let side = dice.around(0.5 * bed.width - 0.1);
            let middle = (side, dice.between(0.6, bed.length - 0.25));
            let long = dice.between(0.2, 0.6);
            let turn = dice.around(1.6);
            let count = dice.pick(&[3, 4, 5, 6, 7]);
            let roll = |dice: &mut Dice| {
                let turn = turn + dice.around(0.9);
                let reach = long * dice.between(0.4, 1.0);
                let (u, v) = (
                    middle.0 + dice.around(0.24),
                    middle.1 + dice.around(0.5 * long),
                );
                let (du, dv) = (reach * turn.sin(), reach * turn.cos());
                let radius = dice.between(0.09, 0.22);
                Roll {
                    from: (u - du, v - dv),
                    to: (u + du, v + dv),
                    radius,
                    height: radius * dice.between(0.6, 1.2),
                }
            };
            (0..count).map(|_| roll(dice)).collect()
        }
    }
}

/// A hollow like a sleeper's: trunk and drawn-up legs, somewhere along the bed.
fn bulge(dice: &mut Dice, lane: f32, hem: f32, bed: &Bed) -> Vec<Roll> {
    let low = hem + dice.between(0.0, 0.3);
    let hip = (
        lane + dice.around(0.1),
        (low + dice.between(0.35, 0.6)).min(bed.length - 0.3),
    );
    let knee = (
        hip.0 + dice.around(0.3),
        (hip.1 + dice.between(0.2, 0.5)).min(bed.length - 0.15),
    );
    let foot = (
        knee.0 - 0.7 * (knee.0 - hip.0),
        (knee.1 + dice.between(0.1, 0.45)).min(bed.length - 0.1),
    );
    let high = dice.between(0.06, 0.22);
    let roll = |from, to, radius, height| Roll {
        from,
        to,
        radius,
        height,
    };
    vec![
        roll((lane, low), hip, dice.between(0.14, 0.22), high),
        roll(
            hip,
            knee,
            dice.between(0.1, 0.16),
            high * dice.between(0.6, 1.0),
        ),
        roll(knee, foot, 0.09, high * dice.between(0.3, 0.8)),
    ]
}
