//! What a hand can do at the unit: the privacy switch and the approval button.
//!
//! [`PrivacySwitch`] and [`ApprovalButton`] are the roles; the real ones hang on pins (feature
//! `pi`), the others are files of a demonstration that are opened once. [`watch`] asks both of
//! them on a thread of its own, so that nothing which the eye does can keep it from noticing.
//! What a switch or a press means is the eye's affair.

pub mod contact;
#[cfg(feature = "pi")]
mod gpio;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

#[cfg(feature = "pi")]
pub use gpio::{GpioButton, GpioSwitch};

/// How often switch and button are asked: a hand that presses a button takes longer, and whoever
/// switches off must not wait to see it.
pub const ASK_EVERY: Duration = Duration::from_millis(100);

/// Longest word in a switch's file.
const WORD_MAX: usize = 16;

/// How the privacy switch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Looks are made as agreed.
    On,
    /// The resident says no.
    Off,
    /// It cannot be read. Nothing is looked at, as if it were off; but it is a fault, and told
    /// as one: shown as a No it would be nobody's to mend.
    Unreadable,
}

/// Whether the button was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Since it was last asked.
    Pressed,
    /// Not.
    None,
}

/// The resident's own No.
pub trait PrivacySwitch: Send {
    /// How it stands.
    ///
    /// # Errors
    ///
    /// It cannot be read: [`Position::Unreadable`].
    fn position(&mut self) -> io::Result<Position>;
}

/// The technician's Yes, at the unit.
pub trait ApprovalButton: Send {
    /// Whether it was pressed since it was last asked.
    ///
    /// # Errors
    ///
    /// It cannot be read; nothing counts as pressed.
    fn press(&mut self) -> io::Result<Press>;
}

/// Both, where they are fitted.
#[derive(Default)]
pub struct Panel {
    /// A unit without one is switched off at its plug.
    pub switch: Option<Box<dyn PrivacySwitch>>,
    /// Without one no policy can allow pictures.
    pub button: Option<Box<dyn ApprovalButton>>,
}

/// What a hand did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// The switch stands otherwise than before.
    Switched(Position),
    /// The button was pressed.
    Pressed,
}

impl Panel {
    /// How the switch stands now; on where there is none.
    pub fn position(&mut self) -> Position {
        let Some(switch) = &mut self.switch else {
            return Position::On;
        };
        switch.position().unwrap_or_else(|error| {
            tracing::error!(%error, "privacy switch cannot be read; nothing is looked at");
            Position::Unreadable
        })
    }

    fn press(&mut self) -> Press {
        let Some(button) = &mut self.button else {
            return Press::None;
        };
        button.press().unwrap_or_else(|error| {
            tracing::error!(%error, "approval button cannot be read");
            Press::None
        })
    }
}

/// Asks switch and button every [`ASK_EVERY`] until `tell` says that nobody listens. What was
/// pressed before this is called counts for nothing. Starts no thread where nothing is fitted.
pub fn watch<T>(mut panel: Panel, mut known: Position, tell: T)
where
    T: Fn(Touch) -> Result<(), ()> + Send + 'static,
{
    if panel.switch.is_none() && panel.button.is_none() {
        return;
    }
    panel.press();
    std::thread::spawn(move || {
        // Nobody ever sends: only its patience ends.
        let (_quiet, pause) = sync_channel::<()>(0);
        while pause.recv_timeout(ASK_EVERY) == Err(RecvTimeoutError::Timeout) {
            let position = panel.position();
            let switched = (position != known).then_some(Touch::Switched(position));
            known = position;
            let pressed = (panel.press() == Press::Pressed).then_some(Touch::Pressed);
            for touch in switched.into_iter().chain(pressed) {
                if tell(touch).is_err() {
                    return;
                }
            }
        }
    });
}

/// A switch that is a file with the word `on` or `off`, for demonstrations and tests.
pub struct FileSwitch {
    file: File,
    last: Position,
}

impl FileSwitch {
    /// Opens the file, once. Until it holds a word the switch is off.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            last: Position::Off,
        })
    }
}

impl PrivacySwitch for FileSwitch {
    fn position(&mut self) -> io::Result<Position> {
        match words(&self.file)?.trim_ascii() {
            b"on" => self.last = Position::On,
            b"off" => self.last = Position::Off,
            // Being written.
            _ => {}
        }
        Ok(self.last)
    }
}

/// A button that is a file: it is pressed when what stands there changes and is not nothing.
pub struct FileButton {
    file: File,
    last: Vec<u8>,
}

impl FileButton {
    /// Opens the file, once.
    ///
    /// # Errors
    ///
    /// It cannot be opened or read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let last = words(&file)?;
        Ok(Self { file, last })
    }
}

impl ApprovalButton for FileButton {
    fn press(&mut self) -> io::Result<Press> {
        let found = words(&self.file)?;
        if found.is_empty() || found == self.last {
            return Ok(Press::None);
        }
        self.last = found;
        Ok(Press::Pressed)
    }
}

/// What stands at a file's beginning, by its descriptor alone.
fn words(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; WORD_MAX];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_opened_once_and_read_through_its_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("switch");
        std::fs::write(&path, "on\n").unwrap();
        let mut switch = FileSwitch::open(&path).unwrap();
        assert_eq!(switch.position().unwrap(), Position::On);
        std::fs::write(&path, "off").unwrap();
        assert_eq!(switch.position().unwrap(), Position::Off);
        std::fs::write(&path, "").unwrap();
        assert_eq!(switch.position().unwrap(), Position::Off);
    }

    #[test]
    fn a_switch_that_says_nothing_yet_is_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("switch");
        std::fs::write(&path, "perhaps").unwrap();
        let mut switch = FileSwitch::open(&path).unwrap();
        assert_eq!(switch.position().unwrap(), Position::Off);
    }

    #[test]
    fn a_button_is_pressed_once_for_each_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("button");
        std::fs::write(&path, "0").unwrap();
        let mut button = FileButton::open(&path).unwrap();
        assert_eq!(button.press().unwrap(), Press::None);
        std::fs::write(&path, "1").unwrap();
        assert_eq!(button.press().unwrap(), Press::Pressed);
        assert_eq!(button.press().unwrap(), Press::None);
    }

    /// A switch whose wire is broken.
    struct Broken;

    impl PrivacySwitch for Broken {
        fn position(&mut self) -> io::Result<Position> {
            Err(io::ErrorKind::Other.into())
        }
    }

    #[test]
    fn a_switch_that_cannot_be_read_is_neither_on_nor_off() {
        let mut panel = Panel {
            switch: Some(Box::new(Broken)),
            button: None,
        };
        assert_eq!(panel.position(), Position::Unreadable);
        assert_eq!(Panel::default().position(), Position::On);
    }
}
