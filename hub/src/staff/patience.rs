//! How long somebody waits after wrong PINs: a growing pause, never a lock.
//!
//! Pure. The pause is for one person *on one kind of browser*: a browser in which that person has
//! been signed in before has a count of its own. So a stranger who tries and tries delays other
//! strangers, and never the night worker's own phone. Sessions are not touched at all.
//!
//! Beside it there is a pause for an address ([`Place`]), from which somebody may try one PIN with
//! every id: later and shorter than a person's, since a whole house may share an address, and never
//! for a browser in which the person was signed in before.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
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

/// Where somebody tries from: an IPv4 address, or the /64 of an IPv6 one, which is what one
/// subscriber has (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(IpAddr);

impl Place {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

/// Wrong PINs from one address before there is a pause: a shift of ten who each slip twice.
const PLACE_FREE_TRIES: u32 = 20;

/// The longest pause for an address. It leaves a guesser who tries every id 8,640 PINs a day, and a
/// colleague on a new phone at the same address a wait that can be borne.
const PLACE_LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// By what tries are counted.
pub(super) trait Counted: Clone + Ord {
    /// The pause after so many wrong PINs in a row.
    fn pause(wrong: u32) -> Duration;
}

impl Counted for Who {
    fn pause(wrong: u32) -> Duration {
        pause(wrong, FREE_TRIES, LONGEST_PAUSE)
    }
}

impl Counted for Place {
    fn pause(wrong: u32) -> Duration {
        pause(wrong, PLACE_FREE_TRIES, PLACE_LONGEST_PAUSE)
    }
}

/// Every count.
#[derive(Debug)]
pub(super) struct Patience<K>(BTreeMap<K, Tries>);

impl<K> Default for Patience<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

#[derive(Debug)]
struct Tries {
    wrong: u32,
    latest: Uptime,
    /// Until when nothing more is tried.
    pause: Uptime,
}

impl<K: Counted> Patience<K> {
    /// Whether somebody may try now; how long they wait if not. A try counts as wrong until
    /// [`handle_right`](Self::handle_right) says otherwise, so that many at once gain nothing;
    /// one that must wait does not count. Returns how many have been wrong in a row.
    pub(super) fn handle_try(&mut self, now: Uptime, who: &K) -> Result<u32, Duration> {
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
        tries.pause = now.after(K::pause(tries.wrong));
        Ok(tries.wrong)
    }

    /// Somebody's PIN was right: their count begins anew.
    pub(super) fn handle_right(&mut self, who: &K) {
        self.0.remove(who);
    }

    /// One try was right, and says nothing of the others that are counted with it: whoever guesses
    /// must not clear a count by signing in themselves in between.
    pub(super) fn handle_forgiven(&mut self, who: &K) {
        if let Some(tries) = self.0.get_mut(who) {
            tries.wrong = tries.wrong.saturating_sub(1);
            tries.pause = tries.latest;
        }
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

fn pause(wrong: u32, free: u32, longest: Duration) -> Duration {
    match wrong.checked_sub(free) {
        None => Duration::ZERO,
        Some(more) => FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(more))
            .min(longest),
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
        let mut patience = Patience::<Who>::default();
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
        let mut patience = Patience::<Who>::default();
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
        let mut patience = Patience::<Who>::default();
        while patience.handle_try(at(0), &member()).is_ok() {}
        let phone = Who::AtHome("natt-001".parse().unwrap(), Fingerprint::of_text("phone"));
        assert_eq!(patience.handle_try(at(0), &phone), Ok(1));
        let other = Who::Member("natt-002".parse().unwrap());
        assert_eq!(patience.handle_try(at(0), &other), Ok(1));
    }

    #[test]
    fn a_right_pin_or_an_hour_clears_the_count() {
        let mut patience = Patience::<Who>::default();
        while patience.handle_try(at(0), &member()).is_ok() {}
        patience.handle_right(&member());
        assert_eq!(patience.handle_try(at(0), &member()), Ok(1));
        while patience.handle_try(at(0), &member()).is_ok() {}
        assert_eq!(patience.handle_try(at(3600), &member()), Ok(1));
    }

    #[test]
    fn an_address_from_which_everybody_is_tried_waits_and_a_house_that_slips_does_not() {
        let mut patience = Patience::<Place>::default();
        let house = Place::of("192.0.2.7".parse().unwrap());
        for _ in 0..PLACE_FREE_TRIES {
            assert!(patience.handle_try(at(0), &house).is_ok());
        }
        assert!(patience.handle_try(at(0), &house).is_err());
        let mut now = 0;
        for _ in 0..20 {
            if let Err(wait) = patience.handle_try(at(now), &house) {
                assert!(wait <= PLACE_LONGEST_PAUSE, "{wait:?}");
                now += wait.as_secs();
            }
        }
        let other = Place::of("192.0.2.8".parse().unwrap());
        assert!(patience.handle_try(at(now), &other).is_ok());
    }

    #[test]
    fn a_guesser_who_signs_in_in_between_clears_nothing() {
        let mut patience = Patience::<Place>::default();
        let place = Place::of("192.0.2.7".parse().unwrap());
        for _ in 0..PLACE_FREE_TRIES - 1 {
            patience.handle_try(at(0), &place).unwrap();
            patience.handle_try(at(0), &place).unwrap();
            patience.handle_forgiven(&place);
            if patience.0[&place].wrong >= PLACE_FREE_TRIES - 1 {
                break;
            }
        }
        patience.handle_try(at(0), &place).unwrap();
        assert!(patience.handle_try(at(0), &place).is_err());
    }

    #[test]
    fn a_subscribers_many_addresses_are_one_place() {
        let of = |text: &str| Place::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
    }

    #[test]
    fn memory_is_bounded_whatever_is_typed() {
        let mut patience = Patience::<Who>::default();
        while patience.handle_try(at(1), &member()).is_ok() {}
        for typed in 0..5000_u64 {
            let who = Who::Nobody(Fingerprint::of_text(&typed.to_string()));
            patience.handle_try(at(2), &who).unwrap();
        }
        assert_eq!(patience.0.len(), COUNTS_MAX);
    }
}
