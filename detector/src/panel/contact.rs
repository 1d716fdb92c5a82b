//! What a contact to ground says, as switch and as button. Pure: it knows no pin.
//!
//! A wire that comes off is an open contact, and so is a plug that is pulled. Both must read as
//! what is safe: a switch as off, a button as not pressed.

use std::time::Duration;

use super::{ASK_EVERY, Position, Press};

/// How long the button must be held: nobody leans on it for so long by mistake, and no
/// interference holds a wire down so long without a gap.
pub const HOLD: Duration = Duration::from_secs(3);

/// In how many askings in a row the button must be closed to have been held for [`HOLD`]: there
/// is one more of them than there are pauses between them.
const HELD: u32 = 31;

const _: () = assert!(HOLD.as_millis() == (HELD as u128 - 1) * ASK_EVERY.as_millis());

/// How a contact to ground stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Current flows: the pin is low.
    Closed,
    /// It does not, or the wire is broken: the pin is high.
    Open,
}

impl Contact {
    /// As the position of a privacy switch, which is closed while it is on.
    #[must_use]
    pub fn position(self) -> Position {
        match self {
            Self::Closed => Position::On,
            Self::Open => Position::Off,
        }
    }
}

/// Makes a press of a contact that was held. It is to be told once every [`ASK_EVERY`].
#[derive(Debug)]
pub struct Holding {
    /// Askings in a row at which it was closed; `None` until it has been open once since the
    /// last press, or since the start.
    closed: Option<u32>,
}

impl Default for Holding {
    fn default() -> Self {
        Self::new()
    }
}

impl Holding {
    /// A contact that is closed from the beginning is stuck, and no press.
    #[must_use]
    pub fn new() -> Self {
        Self { closed: None }
    }

    /// How it stands now; a press at the moment when it has been held for [`HOLD`].
    pub fn handle(&mut self, contact: Contact) -> Press {
        match (contact, self.closed) {
            (Contact::Open, _) => {
                self.closed = Some(0);
                Press::None
            }
            (Contact::Closed, None) => Press::None,
            (Contact::Closed, Some(before)) if before + 1 < HELD => {
                self.closed = Some(before + 1);
                Press::None
            }
            (Contact::Closed, Some(_)) => {
                self.closed = None;
                Press::Pressed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many presses there are in as many askings each.
    fn presses(askings: &[(Contact, u32)]) -> usize {
        let mut holding = Holding::new();
        let each = askings
            .iter()
            .flat_map(|(contact, times)| (0..*times).map(|_| *contact));
        each.filter(|it| holding.handle(*it) == Press::Pressed)
            .count()
    }

    #[test]
    fn a_switch_whose_wire_is_cut_is_off() {
        assert_eq!(Contact::Open.position(), Position::Off);
        assert_eq!(Contact::Closed.position(), Position::On);
    }

    #[test]
    fn a_button_counts_when_it_was_held_three_seconds_and_then_once() {
        use Contact::{Closed, Open};
        assert_eq!(presses(&[(Open, 1), (Closed, 30)]), 0);
        assert_eq!(presses(&[(Open, 1), (Closed, 31)]), 1);
        assert_eq!(presses(&[(Open, 1), (Closed, 500)]), 1);
        assert_eq!(
            presses(&[(Open, 1), (Closed, 40), (Open, 1), (Closed, 40)]),
            2
        );
    }

    #[test]
    fn a_button_that_flickers_or_is_stuck_is_never_pressed() {
        use Contact::{Closed, Open};
        assert_eq!(presses(&[(Closed, 500)]), 0);
        assert_eq!(presses(&[(Open, 1), (Closed, 1)].repeat(100)), 0);
        assert_eq!(presses(&[(Open, 1), (Closed, 29)].repeat(20)), 0);
    }
}
