//! What a person said about a check, and what may still change after that.
//!
//! A [`Word`] is a row that is only ever added. [`precedence`] is the whole rule of what counts
//! when a unit, a person and a change of plan say different things of one check: it never lets a
//! report override a person. Whoever takes such a word, a page or a call, gives it to
//! [`crate::service::Desk::say`], which writes it down before it is answered; nothing here asks who
//! may say what.

use std::fmt;
use std::str::FromStr;

use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::time::Timestamp;

use super::change::How;

/// What a person said about a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Which check.
    pub check: CheckId,
    /// What.
    pub said: Said,
    /// Who, by an opaque id: names of staff are not the ledger's affair.
    pub by: StaffId,
    /// When they said it, by the hub's clock.
    pub at: Timestamp,
}

/// How a person closed a check. What needs help, or went unanswered, closes nothing and is not
/// among these (architecture, "the hub").
///
/// All but the last say that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// Somebody went there, and all is well.
    Visited,
    /// Somebody spoke with the resident, and all is well.
    Spoke,
    /// Somebody saw the resident otherwise, and all is well.
    Seen,
    /// The resident cancelled this check.
    Cancelled,
    /// Somebody found the resident dead. It calls off what is left of the night, and ends no
    /// agreement: that takes another's hand (`docs/design/0007-found-dead.md`).
    Died,
}

impl Said {
    /// Everything that can be said.
    pub const ALL: [Self; 5] = [
        Self::Visited,
        Self::Spoke,
        Self::Seen,
        Self::Cancelled,
        Self::Died,
    ];

    /// What says that all is well: what is offered side by side.
    pub const WELL: [Self; 4] = [Self::Visited, Self::Spoke, Self::Seen, Self::Cancelled];

    /// The word in the store and in an exported ledger.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Visited => "visited",
            Self::Spoke => "spoke",
            Self::Seen => "seen",
            Self::Cancelled => "cancelled",
            Self::Died => "found_dead",
        }
    }

    /// Reads the word that [`Said::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|said| said.word() == word)
    }
}

/// A member of staff, by an id that means something to the municipality's own lists alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StaffId(String);

/// Longest staff id in characters: room for what directories use, and no room for a story.
pub const STAFF_ID_MAX: usize = 32;

/// A text that is no staff id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("staff id {0:?} is not 1 to {STAFF_ID_MAX} characters of a-z, 0-9 and -")]
pub struct StaffIdError(String);

impl FromStr for StaffId {
    type Err = StaffIdError;

    fn from_str(text: &str) -> Result<Self, StaffIdError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=STAFF_ID_MAX).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(StaffIdError(text.chars().take(STAFF_ID_MAX).collect()))
        }
    }
}

impl fmt::Display for StaffId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What newly comes in about a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A person says something.
    Word,
    /// It is called off: away, died, moved, withdrawn. A person's decision too.
    CallOff,
    /// A unit's report says that the person was seen.
    Visible,
    /// A report says anything else, or a notice a fault, or nothing came in time.
    Otherwise,
}

/// What news may do to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is the check's outcome, and ends the check's exception.
    Settles,
    /// It is a row beside what stands, and is how the check counts from now on.
    Corrects,
    /// It is a row beside what stands and changes nothing.
    AddsLine,
    /// Nothing stands yet, and a person may be asked.
    MayAsk,
}

/// What news may do to a check, by how the check stands. The table in
/// `docs/reference/situations.md` says the same, and a test compares them.
#[must_use]
pub fn precedence(standing: Option<How>, news: News) -> Effect {
    match (standing, news) {
        (None, News::Word | News::CallOff | News::Visible) => Effect::Settles,
        (None, News::Otherwise) => Effect::MayAsk,
        (Some(How::Visible(_) | How::Said(_) | How::CalledOff(_)), News::Word) => Effect::Corrects,
        (Some(How::Visible(_) | How::Said(_)), News::CallOff)
        | (Some(How::CalledOff(_)), News::CallOff)
        | (
            Some(How::Visible(_) | How::Said(_) | How::CalledOff(_)),
            News::Visible | News::Otherwise,
        ) => Effect::AddsLine,
    }
}

#[cfg(test)]
mod tests {
    use super::super::alteration::CallOff;
    use super::super::change::Arrival;
    use super::*;

    const STANDINGS: [Option<How>; 4] = [
        None,
        Some(How::Visible(Arrival::InTime)),
        Some(How::Said(Said::Visited)),
        Some(How::CalledOff(CallOff::Away)),
    ];

    #[test]
    fn no_report_ever_overrides_a_person() {
        for said in Said::ALL {
            for news in [News::Visible, News::Otherwise] {
                assert_eq!(precedence(Some(How::Said(said)), news), Effect::AddsLine);
            }
        }
    }

    #[test]
    fn only_a_person_corrects_what_stands_and_only_nothing_lets_anybody_be_asked() {
        for standing in STANDINGS {
            for news in [News::Word, News::CallOff, News::Visible, News::Otherwise] {
                let effect = precedence(standing, news);
                assert_eq!(
                    effect == Effect::Corrects,
                    standing.is_some() && news == News::Word
                );
                assert_eq!(
                    effect == Effect::MayAsk,
                    standing.is_none() && news == News::Otherwise
                );
            }
        }
    }

    #[test]
    fn a_staff_id_is_opaque_and_short() {
        assert_eq!(
            "natt-017".parse::<StaffId>().unwrap().to_string(),
            "natt-017"
        );
        for text in ["", "Anna Ek", "åsa", &"x".repeat(33)] {
            assert!(text.parse::<StaffId>().is_err(), "{text:?}");
        }
    }
}
