//! Builds a body: joints from a posture, and flesh and garments around them.
//!
//! Limbs that rest sink until they touch the ground or another part of the body; held ones stay
//! where the posture puts them. Deliberately no muscles and no fingers but two pairs and a thumb.
//! Lengths as shares of the body's height are from Drillis and Contini (1966), rounded; widths were
//! set by eye.

use crate::clothes::Torso;
use crate::figure::{Figure, Sex};
use crate::flesh::{Member, Part, Tissue, melted};
use crate::hair::Skull;
use crate::head::{self, HEAD_RADIUS};
use crate::vector::{UP, V3, v3};

/// Which way a body is turned; two directions of length one, square to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facing {
    /// From pelvis to neck.
    pub(crate) spine: V3,
    /// Where the chest points.
    pub(crate) front: V3,
}

/// Whether a limb is held by its muscles or lies where it falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Held,
    Rests,
}

/// A limb in the body's own directions (outwards, to the front, towards the head); they need not
/// be unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limb {
    pub(crate) upper: V3,
    pub(crate) lower: V3,
    /// Where hand or foot points.
    pub(crate) end: V3,
    pub(crate) hold: Hold,
}

/// A posture in the body's own directions. Of two limbs the first is the one nearer the ground.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posture {
    pub(crate) arms: [Limb; 2],
    pub(crate) legs: [Limb; 2],
    /// How far the upper trunk bends forward, 0 straight to 1 hunched, and sideways.
    pub(crate) bend: f32,
    pub(crate) sway: f32,
    /// Where the head points from the neck, and where the face looks.
    pub(crate) head: V3,
    pub(crate) face: V3,
}

/// What a body rests on: nothing of it is far below, and what rests sinks down to it.
#[derive(Clone, Copy)]
pub(crate) struct Rest<'a> {
    /// Height at a point of the room's floor plan.
    pub(crate) ground: &'a dyn Fn(f32, f32) -> f32,
    /// How hair falls: over the ground on somebody lying, straight down otherwise.
    pub(crate) hair: Hold,
}

/// A body's parts and joints, not yet ready for rays.
pub(crate) struct Built {
    pub(crate) parts: Vec<Part>,
    pub(crate) skull: Skull,
    /// Pelvis, neck, elbows, hands, knees and ankles.
    pub(crate) joints: Vec<V3>,
}

struct Builder<'a> {
    figure: &'a Figure,
    posture: &'a Posture,
    rest: Rest<'a>,
    spine: V3,
    front: V3,
    side: V3,
    pelvis: V3,
    chest: V3,
    neck: V3,
    parts: Vec<Part>,
    joints: Vec<V3>,
}

/// Puts `figure` with its pelvis at `pelvis`.
pub(crate) fn build(
    figure: &Figure,
    pelvis: V3,
    facing: Facing,
    posture: &Posture,
    rest: Rest<'_>,
) -> Built {
    let Facing { spine, front } = facing;
    let side = front.cross(spine);
    let tall = figure.height;
    let bend = posture.bend + 0.35 * figure.stoop;
    let chest_way = (spine + front * (0.5 * bend) + side * posture.sway).unit();
    let neck_way = (spine + front * (1.3 * bend) + side * (1.6 * posture.sway)).unit();
    let mut builder = Builder {
        figure,
        posture,
        rest,
        spine,
        front,
        side,
        pelvis,
        chest: pelvis,
        neck: pelvis,
        parts: Vec::with_capacity(96),
        joints: Vec::with_capacity(16),
    };
    let waist = pelvis + spine * (0.085 * tall);
    builder.chest = builder.above(waist + chest_way * (0.1 * tall), 0.09);
    builder.neck = builder.above(builder.chest + neck_way * (0.105 * tall), 0.07);
    builder.joints.extend([builder.pelvis, builder.neck]);
    builder.add_trunk(chest_way);
    let skull = builder.add_head();
    let near = if side.z < 0.0 {
        [1.0, -1.0]
    } else {
        [-1.0, 1.0]
    };
    for (i, (limb, out)) in (0_u8..).zip(posture.legs.iter().zip(near)) {
        builder.add_leg(i, limb, out);
    }
    builder.add_skirt();
    for (i, (limb, out)) in (0_u8..).zip(posture.arms.iter().zip(near)) {
        builder.add_arm(i, limb, out, chest_way);
    }
    let ground = match rest.hair {
        Hold::Held => None,
        Hold::Rests => Some(rest.ground),
    };
    builder.parts.extend(figure.hair.grow(&skull, ground));
    Built {
        parts: builder.parts,
        skull,
        joints: builder.joints,
    }
}

impl Builder<'_> {
    fn own(&self, d: V3, out: f32) -> V3 {
        (self.side * (d.x * out) + self.front * d.y + self.spine * d.z).unit()
    }

    fn above(&self, p: V3, radius: f32) -> V3 {
        v3(p.x, p.y, p.z.max((self.rest.ground)(p.x, p.y) + radius))
    }

    /// Where the end of a bone from `joint` to `p` comes to lie: it falls until `radius` of it
    /// touches something, or is pushed out of what it is in. The bone keeps its length.
    fn settled(&self, joint: V3, p: V3, radius: f32, hold: Hold) -> V3 {
        /// How far one try moves, in metres, and how many are made.
        const STEP: f32 = 0.02;
        const TRIES: usize = 16;
        let mut p = self.above(p, radius);
        if hold == Hold::Held {
            return p;
        }
        let length = (p - joint).length();
        let touches = |p: V3| self.parts.iter().any(|part| part.gap(p) < 0.8 * radius);
        if touches(p) {
            for _ in 0..TRIES {
                p = v3(p.x, p.y, p.z + STEP);
                if !touches(p) {
                    break;
                }
            }
        } else {
            for _ in 0..TRIES {
                let lower = self.above(v3(p.x, p.y, p.z - STEP), radius);
                if lower.z >= p.z || touches(lower) {
                    break;
                }
                p = lower;
            }
        }
        self.above(joint + (p - joint).unit() * length, radius)
    }

    fn add(&mut self, member: Member, tissue: Tissue, from: (V3, f32), to: (V3, f32)) {
        self.parts.push(Part::new(member, tissue, from, to));
    }

    /// A piece of a limb of which garments cover the first `share`; cloth stands off the skin.
    fn add_dressed(
        &mut self,
        member: Member,
        (cloth, share): (Tissue, f32),
        from: (V3, f32),
        to: (V3, f32),
    ) {
        let loose = self.figure.clothes.loose;
        let share = share.clamp(0.0, 1.0);
        if share > 0.02 {
            let hem = (
                from.0.towards(to.0, share),
                from.1 + (to.1 - from.1) * share,
            );
            let part = Part::new(
                member,
                cloth,
                (from.0, from.1 + loose),
                (hem.0, hem.1 + loose),
            );
            // A hem is open: cloth ends with the plane across it, not with a ball.
            self.parts.push(if share < 0.98 {
                part.ended(crate::flesh::Cut {
                    at: hem.0,
                    out: (to.0 - from.0).unit(),
                })
            } else {
                part
            });
        }
        if share < 0.98 {
            self.add(member, Tissue::Skin, from, to);
        }
    }

    fn add_trunk(&mut self, chest_way: V3) {
        let figure = self.figure;
        let (tall, girth) = (figure.height, figure.girth);
        let (tissue, loose) = match figure.clothes.torso {
            Torso::Covered => (Tissue::Top, figure.clothes.loose),
            Torso::Bare => (Tissue::Skin, 0.0),
        };
        let below = if figure.clothes.skirt > 0.0 {
            Tissue::Top
        } else {
            Tissue::Bottom
        };
        for out in [1.0, -1.0] {
            self.add_half(out, chest_way, tissue, below, loose);
        }
        let (pelvis, chest) = (self.pelvis, self.chest);
        let waist = pelvis.towards(chest, 0.55);
        let round = self.front * (0.03 * tall * figure.belly);
        let thick = 0.062 * tall * girth + loose;
        self.add(
            Member::Trunk,
            tissue,
            (chest - chest_way * (0.02 * tall) + round * 0.3, thick),
            (waist + round, thick * (1.0 + 0.25 * figure.belly)),
        );
        self.add(
            Member::Trunk,
            below,
            (pelvis + round * 0.5, thick),
            (pelvis - self.spine * (0.03 * tall), 0.055 * tall * girth),
        );
    }

    /// One half of the trunk: ribs, flank, hip, the yoke of a shoulder, a breast.
    fn add_half(&mut self, out: f32, chest_way: V3, tissue: Tissue, below: Tissue, loose: f32) {
        let figure = self.figure;
        let (tall, girth) = (figure.height, figure.girth);
        let (pelvis, chest, neck, front) = (self.pelvis, self.chest, self.neck, self.front);
        let aside = self.side * (out * tall);
        let yoke = chest.towards(neck, 0.45) + aside * (0.05 * figure.shoulders);
        let upper = self.above(yoke, 0.08);
        let rib = self.above(chest + aside * 0.038 - chest_way * (0.03 * tall), 0.08);
        let hip = self.above(pelvis + aside * (0.046 * figure.hips), 0.09);
        let flank = pelvis.towards(chest, 0.55) + aside * 0.034;
        let seat = hip - front * (0.018 * tall) - self.spine * (0.02 * tall);
        let seat = self.above(seat, 0.08);
        let deep = 0.056 * tall * girth.sqrt() + loose;
        let thick = 0.057 * tall * girth + loose;
        let narrow = 0.05 * tall * girth.sqrt() + loose;
        let trunk = Member::Trunk;
        self.add(trunk, tissue, (upper, narrow), (rib, deep));
        self.add(trunk, tissue, (rib, deep), (flank, thick));
        self.add(trunk, below, (flank, thick), (hip, thick));
        self.add(trunk, below, (hip, thick), (seat, thick));
        let collar = neck - chest_way * (0.02 * tall);
        let shoulder = self.shoulder(out, chest_way);
        self.add(
            trunk,
            tissue,
            (collar, 0.032 * tall + 0.5 * loose),
            (shoulder, 0.035 * tall * girth.sqrt() + loose),
        );
        if figure.sex == Sex::Woman {
            let hang = self.above(chest + aside * 0.05 + front * (0.045 * tall), 0.03)
                - chest_way * (0.02 * tall);
            let size = 0.036 * tall * girth + loose;
            self.add(trunk, tissue, (hang, size), (hang + UP * 0.003, size));
        }
    }

    fn shoulder(&self, out: f32, chest_way: V3) -> V3 {
        let tall = self.figure.height;
        let wide = 0.104 * tall * self.figure.shoulders;
        self.above(
            self.neck - chest_way * (0.042 * tall)
                + self.side * (out * wide)
                + self.front * (0.02 * tall * self.figure.stoop),
            0.055,
        )
    }

    fn add_head(&mut self) -> Skull {
        let (figure, posture) = (self.figure, self.posture);
        let nod = self.front * (0.5 * figure.stoop);
        let crown = (self.own(posture.head, 1.0) + nod).unit();
        let face = self.own(posture.face, 1.0);
        let face = (face - crown * face.dot(crown)).unit();
        let middle = self.neck + crown * (0.1 * figure.height.max(1.5));
        let middle = self.above(middle, HEAD_RADIUS * figure.head);
        let crown = (middle - self.neck).unit();
        let face = (face - crown * face.dot(crown)).unit();
        let skull = Skull {
            middle,
            face,
            crown,
            size: figure.head,
        };
        self.parts.extend(head::head(figure, &skull, self.neck));
        skull
    }

    fn add_arm(&mut self, i: u8, limb: &Limb, out: f32, chest_way: V3) {
        let (tall, thick) = (self.figure.height, self.figure.girth.sqrt());
        let shoulder = self.shoulder(out, chest_way);
        let elbow = shoulder + self.own(limb.upper, out) * (0.172 * tall);
        let elbow = self.settled(shoulder, elbow, 0.045, limb.hold);
        let wrist = elbow + self.own(limb.lower, out) * (0.148 * tall);
        let wrist = self.settled(elbow, wrist, 0.035, limb.hold);
        let member = Member::Arm(i);
        let sleeve = 2.0 * self.figure.clothes.sleeves;
        let radius = |share: f32| share * tall * thick;
        self.add_dressed(
            member,
            (Tissue::Top, sleeve),
            (shoulder, radius(0.032)),
            (elbow, radius(0.0235)),
        );
        let bulge = elbow.towards(wrist, 0.3);
        self.add_dressed(
            member,
            (Tissue::Top, (sleeve - 1.0) / 0.3),
            (elbow, radius(0.0225)),
            (bulge, radius(0.024)),
        );
        self.add_dressed(
            member,
            (Tissue::Top, (sleeve - 1.3) / 0.7),
            (bulge, radius(0.024)),
            (wrist, 0.0165 * tall),
        );
        let way = (self.own(limb.end, out) + (wrist - elbow).unit() * 0.8).unit();
        let tip = self.settled(wrist, wrist + way * (0.1 * tall), 0.02, limb.hold);
        self.joints.extend([elbow, tip]);
        self.add_hand(member, wrist, (tip - wrist).unit(), out);
    }

    /// A palm, two pairs of fingers a little apart, and a thumb.
    fn add_hand(&mut self, member: Member, wrist: V3, way: V3, out: f32) {
        let size = self.figure.height / 1.7;
        let lying = self.rest.hair == Hold::Rests;
        let palm = if lying { UP } else { self.side };
        let palm = (palm - way * palm.dot(way)).unit();
        let across = way.cross(palm);
        let knuckles = wrist + way * (0.085 * size);
        let flat = |from: (V3, f32), to: (V3, f32), squeeze| {
            Part::new(
                member,
                Tissue::Skin,
                (from.0, from.1 * size),
                (to.0, to.1 * size),
            )
            .pressed(palm, squeeze)
        };
        self.parts
            .push(flat((wrist + way * 0.015, 0.03), (knuckles, 0.042), 1.9));
        for side in [1.0, -1.0] {
            let root = knuckles + across * (0.02 * side * size);
            let tip = root + (way + across * (0.12 * side) - palm * 0.25).unit() * (0.08 * size);
            self.parts.push(flat((root, 0.021), (tip, 0.016), 1.5));
        }
        let root = wrist + way * (0.03 * size) + across * (0.028 * out * size);
        let thumb = root + (way * 0.75 + across * (0.66 * out)).unit() * (0.055 * size);
        self.parts.push(flat((root, 0.017), (thumb, 0.011), 1.0));
    }

    fn add_leg(&mut self, i: u8, limb: &Limb, out: f32) {
        let figure = self.figure;
        let (tall, thick) = (figure.height, figure.girth.sqrt());
        let radius = |share: f32| share * tall * thick;
        let hip = self.pelvis + self.side * (out * 0.05 * tall * figure.hips);
        let hip = self.above(hip, 0.085);
        let knee = hip + self.own(limb.upper, out) * (0.243 * tall);
        let knee = self.settled(hip, knee, radius(0.034), limb.hold);
        let ankle = knee + self.own(limb.lower, out) * (0.24 * tall);
        let ankle = self.settled(knee, ankle, 0.04, limb.hold);
        let member = Member::Leg(i);
        let reach = 2.0 * figure.clothes.legs;
        let mid = hip.towards(knee, 0.5);
        let cloth = Tissue::Bottom;
        self.add_dressed(
            member,
            (cloth, reach / 0.5),
            (hip, radius(0.054)),
            (mid, radius(0.045)),
        );
        self.add_dressed(
            member,
            (cloth, (reach - 0.5) / 0.5),
            (mid, radius(0.045)),
            (knee, radius(0.033)),
        );
        let back = (knee - ankle).unit().cross(self.side).unit() * (0.006 * tall);
        let calf = knee.towards(ankle, 0.3) + back;
        self.add_dressed(
            member,
            (cloth, (reach - 1.0) / 0.3),
            (knee, radius(0.032)),
            (calf, radius(0.033)),
        );
        self.add_dressed(
            member,
            (cloth, (reach - 1.3) / 0.7),
            (calf, radius(0.033)),
            (ankle, 0.021 * tall),
        );
        self.joints.extend([knee, ankle]);
        self.add_foot(member, ankle, limb, out);
    }

    fn add_foot(&mut self, member: Member, ankle: V3, limb: &Limb, out: f32) {
        let tall = self.figure.height;
        let way = self.own(limb.end, out);
        let toes = self.settled(ankle, ankle + way * (0.095 * tall), 0.022, limb.hold);
        let way = (toes - ankle).unit();
        let tissue = if self.figure.clothes.socks.is_some() {
            Tissue::Socks
        } else {
            Tissue::Skin
        };
        let heel = self.above(ankle - way * (0.02 * tall), 0.025);
        let ball = ankle.towards(toes, 0.7);
        self.add(member, tissue, (heel, 0.02 * tall), (ball, 0.0195 * tall));
        self.add(member, tissue, (ball, 0.021 * tall), (toes, 0.0135 * tall));
        if tissue == Tissue::Socks {
            let up = ankle + (self.joints[self.joints.len() - 2] - ankle).unit() * (0.09 * tall);
            self.add(member, tissue, (ankle, 0.0235 * tall), (up, 0.026 * tall));
        }
    }

    /// A gown's or skirt's lower part, from the hips around both legs down to its hem.
    fn add_skirt(&mut self) {
        let clothes = &self.figure.clothes;
        if clothes.skirt <= 0.0 {
            return;
        }
        let (share, loose) = (2.0 * clothes.skirt, clothes.loose);
        let (tall, thick) = (self.figure.height, self.figure.girth.sqrt());
        let legs = [0, 1].map(|i| (self.joints[2 + 2 * i], self.joints[3 + 2 * i]));
        let mut inner = Vec::with_capacity(2);
        for (knee, ankle) in legs {
            let hip = self.pelvis.towards(knee, 0.12);
            let hem = if share < 1.0 {
                hip.towards(knee, share)
            } else {
                knee.towards(ankle, share - 1.0)
            };
            let wide = 0.052 * tall * thick + loose;
            let low = self.above(hem, 0.03);
            let fold = if share < 1.0 { low } else { knee };
            self.add(Member::Skirt, Tissue::Top, (hip, wide), (fold, wide));
            if share >= 1.0 {
                self.add(
                    Member::Skirt,
                    Tissue::Top,
                    (knee, wide * 0.85),
                    (low, wide * 0.8),
                );
            }
            inner.push((hip, fold));
        }
        // Cloth between the legs, as far as they are near enough for it to hang together.
        if let [one, other] = inner[..]
            && melted((one.1 - other.1).length(), 0.5, 0.1) < 0.45
        {
            let wide = 0.04 * tall * thick + loose;
            let middle = one.1.towards(other.1, 0.5);
            self.add(
                Member::Skirt,
                Tissue::Top,
                (one.0.towards(other.0, 0.5), wide),
                (self.above(middle, 0.02), wide),
            );
        }
    }
}
