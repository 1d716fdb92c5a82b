//! Papers of units of before, and places of units that passed, written down beside each other.

use super::*;
use crate::commission::PAPER_MAX;
use crate::commission::clerk::Clerk;
use crate::commission::command::{CommissionCommand, run};

const ZONE: &str = "Europe/Stockholm";

/// A unit whose looks counted before commissioning was asked of any, at a hub that is down.
fn of_before() -> Office {
    let office = Office::enrolled(&homes());
    let ledger = rusqlite::Connection::open(&office.path).unwrap();
    let sql = "INSERT INTO commission_before (unit) VALUES (?1)";
    ledger.execute(sql, [office.unit().to_string()]).unwrap();
    office
}

fn gates(office: &Office) -> crate::commission::gate::Gates {
    Courses::open(&office.path).unwrap().gates().unwrap()
}

#[test]
fn a_paper_of_before_lasts_ninety_days_from_a_start_and_no_moment_longer() {
    let office = of_before().restarted(20);
    let (unit, began) = (office.unit(), office.at(20).timestamp);
    let gates = gates(&office);
    assert_eq!(gates.papers.until(unit), Some(began.after(PAPER_MAX)));
    let last = began.after(PAPER_MAX - Duration::from_secs(1));
    assert!(gates.is_on_paper(unit, last));
    assert!(!gates.is_on_paper(unit, began.after(PAPER_MAX)));
    // Another start prolongs nothing.
    let office = office.restarted(3600);
    assert_eq!(self::gates(&office), gates);
}

#[test]
fn a_paper_of_before_begins_by_a_clock_that_is_believed_and_counts_until_then() {
    const DAY: u64 = 24 * 3600;
    // A hub whose clock says that it was down for months.
    let mut office = of_before().restarted(200 * DAY);
    let unit = office.unit();
    assert_eq!(
        gates(&office).papers.until(unit),
        None,
        "nobody knows the day"
    );
    let now = office.at(200 * DAY).timestamp;
    assert!(gates(&office).is_on_paper(unit, now), "and it counts");
    assert!(!office.raised().contains(&Situation::CommissionAwaited));
    office.pass(200 * DAY + 120);
    assert_eq!(gates(&office).papers.until(unit), None);
    // The unit's own clock says the same.
    let at_s = 200 * DAY + 130;
    let heartbeat = nattsyn_protocol::heartbeat::Heartbeat {
        at_ms: office.at(at_s).timestamp,
        sequence: 1,
        eye: nattsyn_protocol::heartbeat::EyeState::Ready,
        waiting: 0,
    };
    let topic = Topic {
        unit,
        channel: Channel::Heartbeat,
    };
    let message = Publication {
        topic: topic.to_string(),
        body: wire::encode(&heartbeat),
    };
    office.desk.take(office.at(at_s), &[message]).unwrap();
    office.pass(at_s + 300);
    let until = gates(&office).papers.until(unit).unwrap();
    assert!(
        until
            > office
                .at(at_s)
                .timestamp
                .after(PAPER_MAX - Duration::from_secs(60))
    );
}

#[test]
fn a_unit_whose_places_cannot_be_agreed_to_holds_up_no_other_and_is_counted() {
    // Two homes, and in the first somebody moves in after its unit has passed.
    let mut homes = homes();
    let mut other = homes.homes[0].clone();
    other.id = "h0000002".parse().unwrap();
    other.unit = "u0000002".parse().unwrap();
    other.residents[0].id = "r0000002".parse().unwrap();
    let plan = Plan {
        resident: other.residents[0].id,
        unit: other.unit,
        ..homes.plans[0].clone()
    };
    homes.plans.push(plan);
    homes.homes.push(other);
    let mut office = Office::enrolled(&homes);
    office.opens(20);
    let at_s = office.tries_all(30, Finding::NotVisible);
    office.passes(at_s);
    // The other one did the same.
    let ledger = rusqlite::Connection::open(&office.path).unwrap();
    let copied = ledger.execute(
        "INSERT INTO commission_rows (unit, kind, body, signature, epoch, made_by, at_ms)
         SELECT 'u0000002', kind, body, signature, epoch, made_by, at_ms FROM commission_rows
         WHERE unit = 'u0000001' ORDER BY id",
        [],
    );
    assert!(copied.unwrap() > 20);
    let mut second = homes.homes[0].residents[0].clone();
    second.id = "r0000003".parse().unwrap();
    homes.homes[0].residents.push(second);
    let mut store = SqliteStore::open(&office.path).unwrap();
    let at = office.at(at_s + 5).timestamp;
    crate::enrolment::enrol(&mut store, &homes, &keys(), at).unwrap();
    let now = office.at(at_s + 6).timestamp;
    let clerk = Clerk::new((&office.path, keys()), ZONE, None, move || now);
    let [first, second] = [homes.homes[0].unit, homes.homes[1].unit];
    clerk.sheet(second).unwrap().unwrap();
    let rows = Courses::open(&office.path).unwrap();
    assert_eq!(
        rows.unagreed().unwrap(),
        [first],
        "the other has its places"
    );
    assert_eq!(clerk.held_up(), 1);
    let book = store.book().unwrap();
    let agreed = book.newest("r0000002".parse().unwrap()).unwrap();
    assert_eq!(agreed.agreement.places, [place()]);
}

#[test]
fn the_list_says_of_every_unit_how_it_stands_and_until_when() {
    let listed = |office: &Office, at_s: u64| {
        let now = office.at(at_s).timestamp;
        run((&office.path, ZONE), now, CommissionCommand::List).unwrap()
    };
    let office = of_before().restarted(20);
    // 21 November and 90 days.
    let paper = "u0000001\tpå papper till 2027-02-19 / on paper until 2027-02-19\n";
    assert_eq!(listed(&office, 30), paper);
    let never = "u0000001\tej driftsatt: besök / not commissioned: visits\n";
    assert_eq!(listed(&office, 91 * 24 * 3600), never);
    let mut homes = homes();
    homes.plans[0].places = vec![place()];
    let mut office = Office::enrolled(&homes);
    office.greets(10, None, Some(held(MODEL, &place())));
    assert_eq!(listed(&office, 30), "u0000001\tdriftsatt / commissioned\n");
    let mut elsewhere = place();
    elsewhere[0] = [0.2, 0.2];
    office.greets(40, None, Some(held(MODEL, &elsewhere)));
    let changed = "u0000001\tsovplatsen är ändrad: besök / places changed: visits\n";
    assert_eq!(listed(&office, 50), changed);
}

#[test]
fn a_ledger_of_before_commissioning_keeps_its_units_that_reported_and_they_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let by_hand = rusqlite::Connection::open(&path).unwrap();
    by_hand.execute_batch(&crate::store::schema_of(17)).unwrap();
    // Two units, of which one has looked.
    by_hand
        .execute_batch(
            "INSERT INTO homes VALUES ('h0000001', 'Exempelgatan 1', 0, NULL),
                                      ('h0000002', 'Exempelgatan 2', 1, NULL);
             INSERT INTO units VALUES ('u0000001', 'h0000001', 'eye', NULL),
                                      ('u0000002', 'h0000002', 'eye', NULL);
             INSERT INTO reports (unit, boot, counter, check_id, look, finding, at_ms, came_ms,
                                  body, signature)
             VALUES ('u0000001', '7', 1, 'r0000001.20261121.1', 1, 'not_visible', 1, 1, '{}', '');",
        )
        .unwrap();
    drop(by_hand);
    let store = SqliteStore::open(&path).unwrap();
    let reported: nattsyn_protocol::ids::UnitId = "u0000001".parse().unwrap();
    assert_eq!(store.before_commissioning().unwrap(), [reported]);
    let gates = store.gates().unwrap();
    let now = homes_now();
    assert!(gates.is_on_paper(reported, now));
    assert!(!gates.is_on_paper("u0000002".parse().unwrap(), now));
    assert!(gates.words.is_empty() && gates.refused.is_empty());
}

fn homes_now() -> nattsyn_protocol::time::Timestamp {
    nattsyn_protocol::time::Timestamp::from_ms(1_795_312_930_000).unwrap()
}
