//! Whether an agreement can be kept: what is refused, and what is only pointed out.

use jiff::civil::Date;

use nattsyn_protocol::ids::{ResidentId, WindowKey};
use nattsyn_protocol::plan::{PlanError, Window};

use super::{AgreedWindow, Agreement, How, Seat, VisitReason};

/// Longest target for answering an exception, in minutes: half a night. Practice is 45
/// (Skellefteå) and less; more than this is no target.
const ANSWER_MAX_MIN: u16 = 360;

/// Longest text of wishes or of a reason, in bytes: a screen of a phone.
const TEXT_MAX: usize = 500;

/// Why an agreement cannot be kept.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum AgreementError {
    /// Its windows or looks cannot be kept.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A visit whose reason is "other" does not say which.
    #[error("window {} is visited for another reason, and the note does not say which", .0.0)]
    NoReason(WindowKey),
    /// The trial ends before the agreement begins.
    #[error("the trial ends on {last}, before the first night {first}")]
    TrialBeforeFirst {
        /// The first night.
        first: Date,
        /// The trial's last night.
        last: Date,
    },
    /// The target for answering is no target.
    #[error("an answer within {0} minutes; 1 to {ANSWER_MAX_MIN} are allowed")]
    AnswerTarget(u16),
    /// A text is longer than a screen.
    #[error("a text of {0} bytes; at most {TEXT_MAX} are allowed")]
    TooLong(usize),
}

/// Something about an agreement that a person should know, and that does not stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It was to be gone through again with the resident by now (R54).
    ReviewPassed {
        /// Whose.
        resident: ResidentId,
        /// By when.
        review: Date,
    },
    /// The trial ends within two weeks, or is over: somebody must decide (R47).
    TrialEnds {
        /// Whose.
        resident: ResidentId,
        /// Its last night.
        last: Date,
    },
    /// Nobody is checked on: there is no window.
    NoWindows {
        /// Whose.
        resident: ResidentId,
    },
    /// Their sleeping places become others: a unit that was commissioned with them no longer
    /// counts.
    OtherPlaces {
        /// Whose.
        resident: ResidentId,
    },
}

/// How many days before a trial's end it is pointed out: time for a talk with the resident and a
/// decision.
const TRIAL_NOTICE_DAYS: i64 = 14;

impl Agreement {
    /// Finds the first reason why this agreement cannot be kept.
    ///
    /// # Errors
    ///
    /// The reason, for the person who wrote it.
    pub fn examine(&self) -> Result<(), AgreementError> {
        let nobody = Seat {
            home: nattsyn_protocol::ids::HomeId::from_random([0; 8]),
            unit: nattsyn_protocol::ids::UnitId::from_random([0; 8]),
            place: 0,
        };
        self.plan(nobody, &[], Date::MIN).examine()?;
        // Visits and looks together: their windows share the night.
        let all = |windows: &[AgreedWindow]| -> Vec<Window> {
            windows.iter().map(AgreedWindow::timed).collect()
        };
        self.timed(all(&self.windows)).examine()?;
        if let Some(temporary) = &self.temporary {
            self.timed(all(&temporary.windows)).examine()?;
            examine_text(&temporary.reason)?;
        }
        self.examine_words()?;
        if let (Some(first), Some(last)) = (self.first_night, self.trial_until)
            && last < first
        {
            return Err(AgreementError::TrialBeforeFirst { first, last });
        }
        match self.answer_within_min {
            Some(minutes) if !(1..=ANSWER_MAX_MIN).contains(&minutes) => {
                Err(AgreementError::AnswerTarget(minutes))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What a person should know of it on a day.
    #[must_use]
    pub fn remarks(&self, today: Date) -> Vec<Remark> {
        let resident = self.resident;
        let review = self.review.filter(|review| *review < today);
        let notice = jiff::Span::new().days(TRIAL_NOTICE_DAYS);
        let soon = today.checked_add(notice).unwrap_or(Date::MAX);
        let trial = self.trial_until.filter(|last| *last <= soon);
        let none = self.is_without_checks();
        let review = review.map(|review| Remark::ReviewPassed { resident, review });
        let trial = trial.map(|last| Remark::TrialEnds { resident, last });
        let none = none.then_some(Remark::NoWindows { resident });
        [review, trial, none].into_iter().flatten().collect()
    }

    /// Whether nobody is to be checked on by it.
    #[must_use]
    pub fn is_without_checks(&self) -> bool {
        self.windows.is_empty() && self.temporary.is_none()
    }

    fn examine_words(&self) -> Result<(), AgreementError> {
        examine_text(&self.wishes)?;
        let temporary = self.temporary.iter().flat_map(|t| &t.windows);
        for window in self.windows.iter().chain(temporary) {
            match &window.how {
                How::Visit(VisitReason::Other, note) if note.trim().is_empty() => {
                    return Err(AgreementError::NoReason(window.key));
                }
                How::Visit(_, note) => examine_text(note)?,
                How::Looks(_) => {}
            }
        }
        Ok(())
    }
}

fn examine_text(text: &str) -> Result<(), AgreementError> {
    if text.len() > TEXT_MAX {
        return Err(AgreementError::TooLong(text.len()));
    }
    Ok(())
}
