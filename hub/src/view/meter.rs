//! How much staff are asked: rows that were opened per person at work and ten minutes.
//!
//! Whoever is asked too often stops looking. The measure and its two marks are those of alarm
//! rooms (EEMUA 191; IEC 62682): about one in ten minutes is what one person can see to, ten is a
//! flood in which rows are missed. Rows that have closed count too: each of them asked somebody.
//! It says which homes ask most, so that a cause can be put right, and nothing of who works how.

use std::collections::BTreeMap;
use std::time::Duration;

use nattsyn_protocol::time::Timestamp;

use super::{ExceptionRow, Person, Tonight};
use crate::nights;

/// Rows in ten minutes that one person can see to.
pub const STEADY: usize = 1;

/// Rows in ten minutes that nobody can see to alone.
pub const FLOOD: usize = 10;

/// What rows are counted over.
pub const SPAN: Duration = Duration::from_secs(10 * 60);

/// How many spans are shown: the last hour.
pub const SPANS: usize = 6;

/// Most homes that are named: those that are worth looking into first.
const HOMES_MAX: usize = 5;

/// Who shares the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// So many are signed in.
    SignedIn(usize),
    /// It is not known: all rows are counted as one person's.
    Unknown,
}

/// How much staff are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// At most [`STEADY`].
    Steady,
    /// More than that, and less than a flood.
    Busy,
    /// [`FLOOD`] or more.
    Flood,
}

/// The measure at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    /// Who shares the rows.
    pub operators: Operators,
    /// Rows opened in each of the last spans, oldest first; the last one ends now.
    pub spans: [usize; SPANS],
    /// Rows opened tonight.
    pub tonight: usize,
    /// The homes with most rows tonight, most first; only those with more than one.
    pub homes: Vec<(Person, usize)>,
}

impl Operators {
    /// How many people the rows are shared by, at least one.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::SignedIn(count) => count.max(1),
            Self::Unknown => 1,
        }
    }
}

impl Meter {
    /// Counts tonight's rows, open and closed.
    #[must_use]
    pub fn of(tonight: &Tonight, operators: Operators) -> Self {
        let noon = nights::noon(tonight.night, &tonight.zone).ok();
        let rows = || tonight.open.iter().chain(&tonight.closed);
        let is_tonights = |row: &&ExceptionRow| noon.is_none_or(|noon| row.opened >= noon);
        let mut spans = [0; SPANS];
        for row in rows() {
            if let Some(span) = span_of(tonight.now, row.opened) {
                spans[span] += 1;
            }
        }
        let mut homes: BTreeMap<&str, (&Person, usize)> = BTreeMap::new();
        for row in rows().filter(is_tonights) {
            let person = &row.person;
            homes.entry(&person.address).or_insert((person, 0)).1 += 1;
        }
        let mut homes: Vec<(Person, usize)> = homes
            .into_values()
            .filter(|(_, count)| *count > 1)
            .map(|(person, count)| (person.clone(), count))
            .collect();
        homes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        homes.truncate(HOMES_MAX);
        Self {
            operators,
            spans,
            tonight: rows().filter(is_tonights).count(),
            homes,
        }
    }

    /// Rows opened in the last ten minutes.
    #[must_use]
    pub fn last(&self) -> usize {
        self.spans[SPANS - 1]
    }

    /// Rows opened in the last hour.
    #[must_use]
    pub fn hour(&self) -> usize {
        self.spans.iter().sum()
    }

    /// How much that is for each of those who share it.
    #[must_use]
    pub fn load(&self) -> Load {
        let (rows, people) = (self.last(), self.operators.count());
        if rows >= FLOOD * people {
            Load::Flood
        } else if rows > STEADY * people {
            Load::Busy
        } else {
            Load::Steady
        }
    }
}

/// In which of the last spans a moment is; `None` if it is older, or still to come.
fn span_of(now: Timestamp, at: Timestamp) -> Option<usize> {
    if at > now {
        return None;
    }
    let ago = usize::try_from(now.since(at).as_secs() / SPAN.as_secs()).ok()?;
    (SPANS - 1).checked_sub(ago)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exception::Handling;
    use crate::view::{Cause, Ending, Reality};
    use crate::watch::Punctuality;

    fn at(text: &str) -> Timestamp {
        Timestamp(format!("2026-11-22T{text}:00+01:00").parse().unwrap())
    }

    fn row(id: i64, home: &str, opened: &str) -> ExceptionRow {
        ExceptionRow {
            id,
            person: Person {
                resident: "r0000001".parse().unwrap(),
                name: "Namn".to_owned(),
                address: home.to_owned(),
            },
            home: None,
            cause: Cause::NotVisible,
            opened: at(opened),
            due: at(opened),
            punctuality: Punctuality::InTime,
            checks: Vec::new(),
            ended: None,
            handling: Handling::default(),
            agreed: None,
        }
    }

    fn tonight(open: Vec<ExceptionRow>, closed: Vec<ExceptionRow>) -> Tonight {
        Tonight {
            now: at("03:00"),
            night: jiff::civil::date(2026, 11, 21),
            zone: "Europe/Stockholm".to_owned(),
            reality: Reality::Homes,
            open,
            closed,
            matters: Vec::new(),
            checks: Vec::new(),
            homes: Vec::new(),
            consent: std::sync::Arc::default(),
            labels: std::sync::Arc::default(),
        }
    }

    fn many(count: i64, opened: &str) -> Vec<ExceptionRow> {
        let home = |id| format!("Gatan {id}");
        (0..count).map(|id| row(id, &home(id), opened)).collect()
    }

    #[test]
    fn the_marks_are_one_and_ten_for_each_of_those_who_share_the_rows() {
        for (rows, people, load) in [
            (0, Operators::Unknown, Load::Steady),
            (1, Operators::Unknown, Load::Steady),
            (2, Operators::Unknown, Load::Busy),
            (9, Operators::Unknown, Load::Busy),
            (10, Operators::Unknown, Load::Flood),
            (10, Operators::SignedIn(0), Load::Flood),
            (2, Operators::SignedIn(2), Load::Steady),
            (19, Operators::SignedIn(2), Load::Busy),
            (20, Operators::SignedIn(2), Load::Flood),
        ] {
            let meter = Meter::of(&tonight(many(rows, "02:55"), Vec::new()), people);
            assert_eq!(meter.load(), load, "{rows} rows, {people:?}");
        }
    }

    #[test]
    fn a_row_that_has_closed_counts_as_one_that_is_open() {
        let mut closed = many(4, "02:52");
        for row in &mut closed {
            row.ended = Some((at("02:54"), Ending::LaterVisible));
        }
        let meter = Meter::of(&tonight(many(3, "02:58"), closed), Operators::Unknown);
        assert_eq!((meter.last(), meter.hour(), meter.tonight), (7, 7, 7));
    }

    #[test]
    fn every_row_is_in_one_span_and_an_older_one_in_none() {
        let rows = vec![
            row(1, "A", "03:00"),
            row(2, "B", "02:50"),
            row(3, "C", "02:01"),
            row(4, "D", "02:00"),
            row(5, "E", "03:01"),
        ];
        let meter = Meter::of(&tonight(rows, Vec::new()), Operators::Unknown);
        assert_eq!(meter.spans, [1, 0, 0, 0, 1, 1]);
        assert_eq!(meter.tonight, 5);
    }

    #[test]
    fn the_homes_that_ask_most_come_first_and_one_row_names_no_home() {
        let mut rows = many(9, "01:00");
        rows.extend([row(20, "Gatan 3", "01:10"), row(21, "Gatan 3", "02:10")]);
        rows.push(row(22, "Gatan 5", "02:20"));
        let meter = Meter::of(&tonight(rows, Vec::new()), Operators::Unknown);
        let homes: Vec<(&str, usize)> = meter
            .homes
            .iter()
            .map(|(person, count)| (person.address.as_str(), *count))
            .collect();
        assert_eq!(homes, [("Gatan 3", 3), ("Gatan 5", 2)]);
    }

    #[test]
    fn a_row_of_an_earlier_night_is_not_tonights() {
        let mut old = row(1, "A", "03:00");
        old.opened = old.opened.before(Duration::from_secs(24 * 3600));
        let meter = Meter::of(&tonight(vec![old], Vec::new()), Operators::Unknown);
        assert_eq!((meter.tonight, meter.hour()), (0, 0));
    }
}
