//! A person: build, dress, joints, and a soft surface a ray can hit.
//!
//! The surface is a smooth union of tapering limbs. Deliberately no identity and no expression:
//! a face is a few darker patches, enough to say where somebody looks.

use crate::dice::Dice;
use crate::fabric::Grid;
use crate::material::Material;
use crate::noise::{rough, step};
use crate::vector::{Place, Ray, V3, v3};

/// What a part of a body is covered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tissue {
    Skin,
    Hair,
    Top,
    Bottom,
}

/// A limb or piece of trunk: a bar that tapers from `wide` at `from` to `thin` at `to`.
#[derive(Clone, Copy, Debug)]
struct Part {
    from: V3,
    to: V3,
    wide: f32,
    thin: f32,
    tissue: Tissue,
}

/// What the legs wear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dress {
    Trousers,
    Bare,
    Gown,
}

/// How the hair is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hair {
    Bald,
    Short,
    Long,
}

/// One person's figure and clothes, the same in every posture.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) height: f32,
    /// 1 is slender-normal.
    pub(crate) girth: f32,
    skin: f32,
    hair: f32,
    worn: Hair,
    top: Material,
    bottom: Material,
    dress: Dress,
    sleeves: f32,
}

impl Figure {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        // At 940 nm all skin is fairly bright; melanin matters little (Anderson and Parrish 1981).
        let skin = dice.between(0.42, 0.68);
        let hair = if dice.chance(0.5) {
            dice.between(0.06, 0.2)
        } else {
            dice.between(0.3, 0.6)
        };
        let top = Material::clothes(dice);
        Self {
            height: dice.between(1.5, 1.86),
            girth: dice.between(0.85, 1.3),
            skin,
            hair,
            worn: dice.pick(&[Hair::Short, Hair::Short, Hair::Long, Hair::Long, Hair::Bald]),
            top,
            bottom: if dice.chance(0.5) {
                top
            } else {
                Material::clothes(dice)
            },
            dress: dice.pick(&[Dress::Trousers, Dress::Bare, Dress::Gown]),
            sleeves: dice.pick(&[0.0, 1.0]),
        }
    }
}

/// Which way a body is turned; three directions of length one, square to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facing {
    /// From pelvis to neck.
    pub(crate) spine: V3,
    /// Where the chest points.
    pub(crate) front: V3,
}

/// A limb as two directions (outwards, to the front, towards the head), need not be unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limb {
    pub(crate) upper: V3,
    pub(crate) lower: V3,
}

/// A posture, in the body's own directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posture {
    pub(crate) arms: [Limb; 2],
    pub(crate) legs: [Limb; 2],
    /// How far the trunk bends forward, 0 straight to 1 hunched.
    pub(crate) bend: f32,
    /// Where the head points from the neck, and where the face looks.
    pub(crate) head: V3,
    pub(crate) face: V3,
}

/// What a body rests on: nothing of it may be below `floor`, its head not below `pillow`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    pub(crate) floor: f32,
    pub(crate) pillow: f32,
    /// Share of their height over the floor that arms keep: muscles hold them up when awake and
    /// upright, they sink on somebody lying.
    pub(crate) arms_held: f32,
    /// How far toes point to the front: fully when standing, less when lying.
    pub(crate) toes_up: f32,
}

/// A person in a posture.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    figure: Figure,
    parts: Vec<Part>,
    head: V3,
    face: V3,
    crown: V3,
}

/// A hit on a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyHit {
    pub(crate) distance: f32,
    pub(crate) normal: V3,
    pub(crate) albedo: f32,
}

/// How far apart two limbs still melt together, in metres.
const MELT: f32 = 0.03;

impl Body {
    /// Puts `figure` with its pelvis at `pelvis`. Limb lengths as shares of the body's height are
    /// from Drillis and Contini (1966), rounded.
    pub(crate) fn pose(
        figure: &Figure,
        pelvis: V3,
        facing: Facing,
        posture: &Posture,
        rest: Rest,
    ) -> Self {
        let tall = figure.height;
        let Facing { spine, front } = facing;
        let side = front.cross(spine);
        let own = |d: V3, out: f32| (side * (d.x * out) + front * d.y + spine * d.z).unit();
        let held = |p: V3, radius: f32| v3(p.x, p.y, p.z.max(rest.floor + radius));
        let sunk = |p: V3, radius: f32| {
            let lowest = rest.floor + radius;
            v3(p.x, p.y, lowest + (p.z - lowest).max(0.0) * rest.arms_held)
        };
        let chest_way = (spine + front * posture.bend).unit();
        let neck = held(
            pelvis + spine * (0.1 * tall) + chest_way * (0.19 * tall),
            0.06,
        );
        let crown = own(posture.head, 1.0);
        let head = neck + crown * (0.105 * tall);
        let head = v3(head.x, head.y, head.z.max(rest.pillow + 0.095));
        let face = own(posture.face, 1.0);
        let face = (face - crown * face.dot(crown)).unit();
        let mut body = Self {
            figure: figure.clone(),
            parts: Vec::with_capacity(32),
            head,
            face,
            crown,
        };
        body.add_trunk(pelvis, neck, side, &held);
        for (limb, out) in posture.arms.iter().zip([1.0, -1.0]) {
            let shoulder = held(
                neck - chest_way * (0.03 * tall) + side * (out * 0.105 * tall),
                0.06,
            );
            let elbow = sunk(shoulder + own(limb.upper, out) * (0.17 * tall), 0.05);
            let hand = sunk(elbow + own(limb.lower, out) * (0.15 * tall), 0.035);
            body.add_arm(shoulder, elbow, hand);
        }
        for (limb, out) in posture.legs.iter().zip([1.0, -1.0]) {
            let hip = held(pelvis + side * (out * 0.052 * tall), 0.1);
            let knee = held(hip + own(limb.upper, out) * (0.245 * tall), 0.065);
            let ankle = held(knee + own(limb.lower, out) * (0.235 * tall), 0.045);
            let toes = if limb.lower.z < -0.6 {
                own(v3(0.3, rest.toes_up, -0.4), out)
            } else {
                own(limb.lower, out)
            };
            let toes = held(ankle + toes * (0.1 * tall), 0.035);
            body.add_leg(hip, knee, ankle, toes);
        }
        body.add_head(neck);
        body
    }

    fn add(&mut self, from: V3, to: V3, wide: f32, thin: f32, tissue: Tissue) {
        self.parts.push(Part {
            from,
            to,
            wide,
            thin,
            tissue,
        });
    }

    fn add_trunk(&mut self, pelvis: V3, neck: V3, side: V3, held: &impl Fn(V3, f32) -> V3) {
        let (tall, girth) = (self.figure.height, self.figure.girth);
        let chest = pelvis.towards(neck, 0.66);
        for out in [1.0, -1.0] {
            let rib = held(chest + side * (out * 0.048 * tall), 0.1);
            let hip = held(pelvis + side * (out * 0.045 * tall), 0.1);
            let shoulder = held(
                neck.towards(chest, 0.25) + side * (out * 0.085 * tall),
                0.07,
            );
            self.add(
                rib,
                hip,
                0.062 * tall * girth.sqrt(),
                0.064 * tall * girth,
                Tissue::Top,
            );
            self.add(rib, shoulder, 0.06 * tall, 0.042 * tall, Tissue::Top);
        }
        let belly = pelvis.towards(neck, 0.28);
        self.add(chest, belly, 0.066 * tall, 0.07 * tall * girth, Tissue::Top);
    }

    fn add_arm(&mut self, shoulder: V3, elbow: V3, hand: V3) {
        let (tall, thick) = (self.figure.height, self.figure.girth.sqrt());
        let wrist = elbow.towards(hand, 0.82);
        let lower = if self.figure.sleeves > 0.5 {
            Tissue::Top
        } else {
            Tissue::Skin
        };
        self.add(
            shoulder,
            elbow,
            0.032 * tall * thick,
            0.026 * tall * thick,
            Tissue::Top,
        );
        self.add(elbow, wrist, 0.025 * tall * thick, 0.018 * tall, lower);
        self.add(wrist, hand, 0.017 * tall, 0.021 * tall, Tissue::Skin);
    }

    fn add_leg(&mut self, hip: V3, knee: V3, ankle: V3, toes: V3) {
        let (tall, thick) = (self.figure.height, self.figure.girth.sqrt());
        let (upper, lower) = match self.figure.dress {
            Dress::Trousers => (Tissue::Bottom, Tissue::Bottom),
            Dress::Bare => (Tissue::Skin, Tissue::Skin),
            Dress::Gown => (Tissue::Top, Tissue::Skin),
        };
        self.add(hip, knee, 0.05 * tall * thick, 0.034 * tall * thick, upper);
        let calf = knee.towards(ankle, 0.3);
        self.add(
            knee,
            calf,
            0.032 * tall * thick,
            0.033 * tall * thick,
            lower,
        );
        self.add(calf, ankle, 0.033 * tall * thick, 0.022 * tall, lower);
        self.add(ankle, toes, 0.022 * tall, 0.018 * tall, Tissue::Skin);
        if self.figure.dress == Dress::Gown {
            let hem = knee.towards(ankle, 0.35);
            self.add(
                hip.towards(knee, 0.3),
                hem,
                0.062 * tall * thick,
                0.058 * tall,
                Tissue::Top,
            );
        }
    }

    fn add_head(&mut self, neck: V3) {
        let Self {
            head, face, crown, ..
        } = *self;
        let across = face.cross(crown);
        self.add(neck, head - crown * 0.05, 0.055, 0.052, Tissue::Skin);
        self.add(
            head + crown * 0.02 - face * 0.012,
            head - face * 0.01,
            0.09,
            0.085,
            Tissue::Skin,
        );
        self.add(
            head - crown * 0.02 + face * 0.02,
            head - crown * 0.08 + face * 0.042,
            0.07,
            0.042,
            Tissue::Skin,
        );
        let nose = head - crown * 0.005 + face * 0.088;
        self.add(
            nose,
            nose - crown * 0.03 + face * 0.018,
            0.008,
            0.014,
            Tissue::Skin,
        );
        for out in [1.0, -1.0] {
            let ear = head + across * (out * 0.088) - crown * 0.012 - face * 0.01;
            self.add(
                ear + crown * 0.015,
                ear - crown * 0.015,
                0.016,
                0.012,
                Tissue::Skin,
            );
        }
        if self.figure.worn == Hair::Bald {
            return;
        }
        let cap = head + crown * 0.035 - face * 0.028;
        self.add(
            cap,
            cap - face * 0.02 - crown * 0.02,
            0.093,
            0.094,
            Tissue::Hair,
        );
        let nape = head - crown * 0.03 - face * 0.045;
        self.add(cap, nape, 0.09, 0.075, Tissue::Hair);
        if self.figure.worn == Hair::Long {
            for out in [1.0, -1.0] {
                let from = head + across * (out * 0.06) - face * 0.035;
                let to = from - crown * 0.16 + across * (out * 0.02) - face * 0.01;
                self.add(from, to, 0.05, 0.04, Tissue::Hair);
            }
        }
    }

    /// Raises `heights` over this body, in the frame of a bed whose mattress top is `z = 0`. Limbs
    /// count as `grown` metres wider, not higher.
    pub(crate) fn raise(&self, bed: &Place, grid: &Grid, heights: &mut [f32], grown: f32) {
        /// Balls that stand in for one part: closer together than half their radius.
        const BALLS: usize = 10;
        for part in &self.parts {
            let (from, to) = (bed.point_in(part.from), bed.point_in(part.to));
            for ball in 0..=BALLS {
                let share = ball as f32 / BALLS as f32;
                let middle = from.towards(to, share);
                let radius = grown + part.wide + (part.thin - part.wide) * share;
                grid.around(middle.x, middle.y, radius, |cell, u, v| {
                    let off = (u - middle.x).powi(2) + (v - middle.y).powi(2);
                    let rise = (radius * radius - off).max(0.0).sqrt() - grown;
                    if rise > -grown {
                        heights[cell] = heights[cell].max(middle.z + rise);
                    }
                });
            }
        }
    }

    /// Middle and half size of a box around the body, in the room's frame.
    pub(crate) fn bounds(&self) -> (V3, V3) {
        let (mut low, mut high) = (self.head, self.head);
        for part in &self.parts {
            let reach = part.wide.max(part.thin) + MELT;
            for end in [part.from, part.to] {
                low = v3(
                    low.x.min(end.x - reach),
                    low.y.min(end.y - reach),
                    low.z.min(end.z - reach),
                );
                high = v3(
                    high.x.max(end.x + reach),
                    high.y.max(end.y + reach),
                    high.z.max(end.z + reach),
                );
            }
        }
        (low.towards(high, 0.5), (high - low) * 0.5)
    }

    /// Points that must be in the picture for a person to be recognised: head, pelvis and ankles.
    pub(crate) fn landmarks(&self) -> impl Iterator<Item = V3> + '_ {
        std::iter::once(self.head).chain(self.parts.iter().map(|part| part.to))
    }

    /// The nearest hit in front of `ray`.
    pub(crate) fn hit(&self, ray: &Ray) -> Option<BodyHit> {
        let mut near: [u8; 48] = [0; 48];
        let mut count = 0;
        let (mut enter, mut leave) = (f32::MAX, 0.0_f32);
        for (i, part) in (0_u8..).zip(&self.parts) {
            if let Some((from, to)) = part.near(ray) {
                near[count] = i;
                count += 1;
                enter = enter.min(from);
                leave = leave.max(to);
            }
        }
        let near = &near[..count];
        let mut distance = enter.max(1e-3);
        while distance < leave {
            let (gap, tissue) = self.gap(near, ray.at(distance));
            if gap < 0.0015 {
                let at = ray.at(distance);
                let normal = self.normal(near, at);
                return Some(self.shade(distance, at, normal, tissue));
            }
            distance += gap.max(0.002);
        }
        None
    }

    /// Distance from `p` to the surface of the parts in `near`, and the tissue of the nearest.
    fn gap(&self, near: &[u8], p: V3) -> (f32, Tissue) {
        let (mut melted, mut nearest, mut tissue) = (f32::MAX, f32::MAX, Tissue::Skin);
        for &i in near {
            let part = &self.parts[usize::from(i)];
            let gap = part.gap(p);
            if gap < nearest {
                nearest = gap;
                tissue = part.tissue;
            }
            let blend = (MELT - (melted - gap).abs()).max(0.0) / MELT;
            melted = melted.min(gap) - blend * blend * MELT * 0.25;
        }
        (melted, tissue)
    }

    fn normal(&self, near: &[u8], p: V3) -> V3 {
        const REACH: f32 = 0.004;
        let probes = [
            v3(1.0, -1.0, -1.0),
            v3(-1.0, -1.0, 1.0),
            v3(-1.0, 1.0, -1.0),
            v3(1.0, 1.0, 1.0),
        ];
        probes
            .iter()
            .fold(v3(0.0, 0.0, 0.0), |sum, &d| {
                sum + d * self.gap(near, p + d * REACH).0
            })
            .unit()
    }

    fn shade(&self, distance: f32, at: V3, normal: V3, tissue: Tissue) -> BodyHit {
        let figure = &self.figure;
        let (u, v) = (at.x + 0.5 * at.z, at.y - 0.7 * at.z);
        let (albedo, crumple) = match tissue {
            Tissue::Skin => (figure.skin * self.face_tone(at), 0.0),
            Tissue::Hair => (
                figure.hair * (0.75 + 0.5 * rough(90.0 * u, 60.0 * v, 5)),
                0.12,
            ),
            Tissue::Top => (figure.top.albedo_at(u, v), 0.5),
            Tissue::Bottom => (figure.bottom.albedo_at(u, v), 0.4),
        };
        let fold = |u: f32, v: f32| rough(13.0 * u, 11.0 * v, 77);
        let here = fold(u, v);
        let lean = v3(fold(u + 0.02, v) - here, fold(u, v + 0.02) - here, 0.0);
        BodyHit {
            distance,
            normal: (normal + lean * (2.5 * crumple)).unit(),
            albedo,
        }
    }

    /// Brightness of the face relative to other skin: eyes, brows, mouth and nostrils are darker.
    fn face_tone(&self, at: V3) -> f32 {
        let off = (at - self.head) * (1.0 / 0.09);
        let (ahead, up) = (off.dot(self.face), off.dot(self.crown));
        let across = off.dot(self.face.cross(self.crown)).abs();
        if ahead < 0.35 || off.length() > 2.0 {
            return 1.0;
        }
        let spot = |du: f32, dv: f32, wide: f32, high: f32| {
            let far = (((across - du) / wide).powi(2) + ((up - dv) / high).powi(2)).sqrt();
            1.0 - step(0.6, 1.2, far)
        };
        let eyes = 0.5 * spot(0.38, 0.08, 0.2, 0.12);
        let brows = 0.4 * spot(0.38, 0.32, 0.26, 0.07);
        let mouth = 0.5 * spot(0.0, -0.68, 0.3, 0.08);
        let nostrils = 0.35 * spot(0.1, -0.34, 0.1, 0.06);
        1.0 - eyes.max(brows).max(mouth).max(nostrils)
    }
}

impl Part {
    fn gap(&self, p: V3) -> f32 {
        let axis = self.to - self.from;
        let off = p - self.from;
        let share = (off.dot(axis) / axis.dot(axis).max(1e-9)).clamp(0.0, 1.0);
        (off - axis * share).length() - (self.wide + (self.thin - self.wide) * share)
    }

    /// Where a ray is inside a ball around this part; `None` if it passes by.
    fn near(&self, ray: &Ray) -> Option<(f32, f32)> {
        let middle = self.from.towards(self.to, 0.5);
        let radius = 0.5 * (self.to - self.from).length() + self.wide.max(self.thin) + 0.5 * MELT;
        let sight = middle - ray.from;
        let along = sight.dot(ray.along);
        let spare = radius * radius - (sight.dot(sight) - along * along);
        if spare <= 0.0 || along + radius < 0.0 {
            return None;
        }
        let half = spare.sqrt();
        Some((along - half, along + half))
    }
}
