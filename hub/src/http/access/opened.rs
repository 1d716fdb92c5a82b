//! Who has tonight's list in the log: once for a session and a night is enough for what an open
//! page fetches by itself.
//!
//! It holds no name, and writes nothing: what is forgotten here is only written once more.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;

use crate::staff::Fingerprint;

use super::super::door::{Pass, Viewer};

/// Most sessions that are remembered, some 200 kB; beyond it all are forgotten.
const SESSIONS_MAX: usize = 4096;

/// Whether tonight's list is opened for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Opening {
    /// In this session, tonight.
    First,
    /// It is in the log, or on its way there.
    Again,
}

/// The sessions in which a night was opened.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Opened(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    night: Option<Date>,
    sessions: BTreeSet<Fingerprint>,
}

impl Opened {
    /// Somebody opens a night.
    pub(super) fn open(&self, viewer: &Viewer, night: Date) -> Opening {
        let session = match &viewer.pass {
            Pass::Session(token) => token.fingerprint(),
            Pass::Open => Fingerprint::of_text(&viewer.me.id.to_string()),
        };
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.night != Some(night) || seen.sessions.len() >= SESSIONS_MAX {
            *seen = Seen {
                night: Some(night),
                sessions: BTreeSet::new(),
            };
        }
        match seen.sessions.insert(session) {
            true => Opening::First,
            false => Opening::Again,
        }
    }
}
