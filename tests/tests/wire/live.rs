//! Golden bytes of policy and live view.
//!
//! Signatures by Ed25519 are always the same bytes. An authenticator's are not, so the golden
//! grant carries an assertion of made-up bytes: it is a grant by its shape, and no eye takes it.

use nattsyn_protocol::assertion::{Assertion, Base64, Operator};
use nattsyn_protocol::grant::{CHALLENGE_BYTES, Challenge, Grant, GrantError, GrantMessage};
use nattsyn_protocol::live::{End, Ended, Opened, Refusal, Refused};
use nattsyn_protocol::policy::{
    Approval, Build, Capability, HeldPolicy, Mode, Policy, PolicyError,
};

use super::*;

pub(super) fn endorsement() -> Signed {
    let endorsement = Endorsement {
        key: PublicKey::of(&hub_key()),
        epoch: 1,
    };
    Signed::seal(&endorsement, &root_key())
}

fn policy() -> Policy {
    Policy {
        unit: unit(),
        version: 5,
        mode: Mode::LiveView,
        stopped: vec!["r5m4n3b2".parse().expect("eight characters of a-z and 0-9")],
        from_ms: at(),
        until_ms: Timestamp::from_ms(1_811_000_000_000).expect("a year that a calendar knows"),
    }
}

fn policy_message() -> PolicyMessage {
    PolicyMessage {
        policy: Signed::seal(&policy(), &hub_key()),
        endorsement: endorsement(),
    }
}

fn challenge() -> Challenge {
    Challenge {
        unit: unit(),
        boot: key(0).boot,
        check: check(),
        look: 205,
        policy: 5,
        nonce: view(),
    }
}

fn view() -> Base64 {
    let bytes = (0..CHALLENGE_BYTES).map(|byte| u8::try_from(byte).expect("32 of them"));
    Base64(bytes.collect())
}

/// A point of P-256 by its length.
fn point(filled: u8) -> Base64 {
    let mut point = vec![filled; 65];
    point[0] = 4;
    Base64(point)
}

fn operator() -> Operator {
    Operator {
        id: "o4h8k2".to_owned(),
        roster: 3,
        credential: Base64(vec![0xc1; 16]),
        key: point(0x22),
        host: "natt.example".to_owned(),
        origin: "https://natt.example".to_owned(),
        until_ms: policy().until_ms,
    }
}

fn grant_message() -> GrantMessage {
    let grant = Grant {
        challenge: challenge(),
        operator: operator().id,
        viewer: point(0x11),
    };
    GrantMessage {
        grant: Signed::seal(&grant, &hub_key()),
        endorsement: endorsement(),
        operator: Signed::seal(&operator(), &root_key()),
        assertion: Assertion {
            credential: operator().credential,
            authenticator: Base64(vec![0xa1; 37]),
            client: Base64(b"{}".to_vec()),
            signature: Base64(vec![0x51; 70]),
        },
    }
}

fn signed<D: Document>(document: &D) -> Signed {
    Signed::seal(document, &eye_key())
}

pub(super) fn capability() -> Capability {
    Capability {
        unit: unit(),
        boot: key(0).boot,
        build: Build::LiveView,
        policy: Some(HeldPolicy {
            version: 5,
            mode: Mode::Sensor,
            approval: Approval::Awaited,
        }),
        thresholds: None,
        commissioning: None,
        commissioned: None,
        word: None,
    }
}

#[test]
fn a_policy_is_what_it_always_was_and_the_root_stands_behind_it() {
    assert_golden("v1/policy.json", &policy_message());
    let message: PolicyMessage = wire::decode(&golden("v1/policy.json")).unwrap();
    assert_eq!(message.open(&PublicKey::of(&root_key())).unwrap(), policy());
    assert!(message.open(&PublicKey::of(&hub_key())).is_err());
    // Its bytes are older than the rule that a policy lasts two weeks at most.
    let lasts = policy().until_ms.since(policy().from_ms);
    assert_eq!(policy().examine(), Err(PolicyError::TooLong(lasts)));
    let week = Policy {
        until_ms: at().after(std::time::Duration::from_secs(7 * 24 * 3600)),
        ..policy()
    };
    assert_eq!(week.examine(), Ok(()));
}

#[test]
fn a_hello_with_what_the_eye_can_do_is_what_it_always_was() {
    let hello = Hello {
        eye: Some(signed(&capability())),
        ..hello()
    };
    assert_golden("v1/hello_eye.json", &hello);
}

#[test]
fn what_goes_down_about_a_live_view_is_what_it_always_was() {
    assert_golden("v1/live_ask.json", &LiveDown::Ask { check: check() });
    let grant = LiveDown::Grant(Box::new(grant_message()));
    assert_golden("v1/live_grant.json", &grant);
    let view = view();
    let credit = LiveDown::Credit {
        view: view.clone(),
        frame: 7,
    };
    assert_golden("v1/live_credit.json", &credit);
    assert_golden("v1/live_end.json", &LiveDown::End { view });
}

#[test]
fn a_grant_that_no_authenticator_signed_is_not_believed() {
    let refused = grant_message().open(&PublicKey::of(&root_key()));
    assert!(matches!(refused, Err(GrantError::NotTheOperators(_))));
}

#[test]
fn what_goes_up_about_a_live_view_is_what_it_always_was() {
    let words = [
        (
            "v1/live_challenge.json",
            LiveUp::Challenge {
                signed: signed(&challenge()),
            },
        ),
        (
            "v1/live_opened.json",
            LiveUp::Opened {
                signed: signed(&Opened {
                    unit: unit(),
                    view: view(),
                    key: point(0x33),
                    for_ms: 30_000,
                }),
            },
        ),
        (
            "v1/live_refused.json",
            LiveUp::Refused {
                signed: signed(&Refused {
                    unit: unit(),
                    boot: key(0).boot,
                    check: Some(check()),
                    why: Refusal::NowClear,
                }),
            },
        ),
        (
            "v1/live_ended.json",
            LiveUp::Ended {
                signed: signed(&Ended {
                    unit: unit(),
                    view: view(),
                    why: End::Operator,
                    frames: 41,
                    lit_ms: 18_250,
                }),
            },
        ),
    ];
    for (name, word) in words {
        assert_golden(name, &word);
    }
}
