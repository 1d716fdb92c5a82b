//! How far a technician has come with one unit: made anew from the rows, every time. Pure.
//!
//! Nothing here is kept but in rows, so a hub that starts anew in the middle has lost nothing. An
//! answer counts only as the answer to the very order that waits for one ([`Course::judge`]).

use nattsyn_protocol::commission::trial::{Trial, Verdict};
use nattsyn_protocol::commission::{
    Ask, Commissioned, Commissioning, HeldCommissioning, Leave, NoTry, NotTried, Order,
    PlaceDigest, TRIES_MAX, Tried, Try,
};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::policy::Capability;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::{ANSWERED_WITHIN, BUTTON_WITHIN, CourseRow, Step};
use crate::watch::StaffId;

/// The number under which a unit refuses the leave itself; no order has it.
const OF_LEAVE: u8 = 0;

/// What came of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A look.
    Tried(Tried),
    /// None, and why.
    NotTried(NotTried),
    /// The unit passed.
    Commissioned(Commissioned),
}

/// An order as it was sent, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What.
    pub order: Order,
    /// As signed.
    pub signed: Signed,
    /// By whom.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// What came of it, and when.
    pub answer: Option<(Answer, Timestamp)>,
}

/// One unit's commissioning under its newest leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The leave.
    pub leave: Commissioning,
    /// As signed.
    pub signed: Signed,
    /// Under which epoch of the hub's keys.
    pub epoch: u32,
    /// Who began.
    pub by: StaffId,
    /// When.
    pub began: Timestamp,
    /// Who leads, and by which phone; any, where nobody signs in.
    pub led: (StaffId, Option<String>),
    /// How the leave stands by the unit's own word, and since when.
    pub stands: Option<(Leave, Timestamp)>,
    /// Why the unit did not take the leave, if it said so.
    pub refused: Option<NoTry>,
    /// The highest version of a leave that the unit says it has seen.
    pub seen: u32,
    /// Everything that was tried, as far as it counts.
    pub trial: Trial,
    /// The places as people settled them, to be tried with. Empty until then.
    pub places: Vec<Vec<[f32; 2]>>,
    /// The last order.
    pub asked: Option<Asked>,
    /// The last order to conclude, as long as nothing was tried after it.
    pub concludes: Option<Order>,
    /// How many tries were asked for.
    pub numbers: u8,
    /// The unit's run, once it has answered.
    pub boot: Option<BootId>,
    /// That it passed.
    pub passed: Option<(Commissioned, Timestamp)>,
    /// The places are the residents' sleeping places.
    pub agreed: Option<Timestamp>,
    /// The last row: what is done next is done after it.
    pub last: i64,
}

/// How a course stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The button at the unit is waited for, until then at the latest.
    Button(Timestamp),
    /// The unit answers; tries are made until then at the latest.
    Open(Timestamp),
    /// The time is up, nobody pressed the button, or the unit was started anew.
    Over,
    /// It passed.
    Passed,
}

/// How the last order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Nothing is waited for.
    No,
    /// An answer is, since then.
    Since(Timestamp),
    /// None came in time.
    TooLong,
}

/// Why an answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Nothing was asked, or it was answered.
    #[error("nothing was asked that is not answered")]
    Unasked,
    /// It answers another order.
    #[error("it answers another order")]
    AnotherOrder,
    /// It is of another run of the eye: what was tried before is not known to it.
    #[error("it is of another run of the eye")]
    AnotherBoot,
    /// It names other sleeping places than those that were tried with.
    #[error("it names other places")]
    OtherPlaces,
}

impl Course {
    /// The course that rows make; none if they do not begin with a leave that can be read. What
    /// cannot be read further on is passed over: it was read when it was written.
    #[must_use]
    pub fn of(rows: &[CourseRow]) -> Option<Self> {
        let mut course: Option<Self> = None;
        for row in rows {
            match (&row.step, &mut course) {
                (Step::Leave(signed, epoch), _) => course = Self::begun(row, signed, *epoch),
                (_, Some(course)) => course.take(row),
                (_, None) => {}
            }
        }
        course
    }

    fn begun(row: &CourseRow, signed: &Signed, epoch: u32) -> Option<Self> {
        let leave: Commissioning = serde_json::from_str(&signed.body).ok()?;
        let by = row.by.clone()?;
        Some(Self {
            leave,
            signed: signed.clone(),
            epoch,
            led: (by.clone(), None),
            by,
            began: row.at,
            stands: None,
            refused: None,
            seen: 0,
            trial: Trial::new(leave.sleepers),
            places: Vec::new(),
            asked: None,
            concludes: None,
            numbers: 0,
            boot: None,
            passed: None,
            agreed: None,
            last: row.id,
        })
    }

    /// Takes in one more row.
    pub fn take(&mut self, row: &CourseRow) {
        self.last = self.last.max(row.id);
        match &row.step {
            Step::Leave(..) => {}
            Step::Lead(seat) => {
                if let Some(by) = &row.by {
                    self.led = (by.clone(), seat.clone());
                }
            }
            Step::Stands(text) => {
                if let Ok(said) = serde_json::from_str::<HeldCommissioning>(text) {
                    self.seen = self.seen.max(said.version);
                    if said.version == self.leave.version {
                        self.stands = Some((said.stands, row.at));
                    }
                }
            }
            Step::Places(text) => {
                if let Ok(places) = serde_json::from_str(text) {
                    self.places = places;
                }
            }
            Step::Order(signed) => self.take_order(row, signed),
            Step::Tried(signed) => {
                let answer = serde_json::from_str(&signed.body).map(Answer::Tried);
                self.take_answer(row.at, answer.ok());
            }
            Step::NotTried(signed) => {
                let answer = serde_json::from_str(&signed.body).map(Answer::NotTried);
                self.take_answer(row.at, answer.ok());
            }
            Step::Commissioned(signed) => {
                let passed = passed_of(&signed.body, row.at);
                self.take_answer(row.at, passed.map(Answer::Commissioned));
            }
            Step::Agreed => self.agreed = Some(row.at),
        }
    }

    fn take_order(&mut self, row: &CourseRow, signed: &Signed) {
        let order: Result<Order, _> = serde_json::from_str(&signed.body);
        if let (Ok(order), Some(by)) = (order, row.by.clone()) {
            self.numbers = self.numbers.max(order.number);
            if order.ask == Ask::Conclude {
                self.concludes = Some(order.clone());
            }
            self.asked = Some(Asked {
                order,
                signed: signed.clone(),
                by,
                at: row.at,
                answer: None,
            });
        }
    }

    fn take_answer(&mut self, at: Timestamp, answer: Option<Answer>) {
        if let Some(Answer::NotTried(not)) = &answer
            && not.number == OF_LEAVE
        {
            self.refused = Some(not.why);
            return;
        }
        let (Some(answer), Some(asked)) = (answer, &mut self.asked) else {
            return;
        };
        match &answer {
            Answer::Tried(tried) => {
                self.boot.get_or_insert(tried.boot);
                // It passed before this, or not at all.
                self.concludes = None;
                let is_walk = matches!(tried.what, Try::Walk { .. });
                if is_walk && is_judged(tried.finding) {
                    // Where the bed is, is found anew: what was settled of it before is over.
                    self.places.clear();
                }
                self.trial.handle_tried(&asked.order, tried);
            }
            Answer::NotTried(not) => {
                self.boot.get_or_insert(not.boot);
            }
            Answer::Commissioned(commissioned) => {
                self.passed = Some((commissioned.clone(), at));
            }
        }
        asked.answer = Some((answer, at));
    }

    /// Whether an answer, verified to be of the unit's eye, answers the order that waits for one.
    ///
    /// # Errors
    ///
    /// Why not: it counts for nothing.
    pub fn judge(&self, answer: &Answer) -> Result<(), NotTaken> {
        if let Answer::NotTried(not) = answer
            && not.number == OF_LEAVE
        {
            // A leave that the unit holds, or that it refused, is refused no more.
            let waits = self.stands.is_none() && self.refused.is_none();
            return match waits && not.version == self.leave.version {
                true => Ok(()),
                false => Err(NotTaken::AnotherOrder),
            };
        }
        if let Answer::Commissioned(commissioned) = answer {
            return self.judge_passed(commissioned);
        }
        let asked = self.asked.as_ref().filter(|it| it.answer.is_none());
        let asked = asked.ok_or(NotTaken::Unasked)?;
        let order = &asked.order;
        let is_same = |version, number| (version, number) == (order.version, order.number);
        let (is_answer, boot) = match answer {
            Answer::Tried(tried) => {
                let is_what = order.ask == Ask::Try(tried.what);
                let is_same = is_same(tried.version, tried.number);
                (is_what && is_same, Some(tried.boot))
            }
            Answer::NotTried(not) => (is_same(not.version, not.number), Some(not.boot)),
            Answer::Commissioned(_) => (false, None),
        };
        if !is_answer {
            return Err(NotTaken::AnotherOrder);
        }
        match (self.boot, boot) {
            (Some(known), Some(named)) if known != named => Err(NotTaken::AnotherBoot),
            _ => Ok(()),
        }
    }

    /// That it passed answers the last order to conclude, also where something else was asked for
    /// since and nothing came of it: the answer may have been late.
    fn judge_passed(&self, commissioned: &Commissioned) -> Result<(), NotTaken> {
        let order = self.concludes.as_ref().filter(|_| self.passed.is_none());
        let order = order.ok_or(NotTaken::Unasked)?;
        let held = &commissioned.held;
        if held.version != order.version {
            return Err(NotTaken::AnotherOrder);
        }
        let of = |place: &Vec<[f32; 2]>| PlaceDigest::of(std::slice::from_ref(place));
        match order.places.iter().map(of).eq(held.places.iter().cloned()) {
            true => Ok(()),
            false => Err(NotTaken::OtherPlaces),
        }
    }

    /// Whether an answer to the order that waits says that by the unit's own count it cannot pass.
    #[must_use]
    pub fn refuses_to_conclude(&self, answer: &Answer) -> bool {
        let concludes = |asked: &Asked| asked.order.ask == Ask::Conclude;
        let Answer::NotTried(not) = answer else {
            return false;
        };
        let cannot = matches!(not.why, NoTry::NotPassed | NoTry::TooLittleRoom);
        cannot && not.number != OF_LEAVE && self.asked.as_ref().is_some_and(concludes)
    }

    /// Whether a try was asked for under this leave, now or before.
    #[must_use]
    pub fn has_asked(&self, tried: &Tried) -> bool {
        let is_asked = tried.version == self.leave.version && tried.number <= self.numbers;
        is_asked && self.boot.is_none_or(|boot| boot == tried.boot)
    }

    /// Whether what was tried under this leave shows that the unit cannot pass.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.verdict(), Verdict::Refused(_))
    }

    /// How it stands.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> Phase {
        if self.passed.is_some() {
            return Phase::Passed;
        }
        let until = self.leave.until_ms;
        match self.stands {
            _ if now >= until || self.refused.is_some() => Phase::Over,
            Some((Leave::Over, _)) => Phase::Over,
            Some((Leave::Open, since)) => {
                let until = until.min(since.after(nattsyn_protocol::commission::OPEN_FOR));
                match now < until {
                    true => Phase::Open(until),
                    false => Phase::Over,
                }
            }
            Some((Leave::Awaited, since)) => button(since, now),
            // The unit may not have been there when it began: it waits until it has heard.
            None => button(self.began, now),
        }
    }

    /// How the last order stands.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> Waits {
        match &self.asked {
            Some(asked) if asked.answer.is_none() => match now.since(asked.at) < ANSWERED_WITHIN {
                true => Waits::Since(asked.at),
                false => Waits::TooLong,
            },
            Some(_) | None => Waits::No,
        }
    }

    /// The place of each sleeper that people are to settle, once the walk proposes all of them and
    /// none is settled.
    #[must_use]
    pub fn to_settle(&self) -> Option<Vec<Vec<[f32; 2]>>> {
        if !self.places.is_empty() {
            return None;
        }
        let proposed = (0..self.leave.sleepers).map(|who| self.trial.proposed(who)?.ok());
        proposed.collect()
    }

    /// What is to be tried next, if anything is that does not wait for people to settle places.
    #[must_use]
    pub fn next(&self) -> Option<Try> {
        let next = self.trial.next()?;
        match next {
            Try::Staged { .. } if self.places.is_empty() => None,
            Try::Walk { .. } | Try::Staged { .. } => Some(next),
        }
    }

    /// Whether it can be concluded.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.trial.verdict()
    }

    /// The number of the next order; none when all were used.
    #[must_use]
    pub fn next_number(&self, ask: Ask) -> Option<u8> {
        let next = self.numbers.checked_add(1)?;
        (next <= TRIES_MAX || ask == Ask::Conclude).then_some(next)
    }

    /// How many steps are done, of how many.
    #[must_use]
    pub fn steps(&self) -> (usize, usize) {
        let steps = self.trial.steps();
        let is_done = |what: &&Try| match **what {
            Try::Walk { sleeper, spot } => {
                !self.places.is_empty() || self.trial.cells(sleeper, spot).is_some()
            }
            Try::Staged { .. } => !self.trial.outcomes(**what).is_empty(),
        };
        (steps.iter().filter(is_done).count(), steps.len())
    }
}

fn button(since: Timestamp, now: Timestamp) -> Phase {
    let until = since.after(BUTTON_WITHIN);
    match now < until {
        true => Phase::Button(until),
        false => Phase::Over,
    }
}

/// What a unit passed by its answer, or, where that was lost, by its word of itself.
fn passed_of(body: &str, at: Timestamp) -> Option<Commissioned> {
    let answer: Result<Commissioned, _> = serde_json::from_str(body);
    answer.ok().or_else(|| {
        let said: Capability = serde_json::from_str(body).ok()?;
        said_passed(&said, at)
    })
}

/// What a unit's word of itself is as an answer: of what was staged it says nothing.
pub(super) fn said_passed(said: &Capability, at: Timestamp) -> Option<Commissioned> {
    Some(Commissioned {
        unit: said.unit,
        held: said.commissioned.clone()?,
        at_ms: at,
        staged: Vec::new(),
        word: said.word,
    })
}

/// Under which leave some steps of a unit showed that it cannot pass: the newest, if any did.
#[must_use]
pub fn refused_version(steps: &[CourseRow]) -> Option<u32> {
    let mut course: Option<Course> = None;
    let mut version = None;
    for step in steps {
        match (&step.step, &mut course) {
            (Step::Leave(..), _) => course = Course::of(std::slice::from_ref(step)),
            (_, Some(course)) => course.take(step),
            (_, None) => {}
        }
        let refused = course.as_ref().filter(|it| it.is_refused());
        version = refused.map(|it| it.leave.version).or(version);
    }
    version
}

/// Whether a walk's look found anything to go by.
fn is_judged(finding: Finding) -> bool {
    match finding {
        Finding::Visible | Finding::NotVisible | Finding::Unclear(_) => true,
        Finding::Technical(_) | Finding::Paused => false,
    }
}
