//! What is seen in a view, what shines meanwhile, what is written down of it, and where no picture
//! is.

use std::time::Duration;

use nattsyn_protocol::live::{End, FRAME_BYTES};

use super::DAG;
use super::house::ANNA;
use super::night::Night;
use super::pictures::{Picture, likeness};
use super::search::{Memory, Needles};
use super::unit::WATCHED_EVERY;

/// A process whose memory is smaller is none of ours.
const SMALLEST: usize = 1_000_000;

/// How far two of the machine's clocks, read in two processes on two loaded cores, may be apart
/// for what happens at one moment.
const MOMENT: Duration = Duration::from_millis(250);

/// What the eye showed, on the canvas and in the page's hands; and the memories of all that stands
/// between, copied while it goes on.
pub(crate) async fn by_anna_alone(night: &Night) -> (Vec<Picture>, Vec<(&'static str, Memory)>) {
    let Night {
        house, unit, anna, ..
    } = night;
    let alike = likeness(&anna.canvas().await, &house.shown);
    assert!(alike > 0.97, "the canvas is like what was shown by {alike}");
    let memories = [
        ("the hub", house.hub_id()),
        ("the voice", unit.voice()),
        ("the broker", house.broker_id()),
    ];
    let memories = memories.map(|(name, process)| (name, Memory::of(process)));
    assert!(unit.lamp_is_on());
    anna.photographs("pictures").await;
    assert!(anna.says_aloud().await.contains("sekunder kvar"));
    let seen = anna.pictures().await;
    assert!(seen.len() >= 5, "{} pictures", seen.len());
    for picture in &seen {
        let whole = (
            picture.width,
            picture.luma.iter().map(|it| f64::from(*it)).collect(),
        );
        assert!(likeness(&whole, &house.shown) > 0.97, "another picture");
    }
    (seen, memories.into())
}

/// The lamp's own record against what the eye says of the view, by its uptime.
pub(crate) async fn the_lamp_was_on_exactly_then(night: &Night) {
    let (began, _) = night.ear.opened().await;
    let (over, ended) = night.ear.ended().await;
    assert_eq!(ended.why, End::Operator);
    let lamp = night.unit.lamp();
    let [(on, first), (off, last)] = lamp.as_slice() else {
        panic!("switched otherwise: {lamp:?}");
    };
    assert_eq!((first.as_str(), last.as_str()), ("on", "off"));
    // It shines before anybody hears of the view, and is dark before anybody hears that it ended.
    assert!(*on <= began + WATCHED_EVERY + MOMENT, "{on:?} {began:?}");
    assert!(*off <= over + WATCHED_EVERY + MOMENT, "{off:?} {over:?}");
    let frames = night.ear.frames();
    assert!(
        frames.iter().all(|at| *on <= *at + MOMENT),
        "a frame in the dark"
    );
    assert!(
        frames.iter().all(|at| *at <= *off + MOMENT),
        "a frame in the dark"
    );
    assert_eq!(frames.len() as u64, ended.frames);
    let lit = Duration::from_millis(ended.lit_ms.into());
    assert!(
        (*off - *on).abs_diff(lit) <= MOMENT,
        "{:?}, not {lit:?}",
        *off - *on
    );
}

/// At the broker, on the page's socket, and in the memories of hub, voice and broker, while it went
/// on and after.
pub(crate) fn no_picture_was_anywhere_else(
    night: &Night,
    seen: &[Picture],
    memories: &[(&'static str, Memory)],
) {
    let needles = Needles::of(seen, &night.house.shown);
    let at_broker = night.ear.bytes();
    let at_page = night.house.wire.passed();
    for (place, bytes) in [("the broker", &at_broker), ("the page's socket", &at_page)] {
        assert!(
            bytes.len() > 5 * FRAME_BYTES,
            "the frames passed {place}, sealed"
        );
        assert_eq!(needles.count(bytes), 0, "in what passed {place}");
    }
    for (process, memory) in memories {
        assert!(
            memory.size() > SMALLEST,
            "{} bytes are not {process}",
            memory.size()
        );
        assert_eq!(memory.count(&needles), 0, "in the memory of {process}");
    }
    let after = [
        ("the hub", night.house.hub_id()),
        ("the voice", night.unit.voice()),
        ("the eye", night.unit.eye()),
    ];
    for (process, id) in after {
        let found = Memory::of(id).count(&needles);
        assert_eq!(found, 0, "in the memory of {process}, afterwards");
    }
}

/// The log's rows, the view's record, and the extract as whoever answers for the unit reads it.
pub(crate) async fn it_is_all_written_down(night: &Night) {
    let Night { house, anna, .. } = night;
    house.wrote(&["asked", "began", "ended", "said"]);
    let view = house.view();
    let said = view.answered.as_ref().map(|(.., word)| word.as_str());
    assert_eq!(said, Some("seen"));
    let (_, ended) = night.ear.ended().await;
    let lit = Duration::from_millis(ended.lit_ms.into());
    assert_eq!(view.shown_for(), Some(lit));
    anna.forgets_who_is_signed_in().await;
    anna.goes_to("/").await;
    anna.signs_in(house, DAG).await;
    anna.goes_to(&format!("/residents/{}/extract", house.resident()))
        .await;
    let extract = anna.text().await;
    let tenths = (lit.as_millis() + 50) / 100;
    let seconds = format!(" {},{} s", tenths / 10, tenths % 10);
    let line = |act: &str| {
        let mut lines = extract.lines().filter(|line| line.contains(act));
        let line = lines
            .next()
            .unwrap_or_else(|| panic!("no {act:?} in\n{extract}"));
        assert!(line.contains(ANNA.1), "who: {line}");
        assert!(line.contains("23:0"), "when: {line}");
        line.to_owned()
    };
    let asked = line("bad att få titta via kameran");
    assert!(
        asked.contains("för att sensorn inte kunde avgöra"),
        "why: {asked}"
    );
    line("började titta via kameran");
    let ended = line("slutade titta via kameran");
    assert!(ended.contains(&seconds), "how long: {ended}");
    assert!(
        ended.contains("den som tittade avslutade"),
        "why it ended: {ended}"
    );
    let said = line("skrev vad som sågs");
    assert!(said.contains("sedd, allt väl"), "what was seen: {said}");
}
