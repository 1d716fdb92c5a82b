//! Without a mouse, and at twice the size: everything can still be reached.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use serde_json::json;

use nattsyn_tests::browser::FITS;

use super::house::House;
use super::worker::Worker;

/// What WebDriver calls these keys.
const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const SPACE: char = '\u{e00d}';

/// More stops than from one row's button to what ends that row, ten times over.
const STOPS_MAX: usize = 60;

/// Presses one key, as on a keyboard: it goes to whatever has the focus.
async fn press(worker: &Worker, key: char) {
    let keys = KeyActions::new("keys".to_owned())
        .then(KeyAction::Down { value: key })
        .then(KeyAction::Up { value: key });
    worker.browser.client.perform_actions(keys).await.unwrap();
}

/// Presses the tabulator until the focus is on what is looked for, and can be seen to be.
async fn tab_to(worker: &Worker, what: &str) -> usize {
    for stops in 0..STOPS_MAX {
        let here = format!("document.activeElement?.matches({}) === true", json!(what));
        if worker.asks(&here).await == json!(true) {
            let ring = "getComputedStyle(document.activeElement).outlineStyle !== 'none' \
                        && document.activeElement.getBoundingClientRect().height > 0";
            assert_eq!(
                worker.asks(ring).await,
                json!(true),
                "{what}: no focus to be seen"
            );
            return stops;
        }
        press(worker, TAB).await;
    }
    panic!("{what} is not reached by {STOPS_MAX} presses of the tabulator");
}

/// From the sign-in to a row that is over, without a mouse.
pub(crate) async fn a_row_is_ended_by_keyboard_alone(
    house: &House,
    worker: &Worker,
    (person, another): (&str, &str),
) {
    for (field, text) in [("#who", worker.id), ("#pin", house.pin(worker.id))] {
        tab_to(worker, field).await;
        for key in text.chars() {
            press(worker, key).await;
        }
    }
    press(worker, ENTER).await;
    worker
        .sees("document.querySelector('#attend') !== null")
        .await;
    let id = worker.asks(&format!("row('{person}').id")).await;
    let row = format!("#{}", id.as_str().unwrap());
    tab_to(worker, &format!("{row} button[value=take]")).await;
    press(worker, ENTER).await;
    worker.reads(person, "Du har den sedan").await;
    // From here on the focus is in the row: nobody begins again at the top of the page.
    let folded = tab_to(
        worker,
        &format!("{row} details:has(input[name=how]) summary"),
    )
    .await;
    assert!(
        folded <= 3,
        "the focus was lost when the row was taken: {folded} stops"
    );
    press(worker, ENTER).await;
    tab_to(worker, &format!("{row} input[name=how]")).await;
    let chosen = format!("document.querySelector('{row} input[name=how]:checked') !== null");
    press(worker, SPACE).await;
    worker.sees(&chosen).await;
    tab_to(worker, &format!("{row} button[value=outcome]")).await;
    press(worker, ENTER).await;
    worker.sees_no_row_of(person).await;
    // And the next row is near, not the whole page away.
    let id = worker.asks(&format!("row('{another}').id")).await;
    let next = format!("#{} button[value=take]", id.as_str().unwrap());
    let stops = tab_to(worker, &next).await;
    assert!(
        stops <= 10,
        "the focus was lost when the row ended: {stops} stops"
    );
}

/// Nothing scrolls sideways, and everything that can be pressed stands within the window and is
/// large enough for a thumb.
pub(crate) async fn everything_fits_and_is_in_reach(worker: &Worker, what: &str) {
    worker.photographs(what).await;
    let cut = "[...document.querySelectorAll('body *')].filter(e => { \
               const box = e.getBoundingClientRect(); \
               return box.width > 1 && box.right > document.documentElement.clientWidth + 1 && \
               !e.closest('.unseen, .skip, svg'); }).map(e => e.outerHTML.slice(0, 80))";
    let beyond = worker.asks(cut).await;
    assert_eq!(
        worker.asks(FITS).await,
        json!(true),
        "{what} scrolls sideways: {beyond}"
    );
    assert_eq!(beyond, json!([]), "{what}: beyond the edge");
    // WCAG 2.1, 2.5.5 asks for 44 pixels; what stands inside a line of text is excepted.
    let small = "[...document.querySelectorAll('button, summary, a.press, .hands label')]\
                 .filter(e => { const box = e.getBoundingClientRect(); \
                 return box.height > 0 && (box.height < 44 || box.width < 44); })\
                 .map(e => e.outerHTML.slice(0, 80))";
    assert_eq!(
        worker.asks(small).await,
        json!([]),
        "{what}: too small for a thumb"
    );
}
