//! Checks that are followed by a visit by lot, over a real ledger: what the page offers, what is
//! written down, and what is refused.

use axum::http::header::COOKIE;
use ed25519_dalek::SigningKey;

use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::signing::PublicKey;

use super::door::{Hub, SAME, location, pin_in};
use super::*;
use crate::audit::{Act, Log, Question};
use crate::config::Front;
use crate::enrolment::{Homes, enrol};
use crate::keys::HubKeys;
use crate::labels::{Draw, Labelled};
use crate::roster::{Home, Resident};
use crate::store::{SqliteStore, Store as _};
use crate::view::{CheckRow, ExceptionRow, HomeRow, LookRow, Person};

const NIGHT: &str = "20261121";

/// Numbers of homes: one that was drawn and seen ten minutes ago, one that was seen and not drawn,
/// one that was drawn and is being looked at, and one that somebody is asked about.
const DRAWN: u8 = 1;
const SEEN: u8 = 2;
const ONGOING: u8 = 3;
const ASKED: u8 = 4;

fn enrolled(number: u8) -> Home {
    Home {
        id: format!("h000000{number}").parse().unwrap(),
        address: format!("Exempelgatan {number}"),
        unit: format!("u000000{number}").parse().unwrap(),
        eye: PublicKey::of(&SigningKey::from_bytes(&[number; 32])),
        residents: vec![Resident {
            id: format!("r000000{number}").parse().unwrap(),
            name: format!("Namn {number}"),
        }],
    }
}

fn person(number: u8) -> Person {
    let home = enrolled(number);
    Person {
        resident: home.residents[0].id,
        name: home.residents[0].name.clone(),
        address: home.address,
    }
}

fn check_id(number: u8) -> CheckId {
    format!("r000000{number}.{NIGHT}.1").parse().unwrap()
}

fn check(number: u8, standing: Standing, looked: Option<&str>) -> CheckRow {
    let look = |at: &str| LookRow {
        look: 1,
        at: sample::at(at),
        came: sample::at(at),
        finding: Finding::Visible,
    };
    CheckRow {
        id: check_id(number),
        person: person(number),
        home: Some(enrolled(number).id),
        opens: sample::at("02:15"),
        deadline: sample::at("03:15"),
        standing,
        looks: looked.map(look).into_iter().collect(),
    }
}

fn draw(number: u8) -> Draw {
    Draw {
        home: enrolled(number).id,
        night: jiff::civil::date(2026, 11, 21),
        unit: enrolled(number).unit,
        check: Some(check_id(number)),
        chance_ppm: 250_000,
        at: sample::at("21:00"),
    }
}

fn asked() -> ExceptionRow {
    ExceptionRow {
        person: person(ASKED),
        home: Some(enrolled(ASKED).id),
        checks: vec![check_id(ASKED)],
        ..sample::busy().open.remove(0)
    }
}

/// At 02:31; what is drawn and said of it is read in the ledger, as the desk does.
fn tonight(store: &SqliteStore) -> Tonight {
    let seen = Standing::Visible {
        at: sample::at("02:21"),
    };
    let needs = Standing::Exception {
        cause: Cause::NotVisible,
    };
    let home = |number| HomeRow {
        home: enrolled(number).id,
        unit: enrolled(number).unit,
        address: enrolled(number).address,
        heard: None,
        hearing: Hearing::Well,
    };
    Tonight {
        open: vec![asked()],
        checks: vec![
            check(DRAWN, seen, Some("02:21")),
            check(SEEN, seen, Some("02:21")),
            check(ONGOING, Standing::Ongoing, Some("02:21")),
            check(ASKED, needs, Some("02:21")),
        ],
        homes: (1..=4).map(home).collect(),
        labels: Arc::new(store.labelled(jiff::civil::date(2026, 11, 21)).unwrap()),
        ..sample::empty()
    }
}

struct Office {
    hub: Hub,
    anna: String,
    dag: String,
}

impl Office {
    async fn open() -> Self {
        let hub = Hub::empty(Front::Plain);
        let keys = HubKeys::endorsed(
            SigningKey::from_bytes(&[9; 32]),
            &nattsyn_protocol::demonstration::root_key(),
            1,
        );
        let homes: Vec<Home> = (1..=4).map(enrolled).collect();
        let plan = |home: &Home| Plan::bare(home.residents[0].id, home.unit);
        let homes = Homes {
            plans: homes.iter().map(plan).collect(),
            homes,
            ..Homes::default()
        };
        let mut store = SqliteStore::open(&hub.ledger()).unwrap();
        enrol(&mut store, &homes, &keys, sample::at("12:00")).unwrap();
        store.draw(&[draw(DRAWN), draw(ONGOING)]).unwrap();
        let mut office = Self {
            hub,
            anna: String::new(),
            dag: String::new(),
        };
        office.anna = office.signs_in("anna-001", "night_staff").await;
        office.dag = office.signs_in("dag-001", "technician").await;
        office.shows();
        office
    }

    /// The page shows what the ledger has.
    fn shows(&self) {
        let store = SqliteStore::open(&self.hub.ledger()).unwrap();
        self.hub.shows(tonight(&store));
    }

    async fn signs_in(&self, id: &str, role: &str) -> String {
        let said = self.hub.command(&[
            "add", "--id", id, "--name", id, "--by", "admin-1", "--role", role,
        ]);
        self.hub.cookies(id, &pin_in(&said)).await
    }

    async fn page(&self, address: &str) -> String {
        let headers = [(COOKIE.as_str(), self.anna.as_str())];
        text(self.hub.send(("GET", address), &headers, "").await).await
    }

    async fn says(&self, who: &str, check: &str, word: &str) -> Response<Body> {
        let headers = [(COOKIE.as_str(), who), SAME];
        let address = format!("/labels/{check}?lang=sv");
        let form = format!("found={word}");
        self.hub.send(("POST", &address), &headers, &form).await
    }

    /// What is written down: the table's rows, and as many in the log.
    fn written(&self) -> Labelled {
        let store = SqliteStore::open(&self.hub.ledger()).unwrap();
        let labelled = store.labelled(jiff::civil::date(2026, 11, 21)).unwrap();
        let question = Question {
            act: Some(Act::Labelled),
            ..Question::default()
        };
        let log = Log::open(&self.hub.ledger()).unwrap();
        assert_eq!(log.rows(&question).unwrap().len(), labelled.said.len());
        labelled
    }
}

/// What the page has of one check.
fn item(page: &str, number: u8) -> &str {
    let begins = format!("data-label=\"{}\"", check_id(number));
    let item = page.split_once(&begins).map_or("", |(_, item)| item);
    item.split_once("</li>").map_or("", |(item, _)| item)
}

#[tokio::test]
async fn a_drawn_check_is_on_the_nights_page_and_can_be_answered_with_one_tap() {
    let office = Office::open().await;
    let night = office.page("/?lang=sv").await;
    let drawn = night.split_once("id=\"drawn\"").unwrap().1;
    let drawn = strip_tags(drawn.split_once("</section>").unwrap().0);
    for needle in [
        "Lottade besök 2",
        "Namn 1",
        "Exempelgatan 1",
        "Namn 3",
        "02:15–03:15",
    ] {
        assert!(drawn.contains(needle), "{needle:?} is not in {drawn}");
    }
    assert!(!drawn.contains("Namn 2"), "{drawn}");
    place(&night, "href=\"/labels?lang=sv#empty\"");
    let page = office.page("/labels?lang=sv").await;
    let first = item(&page, DRAWN);
    for word in ["nobody", "somebody", "unknown"] {
        assert!(first.contains(&format!("value=\"{word}\"")), "{first}");
    }
    assert!(
        strip_tags(first).contains("Går att säga till 02:51"),
        "{first}"
    );
    let done = office
        .says(&office.anna, &check_id(DRAWN).to_string(), "somebody")
        .await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&done), "/labels?lang=sv");
    office.shows();
    let page = office.page("/labels?lang=sv").await;
    let first = item(&page, DRAWN);
    let said = strip_tags(first);
    for needle in [
        "Någon ligger i sängen",
        "anna-001",
        "Går att ändra till 02:36",
    ] {
        assert!(said.contains(needle), "{needle:?} is not in {said}");
    }
    let pressed = "value=\"somebody\" aria-pressed=\"true\"";
    assert!(first.contains(pressed), "{first}");
    place(
        &strip_tags(&office.page("/?lang=sv").await),
        "Någon ligger i sängen",
    );
    assert_eq!(office.written().said.len(), 1);
}

#[tokio::test]
async fn a_check_that_is_not_over_says_when_and_one_that_asks_somebody_is_not_there() {
    let office = Office::open().await;
    let page = office.page("/labels?lang=sv").await;
    let ongoing = item(&page, ONGOING);
    assert!(!ongoing.contains("<button"), "{ongoing}");
    assert!(strip_tags(ongoing).contains("inte klar än"), "{ongoing}");
    assert_eq!(item(&page, ASKED), "");
    let seen = item(&page, SEEN);
    assert!(seen.contains("value=\"nobody\""), "{seen}");
    assert!(
        !seen.contains("somebody") && !seen.contains("unknown"),
        "{seen}"
    );
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_in_words_and_nothing_is_written() {
    let office = Office::open().await;
    let [drawn, seen, ongoing, asked] =
        [DRAWN, SEEN, ONGOING, ASKED].map(|it| check_id(it).to_string());
    let other_night = "r0000001.20261120.1".to_owned();
    for (check, word, why) in [
        (&ongoing, "nobody", "Tillsynen är inte klar än"),
        (&asked, "nobody", "Bara att sängen är tom kan sägas"),
        (&seen, "somebody", "Bara att sängen är tom kan sägas"),
        (&seen, "unknown", "Bara att sängen är tom kan sägas"),
        (&drawn, "perhaps", "Den tillsynen finns inte i natt"),
        (&drawn, "", "Den tillsynen finns inte i natt"),
        (&other_night, "nobody", "Den tillsynen finns inte i natt"),
        (
            &"r9".to_owned(),
            "nobody",
            "Den tillsynen finns inte i natt",
        ),
    ] {
        let refused = office.says(&office.anna, check, word).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT, "{check} {word}");
        let page = strip_tags(&text(refused).await);
        assert!(page.contains(why), "{check} {word}: {page}");
    }
    // Whoever mounts cameras has no night to say anything of.
    let refused = office.says(&office.dag, &drawn, "nobody").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(office.written().said, []);
}

#[tokio::test]
async fn a_night_without_a_draw_says_so_and_its_page_has_no_such_part() {
    let office = Office::open().await;
    office.hub.shows(sample::empty());
    place(
        &office.page("/labels?lang=sv").await,
        "Ingen tillsyn är lottad i natt.",
    );
    let night = office.page("/?lang=sv").await;
    assert!(!night.contains("id=\"drawn\"") && !night.contains("/labels"));
}
