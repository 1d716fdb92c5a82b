//! Live views played through: what goes on, what is not taken, and what ends them.

use std::time::Duration;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;

use nattsyn_protocol::assertion::{Assertion, Base64, Operator, sha256};
use nattsyn_protocol::grant::{Challenge, FIRST_LOOK_AGAIN, Grant};
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::live::{End, Ended, LiveDown, Opened, Refusal, Refused};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::Heard;
use super::book::{Asked, Over, Restored, Step, Unanswered, ViewId};
use super::operators::Entitled;
use super::view::{Effect, LOOK_WITHIN, NotTaken, Phase, Seat, Taken, View};
use super::views::{AskRefused, SAID_WITHIN, Views};
use crate::ingest::LiveSaid;
use crate::staff::Fingerprint;

const ORIGIN: &str = "https://natt.example";

fn now(s: u64) -> Uptime {
    Uptime(Duration::from_secs(s))
}

pub(super) fn asked(row: i64) -> Asked {
    Asked {
        row,
        check: "r0000001.20261121.1".parse().unwrap(),
        unit: "u0000001".parse().unwrap(),
        by: "natt-001".parse().unwrap(),
    }
}

pub(super) fn seat(number: u8) -> Seat {
    Some(Fingerprint::kept([number; 32]))
}

/// Anna, and her authenticator.
pub(super) struct Anna(EcdsaKeyPair);

impl Anna {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let secret = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(kind, secret.as_ref(), &random).unwrap())
    }

    pub(super) fn entitled(&self) -> Entitled {
        let operator = Operator {
            id: "natt-001".to_owned(),
            roster: 1,
            credential: Base64(vec![1; 16]),
            key: Base64(self.0.public_key().as_ref().to_vec()),
            host: "natt.example".to_owned(),
            origin: ORIGIN.to_owned(),
            until_ms: Timestamp::from_ms(2_000_000_000_000).unwrap(),
        };
        Entitled {
            line: Signed::seal(&operator, &SigningKey::from_bytes(&[5; 32])),
            operator,
        }
    }

    pub(super) fn signs(&self, body: &str) -> Assertion {
        let client = format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"{ORIGIN}"}}"#,
            URL_SAFE_NO_PAD.encode(Grant::digest(body))
        );
        let there = [1 | 1 << 2, 0, 0, 0, 0];
        let authenticator = [&sha256(b"natt.example")[..], &there].concat();
        let signed = [&authenticator[..], &sha256(client.as_bytes())].concat();
        let signature = self.0.sign(&SystemRandom::new(), &signed).unwrap();
        Assertion {
            credential: Base64(vec![1; 16]),
            authenticator: Base64(authenticator),
            client: Base64(client.into_bytes()),
            signature: Base64(signature.as_ref().to_vec()),
        }
    }
}

pub(super) fn challenge() -> Challenge {
    Challenge {
        unit: asked(1).unit,
        boot: BootId(1),
        check: asked(1).check,
        look: FIRST_LOOK_AGAIN,
        policy: 1,
        nonce: Base64(vec![7; 32]),
    }
}

pub(super) fn opened(nonce: u8) -> LiveSaid {
    LiveSaid::Opened(Opened {
        unit: asked(1).unit,
        view: Base64(vec![nonce; 32]),
        key: Base64(vec![4; 65]),
        for_ms: 90_000,
    })
}

fn ended(nonce: u8, why: End) -> LiveSaid {
    LiveSaid::Ended(Ended {
        unit: asked(1).unit,
        view: Base64(vec![nonce; 32]),
        why,
        frames: 9,
        lit_ms: 4_000,
    })
}

fn body(view: &View) -> String {
    let Phase::Challenged {
        body: Some(body), ..
    } = view.phase()
    else {
        panic!("{:?} has no grant to sign", view.phase());
    };
    body.clone()
}

/// A view that waits for Anna's word.
fn challenged(anna: &Anna) -> View {
    let (mut view, _) = View::ask(now(0), asked(1), seat(1), anna.entitled());
    view.handle_key(Base64(vec![4; 65])).unwrap();
    let taken = view.handle_said(now(5), LiveSaid::Challenge(challenge()));
    let looked = Effect::Write(Step::Challenged(FIRST_LOOK_AGAIN));
    assert_eq!(taken, Taken::Yes(vec![looked]));
    view
}

/// A view whose lamp is on.
fn open(anna: &Anna) -> View {
    let mut view = challenged(anna);
    let assertion = anna.signs(&body(&view));
    view.handle_assertion(now(10), assertion).unwrap();
    assert!(matches!(
        view.handle_said(now(11), opened(7)),
        Taken::Yes(_)
    ));
    view
}

#[test]
fn every_step_is_written_before_it_is_sent_or_shown() {
    let anna = Anna::new();
    let (mut view, first) = View::ask(now(0), asked(1), seat(1), anna.entitled());
    let ask = LiveDown::Ask {
        check: asked(1).check,
    };
    assert_eq!(first, [Effect::Say(ask)], "who asked is written already");
    view.handle_said(now(5), LiveSaid::Challenge(challenge()));
    view.handle_key(Base64(vec![4; 65])).unwrap();
    let text = body(&view);
    let assertion = anna.signs(&text);
    let effects = view.handle_assertion(now(9), assertion.clone()).unwrap();
    let written = Effect::Write(Step::Granted(Base64(vec![7; 32])));
    assert_eq!(effects, [written, Effect::Grant(text, assertion)]);
    let shown = view.handle_said(now(10), opened(7));
    let pass = vec![Effect::Write(Step::Opened), Effect::Pass];
    assert_eq!(shown, Taken::Yes(pass));
    let over = Over::Ended {
        why: End::Time,
        frames: 9,
        lit_ms: 4_000,
    };
    let last = view.handle_said(now(40), ended(7, End::Time));
    let stop = vec![Effect::Stop, Effect::Write(Step::Over(over))];
    assert_eq!(last, Taken::Yes(stop));
    assert_eq!(view.next_timeout(), None);
}

#[test]
fn pictures_are_promised_for_half_a_minute_whatever_a_unit_says() {
    let anna = Anna::new();
    let view = open(&anna);
    let Phase::Open { shown_for, .. } = view.phase() else {
        panic!("{:?}", view.phase());
    };
    assert_eq!(*shown_for, Duration::from_secs(30));
}

#[test]
fn a_challenge_for_anything_else_than_was_asked_is_not_taken() {
    let anna = Anna::new();
    let honest = challenge();
    let others = [
        Challenge {
            unit: "u0000002".parse().unwrap(),
            ..honest.clone()
        },
        Challenge {
            check: "r0000001.20261121.2".parse().unwrap(),
            ..honest.clone()
        },
        Challenge {
            look: 5,
            ..honest.clone()
        },
        Challenge {
            nonce: Base64(vec![7; 31]),
            ..honest
        },
    ];
    for other in others {
        let (mut view, _) = View::ask(now(0), asked(1), seat(1), anna.entitled());
        let taken = view.handle_said(now(1), LiveSaid::Challenge(other.clone()));
        assert_eq!(
            (taken, view.phase()),
            (Taken::No, &Phase::Looking),
            "{other:?}"
        );
    }
    let mut view = challenged(&anna);
    let again = view.handle_said(now(6), LiveSaid::Challenge(challenge()));
    assert_eq!(
        again,
        Taken::No,
        "a second challenge takes no other's place"
    );
}

#[test]
fn what_comes_out_of_turn_or_for_another_view_is_not_taken() {
    let anna = Anna::new();
    let mut view = challenged(&anna);
    for said in [opened(7), ended(7, End::Time)] {
        assert_eq!(view.handle_said(now(6), said), Taken::No);
    }
    let mut view = open(&anna);
    let refused = LiveSaid::Refused(Refused {
        unit: asked(1).unit,
        boot: BootId(1),
        check: None,
        why: Refusal::Busy,
    });
    for said in [opened(7), ended(8, End::Time), refused] {
        assert_eq!(view.handle_said(now(12), said), Taken::No);
    }
    assert!(matches!(view.phase(), Phase::Open { .. }));
}

#[test]
fn nobody_elses_word_and_none_for_another_grant_sends_one() {
    let (anna, bo) = (Anna::new(), Anna::new());
    let mut view = challenged(&anna);
    let text = body(&view);
    let for_another = anna.signs(&text.replace("natt-001", "natt-002"));
    for assertion in [bo.signs(&text), for_another] {
        let taken = view.handle_assertion(now(9), assertion);
        assert!(
            matches!(taken, Err(NotTaken::NotTheOperators(_))),
            "{taken:?}"
        );
        assert_eq!(body(&view), text, "it waits for hers");
    }
    let hers = anna.signs(&text);
    assert!(view.handle_assertion(now(9), hers.clone()).is_ok());
    let twice = view.handle_assertion(now(9), hers);
    assert_eq!(twice, Err(NotTaken::OutOfTurn));
}

#[test]
fn a_browser_has_one_key_and_it_cannot_be_changed_for_another() {
    let anna = Anna::new();
    let mut view = challenged(&anna);
    let text = body(&view);
    let other = view.handle_key(Base64(vec![5; 65]));
    assert_eq!(other, Err(NotTaken::OutOfTurn));
    assert_eq!(body(&view), text);
    let (mut fresh, _) = View::ask(now(0), asked(1), seat(1), anna.entitled());
    assert_eq!(fresh.handle_key(Base64(vec![4; 64])), Err(NotTaken::NoKey));
}

#[test]
fn every_wait_ends_by_itself() {
    let anna = Anna::new();
    let (mut asked_only, _) = View::ask(now(0), asked(1), seat(1), anna.entitled());
    let early = asked_only.handle_timeout(now(LOOK_WITHIN.as_secs() - 1));
    assert_eq!(early, []);
    let mut granted = challenged(&anna);
    let assertion = anna.signs(&body(&granted));
    granted.handle_assertion(now(10), assertion).unwrap();
    for (view, over) in [
        (&mut asked_only, Over::NoAnswer),
        (&mut challenged(&anna), Over::NotSigned),
        (&mut granted, Over::NoAnswer),
        (&mut open(&anna), Over::Lost),
    ] {
        let until = view.next_timeout().unwrap();
        let effects = view.handle_timeout(until);
        assert_eq!(
            effects[..2],
            [Effect::Stop, Effect::Write(Step::Over(over))]
        );
        assert_eq!(view.phase(), &Phase::Over(over));
    }
}

#[test]
fn a_step_that_cannot_be_written_ends_the_view_at_the_unit_too() {
    let anna = Anna::new();
    let mut view = open(&anna);
    let end = LiveDown::End {
        view: Base64(vec![7; 32]),
    };
    let effects = view.handle_unwritten();
    assert_eq!(effects, [Effect::Say(end), Effect::Stop]);
    assert_eq!(view.phase(), &Phase::Over(Over::NotWritten));
}

#[test]
fn a_view_is_its_sessions_and_one_goes_on_at_a_time() {
    let anna = Anna::new();
    let mut views = Views::default();
    let id = ViewId(1);
    let _ = views.begin(now(0), id, (asked(1), seat(1)), anna.entitled());
    assert!(views.of(id, seat(1)).is_some());
    for other in [seat(2), None] {
        assert!(views.of(id, other).is_none(), "{other:?}");
        assert!(views.of_mut(id, other).is_none(), "{other:?}");
    }
    assert_eq!(views.may_ask(&asked(2), seat(2)), Err(AskRefused::Busy));
    let elsewhere = Asked {
        unit: "u0000002".parse().unwrap(),
        ..asked(2)
    };
    let same_session = views.may_ask(&elsewhere, seat(1));
    assert_eq!(same_session, Err(AskRefused::OneAtATime));
    assert_eq!(views.may_ask(&elsewhere, seat(2)), Ok(()));
    let over = views.handle_timeout(now(1_000));
    assert_eq!(over.len(), 2, "it ended");
    assert_eq!(views.may_ask(&asked(2), seat(1)), Ok(()));
}

#[test]
fn a_row_that_was_seen_waits_for_an_answer_also_after_a_restart() {
    let opened = Timestamp::from_ms(1_795_000_000_000).unwrap();
    let unanswered = Unanswered {
        view: ViewId(1),
        asked: asked(1),
        opened,
    };
    let mut views = Views::restore(Restored {
        unanswered: vec![unanswered.clone()],
        ..Restored::default()
    });
    let refused = views.may_ask(&asked(1), seat(1));
    assert_eq!(refused, Err(AskRefused::Unanswered));
    assert_eq!(views.may_ask(&asked(2), seat(1)), Ok(()));
    assert_eq!(views.unanswered(1), Some(&unanswered));
    views.answered(1);
    assert_eq!(views.may_ask(&asked(1), seat(1)), Ok(()));
}

#[test]
fn what_nobody_said_of_a_row_that_was_closed_is_left_until_that_is_written() {
    let unanswered = Unanswered {
        view: ViewId(1),
        asked: asked(1),
        opened: Timestamp::from_ms(1_795_000_000_000).unwrap(),
    };
    let mut views = Views::restore(Restored {
        unanswered: vec![unanswered.clone()],
        ..Restored::default()
    });
    let minute = SAID_WITHIN.as_secs();
    assert_eq!(views.left(now(0), |_| true), [], "somebody may say it yet");
    assert_eq!(
        views.left(now(10), |_| false),
        [],
        "the word may be under way"
    );
    assert!(views.unanswered(1).is_some());
    let late = now(10 + minute);
    assert_eq!(views.next_timeout(), Some(late));
    assert_eq!(
        views.left(late, |_| false),
        std::slice::from_ref(&unanswered)
    );
    assert_eq!(views.left(late, |_| false), [], "not at every turn");
    assert_eq!(views.left(now(10 + 2 * minute), |_| false), [unanswered]);
    views.answered(1);
    assert_eq!(views.next_timeout(), None);
}

#[test]
fn a_view_whose_pictures_are_not_agreed_to_any_more_ends_at_once_and_says_so_once() {
    let anna = Anna::new();
    let end = LiveDown::End {
        view: Base64(vec![7; 32]),
    };
    let over = Effect::Write(Step::Over(Over::NotAgreed));
    let mut view = open(&anna);
    assert_eq!(
        view.handle_not_agreed(),
        [Effect::Say(end), Effect::Stop, over.clone()]
    );
    assert_eq!(view.handle_not_agreed(), []);
    let mut views = Views::default();
    let id = ViewId(1);
    let _ = views.begin(now(0), id, (asked(1), seat(1)), anna.entitled());
    assert_eq!(views.handle_agreed(|unit| unit == asked(1).unit), []);
    assert_eq!(
        views.handle_agreed(|_| false),
        [(id, Effect::Stop), (id, over)]
    );
}

#[test]
fn a_unit_that_says_hello_while_its_pictures_come_was_away_and_the_view_ends() {
    let anna = Anna::new();
    let lit = Timestamp::from_ms(1_795_000_000_000).unwrap();
    let later = lit.after(Duration::from_millis(1));
    let id = ViewId(1);
    let mut views = Views::default();
    let _ = views.begin(now(0), id, (asked(1), seat(1)), anna.entitled());
    *views.of_mut(id, seat(1)).unwrap() = open(&anna);
    assert_eq!(views.handle_hellos(|_| Some(later)), [], "not lit yet");
    views.written(id, lit, &Step::Opened);
    assert_eq!(views.handle_hellos(|_| Some(lit)), [], "before it was lit");
    assert_eq!(views.handle_hellos(|_| None), []);
    // Somebody else wrote down how the row is: the pictures still come.
    views.answered(asked(1).row);
    let end = LiveDown::End {
        view: Base64(vec![7; 32]),
    };
    let over = Effect::Write(Step::Over(Over::Lost));
    let expected = [Effect::Say(end), Effect::Stop, over].map(|effect| (id, effect));
    assert_eq!(views.handle_hellos(|_| Some(later)), expected);
    assert_eq!(views.handle_hellos(|_| Some(later)), [], "said once");
}

#[test]
fn an_answer_that_no_view_waits_for_is_none() {
    let mut views = Views::default();
    let unit = asked(1).unit;
    let heard = Heard {
        unit,
        said: LiveSaid::Challenge(challenge()),
    };
    assert_eq!(views.handle_heard(now(0), heard), None);
}
