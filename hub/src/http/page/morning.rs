//! The morning report: the night that is handed over to the day, in figures and names.
//!
//! Says nothing about employees, and nothing about how anybody slept.

use maud::{Markup, html};

use crate::staff::ending::Ending;
use crate::view::morning::Morning;
use crate::view::{Cause, Person};
use crate::watch::Said;
use nattsyn_protocol::time::Timestamp;

use super::super::texts::{self, Lang, ledger};
use super::night::{Sheet, balance};
use super::proof;
use super::rights;
use super::signs::{Sign, sign};

/// What a morning must know that stands in no ledger.
#[derive(Default)]
pub(in crate::http) struct Beside {
    pub(in crate::http) heads: Heads,
    /// What ends of whose right to look through a camera. Counted here, and nobody is named.
    pub(in crate::http) endings: Vec<Ending>,
}

/// Whether the log's head was put outside the hub in that night.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) enum Heads {
    /// It is not known, or nobody lives there.
    #[default]
    Unasked,
    /// Nothing says that it was not.
    Kept,
    /// No folder is set.
    Nowhere,
    /// So often it could not be, and when last.
    Lost(usize, Timestamp),
}

/// The page's own part.
pub(in crate::http) fn body(sheet: &Sheet<'_>, morning: &Morning, beside: &Beside) -> Markup {
    let (lang, night) = (sheet.lang, sheet.night.night);
    html! {
        section #morning {
            h1 { (ledger::MORNING.to(lang)) }
            p.chosen { (texts::NIGHT.to(lang)) " " (ledger::night_of_year(lang, night)) }
            p.ways {
                @if let Ok(earlier) = night.yesterday() {
                    @let address = format!("/morning?night={earlier}&lang={}", lang.tag());
                    a.press rel="prev" href=(address) {
                        (ledger::EARLIER.to(lang))
                    }
                }
                a.press href=(format!("/ledger?night={night}&lang={}", lang.tag())) {
                    (ledger::TO_LEDGER.to(lang))
                }
                button.press type="button" data-print hidden { (ledger::PRINT.to(lang)) }
            }
            // What is wrong comes first: no figure of such a night can be relied on.
            @if !morning.balance.holds() { (balance(sheet, &morning.balance)) }
            (heads(sheet, beside.heads))
            (rights::counted(lang, &sheet.face, (&beside.endings, sheet.now)))
            (figures(sheet, morning))
        }
        (unanswered(sheet, morning))
        (causes(sheet, morning))
        (disturbances(sheet, morning))
        (proof::of_night(sheet, proof::Names::None))
        @if morning.balance.holds() { (balance(sheet, &morning.balance)) }
    }
}

fn heads(sheet: &Sheet<'_>, heads: Heads) -> Markup {
    let lang = sheet.lang;
    html! {
        @match heads {
            Heads::Unasked | Heads::Kept => {}
            Heads::Nowhere => p.notice { (texts::audit::NOWHERE.to(lang)) },
            Heads::Lost(count, last) => p.trouble #heads {
                (texts::audit::LOST_THIS_NIGHT.to(lang)) " " (ledger::times(lang, count)) ", "
                (texts::audit::LOST_LAST.to(lang)) " " (sheet.time(last)) ". "
                (texts::audit::LOST_NEXT.to(lang))
            }
        }
    }
}

fn figures(sheet: &Sheet<'_>, morning: &Morning) -> Markup {
    let lang = sheet.lang;
    let figures = [
        (ledger::DONE, morning.done),
        (ledger::LATE, morning.late),
        (ledger::VISITS, morning.visits),
        (
            ledger::UNANSWERED,
            morning.unanswered.len() + morning.unanswered_apart.len(),
        ),
    ];
    html! {
        dl.figures {
            @for (label, count) in figures {
                div {
                    dt { (label.to(lang)) }
                    dd { (count) }
                }
            }
        }
        @if !morning.found_dead.is_empty() {
            p.updated {
                (texts::said(Said::Died).to(lang)) ": "
                @for (i, person) in morning.found_dead.iter().enumerate() {
                    @if i > 0 { ", " }
                    (person.name)
                }
            }
        }
        @for (person, at) in &morning.mistaken {
            p.updated {
                (ledger::DEAD_BY_MISTAKE.to(lang)) ": " (person.name) ", "
                (ledger::CORRECTED.to(lang)) " " (sheet.time(*at))
            }
        }
        @if morning.visits_planned > 0 {
            p.updated {
                (ledger::VISITS.to(lang)) ": " (ledger::OF_WHICH_PLANNED.to(lang)) " "
                (morning.visits_planned)
            }
        }
    }
}

fn unanswered(sheet: &Sheet<'_>, morning: &Morning) -> Markup {
    let lang = sheet.lang;
    html! {
        section #unanswered {
            h2 { (ledger::UNANSWERED.to(lang)) }
            @let open = &morning.unanswered;
            @let apart = &morning.unanswered_apart;
            @if open.is_empty() && apart.is_empty() {
                p { (ledger::NO_UNANSWERED.to(lang)) }
            } @else {
                ul.rows {
                    @for row in open { (left_open(sheet, ledger::UNTIL, row)) }
                    @for row in apart { (left_open(sheet, texts::SINCE, row)) }
                }
            }
        }
    }
}

fn left_open(
    sheet: &Sheet<'_>,
    label: texts::Phrase,
    (person, cause, at): &(Person, Cause, Timestamp),
) -> Markup {
    let lang = sheet.lang;
    html! {
        li.row {
            span.when { (label.to(lang)) " " (sheet.time(*at)) }
            (who(lang, person))
            span.standing {
                (sign(Sign::of_cause(*cause)))
                span { (texts::cause(*cause).to(lang)) }
            }
        }
    }
}

fn causes(sheet: &Sheet<'_>, morning: &Morning) -> Markup {
    let lang = sheet.lang;
    html! {
        section #causes {
            h2 { (ledger::CAUSES.to(lang)) }
            @if morning.causes.is_empty() {
                p { (ledger::NO_CAUSES.to(lang)) }
            } @else {
                ul.rows.tally { @for (cause, count) in &morning.causes {
                    li.row {
                        span.standing {
                            (sign(Sign::of_cause(*cause)))
                            span { (texts::cause(*cause).to(lang)) }
                        }
                        span.often { (ledger::times(lang, *count)) }
                    }
                } }
            }
        }
    }
}

fn disturbances(sheet: &Sheet<'_>, morning: &Morning) -> Markup {
    let lang = sheet.lang;
    html! {
        section #disturbances {
            h2 { (ledger::DISTURBANCES.to(lang)) }
            p.meaning { (ledger::DISTURBANCE_MEANING.to(lang)) }
            @if morning.disturbances.is_empty() {
                p { (ledger::NO_DISTURBANCES.to(lang)) }
            } @else {
                ul.rows.tally { @for (person, count) in &morning.disturbances {
                    li.row { (who(lang, person)) span.often { (ledger::times(lang, *count)) } }
                } }
            }
        }
    }
}

fn who(lang: Lang, person: &Person) -> Markup {
    html! { span.who { strong { (super::name(lang, person)) } span.address { (person.address) } } }
}
