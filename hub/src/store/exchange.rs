//! Units that are exchanged, moved, or follow another in their home: what ends of them with the
//! enrolment that says so.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use nattsyn_protocol::commission::{Commissioning, HeldCommissioned};
use nattsyn_protocol::time::Timestamp;

use super::commission::{write_refusal, write_word};
use crate::commission::gate::{CommissionWord, Refusal, RefusedWhy};
use crate::roster::Home;

/// Which units were enrolled where, now or once: ids as they are written, the unit's first.
pub(super) type Served = Vec<(String, String)>;

/// Which units were enrolled where before an enrolment changes it.
pub(super) fn served(transaction: &Transaction<'_>) -> rusqlite::Result<Served> {
    let mut query = transaction.prepare("SELECT unit, home FROM units")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// That what counted of a unit ends.
pub(super) struct Exchange {
    refusal: Refusal,
    /// Its eye is another one, which counts its words by itself.
    is_other_eye: bool,
}

/// Whether a unit's eye or home is otherwise now than it was enrolled with, or it follows another
/// in its home: the paper of a home is the paper of the unit that was believed there. To be asked
/// before the enrolment is written, and ended after.
pub(super) fn exchange(
    transaction: &Transaction<'_>,
    home: &Home,
    (served, at): (&Served, Timestamp),
) -> rusqlite::Result<Option<Exchange>> {
    let unit = home.unit.to_string();
    let is_other: Option<(bool, bool)> = transaction
        .query_row(
            "SELECT home <> ?2, eye <> ?3 FROM units WHERE unit = ?1",
            params![unit, home.id.to_string(), home.eye.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let id = home.id.to_string();
    let follows = || served.iter().any(|(_, of)| *of == id);
    let (is_moved, is_exchanged) = is_other.unwrap_or_else(|| (follows(), false));
    if !is_moved && !is_exchanged {
        return Ok(None);
    }
    // Leaves and words of before are about the unit or the home of before.
    let sql = "SELECT body FROM commission_rows WHERE unit = ?1 AND kind = 'leave'
               ORDER BY id DESC LIMIT 1";
    let body = |row: &Row<'_>| row.get::<_, String>(0);
    let leave = transaction.query_row(sql, [&unit], body).optional()?;
    let leave: Option<Commissioning> = leave.and_then(|body| serde_json::from_str(&body).ok());
    let sql = "SELECT body FROM commission_words WHERE unit = ?1 ORDER BY word DESC LIMIT 1";
    let said = transaction.query_row(sql, [&unit], body).optional()?;
    let said: Option<Option<HeldCommissioned>> =
        said.and_then(|body| serde_json::from_str(&body).ok());
    let said = said.flatten().map_or(0, |held| held.version);
    let refusal = Refusal {
        unit: home.unit,
        why: RefusedWhy::Exchanged,
        version: leave.map_or(0, |leave| leave.version).max(said),
        at,
    };
    Ok(Some(Exchange {
        refusal,
        is_other_eye: is_exchanged,
    }))
}

/// Ends what counted of a unit.
pub(super) fn end(transaction: &Transaction<'_>, exchange: &Exchange) -> rusqlite::Result<()> {
    let refusal = &exchange.refusal;
    if exchange.is_other_eye {
        write_word(
            transaction,
            refusal.unit,
            &CommissionWord::default(),
            refusal.at,
        )?;
    }
    write_refusal(transaction, refusal)
}
