//! Renders [`Tonight`] as HTML: a whole page, or the part that changes; and nights of the ledger.
//!
//! Pure: the same [`Tonight`] gives the same bytes. No order but time's: rows are sorted by when
//! somebody must have acted, never by predicted urgency (architecture, invariant 10).
//!
//! The part that changes is `<section>`s with ids: `assets/page.js` replaces those that differ.

pub(super) mod access;
pub(super) mod account;
mod attend;
pub(super) mod audit;
mod book;
pub(super) mod commission;
pub(super) mod consent;
pub(super) mod door;
pub(super) mod extract;
pub(super) mod handover;
mod hands;
mod homes;
mod labels;
mod ledger;
pub(super) mod live;
mod matters;
mod meter;
pub(super) mod morning;
pub(super) mod night;
mod outside;
pub(super) mod phone;
mod proof;
pub(super) mod resident;
mod rights;
pub(super) mod settings;
pub(super) mod sides;
mod signs;
mod still;
pub(super) mod technical;
pub(super) mod tuning;
pub(super) mod units;

pub(super) use attend::marks;
pub(super) use book::Book;

use maud::{DOCTYPE, Markup, html};

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use crate::consent::Verdict;
use crate::notify::teller::{Hearing, Told};
use crate::roster::Roster;
use crate::view::ledger::NightLedger;
use crate::view::meter::Meter;
use crate::view::resident::ResidentFile;
use crate::view::{Person, Reality, Tonight};

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
    let night = texts::night(lang, tonight.night);
    let body = html! {
        a.skip href="#attend" { (texts::SKIP.to(lang)) }
        div #contact.alarm role="alert" data-text=(texts::CONTACT_LOST.to(lang)) {}
        p.plan-b { a href="#ledger" { (texts::LEFT_TONIGHT.to(lang)) } }
        div #told.alarm role="alert" data-text=(texts::hands::GONE.to(lang))
            data-close=(texts::hands::CLOSE.to(lang)) {}
        div #announcer.unseen aria-live="polite" data-text=(texts::NEW_EXCEPTION.to(lang)) {}
        (signs::sheet())
        (header(&night, lang, &address(lang.other()), Some(&Menu {
            viewer,
            here: Some(Book::Tonight),
        })))
        noscript { p.notice { (texts::NO_SCRIPT.to(lang)) } }
        main data-fragment=(fragment) data-events=(events(lang)) data-clock=(clock(tonight, lang)) {
            (changing((tonight, told), lang, viewer))
        }
    };
    let title = texts::title(lang, attend::count(tonight));
    shell(lang, &title, Script::Live, &body)
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
    let when = texts::ledger::night_of_year(lang, night.night);
    let title = format!("{} {when} – Nattsyn", book.title().to(lang));
    leaf(lang, (tonight, viewer), (Some(book), &address, &title), own).into_string()
}

/// A resident's page.
pub(super) fn resident_page(
    shown: (&Tonight, &Told),
    lang: Lang,
    viewer: &Viewer,
    (file, of_home): (&ResidentFile, &resident::OfHome),
) -> Markup {
    let view = View::new(shown, lang, viewer);
    let own = resident::body(&view, file, of_home);
    let address = resident_address(lang.other(), &file.person);
    // Not whose: a title stays in the history of a phone that several people share.
    let title = format!("{} – Nattsyn", texts::resident::TITLE.to(lang));
    leaf(lang, (shown.0, viewer), (None, &address, &title), &own)
}

/// A resident's consent.
pub(super) fn consent_page(
    shown: (&Tonight, &Told),
    lang: Lang,
    viewer: &Viewer,
    page: &consent::Shown<'_>,
) -> Markup {
    let view = View::new(shown, lang, viewer);
    let own = consent::body(&view, page);
    let other = lang.other().tag();
    let address = format!("/residents/{}/consent?lang={other}", page.resident);
    let title = format!("{} – Nattsyn", texts::consent::TITLE.to(lang));
    leaf(lang, (shown.0, viewer), (None, &address, &title), &own)
}

/// Everybody's consents.
pub(super) fn consents_page(
    tonight: &Tonight,
    lang: Lang,
    viewer: &Viewer,
    everybody: (&Roster, &[(ResidentId, Verdict)]),
) -> Markup {
    let own = consent::everybody(lang, everybody);
    let address = format!("/consents?lang={}", lang.other().tag());
    let title = format!("{} – Nattsyn", texts::consent::ALL_TITLE.to(lang));
    leaf(lang, (tonight, viewer), (None, &address, &title), &own)
}

/// Checks that are followed by a visit by lot.
pub(super) fn labels_page(
    tonight: &Tonight,
    lang: Lang,
    viewer: &Viewer,
    trouble: Option<texts::Phrase>,
) -> Markup {
    let told = Told::default();
    let view = View::new((tonight, &told), lang, viewer);
    let own = labels::body(&view, trouble);
    let address = format!("/labels?lang={}", lang.other().tag());
    let title = format!("{} – Nattsyn", texts::labels::TITLE.to(lang));
    leaf(lang, (tonight, viewer), (None, &address, &title), &own)
}

/// The handover.
pub(super) fn handover_page(
    shown: (&Tonight, &Told),
    lang: Lang,
    viewer: &Viewer,
    (night, since): (&NightLedger, &handover::Since),
) -> Markup {
    let view = View::new(shown, lang, viewer);
    let own = handover::body(&view, night, since);
    let here = Book::Handover;
    let other = lang.other().tag();
    let address = format!("{}?since={}&lang={other}", here.path(), since.clock);
    let title = format!("{} – Nattsyn", here.title().to(lang));
    leaf(
        lang,
        (shown.0, viewer),
        (Some(here), &address, &title),
        &own,
    )
}

/// The meter.
pub(super) fn meter_page(
    shown: (&Tonight, &Told),
    lang: Lang,
    viewer: &Viewer,
    measured: &Meter,
) -> Markup {
    let view = View::new(shown, lang, viewer);
    let own = meter::body(&view, measured);
    let here = Book::Meter;
    let address = format!("{}?lang={}", here.path(), lang.other().tag());
    let title = format!("{} – Nattsyn", here.title().to(lang));
    leaf(
        lang,
        (shown.0, viewer),
        (Some(here), &address, &title),
        &own,
    )
}

/// A page that stands still: which it is, the same in the other language, and its title.
fn leaf(
    lang: Lang,
    (tonight, viewer): (&Tonight, &Viewer),
    (here, other_address, title): (Option<Book>, &str, &str),
    own: &Markup,
) -> Markup {
    let menu = Menu { viewer, here };
    let body = still::body(lang, tonight, (other_address, &menu), own);
    shell(lang, title, Script::Print, &body)
}

fn events(lang: Lang) -> String {
    format!("/events?lang={}", lang.tag())
}

/// A resident's name, which leads to their page.
fn name(lang: Lang, person: &Person) -> Markup {
    html! { a href=(resident_address(lang, person)) { (person.name) } }
}

fn resident_address(lang: Lang, person: &Person) -> String {
    format!("/residents/{}?lang={}", person.resident, lang.tag())
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
fn ways(lang: Lang, viewer: &Viewer, here: Option<Book>) -> Markup {
    html! {
        nav.pages aria-label=(texts::PAGES.to(lang)) {
            @for book in Book::of(viewer) {
                @let current = (Some(book) == here).then_some("page");
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
pub(super) fn changing((tonight, told): (&Tonight, &Told), lang: Lang, viewer: &Viewer) -> Markup {
    let view = View::new((tonight, told), lang, viewer);
    html! {
        (proof::band(&view))
        (status(&view))
        (attend::open(&view))
        (consent::unrecorded(&view))
        (matters::section(&view))
        (labels::section(&view))
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
    /// It stands still and hears the night go on.
    Listen,
    /// The same, and it offers to print.
    Print,
    /// The same, and it lets the browser be told.
    Push,
    /// It asks for a key.
    Keys,
    /// The same, and it hears the night go on.
    Account,
    /// The same, and it shows a live view.
    Look,
    /// The same, and it counts while a slider is moved.
    Tune,
    /// The same, and it follows a unit.
    Commission,
    /// The same, and it waits for a unit to be let in.
    Unit,
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
                    Script::Keys | Script::Account => {
                        script type="module" src="/assets/keys.js" {}
                    }
                    Script::Look => script type="module" src="/assets/live.js" {},
                    Script::Tune => script type="module" src="/assets/tuning.js" {},
                    Script::Commission => script type="module" src="/assets/commission.js" {},
                    Script::Unit => script type="module" src="/assets/units.js" {},
                    Script::Listen | Script::None => {}
                }
                @match script {
                    Script::Listen
                    | Script::Print
                    | Script::Push
                    | Script::Account
                    | Script::Look
                    | Script::Tune
                    | Script::Unit
                    | Script::Commission => {
                        script type="module" src="/assets/listen.js" {}
                    }
                    Script::Live | Script::Keys | Script::None => {}
                }
            }
            body { (body) }
        }
    }
}

/// What is folded away in the head, so that what needs a person begins near the top.
struct Menu<'a> {
    viewer: &'a Viewer,
    here: Option<Book>,
}

/// The head: the night, whether there is sound, and the menu.
fn header(night: &str, lang: Lang, other_address: &str, menu: Option<&Menu<'_>>) -> Markup {
    html! {
        header {
            p.brand { "Nattsyn" @if !night.is_empty() { span.night { (night) } } }
            @match menu {
                None => (languages(lang, other_address)),
                Some(menu) => {
                    (bell(lang))
                    details #menu.menu {
                        summary { (texts::MENU.to(lang)) }
                        div.menu-sheet {
                            (ways(lang, menu.viewer, menu.here))
                            (languages(lang, other_address))
                            (door::badge(menu.viewer, lang))
                        }
                    }
                }
            }
        }
    }
}

/// Whether there is sound, always in sight: without a script there is none.
fn bell(lang: Lang) -> Markup {
    html! {
        button #sound type="button" aria-pressed="false" hidden
            data-off=(texts::sound::OFF.to(lang)) data-on=(texts::sound::ON.to(lang))
            data-waiting=(texts::sound::WAITING.to(lang)) {}
    }
}

fn languages(lang: Lang, other_address: &str) -> Markup {
    let other = lang.other();
    html! {
        nav aria-label=(texts::LANGUAGES.to(lang)) {
            a.press href=(other_address) lang=(other.tag()) hreflang=(other.tag()) {
                (texts::own_name(other))
            }
        }
    }
}

fn address(lang: Lang) -> String {
    format!("/?lang={}", lang.tag())
}

/// That what is shown now is not in the log, or only later.
fn unlogged(lang: Lang, viewer: &Viewer, face: &Clockface) -> Markup {
    html! {
        @if let Some(at) = viewer.unlogged {
            p.notice {
                (texts::access::LOG_FAILS.to(lang)) " "
                time datetime=(face.exact(at)) { (face.show(at)) } ". "
                (texts::access::LOG_FAILS_NEXT.to(lang))
            }
        }
    }
}

/// What must never be overlooked: no real night, nobody is told, times in the wrong zone.
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
            (meter::flood(view))
            @for (channel, at) in &view.told.failing {
                p.notice {
                    (texts::told::NOT_THROUGH.to(lang)) " " strong { (channel.as_str()) } ", "
                    (view.time(*at))
                }
            }
            (outside::warnings(view))
            (unlogged(view.lang, view.viewer, &view.face))
            (audit::unkept(view))
            @if view.viewer.overdue > 0 {
                p.notice {
                    (texts::access::TO_REVIEW.to(lang)) " "
                    a href=(format!("/access?lang={}#people", lang.tag())) {
                        (view.viewer.overdue)
                    }
                }
            }
            (rights::notices(view.lang, view.viewer, &view.face, view.tonight.now))
            (phone::standing(view))
            @if let Some(refused) = view.told.refused {
                p.notice { (texts::settings::REFUSED.to(lang)) " " (refused) }
            }
        }
    }
}
