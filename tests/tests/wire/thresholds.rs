//! Thresholds and counts on the wire.

use nattsyn_protocol::labels::{Found, Label, LabelMessage, Labelled, NightEvidence};
use nattsyn_protocol::policy::Capability;
use nattsyn_protocol::thresholds::{
    CountsMessage, HeldThresholds, HomeThresholds, Likeness, NEVER, NightCounts, ThresholdsMessage,
};

use super::*;

fn thresholds() -> HomeThresholds {
    HomeThresholds {
        unit: unit(),
        version: 4,
        visible: 41,
        not_visible: 37,
        anew: 0,
    }
}

fn counts() -> NightCounts {
    NightCounts {
        unit: unit(),
        night: date(2026, 11, 21),
        checks: vec![(12, 1), (52, 3)],
        otherwise: 1,
        evidence: None,
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
fn thresholds_of_a_home_that_was_gone_through_anew_are_what_they_always_were() {
    let anew = HomeThresholds {
        anew: 2,
        ..thresholds()
    };
    let message = ThresholdsMessage {
        thresholds: Signed::seal(&anew, &hub_key()),
        endorsement: live::endorsement(),
    };
    assert_golden("v1/thresholds_anew.json", &message);
}

fn hello_with(held: HeldThresholds) -> Hello {
    let capability = Capability {
        policy: None,
        thresholds: Some(held),
        ..live::capability()
    };
    Hello {
        eye: Some(Signed::seal(&capability, &eye_key())),
        ..hello()
    }
}

#[test]
fn what_an_eye_says_of_its_thresholds_is_what_it_always_was() {
    let held = HeldThresholds {
        version: 4,
        visible: Some(41),
        not_visible: Some(37),
        anew: 2,
        home: Likeness::Changed,
    };
    assert_golden("v1/hello_thresholds.json", &hello_with(held));
}

/// A unit of before levels were said is read, and says none.
#[test]
fn an_older_units_thresholds_are_read_without_their_levels() {
    let old: HeldThresholds = serde_json::from_str(r#"{"version":4}"#).unwrap();
    let none = HeldThresholds {
        version: 4,
        ..HeldThresholds::default()
    };
    assert_eq!((old, old.levels()), (none, None));
    assert_eq!(serde_json::to_string(&none).unwrap(), r#"{"version":4}"#);
}

#[test]
fn a_nights_counts_are_what_they_always_were_and_at_most_1280_bytes() {
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
    let labelled = |found, bin| Labelled {
        found,
        bin,
        looks: 3,
    };
    let evidence = NightEvidence {
        model: "0123abcd".to_owned(),
        commissioned: Some(3),
        labelled: vec![labelled(Found::Nobody, 12), labelled(Found::Somebody, 52)],
    };
    let with = |counts| NightCounts {
        evidence: Some(evidence.clone()),
        ..counts
    };
    assert_golden("v1/counts_labelled.json", &sealed(&with(counts())));
    assert_eq!(with(counts()).examine(), Ok(()));
    assert!(wire::encode(&sealed(&with(most))).len() <= 1280);
}

#[test]
fn a_label_is_what_it_always_was_and_the_root_stands_behind_it() {
    let label = Label {
        unit: unit(),
        check: check(),
        found: Found::Nobody,
    };
    let message = LabelMessage {
        label: Signed::seal(&label, &hub_key()),
        endorsement: live::endorsement(),
    };
    assert_golden("v1/label.json", &message);
    let message: LabelMessage = wire::decode(&golden("v1/label.json")).unwrap();
    assert_eq!(message.open(&PublicKey::of(&root_key())).unwrap(), label);
    assert!(message.open(&PublicKey::of(&hub_key())).is_err());
}
