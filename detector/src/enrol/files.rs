//! A unit's files: written whole or not at all, and made durable.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// For its owner's eyes alone.
pub(super) const PRIVATE: u32 = 0o600;
/// For everybody to read.
pub(super) const PUBLIC: u32 = 0o644;

/// Why a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("reading {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("writing {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

pub(super) fn read(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Writes a file, whole or not at all, and its folder; it is on the disk afterwards. It belongs to
/// whom its folder belongs to: the package has made one for the eye and one for the voice.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<(), FileError> {
    let written = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        // A leftover of a power cut may be somebody else's.
        fs::remove_file(&beside).ok();
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        let whose = fs::metadata(folder)?;
        if whose.uid() != file.metadata()?.uid() {
            fchown(&file, Some(whose.uid()), Some(whose.gid()))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|source| FileError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Overwrites a file and removes it; one that is not there is no error. A memory card may keep what
/// was overwritten in cells that nothing but its own controller reaches.
pub(super) fn forget(path: &Path) -> Result<(), FileError> {
    let forgotten = || -> std::io::Result<()> {
        let length = match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => found.len(),
            Ok(_) => return fs::remove_file(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut file = OpenOptions::new().write(true).open(path)?;
        std::io::copy(
            &mut std::io::Read::take(std::io::repeat(0), length),
            &mut file,
        )?;
        file.sync_all()?;
        fs::remove_file(path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    };
    forgotten().map_err(|source| FileError::Write {
        path: path.to_owned(),
        source,
    })
}
