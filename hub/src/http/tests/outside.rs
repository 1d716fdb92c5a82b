//! What the page says of the watcher outside and of alarm receivers, in both languages.

use super::*;
use crate::notify::teller::Told;
use crate::outside::{Ailment, Beyond, Watcher};

/// The page with this, without its tags.
async fn shown(tonight: Tonight, beyond: Beyond, address: &str) -> String {
    let (_tonight, receiver) = watch::channel(Arc::new(tonight));
    let told = Told {
        beyond,
        ..Told::default()
    };
    let (_told, told) = watch::channel(Arc::new(told));
    let site = app(State {
        told: Some(told),
        ..State::showing(receiver)
    });
    let said = strip_tags(&text(ask(&site, "GET", address).await).await);
    said.replace(" ,", ",")
}

fn watcher(watcher: Watcher) -> Beyond {
    Beyond {
        watcher,
        silent: Vec::new(),
    }
}

#[tokio::test]
async fn the_page_says_when_the_watcher_outside_was_fed_and_when_it_was_not() {
    let (two, three) = (sample::at("02:10"), sample::at("02:20"));
    let since = Watcher::Unreached {
        since: three,
        fed: Some(two),
    };
    let withheld = |why| Watcher::Withheld { since: three, why };
    for (state, swedish, english) in [
        (
            Watcher::NotSet,
            "Ingen yttre vakt är inställd",
            "No watcher outside is set up",
        ),
        (
            Watcher::Starting,
            "har inte matats sedan servern startade",
            "has not been fed since the server started",
        ),
        (
            Watcher::Fed { at: two },
            "Yttre vakten matad 02:10.",
            "The watcher outside was fed at 02:10.",
        ),
        (
            since,
            "Yttre vakten nås inte sedan 02:20. Matad senast 02:10.",
            "not been reached since 02:20. Last fed at 02:10.",
        ),
        (
            withheld(Ailment::Service),
            "inte yttre vakten sedan 02:20: nattlistan står stilla.",
            "tonight’s list stands still",
        ),
        (
            withheld(Ailment::Teller),
            "inga larm skickas. Håll sidan öppen.",
            "no alerts are sent",
        ),
        (
            withheld(Ailment::Store),
            "det går inte att skriva i databasen",
            "the database takes no writing",
        ),
    ] {
        for (address, words) in [("/", swedish), ("/?lang=en", english)] {
            let page = shown(sample::busy(), watcher(state), address).await;
            assert_eq!(page.matches(words).count(), 1, "{words}: {page}");
        }
    }
}

#[tokio::test]
async fn what_is_well_stands_below_the_rows_and_what_is_not_above_them() {
    let at = sample::at("02:10");
    for (state, words, is_above) in [
        (Watcher::Fed { at }, "Yttre vakten matad", false),
        (Watcher::NotSet, "Ingen yttre vakt", true),
    ] {
        let page = shown(sample::busy(), watcher(state), "/").await;
        let above = place(&page, words) < place(&page, "Elsa Provberg");
        assert_eq!(above, is_above, "{words}");
    }
}

#[tokio::test]
async fn a_demonstration_misses_no_watcher() {
    let page = shown(sample::demonstration(), Beyond::default(), "/").await;
    assert!(!page.contains("yttre vakt"), "{page}");
}

#[tokio::test]
async fn an_alarm_receiver_that_does_not_answer_is_named() {
    let beyond = Beyond {
        watcher: Watcher::Fed {
            at: sample::at("02:30"),
        },
        silent: vec![("larm".parse().unwrap(), 2, sample::at("02:20"))],
    };
    let page = shown(sample::busy(), beyond.clone(), "/").await;
    let words = "Larmmottagaren svarar inte: larm 2, sedan 02:20";
    assert!(page.contains(words), "{page}");
    let page = shown(sample::busy(), beyond, "/?lang=en").await;
    let words = "The alarm receiver does not answer: larm 2, since 02:20";
    assert!(page.contains(words), "{page}");
}
