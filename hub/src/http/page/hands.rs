//! What staff can do about a row: take it, go there, say how it went.
//!
//! One press takes a row, and nothing is lost by it: a row that is taken and left falls back. To
//! end one takes three, so that none vanishes by accident.

use maud::{Markup, html};

use nattsyn_protocol::time::Timestamp;

use crate::exception::{State, Step, Unresolved};
use crate::view::ExceptionRow;
use crate::watch::{Said, StaffId};

use super::super::texts::hands::{self, Doing, Holder};
use super::super::texts::told;
use super::View;

/// In how many minutes somebody can say to be there.
const THERE_IN: [u32; 4] = [5, 10, 20, 40];

/// Who has a row, and what can be done about it.
pub(super) fn hands(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    let is_mine = row.handling.holder() == Some(&view.viewer.me.id);
    let is_there = matches!(row.handling.state(), State::There { .. });
    html! {
        div.hands {
            (found(view, row))
            p.holder { (holder(view, row)) }
            @if let Some(progress) = view.told.rows.get(&row.id) {
                p.told { (told::progress(lang, progress)) }
            }
            @if row.handling.holder().is_none() {
                (press(view, row, "take", hands::TAKE.to(lang), "main"))
            } @else if is_mine && !is_there {
                (press(view, row, "arrive", hands::ARRIVE.to(lang), "main"))
            }
            (outcome(view, row))
            (more(view, row))
        }
    }
}

/// What was found so far, and what it leads to.
fn found(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let found = row.handling.found();
    if found.is_empty() {
        return html! {};
    }
    let lang = view.lang;
    let words: Vec<&str> = found.iter().map(|it| hands::found(*it).to(lang)).collect();
    let first = Step::first(row.cause, row.agreed.as_ref());
    html! {
        p.found {
            span.label { (hands::FOUND.to(lang)) } " " (words.join(", ")) ". "
            span.label { (hands::NEXT_STEP.to(lang)) } " "
            strong { (hands::step(row.handling.step(first)).to(lang)) }
        }
    }
}

pub(super) fn holder(view: &View<'_>, row: &ExceptionRow) -> String {
    let show = |at: Timestamp| view.face.show(at);
    let until = row.handling.falls_back_at().map(show).unwrap_or_default();
    let said = |by: &StaffId, at: Timestamp, doing: Doing<'_>| {
        let name = view.viewer.name(by);
        let who = if *by == view.viewer.me.id {
            Holder::You
        } else {
            Holder::Other(&name)
        };
        hands::holder(view.lang, who, doing, &show(at), &until)
    };
    match row.handling.state() {
        State::Open | State::Closed(_) => hands::NOBODY.to(view.lang).to_owned(),
        State::Taken { by, at } => said(by, *at, Doing::Has),
        State::OnTheWay { by, at, arrives } => said(by, *at, Doing::Goes(&show(*arrives))),
        State::There { by, at } => said(by, *at, Doing::Stays),
    }
}

/// How it went: what ends the row, and what does not.
fn outcome(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    let choice = |word: &str, text: &str| {
        let id = format!("o{}-{word}", row.id);
        html! {
            label for=(id) {
                input id=(id) type="radio" name="how" value=(word) required;
                span { (text) }
            }
        }
    };
    html! {
        details #{ "o" (row.id) } {
            summary #{ "os" (row.id) } { (hands::OUTCOME.to(lang)) }
            (form(view, row, &html! {
                fieldset {
                    legend { (hands::ENDS_ROW.to(lang)) }
                    @for said in Said::WELL { (choice(said.word(), hands::how(said).to(lang))) }
                }
                fieldset {
                    legend { (hands::KEEPS_ROW.to(lang)) }
                    @for it in Unresolved::ALL { (choice(it.word(), hands::found(it).to(lang))) }
                }
                button #{ "ow" (row.id) } name="act" value="outcome" { (hands::WRITE.to(lang)) }
            }))
            (died(view, row))
        }
    }
}

/// That the resident was found dead: apart from what says that all is well, in plain words, and
/// only when it is certain.
fn died(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    let sure = format!("ds{}", row.id);
    html! {
        details #{ "d" (row.id) } {
            summary #{ "du" (row.id) } { (hands::how(Said::Died).to(lang)) }
            (form(view, row, &html! {
                p { (hands::DIED_MEANS.to(lang)) }
                label for=(sure) {
                    input id=(sure) type="checkbox" name="sure" value="yes" required;
                    span { (hands::died_sure(lang, &row.person.name)) }
                }
                button #{ "dw" (row.id) } name="act" value="died" { (hands::WRITE.to(lang)) }
            }))
        }
    }
}

/// What is pressed more seldom.
fn more(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    let is_others = row
        .handling
        .holder()
        .is_some_and(|by| *by != view.viewer.me.id);
    let title = match row.handling.holder() {
        Some(_) if is_others => hands::OTHERS,
        Some(_) => hands::MORE,
        None => hands::LEAVE,
    };
    html! {
        details #{ "h" (row.id) } {
            summary #{ "hs" (row.id) } { (title.to(lang)) }
            @if is_others {
                (press(view, row, "take_over", hands::TAKE_OVER.to(lang), "quiet"))
            } @else {
                (form(view, row, &html! {
                    input type="hidden" name="act" value="go";
                    fieldset.minutes {
                        legend { (hands::GO.to(lang)) }
                        @for minutes in THERE_IN {
                            button #{ "g" (row.id) "-" (minutes) } name="minutes" value=(minutes) {
                                (minutes) " min"
                            }
                        }
                    }
                }))
                @if row.handling.holder().is_none() {
                    (press(view, row, "arrive", hands::ARRIVE.to(lang), "quiet"))
                } @else {
                    (press(view, row, "return", hands::RETURN.to(lang), "quiet"))
                }
            }
        }
    }
}

/// One button that does one thing.
fn press(view: &View<'_>, row: &ExceptionRow, act: &str, text: &str, kind: &str) -> Markup {
    let button = html! {
        button #{ "b" (row.id) "-" (act) } class=(kind) name="act" value=(act) { (text) }
    };
    form(view, row, &button)
}

fn form(view: &View<'_>, row: &ExceptionRow, fields: &Markup) -> Markup {
    let address = format!("/rows/{}?lang={}", row.id, view.lang.tag());
    html! {
        form method="post" action=(address) {
            input type="hidden" name="turn" value=(row.handling.turn());
            input type="hidden" name="checks" value=(row.checks.len());
            input type="hidden" name="cause" value=(row.cause);
            (fields)
        }
    }
}
