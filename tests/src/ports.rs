//! Ports for servers that a test starts in a process of their own.
//!
//! A port that the kernel hands out is one that it may hand to any connection a moment later, long
//! before a server has started that was told to listen there. These lie below the ones that Linux
//! gives to connections (`net.ipv4.ip_local_port_range`, 32768 and up), so nobody takes them by
//! chance.

use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// The first.
const FIRST: u16 = 12_000;

/// How many there are.
const COUNT: u16 = 20_000;

/// How far apart two processes with adjacent numbers begin.
const APART: u32 = 97;

/// A port on this machine that nobody listens on, another one each time.
///
/// # Panics
///
/// All are taken.
#[must_use]
pub fn free() -> u16 {
    static BEGINS: OnceLock<u16> = OnceLock::new();
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let begins = *BEGINS.get_or_init(|| {
        let place = std::process::id().wrapping_mul(APART) % u32::from(COUNT);
        u16::try_from(place).expect("less than there are")
    });
    let mut places = (0..COUNT).map(|_| GIVEN.fetch_add(1, Ordering::Relaxed) % COUNT);
    let found = places.find_map(|place| {
        let port = FIRST + (begins + place) % COUNT;
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    });
    found.expect("twenty thousand ports")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another_and_one_that_is_taken_is_passed_over() {
        let first = free();
        let next = first + 1;
        let taken = TcpListener::bind(("127.0.0.1", next));
        let second = free();
        assert_ne!(second, first);
        assert!(taken.is_err() || second != next, "{second} is taken");
        assert!(u32::from(second) < 32_768, "Linux gives it to connections");
    }
}
