//! A small file kept in two copies, the last and the one before.
//!
//! The copies are written in turn, each as a whole and with a seal at its end: how many records
//! it holds, and which writing of the file it is. A copy that rots on the disk is noticed by
//! its checksums, and the other is read instead. Where both are damaged, what is whole in the
//! newer of them still counts. What the records mean is not known here.

use std::io;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Disk;
use crate::record;

/// The last line of a copy.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    /// Which writing of the file this is.
    writing: u64,
    /// Records before this line.
    records: usize,
}

/// What was wrong when the copies were read.
#[derive(Debug)]
pub enum Damage {
    /// Nothing.
    None,
    /// One copy is damaged. The other is whole; what it lacks is one writing at most.
    OneCopy,
    /// Both are damaged, or there is only one: so many lines are missing at least.
    Lines(usize),
    /// The disk cannot be read at all.
    Unread(io::Error),
}

/// A file of records in two copies.
#[derive(Debug)]
pub struct TwoCopies<R> {
    names: [String; 2],
    /// Which copy is written next: never the one that was good.
    next: usize,
    writing: u64,
    records: PhantomData<R>,
}

/// One copy as it was read.
struct Copy<R> {
    writing: u64,
    whole: Vec<R>,
    damaged: usize,
}

impl<R: Serialize + DeserializeOwned> TwoCopies<R> {
    /// Reads what was written last, as far as it is whole.
    pub fn open(name: &str, disk: &mut impl Disk) -> (Self, Vec<R>, Damage) {
        let mut copies = Self {
            names: [name.to_owned(), format!("{name}.2")],
            next: 0,
            writing: 0,
            records: PhantomData,
        };
        let [one, two] = &copies.names;
        let read = |disk: &mut _, name| -> io::Result<Option<Copy<R>>> {
            Ok(Disk::read(disk, name)?.map(|bytes| Copy::read(&bytes)))
        };
        let (one, two) = match (read(disk, one), read(disk, two)) {
            (Ok(one), Ok(two)) => (one, two),
            (Err(error), _) | (_, Err(error)) => {
                return (copies, Vec::new(), Damage::Unread(error));
            }
        };
        let (kept, damage) = copies.choose(one, two);
        (copies, kept, damage)
    }

    /// Writes all records anew, into the older copy. Durable on return.
    ///
    /// # Errors
    ///
    /// The disk is full or broken; what was written before stands.
    pub fn write<'a>(
        &mut self,
        disk: &mut impl Disk,
        records: impl Iterator<Item = &'a R>,
    ) -> io::Result<()>
    where
        R: 'a,
    {
        let mut seal = Seal {
            writing: self.writing + 1,
            records: 0,
        };
        let mut lines = Vec::new();
        for each in records {
            lines.extend(record::line(each));
            seal.records += 1;
        }
        lines.extend(record::line(&seal));
        let [one, two] = &self.names;
        let name = if self.next == 0 { one } else { two };
        disk.replace(name, &lines)?;
        self.writing = seal.writing;
        self.next = 1 - self.next;
        Ok(())
    }

    /// Picks the newest whole copy, and the place for the next writing.
    fn choose(&mut self, one: Option<Copy<R>>, two: Option<Copy<R>>) -> (Vec<R>, Damage) {
        let is_damaged =
            |copy: &Option<Copy<R>>| copy.as_ref().is_some_and(|copy| copy.damaged > 0);
        let damage_of_one = match is_damaged(&one) || is_damaged(&two) {
            true => Damage::OneCopy,
            false => Damage::None,
        };
        // Whole before damaged, then the newer.
        let rank =
            |copy: &Option<Copy<R>>| copy.as_ref().map(|copy| (copy.damaged == 0, copy.writing));
        let (taken, other) = if rank(&one) >= rank(&two) {
            (0, one)
        } else {
            (1, two)
        };
        self.next = 1 - taken;
        let Some(copy) = other else {
            self.next = 0;
            return (Vec::new(), Damage::None);
        };
        // A damaged copy does not say which writing it was: skip past both.
        self.writing = copy.writing + 1;
        let damage = match copy.damaged {
            0 => damage_of_one,
            lines => Damage::Lines(lines),
        };
        (copy.whole, damage)
    }
}

impl<R: DeserializeOwned> Copy<R> {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let begin_of_last = end
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let (before, last) = bytes.split_at(begin_of_last);
        let seal = record::read::<Seal>(last).whole.first().copied();
        let records = record::read::<R>(match seal {
            Some(_) => before,
            None => bytes,
        });
        let missing = seal.map_or(1, |seal| seal.records.saturating_sub(records.whole.len()));
        Self {
            writing: seal.map_or(0, |seal| seal.writing),
            damaged: records.damaged.max(missing),
            whole: records.whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DiskHealth, Folder, SimulatedDisk, Syncing, UnsyncedFiles};
    use super::*;

    fn write(disk: &mut impl Disk, records: &[&str]) {
        let (mut copies, ..) = TwoCopies::<String>::open("plans", disk);
        let records: Vec<String> = records.iter().map(|&text| text.to_owned()).collect();
        copies.write(disk, records.iter()).unwrap();
    }

    fn read(disk: &mut impl Disk) -> (Vec<String>, Damage) {
        let (_, records, damage) = TwoCopies::<String>::open("plans", disk);
        (records, damage)
    }

    fn written() -> SimulatedDisk {
        let mut disk = SimulatedDisk::default();
        write(&mut disk, &["ett", "två"]);
        write(&mut disk, &["ett", "två", "tre"]);
        disk
    }

    #[test]
    fn what_was_written_last_is_read() {
        let mut disk = SimulatedDisk::default();
        assert!(matches!(read(&mut disk), (records, Damage::None) if records.is_empty()));
        for times in 1..6 {
            let record = times.to_string();
            write(&mut disk, &[&record]);
            assert!(
                matches!(read(&mut disk), (records, Damage::None) if records == [record.clone()])
            );
        }
        write(&mut disk, &[]);
        assert!(matches!(read(&mut disk), (records, Damage::None) if records.is_empty()));
    }

    #[test]
    fn a_copy_that_rots_or_is_cut_anywhere_is_noticed_and_the_other_is_read() {
        let whole = written();
        let newest = "plans.2";
        for index in 0..whole.files[newest].len() {
            let mut rotten = whole.clone();
            rotten.files.get_mut(newest).unwrap()[index] ^= 1;
            let (records, damage) = read(&mut rotten);
            assert!(
                matches!(damage, Damage::OneCopy),
                "rot at {index}: {damage:?}"
            );
            assert_eq!(records, ["ett", "två"], "rot at {index}");
            let mut cut = whole.clone();
            cut.files.get_mut(newest).unwrap().truncate(index);
            let (records, damage) = read(&mut cut);
            let is_whole = index == whole.files[newest].len() - 1;
            assert_eq!(matches!(damage, Damage::None), is_whole, "cut at {index}");
            assert!(is_whole || records == ["ett", "två"], "cut at {index}");
        }
    }

    #[test]
    fn a_damaged_copy_is_written_over_before_the_good_one() {
        let mut disk = written();
        let good = disk.files["plans"].clone();
        disk.files.get_mut("plans.2").unwrap().truncate(5);
        write(&mut disk, &["ny"]);
        assert_eq!(disk.files["plans"], good);
        assert!(matches!(read(&mut disk), (records, Damage::None) if records == ["ny"]));
    }

    #[test]
    fn of_two_damaged_copies_what_is_whole_still_counts() {
        let mut disk = written();
        for bytes in disk.files.values_mut() {
            let last = bytes.len() - 20;
            bytes[last] ^= 1;
        }
        let (records, damage) = read(&mut disk);
        assert!(matches!(damage, Damage::Lines(_)));
        assert!(!records.is_empty());
    }

    #[test]
    fn a_disk_that_cannot_be_read_is_said() {
        let mut disk = written();
        disk.health = DiskHealth::Broken;
        assert!(matches!(read(&mut disk), (_, Damage::Unread(_))));
    }

    #[test]
    fn a_power_cut_at_any_step_of_a_writing_leaves_a_whole_copy_old_or_new() {
        let disk = written();
        let files = UnsyncedFiles::holding(&disk.files, Syncing::Honoured);
        files.watch();
        write(&mut Folder::over(files.clone()), &["ny"]);
        let mut seen = 0;
        for state in files.take_history().into_iter().flatten() {
            let mut left = Folder::over(UnsyncedFiles::holding(&state, Syncing::Honoured));
            let (records, damage) = read(&mut left);
            assert!(matches!(damage, Damage::None), "{state:?}");
            assert!(
                records == ["ett", "två", "tre"] || records == ["ny"],
                "{records:?}"
            );
            seen += 1;
        }
        assert!(seen > 50, "{seen} states");
    }
}
