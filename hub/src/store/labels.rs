//! Checks that came out by lot, and what somebody found there: rows that are only added to. What
//! may be said is for [`crate::labels`] to say.

use std::path::Path;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{SqliteStore, StoreError, audit, rows};
use crate::audit::{Act, AuditRow, Who};
use crate::labels::{self, Draw, Label, LabelError, NotNow, Said, Source, Word};

const READING: &str = "reading labels";
const WRITING: &str = "writing a label down";

/// Labels by a connection of their own.
#[derive(Debug)]
pub struct Labels {
    connection: Connection,
}

impl Labels {
    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(path)?.into();
        Ok(Self { connection })
    }

    /// What was drawn for a night.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn drawn(&self, night: Date) -> Result<Vec<Draw>, StoreError> {
        drawn(&self.connection, night)
    }

    /// Writes a label down with its row in the log, unless it was said already.
    ///
    /// # Errors
    ///
    /// Another word about the check is too old to be changed, or nothing could be written.
    pub fn add(&mut self, label: &Label) -> Result<(), LabelError> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior);
        let transaction = transaction.map_err(doing(WRITING))?;
        let said = &label.said;
        let before = last_of(&transaction, said.check).map_err(doing(WRITING))?;
        match before {
            Some((same, _)) if same == said.word.tag() => return Ok(()),
            Some((_, at_ms)) if !labels::is_open(at_ms, said.at) => {
                return Err(NotNow::Settled.into());
            }
            Some(_) | None => {}
        }
        insert(&transaction, label).map_err(doing(WRITING))?;
        Ok(transaction.commit().map_err(doing(WRITING))?)
    }
}

/// The last word about a check, and when it was said.
fn last_of(connection: &Connection, check: CheckId) -> rusqlite::Result<Option<(String, i64)>> {
    let sql = "SELECT found, at_ms FROM labels WHERE check_id = ?1 ORDER BY label DESC LIMIT 1";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let last = connection.query_row(sql, params![check.to_string()], read);
    last.optional()
}

fn insert(transaction: &Transaction<'_>, label: &Label) -> rusqlite::Result<()> {
    let said = &label.said;
    let (body, signature) = label
        .signed
        .as_ref()
        .map_or(("", ""), |it| (it.body.as_str(), it.signature.as_str()));
    transaction.execute(
        "INSERT INTO labels (check_id, unit, home, found, source, chance_ppm, body, signature,
                             made_by, at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            said.check.to_string(),
            label.unit.to_string(),
            label.home.to_string(),
            said.word.tag(),
            source(label.source),
            label.chance_ppm,
            body,
            signature,
            said.by.to_string(),
            said.at.as_ms(),
        ],
    )?;
    let row = AuditRow::new(said.at, said.by.clone(), Act::Labelled);
    let detail = format!("{} {}", said.check, said.word.tag());
    audit::append(transaction, &row.about(said.check.resident).detail(detail))?;
    Ok(())
}

/// What was drawn for a night.
pub(super) fn drawn(connection: &Connection, night: Date) -> Result<Vec<Draw>, StoreError> {
    let sql = "SELECT home, unit, check_id, chance_ppm, at_ms FROM draws WHERE night = ?1
               ORDER BY home";
    let mut draws = Vec::new();
    each(connection, sql, &night.to_string(), |row| {
        let check: Option<String> = row.get(2).map_err(doing(READING))?;
        let check = check.map(|id| id.parse().map_err(|_error| rows::unreadable(READING, &id)));
        draws.push(Draw {
            home: rows::parsed(row, 0, READING)?,
            night,
            unit: rows::parsed(row, 1, READING)?,
            check: check.transpose()?,
            chance_ppm: row.get(3).map_err(doing(READING))?,
            at: rows::moment(row, 4, READING)?,
        });
        Ok(())
    })?;
    Ok(draws)
}

/// Writes down what was drawn, with a row in the log for each check that came out. A night of a
/// home is drawn once.
pub(super) fn draw(connection: &mut Connection, draws: &[Draw]) -> Result<(), StoreError> {
    let doing = doing("writing down what was drawn");
    let transaction = connection.transaction().map_err(&doing)?;
    let write = |draw: &Draw| -> rusqlite::Result<()> {
        let written = transaction.execute(
            "INSERT INTO draws VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![
                draw.home.to_string(),
                draw.night.to_string(),
                draw.check.map(|check| check.to_string()),
                draw.unit.to_string(),
                draw.chance_ppm,
                draw.at.as_ms(),
            ],
        )?;
        if let Some(check) = draw.check.filter(|_| written > 0) {
            let row = AuditRow::new(draw.at, Who::Hub, Act::VisitDrawn);
            let row = row.about(check.resident).detail(check.to_string());
            audit::append(&transaction, &row)?;
        }
        Ok(())
    };
    for draw in draws {
        write(draw).map_err(&doing)?;
    }
    transaction.commit().map_err(&doing)
}

/// What was said of a night's checks, in order.
pub(super) fn said(connection: &Connection, night: Date) -> Result<Vec<Said>, StoreError> {
    let sql = "SELECT check_id, found, made_by, at_ms FROM labels
               WHERE substr(check_id, 10, 8) = ?1 ORDER BY label";
    let mut said = Vec::new();
    let night = night.strftime("%Y%m%d").to_string();
    each(connection, sql, &night, |row| {
        let found = rows::text(row, 1, READING)?;
        said.push(Said {
            check: rows::parsed(row, 0, READING)?,
            word: Word::of_tag(&found).ok_or_else(|| rows::unreadable(READING, &found))?,
            by: rows::parsed(row, 2, READING)?,
            at: rows::moment(row, 3, READING)?,
        });
        Ok(())
    })?;
    Ok(said)
}

/// Signed labels of two nights, this one and the one before, by the unit that they go to: the last
/// word about each check, if it is no longer to be changed, after one of a number; and the number
/// of the last.
pub(super) fn to_send(
    connection: &Connection,
    (after, night, now): (i64, Date, Timestamp),
) -> Result<(i64, Vec<(UnitId, Signed)>), StoreError> {
    let doing = doing(READING);
    let before = night.yesterday().unwrap_or(night);
    let since = before.strftime("%Y%m%d").to_string();
    let sql = "SELECT label, unit, body, signature, at_ms FROM labels AS it
               WHERE label > ?1 AND body <> '' AND substr(check_id, 10, 8) >= ?2
                 AND NOT EXISTS (SELECT 1 FROM labels AS later
                                 WHERE later.check_id = it.check_id AND later.label > it.label)
               ORDER BY label";
    let mut query = connection.prepare_cached(sql).map_err(&doing)?;
    let mut found = query.query(params![after, since]).map_err(&doing)?;
    let (mut last, mut sent) = (after, Vec::new());
    while let Some(row) = found.next().map_err(&doing)? {
        if labels::is_open(row.get(4).map_err(&doing)?, now) {
            break;
        }
        last = row.get(0).map_err(&doing)?;
        let signed = Signed {
            body: rows::text(row, 2, READING)?,
            signature: rows::text(row, 3, READING)?,
        };
        sent.push((rows::parsed(row, 1, READING)?, signed));
    }
    Ok((last, sent))
}

const SOURCES: [(Source, &str); 2] = [
    (Source::BeforeVisit, "before_visit"),
    (Source::BedEmpty, "bed_empty"),
];

fn source(source: Source) -> &'static str {
    let mut all = SOURCES.into_iter();
    all.find(|(one, _)| *one == source)
        .map_or("", |(_, text)| text)
}

pub(super) fn source_of(text: &str) -> Option<Source> {
    let mut all = SOURCES.into_iter();
    all.find(|(_, one)| *one == text).map(|(source, _)| source)
}
