//! Names for things that may travel and be logged: never a person's own.
//!
//! A resident, a home and a unit are eight characters `a–z0–9` drawn at random at enrolment;
//! who is behind them is known to the hub's store alone (R11 of the invariants: no name on the
//! wire). A check's id follows from the plan, so both sides derive the same one.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Length of an opaque id in characters: 36⁸ of them, and short enough for a 24-byte topic.
pub const ID_LENGTH: usize = 8;

/// Why a text is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IdError {
    /// Not eight characters of `a–z0–9`.
    #[error("id {0:?} is not eight characters of a-z and 0-9")]
    Malformed(String),
    /// Not `resident.yyyymmdd.window`.
    #[error("check id {0:?} is not of the form resident.yyyymmdd.window")]
    MalformedCheck(String),
    /// Not sixteen hexadecimal digits.
    #[error("boot id {0:?} is not sixteen hexadecimal digits")]
    MalformedBoot(String),
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; ID_LENGTH]);

        impl $name {
            /// The id made from eight random bytes. The caller draws them.
            #[must_use]
            pub fn from_random(bytes: [u8; ID_LENGTH]) -> Self {
                Self(bytes.map(|byte| b"abcdefghijklmnopqrstuvwxyz0123456789"[usize::from(byte) % 36]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|&byte| write!(f, "{}", char::from(byte)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                <[u8; ID_LENGTH]>::try_from(text.as_bytes())
                    .ok()
                    .filter(|id| id.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
                    .map(Self)
                    .ok_or_else(|| IdError::Malformed(excerpt(text)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

opaque_id!(
    /// The device as a whole: camera, infrared light, eye and voice.
    UnitId
);
opaque_id!(
    /// The person looked after; a pseudonym outside the hub's store.
    ResidentId
);
opaque_id!(
    /// Where a unit hangs; one or more residents.
    HomeId
);

/// Which of a plan's windows a check belongs to. Kept by the plan's author across versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WindowKey(pub u8);

/// One planned occasion: (resident, night's date, window key).
///
/// It survives plan versions, and both sides derive it (architecture: a night on the unit).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckId {
    /// Who is looked after.
    pub resident: ResidentId,
    /// The date on which the night began; a night runs from noon to noon.
    pub night: Date,
    /// Which window of the plan.
    pub window: WindowKey,
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.night.year(), self.night.month(), self.night.day());
        write!(
            f,
            "{}.{year:04}{month:02}{day:02}.{}",
            self.resident, self.window.0
        )
    }
}

impl fmt::Debug for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CheckId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let malformed = || IdError::MalformedCheck(excerpt(text));
        let mut parts = text.split('.');
        let (Some(resident), Some(night), Some(window), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        if night.len() != 8 || !night.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let number = |range: std::ops::Range<usize>| night.get(range).and_then(|d| d.parse().ok());
        let year: i16 = number(0..4)
            .and_then(|y: u32| i16::try_from(y).ok())
            .ok_or_else(malformed)?;
        let month: i8 = number(4..6)
            .and_then(|m: u32| i8::try_from(m).ok())
            .ok_or_else(malformed)?;
        let day: i8 = number(6..8)
            .and_then(|d: u32| i8::try_from(d).ok())
            .ok_or_else(malformed)?;
        Ok(Self {
            resident: resident.parse()?,
            night: Date::new(year, month, day).ok().ok_or_else(malformed)?,
            window: WindowKey(window.parse().ok().ok_or_else(malformed)?),
        })
    }
}

impl TryFrom<String> for CheckId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<CheckId> for String {
    fn from(id: CheckId) -> Self {
        id.to_string()
    }
}

/// One run of an eye's process, drawn at random when it starts.
///
/// With a counter it names a report for ever: a counter alone would start over after a
/// power cut.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BootId(pub u64);

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for BootId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(&text, 16)
            .ok()
            .filter(|_| is_hex)
            .map(Self)
            .ok_or_else(|| IdError::MalformedBoot(excerpt(&text)))
    }
}

impl From<BootId> for String {
    fn from(boot: BootId) -> Self {
        boot.to_string()
    }
}

/// At most the first 40 characters: an error text quotes what it was given, but a hostile
/// sender must not fill a log with it.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_id_reads_back_as_written() {
        let id: CheckId = "r3k9x2m1.20261121.2".parse().unwrap();
        assert_eq!(id.to_string(), "r3k9x2m1.20261121.2");
        assert_eq!(id.night, jiff::civil::date(2026, 11, 21));
    }

    #[test]
    fn what_is_no_check_id_is_refused() {
        for text in [
            "",
            "r3k9x2m1",
            "r3k9x2m1.20261321.2",
            "r3k9x2m1.2026é21.2",
            "R3K9X2M1.20261121.2",
            "r3k9x2m1.20261121.256",
            "r3k9x2m1.20261121.2.1",
            "r3k9x2m1.+0261121.2",
        ] {
            assert!(text.parse::<CheckId>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn random_bytes_make_a_valid_id() {
        let id = UnitId::from_random([0, 1, 35, 36, 71, 128, 254, 255]);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_boot_id_is_exactly_sixteen_digits() {
        assert_eq!(BootId(255).to_string(), "00000000000000ff");
        assert!(BootId::try_from("+0000000000000ff".to_owned()).is_err());
        assert!(BootId::try_from("ff".to_owned()).is_err());
    }
}
