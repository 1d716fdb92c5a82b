//! What must be tried where a unit hangs, in which order, and whether that passes.
//!
//! Pure, and the same at both ends: the hub leads the technician by [`Trial::next`] and shows
//! [`Trial::verdict`]; the eye signs only what its own verdict calls passed. Tries are taken in as
//! they were made; nothing that was tried is forgotten but by beginning anew.

use std::collections::BTreeMap;

use super::framing::{self, FramingFault};
use super::{Order, Room, SPOTS, State, Tried, Try};
use crate::finding::{Fault, Finding};

/// Most times that one thing is staged: once, and again twice. What was staged again counts with
/// its worst.
pub const STAGED_MAX: usize = 3;

/// Of the three ways to lie in bed, how many must have been *visible* at least once.
pub const SEEN_MIN: usize = 2;

/// How many looks at somebody who lies in bed may say *not visible*, or one for each two that say
/// *visible*. A check is several looks, and one that errs so costs a visit at worst; a unit that
/// misses more does not see this bed.
pub const MISSED_MAX: usize = 1;

/// How somebody is in bed, in the order in which it is staged. What is said of somebody on the edge
/// counts in the home's levels and refuses nobody: *not visible* of them is a visit too many.
const SOMEBODY: [State; 4] = [
    State::OnTheEdge,
    State::Uncovered,
    State::HalfCovered,
    State::Covered,
];

/// How somebody lies in bed.
const LYING: [State; 3] = [State::Uncovered, State::HalfCovered, State::Covered];

/// How the bed is empty.
const NOBODY: [State; 4] = [
    State::EmptyJustLeft,
    State::EmptyHeaped,
    State::EmptyBare,
    State::EmptyMade,
];

/// Everything that was tried under one leave, as far as it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    sleepers: u8,
    walks: BTreeMap<(u8, u8), Vec<u16>>,
    /// Pictures of a walk that were not fit to judge by.
    unfit: BTreeMap<(u8, u8), Vec<Fault>>,
    places: Vec<Vec<[f32; 2]>>,
    staged: BTreeMap<Try, Vec<(Finding, Option<u8>)>>,
}

/// How a trial stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// More must be tried.
    Open,
    /// All was tried, and it passes.
    Passed,
    /// It cannot pass any more: what to say of it. Hang the unit otherwise, and begin anew with a
    /// walk.
    Refused(Vec<TrialFault>),
}

/// Why a trial does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialFault {
    /// A sleeper's place cannot be found, or is none.
    Framing {
        /// Whose, counted from 0.
        sleeper: u8,
        /// Why.
        why: FramingFault,
    },
    /// Nobody was there, and *visible* was said.
    VisibleOfEmpty(Try),
    /// Somebody lay there, and *not visible* was said more often than [`MISSED_MAX`] allows.
    NotVisibleOfSomebody(Try),
    /// The picture was not fit to judge by, [`STAGED_MAX`] times.
    Unfit(Try, Fault),
    /// The lens was covered, and a word was said all the same.
    SawThroughCover,
    /// Everybody lay in their place, [`STAGED_MAX`] times, and this one was never *visible*: the
    /// unit does not tell those who sleep there apart.
    NotToldApart {
        /// Who, counted from 0.
        sleeper: u8,
    },
    /// Fewer than [`SEEN_MIN`] ways to lie in bed were *visible*; of a further sleeper, none was.
    SeldomSeen {
        /// Who, counted from 0.
        sleeper: u8,
        /// How many were.
        seen: u8,
    },
}

impl Trial {
    /// Of which nothing was tried yet.
    #[must_use]
    pub fn new(sleepers: u8) -> Self {
        Self {
            sleepers,
            walks: BTreeMap::new(),
            unfit: BTreeMap::new(),
            places: Vec::new(),
            staged: BTreeMap::new(),
        }
    }

    /// All that must be tried, in the order in which it is least work.
    #[must_use]
    pub fn steps(&self) -> Vec<Try> {
        let walk = |sleeper| (0..SPOTS).map(move |spot| Try::Walk { sleeper, spot });
        let walks = (0..self.sleepers).flat_map(walk);
        walks.chain(staged_steps(self.sleepers)).collect()
    }

    /// Whether this may be tried now: a walk always, which begins anew where something was staged
    /// or refused; what is staged once the places are found, and [`STAGED_MAX`] times.
    #[must_use]
    pub fn may_try(&self, what: Try) -> bool {
        match what {
            Try::Walk { sleeper, spot } => sleeper < self.sleepers && spot < SPOTS,
            Try::Staged { .. } => {
                let often = self.staged.get(&what).map_or(0, Vec::len);
                often < STAGED_MAX && staged_steps(self.sleepers).contains(&what)
            }
        }
    }

    /// Takes in what a try came to, under the order that asked for it.
    pub fn handle_tried(&mut self, order: &Order, tried: &Tried) {
        match tried.what {
            Try::Walk { sleeper, spot } => {
                if !self.staged.is_empty() || matches!(self.verdict(), Verdict::Refused(_)) {
                    *self = Self::new(self.sleepers);
                }
                self.handle_walk((sleeper, spot), tried);
            }
            what @ Try::Staged { .. } => {
                if order.places != self.places {
                    self.staged.clear();
                    self.places.clone_from(&order.places);
                }
                if self.may_try(what) && tried.finding != Finding::Paused {
                    let outcomes = self.staged.entry(what).or_default();
                    outcomes.push((tried.finding, tried.level));
                }
            }
        }
    }

    fn handle_walk(&mut self, spot: (u8, u8), tried: &Tried) {
        if let Some(fault) = is_unfit(tried.finding) {
            self.unfit.entry(spot).or_default().push(fault);
        } else if tried.finding != Finding::Paused {
            self.unfit.remove(&spot);
            self.walks.insert(spot, tried.cells.clone());
        }
    }

    /// The places that were tried with.
    #[must_use]
    pub fn places(&self) -> &[Vec<[f32; 2]>] {
        &self.places
    }

    /// In which cells a sleeper was seen at a spot, once that was tried.
    #[must_use]
    pub fn cells(&self, sleeper: u8, spot: u8) -> Option<&[u16]> {
        self.walks.get(&(sleeper, spot)).map(Vec::as_slice)
    }

    /// What a staged try has come to so far, oldest first.
    #[must_use]
    pub fn outcomes(&self, what: Try) -> &[(Finding, Option<u8>)] {
        self.staged.get(&what).map_or(&[], Vec::as_slice)
    }

    /// The place that a sleeper's walk proposes; `None` while it is not whole.
    #[must_use]
    pub fn proposed(&self, sleeper: u8) -> Option<Result<Vec<[f32; 2]>, FramingFault>> {
        let walk: Option<Vec<&[u16]>> = (0..SPOTS).map(|spot| self.cells(sleeper, spot)).collect();
        Some(framing::propose(walk?))
    }

    /// What is to be tried next; `None` where all was, or nothing helps any more.
    #[must_use]
    pub fn next(&self) -> Option<Try> {
        if matches!(self.verdict(), Verdict::Refused(_)) {
            return None;
        }
        let is_done = |what: &Try| match *what {
            // Once something is staged the walk is over.
            Try::Walk { sleeper, spot } => {
                !self.staged.is_empty() || self.cells(sleeper, spot).is_some()
            }
            Try::Staged { .. } => self.is_settled(*what),
        };
        let next = self.steps().into_iter().find(|what| !is_done(what));
        next.or_else(|| self.again())
    }

    /// What is worth staging again once everything was: somebody who was seen too seldom lies
    /// otherwise each time, and a check is several looks too.
    fn again(&self) -> Option<Try> {
        let seldom = (0..self.sleepers).find(|sleeper| self.seldom(*sleeper).is_some())?;
        let is_worth_it = |what: &Try| {
            let Try::Staged { sleeper, state, .. } = what else {
                return false;
            };
            let outcomes = self.outcomes(*what);
            *sleeper == Some(seldom)
                && LYING.contains(state)
                && outcomes.len() < STAGED_MAX
                && !self.was_seen(seldom, *state)
        };
        staged_steps(self.sleepers).into_iter().find(is_worth_it)
    }

    /// Whether a staged try came to something that can be judged by: a picture that was fit, of a
    /// covered lens one that was seen to be covered, of all together that this one is *visible*.
    fn is_settled(&self, what: Try) -> bool {
        let mut outcomes = self.outcomes(what).iter();
        if is_together(what) {
            return outcomes.any(|(finding, _)| *finding == Finding::Visible);
        }
        if is_lens_covered(what) {
            return outcomes.any(|(finding, _)| is_blinded(*finding));
        }
        outcomes.any(|(finding, _)| is_unfit(*finding).is_none())
    }

    /// How it stands.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut faults: Vec<TrialFault> = Vec::new();
        if self.staged.is_empty() {
            for sleeper in 0..self.sleepers {
                if let Some(Err(why)) = self.proposed(sleeper) {
                    faults.push(TrialFault::Framing { sleeper, why });
                }
            }
            faults.extend(self.unfit.iter().filter_map(|((sleeper, spot), said)| {
                let what = Try::Walk {
                    sleeper: *sleeper,
                    spot: *spot,
                };
                let last = said.get(STAGED_MAX - 1..)?.last()?;
                Some(TrialFault::Unfit(what, *last))
            }));
        }
        let steps = staged_steps(self.sleepers);
        faults.extend(steps.iter().filter_map(|what| self.fault(*what)));
        let is_settled = steps.iter().all(|what| self.is_settled(*what));
        let is_whole = is_settled && self.again().is_none();
        if is_whole {
            faults.extend(self.missed(&steps));
            faults.extend((0..self.sleepers).filter_map(|sleeper| self.seldom(sleeper)));
        }
        match (faults.is_empty(), is_whole) {
            (false, _) => Verdict::Refused(faults),
            (true, true) => Verdict::Passed,
            (true, false) => Verdict::Open,
        }
    }

    /// What one staged try has shown to be wrong.
    fn fault(&self, what: Try) -> Option<TrialFault> {
        let Try::Staged { sleeper, state, .. } = what else {
            return None;
        };
        let outcomes = self.outcomes(what);
        let said = |word: Finding| outcomes.iter().any(|(finding, _)| *finding == word);
        match state.is_somebody() {
            None => {
                let saw = outcomes.iter().any(|(it, _)| is_unfit(*it).is_none());
                let last = outcomes.get(STAGED_MAX - 1..).and_then(|it| it.last());
                let never = last.filter(|_| !self.is_settled(what));
                let never = never.and_then(|(finding, _)| is_unfit(*finding));
                let saw = saw.then_some(TrialFault::SawThroughCover);
                saw.or(never.map(|fault| TrialFault::Unfit(what, fault)))
            }
            Some(false) if said(Finding::Visible) => Some(TrialFault::VisibleOfEmpty(what)),
            Some(_) if outcomes.len() >= STAGED_MAX && !self.is_settled(what) => {
                let fault = outcomes.last().and_then(|(finding, _)| is_unfit(*finding));
                let unfit = fault.map(|fault| TrialFault::Unfit(what, fault));
                let apart = sleeper.filter(|_| is_together(what));
                unfit.or(apart.map(|sleeper| TrialFault::NotToldApart { sleeper }))
            }
            Some(_) => None,
        }
    }

    /// What was missed of people who lay in bed, if it is more than may be.
    fn missed(&self, steps: &[Try]) -> Vec<TrialFault> {
        let lying = steps.iter().filter(|what| is_lying(**what));
        let said = |what: Try, word| {
            let outcomes = self.outcomes(what).iter();
            outcomes.filter(|(finding, _)| *finding == word).count()
        };
        let (mut missed, mut times, mut seen) = (Vec::new(), 0, 0);
        for what in lying {
            seen += said(*what, Finding::Visible);
            let here = said(*what, Finding::NotVisible);
            times += here;
            if here > 0 {
                missed.push(TrialFault::NotVisibleOfSomebody(*what));
            }
        }
        if times > MISSED_MAX.max(seen / 2) {
            missed
        } else {
            Vec::new()
        }
    }

    /// Whether a sleeper was seen too seldom.
    fn seldom(&self, sleeper: u8) -> Option<TrialFault> {
        let was_seen = |state: &&State| self.was_seen(sleeper, **state);
        let seen = LYING.iter().filter(was_seen).count();
        let needed = if sleeper == 0 { SEEN_MIN } else { 1 };
        (seen < needed).then(|| TrialFault::SeldomSeen {
            sleeper,
            seen: u8::try_from(seen).unwrap_or(u8::MAX),
        })
    }

    /// Whether a sleeper was *visible* in this state, however the room was.
    fn was_seen(&self, sleeper: u8, state: State) -> bool {
        let alike = self.staged.iter().filter(|(what, _)| {
            matches!(what, Try::Staged { sleeper: Some(of), state: staged, .. }
                if *of == sleeper && *staged == state)
        });
        let mut said = alike.flat_map(|(_, outcomes)| outcomes);
        said.any(|(finding, _)| *finding == Finding::Visible)
    }
}

/// What is staged in a home with so many sleepers, in order.
fn staged_steps(sleepers: u8) -> Vec<Try> {
    let staged = |sleeper, room| {
        move |state| Try::Staged {
            sleeper,
            state,
            room,
        }
    };
    let of = |sleeper, state| staged(Some(sleeper), Room::AsItIs)(state);
    let mut steps: Vec<Try> = Vec::new();
    if sleepers > 1 {
        // First what fails most often, so that nobody stages the rest for nothing.
        steps.extend((0..sleepers).map(|sleeper| of(sleeper, State::Together)));
    }
    steps.extend(SOMEBODY.map(|state| of(0, state)));
    if sleepers > 1 {
        // Of two, who lies there stays: the other's place is asked about meanwhile.
        steps.push(of(1, State::OtherInBed));
        steps.extend((1..sleepers).map(|sleeper| of(sleeper, State::Covered)));
        let others = (0..sleepers).filter(|sleeper| *sleeper != 1);
        steps.extend(others.map(|sleeper| of(sleeper, State::OtherInBed)));
    }
    steps.extend(NOBODY.into_iter().map(staged(None, Room::AsItIs)));
    let [edge, bare, half, covered] = SOMEBODY;
    let [left, heaped, empty_bare, made] = NOBODY;
    steps.extend([covered, half].map(staged(Some(0), Room::Otherwise)));
    steps.extend([left, heaped].map(staged(None, Room::Otherwise)));
    steps.extend([edge, bare].map(staged(Some(0), Room::Lit)));
    steps.extend([empty_bare, made].map(staged(None, Room::Lit)));
    steps.push(staged(None, Room::Lit)(State::LensCovered));
    steps
}

/// Whether what the camera saw of this goes into the profile of the room: three states as it is and
/// three otherwise, one of them lit, as `docs/design/0011` measured it.
#[must_use]
pub fn is_profiled(what: Try) -> bool {
    let Try::Staged { state, room, .. } = what else {
        return false;
    };
    match room {
        Room::AsItIs => matches!(
            state,
            State::EmptyMade | State::Covered | State::EmptyJustLeft
        ),
        Room::Otherwise => matches!(state, State::Covered | State::EmptyJustLeft),
        Room::Lit => state == State::EmptyMade,
    }
}

/// Whether somebody lies in the place that is asked about.
fn is_lying(what: Try) -> bool {
    matches!(what, Try::Staged { state, .. } if LYING.contains(&state)) || is_together(what)
}

fn is_together(what: Try) -> bool {
    matches!(
        what,
        Try::Staged {
            state: State::Together,
            ..
        }
    )
}

fn is_lens_covered(what: Try) -> bool {
    matches!(
        what,
        Try::Staged {
            state: State::LensCovered,
            ..
        }
    )
}

/// Whether the picture itself says that something is before the lens. A camera that is down, or too
/// slow, says nothing of that.
fn is_blinded(finding: Finding) -> bool {
    let blinded = [
        Fault::Dark,
        Fault::Covered,
        Fault::Blurred,
        Fault::Saturated,
    ];
    is_unfit(finding).is_some_and(|fault| blinded.contains(&fault))
}

/// The fault that keeps a picture from being judged; `None` where it was judged. A pause is no
/// fault and no judgement: it is not taken in at all.
fn is_unfit(finding: Finding) -> Option<Fault> {
    match finding {
        Finding::Technical(fault) => Some(fault),
        Finding::Visible | Finding::NotVisible | Finding::Unclear(_) | Finding::Paused => None,
    }
}

#[cfg(test)]
mod tests;
