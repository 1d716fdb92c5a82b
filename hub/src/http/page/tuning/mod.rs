//! "Gränser": what is in force at a place, two sliders with what they would have made of the last
//! nights, what waits, one step back, what is shown for it, and the history.
//!
//! Counts are said as counts: never that a word was right. Addresses stand here for whoever sees
//! residents anyway, ids for everybody else.

mod evidence;
mod own;
mod units;

use std::collections::BTreeMap;

use maud::{Markup, html};

use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::thresholds::NEVER;

use crate::agreement::file::Said;
use crate::commission::suited::Share;
use crate::settings::InForce;
use crate::settings::compare::Place;
use crate::staff::{Allowed, Permission};
use crate::tuning::clerk::File;
use crate::tuning::evidence::{About, Bound};
use crate::tuning::{Caution, Change, Gone, Levels, place_word, words};
use crate::view::{Reality, Tonight};

use super::super::clockface::Clockface;
use super::super::door::{Viewer, escaped};
use super::super::texts::settings::said;
use super::super::texts::{Lang, tuning as says};
use super::{Book, Menu, Script, shell, still};

/// Most changes that a page lists: some years of them.
const HISTORY_MAX: usize = 50;

/// What the sliders say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Wish {
    /// They were not moved.
    AsNow(Levels),
    /// These levels.
    Levels(Levels),
    /// Nothing of its own, wherever the sliders stand.
    Inherit(Levels),
}

impl Wish {
    fn sliders(self) -> Levels {
        match self {
            Self::AsNow(levels) | Self::Levels(levels) | Self::Inherit(levels) => levels,
        }
    }

    /// What would be set at a place.
    fn set(self, file: &File, place: &Place) -> Option<Levels> {
        match self {
            Self::AsNow(_) => file.book.set_at(place),
            Self::Levels(levels) => Some(levels),
            Self::Inherit(_) => None,
        }
    }
}

/// What the page is made from.
pub(in crate::http) struct Shown<'a> {
    pub(in crate::http) place: &'a Place,
    pub(in crate::http) wish: Wish,
    /// What was typed and not written down.
    pub(in crate::http) why: &'a str,
    /// Whether it is said that the home was gone through anew.
    pub(in crate::http) gone: Gone,
    /// Why not.
    pub(in crate::http) trouble: Option<Said>,
    pub(in crate::http) file: &'a File,
    /// Homes that sensor mode does not suit, by their first nights.
    pub(in crate::http) unsuited: &'a BTreeMap<HomeId, Share>,
    pub(in crate::http) tonight: &'a Tonight,
    pub(in crate::http) lang: Lang,
    pub(in crate::http) viewer: &'a Viewer,
}

impl Shown<'_> {
    fn face(&self) -> Clockface {
        Clockface::new(&self.tonight.zone, self.tonight.night, self.lang)
    }

    fn may(&self, permission: Permission) -> Allowed {
        self.viewer.roles.allow(permission)
    }

    fn time(&self, at: nattsyn_protocol::time::Timestamp) -> Markup {
        let face = self.face();
        html! { time datetime=(face.exact(at)) { (face.dated(at)) } }
    }

    /// Where a form goes.
    fn action(&self, what: &str) -> String {
        format!("/thresholds/{what}?lang={}", self.lang.tag())
    }

    fn link(&self, place: &Place) -> String {
        format!("{}?lang={}", path(place), self.lang.tag())
    }

    /// A home by its address, for whoever may see who lives where.
    fn home(&self, home: HomeId) -> String {
        let mut homes = self.file.roster.homes().iter();
        let found = homes.find(|it| it.id == home);
        match (found, self.may(Permission::SeeResident)) {
            (Some(found), Allowed::Yes) => found.address.clone(),
            (Some(_) | None, _) => home.to_string(),
        }
    }

    fn name(&self, place: &Place) -> String {
        match place {
            Place::Municipality => says::MUNICIPALITY.to(self.lang).to_owned(),
            Place::Area(area) => format!("{} {area}", says::AREA.to(self.lang)),
            Place::Home(home) => self.home(*home),
        }
    }
}

/// The address of a place's page, without its language.
pub(in crate::http) fn path(place: &Place) -> String {
    match place {
        Place::Municipality => "/thresholds".to_owned(),
        Place::Area(area) => {
            // A slash would part the name in two.
            let name = escaped(area.as_str()).replace('/', "%2F");
            format!("/thresholds/areas/{name}")
        }
        Place::Home(home) => format!("/thresholds/{home}"),
    }
}

/// The whole page.
pub(in crate::http) fn document(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let here = matches!(shown.place, Place::Municipality).then_some(Book::Thresholds);
    let menu = Menu {
        viewer: shown.viewer,
        here,
    };
    let address = format!("{}?lang={}", path(shown.place), lang.other().tag());
    let body = still::body(lang, shown.tonight, (&address, &menu), &body(shown));
    // Not whose home: a title stays in the history of a browser.
    let title = format!("{} – Nattsyn", says::TITLE.to(lang));
    shell(lang, &title, Script::Tune, &body)
}

/// The page's own part.
fn body(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    html! {
        section #thresholds {
            h1 { (says::TITLE.to(lang)) }
            p.chosen { (shown.name(shown.place)) }
            @if *shown.place != Place::Municipality {
                @let all = shown.link(&Place::Municipality);
                p { a.press href=(all) { (says::EVERYWHERE.to(lang)) } }
            }
            @if let Some(trouble) = &shown.trouble {
                p.trouble role="alert" { (said(lang, trouble.clone())) }
            }
            p.meaning { (says::MEANING.to(lang)) }
            @match shown.tonight.reality {
                Reality::Homes => {}
                Reality::Demonstration => p.notice { (says::INVENTED.to(lang)) },
            }
        }
        (units::unsuited(shown))
        (units::unlike(shown))
        (waiting(shown))
        (units::held_back(shown))
        (now(shown))
        (sliders(shown))
        (back(shown))
        (own::section(shown))
        (evidence::section(shown))
        @if *shown.place == Place::Municipality { (places(shown)) }
        (history(shown))
    }
}

/// What is in force, and whether the units go by it.
fn now(shown: &Shown<'_>) -> Markup {
    let (lang, map) = (shown.lang, shown.file.map());
    let in_force = map.of(shown.place);
    let levels = in_force.value;
    html! {
        section #now {
            h2 { (says::NOW.to(lang)) }
            dl.values {
                div {
                    dt { (says::VISIBLE.to(lang)) " " (from(levels.visible).to(lang)) }
                    dd { strong { (said(lang, words::visible(levels))) } }
                }
                div {
                    dt { (says::NOT_VISIBLE.to(lang)) " " (below(levels.not_visible).to(lang)) }
                    dd { strong { (said(lang, words::not_visible(levels))) } }
                }
            }
            p.lasted { (source(shown, shown.place, &in_force)) ". " (says::FLOOR.to(lang)) ": "
                (said(lang, words::levels(map.floor.levels()))) "." }
            (units::units(shown))
        }
    }
}

/// What stands before the score from which *visible* is said, or before *never*.
fn from(level: u8) -> super::super::texts::Phrase {
    match level {
        NEVER.. => says::SAID,
        _ => says::FROM,
    }
}

/// The same of *not visible*.
fn below(level: u8) -> super::super::texts::Phrase {
    match level {
        NEVER.. => says::SAID,
        _ => says::BELOW,
    }
}

/// Where levels come from.
fn source(shown: &Shown<'_>, place: &Place, levels: &InForce<Levels>) -> String {
    let is_held = match place {
        Place::Home(home) => shown.file.map().held_back(*home).is_some(),
        Place::Municipality | Place::Area(_) => false,
    };
    match is_held {
        true => says::HELD.to(shown.lang).to_owned(),
        false => said(shown.lang, words::source(levels)),
    }
}

/// Two sliders, and what they would have made of the last nights.
fn sliders(shown: &Shown<'_>) -> Markup {
    let (lang, place) = (shown.lang, shown.place);
    let (levels, floor) = (shown.wish.sliders(), shown.file.floor.levels());
    html! {
        section #try {
            h2 { (says::TRY.to(lang)) }
            p.meaning { (says::TRY_MEANS.to(lang)) }
            form #tune.tune method="post" action=(shown.action("propose"))
                data-consequences=(format!("{}/consequences", path(place)))
                data-failed=(says::FAILED.to(lang)) {
                input type="hidden" name="place" value=(place_word(place));
                (slider(lang, ("visible", says::SLIDE_VISIBLE.to(lang)), (
                    floor.visible, levels.visible, words::visible(levels))))
                (slider(lang, ("not_visible", says::SLIDE_NOT_VISIBLE.to(lang)), (
                    floor.not_visible, levels.not_visible, words::not_visible(levels))))
                @if let Some(inherit) = inherit(shown) {
                    label.inherit {
                        input type="checkbox" name="inherit" value="yes"
                            checked[matches!(shown.wish, Wish::Inherit(_))];
                        span { (inherit.to(lang)) }
                    }
                }
                // Without a script this asks for the page with the sliders where they were put.
                button.press formmethod="get" formaction=(path(place)) name="lang"
                    value=(lang.tag()) formnovalidate { (says::SHOW.to(lang)) }
                div #consequences role="status" {
                    (consequences(lang, shown.file, place, shown.wish))
                }
                (proposing(shown))
            }
        }
    }
}

/// How it is said that nothing of its own is to hold; `None` where nothing of its own does.
fn inherit(shown: &Shown<'_>) -> Option<super::texts::Phrase> {
    let is_set = shown.file.book.set_at(shown.place).is_some();
    match shown.place {
        Place::Municipality => is_set.then_some(says::INHERIT_MUNICIPALITY),
        Place::Area(_) => is_set.then_some(says::INHERIT_AREA),
        Place::Home(_) if is_set => Some(says::INHERIT_HOME),
        Place::Home(home) => {
            let is_held = shown.file.map().held_back(*home).is_some();
            is_held.then_some(says::FOLLOW_HOME)
        }
    }
}

fn slider(lang: Lang, (name, label): (&str, &str), (floor, level, says): (u8, u8, Said)) -> Markup {
    let says = said(lang, says);
    html! {
        div.slider {
            label for=(name) { (label) }
            input #(name) type="range" name=(name) min=(floor) max=(NEVER) step="1"
                value=(level) aria-valuetext=(says);
            output for=(name) data-value=(name) { (says) }
        }
    }
}

fn proposing(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let is_waiting = shown.file.book.waiting_at(shown.place).is_some();
    html! {
        @match shown.may(Permission::ProposeThresholds) {
            Allowed::No => p.notice { (says::ONLY_SEEN.to(lang)) },
            Allowed::Yes if is_waiting => {},
            Allowed::Yes => {
                @if matches!(shown.place, Place::Home(_)) {
                    label.inherit {
                        input type="checkbox" name="anew" value="yes"
                            checked[shown.gone == Gone::Anew];
                        span { (says::ANEW.to(lang)) }
                    }
                }
                label for="why" { (says::WHY.to(lang)) }
                p.lasted #why-hint { (says::WHY_HINT.to(lang)) }
                textarea #why name="why" rows="2" required maxlength=(crate::tuning::WHY_MAX)
                    aria-describedby="why-hint" { (shown.why) }
                button.main { (says::PROPOSE.to(lang)) }
                p.lasted { (says::PROPOSE_MEANS.to(lang)) }
            }
        }
    }
}

/// What the sliders would have made of the last nights, and what is known of misses.
pub(in crate::http) fn consequences(lang: Lang, file: &File, place: &Place, wish: Wish) -> Markup {
    let map = file.map();
    let set = wish.set(file, place);
    let levels = map.with(place, Some((place, set))).value;
    html! {
        h3 { (says::CONSEQUENCES.to(lang)) }
        p {
            (says::IF_SO.to(lang)) " " (says::VISIBLE.to(lang)) " "
            (from(levels.visible).to(lang)) " "
            span data-says="visible" { (said(lang, words::visible(levels))) } ", "
            (says::NOT_VISIBLE.to(lang)) " " (below(levels.not_visible).to(lang)) " "
            span data-says="not_visible" { (said(lang, words::not_visible(levels))) } "."
        }
        (counted(lang, file, place, set))
        (misses(lang, file, place, set))
    }
}

/// What is known of *visible* that is wrong: nothing from counts, and what a pool has shown.
fn misses(lang: Lang, file: &File, place: &Place, set: Option<Levels>) -> Markup {
    let levels = file.map().with(place, Some((place, set))).value;
    let about = match place {
        Place::Home(home) => file
            .own
            .get(home)
            .map_or(About::Uncommissioned, About::Home),
        Place::Municipality | Place::Area(_) => About::Several,
    };
    let bound = file.evidence.bound(about, levels);
    let is_so = match place {
        Place::Home(home) => file.is_held(*home, levels),
        Place::Municipality | Place::Area(_) => true,
    };
    html! {
        p.misses {
            strong { (says::MISSES.to(lang)) } " " (says::NO_COUNT_KNOWS.to(lang)) " "
            (said(lang, words::bound(bound)))
            @if let (Bound::Kept { .. }, false) = (bound, is_so) {
                " " (says::ONCE_HELD.to(lang))
            }
        }
    }
}

/// How words would have shifted; nothing but why where that cannot be counted.
fn counted(lang: Lang, file: &File, place: &Place, set: Option<Levels>) -> Markup {
    let outlook = file.outlook(place, set);
    html! {
        @if outlook.counted > 0 {
            ul.shifts {
                @for (shift, both) in words::shifts(&outlook) {
                    li { strong { (said(lang, shift)) } " (" (said(lang, both)) ")" }
                }
            }
        }
        p.lasted { (said(lang, words::basis(&outlook))) }
        @if outlook.counted > 0 { p.lasted { (says::BY_TODAY.to(lang)) } }
    }
}

/// What waits for a decision: at a place its own, for the municipality everything.
fn waiting(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let is_here =
        |change: &&Change| *shown.place == Place::Municipality || change.place == *shown.place;
    let changes: Vec<&Change> = shown.file.book.waiting().filter(is_here).collect();
    html! {
        @if !changes.is_empty() {
            section #waiting {
                h2 { (says::WAITING.to(lang)) }
                ul.rows { @for change in changes { (waiting_row(shown, change)) } }
            }
        }
    }
}

fn waiting_row(shown: &Shown<'_>, change: &Change) -> Markup {
    let (lang, file) = (shown.lang, shown.file);
    let now = file.map().of(&change.place).value;
    html! {
        li.setting #{ "c" (change.id) } {
            h3 {
                @if change.place == *shown.place { (shown.name(&change.place)) }
                @else { a href=(shown.link(&change.place)) { (shown.name(&change.place)) } }
            }
            p.updated {
                (said(lang, words::kind(change.kind))) " " (change.id) ", "
                (says::PROPOSED_BY.to(lang)) " " (shown.viewer.name(&change.by)) ", "
                (shown.time(change.at))
            }
            p { (change.why) }
            p { (says::WAS.to(lang)) " " (said(lang, words::levels(now))) }
            p { (says::WOULD_BE.to(lang)) " " strong { (said(lang, words::set(change.levels))) } }
            @if change.gone == Gone::Anew { p { strong { (says::IS_ANEW.to(lang)) } } }
            (counted(lang, file, &change.place, change.levels))
            (misses(lang, file, &change.place, change.levels))
            (deciding(shown, change))
        }
    }
}

fn deciding(shown: &Shown<'_>, change: &Change) -> Markup {
    let lang = shown.lang;
    let is_own = change.by == shown.viewer.me.id;
    let fields = html! {
        input type="hidden" name="place" value=(place_word(&change.place));
        input type="hidden" name="change" value=(change.id);
    };
    let mark = shown.file.map().shown(&change.place, change.levels);
    html! {
        @if is_own {
            p.notice { (says::OWN_WAITS.to(lang)) }
            form method="post" action=(shown.action("withdraw")) {
                (fields)
                button { (says::WITHDRAW.to(lang)) }
            }
        } @else if shown.may(Permission::ApproveThresholds) == Allowed::Yes {
            form.deciding method="post" action=(shown.action("decide")) {
                (fields)
                input type="hidden" name="shown" value=(mark);
                button name="verdict" value="approve" { (says::APPROVE.to(lang)) }
                button name="verdict" value="refuse" { (says::REFUSE.to(lang)) }
            }
        }
    }
}

/// One step back, in one press.
fn back(shown: &Shown<'_>) -> Markup {
    let (lang, place) = (shown.lang, shown.place);
    let step = shown.file.book.step_back(place);
    let step = step.filter(|_| shown.may(Permission::ProposeThresholds) == Allowed::Yes);
    html! {
        @if let Some(step) = step {
            section #back {
                h2 { (says::BACK.to(lang)) }
                p { (says::BACK_TO.to(lang)) " " strong { (said(lang, words::set(step.levels))) } }
                (counted(lang, shown.file, place, step.levels))
                p.lasted {
                    @match shown.file.map().caution(place, step.levels) {
                        Caution::NoLess => (says::BACK_ALONE.to(lang)),
                        Caution::Less => (says::BACK_NEEDS.to(lang)),
                    }
                }
                form method="post" action=(shown.action("back")) {
                    input type="hidden" name="place" value=(place_word(place));
                    input type="hidden" name="undoes" value=(step.undoes);
                    input type="hidden" name="shown"
                        value=(shown.file.map().shown(place, step.levels));
                    button { (says::BACK.to(lang)) }
                }
            }
        }
    }
}

/// Areas and homes, each with what is in force there and from where.
fn places(shown: &Shown<'_>) -> Markup {
    let (lang, map) = (shown.lang, shown.file.map());
    let areas: Vec<Place> = map.areas().into_iter().cloned().map(Place::Area).collect();
    let homes = shown.file.roster.homes().iter();
    let homes: Vec<Place> = homes.map(|home| Place::Home(home.id)).collect();
    html! {
        @for (id, title, places) in [("areas", says::AREAS, areas), ("homes", says::HOMES, homes)] {
            @if !places.is_empty() {
                section #(id) {
                    h2 { (title.to(lang)) }
                    ul.rows {
                        @for place in &places { (place_row(shown, place)) }
                    }
                }
            }
        }
    }
}

fn place_row(shown: &Shown<'_>, place: &Place) -> Markup {
    let lang = shown.lang;
    let in_force = shown.file.map().of(place);
    html! {
        li.setting {
            h3 { a href=(shown.link(place)) { (shown.name(place)) } }
            p {
                (said(lang, words::levels(in_force.value)))
                " " span.lasted { "(" (source(shown, place, &in_force)) ")" }
            }
        }
    }
}

/// Who changed what here, when and why; the newest first.
fn history(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let changes: Vec<&Change> = shown.file.book.history(shown.place).collect();
    html! {
        section #history {
            h2 { (says::HISTORY.to(lang)) }
            @if changes.is_empty() { p { (says::NOTHING_YET.to(lang)) } }
            @else {
                ol.rows reversed {
                    @for change in changes.iter().take(HISTORY_MAX) { (history_row(shown, change)) }
                }
                @if changes.len() > HISTORY_MAX { p.updated { (says::OLDER.to(lang)) } }
            }
        }
    }
}

fn history_row(shown: &Shown<'_>, change: &Change) -> Markup {
    let lang = shown.lang;
    html! {
        li.setting {
            h3 { (says::CHANGE.to(lang)) " " (change.id) }
            p.updated {
                (said(lang, words::kind(change.kind))) ", " (says::PROPOSED_BY.to(lang)) " "
                (shown.viewer.name(&change.by)) ", " (shown.time(change.at))
            }
            p { (change.why) }
            p { (said(lang, words::set(change.levels))) }
            @if change.gone == Gone::Anew { p { (says::IS_ANEW.to(lang)) } }
            p.updated {
                @match &change.verdict {
                    None => (says::STILL_WAITS.to(lang)),
                    Some(verdict) => {
                        (said(lang, words::decision(verdict.decision))) " "
                        (shown.viewer.name(&verdict.by)) ", " (shown.time(verdict.at))
                    }
                }
            }
        }
    }
}
