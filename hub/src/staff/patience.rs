//! How long somebody waits after wrong PINs: a growing pause, never a lock.
//!
//! Pure. The pause is for one person *on one kind of browser*: a browser in which that person has
//! been signed in before has a count of its own. So a stranger who tries and tries delays other
//! strangers, and never the night worker's own phone. Sessions are not touched at all.

use std::collections::BTreeMap;
use std::time::Duration;

use nattsyn_protocol::time::Uptime;

use super::session::Fingerprint;
use crate::watch::StaffId;

/// Wrong PINs in a row before there is a pause: two slips of a cold thumb are none.
const FREE_TRIES: u32 = 3;

/// The first pause; each further wrong PIN doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause: what somebody alone at night can wait with a row open. It leaves a guesser
/// 2,880 of a million PINs a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// When a count is forgotten: an hour without a try.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// Most counts held, some 200 kB. Three hundred staff with a phone each fit; at the bound the
/// count that was touched longest ago is forgotten.
const COUNTS_MAX: usize = 1024;

/// Who tries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// Somebody who works here, from a browser that is new to them.
    Member(StaffId),
    /// Somebody who works here, from a browser in which they were signed in before.
    AtHome(StaffId, Fingerprint),
    /// Nobody that is known, by what was typed. Counted alike, so that an answer does not say
    /// who works here.
    Nobody(Fingerprint),
}

/// Every count.
#[derive(Debug, Default)]
pub(super) struct Patience(BTreeMap<Who, Tries>);

#[derive(Debug)]
struct Tries {
    wrong: u32,
    latest: Uptime,
    /// Until when nothing more is tried.
    pause: Uptime,
}

impl Patience {
    /// Whether somebody may try now; how long they wait if not. A try counts as wrong until
    /// [`handle_right`](Self::handle_right) says otherwise, so that many at once gain nothing;
    /// one that must wait does not count. Returns how many have been wrong in a row.
    pub(super) fn handle_try(&mut self, now: Uptime, who: &Who) -> Result<u32, Duration> {
        self.0
            .retain(|_, tries| now.since(tries.latest) < FORGOTTEN_AFTER);
        if !self.0.contains_key(who) {
            self.make_room();
        }
        let tries = self.0.entry(who.clone()).or_insert(Tries {
            wrong: 0,
            latest: now,
            pause: now,
        });
        if tries.pause > now {
            return Err(tries.pause.since(now));
        }
        tries.wrong += 1;
        tries.latest = now;
        tries.pause = now.after(pause(tries.wrong));
        Ok(tries.wrong)
    }

    /// Somebody's PIN was right: their count begins anew.
    pub(super) fn handle_right(&mut self, who: &Who) {
        self.0.remove(who);
    }

    fn make_room(&mut self) {
        if self.0.len() < COUNTS_MAX {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, tries)| tries.latest);
        if let Some(who) = oldest.map(|(who, _)| who.clone()) {
            self.0.remove(&who);
        }
    }
}

fn pause(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE_TRIES) {
        None => Duration::ZERO,
        Some(more) => FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(more))
            .min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Who {
        Who::Member("natt-001".parse().unwrap())
    }

    fn at(seconds: u64) -> Uptime {
        Uptime(Duration::from_secs(seconds))
    }

    #[test]
    fn three_wrong_pins_make_a_pause_that_grows_to_half_a_minute_and_never_a_lock() {
        let mut patience = Patience::default();
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..10 {
            assert!(patience.handle_try(at(now), &member()).is_ok());
            match patience.handle_try(at(now), &member()) {
                Ok(_) => pauses.push(0),
                Err(wait) => {
                    pauses.push(wait.as_secs());
                    now += wait.as_secs();
                }
            }
        }
        assert_eq!(pauses, [0, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
    }

    #[test]
    fn waiting_is_not_made_longer_by_trying_meanwhile() {
        let mut patience = Patience::default();
        for _ in 0..3 {
            patience.handle_try(at(0), &member()).unwrap();
        }
        for _ in 0..50 {
            assert_eq!(
                patience.handle_try(at(1), &member()),
                Err(Duration::from_secs(1))
            );
        }
        assert_eq!(patience.handle_try(at(2), &member()), Ok(4));
    }

    #[test]
    fn a_stranger_who_tries_delays_nobody_at_their_own_phone() {
        let mut patience = Patience::default();
        while patience.handle_try(at(0), &member()).is_ok() {}
        let phone = Who::AtHome("natt-001".parse().unwrap(), Fingerprint::of_text("phone"));
        assert_eq!(patience.handle_try(at(0), &phone), Ok(1));
        let other = Who::Member("natt-002".parse().unwrap());
        assert_eq!(patience.handle_try(at(0), &other), Ok(1));
    }

    #[test]
    fn a_right_pin_or_an_hour_clears_the_count() {
        let mut patience = Patience::default();
        while patience.handle_try(at(0), &member()).is_ok() {}
        patience.handle_right(&member());
        assert_eq!(patience.handle_try(at(0), &member()), Ok(1));
        while patience.handle_try(at(0), &member()).is_ok() {}
        assert_eq!(patience.handle_try(at(3600), &member()), Ok(1));
    }

    #[test]
    fn memory_is_bounded_whatever_is_typed() {
        let mut patience = Patience::default();
        while patience.handle_try(at(1), &member()).is_ok() {}
        for typed in 0..5000_u64 {
            let who = Who::Nobody(Fingerprint::of_text(&typed.to_string()));
            patience.handle_try(at(2), &who).unwrap();
        }
        assert_eq!(patience.0.len(), COUNTS_MAX);
    }
}
