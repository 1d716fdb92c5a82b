//! An operator's own word for one live view: a WebAuthn assertion (W3C, level 2) over a grant.
//!
//! The browser asks the operator's authenticator to sign the grant's digest; whoever holds the
//! hub's key alone cannot. An [`Operator`] is one line of the roster that the municipality's
//! offline root signs. [`Operator::verify`] is all of the checking, the same on hub and eye;
//! signing in to the page uses the very same with another challenge.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::signing::{Document, PublicKey, SignatureError, Signed};
use crate::time::Timestamp;

/// Length of a P-256 public key in bytes: uncompressed, 4 and two coordinates (SEC 1, 2.3.3).
pub const POINT_BYTES: usize = 65;

/// Longest authenticator data and client data in bytes; real ones are 37 and under 250.
const DATA_MAX: usize = 1024;

/// Shortest authenticator data: hash of the relying party, flags, counter (WebAuthn 6.1).
const AUTHENTICATOR_MIN: usize = 37;

/// The operator touched the authenticator (WebAuthn 6.1, bit 0).
const USER_PRESENT: u8 = 1;
/// The authenticator knew the operator by PIN, finger or face (WebAuthn 6.1, bit 2).
const USER_VERIFIED: u8 = 1 << 2;

/// Bytes that travel as base64 without padding. Printed as their length alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Base64(pub Vec<u8>);

/// A text is not base64 without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text is not base64 without padding")]
pub struct NotBase64;

impl TryFrom<String> for Base64 {
    type Error = NotBase64;

    fn try_from(text: String) -> Result<Self, NotBase64> {
        BASE64.decode(text).map(Self).ok().ok_or(NotBase64)
    }
}

impl From<Base64> for String {
    fn from(bytes: Base64) -> Self {
        BASE64.encode(bytes.0)
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

/// SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

/// Who may look, and by which authenticator: one line of the roster, signed by the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// By an opaque id, as it stands in the ledger: no name.
    pub id: String,
    /// The roster this line belongs to. Grows with every change; a unit that has seen a newer
    /// one refuses every line of an older one.
    pub roster: u32,
    /// The credential's id at the authenticator.
    pub credential: Base64,
    /// The credential's P-256 public key, [`POINT_BYTES`] long.
    pub key: Base64,
    /// The page's host, such as `natt.kommunen.se`.
    pub host: String,
    /// The page's origin, such as `https://natt.kommunen.se`.
    pub origin: String,
    /// Until when.
    pub until_ms: Timestamp,
}

impl Document for Operator {
    const CONTEXT: &'static str = "nattsyn operator 1";
}

/// What an authenticator signed, as the browser hands it over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// Which credential signed.
    pub credential: Base64,
    /// The authenticator's own data.
    pub authenticator: Base64,
    /// The browser's JSON, to the byte.
    pub client: Base64,
    /// ECDSA over the authenticator's data and the SHA-256 of the browser's, in DER.
    pub signature: Base64,
}

/// Why an assertion is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// By another credential than the operator's.
    #[error("assertion is by another credential than the operator's")]
    AnotherCredential,
    /// Its parts are not of the shape that WebAuthn gives them.
    #[error("assertion is not of WebAuthn's shape")]
    Malformed,
    /// Made for something else: another challenge, or a registration.
    #[error("assertion answers another challenge")]
    AnotherChallenge,
    /// Made on another site's page.
    #[error("assertion was made on another site")]
    AnotherSite,
    /// The operator was not there, or the authenticator did not make sure who it was.
    #[error("authenticator did not make sure who was there")]
    NobodyThere,
    /// The signature does not hold.
    #[error("assertion's signature does not hold")]
    WrongSignature,
}

/// The members of the browser's data that matter here (WebAuthn 5.8.1).
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
}

impl Operator {
    /// Whether this operator's authenticator signed `challenge`, on our page, with the operator
    /// there and known to it. How long the line holds is the caller's to check.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn verify(&self, assertion: &Assertion, challenge: &[u8]) -> Result<(), AssertionError> {
        if assertion.credential != self.credential {
            return Err(AssertionError::AnotherCredential);
        }
        let authenticator = &assertion.authenticator.0;
        let client = &assertion.client.0;
        if client.len() > DATA_MAX
            || authenticator.len() > DATA_MAX
            || authenticator.len() < AUTHENTICATOR_MIN
        {
            return Err(AssertionError::Malformed);
        }
        self.verify_client(client, challenge)?;
        let (party, rest) = authenticator.split_at(32);
        if party != sha256(self.host.as_bytes()) {
            return Err(AssertionError::AnotherSite);
        }
        let there = USER_PRESENT | USER_VERIFIED;
        if rest.first().is_none_or(|flags| flags & there != there) {
            return Err(AssertionError::NobodyThere);
        }
        let signed = [authenticator.as_slice(), &sha256(client)].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.key.0)
            .verify(&signed, &assertion.signature.0)
            .map_err(|ring::error::Unspecified| AssertionError::WrongSignature)
    }

    fn verify_client(&self, client: &[u8], challenge: &[u8]) -> Result<(), AssertionError> {
        let client: ClientData = serde_json::from_slice(client)
            .ok()
            .ok_or(AssertionError::Malformed)?;
        if client.kind != "webauthn.get" || client.challenge != BASE64URL.encode(challenge) {
            return Err(AssertionError::AnotherChallenge);
        }
        if client.origin != self.origin || client.cross_origin == Some(true) {
            return Err(AssertionError::AnotherSite);
        }
        Ok(())
    }

    /// The operator of a signed line, if the root stands behind it.
    ///
    /// # Errors
    ///
    /// It does not, or the line cannot be read.
    pub fn open(line: &Signed, root: &PublicKey) -> Result<Self, SignatureError> {
        line.open(root)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    const ORIGIN: &str = "https://natt.example";

    /// An authenticator in a few lines: a key, and what it signs.
    struct Authenticator(EcdsaKeyPair);

    impl Authenticator {
        fn new() -> Self {
            let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
            let random = SystemRandom::new();
            let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap())
        }

        fn operator(&self) -> Operator {
            Operator {
                id: "astrid".to_owned(),
                roster: 1,
                credential: Base64(vec![7; 16]),
                key: Base64(self.0.public_key().as_ref().to_vec()),
                host: "natt.example".to_owned(),
                origin: ORIGIN.to_owned(),
                until_ms: Timestamp::from_ms(0).unwrap(),
            }
        }

        fn assert(&self, client: &str, flags: u8, host: &str) -> Assertion {
            let mut authenticator = sha256(host.as_bytes()).to_vec();
            authenticator.extend([flags, 0, 0, 0, 1]);
            let signed = [authenticator.as_slice(), &sha256(client.as_bytes())].concat();
            let signature = self.0.sign(&SystemRandom::new(), &signed).unwrap();
            Assertion {
                credential: Base64(vec![7; 16]),
                authenticator: Base64(authenticator),
                client: Base64(client.as_bytes().to_vec()),
                signature: Base64(signature.as_ref().to_vec()),
            }
        }
    }

    fn client(kind: &str, challenge: &[u8], origin: &str) -> String {
        let challenge = BASE64URL.encode(challenge);
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"}}"#)
    }

    #[test]
    fn only_the_operators_own_word_for_this_very_challenge_is_believed() {
        let key = Authenticator::new();
        let operator = key.operator();
        let asked = sha256(b"this grant");
        let there = USER_PRESENT | USER_VERIFIED;
        let good = client("webauthn.get", &asked, ORIGIN);
        let host = "natt.example";
        let judge = |assertion: &Assertion| operator.verify(assertion, &asked);
        assert_eq!(judge(&key.assert(&good, there, host)), Ok(()));

        let other = client("webauthn.get", &sha256(b"that grant"), ORIGIN);
        let wrong = judge(&key.assert(&other, there, host));
        assert_eq!(wrong, Err(AssertionError::AnotherChallenge));
        let registration = client("webauthn.create", &asked, ORIGIN);
        let wrong = judge(&key.assert(&registration, there, host));
        assert_eq!(wrong, Err(AssertionError::AnotherChallenge));
        let elsewhere = client("webauthn.get", &asked, "https://nat.example");
        let wrong = judge(&key.assert(&elsewhere, there, host));
        assert_eq!(wrong, Err(AssertionError::AnotherSite));
        let wrong = judge(&key.assert(&good, there, "nat.example"));
        assert_eq!(wrong, Err(AssertionError::AnotherSite));
        let wrong = judge(&key.assert(&good, USER_PRESENT, host));
        assert_eq!(wrong, Err(AssertionError::NobodyThere));
        let foreign = Authenticator::new().assert(&good, there, host);
        assert_eq!(judge(&foreign), Err(AssertionError::WrongSignature));
        let mut renamed = key.assert(&good, there, host);
        renamed.credential = Base64(vec![8; 16]);
        assert_eq!(judge(&renamed), Err(AssertionError::AnotherCredential));
    }

    #[test]
    fn not_one_bit_of_an_assertion_can_be_changed() {
        let key = Authenticator::new();
        let operator = key.operator();
        let asked = sha256(b"this grant");
        let good = key.assert(
            &client("webauthn.get", &asked, ORIGIN),
            USER_PRESENT | USER_VERIFIED,
            "natt.example",
        );
        let parts: [fn(&mut Assertion) -> &mut Vec<u8>; 4] = [
            |it| &mut it.credential.0,
            |it| &mut it.authenticator.0,
            |it| &mut it.client.0,
            |it| &mut it.signature.0,
        ];
        for part in parts {
            for bit in 0..part(&mut good.clone()).len() * 8 {
                let mut changed = good.clone();
                part(&mut changed)[bit / 8] ^= 1 << (bit % 8);
                assert!(operator.verify(&changed, &asked).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn rubbish_is_an_error_not_a_panic() {
        let operator = Authenticator::new().operator();
        for length in [0, 1, 36, 37, 2000] {
            let rubbish = Assertion {
                credential: operator.credential.clone(),
                authenticator: Base64(vec![0; length]),
                client: Base64(vec![b'{'; length]),
                signature: Base64(vec![0; length]),
            };
            assert!(operator.verify(&rubbish, &[0; 32]).is_err());
        }
    }
}
