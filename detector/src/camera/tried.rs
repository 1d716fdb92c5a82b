//! What a demonstration's camera shows while somebody tries the unit out.

use nattsyn_protocol::commission::{Room as How, State, Try};
use nattsyn_protocol::demonstration::Mounting;
use nattsyn_scenes::{Around, Bedding, Knock, Lens, Occupant, Radiance, Room, Shown};

/// The room `seed` while this is tried, for the first time or again, by a camera hung as
/// `mounting` says.
pub(super) fn radiance(
    seed: u64,
    (what, again, sleepers): (Try, u8, u8),
    mounting: Mounting,
) -> Radiance {
    let (shown, around) = staging(what, sleepers);
    let (knock, lens) = hung(mounting);
    let room = Room::from_seed(seed);
    // The same person throughout, each time otherwise.
    room.tried(shown, around, (&knock, lens), pose(what, again, sleepers))
        .radiance
}

/// Who lies where while the place of `asked` is asked about.
fn lying(state: Option<State>, asked: Option<u8>, sleepers: u8) -> Occupant {
    match (state, asked) {
        (Some(State::Together), _) => Occupant::Couple,
        (_, Some(sleeper)) if sleepers > 1 => match state {
            // Of more than two, one of the others.
            Some(State::OtherInBed) => Occupant::InLane((sleeper + 1) % sleepers),
            _ => Occupant::InLane(sleeper),
        },
        _ => Occupant::InBed,
    }
}

fn staging(what: Try, sleepers: u8) -> (Shown, Around) {
    let (sleeper, state, how) = match what {
        Try::Walk { sleeper, .. } => {
            let occupant = lying(None, Some(sleeper), sleepers);
            return (Shown::With(Bedding::Bare, occupant), Around::AsItIs);
        }
        Try::Staged {
            sleeper,
            state,
            room,
        } => (sleeper, state, room),
    };
    let in_bed = lying(Some(state), sleeper, sleepers);
    let shown = match state {
        State::EmptyBare => Shown::With(Bedding::Bare, Occupant::Nobody),
        State::EmptyMade => Shown::With(Bedding::Made, Occupant::Nobody),
        State::EmptyHeaped => Shown::With(Bedding::Heaped, Occupant::Nobody),
        State::EmptyJustLeft => Shown::Left,
        State::Uncovered => Shown::With(Bedding::PushedDown, in_bed),
        State::HalfCovered => Shown::With(Bedding::FoldedBack, in_bed),
        State::OtherInBed | State::Covered | State::Together => {
            Shown::With(Bedding::Rumpled, in_bed)
        }
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

fn pose(what: Try, again: u8, sleepers: u8) -> u64 {
    let (sleeper, of_what) = match what {
        Try::Walk { sleeper, spot } => (sleeper, 100 + u64::from(spot)),
        Try::Staged {
            sleeper,
            state,
            room,
        } => (
            sleeper.unwrap_or_default(),
            200 + 10 * (room as u64) + state as u64,
        ),
    };
    // Whoever is asked about, all who lie there together lie as they are.
    let is_together = matches!(
        what,
        Try::Staged {
            state: State::Together,
            ..
        }
    );
    let whose = if sleepers > 1 && !is_together {
        u64::from(sleeper)
    } else {
        0
    };
    of_what + 1000 * u64::from(again) + 1_000_000 * whose
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
