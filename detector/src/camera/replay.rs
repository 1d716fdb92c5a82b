//! A folder of pictures in place of a camera: the next picture for each look.

use std::path::{Path, PathBuf};

use nattsyn_protocol::time::Timestamp;

use super::kept::KeptFile;
use super::still::Still;
use super::{CameraError, FrameSource, Shot};
use crate::presence::Sequence;

/// Most pictures in a folder. Each is a descriptor that stays open, and a process may have 1024
/// of those on a Linux machine that is set up as usual.
pub(super) const PICTURES_MAX: usize = 512;

/// Replays a folder's pictures in order of name, one a look, and then from the beginning.
///
/// The pictures are those that are there when it is made; each is opened then, and read at its
/// look. What is no picture is a camera fault for its look: nothing is skipped, so that look and
/// picture stay in step.
pub struct ReplayCamera {
    files: Result<Vec<KeptFile>, Unopened>,
    looks: usize,
    shown: Option<Still>,
    frames: u64,
}

/// Why there are no pictures at any look.
enum Unopened {
    Folder(std::io::ErrorKind),
    TooMany,
}

impl From<std::io::Error> for Unopened {
    fn from(error: std::io::Error) -> Self {
        Self::Folder(error.kind())
    }
}

impl ReplayCamera {
    /// Replays the pictures that are in this folder now. That there are none is said at each
    /// look.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            files: open(folder),
            looks: 0,
            shown: None,
            frames: 0,
        }
    }
}

impl FrameSource for ReplayCamera {
    fn open(&mut self, _now: Timestamp) -> Result<(), CameraError> {
        self.close();
        let files = self.files.as_ref().map_err(|why| match why {
            Unopened::Folder(kind) => CameraError::Folder((*kind).into()),
            Unopened::TooMany => CameraError::TooMany(PICTURES_MAX),
        })?;
        let look = self.looks;
        self.looks += 1;
        let file = look
            .checked_rem(files.len())
            .and_then(|index| files.get(index))
            .ok_or_else(|| CameraError::Folder(std::io::ErrorKind::NotFound.into()))?;
        self.shown = Some(Still::read(file)?);
        Ok(())
    }

    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        let shown = self.shown.as_mut().ok_or(CameraError::Closed)?;
        self.frames += 1;
        Ok(Shot {
            frame: shown.frame()?,
            sequence: Sequence(self.frames),
        })
    }

    fn close(&mut self) {
        self.shown = None;
    }
}

/// Opens every picture.
fn open(folder: &Path) -> Result<Vec<KeptFile>, Unopened> {
    let files = files(folder)?;
    if files.len() > PICTURES_MAX {
        return Err(Unopened::TooMany);
    }
    Ok(files.iter().map(|path| KeptFile::open(path)).collect())
}

/// The files in a folder, in order of name; hidden ones are not meant.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_file() && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn save(folder: &Path, name: &str, level: u8) {
        let picture = image::GrayImage::from_pixel(64, 48, image::Luma([level]));
        picture.save(folder.join(name)).unwrap();
    }

    fn noon() -> Timestamp {
        Timestamp::from_ms(0).unwrap()
    }

    fn mean(camera: &mut ReplayCamera) -> u64 {
        let shot = camera.next_frame().unwrap();
        let luma = shot.frame.luma();
        luma.iter().map(|level| u64::from(*level)).sum::<u64>() / luma.len() as u64
    }

    #[test]
    fn pictures_come_in_order_of_name_and_then_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), "b.png", 200);
        save(folder.path(), "a.png", 50);
        save(folder.path(), ".hidden.png", 1);
        let mut camera = ReplayCamera::new(folder.path());
        for expected in [50, 200, 50] {
            camera.open(noon()).unwrap();
            assert!(mean(&mut camera).abs_diff(expected) <= 1);
            camera.close();
        }
    }

    #[test]
    fn frames_of_one_picture_differ_by_noise_and_number() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), "a.png", 50);
        let mut camera = ReplayCamera::new(folder.path());
        camera.open(noon()).unwrap();
        let (one, other) = (camera.next_frame().unwrap(), camera.next_frame().unwrap());
        assert_ne!(one.frame.luma(), other.frame.luma());
        assert_ne!(one.sequence, other.sequence);
    }

    #[test]
    fn what_is_no_picture_is_named_without_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), "no picture").unwrap();
        save(folder.path(), "b.png", 200);
        let mut camera = ReplayCamera::new(folder.path());
        let error = camera.open(noon()).unwrap_err();
        assert_eq!(error.to_string(), "reading the picture \"a.png\"");
        let folder_name = folder.path().file_name().unwrap().to_str().unwrap();
        let cause = error.source().unwrap().to_string();
        assert!(!cause.contains(folder_name), "{cause}");
        assert!(matches!(camera.next_frame(), Err(CameraError::Closed)));
        camera.open(noon()).unwrap();
        assert!(mean(&mut camera).abs_diff(200) <= 1);
    }

    #[test]
    fn an_empty_or_missing_folder_is_an_error_not_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("none")] {
            let opened = ReplayCamera::new(&path).open(noon());
            assert!(matches!(opened, Err(CameraError::Folder(_))));
        }
    }

    #[test]
    fn a_large_picture_is_shown_as_a_camera_would() {
        let folder = tempfile::tempdir().unwrap();
        let picture = image::RgbImage::from_pixel(2000, 1000, image::Rgb([90, 90, 90]));
        picture.save(folder.path().join("large.jpg")).unwrap();
        let mut camera = ReplayCamera::new(folder.path());
        camera.open(noon()).unwrap();
        let frame = camera.next_frame().unwrap().frame;
        assert_eq!((frame.width(), frame.height()), (640, 320));
    }
}
