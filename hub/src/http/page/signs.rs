//! The shapes beside the words: one for each standing, told apart without colour.
//!
//! They are drawn here rather than typed, because a phone may show a typed symbol as a coloured
//! picture of its own. A screen reader skips them; the word stands beside each.

use maud::{Markup, PreEscaped, html};

use crate::view::{Cause, Hearing, Standing};
use crate::watch::Said;

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Visible,
    VisibleLate,
    NotVisible,
    Unclear,
    Technical,
    Paused,
    NoReport,
    Silent,
    Planned,
    Ongoing,
    Overdue,
    Visit,
    Person,
    CalledOff,
}

impl Sign {
    pub(super) const ALL: [Self; 14] = [
        Self::Visible,
        Self::VisibleLate,
        Self::NotVisible,
        Self::Unclear,
        Self::Technical,
        Self::Paused,
        Self::NoReport,
        Self::Silent,
        Self::Planned,
        Self::Ongoing,
        Self::Overdue,
        Self::Visit,
        Self::Person,
        Self::CalledOff,
    ];

    pub(super) fn of_cause(cause: Cause) -> Self {
        match cause {
            Cause::NotVisible => Self::NotVisible,
            Cause::VisitPlanned | Cause::CalledOffByMistake => Self::Visit,
            Cause::AwayUnconfirmed
            | Cause::OtherPlan
            | Cause::NotCommissioned(_)
            | Cause::Unclear(_) => Self::Unclear,
            Cause::Technical(_) => Self::Technical,
            Cause::Paused => Self::Paused,
            Cause::NoReport => Self::NoReport,
            Cause::Silent | Cause::NoUnit => Self::Silent,
        }
    }

    pub(super) fn of_standing(standing: Standing) -> Self {
        match standing {
            Standing::Planned => Self::Planned,
            Standing::Ongoing => Self::Ongoing,
            Standing::Overdue => Self::Overdue,
            Standing::Visible { .. } => Self::Visible,
            Standing::VisibleLate { .. } => Self::VisibleLate,
            Standing::Said {
                said: Said::Died, ..
            } => Self::CalledOff,
            Standing::Said { .. } => Self::Person,
            Standing::CalledOff(_) => Self::CalledOff,
            Standing::Exception { cause } => Self::of_cause(cause),
        }
    }

    pub(super) fn of_hearing(hearing: Hearing) -> Self {
        match hearing {
            Hearing::Well => Self::Visible,
            Hearing::Paused => Self::Paused,
            Hearing::EyeTrouble => Self::Technical,
            Hearing::Silent(_) => Self::Silent,
        }
    }

    /// The shape's name in the page.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::VisibleLate => "visible-late",
            Self::NotVisible => "not-visible",
            Self::Unclear => "unclear",
            Self::Technical => "technical",
            Self::Paused => "paused",
            Self::NoReport => "no-report",
            Self::Silent => "silent",
            Self::Planned => "planned",
            Self::Ongoing => "ongoing",
            Self::Overdue => "overdue",
            Self::Visit => "visit",
            Self::Person => "person",
            Self::CalledOff => "called-off",
        }
    }

    /// The shape, in a square of 24 by 24; the style sheet gives stroke and colour.
    fn drawing(self) -> &'static str {
        match self {
            Self::Visible => {
                "<circle cx='12' cy='12' r='9'/>\
                 <path d='M8 12.5l3 3 5-6.5'/>"
            }
            Self::VisibleLate => {
                "<circle cx='12' cy='12' r='9' stroke-dasharray='3.4 2.25'/>\
                 <path d='M8 12.5l3 3 5-6.5'/>"
            }
            Self::NotVisible => {
                "<rect x='3.5' y='3.5' width='17' height='17' rx='2'/>\
                 <path d='M8.5 8.5l7 7m0-7l-7 7'/>"
            }
            Self::Unclear => {
                "<path d='M12 2l10 10-10 10L2 12z'/>\
                 <path d='M9.7 10a2.3 2.3 0 1 1 3.5 2c-.8.5-1.2.9-1.2 1.8M12 16.6v.1'/>"
            }
            Self::Technical => {
                "<path d='M12 3l10 17.5H2z'/>\
                 <path d='M12 9.5v5M12 17.4v.1'/>"
            }
            Self::Paused => {
                "<circle cx='12' cy='12' r='9'/>\
                 <path d='M9.7 8.5v7m4.6-7v7'/>"
            }
            Self::NoReport => {
                "<path d='M6 2.5h8.5L18.5 7v14.5H6z'/>\
                 <path d='M9.5 10.5l5.5 6m0-6l-5.5 6'/>"
            }
            Self::Silent => {
                "<path d='M7.5 15.5a6 6 0 0 1 0-7m9 7a6 6 0 0 0 0-7'/>\
                 <path d='M4.5 18.5a10.5 10.5 0 0 1 0-13m15 13a10.5 10.5 0 0 0 0-13'/>\
                 <path d='M5 21L19 3'/>"
            }
            Self::Planned => "<circle cx='12' cy='12' r='9'/>",
            Self::Ongoing => {
                "<circle cx='12' cy='12' r='9'/>\
                 <path d='M12 3a9 9 0 0 1 0 18z' fill='currentColor'/>"
            }
            Self::Visit => {
                "<path d='M4 11l8-7 8 7v9.5H4z'/>\
                 <path d='M10 20.5v-6h4v6'/>"
            }
            Self::Person => {
                "<circle cx='12' cy='7.5' r='4'/>\
                 <path d='M4.5 21a7.5 7.5 0 0 1 15 0'/>"
            }
            Self::CalledOff => {
                "<circle cx='12' cy='12' r='9'/>\
                 <path d='M7.5 12h9'/>"
            }
            Self::Overdue => {
                "<circle cx='12' cy='12' r='9'/>\
                 <path d='M12 6.5V12l4 2.5'/>"
            }
        }
    }
}

/// One shape, where it is needed.
pub(super) fn sign(sign: Sign) -> Markup {
    html! {
        svg class={ "sign " (sign.id()) } viewBox="0 0 24 24" aria-hidden="true" {
            use href={ "#sign-" (sign.id()) } {}
        }
    }
}

/// All shapes, once a page.
pub(super) fn sheet() -> Markup {
    html! {
        svg.sheet aria-hidden="true" width="0" height="0" {
            @for sign in Sign::ALL {
                // Our own constants: no word of anybody's passes here unescaped.
                symbol id={ "sign-" (sign.id()) } viewBox="0 0 24 24" {
                    (PreEscaped(sign.drawing()))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_signs_share_a_shape_or_a_name() {
        let shapes: BTreeSet<_> = Sign::ALL.iter().map(|sign| sign.drawing()).collect();
        let names: BTreeSet<_> = Sign::ALL.iter().map(|sign| sign.id()).collect();
        assert_eq!(
            (shapes.len(), names.len()),
            (Sign::ALL.len(), Sign::ALL.len())
        );
    }
}
