//! Who may what, asked as a browser asks, and what is in the log before it is answered.

mod keys;

use axum::http::header::COOKIE;

use super::door::{Hub, SAME, brought, location, wrong};
use super::*;
use crate::audit::{Log, Question, Written};
use crate::config::Front;
use crate::http::access::{Verb, WAYS};
use crate::staff::tests::keys::Authenticator;
use crate::staff::{Allowed, Role};

/// An address of the table with something in every gap.
fn filled(path: &str) -> String {
    let resident = nattsyn_protocol::ids::ResidentId::from_random([1; 8]);
    path.replace("{resident}", &resident.to_string())
        .replace("{row}", "11")
        .replace("{number}", "1")
        .split('/')
        .map(|part| if part.starts_with('{') { "1" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

/// Somebody with one role, and the cookies of their sign-in.
async fn with_role(hub: &Hub, role: Role) -> String {
    let id = role.word().replace('_', "-");
    let said = hub.command(&[
        "add",
        "--id",
        &id,
        "--name",
        role.word(),
        "--by",
        "admin-1",
        "--role",
        role.word(),
    ]);
    hub.cookies(&id, &super::door::pin_in(&said)).await
}

fn rows(hub: &Hub) -> Vec<Written> {
    let log = Log::open(&hub.ledger()).unwrap();
    let mut rows = log.rows(&Question::default()).unwrap();
    rows.reverse();
    rows
}

fn acts(hub: &Hub) -> Vec<String> {
    rows(hub).into_iter().map(|row| row.act).collect()
}

#[tokio::test]
async fn every_address_is_open_to_the_roles_that_have_its_permission_and_shut_to_all_others() {
    let hub = Hub::empty(Front::Plain);
    for role in Role::ALL {
        let cookies = with_role(&hub, role).await;
        for way in WAYS {
            let (method, headers) = match way.verb {
                Verb::Get => ("GET", vec![(COOKIE.as_str(), cookies.as_str())]),
                Verb::Post => ("POST", vec![(COOKIE.as_str(), cookies.as_str()), SAME]),
            };
            let address = filled(way.path);
            let response = hub.send((method, &address), &headers, "").await;
            let shut = response.status() == StatusCode::FORBIDDEN;
            let open = role.allows(way.needs) == Allowed::Yes;
            assert_ne!(
                shut,
                open,
                "{role:?} {method} {address}: {}",
                response.status()
            );
            if shut {
                let page = text(response).await;
                place(&page, "Din roll ger inte tillgång");
                assert!(!page.contains("Provberg"), "{page}");
            }
        }
    }
}

#[test]
fn the_table_has_every_address_of_the_router_and_no_other() {
    let sources = [
        include_str!("../mod.rs"),
        include_str!("../phone.rs"),
        include_str!("../live.rs"),
        include_str!("../consent.rs"),
        include_str!("../tuning.rs"),
        include_str!("../commission.rs"),
        include_str!("../sides.rs"),
        include_str!("../labels.rs"),
        include_str!("../units.rs"),
    ];
    let mut routed = BTreeSet::new();
    for source in sources {
        let Some(inside) = source.split("fn inside(").nth(1) else {
            continue;
        };
        let inside = inside.split("\n}").next().unwrap();
        for part in inside.split(".route(").skip(1) {
            routed.insert(part.split('"').nth(1).unwrap());
        }
    }
    let table: BTreeSet<&str> = WAYS.iter().map(|way| way.path).collect();
    assert!(routed.len() > 20, "{routed:?}");
    assert_eq!(routed, table);
}

#[tokio::test]
async fn somebody_without_a_role_may_do_nothing() {
    let (hub, pin) = Hub::staffed();
    hub.command(&[
        "role",
        "take",
        "--id",
        "natt-001",
        "--role",
        "night_staff",
        "--by",
        "admin-1",
    ]);
    let cookies = hub.cookies("natt-001", &pin).await;
    for way in WAYS.iter().filter(|way| way.verb == Verb::Get) {
        let status = hub.look(&filled(way.path), &cookies).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{}", way.path);
    }
}

#[tokio::test]
async fn a_role_taken_away_is_gone_at_the_next_press() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    assert_eq!(hub.look("/ledger", &cookies).await, StatusCode::OK);
    hub.command(&[
        "role",
        "take",
        "--id",
        "natt-001",
        "--role",
        "night_staff",
        "--by",
        "admin-1",
    ]);
    assert_eq!(hub.look("/ledger", &cookies).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_shown_about_somebody_is_in_the_log_first() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let page = filled("/residents/{resident}");
    for address in [
        "/",
        "/fragment",
        page.as_str(),
        "/ledger?night=2026-11-20&lang=en",
        "/ledger.csv",
        "/audit",
    ] {
        hub.look(address, &cookies).await;
    }
    let rows = rows(&hub);
    let acts: Vec<&str> = rows.iter().map(|row| row.act.as_str()).collect();
    let expected = [
        "staff_added",
        "role_given",
        "signed_in",
        "night_opened",
        "resident_opened",
        "ledger_opened",
        "exported",
        "refused",
    ];
    assert_eq!(acts, expected);
    let [.., opened, ledger, _csv, refused] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!(opened.about.as_deref(), page.strip_prefix("/residents/"));
    assert_eq!(opened.who, "natt-001");
    assert_eq!(ledger.detail, "/ledger night=2026-11-20");
    assert_eq!(refused.detail, "read_log");
}

#[tokio::test]
async fn what_cannot_be_written_into_the_log_is_not_shown_but_for_what_a_night_needs() {
    let (hub, pin) = Hub::staffed();
    let before = hub.cookies("natt-001", &pin).await;
    let by_hand = rusqlite::Connection::open(hub.ledger()).unwrap();
    by_hand
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE (ABORT, 'full'); END",
        )
        .unwrap();
    let headers = [(COOKIE.as_str(), before.as_str())];
    for address in ["/ledger", "/ledger.csv"] {
        let response = hub.send(("GET", address), &headers, "").await;
        assert_eq!(
            response.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "{address}"
        );
        let page = text(response).await;
        assert!(!page.contains("Provberg"), "{page}");
        place(&page, "Det går inte att skriva i loggen");
    }
    for address in ["/", "/fragment", "/handover"] {
        let response = hub.send(("GET", address), &headers, "").await;
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        place(
            &text(response).await,
            "Loggen över vem som ser vad kan inte skrivas",
        );
    }
    let resident = filled("/residents/{resident}");
    let resident = text(hub.send(("GET", &resident), &headers, "").await).await;
    assert!(
        !resident.contains("Det går inte att skriva i loggen"),
        "{resident}"
    );
    let cookies = hub.cookies("natt-001", &pin).await;
    by_hand.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(hub.look("/ledger", &cookies).await, StatusCode::OK);
    let rows = rows(&hub);
    let late: Vec<_> = rows
        .iter()
        .filter(|row| row.detail.starts_with("late "))
        .collect();
    let acts: Vec<&str> = late.iter().map(|row| row.act.as_str()).collect();
    let expected = [
        "night_opened",
        "ledger_opened",
        "resident_opened",
        "signed_in",
    ];
    assert_eq!(acts, expected, "{late:?}");
    let well = text(hub.send(("GET", "/"), &headers, "").await).await;
    assert!(!well.contains("Loggen över vem som ser vad"), "{well}");
}

#[tokio::test]
async fn a_log_that_hangs_keeps_nobody_waiting_and_is_written_late() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let by_hand = rusqlite::Connection::open(hub.ledger()).unwrap();
    by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
    let looks = async {
        for _ in 0..8 {
            assert_eq!(hub.look("/", &cookies).await, StatusCode::OK);
        }
    };
    // Eight waits for the file were 40 s; eight of the log's patience are 2.4 s.
    let within = Duration::from_millis(4500);
    tokio::time::timeout(within, looks).await.unwrap();
    let headers = [(COOKIE.as_str(), cookies.as_str())];
    let page = text(hub.send(("GET", "/"), &headers, "").await).await;
    place(&page, "Loggen över vem som ser vad kan inte skrivas");
    by_hand.execute_batch("COMMIT").unwrap();
    // This one waits for its row, which is behind the others.
    assert_eq!(hub.look("/ledger", &cookies).await, StatusCode::OK);
    let rows = rows(&hub);
    let late = rows.iter().filter(|row| row.detail == "late /");
    assert_eq!(late.count(), 9, "{rows:?}");
}

#[tokio::test]
async fn tonights_list_is_in_the_log_also_when_its_frame_was_never_opened() {
    let (hub, pin) = Hub::staffed();
    for address in ["/fragment", "/events"] {
        let cookies = hub.cookies("natt-001", &pin).await;
        for _ in 0..3 {
            assert_eq!(hub.look(address, &cookies).await, StatusCode::OK);
        }
    }
    let rows = rows(&hub);
    let opened = rows.iter().filter(|row| row.act == "night_opened");
    let opened: Vec<&str> = opened.map(|row| row.detail.as_str()).collect();
    assert_eq!(opened, ["/fragment", "/events"]);
}

#[tokio::test]
async fn a_failed_sign_in_is_in_the_log_without_what_was_typed() {
    let (hub, pin) = Hub::staffed();
    let wrong = wrong(&pin);
    hub.sign_in("natt-001", wrong, "").await;
    // A PIN in the wrong field, as happens at night.
    hub.sign_in(&pin, "natt-001", "").await;
    let cookies = hub.cookies("natt-001", &pin).await;
    hub.send(("POST", "/sign-out"), &[SAME, ("cookie", &cookies)], "")
        .await;
    let rows = rows(&hub);
    let said: Vec<_> = rows[2..]
        .iter()
        .map(|row| (row.who.as_str(), row.act.as_str(), row.detail.as_str()))
        .collect();
    let expected = [
        ("?", "sign_in_failed", "pin natt-001"),
        ("?", "sign_in_failed", "pin"),
        ("natt-001", "signed_in", "pin"),
        ("natt-001", "signed_out", ""),
    ];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn no_page_of_these_runs_a_script_or_a_style_of_its_own() {
    let hub = Hub::empty(Front::Plain);
    for (role, pages) in [
        (
            Role::UnitManager,
            ["/account", "/access", "/access?lang=en"],
        ),
        (
            Role::DataProtection,
            ["/audit", "/audit?lang=en", "/account"],
        ),
    ] {
        let cookies = with_role(&hub, role).await;
        for address in pages {
            let headers = [(COOKIE.as_str(), cookies.as_str())];
            let response = hub.send(("GET", address), &headers, "").await;
            assert_eq!(response.status(), StatusCode::OK, "{address}");
            for (name, value) in [
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "same-origin"),
            ] {
                assert_eq!(response.headers()[name], value, "{address}");
            }
            let security = response.headers()["content-security-policy"]
                .to_str()
                .unwrap();
            for needle in [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "form-action 'self'",
            ] {
                assert!(security.contains(needle), "{security}");
            }
            let page = text(response).await;
            for needle in ["style=\"", "<style", " onclick", " onsubmit", "javascript:"] {
                assert!(!page.contains(needle), "{needle} in {address}");
            }
            for script in page.split("<script").skip(1) {
                assert!(
                    script.starts_with(" type=\"module\" src=\"/assets/"),
                    "{address}"
                );
            }
        }
    }
}

#[tokio::test]
async fn access_is_gone_through_again_and_again_and_a_role_taken_away_on_the_page() {
    let (hub, _pin) = Hub::staffed();
    let manager = with_role(&hub, Role::UnitManager).await;
    let page = async |cookies: &str, address: &str| {
        let headers = [(COOKIE.as_str(), cookies)];
        text(hub.send(("GET", address), &headers, "").await).await
    };
    let said = strip_tags(&page(&manager, "/access").await);
    for needle in [
        "Inget att gå igenom just nu.",
        "Vakna Påhittson (natt-001)",
        "Ingen har rollen nattansvarig",
        "Senast inloggad: aldrig",
    ] {
        assert!(said.contains(needle), "{needle:?} is not in {said}");
    }
    hub.pass(Duration::from_secs(91 * 24 * 3600));
    let said = hub.command(&["pin", "--id", "unit-manager", "--by", "admin-1"]);
    let pin = super::door::pin_in(&said);
    let manager = hub.cookies("unit-manager", &pin).await;
    place(&page(&manager, "/").await, "Behörigheter att gå igenom:");
    let judge = async |staff: &str, role: &str, verdict: &str| {
        let form = format!("staff={staff}&role={role}&verdict={verdict}");
        let headers = [SAME, ("cookie", manager.as_str())];
        let response = hub.send(("POST", "/access/roles"), &headers, &form).await;
        response.status()
    };
    assert_eq!(judge("unit-manager", "unit_manager", "confirm").await, 303);
    assert_eq!(judge("natt-001", "night_staff", "remove").await, 303);
    assert_eq!(judge("natt-001", "night_staff", "confirm").await, 409);
    assert_eq!(judge("natt-001", "boss", "confirm").await, 400);
    assert_eq!(judge("natt-001", "technician", "give").await, 400);
    let train = "staff=natt-001&day=2026-11-20";
    let headers = [SAME, ("cookie", manager.as_str())];
    let trained = hub
        .send(("POST", "/access/training"), &headers, train)
        .await;
    assert_eq!(trained.status(), StatusCode::SEE_OTHER);
    let tomorrow = "staff=natt-001&day=2031-01-01";
    let trained = hub
        .send(("POST", "/access/training"), &headers, tomorrow)
        .await;
    assert_eq!(trained.status(), StatusCode::BAD_REQUEST);
    let acts = acts(&hub);
    for act in ["role_confirmed", "role_taken", "training_recorded"] {
        assert!(acts.iter().any(|found| found == act), "{act}: {acts:?}");
    }
}

#[tokio::test]
async fn that_no_head_is_outside_is_told_to_those_who_lead_the_night() {
    let hub = Hub::empty(Front::Plain);
    for role in [Role::NightStaff, Role::NightLead, Role::UnitManager] {
        let cookies = with_role(&hub, role).await;
        let headers = [(COOKIE.as_str(), cookies.as_str())];
        let page = text(hub.send(("GET", "/"), &headers, "").await).await;
        let told = page.contains("Loggens kontrollsumma sparas inte utanför");
        assert_eq!(told, role != Role::NightStaff, "{role}: {page}");
    }
}

#[tokio::test]
async fn the_log_is_read_by_person_worker_and_day_and_an_extract_is_in_plain_swedish() {
    let (hub, pin) = Hub::staffed();
    let resident = filled("{resident}");
    let by_hand = rusqlite::Connection::open(hub.ledger()).unwrap();
    by_hand
        .execute_batch(&format!(
            "INSERT INTO homes VALUES ('h0000001', 'Åkervägen 3', 1, NULL);
             INSERT INTO residents VALUES ('{resident}', 'h0000001', 'Elsa Provberg', 1, NULL);"
        ))
        .unwrap();
    let night = hub.cookies("natt-001", &pin).await;
    hub.look(&format!("/residents/{resident}"), &night).await;
    let officer = with_role(&hub, Role::DataProtection).await;
    let page = async |address: &str| {
        let headers = [(COOKIE.as_str(), officer.as_str())];
        text(hub.send(("GET", address), &headers, "").await).await
    };
    let log = page(&format!("/audit?about={resident}&lang=sv")).await;
    place(&log, "Vakna Påhittson (natt-001)");
    place(&log, "Loggens kontrollsumma sparas inte utanför Nattsyn.");
    let table = page(&format!("/audit.csv?about={resident}")).await;
    assert!(
        table.contains(",natt-001,Vakna Påhittson,resident_opened,Elsa Provberg,"),
        "{table}"
    );
    let nobody = strip_tags(&page("/audit?who=natt-002&from=2026-11-21").await);
    assert!(nobody.contains("Inga rader."), "{nobody}");
    for bad in ["about=Elsa", "act=x", "from=igår", "until=x", "who=%3Cb%3E"] {
        let bad = strip_tags(&page(&format!("/audit?{bad}")).await);
        assert!(bad.contains("Sökningen kan inte läsas."), "{bad}");
    }
    let extract = strip_tags(&page(&format!("/residents/{resident}/extract")).await);
    for needle in [
        "Utdrag ur loggen",
        "Elsa Provberg",
        "Vakna Påhittson (natt-001) öppnade personens sida",
        "Inga bilder sparas",
    ] {
        assert!(extract.contains(needle), "{needle:?} is not in {extract}");
    }
    let acts = acts(&hub);
    let read = acts.iter().filter(|act| *act == "log_read").count();
    assert_eq!(read, 7, "reading the log is in it too: {acts:?}");
    assert!(acts.contains(&"log_exported".to_owned()));
    assert!(acts.contains(&"extract_made".to_owned()));
}
