//! An agreement as it is written: one JSON object, in files and in the store.
//!
//! What can be left out has the value that most agreements have. Field names end in their unit;
//! nights are dates, times are local.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use nattsyn_protocol::calendar::Days;
use nattsyn_protocol::ids::{ResidentId, WindowKey};
use nattsyn_protocol::plan::LOOKS_AFTER_S;

use crate::agreement::{
    AgreedWindow, Agreement, Fallback, How, Offset, TemporaryWindows, Then, VisitReason,
};

/// The zone of an agreement that names none.
const ZONE: &str = "Europe/Stockholm";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgreementForm {
    resident: ResidentId,
    #[serde(default = "usual_zone")]
    zone: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset_s: Option<u32>,
    #[serde(default = "usual_looks")]
    looks_after_s: Vec<u32>,
    windows: Vec<WindowForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temporary: Option<TemporaryForm>,
    #[serde(default)]
    places: Vec<Vec<[f32; 2]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_night: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trial_until: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    review: Option<Date>,
    #[serde(default)]
    then: ThenForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer_within_min: Option<u16>,
    #[serde(default)]
    fallback: FallbackForm,
    #[serde(default)]
    wishes: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowForm {
    key: u8,
    from: Time,
    to: Time,
    #[serde(default, skip_serializing_if = "Days::is_every")]
    days: Days,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    looks_after_s: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visit: Option<VisitForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VisitForm {
    reason: ReasonForm,
    #[serde(default)]
    note: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemporaryForm {
    first: Date,
    last: Date,
    #[serde(default)]
    reason: String,
    windows: Vec<WindowForm>,
}

/// The words for an enum of the agreement, in files: to and fro, each once.
macro_rules! words {
    ($form:ident, $inner:ident, $($word:literal => $variant:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub(super) enum $form {
            $(#[serde(rename = $word)] $variant,)+
        }

        impl $form {
            /// Every word there is.
            pub(super) const WORDS: &'static [&'static str] = &[$($word),+];

            pub(super) fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            pub(super) fn of_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl From<$form> for $inner {
            fn from(form: $form) -> Self {
                match form {
                    $($form::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$inner> for $form {
            fn from(inner: $inner) -> Self {
                match inner {
                    $($inner::$variant => Self::$variant,)+
                }
            }
        }
    };
}

words!(ThenForm, Then, "visit" => Visit, "phone_then_visit" => PhoneThenVisit);
words!(
    FallbackForm, Fallback,
    "visit" => Visit,
    "phone" => Phone,
    "nothing" => Nothing,
);
words!(
    ReasonForm, VisitReason,
    "help" => Help,
    "declined" => Declined,
    "unsuitable" => Unsuitable,
    "other" => Other,
);

impl Default for ThenForm {
    fn default() -> Self {
        Then::default().into()
    }
}

impl Default for FallbackForm {
    fn default() -> Self {
        Fallback::default().into()
    }
}

/// A window that is both looked at in a way of its own and visited.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LooksAndVisit(pub(super) WindowKey);

impl AgreementForm {
    pub(super) fn agreement(self) -> Result<Agreement, LooksAndVisit> {
        let temporary = self.temporary.map(|temporary| {
            Ok(TemporaryWindows {
                first: temporary.first,
                last: temporary.last,
                reason: temporary.reason,
                windows: windows(temporary.windows)?,
            })
        });
        Ok(Agreement {
            resident: self.resident,
            zone: self.zone,
            offset: self.offset_s.map_or(Offset::Spread, Offset::Fixed),
            looks_after_s: self.looks_after_s,
            windows: windows(self.windows)?,
            temporary: temporary.transpose()?,
            places: self.places,
            first_night: self.first_night,
            trial_until: self.trial_until,
            review: self.review,
            then: self.then.into(),
            answer_within_min: self.answer_within_min,
            fallback: self.fallback.into(),
            wishes: self.wishes,
        })
    }

    pub(super) fn of(agreement: &Agreement) -> Self {
        let temporary = agreement.temporary.as_ref();
        Self {
            resident: agreement.resident,
            zone: agreement.zone.clone(),
            offset_s: match agreement.offset {
                Offset::Spread => None,
                Offset::Fixed(seconds) => Some(seconds),
            },
            looks_after_s: agreement.looks_after_s.clone(),
            windows: agreement.windows.iter().map(WindowForm::of).collect(),
            temporary: temporary.map(|temporary| TemporaryForm {
                first: temporary.first,
                last: temporary.last,
                reason: temporary.reason.clone(),
                windows: temporary.windows.iter().map(WindowForm::of).collect(),
            }),
            places: agreement.places.clone(),
            first_night: agreement.first_night,
            trial_until: agreement.trial_until,
            review: agreement.review,
            then: agreement.then.into(),
            answer_within_min: agreement.answer_within_min,
            fallback: agreement.fallback.into(),
            wishes: agreement.wishes.clone(),
        }
    }
}

impl WindowForm {
    fn of(window: &AgreedWindow) -> Self {
        let (looks_after_s, visit) = match &window.how {
            How::Looks(looks) => (looks.clone(), None),
            How::Visit(reason, note) => {
                let visit = VisitForm {
                    reason: (*reason).into(),
                    note: note.clone(),
                };
                (Vec::new(), Some(visit))
            }
        };
        Self {
            key: window.key.0,
            from: window.from,
            to: window.to,
            days: window.days,
            looks_after_s,
            visit,
        }
    }
}

fn windows(forms: Vec<WindowForm>) -> Result<Vec<AgreedWindow>, LooksAndVisit> {
    let window = |form: WindowForm| {
        let key = WindowKey(form.key);
        let how = match form.visit {
            Some(_) if !form.looks_after_s.is_empty() => return Err(LooksAndVisit(key)),
            Some(visit) => How::Visit(visit.reason.into(), visit.note),
            None => How::Looks(form.looks_after_s),
        };
        Ok(AgreedWindow {
            key,
            from: form.from,
            to: form.to,
            days: form.days,
            how,
        })
    };
    forms.into_iter().map(window).collect()
}

pub(super) fn usual_zone() -> String {
    ZONE.to_owned()
}

pub(super) fn usual_looks() -> Vec<u32> {
    LOOKS_AFTER_S.to_vec()
}
