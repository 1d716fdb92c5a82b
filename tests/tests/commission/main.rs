//! Homes are commissioned as a technician does it, phone in hand: begins on the page, presses the
//! button at the unit, does step by step what the page says, and is told that it passes or why it
//! does not. A home that passed counts in the night; one that did not is a visit; a camera that was
//! knocked says so at its next look.
//!
//! The hub is all that `nattsyn-hub serve` starts, in a process of its own, on a clock that the
//! test turns; the broker is Mosquitto; the browser is headless Chromium; each unit is supervisor,
//! eye and voice as they are shipped. Only what stands before the camera is generated.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod house;
mod technician;
mod unit;

use std::time::Duration;

use nattsyn_protocol::demonstration::Mounting;
use nattsyn_scenes::{Room, View};
use nattsyn_tests::{axe, served};

use house::{ANNA, House, TEA, at};
use technician::{End, Person};
use unit::{ASLEEP, Hung, Unit};

/// Longest that anything here may take in real time, on two loaded cores.
const SOON: Duration = Duration::from_secs(40);

/// Longest that a home may take in the demonstration's time.
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// Rooms whose cameras hang as the guide says, from here on.
const FIRST_ROOM: u64 = 9_000;

const WRONG: [Mounting; 5] = [
    Mounting::CutsTheBed,
    Mounting::PastTheBed,
    Mounting::TooWide,
    Mounting::OutOfFocus,
    Mounting::LampDead,
];

/// Rooms whose camera hangs as the guide says: in a corner of the ceiling, with the whole bed well
/// inside the picture. What the model makes of them is not asked.
fn hung_right() -> impl Iterator<Item = Hung> {
    let is_right = |seed: &u64| {
        let room = Room::from_seed(*seed);
        let within = |at: f32| (0.05..=0.95).contains(&at);
        let bed = room.sleeping_place();
        room.view() == View::Corner && bed.iter().all(|(x, y)| within(*x) && within(*y))
    };
    (FIRST_ROOM..).filter(is_right).map(|room| Hung {
        room,
        mounting: Mounting::Right,
        sleepers: 1,
    })
}

/// One home after the other, as it goes; what came of each, and how long it took.
#[expect(
    clippy::print_stdout,
    reason = "somebody waits a quarter of an hour for it"
)]
async fn commission_all(house: &House, cameras: &[Hung]) -> Vec<(Hung, End, Duration)> {
    let tea = Person::comes(house, TEA).await;
    let mut ends = Vec::new();
    for (home, camera) in cameras.iter().enumerate() {
        let unit = Unit::plug_in(&house.unit_folder(home));
        let begun = house.dial.now();
        let end = tea
            .commissions(house, home, (*camera, &unit), async |_, _| {})
            .await;
        let took = house.dial.now().since(begun);
        println!("{camera:?}: {end:?}, {took:?}");
        ends.push((*camera, end, took));
    }
    ends
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_that_passes_counts_and_a_knocked_camera_is_noticed_at_its_next_look() {
    let cameras: Vec<Hung> = hung_right().take(1).collect();
    let house = House::open(&cameras).await;
    let unit = Unit::plug_in(&house.unit_folder(0));
    let tea = Person::comes(&house, TEA).await;
    tea.goes_to("/commission").await;
    tea.reads("Driftsättning").await;
    let mut examined = vec![tea.examines("units").await];
    tea.photographs("commission-list").await;
    let wanted = [
        ("button", "button"),
        ("walk 0 0", "walk"),
        ("place", "place"),
        ("staged 0 covered as_it_is", "covered"),
        ("staged - empty_heaped as_it_is", "heaped"),
        ("staged - lens_covered lit", "hand"),
        ("conclude", "conclude"),
    ];
    let end = tea
        .commissions(&house, 0, (cameras[0], &unit), async |tea, what| {
            if let Some((_, name)) = wanted.iter().find(|(wanted, _)| *wanted == what) {
                examined.push(tea.examines(name).await);
                tea.photographs(&format!("commission-{name}")).await;
            }
        })
        .await;
    assert_eq!(end, End::Passed);
    let own = house.own(0).unwrap().counts;
    let staged = [own.nobody.commissioned(), own.somebody.commissioned()];
    assert_eq!(staged, [8, 8], "all that the promise asks to be staged");
    examined.push(tea.examines("receipt").await);
    tea.photographs("commission-receipt").await;
    axe::nothing_found(&examined);

    // The night after: somebody sleeps, and the camera hangs as it did.
    unit.shows(cameras[0].showing(ASLEEP, 7));
    house.looks_at(at(11, 0)).await;
    house.comes_to(0, 1, Some("visible")).await;
    let knocked = Hung {
        mounting: Mounting::Knocked,
        ..cameras[0]
    };
    unit.shows(knocked.showing(ASLEEP, 7));
    house.looks_at(at(14, 0)).await;
    let anna = Person::comes(&house, ANNA).await;
    anna.reads("kameran har rubbats").await;
    anna.photographs("commission-moved").await;
    house.comes_to(0, 2, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_cuts_the_bed_is_refused_and_what_it_sees_does_not_count() {
    let wrong = Hung {
        mounting: Mounting::CutsTheBed,
        ..hung_right().next().unwrap()
    };
    let house = House::open(&[wrong]).await;
    let unit = Unit::plug_in(&house.unit_folder(0));
    let tea = Person::comes(&house, TEA).await;
    let end = tea
        .commissions(&house, 0, (wrong, &unit), async |_, _| {})
        .await;
    assert_eq!(house.own(0), None, "what it saw is nobody's evidence");
    let End::Refused(why) = end else {
        panic!("it passes");
    };
    assert!(why.contains("Häng") || why.contains("Vrid"), "{why}");
    axe::nothing_found(&[tea.examines("refused").await]);
    tea.photographs("commission-refused").await;

    // Somebody hangs it right afterwards and leaves it at that.
    let right = Hung {
        mounting: Mounting::Right,
        ..wrong
    };
    unit.shows(right.showing(ASLEEP, 7));
    house.looks_at(at(11, 0)).await;
    let anna = Person::comes(&house, ANNA).await;
    anna.reads("enheten är underkänd där den hänger").await;
    anna.photographs("commission-refused-row").await;
    house.comes_to(0, 1, None).await;
}

/// A room with a double bed in which the shipped eye tells both sleepers apart whatever the noise
/// of the pictures, and one in which it does not (`detector/examples/commission_rooms.rs`,
/// `double`). Others pass on some days and not on others.
const TOLD_APART: u64 = 5_151;
const NOT_TOLD_APART: u64 = 5_000;

fn of_two(room: u64) -> Hung {
    Hung {
        room,
        mounting: Mounting::Right,
        sleepers: 2,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_under_one_unit_count_once_the_care_has_said_who_sleeps_where() {
    let camera = of_two(TOLD_APART);
    let house = House::open(&[camera]).await;
    let unit = Unit::plug_in(&house.unit_folder(0));
    let tea = Person::comes(&house, TEA).await;
    let mut examined = Vec::new();
    let end = tea
        .commissions(&house, 0, (camera, &unit), async |tea, what| {
            if ["place", "staged 0 together as_it_is"].contains(&what) {
                let name = what.split(' ').nth(2).unwrap_or("places");
                examined.push(tea.examines(name).await);
                tea.photographs(&format!("commission-two-{name}")).await;
            }
        })
        .await;
    assert_eq!(end, End::Passed);
    tea.reads("vem som sover på vilken plats").await;
    examined.push(tea.examines("receipt").await);

    // Somebody who knows them, by keyboard: on the drawing that is right, and saved.
    let anna = Person::comes(&house, ANNA).await;
    anna.goes_to(&house.sides(0)).await;
    anna.sees("document.querySelector('[data-stands]').dataset.stands === 'unsaid'")
        .await;
    anna.sees("document.querySelector('input:checked') === null")
        .await;
    examined.push(anna.examines("sides").await);
    anna.photographs("sides").await;
    anna.types(".card:first-child input", " ").await;
    anna.sees("document.querySelector('.card:first-child input').checked")
        .await;
    anna.types("#save", "\u{e007}").await;
    anna.reads("Sagt av").await;
    examined.push(anna.examines("sides-said").await);
    anna.photographs("sides-said").await;
    axe::nothing_found(&examined);

    // The night after the first sleeps in place 1. What is said of the other's empty place is not
    // asked here: it is why no real home is commissioned so (docs/design/0013).
    unit.shows(camera.showing(ASLEEP, 7));
    house.looks_at(at(11, 0)).await;
    house.comes_to(0, 1, Some("visible")).await;
    house.looks_at(at(11, 1)).await;
    house.second_is_looked_at(0, 1).await;

    // They have swapped, and whoever lies in place 1 is no longer the first. It is said by the
    // night shift: who came in the morning has been signed out.
    let anna = Person::comes(&house, ANNA).await;
    anna.goes_to(&house.sides(0)).await;
    anna.presses(".card:last-child").await;
    anna.presses("#save").await;
    anna.reads("Sagt av").await;
    house.looks_at(at(14, 0)).await;
    house.comes_to(0, 2, None).await;
    anna.goes_to("/").await;
    anna.reads("sovplatsen är ändrad sedan driftsättningen")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_are_not_told_apart_are_refused_after_thirteen_tries_and_stay_visits() {
    let camera = of_two(NOT_TOLD_APART);
    let house = House::open(&[camera]).await;
    let unit = Unit::plug_in(&house.unit_folder(0));
    let tea = Person::comes(&house, TEA).await;
    let mut tries = 0;
    let end = tea
        .commissions(&house, 0, (camera, &unit), async |_, what| {
            tries += usize::from(what.starts_with("walk") || what.starts_with("staged"));
        })
        .await;
    let End::Refused(why) = end else {
        panic!("it passes");
    };
    assert!(why.contains("kan inte skilja dem åt"), "{why}");
    assert!((13..=14).contains(&tries), "{tries} tries");
    axe::nothing_found(&[tea.examines("not-told-apart").await]);
    tea.photographs("commission-not-told-apart").await;
    unit.shows(camera.showing(ASLEEP, 7));
    house.looks_at(at(11, 0)).await;
    house.comes_to(0, 1, None).await;
}

/// Twenty homes, five of them wrongly hung. A quarter of an hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a quarter of an hour"]
async fn twenty() {
    let mut rooms = hung_right();
    let mut cameras: Vec<Hung> = rooms.by_ref().take(15).collect();
    cameras.extend(
        WRONG
            .into_iter()
            .zip(rooms)
            .map(|(mounting, hung)| Hung { mounting, ..hung }),
    );
    let house = House::open(&cameras).await;
    let ends = commission_all(&house, &cameras).await;
    let (right, wrong) = ends.split_at(15);
    let passed = right.iter().filter(|(_, end, _)| *end == End::Passed);
    assert!(passed.count() >= 14, "{right:?}");
    assert!(
        wrong
            .iter()
            .all(|(_, end, _)| matches!(end, End::Refused(_))),
        "{wrong:?}"
    );
    assert!(ends.iter().all(|(_, _, took)| *took <= TEN_MINUTES));
}

/// The hub's process, when it is started with a folder.
#[test]
#[ignore = "it is the hub's process, which a test starts"]
fn the_hub_of_a_technician() {
    served::serve_until_killed();
}
