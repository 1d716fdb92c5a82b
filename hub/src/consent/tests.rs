//! What consents open and close, tried over anything that can be written down.

use proptest::prelude::*;

use jiff::civil::date;
use nattsyn_protocol::policy::{Build, Looks, Mode};

use super::*;

const TODAY: Date = date(2026, 11, 22);

pub(super) fn resident(number: u8) -> ResidentId {
    format!("r{number:07}").parse().unwrap()
}

pub(super) fn entry(number: u8, at: i64, what: What) -> Entry {
    Entry {
        resident: resident(number),
        at: Timestamp::from_ms(at).unwrap(),
        on: TODAY,
        taker: Taker {
            id: "hand-001".to_owned(),
            name: "Handläggaren".to_owned(),
        },
        what,
    }
}

fn given(kind: Kind, scope: Scope, capacity: Capacity, review: Date) -> What {
    What::Given(Box::new(Given {
        kind,
        form: Form::Oral,
        scope,
        given_by: "den enskilde".to_owned(),
        capacity,
        explored: String::new(),
        alternatives: "larmmatta prövad".to_owned(),
        informed: "berättade tillbaka".to_owned(),
        review,
    }))
}

pub(super) fn withdrawn(what: Withdrawal) -> What {
    What::Withdrawn(Box::new(Withdrawn {
        what,
        form: Form::Oral,
        by: "den enskilde".to_owned(),
        note: String::new(),
    }))
}

/// Everything that opens a live view for somebody who lives alone.
pub(super) fn whole(number: u8, scope: Scope) -> Vec<Entry> {
    let kinds = [Kind::Care, Kind::Design, Kind::Processing];
    let review = date(2027, 5, 1);
    let given = kinds.map(|kind| entry(number, 1, given(kind, scope, Capacity::Own, review)));
    let household = entry(number, 1, What::Household(Household::Alone));
    std::iter::once(household).chain(given).collect()
}

fn alone(entries: &[Entry]) -> Verdict {
    judge::judge(entries, std::iter::empty(), TODAY, Rules::default())
}

fn with(mut entries: Vec<Entry>, what: What) -> Vec<Entry> {
    entries.push(entry(1, 2, what));
    entries
}

#[test]
fn whoever_agreed_to_all_of_it_and_lives_alone_may_be_shown_when_unclear() {
    let entries = whole(1, Scope::LiveViewOnUnclear);
    assert_eq!(alone(&entries).mode(), Mode::LiveView);
    assert_eq!(alone(&whole(1, Scope::Sensor)).mode(), Mode::Sensor);
}

#[test]
fn without_any_entry_looks_go_on_and_there_is_no_picture() {
    let verdict = alone(&[]);
    assert_eq!(verdict.looks(), Looks::ByPlan);
    assert_eq!(verdict.mode(), Mode::Sensor);
    assert!(verdict.reasons.contains(&Reason::NotRecorded));
}

#[test]
fn a_withdrawal_of_everything_stops_looks_at_once_and_of_pictures_closes_them_alone() {
    let entries = whole(1, Scope::LiveViewOnUnclear);
    let all = with(entries.clone(), withdrawn(Withdrawal::Everything));
    assert_eq!(alone(&all).looks(), Looks::Stopped);
    let pictures = with(entries, withdrawn(Withdrawal::Pictures));
    assert_eq!(alone(&pictures).mode(), Mode::Sensor);
}

#[test]
fn each_consent_that_is_missing_closes_what_it_is_for() {
    for (missing, mode) in [
        (Kind::Care, Mode::Off),
        (Kind::Processing, Mode::Off),
        (Kind::Design, Mode::Sensor),
    ] {
        let mut entries = whole(1, Scope::LiveViewOnUnclear);
        entries.retain(|entry| !matches!(&entry.what, What::Given(it) if it.kind == missing));
        assert_eq!(alone(&entries).mode(), mode, "{missing:?}");
    }
}

#[test]
fn a_cohabitant_in_view_must_agree_to_looks_and_one_elsewhere_to_pictures() {
    let agreed = || {
        let review = date(2027, 5, 1);
        let scope = Scope::LiveViewOnUnclear;
        given(Kind::Cohabitant, scope, Capacity::Own, review)
    };
    for (household, mode) in [
        (Household::InView, Mode::Off),
        (Household::Elsewhere, Mode::Sensor),
        (Household::Alone, Mode::LiveView),
    ] {
        let entries = with(
            whole(1, Scope::LiveViewOnUnclear),
            What::Household(household),
        );
        assert_eq!(alone(&entries).mode(), mode, "{household:?}");
        let entries = with(entries, agreed());
        assert_eq!(alone(&entries).mode(), Mode::LiveView, "{household:?}");
        let no = with(entries, withdrawn(Withdrawal::Cohabitant));
        assert_eq!(alone(&no).looks(), Looks::Stopped, "{household:?}");
    }
}

#[test]
fn a_review_that_passed_closes_pictures_and_never_looks() {
    let entries = whole(1, Scope::LiveViewOnUnclear);
    let judged = |today| judge::judge(&entries, std::iter::empty(), today, Rules::default());
    assert_eq!(judged(date(2027, 5, 1)).mode(), Mode::LiveView);
    let late = judged(date(2027, 5, 2));
    assert_eq!((late.looks(), late.mode()), (Looks::ByPlan, Mode::Sensor));
    assert_eq!(late.reasons, [Reason::ReviewPassed].into());
}

#[test]
fn with_reduced_capacity_there_are_pictures_only_where_the_municipality_says_so() {
    let mut entries = whole(1, Scope::LiveViewOnUnclear);
    for entry in &mut entries {
        if let What::Given(given) = &mut entry.what {
            given.capacity = Capacity::Reduced;
        }
    }
    assert_eq!(alone(&entries).mode(), Mode::Sensor);
    let rules = Rules {
        reduced_capacity: ReducedCapacity::AsAgreed,
        ..Rules::default()
    };
    let judged = judge::judge(&entries, std::iter::empty(), TODAY, rules);
    assert_eq!(judged.mode(), Mode::LiveView);
    let never = Rules {
        live_view: LiveViews::Never,
        ..rules
    };
    let judged = judge::judge(&entries, std::iter::empty(), TODAY, never);
    assert_eq!(judged.mode(), Mode::Sensor);
}

#[test]
fn the_strictest_of_a_home_holds_and_a_sensor_is_never_given_a_live_view() {
    let one = whole(1, Scope::LiveViewOnUnclear);
    let other = whole(2, Scope::Sensor);
    let of =
        |home: &[(ResidentId, &[Entry])], build| policy_of(home, build, TODAY, Rules::default());
    let live = Build::LiveView;
    let both = [(resident(1), &one[..]), (resident(2), &other[..])];
    assert_eq!(of(&both[..1], live).mode, Mode::LiveView);
    assert_eq!(of(&both[..1], Build::SensorOnly).mode, Mode::Sensor);
    assert_eq!(of(&both, live).mode, Mode::Sensor);
    assert_eq!(of(&[], live).mode, Mode::Off);
    // Somebody without an entry keeps the others from being shown.
    let unknown = [both[0], (resident(2), &[][..])];
    assert_eq!(of(&unknown, live).mode, Mode::Sensor);
    assert_eq!(of(&unknown, live).stopped, []);
}

#[test]
fn a_housemates_no_stops_looks_into_the_room_until_they_agree_to_be_seen() {
    let one = whole(1, Scope::Sensor);
    let mut other = whole(2, Scope::Sensor);
    other.push(entry(2, 2, withdrawn(Withdrawal::Everything)));
    let of = |one: &[Entry]| {
        let home = [(resident(1), one), (resident(2), &other[..])];
        policy_of(&home, Build::LiveView, TODAY, Rules::default())
    };
    assert_eq!(of(&one).mode, Mode::Off);
    let scope = Scope::Sensor;
    let seen = given(Kind::Cohabitant, scope, Capacity::Own, date(2027, 5, 1));
    let terms = of(&with(one, seen));
    assert_eq!(
        (terms.mode, terms.stopped),
        (Mode::Sensor, vec![resident(2)])
    );
}

#[test]
fn no_name_of_whoever_gave_a_consent_is_ever_printed() {
    let entries = with(whole(1, Scope::Sensor), withdrawn(Withdrawal::Everything));
    let printed = format!("{entries:?}");
    for name in ["den enskilde", "Handläggaren", "larmmatta", "berättade"] {
        assert!(!printed.contains(name), "{printed}");
    }
}

#[test]
fn an_entry_reads_back_as_it_was_written() {
    let all = with(whole(1, Scope::Sensor), withdrawn(Withdrawal::Cohabitant));
    for entry in all {
        let read = What::read(entry.what.words(), &entry.what.to_body());
        assert_eq!(read, Some(entry.what));
    }
    assert_eq!(What::read(("given", "care"), "{}"), None);
    assert_eq!(What::read(("given", "all"), "{}"), None);
}

fn any_what() -> impl Strategy<Value = What> {
    let kind = prop::sample::select(&Kind::ALL[..]);
    let scope = prop::sample::select(&Scope::ALL[..]);
    let capacity = prop::sample::select(&Capacity::ALL[..]);
    let review = prop::sample::select(vec![date(2026, 11, 1), date(2027, 5, 1)]);
    let given = (kind, scope, capacity, review)
        .prop_map(|(kind, scope, capacity, review)| given(kind, scope, capacity, review));
    let withdrawn = prop::sample::select(&Withdrawal::ALL[..]).prop_map(withdrawn);
    let household = prop::sample::select(&Household::ALL[..]).prop_map(What::Household);
    prop_oneof![6 => given, 1 => withdrawn, 2 => household]
}

/// A home of two, each with what was written down of them in any order.
fn any_home() -> impl Strategy<Value = [Vec<Entry>; 2]> {
    let of = |number| {
        let entries = prop::collection::vec(any_what(), 0..9);
        entries.prop_map(move |whats| {
            let entries = whats.into_iter().map(|what| entry(number, 1, what));
            entries.collect::<Vec<_>>()
        })
    };
    (of(1), of(2)).prop_map(|(one, two)| [one, two])
}

fn terms(home: &[Vec<Entry>; 2]) -> Terms {
    let [one, two] = home;
    let home = [(resident(1), &one[..]), (resident(2), &two[..])];
    policy_of(&home, Build::LiveView, TODAY, Rules::default())
}

/// Whether nothing is open by the second that is not by the first.
fn is_no_looser(before: &Terms, after: &Terms) -> bool {
    let looks = |terms: &Terms, who| terms.mode != Mode::Off && !terms.stopped.contains(&who);
    let mut residents = [1, 2].map(resident).into_iter();
    after.mode <= before.mode && residents.all(|who| !looks(after, who) || looks(before, who))
}

proptest! {
    #[test]
    fn a_withdrawal_never_loosens(
        mut home in any_home(),
        who in 0_usize..2,
        at in 0_usize..10,
        what in prop::sample::select(&Withdrawal::ALL[..]),
    ) {
        let before = terms(&home);
        let number = if who == 0 { 1 } else { 2 };
        let at = at.min(home[who].len());
        home[who].insert(at, entry(number, 1, withdrawn(what)));
        prop_assert!(is_no_looser(&before, &terms(&home)), "{:?} {:?}", before, terms(&home));
    }

    #[test]
    fn a_consent_that_is_not_there_never_loosens(
        mut home in any_home(),
        who in 0_usize..2,
        at in 0_usize..9,
    ) {
        // The latest conversation sets the day, so that without it an earlier one's holds.
        for entry in home.iter_mut().flatten() {
            if let What::Given(given) = &mut entry.what {
                given.review = date(2027, 5, 1);
            }
        }
        let before = terms(&home);
        let is_given = home[who].get(at).is_some_and(|it| matches!(it.what, What::Given(_)));
        // Whoever has no entry at all was enrolled before consents were kept here.
        prop_assume!(is_given && home[who].len() > 1);
        home[who].remove(at);
        prop_assert!(is_no_looser(&before, &terms(&home)), "{:?} {:?}", before, terms(&home));
    }

    #[test]
    fn a_later_entry_of_the_same_kind_with_a_nearer_date_never_loosens(
        mut home in any_home(),
        who in 0_usize..2,
        at in 0_usize..9,
    ) {
        home[who].retain(|entry| !matches!(entry.what, What::Withdrawn(_)));
        let Some(mut later) = home[who].get(at).cloned() else { return Ok(()) };
        let What::Given(given) = &mut later.what else { return Ok(()) };
        given.review = date(2026, 11, 1);
        let before = terms(&home);
        home[who].push(later);
        let after = terms(&home);
        prop_assert!(is_no_looser(&before, &after), "{:?} {:?}", before, after);
        prop_assert!(after.mode < Mode::LiveView, "the nearer day has passed");
    }

    #[test]
    fn a_home_is_given_no_more_than_each_who_lives_there(home in any_home()) {
        let shared = terms(&home);
        for (number, entries) in [(1, &home[0]), (2, &home[1])] {
            let own = [(resident(number), &entries[..])];
            let own = policy_of(&own, Build::LiveView, TODAY, Rules::default());
            prop_assert!(shared.mode <= own.mode.max(Mode::Sensor));
            prop_assert!(own.mode != Mode::Off || shared.mode == Mode::Off
                || shared.stopped.contains(&resident(number)));
        }
    }
}
