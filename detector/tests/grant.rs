//! The real eye's live view, and everybody who wants one without being asked to.
//!
//! One test is the way it is meant: unclear, asked, looked again, challenged, granted, shown to
//! one browser, ended; its picture is the room's. The others are attacks with real keys, each
//! refused with its reason in a document that the eye signed. What needs minutes to pass is
//! tested beside the eye.

#![cfg(feature = "live-view")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other answer fails the test"
)]

#[expect(
    clippy::allow_attributes,
    reason = "four test programs share it, and none uses all of it"
)]
#[allow(dead_code, reason = "four test programs share it")]
mod home;

use std::collections::HashSet;

use nattsyn_detector::guard::EASES_APART;
use nattsyn_detector::pair::{FromEye, ToEye};
use nattsyn_protocol::assertion::{Assertion, Base64};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::grant::{Challenge, FIRST_LOOK_AGAIN, GrantMessage};
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::live::{End, FRAME_BYTES, LiveDown, NUMBER_BYTES, Refusal};
use nattsyn_protocol::policy::Mode;
use nattsyn_protocol::signing::Signed;

use home::people::{Authenticator, Browser};
use home::{Home, IN_BED, STANDING, Word, check, policy, policy_message, read};

fn agreed() -> Home {
    let home = Home::new();
    home.agree_to_live_view(1);
    home
}

fn send(home: &Home, message: &GrantMessage) -> Word {
    home.say(&ToEye::Live(LiveDown::Grant(Box::new(message.clone()))));
    home.word()
}

#[track_caller]
fn assert_refused(word: Word, why: Refusal) {
    match word {
        Word::Refused(said) => assert_eq!(said, why),
        other => panic!("{why:?} expected, not {other:?}"),
    }
}

/// Frame after frame on the browser's credit; what was in each.
fn frames(home: &Home, name: &Base64, numbers: std::ops::RangeInclusive<u64>) -> Vec<Vec<u8>> {
    let frame = |frame| {
        let view = name.clone();
        home.say(&ToEye::Live(LiveDown::Credit { view, frame }));
        home.hear(|word| match word {
            FromEye::Frame(Base64(bytes)) => Some(bytes),
            FromEye::Live(up) => panic!("{:?}", read(&up)),
            _ => None,
        })
    };
    numbers.map(frame).collect()
}

#[test]
fn one_worker_sees_the_room_after_an_unclear_look_and_nobody_else_sees_anything() {
    let home = agreed();
    assert!(matches!(home.look(1).finding, Finding::Unclear(_)));
    home.say(&ToEye::Live(LiveDown::Ask { check: check() }));
    let again = home.report();
    assert!(matches!(again.finding, Finding::Unclear(_)));
    assert_eq!(again.look, FIRST_LOOK_AGAIN + 1);
    let Word::Challenge(challenge) = home.word() else {
        panic!("no challenge");
    };
    assert_eq!((challenge.look, challenge.check), (again.look, check()));
    assert_eq!(home.lamp(), "");

    let astrid = Authenticator::new("astrid", 1);
    let browser = Browser::new();
    let message = astrid.grant(&challenge, &browser.public);
    let Word::Opened(opened) = send(&home, &message) else {
        panic!("not opened");
    };
    assert_eq!(opened.view, challenge.nonce);
    assert_eq!(home.lamp(), "on\n");
    let viewer = browser.agree(&opened, &message);
    let sealed = frames(&home, &opened.view, 1..=3);
    for (number, frame) in (1..).zip(&sealed) {
        assert_eq!(frame.len(), FRAME_BYTES);
        let picture = viewer.open(number, frame).unwrap();
        let shown = image::load_from_memory(&picture).unwrap().to_luma8();
        assert_eq!(shown.dimensions(), (320, 240));
        assert!(shown.pixels().any(|pixel| pixel.0[0] > 40), "a dark room");
        assert!(viewer.open(number + 1, frame).is_none());
        // Nothing of it stands in what is sent, behind the number: seven zeros and a one stand in
        // every JPEG's tables.
        let parts: HashSet<&[u8]> = picture.windows(8).collect();
        let sealed = &frame[NUMBER_BYTES..];
        assert!(!sealed.windows(8).any(|part| parts.contains(part)));
    }
    // The same credit twice, and one for another frame or view, give nothing.
    for (name, frame) in [
        (&opened.view, 3),
        (&opened.view, 9),
        (&Base64(vec![0; 32]), 4),
    ] {
        let view = name.clone();
        home.say(&ToEye::Live(LiveDown::Credit { view, frame }));
    }
    let view = opened.view.clone();
    home.say(&ToEye::Live(LiveDown::End { view }));
    let Word::Ended(ended) = home.word() else {
        panic!("not ended");
    };
    assert_eq!((ended.why, ended.frames), (End::Operator, 3));
    assert_eq!(home.lamp(), "on\noff\n");
    assert!(
        !home
            .heard()
            .iter()
            .any(|it| matches!(it, FromEye::Frame(_)))
    );
    // Used twice.
    assert_refused(send(&home, &message), Refusal::NoChallenge);
    assert_eq!(home.lamp(), "on\noff\n");
}

/// Makes of a challenge another.
type Change = fn(&mut Challenge);

#[test]
fn a_grant_for_anything_else_is_refused_with_its_reason() {
    let home = agreed();
    let challenge = home.challenge();
    let astrid = Authenticator::new("astrid", 1);
    let browser = Browser::new();
    let changed = |change: fn(&mut Challenge)| {
        let mut other = challenge.clone();
        change(&mut other);
        astrid.grant(&other, &browser.public)
    };
    let others: [(Change, Refusal); 6] = [
        (
            |it| it.unit = "u0000002".parse().unwrap(),
            Refusal::AnotherUnit,
        ),
        (|it| it.boot = BootId(it.boot.0 ^ 1), Refusal::AnotherBoot),
        (|it| it.look += 1, Refusal::AnotherLook),
        (
            |it| it.check = "r0000001.20261121.2".parse().unwrap(),
            Refusal::AnotherLook,
        ),
        (|it| it.policy += 1, Refusal::AnotherPolicy),
        (|it| it.nonce.0[31] ^= 1, Refusal::NoChallenge),
    ];
    for (change, why) in others {
        assert_refused(send(&home, &changed(change)), why);
    }
    let good = astrid.grant(&challenge, &browser.public);
    for (message, why) in not_signed(&good, &astrid, &challenge, &browser) {
        assert_refused(send(&home, &message), why);
    }
    assert_eq!(home.lamp(), "");
    // The challenge was open all the while.
    assert!(matches!(send(&home, &good), Word::Opened(_)));
}

/// Grants whose signatures are not all that they should be.
fn not_signed(
    good: &GrantMessage,
    astrid: &Authenticator,
    challenge: &Challenge,
    browser: &Browser,
) -> Vec<(GrantMessage, Refusal)> {
    let with = |change: &dyn Fn(&mut GrantMessage)| {
        let mut message = good.clone();
        change(&mut message);
        message
    };
    let bertil = Authenticator::new("bertil", 1);
    let line = |it: &Authenticator| Signed::seal(&it.operator, &demonstration::root_key());
    let nobody = Assertion {
        credential: Base64(Vec::new()),
        authenticator: Base64(Vec::new()),
        client: Base64(Vec::new()),
        signature: Base64(Vec::new()),
    };
    let other_key = astrid.grant(challenge, &Browser::new().public);
    let mut own_line = Authenticator::new("astrid", 1);
    own_line.operator.credential = astrid.operator.credential.clone();
    let mut over = Authenticator::new("astrid", 1);
    over.operator.until_ms = nattsyn_protocol::time::Timestamp::from_ms(1_000).unwrap();
    vec![
        // Missing, another's, and the operator's own for another browser's key.
        (
            with(&|it| it.assertion = nobody.clone()),
            Refusal::NotTheOperators,
        ),
        (
            with(&|it| it.assertion = bertil.touch(&it.grant.body)),
            Refusal::NotTheOperators,
        ),
        (
            with(&|it| it.assertion = other_key.assertion.clone()),
            Refusal::NotTheOperators,
        ),
        // Another operator's line, and one that the hub made itself.
        (
            with(&|it| it.operator = line(&bertil)),
            Refusal::NotTheOperators,
        ),
        (
            with(&|it| {
                it.operator = Signed::seal(&own_line.operator, &home::hub_key());
                it.assertion = own_line.touch(&it.grant.body);
            }),
            Refusal::NotInTheRoster,
        ),
        (
            over.grant(challenge, &browser.public),
            Refusal::NotInTheRoster,
        ),
        // The hub's signature from another grant.
        (
            with(&|it| it.grant.signature = other_key.grant.signature.clone()),
            Refusal::NotTheHubs,
        ),
        (
            with(&|it| it.endorsement = it.operator.clone()),
            Refusal::NotTheHubs,
        ),
        (astrid.grant(challenge, &[4; 64]), Refusal::BadKey),
    ]
}

#[test]
fn a_viewers_key_that_is_no_point_of_the_curve_burns_the_challenge_and_lights_nothing() {
    let home = agreed();
    let challenge = home.challenge();
    let astrid = Authenticator::new("astrid", 1);
    let crooked = astrid.grant(&challenge, &[4; 65]);
    assert_refused(send(&home, &crooked), Refusal::BadKey);
    let good = astrid.grant(&challenge, &Browser::new().public);
    assert_refused(send(&home, &good), Refusal::NoChallenge);
    assert_eq!(home.lamp(), "");
}

#[test]
fn nobody_sees_who_is_visible() {
    let home = agreed();
    // Never looked at in this run.
    assert_refused(home.ask(), Refusal::NotUnclear);
    assert!(matches!(home.look(1).finding, Finding::Unclear(_)));
    // Back in bed when the eye looks again.
    home.show(IN_BED);
    home.say(&ToEye::Live(LiveDown::Ask { check: check() }));
    assert_eq!(home.report().finding, Finding::Visible);
    assert_refused(home.word(), Refusal::NowClear);
    assert_refused(home.ask(), Refusal::NotUnclear);
    assert_eq!(home.lamp(), "");
}

#[test]
fn any_other_look_a_restart_or_a_stricter_policy_ends_the_challenge() {
    let mut home = agreed();
    home.pass(EASES_APART);
    let astrid = Authenticator::new("astrid", 1);
    let grant = |challenge: &Challenge| astrid.grant(challenge, &Browser::new().public);
    let first = home.challenge();
    assert!(matches!(home.look(2).finding, Finding::Unclear(_)));
    assert_refused(send(&home, &grant(&first)), Refusal::NoChallenge);
    let Word::Challenge(second) = home.ask() else {
        panic!("no challenge");
    };
    assert!(second.look > first.look && second.nonce != first.nonce);
    // The same people, the same promise, and another version than the challenge's.
    home.give(policy_message(&policy(2, Mode::LiveView)));
    assert_refused(send(&home, &grant(&second)), Refusal::AnotherPolicy);
    home.restart();
    assert_refused(send(&home, &grant(&second)), Refusal::AnotherBoot);
    let third = home.challenge();
    home.give(policy_message(&policy(3, Mode::Sensor)));
    assert_refused(send(&home, &grant(&third)), Refusal::SensorOnly);
    assert_eq!(home.lamp(), "");
}

#[test]
fn an_older_roster_is_refused_once_a_newer_was_seen_also_after_a_restart() {
    let mut home = agreed();
    let (newer, older) = (
        Authenticator::new("astrid", 7),
        Authenticator::new("bertil", 6),
    );
    let challenge = home.challenge();
    let first = newer.grant(&challenge, &Browser::new().public);
    assert!(matches!(send(&home, &first), Word::Opened(_)));
    let view = challenge.nonce;
    home.say(&ToEye::Live(LiveDown::End { view }));
    assert!(matches!(home.word(), Word::Ended(_)));
    home.restart();
    let challenge = home.challenge();
    let second = older.grant(&challenge, &Browser::new().public);
    assert_refused(send(&home, &second), Refusal::NotInTheRoster);
}

#[test]
fn two_views_a_night_and_no_restart_gives_a_third() {
    let mut home = agreed();
    let astrid = Authenticator::new("astrid", 1);
    for _ in 0..2 {
        let challenge = home.challenge();
        let message = astrid.grant(&challenge, &Browser::new().public);
        assert!(matches!(send(&home, &message), Word::Opened(_)));
        home.restart();
    }
    assert!(matches!(home.look(3).finding, Finding::Unclear(_)));
    assert_refused(home.ask(), Refusal::TooManyViews);
    assert_eq!(home.lamp().matches("on\n").count(), 2);
}

#[test]
fn withdrawal_and_switch_end_a_view_at_the_next_frame() {
    let home = agreed();
    let astrid = Authenticator::new("astrid", 1);
    let open = |home: &Home| {
        let challenge = home.challenge();
        let message = astrid.grant(&challenge, &Browser::new().public);
        assert!(matches!(send(home, &message), Word::Opened(_)));
        frames(home, &challenge.nonce, 1..=1);
        challenge.nonce
    };
    let ended = |home: &Home| match home.word() {
        Word::Ended(ended) => (ended.why, ended.frames),
        other => panic!("{other:?}"),
    };
    let view = open(&home);
    home.switch("off");
    assert_eq!(ended(&home), (End::Switch, 1));
    let credit = |frame, view| ToEye::Live(LiveDown::Credit { view, frame });
    home.say(&credit(2, view));
    home.switch("on");
    home.show(STANDING);
    let paused = |home: &Home| home.look(2).finding == Finding::Paused;
    while paused(&home) {}
    let view = open(&home);
    home.say(&ToEye::Policy(policy_message(&policy(2, Mode::Sensor))));
    home.say(&credit(2, view));
    assert_eq!(ended(&home), (End::Withdrawn, 1));
    assert_eq!(home.lamp(), "on\noff\non\noff\n");
    assert!(
        !home
            .heard()
            .iter()
            .any(|it| matches!(it, FromEye::Frame(_)))
    );
}

#[test]
fn every_single_bit_of_a_grant_matters() {
    let home = agreed();
    let astrid = Authenticator::new("astrid", 1);
    let mut challenge = home.challenge();
    let mut flipped = 0;
    // A busy machine takes longer for all of them than a challenge is open: then the rest is
    // flipped in a grant for the next.
    let good = loop {
        let begun = home.now();
        let good = astrid.grant(&challenge, &Browser::new().public);
        let is_open = || home.now().since(begun).as_secs() < 40;
        for changed in flips(&good).skip(flipped).take_while(|_| is_open()) {
            let word = send(&home, &changed);
            assert!(matches!(word, Word::Refused(_)), "{changed:?}");
            flipped += 1;
        }
        if flipped >= flips(&good).count() {
            break good;
        }
        challenge = match home.ask() {
            Word::Challenge(challenge) => challenge,
            other => panic!("{other:?} after {flipped} flips"),
        };
    };
    assert!(flipped > 7_500, "{flipped}");
    assert_eq!(home.lamp(), "");
    // The challenge was open all the while.
    assert!(matches!(send(&home, &good), Word::Opened(_)), "{flipped}");
}

/// The grant with one bit changed, for every bit that leaves a text a text: what is none never
/// gets past the reader of the pair.
fn flips(good: &GrantMessage) -> impl Iterator<Item = GrantMessage> {
    let texts: [fn(&mut GrantMessage) -> &mut String; 6] = [
        |it| &mut it.grant.body,
        |it| &mut it.grant.signature,
        |it| &mut it.endorsement.body,
        |it| &mut it.endorsement.signature,
        |it| &mut it.operator.body,
        |it| &mut it.operator.signature,
    ];
    let bytes: [fn(&mut GrantMessage) -> &mut Vec<u8>; 4] = [
        |it| &mut it.assertion.credential.0,
        |it| &mut it.assertion.authenticator.0,
        |it| &mut it.assertion.client.0,
        |it| &mut it.assertion.signature.0,
    ];
    let in_text = texts.into_iter().flat_map(move |part| {
        let bits = part(&mut good.clone()).len() * 8;
        (0..bits).filter_map(move |bit| {
            let mut changed = good.clone();
            let mut text = part(&mut changed).clone().into_bytes();
            text[bit / 8] ^= 1 << (bit % 8);
            *part(&mut changed) = String::from_utf8(text).ok()?;
            Some(changed)
        })
    });
    let in_bytes = bytes.into_iter().flat_map(move |part| {
        let bits = part(&mut good.clone()).len() * 8;
        (0..bits).map(move |bit| {
            let mut changed = good.clone();
            part(&mut changed)[bit / 8] ^= 1 << (bit % 8);
            changed
        })
    });
    in_text.chain(in_bytes)
}
