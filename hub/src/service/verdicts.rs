//! The way for what test alarms proved to the desk: it is written down there before it is answered.

use tokio::sync::{mpsc, oneshot};

use crate::watch::TeamWord;
use crate::watch::situation::Situation;

/// Verdicts that may wait for the desk: one for each team of a large municipality.
const WAITING_MAX: usize = 64;

/// What a team's test alarm showed to be wrong, if anything, and where the answer goes.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) team: TeamWord,
    pub(crate) wrong: Option<Situation>,
    pub(crate) written: oneshot::Sender<()>,
}

/// Brings what test alarms proved to the desk.
#[derive(Clone, Debug)]
pub struct Verdicts(mpsc::Sender<Found>);

/// The hub is ending, or cannot write: it may be written down, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hub did not say that it is written down")]
pub struct VerdictLost;

impl Verdicts {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Found>) {
        let (sender, found) = mpsc::channel(WAITING_MAX);
        (Self(sender), found)
    }

    /// Says what a team's latest test alarm showed to be wrong. When this returns well, it is
    /// written down for good. Said again it changes nothing.
    ///
    /// # Errors
    ///
    /// The hub is not there to write it down.
    pub async fn say(&self, team: TeamWord, wrong: Option<Situation>) -> Result<(), VerdictLost> {
        let (written, answered) = oneshot::channel();
        let found = Found {
            team,
            wrong,
            written,
        };
        self.0.send(found).await.map_err(|_gone| VerdictLost)?;
        answered.await.map_err(|_gone| VerdictLost)
    }
}
