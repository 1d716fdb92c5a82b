//! Two kinds of time, never mixed.
//!
//! [`Uptime`] is for every decision, [`Timestamp`] for people and plans: a Pi's wall clock
//! jumps when it first learns the time, so nothing may be *measured* by it. This module reads
//! no clock; `nattsyn-clock` does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Time since the machine started, from a clock that never steps back and counts suspension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uptime(pub Duration);

impl Uptime {
    /// How long ago `earlier` was; zero if it is still to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment and `duration` more.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// A moment by the wall clock, as milliseconds since 1970 (UTC) on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Timestamp(pub jiff::Timestamp);

/// A number of milliseconds outside the years −9999 to 9999.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} ms since 1970 is no moment a calendar knows")]
pub struct TimestampError(pub i64);

impl Timestamp {
    /// Milliseconds since 1970 (UTC).
    #[must_use]
    pub fn as_ms(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The moment so many milliseconds after 1970 (UTC).
    ///
    /// # Errors
    ///
    /// The number lies outside what a calendar can name.
    pub fn from_ms(ms: i64) -> Result<Self, TimestampError> {
        jiff::Timestamp::from_millisecond(ms)
            .map(Self)
            .ok()
            .ok_or(TimestampError(ms))
    }

    /// This moment and `duration` more, at most the calendar's end.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(duration)
                .unwrap_or(jiff::Timestamp::MAX),
        )
    }

    /// This moment and `duration` less, at least the calendar's beginning.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(duration)
                .unwrap_or(jiff::Timestamp::MIN),
        )
    }

    /// How long ago `earlier` was; zero if it is still to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or_default()
    }
}

impl TryFrom<i64> for Timestamp {
    type Error = TimestampError;

    fn try_from(ms: i64) -> Result<Self, TimestampError> {
        Self::from_ms(ms)
    }
}

impl From<Timestamp> for i64 {
    fn from(at: Timestamp) -> Self {
        at.as_ms()
    }
}

/// Whether the unit's wall clock can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Set from a trusted source since the machine started.
    Synced,
    /// Running from the battery-backed clock, or guessed.
    Unsynced,
}
