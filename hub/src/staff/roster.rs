//! The roster: which keys may ask for a live view, signed line by line by the municipality's root.
//!
//! [`export`] takes out who may be in the next one, [`sign`] is for the machine where the root's
//! key is kept, off the network, and [`import`] takes what was signed in. A roster's number grows
//! with every export that is imported, and an eye that has seen a newer one refuses lines of an older.
//! Whoever left, lost the role or was not trained is not in the next.
//!
//! It keeps no key of the root's.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use nattsyn_protocol::assertion::Operator;
use nattsyn_protocol::signing::{PublicKey, SignatureError, Signed};
use nattsyn_protocol::time::Timestamp;

use super::rights::{Key, LINE_LASTS, Rights, RosterLine};
use super::role::Permission;
use crate::audit::{Act, chain::hex};
use crate::store::{Doer, StoreError};
use crate::watch::StaffId;
use nattsyn_protocol::assertion::sha256;

/// A roster that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsigned {
    /// Its number.
    pub roster: u32,
    /// Its lines.
    pub lines: Vec<Operator>,
}

/// A roster that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRoster {
    /// Its number, as every line has it too.
    pub roster: u32,
    /// Its lines.
    pub lines: Vec<Signed>,
}

/// Why a roster is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not newer than the one that is held.
    #[error(
        "rosterns nummer {roster} är inte högre än {held}, som redan finns / \
         the roster's number {roster} is not above {held}, which is held already"
    )]
    NotNewer {
        /// Its number.
        roster: u32,
        /// The one that is held.
        held: u32,
    },
    /// The root did not sign a line.
    #[error("rad {line} är inte undertecknad av roten / line {line} is not signed by the root")]
    NotSigned {
        /// Which, from 1.
        line: usize,
        /// What the verifier says.
        source: SignatureError,
    },
    /// A line is of another roster than the file says.
    #[error(
        "rad {line} hör till roster {found}, filen till {roster} / \
         line {line} belongs to roster {found}, the file to {roster}"
    )]
    AnotherRoster {
        /// Which, from 1.
        line: usize,
        /// Its roster.
        found: u32,
        /// The file's.
        roster: u32,
    },
    /// A line names a key that nobody here has, or another's.
    #[error(
        "rad {line} gäller en nyckel som inte är registrerad för {staff} här / \
         line {line} is of a key that is not registered for {staff} here"
    )]
    UnknownKey {
        /// Which, from 1.
        line: usize,
        /// Whose it should be.
        staff: String,
    },
    /// Nobody may be in it.
    #[error(
        "ingen kan stå i rostern: ingen har roll, utbildning och en registrerad nyckel / \
         nobody can be in the roster: nobody has a role, training and a registered key"
    )]
    Nobody,
}

/// Who may be in the next roster.
///
/// # Errors
///
/// Nobody may, or it cannot be read.
pub fn export(rights: &Rights, now: Timestamp, by: &StaffId) -> Result<Unsigned, RosterError> {
    let unsigned = next(rights, now)?;
    let detail = format!("roster {}, {} lines", unsigned.roster, unsigned.lines.len());
    rights
        .file()
        .note(Act::RosterExported, detail, Doer { by, at: now })?;
    Ok(unsigned)
}

fn next(rights: &Rights, now: Timestamp) -> Result<Unsigned, RosterError> {
    let file = rights.file();
    let roster = file.roster()? + 1;
    let mut lines = Vec::new();
    for key in file.keys()? {
        let standing = file.standing(&key.staff)?;
        if standing.can(Permission::LiveView, now).is_ok() {
            lines.push(key.operator(roster, now.after(LINE_LASTS)));
        }
    }
    match lines.is_empty() {
        true => Err(RosterError::Nobody),
        false => Ok(Unsigned { roster, lines }),
    }
}

/// Signs every line.
#[must_use]
pub fn sign(unsigned: &Unsigned, root: &SigningKey) -> SignedRoster {
    let lines = unsigned.lines.iter();
    SignedRoster {
        roster: unsigned.roster,
        lines: lines.map(|line| Signed::seal(line, root)).collect(),
    }
}

/// Takes a signed roster in: all of it or nothing.
///
/// # Errors
///
/// Why it is not taken.
pub fn import(
    rights: &Rights,
    signed: &SignedRoster,
    root: &PublicKey,
    (by, at): (&StaffId, Timestamp),
) -> Result<(), RosterError> {
    let mut lines = Vec::new();
    let mut file = rights.file();
    for (index, signed_line) in signed.lines.iter().enumerate() {
        let line = index + 1;
        let operator = Operator::open(signed_line, root)
            .map_err(|source| RosterError::NotSigned { line, source })?;
        if operator.roster != signed.roster {
            return Err(RosterError::AnotherRoster {
                line,
                found: operator.roster,
                roster: signed.roster,
            });
        }
        let known = file.key(&operator.credential)?;
        let theirs = |key: &Key| key.staff.to_string() == operator.id && key.public == operator.key;
        if !known.is_some_and(|key| theirs(&key)) {
            let staff = operator.id;
            return Err(RosterError::UnknownKey { line, staff });
        }
        lines.push(RosterLine {
            operator,
            signed: signed_line.clone(),
        });
    }
    if lines.is_empty() {
        return Err(RosterError::Nobody);
    }
    file.take_roster((signed.roster, &lines), Doer { by, at })
}

/// By what people compare a key on two screens: sixteen hexadecimal digits of its SHA-256, in
/// groups of four.
#[must_use]
pub fn fingerprint(public: &[u8]) -> String {
    let digits = hex(&sha256(public)[..8]);
    let quads = digits.as_bytes().chunks(4).map(String::from_utf8_lossy);
    quads.collect::<Vec<_>>().join(" ")
}
