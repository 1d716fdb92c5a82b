//! The ledger's pages: any night, its balance, its table, the morning report.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use jiff::civil::Date;
use tokio::sync::watch;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId, WindowKey};

use crate::agreement::{Fallback, Then};
use crate::exception::{Act, Event, Unresolved};
use crate::store::{Archive, StoreError};
use crate::view::ledger::{
    Apart, ContradictionLine, ExceptionLine, Handled, Line, MatterLine, Mistake, NightLedger, Room,
};
use crate::view::resident::ResidentFile;
use crate::view::{Arrangement, Cause, Ending, LookRow, Person};
use crate::watch::situation::Situation;
use crate::watch::{
    Alteration, Altered, Arrival, CallOff, How, Manner, Outcome, Punctuality, Said, Subject, Word,
};

use super::super::sample::{self, at, person};
use super::super::{State, app};
use super::{ask, place, strip_tags, text};

/// A ledger of one night that can show everything.
pub(super) struct SampleArchive(NightLedger);

impl Archive for SampleArchive {
    fn resident(
        &self,
        resident: ResidentId,
        tonight: Date,
    ) -> Result<Option<ResidentFile>, StoreError> {
        Ok(super::residents::file(&self.0, resident, tonight))
    }

    fn nights(&self) -> Result<BTreeSet<Date>, StoreError> {
        Ok([self.0.night].into())
    }

    fn account(&self, night: Date) -> Result<NightLedger, StoreError> {
        if night == self.0.night {
            return Ok(self.0.clone());
        }
        Ok(NightLedger {
            night,
            frozen: None,
            planned: 0,
            lines: Vec::new(),
            apart: Vec::new(),
            matters: Vec::new(),
            proofs: Vec::new(),
        })
    }
}

fn line(number: u8, name: &str, address: &str, from: &str, to: &str) -> Line {
    let person: Person = person(number, name, address);
    Line {
        id: CheckId {
            resident: person.resident,
            night: jiff::civil::date(2026, 11, 21),
            window: WindowKey(number),
        },
        person,
        unit: UnitId::from_random([number; 8]),
        manner: Manner::Digital,
        plan: Some(2),
        opens: at(from),
        deadline: at(to),
        altered: Vec::new(),
        looks: Vec::new(),
        notices: Vec::new(),
        repeats: 0,
        contradictions: Vec::new(),
        exceptions: Vec::new(),
        words: Vec::new(),
        outcome: None,
        mistaken: None,
    }
}

fn seen(when: &str, came: &str, arrival: Arrival) -> Option<Outcome> {
    Some(Outcome {
        how: How::Visible(arrival),
        at: at(when),
        came: at(came),
    })
}

fn look(number: u8, when: &str, came: &str, finding: Finding) -> LookRow {
    LookRow {
        look: number,
        at: at(when),
        came: at(came),
        finding,
    }
}

fn asked(id: i64, cause: Cause, opened: &str, ended: Option<(&str, Ending)>) -> ExceptionLine {
    ExceptionLine {
        id,
        cause,
        opened: at(opened),
        punctuality: Punctuality::InTime,
        ended: ended.map(|(when, ending)| (at(when), ending)),
        handled: Vec::new(),
        agreed: None,
        mistaken: None,
    }
}

/// Somebody whose camera was covered, and who was visited.
fn marta() -> Line {
    let mut marta = line(
        3,
        "Märta Exempelsson",
        "Skolgränd 1, lgh 1204",
        "02:00",
        "03:00",
    );
    marta.looks = vec![look(
        5,
        "02:18",
        "02:18",
        Finding::Technical(Fault::Covered),
    )];
    let covered = Cause::Technical(Fault::Covered);
    let ended = Some(("02:49", Ending::Said(Said::Visited)));
    marta.exceptions = vec![asked(11, covered, "02:18", ended)];
    marta.exceptions[0].agreed = Some(Arrangement {
        then: Then::Visit,
        fallback: Fallback::Phone,
        answer_within: Some(Duration::from_secs(30 * 60)),
        wishes: String::new(),
    });
    marta.repeats = 2;
    let anna: crate::watch::StaffId = "natt-001".parse().unwrap();
    let by = |act| Event::By(anna.clone(), act);
    marta.exceptions[0].handled = [
        ("02:20", by(Act::Take)),
        (
            "02:22",
            by(Act::Go {
                arrives: at("02:30"),
            }),
        ),
        ("02:35", Event::FellBack),
        ("02:40", by(Act::Find(Unresolved::NoAnswer))),
    ]
    .map(|(when, event)| Handled {
        at: at(when),
        event,
    })
    .to_vec();
    marta.contradictions = vec![ContradictionLine {
        check: marta.id,
        first: marta.id,
        look: look(5, "02:18", "02:20", Finding::Visible),
        counts: Finding::Technical(Fault::Covered),
        room: Room::ForMore,
    }];
    marta.words = vec![Word {
        check: marta.id,
        said: Said::Visited,
        by: "natt-017".parse().unwrap(),
        at: at("02:49"),
    }];
    marta.outcome = Some(Outcome {
        how: How::Said(Said::Visited),
        at: at("02:49"),
        came: at("02:49"),
    });
    marta
}

pub(super) fn sample_archive() -> SampleArchive {
    let mut elsa = line(1, "Elsa Provberg", "Åkervägen 3", "22:00", "23:00");
    elsa.looks = vec![look(1, "22:04", "22:04", Finding::Visible)];
    elsa.outcome = seen("22:04", "22:04", Arrival::InTime);
    let mut ivar = line(2, "Ivar Modellin", "Norra Kyrkogatan 118", "22:30", "23:30");
    ivar.looks = vec![look(1, "22:35", "23:48", Finding::Visible)];
    ivar.exceptions = vec![asked(
        9,
        Cause::NoReport,
        "22:51",
        Some(("23:48", Ending::LateReport)),
    )];
    ivar.outcome = seen("22:35", "23:48", Arrival::Late);
    let marta = marta();
    let mut sture = line(4, "Sture Testlund", "Björkgatan 12 B", "02:00", "02:25");
    sture.exceptions = vec![asked(12, Cause::Silent, "02:01", None)];
    let mut ake = line(5, "Åke Påhitt", "Strandvägen 7", "23:00", "23:45");
    ake.altered = vec![Altered {
        check: ake.id,
        what: Alteration::CalledOff(CallOff::Away),
        by: "dag-003".to_owned(),
        why: "hos dottern till söndag".to_owned(),
        at: at("16:20"),
    }];
    ake.outcome = Some(Outcome {
        how: How::CalledOff(CallOff::Away),
        at: at("16:20"),
        came: at("16:20"),
    });
    let dagny = line(6, "Dagny Fabel", "Åsgränd 2", "05:00", "05:45");
    let mut lines = vec![elsa, ivar, ake, marta, sture, dagny];
    lines.sort_by_key(|line| (line.opens, line.id));
    SampleArchive(NightLedger {
        night: jiff::civil::date(2026, 11, 21),
        frozen: Some(at("12:00")),
        planned: lines.len(),
        lines,
        apart: Vec::new(),
        matters: vec![MatterLine {
            subject: Subject::Unit(UnitId::from_random([4; 8])),
            about: "Björkgatan 12 B".to_owned(),
            situation: Situation::DiskFull,
            opened: at("01:10"),
            cleared: None,
            closed: None,
        }],
        proofs: super::proof::of_night(),
    })
}

fn site(archive: SampleArchive) -> (watch::Sender<Arc<crate::view::Tonight>>, Router) {
    let (sender, tonight) = watch::channel(Arc::new(sample::busy()));
    let archive: Option<Arc<dyn Archive>> = Some(Arc::new(archive));
    let state = State {
        archive,
        ..State::showing(tonight)
    };
    (sender, app(state))
}

async fn shown(address: &str) -> String {
    let (_sender, site) = site(sample_archive());
    let response = ask(&site, "GET", address).await;
    assert_eq!(response.status(), StatusCode::OK, "{address}");
    text(response).await
}

#[tokio::test]
async fn a_night_is_read_line_by_line_with_what_was_planned_and_what_became_of_it() {
    let page = strip_tags(&shown("/ledger?night=2026-11-21").await);
    for needle in [
        "Tillsynsliggare",
        "21–22 november 2026",
        "Elsa Provberg Åkervägen 3 Synlig 22:04",
        "Synlig, sen rapport 22:35",
        "Åtgärd begärd: 22:51 Rapport saknas",
        "Sen rapport: den enskilde var synlig",
        "Personligt besök, allt väl 02:49",
        "02:18 Tekniskt fel: kameran är övertäckt. Överenskommet: ring vid fel, svar senast 02:48.",
        "Att veta: Upprepad rapport: räknas en gång (2 gånger).",
        "Att veta: Två olika rapporter bär samma nummer: den första räknas.",
        "Räknas inte: 02:20 kom en annan rapport med samma nummer: 02:18 Synlig. \
         Den första räknas: Tekniskt fel: kameran är övertäckt.",
        "Noterat: 02:49 Personligt besök, allt väl, av natt-017",
        "Sensorenheten hörs inte (öppen)",
        "Ändrad: 16:20 Avbokad: borta, av dag-003: hos dottern till söndag",
        "Väntar",
        "Sensorenhetens minne är fullt eller trasigt",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
}

#[tokio::test]
async fn the_balance_is_shown_as_a_sum() {
    let page = shown("/ledger").await;
    let said = strip_tags(&page);
    let sum = "6 planerade = 1 Synlig + 1 Synlig, sen rapport + 1 Personligt besök, allt väl + \
               1 Avbokad: borta + 1 öppna + 1 väntar";
    assert!(said.contains(sum), "{said}");
    assert!(
        page.contains("data-holds=\"yes\"") && said.contains("Stämmer:"),
        "{said}"
    );

    assert!(!page.contains("balance broken"), "{page}");
}

#[tokio::test]
async fn a_row_about_no_check_stands_in_the_ledger_the_table_and_the_morning_report() {
    let mut archive = sample_archive();
    let by: crate::watch::StaffId = "natt-017".parse().unwrap();
    let mut row = asked(
        31,
        Cause::Silent,
        "01:00",
        Some(("01:20", Ending::Said(Said::Died))),
    );
    row.handled = vec![Handled {
        at: at("01:20"),
        event: Event::By(by.clone(), Act::Say(Said::Died)),
    }];
    row.mistaken = Some(Mistake {
        by,
        at: at("03:02"),
    });
    archive.0.apart = vec![Apart {
        person: person(1, "Elsa Provberg", "Åkervägen 3"),
        row,
    }];
    let (_sender, site) = site(archive);
    let mut pages = Vec::new();
    for address in ["/ledger", "/ledger.csv", "/morning"] {
        let page = text(ask(&site, "GET", address).await).await;
        pages.push(strip_tags(&page));
    }
    for needle in [
        "Rader utan tillsyn",
        "Misstag: rättat 03:02, av natt-017",
        "6 planerade = ",
    ] {
        assert!(
            pages[0].contains(needle),
            "{needle:?} is not in {}",
            pages[0]
        );
    }
    let begins = "2026-11-21,,Elsa Provberg,Åkervägen 3,,";
    let line = &pages[1][place(&pages[1], begins)..];
    for needle in [",found_dead,", "mistaken (natt-017)", "Funnen avliden"] {
        assert!(line.contains(needle), "{needle:?} is not in {line}");
    }
    let said = "Skrevs som avliden av misstag: Elsa Provberg, rättat 03:02";
    assert!(pages[2].contains(said), "{}", pages[2]);
    assert!(!pages[2].contains("Funnen avliden:"), "{}", pages[2]);
    assert!(!pages[2].contains("natt-017"), "{}", pages[2]);
}

/// A night of which a line is gone: on the page, in the table, in the morning report.
async fn of_a_broken_night(address: &str) -> String {
    let mut broken = sample_archive();
    broken.0.lines.pop();
    let (_sender, site) = site(broken);
    text(ask(&site, "GET", address).await).await
}

#[tokio::test]
async fn a_night_that_lost_a_line_says_so_wherever_it_is_read() {
    for address in ["/ledger", "/morning"] {
        let page = of_a_broken_night(address).await;
        assert!(page.contains("data-holds=\"no\""), "{page}");
        assert!(page.contains("class=\"balance broken\""), "{page}");
        let said = strip_tags(&page);
        for needle in [
            "6 planerade ≠ 1 Synlig",
            "Stämmer inte: liggaren är inte hel.",
            "Rader som saknas: 1",
        ] {
            assert!(said.contains(needle), "{needle:?} is not in {said}");
        }
    }
    let morning = of_a_broken_night("/morning").await;
    let place = |what: &str| morning.find(what).unwrap();
    assert!(
        place("id=\"balance\"") < place("class=\"figures\""),
        "{morning}"
    );

    let table = of_a_broken_night("/ledger.csv").await;
    let first = table.lines().nth(1).unwrap();
    for needle in [
        "STÄMMER INTE",
        "6 planerade",
        "Rader som saknas: 1",
        ",unbalanced,",
    ] {
        assert!(first.contains(needle), "{needle:?} is not in {first}");
    }
    assert_eq!(table.lines().count(), 1 + 1 + 5);
    let english = of_a_broken_night("/ledger.csv?lang=en").await;
    assert!(english.contains("DOES NOT BALANCE"), "{english}");
    let whole = shown("/ledger.csv").await;
    assert!(!whole.contains("unbalanced"), "{whole}");
}

#[tokio::test]
async fn a_check_without_an_outcome_is_a_term_of_its_own() {
    let mut broken = sample_archive();
    let holed = broken
        .0
        .lines
        .iter_mut()
        .find(|line| line.outcome.is_none());
    let holed = holed.unwrap();
    (holed.exceptions, holed.deadline) = (Vec::new(), at("02:00"));
    let (_sender, site) = site(broken);
    let page = strip_tags(&text(ask(&site, "GET", "/ledger").await).await);
    for needle in ["6 planerade = ", "+ 1 utan utfall", "Stämmer inte"] {
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
}

#[tokio::test]
async fn the_morning_report_counts_and_names_nobody_who_works() {
    let page = strip_tags(&shown("/morning?night=2026-11-21").await);
    for needle in [
        "Morgonrapport",
        "Klara i tid 2",
        "Klara efter larm 2",
        "Personliga besök 1",
        "Obesvarade 1",
        "Sture Testlund Björkgatan 12 B Sensorenheten hörs inte",
        "Störningar per person",
        "Märta Exempelsson Skolgränd 1, lgh 1204 1 gång",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
    assert!(!page.contains("natt-017"), "{page}");
}

#[tokio::test]
async fn what_people_did_about_a_row_stands_on_its_line() {
    let page = strip_tags(&shown("/ledger?night=2026-11-21").await);
    for done in [
        "Gjort: 02:20 natt-001 tog raden · 02:22 natt-001 på väg, framme 02:30",
        "02:35 öppen igen, för att inget hände · 02:40 natt-001 Svarar inte",
    ] {
        assert!(page.contains(done), "{done:?} is not in {page}");
    }
}

#[tokio::test]
async fn the_table_is_what_rfc_4180_says_and_excel_can_read() {
    let (_sender, site) = site(sample_archive());
    let response = ask(&site, "GET", "/ledger.csv?night=2026-11-21").await;
    assert_eq!(
        response.headers()["content-type"],
        "text/csv; charset=utf-8"
    );
    let disposition = response.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        disposition,
        "attachment; filename=\"tillsynsliggare-2026-11-21.csv\""
    );
    let table = text(response).await;
    let table = table.strip_prefix('\u{feff}').expect("a byte-order mark");
    assert!(table.lines().count() >= 7 && table.ends_with("\r\n"));
    assert_eq!(table.matches('\n').count(), table.matches("\r\n").count());
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let head = reader.headers().unwrap().clone();
    let place = |name| head.iter().position(|column| column == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 6);
    let marta = rows
        .iter()
        .find(|row| row[place("namn")].starts_with("Märta"))
        .unwrap();
    assert_eq!(&marta[place("adress")], "Skolgränd 1, lgh 1204");
    assert_eq!(&marta[place("utfallskod")], "visited");
    assert_eq!(&marta[place("utfallstid")], "2026-11-22T02:49:00+01:00");
    assert_eq!(&marta[place("svar_senast")], "2026-11-22T02:48:00+01:00");
    assert_eq!(
        &marta[place("situationer")],
        "report_repeated 2; reports_contradict"
    );
    assert_eq!(
        &marta[place("motsägelser")],
        "5 2026-11-22T02:18:00+01:00 visible/2026-11-22T02:20:00+01:00"
    );
    assert_eq!(
        &marta[place("gjort")],
        "2026-11-22T02:20:00+01:00 natt-001 tog raden; \
         2026-11-22T02:22:00+01:00 natt-001 på väg, framme 2026-11-22T02:30:00+01:00; \
         2026-11-22T02:35:00+01:00 öppen igen, för att inget hände; \
         2026-11-22T02:40:00+01:00 natt-001 Svarar inte"
    );
    let sture = rows
        .iter()
        .find(|row| row[place("namn")].starts_with("Sture"))
        .unwrap();
    assert_eq!(&sture[place("utfallskod")], "open:silent");
}

#[tokio::test]
async fn a_name_that_is_a_formula_is_a_name_in_the_table() {
    let mut archive = sample_archive();
    archive.0.lines[0].person.name = "=HYPERLINK(\"x\")".to_owned();
    let (_sender, site) = site(archive);
    let table = text(ask(&site, "GET", "/ledger.csv").await).await;
    assert!(table.contains(",\"'=HYPERLINK(\"\"x\"\")\","), "{table}");
}

#[tokio::test]
async fn a_night_that_is_none_and_a_ledger_that_is_away_are_said() {
    let (_sender, site) = site(sample_archive());
    for night in ["1", "2026-13-01", "..", "2026-11-21%00"] {
        let address = format!("/ledger?night={night}");
        let response = ask(&site, "GET", &address).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{address}");
        assert!(
            text(response)
                .await
                .contains("Skriv datumet som 2026-11-21.")
        );
    }
    let page = text(ask(&site, "GET", "/ledger?night=2020-01-01").await).await;
    assert!(page.contains("Inga tillsyner finns nedskrivna"), "{page}");

    let (_sender, bare) = super::site(sample::busy());
    for address in ["/ledger", "/morning", "/ledger.csv"] {
        let response = ask(&bare, "GET", address).await;
        assert_eq!(
            response.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "{address}"
        );
    }
}

#[tokio::test]
async fn the_books_keep_to_one_language() {
    for path in ["/ledger", "/morning"] {
        let english = strip_tags(&shown(&format!("{path}?lang=en&night=2026-11-21")).await);
        for word in [
            "Synlig",
            "tillsyn",
            "besök,",
            "Avbokad",
            "gång",
            "planerade",
        ] {
            assert!(
                !english.contains(word),
                "{word:?} is on {path} in English: {english}"
            );
        }
        assert!(english.contains("21–22 November 2026"), "{english}");
    }
}

#[tokio::test]
async fn a_night_can_be_chosen_and_left_without_a_script() {
    let page = shown("/ledger?night=2026-11-21").await;
    for needle in [
        "action=\"/ledger\"",
        "type=\"date\"",
        "night=2026-11-20",
        "night=2026-11-22",
        "/ledger.csv?night=2026-11-21",
        "/morning?night=2026-11-21",
        "aria-current=\"page\"",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page}");
    }
}
