//! The ledger's words: what a column holds for each value, and back.
//!
//! A word that this build does not know is refused by name when it is read: a ledger must not be
//! shown with holes.

use nattsyn_protocol::ids::UnitId;

use super::{StoreError, rows};
use crate::view::Ending;
use crate::watch::{Alteration, CallOff, How, Manner, Punctuality, Said};

const READING: &str = "reading the ledger";

pub(super) fn manner_word(manner: Manner) -> &'static str {
    match manner {
        Manner::Digital => "digital",
        Manner::Physical => "physical",
        Manner::AskIfAway => "ask_if_away",
        Manner::NoUnit => "no_unit",
    }
}

pub(super) fn manner(word: &str) -> Result<Manner, StoreError> {
    match word {
        "digital" => Ok(Manner::Digital),
        "physical" => Ok(Manner::Physical),
        "ask_if_away" => Ok(Manner::AskIfAway),
        "no_unit" => Ok(Manner::NoUnit),
        other => Err(rows::unreadable(READING, other)),
    }
}

pub(super) fn how(word: &str) -> Result<How, StoreError> {
    How::from_word(word).ok_or_else(|| rows::unreadable(READING, word))
}

pub(super) fn said(word: &str) -> Result<Said, StoreError> {
    Said::from_word(word).ok_or_else(|| rows::unreadable(READING, word))
}

pub(super) fn punctuality_word(punctuality: Punctuality) -> &'static str {
    match punctuality {
        Punctuality::InTime => "in_time",
        Punctuality::HubWasDown => "hub_was_down",
    }
}

pub(super) fn punctuality(word: &str) -> Result<Punctuality, StoreError> {
    match word {
        "in_time" => Ok(Punctuality::InTime),
        "hub_was_down" => Ok(Punctuality::HubWasDown),
        other => Err(rows::unreadable(READING, other)),
    }
}

pub(super) fn ending_word(ending: Ending) -> &'static str {
    match ending {
        Ending::LaterVisible => "later_visible",
        Ending::LateReport => "late_report",
        Ending::HeardAgain => "heard_again",
        Ending::CalledOff => "called_off",
        Ending::Said(said) => said.word(),
    }
}

pub(super) fn ending(word: &str) -> Result<Ending, StoreError> {
    match word {
        "later_visible" => Ok(Ending::LaterVisible),
        "late_report" => Ok(Ending::LateReport),
        "heard_again" => Ok(Ending::HeardAgain),
        "called_off" => Ok(Ending::CalledOff),
        other => said(other).map(Ending::Said),
    }
}

/// A change of a check as its columns: word, reason, unit, plan.
pub(super) type ChangeColumns = (
    &'static str,
    Option<&'static str>,
    Option<String>,
    Option<u32>,
);

pub(super) fn alteration_columns(what: Alteration) -> ChangeColumns {
    match what {
        Alteration::Added => ("added", None, None, None),
        Alteration::CalledOff(why) => ("called_off", Some(why.word()), None, None),
        Alteration::MadePhysical => ("made_physical", None, None, None),
        Alteration::AskIfAway => ("ask_if_away", None, None, None),
        Alteration::Unit { unit, plan } => ("unit", None, Some(unit.to_string()), plan),
        Alteration::NoUnit => ("no_unit", None, None, None),
        Alteration::Restored => ("restored", None, None, None),
    }
}

pub(super) fn alteration(
    word: &str,
    reason: Option<&str>,
    unit: Option<UnitId>,
    plan: Option<u32>,
) -> Result<Alteration, StoreError> {
    match (word, reason, unit) {
        ("added", None, None) => Ok(Alteration::Added),
        ("called_off", Some(reason), None) => CallOff::from_word(reason)
            .map(Alteration::CalledOff)
            .ok_or_else(|| rows::unreadable(READING, reason)),
        ("made_physical", None, None) => Ok(Alteration::MadePhysical),
        ("ask_if_away", None, None) => Ok(Alteration::AskIfAway),
        ("unit", None, Some(unit)) => Ok(Alteration::Unit { unit, plan }),
        ("no_unit", None, None) => Ok(Alteration::NoUnit),
        ("restored", None, None) => Ok(Alteration::Restored),
        _ => Err(rows::unreadable(READING, word)),
    }
}
