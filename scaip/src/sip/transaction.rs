//! When an unanswered request is sent again and when it is given up: RFC 3261's client
//! transaction for requests other than `INVITE` (17.1.2), without a clock and without bytes.
//!
//! Timer K is not kept: a response that comes again finds nobody, and does no harm.

use std::time::Duration;

use nattsyn_protocol::time::Uptime;

/// How long a round trip is taken to last (RFC 3261, 17.1.1.1).
pub const T1: Duration = Duration::from_millis(500);

/// The longest pause between two sendings (RFC 3261, 17.1.2.2).
pub const T2: Duration = Duration::from_secs(4);

/// When a transaction is given up: timer F, 64 times T1 (RFC 3261, 17.1.2.2).
pub const TIMER_F: Duration = Duration::from_secs(32);

/// Whether the transport itself sees to it that bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    /// UDP: what is not answered is sent again.
    Datagrams,
    /// TCP and TLS: nothing is sent again.
    Stream,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send the same bytes again.
    Resend,
    /// Nobody answers.
    GiveUp,
}

/// One request until its final answer.
#[derive(Debug)]
pub struct Transaction {
    resend: Option<Resend>,
    give_up_at: Uptime,
}

#[derive(Debug)]
struct Resend {
    at: Uptime,
    pause: Duration,
}

impl Transaction {
    /// A request that was sent just now.
    #[must_use]
    pub fn begin(now: Uptime, reliability: Reliability) -> Self {
        let resend = match reliability {
            Reliability::Datagrams => Some(Resend {
                at: now.after(T1),
                pause: T1,
            }),
            Reliability::Stream => None,
        };
        Self {
            resend,
            give_up_at: now.after(TIMER_F),
        }
    }

    /// Takes in a provisional answer (1xx): the other side is there, so what is sent again is
    /// sent at the longest pause. A final answer ends the transaction; its owner drops it.
    pub fn handle_provisional(&mut self) {
        if let Some(resend) = &mut self.resend {
            resend.pause = T2;
        }
    }

    /// What is due, if anything is.
    pub fn handle_timeout(&mut self, now: Uptime) -> Option<Due> {
        if now >= self.give_up_at {
            return Some(Due::GiveUp);
        }
        let resend = self.resend.as_mut().filter(|resend| now >= resend.at)?;
        resend.pause = resend.pause.saturating_mul(2).min(T2);
        resend.at = now.after(resend.pause);
        Some(Due::Resend)
    }

    /// When something is due next.
    #[must_use]
    pub fn next_timeout(&self) -> Uptime {
        let resend = self.resend.as_ref().map(|resend| resend.at);
        resend.map_or(self.give_up_at, |at| at.min(self.give_up_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Uptime {
        Uptime(Duration::from_millis(ms))
    }

    /// When the request is sent again, in ms, until it is given up; and when that is.
    fn script(transaction: &mut Transaction) -> (Vec<u128>, u128) {
        let mut resent = Vec::new();
        loop {
            let now = transaction.next_timeout();
            match transaction.handle_timeout(now) {
                Some(Due::Resend) => resent.push(now.0.as_millis()),
                Some(Due::GiveUp) => return (resent, now.0.as_millis()),
                None => panic!("nothing was due at {now:?}"),
            }
        }
    }

    #[test]
    fn a_datagram_is_sent_again_as_the_standard_says() {
        let mut transaction = Transaction::begin(at(0), Reliability::Datagrams);
        let resent = vec![
            500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
        ];
        assert_eq!(script(&mut transaction), (resent, 32_000));
    }

    #[test]
    fn once_somebody_is_there_it_is_sent_again_seldom() {
        let mut transaction = Transaction::begin(at(0), Reliability::Datagrams);
        transaction.handle_provisional();
        let (resent, _) = script(&mut transaction);
        assert_eq!(resent[..3], [500, 4500, 8500]);
    }

    #[test]
    fn on_a_stream_nothing_is_sent_again() {
        let mut transaction = Transaction::begin(at(1000), Reliability::Stream);
        assert_eq!(transaction.handle_timeout(at(5000)), None);
        assert_eq!(script(&mut transaction), (vec![], 33_000));
    }
}
