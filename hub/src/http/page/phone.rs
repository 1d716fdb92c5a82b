//! The page on which a phone is told as somebody tonight, and what every other page says of it.
//!
//! Words for the browser's own answers (it refuses, it cannot) stand on the page as well: the
//! module that asks it holds none.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::notify::chain::{ChannelName, Recipient};
use crate::notify::phones::Way;
use crate::view::Tonight;

use super::super::door::Viewer;
use super::super::phone::Phone;
use super::super::texts::{self, Lang, phone as words};
use super::signs::{Sign, sign};
use super::{Menu, Script, View, shell, still};

/// What a phone can choose from.
pub(in crate::http) struct Offer {
    pub(in crate::http) ways: Vec<Way>,
    /// What the browser subscribes with, by channel.
    pub(in crate::http) keys: BTreeMap<ChannelName, String>,
    /// Who has no way at all.
    pub(in crate::http) unreached: BTreeSet<Recipient>,
}

/// The page.
pub(in crate::http) fn page(
    lang: Lang,
    (tonight, viewer): (&Tonight, &Viewer),
    offer: &Offer,
) -> Markup {
    let title = words::TITLE.to(lang);
    let other = format!("/phone?lang={}", lang.other().tag());
    let body = html! {
        nav.pages { a.press href={ "/?lang=" (lang.tag()) } { (texts::TO_START.to(lang)) } }
        section #phone {
            h1 { (title) }
            (state(&viewer.phone, lang))
            div #said.trouble role="alert" {}
            (choice(&viewer.phone, offer, lang))
            @if let Phone::Told(_) = viewer.phone { (stop(lang)) }
            p.meaning { (words::UNTIL.to(lang)) }
            p.meaning { (words::SAYS.to(lang)) }
            p.meaning { (words::IPHONE.to(lang)) }
        }
    };
    let menu = Menu { viewer, here: None };
    let body = still::body(lang, tonight, (&other, &menu), &body);
    shell(lang, &format!("{title} – Nattsyn"), Script::Push, &body)
}

fn state(phone: &Phone, lang: Lang) -> Markup {
    let (shape, text) = match phone {
        Phone::Told(way) => (Sign::Visible, words::told_as(lang, &way.to)),
        Phone::Untold => (Sign::Silent, words::UNTOLD.to(lang).to_owned()),
        Phone::None => (Sign::Silent, words::NO_WAY.to(lang).to_owned()),
    };
    html! { p.state { (sign(shape)) " " span { (text) } } }
}

fn choice(phone: &Phone, offer: &Offer, lang: Lang) -> Markup {
    let own = match phone {
        Phone::None => return Markup::default(),
        Phone::Untold => None,
        Phone::Told(way) => Some(way),
    };
    let button = match own {
        Some(_) => words::CHANGE,
        None => words::BEGIN,
    };
    html! {
        form #choose-phone.hands method="post" action={ "/phone?lang=" (lang.tag()) }
            data-ask=(words::ASK.to(lang)) data-denied=(words::DENIED.to(lang))
            data-unsupported=(words::UNSUPPORTED.to(lang)) data-iphone=(words::IPHONE.to(lang))
            data-insecure=(words::INSECURE.to(lang)) data-failed=(words::FAILED.to(lang))
            data-choose=(words::CHOOSE.to(lang)) data-lapsed=(words::LAPSED.to(lang))
            data-gone=(texts::hands::GONE.to(lang)) data-told[own.is_some()] {
            fieldset {
                legend { (words::AS_WHOM.to(lang)) }
                @for way in &offer.ways {
                    label {
                        input type="radio" name="recipient" value=(value(way, offer))
                            data-key=(offer.keys.get(&way.by).map_or("", String::as_str))
                            checked[own.is_some_and(|own| own.to == way.to && own.by == way.by)];
                        span {
                            strong { (way.to.as_str()) } " "
                            @if !is_alone(way, offer) { "(" (way.by.as_str()) ") " }
                            (beside(way, offer, lang))
                        }
                    }
                }
            }
            button.main type="submit" { (button.to(lang)) }
            noscript { p.notice { (words::NEEDS_SCRIPT.to(lang)) } }
        }
    }
}

/// Whether somebody can be told by this way of Web Push alone, so that its name says nothing.
fn is_alone(way: &Way, offer: &Offer) -> bool {
    let ways = offer.ways.iter();
    ways.filter(|other| other.to == way.to).count() == 1
}

/// What the form says for a way.
fn value(way: &Way, offer: &Offer) -> String {
    if is_alone(way, offer) {
        way.to.as_str().to_owned()
    } else {
        format!("{}/{}", way.to.as_str(), way.by.as_str())
    }
}

/// Who else is told as them.
fn beside(way: &Way, offer: &Offer, lang: Lang) -> Markup {
    html! {
        @if way.phones == 0 && offer.unreached.contains(&way.to) {
            span.detail { (words::NO_WAY_YET.to(lang)) }
        } @else {
            span.detail { (words::phones(lang, way.phones)) }
        }
    }
}

fn stop(lang: Lang) -> Markup {
    html! {
        form #stop-phone.hands method="post" action={ "/phone/stop?lang=" (lang.tag()) } {
            button type="submit" { (words::STOP.to(lang)) }
        }
    }
}

/// On the page of tonight: whether this phone is told, and whom nothing reaches.
pub(super) fn standing(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let phone = match &view.viewer.phone {
        Phone::None => None,
        Phone::Untold => Some(words::OFF.to(lang)),
        Phone::Told(way) => Some(way.to.as_str()),
    };
    html! {
        @if !view.told.unreached.is_empty() {
            p.notice { (words::unreached(lang, &view.told.unreached)) }
        }
        @if let Some(phone) = phone {
            p.this-phone {
                a.press href={ "/phone?lang=" (lang.tag()) } {
                    (words::THIS_PHONE.to(lang)) " " (phone)
                }
            }
        }
    }
}

/// What a phone needs to put the page on its home screen; iPhones push to nothing else.
pub(super) fn on_the_home_screen() -> Markup {
    html! {
        link rel="manifest" href="/assets/manifest.json";
        link rel="apple-touch-icon" href="/assets/icon-180.png";
    }
}
