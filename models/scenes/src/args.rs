//! The command line: what was asked for, or what is wrong with it.
//!
//! Deliberately by hand: a few options do not carry a library into the model's training machine.

use std::path::PathBuf;

use nattsyn_scenes::Occupant;

pub(crate) const USAGE: &str = "\
Writes labelled pictures of generated near-infrared bedrooms.

usage: nattsyn-scenes --count N --out DIR [--seed S] [--only WHO] [--sheet]
                      [--frames K]
       nattsyn-scenes --place ROOM

  --count N   how many pictures, at least 1; seven in a row show one room (a group)
  --out DIR   where to; made if missing: frames/, masks/, labels.csv
  --seed S    a whole number that draws the rooms; default 1
  --only WHO  a room a picture and only this in it, for what the groups show seldom: `two`,
              `on_floor`, `standing` or `sitting_on_edge`
  --frames K  K frames of every picture, as one look takes them: other noise, and in one look of
              four whoever is there has moved before the last; default 1
  --sheet     also DIR/sheet.pgm, the first 56 pictures, one group a line
  --place ROOM   write no picture; say where the bed stands in a room, as `x y x y ...` in
              fractions of the picture";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Help,
    /// Where the bed stands in the room of this seed.
    Place(u64),
    Pictures(Order),
}

/// An order for pictures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) count: u64,
    pub(crate) seed: u64,
    /// Who every picture shows; without, groups of all kinds.
    pub(crate) only: Option<Occupant>,
    /// Frames a picture, at least 1.
    pub(crate) frames: u64,
    pub(crate) out: PathBuf,
    pub(crate) sheet: Sheet,
}

/// Whether a contact sheet is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sheet {
    Wanted,
    Unwanted,
}

/// Why a command line cannot be followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgsError {
    #[error("unknown argument {0:?}; --help lists them")]
    Unknown(String),
    #[error("{0} needs a value")]
    NoValue(&'static str),
    #[error("{option} needs a whole number, not {value:?}")]
    NotANumber { option: &'static str, value: String },
    #[error("--only needs two, on_floor, standing or sitting_on_edge, not {0:?}")]
    NotAnOccupant(String),
    #[error("--count must be at least 1")]
    NoPictures,
    #[error("--frames must be at least 1")]
    NoFrames,
    #[error("{0} is missing; --help shows how to call")]
    Missing(&'static str),
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Asked, ArgsError> {
    let (mut count, mut seed, mut only, mut frames) = (None, 1, None, 1);
    let (mut out, mut sheet) = (None, Sheet::Unwanted);
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--place" => return Ok(Asked::Place(number("--place", args.next())?)),
            "--count" => count = Some(number("--count", args.next())?),
            "--seed" => seed = number("--seed", args.next())?,
            "--only" => only = Some(occupant(args.next())?),
            "--frames" => frames = number("--frames", args.next())?,
            "--out" => out = Some(args.next().ok_or(ArgsError::NoValue("--out"))?),
            "--sheet" => sheet = Sheet::Wanted,
            _ => return Err(ArgsError::Unknown(arg)),
        }
    }
    let count = count.ok_or(ArgsError::Missing("--count"))?;
    if count == 0 {
        return Err(ArgsError::NoPictures);
    }
    if frames == 0 {
        return Err(ArgsError::NoFrames);
    }
    let out = PathBuf::from(out.ok_or(ArgsError::Missing("--out"))?);
    Ok(Asked::Pictures(Order {
        count,
        seed,
        only,
        frames,
        out,
        sheet,
    }))
}

fn number(option: &'static str, value: Option<String>) -> Result<u64, ArgsError> {
    let value = value.ok_or(ArgsError::NoValue(option))?;
    value
        .parse()
        .map_err(|_not_a_number| ArgsError::NotANumber { option, value })
}

fn occupant(name: Option<String>) -> Result<Occupant, ArgsError> {
    let name = name.ok_or(ArgsError::NoValue("--only"))?;
    match name.as_str() {
        "two" => Ok(Occupant::Two),
        "on_floor" => Ok(Occupant::OnFloor),
        "standing" => Ok(Occupant::Standing),
        "sitting_on_edge" => Ok(Occupant::SittingOnEdge),
        _ => Err(ArgsError::NotAnOccupant(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, ArgsError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_bad_argument_is_named_in_the_error() {
        let told = |line: &str| parsed(line).unwrap_err().to_string();
        assert_eq!(
            told("--count 3 --out x --only cats"),
            "--only needs two, on_floor, standing or sitting_on_edge, not \"cats\""
        );
        assert_eq!(
            told("--count ten --out x"),
            "--count needs a whole number, not \"ten\""
        );
        assert_eq!(
            told("--count 3"),
            "--out is missing; --help shows how to call"
        );
        assert_eq!(told("--count 0 --out x"), "--count must be at least 1");
        assert_eq!(
            told("--count 1 --frames 0 --out x"),
            "--frames must be at least 1"
        );
        assert_eq!(
            told("--cuont 3"),
            "unknown argument \"--cuont\"; --help lists them"
        );
        assert_eq!(told("--out x --seed"), "--seed needs a value");
    }
}
