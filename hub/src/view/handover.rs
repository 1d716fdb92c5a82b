//! What one shift hands to the next: what was done about rows since a chosen moment.
//!
//! Taken from a night of the ledger as it is written, each thing once however many checks it was
//! about. It counts nobody's work and leaves out what the hub did by itself.

use std::collections::BTreeMap;

use nattsyn_protocol::time::Timestamp;

use super::ledger::{Handled, MatterLine, NightLedger};
use super::{Cause, Person};
use crate::exception::{Act, Event};

/// What was found or said about one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// About whom.
    pub person: Person,
    /// Why somebody was needed.
    pub cause: Cause,
    /// When, and what.
    pub what: Handled,
}

/// What was found and said since a moment, oldest first. Who took a row and gave it back says
/// nothing of the resident, and stands with the row while it is open.
#[must_use]
pub fn told(night: &NightLedger, since: Timestamp) -> Vec<Told> {
    let mut rows = BTreeMap::new();
    for line in &night.lines {
        for row in &line.exceptions {
            rows.entry(row.id).or_insert((&line.person, row));
        }
    }
    for apart in &night.apart {
        rows.entry(apart.row.id)
            .or_insert((&apart.person, &apart.row));
    }
    let told = rows.into_values().flat_map(|(person, row)| {
        let said = row.handled.iter().filter(|handled| is_told(&handled.event));
        said.map(|handled| Told {
            person: person.clone(),
            cause: row.cause,
            what: handled.clone(),
        })
    });
    let mut told: Vec<Told> = told.filter(|told| told.what.at >= since).collect();
    told.sort_by_key(|told| told.what.at);
    told
}

/// The matters that somebody closed by hand since a moment.
#[must_use]
pub fn closed(night: &NightLedger, since: Timestamp) -> Vec<&MatterLine> {
    let closed = night.matters.iter().filter(|line| line.closed.is_some());
    closed
        .filter(|line| line.cleared.is_some_and(|at| at >= since))
        .collect()
}

fn is_told(event: &Event) -> bool {
    match event {
        Event::By(_, Act::Say(_) | Act::Find(_)) => true,
        Event::By(_, Act::Take | Act::TakeOver | Act::Go { .. } | Act::Arrive | Act::Return)
        | Event::Lent(_)
        | Event::FellBack
        | Event::Explained(_) => false,
    }
}
