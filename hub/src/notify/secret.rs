//! What nobody may read: keys and passwords of gateways, from files, never printed.

use std::fmt;
use std::path::Path;

use crate::private_file;

/// A key or a password.
#[derive(Clone, Default)]
pub(crate) struct Secret(String);

impl Secret {
    /// Reads a secret's file; a line break at its end is no part of it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = private_file::read(path).map_err(|error| in_full(&error))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(format!("{}: not one line of text", path.display()));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// An error with its causes.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_and_prints_as_redacted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "s3cr3t\n").unwrap();
        let secret = Secret::read(&path).unwrap();
        assert_eq!(secret.expose(), "s3cr3t");
        assert_eq!(format!("{secret:?}"), "<redacted>");
        for bad in ["", "\n", "a\nb\n"] {
            std::fs::write(&path, bad).unwrap();
            assert!(
                Secret::read(&path)
                    .unwrap_err()
                    .contains("key: not one line")
            );
        }
        std::fs::remove_file(&path).unwrap();
        assert!(Secret::read(&path).unwrap_err().starts_with("reading "));
    }
}
