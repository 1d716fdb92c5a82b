//! The voice's disk: a few small files in one folder.
//!
//! [`Disk`] is the edge. [`Folder`] is the real one: what it has written when it returns
//! survives a power cut, which is tried out over [`UnsyncedFiles`]. [`SimulatedDisk`] keeps
//! everything in memory and can be full, broken or torn. What the files mean is not known here.

mod copies;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::PathBuf;

pub use copies::{Damage, TwoCopies};
pub use files::{Contents, Files, RealFiles, Syncing, UnsyncedFiles};

/// Where the voice keeps what must survive a restart.
pub trait Disk {
    /// A file's bytes; `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// The disk cannot be read.
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Adds to a file's end, and makes the file if it is missing. Durable on return.
    ///
    /// # Errors
    ///
    /// The disk is full or broken. A part of the bytes may have been written.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Replaces a file's content as a whole: a reader finds the old or the new. Durable on
    /// return.
    ///
    /// # Errors
    ///
    /// The disk is full or broken; the old content stands, or the new does and is not durable.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Empties a file in place, which needs no room on a full disk. Durable on return. Only for
    /// a file that holds nothing worth keeping: a power cut may leave any part of it.
    ///
    /// # Errors
    ///
    /// The disk is broken.
    fn clear(&mut self, name: &str) -> io::Result<()> {
        self.replace(name, &[])
    }
}

/// A folder on a real disk.
#[derive(Debug)]
pub struct Folder<F = RealFiles> {
    files: F,
    /// Names that are durable for certain.
    settled: BTreeSet<String>,
}

impl Folder {
    /// Opens a folder, and makes it if it is missing.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        RealFiles::open(path).map(Self::over)
    }
}

impl<F: Files> Folder<F> {
    /// A folder over these files.
    #[must_use]
    pub fn over(files: F) -> Self {
        Self {
            files,
            settled: BTreeSet::new(),
        }
    }

    /// A file's name is durable only once its folder is. That it is there proves nothing: it may
    /// have been made by a call that failed.
    fn settle(&mut self, name: &str) -> io::Result<()> {
        if !self.settled.contains(name) {
            self.files.sync_names()?;
            self.settled.insert(name.to_owned());
        }
        Ok(())
    }
}

impl<F: Files> Disk for Folder<F> {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.files.read(name)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.files.write_end(name, bytes)?;
        self.files.sync(name)?;
        self.settle(name)
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        let written = self.files.write_new(&new, bytes);
        if let Err(error) = written.and_then(|()| self.files.sync(&new)) {
            // What there is of it must not keep a full disk full.
            self.files.write_new(&new, &[]).ok();
            return Err(error);
        }
        self.settled.remove(name);
        self.files.rename(&new, name)?;
        self.settle(name)
    }

    fn clear(&mut self, name: &str) -> io::Result<()> {
        self.files.write_new(name, &[])?;
        self.files.sync(name)?;
        self.settle(name)
    }
}

/// How a [`SimulatedDisk`] behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskHealth {
    /// As it should.
    Well,
    /// Nothing more can be written; a part of what is appended is.
    Full,
    /// Nothing can be read or written.
    Broken,
}

/// A disk in memory, for tests and simulations.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    /// What is on it. Tests tear and damage it directly.
    pub files: BTreeMap<String, Vec<u8>>,
    /// How it behaves from now on.
    pub health: DiskHealth,
}

impl Default for SimulatedDisk {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            health: DiskHealth::Well,
        }
    }
}

impl Disk for SimulatedDisk {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match self.health {
            DiskHealth::Well | DiskHealth::Full => Ok(self.files.get(name).cloned()),
            DiskHealth::Broken => Err(ErrorKind::Other.into()),
        }
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (written, result) = match self.health {
            DiskHealth::Well => (bytes.len(), Ok(())),
            DiskHealth::Full => (bytes.len() / 2, Err(ErrorKind::StorageFull.into())),
            DiskHealth::Broken => return Err(ErrorKind::Other.into()),
        };
        let file = self.files.entry(name.to_owned()).or_default();
        file.extend_from_slice(bytes.get(..written).unwrap_or(bytes));
        result
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match self.health {
            DiskHealth::Well => {
                self.files.insert(name.to_owned(), bytes.to_owned());
                Ok(())
            }
            DiskHealth::Full => Err(ErrorKind::StorageFull.into()),
            DiskHealth::Broken => Err(ErrorKind::Other.into()),
        }
    }

    fn clear(&mut self, name: &str) -> io::Result<()> {
        match self.health {
            DiskHealth::Well | DiskHealth::Full => {
                self.files.insert(name.to_owned(), Vec::new());
                Ok(())
            }
            DiskHealth::Broken => Err(ErrorKind::Other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What every disk promises.
    fn keeps_its_promises(disk: &mut impl Disk) {
        assert_eq!(disk.read("outbox").unwrap(), None);
        disk.append("outbox", b"one ").unwrap();
        disk.append("outbox", b"two").unwrap();
        assert_eq!(disk.read("outbox").unwrap().unwrap(), b"one two");
        disk.replace("outbox", b"three").unwrap();
        assert_eq!(disk.read("outbox").unwrap().unwrap(), b"three");
        disk.clear("outbox").unwrap();
        assert_eq!(disk.read("outbox").unwrap().unwrap(), b"");
    }

    #[test]
    fn the_real_and_the_simulated_disk_keep_the_same_promises() {
        let folder = tempfile::tempdir().unwrap();
        keeps_its_promises(&mut Folder::open(folder.path().join("state")).unwrap());
        keeps_its_promises(&mut SimulatedDisk::default());
        keeps_its_promises(&mut Folder::over(UnsyncedFiles::default()));
    }

    /// Everything that may be left of a file.
    type Left = Vec<Option<Vec<u8>>>;

    /// What a power cut at any moment of a call may leave of a file, before the call returns and
    /// after.
    fn cuts(
        before: &[(&str, &[u8])],
        call: impl FnOnce(&mut Folder<UnsyncedFiles>),
    ) -> (Left, Left) {
        let held = before.iter();
        let held = held.map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        let files = UnsyncedFiles::holding(&held.collect(), Syncing::Honoured);
        files.watch();
        call(&mut Folder::over(files.clone()));
        let file = |states: Vec<BTreeMap<String, Vec<u8>>>| {
            let of_file = states.iter().map(|state| state.get("plans").cloned());
            let different: BTreeSet<_> = of_file.collect();
            different.into_iter().collect()
        };
        let during = files.take_history().into_iter().flatten().collect();
        (file(during), file(files.after_a_cut()))
    }

    #[test]
    fn a_power_cut_in_a_replacement_leaves_the_old_or_the_new_and_after_it_the_new() {
        let whole = |bytes: &[u8]| Some(bytes.to_vec());
        for leftover in [
            &[("plans", b"old" as &[u8])][..],
            &[("plans", b"old"), ("plans.new", b"half of a longer one")],
        ] {
            let (during, after) = cuts(leftover, |disk| disk.replace("plans", b"new one").unwrap());
            assert_eq!(during, [whole(b"new one"), whole(b"old")]);
            assert_eq!(after, [whole(b"new one")]);
        }
        let (during, after) = cuts(&[], |disk| disk.replace("plans", b"first").unwrap());
        assert_eq!(during, [None, whole(b"first")]);
        assert_eq!(after, [whole(b"first")]);
    }

    #[test]
    fn a_power_cut_in_an_append_leaves_what_was_there_and_after_it_everything() {
        for before in [&[][..], &[("plans", b"one " as &[u8])]] {
            let (during, after) = cuts(before, |disk| disk.append("plans", b"two").unwrap());
            let old = before.first().map_or(&b""[..], |(_, bytes)| bytes);
            assert!(during.iter().flatten().all(|left| left.starts_with(old)));
            assert_eq!(after, [Some([old, b"two"].concat())]);
        }
    }

    /// Fails once where it is told to; what was done before that step stays done.
    struct FailingOnce {
        files: UnsyncedFiles,
        steps_left: usize,
    }

    impl FailingOnce {
        fn step(&mut self) -> io::Result<()> {
            let left = self.steps_left;
            self.steps_left = left.wrapping_sub(1);
            if left == 0 {
                Err(ErrorKind::Other.into())
            } else {
                Ok(())
            }
        }
    }

    impl Files for FailingOnce {
        fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
            self.files.read(name)
        }

        fn write_end(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
            self.step()?;
            self.files.write_end(name, bytes)
        }

        fn write_new(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
            self.step()?;
            self.files.write_new(name, bytes)
        }

        fn sync(&mut self, name: &str) -> io::Result<()> {
            self.step()?;
            self.files.sync(name)
        }

        fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
            self.step()?;
            self.files.rename(from, to)
        }

        fn sync_names(&mut self) -> io::Result<()> {
            self.step()?;
            self.files.sync_names()
        }
    }

    #[test]
    fn what_is_written_after_a_call_that_failed_anywhere_is_as_safe_as_ever() {
        for steps_left in 0..4 {
            for was_there in [false, true] {
                let held = was_there.then(|| ("plans".to_owned(), b"old".to_vec()));
                let files = UnsyncedFiles::holding(&held.into_iter().collect(), Syncing::Honoured);
                let mut disk = Folder::over(FailingOnce {
                    files: files.clone(),
                    steps_left: usize::MAX,
                });
                // From here on the name is known to be durable.
                disk.append("plans", b"begun").unwrap();
                disk.files.steps_left = steps_left;
                let failed = [
                    disk.replace("plans", b"first"),
                    disk.append("plans", b" last"),
                ];
                assert_eq!(failed.iter().filter(|result| result.is_err()).count(), 1);
                disk.append("plans", b" again").unwrap();
                for state in files.after_a_cut() {
                    assert!(
                        state["plans"].ends_with(b" again"),
                        "{steps_left} {state:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_file_left_by_a_cut_replacement_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Folder::open(folder.path().to_owned()).unwrap();
        disk.replace("plans", b"old").unwrap();
        std::fs::write(folder.path().join("plans.new"), b"half of a new and longer").unwrap();
        assert_eq!(disk.read("plans").unwrap().unwrap(), b"old");
        disk.replace("plans", b"new").unwrap();
        assert_eq!(disk.read("plans").unwrap().unwrap(), b"new");
    }

    #[test]
    fn a_full_disk_keeps_what_it_had() {
        let mut disk = SimulatedDisk::default();
        disk.replace("plans", b"old").unwrap();
        disk.health = DiskHealth::Full;
        assert!(disk.replace("plans", b"new").is_err());
        assert_eq!(disk.read("plans").unwrap().unwrap(), b"old");
    }
}
