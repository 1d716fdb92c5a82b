//! By which pages reach live views: what they may ask of the keeper, and what it answers.
//!
//! Everything but frames waits in the keeper's one queue. A frame goes from the relay to the one
//! session that its view belongs to, and asking for it is the credit for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use nattsyn_protocol::assertion::{Assertion, Base64};
use nattsyn_protocol::live::LiveDown;
use nattsyn_protocol::time::Timestamp;

use super::Mouth;
use super::book::{Asked, ViewId};
use super::operators::{Entitled, NotEntitled, Operators};
use super::relay::{Relay, Sealed};
use super::view::{NotTaken, Phase, Seat};
use super::views::{AskRefused, Known};
use crate::watch::StaffId;

/// Words of pages that may wait: a view is half a dozen of them. At the bound a page waits.
pub(super) const WAITING_MAX: usize = 64;

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

pub(super) type Answer<T> = oneshot::Sender<Result<T, LiveError>>;

/// What a page wants.
pub(super) enum Order {
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
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) known: watch::Receiver<Arc<Known>>,
    pub(super) relay: Arc<Relay>,
    pub(super) mouth: Mouth,
    pub(super) operators: Arc<dyn Operators>,
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
