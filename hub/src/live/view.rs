//! One live view, from the question to its end. Pure.
//!
//! It goes only forward: asked, challenged, granted, open, over. What comes out of turn, answers
//! another question or names another unit is not taken in. Time is the hub's uptime; what the eye
//! allows is measured by the eye's own.

use std::time::Duration;

use nattsyn_protocol::assertion::{Assertion, AssertionError, Base64, POINT_BYTES};
use nattsyn_protocol::grant::{ANSWER_WITHIN, CHALLENGE_BYTES, Challenge, FIRST_LOOK_AGAIN};
use nattsyn_protocol::grant::{Grant, PICTURES_MAX};
use nattsyn_protocol::live::{Ended, LiveDown, Opened, Refused};
use nattsyn_protocol::time::Uptime;

use super::book::{Asked, Over, Step};
use super::operators::Entitled;
use crate::ingest::LiveSaid;

/// How long the eye may take to look again: the longest look and as long for the network.
pub const LOOK_WITHIN: Duration = Duration::from_secs(60);

/// How long the eye may take to check a grant and light the lamp, the network included.
pub const OPEN_WITHIN: Duration = Duration::from_secs(15);

/// How much later than the pictures' own time the word of their end may come.
pub const END_WITHIN: Duration = Duration::from_secs(10);

/// What somebody's session is known by here: a view belongs to the one that asked.
pub type Seat = Option<crate::staff::Fingerprint>;

/// How a view stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The eye looks again.
    Looking,
    /// It could not tell. Waits for the browser's key and the operator's word.
    Challenged {
        /// What the eye asks.
        challenge: Challenge,
        /// The grant as it will travel, once the browser has given its key.
        body: Option<String>,
    },
    /// The grant is on its way.
    Granted {
        /// Its grant's body.
        body: String,
        /// The view's name on the wire.
        nonce: Base64,
    },
    /// The lamp is on.
    Open {
        /// Its grant's body.
        body: String,
        /// The view's name on the wire.
        nonce: Base64,
        /// The eye's public key for it.
        key: Base64,
        /// How long pictures can come, from then on.
        shown_for: Duration,
    },
    /// Nothing more comes.
    Over(Over),
}

/// One view.
#[derive(Clone, Debug)]
pub struct View {
    /// What it is about, and whose.
    pub asked: Asked,
    /// The session that it belongs to.
    pub seat: Seat,
    /// Who may see.
    pub entitled: Entitled,
    phase: Phase,
    /// The browser's key.
    viewer: Option<Base64>,
    /// When it ends by itself.
    until: Uptime,
}

/// What follows: written down first, in order, then done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// To be on the disk before anything that follows.
    Write(Step),
    /// To be said to the unit.
    Say(LiveDown),
    /// The grant is to be signed by the hub and sent with the operator's word.
    Grant(String, Assertion),
    /// Frames are passed on from now.
    Pass,
    /// Frames are dropped from now.
    Stop,
}

/// Why a browser's word is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It comes too early, too late or twice.
    #[error("the live view does not wait for that")]
    OutOfTurn,
    /// It is no P-256 point by its length.
    #[error("the browser's key is not {POINT_BYTES} bytes")]
    NoKey,
    /// The operator's authenticator did not sign this grant.
    #[error("the operator did not sign this grant")]
    NotTheOperators(#[from] AssertionError),
}

/// Whether an answer of a unit was one to this view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was, and this follows.
    Yes(Vec<Effect>),
    /// It answers nothing that this view asked.
    No,
}

impl View {
    /// Asks the eye to look again.
    #[must_use]
    pub fn ask(now: Uptime, asked: Asked, seat: Seat, entitled: Entitled) -> (Self, Vec<Effect>) {
        let question = LiveDown::Ask { check: asked.check };
        let view = Self {
            asked,
            seat,
            entitled,
            phase: Phase::Looking,
            viewer: None,
            until: now.after(LOOK_WITHIN),
        };
        (view, vec![Effect::Say(question)])
    }

    /// How it stands.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// When it ends by itself; `None` once it has.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Uptime> {
        match self.phase {
            Phase::Over(_) => None,
            Phase::Looking
            | Phase::Challenged { .. }
            | Phase::Granted { .. }
            | Phase::Open { .. } => Some(self.until),
        }
    }

    /// Takes in the browser's key, once.
    ///
    /// # Errors
    ///
    /// It is none, or there is one already, or the view is past that.
    pub fn handle_key(&mut self, key: Base64) -> Result<(), NotTaken> {
        if key.0.len() != POINT_BYTES {
            return Err(NotTaken::NoKey);
        }
        let is_early = matches!(
            self.phase,
            Phase::Looking | Phase::Challenged { body: None, .. }
        );
        if self.viewer.is_some() || !is_early {
            return Err(NotTaken::OutOfTurn);
        }
        self.viewer = Some(key);
        self.compose();
        Ok(())
    }

    /// Takes in the operator's word for the grant.
    ///
    /// # Errors
    ///
    /// It is not theirs or not for this grant, or none is waited for.
    pub fn handle_assertion(
        &mut self,
        now: Uptime,
        assertion: Assertion,
    ) -> Result<Vec<Effect>, NotTaken> {
        let Phase::Challenged {
            challenge,
            body: Some(body),
        } = &self.phase
        else {
            return Err(NotTaken::OutOfTurn);
        };
        let operator = &self.entitled.operator;
        operator.verify(&assertion, &Grant::digest(body))?;
        let (body, nonce) = (body.clone(), challenge.nonce.clone());
        self.phase = Phase::Granted {
            body: body.clone(),
            nonce: nonce.clone(),
        };
        self.until = now.after(OPEN_WITHIN);
        Ok(vec![
            Effect::Write(Step::Granted(nonce)),
            Effect::Grant(body, assertion),
        ])
    }

    /// Takes in what the unit's eye says.
    pub fn handle_said(&mut self, now: Uptime, said: LiveSaid) -> Taken {
        match said {
            LiveSaid::Challenge(challenge) => self.challenged(now, challenge),
            LiveSaid::Opened(opened) => self.opened(now, opened),
            LiveSaid::Refused(refused) => self.refused(&refused),
            LiveSaid::Ended(ended) => self.ended(&ended),
        }
    }

    /// The operator is done, or gives up.
    pub fn handle_end(&mut self, now: Uptime) -> Vec<Effect> {
        match &self.phase {
            Phase::Looking | Phase::Challenged { .. } => self.over(Over::NotSigned),
            Phase::Granted { nonce, .. } | Phase::Open { nonce, .. } => {
                let view = nonce.clone();
                self.until = self.until.min(now.after(END_WITHIN));
                vec![Effect::Say(LiveDown::End { view }), Effect::Stop]
            }
            Phase::Over(_) => Vec::new(),
        }
    }

    /// Pictures are not agreed to any more: nothing more is passed on, and the unit is told to
    /// end it whether it has heard of the *no* or not.
    pub fn handle_not_agreed(&mut self) -> Vec<Effect> {
        match &self.phase {
            Phase::Looking | Phase::Challenged { .. } => self.over(Over::NotAgreed),
            Phase::Granted { nonce, .. } | Phase::Open { nonce, .. } => {
                let word = Effect::Say(LiveDown::End {
                    view: nonce.clone(),
                });
                let over = self.over(Over::NotAgreed);
                std::iter::once(word).chain(over).collect()
            }
            Phase::Over(_) => Vec::new(),
        }
    }

    /// The unit was away while its pictures could come: nothing more is passed on, and its eye is
    /// told to end it, which may not know.
    pub fn handle_lost(&mut self) -> Vec<Effect> {
        match &self.phase {
            Phase::Open { nonce, .. } => {
                let word = Effect::Say(LiveDown::End {
                    view: nonce.clone(),
                });
                let over = self.over(Over::Lost);
                std::iter::once(word).chain(over).collect()
            }
            Phase::Looking | Phase::Challenged { .. } | Phase::Granted { .. } | Phase::Over(_) => {
                Vec::new()
            }
        }
    }

    /// A step could not be written down: nothing is shown.
    pub fn handle_unwritten(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Phase::Granted { nonce, .. } | Phase::Open { nonce, .. } = &self.phase {
            effects.push(Effect::Say(LiveDown::End {
                view: nonce.clone(),
            }));
        }
        effects.push(Effect::Stop);
        self.phase = Phase::Over(Over::NotWritten);
        effects
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Uptime) -> Vec<Effect> {
        if self.next_timeout().is_none_or(|until| now < until) {
            return Vec::new();
        }
        match &self.phase {
            Phase::Looking => self.over(Over::NoAnswer),
            Phase::Challenged { .. } => self.over(Over::NotSigned),
            Phase::Granted { nonce, .. } => {
                let view = nonce.clone();
                let mut effects = self.over(Over::NoAnswer);
                effects.push(Effect::Say(LiveDown::End { view }));
                effects
            }
            Phase::Open { nonce, .. } => {
                let view = nonce.clone();
                let mut effects = self.over(Over::Lost);
                effects.push(Effect::Say(LiveDown::End { view }));
                effects
            }
            Phase::Over(_) => Vec::new(),
        }
    }

    /// The grant's body, once eye and browser have said what it is for.
    fn compose(&mut self) {
        if let (Phase::Challenged { challenge, body }, Some(viewer)) =
            (&mut self.phase, &self.viewer)
        {
            let grant = Grant {
                challenge: challenge.clone(),
                operator: self.entitled.operator.id.clone(),
                viewer: viewer.clone(),
            };
            *body = Some(grant.body());
        }
    }

    fn challenged(&mut self, now: Uptime, challenge: Challenge) -> Taken {
        let is_answer = self.phase == Phase::Looking
            && challenge.unit == self.asked.unit
            && challenge.check == self.asked.check
            && challenge.look >= FIRST_LOOK_AGAIN
            && challenge.nonce.0.len() == CHALLENGE_BYTES;
        if !is_answer {
            return Taken::No;
        }
        let look = challenge.look;
        self.phase = Phase::Challenged {
            challenge,
            body: None,
        };
        self.until = now.after(ANSWER_WITHIN);
        self.compose();
        Taken::Yes(vec![Effect::Write(Step::Challenged(look))])
    }

    fn opened(&mut self, now: Uptime, opened: Opened) -> Taken {
        let Phase::Granted { body, nonce } = &self.phase else {
            return Taken::No;
        };
        if opened.view != *nonce || opened.key.0.len() != POINT_BYTES {
            return Taken::No;
        }
        let shown = Duration::from_millis(opened.for_ms.into()).min(PICTURES_MAX);
        self.until = now.after(shown).after(END_WITHIN);
        self.phase = Phase::Open {
            body: body.clone(),
            nonce: nonce.clone(),
            key: opened.key,
            shown_for: shown,
        };
        Taken::Yes(vec![Effect::Write(Step::Opened), Effect::Pass])
    }

    fn refused(&mut self, refused: &Refused) -> Taken {
        let is_for_this = refused.check.is_none_or(|check| check == self.asked.check);
        match self.phase {
            Phase::Looking | Phase::Challenged { .. } | Phase::Granted { .. } if is_for_this => {
                Taken::Yes(self.over(Over::Refused(refused.why)))
            }
            Phase::Looking
            | Phase::Challenged { .. }
            | Phase::Granted { .. }
            | Phase::Open { .. }
            | Phase::Over(_) => Taken::No,
        }
    }

    fn ended(&mut self, ended: &Ended) -> Taken {
        match &self.phase {
            Phase::Granted { nonce, .. } | Phase::Open { nonce, .. } if ended.view == *nonce => {
                let over = Over::Ended {
                    why: ended.why,
                    frames: ended.frames,
                    lit_ms: ended.lit_ms,
                };
                Taken::Yes(self.over(over))
            }
            Phase::Looking
            | Phase::Challenged { .. }
            | Phase::Granted { .. }
            | Phase::Open { .. }
            | Phase::Over(_) => Taken::No,
        }
    }

    fn over(&mut self, over: Over) -> Vec<Effect> {
        self.phase = Phase::Over(over);
        vec![Effect::Stop, Effect::Write(Step::Over(over))]
    }
}
