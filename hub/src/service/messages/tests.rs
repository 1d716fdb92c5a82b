//! The desk with a real ledger beside it: what it writes down before it answers.
//!
//! One home and one check at 23:00–23:45; seconds are counted from its opening. Brokers and
//! sockets are not here; `hub/tests/service.rs` has them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use rusqlite::Connection;

use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{BootId, WindowKey};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::schedule::{Check, checks_of};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::{ClockState, Uptime};

use super::*;
use crate::enrolment::{Homes, enrol};
use crate::ingest::Drops;
use crate::keys::{HubKeys, endorse};
use crate::roster::{Home, Resident};
use crate::service::Charge;
use crate::store::{Archive as _, SqliteArchive, SqliteStore};
use crate::view::Reality;
use crate::view::ledger::{Account, Balance, Line};
use crate::watch::How;
use crate::watch::situation::Situation;

const ZONE: &str = "Europe/Stockholm";

/// A desk at work, and the ledger that it writes.
pub(in crate::service) struct Office {
    pub(in crate::service) desk: Desk,
    pub(in crate::service) check: Check,
    unit: UnitId,
    pub(in crate::service) path: PathBuf,
    _folder: tempfile::TempDir,
}

pub(in crate::service) fn eye() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

pub(in crate::service) fn keys() -> HubKeys {
    let signing = SigningKey::from_bytes(&[9; 32]);
    let root = demonstration::root_key();
    HubKeys {
        endorsement: endorse(&root, PublicKey::of(&signing), 1),
        signing,
        root: PublicKey::of(&root),
    }
}

pub(in crate::service) fn homes() -> Homes {
    let home = Home {
        id: "h0000001".parse().unwrap(),
        address: "Exempelgatan 1".to_owned(),
        unit: "u0000001".parse().unwrap(),
        eye: PublicKey::of(&eye()),
        residents: vec![Resident {
            id: "r0000001".parse().unwrap(),
            name: "Namn 1".to_owned(),
        }],
    };
    let (from, to) = ("23:00".parse().unwrap(), "23:45".parse().unwrap());
    let plan = Plan {
        windows: vec![Window::nightly(WindowKey(1), from, to)],
        ..Plan::bare(home.residents[0].id, home.unit)
    };
    Homes {
        homes: vec![home],
        plans: vec![plan],
        ..Homes::default()
    }
}

impl Office {
    /// Ten seconds after the window opened.
    pub(in crate::service) fn open() -> Self {
        Self::of(&homes())
    }

    pub(in crate::service) fn of(homes: &Homes) -> Self {
        let night = jiff::civil::date(2026, 11, 21);
        let check = checks_of(&homes.plans[0], night).unwrap().remove(0);
        Self::enrolled(&homes.clone().on_paper(check.opens))
    }

    /// The same, with what is on paper or not as it is.
    pub(in crate::service) fn enrolled(homes: &Homes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let mut store = SqliteStore::open(&path).unwrap();
        let night = jiff::civil::date(2026, 11, 21);
        let check = checks_of(&homes.plans[0], night).unwrap().remove(0);
        let made = check.opens.before(Duration::from_secs(3600));
        enrol(&mut store, homes, &keys(), made).unwrap();
        let charge = Charge {
            zone: ZONE.to_owned(),
            reality: Reality::Homes,
            endorsement: keys().endorsement,
        };
        let now = moment(&check, 10);
        let desk = Desk::open(now, charge, Box::new(store), Arc::new(Drops::default()));
        Self {
            desk: desk.unwrap(),
            unit: homes.plans[0].unit,
            check,
            path,
            _folder: folder,
        }
    }

    /// A desk of a process that started anew, over the same ledger.
    pub(in crate::service) fn restarted(self, at_s: u64) -> Self {
        let charge = Charge {
            zone: ZONE.to_owned(),
            reality: Reality::Homes,
            endorsement: keys().endorsement,
        };
        let (now, store) = (self.at(at_s), SqliteStore::open(&self.path).unwrap());
        let desk = Desk::open(now, charge, Box::new(store), Arc::new(Drops::default()));
        Self {
            desk: desk.unwrap(),
            ..self
        }
    }

    pub(in crate::service) fn at(&self, at_s: u64) -> Moment {
        moment(&self.check, at_s)
    }

    /// Lets time pass with nothing heard.
    pub(in crate::service) fn pass(&mut self, at_s: u64) {
        let now = self.at(at_s);
        while self.desk.next_timeout() <= now.uptime {
            let next = self.desk.next_timeout();
            let then = Moment {
                uptime: next,
                timestamp: now.timestamp.before(now.uptime.since(next)),
            };
            self.desk.pass(then).unwrap();
        }
    }

    pub(in crate::service) fn report(&self, counter: u64, finding: Finding) -> Report {
        Report {
            unit: self.unit,
            check: self.check.id,
            look: 1,
            finding,
            at_ms: self.at(6).timestamp,
            clock: ClockState::Synced,
            plan: 1,
            model: "00000000".to_owned(),
            boot: BootId(77),
            counter,
            nonce: String::new(),
        }
    }

    /// The reports come in one handful; gives the keys that are acknowledged.
    pub(in crate::service) fn take(
        &mut self,
        at_s: u64,
        reports: &[Report],
    ) -> Result<Vec<ReportKey>, ServiceError> {
        let topic = Topic {
            unit: self.unit,
            channel: Channel::Report,
        };
        let message = |report: &Report| Publication {
            topic: topic.to_string(),
            body: wire::encode(&Signed::seal(report, &eye())),
        };
        let messages: Vec<Publication> = reports.iter().map(message).collect();
        let done = self.desk.take(self.at(at_s), &messages)?;
        let acks = done.answers.iter().map(|answer| {
            assert_eq!(answer.topic.channel, Channel::Ack);
            wire::decode::<Ack>(&answer.body).unwrap().reports
        });
        Ok(acks.flatten().collect())
    }

    /// The unit sees the person.
    pub(in crate::service) fn seen(&mut self) {
        let report = self.report(1, Finding::Visible);
        self.take(11, &[report]).unwrap();
    }

    /// The check's line, as another process reads it in the ledger's file.
    pub(in crate::service) fn line(&self) -> Line {
        let archive = SqliteArchive::new(&self.path);
        let night = archive.account(self.check.id.night).unwrap();
        assert!(Balance::of(&night, self.check.opens).holds());
        night.lines.into_iter().next().unwrap()
    }

    /// How many words of people are written down, of whatever check.
    pub(in crate::service) fn words(&self) -> i64 {
        let ledger = Connection::open(&self.path).unwrap();
        let count = ledger.query_row("SELECT count(*) FROM words", [], |row| row.get(0));
        count.unwrap()
    }

    fn bodies(&self, table: &str) -> Vec<String> {
        let ledger = Connection::open(&self.path).unwrap();
        let sql = format!("SELECT body FROM {table} ORDER BY id");
        let mut query = ledger.prepare(&sql).unwrap();
        let bodies = query.query_map([], |row| row.get(0)).unwrap();
        bodies.map(Result::unwrap).collect()
    }

    pub(in crate::service) fn raised(&self) -> Vec<Situation> {
        let tonight = self.desk.tonight(self.at(30));
        tonight.matters.iter().map(|row| row.situation).collect()
    }
}

fn moment(check: &Check, at_s: u64) -> Moment {
    Moment {
        uptime: Uptime(Duration::from_secs(100_000 + at_s)),
        timestamp: check.opens.after(Duration::from_secs(at_s)),
    }
}

fn body(report: &Report) -> String {
    Signed::seal(report, &eye()).body
}

#[test]
fn two_different_reports_by_one_number_are_both_kept_and_the_first_counts() {
    // As two handfuls, and in the same breath.
    for handfuls in [2, 1] {
        let mut office = Office::open();
        let first = office.report(1, Finding::Visible);
        let other = office.report(1, Finding::NotVisible);
        let both = [first.clone(), other.clone()];
        let mut acknowledged = Vec::new();
        for handful in both.chunks(2 / handfuls) {
            acknowledged.extend(office.take(20, handful).unwrap());
        }
        assert_eq!(acknowledged, [first.key(), first.key()]);
        assert_eq!(office.bodies("reports"), [body(&first)], "{handfuls}");
        assert_eq!(
            office.bodies("contradictions"),
            [body(&other)],
            "{handfuls}"
        );
        assert_eq!(
            office.raised(),
            [Situation::ReportsContradict],
            "{handfuls}"
        );
        let line = office.line();
        let account = line.account(office.check.deadline);
        assert!(
            matches!(account, Account::Ended(How::Visible(_))),
            "{line:?}"
        );
        assert_eq!((line.looks.len(), line.repeats), (1, 0));
        assert_eq!(line.contradictions.len(), 1);
        assert!(line.situations().contains(&Situation::ReportsContradict));
    }
}

#[test]
fn a_contradiction_that_cannot_be_written_is_not_acknowledged() {
    let mut office = Office::open();
    let (first, other) = (
        office.report(1, Finding::Visible),
        office.report(1, Finding::NotVisible),
    );
    let ledger = Connection::open(&office.path).unwrap();
    ledger.execute_batch("DROP TABLE contradictions;").unwrap();
    assert!(office.take(20, &[first, other]).is_err());
    assert_eq!(office.bodies("reports"), Vec::<String>::new());
}

#[test]
fn the_same_report_once_more_contradicts_nothing_also_in_one_handful() {
    let mut office = Office::open();
    let report = office.report(1, Finding::Visible);
    for _ in 0..2 {
        let twice = [report.clone(), report.clone()];
        office.take(20, &twice).unwrap();
    }
    assert_eq!(office.raised(), []);
    let line = office.line();
    assert_eq!((line.repeats, line.contradictions.len()), (3, 0));
}
