//! Puts the eye's name under a finding.
//!
//! A report is signed by a key that the voice never has, and carries what makes it one of a
//! kind: the run of the process, a counter and random bytes.

use ed25519_dalek::SigningKey;

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{BootId, UnitId};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{Document, Signed};
use nattsyn_protocol::time::{ClockState, Timestamp};

use crate::guard::Errand;

/// The eye's signature, and what it has signed so far.
pub(super) struct Signer {
    unit: UnitId,
    key: SigningKey,
    boot: BootId,
    model: String,
    counter: u64,
}

impl Signer {
    /// Signs as this unit's eye, in this run of its process, with this model.
    pub(super) fn new(unit: UnitId, key: SigningKey, boot: BootId, model: String) -> Self {
        Self {
            unit,
            key,
            boot,
            model,
            counter: 0,
        }
    }

    pub(super) fn boot(&self) -> BootId {
        self.boot
    }

    pub(super) fn unit(&self) -> UnitId {
        self.unit
    }

    /// What reports call the model.
    pub(super) fn model(&self) -> &str {
        &self.model
    }

    /// Signs what the eye says of itself and of a live view.
    pub(super) fn document<D: Document>(&self, document: &D) -> Signed {
        Signed::seal(document, &self.key)
    }

    /// Signs what a look concluded. `nonce` must be random, and new for each report.
    pub(super) fn sign(
        &mut self,
        errand: Errand,
        finding: Finding,
        (at_ms, clock): (Timestamp, ClockState),
        nonce: [u8; 16],
    ) -> Signed {
        self.counter += 1;
        let report = Report {
            unit: self.unit,
            check: errand.check,
            look: errand.look,
            finding,
            at_ms,
            clock,
            plan: errand.plan,
            model: self.model.clone(),
            boot: self.boot,
            counter: self.counter,
            nonce: format!("{:032x}", u128::from_be_bytes(nonce)),
        };
        Signed::seal(&report, &self.key)
    }
}
