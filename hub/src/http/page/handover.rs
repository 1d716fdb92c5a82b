//! The handover at a change of shift: what is open and who has it, what was said, what comes next.
//!
//! For two people at one screen, or on paper. It changes nothing and counts nobody's work.

use maud::{Markup, html};

use nattsyn_protocol::time::Timestamp;

use crate::view::handover::{Told, closed, told};
use crate::view::ledger::NightLedger;
use crate::view::{CheckRow, ExceptionRow, Standing};

use super::super::texts::{self, hands, ledger, matters as closings, shift as words};
use super::signs::{Sign, sign};
use super::{View, matters, name};

/// Most checks to come that are listed: what fits on three sheets of paper. The rest is in
/// tonight's list.
const NEXT_MAX: usize = 100;

/// Since when it was asked for: the moment, and the time of day as it was written.
pub(in crate::http) struct Since {
    pub(in crate::http) moment: Timestamp,
    pub(in crate::http) clock: String,
}

/// The page's own part.
pub(super) fn body(view: &View<'_>, night: &NightLedger, since: &Since) -> Markup {
    let lang = view.lang;
    html! {
        section #handover {
            h1 { (words::HANDOVER.to(lang)) }
            p.chosen { (texts::night(lang, view.tonight.night)) }
            p.meaning { (words::HANDOVER_MEANS.to(lang)) }
            form.choose method="get" action="/handover" aria-label=(words::CHOOSE.to(lang)) {
                label for="since" { (words::SINCE.to(lang)) }
                span.field {
                    input #since type="time" name="since" value=(since.clock) required;
                    input type="hidden" name="lang" value=(lang.tag());
                    button.press type="submit" { (words::SHOW.to(lang)) }
                }
            }
            p.ways { button.press type="button" data-print hidden { (ledger::PRINT.to(lang)) } }
        }
        (open(view))
        (said(view, night, since))
        (ended(view, since))
        (matters_of(view, night, since))
        (to_come(view))
    }
}

fn open(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let mut rows: Vec<&ExceptionRow> = view.tonight.open.iter().collect();
    rows.sort_by_key(|row| (row.due, row.id));
    html! {
        section #open {
            h2 { (words::OPEN.to(lang)) " " span.count { (rows.len()) } }
            @if rows.is_empty() { p { (words::NO_OPEN.to(lang)) } }
            @else {
                ol.rows { @for row in rows {
                    li.row {
                        span.when { (texts::DUE.to(lang)) " " (view.time(row.due)) }
                        span.who { strong { (name(lang, &row.person)) }
                            span.address { (row.person.address) } }
                        (because(view, row))
                        span.detail { (standing(view, row)) }
                    }
                } }
            }
        }
    }
}

fn because(view: &View<'_>, row: &ExceptionRow) -> Markup {
    html! {
        span.standing {
            (sign(Sign::of_cause(row.cause)))
            span {
                (texts::cause(row.cause).to(view.lang)) " (" (words::SINCE_WHEN.to(view.lang)) " "
                (view.time(row.opened)) ")"
            }
        }
    }
}

fn said(view: &View<'_>, night: &NightLedger, since: &Since) -> Markup {
    let lang = view.lang;
    let told = told(night, since.moment);
    html! {
        section #said {
            h2 { (words::TOLD.to(lang)) }
            @if told.is_empty() { p { (words::NO_TOLD.to(lang)) } }
            @else {
                ol.rows { @for Told { person, cause, what } in &told {
                    li.row {
                        span.when { (view.time(what.at)) }
                        span.who { strong { (name(lang, person)) }
                            span.address { (person.address) } }
                        span.standing {
                            (sign(Sign::of_cause(*cause)))
                            span { (texts::cause(*cause).to(lang)) }
                        }
                        span.detail {
                            (hands::told(lang, &what.event, |by| view.viewer.name(by)))
                        }
                    }
                } }
            }
        }
    }
}

/// Rows that have closed: also those about no check, which no line of the night tells of.
fn ended(view: &View<'_>, since: &Since) -> Markup {
    let lang = view.lang;
    let rows = view.tonight.closed.iter();
    let rows: Vec<_> = rows
        .filter_map(|row| Some((row, row.ended?)))
        .filter(|(_, (at, _))| *at >= since.moment)
        .collect();
    html! {
        section #ended {
            h2 { (words::ENDED.to(lang)) " " span.count { (rows.len()) } }
            @if !rows.is_empty() {
                ol.rows { @for (row, (at, ending)) in rows {
                    li.row {
                        span.when { (view.time(at)) }
                        span.who { strong { (name(lang, &row.person)) }
                            span.address { (row.person.address) } }
                        (because(view, row))
                        span.detail { (texts::ending(ending).to(lang)) }
                    }
                } }
            }
        }
    }
}

fn matters_of(view: &View<'_>, night: &NightLedger, since: &Since) -> Markup {
    let lang = view.lang;
    let rows = &view.tonight.matters;
    let closed = closed(night, since.moment);
    html! {
        section #matters {
            h2 { (words::MATTERS.to(lang)) }
            @if rows.is_empty() && closed.is_empty() { p { (words::NO_MATTERS.to(lang)) } }
            @else {
                ul.rows {
                    @for row in rows {
                        li.row {
                            span.when { (texts::SINCE.to(lang)) " " (view.time(row.opened)) }
                            span.who { strong { (matters::about(lang, row.subject, &row.about)) } }
                            span.standing {
                                (sign(Sign::Technical))
                                span { (texts::of_situation(row.situation).to(lang)) }
                            }
                            div.detail { (matters::may_do(lang, row.situation)) }
                        }
                    }
                    @for line in closed {
                        li.row {
                            @if let Some(at) = line.cleared { span.when { (view.time(at)) } }
                            span.who {
                                    strong { (matters::about(lang, line.subject, &line.about)) }
                                }
                            span.standing { (texts::of_situation(line.situation).to(lang)) }
                            @if let Some((by, how)) = &line.closed {
                                span.detail {
                                    (closings::CLOSED.to(lang)) " "
                                    @if let Some(how) = how { (closings::how(*how).to(lang)) ", " }
                                    (view.viewer.name(by))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn to_come(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let rows = view.tonight.checks.iter();
    let rows: Vec<&CheckRow> = rows.filter(|row| is_to_come(row.standing)).collect();
    html! {
        section #next {
            h2 { (words::NEXT.to(lang)) " " span.count { (rows.len()) } }
            @if rows.is_empty() { p { (words::NO_NEXT.to(lang)) } }
            @else {
                ol.rows { @for row in rows.iter().take(NEXT_MAX) {
                    li.row {
                        span.when { (view.time(row.opens)) "–" (view.time(row.deadline)) }
                        span.who { strong { (name(lang, &row.person)) }
                            span.address { (row.person.address) } }
                        span.standing {
                            (sign(Sign::of_standing(row.standing)))
                            span { (texts::standing(row.standing).to(lang)) }
                        }
                    }
                } }
                @if let Some(more) = rows.len().checked_sub(NEXT_MAX).filter(|more| *more > 0) {
                    p { (words::and_more(lang, more)) }
                }
            }
        }
    }
}

fn is_to_come(standing: Standing) -> bool {
    match standing {
        Standing::Planned | Standing::Ongoing | Standing::Overdue => true,
        Standing::Visible { .. }
        | Standing::VisibleLate { .. }
        | Standing::Said { .. }
        | Standing::CalledOff(_)
        | Standing::Exception { .. } => false,
    }
}

/// Who has a row that is handed over, and what was found about it so far.
fn standing(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    let found = row.handling.found().iter();
    let found: Vec<&str> = found.map(|it| hands::found(*it).to(lang)).collect();
    html! {
        (super::hands::holder(view, row))
        @if !found.is_empty() { " " (hands::FOUND.to(lang)) " " (found.join(", ")) "." }
    }
}
