//! The edge around live views: one task that writes each step down before it sends or shows it.
//!
//! Pages come through [`Live`], units through the service. Everything waits in one queue and is
//! done in order, so a step is never shown before the one before it is on the disk. Frames do not
//! come here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use nattsyn_clock::Clock;
use nattsyn_protocol::assertion::{Assertion, Base64};
use nattsyn_protocol::grant::{Grant, GrantMessage};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::live::LiveDown;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::book::{Asked, Book, BookError, NOBODY_SAID, Step, Unanswered, ViewId};
use super::operators::{Entitled, NotEntitled, Operators};
use super::relay::{Relay, Sealed};
use super::view::{Effect, NotTaken, Phase, Seat};
use super::views::{AskRefused, Effects, Known, Views};
use super::{Ends, Heard, Mouth};
use crate::consent::functions::Pictures;
use crate::ingest::DropKind;
use crate::keys::HubKeys;
use crate::view::Tonight;
use crate::watch::StaffId;

/// Words of pages that may wait: a view is half a dozen of them. At the bound a page waits.
const WAITING_MAX: usize = 64;

/// How long a frame may take after its credit before it is asked for again: a frame that the voice
/// dropped for a report never comes, and a credit may be lost.
pub const FRAME_WITHIN: Duration = Duration::from_millis(1500);

/// A view as its page is shown it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Grows with every change.
    pub turn: u64,
    /// What it is about, and whose.
    pub asked: Asked,
    /// When it was asked for.
    pub since: Timestamp,
    /// How it stands.
    pub phase: Phase,
    /// The credential that may sign for it.
    pub credential: Base64,
    /// The host that the credential was registered for.
    pub host: String,
}

/// Why nothing came of what a page asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// There is no such view, or it is another session's.
    #[error("there is no such live view")]
    NoView,
    /// Nobody may look now.
    #[error(transparent)]
    Refused(#[from] AskRefused),
    /// It is not agreed, or not in force at the unit.
    #[error("pictures are not agreed to here")]
    NotAgreed,
    /// The worker may not.
    #[error(transparent)]
    NotEntitled(#[from] NotEntitled),
    /// The view does not take it.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// It cannot be written down, so nothing is asked or shown.
    #[error("a live view cannot be written down")]
    NotWritten,
    /// The hub is ending.
    #[error("the live views have ended")]
    Gone,
}

type Answer<T> = oneshot::Sender<Result<T, LiveError>>;

/// What a page wants.
enum Order {
    Ask(Box<(Asked, Seat, Entitled)>, Answer<ViewId>),
    Follow(ViewId, Seat, Answer<watch::Receiver<Arc<Shown>>>),
    Key(ViewId, Seat, Base64, Answer<()>),
    Sign(ViewId, Seat, Box<Assertion>, Answer<()>),
    End(ViewId, Seat, Answer<()>),
    Answered(i64, StaffId, String, Answer<()>),
}

/// By which pages reach live views.
#[derive(Clone)]
pub struct Live {
    orders: mpsc::Sender<Order>,
    known: watch::Receiver<Arc<Known>>,
    relay: Arc<Relay>,
    mouth: Mouth,
    operators: Arc<dyn Operators>,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live")
    }
}

impl Live {
    /// What is known of live views, for offers.
    #[must_use]
    pub fn known(&self) -> Arc<Known> {
        self.known.borrow().clone()
    }

    /// Whether somebody may see at this moment. Reads the staff's register off this thread.
    ///
    /// # Errors
    ///
    /// Why not.
    pub async fn entitled(&self, who: &StaffId, at: Timestamp) -> Result<Entitled, NotEntitled> {
        let (operators, who) = (Arc::clone(&self.operators), who.clone());
        let read = tokio::task::spawn_blocking(move || operators.entitled(&who, at)).await;
        read.unwrap_or(Err(NotEntitled::Unreadable))
    }

    /// Asks a unit to look again. When this returns well, who asked is written down.
    ///
    /// # Errors
    ///
    /// Nobody may look now, or it cannot be written down.
    pub async fn ask(
        &self,
        asked: Asked,
        seat: Seat,
        entitled: Entitled,
    ) -> Result<ViewId, LiveError> {
        let asked = Box::new((asked, seat, entitled));
        self.order(|answer| Order::Ask(asked, answer)).await
    }

    /// A view as it changes, for the session that it belongs to.
    ///
    /// # Errors
    ///
    /// There is no such view, or it is another session's.
    pub async fn follow(
        &self,
        view: ViewId,
        seat: Seat,
    ) -> Result<watch::Receiver<Arc<Shown>>, LiveError> {
        self.order(|answer| Order::Follow(view, seat, answer)).await
    }

    /// Gives the browser's key for a view.
    ///
    /// # Errors
    ///
    /// The view does not take it.
    pub async fn key(&self, view: ViewId, seat: Seat, key: Base64) -> Result<(), LiveError> {
        self.order(|answer| Order::Key(view, seat, key, answer))
            .await
    }

    /// Gives the operator's word for a view's grant.
    ///
    /// # Errors
    ///
    /// It is not theirs, or the view does not take it.
    pub async fn sign(
        &self,
        view: ViewId,
        seat: Seat,
        assertion: Assertion,
    ) -> Result<(), LiveError> {
        let assertion = Box::new(assertion);
        self.order(|answer| Order::Sign(view, seat, assertion, answer))
            .await
    }

    /// The operator is done.
    ///
    /// # Errors
    ///
    /// There is no such view.
    pub async fn end(&self, view: ViewId, seat: Seat) -> Result<(), LiveError> {
        self.order(|answer| Order::End(view, seat, answer)).await
    }

    /// Somebody has written down how a row is: that answers the view that was shown of it, if one
    /// was.
    ///
    /// # Errors
    ///
    /// It cannot be written down.
    pub async fn answered(&self, row: i64, by: StaffId, word: String) -> Result<(), LiveError> {
        self.order(|answer| Order::Answered(row, by, word, answer))
            .await
    }

    /// The frame of this number or a later one, for the view's own session; `None` when none came
    /// in time or the view is over. Asking for it is the credit for it.
    ///
    /// # Errors
    ///
    /// There is no such view.
    pub async fn frame(
        &self,
        view: ViewId,
        seat: Seat,
        number: u64,
    ) -> Result<Option<Sealed>, LiveError> {
        let shown = self.follow(view, seat).await?;
        let (unit, nonce) = {
            let shown = shown.borrow();
            match &shown.phase {
                Phase::Open { nonce, .. } => (shown.asked.unit, nonce.clone()),
                Phase::Looking
                | Phase::Challenged { .. }
                | Phase::Granted { .. }
                | Phase::Over(_) => return Ok(None),
            }
        };
        // Asked for once more in case the credit was lost; and then for the next, in case the frame
        // was: of the two the eye takes the one that it waits for.
        for wanted in [[number].as_slice(), [number, number + 1].as_slice()] {
            for frame in wanted {
                self.mouth.say(
                    unit,
                    &LiveDown::Credit {
                        view: nonce.clone(),
                        frame: *frame,
                    },
                );
            }
            let came = tokio::time::timeout(FRAME_WITHIN, self.relay.next(unit, number)).await;
            if let Ok(frame) = came {
                return Ok(frame);
            }
        }
        Ok(None)
    }

    async fn order<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, LiveError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.orders.send(order(answer)).await;
        sent.map_err(|_gone| LiveError::Gone)?;
        answered.await.map_err(|_gone| LiveError::Gone)?
    }
}

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
