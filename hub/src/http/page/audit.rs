//! "Logg": who opened or did what, for whoever looks after data protection.
//!
//! Shows rows and says whether their head lies outside the hub. It changes nothing.

use std::collections::BTreeMap;

use maud::{Markup, html};

use nattsyn_protocol::time::Timestamp;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{Lang, audit as words};
use super::{Book, Menu, Script, View, shell, still};
use crate::audit::heads::{Outside, YOUNG};
use crate::audit::{Act, Who, Written};
use crate::staff::Role;
use crate::view::{Reality, Tonight};

/// What the page is made from.
pub(in crate::http) struct Sheet<'a> {
    pub(in crate::http) lang: Lang,
    pub(in crate::http) tonight: &'a Tonight,
    pub(in crate::http) viewer: &'a Viewer,
    pub(in crate::http) asked: &'a Asked,
    pub(in crate::http) rows: &'a [Written],
    /// Residents' names by id.
    pub(in crate::http) names: &'a BTreeMap<String, String>,
    /// How many rows there are in all.
    pub(in crate::http) count: u64,
    /// Most rows that are shown.
    pub(in crate::http) most: u32,
    /// Where the head is, if anybody looks after it.
    pub(in crate::http) outside: Option<Outside>,
}

/// A search, as typed.
pub(in crate::http) struct Asked {
    pub(in crate::http) about: String,
    pub(in crate::http) who: String,
    pub(in crate::http) act: String,
    pub(in crate::http) from: String,
    pub(in crate::http) until: String,
}

/// The whole page.
pub(in crate::http) fn document(sheet: &Sheet<'_>) -> Markup {
    let lang = sheet.lang;
    let face = Clockface::new(&sheet.tonight.zone, sheet.tonight.night, lang);
    let own = html! {
        section #log {
            h1 { (words::TITLE.to(lang)) }
            p.meaning { (words::MEANING.to(lang)) }
            (head(sheet, &face))
            (search(sheet))
        }
        section #rows {
            @if sheet.rows.is_empty() { p { (words::NOTHING.to(lang)) } }
            @else { (table(sheet, &face)) }
            @if u32::try_from(sheet.rows.len()).is_ok_and(|shown| shown >= sheet.most) {
                p.meaning { (words::MORE.to(lang)) }
            }
        }
    };
    let menu = Menu {
        viewer: sheet.viewer,
        here: Some(Book::Log),
    };
    let other = address(sheet, "/audit", lang.other());
    let body = still::body(lang, sheet.tonight, (&other, &menu), &own);
    let title = format!("{} – Nattsyn", words::TITLE.to(lang));
    shell(lang, &title, Script::Print, &body)
}

/// Whether a change of the log would be found.
fn head(sheet: &Sheet<'_>, face: &Clockface) -> Markup {
    let lang = sheet.lang;
    let now = sheet.tonight.now;
    html! {
        @match sheet.outside.unwrap_or_default() {
            Outside::Nowhere => p.notice { (words::NOWHERE.to(lang)) },
            Outside::Since(at) if now.since(at) <= YOUNG => {
                p.meaning { (words::OUTSIDE.to(lang)) " " (face.dated(at)) }
            }
            Outside::Since(at) | Outside::Failing(Some(at)) => {
                p.trouble { (words::NOT_OUTSIDE.to(lang)) " " (face.dated(at)) }
            }
            Outside::Failing(None) => {
                p.trouble { (words::NOT_OUTSIDE.to(lang)) " " (words::NOT_SINCE_START.to(lang)) }
            }
        }
    }
}

/// On tonight's page, for those who lead: that a change of the log would not be found. Nobody else
/// can do anything about it at night.
pub(super) fn unkept(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let mut roles = view.viewer.roles.iter();
    let leads = roles.any(|role| role == Role::NightLead || role == Role::UnitManager);
    let heads = match (leads, view.tonight.reality) {
        (true, Reality::Homes) => view.viewer.heads,
        (true, Reality::Demonstration) | (false, _) => None,
    };
    html! {
        @match heads {
            None => {}
            Some(Outside::Nowhere) => p.notice { (words::NOWHERE.to(lang)) },
            Some(Outside::Since(at) | Outside::Failing(Some(at)))
                if view.tonight.now.since(at) > YOUNG =>
            {
                p.notice { (words::NOT_OUTSIDE.to(lang)) " " (view.face.dated(at)) }
            }
            Some(Outside::Since(_) | Outside::Failing(Some(_))) => {}
            Some(Outside::Failing(None)) => p.notice {
                (words::NOT_OUTSIDE.to(lang)) " " (words::NOT_SINCE_START.to(lang))
            },
        }
    }
}

fn search(sheet: &Sheet<'_>) -> Markup {
    let (lang, asked) = (sheet.lang, sheet.asked);
    html! {
        form.search method="get" action="/audit" {
            input type="hidden" name="lang" value=(lang.tag());
            label for="about" { (words::ABOUT.to(lang)) }
            select #about name="about" {
                option value="" { (words::EVERY.to(lang)) }
                @for (id, name) in sheet.names {
                    option value=(id) selected[*id == asked.about] { (name) " (" (id) ")" }
                }
            }
            label for="who" { (words::WHO.to(lang)) }
            input #who type="text" name="who" value=(asked.who) autocapitalize="none"
                spellcheck="false" maxlength="32";
            label for="act" { (words::ACT.to(lang)) }
            select #act name="act" {
                option value="" { (words::EVERY.to(lang)) }
                @for act in Act::ALL {
                    option value=(act.word()) selected[act.word() == asked.act] {
                        (words::act(lang, *act))
                    }
                }
            }
            label for="from" { (words::FROM.to(lang)) }
            input #from type="date" name="from" value=(asked.from);
            label for="until" { (words::UNTIL.to(lang)) }
            input #until type="date" name="until" value=(asked.until);
            button.press type="submit" { (words::SEARCH.to(lang)) }
        }
        p.ways {
            a.press href=(address(sheet, "/audit.csv", lang)) {
                (words::AS_TABLE.to(lang)) " (" (words::rows(lang, sheet.count)) ")"
            }
            @if sheet.names.contains_key(&asked.about) {
                a.press href=(format!("/residents/{}/extract?lang={}", asked.about, lang.tag())) {
                    (words::EXTRACT.to(lang))
                }
            }
        }
    }
}

/// The same search at an address. Every field was read before, so none has anything to escape but
/// what a question's reader let through: letters, digits, `-`, `_` and `?`.
fn address(sheet: &Sheet<'_>, path: &str, lang: Lang) -> String {
    let asked = sheet.asked;
    let who = asked.who.replace('?', "%3F");
    format!(
        "{path}?about={}&who={who}&act={}&from={}&until={}&lang={}",
        asked.about,
        asked.act,
        asked.from,
        asked.until,
        lang.tag()
    )
}

fn table(sheet: &Sheet<'_>, face: &Clockface) -> Markup {
    let lang = sheet.lang;
    html! {
        // The same twice: seven columns fit no phone, and nothing is to be scrolled sideways.
        ol.rows.narrow reversed start=[sheet.rows.first().map(|row| row.id.0)] {
            @for row in sheet.rows { (short(sheet, face, row)) }
        }
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { (words::ROW.to(lang)) }
                        th scope="col" { (words::AT.to(lang)) }
                        th scope="col" { (words::BY.to(lang)) }
                        th scope="col" { (words::ACT.to(lang)) }
                        th scope="col" { (words::PERSON.to(lang)) }
                        th scope="col" { (words::LASTED.to(lang)) }
                        th scope="col" { (words::DETAIL.to(lang)) }
                    }
                }
                tbody { @for row in sheet.rows { (line(sheet, face, row)) } }
            }
        }
    }
}

fn line(sheet: &Sheet<'_>, face: &Clockface, row: &Written) -> Markup {
    let lang = sheet.lang;
    html! {
        tr {
            th scope="row" { (row.id) }
            td { (when(face, row)) }
            td { (who(lang, sheet.viewer, row.who.parse().ok())) }
            td { (act(lang, row)) }
            td { (about(sheet, row)) }
            td { @if let Some(ms) = row.lasted_ms { (words::seconds(lang, ms)) } }
            td { (row.detail) }
        }
    }
}

/// A row where there is no room for columns.
fn short(sheet: &Sheet<'_>, face: &Clockface, row: &Written) -> Markup {
    let lang = sheet.lang;
    html! {
        li.row {
            span.when { (words::ROW.to(lang)) " " (row.id) ", " (when(face, row)) }
            span.who {
                strong { (who(lang, sheet.viewer, row.who.parse().ok())) } " " (act(lang, row))
                @if row.about.is_some() { ": " (about(sheet, row)) }
            }
            span.detail {
                @if let Some(ms) = row.lasted_ms { (words::seconds(lang, ms)) " " }
                (row.detail)
            }
        }
    }
}

fn when(face: &Clockface, row: &Written) -> String {
    match Timestamp::from_ms(row.at_ms) {
        Ok(at) => face.dated(at),
        Err(_) => row.at_ms.to_string(),
    }
}

fn act(lang: Lang, row: &Written) -> &str {
    match Act::from_word(&row.act) {
        Some(act) => words::act(lang, act),
        None => &row.act,
    }
}

/// Whom it is about, by name.
fn about<'a>(sheet: &'a Sheet<'_>, row: &'a Written) -> &'a str {
    let about = row.about.as_deref().unwrap_or_default();
    sheet.names.get(about).map_or(about, String::as_str)
}

/// Who did it, by name and id.
pub(super) fn who(lang: Lang, viewer: &Viewer, who: Option<Who>) -> String {
    match who {
        Some(Who::Staff(id)) => {
            let name = viewer.name(&id);
            match name == id.to_string() {
                true => name,
                false => format!("{name} ({id})"),
            }
        }
        Some(Who::Hub) => words::ITSELF.to(lang).to_owned(),
        Some(Who::Unknown) | None => words::UNKNOWN.to(lang).to_owned(),
    }
}
