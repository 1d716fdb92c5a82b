//! "Mitt konto": what somebody may, what they lack before they may look, and their keys.

use maud::{Markup, html};

use crate::staff::{Holding, Role, Roles};
use crate::view::Tonight;

use super::super::clockface::Clockface;
use super::super::door::{Pass, Viewer};
use super::super::texts::{Lang, access, account as words};
use super::{Book, Menu, Script, shell, still};

/// What the page is made from.
pub(in crate::http) struct Account {
    /// What they may; `None` where no rights are kept.
    pub(in crate::http) standing: Option<Holding>,
    /// For which host keys are; `None` where there are none.
    pub(in crate::http) keys: Option<String>,
}

/// The page's address.
pub(in crate::http) fn address(lang: Lang) -> String {
    format!("/account?lang={}", lang.tag())
}

/// The whole page.
pub(in crate::http) fn document(
    (tonight, viewer): (&Tonight, &Viewer),
    lang: Lang,
    account: &Account,
) -> Markup {
    let face = Clockface::new(&tonight.zone, tonight.night, lang);
    let own = html! {
        section #account {
            h1 { (words::TITLE.to(lang)) }
            p.chosen { (viewer.me.name) }
            h2 { (words::MY_ROLES.to(lang)) }
            (roles(lang, viewer.roles))
            p.ways { a.press href=(format!("/access?lang={}", lang.tag())) {
                (words::MATRIX.to(lang)) } }
        }
        @if let Some(standing) = &account.standing {
            section #looking {
                h2 { (words::LOOKING.to(lang)) }
                @match standing.live_view(tonight.now) {
                    Ok(_) => p { (words::MAY_LOOK.to(lang)) },
                    Err(missing) => p { (words::missing(lang, missing)) },
                }
                @if let Some(training) = &standing.training {
                    p.meaning { (words::TRAINED.to(lang)) " " (training.day) ", "
                        (viewer.name(&training.by)) }
                }
            }
            (keys((viewer, tonight, &face), lang, account, standing))
        }
    };
    let menu = Menu {
        viewer,
        here: Some(Book::Account),
    };
    let body = still::body(lang, tonight, (&address(lang.other()), &menu), &own);
    let title = format!("{} – Nattsyn", words::TITLE.to(lang));
    shell(lang, &title, Script::Account, &body)
}

fn roles(lang: Lang, roles: Roles) -> Markup {
    html! {
        @if roles == Roles::NONE {
            p.notice { (words::NO_ROLE.to(lang)) }
        } @else {
            dl {
                @for role in roles.iter() {
                    dt { (access::role(lang, role)) }
                    dd { (task(lang, role)) }
                }
            }
        }
    }
}

fn task(lang: Lang, role: Role) -> &'static str {
    access::task(lang, role)
}

fn keys(
    (viewer, tonight, face): (&Viewer, &Tonight, &Clockface),
    lang: Lang,
    account: &Account,
    standing: &Holding,
) -> Markup {
    html! {
        section #keys {
            h2 { (words::KEYS.to(lang)) }
            p.meaning { (words::KEYS_MEANING.to(lang)) }
            @if standing.keys.is_empty() { p { (words::NO_KEY.to(lang)) } }
            ul.rows {
                @for key in &standing.keys {
                    @let line = standing.lines.iter().find(|line| {
                        line.operator.credential == key.credential
                            && line.operator.until_ms > tonight.now
                    });
                    li {
                        p { strong { (crate::staff::roster::fingerprint(&key.public.0)) } ", "
                            (words::SINCE.to(lang)) " " (face.dated(key.since)) }
                        p {
                            @match line {
                                Some(line) => {
                                    (words::IN_ROSTER.to(lang)) " "
                                    (face.dated(line.operator.until_ms))
                                }
                                None => (words::NOT_IN_ROSTER.to(lang)),
                            }
                        }
                        form method="post" action=(format!(
                            "/account/keys/{}/remove?lang={}", key.entry, lang.tag()
                        )) {
                            button.press type="submit" { (words::REMOVE.to(lang)) }
                        }
                    }
                }
            }
            @match account.keys {
                Some(_) => (register(viewer, lang)),
                None => p.notice { (words::NO_KEYS_HERE.to(lang)) },
            }
        }
    }
}

/// Hidden where the browser knows no keys.
fn register(viewer: &Viewer, lang: Lang) -> Markup {
    html! {
        form #key-register.sign-in method="post" hidden
            action=(format!("/account/keys?lang={}", lang.tag()))
            data-ask=(format!("/account/keys/ask?lang={}", lang.tag()))
            data-who=(viewer.me.id)
            data-failed=(words::KEY_FAILED.to(lang)) {
            input type="hidden" name="registration" value="";
            @match viewer.pass {
                Pass::Session(_) => {
                    // For whatever fills passwords in: whose PIN it is.
                    input type="text" autocomplete="username" value=(viewer.me.id) hidden;
                    label for="pin" { (words::YOUR_PIN.to(lang)) }
                    input #pin name="pin" type="password" required inputmode="numeric"
                        autocomplete="current-password" maxlength="12";
                }
                Pass::Open => {}
            }
            button.press type="submit" { (words::REGISTER.to(lang)) }
            p role="status" {}
        }
    }
}
