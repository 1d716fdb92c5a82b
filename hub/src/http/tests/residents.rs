//! A resident's page: what it says in plain words, to whom, and what it never says.

use nattsyn_protocol::calendar::Days;
use nattsyn_protocol::ids::{ResidentId, UnitId, WindowKey};

use super::books::sample_archive;
use super::*;
use crate::agreement::{
    Absence, Agreed, AgreedWindow, Agreement, Away, Fallback, How, Origin, Then, VisitReason,
};
use crate::view::ledger::NightLedger;
use crate::view::resident::ResidentFile;
use jiff::civil::{Date, Weekday, date, time};

/// What is written about somebody with a line in this night.
pub(super) fn file(
    night: &NightLedger,
    resident: ResidentId,
    tonight: Date,
) -> Option<ResidentFile> {
    let lines: Vec<_> = night
        .lines
        .iter()
        .filter(|line| line.id.resident == resident)
        .cloned()
        .collect();
    let person = lines.first()?.person.clone();
    let mut before = lines.clone();
    for line in &mut before {
        line.id.night = tonight.yesterday().unwrap();
    }
    Some(ResidentFile {
        unit: Some(UnitId::from_random([0, 9, 17, 3, 0, 30, 31, 5])),
        agreed: Some(agreed(resident)),
        absences: vec![absence(resident)],
        ended: None,
        apart: Vec::new(),
        nights: vec![(tonight, lines), (tonight.yesterday().unwrap(), before)],
        person,
    })
}

fn agreed(resident: ResidentId) -> Agreed {
    let window = |key, from, to, how| AgreedWindow {
        key: WindowKey(key),
        from,
        to,
        days: Days::default(),
        how,
    };
    let weekend = Days::from_iter([Weekday::Saturday, Weekday::Sunday]);
    let visit = How::Visit(VisitReason::Help, "toalett".to_owned());
    let windows = vec![
        window(
            1,
            time(22, 0, 0, 0),
            time(23, 0, 0, 0),
            How::Looks(Vec::new()),
        ),
        AgreedWindow {
            days: weekend,
            ..window(2, time(2, 0, 0, 0), time(2, 30, 0, 0), visit)
        },
    ];
    Agreed {
        version: 3,
        agreement: Agreement {
            windows,
            then: Then::PhoneThenVisit,
            fallback: Fallback::Phone,
            answer_within_min: Some(20),
            wishes: "Knacka två gånger.".to_owned(),
            ..Agreement::bare(resident, "Europe/Stockholm")
        },
        made: sample::at("14:00"),
        by: "dag-003".to_owned(),
        origin: Origin::Import,
    }
}

fn absence(resident: ResidentId) -> Absence {
    Absence {
        id: 1,
        resident,
        why: Away::Away,
        first: date(2026, 11, 24),
        last: None,
        made: sample::at("13:00"),
        by: "dag-003".to_owned(),
        confirmed: Vec::new(),
        ended: None,
    }
}

/// The same pages with a ledger to read.
pub(super) fn with_archive(tonight: Tonight) -> (watch::Sender<Arc<Tonight>>, Router) {
    let (sender, receiver) = watch::channel(Arc::new(tonight));
    let state = State {
        archive: Some(Arc::new(sample_archive())),
        ..State::showing(receiver)
    };
    (sender, app(state))
}

fn address(number: u8) -> String {
    format!("/residents/{}", ResidentId::from_random([number; 8]))
}

async fn shown(number: u8, query: &str) -> String {
    let (_sender, site) = with_archive(sample::busy());
    let response = ask(&site, "GET", &format!("{}{query}", address(number))).await;
    assert_eq!(response.status(), StatusCode::OK);
    text(response).await
}

#[tokio::test]
async fn a_residents_page_says_what_was_agreed_in_plain_words() {
    let page = strip_tags(&shown(1, "").await);
    for needle in [
        "Elsa Provberg",
        "Åkervägen 3",
        "Sensor, ingen kameravisning",
        "22:00–23:00, varje natt: sensorn tittar",
        "02:00–02:30, lör, sön: personligt besök: behöver hjälp då (toalett)",
        "Ring först. Åk dit om det inte klarar upp saken.",
        "Ring i stället. Åk dit om ingen svarar.",
        "20 min",
        "Knacka två gånger.",
        "24 november 2026–tills vidare",
        "planversion 3, av dag-003",
        "Hördes senast",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
}

#[tokio::test]
async fn no_name_stays_in_the_history_of_a_phone() {
    for (query, title) in [
        ("", "<title>Den enskilde – Nattsyn</title>"),
        ("?lang=en", "<title>Resident – Nattsyn</title>"),
    ] {
        let page = shown(1, query).await;
        assert!(page.contains(title), "{page}");
    }
}

#[tokio::test]
async fn it_says_what_needs_action_now_with_the_next_step_and_the_way_to_the_row() {
    let page = shown(1, "").await;
    let now = &page[place(&page, "id=\"now\"")..place(&page, "id=\"agreed\"")];
    assert!(now.contains("href=\"/?lang=sv#e11\""), "{now}");
    let words = strip_tags(now);
    for needle in [
        "Syns inte på sovplatsen",
        "Sedan 02:14",
        "Ring först",
        "Ingen har den.",
    ] {
        assert!(words.contains(needle), "{needle:?} is not in {words}");
    }
}

#[tokio::test]
async fn tonight_and_the_nights_before_stand_apart_and_nobody_else_is_there() {
    let page = shown(1, "").await;
    let tonight = &page[place(&page, "id=\"tonight\"")..place(&page, "id=\"earlier\"")];
    let earlier = &page[place(&page, "id=\"earlier\"")..place(&page, "id=\"unit\"")];
    assert!(strip_tags(tonight).contains("22:04 Synlig"), "{tonight}");
    assert!(
        strip_tags(earlier).contains("20–21 november 2026"),
        "{earlier}"
    );
    for other in ["Märta", "Sture", "Ivar", "Gudrun"] {
        assert!(!page.contains(other), "{other} is on Elsa's page");
    }
}

#[tokio::test]
async fn a_change_of_this_afternoon_says_that_it_holds_from_the_next_night() {
    assert!(shown(1, "").await.contains("gäller helt från nästa natt"));
}

#[tokio::test]
async fn whom_nobody_knows_is_said_in_words_and_not_found() {
    let (_sender, site) = with_archive(sample::busy());
    for path in [
        address(30),
        "/residents/elsa".to_owned(),
        "/residents/..%2f".to_owned(),
    ] {
        let response = ask(&site, "GET", &path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let page = text(response).await;
        assert!(
            page.contains("Ingen enskild med den adressen finns."),
            "{page}"
        );
    }
    let english = ask(&site, "GET", &format!("{}?lang=en", address(30))).await;
    assert!(
        text(english)
            .await
            .contains("There is no resident at this address.")
    );
}

#[tokio::test]
async fn without_a_ledger_it_says_so_and_shows_nobody() {
    let (_sender, site) = site(sample::busy());
    let response = ask(&site, "GET", &address(1)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!text(response).await.contains("Elsa"));
}

#[tokio::test]
async fn every_row_and_every_check_leads_to_its_resident() {
    let page = page(sample::busy(), "/").await;
    let elsa = format!("href=\"{}?lang=sv\"", address(1));
    // Her row, and her two checks.
    assert_eq!(page.matches(&elsa).count(), 3);
    let marta = format!("href=\"{}?lang=sv\"", address(3));
    assert!(page[place(&page, "id=\"m3\"")..].contains(&marta));
}

#[tokio::test]
async fn nobody_is_said_to_be_well_or_asleep_and_no_picture_is_there() {
    for query in ["", "?lang=en"] {
        let page = shown(1, query).await;
        let words = format!(" {} ", strip_tags(&page).to_lowercase());
        for word in [" ok ", " sover ", " asleep ", " mår bra ", " frisk "] {
            assert!(!words.contains(word), "{word:?} in {words}");
        }
        assert!(!page.contains("<img"), "{page}");
    }
}

#[tokio::test]
async fn it_leads_to_itself_in_the_other_language() {
    let page = shown(1, "?lang=en").await;
    assert!(page.contains(&format!("href=\"{}?lang=sv\" lang=\"sv\"", address(1))));
    assert!(strip_tags(&page).contains("Call first. Go there if that does not settle it."));
}
