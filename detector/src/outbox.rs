//! Reports that the hub has not acknowledged, on disk.
//!
//! The file is a log of [`crate::record`] lines: a report was put in, a report was
//! acknowledged. It is written anew, as a whole, when it is opened after damage or has grown
//! mostly of what is gone. Only the hub's own word takes a report out.
//!
//! When the disk is full, what the hub has acknowledged goes first. When that does not help, or
//! the disk fails, reports stay in memory and are sent all the same, and are written as soon as
//! the disk allows. At [`REPORTS_MAX`] the oldest report goes: by then people have
//! long dealt with its night, and tonight's must not be lost for it. The outbox sends nothing
//! and cannot tell a true signature from a false one.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use nattsyn_protocol::plan::LOOKS_PER_NIGHT_MAX;
use nattsyn_protocol::report::{Report, ReportKey};
use nattsyn_protocol::signing::Signed;

use crate::disk::Disk;
use crate::record;

/// The nights of one resident that are kept: the design's figure, over a year (§6).
pub const NIGHTS_MAX: usize = 400;

/// The most reports that are kept. At some 600 bytes each: 5 MB.
pub const REPORTS_MAX: usize = NIGHTS_MAX * LOOKS_PER_NIGHT_MAX;

/// Name of the file.
const FILE: &str = "outbox";

/// Size at which a log that is mostly of what is gone is written anew: some 100 reports, ten
/// ordinary nights, so that the disk is not worn by rewriting.
const REWRITE_BYTES: usize = 64 * 1024;

/// Why a report is not safe on disk.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The disk does not take it. It is in memory, and will be written when the disk allows.
    #[error("writing to the outbox; {unwritten} reports are in memory only")]
    Disk {
        /// How many reports a power cut would now lose.
        unwritten: usize,
        /// What the system says.
        source: io::Error,
    },
    /// The outbox was full and its oldest report was dropped for this one.
    #[error("outbox holds {REPORTS_MAX} reports; the oldest was dropped")]
    Full,
}

/// A report as it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What names it.
    pub key: ReportKey,
    /// The report, to the byte as the eye signed it.
    pub report: Signed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Put(Waiting),
    Gone(ReportKey),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    No,
}

/// The reports that wait, in the order in which they were put in.
pub struct Outbox<D> {
    disk: D,
    waiting: BTreeMap<u64, (Waiting, Written)>,
    numbers: BTreeMap<ReportKey, u64>,
    next_number: u64,
    log: Log,
    /// Acknowledged, and not yet written as such.
    gone: Vec<ReportKey>,
}

/// What is known of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    /// It could not be read, so it must not be written anew either.
    Unread,
    /// It ends with a whole line.
    Whole { bytes: usize },
    /// Its last line may be torn; the next record begins on a new one.
    Torn { bytes: usize },
}

/// What was found when the outbox was opened.
#[derive(Debug)]
pub struct Opened {
    /// Reports that wait.
    pub waiting: usize,
    /// Lines that were torn or damaged, each at most one report.
    pub damaged: usize,
    /// Why the disk could not be read, if it could not. It is tried again at every write.
    pub unread: Option<io::Error>,
}

impl<D: Disk> Outbox<D> {
    /// Opens the outbox on this disk.
    #[must_use]
    pub fn open(disk: D) -> (Self, Opened) {
        let mut outbox = Self {
            disk,
            log: Log::Unread,
            waiting: BTreeMap::new(),
            numbers: BTreeMap::new(),
            next_number: 0,
            gone: Vec::new(),
        };
        let (damaged, unread) = match outbox.read_log() {
            Ok(damaged) => (damaged, None),
            Err(error) => (0, Some(error)),
        };
        let opened = Opened {
            waiting: outbox.waiting(),
            damaged,
            unread,
        };
        (outbox, opened)
    }

    /// Takes in what the log holds; returns how many lines are damaged.
    fn read_log(&mut self) -> io::Result<usize> {
        let bytes = self.disk.read(FILE)?.unwrap_or_default();
        let records = record::read::<Entry>(&bytes);
        // A cut just before a line's end leaves a whole record and no place for the next.
        let ends_whole = bytes.is_empty() || bytes.ends_with(b"\n");
        self.log = match ends_whole {
            true => Log::Whole { bytes: bytes.len() },
            false => Log::Torn { bytes: bytes.len() },
        };
        for entry in records.whole {
            match entry {
                Entry::Put(waiting) => {
                    self.remember(waiting, Written::Yes);
                }
                Entry::Gone(key) => {
                    self.forget(key);
                }
            }
        }
        if records.damaged > 0 {
            self.log = Log::Torn { bytes: bytes.len() };
            // If it cannot be written anew now, the damage stays apart from what follows.
            self.rewrite().ok();
        }
        Ok(records.damaged)
    }

    /// The disk, for what else is kept on it.
    pub fn disk(&mut self) -> &mut D {
        &mut self.disk
    }

    /// How many reports wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The reports that wait, oldest first, from the one after `cursor`.
    pub fn after(&self, cursor: Option<u64>) -> impl Iterator<Item = (u64, &Waiting)> {
        let from = cursor.map_or(0, |cursor| cursor.saturating_add(1));
        self.waiting
            .range(from..)
            .map(|(&number, (waiting, _))| (number, waiting))
    }

    /// The report that was put in last.
    #[must_use]
    pub fn newest(&self) -> Option<(u64, &Signed)> {
        let (&number, (waiting, _)) = self.waiting.last_key_value()?;
        Some((number, &waiting.report))
    }

    /// Puts a report in. A report that is in already changes nothing.
    ///
    /// # Errors
    ///
    /// It is not safe on disk, or an older one was lost for it. It waits all the same.
    pub fn put(&mut self, report: &Report, signed: &Signed) -> Result<(), OutboxError> {
        let waiting = Waiting {
            key: report.key(),
            report: signed.clone(),
        };
        if !self.remember(waiting, Written::No) {
            return Ok(());
        }
        let dropped = self.drop_oldest();
        self.write_down()?;
        match dropped {
            Some(_) => Err(OutboxError::Full),
            None => Ok(()),
        }
    }

    /// Takes out what the hub has acknowledged; returns how many of them waited.
    ///
    /// # Errors
    ///
    /// The disk does not take it: after a restart they would be sent again, which the hub
    /// counts once.
    pub fn acknowledge(&mut self, keys: &[ReportKey]) -> Result<usize, OutboxError> {
        let before = self.waiting();
        for &key in keys {
            if self.forget(key) == Some(Written::Yes) {
                self.gone.push(key);
            }
        }
        let taken = before - self.waiting();
        self.write_down()?;
        Ok(taken)
    }

    /// Writes what is not written yet. Does nothing if everything is.
    ///
    /// # Errors
    ///
    /// The disk does not take it.
    pub fn write_down(&mut self) -> Result<(), OutboxError> {
        let mut lines = Vec::new();
        for (waiting, written) in self.waiting.values() {
            if *written == Written::No {
                lines.extend(record::line(&Entry::Put(waiting.clone())));
            }
        }
        for &key in &self.gone {
            lines.extend(record::line(&Entry::Gone(key)));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let bytes = match self.log {
            Log::Unread => match self.read_log() {
                Ok(_damaged) => return self.write_down(),
                Err(source) => return Err(self.failed(source)),
            },
            Log::Whole { bytes } => bytes,
            Log::Torn { bytes } => {
                lines.insert(0, b'\n');
                bytes
            }
        };
        let bytes = bytes + lines.len();
        if bytes > self.rewrite_above() {
            return match self.rewrite() {
                Err(OutboxError::Disk { source, .. }) if is_full(&source) => self.make_room(source),
                rewritten => rewritten,
            };
        }
        match self.disk.append(FILE, &lines) {
            Ok(()) => {
                self.settled(bytes);
                Ok(())
            }
            Err(source) if is_full(&source) => {
                self.log = Log::Torn { bytes };
                self.make_room(source)
            }
            Err(source) => {
                self.log = Log::Torn { bytes };
                Err(self.failed(source))
            }
        }
    }

    /// Lets go of what the hub has acknowledged, and writes the rest.
    ///
    /// Writing anew needs room for both files at once. Where there is none, and nothing that the
    /// file holds is needed any more, it is emptied in place.
    fn make_room(&mut self, full: io::Error) -> Result<(), OutboxError> {
        if self.rewrite().is_ok() {
            return Ok(());
        }
        let is_safe_in_file = |(_, written): &(Waiting, Written)| *written == Written::Yes;
        if self.waiting.values().any(is_safe_in_file) {
            return Err(self.failed(full));
        }
        if let Err(source) = self.disk.clear(FILE) {
            return Err(self.failed(source));
        }
        self.gone.clear();
        self.log = Log::Whole { bytes: 0 };
        let lines = self.lines();
        if let Err(source) = self.disk.append(FILE, &lines) {
            self.log = Log::Torn { bytes: lines.len() };
            return Err(self.failed(source));
        }
        self.settled(lines.len());
        Ok(())
    }

    /// Every report that waits.
    fn lines(&self) -> Vec<u8> {
        let entries = self.waiting.values();
        let lines = entries.flat_map(|(waiting, _)| record::line(&Entry::Put(waiting.clone())));
        lines.collect()
    }

    fn rewrite(&mut self) -> Result<(), OutboxError> {
        let lines = self.lines();
        if let Err(source) = self.disk.replace(FILE, &lines) {
            return Err(self.failed(source));
        }
        self.settled(lines.len());
        Ok(())
    }

    /// Twice what is needed, so that rewriting costs at most as much as appending.
    fn rewrite_above(&self) -> usize {
        let needed: usize = self
            .waiting
            .values()
            .map(|(waiting, _)| waiting.report.body.len() + waiting.report.signature.len() + 128)
            .sum();
        REWRITE_BYTES.max(needed.saturating_mul(2))
    }

    fn settled(&mut self, bytes: usize) {
        self.log = Log::Whole { bytes };
        self.gone.clear();
        for (_, written) in self.waiting.values_mut() {
            *written = Written::Yes;
        }
    }

    fn failed(&self, source: io::Error) -> OutboxError {
        let unwritten = self
            .waiting
            .values()
            .filter(|(_, written)| *written == Written::No)
            .count();
        OutboxError::Disk { unwritten, source }
    }

    /// Whether it is new.
    fn remember(&mut self, waiting: Waiting, written: Written) -> bool {
        if self.numbers.contains_key(&waiting.key) {
            return false;
        }
        self.numbers.insert(waiting.key, self.next_number);
        self.waiting.insert(self.next_number, (waiting, written));
        self.next_number += 1;
        true
    }

    fn forget(&mut self, key: ReportKey) -> Option<Written> {
        let number = self.numbers.remove(&key)?;
        self.waiting.remove(&number).map(|(_, written)| written)
    }

    fn drop_oldest(&mut self) -> Option<ReportKey> {
        if self.waiting.len() <= REPORTS_MAX {
            return None;
        }
        let (_, (oldest, written)) = self.waiting.pop_first()?;
        self.numbers.remove(&oldest.key);
        if written == Written::Yes {
            self.gone.push(oldest.key);
        }
        Some(oldest.key)
    }
}

/// Whether the disk is well and has no room.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::finding::Finding;
    use nattsyn_protocol::ids::BootId;
    use nattsyn_protocol::time::{ClockState, Timestamp};

    use super::*;
    use crate::disk::{DiskHealth, Folder, SimulatedDisk, Syncing, UnsyncedFiles};

    fn report(counter: u64) -> Report {
        Report {
            unit: "u0000001".parse().unwrap(),
            check: "r0000001.20261121.1".parse().unwrap(),
            look: 1,
            finding: Finding::Visible,
            at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
            clock: ClockState::Synced,
            plan: 1,
            model: "0a1b2c3d".to_owned(),
            boot: BootId(7),
            counter,
            nonce: "00112233445566778899aabbccddeeff".to_owned(),
        }
    }

    fn put<D: Disk>(outbox: &mut Outbox<D>, counter: u64) -> Result<(), OutboxError> {
        let report = report(counter);
        let signed = Signed {
            body: serde_json::to_string(&report).unwrap(),
            signature: "c2lnbmVk".repeat(10),
        };
        outbox.put(&report, &signed)
    }

    fn counters<D: Disk>(outbox: &Outbox<D>) -> Vec<u64> {
        outbox
            .after(None)
            .map(|(_, waiting)| waiting.key.counter)
            .collect()
    }

    fn keys(counters: std::ops::RangeInclusive<u64>) -> Vec<ReportKey> {
        counters.map(|counter| report(counter).key()).collect()
    }

    #[test]
    fn a_report_waits_until_the_hub_acknowledges_it_also_across_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Outbox::open(Folder::open(folder.path().to_owned()).unwrap()).0;
        let mut outbox = open();
        for counter in 1..=3 {
            put(&mut outbox, counter).unwrap();
        }
        let mut outbox = {
            drop(outbox);
            open()
        };
        assert_eq!(counters(&outbox), [1, 2, 3]);
        assert_eq!(outbox.acknowledge(&keys(2..=2)).unwrap(), 1);
        drop(outbox);
        assert_eq!(counters(&open()), [1, 3]);
    }

    #[test]
    fn a_report_put_in_twice_waits_once_and_is_gone_at_once() {
        let (mut outbox, _) = Outbox::open(SimulatedDisk::default());
        put(&mut outbox, 1).unwrap();
        put(&mut outbox, 1).unwrap();
        assert_eq!(outbox.acknowledge(&keys(1..=1)).unwrap(), 1);
        assert_eq!(outbox.acknowledge(&keys(1..=1)).unwrap(), 0);
        assert_eq!(outbox.waiting(), 0);
    }

    #[test]
    fn a_torn_write_at_any_byte_is_noticed_and_costs_that_record_alone() {
        let (mut outbox, _) = Outbox::open(SimulatedDisk::default());
        put(&mut outbox, 1).unwrap();
        let first = outbox.disk().files[FILE].len();
        put(&mut outbox, 2).unwrap();
        let whole = outbox.disk().clone();
        let length = whole.files[FILE].len();
        for cut in first + 1..length {
            let mut torn = whole.clone();
            torn.files.get_mut(FILE).unwrap().truncate(cut);
            let (mut outbox, opened) = Outbox::open(torn);
            // Only the end of the line is missing: the record is whole.
            let is_whole = cut == length - 1;
            let expected = if is_whole { (2, 0) } else { (1, 1) };
            assert_eq!((opened.waiting, opened.damaged), expected, "cut at {cut}");
            put(&mut outbox, 3).unwrap();
            let (outbox, opened) = Outbox::open(outbox.disk().clone());
            assert_eq!(opened.damaged, 0, "cut at {cut}");
            let expected = if is_whole { vec![1, 2, 3] } else { vec![1, 3] };
            assert_eq!(counters(&outbox), expected, "cut at {cut}");
        }
    }

    /// What is done to an outbox whose every power cut is tried.
    #[derive(Clone, Copy)]
    enum Deed {
        Put(u64),
        Acknowledge(u64),
    }

    /// What the outbox has promised, by counters.
    #[derive(Clone, Default)]
    struct Promised {
        kept: Vec<u64>,
        /// Put or acknowledged in a call that has not returned: either is right.
        open: Vec<u64>,
    }

    /// Does the deeds and, at every step that the disk makes, cuts the power in every way; what
    /// is left must hold what was promised. Counts what was tried; says what was broken.
    fn cut_everywhere(deeds: &[Deed], syncing: Syncing) -> Result<usize, String> {
        let files = UnsyncedFiles::holding(&Default::default(), syncing);
        let (mut outbox, _) = Outbox::open(Folder::over(files.clone()));
        files.watch();
        let mut promised = Promised::default();
        let mut tried = 0;
        for &deed in deeds {
            let mut during = promised.clone();
            match deed {
                Deed::Put(counter) => {
                    put(&mut outbox, counter).unwrap();
                    during.open = vec![counter];
                    promised.kept.push(counter);
                }
                Deed::Acknowledge(counter) => {
                    outbox.acknowledge(&keys(counter..=counter)).unwrap();
                    during.kept.retain(|kept| *kept != counter);
                    during.open = vec![counter];
                    promised.kept.retain(|kept| *kept != counter);
                }
            }
            let states = files.take_history().into_iter().flatten();
            let after = files.after_a_cut();
            let states = states.map(|state| (state, &during));
            for (state, promised) in states.chain(after.into_iter().map(|state| (state, &promised)))
            {
                tried += 1;
                let left = UnsyncedFiles::holding(&state, Syncing::Honoured);
                let (mut outbox, _) = Outbox::open(Folder::over(left));
                // It goes on working: the next report is as safe as any.
                put(&mut outbox, 99).unwrap();
                let again =
                    std::mem::replace(outbox.disk(), Folder::over(UnsyncedFiles::default()));
                let found = counters(&Outbox::open(again).0);
                let unexpected = found.iter().any(|counter| {
                    *counter != 99
                        && !promised.kept.contains(counter)
                        && !promised.open.contains(counter)
                });
                let lost = promised
                    .kept
                    .iter()
                    .chain(&[99])
                    .any(|kept| !found.contains(kept));
                if unexpected || lost {
                    return Err(format!("promised {:?}, found {found:?}", promised.kept));
                }
            }
        }
        Ok(tried)
    }

    const DEEDS: [Deed; 6] = [
        Deed::Put(1),
        Deed::Put(2),
        Deed::Acknowledge(1),
        Deed::Put(3),
        Deed::Acknowledge(3),
        Deed::Acknowledge(2),
    ];

    #[test]
    fn a_power_cut_at_any_step_and_byte_loses_nothing_that_was_safe() {
        let tried = cut_everywhere(&DEEDS, Syncing::Honoured).unwrap();
        assert!(tried > 1000, "{tried} power cuts");
    }

    #[test]
    fn a_disk_that_ignores_syncs_is_found_out() {
        assert!(cut_everywhere(&DEEDS, Syncing::Ignored).is_err());
    }

    /// A disk with room for so many bytes over all its files.
    struct SmallDisk {
        disk: SimulatedDisk,
        room: usize,
    }

    impl SmallDisk {
        fn fits(&self, more: usize) -> io::Result<()> {
            let used: usize = self.disk.files.values().map(Vec::len).sum();
            match used + more <= self.room {
                true => Ok(()),
                false => Err(io::ErrorKind::StorageFull.into()),
            }
        }
    }

    impl Disk for SmallDisk {
        fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
            self.disk.read(name)
        }

        fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
            self.fits(bytes.len())?;
            self.disk.append(name, bytes)
        }

        fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
            // The old content is there until the new is.
            self.fits(bytes.len())?;
            self.disk.replace(name, bytes)
        }

        fn clear(&mut self, name: &str) -> io::Result<()> {
            self.disk.clear(name)
        }
    }

    #[test]
    fn on_a_full_disk_what_is_acknowledged_goes_first() {
        let (mut outbox, _) = Outbox::open(SmallDisk {
            disk: SimulatedDisk::default(),
            room: 8_000,
        });
        for counter in 1..200 {
            put(&mut outbox, counter).unwrap();
            outbox.acknowledge(&keys(counter..=counter)).unwrap();
        }
        assert_eq!(outbox.waiting(), 0);
    }

    #[test]
    fn on_a_disk_that_has_no_room_at_all_an_old_log_gives_up_its_own() {
        let (mut outbox, _) = Outbox::open(SmallDisk {
            disk: SimulatedDisk::default(),
            room: 1_500,
        });
        put(&mut outbox, 1).unwrap();
        // Something else fills the disk.
        let used = outbox.disk().disk.files[FILE].len();
        outbox
            .disk()
            .disk
            .files
            .insert("else".to_owned(), vec![0; 1_500 - used]);
        outbox.acknowledge(&keys(1..=1)).unwrap();
        put(&mut outbox, 2).unwrap();
        let room = outbox.disk().room;
        let refused = put(&mut outbox, 3);
        assert!(matches!(
            refused,
            Err(OutboxError::Disk { unwritten: 1, .. })
        ));
        assert_eq!(counters(&outbox), [2, 3], "both are sent all the same");
        let mut files = outbox.disk().disk.clone();
        files.files.remove("else");
        *outbox.disk() = SmallDisk { disk: files, room };
        outbox.write_down().unwrap();
        let (outbox, _) = Outbox::open(outbox.disk().disk.clone());
        assert_eq!(counters(&outbox), [2, 3]);
    }

    #[test]
    fn a_full_disk_keeps_nothing_from_being_sent_and_is_caught_up_with() {
        let (mut outbox, _) = Outbox::open(SimulatedDisk::default());
        put(&mut outbox, 1).unwrap();
        outbox.disk().health = DiskHealth::Full;
        let refused = put(&mut outbox, 2);
        assert!(matches!(
            refused,
            Err(OutboxError::Disk { unwritten: 1, .. })
        ));
        assert_eq!(counters(&outbox), [1, 2]);
        outbox.disk().health = DiskHealth::Well;
        outbox.write_down().unwrap();
        let (outbox, opened) = Outbox::open(outbox.disk().clone());
        assert_eq!(counters(&outbox), [1, 2]);
        assert_eq!(opened.damaged, 1, "the half line of the full disk");
    }

    #[test]
    fn a_disk_that_could_not_be_read_is_never_written_over() {
        let (mut outbox, _) = Outbox::open(SimulatedDisk::default());
        put(&mut outbox, 1).unwrap();
        let mut broken = outbox.disk().clone();
        broken.health = DiskHealth::Broken;
        let (mut outbox, opened) = Outbox::open(broken);
        assert!(opened.unread.is_some());
        assert!(put(&mut outbox, 2).is_err());
        outbox.disk().health = DiskHealth::Well;
        outbox.write_down().unwrap();
        let (outbox, _) = Outbox::open(outbox.disk().clone());
        let mut found = counters(&outbox);
        found.sort_unstable();
        assert_eq!(found, [1, 2]);
    }

    #[test]
    fn at_the_bound_the_oldest_goes_and_is_said() {
        let (mut outbox, _) = Outbox::open(SimulatedDisk::default());
        let most = u64::try_from(REPORTS_MAX).unwrap();
        outbox.disk().health = DiskHealth::Broken; // Writing every one would only be slow.
        for counter in 1..=most {
            outbox.remember(
                Waiting {
                    key: report(counter).key(),
                    report: Signed {
                        body: String::new(),
                        signature: String::new(),
                    },
                },
                Written::Yes,
            );
        }
        outbox.disk().health = DiskHealth::Well;
        assert!(matches!(put(&mut outbox, most + 1), Err(OutboxError::Full)));
        assert_eq!(outbox.waiting(), REPORTS_MAX);
        assert_eq!(counters(&outbox).first(), Some(&2));
    }

    #[test]
    fn the_log_does_not_grow_with_what_is_gone() {
        let (mut outbox, _) = Outbox::open(SimulatedDisk::default());
        for counter in 1..=2_000 {
            put(&mut outbox, counter).unwrap();
            outbox.acknowledge(&keys(counter..=counter)).unwrap();
        }
        assert!(outbox.disk().files[FILE].len() <= REWRITE_BYTES);
        put(&mut outbox, 2_001).unwrap();
        let (outbox, opened) = Outbox::open(outbox.disk().clone());
        assert_eq!((counters(&outbox), opened.damaged), (vec![2_001], 0));
    }
}
