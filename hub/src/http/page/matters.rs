//! "Drift": what needs somebody and is about no check: a unit, a broker, a clock, a plan.
//!
//! It stands below what needs a person tonight, and says whom each row is for: night staff are
//! not asked to mend a unit.

use maud::{Markup, html};

use crate::view::MatterRow;
use crate::watch::Subject;

use super::super::texts::{self, Lang};
use super::View;
use super::signs::{Sign, sign};

/// The rows; nothing at all if there are none.
pub(super) fn section(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let rows = &view.tonight.matters;
    html! {
        section #matters {
            @if !rows.is_empty() {
                h2 { (texts::MATTERS.to(lang)) " " span.count { (rows.len()) } }
                ul.rows { @for row in rows { (matter(view, row)) } }
            }
        }
    }
}

fn matter(view: &View<'_>, row: &MatterRow) -> Markup {
    let lang = view.lang;
    let table = row.situation.row();
    html! {
        li.row #{ "m" (row.id) } data-situation=(row.situation.word()) {
            span.when { (texts::SINCE.to(lang)) " " (view.time(row.opened)) }
            span.who { strong { (about(lang, row.subject, &row.about)) } }
            span.standing {
                (sign(Sign::Technical))
                span { (texts::of_situation(row.situation).to(lang)) }
            }
            span.detail {
                (texts::FOR.to(lang)) " " (texts::owner(table.owner).to(lang)) ". "
                (texts::steps(lang, table.steps))
            }
        }
    }
}

/// Whom or where a matter concerns: the words that staff know, and a unit's id for who mends it.
pub(super) fn about(lang: Lang, subject: Subject, about: &str) -> String {
    match subject {
        Subject::Unit(unit) if about.is_empty() => format!("{} {unit}", texts::UNIT.to(lang)),
        Subject::Unit(unit) => format!("{about} ({} {unit})", texts::UNIT.to(lang)),
        Subject::Resident(resident) if about.is_empty() => resident.to_string(),
        Subject::Resident(_) => about.to_owned(),
        Subject::Hub => "Nattsyn".to_owned(),
    }
}
