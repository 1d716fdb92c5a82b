//! Two under one unit at the desk, and homes whose first nights were too unclear.

use jiff::ToSpan as _;
use jiff::civil::Date;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::thresholds::{CountsMessage, NightCounts};

use super::*;
use crate::enrolment::Homes;
use crate::roster::Resident;

fn who(number: u32) -> ResidentId {
    format!("r{number:07}").parse().unwrap()
}

/// The other's place, a little to the right.
fn other() -> Vec<[f32; 2]> {
    place().into_iter().map(|[x, y]| [x + 0.1, y]).collect()
}

fn of_two() -> Homes {
    let mut homes = homes();
    homes.homes[0].residents.push(Resident {
        id: who(2),
        name: "Namn 2".to_owned(),
    });
    let plan = Plan {
        resident: who(2),
        ..homes.plans[0].clone()
    };
    homes.plans.push(plan);
    homes
}

fn held_by_two() -> HeldCommissioned {
    HeldCommissioned {
        places: vec![digest(&place()), digest(&other())],
        ..held(MODEL, &place())
    }
}

impl Office {
    /// Goes through everything, and the unit passes; until when that takes.
    fn passes_with_two(&mut self, mut at_s: u64) -> u64 {
        let (unit, by) = (self.unit(), hand("tekn-001"));
        self.opens(at_s);
        at_s += 5;
        while self.course().verdict() != Verdict::Passed {
            if self.course().to_settle().is_some() {
                let places = vec![place(), other()];
                self.does(at_s, |it| it.settle(unit, places, &by)).unwrap();
            }
            let what = self.course().next().unwrap();
            let order = self.asks(at_s, what);
            self.hears_back(at_s + 1, &up(&tried(&order)));
            at_s += 2;
        }
        self.does(at_s, |it| it.conclude(unit, &by)).unwrap();
        let commissioned = Commissioned {
            unit,
            held: held_by_two(),
            at_ms: self.at(at_s).timestamp,
            staged: Vec::new(),
            word: None,
        };
        self.hears_back(at_s + 1, &CommissionUp::Commissioned(signed(&commissioned)));
        at_s + 2
    }

    fn says(&mut self, at_s: u64, named: [u32; 2]) -> Result<(), CommissionError> {
        let unit = self.unit();
        let mut store = SqliteStore::open(&self.path).unwrap();
        let named = named.map(who);
        let by = hand("natt-001");
        let said = self.does(at_s, |it| {
            it.say(unit, &named, (&by, &mut store, "Europe/Stockholm"))
        });
        said.map(|sent| assert_eq!(sent, [], "nothing goes to the unit but a plan at noon"))
    }

    /// The unit sees the first resident, by the newest plan or an older one.
    fn sees(&mut self, at_s: u64, counter: u64, plan: u32) {
        let report = Report {
            plan,
            ..self.report(counter, Finding::Visible)
        };
        self.take(at_s, &[report]).unwrap();
    }

    fn newest(&self, number: u32) -> (u32, Vec<Vec<[f32; 2]>>) {
        let plans = SqliteStore::open(&self.path).unwrap().plans().unwrap();
        let own = plans
            .into_iter()
            .filter(|it| it.plan.resident == who(number));
        let newest = own.max_by_key(|it| it.plan.version).unwrap().plan;
        (newest.version, newest.places)
    }

    pub(super) fn shut(&self) -> Option<Shut> {
        let account = self.account();
        if let Account::Open(Cause::NotCommissioned(why)) = account {
            return Some(why);
        }
        assert!(
            matches!(account, Account::Ended(How::Visible(_))),
            "{account:?}"
        );
        None
    }
}

#[test]
fn in_a_real_home_two_are_not_begun_and_nothing_is_sent_or_written() {
    let office = Office::enrolled(&of_two());
    let root = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let signing = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let real = crate::keys::HubKeys::endorsed(signing, &root, 1);
    let roster = SqliteStore::open(&office.path).unwrap().roster().unwrap();
    let mut rows = Courses::open(&office.path).unwrap();
    let begun = Counter {
        rows: &mut rows,
        roster: &roster,
        keys: &real,
        now: office.at(20).timestamp,
    }
    .begin(office.unit(), &hand("tekn-001"));
    let error = begun.unwrap_err();
    assert!(
        matches!(error, CommissionError::NotToldApart(2)),
        "{error:?}"
    );
    assert_eq!(rows.of(office.unit()).unwrap(), []);
}

#[test]
fn two_count_once_somebody_has_said_who_sleeps_where_and_never_in_each_others_place() {
    let mut office = Office::enrolled(&of_two());
    let unit = office.unit();
    let at_s = office.passes_with_two(20);
    let mut store = SqliteStore::open(&office.path).unwrap();
    let mut waits = None;
    let agreed = office.does(at_s, |it| {
        waits = Some(it.agree(unit, &mut store, "Europe/Stockholm")?);
        Ok(())
    });
    agreed.unwrap();
    assert_eq!(waits, Some(Agreeing::Waits));
    assert_eq!(
        office.newest(1).1,
        Vec::<Vec<[f32; 2]>>::new(),
        "nobody has a place"
    );
    assert_eq!(office.raised(), [Situation::SidesUnsaid]);
    office.sees(at_s + 1, 1, 1);
    assert_eq!(office.shut(), Some(Shut::Unsaid));

    // The first sleeps in place 2.
    office.says(at_s + 2, [2, 1]).unwrap();
    assert!(office.course().agreed.is_some());
    let (version, places) = office.newest(1);
    assert_eq!(places, [other()]);
    assert_eq!(office.newest(2).1, [place()]);
    assert_eq!(office.raised(), []);
    // By the plan of before it is no place at all.
    office.sees(at_s + 3, 2, 1);
    assert_eq!(office.shut(), Some(Shut::Places));
    office.sees(at_s + 4, 3, version);
    assert_eq!(office.shut(), None);
}

#[test]
fn who_has_swapped_sides_is_not_visible_by_the_plan_of_before_also_after_a_restart() {
    let mut office = Office::enrolled(&of_two());
    let at_s = office.passes_with_two(20);
    office.says(at_s, [1, 2]).unwrap();
    let (before, places) = office.newest(1);
    assert_eq!(places, [place()]);
    office.says(at_s + 1, [2, 1]).unwrap();
    let mut office = office.restarted(at_s + 2);
    office.sees(at_s + 3, 1, before);
    assert_eq!(office.shut(), Some(Shut::Places));
    let (after, places) = office.newest(1);
    assert_eq!(places, [other()]);
    office.sees(at_s + 4, 2, after);
    assert_eq!(office.shut(), None);
}

#[test]
fn what_was_said_of_places_ends_with_a_commissioning_anew() {
    let mut office = Office::enrolled(&of_two());
    let at_s = office.passes_with_two(20);
    office.says(at_s, [1, 2]).unwrap();
    let moved = HeldCommissioned {
        version: 2,
        places: vec![
            digest(&place()),
            digest(&[[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]),
        ],
        ..held_by_two()
    };
    office.greets(at_s + 1, None, Some(moved));
    office.sees(at_s + 2, 1, office.newest(1).0);
    assert_eq!(office.shut(), Some(Shut::Unsaid));
    // Nor can anything be said of places that this hub has not seen.
    let said = office.says(at_s + 3, [1, 2]);
    assert!(matches!(said, Err(CommissionError::NotPassed)), "{said:?}");
}

/// As the unit's eye counted a night: so many checks that were clear, and otherwise.
fn counts(night: Date, (clear, otherwise): (u32, u32)) -> NightCounts {
    NightCounts {
        unit: homes().homes[0].unit,
        night,
        checks: vec![(60, clear)],
        otherwise,
        evidence: None,
    }
}

impl Office {
    /// A unit that was commissioned three weeks ago, and thirteen nights that are written down.
    pub(super) fn on_trial(counted: (u32, u32)) -> Self {
        let mut homes = homes();
        homes.plans[0].places = vec![place()];
        let office = Self::enrolled(&homes);
        let ledger = rusqlite::Connection::open(&office.path).unwrap();
        let passed = office
            .at(0)
            .timestamp
            .before(Duration::from_secs(21 * 24 * 3600));
        let body = serde_json::to_string(&Some(held(MODEL, &place()))).unwrap();
        ledger
            .execute(
                "INSERT INTO commission_words (unit, body, at_ms) VALUES ('u0000001', ?1, ?2)",
                rusqlite::params![body, passed.as_ms()],
            )
            .unwrap();
        for back in 2..15 {
            let counts = counts(office.back(back), counted);
            let signed = signed(&counts);
            ledger
                .execute(
                    "INSERT INTO counts (unit, night, body, signature, came_ms, home)
                     VALUES ('u0000001', ?1, ?2, ?3, 0, NULL)",
                    [counts.night.to_string(), signed.body, signed.signature],
                )
                .unwrap();
        }
        office.restarted(10)
    }

    /// The night so many nights ago.
    fn back(&self, nights: i64) -> Date {
        self.check.id.night.checked_sub(nights.days()).unwrap()
    }

    /// The counts of last night come; what is sent of it.
    pub(super) fn counts_come(&mut self, at_s: u64, counted: (u32, u32)) -> Vec<Channel> {
        let counts = signed(&counts(self.back(1), counted));
        let topic = Topic {
            unit: self.unit(),
            channel: Channel::Counts,
        };
        let message = Publication {
            topic: topic.to_string(),
            body: wire::encode(&CountsMessage { counts }),
        };
        let done = self.desk.take(self.at(at_s), &[message]).unwrap();
        done.answers.iter().map(|it| it.topic.channel).collect()
    }

    pub(super) fn rows(&self, table: &str) -> i64 {
        let ledger = rusqlite::Connection::open(&self.path).unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        ledger.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn a_home_that_is_too_unclear_in_its_first_nights_is_visits_until_it_is_commissioned_anew() {
    let mut office = Office::on_trial((2, 2));
    assert_eq!(
        office.rows("commission_unsuited"),
        0,
        "thirteen nights are too few"
    );
    let policies = office.rows("policies");
    let sent = office.counts_come(11, (2, 2));
    assert_eq!(sent, [Channel::Ack], "nothing else is sent of it");
    assert_eq!(office.rows("commission_unsuited"), 1);
    assert_eq!(office.rows("policies"), policies, "no policy was signed");
    assert_eq!(office.raised(), [Situation::SensorUnsuited]);
    // It lasts, and is written once.
    let mut office = office.restarted(12);
    assert_eq!(office.rows("commission_unsuited"), 1);
    office.seen();
    assert_eq!(office.shut(), Some(Shut::Unsuited));
    // Commissioned anew: another trial, of which nothing is known yet.
    let anew = HeldCommissioned {
        version: 2,
        ..held(MODEL, &place())
    };
    office.greets(20, None, Some(anew));
    assert_eq!(office.raised(), []);
    let report = office.report(2, Finding::Visible);
    office.take(21, &[report]).unwrap();
    assert_eq!(office.shut(), None);
    let office = office.restarted(30);
    assert_eq!(
        office.rows("commission_unsuited"),
        1,
        "the old nights are not counted again"
    );
}

#[test]
fn a_home_that_is_clear_enough_counts() {
    let mut office = Office::on_trial((9, 1));
    office.counts_come(11, (9, 1));
    assert_eq!(office.rows("commission_unsuited"), 0);
    office.seen();
    assert_eq!(office.shut(), None);
}

#[test]
fn a_unit_that_was_switched_off_is_not_unclear() {
    let mut office = Office::on_trial((2, 1));
    // Of each of those nights one check had only looks that were paused.
    let ledger = rusqlite::Connection::open(&office.path).unwrap();
    for back in 1..15 {
        let night = office.back(back);
        let check = nattsyn_protocol::ids::CheckId {
            night,
            ..office.check.id
        };
        ledger
            .execute(
                "INSERT INTO reports (unit, boot, counter, check_id, look, finding, at_ms, came_ms,
                                      body, signature)
                 VALUES ('u0000001', '0000000000000001', ?1, ?2, 1, 'paused', 0, 0, '', '')",
                rusqlite::params![back, check.to_string()],
            )
            .unwrap();
    }
    office.counts_come(11, (2, 1));
    assert_eq!(office.rows("commission_unsuited"), 0);
}
