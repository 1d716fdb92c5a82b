//! Which levels the checks of a night have reached: what a home tells of its evidence.
//!
//! A check counts by its clearest look, the highest bin of those that the plan asked for; looks
//! before a live view are made for people and count for nothing. A check of which no look has a
//! bin counts as *otherwise*. A night is over at the noon after it, or when a check of another
//! night is looked at; what is then said of it has no times and names no check.
//!
//! The first look at the first check of each night that has thresholds also goes to the monitor,
//! which notices that a home no longer looks as it did ([`nattsyn_calibration::monitor`]). Only
//! the first: how many looks follow depends on the thresholds, and a monitor that is fed by them
//! takes a moved threshold for a changed home. What another model saw is not compared with either,
//! and nights that begin with another check are left out until they are the rule.
//!
//! Pure: it opens no file and reads no clock. What is under way survives a restart in a small
//! place of its own, like the eye's memory. Where that cannot be had, or is lost, the night's
//! counts begin anew with the restart and so does the monitor.

use jiff::civil::Date;
use nattsyn_calibration::grid::{Bin, Histogram};
use nattsyn_calibration::monitor::{Looks, Monitor};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::labels::{Found, Label, Labelled, NightEvidence};
use nattsyn_protocol::thresholds::{NIGHT_CHECKS_MAX, NightCounts};
use nattsyn_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most checks of a night that are counted: as many as [`NightCounts`] may name.
const CHECKS_MAX: usize = 64;
const _: () = assert!(CHECKS_MAX as u64 == NIGHT_CHECKS_MAX);

/// So many nights running that begin with another check, and the monitor begins anew with it: more
/// than a week has of its own rhythm.
const STRANGERS_MAX: u8 = 14;

/// What is kept of the night under way, of the last one that is over, and for the monitor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    night: Option<Tonight>,
    /// As it was said, to be said again after a restart.
    last: Option<NightCounts>,
    monitor: Monitor,
    /// Which model all of it was seen with.
    #[serde(default)]
    model: String,
    /// The check by whose first look the home is watched.
    #[serde(default)]
    watched: Option<Watched>,
    /// Nights running that began with another.
    #[serde(default)]
    strangers: u8,
}

/// A check of every night: whose, and in which window.
type Watched = (ResidentId, WindowKey);

/// The night under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tonight {
    night: Date,
    over_ms: Timestamp,
    /// In the order of their first looks.
    checks: Vec<(CheckId, Option<Bin>)>,
    /// What the first look at the first of them reached.
    #[serde(default)]
    first: Option<Bin>,
    /// How many looks of each check had a bin, in the same order.
    #[serde(default)]
    looks: Vec<u8>,
    /// As what the unit was commissioned at the first look.
    #[serde(default)]
    commissioned: Option<u32>,
    /// What labelled checks had reached when their label came: one of each kind at most.
    #[serde(default)]
    labelled: Vec<Labelled>,
}

/// Why a label is joined with nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoJoin {
    /// Its night is over, or was never begun.
    #[error("the night of {0} is not under way")]
    OtherNight(CheckId),
    /// No look of it has a bin.
    #[error("no look at {0} has seen anything to judge by")]
    NoBin(CheckId),
    /// The unit is commissioned otherwise than when the night began.
    #[error("the unit is commissioned otherwise than when {0} was looked at")]
    CommissionedAnew(CheckId),
    /// One such is known of this night.
    #[error("a check of the night is already labelled {0:?}")]
    Known(Found),
}

/// Whether something must be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Nothing is new.
    Nothing,
    /// It is.
    Something,
}

/// A night that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// What is said of it.
    pub counts: NightCounts,
    /// Its first check, and what the first look at that reached, if it has a bin.
    pub first: Option<(CheckId, Bin)>,
}

impl Reached {
    /// What was kept, for a unit that looks with this model. What another one saw lies elsewhere on
    /// the grid: the night's counts and the monitor then begin anew.
    #[must_use]
    pub fn of_model(self, model: &str) -> Self {
        if self.model == model {
            return self;
        }
        let kept = if self.model.is_empty() {
            self
        } else {
            Self {
                last: self.last,
                ..Self::default()
            }
        };
        Self {
            model: model.to_owned(),
            ..kept
        }
    }

    /// The counts of the last night that is over.
    #[must_use]
    pub fn last(&self) -> Option<&NightCounts> {
        self.last.as_ref()
    }

    /// Takes in a look that was concluded: its check, when that check's night is over, and the
    /// bin of its evidence. Call [`Self::handle_time`] before it.
    pub fn handle_look(
        &mut self,
        (check, commissioned): (CheckId, Option<u32>),
        over_ms: Timestamp,
        bin: Option<Bin>,
    ) -> Noted {
        if self.is_counted(check.night) {
            tracing::debug!(%check, "look at a check whose night is counted already");
            return Noted::Nothing;
        }
        let night = self.night.get_or_insert_with(|| Tonight {
            night: check.night,
            over_ms,
            checks: Vec::new(),
            first: bin,
            looks: Vec::new(),
            commissioned,
            labelled: Vec::new(),
        });
        if check.night != night.night {
            tracing::debug!(%check, "look at a check of an earlier night");
            return Noted::Nothing;
        }
        night.handle_look(check, bin)
    }

    /// Joins what somebody found at a check with what its looks have reached.
    ///
    /// # Errors
    ///
    /// It is joined with nothing.
    pub fn handle_label(
        &mut self,
        label: &Label,
        commissioned: Option<u32>,
    ) -> Result<Noted, NoJoin> {
        let Label { check, found, .. } = *label;
        let night = self.night.as_mut().filter(|it| it.night == check.night);
        let night = night.ok_or(NoJoin::OtherNight(check))?;
        if night.commissioned != commissioned {
            return Err(NoJoin::CommissionedAnew(check));
        }
        let at = night.checks.iter().position(|(of, _)| *of == check);
        let reached = at.and_then(|at| Some((night.checks.get(at)?.1?, *night.looks.get(at)?)));
        // Looks of before they were counted are worth nothing.
        let reached = reached.filter(|(_, looks)| *looks > 0);
        let (bin, looks) = reached.ok_or(NoJoin::NoBin(check))?;
        if night.labelled.iter().any(|it| it.found == found) {
            return Err(NoJoin::Known(found));
        }
        night.labelled.push(Labelled {
            found,
            bin: bin.reached(),
            looks,
        });
        Ok(Noted::Something)
    }

    /// Whether a night was said already. One that lies ahead of it by more than a day was said by a
    /// clock that was wrong, and keeps nobody from being counted.
    fn is_counted(&self, night: Date) -> bool {
        let Some(last) = &self.last else {
            return false;
        };
        let ahead = night.tomorrow().is_ok_and(|next| last.night <= next);
        night <= last.night && ahead
    }

    /// Ends the night under way if it is over: by the time, or by a look at a check of a later one.
    /// `now` must be trusted.
    pub fn handle_time(
        &mut self,
        unit: UnitId,
        now: Timestamp,
        looked_at: Option<CheckId>,
    ) -> Option<Night> {
        let is_over = |tonight: &mut Tonight| {
            let is_later = looked_at.is_some_and(|check| check.night > tonight.night);
            tonight.over_ms <= now || is_later
        };
        let tonight = self.night.take_if(is_over)?;
        let mut reached = Histogram::default();
        let bins = tonight.checks.iter().filter_map(|(_, bin)| *bin);
        bins.for_each(|bin| reached.add(bin));
        let counted = usize::try_from(reached.total()).unwrap_or(usize::MAX);
        let otherwise = tonight.checks.len().saturating_sub(counted);
        let counts = NightCounts {
            unit,
            night: tonight.night,
            checks: reached.into(),
            otherwise: u32::try_from(otherwise).unwrap_or(u32::MAX),
            evidence: (!self.model.is_empty()).then(|| NightEvidence {
                model: self.model.clone(),
                commissioned: tonight.commissioned,
                labelled: tonight.labelled,
            }),
        };
        self.last = Some(counts.clone());
        let first = tonight.checks.first().map(|(check, _)| *check);
        let first = first.zip(tonight.first);
        Some(Night { counts, first })
    }

    /// Gives the monitor a night's first check and what the first look at it reached. `lot` is
    /// drawn anew for each night, evenly from 0 to 1.
    pub fn watch(&mut self, (check, bin): (CheckId, Bin), lot: f64) -> Looks {
        let watched = (check.resident, check.window);
        if self.watched.is_some_and(|before| before != watched) {
            self.strangers += 1;
            if self.strangers < STRANGERS_MAX {
                return Looks::Alike;
            }
            self.monitor = Monitor::default();
        }
        self.watched = Some(watched);
        self.strangers = 0;
        self.monitor.handle_night(bin, lot)
    }

    /// Begins to watch anew: the home has been commissioned again.
    pub fn watch_anew(&mut self) -> Noted {
        if self.monitor == Monitor::default() {
            return Noted::Nothing;
        }
        self.monitor = Monitor::default();
        self.watched = None;
        self.strangers = 0;
        Noted::Something
    }
}

impl Tonight {
    fn handle_look(&mut self, check: CheckId, bin: Option<Bin>) -> Noted {
        let is_full = self.checks.len() >= CHECKS_MAX;
        let known = self.checks.iter().position(|(of, _)| *of == check);
        if known.is_none() && is_full {
            tracing::warn!(%check, "more checks than a night can have; not counted");
            return Noted::Nothing;
        }
        // One that an earlier version began to count has no looks here.
        self.looks.resize(self.checks.len(), 0);
        let Some(at) = known else {
            self.checks.push((check, bin));
            self.looks.push(u8::from(bin.is_some()));
            return Noted::Something;
        };
        if bin.is_none() {
            return Noted::Nothing;
        }
        if let (Some((_, best)), Some(looks)) = (self.checks.get_mut(at), self.looks.get_mut(at)) {
            *best = bin.max(*best);
            *looks = looks.saturating_add(1);
        }
        Noted::Something
    }
}

#[cfg(test)]
mod tests {
    use nattsyn_calibration::grid::NEVER;

    use super::*;
    use crate::memory::{self, EyeMemory, SimulatedSlots};

    fn check(text: &str) -> CheckId {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse().unwrap())
    }

    fn unit() -> UnitId {
        "u0000001".parse().unwrap()
    }

    const FIRST: &str = "r0000001.20261121.1";
    const NOON: &str = "2026-11-22T11:00:00Z";
    const EVENING: &str = "2026-11-21T22:00:00Z";

    fn look(reached: &mut Reached, id: &str, bin: Option<u8>) -> Noted {
        reached.handle_look(
            (check(id), None),
            at(NOON),
            bin.map(|it| Bin::new(it).unwrap()),
        )
    }

    #[test]
    fn a_check_counts_once_by_its_clearest_look_and_nothing_says_which() {
        let mut reached = Reached::default();
        look(&mut reached, "r0000001.20261121.1", Some(20));
        look(&mut reached, "r0000001.20261121.1", Some(52));
        assert_eq!(
            look(&mut reached, "r0000001.20261121.1", None),
            Noted::Nothing
        );
        look(&mut reached, "r0000001.20261121.2", None);
        look(&mut reached, "r0000002.20261121.1", None);
        look(&mut reached, "r0000002.20261121.1", Some(12));
        assert_eq!(reached.handle_time(unit(), at(EVENING), None), None);
        let night = reached.handle_time(unit(), at(NOON), None).unwrap();
        let counts = NightCounts {
            unit: unit(),
            night: "2026-11-21".parse().unwrap(),
            checks: vec![(12, 1), (52, 1)],
            otherwise: 1,
            evidence: None,
        };
        assert_eq!(night.counts, counts);
        assert_eq!(counts.examine(), Ok(()));
        let first = (check("r0000001.20261121.1"), Bin::new(20).unwrap());
        assert_eq!(night.first, Some(first), "the first look, not the clearest");
        assert_eq!(reached.last(), Some(&counts));
    }

    #[test]
    fn a_night_is_over_when_another_is_looked_at_and_is_never_said_twice() {
        let mut reached = Reached::default();
        look(&mut reached, "r0000001.20261121.1", Some(20));
        let next = check("r0000001.20261122.1");
        let night = reached
            .handle_time(unit(), at(EVENING), Some(next))
            .unwrap();
        assert_eq!(night.counts.checks, [(20, 1)]);
        assert_eq!(
            look(&mut reached, "r0000001.20261121.1", Some(60)),
            Noted::Nothing
        );
        assert_eq!(reached.handle_time(unit(), at(NOON), None), None);
        assert_eq!(
            look(&mut reached, "r0000001.20261122.1", Some(30)),
            Noted::Something
        );
    }

    #[test]
    fn a_look_at_an_earlier_night_ends_none_and_counts_for_none() {
        let mut reached = Reached::default();
        look(&mut reached, "r0000001.20261122.1", Some(20));
        let earlier = check("r0000001.20261121.1");
        assert_eq!(
            reached.handle_time(unit(), at(EVENING), Some(earlier)),
            None
        );
        let noted = look(&mut reached, "r0000001.20261121.1", Some(60));
        assert_eq!(noted, Noted::Nothing);
        let late = at("2026-11-23T11:00:00Z");
        let night = reached.handle_time(unit(), late, None).unwrap();
        assert_eq!(night.counts.checks, [(20, 1)]);
        assert_eq!(
            look(&mut reached, "r0000001.20261121.1", Some(60)),
            Noted::Nothing,
            "an earlier night was said, too"
        );
    }

    #[test]
    fn a_night_that_a_wrong_clock_said_keeps_nobody_from_being_counted() {
        let mut reached = Reached::default();
        look(&mut reached, "r0000001.20270601.1", Some(20));
        reached
            .handle_time(unit(), at("2027-06-03T11:00:00Z"), None)
            .unwrap();
        assert_eq!(
            look(&mut reached, "r0000001.20261121.1", Some(60)),
            Noted::Something
        );
    }

    #[test]
    fn another_model_begins_anew_and_the_same_goes_on() {
        let mut reached = Reached::default().of_model("aaaaaaaa");
        look(&mut reached, FIRST, Some(20));
        reached.watch((check(FIRST), Bin::new(52).unwrap()), 0.1);
        assert_eq!(reached.clone().of_model("aaaaaaaa"), reached);
        let other = reached.clone().of_model("bbbbbbbb");
        assert_eq!(other, Reached::default().of_model("bbbbbbbb"));
        // What an earlier version kept, which named none, is this model's.
        let unnamed = Reached {
            model: String::new(),
            ..reached.clone()
        };
        assert_eq!(unnamed.of_model("aaaaaaaa"), reached);
    }

    #[test]
    fn nights_that_begin_otherwise_are_left_out_until_they_are_the_rule() {
        let weekend = (check("r0000001.20261121.2"), Bin::new(40).unwrap());
        let usual = (check(FIRST), Bin::new(40).unwrap());
        let mut reached = Reached::default();
        reached.watch(usual, 0.5);
        let watched = reached.monitor.clone();
        for _ in 0..STRANGERS_MAX - 1 {
            reached.watch(weekend, 0.5);
        }
        assert_eq!(reached.monitor, watched);
        reached.watch(usual, 0.5);
        assert_ne!(reached.monitor, watched, "it goes on where it was");
        for _ in 0..STRANGERS_MAX {
            reached.watch(weekend, 0.5);
        }
        assert_eq!(reached.monitor, watched, "one night of the new rule");
    }

    #[test]
    fn no_more_checks_are_counted_than_a_night_can_have() {
        let mut reached = Reached::default();
        for resident in 0..12 {
            for window in 0..8 {
                look(
                    &mut reached,
                    &format!("r00000{resident:02}.20261121.{window}"),
                    Some(window),
                );
            }
        }
        let night = reached.handle_time(unit(), at(NOON), None).unwrap();
        assert_eq!(night.counts.examine(), Ok(()));
        assert_eq!(night.counts.checks.len(), 8);
    }

    #[test]
    fn the_most_that_is_kept_fits_a_slot_and_is_read_back() {
        let mut reached = Reached::default();
        for night in 0..u32::from(NEVER) + 1 {
            let bin = Bin::new(u8::try_from(night).unwrap()).unwrap();
            for _ in 0..1_000 {
                reached.watch((check(FIRST), bin), 1.0 / 3.0);
            }
            look(
                &mut reached,
                &format!("r0000{night:03}.20261120.255"),
                Some(bin.reached()),
            );
        }
        reached.handle_time(unit(), at(NOON), None).unwrap();
        for resident in 0..CHECKS_MAX {
            look(
                &mut reached,
                &format!("r0000{resident:03}.20261121.255"),
                Some(NEVER),
            );
        }
        let (mut place, _) = EyeMemory::open(Box::new(SimulatedSlots::default()));
        place.write(&reached).unwrap();
        let bytes = serde_json::to_string(&reached).unwrap().len();
        assert!(
            bytes <= 3_700,
            "{bytes}: a hundred years of nights have room to grow"
        );
    }

    #[test]
    fn what_is_under_way_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("eye.counts");
        let open = || {
            let slots = crate::memory::SlotFile::open(&path).unwrap();
            EyeMemory::<Reached>::open(Box::new(slots))
        };
        let mut reached = Reached::default();
        look(&mut reached, "r0000001.20261121.1", Some(52));
        reached.watch((check(FIRST), Bin::new(52).unwrap()), 0.1);
        open().0.write(&reached).unwrap();
        assert_eq!(open().1, memory::Found::Remembered(reached));
    }

    fn label(id: &str, found: Found) -> Label {
        Label {
            unit: unit(),
            check: check(id),
            found,
        }
    }

    #[test]
    fn a_label_is_joined_with_what_its_check_had_reached_and_stands_with_the_night() {
        let mut reached = Reached::default().of_model("aaaaaaaa");
        let (first, second) = ("r0000001.20261121.1", "r0000001.20261121.2");
        for bin in [Some(20), None, Some(31), Some(12)] {
            look(&mut reached, first, bin);
        }
        look(&mut reached, second, Some(50));
        let empty = label(first, Found::Nobody);
        assert_eq!(reached.handle_label(&empty, None), Ok(Noted::Something));
        let there = label(second, Found::Somebody);
        assert_eq!(reached.handle_label(&there, None), Ok(Noted::Something));
        // What the check shows after somebody was there is about another moment.
        look(&mut reached, first, Some(60));
        let text = serde_json::to_string(&reached).unwrap();
        let mut reached: Reached = serde_json::from_str(&text).unwrap();
        let night = reached.handle_time(unit(), at(NOON), None).unwrap();
        let labelled = |found, bin, looks| Labelled { found, bin, looks };
        let evidence = NightEvidence {
            model: "aaaaaaaa".to_owned(),
            commissioned: None,
            labelled: vec![
                labelled(Found::Nobody, 31, 3),
                labelled(Found::Somebody, 50, 1),
            ],
        };
        assert_eq!(night.counts.evidence, Some(evidence));
        assert_eq!(night.counts.examine(), Ok(()));
        let late = reached.handle_label(&empty, None);
        assert_eq!(late, Err(NoJoin::OtherNight(check(first))));
    }

    #[test]
    fn a_label_of_a_check_that_showed_nothing_or_of_another_commissioning_is_no_evidence() {
        let mut reached = Reached::default();
        let (first, second) = ("r0000001.20261121.1", "r0000001.20261121.2");
        look(&mut reached, first, None);
        let empty = |id| label(id, Found::Nobody);
        for id in [first, second] {
            let joined = reached.handle_label(&empty(id), None);
            assert_eq!(joined, Err(NoJoin::NoBin(check(id))));
        }
        look(&mut reached, second, Some(20));
        let anew = reached.handle_label(&empty(second), Some(2));
        assert_eq!(anew, Err(NoJoin::CommissionedAnew(check(second))));
        look(&mut reached, first, Some(9));
        assert_eq!(
            reached.handle_label(&empty(first), None),
            Ok(Noted::Something)
        );
        let again = reached.handle_label(&empty(second), None);
        assert_eq!(again, Err(NoJoin::Known(Found::Nobody)));
        let yesterday = "r0000001.20261120.1";
        let late = reached.handle_label(&empty(yesterday), None);
        assert_eq!(late, Err(NoJoin::OtherNight(check(yesterday))));
    }

    #[test]
    fn a_night_that_an_earlier_version_began_is_counted_on() {
        let old = r#"{"night":{"night":"2026-11-21","over_ms":1795345200000,
            "checks":[["r0000001.20261121.1",20]]},"last":null,"monitor":MONITOR}"#;
        let monitor = serde_json::to_string(&Monitor::default()).unwrap();
        let mut reached: Reached = serde_json::from_str(&old.replace("MONITOR", &monitor)).unwrap();
        look(&mut reached, "r0000001.20261121.2", Some(40));
        let of_before = label("r0000001.20261121.1", Found::Nobody);
        let joined = reached.handle_label(&of_before, None);
        assert_eq!(joined, Err(NoJoin::NoBin(of_before.check)));
        look(&mut reached, "r0000001.20261121.1", Some(30));
        let joined = reached.handle_label(&label("r0000001.20261121.2", Found::Somebody), None);
        assert_eq!(joined, Ok(Noted::Something));
        let night = reached.handle_time(unit(), at(NOON), None).unwrap();
        assert_eq!(night.counts.checks, [(30, 1), (40, 1)]);
        assert_eq!(night.counts.examine(), Ok(()));
    }
}
