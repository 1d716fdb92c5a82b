//! `nattsyn-calibrate` as people run it: what it prints last, and what it says of bad input.

use std::process::{Command, Output};

fn calibrate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nattsyn-calibrate"))
        .args(arguments)
        .output()
        .expect("the program that this was built with")
}

#[test]
fn coverage_ends_with_its_result_and_tells_its_progress_beside() {
    let small = [
        "coverage", "--homes", "4", "--pools", "2", "--checks", "4", "--size", "1000",
    ];
    let output = calibrate(&small);
    let (out, beside) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    let last = out.lines().last().unwrap();
    assert!(
        last.starts_with("promise kept in 100.0% of 4 homes, unclear ")
            && last.contains("% (oracle ")
            && last.ends_with("%)"),
        "{last}"
    );
    assert!(beside.contains("2 of 2 pools"), "{beside}");
}

#[test]
fn a_home_that_is_not_there_and_a_file_that_is_none_are_named() {
    let output = calibrate(&["explain", "h1", "no-such-file.jsonl"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no-such-file.jsonl"), "{said}");
}
