//! The hub is killed, and comes back: what both phones show meanwhile, and what is there after.

use std::time::Duration;

use nattsyn_clock::Clock;
use serde_json::json;

use nattsyn_tests::axe::{self, Examined};

use super::shared::Team;
use super::worker::Worker;

/// By when a page must have said that the hub is gone: 15 s after it last heard of it, and it looks
/// every second.
const SAID_WITHIN: Duration = Duration::from_secs(17);

/// Whether the banner is there, and says since when.
const BANNER: &str = "(e => e.offsetHeight > 0 && /\\d\\d[.:]\\d\\d/.test(e.innerText))\
                      (document.getElementById('contact'))";

/// Within 15 s both phones say that contact is lost, and show what is left of tonight.
pub(crate) async fn both_phones_say_so_in_time(team: &mut Team) -> Duration {
    let clock = Clock::machine();
    team.house.kill();
    let killed = clock.real_now();
    tokio::join!(team.anna.sees(BANNER), team.bo.sees(BANNER));
    let after = clock.real_now().saturating_sub(killed);
    assert!(after <= SAID_WITHIN, "said only after {after:?}");
    after
}

/// What stands on a phone without a hub: who is left of tonight, and nothing to press in vain.
pub(crate) async fn what_is_left_of_tonight_stands_there(
    worker: &Worker,
    left: &[&str],
    settled: &[&str],
) -> Examined {
    let shown = "(person => [...document.querySelectorAll('#ledger li')].some(line => \
                 line.innerText.includes(person) && line.offsetHeight > 0))";
    for person in left {
        let is_shown = worker.asks(&format!("{shown}('{person}')")).await;
        assert_eq!(is_shown, json!(true), "{person} is left, and not shown");
    }
    for person in settled {
        let is_shown = worker.asks(&format!("{shown}('{person}')")).await;
        assert_eq!(is_shown, json!(false), "{person} is settled, and shown");
    }
    let held = "(it => it.offsetHeight > 0 && /\\d\\d[.:]\\d\\d/.test(it.innerText))\
                (row('Astrid Exempel').querySelector('.holder'))";
    assert_eq!(
        worker.asks(held).await,
        json!(true),
        "who has a row is hidden"
    );
    let pressed = "[...document.querySelectorAll('.hands button')].some(b => b.offsetHeight > 0)";
    assert_eq!(worker.asks(pressed).await, json!(false));
    let away = "[...document.querySelectorAll('a[href], form')].filter(it => \
                it.offsetHeight > 0 && !it.getAttribute('href')?.startsWith('#') && \
                getComputedStyle(it).pointerEvents !== 'none')\
                .map(it => it.outerHTML.slice(0, 80))";
    assert_eq!(
        worker.asks(away).await,
        json!([]),
        "this leads off the only page there is"
    );
    // Nor by keyboard.
    let followed = "([...document.querySelectorAll('a[href^=\"/\"]')].forEach(it => it.click()), \
                    location.pathname)";
    assert_eq!(worker.asks(followed).await, json!("/"));
    let named = "row('Astrid Exempel').innerText.includes('Astrid Exempel')";
    assert_eq!(
        worker.asks(named).await,
        json!(true),
        "no name without the hub"
    );
    worker.photographs("hub-gone").await;
    axe::examine(&worker.browser, &format!("hub gone, {}", worker.lang)).await
}

/// The hub is back: the banner goes by itself.
pub(crate) async fn both_phones_recover_by_themselves(team: &mut Team) {
    team.house.start().await;
    let well = "document.getElementById('contact').textContent === '' \
                && document.documentElement.dataset.contact === 'well'";
    tokio::join!(team.anna.sees(well), team.bo.sees(well));
}
