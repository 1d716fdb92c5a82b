//! Writes labelled pictures of generated bedrooms, for training and for looking at.
//!
//! `nattsyn-scenes --count N --seed S --out DIR [--sheet]` writes `DIR/frames/NNNNNN.pgm` (what the
//! camera gives), `DIR/masks/NNNNNN.pgm` (255 a person shows, 128 bedding over a person, 0 neither)
//! and `DIR/labels.csv`; `--place ROOM` only says where a room's bed stands. Files are binary PGM
//! because any tool reads it and none is needed here.
//!
//! Seven pictures in a row show one room, a *group* with the same `room`: `kind` says what each is
//! (`empty`, `in_bed`, `left`, `uncovered`, `heap`, `elsewhere`, `reference`) and `twin_of` names
//! the file it is to be compared with. `bulge_mm` is how far the covers lie from where they would
//! with nobody, averaged over the picture; `bed_share` is the sleeping place's share of it.
//!
//! `--only two` gives each picture a room of its own and two people in it instead, or another of
//! the cases that groups show seldom; there `twin_of` is empty.
//!
//! Deliberately one thread: run it several times with different seeds to use more cores.

mod args;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = args::parse(std::env::args().skip(1))
        .map_err(Into::into)
        .and_then(|asked| match asked {
            args::Asked::Help => {
                writeln!(std::io::stdout(), "{}", args::USAGE).map_err(write::WriteError::from)
            }
            args::Asked::Place(seed) => {
                let place = write::place(&nattsyn_scenes::Room::from_seed(seed));
                writeln!(std::io::stdout(), "{place}").map_err(write::WriteError::from)
            }
            args::Asked::Pictures(order) => write::run(&order),
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            // Nobody is left to tell if standard error itself is closed.
            drop(writeln!(
                std::io::stderr(),
                "nattsyn-scenes: {error}{}",
                cause.unwrap_or_default()
            ));
            ExitCode::FAILURE
        }
    }
}
