//! The sign-in's page, and who is signed in on every other.
//!
//! Two fields and one button, for a thumb in the dark. It says why nobody came in, and never
//! whether an id is somebody's.

use maud::{Markup, html};

use super::super::door::{Pass, Viewer, Worker, sign_in_address};
use super::super::texts::{self, Lang, door as words};
use super::{Script, header, shell};

/// What the sign-in's page shows.
pub(in crate::http) struct SignIn<'a> {
    pub(in crate::http) lang: Lang,
    /// Where it leads; an address of this site.
    pub(in crate::http) next: String,
    /// What was typed as id or name, to be typed no more.
    pub(in crate::http) typed: &'a str,
    pub(in crate::http) trouble: Option<Trouble>,
    /// Whether a key can be asked for.
    pub(in crate::http) keys: Keys,
    /// Who is signed in on this browser already.
    pub(in crate::http) signed_in: Option<Worker>,
}

/// Whether a page can ask for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Keys {
    /// It can, where the browser can.
    Offered,
    /// The hub does not know its own address.
    None,
}

/// Why nobody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Trouble {
    /// Id and PIN do not match.
    Wrong,
    /// So many seconds to wait.
    Wait(u64),
    /// The key is nobody's here, or was not believed.
    Key,
    /// Too many at once.
    Crowded,
    /// Nobody is registered.
    NobodyRegistered,
    /// The register cannot be read.
    Unreadable,
}

/// How the first of the staff comes to be registered.
const COMMAND: &str = "nattsyn-hub staff --config hub.toml add --id natt-001 --name \"…\" --by …";

/// The page.
pub(in crate::http) fn sign_in_page(page: &SignIn<'_>) -> Markup {
    let lang = page.lang;
    let title = words::SIGN_IN.to(lang);
    let other = sign_in_address(lang.other(), &page.next);
    let body = html! {
        (header("", lang, &other, None))
        main {
            section #sign-in {
                h1 { (title) }
                @if let Some(trouble) = page.trouble { (said(trouble, lang)) }
                @if let Some(worker) = &page.signed_in {
                    p { (words::SIGNED_IN_AS.to(lang)) " " strong { (worker.name) } " "
                        a.press href=(page.next) { (texts::TO_START.to(lang)) } }
                }
                (form(page))
                @match page.keys {
                    Keys::Offered => (by_key(page)),
                    Keys::None => {}
                }
                p.meaning { (words::NO_ALERTS_HERE.to(lang)) }
                p.meaning { (words::FORGOTTEN.to(lang)) }
            }
        }
    };
    let script = match page.keys {
        Keys::Offered => Script::Keys,
        Keys::None => Script::None,
    };
    shell(lang, &format!("{title} – Nattsyn"), script, &body)
}

/// One press, and the browser asks for the key. Hidden where the browser knows none.
fn by_key(page: &SignIn<'_>) -> Markup {
    let lang = page.lang;
    let next = sign_in_address(lang, &page.next);
    let action = next.replacen("/sign-in?", "/sign-in/key?", 1);
    html! {
        form #key-sign-in.sign-in method="post" action=(action) hidden
            data-ask=(format!("/sign-in/key/ask?lang={}", lang.tag()))
            data-failed=(words::KEY_FAILED.to(lang)) {
            input type="hidden" name="assertion" value="";
            button.press type="submit" { (words::BY_KEY.to(lang)) }
            p #key-said role="status" {}
        }
    }
}

fn form(page: &SignIn<'_>) -> Markup {
    let lang = page.lang;
    let again = !page.typed.is_empty();
    html! {
        form.sign-in method="post" action=(sign_in_address(lang, &page.next)) {
            label for="who" { (words::WHO.to(lang)) }
            input #who name="who" type="text" required autocomplete="username"
                autocapitalize="none" spellcheck="false" maxlength="80"
                value=(page.typed) autofocus[!again];
            label for="pin" { (words::PIN.to(lang)) }
            input #pin name="pin" type="password" required inputmode="numeric"
                autocomplete="current-password" maxlength="12" autofocus[again];
            button.press type="submit" { (words::SIGN_IN.to(lang)) }
        }
    }
}

fn said(trouble: Trouble, lang: Lang) -> Markup {
    let text = match trouble {
        Trouble::Wrong => words::WRONG.to(lang).to_owned(),
        Trouble::Wait(seconds) => words::wait(lang, seconds),
        Trouble::Key => words::KEY_REFUSED.to(lang).to_owned(),
        Trouble::Crowded => words::CROWDED.to(lang).to_owned(),
        Trouble::NobodyRegistered => words::NOBODY_REGISTERED.to(lang).to_owned(),
        Trouble::Unreadable => words::UNREADABLE.to(lang).to_owned(),
    };
    html! {
        div.trouble role="alert" {
            p { (text) }
            @if trouble == Trouble::NobodyRegistered { p { code { (COMMAND) } } }
        }
    }
}

/// Who is signed in, and the way out.
pub(super) fn badge(viewer: &Viewer, lang: Lang) -> Markup {
    html! {
        div.badge {
            span.worker { (viewer.me.name) }
            @match viewer.pass {
                Pass::Open => {}
                Pass::Session(_) => {
                    form method="post" action={ "/sign-out?lang=" (lang.tag()) } {
                        button.press type="submit" { (words::SIGN_OUT.to(lang)) }
                    }
                }
            }
        }
    }
}
