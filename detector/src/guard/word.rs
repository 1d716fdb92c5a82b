//! The number of what the eye says that it is commissioned as, by which the hub knows an older
//! word from a newer one, whoever passes it on.
//!
//! It is kept in the eye's memory and one more with each run, and with each change. Where no
//! memory tells of one it begins at the time, in milliseconds, once that is known: above every
//! number that this eye gave before, whose memory was lost. Until then the eye's words have none.
//!
//! Pure. Which words there are is the eye's.

use nattsyn_protocol::time::Timestamp;

use super::{Change, Guard, Moment, is_known};

/// The number that a run begins with, after the one that was written down last.
pub(super) fn of_next_run(word: Option<u64>) -> Option<u64> {
    word.map(|word| word.saturating_add(1))
}

impl Guard {
    /// The number of the eye's newest word; none while nothing tells of one.
    #[must_use]
    pub fn word(&self) -> Option<u64> {
        self.memory.word
    }

    /// What the eye is commissioned as is about to change: the next word is another one. To be
    /// written down before anything is said.
    pub fn count_word(&mut self, now: Moment) {
        let trust = self.handle_moment(now);
        let time = is_known(now, trust).then(|| at(now.wall));
        self.memory.word = of_next_run(self.memory.word).max(time);
        self.change = Change::Unwritten;
    }

    /// Takes in the time, where no number is known.
    pub(super) fn begin_words(&mut self, known: Option<Timestamp>) {
        if let (None, Some(known)) = (self.memory.word, known) {
            self.memory.word = Some(at(known));
            self.change = Change::Unwritten;
        }
    }
}

fn at(time: Timestamp) -> u64 {
    u64::try_from(time.as_ms()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nattsyn_protocol::demonstration;
    use nattsyn_protocol::time::Uptime;

    use super::super::Trust;
    use super::super::lifetime::Opening;
    use super::*;
    use crate::memory::{Found, Memory};

    fn guard(found: Found) -> Guard {
        let opening = Opening {
            uptime: Uptime::default(),
            machine: None,
        };
        Guard::resume(
            "u0000001".parse().unwrap(),
            demonstration::root(),
            found,
            opening,
        )
    }

    fn at_minute(minute: u64, trust: Trust) -> Moment {
        let passed = Duration::from_secs(60 * minute);
        Moment {
            uptime: Uptime(passed),
            wall: Timestamp::from_ms(1_795_312_930_000).unwrap().after(passed),
            trust,
        }
    }

    fn memory(guard: &mut Guard) -> Memory {
        guard.take_change(Uptime::default()).unwrap()
    }

    #[test]
    fn every_change_and_every_run_has_a_higher_number_with_or_without_the_time() {
        let mut guard = guard(Found::Nothing);
        guard.handle_moment(at_minute(0, Trust::Synced));
        let mut last = guard.word();
        assert!(last.is_some());
        for minute in 1..4 {
            // A clock that is set back, and one that nobody knows.
            for moment in [
                at_minute(minute, Trust::Synced),
                at_minute(0, Trust::Synced),
                at_minute(minute, Trust::Guessed),
            ] {
                guard.count_word(moment);
                assert!(guard.word() > last, "{moment:?}");
                last = guard.word();
            }
            let kept = memory(&mut guard);
            guard = self::guard(Found::Remembered(kept));
            assert!(guard.word() > last, "a run");
            last = guard.word();
        }
    }

    #[test]
    fn a_lost_memory_takes_no_number_back_and_without_the_time_there_is_none() {
        let mut before = guard(Found::Nothing);
        for minute in 0..5 {
            before.count_word(at_minute(minute, Trust::Synced));
        }
        for found in [Found::Lost, Found::Nothing] {
            let mut after = guard(found);
            after.handle_moment(at_minute(6, Trust::Guessed));
            assert_eq!(after.word(), None);
            after.handle_moment(at_minute(6, Trust::Synced));
            assert!(after.word() > before.word());
            let begun = after.word();
            after.handle_moment(at_minute(9, Trust::Synced));
            assert_eq!(after.word(), begun, "time alone is no new word");
        }
    }
}
