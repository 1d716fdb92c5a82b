//! The morning report: a night in the figures that are handed over to the day (R68).
//!
//! Counts what the ledger holds and judges nobody: no employee appears in it, and nothing of how
//! anybody slept.

use std::collections::BTreeMap;

use super::ledger::{Account, Balance, NightLedger};
use super::{Cause, Person};
use crate::watch::{Arrival, How, Manner, Said};

use nattsyn_protocol::time::Timestamp;

/// A night's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Morning {
    /// That nothing is missing.
    pub balance: Balance,
    /// Checks that ended in time: seen by a unit before anybody was asked, or called off.
    pub done: usize,
    /// Checks that ended after somebody had been asked.
    pub late: usize,
    /// How often somebody was asked, by cause; the most frequent first.
    pub causes: Vec<(Cause, usize)>,
    /// Checks that ended as a visit.
    pub visits: usize,
    /// Of those, the ones that the plan asked for.
    pub visits_planned: usize,
    /// How often somebody entered each home, by person; the most disturbed first. Who was not
    /// disturbed is left out.
    pub disturbances: Vec<(Person, usize)>,
    /// Checks that are open exceptions still, by person.
    pub unanswered: Vec<(Person, Cause, Timestamp)>,
}

/// The report of a night at a moment.
#[must_use]
pub fn report(night: &NightLedger, now: Timestamp) -> Morning {
    let mut morning = Morning {
        balance: Balance::of(night, now),
        done: 0,
        late: 0,
        causes: causes(night),
        visits: 0,
        visits_planned: 0,
        disturbances: disturbances(night),
        unanswered: Vec::new(),
    };
    for line in &night.lines {
        match line.account(now) {
            Account::Ended(How::Visible(Arrival::InTime) | How::CalledOff(_)) => morning.done += 1,
            Account::Ended(How::Visible(Arrival::Late)) => morning.late += 1,
            Account::Ended(How::Said(said)) => {
                if line.exceptions.is_empty() || line.manner == Manner::Physical {
                    morning.done += 1;
                } else {
                    morning.late += 1;
                }
                if said == Said::Visited {
                    morning.visits += 1;
                    morning.visits_planned += usize::from(line.manner == Manner::Physical);
                }
            }
            Account::Open(cause) => {
                morning
                    .unanswered
                    .push((line.person.clone(), cause, line.deadline));
            }
            Account::Awaited | Account::Unaccounted => {}
        }
    }
    morning
}

/// Each exception once, however many checks it was about.
fn causes(night: &NightLedger) -> Vec<(Cause, usize)> {
    let rows = night.lines.iter().flat_map(|line| &line.exceptions);
    let by_id: BTreeMap<i64, Cause> = rows.map(|row| (row.id, row.cause)).collect();
    let mut counts: BTreeMap<String, (Cause, usize)> = BTreeMap::new();
    for cause in by_id.into_values() {
        counts.entry(cause.to_string()).or_insert((cause, 0)).1 += 1;
    }
    let mut counts: Vec<(Cause, usize)> = counts.into_values().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// Every check that ended as a visit disturbed its resident once, however often it was said.
fn disturbances(night: &NightLedger) -> Vec<(Person, usize)> {
    let mut counts: BTreeMap<nattsyn_protocol::ids::ResidentId, (Person, usize)> = BTreeMap::new();
    for line in &night.lines {
        let last = line.words.last().map(|word| word.said);
        let visits = usize::from(last == Some(Said::Visited));
        let person = line.person.clone();
        counts.entry(line.id.resident).or_insert((person, 0)).1 += visits;
    }
    let mut counts: Vec<(Person, usize)> = counts.into_values().collect();
    counts.retain(|(_, count)| *count > 0);
    counts.sort_by(|(a, x), (b, y)| (y, &a.name).cmp(&(x, &b.name)));
    counts
}
