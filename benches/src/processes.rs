//! How much memory running programs hold, as the kernel counts it.
//!
//! *Resident* is all of a process's pages that are in memory, also those it shares with others:
//! twelve eyes share one program and one network. *Own share* divides shared pages among those
//! who share them, so only it may be added up. *Peak* is the largest resident size so far.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// The kernel keeps this many characters of a program's name (`TASK_COMM_LEN` less its end).
const NAME_KEPT: usize = 15;

/// The programs that belong to a running Nattsyn.
const NAMES: [&str; 4] = [
    "nattsyn-eye",
    "nattsyn-voice",
    "nattsyn-supervise",
    "nattsyn-hub",
];

/// One running program. Sizes are kibibytes, as the kernel gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The program's whole name.
    pub name: &'static str,
    /// The id of the process that started it.
    pub parent: u32,
    /// In memory now.
    pub resident_kib: u64,
    /// The most that was ever in memory.
    pub peak_kib: u64,
    /// In memory now, shared pages divided among those who share them.
    pub share_kib: u64,
}

impl Process {
    /// Reads one process from the texts of `/proc/PID/status` and `/proc/PID/smaps_rollup`.
    /// `None` if it is none of ours, or has ended meanwhile.
    #[must_use]
    pub fn parse(status: &str, rollup: &str) -> Option<Self> {
        let kept = field(status, "Name:")?;
        let name = NAMES
            .into_iter()
            .find(|name| &name[..name.len().min(NAME_KEPT)] == kept)?;
        Some(Self {
            name,
            parent: field(status, "PPid:")?.parse().ok()?,
            resident_kib: kib(status, "VmRSS:")?,
            peak_kib: kib(status, "VmHWM:")?,
            share_kib: kib(rollup, "Pss:")?,
        })
    }
}

/// Every process of ours that runs now.
///
/// # Errors
///
/// `proc` is no folder of processes. One that ends while it is read is left out.
pub fn running(proc: &Path) -> io::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir(proc)? {
        let folder = entry?.path();
        let text = |name| fs::read_to_string(folder.join(name)).ok();
        if let (Some(status), Some(rollup)) = (text("status"), text("smaps_rollup")) {
            processes.extend(Process::parse(&status, &rollup));
        }
    }
    Ok(processes)
}

/// What several processes of one kind hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What they are.
    pub kind: &'static str,
    /// How many.
    pub count: usize,
    /// The middle one's resident size; of an even number, the larger of the two in the middle.
    pub resident_median_kib: u64,
    /// The largest resident size.
    pub resident_largest_kib: u64,
    /// The largest peak.
    pub peak_largest_kib: u64,
    /// All their own shares together.
    pub share_sum_kib: u64,
}

/// What each kind of process holds, and what each unit's pair of eye and voice does.
#[must_use]
pub fn holdings(processes: &[Process]) -> Vec<Holding> {
    let of_kind = |name| {
        let ours = processes.iter().filter(move |process| process.name == name);
        let sizes = ours.map(|p| [p.resident_kib, p.peak_kib, p.share_kib]);
        holding(name, sizes.collect())
    };
    let mut holdings: Vec<Holding> = NAMES.into_iter().filter_map(of_kind).collect();
    holdings.extend(holding("eye and voice", pairs(processes)));
    holdings
}

/// The sizes of each eye together with the voice that has the same parent.
fn pairs(processes: &[Process]) -> Vec<[u64; 3]> {
    let mut by_parent: BTreeMap<u32, Vec<&Process>> = BTreeMap::new();
    for process in processes {
        by_parent.entry(process.parent).or_default().push(process);
    }
    let pair = |children: Vec<&Process>| {
        let one = |name| children.iter().find(|child| child.name == name);
        let (eye, voice) = (one("nattsyn-eye")?, one("nattsyn-voice")?);
        Some([
            eye.resident_kib + voice.resident_kib,
            eye.peak_kib + voice.peak_kib,
            eye.share_kib + voice.share_kib,
        ])
    };
    by_parent.into_values().filter_map(pair).collect()
}

fn holding(kind: &'static str, mut sizes: Vec<[u64; 3]>) -> Option<Holding> {
    sizes.sort_unstable();
    let [resident_median_kib, ..] = *sizes.get(sizes.len() / 2)?;
    let [resident_largest_kib, ..] = *sizes.last()?;
    Some(Holding {
        kind,
        count: sizes.len(),
        resident_median_kib,
        resident_largest_kib,
        peak_largest_kib: sizes.iter().map(|[_, peak, _]| *peak).max()?,
        share_sum_kib: sizes.iter().map(|[.., share]| share).sum(),
    })
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(rest.trim())
}

fn kib(text: &str, name: &str) -> Option<u64> {
    field(text, name)?.strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, parent: u32, resident: u64) -> Option<Process> {
        let status = format!(
            "Name:\t{name}\nUmask:\t0022\nPPid:\t{parent}\nVmHWM:\t   {} kB\nVmRSS:\t {resident} kB\n",
            resident + 5
        );
        Process::parse(
            &status,
            &format!(
                "55-ff ---p [rollup]\nRss: 9 kB\nPss:     {} kB\n",
                resident / 2
            ),
        )
    }

    #[test]
    fn a_name_that_the_kernel_cut_off_is_whole_again() {
        let supervise = process("nattsyn-supervi", 1, 100).unwrap();
        assert_eq!(supervise.name, "nattsyn-supervise");
        let sizes = (
            supervise.resident_kib,
            supervise.peak_kib,
            supervise.share_kib,
        );
        assert_eq!(sizes, (100, 105, 50));
        assert_eq!(process("nattsyn", 1, 100), None);
        assert_eq!(process("bash", 1, 100), None);
    }

    #[test]
    fn a_process_that_has_ended_is_left_out() {
        assert_eq!(Process::parse("Name:\tnattsyn-eye\nPPid:\t1\n", ""), None);
        assert_eq!(Process::parse("", ""), None);
    }

    #[test]
    fn an_eye_is_counted_with_its_own_voice_only() {
        let processes: Vec<Process> = [
            ("nattsyn-eye", 10, 100),
            ("nattsyn-voice", 10, 30),
            ("nattsyn-eye", 20, 200),
            ("nattsyn-voice", 20, 40),
            ("nattsyn-eye", 30, 1_000),
            ("nattsyn-hub", 1, 70),
        ]
        .into_iter()
        .filter_map(|(name, parent, resident)| process(name, parent, resident))
        .collect();
        let holdings = holdings(&processes);
        let pair = holdings.last().unwrap();
        assert_eq!((pair.kind, pair.count), ("eye and voice", 2));
        assert_eq!(pair.resident_median_kib, 240);
        assert_eq!(pair.resident_largest_kib, 240);
        assert_eq!(pair.share_sum_kib, 65 + 120);
        assert_eq!(
            holdings.len(),
            4,
            "eye, voice, hub and the pairs: {holdings:?}"
        );
    }

    #[test]
    fn nothing_running_holds_nothing() {
        assert_eq!(holdings(&[]), []);
    }

    #[test]
    fn the_kernels_own_texts_can_be_read() {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap();
        let kept = field(&status, "Name:").unwrap().to_owned();
        let renamed = status.replace(&kept, "nattsyn-hub");
        let own = Process::parse(&renamed, &rollup).unwrap();
        assert!(
            own.resident_kib > 100 && own.peak_kib >= own.resident_kib,
            "{own:?}"
        );
        assert!(running(Path::new("/proc")).is_ok());
    }
}
