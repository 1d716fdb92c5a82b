//! A conversation about consent as somebody typed it, and whether it can be written down.
//!
//! Every fault is said by its field, all at once. A conversation makes an entry for each kind of
//! consent that was given; where it opens less than what stands, a withdrawal goes first.

use jiff::civil::Date;
use serde::Deserialize;

use super::{
    Capacity, Consents, Entry, Form, Given, Household, Kind, ReducedCapacity, Rules, Scope, Taker,
    What, Withdrawal, Withdrawn, from_word,
};
use crate::agreement::file::Said;
use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

/// Longest text of a field, in characters: a page of a journal.
pub const TEXT_MAX: usize = 2_000;

/// Longest name of somebody, in characters.
pub const NAME_MAX: usize = 120;

/// How far ahead what was agreed may be left before it is gone through again: a little more than
/// the yearly follow-up that municipalities hold.
pub const REVIEW_MAX_DAYS: i32 = 400;

/// A conversation, as typed: on the page, or in a TOML file. Has no `Debug`: names stand in it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Draft {
    /// The words of the kinds that were given.
    pub kinds: Vec<String>,
    /// The word of how it was said.
    pub form: String,
    /// The word of how far it goes.
    pub scope: String,
    /// Who gave it.
    pub given_by: String,
    /// Who gave the cohabitants' consent, if one was given.
    pub cohabitant: String,
    /// The word of who else lives there.
    pub household: String,
    /// The word of how they decide.
    pub capacity: String,
    /// How their will was explored, and who took part.
    pub explored: String,
    /// Less intrusive means considered.
    pub alternatives: String,
    /// What they were told, and how they said it back.
    pub informed: String,
    /// The day of the conversation.
    pub on: String,
    /// The day by which it is to be gone through again.
    pub review: String,
}

/// A withdrawal, as typed. Has no `Debug`: names stand in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DraftWithdrawal {
    /// The word of what is taken back.
    pub what: String,
    /// The word of how it was said.
    pub form: String,
    /// Who said so.
    pub by: String,
    /// In which words; may be empty.
    pub note: String,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// Its name in the form, the file and the command.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub said: Said,
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Faults(pub Vec<FieldFault>);

fn lines(faults: &[FieldFault]) -> String {
    let lines = faults.iter().map(|fault| {
        let FieldFault { field, said } = fault;
        format!("{field}: {} / {}", said.sv, said.en)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Collects faults while fields are read.
#[derive(Default)]
struct Reading(Vec<FieldFault>);

impl Reading {
    fn fault(&mut self, field: &'static str, sv: impl Into<String>, en: impl Into<String>) {
        let said = Said::new(sv, en);
        self.0.push(FieldFault { field, said });
    }

    fn choice<T: Copy>(
        &mut self,
        field: &'static str,
        text: &str,
        (all, word): (&[T], impl Fn(T) -> &'static str),
    ) -> Option<T> {
        let found = from_word(all, &word, text.trim());
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|value| word(*value)).collect();
            let words = words.join(", ");
            self.fault(
                field,
                format!("välj ett av: {words}"),
                format!("choose one of: {words}"),
            );
        }
        found
    }

    fn text(&mut self, field: &'static str, text: &str, (min, max): (usize, usize)) -> String {
        let text = text.trim();
        let count = text.chars().count();
        if count < min {
            self.fault(field, "skriv något här", "write something here");
        } else if count > max {
            self.fault(
                field,
                format!("{count} tecken; högst {max}"),
                format!("{count} characters; at most {max}"),
            );
        } else if text
            .chars()
            .any(|sign| sign.is_control() && !"\n\r\t".contains(sign))
        {
            self.fault(
                field,
                "innehåller tecken som inte kan skrivas ut",
                "holds characters that cannot be printed",
            );
        }
        text.to_owned()
    }

    fn day(&mut self, field: &'static str, text: &str) -> Option<Date> {
        let day = text.trim().parse().ok();
        if day.is_none() {
            self.fault(
                field,
                "skriv ett datum, som 2026-11-22",
                "write a date, such as 2026-11-22",
            );
        }
        day
    }
}

/// Least characters of a text that must say something: a word.
const SAYS: (usize, usize) = (3, TEXT_MAX);
/// A name.
const NAME: (usize, usize) = (2, NAME_MAX);

impl Draft {
    /// The entries that this conversation makes, after those that stand.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, by field.
    pub fn entries(
        &self,
        (resident, standing): (ResidentId, &Consents),
        (at, today): (Timestamp, Date),
        taker: &Taker,
        rules: Rules,
    ) -> Result<Vec<Entry>, Faults> {
        let mut reading = Reading::default();
        let (given, household, on) = self.read(&mut reading, today);
        let (Some(household), Some(on), true) = (household, on, reading.0.is_empty()) else {
            return Err(Faults(reading.0));
        };
        let entry = |what| Entry {
            resident,
            at,
            on,
            taker: taker.clone(),
            what,
        };
        let mut entries = vec![entry(What::Household(household))];
        entries.extend(
            given
                .iter()
                .cloned()
                .map(|given| entry(What::Given(given.into()))),
        );
        let is_blocked = rules.reduced_capacity == ReducedCapacity::NoPictures;
        let opens_less = given.iter().any(|given| {
            let is_reduced = given.capacity == Capacity::Reduced && is_blocked;
            given.scope == Scope::Sensor || is_reduced
        });
        if !standing.of(resident).is_empty() && opens_less {
            // What was said now opens less than what may stand: that must not stay open.
            let withdrawn = Withdrawn {
                what: Withdrawal::Pictures,
                form: given.first().map_or(Form::Oral, |given| given.form),
                by: self.given_by.trim().to_owned(),
                note: "samtycket gicks igenom och ger inte längre kameravisning".to_owned(),
            };
            entries.insert(0, entry(What::Withdrawn(withdrawn.into())));
        }
        Ok(entries)
    }

    fn read(
        &self,
        reading: &mut Reading,
        today: Date,
    ) -> (Vec<Given>, Option<Household>, Option<Date>) {
        let kinds: Vec<Option<Kind>> = self
            .kinds
            .iter()
            .map(|word| reading.choice("kinds", word, (&Kind::ALL, Kind::word)))
            .collect();
        if kinds.is_empty() {
            reading.fault(
                "kinds",
                "markera minst ett samtycke som gavs; är svaret nej, använd Ta tillbaka",
                "mark at least one consent that was given; if the answer is no, use Withdraw",
            );
        }
        let form = reading.choice("form", &self.form, (&Form::ALL, Form::word));
        let scope = reading.choice("scope", &self.scope, (&Scope::ALL, Scope::word));
        let household = reading.choice(
            "household",
            &self.household,
            (&Household::ALL, Household::word),
        );
        let capacity = reading.choice("capacity", &self.capacity, (&Capacity::ALL, Capacity::word));
        let given_by = reading.text("given_by", &self.given_by, NAME);
        let has_cohabitant = kinds.contains(&Some(Kind::Cohabitant));
        let cohabitant = if has_cohabitant {
            reading.text("cohabitant", &self.cohabitant, NAME)
        } else {
            String::new()
        };
        let explored = match capacity {
            Some(Capacity::Supported | Capacity::Reduced) => SAYS,
            Some(Capacity::Own) | None => (0, TEXT_MAX),
        };
        let explored = reading.text("explored", &self.explored, explored);
        let alternatives = reading.text("alternatives", &self.alternatives, SAYS);
        let informed = reading.text("informed", &self.informed, SAYS);
        let (on, review) = self.days(reading, today);
        let (Some(form), Some(scope), Some(capacity), Some(review)) =
            (form, scope, capacity, review)
        else {
            return (Vec::new(), household, on);
        };
        let mut given: Vec<Given> = Vec::new();
        for kind in kinds.into_iter().flatten() {
            if given.iter().any(|given| given.kind == kind) {
                continue;
            }
            given.push(Given {
                kind,
                form,
                scope,
                given_by: match kind {
                    Kind::Cohabitant => cohabitant.clone(),
                    Kind::Care | Kind::Design | Kind::Processing => given_by.clone(),
                },
                capacity: match kind {
                    // How the resident decides says nothing of whoever lives with them.
                    Kind::Cohabitant => Capacity::Own,
                    Kind::Care | Kind::Design | Kind::Processing => capacity,
                },
                explored: explored.clone(),
                alternatives: alternatives.clone(),
                informed: informed.clone(),
                review,
            });
        }
        (given, household, on)
    }

    fn days(&self, reading: &mut Reading, today: Date) -> (Option<Date>, Option<Date>) {
        let on = reading.day("on", &self.on);
        if on.is_some_and(|on| on > today) {
            reading.fault(
                "on",
                "dagen har inte varit än: ett samtal kan inte skrivas ner i förväg",
                "the day is still to come: a conversation cannot be written down in advance",
            );
        }
        let review = reading.day("review", &self.review);
        if let Some(day) = review {
            let ahead = day.since(today).map_or(0, |span| span.get_days());
            if !(1..=REVIEW_MAX_DAYS).contains(&ahead) {
                reading.fault(
                    "review",
                    format!("välj en dag efter i dag, högst {REVIEW_MAX_DAYS} dagar fram"),
                    format!("choose a day after today, at most {REVIEW_MAX_DAYS} days ahead"),
                );
            }
        }
        (on, review)
    }
}

impl DraftWithdrawal {
    /// The withdrawal.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, by field.
    pub fn read(&self) -> Result<Withdrawn, Faults> {
        let mut reading = Reading::default();
        let what = reading.choice("what", &self.what, (&Withdrawal::ALL, Withdrawal::word));
        let form = reading.choice("form", &self.form, (&Form::ALL, Form::word));
        let by = reading.text("by", &self.by, NAME);
        let note = reading.text("note", &self.note, (0, TEXT_MAX));
        match (what, form, reading.0.is_empty()) {
            (Some(what), Some(form), true) => Ok(Withdrawn {
                what,
                form,
                by,
                note,
            }),
            _ => Err(Faults(reading.0)),
        }
    }
}
