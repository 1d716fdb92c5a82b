//! Switch and button on pins of a Raspberry Pi.
//!
//! Both close a pin to ground, and the pin is pulled up: a switch whose wire comes off reads as
//! on, which its lamp at the unit then contradicts. Reading a pin is reading memory; no system
//! call is made after the pin is had.

use std::io;

use rppal::gpio::{Gpio, InputPin};

use super::{ApprovalButton, Position, Press, PrivacySwitch};

/// A switch that closes one pin to ground when it is off.
pub struct GpioSwitch(InputPin);

/// A button that closes one pin to ground while it is pressed.
pub struct GpioButton {
    pin: InputPin,
    was: Press,
}

/// Takes a pin as an input that is pulled up, by its BCM number.
fn input(pin: u8) -> io::Result<InputPin> {
    let gpio = Gpio::new().map_err(io::Error::other)?;
    let pin = gpio.get(pin).map_err(io::Error::other)?;
    Ok(pin.into_input_pullup())
}

impl GpioSwitch {
    /// Takes the pin.
    ///
    /// # Errors
    ///
    /// This is no Raspberry Pi, there is no such pin, or it may not be used.
    pub fn open(pin: u8) -> io::Result<Self> {
        input(pin).map(Self)
    }
}

impl PrivacySwitch for GpioSwitch {
    fn position(&mut self) -> io::Result<Position> {
        Ok(if self.0.is_low() {
            Position::Off
        } else {
            Position::On
        })
    }
}

impl GpioButton {
    /// Takes the pin.
    ///
    /// # Errors
    ///
    /// This is no Raspberry Pi, there is no such pin, or it may not be used.
    pub fn open(pin: u8) -> io::Result<Self> {
        let pin = input(pin)?;
        let was = Press::Pressed;
        Ok(Self { pin, was })
    }
}

impl ApprovalButton for GpioButton {
    fn press(&mut self) -> io::Result<Press> {
        let is = if self.pin.is_low() {
            Press::Pressed
        } else {
            Press::None
        };
        let before = std::mem::replace(&mut self.was, is);
        Ok(if before == Press::None {
            is
        } else {
            Press::None
        })
    }
}
