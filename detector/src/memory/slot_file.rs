//! The two slots in one file of two pages, behind a descriptor that is opened once.
//!
//! Reading and writing then need no name, which an eye that is shut in could not use. The file
//! has its full size from the start: a full disk does not keep the eye from remembering.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::{SLOT_BYTES, Slot, Slots};

/// Two slots in a file.
#[derive(Debug)]
pub struct SlotFile(File);

impl SlotFile {
    /// Opens the file, and makes it if it is missing. Where it can only be read, as on a disk
    /// that was mounted so after an error, it is opened for that; writing then fails.
    ///
    /// # Errors
    ///
    /// It can be neither opened nor made.
    pub fn open(path: &Path) -> io::Result<Self> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let file = match opened {
            Ok(file) => file,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied
                ) =>
            {
                return File::open(path).map(Self);
            }
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < whole() {
            // Written, not only reserved: a file with holes still needs room when it is filled.
            file.write_all_at(&vec![0; 2 * SLOT_BYTES], 0)?;
            file.sync_all()?;
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(Self(file))
    }
}

impl Slots for SlotFile {
    fn read(&mut self, slot: Slot) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; SLOT_BYTES];
        match self.0.read_exact_at(&mut bytes, place(slot)) {
            Ok(()) => Ok(bytes),
            // Cut off when it was made, before anything was in it.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(bytes),
            Err(error) => Err(error),
        }
    }

    fn write(&mut self, slot: Slot, bytes: &[u8; SLOT_BYTES]) -> io::Result<()> {
        self.0.write_all_at(bytes, place(slot))?;
        self.0.sync_data()
    }
}

fn whole() -> u64 {
    2 * place(Slot::Two)
}

fn place(slot: Slot) -> u64 {
    match slot {
        Slot::One => 0,
        Slot::Two => SLOT_BYTES as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EyeMemory, Found, Memory};
    use super::*;

    fn memory(epoch: u32) -> Memory {
        Memory {
            epoch,
            ..Memory::default()
        }
    }

    #[test]
    fn a_real_file_remembers_and_never_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("eye.memory");
        let open = || EyeMemory::open(Box::new(SlotFile::open(&path).unwrap()));
        assert_eq!(open().1, Found::Nothing);
        for epoch in 1..=5 {
            open().0.write(&memory(epoch)).unwrap();
            assert_eq!(open().1, Found::Remembered(memory(epoch)));
        }
        assert_eq!(std::fs::metadata(&path).unwrap().len(), whole());
    }

    #[test]
    fn a_file_that_was_cut_off_when_it_was_made_is_a_new_units() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("eye.memory");
        for length in [0, 1, SLOT_BYTES, SLOT_BYTES + 1] {
            std::fs::write(&path, vec![0; length]).unwrap();
            let slots = SlotFile::open(&path).unwrap();
            let (_, found) = EyeMemory::<Memory>::open(Box::new(slots));
            assert_eq!(found, Found::Nothing);
        }
    }

    #[test]
    fn a_descriptor_goes_on_when_the_name_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("eye.memory");
        let (mut memory_of, _) = EyeMemory::open(Box::new(SlotFile::open(&path).unwrap()));
        std::fs::remove_file(&path).unwrap();
        memory_of.write(&memory(1)).unwrap();
    }
}
