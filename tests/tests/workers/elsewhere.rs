//! Somebody reads another page than tonight's: what they hear of the night meanwhile, and whether
//! they know that there is sound.

use serde_json::json;

use nattsyn_tests::axe::{self, Examined};

use super::house::{House, at};
use super::worker::Worker;

/// Whether the banner of a new row is there, with the way to it.
const FRESH: &str = "(e => e.offsetHeight > 0 && e.querySelector('a').offsetHeight >= 44)\
                     (document.getElementById('fresh'))";

/// The wish for sound outlives the page, and where the browser waits for a touch, the line says so
/// and any touch is enough.
pub(crate) async fn the_wish_for_sound_goes_from_page_to_page(worker: &Worker) {
    let line = "(e => [e.offsetHeight >= 44, e.innerText, e.getAttribute('aria-pressed')])\
                (document.getElementById('sound'))";
    let off = json!([true, "Ljudet är av: tryck", "false"]);
    assert_eq!(worker.asks(line).await, off);
    worker.photographs("sound-off").await;
    let begins = "document.getElementById('attend').getBoundingClientRect().top <= 120";
    assert_eq!(
        worker.asks(begins).await,
        json!(true),
        "the list begins too low"
    );
    worker.taps("#sound").await;
    let is_on = "document.getElementById('sound').innerText === 'Ljudet är på'";
    worker.sees(is_on).await;
    worker.photographs("sound-on").await;
    for path in ["/meter", "/"] {
        worker.goes_to(path).await;
        let is_wished = "document.getElementById('sound').dataset.state !== 'off'";
        worker.sees(is_wished).await;
        worker.photographs("sound-after-a-page").await;
        worker.taps("main").await;
        worker.sees(is_on).await;
    }
}

/// The menu goes with a press in it, a tap beside it and Escape.
pub(crate) async fn the_menu_shuts_by_itself(worker: &Worker) {
    let menu = "document.getElementById('menu').open";
    worker.taps("#menu > summary").await;
    assert_eq!(worker.asks(menu).await, json!(true));
    worker.taps(".brand").await;
    assert_eq!(
        worker.asks(menu).await,
        json!(false),
        "after a tap beside it"
    );
    worker.taps("#menu > summary").await;
    let escape = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', \
                  { key: 'Escape', bubbles: true }))";
    worker.asks(escape).await;
    assert_eq!(worker.asks(menu).await, json!(false), "after Escape");
}

/// On another page a row that comes is said, goes on being said on the next, and is said no more
/// once it was shown.
pub(crate) async fn a_row_that_comes_is_said_on_every_page(house: &House, worker: &Worker) {
    worker.goes_to("/meter").await;
    worker
        .sees("document.documentElement.dataset.contact === 'well'")
        .await;
    let silent = "document.getElementById('fresh').textContent === ''";
    assert_eq!(worker.asks(silent).await, json!(true));
    house.dial.turn_to(at(11, 2));
    worker.sees(FRESH).await;
    worker.photographs("a-row-came").await;
    worker.goes_to("/handover").await;
    worker.sees(FRESH).await;
    worker.taps("#fresh a").await;
    worker
        .sees("document.querySelector('#attend [data-say]') !== null")
        .await;
    // Which rows were shown is kept once the page knows them.
    worker
        .sees("sessionStorage.getItem('nattsyn.seen')?.length > 10")
        .await;
    worker.goes_to("/handover").await;
    worker
        .sees("document.documentElement.dataset.contact === 'well'")
        .await;
    assert_eq!(
        worker.asks(silent).await,
        json!(true),
        "said of what was shown"
    );
}

/// The hub goes while another page is open: it says so, what to do, and stays there.
pub(crate) async fn a_hub_that_goes_is_said_there_too(
    house: &mut House,
    worker: &Worker,
) -> Examined {
    house.kill();
    let said = "(e => e.offsetHeight > 0 && e.innerText.includes('Ingen kontakt'))\
                (document.getElementById('contact'))";
    worker.sees(said).await;
    worker.photographs("hub-gone-elsewhere").await;
    let followed = "([...document.querySelectorAll('a[href^=\"/\"]')].forEach(it => it.click()), \
                    location.pathname)";
    assert_eq!(worker.asks(followed).await, json!("/handover"));
    let examined = axe::examine(
        &worker.browser,
        &format!("hub gone, elsewhere, {}", worker.lang),
    )
    .await;
    house.start().await;
    worker
        .sees("document.getElementById('contact').textContent === ''")
        .await;
    examined
}

/// Whoever signed out elsewhere in the same browser is led to the sign-in when the page connects
/// again, and is not told that the hub is gone.
pub(crate) async fn a_shift_that_is_over_leads_to_the_sign_in(house: &mut House, worker: &Worker) {
    worker
        .asks("void fetch('/sign-out', { method: 'POST' }).then(() => { window.out = true })")
        .await;
    worker.sees("window.out").await;
    house.kill();
    house.start().await;
    worker
        .sees("document.querySelector('form.sign-in') !== null")
        .await;
}
