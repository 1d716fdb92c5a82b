//! A PIN: drawn by the hub, shown once, kept as a hash.
//!
//! Nobody chooses a PIN, so none is a birthday. Six digits are few: what keeps them from being
//! guessed through the page is the pause ([`super::patience`]). Whoever has the ledger's file can
//! try them all; the hash only makes that slow, about a day a PIN on one core of a small machine.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

/// How many PINs there are: six digits, what people carry in their heads from bank cards' four
/// and phones' six.
const PINS: u32 = 1_000_000;

/// Memory of one hash in KiB. With [`PASSES`], the first of the settings that OWASP's "Password
/// Storage Cheat Sheet" asks of Argon2id at least; two at once are 38 MiB of a small hub's memory.
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over that memory; see [`MEMORY_KIB`].
const PASSES: u32 = 2;

/// Salt in bytes: what RFC 9106 (3.1) recommends for hashing passwords.
const SALT_BYTES: usize = 16;

/// A PIN as somebody types it. Printed as redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

/// What is kept of a PIN: argon2id in PHC form. Printed as redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct PinHash(String);

/// Why a PIN cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The operating system gives no random bytes.
    #[error("drawing a PIN")]
    Random(#[source] getrandom::Error),
    /// It cannot be hashed, such as for want of memory.
    #[error("hashing a PIN")]
    Hash(#[source] argon2::password_hash::Error),
}

/// Whether a PIN is somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is theirs.
    Right,
    /// It is not, or what is kept of theirs cannot be read.
    Wrong,
}

impl Pin {
    /// Draws a PIN; every one is as likely.
    ///
    /// # Errors
    ///
    /// The operating system gives no random bytes.
    pub fn draw() -> Result<Self, PinError> {
        // A remainder would favour low PINs by the part of a round above this, so that is thrown
        // away.
        const WHOLE_ROUNDS: u32 = u32::MAX - u32::MAX % PINS;
        loop {
            let drawn = getrandom::u32().map_err(PinError::Random)?;
            if drawn < WHOLE_ROUNDS {
                return Ok(Self(format!("{:06}", drawn % PINS)));
            }
        }
    }

    /// A PIN as typed, blanks left out.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(text.chars().filter(|c| !c.is_whitespace()).collect())
    }

    /// The digits, for the one time that they are shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be kept of it, with a salt of its own. Takes about a tenth of a second.
    ///
    /// # Errors
    ///
    /// There are no random bytes, or too little memory.
    pub fn hash(&self) -> Result<PinHash, PinError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(PinError::Random)?;
        let hash = hasher().hash_password_with_salt(self.0.as_bytes(), &salt);
        let hash: PasswordHash = hash.map_err(PinError::Hash)?;
        Ok(PinHash(hash.to_string()))
    }
}

impl PinHash {
    /// As it was kept.
    #[must_use]
    pub fn kept(text: String) -> Self {
        Self(text)
    }

    /// As it is to be kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a PIN is the one this was made from. Takes as long whichever it is.
    #[must_use]
    pub fn verify(&self, pin: &Pin) -> Verdict {
        let verified = PasswordHash::new(&self.0)
            .map(|hash| hasher().verify_password(pin.0.as_bytes(), &hash));
        match verified {
            Ok(Ok(())) => Verdict::Right,
            Ok(Err(_)) | Err(_) => Verdict::Wrong,
        }
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .expect("19 MiB, two passes and one lane are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(<redacted>)")
    }
}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinHash(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_pin_is_six_digits_and_only_it_is_right() {
        let pin = Pin::draw().unwrap();
        assert_eq!(pin.reveal().len(), 6);
        assert!(pin.reveal().bytes().all(|byte| byte.is_ascii_digit()));
        let hash = pin.hash().unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(!hash.as_str().contains(pin.reveal()));
        let read = PinHash::kept(hash.as_str().to_owned());
        assert_eq!(read.verify(&pin), Verdict::Right);
        let spaced = format!(" {} {}", &pin.reveal()[..3], &pin.reveal()[3..]);
        assert_eq!(read.verify(&Pin::typed(&spaced)), Verdict::Right);
        assert_eq!(read.verify(&Pin::typed("12345")), Verdict::Wrong);
        assert_eq!(read.verify(&Pin::typed("")), Verdict::Wrong);
        assert_ne!(hash, pin.hash().unwrap(), "each has a salt of its own");
    }

    #[test]
    fn a_kept_hash_that_cannot_be_read_opens_for_nobody() {
        for kept in [
            "",
            "123456",
            "$argon2id$",
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ",
        ] {
            let hash = PinHash::kept(kept.to_owned());
            assert_eq!(hash.verify(&Pin::typed("123456")), Verdict::Wrong, "{kept}");
        }
    }

    #[test]
    fn drawn_pins_begin_with_every_digit_alike() {
        let mut first = [0_u32; 10];
        for _ in 0..10_000 {
            let pin = Pin::draw().unwrap();
            first[usize::from(pin.reveal().as_bytes()[0] - b'0')] += 1;
        }
        // 1,000 each; seven standard deviations (30 each) are never met by chance.
        assert!(first.iter().all(|&n| (790..1210).contains(&n)), "{first:?}");
    }

    #[test]
    fn a_pin_and_its_hash_print_as_redacted() {
        let pin = Pin::typed("482915");
        let hash = pin.hash().unwrap();
        assert_eq!(
            format!("{pin:?} {hash:?}"),
            "Pin(<redacted>) PinHash(<redacted>)"
        );
    }
}
