//! A unit that is commissioned at the desk, over its real ledger: what counts, what is sent, taken.

use std::time::Duration;

use nattsyn_protocol::commission::trial::Verdict;
use nattsyn_protocol::commission::{
    Ask, CommissionDown, CommissionUp, Commissioned, Commissioning, GRID, HeldCommissioned,
    HeldCommissioning, Leave, NoTry, NotTried, Order, PlaceDigest, State, Tried, Try,
};
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::policy::{Build, Capability};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{Document, Signed};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::Done;
use super::messages::tests::{Office, eye, homes, keys};
use crate::commission::counter::{Agreeing, CommissionError, Counter, Hand};
use crate::commission::course::{Answer, Course, Phase, Waits};
use crate::commission::gate::Shut;
use crate::ingest::{DropKind, Publication};
use crate::store::{Courses, SqliteStore, Store as _};
use crate::view::Cause;
use crate::view::ledger::Account;
use crate::watch::How;
use crate::watch::situation::Situation;

mod holds;
mod papers;
mod refused;
mod several;
mod worth;

const MODEL: &str = "00000000";
const BOOT: BootId = BootId(7);

fn place() -> Vec<[f32; 2]> {
    vec![[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
}

fn walk(spot: u8) -> Try {
    let sleeper = 0;
    Try::Walk { sleeper, spot }
}

fn hand(who: &str) -> Hand {
    Hand {
        who: who.parse().unwrap(),
        seat: Some(format!("telefon {who}")),
    }
}

fn digest(place: &[[f32; 2]]) -> PlaceDigest {
    PlaceDigest::of(&[place.to_vec()])
}

fn held(model: &str, place: &[[f32; 2]]) -> HeldCommissioned {
    HeldCommissioned {
        version: 1,
        model: model.to_owned(),
        places: vec![digest(place)],
    }
}

impl Office {
    fn unit(&self) -> nattsyn_protocol::ids::UnitId {
        homes().homes[0].unit
    }

    /// Something is written down beside the desk, which looks; what it sends.
    fn does(
        &mut self,
        at_s: u64,
        act: impl FnOnce(&mut Counter<'_>) -> Result<(), CommissionError>,
    ) -> Result<Vec<CommissionDown>, CommissionError> {
        let roster = SqliteStore::open(&self.path).unwrap().roster().unwrap();
        act(&mut Counter {
            rows: &mut Courses::open(&self.path).unwrap(),
            roster: &roster,
            keys: &keys(),
            now: self.at(at_s).timestamp,
        })?;
        let done = self.desk.look(self.at(at_s)).unwrap();
        Ok(down(&done))
    }

    fn course(&self) -> Course {
        let rows = Courses::open(&self.path).unwrap().of(self.unit()).unwrap();
        Course::of(&rows).unwrap()
    }

    fn hears_back(&mut self, at_s: u64, said: &CommissionUp) -> Done {
        let topic = Topic {
            unit: self.unit(),
            channel: Channel::CommissionUp,
        };
        let message = Publication {
            topic: topic.to_string(),
            body: wire::encode(said),
        };
        self.desk.take(self.at(at_s), &[message]).unwrap()
    }

    fn greets(
        &mut self,
        at_s: u64,
        stands: Option<(u32, Leave)>,
        held: Option<HeldCommissioned>,
    ) -> Done {
        self.greets_by(at_s, stands, (held, None))
    }

    /// The same, with the number of its word.
    fn greets_by(
        &mut self,
        at_s: u64,
        stands: Option<(u32, Leave)>,
        (held, word): (Option<HeldCommissioned>, Option<u64>),
    ) -> Done {
        let unit = self.unit();
        let capability = Capability {
            unit,
            boot: BOOT,
            build: Build::SensorOnly,
            policy: None,
            thresholds: None,
            commissioning: stands.map(|(version, stands)| HeldCommissioning { version, stands }),
            commissioned: held,
            word,
        };
        let hello = Hello {
            unit,
            software: "0.1.0".to_owned(),
            plans: Vec::new(),
            waiting: 0,
            eye: Some(Signed::seal(&capability, &eye())),
        };
        let topic = Topic {
            unit,
            channel: Channel::Hello,
        };
        let message = Publication {
            topic: topic.to_string(),
            body: wire::encode(&hello),
        };
        self.desk.take(self.at(at_s), &[message]).unwrap()
    }

    /// Begins, and somebody presses the button.
    fn opens(&mut self, at_s: u64) {
        let by = hand("tekn-001");
        let unit = self.unit();
        let sent = self.does(at_s, |it| it.begin(unit, &by)).unwrap();
        assert!(matches!(sent[..], [CommissionDown::Leave(_)]), "{sent:?}");
        self.greets(at_s + 1, Some((1, Leave::Open)), None);
    }

    fn asks(&mut self, at_s: u64, what: Try) -> Order {
        let (unit, by) = (self.unit(), hand("tekn-001"));
        let sent = self.does(at_s, |it| it.ask(unit, what, &by)).unwrap();
        order(&sent)
    }

    fn account(&self) -> Account {
        self.line().account(self.at(60).timestamp)
    }

    fn dropped(&self) -> u64 {
        self.desk.drops.of(DropKind::Unasked)
    }
}

fn down(done: &Done) -> Vec<CommissionDown> {
    let of = done.answers.iter();
    let of = of.filter(|answer| answer.topic.channel == Channel::CommissionDown);
    of.map(|it| wire::decode(&it.body).unwrap()).collect()
}

fn order(sent: &[CommissionDown]) -> Order {
    match sent {
        [CommissionDown::Order(message)] => message.open(&keys().root).unwrap(),
        other => panic!("no single order: {other:?}"),
    }
}

fn signed<D: Document>(document: &D) -> Signed {
    Signed::seal(document, &eye())
}

/// What a unit that hangs well says of a try.
fn tried(order: &Order) -> Tried {
    let Ask::Try(what) = order.ask else {
        panic!("{order:?} is no try");
    };
    let (finding, cells) = match what {
        Try::Walk { spot, .. } => {
            let at = [(6, 5), (12, 5), (12, 10), (6, 10), (9, 8)][usize::from(spot)];
            (Finding::Visible, vec![at.1 * GRID.0 + at.0])
        }
        Try::Staged { state, .. } => match state.is_somebody() {
            Some(true) => (Finding::Visible, Vec::new()),
            Some(false) => (Finding::NotVisible, Vec::new()),
            None => (Finding::Technical(Fault::Covered), Vec::new()),
        },
    };
    Tried {
        unit: order.unit,
        boot: BOOT,
        version: order.version,
        number: order.number,
        what,
        finding,
        level: None,
        cells,
    }
}

fn up(tried: &Tried) -> CommissionUp {
    CommissionUp::Tried(signed(tried))
}

#[test]
fn a_unit_that_was_never_commissioned_sees_somebody_and_it_is_a_visit() {
    let mut office = Office::enrolled(&homes());
    assert_eq!(office.raised(), [Situation::CommissionAwaited]);
    office.seen();
    let cause = Cause::NotCommissioned(Shut::Never);
    assert_eq!(office.account(), Account::Open(cause));
    // The hub starts anew and the unit says by then that it is: its last look stays what it was.
    let mut office = office.restarted(12);
    office.greets(13, None, Some(held(MODEL, &place())));
    office.pass(40);
    assert_eq!(office.account(), Account::Open(cause));
    let tonight = office.desk.tonight(office.at(41));
    assert_eq!(tonight.open.len(), 1, "one row for one check");
    assert_eq!(
        Situation::of(tonight.open[0].cause, tonight.open[0].punctuality),
        Some(Situation::NotCommissioned)
    );
}

#[test]
fn what_a_unit_is_commissioned_as_must_be_what_it_reports_by() {
    let mut with_place = homes();
    with_place.plans[0].places = vec![place()];
    let mut elsewhere = place();
    elsewhere[0] = [0.2, 0.2];
    let whole = homes();
    for (homes, held, ends) in [
        (&with_place, Some(held(MODEL, &place())), None),
        (
            &with_place,
            Some(held("11111111", &place())),
            Some(Shut::Model),
        ),
        (
            &with_place,
            Some(held(MODEL, &elsewhere)),
            Some(Shut::Places),
        ),
        (&whole, Some(held(MODEL, &place())), Some(Shut::Places)),
        (&with_place, None, Some(Shut::Never)),
    ] {
        let mut office = Office::enrolled(homes);
        office.greets(10, None, held.clone());
        // What it said is kept: a hub that starts anew asks no unit for it.
        let mut office = office.restarted(10);
        office.seen();
        let expected = match ends {
            Some(why) => matches!(office.account(),
                Account::Open(Cause::NotCommissioned(it)) if it == why),
            None => matches!(office.account(), Account::Ended(How::Visible(_))),
        };
        assert!(expected, "{held:?}, {ends:?}: {:?}", office.account());
    }
}

#[test]
fn a_unit_on_paper_counts_until_it_ends_and_a_matter_says_so_from_thirty_days_before() {
    const DAY: u64 = 24 * 3600;
    let opens = Office::open().check.opens;
    for (days, counts, raised) in [
        (31, true, None),
        (30, true, Some(Situation::PaperEnds)),
        (0, false, Some(Situation::CommissionAwaited)),
    ] {
        let mut homes = homes();
        let until = opens.after(Duration::from_secs(days * DAY + 5));
        homes.paper.insert(homes.homes[0].unit, until);
        let mut office = Office::enrolled(&homes);
        assert_eq!(office.raised(), Vec::from_iter(raised), "{days}");
        office.seen();
        let is_seen = matches!(office.account(), Account::Ended(How::Visible(_)));
        assert_eq!(is_seen, counts, "{days}: {:?}", office.account());
    }
}

#[test]
fn a_paper_that_ends_while_the_hub_runs_becomes_a_matter_by_itself() {
    let mut homes = homes();
    let until = Office::open().check.opens.after(Duration::from_secs(60));
    homes.paper.insert(homes.homes[0].unit, until);
    let mut office = Office::enrolled(&homes);
    assert_eq!(office.raised(), [Situation::PaperEnds]);
    office.pass(90);
    assert_eq!(office.raised(), [Situation::CommissionAwaited]);
}

#[test]
fn a_unit_is_commissioned_by_one_technician_also_over_restarts_and_its_places_hold() {
    let mut office = Office::enrolled(&homes());
    let (unit, by) = (office.unit(), hand("tekn-001"));
    office.opens(20);
    let mut at_s = 30;
    for round in 0.. {
        let course = office.course();
        if course.to_settle().is_some() {
            let sent = office.does(at_s, |it| it.settle(unit, vec![place()], &by));
            assert_eq!(sent.unwrap(), [], "places go with the next order");
            continue;
        }
        let Some(what) = course.next() else { break };
        let order = office.asks(at_s, what);
        assert_eq!(u32::from(order.number), round_number(&course));
        let waits = office.course().waits(office.at(at_s + 1).timestamp);
        assert!(matches!(waits, Waits::Since(_)));
        office = office.restarted(at_s + 1);
        office.hears_back(at_s + 2, &up(&tried(&order)));
        at_s += 20;
        assert!(round < 40, "it goes on for ever");
    }
    assert_eq!(office.course().verdict(), Verdict::Passed);
    let order = order(&office.does(at_s, |it| it.conclude(unit, &by)).unwrap());
    assert_eq!(order.places, [place()]);
    let commissioned = Commissioned {
        unit,
        held: held(MODEL, &place()),
        at_ms: office.at(at_s).timestamp,
        staged: Vec::new(),
        word: None,
    };
    office.hears_back(at_s + 1, &CommissionUp::Commissioned(signed(&commissioned)));
    let now = office.at(at_s + 2).timestamp;
    assert_eq!(office.course().phase(now), Phase::Passed);
    let mut store = SqliteStore::open(&office.path).unwrap();
    let agreed = office.does(at_s + 3, |it| {
        it.agree(unit, &mut store, "Europe/Stockholm").map(drop)
    });
    assert_eq!(agreed.unwrap(), []);
    assert!(office.course().agreed.is_some());
    assert!(
        Courses::open(&office.path)
            .unwrap()
            .unagreed()
            .unwrap()
            .is_empty()
    );
    let resident = homes().homes[0].residents[0].id;
    let book = store.book().unwrap();
    let newest = book.newest(resident).unwrap();
    assert_eq!(newest.agreement.places, [place()]);
    assert_eq!(newest.by, "driftsättning tekn-001");
    let plans = store.plans().unwrap();
    assert_eq!(plans.last().unwrap().plan.places, [place()]);
    // Under the plan of before it is another place still; under the new one it counts.
    assert_eq!(office.raised(), []);
    let newest: &Plan = &plans.last().unwrap().plan;
    let look = |office: &Office, plan, counter| Report {
        plan,
        ..office.report(counter, Finding::Visible)
    };
    let report = look(&office, 1, 1);
    office.take(at_s + 4, &[report]).unwrap();
    let cause = Cause::NotCommissioned(Shut::Places);
    assert_eq!(office.account(), Account::Open(cause));
    let report = look(&office, newest.version, 2);
    office.take(at_s + 5, &[report]).unwrap();
    assert!(matches!(office.account(), Account::Ended(How::Visible(_))));
    let log = crate::audit::Log::open(&office.path).unwrap();
    assert!(log.verify(&[]).is_ok());
}

fn round_number(course: &Course) -> u32 {
    u32::from(course.numbers) + 1
}

#[test]
fn only_the_answer_to_the_order_that_waits_counts_and_only_once() {
    let mut office = Office::enrolled(&homes());
    office.opens(20);
    let what = walk(0);
    let order = office.asks(30, what);
    let right = tried(&order);
    let forged = CommissionUp::Tried(Signed::seal(&right, &keys().signing));
    office.hears_back(31, &forged);
    assert_eq!(office.desk.drops.of(DropKind::WrongSignature), 1);
    let other = walk(1);
    let wrong = [
        Tried {
            number: 2,
            ..right.clone()
        },
        Tried {
            version: 2,
            ..right.clone()
        },
        Tried {
            what: other,
            ..right.clone()
        },
    ];
    for (count, wrong) in (1..).zip(&wrong) {
        office.hears_back(32, &up(wrong));
        assert_eq!(office.dropped(), count, "{wrong:?}");
    }
    assert!(office.course().asked.unwrap().answer.is_none());
    office.hears_back(33, &up(&right));
    office.hears_back(34, &up(&right));
    assert_eq!(office.dropped(), 4, "once more is no answer");
    let mut office = office.restarted(35);
    office.hears_back(36, &up(&right));
    assert_eq!(office.dropped(), 1, "nor is it to a hub that starts anew");
    // Another run of the eye knows nothing of what was tried.
    let order = office.asks(37, other);
    let strange = Tried {
        boot: BootId(8),
        ..tried(&order)
    };
    office.hears_back(38, &up(&strange));
    assert_eq!(office.dropped(), 2);
    let refused = NotTried {
        unit: order.unit,
        boot: BOOT,
        version: order.version,
        number: order.number,
        why: NoTry::Busy,
    };
    office.hears_back(39, &CommissionUp::NotTried(signed(&refused)));
    let (answer, _) = office.course().asked.unwrap().answer.unwrap();
    assert_eq!(answer, Answer::NotTried(refused));
    assert!(office.course().trial.cells(0, 1).is_none());
}

#[test]
fn an_order_that_nobody_answers_is_asked_again_after_a_while_and_not_before() {
    let mut office = Office::enrolled(&homes());
    office.opens(20);
    let (unit, by) = (office.unit(), hand("tekn-001"));
    let what = walk(0);
    let first = office.asks(30, what);
    let again = office.does(74, |it| it.ask(unit, what, &by));
    assert!(matches!(again, Err(CommissionError::Waits)), "{again:?}");
    let second = office.asks(75, what);
    assert_eq!((first.number, second.number), (1, 2));
    office.hears_back(76, &up(&tried(&first)));
    assert_eq!(office.dropped(), 1, "the first is answered too late");
    office.hears_back(77, &up(&tried(&second)));
    assert!(office.course().trial.cells(0, 0).is_some());
}

#[test]
fn leave_is_said_again_at_hello_until_it_is_held_and_ends_if_nobody_presses() {
    let mut office = Office::enrolled(&homes());
    let (unit, by) = (office.unit(), hand("tekn-001"));
    office.does(20, |it| it.begin(unit, &by)).unwrap();
    let sent = down(&office.greets(25, None, None));
    let [CommissionDown::Leave(message)] = &sent[..] else {
        panic!("{sent:?}");
    };
    let leave: Commissioning = message.open(&keys().root).unwrap();
    assert_eq!(leave.examine(), Ok(()));
    assert_eq!((leave.version, leave.sleepers), (1, 1));
    // Also by a hub that starts anew.
    let mut office = office.restarted(26);
    assert_eq!(down(&office.greets(27, None, None)).len(), 1);
    let awaited = Some((1, Leave::Awaited));
    assert_eq!(down(&office.greets(28, awaited, None)), []);
    let phase = |office: &Office, at_s| office.course().phase(office.at(at_s).timestamp);
    assert!(matches!(phase(&office, 600), Phase::Button(_)));
    assert_eq!(phase(&office, 28 + 600), Phase::Over);
    let what = walk(0);
    let asked = office.does(100, |it| it.ask(unit, what, &by));
    assert!(matches!(asked, Err(CommissionError::NotOpen)), "{asked:?}");
    // Once more is another version, and an eye that was started anew has none.
    office.does(700, |it| it.begin(unit, &by)).unwrap();
    assert_eq!(office.course().leave.version, 2);
    office.greets(701, Some((2, Leave::Open)), None);
    assert!(matches!(phase(&office, 702), Phase::Open(_)));
    office.greets(703, None, None);
    assert_eq!(phase(&office, 704), Phase::Over);
}

#[test]
fn of_two_technicians_one_leads_and_the_other_reads_until_they_take_over() {
    let mut office = Office::enrolled(&homes());
    office.opens(20);
    let (unit, other) = (office.unit(), hand("tekn-002"));
    let what = walk(0);
    let asked = office.does(30, |it| it.ask(unit, what, &other));
    assert!(matches!(asked, Err(CommissionError::Led)), "{asked:?}");
    office.does(31, |it| it.lead(unit, &other)).unwrap();
    let sent = office.does(32, |it| it.ask(unit, what, &other)).unwrap();
    assert_eq!(order(&sent).number, 1);
    let own = hand("tekn-001");
    let asked = office.does(90, |it| it.ask(unit, what, &own));
    assert!(matches!(asked, Err(CommissionError::Led)), "{asked:?}");
}

#[test]
fn every_step_of_a_person_is_in_the_log_with_who() {
    let mut office = Office::enrolled(&homes());
    office.opens(20);
    office.asks(30, walk(0));
    let ledger = rusqlite::Connection::open(&office.path).unwrap();
    let mut query = ledger
        .prepare("SELECT act, who, detail FROM audit WHERE act LIKE 'commission%' ORDER BY id")
        .unwrap();
    let rows = query
        .query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })
        .unwrap();
    let rows: Vec<_> = rows.map(Result::unwrap).collect();
    let acts: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(acts, ["commission_begun", "commission_tried"]);
    assert!(rows.iter().all(|row| row.1 == "tekn-001"), "{rows:?}");
    assert!(rows[1].2.starts_with("u0000001 1/1 "), "{rows:?}");
}

#[test]
fn commissioned_with_other_places_than_were_tried_is_no_answer() {
    let mut office = Office::enrolled(&homes());
    office.opens(20);
    let (unit, by) = (office.unit(), hand("tekn-001"));
    let mut at_s = 30;
    while office.course().verdict() != Verdict::Passed {
        if office.course().to_settle().is_some() {
            let settled = office.does(at_s, |it| it.settle(unit, vec![place()], &by));
            settled.unwrap();
        }
        let what = office.course().next().unwrap();
        let order = office.asks(at_s, what);
        office.hears_back(at_s + 1, &up(&tried(&order)));
        at_s += 2;
    }
    office.does(at_s, |it| it.conclude(unit, &by)).unwrap();
    let mut elsewhere = place();
    elsewhere[0] = [0.2, 0.2];
    for (held, taken) in [
        (held(MODEL, &elsewhere), false),
        (
            HeldCommissioned {
                version: 2,
                ..held(MODEL, &place())
            },
            false,
        ),
        (held(MODEL, &place()), true),
    ] {
        let commissioned = Commissioned {
            unit,
            held,
            at_ms: office.at(at_s).timestamp,
            staged: Vec::new(),
            word: None,
        };
        office.hears_back(at_s, &CommissionUp::Commissioned(signed(&commissioned)));
        assert_eq!(office.course().passed.is_some(), taken);
    }
}
