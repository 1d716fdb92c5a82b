//! What a killed night left behind, read without asking the product: the ledger's rows and the
//! units' outboxes, as they lie on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};
use serde::Deserialize;

use nattsyn_detector::record;
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::time::Timestamp;

use super::homes::Flat;

/// A line of a unit's outbox.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Put(Waiting),
    Gone(ReportKey),
}

#[derive(Deserialize)]
struct Waiting {
    key: ReportKey,
}

/// A report's name in the ledger: its unit's and the eye's.
pub(crate) type Name = (String, String, i64);

/// What a unit's outbox has shown so far.
///
/// A night's outbox is far smaller than what makes a voice write it anew, so that nothing
/// leaves the file; reading it often holds that up in any case.
#[derive(Default)]
pub(crate) struct Outboxes {
    pub(crate) put: BTreeSet<Name>,
    /// The unit saw the hub's own word for it.
    pub(crate) acknowledged: BTreeSet<Name>,
}

impl Outboxes {
    pub(crate) fn read(&mut self, unit: &str, folder: &Path) {
        let Ok(bytes) = std::fs::read(folder.join("state/outbox")) else {
            return;
        };
        let name = |key: ReportKey| {
            let counter = i64::try_from(key.counter).unwrap();
            (unit.to_owned(), key.boot.to_string(), counter)
        };
        for entry in record::read::<Entry>(&bytes).whole {
            match entry {
                Entry::Put(waiting) => self.put.insert(name(waiting.key)),
                Entry::Gone(key) => self.acknowledged.insert(name(key)),
            };
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.put.difference(&self.acknowledged).count()
    }
}

/// The ledger, opened to read alone.
pub(crate) struct Ledger(Connection);

/// The checks of which nothing is written by a moment: neither an outcome nor an exception that
/// stands; or more than one of these.
const UNSETTLED: &str = "
    WITH open AS (SELECT exception FROM exceptions WHERE exception NOT IN
                  (SELECT exception FROM exception_events WHERE event = 'ended')),
    waiting AS (SELECT check_id FROM exception_events JOIN open USING (exception)
                WHERE event IN ('joined', 'left') GROUP BY exception, check_id
                HAVING sum(CASE event WHEN 'joined' THEN 1 ELSE -1 END) > 0)
    SELECT check_id,
        (SELECT count(*) FROM outcomes WHERE outcomes.check_id = checks.check_id) +
        (SELECT count(*) FROM waiting WHERE waiting.check_id = checks.check_id) AS ends
    FROM checks WHERE deadline_ms < ?1 AND ends <> 1";

impl Ledger {
    pub(crate) fn open(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let ledger = Connection::open_with_flags(path, flags).unwrap();
        ledger
            .busy_timeout(std::time::Duration::from_secs(10))
            .unwrap();
        Self(ledger)
    }

    /// Checks whose deadline has passed by `now`, and how many ends are written of each, if that
    /// is not one.
    pub(crate) fn unsettled(&self, now: Timestamp) -> Vec<(String, i64)> {
        let mut query = self.0.prepare_cached(UNSETTLED).unwrap();
        let rows = query.query_map([now.as_ms()], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Planned checks without a row, and rows of checks that nobody planned.
    pub(crate) fn not_as_planned(&self, flats: &[Flat]) -> Vec<String> {
        let planned = flats.iter().flat_map(|flat| &flat.checks);
        let planned: BTreeSet<String> = planned.map(|check| check.id.to_string()).collect();
        let mut query = self.0.prepare("SELECT check_id FROM checks").unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        let rows: BTreeSet<String> = rows.map(Result::unwrap).collect();
        planned.symmetric_difference(&rows).cloned().collect()
    }

    pub(crate) fn reports(&self) -> BTreeSet<Name> {
        let mut query = self
            .0
            .prepare("SELECT unit, boot, counter FROM reports")
            .unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    pub(crate) fn count(&self, question: &str) -> i64 {
        self.0.query_row(question, [], |row| row.get(0)).unwrap()
    }

    /// Whether the database itself is whole.
    pub(crate) fn is_sound(&self) -> bool {
        let word: String = self
            .0
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        word == "ok"
    }

    /// Looks that were to be made, and how many of them were: until the person was seen, and
    /// every one where nobody was. A technical fault is no look that was made.
    pub(crate) fn looks(&self, flats: &[Flat]) -> (usize, usize) {
        let mut made: BTreeMap<String, BTreeMap<usize, String>> = BTreeMap::new();
        let mut query = self
            .0
            .prepare("SELECT check_id, look, finding FROM reports WHERE finding NOT LIKE 'tech%'")
            .unwrap();
        let mut rows = query.query(params![]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let of = made.entry(row.get(0).unwrap()).or_default();
            let finding: String = row.get(2).unwrap();
            of.insert(row.get::<_, u32>(1).unwrap() as usize, finding);
        }
        let mut sum = (0, 0);
        for check in flats.iter().flat_map(|flat| &flat.checks) {
            let looks = made.remove(&check.id.to_string()).unwrap_or_default();
            let seen = looks.iter().find(|(_, finding)| *finding == "visible");
            sum.0 += seen.map_or(check.looks.len(), |(&look, _)| look);
            sum.1 += looks.len();
        }
        sum
    }
}
