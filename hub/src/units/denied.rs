//! Whose certificate holds no more: the list that the broker's front and the door for units go by.
//!
//! The list is by serial number. A certificate that nobody wrote down is none of the list's
//! business: only the hub's authority can have signed it, and whoever is in no home is not heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// Why a certificate holds no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its unit was taken down.
    Removed,
    /// Its unit has used a newer one for a day: who shows this one has a copy of it.
    Superseded,
}

impl Why {
    /// As it is written down. Never changed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Superseded => "superseded",
        }
    }

    /// By its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Removed, Self::Superseded]
            .into_iter()
            .find(|why| why.word() == word)
    }
}

/// The certificates that hold no more, by serial number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denied(BTreeMap<String, Why>);

impl Denied {
    /// These.
    #[must_use]
    pub fn new(serials: BTreeMap<String, Why>) -> Self {
        Self(serials)
    }

    /// Why a certificate holds no more; `None` if it does.
    #[must_use]
    pub fn why(&self, serial: &str) -> Option<Why> {
        self.0.get(serial).copied()
    }

    /// Their numbers.
    #[must_use]
    pub fn serials(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// The list as it is now and will be.
pub type Watched = watch::Receiver<Arc<Denied>>;

/// A list on which nobody stands, for as long as it is read: where units are invented.
#[must_use]
pub fn nobody() -> Watched {
    watch::channel(Arc::default()).1
}
