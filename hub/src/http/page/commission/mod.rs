//! "Driftsättning": the list of units, and one unit with what is to be done next, for a phone.
//!
//! Nothing about a resident stands here: a unit, its address, and places by number. What tests and
//! scripts hold on to: `#begin`, `#try`, `#place-ok`, `#conclude`, `data-step`, `data-number`,
//! `data-outcome`, `data-phase`.

mod drawing;

use std::time::Duration;

use maud::{Markup, html};

use nattsyn_protocol::commission::trial::Verdict;
use nattsyn_protocol::commission::{Ask, Room, State, Try};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::time::Timestamp;

use crate::commission::LOOK_TAKES;
use crate::commission::clerk::Listed;
use crate::commission::counter::Hand;
use crate::commission::course::{Answer, Asked, Course, Phase, Waits};
use crate::commission::gate::UnitGate;
use crate::view::Tonight;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{Lang, Phrase, commission as says};
use super::signs::{Sign, sign};
use super::{Book, Menu, Script, shell, still};

/// What a unit's page is made from.
pub(in crate::http) struct Shown<'a> {
    pub(in crate::http) listed: &'a Listed,
    pub(in crate::http) hand: Hand,
    /// Why what was asked was not done.
    pub(in crate::http) trouble: Option<Phrase>,
    pub(in crate::http) now: Timestamp,
    pub(in crate::http) tonight: &'a Tonight,
    pub(in crate::http) lang: Lang,
    pub(in crate::http) viewer: &'a Viewer,
}

impl Shown<'_> {
    fn path(&self, what: &str) -> String {
        let (unit, tag) = (self.listed.unit, self.lang.tag());
        format!("/commission/{unit}{what}?lang={tag}")
    }

    fn leads(&self, course: &Course) -> bool {
        course.led == (self.hand.who.clone(), self.hand.seat.clone())
    }
}

/// A try as pages and forms name it: `walk 0 2`, `staged 0 covered as_it_is`, `staged - …` where
/// all places are asked about.
pub(in crate::http) fn step_word(what: Try) -> String {
    match what {
        Try::Walk { sleeper, spot } => format!("walk {sleeper} {spot}"),
        Try::Staged {
            sleeper,
            state,
            room,
        } => {
            let who = sleeper.map_or_else(|| "-".to_owned(), |who| who.to_string());
            format!("staged {who} {} {}", state_word(state), room_word(room))
        }
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::EmptyBare => "empty_bare",
        State::EmptyMade => "empty_made",
        State::EmptyHeaped => "empty_heaped",
        State::EmptyJustLeft => "empty_just_left",
        State::OtherInBed => "other_in_bed",
        State::Uncovered => "uncovered",
        State::HalfCovered => "half_covered",
        State::Covered => "covered",
        State::OnTheEdge => "on_the_edge",
        State::LensCovered => "lens_covered",
        State::Together => "together",
    }
}

fn room_word(room: Room) -> &'static str {
    match room {
        Room::AsItIs => "as_it_is",
        Room::Otherwise => "otherwise",
        Room::Lit => "lit",
    }
}

/// The list of units.
pub(in crate::http) fn list(
    tonight: &Tonight,
    (lang, viewer): (Lang, &Viewer),
    units: &[Listed],
    now: Timestamp,
) -> Markup {
    let face = Clockface::new(&tonight.zone, tonight.night, lang);
    let own = html! {
        section #commission {
            h1 { (says::TITLE.to(lang)) " " span.count { (units.len()) } }
            p.meaning { (says::MEANING.to(lang)) }
            @if units.is_empty() { p { (says::NONE.to(lang)) } }
            ul.rows {
                @for listed in units {
                    li.row data-unit=(listed.unit) data-gate=(gate_word(listed.gate)) {
                        span.who {
                            strong {
                                a href=(format!("/commission/{}?lang={}", listed.unit, lang.tag())) {
                                    (listed.unit)
                                }
                            }
                            span.address { (listed.place) }
                        }
                        span.standing {
                            (sign(gate_sign(listed.gate)))
                            span { (standing(lang, &face, listed, now)) }
                        }
                    }
                }
            }
        }
    };
    let here = Book::Commissioning;
    let menu = Menu {
        viewer,
        here: Some(here),
    };
    let address = format!("{}?lang={}", here.path(), lang.other().tag());
    let body = still::body(lang, tonight, (&address, &menu), &own);
    let title = format!("{} – Nattsyn", says::TITLE.to(lang));
    shell(lang, &title, Script::Listen, &body)
}

fn gate_word(gate: UnitGate) -> &'static str {
    match gate {
        UnitGate::Commissioned => "commissioned",
        UnitGate::OnPaper(_) => "paper",
        UnitGate::Shut(why) => why.word(),
    }
}

fn gate_sign(gate: UnitGate) -> Sign {
    match gate {
        UnitGate::Commissioned => Sign::Visible,
        UnitGate::OnPaper(_) => Sign::Unclear,
        UnitGate::Shut(_) => Sign::Technical,
    }
}

/// How a unit stands, in words with their day, and whether somebody is at it.
fn standing(lang: Lang, face: &Clockface, listed: &Listed, now: Timestamp) -> String {
    let mut text = says::stands(listed.gate).to(lang).to_owned();
    let day = match (listed.gate, listed.passed) {
        (UnitGate::OnPaper(until), _) => Some(until),
        (UnitGate::Commissioned, passed) => passed,
        (UnitGate::Shut(_), _) => None,
    };
    if let Some(day) = day {
        text = format!("{text} {}", face.dated(day));
    }
    match listed.course.as_ref().map(|course| course.phase(now)) {
        Some(Phase::Button(_)) => format!("{text}; {}", says::AT_BUTTON.to(lang)),
        Some(Phase::Open(_)) => format!("{text}; {}", says::ONGOING.to(lang)),
        Some(Phase::Over | Phase::Passed) | None => text,
    }
}

/// A unit's whole page.
pub(in crate::http) fn document(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let menu = Menu {
        viewer: shown.viewer,
        here: None,
    };
    let own = html! {
        section #commission {
            p { a.press href=(format!("/commission?lang={}", lang.tag())) { (says::EVERY_UNIT.to(lang)) } }
            h1 { (says::TITLE.to(lang)) " " (shown.listed.unit) }
            p.meaning {
                (shown.listed.place) ", " (shown.listed.sleepers) " " (says::SLEEPERS.to(lang))
            }
            p #said role="status" {
                @if let Some(trouble) = shown.trouble { (trouble.to(lang)) }
            }
            div #course data-now=(shown.path("/now")) data-lost=(says::LANGUAGE_LOST.to(lang)) {
                (changing(shown))
            }
        }
    };
    let address = format!(
        "/commission/{}?lang={}",
        shown.listed.unit,
        lang.other().tag()
    );
    let body = still::body(lang, shown.tonight, (&address, &menu), &own);
    let title = format!("{} – Nattsyn", says::TITLE.to(lang));
    shell(lang, &title, Script::Commission, &body)
}

/// What changes of a unit's page.
pub(in crate::http) fn changing(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let face = Clockface::new(&shown.tonight.zone, shown.tonight.night, lang);
    let Some(course) = &shown.listed.course else {
        return html! {
            div data-turn="none" data-phase="none" {
                p { (standing(lang, &face, shown.listed, shown.now)) }
                (begin(shown, says::BEGIN))
            }
        };
    };
    let phase = course.phase(shown.now);
    let waits = course.waits(shown.now);
    let turn = format!(
        "{} {} {} {}",
        course.last,
        phase_word(phase),
        waits_word(waits),
        course.agreed.is_some()
    );
    html! {
        div data-turn=(turn) data-phase=(phase_word(phase)) data-waits=(waits_word(waits)) {
            p.meaning {
                (says::BY.to(lang)) " " (shown.viewer.name(&course.by)) " " (face.dated(course.began))
                @if phase_word(phase) == "open" { ". " (progress(shown, course)) }
            }
            @match phase {
                Phase::Button(until) => { (button(shown, until)) }
                Phase::Open(_) => { (open(shown, course, waits)) }
                Phase::Over => {
                    @match course.refused {
                        Some(why) => p.notice data-outcome="refused" {
                            (says::no_try(why).to(lang))
                        }
                        None => p.notice { (says::OVER.to(lang)) }
                    }
                    (begin(shown, says::BEGIN_AGAIN))
                }
                Phase::Passed => { (passed(shown, &face, course)) }
            }
        }
    }
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Button(_) => "button",
        Phase::Open(_) => "open",
        Phase::Over => "over",
        Phase::Passed => "passed",
    }
}

fn waits_word(waits: Waits) -> &'static str {
    match waits {
        Waits::No => "no",
        Waits::Since(_) => "answer",
        Waits::TooLong => "too_long",
    }
}

fn begin(shown: &Shown<'_>, what: Phrase) -> Markup {
    html! {
        p { (says::BEFORE.to(shown.lang)) }
        form method="post" action=(shown.path("/begin")) {
            button.main #begin { (what.to(shown.lang)) }
        }
    }
}

fn button(shown: &Shown<'_>, until: Timestamp) -> Markup {
    let lang = shown.lang;
    let left = until.since(shown.now).as_secs();
    html! {
        h2 { (says::PRESS.to(lang)) }
        (drawing::button())
        p {
            span.clock data-left-s=(left) { (left / 60) ":" (format!("{:02}", left % 60)) }
            " " (says::LEFT.to(lang)) ". " (says::PRESS_HOW.to(lang))
        }
    }
}

/// Steps left, and for how long it has gone on.
fn progress(shown: &Shown<'_>, course: &Course) -> Markup {
    let lang = shown.lang;
    let (done, all) = course.steps();
    let minutes = shown.now.since(course.began).as_secs() / 60;
    html! {
        (all.saturating_sub(done)) " " (says::STEPS.to(lang)) ". "
        (says::ELAPSED.to(lang)) " " (minutes) " " (says::MINUTES.to(lang))
    }
}

fn open(shown: &Shown<'_>, course: &Course, waits: Waits) -> Markup {
    let lang = shown.lang;
    html! {
        @if !shown.leads(course) {
            p.notice { (says::READS.to(lang)) }
            form method="post" action=(shown.path("/lead")) {
                button.press #lead { (says::LEAD.to(lang)) }
            }
        }
        @if let Some(asked) = &course.asked { (result(lang, asked)) }
        @match waits {
            Waits::Since(since) => { (looking(shown, course, since)) }
            Waits::TooLong => {
                p.notice data-outcome="unanswered" {
                    strong { (says::TRY_AGAIN.to(lang)) ". " } (says::UNANSWERED.to(lang))
                }
                (next(shown, course))
            }
            Waits::No => { (next(shown, course)) }
        }
    }
}

/// The look that is under way: the bar fills in the time that a look takes.
fn looking(shown: &Shown<'_>, course: &Course, since: Timestamp) -> Markup {
    let lang = shown.lang;
    let elapsed = shown.now.since(since).min(LOOK_TAKES).as_secs();
    let asked = course.asked.as_ref().map(|asked| asked.order.ask);
    html! {
        @if let Some(Ask::Try(what)) = asked { (drawing::scene(what, course.leave.sleepers)) }
        p { (says::LOOKING.to(lang)) }
        progress #bar aria-label=(says::LOOKING.to(lang)) max=(LOOK_TAKES.as_secs())
            value=(elapsed) data-elapsed-s=(elapsed) {}
    }
}

/// What the last order came to, in words with a shape.
fn result(lang: Lang, asked: &Asked) -> Markup {
    let Some((answer, _)) = &asked.answer else {
        return html! {};
    };
    let number = asked.order.number;
    match answer {
        Answer::Commissioned(_) => html! {},
        Answer::NotTried(not) => html! {
            p.standing #result data-number=(number) data-outcome="not_tried" {
                (sign(Sign::Technical)) span { (says::no_try(not.why).to(lang)) }
            }
        },
        Answer::Tried(tried) => {
            let (shape, what) = judged(tried.what, tried.finding, &tried.cells);
            html! {
                p.standing #result data-number=(number) data-outcome=(tried.finding)
                    data-step=(step_word(tried.what)) {
                    (sign(shape))
                    span {
                        (says::RESULT.to(lang)) ": "
                        @if !matches!(tried.what, Try::Walk { .. }) {
                            (says::finding(tried.finding).to(lang)) ". "
                        }
                        (what.to(lang))
                    }
                }
            }
        }
    }
}

/// Whether what a look said is as it should be.
fn judged(what: Try, finding: Finding, cells: &[u16]) -> (Sign, Phrase) {
    let somebody = match what {
        Try::Walk { .. } => {
            return match (finding, cells.is_empty()) {
                (Finding::Technical(_) | Finding::Paused, _) => (Sign::Technical, says::AGAIN),
                (_, true) => (Sign::Unclear, says::NOBODY_SEEN),
                (_, false) => (Sign::Visible, says::SOMEBODY_SEEN),
            };
        }
        // What is said of somebody on the edge refuses nobody.
        Try::Staged {
            state: State::OnTheEdge,
            ..
        } if finding == Finding::NotVisible => return (Sign::Unclear, says::NEUTRAL),
        Try::Staged { state, .. } => state.is_somebody(),
    };
    match (somebody, finding) {
        (None, Finding::Technical(_)) => (Sign::Visible, says::GOOD),
        (Some(true), Finding::NotVisible) => (Sign::Unclear, says::MISSED),
        (None, Finding::Visible | Finding::NotVisible | Finding::Unclear(_))
        | (Some(false), Finding::Visible) => (Sign::NotVisible, says::BAD),
        (Some(true), Finding::Visible)
        | (Some(false), Finding::NotVisible | Finding::Unclear(_)) => (Sign::Visible, says::GOOD),
        (Some(true), Finding::Unclear(_)) => (Sign::Unclear, says::NEUTRAL),
        (Some(_), Finding::Technical(_)) | (_, Finding::Paused) => (Sign::Technical, says::AGAIN),
    }
}

/// What is to be done next.
fn next(shown: &Shown<'_>, course: &Course) -> Markup {
    let lang = shown.lang;
    if let Some(places) = course.to_settle() {
        return html! { (settle(shown, course, &places)) (again(shown, course)) };
    }
    match course.verdict() {
        Verdict::Refused(faults) => html! {
            section.notice #refused {
                h2 { (sign(Sign::NotVisible)) " " (says::REFUSED.to(lang)) }
                ul { @for fault in faults { li { (says::fault(lang, fault)) } } }
                p { (says::REFUSED_HOW.to(lang)) }
            }
            (ask(shown, Try::Walk { sleeper: 0, spot: 0 }, ("again", says::REHANG)))
            (again(shown, course))
        },
        Verdict::Passed => html! {
            h2 { (sign(Sign::Visible)) " " (says::PASSED.to(lang)) }
            form method="post" action=(shown.path("/conclude")) {
                button.main #conclude disabled[!shown.leads(course)] { (says::CONCLUDE.to(lang)) }
            }
            (again(shown, course))
        },
        Verdict::Open => html! {
            @if let Some(what) = course.next() {
                (task(lang, what, course))
                (ask(shown, what, ("try", says::TRY)))
                @if let Try::Walk { sleeper, .. } = what { (drawing::grid(lang, course, sleeper)) }
            }
            (again(shown, course))
        },
    }
}

/// What somebody must do for a try, drawn and in words.
fn task(lang: Lang, what: Try, course: &Course) -> Markup {
    let who = match what {
        Try::Walk { sleeper, .. } => Some(sleeper),
        Try::Staged { sleeper, .. } => sleeper,
    };
    html! {
        h2 data-step=(step_word(what)) {
            @if let Some(who) = who.filter(|_| course.leave.sleepers > 1) {
                (says::SLEEPER.to(lang)) " " (says::number(who)) ": "
            }
            (says::step(what).to(lang))
        }
        @if let Try::Staged { room, .. } = what { p { (says::room(room).to(lang)) "." } }
        (drawing::scene(what, course.leave.sleepers))
    }
}

fn ask(shown: &Shown<'_>, what: Try, (id, text): (&str, Phrase)) -> Markup {
    let leads = shown
        .listed
        .course
        .as_ref()
        .is_some_and(|it| shown.leads(it));
    html! {
        form method="post" action=(shown.path("/try")) {
            input type="hidden" name="step" value=(step_word(what));
            button.main id=(id) data-step=(step_word(what)) disabled[!leads] {
                (text.to(shown.lang))
            }
        }
    }
}

/// The places that the walk proposes, to be moved and agreed to.
fn settle(shown: &Shown<'_>, course: &Course, places: &[Vec<[f32; 2]>]) -> Markup {
    let lang = shown.lang;
    let text = serde_json::to_string(places).unwrap_or_default();
    html! {
        h2 { (says::PLACE.to(lang)) }
        p { (says::PLACE_HOW.to(lang)) }
        @if places.len() > 1 { p { (says::PLACES_HOW.to(lang)) } }
        form #place method="post" action=(shown.path("/places"))
            data-corner=(says::CORNER.to(lang)) {
            input type="hidden" name="places" value=(text);
            (drawing::places(lang, course, places))
            button.main #place-ok disabled[!shown.leads(course)] { (says::RIGHT.to(lang)) }
        }
    }
}

/// Steps that may be made once more.
fn again(shown: &Shown<'_>, course: &Course) -> Markup {
    let lang = shown.lang;
    let was_made = |what: &Try| match *what {
        Try::Walk { sleeper, spot } => course.trial.cells(sleeper, spot).is_some(),
        Try::Staged { .. } => !course.trial.outcomes(*what).is_empty(),
    };
    let mut steps = course.trial.steps();
    steps.retain(|what| was_made(what) && course.trial.may_try(*what));
    html! {
        @if !steps.is_empty() && shown.leads(course) {
            details #redo {
                summary { (says::REDO.to(lang)) }
                p { (says::REDO_HOW.to(lang)) }
                form method="post" action=(shown.path("/try")) {
                    @for what in steps {
                        button.press name="step" value=(step_word(what)) {
                            (says::step(what).to(lang))
                            @if let Try::Staged { room, .. } = what {
                                @if room != Room::AsItIs { " (" (says::room(room).to(lang)) ")" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The receipt.
fn passed(shown: &Shown<'_>, face: &Clockface, course: &Course) -> Markup {
    let lang = shown.lang;
    let Some((commissioned, at)) = &course.passed else {
        return html! {};
    };
    let lasted: Duration = at.since(course.began);
    html! {
        section #receipt data-outcome="passed" {
            h2 { (sign(Sign::Visible)) " " (says::DONE.to(lang)) " " (face.dated(*at)) }
            p { (says::DONE_HOW.to(lang)) }
            @match (course.agreed, course.leave.sleepers) {
                (Some(_), _) => {}
                (None, 2..) => p.notice { (says::SIDES_NEXT.to(lang)) },
                (None, _) => p.notice { (says::NOT_AGREED_YET.to(lang)) },
            }
            h2 { (says::RECEIPT.to(lang)) }
            dl {
                dt { "Nattsyn" } dd { (shown.listed.unit) ", " (shown.listed.place) }
                dt { (says::BY.to(lang)) } dd { (shown.viewer.name(&course.by)) }
                dt { (says::ELAPSED.to(lang)) }
                dd { (lasted.as_secs() / 60) " " (says::MINUTES.to(lang)) ", " (course.numbers) }
                dt { "Model" } dd { (commissioned.held.model) }
                @for (who, place) in (0_u8..).zip(&commissioned.held.places) {
                    dt { (says::PLACE.to(lang)) " " (says::number(who)) } dd { (place) }
                }
            }
        }
        (begin(shown, says::BEGIN_AGAIN))
    }
}
