//! A night with everything that the page can show, for its tests and for looking at it.
//!
//! Every name and address is invented.

use std::time::Duration;

use nattsyn_protocol::finding::{Fault, Finding, Reason};
use nattsyn_protocol::ids::{CheckId, HomeId, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::time::Timestamp;

use crate::agreement::{Fallback, Then};
use crate::exception::Handling;
use crate::view::{
    Arrangement, Cause, CheckRow, Ending, ExceptionRow, Hearing, HomeRow, LookRow, MatterRow,
    Person, Reality, Standing, Tonight,
};
use crate::watch::situation::Situation;
use crate::watch::{Punctuality, Subject};

/// A moment of the sample's night by Stockholm's clock: hours from noon on, so 14:00 means
/// two in the afternoon and 02:10 ten past two at night.
pub(super) fn at(text: &str) -> Timestamp {
    let day = if text < "12" { 22 } else { 21 };
    Timestamp(format!("2026-11-{day}T{text}:00+01:00").parse().unwrap())
}

pub(super) fn person(number: u8, name: &str, address: &str) -> Person {
    Person {
        resident: ResidentId::from_random([number; 8]),
        name: name.to_owned(),
        address: address.to_owned(),
    }
}

fn people() -> Vec<Person> {
    [
        ("Elsa Provberg", "Åkervägen 3"),
        ("Sture Testlund", "Björkgatan 12 B"),
        ("Märta Exempelsson", "Skolgränd 1, lgh 1204"),
        ("Ivar Modellin", "Norra Kyrkogatan 118"),
        (
            "Gudrun Prövare-Lindqvistsson",
            "Västra Industrivägen 44, uppgång C",
        ),
        ("Åke Påhitt", "Strandvägen 7"),
        ("Dagny Fabel", "Åsgränd 2"),
        ("Holger Sagesman", "Ängsvägen 21"),
    ]
    .iter()
    .zip(1..)
    .map(|((name, address), number)| person(number, name, address))
    .collect()
}

pub(super) fn exception(id: i64, person: Person, cause: Cause, due: &str) -> ExceptionRow {
    ExceptionRow {
        id,
        person,
        home: None,
        cause,
        opened: at("02:14"),
        due: at(due),
        punctuality: Punctuality::InTime,
        checks: Vec::new(),
        ended: None,
        handling: Handling::default(),
        agreed: None,
    }
}

fn check(person: &Person, window: u8, from: &str, to: &str, standing: Standing) -> CheckRow {
    CheckRow {
        id: CheckId {
            resident: person.resident,
            night: jiff::civil::date(2026, 11, 21),
            window: WindowKey(window),
        },
        person: person.clone(),
        home: home_of(person),
        opens: at(from),
        deadline: at(to),
        standing,
        looks: Vec::new(),
    }
}

fn home_of(person: &Person) -> Option<HomeId> {
    let people = people();
    let mut homes = homes(&people).into_iter();
    Some(homes.find(|home| home.address == person.address)?.home)
}

fn look(look: u8, when: &str, came: &str, finding: Finding) -> LookRow {
    LookRow {
        look,
        at: at(when),
        came: at(came),
        finding,
    }
}

fn seen(person: &Person, window: u8, from: &str, to: &str, when: &str) -> CheckRow {
    let mut row = check(person, window, from, to, Standing::Visible { at: at(when) });
    row.looks.push(look(1, when, when, Finding::Visible));
    row
}

fn troubled(person: &Person, window: u8, cause: Cause, findings: &[(&str, Finding)]) -> CheckRow {
    let mut row = check(
        person,
        window,
        "02:00",
        "02:30",
        Standing::Exception { cause },
    );
    row.looks = findings
        .iter()
        .zip(1..)
        .map(|((when, finding), number)| look(number, when, when, *finding))
        .collect();
    row
}

/// Nothing planned, nothing open, nobody enrolled.
pub(super) fn empty() -> Tonight {
    Tonight {
        now: at("02:31"),
        night: jiff::civil::date(2026, 11, 21),
        zone: "Europe/Stockholm".to_owned(),
        reality: Reality::Homes,
        open: Vec::new(),
        closed: Vec::new(),
        matters: Vec::new(),
        checks: Vec::new(),
        homes: Vec::new(),
        consent: std::sync::Arc::default(),
        labels: std::sync::Arc::default(),
    }
}

/// A night in which much goes wrong.
pub(super) fn busy() -> Tonight {
    let people = people();
    let [elsa, sture, marta, ivar, gudrun, ake, dagny, holger] = people.as_slice() else {
        unreachable!("eight people")
    };
    let outside = Cause::Unclear(Reason::OutsideSleepingPlace);
    let covered = Cause::Technical(Fault::Covered);
    let checks = vec![
        seen(elsa, 1, "22:00", "23:00", "22:04"),
        seen(sture, 1, "22:00", "23:00", "22:11"),
        late(ivar),
        after_three_looks(gudrun),
        troubled(
            elsa,
            2,
            Cause::NotVisible,
            &[
                ("02:01", Finding::NotVisible),
                ("02:03", Finding::NotVisible),
                ("02:06", Finding::NotVisible),
            ],
        ),
        troubled(
            marta,
            2,
            outside,
            &[
                ("02:03", Finding::NotVisible),
                ("02:05", Finding::Unclear(Reason::OutsideSleepingPlace)),
            ],
        ),
        troubled(
            sture,
            2,
            covered,
            &[("02:02", Finding::Technical(Fault::Covered))],
        ),
        check(ake, 2, "02:00", "03:00", Standing::Ongoing),
        check(dagny, 2, "02:15", "03:00", Standing::Overdue),
        check(holger, 3, "05:00", "06:00", Standing::Planned),
    ];
    let agreed = |then, fallback, minutes: u64, wishes: &str| {
        Some(Arrangement {
            then,
            fallback,
            answer_within: Some(Duration::from_secs(minutes * 60)),
            wishes: wishes.to_owned(),
        })
    };
    let mut open = vec![
        about(exception(12, marta.clone(), outside, "02:30"), &checks),
        about(
            exception(11, elsa.clone(), Cause::NotVisible, "02:45"),
            &checks,
        ),
        about(exception(13, sture.clone(), covered, "03:00"), &checks),
        exception(14, holger.clone(), Cause::Silent, "04:50"),
    ];
    let wish = "Knacka två gånger.";
    open[1].agreed = agreed(Then::PhoneThenVisit, Fallback::Visit, 20, wish);
    open[2].agreed = agreed(Then::Visit, Fallback::Nothing, 10, "");
    Tonight {
        open,
        closed: closed(ivar, gudrun),
        matters: matters(),
        checks,
        homes: homes(&people),
        consent: std::sync::Arc::default(),
        ..empty()
    }
}

fn about(mut row: ExceptionRow, checks: &[CheckRow]) -> ExceptionRow {
    let troubled = |check: &&CheckRow| {
        check.person == row.person && matches!(check.standing, Standing::Exception { .. })
    };
    row.checks = checks
        .iter()
        .filter(troubled)
        .map(|check| check.id)
        .collect();
    row
}

fn late(person: &Person) -> CheckRow {
    let standing = Standing::VisibleLate {
        at: at("22:35"),
        came: at("23:48"),
    };
    let mut row = check(person, 1, "22:30", "23:30", standing);
    row.looks.push(look(1, "22:35", "23:48", Finding::Visible));
    row
}

fn after_three_looks(person: &Person) -> CheckRow {
    let mut row = seen(person, 1, "23:00", "00:00", "23:12");
    row.looks = vec![
        look(1, "23:02", "23:02", Finding::NotVisible),
        look(2, "23:04", "23:04", Finding::Unclear(Reason::Several)),
        look(3, "23:12", "23:12", Finding::Visible),
    ];
    row
}

fn closed(ivar: &Person, gudrun: &Person) -> Vec<ExceptionRow> {
    let end = |mut row: ExceptionRow, opened: &str, when: &str, ending| {
        row.opened = at(opened);
        row.ended = Some((at(when), ending));
        row
    };
    let no_report = exception(9, ivar.clone(), Cause::NoReport, "23:45");
    let not_visible = exception(8, gudrun.clone(), Cause::NotVisible, "23:30");
    vec![
        end(no_report, "23:30", "23:48", Ending::LateReport),
        end(not_visible, "23:06", "23:12", Ending::LaterVisible),
    ]
}

fn matters() -> Vec<MatterRow> {
    let unit = Subject::Unit(UnitId::from_random([9, 9, 9, 9, 1, 2, 3, 4]));
    let marta = people()[2].clone();
    let row = |id, situation, subject, about: &str, opened| MatterRow {
        id,
        situation,
        subject,
        about: about.to_owned(),
        opened: at(opened),
        seen: at(opened),
    };
    vec![
        row(
            3,
            Situation::NoLookProved,
            Subject::Resident(marta.resident),
            &marta.name,
            "12:00",
        ),
        row(4, Situation::UnknownUnit, unit, "", "01:12"),
    ]
}

fn homes(people: &[Person]) -> Vec<HomeRow> {
    let hearing = |number: usize| match number {
        1 => Hearing::EyeTrouble,
        6 => Hearing::Silent(Duration::from_secs(9 * 3600)),
        7 => Hearing::Silent(Duration::from_secs(17 * 60 + 20)),
        _ => Hearing::Well,
    };
    people
        .iter()
        .zip(0_u8..)
        .map(|(person, number)| HomeRow {
            home: HomeId::from_random([number + 40; 8]),
            unit: UnitId::from_random([number, 9, 17, 3, number, 30, 31, 5]),
            address: person.address.clone(),
            heard: (number != 6).then(|| at(if number == 7 { "02:14" } else { "02:31" })),
            hearing: hearing(usize::from(number)),
        })
        .collect()
}

/// The same night, in fast time.
pub(super) fn demonstration() -> Tonight {
    Tonight {
        reality: Reality::Demonstration,
        ..busy()
    }
}
