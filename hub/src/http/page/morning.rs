//! The morning report: the night that is handed over to the day, in figures and names.
//!
//! Says nothing about employees, and nothing about how anybody slept.

use maud::{Markup, html};

use crate::view::morning::Morning;
use crate::view::{Cause, Person};
use crate::watch::Said;
use nattsyn_protocol::time::Timestamp;

use super::super::texts::{self, Lang, ledger};
use super::night::{Sheet, balance};
use super::proof;
use super::signs::{Sign, sign};

/// The page's own part.
pub(in crate::http) fn body(sheet: &Sheet<'_>, morning: &Morning) -> Markup {
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
            (figures(sheet, morning))
        }
        (unanswered(sheet, morning))
        (causes(sheet, morning))
        (disturbances(sheet, morning))
        (proof::of_night(sheet, proof::Names::None))
        @if morning.balance.holds() { (balance(sheet, &morning.balance)) }
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
