//! The hub's desk: messages and time in, ledger rows and answers out.
//!
//! Synchronous, and reads no clock: what came is written down in one commit and only then
//! answered, so that whoever reads an [`Answer`] may rely on it. [`super::start`] is the edge
//! around it. It knows no broker and no socket; a simulation runs this very code.
//!
//! A store that fails ends the desk: what cannot be written must not be answered, and a desk
//! opened anew rebuilds the watch from what is written.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{Timestamp, Uptime};
use nattsyn_protocol::topics::Topic;

use super::ServiceError;
use super::commissioning::open_commissions;
use super::passage::Passage;
use crate::agreement::record::Record;
use crate::audit::heads::Kept;
use crate::commission::standing::Standing as Commissions;
use crate::consent::functions::Enforcement;
use crate::consent::{Functions, Resumptions};
use crate::ingest::Drops;
use crate::labels::Labelled;
use crate::live::Heard;
use crate::nights;
use crate::settings::Settings;
use crate::store::{Basis, Batch, Store, StoreError, StoredPlan};
use crate::tuning::standing::Standing;
use crate::view::{Reality, Tonight};
use crate::watch::situation::Situation;
use crate::watch::wall::{Trust, Wall};
use crate::watch::{Change, Contact, Moment, TeamWord, Watch};

/// How often the hub looks whether another process enrolled anybody, and shows the page a moment
/// that has moved on: half of what [`crate::http::State`] asks for.
pub const REFRESH: Duration = Duration::from_secs(15);

/// What a desk needs to know besides the store.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The zone in which nights are counted and times are shown.
    pub zone: String,
    /// Whether the homes are real.
    pub reality: Reality,
    /// The root's word for the hub's key; it travels with every plan.
    pub endorsement: Signed,
}

/// A message to a unit. What it says is written down already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// To whom, on which channel.
    pub topic: Topic,
    /// As it goes onto the wire.
    pub body: Vec<u8>,
}

/// Whether the page has anything new to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It has not.
    Nothing,
    /// It has.
    Something,
}

/// What came of messages or of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// To be sent, in order. What does not get through is asked for again by the unit.
    pub answers: Vec<Answer>,
    /// Whether the page is to be made anew.
    pub news: News,
    /// What matters to live views, verified, in the order it came.
    pub live: Vec<Heard>,
}

/// The hub's night as one state machine over a store.
pub struct Desk {
    pub(super) charge: Charge,
    pub(super) store: Box<dyn Store>,
    pub(super) watch: Watch,
    pub(super) plans: Vec<StoredPlan>,
    /// The units' policies, and what they say of them.
    pub(super) enforcement: Enforcement,
    /// The units' thresholds, and what they say of them.
    pub(super) tuned: Standing,
    /// Which checks came out by lot tonight, and what was found.
    pub(super) labels: Arc<Labelled>,
    /// The last label that was sent.
    pub(super) labels_sent: i64,
    /// As what units are commissioned, and what is sent while they are.
    pub(super) commission: Commissions,
    /// Which units were told to stop, and what they said since.
    pub(super) resumptions: Arc<Resumptions>,
    /// What the page shows of consents.
    pub(super) consent: Arc<Functions>,
    pub(super) drops: Arc<Drops>,
    pub(super) wall: Wall,
    /// Units that were heard since the desk was opened: they have said hello, or were sent
    /// their plans unasked. At most those that are or were enrolled.
    pub(super) met: BTreeSet<UnitId>,
    /// Whether the clock was believed when nights were last frozen.
    trust: Trust,
    revision: i64,
    /// What plans and agreements were last read from.
    basis: Basis,
    /// When plans and agreements were last read.
    read: Timestamp,
    refreshed: Uptime,
    comparison: Comparison,
}

/// How long after its start the hub compares people with proved looks: units that kept looking
/// while it was down bring their reports first, within minutes of a network that is back.
const COMPARED_AFTER: Duration = Duration::from_secs(15 * 60);

/// How much of what was read is read again: another process writes down what is said a moment
/// after the moment that it stamps it with, and waits for the store at most 5 s.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// When nights that ended are compared as a whole.
#[derive(Clone, Debug)]
enum Comparison {
    /// After a start, for these nights.
    Waits {
        until: Uptime,
        nights: BTreeSet<Date>,
    },
    /// Whenever a night ends or an agreement changes.
    Runs,
}

impl Comparison {
    fn is_due(&self, now: Uptime) -> bool {
        match self {
            Self::Waits { until, .. } => now >= *until,
            Self::Runs => false,
        }
    }

    /// The nights to compare now, when `ended` are those that would be.
    fn now(&mut self, now: Uptime, ended: BTreeSet<Date>) -> BTreeSet<Date> {
        match self {
            Self::Runs => ended,
            Self::Waits { until, nights } => {
                nights.extend(ended);
                if now < *until {
                    return BTreeSet::new();
                }
                let nights = std::mem::take(nights);
                *self = Self::Runs;
                nights
            }
        }
    }
}

/// The nights that ended, of those to go through and the one before tonight.
fn ended(nights: &[Date], tonight: Date) -> BTreeSet<Date> {
    let mut ended: BTreeSet<Date> = nights.iter().copied().collect();
    ended.extend(tonight.yesterday());
    ended.remove(&tonight);
    ended
}

impl Desk {
    /// Takes up where the store says that the hub was. When this returns, all that went by
    /// while the hub was down is accounted for.
    ///
    /// # Errors
    ///
    /// The store cannot be read or written, or the zone is unknown.
    pub fn open(
        now: Moment,
        charge: Charge,
        mut store: Box<dyn Store>,
        drops: Arc<Drops>,
    ) -> Result<Self, ServiceError> {
        let now = whole(now);
        let gap = nights::gap(&store.nights()?, night_of(now.timestamp, &charge.zone)?);
        let mut wall = Wall::new(now, store.latest()?, gap);
        let now = wall.read(now);
        let trust = wall.trust();
        let night = night_of(now.timestamp, &charge.zone)?;
        let revision = store.revision()?;
        let basis = store.basis()?;
        let record = Record::read(store.as_ref())?;
        let frozen = store.nights()?;
        let mut nights = nights::due(&frozen, night, trust);
        nights::begin_earlier(&frozen, &mut nights);
        let passage = Passage {
            record: &record,
            zone: &charge.zone,
            nights: &nights,
            tonight: night,
            read: None,
            compared: BTreeSet::new(),
            now,
        };
        passage.freeze(store.as_mut())?;
        let roster = Arc::new(store.roster()?);
        let saved = store.saved(night, nights::noon(night, &charge.zone)?)?;
        let mut watch = Watch::new(now, night, roster, saved);
        watch.handle_clock(now, trust);
        take_settings(store.as_ref(), &mut watch)?;
        let changes = passage.review(store.as_ref(), &mut watch)?;
        write(store.as_mut(), changes)?;
        let changes = watch.handle_timeout(now);
        write(store.as_mut(), changes)?;
        let mut enforcement = Enforcement::default();
        enforcement.take_policies(store.policies()?);
        let consent = enforcement.shown(watch.roster(), record.book.consents());
        let mut tuned = Standing::default();
        let (newest, words) = store.thresholds()?;
        tuned.take(newest);
        tuned.recall(&words);
        let commission = open_commissions(now, trust, store.as_mut())?;
        let homes = watch.roster().homes().len();
        tracing::info!(%night, homes, "the hub watches");
        let mut desk = Self {
            charge,
            labels: Arc::new(store.labelled(night)?),
            store,
            watch,
            plans: record.plans,
            enforcement,
            tuned,
            commission,
            resumptions: Arc::clone(record.book.consents().resumptions()),
            consent: Arc::new(consent),
            drops,
            labels_sent: 0,
            wall,
            met: BTreeSet::new(),
            trust,
            revision,
            basis,
            read: now.timestamp,
            refreshed: now.uptime,
            comparison: Comparison::Waits {
                until: now.uptime.after(COMPARED_AFTER),
                nights: ended(&nights, night),
            },
        };
        let changes = desk.review_commissions(now);
        write(desk.store.as_mut(), changes)?;
        // Counts that came may have been written down by a hub that then fell.
        desk.review_trials(now, |_unit| true)?;
        Ok(desk)
    }

    /// When to call [`Desk::pass`] next, at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Uptime {
        let refresh = self.refreshed.after(REFRESH);
        self.watch
            .next_timeout()
            .map_or(refresh, |next| next.min(refresh))
    }

    /// Lets time pass, if anything is due.
    ///
    /// # Errors
    ///
    /// The store fails. Drop the desk and open another.
    pub fn pass(&mut self, now: Moment) -> Result<Done, ServiceError> {
        let now = self.read(now);
        let mut done = Done {
            answers: Vec::new(),
            news: News::Nothing,
            live: Vec::new(),
        };
        let is_refresh_due = now.uptime >= self.refreshed.after(REFRESH);
        let is_watch_due = self
            .watch
            .next_timeout()
            .is_some_and(|next| now.uptime >= next);
        if !is_refresh_due && !is_watch_due {
            return Ok(done);
        }
        if is_refresh_due {
            self.refreshed = now.uptime;
            done.answers = self.refresh(now)?;
            self.begin_waiting_papers(now)?;
            self.draw_visits(now)?;
            done.answers.extend(self.labels_due(now)?);
            // A paper ends by itself.
            let changes = self.review_commissions(now);
            write(self.store.as_mut(), changes)?;
        }
        let changes = self.watch.handle_timeout(now);
        write(self.store.as_mut(), changes)?;
        done.news = News::Something;
        Ok(done)
    }

    /// Tonight as the page shows it.
    #[must_use]
    pub fn tonight(&self, now: Moment) -> Tonight {
        let now = self.wall.clone().read(whole(now));
        let (zone, reality) = (&self.charge.zone, self.charge.reality);
        Tonight {
            consent: Arc::clone(&self.consent),
            labels: Arc::clone(&self.labels),
            ..self.watch.tonight(now, zone, reality)
        }
    }

    /// The moment to go by: a clock that jumped is not followed.
    pub(super) fn read(&mut self, now: Moment) -> Moment {
        let now = self.wall.read(whole(now));
        let trust = self.wall.trust();
        self.watch.handle_clock(now, trust);
        now
    }

    /// Takes in that the broker is reached, or is not.
    ///
    /// # Errors
    ///
    /// The store fails. Drop the desk and open another.
    pub fn contact(&mut self, now: Moment, contact: Contact) -> Result<(), ServiceError> {
        let now = self.read(now);
        let changes = self.watch.handle_contact(now, contact);
        Ok(write(self.store.as_mut(), changes)?)
    }

    /// Takes in what a team's latest test alarm showed to be wrong, if anything.
    ///
    /// # Errors
    ///
    /// The store fails. Drop the desk and open another.
    pub fn find(
        &mut self,
        now: Moment,
        team: TeamWord,
        wrong: Option<Situation>,
    ) -> Result<(), ServiceError> {
        let now = self.read(now);
        let changes = self.watch.handle_proof(now, team, wrong);
        Ok(write(self.store.as_mut(), changes)?)
    }

    /// Takes in whether the log's head lies outside the hub.
    ///
    /// # Errors
    ///
    /// The store fails. Drop the desk and open another.
    pub fn find_heads(&mut self, now: Moment, kept: Kept) -> Result<(), ServiceError> {
        let now = self.read(now);
        let changes = self.watch.handle_heads(now, kept);
        Ok(write(self.store.as_mut(), changes)?)
    }

    /// Takes in whose certificate is near its end.
    ///
    /// # Errors
    ///
    /// The store fails. Drop the desk and open another.
    pub fn find_late(&mut self, now: Moment, units: BTreeSet<UnitId>) -> Result<(), ServiceError> {
        let now = self.read(now);
        let changes = self.watch.handle_late(now, units);
        Ok(write(self.store.as_mut(), changes)?)
    }

    /// Takes in at once what another process or a page has just written.
    ///
    /// # Errors
    ///
    /// The store fails. Drop the desk and open another.
    pub fn look(&mut self, now: Moment) -> Result<Done, ServiceError> {
        let now = self.read(now);
        let mut answers = self.refresh(now)?;
        answers.extend(self.commission_answers(now)?);
        let mut changes = self.review_commissions(now);
        changes.extend(self.watch.handle_timeout(now));
        write(self.store.as_mut(), changes)?;
        Ok(Done {
            answers,
            news: News::Something,
            live: Vec::new(),
        })
    }

    /// Begins the next night at noon, and takes in what another process enrolled.
    fn refresh(&mut self, now: Moment) -> Result<Vec<Answer>, ServiceError> {
        let night = night_of(now.timestamp, &self.charge.zone)?;
        let trust = self.wall.trust();
        let is_written_anew = self.is_written_anew()?;
        let is_as_before = night == self.watch.night() && !is_written_anew;
        if is_as_before && trust == self.trust && !self.comparison.is_due(now.uptime) {
            return Ok(Vec::new());
        }
        self.trust = trust;
        let zone = &self.charge.zone;
        // A clock that was set back reads again what was said by the time that it shows now.
        self.read = self.read.min(now.timestamp);
        let record = Record::read(self.store.as_ref())?;
        let frozen = self.store.nights()?;
        let mut nights = nights::due(&frozen, night, trust);
        if night != self.watch.night() {
            nights::begin_earlier(&frozen, &mut nights);
        }
        let passage = Passage {
            record: &record,
            zone,
            nights: &nights,
            tonight: night,
            read: Some(self.read.before(READ_AGAIN)),
            compared: self.comparison.now(now.uptime, ended(&nights, night)),
            now,
        };
        passage.freeze(self.store.as_mut())?;
        let saved = self.store.saved(night, now.timestamp)?;
        let noon = nights::noon(night, zone)?;
        let is_held_as_before = night == self.watch.night()
            && nights::to_hold(&self.plans, noon) == nights::to_hold(&record.plans, noon);
        if night != self.watch.night() {
            self.watch.begin_night(now, night);
        }
        self.watch.enrol(now, Arc::new(self.store.roster()?));
        take_settings(self.store.as_ref(), &mut self.watch)?;
        self.watch.recall(now, saved.checks);
        let changes = passage.review(self.store.as_ref(), &mut self.watch)?;
        self.plans = record.plans;
        let newer = self.enforcement.take_policies(self.store.policies()?);
        // What units say is heard by this desk first: only what was signed is read again.
        let tuned = self.tuned.take(self.store.thresholds()?.0);
        self.commission.recall(self.store.gates()?);
        let consents = record.book.consents();
        self.consent = Arc::new(self.enforcement.shown(self.watch.roster(), consents));
        self.resumptions = Arc::clone(consents.resumptions());
        self.read = now.timestamp;
        write(self.store.as_mut(), changes)?;
        tracing::info!(%night, homes = self.watch.roster().homes().len(), "enrolment read");
        // What stops a look goes before anything else.
        let mut answers = self.policies_for(now, &newer);
        answers.extend(self.thresholds_for(now, &tuned));
        self.read_labels()?;
        if !is_held_as_before {
            answers.extend(self.plans_for_all(now)?);
        }
        Ok(answers)
    }

    /// The desk itself has written something that nights are made from: it is read at the next
    /// refresh. The file says so only of others.
    pub(super) fn expect_another_basis(&mut self) {
        self.revision = i64::MIN;
    }

    /// Whether another process wrote anything that nights are made from. Looked at before it is
    /// read: what comes in between is seen the next time.
    fn is_written_anew(&mut self) -> Result<bool, StoreError> {
        let revision = self.store.revision()?;
        if revision == self.revision {
            return Ok(false);
        }
        let basis = self.store.basis()?;
        self.revision = revision;
        Ok(std::mem::replace(&mut self.basis, basis) != self.basis)
    }
}

/// Takes in what is set for the homes. What this version of the hub cannot read leaves what held.
fn take_settings(store: &dyn Store, watch: &mut Watch) -> Result<(), StoreError> {
    let read = store.settings()?.map(|text| Settings::read(&text));
    match read {
        Some(Ok(settings)) => watch.handle_settings(Arc::new(settings)),
        Some(Err(error)) => tracing::error!(%error, "settings that cannot be read"),
        None => {}
    }
    Ok(())
}

pub(super) fn write(store: &mut dyn Store, changes: Vec<Change>) -> Result<(), StoreError> {
    let batch = Batch {
        changes,
        ..Batch::default()
    };
    if batch.is_empty() {
        return Ok(());
    }
    store.commit(&batch)
}

/// Whole milliseconds, as the store keeps them: a watch made anew knows the same.
pub(super) fn whole(now: Moment) -> Moment {
    let ms = now.timestamp.as_ms();
    Moment {
        uptime: now.uptime,
        timestamp: Timestamp::from_ms(ms).unwrap_or(now.timestamp),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::messages::tests::{Office, homes};
    use super::*;
    use crate::agreement::{Away, Confirmed, Ended, Ending, NewAbsence};
    use crate::store::{Entries, SettingsVersions, SqliteStore};

    /// What the next refresh sends, and whether it read everything again.
    fn refreshed(office: &mut Office, at_s: u64) -> (usize, bool) {
        let before = office.desk.read;
        let done = office.desk.pass(office.at(at_s)).unwrap();
        (done.answers.len(), office.desk.read != before)
    }

    #[test]
    fn what_is_written_besides_the_enrolment_is_not_read_and_sends_nothing() {
        let mut office = Office::open();
        let mut other: Connection = SqliteStore::open(&office.path).unwrap().into();
        let writes = [
            "PRAGMA user_version = 0",
            "INSERT INTO tellings (at_ms, line) VALUES (1, '{}')",
            "INSERT INTO sessions (token, staff, began_ms, ends_ms)
             VALUES (zeroblob(32), 'natt-001', 1, 2)",
            "INSERT INTO subscriptions (session, staff, recipient, channel, subscription, at_ms)
             VALUES (1, 'natt-001', 'natt-001', 'push', '{}', 1)",
        ];
        for (at_s, write) in (30..).step_by(20).zip(writes) {
            let before = office.desk.store.revision().unwrap();
            let transaction = other.transaction().unwrap();
            transaction.execute_batch(write).unwrap();
            transaction.commit().unwrap();
            assert_ne!(office.desk.store.revision().unwrap(), before, "{write}");
            assert_eq!(refreshed(&mut office, at_s), (0, false), "{write}");
        }
    }

    #[test]
    fn a_head_that_is_not_outside_is_a_matter_until_one_is_also_after_a_restart() {
        let mut office = Office::open();
        let heads = |office: &mut Office, at_s, kept| {
            let now = office.at(at_s);
            office.desk.find_heads(now, kept).unwrap();
            let tonight = office.desk.tonight(now);
            let matters = tonight.matters.iter().map(|row| row.situation);
            matters.collect::<Vec<_>>()
        };
        assert_eq!(heads(&mut office, 20, Kept::Yes), []);
        assert_eq!(heads(&mut office, 30, Kept::No), [Situation::LogHeadLost]);
        let mut office = office.restarted(40);
        assert_eq!(heads(&mut office, 50, Kept::No), [Situation::LogHeadLost]);
        assert_eq!(heads(&mut office, 60, Kept::Yes), []);
    }

    #[test]
    fn every_word_of_another_process_is_read_at_the_next_refresh() {
        let mut office = Office::open();
        let mut other = SqliteStore::open(&office.path).unwrap();
        let mut versions = SettingsVersions::open(&office.path).unwrap();
        let by = "natt-001".parse().unwrap();
        let now = |office: &Office, at_s| office.at(at_s).timestamp;
        versions.add((now(&office, 20), &by), "why", "").unwrap();
        assert_eq!(refreshed(&mut office, 30), (0, true), "settings");
        let resident = homes().homes[0].residents[0].id;
        let said = Confirmed {
            at: now(&office, 40),
            by: "natt-001".to_owned(),
        };
        let away = NewAbsence {
            resident,
            why: Away::Away,
            first: office.desk.watch.night(),
            last: None,
            said,
        };
        let absences = Entries {
            absences: vec![away],
            ..Entries::default()
        };
        other.record(&absences, now(&office, 40)).unwrap();
        assert_eq!(refreshed(&mut office, 50), (0, true), "an absence");
        let mut moved = homes();
        moved.homes[0].address = "Exempelgatan 2".to_owned();
        let homes = Entries {
            homes: Some(moved.homes),
            ..Entries::default()
        };
        other.record(&homes, now(&office, 60)).unwrap();
        assert_eq!(refreshed(&mut office, 70), (0, true), "an address");
        assert_eq!(refreshed(&mut office, 90), (0, false), "nothing more");
    }

    #[test]
    fn a_plan_that_changed_is_sent_once_and_not_again_with_what_changes_no_plan() {
        let mut office = Office::open();
        let mut other = SqliteStore::open(&office.path).unwrap();
        let resident = homes().homes[0].residents[0].id;
        let at = office.at(20).timestamp;
        let plan = StoredPlan {
            holds: crate::store::Holds::AtOnce,
            made: at,
            ..next_version(&office)
        };
        let plans = Entries {
            plans: vec![plan],
            ..Entries::default()
        };
        other.record(&plans, at).unwrap();
        assert_eq!(refreshed(&mut office, 30), (1, true));
        let ended = Ended {
            why: Ending::Died,
            at: office.at(40).timestamp,
            by: "natt-001".to_owned(),
        };
        let endings = Entries {
            endings: vec![(resident, ended)],
            ..Entries::default()
        };
        other.record(&endings, office.at(40).timestamp).unwrap();
        assert_eq!(refreshed(&mut office, 50), (0, true));
    }

    fn next_version(office: &Office) -> StoredPlan {
        let mut stored = office.desk.plans[0].clone();
        stored.plan.version += 1;
        stored.signed.body = serde_json::to_string(&stored.plan).unwrap();
        stored
    }
}
