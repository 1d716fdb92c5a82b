//! How people handled exceptions: rows that are only added to, and back.
//!
//! That an exception ended stands among its events; here stands what people did.

use std::time::Duration;

use rusqlite::{Connection, Row, Transaction, params};

use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{StoreError, rows, words};
use crate::exception::{Act, Event, Unresolved};

const READING: &str = "reading how exceptions were handled";

/// Writes what somebody did, or that nothing came of it. What an exception's end is goes elsewhere.
pub(super) fn write(
    transaction: &Transaction<'_>,
    exception: i64,
    event: &Event,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let (act, by, detail) = match event {
        Event::By(by, act) => {
            let (word, detail) = columns(act);
            (word, Some(by.to_string()), detail)
        }
        Event::Lent(time) => ("lent", None, Some(time.as_millis().to_string())),
        Event::FellBack => ("fell_back", None, None),
        Event::Explained(_) => return Ok(()),
    };
    transaction
        .prepare_cached(
            "INSERT INTO handlings (exception, at_ms, act, done_by, detail)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![exception, at.as_ms(), act, by, detail])
        .map(drop)
}

fn columns(act: &Act) -> (&'static str, Option<String>) {
    match act {
        Act::Take => ("take", None),
        Act::TakeOver => ("take_over", None),
        Act::Go { arrives } => ("go", Some(arrives.as_ms().to_string())),
        Act::Arrive => ("arrive", None),
        Act::Return => ("return", None),
        Act::Say(said) => ("say", Some(said.word().to_owned())),
        Act::Find(found) => ("find", Some(found.word().to_owned())),
    }
}

/// Reads what was done about the exceptions that `needed` selects by `parameter`, in order.
pub(super) fn read(
    connection: &Connection,
    needed: &str,
    parameter: &dyn rusqlite::ToSql,
    mut act: impl FnMut(i64, Timestamp, Event),
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT exception, at_ms, act, done_by, detail FROM handlings WHERE {needed} ORDER BY id"
    );
    each(connection, &sql, parameter, |row| {
        let exception: i64 = row.get(0).map_err(doing(READING))?;
        act(exception, rows::moment(row, 1, READING)?, event(row)?);
        Ok(())
    })
}

fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    let word = rows::text(row, 2, READING)?;
    if word == "fell_back" {
        return Ok(Event::FellBack);
    }
    if word == "lent" {
        let ms = rows::text(row, 4, READING)?;
        let time = ms.parse().map(Duration::from_millis);
        let time = time.map_err(|_error| rows::unreadable(READING, &ms))?;
        return Ok(Event::Lent(time));
    }
    let by = rows::parsed(row, 3, READING)?;
    let detail = || rows::text(row, 4, READING);
    let act = match word.as_str() {
        "take" => Act::Take,
        "take_over" => Act::TakeOver,
        "go" => {
            let ms = detail()?;
            let arrives = ms.parse().ok().and_then(|ms| Timestamp::from_ms(ms).ok());
            let arrives = arrives.ok_or_else(|| rows::unreadable(READING, &ms))?;
            Act::Go { arrives }
        }
        "arrive" => Act::Arrive,
        "return" => Act::Return,
        "say" => Act::Say(words::said(&detail()?)?),
        "find" => {
            let found = detail()?;
            let found =
                Unresolved::from_word(&found).ok_or_else(|| rows::unreadable(READING, &found))?;
            Act::Find(found)
        }
        other => return Err(rows::unreadable(READING, other)),
    };
    Ok(Event::By(by, act))
}
