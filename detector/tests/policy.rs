//! What the residents agreed to, enforced by the real eye against everybody who asks for more.
//!
//! Each attack is refused with its reason, in a document that the eye signed. How a live view
//! goes is tested in `grant.rs`; what must pass before time runs out, beside the eye.

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

use ed25519_dalek::SigningKey;
use nattsyn_detector::guard::EASES_APART;
use nattsyn_detector::pair::{FromEye, LastLook, Refusal as NoLook, ToEye};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::live::Refusal;
use nattsyn_protocol::policy::{Approval, Build, HeldPolicy, Mode, Policy};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use home::{Home, Word, check, endorsement, policy, policy_message};

fn held(version: u32, mode: Mode, approval: Approval) -> Option<HeldPolicy> {
    Some(HeldPolicy {
        version,
        mode,
        approval,
    })
}

#[track_caller]
fn assert_refused(home: &Home, why: Refusal) {
    match home.ask() {
        Word::Refused(said) => assert_eq!(said, why),
        other => panic!("{other:?}"),
    }
    assert_eq!(home.lamp(), "");
}

fn unclear(home: &Home, look: u8) {
    assert!(matches!(home.look(look).finding, Finding::Unclear(_)));
}

#[test]
fn without_a_policy_or_with_a_sensors_there_are_looks_and_no_pictures() {
    let home = Home::new();
    assert_eq!(home.at_start.build, Build::LiveView);
    assert_eq!(home.at_start.policy, None);
    unclear(&home, 1);
    assert_refused(&home, Refusal::NoPolicy);
    let sensor = home.give(policy_message(&policy(1, Mode::Sensor)));
    assert_eq!(sensor, held(1, Mode::Sensor, Approval::NotNeeded));
    assert_refused(&home, Refusal::SensorOnly);
    unclear(&home, 2);
}

#[test]
fn what_opens_more_waits_for_the_button_and_what_is_stricter_does_not() {
    let mut home = Home::new();
    unclear(&home, 1);
    let give = |home: &Home, version, mode| home.give(policy_message(&policy(version, mode)));
    let awaited = held(1, Mode::Sensor, Approval::Awaited);
    assert_eq!(give(&home, 1, Mode::LiveView), awaited);
    assert_refused(&home, Refusal::NotApproved);
    home.press();
    let approved = held(1, Mode::LiveView, Approval::NotNeeded);
    assert_eq!(home.capability().policy, approved);
    // Renewed: the same once more, and then not within the minute.
    let renewed = |version| held(version, Mode::LiveView, Approval::NotNeeded);
    assert_eq!(give(&home, 2, Mode::LiveView), renewed(2));
    assert_eq!(give(&home, 3, Mode::LiveView), renewed(2));
    home.pass(EASES_APART);
    assert_eq!(give(&home, 3, Mode::LiveView), renewed(3));
    let stricter = held(4, Mode::Sensor, Approval::NotNeeded);
    assert_eq!(give(&home, 4, Mode::Sensor), stricter);
    assert_refused(&home, Refusal::SensorOnly);
    home.pass(EASES_APART);
    // Twice a day nobody is waited for.
    let again = held(5, Mode::Sensor, Approval::Missed);
    assert_eq!(give(&home, 5, Mode::LiveView), again);
    home.press();
    assert_refused(&home, Refusal::NotApproved);
}

#[test]
fn an_older_policy_never_comes_back_also_after_a_restart_and_without_the_voice() {
    let mut home = Home::new();
    home.agree_to_live_view(2);
    let withdrawn = held(3, Mode::Sensor, Approval::NotNeeded);
    assert_eq!(
        home.give(policy_message(&policy(3, Mode::Sensor))),
        withdrawn
    );
    let older = policy_message(&policy(2, Mode::LiveView));
    assert_eq!(home.give(older.clone()), withdrawn);
    // This voice hands over the older one and keeps the newest to itself.
    home.restart();
    assert_eq!(home.at_start.policy, withdrawn);
    assert_eq!(home.give(older), withdrawn);
    // Nor another of the same version.
    let other = policy_message(&policy(3, Mode::LiveView));
    assert_eq!(home.give(other), withdrawn);
    home.press();
    unclear(&home, 1);
    assert_refused(&home, Refusal::SensorOnly);
}

#[test]
fn what_was_approved_stays_so_after_a_restart_and_what_was_not_is_missed() {
    let mut home = Home::new();
    home.agree_to_live_view(1);
    home.restart();
    let approved = held(1, Mode::LiveView, Approval::NotNeeded);
    assert_eq!(home.at_start.policy, approved);
    let mut home = Home::new();
    let awaited = held(3, Mode::Sensor, Approval::Awaited);
    let opening = policy_message(&policy(3, Mode::LiveView));
    assert_eq!(home.give(opening), awaited);
    home.restart();
    let missed = held(3, Mode::Sensor, Approval::Missed);
    assert_eq!(home.at_start.policy, missed);
    home.press();
    unclear(&home, 1);
    assert_refused(&home, Refusal::NotApproved);
}

#[test]
fn an_expired_policy_or_one_that_has_not_begun_shows_nothing_and_looks_go_on() {
    let mut home = Home::new();
    home.agree_to_live_view(1);
    unclear(&home, 1);
    home.pass(EASES_APART);
    let day = |day: &str| Timestamp(format!("2026-11-{day}T21:59:00Z").parse().unwrap());
    let expired = Policy {
        from_ms: day("20"),
        until_ms: day("21"),
        ..policy(2, Mode::LiveView)
    };
    let ended = held(2, Mode::Sensor, Approval::NotNeeded);
    assert_eq!(home.give(policy_message(&expired)), ended);
    assert_refused(&home, Refusal::PolicyNotInForce);
    home.pass(EASES_APART);
    let to_come = Policy {
        from_ms: day("22"),
        ..policy(3, Mode::LiveView)
    };
    home.give(policy_message(&to_come));
    assert_refused(&home, Refusal::PolicyNotInForce);
    unclear(&home, 2);
}

#[test]
fn with_no_known_time_nothing_is_shown() {
    // Before there was any unit: this clock was never set.
    let home = Home::at("2025-11-21T22:00:00Z");
    let opening = Policy {
        from_ms: Timestamp("2025-11-21T21:55:00Z".parse().unwrap()),
        until_ms: Timestamp("2025-11-28T22:00:00Z".parse().unwrap()),
        ..policy(1, Mode::LiveView)
    };
    // Whether it was just made nobody can tell, so nobody's hand opens it either.
    let missed = held(1, Mode::Sensor, Approval::Missed);
    assert_eq!(home.give(policy_message(&opening)), missed);
    home.press();
    assert_refused(&home, Refusal::NotApproved);
}

#[test]
fn nobody_is_looked_at_who_has_withdrawn_with_or_without_a_network() {
    let mut home = Home::new();
    home.agree_to_live_view(1);
    unclear(&home, 1);
    let stopped = Policy {
        stopped: vec![check().resident],
        ..policy(2, Mode::LiveView)
    };
    home.give(policy_message(&stopped));
    assert_refused(&home, Refusal::Withdrawn);
    let refused = |home: &Home| {
        home.say(&ToEye::Look {
            check: check(),
            look: 2,
        });
        home.hear(|word| match word {
            FromEye::Refused { why, .. } => Some(why),
            FromEye::Report(_) => panic!("a look was made"),
            _ => None,
        })
    };
    assert_eq!(refused(&home), NoLook::Withdrawn);
    home.restart();
    assert_eq!(refused(&home), NoLook::Withdrawn);
}

#[test]
fn a_policy_that_the_root_does_not_stand_behind_is_not_held() {
    let home = Home::new();
    let good = policy_message(&policy(5, Mode::Sensor));
    let strict = held(5, Mode::Sensor, Approval::NotNeeded);
    assert_eq!(home.give(good.clone()), strict);
    let stranger = SigningKey::from_bytes(&[9; 32]);
    let mut forged = good.clone();
    forged.policy = Signed::seal(&policy(6, Mode::LiveView), &stranger);
    assert_eq!(home.give(forged), strict);
    let mut elsewhere = policy(6, Mode::LiveView);
    elsewhere.unit = "u0000002".parse().unwrap();
    assert_eq!(home.give(policy_message(&elsewhere)), strict);
    let mut senseless = policy(6, Mode::LiveView);
    senseless.until_ms = senseless.from_ms;
    assert_eq!(home.give(policy_message(&senseless)), strict);
    // The root speaks of a new epoch; what was signed in the old one is over.
    let mut newer = policy_message(&policy(6, Mode::Sensor));
    newer.endorsement = endorsement(2);
    let renewed = held(6, Mode::Sensor, Approval::NotNeeded);
    assert_eq!(home.give(newer), renewed);
    let old_key = policy_message(&policy(7, Mode::LiveView));
    assert_eq!(home.give(old_key), renewed);
}

#[test]
fn the_switch_pauses_every_look_and_needs_nobody() {
    let home = Home::new();
    home.agree_to_live_view(1);
    unclear(&home, 1);
    home.switch("off");
    home.hear(|word| (word == alive(LastLook::Paused)).then_some(()));
    let before = home.now();
    let report = home.look(2);
    assert_eq!(report.finding, Finding::Paused);
    assert_eq!((report.check, report.look), (check(), 2));
    assert!(report.at_ms.since(before).as_secs() < 20, "at once");
    assert_refused(&home, Refusal::Paused);
    home.switch("on");
    home.hear(|word| (word == alive(LastLook::Fit)).then_some(()));
    assert_refused(&home, Refusal::NotUnclear);
    unclear(&home, 3);
}

fn alive(last_look: LastLook) -> FromEye {
    FromEye::Alive { last_look }
}
