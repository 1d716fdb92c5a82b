//! Commissioning at the desk: what is sent of it, which reports count, and whose matter it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nattsyn_protocol::commission::{CommissionDown, LASTS_MAX};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::policy::Mode;
use nattsyn_protocol::report::Report;
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::ServiceError;
use super::desk::{Answer, Desk, write};
use crate::commission::PAPER_MAX;
use crate::commission::course::refused_version;
use crate::commission::gate::{Gate, Paper, PaperWhy, Refusal, RefusedWhy};
use crate::commission::standing::Standing;
use crate::commission::suited::{self, TRIAL_DAYS_MAX, Unsuited};
use crate::roster::{Home, Roster};
use crate::store::{Batch, Store, StoreError};
use crate::watch::wall::Trust;
use crate::watch::{Change, Moment};

/// How long after a commissioning its trial is asked at the most: the days of it, and as long as
/// counts are taken after their night.
const TRIAL_TAKES: Duration = Duration::from_secs(2 * 24 * 3600 * TRIAL_DAYS_MAX.unsigned_abs());

impl Desk {
    /// What pages wrote of commissioning since, to be sent.
    pub(super) fn commission_answers(&mut self, now: Moment) -> Result<Vec<Answer>, ServiceError> {
        let since = now.timestamp.before(LASTS_MAX);
        let rows = self.store.steps_after(self.commission.last(), since)?;
        self.commission.take_sides(self.store.sides()?);
        let down = self.commission.take(&rows, &self.charge.endorsement);
        let answer = |(unit, down): (UnitId, CommissionDown)| commission_answer(unit, &down);
        Ok(down.into_iter().map(answer).collect())
    }

    /// Which units do not count, or will not for long: rows for whoever commissions them.
    pub(super) fn review_commissions(&mut self, now: Moment) -> Vec<Change> {
        let mut newest: BTreeMap<ResidentId, &Plan> = BTreeMap::new();
        // In the order of versions.
        for stored in &self.plans {
            newest.insert(stored.plan.resident, &stored.plan);
        }
        let roster = Arc::clone(self.watch.roster());
        let gates = self.commission.gates();
        let mut matters = gates.matters(now.timestamp, &roster, &newest);
        let other = self.commission.of_other_model();
        let other = other.filter(|unit| roster.of_unit(*unit).is_some());
        matters.awaited.extend(other);
        self.watch.handle_commissions(now, matters)
    }

    /// Which units' first nights show that sensor mode does not suit their homes: written down, and
    /// from then on what they see is no outcome. Nothing else follows of it: no look, no picture,
    /// no policy.
    pub(super) fn review_trials(
        &mut self,
        now: Moment,
        of: impl Fn(UnitId) -> bool,
    ) -> Result<(), ServiceError> {
        let roster = Arc::clone(self.watch.roster());
        for home in roster.homes().iter().filter(|home| of(home.unit)) {
            // What one home has counted, or cannot be read of it, holds up no other's checks.
            let unsuited = self.refused_trial(now, home).unwrap_or_else(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::error!(unit = %home.unit, error, "its first nights cannot be read");
                None
            });
            let Some(unsuited) = unsuited else {
                continue;
            };
            let share = unsuited.share;
            self.store.refuse_sensor(&unsuited)?;
            tracing::warn!(unit = %home.unit, ?share, "sensor mode does not suit this home");
            self.commission.take_unsuited(unsuited);
        }
        let changes = self.review_commissions(now);
        Ok(write(self.store.as_mut(), changes)?)
    }

    /// What a home's first nights say, if they say that sensor mode does not suit it and that is
    /// not written down yet. Where people agreed to a live view an unclear look has an answer:
    /// those homes are on no such trial.
    fn refused_trial(&self, now: Moment, home: &Home) -> Result<Option<Unsuited>, ServiceError> {
        let gates = self.commission.gates();
        let since = gates.since.get(&home.unit);
        let held = gates.held(home.unit);
        let held = held.filter(|_| gates.unsuited(home.unit).is_none());
        // By what the unit says that it works by: nobody may have pressed its button.
        let unit = self.enforcement.units().get(&home.unit);
        let said = unit.and_then(|unit| unit.said).and_then(|said| said.held);
        let wanted = unit.and_then(|unit| Some(unit.wanted.as_ref()?.0.mode));
        let mode = said.map(|held| held.mode).or(wanted);
        let is_sensor = mode.is_none_or(|mode| mode != Mode::LiveView);
        let (Some(since), Some(held), true) = (since, held, is_sensor) else {
            return Ok(None);
        };
        if now.timestamp > since.after(TRIAL_TAKES) {
            return Ok(None);
        }
        // The night on which it passed had looks from before.
        let passed = night_of(*since, &self.charge.zone)?;
        let nights = self.store.trial((home.unit, home.id), passed)?;
        Ok(suited::refused(&nights).map(|share| Unsuited {
            unit: home.unit,
            version: held.version,
            share,
            at: now.timestamp,
        }))
    }

    /// Begins the papers that waited for a clock that is believed, if it is by now.
    pub(super) fn begin_waiting_papers(&mut self, now: Moment) -> Result<(), ServiceError> {
        let trust = self.wall.trust();
        if trust == Trust::Doubted || self.commission.gates().before.is_empty() {
            return Ok(());
        }
        begin_papers(now, trust, self.store.as_mut())?;
        self.commission.recall(self.store.gates()?);
        Ok(())
    }

    /// How the gate stands for a report. One of a plan that the hub does not know was tried with
    /// no place.
    pub(super) fn gate_of(&mut self, now: Moment, report: &Report) -> Gate {
        if report.finding != Finding::Visible {
            return Gate::Open;
        }
        let (resident, version) = (report.check.resident, report.plan);
        let mut plans = self.plans.iter().rev().map(|stored| &stored.plan);
        let plan = plans.find(|plan| plan.resident == resident && plan.version == version);
        let places = plan.map(|plan| plan.places.as_slice());
        let home = self.watch.roster().of_unit(report.unit);
        let residents = home.map_or(&[][..], |home| &home.residents);
        let residents: Vec<ResidentId> = residents.iter().map(|who| who.id).collect();
        let by = (report.unit, report.model.as_str());
        let asked = (places, resident, residents.as_slice());
        self.commission.gate(now.timestamp, by, asked)
    }
}

/// Begins the papers of units of before, once the clock is believed: by a wrong one they would end
/// at once, or never. Until then such units count on paper without a day.
fn begin_papers(now: Moment, trust: Trust, store: &mut dyn Store) -> Result<(), StoreError> {
    let at = now.timestamp;
    let units = store.before_commissioning()?;
    if units.is_empty() {
        return Ok(());
    }
    if trust == Trust::Doubted {
        tracing::warn!(
            units = units.len(),
            "units of before commissioning count on paper; their 90 days wait for a clock that is \
             believed"
        );
        return Ok(());
    }
    tracing::warn!(
        units = units.len(),
        "units of before commissioning count on paper for 90 days"
    );
    let paper = |unit| Paper {
        unit,
        why: PaperWhy::Before,
        until: at.after(PAPER_MAX),
        at,
    };
    store.put_on_paper(&units.into_iter().map(paper).collect::<Vec<_>>())
}

/// Refuses units on paper that were tried and could not pass by a hub that wrote no refusals down.
fn refuse_of_before(now: Moment, roster: &Roster, store: &mut dyn Store) -> Result<(), StoreError> {
    let gates = store.gates()?;
    let on_paper = roster.homes().iter().map(|home| home.unit);
    let on_paper = on_paper.filter(|unit| gates.is_on_paper(*unit, now.timestamp));
    let mut batch = Batch::default();
    for unit in on_paper {
        let steps = store.steps_since_passed(unit)?;
        if let Some(version) = refused_version(&steps) {
            tracing::warn!(%unit, version, "was tried out and refused before refusals were kept");
            batch.refused.push(Refusal {
                unit,
                why: RefusedWhy::Tried,
                version,
                at: now.timestamp,
            });
        }
    }
    match batch.is_empty() {
        true => Ok(()),
        false => store.commit(&batch),
    }
}

/// As what units are commissioned.
pub(super) fn open_commissions(
    now: Moment,
    trust: Trust,
    store: &mut dyn Store,
) -> Result<Standing, StoreError> {
    let at = now.timestamp;
    begin_papers(now, trust, store)?;
    let mut commission = Standing::default();
    let roster = store.roster()?;
    refuse_of_before(now, &roster, store)?;
    let gates = store.gates()?;
    let on_paper = roster.homes().iter().map(|home| home.unit);
    for unit in on_paper.filter(|unit| gates.is_on_paper(*unit, at)) {
        let until = gates.paper(unit, at).map(|until| until.0);
        tracing::info!(%unit, ?until, "counts on paper");
    }
    commission.recall(gates);
    commission.recall_models(store.of_other_model()?);
    commission.restore(&store.steps_to_restore(at.before(LASTS_MAX))?);
    Ok(commission)
}

pub(super) fn commission_answer(unit: UnitId, down: &CommissionDown) -> Answer {
    tracing::debug!(%unit, "sends a word of commissioning");
    Answer {
        topic: Topic {
            unit,
            channel: Channel::CommissionDown,
        },
        body: wire::encode(down),
    }
}
