//! The gate: whether *visible* counts, by what the unit was commissioned as.
//!
//! Pure. A report counts by how the gate stood when it came, and that is written down with it: a
//! unit that is commissioned tomorrow does not make last night's empty bed somebody's.

use std::collections::{BTreeMap, BTreeSet};

use nattsyn_protocol::commission::{HeldCommissioned, PlaceDigest};
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::time::Timestamp;

use super::sides::Sides;
use super::suited::Unsuited;
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
    /// Several sleep there, and nobody has said who of them sleeps in which place.
    Unsaid,
    /// Its first nights had so many unclear checks that sensor mode does not suit the home.
    Unsuited,
}

impl Shut {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Never,
        Self::Model,
        Self::Places,
        Self::Refused,
        Self::Exchanged,
        Self::Unsaid,
        Self::Unsuited,
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
            Self::Unsaid => "unsaid",
            Self::Unsuited => "unsuited",
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

/// Whose place is asked about, and what is known of who sleeps where.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// Who.
    pub resident: ResidentId,
    /// Everybody who lives under the unit.
    pub residents: &'a [ResidentId],
    /// What was said last of who sleeps where, if anything was.
    pub sides: Option<&'a Sides>,
}

/// How the gate stands for a report by this model under a plan with these places. The whole
/// picture, no place at all, was never tried with and never matches.
///
/// Where several sleep, a resident's place is the one that somebody said to be theirs: another's,
/// though it was tried too, would be *visible* of an empty bed.
#[must_use]
pub fn gate(
    held: Option<&HeldCommissioned>,
    (model, places): (&str, &[Vec<[f32; 2]>]),
    whose: Whose<'_>,
) -> Gate {
    let Some(held) = held else {
        return Gate::Shut(Shut::Never);
    };
    if held.model != model {
        return Gate::Shut(Shut::Model);
    }
    let own = match place_of(held, whose) {
        Ok(own) => own,
        Err(why) => return Gate::Shut(why),
    };
    if places.is_empty() || PlaceDigest::of(places) != *own {
        return Gate::Shut(Shut::Places);
    }
    Gate::Open
}

/// The place that was tried as this resident's.
fn place_of<'a>(held: &'a HeldCommissioned, whose: Whose<'a>) -> Result<&'a PlaceDigest, Shut> {
    if held.places.len() != whose.residents.len() {
        return Err(Shut::Places);
    }
    if let [own] = held.places.as_slice() {
        return Ok(own);
    }
    let sides = whose.sides;
    let said = sides.filter(|sides| sides.hold(&held.places, whose.residents));
    let said = said.ok_or(Shut::Unsaid)?;
    said.place(whose.resident).ok_or(Shut::Places)
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

/// What a unit's eye says that it is commissioned as, and which of its words that is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommissionWord {
    /// As what; `None` for never.
    pub held: Option<HeldCommissioned>,
    /// The word's number by the eye's own count; `None` from an eye that counts none.
    pub number: Option<u64>,
}

/// What a word is beside the one that was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newness {
    /// It says something else, or it is the first, or the first with a number: to be written down.
    News,
    /// It says the same.
    Same,
    /// It was said before the one that is known, and says something else.
    Older,
}

impl CommissionWord {
    /// What this word is beside the one that is known, if any is.
    ///
    /// An eye gives no two words one number, so another of the same is none of its newest. One
    /// without a number counts for as long as none with a number was heard.
    #[must_use]
    pub fn beside(&self, known: Option<&Self>) -> Newness {
        let Some(known) = known else {
            // It never was, and nothing else was thought of it.
            let is_nothing = self.held.is_none() && self.number.is_none();
            return match is_nothing {
                true => Newness::Same,
                false => Newness::News,
            };
        };
        match (self.held == known.held, known.number) {
            (true, None) if self.number.is_some() => Newness::News,
            (true, _) => Newness::Same,
            (false, Some(_)) if self.number <= known.number => Newness::Older,
            (false, _) => Newness::News,
        }
    }
}

/// What units said that they are commissioned as, refusals, and papers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gates {
    /// The newest word of each unit.
    pub words: BTreeMap<UnitId, CommissionWord>,
    /// Units that were refused and have not passed since: the newest refusal.
    pub refused: BTreeMap<UnitId, Refusal>,
    /// The newest leave of each unit that the ledger knows, by its version.
    pub leaves: BTreeMap<UnitId, u32>,
    /// Papers.
    pub papers: Papers,
    /// Units of before whose paper has not begun: the hub does not believe its clock yet.
    pub before: BTreeSet<UnitId>,
    /// Since when each unit has said that it is commissioned as it is.
    pub since: BTreeMap<UnitId, Timestamp>,
    /// The newest that was said of who sleeps where, by unit.
    pub sides: BTreeMap<UnitId, Sides>,
    /// The newest trial of each unit that showed that sensor mode does not suit its home.
    pub unsuited: BTreeMap<UnitId, Unsuited>,
}

/// The places of the plan that a report was made under, about whom, and who lives there.
pub type Asked<'a> = (Option<&'a [Vec<[f32; 2]>]>, ResidentId, &'a [ResidentId]);

/// Units by whose matter they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matters {
    /// They are to be commissioned, or anew.
    pub awaited: Vec<UnitId>,
    /// Their paper is soon over.
    pub ending: Vec<UnitId>,
    /// It is to be said who sleeps where.
    pub unsaid: Vec<UnitId>,
    /// Sensor mode does not suit their homes.
    pub unsuited: Vec<UnitId>,
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
        self.words.get(&unit)?.held.as_ref()
    }

    /// Until when a unit is on paper, if it ever was; one whose paper has not begun, as if it did
    /// at this moment.
    #[must_use]
    pub fn paper(&self, unit: UnitId, now: Timestamp) -> Option<Timestamp> {
        let waits = || self.before.contains(&unit).then(|| now.after(PAPER_MAX));
        self.papers.until(unit).or_else(waits)
    }

    /// Whether a unit is on paper at this moment.
    #[must_use]
    pub fn is_on_paper(&self, unit: UnitId, now: Timestamp) -> bool {
        let until = self.paper(unit, now);
        until.is_some_and(|until| now < until) && self.refused(unit).is_none()
    }

    /// Why a unit was refused, if it has not passed since. One that was tried has passed also where
    /// it says that it did under a later leave, which this ledger does not know.
    #[must_use]
    pub fn refused(&self, unit: UnitId) -> Option<Shut> {
        let held = self.held(unit).map_or(0, |held| held.version);
        let refusal = self.refused.get(&unit)?;
        match refusal.why {
            RefusedWhy::Tried => (held <= refusal.version).then_some(Shut::Refused),
            // What an eye held before it came here is about another home, whatever its number.
            RefusedWhy::Exchanged => Some(Shut::Exchanged),
        }
    }

    /// That a unit's trial showed that sensor mode does not suit its home, unless it was
    /// commissioned anew since. A unit that has lost what it was commissioned as is no other home.
    #[must_use]
    pub fn unsuited(&self, unit: UnitId) -> Option<&Unsuited> {
        let held = self.held(unit).map_or(0, |held| held.version);
        let unsuited = self.unsuited.get(&unit)?;
        (held <= unsuited.version).then_some(unsuited)
    }

    /// How the gate stands at this moment for a unit's report about a resident; `places` are those
    /// of the plan that it reports under, if the hub knows that plan.
    ///
    /// A trial that was refused shuts it whatever paper says: what was shown stands over what was
    /// only assumed.
    #[must_use]
    pub fn of_report(
        &self,
        now: Timestamp,
        (unit, model): (UnitId, &str),
        (places, resident, residents): Asked<'_>,
    ) -> Gate {
        if let Some(why) = self.refused(unit) {
            return Gate::Shut(why);
        }
        if self.unsuited(unit).is_some() {
            return Gate::Shut(Shut::Unsuited);
        }
        if self.is_on_paper(unit, now) {
            return Gate::Open;
        }
        let whose = Whose {
            resident,
            residents,
            sides: self.sides.get(&unit),
        };
        gate(self.held(unit), (model, places.unwrap_or_default()), whose)
    }

    /// How a unit stands with the newest plans of its residents. What its model is, only a report
    /// says.
    #[must_use]
    pub fn of_unit<'a>(
        &self,
        now: Timestamp,
        (unit, residents): (UnitId, &[ResidentId]),
        mut plans: impl Iterator<Item = &'a Plan>,
    ) -> UnitGate {
        if let Some(why) = self.refused(unit) {
            return UnitGate::Shut(why);
        }
        let held = self.held(unit);
        let sides = self.sides.get(&unit);
        if self.unsuited(unit).is_some() {
            return UnitGate::Shut(Shut::Unsuited);
        }
        let stands = match held {
            None => Gate::Shut(Shut::Never),
            Some(held) => plans
                .find_map(|plan| {
                    let whose = Whose {
                        resident: plan.resident,
                        residents,
                        sides,
                    };
                    match gate(Some(held), (&held.model, &plan.places), whose) {
                        Gate::Open => None,
                        shut @ Gate::Shut(_) => Some(shut),
                    }
                })
                .unwrap_or(Gate::Open),
        };
        match (stands, self.paper(unit, now)) {
            (Gate::Open, _) => UnitGate::Commissioned,
            (Gate::Shut(_), Some(until)) if now < until => UnitGate::OnPaper(until),
            (Gate::Shut(why), _) => UnitGate::Shut(why),
        }
    }

    /// Whose matter it is that units do not count, or soon will not: of homes where somebody has a
    /// plan with looks.
    #[must_use]
    pub fn matters(
        &self,
        now: Timestamp,
        roster: &Roster,
        plans: &BTreeMap<nattsyn_protocol::ids::ResidentId, &Plan>,
    ) -> Matters {
        let mut matters = Matters::default();
        for home in roster.homes() {
            let of_home = home.residents.iter().filter_map(|who| plans.get(&who.id));
            let looks = of_home.filter(|plan| !plan.windows.is_empty()).copied();
            if looks.clone().next().is_none() {
                continue;
            }
            let residents: Vec<ResidentId> = home.residents.iter().map(|who| who.id).collect();
            match self.of_unit(now, (home.unit, &residents), looks) {
                UnitGate::Commissioned => {}
                UnitGate::Shut(Shut::Unsaid) => matters.unsaid.push(home.unit),
                UnitGate::Shut(Shut::Unsuited) => matters.unsuited.push(home.unit),
                UnitGate::Shut(
                    Shut::Never | Shut::Model | Shut::Places | Shut::Refused | Shut::Exchanged,
                ) => {
                    matters.awaited.push(home.unit);
                }
                UnitGate::OnPaper(until) if now.after(PAPER_REMINDED) >= until => {
                    matters.ending.push(home.unit);
                }
                UnitGate::OnPaper(_) => {}
            }
        }
        matters
    }
}
