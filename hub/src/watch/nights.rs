//! The watch over whole nights of generated misfortune, with a real store that it is rebuilt
//! from.
//!
//! Reports are lost, repeated, reordered and late, heartbeats are lost, units fall silent and
//! the hub is down for hours. What must hold: every check has exactly one outcome or is in an
//! open exception, always, from a little before its deadline on; nobody is *visible* whom no
//! report saw; and the ledger does not depend on the order in which things came.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use nattsyn_protocol::finding::{Fault, Finding, Reason};
use nattsyn_protocol::heartbeat::{ASK_AFTER, EyeState};
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::ClockState;

use super::scenes::{home, night, plan, planned};
use super::*;
use crate::commission::gate::Gate;
use crate::nights::noon;
use crate::roster::Home;
use crate::store::{Batch, NewReport, SqliteStore, Store};
use crate::view::ledger::{Account, Balance};
use crate::view::{Reality, Tonight};

const ZONE: &str = "Europe/Stockholm";

/// Seconds from noon to noon.
const NIGHT_S: u32 = 24 * 3600;

/// What a look finds, and how its report fares.
#[derive(Clone, Debug)]
struct Fate {
    finding: Finding,
    /// What it finds when an eye that has started anew makes it once more, and how late that
    /// report comes.
    again: Option<(Finding, u32)>,
    /// Whether the look is made at all, or only noticed, or nothing.
    made: Made,
    /// How late each copy of the report comes, in seconds. None: it is lost.
    delays_s: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Yes,
    Noticed,
    No,
}

/// A stretch of the night, in seconds after noon.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from_s: u32,
    for_s: u32,
}

impl Stretch {
    fn contains(&self, at_s: u32) -> bool {
        (self.from_s..self.from_s + self.for_s).contains(&at_s)
    }

    fn end_s(&self) -> u32 {
        self.from_s + self.for_s
    }
}

#[derive(Clone, Debug)]
struct Misfortune {
    fates: Vec<Fate>,
    /// When which unit is not heard.
    silences: Vec<(usize, Stretch)>,
    /// When the hub is down.
    downs: Vec<Stretch>,
}

fn finding() -> impl Strategy<Value = Finding> {
    prop_oneof![
        3 => Just(Finding::NotVisible),
        2 => Just(Finding::Visible),
        1 => Just(Finding::Unclear(Reason::WeakEvidence)),
        1 => Just(Finding::Technical(Fault::Covered)),
        1 => Just(Finding::Paused),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    let made = prop_oneof![8 => Just(Made::Yes), 1 => Just(Made::Noticed), 1 => Just(Made::No)];
    let delay = prop_oneof![3 => 5..40_u32, 1 => 40..4000_u32, 1 => 4000..30_000_u32];
    let again = prop::option::weighted(0.2, (finding(), 5..30_000_u32));
    (finding(), again, made, prop::collection::vec(delay, 0..3)).prop_map(
        |(finding, again, made, delays_s)| Fate {
            finding,
            again,
            made,
            delays_s,
        },
    )
}

fn stretch() -> impl Strategy<Value = Stretch> {
    (36_000..72_000_u32, 30..9000_u32).prop_map(|(from_s, for_s)| Stretch { from_s, for_s })
}

fn misfortune() -> impl Strategy<Value = Misfortune> {
    (
        prop::collection::vec(fate(), 40),
        prop::collection::vec((0..2_usize, stretch()), 0..4),
        prop::collection::vec(stretch(), 0..3),
    )
        .prop_map(|(fates, silences, downs)| Misfortune {
            fates,
            silences,
            downs,
        })
}

#[derive(Clone, Debug)]
enum Event {
    Beat(UnitId),
    Report(Report),
    Notice(Notice),
    Back,
}

/// Two homes, three people, two checks each but one.
struct Night {
    homes: Vec<Home>,
    checks: Vec<Planned>,
    begins: Timestamp,
}

impl Night {
    fn new() -> Self {
        let homes = vec![home(1, &["r0000001"]), home(2, &["r0000002", "r0000003"])];
        // The second is as tight as a plan may be.
        let windows = [(1, "23:00", "23:45"), (2, "03:00", "03:15:30")];
        let mut checks = planned(&plan(&homes[0], 0, &windows));
        checks.extend(planned(&plan(&homes[1], 0, &windows)));
        checks.extend(planned(&plan(&homes[1], 1, &windows[..1])));
        Self {
            homes,
            checks,
            begins: noon(night(), ZONE).unwrap(),
        }
    }

    fn at(&self, at_s: u32) -> Moment {
        let passed = Duration::from_secs(u64::from(at_s));
        Moment {
            uptime: Uptime(Duration::from_secs(1_000_000) + passed),
            timestamp: self.begins.after(passed),
        }
    }

    fn seconds(&self, at: Timestamp) -> u32 {
        u32::try_from(at.since(self.begins).as_secs()).unwrap()
    }

    /// Everything that units send, and when it comes.
    fn events(&self, misfortune: &Misfortune) -> Vec<(u32, Event)> {
        let mut events = Vec::new();
        for (index, home) in self.homes.iter().enumerate() {
            let is_silent = |at_s: u32| {
                let mut silences = misfortune.silences.iter();
                silences.any(|(unit, silence)| *unit == index && silence.contains(at_s))
            };
            let beats = (0..NIGHT_S).step_by(60).filter(|&at_s| !is_silent(at_s));
            events.extend(beats.map(|at_s| (at_s, Event::Beat(home.unit))));
        }
        let mut fates = misfortune.fates.iter().cycle();
        let mut counter = 0;
        for planned in &self.checks {
            for (look, due) in (1..).zip(&planned.check.looks) {
                let fate = fates.next().unwrap();
                counter += 1;
                let made_s = self.seconds(*due) + 5;
                events.extend(self.sent(planned, look, fate, made_s, counter));
                if fate.made == Made::Yes && fate.finding == Finding::Visible {
                    break;
                }
            }
        }
        for down in &misfortune.downs {
            events.push((down.end_s(), Event::Back));
        }
        events.sort_by_key(|(at_s, _)| *at_s);
        events
    }

    fn sent(
        &self,
        planned: &Planned,
        look: u8,
        fate: &Fate,
        made_s: u32,
        counter: u64,
    ) -> Vec<(u32, Event)> {
        let (unit, check) = (planned.unit, planned.check.id);
        let at_ms = self.at(made_s).timestamp;
        match fate.made {
            Made::No => Vec::new(),
            Made::Noticed => {
                let notice = Notice {
                    unit,
                    check,
                    look,
                    fault: Fault::EyeDown,
                    at_ms,
                };
                vec![(made_s + 10, Event::Notice(notice))]
            }
            Made::Yes => {
                let report = Report {
                    unit,
                    check,
                    look,
                    finding: fate.finding,
                    at_ms,
                    clock: ClockState::Synced,
                    plan: 1,
                    model: "00000000".to_owned(),
                    boot: BootId(1),
                    counter,
                    nonce: String::new(),
                };
                let copies = fate.delays_s.iter();
                let mut sent: Vec<(u32, Event)> = copies
                    .map(|delay_s| (made_s + delay_s, Event::Report(report.clone())))
                    .collect();
                sent.extend(fate.again.map(|(finding, delay_s)| {
                    let again = Report {
                        finding,
                        at_ms: self.at(made_s + 20).timestamp,
                        boot: BootId(2),
                        ..report
                    };
                    (made_s + 20 + delay_s, Event::Report(again))
                }));
                sent
            }
        }
    }
}

/// The hub as the service has it: a store, and a watch that can be made anew from it.
struct Hub<'a> {
    night: &'a Night,
    store: SqliteStore,
    watch: Watch,
    start_s: u32,
    heard: BTreeMap<UnitId, u32>,
    seen: BTreeSet<CheckId>,
    now_s: u32,
}

impl<'a> Hub<'a> {
    fn new(night: &'a Night) -> Self {
        let mut store = SqliteStore::open(Path::new(":memory:")).unwrap();
        store.enrol(&night.homes, &[], night.begins).unwrap();
        store
            .freeze(super::scenes::night(), &night.checks, night.begins)
            .unwrap();
        let watch = wake(&store, night.at(0));
        Self {
            night,
            store,
            watch,
            start_s: 0,
            heard: BTreeMap::new(),
            seen: BTreeSet::new(),
            now_s: 0,
        }
    }

    fn run(&mut self, misfortune: &Misfortune) {
        let mut resent = Vec::new();
        for (at_s, event) in self.night.events(misfortune) {
            let down = misfortune.downs.iter().find(|down| down.contains(at_s));
            match (down, &event) {
                (None, Event::Back) => self.restart(at_s),
                (None, _) => {
                    self.pass(at_s);
                    self.take(at_s, &event);
                }
                // The unit keeps what was not acknowledged.
                (Some(_), Event::Report(_) | Event::Notice(_)) => resent.push(event),
                (Some(_), Event::Beat(_) | Event::Back) => {}
            }
        }
        self.pass(NIGHT_S - 60);
        for event in resent {
            self.take(NIGHT_S - 60, &event);
        }
        self.pass(NIGHT_S - 1);
    }

    fn restart(&mut self, at_s: u32) {
        self.watch = wake(&self.store, self.night.at(at_s));
        self.heard.clear();
        (self.start_s, self.now_s) = (at_s, at_s);
        let changes = self.watch.handle_timeout(self.night.at(at_s));
        self.commit(Batch {
            changes,
            ..Batch::default()
        });
        self.examine();
    }

    fn pass(&mut self, at_s: u32) {
        let now = self.night.at(at_s);
        while let Some(next) = self.watch.next_timeout().filter(|&next| next <= now.uptime) {
            let ahead = now.uptime.since(next);
            let then = Moment {
                uptime: next,
                timestamp: now.timestamp.before(ahead),
            };
            self.now_s = at_s - u32::try_from(ahead.as_secs()).unwrap();
            let changes = self.watch.handle_timeout(then);
            self.commit(Batch {
                changes,
                ..Batch::default()
            });
            self.examine();
        }
        self.now_s = at_s;
    }

    fn take(&mut self, at_s: u32, event: &Event) {
        let now = self.night.at(at_s);
        let mut batch = Batch::default();
        match event {
            Event::Beat(unit) => {
                self.heard.insert(*unit, at_s);
                batch.changes = self.watch.handle_sign(now, *unit, Some(EyeState::Ready));
            }
            Event::Notice(notice) => {
                self.heard.insert(notice.unit, at_s);
                batch.changes = self.watch.handle_notice(now, notice).1;
                batch.notices.push((notice.clone(), now.timestamp));
            }
            Event::Report(report) => {
                self.heard.insert(report.unit, at_s);
                let held = self.store.held(report.unit, report.key()).unwrap();
                if held.is_some() {
                    batch.changes = self.watch.handle_sign(now, report.unit, None);
                } else {
                    if report.finding == Finding::Visible {
                        self.seen.insert(report.check);
                    }
                    batch.changes = self.watch.handle_report(now, report, Gate::Open).1;
                    let signed = Signed {
                        body: String::new(),
                        signature: String::new(),
                    };
                    let came = now.timestamp;
                    batch.reports.push(NewReport {
                        report: report.clone(),
                        signed,
                        came,
                        gate: Gate::Open,
                    });
                }
            }
            Event::Back => unreachable!("a hub that is up does not come back"),
        }
        self.commit(batch);
        self.examine();
    }

    /// The store refuses a second outcome, an event of no exception, a report twice.
    fn commit(&mut self, batch: Batch) {
        self.store.commit(&batch).unwrap();
    }

    /// What holds at every moment at which the hub is up.
    fn examine(&self) {
        let now = self.night.at(self.now_s);
        for state in self.watch.checks.values() {
            let id = state.planned.check.id;
            let is_open = self.watch.exceptions.of_check(id).is_some();
            let is_settled = state.outcome.is_some();
            if now.timestamp >= state.planned.check.deadline.before(ASK_BEFORE) {
                assert!(is_settled || is_open, "{id} is unaccounted for");
            }
            assert!(
                !is_settled || self.seen.contains(&id),
                "{id}: nobody saw anybody"
            );
        }
        let mut rows = BTreeSet::new();
        for row in self
            .watch
            .exceptions
            .all()
            .filter(|row| row.ended.is_none())
        {
            assert!(
                rows.insert((row.resident, row.cause.to_string())),
                "two rows: {row:?}"
            );
            let unit = self.watch.roster.of_resident(row.resident).unwrap().unit;
            let is_silence = row.cause == Cause::Silent && !self.heard.contains_key(&unit);
            let is_silent = self.watch.units[&unit].silence(now.uptime).is_some();
            let unexplained = |check: &CheckId| self.watch.checks[check].outcome.is_none();
            assert!(
                row.checks.iter().any(unexplained)
                    || row.cause == Cause::Silent && (is_silent || is_silence),
                "a row that is about nothing: {row:?}"
            );
        }
        for home in &self.night.homes {
            let since = self
                .heard
                .get(&home.unit)
                .copied()
                .unwrap_or(0)
                .max(self.start_s);
            if u64::from(self.now_s - since) >= ASK_AFTER.as_secs() {
                for resident in &home.residents {
                    let row = self.watch.exceptions.open(resident.id, Cause::Silent);
                    assert!(row.is_some(), "nobody was asked about {}", home.unit);
                }
            }
        }
    }

    /// How each check ended. Why nothing came is left out: that is told by heartbeats, and they
    /// may be heard before or after.
    fn ledger(&self) -> BTreeMap<CheckId, String> {
        let missing = [Cause::NoReport, Cause::Silent];
        let ended =
            |state: &CheckState| match self.watch.exceptions.of_check(state.planned.check.id) {
                _ if state.outcome.is_some() => "visible".to_owned(),
                Some(row) if missing.contains(&row.cause) => "missing".to_owned(),
                Some(row) => row.cause.to_string(),
                None => "unaccounted".to_owned(),
            };
        self.watch
            .checks
            .iter()
            .map(|(id, state)| (*id, ended(state)))
            .collect()
    }

    fn tonight(&self) -> Tonight {
        self.watch
            .tonight(self.night.at(NIGHT_S - 1), ZONE, Reality::Homes)
    }
}

fn wake(store: &SqliteStore, now: Moment) -> Watch {
    let roster = Arc::new(store.roster().unwrap());
    let saved = store.saved(night(), noon(night(), ZONE).unwrap()).unwrap();
    Watch::new(now, night(), roster, saved)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_every_check_is_accounted_for(misfortune in misfortune()) {
        let night = Night::new();
        let mut hub = Hub::new(&night);
        hub.run(&misfortune);
        let ledger = hub.ledger();
        prop_assert_eq!(ledger.len(), 5);
        prop_assert!(ledger.values().all(|ended| ended != "unaccounted"), "{:?}", ledger);
        for (check, ended) in &ledger {
            prop_assert_eq!(ended == "visible", hub.seen.contains(check), "{}", check);
        }
    }

    #[test]
    fn every_night_balances_whatever_happens_and_whatever_people_say(
        misfortune in misfortune(),
        said in prop::collection::vec((0..5_usize, 0..4_usize), 0..6),
    ) {
        let night = Night::new();
        let mut hub = Hub::new(&night);
        hub.run(&misfortune);
        let now = night.at(NIGHT_S - 1);
        let mut corrected = BTreeSet::new();
        for (check, what) in said {
            let check = night.checks[check].check.id;
            let word = Word {
                check,
                said: Said::ALL[what],
                by: "natt-017".parse().unwrap(),
                at: now.timestamp,
            };
            let (_, changes) = hub.watch.handle_word(now, &word);
            hub.commit(Batch { changes, ..Batch::default() });
            corrected.insert(check);
        }
        let account = hub.store.account(super::scenes::night()).unwrap();
        let balance = Balance::of(&account, now.timestamp);
        prop_assert!(balance.holds(), "{:?}", balance);
        prop_assert_eq!((balance.planned, balance.awaited), (5, 0));
        for line in &account.lines {
            let is_said = matches!(line.account(now.timestamp), Account::Ended(How::Said(_)));
            prop_assert_eq!(is_said, corrected.contains(&line.id));
        }
    }

    #[test]
    fn a_watch_made_anew_from_the_store_knows_the_same(misfortune in misfortune()) {
        let night = Night::new();
        let mut hub = Hub::new(&night);
        hub.run(&misfortune);
        let mut before = hub.tonight();
        hub.watch = wake(&hub.store, night.at(NIGHT_S - 1));
        let mut after = hub.tonight();
        before.homes.clear();
        after.homes.clear();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn the_ledger_does_not_depend_on_the_order(
        misfortune in misfortune(),
        orders in prop::collection::vec(prop::collection::vec(5..30_000_u32, 1..3), 40),
    ) {
        let night = Night::new();
        let delivered = Misfortune {
            downs: Vec::new(),
            fates: misfortune.fates.iter().map(|fate| Fate {
                delays_s: vec![5],
                again: fate.again.map(|(finding, _)| (finding, 5)),
                ..fate.clone()
            }).collect(),
            ..misfortune.clone()
        };
        let disordered = Misfortune {
            fates: delivered.fates.iter().zip(&misfortune.fates).zip(orders).map(
                |((fate, late), delays_s)| Fate {
                    delays_s,
                    again: late.again,
                    ..fate.clone()
                }
            ).collect(),
            ..misfortune.clone()
        };
        let (mut one, mut other) = (Hub::new(&night), Hub::new(&night));
        one.run(&delivered);
        other.run(&disordered);
        prop_assert_eq!(one.ledger(), other.ledger());
    }
}
