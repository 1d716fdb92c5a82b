//! The two who answer a challenge: an operator's authenticator, and the browser that looks on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use nattsyn_protocol::assertion::{Assertion, Base64, Operator, sha256};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::grant::{Challenge, Grant, GrantMessage};
use nattsyn_protocol::live::{
    LENGTH_BYTES, NUMBER_BYTES, Opened, frame_aad, frame_nonce, key_info,
};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::{endorsement, hub_key};

const HOST: &str = "natt.example";
const ORIGIN: &str = "https://natt.example";

/// An operator and the key that only they can touch.
pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    /// The operator's line in the roster.
    pub(crate) operator: Operator,
}

impl Authenticator {
    pub(crate) fn new(id: &str, roster: u32) -> Self {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let operator = Operator {
            id: id.to_owned(),
            roster,
            credential: Base64(id.as_bytes().repeat(4)),
            key: Base64(key.public_key().as_ref().to_vec()),
            host: HOST.to_owned(),
            origin: ORIGIN.to_owned(),
            until_ms: Timestamp("2026-12-01T00:00:00Z".parse().unwrap()),
        };
        Self { key, operator }
    }

    /// The operator touches the key for this grant.
    pub(crate) fn touch(&self, body: &str) -> Assertion {
        let asked = BASE64URL.encode(Grant::digest(body));
        let client =
            format!(r#"{{"type":"webauthn.get","challenge":"{asked}","origin":"{ORIGIN}"}}"#);
        let mut authenticator = sha256(HOST.as_bytes()).to_vec();
        authenticator.extend([5, 0, 0, 0, 1]);
        let signed = [authenticator.as_slice(), &sha256(client.as_bytes())].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        Assertion {
            credential: self.operator.credential.clone(),
            authenticator: Base64(authenticator),
            client: Base64(client.into_bytes()),
            signature: Base64(signature.as_ref().to_vec()),
        }
    }

    /// A grant with everybody's signature that a real one has.
    pub(crate) fn grant(&self, challenge: &Challenge, viewer: &[u8]) -> GrantMessage {
        let grant = Grant {
            challenge: challenge.clone(),
            operator: self.operator.id.clone(),
            viewer: Base64(viewer.to_vec()),
        };
        let signed = Signed::seal(&grant, &hub_key());
        GrantMessage {
            assertion: self.touch(&signed.body),
            grant: signed,
            endorsement: endorsement(1),
            operator: Signed::seal(&self.operator, &demonstration::root_key()),
        }
    }
}

/// The browser that a grant names.
pub(crate) struct Browser {
    private: EphemeralPrivateKey,
    /// What the grant names it by.
    pub(crate) public: [u8; 65],
}

impl Browser {
    pub(crate) fn new() -> Self {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let public = private.compute_public_key().unwrap();
        let public = public.as_ref().try_into().unwrap();
        Self { private, public }
    }

    /// The key of a view that the eye has opened.
    pub(crate) fn agree(self, opened: &Opened, grant: &GrantMessage) -> Viewer {
        let eye: [u8; 65] = opened.key.0.clone().try_into().unwrap();
        let body = grant.grant.body.clone();
        let salt = Salt::new(HKDF_SHA256, &Grant::digest(&body));
        let info = key_info(&eye, &self.public);
        let theirs = UnparsedPublicKey::new(&ECDH_P256, eye);
        let key = agree_ephemeral(self.private, &theirs, |shared| {
            let pseudorandom = salt.extract(shared);
            let info = [info.as_slice()];
            let expanded = pseudorandom.expand(&info, &AES_256_GCM).unwrap();
            LessSafeKey::new(UnboundKey::from(expanded))
        });
        Viewer {
            key: key.unwrap(),
            body,
        }
    }
}

/// A browser that can open the frames of one view.
pub(crate) struct Viewer {
    key: LessSafeKey,
    body: String,
}

impl Viewer {
    /// The picture in a frame, if it is the frame of this number and of this view.
    pub(crate) fn open(&self, number: u64, frame: &[u8]) -> Option<Vec<u8>> {
        let (written, sealed) = frame.split_at(NUMBER_BYTES);
        if written != number.to_be_bytes() {
            return None;
        }
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(frame_nonce(number));
        let aad = Aad::from(frame_aad(&self.body, number));
        let plain = self.key.open_in_place(nonce, aad, &mut sealed).ok()?;
        let (length, rest) = plain.split_at(LENGTH_BYTES);
        let length = u32::from_be_bytes(length.try_into().ok()?);
        Some(rest[..length as usize].to_vec())
    }
}
