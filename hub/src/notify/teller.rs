//! Keeps the chain in step with tonight's rows: who must be told is told, and what became of it
//! is written down. Test alarms of shifts are in [`proof`].
//!
//! An edge: it waits for rows, for outcomes and for time, and decides nothing ([`Chain`] does).
//! Every line is written before what follows from it is sent. If that fails it ends, and the hub
//! with it: nobody must believe that somebody is told.

mod proof;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use nattsyn_clock::Clock;
use nattsyn_protocol::time::Timestamp;

use super::caller::{self, Exchange, Outcome};
use super::chain::{
    Chain, ChannelName, Effect, Failure, Line, Need, Order, Progress, Reach, Recipient, RowId,
    Standing, Teams,
};
use super::proof::TeamProof;
use super::settings::Opened;
use crate::outside::Beyond;
use crate::settings::{AtWork, Settings};
use crate::store::{StoreError, Tellings};
use crate::view::{ExceptionRow, Tonight};
use crate::watch::Moment;

pub use proof::{AnswerError, Answered, Answers, Proving};

use proof::Prover;

/// How soon somebody must have taken a row for which nothing else was agreed or set. The design
/// asks a person 15 minutes after a unit fell silent (architecture, section 9); who is asked gets
/// less.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Orders that may wait for the caller. A flood is shared by recipient, so this is more people
/// than a municipality has.
const ORDERS_MAX: usize = 1024;

/// Lines of before the oldest open row that are read at a start: a message that was given up
/// takes a minute, and a clock that was set back an hour.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// Who is told, for the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Whether there is anybody to tell.
    pub hearing: Hearing,
    /// How far each open row has come that nobody has, matters by [`RowId::of_matter`].
    pub rows: BTreeMap<i64, Progress>,
    /// Channels whose last message did not get through, and when that was known.
    pub failing: BTreeMap<ChannelName, Timestamp>,
    /// What looks after the hub from outside. The teller knows nothing of it: the page adds it.
    pub beyond: Beyond,
    /// In which order people are told, now.
    pub teams: Teams,
    /// Who stands in a chain and has no address by any of its channels.
    pub unreached: BTreeSet<Recipient>,
    /// How each team's chain was proven this shift.
    pub proofs: Vec<TeamProof>,
    /// The version of the settings that is in force.
    pub settings: Option<i64>,
    /// A version of the settings that this hub cannot use until it is started anew.
    pub refused: Option<i64>,
}

/// Whether there is anybody to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hearing {
    /// No team is set up: the page must be kept open.
    #[default]
    Nobody,
    /// A team is.
    Somebody,
}

/// Tells people until the hub ends.
///
/// # Errors
///
/// What is to be told cannot be written down.
pub async fn run(
    opened: Opened,
    tellings: Tellings,
    clock: Clock,
    mut tonight: watch::Receiver<Arc<Tonight>>,
    told: watch::Sender<Arc<Told>>,
    proving: Proving,
) -> Result<(), StoreError> {
    let (orders, taken) = mpsc::channel(ORDERS_MAX);
    let (outcomes, mut heard) = mpsc::channel(ORDERS_MAX);
    let exchange = opened.exchange;
    let caller = tokio::spawn(caller::run(Arc::clone(&exchange), taken, outcomes));
    let rows = tonight.borrow_and_update().clone();
    let Proving {
        zone,
        answered: Answered(mut answers),
        verdicts,
    } = proving;
    let mut changes = opened.changes;
    let at_work = changes
        .as_mut()
        .map(|changes| changes.borrow_and_update().clone());
    let at_work = at_work.unwrap_or_default();
    let (chain, effects) = recall(&clock, opened.teams, &tellings, (&rows, &at_work.settings))?;
    let mut teller = Teller {
        known: standings(&rows),
        proof: Prover::recall(moment(&clock), zone, verdicts, (&tellings, at_work.set))?,
        chain,
        tellings,
        orders,
        clock,
        told,
        exchange,
        at_work,
    };
    teller.release(&rows);
    teller.apply(effects)?;
    loop {
        let effects = teller.prove();
        teller.apply(effects)?;
        let next = teller.chain.next_timeout().into_iter();
        let next = next.chain(teller.next_shift()).min();
        let effects = tokio::select! {
            changed = tonight.changed() => {
                if changed.is_err() {
                    break;
                }
                let rows = tonight.borrow_and_update().clone();
                teller.take(&rows)
            }
            Some(at_work) = next_settings(&mut changes) => teller.settle(at_work),
            Some(outcome) = heard.recv() => teller.hear(&outcome),
            () = teller.exchange.book_changed() => Vec::new(),
            Some(answer) = answers.recv() => {
                teller.take_answer(answer)?;
                continue;
            }
            Some(said) = teller.proof.said.join_next() => teller.reported(said.ok().flatten()),
            () = teller.clock.wait_until(next) => teller.chain.handle_timeout(teller.now()),
        };
        teller.apply(effects)?;
    }
    drop(teller);
    // What is under way is told to its end, which is bounded.
    caller.await.ok();
    Ok(())
}

/// The chain as it was when the hub ended, for the rows that are open now.
fn recall(
    clock: &Clock,
    teams: Teams,
    tellings: &Tellings,
    (tonight, settings): (&Tonight, &Settings),
) -> Result<(Chain, Vec<Effect>), StoreError> {
    let now = moment(clock);
    let matters = tonight.matters.iter().map(|row| row.opened);
    let oldest = tonight
        .open
        .iter()
        .map(|row| row.opened)
        .chain(matters)
        .min();
    let since = oldest.unwrap_or(now.timestamp).min(now.timestamp);
    let lines = tellings.since(since.before(BEFORE))?;
    let open = tonight.open.iter();
    let open = open.map(|row| (need(row, settings), standing(row)));
    let open = open.chain(proof::needs(tonight).map(|need| (need, Standing::Waiting)));
    Ok(Chain::restore(now, teams, open.collect(), lines))
}

/// The next version of the settings; nothing, for ever, where they do not change.
async fn next_settings(changes: &mut Option<watch::Receiver<Arc<AtWork>>>) -> Option<Arc<AtWork>> {
    let next = changes.as_mut()?;
    if next.changed().await.is_err() {
        *changes = None;
        return None;
    }
    Some(next.borrow_and_update().clone())
}

struct Teller {
    chain: Chain,
    known: BTreeMap<RowId, Standing>,
    proof: Prover,
    tellings: Tellings,
    orders: mpsc::Sender<Order>,
    clock: Clock,
    told: watch::Sender<Arc<Told>>,
    exchange: Arc<Exchange>,
    at_work: Arc<AtWork>,
}

impl Teller {
    fn now(&self) -> Moment {
        moment(&self.clock)
    }

    /// Takes in other settings. Addresses first: what is sent from here on goes there.
    fn settle(&mut self, at_work: Arc<AtWork>) -> Vec<Effect> {
        let book = at_work.book.clone();
        self.exchange.change_book(|held| held.configure(book));
        let teams = at_work.teams.clone();
        self.proof.book.set_at(at_work.set);
        self.at_work = at_work;
        self.chain.handle_teams(self.now(), teams)
    }

    /// Takes in tonight's rows as they are now.
    fn take(&mut self, tonight: &Tonight) -> Vec<Effect> {
        let now = self.now();
        self.release(tonight);
        let fresh = standings(tonight);
        for row in self.known.keys().filter(|row| !fresh.contains_key(row)) {
            self.chain.handle_over(*row);
        }
        let mut needs = Vec::new();
        let mut fallen = Vec::new();
        for row in &tonight.open {
            let id = RowId(row.id);
            match (self.known.get(&id), standing(row)) {
                (None, _) => needs.push(need(row, &self.at_work.settings)),
                (Some(Standing::Taken), Standing::Waiting) => {
                    fallen.push(need(row, &self.at_work.settings));
                }
                (Some(_), _) => {}
            }
        }
        let matters = proof::needs(tonight);
        needs.extend(matters.filter(|need| !self.known.contains_key(&need.row)));
        let mut effects = self.chain.handle_needs(now, needs);
        effects.extend(self.chain.handle_needs(now, fallen));
        for (row, standing) in &fresh {
            match standing {
                Standing::Taken => self.chain.handle_taken(*row),
                Standing::Waiting => {}
            }
        }
        self.known = fresh;
        effects
    }

    fn hear(&mut self, outcome: &Outcome) -> Vec<Effect> {
        let now = self.now();
        match outcome.result {
            Ok(_receipt) => self.chain.handle_delivered(now, outcome.key),
            Err(why) => self.chain.handle_failed(now, outcome.key, why),
        }
    }

    /// Writes down, then sends.
    fn apply(&mut self, effects: Vec<Effect>) -> Result<(), StoreError> {
        let mut effects = effects;
        while !effects.is_empty() {
            let mut lines: Vec<Line> = Vec::new();
            let mut orders = Vec::new();
            for effect in effects.drain(..) {
                match effect {
                    Effect::Write(line) => lines.push(line),
                    Effect::Send(order) => orders.push(order),
                    Effect::Over(verdict) => {
                        tracing::info!(trial = verdict.trial.0, "a test alarm is over");
                    }
                }
            }
            self.tellings.write(&lines)?;
            lines.iter().for_each(|line| self.proof.book.note(line));
            for order in orders {
                let key = order.key;
                // A caller that takes no more is as good as a channel that is busy.
                if self.orders.try_send(order).is_err() {
                    let now = self.now();
                    effects.extend(self.chain.handle_failed(now, key, Failure::Crowded));
                }
            }
        }
        self.show();
        Ok(())
    }

    fn unreached(&self) -> BTreeSet<Recipient> {
        let steps = self
            .chain
            .teams()
            .iter()
            .flat_map(super::chain::Team::steps);
        let nowhere = steps.filter(|step| {
            let mut ways = step.by.iter();
            ways.all(|by| self.exchange.addresses_of(&step.to, by) == 0)
        });
        nowhere.map(|step| step.to.clone()).collect()
    }

    fn show(&self) {
        let waiting = self.known.keys();
        let rows = waiting.filter_map(|row| Some((row.0, self.chain.progress(*row)?)));
        let failing = self.chain.posts().filter_map(|post| match post.outcome {
            Some((at, Err(_))) => Some((post.by, at)),
            Some((_, Ok(()))) | None => None,
        });
        let hearing = if self.chain.teams().is_empty() {
            Hearing::Nobody
        } else {
            Hearing::Somebody
        };
        let fresh = Told {
            hearing,
            rows: rows.collect(),
            failing: failing.collect(),
            beyond: Beyond::default(),
            teams: self.chain.teams().clone(),
            unreached: self.unreached(),
            proofs: self.proofs(),
            settings: self.at_work.number,
            refused: self.at_work.refused,
        };
        // Also when nothing is new: whoever feeds the watcher outside sees by it that this turns.
        self.told.send_replace(Arc::new(fresh));
    }
}

fn standings(tonight: &Tonight) -> BTreeMap<RowId, Standing> {
    let rows = tonight.open.iter();
    let rows = rows.map(|row| (RowId(row.id), standing(row)));
    let matters = proof::needs(tonight).map(|need| (need.row, Standing::Waiting));
    rows.chain(matters).collect()
}

fn standing(row: &ExceptionRow) -> Standing {
    match row.handling.holder() {
        Some(_) => Standing::Taken,
        None => Standing::Waiting,
    }
}

/// Who is to be told of a row, and how soon somebody must have taken it: as was agreed with the
/// resident, or as is set for the home. Of a row that fell back, since it did: by that its lines
/// are known again after a restart.
fn need(row: &ExceptionRow, settings: &Settings) -> Need {
    let agreed = row.agreed.as_ref().and_then(|agreed| agreed.answer_within);
    let applied = settings.of_home(row.home);
    // Whichever team there is: the first, as the chain has it.
    let anybody = || "all".parse().expect("three small letters are a name");
    Need {
        row: RowId(row.id),
        team: applied.team.value.unwrap_or_else(anybody),
        since: row.handling.freed().unwrap_or(row.opened),
        target: agreed.unwrap_or(applied.answer_within.value),
        reach: Reach::Chain,
    }
}

fn moment(clock: &Clock) -> Moment {
    let now = clock.now();
    Moment {
        uptime: now.uptime,
        timestamp: now.timestamp,
    }
}
