//! What becomes of looks if the network is shown fewer of their frames.
//!
//! The network is what a look costs. Here every look is made once, ten exposures of one
//! generated room, and concluded several ways at the shipped thresholds by the eye's own
//! presence. Whether a frame is fit, frozen or noise is asked of all ten. Noise, and in
//! one row the pose, are all that changes within a look: breathing, rolling shutters and a real
//! sensor's fixed pattern do not. So this says what noise does to a look, and nothing of how often
//! the model is right in homes.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Context as _;
use nattsyn_detector::score::looks::conclude;
use nattsyn_models::{Frame, Model, SleepingPlace};
use nattsyn_protocol::finding::Finding;
use nattsyn_scenes::{Lens, Occupant, Room, Sensor};

/// Rooms looked at, from the seeds that are kept for measuring (`models/evaluation/rooms.py`).
const ROOMS: std::ops::Range<u64> = 9_500_000..9_500_060;

/// Frames of a look.
const FRAMES: usize = 10;

/// A way to conclude a look, by its name: of how many frames the network is shown one.
const WAYS: [(&str, usize); 4] = [
    ("all ten", 1),
    ("every second", 2),
    ("every third", 3),
    ("every fourth", 4),
];

/// What is staged.
#[derive(Clone, Copy)]
enum Staged {
    /// Somebody, or nobody in a bed made or not.
    Room(Occupant),
    /// The bed as its sleeper has left it.
    Left,
}

/// What is staged, by its name, and the pose in the first and in the second half of a look.
const STAGED: [(&str, Staged, [u64; 2]); 5] = [
    ("asleep", Staged::Room(Occupant::InBed), [1, 1]),
    (
        "asleep, other pose half-way",
        Staged::Room(Occupant::InBed),
        [1, 2],
    ),
    ("nobody", Staged::Room(Occupant::Nobody), [1, 1]),
    ("nobody, just left", Staged::Left, [1, 1]),
    ("on the floor", Staged::Room(Occupant::OnFloor), [1, 1]),
];

fn main() -> anyhow::Result<()> {
    let model = Model::load()?;
    let mut text = String::from(
        "\n| staged | looks | judged | visible | unclear | not visible | \
                                 technical | other than with all ten |\n\
                                 |---|---|---|---|---|---|---|---|\n",
    );
    for (name, staged, poses) in STAGED {
        let mut found = vec![Vec::new(); WAYS.len()];
        for seed in ROOMS {
            let (exposures, place) = exposures(seed, staged, poses)?;
            for ((_, every), findings) in WAYS.iter().zip(&mut found) {
                findings.push(conclude(
                    &model,
                    &exposures,
                    std::slice::from_ref(&place),
                    *every,
                )?);
            }
        }
        for ((way, _), findings) in WAYS.iter().zip(&found) {
            let changed = findings.iter().zip(&found[0]).filter(|(a, b)| a != b);
            writeln!(
                text,
                "| {name} | {} | {way} | {} | {} |",
                findings.len(),
                shares(findings),
                changed.count()
            )?;
        }
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Ten exposures of a room, and its bed.
fn exposures(
    seed: u64,
    staged: Staged,
    poses: [u64; 2],
) -> anyhow::Result<(Vec<Frame>, SleepingPlace)> {
    let room = Room::from_seed(seed);
    let sensor = Sensor::from_seed(seed);
    let halves = poses.map(|pose| match staged {
        Staged::Room(occupant) => room.render(occupant, pose, Lens::Clear).radiance,
        Staged::Left => room.render_left(pose, Lens::Clear).radiance,
    });
    let exposures = (0..FRAMES).map(|number| {
        let half = &halves[number * halves.len() / FRAMES];
        Frame::from_luma8(320, 240, sensor.expose(half, number as u64 + 1).luma)
    });
    let place = SleepingPlace::new(room.sleeping_place()).context("a generated bed")?;
    Ok((exposures.collect::<Result<_, _>>()?, place))
}

/// How many ended in each kind of finding, as cells.
fn shares(findings: &[Finding]) -> String {
    let mut counts = [0; 4];
    for finding in findings {
        match finding {
            Finding::Visible => counts[0] += 1,
            Finding::Unclear(_) => counts[1] += 1,
            Finding::NotVisible => counts[2] += 1,
            Finding::Technical(_) | Finding::Paused => counts[3] += 1,
        }
    }
    counts.map(|count| count.to_string()).join(" | ")
}
