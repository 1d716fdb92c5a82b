//! The infrared lamp, and the one that everybody sees.
//!
//! [`Light`] is the role; `GpioLight` (feature `pi`) switches a real one, [`SimulatedLight`]
//! switches nothing. The lamp that tells a room of a live view is a light too. A light is lit
//! only as long as a [`Shine`] lives: whatever ends a look, an error or a panic included, ends
//! the light with it. What a process that is killed or stuck
//! can no longer do, hardware must: a real unit's lamp needs a timer of its own on its driver
//! board, which cuts the current some seconds after the longest look and gives it again only
//! after the pin has fallen. No software here can tell whether it is fitted.

#[cfg(feature = "pi")]
mod gpio;

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;

#[cfg(feature = "pi")]
pub use gpio::GpioLight;

/// Something that lights the room for the camera. Off when made and when dropped.
pub trait Light {
    /// Switches it on.
    ///
    /// # Errors
    ///
    /// It cannot be switched; whether it shines is unknown.
    fn on(&mut self) -> Result<(), LightError>;

    /// Switches it off. Switching off twice does nothing.
    ///
    /// # Errors
    ///
    /// It cannot be switched; whether it shines is unknown.
    fn off(&mut self) -> Result<(), LightError>;
}

/// Why the light cannot be switched.
#[derive(Debug, thiserror::Error)]
pub enum LightError {
    /// The pin cannot be had or set.
    #[error("switching the light on pin {pin}")]
    Pin {
        /// The pin, by its BCM number.
        pin: u8,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file that stands for a lamp cannot be opened or written.
    #[error("recording how a lamp is switched")]
    Record(#[source] std::io::Error),
}

/// The unit's lamp: a light that shines only while a [`Shine`] lives.
#[derive(Clone)]
pub struct Lamp(Rc<RefCell<Box<dyn Light>>>);

impl Lamp {
    /// Takes over a light.
    #[must_use]
    pub fn new(light: Box<dyn Light>) -> Self {
        Self(Rc::new(RefCell::new(light)))
    }

    /// Switches the light on until the answer is ended or dropped.
    ///
    /// # Errors
    ///
    /// It cannot be switched on; it has been told to be off.
    pub fn shine(&self) -> Result<Shine, LightError> {
        // Made first: should switching fail half-way, dropping it switches off.
        let shine = Shine(Some(self.clone()));
        self.0.borrow_mut().on()?;
        Ok(shine)
    }
}

/// The lamp shines while this lives.
pub struct Shine(Option<Lamp>);

impl Shine {
    /// Switches the light off.
    ///
    /// # Errors
    ///
    /// It cannot be switched off.
    pub fn end(mut self) -> Result<(), LightError> {
        match self.0.take() {
            Some(lamp) => lamp.0.borrow_mut().off(),
            None => Ok(()),
        }
    }
}

impl Drop for Shine {
    fn drop(&mut self) {
        if let Some(lamp) = self.0.take()
            && let Err(error) = lamp.0.borrow_mut().off()
        {
            tracing::error!(%error, "light could not be switched off");
        }
    }
}

/// A light that is not there: for demonstrations, and for cameras with a lamp of their own.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatedLight;

impl Light for SimulatedLight {
    fn on(&mut self) -> Result<(), LightError> {
        tracing::debug!("light on");
        Ok(())
    }

    fn off(&mut self) -> Result<(), LightError> {
        tracing::debug!("light off");
        Ok(())
    }
}

/// A light that is not there and writes down how it is switched, `on` or `off`, a line each: for
/// demonstrations and tests of the lamp that a live view lights.
pub struct RecordedLight(File);

impl RecordedLight {
    /// Opens the file, once, and makes it if it is missing.
    ///
    /// # Errors
    ///
    /// It can be neither opened nor made.
    pub fn open(path: &Path) -> Result<Self, LightError> {
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.map(Self).map_err(LightError::Record)
    }
}

impl Light for RecordedLight {
    fn on(&mut self) -> Result<(), LightError> {
        self.0.write_all(b"on\n").map_err(LightError::Record)
    }

    fn off(&mut self) -> Result<(), LightError> {
        self.0.write_all(b"off\n").map_err(LightError::Record)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// Remembers how it was switched last; refuses to be switched on if told so.
    struct Bulb {
        shines: Rc<Cell<u8>>,
        works: Result<(), ()>,
    }

    impl Light for Bulb {
        fn on(&mut self) -> Result<(), LightError> {
            self.shines.set(1);
            self.works.map_err(|()| LightError::Pin {
                pin: 18,
                source: std::io::ErrorKind::PermissionDenied.into(),
            })
        }

        fn off(&mut self) -> Result<(), LightError> {
            self.shines.set(0);
            Ok(())
        }
    }

    fn lamp(works: Result<(), ()>) -> (Lamp, Rc<Cell<u8>>) {
        let shines = Rc::new(Cell::new(0));
        let bulb = Bulb {
            shines: Rc::clone(&shines),
            works,
        };
        (Lamp::new(Box::new(bulb)), shines)
    }

    #[test]
    fn the_light_shines_until_it_is_ended_or_dropped() {
        let (lamp, shines) = lamp(Ok(()));
        let shine = lamp.shine().unwrap();
        assert_eq!(shines.get(), 1);
        shine.end().unwrap();
        assert_eq!(shines.get(), 0);
        drop(lamp.shine().unwrap());
        assert_eq!(shines.get(), 0);
    }

    #[test]
    fn a_panic_switches_the_light_off() {
        let (lamp, shines) = lamp(Ok(()));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _shine = lamp.shine().unwrap();
            assert_eq!(shines.get(), 1);
            panic!("in the middle of a look");
        }));
        assert!(panicked.is_err());
        assert_eq!(shines.get(), 0);
    }

    #[test]
    fn a_light_that_fails_half_way_is_told_to_be_off() {
        let (lamp, shines) = lamp(Err(()));
        assert!(lamp.shine().is_err());
        assert_eq!(shines.get(), 0);
    }
}
