//! A person as rays and bedding meet them: one soft surface with skin, hair and clothes.
//!
//! Deliberately knows nothing of postures: [`crate::anatomy`] builds the parts.

use crate::anatomy::{self, Built, Facing, Posture, Rest};
use crate::clothes::Cloth;
use crate::fabric::Grid;
use crate::figure::Figure;
use crate::flesh::{Member, Part, Tissue, melted, through_ball};
use crate::hair::Skull;
use crate::head;
use crate::noise::smooth;
use crate::vector::{Place, Ray, V3, v3};

/// A person in a posture.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    figure: Figure,
    /// Parts of one member stand together.
    parts: Vec<Part>,
    members: Vec<Reach>,
    skull: Skull,
    joints: Vec<V3>,
    spine: V3,
    side: V3,
}

/// A ball around parts `from..to`.
#[derive(Clone, Copy, Debug)]
struct Reach {
    from: u8,
    to: u8,
    ball: (V3, f32),
}

/// A hit on a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyHit {
    pub(crate) distance: f32,
    pub(crate) normal: V3,
    pub(crate) albedo: f32,
}

/// How far apart two members still round off where they meet, in metres.
const CREASE: f32 = 0.01;

/// How deep hollows look for what darkens them, in metres.
const HOLLOW: f32 = 0.04;

/// Parts that can be near one ray; a body has about 90.
const MOST: usize = 160;

impl Body {
    /// Puts `figure` with its pelvis at `pelvis`.
    pub(crate) fn pose(
        figure: &Figure,
        pelvis: V3,
        facing: Facing,
        posture: &Posture,
        rest: Rest<'_>,
    ) -> Self {
        let Built {
            mut parts,
            skull,
            joints,
        } = anatomy::build(figure, pelvis, facing, posture, rest);
        parts.truncate(MOST);
        let mut members: Vec<Reach> = Vec::with_capacity(8);
        let mut before: Option<Member> = None;
        for (i, part) in (0_u8..).zip(&parts) {
            let (middle, radius) = part.ball();
            match members.last_mut() {
                Some(reach) if before == Some(part.member) => {
                    reach.to = i + 1;
                    reach.ball = around(reach.ball, (middle, radius));
                }
                _ => members.push(Reach {
                    from: i,
                    to: i + 1,
                    ball: (middle, radius),
                }),
            }
            before = Some(part.member);
        }
        Self {
            figure: figure.clone(),
            parts,
            members,
            skull,
            joints,
            spine: facing.spine,
            side: facing.front.cross(facing.spine),
        }
    }

    /// Middle of the head.
    pub(crate) fn head(&self) -> V3 {
        self.skull.middle
    }

    /// Raises `heights` over this body, in the frame of a bed whose mattress top is `z = 0`. Limbs
    /// count as `grown` metres wider, not higher.
    pub(crate) fn raise(&self, bed: &Place, grid: &Grid, heights: &mut [f32], grown: f32) {
        /// Balls that stand in for one part: closer together than half their radius.
        const BALLS: usize = 8;
        for part in &self.parts {
            let (from, to) = (bed.point_in(part.from), bed.point_in(part.to));
            let upright = part.upright();
            for ball in 0..=BALLS {
                let share = ball as f32 / BALLS as f32;
                let middle = from.towards(to, share);
                let radius = grown + part.wide + (part.thin - part.wide) * share;
                grid.around(middle.x, middle.y, radius, |cell, u, v| {
                    let off = (u - middle.x).powi(2) + (v - middle.y).powi(2);
                    let rise = ((radius * radius - off).max(0.0).sqrt() - grown) * upright;
                    if rise > -grown {
                        heights[cell] = heights[cell].max(middle.z + rise);
                    }
                });
            }
        }
    }

    /// Middle and half size of a box around the body, in the room's frame.
    pub(crate) fn bounds(&self) -> (V3, V3) {
        let (mut low, mut high) = (self.skull.middle, self.skull.middle);
        for part in &self.parts {
            let reach = part.reach() + part.member.melt();
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

    /// Points that must be in the picture for a person to be recognised: head, trunk and limbs.
    pub(crate) fn landmarks(&self) -> impl Iterator<Item = V3> + '_ {
        std::iter::once(self.skull.middle).chain(self.joints.iter().copied())
    }

    /// The nearest hit in front of `ray`.
    pub(crate) fn hit(&self, ray: &Ray) -> Option<BodyHit> {
        /// Nearer than this to the surface, in metres, is on it.
        const TOUCH: f32 = 0.0012;
        let mut near = [0_u8; MOST];
        let mut count = 0;
        let (mut enter, mut leave) = (f32::MAX, 0.0_f32);
        for reach in &self.members {
            let ball = (reach.ball.0, reach.ball.1 + CREASE);
            if through_ball(ray, ball).is_none() {
                continue;
            }
            for i in reach.from..reach.to {
                let part = &self.parts[usize::from(i)];
                let (middle, radius) = part.ball();
                let spare = 0.5 * part.member.melt() + 0.012;
                if let Some((from, to)) = through_ball(ray, (middle, radius + spare)) {
                    near[count] = i;
                    count += 1;
                    enter = enter.min(from);
                    leave = leave.max(to);
                }
            }
        }
        let near = &near[..count];
        let mut distance = enter.max(1e-3);
        while distance < leave {
            let at = ray.at(distance);
            let (gap, part) = self.gap(near, at);
            if gap < TOUCH {
                let normal = self.normal(near, at);
                return Some(self.shade(near, distance, at, normal, part));
            }
            distance += gap.max(0.002);
        }
        None
    }

    /// Distance from `p` to the surface of the parts in `near`, and the nearest part.
    fn gap(&self, near: &[u8], p: V3) -> (f32, u8) {
        let (mut whole, mut member, mut nearest) = (f32::MAX, f32::MAX, (f32::MAX, 0));
        let mut before = None;
        for &i in near {
            let part = &self.parts[usize::from(i)];
            if before != Some(part.member) {
                whole = melted(whole, member, CREASE);
                member = f32::MAX;
                before = Some(part.member);
            }
            let mut gap = part.gap(p);
            if part.tissue == Tissue::Hair && gap < 0.05 {
                gap += self.figure.hair.ragged(p);
            }
            if gap < nearest.0 {
                nearest = (gap, i);
            }
            member = melted(member, gap, part.member.melt());
        }
        (melted(whole, member, CREASE), nearest.1)
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

    fn shade(&self, near: &[u8], distance: f32, at: V3, normal: V3, part: u8) -> BodyHit {
        let figure = &self.figure;
        let part = &self.parts[usize::from(part)];
        let (off, clothes) = (at - self.skull.middle, &figure.clothes);
        let (albedo, normal) = match part.tissue {
            Tissue::Skin => {
                let mottled = smooth(24.0 * (at.x + at.z), 24.0 * (at.y - at.z), 5);
                (figure.skin * (0.95 + 0.1 * mottled), normal)
            }
            Tissue::Face => (head::skin_tone(figure, &self.skull, off), normal),
            Tissue::Hair => (figure.hair.albedo_at(&self.skull, off, figure.skin), normal),
            Tissue::Top => self.worn(&clothes.top, part, at, normal),
            Tissue::Bottom => self.worn(&clothes.bottom, part, at, normal),
            Tissue::Socks => self.worn(
                clothes.socks.as_ref().unwrap_or(&clothes.top),
                part,
                at,
                normal,
            ),
        };
        // Under a chin, between arm and trunk and along legs little light finds its way out.
        let clear = self.gap(near, at + normal * HOLLOW).0 / HOLLOW;
        BodyHit {
            distance,
            normal,
            albedo: albedo * (0.45 + 0.55 * clear.clamp(0.0, 1.0)),
        }
    }

    /// Tone and leaning normal of `cloth` on `part`: its print runs along a limb or the spine.
    fn worn(&self, cloth: &Cloth, part: &Part, at: V3, normal: V3) -> (f32, V3) {
        /// Folds are leant by their height over this distance, in metres.
        const LEAN: f32 = 0.012;
        let (along, across) = match part.member {
            Member::Trunk | Member::Skirt | Member::Head | Member::Hair => (self.spine, self.side),
            Member::Arm(_) | Member::Leg(_) => {
                let along = (part.to - part.from).unit();
                (
                    along,
                    along
                        .cross(self.spine.cross(self.side) + self.spine * 0.3)
                        .unit(),
                )
            }
        };
        let (u, v) = (at.dot(across), at.dot(along));
        let here = cloth.fold(u, v);
        let lean = across * ((cloth.fold(u + LEAN, v) - here) / LEAN)
            + along * ((cloth.fold(u, v + LEAN) - here) / LEAN);
        // 0.014 m is the highest a fold stands; hollows between folds are a little darker.
        let albedo = cloth.albedo_at(u, v) * (0.8 + 0.2 * (here / 0.014).min(1.0));
        (albedo, (normal - lean).unit())
    }
}

/// The smallest ball around two.
fn around(one: (V3, f32), other: (V3, f32)) -> (V3, f32) {
    let apart = other.0 - one.0;
    let length = apart.length();
    if length + other.1 <= one.1 {
        return one;
    }
    if length + one.1 <= other.1 {
        return other;
    }
    let radius = 0.5 * (length + one.1 + other.1);
    (one.0 + apart.unit() * (radius - one.1), radius)
}
