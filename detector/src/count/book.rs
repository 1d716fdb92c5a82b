//! The table of counts: how many looks of a night ended in which finding.
//!
//! A text file with one line a night, model and finding, so that whoever counted can read it
//! whole before sending it to anybody. It holds nothing else. A file that is not exactly such a
//! table is refused, never mended: it may be somebody's.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use nattsyn_protocol::finding::Finding;

/// The first line of every book.
const HEADER: &str = "night,model,finding,looks";

/// Counts by night, model and finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book(BTreeMap<Key, u64>);

/// What a count is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The date of its evening.
    night: String,
    /// The first digits of the model's checksum: counts of different models are never mixed.
    model: String,
    /// The finding as it stands in a report.
    finding: String,
}

/// Why a text is no book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// The first line is another.
    #[error("line 1 is not {HEADER:?}")]
    Header,
    /// A line is not a night, a model, a finding and a number.
    #[error("line {0} is not a night, a model, a finding and a number of looks")]
    Line(usize),
    /// A line repeats an earlier one's night, model and finding.
    #[error("line {0} repeats an earlier one")]
    Twice(usize),
}

impl Book {
    /// Reads a book; an empty text is an empty book.
    ///
    /// # Errors
    ///
    /// The text is not exactly what a book prints.
    pub fn read(text: &str) -> Result<Self, BookError> {
        let mut book = Self::default();
        if text.is_empty() {
            return Ok(book);
        }
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if number == 1 {
                if line != HEADER {
                    return Err(BookError::Header);
                }
                continue;
            }
            let (key, looks) = parse(line).ok_or(BookError::Line(number))?;
            if book.0.insert(key, looks).is_some() {
                return Err(BookError::Twice(number));
            }
        }
        Ok(book)
    }

    /// Counts one look.
    pub fn add(&mut self, night: &str, model: &str, finding: Finding) {
        let key = Key {
            night: night.to_owned(),
            model: model.to_owned(),
            finding: finding.to_string(),
        };
        *self.0.entry(key).or_default() += 1;
    }

    /// What was counted in one night, or in all, as one line: most frequent first.
    #[must_use]
    pub fn line(&self, night: Option<&str>) -> String {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (key, looks) in &self.0 {
            if night.is_none_or(|night| night == key.night) {
                *sums.entry(&key.finding).or_default() += looks;
            }
        }
        let all: u64 = sums.values().sum();
        let mut named: Vec<(&str, u64)> = sums.into_iter().collect();
        named.sort_by_key(|(_, looks)| std::cmp::Reverse(*looks));
        let named: Vec<String> = named
            .into_iter()
            .map(|(finding, looks)| format!("{finding} {looks}"))
            .collect();
        format!("looks {all}: {}", named.join(", "))
    }

    /// How many nights have a count.
    #[must_use]
    pub fn nights(&self) -> usize {
        let mut nights: Vec<&str> = self.0.keys().map(|key| key.night.as_str()).collect();
        nights.dedup();
        nights.len()
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for (key, looks) in &self.0 {
            writeln!(f, "{},{},{},{looks}", key.night, key.model, key.finding)?;
        }
        Ok(())
    }
}

fn parse(line: &str) -> Option<(Key, u64)> {
    let fields: Vec<&str> = line.split(',').collect();
    let [night, model, finding, looks] = *fields.as_slice() else {
        return None;
    };
    night.parse::<Date>().ok()?;
    let is_word = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"_()".contains(&b))
    };
    if !is_word(model) || !is_word(finding) {
        return None;
    }
    let key = Key {
        night: night.to_owned(),
        model: model.to_owned(),
        finding: finding.to_owned(),
    };
    Some((key, looks.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::finding::{Fault, Reason};

    use super::*;

    fn book() -> Book {
        let mut book = Book::default();
        for _look in 0..40 {
            book.add("2026-11-20", "aa11", Finding::NotVisible);
        }
        book.add("2026-11-20", "aa11", Finding::Unclear(Reason::WeakEvidence));
        book.add("2026-11-21", "aa11", Finding::Technical(Fault::Dark));
        book.add("2026-11-21", "bb22", Finding::Visible);
        book
    }

    #[test]
    fn a_book_holds_counts_and_nothing_else() {
        assert_eq!(
            book().to_string(),
            "night,model,finding,looks\n\
             2026-11-20,aa11,not_visible,40\n\
             2026-11-20,aa11,unclear(weak_evidence),1\n\
             2026-11-21,aa11,technical(dark),1\n\
             2026-11-21,bb22,visible,1\n"
        );
    }

    #[test]
    fn what_was_written_reads_back_and_goes_on() {
        let mut again = Book::read(&book().to_string()).unwrap();
        assert_eq!(again, book());
        again.add("2026-11-20", "aa11", Finding::NotVisible);
        assert!(again.to_string().contains("aa11,not_visible,41\n"));
        assert_eq!(Book::read("").unwrap(), Book::default());
    }

    #[test]
    fn a_line_sums_a_night_or_all_of_them() {
        let wanted = "looks 41: not_visible 40, unclear(weak_evidence) 1";
        assert_eq!(book().line(Some("2026-11-20")), wanted);
        assert!(book().line(None).starts_with("looks 43: not_visible 40, "));
        assert_eq!(book().nights(), 2);
    }

    #[test]
    fn somebody_elses_file_is_refused_with_its_line() {
        let after = |line: &str| Book::read(&format!("{HEADER}\n{line}\n"));
        assert_eq!(Book::read("name,looks\n"), Err(BookError::Header));
        for line in [
            "2026-11-20,aa11,visible",
            "2026-11-20,aa11,visible,many",
            "2026-11-20,aa11,visible,-1",
            "yesterday,aa11,visible,1",
            "2026-11-20,,visible,1",
            "2026-11-20,aa11,vis ible,1",
            "",
        ] {
            assert_eq!(after(line), Err(BookError::Line(2)), "{line}");
        }
        let line = "2026-11-20,aa11,visible,1";
        assert_eq!(after(&format!("{line}\n{line}")), Err(BookError::Twice(3)));
    }
}
