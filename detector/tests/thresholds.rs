//! The home's thresholds, worked by in the real eye, and the counts that it tells of a night.
//!
//! Whoever hands thresholds over has the hub's own key where nothing else is said. What a level
//! means, how versions and epochs go and how a look's frames are fused is tested beside the code;
//! here a whole program is told, looks at rooms, is killed and told again.

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

use std::time::Duration;

use ed25519_dalek::SigningKey;
use nattsyn_calibration::grid::Bin;
use nattsyn_calibration::home::{Said, said};
use nattsyn_detector::guard::LOWERED_APART;
use nattsyn_detector::pair::ToEye;
use nattsyn_protocol::finding::{Finding, Reason};
use nattsyn_protocol::ids::{CheckId, WindowKey};
use nattsyn_protocol::labels::{Found, Label, LabelMessage, Labelled};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{
    HeldThresholds, HomeThresholds, NEVER, NightCounts, ThresholdsMessage,
};
use nattsyn_protocol::wire;

use home::{Home, IN_BED, NOBODY, STANDING, endorsement, hub_key, opened, plan};

const WEAK: Finding = Finding::Unclear(Reason::WeakEvidence);

/// Well below what the shipped model asks for: *visible* from level 43, *not visible* from 42.
const LAX: (u8, u8) = (31, 33);

/// A little above it: whoever lies in full view in these rooms passes.
const STRICT: (u8, u8) = (44, 44);

/// When thresholds are taken again that lower a level: the eye hears of the time a little later
/// than it passes here.
const PACED: Duration = LOWERED_APART.saturating_mul(2);

fn thresholds(version: u32, levels: (u8, u8)) -> HomeThresholds {
    HomeThresholds {
        unit: "u0000001".parse().unwrap(),
        version,
        visible: levels.0,
        not_visible: levels.1,
        anew: 0,
    }
}

fn sealed(thresholds: &HomeThresholds) -> ThresholdsMessage {
    ThresholdsMessage {
        thresholds: Signed::seal(thresholds, &hub_key()),
        endorsement: endorsement(1),
    }
}

fn message(version: u32, levels: (u8, u8)) -> ThresholdsMessage {
    sealed(&thresholds(version, levels))
}

/// Hands thresholds over; which the eye then says that it works by.
fn give(home: &Home, message: ThresholdsMessage) -> Option<u32> {
    home.say(&ToEye::Thresholds(message));
    let held = home.capability().thresholds;
    held.map(|held| held.version)
}

#[test]
fn a_stricter_pair_holds_from_the_next_look_and_a_laxer_one_changes_nothing() {
    let mut home = Home::new();
    home.show(IN_BED);
    assert_eq!(home.look(1).finding, Finding::Visible);
    assert_eq!(give(&home, message(1, LAX)), Some(1));
    assert_eq!(home.look(2).finding, Finding::Visible);
    assert_eq!(give(&home, message(2, STRICT)), Some(2));
    assert_eq!(home.look(3).finding, Finding::Visible);
    assert_eq!(give(&home, message(3, (NEVER, 44))), Some(3));
    assert_eq!(home.look(4).finding, WEAK);
    // Somebody beside the bed is no matter of levels.
    home.show(STANDING);
    let outside = Finding::Unclear(Reason::OutsideSleepingPlace);
    assert_eq!(home.look(5).finding, outside);
    // What takes less away comes once a minute, the first of it at once.
    home.show(IN_BED);
    assert_eq!(give(&home, message(4, STRICT)), Some(4));
    assert_eq!(give(&home, message(5, LAX)), Some(4));
    home.pass(PACED);
    assert_eq!(give(&home, message(5, LAX)), Some(5));
    assert_eq!(home.look(6).finding, Finding::Visible);
}

#[test]
fn a_pair_that_comes_during_a_look_counts_from_the_next() {
    let home = Home::new();
    home.show(IN_BED);
    home.say(&ToEye::Look {
        check: home::check(),
        look: 1,
    });
    home.say(&ToEye::Thresholds(message(1, (NEVER, NEVER))));
    assert_eq!(home.report().finding, Finding::Visible);
    assert_eq!(home.look(2).finding, WEAK);
}

#[test]
fn never_says_neither_word_and_outlives_a_restart_without_the_voice() {
    let mut home = Home::new();
    home.show(NOBODY);
    assert_eq!(home.look(1).finding, Finding::NotVisible);
    assert_eq!(give(&home, message(7, (NEVER, NEVER))), Some(7));
    assert_eq!(home.look(2).finding, WEAK);
    // This voice hands over nothing, and then what is older.
    home.restart();
    assert_eq!(
        home.at_start.thresholds,
        Some(HeldThresholds {
            version: 7,
            visible: Some(NEVER),
            not_visible: Some(NEVER),
            ..HeldThresholds::default()
        })
    );
    assert_eq!(home.look(3).finding, WEAK);
    assert_eq!(give(&home, message(6, LAX)), Some(7));
    home.show(IN_BED);
    assert_eq!(home.look(4).finding, WEAK);
}

#[test]
fn thresholds_that_are_not_the_hubs_or_make_no_sense_are_not_held() {
    let home = Home::new();
    assert_eq!(home.at_start.thresholds, None);
    let crossed = message(6, (20, 20));
    assert_eq!(give(&home, crossed.clone()), None);
    assert_eq!(give(&home, message(5, STRICT)), Some(5));
    let stranger = SigningKey::from_bytes(&[9; 32]);
    let mut forged = message(6, LAX);
    forged.thresholds = Signed::seal(&thresholds(6, LAX), &stranger);
    let elsewhere = HomeThresholds {
        unit: "u0000002".parse().unwrap(),
        ..thresholds(6, LAX)
    };
    // It claims a key of a later epoch, which nobody but the root can give.
    let mut claimed = message(6, LAX);
    claimed.endorsement.body = endorsement(9).body;
    for refused in [
        message(4, LAX),
        message(5, LAX),
        message(0, LAX),
        forged,
        sealed(&elsewhere),
        claimed,
        crossed,
        message(6, (65, 65)),
    ] {
        assert_eq!(give(&home, refused.clone()), Some(5), "{refused:?}");
    }
    // The root speaks of a new epoch; what was signed in the one before is over.
    let mut newer = message(1, STRICT);
    newer.endorsement = endorsement(2);
    assert_eq!(give(&home, newer), Some(1));
    assert_eq!(give(&home, message(9, LAX)), Some(1));
}

#[test]
fn with_the_hubs_own_key_nobody_makes_it_say_a_word_that_the_model_does_not() {
    let mut home = Home::new();
    let pairs = [
        (0, 63),
        (63, 0),
        (1, NEVER),
        (NEVER, 0),
        (31, 32),
        (0, NEVER),
    ];
    for ((pair, version), look) in pairs.into_iter().zip(1..).zip(1..) {
        home.pass(PACED);
        assert_eq!(
            give(&home, message(version, pair)),
            Some(version),
            "{pair:?}"
        );
        let (room, other) = match look % 2 {
            0 => (STANDING, Finding::NotVisible),
            _ => (NOBODY, Finding::Visible),
        };
        home.show(room);
        let said = home.look(look).finding;
        assert!(
            said != Finding::Visible && said != other,
            "{pair:?}: {said}"
        );
    }
}

/// The last check of a night, whose window closes five minutes before noon.
fn last_check() -> CheckId {
    "r0000001.20261121.2".parse().unwrap()
}

fn said_of(check: &CheckId, found: Found) -> Label {
    Label {
        unit: "u0000001".parse().unwrap(),
        check: *check,
        found,
    }
}

fn label(check: &CheckId, found: Found) -> LabelMessage {
    LabelMessage {
        label: Signed::seal(&said_of(check, found), &hub_key()),
        endorsement: endorsement(1),
    }
}

fn stolen_key() -> SigningKey {
    SigningKey::from_bytes(&[0x66; 32])
}

fn look_late(home: &Home, look: u8) -> Finding {
    home.say(&ToEye::Look {
        check: last_check(),
        look,
    });
    home.report().finding
}

#[test]
fn a_nights_counts_are_what_was_said_and_survive_a_restart() {
    let (from, to) = ("11:00".parse().unwrap(), "11:55".parse().unwrap());
    let plan = Plan {
        windows: vec![Window::nightly(WindowKey(2), from, to)],
        ..plan()
    };
    let mut home = Home::with_plan("2026-11-22T10:53:00Z", plan);
    assert_eq!(give(&home, message(1, STRICT)), Some(1));
    let outside = Finding::Unclear(Reason::OutsideSleepingPlace);
    assert_eq!(look_late(&home, 1), outside);
    home.show(IN_BED);
    assert_eq!(look_late(&home, 2), Finding::Visible);
    // A look is reported first and counted then; whatever is answered next comes after both.
    let mut hub = label(&last_check(), Found::Somebody);
    home.say(&ToEye::Label(hub.clone()));
    assert_eq!(give(&home, message(1, STRICT)), Some(1));
    home.restart();
    hub.label = Signed::seal(&said_of(&last_check(), Found::Nobody), &stolen_key());
    for not_taken in [
        hub,
        label(&home::check(), Found::Nobody),
        LabelMessage {
            label: Signed::seal(
                &Label {
                    unit: "u0000002".parse().unwrap(),
                    ..said_of(&last_check(), Found::Nobody)
                },
                &hub_key(),
            ),
            endorsement: endorsement(1),
        },
        LabelMessage {
            endorsement: endorsement(0),
            ..label(&last_check(), Found::Nobody)
        },
    ] {
        home.say(&ToEye::Label(not_taken));
    }
    home.show(STANDING);
    assert_eq!(look_late(&home, 3), outside);
    home.pass(Duration::from_secs(9 * 60));
    let message = home.counts();
    let counts: NightCounts = opened(&message.counts);
    assert_eq!(counts.examine(), Ok(()));
    assert_eq!(counts.unit, "u0000001".parse().unwrap());
    assert_eq!(counts.night, last_check().night);
    assert_eq!((counts.checks.len(), counts.otherwise), (1, 0));
    let (bin, checks) = counts.checks[0];
    assert_eq!(checks, 1);
    assert_eq!(said(STRICT, Bin::new(bin).unwrap()), Said::Visible);
    let evidence = counts.evidence.unwrap();
    let labelled = Labelled {
        found: Found::Somebody,
        bin,
        looks: 1,
    };
    assert_eq!(evidence.labelled, [labelled], "and nothing forged");
    assert_eq!(evidence.commissioned, None);
    let bytes = wire::encode(&message).len();
    assert!(bytes <= 384, "{bytes} bytes");
    // A voice that was not there hears them when the eye starts.
    home.restart();
    assert_eq!(home.counts(), message);
}
