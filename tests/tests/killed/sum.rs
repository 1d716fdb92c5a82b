//! What came of killed nights, counted, and the promise that the counts are held to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::parts::Part;

/// What came of nights.
#[derive(Default)]
pub(crate) struct Sum {
    pub(super) kills: BTreeMap<Part, usize>,
    pub(super) checks: i64,
    pub(super) visible: i64,
    pub(crate) looks_due: usize,
    pub(crate) looks_made: usize,
    pub(super) notices: i64,
    pub(super) acknowledged: usize,
    /// Acknowledged and not in the ledger.
    pub(super) lost: usize,
    /// In an outbox and, when all was quiet again, not in the ledger.
    pub(super) undelivered: usize,
    /// Checks without an end soon after their deadline.
    pub(super) silent: usize,
    /// Checks with two.
    pub(super) doubled: usize,
    /// Times when something was not back within the time that the clock waits for it.
    pub(super) stragglers: usize,
    pub(super) real: Duration,
    /// In words, what was found.
    pub(super) wrong: Vec<String>,
}

impl Sum {
    /// Adds another night's.
    pub(crate) fn add(&mut self, other: &Self) {
        for (part, kills) in &other.kills {
            *self.kills.entry(*part).or_default() += kills;
        }
        self.checks += other.checks;
        self.visible += other.visible;
        self.looks_due += other.looks_due;
        self.looks_made += other.looks_made;
        self.notices += other.notices;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.undelivered += other.undelivered;
        self.silent += other.silent;
        self.doubled += other.doubled;
        self.stragglers += other.stragglers;
        self.real += other.real;
    }

    /// Holds a night to what is promised of it.
    pub(crate) fn assert_kept(&self) {
        let found = (self.lost, self.undelivered, self.silent, self.doubled);
        assert_eq!(found, (0, 0, 0, 0), "{self}\n{}", self.wrong.join("\n"));
        assert_eq!(self.wrong, [""; 0]);
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: usize = self.kills.values().sum();
        let parts: Vec<String> = self
            .kills
            .iter()
            .map(|(part, kills)| format!("{part:?} {kills}"))
            .collect();
        write!(
            f,
            "{kills} kills ({}), {} checks, {} visible, {} of {} looks, {} notices, \
             {} acknowledged, {} lost, {} undelivered, {} silent, {} doubled, {} stragglers, {} s",
            parts.join(", "),
            self.checks,
            self.visible,
            self.looks_made,
            self.looks_due,
            self.notices,
            self.acknowledged,
            self.lost,
            self.undelivered,
            self.silent,
            self.doubled,
            self.stragglers,
            self.real.as_secs()
        )
    }
}
