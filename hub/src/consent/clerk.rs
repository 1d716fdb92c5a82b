//! The counter of a hub that runs: for its pages, and for policies that are due with time.
//!
//! An edge: it opens the ledger anew for every act, as the command line does, and has the desk
//! look at once at what was written. It decides nothing.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::policy::{Build, HeldPolicy, Looks, Policy};
use nattsyn_protocol::time::Timestamp;

use super::counter::{Changed, ConsentError, Counter, Run, housemates, verdict};
use super::draft::Draft;
use super::{
    Consents, Entry, Form, Functions, Resumed, Rules, Taker, Verdict, What, Withdrawal, Withdrawn,
};
use crate::keys::HubKeys;
use crate::roster::Roster;
use crate::service::Hands;
use crate::store::{SqliteStore, Store as _};
use crate::view::Tonight;

/// How often policies are settled though nobody wrote anything: what ends does so by days.
pub const SETTLED_EVERY: Duration = Duration::from_secs(10 * 60);

/// What was built into each unit, and what it holds.
type Standing = BTreeMap<UnitId, (Build, Option<HeldPolicy>)>;

/// Writes consents down for a hub that runs.
pub struct Clerk {
    ledger: PathBuf,
    keys: HubKeys,
    zone: String,
    rules: Rules,
    tonight: watch::Receiver<Arc<Tonight>>,
    hands: Option<Hands>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clerk({}, {:?})", self.zone, self.rules)
    }
}

/// What is written about one resident's consent, and what follows.
/// Has no `Debug`: a name stands in it.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// The resident's name, as staff know it.
    pub name: String,
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// What may be done, and why not more.
    pub verdict: Verdict,
    /// Who else would be looked at no more if this resident took everything back, by name.
    pub stops_too: Vec<String>,
    /// Whether looks by the unit can be counted on, if they may be made.
    pub resumed: Resumed,
    /// The unit that hangs there.
    pub unit: UnitId,
    /// The newest policy that was signed for it, and when.
    pub policy: Option<(Policy, Timestamp)>,
    /// The day.
    pub today: Date,
}

impl Clerk {
    /// A clerk over the ledger in a file. `tonight` says what units were built with; the desk
    /// behind `hands` looks at once at what was written; `now` is the clock that it goes by.
    #[must_use]
    pub fn new(
        (ledger, keys): (&Path, HubKeys),
        (zone, rules): (&str, Rules),
        (tonight, hands): (watch::Receiver<Arc<Tonight>>, Option<Hands>),
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self {
            ledger: ledger.to_owned(),
            keys,
            zone: zone.to_owned(),
            rules,
            tonight,
            hands,
            now: Box::new(now),
        }
    }

    /// What is written about a resident; `None` if nobody of that id is enrolled. Blocks.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn file(&self, resident: ResidentId) -> Result<Option<File>, ConsentError> {
        let store = SqliteStore::open_to_read(&self.ledger)?;
        let roster = store.roster()?;
        let Some(home) = roster.of_resident(resident) else {
            return Ok(None);
        };
        let consents = store.book()?.consents().clone();
        let today = self.today();
        Ok(Some(File {
            name: roster.person(resident).name,
            entries: consents.of(resident).to_vec(),
            verdict: verdict(&roster, &consents, resident, (today, self.rules)),
            stops_too: self.stops_too((&roster, &consents), resident),
            resumed: consents.resumed(home.unit, resident),
            unit: home.unit,
            policy: store
                .policies()?
                .remove(&home.unit)
                .map(|newest| (newest.policy, newest.made)),
            today,
        }))
    }

    /// Who else a *no* of this resident's to everything would stop, who is looked at now.
    fn stops_too(&self, written: (&Roster, &Consents), resident: ResidentId) -> Vec<String> {
        let (roster, consents) = written;
        let day = (self.today(), self.rules);
        let no = Withdrawn {
            what: Withdrawal::Everything,
            form: Form::Oral,
            by: String::new(),
            note: String::new(),
        };
        let mut with = consents.clone();
        with.extend([Entry {
            resident,
            at: (self.now)(),
            on: self.today(),
            taker: Taker::enrolment(),
            what: What::Withdrawn(Box::new(no)),
        }]);
        let looks = |consents: &Consents, who| verdict(roster, consents, who, day).looks();
        let stopped = housemates(roster, resident).into_iter().filter(|who| {
            looks(consents, *who) == Looks::ByPlan && looks(&with, *who) == Looks::Stopped
        });
        stopped.map(|who| roster.person(who).name).collect()
    }

    /// Everybody who is enrolled, with what may be done about them. Blocks.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn everybody(&self) -> Result<(Roster, Vec<(ResidentId, Verdict)>), ConsentError> {
        let store = SqliteStore::open_to_read(&self.ledger)?;
        let (roster, book) = (store.roster()?, store.book()?);
        let consents: &Consents = book.consents();
        let day = (self.today(), self.rules);
        let residents = roster.homes().iter().flat_map(|home| &home.residents);
        let everybody = residents.map(|who| (who.id, verdict(&roster, consents, who.id, day)));
        let everybody = everybody.collect();
        Ok((roster, everybody))
    }

    /// Writes a conversation down, or says what it would change. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::record`].
    pub fn record(
        &self,
        resident: ResidentId,
        draft: &Draft,
        taker: &Taker,
        run: Run,
    ) -> Result<Changed, ConsentError> {
        self.at_counter(|counter| counter.record(resident, draft, taker, run))
    }

    /// Writes down that a consent was taken back. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::withdraw`].
    pub fn withdraw(
        &self,
        resident: ResidentId,
        withdrawn: &Withdrawn,
        taker: &Taker,
    ) -> Result<Changed, ConsentError> {
        self.at_counter(|counter| counter.withdraw(resident, withdrawn, taker))
    }

    /// Signs a unit's policy once more, for the button at the unit. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Counter::again`].
    pub fn again(&self, unit: UnitId) -> Result<(), ConsentError> {
        self.at_counter(|counter| counter.again(unit))
    }

    /// Signs what is due, for ever: when units say something else of
    /// themselves than before, and as time passes.
    pub async fn keep(self: Arc<Self>) -> Infallible {
        let mut tonight = self.tonight.clone();
        let mut settled: Option<(Timestamp, _)> = None;
        loop {
            let said = standing(&tonight.borrow_and_update().consent);
            let now = (self.now)();
            let is_due = settled.as_ref().is_none_or(|(at, known)| {
                now.since(*at) >= SETTLED_EVERY || *at > now || *known != said
            });
            if is_due {
                let clerk = Arc::clone(&self);
                let done = tokio::task::spawn_blocking(move || clerk.settle()).await;
                if done.is_ok() {
                    settled = Some((now, said));
                }
            }
            if tonight.changed().await.is_err() {
                // The service has ended, and with it the hub.
                std::future::pending::<()>().await;
            }
        }
    }

    fn settle(&self) {
        match self.at_counter(|counter| counter.settle()) {
            Ok(units) if units.is_empty() => {}
            Ok(units) => tracing::info!(units = units.len(), "policies signed"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "policies cannot be signed; tried again in a while");
            }
        }
    }

    fn at_counter<T>(
        &self,
        act: impl FnOnce(&mut Counter<'_>) -> Result<T, ConsentError>,
    ) -> Result<T, ConsentError> {
        let mut store = SqliteStore::open(&self.ledger)?;
        let said = self.tonight.borrow().consent.said();
        let done = act(&mut Counter {
            store: &mut store,
            keys: &self.keys,
            zone: &self.zone,
            rules: self.rules,
            said,
            now: (self.now)(),
        });
        if let (Some(hands), Ok(_)) = (&self.hands, &done) {
            hands.look();
        }
        done
    }

    /// The day.
    #[must_use]
    pub fn today(&self) -> Date {
        (self.now)().0.to_zoned(self.time_zone()).date()
    }

    /// The hub's zone; the service has refused to start in one that is none.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

/// What the units say of themselves, whenever they said so.
fn standing(functions: &Functions) -> Standing {
    let units = functions.said().into_iter();
    let said = units.map(|(unit, said)| (unit, (said.build, said.held)));
    said.collect()
}
