//! The list for a night without the hub: who is to be visited, where, when and how, on paper.
//!
//! From the database alone, which is only read: the hub need not run. What is settled already is
//! left out and counted. It decides nothing; it is the night's checks as visits.

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::time::Timestamp;

use crate::agreement::record::Record;
use crate::agreement::{Fallback, Then};
use crate::nights;
use crate::nights::turn::{Grounds, holding};
use crate::roster::Roster;
use crate::store::{SqliteStore, Store, StoreError};
use crate::view::Arrangement;
use crate::view::ledger::{Account, NightLedger};

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum PlanBError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The zone is unknown.
    #[error("the hub's zone")]
    Zone(#[from] PlanError),
}

/// In which language a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Tongue {
    /// Swedish.
    #[default]
    Sv,
    /// English.
    En,
}

impl Tongue {
    fn pick<'a>(self, swedish: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Sv => swedish,
            Self::En => english,
        }
    }
}

/// One visit to make.
struct Visit {
    check: CheckId,
    opens: Timestamp,
    deadline: Timestamp,
    standing: Option<Account>,
}

/// The list of a night, ready to print, from a ledger that nobody need be writing.
///
/// # Errors
///
/// The database cannot be read, or the zone is unknown.
pub fn print(
    ledger: &Path,
    (night, zone): (Date, &str),
    now: Timestamp,
    tongue: Tongue,
) -> Result<String, PlanBError> {
    let store = SqliteStore::open_to_read(ledger)?;
    let record = Record::read(&store)?;
    let roster = store.roster()?;
    let account = store.account(night)?;
    let noon = nights::noon(night, zone)?;
    let visits = visits(&record, &account, (night, noon), now);
    let face = Face {
        zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
        tongue,
    };
    let (open, settled): (Vec<&Visit>, Vec<&Visit>) = visits.iter().partition(|visit| {
        let standing = visit.standing;
        !matches!(standing, Some(Account::Ended(_)))
    });
    let mut text = face.head(night, now, open.len(), settled.len());
    let arrangements = record.book.arrangements();
    for visit in open {
        let agreed = arrangements.get(&visit.check.resident);
        face.visit(&mut text, visit, &roster, agreed);
    }
    Ok(text)
}

/// The night's checks by opening time: as they are written down, and as they would be.
fn visits(
    record: &Record,
    account: &NightLedger,
    (night, noon): (Date, Timestamp),
    now: Timestamp,
) -> Vec<Visit> {
    let written = account.lines.iter().map(|line| Visit {
        check: line.id,
        opens: line.opens,
        deadline: line.deadline,
        standing: Some(line.account(now)),
    });
    let mut visits: Vec<Visit> = written.collect();
    let grounds = Grounds {
        record,
        night,
        noon,
        now,
    };
    for planned in holding(grounds).checks {
        let check = planned.check;
        if visits.iter().all(|visit| visit.check != check.id) {
            visits.push(Visit {
                check: check.id,
                opens: check.opens,
                deadline: check.deadline,
                standing: None,
            });
        }
    }
    visits.sort_by_key(|visit| (visit.opens, visit.check));
    visits
}

struct Face {
    zone: TimeZone,
    tongue: Tongue,
}

impl Face {
    fn time(&self, at: Timestamp, form: &str) -> String {
        at.0.to_zoned(self.zone.clone()).strftime(form).to_string()
    }

    fn head(&self, night: Date, now: Timestamp, open: usize, settled: usize) -> String {
        let pick = |swedish, english| self.tongue.pick(swedish, english);
        let title = pick(
            "Reservplan: personliga besök natten som börjar",
            "Back-up plan: visits in the night that begins on",
        );
        let read = pick("Avläst", "Read at");
        let (to_make, done) = (
            pick("besök att göra", "visits to make"),
            pick("redan klara", "done already"),
        );
        let moment = self.time(now, "%Y-%m-%d %H:%M");
        let mut text =
            format!("{title} {night}\n{read} {moment}. {open} {to_make}, {settled} {done}.\n");
        text.push_str(pick(
            "Skriv klockslag och signatur. För in besöken i Nattsyn när det fungerar igen.\n",
            "Write the time and your signature. Enter the visits when Nattsyn works again.\n",
        ));
        text
    }

    fn visit(
        &self,
        text: &mut String,
        visit: &Visit,
        roster: &Roster,
        agreed: Option<&Arrangement>,
    ) {
        let pick = |swedish, english| self.tongue.pick(swedish, english);
        let person = roster.person(visit.check.resident);
        let (from, to) = (
            self.time(visit.opens, "%H:%M"),
            self.time(visit.deadline, "%H:%M"),
        );
        let lines = [
            format!("\n{from}–{to}  {}", person.name),
            format!("             {}", person.address),
        ];
        for line in lines {
            writeln!(text, "{line}").expect("a string takes every text");
        }
        if let Some(how) = agreed.map(|agreed| self.how(agreed)) {
            writeln!(text, "             {how}").expect("a string takes every text");
        }
        if matches!(visit.standing, Some(Account::Open(_))) {
            let open = pick(
                "Att åtgärda: någon skulle redan ha varit där.",
                "Needs action: overdue.",
            );
            writeln!(text, "             {open}").expect("a string takes every text");
        }
        let form = pick(
            "[ ] kl ______  sign ________",
            "[ ] at ______  signed ________",
        );
        writeln!(text, "             {form}").expect("a string takes every text");
    }

    /// What was agreed for a night when nothing looks.
    fn how(&self, agreed: &Arrangement) -> String {
        let pick = |swedish, english| self.tongue.pick(swedish, english);
        let first = match (agreed.then, agreed.fallback) {
            (Then::PhoneThenVisit, _) | (_, Fallback::Phone) => {
                pick("Ring först, åk sedan dit.", "Call first, then go there.")
            }
            (Then::Visit, Fallback::Visit) => pick("Åk dit.", "Go there."),
            (Then::Visit, Fallback::Nothing) => pick(
                "Tillsynen faller bort vid tekniska fel, enligt planen.",
                "The check falls away on technical faults, as the plan says.",
            ),
        };
        let wishes = agreed.wishes.trim();
        if wishes.is_empty() {
            first.to_owned()
        } else {
            format!("{first} {wishes}")
        }
    }
}
