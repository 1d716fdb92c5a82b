//! Who works here, and who is in for the night: ids, names, PINs and the sessions of a shift.
//!
//! [`Register`] keeps the rows, [`Porter`] lets people in by them, [`command`] is how staff come
//! to be in it. It says who somebody is and not what they may do: there are no roles here. What a
//! browser sends and gets is in [`crate::http::door`].
//!
//! A PIN and a token are never kept: a hash of each is. Neither they nor a name can be printed by
//! accident.

pub mod command;
pub mod ending;
mod identity;
mod patience;
mod pin;
mod porter;
mod register;
pub mod rights;
mod role;
pub mod roster;
mod session;
#[cfg(test)]
pub(crate) mod tests;
pub mod webauthn;

use std::fmt;

use crate::watch::StaffId;

pub use pin::{Pin, PinError, PinHash};
pub use porter::{Porter, PorterError, Refusal, SignedIn, Staffing};
pub use register::{Entry, Register, RegisterError};
pub use rights::{Missing, Rights, RosterLine, Standing as Holding};
pub use role::{Allowed, NotARole, Permission, Role, Roles};
pub use roster::RosterError;
pub use session::{Fingerprint, SHIFT, Token};

/// Longest name in characters: two first names and a double surname fit well.
pub const NAME_MAX: usize = 80;

/// Somebody who works here.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// By an opaque id, as it stands in the ledger.
    pub id: StaffId,
    /// As colleagues know them.
    pub name: String,
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Member({}, <redacted>)", self.id)
    }
}
