//! The way for what is found out beside the desk to it: what test alarms proved, written down there
//! before it is answered, and whether the log's head lies outside.

use std::collections::BTreeSet;
use std::convert::Infallible;

use tokio::sync::{mpsc, oneshot, watch};

use nattsyn_protocol::ids::UnitId;

use crate::audit::heads::{Kept, Outside};
use crate::units::keeper::Late;
use crate::watch::TeamWord;
use crate::watch::situation::Situation;

/// Verdicts that may wait for the desk: one for each team of a large municipality.
const WAITING_MAX: usize = 64;

/// What was found out.
#[derive(Debug)]
pub(crate) enum Found {
    /// What a team's test alarm showed to be wrong, if anything, and where the answer goes.
    Team {
        team: TeamWord,
        wrong: Option<Situation>,
        written: oneshot::Sender<()>,
    },
    /// Whether the log's head lies outside.
    Heads(Kept),
    /// Whose certificate is near its end.
    Late(BTreeSet<UnitId>),
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
        let found = Found::Team {
            team,
            wrong,
            written,
        };
        self.0.send(found).await.map_err(|_gone| VerdictLost)?;
        answered.await.map_err(|_gone| VerdictLost)
    }

    /// Says each time whose certificate is near its end, for as long as it is polled; also that
    /// nobody's is, so that what an earlier hub said ends.
    pub async fn tell_late(self, mut late: watch::Receiver<Late>) -> Infallible {
        loop {
            if late.changed().await.is_err() {
                // The keeper is gone, and with it the hub.
                std::future::pending::<()>().await;
            }
            let units = late.borrow_and_update().clone();
            if let Some(units) = units {
                // A service that has ended needs to hear nothing.
                self.0.send(Found::Late(units)).await.ok();
            }
        }
    }

    /// Says each time whether the log's head lies outside, for as long as it is polled; at once
    /// where no folder is set any more, so that what was said of one ends.
    pub async fn tell_heads(self, mut outside: watch::Receiver<Outside>) -> Infallible {
        if *outside.borrow() == Outside::Nowhere {
            outside.mark_changed();
        }
        loop {
            if outside.changed().await.is_err() {
                // The keeper is gone, and with it the hub.
                std::future::pending::<()>().await;
            }
            let kept = Kept::of(*outside.borrow_and_update());
            // A service that has ended needs to hear nothing.
            self.0.send(Found::Heads(kept)).await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_desk_hears_each_time_whether_the_logs_head_lies_outside() {
        let (verdicts, mut found) = Verdicts::new();
        let (keeper, outside) = watch::channel(Outside::Failing(None));
        let telling = tokio::spawn(verdicts.tell_heads(outside));
        let at = nattsyn_protocol::time::Timestamp::from_ms(1).unwrap();
        for (said, kept) in [
            (Outside::Since(at), Kept::Yes),
            (Outside::Failing(Some(at)), Kept::No),
            (Outside::Since(at), Kept::Yes),
        ] {
            keeper.send_replace(said);
            match found.recv().await.unwrap() {
                Found::Heads(heard) => assert_eq!(heard, kept),
                Found::Team { .. } | Found::Late(_) => panic!("nothing else was found"),
            }
        }
        telling.abort();
    }

    #[tokio::test]
    async fn what_was_said_of_a_folder_ends_when_none_is_set_any_more() {
        let (verdicts, mut found) = Verdicts::new();
        let (_keeper, outside) = watch::channel(Outside::Nowhere);
        let telling = tokio::spawn(verdicts.tell_heads(outside));
        let heard = found.recv().await.unwrap();
        assert!(matches!(heard, Found::Heads(Kept::Yes)));
        telling.abort();
    }
}
