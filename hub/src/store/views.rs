//! Live views: who asked to see, what came of it and what they saw, as rows that are only added to.
//!
//! A connection of its own, as for sessions. Every call that writes returns when it is on the
//! disk. There is no picture in here and no room for one.

use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;
use rusqlite::{Connection, Row, params};

use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{SqliteStore, StoreError, rows};
use crate::live::book::{Asked, Book, BookError, Over, Restored, Step, Unanswered, ViewId};
use crate::watch::StaffId;

const READING: &str = "reading live views";
const WRITING: &str = "writing a live view down";

/// How far back views count towards a night's most: a night is at most 25 hours long.
const COUNTED: Duration = Duration::from_secs(2 * 25 * 3600);

/// The table of live views, in the ledger's file.
#[derive(Debug)]
pub struct Views {
    connection: Connection,
}

/// One view as it is written, for people: the ledger, and the resident's own extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRecord {
    /// Which.
    pub id: ViewId,
    /// What it was about, and who asked.
    pub asked: Asked,
    /// When they asked.
    pub at: Timestamp,
    /// When the lamp was lit; `None` if no picture was shown.
    pub opened: Option<Timestamp>,
    /// When and how it ended; `None` while it goes on.
    pub over: Option<(Timestamp, Over)>,
    /// What was said to have been seen, by whom and when: the word of the row's outcome.
    pub answered: Option<(Timestamp, StaffId, String)>,
}

impl ViewRecord {
    /// How long pictures were shown, as the eye measured it; otherwise as the hub did.
    #[must_use]
    pub fn shown_for(&self) -> Option<Duration> {
        let opened = self.opened?;
        let (ended, over) = self.over?;
        Some(match over {
            Over::Ended { lit_ms, .. } => Duration::from_millis(lit_ms.into()),
            Over::Refused(_)
            | Over::NoAnswer
            | Over::NotSigned
            | Over::NotAgreed
            | Over::Lost
            | Over::NotWritten
            | Over::HubRestarted => ended.since(opened),
        })
    }
}

impl Views {
    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(path)?.connection;
        Ok(Self { connection })
    }

    /// Writes down that somebody asks to see.
    ///
    /// # Errors
    ///
    /// It is not written.
    pub fn begin(&mut self, at: Timestamp, asked: &Asked) -> Result<ViewId, StoreError> {
        let row = params![
            asked.row,
            asked.check.to_string(),
            asked.check.resident.to_string(),
            asked.unit.to_string(),
            asked.by.to_string(),
            at.as_ms()
        ];
        self.connection
            .execute(
                "INSERT INTO views (exception, check_id, resident, unit, staff, asked_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                row,
            )
            .map_err(doing(WRITING))?;
        Ok(ViewId(self.connection.last_insert_rowid()))
    }

    /// Writes a step down.
    ///
    /// # Errors
    ///
    /// It is not written.
    pub fn step(
        &mut self,
        at: Timestamp,
        (view, asked): (ViewId, &Asked),
        step: &Step,
    ) -> Result<(), StoreError> {
        let (event, what, staff) = match step {
            Step::Challenged(look) => ("challenged", Some(look.to_string()), None),
            Step::Granted(_) => ("granted", None, Some(asked.by.to_string())),
            Step::Opened => ("opened", None, None),
            Step::Over(over) => ("over", Some(over.word()), None),
            Step::Answered(word) => ("answered", Some(word.clone()), Some(asked.by.to_string())),
        };
        let (frames, lit_ms) = match step {
            Step::Over(Over::Ended { frames, lit_ms, .. }) => (Some(*frames), Some(*lit_ms)),
            Step::Challenged(_)
            | Step::Granted(_)
            | Step::Opened
            | Step::Over(_)
            | Step::Answered(_) => (None, None),
        };
        // A unit's own count, so it may say anything; the column holds what a view can have.
        let frames = frames.map(|frames| i64::try_from(frames).unwrap_or(i64::MAX));
        self.connection
            .execute(
                "INSERT INTO view_events (view, event, what, staff, frames, lit_ms, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![view.0, event, what, staff, frames, lit_ms, at.as_ms()],
            )
            .map_err(doing(WRITING))
            .map(drop)
    }

    /// Ends what was under way when the hub ended, and reads what is left.
    ///
    /// # Errors
    ///
    /// It cannot be read or written.
    pub fn restore(&mut self, at: Timestamp) -> Result<Restored, StoreError> {
        let running = "views.view NOT IN (SELECT view FROM view_events WHERE event = 'over')
             AND ?1 > 0";
        let cut = read(&self.connection, running, &at.as_ms())?;
        self.connection
            .execute(
                "INSERT INTO view_events (view, event, what, at_ms)
                 SELECT view, 'over', 'hub_restarted', ?1 FROM views WHERE view NOT IN
                     (SELECT view FROM view_events WHERE event = 'over')",
                [at.as_ms()],
            )
            .map_err(doing(WRITING))?;
        let since = at.before(COUNTED).as_ms();
        let cut = cut.into_iter().map(|record| (record.asked, record.opened));
        let mut left = Restored {
            cut: cut.collect(),
            ..Restored::default()
        };
        for record in read(&self.connection, "views.asked_ms >= ?1", &since)? {
            let Some(opened) = record.opened else {
                continue;
            };
            left.opened
                .push((record.asked.unit, record.asked.check.night));
            if record.answered.is_none() {
                left.unanswered.push(Unanswered {
                    view: record.id,
                    asked: record.asked,
                    opened,
                });
            }
        }
        Ok(left)
    }

    /// Every view of a resident, oldest first: for their extract.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn of_resident(&self, resident: ResidentId) -> Result<Vec<ViewRecord>, StoreError> {
        read(
            &self.connection,
            "views.resident = ?1",
            &resident.to_string(),
        )
    }

    /// Every view of a night's checks, oldest first: for the ledger.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn of_night(&self, night: Date) -> Result<Vec<ViewRecord>, StoreError> {
        let night = format!("%.{}.%", night.strftime("%Y%m%d"));
        read(&self.connection, "views.check_id LIKE ?1", &night)
    }
}

impl Book for Views {
    fn begin(&mut self, at: Timestamp, asked: &Asked) -> Result<ViewId, BookError> {
        Ok(Self::begin(self, at, asked)?)
    }

    fn step(
        &mut self,
        at: Timestamp,
        view: (ViewId, &Asked),
        step: &Step,
    ) -> Result<(), BookError> {
        Ok(Self::step(self, at, view, step)?)
    }

    fn restore(&mut self, at: Timestamp) -> Result<Restored, BookError> {
        Ok(Self::restore(self, at)?)
    }
}

fn read(
    connection: &Connection,
    which: &str,
    key: &dyn rusqlite::ToSql,
) -> Result<Vec<ViewRecord>, StoreError> {
    let sql = format!(
        "SELECT views.view, exception, check_id, unit, views.staff, asked_ms,
                opened.at_ms, over.at_ms, over.what, over.frames, over.lit_ms,
                answered.at_ms, answered.staff, answered.what
         FROM views
         LEFT JOIN view_events opened ON opened.view = views.view AND opened.event = 'opened'
         LEFT JOIN view_events over ON over.view = views.view AND over.event = 'over'
         LEFT JOIN view_events answered
             ON answered.view = views.view AND answered.event = 'answered'
         WHERE {which} GROUP BY views.view ORDER BY views.view"
    );
    let mut records = Vec::new();
    each(connection, &sql, key, |row| {
        records.push(record(row)?);
        Ok(())
    })?;
    Ok(records)
}

fn record(row: &Row<'_>) -> Result<ViewRecord, StoreError> {
    let check: CheckId = rows::parsed(row, 2, READING)?;
    let unit: UnitId = rows::parsed(row, 3, READING)?;
    let over = match moment(row, 7)? {
        None => None,
        Some(at) => {
            let word = rows::text(row, 8, READING)?;
            let frames: Option<i64> = row.get(9).map_err(doing(READING))?;
            let lit_ms: Option<u32> = row.get(10).map_err(doing(READING))?;
            let frames = frames.and_then(|frames| u64::try_from(frames).ok());
            let over = Over::from_word(
                &word,
                frames.unwrap_or_default(),
                lit_ms.unwrap_or_default(),
            );
            Some((at, over))
        }
    };
    let answered = match moment(row, 11)? {
        None => None,
        Some(at) => Some((
            at,
            rows::parsed(row, 12, READING)?,
            rows::text(row, 13, READING)?,
        )),
    };
    let asked = moment(row, 5)?.ok_or_else(|| rows::unreadable(READING, "a moment"))?;
    Ok(ViewRecord {
        id: ViewId(row.get(0).map_err(doing(READING))?),
        asked: Asked {
            row: row.get(1).map_err(doing(READING))?,
            check,
            unit,
            by: rows::parsed(row, 4, READING)?,
        },
        at: asked,
        opened: moment(row, 6)?,
        over,
        answered,
    })
}

fn moment(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, StoreError> {
    let ms: Option<i64> = row.get(column).map_err(doing(READING))?;
    let read = |ms| Timestamp::from_ms(ms).map_err(|_error| rows::unreadable(READING, "a moment"));
    ms.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::live::{End, Refusal};

    use super::*;

    fn asked(row: i64) -> Asked {
        Asked {
            row,
            check: "r0000001.20261121.1".parse().unwrap(),
            unit: "u0000001".parse().unwrap(),
            by: "natt-001".parse().unwrap(),
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_795_000_000_000 + ms).unwrap()
    }

    fn views() -> (tempfile::TempDir, Views) {
        let folder = tempfile::tempdir().unwrap();
        let views = Views::open(&folder.path().join("ledger.sqlite")).unwrap();
        (folder, views)
    }

    #[test]
    fn a_view_is_written_step_by_step_and_reads_back_for_its_resident() {
        let (_folder, mut views) = views();
        let asked = asked(7);
        let id = views.begin(at(0), &asked).unwrap();
        let over = Over::Ended {
            why: End::Operator,
            frames: 41,
            lit_ms: 12_345,
        };
        let steps = [
            Step::Challenged(200),
            Step::Opened,
            Step::Over(over),
            Step::Answered("seen".to_owned()),
        ];
        for (ms, step) in (1..).zip(&steps) {
            views.step(at(ms), (id, &asked), step).unwrap();
        }
        let resident = asked.check.resident;
        let found = views.of_resident(resident).unwrap();
        let expected = ViewRecord {
            id,
            asked: asked.clone(),
            at: at(0),
            opened: Some(at(2)),
            over: Some((at(3), over)),
            answered: Some((at(4), asked.by.clone(), "seen".to_owned())),
        };
        assert_eq!(found, std::slice::from_ref(&expected));
        assert_eq!(expected.shown_for(), Some(Duration::from_millis(12_345)));
        assert_eq!(views.of_night(asked.check.night).unwrap(), found);
        let other = "r0000002".parse().unwrap();
        assert_eq!(views.of_resident(other).unwrap(), []);
    }

    #[test]
    fn what_was_under_way_when_the_hub_ended_is_over_and_what_was_shown_waits_for_its_answer() {
        let (_folder, mut views) = views();
        let (shown, asked_only) = (asked(7), asked(8));
        let open = views.begin(at(0), &shown).unwrap();
        views.step(at(1), (open, &shown), &Step::Opened).unwrap();
        let other = views.begin(at(2), &asked_only).unwrap();
        let left = views.restore(at(10)).unwrap();
        assert_eq!(left.opened, [(shown.unit, shown.check.night)]);
        let unanswered: Vec<ViewId> = left.unanswered.iter().map(|view| view.view).collect();
        assert_eq!(unanswered, [open]);
        let records = views.of_resident(shown.check.resident).unwrap();
        let overs: Vec<_> = records.iter().map(|record| record.over).collect();
        assert_eq!(overs, [Some((at(10), Over::HubRestarted)); 2]);
        assert_eq!(records[1].id, other);
        assert_eq!(left.cut, [(shown.clone(), Some(at(1))), (asked_only, None)]);
        let again = views.restore(at(20)).unwrap();
        assert_eq!((again.unanswered, again.cut), (left.unanswered, vec![]));
    }

    #[test]
    fn what_was_written_of_a_view_can_be_neither_changed_nor_deleted() {
        let (_folder, mut views) = views();
        let asked = asked(7);
        let id = views.begin(at(0), &asked).unwrap();
        let step = Step::Over(Over::Refused(Refusal::NowClear));
        views.step(at(1), (id, &asked), &step).unwrap();
        for sql in [
            "UPDATE views SET staff = 'natt-002'",
            "DELETE FROM views",
            "UPDATE view_events SET what = 'lost'",
            "DELETE FROM view_events",
        ] {
            assert!(views.connection.execute(sql, []).is_err(), "{sql}");
        }
    }

    #[test]
    fn every_end_reads_back_as_itself() {
        let ended = Over::Ended {
            why: End::Switch,
            frames: 3,
            lit_ms: 900,
        };
        for over in [
            Over::Refused(Refusal::TooManyViews),
            ended,
            Over::NoAnswer,
            Over::NotSigned,
            Over::Lost,
            Over::NotWritten,
            Over::HubRestarted,
        ] {
            assert_eq!(Over::from_word(&over.word(), 3, 900), over);
        }
    }
}
