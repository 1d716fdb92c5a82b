//! The municipality moves a threshold and sees what it does first, end to end: a home is opened, a
//! slider moved, the consequence read, a change proposed; another person approves it, it reaches
//! the unit signed, the page waits until the unit's eye says that it holds it, and one press goes
//! back.
//!
//! The hub is all that `nattsyn-hub serve` starts, in a process of its own, on a clock that the
//! test turns; the broker is Mosquitto; the browsers are headless Chromium. In the unit's place is
//! something with its key and its certificate, which says what an eye says ([`unit`]): what a real
//! eye does with thresholds is tested with the eye.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod chief;
mod house;
mod own;
mod unit;

use std::time::Duration;

use nattsyn_hub::audit::{Log, Question};
use nattsyn_hub::tuning::MODELS_OWN;
use nattsyn_models::Model;
use nattsyn_protocol::thresholds::HomeThresholds;
use nattsyn_tests::{axe, served};

use chief::{Chief, DESK, PHONE};
use house::{DAG, DISA, House};
use unit::Unit;

/// Longest that anything here may take in real time, on two loaded cores.
const SOON: Duration = Duration::from_secs(30);

/// The home's page.
const HOME: &str = "/thresholds/h0000001";

fn pair(thresholds: &HomeThresholds) -> (u32, u8, u8) {
    let HomeThresholds {
        version,
        visible,
        not_visible,
        ..
    } = *thresholds;
    (version, visible, not_visible)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_slider_shows_what_it_does_and_only_two_people_and_the_units_word_make_it_hold() {
    let house = House::open().await;
    let mut unit = Unit::connect(&house).await;
    unit.says_hello(None).await;
    unit.counts_thirty_nights(&house).await;

    own::are_printed_for_a_pool(&house.ledger());

    let dag = Chief::comes(&house, DAG, PHONE).await;
    dag.goes_to(HOME).await;
    dag.reads("Inget är satt: modellens egna gränser").await;
    dag.reads("har inte fått några gränser").await;
    dag.reads("Inget skulle ändras i någon bostad").await;
    dag.reads("Löftet kräver minst steg 46").await;
    own::is_read(&dag).await;
    dag.photographs("main", "tuning-before").await;

    // By keyboard, as whoever cannot drag does it; every step is counted by the server.
    dag.moves("visible", i32::from(50 - MODELS_OWN.visible))
        .await;
    dag.reads("30 fler oklara (30 i stället för 0)").await;
    dag.reads("30 färre synliga (90 i stället för 120)").await;
    dag.reads("Räknat på 150 tillsyner under 30 nätter i 1 av 1")
        .await;
    dag.reads("Ingen räkning kan säga om ett ”synlig” var fel")
        .await;
    dag.reads("Högst 1 av 100").await;
    dag.reads("Det gäller först när enheten har svarat").await;
    let said = dag
        .asks("document.getElementById('visible').ariaValueText")
        .await;
    assert_eq!(
        said, "0,989 (steg 50 av 64)",
        "a screen reader hears no bare number"
    );
    let mut examined = vec![dag.examines("a moved slider").await];
    dag.photographs("#try", "tuning-moved").await;
    dag.photographs("#consequences", "tuning-consequences")
        .await;
    dag.photographs("#evidence", "tuning-evidence").await;
    dag.proposes("Oro i bostaden, hellre ett besök för mycket")
        .await;
    dag.reads("Du föreslog det här").await;
    assert!(unit.thresholds().is_empty(), "nothing holds yet");

    let disa = Chief::comes(&house, DISA, DESK).await;
    disa.goes_to("/thresholds").await;
    disa.reads("Förslag som väntar").await;
    examined.push(disa.examines("everything that waits").await);
    disa.photographs("main", "tuning-waiting").await;
    disa.presses("button[value=approve]").await;
    disa.reads("väntar sedan").await;
    disa.goes_to("/thresholds").await;
    disa.reads("Sensorenheter som inte har svarat än: 1").await;
    let sent = unit.waits_for_thresholds(1).await;
    assert_eq!(pair(&sent), (1, 50, MODELS_OWN.not_visible));

    // Until the eye itself says that it holds it, the page says since when it waits.
    dag.goes_to(HOME).await;
    dag.reads("väntar sedan").await;
    dag.photographs("#now", "tuning-sent").await;
    unit.says_hello(Some(1)).await;
    disa.comes_to_read(HOME, "har svarat att den följer det här")
        .await;
    examined.push(disa.examines("a home that goes by it").await);
    disa.photographs("#now", "tuning-holds").await;
    disa.photographs("#evidence", "tuning-shown").await;

    // One press: to the model's own, which is less cautious, so somebody else says yes to that.
    dag.goes_to(HOME).await;
    dag.presses("#back button").await;
    dag.reads("Du föreslog det här").await;
    disa.goes_to(HOME).await;
    disa.presses("button[value=approve]").await;
    let sent = unit.waits_for_thresholds(2).await;
    assert_eq!(pair(&sent), (2, MODELS_OWN.visible, MODELS_OWN.not_visible));
    axe::nothing_found(&examined);
    wrote(&house);
}

/// The log has who did what, in this order, and is whole.
fn wrote(house: &House) {
    let log = Log::open(&house.ledger()).unwrap();
    log.verify(&[]).unwrap();
    let rows = log.rows(&Question::default()).unwrap();
    let did = rows.iter().rev();
    let did = did.filter(|row| row.act.starts_with("thresholds_"));
    let did = did.filter(|row| row.act != "thresholds_opened");
    let did: Vec<(&str, &str)> = did
        .map(|row| (row.who.as_str(), row.act.as_str()))
        .collect();
    assert_eq!(
        did,
        [
            (DAG.0, "thresholds_proposed"),
            (DISA.0, "thresholds_approved"),
            (DAG.0, "thresholds_rolled_back"),
            (DISA.0, "thresholds_approved"),
        ]
    );
}

/// The floor in the hub, which has no model, is the lowest that is no laxer than the shipped one.
#[test]
fn the_floor_is_the_shipped_models_own() {
    use nattsyn_calibration::grid::{score, turned};
    let own = Model::load().unwrap().manifest().thresholds;
    let up = |level| score(level) >= f64::from(own.visible);
    let down = |level| score(turned(level)) <= f64::from(own.not_visible);
    assert!(up(MODELS_OWN.visible) && !up(MODELS_OWN.visible - 1));
    assert!(down(MODELS_OWN.not_visible) && !down(MODELS_OWN.not_visible - 1));
}

/// The hub's process, when it is started with a folder.
#[test]
#[ignore = "it is the hub's process, which a test starts"]
fn the_hub_of_two_managers() {
    served::serve_until_killed();
}
