//! "Att åtgärda": what needs a person, and what no longer does.
//!
//! Sorted by due time here too, whatever order the rows came in: it is the one order that the
//! page promises. What is about a resident and about no check of tonight has no due time of the
//! night's and stands last, and cannot be taken.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Date;
use maud::{Markup, html};
use sha2::{Digest as _, Sha256};

use crate::commission::gate::Shut;
use crate::view::{Cause, CheckRow, ExceptionRow, Standing, Tonight};
use crate::watch::situation::Situation;
use crate::watch::{CallOff, Punctuality};

use super::super::texts::next::{Concerns, next};
use super::super::texts::{self, Lang};
use super::hands::hands;
use super::signs::{Sign, sign};
use super::{View, live, matters, name};

/// The rows that need a person.
pub(super) fn open(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let mut rows: Vec<&ExceptionRow> = view.tonight.open.iter().collect();
    rows.sort_by_key(|row| (row.due, row.id));
    let of_people = matters::of_people(view.tonight);
    let count = count(view.tonight);
    html! {
        section #attend tabindex="-1" data-title=(texts::title(lang, count)) {
            div.heading {
                h1 {
                    (texts::ATTEND.to(lang))
                    @if count > 0 { " " span.count { (count) } }
                }
                p.updated { (texts::UPDATED.to(lang)) " " (view.time(view.tonight.now)) }
            }
            @if count == 0 {
                div.nothing { p { (texts::NOTHING.to(lang)) } }
            } @else {
                ol.exceptions {
                    @for row in rows { (open_row(view, row)) }
                    @for row in of_people { (matters::of_person(view, row)) }
                }
            }
        }
    }
}

/// How many rows need a person.
pub(super) fn count(tonight: &Tonight) -> usize {
    tonight.open.len() + matters::of_people(tonight).len()
}

fn open_row(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    let now = view.tonight.now;
    let cause = texts::cause(row.cause).to(lang);
    let concerns = if row.checks.is_empty() {
        Concerns::NoneYet
    } else {
        Concerns::Checks
    };
    let announcement = format!("{}, {}: {cause}.", row.person.name, row.person.address);
    html! {
        li.exception #{ "e" (row.id) } data-exception=(row.id) data-alarm=[alarm(row)]
            data-say=(announcement) {
            h2 {
                (sign(Sign::of_cause(row.cause)))
                span { (cause) }
            }
            p.who {
                strong { (name(lang, &row.person)) }
                span.address { (row.person.address) }
            }
            @match row.punctuality {
                Punctuality::InTime => {}
                Punctuality::HubWasDown => p.was-down { (texts::HUB_WAS_DOWN.to(lang)) },
            }
            p.next {
                span.label { (texts::NEXT.to(lang)) } " "
                (next(lang, row.cause, concerns, row.agreed.as_ref()))
            }
            @if row.cause == Cause::NotCommissioned(Shut::Unsaid) {
                (super::resident::to_sides(view, row.person.resident))
            }
            @if let Some(wishes) = wishes(row) {
                p.next { span.label { (texts::WISHES.to(lang)) } " " (wishes) }
            }
            @if let Some(situation) = Situation::of(row.cause, row.punctuality) {
                (matters::may_do(lang, situation))
            }
            dl.times {
                (due(view, row))
                (answer_by(view, row))
                div {
                    dt { (texts::SINCE.to(lang)) }
                    dd {
                        (view.time(row.opened))
                        span.lasted { " (" (texts::lasted(lang, now.since(row.opened))) ")" }
                    }
                }
                @let windows = windows(view, row);
                @let nights = earlier_nights(view, row);
                @if !windows.is_empty() || !nights.is_empty() {
                    div {
                        dt { (texts::CONCERNS.to(lang)) }
                        dd {
                            @for (i, night) in nights.iter().enumerate() {
                                @if i > 0 { ", " }
                                span.earlier { (texts::night(lang, *night)) }
                            }
                            @if !windows.is_empty() && !nights.is_empty() { ", " }
                            @for (i, check) in windows.iter().enumerate() {
                                @if i > 0 { ", " }
                                (view.time(check.opens)) "–" (view.time(check.deadline))
                            }
                        }
                    }
                }
            }
            (live::offer(view, row))
            (hands(view, row))
        }
    }
}

/// What is new about a row that nobody has: a page that has not shown this says so aloud. It is
/// said again when a row comes back to nobody, is about another check or has another cause.
fn alarm(row: &ExceptionRow) -> Option<String> {
    let (checks, found) = (row.checks.len(), row.handling.found().len());
    let is_nobodys = row.handling.holder().is_none();
    is_nobodys.then(|| format!("{}-{checks}-{found}-{}", row.id, row.cause))
}

/// What [`alarm`]s there are, as marks that say nothing of whom or what they are about: the same
/// for the same row, and another for another.
pub(in crate::http) fn marks(tonight: &Tonight) -> Vec<String> {
    let of_checks = tonight.open.iter().filter_map(alarm);
    let of_people = matters::of_people(tonight);
    let of_people = of_people.into_iter().map(matters::alarm);
    of_checks.chain(of_people).map(|key| mark(&key)).collect()
}

/// A key's first 64 bits under SHA-256: among some thousands of rows no two meet.
fn mark(key: &str) -> String {
    let digest = Sha256::digest(key);
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn due(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let (class, label) = if row.due < view.tonight.now {
        ("due past", texts::PAST_DUE)
    } else {
        ("due", texts::DUE)
    };
    html! {
        div class=(class) { dt { (label.to(view.lang)) } dd { (view.time(row.due)) } }
    }
}

/// What else was agreed, if anything was.
fn wishes(row: &ExceptionRow) -> Option<&str> {
    let wishes = row.agreed.as_ref().map(|agreed| agreed.wishes.trim());
    wishes.filter(|wishes| !wishes.is_empty())
}

/// By when somebody must have answered, if that was agreed (R63).
fn answer_by(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let Some(within) = row.agreed.as_ref().and_then(|agreed| agreed.answer_within) else {
        return html! {};
    };
    let by = row.opened.after(within);
    let (class, label) = if by < view.tonight.now {
        ("answer past", texts::ANSWER_PAST)
    } else {
        ("answer", texts::ANSWER_BY)
    };
    html! {
        div class=(class) {
            dt { (label.to(view.lang)) }
            dd { (view.time(by)) span.lasted { " (" (agreed_within(view.lang, within)) ")" } }
        }
    }
}

fn agreed_within(lang: Lang, within: Duration) -> String {
    format!(
        "{} {}",
        texts::AS_AGREED.to(lang),
        texts::lasted(lang, within)
    )
}

/// The checks that a row is about, as far as they are tonight's, and those that were called off
/// by mistake and nobody else asks about.
fn windows<'a>(view: &View<'a>, row: &ExceptionRow) -> Vec<&'a CheckRow> {
    let (who, now) = (row.person.resident, view.tonight.now);
    let is_left_out = |check: &CheckRow| {
        row.cause == Cause::CalledOffByMistake
            && check.id.resident == who
            && check.standing == Standing::CalledOff(CallOff::Died)
            && check.deadline > now
    };
    let of_row = |check: &&CheckRow| row.checks.contains(&check.id) || is_left_out(check);
    view.tonight.checks.iter().filter(of_row).collect()
}

/// The earlier nights that a row is about: it stays until a person closes it.
fn earlier_nights(view: &View<'_>, row: &ExceptionRow) -> BTreeSet<Date> {
    let nights = row.checks.iter().map(|check| check.night);
    nights
        .filter(|night| *night != view.tonight.night)
        .collect()
}

/// The rows that need nobody any more, folded away.
pub(super) fn closed(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let rows = &view.tonight.closed;
    html! {
        section #closed {
            @if !rows.is_empty() {
                details #closed-rows {
                    summary #closed-summary {
                        (texts::CLOSED.to(lang)) " " span.count { (rows.len()) }
                    }
                    ol.rows { @for row in rows { (closed_row(view, row)) } }
                }
            }
        }
    }
}

fn closed_row(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    html! {
        li.row #{ "e" (row.id) } {
            span.when {
                (view.time(row.opened))
                @if let Some((at, _)) = row.ended { "–" (view.time(at)) }
            }
            span.who { strong { (name(lang, &row.person)) } span.address { (row.person.address) } }
            span.standing {
                (sign(Sign::of_cause(row.cause)))
                span { (texts::cause(row.cause).to(lang)) }
            }
            @if let Some((_, ending)) = row.ended {
                span.detail { (texts::ending(ending).to(lang)) }
            }
        }
    }
}
