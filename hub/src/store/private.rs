//! The ledger's file is the hub's alone: it holds names, addresses and where people sleep.
//!
//! The folder keeps others out already; this holds also where somebody opens it, or copies the
//! file with its mode. `SQLite` gives its write-ahead log and shared memory the mode of the file
//! that they belong to. It judges nothing about who owns what.

use std::fs::{self, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Readable and writable by its owner alone.
const OWNER_ONLY: u32 = 0o600;

/// What `SQLite` takes for a database in memory or for an address, and not for a file's name.
const NO_NAME: [&str; 2] = [":memory:", "file:"];

/// Makes the ledger's file before the database would, as its owner's alone. One that is there
/// already, with what belongs to it, is closed to others.
///
/// An address (`file:…`) is left to the database. What cannot be done here is not an error: the
/// database says itself why it cannot open a file, and a mode that cannot be set, on a file of
/// another user's, is logged.
pub(super) fn prepare(path: &Path) {
    let text = path.as_os_str().as_encoded_bytes();
    if NO_NAME.iter().any(|name| text.starts_with(name.as_bytes())) {
        return;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(OWNER_ONLY);
    let made = options.open(path);
    if made.is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
        for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
            close_to_others(&file);
        }
    }
}

fn close_to_others(file: &Path) {
    let Ok(found) = fs::metadata(file) else {
        return;
    };
    if found.permissions().mode() & 0o077 == 0 {
        return;
    }
    if let Err(error) = fs::set_permissions(file, Permissions::from_mode(OWNER_ONLY)) {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, file = %file.display(), "others may read the ledger");
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::super::SqliteStore;
    use super::*;

    fn mode(file: &Path) -> u32 {
        fs::metadata(file).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_but_its_owner_may_read_the_ledger_nor_what_sqlite_keeps_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let files = [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")];
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(files.each_ref().map(|file| mode(file)), [OWNER_ONLY; 3]);
        // As earlier versions made it, and a crash left it.
        std::mem::forget(store);
        for file in &files {
            fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
        }
        let _store = SqliteStore::open(&path).unwrap();
        assert_eq!(files.each_ref().map(|file| mode(file)), [OWNER_ONLY; 3]);
    }

    #[test]
    fn a_ledger_in_memory_leaves_no_file() {
        for name in [":memory:", "file:no-such-ledger?mode=memory&cache=shared"] {
            SqliteStore::open(Path::new(name)).unwrap();
            assert!(!Path::new(name).exists(), "{name}");
        }
    }
}
