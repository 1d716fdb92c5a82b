//! Reads labelled looks from a table, for research and for homes whose scores are at hand.
//!
//! Columns: `home`, `night`, `check`, `score` (0 to 1), `label` (yes, no, unclear), `source`
//! (staged, before_visit, bed_empty), and where they apply `state` and `probability`. Other
//! columns are ignored. A table with rows that cannot be read is refused as a whole, each named by
//! its line.

use std::collections::BTreeMap;
use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde::Deserialize;

use crate::counts::{HomeCounts, State};
use crate::grid::Bin;
use crate::looks::{Label, Look, Source, counted};
use crate::scores::{BAD_ROWS_NAMED, BadRow, ReadError};

/// What a table held.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its homes, in the order in which each first appears.
    pub homes: Vec<HomeCounts>,
    /// Looks that nobody could label; they count for nothing.
    pub unlabelled: usize,
    /// Checks that were labelled both ways.
    pub contradicted: usize,
}

/// Reads a whole table; a check may have `most_looks` looks by plan.
///
/// # Errors
///
/// It cannot be read, lacks a column, is empty, or has bad rows: all of those, by line.
pub fn read(from: impl Read, most_looks: u32) -> Result<Table, ReadError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(from);
    let mut header = reader.headers().map_err(ReadError::Read)?.clone();
    for name in ["home", "night", "check", "score", "label", "source"] {
        if !header
            .iter()
            .any(|text| text.trim_start_matches('\u{feff}') == name)
        {
            return Err(ReadError::NoColumn(name));
        }
    }
    // A byte order mark is what spreadsheets put before the first name.
    header = header
        .iter()
        .map(|text| text.trim_start_matches('\u{feff}'))
        .collect();
    let (mut order, mut homes) = (Vec::new(), BTreeMap::<String, Vec<Look>>::new());
    let mut bad = Vec::new();
    for record in reader.records() {
        match record
            .map_err(unreadable)
            .and_then(|record| look(&record, &header))
        {
            Ok((home, look)) => {
                if !homes.contains_key(&home) {
                    order.push(home.clone());
                }
                homes.entry(home).or_default().push(look);
            }
            Err(row) => bad.push(row),
        }
    }
    if !bad.is_empty() {
        let count = bad.len();
        bad.truncate(BAD_ROWS_NAMED);
        return Err(ReadError::BadRows { count, named: bad });
    }
    if order.is_empty() {
        return Err(ReadError::Empty);
    }
    let unlabelled = homes.values().flatten().filter(|look| look.label.is_none());
    Ok(Table {
        unlabelled: unlabelled.count(),
        contradicted: homes.values().map(|looks| contradicted(looks)).sum(),
        homes: order
            .iter()
            .map(|home| counted(home, &homes[home], most_looks))
            .collect(),
    })
}

/// One row as it stands in the file.
#[derive(Deserialize)]
struct Row {
    home: String,
    night: String,
    check: String,
    score: String,
    label: String,
    source: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    probability: String,
}

fn look(record: &StringRecord, header: &StringRecord) -> Result<(String, Look), BadRow> {
    let line = record.position().map_or(0, csv::Position::line);
    let bad = |wrong: String| BadRow { line, wrong };
    let row: Row = record
        .deserialize(Some(header))
        .map_err(|error| bad(error.to_string()))?;
    for (name, text) in [
        ("home", &row.home),
        ("night", &row.night),
        ("check", &row.check),
    ] {
        if text.is_empty() {
            return Err(bad(format!("its {name} is empty")));
        }
    }
    let bin = row.score.parse().ok().and_then(Bin::of_score);
    let bin =
        bin.ok_or_else(|| bad(format!("score {:?} is not a number from 0 to 1", row.score)))?;
    let look = Look {
        night: row.night.clone(),
        check: row.check.clone(),
        bin,
        label: label(&row.label).map_err(bad)?,
        source: source(&row).map_err(bad)?,
    };
    if let (Some(label), Source::Staged(state)) = (look.label, look.source)
        && of_state(state) != label
    {
        return Err(bad(format!(
            "state {:?} and label {:?} contradict",
            row.state, row.label
        )));
    }
    Ok((row.home, look))
}

fn label(text: &str) -> Result<Option<Label>, String> {
    match text {
        "yes" => Ok(Some(Label::Somebody)),
        "no" => Ok(Some(Label::Nobody)),
        "unclear" => Ok(None),
        _ => Err(format!("label {text:?} is not yes, no or unclear")),
    }
}

fn source(row: &Row) -> Result<Source, String> {
    match row.source.as_str() {
        "staged" => state(&row.state).map(Source::Staged),
        "before_visit" => {
            let probability: Option<f64> = row.probability.parse().ok();
            let sound = probability.filter(|p| *p > 0.0 && *p <= 1.0);
            let wrong = || {
                format!(
                    "probability {:?} is not above 0 and at most 1",
                    row.probability
                )
            };
            sound.map(Source::BeforeVisit).ok_or_else(wrong)
        }
        "bed_empty" if row.label == "yes" => Err("bed_empty with the label yes".to_owned()),
        "bed_empty" => Ok(Source::BedEmpty),
        "exception" => Err("the outcome of an exception is no evidence for a threshold".to_owned()),
        other => Err(format!(
            "source {other:?} is not staged, before_visit or bed_empty"
        )),
    }
}

fn state(text: &str) -> Result<State, String> {
    let json = serde_json::Value::String(text.to_owned());
    serde_json::from_value(json).map_err(|error| format!("state: {error}"))
}

fn of_state(state: State) -> Label {
    match state {
        State::EmptyBare | State::EmptyMade | State::EmptyHeaped | State::EmptyJustLeft => {
            Label::Nobody
        }
        State::Uncovered | State::HalfCovered | State::Covered | State::OnTheEdge => {
            Label::Somebody
        }
    }
}

fn contradicted(looks: &[Look]) -> usize {
    let mut checks: BTreeMap<(&str, &str), [bool; 2]> = BTreeMap::new();
    for look in looks {
        let labels = checks.entry((&look.night, &look.check)).or_default();
        match look.label {
            Some(Label::Nobody) => labels[0] = true,
            Some(Label::Somebody) => labels[1] = true,
            None => {}
        }
    }
    checks
        .values()
        .filter(|labels| **labels == [true, true])
        .count()
}

fn unreadable(error: csv::Error) -> BadRow {
    BadRow {
        line: error.position().map_or(0, csv::Position::line),
        wrong: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "home,night,check,score,label,source,state,probability\n";

    fn refusal(rows: &str) -> String {
        read(format!("{HEADER}{rows}").as_bytes(), 5)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn every_bad_row_is_named_by_its_line() {
        let rows = "h,n,1,NaN,no,bed_empty,,\nh,n,1,1.5,no,bed_empty,,\nh,n,1,0.5,perhaps,bed_empty,,\n\
                    h,n,1,0.5,no,guess,,\nh,n,1,0.5,yes,before_visit,,0\nh,n,1,0.5,no,staged,floor,\n";
        let said = refusal(rows);
        for line in [
            "6 bad rows",
            "line 2: score",
            "line 3: score",
            "line 4: label",
            "line 5: source",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        assert!(
            said.contains("line 6: probability") && said.contains("line 7: state"),
            "{said}"
        );
    }

    #[test]
    fn the_outcome_of_an_exception_is_refused_as_evidence() {
        assert!(
            refusal("h,n,1,0.5,no,exception,,\n").contains("line 2: the outcome of an exception")
        );
        assert!(refusal("h,n,1,0.5,yes,staged,empty_made,\n").contains("contradict"));
    }

    #[test]
    fn homes_stand_in_the_order_in_which_they_came() {
        let rows = "z,n,1,0.5,no,bed_empty,,\na,n,1,0.5,unclear,bed_empty,,\nz,n,1,0.6,yes,before_visit,,1\n";
        let table = read(format!("\u{feff}{HEADER}{rows}").as_bytes(), 5).unwrap();
        let homes: Vec<&str> = table.homes.iter().map(|home| home.home.as_str()).collect();
        assert_eq!(
            (homes, table.unlabelled, table.contradicted),
            (vec!["z", "a"], 1, 1)
        );
    }

    #[test]
    fn a_table_without_a_column_or_rows_says_so() {
        let said = read("home,night\n".as_bytes(), 5).unwrap_err().to_string();
        assert!(said.contains("no column \"check\""), "{said}");
        assert!(refusal("").contains("no rows"));
    }
}
