//! What a demonstration's camera shows while somebody tries the unit out.

use nattsyn_protocol::commission::{Room as How, State, Try};
use nattsyn_protocol::demonstration::Mounting;
use nattsyn_scenes::{Around, Bedding, Knock, Lens, Occupant, Radiance, Room, Shown};

/// The room `seed` while this is tried, for the first time or again, by a camera hung as
/// `mounting` says.
pub(super) fn radiance(seed: u64, (what, again): (Try, u8), mounting: Mounting) -> Radiance {
    let (shown, around) = staging(what);
    let (knock, lens) = hung(mounting);
    let room = Room::from_seed(seed);
    // The same person throughout, each time otherwise.
    room.tried(shown, around, (&knock, lens), pose(what, again))
        .radiance
}

fn staging(what: Try) -> (Shown, Around) {
    let (state, how) = match what {
        Try::Walk { .. } => {
            return (Shown::With(Bedding::Bare, Occupant::InBed), Around::AsItIs);
        }
        Try::Staged { state, room, .. } => (state, room),
    };
    let shown = match state {
        State::EmptyBare => Shown::With(Bedding::Bare, Occupant::Nobody),
        State::EmptyMade => Shown::With(Bedding::Made, Occupant::Nobody),
        State::EmptyHeaped => Shown::With(Bedding::Heaped, Occupant::Nobody),
        State::EmptyJustLeft => Shown::Left,
        State::Uncovered => Shown::With(Bedding::PushedDown, Occupant::InBed),
        State::HalfCovered => Shown::With(Bedding::FoldedBack, Occupant::InBed),
        State::OtherInBed | State::Covered => Shown::With(Bedding::Rumpled, Occupant::InBed),
        State::OnTheEdge => Shown::With(Bedding::FoldedBack, Occupant::SittingOnEdge),
        State::LensCovered => Shown::Hand,
    };
    let around = match how {
        How::AsItIs => Around::AsItIs,
        How::Otherwise => Around::Otherwise,
        How::Lit => Around::Lit,
    };
    (shown, around)
}

fn pose(what: Try, again: u8) -> u64 {
    let what = match what {
        Try::Walk { spot, .. } => 100 + u64::from(spot),
        Try::Staged { state, room, .. } => 200 + 10 * (room as u64) + state as u64,
    };
    what + 1000 * u64::from(again)
}

fn hung(mounting: Mounting) -> (Knock, Lens) {
    let still = Knock::NONE;
    let turned = |turn_deg| Knock { turn_deg, ..still };
    match mounting {
        Mounting::Right => (still, Lens::Clear),
        Mounting::CutsTheBed => (turned(30.0), Lens::Clear),
        Mounting::PastTheBed => (turned(120.0), Lens::Clear),
        Mounting::TooWide => (
            Knock {
                wider: 6.0,
                ..still
            },
            Lens::Clear,
        ),
        Mounting::OutOfFocus => (still, Lens::Defocused),
        Mounting::LampDead => (still, Lens::LampDead),
        Mounting::Knocked => (turned(5.0), Lens::Clear),
    }
}
