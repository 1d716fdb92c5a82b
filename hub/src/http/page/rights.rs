//! What ends of the right to look through a camera, and that nobody answers for access: on the page
//! of those whom it is about, and in the morning report in numbers alone.

use maud::{Markup, html};

use nattsyn_protocol::time::Timestamp;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{Lang, access as words};
use crate::staff::ending::{End, Ending, Managed, Runs};

/// The command that mends it. It is given on the hub's machine.
const COMMAND: &str = "nattsyn-hub staff role give --id natt-001 --role unit_manager --by admin-1";

/// All of it, for one viewer.
pub(super) fn notices(lang: Lang, viewer: &Viewer, face: &Clockface, now: Timestamp) -> Markup {
    let rights = &viewer.rights;
    html! {
        (unmanaged(lang, rights.managed))
        @for end in &rights.own { (own(lang, face, (*end, now))) }
        (endings(lang, face, (&rights.endings, now)))
    }
}

/// That nobody is unit manager, and what mends it.
fn unmanaged(lang: Lang, managed: Managed) -> Markup {
    html! {
        @match managed {
            Managed::Yes => {}
            Managed::No | Managed::ByNobody => p.notice #unmanaged {
                (words::UNMANAGED.to(lang)) " " code { (COMMAND) } " "
                (words::UNMANAGED_NEXT.to(lang))
            },
        }
    }
}

/// One's own.
fn own(lang: Lang, face: &Clockface, (end, now): (End, Timestamp)) -> Markup {
    html! {
        p.notice {
            (words::OWN.to(lang)) " " (words::runs(lang, end.what)) " "
            (when(lang, face, (end, now))) ". "
            @if end.at < now { (words::OWN_OVER.to(lang)) } @else { (words::OWN_SOON.to(lang)) }
        }
    }
}

/// Everybody's, for whoever goes through access.
pub(super) fn endings(
    lang: Lang,
    face: &Clockface,
    (endings, now): (&[Ending], Timestamp),
) -> Markup {
    html! {
        @if !endings.is_empty() {
            div.notice #endings {
                p { (words::ENDINGS.to(lang)) }
                ul {
                    @for Ending { member, end } in endings {
                        li {
                            strong { (member.name) } ": " (words::runs(lang, end.what)) " "
                            (when(lang, face, (*end, now)))
                        }
                    }
                }
                p { (words::ENDINGS_NEXT.to(lang)) }
            }
        }
    }
}

fn when(lang: Lang, face: &Clockface, (end, now): (End, Timestamp)) -> String {
    let verb = if end.at < now {
        words::ENDED
    } else {
        words::ENDS
    };
    // The day is enough: what ends does so in the small hours.
    let at = face.dated(end.at);
    let day = at.split(' ').next().unwrap_or(&at);
    format!("{} {day}", verb.to(lang))
}

/// In the morning report: how many, and the first day. No employee is named there.
pub(super) fn counted(
    lang: Lang,
    face: &Clockface,
    (endings, now): (&[Ending], Timestamp),
) -> Markup {
    let over = endings.iter().filter(|ending| ending.end.at < now).count();
    let of = |what| {
        let of_it = endings.iter().filter(|ending| ending.end.what == what);
        of_it.count()
    };
    html! {
        @if let Some(first) = endings.first() {
            p.notice {
                (words::COUNTED.to(lang)) " " (words::runs(lang, Runs::Training)) " "
                (of(Runs::Training)) ", " (words::runs(lang, Runs::Line)) " " (of(Runs::Line))
                ". " (words::OF_THESE_OVER.to(lang)) " " (over) ". "
                (words::FIRST_END.to(lang)) " " (face.dated(first.end.at)) "."
            }
        }
    }
}
