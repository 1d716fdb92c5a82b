//! Writing each step of commissioning down, with its row in the log, before it is sent.
//!
//! Each act reads the unit's rows, asks [`Course`], signs what the unit must have and writes it
//! down. Whoever runs two counters at once makes one of them fail: a step is written after the one
//! that was seen, or not at all.

use std::time::Duration;

use nattsyn_protocol::commission::trial::Verdict;
use nattsyn_protocol::commission::{
    Ask, Commissioning, LASTS_MAX, Order, SLEEPERS_MAX, Try, framing,
};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::signing::{Endorsement, Signed};
use nattsyn_protocol::time::Timestamp;

use super::course::{Course, Phase, Waits};
use super::sides::{Sides, SidesFault, SidesSaid};
use super::{CourseRow, Step};
use crate::agreement::edit::{self, EditError};
use crate::agreement::{Agreed, Origin};
use crate::audit::{Act, AuditRow};
use crate::keys::HubKeys;
use crate::roster::{Home, Roster};
use crate::store::{Courses, Entries, Store, StoreError, Written};
use crate::watch::StaffId;

/// How far behind the hub's clock a unit's may be and leave hold at once.
const BEHIND: Duration = Duration::from_secs(60);

/// Why nothing was written down.
#[derive(Debug, thiserror::Error)]
pub enum CommissionError {
    /// No such unit is enrolled.
    #[error("unit {0} is not enrolled")]
    NoSuchUnit(UnitId),
    /// Nobody lives under the unit, or too many, or others than it was tried with.
    #[error("{0} residents under the unit; from 1 to {SLEEPERS_MAX} can be commissioned")]
    Sleepers(usize),
    /// Somebody under it has no agreement yet whose places could be changed.
    #[error("{0} of the residents under the unit have no agreement")]
    NoAgreement(usize),
    /// Several sleep there, and this is no demonstration: the shipped model does not tell them
    /// apart well enough (`docs/design/0013`).
    #[error("{0} sleepers under the unit, whom the model does not tell apart well enough")]
    NotToldApart(usize),
    /// It is not said of each resident of the home in which place they sleep.
    #[error("who sleeps where")]
    Sides(#[from] SidesFault),
    /// Nobody has begun.
    #[error("nobody has begun")]
    NotBegun,
    /// The unit does not answer: the button was not pressed, or the time is up.
    #[error("the unit is not open to tries")]
    NotOpen,
    /// Somebody else leads.
    #[error("another phone leads")]
    Led,
    /// An answer is still waited for.
    #[error("a try is under way")]
    Waits,
    /// It is being tried, or its button is waited for: what was tried would be lost.
    #[error("the unit is being tried")]
    UnderWay,
    /// It cannot be tried now.
    #[error("that cannot be tried now")]
    NotNow,
    /// All tries were used.
    #[error("all tries were used")]
    Enough,
    /// It does not pass yet.
    #[error("it does not pass")]
    NotPassed,
    /// A place is none.
    #[error("sleeping place {}", .0 + 1)]
    Place(usize, #[source] framing::FramingFault),
    /// Not as many places as sleepers.
    #[error("not one place for each sleeper")]
    Places,
    /// Somebody else did something at the same moment.
    #[error("somebody else was first")]
    SomebodyElseWas,
    /// The agreement cannot be changed.
    #[error("the sleeping places of the agreement")]
    Agreement(#[from] EditError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who does something, and by which phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    /// Who.
    pub who: StaffId,
    /// Which sign-in of theirs; any, where nobody signs in.
    pub seat: Option<String>,
}

/// Whether places became their residents'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreeing {
    /// They did.
    Made,
    /// Somebody must say first who sleeps where.
    Waits,
}

/// Where commissioning is written down.
pub struct Counter<'a> {
    /// The rows.
    pub rows: &'a mut Courses,
    /// Who is enrolled.
    pub roster: &'a Roster,
    /// The hub's keys.
    pub keys: &'a HubKeys,
    /// Now.
    pub now: Timestamp,
}

impl Counter<'_> {
    /// Begins with a unit: signs leave to try it. A unit under which several sleep is begun in a
    /// demonstration alone: a generated home that had passed said *visible* of a place that was
    /// empty while the other lay in theirs (`docs/design/0013`).
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn begin(&mut self, unit: UnitId, by: &Hand) -> Result<(), CommissionError> {
        let sleepers = self.home(unit)?.residents.len();
        if !(1..=SLEEPERS_MAX).contains(&sleepers) {
            return Err(CommissionError::Sleepers(sleepers));
        }
        if sleepers > 1 && self.keys.root != demonstration::root() {
            return Err(CommissionError::NotToldApart(sleepers));
        }
        let rows = self.rows.of(unit)?;
        let (before, after) = (Course::of(&rows), rows.last().map_or(0, |row| row.id));
        let phase = before.as_ref().map(|it| it.phase(self.now));
        if matches!(phase, Some(Phase::Button(_) | Phase::Open(_))) {
            return Err(CommissionError::UnderWay);
        }
        let epoch = self.epoch();
        // A unit that was commissioned by a hub whose ledger is lost takes no lower version.
        let held = self.rows.gates()?.held(unit).map_or(0, |held| held.version);
        let known = before.as_ref().filter(|it| it.epoch == epoch);
        let known = known.map_or(0, |it| it.leave.version.max(it.seen));
        let from = self.now.before(BEHIND);
        let leave = Commissioning {
            unit,
            version: known.max(held).saturating_add(1),
            sleepers: u8::try_from(sleepers).unwrap_or(u8::MAX),
            from_ms: from,
            until_ms: from.after(LASTS_MAX),
        };
        let signed = Signed::seal(&leave, &self.keys.signing);
        let steps = [Step::Leave(signed, epoch), Step::Lead(by.seat.clone())];
        let detail = format!("{unit} version {}", leave.version);
        self.write((unit, after), by, steps, (Act::CommissionBegun, detail))
    }

    /// Takes the lead by another phone.
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn lead(&mut self, unit: UnitId, by: &Hand) -> Result<(), CommissionError> {
        let course = self.course(unit)?;
        let step = [Step::Lead(by.seat.clone())];
        let detail = format!("{unit} leads");
        self.write(
            (unit, course.last),
            by,
            step,
            (Act::CommissionBegun, detail),
        )
    }

    /// Asks for a try. One that was made is tried again.
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn ask(&mut self, unit: UnitId, what: Try, by: &Hand) -> Result<(), CommissionError> {
        let course = self.open_course(unit, by)?;
        let places = match what {
            Try::Walk { .. } => Vec::new(),
            Try::Staged { .. } => course.places.clone(),
        };
        let is_staged = matches!(what, Try::Staged { .. });
        if !course.trial.may_try(what) || (is_staged && places.is_empty()) {
            return Err(CommissionError::NotNow);
        }
        let ask = Ask::Try(what);
        let number = course.next_number(ask).ok_or(CommissionError::Enough)?;
        self.order(&course, (ask, number, places), by, Act::CommissionTried)
    }

    /// Settles where the sleeping places are.
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn settle(
        &mut self,
        unit: UnitId,
        places: Vec<Vec<[f32; 2]>>,
        by: &Hand,
    ) -> Result<(), CommissionError> {
        let course = self.open_course(unit, by)?;
        if course.to_settle().is_none() {
            return Err(CommissionError::NotNow);
        }
        if places.len() != usize::from(course.leave.sleepers) {
            return Err(CommissionError::Places);
        }
        for (index, place) in places.iter().enumerate() {
            framing::examine(place).map_err(|why| CommissionError::Place(index, why))?;
        }
        if !framing::are_apart(&places) {
            return Err(CommissionError::Places);
        }
        let text = serde_json::to_string(&places).expect("coordinates have a JSON form");
        let step = [Step::Places(text)];
        let detail = format!("{unit} {} places", places.len());
        self.write(
            (unit, course.last),
            by,
            step,
            (Act::CommissionPlaced, detail),
        )
    }

    /// Asks the unit to conclude.
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn conclude(&mut self, unit: UnitId, by: &Hand) -> Result<(), CommissionError> {
        let course = self.open_course(unit, by)?;
        if course.verdict() != Verdict::Passed {
            return Err(CommissionError::NotPassed);
        }
        let number = course.next_number(Ask::Conclude);
        let number = number.ok_or(CommissionError::Enough)?;
        let places = course.trial.places().to_vec();
        let asked = (Ask::Conclude, number, places);
        self.order(&course, asked, by, Act::CommissionConcluded)
    }

    /// Makes the place that a unit passed with its one resident's sleeping place, by a change of
    /// their agreement like any other. Where several sleep it waits until somebody has said who
    /// sleeps where ([`Counter::say`]).
    ///
    /// # Errors
    ///
    /// Why not; nothing was written.
    pub fn agree(
        &mut self,
        unit: UnitId,
        store: &mut dyn Store,
        zone: &str,
    ) -> Result<Agreeing, CommissionError> {
        let course = self.course(unit)?;
        let residents = self.residents(unit)?;
        let Some(asked) = course.asked.as_ref().filter(|_| course.passed.is_some()) else {
            return Err(CommissionError::NotPassed);
        };
        if residents.len() != asked.order.places.len() {
            return Err(CommissionError::Sleepers(residents.len()));
        }
        let ([who], [place]) = (residents.as_slice(), asked.order.places.as_slice()) else {
            return Ok(Agreeing::Waits);
        };
        let by = format!("driftsättning {}", asked.by);
        self.place(&[(*who, place)], &by, (store, zone))?;
        let hand = Hand {
            who: asked.by.clone(),
            seat: None,
        };
        let logged = (Act::CommissionPassed, unit.to_string());
        self.write((unit, course.last), &hand, [Step::Agreed], logged)?;
        Ok(Agreeing::Made)
    }

    /// Writes down who sleeps in which place of a unit that was commissioned for several, in the
    /// order of the places' numbers, and makes each place its resident's sleeping place. Said again
    /// of others it is a new row: they have swapped sides.
    ///
    /// The agreements come first: a hub that falls in between leaves plans of which nobody has said
    /// that they are right, and those count for nothing.
    ///
    /// # Errors
    ///
    /// Why not; nothing was written that counts.
    pub fn say(
        &mut self,
        unit: UnitId,
        named: &[ResidentId],
        (by, store, zone): (&Hand, &mut dyn Store, &str),
    ) -> Result<(), CommissionError> {
        let residents = self.residents(unit)?;
        let gates = self.rows.gates()?;
        let held = gates.held(unit).ok_or(CommissionError::NotPassed)?;
        let places = self.rows.passed_places(unit, &held.places)?;
        let places = places.ok_or(CommissionError::NotPassed)?;
        let sides = Sides::of(named, &held.places, &residents)?;
        let rows = self.rows.of(unit)?;
        let (course, after) = (Course::of(&rows), rows.last().map_or(0, |row| row.id));
        let whose: Vec<(ResidentId, &Vec<[f32; 2]>)> = sides.residents().zip(&places).collect();
        self.place(&whose, &format!("vem sover var {}", by.who), (store, zone))?;
        let waits = course.is_some_and(|it| it.passed.is_some() && it.agreed.is_none());
        let agreed = waits.then(|| CourseRow {
            id: 0,
            unit,
            at: self.now,
            by: Some(by.who.clone()),
            step: Step::Agreed,
        });
        let said = SidesSaid {
            unit,
            sides,
            by: by.who.clone(),
            at: self.now,
        };
        // Each reads in their own extract where they themselves were said to sleep.
        let logged: Vec<AuditRow> = (1..)
            .zip(named)
            .map(|(place, resident): (usize, _)| {
                let row = AuditRow::new(self.now, by.who.clone(), Act::SidesSaid);
                row.about(*resident).detail(format!("{unit} place {place}"))
            })
            .collect();
        match self.rows.say_sides(after, &said, (agreed, &logged))? {
            Written::Yes => Ok(()),
            Written::SomebodyElseWas => Err(CommissionError::SomebodyElseWas),
        }
    }

    /// Makes places their residents' sleeping places, in their agreements. Who has none gets none.
    fn place(
        &self,
        whose: &[(ResidentId, &Vec<[f32; 2]>)],
        by: &str,
        (store, zone): (&mut dyn Store, &str),
    ) -> Result<(), CommissionError> {
        let book = store.book()?;
        let without = whose.iter().filter(|(who, _)| book.newest(*who).is_none());
        match without.count() {
            0 => {}
            // What passed waits for them.
            without => return Err(CommissionError::NoAgreement(without)),
        }
        let mut agreements = Vec::new();
        for (who, place) in whose {
            let Some(held) = book.newest(*who) else {
                continue;
            };
            let mut agreement = held.agreement.clone();
            agreement.places = vec![(*place).clone()];
            if agreement != held.agreement {
                agreements.push(Agreed {
                    version: held.version + 1,
                    agreement,
                    made: self.now,
                    by: by.to_owned(),
                    // The enrolment file does not undo it.
                    origin: Origin::Import,
                });
            }
        }
        if agreements.is_empty() {
            return Ok(());
        }
        let desk = edit::Desk {
            keys: self.keys,
            zone,
            now: self.now,
            by,
        };
        let entries = Entries {
            agreements,
            ..Entries::default()
        };
        let entries = desk.settled(store, &book, self.roster, entries)?;
        Ok(store.record(&entries, self.now)?)
    }

    fn residents(&self, unit: UnitId) -> Result<Vec<ResidentId>, CommissionError> {
        let home = self.home(unit)?;
        Ok(home.residents.iter().map(|who| who.id).collect())
    }

    fn home(&self, unit: UnitId) -> Result<&Home, CommissionError> {
        let home = self.roster.of_unit(unit);
        home.ok_or(CommissionError::NoSuchUnit(unit))
    }

    fn course(&self, unit: UnitId) -> Result<Course, CommissionError> {
        self.home(unit)?;
        Course::of(&self.rows.of(unit)?).ok_or(CommissionError::NotBegun)
    }

    /// The course, if this hand leads it, the unit is open and nothing is under way.
    fn open_course(&self, unit: UnitId, by: &Hand) -> Result<Course, CommissionError> {
        let course = self.course(unit)?;
        if course.led != (by.who.clone(), by.seat.clone()) {
            return Err(CommissionError::Led);
        }
        match course.phase(self.now) {
            Phase::Open(_) => {}
            Phase::Button(_) | Phase::Over | Phase::Passed => {
                return Err(CommissionError::NotOpen);
            }
        }
        match course.waits(self.now) {
            Waits::Since(_) => Err(CommissionError::Waits),
            Waits::No | Waits::TooLong => Ok(course),
        }
    }

    fn order(
        &mut self,
        course: &Course,
        (ask, number, places): (Ask, u8, Vec<Vec<[f32; 2]>>),
        by: &Hand,
        act: Act,
    ) -> Result<(), CommissionError> {
        let unit = course.leave.unit;
        let order = Order {
            unit,
            version: course.leave.version,
            number,
            ask,
            places,
        };
        if !order.makes_sense(course.leave.sleepers) {
            return Err(CommissionError::NotNow);
        }
        let step = [Step::Order(Signed::seal(&order, &self.keys.signing))];
        let what = serde_json::to_string(&ask).expect("what is asked has a JSON form");
        let detail = format!("{unit} {}/{number} {what}", order.version);
        self.write((unit, course.last), by, step, (act, detail))
    }

    fn epoch(&self) -> u32 {
        let endorsement = self.keys.endorsement.open::<Endorsement>(&self.keys.root);
        // Keys are only opened with the root's word for them.
        endorsement.map_or(0, |endorsement| endorsement.epoch)
    }

    fn write<const N: usize>(
        &mut self,
        (unit, after): (UnitId, i64),
        by: &Hand,
        steps: [Step; N],
        (act, detail): (Act, String),
    ) -> Result<(), CommissionError> {
        let row = |step| CourseRow {
            id: 0,
            unit,
            at: self.now,
            by: Some(by.who.clone()),
            step,
        };
        let rows = steps.map(row);
        let logged = AuditRow::new(self.now, by.who.clone(), act).detail(detail);
        let home = self.roster.of_unit(unit);
        let residents = home.into_iter().flat_map(|home| &home.residents);
        let logged = logged.about_each(residents.map(|who| who.id));
        match self.rows.add(after, &rows, &logged)? {
            Written::Yes => Ok(()),
            Written::SomebodyElseWas => Err(CommissionError::SomebodyElseWas),
        }
    }
}
