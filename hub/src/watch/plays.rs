//! Plays every situation of the table, with a real store beside the watch, and sees that its row
//! stands there and that the night balances all the same.

mod proof;
mod reference;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::heartbeat::EyeState;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::ClockState;

use super::comparison::unproven;
use super::scenes::{home, night, plan, planned};
use super::situation::{Owner, Situation, Step};
use super::wall::Trust;
use super::*;
use crate::audit::heads::Kept;
use crate::commission::gate::{Gate, Matters, Shut};
use crate::ingest::DropKind;
use crate::nights::noon;
use crate::roster::Home;
use crate::store::{Batch, NewReport, SqliteStore, Store};
use crate::view::ledger::{Account, Balance};
use crate::view::{Cause, Reality};

const ZONE: &str = "Europe/Stockholm";

/// Whether the unit gives signs of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Heard,
    Silent,
}

/// A home with a check at 23:00–23:45 under version 2 of the plan, a hub and its store.
struct Play {
    store: SqliteStore,
    watch: Watch,
    home: Home,
    check: Planned,
    now_s: i64,
    counter: u64,
}

impl Play {
    fn new() -> Self {
        let home = home(1, &["r0000001"]);
        let mut own = plan(&home, 0, &[(1, "23:00", "23:45")]);
        own.version = 2;
        let check = planned(&own).remove(0);
        let mut store = SqliteStore::open(Path::new(":memory:")).unwrap();
        let begins = noon(night(), ZONE).unwrap();
        let homes = [home.clone(), super::scenes::home(2, &["r0000002"])];
        store.enrol(&homes, &[], begins).unwrap();
        store.enrol(&homes[..1], &[], begins).unwrap();
        store
            .freeze(night(), std::slice::from_ref(&check), begins)
            .unwrap();
        let mut play = Self {
            watch: Watch::new(
                moment(&check, -3600),
                night(),
                Arc::new(store.roster().unwrap()),
                store.saved(night(), begins).unwrap(),
            ),
            store,
            home,
            check,
            now_s: -3600,
            counter: 0,
        };
        play.until(-60, Life::Heard);
        play
    }

    fn now(&self) -> Moment {
        moment(&self.check, self.now_s)
    }

    fn commit(&mut self, changes: Vec<Change>) {
        let batch = Batch {
            changes,
            ..Batch::default()
        };
        self.store.commit(&batch).unwrap();
    }

    /// Lets time pass, minute by minute.
    fn until(&mut self, at_s: i64, life: Life) -> &mut Self {
        while self.now_s < at_s {
            self.now_s = (self.now_s + 60).min(at_s);
            let now = self.now();
            if life == Life::Heard {
                let eye = Some(EyeState::Ready);
                let changes = self.watch.handle_sign(now, self.home.unit, eye);
                self.commit(changes);
            }
            self.pass();
        }
        self
    }

    fn pass(&mut self) {
        let now = self.now();
        while self.watch.next_timeout().is_some_and(|at| at <= now.uptime) {
            let changes = self.watch.handle_timeout(now);
            self.commit(changes);
        }
    }

    fn report(&mut self, look: u8, finding: Finding, made_s: i64) -> Report {
        self.counter += 1;
        Report {
            unit: self.home.unit,
            check: self.check.check.id,
            look,
            finding,
            at_ms: moment(&self.check, made_s).timestamp,
            clock: ClockState::Synced,
            plan: 2,
            model: "00000000".to_owned(),
            boot: BootId(1),
            counter: self.counter,
            nonce: String::new(),
        }
    }

    /// The report comes now.
    fn take(&mut self, report: &Report) -> &mut Self {
        self.take_by(report, Gate::Open)
    }

    /// The report comes now, and the gate stands so.
    fn take_by(&mut self, report: &Report, gate: Gate) -> &mut Self {
        let now = self.now();
        let (_, changes) = self.watch.handle_report(now, report, gate);
        let new = NewReport {
            report: report.clone(),
            signed: Signed {
                body: String::new(),
                signature: String::new(),
            },
            came: now.timestamp,
            gate,
        };
        let batch = Batch {
            reports: vec![new],
            changes,
            ..Batch::default()
        };
        self.store.commit(&batch).unwrap();
        self
    }

    fn looked(&mut self, look: u8, finding: Finding) -> &mut Self {
        let report = self.report(look, finding, self.now_s);
        self.take(&report)
    }

    fn alter(&mut self, what: Alteration) -> &mut Self {
        let altered = Altered {
            check: self.check.check.id,
            what,
            by: "dag-003".to_owned(),
            why: "enligt samtal".to_owned(),
            at: self.now().timestamp,
        };
        let (fit, changes) = self.watch.alter(self.now(), altered);
        assert_eq!(fit, Fit::Check);
        self.commit(changes);
        self.pass();
        self
    }

    fn refuse(&mut self, unit: &str, kind: DropKind) {
        let unit = unit.parse().unwrap();
        let changes = self.watch.handle_drop(self.now(), unit, kind);
        self.commit(changes);
    }

    /// Everything that the page or the ledger says.
    fn found(&self) -> BTreeSet<Situation> {
        let tonight = self.watch.tonight(self.now(), ZONE, Reality::Homes);
        let rows = tonight.open.iter().chain(&tonight.closed);
        let mut found: BTreeSet<Situation> = rows
            .filter_map(|row| Situation::of(row.cause, row.punctuality))
            .collect();
        found.extend(tonight.matters.iter().map(|row| row.situation));
        let night = self.store.account(night()).unwrap();
        found.extend(night.lines.iter().flat_map(|line| line.situations()));
        found.extend(night.matters.iter().map(|matter| matter.situation));
        found
    }

    fn account(&self) -> Account {
        let night = self.store.account(night()).unwrap();
        night.lines[0].account(self.now().timestamp)
    }
}

fn moment(check: &Planned, at_s: i64) -> Moment {
    let ms = check.check.opens.as_ms() + at_s * 1000;
    Moment {
        uptime: Uptime(Duration::from_secs(u64::try_from(at_s + 90_000).unwrap())),
        timestamp: Timestamp::from_ms(ms).unwrap(),
    }
}

/// The deadline of the check, in seconds after it opens.
const DEADLINE_S: i64 = 45 * 60;

/// Plays a situation up to where its row must stand.
#[expect(
    clippy::too_many_lines,
    reason = "a table: one short scene for each situation, and none may be missing"
)]
fn play(situation: Situation) -> Play {
    let mut play = Play::new();
    let own = play.home.unit;
    match situation {
        Situation::ReportMissing => {
            play.until(16 * 60, Life::Heard);
        }
        Situation::ReportLate => {
            let report = play.report(1, Finding::Visible, 6);
            play.until(20 * 60, Life::Heard).take(&report);
        }
        Situation::ReportRepeated => {
            let report = play.report(1, Finding::Visible, 6);
            play.until(7, Life::Heard).take(&report);
            let now = play.now();
            let (_, changes) = play.watch.handle_report(now, &report, Gate::Open);
            assert_eq!(changes, [], "a repeated report is no news");
            let repeated = Repeated {
                unit: report.unit,
                key: report.key(),
                came: now.timestamp,
            };
            let batch = Batch {
                repeats: vec![repeated],
                ..Batch::default()
            };
            play.store.commit(&batch).unwrap();
        }
        Situation::ReportsContradict => {
            let changes = play.watch.handle_contradiction(play.now(), own);
            play.commit(changes);
        }
        Situation::ReportsReordered => {
            let first = play.report(1, Finding::NotVisible, 6);
            let second = play.report(2, Finding::NotVisible, 126);
            play.until(130, Life::Heard).take(&second).take(&first);
            // Both came in one breath: as late as their looks allow, the first later.
            let third = play.report(3, Finding::NotVisible, 306);
            let fourth = play.report(4, Finding::NotVisible, 606);
            play.until(610, Life::Heard).take(&fourth);
            play.until(620, Life::Heard).take(&third);
        }
        Situation::TestUnanswered | Situation::TestNotMade | Situation::TestNotWhole => {
            let (now, team) = (play.now(), "natt".parse().unwrap());
            let changes = play.watch.handle_proof(now, team, Some(situation));
            play.commit(changes);
        }
        Situation::ReportUnsigned => play.refuse(&own.to_string(), DropKind::WrongSignature),
        Situation::UnknownUnit => play.refuse("u0000099", DropKind::UnknownUnit),
        Situation::OtherPlan => {
            let mut report = play.report(5, Finding::Visible, 906);
            report.plan = 1;
            play.until(907, Life::Heard).take(&report);
        }
        Situation::NotCommissioned => {
            let report = play.report(1, Finding::Visible, 6);
            play.until(7, Life::Heard)
                .take_by(&report, Gate::Shut(Shut::Never));
        }
        Situation::CommissionAwaited
        | Situation::PaperEnds
        | Situation::SidesUnsaid
        | Situation::SensorUnsuited => {
            let of = |which| match which == situation {
                true => vec![own],
                false => Vec::new(),
            };
            let units = Matters {
                awaited: of(Situation::CommissionAwaited),
                ending: of(Situation::PaperEnds),
                unsaid: of(Situation::SidesUnsaid),
                unsuited: of(Situation::SensorUnsuited),
            };
            let changes = play.watch.handle_commissions(play.now(), units);
            play.commit(changes);
        }
        Situation::UnitSwapped => {
            let unit = "u0000002".parse().unwrap();
            play.alter(Alteration::Unit {
                unit,
                plan: Some(3),
            });
        }
        Situation::UnitOfNobody => {
            let empty = Home {
                residents: Vec::new(),
                ..home(3, &[])
            };
            let homes = vec![play.home.clone(), empty];
            play.watch.enrol(play.now(), Arc::new(Roster::new(homes)));
            play.pass();
        }
        Situation::PlanWithoutUnit => {
            play.alter(Alteration::NoUnit).until(0, Life::Heard);
        }
        Situation::UnitWithoutPlan => {
            play.watch.handle_plans(play.now(), &BTreeSet::new());
            play.pass();
        }
        Situation::ResidentMoved => {
            play.watch.enrol(play.now(), Arc::default());
            play.pass();
        }
        Situation::ResidentDied => {
            play.alter(Alteration::CalledOff(CallOff::Died));
        }
        Situation::FoundDead => {
            let found_dead = word(&play, Said::Died);
            let (_, changes) = play.watch.handle_word(play.now(), &found_dead);
            play.commit(changes);
        }
        Situation::ConsentWithdrawn | Situation::LooksAwaited | Situation::ConsentReview => {
            let who = BTreeSet::from([play.home.residents[0].id]);
            let nobody = BTreeSet::new();
            let of = |which| if which == situation { &who } else { &nobody };
            let people = [
                of(Situation::ConsentWithdrawn),
                of(Situation::LooksAwaited),
                of(Situation::ConsentReview),
            ];
            play.watch.handle_consents(play.now(), people);
            play.pass();
        }
        Situation::AwayUnconfirmed => {
            play.alter(Alteration::AskIfAway).until(0, Life::Heard);
        }
        Situation::HubWasDown => {
            play.now_s = 2 * 3600;
            let roster = Arc::clone(play.watch.roster());
            let saved = play.store.saved(night(), play.now().timestamp).unwrap();
            play.watch = Watch::new(play.now(), night(), roster, saved);
            play.pass();
        }
        Situation::CertificateLate => {
            let unit = play.home.unit;
            let changes = play.watch.handle_late(play.now(), BTreeSet::from([unit]));
            play.commit(changes);
        }
        Situation::LogHeadLost => {
            let changes = play.watch.handle_heads(play.now(), Kept::No);
            play.commit(changes);
        }
        Situation::BrokerDown => {
            let changes = play
                .watch
                .handle_contact(play.now(), Contact::Down(Uptime::default()));
            play.commit(changes);
            assert!(
                !play.found().contains(&Situation::BrokerDown),
                "at once is too soon"
            );
            play.until(150, Life::Silent);
        }
        Situation::ClockUnknown => {
            play.until(906, Life::Heard);
            play.looked(5, Finding::Technical(Fault::ClockUnknown));
        }
        Situation::LookOutsidePlan => {
            let mut report = play.report(1, Finding::Visible, -30);
            report.check.window = nattsyn_protocol::ids::WindowKey(9);
            play.take(&report);
        }
        Situation::DiskFull => {
            let notice = Notice {
                unit: own,
                check: play.check.check.id,
                look: 1,
                fault: Fault::DiskDown,
                at_ms: play.check.check.opens,
            };
            play.until(6, Life::Heard);
            let (_, changes) = play.watch.handle_notice(play.now(), &notice);
            play.commit(changes);
            play.looked(1, Finding::Visible);
            assert!(matches!(play.account(), Account::Ended(How::Visible(_))));
        }
        Situation::NoLookProved => {
            play.until(DEADLINE_S, Life::Heard);
            let word = word(&play, Said::Visited);
            let (_, changes) = play.watch.handle_word(play.now(), &word);
            play.commit(changes);
            let people = [play.home.residents[0].id].into();
            let account = play.store.account(night()).unwrap();
            let missing = unproven(&people, &BTreeSet::new(), &account);
            assert_eq!(missing, people, "a visit is no look");
            play.watch.handle_comparison(play.now(), &missing);
            play.pass();
        }
        Situation::HubClock => {
            play.watch.handle_clock(play.now(), Trust::Doubted);
            play.pass();
        }
        Situation::VisitPlanned => {
            play.alter(Alteration::MadePhysical).until(0, Life::Heard);
        }
    }
    play
}

fn word(play: &Play, said: Said) -> Word {
    Word {
        check: play.check.check.id,
        said,
        by: "natt-017".parse().unwrap(),
        at: play.now().timestamp,
    }
}

#[test]
fn every_situation_has_its_row_and_the_night_balances_all_the_same() {
    for &situation in Situation::ALL {
        let mut play = play(situation);
        let found = play.found();
        assert!(found.contains(&situation), "{situation:?}: {found:?}");
        if play.now_s < DEADLINE_S {
            play.until(DEADLINE_S, Life::Silent);
        }
        let night = play.store.account(night()).unwrap();
        let balance = Balance::of(&night, play.now().timestamp);
        assert!(
            balance.holds() && balance.awaited == 0,
            "{situation:?}: {balance:?}"
        );
    }
}

#[test]
fn a_hub_that_starts_anew_knows_every_situation_still() {
    for &situation in Situation::ALL {
        let mut play = play(situation);
        let rows = |watch: &Watch, now| {
            let tonight = watch.tonight(now, ZONE, Reality::Homes);
            let matters = tonight.matters.iter().map(|row| (row.id, row.situation));
            let open = tonight
                .open
                .iter()
                .map(|row| (row.id, row.cause.to_string()));
            (
                matters.collect::<Vec<_>>(),
                open.collect::<Vec<_>>(),
                tonight
                    .checks
                    .iter()
                    .map(|row| row.standing)
                    .collect::<Vec<_>>(),
            )
        };
        let now = play.now();
        let before = rows(&play.watch, now);
        let saved = play
            .store
            .saved(night(), noon(night(), ZONE).unwrap())
            .unwrap();
        let roster = Arc::clone(play.watch.roster());
        play.watch = Watch::new(now, night(), roster, saved);
        assert_eq!(rows(&play.watch, now), before, "{situation:?}");
    }
}

#[test]
fn a_late_report_never_overrides_a_person_and_adds_a_line() {
    for finding in [
        Finding::Visible,
        Finding::NotVisible,
        Finding::Technical(Fault::Dark),
    ] {
        for said in Said::ALL {
            let mut play = Play::new();
            play.until(16 * 60, Life::Heard);
            assert!(matches!(play.account(), Account::Open(Cause::NoReport)));
            let word = word(&play, said);
            let (fit, changes) = play.watch.handle_word(play.now(), &word);
            assert_eq!(fit, Fit::Check);
            play.commit(changes);
            let report = play.report(5, finding, 906);
            play.until(17 * 60, Life::Heard).take(&report);
            play.until(DEADLINE_S + 600, Life::Heard);
            assert_eq!(play.account(), Account::Ended(How::Said(said)));
            let line = play.store.account(night()).unwrap().lines.remove(0);
            assert_eq!(
                (line.looks.len(), line.exceptions.len()),
                (1, 1),
                "{line:?}"
            );
            assert!(line.exceptions[0].ended.is_some());
        }
    }
}

#[test]
fn a_correction_is_a_further_row_and_counts() {
    let mut play = Play::new();
    play.until(6, Life::Heard).looked(1, Finding::Visible);
    for said in [Said::Spoke, Said::Cancelled] {
        let word = word(&play, said);
        let (_, changes) = play.watch.handle_word(play.now(), &word);
        assert_eq!(
            changes,
            [Change::Spoken(word)],
            "the outcome is written once"
        );
        play.commit(changes);
        assert_eq!(play.account(), Account::Ended(How::Said(said)));
    }
    let line = play.store.account(night()).unwrap().lines.remove(0);
    assert_eq!(line.words.len(), 2);
    assert!(matches!(line.outcome.unwrap().how, How::Visible(_)));
}

#[test]
fn a_person_who_acted_on_a_silence_is_asked_again_before_the_next_look_and_not_at_once() {
    let mut play = Play::new();
    play.until(16 * 60, Life::Silent);
    assert!(matches!(play.account(), Account::Open(Cause::Silent)));
    let word = word(&play, Said::Visited);
    let (_, changes) = play.watch.handle_word(play.now(), &word);
    play.commit(changes);
    play.until(3 * 3600, Life::Silent);
    let tonight = play.watch.tonight(play.now(), ZONE, Reality::Homes);
    assert_eq!(tonight.open.len(), 0, "{:?}", tonight.open);
}

#[test]
fn a_swapped_unit_makes_the_remaining_checks_and_the_former_one_none() {
    for (unit, is_seen) in [("u0000002", true), ("u0000001", false)] {
        let mut play = Play::new();
        play.alter(Alteration::Unit {
            unit: "u0000002".parse().unwrap(),
            plan: Some(3),
        });
        let mut report = play.report(1, Finding::Visible, 6);
        report.unit = unit.parse().unwrap();
        report.plan = 3;
        play.until(7, Life::Heard).take(&report);
        let is_ended = matches!(play.account(), Account::Ended(How::Visible(_)));
        assert_eq!(is_ended, is_seen, "{unit}: {:?}", play.account());
    }
}

#[test]
fn a_newer_plan_counts_and_an_older_one_asks() {
    for (version, is_seen) in [(1, false), (2, true), (3, true)] {
        let mut play = Play::new();
        let mut report = play.report(5, Finding::Visible, 906);
        report.plan = version;
        play.until(907, Life::Heard).take(&report);
        let is_ended = matches!(play.account(), Account::Ended(How::Visible(_)));
        assert_eq!(is_ended, is_seen, "{version}: {:?}", play.account());
    }
}
