//! From the broker into the hub: everything is judged here before anything believes it.
//!
//! [`Link`] holds the connection; [`judge`] reads and verifies one message; what is not
//! believed is counted in [`Drops`] and logged, and stops nothing. Whether a believable report
//! fits a check is the watch's affair.

mod drops;
mod judge;
mod link;

use crate::certificates::Identity;

pub use drops::{DropKind, Drops};
pub use judge::{LiveSaid, Message, Said, hello_of_stranger, judge};
pub(crate) use link::{Link, LinkEvent};
pub use link::{LinkError, Publication};

/// Where the broker is, and as whom the hub connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address, as in the broker's certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The hub's certificate, and the authority that signed the broker's.
    pub identity: Identity,
}
