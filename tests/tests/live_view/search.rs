//! Looks for pictures where none may be: in a process's memory and in what passed a socket.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::standin::Picture;

/// How long a needle is: of random bytes none so long occurs twice.
const NEEDLE: usize = 24;

/// What a search found.
pub(crate) struct Search {
    pub(crate) found: usize,
    pub(crate) searched: usize,
}

/// A stretch of every picture as JPEG, and one of its pixels: whoever has a picture has these.
pub(crate) fn needles(pictures: &[Picture]) -> Vec<Vec<u8>> {
    let mut needles = Vec::new();
    for picture in pictures {
        let middle = picture.jpeg.len() / 2;
        needles.push(picture.jpeg[middle..middle + NEEDLE].to_vec());
        let row = picture.width * (picture.height / 2) + picture.width / 3;
        needles.push(picture.luma[row..row + NEEDLE].to_vec());
    }
    assert!(!needles.is_empty(), "nothing to look for");
    needles
}

/// How often any needle occurs in some bytes.
pub(crate) fn count(bytes: &[u8], needles: &[Vec<u8>]) -> usize {
    // By the first two bytes of each, so that a hundred needles cost one pass.
    let mut by_start: Vec<Vec<&[u8]>> = vec![Vec::new(); 1 << 16];
    for needle in needles {
        by_start[usize::from(needle[0]) << 8 | usize::from(needle[1])].push(needle);
    }
    let mut found = 0;
    for at in 0..bytes.len().saturating_sub(1) {
        let start = usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1]);
        let here = by_start[start].iter();
        found += here
            .filter(|needle| bytes[at..].starts_with(needle))
            .count();
    }
    found
}

/// How often any needle occurs in what a process has in memory and may write: heap, stacks,
/// buffers.
pub(crate) fn memory(process: u32, needles: &[Vec<u8>]) -> Search {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut search = Search {
        found: 0,
        searched: 0,
    };
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, mode) = (words.next().unwrap(), words.next().unwrap());
        if !mode.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let from = u64::from_str_radix(from, 16).unwrap();
        let to = u64::from_str_radix(to, 16).unwrap();
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        memory.seek(SeekFrom::Start(from)).unwrap();
        // Some of it is only reserved, or gone since.
        if memory.read_exact(&mut bytes).is_ok() {
            search.found += count(&bytes, needles);
            search.searched += bytes.len();
        }
    }
    search
}
