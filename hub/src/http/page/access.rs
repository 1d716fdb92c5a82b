//! Who may do what: the matrix of roles, the people who have them, and what somebody reads whose
//! role does not allow a page.

use std::time::Duration;

use maud::{Markup, html};

use nattsyn_protocol::time::Timestamp;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{self, Lang, access as words, ledger};
use super::{Book, Menu, Script, header, shell, still};
use crate::staff::rights::{Held, Person};
use crate::staff::{Allowed, Permission, Role};
use crate::view::Tonight;

/// What the people's part needs.
struct Review<'a> {
    lang: Lang,
    face: Clockface,
    now: Timestamp,
    every: Duration,
    viewer: &'a Viewer,
}

/// The whole page: the matrix, and the people for whoever goes through them.
pub(in crate::http) fn document(
    (tonight, viewer): (&Tonight, &Viewer),
    lang: Lang,
    (people, every): (Option<&[Person]>, Option<Duration>),
) -> Markup {
    let review = Review {
        lang,
        face: Clockface::new(&tonight.zone, tonight.night, lang),
        now: tonight.now,
        every: every.unwrap_or_default(),
        viewer,
    };
    let own = html! {
        section {
            h1 { (words::TITLE.to(lang)) }
            p.ways { button.press type="button" data-print hidden { (ledger::PRINT.to(lang)) } }
        }
        @if let Some(people) = people { (review_of(&review, people)) }
        (matrix(lang))
    };
    let menu = Menu {
        viewer,
        here: Some(Book::Access),
    };
    let other = format!("/access?lang={}", lang.other().tag());
    let body = still::body(lang, tonight, (&other, &menu), &own);
    let title = format!("{} – Nattsyn", words::TITLE.to(lang));
    shell(lang, &title, Script::Print, &body)
}

/// Who has which roles, and what is to be gone through.
fn review_of(review: &Review<'_>, people: &[Person]) -> Markup {
    let lang = review.lang;
    let due = people.iter().flat_map(|person| &person.standing.held);
    let due = due.filter(|held| overdue(review, held)).count();
    html! {
        section #people {
            h2 { (words::REVIEW.to(lang)) }
            p.meaning { (words::review_meaning(lang, review.every)) }
            (super::rights::endings(
                lang,
                &review.face,
                (&review.viewer.rights.endings, review.now),
            ))
            @match due {
                0 => p { (words::NOTHING_DUE.to(lang)) },
                _ => p.notice { (words::DUE.to(lang)) " " (due) },
            }
            @for role in unstaffed(people) {
                p.notice { (words::UNSTAFFED.to(lang)) " " (words::role(lang, role)) }
            }
            ul.rows { @for person in people { (row(review, person)) } }
        }
    }
}

/// Roles without which nights or rights are nobody's (R75).
fn unstaffed(people: &[Person]) -> Vec<Role> {
    let needed = [
        Role::NightStaff,
        Role::NightLead,
        Role::UnitManager,
        Role::DataProtection,
    ];
    let has = |role: &Role| {
        let mut held = people.iter().flat_map(|person| &person.standing.held);
        held.any(|held| held.role == *role)
    };
    needed.into_iter().filter(|role| !has(role)).collect()
}

fn overdue(review: &Review<'_>, held: &Held) -> bool {
    review.now.since(held.confirmed) > review.every
}

fn row(review: &Review<'_>, person: &Person) -> Markup {
    let (lang, id) = (review.lang, &person.member.id);
    html! {
        li.person {
            h3 { (person.member.name) " (" (id) ")" }
            p.meaning {
                (words::LAST_HERE.to(lang)) " "
                @match person.last_here {
                    Some(at) => (review.face.dated(at)),
                    None => (words::NEVER.to(lang)),
                }
            }
            @if person.standing.held.is_empty() { p { (words::NO_ROLE.to(lang)) } }
            @for held in &person.standing.held { (role_row(review, person, held)) }
            p {
                (words::TRAINING.to(lang)) " "
                @match &person.standing.training {
                    Some(training) => {
                        (training.day) ", " (review.viewer.name(&training.by))
                    }
                    None => (words::NONE_YET.to(lang)),
                }
            }
            form.choose method="post" action=(format!("/access/training?lang={}", lang.tag())) {
                input type="hidden" name="staff" value=(id);
                label for=(format!("day-{id}")) { (words::TRAINED_ON.to(lang)) }
                span.field {
                    input id=(format!("day-{id}")) type="date" name="day" required;
                    button.press type="submit" { (words::WRITE.to(lang)) }
                }
            }
        }
    }
}

fn role_row(review: &Review<'_>, person: &Person, held: &Held) -> Markup {
    let lang = review.lang;
    let whose = format!("{}, {}", words::role(lang, held.role), person.member.name);
    html! {
        div.held {
            p {
                strong { (words::role(lang, held.role)) } ", "
                (words::CONFIRMED.to(lang)) " " (review.face.dated(held.confirmed))
                @if overdue(review, held) { " – " strong { (words::OVERDUE.to(lang)) } }
            }
            form.choose method="post" action=(format!("/access/roles?lang={}", lang.tag())) {
                input type="hidden" name="staff" value=(person.member.id);
                input type="hidden" name="role" value=(held.role);
                button.press type="submit" name="verdict" value="confirm"
                    aria-label=(format!("{}: {whose}", words::CONFIRM.to(lang))) {
                    (words::CONFIRM.to(lang))
                }
                button.press type="submit" name="verdict" value="remove"
                    aria-label=(format!("{}: {whose}", words::REMOVE.to(lang))) {
                    (words::REMOVE.to(lang))
                }
            }
        }
    }
}

/// For somebody who may not: why, and what they may.
pub(in crate::http) fn forbidden(lang: Lang, viewer: &Viewer) -> Markup {
    let why = words::FORBIDDEN.to(lang);
    let body = html! {
        (header("", lang, &super::address(lang.other()), None))
        main {
            section {
                h1 { (why) }
                p { (words::FORBIDDEN_NEXT.to(lang)) }
                nav.pages aria-label=(texts::PAGES.to(lang)) {
                    @for book in Book::of(viewer) {
                        a.press href=(format!("{}?lang={}", book.path(), lang.tag())) {
                            (book.title().to(lang))
                        }
                    }
                }
                (super::door::badge(viewer, lang))
            }
        }
    };
    shell(lang, &format!("{why} – Nattsyn"), Script::None, &body)
}

/// What each role may do, as a table.
pub(in crate::http) fn matrix(lang: Lang) -> Markup {
    html! {
        section #matrix {
            h2 { (words::MATRIX.to(lang)) }
            p.meaning { (words::MATRIX_MEANING.to(lang)) }
            // The same twice: nine columns fit no phone, and nothing is to be scrolled sideways.
            dl.narrow {
                @for permission in Permission::ALL {
                    dt { (words::permission(lang, permission)) }
                    dd { (who_may(lang, permission)) }
                }
            }
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { (words::RIGHT.to(lang)) }
                            @for role in Role::ALL {
                                th scope="col" { (words::role(lang, role)) }
                            }
                        }
                    }
                    tbody {
                        @for permission in Permission::ALL {
                            tr {
                                th scope="row" { (words::permission(lang, permission)) }
                                @for role in Role::ALL {
                                    td { (said(lang, role.allows(permission))) }
                                }
                            }
                        }
                    }
                }
            }
            h2 { (words::ROLES.to(lang)) }
            dl {
                @for role in Role::ALL {
                    dt { (words::role(lang, role)) }
                    dd { (words::task(lang, role)) }
                }
            }
        }
    }
}

/// The roles that have a permission.
fn who_may(lang: Lang, permission: Permission) -> String {
    let with = Role::ALL.into_iter();
    let with = with.filter(|role| role.allows(permission) == Allowed::Yes);
    let with: Vec<&str> = with.map(|role| words::role(lang, role)).collect();
    with.join(", ")
}

fn said(lang: Lang, allowed: Allowed) -> &'static str {
    match allowed {
        Allowed::Yes => words::YES.to(lang),
        Allowed::No => words::NO.to(lang),
    }
}
