//! How one row holds the next: the hash of each, and what a chain of them shows.
//!
//! Pure. A row's hash is SHA-256 over [`CONTEXT`], a zero byte, the hash of the row before (32 zero
//! bytes before the first) and the row as a JSON array without blanks: number, milliseconds, who,
//! act, about, follows, milliseconds that it lasted, detail. Anybody can compute it from the table.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{AuditId, Written};

/// What is hashed first: a row of this log is never taken for anything else.
pub const CONTEXT: &str = "nattsyn audit 1";

/// The hash before the first row.
pub const BEGINNING: [u8; 32] = [0; 32];

/// The newest row when it was taken, to be kept where nobody who can write the hub's file can
/// write: rows up to it can be neither changed nor cut without its being seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// How many rows there were.
    pub rows: i64,
    /// The last one's hash, in hexadecimal.
    pub hash: String,
    /// When it was taken, for people.
    pub taken: String,
}

/// The first thing that is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// This row is not the one that was written, or not where it was written.
    #[error(
        "rad {0} är ändrad, eller en rad före den: kedjan håller inte / \
         row {0} was changed, or one before it: the chain does not hold"
    )]
    Changed(AuditId),
    /// A row is missing: this number should stand here, and another does.
    #[error(
        "rad {expected} saknas: här står rad {found} / \
         row {expected} is missing: here stands row {found}"
    )]
    Missing {
        /// The number that should stand here.
        expected: AuditId,
        /// The one that does.
        found: AuditId,
    },
    /// The log ends before the head that was kept.
    #[error(
        "loggen slutar vid rad {last}, och huvudet som sparats utanför gäller rad {head}: \
         rader är bortklippta / \
         the log ends at row {last}, and the head that was kept outside is of row {head}: \
         rows were cut"
    )]
    Cut {
        /// The last row that is there.
        last: AuditId,
        /// The row of the head.
        head: AuditId,
    },
    /// What was kept outside is of no row: no log has a row 0.
    #[error(
        "huvudet gäller rad {0}, som inte finns i någon logg / the head is of row {0}, in no log"
    )]
    NoRow(i64),
    /// The whole chain was made anew up to the head's row, or the head is another log's.
    #[error(
        "rad {0} är inte den som huvudet utanför gäller: någon rad till och med den är ändrad / \
         row {0} is not the one that the head outside is of: a row up to it was changed"
    )]
    AnotherHead(AuditId),
}

/// A chain that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many rows.
    pub rows: i64,
    /// The last one's hash.
    pub hash: [u8; 32],
}

impl Written {
    /// What the hash of this row is after a row with the hash `before`.
    #[must_use]
    pub fn link(&self, before: &[u8; 32]) -> [u8; 32] {
        let row = (
            self.id.0,
            self.at_ms,
            &self.who,
            &self.act,
            &self.about,
            self.follows,
            self.lasted_ms,
            &self.detail,
        );
        let row = serde_json::to_string(&row).expect("texts and numbers always have a JSON form");
        let mut hash = Sha256::new();
        hash.update(CONTEXT.as_bytes());
        hash.update([0]);
        hash.update(before);
        hash.update(row.as_bytes());
        hash.finalize().into()
    }
}

/// Walks a chain, row by row.
#[derive(Clone, Debug)]
pub struct Walk {
    rows: i64,
    hash: [u8; 32],
    /// Heads that are still ahead.
    heads: Vec<Head>,
}

impl Walk {
    /// From the beginning, against heads that were kept outside.
    #[must_use]
    pub fn new(heads: &[Head]) -> Self {
        Self {
            rows: 0,
            hash: BEGINNING,
            heads: heads.to_vec(),
        }
    }

    /// The next row.
    ///
    /// # Errors
    ///
    /// It is not the one that was written.
    pub fn handle_row(&mut self, row: &Written) -> Result<(), Fault> {
        let expected = AuditId(self.rows + 1);
        if row.id != expected {
            let found = row.id;
            return Err(Fault::Missing { expected, found });
        }
        if row.link(&self.hash) != row.hash {
            return Err(Fault::Changed(row.id));
        }
        self.rows += 1;
        self.hash = row.hash;
        self.compare()
    }

    fn compare(&self) -> Result<(), Fault> {
        let mut here = self.heads.iter().filter(|head| head.rows == self.rows);
        match here.find(|head| !head.hash.eq_ignore_ascii_case(&hex(&self.hash))) {
            Some(_) => Err(Fault::AnotherHead(AuditId(self.rows))),
            None => Ok(()),
        }
    }

    /// There are no more rows.
    ///
    /// # Errors
    ///
    /// There should be.
    pub fn end(self) -> Result<Verified, Fault> {
        if let Some(head) = self.heads.iter().find(|head| head.rows < 1) {
            return Err(Fault::NoRow(head.rows));
        }
        match self.heads.iter().map(|head| head.rows).max() {
            Some(head) if head > self.rows => Err(Fault::Cut {
                last: AuditId(self.rows),
                head: AuditId(head),
            }),
            Some(_) | None => Ok(Verified {
                rows: self.rows,
                hash: self.hash,
            }),
        }
    }
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rows, self.hash, self.taken)
    }
}
