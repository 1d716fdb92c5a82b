//! What the page shows: tonight, as one immutable value.
//!
//! The service makes a new [`Tonight`] after every change; the page renders it and never asks
//! the store. Nothing here travels to a unit, and nothing here is kept.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::finding::{Fault, Finding, Reason};
use nattsyn_protocol::ids::{CheckId, HomeId, ResidentId, UnitId};
use nattsyn_protocol::time::Timestamp;

use crate::agreement::{Agreement, Fallback, Then};
use crate::commission::gate::Shut;
use crate::consent::Functions;
use crate::exception::Handling;
use crate::labels::Labelled;
use crate::watch::situation::Situation;
use crate::watch::{CallOff, Punctuality, Said, Subject};

pub mod handover;
pub mod ledger;
pub mod meter;
pub mod morning;
pub mod resident;

/// Tonight in all homes, at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Tonight {
    /// The moment.
    pub now: Timestamp,
    /// The date on which the night began.
    pub night: Date,
    /// The zone in which times are shown.
    pub zone: String,
    /// Whether this is real.
    pub reality: Reality,
    /// What needs a person: open exceptions, by due time.
    pub open: Vec<ExceptionRow>,
    /// Exceptions of tonight that need nobody any more, latest first.
    pub closed: Vec<ExceptionRow>,
    /// What is about no check and needs somebody, oldest first.
    pub matters: Vec<MatterRow>,
    /// Tonight's checks, by opening time.
    pub checks: Vec<CheckRow>,
    /// The homes and how their units are.
    pub homes: Vec<HomeRow>,
    /// What was agreed to, and how far the units are with it.
    pub consent: Arc<Functions>,
    /// Which checks are followed by a visit by lot, and what was found.
    pub labels: Arc<Labelled>,
}

/// Whether what the page shows is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reality {
    /// Homes with people in them.
    Homes,
    /// Generated rooms in fast time. The page says so, always.
    Demonstration,
}

/// Who it is about, in the words of those who look after them. Never leaves the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The pseudonym, as on the wire.
    pub resident: ResidentId,
    /// The name that staff know.
    pub name: String,
    /// Where to go.
    pub address: String,
}

/// One row of "Att åtgärda": one person and one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct ExceptionRow {
    /// Names the row for ever, and is its anchor on the page.
    pub id: i64,
    /// About whom.
    pub person: Person,
    /// Where they live; `None` for somebody who is enrolled no more.
    pub home: Option<HomeId>,
    /// Why somebody is needed.
    pub cause: Cause,
    /// Since when.
    pub opened: Timestamp,
    /// By when somebody must have acted.
    pub due: Timestamp,
    /// Whether somebody was asked in time about all of it, or the hub was down for some.
    pub punctuality: Punctuality,
    /// The checks it is about, oldest first; none if the unit is silent between checks.
    pub checks: Vec<CheckId>,
    /// How it ended; `None` while it needs a person.
    pub ended: Option<(Timestamp, Ending)>,
    /// How people have handled it.
    pub handling: Handling,
    /// What was agreed for when somebody is needed; `None` if nothing was.
    pub agreed: Option<Arrangement>,
}

/// What was agreed with a resident for when somebody is needed (R55, R57, R63). Never leaves the
/// hub.
#[derive(Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// What is done when the person is not seen.
    pub then: Then,
    /// What is done when the technology fails.
    pub fallback: Fallback,
    /// Within how long somebody must have answered; `None` if nothing was agreed.
    pub answer_within: Option<Duration>,
    /// What else was agreed, in words; may be empty.
    pub wishes: String,
}

impl fmt::Debug for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            then,
            fallback,
            answer_within,
            wishes: _,
        } = self;
        write!(
            f,
            "Arrangement({then:?}, {fallback:?}, {answer_within:?}, <redacted>)"
        )
    }
}

impl Arrangement {
    /// What an agreement says of it.
    #[must_use]
    pub fn of(agreement: &Agreement) -> Self {
        let minutes = agreement.answer_within_min.map(u64::from);
        Self {
            then: agreement.then,
            fallback: agreement.fallback,
            answer_within: minutes.map(|minutes| Duration::from_secs(minutes * 60)),
            wishes: agreement.wishes.clone(),
        }
    }
}

/// Something that needs somebody and is about no check.
#[derive(Clone, Debug, PartialEq)]
pub struct MatterRow {
    /// Names the row for ever.
    pub id: i64,
    /// What is wrong.
    pub situation: Situation,
    /// About what.
    pub subject: Subject,
    /// Whom or where it concerns, in words that staff know: a name, an address, or nothing.
    pub about: String,
    /// Since when.
    pub opened: Timestamp,
    /// When it was last seen to be so, as far as the hub that runs knows.
    pub seen: Timestamp,
}

/// Why a check or a home needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The picture is good and nobody can be seen.
    NotVisible,
    /// The picture is good and does not settle it.
    Unclear(Reason),
    /// The picture is not fit to judge by, or there is none.
    Technical(Fault),
    /// The resident has switched the unit off.
    Paused,
    /// The unit is heard, and the check's report did not come.
    NoReport,
    /// The unit is not heard.
    Silent,
    /// The plan asks for a visit.
    VisitPlanned,
    /// A plan is in force and no unit in service can keep it.
    NoUnit,
    /// The person was seen, but under an older version of the plan than the night's.
    OtherPlan,
    /// The person was seen, but by a unit that is not commissioned for it.
    NotCommissioned(Shut),
    /// The resident is said to be away, and nobody has confirmed it today.
    AwayUnconfirmed,
    /// What was left of a night was called off because the resident was said to be found dead,
    /// and that was a mistake.
    CalledOffByMistake,
}

impl fmt::Display for Cause {
    /// The word in the store and in a printed ledger: a finding's own, or one of its own such as
    /// `no_report`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotVisible => Finding::NotVisible.fmt(f),
            Self::Unclear(reason) => Finding::Unclear(reason).fmt(f),
            Self::Technical(fault) => Finding::Technical(fault).fmt(f),
            Self::Paused => Finding::Paused.fmt(f),
            Self::NoReport => f.write_str("no_report"),
            Self::Silent => f.write_str("silent"),
            Self::VisitPlanned => f.write_str("visit_planned"),
            Self::NoUnit => f.write_str("no_unit"),
            Self::OtherPlan => f.write_str("other_plan"),
            Self::NotCommissioned(why) => write!(f, "not_commissioned_{}", why.word()),
            Self::AwayUnconfirmed => f.write_str("away_unconfirmed"),
            Self::CalledOffByMistake => f.write_str("called_off_by_mistake"),
        }
    }
}

impl Cause {
    /// Reads the word that [`Cause`] displays as. A word that this version does not know is a
    /// technical fault: whatever it was, it needed a person.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        let why = word.strip_prefix("not_commissioned_");
        if let Some(why) = why.and_then(Shut::from_word) {
            return Self::NotCommissioned(why);
        }
        match word {
            "no_report" => Self::NoReport,
            "silent" => Self::Silent,
            "visit_planned" => Self::VisitPlanned,
            "no_unit" => Self::NoUnit,
            "other_plan" => Self::OtherPlan,
            "away_unconfirmed" => Self::AwayUnconfirmed,
            "called_off_by_mistake" => Self::CalledOffByMistake,
            finding => match Finding::from(finding.to_owned()) {
                Finding::NotVisible => Self::NotVisible,
                Finding::Unclear(reason) => Self::Unclear(reason),
                Finding::Technical(fault) => Self::Technical(fault),
                Finding::Paused => Self::Paused,
                Finding::Visible => Self::Technical(Fault::Unrecognised),
            },
        }
    }
}

/// How an exception ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// A later look found the person.
    LaterVisible,
    /// The report came late and says that all was well.
    LateReport,
    /// The unit is heard again, and no check was missed.
    HeardAgain,
    /// A person said so.
    Said(Said),
    /// Its checks were called off.
    CalledOff,
}

/// One check of tonight.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    /// Which.
    pub id: CheckId,
    /// About whom.
    pub person: Person,
    /// Where they live; `None` for somebody who is enrolled no more.
    pub home: Option<HomeId>,
    /// When its window opens.
    pub opens: Timestamp,
    /// When its window closes.
    pub deadline: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// The looks that were made, in order.
    pub looks: Vec<LookRow>,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its window has not opened.
    Planned,
    /// Its window is open and nothing is settled.
    Ongoing,
    /// A look is more than a minute overdue, and its window is open.
    Overdue,
    /// The person was seen, by a report that came in time.
    Visible {
        /// When.
        at: Timestamp,
    },
    /// The person was seen, by a report that came after the check had become an exception.
    VisibleLate {
        /// When the look was made.
        at: Timestamp,
        /// When its report came.
        came: Timestamp,
    },
    /// A person said how it ended.
    Said {
        /// What they said.
        said: Said,
        /// When.
        at: Timestamp,
    },
    /// It is not made.
    CalledOff(CallOff),
    /// It needs a person.
    Exception {
        /// Why.
        cause: Cause,
    },
}

/// One look that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookRow {
    /// Which look of the check, counted from 1.
    pub look: u8,
    /// When, by the unit's clock.
    pub at: Timestamp,
    /// When its report came.
    pub came: Timestamp,
    /// What it concluded.
    pub finding: Finding,
}

/// One home and how its unit is.
#[derive(Clone, Debug, PartialEq)]
pub struct HomeRow {
    /// Which.
    pub home: HomeId,
    /// Its unit.
    pub unit: UnitId,
    /// Where it is.
    pub address: String,
    /// When the unit was last heard; `None` if not since the hub started.
    pub heard: Option<Timestamp>,
    /// Whether it is heard.
    pub hearing: Hearing,
}

/// Whether a unit is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It is, and its eye answers.
    Well,
    /// It is, and the resident has paused it by its switch.
    Paused,
    /// It is, and its eye does not answer or cannot see.
    EyeTrouble,
    /// It is not, for so long.
    Silent(Duration),
}
