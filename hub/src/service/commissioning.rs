//! Commissioning at the desk: what is sent of it, which reports count, and whose matter it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use nattsyn_protocol::commission::{CommissionDown, LASTS_MAX};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::report::Report;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::ServiceError;
use super::desk::{Answer, Desk};
use crate::commission::PAPER_MAX;
use crate::commission::gate::{Gate, Paper, PaperWhy};
use crate::commission::standing::Standing;
use crate::store::{Store, StoreError};
use crate::watch::{Change, Moment};

impl Desk {
    /// What pages wrote of commissioning since, to be sent.
    pub(super) fn commission_answers(&mut self, now: Moment) -> Result<Vec<Answer>, ServiceError> {
        let since = now.timestamp.before(LASTS_MAX);
        let rows = self.store.steps_after(self.commission.last(), since)?;
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
        let [mut awaited, ending] = gates.matters(now.timestamp, &roster, &newest);
        let other = self.commission.of_other_model();
        awaited.extend(other.filter(|unit| roster.of_unit(*unit).is_some()));
        self.watch.handle_commissions(now, [awaited, ending])
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
        let sleepers = home.map_or(0, |home| home.residents.len());
        let by = (report.unit, report.model.as_str());
        self.commission.gate(now.timestamp, by, (places, sleepers))
    }
}

/// As what units are commissioned. Units of before it was asked of any begin their paper now.
pub(super) fn open_commissions(now: Moment, store: &mut dyn Store) -> Result<Standing, StoreError> {
    let at = now.timestamp;
    let papers: Vec<Paper> = store
        .before_commissioning()?
        .into_iter()
        .map(|unit| Paper {
            unit,
            why: PaperWhy::Before,
            until: at.after(PAPER_MAX),
            at,
        })
        .collect();
    if !papers.is_empty() {
        tracing::warn!(
            units = papers.len(),
            "units of before commissioning count on paper for 90 days"
        );
        store.put_on_paper(&papers)?;
    }
    let mut commission = Standing::default();
    let gates = store.gates()?;
    let roster = store.roster()?;
    let on_paper = roster.homes().iter().map(|home| home.unit);
    for unit in on_paper.filter(|unit| gates.is_on_paper(*unit, at)) {
        let until = gates.papers.until(unit).map(|until| until.0);
        tracing::info!(%unit, ?until, "counts on paper");
    }
    commission.recall(gates);
    commission.recall_models(store.of_other_model()?);
    commission.restore(&store.steps_after(0, at.before(LASTS_MAX))?);
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
