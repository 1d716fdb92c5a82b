//! Ends a unit's life in a home: no key, plan or profile is left on it.

use std::fs;
use std::path::Path;

use super::files::{self, FileError};
use super::{EnrolError, Paths, is_own};

/// Overwrites and removes everything that was made for one home: both programs must have ended. The
/// eye's settings go too, with the pins that somebody set. What a memory card keeps of overwritten
/// cells is outside its reach; whoever hands a card on destroys it.
///
/// # Errors
///
/// Something is left; wiping again goes on.
pub fn wipe(paths: &Paths) -> Result<(), EnrolError> {
    // The voice's settings first: without them the unit is none, whatever else is left.
    files::forget(&paths.voice_settings())?;
    for folder in [&paths.eye, &paths.voice, &paths.settings] {
        if is_own(folder) {
            empty(folder)?;
        }
    }
    Ok(())
}

fn empty(folder: &Path) -> Result<(), FileError> {
    let failed = |source| FileError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            empty(&path)?;
            fs::remove_dir(&path).map_err(|source| FileError::Write { path, source })?;
        } else {
            files::forget(&path)?;
        }
    }
    Ok(())
}
