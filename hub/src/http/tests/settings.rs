//! The page of settings: what holds, from where, and who changed what; and never an address.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use jiff::civil::Date;
use tokio::sync::watch;

use crate::notify::teller::Told;
use crate::staff::{Allowed, Permission, Role};
use crate::store::{Archive, SettingsVersion, StoreError};
use crate::view::Tonight;
use crate::view::ledger::NightLedger;

use super::super::door::{Door, Pass, Viewer, Worker};
use super::super::live::Offers;
use super::super::page::settings::{Shown, document};
use super::super::phone::Phone;
use super::super::sample::{self, at};
use super::super::texts::Lang;
use super::super::{State, app};
use super::{LANGS, ask, place, strip_tags, text};

const FIRST: &str = r#"
[municipality]
answer_within_min = 10

[[recipient]]
name = "lead"
address = { sms = "+46700000003" }

[[team]]
name = "natt"
steps = [{ to = "lead", by = ["sms", "push"] }]
"#;

/// Versions as they were set, and no nights.
struct Kept(Vec<SettingsVersion>);

impl Archive for Kept {
    fn nights(&self) -> Result<std::collections::BTreeSet<Date>, StoreError> {
        Ok([].into())
    }

    fn account(&self, night: Date) -> Result<NightLedger, StoreError> {
        panic!("nobody asks for the night of {night}")
    }

    fn settings(&self) -> Result<Vec<SettingsVersion>, StoreError> {
        Ok(self.0.clone())
    }
}

fn version(number: i64, by: &str, why: &str, body: &str) -> SettingsVersion {
    SettingsVersion {
        number,
        at: at("14:05"),
        by: by.parse().unwrap(),
        why: why.to_owned(),
        body: body.to_owned(),
    }
}

fn versions() -> Vec<SettingsVersion> {
    let home = sample::busy().homes[0].home;
    let second = FIRST.replace("answer_within_min = 10", "answer_within_min = 15")
        + &format!(
            "[[area]]\nname = \"Norra åsen\"\nfalls_back_after_min = 8\n\
             [[home]]\nid = \"{home}\"\narea = \"Norra åsen\"\nanswer_within_min = 20\n"
        );
    vec![
        version(1, "admin-1", "Första gången", FIRST),
        version(2, "anybody", "Långt att köra <norrut>", &second),
    ]
}

fn site(versions: Vec<SettingsVersion>, told: Told) -> (watch::Sender<Arc<Tonight>>, Router) {
    let (sender, tonight) = watch::channel(Arc::new(sample::busy()));
    let archive: Option<Arc<dyn Archive>> = Some(Arc::new(Kept(versions)));
    let (_told, told) = watch::channel(Arc::new(told));
    let state = State {
        archive,
        told: Some(told),
        ..State::showing(tonight)
    };
    (sender, app(state))
}

async fn shown(address: &str) -> String {
    let (_sender, site) = site(versions(), Told::default());
    let response = ask(&site, "GET", address).await;
    assert_eq!(response.status(), StatusCode::OK);
    text(response).await
}

#[test]
fn whoever_sees_no_care_data_does_not_learn_here_where_it_is() {
    let (tonight, told, versions) = (sample::busy(), Told::default(), versions());
    let home = &tonight.homes[0];
    for role in Role::ALL {
        let viewer = Viewer {
            me: Worker::anybody(),
            door: Door::Everybody(Worker::anybody()),
            pass: Pass::Open,
            roles: [role].into_iter().collect(),
            overdue: 0,
            unlogged: None,
            heads: None,
            rights: crate::http::access::notices::Notices::default(),
            meter: None,
            phone: Phone::default(),
            live: Offers::default(),
        };
        let shown = Shown::new(&versions, (&tonight, &told), Lang::Swedish, &viewer);
        let page = strip_tags(&document(&shown).into_string());
        let sees = role.allows(Permission::SeeResident) == Allowed::Yes;
        assert_eq!(page.contains(&home.address), sees, "{role}: {page}");
        assert!(page.contains(&home.home.to_string()), "{role}: {page}");
    }
}

#[tokio::test]
async fn every_value_stands_with_where_it_comes_from() {
    let page = strip_tags(&shown("/settings").await);
    let address = &sample::busy().homes[0].address;
    for needle in [
        "Gäller nu: version 2, satt av Någon vid sidan, 2026-11-21 14:05",
        "Svarstid 15 min (från kommunen)",
        "Faller tillbaka efter 5 min (inte satt, Nattsyns eget)",
        "Norra åsen 1 bostad",
        &format!("{address} i området Norra åsen"),
        "Svarstid 20 min (satt för bostaden)",
        "Faller tillbaka efter 8 min (från området Norra åsen)",
        "lead: sms, push",
        "Här kan ingen ändra något: det finns inga roller än.",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
}

#[tokio::test]
async fn the_history_says_who_when_why_and_what_changed_the_newest_first() {
    let page = shown("/settings?lang=en").await;
    assert!(place(&page, "id=\"v2\"") < place(&page, "id=\"v1\""));
    assert!(page.contains("Långt att köra &lt;norrut&gt;"), "{page}");
    let page = strip_tags(&page);
    for needle in [
        "municipality, response target: 10 min → 15 min; touches",
        "area Norra åsen is new",
        "team natt is new",
        "admin-1 Första gången",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
}

#[tokio::test]
async fn no_address_of_a_recipient_is_on_the_page() {
    for lang in LANGS {
        let page = shown(&format!("/settings?lang={}", lang.tag())).await;
        assert!(!page.contains("467") && !page.contains("00003"), "{page}");
        assert!(!page.contains("<form"), "nobody changes anything here");
    }
}

#[tokio::test]
async fn with_nothing_set_the_page_says_that_nobody_is_alerted() {
    let (_sender, site) = site(Vec::new(), Told::default());
    let page = strip_tags(&text(ask(&site, "GET", "/settings").await).await);
    assert!(page.contains("Inget är satt"), "{page}");
    assert!(
        page.contains("Det finns inget lag, så ingen larmas"),
        "{page}"
    );
}

#[tokio::test]
async fn a_version_that_waits_for_a_start_is_not_shown_as_in_force() {
    let told = || Told {
        settings: Some(1),
        refused: Some(2),
        ..Told::default()
    };
    let (_sender, site) = site(versions(), told());
    for (address, needle) in [
        ("/settings", "Gäller nu: version 1"),
        ("/settings", "kan inte användas förrän Nattsyn startas om"),
        ("/", "kan inte användas förrän Nattsyn startas om"),
    ] {
        let page = strip_tags(&text(ask(&site, "GET", address).await).await);
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_said_so_and_the_other_pages_lead_here() {
    let (_sender, site) = super::site(sample::busy());
    let response = ask(&site, "GET", "/settings").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = text(ask(&site, "GET", "/").await).await;
    assert!(page.contains("href=\"/settings?lang=sv\""), "{page}");
}
