//! Unit and hub derive the same looks from what was agreed: any plan, any zone, any night.
//!
//! The hub's side is the agreement, the plan that follows from it and the rows of the night; the
//! unit's side is its night, its own reading of the signed plan. Time is an argument on both.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

use std::time::Duration;

use ed25519_dalek::SigningKey;
use jiff::civil::{Date, Time, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use nattsyn_detector::night::Night;
use nattsyn_hub::agreement::record::{Record, Seats};
use nattsyn_hub::agreement::rows::{NightRow, rows};
use nattsyn_hub::agreement::{
    Absence, AgreedWindow, Agreement, Away, Book, How, Offset, Seat, TemporaryWindows, VisitReason,
};
use nattsyn_hub::nights;
use nattsyn_hub::roster::{Home, Resident, Roster};
use nattsyn_hub::store::{Holds, StoredPlan};
use nattsyn_hub::watch::Manner;
use nattsyn_protocol::calendar::Days;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{CheckId, WindowKey};
use nattsyn_protocol::plan::{CHECKS_PER_NIGHT_MAX, LOOK_MAX, LOOKS_PER_NIGHT_MAX};
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::Timestamp;
use proptest::prelude::*;

fn seat() -> Seat {
    Seat {
        home: "h0000001".parse().unwrap(),
        unit: "u0000001".parse().unwrap(),
        place: 0,
    }
}

fn zones() -> Vec<String> {
    let names = jiff::tz::db().available().map(|name| name.to_string());
    names.filter(|name| TimeZone::get(name).is_ok()).collect()
}

/// Beside what a night is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Anything,
    Change,
}

/// A night of the years 2020 to 2040: any, or one beside a change of the zone's clocks.
fn night_in(zone: &str, day: i64, beside: Beside) -> Date {
    let any = date(2020, 1, 1).checked_add(day.days()).unwrap();
    let zone = TimeZone::get(zone).unwrap();
    let noon = any.at(12, 0, 0, 0).to_zoned(zone.clone()).unwrap();
    let change = zone.following(noon.timestamp()).next();
    match change {
        Some(change) if beside == Beside::Change => {
            let local = change.timestamp().to_zoned(zone.clone()).date();
            let back = Span::new().days(day % 3);
            let night = local.checked_sub(back).unwrap();
            night.clamp(date(2020, 1, 1), date(2040, 12, 31))
        }
        Some(_) | None => any,
    }
}

/// Windows in hours of the night that do not touch: from noon, each in an hour of its own or two.
fn any_windows() -> impl Strategy<Value = Vec<AgreedWindow>> {
    let hours = prop::sample::subsequence((0..23i8).collect::<Vec<_>>(), 0..=8);
    let each = (0i8..25, 30i8..60, 1u8..=127, 0u8..5);
    (hours, prop::collection::vec(each, 8)).prop_map(|(hours, each)| {
        let windows = (1u8..).zip(hours).zip(each);
        windows
            .map(|((key, hour), (from, to, days, how))| {
                let at = |minute| Time::new((12 + hour) % 24, minute, 0, 0).unwrap();
                let day = |day| Weekday::from_monday_zero_offset(day).unwrap();
                AgreedWindow {
                    key: WindowKey(key),
                    from: at(from),
                    to: at(to),
                    days: (0..7)
                        .filter(|d| days >> d & 1 == 1)
                        .map(day)
                        .collect::<Days>(),
                    how: match how {
                        0 => How::Visit(VisitReason::Help, String::new()),
                        1 => How::Looks(vec![0]),
                        2 => How::Looks(vec![0, 60]),
                        _ => How::Looks(Vec::new()),
                    },
                }
            })
            .collect()
    })
}

prop_compose! {
    fn any_night()(
        zone in prop::sample::select(zones()),
        day in 0i64..7_670,
        beside in prop::sample::select(vec![Beside::Anything, Beside::Change]),
        windows in any_windows(),
        temporary in prop::option::weighted(0.3, (any_windows(), 0i64..3, 0i64..4)),
        absence in prop::option::weighted(0.2, (0i64..3, prop::option::of(0i64..4))),
        looks in prop::sample::subsequence(vec![60u32, 120, 180], 0..=2),
        offset in prop::option::of(0u32..60),
    ) -> (Agreement, Vec<Absence>, Date) {
        let night = night_in(&zone, day, beside);
        let around = |days: i64| night.checked_add(days.days()).unwrap();
        let resident = "r0000001".parse().unwrap();
        let agreement = Agreement {
            offset: offset.map_or(Offset::Spread, Offset::Fixed),
            looks_after_s: [0].into_iter().chain(looks).collect(),
            windows,
            temporary: temporary.map(|(windows, before, after)| TemporaryWindows {
                first: around(-before),
                last: around(after - 1).max(around(-before)),
                reason: String::new(),
                windows,
            }),
            ..Agreement::bare(resident, &zone)
        };
        let absences = absence.map(|(before, after)| Absence {
            id: 1,
            resident,
            why: Away::Away,
            first: around(1 - before),
            last: after.map(|after| around(1 - before + after)),
            made: Timestamp::from_ms(0).unwrap(),
            by: "s0000001".to_owned(),
            confirmed: Vec::new(),
            ended: None,
        });
        (agreement, absences.into_iter().collect(), night)
    }
}

/// Every look that the hub expects of a night: when, of which check, which of its looks.
type Looks = Vec<(Timestamp, CheckId, u8)>;

struct HubSide {
    looks: Looks,
    rows: Vec<NightRow>,
    stored: StoredPlan,
    noon: Timestamp,
}

fn hub_side(agreement: &Agreement, absences: &[Absence], night: Date) -> HubSide {
    let key = SigningKey::from_bytes(&[7; 32]);
    let plan = agreement.plan(seat(), absences, night);
    plan.examine().unwrap();
    let stored = StoredPlan {
        signed: Signed::seal(&plan, &key),
        plan,
        made: Timestamp::from_ms(0).unwrap(),
        holds: Holds::FromNoon,
    };
    let roster = Roster::new(vec![Home {
        id: seat().home,
        address: String::new(),
        unit: seat().unit,
        eye: PublicKey::of(&key),
        residents: vec![Resident {
            id: agreement.resident,
            name: String::new(),
        }],
    }]);
    let noon = nights::noon(night, &agreement.zone).unwrap();
    let agreed = nattsyn_hub::agreement::Agreed {
        version: 1,
        agreement: agreement.clone(),
        made: Timestamp::from_ms(0).unwrap(),
        by: "s0000001".to_owned(),
        origin: nattsyn_hub::agreement::Origin::Import,
    };
    let book = Book::new(vec![agreed], absences.to_vec(), Vec::new());
    let record = Record {
        book,
        plans: vec![stored.clone()],
        seats: Seats::of(&roster),
    };
    let rows = rows(&record, (night, noon), noon);
    let mut looks: Looks = Vec::new();
    for row in &rows {
        if let NightRow::Look(planned) = row {
            let check = &planned.check;
            looks.extend(
                (1u8..)
                    .zip(&check.looks)
                    .map(|(look, at)| (*at, check.id, look)),
            );
        }
    }
    looks.sort();
    HubSide {
        looks,
        rows,
        stored,
        noon,
    }
}

fn moments(looks: &[(Timestamp, CheckId, u8)]) -> Vec<Timestamp> {
    looks.iter().map(|(at, _, _)| *at).collect()
}

/// The moments at which a unit that never sees anybody looks, from noon to noon.
fn unit_side(hub: &HubSide, next_noon: Timestamp) -> Vec<Timestamp> {
    let body: nattsyn_protocol::plan::Plan = serde_json::from_str(&hub.stored.signed.body).unwrap();
    let mut night = Night::default();
    night.handle_plan(body).unwrap();
    let mut now = hub.noon;
    let mut made = Vec::new();
    for (_, check, look) in &hub.looks {
        let Some(next) = night.next_look(now).filter(|next| *next < next_noon) else {
            break;
        };
        now = next;
        made.push(now);
        night.handle_finding(*check, *look, Finding::NotVisible);
    }
    // Nothing beyond what the hub expects.
    made.extend(night.next_look(now).filter(|next| *next < next_noon));
    made
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unit_and_hub_expect_the_same_looks_inside_their_windows_and_capped(
        (agreement, absences, night) in any_night()
    ) {
        prop_assume!(agreement.examine().is_ok());
        let hub = hub_side(&agreement, &absences, night);
        let next_noon = nights::noon(night.tomorrow().unwrap(), &agreement.zone).unwrap();
        prop_assert_eq!(unit_side(&hub, next_noon), moments(&hub.looks));

        prop_assert!(hub.looks.len() <= LOOKS_PER_NIGHT_MAX);
        let mut checks = 0;
        for row in &hub.rows {
            match row {
                NightRow::Look(planned) => {
                    checks += 1;
                    let check = &planned.check;
                    prop_assert!(check.looks.iter().all(|look| {
                        *look >= check.opens && look.after(LOOK_MAX) <= check.deadline
                    }), "{:?}", check);
                    prop_assert!(check.deadline.since(check.opens) >= Duration::from_secs(60));
                }
                NightRow::Visit(visit) => {
                    checks += 1;
                    prop_assert!(visit.opens < visit.deadline);
                }
                NightRow::Ask(planned) => {
                    // A unit has every plan here, so it is an absence that nobody confirmed.
                    prop_assert_eq!(planned.manner, Manner::AskIfAway);
                    prop_assert!(absences.iter().any(|absence| absence.last.is_none()));
                }
                NightRow::Nothing(_) => prop_assert_eq!(hub.rows.len(), 1),
            }
        }
        prop_assert!(checks <= CHECKS_PER_NIGHT_MAX);
        if absences.iter().any(|absence| absence.covers(night)) {
            prop_assert_eq!(checks, 0);
        }
    }
}

/// The generator is worth something only if it reaches what is difficult.
#[test]
fn nights_beside_clock_changes_are_among_those_tried() {
    let hours = |night: Date| {
        let noon = |night| nights::noon(night, "Europe/Stockholm").unwrap();
        noon(night.tomorrow().unwrap()).since(noon(night)).as_secs() / 3600
    };
    let tried: Vec<u64> = (0..7_670)
        .step_by(97)
        .map(|day| hours(night_in("Europe/Stockholm", day, Beside::Change)))
        .collect();
    assert!(tried.contains(&23) && tried.contains(&25) && tried.contains(&24));
    assert!(zones().len() > 400);
}
