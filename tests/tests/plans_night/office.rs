//! A hub whose people are enrolled, its desk and its time, and what is asked of its ledger.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, date};

use nattsyn_hub::agreement::Away;
use nattsyn_hub::agreement::edit::{self, Run};
use nattsyn_hub::agreement::file::{Format, read};
use nattsyn_hub::enrolment::{EXAMPLE, Homes, enrol};
use nattsyn_hub::ingest::Drops;
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::nights;
use nattsyn_hub::service::{Charge, Desk};
use nattsyn_hub::store::{SqliteStore, Store as _};
use nattsyn_hub::view::ledger::{Account, Balance, Line};
use nattsyn_hub::view::{Cause, Reality, Tonight};
use nattsyn_hub::watch::situation::Situation;
use nattsyn_hub::watch::{Moment, Subject};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{Timestamp, Uptime};

pub(crate) const ZONE: &str = "Europe/Stockholm";
/// The first night, a Saturday. The example's windows open at 23:00 and 03:00 for Astrid.
pub(crate) const NIGHT: Date = date(2026, 11, 21);

/// A hub's folder, its desk, and the time.
pub(crate) struct Hub {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) keys: HubKeys,
    pub(crate) endorsement: Signed,
    pub(crate) desk: Option<Desk>,
    pub(crate) now: Timestamp,
}

/// Hours and minutes after the noon at which the first night begins.
pub(crate) fn at(hours: i64, minutes: i64) -> Timestamp {
    let noon = nights::noon(NIGHT, ZONE).unwrap();
    Timestamp::from_ms(noon.as_ms() + (hours * 60 + minutes) * 60_000).unwrap()
}

pub(crate) fn astrid() -> ResidentId {
    "r0000001".parse().unwrap()
}

pub(crate) fn homes() -> Homes {
    Homes::parse(
        EXAMPLE,
        Path::new("homes.toml"),
        &nattsyn_hub::enrolment::Known::new(),
    )
    .unwrap()
}

pub(crate) fn without_astrid() -> Homes {
    let mut homes = homes();
    homes.homes.remove(0);
    homes.plans.retain(|plan| plan.resident != astrid());
    homes
}

impl Hub {
    /// Enrolled two days before, and not running.
    pub(crate) fn enrolled() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = HubKeys::draw(folder.path()).unwrap();
        let endorsement = endorse(&demonstration::root_key(), key, 1);
        HubKeys::keep(folder.path(), &demonstration::root(), &endorsement).unwrap();
        let mut hub = Self {
            keys: HubKeys::open(folder.path()).unwrap(),
            folder,
            endorsement,
            desk: None,
            now: at(-48, 0),
        };
        hub.enrol(&homes());
        hub
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.ledger()).unwrap()
    }

    pub(crate) fn enrol(&mut self, homes: &Homes) {
        // As from the first: a paper is no longer than that.
        let homes = homes.clone().on_paper(at(-48, 0));
        enrol(&mut self.store(), &homes, &self.keys, self.now).unwrap();
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment {
            uptime: Uptime(self.now.since(at(-72, 0))),
            timestamp: self.now,
        }
    }

    pub(crate) fn start(&mut self) {
        let charge = Charge {
            zone: ZONE.to_owned(),
            reality: Reality::Homes,
            endorsement: self.endorsement.clone(),
        };
        let store = Box::new(self.store());
        let drops = Arc::new(Drops::default());
        self.desk = Some(Desk::open(self.moment(), charge, store, drops).unwrap());
    }

    /// Lets time pass; a hub that runs looks at it every half minute.
    pub(crate) fn until(&mut self, then: Timestamp) -> &mut Self {
        while self.now < then {
            self.now = self.now.after(Duration::from_secs(30)).min(then);
            let now = self.moment();
            if let Some(desk) = &mut self.desk {
                desk.pass(now).unwrap();
            }
        }
        self
    }

    pub(crate) fn office(&self) -> (SqliteStore, edit::Desk<'_>) {
        let desk = edit::Desk {
            keys: &self.keys,
            zone: ZONE,
            now: self.now,
            by: "dag-003",
        };
        (self.store(), desk)
    }

    pub(crate) fn import(&self, csv: &str) -> edit::Imported {
        let (mut store, desk) = self.office();
        let read = read(csv, Format::Csv).unwrap();
        desk.import(&mut store, &read, Run::Real).unwrap()
    }

    pub(crate) fn away(&self, why: Away, first: Date, last: Option<Date>) {
        let (mut store, desk) = self.office();
        desk.away(&mut store, astrid(), why, (first, last)).unwrap();
    }

    pub(crate) fn back(&self) {
        let (mut store, desk) = self.office();
        desk.back(&mut store, astrid()).unwrap();
    }

    pub(crate) fn tonight(&self) -> Tonight {
        self.desk.as_ref().unwrap().tonight(self.moment())
    }

    /// What stands open about Astrid's checks.
    pub(crate) fn asked(&self) -> Vec<String> {
        let tonight = self.tonight();
        let own = tonight.open.iter();
        let own = own.filter(|row| row.person.resident == astrid());
        own.filter(|row| row.cause != Cause::Silent || !row.checks.is_empty())
            .map(|row| row.cause.to_string())
            .collect()
    }

    /// What stands about Astrid and about no check.
    pub(crate) fn pointed_out(&self) -> Vec<Situation> {
        let subject = Subject::Resident(astrid());
        let tonight = self.tonight();
        let own = tonight.matters.iter().filter(|row| row.subject == subject);
        own.map(|row| row.situation).collect()
    }

    /// Astrid's lines of a night; the whole night must balance.
    pub(crate) fn lines(&self, night: Date) -> Vec<Line> {
        let account = self.store().account(night).unwrap();
        let balance = Balance::of(&account, self.now);
        assert!(balance.holds(), "{balance:?}");
        let mut lines = account.lines;
        lines.retain(|line| line.id.resident == astrid());
        lines
    }

    pub(crate) fn accounts(&self, night: Date) -> Vec<(u8, Account)> {
        let account = |line: &Line| (line.id.window.0, line.account(self.now));
        self.lines(night).iter().map(account).collect()
    }
}
