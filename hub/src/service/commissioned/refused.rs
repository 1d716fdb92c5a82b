//! A unit that is tried out and cannot pass: what it sees counts no more, on paper or not, until
//! it passes.

use ed25519_dalek::SigningKey;

use nattsyn_protocol::signing::PublicKey;

use super::*;
use crate::enrolment::enrol;

impl Office {
    /// Tries everything that is asked for in turn; of the duvet in a heap the unit says this.
    pub(super) fn tries_all(&mut self, mut at_s: u64, of_heap: Finding) -> u64 {
        let (unit, by) = (self.unit(), hand("tekn-001"));
        loop {
            if self.course().to_settle().is_some() {
                let settled = self.does(at_s, |it| it.settle(unit, vec![place()], &by));
                settled.unwrap();
            }
            let Some(what) = self.course().next() else {
                return at_s;
            };
            let order = self.asks(at_s, what);
            let mut answer = tried(&order);
            if let Try::Staged {
                state: State::EmptyHeaped,
                ..
            } = what
            {
                answer.finding = of_heap;
            }
            self.hears_back(at_s + 1, &up(&answer));
            at_s += 2;
        }
    }

    /// Concludes, and the unit says that it passed.
    pub(super) fn passes(&mut self, at_s: u64) {
        let (unit, by) = (self.unit(), hand("tekn-001"));
        self.does(at_s, |it| it.conclude(unit, &by)).unwrap();
        let commissioned = Commissioned {
            unit,
            held: held(MODEL, &place()),
            at_ms: self.at(at_s).timestamp,
            staged: Vec::new(),
            word: None,
        };
        self.hears_back(at_s + 1, &CommissionUp::Commissioned(signed(&commissioned)));
    }

    /// A look that saw somebody, and what became of its check.
    pub(super) fn sees_somebody(&mut self, at_s: u64, counter: u64) -> Account {
        let report = self.report(counter, Finding::Visible);
        self.take(at_s, &[report]).unwrap();
        self.account()
    }
}

pub(super) fn with_place_on_paper() -> crate::enrolment::Homes {
    let mut homes = homes();
    homes.plans[0].places = vec![place()];
    let opens = Office::open().check.opens;
    let until = opens.after(Duration::from_secs(40 * 24 * 3600));
    homes.paper.insert(homes.homes[0].unit, until);
    homes
}

#[test]
fn what_an_empty_bed_was_said_of_is_refused_and_a_new_walk_begins_anew() {
    let mut office = Office::enrolled(&homes());
    office.opens(20);
    let (unit, by) = (office.unit(), hand("tekn-001"));
    let at_s = office.tries_all(30, Finding::Visible);
    assert!(matches!(office.course().verdict(), Verdict::Refused(_)));
    let concluded = office.does(at_s, |it| it.conclude(unit, &by));
    assert!(matches!(concluded, Err(CommissionError::NotPassed)));
    let again = walk(0);
    let order = office.asks(at_s + 1, again);
    office.hears_back(at_s + 2, &up(&tried(&order)));
    let course = office.course();
    assert_eq!(course.verdict(), Verdict::Open);
    assert!(course.places.is_empty(), "what was settled is over");
    let second = walk(1);
    assert_eq!(course.next(), Some(second));
}

#[test]
fn a_unit_that_was_refused_counts_no_more_on_paper_also_over_a_restart_and_a_new_walk() {
    let cause = Cause::NotCommissioned(Shut::Refused);
    for restarts in [false, true] {
        let mut office = Office::enrolled(&with_place_on_paper());
        assert_eq!(office.raised(), []);
        office.opens(20);
        let at_s = office.tries_all(30, Finding::Visible);
        assert_eq!(office.raised(), [Situation::CommissionAwaited], "at once");
        if restarts {
            office = office.restarted(at_s);
        }
        assert_eq!(
            office.sees_somebody(at_s + 1, 1),
            Account::Open(cause),
            "{restarts}"
        );
        // A new walk begins anew, and refuses nothing back.
        let order = office.asks(at_s + 2, walk(0));
        office.hears_back(at_s + 3, &up(&tried(&order)));
        assert_eq!(
            office.sees_somebody(at_s + 4, 2),
            Account::Open(cause),
            "{restarts}"
        );
        let log = crate::audit::Log::open(&office.path).unwrap();
        assert!(log.verify(&[]).is_ok());
    }
}

#[test]
fn a_unit_that_was_only_begun_with_still_counts_on_paper() {
    let mut office = Office::enrolled(&with_place_on_paper());
    office.opens(20);
    let order = office.asks(30, walk(0));
    office.hears_back(31, &up(&tried(&order)));
    assert_eq!(office.raised(), []);
    assert!(matches!(
        office.sees_somebody(32, 1),
        Account::Ended(How::Visible(_))
    ));
}

#[test]
fn what_it_passed_before_counts_no_more_and_what_it_passes_later_does() {
    let mut homes = with_place_on_paper();
    homes.paper.clear();
    for (later, counts) in [(None, false), (Some(1), false), (Some(2), true)] {
        let mut office = Office::enrolled(&homes);
        office.greets(10, None, Some(held(MODEL, &place())));
        assert_eq!(office.raised(), [], "it passed once");
        let (unit, by) = (office.unit(), hand("tekn-001"));
        // The newest leave of such a unit is its second.
        let before = Some(held(MODEL, &place()));
        office.does(20, |it| it.begin(unit, &by)).unwrap();
        let version = office.course().leave.version;
        assert_eq!(version, 2);
        office.greets(21, Some((version, Leave::Open)), before);
        let at_s = office.tries_all(30, Finding::Visible);
        if let Some(later) = later {
            let held = HeldCommissioned {
                version: version - 1 + later,
                ..held(MODEL, &place())
            };
            office.greets(at_s, None, Some(held));
        }
        let mut office = office.restarted(at_s + 1);
        let account = office.sees_somebody(at_s + 2, 1);
        let is_seen = matches!(account, Account::Ended(How::Visible(_)));
        assert_eq!(is_seen, counts, "{later:?}: {account:?}");
    }
}

#[test]
fn a_unit_that_is_hung_otherwise_and_passes_counts_again() {
    let mut office = Office::enrolled(&with_place_on_paper());
    office.opens(20);
    let at_s = office.tries_all(30, Finding::Visible);
    for spot in 0..5 {
        let at_s = at_s + 10 * u64::from(spot);
        let order = office.asks(at_s, walk(spot));
        office.hears_back(at_s + 1, &up(&tried(&order)));
    }
    let at_s = office.tries_all(at_s + 60, Finding::NotVisible);
    assert_eq!(office.course().verdict(), Verdict::Passed);
    assert_eq!(office.raised(), [Situation::CommissionAwaited], "not yet");
    office.passes(at_s);
    assert_eq!(office.raised(), []);
    let mut office = office.restarted(at_s + 2);
    assert!(matches!(
        office.sees_somebody(at_s + 3, 1),
        Account::Ended(How::Visible(_))
    ));
}

#[test]
fn what_passed_waits_for_an_agreement_and_is_not_written_down_for_nobody() {
    // Somebody else has the only agreement.
    let mut homes = homes();
    let mut other = homes.homes[0].clone();
    other.id = "h0000002".parse().unwrap();
    other.unit = "u0000002".parse().unwrap();
    other.residents[0].id = "r0000002".parse().unwrap();
    homes.plans[0].resident = other.residents[0].id;
    homes.plans[0].unit = other.unit;
    homes.homes.push(other);
    let mut office = Office::enrolled(&homes);
    let unit = office.unit();
    office.opens(20);
    let at_s = office.tries_all(30, Finding::NotVisible);
    office.passes(at_s);
    let mut store = SqliteStore::open(&office.path).unwrap();
    let agreed = office.does(at_s + 2, |it| {
        it.agree(unit, &mut store, "Europe/Stockholm").map(drop)
    });
    assert!(
        matches!(agreed, Err(CommissionError::NoAgreement(1))),
        "{agreed:?}"
    );
    assert!(office.course().agreed.is_none());
    let rows = Courses::open(&office.path).unwrap();
    assert_eq!(rows.unagreed().unwrap(), [unit], "it is looked at again");
}

#[test]
fn a_unit_that_is_exchanged_or_hangs_in_another_home_counts_no_more_on_paper() {
    let same = with_place_on_paper();
    let mut exchanged = same.clone();
    exchanged.homes[0].eye = PublicKey::of(&SigningKey::from_bytes(&[5; 32]));
    let mut moved = same.clone();
    moved.homes[0].id = "h0000009".parse().unwrap();
    for (homes, shut) in [(same.clone(), false), (exchanged, true), (moved, true)] {
        for restarts in [false, true] {
            let mut office = Office::enrolled(&same);
            let mut store = SqliteStore::open(&office.path).unwrap();
            enrol(&mut store, &homes, &keys(), office.at(20).timestamp).unwrap();
            office.desk.look(office.at(21)).unwrap();
            if restarts {
                office = office.restarted(22);
            }
            let raised: &[Situation] = match shut {
                true => &[Situation::CommissionAwaited],
                false => &[],
            };
            assert_eq!(office.raised(), raised, "{restarts}");
            let gates = store.gates().unwrap();
            let expected = shut.then_some(Shut::Exchanged);
            assert_eq!(gates.refused(office.unit()), expected);
        }
    }
    // What it sees in the other home is a visit.
    let mut office = Office::enrolled(&same);
    let mut store = SqliteStore::open(&office.path).unwrap();
    let mut moved = same;
    moved.homes[0].id = "h0000009".parse().unwrap();
    enrol(&mut store, &moved, &keys(), office.at(20).timestamp).unwrap();
    office.desk.look(office.at(21)).unwrap();
    let cause = Cause::NotCommissioned(Shut::Exchanged);
    assert_eq!(office.sees_somebody(22, 1), Account::Open(cause));
}

#[test]
fn a_unit_of_another_model_is_a_matter_also_after_a_restart_until_it_says_otherwise() {
    let mut homes = with_place_on_paper();
    homes.paper.clear();
    let mut office = Office::enrolled(&homes);
    office.greets(10, None, Some(held("11111111", &place())));
    assert_eq!(office.raised(), []);
    office.sees_somebody(20, 1);
    office.pass(90);
    assert_eq!(office.raised(), [Situation::CommissionAwaited]);
    let mut office = office.restarted(100);
    assert_eq!(office.raised(), [Situation::CommissionAwaited]);
    office.greets(110, None, Some(held(MODEL, &place())));
    assert_eq!(office.raised(), []);
    let office = office.restarted(120);
    assert_eq!(office.raised(), []);
}
