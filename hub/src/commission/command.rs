//! `nattsyn-hub commission list`: which units count, and until when those on paper do; also while
//! the hub runs.
//!
//! Commissioning itself is for somebody who stands by the unit, so it is done on the page alone.

use std::fmt::Write as _;
use std::path::Path;

use clap::Subcommand;
use jiff::tz::TimeZone;

use nattsyn_protocol::time::Timestamp;

use super::clerk::{Listed, list};
use super::gate::{Shut, UnitGate};
use crate::store::StoreError;

/// What is to be shown of commissioning.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum CommissionCommand {
    /// Every unit: commissioned, on paper until when, or not.
    List,
}

/// Runs a command over a ledger; returns what to say.
///
/// # Errors
///
/// The ledger cannot be read.
pub fn run(
    (ledger, zone): (&Path, &str),
    now: Timestamp,
    command: CommissionCommand,
) -> Result<String, StoreError> {
    match command {
        CommissionCommand::List => {
            let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
            let mut text = String::new();
            for listed in list(ledger, now)? {
                writeln!(text, "{}", line(&listed, &zone)).expect("a String takes any text");
            }
            Ok(text)
        }
    }
}

fn line(listed: &Listed, zone: &TimeZone) -> String {
    let day = |at: Timestamp| at.0.to_zoned(zone.clone()).date();
    let stands = match (listed.gate, listed.passed) {
        (UnitGate::Commissioned, Some(at)) => {
            format!("driftsatt {0} / commissioned {0}", day(at))
        }
        (UnitGate::Commissioned, None) => "driftsatt / commissioned".to_owned(),
        (UnitGate::OnPaper(until), _) => {
            format!("på papper till {0} / on paper until {0}", day(until))
        }
        (UnitGate::Shut(Shut::Never), _) => {
            "ej driftsatt: besök / not commissioned: visits".to_owned()
        }
        (UnitGate::Shut(Shut::Places), _) => {
            "sovplatsen är ändrad: besök / places changed: visits".to_owned()
        }
        (UnitGate::Shut(Shut::Refused), _) => "underkänd: besök / refused: visits".to_owned(),
        (UnitGate::Shut(Shut::Exchanged), _) => {
            "utbytt eller flyttad: besök / exchanged or moved: visits".to_owned()
        }
        (UnitGate::Shut(Shut::Unsaid), _) => {
            "ej sagt vem som sover var: besök / not said who sleeps where: visits".to_owned()
        }
        (UnitGate::Shut(Shut::Unsuited), _) => {
            "sensorläge passar inte: besök / sensor mode does not suit: visits".to_owned()
        }
        (UnitGate::Shut(Shut::Model), _) => {
            "annan modell: besök / another model: visits".to_owned()
        }
    };
    format!("{}\t{stands}", listed.unit)
}
