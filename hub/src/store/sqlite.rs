//! The embedded store: one SQLite file, in write-ahead mode, synced at every commit.
//!
//! Its schema is a list of numbered files under `migrations/`; a database of a newer schema is
//! refused, an older one is brought up to date. Triggers refuse to change or delete what was
//! written in the ledger, also by hand; whoever may write the file can of course drop them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};

use nattsyn_protocol::ids::{CheckId, HomeId, UnitId};
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::{
    Basis, Batch, Entries, Holds, Store, StoreError, StoredPlan, account, agreements, basis,
    commission, consent, labels, ledger, private, rows, saved, settings, sides, tuning,
};
use crate::agreement::Book;
use crate::commission::CourseRow;
use crate::commission::gate::{Gates, Paper};
use crate::commission::sides::Sides;
use crate::commission::suited::{TrialNight, Unsuited};
use crate::consent::Policies;
use crate::labels::{Draw, Labelled};
use crate::roster::{Former, Home, Resident, Roster};
use crate::tuning::standing::{Sent, Word};
use crate::view::ledger::NightLedger;
use crate::watch::{Planned, Saved};

/// The schema, one step a file. Never edited once released, only added to.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("migrations/001_ledger.sql")),
    (2, include_str!("migrations/002_agreements.sql")),
    (3, include_str!("migrations/003_accounting.sql")),
    (4, include_str!("migrations/004_repeats.sql")),
    (5, include_str!("migrations/005_contradictions.sql")),
    (6, include_str!("migrations/006_handlings.sql")),
    (7, include_str!("migrations/007_staff.sql")),
    (8, include_str!("migrations/008_tellings.sql")),
    (9, include_str!("migrations/009_settings.sql")),
    (10, include_str!("migrations/010_subscriptions.sql")),
    (11, include_str!("migrations/011_endings.sql")),
    (12, include_str!("migrations/012_consent.sql")),
    (13, include_str!("migrations/013_audit.sql")),
    (14, include_str!("migrations/014_roles.sql")),
    (15, include_str!("migrations/015_views.sql")),
    (16, include_str!("migrations/016_resumed.sql")),
    (17, include_str!("migrations/017_thresholds.sql")),
    (18, include_str!("migrations/018_commissioning.sql")),
    (
        19,
        include_str!("migrations/019_thresholds_gone_through.sql"),
    ),
    (20, include_str!("migrations/020_refusals.sql")),
    (21, include_str!("migrations/021_sides.sql")),
    (22, include_str!("migrations/022_words.sql")),
    (23, include_str!("migrations/023_labels.sql")),
    (24, include_str!("migrations/024_pools.sql")),
    (25, include_str!("migrations/025_units.sql")),
];

/// The schema as a version left it: what an older hub's file looks like.
#[cfg(test)]
pub(crate) fn schema_of(last: i64) -> String {
    let mut sql = "CREATE TABLE schema (version INTEGER PRIMARY KEY) STRICT;".to_owned();
    for (version, step) in MIGRATIONS.iter().filter(|(version, _)| *version <= last) {
        sql.push_str(step);
        sql.push_str(&format!("INSERT INTO schema VALUES ({version});"));
    }
    sql
}

/// How long to wait for another process that writes, such as an enrolment.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// The embedded store.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) connection: Connection,
}

/// A connection of one's own to the same file, for rows that no watch needs.
impl From<SqliteStore> for Connection {
    fn from(store: SqliteStore) -> Self {
        store.connection
    }
}

/// Adds to a database's error what was being done.
pub(crate) fn doing(doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| StoreError::Database { doing, source }
}

impl SqliteStore {
    /// Opens the ledger in a file, and makes it if there is none, for its owner's eyes alone.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let cannot = |source| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        private::prepare(path);
        let mut connection = Connection::open(path).map_err(cannot)?;
        prepare(&connection).map_err(cannot)?;
        let known = MIGRATIONS.last().map_or(0, |(version, _)| *version);
        let found = migrate(&mut connection).map_err(cannot)?;
        if found > known {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        Ok(Self { connection })
    }

    /// Opens a ledger that a hub has made, to read it and nothing else: the hub need not run, and
    /// nothing is written.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags);
        let connection = connection.map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { connection })
    }
}

/// Statements kept compiled: more than there are different ones in this folder.
const STATEMENTS_MAX: usize = 64;

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Otherwise INSERT OR REPLACE would delete without asking the triggers.
    connection.pragma_update(None, "recursive_triggers", true)
}

/// Brings the schema up to date; returns its version, which may be newer than any known.
fn migrate(connection: &mut Connection) -> rusqlite::Result<i64> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction
        .execute_batch("CREATE TABLE IF NOT EXISTS schema (version INTEGER PRIMARY KEY) STRICT;")?;
    let found: i64 =
        transaction.query_row("SELECT coalesce(max(version), 0) FROM schema", [], |row| {
            row.get(0)
        })?;
    let mut version = found;
    for &(step, sql) in MIGRATIONS {
        if step > version {
            transaction.execute_batch(sql)?;
            transaction.execute("INSERT INTO schema VALUES (?1)", [step])?;
            version = step;
        }
    }
    transaction.commit()?;
    Ok(version)
}

impl Store for SqliteStore {
    fn roster(&self) -> Result<Roster, StoreError> {
        const DOING: &str = "reading who is enrolled";
        let mut homes = Vec::new();
        let mut query = self
            .connection
            .prepare_cached(
                "SELECT home, address, unit, eye FROM homes JOIN units USING (home)
                 WHERE homes.left_ms IS NULL AND units.left_ms IS NULL ORDER BY place",
            )
            .map_err(doing(DOING))?;
        let mut found = query.query([]).map_err(doing(DOING))?;
        while let Some(row) = found.next().map_err(doing(DOING))? {
            let id = rows::parsed(row, 0, DOING)?;
            homes.push(Home {
                id,
                address: row.get(1).map_err(doing(DOING))?,
                unit: rows::parsed(row, 2, DOING)?,
                eye: rows::public_key(row, 3, DOING)?,
                residents: self.residents(&id.to_string())?,
            });
        }
        Ok(Roster::new(homes).with_former(self.former()?))
    }

    fn plans(&self) -> Result<Vec<StoredPlan>, StoreError> {
        const DOING: &str = "reading plans";
        let mut query = self
            .connection
            .prepare_cached(
                "SELECT body, signature, made_ms, plans_at_once.version IS NOT NULL
                 FROM plans LEFT JOIN plans_at_once USING (resident, version)
                 ORDER BY resident, plans.version",
            )
            .map_err(doing(DOING))?;
        let mut found = query.query([]).map_err(doing(DOING))?;
        let mut plans = Vec::new();
        while let Some(row) = found.next().map_err(doing(DOING))? {
            let signed = Signed {
                body: row.get(0).map_err(doing(DOING))?,
                signature: row.get(1).map_err(doing(DOING))?,
            };
            let plan = serde_json::from_str(&signed.body).ok();
            plans.push(StoredPlan {
                plan: plan.ok_or_else(|| rows::unreadable(DOING, &signed.body))?,
                signed,
                made: rows::moment(row, 2, DOING)?,
                holds: match row.get(3).map_err(doing(DOING))? {
                    true => Holds::AtOnce,
                    false => Holds::FromNoon,
                },
            });
        }
        Ok(plans)
    }

    fn enrol(
        &mut self,
        homes: &[Home],
        plans: &[StoredPlan],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let entries = Entries {
            homes: Some(homes.to_vec()),
            plans: plans.to_vec(),
            ..Entries::default()
        };
        self.record(&entries, now)
    }

    fn book(&self) -> Result<Book, StoreError> {
        agreements::book(&self.connection)
    }

    fn record(&mut self, entries: &Entries, now: Timestamp) -> Result<(), StoreError> {
        let doing = doing("writing down what was agreed");
        let transaction = self.connection.transaction().map_err(&doing)?;
        agreements::write(&transaction, entries, now).map_err(&doing)?;
        consent::write(&transaction, &entries.consents, &entries.policies).map_err(&doing)?;
        commission::write_papers(&transaction, &entries.papers).map_err(&doing)?;
        transaction.commit().map_err(&doing)
    }

    fn policies(&self) -> Result<Policies, StoreError> {
        consent::policies(&self.connection)
    }

    fn counts(&self, unit: UnitId, night: Date) -> Result<Option<Signed>, StoreError> {
        tuning::counts(&self.connection, unit, night)
    }

    fn thresholds(&self) -> Result<(Sent, BTreeMap<UnitId, Word>), StoreError> {
        Ok((
            tuning::newest(&self.connection)?,
            tuning::words(&self.connection)?,
        ))
    }

    fn last_night(&self) -> Result<Option<Date>, StoreError> {
        const DOING: &str = "reading the last night";
        let last: Option<String> = self
            .connection
            .query_row("SELECT max(night) FROM nights", [], |row| row.get(0))
            .map_err(doing(DOING))?;
        last.map(|night| {
            night
                .parse()
                .map_err(|_error| rows::unreadable(DOING, &night))
        })
        .transpose()
    }

    fn freeze(
        &mut self,
        night: Date,
        checks: &[Planned],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let doing = doing("freezing a night's checks");
        let transaction = self.connection.transaction().map_err(&doing)?;
        let begun = transaction
            .execute(
                "INSERT INTO nights VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![night.to_string(), now.as_ms()],
            )
            .map_err(&doing)?;
        let mut added = 0;
        for planned in checks {
            let written = ledger::freeze_check(&transaction, planned).map_err(&doing)?;
            if written > 0 && begun == 0 {
                ledger::write_added(&transaction, planned.check.id, now).map_err(&doing)?;
                added += 1;
            }
        }
        // At the night's beginning what was asked for counts, and not what was written of it.
        let given: BTreeSet<CheckId> = checks.iter().map(|planned| planned.check.id).collect();
        let count = if begun > 0 { given.len() } else { added };
        if begun > 0 || count > 0 {
            ledger::write_count(&transaction, night, count, now).map_err(&doing)?;
        }
        transaction.commit().map_err(&doing)
    }

    fn saved(&self, night: Date, since: Timestamp) -> Result<Saved, StoreError> {
        saved::saved(&self.connection, night, since)
    }

    fn account(&self, night: Date) -> Result<NightLedger, StoreError> {
        account::account(&self.connection, night)
    }

    fn nights(&self) -> Result<BTreeSet<Date>, StoreError> {
        account::nights(&self.connection)
    }

    fn latest(&self) -> Result<Option<Timestamp>, StoreError> {
        account::latest(&self.connection)
    }

    fn held(&self, unit: UnitId, key: ReportKey) -> Result<Option<Signed>, StoreError> {
        let doing = doing("looking a report up");
        self.connection
            .prepare_cached(
                "SELECT body, signature FROM reports
                 WHERE unit = ?1 AND boot = ?2 AND counter = ?3",
            )
            .map_err(&doing)?
            .query_row(
                params![
                    unit.to_string(),
                    key.boot.to_string(),
                    key.counter.cast_signed()
                ],
                |row| {
                    Ok(Signed {
                        body: row.get(0)?,
                        signature: row.get(1)?,
                    })
                },
            )
            .optional()
            .map_err(&doing)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let doing = doing("writing the ledger");
        let transaction = self.connection.transaction().map_err(&doing)?;
        ledger::write(&transaction, batch).map_err(&doing)?;
        transaction.commit().map_err(&doing)
    }

    fn gates(&self) -> Result<Gates, StoreError> {
        commission::gates(&self.connection)
    }

    fn sides(&self) -> Result<BTreeMap<UnitId, Sides>, StoreError> {
        sides::sides(&self.connection)
    }

    fn trial(&self, of: (UnitId, HomeId), passed: Date) -> Result<Vec<TrialNight>, StoreError> {
        sides::trial(&self.connection, of, passed)
    }

    fn refuse_sensor(&mut self, unsuited: &Unsuited) -> Result<(), StoreError> {
        sides::refuse(&mut self.connection, unsuited)
    }

    fn before_commissioning(&self) -> Result<Vec<UnitId>, StoreError> {
        commission::before(&self.connection)
    }

    fn of_other_model(&self) -> Result<Vec<UnitId>, StoreError> {
        commission::of_other_model(&self.connection)
    }

    fn put_on_paper(&mut self, papers: &[Paper]) -> Result<(), StoreError> {
        commission::put_on_paper(&mut self.connection, papers)
    }

    fn steps_to_restore(&self, since: Timestamp) -> Result<Vec<CourseRow>, StoreError> {
        commission::steps_to_restore(&self.connection, since)
    }

    fn labelled(&self, night: Date) -> Result<Labelled, StoreError> {
        Ok(Labelled {
            drawn: labels::drawn(&self.connection, night)?,
            said: labels::said(&self.connection, night)?,
        })
    }

    fn draw(&mut self, draws: &[Draw]) -> Result<(), StoreError> {
        labels::draw(&mut self.connection, draws)
    }

    fn labels_to_send(
        &self,
        after: i64,
        night: Date,
        now: Timestamp,
    ) -> Result<(i64, Vec<(UnitId, Signed)>), StoreError> {
        labels::to_send(&self.connection, (after, night, now))
    }

    fn steps_since_passed(&self, unit: UnitId) -> Result<Vec<CourseRow>, StoreError> {
        commission::steps_since_passed(&self.connection, unit)
    }

    fn steps_after(&self, id: i64, since: Timestamp) -> Result<Vec<CourseRow>, StoreError> {
        commission::steps_after(&self.connection, id, since)
    }

    fn settings(&self) -> Result<Option<String>, StoreError> {
        Ok(settings::newest(&self.connection)?.map(|version| version.body))
    }

    fn revision(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(doing("asking whether the ledger changed"))
    }

    fn basis(&self) -> Result<Basis, StoreError> {
        basis::basis(&self.connection, self.roster()?)
    }
}

impl SqliteStore {
    /// Who left the roster, and has neither died nor had their supervision ended.
    fn former(&self) -> Result<Vec<Former>, StoreError> {
        const DOING: &str = "reading who was enrolled";
        let mut query = self
            .connection
            .prepare_cached(
                "SELECT resident, name, address FROM residents JOIN homes USING (home)
                 WHERE residents.left_ms IS NOT NULL
                   AND resident NOT IN (SELECT resident FROM endings)",
            )
            .map_err(doing(DOING))?;
        let mut found = query.query([]).map_err(doing(DOING))?;
        let mut former = Vec::new();
        while let Some(row) = found.next().map_err(doing(DOING))? {
            former.push(Former {
                resident: Resident {
                    id: rows::parsed(row, 0, DOING)?,
                    name: row.get(1).map_err(doing(DOING))?,
                },
                address: row.get(2).map_err(doing(DOING))?,
            });
        }
        Ok(former)
    }

    fn residents(&self, home: &str) -> Result<Vec<Resident>, StoreError> {
        const DOING: &str = "reading who lives where";
        let mut query = self
            .connection
            .prepare_cached(
                "SELECT resident, name FROM residents
                 WHERE home = ?1 AND left_ms IS NULL ORDER BY place",
            )
            .map_err(doing(DOING))?;
        let mut found = query.query([home]).map_err(doing(DOING))?;
        let mut residents = Vec::new();
        while let Some(row) = found.next().map_err(doing(DOING))? {
            residents.push(Resident {
                id: rows::parsed(row, 0, DOING)?,
                name: row.get(1).map_err(doing(DOING))?,
            });
        }
        Ok(residents)
    }
}

/// Adds one plan version.
pub(super) fn add_plan(transaction: &Transaction<'_>, stored: &StoredPlan) -> rusqlite::Result<()> {
    let (resident, version) = (stored.plan.resident.to_string(), stored.plan.version);
    ledger::written(
        transaction,
        "INSERT INTO plans VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            resident,
            version,
            stored.made.as_ms(),
            stored.signed.body,
            stored.signed.signature,
        ],
    )?;
    match stored.holds {
        Holds::FromNoon => Ok(()),
        Holds::AtOnce => ledger::written(
            transaction,
            "INSERT INTO plans_at_once VALUES (?1, ?2)",
            params![resident, version],
        )
        .map(drop),
    }
}

pub(super) fn enrol_home(
    transaction: &Transaction<'_>,
    place: usize,
    home: &Home,
) -> rusqlite::Result<()> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    ledger::written(
        transaction,
        "INSERT INTO homes VALUES (?1, ?2, ?3, NULL) ON CONFLICT DO UPDATE
         SET address = excluded.address, place = excluded.place, left_ms = NULL",
        params![home.id.to_string(), home.address, place],
    )?;
    ledger::written(
        transaction,
        "INSERT INTO units VALUES (?1, ?2, ?3, NULL) ON CONFLICT DO UPDATE
         SET home = excluded.home, eye = excluded.eye, left_ms = NULL",
        params![
            home.unit.to_string(),
            home.id.to_string(),
            home.eye.to_string()
        ],
    )?;
    for (place, resident) in (0i64..).zip(&home.residents) {
        ledger::written(
            transaction,
            "INSERT INTO residents VALUES (?1, ?2, ?3, ?4, NULL) ON CONFLICT DO UPDATE
             SET home = excluded.home, name = excluded.name, place = excluded.place,
                 left_ms = NULL",
            params![
                resident.id.to_string(),
                home.id.to_string(),
                resident.name,
                place
            ],
        )?;
    }
    Ok(())
}
