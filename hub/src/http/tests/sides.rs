//! Who sleeps where over HTTP: who may see it and say it, what is in the log first, and what the
//! pages of a home say that sensor mode does not suit.

use axum::http::header::COOKIE;
use ed25519_dalek::SigningKey;

use nattsyn_protocol::commission::{
    Ask, Commissioned, Commissioning, HeldCommissioned, Order, PlaceDigest,
};
use nattsyn_protocol::signing::{Document, Signed};

use super::commission::{Office, unit};
use super::door::SAME;
use super::*;
use crate::commission::gate::CommissionWord;
use crate::commission::suited::{Share, Unsuited};
use crate::commission::{CourseRow, Step};
use crate::store::{Batch, SqliteStore, Store as _};

const ADDRESS: &str = "/residents/r0000001/place";

/// On the left and on the right in the picture.
fn places() -> Vec<Vec<[f32; 2]>> {
    vec![
        vec![[0.2, 0.2], [0.5, 0.2], [0.5, 0.6]],
        vec![[0.5, 0.2], [0.9, 0.2], [0.9, 0.6]],
    ]
}

/// The unit passed with both places, as the desk wrote it down.
fn passes(office: &mut Office) {
    fn signed<D: Document>(document: &D) -> Signed {
        Signed::seal(document, &SigningKey::from_bytes(&[9; 32]))
    }
    let at = office.hub.moment();
    let leave = Commissioning {
        unit: unit(),
        version: 1,
        sleepers: 2,
        from_ms: at,
        until_ms: at.after(Duration::from_secs(7200)),
    };
    let order = Order {
        unit: unit(),
        version: 1,
        number: 33,
        ask: Ask::Conclude,
        places: places(),
    };
    let held = HeldCommissioned {
        version: 1,
        model: "m".to_owned(),
        places: places()
            .iter()
            .map(|it| PlaceDigest::of(std::slice::from_ref(it)))
            .collect(),
    };
    let commissioned = Commissioned {
        unit: unit(),
        held: held.clone(),
        at_ms: at,
        staged: Vec::new(),
        word: None,
    };
    let word = CommissionWord {
        held: Some(held),
        number: None,
    };
    let row = |by: Option<&str>, step| CourseRow {
        id: 0,
        unit: unit(),
        at,
        by: by.map(|id| id.parse().unwrap()),
        step,
    };
    let tea = Some("tekn-001");
    let batch = Batch {
        steps: vec![
            row(tea, Step::Leave(signed(&leave), 1)),
            row(tea, Step::Order(signed(&order))),
            row(None, Step::Commissioned(signed(&commissioned))),
        ],
        commissioned: vec![(unit(), word, at)],
        ..Batch::default()
    };
    office.store.commit(&batch).unwrap();
}

async fn posts(office: &Office, who: &str, form: &str) -> (StatusCode, String) {
    let headers = [(COOKIE.as_str(), who), SAME];
    let response = office.hub.send(("POST", ADDRESS), &headers, form).await;
    (response.status(), text(response).await)
}

#[tokio::test]
async fn who_sleeps_where_is_said_by_two_taps_and_written_with_who_and_when() {
    let mut office = Office::of(2).await;
    passes(&mut office);
    let anna = office.signs_in("natt-001", "night_staff").await;
    let page = office.page(&anna, ADDRESS).await;
    place(&page, "data-stands=\"unsaid\"");
    place(&page, "Astrid Hemlig 1</strong>: plats 1, till vänster");
    place(&page, "data-sides=\"r0000002 r0000001\"");
    assert_eq!(
        page.matches("<polygon").count(),
        4,
        "two drawings of two places"
    );
    // Nobody has sat down in the other's place by mistake: nothing is chosen yet.
    assert!(!page.contains(" checked"), "{page}");
    let (status, _) = posts(&office, &anna, "sides=r0000002+r0000001").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let page = office.page(&anna, ADDRESS).await;
    place(&page, "data-stands=\"said\"");
    place(&page, "Sagt av natt-001");
    assert_eq!(page.matches(" checked").count(), 1);
    let place_of = |who: &str| {
        let book = SqliteStore::open(&office.hub.ledger())
            .unwrap()
            .book()
            .unwrap();
        let newest = book.newest(who.parse().unwrap()).unwrap();
        (newest.agreement.places.clone(), newest.by.clone())
    };
    let by = "vem sover var natt-001".to_owned();
    assert_eq!(
        place_of("r0000001"),
        (vec![places()[1].clone()], by.clone())
    );
    assert_eq!(place_of("r0000002"), (vec![places()[0].clone()], by));
    // They swap: a new row, and the old one stays.
    let (status, _) = posts(&office, &anna, "sides=r0000001+r0000002").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(place_of("r0000001").0, [places()[0].clone()]);
    let ledger = rusqlite::Connection::open(office.hub.ledger()).unwrap();
    let rows: i64 = ledger
        .query_row("SELECT count(*) FROM commission_sides", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(rows, 2);
    assert!(ledger.execute("DELETE FROM commission_sides", []).is_err());
    let mut about = ledger
        .prepare("SELECT DISTINCT about FROM audit WHERE act = 'sides_opened' ORDER BY about")
        .unwrap();
    let about = about.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let about: Vec<String> = about.map(Result::unwrap).collect();
    assert_eq!(
        about,
        ["r0000001", "r0000002"],
        "everybody whom the page names"
    );
    // Each reads in their own extract where they themselves were said to sleep.
    for (resident, places) in [
        ("r0000001", ["place 2", "place 1"]),
        ("r0000002", ["place 1", "place 2"]),
    ] {
        let mut said = ledger
            .prepare("SELECT detail FROM audit WHERE act = 'sides_said' AND about = ?1 ORDER BY id")
            .unwrap();
        let said = said.query_map([resident], |row| row.get::<_, String>(0));
        let said: Vec<String> = said.unwrap().map(Result::unwrap).collect();
        let places = places.map(|place| format!("u0000001 {place}"));
        assert_eq!(said, places, "{resident}");
    }
}

#[tokio::test]
async fn what_names_nobody_or_somebody_twice_is_refused_and_changes_nothing() {
    let mut office = Office::of(2).await;
    passes(&mut office);
    let anna = office.signs_in("natt-001", "night_staff").await;
    for wrong in [
        "",
        "sides=",
        "sides=r0000001+r0000001",
        "sides=r0000001+r0000009",
        "sides=r0000001+nej",
        "sides=r0000001+r0000002+r0000001",
    ] {
        let (status, page) = posts(&office, &anna, wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        place(&page, "Välj en plats för var och en");
        place(&page, "data-stands=\"unsaid\"");
    }
    // The page was shown with names: that is written about everybody, whoever is in the address.
    let ledger = rusqlite::Connection::open(office.hub.ledger()).unwrap();
    let sql = "SELECT count(*) FROM audit WHERE act = 'sides_opened' AND about = ?1";
    for who in ["r0000001", "r0000002"] {
        let rows: i64 = ledger.query_row(sql, [who], |row| row.get(0)).unwrap();
        assert_eq!(rows, 6, "{who}");
    }
}

#[tokio::test]
async fn a_technician_neither_sees_nor_says_it_and_a_case_officer_only_sees() {
    let mut office = Office::of(2).await;
    passes(&mut office);
    let tea = office.technician.clone();
    let headers = [(COOKIE.as_str(), tea.as_str())];
    let seen = office.hub.send(("GET", ADDRESS), &headers, "").await;
    assert_eq!(seen.status(), StatusCode::FORBIDDEN);
    let (status, _) = posts(&office, &tea, "sides=r0000001+r0000002").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let officer = office.signs_in("hand-001", "case_officer").await;
    let page = office.page(&officer, ADDRESS).await;
    place(&page, "inte ändra det");
    assert!(!page.contains("id=\"save\""), "{page}");
    let (status, _) = posts(&office, &officer, "sides=r0000001+r0000002").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    // And the technician is told whom to ask.
    let page = office.page(&tea, &format!("/commission/{}", unit())).await;
    place(&page, "vem som sover på vilken plats");
}

#[tokio::test]
async fn before_a_unit_is_tried_with_a_place_for_each_nothing_can_be_said() {
    for (sleepers, word, why) in [(1, "alone", "Välj"), (2, "not_tried", "driftsatt")] {
        let office = Office::of(sleepers).await;
        let anna = office.signs_in("natt-001", "night_staff").await;
        let page = office.page(&anna, ADDRESS).await;
        place(&page, &format!("data-stands=\"{word}\""));
        assert!(!page.contains("id=\"save\""), "{page}");
        let (status, page) = posts(&office, &anna, "sides=r0000001+r0000002").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(why) || page.contains("driftsatt"), "{page}");
    }
    let office = Office::of(1).await;
    let anna = office.signs_in("natt-001", "night_staff").await;
    for nobody in ["/residents/r0000009/place", "/residents/nej/place"] {
        let headers = [(COOKIE.as_str(), anna.as_str())];
        let response = office.hub.send(("GET", nobody), &headers, "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{nobody}");
    }
}

#[tokio::test]
async fn a_home_that_sensor_mode_does_not_suit_says_so_with_figures_and_what_to_do() {
    let mut office = Office::of(2).await;
    passes(&mut office);
    let share = Share {
        nights: 14,
        checks: 56,
        unclear: 40,
    };
    let unsuited = Unsuited {
        unit: unit(),
        version: 1,
        share,
        at: office.hub.moment(),
    };
    office.store.refuse_sensor(&unsuited).unwrap();
    // Said again, and otherwise, it is the first that stands.
    let other = Unsuited {
        share: Share {
            nights: 28,
            ..share
        },
        ..unsuited
    };
    office.store.refuse_sensor(&other).unwrap();
    let says = "Sensorläge passar inte här: 71 % oklara av 14 nätter (gränsen är 15 %).";
    let manager = office.signs_in("chef-001", "unit_manager").await;
    for address in ["/thresholds", "/thresholds/h0000001"] {
        let page = office.page(&manager, address).await;
        place(&page, says);
        place(&page, "ingen kamera öppnas");
    }
    let english = office.page(&manager, "/thresholds/h0000001?lang=en").await;
    place(&english, "71 % unclear in 14 nights (the limit is 15 %)");
    let page = office.page(&office.technician, "/commission").await;
    place(&page, "sensorläge passar inte");
    let ledger = rusqlite::Connection::open(office.hub.ledger()).unwrap();
    assert!(
        ledger
            .execute("DELETE FROM commission_unsuited", [])
            .is_err()
    );
    let count = |sql: &str| -> i64 { ledger.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM commission_unsuited"), 1);
    assert_eq!(
        count("SELECT count(DISTINCT about) FROM audit WHERE act = 'sensor_unsuited'"),
        2,
        "about everybody who lives there"
    );
    assert_eq!(
        count("SELECT count(*) FROM audit WHERE act = 'sensor_unsuited'"),
        2
    );
}
