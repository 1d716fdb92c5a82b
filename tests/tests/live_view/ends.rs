//! What ends a view, seen from both sides: on the page, and at the lamp.

use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_protocol::live::End;
use nattsyn_protocol::policy::Mode;

use super::night::Night;

/// When the lamp is dark after a voice was killed: the eye waits five seconds for a credit, and two
/// loaded cores may take one more.
const DARK_WITHIN: Duration = Duration::from_secs(6);

/// The resident turns the switch at the unit.
pub(crate) async fn by_the_switch(night: &Night) {
    night.unit.switch("off");
    night.anna.reads("Den enskilde stängde av enheten").await;
    night.anna.reads("Lampan är släckt").await;
    ended(night, End::Switch).await;
    night.anna.reads("Vad såg du?").await;
    night.anna.goes_to("/").await;
    night
        .anna
        .reads("Skriv in under ”Så gick det” vad du såg")
        .await;
    assert!(night.house.view().answered.is_none());
    night.house.wrote(&["asked", "began", "ended"]);
}

/// Somebody writes down that the resident takes it back.
pub(crate) async fn by_withdrawal(night: &Night) {
    let path = format!("/residents/{}/consent/withdraw", night.house.resident());
    let form = [
        ("what", "pictures"),
        ("form", "oral"),
        ("by", "den enskilde"),
        ("note", ""),
        ("sure", "yes"),
    ];
    // A redirect that is not followed has no status.
    assert_eq!(night.anna.posts(&path, &form).await, 0);
    night.anna.reads("inte längre överenskommet").await;
    night.anna.reads("Vad såg du?").await;
    let held = night
        .ear
        .capability(|held| held.mode == Mode::Sensor && held.version > 2)
        .await;
    assert_eq!(held.policy.unwrap().mode, Mode::Sensor);
    assert_eq!(night.unit.lamp().len(), 2, "the lamp outlives the view");
    assert!(!night.unit.lamp_is_on());
    night.anna.goes_to("/").await;
    assert!(!night.anna.is_offered().await);
}

/// The voice is killed. Another begins a second later, and the same eye would still take credits.
pub(crate) async fn by_loss(night: &Night) {
    let killed = Clock::machine().real_now();
    night.unit.kills_the_voice();
    night.anna.reads("Förbindelsen bröts").await;
    night.anna.reads("Vad såg du?").await;
    let (over, _) = night.ear.ended().await;
    let frames = night.ear.frames();
    let late = frames.iter().filter(|at| **at > over);
    assert_eq!(late.count(), 0, "pictures after the end");
    let lamp = night.unit.lamp();
    let words: Vec<&str> = lamp.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(words, ["on", "off"]);
    let dark = lamp[1].0 - killed;
    assert!(dark < DARK_WITHIN, "the lamp shone for {dark:?} more");
    night.house.wrote(&["asked", "began", "ended"]);
}

/// The eye says why, and the lamp was switched on once and off once.
async fn ended(night: &Night, why: End) {
    let (over, ended) = night.ear.ended().await;
    assert_eq!(ended.why, why);
    let lamp = night.unit.lamp();
    let words: Vec<&str> = lamp.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(words, ["on", "off"]);
    assert!(
        lamp[1].0 <= over + Duration::from_millis(250),
        "the lamp outlives the view"
    );
}
