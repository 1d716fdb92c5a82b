//! The morning report: a night in the figures that are handed over to the day (R68).
//!
//! Counts what the ledger holds and judges nobody: no employee appears in it, and nothing of how
//! anybody slept.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Account, Balance, ExceptionLine, Line, Mistake, NightLedger};
use super::{Cause, Ending, Person};
use crate::watch::{Arrival, CallOff, How, Manner, Said};

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

/// A night's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Morning {
    /// That nothing is missing.
    pub balance: Balance,
    /// Checks that ended in time: seen by a unit before anybody was asked, or called off. What was
    /// called off for a death is neither done nor late.
    pub done: usize,
    /// Checks that ended after somebody had been asked.
    pub late: usize,
    /// How often somebody was asked, by cause; the most frequent first.
    pub causes: Vec<(Cause, usize)>,
    /// Visits that ended checks or what was about none, each once.
    pub visits: usize,
    /// Of those, the ones that the plan asked for.
    pub visits_planned: usize,
    /// How often somebody entered each home, by person; the most disturbed first. Who was not
    /// disturbed is left out.
    pub disturbances: Vec<(Person, usize)>,
    /// Whom somebody found dead, each once.
    pub found_dead: Vec<Person>,
    /// Who was written down as found dead and is alive, each once, and when that was put right.
    pub mistaken: Vec<(Person, Timestamp)>,
    /// Checks that are open exceptions still, by person, and when their windows closed.
    pub unanswered: Vec<(Person, Cause, Timestamp)>,
    /// Exceptions about no check that are open still, by person, and since when.
    pub unanswered_apart: Vec<(Person, Cause, Timestamp)>,
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
        found_dead: Vec::new(),
        mistaken: Vec::new(),
        unanswered: Vec::new(),
        unanswered_apart: Vec::new(),
    };
    morning.add_deaths(night);
    let mut entered = BTreeSet::new();
    for line in &night.lines {
        match line.account(now) {
            // Neither done nor late: a death is said by itself.
            Account::Ended(How::Said(Said::Died) | How::CalledOff(CallOff::Died)) => {}
            Account::Ended(How::Visible(Arrival::InTime) | How::CalledOff(_)) => morning.done += 1,
            Account::Ended(How::Visible(Arrival::Late)) => morning.late += 1,
            Account::Ended(How::Said(said)) => {
                if line.exceptions.is_empty() || line.manner == Manner::Physical {
                    morning.done += 1;
                } else {
                    morning.late += 1;
                }
                if said == Said::Visited && entered.insert(entry(line)) {
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
    for apart in &night.apart {
        let (person, row) = (&apart.person, &apart.row);
        match visited_at(row) {
            Some(at) if entered.insert((person.resident, Some(at))) => morning.visits += 1,
            Some(_) | None => {}
        }
        if row.ended.is_none() {
            let open = (person.clone(), row.cause, row.opened);
            morning.unanswered_apart.push(open);
        }
    }
    morning
}

impl Morning {
    /// Whoever was found dead, on whichever row that was said: also one about no check, or whose
    /// checks had all been settled before.
    fn add_deaths(&mut self, night: &NightLedger) {
        for line in &night.lines {
            if line
                .words
                .last()
                .is_some_and(|word| word.said == Said::Died)
            {
                self.add_death(&line.person, line.mistaken.as_ref());
            }
        }
        let rows = night
            .lines
            .iter()
            .flat_map(|line| line.exceptions.iter().map(|row| (&line.person, row)));
        let apart = night.apart.iter().map(|apart| (&apart.person, &apart.row));
        for (person, row) in rows.chain(apart) {
            if matches!(row.ended, Some((_, Ending::Said(Said::Died)))) {
                self.add_death(person, row.mistaken.as_ref());
            }
        }
        // One that was a mistake, and then so: it is so.
        let dead = &self.found_dead;
        self.mistaken.retain(|(person, _)| !dead.contains(person));
    }

    fn add_death(&mut self, person: &Person, mistaken: Option<&Mistake>) {
        match mistaken {
            None if !self.found_dead.contains(person) => self.found_dead.push(person.clone()),
            Some(mistake) if self.mistaken.iter().all(|(who, _)| who != person) => {
                self.mistaken.push((person.clone(), mistake.at));
            }
            None | Some(_) => {}
        }
    }
}

/// When somebody said of an exception about no check that they had been there.
fn visited_at(row: &ExceptionLine) -> Option<Timestamp> {
    let ended = row.ended;
    ended.and_then(|(at, ending)| (ending == Ending::Said(Said::Visited)).then_some(at))
}

/// Each exception once, however many checks it was about.
fn causes(night: &NightLedger) -> Vec<(Cause, usize)> {
    let rows = night.lines.iter().flat_map(|line| &line.exceptions);
    let rows = rows.chain(night.apart.iter().map(|apart| &apart.row));
    let by_id: BTreeMap<i64, Cause> = rows.map(|row| (row.id, row.cause)).collect();
    let mut counts: BTreeMap<String, (Cause, usize)> = BTreeMap::new();
    for cause in by_id.into_values() {
        counts.entry(cause.to_string()).or_insert((cause, 0)).1 += 1;
    }
    let mut counts: Vec<(Cause, usize)> = counts.into_values().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// A visit: to whom, and when it was said. One that closes two checks is said once of each.
fn entry(line: &Line) -> (ResidentId, Option<Timestamp>) {
    let said = line.words.last().map(|word| word.at);
    (line.id.resident, said)
}

/// Every visit disturbed its resident once, however many checks it closed and however often it
/// was said.
fn disturbances(night: &NightLedger) -> Vec<(Person, usize)> {
    let mut counts: BTreeMap<ResidentId, (Person, usize)> = BTreeMap::new();
    let mut entered = BTreeSet::new();
    for line in &night.lines {
        let last = line.words.last().map(|word| word.said);
        let is_visit = last == Some(Said::Visited) && entered.insert(entry(line));
        let visits = usize::from(is_visit);
        let person = line.person.clone();
        counts.entry(line.id.resident).or_insert((person, 0)).1 += visits;
    }
    for apart in &night.apart {
        let resident = apart.person.resident;
        let at = visited_at(&apart.row);
        let is_visit = at.is_some() && entered.insert((resident, at));
        let person = apart.person.clone();
        counts.entry(resident).or_insert((person, 0)).1 += usize::from(is_visit);
    }
    let mut counts: Vec<(Person, usize)> = counts.into_values().collect();
    counts.retain(|(_, count)| *count > 0);
    counts.sort_by(|(a, x), (b, y)| (y, &a.name).cmp(&(x, &b.name)));
    counts
}
