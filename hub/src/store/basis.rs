//! What nights are made from, as far as it takes to see that another process changed it.
//!
//! The file itself only says that somebody wrote ([`super::Store::revision`]): who was told what,
//! who signed in and the try whether the disk takes a write do so all night long. It does not say
//! what changed: whoever must know reads everything again.

use rusqlite::Connection;

use super::StoreError;
use super::sqlite::doing;
use crate::roster::Roster;

/// Who is enrolled, and how many rows there are of what is only ever added to. Two that are equal
/// were taken of the same enrolment, plans, agreements, absences, endings, settings, consents,
/// policies, thresholds, words of units that look again, papers of commissioning and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Rows that are changed in place, so whole.
    roster: Roster,
    /// In the order of [`ROWS`].
    rows: [i64; TABLES],
}

/// Tables in [`ROWS`].
const TABLES: usize = 13;

/// Tables whose triggers refuse to change or take away a row, and that the desk must read again
/// when anybody writes them: as many rows are the same rows.
const ROWS: &str = "SELECT (SELECT count(*) FROM plans), (SELECT count(*) FROM plans_at_once),
    (SELECT count(*) FROM agreements), (SELECT count(*) FROM absences),
    (SELECT count(*) FROM absence_events), (SELECT count(*) FROM endings),
    (SELECT count(*) FROM settings), (SELECT count(*) FROM consents),
    (SELECT count(*) FROM policies), (SELECT count(*) FROM looking),
    (SELECT count(*) FROM thresholds), (SELECT count(*) FROM commission_papers),
    (SELECT count(*) FROM labels)";

/// As it is written now, of homes that were just read.
pub(super) fn basis(connection: &Connection, roster: Roster) -> Result<Basis, StoreError> {
    let doing = doing("asking whether what was agreed changed");
    let mut query = connection.prepare_cached(ROWS).map_err(&doing)?;
    let rows = query.query_row([], |row| {
        let mut rows = [0; TABLES];
        for (at, count) in rows.iter_mut().enumerate() {
            *count = row.get(at)?;
        }
        Ok(rows)
    });
    let rows = rows.map_err(&doing)?;
    Ok(Basis { roster, rows })
}
