//! A night that has come so far that somebody could look: the house, the unit, the ear at the
//! broker, and Anna at the list.

use std::time::Duration;

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::grant::FIRST_LOOK_AGAIN;
use nattsyn_protocol::policy::{Approval, Mode};

use super::ear::Ear;
use super::house::{ANNA, Agreed, House, Way, at};
use super::pictures::Picture;
use super::standin::{Manner, StandIn};
use super::unit::Unit;
use super::viewer::Viewer;

/// Longest JPEG of an eye that leaks: it fits a frame, and a row of pixels behind it.
const LEAKED_MAX: usize = 8 * 1024;

/// A real unit's night.
pub(crate) struct Night {
    pub(crate) house: House,
    pub(crate) unit: Unit,
    pub(crate) ear: Ear,
    pub(crate) anna: Viewer,
}

impl Night {
    /// One look was unclear, and where pictures are agreed to somebody pressed the button at the
    /// unit when its policy had come.
    pub(crate) async fn unclear(agreed: Agreed) -> Self {
        Self::unclear_behind(agreed, Way::Plain).await
    }

    /// The same with this way between unit and broker.
    pub(crate) async fn unclear_behind(agreed: Agreed, way: Way<'_>) -> Self {
        let mut house = House::build(agreed, way);
        let network = match way {
            Way::Plain => None,
            Way::Home(network, _) => Some(network),
        };
        let ear = house.start().await;
        let unit = Unit::plug_in(&house.unit_folder(), network);
        if agreed == Agreed::LiveView {
            let awaits = ear
                .capability(|held| held.approval == Approval::Awaited)
                .await;
            assert_eq!(
                awaits.policy.unwrap().mode,
                Mode::Sensor,
                "before the button"
            );
            unit.presses_the_button(house.dial.now());
            ear.capability(|held| held.mode == Mode::LiveView).await;
        } else {
            let holds = ear.capability(|held| held.version > 0).await;
            assert_eq!(holds.policy.unwrap().mode, Mode::Sensor);
        }
        house.dial.turn_to(at(11, 0).after(Duration::from_secs(1)));
        let look = ear.report(|report| report.look < FIRST_LOOK_AGAIN).await;
        assert_eq!(look.check, house.check());
        assert!(matches!(look.finding, Finding::Unclear(_)), "{look:?}");
        let anna = anna_at(&house).await;
        Self {
            house,
            unit,
            ear,
            anna,
        }
    }

    /// The same until the pictures come.
    pub(crate) async fn looked_at() -> Self {
        let night = Self::unclear(Agreed::LiveView).await;
        night.anna.reads("Titta via kameran").await;
        night.anna.asks_to_see().await;
        night.anna.sees_frames(2).await;
        assert!(night.unit.lamp_is_on());
        night
    }
}

/// A night with something else in the eye's place, and the picture that it has, at Anna's offer.
pub(crate) async fn unclear_with(manner: Manner) -> (House, (StandIn, Picture), Ear, Viewer) {
    let mut house = House::build(Agreed::LiveView, Way::Plain);
    let ear = house.start().await;
    let begins = at(11, 0).after(Duration::from_secs(1));
    let leaked = house.shown.within(LEAKED_MAX);
    let whose = (house.unit(), leaked.clone());
    let eye = StandIn::plug_in(&house.unit_folder(), whose, manner, begins);
    ear.capability(|held| held.mode == Mode::LiveView).await;
    house.dial.turn_to(begins);
    ear.report(|report| report.look < FIRST_LOOK_AGAIN).await;
    let anna = anna_at(&house).await;
    anna.reads("Titta via kameran").await;
    (house, (eye, leaked), ear, anna)
}

async fn anna_at(house: &House) -> Viewer {
    let anna = Viewer::comes(house).await;
    anna.signs_in(house, ANNA).await;
    anna.reads("Oklart").await;
    anna
}
