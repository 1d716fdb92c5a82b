//! The challenge that the eye has made, and what answers it.
//!
//! At most one challenge is open, in memory only. It is burnt by the grant that answers it,
//! before anything is shown, by any other look, by a minute, and by a restart. A grant that
//! does not fit burns nothing: whoever could burn a challenge by shouting could keep an
//! operator from ever seeing.

use nattsyn_protocol::assertion::{Base64, Operator};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::grant::{
    ANSWER_WITHIN, CHALLENGE_BYTES, Challenge, FIRST_LOOK_AGAIN, Grant, GrantError, GrantMessage,
};
use nattsyn_protocol::ids::{BootId, CheckId, UnitId};
use nattsyn_protocol::live::Refusal;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Uptime;

use crate::guard::{Errand, Pictures};

/// A look again that was unclear.
pub struct UnclearLook {
    check: CheckId,
    look: u8,
}

impl UnclearLook {
    /// The look, if it came before a live view and could not tell.
    #[must_use]
    pub fn of(errand: Errand, finding: Finding) -> Option<Self> {
        let is_again = errand.look >= FIRST_LOOK_AGAIN;
        (is_again && matches!(finding, Finding::Unclear(_))).then_some(Self {
            check: errand.check,
            look: errand.look,
        })
    }
}

/// A challenge that waits for its answer.
struct Issued {
    challenge: Challenge,
    at: Uptime,
}

/// A grant that root, hub and operator stand behind. Whether it answers anything is not known.
pub struct Answer {
    grant: Grant,
    body: String,
    operator: Operator,
}

impl Answer {
    /// Checks every signature.
    ///
    /// # Errors
    ///
    /// Who does not stand behind it.
    pub fn open(message: &GrantMessage, root: &PublicKey) -> Result<Self, Refusal> {
        match message.open(root) {
            Ok((grant, operator)) => Ok(Self {
                grant,
                body: message.grant.body.clone(),
                operator,
            }),
            Err(error) => {
                tracing::warn!(error = chain(&error), "grant not believed");
                Err(match error {
                    GrantError::NotTheHubs(_) => Refusal::NotTheHubs,
                    GrantError::NotInTheRoster(_) => Refusal::NotInTheRoster,
                    GrantError::AnotherOperator | GrantError::NotTheOperators(_) => {
                        Refusal::NotTheOperators
                    }
                    GrantError::NoKey => Refusal::BadKey,
                })
            }
        }
    }

    /// The operator's line in the roster.
    #[must_use]
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// For which check it is.
    #[must_use]
    pub fn check(&self) -> CheckId {
        self.grant.challenge.check
    }
}

/// A grant that answered the eye's own challenge, which is burnt.
pub struct CheckedGrant {
    pub(super) grant: Grant,
    pub(super) body: String,
}

/// Where the challenge lies until it is answered.
pub struct Gate {
    unit: UnitId,
    boot: BootId,
    issued: Option<Issued>,
}

impl Gate {
    /// No challenge is open.
    #[must_use]
    pub fn new(unit: UnitId, boot: BootId) -> Self {
        Self {
            unit,
            boot,
            issued: None,
        }
    }

    /// Makes a challenge for a look. The nonce must be random and new.
    pub fn issue(
        &mut self,
        now: Uptime,
        look: &UnclearLook,
        pictures: &Pictures,
        nonce: [u8; CHALLENGE_BYTES],
    ) -> &Challenge {
        let challenge = Challenge {
            unit: self.unit,
            boot: self.boot,
            check: look.check,
            look: look.look,
            policy: pictures.policy(),
            nonce: Base64(nonce.to_vec()),
        };
        &self.issued.insert(Issued { challenge, at: now }).challenge
    }

    /// Forgets the challenge, if there is one.
    pub fn burn(&mut self) {
        self.issued = None;
    }

    /// When the challenge is too old, if there is one.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Uptime> {
        self.issued.as_ref().map(|it| it.at.after(ANSWER_WITHIN))
    }

    /// Burns the challenge that this answers, and says that it does.
    ///
    /// # Errors
    ///
    /// In what it differs from the challenge; one that came too late burns it as well.
    pub fn redeem(
        &mut self,
        now: Uptime,
        answer: Answer,
        pictures: &Pictures,
    ) -> Result<CheckedGrant, Refusal> {
        let asked = &answer.grant.challenge;
        if asked.unit != self.unit {
            return Err(Refusal::AnotherUnit);
        }
        if asked.boot != self.boot {
            return Err(Refusal::AnotherBoot);
        }
        let issued = self.issued.as_ref().ok_or(Refusal::NoChallenge)?;
        let ours = &issued.challenge;
        if (asked.check, asked.look) != (ours.check, ours.look) {
            return Err(Refusal::AnotherLook);
        }
        if asked.policy != ours.policy || asked.policy != pictures.policy() {
            return Err(Refusal::AnotherPolicy);
        }
        if asked != ours {
            return Err(Refusal::NoChallenge);
        }
        let age = now.since(issued.at);
        self.burn();
        if age > ANSWER_WITHIN {
            return Err(Refusal::TooLate);
        }
        Ok(CheckedGrant {
            grant: answer.grant,
            body: answer.body,
        })
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
