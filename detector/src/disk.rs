//! The voice's disk: three small files in one folder.
//!
//! [`Disk`] is the edge. [`Folder`] is the real one: what it has written when it returns
//! survives a power cut. [`SimulatedDisk`] keeps everything in memory and can be full, broken
//! or torn. What the files mean is not known here.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

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
    /// The disk is full or broken; the old content stands.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
}

/// A folder on a real disk.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder, and makes it if it is missing.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        Ok(Self { path })
    }

    /// A file's name is durable only once its folder is.
    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Disk for Folder {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.join(name);
        let existed = path.exists();
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        if existed { Ok(()) } else { self.sync_names() }
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = self.path.join(format!("{name}.new"));
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, self.path.join(name))?;
        self.sync_names()
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
    }

    #[test]
    fn the_real_and_the_simulated_disk_keep_the_same_promises() {
        let folder = tempfile::tempdir().unwrap();
        keeps_its_promises(&mut Folder::open(folder.path().join("state")).unwrap());
        keeps_its_promises(&mut SimulatedDisk::default());
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
