//! A room while somebody tries a camera out in it: what is staged, and how the camera was hung.
//!
//! Deliberately knows nothing of what is tried for, or of who judges it.

use crate::bedding::Bedding;
use crate::change::Knock;
use crate::lens::Lens;
use crate::render::Rendered;
use crate::room::{Occupant, Room};

/// How a bed is shown to a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Covers as given, and who is there.
    With(Bedding, Occupant),
    /// As somebody just left it.
    Left,
    /// A hand before the lens.
    Hand,
}

/// How the room is otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// As it is.
    AsItIs,
    /// Loose things have been moved.
    Otherwise,
    /// So, and a light is on.
    Lit,
}

/// Of which night it is when loose things have been moved, and which light is on.
const OTHERWISE: u64 = 1;

impl Room {
    /// The room as `shown`, by a camera that hangs as `knock` says and has `lens`. Another `pose`
    /// is another person, or the same otherwise.
    #[must_use]
    pub fn tried(
        &self,
        shown: Shown,
        around: Around,
        (knock, lens): (&Knock, Lens),
        pose: u64,
    ) -> Rendered {
        let room = match around {
            Around::AsItIs => self.clone(),
            Around::Otherwise => self.on_night(OTHERWISE),
            Around::Lit => self.on_night(OTHERWISE).with_a_light_on(OTHERWISE),
        };
        let room = room.knocked(knock);
        match shown {
            Shown::With(bedding, occupant) => {
                room.with_bedding(bedding).render(occupant, pose, lens)
            }
            Shown::Left => room.render_left(pose, lens),
            Shown::Hand => room.render(Occupant::Nobody, pose, Lens::Covered),
        }
    }
}
