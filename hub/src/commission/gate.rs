//! The gate: whether *visible* counts, by what the unit was commissioned as.
//!
//! Pure. A report counts by how the gate stood when it came, and that is written down with it: a
//! unit that is commissioned tomorrow does not make last night's empty bed somebody's.

use std::collections::BTreeMap;

use nattsyn_protocol::commission::{HeldCommissioned, PlaceDigest};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::time::Timestamp;

use super::{PAPER_MAX, PAPER_REMINDED};
use crate::roster::Roster;

/// Why *visible* does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shut {
    /// The unit was never commissioned, and is not on paper or no more.
    Never,
    /// It was commissioned with another model than the one that reports.
    Model,
    /// It reports under a plan with other sleeping places than those it was commissioned with.
    Places,
    /// It was tried out where it hangs and cannot pass, and has not passed since.
    Refused,
    /// Another unit hangs there under its id, or it in another home, and it has not passed since.
    Exchanged,
}

impl Shut {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Never,
        Self::Model,
        Self::Places,
        Self::Refused,
        Self::Exchanged,
    ];

    /// The word in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Model => "model",
            Self::Places => "places",
            Self::Refused => "refused",
            Self::Exchanged => "exchanged",
        }
    }

    /// Reads the word that [`Shut::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shut| shut.word() == word)
    }
}

/// Whether *visible* counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// It does.
    Open,
    /// It does not.
    Shut(Shut),
}

/// How the gate stands for a report by this model under a plan with these places. The whole
/// picture, no place at all, was never tried with and never matches.
///
/// Nor does a home of more than one sleeper: nobody has said yet which of the places that were
/// found is whose, and a place that is another's would be *visible* of an empty bed.
#[must_use]
pub fn gate(
    held: Option<&HeldCommissioned>,
    model: &str,
    places: &[Vec<[f32; 2]>],
    sleepers: usize,
) -> Gate {
    let Some(held) = held else {
        return Gate::Shut(Shut::Never);
    };
    if held.model != model {
        return Gate::Shut(Shut::Model);
    }
    let is_of_one = sleepers == 1 && held.places.len() == 1;
    if !is_of_one || places.is_empty() || !held.places.contains(&PlaceDigest::of(places)) {
        return Gate::Shut(Shut::Places);
    }
    Gate::Open
}

/// Why a unit is on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaperWhy {
    /// Its looks counted before commissioning was asked of units.
    Before,
    /// The enrolment file says so.
    Enrolment,
}

impl PaperWhy {
    /// The word in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Enrolment => "enrolment",
        }
    }

    /// Reads the word that [`PaperWhy::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let mut all = [Self::Before, Self::Enrolment].into_iter();
        all.find(|why| why.word() == word)
    }
}

/// That a unit counts as commissioned for a while, and since when anything of the kind was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Which unit.
    pub unit: UnitId,
    /// Why.
    pub why: PaperWhy,
    /// Until when.
    pub until: Timestamp,
    /// When it was written down.
    pub at: Timestamp,
}

/// Papers as written, by unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Papers(BTreeMap<UnitId, (Timestamp, Timestamp)>);

impl Papers {
    /// Of rows as they stand.
    pub fn of(rows: impl IntoIterator<Item = Paper>) -> Self {
        let mut papers = Self::default();
        for row in rows {
            let (first, until) = papers.0.entry(row.unit).or_insert((row.at, row.until));
            *first = (*first).min(row.at);
            *until = (*until).max(row.until);
        }
        papers
    }

    /// Until when a unit is on paper, if it ever was.
    #[must_use]
    pub fn until(&self, unit: UnitId) -> Option<Timestamp> {
        self.0.get(&unit).map(|(_, until)| *until)
    }

    /// Until when a paper of a unit may last that is written `now`: counted from the unit's first.
    #[must_use]
    pub fn latest(&self, unit: UnitId, now: Timestamp) -> Timestamp {
        let first = self.0.get(&unit).map_or(now, |(first, _)| *first);
        first.after(PAPER_MAX)
    }
}

/// Why neither a paper nor an older word of a unit is worth anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedWhy {
    /// It was tried out and cannot pass.
    Tried,
    /// Its eye is another one, or it hangs in another home.
    Exchanged,
}

impl RefusedWhy {
    /// The word in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tried => "tried",
            Self::Exchanged => "exchanged",
        }
    }

    /// Reads the word that [`RefusedWhy::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let mut all = [Self::Tried, Self::Exchanged].into_iter();
        all.find(|why| why.word() == word)
    }
}

/// That neither a paper nor an older word of a unit is worth anything, until it passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which unit.
    pub unit: UnitId,
    /// Why.
    pub why: RefusedWhy,
    /// Its newest leave.
    pub version: u32,
    /// When.
    pub at: Timestamp,
}

/// What units said that they are commissioned as, refusals, and papers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gates {
    /// The newest word of each unit; `None` for never.
    pub words: BTreeMap<UnitId, Option<HeldCommissioned>>,
    /// Units that were refused and have not passed since: the newest refusal.
    pub refused: BTreeMap<UnitId, Refusal>,
    /// Papers.
    pub papers: Papers,
}

/// How a unit stands, for lists and matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitGate {
    /// It was commissioned with the places of the newest plans.
    Commissioned,
    /// It counts on paper, until then.
    OnPaper(Timestamp),
    /// It does not count.
    Shut(Shut),
}

impl Gates {
    /// What a unit says that it is commissioned as.
    #[must_use]
    pub fn held(&self, unit: UnitId) -> Option<&HeldCommissioned> {
        self.words.get(&unit)?.as_ref()
    }

    /// Whether a unit is on paper at this moment.
    #[must_use]
    pub fn is_on_paper(&self, unit: UnitId, now: Timestamp) -> bool {
        let until = self.papers.until(unit);
        until.is_some_and(|until| now < until) && self.refused(unit).is_none()
    }

    /// Why a unit was refused, if it has not passed since: not under a later leave, as far as is
    /// known.
    #[must_use]
    pub fn refused(&self, unit: UnitId) -> Option<Shut> {
        let held = self.held(unit).map_or(0, |held| held.version);
        let refusal = self.refused.get(&unit);
        let refusal = refusal.filter(|refusal| held <= refusal.version)?;
        Some(match refusal.why {
            RefusedWhy::Tried => Shut::Refused,
            RefusedWhy::Exchanged => Shut::Exchanged,
        })
    }

    /// How the gate stands at this moment for a unit's report; `places` are those of the plan that
    /// it reports under, if the hub knows that plan.
    #[must_use]
    pub fn of_report(
        &self,
        now: Timestamp,
        (unit, model): (UnitId, &str),
        (places, sleepers): (Option<&[Vec<[f32; 2]>]>, usize),
    ) -> Gate {
        if let Some(why) = self.refused(unit) {
            return Gate::Shut(why);
        }
        if self.is_on_paper(unit, now) {
            return Gate::Open;
        }
        gate(self.held(unit), model, places.unwrap_or_default(), sleepers)
    }

    /// How a unit stands with the newest plans of its residents. What its model is, only a report
    /// says.
    #[must_use]
    pub fn of_unit<'a>(
        &self,
        now: Timestamp,
        (unit, sleepers): (UnitId, usize),
        mut plans: impl Iterator<Item = &'a Plan>,
    ) -> UnitGate {
        if let Some(why) = self.refused(unit) {
            return UnitGate::Shut(why);
        }
        let held = self.held(unit);
        let stands = match held {
            None => Gate::Shut(Shut::Never),
            Some(held) => plans
                .find_map(
                    |plan| match gate(Some(held), &held.model, &plan.places, sleepers) {
                        Gate::Open => None,
                        shut @ Gate::Shut(_) => Some(shut),
                    },
                )
                .unwrap_or(Gate::Open),
        };
        match (stands, self.papers.until(unit)) {
            (Gate::Open, _) => UnitGate::Commissioned,
            (Gate::Shut(_), Some(until)) if now < until => UnitGate::OnPaper(until),
            (Gate::Shut(why), _) => UnitGate::Shut(why),
        }
    }

    /// Units that do not count, and units whose paper is soon over: of homes where somebody has a
    /// plan with looks.
    #[must_use]
    pub fn matters(
        &self,
        now: Timestamp,
        roster: &Roster,
        plans: &BTreeMap<nattsyn_protocol::ids::ResidentId, &Plan>,
    ) -> [Vec<UnitId>; 2] {
        let [mut awaited, mut ending] = [Vec::new(), Vec::new()];
        for home in roster.homes() {
            let of_home = home.residents.iter().filter_map(|who| plans.get(&who.id));
            let looks = of_home.filter(|plan| !plan.windows.is_empty()).copied();
            if looks.clone().next().is_none() {
                continue;
            }
            match self.of_unit(now, (home.unit, home.residents.len()), looks) {
                UnitGate::Commissioned => {}
                UnitGate::Shut(_) => awaited.push(home.unit),
                UnitGate::OnPaper(until) if now.after(PAPER_REMINDED) >= until => {
                    ending.push(home.unit);
                }
                UnitGate::OnPaper(_) => {}
            }
        }
        [awaited, ending]
    }
}
