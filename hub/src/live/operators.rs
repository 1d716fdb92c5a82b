//! Who may see, and by which authenticator: what live views ask of the staff's register.

use nattsyn_protocol::assertion::Operator;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use crate::staff::{Missing, Rights};
use crate::watch::StaffId;

/// A worker who may see: their line of the roster, as the root signed it and as it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitled {
    /// As it travels to the eye.
    pub line: Signed,
    /// As it reads, verified against the root.
    pub operator: Operator,
}

/// Why a worker may not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEntitled {
    /// Their role has no live view.
    #[error("the worker's role has no live view")]
    Role,
    /// Nobody has written down that they were trained for it.
    #[error("the worker is not trained for live views")]
    Untrained,
    /// They have registered no authenticator, or the root has not signed their line yet, or it has
    /// ended.
    #[error("the worker has no line in the roster that holds")]
    NotInRoster,
    /// It cannot be read.
    #[error("the roster cannot be read")]
    Unreadable,
}

/// The staff's register, as live views ask it. Calls may block.
pub trait Operators: Send + Sync {
    /// Whether somebody may see at this moment.
    ///
    /// # Errors
    ///
    /// Why not.
    fn entitled(&self, who: &StaffId, at: Timestamp) -> Result<Entitled, NotEntitled>;
}

impl Operators for Rights {
    fn entitled(&self, who: &StaffId, at: Timestamp) -> Result<Entitled, NotEntitled> {
        let holding = self.standing(who).map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "who may see cannot be read");
            NotEntitled::Unreadable
        })?;
        let line = holding.live_view(at).map_err(|missing| match missing {
            Missing::Role(_) => NotEntitled::Role,
            Missing::Training | Missing::FreshTraining => NotEntitled::Untrained,
            Missing::Key | Missing::Line | Missing::FreshLine => NotEntitled::NotInRoster,
        })?;
        Ok(Entitled {
            line: line.signed.clone(),
            operator: line.operator.clone(),
        })
    }
}
