//! Leave that is not taken, and a home where nobody agrees to a look any more.

use super::*;
use crate::guard::commission::WAITS_MAX;
use crate::guard::consent::FORGET_AFTER;

#[test]
fn a_leave_that_is_not_taken_is_answered_and_no_order_is_used_up() {
    let mut home = Home::new();
    home.open(2);
    home.tell(leave(1));
    let answer = home.answer();
    let CommissionUp::NotTried(signed) = &answer else {
        panic!("{answer:?}");
    };
    let refused: NotTried = signed.open(&PublicKey::of(&key(EYE))).unwrap();
    let expected = (1, 0, NoTry::OldVersion);
    assert_eq!((refused.version, refused.number, refused.why), expected);
    assert_eq!(stands(&home), Some((2, Leave::Open)));
    for version in (3..).take(WAITS_MAX - 1) {
        home.tell(leave(version));
    }
    home.tell(leave(50));
    assert_eq!(home.not_tried(), NoTry::TooOften);
}

#[test]
fn whoever_may_not_give_leave_is_not_answered() {
    let mut home = Home::new();
    let CommissionDown::Leave(theirs) = leave(1) else {
        unreachable!("a leave");
    };
    let forged: Commissioning = serde_json::from_str(&theirs.document.body).unwrap();
    home.tell(CommissionDown::Leave(CommissionMessage {
        document: Signed::seal(&forged, &key([7; 32])),
        ..theirs
    }));
    home.ask(Ask::Try(WALK));
    // The first answer is the order's.
    assert_eq!(home.not_tried(), NoTry::NoLeave);
}

/// The hub says that nobody agrees to anything any more.
fn off(home: &mut Home, version: u32) {
    let policy = Policy {
        unit: "u0000001".parse().unwrap(),
        version,
        mode: Mode::Off,
        stopped: Vec::new(),
        from_ms: home.rig.now.timestamp,
        until_ms: home.rig.now.timestamp.after(Duration::from_secs(3600)),
    };
    let policy = PolicyMessage {
        policy: Signed::seal(&policy, &key(HUB)),
        endorsement: message().endorsement,
    };
    let told = Event::Told(ToEye::Policy(policy));
    assert!(home.rig.eye.apply(home.rig.now, told).is_continue());
}

#[test]
fn what_was_kept_of_a_home_and_can_be_read_no_more_is_forgotten_too() {
    let home = commissioned();
    let length = std::fs::metadata(home.file()).unwrap().len();
    std::fs::write(home.file(), vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
    let mut home = home.restart();
    assert_eq!(held(&home), None);
    off(&mut home, 1);
    let hour = Duration::from_secs(3600);
    assert!(home.rig.pass(FORGET_AFTER - hour).is_continue());
    let bytes = std::fs::read(home.file()).unwrap();
    assert!(bytes.iter().any(|byte| *byte != 0));
    assert!(home.rig.pass(hour + ALIVE_EVERY).is_continue());
    let bytes = std::fs::read(home.file()).unwrap();
    assert!(bytes.iter().all(|byte| *byte == 0));
}

#[test]
fn a_home_that_nobody_agrees_in_any_more_is_forgotten_and_not_at_once() {
    let mut home = commissioned();
    assert!(held(&home).is_some());
    off(&mut home, 1);
    let hour = Duration::from_secs(3600);
    assert!(home.rig.pass(FORGET_AFTER - hour).is_continue());
    assert!(held(&home).is_some(), "a mistake can still be undone");
    let word = |home: &Home| home.rig.eye.capability.as_ref().and_then(|it| it.word);
    let before = word(&home);
    assert!(home.rig.pass(hour + ALIVE_EVERY).is_continue());
    assert_eq!(held(&home), None);
    assert!(word(&home) > before, "what it says now is the later word");
    let bytes = std::fs::read(home.file()).unwrap();
    assert!(bytes.iter().all(|byte| *byte == 0));
    let home = home.restart();
    assert_eq!(held(&home), None);
}
