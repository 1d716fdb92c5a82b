//! What a home's own part of the evidence is made from: as what its unit is commissioned, nights
//! with labels, and what was asked for. What follows is for [`crate::tuning::own`] to say.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use nattsyn_protocol::commission::Commissioned;
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::labels::Found;
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::thresholds::NightCounts;
use nattsyn_protocol::time::Timestamp;

use super::sqlite::doing;
use super::{StoreError, Tunings, commission, labels, rows};
use crate::commission::gate::Gates;
use crate::labels::{Source, Word};
use crate::roster::Home;
use crate::tuning::own::{Asked, LabelledNight, OwnPart, Passed, own_part};

const READING: &str = "reading a home's own nights";

/// What was sent to a unit, by night: by what right and with what chance, the first of each kind.
type SentOf = BTreeMap<Date, BTreeMap<Found, (Source, u32)>>;

impl Tunings {
    /// As what units are commissioned: read once for however many homes.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn gates(&self) -> Result<Gates, StoreError> {
        commission::gates(&self.store().connection)
    }

    /// A home's own part of the evidence; `None` where its unit is not commissioned.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn own_part(&self, gates: &Gates, home: &Home) -> Result<Option<OwnPart>, StoreError> {
        let connection = &self.store().connection;
        let Some(passed) = passed(connection, gates, home.unit)? else {
            return Ok(None);
        };
        let nights = nights(connection, home)?;
        let residents: Vec<ResidentId> = home.residents.iter().map(|it| it.id).collect();
        let most_looks = most_looks(connection, &residents)?;
        Ok(Some(OwnPart {
            asked: asked(connection, home, passed.at)?,
            ..own_part(home.id, &passed, &nights, most_looks)
        }))
    }
}

/// What a unit passed as, if that is what it says and it was not refused since.
fn passed(
    connection: &Connection,
    gates: &Gates,
    unit: UnitId,
) -> Result<Option<Passed>, StoreError> {
    let sql = "SELECT body FROM commission_rows WHERE unit = ?1 AND kind = 'commissioned'
               ORDER BY id DESC LIMIT 1";
    let body = connection.query_row(sql, params![unit.to_string()], |row| row.get(0));
    let body: Option<String> = body.optional().map_err(doing(READING))?;
    let Some(body) = body.filter(|_| gates.refused(unit).is_none()) else {
        return Ok(None);
    };
    let said: Commissioned =
        serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
    let is_so = gates.held(unit) == Some(&said.held);
    Ok(is_so.then_some(Passed {
        unit,
        held: said.held,
        at: said.at_ms,
        staged: said.staged,
    }))
}

/// The nights of a home's unit that have labels, in order.
fn nights(connection: &Connection, home: &Home) -> Result<Vec<LabelledNight>, StoreError> {
    let doing = doing(READING);
    let mut sent = sent(connection, home.unit)?;
    let sql = "SELECT body FROM counts WHERE unit = ?1 AND (home = ?2 OR home IS NULL)
               AND body LIKE '%\"labelled\"%' ORDER BY night";
    let mut query = connection.prepare_cached(sql).map_err(&doing)?;
    let mut found = query
        .query(params![home.unit.to_string(), home.id.to_string()])
        .map_err(&doing)?;
    let mut nights = Vec::new();
    while let Some(row) = found.next().map_err(&doing)? {
        let body = rows::text(row, 0, READING)?;
        let counts: NightCounts =
            serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
        if let Some(evidence) = counts.evidence {
            nights.push(LabelledNight {
                night: counts.night,
                evidence,
                sent: sent.remove(&counts.night).unwrap_or_default(),
            });
        }
    }
    Ok(nights)
}

/// What went down to a unit: the last word about each check.
fn sent(connection: &Connection, unit: UnitId) -> Result<SentOf, StoreError> {
    let doing = doing(READING);
    let sql = "SELECT check_id, found, source, chance_ppm FROM labels AS it
               WHERE unit = ?1 AND body <> ''
                 AND NOT EXISTS (SELECT 1 FROM labels AS later
                                 WHERE later.check_id = it.check_id AND later.label > it.label)
               ORDER BY label";
    let mut query = connection.prepare_cached(sql).map_err(&doing)?;
    let mut found = query.query(params![unit.to_string()]).map_err(&doing)?;
    let mut sent = SentOf::new();
    while let Some(row) = found.next().map_err(&doing)? {
        let check: CheckId = rows::parsed(row, 0, READING)?;
        let word = rows::text(row, 1, READING)?;
        let source = rows::text(row, 2, READING)?;
        let chance = row.get(3).map_err(&doing)?;
        let read = Word::of_tag(&word).zip(labels::source_of(&source));
        let (word, source) = read.ok_or_else(|| rows::unreadable(READING, &word))?;
        if let Word::Found(found) = word {
            let of_night = sent.entry(check.night).or_default();
            of_night.entry(found).or_insert((source, chance));
        }
    }
    Ok(sent)
}

/// The checks of a home that came out by lot since then.
fn asked(connection: &Connection, home: &Home, since: Timestamp) -> Result<Asked, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(EXISTS (
                   SELECT 1 FROM labels WHERE labels.check_id = draws.check_id AND body <> ''
               )), 0) FROM draws
               WHERE home = ?1 AND unit = ?2 AND check_id IS NOT NULL AND at_ms >= ?3";
    let of = params![home.id.to_string(), home.unit.to_string(), since.as_ms()];
    let read = |row: &Row<'_>| {
        Ok(Asked {
            drawn: row.get(0)?,
            answered: row.get(1)?,
        })
    };
    connection.query_row(sql, of, read).map_err(doing(READING))
}

/// How many looks a check of these residents can have, by their newest plans.
fn most_looks(connection: &Connection, residents: &[ResidentId]) -> Result<u32, StoreError> {
    let sql = "SELECT body FROM plans WHERE resident = ?1 ORDER BY version DESC LIMIT 1";
    let mut most = 1;
    for resident in residents {
        let body = connection.query_row(sql, params![resident.to_string()], |row| row.get(0));
        let body: Option<String> = body.optional().map_err(doing(READING))?;
        let Some(body) = body else { continue };
        let plan: Plan =
            serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
        let for_a_while = plan.temporary.iter().flat_map(|it| &it.windows);
        let windows = plan.windows.iter().chain(for_a_while);
        let looks = windows.map(|window| plan.looks_of(window).len());
        most = looks.max().unwrap_or_default().max(most);
    }
    Ok(u32::try_from(most).unwrap_or(u32::MAX))
}
