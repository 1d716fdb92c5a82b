//! Keys, by an authenticator of a few lines: how they are registered and recognised, and what is
//! not taken.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use nattsyn_protocol::assertion::{Assertion, Base64, sha256};
use nattsyn_protocol::time::Uptime;

use super::super::webauthn::{Challenges, KeyError, Party, Purpose, Registration};
use super::*;
use crate::staff::Rights;
use crate::watch::StaffId;

pub(crate) const ORIGIN: &str = "https://natt.example";

/// A key, and what it says about itself and signs.
pub(crate) struct Authenticator {
    pair: EcdsaKeyPair,
    pub(crate) credential: Base64,
}

impl Authenticator {
    pub(crate) fn new(credential: u8) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self {
            pair: EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap(),
            credential: Base64(vec![credential; 20]),
        }
    }

    /// What a browser makes of a challenge to register.
    pub(crate) fn create(&self, challenge: &[u8]) -> Registration {
        let point = self.pair.public_key().as_ref();
        let spki = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        let mut data = sha256(b"natt.example").to_vec();
        data.extend([0x45, 0, 0, 0, 0]);
        data.extend([0; 16]);
        data.extend([0, 20]);
        data.extend(&self.credential.0);
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        Registration {
            credential: self.credential.clone(),
            public: Base64([&spki[..], point].concat()),
            authenticator: Base64(data),
            client: client("webauthn.create", challenge, ORIGIN),
        }
    }

    /// What a browser makes of a challenge to sign.
    pub(crate) fn get(&self, challenge: &[u8]) -> Assertion {
        let mut authenticator = sha256(b"natt.example").to_vec();
        authenticator.extend([5, 0, 0, 0, 1]);
        let client = client("webauthn.get", challenge, ORIGIN);
        let signed = [authenticator.as_slice(), &sha256(&client.0)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        Assertion {
            credential: self.credential.clone(),
            authenticator: Base64(authenticator),
            client,
            signature: Base64(signature.as_ref().to_vec()),
        }
    }
}

fn client(kind: &str, challenge: &[u8], origin: &str) -> Base64 {
    let challenge = BASE64URL.encode(challenge);
    let json = format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"}}"#);
    Base64(json.into_bytes())
}

pub(crate) fn party() -> Party {
    Party::try_from(ORIGIN.to_owned()).unwrap()
}

/// A hub with natt-001 in it, and rights at an address.
pub(super) fn office() -> (tempfile::TempDir, Register, Rights) {
    let (folder, mut register) = register();
    command(&mut register, &ADD).unwrap();
    let rights = Rights::open(&folder.path().join("ledger.sqlite")).unwrap();
    (folder, register, rights.at(Some(party())))
}

pub(super) fn id(text: &str) -> StaffId {
    text.parse().unwrap()
}

/// Registers a key of somebody's.
pub(super) fn registered(rights: &Rights, staff: &str, credential: u8) -> Authenticator {
    let key = Authenticator::new(credential);
    let challenge = rights.ask(Purpose::Register(id(staff))).unwrap();
    rights
        .register(&id(staff), &key.create(&challenge), at(1))
        .unwrap();
    key
}

#[test]
fn a_registered_key_is_recognised_once_for_each_challenge() {
    let (_folder, _register, rights) = office();
    let key = registered(&rights, "natt-001", 7);
    let challenge = rights.ask(Purpose::SignIn).unwrap();
    let answer = key.get(&challenge);
    assert_eq!(rights.recognise(&answer).unwrap(), id("natt-001"));
    let again = rights.recognise(&answer).unwrap_err();
    assert!(matches!(again, KeyError::NotAsked), "{again}");
}

#[test]
fn a_key_that_nobody_asked_for_is_not_taken() {
    let (_folder, _register, rights) = office();
    let key = Authenticator::new(7);
    let made_up = key.create(&[1; 32]);
    let refused = rights.register(&id("natt-001"), &made_up, at(1));
    assert!(matches!(refused, Err(KeyError::NotAsked)));
    // A challenge is for one worker and one purpose.
    for purpose in [Purpose::SignIn, Purpose::Register(id("natt-002"))] {
        let challenge = rights.ask(purpose).unwrap();
        let refused = rights.register(&id("natt-001"), &key.create(&challenge), at(1));
        assert!(matches!(refused, Err(KeyError::NotAsked)));
    }
    assert!(rights.standing(&id("natt-001")).unwrap().keys.is_empty());
}

/// Makes something wrong with a registration, with another at hand.
type Spoil = fn(&mut Registration, &Registration);

#[test]
fn a_key_is_taken_only_if_all_its_parts_say_the_same() {
    let (_folder, _register, rights) = office();
    let key = Authenticator::new(7);
    let other = Authenticator::new(7);
    let spoil: [(&str, Spoil); 8] = [
        ("another key in its public half", |it, other| {
            it.public = other.public.clone();
        }),
        ("another key in its data", |it, other| {
            it.authenticator = other.authenticator.clone();
        }),
        ("another id", |it, _| it.credential.0[0] ^= 1),
        ("another page", |it, _| it.authenticator.0[0] ^= 1),
        ("nobody there", |it, _| it.authenticator.0[32] = 0x41),
        ("another site", |it, _| {
            let text = String::from_utf8(it.client.0.clone()).unwrap();
            it.client.0 = text.replace("natt.example", "nat.example").into_bytes();
        }),
        ("a sign-in's", |it, _| {
            let text = String::from_utf8(it.client.0.clone()).unwrap();
            it.client.0 = text.replace("create", "get").into_bytes();
        }),
        ("cut short", |it, _| it.authenticator.0.truncate(60)),
    ];
    for (what, spoil) in spoil {
        let challenge = rights.ask(Purpose::Register(id("natt-001"))).unwrap();
        let mut new = key.create(&challenge);
        spoil(&mut new, &other.create(&challenge));
        let refused = rights.register(&id("natt-001"), &new, at(1));
        assert!(refused.is_err(), "{what}");
    }
    assert!(rights.standing(&id("natt-001")).unwrap().keys.is_empty());
}

#[test]
fn not_one_bit_of_a_registration_that_matters_can_be_changed_and_none_panics() {
    let (_folder, _register, rights) = office();
    let key = Authenticator::new(7);
    let length = key.create(&[0; 32]).authenticator.0.len();
    for bit in 0..length * 8 {
        let challenge = rights.ask(Purpose::Register(id("natt-002"))).unwrap();
        let mut new = key.create(&challenge);
        new.authenticator.0[bit / 8] ^= 1 << (bit % 8);
        // The counter, the model and three flags are anybody's business and nothing's here.
        let free =
            (33..53).contains(&(bit / 8)) || bit / 8 == 32 && ![0, 2, 6].contains(&(bit % 8));
        assert_eq!(new.check(&party()).is_ok(), free, "bit {bit}");
    }
}

#[test]
fn a_key_of_somebody_who_left_or_that_was_removed_signs_nobody_in() {
    let (_folder, mut register, rights) = office();
    let key = registered(&rights, "natt-001", 7);
    let entry = rights.standing(&id("natt-001")).unwrap().keys[0].entry;
    let second = registered(&rights, "natt-001", 8);
    let doer = crate::store::Doer {
        by: &id("natt-001"),
        at: at(2),
    };
    rights
        .file()
        .remove_key((&id("natt-001"), entry), doer)
        .unwrap();
    let tried = |key: &Authenticator| {
        let challenge = rights.ask(Purpose::SignIn).unwrap();
        rights.recognise(&key.get(&challenge))
    };
    assert!(matches!(tried(&key), Err(KeyError::Unknown)));
    assert!(tried(&second).is_ok());
    command(
        &mut register,
        &["leave", "--id", "natt-001", "--by", "admin-1"],
    )
    .unwrap();
    assert!(matches!(tried(&second), Err(KeyError::Unknown)));
    // Nor can it be registered as somebody else's.
    let mut other = ADD;
    (other[2], other[4]) = ("natt-002", "Annan Påhittson");
    command(&mut register, &other).unwrap();
    let challenge = rights.ask(Purpose::Register(id("natt-002"))).unwrap();
    let refused = rights.register(&id("natt-002"), &key.create(&challenge), at(3));
    assert!(matches!(refused, Err(KeyError::Taken)));
}

#[test]
fn nobody_has_more_keys_than_they_need() {
    let (_folder, _register, rights) = office();
    for credential in 0..4 {
        registered(&rights, "natt-001", credential);
    }
    let challenge = rights.ask(Purpose::Register(id("natt-001"))).unwrap();
    let fifth = Authenticator::new(9).create(&challenge);
    let refused = rights.register(&id("natt-001"), &fifth, at(2));
    assert!(matches!(refused, Err(KeyError::TooMany)));
}

#[test]
fn keys_are_for_a_name_with_tls_and_for_this_machine() {
    for origin in ["https://natt.kommunen.se", "http://localhost:8080"] {
        let party = Party::try_from(origin.to_owned()).unwrap();
        assert_eq!(party.origin, origin);
    }
    for origin in [
        "http://natt.kommunen.se",
        "https://192.0.2.7",
        "https://natt.kommunen.se/",
        "https://natt.kommunen.se:port",
        "natt.kommunen.se",
        "https://",
        "https://NATT.se",
        "",
    ] {
        assert!(Party::try_from(origin.to_owned()).is_err(), "{origin}");
    }
}

#[test]
fn a_challenge_gets_old_and_no_flood_of_them_takes_anybodys_place() {
    let mut challenges = Challenges::default();
    let asked = Uptime(Duration::from_secs(1000));
    let find = |challenges: &Challenges, challenge: &[u8; 32], purpose: &Purpose, after_s| {
        let answer = client("webauthn.get", challenge, ORIGIN);
        let now = asked.after(Duration::from_secs(after_s));
        challenges.find(&answer.0, purpose, now).is_ok()
    };
    let own = challenges.ask(&Purpose::SignIn, asked).unwrap();
    let flood: Vec<_> = (0..20_000)
        .map(|_| challenges.ask(&Purpose::SignIn, asked).unwrap())
        .collect();
    assert_eq!(format!("{challenges:?}"), "Challenges(0 spent, <redacted>)");
    assert!(find(&challenges, &own, &Purpose::SignIn, 300));
    assert!(!find(&challenges, &own, &Purpose::SignIn, 301));
    let another = Purpose::Register(id("natt-001"));
    assert!(!find(&challenges, &own, &another, 1));
    for byte in 0..32 {
        let mut changed = own;
        changed[byte] ^= 1;
        assert!(!find(&challenges, &changed, &Purpose::SignIn, 1), "{byte}");
    }
    assert!(!find(&Challenges::default(), &own, &Purpose::SignIn, 1));
    // Answers are remembered while they could be given again, and no more than so many.
    challenges.spend(own, asked).unwrap();
    assert!(!find(&challenges, &own, &Purpose::SignIn, 1));
    assert!(challenges.spend(own, asked).is_err());
    for answered in &flood[..5000] {
        challenges.spend(*answered, asked).unwrap();
    }
    assert_eq!(
        format!("{challenges:?}"),
        "Challenges(4096 spent, <redacted>)"
    );
    let later = asked.after(Duration::from_secs(301));
    let next = challenges.ask(&Purpose::SignIn, later).unwrap();
    challenges.spend(next, later).unwrap();
    assert_eq!(format!("{challenges:?}"), "Challenges(1 spent, <redacted>)");
}

#[test]
fn a_wrong_answer_takes_nobodys_challenge_and_a_right_one_does() {
    let (_folder, _register, rights) = office();
    let key = registered(&rights, "natt-001", 7);
    let challenge = rights.ask(Purpose::SignIn).unwrap();
    let strangers = Authenticator::new(9).get(&challenge);
    assert!(matches!(
        rights.recognise(&strangers),
        Err(KeyError::Unknown)
    ));
    let answer = key.get(&challenge);
    assert_eq!(rights.recognise(&answer).unwrap(), id("natt-001"));
    assert!(matches!(rights.recognise(&answer), Err(KeyError::NotAsked)));
}
