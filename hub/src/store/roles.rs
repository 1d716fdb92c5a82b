//! Roles, training, keys and rosters: rows that are only added to, each with its row in the log,
//! in one piece.
//!
//! It judges nothing of what somebody may do.

use std::path::Path;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use nattsyn_protocol::assertion::{Base64, Operator};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{SqliteStore, StoreError, audit, rows};
use crate::audit::{Act, AuditRow};
use crate::staff::rights::{Held, Key, Person, RosterLine, Standing, Training};
use crate::staff::{Member, Role, RosterError};
use crate::watch::StaffId;

const READING: &str = "reading who may do what";
const WRITING: &str = "writing down who may do what";

/// A role's row counts only if it is the latest of that role and person.
const HELD: &str = "SELECT role, at_ms FROM staff_roles AS latest WHERE staff = ?1
     AND event <> 'taken' AND entry = (
         SELECT max(entry) FROM staff_roles WHERE staff = latest.staff AND role = latest.role
     ) ORDER BY entry";

/// Somebody who has not left. A demonstration's own worker is nobody's row and counts as there.
const HERE: &str = "NOT EXISTS (
         SELECT 1 FROM staff WHERE staff.staff = staff_keys.staff AND pin IS NULL AND entry = (
             SELECT max(entry) FROM staff AS last WHERE last.staff = staff_keys.staff))";

const KEY: &str = "SELECT entry, staff, credential, public_key, host, origin, at_ms FROM staff_keys
     WHERE NOT EXISTS (SELECT 1 FROM staff_key_ends WHERE staff_key_ends.entry = staff_keys.entry)";

/// Roles, training, keys and rosters, in the ledger's file.
#[derive(Debug)]
pub struct RolesFile {
    connection: Connection,
}

/// Who does something, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doer<'a> {
    pub(crate) by: &'a StaffId,
    pub(crate) at: Timestamp,
}

impl Doer<'_> {
    fn row(&self, act: Act, detail: String) -> AuditRow {
        AuditRow::new(self.at, self.by.clone(), act).detail(detail)
    }
}

/// What is done with somebody's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleEvent {
    Given,
    Confirmed,
    Taken,
}

impl RoleEvent {
    fn word(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Confirmed => "confirmed",
            Self::Taken => "taken",
        }
    }

    fn act(self) -> Act {
        match self {
            Self::Given => Act::RoleGiven,
            Self::Confirmed => Act::RoleConfirmed,
            Self::Taken => Act::RoleTaken,
        }
    }
}

impl RolesFile {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(path)?.connection;
        Ok(Self { connection })
    }

    pub(crate) fn standing(&self, staff: &StaffId) -> Result<Standing, StoreError> {
        let keys = self.keys_of(staff)?;
        let mut lines = self.lines()?;
        lines.retain(|line| {
            line.operator.id == staff.to_string()
                && keys
                    .iter()
                    .any(|key| key.credential == line.operator.credential)
        });
        Ok(Standing {
            staff: staff.clone(),
            held: held(&self.connection, staff)?,
            training: self.training(staff)?,
            keys,
            lines,
        })
    }

    /// Everybody who works here, by id.
    pub(crate) fn people(&self) -> Result<Vec<Person>, StoreError> {
        let sql = "SELECT staff, name,
                 (SELECT max(began_ms) FROM sessions WHERE sessions.staff = latest.staff)
             FROM staff AS latest WHERE pin IS NOT NULL AND entry > ?1
               AND entry = (SELECT max(entry) FROM staff WHERE staff.staff = latest.staff)
             ORDER BY staff";
        let mut found = Vec::new();
        each(&self.connection, sql, &0, |row| {
            let id: StaffId = rows::parsed(row, 0, READING)?;
            let last: Option<i64> = row.get(2).map_err(doing(READING))?;
            found.push((id, rows::text(row, 1, READING)?, last));
            Ok(())
        })?;
        let people = found.into_iter().map(|(id, name, last)| {
            Ok(Person {
                standing: self.standing(&id)?,
                member: Member { id, name },
                last_here: last.and_then(|ms| Timestamp::from_ms(ms).ok()),
            })
        });
        people.collect()
    }

    fn training(&self, staff: &StaffId) -> Result<Option<Training>, StoreError> {
        let sql = "SELECT day, made_by, at_ms FROM staff_training WHERE staff = ?1
             ORDER BY entry DESC LIMIT 1";
        let mut training = None;
        each(&self.connection, sql, &staff.to_string(), |row| {
            training = Some(Training {
                day: rows::parsed(row, 0, READING)?,
                by: rows::parsed(row, 1, READING)?,
                at: rows::moment(row, 2, READING)?,
            });
            Ok(())
        })?;
        Ok(training)
    }

    fn keys_of(&self, staff: &StaffId) -> Result<Vec<Key>, StoreError> {
        let sql = format!("{KEY} AND {HERE} AND staff = ?1 ORDER BY entry");
        let mut keys = Vec::new();
        each(&self.connection, &sql, &staff.to_string(), |row| {
            keys.push(key(row)?);
            Ok(())
        })?;
        Ok(keys)
    }

    /// Every key that stands, of those who work here.
    pub(crate) fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let sql = format!("{KEY} AND {HERE} AND entry > ?1 ORDER BY entry");
        let mut keys = Vec::new();
        each(&self.connection, &sql, &0, |row| {
            keys.push(key(row)?);
            Ok(())
        })?;
        Ok(keys)
    }

    pub(crate) fn key(&self, credential: &Base64) -> Result<Option<Key>, StoreError> {
        let sql = format!("{KEY} AND {HERE} AND credential = ?1");
        let mut found = None;
        each(&self.connection, &sql, &credential.0, |row| {
            found = Some(key(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Whether anybody ever had a key by this id.
    pub(crate) fn ever(&self, credential: &Base64) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM staff_keys WHERE credential = ?1)";
        let found = self
            .connection
            .query_row(sql, [&credential.0], |row| row.get(0));
        found.map_err(doing(READING))
    }

    /// The newest roster's number; 0 if there is none.
    pub(crate) fn roster(&self) -> Result<u32, StoreError> {
        let sql = "SELECT coalesce(max(roster), 0) FROM rosters";
        let found = self.connection.query_row(sql, [], |row| row.get(0));
        found.map_err(doing(READING))
    }

    /// The newest roster's lines.
    pub(crate) fn lines(&self) -> Result<Vec<RosterLine>, StoreError> {
        let sql = "SELECT body, signature FROM roster_lines
             WHERE roster = (SELECT max(roster) FROM rosters) AND roster > ?1 ORDER BY rowid";
        let mut lines = Vec::new();
        each(&self.connection, sql, &0, |row| {
            let signed = Signed {
                body: rows::text(row, 0, READING)?,
                signature: rows::text(row, 1, READING)?,
            };
            // Verified when it was imported, and again by the eye.
            let operator = serde_json::from_str::<Operator>(&signed.body).ok();
            let operator = operator.ok_or_else(|| rows::unreadable(READING, "a roster's line"))?;
            lines.push(RosterLine { operator, signed });
            Ok(())
        })?;
        Ok(lines)
    }

    /// Gives, confirms or takes a role, and writes it into the log.
    pub(crate) fn set_role(
        &mut self,
        (staff, role): (&StaffId, Role),
        event: RoleEvent,
        doer: Doer<'_>,
    ) -> Result<(), StoreError> {
        self.write(|transaction| write_role(transaction, (staff, role), event, doer))
    }

    /// Writes down that somebody was trained.
    pub(crate) fn train(
        &mut self,
        staff: &StaffId,
        day: jiff::civil::Date,
        doer: Doer<'_>,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO staff_training (staff, day, at_ms, made_by) VALUES (?1, ?2, ?3, ?4)",
                params![
                    staff.to_string(),
                    day.to_string(),
                    doer.at.as_ms(),
                    doer.by.to_string()
                ],
            )?;
            let row = doer.row(Act::TrainingRecorded, format!("{staff} {day}"));
            audit::append(transaction, &row).map(drop)
        })
    }

    /// Adds a key of somebody's. Refused if anybody ever had one by this id.
    pub(crate) fn add_key(
        &mut self,
        (staff, at): (&StaffId, Timestamp),
        (credential, public): (&Base64, &Base64),
        (host, origin): (&str, &str),
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO staff_keys (staff, credential, public_key, host, origin, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    staff.to_string(),
                    credential.0,
                    public.0,
                    host,
                    origin,
                    at.as_ms()
                ],
            )?;
            let entry = transaction.last_insert_rowid();
            let doer = Doer { by: staff, at };
            let row = doer.row(Act::KeyAdded, format!("{staff} key {entry}"));
            audit::append(transaction, &row).map(drop)
        })
    }

    /// Removes a key of somebody's: it signs nobody in from now on, and is in no later roster. One
    /// that is not theirs, or was removed before, stays as it is.
    pub(crate) fn remove_key(
        &mut self,
        (staff, entry): (&StaffId, i64),
        doer: Doer<'_>,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let removed = transaction.execute(
                "INSERT INTO staff_key_ends SELECT entry, ?3, ?4 FROM staff_keys
                 WHERE entry = ?1 AND staff = ?2 ON CONFLICT DO NOTHING",
                params![
                    entry,
                    staff.to_string(),
                    doer.at.as_ms(),
                    doer.by.to_string()
                ],
            )?;
            if removed == 1 {
                let row = doer.row(Act::KeyRemoved, format!("{staff} key {entry}"));
                audit::append(transaction, &row)?;
            }
            Ok(())
        })
    }

    /// Takes in a roster whose lines have been verified. Refused if it is not the next.
    pub(crate) fn take_roster(
        &mut self,
        (roster, lines): (u32, &[RosterLine]),
        doer: Doer<'_>,
    ) -> Result<(), RosterError> {
        let held = self.roster()?;
        if roster <= held {
            return Err(RosterError::NotNewer { roster, held });
        }
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO rosters VALUES (?1, ?2, ?3)",
                params![roster, doer.at.as_ms(), doer.by.to_string()],
            )?;
            for line in lines {
                transaction.execute(
                    "INSERT INTO roster_lines VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        roster,
                        line.operator.id,
                        line.operator.credential.0,
                        line.signed.body,
                        line.signed.signature
                    ],
                )?;
            }
            let detail = format!("roster {roster}, {} lines", lines.len());
            audit::append(transaction, &doer.row(Act::RosterImported, detail)).map(drop)
        })
        .map_err(RosterError::from)
    }

    /// Writes one row into the log.
    pub(crate) fn note(
        &mut self,
        act: Act,
        detail: String,
        doer: Doer<'_>,
    ) -> Result<(), StoreError> {
        self.write(|transaction| audit::append(transaction, &doer.row(act, detail)).map(drop))
    }

    fn write(
        &mut self,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(doing(WRITING))?;
        act(&transaction).map_err(doing(WRITING))?;
        transaction.commit().map_err(doing(WRITING))
    }
}

/// A role's row, and its row in the log.
pub(crate) fn write_role(
    transaction: &Transaction<'_>,
    (staff, role): (&StaffId, Role),
    event: RoleEvent,
    doer: Doer<'_>,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO staff_roles (staff, role, event, at_ms, made_by)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            staff.to_string(),
            role.word(),
            event.word(),
            doer.at.as_ms(),
            doer.by.to_string()
        ],
    )?;
    let row = doer.row(event.act(), format!("{staff} {role}"));
    audit::append(transaction, &row).map(drop)
}

/// The roles that somebody has. One that this build does not know allows nothing and is left out.
pub(crate) fn held(connection: &Connection, staff: &StaffId) -> Result<Vec<Held>, StoreError> {
    let mut held = Vec::new();
    each(connection, HELD, &staff.to_string(), |row| {
        if let Ok(role) = rows::text(row, 0, READING)?.parse() {
            let confirmed = rows::moment(row, 1, READING)?;
            held.push(Held { role, confirmed });
        }
        Ok(())
    })?;
    held.sort_by_key(|held| held.role);
    Ok(held)
}

fn key(row: &Row<'_>) -> Result<Key, StoreError> {
    Ok(Key {
        entry: row.get(0).map_err(doing(READING))?,
        staff: rows::parsed(row, 1, READING)?,
        credential: Base64(row.get(2).map_err(doing(READING))?),
        public: Base64(row.get(3).map_err(doing(READING))?),
        host: rows::text(row, 4, READING)?,
        origin: rows::text(row, 5, READING)?,
        since: rows::moment(row, 6, READING)?,
    })
}
