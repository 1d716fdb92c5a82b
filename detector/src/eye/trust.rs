//! Asks the machine how far its wall clock can be trusted.

use std::path::Path;

use nattsyn_protocol::time::Timestamp;

use crate::guard::Trust;

/// Made by systemd-timesyncd once it has set the clock from the network.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";

/// Seconds since 1970 (UTC) by the first battery-backed clock, if there is one.
const BATTERY_CLOCK_S: &str = "/sys/class/rtc/rtc0/since_epoch";

/// How far the battery-backed clock and the kernel's may be apart.
///
/// The kernel took its time from it at boot, so hardly at all; a battery that died shows the
/// year 2000 while systemd has moved the kernel's clock to when it last ran, which is a guess.
const APART_MAX_S: u64 = 60;

/// How far this machine's wall clock, which shows `wall`, can be trusted.
pub(super) fn of_machine(wall: Timestamp) -> Trust {
    if Path::new(SYNCHRONIZED).exists() {
        return Trust::Synced;
    }
    unsynced(std::fs::read_to_string(BATTERY_CLOCK_S).ok(), wall)
}

fn unsynced(battery_clock: Option<String>, wall: Timestamp) -> Trust {
    let battery_s: Option<i64> = battery_clock.and_then(|text| text.trim().parse().ok());
    let apart_s = battery_s.map(|battery_s| battery_s.abs_diff(wall.as_ms() / 1000));
    match apart_s {
        Some(apart_s) if apart_s <= APART_MAX_S => Trust::BatteryBacked,
        Some(_) | None => Trust::Guessed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_nothing_vouches_for_is_guessed() {
        let wall = Timestamp::from_ms(1_800_000_000_000).unwrap();
        let trust = |battery: Option<&str>| unsynced(battery.map(str::to_owned), wall);
        assert_eq!(trust(None), Trust::Guessed);
        assert_eq!(trust(Some("1800000030\n")), Trust::BatteryBacked);
        assert_eq!(trust(Some("946684800\n")), Trust::Guessed);
        assert_eq!(trust(Some("")), Trust::Guessed);
        assert_eq!(trust(Some("-9223372036854775808")), Trust::Guessed);
    }
}
