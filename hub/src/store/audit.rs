//! The log's rows: added at the end, each linked to the one before, and read again.
//!
//! Reading judges nothing: a row that somebody changed by hand is read as it stands.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params};

use super::StoreError;
use super::sqlite::doing;
use crate::audit::chain::BEGINNING;
use crate::audit::{Act, AuditId, AuditRow, DETAIL_MAX, Question, Written};

const READING: &str = "reading the log";

const COLUMNS: &str = "id, at_ms, who, act, about, follows, lasted_ms, detail, hash";

/// Adds a row at the end of the log, in somebody's transaction. The transaction must have begun as
/// one that writes: two rows by one number would be refused.
pub(crate) fn append(transaction: &Connection, row: &AuditRow) -> rusqlite::Result<AuditId> {
    let last = transaction
        .prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
        })
        .optional()?;
    let (last, before) = last.unwrap_or((0, BEGINNING));
    let mut written = written(AuditId(last + 1), row);
    written.hash = written.link(&before);
    transaction
        .prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            written.id.0,
            written.at_ms,
            written.who,
            written.act,
            written.about,
            written.follows,
            written.lasted_ms,
            written.detail,
            written.hash,
        ])?;
    Ok(written.id)
}

/// A row as it is to stand, without its link.
fn written(id: AuditId, row: &AuditRow) -> Written {
    let shown = row.detail.chars().filter(|c| !c.is_control());
    let lasted = row.lasted.map(|time| i64::try_from(time.as_millis()));
    Written {
        id,
        at_ms: row.at.as_ms(),
        who: row.by.to_string(),
        act: row.act.word().to_owned(),
        about: row.about.map(|resident| resident.to_string()),
        follows: row.follows.map(|row| row.0),
        lasted_ms: lasted.map(|ms| ms.unwrap_or(i64::MAX)),
        detail: shown.take(DETAIL_MAX).collect(),
        hash: BEGINNING,
    }
}

/// Every row from the first on, for as long as `each` wants more.
pub(crate) fn walk<E: From<StoreError>>(
    connection: &Connection,
    mut each: impl FnMut(&Written) -> Result<(), E>,
) -> Result<(), E> {
    let sql = format!("SELECT {COLUMNS} FROM audit ORDER BY id");
    let mut query = connection.prepare(&sql).map_err(doing(READING))?;
    let mut found = query.query([]).map_err(doing(READING))?;
    while let Some(row) = found.next().map_err(doing(READING))? {
        each(&read(row).map_err(doing(READING))?)?;
    }
    Ok(())
}

/// The rows that a question asks for, newest first.
pub(crate) fn select(
    connection: &Connection,
    question: &Question,
) -> Result<Vec<Written>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE {ANSWERS} ORDER BY id DESC LIMIT ?7");
    let mut query = connection.prepare_cached(&sql).map_err(doing(READING))?;
    bind(&mut query, question).map_err(doing(READING))?;
    query
        .raw_bind_parameter(7, question.most)
        .map_err(doing(READING))?;
    let mut found = query.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(doing(READING))? {
        rows.push(read(row).map_err(doing(READING))?);
    }
    Ok(rows)
}

/// Which rows answer a question.
const ANSWERS: &str = "(?1 IS NULL OR about = ?1) AND (?2 IS NULL OR who = ?2)
    AND at_ms >= ?3 AND at_ms < ?4 AND (?5 IS NULL OR act = ?5) AND id < ?6";

fn bind(query: &mut Statement<'_>, question: &Question) -> rusqlite::Result<()> {
    let about = question.about.map(|resident| resident.to_string());
    query.raw_bind_parameter(1, about)?;
    query.raw_bind_parameter(2, question.who.as_ref().map(ToString::to_string))?;
    query.raw_bind_parameter(3, question.from.map_or(i64::MIN, |at| at.as_ms()))?;
    query.raw_bind_parameter(4, question.until.map_or(i64::MAX, |at| at.as_ms()))?;
    query.raw_bind_parameter(5, question.act.map(Act::word))?;
    query.raw_bind_parameter(6, question.below.map_or(i64::MAX, |row| row.0))
}

/// How many rows answer a question, and the row below which they all are.
pub(crate) fn extent(
    connection: &Connection,
    question: &Question,
) -> Result<(u64, AuditId), StoreError> {
    let sql = format!("SELECT count(*), coalesce(max(id), 0) + 1 FROM audit WHERE {ANSWERS}");
    let mut query = connection.prepare_cached(&sql).map_err(doing(READING))?;
    bind(&mut query, question).map_err(doing(READING))?;
    let mut found = query.raw_query();
    let row = found.next().map_err(doing(READING))?;
    let Some(row) = row else {
        return Ok((0, AuditId(1)));
    };
    let count: i64 = row.get(0).map_err(doing(READING))?;
    let below = AuditId(row.get(1).map_err(doing(READING))?);
    Ok((u64::try_from(count).unwrap_or(0), below))
}

/// How often an act stands in the log.
pub(crate) fn count(connection: &Connection, act: Act) -> Result<usize, StoreError> {
    let sql = "SELECT count(*) FROM audit WHERE act = ?1";
    let count: i64 = connection
        .query_row(sql, [act.word()], |row| row.get(0))
        .map_err(doing(READING))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Residents' names, by id.
pub(crate) fn names(connection: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let sql = "SELECT resident, name FROM residents";
    let mut query = connection.prepare_cached(sql).map_err(doing(READING))?;
    let found = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    found.and_then(Iterator::collect).map_err(doing(READING))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Written> {
    Ok(Written {
        id: AuditId(row.get(0)?),
        at_ms: row.get(1)?,
        who: row.get(2)?,
        act: row.get(3)?,
        about: row.get(4)?,
        follows: row.get(5)?,
        lasted_ms: row.get(6)?,
        detail: row.get(7)?,
        hash: row.get(8)?,
    })
}
