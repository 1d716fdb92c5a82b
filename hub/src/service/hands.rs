//! The way for what staff do to the desk: each act is written down before it is answered.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use nattsyn_protocol::time::Timestamp;

use crate::exception::Act;
use crate::watch::{ActRefused, Closing, MatterRefused, Seen, StaffId};

/// Acts that may wait for the desk. A shift presses a button every few seconds at the most; more
/// than this is somebody's program.
const WAITING_MAX: usize = 64;

/// Something that somebody does about a row, and where the answer goes.
#[derive(Debug)]
pub(crate) struct Deed {
    /// Which row, and how whoever acts had seen it.
    pub(crate) row: (i64, Seen),
    pub(crate) by: StaffId,
    pub(crate) act: Act,
    pub(crate) answer: oneshot::Sender<Result<(), ActRefused>>,
}

/// That somebody closes a matter, and where the answer goes.
#[derive(Debug)]
pub(crate) struct Closure {
    /// Which matter, and when it had last been so when they saw it.
    pub(crate) matter: (i64, Timestamp),
    pub(crate) by: StaffId,
    pub(crate) how: Closing,
    pub(crate) answer: oneshot::Sender<Result<(), MatterRefused>>,
}

/// What waits for the desk.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) deeds: mpsc::Receiver<Deed>,
    pub(crate) closures: mpsc::Receiver<Closure>,
    /// Something was written beside the desk. Said twice before it looks, it looks once.
    pub(crate) written: Arc<Notify>,
}

/// Brings what staff do to the desk.
#[derive(Clone, Debug)]
pub struct Hands {
    deeds: mpsc::Sender<Deed>,
    closures: mpsc::Sender<Closure>,
    written: Arc<Notify>,
}

/// Why nothing came of an act, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandsError {
    /// The row is not such that this can be done.
    #[error(transparent)]
    Refused(#[from] ActRefused),
    /// The matter is not such that it can be closed so.
    #[error(transparent)]
    Matter(#[from] MatterRefused),
    /// The hub is ending, or cannot write: it may be written down, or not.
    #[error("the hub did not say that it is written down")]
    Gone,
}

impl Hands {
    pub(crate) fn new() -> (Self, Waiting) {
        let (deeds, to_do) = mpsc::channel(WAITING_MAX);
        let (closures, to_close) = mpsc::channel(WAITING_MAX);
        let written = Arc::new(Notify::new());
        let waiting = Waiting {
            deeds: to_do,
            closures: to_close,
            written: Arc::clone(&written),
        };
        let hands = Self {
            deeds,
            closures,
            written,
        };
        (hands, waiting)
    }

    /// Has the desk look at once at what was written down beside it: a *no* must not wait for
    /// its next round.
    pub fn look(&self) {
        self.written.notify_one();
    }

    /// Does something about a row that was seen so. When this returns well, it is written down
    /// for good.
    ///
    /// # Errors
    ///
    /// It cannot be done, or the hub is not there to write it down. After [`HandsError::Gone`]
    /// nobody knows whether it was written: the row says so.
    pub async fn act(&self, row: i64, seen: Seen, by: StaffId, act: Act) -> Result<(), HandsError> {
        let (answer, answered) = oneshot::channel();
        let deed = Deed {
            row: (row, seen),
            by,
            act,
            answer,
        };
        let sent = self.deeds.send(deed).await;
        sent.map_err(|_gone| HandsError::Gone)?;
        let done = answered.await.map_err(|_gone| HandsError::Gone)?;
        Ok(done?)
    }

    /// Closes a matter that was last so then, as whoever closes it saw. When this returns well, it
    /// is written down for good.
    ///
    /// # Errors
    ///
    /// It cannot be closed so, or the hub is not there to write it down.
    pub async fn close(
        &self,
        matter: (i64, Timestamp),
        by: StaffId,
        how: Closing,
    ) -> Result<(), HandsError> {
        let (answer, answered) = oneshot::channel();
        let closure = Closure {
            matter,
            by,
            how,
            answer,
        };
        let sent = self.closures.send(closure).await;
        sent.map_err(|_gone| HandsError::Gone)?;
        let done = answered.await.map_err(|_gone| HandsError::Gone)?;
        Ok(done?)
    }
}
