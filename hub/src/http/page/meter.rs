//! The meter: how often staff are asked, as a picture, in figures and in words.
//!
//! The picture says nothing that the words beside it do not.

use maud::{Markup, html};

use crate::view::meter::{FLOOD, Load, Meter, SPANS, STEADY};

use super::super::texts::{Lang, ledger, shift as words};
use super::{View, name};

/// The picture's size, in its own units.
const WIDTH: usize = 360;
const HEIGHT: usize = 160;
/// Room for the figures above the highest bar and the words below.
const TOP: usize = 22;
const FOOT: usize = 24;

/// The page's own part.
pub(super) fn body(view: &View<'_>, meter: &Meter) -> Markup {
    let lang = view.lang;
    html! {
        section #meter data-load=(load_word(meter.load())) {
            h1 { (words::METER.to(lang)) }
            p.chosen { strong { (words::load(meter.load()).to(lang)) } }
            p { (words::measured(lang, meter)) " " (words::totals(lang, meter)) }
            p.meaning { (words::METER_MEANS.to(lang)) }
            h2 { (words::LAST_HOUR.to(lang)) }
            (picture(lang, meter))
        }
        section #causes {
            h2 { (words::CAUSES.to(lang)) }
            @if meter.homes.is_empty() { p { (words::NO_CAUSES.to(lang)) } }
            @else {
                ul.rows.tally { @for (person, count) in &meter.homes {
                    li.row {
                        span.who { strong { (name(lang, person)) }
                            span.address { (person.address) } }
                        span.often { (ledger::times(lang, *count)) }
                    }
                } }
            }
        }
    }
}

/// One line for the page of what needs a person, while there is a flood.
pub(super) fn flood(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let Some(meter) = &view.viewer.meter else {
        return html! {};
    };
    match meter.load() {
        Load::Steady | Load::Busy => html! {},
        Load::Flood => html! {
            p.notice.flood {
                strong { (words::load(Load::Flood).to(lang)) ". " }
                (words::measured(lang, meter)) " "
                a href=(format!("/meter?lang={}", lang.tag())) { (words::SEE_WHY.to(lang)) }
            }
        },
    }
}

fn load_word(load: Load) -> &'static str {
    match load {
        Load::Steady => "steady",
        Load::Busy => "busy",
        Load::Flood => "flood",
    }
}

/// Bars for the last hour, and the two marks for so many people.
fn picture(lang: Lang, meter: &Meter) -> Markup {
    let people = meter.operators.count();
    let (steady, flood) = (STEADY * people, FLOOD * people);
    let highest = meter.spans.iter().copied().max().unwrap_or(0);
    let scale = highest.max(flood).max(1);
    let room = HEIGHT - TOP - FOOT;
    let level = |count: usize| HEIGHT - FOOT - room * count / scale;
    let step = (WIDTH - 60) / SPANS;
    html! {
        svg.meter viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
            aria-label=(words::drawn(lang, meter)) {
            @for (place, &count) in meter.spans.iter().enumerate() {
                @let x = 4 + place * step;
                rect.bar x=(x) y=(level(count)) width=(step - 8) height=(room * count / scale) {}
                @if count > 0 {
                    text.figure x=(x + (step - 8) / 2) y=(level(count) - 5) text-anchor="middle" {
                        (count)
                    }
                }
                text.mark x=(x + (step - 8) / 2) y=(HEIGHT - 6) text-anchor="middle" {
                    @if place + 1 == SPANS { (words::NOW.to(lang)) }
                    @else { "−" ((SPANS - 1 - place) * 10) }
                }
            }
            @for (count, word) in [(steady, words::MARK_STEADY), (flood, words::MARK_FLOOD)] {
                line.limit x1="0" x2=(WIDTH - 60) y1=(level(count)) y2=(level(count)) {}
                text.mark x=(WIDTH - 56) y=(level(count) + 4) { (count) " " (word.to(lang)) }
            }
        }
    }
}
