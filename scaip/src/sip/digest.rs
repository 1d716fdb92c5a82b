//! Digest authentication: answers a receiver's challenge without sending the password
//! (RFC 3261, 22; RFC 7616; RFC 8760).
//!
//! MD5, SHA-256 and SHA-512-256, with `qop=auth` or, as old receivers do, without. Not done:
//! the `-sess` kinds, `auth-int`, hashed user names. Digest keeps the password from whoever
//! listens, not the message; only TLS does that.

use std::fmt;

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};
use zeroize::Zeroizing;

/// Longest challenge that is read; each value in it goes back into our own request.
const CHALLENGE_MAX: usize = 2048;

/// A password. Never printed; overwritten when it is dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password as it was agreed.
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<redacted>")
    }
}

/// Who we are to a receiver.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name: letters, digits and what else fits between quotation marks.
    pub user: UserName,
    /// The password.
    pub password: Password,
}

/// A user name that cannot end the header it is written into.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct UserName(String);

/// No user name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user name has 1 to 64 visible ASCII characters, without \" and \\")]
pub struct UserNameError;

impl TryFrom<String> for UserName {
    type Error = UserNameError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let visible = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
        let fits = (1..=64).contains(&name.len()) && name.bytes().all(visible);
        fits.then_some(Self(name)).ok_or(UserNameError)
    }
}

/// Why a challenge cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// It cannot be read, or asks for another scheme.
    #[error("the challenge is no digest challenge that can be read")]
    Unreadable,
    /// It asks for a hash or a protection that is not done here.
    #[error("the challenge asks for what is not done: {0}")]
    Unsupported(&'static str),
}

/// How what is proved is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// As RFC 3261 has it.
    Md5,
    /// As RFC 8760 has it.
    Sha256,
    /// As RFC 8760 has it.
    Sha512_256,
}

impl Algorithm {
    fn of(name: Option<&str>) -> Result<Self, DigestError> {
        let named = |known: &str| name.is_some_and(|name| name.eq_ignore_ascii_case(known));
        match name {
            None => Ok(Self::Md5),
            Some(_) if named("MD5") => Ok(Self::Md5),
            Some(_) if named("SHA-256") => Ok(Self::Sha256),
            Some(_) if named("SHA-512-256") => Ok(Self::Sha512_256),
            Some(_) => Err(DigestError::Unsupported("another algorithm")),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    fn hex(self, text: &str) -> String {
        fn hashed<D: Digest>(text: &str) -> String {
            let bytes = D::digest(text.as_bytes());
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
        match self {
            Self::Md5 => hashed::<Md5>(text),
            Self::Sha256 => hashed::<Sha256>(text),
            Self::Sha512_256 => hashed::<Sha512_256>(text),
        }
    }
}

/// How the request is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// As RFC 2069 had it: no counter, no number of ours.
    Old,
    /// `qop=auth`.
    Auth,
}

/// What a receiver wants proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    protection: Protection,
    freshness: Freshness,
}

/// Whether the receiver says that only the time of its last challenge had passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A new challenge, or a refusal.
    New,
    /// The last proof was right and too late.
    Stale,
}

impl Challenge {
    /// Reads one `WWW-Authenticate` or `Proxy-Authenticate` header.
    ///
    /// # Errors
    ///
    /// It cannot be read, or asks for what is not done.
    pub fn parse(header: &str) -> Result<Self, DigestError> {
        let scheme = header.get(..7).filter(|_| header.len() <= CHALLENGE_MAX);
        let digest = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("Digest "));
        let rest = header.get(7..).filter(|_| digest);
        let values = values(rest.ok_or(DigestError::Unreadable)?).ok_or(DigestError::Unreadable)?;
        let value = |name: &str| {
            let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
            values.iter().find(named).map(|(_, value)| value.as_str())
        };
        let owned = |name: &str| value(name).map(str::to_owned);
        let protection = match value("qop") {
            None => Protection::Old,
            Some(offers) if offers.split(',').any(|offer| offer.trim() == "auth") => {
                Protection::Auth
            }
            Some(_) => return Err(DigestError::Unsupported("another qop than auth")),
        };
        let stale = value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        Ok(Self {
            realm: owned("realm").ok_or(DigestError::Unreadable)?,
            nonce: owned("nonce").ok_or(DigestError::Unreadable)?,
            opaque: owned("opaque"),
            algorithm: Algorithm::of(value("algorithm"))?,
            protection,
            freshness: if stale {
                Freshness::Stale
            } else {
                Freshness::New
            },
        })
    }

    /// The first of several challenges that can be answered: a receiver puts the one that it
    /// likes best on top (RFC 8760, 2.4).
    ///
    /// # Errors
    ///
    /// None can; the first one's reason.
    pub fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Self, DigestError> {
        let mut first_error = None;
        for header in headers {
            match Self::parse(header) {
                Ok(challenge) => return Ok(challenge),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(DigestError::Unreadable))
    }

    /// Whether only the last challenge's time had passed.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// The header's value that proves who we are, for one request.
    ///
    /// `ours` is a number used once, in hex; each challenge is answered once only, so the
    /// counter is always 1.
    #[must_use]
    pub fn answer(&self, who: &Credentials, method: &str, uri: &str, ours: &str) -> String {
        let (user, realm, nonce) = (&who.user.0, &self.realm, &self.nonce);
        let hex = |text: &str| self.algorithm.hex(text);
        let secret = Zeroizing::new(format!("{user}:{realm}:{}", *who.password.0));
        let secret = Zeroizing::new(hex(&secret));
        let asked = hex(&format!("{method}:{uri}"));
        let (response, protection) = match self.protection {
            Protection::Old => (hex(&format!("{}:{nonce}:{asked}", *secret)), String::new()),
            Protection::Auth => (
                hex(&format!("{}:{nonce}:00000001:{ours}:auth:{asked}", *secret)),
                format!(", qop=auth, nc=00000001, cnonce=\"{ours}\""),
            ),
        };
        let opaque = self.opaque.as_ref();
        let opaque = opaque.map_or(String::new(), |opaque| format!(", opaque=\"{opaque}\""));
        let algorithm = self.algorithm.name();
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={algorithm}{protection}{opaque}"
        )
    }
}

/// The `name=value` pairs of a challenge. Values stay as they were written between quotation
/// marks, escapes included, because they are hashed and sent back so.
fn values(mut rest: &str) -> Option<Vec<(String, String)>> {
    let mut values = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(values);
        }
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start_matches([' ', '\t']);
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted)?;
                (&quoted[..end], &quoted[end + 1..])
            }
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        if value.contains(|character: char| character.is_control()) {
            return None;
        }
        values.push((name.trim().to_owned(), value.trim().to_owned()));
        rest = after;
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn who(user: &str, password: &str) -> Credentials {
        Credentials {
            user: UserName::try_from(user.to_owned()).unwrap(),
            password: Password::new(password.to_owned()),
        }
    }

    fn response(header: &str, who: &Credentials, method: &str, uri: &str, ours: &str) -> String {
        let answer = Challenge::parse(header)
            .unwrap()
            .answer(who, method, uri, ours);
        let (_, rest) = answer.split_once("response=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// RFC 7616, 3.9.1: both examples.
    #[test]
    fn the_published_examples_come_out() {
        let who = who("Mufasa", "Circle of Life");
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let ours = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let of = |algorithm: &str| {
            let header = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"{nonce}\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            response(&header, &who, "GET", "/dir/index.html", ours)
        };
        assert_eq!(of("MD5"), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            of("SHA-256"),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    /// RFC 2617, 3.5, answered without `qop` as RFC 2069 had it, reckoned with another tool
    /// (Python's hashlib).
    #[test]
    fn an_old_receiver_is_answered_in_the_old_way() {
        let header = "Digest realm=\"testrealm@host.com\", \
                      nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let who = who("Mufasa", "Circle Of Life");
        let answer = response(header, &who, "GET", "/dir/index.html", "0a4f113b");
        assert_eq!(answer, "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn the_first_challenge_that_can_be_answered_is_chosen() {
        let headers = [
            "Digest realm=\"r\", nonce=\"1\", algorithm=SHA-512-256-sess",
            "Digest realm=\"r\", nonce=\"2\", algorithm=SHA-512-256, stale=TRUE",
            "Digest realm=\"r\", nonce=\"3\", algorithm=MD5",
        ];
        let challenge = Challenge::choose(headers.into_iter()).unwrap();
        assert_eq!(challenge.nonce, "2");
        assert_eq!(challenge.freshness(), Freshness::Stale);
        let only = Challenge::choose(headers.into_iter().take(1));
        assert_eq!(only, Err(DigestError::Unsupported("another algorithm")));
        assert_eq!(
            Challenge::choose(std::iter::empty()),
            Err(DigestError::Unreadable)
        );
    }

    #[test]
    fn a_challenge_that_cannot_be_answered_says_why() {
        for header in [
            "Basic realm=\"r\"",
            "Digest",
            "Digest ",
            "Digest realm=\"r\"",
            "Digest nonce=\"n\"",
            "Digest realm=\"r, nonce=\"n\"",
            "Digest realm=\"r\u{7}\", nonce=\"n\"",
        ] {
            let refused = Challenge::parse(header);
            assert_eq!(refused, Err(DigestError::Unreadable), "{header}");
        }
        let whole = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"";
        let refused = Err(DigestError::Unsupported("another qop than auth"));
        assert_eq!(Challenge::parse(whole), refused);
    }

    #[test]
    fn no_password_is_ever_printed() {
        let printed = format!("{:?}", who("hub", "hemligt"));
        assert!(printed.contains("<redacted>") && !printed.contains("hemligt"));
        for name in ["", "a b", "a\"b", "å"] {
            assert_eq!(UserName::try_from(name.to_owned()), Err(UserNameError));
        }
    }

    proptest! {
        #[test]
        fn any_challenge_is_answered_or_refused_and_ends_no_header(rest in ".{0,80}") {
            if let Ok(challenge) = Challenge::parse(&format!("Digest {rest}")) {
                let answer = challenge.answer(&who("a", "b"), "MESSAGE", "sip:a", "0");
                prop_assert!(!answer.contains(['\r', '\n']));
            }
            let odd = format!("Digest realm=\"{rest}\", nonce=\"n\"");
            let _either = Challenge::parse(&odd);
        }
    }
}
