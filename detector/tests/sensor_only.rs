//! What is not linked into a sensor-only eye: a picture encoder, and what seals a frame.
//!
//! The eye is built as it is for a unit of sensors alone and its symbols are read, those of the
//! libraries too. The same reading finds both in the eye with live view, and in an eye that
//! leaks on purpose, so it is not blind. It says nothing about code that carries another name.
//!
//! What is read is built as this test is, in debug and with its symbols. The package that ships
//! is built from the same features in release; `make pi` reads its eye in the same way before the
//! names are taken out. That it is made from this source is for whoever builds it to say.
//!
//! Builds this package twice more, a minute on two cores: nothing but the linked program shows
//! what is in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object as _, ObjectSymbol as _};

/// Parts of names by which something is known that can make a picture or a sealed frame, and
/// what it is. ring's own AES-GCM, which rustls would use too, is in no eye without live view.
const TELLING: [(&str, &str); 5] = [
    ("codecs4jpeg7encoder", "a JPEG encoder"),
    ("codecs3png", "a PNG encoder"),
    ("nattsyn_detector4live", "live view"),
    ("gcm_ghash", "AES-GCM"),
    ("aes_gcm", "AES-GCM"),
];

/// What of [`TELLING`] is in a program.
fn found(program: &Path) -> BTreeSet<&'static str> {
    let bytes = std::fs::read(program).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let names: Vec<&str> = file.symbols().filter_map(|it| it.name().ok()).collect();
    assert!(names.len() > 1_000, "{} has no symbols", program.display());
    // It is an eye: its own code can be seen.
    assert!(
        names
            .iter()
            .any(|name| name.contains("nattsyn_detector3eye"))
    );
    let telling = TELLING.iter().filter(|(part, _)| {
        let is_writing = |name: &&str| !part.contains("png") || name.contains("ncoder");
        names
            .iter()
            .any(|name| name.contains(part) && is_writing(name))
    });
    telling.map(|(_, what)| *what).collect()
}

/// Builds a target of this package without its default features, beside the build that this
/// test belongs to: what that has compiled is used again, its programs stay as they are.
fn sensor_only(arguments: &[&str], built: &str) -> PathBuf {
    let eye = Path::new(env!("CARGO_BIN_EXE_nattsyn-eye"));
    let profile = eye.parent().unwrap();
    let shared = profile.parent().unwrap();
    let own = shared.join("sensor-only");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--offline", "--no-default-features"])
        .args(["--package", "nattsyn-detector"])
        .args(arguments)
        .env("CARGO_TARGET_DIR", &own)
        .env("CARGO_BUILD_BUILD_DIR", shared);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
    own.join(profile.file_name().unwrap()).join(built)
}

#[test]
fn a_sensor_only_eye_has_nothing_that_could_make_or_seal_a_picture() {
    let eye = sensor_only(&["--bin", "nattsyn-eye"], "nattsyn-eye");
    assert_eq!(found(&eye), BTreeSet::new());
}

#[test]
fn the_same_reading_finds_both_where_they_are() {
    let both = BTreeSet::from(["a JPEG encoder", "live view", "AES-GCM"]);
    assert_eq!(found(Path::new(env!("CARGO_BIN_EXE_nattsyn-eye"))), both);
    let leaky = sensor_only(&["--example", "leaky_eye"], "examples/leaky_eye");
    assert_eq!(found(&leaky), BTreeSet::from(["a JPEG encoder", "AES-GCM"]));
}

#[test]
fn what_ships_is_read_for_the_same_names() {
    let build = include_str!("../debian/build");
    let line = build.lines().find(|line| line.starts_with("telling="));
    let line = line.unwrap();
    for (part, what) in TELLING {
        assert!(line.contains(part), "{what}: {part}");
    }
}
