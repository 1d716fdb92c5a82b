//! Renders [`Tonight`] as HTML: a whole page, or the part that changes; and nights of the ledger.
//!
//! Pure: the same [`Tonight`] gives the same bytes. No order but time's: rows are sorted by when
//! somebody must have acted, never by predicted urgency (architecture, invariant 10).
//!
//! The part that changes is a row of `<section>`s, each with an id. `assets/page.js` replaces
//! the sections whose bytes differ.

mod attend;
pub(super) mod door;
mod hands;
mod homes;
mod ledger;
mod matters;
pub(super) mod morning;
pub(super) mod night;
mod outside;
pub(super) mod phone;
mod proof;
pub(super) mod settings;
mod signs;

use maud::{DOCTYPE, Markup, html};

use nattsyn_protocol::time::Timestamp;

use crate::notify::teller::{Hearing, Told};
use crate::view::ledger::NightLedger;
use crate::view::{Reality, Tonight};

use super::clockface::{Clockface, Knowledge};
use super::door::Viewer;
use super::texts::{self, Lang};

/// What every part of the page needs to render itself.
struct View<'a> {
    tonight: &'a Tonight,
    lang: Lang,
    face: Clockface,
    viewer: &'a Viewer,
    told: &'a Told,
}

impl<'a> View<'a> {
    fn new((tonight, told): (&'a Tonight, &'a Told), lang: Lang, viewer: &'a Viewer) -> Self {
        let face = Clockface::new(&tonight.zone, tonight.night, lang);
        Self {
            tonight,
            lang,
            face,
            viewer,
            told,
        }
    }

    fn time(&self, at: Timestamp) -> Markup {
        html! { time datetime=(self.face.exact(at)) { (self.face.show(at)) } }
    }
}

/// The moment that tonight was rendered at, for people: what a lost contact is dated by.
pub(super) fn clock(tonight: &Tonight, lang: Lang) -> String {
    Clockface::new(&tonight.zone, tonight.night, lang).show(tonight.now)
}

/// The whole page.
pub(super) fn document((tonight, told): (&Tonight, &Told), lang: Lang, viewer: &Viewer) -> Markup {
    let fragment = format!("/fragment?lang={}", lang.tag());
    let events = format!("/events?lang={}", lang.tag());
    let night = texts::night(lang, tonight.night);
    let body = html! {
        a.skip href="#attend" { (texts::SKIP.to(lang)) }
        div #contact.alarm role="alert" data-text=(texts::CONTACT_LOST.to(lang)) {}
        p.plan-b { a href="#ledger" { (texts::LEFT_TONIGHT.to(lang)) } }
        div #told.alarm role="alert" data-text=(texts::hands::GONE.to(lang)) {}
        div #announcer.unseen aria-live="polite" data-text=(texts::NEW_EXCEPTION.to(lang)) {}
        (signs::sheet())
        (header(&night, lang, &address(lang.other()), Some(viewer)))
        button #sound.quiet type="button" aria-pressed="false" hidden { (texts::SOUND.to(lang)) }
        (ways(lang, Book::Tonight))
        noscript { p.notice { (texts::NO_SCRIPT.to(lang)) } }
        main data-fragment=(fragment) data-events=(events) data-clock=(clock(tonight, lang)) {
            (live((tonight, told), lang, viewer))
        }
    };
    let title = texts::title(lang, attend::count(tonight));
    shell(lang, &title, Script::Live, &body)
}

/// Which page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Book {
    /// What needs a person, tonight.
    Tonight,
    /// A night of the ledger.
    Ledger,
    /// A night's morning report.
    Morning,
    /// What is set.
    Settings,
}

impl Book {
    fn path(self) -> &'static str {
        match self {
            Self::Tonight => "/",
            Self::Ledger => "/ledger",
            Self::Morning => "/morning",
            Self::Settings => "/settings",
        }
    }

    fn title(self) -> texts::Phrase {
        match self {
            Self::Tonight => texts::ATTEND,
            Self::Ledger => texts::ledger::TITLE,
            Self::Morning => texts::ledger::MORNING,
            Self::Settings => texts::settings::TITLE,
        }
    }
}

/// A page of the ledger.
pub(super) fn book(
    lang: Lang,
    (tonight, viewer): (&Tonight, &Viewer),
    book: Book,
    night: &NightLedger,
    own: &Markup,
) -> String {
    let other = lang.other().tag();
    let address = format!("{}?night={}&lang={other}", book.path(), night.night);
    let body = html! {
        (signs::sheet())
        (header("", lang, &address, Some(viewer)))
        (ways(lang, book))
        main { (demonstration(tonight, lang)) (own) }
    };
    let when = texts::ledger::night_of_year(lang, night.night);
    let title = format!("{} {when} – Nattsyn", book.title().to(lang));
    shell(lang, &title, Script::Print, &body).into_string()
}

/// A page that says in one sentence why there is nothing to show.
pub(super) fn refusal(lang: Lang, why: texts::Phrase) -> Markup {
    said(lang, why.to(lang))
}

/// A page that says one sentence, and the way back.
pub(super) fn said(lang: Lang, why: &str) -> Markup {
    let body = html! {
        main {
            section {
                h1 { (why) }
                p { a.press href=(address(lang)) { (texts::TO_START.to(lang)) } }
            }
        }
    };
    shell(lang, why, Script::None, &body)
}

/// The way from page to page.
fn ways(lang: Lang, here: Book) -> Markup {
    html! {
        nav.pages aria-label=(texts::PAGES.to(lang)) {
            @for book in [Book::Tonight, Book::Ledger, Book::Morning, Book::Settings] {
                @let current = (book == here).then_some("page");
                a.press href=(format!("{}?lang={}", book.path(), lang.tag()))
                    aria-current=[current] { (book.title().to(lang)) }
            }
        }
    }
}

/// On a page of the ledger too: that this was no real night.
fn demonstration(tonight: &Tonight, lang: Lang) -> Markup {
    html! {
        @match tonight.reality {
            Reality::Homes => {}
            Reality::Demonstration => p.banner { (texts::DEMONSTRATION.to(lang)) },
        }
    }
}

/// The part that changes: what stands inside `<main>`.
pub(super) fn live((tonight, told): (&Tonight, &Told), lang: Lang, viewer: &Viewer) -> Markup {
    let view = View::new((tonight, told), lang, viewer);
    html! {
        (proof::band(&view))
        (status(&view))
        (attend::open(&view))
        (matters::section(&view))
        (attend::closed(&view))
        (ledger::section(&view))
        (homes::section(&view))
        (proof::standing(&view))
        (outside::section(&view))
    }
}

/// The page for an address that is none.
pub(super) fn not_found(lang: Lang) -> Markup {
    let body = html! {
        main {
            section {
                h1 { (texts::NOT_FOUND.to(lang)) }
                p { a.press href=(address(lang)) { (texts::TO_START.to(lang)) } }
            }
        }
    };
    shell(lang, texts::NOT_FOUND.to(lang), Script::None, &body)
}

/// What a page does by itself in a browser.
enum Script {
    /// It keeps itself up to date; without scripts the browser fetches it again.
    Live,
    /// It offers to print.
    Print,
    /// It lets the browser be told.
    Push,
    /// Nothing.
    None,
}

fn shell(lang: Lang, title: &str, script: Script, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="dark";
                title { (title) }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/page.css";
                (phone::on_the_home_screen())
                @match script {
                    Script::Live => {
                        script type="module" src="/assets/page.js" {}
                        noscript { meta http-equiv="refresh" content="30"; }
                    }
                    Script::Print => script type="module" src="/assets/print.js" {},
                    Script::Push => script type="module" src="/assets/push.js" {},
                    Script::None => {}
                }
            }
            body { (body) }
        }
    }
}

/// The head: the night, who is signed in, and the same page in the other language.
fn header(night: &str, lang: Lang, other_address: &str, viewer: Option<&Viewer>) -> Markup {
    let other = lang.other();
    html! {
        header {
            p.brand { "Nattsyn" @if !night.is_empty() { span.night { (night) } } }
            @if let Some(viewer) = viewer { (door::badge(viewer, lang)) }
            nav aria-label=(texts::LANGUAGES.to(lang)) {
                a.press href=(other_address) lang=(other.tag()) hreflang=(other.tag()) {
                    (texts::own_name(other))
                }
            }
        }
    }
}

fn address(lang: Lang) -> String {
    format!("/?lang={}", lang.tag())
}

/// What must never be overlooked: that this is no real night, that nobody is told, that times
/// are in the wrong zone.
fn status(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let kind = match view.tonight.reality {
        Reality::Homes => "homes",
        Reality::Demonstration => "demonstration",
    };
    html! {
        section #status data-reality=(kind) {
            @match view.tonight.reality {
                Reality::Homes => {}
                Reality::Demonstration => {
                    p.banner {
                        span { (texts::DEMONSTRATION.to(lang)) } " "
                        span.clock {
                            (texts::DEMONSTRATION_CLOCK.to(lang)) " "
                            strong { (view.time(view.tonight.now)) }
                        }
                    }
                }
            }
            @match view.face.knowledge() {
                Knowledge::Known => {}
                Knowledge::Unknown => p.notice { (texts::WRONG_ZONE.to(lang)) },
            }
            @match view.told.hearing {
                Hearing::Nobody => p.notice { (texts::NO_NOTIFIER.to(lang)) },
                Hearing::Somebody => {}
            }
            @for (channel, at) in &view.told.failing {
                p.notice {
                    (texts::told::NOT_THROUGH.to(lang)) " " strong { (channel.as_str()) } ", "
                    (view.time(*at))
                }
            }
            (outside::warnings(view))
            (phone::standing(view))
            @if let Some(refused) = view.told.refused {
                p.notice { (texts::settings::REFUSED.to(lang)) " " (refused) }
            }
        }
    }
}
