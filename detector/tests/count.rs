//! `nattsyn-count` from outside: over replayed pictures, killed, continued, and refused.
//!
//! What the counts say of a bed is no test's business; that they are counts, and all of them, is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use image::{GrayImage, Luma};
use nattsyn_detector::count::book::Book;
use rustix::process::{Pid, Signal, kill_process};

/// Every second picture is of hard edges, every other black.
fn pictures(folder: &Path) {
    let room = GrayImage::from_fn(320, 240, |x, y| {
        Luma([if (x / 40 + y / 40) % 2 == 0 { 40 } else { 160 }])
    });
    room.save(folder.join("a.png")).unwrap();
    let black = GrayImage::from_pixel(320, 240, Luma([0]));
    black.save(folder.join("b.png")).unwrap();
}

/// The program over those pictures, with short looks.
fn counting(folder: &Path, every_s: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nattsyn-count"));
    command
        .arg(folder.join("counts.csv"))
        .arg("--pictures")
        .arg(folder.join("pictures"))
        .args(["--every-s", every_s, "--frames", "3"])
        .args(["--over-ms", "0", "--settle-ms", "0"])
        .args(more)
        .stdin(Stdio::null());
    command
}

fn staged() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pictures")).unwrap();
    pictures(&folder.path().join("pictures"));
    folder
}

fn looks(folder: &Path) -> u64 {
    let text = fs::read_to_string(folder.join("counts.csv")).unwrap();
    Book::read(&text).unwrap();
    let counts = text.lines().skip(1).map(|line| line.rsplit(',').next());
    counts
        .map(|count| count.unwrap().parse::<u64>().unwrap())
        .sum()
}

#[test]
fn every_look_is_counted_and_nothing_else_is_kept() {
    let folder = staged();
    let output = counting(folder.path(), "0", &["--looks", "4"])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert_eq!(looks(folder.path()), 4);
    let text = fs::read_to_string(folder.path().join("counts.csv")).unwrap();
    assert!(text.contains(",technical(dark),2\n"), "{text}");
    let mut kept: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    kept.sort();
    assert_eq!(kept, ["counts.csv", "pictures"]);
}

#[test]
fn counts_survive_being_killed_and_go_on_afterwards() {
    let folder = staged();
    let mut child = counting(folder.path(), "0", &[])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().take(3);
    assert_eq!(told.count(), 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = looks(folder.path());
    assert!(before >= 3, "{before} looks after three were told");
    let more = counting(folder.path(), "0", &["--looks", "2"])
        .output()
        .unwrap();
    assert!(more.status.success());
    assert_eq!(looks(folder.path()), before + 2);
}

#[test]
fn being_asked_to_end_between_two_looks_is_no_failure() {
    let folder = staged();
    let mut child = counting(folder.path(), "3600", &[])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    told.next().unwrap().unwrap();
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(
        told.next()
            .unwrap()
            .unwrap()
            .starts_with("in all: nights 1, looks 1: ")
    );
}

#[test]
fn somebody_elses_file_is_left_as_it_is() {
    let folder = staged();
    let file = folder.path().join("counts.csv");
    fs::write(&file, "name,score\nanna,0.3\n").unwrap();
    let output = counting(folder.path(), "0", &["--looks", "1"])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        error.contains("counts.csv is no table of counts"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "name,score\nanna,0.3\n");
}
