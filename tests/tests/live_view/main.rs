//! Looking by camera, end to end: an unclear look, the offer, the look again, pictures in a
//! browser, what was seen, and that no picture is anywhere else.
//!
//! The hub is all that `nattsyn-hub serve` starts, in a process of its own so that its memory can
//! be read from outside; the browser is headless Chromium with a virtual authenticator; between the
//! two a proxy keeps everything that passes. The eye is [`standin`]: the protocol's other side with
//! real keys and real seals, which can also answer what no honest eye does. The hub's state machine
//! is tested beside its code.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "../workers/dial.rs"]
mod dial;
mod house;
mod hub;
mod pace;
mod proxy;
mod search;
mod standin;
mod viewer;

use std::time::Duration;

use nattsyn_protocol::finding::{Finding, Reason};
use nattsyn_protocol::live::{End, FRAME_BYTES};

use house::{House, at};
use standin::{Eye, Manner};
use viewer::Viewer;

/// Longest that anything here may take in real time, on two loaded cores.
const SOON: Duration = Duration::from_secs(30);

const UNCLEAR: Finding = Finding::Unclear(Reason::Several);

/// A house at night with one unclear look, its eye, and Anna at the list.
async fn unclear_night(manner: Manner) -> (House, Eye, Viewer) {
    let mut house = House::build();
    house.start().await;
    house.dial.turn_to(at(11, 16));
    let eye = Eye::connect(&house, manner).await;
    eye.report(5, UNCLEAR).await;
    let anna = Viewer::comes(&house).await;
    anna.signs_in(&house).await;
    anna.reads("Titta via kameran").await;
    (house, eye, anna)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unclear_look_is_seen_by_one_worker_once_and_no_picture_is_anywhere_else() {
    let (house, eye, anna) = unclear_night(Manner::Honest(UNCLEAR)).await;
    assert!(!eye.lamp_is_on(), "nobody has asked");
    anna.photographs("offer").await;
    anna.asks_to_see().await;
    anna.sees_frames(5).await;
    assert!(eye.lamp_is_on());
    anna.photographs("pictures").await;
    let (shown, sent) = (anna.canvas().await, eye.pictures());
    let alike = standin::likeness(&shown, &sent);
    assert!(alike > 0.97, "the canvas is like a frame by {alike}");
    assert!(anna.says_aloud().await.contains("sekunder kvar"));

    // While it goes on: nothing of a picture, in clear, in the hub's memory.
    let needles = search::needles(&sent);
    let hub = search::memory(house.hub_id(), &needles);
    assert_eq!(hub.found, 0, "of {needles:?} in the hub's memory");
    assert!(
        hub.searched > 10_000_000,
        "{} bytes are no hub",
        hub.searched
    );
    // The same search finds them where they are.
    let own = search::memory(std::process::id(), &needles);
    assert!(own.found > 0, "the search finds nothing even in the eye");

    anna.is_done().await;
    assert_eq!(eye.ended().await, End::Operator);
    assert!(!eye.lamp_is_on(), "the lamp outlives the view");
    anna.reads("Vad såg du?").await;
    anna.photographs("question").await;
    anna.answers("seen").await;
    anna.reads("Inget att åtgärda just nu").await;
    let passed = house.wire.passed();
    assert_eq!(
        search::count(&passed, &needles),
        0,
        "in what passed the page's socket"
    );
    assert!(
        passed.len() > 5 * FRAME_BYTES,
        "the frames passed there, sealed"
    );
    house.wrote(&["asked", "began", "ended", "said"]);
    let view = house.view();
    assert_eq!(
        view.answered.as_ref().map(|(.., word)| word.as_str()),
        Some("seen")
    );
    assert!(view.shown_for().unwrap() > Duration::ZERO);
    anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_again_that_sees_the_person_ends_the_row_and_shows_no_picture() {
    let (house, eye, anna) = unclear_night(Manner::Honest(Finding::Visible)).await;
    anna.asks_to_see().await;
    anna.reads("Raden är avslutad").await;
    anna.reads("Ingen bild har visats").await;
    assert!(!eye.has_lit_the_lamp());
    house.wrote(&["asked", "refused"]);
    anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_that_the_eye_ends_says_why_and_the_row_waits_for_an_answer() {
    let (house, eye, anna) = unclear_night(Manner::Honest(UNCLEAR)).await;
    anna.asks_to_see().await;
    anna.sees_frames(2).await;
    eye.ends(End::Withdrawn).await;
    anna.reads("har tagits tillbaka").await;
    anna.goes_to("/").await;
    anna.reads("Skriv in under ”Så gick det” vad du såg").await;
    assert!(house.view().answered.is_none());
    anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_eye_that_sends_a_picture_in_clear_is_caught_by_the_same_search() {
    let (house, eye, anna) = unclear_night(Manner::Leaky).await;
    anna.asks_to_see().await;
    eye.has_sent(1).await;
    // The page ends it at once; how long it says why depends on how soon the end is told.
    assert_eq!(eye.ended().await, End::Operator);
    let needles = search::needles(&eye.pictures());
    assert!(search::count(&house.wire.passed(), &needles) > 0);
    anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_eye_or_none_has_signed_opens_nothing() {
    let (house, eye, anna) = unclear_night(Manner::Forger).await;
    anna.asks_to_see().await;
    eye.has_answered().await;
    anna.reads("Ingen bild visas ännu").await;
    anna.gives_up().await;
    anna.reads("Ingen bild har visats").await;
    house.wrote(&["asked", "refused"]);
    anna.leaves().await;
}

/// The hub's own process, started by the others.
#[test]
#[ignore = "it is the hub of the tests here, in a process of its own"]
fn the_hub_of_a_live_view() {
    hub::run();
}

/// `cargo test -p nattsyn-tests --test live_view -- --ignored how_soon --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: half a minute, and nothing else may run"]
async fn how_soon_the_first_picture_comes_and_how_many_a_second() {
    for line in pace::LINES {
        pace::measure(line).await;
    }
}
