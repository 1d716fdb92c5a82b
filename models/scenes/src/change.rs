//! What can change in a home between two looks: the night, the linen, a light, curtains, and how
//! the camera hangs.
//!
//! Everything else stays, so that whoever compares two pictures knows what the difference is.
//! Deliberately not here: a bed that was pushed elsewhere, which is another room.

use crate::bedding::Covers;
use crate::dice::{Dice, mix};
use crate::room::{Glow, Room};
use crate::shape::Shape;
use crate::vector::{V3, v3};

/// How a camera hangs otherwise than it did: as it sees itself, angles in degrees, lengths in
/// metres. [`Knock::NONE`] is no change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knock {
    /// Turned to its right.
    pub turn_deg: f32,
    /// Tilted down.
    pub tilt_deg: f32,
    /// Rolled clockwise.
    pub roll_deg: f32,
    /// Shifted to its right.
    pub right_m: f32,
    /// Lowered towards the floor.
    pub lower_m: f32,
    /// How much wider it sees: 1 is as before.
    pub wider: f32,
}

impl Knock {
    /// The camera hangs as it did.
    pub const NONE: Self = Self {
        turn_deg: 0.0,
        tilt_deg: 0.0,
        roll_deg: 0.0,
        right_m: 0.0,
        lower_m: 0.0,
        wider: 1.0,
    };
}

impl Room {
    /// The same room on another night as [`Room::redrawn`] draws it, but the camera and its lamp
    /// hang exactly as they did.
    #[must_use]
    pub fn on_night(&self, night: u64) -> Self {
        let mut room = self.rearranged(&Dice::new(self.seed ^ mix(night)).fork("another night"));
        room.camera = self.camera;
        room.lamp = self.lamp;
        room
    }

    /// The same room and everything in it, seen by a camera that was knocked. The camera stays
    /// inside the room; its lamp goes with it.
    #[must_use]
    pub fn knocked(mut self, knock: &Knock) -> Self {
        /// Nearer to a wall the lens has no room, in metres.
        const SPARE: f32 = 0.04;
        let lamp = self.lamp.at - self.camera.at;
        let mut camera = self.camera.knocked(knock);
        let within = |x: f32, size: f32| x.clamp(SPARE, size - SPARE);
        camera.at = v3(
            within(camera.at.x, self.size.x),
            within(camera.at.y, self.size.y),
            within(camera.at.z, self.size.z),
        );
        self.camera = camera;
        self.lamp.at = camera.at + lamp;
        self
    }

    /// The same room with other linen on the bed, drawn by `linen`.
    #[must_use]
    pub fn with_other_linen(mut self, linen: u64) -> Self {
        let dice = Dice::new(self.seed ^ mix(linen)).fork("other linen");
        let bed = &self.bed;
        self.covers = Covers::draw(&mut dice.fork("covers"), &mut dice.fork("lie"), bed);
        self
    }

    /// The same room with a light on that the infrared camera sees too, drawn by `light`: on the
    /// ceiling or as high as a bedside lamp. What stands before it throws shadows; people and
    /// covers throw none.
    #[must_use]
    pub fn with_a_light_on(mut self, light: u64) -> Self {
        let mut dice = Dice::new(self.seed ^ mix(light)).fork("a light on");
        let (middle, spare) = (self.size * 0.5, 0.4);
        let at = if dice.chance(0.5) {
            v3(
                middle.x + dice.around(0.3),
                middle.y + dice.around(0.3),
                self.size.z - 0.25,
            )
        } else {
            v3(
                dice.between(spare, self.size.x - spare),
                dice.between(spare, self.size.y - spare),
                dice.between(0.8, 1.3),
            )
        };
        // From a tenth of what the camera's own lamp gives at two metres to twice that.
        let power = dice.between(0.1, 2.0);
        self.glow = Some(Glow { at, power });
        self
    }

    /// The same room with its curtains drawn to `share` of their window: 0 open, 1 shut.
    #[must_use]
    pub fn with_curtains(mut self, share: f32) -> Self {
        // Curtains come in pairs, the left one first; their outer edges stay.
        let mut side = -1.0;
        for solid in &mut self.solids {
            let Shape::Curtain { half, fold } = &solid.shape else {
                continue;
            };
            let (half, fold) = (*half, *fold);
            let wide = 0.5 * share.clamp(0.1, 1.0) * CURTAIN;
            solid.place = solid.place.moved(v3(side * (half.x - wide), 0.0, 0.0));
            solid.shape = Shape::Curtain {
                half: V3 { x: wide, ..half },
                fold,
            };
            side = -side;
        }
        self
    }
}

/// Half of a middling window, in metres: as much as one curtain covers when it is shut.
const CURTAIN: f32 = 0.5;
