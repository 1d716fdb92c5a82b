//! Commissioning over HTTP: who may, what a technician reads, and that no resident is named.

use std::time::Duration;

use axum::http::header::COOKIE;
use ed25519_dalek::SigningKey;

use nattsyn_protocol::commission::{Ask, GRID, HeldCommissioning, Leave, Order, Tried, Try};
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{BootId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::signing::{PublicKey, Signed};

use super::door::{Hub, SAME, pin_in};
use super::*;
use crate::commission::{CourseRow, Step};
use crate::config::Front;
use crate::enrolment::{Homes, enrol};
use crate::keys::HubKeys;
use crate::roster::{Home, Resident};
use crate::store::{Batch, SqliteStore, Store as _};

const NAME: &str = "Astrid Hemlig";

pub(super) struct Office {
    pub(super) hub: Hub,
    pub(super) technician: String,
    pub(super) store: SqliteStore,
}

pub(super) fn unit() -> UnitId {
    "u0000001".parse().unwrap()
}

fn home(sleepers: u8) -> Home {
    let resident = |number: u8| Resident {
        id: format!("r000000{number}").parse().unwrap(),
        name: format!("{NAME} {number}"),
    };
    Home {
        id: "h0000001".parse().unwrap(),
        address: "Exempelgatan 1".to_owned(),
        unit: unit(),
        eye: PublicKey::of(&SigningKey::from_bytes(&[3; 32])),
        residents: (1..=sleepers).map(resident).collect(),
    }
}

impl Office {
    async fn open() -> Self {
        Self::of(1).await
    }

    /// Whose one unit so many sleep under.
    pub(super) async fn of(sleepers: u8) -> Self {
        let hub = Hub::empty(Front::Plain);
        let keys = HubKeys::endorsed(
            SigningKey::from_bytes(&[9; 32]),
            &nattsyn_protocol::demonstration::root_key(),
            1,
        );
        let plans = home(sleepers)
            .residents
            .iter()
            .map(|who| Plan::bare(who.id, unit()))
            .collect();
        let homes = Homes {
            homes: vec![home(sleepers)],
            plans,
            ..Homes::default()
        };
        let mut store = SqliteStore::open(&hub.ledger()).unwrap();
        let began = hub.moment();
        enrol(&mut store, &homes, &keys, began).unwrap();
        let mut office = Self {
            technician: String::new(),
            hub,
            store,
        };
        office.technician = office.signs_in("tekn-001", "technician").await;
        office
    }

    pub(super) async fn signs_in(&self, id: &str, role: &str) -> String {
        let said = self.hub.command(&[
            "add", "--id", id, "--name", id, "--by", "admin-1", "--role", role,
        ]);
        self.hub.cookies(id, &pin_in(&said)).await
    }

    pub(super) async fn page(&self, who: &str, address: &str) -> String {
        let headers = [(COOKIE.as_str(), who)];
        let response = self.hub.send(("GET", address), &headers, "").await;
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        text(response).await
    }

    async fn post(&self, who: &str, what: &str, form: &str) -> StatusCode {
        let headers = [(COOKIE.as_str(), who), SAME];
        let address = format!("/commission/{}/{what}", unit());
        self.hub
            .send(("POST", &address), &headers, form)
            .await
            .status()
    }

    /// Something that the unit says, as the desk writes it down.
    fn says(&mut self, step: Step) {
        let row = CourseRow {
            id: 0,
            unit: unit(),
            at: self.hub.moment(),
            by: None,
            step,
        };
        let batch = Batch {
            steps: vec![row],
            ..Batch::default()
        };
        self.store.commit(&batch).unwrap();
    }

    /// The unit answers the order that waits.
    fn answers(&mut self, finding: Finding, cells: Vec<u16>) {
        let since = self.hub.moment().before(Duration::from_secs(7200));
        let rows = self.store.steps_after(0, since).unwrap();
        let order = rows.iter().rev().find_map(|row| match &row.step {
            Step::Order(signed) => serde_json::from_str::<Order>(&signed.body).ok(),
            Step::Leave(..)
            | Step::Lead(_)
            | Step::Places(_)
            | Step::Tried(_)
            | Step::NotTried(_)
            | Step::Commissioned(_)
            | Step::Stands(_)
            | Step::Agreed => None,
        });
        let order = order.unwrap();
        let Ask::Try(what) = order.ask else {
            panic!("{order:?}");
        };
        let tried = Tried {
            unit: unit(),
            boot: BootId(7),
            version: order.version,
            number: order.number,
            what,
            finding,
            level: None,
            cells,
        };
        let signed = Signed::seal(&tried, &SigningKey::from_bytes(&[3; 32]));
        self.says(Step::Tried(signed));
    }

    fn is_pressed(&mut self) {
        let said = HeldCommissioning {
            version: 1,
            stands: Leave::Open,
        };
        self.says(Step::Stands(serde_json::to_string(&said).unwrap()));
    }
}

fn walked(spot: u8) -> Vec<u16> {
    let (column, row) = [(6, 5), (12, 5), (12, 10), (6, 10), (9, 8)][usize::from(spot)];
    vec![row * GRID.0 + column]
}

#[tokio::test]
async fn only_a_technician_commissions() {
    let office = Office::open().await;
    let address = format!("/commission/{}", unit());
    for role in ["night_staff", "night_lead", "unit_manager", "administrator"] {
        let id = format!("{}-9", role.replace('_', "-"));
        let who = office.signs_in(&id, role).await;
        for address in ["/commission", &address] {
            let headers = [(COOKIE.as_str(), who.as_str())];
            let response = office.hub.send(("GET", address), &headers, "").await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{role} {address}");
        }
        let begun = office.post(&who, "begin", "").await;
        assert_eq!(begun, StatusCode::FORBIDDEN, "{role}");
    }
    let seen = office.page(&office.technician, "/technical").await;
    place(&seen, "href=\"/commission?lang=sv\"");
}

/// A technician's way through all pages, and that neither name nor id of a resident is on any.
#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one way through the pages, every one of which is searched"
)]
async fn a_technician_is_led_step_by_step_and_reads_no_name() {
    let mut office = Office::open().await;
    let who = office.technician.clone();
    let address = format!("/commission/{}", unit());
    let mut seen = vec![office.page(&who, "/commission").await];
    place(&seen[0], "ej driftsatt");
    place(&seen[0], "data-gate=\"never\"");
    seen.push(office.page(&who, &address).await);
    place(seen.last().unwrap(), "id=\"begin\"");
    assert_eq!(office.post(&who, "begin", "").await, StatusCode::SEE_OTHER);
    seen.push(office.page(&who, &address).await);
    place(seen.last().unwrap(), "Tryck på knappen på enheten");
    place(seen.last().unwrap(), "data-left-s=\"600\"");
    seen.push(office.page(&who, "/commission").await);
    place(seen.last().unwrap(), "väntar på knappen");
    let early = office.post(&who, "try", "step=walk+0+0").await;
    assert_eq!(early, StatusCode::UNPROCESSABLE_ENTITY);
    office.is_pressed();
    for spot in 0..5 {
        let step = format!("walk 0 {spot}");
        seen.push(office.page(&who, &address).await);
        let page = seen.last().unwrap();
        place(page, &format!("id=\"try\" data-step=\"{step}\""));
        let form = format!("step={}", step.replace(' ', "+"));
        assert_eq!(office.post(&who, "try", &form).await, StatusCode::SEE_OTHER);
        seen.push(office.page(&who, &address).await);
        place(seen.last().unwrap(), "id=\"bar\"");
        office.hub.pass(Duration::from_secs(8));
        office.answers(Finding::Visible, walked(spot));
    }
    seen.push(office.page(&who, &format!("{address}/now")).await);
    place(seen.last().unwrap(), "id=\"place-ok\"");
    place(seen.last().unwrap(), "data-number=\"5\"");
    let two = "places=[[[0.2,0.2],[0.5,0.2],[0.5,0.5]],[[0.5,0.5],[0.8,0.5],[0.8,0.8]]]";
    let one = "places=[[[0.2,0.2],[0.5,0.2],[0.5,0.5]]]";
    let cut = "places=[[[0.0,0.2],[0.5,0.2],[0.5,0.5]]]";
    for wrong in [two, cut, "places=nej"] {
        let settled = office.post(&who, "places", wrong).await;
        assert_eq!(settled, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(
        office.post(&who, "places", one).await,
        StatusCode::SEE_OTHER
    );
    seen.push(office.page(&who, &address).await);
    place(
        seen.last().unwrap(),
        "data-step=\"staged 0 on_the_edge as_it_is\"",
    );
    let step = "step=staged+0+on_the_edge+as_it_is";
    assert_eq!(office.post(&who, "try", step).await, StatusCode::SEE_OTHER);
    office.hub.pass(Duration::from_secs(46));
    seen.push(office.page(&who, &address).await);
    place(seen.last().unwrap(), "data-outcome=\"unanswered\"");
    office.answers(Finding::NotVisible, Vec::new());
    seen.push(office.page(&who, &address).await);
    place(seen.last().unwrap(), "data-outcome=\"not_visible\"");
    // From here the unit sees somebody whatever is staged: also where nobody lies.
    for _ in 0..8 {
        let page = seen.last().unwrap();
        let Some((_, rest)) = page.split_once("id=\"try\" data-step=\"") else {
            break;
        };
        let (step, _) = rest.split_once('"').unwrap();
        let form = format!("step={}", step.replace(' ', "+"));
        assert_eq!(office.post(&who, "try", &form).await, StatusCode::SEE_OTHER);
        office.answers(Finding::Visible, Vec::new());
        seen.push(office.page(&who, &address).await);
    }
    let page = seen.last().unwrap();
    place(page, "id=\"refused\"");
    place(page, "enheten såg någon i en tom säng");
    place(page, "id=\"again\" data-step=\"walk 0 0\"");
    for page in &seen {
        assert!(!page.contains("Hemlig"), "a name: {page}");
        assert!(!page.contains("r000000"), "a resident: {page}");
    }
}

#[tokio::test]
async fn two_under_one_unit_are_begun_with_numbered_places_and_five_are_not() {
    let mut office = Office::of(2).await;
    let who = office.technician.clone();
    assert_eq!(office.post(&who, "begin", "").await, StatusCode::SEE_OTHER);
    office.is_pressed();
    let address = format!("/commission/{}", unit());
    let page = office.page(&who, &address).await;
    place(&page, "Plats 1: Lägg dig mitt i sängen");
    assert!(
        !page.contains("Hemlig") && !page.contains("r000000"),
        "{page}"
    );
    for (sleeper, spot) in (0..2).flat_map(|who| (0..5).map(move |spot| (who, spot))) {
        let step = format!("step=walk+{sleeper}+{spot}");
        assert_eq!(office.post(&who, "try", &step).await, StatusCode::SEE_OTHER);
        office.answers(Finding::Visible, walked(spot));
    }
    let page = office.page(&who, &address).await;
    place(&page, "siffran är platsens nummer");
    place(&page, ">2</text>");
    // The same place twice is nobody's.
    let same = "places=[[[0.2,0.2],[0.6,0.2],[0.6,0.6]],[[0.2,0.2],[0.6,0.2],[0.6,0.6]]]";
    let settled = office.post(&who, "places", same).await;
    assert_eq!(settled, StatusCode::UNPROCESSABLE_ENTITY);
    let apart = "places=[[[0.2,0.2],[0.6,0.2],[0.6,0.6]],[[0.3,0.2],[0.7,0.2],[0.7,0.6]]]";
    let settled = office.post(&who, "places", apart).await;
    assert_eq!(settled, StatusCode::SEE_OTHER);
    let page = office.page(&who, &address).await;
    place(&page, "data-step=\"staged 0 together as_it_is\"");
    place(&page, "Båda ligger under täcket");

    let office = Office::of(5).await;
    let who = office.technician.clone();
    let begun = office.post(&who, "begin", "").await;
    assert_eq!(begun, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_second_phone_reads_and_may_take_over() {
    let mut office = Office::open().await;
    let (first, address) = (office.technician.clone(), format!("/commission/{}", unit()));
    let second = office.signs_in("tekn-002", "technician").await;
    office.post(&first, "begin", "").await;
    office.is_pressed();
    let page = office.page(&second, &address).await;
    place(&page, "En annan telefon leder");
    place(&page, "disabled");
    let asked = office.post(&second, "try", "step=walk+0+0").await;
    assert_eq!(asked, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        office.post(&second, "lead", "").await,
        StatusCode::SEE_OTHER
    );
    let asked = office.post(&second, "try", "step=walk+0+0").await;
    assert_eq!(asked, StatusCode::SEE_OTHER);
    let page = office.page(&first, &address).await;
    place(&page, "En annan telefon leder");
}

#[tokio::test]
async fn a_unit_or_step_that_there_is_not_is_said_and_nothing_breaks() {
    let office = Office::open().await;
    let who = office.technician.clone();
    for (address, status) in [
        ("/commission/u0000009", StatusCode::NOT_FOUND),
        ("/commission/nej", StatusCode::NOT_FOUND),
        ("/commission/nej/now", StatusCode::NOT_FOUND),
    ] {
        let headers = [(COOKIE.as_str(), who.as_str())];
        let response = office.hub.send(("GET", address), &headers, "").await;
        assert_eq!(response.status(), status, "{address}");
    }
    for (what, form) in [
        ("try", "step=walk+9+9"),
        ("try", ""),
        ("lead", ""),
        ("conclude", ""),
        ("places", "places=[[[1e99,0],[0,0],[0,0]]]"),
    ] {
        let status = office.post(&who, what, form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{what} {form}");
    }
}

/// Nothing about every fault and refusal is said in one language only, or by its name.
#[test]
fn every_fault_and_refusal_says_what_to_do_in_both_languages() {
    use nattsyn_protocol::commission::NoTry;
    use nattsyn_protocol::commission::framing::FramingFault;
    use nattsyn_protocol::commission::trial::TrialFault;
    let what = Try::Walk {
        sleeper: 0,
        spot: 0,
    };
    let framing = [
        FramingFault::NoPolygon,
        FramingFault::Cut,
        FramingFault::TooSmall,
        FramingFault::Unseen(2),
    ];
    let faults = framing
        .map(|why| TrialFault::Framing { sleeper: 1, why })
        .into_iter()
        .chain([
            TrialFault::VisibleOfEmpty(what),
            TrialFault::NotVisibleOfSomebody(what),
            TrialFault::Unfit(what, Fault::Dark),
            TrialFault::SawThroughCover,
            TrialFault::NotToldApart { sleeper: 1 },
            TrialFault::SeldomSeen {
                sleeper: 0,
                seen: 1,
            },
        ]);
    let mut said = std::collections::BTreeSet::new();
    for fault in faults {
        let [sv, en] =
            [Lang::Swedish, Lang::English].map(|lang| texts::commission::fault(lang, fault));
        assert_ne!(sv, en, "{fault:?}");
        assert!(sv.len() > 60 && said.insert(sv), "{fault:?}");
    }
    for why in [
        NoTry::NoLeave,
        NoTry::NotPressed,
        NoTry::Number,
        NoTry::Senseless,
        NoTry::Busy,
        NoTry::Paused,
        NoTry::Withdrawn,
        NoTry::ClockUnknown,
        NoTry::Enough,
        NoTry::NotPassed,
        NoTry::TooLittleRoom,
        NoTry::DiskDown,
        NoTry::OldVersion,
        NoTry::NotInForce,
        NoTry::PolicyAwaited,
        NoTry::TooOften,
        NoTry::Unrecognised,
    ] {
        let text = texts::commission::no_try(why);
        assert_ne!(text.to(Lang::Swedish), text.to(Lang::English));
        assert!(said.insert(text.to(Lang::Swedish).to_owned()), "{why:?}");
    }
}
