//! What the voice passes on, keeps and drops of policy and live view.

use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::commission::{CommissionDown, CommissionMessage, CommissionUp};
use nattsyn_protocol::live::{FRAME_BYTES, LiveDown, LiveUp};
use nattsyn_protocol::policy::{
    Approval, Build, Capability, HeldPolicy, Mode, Policy, PolicyMessage,
};

use super::*;

fn policy(version: u32) -> PolicyMessage {
    policy_of(version, 1)
}

fn policy_of(version: u32, epoch: u32) -> PolicyMessage {
    let key = SigningKey::from_bytes(&[2; 32]);
    let policy = Policy {
        unit: "u0000001".parse().unwrap(),
        version,
        mode: Mode::Sensor,
        stopped: Vec::new(),
        from_ms: at(0).timestamp,
        until_ms: at(1_000_000).timestamp,
    };
    let endorsement = endorsement(epoch);
    PolicyMessage {
        policy: Signed::seal(&policy, &key),
        endorsement,
    }
}

fn endorsement(epoch: u32) -> Signed {
    let endorsement = Endorsement {
        key: PublicKey::of(&SigningKey::from_bytes(&[2; 32])),
        epoch,
    };
    Signed::seal(&endorsement, &SigningKey::from_bytes(&[1; 32]))
}

fn capable(version: Option<u32>) -> Signed {
    let capability = Capability {
        unit: "u0000001".parse().unwrap(),
        boot: BootId(7),
        build: Build::LiveView,
        policy: version.map(|version| HeldPolicy {
            version,
            mode: Mode::Sensor,
            approval: Approval::NotNeeded,
        }),
        thresholds: None,
        commissioning: None,
        commissioned: None,
        word: None,
    };
    Signed::seal(&capability, &SigningKey::from_bytes(&[3; 32]))
}

fn frame() -> FromEye {
    FromEye::Frame(Base64(vec![9; FRAME_BYTES]))
}

fn answer() -> LiveUp {
    LiveUp::Refused {
        signed: capable(None),
    }
}

impl Unit {
    /// The hellos that were sent since the last call.
    fn hellos(&mut self) -> Vec<Hello> {
        let sent = self.link.0.take();
        let hellos = sent
            .into_iter()
            .filter(|(channel, _)| *channel == Channel::Hello);
        hellos
            .map(|(_, body)| wire::decode(&body).unwrap())
            .collect()
    }
}

#[test]
fn a_policy_is_kept_once_the_eye_holds_it_and_given_to_every_eye_that_starts() {
    let mut unit = Unit::ready();
    unit.hear(Channel::Policy, wire::encode(&policy(3)));
    assert_eq!(unit.told(), [ToEye::Policy(policy(3))]);
    // Somebody who merely reaches the broker: the eye does not say that it holds it.
    unit.eye(FromEye::Capable(capable(None)));
    unit.eye(FromEye::Capable(capable(Some(3))));
    unit.hear(Channel::Policy, wire::encode(&policy(9)));
    let disk = unit.voice.outbox.disk().clone();
    let mut next = Unit::start(disk, 5);
    let given = next.told();
    assert_eq!(given[0], ToEye::Policy(policy(3)));
    assert!(!given.contains(&ToEye::Policy(policy(9))));
    next.eye(FromEye::Started { boot: BootId(8) });
    assert_eq!(next.told()[0], ToEye::Policy(policy(3)));
    // An older one is not even shown to it.
    next.hear(Channel::Policy, wire::encode(&policy(2)));
    assert!(next.told().is_empty());
}

#[test]
fn a_policy_of_a_later_key_takes_the_place_of_a_higher_version_of_the_one_before() {
    let mut unit = Unit::ready();
    unit.hear(Channel::Policy, wire::encode(&policy(9)));
    unit.eye(FromEye::Capable(capable(Some(9))));
    unit.told();
    let later = policy_of(3, 2);
    unit.hear(Channel::Policy, wire::encode(&later));
    assert_eq!(unit.told(), [ToEye::Policy(later.clone())]);
    unit.eye(FromEye::Capable(capable(Some(3))));
    // Of the key before, whatever its version, nothing that is no higher is shown.
    unit.hear(Channel::Policy, wire::encode(&policy(3)));
    assert!(unit.told().is_empty());
    // Nor does a restart bring it back, from whichever copy.
    let disk = unit.voice.outbox.disk().clone();
    let mut next = Unit::start(disk, 5);
    assert_eq!(next.told()[0], ToEye::Policy(later));
}

#[test]
fn a_plan_of_a_later_key_takes_the_place_of_a_higher_version_of_the_one_before() {
    let mut unit = Unit::ready();
    unit.hear(Channel::Plan, wire::encode(&plan_message(9)));
    unit.hold_plan(9);
    unit.told();
    let later = PlanMessage {
        endorsement: endorsement(2),
        ..plan_message(3)
    };
    unit.hear(Channel::Plan, wire::encode(&later));
    assert_eq!(unit.told(), [ToEye::Plan(later.clone())]);
    unit.hold_plan(3);
    unit.hear(Channel::Plan, wire::encode(&plan_message(3)));
    assert!(unit.told().is_empty());
    let disk = unit.voice.outbox.disk().clone();
    let mut next = Unit::start(disk, 5);
    assert!(next.told().contains(&ToEye::Plan(later)));
}

/// The voice cannot tell whether an endorsement is the root's. A version that the eye holds
/// already would be confirmed whoever signed it, so it is never taken a second time.
#[test]
fn a_message_that_claims_a_later_key_displaces_nothing_of_the_same_version() {
    let mut unit = Unit::ready();
    unit.hear(Channel::Policy, wire::encode(&policy(9)));
    unit.eye(FromEye::Capable(capable(Some(9))));
    unit.hear(Channel::Plan, wire::encode(&plan_message(9)));
    unit.hold_plan(9);
    unit.told();
    let forged = PlanMessage {
        endorsement: endorsement(u32::MAX),
        ..plan_message(9)
    };
    unit.hear(Channel::Policy, wire::encode(&policy_of(9, u32::MAX)));
    unit.hear(Channel::Plan, wire::encode(&forged));
    assert!(unit.told().is_empty());
    unit.eye(FromEye::Capable(capable(Some(9))));
    unit.hold_plan(9);
    let disk = unit.voice.outbox.disk().clone();
    let mut next = Unit::start(disk, 5);
    let told = next.told();
    assert!(told.contains(&ToEye::Policy(policy(9))), "{told:?}");
    assert!(told.contains(&ToEye::Plan(plan_message(9))), "{told:?}");
}

#[test]
fn what_the_eye_says_of_itself_is_in_a_hello_whenever_it_changes() {
    let mut unit = Unit::ready();
    unit.eye(FromEye::Capable(capable(Some(3))));
    unit.eye(FromEye::Capable(capable(Some(3))));
    let hellos = unit.hellos();
    assert_eq!(hellos.len(), 1);
    assert_eq!(hellos[0].eye, Some(capable(Some(3))));
    unit.eye(FromEye::Capable(capable(Some(4))));
    assert_eq!(unit.hellos()[0].eye, Some(capable(Some(4))));
}

#[test]
fn requests_go_to_the_eye_and_answers_to_the_hub() {
    let mut unit = Unit::ready();
    let ask = LiveDown::Ask { check: check() };
    unit.hear(Channel::LiveDown, wire::encode(&ask));
    assert_eq!(unit.told(), [ToEye::Live(ask)]);
    unit.eye(FromEye::Live(answer()));
    unit.eye(frame());
    assert_eq!(unit.taken(), [Channel::LiveUp, Channel::Frame]);
}

#[test]
fn commissioning_goes_through_unread_and_rubbish_is_dropped() {
    let mut unit = Unit::ready();
    let message = CommissionMessage {
        document: capable(None),
        endorsement: endorsement(1),
    };
    for word in [
        CommissionDown::Leave(message.clone()),
        CommissionDown::Order(message),
    ] {
        unit.hear(Channel::CommissionDown, wire::encode(&word));
        assert_eq!(unit.told(), [ToEye::Commission(word)]);
    }
    unit.eye(FromEye::Commission(CommissionUp::Tried(capable(None))));
    assert_eq!(unit.taken(), [Channel::CommissionUp]);
    let before = unit.voice.dropped();
    unit.hear(Channel::CommissionDown, vec![b' '; wire::BODY_MAX + 1]);
    unit.hear(Channel::CommissionDown, b"{\"v\":1,\"leave\":7}".to_vec());
    // Nor does anybody else's answer come down.
    let up = CommissionUp::Tried(capable(None));
    unit.hear(Channel::CommissionUp, wire::encode(&up));
    assert_eq!(unit.voice.dropped() - before, 3);
    assert!(unit.told().is_empty());
    // Nothing of it is kept: an answer that finds no link is gone.
    unit.link(LinkEvent::Down);
    unit.eye(FromEye::Commission(CommissionUp::Tried(capable(None))));
    unit.link(LinkEvent::Up);
    assert_eq!(unit.taken(), [Channel::Hello]);
}

#[test]
fn a_look_that_is_due_while_the_unit_is_tried_out_is_waited_for_longer() {
    let mut unit = Unit::ready();
    unit.pass(59, Some(LastLook::Fit));
    let order = CommissionDown::Order(CommissionMessage {
        document: capable(None),
        endorsement: endorsement(1),
    });
    unit.hear(Channel::CommissionDown, wire::encode(&order));
    unit.pass(62, Some(LastLook::Fit));
    unit.taken();
    unit.pass(60 + 69, Some(LastLook::Fit));
    assert!(!unit.taken().contains(&Channel::Notice));
    unit.pass(60 + 72, Some(LastLook::Fit));
    assert!(unit.taken().contains(&Channel::Notice));
}

#[test]
fn a_frame_is_dropped_and_never_queued_without_a_link_or_before_a_report() {
    let mut unit = Unit::ready();
    unit.link(LinkEvent::Down);
    unit.eye(frame());
    unit.eye(FromEye::Live(answer()));
    unit.eye(FromEye::Report(report(1, Finding::NotVisible)));
    unit.link(LinkEvent::Up);
    assert_eq!(unit.taken(), [Channel::Hello, Channel::Report]);
    // As many reports under way as may be: the next one waits, and comes before any frame.
    for counter in 2..=u64::try_from(sending::WINDOW).unwrap() + 1 {
        unit.eye(FromEye::Report(report(counter, Finding::NotVisible)));
    }
    unit.taken();
    unit.eye(frame());
    assert!(!unit.taken().contains(&Channel::Frame));
    unit.hear(Channel::Ack, ack(1));
    assert_eq!(unit.taken(), [Channel::Report]);
    unit.eye(frame());
    assert_eq!(unit.taken(), [Channel::Frame]);
}

#[test]
fn what_is_no_sealed_frame_is_not_passed_on() {
    let mut unit = Unit::ready();
    unit.eye(FromEye::Frame(Base64(vec![9; FRAME_BYTES - 1])));
    assert!(unit.taken().is_empty());
}

#[test]
fn no_frame_and_no_answer_is_on_the_disk() {
    let mut unit = Unit::ready();
    unit.eye(frame());
    unit.eye(FromEye::Live(answer()));
    let before = unit.voice.outbox.waiting();
    unit.pass(120, Some(LastLook::Fit));
    assert_eq!(unit.voice.outbox.waiting(), before);
}

#[test]
fn a_paused_unit_says_so_in_its_heartbeat() {
    let mut unit = Unit::ready();
    unit.pass(121, Some(LastLook::Paused));
    let sent = unit.link.0.take();
    let beats = sent
        .into_iter()
        .filter(|(channel, _)| *channel == Channel::Heartbeat);
    let states: Vec<EyeState> = beats
        .map(|(_, body)| wire::decode::<Heartbeat>(&body).unwrap().eye)
        .collect();
    assert_eq!(states.last(), Some(&EyeState::Paused));
}

#[test]
fn a_look_before_a_live_view_leaves_the_plans_own_looks_due() {
    let mut unit = Unit::ready();
    unit.pass(62, Some(LastLook::Fit));
    assert_eq!(unit.told(), [look(1)]);
    unit.eye(FromEye::Report(report(1, Finding::NotVisible)));
    let mut again: Report = serde_json::from_str(&report(2, Finding::NotVisible).body).unwrap();
    again.look = 201;
    let signed = Signed::seal(&again, &SigningKey::from_bytes(&[3; 32]));
    unit.eye(FromEye::Report(signed));
    unit.pass(62 + 130, Some(LastLook::Fit));
    assert_eq!(unit.told(), [look(2)]);
}

#[test]
fn a_look_that_is_due_while_somebody_looks_on_is_waited_for_longer() {
    let mut unit = Unit::ready();
    unit.pass(59, Some(LastLook::Fit));
    let ask = LiveDown::Ask { check: check() };
    unit.hear(Channel::LiveDown, wire::encode(&ask));
    unit.pass(62, Some(LastLook::Fit));
    assert_eq!(unit.told(), [ToEye::Live(ask), look(1)]);
    unit.taken();
    unit.pass(60 + 69, Some(LastLook::Fit));
    assert!(!unit.taken().contains(&Channel::Notice));
    unit.pass(60 + 72, Some(LastLook::Fit));
    assert!(unit.taken().contains(&Channel::Notice));
}
