//! The counts of nights that are over, on disk until the hub acknowledges them.
//!
//! The voice can neither make nor change them: the eye has signed them, and what stands inside is
//! the hub's to judge. At the bound the oldest night goes. They are sent when the hub has answered
//! a hello and when a night is new, one at a time and never before a report; not again and again
//! like reports, since nobody waits for them at night and an older hub never acknowledges one.

use std::collections::BTreeMap;

use jiff::civil::Date;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{CountsMessage, NIGHTS_WAITING_MAX, NightCounts};

use crate::disk::{Damage, Disk, TwoCopies};

use super::Written;

/// Name of the file.
const FILE: &str = "counts";

/// The counts that the hub has not acknowledged.
pub(super) struct KeptCounts {
    file: TwoCopies<CountsMessage>,
    waiting: BTreeMap<Date, CountsMessage>,
    /// The newest that this run knows to be acknowledged: the eye says its last night at each
    /// start.
    done: Option<CountsMessage>,
    written: Written,
    round: Round,
}

/// What became of counts that the eye said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// They wait.
    New,
    /// They wait already, or the hub has them.
    Known,
}

/// How far sending has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// Nothing is to be sent.
    Over,
    /// Everything later than this night, or everything.
    From(Option<Date>),
}

impl KeptCounts {
    /// Reads what waits; says what was damaged.
    pub(super) fn open(disk: &mut impl Disk) -> (Self, Damage) {
        let (file, messages, damage) = TwoCopies::<CountsMessage>::open(FILE, disk);
        let dated = |message: CountsMessage| Some((night(&message).ok()?, message));
        let counts = Self {
            file,
            waiting: messages.into_iter().filter_map(dated).collect(),
            done: None,
            written: Written::Yes,
            round: Round::Over,
        };
        (counts, damage)
    }

    /// Takes in a night from the eye; a second word about a night takes the place of the first.
    pub(super) fn put(&mut self, message: CountsMessage) -> Result<Put, serde_json::Error> {
        let night = night(&message)?;
        let known = [self.waiting.get(&night), self.done.as_ref()];
        if known.contains(&Some(&message)) {
            return Ok(Put::Known);
        }
        self.waiting.insert(night, message);
        while self.waiting.len() > NIGHTS_WAITING_MAX {
            self.waiting.pop_first();
        }
        self.written = Written::No;
        Ok(Put::New)
    }

    /// Forgets the nights that the hub has written down for good.
    pub(super) fn acknowledge(&mut self, nights: &[Date]) {
        for night in nights {
            if let Some(done) = self.waiting.remove(night) {
                self.done = Some(done);
                self.written = Written::No;
            }
        }
    }

    /// Everything that waits is to be sent, from the oldest.
    pub(super) fn begin_round(&mut self) {
        self.round = Round::From(None);
    }

    /// The connection is gone, and with it whatever was being sent.
    pub(super) fn end_round(&mut self) {
        self.round = Round::Over;
    }

    /// The next night of this round.
    pub(super) fn next(&self) -> Option<(Date, Signed)> {
        let Round::From(sent) = self.round else {
            return None;
        };
        let mut left = self.waiting.iter();
        let next = left.find(|(night, _)| sent.is_none_or(|sent| **night > sent))?;
        Some((*next.0, next.1.counts.clone()))
    }

    /// A night of this round is on its way.
    pub(super) fn handle_sent(&mut self, night: Date) {
        self.round = Round::From(Some(night));
    }

    /// Writes what waits if it is not written yet; says whether it is now.
    pub(super) fn write_down(&mut self, disk: &mut impl Disk) -> Written {
        if self.written == Written::No {
            self.written = match self.file.write(disk, self.waiting.values()) {
                Ok(()) => Written::Yes,
                Err(error) => {
                    tracing::error!(%error, "counts not written; a restart may lose a night's");
                    Written::No
                }
            };
        }
        self.written
    }
}

/// Which night the counts say they are of.
fn night(message: &CountsMessage) -> Result<Date, serde_json::Error> {
    let counts: NightCounts = serde_json::from_str(&message.counts.body)?;
    Ok(counts.night)
}
