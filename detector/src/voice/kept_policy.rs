//! The policy as it came off the wire, on disk, and what the eye says of itself.
//!
//! As with plans, the voice cannot verify one: it is kept once the eye says that it holds that
//! version. It is given to every eye that starts, for one whose memory was lost; an eye that
//! remembers a newer one refuses it. A broken-into voice can hold back a withdrawal until the
//! policy that the eye holds ends; the switch at the unit needs no voice.

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::policy::{Capability, Policy, PolicyMessage};
use nattsyn_protocol::signing::Signed;

use crate::disk::{Damage, Disk, TwoCopies};

use super::{Written, epoch};

/// Name of the file.
const FILE: &str = "policy";

/// Why a policy is not even shown to the eye.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOffered {
    #[error("the policy inside cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("the policy is for unit {0}")]
    OtherUnit(UnitId),
    #[error("version {offered} is not newer than version {held}")]
    NotNewer { offered: u32, held: u32 },
}

/// The policy that is kept, and the one that waits for the eye's word.
pub(super) struct KeptPolicy {
    file: TwoCopies<PolicyMessage>,
    kept: Option<(u32, PolicyMessage)>,
    /// The last that came: at most one waits, and a newer one takes its place.
    offered: Option<(u32, PolicyMessage)>,
    written: Written,
    /// What the eye last said of itself, to the byte.
    capability: Option<Signed>,
}

/// Whether what the eye says of itself is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Anew,
    Again,
}

impl KeptPolicy {
    /// Reads the policy; says what was damaged.
    pub(super) fn open(disk: &mut impl Disk) -> (Self, Damage) {
        let (file, messages, damage) = TwoCopies::<PolicyMessage>::open(FILE, disk);
        let read = |message: PolicyMessage| Some((version(&message).ok()?.version, message));
        let kept = messages.into_iter().filter_map(read);
        let policy = Self {
            file,
            kept: kept.max_by_key(|(version, it)| (epoch(&it.endorsement), *version)),
            offered: None,
            written: Written::Yes,
            capability: None,
        };
        (policy, damage)
    }

    /// What an eye that starts is given: the one that is kept, and then the one that waits.
    pub(super) fn messages(&self) -> impl Iterator<Item = &PolicyMessage> {
        let both = self.kept.iter().chain(&self.offered);
        both.map(|(_, message)| message)
    }

    /// What the eye last said of itself.
    pub(super) fn capability(&self) -> Option<&Signed> {
        self.capability.as_ref()
    }

    /// Takes in a policy that came.
    pub(super) fn offer(&mut self, message: PolicyMessage, unit: UnitId) -> Result<(), NotOffered> {
        let policy = version(&message).map_err(NotOffered::Unreadable)?;
        if policy.unit != unit {
            return Err(NotOffered::OtherUnit(policy.unit));
        }
        // Versions begin anew with the hub's key. The eye says whether it is the hub's.
        if let Some((held, kept)) = &self.kept
            && (policy.version == *held
                || policy.version < *held
                    && epoch(&message.endorsement) <= epoch(&kept.endorsement))
        {
            return Err(NotOffered::NotNewer {
                offered: policy.version,
                held: *held,
            });
        }
        self.offered = Some((policy.version, message));
        Ok(())
    }

    /// Takes in what the eye says of itself; keeps the policy that it holds.
    pub(super) fn confirm(
        &mut self,
        signed: Signed,
        disk: &mut impl Disk,
    ) -> Result<Said, serde_json::Error> {
        let capability: Capability = serde_json::from_str(&signed.body)?;
        let held = capability.policy.map(|held| held.version);
        if let Some((version, message)) = self.offered.take_if(|it| Some(it.0) == held) {
            tracing::info!(version, "policy taken");
            self.kept = Some((version, message));
            self.written = Written::No;
            self.write_down(disk);
        }
        let said = match &self.capability {
            Some(before) if before.body == signed.body => Said::Again,
            Some(_) | None => Said::Anew,
        };
        self.capability = Some(signed);
        Ok(said)
    }

    /// Writes the policy if it is not written yet; says whether it is now.
    pub(super) fn write_down(&mut self, disk: &mut impl Disk) -> Written {
        if self.written == Written::No {
            let kept = self.kept.iter().map(|(_, message)| message);
            self.written = match self.file.write(disk, kept) {
                Ok(()) => Written::Yes,
                Err(error) => {
                    tracing::error!(%error, "policy not written; the eye has its own");
                    Written::No
                }
            };
        }
        self.written
    }
}

/// What the message says, believed by nobody yet.
fn version(message: &PolicyMessage) -> Result<Policy, serde_json::Error> {
    serde_json::from_str(&message.policy.body)
}
