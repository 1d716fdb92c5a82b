//! Which live views there are, and which there may be. Pure.
//!
//! One a unit at a time, and one a session. A row whose pictures were shown gets no other view
//! until somebody has said what was seen. How many there may be a night is the eye's to enforce;
//! they are counted here so that nobody is offered what will be refused.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::Heard;
use super::book::{Asked, Restored, Step, Unanswered, ViewId};
use super::operators::Entitled;
use super::view::{Effect, Phase, Seat, Taken, View};

/// How long a view that is over can still be looked up by the page that showed it: longer than a
/// shift takes to answer, shorter than the shift.
pub const KEPT: Duration = Duration::from_secs(3600);

/// How long after its row was closed what was seen may still be said: whoever closes it by saying
/// so is heard here a moment after the ledger.
pub const SAID_WITHIN: Duration = Duration::from_secs(60);

/// Why nobody may look now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskRefused {
    /// Somebody looks through this unit now.
    #[error("a live view of this unit is under way")]
    Busy,
    /// The same session has a view under way.
    #[error("this session has a live view under way")]
    OneAtATime,
    /// Nobody has said what was seen the last time.
    #[error("nobody has said what the last live view showed")]
    Unanswered,
}

/// What is known of live views, for the offer on a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Units through which somebody looks now.
    pub busy: Vec<UnitId>,
    /// Views of which nobody has said what was seen, by row.
    pub unanswered: BTreeMap<i64, Unanswered>,
    /// How many views were opened at each unit, by night.
    pub opened: BTreeMap<(UnitId, Date), u32>,
}

/// All views.
#[derive(Debug, Default)]
pub struct Views {
    views: BTreeMap<ViewId, (View, Uptime)>,
    known: Known,
    /// Since when the lamp is on, or was, of views that are still looked up.
    lit: BTreeMap<ViewId, Timestamp>,
    /// Rows that nobody has said anything of and that need nobody any more, and since when.
    closed: BTreeMap<i64, Uptime>,
}

/// Effects, each with the view that it is of.
pub type Effects = Vec<(ViewId, Effect)>;

impl Views {
    /// Takes up what is left of before.
    #[must_use]
    pub fn restore(restored: Restored) -> Self {
        let mut views = Self::default();
        for unanswered in restored.unanswered {
            let row = unanswered.asked.row;
            views.known.unanswered.insert(row, unanswered);
        }
        for at in restored.opened {
            *views.known.opened.entry(at).or_default() += 1;
        }
        views
    }

    /// What is known, for offers.
    #[must_use]
    pub fn known(&self) -> Known {
        let mut known = self.known.clone();
        let running = self.views.values().filter(|(view, _)| is_running(view));
        known.busy = running.map(|(view, _)| view.asked.unit).collect();
        known
    }

    /// Whether somebody may ask now.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_ask(&self, asked: &Asked, seat: Seat) -> Result<(), AskRefused> {
        if self.known.unanswered.contains_key(&asked.row) {
            return Err(AskRefused::Unanswered);
        }
        let mut running = self.views.values().filter(|(view, _)| is_running(view));
        let other = running.find_map(|(view, _)| {
            if view.asked.unit == asked.unit {
                Some(AskRefused::Busy)
            } else {
                (seat.is_some() && view.seat == seat).then_some(AskRefused::OneAtATime)
            }
        });
        other.map_or(Ok(()), Err)
    }

    /// Begins a view that is written down already.
    pub fn begin(
        &mut self,
        now: Uptime,
        id: ViewId,
        (asked, seat): (Asked, Seat),
        entitled: Entitled,
    ) -> Effects {
        self.views
            .retain(|_, (view, since)| is_running(view) || now.since(*since) < KEPT);
        self.lit.retain(|id, _| self.views.contains_key(id));
        let (view, effects) = View::ask(now, asked, seat, entitled);
        self.views.insert(id, (view, now));
        mark(id, effects)
    }

    /// A view, for the session that it belongs to alone.
    #[must_use]
    pub fn of(&self, id: ViewId, seat: Seat) -> Option<&View> {
        let (view, _) = self.views.get(&id)?;
        (view.seat == seat).then_some(view)
    }

    /// The same, to change it.
    pub fn of_mut(&mut self, id: ViewId, seat: Seat) -> Option<&mut View> {
        let (view, _) = self.views.get_mut(&id)?;
        (view.seat == seat).then_some(view)
    }

    /// Any view.
    #[must_use]
    pub fn view(&self, id: ViewId) -> Option<&View> {
        Some(&self.views.get(&id)?.0)
    }

    /// Takes in what a unit said; `None` if it answers nothing that was asked.
    pub fn handle_heard(&mut self, now: Uptime, heard: Heard) -> Option<Effects> {
        let Heard { unit, said } = heard;
        let mut running = self.views.iter_mut();
        let (id, (view, _)) =
            running.find(|(_, (view, _))| view.asked.unit == unit && is_running(view))?;
        let id = *id;
        match view.handle_said(now, said) {
            Taken::Yes(effects) => Some(mark(id, effects)),
            Taken::No => None,
        }
    }

    /// A step is written down: what follows from it for offers.
    pub fn written(&mut self, id: ViewId, at: Timestamp, step: &Step) {
        let Some((view, _)) = self.views.get(&id) else {
            return;
        };
        let asked = view.asked.clone();
        match step {
            Step::Opened => {
                let night = (asked.unit, asked.check.night);
                *self.known.opened.entry(night).or_default() += 1;
                let unanswered = Unanswered {
                    view: id,
                    asked: asked.clone(),
                    opened: at,
                };
                self.known.unanswered.insert(asked.row, unanswered);
                self.lit.insert(id, at);
            }
            Step::Challenged(_) | Step::Granted(_) | Step::Over(_) | Step::Answered(_) => {}
        }
    }

    /// Ends every view whose unit may show no pictures any more.
    pub fn handle_agreed(&mut self, is_agreed: impl Fn(UnitId) -> bool) -> Effects {
        let mut effects = Vec::new();
        for (id, (view, _)) in &mut self.views {
            if !is_agreed(view.asked.unit) {
                effects.extend(mark(*id, view.handle_not_agreed()));
            }
        }
        effects
    }

    /// Ends every view whose unit has said hello since the lamp was lit: its voice was started anew
    /// or had lost its connection, and whoever looks would go on looking through another.
    pub fn handle_hellos(&mut self, said: impl Fn(UnitId) -> Option<Timestamp>) -> Effects {
        let mut effects = Vec::new();
        for (id, (view, _)) in &mut self.views {
            let lit = self.lit.get(id);
            let is_anew = lit.is_some_and(|lit| said(view.asked.unit) > Some(*lit));
            if is_anew {
                effects.extend(mark(*id, view.handle_lost()));
            }
        }
        effects
    }

    /// A step could not be written down.
    pub fn handle_unwritten(&mut self, id: ViewId) -> Effects {
        let view = self.views.get_mut(&id);
        view.map_or_else(Vec::new, |(view, _)| mark(id, view.handle_unwritten()))
    }

    /// The view of a row of which nobody has said what was seen.
    #[must_use]
    pub fn unanswered(&self, row: i64) -> Option<&Unanswered> {
        self.known.unanswered.get(&row)
    }

    /// It is written down what was seen there, or that nobody said.
    pub fn answered(&mut self, row: i64) {
        self.known.unanswered.remove(&row);
        self.closed.remove(&row);
    }

    /// The views of rows that have needed nobody for [`SAID_WITHIN`] and of which nobody said what
    /// was seen: that nobody did is to be written down too. Each is named again after as long.
    pub fn left(&mut self, now: Uptime, is_open: impl Fn(i64) -> bool) -> Vec<Unanswered> {
        let mut left = Vec::new();
        for (row, unanswered) in &self.known.unanswered {
            let running = self.views.get(&unanswered.view);
            if is_open(*row) || running.is_some_and(|(view, _)| is_running(view)) {
                self.closed.remove(row);
                continue;
            }
            let since = self.closed.entry(*row).or_insert(now);
            if now.since(*since) >= SAID_WITHIN {
                *since = now;
                left.push(unanswered.clone());
            }
        }
        left
    }

    /// When time next ends something.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Uptime> {
        let views = self.views.values();
        let ends = views.filter_map(|(view, _)| view.next_timeout());
        let closed = self.closed.values().map(|since| since.after(SAID_WITHIN));
        ends.chain(closed).min()
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Uptime) -> Effects {
        let mut effects = Vec::new();
        for (id, (view, _)) in &mut self.views {
            effects.extend(mark(*id, view.handle_timeout(now)));
        }
        effects
    }
}

fn is_running(view: &View) -> bool {
    !matches!(view.phase(), Phase::Over(_))
}

fn mark(id: ViewId, effects: Vec<Effect>) -> Effects {
    effects.into_iter().map(|effect| (id, effect)).collect()
}
