//! What can go wrong, and which of the product's rules can be switched off, by name.
//!
//! Only names here; what a fault does is done where it strikes.

use std::str::FromStr;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name on the command line.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let found = Self::ALL.iter().copied().find(|each| each.word() == text);
                found.ok_or_else(|| UnknownWord {
                    word: text.chars().take(40).collect(),
                    known: Self::ALL.iter().map(|each| each.word()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

/// A name that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{word:?} is none of: {known}")]
pub struct UnknownWord {
    word: String,
    known: String,
}

named!(
    /// A kind of thing that goes wrong, or that people do.
    Fault {
        /// A unit's network is cut for seconds to hours.
        Cut = "cut",
        /// Messages are lost, either way.
        Loss = "loss",
        /// Messages take up to minutes.
        Delay = "delay",
        /// Messages come twice, the second up to ten minutes later.
        Repeat = "repeat",
        /// Messages overtake each other.
        Reorder = "reorder",
        /// The broker dies and comes back.
        Broker = "broker",
        /// A unit loses power, at a moment or in the middle of a write.
        UnitPower = "unit-power",
        /// The voice's process is killed.
        VoiceCrash = "voice-crash",
        /// The eye's process is killed.
        EyeCrash = "eye-crash",
        /// The eye answers nothing.
        EyeHang = "eye-hang",
        /// Looks do not end by themselves.
        CameraHang = "camera-hang",
        /// A unit's clock is wrong, steps, drifts or is unknown.
        UnitClock = "unit-clock",
        /// The hub's clock is wrong, steps or drifts.
        HubClock = "hub-clock",
        /// The hub's process is killed: at a moment, before a commit, or after it.
        HubCrash = "hub-crash",
        /// The hub's machine loses power.
        HubPower = "hub-power",
        /// In one night of eight, the hub is down over the next noon, and people go on acting.
        LongOutage = "long-outage",
        /// A unit's disk is full or broken for a while.
        Disk = "disk",
        /// Staff close checks by hand: exceptions, and checks that are none.
        Words = "words",
        /// Staff take rows, go there, find, give back and end them.
        Hands = "hands",
        /// Residents go away, with an end or until further notice, confirmed or not, and come
        /// back.
        Away = "away",
        /// Residents move to another home, or leave the list.
        Move = "move",
        /// A home gets another unit.
        Swap = "swap",
        /// A resident dies, or the supervision ends.
        End = "end",
    }
);

impl Fault {
    /// Whether it is nothing that goes wrong, but something that people do.
    #[must_use]
    pub fn is_of_people(self) -> bool {
        match self {
            Self::Words | Self::Hands | Self::Away | Self::Move | Self::Swap | Self::End => true,
            Self::Cut
            | Self::Loss
            | Self::Delay
            | Self::Repeat
            | Self::Reorder
            | Self::Broker
            | Self::UnitPower
            | Self::VoiceCrash
            | Self::EyeCrash
            | Self::EyeHang
            | Self::CameraHang
            | Self::UnitClock
            | Self::HubClock
            | Self::HubCrash
            | Self::HubPower
            | Self::LongOutage
            | Self::Disk => false,
        }
    }

    /// Whether it is one of the short things of which a night has some. A long outage is drawn
    /// for a whole night, and people's doings resident by resident.
    pub(super) fn is_mishap(self) -> bool {
        !self.is_of_people() && self != Self::LongOutage
    }
}

named!(
    /// A rule of the product that can be switched off, to see that the World notices.
    Rule {
        /// What was written is on the disk when the call returns.
        Fsync = "fsync",
        /// A hub that returns accounts first for what went by.
        RestartReconciliation = "restart-reconciliation",
        /// A message has one effect however often it comes.
        Dedupe = "dedupe",
        /// Time alone makes a missing report an exception.
        Deadline = "deadline",
        /// Windows follow the local clock across its changes.
        Dst = "dst",
        /// A night's checks are settled at noon.
        FreezeAtNoon = "freeze-at-noon",
        /// Nothing overrides what a person wrote.
        Precedence = "precedence",
    }
);
