//! The handover and the meter: what they show, since when, and to whom they say what.

use super::residents::with_archive;
use super::*;
use crate::view::Tonight;

async fn shown(tonight: Tonight, address: &str) -> String {
    let (_sender, site) = with_archive(tonight);
    let response = ask(&site, "GET", address).await;
    assert_eq!(response.status(), StatusCode::OK, "{address}");
    text(response).await
}

fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    &page[place(page, from)..place(page, to)]
}

#[tokio::test]
async fn the_handover_says_what_is_open_who_has_it_and_what_comes_next() {
    let page = shown(sample::busy(), "/handover").await;
    let open = strip_tags(part(&page, "id=\"open\"", "id=\"said\""));
    for needle in [
        "Elsa Provberg",
        "Märta",
        "Sture",
        "Holger",
        "Ingen har den.",
    ] {
        assert!(open.contains(needle), "{needle:?} is not in {open}");
    }
    let matters = strip_tags(part(&page, "id=\"matters\"", "id=\"next\""));
    assert!(
        matters.contains("En sensorenhet som inte är inlagd"),
        "{matters}"
    );
    let next = strip_tags(&page[place(&page, "id=\"next\"")..]);
    assert!(next.contains("Härnäst i natt 3"), "{next}");
    assert!(next.contains("05:00–06:00 Holger Sagesman"), "{next}");
    assert!(page.contains("data-print"));
}

#[tokio::test]
async fn the_handover_tells_what_was_found_since_the_chosen_hour_and_nothing_older() {
    let found = |page: &str| strip_tags(part(page, "id=\"said\"", "id=\"ended\""));
    let all = found(&shown(sample::busy(), "/handover?since=21%3A00").await);
    assert!(all.contains("Märta Exempelsson"), "{all}");
    let none = found(&shown(sample::busy(), "/handover?since=11:00").await);
    assert!(none.contains("Inget sedan dess."), "{none}");
}

#[tokio::test]
async fn what_closed_since_then_is_there_with_how_it_ended() {
    let page = shown(sample::busy(), "/handover?since=23:30").await;
    let ended = strip_tags(part(&page, "id=\"ended\"", "id=\"matters\""));
    assert!(ended.contains("Ivar Modellin"), "{ended}");
    assert!(!ended.contains("Gudrun"), "{ended}");
}

#[tokio::test]
async fn a_time_that_is_none_is_refused_in_words() {
    let (_sender, site) = with_archive(sample::busy());
    let response = ask(&site, "GET", "/handover?since=sent").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(text(response).await.contains("Skriv tiden som 21:00."));
}

fn flooded() -> Tonight {
    let mut tonight = sample::busy();
    for id in 0..10 {
        let number = u8::try_from(id).unwrap();
        let somebody = sample::person(100 + number, "Nils Nykommen", "Lillgatan 5");
        let mut row = sample::exception(200 + id, somebody, Cause::Silent, "02:50");
        row.opened = sample::at("02:30");
        tonight.open.push(row);
    }
    tonight
}

#[tokio::test]
async fn a_flood_is_said_where_rows_are_taken_and_calm_is_not() {
    let calm = page(sample::busy(), "/").await;
    assert!(!calm.contains("class=\"notice flood\""));
    let flood = page(flooded(), "/").await;
    let line = strip_tags(part(&flood, "class=\"notice flood\"", "id=\"attend\""));
    assert!(line.contains("10 nya rader på tio minuter"), "{line}");
    assert!(flood.contains("href=\"/meter?lang=sv\""));
}

#[tokio::test]
async fn the_meter_shows_the_hour_in_figures_words_and_a_picture_and_names_the_homes() {
    let page = shown(flooded(), "/meter").await;
    let words = strip_tags(&page);
    for needle in [
        "Flod: be om hjälp",
        "det är inte känt hur många som är i tjänst",
        "Lillgatan 5",
        "10 gånger",
        "10 flod",
    ] {
        assert!(words.contains(needle), "{needle:?} is not in {words}");
    }
    assert!(page.contains("aria-label=\"Nya rader per tio minuter den senaste timmen"));
    assert!(page.contains("data-load=\"flood\""));
    let english = shown(sample::busy(), "/meter?lang=en").await;
    assert!(strip_tags(&english).contains("Steady"), "{english}");
}

#[tokio::test]
async fn both_lead_to_themselves_in_the_other_language_and_stand_in_the_menu() {
    for path in ["/handover", "/meter"] {
        let page = shown(sample::busy(), path).await;
        assert!(page.contains("lang=en\" lang=\"en\""), "{page}");
        let start = super::page(sample::busy(), "/").await;
        assert!(
            start.contains(&format!("href=\"{path}?lang=sv\"")),
            "{path}"
        );
    }
}
