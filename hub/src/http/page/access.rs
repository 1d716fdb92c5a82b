//! Who may do what: the matrix of roles, and what somebody reads whose role does not allow a page.

use maud::{Markup, html};

use super::super::door::Viewer;
use super::super::texts::{self, Lang, access as words};
use super::{Book, Script, header, shell};
use crate::staff::{Allowed, Permission, Role};

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
            div.sheet tabindex="0" role="region" aria-label=(words::MATRIX.to(lang)) {
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

fn said(lang: Lang, allowed: Allowed) -> &'static str {
    match allowed {
        Allowed::Yes => words::YES.to(lang),
        Allowed::No => words::NO.to(lang),
    }
}
