//! The solid pieces a body is made of: bars that taper, flatten and may be cut off.
//!
//! Deliberately knows no anatomy: [`crate::anatomy`] and [`crate::hair`] decide where pieces go,
//! [`crate::body`] joins them and meets them with rays.

use crate::vector::{Ray, UP, V3};

/// What a piece of a body is covered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tissue {
    Skin,
    /// Skin of the head, where eyes and mouth are painted.
    Face,
    Hair,
    Top,
    Bottom,
    Socks,
}

/// Pieces that flow into each other; two members only touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Trunk,
    Head,
    Hair,
    /// An arm: 0 or 1.
    Arm(u8),
    /// A leg: 0 or 1.
    Leg(u8),
    Skirt,
}

impl Member {
    /// How far apart two pieces of this member still melt together, in metres.
    pub(crate) fn melt(self) -> f32 {
        match self {
            Self::Trunk => 0.08,
            Self::Head => 0.02,
            Self::Hair => 0.03,
            Self::Arm(_) => 0.018,
            Self::Leg(_) => 0.03,
            Self::Skirt => 0.09,
        }
    }
}

/// A plane that ends a piece: what lies beyond it along `out` is not there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) at: V3,
    pub(crate) out: V3,
}

/// A bar that tapers from `wide` at `from` to `thin` at `to`, in metres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) from: V3,
    pub(crate) to: V3,
    pub(crate) wide: f32,
    pub(crate) thin: f32,
    pub(crate) tissue: Tissue,
    pub(crate) member: Member,
    /// The direction it is pressed flat along, and how many times thinner it is that way.
    flat: V3,
    squeeze: f32,
    cut: Option<Cut>,
    /// The bar's axis in the stretched space in which it is round, and one over its square.
    axis: V3,
    inverse: f32,
}

impl Part {
    pub(crate) fn new(
        member: Member,
        tissue: Tissue,
        (from, wide): (V3, f32),
        (to, thin): (V3, f32),
    ) -> Self {
        let axis = to - from;
        Self {
            from,
            to,
            wide,
            thin,
            tissue,
            member,
            flat: UP,
            squeeze: 1.0,
            cut: None,
            axis,
            inverse: 1.0 / axis.dot(axis).max(1e-9),
        }
    }

    /// The same piece, `squeeze` (at least 1) times thinner along `flat`, which has length one.
    pub(crate) fn pressed(mut self, flat: V3, squeeze: f32) -> Self {
        self.flat = flat;
        self.squeeze = squeeze;
        self.axis = self.stretched(self.to - self.from);
        self.inverse = 1.0 / self.axis.dot(self.axis).max(1e-9);
        self
    }

    /// The same piece without what lies beyond `cut`.
    pub(crate) fn ended(mut self, cut: Cut) -> Self {
        self.cut = Some(cut);
        self
    }

    fn stretched(&self, off: V3) -> V3 {
        off + self.flat * (off.dot(self.flat) * (self.squeeze - 1.0))
    }

    /// Distance from `p` to the surface, negative inside; exact for round pieces, close for pressed
    /// ones.
    pub(crate) fn gap(&self, p: V3) -> f32 {
        let off = self.stretched(p - self.from);
        let share = (off.dot(self.axis) * self.inverse).clamp(0.0, 1.0);
        let off = off - self.axis * share;
        let length = off.length();
        let mut gap = length - (self.wide + (self.thin - self.wide) * share);
        if self.squeeze > 1.0 {
            let along = off.dot(self.flat) / length.max(1e-6);
            gap /= (1.0 + along * along * (self.squeeze * self.squeeze - 1.0)).sqrt();
        }
        self.cut
            .map_or(gap, |cut| gap.max((p - cut.at).dot(cut.out)))
    }

    /// The largest distance of its surface from its axis.
    pub(crate) fn reach(&self) -> f32 {
        self.wide.max(self.thin)
    }

    /// How high it stands over its axis, as a share of its width.
    pub(crate) fn upright(&self) -> f32 {
        1.0 - self.flat.z.abs() * (1.0 - 1.0 / self.squeeze)
    }

    /// The ball around it.
    pub(crate) fn ball(&self) -> (V3, f32) {
        let radius = 0.5 * (self.to - self.from).length() + self.reach();
        (self.from.towards(self.to, 0.5), radius)
    }
}

/// Where a ray is inside a ball; `None` if it passes by or the ball is behind it.
pub(crate) fn through_ball(ray: &Ray, (middle, radius): (V3, f32)) -> Option<(f32, f32)> {
    let sight = middle - ray.from;
    let along = sight.dot(ray.along);
    let spare = radius * radius - (sight.dot(sight) - along * along);
    if spare <= 0.0 || along + radius < 0.0 {
        return None;
    }
    let half = spare.sqrt();
    Some((along - half, along + half))
}

/// The smaller of two distances, rounded off where they are within `melt` of each other.
pub(crate) fn melted(one: f32, other: f32, melt: f32) -> f32 {
    let blend = (melt - (one - other).abs()).max(0.0) / melt;
    one.min(other) - blend * blend * melt * 0.25
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::v3;

    #[test]
    fn a_pressed_bar_is_thin_one_way_and_wide_the_other() {
        let bar = Part::new(
            Member::Arm(0),
            Tissue::Skin,
            (v3(0.0, 0.0, 0.0), 0.04),
            (v3(0.0, 0.1, 0.0), 0.04),
        )
        .pressed(UP, 2.0);
        assert!(bar.gap(v3(0.04, 0.05, 0.0)).abs() < 1e-4);
        assert!(bar.gap(v3(0.0, 0.05, 0.02)).abs() < 1e-4);
        assert!(bar.gap(v3(0.0, 0.05, 0.04)) > 0.015);
    }
}
