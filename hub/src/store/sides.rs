//! Who sleeps in which place, and trials that showed that sensor mode does not suit a home: rows
//! that are only added to. What follows from them is for [`crate::commission`] to say.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use nattsyn_protocol::commission::{Ask, Order, PlaceDigest};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{CheckId, HomeId, UnitId};
use nattsyn_protocol::thresholds::NightCounts;

use super::saved::each;
use super::sqlite::doing;
use super::{Courses, StoreError, Written, audit, commission, rows};
use crate::audit::{Act, AuditRow, Who};
use crate::commission::sides::{Sides, SidesSaid};
use crate::commission::suited::{Share, TRIAL_DAYS_MAX, TrialNight, Unsuited, night_of_trial};
use crate::commission::{CourseRow, Step};

const READING: &str = "reading who sleeps where";
const WRITING: &str = "writing down who sleeps where";
const TRIAL: &str = "reading a trial's nights";

/// Places that a unit passed with, in the order of their numbers.
pub type PassedPlaces = Vec<Vec<[f32; 2]>>;

impl Courses {
    /// What was said last of who sleeps where under a unit, if anything was.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn sides(&self, unit: UnitId) -> Result<Option<SidesSaid>, StoreError> {
        let sql = "SELECT unit, body, made_by, at_ms FROM commission_sides WHERE unit = ?1
                   ORDER BY side";
        let mut said = None;
        each(self.connection(), sql, &unit.to_string(), |row| {
            let body = rows::text(row, 1, READING)?;
            said = Some(SidesSaid {
                unit,
                sides: sides_of(&body)?,
                by: rows::parsed(row, 2, READING)?,
                at: rows::moment(row, 3, READING)?,
            });
            Ok(())
        })?;
        Ok(said)
    }

    /// The places that a unit passed with, as its technician drew them; none where they are not the
    /// ones that it says that it holds, as after another hub commissioned it.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn passed_places(
        &self,
        unit: UnitId,
        held: &[PlaceDigest],
    ) -> Result<Option<PassedPlaces>, StoreError> {
        let doing = doing(READING);
        let body: Option<String> = self
            .connection()
            .query_row(
                "SELECT body FROM commission_rows WHERE unit = ?1 AND kind = 'order' AND id <
                     (SELECT max(id) FROM commission_rows WHERE unit = ?1 AND kind = 'commissioned')
                 ORDER BY id DESC LIMIT 1",
                [unit.to_string()],
                |row| row.get(0),
            )
            .optional()
            .map_err(&doing)?;
        let Some(body) = body else { return Ok(None) };
        let order: Order =
            serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
        let of = |place: &Vec<[f32; 2]>| PlaceDigest::of(std::slice::from_ref(place));
        let is_held = order.ask == Ask::Conclude && order.places.iter().map(of).eq(held.to_vec());
        Ok(is_held.then_some(order.places))
    }

    /// Writes down who sleeps where together with its row in the log, and that the places are the
    /// residents' where that was not so yet: if `after` is still the unit's last step.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn say_sides(
        &mut self,
        after: i64,
        said: &SidesSaid,
        (agreed, logged): (Option<CourseRow>, &[AuditRow]),
    ) -> Result<Written, StoreError> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection_mut().transaction_with_behavior(behavior);
        let transaction = transaction.map_err(doing(WRITING))?;
        let body = serde_json::to_string(&said.sides).expect("ids and digests have a JSON form");
        let write = || {
            if commission::last_step(&transaction, said.unit)? != after {
                return Ok(Written::SomebodyElseWas);
            }
            for row in logged {
                audit::append(&transaction, row)?;
            }
            transaction.execute(
                "INSERT INTO commission_sides (unit, body, made_by, at_ms) VALUES (?1, ?2, ?3, ?4)",
                params![
                    said.unit.to_string(),
                    body,
                    said.by.to_string(),
                    said.at.as_ms(),
                ],
            )?;
            if let Some(step) = &agreed {
                debug_assert_eq!(step.step, Step::Agreed);
                commission::write_step(&transaction, step)?;
            }
            Ok(Written::Yes)
        };
        let written = write().map_err(doing(WRITING))?;
        transaction.commit().map_err(doing(WRITING))?;
        Ok(written)
    }
}

fn sides_of(body: &str) -> Result<Sides, StoreError> {
    serde_json::from_str(body).map_err(|_error| rows::unreadable(READING, body))
}

/// The newest that was said of who sleeps where, by unit.
pub(super) fn sides(connection: &Connection) -> Result<BTreeMap<UnitId, Sides>, StoreError> {
    let sql = "SELECT unit, body FROM commission_sides WHERE ?1 = ?1 AND side IN
               (SELECT max(side) FROM commission_sides GROUP BY unit)";
    let mut sides = BTreeMap::new();
    each(connection, sql, &"", |row| {
        let body = rows::text(row, 1, READING)?;
        sides.insert(rows::parsed(row, 0, READING)?, sides_of(&body)?);
        Ok(())
    })?;
    Ok(sides)
}

/// The newest trial of each unit that showed that sensor mode does not suit.
pub(super) fn unsuited(connection: &Connection) -> Result<BTreeMap<UnitId, Unsuited>, StoreError> {
    let sql = "SELECT unit, version, nights, checks, unclear, at_ms FROM commission_unsuited
               WHERE ?1 = ?1 ORDER BY refusal";
    let mut found = BTreeMap::new();
    each(connection, sql, &"", |row| {
        let number = |column: usize| row.get::<_, u32>(column).map_err(doing(TRIAL));
        let unit: UnitId = rows::parsed(row, 0, TRIAL)?;
        let share = Share {
            nights: number(2)?,
            checks: number(3)?,
            unclear: number(4)?,
        };
        let unsuited = Unsuited {
            unit,
            version: number(1)?,
            share,
            at: rows::moment(row, 5, TRIAL)?,
        };
        found.insert(unit, unsuited);
        Ok(())
    })?;
    Ok(found)
}

/// Writes down that sensor mode does not suit a home, with its row in the log. Once for each
/// commissioning; said again it changes nothing.
pub(super) fn refuse(connection: &mut Connection, unsuited: &Unsuited) -> Result<(), StoreError> {
    let doing = doing("writing down that sensor mode does not suit");
    let transaction = connection.transaction().map_err(&doing)?;
    let Share {
        nights,
        checks,
        unclear,
    } = unsuited.share;
    let write = || {
        let written = transaction.execute(
            "INSERT INTO commission_unsuited (unit, version, nights, checks, unclear, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![
                unsuited.unit.to_string(),
                unsuited.version,
                nights,
                checks,
                unclear,
                unsuited.at.as_ms(),
            ],
        )?;
        if written > 0 {
            let row = AuditRow::new(unsuited.at, Who::Hub, Act::SensorUnsuited);
            let detail = format!("{} {unclear}/{checks} {nights} nights", unsuited.unit);
            commission::append_about_home(&transaction, unsuited.unit, &row.detail(detail))?;
        }
        Ok(())
    };
    write().map_err(&doing)?;
    transaction.commit().map_err(&doing)
}

/// The nights of a unit's trial in a home: those that began after `passed`, in their order.
pub(super) fn trial(
    connection: &Connection,
    (unit, home): (UnitId, HomeId),
    passed: Date,
) -> Result<Vec<TrialNight>, StoreError> {
    let last = passed.checked_add(TRIAL_DAYS_MAX.days());
    let last = last.unwrap_or(Date::MAX);
    let blind = blind(connection, unit, (passed, last))?;
    let sql = "SELECT body, night FROM counts WHERE unit = ?1 AND (home IS NULL OR home = ?2)
               AND night > ?3 AND night <= ?4 ORDER BY night";
    let doing = doing(TRIAL);
    let mut query = connection.prepare_cached(sql).map_err(&doing)?;
    let given = params![
        unit.to_string(),
        home.to_string(),
        passed.to_string(),
        last.to_string(),
    ];
    let mut found = query.query(given).map_err(&doing)?;
    let mut nights = Vec::new();
    while let Some(row) = found.next().map_err(&doing)? {
        let body = rows::text(row, 0, TRIAL)?;
        let counts: Result<NightCounts, _> = serde_json::from_str(&body);
        let counts = counts.map_err(|_error| rows::unreadable(TRIAL, &body))?;
        let unseen = blind.get(&counts.night).copied().unwrap_or_default();
        nights.extend(night_of_trial(&counts, unseen));
    }
    Ok(nights)
}

/// How many checks of each night had looks and none that was fit to judge by: counts of a night do
/// not tell these from unclear ones.
fn blind(
    connection: &Connection,
    unit: UnitId,
    (after, last): (Date, Date),
) -> Result<BTreeMap<Date, u32>, StoreError> {
    let sql =
        "SELECT check_id, finding FROM reports WHERE unit = ?1 AND substr(check_id, 10, 8) > ?2
               AND substr(check_id, 10, 8) <= ?3";
    let night = |date: Date| date.strftime("%Y%m%d").to_string();
    let doing = doing(TRIAL);
    let mut query = connection.prepare_cached(sql).map_err(&doing)?;
    let given = params![unit.to_string(), night(after), night(last)];
    let mut found = query.query(given).map_err(&doing)?;
    let mut was_fit: BTreeMap<CheckId, bool> = BTreeMap::new();
    while let Some(row) = found.next().map_err(&doing)? {
        let check: CheckId = rows::parsed(row, 0, TRIAL)?;
        let is_fit = match Finding::from(rows::text(row, 1, TRIAL)?) {
            Finding::Visible | Finding::NotVisible | Finding::Unclear(_) => true,
            Finding::Technical(_) | Finding::Paused => false,
        };
        *was_fit.entry(check).or_default() |= is_fit;
    }
    let mut blind = BTreeMap::new();
    for (check, _) in was_fit.into_iter().filter(|(_, is_fit)| !is_fit) {
        *blind.entry(check.night).or_default() += 1;
    }
    Ok(blind)
}
