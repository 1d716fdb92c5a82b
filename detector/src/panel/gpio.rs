//! Switch and button on pins of a Raspberry Pi.
//!
//! Both are contacts between a pin and ground, and the pin is pulled up. The switch is closed
//! while it is on, so that a wire that comes off reads as off; the button is closed while it is
//! pressed, so that a wire that comes off is no press. Reading a pin is reading memory; no
//! system call is made after the pin is had.

use std::io;

use rppal::gpio::{Gpio, InputPin};

use super::contact::{Contact, Holding};
use super::{ApprovalButton, Position, Press, PrivacySwitch};

/// A switch that closes one pin to ground while it is on.
pub struct GpioSwitch(InputPin);

/// A button that closes one pin to ground while it is pressed.
pub struct GpioButton {
    pin: InputPin,
    holding: Holding,
}

/// Takes a pin as an input that is pulled up, by its BCM number.
fn input(pin: u8) -> io::Result<InputPin> {
    let gpio = Gpio::new().map_err(io::Error::other)?;
    let pin = gpio.get(pin).map_err(io::Error::other)?;
    Ok(pin.into_input_pullup())
}

fn contact(pin: &InputPin) -> Contact {
    if pin.is_low() {
        Contact::Closed
    } else {
        Contact::Open
    }
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
        Ok(contact(&self.0).position())
    }
}

impl GpioButton {
    /// Takes the pin.
    ///
    /// # Errors
    ///
    /// This is no Raspberry Pi, there is no such pin, or it may not be used.
    pub fn open(pin: u8) -> io::Result<Self> {
        let (pin, holding) = (input(pin)?, Holding::new());
        Ok(Self { pin, holding })
    }
}

impl ApprovalButton for GpioButton {
    fn press(&mut self) -> io::Result<Press> {
        Ok(self.holding.handle(contact(&self.pin)))
    }
}
