//! When a unit's heartbeats come.
//!
//! It says nothing of what is in them. Pure.

use std::time::Duration;

use nattsyn_protocol::heartbeat::HEARTBEAT;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Uptime;

/// When the next heartbeat after `now` comes.
///
/// Each unit has its own second of the minute: a power cut that ends must not make a street's
/// units speak all at once.
pub(super) fn next_heartbeat(unit: UnitId, now: Uptime) -> Uptime {
    // Fowler, Noll and Vo's hash (1a, 64 bits) spreads names that differ in one digit.
    let mixed = unit
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |mixed: u64, byte| {
            (mixed ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    let period_ms = u64::try_from(HEARTBEAT.as_millis()).unwrap_or(u64::MAX);
    let now_ms = u64::try_from(now.0.as_millis()).unwrap_or(u64::MAX);
    let phase_ms = mixed % period_ms;
    let since_ms = now_ms.wrapping_sub(phase_ms) % period_ms;
    let next_ms = if now_ms < phase_ms {
        phase_ms
    } else {
        now_ms.saturating_add(period_ms - since_ms)
    };
    Uptime(Duration::from_millis(next_ms))
}
