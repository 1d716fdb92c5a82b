//! How the voice writes things down: a line a record, with a checksum before it.
//!
//! A line that was torn by a power cut, or damaged later, is noticed and counted, and costs
//! that record alone: reading goes on at the next line. The checksum finds accidents, not
//! forgers; what must not be forged is signed. This module does no I/O.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of the checksum: 64 bits of SHA-256, so that no torn line passes by
/// chance in the lifetime of a unit.
const SUM_DIGITS: usize = 16;

/// A record as it is written: checksum, space, JSON, end of line.
#[must_use]
pub fn line<R: Serialize>(record: &R) -> Vec<u8> {
    let json = serde_json::to_string(record)
        .expect("a record is plain data, which always has a JSON form");
    format!("{} {json}\n", sum(json.as_bytes())).into_bytes()
}

/// What a file held.
#[derive(Debug, PartialEq, Eq)]
pub struct Records<R> {
    /// The records that are whole, in order.
    pub whole: Vec<R>,
    /// How many lines are not.
    pub damaged: usize,
}

/// Reads a file's bytes.
#[must_use]
pub fn read<R: DeserializeOwned>(bytes: &[u8]) -> Records<R> {
    let mut records = Records {
        whole: Vec::new(),
        damaged: 0,
    };
    for line in bytes.split(|&byte| byte == b'\n') {
        // A writer that failed half-way begins the next record on a new line.
        if line.is_empty() {
            continue;
        }
        match record(line) {
            Some(record) => records.whole.push(record),
            None => records.damaged += 1,
        }
    }
    records
}

fn record<R: DeserializeOwned>(line: &[u8]) -> Option<R> {
    let (written, rest) = line.split_at_checked(SUM_DIGITS)?;
    let json = rest.strip_prefix(b" ")?;
    if written != sum(json).as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn sum(json: &[u8]) -> String {
    let digest = Sha256::digest(json);
    digest
        .iter()
        .take(SUM_DIGITS / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<u8> {
        ["ett", "två\n", "tre"].iter().flat_map(line).collect()
    }

    #[test]
    fn what_was_written_reads_back() {
        let records = read::<String>(&three());
        assert_eq!(records.whole, ["ett", "två\n", "tre"]);
        assert_eq!(records.damaged, 0);
    }

    #[test]
    fn a_cut_anywhere_costs_the_cut_record_alone() {
        let bytes = three();
        for length in 0..bytes.len() {
            let records = read::<String>(bytes.get(..length).unwrap());
            let whole = records.whole.len();
            assert!(records.damaged <= 1, "cut at {length}");
            assert!(
                ["ett", "två\n", "tre"]
                    .starts_with(&records.whole.iter().map(String::as_str).collect::<Vec<_>>())
            );
            assert!(length < bytes.len() - 1 || whole == 3, "cut at {length}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let bytes = three();
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1;
            let records = read::<String>(&damaged);
            assert!(records.damaged >= 1, "flip at {index}");
            assert!(records.whole.len() <= 2, "flip at {index}");
            for text in records.whole {
                assert!(["ett", "två\n", "tre"].contains(&text.as_str()));
            }
        }
    }
}
