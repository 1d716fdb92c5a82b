//! How often the receiver hears that Nattsyn works.
//!
//! The receiver may answer a heartbeat with one of five interval classes (`hbi`). What each
//! lasts is in the standard, which was not at hand, so it is agreed with the receiver and
//! written in its profile; without that, its wish is not followed and the heartbeat says so
//! (`hbo` 0). When the next is due is the caller's to keep.

use std::time::Duration;

use crate::mapping::Event;
use crate::message::{HeartbeatOption, IntervalClass, Reply};

/// How often heartbeats are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Unless the receiver wants another.
    pub usual: Duration,
    /// How long the receiver's classes last, from the first to the fifth, if that is agreed.
    pub classes: Option<[Duration; 5]>,
}

impl Rhythm {
    /// The heartbeat, saying whether the receiver's wish will be followed.
    #[must_use]
    pub fn event(&self) -> Event {
        Event::Heartbeat(match self.classes {
            Some(_) => HeartbeatOption::Adjustable,
            None => HeartbeatOption::Unadjustable,
        })
    }

    /// How long to wait after a heartbeat that was answered like this.
    #[must_use]
    pub fn after(&self, reply: &Reply) -> Duration {
        let wish = self.classes.zip(reply.interval);
        wish.map_or(self.usual, |(classes, wish)| {
            let [first, second, third, fourth, fifth] = classes;
            match wish {
                IntervalClass::Zero => first,
                IntervalClass::One => second,
                IntervalClass::Two => third,
                IntervalClass::Three => fourth,
                IntervalClass::Four => fifth,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Field as _, Reference, Verdict};

    fn reply(interval: Option<IntervalClass>) -> Reply {
        let reference = Reference::parse("a1").unwrap();
        Reply {
            interval,
            ..Reply::new(reference, Verdict::Ok)
        }
    }

    #[test]
    fn a_wish_is_followed_only_where_its_length_is_agreed() {
        let usual = Duration::from_secs(3600);
        let classes = [1, 2, 3, 4, 5].map(Duration::from_secs);
        let alone = Rhythm {
            usual,
            classes: None,
        };
        let agreed = Rhythm {
            usual,
            classes: Some(classes),
        };
        for (class, lasts) in IntervalClass::ALL.iter().zip(classes) {
            assert_eq!(alone.after(&reply(Some(*class))), usual);
            assert_eq!(agreed.after(&reply(Some(*class))), lasts);
        }
        assert_eq!(agreed.after(&reply(None)), usual);
        assert_eq!(
            alone.event(),
            Event::Heartbeat(HeartbeatOption::Unadjustable)
        );
        assert_eq!(
            agreed.event(),
            Event::Heartbeat(HeartbeatOption::Adjustable)
        );
    }
}
