//! The log: who did what about whom, when, for how long and why; written before it is shown.
//!
//! Rows are only added. Each carries the SHA-256 over the row before it and itself ([`chain`]),
//! so that whoever holds a later [`Head`] finds a row that was changed, removed, reordered or
//! cut. What is refused here is not shown there: [`Log::record`] says so by an error.
//!
//! No name, address, PIN, token or picture is in it: ids and the program's own words. It does not
//! keep anybody who may write the file from making the whole chain anew; heads that lie elsewhere
//! do (`docs/reference/audit.md`).

pub mod chain;
pub mod command;
pub mod extract;
pub mod heads;
mod log;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use crate::watch::{StaffId, StaffIdError};

pub use chain::{Fault, Head, Verified};
pub use log::{AuditError, Log, Question, ROWS_MAX};
pub use writer::LATE;

/// Longest detail in characters: a reason and a few ids.
pub const DETAIL_MAX: usize = 200;

/// A row's number: 1, 2, 3 and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId(pub i64);

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Somebody who works here.
    Staff(StaffId),
    /// The hub by itself.
    Hub,
    /// Somebody who did not say who they are, or was not believed.
    Unknown,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff(id) => id.fmt(f),
            Self::Hub => f.write_str("-"),
            Self::Unknown => f.write_str("?"),
        }
    }
}

impl FromStr for Who {
    type Err = StaffIdError;

    fn from_str(text: &str) -> Result<Self, StaffIdError> {
        match text {
            "-" => Ok(Self::Hub),
            "?" => Ok(Self::Unknown),
            id => id.parse().map(Self::Staff),
        }
    }
}

impl From<StaffId> for Who {
    fn from(id: StaffId) -> Self {
        Self::Staff(id)
    }
}

/// The acts, each with the word that stands in the log for ever.
macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)+) => {
        /// What somebody did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Act {
            $($(#[$doc])* $name,)+
        }

        impl Act {
            /// Every act.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// As it stands in the log. Never changed.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

acts! {
    /// Signed in.
    SignedIn = "signed_in";
    /// Was not let in.
    SignInFailed = "sign_in_failed";
    /// Signed out.
    SignedOut = "signed_out";
    /// Asked for what their roles do not allow.
    Refused = "refused";
    /// Opened tonight's list, on which names stand.
    NightOpened = "night_opened";
    /// Opened a night of the ledger, a morning report or a handover.
    LedgerOpened = "ledger_opened";
    /// Opened a resident's page.
    ResidentOpened = "resident_opened";
    /// Took a table out of the hub.
    Exported = "exported";
    /// Asked to look through a camera.
    LiveViewAsked = "live_view_asked";
    /// Was not let look through a camera, or nothing came of it; the detail says why.
    LiveViewRefused = "live_view_refused";
    /// Looks through a camera from now on.
    LiveViewBegan = "live_view_began";
    /// Looks no more; how long it lasted.
    LiveViewEnded = "live_view_ended";
    /// Said what was seen.
    LiveViewSaid = "live_view_said";
    /// Wrote a consent down.
    ConsentRecorded = "consent_recorded";
    /// Went through a consent again.
    ConsentReviewed = "consent_reviewed";
    /// Wrote down that a consent was withdrawn.
    ConsentWithdrawn = "consent_withdrawn";
    /// Opened the pages of a resident's consents.
    ConsentOpened = "consent_opened";
    /// A policy was signed for a unit.
    PolicySigned = "policy_signed";
    /// Opened a page of thresholds, or what a change would have made of the last nights.
    ThresholdsOpened = "thresholds_opened";
    /// Proposed other thresholds.
    ThresholdsProposed = "thresholds_proposed";
    /// Approved what somebody else had proposed.
    ThresholdsApproved = "thresholds_approved";
    /// Refused it.
    ThresholdsRefused = "thresholds_refused";
    /// Took back what they had proposed.
    ThresholdsWithdrawn = "thresholds_withdrawn";
    /// Went one step back, or asked to.
    ThresholdsRolledBack = "thresholds_rolled_back";
    /// Thresholds were signed for a unit though nobody decided on any: its home came or moved, an
    /// area was named anew, the floor was raised, or a key changed.
    ThresholdsSigned = "thresholds_signed";
    /// Brought a pool of labelled homes in.
    PoolTaken = "pool_taken";
    /// Signed leave to try a unit out where it hangs, or led it by another phone.
    CommissionBegun = "commission_begun";
    /// Asked a unit for a try.
    CommissionTried = "commission_tried";
    /// Settled where the sleeping places are, to be tried with.
    CommissionPlaced = "commission_placed";
    /// Asked a unit to conclude.
    CommissionConcluded = "commission_concluded";
    /// A unit passed, and its places became its residents' sleeping places.
    CommissionPassed = "commission_passed";
    /// A unit was tried out and cannot pass: its paper and what it passed before count no more.
    CommissionRefused = "commission_refused";
    /// Opened the page of who sleeps in which place.
    SidesOpened = "sides_opened";
    /// Said who sleeps in which place.
    SidesSaid = "sides_said";
    /// The first nights of a unit showed that sensor mode does not suit its home.
    SensorUnsuited = "sensor_unsuited";
    /// A check came out by lot: a visit follows it whatever it says.
    VisitDrawn = "visit_drawn";
    /// Said what was found at a check.
    Labelled = "labelled";
    /// A unit counts on paper for a while.
    OnPaper = "on_paper";
    /// Took a unit into stock, or wrote down what it is.
    UnitKept = "unit_kept";
    /// Made a code by which a unit may be let in.
    UnitCodeMade = "unit_code_made";
    /// Said what has become of a unit.
    UnitStep = "unit_step";
    /// A unit got its next certificate.
    UnitRenewed = "unit_renewed";
    /// A unit's older certificate holds no more.
    UnitSuperseded = "unit_superseded";
    /// Somebody was not let in as a unit, or did what is not a unit's to do; the detail says what.
    UnitRefused = "unit_refused";
    /// Set settings.
    SettingsChanged = "settings_changed";
    /// Took somebody in among the staff.
    StaffAdded = "staff_added";
    /// Gave somebody a new PIN.
    PinGiven = "pin_given";
    /// Wrote down that somebody left.
    StaffLeft = "staff_left";
    /// Gave somebody a role.
    RoleGiven = "role_given";
    /// Took a role from somebody.
    RoleTaken = "role_taken";
    /// Went through a role of somebody's and let it stand.
    RoleConfirmed = "role_confirmed";
    /// Wrote down that somebody has been trained.
    TrainingRecorded = "training_recorded";
    /// Registered a key.
    KeyAdded = "key_added";
    /// Removed a key.
    KeyRemoved = "key_removed";
    /// Took a roster out, to be signed.
    RosterExported = "roster_exported";
    /// Brought a signed roster in.
    RosterImported = "roster_imported";
    /// Read the log.
    LogRead = "log_read";
    /// Took the log out of the hub.
    LogExported = "log_exported";
    /// A head of the log could not be put outside.
    HeadLost = "head_lost";
    /// Made an extract for a resident.
    ExtractMade = "extract_made";
    /// The newest row's hash was put outside the hub.
    HeadExported = "head_exported";
    /// So many rows about what was shown could not be written, the detail says; from then on.
    RowsLost = "rows_lost";
}

impl Act {
    /// By its word; `None` if it is nobody's, such as a newer hub's.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|act| act.word() == word)
    }
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When, by the wall clock.
    pub at: Timestamp,
    /// Who.
    pub by: Who,
    /// What.
    pub act: Act,
    /// About whom.
    pub about: Option<ResidentId>,
    /// The row that it goes on from: a live view's end names its beginning.
    pub follows: Option<AuditId>,
    /// How long it lasted, to the millisecond.
    pub lasted: Option<Duration>,
    /// Ids and the program's words, such as why; at most [`DETAIL_MAX`] characters, the rest is
    /// cut. **No name.**
    pub detail: String,
}

impl AuditRow {
    /// A row about nobody in particular.
    #[must_use]
    pub fn new(at: Timestamp, by: impl Into<Who>, act: Act) -> Self {
        Self {
            at,
            by: by.into(),
            act,
            about: None,
            follows: None,
            lasted: None,
            detail: String::new(),
        }
    }

    /// The same, about each of these residents; once about nobody if there are none.
    #[must_use]
    pub fn about_each(&self, residents: impl Iterator<Item = ResidentId>) -> Vec<Self> {
        let rows: Vec<Self> = residents.map(|it| self.clone().about(it)).collect();
        match rows.is_empty() {
            true => vec![self.clone()],
            false => rows,
        }
    }

    /// The same, about a resident.
    #[must_use]
    pub fn about(self, resident: ResidentId) -> Self {
        Self {
            about: Some(resident),
            ..self
        }
    }

    /// The same, going on from another.
    #[must_use]
    pub fn follows(self, row: AuditId) -> Self {
        Self {
            follows: Some(row),
            ..self
        }
    }

    /// The same, having lasted.
    #[must_use]
    pub fn lasted(self, time: Duration) -> Self {
        Self {
            lasted: Some(time),
            ..self
        }
    }

    /// The same, with a detail.
    #[must_use]
    pub fn detail(self, text: impl Into<String>) -> Self {
        Self {
            detail: text.into(),
            ..self
        }
    }
}

/// A row as it stands in the log. What cannot be read of it is kept as it stands: a log must be
/// readable also where somebody has changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its number.
    pub id: AuditId,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who, as [`Who`] is written.
    pub who: String,
    /// What, by [`Act::word`].
    pub act: String,
    /// About whom.
    pub about: Option<String>,
    /// The row that it goes on from.
    pub follows: Option<i64>,
    /// How long it lasted, in milliseconds.
    pub lasted_ms: Option<i64>,
    /// What else.
    pub detail: String,
    /// The chain's link.
    pub hash: [u8; 32],
}
