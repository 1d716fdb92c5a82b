//! "Still at work": what a program tells whoever supervises it, by systemd's own protocol.
//!
//! A program that hangs does not end, so nobody starts another. [`Watchdog::pat`] is called
//! where the program's one loop turns and nowhere else; when the loop stands still, the words
//! stop, and systemd (`WatchdogSec=`) or `nattsyn-supervise` kills the program and starts it
//! anew. Whoever starts a program by hand sets no `NOTIFY_SOCKET`, and then nothing is said.
//!
//! The socket is connected before the eye shuts itself in; a word is one datagram that waits
//! for nobody. This module reads no clock.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Names the socket, in a supervised program's environment.
pub const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";

/// Microseconds for which a program may be silent, in its environment.
pub const LIMIT_VARIABLE: &str = "WATCHDOG_USEC";

/// The word.
pub const WORD: &[u8] = b"WATCHDOG=1";

/// Tells the supervisor that the loop turns.
#[derive(Debug, Default)]
pub struct Watchdog {
    told: Option<Told>,
}

#[derive(Debug)]
struct Told {
    socket: UnixDatagram,
    every: Duration,
    next: Duration,
}

impl Watchdog {
    /// As the environment says. What cannot be used is said in the log, and then nothing is
    /// told: the supervisor notices.
    #[must_use]
    pub fn from_environment() -> Self {
        let variables = (
            std::env::var_os(SOCKET_VARIABLE),
            std::env::var_os(LIMIT_VARIABLE),
        );
        match Self::open(variables.0, variables.1) {
            Ok(watchdog) => watchdog,
            Err(error) => {
                tracing::error!(%error, "the supervisor's watchdog cannot be told");
                Self::default()
            }
        }
    }

    fn open(socket: Option<OsString>, limit_us: Option<OsString>) -> io::Result<Self> {
        let (Some(name), Some(limit_us)) = (socket, limit_us) else {
            return Ok(Self::default());
        };
        let limit_us = limit_us.to_str().and_then(|text| text.parse().ok());
        let limit = Duration::from_micros(limit_us.ok_or(io::ErrorKind::InvalidInput)?);
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            told: Some(Told {
                socket,
                // Two words may be late or lost.
                every: limit / 3,
                next: Duration::ZERO,
            }),
        })
    }

    /// How long the loop may wait at most; `None` if nobody wants to know.
    #[must_use]
    pub fn every(&self) -> Option<Duration> {
        self.told.as_ref().map(|told| told.every)
    }

    /// Says that the loop turns, if it is time to. `real` is the machine's monotonic clock.
    pub fn pat(&mut self, real: Duration) {
        let Some(told) = self.told.as_mut().filter(|told| real >= told.next) else {
            return;
        };
        told.next = real.saturating_add(told.every / 2);
        if let Err(error) = told.socket.send(WORD) {
            tracing::debug!(%error, "watchdog not told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_turns_is_heard_and_no_more_often_than_needed() {
        let name = format!("nattsyn-watchdog-test/{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let supervisor = UnixDatagram::bind_addr(&address).unwrap();
        supervisor.set_nonblocking(true).unwrap();
        let mut watchdog =
            Watchdog::open(Some(format!("@{name}").into()), Some("45000000".into())).unwrap();
        assert_eq!(watchdog.every(), Some(Duration::from_secs(15)));
        for second in 0..60 {
            watchdog.pat(Duration::from_secs(second));
        }
        let mut heard = 0;
        let mut word = [0; 32];
        while let Ok(length) = supervisor.recv(&mut word) {
            assert_eq!(&word[..length], WORD);
            heard += 1;
        }
        assert!((4..=8).contains(&heard), "{heard}");
        // A supervisor that does not listen holds nobody up, and neither does one that is gone.
        for second in 60..100_000 {
            watchdog.pat(Duration::from_secs(second));
        }
        drop(supervisor);
        watchdog.pat(Duration::from_secs(200_000));
    }

    #[test]
    fn nobody_is_told_where_nobody_asked() {
        let mut watchdog = Watchdog::open(None, None).unwrap();
        assert_eq!(watchdog.every(), None);
        watchdog.pat(Duration::ZERO);
        assert!(Watchdog::open(Some("@x".into()), Some("soon".into())).is_err());
    }
}
