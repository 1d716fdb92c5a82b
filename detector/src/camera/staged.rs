//! A demonstration's camera: shows what the stage says for the moment of the look.

use std::collections::BTreeMap;
use std::path::Path;

use nattsyn_models::Frame;
use nattsyn_protocol::demonstration::{Lens, Occupant, Show, Stage};
use nattsyn_protocol::time::Timestamp;
use nattsyn_scenes::{Radiance, Room, Sensor};

use super::kept::KeptFile;
use super::replay::PICTURES_MAX;
use super::still::Still;
use super::tried;
use super::{CameraError, FrameSource, Shot};
use crate::presence::Sequence;

/// Shows what a stage's file says. The file is read again for each look, through the descriptor
/// that was opened when this was made; so are the pictures that it named then.
pub struct StagedCamera {
    file: KeptFile,
    pictures: BTreeMap<String, KeptFile>,
    shown: Option<Shown>,
    frames: u64,
}

/// What stands before the camera during one look.
enum Shown {
    Room(RenderedRoom),
    Picture(Still),
}

/// A generated room, rendered once a look and exposed afresh for each frame.
struct RenderedRoom {
    radiance: Radiance,
    sensor: Sensor,
    noise: u64,
}

impl StagedCamera {
    /// Shows what this file stages.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        let folder = file.parent().unwrap_or(Path::new(""));
        let file = KeptFile::open(file);
        let mut pictures = BTreeMap::new();
        // What is wrong with the stage is said at each look.
        for scene in read(&file).map(|stage| stage.scenes).unwrap_or_default() {
            if let Show::Picture { path } = scene.show
                && pictures.len() < PICTURES_MAX
            {
                let picture = KeptFile::open(&folder.join(&path));
                pictures.insert(path, picture);
            }
        }
        Self {
            file,
            pictures,
            shown: None,
            frames: 0,
        }
    }

    fn picture(&self, path: &str) -> Result<Still, CameraError> {
        match self.pictures.get(path) {
            Some(picture) => Still::read(picture),
            None => Err(CameraError::Staging(serde::de::Error::custom(
                "it names a picture that it did not name when the eye started",
            ))),
        }
    }
}

fn read(file: &KeptFile) -> Result<Stage, CameraError> {
    let bytes = file.read().map_err(CameraError::Stage)?;
    serde_json::from_slice(&bytes).map_err(CameraError::Staging)
}

impl FrameSource for StagedCamera {
    fn open(&mut self, now: Timestamp) -> Result<(), CameraError> {
        self.close();
        let stage = read(&self.file)?;
        let show = stage.at(now).ok_or(CameraError::NothingStaged)?;
        self.shown = Some(match show {
            Show::Room {
                seed,
                pose,
                occupant,
                lens,
            } => Shown::Room(RenderedRoom::new(*seed, *pose, *occupant, *lens, now)),
            Show::Tried {
                seed,
                what,
                again,
                sleepers,
                mounting,
            } => Shown::Room(RenderedRoom {
                radiance: tried::radiance(*seed, (*what, *again, *sleepers), *mounting),
                sensor: Sensor::from_seed(*seed),
                noise: now.as_ms().cast_unsigned(),
            }),
            Show::Picture { path } => Shown::Picture(self.picture(path)?),
        });
        Ok(())
    }

    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        let shown = self.shown.as_mut().ok_or(CameraError::Closed)?;
        self.frames += 1;
        let frame = match shown {
            Shown::Room(room) => room.frame()?,
            Shown::Picture(still) => still.frame()?,
        };
        Ok(Shot {
            frame,
            sequence: Sequence(self.frames),
        })
    }

    fn close(&mut self) {
        self.shown = None;
    }
}

impl RenderedRoom {
    fn new(seed: u64, pose: u64, occupant: Occupant, lens: Lens, now: Timestamp) -> Self {
        let occupant = match occupant {
            Occupant::InBed => nattsyn_scenes::Occupant::InBed,
            Occupant::OutOfBed => nattsyn_scenes::Occupant::Standing,
            Occupant::OnFloor => nattsyn_scenes::Occupant::OnFloor,
            Occupant::Nobody => nattsyn_scenes::Occupant::Nobody,
        };
        let lens = match lens {
            Lens::Clear => nattsyn_scenes::Lens::Clear,
            Lens::Covered => nattsyn_scenes::Lens::Covered,
        };
        Self {
            radiance: Room::from_seed(seed).render(occupant, pose, lens).radiance,
            // A home keeps its camera as it keeps its room.
            sensor: Sensor::from_seed(seed),
            noise: now.as_ms().cast_unsigned(),
        }
    }

    fn frame(&mut self) -> Result<Frame, CameraError> {
        self.noise = self.noise.wrapping_add(1);
        let picture = self.sensor.expose(&self.radiance, self.noise);
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let (width, height) = (side(picture.width), side(picture.height));
        Ok(Frame::from_luma8(width, height, picture.luma)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(folder: &Path, stage: &str) -> StagedCamera {
        let file = folder.join("stage.json");
        std::fs::write(&file, stage).unwrap();
        StagedCamera::new(&file)
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms).unwrap()
    }

    const ROOM: &str = r#"{"scenes": [{"from_ms": 10, "show": {"room":
        {"seed": 7, "pose": 1, "occupant": "in_bed", "lens": "clear"}}}]}"#;

    #[test]
    fn a_staged_room_is_a_still_room_with_fresh_noise() {
        let folder = tempfile::tempdir().unwrap();
        let mut camera = camera(folder.path(), ROOM);
        camera.open(at(20)).unwrap();
        let (one, other) = (camera.next_frame().unwrap(), camera.next_frame().unwrap());
        assert_ne!(one.frame.luma(), other.frame.luma());
        let apart = one.frame.luma().iter().zip(other.frame.luma());
        let apart: u64 = apart.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let pixels = one.frame.luma().len() as u64;
        assert!(apart < 20 * pixels, "{apart} levels over {pixels} pixels");
    }

    #[test]
    fn a_staged_picture_lies_beside_the_stage() {
        let folder = tempfile::tempdir().unwrap();
        let picture = image::GrayImage::from_pixel(64, 48, image::Luma([50]));
        picture.save(folder.path().join("a.png")).unwrap();
        let stage = r#"{"scenes": [{"from_ms": 0, "show": {"picture": {"path": "a.png"}}}]}"#;
        let mut camera = camera(folder.path(), stage);
        camera.open(at(20)).unwrap();
        assert_eq!(camera.next_frame().unwrap().frame.width(), 64);
    }

    #[test]
    fn what_cannot_be_shown_is_an_error_not_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let empty = camera(folder.path(), r#"{"scenes": []}"#).open(at(0));
        assert!(matches!(empty, Err(CameraError::NothingStaged)));
        let broken = camera(folder.path(), "{").open(at(0));
        assert!(matches!(broken, Err(CameraError::Staging(_))));
        let stage = r#"{"scenes": [{"from_ms": 0, "show": {"picture": {"path": "none.png"}}}]}"#;
        let missing = camera(folder.path(), stage).open(at(0)).unwrap_err();
        assert_eq!(missing.to_string(), "reading the picture \"none.png\"");
        let gone = StagedCamera::new(&folder.path().join("none.json")).open(at(0));
        assert!(matches!(gone, Err(CameraError::Stage(_))));
    }
}
