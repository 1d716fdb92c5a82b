//! That the running eye is shut in, and that nothing of a picture is left in it after a look.
//!
//! The memory of the process is searched for a picture of random black and white, as bytes and
//! as the numbers that the network is shown, wherever it lies. While a look is made the same
//! search finds it: that is what shows that it would. What no longer looks like the picture (the
//! network's inner maps) is not recognised by it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::{CLEAR, FromEye, PATIENCE, ToEye, Unit, signed};
use nattsyn_clock::Clock;
use nattsyn_protocol::demonstration;

/// The network's own input, so that the picture is not reduced before it is shown to it.
const SIDE: (u32, u32) = (320, 240);

/// Neighbouring pixels that must be as in the picture: by chance once in 2⁶⁴ places.
const ROW: usize = 64;

fn field(eye: &std::process::Child, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", eye.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line[name.len()..].trim().to_owned()
}

#[test]
fn the_running_eye_stands_behind_the_walls_that_are_proved() {
    let unit = Unit::start(CLEAR);
    assert_eq!(field(&unit.eye, "NoNewPrivs:"), "1");
    for rights in ["CapEff:", "CapPrm:", "CapInh:", "CapAmb:"] {
        assert_eq!(field(&unit.eye, rights), "0".repeat(16), "{rights}");
    }
    let threads = Path::new("/proc")
        .join(unit.eye.id().to_string())
        .join("task");
    let mut filtered = 0;
    for thread in std::fs::read_dir(threads).unwrap() {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        assert!(status.contains("Seccomp:\t2"), "{status}");
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        filtered += 1;
    }
    // Its own, and those for pair, signals, clock and camera.
    assert_eq!(filtered, 5);
    let namespace = |who: &str| std::fs::read_link(format!("/proc/{who}/ns/net")).unwrap();
    if may_make_namespaces() {
        assert_ne!(namespace(&unit.eye.id().to_string()), namespace("self"));
    } else {
        println!("SKIPPED in part: whether there is a network of its own");
    }
}

/// Whether this test has the right that systems always let make a network namespace; where only
/// some ordinary users may, the eye tries for itself.
fn may_make_namespaces() -> bool {
    /// Bit of `CAP_SYS_ADMIN`.
    const ADMIN: u64 = 1 << 21;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let rights = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let rights = u64::from_str_radix(rights.unwrap().trim(), 16).unwrap();
    rights & ADMIN != 0
}

/// Random black and white, and its pixels as bits.
fn picture(folder: &Path) -> Vec<bool> {
    let mut state = 0x1234_5678_9abc_def0_u64;
    let mut next = || {
        // Xorshift (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state & 1 == 1
    };
    let bits: Vec<bool> = (0..SIDE.0 * SIDE.1).map(|_| next()).collect();
    let pixels = bits.iter().map(|bit| if *bit { 215 } else { 40 }).collect();
    let picture = image::GrayImage::from_raw(SIDE.0, SIDE.1, pixels).unwrap();
    picture.save(folder.join("noise.png")).unwrap();
    bits
}

/// What is searched for: 64 neighbouring pixels of every line of the picture, and a table of
/// their last 16, by which nearly all of memory is passed over quickly.
struct Needles {
    rows: BTreeSet<u64>,
    ends: Vec<bool>,
}

impl Needles {
    fn of(bits: &[bool]) -> Self {
        let lines = bits.chunks_exact(SIDE.0 as usize);
        let row = |line: &[bool]| {
            let pixels = &line[100..100 + ROW];
            pixels
                .iter()
                .fold(0, |row, bit| (row << 1) | u64::from(*bit))
        };
        let rows: BTreeSet<u64> = lines.map(row).collect();
        let mut ends = vec![false; 1 << 16];
        rows.iter()
            .for_each(|row| ends[(row & 0xffff) as usize] = true);
        Self { rows, ends }
    }

    fn has(&self, row: u64) -> bool {
        self.ends[(row & 0xffff) as usize] && self.rows.contains(&row)
    }

    /// How many rows stand in memory: as bytes, and as numbers above or below a middle.
    fn count(&self, memory: &[u8]) -> usize {
        let mut found = 0;
        let mut row = 0_u64;
        for byte in memory {
            row = (row << 1) | u64::from(*byte > 127);
            found += usize::from(self.has(row));
        }
        for middle in [0.0, 0.5] {
            let mut row = 0_u64;
            for number in memory.chunks_exact(4) {
                let number = f32::from_ne_bytes([number[0], number[1], number[2], number[3]]);
                row = (row << 1) | u64::from(number > middle);
                found += usize::from(self.has(row));
            }
        }
        found
    }
}

/// Searches everything that the process may read and write. `None`: this test may not read it.
fn search(process: u32, needles: &Needles) -> Option<usize> {
    let memory = File::open(format!("/proc/{process}/mem")).ok()?;
    let maps = BufReader::new(File::open(format!("/proc/{process}/maps")).ok()?);
    let mut found = 0;
    for line in maps.lines() {
        let line = line.ok()?;
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next()?, words.next()?);
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-')?;
        let (from, to) = (
            u64::from_str_radix(from, 16).ok()?,
            u64::from_str_radix(to, 16).ok()?,
        );
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        // What was given back meanwhile cannot be read.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            found += needles.count(&bytes);
        }
    }
    Some(found)
}

/// Looks in which the picture is searched for until it is found.
const LOOKS_MAX: u8 = 5;

/// Has the unit look, and returns how many rows of the picture were found at once meanwhile.
fn most_found_during(unit: &mut Unit, look: u8, needles: &Needles) -> usize {
    let check = "r0000001.20261121.1".parse().unwrap();
    unit.say(&ToEye::Look { check, look });
    let clock = Clock::machine();
    let began = clock.real_now();
    let mut found = 0;
    while clock.real_now() - began < PATIENCE {
        found = found.max(search(unit.eye.id(), needles).unwrap());
        let mut said = unit.said.try_iter();
        if said.any(|said| matches!(said, FromEye::Report(_))) {
            return found;
        }
    }
    panic!("look {look} is not reported");
}

#[test]
fn after_a_look_nothing_of_the_picture_is_in_the_eyes_memory() {
    let folder = tempfile::tempdir().unwrap();
    let needles = Needles::of(&picture(folder.path()));
    let mut unit = Unit::start_before(folder, r#"{"picture": {"path": "noise.png"}}"#);
    if search(unit.eye.id(), &needles).is_none() {
        println!("SKIPPED: only root may read the memory of an eye");
        return;
    }
    unit.hand_over(signed(&demonstration::root_key()));
    // A frame is there for a moment: on a busy machine a search may come between two of them.
    let during = (1..=LOOKS_MAX).find_map(|look| {
        let found = most_found_during(&mut unit, look, &needles);
        (found > 0).then_some(found)
    });
    let during = during.expect("the search finds the picture while there is one");
    // The camera is closed right after the report, which takes no time worth mentioning.
    let (_never, pause) = sync_channel::<()>(0);
    pause.recv_timeout(Duration::from_millis(300)).ok();
    let after = search(unit.eye.id(), &needles).unwrap();
    assert_eq!(after, 0, "rows of the picture; {during} during the look");
}
