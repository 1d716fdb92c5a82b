//! "Sensorenheter": each home, and whether its unit is heard.
//!
//! Being heard is no outcome: a home whose unit is well may still have a check that needs a
//! person, and the list of those stands first on the page.

use maud::{Markup, html};

use crate::view::{Hearing, HomeRow};

use super::super::texts;
use super::View;
use super::signs::{Sign, sign};

/// The whole list.
pub(super) fn section(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let homes = &view.tonight.homes;
    let heard = homes.iter().filter(|home| is_heard(home)).count();
    html! {
        section #homes {
            div.heading {
                h2 { (texts::HOMES.to(lang)) }
                @if !homes.is_empty() {
                    p.updated { (texts::heard_of(lang, heard, homes.len())) }
                }
            }
            @if homes.is_empty() {
                p { (texts::NO_HOMES.to(lang)) }
            } @else {
                ul.rows { @for home in homes { (row(view, home)) } }
            }
        }
    }
}

fn is_heard(home: &HomeRow) -> bool {
    match home.hearing {
        Hearing::Well | Hearing::Paused | Hearing::EyeTrouble => true,
        Hearing::Silent(_) => false,
    }
}

pub(super) fn row(view: &View<'_>, home: &HomeRow) -> Markup {
    let lang = view.lang;
    let mark = Sign::of_hearing(home.hearing);
    html! {
        li.row.home #{ "h" (home.home) } data-hearing=(mark.id()) {
            span.who {
                strong { (home.address) }
                span.address { (texts::UNIT.to(lang)) " " (home.unit) }
            }
            span.standing {
                (sign(mark))
                span {
                    (texts::hearing(home.hearing).to(lang))
                    @match home.hearing {
                        Hearing::Well | Hearing::Paused | Hearing::EyeTrouble => {}
                        Hearing::Silent(long) => { " (" (texts::lasted(lang, long)) ")" }
                    }
                }
            }
            span.detail {
                @match home.heard {
                    Some(at) => { (texts::HEARD.to(lang)) " " (view.time(at)) }
                    None => (texts::NEVER_HEARD.to(lang)),
                }
            }
        }
    }
}
