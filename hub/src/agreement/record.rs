//! All that is written about nights: as it is, as it would be, and as it was at a moment. Pure.
//!
//! A hub that was down goes through the nights it missed one by one, each by what had been said
//! by then and by nothing that was said later: whoever died this morning was to be looked after
//! last night, and whoever came back last night was at home.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId};
use nattsyn_protocol::policy::Looks;
use nattsyn_protocol::time::Timestamp;

use super::settle::seat_of;
use super::{Book, Seat};
use crate::consent::{Reason, Resumed, Rules, judge};
use crate::roster::Roster;
use crate::store::{Entries, Store, StoreError, StoredPlan};

/// What was agreed and said, the plans that were signed for it, and who is looked after where.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// What was agreed, and who is away or has died.
    pub book: Book,
    /// Every version of every plan, by resident and version.
    pub plans: Vec<StoredPlan>,
    /// By which unit everybody is looked after.
    pub seats: Seats,
}

impl Record {
    /// As it is written now.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn read(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self {
            book: store.book()?,
            plans: store.plans()?,
            seats: Seats::of(&store.roster()?),
        })
    }

    /// As it would be with these entries.
    #[must_use]
    pub fn with(&self, entries: &Entries) -> Self {
        let mut plans = self.plans.clone();
        plans.extend(entries.plans.iter().cloned());
        plans.sort_by_key(|stored| (stored.plan.resident, stored.plan.version));
        Self {
            book: self.book.with(entries),
            plans,
            seats: self.seats.clone(),
        }
    }

    /// As it was at a moment: with what had been said by then, and nothing of what was said
    /// since.
    #[must_use]
    pub fn as_of(&self, at: Timestamp) -> Self {
        let said = self.plans.iter().filter(|stored| stored.made <= at);
        let plans: Vec<StoredPlan> = said.cloned().collect();
        Self {
            book: self.book.as_of(at),
            seats: self.seats.by_plan(&plans),
            plans,
        }
    }

    /// What is written about one resident.
    #[must_use]
    pub fn only(&self, resident: ResidentId) -> Self {
        self.of_each([&resident])
            .remove(&resident)
            .unwrap_or_default()
    }

    /// What is written about each of these residents.
    #[must_use]
    pub fn of_each<'a>(
        &self,
        residents: impl IntoIterator<Item = &'a ResidentId>,
    ) -> BTreeMap<ResidentId, Self> {
        let own = |resident: &ResidentId| {
            let seat = self.seats.seat(*resident).map(|seat| (*resident, seat));
            let record = Self {
                book: self.book.only(*resident),
                plans: Vec::new(),
                seats: Seats {
                    seats: seat.into_iter().collect(),
                    homes: Arc::clone(&self.seats.homes),
                },
            };
            (*resident, record)
        };
        let mut records: BTreeMap<ResidentId, Self> = residents.into_iter().map(own).collect();
        for stored in &self.plans {
            if let Some(record) = records.get_mut(&stored.plan.resident) {
                record.plans.push(stored.clone());
            }
        }
        records
    }

    /// About whom anything was written after one moment and by another, and when.
    #[must_use]
    pub fn said_between(
        &self,
        after: Timestamp,
        by: Timestamp,
    ) -> BTreeMap<ResidentId, BTreeSet<Timestamp>> {
        let plans = self.plans.iter();
        let signed = plans.map(|stored| (stored.plan.resident, stored.made));
        let mut said: BTreeMap<ResidentId, BTreeSet<Timestamp>> = BTreeMap::new();
        for (resident, at) in signed.chain(self.book.stamps()) {
            if at > after && at <= by {
                said.entry(resident).or_default().insert(at);
            }
        }
        said
    }

    /// Whether looks at a resident can be counted on: they may be made, by what the resident and
    /// those who live with them agreed to, and if they were ever stopped, the unit has said that
    /// it looks again.
    #[must_use]
    pub fn looks(&self, resident: ResidentId) -> Looks {
        match (self.permitted(resident), self.resumed(resident)) {
            (Looks::ByPlan, Resumed::Yes) => Looks::ByPlan,
            (Looks::Stopped, _) | (Looks::ByPlan, Resumed::Awaited) => Looks::Stopped,
        }
    }

    /// Whether looks may be made at a resident, whatever their unit does.
    #[must_use]
    pub fn permitted(&self, resident: ResidentId) -> Looks {
        let others = self.seats.housemates(resident);
        self.book.consents().looks(resident, others)
    }

    fn resumed(&self, resident: ResidentId) -> Resumed {
        let seat = self.seats.seat(resident);
        let consents = self.book.consents();
        seat.map_or(Resumed::Yes, |seat| consents.resumed(seat.unit, resident))
    }

    /// Who is not to be looked at, and has an agreement in which somebody still is: it is for a
    /// person to decide on visits.
    #[must_use]
    pub fn declined(&self) -> BTreeSet<ResidentId> {
        self.with_looks(|who| self.permitted(who) == Looks::Stopped)
    }

    /// Who may be looked at again by a unit that has not said that it looks again.
    #[must_use]
    pub fn awaited(&self) -> BTreeSet<ResidentId> {
        let permitted = |who| self.permitted(who) == Looks::ByPlan;
        self.with_looks(|who| permitted(who) && self.resumed(who) == Resumed::Awaited)
    }

    /// Those of whoever has an agreement in which somebody looks.
    fn with_looks(&self, which: impl Fn(ResidentId) -> bool) -> BTreeSet<ResidentId> {
        let residents = self.seats.residents();
        let chosen = residents.filter(|who| {
            let wants_looks = |agreed: &super::Agreed| agreed.agreement.has_looks();
            let newest = self.book.newest(*who);
            self.book.ended(*who).is_none() && newest.is_some_and(wants_looks) && which(*who)
        });
        chosen.collect()
    }

    /// Whose consent should have been gone through again before a day.
    #[must_use]
    pub fn overdue(&self, today: Date) -> BTreeSet<ResidentId> {
        let consents = self.book.consents();
        let residents = self.seats.residents().filter(|who| {
            let entries = consents.of(*who);
            let verdict = judge::judge(entries, std::iter::empty(), today, Rules::default());
            self.book.ended(*who).is_none() && verdict.reasons.contains(&Reason::ReviewPassed)
        });
        residents.collect()
    }

    /// The unit that hangs where a resident lives, or else the one that last had a plan for them.
    #[must_use]
    pub fn unit_of(&self, resident: ResidentId) -> Option<UnitId> {
        let hangs = self.seats.seat(resident).map(|seat| seat.unit);
        let is_own = |stored: &&StoredPlan| stored.plan.resident == resident;
        let last = || self.plans.iter().rfind(is_own);
        hangs.or_else(|| last().map(|stored| stored.plan.unit))
    }
}

/// By which unit, in which home, everybody is looked after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    seats: BTreeMap<ResidentId, Seat>,
    /// Who lives together, also of those whose seats are not asked for.
    homes: Arc<BTreeMap<HomeId, Vec<ResidentId>>>,
}

impl Seats {
    /// As units hang now.
    #[must_use]
    pub fn of(roster: &Roster) -> Self {
        let residents = roster.homes().iter().flat_map(|home| &home.residents);
        let seats = residents.filter_map(|who| Some((who.id, seat_of(roster, who.id)?)));
        let homes = roster.homes().iter().map(|home| {
            let residents = home.residents.iter().map(|resident| resident.id);
            (home.id, residents.collect())
        });
        Self {
            seats: seats.collect(),
            homes: Arc::new(homes.collect()),
        }
    }

    /// Who else lives where a resident does, and is enrolled.
    pub fn housemates(&self, resident: ResidentId) -> impl Iterator<Item = ResidentId> {
        let home = self.seat(resident).map(|seat| seat.home);
        let living = home.and_then(|home| self.homes.get(&home));
        let living = living.into_iter().flatten().copied();
        living.filter(move |other| *other != resident)
    }

    /// The seat of a resident who is enrolled.
    #[must_use]
    pub fn seat(&self, resident: ResidentId) -> Option<Seat> {
        self.seats.get(&resident).copied()
    }

    /// Everybody who is enrolled.
    pub fn residents(&self) -> impl Iterator<Item = ResidentId> {
        self.seats.keys().copied()
    }

    /// As units hung when these plans were all there were: no list of homes is kept of earlier
    /// days, but whenever a unit was hung, moved or taken down, its plan was signed anew. Who had
    /// no plan yet is where they are now.
    fn by_plan(&self, plans: &[StoredPlan]) -> Self {
        let mut seats = self.seats.clone();
        // By resident and version: of several, the newest is taken last.
        for StoredPlan { plan, .. } in plans {
            let now = self.seats.get(&plan.resident);
            let seat = now.filter(|seat| seat.unit == plan.unit).copied();
            let seat = seat.unwrap_or_else(|| Seat::elsewhere(plan.unit));
            seats.insert(plan.resident, seat);
        }
        Self {
            seats,
            homes: Arc::clone(&self.homes),
        }
    }
}
