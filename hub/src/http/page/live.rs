//! Looking by camera: what is offered on a row, and the page of one view.
//!
//! The page holds every word that its module shows; the module holds none. Pictures come into a
//! canvas and nowhere else. When a view is over the page is fetched anew, and asks what was seen.

use maud::{Markup, html};

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::live::End;

use crate::exception::Unresolved;
use crate::live::asking::Shown;
use crate::live::book::{Over, Unanswered, ViewId};
use crate::live::offer::{self, Offer, WhyNot};
use crate::live::view::Phase;
use crate::view::ExceptionRow;
use crate::watch::Said;

use super::super::live::Offers;
use super::super::texts::{self, Lang, hands, live as words};
use super::signs::{Sign, sign};
use super::{Menu, Script, View, shell, still};

/// At how many seconds left it is said aloud.
const SAID_AT: [u32; 4] = [30, 20, 10, 5];

/// What is offered on a row, if there is anything to say of it.
pub(super) fn offer(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let Offers::For(known, entitled) = &view.viewer.live else {
        return html! {};
    };
    let lang = view.lang;
    match offer::offer(view.tonight, row, known, *entitled) {
        Offer::None => html! {},
        Offer::Look(..) => html! {
            details.camera #{ "v" (row.id) } {
                summary #{ "vs" (row.id) } { (words::LOOK.to(lang)) }
                p { (words::WHAT_HAPPENS.to(lang)) }
                p { (words::WRITTEN.to(lang)) }
                // A script that answers for the page would not follow it to the view.
                form method="post" data-leave
                    action=(format!("/rows/{}/live?lang={}", row.id, lang.tag())) {
                    button.main #{ "vb" (row.id) } { (words::LOOK.to(lang)) }
                }
            }
        },
        Offer::Not(why) => html! {
            p.camera.next {
                span.label { (words::WHY_NOT.to(lang)) } " " (why_not(lang, &why))
                @if let WhyNot::Unanswered(Unanswered { asked, opened, .. }) = &why {
                    " " (words::AT.to(lang)) " " (view.time(*opened)) ", "
                    (view.viewer.name(&asked.by)) "."
                }
            }
        },
    }
}

/// Why a row's look cannot be seen, in words.
pub(in crate::http) fn why_not(lang: Lang, why: &WhyNot) -> &'static str {
    match why {
        WhyNot::Unknown => words::UNKNOWN,
        WhyNot::NotBuiltIn => words::NOT_BUILT_IN,
        WhyNot::NotAgreed => words::NOT_AGREED,
        WhyNot::NotApproved => words::NOT_APPROVED,
        WhyNot::NotReceived => words::NOT_RECEIVED,
        WhyNot::You(why) => words::not_entitled(*why),
        WhyNot::TooMany => words::TOO_MANY,
        WhyNot::Busy => words::BUSY,
        WhyNot::Unanswered(_) => words::UNANSWERED,
        WhyNot::WindowOver => words::WINDOW_OVER,
    }
    .to(lang)
}

/// What a page's module writes into the address of a view that is over when it could not show it.
pub(in crate::http) const GAVE_UP: &str = "gave=up";

/// What a view's page gave the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum PageGave {
    /// What there was to see.
    Pictures,
    /// Nothing more: it could not open or draw what came, and ended the view by itself.
    Up,
}

/// A view as its page shows it.
pub(in crate::http) struct Sight<'a> {
    pub(in crate::http) id: ViewId,
    pub(in crate::http) shown: &'a Shown,
    /// The row, while it needs somebody.
    pub(in crate::http) row: Option<&'a ExceptionRow>,
    /// What the look that was asked for saw, once it is reported.
    pub(in crate::http) again: Option<Finding>,
    /// Whether pictures were shown and nobody has said what was seen.
    pub(in crate::http) unanswered: Option<Unanswered>,
    /// By its own word.
    pub(in crate::http) page: PageGave,
}

/// The page of a view.
pub(in crate::http) fn page(
    (tonight, told): (&crate::view::Tonight, &crate::notify::teller::Told),
    lang: Lang,
    viewer: &super::Viewer,
    sight: &Sight<'_>,
) -> Markup {
    let view = View::new((tonight, told), lang, viewer);
    let title = words::TITLE.to(lang);
    let other = format!("/live/{}?lang={}", sight.id.0, lang.other().tag());
    let own = html! {
        section #live {
            h1 { (title) }
            @if let Some(row) = sight.row {
                p.who {
                    strong { (row.person.name) }
                    span.address { (row.person.address) }
                }
            }
            @match &sight.shown.phase {
                Phase::Over(over) => (after(&view, sight, *over)),
                Phase::Looking
                | Phase::Challenged { .. }
                | Phase::Granted { .. }
                | Phase::Open { .. } => (during(&view, sight)),
            }
        }
    };
    let script = match sight.shown.phase {
        Phase::Over(_) => Script::Listen,
        Phase::Looking | Phase::Challenged { .. } | Phase::Granted { .. } | Phase::Open { .. } => {
            Script::Look
        }
    };
    let menu = Menu { viewer, here: None };
    let body = still::body(lang, tonight, (&other, &menu), &own);
    shell(lang, &format!("{title} – Nattsyn"), script, &body)
}

/// What its module brings to life.
fn during(view: &View<'_>, sight: &Sight<'_>) -> Markup {
    let lang = view.lang;
    let said: Vec<String> = SAID_AT
        .iter()
        .map(|left| words::left(lang, *left))
        .collect();
    let at: Vec<String> = SAID_AT.iter().map(u32::to_string).collect();
    html! {
        noscript { p.notice { (words::NEEDS_SCRIPT.to(lang)) } }
        div #view data-view=(sight.id.0) data-lang=(lang.tag())
            data-trouble=(words::TROUBLE.to(lang)) data-insecure=(words::INSECURE.to(lang))
            data-not-signed=(words::NOT_SIGNED_HERE.to(lang)) data-gone=(words::GONE.to(lang)) {
            p #step role="status" { (words::BEGINS.to(lang)) }
            p #trouble.trouble role="alert" {}
            button #confirm.main type="button" hidden { (words::CONFIRM.to(lang)) }
            div #picture hidden {
                canvas #canvas width="480" height="360" role="img"
                    aria-label=(words::PICTURE.to(lang)) {}
                p.left aria-hidden="true" {
                    strong #left {} " " (words::SECONDS_LEFT.to(lang))
                }
            }
            p #countdown.unseen aria-live="polite" data-at=(at.join(","))
                data-said=(said.join("|")) {}
            button #end.main type="button" data-done=(words::DONE.to(lang)) {
                (words::CANCEL.to(lang))
            }
        }
    }
}

/// Why it is over, and what is asked then.
fn after(view: &View<'_>, sight: &Sight<'_>, over: Over) -> Markup {
    let lang = view.lang;
    let why = match (sight.page, over) {
        // To the eye it was the operator who ended it, or nobody.
        (
            PageGave::Up,
            Over::Ended {
                why: End::Operator, ..
            }
            | Over::Lost,
        ) => words::TROUBLE,
        (PageGave::Up | PageGave::Pictures, _) => words::over(over),
    };
    html! {
        p #over role="status" data-over=(over.word()) { (why.to(lang)) }
        @if let Some(finding) = sight.again {
            p {
                (words::SAW_AGAIN.to(lang)) " " strong { (texts::finding(finding).to(lang)) } "."
            }
        }
        p {
            @match over {
                Over::Ended { .. } | Over::Lost => (words::LAMP_OFF.to(lang)),
                Over::Refused(_)
                | Over::NoAnswer
                | Over::NotSigned
                | Over::NotAgreed
                | Over::NotWritten
                | Over::HubRestarted => (words::NOTHING_SHOWN.to(lang)),
            }
        }
        @match (sight.row, &sight.unanswered) {
            (Some(row), Some(_)) => (question(lang, row)),
            (Some(row), None) => p { (back(lang, row.id)) },
            (None, _) => p {
                (sign(Sign::Visible)) (words::ROW_OVER.to(lang)) " "
                (back(lang, sight.shown.asked.row))
            },
        }
    }
}

fn back(lang: Lang, row: i64) -> Markup {
    let address = format!("/?lang={}#e{row}", lang.tag());
    html! { a.press href=(address) { (words::TO_ROW.to(lang)) } }
}

/// What was seen: the row's own closings, as somebody who looked can say them.
fn question(lang: Lang, row: &ExceptionRow) -> Markup {
    let choice = |word: &str, text: &str| {
        let id = format!("w-{word}");
        html! {
            label for=(id) {
                input id=(id) type="radio" name="how" value=(word) required;
                span { (text) }
            }
        }
    };
    html! {
        h2 { (words::WHAT_SEEN.to(lang)) }
        p { (words::MUST_ANSWER.to(lang)) }
        div.hands {
            form #seen method="post" action=(format!("/rows/{}?lang={}", row.id, lang.tag())) {
                input type="hidden" name="turn" value=(row.handling.turn());
                input type="hidden" name="checks" value=(row.checks.len());
                input type="hidden" name="cause" value=(row.cause);
                fieldset {
                    legend { (hands::ENDS_ROW.to(lang)) }
                    (choice(Said::Seen.word(), words::ALL_WELL.to(lang)))
                }
                fieldset {
                    legend { (hands::KEEPS_ROW.to(lang)) }
                    @for it in [Unresolved::NeedsHelp, Unresolved::NotSeen] {
                        (choice(it.word(), hands::found(it).to(lang)))
                    }
                }
                button.main name="act" value="outcome" { (hands::WRITE.to(lang)) }
            }
        }
    }
}
