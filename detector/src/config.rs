//! Reading a unit's configuration: one TOML file a program, and errors that a person can use.
//!
//! An error names the file, the key and the reason. Homes, windows and thresholds are not
//! configuration; they are the plan. What a key means stands with the program's own type.

pub mod eye;
pub mod voice;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Why a program does not start with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no TOML, or a key is unknown, missing or of the wrong kind.
    #[error("{}, line {line}: {text:?}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What stands there, with its key.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key's value is of the right kind and cannot be used.
    #[error("{}, key {key}: {reason}", path.display())]
    BadValue {
        /// The file.
        path: PathBuf,
        /// The key, with its table: `broker.ca`.
        key: &'static str,
        /// Why it cannot be used.
        reason: String,
    },
}

/// Reads a configuration file.
///
/// # Errors
///
/// It cannot be read, or is not of the expected shape.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| malformed(path, &text, &error))
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    ConfigError::Malformed {
        path: path.to_owned(),
        line,
        text: text.lines().nth(line - 1).unwrap_or_default().to_owned(),
        reason: error.message().to_owned(),
    }
}

/// A path from the configuration file, which is meant from the file's own folder.
#[must_use]
pub fn beside(config: &Path, path: &Path) -> PathBuf {
    config.parent().unwrap_or(Path::new("")).join(path)
}
