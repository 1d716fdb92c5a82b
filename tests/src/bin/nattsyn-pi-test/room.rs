//! A room before the board's camera, a lamp and a switch on its pins: what the unit looks at.

use std::error::Error;
use std::path::Path;

use image::imageops::FilterType;
use nattsyn_tests::board::{Board, BoardError};

/// The size that the room is shown in.
const SIZE: (u32, u32) = (640, 480);

/// What the board is given, from the folder that `tests/pi/modules` has made.
const FILES: [&str; 5] = [
    "mc.ko",
    "videodev.ko",
    "v4l2loopback.ko",
    "gpiomem.ko",
    "room",
];

/// Somebody asleep in the dark, overhead, in real near infrared; only where the data is.
const ASLEEP: &str = "frames/EventSleep/subject11_config1_clip01_label8_frame020.jpg";

type Failure = Box<dyn Error>;

/// A real frame of somebody asleep, as the camera gives it; `None` if `NATTSYN_DATA` names no
/// folder that has it.
pub(crate) fn somebody_asleep() -> Result<Option<Vec<u8>>, Failure> {
    let Some(data) = std::env::var_os("NATTSYN_DATA") else {
        return Ok(None);
    };
    let picture = image::open(Path::new(&data).join(ASLEEP))?.into_luma8();
    let picture = image::imageops::resize(&picture, SIZE.0, SIZE.1, FilterType::Triangle);
    Ok(Some(picture.into_raw()))
}

/// Puts the room before the board.
pub(crate) fn set_up(board: &mut Board, folder: &Path, picture: Vec<u8>) -> Result<(), Failure> {
    for name in FILES {
        board.take(name, std::fs::read(folder.join("room").join(name))?)?;
    }
    board.take("picture", picture)?;
    Ok(())
}

/// Loads it; what the board says.
pub(crate) fn begin(board: &mut Board) -> Result<String, BoardError> {
    let modules = "chmod +x room; for m in mc videodev; do insmod $m.ko 2>/dev/null; done; \
                   insmod v4l2loopback.ko video_nr=0 exclusive_caps=1 && insmod gpiomem.ko && \
                   sleep 3; (./room show /dev/video0 18 picture >room.log 2>&1 &); sleep 2; \
                   cat room.log; stat -c '%G %a %n' /dev/video0 /dev/gpiomem";
    Ok(board.ask(modules)?.text)
}
