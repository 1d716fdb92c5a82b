//! How the hub shows a push service who it is: a key of its own and a short-lived token (VAPID,
//! RFC 8292).
//!
//! Browsers subscribe with the public half; a hub that loses its key has to be subscribed to anew
//! by every browser, so the key is part of what is backed up.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::Uri;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::json;

use nattsyn_protocol::time::Timestamp;

use crate::private_file::{self, PrivateFileError};

/// How long a token holds. At most 24 hours are allowed (RFC 8292, section 2); an hour bears a
/// clock that is wrong by some minutes.
const HOLDS_FOR: Duration = Duration::from_secs(3_600);

/// The hub's key towards push services.
pub struct Vapid(EcdsaKeyPair);

/// Why the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VapidError {
    /// Its file cannot be read or written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// It is no key. What it is instead is not repeated.
    #[error("{}: not a P-256 key in PKCS #8, PEM", .0.display())]
    NotAKey(PathBuf),
    /// No random bytes, or the library refuses.
    #[error("signing for a push service")]
    Refused,
}

/// Whom a push service can ask about the hub: `mailto:` or `https:` (RFC 8292, section 2.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Contact(String);

/// A text that names nobody to ask.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not of the form mailto:name@host or https://host/")]
pub struct ContactError(String);

impl FromStr for Contact {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, ContactError> {
        let is_mail = text
            .strip_prefix("mailto:")
            .is_some_and(|mail| mail.parse::<lettre::Address>().is_ok());
        let uri = text.parse::<Uri>();
        let is_page = uri.is_ok_and(|uri| uri.scheme_str() == Some("https"));
        if is_mail || is_page {
            Ok(Self(text.to_owned()))
        } else {
            Err(ContactError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Contact {
    type Error = ContactError;

    fn try_from(text: String) -> Result<Self, ContactError> {
        text.parse()
    }
}

impl Vapid {
    /// Reads the key, or makes one where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, made or written, or is no key.
    pub fn open(path: &Path) -> Result<Self, VapidError> {
        if !path.exists() {
            let random = SystemRandom::new();
            let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                .map_err(|_error| VapidError::Refused)?;
            let pem = format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                in_lines(&STANDARD.encode(key.as_ref()))
            );
            private_file::create(path, pem.as_bytes())?;
        }
        let not_a_key = || VapidError::NotAKey(path.to_owned());
        let text = private_file::read(path)?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes());
        let der = der.map_err(|_error| not_a_key())?;
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            der.secret_pkcs8_der(),
            &SystemRandom::new(),
        );
        Ok(Self(key.map_err(|_error| not_a_key())?))
    }

    /// The public half as browsers take it: `applicationServerKey`, base64url.
    #[must_use]
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    /// The `Authorization` header of a push to an endpoint.
    ///
    /// # Errors
    ///
    /// The endpoint has no host, or there are no random bytes.
    pub fn authorize(
        &self,
        endpoint: &Uri,
        contact: &Contact,
        now: Timestamp,
    ) -> Result<String, VapidError> {
        let scheme = endpoint.scheme_str().unwrap_or("https");
        let host = endpoint.authority().ok_or(VapidError::Refused)?;
        let claims = json!({
            "aud": format!("{scheme}://{host}"),
            "exp": now.after(HOLDS_FOR).as_ms() / 1_000,
            "sub": contact.0,
        });
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let head = encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{head}.{}", encode(&claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_error| VapidError::Refused)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public()))
    }
}

/// PEM's lines of 64 characters.
fn in_lines(text: &str) -> String {
    let mut lines = String::new();
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    lines
}

#[cfg(test)]
pub(in crate::notify) mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// What a push service does: the token's claims, if its signature holds.
    pub(in crate::notify) fn claims(header: &str) -> Option<serde_json::Value> {
        let (token, key) = header.strip_prefix("vapid t=")?.split_once(", k=")?;
        let (signed, signature) = token.rsplit_once('.')?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decode(key)?);
        key.verify(signed.as_bytes(), &decode(signature)?).ok()?;
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&decode(claims)?).ok()
    }

    #[test]
    fn a_token_names_the_service_the_hub_and_its_end_and_is_signed() {
        let folder = tempfile::tempdir().unwrap();
        let vapid = Vapid::open(&folder.path().join("vapid.pem")).unwrap();
        let endpoint = "https://push.example:8443/w/abc?x=1".parse().unwrap();
        let contact = "mailto:drift@example.org".parse().unwrap();
        let now = Timestamp::from_ms(1_795_000_000_500).unwrap();
        let header = vapid.authorize(&endpoint, &contact, now).unwrap();
        let claims = claims(&header).expect("a signature that holds");
        assert_eq!(claims["aud"], "https://push.example:8443");
        assert_eq!(claims["exp"], 1_795_003_600);
        assert_eq!(claims["sub"], "mailto:drift@example.org");
        assert!(header.ends_with(&vapid.public()));
        assert_eq!(URL_SAFE_NO_PAD.decode(vapid.public()).unwrap().len(), 65);
    }

    #[test]
    fn the_key_is_made_once_and_for_the_hub_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vapid.pem");
        let made = Vapid::open(&path).unwrap().public();
        assert_eq!(Vapid::open(&path).unwrap().public(), made);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "s3cr3t").unwrap();
        let error = Vapid::open(&path).err().unwrap().to_string();
        assert!(
            error.ends_with("vapid.pem: not a P-256 key in PKCS #8, PEM"),
            "{error}"
        );
    }

    #[test]
    fn a_contact_is_somebody_to_ask() {
        for good in ["mailto:drift@example.org", "https://example.org/nattsyn"] {
            good.parse::<Contact>().unwrap();
        }
        for bad in ["drift@example.org", "mailto:", "http://example.org", ""] {
            assert!(bad.parse::<Contact>().is_err(), "{bad}");
        }
    }
}
