//! What is kept of the home's own empty bed: features, never a picture.
//!
//! A [`Reference`] is made while commissioning, by [`Model::reference`], from frames of the room
//! with its bed empty; with it the model tells the room's own shapes from a person
//! ([`Model::sight`]). It belongs to one pair of networks: [`Model::read_reference`] refuses
//! another's. Whether the bed was empty and whether the camera still hangs as it did is for
//! whoever commissions, and for the unit, to know; where it is kept, and sealed, is not decided
//! here.
//!
//! 18 values for each of 32 x 40 cells: nothing here can turn them back into a picture, but
//! shapes of a room could be guessed from them, so they are treated as one: not cloned, not
//! printed, overwritten when dropped.
//!
//! [`Model::reference`]: crate::Model::reference
//! [`Model::read_reference`]: crate::Model::read_reference
//! [`Model::sight`]: crate::Model::sight

use thiserror::Error;
use zeroize::Zeroizing;

use crate::health::Health;
use crate::model::{MAP_HEIGHT, MAP_WIDTH, ModelError};

/// Channels that are kept of each cell; `training/compare.py` keeps the same number.
pub(crate) const CHANNELS: usize = 18;

/// Values that are kept of a room.
pub(crate) const VALUES: usize = CHANNELS * MAP_HEIGHT * MAP_WIDTH;

/// Steps from 0 to 1, as training rounds them: what eight bits with a sign hold.
const STEPS: f32 = 127.0;

/// What the bytes begin with.
const MARK: &[u8; 4] = b"NSEB";

/// Version of the bytes' form, not of the networks.
const VERSION: u8 = 1;

/// Bytes of a checksum.
const CHECKSUM: usize = 32;

/// Bytes before the values: mark, version, checksum.
const HEAD: usize = MARK.len() + 1 + CHECKSUM;

/// Bytes of a whole reference.
const LENGTH: usize = HEAD + VALUES;

/// What is kept of a room with its bed empty, for the networks of this build.
pub struct Reference {
    /// From -127 to 127, channel by channel, rows from the top.
    kept: Zeroizing<Vec<i8>>,
    /// Which networks' features these are.
    networks: [u8; CHECKSUM],
}

/// Why there is no reference.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// No frame was given.
    #[error("making a reference of no frames")]
    NoFrames,
    /// A frame is not fit to judge by, so it shows no bed either.
    #[error("frame {frame} of the empty bed is not fit to keep: {health:?}")]
    Unfit {
        /// Which frame, from 0.
        frame: usize,
        /// What is wrong with it; never [`Health::Ok`].
        health: Health,
    },
    /// The model failed on a frame.
    #[error("looking at the empty bed")]
    Look(#[from] ModelError),
    /// The bytes are not as many as a reference has.
    #[error("reference has {found} bytes; it needs {LENGTH}")]
    Length {
        /// Bytes that came.
        found: usize,
    },
    /// The bytes are of something else.
    #[error("bytes are no reference of an empty bed")]
    Mark,
    /// The bytes have another form than this build reads.
    #[error("reference has form {found}; this build reads form {VERSION}")]
    Version {
        /// The form's number.
        found: u8,
    },
    /// The features are another network's; the bed has to be shown to this one.
    #[error("reference was made with another network; it has to be made again")]
    OtherNetwork,
    /// A value that no reference of ours holds.
    #[error("reference holds -128 at value {at}; values are from -127 to 127")]
    Value {
        /// Which value, from 0.
        at: usize,
    },
}

impl Reference {
    /// Rounds values from -1 to 1, [`VALUES`] of them.
    pub(crate) fn round(values: &[f32], networks: [u8; CHECKSUM]) -> Self {
        let kept = Zeroizing::new(values.iter().copied().map(step).collect());
        Self { kept, networks }
    }

    /// The values, from -1 to 1.
    pub(crate) fn values(&self) -> Zeroizing<Vec<f32>> {
        Zeroizing::new(self.kept.iter().map(|v| f32::from(*v) / STEPS).collect())
    }

    /// The bytes to keep: some 23 kB. They are as private as the room.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
        bytes.extend_from_slice(MARK);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.networks);
        bytes.extend(self.kept.iter().map(|value| value.cast_unsigned()));
        bytes
    }

    /// Reads bytes that [`Reference::to_bytes`] made with the same networks.
    pub(crate) fn from_bytes(
        bytes: &[u8],
        networks: [u8; CHECKSUM],
    ) -> Result<Self, ReferenceError> {
        let form = bytes.strip_prefix(MARK).ok_or(ReferenceError::Mark)?;
        match form.first() {
            Some(&VERSION) => {}
            Some(&found) => return Err(ReferenceError::Version { found }),
            None => return Err(ReferenceError::Length { found: bytes.len() }),
        }
        if bytes.len() != LENGTH {
            return Err(ReferenceError::Length { found: bytes.len() });
        }
        let (head, values) = bytes.split_at(HEAD);
        if !head.ends_with(&networks) {
            return Err(ReferenceError::OtherNetwork);
        }
        let kept = Zeroizing::new(values.iter().map(|v| v.cast_signed()).collect::<Vec<_>>());
        if let Some(at) = kept.iter().position(|value| *value == i8::MIN) {
            return Err(ReferenceError::Value { at });
        }
        Ok(Self { kept, networks })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "from -127 to 127")]
fn step(value: f32) -> i8 {
    (value.clamp(-1.0, 1.0) * STEPS).round() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [u8; CHECKSUM] = [7; CHECKSUM];

    fn reference() -> Reference {
        let values: Vec<f32> = (0..VALUES).map(|i| (i % 41) as f32 / 20.0 - 1.0).collect();
        Reference::round(&values, OURS)
    }

    #[test]
    fn what_is_kept_comes_back() {
        let kept = reference();
        let again = Reference::from_bytes(&kept.to_bytes(), OURS).unwrap();
        assert_eq!(*kept.values(), *again.values());
        assert!((kept.values()[3] - (3.0 / 20.0 - 1.0)).abs() < 0.5 / STEPS + 1e-6);
    }

    #[test]
    fn another_networks_reference_is_refused() {
        let refused = Reference::from_bytes(&reference().to_bytes(), [8; CHECKSUM]);
        assert!(matches!(refused, Err(ReferenceError::OtherNetwork)));
    }

    #[test]
    fn bytes_that_are_no_reference_are_refused_by_name() {
        let whole = reference().to_bytes().to_vec();
        let read = |bytes: &[u8]| Reference::from_bytes(bytes, OURS).err().unwrap();
        assert!(matches!(read(b""), ReferenceError::Mark));
        assert!(matches!(read(b"NSEB"), ReferenceError::Length { found: 4 }));
        for length in [5, HEAD, LENGTH - 1] {
            let short = read(&whole[..length]);
            assert!(matches!(short, ReferenceError::Length { found } if found == length));
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(matches!(read(&longer), ReferenceError::Length { .. }));
        let mut newer = whole.clone();
        newer[MARK.len()] = 2;
        assert!(matches!(read(&newer), ReferenceError::Version { found: 2 }));
        let mut broken = whole;
        broken[HEAD + 5] = 0x80;
        assert!(matches!(read(&broken), ReferenceError::Value { at: 5 }));
    }

    #[test]
    fn values_beyond_the_range_are_kept_at_its_end() {
        let kept = Reference::round(&[9.0, -9.0], OURS);
        assert_eq!(*kept.kept, [127, -127]);
    }
}
