//! The demonstration's folder: nobody else's, one demonstration at a time, begun anew each time.
//!
//! Certificates stay, so that a broker that was started with them can be used again. What is
//! not a demonstration's own is never removed: a folder with anything else in it is refused.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// Marks the folder, and is locked while a demonstration uses it.
const MARK: &str = "demonstration";
/// Begun anew each time.
const ANEW: [&str; 3] = ["hub", "units", "story.json"];
/// Kept from one demonstration to the next.
const TLS: &str = "tls";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be read, written or emptied.
    #[error("preparing {}", path.display())]
    System {
        /// What.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something in it is not a demonstration's.
    #[error(
        "{} holds {name:?}, which is no demonstration's; name another folder with --data",
        path.display()
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What stands in it.
        name: String,
    },
    /// Another demonstration uses it now.
    #[error("another demonstration uses {}; end it, or name another folder with --data", .0.display())]
    InUse(PathBuf),
}

/// A folder that is this demonstration's until it is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder and removes what an earlier demonstration left.
    ///
    /// # Errors
    ///
    /// It is in use, holds something else, or cannot be written.
    pub fn take(path: &Path) -> Result<Self, FolderError> {
        let system = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::System { path, source }
        };
        fs::create_dir_all(path).map_err(system(path))?;
        let path = path.canonicalize().map_err(system(path))?;
        for entry in fs::read_dir(&path).map_err(system(&path))? {
            let name = entry.map_err(system(&path))?.file_name();
            let name = name.to_string_lossy().into_owned();
            if name != MARK && name != TLS && !ANEW.contains(&name.as_str()) {
                return Err(FolderError::Occupied { path, name });
            }
        }
        let mark = path.join(MARK);
        let lock = File::create(&mark).map_err(system(&mark))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(path)),
            Err(TryLockError::Error(source)) => {
                return Err(FolderError::System { path: mark, source });
            }
        }
        for name in ANEW {
            remove(&path.join(name)).map_err(system(&path.join(name)))?;
        }
        Ok(Self { path, _lock: lock })
    }

    /// Where the hub keeps its ledger and keys.
    #[must_use]
    pub fn hub(&self) -> PathBuf {
        self.path.join("hub")
    }

    /// Where the units' folders stand.
    #[must_use]
    pub fn units(&self) -> PathBuf {
        self.path.join("units")
    }

    /// Where the certificates stand.
    #[must_use]
    pub fn tls(&self) -> PathBuf {
        self.path.join(TLS)
    }

    /// What was staged, for whoever compares it with the ledger.
    #[must_use]
    pub fn story(&self) -> PathBuf {
        self.path.join("story.json")
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_anything_else_in_it_is_refused_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("thesis.txt"), b"years of work").unwrap();
        let refusal = Folder::take(root.path()).unwrap_err();
        assert!(matches!(refusal, FolderError::Occupied { name, .. } if name == "thesis.txt"));
        assert!(root.path().join("thesis.txt").is_file());
    }

    #[test]
    fn an_earlier_night_is_removed_and_certificates_stay() {
        let root = tempfile::tempdir().unwrap();
        for name in ["tls", "hub", "units"] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::write(root.path().join(name).join("file"), b"").unwrap();
        }
        let folder = Folder::take(root.path()).unwrap();
        assert!(folder.tls().join("file").is_file());
        assert!(!folder.hub().exists() && !folder.units().exists());
    }

    #[test]
    fn two_demonstrations_never_share_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let _first = Folder::take(root.path()).unwrap();
        assert!(matches!(
            Folder::take(root.path()),
            Err(FolderError::InUse(_))
        ));
    }
}
