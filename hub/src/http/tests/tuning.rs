//! The pages of thresholds over a real ledger: who proposes and who approves, what is counted, and
//! what is in the log.

use axum::http::header::COOKIE;
use jiff::civil::date;

use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::thresholds::{HeldThresholds, Likeness, NightCounts};

use super::door::{Hub, SAME, location, pin_in};
use super::*;
use crate::audit::{Log, Question};
use crate::config::Front;
use crate::enrolment::{Homes, enrol};
use crate::http::page::tuning::path;
use crate::keys::HubKeys;
use crate::roster::{Home, Resident};
use crate::store::{Batch, NewCounts, SettingsVersions, SqliteStore, Store as _, Tunings};
use crate::tuning::standing::Word;
use crate::tuning::{Levels, MODELS_OWN};

const HOME: &str = "/thresholds/h0000001";

/// A hub with one home in an area, its counts, two unit managers and a data-protection officer.
struct Office {
    hub: Hub,
    dag: String,
    disa: String,
    dpo: String,
}

fn eye() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[3; 32])
}

fn home() -> Home {
    Home {
        id: "h0000001".parse().unwrap(),
        address: "Exempelgatan 1".to_owned(),
        unit: "u0000001".parse().unwrap(),
        eye: PublicKey::of(&eye()),
        residents: vec![Resident {
            id: "r0000001".parse().unwrap(),
            name: "Namn 1".to_owned(),
        }],
    }
}

/// Ten nights with three checks of different levels each, before the hub's 21 November.
fn counts() -> Vec<NewCounts> {
    let night = |day| NightCounts {
        unit: home().unit,
        night: date(2026, 11, day),
        checks: vec![(10, 1), (45, 1), (60, 1)],
        otherwise: 1,
        evidence: None,
    };
    (11..=20)
        .map(|day| NewCounts {
            signed: Signed::seal(&night(day), &eye()),
            counts: night(day),
            home: Some(home().id),
            came: sample::at("12:00"),
        })
        .collect()
}

impl Office {
    async fn open() -> Self {
        let hub = Hub::empty(Front::Plain);
        let keys = HubKeys::endorsed(
            ed25519_dalek::SigningKey::from_bytes(&[9; 32]),
            &nattsyn_protocol::demonstration::root_key(),
            1,
        );
        let homes = Homes {
            plans: vec![Plan::bare(home().residents[0].id, home().unit)],
            homes: vec![home()],
            ..Homes::default()
        };
        let mut store = SqliteStore::open(&hub.ledger()).unwrap();
        enrol(&mut store, &homes, &keys, sample::at("12:00")).unwrap();
        let batch = Batch {
            counts: counts(),
            ..Batch::default()
        };
        store.commit(&batch).unwrap();
        let body = "[[area]]\nname = \"Åsen norr\"\n[[home]]\nid = \"h0000001\"\n\
                    area = \"Åsen norr\"\n";
        let mut settings = SettingsVersions::open(&hub.ledger()).unwrap();
        let by = "admin-1".parse().unwrap();
        settings
            .add((sample::at("12:00"), &by), "prov", body)
            .unwrap();
        let mut office = Self {
            hub,
            dag: String::new(),
            disa: String::new(),
            dpo: String::new(),
        };
        office.dag = office.signs_in("dag-001", "unit_manager").await;
        office.disa = office.signs_in("disa-001", "unit_manager").await;
        office.dpo = office.signs_in("dpo-001", "data_protection").await;
        office
    }

    async fn signs_in(&self, id: &str, role: &str) -> String {
        let said = self.hub.command(&[
            "add", "--id", id, "--name", id, "--by", "admin-1", "--role", role,
        ]);
        self.hub.cookies(id, &pin_in(&said)).await
    }

    async fn page(&self, who: &str, address: &str) -> String {
        let headers = [(COOKIE.as_str(), who)];
        text(self.hub.send(("GET", address), &headers, "").await).await
    }

    async fn post(&self, who: &str, what: &str, form: &str) -> Response<Body> {
        let headers = [(COOKIE.as_str(), who), SAME];
        let address = format!("/thresholds/{what}?lang=sv");
        self.hub.send(("POST", &address), &headers, form).await
    }

    async fn proposes(&self, who: &str, visible: u8) -> Response<Body> {
        let form =
            format!("place=home%3Ah0000001&visible={visible}&not_visible=48&why=f%C3%B6r+oro");
        self.post(who, "propose", &form).await
    }

    async fn decides(&self, who: &str, verdict: &str) -> Response<Body> {
        let book = Tunings::open(&self.hub.ledger()).unwrap().book().unwrap();
        let change = book.changes().last().unwrap();
        let shown = self.mark(who, &path(&change.place), "deciding").await;
        let form = format!(
            "place=home%3Ah0000001&change={}&verdict={verdict}&shown={shown}",
            change.id
        );
        self.post(who, "decide", &form).await
    }

    /// The mark of what is shown, in the form of a page that begins so; none if there is none.
    async fn mark(&self, who: &str, address: &str, begins: &str) -> String {
        let page = self.page(who, address).await;
        let form = page.split_once(begins).map_or("", |(_, form)| form);
        let mark = form.split_once("name=\"shown\" value=\"");
        mark.map_or(String::new(), |(_, mark)| mark.chars().take(16).collect())
    }

    /// What the unit is to hold.
    fn sent(&self) -> Option<(u32, Levels)> {
        let sent = Tunings::open(&self.hub.ledger()).unwrap().newest().unwrap();
        let sent = sent.get(&home().unit)?;
        Some((sent.thresholds.version, Levels::from(&sent.thresholds)))
    }

    fn acts(&self) -> Vec<(String, String)> {
        let log = Log::open(&self.hub.ledger()).unwrap();
        let rows = log.rows(&Question::default()).unwrap();
        let rows = rows.into_iter().rev();
        let rows = rows.filter(|row| row.act.starts_with("thresholds_"));
        rows.map(|row| (row.who, row.act)).collect()
    }
}

fn levels(visible: u8) -> Levels {
    Levels {
        visible,
        not_visible: 48,
    }
}

#[tokio::test]
async fn before_anything_is_approved_the_page_says_that_the_models_own_hold() {
    let office = Office::open().await;
    for address in ["/thresholds", "/thresholds/areas/%C3%85sen%20norr", HOME] {
        let page = strip_tags(&office.page(&office.dag, address).await);
        place(&page, "Inget är satt: modellens egna gränser");
        place(&page, "Det finns inget märkt underlag i Nattsyn än");
        place(&page, "Inget skulle ändras i någon bostad");
        place(&page, "Inget har ändrats här");
    }
    let page = office.page(&office.dag, "/thresholds").await;
    place(&page, "href=\"/thresholds/areas/%C3%85sen%20norr?lang=sv\"");
    place(&page, "Exempelgatan 1");
    let home = office.page(&office.dag, HOME).await;
    place(&home, "har inte fått några gränser");
    let english = strip_tags(&office.page(&office.dag, "/thresholds?lang=en").await);
    place(&english, "Nothing is set: the model’s own thresholds");
}

#[tokio::test]
async fn a_pool_that_cannot_be_read_takes_nothing_else_of_the_page_away() {
    let office = Office::open().await;
    let by = "dag-001".parse().unwrap();
    let mut rows = Tunings::open(&office.hub.ledger()).unwrap();
    let number = rows.add_pool((sample::at("12:00"), &by), (100, ""), "no home's counts");
    assert_eq!(number.unwrap(), 1);
    let page = strip_tags(&office.page(&office.dag, "/thresholds").await);
    place(&page, "underlag 1 går inte att läsa");
    place(&page, "Inget är satt: modellens egna gränser");
}

#[tokio::test]
async fn no_place_that_is_none_has_a_page() {
    let office = Office::open().await;
    for address in [
        "/thresholds/h0000009",
        "/thresholds/no-home",
        "/thresholds/areas/Ingenstans",
        "/thresholds/h0000009/consequences",
    ] {
        let status = office.hub.look(address, &office.dag).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn a_moved_slider_is_answered_with_both_numbers_and_from_how_many_nights() {
    let office = Office::open().await;
    let address = format!("{HOME}/consequences?visible=50&not_visible=42&lang=sv");
    let fragment = office.page(&office.dag, &address).await;
    assert!(!fragment.contains("<html"), "{fragment}");
    let said = strip_tags(&fragment);
    for needle in [
        "10 fler oklara",
        "10 i stället för 0",
        "10 färre synliga",
        "10 i stället för 20",
        "lika många ”syns inte”",
        "Räknat på 30 tillsyner under 10 nätter i 1 av 1",
        "Tillsyner som ingen gräns påverkar: 10",
        "Ingen räkning kan säga om ett ”synlig” var fel",
        "Det finns inget märkt underlag",
        "0,989 (steg 50 av 64)",
    ] {
        assert!(said.contains(needle), "{needle:?} is not in {said}");
    }
    // The same without a script: the page with the sliders where they were put.
    let page = office
        .page(&office.dag, &format!("{HOME}?visible=50&not_visible=42"))
        .await;
    place(&page, "10 fler oklara");
    place(&page, "max=\"64\" step=\"1\" value=\"50\"");
    // Of the whole municipality too, and of a level that nobody is above.
    let all = "/thresholds/consequences?visible=64&not_visible=64&lang=en";
    let said = strip_tags(&office.page(&office.dag, all).await);
    for needle in [
        "30 more unclear",
        "20 fewer visible",
        "“Visible” is never said",
        "Visible is said never",
    ] {
        assert!(said.contains(needle), "{needle:?} is not in {said}");
    }
}

#[tokio::test]
async fn what_one_proposes_another_approves_and_one_press_goes_back() {
    let office = Office::open().await;
    let done = office.proposes(&office.dag, 50).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&done), format!("{HOME}?lang=sv"));
    assert_eq!(office.sent(), None);
    let own = office.page(&office.dag, HOME).await;
    place(&own, "Du föreslog det här");
    assert!(!own.contains("value=\"approve\""), "{own}");
    let other = office.page(&office.disa, "/thresholds").await;
    place(&other, "value=\"approve\"");
    place(&other, "för oro");
    place(&strip_tags(&other), "10 fler oklara");

    // Not by whoever proposed it, whatever they send.
    let refused = office.decides(&office.dag, "approve").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    place(&text(refused).await, "får inte avgöra den");
    assert_eq!(office.sent(), None);
    let done = office.decides(&office.disa, "approve").await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(office.sent(), Some((1, levels(50))));
    // Nor twice.
    let again = office.decides(&office.disa, "refuse").await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    place(&text(again).await, "redan avgjord");
    let page = office.page(&office.dag, HOME).await;
    place(&page, "väntar sedan");
    place(&page, "data-progress=\"waits\"");
    place(&strip_tags(&page), "Satt för bostaden");

    // Back to the model's own is less cautious: it waits.
    let overtaken = office
        .post(
            &office.dag,
            "back",
            "place=home%3Ah0000001&undoes=1&shown=0123",
        )
        .await;
    assert_eq!(overtaken.status(), StatusCode::CONFLICT);
    place(
        &text(overtaken).await,
        "medan du läste har något annat börjat gälla",
    );
    let mark = office.mark(&office.dag, HOME, "id=\"back\"").await;
    let form = format!("place=home%3Ah0000001&undoes=1&shown={mark}");
    let done = office.post(&office.dag, "back", &form).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(office.sent(), Some((1, levels(50))));
    office.decides(&office.disa, "approve").await;
    assert_eq!(office.sent(), Some((2, MODELS_OWN)));
    let acts = office.acts();
    let did: Vec<(&str, &str)> = acts
        .iter()
        .map(|(who, act)| (who.as_str(), act.as_str()))
        .filter(|(_, act)| *act != "thresholds_opened")
        .collect();
    assert_eq!(
        did,
        [
            ("dag-001", "thresholds_proposed"),
            ("disa-001", "thresholds_approved"),
            ("dag-001", "thresholds_rolled_back"),
            ("disa-001", "thresholds_approved"),
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_proposed_is_said_and_what_was_typed_is_kept() {
    let office = Office::open().await;
    for (form, why) in [
        (
            "visible=20&not_visible=48&why=x",
            "steg 43 till 64 för synlig",
        ),
        ("visible=kanin&not_visible=48&why=x", "steg 43 till 64"),
        ("visible=50&not_visible=48&why=+", "skriv varför"),
        (
            "inherit=yes&visible=50&not_visible=48&why=x",
            "det gäller redan",
        ),
    ] {
        let form = format!("place=home%3Ah0000001&{form}");
        let answer = office.post(&office.dag, "propose", &form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        place(&text(answer).await, why);
    }
    let nowhere = office
        .post(&office.dag, "propose", "place=street%3A1&visible=50")
        .await;
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
    assert_eq!(office.acts(), [], "nothing was done");
    office.proposes(&office.dag, 50).await;
    let second = office.proposes(&office.disa, 52).await;
    let page = text(second).await;
    place(&page, "ett förslag väntar redan här");
    place(&page, "value=\"52\"");
    let mine = "place=home%3Ah0000001&change=1";
    let others = office.post(&office.disa, "withdraw", mine).await;
    assert_eq!(others.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let done = office.post(&office.dag, "withdraw", mine).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(office.sent(), None);
}

#[tokio::test]
async fn a_data_protection_officer_sees_levels_and_no_address_and_changes_nothing() {
    let office = Office::open().await;
    office.proposes(&office.dag, 50).await;
    for address in ["/thresholds", HOME] {
        let page = office.page(&office.dpo, address).await;
        place(&page, "h0000001");
        place(&page, "Du får se gränserna men inte föreslå andra");
        for needle in ["Exempelgatan", "value=\"approve\"", "Tillbaka till:"] {
            assert!(!page.contains(needle), "{needle}: {page}");
        }
    }
    let answer = office.proposes(&office.dpo, 51).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let form = "place=home%3Ah0000001&change=1&verdict=approve";
    let answer = office.post(&office.dpo, "decide", form).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let opened = ("dpo-001".to_owned(), "thresholds_opened".to_owned());
    assert_eq!(
        office.acts().iter().filter(|act| **act == opened).count(),
        2
    );
}

#[tokio::test]
async fn what_another_site_sends_changes_no_threshold() {
    let office = Office::open().await;
    let form = "place=home%3Ah0000001&visible=50&not_visible=48&why=x";
    for what in ["propose", "back", "withdraw", "decide"] {
        let headers = [
            (COOKIE.as_str(), office.dag.as_str()),
            ("sec-fetch-site", "cross-site"),
        ];
        let address = format!("/thresholds/{what}");
        let answer = office.hub.send(("POST", &address), &headers, form).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{what}");
    }
    assert_eq!(office.acts(), []);
}

#[tokio::test]
async fn a_reason_with_markup_in_it_is_shown_not_run() {
    let office = Office::open().await;
    let form = "place=home%3Ah0000001&visible=50&not_visible=48&why=%3Cscript%3Ealert(1)";
    office.post(&office.dag, "propose", form).await;
    let page = office.page(&office.disa, HOME).await;
    assert!(!page.contains("<script>alert"), "{page}");
    place(&page, "&lt;script&gt;alert(1)");
}

#[tokio::test]
async fn a_home_that_no_longer_looks_as_it_did_is_named_until_it_was_gone_through_anew() {
    let office = Office::open().await;
    office.proposes(&office.dag, 50).await;
    office.decides(&office.disa, "approve").await;
    let says = |at: &str, held: HeldThresholds| {
        let word = Word {
            held,
            at: sample::at(at),
        };
        let batch = Batch {
            words: vec![(home().unit, word)],
            ..Batch::default()
        };
        let mut store = SqliteStore::open(&office.hub.ledger()).unwrap();
        store.commit(&batch).unwrap();
    };
    let held = HeldThresholds {
        version: 1,
        ..HeldThresholds::default()
    };
    says("12:01", held);
    let page = office.page(&office.dag, "/thresholds").await;
    place(&page, "data-progress=\"unsaid\"");
    assert!(!page.contains("Ser inte ut som förut"), "{page}");
    let unlike = HeldThresholds {
        visible: Some(50),
        not_visible: Some(48),
        home: Likeness::Changed,
        ..held
    };
    says("12:02", unlike);
    for address in ["/thresholds", "/thresholds/areas/%C3%85sen%20norr", HOME] {
        let page = office.page(&office.dag, address).await;
        place(&page, "Ser inte ut som förut");
    }
    let page = office.page(&office.dag, HOME).await;
    place(&page, "data-progress=\"acknowledged\"");
    place(&page, "name=\"anew\"");
    let form =
        "place=home%3Ah0000001&visible=50&not_visible=48&why=kameran+satt+l%C3%B6st&anew=yes";
    let done = office.post(&office.dag, "propose", form).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let page = office.page(&office.disa, HOME).await;
    place(&page, "Bostaden är genomgången på nytt.");
    office.decides(&office.disa, "approve").await;
    let newest = Tunings::open(&office.hub.ledger())
        .unwrap()
        .newest()
        .unwrap();
    assert_eq!(newest[&home().unit].thresholds.anew, 1);
    assert_eq!(office.sent(), Some((2, levels(50))));
    // Of an area nobody can say so.
    let form = form.replace("home%3Ah0000001", "municipality");
    let answer = office.post(&office.dag, "propose", &form).await;
    place(&text(answer).await, "bara en bostad kan gås igenom");
}

#[tokio::test]
async fn a_home_that_was_moved_is_shown_as_kept_at_what_is_stricter_until_two_agree() {
    let office = Office::open().await;
    let form = "place=area%3A%C3%85sen+norr&visible=60&not_visible=60&why=x";
    office.post(&office.dag, "propose", form).await;
    office.decides(&office.disa, "approve").await;
    let mut settings = SettingsVersions::open(&office.hub.ledger()).unwrap();
    let by = "admin-1".parse().unwrap();
    let body = "[[area]]\nname = \"Åsen norr\"\n";
    settings
        .add((sample::at("13:00"), &by), "flyttad", body)
        .unwrap();
    for address in ["/thresholds", HOME] {
        let page = office.page(&office.dag, address).await;
        place(&page, "id=\"held\"");
        place(&strip_tags(&page), "satt är synlig: 0,940 (steg 43 av 64)");
    }
    let page = office.page(&office.dag, HOME).await;
    place(
        &page,
        "Låt det som är satt för området eller kommunen gälla i bostaden",
    );
    let form = "place=home%3Ah0000001&inherit=yes&visible=60&not_visible=60&why=flyttad";
    let done = office.post(&office.dag, "propose", form).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(office.sent().unwrap().1.visible, 60, "not by one person");
    let page = strip_tags(&office.page(&office.disa, HOME).await);
    place(&page, "20 fler synliga");
    office.decides(&office.disa, "approve").await;
    assert_eq!(office.sent(), Some((2, MODELS_OWN)));
    let page = office.page(&office.dag, "/thresholds").await;
    assert!(!page.contains("id=\"held\""), "{page}");
}

#[tokio::test]
async fn an_area_with_a_slash_in_its_name_has_a_page() {
    let office = Office::open().await;
    let mut settings = SettingsVersions::open(&office.hub.ledger()).unwrap();
    let by = "admin-1".parse().unwrap();
    let body = "[[area]]\nname = \"Norr/Öst\"\n";
    settings
        .add((sample::at("13:00"), &by), "delat", body)
        .unwrap();
    let page = office.page(&office.dag, "/thresholds").await;
    let address = "/thresholds/areas/Norr%2F%C3%96st";
    place(&page, &format!("href=\"{address}?lang=sv\""));
    for address in [address.to_owned(), format!("{address}/consequences")] {
        let status = office.hub.look(&address, &office.dag).await;
        assert_eq!(status, StatusCode::OK, "{address}");
    }
}
