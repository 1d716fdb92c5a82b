//! What the desk knows of commissioning, and what it sends. Pure, and made anew from the store.
//!
//! Pages write steps down beside the desk ([`super::counter`]); the desk sends them, and writes
//! down what units answer. What was sent and is lost is not sent again but for a leave: an order
//! that nobody answered is tried again by whoever stands there.

use std::collections::{BTreeMap, BTreeSet};

use nattsyn_protocol::commission::{
    CommissionDown, CommissionMessage, HeldCommissioning, Leave, Tried, Try,
};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::policy::Capability;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::course::{Answer, Course, NotTaken, Phase, said_passed};
use super::gate::{Asked, CommissionWord, Gate, Gates, Newness, Refusal, RefusedWhy, Shut};
use super::sides::Sides;
use super::suited::Unsuited;
use super::{CourseRow, Step};

/// An answer of a unit, verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// What it says.
    pub answer: Answer,
    /// As signed.
    pub signed: Signed,
}

impl Heard {
    /// Which unit it names.
    #[must_use]
    pub fn unit(&self) -> UnitId {
        match &self.answer {
            Answer::Tried(tried) => tried.unit,
            Answer::NotTried(not) => not.unit,
            Answer::Commissioned(commissioned) => commissioned.unit,
        }
    }
}

/// The desk's memory of commissioning.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    gates: Gates,
    courses: BTreeMap<UnitId, Course>,
    /// The last row that was taken in from the store.
    last: i64,
    /// Units whose last report was by another model than they were commissioned with.
    other_model: BTreeSet<UnitId>,
}

impl Standing {
    /// What the store says of gates: all of it is written there before anything follows from it.
    pub fn recall(&mut self, mut gates: Gates) {
        for (unit, word) in &mut gates.words {
            // A word that was said again with a higher number is no row, and is remembered here.
            let known = self.gates.words.get(unit);
            let known = known.filter(|it| it.held == word.held && word.number.is_some());
            word.number = word.number.max(known.and_then(|it| it.number));
        }
        self.gates = gates;
        let gates = &self.gates;
        self.courses
            .retain(|unit, course| !is_of_before(gates, *unit, course));
    }

    /// What the store says of units whose last look was by another model.
    pub fn recall_models(&mut self, units: Vec<UnitId>) {
        self.other_model = units.into_iter().collect();
    }

    /// What the store says of who sleeps where.
    pub fn take_sides(&mut self, sides: BTreeMap<UnitId, Sides>) {
        self.gates.sides = sides;
    }

    /// Takes in that sensor mode does not suit a home.
    pub fn take_unsuited(&mut self, unsuited: Unsuited) {
        self.gates.unsuited.insert(unsuited.unit, unsuited);
    }

    /// What is known of gates.
    #[must_use]
    pub fn gates(&self) -> &Gates {
        &self.gates
    }

    /// The last row that was taken in.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Takes in rows that another desk wrote before, and sends nothing of them: a leave that still
    /// waits for the button goes out at the unit's next hello.
    pub fn restore(&mut self, rows: &[CourseRow]) {
        for row in rows {
            self.last = self.last.max(row.id);
            if let (Step::Leave(..), Some(course)) =
                (&row.step, Course::of(std::slice::from_ref(row)))
            {
                self.courses.insert(row.unit, course);
            } else {
                self.take_one(row);
            }
        }
        let gates = &self.gates;
        self.courses
            .retain(|unit, course| !is_of_before(gates, *unit, course));
    }

    /// Takes in rows that were written beside the desk; returns what of them is to be sent, in
    /// order. What units said this desk wrote itself, and knows.
    pub fn take(
        &mut self,
        rows: &[CourseRow],
        endorsement: &Signed,
    ) -> Vec<(UnitId, CommissionDown)> {
        let mut down = Vec::new();
        for row in rows {
            self.last = self.last.max(row.id);
            match &row.step {
                Step::Leave(signed, _) => {
                    if let Some(course) = Course::of(std::slice::from_ref(row)) {
                        self.courses.insert(row.unit, course);
                        let message = message(signed, endorsement);
                        down.push((row.unit, CommissionDown::Leave(message)));
                    }
                }
                Step::Order(signed) => {
                    self.take_one(row);
                    let message = message(signed, endorsement);
                    down.push((row.unit, CommissionDown::Order(message)));
                }
                Step::Lead(_) | Step::Places(_) | Step::Agreed => self.take_one(row),
                Step::Tried(_) | Step::NotTried(_) | Step::Commissioned(_) | Step::Stands(_) => {}
            }
        }
        down
    }

    fn take_one(&mut self, row: &CourseRow) {
        if let Some(course) = self.courses.get_mut(&row.unit) {
            course.take(row);
        }
    }

    /// The leave to send to a unit that says hello: one that waits for the button and that it does
    /// not say that it holds.
    #[must_use]
    pub fn greet(
        &self,
        now: Timestamp,
        unit: UnitId,
        endorsement: &Signed,
    ) -> Option<CommissionDown> {
        let course = self.courses.get(&unit)?;
        let is_fresh = matches!(course.phase(now), Phase::Button(_)) && course.stands.is_none();
        let message = is_fresh.then(|| message(&course.signed, endorsement))?;
        Some(CommissionDown::Leave(message))
    }

    /// Takes in an answer; returns the row to write down, and that the unit cannot pass if it just
    /// became so.
    ///
    /// # Errors
    ///
    /// It answers nothing that was asked.
    pub fn answer(
        &mut self,
        now: Timestamp,
        heard: Heard,
    ) -> Result<(CourseRow, Option<Refusal>), NotTaken> {
        let unit = heard.unit();
        let course = self.courses.get_mut(&unit).ok_or(NotTaken::Unasked)?;
        course.judge(&heard.answer)?;
        let before = course.is_refused();
        let by_the_unit = course.refuses_to_conclude(&heard.answer);
        let has_passed = matches!(heard.answer, Answer::Commissioned(_));
        let row = CourseRow {
            id: 0,
            unit,
            at: now,
            by: None,
            step: match heard.answer {
                Answer::Tried(_) => Step::Tried(heard.signed),
                Answer::NotTried(_) => Step::NotTried(heard.signed),
                Answer::Commissioned(_) => Step::Commissioned(heard.signed),
            },
        };
        course.take(&row);
        let refusal = ((course.is_refused() && !before) || by_the_unit).then_some(Refusal {
            unit,
            why: RefusedWhy::Tried,
            version: course.leave.version,
            at: now,
        });
        match refusal {
            Some(refusal) => drop(self.gates.refused.insert(unit, refusal)),
            None if has_passed => drop(self.gates.refused.remove(&unit)),
            None => {}
        }
        Ok((row, refusal))
    }

    /// Takes in an answer that came too late for the order that it answers: it counts for nothing,
    /// but that the unit saw somebody where nobody was is known from it all the same.
    pub fn answer_late(&mut self, now: Timestamp, heard: &Heard) -> Option<Refusal> {
        let unit = heard.unit();
        let course = self.courses.get(&unit)?;
        let Answer::Tried(tried) = &heard.answer else {
            return None;
        };
        if !course.has_asked(tried) || !saw_somebody_where_nobody_was(tried) {
            return None;
        }
        if course.passed.is_some() || self.gates.refused.contains_key(&unit) {
            return None;
        }
        let refusal = Refusal {
            unit,
            why: RefusedWhy::Tried,
            version: course.leave.version,
            at: now,
        };
        self.gates.refused.insert(unit, refusal);
        Some(refusal)
    }

    /// Takes in what an eye said of itself; returns how its leave stands if that is news.
    pub fn hear(&mut self, now: Timestamp, capability: &Capability) -> Option<CourseRow> {
        let unit = capability.unit;
        let course = self.courses.get_mut(&unit)?;
        let known = course.stands.map(|(stands, _)| stands);
        // An eye that held it and says nothing of it was started anew, and knows nothing of it.
        let lost = known.map(|_| HeldCommissioning {
            version: course.leave.version,
            stands: Leave::Over,
        });
        let said = capability.commissioning.or(lost)?;
        // A unit that has seen later ones than a ledger that was set back: the next one is later.
        let is_later = said.version > course.leave.version.max(course.seen);
        let is_news = said.version == course.leave.version && known != Some(said.stands);
        if !is_later && !is_news {
            return None;
        }
        let text = serde_json::to_string(&said).expect("a word has a JSON form");
        let row = CourseRow {
            id: 0,
            unit,
            at: now,
            by: None,
            step: Step::Stands(text),
        };
        course.take(&row);
        Some(row)
    }

    /// Takes in what an eye said of itself; returns that it counts no more if it names a later
    /// leave than this ledger ever gave, and has not passed under it: a ledger that was set back
    /// does not know what was refused since.
    pub fn hear_later(&mut self, now: Timestamp, capability: &Capability) -> Option<Refusal> {
        let unit = capability.unit;
        let version = capability.commissioning?.version;
        let known = self.gates.leaves.get(&unit).copied();
        let course = self.courses.get(&unit).map(|course| course.leave.version);
        let refusal = self.gates.refused.get(&unit);
        if refusal.is_some_and(|refusal| refusal.why == RefusedWhy::Exchanged) {
            // What it has seen elsewhere says nothing more.
            return None;
        }
        let refused = refusal.map(|refusal| refusal.version);
        let passed = capability.commissioned.as_ref().map(|held| held.version);
        if Some(version) <= known.max(course).max(refused).max(passed) {
            return None;
        }
        let refusal = Refusal {
            unit,
            why: RefusedWhy::Tried,
            version,
            at: now,
        };
        self.gates.refused.insert(unit, refusal);
        Some(refusal)
    }

    /// Takes in what an eye said of itself; returns the row that it passed if that is as what it
    /// was asked to conclude, and its answer to that was lost.
    pub fn hear_passed(
        &mut self,
        now: Timestamp,
        signed: &Signed,
        capability: &Capability,
    ) -> Option<CourseRow> {
        let unit = capability.unit;
        let passed = said_passed(capability, now)?;
        let word = CommissionWord {
            held: Some(passed.held.clone()),
            number: capability.word,
        };
        if word.beside(self.gates.words.get(&unit)) == Newness::Older {
            return None;
        }
        let course = self.courses.get_mut(&unit)?;
        course.judge(&Answer::Commissioned(passed)).ok()?;
        let row = CourseRow {
            id: 0,
            unit,
            at: now,
            by: None,
            step: Step::Commissioned(signed.clone()),
        };
        course.take(&row);
        self.gates.refused.remove(&unit);
        Some(row)
    }

    /// Takes in as what a unit's eye says that it is commissioned, and whether it is to be written
    /// down. What is older than what is known counts for nothing.
    pub fn hear_held(&mut self, now: Timestamp, unit: UnitId, said: &CommissionWord) -> Newness {
        let newness = said.beside(self.gates.words.get(&unit));
        match newness {
            Newness::News => self.begin_words(now, unit, said.clone()),
            Newness::Same => {
                // The same with a higher number is no row: nothing else was said between.
                if let Some(known) = self.gates.words.get_mut(&unit) {
                    known.number = known.number.max(said.number);
                }
            }
            Newness::Older => {}
        }
        newness
    }

    /// Takes in as what a unit passed to an order that waited for it: whatever its number, nothing
    /// is newer.
    pub fn begin_words(&mut self, now: Timestamp, unit: UnitId, said: CommissionWord) {
        self.other_model.remove(&unit);
        let version = |word: &CommissionWord| word.held.as_ref().map(|held| held.version);
        if self.gates.words.get(&unit).and_then(version) != version(&said) {
            self.gates.since.insert(unit, now);
        }
        self.gates.words.insert(unit, said);
    }

    /// How the gate stands for a report.
    pub fn gate(
        &mut self,
        now: Timestamp,
        (unit, model): (UnitId, &str),
        asked: Asked<'_>,
    ) -> Gate {
        let gate = self.gates.of_report(now, (unit, model), asked);
        match gate {
            Gate::Shut(Shut::Model) => drop(self.other_model.insert(unit)),
            Gate::Open
            | Gate::Shut(
                Shut::Never
                | Shut::Places
                | Shut::Refused
                | Shut::Exchanged
                | Shut::Unsaid
                | Shut::Unsuited,
            ) => {
                self.other_model.remove(&unit);
            }
        }
        gate
    }

    /// Units whose model is another than they were commissioned with.
    pub fn of_other_model(&self) -> impl Iterator<Item = UnitId> {
        self.other_model.iter().copied()
    }
}

/// Whether a course is of before its unit was exchanged or moved: nothing of it is about the home
/// in which the unit hangs now.
fn is_of_before(gates: &Gates, unit: UnitId, course: &Course) -> bool {
    let refusal = gates.refused.get(&unit);
    let exchanged = refusal.filter(|refusal| refusal.why == RefusedWhy::Exchanged);
    exchanged.is_some_and(|exchanged| course.leave.version <= exchanged.version)
}

fn saw_somebody_where_nobody_was(tried: &Tried) -> bool {
    let Try::Staged { state, .. } = tried.what else {
        return false;
    };
    tried.finding == Finding::Visible && state.is_somebody() == Some(false)
}

fn message(signed: &Signed, endorsement: &Signed) -> CommissionMessage {
    CommissionMessage {
        document: signed.clone(),
        endorsement: endorsement.clone(),
    }
}
