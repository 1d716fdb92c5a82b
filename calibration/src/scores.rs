//! Reads labelled scores from a table: columns `score`, `label` and, if it has one, `group`.
//!
//! Other columns are ignored, so the output of `nattsyn-score` with labels added can be read as
//! it is. A table with a row that cannot be read is refused as a whole, each bad row named by
//! its line: a risk counted on what happened to be readable would look like evidence.

use std::fmt;
use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Trim};

/// What a human saw in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// `yes`: somebody is there.
    Person,
    /// `no`: nobody is there.
    Nobody,
    /// `unclear`: a human could not tell either. Counted, and never as right or wrong.
    Unsettled,
}

/// One picture's score beside what a human saw in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// How strongly the model believes that a person can be seen, from 0 to 1.
    pub score: f64,
    /// What a human saw.
    pub truth: Truth,
    /// What was drawn independently, such as the home; without such a column, the row itself.
    pub group: String,
}

/// Whether the table said which rows belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// By its column `group`.
    Given,
    /// It has none, so every row stands alone. Too kind if rows come from the same home.
    EachRowAlone,
}

/// A table of labelled scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its rows, in the order of the file.
    pub rows: Vec<Labelled>,
    /// Whether the table said which rows belong together.
    pub grouping: Grouping,
}

/// Bad rows that are named one by one; a file with more is not the file that was meant.
pub const BAD_ROWS_NAMED: usize = 10;

/// Why a table is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("reading the table")]
    Read(#[source] csv::Error),
    /// The first line does not name a column that is needed.
    #[error("table has no column {0:?}; it needs `score` and `label`, and may have `group`")]
    NoColumn(&'static str),
    /// The first line names a column twice.
    #[error("table has more than one column {0:?}")]
    RepeatedColumn(&'static str),
    /// Some rows cannot be read.
    #[error("{count} bad rows: {}", listed(.named))]
    BadRows {
        /// How many.
        count: usize,
        /// The first [`BAD_ROWS_NAMED`] of them.
        named: Vec<BadRow>,
    },
    /// There is nothing below the first line.
    #[error("table has no rows")]
    Empty,
}

/// One row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line in the file, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub wrong: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.wrong)
    }
}

fn listed(rows: &[BadRow]) -> String {
    let texts: Vec<String> = rows.iter().map(BadRow::to_string).collect();
    texts.join("; ")
}

/// Where the columns stand.
struct Columns {
    score: usize,
    label: usize,
    group: Option<usize>,
}

/// Reads a whole table.
///
/// # Errors
///
/// It cannot be read, lacks a column, is empty, or has rows that say something else than they
/// should: all of those, by line.
pub fn read(from: impl Read) -> Result<Table, ReadError> {
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .flexible(true)
        .from_reader(from);
    let columns = Columns::find(reader.headers().map_err(ReadError::Read)?)?;
    let mut rows = Vec::new();
    let mut bad = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => match columns.labelled(&record) {
                Ok(row) => rows.push(row),
                Err(row) => bad.push(row),
            },
            Err(error) if error.is_io_error() => return Err(ReadError::Read(error)),
            Err(error) => bad.push(BadRow {
                line: error.position().map_or(0, csv::Position::line),
                wrong: "is not text in UTF-8".to_owned(),
            }),
        }
    }
    if !bad.is_empty() {
        let count = bad.len();
        bad.truncate(BAD_ROWS_NAMED);
        return Err(ReadError::BadRows { count, named: bad });
    }
    if rows.is_empty() {
        return Err(ReadError::Empty);
    }
    let grouping = match columns.group {
        Some(_) => Grouping::Given,
        None => Grouping::EachRowAlone,
    };
    Ok(Table { rows, grouping })
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, ReadError> {
        Ok(Self {
            score: column(header, "score")?.ok_or(ReadError::NoColumn("score"))?,
            label: column(header, "label")?.ok_or(ReadError::NoColumn("label"))?,
            group: column(header, "group")?,
        })
    }

    fn labelled(&self, record: &StringRecord) -> Result<Labelled, BadRow> {
        let line = record.position().map_or(0, csv::Position::line);
        let bad = |wrong| BadRow { line, wrong };
        let field = |index: usize| record.get(index).unwrap_or_default();
        Ok(Labelled {
            score: score(field(self.score)).map_err(bad)?,
            truth: truth(field(self.label)).map_err(bad)?,
            group: match self.group.map(field) {
                Some("") => return Err(bad("its group is empty".to_owned())),
                Some(group) => group.to_owned(),
                None => format!("line {line}"),
            },
        })
    }
}

fn column(header: &StringRecord, name: &'static str) -> Result<Option<usize>, ReadError> {
    let mut found = header.iter().enumerate().filter(|(_, text)| {
        // A byte order mark is what spreadsheets put before the first name.
        text.trim_start_matches('\u{feff}') == name
    });
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(ReadError::RepeatedColumn(name)),
        (first, _) => Ok(first.map(|(index, _)| index)),
    }
}

fn score(text: &str) -> Result<f64, String> {
    let score = text.parse::<f64>().ok();
    score
        .filter(|score| (0.0..=1.0).contains(score))
        .ok_or_else(|| format!("score {:?} is not a number from 0 to 1", excerpt(text)))
}

fn truth(text: &str) -> Result<Truth, String> {
    match text {
        "yes" => Ok(Truth::Person),
        "no" => Ok(Truth::Nobody),
        "unclear" => Ok(Truth::Unsettled),
        _ => Err(format!(
            "label {:?} is not yes, no or unclear",
            excerpt(text)
        )),
    }
}

/// An error text quotes what it was given, but not a whole file that has lost its line ends.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let table = read("file,label,group,score\n\"a, b.jpg\",no,h1, 0.25\n".as_bytes()).unwrap();
        let expected = Labelled {
            score: 0.25,
            truth: Truth::Nobody,
            group: "h1".to_owned(),
        };
        assert_eq!(table.rows, [expected]);
        assert_eq!(table.grouping, Grouping::Given);
    }

    #[test]
    fn without_groups_every_row_stands_alone() {
        let table = read("\u{feff}score,label\n0,yes\n1,unclear\n".as_bytes()).unwrap();
        assert_eq!(table.grouping, Grouping::EachRowAlone);
        assert_ne!(table.rows[0].group, table.rows[1].group);
    }

    #[test]
    fn every_bad_row_is_named_by_its_line() {
        let text = "score,label,group\n0.5,yes,a\nhigh,yes,a\nNaN,no,a\n1.5,no,a\n0.1,maybe,a\n\
                    0.2,no,\n0.3\n";
        assert_eq!(
            refusal(text),
            "6 bad rows: line 3: score \"high\" is not a number from 0 to 1; \
             line 4: score \"NaN\" is not a number from 0 to 1; \
             line 5: score \"1.5\" is not a number from 0 to 1; \
             line 6: label \"maybe\" is not yes, no or unclear; \
             line 7: its group is empty; \
             line 8: label \"\" is not yes, no or unclear"
        );
    }

    #[test]
    fn a_thousand_bad_rows_do_not_fill_the_screen() {
        let text = format!("score,label\n{}", "x,yes\n".repeat(1000));
        assert!(refusal(&text).starts_with("1000 bad rows: line 2: "));
        assert!(refusal(&text).len() < 1000);
    }

    #[test]
    fn a_missing_or_repeated_column_is_named() {
        assert!(refusal("score,truth\n1,yes\n").contains("no column \"label\""));
        assert!(refusal("score,score,label\n").contains("more than one column \"score\""));
        assert!(refusal("").contains("no column \"score\""));
        assert!(refusal("score,label\n").contains("no rows"));
    }

    #[test]
    fn a_row_that_is_no_text_is_named_and_not_a_panic() {
        let bytes = b"score,label\n0.5,yes\n\xff\xfe,no\n0.5,no\n";
        let refusal = read(bytes.as_slice()).unwrap_err().to_string();
        assert_eq!(refusal, "1 bad rows: line 3: is not text in UTF-8");
    }
}
