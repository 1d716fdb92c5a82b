//! The edge around live views: one task that writes each step down before it sends or shows it.
//!
//! Pages come through [`Live`], units through the service. Everything waits in one queue and is
//! done in order, so a step is never shown before the one before it is on the disk. Frames do not
//! come here.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use nattsyn_clock::{Clock, Hold};
use nattsyn_protocol::assertion::{Assertion, Base64};
use nattsyn_protocol::grant::{Grant, GrantMessage};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::live::LiveDown;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::asking::{Live, LiveError, Order, Shown, WAITING_MAX};
use super::book::{Asked, Book, BookError, NOBODY_SAID, Step, Unanswered, ViewId};
use super::operators::{Entitled, NotEntitled, Operators};
use super::view::{Effect, Phase, Seat};
use super::views::{Effects, Known, Views};
use super::{Ends, Heard};
use crate::consent::functions::Pictures;
use crate::ingest::DropKind;
use crate::keys::HubKeys;
use crate::view::Tonight;
use crate::watch::StaffId;

/// How fast a demonstration's time runs beside somebody who looks: as it does for them.
const REAL_TIME: f64 = 1.0;

/// What the keeper works by.
pub struct Tools {
    /// The hub's keys: they sign grants.
    pub keys: HubKeys,
    /// Where steps are written down.
    pub book: Box<dyn Book>,
    /// Who may see.
    pub operators: Arc<dyn Operators>,
    /// The hub's time.
    pub clock: Clock,
    /// Tonight: which rows are open still.
    pub tonight: watch::Receiver<Arc<Tonight>>,
}

/// The task that keeps live views.
pub struct Keeper {
    tools: Tools,
    ends: Ends,
    orders: mpsc::Receiver<Order>,
    known: watch::Sender<Arc<Known>>,
    views: Views,
    shown: BTreeMap<ViewId, watch::Sender<Arc<Shown>>>,
    /// While a view is under way: people and browsers answer in real time, also in a
    /// demonstration.
    hold: Option<Hold>,
}

/// What happened.
enum Event {
    Order(Order),
    Heard(Heard),
    Tonight,
    Time,
    Gone,
}

impl Keeper {
    /// Ends what was under way when the hub ended, and begins.
    ///
    /// # Errors
    ///
    /// That cannot be written down.
    pub fn open(mut tools: Tools, ends: Ends) -> Result<(Live, Self), BookError> {
        let at = tools.tonight.borrow().now;
        let views = Views::restore(tools.book.restore(at)?);
        let (orders, waiting) = mpsc::channel(WAITING_MAX);
        let (known, shown) = watch::channel(Arc::new(views.known()));
        let live = Live {
            orders,
            known: shown,
            relay: Arc::clone(&ends.relay),
            mouth: ends.mouth.clone(),
            operators: Arc::clone(&tools.operators),
        };
        let keeper = Self {
            tools,
            ends,
            orders: waiting,
            known,
            views,
            shown: BTreeMap::new(),
            hold: None,
        };
        Ok((live, keeper))
    }

    /// Keeps them until the service ends.
    pub async fn run(mut self) {
        loop {
            let next = self.views.next_timeout();
            match self.select(next).await {
                Event::Order(order) => self.order(order),
                Event::Heard(heard) => self.hear(heard),
                Event::Tonight | Event::Time => {}
                Event::Gone => return,
            }
            let effects = self.views.handle_timeout(self.now());
            self.apply(effects);
            self.end_what_is_not_agreed();
            self.end_what_was_lost();
            self.settle();
        }
    }

    async fn select(&mut self, next: Option<Uptime>) -> Event {
        tokio::select! {
            biased;
            heard = self.ends.heard.recv() => heard.map_or(Event::Gone, Event::Heard),
            Ok(()) = self.tools.tonight.changed() => Event::Tonight,
            order = self.orders.recv() => order.map_or(Event::Gone, Event::Order),
            () = self.tools.clock.wait_until(next) => Event::Time,
        }
    }

    fn order(&mut self, order: Order) {
        // Whoever asked may have gone: what was done is done.
        match order {
            Order::Ask(asked, answer) => drop(answer.send(self.ask(*asked))),
            Order::Follow(view, seat, answer) => drop(answer.send(self.follow(view, seat))),
            Order::Key(view, seat, key, answer) => {
                drop(answer.send(self.key(view, seat, key)));
            }
            Order::Sign(view, seat, assertion, answer) => {
                drop(answer.send(self.sign(view, seat, *assertion)));
            }
            Order::End(view, seat, answer) => drop(answer.send(self.end(view, seat))),
            Order::Answered(row, by, word, answer) => {
                drop(answer.send(self.answered(row, &by, word)));
            }
        }
    }

    fn ask(
        &mut self,
        (asked, seat, entitled): (Asked, Seat, Entitled),
    ) -> Result<ViewId, LiveError> {
        self.views.may_ask(&asked, seat)?;
        shown_by(&self.tools.tonight, asked.unit)?;
        let at = self.at();
        let begun = self.tools.book.begin(at, &asked);
        let id = begun.map_err(|error| unwritten(&error))?;
        let shown = Shown {
            turn: 0,
            asked: asked.clone(),
            since: at,
            phase: Phase::Looking,
            credential: entitled.operator.credential.clone(),
            host: entitled.operator.host.clone(),
        };
        self.shown.insert(id, watch::channel(Arc::new(shown)).0);
        let now = self.now();
        let effects = self.views.begin(now, id, (asked.clone(), seat), entitled);
        self.shown.retain(|id, _| self.views.view(*id).is_some());
        self.ends.awaited.add(asked.unit);
        self.apply(effects);
        Ok(id)
    }

    fn follow(
        &mut self,
        view: ViewId,
        seat: Seat,
    ) -> Result<watch::Receiver<Arc<Shown>>, LiveError> {
        self.views.of(view, seat).ok_or(LiveError::NoView)?;
        let shown = self.shown.get(&view).ok_or(LiveError::NoView)?;
        Ok(shown.subscribe())
    }

    fn key(&mut self, id: ViewId, seat: Seat, key: Base64) -> Result<(), LiveError> {
        let view = self.views.of_mut(id, seat).ok_or(LiveError::NoView)?;
        view.handle_key(key)?;
        self.show(id);
        Ok(())
    }

    fn sign(&mut self, id: ViewId, seat: Seat, assertion: Assertion) -> Result<(), LiveError> {
        let now = self.now();
        let at = self.at();
        let view = self.views.of_mut(id, seat).ok_or(LiveError::NoView)?;
        let who = view.asked.by.clone();
        shown_by(&self.tools.tonight, view.asked.unit)?;
        // Whoever lost the right since they asked has lost it.
        let entitled = self.tools.operators.entitled(&who, at)?;
        if entitled != view.entitled {
            return Err(NotEntitled::NotInRoster.into());
        }
        let effects = view.handle_assertion(now, assertion)?;
        let effects = effects.into_iter().map(|effect| (id, effect)).collect();
        self.apply(effects);
        Ok(())
    }

    fn end(&mut self, id: ViewId, seat: Seat) -> Result<(), LiveError> {
        let now = self.now();
        let view = self.views.of_mut(id, seat).ok_or(LiveError::NoView)?;
        let effects = view.handle_end(now);
        self.apply(effects.into_iter().map(|effect| (id, effect)).collect());
        Ok(())
    }

    fn answered(&mut self, row: i64, by: &StaffId, word: String) -> Result<(), LiveError> {
        let at = self.at();
        let Some(unanswered) = self.views.unanswered(row).cloned() else {
            return Ok(());
        };
        let asked = Asked {
            by: by.clone(),
            ..unanswered.asked
        };
        let step = Step::Answered(word);
        let written = self.tools.book.step(at, (unanswered.view, &asked), &step);
        written.map_err(|error| unwritten(&error))?;
        // Only now is it said: what could not be written can be said once more.
        self.views.answered(row);
        Ok(())
    }

    fn hear(&mut self, heard: Heard) {
        let unit = heard.unit;
        match self.views.handle_heard(self.now(), heard) {
            Some(effects) => self.apply(effects),
            None => self
                .ends
                .drops
                .count(DropKind::Unasked, &format!("live {unit}")),
        }
    }

    /// Does what follows, in order. What cannot be written down ends its view, and nothing that
    /// came after it is done.
    fn apply(&mut self, effects: Effects) {
        let mut failed = None;
        let mut touched: Vec<ViewId> = Vec::new();
        for (id, effect) in effects {
            if failed == Some(id) {
                continue;
            }
            touched.push(id);
            if let Err(error) = self.effect(id, effect) {
                unwritten(&error);
                failed = Some(id);
            }
        }
        if let Some(id) = failed {
            for (id, effect) in self.views.handle_unwritten(id) {
                // None of these is to be written.
                self.effect(id, effect).ok();
            }
        }
        touched.dedup();
        for id in touched {
            self.show(id);
        }
    }

    fn effect(&mut self, id: ViewId, effect: Effect) -> Result<(), BookError> {
        let at = self.at();
        let Some(view) = self.views.view(id) else {
            return Ok(());
        };
        let unit = view.asked.unit;
        match effect {
            Effect::Write(step) => {
                let asked = view.asked.clone();
                self.tools.book.step(at, (id, &asked), &step)?;
                tracing::info!(view = id.0, check = %asked.check, ?step, "live view");
                self.views.written(id, at, &step);
            }
            Effect::Say(word) => self.ends.mouth.say(unit, &word),
            Effect::Grant(..) if shown_by(&self.tools.tonight, unit).is_err() => {}
            Effect::Grant(body, assertion) => {
                let line = view.entitled.line.clone();
                self.grant(unit, &body, (line, assertion));
            }
            Effect::Pass => self.ends.relay.open(unit),
            Effect::Stop => self.ends.relay.close(unit),
        }
        Ok(())
    }

    /// Signs a grant and sends it, with the operator's line and word.
    fn grant(&self, unit: UnitId, body: &str, (operator, assertion): (Signed, Assertion)) {
        let Ok(grant) = serde_json::from_str::<Grant>(body) else {
            tracing::error!("a grant of our own cannot be read");
            return;
        };
        let signed = Signed::seal(&grant, &self.tools.keys.signing);
        debug_assert_eq!(signed.body, body, "what was signed is what travels");
        let message = GrantMessage {
            grant: signed,
            endorsement: self.tools.keys.endorsement.clone(),
            operator,
            assertion,
        };
        self.ends
            .mouth
            .say(unit, &LiveDown::Grant(Box::new(message)));
    }

    fn show(&mut self, id: ViewId) {
        let (Some(view), Some(shown)) = (self.views.view(id), self.shown.get(&id)) else {
            return;
        };
        let phase = view.phase().clone();
        shown.send_modify(|shown| {
            let before = Arc::make_mut(shown);
            before.turn += 1;
            before.phase = phase;
        });
    }

    fn end_what_is_not_agreed(&mut self) {
        let tonight = self.tools.tonight.borrow().clone();
        let is_agreed = |unit| tonight.consent.agreed(unit, tonight.now) == Pictures::Allowed;
        let effects = self.views.handle_agreed(is_agreed);
        self.apply(effects);
    }

    fn end_what_was_lost(&mut self) {
        let tonight = self.tools.tonight.borrow().clone();
        let said = |unit| Some(tonight.consent.units.get(&unit)?.said?.at);
        let effects = self.views.handle_hellos(said);
        self.apply(effects);
    }

    /// A row that was closed otherwise leaves a view of which nobody will say anything any more.
    /// That is written down as such; where it cannot be, it is tried again.
    fn close_what_nobody_answered(&mut self) {
        let (at, now) = (self.at(), self.now());
        let tonight = self.tools.tonight.borrow().clone();
        let is_open = |row| tonight.open.iter().any(|open| open.id == row);
        for Unanswered { view, asked, .. } in self.views.left(now, is_open) {
            let step = Step::Answered(NOBODY_SAID.to_owned());
            match self.tools.book.step(at, (view, &asked), &step) {
                Ok(()) => self.views.answered(asked.row),
                Err(error) => drop(unwritten(&error)),
            }
        }
    }

    /// What is known, anew.
    fn settle(&mut self) {
        self.close_what_nobody_answered();
        let known = self.views.known();
        self.ends.awaited.set(known.busy.iter().copied());
        let hold = self.hold.take();
        let is_busy = !known.busy.is_empty();
        self.hold = is_busy.then(|| hold.unwrap_or_else(|| self.tools.clock.hold(REAL_TIME)));
        self.known.send_if_modified(|before| {
            let is_new = **before != known;
            if is_new {
                *before = Arc::new(known);
            }
            is_new
        });
    }

    fn now(&self) -> Uptime {
        self.tools.clock.now().uptime
    }

    /// The moment, by the clock that the hub believes.
    fn at(&self) -> Timestamp {
        let shown = self.tools.tonight.borrow().now;
        crate::watch::wall::believed(self.tools.clock.now().timestamp, shown)
    }
}

/// Whether pictures may be shown through a unit: agreed to as the hub has it, and in force there.
fn shown_by(tonight: &watch::Receiver<Arc<Tonight>>, unit: UnitId) -> Result<(), LiveError> {
    let tonight = tonight.borrow();
    match tonight.consent.shows_pictures(unit, tonight.now) {
        Pictures::Allowed => Ok(()),
        Pictures::None => Err(LiveError::NotAgreed),
    }
}

fn unwritten(error: &BookError) -> LiveError {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "a live view could not be written down");
    LiveError::NotWritten
}
