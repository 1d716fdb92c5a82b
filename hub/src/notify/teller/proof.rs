//! Test alarms at work: the teller begins them with the shifts, takes answers, and sees to it that
//! what they proved is a matter on the page and told to the night lead.
//!
//! Each step follows from written lines ([`Proofs`]), so a restart in between repeats it and
//! nothing is lost. What a matter of the desk's is told to the lead by is a row of the chain like
//! any other ([`RowId::of_matter`]): it ends when the matter does.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use nattsyn_protocol::time::{Timestamp, Uptime};

use super::super::chain::{
    ChannelName, Effect, Line, Need, Proven, Reach, Recipient, RowId, TARGET_MIN, TeamName, TrialId,
};
use super::super::proof::{Due, Proofs, REMEMBERED, TeamProof};
use super::Teller;
use crate::service::Verdicts;
use crate::store::{StoreError, Tellings};
use crate::view::{MatterRow, Tonight};
use crate::watch::situation::Situation;
use crate::watch::{Moment, StaffId, Subject, TeamWord};

/// Answers that may wait for the teller: a shift's whole staff at one moment.
const WAITING_MAX: usize = 64;

/// Somebody answers a test alarm, and where it goes that it is written.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) trial: TrialId,
    pub(crate) by: StaffId,
    pub(crate) written: oneshot::Sender<Result<(), AnswerError>>,
}

/// Brings answers to test alarms to the teller.
#[derive(Clone, Debug)]
pub struct Answers(mpsc::Sender<Answer>);

/// Why nothing came of an answer, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no such test alarm, or a later shift has another.
    #[error("it is not the test alarm of this shift")]
    NotThisShift,
    /// The hub is ending, or cannot write: it may be written down, or not.
    #[error("the hub did not say that it is written down")]
    Gone,
}

impl Answers {
    /// The way for answers, and its end for [`Proving`].
    #[must_use]
    pub fn new() -> (Self, Answered) {
        let (sender, answers) = mpsc::channel(WAITING_MAX);
        (Self(sender), Answered(answers))
    }

    /// Somebody answers a test alarm. When this returns well, it is written down for good; a
    /// second answer changes nothing and is well too.
    ///
    /// # Errors
    ///
    /// It is none of this shift's, or the hub is not there to write it down.
    pub async fn answer(&self, trial: TrialId, by: StaffId) -> Result<(), AnswerError> {
        let (written, answered) = oneshot::channel();
        let answer = Answer { trial, by, written };
        let sent = self.0.send(answer).await;
        sent.map_err(|_gone| AnswerError::Gone)?;
        answered.await.map_err(|_gone| AnswerError::Gone)?
    }
}

/// Where answers arrive.
#[derive(Debug)]
pub struct Answered(pub(crate) mpsc::Receiver<Answer>);

/// What the teller needs for test alarms.
#[derive(Debug)]
pub struct Proving {
    /// The zone by which shifts begin.
    pub zone: TimeZone,
    /// Where answers arrive.
    pub answered: Answered,
    /// By which the desk learns what was proved.
    pub verdicts: Verdicts,
}

/// What the teller knows of test alarms.
#[derive(Debug)]
pub(super) struct Prover {
    pub(super) book: Proofs,
    zone: TimeZone,
    verdicts: Verdicts,
    /// Of which teams the desk is being told.
    saying: BTreeSet<TeamName>,
    /// That it has written down what it was told: one task at most for each team.
    pub(super) said: JoinSet<Option<Said>>,
}

/// Whose proof the desk has written down.
#[derive(Debug)]
pub(super) struct Said {
    team: TeamName,
    began: Timestamp,
    proven: Proven,
}

impl Prover {
    pub(super) fn recall(
        now: Moment,
        zone: TimeZone,
        verdicts: Verdicts,
        (tellings, set): (&Tellings, Option<Timestamp>),
    ) -> Result<Self, StoreError> {
        let mut book = Proofs::default();
        book.set_at(set);
        for line in tellings.trials(now.timestamp.before(REMEMBERED), None)? {
            book.note(&line);
        }
        Ok(Self {
            book,
            zone,
            verdicts,
            saying: BTreeSet::new(),
            said: JoinSet::new(),
        })
    }

    /// Tells the desk what was proved and is not known there.
    fn say(&mut self) {
        for (team, began, proven) in self.book.unreported() {
            if !self.saying.insert(team.clone()) {
                continue;
            }
            let (verdicts, team) = (self.verdicts.clone(), team.clone());
            self.said.spawn(async move {
                let word = TeamWord::from(&team);
                let said = verdicts.say(word, situation(proven)).await;
                // A desk that is gone ends the hub; the next start says it again.
                said.ok().map(|()| Said {
                    team,
                    began,
                    proven,
                })
            });
        }
    }
}

impl Teller {
    /// Begins the test alarms of the shifts that have begun, sends them to phones that were chosen
    /// since, and carries on what was proved.
    pub(super) fn prove(&mut self) -> Vec<Effect> {
        let now = self.now();
        let mut effects = Vec::new();
        let teams = self.chain.teams().clone();
        for due in self.proof.book.due(now.timestamp, &self.proof.zone, &teams) {
            match due {
                Due::Begin {
                    trial,
                    team,
                    answer_by,
                } => effects.extend(self.chain.handle_trial(now, trial, team, answer_by)),
                Due::Missed { team, shift } => {
                    let at = now.timestamp;
                    effects.push(Effect::Write(Line::TrialMissed { at, team, shift }));
                }
            }
        }
        let exchange = &self.exchange;
        let is_there = |to: &Recipient, by: &ChannelName| exchange.addresses_of(to, by) > 0;
        effects.extend(self.chain.handle_addresses(now, is_there));
        self.proof.say();
        effects
    }

    /// A team that is no more is asked nothing: what its last test alarm showed is over.
    pub(super) fn release(&self, tonight: &Tonight) {
        let teams = self.chain.teams();
        let is_there = |team: &TeamWord| teams.iter().any(|it| *it.name() == team.name());
        for row in &tonight.matters {
            if let Subject::Team(team) = row.subject
                && !is_there(&team)
            {
                let verdicts = self.proof.verdicts.clone();
                // A desk that is gone ends the hub, and the next start says it again.
                tokio::spawn(async move { verdicts.say(team, None).await.ok() });
            }
        }
    }

    /// When the next shift begins.
    pub(super) fn next_shift(&self) -> Option<Uptime> {
        let now = self.now();
        let (zone, teams) = (&self.proof.zone, self.chain.teams());
        let next = self.proof.book.next(now.timestamp, zone, teams);
        next.map(|at| now.uptime_at(at))
    }

    /// Somebody answered; it is written when the effects are applied. A test alarm that is over
    /// may still be answered: then somebody is there after all.
    fn answer(&mut self, trial: TrialId, by: StaffId) -> Result<Vec<Effect>, AnswerError> {
        let now = self.now();
        if self.proof.book.is_answered(trial) {
            return Ok(Vec::new());
        }
        if !self.proof.book.awaits_answer(trial) {
            return Err(AnswerError::NotThisShift);
        }
        let mut effects = self.chain.handle_answer(now, trial, by.clone());
        let is_answer =
            |effect: &Effect| matches!(effect, Effect::Write(Line::TrialAnswered { .. }));
        if !effects.iter().any(is_answer) {
            let at = now.timestamp;
            effects.push(Effect::Write(Line::TrialAnswered { at, trial, by }));
        }
        Ok(effects)
    }

    /// Takes in an answer, and says so when it is written.
    pub(super) fn take_answer(&mut self, answer: Answer) -> Result<(), StoreError> {
        let Answer { trial, by, written } = answer;
        let taken = self.answer(trial, by);
        let taken = match taken {
            Ok(effects) => {
                self.apply(effects)?;
                Ok(())
            }
            Err(refused) => Err(refused),
        };
        // Whoever asked may have gone; it is written all the same.
        written.send(taken).ok();
        Ok(())
    }

    /// The desk has written down what was proved.
    pub(super) fn reported(&mut self, said: Option<Said>) -> Vec<Effect> {
        let Some(said) = said else {
            return Vec::new();
        };
        self.proof.saying.remove(&said.team);
        vec![Effect::Write(Line::TrialReported {
            at: self.now().timestamp,
            team: said.team,
            began: said.began,
            proven: said.proven,
        })]
    }

    /// How every team's chain stands, for the page.
    pub(super) fn proofs(&self) -> Vec<TeamProof> {
        let (zone, teams) = (&self.proof.zone, self.chain.teams());
        let now = self.now().timestamp;
        self.proof.book.of_teams(now, zone, teams)
    }
}

/// What a proof shows to be wrong.
fn situation(proven: Proven) -> Option<Situation> {
    match proven {
        Proven::Whole => None,
        Proven::NotWhole => Some(Situation::TestNotWhole),
        Proven::Unanswered => Some(Situation::TestUnanswered),
        Proven::NotMade => Some(Situation::TestNotMade),
    }
}

/// What is wrong with a proof must be told to the team's night lead: that some message did not get
/// through, once; that nobody is shown to be reached, until somebody sees to it.
pub(super) fn needs(tonight: &Tonight) -> impl Iterator<Item = Need> {
    tonight.matters.iter().filter_map(need)
}

fn need(row: &MatterRow) -> Option<Need> {
    let Subject::Team(team) = row.subject else {
        return None;
    };
    let reach = if row.situation == Situation::TestNotWhole {
        Reach::LeadOnce
    } else {
        Reach::Lead
    };
    Some(Need {
        row: RowId::of_matter(row.id),
        team: team.name(),
        since: row.opened,
        target: TARGET_MIN,
        reach,
    })
}
