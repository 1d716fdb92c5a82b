//! Nights without a check because the resident is away or asked to be left alone.
//!
//! An absence has a last night, or it holds until further notice: then day staff confirm it
//! each day, and an absence that nobody confirmed is a question to a person, never a look at an
//! empty bed and never silence (architecture, "The hub").

use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::calendar::Nights;
use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

/// For how long day staff's word holds that somebody is still away: for the night after it, and
/// a day begun late. Confirmed once a day (architecture, "The hub"), this is a day and half of
/// one.
pub const CONFIRMED_FOR: Duration = Duration::from_secs(36 * 60 * 60);

/// Why nobody is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// The resident is not at home.
    Away,
    /// The resident asked to be left alone, such as with a guest.
    Skip,
}

/// One absence, as it was said and what was said of it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Names it in the store.
    pub id: i64,
    /// Who is away.
    pub resident: ResidentId,
    /// Why.
    pub why: Away,
    /// The first night.
    pub first: Date,
    /// The last night; without one, until further notice.
    pub last: Option<Date>,
    /// When it was said.
    pub made: Timestamp,
    /// By whom: an opaque staff id.
    pub by: String,
    /// When, and by whom, it was said that it still holds.
    pub confirmed: Vec<Confirmed>,
    /// When, and by whom, it was said that it is over.
    pub ended: Option<Confirmed>,
}

/// An absence that is not in the store yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAbsence {
    /// Who is away.
    pub resident: ResidentId,
    /// Why.
    pub why: Away,
    /// The first night.
    pub first: Date,
    /// The last night; without one, until further notice.
    pub last: Option<Date>,
    /// When it was said, and by whom.
    pub said: Confirmed,
}

impl NewAbsence {
    /// As it will be once it is in the store, where it gets an id.
    #[must_use]
    pub(super) fn unsaved(&self) -> Absence {
        Absence {
            id: i64::MAX,
            resident: self.resident,
            why: self.why,
            first: self.first,
            last: self.last,
            made: self.said.at,
            by: self.said.by.clone(),
            confirmed: Vec::new(),
            ended: None,
        }
    }
}

/// A later word on an absence, by its id in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// It still holds.
    Confirmed(i64, Confirmed),
    /// It is over.
    Ended(i64, Confirmed),
}

/// Somebody's word on an absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// When.
    pub at: Timestamp,
    /// By whom: an opaque staff id.
    pub by: String,
}

/// Whether an absence can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// It has a last night, or somebody confirmed it lately.
    Holds,
    /// Until further notice, and nobody has confirmed it since.
    Unconfirmed {
        /// The last word on it.
        since: Timestamp,
    },
}

impl Absence {
    /// The nights as they stand: none once it was ended.
    #[must_use]
    pub fn nights(&self) -> Option<Nights> {
        let nights = Nights {
            first: Some(self.first),
            last: self.last,
        };
        self.ended.is_none().then_some(nights)
    }

    /// As it was at a moment: without what was said of it later. None if it was not said yet.
    #[must_use]
    pub(crate) fn as_of(&self, at: Timestamp) -> Option<Self> {
        let said = |word: &Confirmed| word.at <= at;
        (self.made <= at).then(|| Self {
            confirmed: self
                .confirmed
                .iter()
                .filter(|&word| said(word))
                .cloned()
                .collect(),
            ended: self.ended.clone().filter(said),
            ..self.clone()
        })
    }

    /// Whether it is about a night.
    #[must_use]
    pub fn covers(&self, night: Date) -> bool {
        self.nights().is_some_and(|nights| nights.contains(night))
    }

    /// Whether it can be relied on at `now`.
    #[must_use]
    pub fn confirmation(&self, now: Timestamp) -> Confirmation {
        let since = self.confirmed.iter().map(|word| word.at).max();
        let since = since.map_or(self.made, |at| at.max(self.made));
        if self.last.is_none() && now.since(since) > CONFIRMED_FOR {
            Confirmation::Unconfirmed { since }
        } else {
            Confirmation::Holds
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse().unwrap())
    }

    fn absence(last: Option<Date>) -> Absence {
        Absence {
            id: 1,
            resident: "r0000001".parse().unwrap(),
            why: Away::Away,
            first: date(2026, 11, 20),
            last,
            made: at("2026-11-20T09:00:00Z"),
            by: "s0000001".to_owned(),
            confirmed: Vec::new(),
            ended: None,
        }
    }

    #[test]
    fn until_further_notice_must_be_confirmed_each_day() {
        let mut open = absence(None);
        assert!(open.covers(date(2030, 1, 1)));
        let next_noon = at("2026-11-21T11:00:00Z");
        assert_eq!(open.confirmation(next_noon), Confirmation::Holds);
        let second_noon = at("2026-11-22T11:00:00Z");
        let since = open.made;
        assert_eq!(
            open.confirmation(second_noon),
            Confirmation::Unconfirmed { since }
        );
        open.confirmed.push(Confirmed {
            at: at("2026-11-21T15:00:00Z"),
            by: "s0000002".to_owned(),
        });
        assert_eq!(open.confirmation(second_noon), Confirmation::Holds);
    }

    #[test]
    fn an_absence_with_an_end_needs_no_confirmation_and_ends_by_itself() {
        let week = absence(Some(date(2026, 11, 27)));
        assert!(week.covers(date(2026, 11, 27)) && !week.covers(date(2026, 11, 28)));
        let late = at("2026-11-27T20:00:00Z");
        assert_eq!(week.confirmation(late), Confirmation::Holds);
    }

    #[test]
    fn an_absence_that_was_ended_covers_no_night() {
        let mut open = absence(None);
        open.ended = Some(Confirmed {
            at: at("2026-11-23T09:00:00Z"),
            by: "s0000001".to_owned(),
        });
        assert!(!open.covers(date(2026, 11, 23)));
    }
}
