//! The watch, scene by scene: a home, a script of what comes when, and what the ledger says.
//!
//! Times are minutes and seconds after the window opens (23:00); looks are due at 0, 2, 5, 10
//! and 15 minutes, the deadline is at 45.

mod again;

use std::sync::Arc;

use nattsyn_protocol::finding::Reason;
use nattsyn_protocol::heartbeat::EyeState;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::time::ClockState;

use super::*;
use crate::commission::gate::Gate;
use crate::roster::{Home, Resident};
use crate::view::{Ending, Hearing, Reality, Standing, Tonight};
use nattsyn_protocol::finding::{Fault, Finding};

pub(super) fn night() -> Date {
    jiff::civil::date(2026, 11, 21)
}

pub(super) fn home(number: usize, residents: &[&str]) -> Home {
    let eye = nattsyn_protocol::demonstration::root();
    Home {
        id: format!("h000000{number}").parse().unwrap(),
        address: format!("Exempelgatan {number}"),
        unit: format!("u000000{number}").parse().unwrap(),
        eye,
        residents: residents
            .iter()
            .map(|id| Resident {
                id: id.parse().unwrap(),
                name: format!("Namn {id}"),
            })
            .collect(),
    }
}

pub(super) fn plan(home: &Home, resident: usize, windows: &[(u8, &str, &str)]) -> Plan {
    Plan {
        resident: home.residents[resident].id,
        unit: home.unit,
        version: 1,
        zone: "Europe/Stockholm".to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: windows
            .iter()
            .map(|&(key, from, to)| {
                Window::nightly(
                    nattsyn_protocol::ids::WindowKey(key),
                    from.parse().unwrap(),
                    to.parse().unwrap(),
                )
            })
            .collect(),
        places: Vec::new(),
        ..Plan::bare(home.residents[resident].id, home.unit)
    }
}

pub(super) fn planned(plan: &Plan) -> Vec<Planned> {
    let checks = checks_of(plan, night()).unwrap();
    checks
        .into_iter()
        .map(|check| Planned::digital(check, plan.unit, plan.version))
        .collect()
}

/// A home with one check at 23:00–23:45 and one at 03:00–03:45, heard since half an hour.
struct Scene {
    watch: Watch,
    home: Home,
    opens: Timestamp,
    counter: u64,
    changes: Vec<Change>,
    /// How far time has passed.
    passed_s: i64,
}

/// Seconds after the window opened.
fn s(minutes: i64, seconds: i64) -> i64 {
    minutes * 60 + seconds
}

impl Scene {
    fn new() -> Self {
        let home = home(1, &["r0000001"]);
        let windows = [(1, "23:00", "23:45"), (2, "03:00", "03:45")];
        let checks = planned(&plan(&home, 0, &windows));
        let opens = checks[0].check.opens;
        let roster = Arc::new(Roster::new(vec![home.clone()]));
        let mut scene = Self {
            watch: Watch::new(
                Self::moment(opens, s(-30, 0)),
                night(),
                roster,
                Saved {
                    checks: checks.into_iter().map(saved).collect(),
                    exceptions: Vec::new(),
                    next_exception: 1,
                    ..Saved::default()
                },
            ),
            home,
            opens,
            counter: 0,
            changes: Vec::new(),
            passed_s: s(-31, 0),
        };
        scene.until(s(-1, 0));
        scene
    }

    fn moment(opens: Timestamp, at_s: i64) -> Moment {
        let ms = opens.as_ms() + at_s * 1000;
        Moment {
            uptime: Uptime(std::time::Duration::from_secs(
                u64::try_from(at_s + 24 * 3600).unwrap(),
            )),
            timestamp: Timestamp::from_ms(ms).unwrap(),
        }
    }

    fn at(&self, at_s: i64) -> Moment {
        Self::moment(self.opens, at_s)
    }

    /// Lets the unit be heard every minute until then.
    fn until(&mut self, at_s: i64) -> &mut Self {
        for minute in -30.. {
            if minute * 60 > at_s {
                break;
            }
            if minute * 60 > self.passed_s {
                let now = self.at(minute * 60);
                let unit = self.home.unit;
                let changes = self.watch.handle_sign(now, unit, Some(EyeState::Ready));
                self.changes.extend(changes);
                self.pass(minute * 60);
            }
        }
        self.pass(at_s)
    }

    /// Lets time pass with nothing heard.
    fn pass(&mut self, at_s: i64) -> &mut Self {
        self.passed_s = self.passed_s.max(at_s);
        let now = self.at(at_s);
        while let Some(next) = self.watch.next_timeout().filter(|&next| next <= now.uptime) {
            let ahead = now.uptime.since(next);
            let then = Moment {
                uptime: next,
                timestamp: now.timestamp.before(ahead),
            };
            let changes = self.watch.handle_timeout(then);
            self.changes.extend(changes);
            let after = self.watch.next_timeout();
            assert!(after.is_none_or(|after| after > next), "time stands still");
        }
        self
    }

    fn report_made(&mut self, look: u8, finding: Finding, made_s: i64) -> Report {
        self.counter += 1;
        Report {
            unit: self.home.unit,
            check: self.check(),
            look,
            finding,
            at_ms: self.at(made_s).timestamp,
            clock: ClockState::Synced,
            plan: 1,
            model: "00000000".to_owned(),
            boot: BootId(1),
            counter: self.counter,
            nonce: String::new(),
        }
    }

    /// A report that comes as it is made.
    fn report(&mut self, at_s: i64, look: u8, finding: Finding) -> &mut Self {
        let report = self.report_made(look, finding, at_s);
        self.take(at_s, &report)
    }

    fn take(&mut self, at_s: i64, report: &Report) -> &mut Self {
        self.pass(at_s - 1);
        let (fit, changes) = self.watch.handle_report(self.at(at_s), report, Gate::Open);
        assert_eq!(fit, Fit::Check);
        self.changes.extend(changes);
        self.pass(at_s)
    }

    fn notice(&mut self, at_s: i64, look: u8, fault: Fault) -> &mut Self {
        let notice = Notice {
            unit: self.home.unit,
            check: self.check(),
            look,
            fault,
            at_ms: self.at(at_s).timestamp,
        };
        let (_, changes) = self.watch.handle_notice(self.at(at_s), &notice);
        self.changes.extend(changes);
        self.pass(at_s)
    }

    fn check(&self) -> CheckId {
        *self.watch.checks.keys().next().unwrap()
    }

    fn tonight(&self, at_s: i64) -> Tonight {
        self.watch
            .tonight(self.at(at_s), "Europe/Stockholm", Reality::Homes)
    }

    fn standing(&self, at_s: i64) -> Standing {
        self.tonight(at_s).checks[0].standing
    }

    /// Open causes, in the order of the page.
    fn open(&self, at_s: i64) -> Vec<Cause> {
        self.tonight(at_s)
            .open
            .iter()
            .map(|row| row.cause)
            .collect()
    }

    fn endings(&self, at_s: i64) -> Vec<Ending> {
        self.tonight(at_s)
            .closed
            .iter()
            .filter_map(|row| Some(row.ended?.1))
            .collect()
    }
}

pub(super) fn saved(planned: Planned) -> SavedCheck {
    SavedCheck::fresh(planned)
}

const ABSENT: Finding = Finding::NotVisible;

#[test]
fn a_person_seen_at_the_first_look_is_one_outcome_and_no_exception() {
    let mut scene = Scene::new();
    scene
        .until(s(0, 5))
        .report(s(0, 6), 1, Finding::Visible)
        .until(s(50, 0));
    assert!(matches!(scene.standing(s(50, 0)), Standing::Visible { .. }));
    assert_eq!(scene.open(s(50, 0)), []);
    assert_eq!(scene.changes.len(), 1);
}

#[test]
fn only_the_last_look_makes_an_exception_and_at_once() {
    let mut scene = Scene::new();
    for (look, minute) in [(1, 0), (2, 2), (3, 5), (4, 10)] {
        scene.until(s(minute, 5)).report(s(minute, 6), look, ABSENT);
        assert_eq!(scene.standing(s(minute, 6)), Standing::Ongoing);
    }
    scene
        .until(s(15, 5))
        .report(s(15, 6), 5, Finding::Unclear(Reason::Several));
    assert_eq!(scene.open(s(15, 6)), [Cause::Unclear(Reason::Several)]);
}

#[test]
fn a_missing_look_is_shown_after_a_minute_and_asked_about_after_the_last() {
    let mut scene = Scene::new();
    assert_eq!(scene.until(s(0, 59)).standing(s(0, 59)), Standing::Ongoing);
    assert_eq!(scene.until(s(1, 0)).standing(s(1, 0)), Standing::Overdue);
    assert_eq!(scene.until(s(15, 59)).open(s(15, 59)), []);
    assert_eq!(scene.until(s(16, 0)).open(s(16, 0)), [Cause::NoReport]);
}

#[test]
fn first_looks_that_came_do_not_excuse_the_last() {
    let mut scene = Scene::new();
    scene
        .until(s(0, 5))
        .report(s(0, 6), 1, ABSENT)
        .until(s(16, 0));
    assert_eq!(scene.open(s(16, 0)), [Cause::NoReport]);
}

#[test]
fn a_late_report_explains_its_check_and_says_so() {
    let mut scene = Scene::new();
    let report = scene.report_made(1, Finding::Visible, s(0, 6));
    scene.until(s(20, 0)).take(s(20, 1), &report);
    assert!(matches!(
        scene.standing(s(20, 1)),
        Standing::VisibleLate { .. }
    ));
    assert_eq!(
        (scene.open(s(20, 1)), scene.endings(s(20, 1))),
        (vec![], vec![Ending::LateReport])
    );
}

#[test]
fn a_look_made_after_the_exception_ends_it_as_later_visible() {
    let mut scene = Scene::new();
    scene.until(s(20, 0)).report(s(20, 6), 5, Finding::Visible);
    assert_eq!(scene.endings(s(20, 6)), [Ending::LaterVisible]);
}

#[test]
fn a_late_report_that_is_not_visible_changes_the_cause_of_the_same_row() {
    let mut scene = Scene::new();
    let report = scene.report_made(5, ABSENT, s(15, 6));
    scene.until(s(17, 0));
    let row = scene.tonight(s(17, 0)).open[0].id;
    scene.take(s(17, 1), &report);
    let open = scene.tonight(s(17, 1)).open;
    assert_eq!(
        (open.len(), open[0].id, open[0].cause),
        (1, row, Cause::NotVisible)
    );
}

#[test]
fn a_second_missed_check_joins_the_row_of_the_same_cause() {
    let mut scene = Scene::new();
    scene.until(s(5 * 60, 0));
    let open = scene.tonight(s(5 * 60, 0)).open;
    assert_eq!((open.len(), open[0].checks.len()), (1, 2));
}

#[test]
fn a_visible_made_outside_the_window_counts_for_nothing() {
    for made_s in [s(0, -31), s(46, 1)] {
        let mut scene = Scene::new();
        let report = scene.report_made(5, Finding::Visible, made_s);
        scene.until(s(46, 2)).take(s(46, 3), &report);
        assert_eq!(
            scene.open(s(46, 3)),
            [Cause::Technical(Fault::ClockUnknown)]
        );
    }
    for made_s in [s(0, -30), s(46, 0)] {
        let mut scene = Scene::new();
        let report = scene.report_made(1, Finding::Visible, made_s);
        scene.until(s(46, 2)).take(s(46, 3), &report);
        assert!(matches!(
            scene.standing(s(46, 3)),
            Standing::VisibleLate { .. }
        ));
    }
}

#[test]
fn another_units_report_fits_no_check() {
    let mut scene = Scene::new();
    let mut report = scene.report_made(1, Finding::Visible, s(0, 6));
    report.unit = "u0000009".parse().unwrap();
    let (fit, changes) = scene
        .watch
        .handle_report(scene.at(s(0, 6)), &report, Gate::Open);
    assert_eq!((fit, changes), (Fit::Nothing, vec![]));
}

#[test]
fn a_notice_is_never_more_than_technical_and_gives_way_to_the_eyes_word() {
    let mut scene = Scene::new();
    scene.until(s(15, 5)).notice(s(15, 6), 5, Fault::EyeDown);
    assert_eq!(scene.open(s(15, 6)), [Cause::Technical(Fault::EyeDown)]);
    scene.report(s(15, 20), 5, Finding::Paused);
    assert_eq!(scene.open(s(15, 20)), [Cause::Paused]);
}

#[test]
fn a_silent_unit_is_shown_after_three_minutes_and_asked_about_after_fifteen() {
    let mut scene = Scene::new();
    scene.until(s(0, 0)).report(s(0, 6), 1, Finding::Visible);
    let heard = s(60, 0);
    scene.until(heard).pass(heard + s(2, 59));
    assert_eq!(
        scene.tonight(heard + s(2, 59)).homes[0].hearing,
        Hearing::Well
    );
    scene.pass(heard + s(3, 0));
    assert!(matches!(
        scene.tonight(heard + s(3, 0)).homes[0].hearing,
        Hearing::Silent(_)
    ));
    assert_eq!(scene.pass(heard + s(14, 59)).open(heard + s(14, 59)), []);
    assert_eq!(
        scene.pass(heard + s(15, 0)).open(heard + s(15, 0)),
        [Cause::Silent]
    );
    scene.until(heard + s(20, 0));
    assert_eq!(scene.open(heard + s(20, 0)), []);
    assert_eq!(scene.endings(heard + s(20, 0)), [Ending::HeardAgain]);
}

#[test]
fn a_unit_that_falls_silent_again_is_asked_about_again() {
    let mut scene = Scene::new();
    scene.until(s(6 * 60, 0)).pass(s(6 * 60 + 15, 0));
    let row = |scene: &Scene, at_s| {
        let open = scene.tonight(at_s).open;
        open.iter()
            .find(|row| row.cause == Cause::Silent)
            .map(|row| row.id)
    };
    let first = row(&scene, s(6 * 60 + 15, 0));
    assert!(first.is_some());
    scene.until(s(7 * 60, 0));
    assert_eq!(row(&scene, s(7 * 60, 0)), None);
    scene.pass(s(7 * 60 + 15, 0));
    let second = row(&scene, s(7 * 60 + 15, 0));
    assert!(second.is_some() && second != first);
}

#[test]
fn a_silent_unit_is_asked_about_ten_minutes_before_its_next_look() {
    let mut scene = Scene::new();
    scene.until(s(0, 0)).report(s(0, 6), 1, Finding::Visible);
    let heard = s(4 * 60 - 14, 0);
    scene.until(heard).pass(heard + s(3, 59));
    assert_eq!(scene.open(heard + s(3, 59)), []);
    assert_eq!(
        scene.pass(heard + s(4, 0)).open(heard + s(4, 0)),
        [Cause::Silent]
    );
}

#[test]
fn a_silent_unit_gives_a_person_until_the_next_checks_deadline() {
    let mut scene = Scene::new();
    let heard = s(-1, 0);
    let asked = heard + s(3, 0);
    let tonight = scene.pass(asked).tonight(asked);
    assert_eq!(tonight.open[0].cause, Cause::Silent);
    assert_eq!(tonight.open[0].due, tonight.checks[0].deadline);
}

#[test]
fn silence_right_before_a_look_still_gets_its_three_minutes() {
    let mut scene = Scene::new();
    let heard = s(-1, 0);
    scene.pass(heard + s(2, 59));
    assert_eq!(scene.open(heard + s(2, 59)), []);
    assert_eq!(
        scene.pass(heard + s(3, 0)).open(heard + s(3, 0)),
        [Cause::Silent]
    );
}

#[test]
fn a_check_missed_in_silence_keeps_the_row_open_until_it_is_explained() {
    let mut scene = Scene::new();
    let report = scene.report_made(2, Finding::Visible, s(2, 6));
    scene.pass(s(30, 0));
    let open = scene.tonight(s(30, 0)).open;
    assert_eq!(
        (open.len(), open[0].cause, open[0].checks.len()),
        (1, Cause::Silent, 1)
    );
    scene.until(s(31, 0));
    assert_eq!(scene.open(s(31, 0)), [Cause::Silent]);
    scene.take(s(31, 1), &report);
    assert_eq!(scene.endings(s(31, 1)), [Ending::LateReport]);
}

#[test]
fn what_passed_while_the_hub_was_down_is_accounted_for_first_and_marked() {
    let scene = Scene::new();
    let checks: Vec<SavedCheck> = scene
        .watch
        .checks
        .values()
        .map(|state| saved(state.planned.clone()))
        .collect();
    let back = scene.at(s(120, 0));
    let saved = Saved {
        checks,
        exceptions: Vec::new(),
        next_exception: 7,
        ..Saved::default()
    };
    let mut watch = Watch::new(back, night(), Arc::clone(scene.watch.roster()), saved);
    let changes = watch.handle_timeout(back);
    let [Change::Opened(exception)] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!((exception.id, exception.cause), (7, Cause::NoReport));
    assert_eq!(exception.punctuality, Punctuality::HubWasDown);
    // And a unit that has not been heard yet has its grace.
    assert_eq!(watch.hearing(scene.home.unit, back), Hearing::Well);
}

#[test]
fn a_repeated_report_changes_nothing() {
    let mut scene = Scene::new();
    let report = scene.report_made(5, ABSENT, s(15, 6));
    scene.until(s(15, 0)).take(s(15, 7), &report);
    let before = (scene.changes.clone(), scene.tonight(s(15, 8)).checks);
    scene.take(s(15, 8), &report).take(s(15, 8), &report);
    assert_eq!(
        (scene.changes.clone(), scene.tonight(s(15, 8)).checks),
        before
    );
}

#[test]
fn the_next_night_forgets_what_is_settled_and_nothing_else() {
    let mut scene = Scene::new();
    scene
        .until(s(0, 5))
        .report(s(0, 6), 1, Finding::Visible)
        .until(s(13 * 60, 0));
    assert_eq!(scene.open(s(13 * 60, 0)), [Cause::NoReport]);
    let noon = scene.at(s(13 * 60, 0));
    scene.watch.begin_night(noon, night().tomorrow().unwrap());
    assert_eq!(scene.watch.checks.len(), 1);
    assert_eq!(scene.open(s(13 * 60, 0)), [Cause::NoReport]);
}

#[test]
fn a_report_that_came_before_it_was_made_is_never_visible() {
    let mut scene = Scene::new();
    let report = scene.report_made(5, Finding::Visible, s(15, 6));
    scene
        .until(s(-5, 0))
        .take(s(-5, 1), &report)
        .until(s(17, 0));
    let unknown = Cause::Technical(Fault::ClockUnknown);
    assert_eq!(scene.open(s(17, 0)), [unknown]);
}

#[test]
fn a_message_never_puts_off_what_is_due_for_another_check() {
    let homes = [home(1, &["r0000001"]), home(2, &["r0000002"])];
    let checks: Vec<Planned> = homes
        .iter()
        .flat_map(|home| planned(&plan(home, 0, &[(1, "23:00", "23:45")])))
        .collect();
    let opens = checks[0].check.opens;
    let notice = Notice {
        unit: homes[1].unit,
        check: checks[1].check.id,
        look: 1,
        fault: Fault::EyeDown,
        at_ms: opens,
    };
    let saved = Saved {
        checks: checks.into_iter().map(saved).collect(),
        exceptions: Vec::new(),
        next_exception: 1,
        ..Saved::default()
    };
    let roster = Arc::new(Roster::new(homes.to_vec()));
    let start = Scene::moment(opens, 0);
    let mut watch = Watch::new(start, night(), roster, saved);
    watch.handle_timeout(Scene::moment(opens, s(15, 59)));
    // Both checks' last looks have been missing since a second when the notice comes.
    let now = Scene::moment(opens, s(16, 1));
    let (_, _changes) = watch.handle_notice(now, &notice);
    assert!(watch.next_timeout().is_some_and(|next| next <= now.uptime));
}

#[test]
fn a_unit_still_silent_after_the_hubs_restart_is_the_same_row() {
    let mut scene = Scene::new();
    scene.pass(s(4, 0));
    let silent = scene.tonight(s(4, 0));
    assert_eq!(silent.open.len(), 1);
    let held = Saved {
        checks: scene
            .watch
            .checks
            .values()
            .map(|state| saved(state.planned.clone()))
            .collect(),
        exceptions: scene.watch.exceptions.all().cloned().collect(),
        next_exception: 2,
        ..Saved::default()
    };
    let roster = Arc::clone(scene.watch.roster());
    scene.watch = Watch::new(scene.at(s(15, 0)), night(), roster, held);
    scene.pass(s(16, 30));
    assert_eq!(scene.open(s(16, 30)), [Cause::Silent]);
    assert!(matches!(
        scene.standing(s(16, 30)),
        Standing::Exception {
            cause: Cause::Silent
        }
    ));
}
