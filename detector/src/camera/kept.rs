//! A file that is opened once and read as often as wanted.
//!
//! An eye that is shut in can open nothing, and can still read what it holds open. A file that
//! could not be opened is kept as that: it is an error at each reading, and does not keep the
//! eye from starting.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// Most bytes that are read of a file: a 50-megapixel photograph takes half of it.
const BYTES_MAX: usize = 64 << 20;

/// Bytes asked for at a time.
const PART: usize = 1 << 16;

/// A file, or why there is none.
pub(super) struct KeptFile {
    name: String,
    file: Result<File, ErrorKind>,
}

impl KeptFile {
    /// Opens it for reading.
    pub(super) fn open(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default();
        Self {
            name: name.to_string_lossy().into_owned(),
            file: File::open(path).map_err(|error| error.kind()),
        }
    }

    /// Its name, without its folder.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// All of it, as it is now.
    pub(super) fn read(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let file = self.file.as_ref().map_err(|kind| io::Error::from(*kind))?;
        let mut bytes = Zeroizing::new(Vec::new());
        // Its length is not asked for: that would be one more call to allow.
        loop {
            let read = bytes.len();
            if read > BYTES_MAX {
                return Err(ErrorKind::FileTooLarge.into());
            }
            // Doubling leaves no copy behind: memory that is outgrown is overwritten by whoever
            // holds pictures (see `forgetful`).
            bytes.resize(read + PART.max(read), 0);
            let at = u64::try_from(read).unwrap_or(u64::MAX);
            let part = bytes.get_mut(read..).unwrap_or_default();
            match file.read_at(part, at) {
                Ok(0) => {
                    bytes.truncate(read);
                    return Ok(bytes);
                }
                Ok(length) => bytes.truncate(read + length),
                Err(error) if error.kind() == ErrorKind::Interrupted => bytes.truncate(read),
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_is_read_as_it_is_now_without_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stage.json");
        std::fs::write(&path, "one").unwrap();
        let kept = KeptFile::open(&path);
        assert_eq!(kept.read().unwrap().as_slice(), b"one");
        let long = vec![7; 3 * PART + 1];
        std::fs::write(&path, &long).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(*kept.read().unwrap(), long);
        assert_eq!(kept.name(), "stage.json");
        let gone = KeptFile::open(&path).read().unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound);
    }
}
