//! The proof that the eye is shut in, and the proof of the proof.
//!
//! The program is the real one; it starts the processes that try. What it tries stands in
//! `detector/src/shut_in/prove/attempts.rs`. That the eye itself stands behind the same walls
//! is tried in `shut_in.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

/// What the program says, and whether it calls that a success.
fn prove(arguments: &[&str]) -> (String, Option<i32>) {
    let ran = Command::new(env!("CARGO_BIN_EXE_nattsyn-eye"))
        .arg("--prove")
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr);
    assert!(!said.is_empty(), "{complaint}");
    (said, ran.status.code())
}

/// Refused, succeeded, not available, from the last line.
fn tally(said: &str) -> [u32; 3] {
    let last = said.lines().last().unwrap();
    let words: Vec<&str> = last.split([' ', ',']).filter(|it| !it.is_empty()).collect();
    let [
        "prove:",
        refused,
        "refused",
        succeeded,
        "succeeded",
        absent,
        "not",
        "available",
    ] = words[..]
    else {
        panic!("{last}");
    };
    [refused, succeeded, absent].map(|count| count.parse().unwrap())
}

#[test]
fn everything_that_an_eye_must_not_do_is_refused() {
    let (said, code) = prove(&[]);
    let [refused, succeeded, absent] = tally(&said);
    assert_eq!((succeeded, code), (0, Some(0)), "{said}");
    // A kernel may lack a few things; a proof that tries hardly anything proves nothing.
    assert!(refused >= 70 && absent <= 15, "{said}");
}

#[test]
fn every_wall_is_named_with_whether_it_stands_and_one_that_is_missing_counts() {
    let (said, _) = prove(&["--only", "calls", "--only", "own_user"]);
    let walls: Vec<&str> = said.lines().take_while(|it| !it.is_empty()).collect();
    let stands = |wall: &str, word: &str| {
        let named = walls
            .iter()
            .filter(|it| it.starts_with(&format!("wall {wall}")));
        named.filter(|it| it.ends_with(word)).count() == 1
    };
    assert_eq!(walls.len(), 2, "{said}");
    assert!(stands("calls", "| stands"), "{said}");
    let missing = u32::from(stands("own_user", "| MISSING"));
    assert!(missing == 1 || stands("own_user", "| stands"), "{said}");
    let absent = said.lines().filter(|it| it.ends_with("not available"));
    let rows = absent.filter(|it| !it.starts_with("prove:")).count();
    assert_eq!(tally(&said)[2], u32::try_from(rows).unwrap() + missing);
}

#[test]
fn the_list_of_calls_is_enough_on_a_kernel_that_has_nothing_else() {
    let (said, code) = prove(&["--only", "calls"]);
    let [refused, succeeded, _] = tally(&said);
    assert_eq!((succeeded, code), (0, Some(0)), "{said}");
    assert!(refused >= 70, "{said}");
}

#[test]
fn a_voice_that_is_broken_into_can_attack_neither_eye_nor_machine() {
    let (said, _) = prove(&["--only", "landlock"]);
    if tally(&said)[0] == 0 {
        println!("SKIPPED: without Landlock only rights of files keep a voice from devices");
        return;
    }
    let (said, code) = prove(&["--voice"]);
    let [refused, succeeded, _] = tally(&said);
    assert_eq!((succeeded, code), (0, Some(0)), "{said}");
    assert!(refused >= 55, "{said}");
}

#[test]
fn one_leak_in_the_list_is_found() {
    let (said, code) = prove(&["--only", "calls", "--prove-leak", "memfd_create"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(tally(&said)[1], 1, "{said}");
    let row = said
        .lines()
        .find(|line| line.starts_with("make a file in memory"));
    assert!(row.unwrap().ends_with("SUCCEEDED"), "{said}");
}

#[test]
fn a_proof_without_the_list_is_red() {
    let (said, code) = prove(&["--only", "privileges"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(tally(&said)[1] > 20, "{said}");
}

#[test]
fn a_wall_that_there_is_not_is_named_with_those_that_there_are() {
    let ran = Command::new(env!("CARGO_BIN_EXE_nattsyn-eye"))
        .args(["--prove", "--only", "moat"])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr);
    assert!(complaint.contains("landlock"), "{complaint}");
    assert!(!ran.status.success());
}
