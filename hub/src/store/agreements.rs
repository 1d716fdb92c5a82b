//! The rows of agreements: what was agreed, who is away, who will not be looked at again.
//!
//! All of [`Entries`] is written or nothing of it. Nothing is ever changed: a new version, a new
//! word, an ending are rows of their own.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::{add_plan, doing, enrol_home};
use super::{StoreError, StoredPlan, consent, exchange, rows};
use crate::agreement::{
    Absence, Agreed, Away, Book, Confirmed, Ended, Ending, NewAbsence, Origin, Word, file,
};
use crate::commission::gate::Paper;
use crate::consent::{Consents, Entry, StoredPolicy};
use crate::roster::Home;
use crate::view::Arrangement;

const READING: &str = "reading agreements";

/// What belongs together: all of it is written, or none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    /// The homes that are enrolled from now on, all of them; `None` leaves them as they are.
    pub homes: Option<Vec<Home>>,
    /// New versions of agreements.
    pub agreements: Vec<Agreed>,
    /// New absences.
    pub absences: Vec<NewAbsence>,
    /// Words on absences that are held.
    pub words: Vec<Word>,
    /// Residents who will not be looked at again. Their names leave the list.
    pub endings: Vec<(ResidentId, Ended)>,
    /// New plan versions.
    pub plans: Vec<StoredPlan>,
    /// What was said of consents, in order.
    pub consents: Vec<Entry>,
    /// New policies.
    pub policies: Vec<StoredPolicy>,
    /// Units that are on paper from now on.
    pub papers: Vec<Paper>,
}

pub(super) fn write(
    transaction: &Transaction<'_>,
    entries: &Entries,
    now: Timestamp,
) -> rusqlite::Result<()> {
    if let Some(homes) = &entries.homes {
        let served = exchange::served(transaction)?;
        for table in ["homes", "units", "residents"] {
            let sql = format!("UPDATE {table} SET left_ms = ?1 WHERE left_ms IS NULL");
            transaction.execute(&sql, [now.as_ms()])?;
        }
        for (place, home) in homes.iter().enumerate() {
            let exchange = exchange::exchange(transaction, home, (&served, now))?;
            enrol_home(transaction, place, home)?;
            if let Some(exchange) = exchange {
                exchange::end(transaction, &exchange)?;
            }
        }
    }
    for agreed in &entries.agreements {
        write_agreement(transaction, agreed)?;
    }
    for absence in &entries.absences {
        write_absence(transaction, absence)?;
    }
    for word in &entries.words {
        let (absence, event, said) = match word {
            Word::Confirmed(absence, said) => (absence, "confirmed", said),
            Word::Ended(absence, said) => (absence, "ended", said),
        };
        transaction.execute(
            "INSERT INTO absence_events (absence, event, at_ms, made_by) VALUES (?1, ?2, ?3, ?4)",
            params![absence, event, said.at.as_ms(), said.by],
        )?;
    }
    for (resident, ended) in &entries.endings {
        write_ending(transaction, *resident, ended)?;
    }
    for stored in &entries.plans {
        add_plan(transaction, stored)?;
    }
    Ok(())
}

fn write_agreement(transaction: &Transaction<'_>, agreed: &Agreed) -> rusqlite::Result<()> {
    let origin = match agreed.origin {
        Origin::Enrolment => "enrolment",
        Origin::Import => "import",
    };
    transaction
        .execute(
            "INSERT INTO agreements VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                agreed.agreement.resident.to_string(),
                agreed.version,
                agreed.made.as_ms(),
                agreed.by,
                origin,
                file::to_body(&agreed.agreement),
            ],
        )
        .map(drop)
}

fn write_absence(transaction: &Transaction<'_>, absence: &NewAbsence) -> rusqlite::Result<()> {
    let why = match absence.why {
        Away::Away => "away",
        Away::Skip => "skip",
    };
    transaction
        .execute(
            "INSERT INTO absences (resident, why, first_night, last_night, made_ms, made_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                absence.resident.to_string(),
                why,
                absence.first.to_string(),
                absence.last.map(|last| last.to_string()),
                absence.said.at.as_ms(),
                absence.said.by,
            ],
        )
        .map(drop)
}

fn write_ending(
    transaction: &Transaction<'_>,
    resident: ResidentId,
    ended: &Ended,
) -> rusqlite::Result<()> {
    let why = match ended.why {
        Ending::Died => "died",
        Ending::Ended => "ended",
    };
    transaction.execute(
        "INSERT INTO endings VALUES (?1, ?2, ?3, ?4)",
        params![resident.to_string(), why, ended.at.as_ms(), ended.by],
    )?;
    transaction
        .execute(
            "UPDATE residents SET left_ms = ?2 WHERE resident = ?1 AND left_ms IS NULL",
            params![resident.to_string(), ended.at.as_ms()],
        )
        .map(drop)
}

pub(super) fn book(connection: &Connection) -> Result<Book, StoreError> {
    read(connection, "?1 = ?1", "", consent::consents(connection)?)
}

/// What was agreed with one resident, and what became of it.
pub(super) fn book_of(connection: &Connection, resident: ResidentId) -> Result<Book, StoreError> {
    let consents = consent::consents_of(connection, resident)?;
    read(connection, "resident = ?1", &resident.to_string(), consents)
}

fn read(
    connection: &Connection,
    which: &str,
    key: &str,
    consents: Consents,
) -> Result<Book, StoreError> {
    let mut agreements = Vec::new();
    let sql =
        format!("SELECT body, version, made_ms, made_by, origin FROM agreements WHERE {which}");
    each(connection, &sql, &key, |row| {
        agreements.push(agreed(row)?);
        Ok(())
    })?;
    let mut absences: BTreeMap<i64, Absence> = BTreeMap::new();
    let sql = format!(
        "SELECT absence, resident, why, first_night, last_night, made_ms, made_by
         FROM absences WHERE {which}"
    );
    each(connection, &sql, &key, |row| {
        let absence = absence(row)?;
        absences.insert(absence.id, absence);
        Ok(())
    })?;
    let sql = format!(
        "SELECT absence, event, absence_events.at_ms, absence_events.made_by
         FROM absence_events JOIN absences USING (absence) WHERE {which} ORDER BY id"
    );
    each(connection, &sql, &key, |row| {
        let id: i64 = row.get(0).map_err(doing(READING))?;
        match absences.get_mut(&id) {
            Some(absence) => hear(absence, row),
            None => Err(rows::unreadable(READING, &id.to_string())),
        }
    })?;
    let mut endings = Vec::new();
    let sql = format!("SELECT resident, why, at_ms, made_by FROM endings WHERE {which}");
    each(connection, &sql, &key, |row| {
        endings.push((rows::parsed(row, 0, READING)?, ended(row)?));
        Ok(())
    })?;
    let absences = absences.into_values().collect();
    Ok(Book::new(agreements, absences, endings).with_consents(consents))
}

/// What was agreed with a resident at a moment for when somebody is needed.
pub(super) fn agreed_at(
    connection: &Connection,
    resident: ResidentId,
    at: Timestamp,
) -> Result<Option<Arrangement>, StoreError> {
    let mut query = connection
        .prepare_cached(
            "SELECT body FROM agreements WHERE resident = ?1 AND made_ms <= ?2
             ORDER BY version DESC LIMIT 1",
        )
        .map_err(doing(READING))?;
    let found: Option<String> = query
        .query_row(params![resident.to_string(), at.as_ms()], |row| row.get(0))
        .optional()
        .map_err(doing(READING))?;
    let Some(body) = found else {
        return Ok(None);
    };
    let agreement = file::of_body(&body).ok_or_else(|| rows::unreadable(READING, &body))?;
    Ok(Some(Arrangement::of(&agreement)))
}

fn agreed(row: &Row<'_>) -> Result<Agreed, StoreError> {
    let body: String = row.get(0).map_err(doing(READING))?;
    let origin: String = row.get(4).map_err(doing(READING))?;
    Ok(Agreed {
        agreement: file::of_body(&body).ok_or_else(|| rows::unreadable(READING, &body))?,
        version: row.get(1).map_err(doing(READING))?,
        made: rows::moment(row, 2, READING)?,
        by: row.get(3).map_err(doing(READING))?,
        origin: match origin.as_str() {
            "enrolment" => Origin::Enrolment,
            "import" => Origin::Import,
            other => return Err(rows::unreadable(READING, other)),
        },
    })
}

fn absence(row: &Row<'_>) -> Result<Absence, StoreError> {
    let why: String = row.get(2).map_err(doing(READING))?;
    let last: Option<String> = row.get(4).map_err(doing(READING))?;
    let last: Option<Date> = match last {
        Some(last) => Some(
            last.parse()
                .map_err(|_error| rows::unreadable(READING, &last))?,
        ),
        None => None,
    };
    Ok(Absence {
        id: row.get(0).map_err(doing(READING))?,
        resident: rows::parsed(row, 1, READING)?,
        why: match why.as_str() {
            "away" => Away::Away,
            "skip" => Away::Skip,
            other => return Err(rows::unreadable(READING, other)),
        },
        first: rows::parsed(row, 3, READING)?,
        last,
        made: rows::moment(row, 5, READING)?,
        by: row.get(6).map_err(doing(READING))?,
        confirmed: Vec::new(),
        ended: None,
    })
}

/// Takes a later word in. The first end stands.
fn hear(absence: &mut Absence, row: &Row<'_>) -> Result<(), StoreError> {
    let event: String = row.get(1).map_err(doing(READING))?;
    let said = Confirmed {
        at: rows::moment(row, 2, READING)?,
        by: row.get(3).map_err(doing(READING))?,
    };
    match event.as_str() {
        "confirmed" => absence.confirmed.push(said),
        "ended" => {
            absence.ended.get_or_insert(said);
        }
        other => return Err(rows::unreadable(READING, other)),
    }
    Ok(())
}

fn ended(row: &Row<'_>) -> Result<Ended, StoreError> {
    let why: String = row.get(1).map_err(doing(READING))?;
    Ok(Ended {
        why: match why.as_str() {
            "died" => Ending::Died,
            "ended" => Ending::Ended,
            other => return Err(rows::unreadable(READING, other)),
        },
        at: rows::moment(row, 2, READING)?,
        by: row.get(3).map_err(doing(READING))?,
    })
}
