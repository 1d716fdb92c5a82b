//! From consents to what a unit may do. Pure.
//!
//! For each resident of a home a [`Verdict`]: whether looks are made, whether pictures may be
//! shown, and every reason why not. For the unit the strictest of them, as [`Terms`]. A consent
//! counts as long as one that was given stands; a withdrawal takes everything of its kind that
//! was given before it. So a withdrawal never loosens anything, and neither does a consent that
//! is missing.
//!
//! Whoever has no entry at all was enrolled before consents were kept here: their looks go on by
//! their plan, which rests on what was agreed on paper, and there is never a picture
//! (`docs/design/0009-consent-before-looks.md`).

use std::collections::BTreeSet;

use jiff::civil::Date;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::policy::{Build, Looks, Mode, Policy, STOPPED_MAX};
use nattsyn_protocol::time::Timestamp;

use super::{
    Capacity, Entry, Given, Household, Kind, LiveViews, ReducedCapacity, Rules, Scope, What,
    Withdrawal,
};

/// Why something is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing is written down here. Stops no look.
    NotRecorded,
    /// Everything was taken back, and nothing was given since.
    Withdrawn,
    /// No consent to the *insats* stands.
    CareMissing,
    /// No consent to the processing stands (SoLPuL 9 §).
    ProcessingMissing,
    /// Somebody who lives there can be seen by the camera, and has not agreed (SoLPuL 9 §).
    CohabitantInViewMissing,
    /// Another resident of the home can be seen by the camera, and has not agreed.
    HousemateSaidNo,
    /// No consent to how it is made stands. Stops no look.
    DesignMissing,
    /// Sensor is what was agreed. Stops no look.
    SensorAgreed,
    /// It is not written down who else lives there. Stops no look.
    HouseholdUnknown,
    /// Somebody who lives there could come into the picture, and has not agreed. Stops no look.
    CohabitantMissing,
    /// What was agreed should have been gone through again by now. Stops no look.
    ReviewPassed,
    /// The ability to decide is reduced, and the municipality shows no pictures then. Stops no
    /// look.
    CapacityReduced,
    /// The municipality shows no pictures of anybody. Stops no look.
    NotOffered,
}

impl Reason {
    /// Whether it stops looks too, or pictures alone.
    #[must_use]
    pub fn stops(self) -> Stops {
        match self {
            Self::Withdrawn
            | Self::CareMissing
            | Self::ProcessingMissing
            | Self::CohabitantInViewMissing
            | Self::HousemateSaidNo => Stops::Everything,
            Self::NotRecorded
            | Self::DesignMissing
            | Self::SensorAgreed
            | Self::HouseholdUnknown
            | Self::CohabitantMissing
            | Self::ReviewPassed
            | Self::CapacityReduced
            | Self::NotOffered => Stops::Pictures,
        }
    }
}

/// What a reason stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// Pictures alone.
    Pictures,
    /// Looks and pictures.
    Everything,
}

/// What may be done about one resident, and why not more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Every reason that there is.
    pub reasons: BTreeSet<Reason>,
    /// The first day on which something that was agreed is to be gone through again.
    pub review: Option<Date>,
}

impl Verdict {
    /// Whether looks are made.
    #[must_use]
    pub fn looks(&self) -> Looks {
        let stops = |reason: &Reason| reason.stops() == Stops::Everything;
        if self.reasons.iter().any(stops) {
            Looks::Stopped
        } else {
            Looks::ByPlan
        }
    }

    /// How far it goes, as long as looks are made.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match (self.looks(), self.reasons.is_empty()) {
            (Looks::Stopped, _) => Mode::Off,
            (Looks::ByPlan, false) => Mode::Sensor,
            (Looks::ByPlan, true) => Mode::LiveView,
        }
    }
}

/// What stands of one resident's entries.
#[derive(Default)]
struct Stands<'a> {
    /// The consents, each with how far it still goes.
    given: Vec<(&'a Given, Scope)>,
    household: Option<Household>,
    /// Whether everything was taken back and nothing was given since.
    is_withdrawn: bool,
}

impl<'a> Stands<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut stands = Self::default();
        for entry in entries {
            match &entry.what {
                What::Given(given) => {
                    stands.given.push((given, given.scope));
                    stands.is_withdrawn &= given.kind == Kind::Cohabitant;
                }
                What::Withdrawn(withdrawn) => stands.take(withdrawn.what),
                What::Household(household) => stands.household = Some(*household),
            }
        }
        stands
    }

    fn take(&mut self, what: Withdrawal) {
        match what {
            Withdrawal::Everything => {
                self.given.clear();
                self.is_withdrawn = true;
            }
            Withdrawal::Pictures => {
                for (_, scope) in &mut self.given {
                    *scope = Scope::Sensor;
                }
            }
            Withdrawal::Cohabitant => {
                self.given
                    .retain(|(given, _)| given.kind != Kind::Cohabitant);
                // Whoever says no to being seen can be seen.
                self.household = Some(Household::InView);
            }
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.given.iter().any(|(given, _)| given.kind == kind)
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&'a Given, Scope)> {
        let given = self.given.iter().copied();
        given.filter(move |(given, _)| given.kind == kind)
    }

    /// The day until which consents of this kind hold without being gone through: what the latest
    /// conversation set, also where it is nearer than before.
    fn reviewed(&self, kind: Kind) -> Option<Date> {
        self.of_kind(kind).last().map(|(given, _)| given.review)
    }
}

/// Whether a consent of a kind stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Whether a consent of this kind stands among a resident's entries.
pub(super) fn stands(entries: &[Entry], kind: Kind) -> Standing {
    match Stands::of(entries).has(kind) {
        true => Standing::Yes,
        false => Standing::No,
    }
}

/// Who else lives there, as it was said last.
pub(super) fn household(entries: &[Entry]) -> Option<Household> {
    Stands::of(entries).household
}

/// What may be done about a resident, among `others` who live under the same unit.
#[must_use]
pub fn judge<'a>(
    entries: &[Entry],
    others: impl IntoIterator<Item = &'a [Entry]>,
    today: Date,
    rules: Rules,
) -> Verdict {
    let mut verdict = Verdict::default();
    let reasons = &mut verdict.reasons;
    let stands = Stands::of(entries);
    let has_cohabitant = stands.has(Kind::Cohabitant);
    if has_said_no(others) && !has_cohabitant {
        reasons.insert(Reason::HousemateSaidNo);
    }
    if rules.live_view == LiveViews::Never {
        reasons.insert(Reason::NotOffered);
    }
    if entries.is_empty() {
        reasons.insert(Reason::NotRecorded);
        return verdict;
    }
    if stands.is_withdrawn {
        reasons.insert(Reason::Withdrawn);
    }
    for (kind, missing) in [
        (Kind::Care, Reason::CareMissing),
        (Kind::Processing, Reason::ProcessingMissing),
        (Kind::Design, Reason::DesignMissing),
    ] {
        // Of a withdrawal the parts need no words of their own.
        if !stands.has(kind) && !stands.is_withdrawn {
            reasons.insert(missing);
        }
    }
    match stands.household {
        Some(Household::InView) if !has_cohabitant => {
            reasons.insert(Reason::CohabitantInViewMissing);
        }
        Some(Household::Elsewhere) if !has_cohabitant => {
            reasons.insert(Reason::CohabitantMissing);
        }
        None => {
            reasons.insert(Reason::HouseholdUnknown);
        }
        Some(Household::InView | Household::Elsewhere | Household::Alone) => {}
    }
    reasons.extend(against_pictures(&stands, today, rules));
    let reviewed = Kind::ALL
        .into_iter()
        .filter_map(|kind| stands.reviewed(kind));
    verdict.review = reviewed.min();
    verdict
}

/// Whether one of these has an entry and no consent to the processing that stands: every look
/// into the room that they share would be of them too.
fn has_said_no<'a>(others: impl IntoIterator<Item = &'a [Entry]>) -> bool {
    let mut others = others.into_iter().filter(|entries| !entries.is_empty());
    others.any(|entries| !Stands::of(entries).has(Kind::Processing))
}

/// Why consents that stand open no pictures. For each kind one is enough that does.
fn against_pictures(stands: &Stands<'_>, today: Date, rules: Rules) -> BTreeSet<Reason> {
    let mut reasons = BTreeSet::new();
    for kind in [Kind::Care, Kind::Design, Kind::Processing, Kind::Cohabitant] {
        let opens = |scope: Scope| kind == Kind::Care || scope == Scope::LiveViewOnUnclear;
        let why = |(given, scope): (&Given, Scope)| {
            if !opens(scope) {
                Some(Reason::SensorAgreed)
            } else if given.review < today {
                Some(Reason::ReviewPassed)
            } else if given.capacity == Capacity::Reduced
                && rules.reduced_capacity == ReducedCapacity::NoPictures
            {
                Some(Reason::CapacityReduced)
            } else {
                None
            }
        };
        let whys: Vec<Option<Reason>> = stands.of_kind(kind).map(why).collect();
        if whys.iter().all(Option::is_some) {
            reasons.extend(whys.into_iter().flatten());
        }
    }
    // Of what is out of date somebody is told, whatever else it opens.
    let is_past = |kind| stands.reviewed(kind).is_some_and(|review| review < today);
    if Kind::ALL.into_iter().any(is_past) {
        reasons.insert(Reason::ReviewPassed);
    }
    reasons
}

/// What a unit may do: what a policy says, without its version and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The strictest of what those who live there agreed to.
    pub mode: Mode,
    /// For whom no look may be made.
    pub stopped: Vec<ResidentId>,
}

impl Terms {
    /// As a policy, ready to be signed.
    #[must_use]
    pub fn policy(
        self,
        (unit, version): (UnitId, u32),
        (from_ms, until_ms): (Timestamp, Timestamp),
    ) -> Policy {
        Policy {
            unit,
            version,
            mode: self.mode,
            stopped: self.stopped,
            from_ms,
            until_ms,
        }
    }
}

/// What a unit may do in a home, from the consents of all who are looked after there.
///
/// `build` is what was built into the unit: a sensor never gets a live view, whoever agrees. A
/// home in which nobody is looked after is not looked into.
#[must_use]
pub fn policy_of(
    home: &[(ResidentId, &[Entry])],
    build: Build,
    today: Date,
    rules: Rules,
) -> Terms {
    let verdicts = home.iter().map(|(resident, entries)| {
        let others = home.iter().filter(|(other, _)| other != resident);
        let others = others.map(|(_, entries)| *entries);
        (*resident, judge(entries, others, today, rules))
    });
    let verdicts: Vec<(ResidentId, Verdict)> = verdicts.collect();
    let is_stopped = |verdict: &Verdict| verdict.looks() == Looks::Stopped;
    let stopped = verdicts.iter().filter(|(_, verdict)| is_stopped(verdict));
    let mut stopped: Vec<ResidentId> = stopped.map(|(resident, _)| *resident).collect();
    if stopped.len() == verdicts.len() || stopped.len() > STOPPED_MAX {
        stopped.truncate(STOPPED_MAX);
        return Terms {
            mode: Mode::Off,
            stopped,
        };
    }
    let strictest = verdicts.iter().map(|(_, verdict)| verdict.mode()).min();
    let able = match build {
        Build::SensorOnly => Mode::Sensor,
        Build::LiveView => Mode::LiveView,
    };
    let mode = strictest.unwrap_or(Mode::Off).min(able).max(Mode::Sensor);
    Terms { mode, stopped }
}
