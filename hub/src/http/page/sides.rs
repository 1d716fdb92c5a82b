//! "Vem sover var": the places of a bedroom, drawn, and who sleeps in which.
//!
//! Two taps: one on the drawing that is right, one to write it down; the same with a keyboard. The
//! drawing is made of the polygons that a technician agreed to and of nothing from a camera. What
//! tests hold on to: `#sides`, `data-sides`, `#save`, `data-stands`.

use maud::{Markup, html};

use nattsyn_protocol::commission::GRID;
use nattsyn_protocol::ids::ResidentId;

use crate::commission::clerk::{Bedroom, Slept};
use crate::roster::Resident;
use crate::staff::{Allowed, Permission};
use crate::view::Tonight;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{Lang, Phrase, sides as says};
use super::leaf;

/// Side of a cell of the grid in the drawing.
const CELL: u16 = 16;

/// What the page is made from.
pub(in crate::http) struct Shown<'a> {
    pub(in crate::http) resident: ResidentId,
    pub(in crate::http) bedroom: &'a Bedroom,
    /// Why what was asked was not done.
    pub(in crate::http) trouble: Option<Phrase>,
    pub(in crate::http) tonight: &'a Tonight,
    pub(in crate::http) lang: Lang,
    pub(in crate::http) viewer: &'a Viewer,
}

/// The whole page.
pub(in crate::http) fn document(shown: &Shown<'_>) -> Markup {
    let (lang, who) = (shown.lang, shown.resident);
    let own = html! {
        section #sides {
            p {
                a.press href=(format!("/residents/{who}?lang={}", lang.tag())) {
                    (says::BACK.to(lang))
                }
            }
            h1 { (says::TITLE.to(lang)) }
            p.chosen { (shown.bedroom.address) }
            p.meaning { (says::MEANING.to(lang)) }
            p #said role="status" {
                @if let Some(trouble) = shown.trouble { (trouble.to(lang)) }
            }
            (stands(shown))
        }
    };
    let other = lang.other().tag();
    let address = format!("/residents/{who}/place?lang={other}");
    let title = format!("{} – Nattsyn", says::TITLE.to(lang));
    leaf(
        lang,
        (shown.tonight, shown.viewer),
        (None, &address, &title),
        &own,
    )
}

fn stands(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    match &shown.bedroom.slept {
        Slept::Alone => html! { p.notice data-stands="alone" { (says::ALONE.to(lang)) } },
        Slept::NotTried => {
            html! { p.notice data-stands="not_tried" { (says::NOT_TRIED.to(lang)) } }
        }
        Slept::Places { places, said } => html! {
            @if let Some(said) = said {
                @let face = Clockface::new(&shown.tonight.zone, shown.tonight.night, lang);
                p data-stands="said" {
                    (says::SAID_BY.to(lang)) " " (shown.viewer.name(&said.by)) ", "
                    (face.dated(said.at)) ". " (says::SWAPPED.to(lang))
                }
            } @else {
                p data-stands="unsaid" { (says::DRAWN.to(lang)) }
            }
            @let now = said.as_ref().map(|it| it.sides.residents().collect::<Vec<ResidentId>>());
            (choose(shown, places, now.as_deref()))
        },
    }
}

/// Every way in which those who live there can lie, drawn, to be chosen from.
fn choose(shown: &Shown<'_>, places: &[Vec<[f32; 2]>], now: Option<&[ResidentId]>) -> Markup {
    let lang = shown.lang;
    let may = shown.viewer.roles.allow(Permission::SaySides);
    let action = format!("/residents/{}/place?lang={}", shown.resident, lang.tag());
    let people: Vec<&Resident> = shown.bedroom.residents.iter().collect();
    html! {
        form.sides method="post" action=(action) {
            fieldset disabled[may == Allowed::No] {
                legend { (says::WHO.to(lang)) }
                div.cards {
                    @for order in orders(&people) {
                        @let ids: Vec<ResidentId> = order.iter().map(|who| who.id).collect();
                        (card(lang, places, &order, (&ids, now == Some(&ids))))
                    }
                }
            }
            @match may {
                Allowed::Yes => {
                    button.main #save { (says::SAVE.to(lang)) }
                    p.lasted { (says::FROM_NOON.to(lang)) }
                }
                Allowed::No => p.notice { (says::ONLY_SEEN.to(lang)) },
            }
        }
    }
}

/// One way to lie: a choice with its drawing.
fn card(
    lang: Lang,
    places: &[Vec<[f32; 2]>],
    order: &[&Resident],
    (ids, is_now): (&[ResidentId], bool),
) -> Markup {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let value = ids.join(" ");
    html! {
        label.card data-sides=(value) {
            input type="radio" name="sides" value=(value) required checked[is_now];
            (drawing(places, order))
            @for (at, who) in order.iter().enumerate() {
                span.side {
                    strong { (who.name) } ": " (says::PLACE.to(lang)) " " (at + 1) ", "
                    (where_of(lang, places, at))
                }
            }
        }
    }
}

/// Every order of these people, as they stand first.
fn orders<'a>(people: &[&'a Resident]) -> Vec<Vec<&'a Resident>> {
    if people.len() < 2 {
        return vec![people.to_vec()];
    }
    let mut all = Vec::new();
    for at in 0..people.len() {
        let mut rest = people.to_vec();
        let first = rest.remove(at);
        for mut order in orders(&rest) {
            order.insert(0, first);
            all.push(order);
        }
    }
    all
}

fn middle(place: &[[f32; 2]]) -> (f32, f32) {
    let sum = |axis: usize| place.iter().map(|corner| corner[axis]).sum::<f32>();
    // A place has three corners at least.
    let corners = f32::from(u16::try_from(place.len().max(1)).unwrap_or(u16::MAX));
    (sum(0) / corners, sum(1) / corners)
}

/// Where a place lies beside the others, in words: along the axis on which they are farther apart.
fn where_of(lang: Lang, places: &[Vec<[f32; 2]>], at: usize) -> &'static str {
    let middles: Vec<(f32, f32)> = places.iter().map(|place| middle(place)).collect();
    let along = |axis: fn(&(f32, f32)) -> f32| -> Vec<f32> { middles.iter().map(axis).collect() };
    let (across, down) = (along(|it| it.0), along(|it| it.1));
    let span = |of: &[f32]| {
        let least = of.iter().copied().fold(f32::MAX, f32::min);
        of.iter().copied().fold(f32::MIN, f32::max) - least
    };
    let (of, least, most) = match span(&across) >= span(&down) {
        true => (across, says::LEFT, says::RIGHT),
        false => (down, says::FAR, says::NEAR),
    };
    let own = of.get(at).copied().unwrap_or_default();
    let (is_least, is_most) = (
        of.iter().all(|other| own <= *other),
        of.iter().all(|other| own >= *other),
    );
    match (is_least, is_most) {
        (true, _) => least,
        (false, true) => most,
        (false, false) => says::BETWEEN,
    }
    .to(lang)
}

/// The places, each with its number and a first name.
fn drawing(places: &[Vec<[f32; 2]>], order: &[&Resident]) -> Markup {
    let (width, height) = (f32::from(GRID.0 * CELL), f32::from(GRID.1 * CELL));
    html! {
        svg.grid viewBox=(format!("0 0 {width} {height}")) aria-hidden="true" focusable="false" {
            rect.frame x="0" y="0" width=(width) height=(height) {}
            @for (at, (place, who)) in places.iter().zip(order).enumerate() {
                @let points: Vec<String> = place.iter()
                    .map(|[x, y]| format!("{:.1},{:.1}", x * width, y * height)).collect();
                @let (x, y) = middle(place);
                polygon.place points=(points.join(" ")) {}
                text.number x=(format!("{:.0}", x * width)) y=(format!("{:.0}", y * height)) {
                    (at + 1)
                }
                text.whose x=(format!("{:.0}", x * width)) y=(format!("{:.0}", y * height + 20.0)) {
                    (first_name(&who.name))
                }
            }
        }
    }
}

/// As much of a name as fits into a place.
fn first_name(name: &str) -> String {
    let first = name.split_whitespace().next().unwrap_or(name);
    first.chars().take(10).collect()
}
