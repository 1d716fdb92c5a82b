//! Thresholds and counts on the wire.

use nattsyn_protocol::thresholds::{
    CountsMessage, HomeThresholds, NEVER, NightCounts, ThresholdsMessage,
};

use super::*;

fn thresholds() -> HomeThresholds {
    HomeThresholds {
        unit: unit(),
        version: 4,
        visible: 41,
        not_visible: 37,
    }
}

fn counts() -> NightCounts {
    NightCounts {
        unit: unit(),
        night: date(2026, 11, 21),
        checks: vec![(12, 1), (52, 3)],
        otherwise: 1,
    }
}

#[test]
fn thresholds_are_what_they_always_were_and_the_root_stands_behind_them() {
    let message = ThresholdsMessage {
        thresholds: Signed::seal(&thresholds(), &hub_key()),
        endorsement: live::endorsement(),
    };
    assert_golden("v1/thresholds.json", &message);
    let message: ThresholdsMessage = wire::decode(&golden("v1/thresholds.json")).unwrap();
    assert_eq!(
        message.open(&PublicKey::of(&root_key())).unwrap(),
        thresholds()
    );
    assert!(message.open(&PublicKey::of(&hub_key())).is_err());
    assert_eq!(thresholds().examine(), Ok(()));
}

#[test]
fn a_nights_counts_are_what_they_always_were_and_at_most_a_kilobyte() {
    let sealed = |counts: &NightCounts| CountsMessage {
        counts: Signed::seal(counts, &eye_key()),
    };
    assert_golden("v1/counts.json", &sealed(&counts()));
    assert_eq!(counts().examine(), Ok(()));
    let most = NightCounts {
        checks: (1..=NEVER).map(|bin| (bin, 1)).collect(),
        otherwise: 0,
        ..counts()
    };
    assert_eq!(most.examine(), Ok(()));
    assert!(wire::encode(&sealed(&most)).len() <= 1024);
}
