//! The opaque words by which a chain knows teams, recipients and channels, and the numbers of
//! rows, trials and orders.
//!
//! What a word stands for (a phone number, somebody's post) is known to the settings and the
//! address book alone. A recipient's word prints as redacted: it may be a member of staff's id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use nattsyn_protocol::time::Timestamp;

/// Longest word in characters: as a staff id ([`crate::watch::STAFF_ID_MAX`]), since a recipient
/// may be one.
pub const NAME_MAX: usize = 32;

/// A text that is no word for a team, a recipient or a channel.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not 1 to {NAME_MAX} characters of a-z, 0-9 and -")]
pub struct NameError(pub String);

fn examined(text: &str) -> Result<String, NameError> {
    let fits = (1..=NAME_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(NameError(text.chars().take(NAME_MAX).collect()))
    }
}

macro_rules! name {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The word itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                examined(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                examined(&text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name!(TeamName, "A team whose rows are told along one chain.");
name!(
    ChannelName,
    "A way to reach somebody, as the settings name it."
);
name!(
    Recipient,
    "Somebody who can be told, by a word that means something to the municipality alone."
);

impl fmt::Debug for TeamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TeamName({})", self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelName({})", self.0)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(<redacted>)")
    }
}

/// A row that needs somebody, as the store numbers it ([`crate::watch::Exception`]), or a matter
/// ([`RowId::of_matter`]).
///
/// Exceptions are numbered from 1 upwards and matters from -1 downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowId(pub i64);

impl RowId {
    /// The row of a matter ([`crate::watch::Matter`]): no exception has its number.
    #[must_use]
    pub fn of_matter(matter: i64) -> Self {
        Self(-matter)
    }
}

/// A test alarm, as its caller numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialId(pub i64);

/// What makes an order one of its kind: a repeated one carries the same, so that a gateway which
/// knows idempotency keys tells nobody twice.
///
/// The moment makes it unlike any of a hub whose store was made anew; the number parts those of
/// one moment. Neither says whom or what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// When the order was given first, in milliseconds since 1970.
    pub at_ms: Timestamp,
    /// Counts the orders of a hub.
    pub number: u64,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nattsyn-{:x}-{:x}", self.at_ms.as_ms(), self.number)
    }
}
