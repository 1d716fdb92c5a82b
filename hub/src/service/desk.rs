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

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{Timestamp, Uptime};
use nattsyn_protocol::topics::Topic;

use super::ServiceError;
use crate::ingest::Drops;
use crate::nights;
use crate::nights::turn::{self, Grounds};
use crate::roster::Roster;
use crate::store::{Batch, Store, StoreError, StoredPlan};
use crate::view::{Reality, Tonight};
use crate::watch::wall::{Trust, Wall};
use crate::watch::{Change, Contact, Moment, Watch, comparison};

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
}

/// The hub's night as one state machine over a store.
pub struct Desk {
    pub(super) charge: Charge,
    pub(super) store: Box<dyn Store>,
    pub(super) watch: Watch,
    pub(super) plans: Vec<StoredPlan>,
    pub(super) drops: Arc<Drops>,
    pub(super) wall: Wall,
    /// Units that were heard since the desk was opened: they have said hello, or were sent
    /// their plans unasked. At most those that are or were enrolled.
    pub(super) met: BTreeSet<UnitId>,
    /// Whether the clock was believed when nights were last frozen.
    trust: Trust,
    revision: i64,
    refreshed: Uptime,
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
        let roster = Arc::new(store.roster()?);
        let plans = store.plans()?;
        let made = (plans.as_slice(), roster.as_ref());
        let zone = charge.zone.as_str();
        freeze(store.as_mut(), made, (night, trust), zone, now.timestamp)?;
        let saved = store.saved(night, nights::noon(night, &charge.zone)?)?;
        let mut watch = Watch::new(now, night, roster, saved);
        watch.handle_clock(now, trust);
        let changes = review(store.as_ref(), &mut watch, &plans, &charge.zone, now)?;
        write(store.as_mut(), changes)?;
        let changes = watch.handle_timeout(now);
        write(store.as_mut(), changes)?;
        let homes = watch.roster().homes().len();
        tracing::info!(%night, homes, "the hub watches");
        Ok(Self {
            charge,
            store,
            watch,
            plans,
            drops,
            wall,
            met: BTreeSet::new(),
            trust,
            revision,
            refreshed: now.uptime,
        })
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
        self.watch
            .tonight(now, &self.charge.zone, self.charge.reality)
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

    /// Begins the next night at noon, and takes in what another process enrolled.
    fn refresh(&mut self, now: Moment) -> Result<Vec<Answer>, ServiceError> {
        let zone = &self.charge.zone;
        let night = night_of(now.timestamp, zone)?;
        let revision = self.store.revision()?;
        let trust = self.wall.trust();
        let is_as_before = night == self.watch.night() && revision == self.revision;
        if is_as_before && trust == self.trust {
            return Ok(Vec::new());
        }
        self.trust = trust;
        self.revision = revision;
        self.plans = self.store.plans()?;
        let roster = Arc::new(self.store.roster()?);
        let made = (self.plans.as_slice(), roster.as_ref());
        freeze(
            self.store.as_mut(),
            made,
            (night, trust),
            zone,
            now.timestamp,
        )?;
        let saved = self.store.saved(night, now.timestamp)?;
        if night != self.watch.night() {
            self.watch.begin_night(now, night);
        }
        self.watch.enrol(now, roster);
        self.watch.recall(now, saved.checks);
        let changes = review(self.store.as_ref(), &mut self.watch, &self.plans, zone, now)?;
        write(self.store.as_mut(), changes)?;
        tracing::info!(%night, homes = self.watch.roster().homes().len(), "enrolment read");
        self.plans_for_all(now)
    }
}

/// Writes the checks down of tonight and of any night that went by.
fn freeze(
    store: &mut dyn Store,
    (plans, roster): (&[StoredPlan], &Roster),
    (tonight, trust): (Date, Trust),
    zone: &str,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let book = store.book()?;
    for night in nights::due(&store.nights()?, tonight, trust) {
        let grounds = Grounds {
            book: &book,
            plans,
            roster,
            night,
            noon: nights::noon(night, zone)?,
            now,
        };
        store.freeze(night, &turn::holding(grounds).checks, now)?;
    }
    Ok(())
}

/// What follows from plans, roster and absences when a night begins or any of them changed:
/// whose unit hangs where, who is away or has died, and whom no unit looked after in the night
/// that ended.
fn review(
    store: &dyn Store,
    watch: &mut Watch,
    plans: &[StoredPlan],
    zone: &str,
    now: Moment,
) -> Result<Vec<Change>, ServiceError> {
    let (night, roster) = (watch.night(), Arc::clone(watch.roster()));
    let noon = nights::noon(night, zone)?;
    let held = nights::to_hold(plans, noon);
    // A plan without a window tonight makes no check, whoever holds it.
    let version = |resident: ResidentId, unit: UnitId| {
        let mut held = held.iter().map(|stored| &stored.plan);
        let own = held.find(|plan| plan.resident == resident && plan.unit == unit);
        let own = own.filter(|plan| !plan.windows_on(night).is_empty());
        own.map(|plan| plan.version)
    };
    let book = store.book()?;
    watch.handle_agreed(book.arrangements());
    let grounds = Grounds {
        book: &book,
        plans,
        roster: &roster,
        night,
        noon,
        now: now.timestamp,
    };
    let holding = turn::holding(grounds);
    watch.handle_unplanned(now, &holding.away_unconfirmed, &holding.without_unit);
    let mut changes = Vec::new();
    for altered in turn::restored(grounds, &watch.suspended()) {
        changes.extend(watch.alter(now, altered).1);
    }
    changes.extend(watch.align(now, |resident| {
        let unit = roster.of_resident(resident)?.unit;
        Some((unit, version(resident, unit)))
    }));
    let mut to_come = watch.to_come(now);
    to_come.extend(turn::known_by_then(&book, &watch.gone_by(now)));
    to_come.retain(|check| check.night == night);
    for altered in turn::altered(grounds, &to_come) {
        changes.extend(watch.alter(now, altered).1);
    }
    watch.handle_plans(now, &holding.with_plan);
    if let Ok(ended) = night.yesterday() {
        let noon = nights::noon(ended, zone)?;
        let (in_force, idle) = nights::planned_for(&book, plans, &roster, (ended, noon));
        let account = store.account(ended)?;
        // Of a night in which there was no hub nothing can be said.
        if account.frozen.is_some() {
            let unproven = comparison::unproven(&in_force, &idle, &account);
            watch.handle_comparison(now, &unproven);
        }
    }
    Ok(changes)
}

fn write(store: &mut dyn Store, changes: Vec<Change>) -> Result<(), StoreError> {
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
