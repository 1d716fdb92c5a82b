//! Which policies are to be signed now, so that every unit does what was agreed. Pure.
//!
//! A unit whose residents have no entry and that never had a policy gets none: it looks by its
//! plan and shows nobody anything, which is what it does without one. From the first entry on its
//! policy follows the consents: at once when they change, and anew before its pictures would end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::policy::{Approval, Build, Mode, Policy};
use nattsyn_protocol::time::Timestamp;

use super::functions::{Said, is_at_odds};
use super::{Consents, Entry, Policies, Rules, StoredPolicy, Terms, judge, policy_of};
use crate::roster::{Home, Roster};

/// For how long a policy's pictures are allowed: a unit that is off-line over a long weekend
/// keeps its live view, and one that was carried away loses it within the week.
pub const HOLDS_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// How much of it is left when it is signed anew: three days of every week to reach a unit in.
pub const RENEWED_BEFORE: Duration = Duration::from_secs(4 * 24 * 3600);

/// How long before it was made a policy begins: a unit whose clock runs behind the hub's must
/// not take a policy for one of tomorrow. Five minutes, as for certificates.
pub const BEGINS_BEFORE: Duration = Duration::from_secs(5 * 60);

/// What is known when policies are settled.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// Who lives under which unit.
    pub roster: &'a Roster,
    /// What they agreed to.
    pub consents: &'a Consents,
    /// The newest policy of each unit.
    pub policies: &'a Policies,
    /// What the units have said of themselves.
    pub said: &'a BTreeMap<UnitId, Said>,
    /// What the municipality has decided.
    pub rules: Rules,
    /// The hub's zone, in which days are counted.
    pub zone: &'a TimeZone,
    /// Now.
    pub now: Timestamp,
}

impl Grounds<'_> {
    /// The day.
    #[must_use]
    pub fn today(&self) -> Date {
        self.now.0.to_zoned(self.zone.clone()).date()
    }

    /// The policies to sign, each by the next version of its unit. `is_ours` says whether a
    /// stored one was signed by the key in use.
    #[must_use]
    pub fn due(&self, is_ours: impl Fn(&StoredPolicy) -> bool) -> Vec<Policy> {
        let homes = self.roster.homes().iter();
        let mut units: BTreeSet<UnitId> = homes.map(|home| home.unit).collect();
        units.extend(self.policies.keys());
        let due = units.into_iter().filter_map(|unit| {
            let newest = self.policies.get(&unit);
            let (terms, until) = self.wanted(unit)?;
            let is_as_wanted = newest.is_some_and(|newest| {
                let same = newest.policy.mode == terms.mode
                    && newest.policy.stopped == terms.stopped
                    && is_ours(newest);
                let is_held = !self.is_at_odds(unit, &newest.policy);
                same && is_held && !self.is_to_renew(unit, &newest.policy, until)
            });
            (!is_as_wanted).then(|| self.next(unit, terms, until))
        });
        due.collect()
    }

    /// The same policy once more under a higher version, for the button at the unit.
    #[must_use]
    pub fn again(&self, unit: UnitId) -> Option<Policy> {
        self.policies.get(&unit)?;
        let (terms, until) = self.wanted(unit)?;
        Some(self.next(unit, terms, until))
    }

    /// What a unit is to do and until when; nothing if nobody in its home has an entry and it
    /// never had a policy, as far as the store knows and it says itself.
    #[must_use]
    pub fn wanted(&self, unit: UnitId) -> Option<(Terms, Timestamp)> {
        let newest = self.policies.get(&unit);
        let home = self.roster.of_unit(unit);
        let entries = self.entries(home);
        let held = self.said.get(&unit).and_then(|said| said.held);
        let never_had_one = newest.is_none() && held.is_none();
        if never_had_one && entries.iter().all(|(_, entries)| entries.is_empty()) {
            return None;
        }
        let terms = policy_of(&entries, self.build(unit), self.today(), self.rules);
        let until = match terms.mode {
            Mode::LiveView => self.until(&entries),
            Mode::Off | Mode::Sensor => self.now.after(HOLDS_FOR),
        };
        Some((terms, until))
    }

    fn entries<'b>(&'b self, home: Option<&Home>) -> Vec<(ResidentId, &'b [Entry])> {
        let residents = home.into_iter().flat_map(|home| &home.residents);
        let entries = residents.map(|who| (who.id, self.consents.of(who.id)));
        entries.collect()
    }

    /// What was built into a unit: as it says; as long as it has not said so since the hub
    /// started, as it must have been for the policy that it has. Never more than that.
    fn build(&self, unit: UnitId) -> Build {
        let held = self.policies.get(&unit).map(|newest| newest.policy.mode);
        let implied = match held {
            Some(Mode::LiveView) => Build::LiveView,
            Some(Mode::Off | Mode::Sensor) | None => Build::SensorOnly,
        };
        self.said.get(&unit).map_or(implied, |said| said.build)
    }

    /// Until when pictures are allowed: not beyond the day on which something that was agreed is
    /// to be gone through again.
    fn until(&self, entries: &[(ResidentId, &[Entry])]) -> Timestamp {
        let reviews = entries.iter().filter_map(|(_, entries)| {
            judge::judge(entries, std::iter::empty(), self.today(), self.rules).review
        });
        let over = reviews.min().and_then(|review| {
            let next = review.tomorrow().ok()?;
            let midnight = next.to_zoned(self.zone.clone()).ok()?;
            Timestamp::from_ms(midnight.timestamp().as_millisecond()).ok()
        });
        let week = self.now.after(HOLDS_FOR);
        over.map_or(week, |over| over.min(week))
    }

    fn is_to_renew(&self, unit: UnitId, newest: &Policy, until: Timestamp) -> bool {
        // Looks go on by a policy that has ended, so only pictures need a new one. Where nobody
        // has pressed the button there are none, and a new version would use up the wait for it.
        let held = self.said.get(&unit).and_then(|said| said.held);
        let is_unpressed = held.is_some_and(|held| held.approval != Approval::NotNeeded);
        let has_pictures = newest.mode == Mode::LiveView && !is_unpressed;
        let ends_soon = newest.until_ms < self.now.after(RENEWED_BEFORE);
        has_pictures && ends_soon && until > newest.until_ms
    }

    fn is_at_odds(&self, unit: UnitId, newest: &Policy) -> bool {
        let held = self.said.get(&unit).and_then(|said| said.held);
        held.is_some_and(|held| is_at_odds(held, newest))
    }

    /// Under a version that neither the store nor the unit has seen: a ledger that was restored
    /// from a backup counts on from where the unit is.
    fn next(&self, unit: UnitId, terms: Terms, until: Timestamp) -> Policy {
        let newest = self.policies.get(&unit);
        let stored = newest.map_or(0, |newest| newest.policy.version);
        let named = self.said.get(&unit).map_or(0, |said| said.highest);
        let version = stored.max(named);
        let from = self.now.before(BEGINS_BEFORE);
        terms.policy((unit, version.saturating_add(1)), (from, until))
    }
}
