//! A view's key, and frames sealed with it for one browser.
//!
//! As [`nattsyn_protocol::live`] lays it out: P-256 agreement of keys that live for one view,
//! HKDF-SHA-256, AES-256-GCM. The key exists in this process and in the browser that the grant
//! names. It goes with the last [`Turn`] of its view. ring does not overwrite keys in memory;
//! the process is not dumpable, and the next view has another key.

use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use nattsyn_models::Frame;
use nattsyn_protocol::assertion::{Base64, POINT_BYTES};
use nattsyn_protocol::grant::Grant;
use nattsyn_protocol::live::{
    FRAME_BYTES, LENGTH_BYTES, NUMBER_BYTES, Refusal, TAG_BYTES, frame_aad, frame_nonce, key_info,
};

use super::gate::CheckedGrant;
use super::picture::{Picture, PictureError};

/// A view that was granted, and its key.
pub struct OpenView {
    sealer: Arc<Sealer>,
    key: [u8; POINT_BYTES],
    turns: u64,
}

struct Sealer {
    key: LessSafeKey,
    body: String,
    view: Base64,
}

/// Leave to seal one frame under one number, which is never used again.
pub struct Turn {
    sealer: Arc<Sealer>,
    number: u64,
}

/// A frame that only the view's browser can open. Only a [`Turn`] makes one.
pub struct SealedFrame {
    view: Base64,
    bytes: Vec<u8>,
}

impl OpenView {
    /// Makes the view's key with the browser's. The grant is used up whatever comes of it.
    ///
    /// # Errors
    ///
    /// The browser's key is no point of the curve, or there are no random numbers.
    pub fn open(grant: CheckedGrant) -> Result<Self, Refusal> {
        let CheckedGrant { grant, body } = grant;
        let bad = |ring::error::Unspecified| Refusal::BadKey;
        let viewer: [u8; POINT_BYTES] = grant.viewer.0.try_into().ok().ok_or(Refusal::BadKey)?;
        let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(bad)?;
        let public = ours.compute_public_key().map_err(bad)?;
        let key: [u8; POINT_BYTES] = public.as_ref().try_into().ok().ok_or(Refusal::BadKey)?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, viewer);
        let salt = Salt::new(HKDF_SHA256, &Grant::digest(&body));
        let info = key_info(&key, &viewer);
        let derived = agree_ephemeral(ours, &theirs, |shared| {
            let pseudorandom = salt.extract(shared);
            let expanded = pseudorandom
                .expand(&[&info], &AES_256_GCM)
                .map(UnboundKey::from);
            expanded.map(LessSafeKey::new)
        });
        let sealer = Sealer {
            key: derived.map_err(bad)?.map_err(bad)?,
            body,
            view: grant.challenge.nonce,
        };
        Ok(Self {
            sealer: Arc::new(sealer),
            key,
            turns: 0,
        })
    }

    /// The eye's public key of this view.
    #[must_use]
    pub fn key(&self) -> Base64 {
        Base64(self.key.to_vec())
    }

    /// What names the view.
    #[must_use]
    pub fn name(&self) -> &Base64 {
        &self.sealer.view
    }

    /// The number of the frame that is next, from 1.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.turns + 1
    }

    /// Leave to seal the next frame.
    pub fn next_turn(&mut self) -> Turn {
        self.turns += 1;
        Turn {
            sealer: Arc::clone(&self.sealer),
            number: self.turns,
        }
    }
}

impl Turn {
    /// Encodes and seals a frame. The turn is used up whatever comes of it.
    ///
    /// # Errors
    ///
    /// It becomes no picture.
    pub fn seal(self, frame: &Frame) -> Result<SealedFrame, PictureError> {
        let picture = Picture::of(frame)?;
        let shown = picture.bytes();
        // In one piece and of the final size: nothing grows and leaves a copy behind.
        let mut bytes = Zeroizing::new(vec![0; FRAME_BYTES]);
        let (number, sealed) = bytes.split_at_mut(NUMBER_BYTES);
        number.copy_from_slice(&self.number.to_be_bytes());
        let (plain, tag) = sealed.split_at_mut(sealed.len() - TAG_BYTES);
        let length = u32::try_from(shown.len())
            .ok()
            .ok_or(PictureError::TooLarge)?;
        let (head, room) = plain.split_at_mut(LENGTH_BYTES);
        head.copy_from_slice(&length.to_be_bytes());
        room.get_mut(..shown.len())
            .ok_or(PictureError::TooLarge)?
            .copy_from_slice(shown);
        let made = self
            .sealer
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(frame_nonce(self.number)),
                Aad::from(frame_aad(&self.sealer.body, self.number)),
                plain,
            )
            .map_err(|ring::error::Unspecified| PictureError::TooLarge)?;
        tag.copy_from_slice(made.as_ref());
        Ok(SealedFrame {
            view: self.sealer.view.clone(),
            bytes: std::mem::take(&mut *bytes),
        })
    }
}

impl SealedFrame {
    /// Of which view it is.
    #[must_use]
    pub fn view(&self) -> &Base64 {
        &self.view
    }

    /// What goes onto the wire: [`FRAME_BYTES`], whatever it shows.
    #[must_use]
    pub fn into_wire(self) -> Base64 {
        Base64(self.bytes)
    }
}
