//! Writing consents down, with all that follows from them: one commit, or nothing.
//!
//! Each act reads the store, decides with the pure functions of [`super`], signs the plans and
//! policies that units must know, and writes it all down together. So there is never a *no* in
//! the store without the policy that carries it out. Nobody's words are ever overwritten.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::policy::Policy;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::Timestamp;

use super::draft::{Draft, Faults};
use super::functions::Said;
use super::settle::Grounds;
use super::{
    Consents, Entry, Kind, Rules, StoredPolicy, Taker, Verdict, What, Withdrawal, Withdrawn, judge,
};
use crate::agreement::edit::{Desk, EditError};
use crate::keys::HubKeys;
use crate::roster::Roster;
use crate::store::{Entries, Store, StoreError};

/// Why nothing was written down.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// Something that was typed cannot be used.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// Something about this resident cannot be used.
    #[error("{0}: {1}")]
    Of(ResidentId, Faults),
    /// Nobody of that id is enrolled.
    #[error("ingen med id {0} är inskriven / nobody is enrolled as {0}; nothing was written")]
    NotEnrolled(ResidentId),
    /// There is no policy to send again.
    #[error("sensorenheten {0} har inga medgivna funktioner / unit {0} has no policy")]
    NoPolicy(UnitId),
    /// The hub's zone is unknown.
    #[error("the hub's zone")]
    Zone(#[source] PlanError),
    /// Plans cannot be settled, or not written.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether something is written down, or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Nothing is written.
    Dry,
    /// It is written down.
    Real,
}

/// What an act changes for the resident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What might be done before.
    pub before: Verdict,
    /// What may be done with it.
    pub after: Verdict,
    /// What is, or would be, written down.
    pub entries: Vec<Entry>,
}

/// Where consents are written down.
pub struct Counter<'a> {
    /// The store.
    pub store: &'a mut dyn Store,
    /// The hub's keys.
    pub keys: &'a HubKeys,
    /// The hub's zone.
    pub zone: &'a str,
    /// What the municipality has decided.
    pub rules: Rules,
    /// What the units have said of themselves.
    pub said: BTreeMap<UnitId, Said>,
    /// Now.
    pub now: Timestamp,
}

impl Counter<'_> {
    /// Writes a conversation down.
    ///
    /// # Errors
    ///
    /// What is wrong with it, by field; nobody of that id is enrolled; or the store fails.
    pub fn record(
        &mut self,
        resident: ResidentId,
        draft: &Draft,
        taker: &Taker,
        run: Run,
    ) -> Result<Changed, ConsentError> {
        let (roster, consents) = self.read(resident)?;
        let moment = (self.now, self.today()?);
        let entries = draft.entries((resident, &consents), moment, taker, self.rules)?;
        self.write((resident, &roster, &consents), entries, run)
    }

    /// Writes down that a consent was taken back. Everything that was taken back closes what the
    /// resident agreed to as somebody whom looks at others see, too.
    ///
    /// # Errors
    ///
    /// Nobody of that id is enrolled, or the store fails.
    pub fn withdraw(
        &mut self,
        resident: ResidentId,
        withdrawn: &Withdrawn,
        taker: &Taker,
    ) -> Result<Changed, ConsentError> {
        let (roster, consents) = self.read(resident)?;
        let on = self.today()?;
        let entry = |resident, withdrawn: Withdrawn| Entry {
            resident,
            at: self.now,
            on,
            taker: taker.clone(),
            what: What::Withdrawn(withdrawn.into()),
        };
        let mut entries = vec![entry(resident, withdrawn.clone())];
        if withdrawn.what == Withdrawal::Everything {
            // Where they had agreed as a cohabitant too that is over. Who else lives there is as it
            // was: a new yes gives the housemate's looks back as far as the housemate's own goes.
            for other in housemates(&roster, resident) {
                let said = consents.of(other);
                if judge::stands(said, Kind::Cohabitant) == judge::Standing::No {
                    continue;
                }
                let no = Withdrawn {
                    what: Withdrawal::Cohabitant,
                    ..withdrawn.clone()
                };
                let no = entry(other, no);
                let household = judge::household(said).map(|household| Entry {
                    what: What::Household(household),
                    ..no.clone()
                });
                entries.push(no);
                entries.extend(household);
            }
        }
        self.write((resident, &roster, &consents), entries, Run::Real)
    }

    /// Writes down what stands in an enrolment about residents of whom nothing is written here
    /// yet: it is a beginning, and never replaces what was said since. Returns about whom.
    ///
    /// # Errors
    ///
    /// What is wrong with one of them, with whose it is; or the store fails. Then nothing was
    /// written.
    pub fn take_in(
        &mut self,
        drafts: &[(ResidentId, Draft)],
        taker: &Taker,
    ) -> Result<Vec<ResidentId>, ConsentError> {
        let roster = self.store.roster()?;
        let consents = self.store.book()?.consents().clone();
        let moment = (self.now, self.today()?);
        let (mut entries, mut taken) = (Vec::new(), Vec::new());
        for (resident, draft) in drafts {
            let is_new = consents.of(*resident).is_empty();
            if !is_new || roster.of_resident(*resident).is_none() {
                continue;
            }
            let of = draft.entries((*resident, &consents), moment, taker, self.rules);
            entries.extend(of.map_err(|faults| ConsentError::Of(*resident, faults))?);
            taken.push(*resident);
        }
        if !entries.is_empty() {
            self.commit(&roster, &consents, entries)?;
        }
        Ok(taken)
    }

    /// Signs the policies that are due by now: those that would end, and those of units that have
    /// said what was built into them. Returns for which units.
    ///
    /// # Errors
    ///
    /// The store fails.
    pub fn settle(&mut self) -> Result<Vec<UnitId>, ConsentError> {
        let roster = self.store.roster()?;
        let consents = self.store.book()?.consents().clone();
        let policies = self.policies(&roster, &consents)?;
        let units = policies.iter().map(|stored| stored.policy.unit).collect();
        if !policies.is_empty() {
            let entries = Entries {
                policies,
                ..Entries::default()
            };
            self.store.record(&entries, self.now)?;
        }
        Ok(units)
    }

    /// Signs a unit's policy once more under a higher version, so that the button at the unit can
    /// approve it.
    ///
    /// # Errors
    ///
    /// It has none, or the store fails.
    pub fn again(&mut self, unit: UnitId) -> Result<(), ConsentError> {
        let roster = self.store.roster()?;
        let consents = self.store.book()?.consents().clone();
        let held = self.store.policies()?;
        let zone = self.time_zone()?;
        let policy = self.grounds((&roster, &consents, &held), &zone).again(unit);
        let policy = policy.ok_or(ConsentError::NoPolicy(unit))?;
        let entries = Entries {
            policies: vec![self.sign(policy)],
            ..Entries::default()
        };
        Ok(self.store.record(&entries, self.now)?)
    }

    fn read(&self, resident: ResidentId) -> Result<(Roster, Consents), ConsentError> {
        let roster = self.store.roster()?;
        if roster.of_resident(resident).is_none() {
            return Err(ConsentError::NotEnrolled(resident));
        }
        let consents = self.store.book()?.consents().clone();
        Ok((roster, consents))
    }

    fn write(
        &mut self,
        (resident, roster, consents): (ResidentId, &Roster, &Consents),
        entries: Vec<Entry>,
        run: Run,
    ) -> Result<Changed, ConsentError> {
        let today = self.today()?;
        let mut with = consents.clone();
        with.extend(entries.iter().cloned());
        let changed = Changed {
            before: verdict(roster, consents, resident, (today, self.rules)),
            after: verdict(roster, &with, resident, (today, self.rules)),
            entries: entries.clone(),
        };
        match run {
            Run::Dry => {}
            Run::Real => self.commit(roster, consents, entries)?,
        }
        Ok(changed)
    }

    /// Writes entries down with the plans and policies that follow.
    fn commit(
        &mut self,
        roster: &Roster,
        consents: &Consents,
        entries: Vec<Entry>,
    ) -> Result<(), ConsentError> {
        let mut with = consents.clone();
        with.extend(entries.iter().cloned());
        let policies = self.policies(roster, &with)?;
        let desk = Desk {
            keys: self.keys,
            zone: self.zone,
            now: self.now,
            by: "consent",
        };
        let entries = Entries {
            consents: entries,
            policies,
            ..Entries::default()
        };
        let book = self.store.book()?;
        let entries = desk.settled(&*self.store, &book, roster, entries)?;
        Ok(self.store.record(&entries, self.now)?)
    }

    fn policies(
        &self,
        roster: &Roster,
        consents: &Consents,
    ) -> Result<Vec<StoredPolicy>, ConsentError> {
        let held = self.store.policies()?;
        let zone = self.time_zone()?;
        let own = PublicKey::of(&self.keys.signing);
        let is_ours = |stored: &StoredPolicy| stored.signed.open::<Policy>(&own).is_ok();
        let due = self.grounds((roster, consents, &held), &zone).due(is_ours);
        Ok(due.into_iter().map(|policy| self.sign(policy)).collect())
    }

    fn grounds<'b>(
        &'b self,
        (roster, consents, policies): (&'b Roster, &'b Consents, &'b super::Policies),
        zone: &'b TimeZone,
    ) -> Grounds<'b> {
        Grounds {
            roster,
            consents,
            policies,
            said: &self.said,
            rules: self.rules,
            zone,
            now: self.now,
        }
    }

    fn sign(&self, policy: Policy) -> StoredPolicy {
        StoredPolicy {
            signed: Signed::seal(&policy, &self.keys.signing),
            policy,
            made: self.now,
        }
    }

    fn time_zone(&self) -> Result<TimeZone, ConsentError> {
        let unknown = |_error| ConsentError::Zone(PlanError::UnknownZone(self.zone.to_owned()));
        TimeZone::get(self.zone).map_err(unknown)
    }

    /// The day.
    ///
    /// # Errors
    ///
    /// The zone is unknown.
    pub fn today(&self) -> Result<Date, ConsentError> {
        Ok(self.now.0.to_zoned(self.time_zone()?).date())
    }
}

/// Who else is looked after under the same unit.
#[must_use]
pub fn housemates(roster: &Roster, resident: ResidentId) -> Vec<ResidentId> {
    let home = roster.of_resident(resident).into_iter();
    let living = home.flat_map(|home| &home.residents).map(|who| who.id);
    living.filter(|other| *other != resident).collect()
}

/// What may be done about a resident, and why not more.
#[must_use]
pub fn verdict(
    roster: &Roster,
    consents: &Consents,
    resident: ResidentId,
    (today, rules): (Date, Rules),
) -> Verdict {
    let others = housemates(roster, resident);
    let others = others.iter().map(|other| consents.of(*other));
    judge::judge(consents.of(resident), others, today, rules)
}
