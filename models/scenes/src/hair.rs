//! Hair: how it is worn, how bright it is, and the masses it makes around a head.
//!
//! Deliberately no strands: a cap on the skull and locks that hang or lie on a pillow, with ragged
//! edges and a streaky tone, are what a camera across the room sees.

use crate::dice::Dice;
use crate::figure::Sex;
use crate::flesh::{Cut, Member, Part, Tissue};
use crate::material::seed;
use crate::noise::{rough, smooth};
use crate::vector::{UP, V3, v3};

/// How hair is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bald,
    /// A rim from ear to ear around a bald top.
    Rim,
    /// Short, the forehead high.
    Receding,
    /// Thin and white over a scalp that shows.
    Wispy,
    Short,
    Fringed,
    Curly,
    Bob,
    Long,
    Bun,
}

/// One head of hair.
#[derive(Clone, Debug)]
pub(crate) struct Hair {
    pub(crate) style: Style,
    pub(crate) albedo: f32,
    /// How far it stands off the skull, in metres.
    volume: f32,
    /// How far it falls below the ears, in metres.
    length: f32,
    seed: u32,
    dice: Dice,
}

/// A head's middle and directions; `size` scales every length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skull {
    pub(crate) middle: V3,
    pub(crate) face: V3,
    pub(crate) crown: V3,
    pub(crate) size: f32,
}

impl Skull {
    /// The point this far to the front, to the crown and to one side, in metres of a middling head.
    pub(crate) fn at(&self, front: f32, up: f32, aside: f32) -> V3 {
        let across = self.face.cross(self.crown);
        self.middle + (self.face * front + self.crown * up + across * aside) * self.size
    }
}

impl Hair {
    pub(crate) fn draw(dice: &mut Dice, sex: Sex, age: f32) -> Self {
        let style = match sex {
            Sex::Woman => dice.pick(&[
                Style::Short,
                Style::Fringed,
                Style::Curly,
                Style::Curly,
                Style::Bob,
                Style::Bob,
                Style::Long,
                Style::Long,
                Style::Long,
                Style::Bun,
                Style::Wispy,
            ]),
            Sex::Man => dice.pick(&[
                Style::Short,
                Style::Short,
                Style::Short,
                Style::Fringed,
                Style::Receding,
                Style::Receding,
                Style::Rim,
                Style::Wispy,
                Style::Bald,
                Style::Curly,
            ]),
        };
        // Grey comes with age; melanin and most dyes keep dark hair dark to 1000 nm.
        let grey = dice.chance(0.15 + 0.45 * age);
        let albedo = if style == Style::Wispy {
            dice.between(0.45, 0.7)
        } else if grey {
            dice.between(0.35, 0.68)
        } else if dice.chance(0.65) {
            dice.between(0.05, 0.17)
        } else {
            dice.between(0.17, 0.36)
        };
        let volume = match style {
            Style::Bald => 0.0,
            Style::Wispy => dice.between(0.002, 0.006),
            Style::Rim | Style::Receding => dice.between(0.006, 0.014),
            Style::Short | Style::Fringed => dice.between(0.008, 0.024),
            Style::Curly => dice.between(0.022, 0.05),
            Style::Bob | Style::Long | Style::Bun => dice.between(0.008, 0.022),
        };
        let length = if style == Style::Long {
            dice.between(0.14, 0.36)
        } else {
            dice.between(0.05, 0.12)
        };
        Self {
            style,
            albedo,
            volume,
            length,
            seed: seed(dice),
            dice: dice.fork("locks"),
        }
    }

    /// The masses of this hair on `skull`; on somebody lying it spreads over the `ground`, on
    /// somebody upright (`None`) it hangs.
    pub(crate) fn grow(
        &self,
        skull: &Skull,
        ground: Option<&dyn Fn(f32, f32) -> f32>,
    ) -> Vec<Part> {
        let mut dice = self.dice.clone();
        let mut parts = Vec::with_capacity(24);
        match self.style {
            Style::Bald => {}
            Style::Rim => self.add_rim(skull, &mut parts),
            Style::Receding => self.add_cap(skull, 0.035, &mut parts),
            Style::Wispy | Style::Short => self.add_cap(skull, 0.0, &mut parts),
            Style::Fringed => {
                self.add_cap(skull, 0.0, &mut parts);
                self.add_fringe(skull, &mut parts);
            }
            Style::Curly => {
                self.add_cap(skull, 0.0, &mut parts);
                self.add_curls(skull, &mut dice, &mut parts);
            }
            Style::Bob | Style::Long => {
                self.add_cap(skull, 0.0, &mut parts);
                if dice.chance(0.3) {
                    self.add_fringe(skull, &mut parts);
                }
                self.add_locks(skull, ground, &mut dice, &mut parts);
            }
            Style::Bun => {
                self.add_cap(skull, 0.0, &mut parts);
                let bun = skull.at(dice.between(-0.12, -0.06), dice.between(0.02, 0.1), 0.0);
                let size = dice.between(0.032, 0.048);
                parts.push(mass((bun, size), (bun + UP * 0.005, size)));
            }
        }
        parts
    }

    /// What covers top, back and sides down to a line from the forehead past the ears.
    fn add_cap(&self, skull: &Skull, receded: f32, parts: &mut Vec<Part>) {
        let (size, more) = (skull.size, self.volume);
        let tilt = (skull.face * 0.82 - skull.crown * 0.57).unit();
        let line = Cut {
            at: skull.at(0.062 - receded, 0.062 + 0.3 * receded, 0.0),
            out: tilt,
        };
        let top = 0.076 * size + more;
        parts.push(
            mass(
                (skull.at(-0.034, 0.032, 0.0), top),
                (skull.at(0.02, 0.034, 0.0), top),
            )
            .ended(line),
        );
        parts.push(
            mass(
                (skull.at(-0.036, 0.01, 0.0), 0.075 * size + more),
                (skull.at(-0.045, -0.06, 0.0), 0.055 * size + 0.7 * more),
            )
            .ended(line),
        );
    }

    fn add_rim(&self, skull: &Skull, parts: &mut Vec<Part>) {
        let thick = 0.022 * skull.size + self.volume;
        for aside in [1.0, -1.0] {
            parts.push(mass(
                (skull.at(0.0, 0.0, aside * 0.066), thick),
                (skull.at(-0.075, -0.005, aside * 0.035), thick * 1.2),
            ));
        }
        let nape = skull.at(-0.08, -0.03, 0.0);
        parts.push(mass(
            (skull.at(-0.09, 0.0, 0.0), thick * 1.2),
            (nape, thick),
        ));
    }

    fn add_fringe(&self, skull: &Skull, parts: &mut Vec<Part>) {
        let thick = 0.018 + 0.5 * self.volume;
        parts.push(mass(
            (skull.at(0.07, 0.068, 0.045), thick),
            (skull.at(0.074, 0.062, -0.04), thick * 0.8),
        ));
    }

    fn add_curls(&self, skull: &Skull, dice: &mut Dice, parts: &mut Vec<Part>) {
        /// Enough to make the outline bumpy all round.
        const CURLS: usize = 12;
        let off = 0.07 + self.volume;
        for _ in 0..CURLS {
            let way = v3(
                dice.between(-1.0, 0.35),
                dice.between(-0.5, 1.0),
                dice.around(1.0),
            )
            .unit();
            let curl = skull.at(way.x * off - 0.02, way.y * off + 0.02, way.z * (off - 0.01));
            let size = dice.between(0.02, 0.034) + 0.3 * self.volume;
            parts.push(mass((curl, size), (curl + UP * 0.004, size)));
        }
    }

    /// Locks from the sides and the back of the skull.
    fn add_locks(
        &self,
        skull: &Skull,
        ground: Option<&dyn Fn(f32, f32) -> f32>,
        dice: &mut Dice,
        parts: &mut Vec<Part>,
    ) {
        /// Locks on each head; more would only hide each other.
        const LOCKS: u8 = 7;
        // Lying hair lies where the head swept it, and fans out a little from there.
        let (swept, back) = (dice.around(1.2), dice.between(-0.6, 1.0));
        let across = skull.face.cross(skull.crown);
        for lock in 0..LOCKS {
            let share = f32::from(lock) / f32::from(LOCKS - 1) * 2.0 - 1.0;
            let aside = share * 0.075;
            let root = skull.at(-0.03 - 0.035 * (1.0 - share.abs()), 0.005, aside);
            let thick = dice.between(0.026, 0.042) + 0.3 * self.volume;
            let long = self.length + 0.06;
            let (mid, tip) = if let Some(ground) = ground {
                let way = across * (0.55 * share + swept + dice.around(0.2))
                    - skull.crown * back
                    - skull.face * 0.3;
                let way = v3(way.x, way.y, way.z.min(0.0)).unit();
                // Down to the pillow, or over its edge as far as hair hangs.
                let drop = |p: V3, above: f32| {
                    let low = (ground(p.x, p.y) + above).max(root.z - 0.14);
                    v3(p.x, p.y, p.z.min(low))
                };
                let mid = drop(root + way * (0.05 + 0.4 * long), 0.045);
                let way = (way + across * dice.around(0.4)).unit();
                (mid, drop(mid + way * (0.6 * long), 0.02))
            } else {
                let fall = (skull.crown * -0.5 - UP * 0.8 - skull.face * 0.12).unit();
                let mid = skull.at(-0.035, -0.05, aside * 1.1);
                (mid, mid + fall * (long * dice.between(0.7, 1.0)))
            };
            parts.push(mass((root, thick * 1.3), (mid, thick)));
            parts.push(mass((mid, thick), (tip, thick * 0.55)));
        }
    }

    /// How much further out the surface lies at `p` than a smooth mass: locks and strays.
    pub(crate) fn ragged(&self, p: V3) -> f32 {
        let deep = match self.style {
            Style::Curly => 0.011,
            Style::Wispy | Style::Rim | Style::Receding | Style::Bald => 0.002,
            Style::Short | Style::Fringed | Style::Bun => 0.004,
            Style::Bob | Style::Long => 0.006,
        };
        deep * (71.0 * p.x + 23.0 * p.z).sin()
            * (67.0 * p.y - 31.0 * p.z).sin()
            * (53.0 * p.z + 37.0 * p.x).cos()
    }

    /// Share of light given back at `off` from the skull's middle over `skin`.
    pub(crate) fn albedo_at(&self, skull: &Skull, off: V3, skin: f32) -> f32 {
        let across = off.dot(skull.face.cross(skull.crown));
        let (front, up) = (off.dot(skull.face), off.dot(skull.crown));
        let bend = 0.02 * smooth(30.0 * up, 30.0 * front, self.seed);
        let streak = rough(70.0 * (across + bend), 16.0 * (up - front), self.seed);
        let tone = self.albedo * (0.55 + 0.9 * streak);
        match self.style {
            Style::Wispy => {
                let thin = 0.4 + 0.4 * smooth(40.0 * across, 40.0 * up, self.seed);
                skin + (tone - skin) * thin
            }
            Style::Bald
            | Style::Rim
            | Style::Receding
            | Style::Short
            | Style::Fringed
            | Style::Curly
            | Style::Bob
            | Style::Long
            | Style::Bun => tone,
        }
    }
}

fn mass(from: (V3, f32), to: (V3, f32)) -> Part {
    Part::new(Member::Hair, Tissue::Hair, from, to)
}
