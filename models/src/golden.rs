//! Golden frames: generated pictures with what Python and onnxruntime say of them.
//!
//! Holds the Rust preprocessing, tract and the reading by place to the numbers that training and
//! threshold choice worked with. `training/golden.py` writes them; no real picture is among them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::reduce::{reduce, stretch};
use crate::{Frame, Health, INPUT_WIDTH, Model, SleepingPlace};

/// How far the input may differ: rounding of sums in another order, in units of the stretch.
const INPUT_TOLERANCE: f32 = 1e-4;

/// How far a score may differ: measured below 1e-4 between tract and onnxruntime.
const SCORE_TOLERANCE: f32 = 1e-3;

#[derive(Deserialize)]
struct Expected {
    frame: String,
    places: String,
    health: String,
    in_place: f32,
    elsewhere: f32,
    anywhere: f32,
    several: f32,
    map_maximum: f32,
    input: Vec<(usize, usize, f32)>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn all() -> Vec<Expected> {
    let text = std::fs::read(folder().join("expected.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Reads a binary PGM as OpenCV writes it: three header lines, then the pixels.
fn frame(name: &str) -> Frame {
    let bytes = std::fs::read(folder().join(name)).unwrap();
    let mut parts = bytes.splitn(4, |byte| *byte == b'\n');
    let line = |part: Option<&[u8]>| String::from_utf8(part.unwrap().to_vec()).unwrap();
    assert_eq!(line(parts.next()), "P5");
    let sides = line(parts.next());
    let (width, height) = sides.split_once(' ').unwrap();
    assert_eq!(line(parts.next()), "255");
    let pixels = parts.next().unwrap().to_vec();
    Frame::from_luma8(width.parse().unwrap(), height.parse().unwrap(), pixels).unwrap()
}

fn places(text: &str) -> Vec<SleepingPlace> {
    let numbers: Vec<f32> = text
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    if numbers.is_empty() {
        return vec![SleepingPlace::whole_frame()];
    }
    let corners = numbers
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    vec![SleepingPlace::new(corners).unwrap()]
}

#[test]
fn the_input_is_what_training_made_of_the_same_frame() {
    for expected in all() {
        let input = stretch(&reduce(&frame(&expected.frame)));
        for (row, column, wanted) in expected.input {
            let value = input[row * INPUT_WIDTH + column];
            let name = &expected.frame;
            assert!(
                (value - wanted).abs() < INPUT_TOLERANCE,
                "{name}: {value} for {wanted}"
            );
        }
    }
}

#[test]
fn the_scores_are_what_the_thresholds_were_chosen_for() {
    let model = Model::load().unwrap();
    for expected in all() {
        let seen = model
            .sight(&frame(&expected.frame), &places(&expected.places))
            .unwrap();
        let strongest = seen.map.iter().copied().fold(0.0, f32::max);
        for (value, wanted) in [
            (seen.in_place, expected.in_place),
            (seen.elsewhere, expected.elsewhere),
            (seen.anywhere, expected.anywhere),
            (seen.several, expected.several),
            (strongest, expected.map_maximum),
        ] {
            let name = &expected.frame;
            assert!(
                (value - wanted).abs() < SCORE_TOLERANCE,
                "{name}: {value} for {wanted}"
            );
        }
        let health = match seen.health {
            Health::Ok => "ok",
            Health::Dark => "dark",
            Health::Covered => "covered",
            Health::Blurred => "blurred",
            Health::Saturated => "saturated",
        };
        assert_eq!(health, expected.health, "{}", expected.frame);
    }
}
