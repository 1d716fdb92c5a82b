//! What was agreed of a resident's nights, whole: the night part of the *genomförandeplan*.
//!
//! An [`Agreement`] says which windows are looked at by the unit and which are visited by a
//! person, what is to be done when nobody can be seen, how fast, and what happens when the
//! technology fails. The unit needs only what changes its looks: [`Agreement::plan`] makes the
//! [`Plan`] that is signed and sent. What becomes of an agreement over time (away, back, died)
//! is kept beside it in the [`Book`], and [`rows`] says what a night holds for everybody, with a
//! reason where it holds nothing.
//!
//! Pure: nothing here reads a clock, a file or the store, and nothing is ever overwritten.
//!
//! [`Plan`]: nattsyn_protocol::plan::Plan

mod absence;
mod book;
pub mod command;
pub mod edit;
mod examine;
pub mod file;
pub mod outlook;
pub mod record;
pub mod rows;
pub mod settle;
pub mod staffing;
mod tonight;
mod unit_plan;

use jiff::civil::{Date, Time};

use nattsyn_protocol::calendar::{Days, Nights};
use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId, WindowKey};

pub use absence::{Absence, Away, CONFIRMED_FOR, Confirmation, Confirmed, NewAbsence, Word};
pub use book::{Agreed, Book, Ended, Ending, Origin};
pub use examine::{AgreementError, Remark};
pub use unit_plan::SPREAD_MAX;

/// One resident's agreed nights.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// Whose nights.
    pub resident: ResidentId,
    /// IANA name of the zone in which the windows are meant.
    pub zone: String,
    /// How long after a window opens the first look is due.
    pub offset: Offset,
    /// When to look, in seconds after the first look, ascending from 0.
    pub looks_after_s: Vec<u32>,
    /// The checks of each night.
    pub windows: Vec<AgreedWindow>,
    /// Other windows for a while (R141).
    pub temporary: Option<TemporaryWindows>,
    /// Agreed sleeping places, as polygons in fractions of the picture.
    pub places: Vec<Vec<[f32; 2]>>,
    /// The first night; without one, from when it was agreed.
    pub first_night: Option<Date>,
    /// The last night of a trial (R47). Consent was given no further, so nothing is looked at
    /// after it until somebody decides.
    pub trial_until: Option<Date>,
    /// When the agreement is to be gone through again with the resident (R54).
    pub review: Option<Date>,
    /// What is done when the person is not seen after the last look (R57).
    pub then: Then,
    /// Within how many minutes of an exception somebody must have answered it; without one, as
    /// the municipality has decided for everybody (R63).
    pub answer_within_min: Option<u16>,
    /// What is done when the technology fails.
    pub fallback: Fallback,
    /// What else was agreed, for whoever stands before the decision at night (R55). May name
    /// what the resident wishes; never leaves the hub.
    pub wishes: String,
}

/// When a home's first look is due after its window has opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offset {
    /// Spread: each home its own, from its id, as far as its windows leave room.
    #[default]
    Spread,
    /// So many seconds.
    Fixed(u32),
}

/// From–to in which a check is to be made, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedWindow {
    /// Names the window across versions, and for ever in the ledger.
    pub key: WindowKey,
    /// When it opens, in local time.
    pub from: Time,
    /// When it closes; earlier than `from` crosses midnight.
    pub to: Time,
    /// The days of the week on which its nights begin.
    pub days: Days,
    /// How the check is made.
    pub how: How,
}

/// How a check is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The unit looks: at these seconds after the first look, or as the agreement says if none
    /// are given.
    Looks(Vec<u32>),
    /// A person goes there.
    Visit(VisitReason, String),
}

/// Why a check is made by a visit. Digital is the first choice, so there is always a reason
/// (R15–R18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitReason {
    /// The resident needs a hand at that time, such as to the toilet.
    Help,
    /// The resident does not want a digital check.
    Declined,
    /// A digital check was considered or tried and does not suit.
    Unsuitable,
    /// Another reason, given in words.
    Other,
}

/// Windows that hold instead of the others for some nights, and end by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryWindows {
    /// The first night.
    pub first: Date,
    /// The last night.
    pub last: Date,
    /// Why, in words.
    pub reason: String,
    /// The checks of each of these nights.
    pub windows: Vec<AgreedWindow>,
}

impl TemporaryWindows {
    /// The nights for which they hold.
    #[must_use]
    pub fn nights(&self) -> Nights {
        Nights::between(self.first, self.last)
    }
}

/// What is done when the person is not seen after the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// Somebody goes there.
    #[default]
    Visit,
    /// Somebody phones, and goes there if that does not settle it.
    PhoneThenVisit,
}

/// What is done for a check that a technical fault prevents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// Somebody goes there.
    #[default]
    Visit,
    /// Somebody phones.
    Phone,
    /// Nothing: it was agreed that the check falls away. It is an exception all the same.
    Nothing,
}

/// Where a resident's unit hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The home.
    pub home: HomeId,
    /// The unit that hangs there.
    pub unit: UnitId,
    /// Which of the home's residents, counted from 0.
    pub place: usize,
}

impl Seat {
    /// A seat of which only the unit is known any more.
    pub(crate) fn elsewhere(unit: UnitId) -> Self {
        Self {
            home: HomeId::from_random([0; 8]),
            unit,
            place: 0,
        }
    }
}

impl Agreement {
    /// An agreement without windows, with the usual looks and a visit for everything else:
    /// where one is begun.
    #[must_use]
    pub fn bare(resident: ResidentId, zone: &str) -> Self {
        Self {
            resident,
            zone: zone.to_owned(),
            offset: Offset::Spread,
            looks_after_s: nattsyn_protocol::plan::LOOKS_AFTER_S.to_vec(),
            windows: Vec::new(),
            temporary: None,
            places: Vec::new(),
            first_night: None,
            trial_until: None,
            review: None,
            then: Then::Visit,
            answer_within_min: None,
            fallback: Fallback::Visit,
            wishes: String::new(),
        }
    }

    /// The nights that it is for.
    #[must_use]
    pub fn nights(&self) -> Nights {
        Nights {
            first: self.first_night,
            last: self.trial_until,
        }
    }

    /// Whether it has a window in which a unit looks.
    #[must_use]
    pub fn has_looks(&self) -> bool {
        let temporary = self.temporary.iter().flat_map(|it| &it.windows);
        let mut windows = self.windows.iter().chain(temporary);
        windows.any(|window| matches!(window.how, How::Looks(_)))
    }

    /// The windows that hold on a night, whatever the day of the week.
    #[must_use]
    pub fn windows_of(&self, night: Date) -> &[AgreedWindow] {
        match &self.temporary {
            Some(temporary) if temporary.nights().contains(night) => &temporary.windows,
            Some(_) | None => &self.windows,
        }
    }
}
