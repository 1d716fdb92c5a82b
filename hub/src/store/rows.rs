//! Reading rows back into values; what cannot be read is named.

use std::str::FromStr;

use rusqlite::Row;

use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::StoreError;
use super::sqlite::doing;

/// A row that holds something unreadable.
pub(super) fn unreadable(doing: &'static str, what: &str) -> StoreError {
    StoreError::Row {
        doing,
        // Enough to find the row by, not a whole document.
        what: what.chars().take(40).collect(),
    }
}

/// A text column.
pub(super) fn text(row: &Row<'_>, column: usize, what: &'static str) -> Result<String, StoreError> {
    row.get(column).map_err(doing(what))
}

/// A text column that is parsed.
pub(super) fn parsed<T: FromStr>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> Result<T, StoreError> {
    let text: String = row.get(column).map_err(doing(what))?;
    text.parse().ok().ok_or_else(|| unreadable(what, &text))
}

/// A column of milliseconds since 1970.
pub(super) fn moment(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> Result<Timestamp, StoreError> {
    let ms: i64 = row.get(column).map_err(doing(what))?;
    Timestamp::from_ms(ms).map_err(|_error| unreadable(what, &ms.to_string()))
}

/// A column with a public key in base64.
pub(super) fn public_key(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> Result<PublicKey, StoreError> {
    let text: String = row.get(column).map_err(doing(what))?;
    PublicKey::try_from(text.clone()).map_err(|_error| unreadable(what, &text))
}
