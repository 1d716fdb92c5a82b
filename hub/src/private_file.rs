//! Files that only the hub's user may read: keys, certificates, the enrolment's products.
//!
//! Written whole or not at all: to a new file beside the old one, synced, then renamed. This
//! module knows nothing of what is in them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Why a private file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
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

/// Reads a file.
///
/// # Errors
///
/// It is not there, may not be read, or is no UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, PrivateFileError> {
    fs::read_to_string(path).map_err(|source| PrivateFileError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Writes a file that must not be there yet, and its folder.
///
/// # Errors
///
/// It is there, or cannot be written.
pub(crate) fn create(path: &Path, contents: &[u8]) -> Result<(), PrivateFileError> {
    if fs::exists(path).unwrap_or(true) {
        return Err(PrivateFileError::Write {
            path: path.to_owned(),
            source: std::io::ErrorKind::AlreadyExists.into(),
        });
    }
    replace(path, contents)
}

/// Writes a file, whole or not at all, and its folder.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> Result<(), PrivateFileError> {
    write(path, contents).map_err(|source| PrivateFileError::Write {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    // A leftover of a crash may have other permissions.
    fs::remove_file(&beside).ok();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
