//! Opens what the eye remembers, and names this run of it.
//!
//! All of it is done before the eye shuts itself in: afterwards only the memory's descriptor is
//! used.

use std::path::Path;

use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::time::Uptime;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::guard::lifetime::{MachineBoot, Opening};
use crate::memory::{EyeMemory, Found, SlotFile};

/// Where the kernel says which of its runs this is.
const MACHINE_BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Bits of a boot id that count the eye's starts, so that no two of its runs share one however
/// its random numbers come out; the other 48 tell the runs of a unit whose memory was lost.
const RUN_BITS: u32 = 16;

/// An eye whose memory cannot be had starts all the same: it refuses its looks for a day, which
/// is heard sooner than a process that is not there. One that cannot keep its counts looks as
/// ever.
pub(super) fn open_memory<M>(path: &Path) -> (Option<EyeMemory<M>>, Found<M>)
where
    M: Serialize + DeserializeOwned,
{
    match SlotFile::open(path) {
        Ok(slots) => {
            let (memory, found) = EyeMemory::open(Box::new(slots));
            (Some(memory), found)
        }
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "the eye's memory cannot be opened");
            (None, Found::Lost)
        }
    }
}

/// This run of the eye on this run of the machine.
pub(super) fn opening(uptime: Uptime) -> Opening {
    Opening {
        uptime,
        machine: machine_boot(std::fs::read_to_string(MACHINE_BOOT).ok()),
    }
}

/// The name of this run, of random numbers and the count of runs.
pub(super) fn boot_id(drawn: u64, runs: u32) -> BootId {
    let run = u64::from(runs) & ((1 << RUN_BITS) - 1);
    BootId((drawn << RUN_BITS) | run)
}

/// The first 64 of the 128 bits that the kernel draws when it starts.
fn machine_boot(text: Option<String>) -> Option<MachineBoot> {
    let text = text?;
    let digits: String = text
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(16)
        .collect();
    u64::from_str_radix(&digits, 16).ok().map(MachineBoot)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::memory::Memory;

    #[test]
    fn two_runs_never_share_a_boot_id_even_with_the_same_random_numbers() {
        let runs = 0..=u32::from(u16::MAX);
        let ids: BTreeSet<u64> = runs.map(|run| boot_id(7, run).0).collect();
        assert_eq!(ids.len(), 1 << RUN_BITS);
        assert_ne!(boot_id(1, 5), boot_id(2, 5));
    }

    #[test]
    fn the_kernels_number_is_read_as_it_writes_it() {
        let said = "0123abcd-4567-89ef-0011-223344556677\n".to_owned();
        let expected = Some(MachineBoot(0x0123_abcd_4567_89ef));
        assert_eq!(machine_boot(Some(said)), expected);
        assert_eq!(machine_boot(Some("?".to_owned())), None);
        assert_eq!(machine_boot(None), None);
    }

    #[test]
    fn a_memory_that_cannot_be_opened_is_lost_and_not_new() {
        let folder = tempfile::tempdir().unwrap();
        let (memory, found) = open_memory::<Memory>(&folder.path().join("nowhere/eye.memory"));
        assert!(memory.is_none());
        assert_eq!(found, Found::Lost);
    }
}
