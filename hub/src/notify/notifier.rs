//! The edge that tells somebody: one trait, whatever the technology.
//!
//! **What a receipt proves.** That a gateway, a push service or a mail server took the message
//! over, and nothing more: not that the phone is on, has coverage or makes a sound, nor that
//! anybody read it. So a delivered message is repeated and goes to the next step unless somebody
//! takes the row; only that, or an answer to a test alarm, shows that somebody was reached.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::chain::Failure;
use super::notice::Notice;

/// An attempt under way. A boxed future, so that channels of any kind stand in one list.
pub type Telling<'a> = Pin<Box<dyn Future<Output = Result<Receipt, TellError>> + Send + 'a>>;

/// Tells one address by one technology.
///
/// Called concurrently. It may retry within the attempt, with the notice's own key each time, and
/// must end by itself; [`super::caller`] cuts it off if it does not.
pub trait Notifier: Send + Sync {
    /// Tells what the notice says to whom it is addressed.
    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a>;
}

/// That something took a message over; see the module for what that proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The HTTP status or SMTP code it was accepted with.
    pub code: u16,
}

/// Why somebody could not be told. Nothing of what the other end said is in here: gateways repeat
/// phone numbers and secrets in their errors.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The notice's address is none that the channel can use.
    #[error("telling by a channel that cannot use the address")]
    WrongAddress,
    /// No connection.
    #[error("connecting to the gateway")]
    Unreachable(#[source] std::io::Error),
    /// Its certificate is not trusted.
    #[error("trusting the gateway's certificate")]
    Untrusted,
    /// No answer in time.
    #[error("waiting for the gateway's answer")]
    TimedOut,
    /// An answer that is none.
    #[error("reading the gateway's answer")]
    Garbled,
    /// It asks to come again later, or has a fault of its own.
    #[error("the gateway is not ready ({code})")]
    Busy {
        /// Its status.
        code: u16,
        /// When to come again, if it said so.
        again_after: Option<Duration>,
    },
    /// It refuses.
    #[error("the gateway refuses ({code})")]
    Refused {
        /// Its status.
        code: u16,
    },
    /// The address is no more.
    #[error("the address is no more ({code})")]
    Gone {
        /// Its status.
        code: u16,
    },
    /// The message could not be made.
    #[error("making the message")]
    Unmade,
}

impl TellError {
    /// The chain's word for it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::WrongAddress => Failure::NoAddress,
            Self::Unreachable(_) => Failure::Unreachable,
            Self::Untrusted => Failure::Untrusted,
            Self::TimedOut => Failure::TimedOut,
            Self::Garbled => Failure::Garbled,
            Self::Busy { .. } => Failure::Busy,
            Self::Refused { .. } => Failure::Refused,
            Self::Gone { .. } => Failure::Gone,
            Self::Unmade => Failure::Broken,
        }
    }
}
