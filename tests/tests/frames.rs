//! Real near-infrared frames through the product's own programs.
//!
//! `NATTSYN_DATA` names the folder with `frames.csv` and the pictures, which are no part of the
//! project. Without it these tests say that they were skipped; set to what is not there, they
//! fail. How well the model sees is no test's business: it is measured in `models/README.md`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nattsyn_tests::programs::program;

/// Frames of one adult asleep in a dark room, under infrared light.
const SLEEPER: &str = "frames/EventSleep";

/// The folder of real frames; `None`, loudly, if there is none.
fn data(test: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("NATTSYN_DATA").map(PathBuf::from) else {
        // Past the test's capture, so that it is seen in every run.
        writeln!(
            std::io::stderr(),
            "SKIPPED {test}: NATTSYN_DATA names no folder"
        )
        .ok();
        return None;
    };
    let frames = folder.join(SLEEPER);
    assert!(
        frames.is_dir(),
        "NATTSYN_DATA is set, and {} is no folder",
        frames.display()
    );
    Some(folder)
}

#[test]
fn a_night_over_real_frames_accounts_for_every_check() {
    let Some(data) = data("a_night_over_real_frames_accounts_for_every_check") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program("nattsyn-hub"))
        .args([
            "demo",
            "--once",
            "--homes",
            "3",
            "--listen",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(folder.path())
        .arg("--frames")
        .arg(data.join(SLEEPER))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap_or_default();
    println!("{last}");
    // Somebody lies in every one of these pictures, so nothing can be wrong.
    assert!(last.starts_with("night: 6 checks, "), "{text}");
    assert!(last.ends_with("0 unaccounted, 0 wrong"), "{text}");
    assert!(
        !text.contains("technical("),
        "a dark but usable picture is no fault\n{text}"
    );
    assert!(output.status.success());
}

#[test]
fn a_dark_room_under_infrared_light_is_fit_to_judge_by() {
    let Some(data) = data("a_dark_room_under_infrared_light_is_fit_to_judge_by") else {
        return;
    };
    let output = Command::new(program("nattsyn-score"))
        .arg(data.join(SLEEPER))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert!(rows.len() > 50, "only {} frames were scored", rows.len());
    let unfit: Vec<&&str> = rows
        .iter()
        .filter(|row| row.contains("technical("))
        .collect();
    assert!(unfit.is_empty(), "{unfit:#?}");
}
