//! Agreements in files: CSV and JSON, to and fro, with every error by its line.
//!
//! Reading checks everything and takes nothing unless all of it can be kept. Writing and reading
//! back gives the very same agreements. Names of people are in neither: residents are ids here.
//! `docs/reference/plan.md` describes both forms.

mod form;
mod json;
mod table;
mod texts;

use std::collections::BTreeMap;
use std::fmt;

use nattsyn_protocol::ids::ResidentId;

use super::Agreement;
use form::AgreementForm;
pub use texts::{remark, why};

/// Which form a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table: one row a plan, one a window.
    Csv,
    /// One object with all plans.
    Json,
}

/// A text for a user, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Swedish.
    pub sv: String,
    /// English.
    pub en: String,
}

impl Said {
    pub(crate) fn new(sv: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            sv: sv.into(),
            en: en.into(),
        }
    }
}

/// One thing that is wrong in a file: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The line, counted from 1.
    pub line: u64,
    /// The column or field; empty if it is about the whole line.
    pub field: String,
    /// What is wrong and what to do.
    pub said: Said,
}

impl LineError {
    pub(super) fn new(line: u64, field: impl Into<String>, said: Said) -> Self {
        Self {
            line,
            field: field.into(),
            said,
        }
    }
}

/// Swedish on the first line, English on the second.
impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = match self.field.as_str() {
            "" => String::new(),
            field => format!(", {field}"),
        };
        writeln!(f, "rad {}{field}: {}", self.line, self.said.sv)?;
        write!(f, "  line {}{field}: {}", self.line, self.said.en)
    }
}

/// An agreement and the line on which it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The line, counted from 1.
    pub line: u64,
    /// What stands there.
    pub agreement: Agreement,
}

/// Reads a file's agreements, checked each for itself.
///
/// # Errors
///
/// Everything that is wrong, by line. Then none of the file is taken.
pub fn read(text: &str, format: Format) -> Result<Vec<Read>, Vec<LineError>> {
    // Excel begins a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (read, mut errors) = match format {
        Format::Csv => table::read(text),
        Format::Json => json::read(text),
    };
    let mut first_lines: BTreeMap<ResidentId, u64> = BTreeMap::new();
    for Read { line, agreement } in &read {
        if let Some(first) = first_lines.insert(agreement.resident, *line) {
            errors.push(LineError::new(*line, "resident", texts::twice(first)));
        }
        if let Err(error) = agreement.examine() {
            errors.push(LineError::new(*line, "", texts::refusal(&error)));
        }
    }
    if read.is_empty() && errors.is_empty() {
        errors.push(LineError::new(1, "", texts::empty()));
    }
    errors.sort_by_key(|error| error.line);
    if errors.is_empty() {
        Ok(read)
    } else {
        Err(errors)
    }
}

/// The agreements as a file.
#[must_use]
pub fn write(agreements: &[&Agreement], format: Format) -> String {
    match format {
        Format::Csv => table::write(agreements),
        Format::Json => json::write(agreements),
    }
}

/// An agreement as the store keeps it: the JSON form.
#[must_use]
pub fn to_body(agreement: &Agreement) -> String {
    serde_json::to_string(&AgreementForm::of(agreement))
        .expect("an agreement is plain data, which always has a JSON form")
}

/// An agreement as the store kept it; `None` if it is no such text.
#[must_use]
pub fn of_body(body: &str) -> Option<Agreement> {
    let form: AgreementForm = serde_json::from_str(body).ok()?;
    form.agreement().ok()
}

#[cfg(test)]
mod tests;
