//! A session's token: what the browser brings, and what the hub keeps of it.
//!
//! The token is 256 random bits and is on the hub only while it is being checked; the hub keeps
//! its SHA-256. A fast hash is enough here: there is nothing to guess at.

use std::fmt;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// How long a sign-in lasts at most. A night shift is 9 to 10 hours, and a handover at each end
/// fits; less than a day, so that a phone in the staff room is not still signed in when the next
/// night begins.
pub const SHIFT: Duration = Duration::from_secs(12 * 3600);

const TOKEN_BYTES: usize = 32;

/// What opens the door. Printed as redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; TOKEN_BYTES]);

/// What is kept of a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Token {
    /// Draws a token.
    ///
    /// # Errors
    ///
    /// The operating system gives no random bytes.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads 64 hexadecimal digits; `None` if they are none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() != 2 * TOKEN_BYTES {
            return None;
        }
        let mut bytes = [0; TOKEN_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let pair: [u8; 2] = pair.try_into().ok()?;
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits, for the browser.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is kept of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.0).into())
    }
}

impl Fingerprint {
    /// That of a text that is no token: an id that nobody has.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// One that was kept.
    #[must_use]
    pub fn kept(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As it is kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(<redacted>)")
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_anything_else_is_none() {
        let token = Token::draw().unwrap();
        assert_eq!(Token::read(&token.reveal()), Some(token.clone()));
        assert_ne!(Token::draw().unwrap(), token);
        let long = "0".repeat(65);
        let upper = "AB".repeat(32);
        let wide = "å".repeat(32);
        for text in ["", "00", long.as_str(), upper.as_str(), wide.as_str()] {
            assert_eq!(Token::read(text), None, "{text}");
        }
        assert_eq!(format!("{token:?}"), "Token(<redacted>)");
    }
}
