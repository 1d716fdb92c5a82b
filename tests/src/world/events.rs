//! What can happen in the World, and in which order.

use std::cmp::{Ordering, Reverse};

use nattsyn_detector::uplink::LinkEvent;
use nattsyn_hub::ingest::Publication;
use nattsyn_protocol::ids::BootId;

use super::unit::Sent;

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    VoiceWakes {
        unit: usize,
        waking: u64,
    },
    EyeReads {
        unit: usize,
    },
    VoiceReads {
        unit: usize,
    },
    LookEnds {
        unit: usize,
        boot: BootId,
    },
    EyeRestarts {
        unit: usize,
    },
    LinkTries {
        unit: usize,
    },
    LinkFails {
        unit: usize,
        session: u64,
    },
    AtBroker {
        unit: usize,
        session: u64,
        message: Sent,
    },
    AtUnit {
        unit: usize,
        session: u64,
        event: LinkEvent,
    },
    AtHub {
        publication: Publication,
    },
    HubTakes,
    HubWakes {
        waking: u64,
    },
    /// The World looks whether everything is at rest.
    Lull,
}

impl Happening {
    /// What the digest of a night keeps of it: its kind, whom it concerns, and the bytes of a
    /// message.
    pub(super) fn digest(&self) -> u64 {
        let (kind, whom, bytes): (u64, usize, &[u8]) = match self {
            Self::VoiceWakes { unit, .. } => (1, *unit, &[]),
            Self::EyeReads { unit } => (2, *unit, &[]),
            Self::VoiceReads { unit } => (3, *unit, &[]),
            Self::LookEnds { unit, .. } => (4, *unit, &[]),
            Self::EyeRestarts { unit } => (5, *unit, &[]),
            Self::LinkTries { unit } => (6, *unit, &[]),
            Self::LinkFails { unit, .. } => (7, *unit, &[]),
            Self::AtBroker { unit, message, .. } => (8, *unit, &message.body),
            Self::AtUnit { unit, event, .. } => (9, *unit, body(event)),
            Self::AtHub { publication } => (10, 0, &publication.body),
            Self::HubTakes => (11, 0, &[]),
            Self::HubWakes { .. } => (12, 0, &[]),
            Self::Lull => (13, 0, &[]),
        };
        let begin = kind << 32 | u64::try_from(whom).unwrap_or(0);
        bytes.iter().fold(begin, |mixed, &byte| {
            (mixed ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        })
    }
}

fn body(event: &LinkEvent) -> &[u8] {
    match event {
        LinkEvent::Heard { body, .. } => body,
        LinkEvent::Strange { topic } => topic.as_bytes(),
        LinkEvent::Up | LinkEvent::Down | LinkEvent::Confirmed(_) => &[],
    }
}

/// Something that will happen: the earliest first, and of those the one that was queued first.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) at: u64,
    pub(super) number: u64,
    pub(super) happening: Happening,
}

impl Queued {
    fn order(&self) -> Reverse<(u64, u64)> {
        Reverse((self.at, self.number))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}
