//! Which checks are followed by a visit by lot, and what may be said of a check by whoever was
//! there. Pure.
//!
//! Only what was drawn before it was looked at is evidence: whoever is sent because a look was
//! unclear finds another kind of night. So a check comes out by lot before its window opens, with
//! a chance that is written down, and its visit says nothing of what the look said. Beside that,
//! *the bed is empty* can be said of a check that nobody was asked about. What came of an exception
//! is no label, and nothing here can make it one (`docs/design/0014`).

use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::ids::{CheckId, HomeId, UnitId};
use nattsyn_protocol::labels::{self, Found};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use crate::keys::HubKeys;
use crate::store::StoreError;
use crate::view::{CheckRow, Standing, Tonight};
use crate::watch::StaffId;

/// How long after a check's last look somebody may say what they found: later it is about another
/// moment.
pub const SAID_WITHIN: Duration = Duration::from_secs(30 * 60);

/// How long what was said can be said otherwise: a phone is held in one hand, in the dark. It goes
/// to the unit when this is over.
pub const CHANGED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// A million, in which chances are written.
const WHOLE: u32 = 1_000_000;

/// That a night of a home was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Which home.
    pub home: HomeId,
    /// Which night, by the date on which it began.
    pub night: Date,
    /// Its unit.
    pub unit: UnitId,
    /// Which check came out; `None` if none did.
    pub check: Option<CheckId>,
    /// The chance of each check that could come out, in millionths.
    pub chance_ppm: u32,
    /// When it was drawn.
    pub at: Timestamp,
}

/// Where a label comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The check was drawn before it was looked at.
    BeforeVisit,
    /// Somebody who was there anyway says that the bed is empty.
    BedEmpty,
}

/// What somebody says who was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// What they found.
    Found(Found),
    /// They cannot tell.
    Unknown,
}

impl Word {
    const ALL: [Self; 3] = [
        Self::Found(Found::Nobody),
        Self::Found(Found::Somebody),
        Self::Unknown,
    ];

    /// As it is written down, and sent in a form.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Found(Found::Nobody) => "nobody",
            Self::Found(Found::Somebody) => "somebody",
            Self::Unknown => "unknown",
        }
    }

    /// The word of a tag.
    #[must_use]
    pub fn of_tag(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.tag() == text)
    }
}

/// What somebody said of a check, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Of which check.
    pub check: CheckId,
    /// What.
    pub word: Word,
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// Why nothing can be said of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// It is no check of tonight.
    #[error("there is no such check tonight")]
    NoSuch,
    /// Its looks are not over.
    #[error("its looks are not over")]
    Early,
    /// It was looked at too long ago, or not at all.
    #[error("it was looked at too long ago, or not at all")]
    Late,
    /// It was not drawn, and somebody was asked about it.
    #[error("somebody was asked about it, and it was not drawn before")]
    Asked,
    /// Another word was said of it too long ago to be taken back.
    #[error("what was said of it stands")]
    Settled,
    /// It was not drawn: only that the bed is empty can be said of it.
    #[error("it was not drawn")]
    NotDrawn,
}

/// Draws which of a home's checks tonight is followed by a visit: of a hundred nights `percent`,
/// evenly among the checks that can come out. `lots` are drawn anew for each night and home, evenly
/// from 0 to 1. `None` where nothing is drawn at all.
#[must_use]
pub fn draw(checks: &[CheckId], percent: u8, lots: (f64, f64)) -> Option<(Option<CheckId>, u32)> {
    let of = u32::try_from(checks.len()).ok().filter(|of| *of > 0)?;
    if percent == 0 {
        return None;
    }
    let chance = u32::from(percent.min(100)) * (WHOLE / 100) / of;
    let is_drawn = lots.0 < f64::from(percent) / 100.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the number of checks"
    )]
    let at = (lots.1 * f64::from(of)) as usize;
    let check = checks.get(at.min(checks.len() - 1)).copied();
    Some((check.filter(|_| is_drawn), chance.max(1)))
}

/// Until when somebody may say what they found at a check of tonight, if they may now.
///
/// # Errors
///
/// Why nothing can be said now.
pub fn until(check: &CheckRow, now: Timestamp) -> Result<Timestamp, NotNow> {
    let is_over = match check.standing {
        Standing::Visible { .. } | Standing::VisibleLate { .. } => true,
        Standing::Exception { .. } | Standing::Said { .. } => true,
        Standing::Planned | Standing::Ongoing | Standing::Overdue => now >= check.deadline,
        Standing::CalledOff(_) => return Err(NotNow::NoSuch),
    };
    if !is_over {
        return Err(NotNow::Early);
    }
    let last = check.looks.iter().map(|look| look.at).max();
    let until = last.ok_or(NotNow::Late)?.after(SAID_WITHIN);
    match now < until {
        true => Ok(until),
        false => Err(NotNow::Late),
    }
}

/// Whether what was said then can be said otherwise now.
#[must_use]
pub fn is_open(said_ms: i64, now: Timestamp) -> bool {
    let since = now.as_ms().saturating_sub(said_ms);
    u64::try_from(since).is_ok_and(|since| Duration::from_millis(since) < CHANGED_WITHIN)
}

/// By what right something may be said of a check of tonight, and with what chance it came to be
/// asked for.
///
/// # Errors
///
/// Why it cannot.
pub fn right(tonight: &Tonight, (id, word): (CheckId, Word)) -> Result<(Source, u32), NotNow> {
    let check = tonight.checks.iter().find(|check| check.id == id);
    let check = check.ok_or(NotNow::NoSuch)?;
    let before = tonight.labels.of(id).last();
    match before {
        // What stands can be said once more, and nothing comes of it.
        Some(said) if said.word != word && !is_open(said.at.as_ms(), tonight.now) => {
            return Err(NotNow::Settled);
        }
        Some(_) => {}
        None => {
            until(check, tonight.now)?;
        }
    }
    if let Some(draw) = tonight.labels.draw_of(id) {
        return Ok((Source::BeforeVisit, draw.chance_ppm));
    }
    if before.is_some() && word == Word::Unknown {
        return Ok((Source::BedEmpty, WHOLE));
    }
    let mut exceptions = tonight.open.iter().chain(&tonight.closed);
    if exceptions.any(|row| row.checks.contains(&id)) {
        return Err(NotNow::Asked);
    }
    match word {
        Word::Found(Found::Nobody) => Ok((Source::BedEmpty, WHOLE)),
        Word::Found(Found::Somebody) | Word::Unknown => Err(NotNow::NotDrawn),
    }
}

/// What was drawn and said of tonight, as far as the desk knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled {
    /// Homes that were drawn.
    pub drawn: Vec<Draw>,
    /// What was said of checks, in order.
    pub said: Vec<Said>,
}

impl Labelled {
    /// The draw that a check came out of, if it did.
    #[must_use]
    pub fn draw_of(&self, check: CheckId) -> Option<&Draw> {
        self.drawn.iter().find(|draw| draw.check == Some(check))
    }

    /// What was said of a check.
    pub fn of(&self, check: CheckId) -> impl Iterator<Item = &Said> {
        self.said.iter().filter(move |said| said.check == check)
    }
}

/// A label on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What was said.
    pub said: Said,
    /// Of which home's check.
    pub home: HomeId,
    /// Which unit looked.
    pub unit: UnitId,
    /// By what right.
    pub source: Source,
    /// With what chance it came to be asked for, in millionths.
    pub chance_ppm: u32,
    /// As it goes down to the unit; nothing does of what nobody could tell.
    pub signed: Option<Signed>,
}

/// Why something that was said is not written down.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// Nothing can be said of it.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody says of a check of tonight, as it is written down.
///
/// # Errors
///
/// Why it cannot be said.
pub fn label(
    tonight: &Tonight,
    (check, word): (CheckId, Word),
    by: StaffId,
    keys: &HubKeys,
) -> Result<Label, NotNow> {
    let (source, chance_ppm) = right(tonight, (check, word))?;
    let row = tonight.checks.iter().find(|row| row.id == check);
    let home = row.and_then(|row| row.home).ok_or(NotNow::NoSuch)?;
    let unit = tonight.homes.iter().find(|it| it.home == home);
    let unit = unit.ok_or(NotNow::NoSuch)?.unit;
    let signed = match word {
        Word::Unknown => None,
        Word::Found(found) => {
            let label = labels::Label { unit, check, found };
            Some(Signed::seal(&label, &keys.signing))
        }
    };
    Ok(Label {
        said: Said {
            check,
            word,
            by,
            at: tonight.now,
        },
        home,
        unit,
        source,
        chance_ppm,
        signed,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nattsyn_protocol::finding::{Finding, Reason};

    use super::*;
    use crate::exception::Handling;
    use crate::view::{Cause, ExceptionRow, LookRow, Person, Reality};
    use crate::watch::{CallOff, Punctuality};

    fn minute(minute: u64) -> Timestamp {
        let opens = Timestamp::from_ms(1_795_300_000_000).unwrap();
        opens.after(Duration::from_secs(60 * minute))
    }

    fn id(window: u8) -> CheckId {
        format!("r0000001.20261121.{window}").parse().unwrap()
    }

    fn person() -> Person {
        Person {
            resident: "r0000001".parse().unwrap(),
            name: "Namn 1".to_owned(),
            address: "Exempelgatan 1".to_owned(),
        }
    }

    fn visible() -> Standing {
        Standing::Visible { at: minute(8) }
    }

    /// A check of an hour from minute 0, looked at in these minutes.
    fn check(window: u8, standing: Standing, looked: &[u64]) -> CheckRow {
        let look = |(at, number): (&u64, u8)| LookRow {
            look: number,
            at: minute(*at),
            came: minute(*at),
            finding: Finding::Visible,
        };
        CheckRow {
            id: id(window),
            person: person(),
            home: Some("h0000001".parse().unwrap()),
            opens: minute(0),
            deadline: minute(60),
            standing,
            looks: looked.iter().zip(1..).map(look).collect(),
        }
    }

    fn tonight(checks: Vec<CheckRow>, drawn: Option<CheckId>) -> Tonight {
        let draw = Draw {
            home: "h0000001".parse().unwrap(),
            night: jiff::civil::date(2026, 11, 21),
            unit: "u0000001".parse().unwrap(),
            check: drawn,
            chance_ppm: 250_000,
            at: minute(0),
        };
        Tonight {
            now: minute(12),
            night: draw.night,
            zone: "Europe/Stockholm".to_owned(),
            reality: Reality::Homes,
            open: Vec::new(),
            closed: Vec::new(),
            matters: Vec::new(),
            checks,
            homes: Vec::new(),
            consent: Arc::default(),
            labels: Arc::new(Labelled {
                drawn: vec![draw],
                said: Vec::new(),
            }),
        }
    }

    /// Somebody was asked about the first check.
    fn asked() -> ExceptionRow {
        ExceptionRow {
            id: 1,
            person: person(),
            home: Some("h0000001".parse().unwrap()),
            cause: Cause::NotVisible,
            opened: minute(9),
            due: minute(19),
            punctuality: Punctuality::InTime,
            checks: vec![id(1)],
            ended: None,
            handling: Handling::default(),
            agreed: None,
        }
    }

    #[test]
    fn so_many_of_a_hundred_nights_are_drawn_and_each_check_as_often_as_is_written_down() {
        let checks = [id(1), id(2), id(3), id(4)];
        let (mut counted, of) = ([0_u32; 4], 1_000_u32);
        let lot = |at: u32| (f64::from(at) + 0.5) / f64::from(of);
        for first in 0..of {
            // Another order for the second lot, so that all pairs of thousandths come up evenly.
            for second in (0..of).step_by(25) {
                let drawn = draw(&checks, 20, (lot(first), lot((second + first) % of))).unwrap();
                assert_eq!(drawn.1, 50_000, "one in five nights, one in four checks");
                for (count, check) in counted.iter_mut().zip(&checks) {
                    *count += u32::from(drawn.0 == Some(*check));
                }
            }
        }
        assert_eq!(counted, [2_000; 4], "of forty thousand, five in a hundred");
    }

    #[test]
    fn nothing_is_drawn_where_nobody_asked_or_nothing_is_to_come() {
        assert_eq!(draw(&[id(1)], 0, (0.0, 0.0)), None);
        assert_eq!(draw(&[], 100, (0.0, 0.0)), None);
        assert_eq!(draw(&[id(1)], 100, (1.0, 1.0)).unwrap().1, WHOLE);
        // The lot may be exactly one.
        let last = draw(&[id(1), id(2)], 101, (0.999, 1.0)).unwrap();
        assert_eq!(last, (Some(id(2)), WHOLE / 2));
    }

    #[test]
    fn what_was_found_is_said_after_the_checks_last_look_and_for_half_an_hour() {
        let exception = Standing::Exception {
            cause: Cause::Unclear(Reason::WeakEvidence),
        };
        let said = |standing, looked: &[u64], at| until(&check(1, standing, looked), minute(at));
        // Two looks, the second of which saw: that one counts.
        assert_eq!(said(visible(), &[2, 8], 9), Ok(minute(38)));
        assert_eq!(said(visible(), &[2, 8], 37), Ok(minute(38)));
        assert_eq!(said(visible(), &[2, 8], 38), Err(NotNow::Late));
        assert_eq!(said(exception, &[2, 8], 9), Ok(minute(38)));
        // Another look may come.
        assert_eq!(said(Standing::Ongoing, &[2], 9), Err(NotNow::Early));
        assert_eq!(said(Standing::Planned, &[], 9), Err(NotNow::Early));
        // It is over all the same, and nobody looked.
        assert_eq!(said(Standing::Overdue, &[], 60), Err(NotNow::Late));
        assert_eq!(said(Standing::Overdue, &[50], 60), Ok(minute(80)));
        let off = Standing::CalledOff(CallOff::Away);
        assert_eq!(said(off, &[2], 9), Err(NotNow::NoSuch));
    }

    #[test]
    fn what_came_out_by_lot_can_be_said_either_way_and_with_its_chance() {
        let drawn = tonight(vec![check(1, visible(), &[8])], Some(id(1)));
        for word in [
            Word::Found(Found::Nobody),
            Word::Found(Found::Somebody),
            Word::Unknown,
        ] {
            let right = right(&drawn, (id(1), word));
            assert_eq!(right, Ok((Source::BeforeVisit, 250_000)), "{word:?}");
        }
    }

    #[test]
    fn of_another_check_only_that_the_bed_is_empty_and_never_of_one_that_somebody_was_asked_about()
    {
        let empty = Word::Found(Found::Nobody);
        let mut night = tonight(vec![check(1, visible(), &[8])], Some(id(2)));
        assert_eq!(right(&night, (id(1), empty)), Ok((Source::BedEmpty, WHOLE)));
        for word in [Word::Found(Found::Somebody), Word::Unknown] {
            assert_eq!(right(&night, (id(1), word)), Err(NotNow::NotDrawn));
        }
        assert_eq!(right(&night, (id(3), empty)), Err(NotNow::NoSuch));
        // A row that is closed again was one.
        night.closed = vec![asked()];
        assert_eq!(right(&night, (id(1), empty)), Err(NotNow::Asked));
        std::mem::swap(&mut night.open, &mut night.closed);
        assert_eq!(right(&night, (id(1), empty)), Err(NotNow::Asked));
    }

    #[test]
    fn what_came_out_by_lot_stays_evidence_though_somebody_was_asked_about_it() {
        let mut night = tonight(vec![check(1, visible(), &[8])], Some(id(1)));
        night.open = vec![asked()];
        let somebody = Word::Found(Found::Somebody);
        assert_eq!(
            right(&night, (id(1), somebody)),
            Ok((Source::BeforeVisit, 250_000)),
            "otherwise only the nights that were easy to judge would count"
        );
    }
}
