//! The list that an alarm receiver's register is made from: which number is whom.
//!
//! It has names and addresses, so it goes to whoever runs the hub and asked for it, and from there
//! to the receiver by a way that is fit for that; the hub sends it nowhere.

use std::path::Path;

use nattsyn_scaip::message::Field as _;

use super::saying::subject;
use crate::store::{SqliteStore, Store as _, StoreError};

/// Everybody who is enrolled, as comma-separated values by number. Reads the ledger and writes
/// nothing.
///
/// # Errors
///
/// The ledger cannot be read.
pub fn list(ledger: &Path) -> Result<String, StoreError> {
    let roster = SqliteStore::open_to_read(ledger)?.roster()?;
    let mut lines = Vec::new();
    for home in roster.homes() {
        for resident in &home.residents {
            let subject = subject(resident.id);
            let device = subject.device.as_ref().map(|device| device.text());
            lines.push([
                subject.controller.text().into_owned(),
                device.unwrap_or_default().into_owned(),
                resident.name.clone(),
                home.address.clone(),
            ]);
        }
    }
    lines.sort();
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = ["cid", "did", "namn", "adress"].map(str::to_owned);
    for line in std::iter::once(&head).chain(&lines) {
        table.write_record(line).expect("memory takes every line");
    }
    let bytes = table.into_inner().expect("memory takes every line");
    Ok(String::from_utf8(bytes).expect("names are text"))
}
