//! Ed25519 over exact bytes.
//!
//! A document is signed as the very text that travels, so no two programs need to agree on how
//! JSON is written. What is signed begins with the document's [`Document::CONTEXT`]: a signed
//! plan can never be passed off as a signed report.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Something that is signed. The context names its kind and version, and is signed with it.
pub trait Document: Serialize + DeserializeOwned {
    /// Unlike any other document's, and the same for ever.
    const CONTEXT: &'static str;
}

/// Why a signed document is not believed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The key is no Ed25519 public key.
    #[error("key is not 32 bytes of an Ed25519 public key in base64")]
    BadKey,
    /// The signature is no signature, or was made by another key or over other bytes.
    #[error("signature does not hold for this {0}")]
    Wrong(&'static str),
    /// The signature holds and the document is not one that can be read.
    #[error("signed {kind} cannot be read")]
    Unreadable {
        /// What it should have been.
        kind: &'static str,
        /// What the reader says.
        source: serde_json::Error,
    },
}

/// A public key, in base64 on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The public half of a signing key.
    #[must_use]
    pub fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key())
    }

    /// The key of these bytes.
    ///
    /// # Errors
    ///
    /// They are no point of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        VerifyingKey::from_bytes(bytes)
            .map(Self)
            .map_err(|_error| SignatureError::BadKey)
    }

    /// Its 32 bytes, as RFC 8032 writes them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = SignatureError;

    fn try_from(text: String) -> Result<Self, SignatureError> {
        let bytes = BASE64
            .decode(text)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
            .map(Self)
            .ok_or(SignatureError::BadKey)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// A document as signed: the exact text and the signature over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The document's JSON, to the byte.
    pub body: String,
    /// Ed25519 over context, a zero byte and the body; base64.
    pub signature: String,
}

impl Signed {
    /// Writes the document down and signs it.
    #[must_use]
    pub fn seal<D: Document>(document: &D, key: &SigningKey) -> Self {
        let body = serde_json::to_string(document)
            .expect("a document is plain data, which always has a JSON form");
        let signature = key.sign(&signed_bytes::<D>(&body));
        Self {
            body,
            signature: BASE64.encode(signature.to_bytes()),
        }
    }

    /// The document, if `key` signed these very bytes.
    ///
    /// # Errors
    ///
    /// It did not, or the bytes are no such document.
    pub fn open<D: Document>(&self, key: &PublicKey) -> Result<D, SignatureError> {
        let signature = BASE64
            .decode(&self.signature)
            .ok()
            .and_then(|bytes| Signature::from_slice(&bytes).ok())
            .ok_or(SignatureError::Wrong(D::CONTEXT))?;
        key.0
            .verify_strict(&signed_bytes::<D>(&self.body), &signature)
            .ok()
            .ok_or(SignatureError::Wrong(D::CONTEXT))?;
        serde_json::from_str(&self.body).map_err(|source| SignatureError::Unreadable {
            kind: D::CONTEXT,
            source,
        })
    }
}

fn signed_bytes<D: Document>(body: &str) -> Vec<u8> {
    [D::CONTEXT.as_bytes(), &[0], body.as_bytes()].concat()
}

/// A hub's key, as signed by the municipality's offline root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endorsement {
    /// The key that may sign plans.
    pub key: PublicKey,
    /// Grows with every change of keys; a unit never goes back to an older one.
    pub epoch: u32,
}

impl Document for Endorsement {
    const CONTEXT: &'static str = "nattsyn endorsement 1";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::plan::tests::plan;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    #[test]
    fn what_was_signed_reads_back() {
        let plan = plan(&[(1, "23:00", "23:45")]);
        let signed = Signed::seal(&plan, &key(1));
        assert_eq!(signed.open::<Plan>(&PublicKey::of(&key(1))).unwrap(), plan);
    }

    #[test]
    fn another_key_another_byte_or_another_kind_is_not_believed() {
        let signed = Signed::seal(&plan(&[(1, "23:00", "23:45")]), &key(1));
        assert!(signed.open::<Plan>(&PublicKey::of(&key(2))).is_err());

        let mut changed = signed.clone();
        changed.body = changed.body.replace("23:45", "23:46");
        assert!(changed.open::<Plan>(&PublicKey::of(&key(1))).is_err());

        let other_kind = signed.open::<crate::report::Report>(&PublicKey::of(&key(1)));
        assert!(matches!(
            other_kind,
            Err(SignatureError::Wrong("nattsyn report 1"))
        ));
    }

    #[test]
    fn a_signature_that_is_none_is_an_error_not_a_panic() {
        let mut signed = Signed::seal(&plan(&[(1, "23:00", "23:45")]), &key(1));
        for signature in ["", "####", "AAAA", &"A".repeat(90)] {
            signed.signature = signature.to_owned();
            assert!(signed.open::<Plan>(&PublicKey::of(&key(1))).is_err());
        }
    }
}
