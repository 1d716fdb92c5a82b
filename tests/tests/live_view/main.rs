//! Looking by camera, end to end: an unclear look, the offer, the look again, pictures in a
//! browser, what was seen, what is written down, and that no picture is anywhere else.
//!
//! Nothing stands in for anything but the room, the hands at the unit, and time, which a test
//! turns: the hub is all that `nattsyn-hub serve` starts, in a process of its own; the broker is
//! Mosquitto; supervisor, eye and voice are the shipped programs in the folder that the
//! demonstration gives a unit; the browser is headless Chromium with a virtual authenticator. An
//! [`ear`] at the broker and a [`proxy`] before the hub keep everything that passes. Something else
//! is in the eye's place only where the test is of an eye that is none: one that leaks, which shows
//! that the search for pictures finds them, and one whose key is another's ([`standin`]).
//!
//! What the eye refuses is tested with the eye, and the hub's state machine beside its code.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod drawn;
mod ear;
mod ends;
mod house;
mod network;
mod newcomer;
mod night;
mod pace;
mod pictures;
mod proxy;
mod search;
mod seen;
mod standin;
mod stricter;
mod unit;
mod viewer;

use std::time::Duration;

use nattsyn_protocol::finding::{Finding, Reason};
use nattsyn_tests::{axe, served};

use house::{Agreed, DAG};
use night::{Night, unclear_with};
use search::{Memory, Needles};
use standin::Manner;

/// Longest that anything here may take in real time, on two loaded cores.
const SOON: Duration = Duration::from_secs(30);

const UNCLEAR: Finding = Finding::Unclear(Reason::Several);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unclear_look_is_seen_by_one_worker_once_and_no_picture_is_anywhere_else() {
    let night = Night::unclear(Agreed::LiveView).await;
    let anna = &night.anna;
    anna.reads("Titta via kameran").await;
    assert!(night.unit.lamp().is_empty(), "nobody has asked");
    anna.photographs("offer").await;
    anna.asks_to_see().await;
    let during = anna.examines("a live view, before its pictures").await;
    anna.sees_frames(5).await;
    let (seen, memories) = seen::by_anna_alone(&night).await;
    let examined = anna.examines("a live view").await;
    anna.is_done().await;
    anna.reads("Du avslutade.").await;
    anna.reads("Vad såg du?").await;
    seen::the_lamp_was_on_exactly_then(&night).await;
    anna.photographs("question").await;
    let asked = anna.examines("what was seen").await;
    anna.answers("seen").await;
    anna.reads("Inget att åtgärda just nu").await;
    seen::no_picture_was_anywhere_else(&night, &seen, &memories);
    seen::it_is_all_written_down(&night).await;
    anna.photographs("extract").await;
    axe::nothing_found(&[during, examined, asked]);
    night.anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_again_that_sees_the_person_ends_the_row_and_shows_no_picture() {
    let night = Night::unclear(Agreed::LiveView).await;
    night.unit.shows_somebody_asleep();
    night.anna.reads("Titta via kameran").await;
    night.anna.asks_to_see().await;
    night.anna.reads("Raden är avslutad").await;
    night.anna.reads("Ingen bild har visats").await;
    assert!(night.unit.lamp().is_empty());
    assert!(night.ear.frames().is_empty());
    night.house.wrote(&["asked", "refused"]);
    night.anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_agreed_to_a_sensor_is_offered_to_nobody_and_shown_to_nobody() {
    let night = Night::unclear(Agreed::Sensor).await;
    night.anna.reads("Så är det överenskommet").await;
    assert!(!night.anna.is_offered().await);
    assert_eq!(night.anna.posts("/rows/1/live", &[]).await, 409);
    assert!(!night.ear.heard_of_a_view());
    assert!(night.unit.lamp().is_empty());
    night.house.wrote(&[]);
    night.anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thresholds_that_two_people_set_hold_in_a_real_unit_and_it_tells_the_night() {
    stricter::than_the_model().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_finds_at_a_drawn_check_is_joined_in_a_real_unit_and_told_with_the_night() {
    drawn::and_somebody_went().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_switch_ends_a_view_on_the_page_and_the_row_waits_for_an_answer() {
    ends::by_the_switch(&Night::looked_at().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_ends_a_view_on_the_page_and_no_other_is_offered() {
    ends::by_withdrawal(&Night::looked_at().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voice_that_is_killed_ends_a_view_and_the_lamp_goes_dark() {
    ends::by_loss(&Night::looked_at().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_eye_that_sends_a_picture_in_clear_is_caught_by_the_same_search() {
    let (house, (eye, leaked), ear, anna) = unclear_with(Manner::Leaky).await;
    anna.asks_to_see().await;
    anna.reads("Det går inte att visa bilden").await;
    anna.reads("Vad såg du?").await;
    let said = anna.text().await;
    assert!(said.contains("Det går inte att visa bilden"), "{said}");
    assert!(!said.contains("Du avslutade"), "{said}");
    let needles = Needles::of(std::slice::from_ref(&leaked), &leaked);
    for (place, bytes) in [
        ("on the page's socket", house.wire.passed()),
        ("at the broker", ear.bytes()),
    ] {
        assert!(needles.count_exact(&bytes) > 0, "{place}");
        assert!(needles.count_noisy(&bytes) > 0, "{place}, as pixels");
    }
    for (name, process) in [
        ("the voice", eye.voice()),
        ("the broker", house.broker_id()),
        ("the hub", house.hub_id()),
    ] {
        assert!(
            Memory::of(process).count(&needles) > 0,
            "in {name}'s memory"
        );
    }
    anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_eye_or_none_has_signed_opens_nothing() {
    let (house, _eye, ear, anna) = unclear_with(Manner::Forger).await;
    anna.asks_to_see().await;
    ear.report(|report| report.look >= nattsyn_protocol::grant::FIRST_LOOK_AGAIN)
        .await;
    anna.reads("Ingen bild visas ännu").await;
    anna.gives_up().await;
    anna.reads("Ingen bild har visats").await;
    house.wrote(&["asked", "refused"]);
    anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_looks_in_the_demonstration_as_soon_as_there_is_a_key() {
    newcomer::looks().await;
}

/// The hub's own process, started by the others.
#[test]
#[ignore = "it is the hub of the tests here, in a process of its own"]
fn the_hub_of_a_live_view() {
    served::serve_until_killed();
}

/// `cargo test -p nattsyn-tests --test live_view -- --ignored how_soon --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: some minutes, as root, and nothing else may run"]
async fn how_soon_the_first_picture_comes_and_how_many_a_second() {
    pace::measure().await;
}
