//! "Nattlista": every check of tonight, with how it stands and each look that was made.
//!
//! A standing is a word and a shape. A colour only repeats what both say.

use std::time::Duration;

use maud::{Markup, html};

use crate::view::{CheckRow, LookRow, Standing};
use crate::watch::Said;

use super::super::texts::{self, Tally};
use super::signs::{Sign, sign};
use super::{View, labels, name};

/// How long after its look a report may come before the page says when it came.
///
/// The service calls a look overdue after the same minute (see [`Standing::Overdue`]).
const LATE_AFTER: Duration = Duration::from_secs(60);

/// The whole list.
pub(super) fn section(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let checks = &view.tonight.checks;
    html! {
        section #ledger {
            div.heading {
                h2 { (texts::LEDGER.to(lang)) }
                @if !checks.is_empty() { p.updated { (texts::tally(lang, tally(checks))) } }
            }
            p.meaning { (texts::MEANING.to(lang)) }
            p.plan-b { (texts::PLAN_B.to(lang)) }
            @if checks.is_empty() {
                p { (texts::NO_CHECKS.to(lang)) }
            } @else {
                ol.rows { @for check in checks { (row(view, check)) } }
            }
            (labels::way(view))
        }
    }
}

fn tally(checks: &[CheckRow]) -> Tally {
    let mut tally = Tally::default();
    for check in checks {
        match check.standing {
            Standing::Planned => tally.planned += 1,
            Standing::Ongoing | Standing::Overdue => tally.running += 1,
            Standing::Visible { .. } | Standing::VisibleLate { .. } => tally.visible += 1,
            Standing::Said {
                said: Said::Died, ..
            } => tally.found_dead += 1,
            Standing::Said { .. } => tally.by_people += 1,
            Standing::CalledOff(_) => tally.called_off += 1,
            Standing::Exception { .. } => tally.exceptions += 1,
        }
    }
    tally
}

fn row(view: &View<'_>, check: &CheckRow) -> Markup {
    let lang = view.lang;
    let mark = Sign::of_standing(check.standing);
    html! {
        li.row #{ "c" (check.id) } data-standing=(mark.id()) {
            span.when { (view.time(check.opens)) "–" (view.time(check.deadline)) }
            span.who {
                                strong { (name(lang, &check.person)) }
                                span.address { (check.person.address) }
                            }
            span.standing {
                (sign(mark))
                span { (texts::standing(check.standing).to(lang)) (seen(view, check.standing)) }
            }
            @if !check.looks.is_empty() {
                div.detail {
                    span.label { (texts::LOOKS.to(lang)) }
                    ol.looks { @for look in &check.looks { (look_row(view, look)) } }
                }
            }
        }
    }
}

/// When somebody was seen, and when that came if it came late.
fn seen(view: &View<'_>, standing: Standing) -> Markup {
    match standing {
        Standing::Visible { at } => html! { " " (view.time(at)) },
        Standing::VisibleLate { at, came } => html! {
            " (" (view.time(at)) ", " (texts::REPORT_CAME.to(view.lang)) " " (view.time(came)) ")"
        },
        Standing::Said { at, .. } => html! { " " (view.time(at)) },
        Standing::Planned
        | Standing::Ongoing
        | Standing::Overdue
        | Standing::CalledOff(_)
        | Standing::Exception { .. } => html! {},
    }
}

fn look_row(view: &View<'_>, look: &LookRow) -> Markup {
    let lang = view.lang;
    html! {
        li {
            (view.time(look.at)) " " (texts::finding(look.finding).to(lang))
            @if look.came.since(look.at) > LATE_AFTER {
                " (" (texts::REPORT_CAME.to(lang)) " " (view.time(look.came)) ")"
            }
        }
    }
}
