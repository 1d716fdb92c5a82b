//! What is written down of a view, each step before it is sent or shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::live::{End, Refusal};
use nattsyn_protocol::time::Timestamp;

use crate::audit::{Act, AuditId, AuditRow, Log, Who};
use crate::store::Views;
use crate::watch::StaffId;

/// One view, by the number of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewId(pub i64);

/// What a view is about, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The row of "Att åtgärda".
    pub row: i64,
    /// The check whose look was unclear.
    pub check: CheckId,
    /// Whose eye.
    pub unit: UnitId,
    /// Who asks.
    pub by: StaffId,
}

/// A step of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The eye has looked again and cannot tell; the look's number.
    Challenged(u8),
    /// The operator's authenticator has signed, and the hub signs. By this challenge.
    Granted(Base64),
    /// The lamp is on and pictures may come.
    Opened,
    /// It is over.
    Over(Over),
    /// What the operator said that they saw, by the word of the row's outcome.
    Answered(String),
}

/// The word of a view whose row was closed before anybody said what was seen.
pub const NOBODY_SAID: &str = "nobody_said";

/// How a view ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The eye shows nothing.
    Refused(Refusal),
    /// The eye ended it, and how much was shown.
    Ended {
        /// Why.
        why: End,
        /// Frames that were sealed.
        frames: u64,
        /// How long the lamp was on, in milliseconds.
        lit_ms: u32,
    },
    /// The eye did not answer in time.
    NoAnswer,
    /// The operator did not sign in time, or ended it before.
    NotSigned,
    /// What was agreed does not allow pictures any more.
    NotAgreed,
    /// It was open, and nothing was heard of its end.
    Lost,
    /// A step could not be written down, so nothing was shown.
    NotWritten,
    /// The hub was started anew.
    HubRestarted,
}

impl Over {
    /// The word in the store and in logs.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Refused(refusal) => format!("refused({})", name(refusal)),
            Self::Ended { why, .. } => format!("ended({})", name(why)),
            Self::NoAnswer => "no_answer".to_owned(),
            Self::NotSigned => "not_signed".to_owned(),
            Self::NotAgreed => "not_agreed".to_owned(),
            Self::Lost => "lost".to_owned(),
            Self::NotWritten => "not_written".to_owned(),
            Self::HubRestarted => "hub_restarted".to_owned(),
        }
    }

    /// Reads the word. One that this version does not know is a loss.
    #[must_use]
    pub fn from_word(word: &str, frames: u64, lit_ms: u32) -> Self {
        let inner = |kind: &str| {
            let inner = word.strip_prefix(kind)?.strip_prefix('(')?;
            inner.strip_suffix(')')
        };
        if let Some(refusal) = inner("refused") {
            return Self::Refused(named(refusal).unwrap_or(Refusal::Unrecognised));
        }
        if let Some(why) = inner("ended") {
            let why = named(why).unwrap_or(End::Unrecognised);
            return Self::Ended {
                why,
                frames,
                lit_ms,
            };
        }
        match word {
            "no_answer" => Self::NoAnswer,
            "not_signed" => Self::NotSigned,
            "not_agreed" => Self::NotAgreed,
            "not_written" => Self::NotWritten,
            "hub_restarted" => Self::HubRestarted,
            _ => Self::Lost,
        }
    }
}

/// The wire's own word for a reason.
fn name(reason: &impl serde::Serialize) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => "unrecognised".to_owned(),
    }
}

fn named<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// A step could not be written down: nothing of it may be sent or shown.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The store failed.
    #[error("writing a live view down")]
    Store(#[from] crate::store::StoreError),
    /// The audit log failed.
    #[error("writing a live view into the audit log")]
    Audit(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A view whose pictures were shown and of which nobody has said yet what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Which view.
    pub view: ViewId,
    /// About what, and whose.
    pub asked: Asked,
    /// Since when it was open.
    pub opened: Timestamp,
}

/// Where views are written down. Calls block until what they write is on the disk.
pub trait Book: Send {
    /// Somebody asks to see. This comes before anything is asked of a unit.
    ///
    /// # Errors
    ///
    /// It could not be written.
    fn begin(&mut self, at: Timestamp, asked: &Asked) -> Result<ViewId, BookError>;

    /// A step of a view.
    ///
    /// # Errors
    ///
    /// It could not be written.
    fn step(&mut self, at: Timestamp, view: (ViewId, &Asked), step: &Step)
    -> Result<(), BookError>;

    /// Ends what was under way when the hub ended, and reads what is left of it.
    ///
    /// # Errors
    ///
    /// It cannot be read or written.
    fn restore(&mut self, at: Timestamp) -> Result<Restored, BookError>;
}

/// What is left of the views of before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Those that were open and of which nobody has said what was seen.
    pub unanswered: Vec<Unanswered>,
    /// Those that were under way when the hub ended, and since when they were open.
    pub cut: Vec<(Asked, Option<Timestamp>)>,
    /// The unit and night of every view that was opened in the last two nights.
    pub opened: Vec<(UnitId, jiff::civil::Date)>,
}

/// Views in the ledger's file, and in the audit log before that.
pub struct Audited {
    views: Views,
    log: Arc<Log>,
    /// What goes on from which row of the log, and since when the view was open.
    begun: BTreeMap<ViewId, (AuditId, Option<Timestamp>)>,
}

impl Audited {
    /// Both of a hub.
    #[must_use]
    pub fn new(views: Views, log: Arc<Log>) -> Self {
        Self {
            views,
            log,
            begun: BTreeMap::new(),
        }
    }

    fn record(&self, row: AuditRow) -> Result<AuditId, BookError> {
        let recorded = self.log.record(row);
        recorded.map_err(|error| BookError::Audit(Box::new(error)))
    }
}

impl Book for Audited {
    fn begin(&mut self, at: Timestamp, asked: &Asked) -> Result<ViewId, BookError> {
        let row = AuditRow::new(at, asked.by.clone(), Act::LiveViewAsked)
            .about(asked.check.resident)
            .detail(format!("row {} {} {}", asked.row, asked.check, asked.unit));
        let first = self.record(row)?;
        let view = self.views.begin(at, asked)?;
        self.begun.insert(view, (first, None));
        Ok(view)
    }

    fn step(
        &mut self,
        at: Timestamp,
        (view, asked): (ViewId, &Asked),
        step: &Step,
    ) -> Result<(), BookError> {
        let begun = self.begun.get(&view).copied();
        let opened = begun.and_then(|(_, opened)| opened);
        if let Some((act, detail, lasted)) = told(at, opened, step) {
            let row = AuditRow::new(at, asked.by.clone(), act)
                .about(asked.check.resident)
                .detail(detail);
            let row = match begun {
                Some((first, _)) => row.follows(first),
                None => row,
            };
            self.record(match lasted {
                Some(time) => row.lasted(time),
                None => row,
            })?;
        }
        self.views.step(at, (view, asked), step)?;
        match (step, self.begun.get_mut(&view)) {
            (Step::Opened, Some((_, opened))) => *opened = Some(at),
            (Step::Answered(_), Some(_)) => drop(self.begun.remove(&view)),
            (_, _) => {}
        }
        Ok(())
    }

    fn restore(&mut self, at: Timestamp) -> Result<Restored, BookError> {
        let restored = self.views.restore(at)?;
        for (asked, opened) in &restored.cut {
            let step = Step::Over(Over::HubRestarted);
            if let Some((act, detail, lasted)) = told(at, *opened, &step) {
                let row = AuditRow::new(at, Who::Hub, act)
                    .about(asked.check.resident)
                    .detail(detail);
                self.record(match lasted {
                    Some(time) => row.lasted(time),
                    None => row,
                })?;
            }
        }
        Ok(restored)
    }
}

/// What the log is told of a step; nothing of those on the way, which the views' own rows have.
fn told(
    at: Timestamp,
    opened: Option<Timestamp>,
    step: &Step,
) -> Option<(Act, String, Option<Duration>)> {
    match (step, opened) {
        (Step::Challenged(_) | Step::Granted(_), _) => None,
        (Step::Opened, _) => Some((Act::LiveViewBegan, String::new(), None)),
        (Step::Over(over), None) => Some((Act::LiveViewRefused, over.word(), None)),
        (Step::Over(over), Some(opened)) => {
            let shown = match over {
                Over::Ended { lit_ms, .. } => Duration::from_millis((*lit_ms).into()),
                Over::Refused(_)
                | Over::NoAnswer
                | Over::NotSigned
                | Over::NotAgreed
                | Over::Lost
                | Over::NotWritten
                | Over::HubRestarted => at.since(opened),
            };
            Some((Act::LiveViewEnded, over.word(), Some(shown)))
        }
        // Nobody did anything: the views' own rows say so.
        (Step::Answered(word), _) if word == NOBODY_SAID => None,
        (Step::Answered(word), _) => Some((Act::LiveViewSaid, word.clone(), None)),
    }
}
