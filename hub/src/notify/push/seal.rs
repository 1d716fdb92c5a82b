//! Encrypts a push message for one browser: RFC 8291 over the `aes128gcm` coding of RFC 8188.
//!
//! Every message is padded to one length, so that its kind and count cannot be told from outside.
//! The derivation stands alone, so that the RFC's own example can be held against it.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};

/// Length of an uncompressed P-256 point in bytes.
const POINT_LEN: usize = 65;
/// Length of a browser's authentication secret in bytes (RFC 8291, section 3.2).
const AUTH_LEN: usize = 16;
/// Length of the random salt in bytes (RFC 8188, section 2.1).
const SALT_LEN: usize = 16;
/// Length to which every message is padded, in bytes: the longest text is under 100.
pub const PADDED_LEN: usize = 128;
/// The record size that the header names: one record, at most as long as push services must take
/// (RFC 8030, section 7.2).
const RECORD_SIZE: u32 = 4_096;
/// Marks the end of the last record's text, before its padding (RFC 8188, section 2).
const LAST_RECORD: u8 = 2;

/// A browser's public key and its authentication secret.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserKey {
    point: [u8; POINT_LEN],
    auth: [u8; AUTH_LEN],
}

/// Why a message cannot be encrypted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// The browser's key is none.
    #[error("not a P-256 point with a secret of {AUTH_LEN} bytes")]
    NotAKey,
    /// The message is too long.
    #[error("longer than {} bytes", PADDED_LEN - 1)]
    TooLong,
    /// The library refuses, or there are no random bytes.
    #[error("encrypting")]
    Refused,
}

impl BrowserKey {
    /// A browser's key, from its bytes. Whether the point lies on the curve shows when it is used.
    ///
    /// # Errors
    ///
    /// The lengths are others, or the point is not of the uncompressed form.
    pub fn new(point: &[u8], auth: &[u8]) -> Result<Self, SealError> {
        let point: [u8; POINT_LEN] = point.try_into().map_err(|_error| SealError::NotAKey)?;
        let auth = auth.try_into().map_err(|_error| SealError::NotAKey)?;
        match point.first() {
            Some(4) => Ok(Self { point, auth }),
            Some(_) | None => Err(SealError::NotAKey),
        }
    }

    pub(in crate::notify) fn point(&self) -> &[u8] {
        &self.point
    }

    pub(in crate::notify) fn auth(&self) -> &[u8] {
        &self.auth
    }
}

/// Encrypts a message for a browser, with a new key and salt each time.
///
/// # Errors
///
/// The browser's key is none, or the message too long.
pub fn seal(browser: &BrowserKey, message: &[u8]) -> Result<Vec<u8>, SealError> {
    let random = SystemRandom::new();
    let refused = |_error| SealError::Refused;
    let own = EphemeralPrivateKey::generate(&ECDH_P256, &random).map_err(refused)?;
    let public = own.compute_public_key().map_err(refused)?;
    let mut salt = [0_u8; SALT_LEN];
    random.fill(&mut salt).map_err(refused)?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, browser.point());
    let secret = agree_ephemeral(own, &theirs, |secret| {
        derive(secret, browser, public.as_ref(), salt)
    })
    .map_err(|_error| SealError::NotAKey)?;
    encrypt(&secret?, public.as_ref(), salt, padded(message)?)
}

/// A message's key and nonce.
struct Derived {
    key: [u8; 16],
    nonce: [u8; 12],
}

/// RFC 8291, section 3.4, and RFC 8188, section 2.2 and 2.3.
fn derive(
    secret: &[u8],
    browser: &BrowserKey,
    public: &[u8],
    salt: [u8; SALT_LEN],
) -> Result<Derived, SealError> {
    let mut input = [0_u8; 32];
    let info: [&[u8]; 3] = [b"WebPush: info\0", browser.point(), public];
    expand(browser.auth(), secret, &info, &mut input)?;
    let mut derived = Derived {
        key: [0; 16],
        nonce: [0; 12],
    };
    expand(
        &salt,
        &input,
        &[b"Content-Encoding: aes128gcm\0"],
        &mut derived.key,
    )?;
    expand(
        &salt,
        &input,
        &[b"Content-Encoding: nonce\0"],
        &mut derived.nonce,
    )?;
    Ok(derived)
}

/// HKDF with SHA-256.
fn expand(salt: &[u8], secret: &[u8], info: &[&[u8]], out: &mut [u8]) -> Result<(), SealError> {
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    let expanded = extracted.expand(info, Length(out.len()));
    expanded
        .and_then(|expanded| expanded.fill(out))
        .map_err(|_error| SealError::Refused)
}

/// How many bytes are derived.
#[derive(Clone, Copy)]
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The message, its end, and zeros up to the one length.
fn padded(message: &[u8]) -> Result<Vec<u8>, SealError> {
    if message.len() >= PADDED_LEN {
        return Err(SealError::TooLong);
    }
    let mut record = message.to_vec();
    record.push(LAST_RECORD);
    record.resize(PADDED_LEN, 0);
    Ok(record)
}

/// RFC 8188, section 2.1: salt, record size, our key, and the one record.
fn encrypt(
    derived: &Derived,
    public: &[u8],
    salt: [u8; SALT_LEN],
    mut record: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    let refused = |_error| SealError::Refused;
    let key = UnboundKey::new(&AES_128_GCM, &derived.key).map_err(refused)?;
    let nonce = Nonce::assume_unique_for_key(derived.nonce);
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut record)
        .map_err(refused)?;
    let mut body = salt.to_vec();
    body.extend(RECORD_SIZE.to_be_bytes());
    body.push(u8::try_from(public.len()).map_err(|_error| SealError::Refused)?);
    body.extend(public);
    body.extend(record);
    Ok(body)
}

#[cfg(test)]
pub(in crate::notify) mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// What a browser does with a message: the other half of the agreement, then the text without
    /// its padding.
    pub(in crate::notify) fn open(
        own: EphemeralPrivateKey,
        browser: &BrowserKey,
        body: &[u8],
    ) -> Vec<u8> {
        let (salt, rest) = body.split_at(SALT_LEN);
        assert_eq!(rest[..4], RECORD_SIZE.to_be_bytes());
        assert_eq!(usize::from(rest[4]), POINT_LEN);
        let (public, record) = rest[5..].split_at(POINT_LEN);
        let salt: [u8; SALT_LEN] = salt.try_into().unwrap();
        let theirs = UnparsedPublicKey::new(&ECDH_P256, public);
        let derived = agree_ephemeral(own, &theirs, |secret| derive(secret, browser, public, salt));
        let derived = derived.unwrap().unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &derived.key).unwrap());
        let nonce = Nonce::assume_unique_for_key(derived.nonce);
        let mut record = record.to_vec();
        let text = key.open_in_place(nonce, Aad::empty(), &mut record).unwrap();
        let end = text.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(text[end], LAST_RECORD);
        text[..end].to_vec()
    }

    /// A browser that waits for one message.
    pub(in crate::notify) fn browser() -> (EphemeralPrivateKey, BrowserKey) {
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let key = BrowserKey::new(own.compute_public_key().unwrap().as_ref(), &[7; 16]).unwrap();
        (own, key)
    }

    #[test]
    fn the_example_of_rfc_8291_comes_out_as_printed_there() {
        let browser = BrowserKey::new(
            &bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            &bytes("BTBZMqHH6r4Tts7J_aSIgg"),
        );
        let browser = browser.unwrap();
        let public = bytes(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let salt: [u8; 16] = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let secret = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let derived = derive(&secret, &browser, &public, salt).unwrap();
        assert_eq!(derived.key.to_vec(), bytes("oIhVW04MRdy2XN9CiKLxTg"));
        assert_eq!(derived.nonce.to_vec(), bytes("4h_95klXJ5E_qnoN"));
        let mut record = b"When I grow up, I want to be a watermelon".to_vec();
        record.push(LAST_RECORD);
        let body = encrypt(&derived, &public, salt, record).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn a_browser_reads_what_was_sealed_for_it_and_lengths_tell_nothing() {
        let mut lengths = Vec::new();
        for text in ["Nattsyn: att åtgärda", "Nattsyn: 3 att åtgärda", ""] {
            let (own, key) = browser();
            let body = seal(&key, text.as_bytes()).unwrap();
            assert!(!body.windows(7).any(|part| part == b"Nattsyn"));
            lengths.push(body.len());
            assert_eq!(open(own, &key, &body), text.as_bytes());
        }
        assert_eq!(lengths, [16 + 4 + 1 + 65 + PADDED_LEN + 16; 3]);
    }

    #[test]
    fn what_is_no_key_or_no_message_is_refused() {
        let (_, key) = browser();
        assert_eq!(seal(&key, &[b'a'; PADDED_LEN]), Err(SealError::TooLong));
        let mut off_curve = key.clone();
        off_curve.point[64] ^= 1;
        assert_eq!(seal(&off_curve, b"a"), Err(SealError::NotAKey));
        assert!(BrowserKey::new(&[4; 64], &[0; 16]).is_err());
        assert!(BrowserKey::new(&[2; 65], &[0; 16]).is_err());
        assert!(BrowserKey::new(&[4; 65], &[0; 15]).is_err());
    }
}
