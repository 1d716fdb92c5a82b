//! Asks the machine how far its wall clock can be trusted.
//!
//! An eye that is shut in can look for no file: it asks the kernel whether somebody keeps the
//! clock set, and reads the battery-backed clock through a descriptor opened at the start.

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use nattsyn_protocol::time::Timestamp;

use crate::guard::Trust;

/// Made by systemd-timesyncd once it has set the clock from the network. Looked for once, at
/// the start: whoever sets the clock later tells the kernel.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";

/// Seconds since 1970 (UTC) by the first battery-backed clock, if there is one.
const BATTERY_CLOCK_S: &str = "/sys/class/rtc/rtc0/since_epoch";

/// How far the battery-backed clock and the kernel's may be apart.
///
/// The kernel took its time from it at boot, so hardly at all; a battery that died shows the
/// year 2000 while systemd has moved the kernel's clock to when it last ran, which is a guess.
const APART_MAX_S: u64 = 60;

/// Longest number that the battery-backed clock shows, with its line's end.
const BATTERY_CLOCK_BYTES: usize = 32;

/// What vouches for this machine's wall clock.
#[derive(Debug)]
pub(super) struct ClockSigns {
    battery: Option<File>,
    /// Set from the network since the machine started. It stays so: a clock that nobody sets
    /// any more goes wrong by less than a minute a day, and the kernel takes its word back
    /// within hours.
    was_synced: Cell<bool>,
}

impl ClockSigns {
    /// Opens what is needed to ask later.
    pub(super) fn open() -> Self {
        Self {
            battery: File::open(BATTERY_CLOCK_S).ok(),
            was_synced: Cell::new(Path::new(SYNCHRONIZED).exists()),
        }
    }

    /// How far the machine's wall clock, which shows `wall`, can be trusted.
    pub(super) fn trust(&self, wall: Timestamp) -> Trust {
        if self.was_synced.get() || is_kept_set() {
            self.was_synced.set(true);
            return Trust::Synced;
        }
        unsynced(self.battery_clock(), wall)
    }

    fn battery_clock(&self) -> Option<String> {
        let mut bytes = [0; BATTERY_CLOCK_BYTES];
        let length = self.battery.as_ref()?.read_at(&mut bytes, 0).ok()?;
        String::from_utf8(bytes.get(..length)?.to_vec()).ok()
    }
}

/// Whether somebody has told the kernel that its clock is set: what every time service does
/// (timesyncd, chrony, ntpd), and the kernel forgets when the clock is set by hand.
fn is_kept_set() -> bool {
    #[expect(unsafe_code, reason = "no crate of ours offers this call")]
    // SAFETY: the kernel fills in the structure that it is given and keeps no pointer to it;
    // every field is a number, for which zero is a value. `modes` zero changes nothing.
    let (status, state) = unsafe {
        let mut told: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut told);
        (told.status, state)
    };
    state >= 0 && status & libc::STA_UNSYNC == 0
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
