//! What the hub signs for the whole unit and only the newest of which counts, as it came off the
//! wire, on disk: the policy and the home's thresholds.
//!
//! As with plans, the voice cannot verify one: it is kept once the eye says that it holds that
//! version. It is given to every eye that starts, for one whose memory was lost; an eye that
//! remembers a newer one refuses it. A broken-into voice can hold back a withdrawal until the
//! policy that the eye holds ends; the switch at the unit needs no voice. Thresholds that it holds
//! back leave those before in force.

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::policy::{Capability, Policy, PolicyMessage};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{HomeThresholds, ThresholdsMessage};
use nattsyn_protocol::wire::Message;

use crate::disk::{Damage, Disk, TwoCopies};

use super::{Written, epoch};

/// Whose a signed document is and which version, believed by nobody yet.
pub(super) struct Claim {
    unit: UnitId,
    version: u32,
}

/// A message with a versioned document for the whole unit.
pub(super) trait Versioned: Message + Clone {
    /// Name of the file.
    const FILE: &'static str;

    /// What the document inside says of itself.
    fn claim(&self) -> Result<Claim, serde_json::Error>;

    /// By what right its key signs.
    fn endorsement(&self) -> &Signed;

    /// Which version the eye says that it holds.
    fn held(eye: &Capability) -> Option<u32>;
}

impl Versioned for PolicyMessage {
    const FILE: &'static str = "policy";

    fn claim(&self) -> Result<Claim, serde_json::Error> {
        let Policy { unit, version, .. } = serde_json::from_str(&self.policy.body)?;
        Ok(Claim { unit, version })
    }

    fn endorsement(&self) -> &Signed {
        &self.endorsement
    }

    fn held(eye: &Capability) -> Option<u32> {
        eye.policy.map(|held| held.version)
    }
}

impl Versioned for ThresholdsMessage {
    const FILE: &'static str = "thresholds";

    fn claim(&self) -> Result<Claim, serde_json::Error> {
        let HomeThresholds { unit, version, .. } = serde_json::from_str(&self.thresholds.body)?;
        Ok(Claim { unit, version })
    }

    fn endorsement(&self) -> &Signed {
        &self.endorsement
    }

    fn held(eye: &Capability) -> Option<u32> {
        eye.thresholds.map(|held| held.version)
    }
}

/// Why something is not even shown to the eye.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOffered {
    #[error("the document inside cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("it is for unit {0}")]
    OtherUnit(UnitId),
    #[error("version {offered} is not newer than version {held}")]
    NotNewer { offered: u32, held: u32 },
}

/// The one that is kept, and the one that waits for the eye's word.
pub(super) struct KeptNewest<M> {
    file: TwoCopies<M>,
    kept: Option<(u32, M)>,
    /// The last that came: at most one waits, and a newer one takes its place.
    offered: Option<(u32, M)>,
    written: Written,
}

impl<M: Versioned> KeptNewest<M> {
    /// Reads what is kept; says what was damaged.
    pub(super) fn open(disk: &mut impl Disk) -> (Self, Damage) {
        let (file, messages, damage) = TwoCopies::<M>::open(M::FILE, disk);
        let read = |message: M| Some((message.claim().ok()?.version, message));
        let kept = messages.into_iter().filter_map(read);
        let newest = Self {
            file,
            kept: kept.max_by_key(|(version, it)| (epoch(it.endorsement()), *version)),
            offered: None,
            written: Written::Yes,
        };
        (newest, damage)
    }

    /// What an eye that starts is given: the one that is kept, and then the one that waits.
    pub(super) fn messages(&self) -> impl Iterator<Item = &M> {
        let both = self.kept.iter().chain(&self.offered);
        both.map(|(_, message)| message)
    }

    /// Takes in one that came.
    pub(super) fn offer(&mut self, message: M, unit: UnitId) -> Result<(), NotOffered> {
        let claim = message.claim().map_err(NotOffered::Unreadable)?;
        if claim.unit != unit {
            return Err(NotOffered::OtherUnit(claim.unit));
        }
        // Versions begin anew with the hub's key. The eye says whether it is the hub's.
        if let Some((held, kept)) = &self.kept
            && (claim.version == *held
                || claim.version < *held
                    && epoch(message.endorsement()) <= epoch(kept.endorsement()))
        {
            return Err(NotOffered::NotNewer {
                offered: claim.version,
                held: *held,
            });
        }
        self.offered = Some((claim.version, message));
        Ok(())
    }

    /// Takes in what the eye says of itself; keeps what it holds.
    pub(super) fn confirm(&mut self, eye: &Capability, disk: &mut impl Disk) {
        let held = M::held(eye);
        if let Some((version, message)) = self.offered.take_if(|it| Some(it.0) == held) {
            tracing::info!(kind = M::FILE, version, "taken");
            self.kept = Some((version, message));
            self.written = Written::No;
            self.write_down(disk);
        }
    }

    /// Writes it if it is not written yet; says whether it is now.
    pub(super) fn write_down(&mut self, disk: &mut impl Disk) -> Written {
        if self.written == Written::No {
            let kept = self.kept.iter().map(|(_, message)| message);
            self.written = match self.file.write(disk, kept) {
                Ok(()) => Written::Yes,
                Err(error) => {
                    tracing::error!(kind = M::FILE, %error, "not written; the eye has its own");
                    Written::No
                }
            };
        }
        self.written
    }
}
