//! The way for what staff do to the desk: each act is written down before it is answered.

use tokio::sync::{mpsc, oneshot};

use crate::exception::Act;
use crate::watch::{ActRefused, Seen, StaffId};

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

/// Brings what staff do to the desk.
#[derive(Clone, Debug)]
pub struct Hands(mpsc::Sender<Deed>);

/// Why nothing came of an act, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandsError {
    /// The row is not such that this can be done.
    #[error(transparent)]
    Refused(#[from] ActRefused),
    /// The hub is ending, or cannot write: it may be written down, or not.
    #[error("the hub did not say that it is written down")]
    Gone,
}

impl Hands {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Deed>) {
        let (sender, deeds) = mpsc::channel(WAITING_MAX);
        (Self(sender), deeds)
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
        self.0.send(deed).await.map_err(|_gone| HandsError::Gone)?;
        let done = answered.await.map_err(|_gone| HandsError::Gone)?;
        Ok(done?)
    }
}
