//! What needs somebody and is about no check, and whom each row is for.
//!
//! What is about a resident, or a team that is not shown to be reached, stands with what needs a
//! person ([`of_people`]): a plan that nobody keeps must not hide among units. "Drift" below it
//! holds the rest, a unit, a broker, a clock: night staff are not asked to mend a unit.

use maud::{Markup, html};

use crate::view::{MatterRow, Tonight};
use crate::watch::situation::Situation;
use crate::watch::{Closing, Subject};

use super::super::texts::{self, Lang, hands, matters as words};
use super::signs::{Sign, sign};
use super::{View, proof};

/// The rows; nothing at all if there are none.
pub(super) fn section(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let rows: Vec<&MatterRow> = view
        .tonight
        .matters
        .iter()
        .filter(|row| !is_of(row))
        .collect();
    html! {
        section #matters {
            @if !rows.is_empty() {
                h2 { (texts::MATTERS.to(lang)) " " span.count { (rows.len()) } }
                ul.rows { @for row in rows { (matter(view, row)) } }
            }
        }
    }
}

/// Those about a resident, oldest first, unless an exception says the same of them.
pub(super) fn of_people(tonight: &Tonight) -> Vec<&MatterRow> {
    let is_said = |row: &MatterRow| {
        let mut open = tonight.open.iter();
        open.any(|exception| {
            let situation = Situation::of(exception.cause, exception.punctuality);
            Subject::Resident(exception.person.resident) == row.subject
                && situation == Some(row.situation)
        })
    };
    let rows = tonight.matters.iter().filter(|row| is_of(row));
    rows.filter(|row| !is_said(row)).collect()
}

/// Whether a row is about people: a resident, or a team that may not be reached.
fn is_of(row: &MatterRow) -> bool {
    match row.subject {
        Subject::Resident(_) => true,
        // That nobody is shown to be reached concerns everybody whom a row is about; that one
        // message did not get through can wait for the morning.
        Subject::Team(_) => row.situation != Situation::TestNotWhole,
        Subject::Unit(_) | Subject::Hub => false,
    }
}

/// One of them, as it stands with the exceptions.
pub(super) fn of_person(view: &View<'_>, row: &MatterRow) -> Markup {
    let lang = view.lang;
    let text = texts::of_situation(row.situation).to(lang);
    let name = about(lang, row.subject, &row.about);
    html! {
        li.exception #{ "m" (row.id) } data-exception={ "m" (row.id) } data-alarm=(alarm(row))
            data-situation=(row.situation.word()) data-say={ (name) ": " (text) "." } {
            h2 {
                (sign(Sign::Technical))
                span { (text) }
            }
            p.who { strong { (linked(lang, row, &name)) } }
            (may_do(lang, row.situation))
            (proof::told(view, row))
            dl.times {
                div {
                    dt { (texts::SINCE.to(lang)) }
                    dd { (view.time(row.opened)) (again(view, row)) }
                }
            }
            div.hands { (closing(view, row)) }
        }
    }
}

/// What is new about it: said aloud once.
pub(super) fn alarm(row: &MatterRow) -> String {
    format!("m{}", row.id)
}

/// Whom a row is for, and what they may do.
pub(super) fn may_do(lang: Lang, situation: Situation) -> Markup {
    let table = situation.row();
    html! {
        p.may {
            span.label { (texts::FOR.to(lang)) " " (texts::owner(table.owner).to(lang)) ":" } " "
            (texts::steps(lang, table.steps))
        }
    }
}

fn matter(view: &View<'_>, row: &MatterRow) -> Markup {
    let lang = view.lang;
    let table = row.situation.row();
    html! {
        li.row #{ "m" (row.id) } data-situation=(row.situation.word()) {
            span.when { (texts::SINCE.to(lang)) " " (view.time(row.opened)) (again(view, row)) }
            span.who { strong { (linked(lang, row, &about(lang, row.subject, &row.about))) } }
            span.standing {
                (sign(Sign::Technical))
                span { (texts::of_situation(row.situation).to(lang)) }
            }
            span.detail {
                (texts::FOR.to(lang)) " " (texts::owner(table.owner).to(lang)) ". "
                (texts::steps(lang, table.steps))
            }
            div.detail.hands { (closing(view, row)) }
        }
    }
}

/// Whom it concerns, with the way to their page.
fn linked(lang: Lang, row: &MatterRow, name: &str) -> Markup {
    match row.subject {
        Subject::Resident(resident) => html! {
            a href=(format!("/residents/{resident}?lang={}", lang.tag())) { (name) }
        },
        Subject::Unit(_) | Subject::Team(_) | Subject::Hub => html! { (name) },
    }
}

/// When it was so last, if that was later.
fn again(view: &View<'_>, row: &MatterRow) -> Markup {
    html! {
        @if row.seen > row.opened {
            ", " (words::LAST_SEEN.to(view.lang)) " " (view.time(row.seen))
        }
    }
}

/// How it ended, for whoever saw to it. Nobody who has not seen it as it is can close it.
fn closing(view: &View<'_>, row: &MatterRow) -> Markup {
    let lang = view.lang;
    let ways = Closing::of(row.situation);
    if ways.is_empty() {
        return html! { p { (words::GOES_BY_ITSELF.to(lang)) } };
    }
    html! {
        details #{ "mo" (row.id) } {
            summary #{ "ms" (row.id) } { (words::HOW_ENDED.to(lang)) }
            form method="post" action=(format!("/matters/{}?lang={}", row.id, lang.tag())) {
                input type="hidden" name="seen" value=(row.seen.as_ms());
                fieldset {
                    legend { (words::ENDS.to(lang)) }
                    @for &how in ways {
                        @let id = format!("mo{}-{}", row.id, how.word());
                        label for=(id) {
                            input id=(id) type="radio" name="how" value=(how.word()) required;
                            span { (words::how(how).to(lang)) }
                        }
                    }
                }
                @if ways.contains(&Closing::Mistaken) { p { (words::MISTAKEN_MEANS.to(lang)) } }
                button #{ "mw" (row.id) } { (hands::WRITE.to(lang)) }
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
        Subject::Team(team) => format!("{} {team}", texts::proof::TEAM.to(lang)),
        Subject::Hub => "Nattsyn".to_owned(),
    }
}
