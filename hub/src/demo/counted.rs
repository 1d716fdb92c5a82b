//! What the units of a demonstration counted in the nights before it: invented, and signed as a
//! unit's eye signs, so that the page of thresholds has something to count.
//!
//! It goes by no picture and by nothing of the story: the same home has the same nights every time.

use jiff::ToSpan as _;
use jiff::civil::Date;

use ed25519_dalek::SigningKey;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::NightCounts;
use nattsyn_protocol::time::Timestamp;

use crate::store::NewCounts;
use crate::tuning::NIGHTS;

/// Where the evidence of a check lay, of twenty: clear in most, doubtful in some, nobody in one.
/// Invented, with what a night's staff would see: one check in seven between the thresholds.
const LEVELS: [u8; 20] = [
    62, 58, 60, 55, 61, 59, 47, 63, 57, 60, 30, 52, 58, 62, 45, 10, 61, 56, 38, 59,
];

/// The counts of a unit with so many checks a night, in the nights before one.
pub(super) fn before(
    (unit, eye): (UnitId, &SigningKey),
    (night, checks): (Date, usize),
    came: Timestamp,
) -> Vec<NewCounts> {
    let offset = unit.to_string().bytes().map(usize::from).sum::<usize>();
    let nights = (1..=NIGHTS).filter_map(|ago| night.checked_sub(ago.days()).ok());
    let counts = nights.zip((0..).step_by(3)).map(|(night, step)| {
        let mut levels = [0_u32; 65];
        for check in 0..checks {
            let at = (offset + step + 7 * check) % LEVELS.len();
            levels[usize::from(LEVELS[at])] += 1;
        }
        let reached = (0..).zip(levels).filter(|(_, count)| *count > 0);
        let counts = NightCounts {
            unit,
            night,
            checks: reached.collect(),
            otherwise: u32::from(step % 5 == 0),
            evidence: None,
        };
        let signed = Signed::seal(&counts, eye);
        NewCounts {
            counts,
            home: None,
            signed,
            came,
        }
    });
    counts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_nights_are_nights_that_a_unit_could_have_counted() {
        let eye = SigningKey::from_bytes(&[3; 32]);
        let unit = "u0000001".parse().unwrap();
        let now = Timestamp::from_ms(1_795_300_000_000).unwrap();
        let night = jiff::civil::date(2026, 11, 21);
        let counts = before((unit, &eye), (night, 3), now);
        assert_eq!(counts.len(), 30);
        for new in &counts {
            assert_eq!(new.counts.examine(), Ok(()));
            let checks: u32 = new.counts.checks.iter().map(|(_, count)| count).sum();
            assert_eq!(checks, 3);
        }
        assert_eq!(counts, before((unit, &eye), (night, 3), now));
    }
}
