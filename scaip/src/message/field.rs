//! The fields of a message, each a type that can only hold what may stand in its tag.
//!
//! Limits are those of the published field lists (`docs/reference/scaip.md`). Characters are
//! counted, not bytes, as XML schema does. Nothing here knows the order of tags.

use std::borrow::Cow;

/// Longest excerpt of a refused value that an error repeats: the value came from outside.
const SHOWN_MAX: usize = 24;

/// A value that may not stand in its tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tag `{tag}`: {reason}")]
pub struct FieldError {
    /// Which tag.
    pub tag: &'static str,
    /// Why not.
    pub reason: Reason,
}

/// Why a value may not stand in its tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Nothing stands there.
    #[error("empty")]
    Empty,
    /// Too many characters.
    #[error("{length} characters, at most {max} may stand here")]
    TooLong {
        /// How many there are.
        length: usize,
        /// How many there may be.
        max: usize,
    },
    /// A character that may not stand there.
    #[error("only {0} may stand here")]
    Alphabet(&'static str),
    /// None of the words that may stand there.
    #[error("{found:?} is none of {allowed}")]
    NoSuchWord {
        /// The beginning of what stands there.
        found: String,
        /// What may.
        allowed: &'static str,
    },
}

/// A value of one tag: read from text and written as text.
pub trait Field: Sized {
    /// The tag that it stands in.
    const TAG: &'static str;

    /// Reads a tag's text.
    ///
    /// # Errors
    ///
    /// It may not stand in this tag.
    fn parse(text: &str) -> Result<Self, FieldError>;

    /// The text that is sent, not escaped.
    fn text(&self) -> Cow<'_, str>;
}

/// What a text may be made of.
#[derive(Clone, Copy)]
enum Alphabet {
    Digits,
    LettersAndDigits,
    /// Everything but control characters, which XML 1.0 cannot carry or would fold.
    Printable,
}

impl Alphabet {
    fn has(self, character: char) -> bool {
        match self {
            Self::Digits => character.is_ascii_digit(),
            Self::LettersAndDigits => character.is_ascii_alphanumeric(),
            Self::Printable => {
                !character.is_control() && !('\u{fffe}'..='\u{ffff}').contains(&character)
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::LettersAndDigits => "letters a to z and digits",
            Self::Printable => "printable characters",
        }
    }
}

fn checked(text: &str, max: usize, alphabet: Alphabet) -> Result<&str, Reason> {
    let length = text.chars().count();
    if length == 0 {
        return Err(Reason::Empty);
    }
    if length > max {
        return Err(Reason::TooLong { length, max });
    }
    if !text.chars().all(|character| alphabet.has(character)) {
        return Err(Reason::Alphabet(alphabet.name()));
    }
    Ok(text)
}

/// The number that a few digits are.
fn number_of(digits: &str) -> u32 {
    digits
        .parse()
        .expect("no tag has more than five digits, and they were checked")
}

fn no_such_word(found: &str, allowed: &'static str) -> Reason {
    Reason::NoSuchWord {
        found: found.chars().take(SHOWN_MAX).collect(),
        allowed,
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $tag:literal, $max:literal, $alphabet:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Most characters.
            pub const MAX: usize = $max;

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Field for $name {
            const TAG: &'static str = $tag;

            fn parse(text: &str) -> Result<Self, FieldError> {
                checked(text, $max, Alphabet::$alphabet)
                    .map(|text| Self(text.to_owned()))
                    .map_err(|reason| FieldError { tag: $tag, reason })
            }

            fn text(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.0)
            }
        }
    )+};
}

texts! {
    /// Names one message; its reply carries the same. A message that is sent again keeps it.
    Reference = "ref", 16, LettersAndDigits;
    /// Who calls: a pseudonym, which the receiver alone can resolve to a person and an address.
    ControllerId = "cid", 16, Digits;
    /// Which device at that controller.
    DeviceId = "did", 8, Printable;
    /// The device in words.
    DeviceText = "dte", 32, Printable;
    /// A SIP address to call back; Nattsyn makes no calls and never sends it.
    CallerId = "crd", 256, Printable;
    /// The status in words.
    StatusText = "stt", 32, Printable;
    /// Which of several such places, such as the second bedroom.
    LocationValue = "lva", 2, Printable;
    /// The place in words.
    LocationText = "lte", 32, Printable;
    /// What there is to say besides.
    InfoText = "ite", 128, Printable;
    /// The receiver's verdict in words.
    VerdictText = "ste", 128, Printable;
    /// Where a call would be transferred.
    TransferredNumber = "tnu", 256, Printable;
}

impl Reference {
    /// A reference made of random bytes, in hex.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $tag:literal, $width:literal $({
        $($(#[$word_doc:meta])* $word:ident = $value:literal;)+
    })?)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            $($($(#[$word_doc])* pub const $word: Self = Self($value);)+)?
        }

        impl Field for $name {
            const TAG: &'static str = $tag;

            /// Leading zeros may be missing.
            fn parse(text: &str) -> Result<Self, FieldError> {
                let failed = |reason| FieldError { tag: $tag, reason };
                let number = checked(text, $width, Alphabet::Digits).map_err(failed)?;
                Ok(Self(number_of(number)))
            }

            /// With all its zeros.
            fn text(&self) -> Cow<'_, str> {
                Cow::Owned(format!("{:0width$}", self.0, width = $width))
            }
        }
    )+};
}

codes! {
    /// What kind of device speaks. The constants are those that Nattsyn sends.
    DeviceType = "dty", 4 {
        /// Says whether somebody is where they should be.
        OCCUPANCY_DETECTOR = 18;
        /// Watches the equipment itself.
        SYSTEM_MONITOR = 31;
        /// Watches a link.
        COMMUNICATION_LINK_MONITOR = 32;
        /// Notices that equipment was moved or opened.
        TAMPER = 38;
        /// Mains and battery.
        POWER_SUPPLY = 41;
        /// What speaks for several devices: the hub.
        CONTROLLER = 45;
        /// A device that looks.
        MONITORING_DEVICE = 49;
    }
    /// Which part of the device.
    ComponentCode = "dco", 3
    /// What the device has to say. The constants are those that Nattsyn sends.
    StatusCode = "stc", 4 {
        /// Absent.
        ABSENT = 3;
        /// Alert.
        ALERT = 11;
        /// The mobile network cannot be reached.
        MOBILE_NETWORK_FAILURE = 24;
        /// Failure.
        FAILURE = 42;
        /// All is as it should be, of the equipment.
        NORMAL_STATE = 70;
        /// Mains lost.
        POWER_FAILURE = 85;
        /// Mains back.
        POWER_RESTORED = 86;
        /// A privacy switch or cover was used.
        PRIVACY_SWITCH_OPERATED = 89;
        /// A test over the primary channel.
        TEST_TRANSMISSION = 102;
        /// Somebody was there and is done.
        INTERVENTION_COMPLETE = 111;
        /// The mobile network is back.
        MOBILE_NETWORK_BACK = 113;
        /// Somebody tampered.
        TAMPER_ALARM = 125;
    }
    /// What kind of place.
    LocationCode = "lco", 3 {
        /// A bedroom.
        BEDROOM = 12;
    }
    /// A code for what there is to say besides.
    InfoCode = "ico", 3
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $tag:literal, $allowed:literal {
        $($(#[$word_doc:meta])* $word:ident = $text:literal;)+
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$word_doc])* $word,)+
        }

        impl $name {
            /// Every word of this tag.
            pub const ALL: &'static [Self] = &[$(Self::$word,)+];
        }

        impl Field for $name {
            const TAG: &'static str = $tag;

            fn parse(text: &str) -> Result<Self, FieldError> {
                match text {
                    $($text => Ok(Self::$word),)+
                    other => Err(FieldError {
                        tag: $tag,
                        reason: no_such_word(other, $allowed),
                    }),
                }
            }

            fn text(&self) -> Cow<'_, str> {
                Cow::Borrowed(match self {
                    $(Self::$word => $text,)+
                })
            }
        }
    )+};
}

words! {
    /// How the equipment is set up. Left out where a controller and its unit stand alone.
    SystemConfiguration = "sco", "0 to 3" {
        /// A unit and its controller.
        LocalUnit = "0";
        /// Grouped equipment, supervisor off duty.
        SupervisorOffDuty = "1";
        /// Grouped equipment, supervisor on duty.
        SupervisorOnDuty = "2";
        /// Grouped equipment, supervisor on duty and acting as alarm receiver.
        SupervisorReceives = "3";
    }
    /// Who would call whom.
    CallHandling = "cha", "0, 1" {
        /// The equipment calls.
        Outgoing = "0";
        /// The receiver calls back.
        Callback = "1";
    }
    /// What kind of message.
    MessageType = "mty", "ME, RE, IN, PI" {
        /// Something is the matter.
        Message = "ME";
        /// Something that was the matter is over.
        Reset = "RE";
        /// For information.
        Information = "IN";
        /// The equipment works.
        Heartbeat = "PI";
    }
    /// Whether the receiver may change how often heartbeats come. What the standard means by 2
    /// and 3 is not public; they are read and never sent.
    HeartbeatOption = "hbo", "0 to 3" {
        /// The equipment keeps to its own interval.
        Unadjustable = "0";
        /// The receiver's reply may name an interval.
        Adjustable = "1";
        /// Not known to us.
        Second = "2";
        /// Not known to us.
        Third = "3";
    }
    /// Whether another message of the same event follows.
    MoreFollows = "ame", "0, 1" {
        /// This is all.
        Nothing = "0";
        /// Another follows.
        Another = "1";
    }
    /// How often the receiver wants heartbeats, as one of five classes. How long each is, is in
    /// the standard and must be agreed with the receiver: [`crate::heartbeat`].
    IntervalClass = "hbi", "0 to 4" {
        /// The first class.
        Zero = "0";
        /// The second class.
        One = "1";
        /// The third class.
        Two = "2";
        /// The fourth class.
        Three = "3";
        /// The fifth class.
        Four = "4";
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident = $tag:literal, $width:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The number.
            #[must_use]
            pub fn number(self) -> u32 {
                self.0
            }
        }

        impl Field for $name {
            const TAG: &'static str = $tag;

            fn parse(text: &str) -> Result<Self, FieldError> {
                let failed = |reason| FieldError { tag: $tag, reason };
                let number = checked(text, $width, Alphabet::Digits).map_err(failed)?;
                Ok(Self(number_of(number)))
            }

            fn text(&self) -> Cow<'_, str> {
                Cow::Owned(self.0.to_string())
            }
        }
    )+};
}

numbers! {
    /// How urgent, 0 (the default) to 9. Which end is the more urgent is the receiver's to say;
    /// Nattsyn always sends 0.
    Priority = "pri", 1;
    /// What kind of call the receiver asks for: 0 none, 1 both ways, 2 microphone, 3 speaker.
    /// Nattsyn makes no calls.
    MediaReply = "mre", 2;
    /// How the receiver wants the call handled: 61 the usual receiver, 62 the transferred number.
    /// Nattsyn makes no calls.
    CallReply = "cre", 2;
}

impl Priority {
    /// The default.
    pub const DEFAULT: Self = Self(0);
}

/// The version of the message set, such as 01.00: two digits, a point, two digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u8, u8);

impl Version {
    /// The only version that has been published.
    pub const FIRST: Self = Self(1, 0);

    fn of(tag: &'static str, text: &str) -> Result<Self, FieldError> {
        let two = |part: &str| match part.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
            _ => None,
        };
        let parts = text.split_once('.');
        parts
            .and_then(|(major, minor)| Some(Self(two(major)?, two(minor)?)))
            .ok_or_else(|| FieldError {
                tag,
                reason: no_such_word(text, "versions such as 01.00"),
            })
    }

    fn written(self) -> Cow<'static, str> {
        Cow::Owned(format!("{:02}.{:02}", self.0, self.1))
    }
}

impl Field for Version {
    const TAG: &'static str = "ver";

    fn parse(text: &str) -> Result<Self, FieldError> {
        Self::of(Self::TAG, text)
    }

    fn text(&self) -> Cow<'_, str> {
        self.written()
    }
}

/// The version that the receiver speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverVersion(pub Version);

impl Field for ReceiverVersion {
    const TAG: &'static str = "cve";

    fn parse(text: &str) -> Result<Self, FieldError> {
        Version::of(Self::TAG, text).map(Self)
    }

    fn text(&self) -> Cow<'_, str> {
        self.0.written()
    }
}

/// The receiver's verdict on a message. Only [`Verdict::Ok`] means that it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Taken.
    Ok,
    /// The message is too long.
    TooLong,
    /// The message cannot be read.
    InvalidFormat,
    /// A value is wrong.
    WrongContent,
    /// Wait.
    Hold,
    /// Read, and nothing was done with it.
    NotTreated,
    /// Busy.
    Busy,
    /// A tag that must be there is missing.
    TagMissing,
    /// A number that the published lists do not name.
    Unknown(u32),
}

impl Verdict {
    /// The number in the reply.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Ok => 0,
            Self::TooLong => 1,
            Self::InvalidFormat => 2,
            Self::WrongContent => 3,
            Self::Hold => 4,
            Self::NotTreated => 5,
            Self::Busy => 6,
            Self::TagMissing => 7,
            Self::Unknown(number) => number,
        }
    }
}

impl Field for Verdict {
    const TAG: &'static str = "snu";

    fn parse(text: &str) -> Result<Self, FieldError> {
        let failed = |reason| FieldError {
            tag: Self::TAG,
            reason,
        };
        let number = checked(text, 5, Alphabet::Digits).map_err(failed)?;
        Ok(match number_of(number) {
            0 => Self::Ok,
            1 => Self::TooLong,
            2 => Self::InvalidFormat,
            3 => Self::WrongContent,
            4 => Self::Hold,
            5 => Self::NotTreated,
            6 => Self::Busy,
            7 => Self::TagMissing,
            other => Self::Unknown(other),
        })
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.number().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<F: Field + std::fmt::Debug>(text: &str) -> String {
        F::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_refused_value_is_named_by_tag_and_reason() {
        assert_eq!(refused::<Reference>(""), "tag `ref`: empty");
        assert_eq!(
            refused::<ControllerId>("12345678901234567"),
            "tag `cid`: 17 characters, at most 16 may stand here"
        );
        assert_eq!(
            refused::<ControllerId>("12a"),
            "tag `cid`: only digits may stand here"
        );
        assert_eq!(
            refused::<MessageType>("XX"),
            "tag `mty`: \"XX\" is none of ME, RE, IN, PI"
        );
    }

    #[test]
    fn a_limit_counts_characters_and_holds_to_the_last() {
        let fits = "å".repeat(InfoText::MAX);
        assert_eq!(InfoText::parse(&fits).unwrap().as_str(), fits);
        assert!(InfoText::parse(&format!("{fits}å")).is_err());
        assert!(InfoText::parse("a\nb").is_err());
    }

    #[test]
    fn a_code_is_written_with_all_its_zeros_and_read_without() {
        assert_eq!(DeviceType::OCCUPANCY_DETECTOR.text(), "0018");
        assert_eq!(DeviceType::parse("18"), Ok(DeviceType::OCCUPANCY_DETECTOR));
        assert_eq!(LocationCode::BEDROOM.text(), "012");
        assert!(DeviceType::parse("00018").is_err());
    }

    #[test]
    fn a_long_value_is_not_repeated_whole() {
        assert!(refused::<CallHandling>(&"x".repeat(5000)).len() < 100);
    }

    #[test]
    fn a_verdict_that_nobody_published_is_kept_and_is_no_yes() {
        assert_eq!(Verdict::parse("99999"), Ok(Verdict::Unknown(99_999)));
        assert_eq!(Verdict::parse("00"), Ok(Verdict::Ok));
        assert!(Verdict::parse("123456").is_err());
        assert_eq!(Version::parse("01.00"), Ok(Version::FIRST));
        assert!(Version::parse("1.0").is_err());
    }
}
