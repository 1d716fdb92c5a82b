//! The pages of consent over a real ledger: what is typed, what follows, and what is shown again.

use std::path::PathBuf;

use axum::http::header::{CONTENT_TYPE, LOCATION};
use ed25519_dalek::SigningKey;
use jiff::civil::date;

use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::policy::Mode;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::*;
use crate::consent::Rules;
use crate::consent::clerk::Clerk;
use crate::enrolment::{Homes, enrol};
use crate::keys::HubKeys;
use crate::roster::{Home, Resident};
use crate::store::{SqliteArchive, SqliteStore, Store as _};

const ADDRESS: &str = "/residents/r0000001/consent";

/// A hub's pages over a ledger with one home, on the afternoon of 22 November 2026.
struct Desk {
    site: Router,
    path: PathBuf,
    _tonight: watch::Sender<Arc<Tonight>>,
    _folder: tempfile::TempDir,
}

fn homes() -> Homes {
    let home = Home {
        id: "h0000001".parse().unwrap(),
        address: "Exempelgatan 1".to_owned(),
        unit: "u0000001".parse().unwrap(),
        eye: PublicKey::of(&SigningKey::from_bytes(&[3; 32])),
        residents: vec![Resident {
            id: "r0000001".parse().unwrap(),
            name: "Astrid <b>A</b>.".to_owned(),
        }],
    };
    let (from, to) = ("23:00".parse().unwrap(), "23:45".parse().unwrap());
    let plan = Plan {
        windows: vec![Window::nightly(WindowKey(1), from, to)],
        ..Plan::bare(home.residents[0].id, home.unit)
    };
    Homes {
        homes: vec![home],
        plans: vec![plan],
        ..Homes::default()
    }
}

fn now() -> Timestamp {
    let at = date(2026, 11, 22).at(14, 0, 0, 0).in_tz("Europe/Stockholm");
    Timestamp(at.unwrap().timestamp())
}

impl Desk {
    fn open() -> Self {
        Self::of(&homes())
    }

    fn of(homes: &Homes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let keys = HubKeys::endorsed(
            SigningKey::from_bytes(&[9; 32]),
            &demonstration::root_key(),
            1,
        );
        let mut store = SqliteStore::open(&path).unwrap();
        enrol(&mut store, homes, &keys, now()).unwrap();
        let (sender, tonight) = watch::channel(Arc::new(sample::empty()));
        let clerk = Clerk::new(
            (&path, keys),
            ("Europe/Stockholm", Rules::default()),
            (tonight.clone(), None),
            now,
        );
        let site = app(State {
            archive: Some(Arc::new(SqliteArchive::new(&path))),
            consents: Some(Arc::new(clerk)),
            ..State::showing(tonight)
        });
        Self {
            site,
            path,
            _tonight: sender,
            _folder: folder,
        }
    }

    async fn page(&self, address: &str) -> String {
        text(ask(&self.site, "GET", address).await).await
    }

    async fn post(&self, address: &str, form: &[(&str, &str)]) -> Response<Body> {
        let body: Vec<String> = form
            .iter()
            .map(|(key, value)| format!("{key}={}", value.replace(' ', "+")))
            .collect();
        let request = Request::builder()
            .method("POST")
            .uri(address)
            .header("sec-fetch-site", "same-origin")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")))
            .unwrap();
        self.site.clone().oneshot(request).await.unwrap()
    }

    fn mode(&self) -> Option<(u32, Mode)> {
        let policies = SqliteStore::open(&self.path).unwrap().policies().unwrap();
        let newest = policies.get(&"u0000001".parse().unwrap());
        newest.map(|newest| (newest.policy.version, newest.policy.mode))
    }

    fn entries(&self) -> usize {
        let book = SqliteStore::open(&self.path).unwrap().book().unwrap();
        book.consents().all().count()
    }
}

fn conversation() -> Vec<(&'static str, &'static str)> {
    vec![
        ("kinds", "care"),
        ("kinds", "design"),
        ("kinds", "processing"),
        ("scope", "sensor"),
        ("form", "oral"),
        ("given_by", "den enskilde"),
        ("household", "alone"),
        ("capacity", "own"),
        ("alternatives", "larmmatta prövad, väcker"),
        ("informed", "berättade med egna ord"),
        ("on", "2026-11-22"),
        ("review", "2027-05-01"),
    ]
}

const WITHDRAWAL: [(&str, &str); 5] = [
    ("what", "everything"),
    ("form", "oral"),
    ("by", "den enskilde"),
    ("note", "vill inte"),
    ("sure", "yes"),
];

#[tokio::test]
async fn without_any_entry_the_page_says_that_consent_is_missing_and_that_looks_go_on() {
    let desk = Desk::open();
    let page = desk.page(ADDRESS).await;
    assert!(page.contains("Samtycke saknas i Nattsyn"), "{page}");
    assert!(page.contains("ingen bild kan visas"));
    assert!(
        page.contains("Astrid &lt;b&gt;"),
        "a name is shown, not run"
    );
    assert_eq!(desk.mode(), None);
}

#[tokio::test]
async fn a_conversation_is_written_down_and_makes_a_policy_and_a_note() {
    let desk = Desk::open();
    let done = desk.post(ADDRESS, &conversation()).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(done.headers()[LOCATION], format!("{ADDRESS}?lang=sv"));
    assert_eq!(desk.mode(), Some((1, Mode::Sensor)));
    assert_eq!(desk.entries(), 4);
    let page = desk.page(ADDRESS).await;
    assert!(!page.contains("Samtycke saknas i Nattsyn"));
    assert!(page.contains("larmmatta prövad"));
    let note = desk.page(&format!("{ADDRESS}/note")).await;
    assert!(
        note.starts_with("Digital tillsyn på natten: samtycke\n"),
        "{note}"
    );
    assert!(note.contains("muntligt, av den enskilde"), "{note}");
    assert!(
        note.contains("Gås igenom på nytt senast: 2027-05-01"),
        "{note}"
    );
}

#[tokio::test]
async fn what_is_typed_wrongly_is_said_by_field_and_shown_again_and_nothing_is_written() {
    let desk = Desk::open();
    let mut form = conversation();
    form.retain(|(key, _)| !["household", "alternatives"].contains(key));
    form.retain(|(key, _)| *key != "review");
    form.push(("review", "2020-01-01"));
    let answer = desk.post(ADDRESS, &form).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(answer).await;
    for field in ["household", "alternatives", "review"] {
        assert!(
            page.contains(&format!("id=\"new-{field}-fault\"")),
            "{field}"
        );
        assert!(page.contains(&format!("href=\"#new-{field}\"")), "{field}");
    }
    assert!(
        page.contains("berättade med egna ord"),
        "what was typed stays"
    );
    assert!(!page.contains("id=\"new-form-fault\""));
    assert_eq!(desk.entries(), 0);
}

#[tokio::test]
async fn a_conversation_that_would_stop_looks_is_written_only_when_that_is_meant() {
    let desk = Desk::open();
    let mut form = conversation();
    form.retain(|pair| *pair != ("kinds", "processing"));
    let answer = desk.post(ADDRESS, &form).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(answer).await.contains("försöken ska stoppas"));
    assert_eq!(desk.entries(), 0);
    form.push(("sure", "yes"));
    let done = desk.post(ADDRESS, &form).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(desk.mode(), Some((1, Mode::Off)));
}

#[tokio::test]
async fn a_no_is_one_button_and_one_mark_and_takes_the_windows_from_the_unit_too() {
    let desk = Desk::open();
    desk.post(ADDRESS, &conversation()).await;
    let address = format!("{ADDRESS}/withdraw");
    let unsure = desk.post(&address, &WITHDRAWAL[..4]).await;
    assert_eq!(unsure.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.mode(), Some((1, Mode::Sensor)));
    let done = desk.post(&address, &WITHDRAWAL).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(desk.mode(), Some((2, Mode::Off)));
    let plans = SqliteStore::open(&desk.path).unwrap().plans().unwrap();
    assert!(plans.last().unwrap().plan.windows.is_empty());
    let page = desk.page(ADDRESS).await;
    assert!(page.contains("Samtycket är återtaget."));
    assert!(page.contains("Sensorn tittar inte på dig."));
    // Whoever changes their mind is looked at again, by windows that the unit is given anew.
    desk.post(ADDRESS, &conversation()).await;
    assert_eq!(desk.mode(), Some((3, Mode::Sensor)));
    let plans = SqliteStore::open(&desk.path).unwrap().plans().unwrap();
    assert!(!plans.last().unwrap().plan.windows.is_empty());
}

#[tokio::test]
async fn whoever_writes_a_no_down_is_told_by_name_whom_it_stops_too() {
    let mut two = homes();
    two.homes[0].residents.push(Resident {
        id: "r0000002".parse().unwrap(),
        name: "Bo B.".to_owned(),
    });
    let desk = Desk::of(&two);
    let others = "/residents/r0000002/consent";
    desk.post(others, &conversation()).await;
    desk.post(ADDRESS, &conversation()).await;
    for (lang, said) in [
        ("sv", "stoppar försöken också hos: <strong>Bo B.</strong>"),
        ("en", "stops the looks also at: <strong>Bo B.</strong>"),
    ] {
        let page = desk.page(&format!("{ADDRESS}?lang={lang}")).await;
        assert!(page.contains(said), "{page}");
    }
    let back = format!("{ADDRESS}/withdraw");
    let unsure = text(desk.post(&back, &WITHDRAWAL[..4]).await).await;
    assert!(unsure.contains("<strong>Bo B.</strong>"), "{unsure}");
    assert!(unsure.contains("Även deras tillsyner görs som besök"));
    desk.post(&back, &WITHDRAWAL).await;
    assert_eq!(desk.mode().unwrap().1, Mode::Off);
    // Who is stopped already is not stopped by it, and neither is somebody who lives alone.
    assert!(!desk.page(others).await.contains("<strong>Astrid"));
    let alone = Desk::open();
    assert!(!alone.page(ADDRESS).await.contains("stoppar försöken också"));
    // A new yes says that the unit has not answered yet.
    desk.post(ADDRESS, &conversation()).await;
    for address in [ADDRESS, others] {
        let page = desk.page(address).await;
        assert!(page.contains("har inte svarat att den tittar igen"));
        assert!(page.contains("Fråga enheten igen"));
    }
}

#[tokio::test]
async fn a_unit_that_has_not_said_what_it_can_is_given_no_live_view() {
    let desk = Desk::open();
    let mut form = conversation();
    form.retain(|(key, _)| *key != "scope");
    form.push(("scope", "live_view_on_unclear"));
    desk.post(ADDRESS, &form).await;
    assert_eq!(desk.mode(), Some((1, Mode::Sensor)));
    let page = desk.page(ADDRESS).await;
    assert!(page.contains("knappen vid enheten"), "{page}");
    assert!(page.contains("inte mottagen av enheten sedan"), "{page}");
}

#[tokio::test]
async fn the_list_leads_to_everybody_and_nobody_else_has_a_page() {
    let desk = Desk::open();
    let list = desk.page("/consents?lang=en").await;
    assert!(
        list.contains("/residents/r0000001/consent?lang=en"),
        "{list}"
    );
    assert!(list.contains("No consent in Nattsyn"));
    for address in ["/residents/r0000009/consent", "/residents/nobody/consent"] {
        let answer = ask(&desk.site, "GET", address).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn without_a_clerk_the_page_says_that_consents_are_not_written_here() {
    let (_sender, site) = site(sample::busy());
    let answer = ask(&site, "GET", ADDRESS).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}
