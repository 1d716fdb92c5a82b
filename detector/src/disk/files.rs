//! The files of one folder as a system offers them: what is written may be lost until it is
//! synced, and so may a name.
//!
//! [`Files`] is the edge under [`super::Folder`], which knows in which order to write and sync.
//! [`RealFiles`] is the system's. [`UnsyncedFiles`] keeps everything in memory and can say every
//! state in which a power cut might leave it: that is how the order is proved.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

mod unsynced;

pub use unsynced::{Contents, Syncing, UnsyncedFiles};

/// A folder's files, one step at a time.
pub trait Files {
    /// A file's bytes; `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Adds to a file's end, and makes the file if it is missing.
    ///
    /// # Errors
    ///
    /// It cannot be written; a part may have been.
    fn write_end(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes a file anew with this content.
    ///
    /// # Errors
    ///
    /// It cannot be written; a part may have been, and what was in it is lost.
    fn write_new(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was last written to a file durable, if its name is.
    ///
    /// # Errors
    ///
    /// It may not be; what was written must be written again.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Gives a file another's name; that other is gone.
    ///
    /// # Errors
    ///
    /// The names are as they were.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Makes the folder's names durable.
    ///
    /// # Errors
    ///
    /// They may not be.
    fn sync_names(&mut self) -> io::Result<()>;
}

/// The files of a folder on a real disk.
#[derive(Debug)]
pub struct RealFiles {
    path: PathBuf,
    /// The file that was written last. An error of the disk is told to whoever holds the file
    /// open at the time, so it is synced through the descriptor it was written by.
    written: Option<(String, File)>,
}

impl RealFiles {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        Ok(Self {
            path,
            written: None,
        })
    }

    fn write(&mut self, name: &str, mut file: File, bytes: &[u8]) -> io::Result<()> {
        let written = file.write_all(bytes);
        self.written = Some((name.to_owned(), file));
        written
    }
}

impl Files for RealFiles {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write_end(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.join(name);
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        self.write(name, file, bytes)
    }

    fn write_new(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let file = File::create(self.path.join(name))?;
        self.write(name, file, bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        match self.written.take() {
            Some((written, file)) if written == name => file.sync_all(),
            Some(_) | None => File::open(self.path.join(name))?.sync_all(),
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync_names(&mut self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}
