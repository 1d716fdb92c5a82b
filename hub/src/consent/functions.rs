//! What units are to do, what they say that they do, and what stands between the two.
//!
//! [`Enforcement`] is the desk's memory: pure, rebuilt from the store and from what units say, kept
//! nowhere. [`Functions`] is what the page shows of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nattsyn_protocol::ids::{BootId, ResidentId, UnitId};
use nattsyn_protocol::policy::{
    APPROVAL_WITHIN, Approval, Build, Capability, HeldPolicy, Mode, Policy, PolicyMessage,
};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::{Consents, Policies};
use crate::roster::Roster;

/// How long after it was sent a policy is sent again to a unit that is heard and does not say
/// that it holds it: with the next heartbeat after that, and not with every one.
pub const SENT_AGAIN_AFTER: Duration = Duration::from_secs(50);

/// What a unit said of itself last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What was built into it.
    pub build: Build,
    /// The policy that it holds, and what is in force of it.
    pub held: Option<HeldPolicy>,
    /// The highest version that it has named since the hub started; 0 if none.
    pub highest: u32,
    /// Which run of its eye said so.
    pub boot: BootId,
    /// When it said so.
    pub at: Timestamp,
    /// When this run of it first said that it waits for the button, if it still does: what it says
    /// later of the same wait does not prolong it.
    pub awaits: Option<Timestamp>,
}

/// Whether a unit works by another policy than the hub's newest, though its version is no lower:
/// the hub's ledger was restored from a backup that did not have what the unit was sent. It takes
/// nothing in by a version that it has seen, so what is wanted must be signed by a higher one.
///
/// Only what the version cannot explain counts. A unit that shows less than a live view may not
/// know the time.
#[must_use]
pub fn is_at_odds(held: HeldPolicy, newest: &Policy) -> bool {
    let is_looser = held.mode > newest.mode;
    let is_off = held.mode == Mode::Off && newest.mode != Mode::Off;
    let is_other = is_looser || (is_off && held.approval == Approval::NotNeeded);
    held.version > newest.version || (held.version == newest.version && is_other)
}

/// One unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFunctions {
    /// The newest policy that was signed for it, and when.
    pub wanted: Option<(Policy, Timestamp)>,
    /// What its eye said last; `None` if it has not since the hub started.
    pub said: Option<Said>,
    /// When the newest was sent last.
    pub sent: Option<Timestamp>,
}

/// How far a unit is with the newest policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is none: it looks by its plan and shows nothing.
    NoPolicy,
    /// It says that all of it is in force.
    InForce,
    /// It holds it, and waits for the button at the unit, until then at the latest.
    AwaitsButton(Timestamp),
    /// Nobody pressed the button in time. It works by the stricter one.
    Missed,
    /// It has not said that it holds it; since when it should.
    NotReceived(Timestamp),
}

impl UnitFunctions {
    /// With the newest policy as the store has it: the desk may not have looked yet.
    #[must_use]
    pub fn with_newest(mut self, newest: Option<(Policy, Timestamp)>) -> Self {
        let known = self.wanted.as_ref().map(|(policy, _)| policy.version);
        if newest.as_ref().map(|(policy, _)| policy.version) > known {
            self.wanted = newest;
            self.sent = None;
        }
        self
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let Some((policy, made)) = &self.wanted else {
            return Progress::NoPolicy;
        };
        let held = self.said.and_then(|said| Some((said.held?, said)));
        match held.filter(|(held, _)| holds(*held, policy)) {
            None => Progress::NotReceived(*made),
            Some((held, said)) => match held.approval {
                Approval::NotNeeded => Progress::InForce,
                Approval::Awaited => {
                    let began = said.awaits.unwrap_or(said.at);
                    Progress::AwaitsButton(began.after(APPROVAL_WITHIN))
                }
                Approval::Missed => Progress::Missed,
            },
        }
    }

    /// Whether what was agreed allows pictures at this moment, whatever the unit says.
    #[must_use]
    pub fn agreed(&self, now: Timestamp) -> Pictures {
        let is_wanted = self
            .wanted
            .as_ref()
            .is_some_and(|(policy, _)| policy.mode == Mode::LiveView && policy.is_in_force(now));
        if is_wanted {
            Pictures::Allowed
        } else {
            Pictures::None
        }
    }

    /// Whether pictures may be shown at this moment: agreed to, and by the unit's own word built
    /// in, approved there, and not over.
    #[must_use]
    pub fn shows_pictures(&self, now: Timestamp) -> Pictures {
        let can = self.said.is_some_and(|said| {
            let in_force = said.held.map(|held| held.mode);
            said.build == Build::LiveView && in_force == Some(Mode::LiveView)
        });
        if self.agreed(now) == Pictures::Allowed && can && self.progress() == Progress::InForce {
            Pictures::Allowed
        } else {
            Pictures::None
        }
    }
}

fn holds(held: HeldPolicy, newest: &Policy) -> bool {
    held.version == newest.version && !is_at_odds(held, newest)
}

/// Whether pictures may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// One short live view of an unclear look, under a grant.
    Allowed,
    /// None.
    None,
}

/// What the page shows of consents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Functions {
    /// By unit.
    pub units: BTreeMap<UnitId, UnitFunctions>,
    /// Who has no entry at all: looks go on by a plan that rests on paper.
    pub unrecorded: BTreeSet<ResidentId>,
}

impl Functions {
    /// What the units said of themselves.
    #[must_use]
    pub fn said(&self) -> BTreeMap<UnitId, Said> {
        let units = self.units.iter();
        let said = units.filter_map(|(unit, standing)| Some((*unit, standing.said?)));
        said.collect()
    }

    /// Whether pictures may be shown through a unit at this moment.
    #[must_use]
    pub fn shows_pictures(&self, unit: UnitId, now: Timestamp) -> Pictures {
        let standing = self.units.get(&unit);
        standing.map_or(Pictures::None, |standing| standing.shows_pictures(now))
    }

    /// Whether what was agreed allows pictures through a unit at this moment.
    #[must_use]
    pub fn agreed(&self, unit: UnitId, now: Timestamp) -> Pictures {
        let standing = self.units.get(&unit);
        standing.map_or(Pictures::None, |standing| standing.agreed(now))
    }
}

/// The desk's memory of policies and of what units say of them.
#[derive(Clone, Debug, Default)]
pub struct Enforcement {
    signed: BTreeMap<UnitId, Signed>,
    units: BTreeMap<UnitId, UnitFunctions>,
}

impl Enforcement {
    /// Takes in the newest policies; returns the units for which there is a newer one.
    pub fn take_policies(&mut self, policies: Policies) -> BTreeSet<UnitId> {
        let mut newer = BTreeSet::new();
        for (unit, stored) in policies {
            let standing = self.units.entry(unit).or_default();
            let held = standing.wanted.as_ref().map(|(policy, _)| policy.version);
            if held.is_none_or(|held| held < stored.policy.version) {
                standing.wanted = Some((stored.policy, stored.made));
                standing.sent = None;
                self.signed.insert(unit, stored.signed);
                newer.insert(unit);
            }
        }
        newer
    }

    /// Takes in what an eye said of itself, signed by it. One of another run of the eye replaces
    /// any other.
    pub fn take_said(&mut self, at: Timestamp, capability: &Capability) {
        let standing = self.units.entry(capability.unit).or_default();
        let before = standing.said.map_or(0, |said| said.highest);
        let named = capability.policy.map_or(0, |held| held.version);
        let waits =
            |held: Option<HeldPolicy>| held.is_some_and(|held| held.approval == Approval::Awaited);
        let same = standing.said.filter(|said| said.boot == capability.boot);
        let began = same.and_then(|said| said.awaits).unwrap_or(at);
        standing.said = Some(Said {
            build: capability.build,
            held: capability.policy,
            highest: before.max(named),
            boot: capability.boot,
            at,
            awaits: waits(capability.policy).then_some(began),
        });
    }

    /// The newest policy by which a unit says that it looks: it holds it, and it is not off.
    #[must_use]
    pub fn looks_by(&self, unit: UnitId) -> Option<u32> {
        let standing = self.units.get(&unit)?;
        let (wanted, _) = standing.wanted.as_ref()?;
        let held = standing.said?.held?;
        (holds(held, wanted) && held.mode != Mode::Off).then_some(wanted.version)
    }

    /// The policy to send to a unit that says hello, if it does not say that it holds it.
    pub fn greet(
        &mut self,
        now: Timestamp,
        unit: UnitId,
        endorsement: &Signed,
    ) -> Option<PolicyMessage> {
        let standing = self.units.get_mut(&unit)?;
        let (wanted, _) = standing.wanted.as_ref()?;
        let held = standing.said.and_then(|said| said.held);
        if held.is_some_and(|held| holds(held, wanted)) {
            return None;
        }
        standing.sent = Some(now);
        Some(PolicyMessage {
            policy: self.signed.get(&unit)?.clone(),
            endorsement: endorsement.clone(),
        })
    }

    /// The policy to send to a unit that is heard, if it speaks of policies, does not say that it
    /// holds the newest, and was not sent it just now. A withdrawal must not wait for a hello.
    pub fn remind(
        &mut self,
        now: Timestamp,
        unit: UnitId,
        endorsement: &Signed,
    ) -> Option<PolicyMessage> {
        let standing = self.units.get(&unit)?;
        standing.said?;
        let is_fresh = standing
            .sent
            .is_some_and(|sent| now.since(sent) < SENT_AGAIN_AFTER);
        if is_fresh {
            return None;
        }
        self.greet(now, unit, endorsement)
    }

    /// What is known of each unit.
    #[must_use]
    pub fn units(&self) -> &BTreeMap<UnitId, UnitFunctions> {
        &self.units
    }

    /// For the page.
    #[must_use]
    pub fn shown(&self, roster: &Roster, consents: &Consents) -> Functions {
        let residents = roster.homes().iter().flat_map(|home| &home.residents);
        let residents = residents.map(|resident| resident.id);
        Functions {
            units: self.units.clone(),
            unrecorded: residents
                .filter(|who| consents.of(*who).is_empty())
                .collect(),
        }
    }
}
