//! That the agenda wakes the watch exactly when looking at everything would: generated scripts of
//! messages, silence, plans and clocks that are set, and after each call the two are compared.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::heartbeat::EyeState;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::time::ClockState;

use super::scenes::{home, night, plan, planned};
use super::*;
use crate::commission::gate::Gate;
use crate::exception::{Act, Unresolved};
use crate::roster::Home;

/// One thing that happens, after a pause.
#[derive(Clone, Debug)]
enum Event {
    Beat(usize),
    Report(usize, u8, Finding),
    Notice(usize, u8),
    Word(usize),
    Altered(usize, Alteration),
    /// Somebody does something about a row.
    Act(i64, Act),
    Contact(Contact),
    Enrol,
    NextNight,
    /// The wall clock is set, by so many seconds.
    Set(i64),
    Pass,
}

fn event() -> impl Strategy<Value = Event> {
    let finding = prop_oneof![
        Just(Finding::Visible),
        Just(Finding::NotVisible),
        Just(Finding::Technical(Fault::Dark)),
    ];
    let alteration = prop_oneof![
        Just(Alteration::MadePhysical),
        Just(Alteration::NoUnit),
        Just(Alteration::CalledOff(CallOff::Away)),
        Just(Alteration::Unit {
            unit: "u0000002".parse().unwrap(),
            plan: Some(3),
        }),
    ];
    prop_oneof![
        6 => (0..2_usize).prop_map(Event::Beat),
        4 => (0..5_usize, 1..6_u8, finding).prop_map(|(a, b, c)| Event::Report(a, b, c)),
        1 => (0..5_usize, 1..6_u8).prop_map(|(a, b)| Event::Notice(a, b)),
        1 => (0..5_usize).prop_map(Event::Word),
        1 => (0..5_usize, alteration).prop_map(|(a, b)| Event::Altered(a, b)),
        2 => (1..6_i64, act()).prop_map(|(row, act)| Event::Act(row, act)),
        1 => Just(Event::Contact(Contact::Up)),
        1 => Just(Event::Contact(Contact::Told)),
        1 => Just(Event::Enrol),
        1 => Just(Event::NextNight),
        1 => (-7200..7200_i64).prop_map(Event::Set),
        4 => Just(Event::Pass),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Take),
        1 => Just(Act::Arrive),
        1 => Just(Act::Return),
        1 => Just(Act::Say(Said::Visited)),
        1 => Just(Act::Find(Unresolved::NoAnswer)),
    ]
}

/// A row that there is not, as somebody saw it.
const NOTHING: Seen = Seen {
    turn: 0,
    checks: 0,
    cause: Cause::Silent,
};

struct Town {
    homes: Vec<Home>,
    checks: Vec<Planned>,
    watch: Watch,
    now: Moment,
    counter: u64,
}

impl Town {
    fn new() -> Self {
        let homes = vec![home(1, &["r0000001"]), home(2, &["r0000002", "r0000003"])];
        let windows = [(1, "23:00", "23:45"), (2, "03:00", "03:20")];
        let mut checks = planned(&plan(&homes[0], 0, &windows));
        checks.extend(planned(&plan(&homes[1], 0, &windows)));
        checks.extend(planned(&plan(&homes[1], 1, &windows[..1])));
        let now = Moment {
            uptime: Uptime(Duration::from_secs(1_000_000)),
            timestamp: checks[0].check.opens.before(Duration::from_secs(3600)),
        };
        let saved = Saved {
            checks: checks.iter().cloned().map(SavedCheck::fresh).collect(),
            ..Saved::default()
        };
        let roster = Arc::new(Roster::new(homes.clone()));
        Self {
            watch: Watch::new(now, night(), roster, saved),
            homes,
            checks,
            now,
            counter: 0,
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table: one call of the watch for each event"
    )]
    fn apply(&mut self, event: &Event) {
        let now = self.now;
        match event {
            Event::Beat(home) => {
                let unit = self.homes[*home].unit;
                self.watch.handle_sign(now, unit, Some(EyeState::Ready));
            }
            Event::Report(check, look, finding) => {
                self.counter += 1;
                let planned = &self.checks[*check];
                let report = Report {
                    unit: planned.unit,
                    check: planned.check.id,
                    look: *look,
                    finding: *finding,
                    at_ms: now.timestamp,
                    clock: ClockState::Synced,
                    plan: 1,
                    model: String::new(),
                    boot: BootId(1),
                    counter: self.counter,
                    nonce: String::new(),
                };
                self.watch.handle_report(now, &report, Gate::Open);
            }
            Event::Notice(check, look) => {
                let planned = &self.checks[*check];
                let notice = Notice {
                    unit: planned.unit,
                    check: planned.check.id,
                    look: *look,
                    fault: Fault::EyeDown,
                    at_ms: now.timestamp,
                };
                self.watch.handle_notice(now, &notice);
            }
            Event::Word(check) => {
                let word = Word {
                    check: self.checks[*check].check.id,
                    said: Said::Visited,
                    by: "natt-1".parse().unwrap(),
                    at: now.timestamp,
                };
                self.watch.handle_word(now, &word);
            }
            Event::Altered(check, what) => {
                let altered = Altered {
                    check: self.checks[*check].check.id,
                    what: *what,
                    by: "dag-1".to_owned(),
                    why: String::new(),
                    at: now.timestamp,
                };
                self.watch.alter(now, altered);
            }
            Event::Act(row, act) => {
                let by = "natt-1".parse().unwrap();
                // Most rows there is not, or they are over.
                let seen = self.watch.exceptions.row(*row).map_or(NOTHING, Seen::of);
                self.watch
                    .handle_act(now, (*row, seen), &by, act.clone())
                    .ok();
            }
            Event::Contact(contact) => {
                self.watch.handle_contact(now, *contact);
            }
            Event::Enrol => {
                let roster = Arc::clone(self.watch.roster());
                self.watch.enrol(now, roster);
            }
            Event::NextNight => {
                let next = self.watch.night().tomorrow().unwrap();
                self.watch.begin_night(now, next);
            }
            Event::Set(by_s) => {
                let ms = now.timestamp.as_ms() + by_s * 1000;
                self.now.timestamp = Timestamp::from_ms(ms).unwrap();
            }
            Event::Pass => {
                self.watch.handle_timeout(now);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_watch_wakes_exactly_when_looking_at_everything_would(
        script in prop::collection::vec((0..900_u64, event()), 1..80)
    ) {
        let mut town = Town::new();
        town.watch.handle_timeout(town.now);
        for (pause_s, event) in script {
            let pause = Duration::from_secs(pause_s);
            town.now = Moment {
                uptime: town.now.uptime.after(pause),
                timestamp: town.now.timestamp.after(pause),
            };
            town.apply(&event);
            let is_due = town.watch.next_timeout().is_some_and(|at| at <= town.now.uptime);
            if is_due {
                town.watch.handle_timeout(town.now);
            }
            let wake = town.watch.next_timeout();
            if matches!(event, Event::Set(_)) {
                continue; // The watch learns of a clock that was set at its next call.
            }
            prop_assert!(wake.is_none_or(|at| at > town.now.uptime), "time stands still");
            prop_assert_eq!(wake, town.watch.naive_wake(town.now), "after {:?}", event);
        }
    }
}

/// What a report costs in a town of 5,000 homes, beside what looking at everything would.
#[test]
#[ignore = "measures; run it by name with --nocapture"]
fn how_long_a_report_takes_in_a_town() {
    let mut homes = Vec::new();
    let mut checks = Vec::new();
    for number in 0..5_000_u32 {
        let resident = format!("r{number:07}");
        let mut home = home(1, &[resident.as_str()]);
        home.unit = format!("u{number:07}").parse().unwrap();
        let windows = [(1, "23:00", "23:45"), (2, "03:00", "03:45")];
        checks.extend(planned(&plan(&home, 0, &windows)));
        homes.push(home);
    }
    let mut now = Moment {
        uptime: Uptime(Duration::from_secs(1_000_000)),
        timestamp: checks[0].check.opens,
    };
    let roster = Arc::new(Roster::new(homes));
    let mut watch = Watch::new(now, night(), roster, Saved::default());
    watch.plan(now, checks.clone());
    watch.handle_timeout(now);
    let clock = nattsyn_clock::Clock::machine();
    let began = clock.real_now();
    let mut counter = 0;
    for planned in checks.iter().step_by(10) {
        counter += 1;
        now.timestamp = now.timestamp.after(Duration::from_millis(5));
        now.uptime = now.uptime.after(Duration::from_millis(5));
        let report = Report {
            unit: planned.unit,
            check: planned.check.id,
            look: 1,
            finding: Finding::NotVisible,
            at_ms: now.timestamp,
            clock: ClockState::Synced,
            plan: 1,
            model: String::new(),
            boot: BootId(1),
            counter,
            nonce: String::new(),
        };
        watch.handle_report(now, &report, Gate::Open);
    }
    let each = (clock.real_now() - began) / u32::try_from(counter).unwrap();
    let began = clock.real_now();
    watch.naive_wake(now);
    println!(
        "a report: {each:?}; looking at everything: {:?}",
        clock.real_now() - began
    );
}
