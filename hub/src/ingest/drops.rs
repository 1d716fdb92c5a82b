//! What was not believed, counted by kind.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropKind {
    /// Its topic is none of ours, or one that only the hub writes.
    ForeignTopic,
    /// Its body is over the wire's limit.
    TooLarge,
    /// Its body is not of the expected shape.
    Unreadable,
    /// Its body is of a version that this build does not read.
    UnknownVersion,
    /// Its unit is not enrolled.
    UnknownUnit,
    /// Its signature is not that of the unit's eye.
    WrongSignature,
    /// It names another unit than its topic does.
    AnotherUnit,
    /// A sealed frame that no live view waits for, or of another length than frames have.
    StrayFrame,
    /// Signed, and it answers nothing that the hub has asked.
    Unasked,
    /// Signed, and older than what its eye said of the same before.
    OldWord,
    /// Signed counts that no night can have, of a night to come, or of one long past.
    ImpossibleCounts,
    /// Signed counts of a night that others were held of already.
    OtherCounts,
}

impl DropKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::ForeignTopic,
        Self::TooLarge,
        Self::Unreadable,
        Self::UnknownVersion,
        Self::UnknownUnit,
        Self::WrongSignature,
        Self::AnotherUnit,
        Self::StrayFrame,
        Self::Unasked,
        Self::OldWord,
        Self::ImpossibleCounts,
        Self::OtherCounts,
    ];

    /// The word in logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ForeignTopic => "foreign_topic",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::UnknownVersion => "unknown_version",
            Self::UnknownUnit => "unknown_unit",
            Self::WrongSignature => "wrong_signature",
            Self::AnotherUnit => "another_unit",
            Self::StrayFrame => "stray_frame",
            Self::Unasked => "unasked",
            Self::OldWord => "old_word",
            Self::ImpossibleCounts => "impossible_counts",
            Self::OtherCounts => "other_counts",
        }
    }
}

/// How many messages were dropped since the hub started, by kind.
#[derive(Debug, Default)]
pub struct Drops([AtomicU64; DropKind::ALL.len()]);

impl Drops {
    /// How many of a kind.
    #[must_use]
    pub fn of(&self, kind: DropKind) -> u64 {
        self.counter(kind).load(Ordering::Relaxed)
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        DropKind::ALL.iter().map(|&kind| self.of(kind)).sum()
    }

    /// Counts one. Logged when the count is a power of two: the first at once, and a flood of a
    /// million in twenty lines.
    pub(crate) fn count(&self, kind: DropKind, topic: &str) {
        let count = self.counter(kind).fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            let topic: String = topic.chars().take(40).collect();
            tracing::warn!(kind = kind.word(), count, ?topic, "dropped a message");
        }
    }

    fn counter(&self, kind: DropKind) -> &AtomicU64 {
        let index = DropKind::ALL.iter().position(|&other| other == kind);
        &self.0[index.expect("every kind is in the list of all kinds")]
    }
}
