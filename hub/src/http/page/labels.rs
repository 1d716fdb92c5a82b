//! Checks that are followed by a visit by lot, and what was found there.
//!
//! No alarm and no deadline: whoever cannot go loses nothing, and the page says so.

use maud::{Markup, html};

use nattsyn_protocol::labels::Found;

use crate::labels::{CHANGED_WITHIN, NotNow, Said, Word, is_open, right, until};
use crate::view::CheckRow;

use super::super::texts::{Phrase, labels as says};
use super::{View, name};

/// That checks are drawn tonight, with the way to their page; nothing where none is.
pub(super) fn section(view: &View<'_>) -> Markup {
    let drawn = view.tonight.checks.iter();
    let drawn: Vec<&CheckRow> = drawn.filter(|it| is_drawn(view, it)).collect();
    if drawn.is_empty() {
        return html! {};
    }
    html! {
        section #drawn {
            h2 { (says::TITLE.to(view.lang)) " " span.count { (drawn.len()) } }
            p { (says::WHAT.to(view.lang)) }
            ol.rows { @for check in drawn {
                li.row data-drawn=(check.id) {
                    span.when { (view.time(check.opens)) "–" (view.time(check.deadline)) }
                    span.who {
                        strong { (name(view.lang, &check.person)) }
                        span.address { (check.person.address) }
                    }
                    @if let Some(said) = view.tonight.labels.of(check.id).last() {
                        span.standing { (word(said).to(view.lang)) }
                    }
                }
            } }
            p { a.press href=(format!("/labels?lang={}", view.lang.tag())) { (says::SAY.to(view.lang)) } }
        }
    }
}

fn is_drawn(view: &View<'_>, check: &CheckRow) -> bool {
    view.tonight.labels.draw_of(check.id).is_some()
}

/// The way to say that a bed is empty which a check has just called occupied; nothing where no such
/// check is.
pub(super) fn way(view: &View<'_>) -> Markup {
    let mut checks = view.tonight.checks.iter();
    if !checks.any(|it| !is_drawn(view, it) && can_be_empty(view, it)) {
        return html! {};
    }
    html! {
        p { a.press href=(format!("/labels?lang={}#empty", view.lang.tag())) {
            (says::EMPTY_WAY.to(view.lang))
        } }
    }
}

/// The page's own part.
pub(super) fn body(view: &View<'_>, trouble: Option<Phrase>) -> Markup {
    let lang = view.lang;
    let (drawn, others): (Vec<&CheckRow>, Vec<&CheckRow>) = view
        .tonight
        .checks
        .iter()
        .partition(|it| is_drawn(view, it));
    let others = others.into_iter().filter(|it| can_be_empty(view, it));
    let others: Vec<&CheckRow> = others.collect();
    html! {
        section #labels {
            h1 { (says::TITLE.to(lang)) }
            @if let Some(trouble) = trouble { p.notice role="alert" { (trouble.to(lang)) } }
            p { (says::WHAT.to(lang)) }
            @if drawn.is_empty() { div.nothing { p { (says::NONE.to(lang)) } } }
            ol.visits { @for check in drawn { (visit(view, check, &WORDS)) } }
        }
        @if !others.is_empty() {
            section #empty {
                h2 { (says::EMPTY.to(lang)) }
                p { (says::EMPTY_WHAT.to(lang)) }
                ol.visits { @for check in others { (visit(view, check, &EMPTY)) } }
            }
        }
    }
}

/// Whether it can be said of a check that was not drawn that the bed is empty, or somebody has.
fn can_be_empty(view: &View<'_>, check: &CheckRow) -> bool {
    let empty = (check.id, Word::Found(Found::Nobody));
    let is_said = view.tonight.labels.of(check.id).next().is_some();
    is_said || right(view.tonight, empty).is_ok()
}

const WORDS: [(Word, Phrase); 3] = [
    (Word::Found(Found::Nobody), says::NOBODY),
    (Word::Found(Found::Somebody), says::SOMEBODY),
    (Word::Unknown, says::UNKNOWN),
];

const EMPTY: [(Word, Phrase); 1] = [(Word::Found(Found::Nobody), says::NOBODY)];

/// What can be said instead of that a bed is empty which was not drawn: nothing.
const TAKEN_BACK: [(Word, Phrase); 1] = [(Word::Unknown, says::TAKE_BACK)];

fn visit(view: &View<'_>, check: &CheckRow, words: &[(Word, Phrase)]) -> Markup {
    let lang = view.lang;
    let said = view.tonight.labels.of(check.id).last();
    html! {
        li.visit #{ "c" (check.id) } data-label=(check.id) {
            p.who {
                strong { (name(lang, &check.person)) } " "
                span.address { (check.person.address) }
            }
            p {
                span.label { (says::CHECK.to(lang)) } " "
                (view.time(check.opens)) "–" (view.time(check.deadline))
            }
            @match (said, until(check, view.tonight.now)) {
                (Some(said), _) => (answered(view, said, words)),
                (None, Ok(until)) => {
                    p { (says::UNTIL.to(lang)) " " (view.time(until)) }
                    (form(view, (check, None), words))
                }
                (None, Err(NotNow::Late)) => p { (says::LATE.to(lang)) },
                (None, Err(_)) => p { (says::EARLY.to(lang)) },
            }
        }
    }
}

/// What somebody said, and for some minutes the way to say it otherwise.
fn answered(view: &View<'_>, said: &Said, words: &[(Word, Phrase)]) -> Markup {
    let (lang, now) = (view.lang, view.tonight.now);
    let until = said.at.after(CHANGED_WITHIN);
    let check = view.tonight.checks.iter().find(|it| it.id == said.check);
    let open = check.filter(|_| is_open(said.at.as_ms(), now));
    // What was taken back of a check that was not drawn can be said once more.
    let words = match (words.len(), said.word) {
        (1, Word::Found(_)) => &TAKEN_BACK,
        _ => words,
    };
    html! {
        p data-said {
            strong { (word(said).to(lang)) } ". " (view.viewer.name(&said.by)) " " (view.time(said.at))
        }
        @if let Some(check) = open {
            p { (says::CHANGED_UNTIL.to(lang)) " " (view.time(until)) }
            (form(view, (check, Some(said.word)), words))
        }
    }
}

fn form(
    view: &View<'_>,
    (check, said): (&CheckRow, Option<Word>),
    words: &[(Word, Phrase)],
) -> Markup {
    html! {
        form method="post" data-leave action=(format!("/labels/{}?lang={}", check.id, view.lang.tag())) {
            @for (one, text) in words {
                @let pressed = said.map(|said| if said == *one { "true" } else { "false" });
                button.press name="found" value=(one.tag()) aria-pressed=[pressed] {
                    (text.to(view.lang))
                }
            }
        }
    }
}

fn word(said: &Said) -> Phrase {
    match said.word {
        Word::Found(Found::Nobody) => says::NOBODY,
        Word::Found(Found::Somebody) => says::SOMEBODY,
        Word::Unknown => says::UNKNOWN,
    }
}
