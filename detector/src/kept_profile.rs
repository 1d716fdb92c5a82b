//! What commissioning leaves behind in the eye: as what it was commissioned, and the profile by
//! which it notices that it was moved.
//!
//! Kept in a slot file of its own, like the eye's memory, and nowhere else: the profile is an
//! outline of somebody's room. A file that cannot be read is as if nobody had commissioned the
//! unit, and says so; looks go on.

use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::commission::HeldCommissioned;
use serde::{Deserialize, Serialize};

use crate::profile::{Profile, ProfileError};

/// What is kept. Not printed: it is about a home.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptProfile {
    held: HeldCommissioned,
    profile: Base64,
}

impl KeptProfile {
    /// Of a unit that passed.
    #[must_use]
    pub fn new(held: HeldCommissioned, profile: &Profile) -> Self {
        Self {
            held,
            profile: Base64(profile.to_bytes()),
        }
    }

    /// One that is none, for tests of what becomes of it.
    #[cfg(test)]
    pub(crate) fn of_tests() -> Self {
        Self {
            held: HeldCommissioned {
                version: 1,
                model: "01234567".to_owned(),
                places: Vec::new(),
            },
            profile: Base64(vec![0; crate::profile::PROFILE_BYTES]),
        }
    }

    /// As what the unit was commissioned.
    #[must_use]
    pub fn held(&self) -> &HeldCommissioned {
        &self.held
    }

    /// The profile.
    ///
    /// # Errors
    ///
    /// It was made by another build, or is none.
    pub fn profile(&self) -> Result<Profile, ProfileError> {
        Profile::from_bytes(&self.profile.0)
    }
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::commission::{PlaceDigest, SLEEPERS_MAX};

    use super::*;
    use crate::memory::{EyeMemory, Found, SimulatedSlots};
    use crate::profile::PROFILE_BYTES;

    #[test]
    fn the_most_that_is_kept_fits_a_slot_and_a_profile_that_is_none_is_said() {
        let most = KeptProfile {
            held: HeldCommissioned {
                version: u32::MAX,
                model: "01234567".to_owned(),
                places: vec![PlaceDigest::of(&[]); SLEEPERS_MAX],
            },
            profile: Base64(vec![0; PROFILE_BYTES]),
        };
        let slots = SimulatedSlots::default();
        let (mut place, found) = EyeMemory::<KeptProfile>::open(Box::new(slots));
        assert!(matches!(found, Found::Nothing));
        place.write(&most).unwrap();
        assert!(matches!(most.profile(), Err(ProfileError::Version(0))));
    }
}
