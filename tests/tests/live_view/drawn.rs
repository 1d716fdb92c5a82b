//! A check that came out by lot: Anna goes there after it, says what she finds, and the real unit
//! tells with the night what the check had reached.

use std::time::Duration;

use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::labels::{Found, Label};
use nattsyn_tests::axe;

use super::house::{ANNA, Agreed, House, Way, at};
use super::stricter::night_told;
use super::unit::Unit;
use super::viewer::Viewer;

/// Longest until the hub has drawn: it reads what others wrote every ten seconds.
const DRAWN_WITHIN: Duration = Duration::from_secs(60);

/// How long a label may take from the broker to the eye, on two loaded cores.
const REACHES_THE_EYE: Duration = Duration::from_secs(3);

pub(crate) async fn and_somebody_went() {
    let mut house = House::build_at((at(10, 0), at(10, 20)), Agreed::Sensor, Way::Plain);
    house.draws_every_night();
    let ear = house.start().await;
    is_drawn(&house).await;
    house
        .dial
        .turn_to(at(10, 59).after(Duration::from_secs(40)));
    let unit = Unit::plug_in(&house.unit_folder(), None);
    unit.shows_somebody_asleep();
    ear.holds(None).await;
    let anna = Viewer::comes(&house).await;
    anna.signs_in(&house, ANNA).await;
    anna.reads("Lottade besök").await;
    anna.goes_to("/labels").await;
    anna.reads("Tillsynen är inte klar än").await;
    house.dial.turn_to(at(11, 0).after(Duration::from_secs(1)));
    let look = ear.report(|report| report.look == 1).await;
    assert_eq!(look.finding, Finding::Visible, "or this shows nothing");

    anna.goes_to("/").await;
    anna.presses("#drawn a.press").await;
    anna.reads("Går att säga till").await;
    anna.photographs("drawn").await;
    let before = anna.examines("drawn checks").await;
    // A slip of the thumb, and what she meant.
    for word in ["nobody", "somebody"] {
        let button = format!("[data-label] button[value={word}]");
        anna.presses(&button).await;
        anna.sees(&format!(
            "document.querySelector('{button}')?.ariaPressed === 'true'"
        ))
        .await;
    }
    anna.photographs("drawn_said").await;
    let after = anna.examines("a drawn check that somebody went to").await;
    axe::nothing_found(&[before, after]);
    anna.leaves().await;

    house.dial.turn_to(at(11, 6));
    let label = ear.label(&demonstration::root()).await;
    let expected = Label {
        unit: house.unit(),
        check: house.check(),
        found: Found::Somebody,
    };
    assert_eq!(label, expected);
    tokio::time::sleep(REACHES_THE_EYE).await;
    house.dial.turn_to(at(24, 5));
    let counts = night_told(&house).await;
    let evidence = counts.evidence.unwrap();
    assert_eq!(evidence.labelled.len(), 1);
    let labelled = evidence.labelled[0];
    assert_eq!((labelled.found, labelled.looks), (Found::Somebody, 1));
    assert_eq!(
        counts.checks,
        [(labelled.bin, 1)],
        "what the night's one check has reached"
    );
}

async fn is_drawn(house: &House) {
    let drawn = tokio::time::timeout(DRAWN_WITHIN, async {
        loop {
            match house.drawn().pop() {
                Some(draw) => return draw,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    let draw = drawn.await.expect("a draw in time");
    assert_eq!(draw.check, Some(house.check()));
    assert_eq!(draw.chance_ppm, 1_000_000);
}
