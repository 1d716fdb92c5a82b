//! A resident's extract of the log, in plain words and for paper.

use maud::{Markup, html};

use nattsyn_protocol::ids::ResidentId;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{Lang, audit as words, extract, ledger};
use super::{Menu, Script, audit, shell, still};
use crate::audit::extract::{Extract, Line, What, Whole};
use crate::view::Tonight;

/// Whose extract it is.
pub(in crate::http) struct Whose {
    pub(in crate::http) id: ResidentId,
    pub(in crate::http) name: String,
}

/// The whole page.
pub(in crate::http) fn document(
    (tonight, viewer): (&Tonight, &Viewer),
    lang: Lang,
    whose: &Whose,
    extract: &Extract,
) -> Markup {
    let face = Clockface::new(&tonight.zone, tonight.night, lang);
    let own = html! {
        section #extract {
            h1 { (words::EXTRACT_TITLE.to(lang)) }
            p.chosen { (whose.name) }
            p.meaning { (words::EXTRACT_MEANING.to(lang)) }
            p.meaning { (words::NO_PICTURES.to(lang)) }
            p.ways { button.press type="button" data-print hidden { (ledger::PRINT.to(lang)) } }
            @if extract.lines.is_empty() { p { (words::NOTHING_YET.to(lang)) } }
            ol.rows { @for line in &extract.lines { (row(lang, viewer, &face, line)) } }
            @match extract.whole {
                Whole::Yes => {}
                Whole::No => p.notice { (words::NOT_WHOLE.to(lang)) },
            }
        }
        section #lists {
            h2 { (words::LISTS.to(lang)) }
            ul {
                @for (act, count) in &extract.lists {
                    li { (count) " " (words::TIMES.to(lang)) ": " (words::act(lang, *act)) }
                }
            }
        }
        p.meaning { (words::MADE.to(lang)) " " (face.dated(tonight.now)) }
    };
    let menu = Menu { viewer, here: None };
    let other = format!(
        "/residents/{}/extract?lang={}",
        whose.id,
        lang.other().tag()
    );
    let body = still::body(lang, tonight, (&other, &menu), &own);
    // Not whose: a title stays in the history of a phone that several people share.
    let title = format!("{} – Nattsyn", words::EXTRACT_TITLE.to(lang));
    shell(lang, &title, Script::Print, &body)
}

fn row(lang: Lang, viewer: &Viewer, face: &Clockface, line: &Line) -> Markup {
    html! {
        li {
            p {
                @if let Some(at) = line.at {
                    time datetime=(face.exact(at)) { (face.dated(at)) }
                }
                " – " strong { (audit::who(lang, viewer, line.who.clone())) } " "
                @match &line.what {
                    What::Act(act) => (words::act(lang, *act)),
                    What::Word(word) => (word),
                }
                @if let Some(lasted) = line.lasted {
                    ", "
                    (words::seconds(lang, i64::try_from(lasted.as_millis()).unwrap_or(i64::MAX)))
                }
                @let why = why(lang, line);
                @if !why.is_empty() { " (" (why) ")" }
            }
        }
    }
}

/// Why, in words where there are any.
fn why(lang: Lang, line: &Line) -> &str {
    match &line.what {
        What::Act(act) => extract::of_a_view(lang, *act, &line.why).unwrap_or(&line.why),
        What::Word(_) => &line.why,
    }
}
