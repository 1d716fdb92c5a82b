//! Units as things: rows that are only added to. Which step may follow which, and who is let in, is
//! for [`crate::units`] to say; that nothing comes between asking and writing is settled here.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use nattsyn_protocol::enrolment::Package;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::certificates::{Certificate, add_certificate};
use super::saved::each;
use super::sqlite::doing;
use super::{SqliteStore, StoreError, audit, rows};
use crate::audit::{Act, AuditRow, Who};
use crate::units::{Deed, Illegal, Inventory, Stage, Step, Unit, after};

const READING: &str = "reading the units";
const WRITING: &str = "writing down a unit";

/// The units' rows, over a connection of their own.
#[derive(Debug)]
pub struct Units {
    pub(super) connection: Connection,
}

/// A code by which a unit may be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// The hash of its token.
    pub hash: String,
    /// Which unit it is for.
    pub unit: UnitId,
    /// Who made it.
    pub by: Who,
    /// When.
    pub at: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
}

/// How a unit was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Which unit.
    pub unit: UnitId,
    /// By which code.
    pub hash: String,
    /// Its eye's key.
    pub eye: PublicKey,
    /// Which package it has.
    pub package: Package,
    /// Of which version.
    pub version: String,
    /// What its voice asked for: the request, PEM.
    pub csr: String,
    /// When.
    pub at: Timestamp,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// It is out of order.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// The code has been used.
    #[error("the code has been used")]
    CodeUsed,
    /// Another unit was let in with this eye's key.
    #[error("another unit was let in with this eye's key")]
    EyeKnown,
    /// There has been a certificate for this key.
    #[error("there has been a certificate for this key")]
    KeyKnown,
    /// It cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for UnitError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Store(doing(WRITING)(source))
    }
}

impl Units {
    /// The units in a ledger.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open(ledger: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(ledger)?.into();
        Ok(Self { connection })
    }

    /// Every unit, by its id.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn all(&self) -> Result<Vec<Unit>, StoreError> {
        let sql = "SELECT DISTINCT unit FROM unit_steps WHERE ?1 = ?1 ORDER BY unit";
        let mut ids = Vec::new();
        each(&self.connection, sql, &"", |row| {
            ids.push(rows::parsed::<UnitId>(row, 0, READING)?);
            Ok(())
        })?;
        let found: Result<Vec<_>, _> = ids.into_iter().map(|id| self.unit(id)).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The keys of the eyes that were let in, by unit.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn known(&self) -> Result<BTreeMap<UnitId, PublicKey>, StoreError> {
        let sql = "SELECT unit, eye FROM unit_enrolments WHERE ?1 = ?1";
        let mut known = BTreeMap::new();
        each(&self.connection, sql, &"", |row| {
            let unit = rows::parsed(row, 0, READING)?;
            known.insert(unit, rows::public_key(row, 1, READING)?);
            Ok(())
        })?;
        Ok(known)
    }

    /// One unit; `None` if nobody took it into stock.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn unit(&self, id: UnitId) -> Result<Option<Unit>, StoreError> {
        let steps = self.steps(id)?;
        let Some(stage) = stage_of(&steps) else {
            return Ok(None);
        };
        let last = steps.last().cloned();
        Ok(last.map(|last| -> Result<Unit, StoreError> {
            Ok(Unit {
                id,
                stage,
                home: steps.iter().rev().find_map(|step| step.home),
                last,
                eye: self.enrolment(id)?.map(|it| it.eye),
                inventory: self.inventory(id)?,
                until: self.newest(id)?.map(|it| it.until),
            })
        }))
        .and_then(Option::transpose)
    }

    /// A unit's life, from its beginning.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn steps(&self, id: UnitId) -> Result<Vec<Step>, StoreError> {
        steps(&self.connection, id)
    }

    fn inventory(&self, id: UnitId) -> Result<Inventory, StoreError> {
        let sql = "SELECT body FROM unit_inventory WHERE unit = ?1 ORDER BY row DESC LIMIT 1";
        let mut found = Inventory::default();
        each(&self.connection, sql, &id.to_string(), |row| {
            let body = rows::text(row, 0, READING)?;
            found =
                serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
            Ok(())
        })?;
        Ok(found)
    }

    /// How a unit was let in.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn enrolment(&self, id: UnitId) -> Result<Option<Enrolment>, StoreError> {
        let sql = "SELECT unit, hash, eye, package, version, csr, at_ms FROM unit_enrolments
                   WHERE unit = ?1";
        let mut found = None;
        each(&self.connection, sql, &id.to_string(), |row| {
            found = Some(enrolment(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The code with this hash.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn code(&self, hash: &str) -> Result<Option<CodeRow>, StoreError> {
        let sql = "SELECT hash, unit, made_by, at_ms, until_ms FROM unit_codes WHERE hash = ?1";
        let mut found = None;
        each(&self.connection, sql, &hash, |row| {
            found = Some(CodeRow {
                hash: rows::text(row, 0, READING)?,
                unit: rows::parsed(row, 1, READING)?,
                by: rows::parsed(row, 2, READING)?,
                at: rows::moment(row, 3, READING)?,
                until: rows::moment(row, 4, READING)?,
            });
            Ok(())
        })?;
        Ok(found)
    }

    /// Takes a unit into stock.
    ///
    /// # Errors
    ///
    /// There is one of this id, or it cannot be written.
    pub fn add(&mut self, first: &Step, inventory: &Inventory) -> Result<(), UnitError> {
        self.writing(|transaction| {
            step(transaction, first)?;
            keep(transaction, first, inventory)
        })
    }

    /// Writes down what a unit is; what stood there before stays readable.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn describe(
        &mut self,
        (unit, by, at): (UnitId, &Who, Timestamp),
        inventory: &Inventory,
    ) -> Result<(), UnitError> {
        let as_of = Step {
            unit,
            deed: Deed::Added,
            home: None,
            note: String::new(),
            by: by.clone(),
            at,
        };
        self.writing(|transaction| keep(transaction, &as_of, inventory))
    }

    /// Writes down a code. Those of the unit that were made before are good no more.
    ///
    /// # Errors
    ///
    /// The unit is not one that can be let in, or it cannot be written.
    pub fn add_code(&mut self, code: &CodeRow) -> Result<(), UnitError> {
        self.writing(|transaction| {
            after(stage_of(&steps(transaction, code.unit)?), Deed::Enrolled)?;
            transaction.execute(
                "INSERT INTO unit_codes (hash, unit, made_by, at_ms, until_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    code.hash,
                    code.unit.to_string(),
                    code.by.to_string(),
                    code.at.as_ms(),
                    code.until.as_ms()
                ],
            )?;
            log(
                transaction,
                (code.at, &code.by),
                Act::UnitCodeMade,
                code.unit.to_string(),
            )
        })
    }

    /// The unit's newest code.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn newest_code(&self, unit: UnitId) -> Result<Option<CodeRow>, StoreError> {
        let hash: Option<String> = self
            .connection
            .query_row(
                "SELECT hash FROM unit_codes WHERE unit = ?1 ORDER BY rowid DESC LIMIT 1",
                [unit.to_string()],
                |row| row.get(0),
            )
            .optional()
            .map_err(doing(READING))?;
        match hash {
            Some(hash) => self.code(&hash),
            None => Ok(None),
        }
    }

    /// Lets a unit in.
    ///
    /// # Errors
    ///
    /// The code was used, the unit or one of its keys is known already, or it cannot be written.
    pub fn enrol(&mut self, new: &Enrolment, first: &Certificate) -> Result<(), UnitError> {
        let enrolled = Step {
            unit: new.unit,
            deed: Deed::Enrolled,
            home: None,
            note: format!("{} {}", package_word(new.package), new.version),
            by: Who::Hub,
            at: new.at,
        };
        self.writing(|transaction| {
            let used = "SELECT 1 FROM unit_enrolments WHERE hash = ?1";
            if transaction.prepare(used)?.exists([&new.hash])? {
                return Err(UnitError::CodeUsed);
            }
            let known = "SELECT 1 FROM unit_enrolments WHERE eye = ?1
                         UNION ALL SELECT 1 FROM units WHERE eye = ?1";
            if transaction.prepare(known)?.exists([new.eye.to_string()])? {
                return Err(UnitError::EyeKnown);
            }
            step(transaction, &enrolled)?;
            transaction.execute(
                "INSERT INTO unit_enrolments (unit, hash, eye, package, version, csr, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    new.unit.to_string(),
                    new.hash,
                    new.eye.to_string(),
                    package_word(new.package),
                    new.version,
                    new.csr,
                    new.at.as_ms()
                ],
            )?;
            add_certificate(transaction, first)
        })
    }

    /// Does a step. A unit that is removed has no certificate from then on that holds.
    ///
    /// # Errors
    ///
    /// It is out of order, or cannot be written.
    pub fn step(&mut self, next: &Step) -> Result<(), UnitError> {
        self.writing(|transaction| {
            step(transaction, next)?;
            if next.deed == Deed::Removed {
                transaction.execute(
                    "INSERT INTO unit_denials (serial, why, made_by, at_ms)
                     SELECT serial, 'removed', ?2, ?3 FROM unit_certificates WHERE unit = ?1
                     ON CONFLICT DO NOTHING",
                    params![next.unit.to_string(), next.by.to_string(), next.at.as_ms()],
                )?;
            }
            Ok(())
        })
    }

    /// Writes down what was refused.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn refused(&mut self, at: Timestamp, what: &str) -> Result<(), UnitError> {
        self.writing(|transaction| {
            log(
                transaction,
                (at, &Who::Unknown),
                Act::UnitRefused,
                what.to_owned(),
            )
        })
    }

    pub(super) fn writing<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, UnitError>,
    ) -> Result<T, UnitError> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        let written = write(&transaction)?;
        transaction.commit()?;
        Ok(written)
    }
}

pub(super) fn steps(connection: &Connection, id: UnitId) -> Result<Vec<Step>, StoreError> {
    let sql = "SELECT unit, kind, home, note, made_by, at_ms FROM unit_steps WHERE unit = ?1
               ORDER BY step";
    let mut steps = Vec::new();
    each(connection, sql, &id.to_string(), |row| {
        let word = rows::text(row, 1, READING)?;
        let home: Option<String> = row.get(2).map_err(doing(READING))?;
        let home = home.map(|id| id.parse().map_err(|_error| rows::unreadable(READING, &id)));
        steps.push(Step {
            unit: rows::parsed(row, 0, READING)?,
            deed: Deed::from_word(&word).ok_or_else(|| rows::unreadable(READING, &word))?,
            home: home.transpose()?,
            note: rows::text(row, 3, READING)?,
            by: rows::parsed(row, 4, READING)?,
            at: rows::moment(row, 5, READING)?,
        });
        Ok(())
    })?;
    Ok(steps)
}

/// Where steps lead. One that was out of order when it was written is passed over.
pub(super) fn stage_of(steps: &[Step]) -> Option<Stage> {
    steps
        .iter()
        .fold(None, |stage, step| after(stage, step.deed).ok().or(stage))
}

fn step(transaction: &Transaction<'_>, next: &Step) -> Result<(), UnitError> {
    after(stage_of(&steps(transaction, next.unit)?), next.deed)?;
    transaction.execute(
        "INSERT INTO unit_steps (unit, kind, home, note, made_by, at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            next.unit.to_string(),
            next.deed.word(),
            next.home.map(|home| home.to_string()),
            next.note,
            next.by.to_string(),
            next.at.as_ms()
        ],
    )?;
    let what = format!("{} {} {}", next.unit, next.deed.word(), next.note);
    log(transaction, (next.at, &next.by), Act::UnitStep, what)
}

fn keep(
    transaction: &Transaction<'_>,
    as_of: &Step,
    inventory: &Inventory,
) -> Result<(), UnitError> {
    let body = serde_json::to_string(inventory).expect("texts have a JSON form");
    let (unit, by, at) = (
        as_of.unit.to_string(),
        as_of.by.to_string(),
        as_of.at.as_ms(),
    );
    transaction.execute(
        "INSERT INTO unit_inventory (unit, body, made_by, at_ms) VALUES (?1, ?2, ?3, ?4)",
        params![unit, body, by, at],
    )?;
    log(transaction, (as_of.at, &as_of.by), Act::UnitKept, unit)
}

pub(super) fn log(
    transaction: &Transaction<'_>,
    (at, by): (Timestamp, &Who),
    act: Act,
    what: String,
) -> Result<(), UnitError> {
    let row = AuditRow::new(at, by.clone(), act).detail(what.trim().to_owned());
    audit::append(transaction, &row)?;
    Ok(())
}

fn enrolment(row: &Row<'_>) -> Result<Enrolment, StoreError> {
    let word = rows::text(row, 3, READING)?;
    Ok(Enrolment {
        unit: rows::parsed(row, 0, READING)?,
        hash: rows::text(row, 1, READING)?,
        eye: rows::public_key(row, 2, READING)?,
        package: package_of(&word).ok_or_else(|| rows::unreadable(READING, &word))?,
        version: rows::text(row, 4, READING)?,
        csr: rows::text(row, 5, READING)?,
        at: rows::moment(row, 6, READING)?,
    })
}

fn package_word(package: Package) -> &'static str {
    match package {
        Package::LiveView => "live_view",
        Package::Sensor => "sensor",
    }
}

fn package_of(word: &str) -> Option<Package> {
    [Package::LiveView, Package::Sensor]
        .into_iter()
        .find(|package| package_word(*package) == word)
}
