//! Permission for one live view of one unclear look by one operator.
//!
//! The eye makes a [`Challenge`] for its own last unclear look and nobody else can. A [`Grant`]
//! answers it: the hub signs it, and the operator's authenticator signs its digest
//! ([`Grant::digest`]). It names everything that it is for, so it fits nothing else.
//! [`GrantMessage::open`] checks the signatures; what only the eye can know (its own challenge,
//! boot, look, policy, time) the eye checks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::assertion::{Assertion, AssertionError, Base64, Operator, POINT_BYTES, sha256};
use crate::ids::{BootId, CheckId, UnitId};
use crate::signing::{Document, Endorsement, PublicKey, SignatureError, Signed};

/// How long a challenge may be answered, by the eye's own uptime.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Longest that pictures are sent: what the residents were told.
pub const PICTURES_MAX: Duration = Duration::from_secs(30);
/// Most live views a night (noon to noon) at one unit.
pub const VIEWS_PER_NIGHT_MAX: u32 = 2;
/// Bytes of a challenge.
pub const CHALLENGE_BYTES: usize = 32;
/// The look that an eye makes before it may make a challenge is numbered from here; a plan's own
/// looks are at most [`crate::plan::LOOKS_PER_CHECK_MAX`].
pub const FIRST_LOOK_AGAIN: u8 = 200;

/// "My look just now was unclear; who may see it, answer this." Signed by the eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Which unit.
    pub unit: UnitId,
    /// This run of its eye.
    pub boot: BootId,
    /// For which check.
    pub check: CheckId,
    /// The unclear look, from [`FIRST_LOOK_AGAIN`].
    pub look: u8,
    /// The policy in force.
    pub policy: u32,
    /// [`CHALLENGE_BYTES`] random bytes, never used again.
    pub nonce: Base64,
}

impl Document for Challenge {
    const CONTEXT: &'static str = "nattsyn challenge 1";
}

/// Permission for one live view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What it answers: unit, boot, check, look, policy and nonce as the eye gave them.
    pub challenge: Challenge,
    /// Who may see, by the id of the roster.
    pub operator: String,
    /// The public P-256 key of this one view, made by the operator's browser and thrown away
    /// with the page: [`POINT_BYTES`] bytes.
    pub viewer: Base64,
}

impl Document for Grant {
    const CONTEXT: &'static str = "nattsyn grant 1";
}

impl Grant {
    /// What the operator's authenticator signs: SHA-256 of context, a zero byte and the body.
    ///
    /// Takes the very text that travels, not the grant.
    #[must_use]
    pub fn digest(body: &str) -> [u8; 32] {
        sha256(&[Self::CONTEXT.as_bytes(), &[0], body.as_bytes()].concat())
    }

    /// The text that is signed.
    #[must_use]
    pub fn body(&self) -> String {
        serde_json::to_string(self).expect("a document is plain data, which always has a JSON form")
    }
}

/// A grant on its way to a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantMessage {
    /// The grant, signed by the hub's key.
    pub grant: Signed,
    /// The hub's key, signed by the root.
    pub endorsement: Signed,
    /// The operator's line in the roster, signed by the root.
    pub operator: Signed,
    /// The operator's own word.
    pub assertion: Assertion,
}

/// Why a grant's signatures are not believed.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The root did not endorse the hub's key, or that key did not sign the grant.
    #[error("grant is not signed by the hub")]
    NotTheHubs(#[source] SignatureError),
    /// The root did not sign the operator's line.
    #[error("operator's line in the roster is not signed by the root")]
    NotInTheRoster(#[source] SignatureError),
    /// The line is another operator's.
    #[error("grant names another operator than the roster's line")]
    AnotherOperator,
    /// The browser's key is no P-256 point by its length.
    #[error("viewer's key is not {POINT_BYTES} bytes")]
    NoKey,
    /// The operator's authenticator did not sign this grant.
    #[error("operator did not sign this grant")]
    NotTheOperators(#[source] AssertionError),
}

impl GrantMessage {
    /// The grant and its operator, if root, hub and operator all stand behind it.
    ///
    /// # Errors
    ///
    /// Who does not.
    pub fn open(&self, root: &PublicKey) -> Result<(Grant, Operator), GrantError> {
        let endorsement: Endorsement = self
            .endorsement
            .open(root)
            .map_err(GrantError::NotTheHubs)?;
        let grant: Grant = self
            .grant
            .open(&endorsement.key)
            .map_err(GrantError::NotTheHubs)?;
        let operator = Operator::open(&self.operator, root).map_err(GrantError::NotInTheRoster)?;
        if operator.id != grant.operator {
            return Err(GrantError::AnotherOperator);
        }
        if grant.viewer.0.len() != POINT_BYTES {
            return Err(GrantError::NoKey);
        }
        operator
            .verify(&self.assertion, &Grant::digest(&self.grant.body))
            .map_err(GrantError::NotTheOperators)?;
        Ok((grant, operator))
    }
}
