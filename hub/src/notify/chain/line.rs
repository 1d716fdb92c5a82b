//! What a chain decides: orders to send, and lines for the store.
//!
//! Lines are only ever added. They are the chain's whole memory: [`super::Chain::restore`] makes
//! it anew from them. They name recipients, so they belong in the hub's store and in no log; what
//! a row is about does not stand in them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use nattsyn_protocol::time::Timestamp;

use super::names::{ChannelName, Key, Recipient, RowId, TeamName, TrialId};
use crate::watch::StaffId;

/// Why somebody is told. The more pressing is the greater: it is what a shared message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Again, of rows that they were told of.
    Reminded,
    /// First in their team.
    New,
    /// Those before them did not take it.
    Escalated,
    /// A test alarm.
    Test,
}

impl Kind {
    /// The word in settings' templates and in the store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reminded => "reminded",
            Self::New => "new",
            Self::Escalated => "escalated",
            Self::Test => "test",
        }
    }
}

/// Why an order did not get through. None of these carries what a gateway said: it may repeat a
/// phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The recipient has no address on this channel, or the channel is not there.
    NoAddress,
    /// No connection.
    Unreachable,
    /// The other end's certificate is not trusted.
    Untrusted,
    /// No answer in time.
    TimedOut,
    /// An answer that is none.
    Garbled,
    /// Too many at once, or the gateway's own fault; also after retries.
    Busy,
    /// Refused for good: a wrong key, a wrong number, a wrong template.
    Refused,
    /// The address is no more: a subscription that the browser has dropped.
    Gone,
    /// Too many orders wait for this channel here.
    Crowded,
    /// The channel's own code failed.
    Broken,
    /// Nothing was heard of the order at all.
    Unheard,
}

impl Failure {
    /// Whether another address is what would help: a phone that is chosen.
    #[must_use]
    pub fn is_for_want_of_an_address(self) -> bool {
        match self {
            Self::NoAddress | Self::Gone => true,
            Self::Unreachable
            | Self::Untrusted
            | Self::TimedOut
            | Self::Garbled
            | Self::Busy
            | Self::Refused
            | Self::Crowded
            | Self::Broken
            | Self::Unheard => false,
        }
    }

    /// Whether trying again will not help: somebody has to mend the settings or subscribe anew.
    #[must_use]
    pub fn is_for_good(self) -> bool {
        match self {
            Self::NoAddress | Self::Untrusted | Self::Refused | Self::Gone => true,
            Self::Unreachable
            | Self::TimedOut
            | Self::Garbled
            | Self::Busy
            | Self::Crowded
            | Self::Broken
            | Self::Unheard => false,
        }
    }
}

/// What an order is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Rows that need somebody.
    Rows(Vec<RowId>),
    /// A test alarm.
    Trial(TrialId),
}

/// Somebody is to be told, now, by one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The same in every repetition.
    pub key: Key,
    /// For which rows it was given.
    pub about: About,
    /// Who.
    pub to: Recipient,
    /// How.
    pub by: ChannelName,
    /// Why.
    pub kind: Kind,
    /// How many rows wait for them.
    pub count: u32,
}

/// A row that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Which.
    pub row: RowId,
    /// Whose it is.
    pub team: TeamName,
    /// Since when nobody has it: when it opened, or fell back. A row that is told anew has
    /// another `since`.
    pub since: Timestamp,
    /// How soon somebody must have taken it (R63), before the next step is told. Raised to
    /// [`super::TARGET_MIN`].
    #[serde(rename = "target_ms", with = "milliseconds")]
    pub target: Duration,
    /// Who is told, and until when.
    #[serde(default)]
    pub reach: Reach,
}

/// Who is told of a row, and until when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Step by step, until somebody takes it.
    #[default]
    Chain,
    /// The night lead at once, and on as at the chain's end until it is over.
    Lead,
    /// The night lead at once, until one message got through.
    LeadOnce,
}

/// How a test alarm ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which.
    pub trial: TrialId,
    /// Whose.
    pub team: TeamName,
    /// When somebody answered; if nobody did, the caller makes an exception of it.
    pub answered: Option<Timestamp>,
    /// Who could not be told by what, and why.
    pub undelivered: Vec<(Recipient, ChannelName, Failure)>,
}

/// One line for the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Line {
    /// A row's chain began.
    Began {
        /// When.
        at: Timestamp,
        /// For what.
        need: Need,
    },
    /// An order was given. It is written before it is sent.
    Told {
        /// When.
        at: Timestamp,
        /// Which.
        order: Order,
    },
    /// An order whose outcome a restart lost is sent again.
    ToldAgain {
        /// When.
        at: Timestamp,
        /// Which.
        key: Key,
    },
    /// A gateway took an order. See the module's [`super::super::notifier`] for what that proves.
    Delivered {
        /// When.
        at: Timestamp,
        /// Which.
        key: Key,
    },
    /// An order did not get through.
    Failed {
        /// When.
        at: Timestamp,
        /// Which.
        key: Key,
        /// Why.
        why: Failure,
    },
    /// A row went to the next step.
    Escalated {
        /// When.
        at: Timestamp,
        /// Which row.
        row: RowId,
        /// Which step it went to, from 0.
        step: usize,
        /// Who that is.
        to: Recipient,
    },
    /// A row's chain came to its end untaken. It goes on being told, at a bounded pace.
    Ended {
        /// When.
        at: Timestamp,
        /// Which row.
        row: RowId,
        /// The night lead.
        lead: Recipient,
    },
    /// A test alarm began.
    TrialBegan {
        /// When.
        at: Timestamp,
        /// Which.
        trial: TrialId,
        /// Whose.
        team: TeamName,
        /// By when somebody must have answered.
        answer_by: Timestamp,
    },
    /// Somebody answered a test alarm, in time or late.
    TrialAnswered {
        /// When.
        at: Timestamp,
        /// Which.
        trial: TrialId,
        /// Who.
        #[serde(with = "staff_id")]
        by: StaffId,
    },
    /// A test alarm is over.
    TrialOver {
        /// When.
        at: Timestamp,
        /// How.
        verdict: Verdict,
    },
    /// A shift's test alarm was never made: the hub was down until it was of no use.
    TrialMissed {
        /// When that was found.
        at: Timestamp,
        /// Whose.
        team: TeamName,
        /// When the shift began.
        shift: Timestamp,
    },
    /// What a test alarm proved is a matter on the page, if it needs somebody.
    TrialReported {
        /// When.
        at: Timestamp,
        /// Whose.
        team: TeamName,
        /// When the test alarm began, or was found missing.
        began: Timestamp,
        /// What it proved.
        proven: Proven,
    },
}

/// What a shift's test alarm proved of a team's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proven {
    /// Somebody answered, and every message got through.
    Whole,
    /// Somebody answered, and some message did not get through.
    NotWhole,
    /// Nobody answered.
    Unanswered,
    /// None was made.
    NotMade,
}

/// What the caller is to do, in this order: what is sent was written before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this down.
    Write(Line),
    /// Send this.
    Send(Order),
    /// A test alarm is over.
    Over(Verdict),
}

/// A text in the store that is no line.
#[derive(Debug, thiserror::Error)]
#[error("reading a line of the chain")]
pub struct LineError(#[from] serde_json::Error);

impl Line {
    /// As one line of JSON, for the store.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a line is plain data, which always has a JSON form")
    }

    /// Reads what [`Line::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// It is no line.
    pub fn from_json(text: &str) -> Result<Self, LineError> {
        Ok(serde_json::from_str(text)?)
    }

    /// When it was written.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Began { at, .. }
            | Self::Told { at, .. }
            | Self::ToldAgain { at, .. }
            | Self::Delivered { at, .. }
            | Self::Failed { at, .. }
            | Self::Escalated { at, .. }
            | Self::Ended { at, .. }
            | Self::TrialBegan { at, .. }
            | Self::TrialAnswered { at, .. }
            | Self::TrialOver { at, .. }
            | Self::TrialMissed { at, .. }
            | Self::TrialReported { at, .. } => *at,
        }
    }
}

mod milliseconds {
    //! A duration as a whole number of milliseconds.

    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

mod staff_id {
    //! A staff id as its text.

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::watch::StaffId;

    pub(super) fn serialize<S: Serializer>(id: &StaffId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<StaffId, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
