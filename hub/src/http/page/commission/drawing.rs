//! Pictures of what is to be staged: a bed from above, somebody, a duvet, a lamp, a hand. The same
//! for everybody, and drawn here: nothing in them comes from a camera.
//!
//! Each is 320 wide. A sleeper has a lane of the bed, the first nearest the unit, which hangs at
//! the top. Colours and strokes are the style sheet's.

use maud::{Markup, html};

use nattsyn_protocol::commission::{GRID, Room, SPOTS, State, Try};

use crate::commission::course::Course;

use super::super::super::texts::{Lang, commission as says};

/// Where the bed lies, and how long it is.
const BED: (u16, u16, u16) = (50, 56, 220);

/// How wide a lane is.
const LANE: u16 = 84;

/// How far from the lower edge of the bed the picture ends.
const BELOW: u16 = 46;

/// Side of a cell of the grid.
const CELL: u16 = 16;

/// What is to be staged for a try.
pub(super) fn scene(what: Try, sleepers: u8) -> Markup {
    let lanes = u16::from(sleepers.max(1));
    let height = BED.1 + lanes * LANE + BELOW;
    html! {
        svg.scene viewBox=(format!("0 0 320 {height}")) aria-hidden="true" focusable="false" {
            (unit())
            (bed(lanes))
            @match what {
                Try::Walk { sleeper, spot } => { (walker(u16::from(sleeper), spot)) }
                Try::Staged { sleeper, state, room } => {
                    (staged(state, sleeper.map(u16::from), lanes))
                    (around(room, height))
                }
            }
        }
    }
}

/// The button on the unit, and a finger on it.
pub(super) fn button() -> Markup {
    html! {
        svg.scene viewBox="0 0 320 160" aria-hidden="true" focusable="false" {
            rect.unit x="90" y="24" width="140" height="96" rx="14" {}
            circle.lens cx="130" cy="72" r="18" {}
            circle.here cx="194" cy="72" r="20" {}
            circle.lens cx="194" cy="72" r="11" {}
            path.skin d="M204 150 L190 96 Q186 82 196 80 Q206 79 209 92 L214 112 Q236 112 240 128 L242 150 Z" {}
        }
    }
}

fn unit() -> Markup {
    html! {
        rect.unit x="136" y="6" width="48" height="26" rx="6" {}
        circle.lens cx="160" cy="22" r="6" {}
        path.sight d="M154 34 L70 52 M166 34 L250 52" {}
    }
}

fn bed(lanes: u16) -> Markup {
    let (x, y, length) = BED;
    html! {
        rect.bed x=(x) y=(y) width=(length) height=(lanes * LANE) rx="10" {}
        rect.headboard x=(x - 8) y=(y - 4) width="10" height=(lanes * LANE + 8) rx="4" {}
        @for lane in 0..lanes {
            rect.pillow x=(x + 10) y=(y + lane * LANE + 16) width="36" height=(LANE - 32) rx="10" {}
        }
        @for lane in 1..lanes {
            path.fold d=(format!("M{x} {} h{length}", y + lane * LANE)) {}
        }
    }
}

/// Somebody lying: head on the pillow, arms beside, legs to the foot.
fn lying(lane: u16) -> Markup {
    let middle = BED.1 + lane * LANE + LANE / 2;
    let x = BED.0;
    html! {
        g.person {
            path d=(format!(
                "M{} {} q18 -22 40 -18 l44 4 q10 2 40 4 l36 2 q8 1 8 7 q0 6 -8 6 l-34 0 l34 1 \
                 q8 1 8 7 q0 6 -8 6 l-38 3 q-28 3 -38 4 l-44 4 q-24 3 -40 -18 z",
                x + 42, middle - 6
            )) {}
            circle cx=(x + 28) cy=(middle) r="14" {}
        }
    }
}

/// Somebody sitting, from above: a head over shoulders.
fn sitting((x, y): (u16, u16)) -> Markup {
    html! {
        circle.here cx=(x) cy=(y) r="27" {}
        g.person {
            ellipse cx=(x) cy=(y) rx="22" ry="12" {}
            circle cx=(x) cy=(y) r="10" {}
        }
    }
}

/// A duvet over a lane from `from` to the foot.
fn duvet(lane: u16, from: u16) -> Markup {
    let (x, y) = (BED.0 + from, BED.1 + lane * LANE + 4);
    let (width, height) = (BED.2 - from - 2, LANE - 8);
    html! {
        rect.duvet x=(x) y=(y) width=(width) height=(height) rx="12" {}
        path.fold d=(format!("M{} {} v{} M{} {} q30 8 60 0", x + 14, y + 4, height - 8, x + 30, y + 20)) {}
    }
}

fn heap(lane: u16) -> Markup {
    let (x, y) = (BED.0 + 96, BED.1 + lane * LANE + 14);
    html! {
        path.duvet d=(format!(
            "M{x} {} q-14 -30 18 -40 q20 -26 44 -4 q34 -6 30 24 q16 26 -22 30 q-26 16 -44 2 \
             q-22 4 -26 -12 z", y + 40
        )) {}
        path.fold d=(format!("M{} {} q14 -18 34 -8 M{} {} q16 8 30 -6", x + 14, y + 26, x + 34, y + 40)) {}
    }
}

fn staged(state: State, sleeper: Option<u16>, lanes: u16) -> Markup {
    let own = sleeper.unwrap_or(0);
    let foot = BED.1 + lanes * LANE;
    let every = |draw: fn(u16) -> Markup| html! { @for lane in 0..lanes { (draw(lane)) } };
    match state {
        State::EmptyBare => html! {},
        State::EmptyMade => every(|lane| duvet(lane, 52)),
        State::EmptyHeaped => every(heap),
        State::EmptyJustLeft => html! {
            @for lane in 0..lanes {
                path.duvet d=(format!(
                    "M{} {} h104 q10 0 10 10 v56 q0 10 -10 10 h-60 q10 -40 -44 -76 z",
                    BED.0 + 104, BED.1 + lane * LANE + 4
                )) {}
            }
            path.way d=(format!("M150 {} v30 m-8 -9 l8 10 l8 -10", foot - 8)) {}
            ellipse.step cx="142" cy=(foot + 34) rx="5" ry="9" {}
            ellipse.step cx="160" cy=(foot + 38) rx="5" ry="9" {}
        },
        State::OtherInBed => {
            let other = (own + 1) % lanes.max(1);
            html! { (lying(other)) (duvet(other, 66)) (mark(own)) }
        }
        State::Uncovered => lying(own),
        State::HalfCovered => html! { (lying(own)) (duvet(own, 122)) },
        State::Covered => html! { (lying(own)) (duvet(own, 52)) },
        State::Together => html! {
            @for lane in 0..lanes { (lying(lane)) (duvet(lane, 66)) }
            (mark(own))
        },
        State::OnTheEdge => sitting((170, foot - 2)),
        State::LensCovered => html! {
            path.skin d="M112 66 Q104 20 126 10 Q134 4 138 12 Q142 0 152 4 Q160 -2 166 6 Q176 2 180 12 \
                         Q190 8 192 20 L196 44 Q196 66 176 74 L170 104 H130 Z" {}
        },
    }
}

/// A lane that is asked about, and empty.
fn mark(lane: u16) -> Markup {
    html! {
        rect.here x=(BED.0 + 4) y=(BED.1 + lane * LANE + 4) width=(BED.2 - 8) height=(LANE - 8)
            rx="10" {}
    }
}

/// Somebody lying in the middle, on either side, high up or far down.
/// Somebody lying in the middle, along either edge, high up, far down.
fn walker(lane: u16, spot: u8) -> Markup {
    let shift = match spot {
        1 => "translate(0 -16)",
        2 => "translate(0 16)",
        3 => "translate(-14 0)",
        4 => "translate(20 0)",
        _ => "translate(0 0)",
    };
    html! { g transform=(shift) { (lying(lane)) } }
}

/// How the room is: chairs moved, a lamp on.
fn around(room: Room, height: u16) -> Markup {
    let y = height - 34;
    html! {
        @match room {
            Room::AsItIs => {}
            Room::Otherwise => {
                rect.chair x="20" y=(y) width="24" height="24" rx="4" {}
                path.way d=(format!("M52 {} h40 m-10 -8 l10 8 l-10 8", y + 12)) {}
                rect.chair.moved x="102" y=(y) width="24" height="24" rx="4" {}
            }
            Room::Lit => {
                circle.lamp cx="292" cy="26" r="11" {}
                path.ray d="M292 6 v-6 M292 46 v8 M272 26 h-9 M312 26 h8 M278 12 l-7 -7 M306 12 l7 -7 \
                            M278 40 l-7 7 M306 40 l7 7" {}
            }
        }
    }
}

/// The grid with the cells in which a sleeper was seen.
pub(super) fn grid(lang: Lang, course: &Course, sleeper: u8) -> Markup {
    let spots = (0..SPOTS).filter_map(|spot| course.trial.cells(sleeper, spot));
    let cells: Vec<u16> = spots.flatten().copied().collect();
    html! {
        svg.grid viewBox=(view()) role="img" data-cells=(cells.len())
            aria-label=(format!("{}: {}", says::SEEN_AT.to(lang), cells.len())) {
            (lines()) (lit(&cells))
        }
    }
}

/// The grid with the places that are to be agreed to. Their corners are the script's.
pub(super) fn places(lang: Lang, course: &Course, places: &[Vec<[f32; 2]>]) -> Markup {
    let every = (0..course.leave.sleepers).flat_map(|who| (0..SPOTS).map(move |spot| (who, spot)));
    let seen = every.filter_map(|(who, spot)| course.trial.cells(who, spot));
    let cells: Vec<u16> = seen.flatten().copied().collect();
    html! {
        svg.grid #corners viewBox=(view()) role="group" aria-label=(says::PLACE.to(lang)) {
            (lines()) (lit(&cells))
            @for (number, place) in (1_u8..).zip(places) {
                polygon.place points=(points(place)) {}
                @if let Some([x, y]) = place.first().filter(|_| places.len() > 1) {
                    text.number x=(format!("{:.0}", x * 320.0 + 14.0))
                        y=(format!("{:.0}", y * 256.0)) { (number) }
                }
            }
        }
    }
}

fn view() -> String {
    format!("0 0 {} {}", GRID.0 * CELL, GRID.1 * CELL)
}

fn points(place: &[[f32; 2]]) -> String {
    let (width, height) = (f32::from(GRID.0 * CELL), f32::from(GRID.1 * CELL));
    let corners = place
        .iter()
        .map(|[x, y]| format!("{:.1},{:.1}", x * width, y * height));
    corners.collect::<Vec<_>>().join(" ")
}

fn lines() -> Markup {
    let (width, height) = (GRID.0 * CELL, GRID.1 * CELL);
    let columns = (1..GRID.0).map(|at| format!("M{} 0 v{height}", at * CELL));
    let rows = (1..GRID.1).map(|at| format!("M0 {} h{width}", at * CELL));
    let path: Vec<String> = columns.chain(rows).collect();
    html! {
        rect.frame x="0" y="0" width=(width) height=(height) {}
        path.lines d=(path.join(" ")) {}
    }
}

fn lit(cells: &[u16]) -> Markup {
    html! {
        @for cell in cells.iter().filter(|cell| **cell < GRID.0 * GRID.1) {
            rect.cell x=(cell % GRID.0 * CELL) y=(cell / GRID.0 * CELL)
                width=(CELL) height=(CELL) {}
        }
    }
}
