//! Keys: how one is registered, and how the hub asks for one (WebAuthn, level 2).
//!
//! P-256 alone and no attestation: it does not matter here who made the authenticator. What a key
//! signs later is verified by [`Operator::verify`], the same as on the eye. The one thing that is
//! read of a registration beyond the browser's JSON is the authenticator's data, whose key must be
//! the one that the browser names: in the one form that CTAP2 prescribes for it, so no reader of
//! CBOR is needed.
//!
//! A challenge is asked for one purpose, can be answered for five minutes, and is good for one
//! answer that holds. What waits for an answer is not kept anywhere; a restart asks anew.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Serialize};

use nattsyn_protocol::assertion::{Assertion, Base64, POINT_BYTES, sha256};
use nattsyn_protocol::time::Uptime;

use crate::watch::StaffId;

/// How long a challenge can be answered: five minutes, as browsers are told to wait for a key
/// (WebAuthn level 2, 5.4, recommends 30 s to 5 minutes, and the longest for people who need it).
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Most answers that are remembered as given, some 200 kB. Only a registered key gives one, so no
/// stranger fills it; at the bound the oldest is forgotten, and whoever has that very answer could
/// give it once more in what is left of its five minutes.
const SPENT_MAX: usize = 4096;

/// Before a P-256 point in a public key as browsers give it (RFC 5480: an elliptic curve's key on
/// prime256v1, uncompressed).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Before the first coordinate of the key in the authenticator's data: CTAP2's canonical CBOR of
/// `{1: 2, 3: -7, -1: 1, -2: …` (RFC 9053, 7.1.1).
const COSE: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
/// Before the second.
const COSE_Y: [u8; 3] = [0x22, 0x58, 0x20];

/// Where the credential's id has its length: after the relying party's hash, flags, counter and the
/// authenticator's model (WebAuthn 6.5.1).
const LENGTH_AT: usize = 32 + 1 + 4 + 16;

/// Present, verified, and with a key in its data (WebAuthn 6.1).
const FLAGS: u8 = 1 | 1 << 2 | 1 << 6;

/// Longest registration that is read; real ones are below 400 bytes a part.
const PART_MAX: usize = 2048;

/// The page as browsers know it: keys are for it alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Party {
    /// Its host, such as `natt.kommunen.se`.
    pub host: String,
    /// Its origin, such as `https://natt.kommunen.se`.
    pub origin: String,
}

impl TryFrom<String> for Party {
    type Error = String;

    fn try_from(origin: String) -> Result<Self, String> {
        let bad = || {
            format!(
                "{origin:?} is not an origin such as https://natt.kommunen.se (or \
                 http://localhost:8080): keys are for a name with TLS"
            )
        };
        let (scheme, rest) = origin.split_once("://").ok_or_else(bad)?;
        let host = rest.split(':').next().unwrap_or_default().to_owned();
        let port = rest.get(host.len() + 1..).unwrap_or("0");
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        let is_name = host.chars().all(letter)
            && host.chars().any(|c| c.is_ascii_alphabetic())
            && port.parse::<u16>().is_ok();
        match (scheme, host.as_str(), is_name) {
            ("https", _, true) | ("http", "localhost", true) => Ok(Self { host, origin }),
            (_, _, _) => Err(bad()),
        }
    }
}

/// What a challenge is for: an answer to one purpose is none to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To register a key of this worker's.
    Register(StaffId),
}

/// Challenges. None that waits for an answer is kept: each says itself when it was asked and proves
/// that it was asked here, so nobody who asks for a million takes anybody's place.
#[derive(Default)]
pub(super) struct Challenges {
    /// Drawn with the first, and gone with a restart.
    secret: Option<[u8; 32]>,
    /// Those that were answered, and until when they could be.
    spent: VecDeque<([u8; 32], Uptime)>,
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenges({} spent, <redacted>)", self.spent.len())
    }
}

/// A new key, as the browser hands it over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Its id at the authenticator.
    pub credential: Base64,
    /// Its public key (`getPublicKey`).
    pub public: Base64,
    /// The authenticator's data (`getAuthenticatorData`).
    pub authenticator: Base64,
    /// The browser's JSON, to the byte.
    pub client: Base64,
}

/// Why a key is not taken, or not believed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The hub does not know its own address (`origin` in the configuration).
    #[error("no origin in the configuration, so there are no keys")]
    NoParty,
    /// Nobody asked, or the answer came before.
    #[error("nobody asked for this, or it was answered before")]
    NotAsked,
    /// It is not of the shape that WebAuthn gives it.
    #[error("not of WebAuthn's shape")]
    Malformed,
    /// It was made on another site's page.
    #[error("made on another site")]
    AnotherSite,
    /// The authenticator did not make sure who was there.
    #[error("the authenticator did not make sure who was there")]
    NobodyThere,
    /// The key is of another kind than P-256.
    #[error("not a P-256 key")]
    AnotherKind,
    /// Somebody has registered this very key.
    #[error("this key is registered already")]
    Taken,
    /// The worker has as many keys as anybody needs.
    #[error("no more than {KEYS_MAX} keys each")]
    TooMany,
    /// Nobody here has this key.
    #[error("nobody here has this key")]
    Unknown,
    /// What it signed does not hold.
    #[error(transparent)]
    Assertion(#[from] nattsyn_protocol::assertion::AssertionError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The operating system gives no random bytes.
    #[error("drawing a challenge")]
    Random(#[source] getrandom::Error),
}

/// Most keys of one worker: a phone, a computer and two spares.
pub const KEYS_MAX: usize = 4;

/// What matters of the browser's JSON (WebAuthn 5.8.1).
#[derive(Deserialize)]
struct Client {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
}

impl Challenges {
    /// Draws one: when it is asked, eight random bytes, and by what the hub knows it again.
    pub(super) fn ask(&mut self, purpose: &Purpose, now: Uptime) -> Result<[u8; 32], KeyError> {
        let secret = match self.secret {
            Some(secret) => secret,
            None => *self.secret.insert(drawn()?),
        };
        let random: [u8; 8] = drawn()?;
        let asked = u64::try_from(now.0.as_millis()).unwrap_or(u64::MAX);
        let mut challenge = [0; 32];
        challenge[..8].copy_from_slice(&asked.to_be_bytes());
        challenge[8..16].copy_from_slice(&random);
        let mark = mark(&secret, purpose, &challenge[..16]);
        challenge[16..].copy_from_slice(&mark[..16]);
        Ok(challenge)
    }

    /// The one that an answer names, if it was asked here, for this purpose, not too long ago, and
    /// is not answered yet.
    pub(super) fn find(
        &self,
        client: &[u8],
        purpose: &Purpose,
        now: Uptime,
    ) -> Result<[u8; 32], KeyError> {
        let client = read(client)?;
        let named = BASE64URL.decode(&client.challenge).ok();
        let challenge: [u8; 32] = named
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(KeyError::NotAsked)?;
        let secret = self.secret.ok_or(KeyError::NotAsked)?;
        let mark = mark(&secret, purpose, &challenge[..16]);
        // Compared by their digests: how long that takes says nothing about them.
        let is_ours = sha256(&mark[..16]) == sha256(&challenge[16..]);
        let is_spent = self.spent.iter().any(|(spent, _)| *spent == challenge);
        if !is_ours || is_spent || now > until(&challenge) {
            return Err(KeyError::NotAsked);
        }
        Ok(challenge)
    }

    /// It is answered, and good for no other answer.
    pub(super) fn spend(&mut self, challenge: [u8; 32], now: Uptime) -> Result<(), KeyError> {
        self.spent.retain(|(_, until)| now <= *until);
        if self.spent.iter().any(|(spent, _)| *spent == challenge) {
            return Err(KeyError::NotAsked);
        }
        if self.spent.len() >= SPENT_MAX {
            self.spent.pop_front();
        }
        self.spent.push_back((challenge, until(&challenge)));
        Ok(())
    }
}

/// Until when a challenge of ours can be answered.
fn until(challenge: &[u8; 32]) -> Uptime {
    let mut asked = [0; 8];
    asked.copy_from_slice(&challenge[..8]);
    Uptime(Duration::from_millis(u64::from_be_bytes(asked))).after(ANSWERED_WITHIN)
}

/// By what the hub knows a challenge of its own: no one else has the secret. Half of the digest
/// is never shown, so nobody can lengthen what was hashed.
fn mark(secret: &[u8; 32], purpose: &Purpose, asked: &[u8]) -> [u8; 32] {
    let purpose = match purpose {
        Purpose::SignIn => "sign-in".to_owned(),
        Purpose::Register(staff) => format!("register {staff}"),
    };
    sha256(&[&secret[..], asked, purpose.as_bytes()].concat())
}

fn drawn<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeyError::Random)?;
    Ok(bytes)
}

fn read(client: &[u8]) -> Result<Client, KeyError> {
    if client.len() > PART_MAX {
        return Err(KeyError::Malformed);
    }
    serde_json::from_slice(client)
        .ok()
        .ok_or(KeyError::Malformed)
}

/// The browser's JSON of an assertion.
pub(super) fn client(assertion: &Assertion) -> &[u8] {
    &assertion.client.0
}

impl Registration {
    /// The key's P-256 point, if all parts say the same and were made for this page just now. That
    /// the challenge was asked is [`Challenges::find`]'s to say.
    pub(super) fn check(&self, party: &Party) -> Result<Base64, KeyError> {
        let client = read(&self.client.0)?;
        if client.kind != "webauthn.create" {
            return Err(KeyError::Malformed);
        }
        if client.origin != party.origin || client.cross_origin == Some(true) {
            return Err(KeyError::AnotherSite);
        }
        let data = &self.authenticator.0;
        let credential = &self.credential.0;
        if data.len() > PART_MAX || credential.is_empty() || credential.len() > 1023 {
            return Err(KeyError::Malformed);
        }
        if data.get(..32) != Some(&sha256(party.host.as_bytes())[..]) {
            return Err(KeyError::AnotherSite);
        }
        if data.get(32).is_none_or(|flags| flags & FLAGS != FLAGS) {
            return Err(KeyError::NobodyThere);
        }
        let length: [u8; 2] = data
            .get(LENGTH_AT..LENGTH_AT + 2)
            .and_then(|length| length.try_into().ok())
            .ok_or(KeyError::Malformed)?;
        let after = data
            .get(LENGTH_AT + 2..)
            .filter(|_| usize::from(u16::from_be_bytes(length)) == credential.len())
            .and_then(|rest| rest.strip_prefix(credential.as_slice()))
            .ok_or(KeyError::Malformed)?;
        let point = self
            .public
            .0
            .strip_prefix(&SPKI)
            .ok_or(KeyError::AnotherKind)?;
        if point.len() != POINT_BYTES || point.first() != Some(&4) {
            return Err(KeyError::AnotherKind);
        }
        let cose = [&COSE[..], &point[1..33], &COSE_Y, &point[33..]].concat();
        match after.starts_with(&cose) {
            true => Ok(Base64(point.to_vec())),
            false => Err(KeyError::AnotherKind),
        }
    }
}
