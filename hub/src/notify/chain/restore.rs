//! Makes a chain anew from its lines after a restart.
//!
//! Which rows are open and who has them is the exceptions' truth, given by the caller; the lines
//! say how far each had been told. A row whose lines are missing begins at once. An order whose
//! outcome is not among the lines is sent again with its own key.

use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::watch::Moment;

use super::line::{About, Effect, Line, Need, Order};
use super::names::{Key, RowId};
use super::stage::{Part, Stage};
use super::teams::{Team, Teams};
use super::trial::Trial;
use super::{Chain, Held, Open, Outstanding, inward, whole};

/// Whether somebody has an open row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody.
    Waiting,
    /// Somebody took it.
    Taken,
}

impl Chain {
    /// The chain that wrote these lines, oldest first, and what is to be done now. Lines from
    /// before the oldest open row and the oldest test alarm under way may be left out.
    #[must_use]
    pub fn restore(
        now: Moment,
        teams: Teams,
        open: Vec<(Need, Standing)>,
        lines: impl IntoIterator<Item = Line>,
    ) -> (Self, Vec<Effect>) {
        let counted = inward(now);
        let mut chain = Self::new(teams);
        let mut waiting: Vec<Need> = Vec::new();
        for (need, standing) in open {
            let since = whole(need.since);
            let need = Need { since, ..need };
            match standing {
                Standing::Waiting => waiting.push(need),
                Standing::Taken => {
                    let held = Held::Taken;
                    chain.rows.insert(need.row, Open { need, held });
                }
            }
        }
        for line in lines {
            chain.recall(counted, &waiting, line);
        }
        let mut effects = Vec::new();
        chain.send_again(counted, &mut effects);
        effects.extend(chain.handle_needs(now, waiting));
        (chain, effects)
    }

    fn recall(&mut self, now: Moment, waiting: &[Need], line: Line) {
        match line {
            Line::Began { at, need } => {
                let is_this_one = |own: &&Need| own.row == need.row && own.since == need.since;
                if waiting.iter().any(|own| is_this_one(&own)) {
                    self.put(now, past(now, at), need);
                }
            }
            Line::Told { at, order } => self.recall_order(past(now, at), order),
            Line::ToldAgain { at, key } => {
                if let Some(held) = self.orders.get_mut(&key) {
                    held.at = past(now, at);
                }
            }
            Line::Delivered { at, key } => self.deliver(at, key),
            Line::Failed { at, key, why } => self.fail(at, key, why),
            Line::Escalated { at, row, step, .. } => {
                self.recall_part(past(now, at), row, Part::Climbing(step));
            }
            Line::Ended { at, row, .. } => self.recall_part(past(now, at), row, Part::Ended(0)),
            Line::TrialBegan {
                trial,
                team,
                answer_by,
                ..
            } => {
                let begun = Trial::new(trial, team, now.uptime_at(answer_by));
                self.trials.push(begun);
            }
            Line::TrialAnswered { at, trial } => {
                let held = self.trials.iter_mut().find(|held| held.id == trial);
                held.into_iter().for_each(|held| held.answer(at));
            }
            Line::TrialOver { verdict, .. } => {
                self.trials.retain(|held| held.id != verdict.trial);
            }
        }
    }

    fn recall_order(&mut self, at: Uptime, order: Order) {
        self.next_number = self.next_number.max(order.key.number);
        self.posts.send(&order, at);
        match &order.about {
            About::Rows(rows) => {
                for row in rows {
                    self.recall_stage(*row, |stage, _, team| {
                        // Whoever is asked now was not told by what went to somebody else, in
                        // teams as they were while the hub was down.
                        if matches!(stage.part(), Part::Ended(_)) || stage.step(team).to == order.to
                        {
                            stage.resend(at, order.key, order.kind, &order.by, team);
                        }
                    });
                }
            }
            About::Trial(trial) => {
                let held = self.trials.iter_mut().find(|held| held.id == *trial);
                held.into_iter().for_each(|held| held.sent(&order));
            }
        }
        self.orders.insert(order.key, Outstanding { order, at });
    }

    fn recall_part(&mut self, at: Uptime, row: RowId, part: Part) {
        self.recall_stage(row, |stage, need, team| {
            *stage = Stage::later(part, at, need.target, team);
        });
    }

    fn recall_stage(&mut self, row: RowId, apply: impl FnOnce(&mut Stage, &Need, &Team)) {
        let Some(open) = self.rows.get_mut(&row) else {
            return;
        };
        let team = self.teams.of(&open.need.team);
        if let (Held::Asking(stage), Some(team)) = (&mut open.held, team) {
            apply(stage, &open.need, team);
        }
    }

    /// Sends again what is still of use and has no outcome. What is of none is let go.
    fn send_again(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let keys: Vec<Key> = self.orders.keys().copied().collect();
        for key in keys {
            let waiting: Vec<RowId> = self
                .stages()
                .filter(|(_, stage)| stage.is_waiting_for(key))
                .map(|(open, _)| open.need.row)
                .collect();
            let is_tried = self.trials.iter().any(|trial| trial.is_waiting_for(key));
            let Some(held) = self.orders.get_mut(&key) else {
                continue;
            };
            if waiting.is_empty() && !is_tried {
                self.orders.remove(&key);
                continue;
            }
            if let About::Rows(rows) = &mut held.order.about {
                *rows = waiting;
            }
            held.at = now.uptime;
            let at = now.timestamp;
            effects.push(Effect::Write(Line::ToldAgain { at, key }));
            effects.push(Effect::Send(held.order.clone()));
        }
    }
}

/// A moment that was written down, by today's uptime; never later than now, since the wall clock
/// may have been set back.
fn past(now: Moment, at: Timestamp) -> Uptime {
    now.uptime_at(at).min(now.uptime)
}
