//! Thresholds that two people set at the hub, in a real unit: it says so, says *unclear* of whom it
//! would have called visible, and tells the hub at noon which level the night reached.

use std::time::Duration;

use nattsyn_hub::tuning::Levels;
use nattsyn_protocol::finding::{Finding, Reason};
use nattsyn_protocol::thresholds::{HeldThresholds, NEVER, NightCounts};

use super::house::{Agreed, House, Way, at};
use super::unit::Unit;

/// Longest until the hub has a night's counts: an eye that had to start anew says them after twenty
/// seconds more, and starting takes seconds on a loaded machine.
const COUNTED_WITHIN: Duration = Duration::from_secs(120);

/// Nothing is ever sure enough.
const NOTHING: Levels = Levels {
    visible: NEVER,
    not_visible: NEVER,
};

/// What a look at somebody asleep comes to, and what is told of the night.
pub(crate) async fn night_of(levels: Option<Levels>) -> (Finding, NightCounts) {
    let mut house = House::build(Agreed::Sensor, Way::Plain);
    if let Some(levels) = levels {
        house.tunes(levels);
    }
    let ear = house.start().await;
    let unit = Unit::plug_in(&house.unit_folder(), None);
    unit.shows_somebody_asleep();
    let held = levels.map(|levels| HeldThresholds {
        version: 1,
        visible: Some(levels.visible),
        not_visible: Some(levels.not_visible),
        ..HeldThresholds::default()
    });
    ear.holds(held).await;
    house.dial.turn_to(at(11, 0).after(Duration::from_secs(1)));
    let look = ear.report(|report| report.look == 1).await;
    house.dial.turn_to(at(24, 5));
    (look.finding, night_told(&house).await)
}

/// What the hub has been told of the night, once it has.
pub(crate) async fn night_told(house: &House) -> NightCounts {
    let told = tokio::time::timeout(COUNTED_WITHIN, async {
        loop {
            match house.counts().pop() {
                Some(counts) => return counts,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    told.await.expect("counts in time")
}

pub(crate) async fn than_the_model() {
    let (visible, before) = night_of(None).await;
    assert_eq!(visible, Finding::Visible, "or this shows nothing");
    let (stricter, after) = night_of(Some(NOTHING)).await;
    assert_eq!(stricter, Finding::Unclear(Reason::WeakEvidence));
    // The evidence is what it was: it is the word that changed.
    for counts in [before, after] {
        assert_eq!(
            (counts.checks.len(), counts.otherwise),
            (1, 0),
            "{counts:?}"
        );
        let (bin, checks) = counts.checks[0];
        assert!(bin > 43 && checks == 1, "{counts:?}");
    }
}
