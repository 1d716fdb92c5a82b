//! What the watch makes of what is heard: from units, of units, and of the broker.
//!
//! Decides nothing about people; a report or notice is counted and its check judged anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use nattsyn_protocol::finding::Fault;
use nattsyn_protocol::heartbeat::EyeState;
use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::time::Uptime;

use super::change::{Change, Counted};
use super::check::{CheckState, is_again};
use super::matters::Subject;
use super::situation::Situation;
use super::{CONTACT_GRACE, Fit, Moment, Watch, is_explained};
use crate::audit::heads::Kept;
use crate::commission::gate::{Gate, Matters};
use crate::ingest::DropKind;

/// Whether the hub has contact with the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It has.
    Up,
    /// It has not, since then.
    Down(Uptime),
    /// It has not, and somebody has been told.
    Told,
}

impl Contact {
    /// When somebody is to be told.
    pub(super) fn next_timeout(self) -> Option<Uptime> {
        match self {
            Self::Down(since) => Some(since.after(CONTACT_GRACE)),
            Self::Up | Self::Told => None,
        }
    }
}

impl Watch {
    /// Takes in a sign of life of an enrolled unit.
    pub fn handle_sign(&mut self, now: Moment, unit: UnitId, eye: Option<EyeState>) -> Vec<Change> {
        let mut changes = Vec::new();
        self.hear(now, unit, eye, &mut changes);
        self.reckon(now);
        changes
    }

    fn hear(
        &mut self,
        now: Moment,
        unit: UnitId,
        eye: Option<EyeState>,
        changes: &mut Vec<Change>,
    ) {
        let Some(state) = self.units.get_mut(&unit) else {
            return;
        };
        state.hear(now, eye);
        self.remember_unit(unit, now);
        let (checks, roster) = (&self.checks, Arc::clone(&self.roster));
        for resident in roster.of_unit(unit).iter().flat_map(|home| &home.residents) {
            let is_explained = |check| is_explained(checks, check);
            self.exceptions
                .hear(resident.id, now.timestamp, is_explained, changes);
        }
    }

    /// Takes in a verified report that is not held already, and whether its *visible* counts.
    pub fn handle_report(
        &mut self,
        now: Moment,
        report: &Report,
        gate: Gate,
    ) -> (Fit, Vec<Change>) {
        let mut changes = Vec::new();
        self.hear(now, report.unit, None, &mut changes);
        let Some(state) = self.check_of(report.check, report.unit) else {
            // A settled check of an earlier night is forgotten here, and its report only late.
            if report.check.night >= self.night && self.units.contains_key(&report.unit) {
                self.claims_too_much(report, now, &mut changes);
            }
            self.reckon(now);
            return (Fit::Nothing, changes);
        };
        state.count(Counted {
            key: report.key(),
            unit: report.unit,
            look: report.look,
            plan: Some(report.plan),
            at: report.at_ms,
            came: now.timestamp,
            finding: report.finding,
            gate,
        });
        let planned = state.planned.check.looks.len();
        if usize::from(report.look) > planned && !is_again(report.look) {
            self.claims_too_much(report, now, &mut changes);
        }
        self.judge(report.check, now, &mut changes);
        self.remember(report.check, now);
        (Fit::Check, changes)
    }

    fn claims_too_much(&mut self, report: &Report, now: Moment, changes: &mut Vec<Change>) {
        let subject = Subject::Unit(report.unit);
        let situation = Situation::LookOutsidePlan;
        self.matters
            .raise(subject, situation, now.timestamp, changes);
    }

    /// Takes in a voice's word, which is never more than a technical fault.
    pub fn handle_notice(&mut self, now: Moment, notice: &Notice) -> (Fit, Vec<Change>) {
        let mut changes = Vec::new();
        self.hear(now, notice.unit, None, &mut changes);
        if notice.fault == Fault::DiskDown && self.units.contains_key(&notice.unit) {
            let (subject, situation) = (Subject::Unit(notice.unit), Situation::DiskFull);
            self.matters
                .raise(subject, situation, now.timestamp, &mut changes);
        }
        let Some(state) = self.check_of(notice.check, notice.unit) else {
            self.reckon(now);
            return (Fit::Nothing, changes);
        };
        state.note(notice.look, notice.fault);
        self.judge(notice.check, now, &mut changes);
        self.remember(notice.check, now);
        (Fit::Check, changes)
    }

    /// Takes in that a message was not believed, and why. Most kinds are noise on the wire and
    /// only counted; what may be a unit gone wrong, or an intruder, is a row.
    pub fn handle_drop(&mut self, now: Moment, unit: UnitId, kind: DropKind) -> Vec<Change> {
        let situation = match kind {
            DropKind::UnknownUnit => Situation::UnknownUnit,
            DropKind::WrongSignature | DropKind::AnotherUnit => Situation::ReportUnsigned,
            DropKind::ForeignTopic
            | DropKind::TooLarge
            | DropKind::Unreadable
            | DropKind::UnknownVersion
            | DropKind::StrayFrame
            | DropKind::Unasked
            | DropKind::OldWord
            | DropKind::ImpossibleCounts
            | DropKind::OtherCounts => return Vec::new(),
        };
        let mut changes = Vec::new();
        let subject = Subject::Unit(unit);
        self.matters
            .raise(subject, situation, now.timestamp, &mut changes);
        changes
    }

    /// Takes in that a unit signed two different reports by one name. The first counts; that
    /// there are two is a fault of the unit's, or an intruder has its key.
    pub fn handle_contradiction(&mut self, now: Moment, unit: UnitId) -> Vec<Change> {
        let mut changes = Vec::new();
        let (subject, situation) = (Subject::Unit(unit), Situation::ReportsContradict);
        self.matters
            .raise(subject, situation, now.timestamp, &mut changes);
        changes
    }

    /// Takes in that the broker is reached, or is not. Somebody is told after a few minutes.
    pub fn handle_contact(&mut self, now: Moment, contact: Contact) -> Vec<Change> {
        let mut changes = Vec::new();
        match (self.contact, contact) {
            (Contact::Down(_) | Contact::Told, Contact::Down(_) | Contact::Told) => {}
            (_, Contact::Up) => {
                self.contact = Contact::Up;
                let (hub, situation) = (Subject::Hub, Situation::BrokerDown);
                self.matters
                    .clear(hub, situation, now.timestamp, &mut changes);
            }
            (Contact::Up, Contact::Down(_) | Contact::Told) => {
                self.contact = Contact::Down(now.uptime);
            }
        }
        self.reckon(now);
        changes
    }

    /// Takes in whether the log's head lies outside. Said again it changes nothing.
    pub fn handle_heads(&mut self, now: Moment, kept: Kept) -> Vec<Change> {
        let (hub, situation) = (Subject::Hub, Situation::LogHeadLost);
        let (at, mut changes) = (now.timestamp, Vec::new());
        match kept {
            Kept::Yes => self.matters.clear(hub, situation, at, &mut changes),
            Kept::No => self.matters.raise(hub, situation, at, &mut changes),
        }
        changes
    }

    /// Takes in which units' certificates are near their end. Said again it changes nothing.
    pub fn handle_late(&mut self, now: Moment, units: BTreeSet<UnitId>) -> Vec<Change> {
        let (at, mut changes) = (now.timestamp, Vec::new());
        let subjects = units.into_iter().map(Subject::Unit);
        let late = Situation::CertificateLate;
        self.matters.set(late, subjects, at, &mut changes);
        changes
    }

    /// Takes in which units do not count, and which are on paper for a little while yet. Said again
    /// it changes nothing.
    pub fn handle_commissions(&mut self, now: Moment, units: Matters) -> Vec<Change> {
        let (at, mut changes) = (now.timestamp, Vec::new());
        let rows = [
            (Situation::CommissionAwaited, units.awaited),
            (Situation::PaperEnds, units.ending),
            (Situation::SidesUnsaid, units.unsaid),
            (Situation::SensorUnsuited, units.unsuited),
        ];
        for (situation, units) in rows {
            let subjects = units.into_iter().map(Subject::Unit);
            self.matters.set(situation, subjects, at, &mut changes);
        }
        changes
    }

    /// Tells somebody about a broker that has been gone for too long.
    pub(super) fn review_contact(&mut self, now: Moment, changes: &mut Vec<Change>) {
        let told_at = self.contact.next_timeout();
        if told_at.is_some_and(|at| now.uptime >= at) {
            self.contact = Contact::Told;
            let (hub, situation) = (Subject::Hub, Situation::BrokerDown);
            self.matters.raise(hub, situation, now.timestamp, changes);
        }
    }

    pub(super) fn check_of(&mut self, check: CheckId, unit: UnitId) -> Option<&mut CheckState> {
        self.checks
            .get_mut(&check)
            .filter(|state| state.is_made_by(unit))
    }
}
