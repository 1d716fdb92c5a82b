//! What units were sent and say that they hold, and the desk's memory of it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::policy::Capability;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{HeldThresholds, HomeThresholds, ThresholdsMessage};
use nattsyn_protocol::time::Timestamp;

use super::Levels;

/// How long after it was sent the same version is not sent again, whatever a unit says: a unit
/// that refuses it and says hello each time must not make a loop. A hello that is lost comes again
/// later than that.
pub const SENT_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How long after it was sent it is sent again to a unit that is heard and says no hello.
pub const REMINDED_AFTER: Duration = Duration::from_secs(10 * 60);

/// Thresholds as they were signed and are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredThresholds {
    /// What they say.
    pub thresholds: HomeThresholds,
    /// As signed.
    pub signed: Signed,
    /// Under which epoch of the hub's keys.
    pub epoch: u32,
    /// When.
    pub made: Timestamp,
}

/// The newest of each unit that ever had any.
pub type Sent = BTreeMap<UnitId, StoredThresholds>;

/// A unit's own word, by its eye's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it holds; version 0 for nothing.
    pub held: HeldThresholds,
    /// When it said so first.
    pub at: Timestamp,
}

/// How far a unit is with the newest thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was never sent any: it works by its model.
    None,
    /// It was never sent any by this ledger, and says that it holds this version.
    Foreign(u32),
    /// It says that it holds them, since then.
    Acknowledged(Timestamp),
    /// It says that it holds this version and not by which levels: its software is from before
    /// levels were said.
    Unsaid(u32),
    /// It has not said so; since when it should.
    Waits(Timestamp),
}

/// How far a unit is by what was sent and its last word.
#[must_use]
pub fn progress(sent: Option<&StoredThresholds>, word: Option<Word>) -> Progress {
    match (sent, word) {
        (None, Some(word)) if word.held.version > 0 => Progress::Foreign(word.held.version),
        (None, _) => Progress::None,
        (Some(sent), Some(word)) if word.held.version == sent.thresholds.version => {
            match word.held.levels() {
                Some(held) if held == Levels::from(&sent.thresholds).pair() => {
                    Progress::Acknowledged(word.at)
                }
                Some(_) => Progress::Waits(sent.made),
                None => Progress::Unsaid(word.held.version),
            }
        }
        (Some(sent), Some(_) | None) => Progress::Waits(sent.made),
    }
}

/// The same in a home where these levels are in force: a unit that follows others waits for them,
/// until they are signed and it has said that it holds them.
#[must_use]
pub fn progress_to(
    in_force: Levels,
    sent: Option<&StoredThresholds>,
    word: Option<Word>,
) -> Progress {
    let said = progress(sent, word);
    match (said, sent) {
        (Progress::Acknowledged(_), Some(sent)) if Levels::from(&sent.thresholds) != in_force => {
            Progress::Waits(sent.made)
        }
        _ => said,
    }
}

/// The desk's memory.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    newest: Sent,
    sent: BTreeMap<UnitId, Timestamp>,
    words: BTreeMap<UnitId, HeldThresholds>,
}

impl Standing {
    /// What the store has of units' words.
    pub fn recall(&mut self, words: &BTreeMap<UnitId, Word>) {
        let said = words.iter().map(|(unit, word)| (*unit, word.held));
        self.words = said.collect();
    }

    /// Takes in the newest thresholds; returns the units for which there are newer ones.
    pub fn take(&mut self, newest: Sent) -> BTreeSet<UnitId> {
        let is_newer = |(unit, stored): &(&UnitId, &StoredThresholds)| {
            let held = self.newest.get(unit);
            held.is_none_or(|held| held.thresholds.version < stored.thresholds.version)
        };
        let newer: BTreeSet<UnitId> = newest.iter().filter(is_newer).map(|it| *it.0).collect();
        for unit in &newer {
            self.sent.remove(unit);
        }
        self.newest = newest;
        newer
    }

    /// Takes in what an eye said of itself; returns what it holds if that is news.
    pub fn hear(&mut self, capability: &Capability) -> Option<HeldThresholds> {
        let held = capability.thresholds.unwrap_or_default();
        let before = self.words.insert(capability.unit, held).unwrap_or_default();
        (before != held).then_some(held)
    }

    /// What to send to a unit that says hello: the newest, unless it says that it holds that
    /// version or a higher one, or was sent it just now. By a version that it holds already it
    /// takes nothing: where its levels are others, a higher one is signed
    /// ([`settle::due`](super::settle::due)).
    pub fn greet(
        &mut self,
        now: Timestamp,
        unit: UnitId,
        endorsement: &Signed,
    ) -> Option<ThresholdsMessage> {
        self.send((now, SENT_AGAIN_AFTER), unit, endorsement)
    }

    /// The same to a unit that is only heard.
    pub fn remind(
        &mut self,
        now: Timestamp,
        unit: UnitId,
        endorsement: &Signed,
    ) -> Option<ThresholdsMessage> {
        self.send((now, REMINDED_AFTER), unit, endorsement)
    }

    fn send(
        &mut self,
        (now, again_after): (Timestamp, Duration),
        unit: UnitId,
        endorsement: &Signed,
    ) -> Option<ThresholdsMessage> {
        let stored = self.newest.get(&unit)?;
        let held = self.words.get(&unit).map_or(0, |held| held.version);
        let last = self.sent.get(&unit);
        // A clock that was set back does not keep anything from a unit.
        let is_fresh = last.is_some_and(|sent| *sent <= now && now.since(*sent) < again_after);
        if held >= stored.thresholds.version || is_fresh {
            return None;
        }
        self.sent.insert(unit, now);
        Some(ThresholdsMessage {
            thresholds: stored.signed.clone(),
            endorsement: endorsement.clone(),
        })
    }
}
