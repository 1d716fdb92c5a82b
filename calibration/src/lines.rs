//! Counts as text: one JSON object a line, each with its version, none twice.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

/// What stands on a line.
pub(crate) trait Line: DeserializeOwned {
    /// What it is, for whoever reads why it is not taken.
    const WHAT: &'static str;
    /// The version that this program reads.
    const VERSION: u8;

    /// The version that it names.
    fn version(&self) -> u8;

    /// What may not stand there twice, as it is said.
    fn name(&self) -> String;
}

/// Why lines are not taken. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A line cannot be read.
    #[error("line {at}: not {what}")]
    Line {
        /// Its number.
        at: u64,
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A line is of another version.
    #[error("line {at}: version {found}; this program reads {read}")]
    Version {
        /// Its number.
        at: u64,
        /// What it says.
        found: u8,
        /// What is read.
        read: u8,
    },
    /// Something stands there twice: it would count as two.
    #[error("line {at}: {name} was given before")]
    Repeated {
        /// The later line's number.
        at: u64,
        /// What.
        name: String,
    },
}

/// Reads them in their order, empty lines skipped.
pub(crate) fn read<L: Line>(text: &str) -> Result<Vec<L>, ReadError> {
    let mut known = HashSet::new();
    let mut read = Vec::new();
    for (line, at) in text.lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        let what = L::WHAT;
        let line: L =
            serde_json::from_str(line).map_err(|source| ReadError::Line { at, what, source })?;
        let (found, name) = (line.version(), line.name());
        if found != L::VERSION {
            let read = L::VERSION;
            return Err(ReadError::Version { at, found, read });
        }
        if !known.insert(name.clone()) {
            return Err(ReadError::Repeated { at, name });
        }
        read.push(line);
    }
    Ok(read)
}
