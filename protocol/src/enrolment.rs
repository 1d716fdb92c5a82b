//! How a unit is let in: a code that somebody scans, an application that the eye signs, and what
//! the hub answers.
//!
//! The addresses and their order are those of EST (RFC 7030), the bodies are JSON like everything
//! else that unit and hub say to each other. A [`Code`] carries the municipality's root whole, so
//! the unit knows whom it speaks with before its first byte. Keys are made on the unit; only their
//! public halves travel.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::ids::UnitId;
use crate::signing::{Document, PublicKey, Signed};
use crate::time::Timestamp;

/// Where a unit enrols for the first time: POST, an [`Enrol`], answered by an [`Admission`].
pub const ENROL: &str = "/.well-known/est/simpleenroll";

/// Where it gets its next certificate, by showing the one it has: POST, a [`Renew`], answered by a
/// [`Renewed`].
pub const RENEW: &str = "/.well-known/est/simplereenroll";

/// Where anybody may read the municipality's root certificate: GET, PEM.
pub const ROOT: &str = "/.well-known/est/cacerts";

/// Longest body in bytes, either way: a request for a certificate or a chain of two, and the rest.
pub const BODY_MAX: usize = 16 * 1024;

/// The common name of the municipality's root certificate: the same everywhere, since a root is
/// known by its key.
pub const ROOT_NAME: &str = "Nattsyn root";

/// What a code begins with: its kind and version.
const SCHEME: &str = "nattsyn1://";

/// Length of a token in bytes: nobody guesses 128 bits.
const TOKEN_LENGTH: usize = 16;

/// What makes a code worth something. Shown to nobody but whoever scans it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; TOKEN_LENGTH]);

impl Token {
    /// A token of random bytes. The caller draws them.
    #[must_use]
    pub fn from_random(bytes: [u8; TOKEN_LENGTH]) -> Self {
        Self(bytes)
    }

    /// What the hub keeps of it: SHA-256 in hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        hexadecimal(digest(&SHA256, &self.0).as_ref())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(<redacted>)")
    }
}

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// It does not begin as one.
    #[error("not a code of Nattsyn: it begins with {SCHEME}")]
    Scheme,
    /// It has not the three parts host:port, root and token.
    #[error("the code is not whole: host:port, root and token are expected, with / between")]
    Parts,
    /// Host or port cannot be used.
    #[error("the code names no host and port")]
    Place,
    /// The root is no public key.
    #[error("the code's root is no public key")]
    Root,
    /// The token is none.
    #[error("the code's token is none")]
    Token,
}

/// What a unit is given once, to be let in: where the hub is, whom to believe, and a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The name under which the hub lets units in, as in its certificate.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The municipality's root: the unit pins it.
    pub root: PublicKey,
    /// By what the hub knows the code again.
    pub token: Token,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (&self.host, self.port);
        let root = BASE64.encode(self.root.as_bytes());
        let token = BASE64.encode(self.token.0);
        write!(f, "{SCHEME}{host}:{port}/{root}/{token}")
    }
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let rest = text.trim().strip_prefix(SCHEME).ok_or(CodeError::Scheme)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let [place, root, token] = *parts.as_slice() else {
            return Err(CodeError::Parts);
        };
        let (host, port) = place.rsplit_once(':').ok_or(CodeError::Place)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(CodeError::Place);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().ok().ok_or(CodeError::Place)?,
            root: bytes(root)
                .and_then(|bytes| PublicKey::from_bytes(&bytes).ok())
                .ok_or(CodeError::Root)?,
            token: Token(bytes(token).ok_or(CodeError::Token)?),
        })
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

/// What a unit asks for when it is let in. The eye signs it: nobody enrols another eye's key, and
/// nobody uses it with another code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// The key that the eye signs with, and with which it signs this.
    pub eye: PublicKey,
    /// The request for the voice's certificate: PKCS#10, PEM.
    pub csr: String,
    /// [`Token::hash`] of the code that it answers.
    pub token: String,
    /// Which of the two packages is installed.
    pub package: Package,
    /// Its version, for people.
    pub version: String,
}

impl Document for Application {
    const CONTEXT: &'static str = "nattsyn enrolment 1";
}

/// The two packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Package {
    /// It can encode and seal a picture, where everybody agreed to it.
    LiveView,
    /// It can do neither.
    Sensor,
}

/// The body of [`ENROL`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrol {
    /// The token, in base64 for addresses.
    pub token: TokenText,
    /// An [`Application`], signed by the eye that it names.
    pub application: Signed,
}

/// A [`Token`] as it is written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenText(pub Token);

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for TokenText {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        let bytes = bytes(&text).ok_or(CodeError::Token)?;
        Ok(Self(Token(bytes)))
    }
}

impl From<TokenText> for String {
    fn from(text: TokenText) -> Self {
        BASE64.encode(text.0.0)
    }
}

impl Enrol {
    /// The application, if the eye that it names signed it for this very token.
    ///
    /// # Errors
    ///
    /// It cannot be read, another key signed it, or it answers another code.
    pub fn open(&self) -> Result<Application, ApplicationError> {
        // Whose signature to ask for stands in what is signed: it shows that whoever applies has
        // the key, and nothing more.
        let claimed: Application = serde_json::from_str(&self.application.body)
            .map_err(|_error| ApplicationError::Unreadable)?;
        let application: Application = self
            .application
            .open(&claimed.eye)
            .map_err(|_error| ApplicationError::NotTheEyes)?;
        if application.token != self.token.0.hash() {
            return Err(ApplicationError::AnotherCode);
        }
        Ok(application)
    }
}

/// Why an application is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationError {
    /// It is none.
    #[error("the application cannot be read")]
    Unreadable,
    /// The eye that it names did not sign it.
    #[error("the application is not signed by the eye that it names")]
    NotTheEyes,
    /// It was made for another code.
    #[error("the application answers another code")]
    AnotherCode,
}

/// What a unit is told when it is let in: everything that it needs to find its way from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// Who it is from now on: its certificate's common name.
    pub unit: UnitId,
    /// Its certificate and the one of who signed it, PEM.
    pub certificate: String,
    /// The municipality's root certificate, PEM. Its key is the code's.
    pub root: String,
    /// Where the broker is.
    pub broker: Place,
    /// Until when the certificate holds.
    pub until: Timestamp,
}

/// Somewhere on the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// A name, as in the certificate there.
    pub host: String,
    /// A port.
    pub port: u16,
}

/// The body of [`RENEW`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    /// The request for the next certificate, for a key of its own: PKCS#10, PEM.
    pub csr: String,
}

/// The next certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// The certificate and the one of who signed it, PEM.
    pub certificate: String,
    /// Until when it holds.
    pub until: Timestamp,
}

/// What people compare to know an eye's key: eight characters in two groups, the first 40 bits of
/// its SHA-256. Without letters that look like digits.
#[must_use]
pub fn fingerprint(eye: &PublicKey) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let hash = digest(&SHA256, eye.as_bytes());
    let bits = hash.as_ref().iter().take(5);
    let bits = bits.fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let letter = |place: u32| LETTERS.get((bits >> (5 * place) & 31) as usize);
    let letters = (0..8)
        .rev()
        .filter_map(letter)
        .map(|&byte| char::from(byte));
    let mut text: String = letters.collect();
    text.insert(4, '-');
    text
}

/// Whether somebody typed an eye's fingerprint: case, spaces and hyphens do not matter.
#[must_use]
pub fn is_fingerprint(typed: &str, eye: &PublicKey) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_uppercase()).collect()
    };
    plain(typed) == plain(&fingerprint(eye))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::demonstration;

    fn code() -> Code {
        Code {
            host: "natt.kommunen.se".to_owned(),
            port: 8884,
            root: demonstration::root(),
            token: Token::from_random([7; TOKEN_LENGTH]),
        }
    }

    fn eye() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn enrol(token: Token, key: &SigningKey, named: &SigningKey) -> Enrol {
        let application = Application {
            eye: PublicKey::of(named),
            csr: "-".to_owned(),
            token: code().token.hash(),
            package: Package::Sensor,
            version: "0.1.0".to_owned(),
        };
        Enrol {
            token: TokenText(token),
            application: Signed::seal(&application, key),
        }
    }

    #[test]
    fn a_code_is_read_as_it_was_written() {
        let text = code().to_string();
        assert_eq!(text.parse(), Ok(code()));
        assert_eq!(format!(" {text}\n").parse(), Ok(code()));
        assert!(
            !format!("{:?}", code()).contains("BwcHBw"),
            "a token in a log"
        );
    }

    #[test]
    fn a_code_that_is_none_says_what_is_wrong_with_it() {
        let text = code().to_string();
        let root = BASE64.encode(code().root.as_bytes());
        for (wrong, why) in [
            ("https://natt.kommunen.se".to_owned(), CodeError::Scheme),
            (text.replace(&root, ""), CodeError::Root),
            (text.replace(&root, "x/y"), CodeError::Parts),
            (text.replace(":8884", ""), CodeError::Place),
            (text.replace(":8884", ":88840"), CodeError::Place),
            (text.replace("natt.kommunen.se", "a b"), CodeError::Place),
            (text.replace("natt.kommunen.se", ""), CodeError::Place),
            (text[..text.len() - 2].to_owned(), CodeError::Token),
            (format!("{text}AA"), CodeError::Token),
        ] {
            assert_eq!(wrong.parse::<Code>(), Err(why), "{wrong}");
        }
    }

    #[test]
    fn an_application_is_the_eyes_own_and_for_its_code() {
        let (eye, other) = (eye(), SigningKey::from_bytes(&[4; 32]));
        let opened = enrol(code().token, &eye, &eye).open();
        assert_eq!(opened.unwrap().eye, PublicKey::of(&eye));
        let stolen = enrol(code().token, &other, &eye).open();
        assert_eq!(stolen, Err(ApplicationError::NotTheEyes));
        let again = enrol(Token::from_random([8; TOKEN_LENGTH]), &eye, &eye).open();
        assert_eq!(again, Err(ApplicationError::AnotherCode));
    }

    #[test]
    fn a_fingerprint_is_typed_as_people_type() {
        let key = PublicKey::of(&eye());
        let print = fingerprint(&key);
        assert_eq!(print.len(), 9);
        let typed = print.to_lowercase().replace('-', " ");
        assert!(is_fingerprint(&typed, &key));
        for other in 5..40 {
            let other = PublicKey::of(&SigningKey::from_bytes(&[other; 32]));
            assert!(!is_fingerprint(&print, &other));
        }
        assert!(!is_fingerprint("", &key));
        assert!(!is_fingerprint(&print[..8], &key));
    }
}
