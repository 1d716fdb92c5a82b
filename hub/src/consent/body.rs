//! How an entry's text stands in the store: JSON, with only the fields that its kind has.
//!
//! The columns beside it say whose it is, what and when; this is the rest, for people. It reads
//! what any version wrote: fields that it does not know are ignored.

use serde::{Deserialize, Serialize};

use super::{
    Capacity, Form, Given, Household, Kind, Scope, What, Withdrawal, Withdrawn, from_word,
};

#[derive(Serialize, Deserialize)]
struct GivenBody {
    form: String,
    scope: String,
    given_by: String,
    capacity: String,
    explored: String,
    alternatives: String,
    informed: String,
    review: jiff::civil::Date,
}

#[derive(Serialize, Deserialize)]
struct WithdrawnBody {
    form: String,
    by: String,
    note: String,
}

impl What {
    /// The words that name it: the event, and of what.
    pub(crate) fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Given(given) => ("given", given.kind.word()),
            Self::Withdrawn(withdrawn) => ("withdrawn", withdrawn.what.word()),
            Self::Household(household) => ("household", household.word()),
        }
    }

    /// The rest of it.
    pub(crate) fn to_body(&self) -> String {
        let text = match self {
            Self::Given(given) => serde_json::to_string(&GivenBody {
                form: given.form.word().to_owned(),
                scope: given.scope.word().to_owned(),
                given_by: given.given_by.clone(),
                capacity: given.capacity.word().to_owned(),
                explored: given.explored.clone(),
                alternatives: given.alternatives.clone(),
                informed: given.informed.clone(),
                review: given.review,
            }),
            Self::Withdrawn(withdrawn) => serde_json::to_string(&WithdrawnBody {
                form: withdrawn.form.word().to_owned(),
                by: withdrawn.by.clone(),
                note: withdrawn.note.clone(),
            }),
            Self::Household(_) => Ok("{}".to_owned()),
        };
        text.expect("an entry is plain data, which always has a JSON form")
    }

    /// Reads what [`What::words`] and [`What::to_body`] give; `None` if it is no such thing.
    pub(crate) fn read((event, what): (&str, &str), body: &str) -> Option<Self> {
        match event {
            "given" => {
                let form: GivenBody = serde_json::from_str(body).ok()?;
                Some(Self::Given(Box::new(Given {
                    kind: from_word(&Kind::ALL, Kind::word, what)?,
                    form: from_word(&Form::ALL, Form::word, &form.form)?,
                    scope: from_word(&Scope::ALL, Scope::word, &form.scope)?,
                    given_by: form.given_by,
                    capacity: from_word(&Capacity::ALL, Capacity::word, &form.capacity)?,
                    explored: form.explored,
                    alternatives: form.alternatives,
                    informed: form.informed,
                    review: form.review,
                })))
            }
            "withdrawn" => {
                let form: WithdrawnBody = serde_json::from_str(body).ok()?;
                Some(Self::Withdrawn(Box::new(Withdrawn {
                    what: from_word(&Withdrawal::ALL, Withdrawal::word, what)?,
                    form: from_word(&Form::ALL, Form::word, &form.form)?,
                    by: form.by,
                    note: form.note,
                })))
            }
            "household" => from_word(&Household::ALL, Household::word, what).map(Self::Household),
            _ => None,
        }
    }
}
