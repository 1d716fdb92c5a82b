//! The rows of commissioning: steps, words of units, papers. Nothing is ever changed.
//!
//! [`Courses`] is a connection of its own, for pages. What follows from the rows is for
//! [`crate::commission`] to say.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use nattsyn_protocol::commission::HeldCommissioned;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{Batch, SqliteStore, StoreError, audit, rows, sides};
use crate::audit::AuditRow;
use crate::commission::gate::{
    CommissionWord, Gate, Gates, Paper, PaperWhy, Papers, Refusal, RefusedWhy,
};
use crate::commission::{CourseRow, Step};

const READING: &str = "reading commissioning";
const WRITING: &str = "writing commissioning down";

/// The steps, in the ledger's file.
#[derive(Debug)]
pub struct Courses {
    connection: Connection,
}

impl Courses {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(path)?.connection;
        Ok(Self { connection })
    }

    /// The same, to read and nothing else.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open_to_read(path)?.connection;
        Ok(Self { connection })
    }

    /// The steps of a unit since its newest leave, in order.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn of(&self, unit: UnitId) -> Result<Vec<CourseRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM commission_rows WHERE unit = ?1 AND id >=
             (SELECT max(id) FROM commission_rows WHERE unit = ?1 AND kind = 'leave')
             ORDER BY id"
        );
        let mut steps = Vec::new();
        each(&self.connection, &sql, &unit.to_string(), |row| {
            steps.push(step(row)?);
            Ok(())
        })?;
        Ok(steps)
    }

    /// The newest leave of each unit: its step.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn leaves(&self) -> Result<BTreeMap<UnitId, CourseRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM commission_rows WHERE ?1 = ?1 AND kind = 'leave' ORDER BY id"
        );
        let mut leaves = BTreeMap::new();
        each(&self.connection, &sql, &"", |row| {
            let step = step(row)?;
            leaves.insert(step.unit, step);
            Ok(())
        })?;
        Ok(leaves)
    }

    /// When each unit passed last, as the hub heard it.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn passed(&self) -> Result<BTreeMap<UnitId, Timestamp>, StoreError> {
        let sql = "SELECT unit, max(at_ms) FROM commission_rows
                   WHERE ?1 = ?1 AND kind = 'commissioned' GROUP BY unit";
        let mut passed = BTreeMap::new();
        each(&self.connection, sql, &"", |row| {
            passed.insert(
                rows::parsed(row, 0, READING)?,
                rows::moment(row, 1, READING)?,
            );
            Ok(())
        })?;
        Ok(passed)
    }

    /// Units that passed and whose places are nobody's sleeping places yet.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn unagreed(&self) -> Result<Vec<UnitId>, StoreError> {
        let sql = "SELECT DISTINCT unit FROM commission_rows AS passed
                   WHERE ?1 = ?1 AND kind = 'commissioned' AND NOT EXISTS
                       (SELECT 1 FROM commission_rows AS later WHERE later.unit = passed.unit
                        AND later.id > passed.id AND later.kind IN ('agreed', 'leave'))
                     AND NOT EXISTS
                       (SELECT 1 FROM commission_refusals AS ended WHERE ended.unit = passed.unit
                        AND ended.why = 'exchanged' AND ended.step >= passed.id)
                   ORDER BY unit";
        let mut units = Vec::new();
        each(&self.connection, sql, &"", |row| {
            units.push(rows::parsed(row, 0, READING)?);
            Ok(())
        })?;
        Ok(units)
    }

    /// What units are commissioned as, and which are on paper.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn gates(&self) -> Result<Gates, StoreError> {
        gates(&self.connection)
    }

    /// Writes steps down together with their rows in the log, if `after` is still the unit's last
    /// step: of two who act at once the second does not. Returns whether it was written.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn add(
        &mut self,
        after: i64,
        steps: &[CourseRow],
        logged: &[AuditRow],
    ) -> Result<Written, StoreError> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior);
        let transaction = transaction.map_err(doing(WRITING))?;
        let write = || {
            if let Some(first) = steps.first()
                && last_step(&transaction, first.unit)? != after
            {
                return Ok(Written::SomebodyElseWas);
            }
            for row in logged {
                audit::append(&transaction, row)?;
            }
            for step in steps {
                write_step(&transaction, step)?;
            }
            Ok(Written::Yes)
        };
        let written = write().map_err(doing(WRITING))?;
        transaction.commit().map_err(doing(WRITING))?;
        Ok(written)
    }
}

/// The number of a unit's last step; 0 before the first.
pub(super) fn last_step(transaction: &Transaction<'_>, unit: UnitId) -> rusqlite::Result<i64> {
    transaction.query_row(
        "SELECT coalesce(max(id), 0) FROM commission_rows WHERE unit = ?1",
        [unit.to_string()],
        |row| row.get(0),
    )
}

/// Whether something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was.
    Yes,
    /// Another step came first.
    SomebodyElseWas,
}

const COLUMNS: &str = "id, unit, kind, body, signature, epoch, made_by, at_ms";

fn step(row: &Row<'_>) -> Result<CourseRow, StoreError> {
    let (kind, body) = (rows::text(row, 2, READING)?, rows::text(row, 3, READING)?);
    let signature = rows::text(row, 4, READING)?;
    let signed = || Signed {
        body: body.clone(),
        signature: signature.clone(),
    };
    let step = match kind.as_str() {
        "leave" => Step::Leave(signed(), row.get(5).map_err(doing(READING))?),
        "lead" => Step::Lead((!body.is_empty()).then_some(body)),
        "order" => Step::Order(signed()),
        "places" => Step::Places(body),
        "tried" => Step::Tried(signed()),
        "not_tried" => Step::NotTried(signed()),
        "commissioned" => Step::Commissioned(signed()),
        "stands" => Step::Stands(body),
        "agreed" => Step::Agreed,
        other => return Err(rows::unreadable(READING, other)),
    };
    let by = rows::text(row, 6, READING)?;
    Ok(CourseRow {
        id: row.get(0).map_err(doing(READING))?,
        unit: rows::parsed(row, 1, READING)?,
        at: rows::moment(row, 7, READING)?,
        by: match by.is_empty() {
            true => None,
            false => Some(rows::parsed(row, 6, READING)?),
        },
        step,
    })
}

pub(super) fn write_step(transaction: &Transaction<'_>, row: &CourseRow) -> rusqlite::Result<()> {
    let (body, signature, epoch) = match &row.step {
        Step::Leave(signed, epoch) => (signed.body.as_str(), signed.signature.as_str(), *epoch),
        Step::Order(signed)
        | Step::Tried(signed)
        | Step::NotTried(signed)
        | Step::Commissioned(signed) => (signed.body.as_str(), signed.signature.as_str(), 0),
        Step::Lead(seat) => (seat.as_deref().unwrap_or_default(), "", 0),
        Step::Places(text) | Step::Stands(text) => (text.as_str(), "", 0),
        Step::Agreed => ("", "", 0),
    };
    transaction
        .execute(
            "INSERT INTO commission_rows (unit, kind, body, signature, epoch, made_by, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                row.unit.to_string(),
                row.step.word(),
                body,
                signature,
                epoch,
                row.by.as_ref().map(ToString::to_string).unwrap_or_default(),
                row.at.as_ms(),
            ],
        )
        .map(drop)
}

/// What a batch has of commissioning.
pub(super) fn write(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    for new in &batch.reports {
        if let Gate::Shut(why) = new.gate {
            transaction.execute(
                "INSERT INTO reports_shut VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                params![
                    new.report.unit.to_string(),
                    new.report.boot.to_string(),
                    new.report.counter.cast_signed(),
                    why.word(),
                ],
            )?;
        }
    }
    for (unit, said, at) in &batch.commissioned {
        write_word(transaction, *unit, said, *at)?;
    }
    for step in &batch.steps {
        write_step(transaction, step)?;
    }
    for refusal in &batch.refused {
        write_refusal(transaction, refusal)?;
    }
    Ok(())
}

pub(super) fn write_word(
    transaction: &Transaction<'_>,
    unit: UnitId,
    said: &CommissionWord,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let body = serde_json::to_string(&said.held).expect("what a unit holds has a JSON form");
    let number = said.number.map(u64::cast_signed);
    transaction
        .execute(
            "INSERT INTO commission_words (unit, body, at_ms, number) VALUES (?1, ?2, ?3, ?4)",
            params![unit.to_string(), body, at.as_ms(), number],
        )
        .map(drop)
}

pub(super) fn write_refusal(
    transaction: &Transaction<'_>,
    refusal: &Refusal,
) -> rusqlite::Result<()> {
    let unit = refusal.unit.to_string();
    let (why, version) = (refusal.why.word(), refusal.version);
    transaction.execute(
        "INSERT INTO commission_refusals (unit, why, version, step, at_ms) VALUES (?1, ?2, ?3,
         (SELECT coalesce(max(id), 0) FROM commission_rows WHERE unit = ?1), ?4)",
        params![unit, why, version, refusal.at.as_ms()],
    )?;
    let (by, act) = (crate::audit::Who::Hub, crate::audit::Act::CommissionRefused);
    let row = AuditRow::new(refusal.at, by, act);
    let row = row.detail(format!("{unit} version {version} {why}"));
    append_about_home(transaction, refusal.unit, &row)
}

/// Appends a row about each who lives where a unit hangs, so that it is found in their extracts.
pub(super) fn append_about_home(
    transaction: &Transaction<'_>,
    unit: UnitId,
    row: &AuditRow,
) -> rusqlite::Result<()> {
    let sql = "SELECT resident FROM residents WHERE left_ms IS NULL
               AND home = (SELECT home FROM units WHERE unit = ?1) ORDER BY resident";
    let mut query = transaction.prepare(sql)?;
    let found = query.query_map([unit.to_string()], |row| row.get::<_, String>(0))?;
    let found = found.collect::<Result<Vec<_>, _>>()?;
    for row in row.about_each(found.iter().filter_map(|id| id.parse().ok())) {
        audit::append(transaction, &row)?;
    }
    Ok(())
}

/// Papers.
pub(super) fn write_papers(
    transaction: &Transaction<'_>,
    papers: &[Paper],
) -> rusqlite::Result<()> {
    for paper in papers {
        transaction.execute(
            "INSERT INTO commission_papers (unit, why, until_ms, at_ms) VALUES (?1, ?2, ?3, ?4)",
            params![
                paper.unit.to_string(),
                paper.why.word(),
                paper.until.as_ms(),
                paper.at.as_ms(),
            ],
        )?;
        let row = AuditRow::new(paper.at, crate::audit::Who::Hub, crate::audit::Act::OnPaper);
        let detail = format!("{} {} {}", paper.unit, paper.why.word(), paper.until.0);
        audit::append(transaction, &row.detail(detail))?;
    }
    Ok(())
}

/// Puts units on paper, in one piece.
pub(super) fn put_on_paper(
    connection: &mut Connection,
    papers: &[Paper],
) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(doing(WRITING))?;
    write_papers(&transaction, papers).map_err(doing(WRITING))?;
    transaction.commit().map_err(doing(WRITING))
}

/// What units are commissioned as, and which are on paper.
pub(super) fn gates(connection: &Connection) -> Result<Gates, StoreError> {
    let mut words: BTreeMap<UnitId, CommissionWord> = BTreeMap::new();
    let mut since = BTreeMap::new();
    let sql = "SELECT unit, body, number, at_ms FROM commission_words WHERE ?1 = ?1 ORDER BY word";
    each(connection, sql, &"", |row| {
        let body = rows::text(row, 1, READING)?;
        let held: Result<Option<HeldCommissioned>, _> = serde_json::from_str(&body);
        let held = held.map_err(|_error| rows::unreadable(READING, &body))?;
        let number: Option<i64> = row.get(2).map_err(doing(READING))?;
        let unit = rows::parsed(row, 0, READING)?;
        let word = CommissionWord {
            held,
            number: number.map(i64::cast_unsigned),
        };
        let version = |word: &CommissionWord| word.held.as_ref().map(|held| held.version);
        if words.get(&unit).and_then(version) != version(&word) {
            since.insert(unit, rows::moment(row, 3, READING)?);
        }
        words.insert(unit, word);
        Ok(())
    })?;
    let mut leaves = BTreeMap::new();
    let sql = "SELECT unit, max(json_extract(body, '$.version')) FROM commission_rows
               WHERE ?1 = ?1 AND kind = 'leave' GROUP BY unit";
    each(connection, sql, &"", |row| {
        let version: Option<u32> = row.get(1).map_err(doing(READING))?;
        leaves.insert(rows::parsed(row, 0, READING)?, version.unwrap_or_default());
        Ok(())
    })?;
    let mut refused = BTreeMap::new();
    let sql = "SELECT unit, why, version, at_ms FROM commission_refusals AS refused
               WHERE ?1 = ?1 AND NOT EXISTS
                   (SELECT 1 FROM commission_rows AS later WHERE later.unit = refused.unit
                    AND later.id > refused.step AND later.kind = 'commissioned')
               ORDER BY refusal";
    each(connection, sql, &"", |row| {
        let why = rows::text(row, 1, READING)?;
        let refusal = Refusal {
            unit: rows::parsed(row, 0, READING)?,
            why: RefusedWhy::from_word(&why).ok_or_else(|| rows::unreadable(READING, &why))?,
            version: row.get(2).map_err(doing(READING))?,
            at: rows::moment(row, 3, READING)?,
        };
        refused.insert(refusal.unit, refusal);
        Ok(())
    })?;
    let mut papers = Vec::new();
    let sql = "SELECT unit, why, until_ms, at_ms FROM commission_papers
               WHERE ?1 = ?1 ORDER BY paper";
    each(connection, sql, &"", |row| {
        let why = rows::text(row, 1, READING)?;
        papers.push(Paper {
            unit: rows::parsed(row, 0, READING)?,
            why: PaperWhy::from_word(&why).ok_or_else(|| rows::unreadable(READING, &why))?,
            until: rows::moment(row, 2, READING)?,
            at: rows::moment(row, 3, READING)?,
        });
        Ok(())
    })?;
    Ok(Gates {
        words,
        refused,
        leaves,
        papers: Papers::of(papers),
        since,
        sides: sides::sides(connection)?,
        unsuited: sides::unsuited(connection)?,
        before: before(connection)?.into_iter().collect(),
    })
}

/// Units whose newest *visible* did not count because it was by another model than the unit was
/// commissioned with, and which have said nothing else of that since.
pub(super) fn of_other_model(connection: &Connection) -> Result<Vec<UnitId>, StoreError> {
    let sql = "SELECT reports.unit FROM reports JOIN reports_shut USING (unit, boot, counter)
               WHERE ?1 = ?1 AND why = 'model' AND reports.id =
                   (SELECT max(id) FROM reports AS newest
                    WHERE newest.unit = reports.unit AND newest.finding = 'visible')
               AND NOT EXISTS
                   (SELECT 1 FROM commission_words AS later
                    WHERE later.unit = reports.unit AND later.at_ms > reports.came_ms)";
    let mut units = Vec::new();
    each(connection, sql, &"", |row| {
        units.push(rows::parsed(row, 0, READING)?);
        Ok(())
    })?;
    Ok(units)
}

/// Units of before that have no paper yet.
pub(super) fn before(connection: &Connection) -> Result<Vec<UnitId>, StoreError> {
    let sql = "SELECT unit FROM commission_before WHERE ?1 = ?1 AND unit NOT IN
               (SELECT unit FROM commission_papers) AND unit IN (SELECT unit FROM units)";
    let mut units = Vec::new();
    each(connection, sql, &"", |row| {
        units.push(rows::parsed(row, 0, READING)?);
        Ok(())
    })?;
    Ok(units)
}

/// Steps since a moment, and all since the leave of units that were asked to conclude, or
/// anything else, and have not answered: their answer may have been lost.
pub(super) fn steps_to_restore(
    connection: &Connection,
    since: Timestamp,
) -> Result<Vec<CourseRow>, StoreError> {
    let sql = format!(
        "WITH waiting AS (
             SELECT unit, max(CASE kind WHEN 'leave' THEN id END) AS begun FROM commission_rows
             GROUP BY unit
             HAVING max(CASE kind WHEN 'order' THEN id END) >
                    max(CASE WHEN kind IN ('leave', 'tried', 'not_tried', 'commissioned')
                        THEN id END))
         SELECT {COLUMNS} FROM commission_rows WHERE at_ms >= ?1 OR id >=
             (SELECT begun FROM waiting WHERE waiting.unit = commission_rows.unit)
         ORDER BY id"
    );
    let mut steps = Vec::new();
    each(connection, &sql, &since.as_ms(), |row| {
        steps.push(step(row)?);
        Ok(())
    })?;
    Ok(steps)
}

/// A unit's steps since it last passed.
pub(super) fn steps_since_passed(
    connection: &Connection,
    unit: UnitId,
) -> Result<Vec<CourseRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM commission_rows WHERE unit = ?1 AND id >
             (SELECT coalesce(max(id), 0) FROM commission_rows
              WHERE unit = ?1 AND kind = 'commissioned')
         ORDER BY id"
    );
    let mut steps = Vec::new();
    each(connection, &sql, &unit.to_string(), |row| {
        steps.push(step(row)?);
        Ok(())
    })?;
    Ok(steps)
}

/// Steps after one, since a moment.
pub(super) fn steps_after(
    connection: &Connection,
    id: i64,
    since: Timestamp,
) -> Result<Vec<CourseRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM commission_rows WHERE id > ?1 AND at_ms >= {} ORDER BY id",
        since.as_ms()
    );
    let mut steps = Vec::new();
    each(connection, &sql, &id, |row| {
        steps.push(step(row)?);
        Ok(())
    })?;
    Ok(steps)
}
