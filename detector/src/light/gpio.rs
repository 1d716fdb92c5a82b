//! The lamp of a real unit, on a pin of the Raspberry Pi.
//!
//! High is on. The pin falls low when this is dropped, and the board pulls it low while nobody
//! drives it, so a lamp is dark from power-on until a look. A process that is killed cannot
//! drop anything: for that the driver board has its own cut-off (see [`super`]).

use std::io;

use rppal::gpio::{Error, Gpio, OutputPin};

use super::{Light, LightError};

/// A lamp switched by one pin.
pub struct GpioLight {
    pin: OutputPin,
}

impl GpioLight {
    /// Takes the pin, by its BCM number, and drives it low.
    ///
    /// # Errors
    ///
    /// This is no Raspberry Pi, there is no such pin, or it may not be used.
    pub fn open(pin: u8) -> Result<Self, LightError> {
        let refused = |error: Error| LightError::Pin {
            pin,
            source: match error {
                Error::Io(source) => source,
                other @ (Error::UnknownModel
                | Error::PinUsed(_)
                | Error::PinNotAvailable(_)
                | Error::PermissionDenied(_)
                | Error::ThreadPanic) => io::Error::other(other),
            },
        };
        let gpio = Gpio::new().map_err(refused)?;
        let pin = gpio.get(pin).map_err(refused)?.into_output_low();
        Ok(Self { pin })
    }

    /// Reads the pin back: a pin that another program drives, or a short, is found here.
    fn is_as_told(&self, told: rppal::gpio::Level) -> Result<(), LightError> {
        if self.pin.is_set_high() == (told == rppal::gpio::Level::High) {
            return Ok(());
        }
        Err(LightError::Pin {
            pin: self.pin.pin(),
            source: io::Error::other("the pin does not follow"),
        })
    }
}

impl Light for GpioLight {
    fn on(&mut self) -> Result<(), LightError> {
        self.pin.set_high();
        self.is_as_told(rppal::gpio::Level::High)
    }

    fn off(&mut self) -> Result<(), LightError> {
        self.pin.set_low();
        self.is_as_told(rppal::gpio::Level::Low)
    }
}

impl Drop for GpioLight {
    fn drop(&mut self) {
        self.pin.set_low();
    }
}
