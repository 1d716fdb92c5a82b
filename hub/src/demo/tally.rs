//! The night's ledger as a table, and its sum against the demonstration's known truth.
//!
//! Pure: a [`Tonight`] and what was true in, text out.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::time::Timestamp;

use super::story::Truth;
use crate::view::{CheckRow, Standing, Tonight};

/// How the checks of a night ended. `checks` is always the sum of the next three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of tonight's checks.
    pub checks: usize,
    /// Those that ended *visible*.
    pub visible: usize,
    /// Those that are exceptions.
    pub exceptions: usize,
    /// Those that are neither: what must never be.
    pub unaccounted: usize,
    /// Those that ended *visible* with nobody there or a blinded lens.
    pub wrong: usize,
}

impl Tally {
    /// Sums a night up. `truth` says what was true where a look was made.
    #[must_use]
    pub fn of(tonight: &Tonight, truth: impl Fn(CheckId, Timestamp) -> Truth) -> Self {
        let mut tally = Self {
            checks: tonight.checks.len(),
            ..Self::default()
        };
        for check in &tonight.checks {
            match check.standing {
                Standing::Visible { at } | Standing::VisibleLate { at, .. } => {
                    tally.visible += 1;
                    tally.wrong += usize::from(truth(check.id, at) == Truth::NobodyToSee);
                }
                // Nobody acts in a demonstration; if somebody did, it was an exception first.
                Standing::Exception { .. } | Standing::Said { .. } | Standing::CalledOff(_) => {
                    tally.exceptions += 1;
                }
                Standing::Planned | Standing::Ongoing | Standing::Overdue => {
                    tally.unaccounted += 1;
                }
            }
        }
        tally
    }

    /// Whether the night was kept: nothing unaccounted for, nothing wrong.
    #[must_use]
    pub fn kept(&self) -> bool {
        self.unaccounted == 0 && self.wrong == 0
    }

    /// The last line of a printed night.
    #[must_use]
    pub fn line(&self) -> String {
        let Self {
            checks,
            visible,
            exceptions,
            unaccounted,
            wrong,
        } = self;
        format!(
            "night: {checks} checks, {visible} visible, {exceptions} exceptions, \
             {unaccounted} unaccounted, {wrong} wrong"
        )
    }
}

/// The ledger as a table, one line a check.
#[must_use]
pub fn table(tonight: &Tonight, truth: impl Fn(CheckId, Timestamp) -> Truth) -> String {
    let zone = TimeZone::get(&tonight.zone).unwrap_or(TimeZone::UTC);
    let clock = |at: Timestamp| at.0.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let mut text = format!(
        "{:<11}  {:<19}  {:<12}  {:<32}  {:<8}  {}\n",
        "window", "check", "who", "outcome", "truth", "looks"
    );
    for check in &tonight.checks {
        let looks: Vec<String> = check
            .looks
            .iter()
            .map(|look| format!("{} {}", clock(look.at), look.finding))
            .collect();
        writeln!(
            text,
            "{:<11}  {:<19}  {:<12}  {:<32}  {:<8}  {}",
            format!("{}–{}", clock(check.opens), clock(check.deadline)),
            check.id,
            check.person.name,
            outcome(check, &clock),
            truth_word(check, &truth),
            looks.join(", ")
        )
        .expect("writing to a string cannot fail");
    }
    text
}

fn outcome(check: &CheckRow, clock: &impl Fn(Timestamp) -> String) -> String {
    match check.standing {
        Standing::Visible { at } => format!("visible {}", clock(at)),
        Standing::VisibleLate { at, came } => {
            format!("visible {}, told {}", clock(at), clock(came))
        }
        Standing::Exception { cause } => format!("EXCEPTION {cause}"),
        Standing::Said { said, at } => format!("{} {}", said.word(), clock(at)),
        Standing::CalledOff(why) => format!("called off: {}", why.word()),
        Standing::Planned | Standing::Ongoing | Standing::Overdue => "UNACCOUNTED".to_owned(),
    }
}

fn truth_word(check: &CheckRow, truth: &impl Fn(CheckId, Timestamp) -> Truth) -> &'static str {
    let at = check.looks.last().map_or(check.opens, |look| look.at);
    match truth(check.id, at) {
        Truth::SomebodyThere => "there",
        Truth::NobodyToSee => "nobody",
        Truth::Unknown => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Cause, Person, Reality};

    fn check(number: u8, standing: Standing) -> CheckRow {
        let at = Timestamp::from_ms(1_795_300_000_000).unwrap();
        CheckRow {
            id: format!("r0000001.20261121.{number}").parse().unwrap(),
            person: Person {
                resident: "r0000001".parse().unwrap(),
                name: "Astrid A.".to_owned(),
                address: "Björkgatan 1".to_owned(),
            },
            home: None,
            opens: at,
            deadline: at,
            standing,
            looks: Vec::new(),
        }
    }

    fn tonight() -> Tonight {
        let at = Timestamp::from_ms(1_795_300_000_000).unwrap();
        Tonight {
            now: at,
            night: jiff::civil::date(2026, 11, 21),
            zone: "Europe/Stockholm".to_owned(),
            reality: Reality::Demonstration,
            open: Vec::new(),
            closed: Vec::new(),
            matters: Vec::new(),
            checks: vec![
                check(1, Standing::Visible { at }),
                check(2, Standing::VisibleLate { at, came: at }),
                check(
                    3,
                    Standing::Exception {
                        cause: Cause::Silent,
                    },
                ),
                check(4, Standing::Overdue),
            ],
            homes: Vec::new(),
            consent: std::sync::Arc::default(),
            labels: std::sync::Arc::default(),
        }
    }

    #[test]
    fn every_check_is_counted_once_and_a_wrong_visible_is_seen() {
        let truth = |id: CheckId, _| match id.window.0 {
            1 => Truth::SomebodyThere,
            _ => Truth::NobodyToSee,
        };
        let tally = Tally::of(&tonight(), truth);
        assert_eq!(
            tally.line(),
            "night: 4 checks, 2 visible, 1 exceptions, 1 unaccounted, 1 wrong"
        );
        assert!(!tally.kept());
    }

    #[test]
    fn the_table_has_a_line_for_every_check() {
        let text = table(&tonight(), |_, _| Truth::Unknown);
        assert_eq!(text.lines().count(), 5);
        assert!(text.contains("UNACCOUNTED"));
    }
}
