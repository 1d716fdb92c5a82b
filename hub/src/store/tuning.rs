//! The rows of thresholds: nights' counts, changes and verdicts, versions of units, their words,
//! pools. Nothing is ever changed.
//!
//! [`Tunings`] is a connection of its own, so that whoever moves a slider keeps no night's work
//! waiting. What follows from the rows is for [`crate::tuning`] to say.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{HeldThresholds, HomeThresholds, Likeness, NEVER, NightCounts};
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{SqliteStore, StoreError, audit, rows};
use crate::audit::{Act, AuditRow, Who};
use crate::tuning::book::Book;
use crate::tuning::evidence::Pool;
use crate::tuning::outlook::Counted;
use crate::tuning::standing::{Sent, Word};
use crate::tuning::{
    Change, ChangeId, Decision, Gone, Kind, Levels, NewChange, StoredThresholds, Verdict, place_of,
    place_word,
};
use crate::watch::StaffId;

const READING: &str = "reading thresholds";
const WRITING: &str = "writing thresholds down";
const COUNTS: &str = "reading nights' counts";

/// A night's counts on their way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCounts {
    /// What they say.
    pub counts: NightCounts,
    /// Where the unit hung when they came.
    pub home: Option<HomeId>,
    /// As signed.
    pub signed: Signed,
    /// When they came.
    pub came: Timestamp,
}

/// What somebody does about thresholds: all of it is written, with its row in the log, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
    /// What stands in the log.
    pub act: Act,
    /// Something that is proposed.
    pub change: Option<NewChange>,
    /// What becomes of that, or of an older one.
    pub decision: Option<(Option<ChangeId>, Decision)>,
    /// What is signed because of it.
    pub signed: Vec<StoredThresholds>,
}

/// The rows, in the ledger's file.
#[derive(Debug)]
pub struct Tunings {
    store: SqliteStore,
}

impl Tunings {
    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let store = SqliteStore::open(path)?;
        Ok(Self { store })
    }

    /// The same, to read and nothing else.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let store = SqliteStore::open_to_read(path)?;
        Ok(Self { store })
    }

    /// The ledger by the same connection: what is read of it within [`Self::in_one`] is of one
    /// piece with what is read and written here.
    #[must_use]
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// Reads, checks and writes in one piece: nobody else writes meanwhile, and where `act` fails
    /// nothing of it was written.
    ///
    /// # Errors
    ///
    /// As `act`; or the store is busy for too long, or cannot be written.
    pub fn in_one<T, E: From<StoreError>>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.execute("BEGIN IMMEDIATE")?;
        let ended = act(self).and_then(|done| {
            self.execute("COMMIT")?;
            Ok(done)
        });
        if ended.is_err() && !self.store.connection.is_autocommit() {
            // What failed is what is told; a connection that is dropped rolls back too.
            if let Err(error) = self.execute("ROLLBACK") {
                tracing::warn!(error = &error as &dyn std::error::Error, "rolling back");
            }
        }
        ended
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        let done = self.store.connection.execute_batch(sql);
        done.map_err(doing(WRITING))
    }

    /// Writes in one piece, or in that of whoever began one.
    fn write<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        match self.store.connection.is_autocommit() {
            true => self.in_one(|it| write(&it.store.connection).map_err(doing(WRITING))),
            false => write(&self.store.connection).map_err(doing(WRITING)),
        }
    }

    /// Every change.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn book(&self) -> Result<Book, StoreError> {
        book(&self.store.connection)
    }

    /// The newest thresholds of each unit.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn newest(&self) -> Result<Sent, StoreError> {
        newest(&self.store.connection)
    }

    /// What each unit last said that it holds.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn words(&self) -> Result<BTreeMap<UnitId, Word>, StoreError> {
        words(&self.store.connection)
    }

    /// The counts of nights since a date, as the units signed them.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn counts_since(&self, since: Date) -> Result<Vec<Counted>, StoreError> {
        let sql = "SELECT body, home FROM counts WHERE night >= ?1 ORDER BY unit, night";
        let mut counts = Vec::new();
        each(&self.store.connection, sql, &since.to_string(), |row| {
            let body = rows::text(row, 0, COUNTS)?;
            let night = serde_json::from_str(&body);
            let home: Option<String> = row.get(1).map_err(doing(COUNTS))?;
            let home = home.map(|home| {
                let read = home.parse();
                read.map_err(|_error| rows::unreadable(COUNTS, &home))
            });
            counts.push(Counted {
                night: night.map_err(|_error| rows::unreadable(COUNTS, &body))?,
                home: home.transpose()?,
            });
            Ok(())
        })?;
        Ok(counts)
    }

    /// The newest pool.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn pool(&self) -> Result<Option<Pool>, StoreError> {
        let sql = "SELECT pool, one_in, body, at_ms, made_by FROM pools
                   WHERE ?1 = ?1 ORDER BY pool DESC LIMIT 1";
        let mut found = None;
        each(&self.store.connection, sql, &"", |row| {
            found = Some(Pool {
                number: row.get(0).map_err(doing(READING))?,
                one_in: row.get(1).map_err(doing(READING))?,
                body: rows::text(row, 2, READING)?,
                at: rows::moment(row, 3, READING)?,
                by: rows::parsed(row, 4, READING)?,
            });
            Ok(())
        })?;
        Ok(found)
    }

    /// The number of the newest pool.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn pool_number(&self) -> Result<Option<i64>, StoreError> {
        self.store
            .connection
            .query_row("SELECT max(pool) FROM pools", [], |row| row.get(0))
            .map_err(doing(READING))
    }

    /// Keeps a pool as the newest, and why it does not go on from the one before, if it does not;
    /// returns its number.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn add_pool(
        &mut self,
        (at, by): (Timestamp, &StaffId),
        (one_in, anew): (u32, &str),
        body: &str,
    ) -> Result<i64, StoreError> {
        self.write(|connection| {
            connection.execute(
                "INSERT INTO pools (one_in, body, at_ms, made_by, anew)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![one_in, body, at.as_ms(), by.to_string(), anew],
            )?;
            let number = connection.last_insert_rowid();
            let row = AuditRow::new(at, by.clone(), Act::PoolTaken);
            let detail = match anew {
                "" => format!("pool {number}"),
                _ => format!("pool {number} anew"),
            };
            audit::append(connection, &row.detail(detail))?;
            Ok(number)
        })
    }

    /// Writes down what somebody does; returns the change's number, if it made one.
    ///
    /// # Errors
    ///
    /// Nothing was written: the store cannot be, or it was decided already.
    pub fn record(&mut self, deed: &Deed) -> Result<Option<ChangeId>, StoreError> {
        self.write(|connection| write_deed(connection, deed))
    }

    /// Writes down what was signed though nobody did anything now, each with its row in the log: a
    /// home was enrolled or moved, or a key changed.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn sign(&mut self, signed: &[StoredThresholds]) -> Result<(), StoreError> {
        self.write(|connection| {
            let mut each = signed.iter();
            each.try_for_each(|stored| write_settled(connection, stored))
        })
    }
}

fn write_deed(transaction: &Connection, deed: &Deed) -> rusqlite::Result<Option<ChangeId>> {
    let mut made = None;
    let mut detail = String::new();
    if let Some(new) = &deed.change {
        made = Some(write_change(transaction, new, (deed.at, &deed.by))?);
        let levels = new.levels.map_or("-".to_owned(), |levels| {
            format!("{}/{}", levels.visible, levels.not_visible)
        });
        let gone = match new.gone {
            Gone::AsBefore => "",
            Gone::Anew => " gone through anew",
        };
        detail = format!(" {} {levels}{gone}", place_word(&new.place));
    }
    let about = deed.decision.and_then(|(id, _)| id).or(made);
    if let (Some((_, decision)), Some(id)) = (deed.decision, about) {
        transaction.execute(
            "INSERT INTO threshold_verdicts (change, verdict, at_ms, made_by) VALUES (?1, ?2, ?3, ?4)",
            params![id.0, decision.word(), deed.at.as_ms(), deed.by.to_string()],
        )?;
    }
    for stored in &deed.signed {
        write_stored(transaction, stored)?;
    }
    let number = about.map_or_else(String::new, |id| format!("change {id}"));
    let row = AuditRow::new(deed.at, deed.by.clone(), deed.act);
    audit::append(transaction, &row.detail(number + &detail))?;
    Ok(made)
}

fn write_change(
    transaction: &Connection,
    new: &NewChange,
    (at, by): (Timestamp, &StaffId),
) -> rusqlite::Result<ChangeId> {
    let undoes = match new.kind {
        Kind::Set => None,
        Kind::Rollback(id) => Some(id.0),
    };
    transaction.execute(
        "INSERT INTO threshold_changes
             (place, visible, not_visible, undoes, why, at_ms, made_by, anew)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            place_word(&new.place),
            new.levels.map(|levels| levels.visible),
            new.levels.map(|levels| levels.not_visible),
            undoes,
            new.why,
            at.as_ms(),
            by.to_string(),
            u8::from(new.gone == Gone::Anew),
        ],
    )?;
    Ok(ChangeId(transaction.last_insert_rowid()))
}

fn write_stored(transaction: &Connection, stored: &StoredThresholds) -> rusqlite::Result<()> {
    transaction
        .execute(
            "INSERT INTO thresholds VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                stored.thresholds.unit.to_string(),
                stored.thresholds.version,
                stored.epoch,
                stored.signed.body,
                stored.signed.signature,
                stored.made.as_ms(),
            ],
        )
        .map(drop)
}

/// What follows from no decision: nobody's row in the log names it, so it has one of its own.
fn write_settled(transaction: &Connection, stored: &StoredThresholds) -> rusqlite::Result<()> {
    write_stored(transaction, stored)?;
    let HomeThresholds {
        unit,
        version,
        visible,
        not_visible,
        ..
    } = stored.thresholds;
    let row = AuditRow::new(stored.made, Who::Hub, Act::ThresholdsSigned);
    let detail = format!("unit {unit} version {version} {visible}/{not_visible}");
    audit::append(transaction, &row.detail(detail)).map(drop)
}

fn change(row: &Row<'_>) -> Result<Change, StoreError> {
    let number =
        |column| -> Result<Option<i64>, StoreError> { row.get(column).map_err(doing(READING)) };
    let level =
        |column| -> Result<Option<u8>, StoreError> { row.get(column).map_err(doing(READING)) };
    let place = rows::text(row, 1, READING)?;
    let verdict: Option<String> = row.get(8).map_err(doing(READING))?;
    let verdict = verdict.map(|word| verdict_of(row, &word)).transpose()?;
    let levels = level(2)?.zip(level(3)?);
    Ok(Change {
        id: ChangeId(row.get(0).map_err(doing(READING))?),
        place: place_of(&place).ok_or_else(|| rows::unreadable(READING, &place))?,
        levels: levels.map(|(visible, not_visible)| Levels {
            visible,
            not_visible,
        }),
        kind: number(4)?.map_or(Kind::Set, |id| Kind::Rollback(ChangeId(id))),
        gone: match number(12)? {
            Some(1) => Gone::Anew,
            Some(_) | None => Gone::AsBefore,
        },
        why: rows::text(row, 5, READING)?,
        at: rows::moment(row, 6, READING)?,
        by: rows::parsed(row, 7, READING)?,
        verdict,
    })
}

fn verdict_of(row: &Row<'_>, word: &str) -> Result<Verdict, StoreError> {
    let decision = Decision::from_word(word);
    Ok(Verdict {
        decision: decision.ok_or_else(|| rows::unreadable(READING, word))?,
        at: rows::moment(row, 9, READING)?,
        by: rows::parsed(row, 10, READING)?,
        turn: row.get(11).map_err(doing(READING))?,
    })
}

/// Every change.
pub(super) fn book(connection: &Connection) -> Result<Book, StoreError> {
    let sql = "SELECT threshold_changes.change, place, visible, not_visible, undoes, why,
                      threshold_changes.at_ms, threshold_changes.made_by, verdict,
                      threshold_verdicts.at_ms, threshold_verdicts.made_by,
                      threshold_verdicts.turn, threshold_changes.anew
               FROM threshold_changes LEFT JOIN threshold_verdicts USING (change)
               WHERE ?1 = ?1 ORDER BY threshold_changes.change";
    let mut changes = Vec::new();
    each(connection, sql, &"", |row| {
        changes.push(change(row)?);
        Ok(())
    })?;
    Ok(Book::new(changes))
}

/// The newest thresholds of each unit.
pub(super) fn newest(connection: &Connection) -> Result<Sent, StoreError> {
    let sql = "SELECT unit, body, signature, epoch, made_ms FROM thresholds JOIN
               (SELECT unit, max(version) AS version FROM thresholds GROUP BY unit)
               USING (unit, version) WHERE ?1 = ?1";
    let mut sent = Sent::new();
    each(connection, sql, &"", |row| {
        let unit: UnitId = rows::parsed(row, 0, READING)?;
        let signed = Signed {
            body: rows::text(row, 1, READING)?,
            signature: rows::text(row, 2, READING)?,
        };
        let thresholds: HomeThresholds = serde_json::from_str(&signed.body)
            .map_err(|_error| rows::unreadable(READING, &unit.to_string()))?;
        let stored = StoredThresholds {
            thresholds,
            signed,
            epoch: row.get(3).map_err(doing(READING))?,
            made: rows::moment(row, 4, READING)?,
        };
        sent.insert(unit, stored);
        Ok(())
    })?;
    Ok(sent)
}

/// What each unit last said that it holds.
pub(super) fn words(connection: &Connection) -> Result<BTreeMap<UnitId, Word>, StoreError> {
    let sql = "SELECT unit, version, at_ms, visible, not_visible, anew, home
               FROM threshold_words WHERE ?1 = ?1 ORDER BY word";
    let mut words = BTreeMap::new();
    each(connection, sql, &"", |row| {
        let home = rows::text(row, 6, READING)?;
        let held = HeldThresholds {
            version: row.get(1).map_err(doing(READING))?,
            visible: row.get(3).map_err(doing(READING))?,
            not_visible: row.get(4).map_err(doing(READING))?,
            anew: row.get(5).map_err(doing(READING))?,
            home: likeness_of(&home).ok_or_else(|| rows::unreadable(READING, &home))?,
        };
        let at = rows::moment(row, 2, READING)?;
        let word = Word { held, at };
        words.insert(rows::parsed(row, 0, READING)?, word);
        Ok(())
    })?;
    Ok(words)
}

/// The counts of a unit's night that are held already.
pub(super) fn counts(
    connection: &Connection,
    unit: UnitId,
    night: Date,
) -> Result<Option<Signed>, StoreError> {
    let doing = doing(COUNTS);
    connection
        .prepare_cached("SELECT body, signature FROM counts WHERE unit = ?1 AND night = ?2")
        .map_err(&doing)?
        .query_row(params![unit.to_string(), night.to_string()], |row| {
            Ok(Signed {
                body: row.get(0)?,
                signature: row.get(1)?,
            })
        })
        .optional()
        .map_err(&doing)
}

/// Nights' counts, of which none is held.
pub(super) fn write_counts(
    transaction: &Transaction<'_>,
    counts: &[NewCounts],
) -> rusqlite::Result<()> {
    for new in counts {
        transaction.execute(
            "INSERT INTO counts (unit, night, body, signature, came_ms, home)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                new.counts.unit.to_string(),
                new.counts.night.to_string(),
                new.signed.body,
                new.signed.signature,
                new.came.as_ms(),
                new.home.map(|home| home.to_string()),
            ],
        )?;
    }
    Ok(())
}

fn likeness_word(home: Likeness) -> &'static str {
    match home {
        Likeness::Alike => "alike",
        Likeness::Changed => "changed",
    }
}

fn likeness_of(word: &str) -> Option<Likeness> {
    let mut all = [Likeness::Alike, Likeness::Changed].into_iter();
    all.find(|home| likeness_word(*home) == word)
}

/// What units say that they hold, where that is otherwise than before.
pub(super) fn write_words(
    transaction: &Transaction<'_>,
    words: &[(UnitId, Word)],
) -> rusqlite::Result<()> {
    for (unit, word) in words {
        transaction.execute(
            "INSERT INTO threshold_words (unit, version, at_ms, visible, not_visible, anew, home)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                unit.to_string(),
                word.held.version,
                word.at.as_ms(),
                word.held.visible.filter(|level| *level <= NEVER),
                word.held.not_visible.filter(|level| *level <= NEVER),
                word.held.anew,
                likeness_word(word.held.home),
            ],
        )?;
    }
    Ok(())
}
