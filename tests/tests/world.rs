//! Whole nights in which everything goes wrong, in simulated time: no promise may break.
//!
//! The nights themselves are played by `tests/src/world/`, and thousands of them by
//! `nattsyn-simulate`; here are as many as every change can wait for. Each rule that the
//! product keeps is also switched off once: a simulation that misses nothing proves nothing.

use std::collections::BTreeSet;

use nattsyn_tests::world::faults::{Fault, Rule};
use nattsyn_tests::world::oracle::Breach;
use nattsyn_tests::world::run::{Tally, play_many};
use nattsyn_tests::world::{NOTES, Setting, play};

/// Seed, nights and homes of the long run: many nights from any seed, so that clock changes and
/// rare meetings of faults occur, and few homes, because an unoptimised build plays them.
const FIRST: u64 = 1;
const NIGHTS: u64 = 500;
const HOMES: usize = 2;

/// Everything that can go wrong, and everything that people do.
fn whole(homes: usize) -> Setting {
    Setting {
        homes,
        faults: Fault::ALL.iter().copied().collect(),
        without: None,
        notes: NOTES,
    }
}

/// Without staff who see to rows, which end some of them early: as nights were when seeds were
/// found at which something else shows.
fn setting(homes: usize) -> Setting {
    let mut setting = whole(homes);
    setting.faults.remove(&Fault::Hands);
    setting
}

/// Without what people do: as nights were when the seed was found.
fn unpeopled(homes: usize) -> Setting {
    let mut setting = setting(homes);
    setting.faults.retain(|fault| !fault.is_of_people());
    setting
}

#[track_caller]
fn unbroken(tally: &Tally) {
    if let Some((seed, night)) = &tally.broken {
        panic!("seed {seed}: {:#?}", night.broken);
    }
}

#[test]
fn no_promise_breaks_however_much_goes_wrong() {
    let tally = play_many(FIRST, NIGHTS, &whole(HOMES), |_| {});
    unbroken(&tally);
    let counts = &tally.counts;
    for (count, what) in [
        (counts.visible, "looks that found somebody"),
        (counts.reports_lost, "lost reports"),
        (counts.power_cuts, "power cuts"),
        (counts.hub_deaths, "deaths of the hub"),
        (counts.changed_plans, "changed plans"),
        (counts.reports_after_words, "reports after a person's word"),
        (counts.acts, "acts of staff about rows"),
        (counts.refused_acts, "acts that were refused"),
        (counts.fallen, "rows that fell back"),
        (counts.called_off, "checks called off"),
        (counts.back, "residents who came back"),
        (counts.moved, "residents who moved"),
        (counts.swapped, "units swapped"),
        (counts.ended, "residents who died or left"),
        (counts.long_outages, "outages of the hub over a noon"),
    ] {
        assert!(count > 0, "no {what} in {NIGHTS} nights");
    }
}

#[test]
fn a_seed_plays_the_same_night_to_the_event() {
    let first = play(11, &whole(3));
    assert!(first.counts.events > 1000);
    assert_eq!(first, play(11, &whole(3)));
    assert_ne!(first.digest, play(12, &whole(3)).digest);
}

#[test]
fn a_night_in_which_nothing_goes_wrong_has_no_late_word() {
    let calm = Setting {
        faults: BTreeSet::new(),
        ..setting(4)
    };
    let tally = play_many(1, 4, &calm, |_| {});
    unbroken(&tally);
    assert_eq!(tally.faults, 0);
    assert_eq!(tally.counts.late_outcomes + tally.counts.marked_late, 0);
}

/// Plays ten homes' night without a rule, from a seed at which its absence shows.
#[track_caller]
fn broken_without(rule: Rule, seed: u64) -> Breach {
    let without = Setting {
        without: Some(rule),
        ..setting(10)
    };
    let night = play(seed, &without);
    let (broken, _) = night.broken.expect("a rule was switched off");
    broken.breach
}

#[test]
fn without_reconciliation_on_return_a_check_stays_silent() {
    let breach = broken_without(Rule::RestartReconciliation, 8);
    assert_eq!(breach, Breach::Silent);
}

#[test]
fn without_sync_an_acknowledged_report_is_lost() {
    assert_eq!(broken_without(Rule::Fsync, 1004), Breach::Lost);
}

#[test]
fn without_recognising_a_report_it_counts_twice() {
    assert_eq!(broken_without(Rule::Dedupe, 3), Breach::Doubled);
}

#[test]
fn without_the_clock_changes_a_night_is_not_as_agreed() {
    assert_eq!(broken_without(Rule::Dst, 7), Breach::Astray);
}

#[test]
fn without_the_freeze_at_noon_a_night_is_not_as_agreed() {
    assert_eq!(broken_without(Rule::FreezeAtNoon, 1), Breach::Astray);
}

#[test]
fn without_a_timer_a_missing_report_stays_silent() {
    assert_eq!(broken_without(Rule::Deadline, 2), Breach::Silent);
}

#[test]
fn without_precedence_a_late_report_overrides_a_person() {
    assert_eq!(broken_without(Rule::Precedence, 1004), Breach::Overridden);
}

/// The hub's clock went past noon and back again, and settled checks were planned anew.
#[test]
fn a_hub_that_begins_a_night_again_knows_what_was_settled() {
    unbroken(&play_many(1123, 1, &unpeopled(10), |_| {}));
}

/// A home was enrolled when the hub's clock stood past its window: the hub has a quarter of a
/// minute to read of it, and then asks.
#[test]
fn a_home_enrolled_past_its_window_is_asked_about_as_soon_as_the_hub_reads_of_it() {
    unbroken(&play_many(6577, 1, &unpeopled(10), |_| {}));
}

/// The hub was down when a resident came back and when the window opened: the check stayed
/// called off.
#[test]
fn whoever_is_back_while_the_hub_is_down_is_looked_after_when_it_returns() {
    unbroken(&play_many(1531, 1, &setting(10), |_| {}));
}

/// The hub was down when supervision ended and until the check was over: somebody was asked to
/// go there.
#[test]
fn nobody_is_sent_to_a_resident_whose_end_was_written_while_the_hub_was_down() {
    unbroken(&play_many(4156, 1, &setting(10), |_| {}));
}

/// Two clock faults made a step of the hub's clock that it rightly does not follow.
#[test]
fn deadlines_are_judged_by_the_clock_that_the_hub_goes_by() {
    unbroken(&play_many(5731, 1, &setting(10), |_| {}));
}

/// A clock that was ahead had passed a deadline, and somebody came back before it came again.
#[test]
fn a_deadline_that_a_wrong_clock_had_passed_is_judged_when_it_comes() {
    unbroken(&play_many(23_846, 1, &setting(10), |_| {}));
    unbroken(&play_many(25_644, 1, &setting(10), |_| {}));
}

/// The hub was down from before a first plan was made until after the next noon: the new night
/// alone was taken up, and nobody was asked about the one that had gone by.
#[test]
fn a_first_plan_made_while_the_hub_is_down_over_noon_is_not_forgotten() {
    unbroken(&play_many(186, 1, &setting(10), |_| {}));
}

/// The same for a window that was added to a night; the second of these seeds is a hub that
/// returns minutes after noon.
#[test]
fn a_window_added_while_the_hub_is_down_over_noon_is_not_forgotten() {
    unbroken(&play_many(43, 1, &setting(10), |_| {}));
    unbroken(&play_many(198, 1, &setting(10), |_| {}));
}

/// A resident who was back had no row, because there had been none at noon (74), or stayed
/// called off (108).
#[test]
fn whoever_is_back_while_the_hub_is_down_over_noon_was_at_home() {
    unbroken(&play_many(74, 1, &setting(10), |_| {}));
    unbroken(&play_many(108, 1, &setting(10), |_| {}));
}

/// The hub was down at a night's noon, and a resident went away and died (13), or died (283),
/// after a window of that night: it had no line at all.
#[test]
fn a_night_that_was_never_frozen_has_its_lines_whoever_has_died_since() {
    unbroken(&play_many(13, 1, &setting(10), |_| {}));
    unbroken(&play_many(283, 1, &setting(10), |_| {}));
}

/// A resident died before a window of a night that was frozen (84), or of one that was not (24),
/// or went away with an end (34), and the hub came back after the next noon: somebody was asked
/// to go there.
#[test]
fn nobody_is_sent_to_the_dead_or_the_absent_after_an_outage_over_noon() {
    unbroken(&play_many(24, 1, &setting(10), |_| {}));
    unbroken(&play_many(84, 1, &setting(10), |_| {}));
    unbroken(&play_many(34, 1, &setting(10), |_| {}));
}

/// An absence had been confirmed within the 36 hours before noon, and the hub, looking again in the
/// middle of the night, asked about it.
#[test]
fn whether_an_absence_is_confirmed_is_judged_at_noon_for_the_whole_night() {
    unbroken(&play_many(27, 1, &setting(10), |_| {}));
}

/// A hub whose clock was ahead settled the next night before its plan was changed: deadlines are
/// then those that it wrote down.
#[test]
fn a_night_settled_by_a_clock_that_was_ahead_is_judged_as_it_was_settled() {
    unbroken(&play_many(2905, 1, &setting(10), |_| {}));
}

#[test]
fn what_was_said_first_stands_although_something_else_was_said_after_the_window() {
    unbroken(&play_many(155, 1, &setting(10), |_| {}));
    unbroken(&play_many(1033, 1, &setting(10), |_| {}));
}

#[test]
fn a_hub_that_dies_on_its_way_through_missed_nights_goes_through_them_again() {
    unbroken(&play_many(173, 1, &setting(10), |_| {}));
    unbroken(&play_many(2859, 1, &setting(10), |_| {}));
}

/// A clock that was ahead had written the night down before its plan was changed (1236); an absence
/// was said at the very deadline (6202); somebody asked to be left alone, was looked after no more
/// and was said to be back, all while the hub was down (4551).
#[test]
fn what_is_said_around_a_missed_night_counts_by_the_moment_at_which_it_was_said() {
    for seed in [1236, 6202, 4551] {
        unbroken(&play_many(seed, 1, &setting(10), |_| {}));
    }
}
