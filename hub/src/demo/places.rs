//! Where the beds stand in the generated rooms: what a technician draws when a unit is hung.
//!
//! The hub does not know how rooms are generated. It asks the program that does, as it would
//! ask a person: `nattsyn-scenes --place SEED`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a sleeping place is not known.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The program cannot be run.
    #[error("asking {} where a room's bed stands", path.display())]
    Program {
        /// Which program.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It answers with something else than a polygon.
    #[error("{} answers {answer:?}, which is no polygon `x y x y ...`", path.display())]
    Answer {
        /// Which program.
        path: PathBuf,
        /// Its answer.
        answer: String,
    },
}

/// The sleeping place of the room drawn from `seed`, in fractions of the picture.
///
/// # Errors
///
/// The program in `programs` cannot be run or does not answer with a polygon.
pub fn of_room(programs: &Path, seed: u64) -> Result<Vec<[f32; 2]>, PlaceError> {
    let path = programs.join("nattsyn-scenes");
    let output = Command::new(&path)
        .args(["--place", &seed.to_string()])
        .output();
    let output = output.map_err(|source| PlaceError::Program {
        path: path.clone(),
        source,
    })?;
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    polygon(&answer).ok_or(PlaceError::Answer { path, answer })
}

/// Reads `x y x y ...`.
fn polygon(text: &str) -> Option<Vec<[f32; 2]>> {
    let numbers: Option<Vec<f32>> = text
        .split_whitespace()
        .map(|part| part.parse().ok())
        .collect();
    let numbers = numbers?;
    let points: Vec<[f32; 2]> = numbers
        .chunks_exact(2)
        .map(|pair| [pair[0], pair[1]])
        .collect();
    (points.len() >= 3 && points.len() * 2 == numbers.len()).then_some(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_polygon_is_taken() {
        assert_eq!(
            polygon("0 0 1 0 0.5 1"),
            Some(vec![[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]])
        );
        for text in ["", "0 0 1 0", "0 0 1 0 0.5", "a b c d e f"] {
            assert_eq!(polygon(text), None, "{text:?}");
        }
    }
}
