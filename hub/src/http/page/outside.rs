//! The watcher outside and the alarm receivers: what is wrong stands above the rows, and that all
//! is well below them, where it disturbs nobody.

use maud::{Markup, html};

use crate::outside::Watcher;
use crate::view::Reality;

use super::super::texts::outside as words;
use super::View;

/// What is wrong, if anything is. A demonstration is nobody's to watch over.
pub(super) fn warnings(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let beyond = &view.told.beyond;
    html! {
        @match (beyond.watcher, view.tonight.reality) {
            (Watcher::Starting | Watcher::Fed { .. }, _)
            | (Watcher::NotSet, Reality::Demonstration) => {}
            (Watcher::NotSet, Reality::Homes) => p.notice { (words::NOT_SET.to(lang)) },
            (Watcher::Unreached { since, fed }, _) => p.notice {
                (words::UNREACHED.to(lang)) " " (view.time(since)) "."
                @if let Some(at) = fed {
                    " " (words::LAST_FED.to(lang)) " " (view.time(at)) "."
                }
            },
            (Watcher::Withheld { since, why }, _) => p.notice {
                (words::WITHHELD.to(lang)) " " (view.time(since)) ": "
                (words::ailment(why).to(lang))
            },
        }
        @for (channel, number, since) in &beyond.silent {
            p.notice {
                (words::RECEIVER.to(lang)) " " strong { (channel.as_str()) " " (number) } ", "
                (words::SINCE.to(lang)) " " (view.time(*since))
            }
        }
    }
}

/// That the watcher is fed, and when it was.
pub(super) fn section(view: &View<'_>) -> Markup {
    let lang = view.lang;
    html! {
        section #outside {
            @match view.told.beyond.watcher {
                Watcher::NotSet | Watcher::Unreached { .. } | Watcher::Withheld { .. } => {}
                Watcher::Starting => p.updated { (words::STARTING.to(lang)) },
                Watcher::Fed { at } => p.updated {
                    (words::FED.to(lang)) " " (view.time(at)) "."
                },
            }
        }
    }
}
