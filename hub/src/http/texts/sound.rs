//! The words of the line that says whether there is sound.
//!
//! The state is in the words, and never in a colour alone.

use super::{Phrase, phrase};

phrases! {
    OFF = "Ljudet är av: tryck", "Sound is off: press";
    ON = "Ljudet är på", "Sound is on";
    WAITING = "Ljudet var på: tryck en gång", "Sound was on: press once";
}
