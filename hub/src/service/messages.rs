//! What came from units: judged, written down together, then answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nattsyn_protocol::hello::{Ack, HeldPlan, Hello, PlanMessage};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::policy::{Capability, PolicyMessage};
use nattsyn_protocol::report::{Report, ReportKey};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::ThresholdsMessage;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::ServiceError;
use super::commissioning::commission_answer;
use super::counting::Acknowledged;
use super::desk::{Answer, Desk, Done, News, whole};
use crate::commission::course::Answer as CommissionAnswer;
use crate::commission::gate::{CommissionWord, Newness, Refusal};
use crate::commission::standing::Heard as CommissionHeard;
use crate::dispatch;
use crate::ingest::{DropKind, Message, Publication, Said, hello_of_stranger, judge};
use crate::live::Heard;
use crate::nights;
use crate::store::{Batch, NewCounts, NewReport};
use crate::tuning::standing::Word;
use crate::watch::{Fit, Moment, Repeated};

/// What a handful of messages lead to: written first, answered then.
struct Intake {
    /// What the machine's clocks say, believed or not.
    clock: Moment,
    batch: Batch,
    acks: BTreeMap<UnitId, Vec<ReportKey>>,
    /// Nights' counts that are, or will be, written down.
    counted: Acknowledged,
    hellos: BTreeMap<UnitId, Vec<HeldPlan>>,
    /// Units that gave a sign of life by hello or heartbeat.
    heard: BTreeSet<UnitId>,
    /// Units that work and have not said to this run of the hub what they hold.
    unmet: BTreeSet<UnitId>,
    /// The reports of this handful that are not held yet, as signed.
    fresh: BTreeMap<(UnitId, ReportKey), Signed>,
    news: News,
    live: Vec<Heard>,
}

impl Desk {
    /// Takes in what came: writes it down, then says what to answer.
    ///
    /// # Errors
    ///
    /// The store fails; nothing may be answered. Drop the desk and open another.
    pub fn take(&mut self, now: Moment, messages: &[Publication]) -> Result<Done, ServiceError> {
        let clock = whole(now);
        let now = self.read(clock);
        let mut intake = Intake {
            clock,
            batch: Batch::default(),
            acks: BTreeMap::new(),
            counted: Acknowledged::default(),
            hellos: BTreeMap::new(),
            heard: BTreeSet::new(),
            unmet: BTreeSet::new(),
            fresh: BTreeMap::new(),
            news: News::Nothing,
            live: Vec::new(),
        };
        for publication in messages {
            self.take_one(publication, now, &mut intake)?;
        }
        self.keep(now, &mut intake)?;
        // Only now is anything true that a unit may rely on.
        let mut answers = Vec::new();
        for (unit, reports) in &intake.acks {
            answers.extend(acks(*unit, reports));
        }
        let counted = intake.counted.acks();
        answers.extend(counted.map(|(unit, ack)| acknowledgement(unit, ack)));
        for &unit in &intake.heard {
            let endorsement = &self.charge.endorsement;
            let asks = intake.hellos.contains_key(&unit) || intake.unmet.contains(&unit);
            let policy = if asks {
                self.enforcement.greet(now.timestamp, unit, endorsement)
            } else {
                self.enforcement.remind(now.timestamp, unit, endorsement)
            };
            answers.extend(policy.map(|policy| policy_answer(unit, &policy)));
            let thresholds = if asks {
                self.tuned.greet(now.timestamp, unit, endorsement)
            } else {
                self.tuned.remind(now.timestamp, unit, endorsement)
            };
            answers.extend(thresholds.map(|it| thresholds_answer(unit, &it)));
            if asks {
                let leave = self.commission.greet(now.timestamp, unit, endorsement);
                answers.extend(leave.map(|leave| commission_answer(unit, &leave)));
            }
        }
        for (unit, held) in &intake.hellos {
            answers.extend(self.newer(now, *unit, held)?);
            answers.extend(self.labels_for(now, *unit)?);
            // The last word to a hello: a unit that does not hear it says hello again.
            answers.push(acknowledgement(
                *unit,
                Ack {
                    reports: Vec::new(),
                    counts: Vec::new(),
                },
            ));
        }
        for unit in &intake.unmet {
            answers.extend(self.newer(now, *unit, &[])?);
        }
        Ok(Done {
            answers,
            news: intake.news,
            live: intake.live,
        })
    }

    fn take_one(
        &mut self,
        publication: &Publication,
        now: Moment,
        intake: &mut Intake,
    ) -> Result<(), ServiceError> {
        let roster = self.watch.roster();
        let Message { unit, said } = match judge(&publication.topic, &publication.body, roster) {
            Ok(message) => message,
            Err(kind) => {
                self.drops.count(kind, &publication.topic);
                if let Some(topic) = Topic::parse(&publication.topic) {
                    let changes = self.watch.handle_drop(now, topic.unit, kind);
                    intake.batch.changes.extend(changes);
                    self.take_stranger(publication, topic.unit, intake);
                }
                return Ok(());
            }
        };
        let before = self.watch.hearing(unit, now);
        match said {
            Said::Heartbeat(heartbeat) => {
                let units = self.watch.roster().homes().len();
                self.wall.hear(intake.clock, unit, heartbeat.at_ms, units);
                let changes = self.watch.handle_sign(now, unit, Some(heartbeat.eye));
                intake.batch.changes.extend(changes);
                intake.heard.insert(unit);
                // It came through a restart of the hub on a connection that stood, so it says
                // no hello, and what was agreed meanwhile is not known to it.
                if self.met.insert(unit) {
                    intake.unmet.insert(unit);
                }
            }
            Said::Hello(hello) => self.take_hello(now, unit, hello, intake),
            Said::Live(said) => {
                let changes = self.watch.handle_sign(now, unit, None);
                intake.batch.changes.extend(changes);
                intake.live.push(Heard { unit, said });
            }
            Said::Report(report, signed) => self.take_report(now, *report, signed, intake)?,
            Said::Counts(counts, signed) => {
                let changes = self.watch.handle_sign(now, unit, None);
                intake.batch.changes.extend(changes);
                let new = NewCounts {
                    counts,
                    home: self.watch.roster().of_unit(unit).map(|home| home.id),
                    signed,
                    came: now.timestamp,
                };
                self.take_counts(now, new, (&mut intake.batch, &mut intake.counted))?;
            }
            Said::Commission(heard) => {
                let changes = self.watch.handle_sign(now, unit, None);
                intake.batch.changes.extend(changes);
                self.take_answer(now, *heard, intake);
            }
            Said::Notice(notice) => {
                let (fit, changes) = self.watch.handle_notice(now, &notice);
                intake.batch.changes.extend(changes);
                match fit {
                    Fit::Check => intake.batch.notices.push((notice, now.timestamp)),
                    Fit::Nothing => tracing::warn!(
                        %unit, check = %notice.check, "a notice matches no check"
                    ),
                }
            }
        }
        if self.watch.hearing(unit, now) != before {
            intake.news = News::Something;
        }
        Ok(())
    }

    /// A unit that was taken from the list while it was away asks what it is to hold: nothing any
    /// more, and it must hear so before it looks at anybody. One that never had a plan hears
    /// nothing.
    fn take_stranger(&self, publication: &Publication, unit: UnitId, intake: &mut Intake) {
        let had_plan = self.plans.iter().any(|stored| stored.plan.unit == unit);
        let is_former = had_plan && self.watch.roster().of_unit(unit).is_none();
        if let Some(hello) = hello_of_stranger(&publication.topic, &publication.body)
            && is_former
        {
            intake.hellos.insert(unit, hello.plans);
        }
    }

    /// Writes down what a handful leads to, and what follows of nights that were counted.
    fn keep(&mut self, now: Moment, intake: &mut Intake) -> Result<(), ServiceError> {
        if !intake.batch.is_empty() {
            self.store.commit(&intake.batch)?;
            intake.news = News::Something;
            let counted = intake.batch.counts.iter().map(|new| new.counts.unit);
            let counted: BTreeSet<UnitId> = counted.collect();
            if !counted.is_empty() {
                self.review_trials(now, |unit| counted.contains(&unit))?;
            }
            if !intake.batch.looking.is_empty() {
                self.expect_another_basis();
            }
        }
        Ok(())
    }

    fn take_hello(&mut self, now: Moment, unit: UnitId, hello: Hello, intake: &mut Intake) {
        let software: String = hello.software.chars().take(40).collect();
        tracing::debug!(%unit, ?software, waiting = hello.waiting, "hello");
        intake
            .batch
            .changes
            .extend(self.watch.handle_sign(now, unit, None));
        self.met.insert(unit);
        intake.unmet.remove(&unit);
        intake.heard.insert(unit);
        if let Some(said) = &hello.eye {
            self.take_capability(now, unit, said, intake);
        }
        intake.hellos.insert(unit, hello.plans);
    }

    /// Takes in what a unit's eye says of itself: by its own key, and of this very unit. Anything
    /// else is no word of it, and what it said before stands.
    fn take_capability(&mut self, now: Moment, unit: UnitId, eyes: &Signed, intake: &mut Intake) {
        let home = self.watch.roster().of_unit(unit);
        let said = home.map(|home| eyes.open::<Capability>(&home.eye));
        match said {
            Some(Ok(capability)) if capability.unit == unit => {
                self.enforcement.take_said(now.timestamp, &capability);
                intake.news = News::Something;
                let mut shown = (*self.consent).clone();
                shown.units.clone_from(self.enforcement.units());
                self.consent = Arc::new(shown);
                let looks_by = self.enforcement.looks_by(unit);
                let news = looks_by.filter(|version| self.resumptions.is_news(unit, *version));
                let looking = news.map(|version| (unit, version, now.timestamp));
                intake.batch.looking.extend(looking);
                let held = self.tuned.hear(&capability);
                let at = now.timestamp;
                let word = held.map(|held| (unit, Word { held, at }));
                intake.batch.words.extend(word);
                let stands = self.commission.hear(now.timestamp, &capability);
                intake.batch.steps.extend(stands);
                let later = self.commission.hear_later(at, &capability);
                self.write_refusal(now, later, intake);
                let row = self.commission.hear_passed(at, eyes, &capability);
                let has_passed = row.is_some();
                intake.batch.steps.extend(row);
                let (held, number) = (capability.commissioned, capability.word);
                self.take_held(now, unit, CommissionWord { held, number }, intake);
                if has_passed {
                    tracing::info!(%unit, "passed by its word: its answer was lost");
                    let changes = self.review_commissions(now);
                    intake.batch.changes.extend(changes);
                }
            }
            Some(Ok(_) | Err(_)) => tracing::warn!(%unit, "an eye's word that is not its own"),
            None => {}
        }
    }

    /// Takes in as what a unit's eye says that it is commissioned.
    fn take_held(&mut self, now: Moment, unit: UnitId, said: CommissionWord, intake: &mut Intake) {
        match self.commission.hear_held(now.timestamp, unit, &said) {
            Newness::News => self.write_held(now, unit, said, intake),
            Newness::Same => {}
            Newness::Older => {
                tracing::warn!(%unit, number = said.number, "an older word of an eye");
                let channel = Channel::Hello;
                let topic = Topic { unit, channel };
                self.drops.count(DropKind::OldWord, &topic.to_string());
            }
        }
    }

    fn write_held(&mut self, now: Moment, unit: UnitId, said: CommissionWord, intake: &mut Intake) {
        intake.batch.commissioned.push((unit, said, now.timestamp));
        let changes = self.review_commissions(now);
        intake.batch.changes.extend(changes);
    }

    /// Takes in an answer to a try, or drops it if nothing of the kind was asked.
    fn take_answer(&mut self, now: Moment, heard: CommissionHeard, intake: &mut Intake) {
        let unit = heard.unit();
        let passed = match &heard.answer {
            CommissionAnswer::Commissioned(commissioned) => Some(CommissionWord {
                held: Some(commissioned.held.clone()),
                number: commissioned.word,
            }),
            CommissionAnswer::Tried(_) | CommissionAnswer::NotTried(_) => None,
        };
        match self.commission.answer(now.timestamp, heard.clone()) {
            Ok((row, refusal)) => {
                intake.batch.steps.push(row);
                intake.news = News::Something;
                if let Some(said) = passed {
                    self.commission
                        .begin_words(now.timestamp, unit, said.clone());
                    self.write_held(now, unit, said, intake);
                }
                self.write_refusal(now, refusal, intake);
            }
            Err(why) => {
                tracing::warn!(%unit, %why, "an answer to no try");
                let refusal = self.commission.answer_late(now.timestamp, &heard);
                self.write_refusal(now, refusal, intake);
                let topic = Topic {
                    unit,
                    channel: Channel::CommissionUp,
                };
                self.drops.count(DropKind::Unasked, &topic.to_string());
            }
        }
    }

    fn write_refusal(&mut self, now: Moment, refusal: Option<Refusal>, intake: &mut Intake) {
        let Some(refusal) = refusal else { return };
        let Refusal { unit, version, .. } = refusal;
        tracing::warn!(%unit, version, "tried out and refused");
        intake.batch.refused.push(refusal);
        let changes = self.review_commissions(now);
        intake.batch.changes.extend(changes);
    }

    fn take_report(
        &mut self,
        now: Moment,
        report: Report,
        signed: Signed,
        intake: &mut Intake,
    ) -> Result<(), ServiceError> {
        let (unit, key) = (report.unit, report.key());
        intake.acks.entry(unit).or_default().push(key);
        let first = match intake.fresh.get(&(unit, key)) {
            Some(signed) => Some(signed.clone()),
            None => self.store.held(unit, key)?,
        };
        let gate = self.gate_of(now, &report);
        let new = NewReport {
            report,
            signed,
            came: now.timestamp,
            gate,
        };
        if let Some(first) = first {
            self.take_again(now, new, &first, intake);
            return Ok(());
        }
        let (fit, changes) = self.watch.handle_report(now, &new.report, new.gate);
        if fit == Fit::Nothing {
            tracing::warn!(%unit, check = %new.report.check, "a report matches no check; kept");
        }
        intake.batch.changes.extend(changes);
        intake.fresh.insert((unit, key), new.signed.clone());
        intake.batch.reports.push(new);
        Ok(())
    }

    /// Takes in a report by the number of one that is held, or came in the same handful: the same
    /// once more, or another one, which is kept beside the first and counts for nothing.
    fn take_again(&mut self, now: Moment, new: NewReport, first: &Signed, intake: &mut Intake) {
        let (unit, key) = (new.report.unit, new.report.key());
        let signs = self.watch.handle_sign(now, unit, None);
        intake.batch.changes.extend(signs);
        if first.body == new.signed.body {
            intake.batch.repeats.push(Repeated {
                unit,
                key,
                came: now.timestamp,
            });
            return;
        }
        tracing::error!(%unit, boot = %key.boot, counter = key.counter,
            "two reports by one name; the first counts");
        let changes = self.watch.handle_contradiction(now, unit);
        intake.batch.changes.extend(changes);
        intake.batch.contradictions.push(new);
    }

    /// The plans in force that a unit does not hold.
    fn newer(
        &self,
        now: Moment,
        unit: UnitId,
        held: &[HeldPlan],
    ) -> Result<Vec<Answer>, ServiceError> {
        let noon = nights::noon(self.watch.night(), &self.charge.zone)?;
        let to_hold = nights::to_hold(&self.plans, noon);
        let newer = dispatch::newer(unit, held, &to_hold, &self.charge.endorsement);
        let answer = |plan: PlanMessage| {
            tracing::debug!(%unit, now = %now.timestamp.0, "sends a plan");
            Answer {
                topic: Topic {
                    unit,
                    channel: Channel::Plan,
                },
                body: wire::encode(&plan),
            }
        };
        Ok(newer.into_iter().map(answer).collect())
    }

    /// The newest policies of these units.
    pub(super) fn policies_for(&mut self, now: Moment, units: &BTreeSet<UnitId>) -> Vec<Answer> {
        let mut answers = Vec::new();
        for &unit in units {
            let endorsement = &self.charge.endorsement;
            let policy = self.enforcement.greet(now.timestamp, unit, endorsement);
            answers.extend(policy.map(|policy| policy_answer(unit, &policy)));
        }
        answers
    }

    /// The newest thresholds of these units.
    pub(super) fn thresholds_for(&mut self, now: Moment, units: &BTreeSet<UnitId>) -> Vec<Answer> {
        let mut answers = Vec::new();
        for &unit in units {
            let endorsement = &self.charge.endorsement;
            let thresholds = self.tuned.greet(now.timestamp, unit, endorsement);
            answers.extend(thresholds.map(|it| thresholds_answer(unit, &it)));
        }
        answers
    }

    /// Every unit's plans in force, after they may have changed. A unit that is away asks when
    /// it is back. A unit that is enrolled no more is told too: its plan has no windows now.
    pub(super) fn plans_for_all(&self, now: Moment) -> Result<Vec<Answer>, ServiceError> {
        let mut answers = Vec::new();
        let units: BTreeSet<UnitId> = self.plans.iter().map(|stored| stored.plan.unit).collect();
        for unit in units {
            answers.extend(self.newer(now, unit, &[])?);
        }
        Ok(answers)
    }
}

fn acks(unit: UnitId, reports: &[ReportKey]) -> impl Iterator<Item = Answer> {
    let answer = move |ack| acknowledgement(unit, ack);
    dispatch::acks(reports).into_iter().map(answer)
}

fn policy_answer(unit: UnitId, policy: &PolicyMessage) -> Answer {
    tracing::debug!(%unit, "sends a policy");
    Answer {
        topic: Topic {
            unit,
            channel: Channel::Policy,
        },
        body: wire::encode(policy),
    }
}

fn thresholds_answer(unit: UnitId, thresholds: &ThresholdsMessage) -> Answer {
    tracing::debug!(%unit, "sends thresholds");
    Answer {
        topic: Topic {
            unit,
            channel: Channel::Thresholds,
        },
        body: wire::encode(thresholds),
    }
}

fn acknowledgement(unit: UnitId, ack: Ack) -> Answer {
    Answer {
        topic: Topic {
            unit,
            channel: Channel::Ack,
        },
        body: wire::encode(&ack),
    }
}

#[cfg(test)]
pub(super) mod tests;
