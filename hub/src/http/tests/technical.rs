//! What is said of rights that end, of access that is nobody's, of the log's head, and of faults:
//! to whom, and to whom not.

use axum::http::header::COOKIE;

use super::door::{Hub, SAME, pin_in};
use super::*;
use crate::audit::{Act, AuditRow, Log, Who};
use crate::config::Front;

/// Somebody with these roles, signed in.
async fn with(hub: &Hub, id: &str, roles: &[&str]) -> String {
    let mut add = vec!["add", "--id", id, "--name", id, "--by", "admin-1"];
    for role in roles {
        add.extend(["--role", *role]);
    }
    let said = hub.command(&add);
    hub.cookies(id, &pin_in(&said)).await
}

async fn page(hub: &Hub, cookies: &str, address: &str) -> String {
    let response = hub.send(("GET", address), &[("cookie", cookies)], "").await;
    assert_eq!(response.status(), StatusCode::OK, "{address}");
    text(response).await
}

fn trained(hub: &Hub, id: &str, day: &str) {
    hub.command(&["trained", "--id", id, "--day", day, "--by", "chef-001"]);
}

#[tokio::test]
async fn a_right_that_ends_is_said_before_and_shuts_nobody_out_of_what_the_night_needs() {
    let hub = Hub::empty(Front::Plain);
    let night = with(&hub, "natt-001", &["night_staff"]).await;
    let chef = with(&hub, "chef-001", &["unit_manager"]).await;
    trained(&hub, "natt-001", "2025-12-10");
    let seen = page(&hub, &night, "/").await;
    assert!(!seen.contains("utbildning i kameravisning"), "{seen}");
    trained(&hub, "natt-001", "2025-11-25");
    let seen = page(&hub, &night, "/").await;
    place(&seen, "utbildning i kameravisning gäller till 2026-11-25");
    place(&seen, "Därefter kan du inte titta via kameran");
    for address in ["/", "/access"] {
        let seen = page(&hub, &chef, address).await;
        place(
            &seen,
            "<strong>natt-001</strong>: utbildning i kameravisning gäller till",
        );
    }
    trained(&hub, "natt-001", "2025-11-10");
    let seen = page(&hub, &night, "/").await;
    place(&seen, "utbildning i kameravisning gick ut 2026-11-10");
    place(&seen, "Larm, listan och allt annat fungerar som vanligt");
    let morning = page(&hub, &chef, "/morning").await;
    place(
        &morning,
        "utbildning i kameravisning 1, nyckelns rad i rostern 0. Har redan gått ut: 1",
    );
    let report = &morning[place(&morning, "<section id=\"morning\"")..];
    assert!(
        !report.contains("natt-001"),
        "nobody who works is named there"
    );
    for address in ["/fragment", "/phone", "/handover", "/account"] {
        page(&hub, &night, address).await;
    }
    let act = [(COOKIE.as_str(), night.as_str()), SAME];
    for address in ["/rows/11", "/matters/4", "/phone/stop"] {
        let status = hub.send(("POST", address), &act, "").await.status();
        assert_ne!(status, StatusCode::FORBIDDEN, "{address}");
    }
}

#[tokio::test]
async fn that_nobody_is_unit_manager_is_said_to_whoever_can_have_it_mended_with_the_command() {
    let hub = Hub::empty(Front::Plain);
    let night = with(&hub, "natt-001", &["night_staff"]).await;
    let command = "nattsyn-hub staff role give --id natt-001 --role unit_manager";
    let seen = page(&hub, &night, "/").await;
    place(&seen, command);
    let lead = with(&hub, "natt-002", &["night_lead"]).await;
    assert!(!page(&hub, &night, "/").await.contains(command));
    let seen = page(&hub, &lead, "/?lang=en").await;
    place(&seen, "Nobody is unit manager in Nattsyn");
    let admin = with(&hub, "admin-1", &["administrator"]).await;
    for address in ["/settings", "/technical"] {
        let seen = page(&hub, &admin, address).await;
        place(&seen, command);
    }
    let chef = with(&hub, "chef-001", &["unit_manager"]).await;
    for cookies in [&night, &lead, &chef] {
        assert!(!page(&hub, cookies, "/").await.contains(command));
    }
}

#[tokio::test]
async fn a_technician_reads_unit_place_fault_and_what_to_do_and_nothing_of_a_resident() {
    let hub = Hub::empty(Front::Plain);
    let technician = with(&hub, "tekn-001", &["technician"]).await;
    let admin = with(&hub, "admin-1", &["administrator"]).await;
    let night = sample::busy();
    for lang in ["sv", "en"] {
        let address = format!("/technical?lang={lang}");
        let seen = page(&hub, &technician, &address).await;
        let silent = night
            .homes
            .iter()
            .find(|home| matches!(home.hearing, Hearing::Silent(_)));
        let silent = silent.unwrap();
        place(&seen, &silent.address);
        place(&seen, &silent.unit.to_string());
        for own in [&seen, &page(&hub, &admin, &address).await] {
            for row in &night.open {
                assert!(!own.contains(&row.person.name), "{}", row.person.name);
                let resident = row.person.resident.to_string();
                assert!(!own.contains(&resident), "{resident}");
            }
        }
        let own = page(&hub, &admin, &address).await;
        assert!(
            !own.contains(&silent.address),
            "where somebody lives is not theirs"
        );
    }
    let seen = page(&hub, &technician, "/technical").await;
    place(&seen, "Se över sensorenhetens ström, nät, kamera och minne");
}

#[tokio::test]
async fn a_head_that_was_lost_in_a_night_is_in_that_nights_morning_report() {
    let hub = Hub::empty(Front::Plain);
    let chef = with(&hub, "chef-001", &["unit_manager"]).await;
    let lost = "Loggens kontrollsumma kunde inte läggas utanför servern den här natten";
    let seen = page(&hub, &chef, "/morning?night=2026-11-21").await;
    assert!(!seen.contains(lost));
    let log = Log::open(&hub.ledger()).unwrap();
    for at in ["23:10", "02:10"] {
        log.record(AuditRow::new(sample::at(at), Who::Hub, Act::HeadLost))
            .unwrap();
    }
    let seen = page(&hub, &chef, "/morning?night=2026-11-21").await;
    place(&seen, lost);
    place(&seen, "2 gånger");
    let before = page(&hub, &chef, "/morning?night=2026-11-20").await;
    assert!(!before.contains(lost), "each night has its own");
}

#[tokio::test]
async fn the_table_of_the_log_has_every_row_once_and_its_name_says_how_many() {
    let hub = Hub::empty(Front::Plain);
    let officer = with(&hub, "dso-001", &["data_protection"]).await;
    let count = 4300;
    let mut file: rusqlite::Connection = crate::store::SqliteStore::open(&hub.ledger())
        .unwrap()
        .into();
    let transaction = file.transaction().unwrap();
    for second in 0..count {
        let at = sample::at("21:00").after(Duration::from_secs(second));
        let row = AuditRow::new(at, Who::Hub, Act::RowsLost);
        crate::store::audit::append(&transaction, &row).unwrap();
    }
    transaction.commit().unwrap();
    let seen = page(&hub, &officer, "/audit?act=rows_lost").await;
    place(&seen, "(4300 rader)");
    let headers = [("cookie", officer.as_str())];
    let table = hub.send(("GET", "/audit.csv?act=rows_lost"), &headers, "");
    let table = table.await;
    let name = table.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(name.contains("-4300-rader.csv"), "{name}");
    let table = text(table).await;
    let ids = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap());
    let ids: Vec<u64> = ids.map(|id| id.parse().unwrap()).collect();
    assert_eq!(ids.len(), 4300);
    assert!(
        ids.windows(2).all(|pair| pair[0] == pair[1] + 1),
        "newest first, none twice"
    );
}
