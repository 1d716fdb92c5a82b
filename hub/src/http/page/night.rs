//! Any night of the ledger, line by line, on the screen and on paper.
//!
//! Shows what is written and offers nothing to press that changes anything. That nothing is
//! missing is said in words and figures before the first line.

use maud::{Markup, html};

use nattsyn_protocol::time::Timestamp;

use crate::view::ledger::{
    Account, Apart, Balance, ContradictionLine, ExceptionLine, Handled, Line, MatterLine, Mistake,
    NightLedger, Room,
};
use crate::watch::situation::Situation;
use crate::watch::{Altered, How, Said, Word};

use super::super::clockface::Clockface;
use super::super::texts::{self, Lang, hands, ledger, matters as closed};
use super::proof;
use super::signs::{Sign, sign};

/// What the parts of a ledger page need.
pub(in crate::http) struct Sheet<'a> {
    pub(in crate::http) night: &'a NightLedger,
    pub(in crate::http) now: Timestamp,
    pub(in crate::http) lang: Lang,
    pub(in crate::http) face: Clockface,
}

impl Sheet<'_> {
    pub(super) fn time(&self, at: Timestamp) -> Markup {
        html! { time datetime=(self.face.exact(at)) { (self.face.show(at)) } }
    }
}

/// The page's own part.
pub(in crate::http) fn body(sheet: &Sheet<'_>) -> Markup {
    let lang = sheet.lang;
    html! {
        section #ledger {
            h1 { (ledger::TITLE.to(lang)) }
            p.chosen {
                (texts::NIGHT.to(lang)) " " (ledger::night_of_year(lang, sheet.night.night))
            }
            (choose(sheet))
        }
        @if sheet.night.planned == 0 && sheet.night.lines.is_empty() {
            section { p { (ledger::NO_SUCH_NIGHT.to(lang)) } }
        } @else {
            (balance(sheet, &Balance::of(sheet.night, sheet.now)))
            section #lines {
                h2 { (ledger::LINES.to(lang)) }
                p.meaning { (texts::MEANING.to(lang)) }
                ol.rows { @for line in &sheet.night.lines { (row(sheet, line)) } }
            }
        }
        (apart(sheet))
        (matters(sheet))
        (proof::of_night(sheet, proof::Names::Ids))
    }
}

/// The way to any other night, to the table and to paper.
fn choose(sheet: &Sheet<'_>) -> Markup {
    let (lang, night) = (sheet.lang, sheet.night.night);
    let link = |night: jiff::civil::Date| format!("/ledger?night={night}&lang={}", lang.tag());
    html! {
        form.choose method="get" action="/ledger" aria-label=(ledger::CHOOSE.to(lang)) {
            label for="night" { (ledger::BEGAN.to(lang)) }
            span.field {
                input #night type="date" name="night" value=(night) required;
                input type="hidden" name="lang" value=(lang.tag());
                button.press type="submit" { (ledger::SHOW.to(lang)) }
            }
        }
        p.ways {
            @if let Ok(earlier) = night.yesterday() {
                a.press href=(link(earlier)) rel="prev" { (ledger::EARLIER.to(lang)) }
            }
            @if let Ok(later) = night.tomorrow() {
                a.press href=(link(later)) rel="next" { (ledger::LATER.to(lang)) }
            }
            a.press href=(format!("/morning?night={night}&lang={}", lang.tag())) {
                (ledger::MORNING.to(lang))
            }
            a.press href=(format!("/ledger.csv?night={night}&lang={}", lang.tag())) download {
                (ledger::AS_CSV.to(lang))
            }
            button.press type="button" data-print hidden { (ledger::PRINT.to(lang)) }
        }
    }
}

/// That nothing is missing, as a sum.
pub(super) fn balance(sheet: &Sheet<'_>, balance: &Balance) -> Markup {
    let lang = sheet.lang;
    let (class, verdict) = if balance.holds() {
        ("balance", ledger::BALANCES)
    } else {
        ("balance broken", ledger::BALANCES_NOT)
    };
    html! {
        section #balance data-holds=(if balance.holds() { "yes" } else { "no" }) {
            h2 { (ledger::BALANCE.to(lang)) }
            div class=(class) {
                p.sum {
                    strong { (balance.planned) " " (ledger::PLANNED.to(lang)) }
                    (if balance.lines == balance.planned { " = " } else { " ≠ " })
                    @for (how, count) in &balance.ended {
                        span.term { (count) " " (texts::how(*how).to(lang)) } " + "
                    }
                    span.term { (balance.open) " " (ledger::OPEN.to(lang)) }
                    @if balance.awaited > 0 {
                        " + " span.term { (balance.awaited) " " (ledger::AWAITED.to(lang)) }
                    }
                    @if balance.unaccounted > 0 {
                        " + " span.term {
                            (balance.unaccounted) " " (ledger::WITHOUT_OUTCOME.to(lang))
                        }
                    }
                }
                p.verdict { (verdict.to(lang)) }
                @for (count, label) in [
                    (balance.missing(), ledger::LINES_MISSING),
                    (balance.unplanned(), ledger::LINES_UNPLANNED),
                ] {
                    @if count > 0 { p.verdict { (label.to(lang)) " " (count) } }
                }
                p.updated {
                    @if let Some(frozen) = sheet.night.frozen {
                        (ledger::FROZEN.to(lang)) " " (sheet.time(frozen)) ". "
                    }
                    // A printed page must say how much of the night it knew.
                    (ledger::READ.to(lang)) " " (sheet.time(sheet.now)) "."
                }
            }
        }
    }
}

pub(super) fn row(sheet: &Sheet<'_>, line: &Line) -> Markup {
    let lang = sheet.lang;
    let account = line.account(sheet.now);
    html! {
        li.row #{ "c" (line.id) } data-account=(crate::view::ledger::account_word(account)) {
            span.when { (sheet.time(line.opens)) "–" (sheet.time(line.deadline)) }
            span.who {
                    strong { (super::name(lang, &line.person)) }
                    span.address { (line.person.address) }
                }
            span.standing { (standing(sheet, line, account)) }
            @let details = details(sheet, line);
            @if !details.is_empty() {
                ul.details { @for (label, what) in details {
                    li { span.label { (label) } " " (what) }
                } }
            }
            @if let Some(manner) = ledger::manner(line.manner) {
                p.detail { (manner.to(lang)) }
            }
        }
    }
}

fn standing(sheet: &Sheet<'_>, line: &Line, account: Account) -> Markup {
    let lang = sheet.lang;
    let (mark, text, at) = match account {
        Account::Ended(how) => (of_how(how), texts::how(how), ended_at(line, how)),
        Account::Open(cause) => (Sign::of_cause(cause), texts::cause(cause), None),
        Account::Awaited => (Sign::Planned, ledger::NOT_YET, None),
        Account::Unaccounted => (Sign::Technical, ledger::HOLE, None),
    };
    let is_open = matches!(account, Account::Open(_));
    html! {
        (sign(mark))
        span {
            (text.to(lang))
            @if let Some(at) = at { " " (sheet.time(at)) }
            @if is_open { " (" (ledger::STILL_OPEN.to(lang)) ")" }
        }
    }
}

fn of_how(how: How) -> Sign {
    use crate::watch::Arrival;
    match how {
        How::Visible(Arrival::InTime) => Sign::Visible,
        How::Visible(Arrival::Late) => Sign::VisibleLate,
        How::Said(Said::Died) => Sign::CalledOff,
        How::Said(_) => Sign::Person,
        How::CalledOff(_) => Sign::CalledOff,
    }
}

fn ended_at(line: &Line, how: How) -> Option<Timestamp> {
    match how {
        How::Said(_) => line.words.last().map(|word| word.at),
        How::Visible(_) | How::CalledOff(_) => line.outcome.map(|outcome| outcome.at),
    }
}

/// What is written about a check besides its outcome, label by label, in the order it happened
/// within each.
fn details(sheet: &Sheet<'_>, line: &Line) -> Vec<(&'static str, Markup)> {
    let lang = sheet.lang;
    let mut details = Vec::new();
    for altered in &line.altered {
        details.push((ledger::CHANGED.to(lang), changed(sheet, altered)));
    }
    if !line.looks.is_empty() {
        let looks = html! {
            @for (i, look) in line.looks.iter().enumerate() {
                @if i > 0 { " · " }
                (sheet.time(look.at)) " " (texts::finding(look.finding).to(lang))
            }
        };
        details.push((texts::LOOKS.to(lang), looks));
    }
    for contradiction in &line.contradictions {
        let label = ledger::NOT_COUNTED.to(lang);
        details.push((label, contradicted(sheet, contradiction)));
    }
    for row in &line.exceptions {
        details.extend(of_exception(sheet, row));
    }
    for word in &line.words {
        details.push((ledger::WRITTEN.to(lang), written(sheet, word)));
    }
    if let Some(mistake) = &line.mistaken {
        details.push((ledger::MISTAKE.to(lang), put_right(sheet, mistake)));
    }
    let known: Vec<&str> = line
        .exceptions
        .iter()
        .map(|row| texts::cause(row.cause).to(lang))
        .collect();
    for situation in line.situations() {
        let text = texts::of_situation(situation).to(lang);
        if !known.contains(&text) {
            details.push((
                ledger::NOTE.to(lang),
                noted(lang, text, often(line, situation)),
            ));
        }
    }
    details
}

/// That somebody was asked, and what was done about it.
fn of_exception(sheet: &Sheet<'_>, row: &ExceptionLine) -> Vec<(&'static str, Markup)> {
    let lang = sheet.lang;
    let mut details = vec![(ledger::ASKED.to(lang), asked(sheet, row))];
    if !row.handled.is_empty() {
        details.push((hands::DONE.to(lang), handled(sheet, row)));
    }
    details
}

fn put_right(sheet: &Sheet<'_>, mistake: &Mistake) -> Markup {
    let lang = sheet.lang;
    html! {
        (ledger::CORRECTED.to(lang)) " " (sheet.time(mistake.at)) ", "
        (ledger::BY.to(lang)) " " (mistake.by)
    }
}

/// What somebody was asked about that was about no check.
fn apart(sheet: &Sheet<'_>) -> Markup {
    html! {
        @if !sheet.night.apart.is_empty() {
            section #apart {
                h2 { (ledger::APART.to(sheet.lang)) }
                ol.rows { @for apart in &sheet.night.apart { (apart_row(sheet, apart)) } }
            }
        }
    }
}

pub(super) fn apart_row(sheet: &Sheet<'_>, apart: &Apart) -> Markup {
    let (lang, row) = (sheet.lang, &apart.row);
    let mut details = of_exception(sheet, row);
    if let Some(mistake) = &row.mistaken {
        details.push((ledger::MISTAKE.to(lang), put_right(sheet, mistake)));
    }
    html! {
        li.row #{ "x" (row.id) } {
            span.when {
                (sheet.time(row.opened))
                @if let Some((at, _)) = row.ended { "–" (sheet.time(at)) }
            }
            span.who {
                strong { (super::name(lang, &apart.person)) }
                span.address { (apart.person.address) }
            }
            span.standing {
                (sign(Sign::of_cause(row.cause)))
                span {
                    (texts::cause(row.cause).to(lang))
                    @if row.ended.is_none() { " (" (ledger::STILL_OPEN.to(lang)) ")" }
                }
            }
            ul.details { @for (label, what) in details {
                li { span.label { (label) } " " (what) }
            } }
        }
    }
}

/// How often a situation of a line happened, where that is counted.
fn often(line: &Line, situation: Situation) -> Option<u32> {
    (situation == Situation::ReportRepeated).then_some(line.repeats)
}

fn noted(lang: Lang, text: &str, often: Option<u32>) -> Markup {
    html! {
        (text)
        @if let Some(count) = often {
            " (" (ledger::times(lang, usize::try_from(count).unwrap_or(usize::MAX))) ")"
        }
        "."
    }
}

/// A second report by one number: what it says, and which of the two counts.
fn contradicted(sheet: &Sheet<'_>, contradiction: &ContradictionLine) -> Markup {
    let (lang, look) = (sheet.lang, contradiction.look);
    html! {
        (sheet.time(look.came)) " " (ledger::CONTRADICTS.to(lang)) " "
        (sheet.time(look.at)) " " (texts::finding(look.finding).to(lang)) ". "
        (ledger::FIRST_COUNTS.to(lang)) " " (texts::finding(contradiction.counts).to(lang)) ". "
        @if contradiction.check != contradiction.first { (ledger::OTHER_CHECK.to(lang)) " " }
        @match contradiction.room {
            Room::ForMore => {}
            Room::ForNone => (ledger::NO_MORE_KEPT.to(lang)),
        }
    }
}

fn changed(sheet: &Sheet<'_>, altered: &Altered) -> Markup {
    html! {
        (sheet.time(altered.at)) " " (ledger::alteration(altered.what).to(sheet.lang)) ", "
        (ledger::BY.to(sheet.lang)) " " (altered.by)
        @if !altered.why.is_empty() { ": " (altered.why) }
    }
}

/// When somebody was asked and why, what was agreed for that, and how it ended.
fn asked(sheet: &Sheet<'_>, row: &ExceptionLine) -> Markup {
    let lang = sheet.lang;
    let agreed = row.agreed.as_ref();
    let step = agreed.and_then(|agreed| ledger::arrangement(agreed, row.cause));
    let within = agreed.and_then(|agreed| agreed.answer_within);
    let answer_by = within.map(|within| row.opened.after(within));
    html! {
        (sheet.time(row.opened)) " " (texts::cause(row.cause).to(lang)) ". "
        @if step.is_some() || answer_by.is_some() {
            (texts::AGREED.to(lang)) " "
            @if let Some(step) = step { (step.to(lang)) }
            @if step.is_some() && answer_by.is_some() { ", " }
            @if let Some(by) = answer_by { (ledger::ANSWER_BY.to(lang)) " " (sheet.time(by)) }
            ". "
        }
        @if let Some((at, ending)) = row.ended {
            (sheet.time(at)) " " (texts::ending(ending).to(lang))
        }
    }
}

/// What people did about it, in order.
fn handled(sheet: &Sheet<'_>, row: &ExceptionLine) -> Markup {
    html! {
        @for (i, Handled { at, event }) in row.handled.iter().enumerate() {
            @if i > 0 { " · " }
            (sheet.time(*at)) " " (hands::did(sheet.lang, event, |at| sheet.face.show(at)))
        }
    }
}

fn written(sheet: &Sheet<'_>, word: &Word) -> Markup {
    html! {
        (sheet.time(word.at)) " " (texts::said(word.said).to(sheet.lang)) ", "
        (ledger::BY.to(sheet.lang)) " " (word.by)
    }
}

fn matters(sheet: &Sheet<'_>) -> Markup {
    let lang = sheet.lang;
    html! {
        @if !sheet.night.matters.is_empty() {
            section #matters {
                h2 { (texts::MATTERS.to(lang)) }
                ul.rows { @for matter in &sheet.night.matters { (matter_row(sheet, matter)) } }
            }
        }
    }
}

fn matter_row(sheet: &Sheet<'_>, matter: &MatterLine) -> Markup {
    let lang = sheet.lang;
    html! {
        li.row {
            span.when {
                (sheet.time(matter.opened))
                @if let Some(at) = matter.cleared { "–" (sheet.time(at)) }
            }
            span.who {
                strong { (super::matters::about(lang, matter.subject, &matter.about)) }
            }
            span.standing {
                (sign(Sign::Technical))
                span {
                    (texts::of_situation(matter.situation).to(lang))
                    @if matter.cleared.is_none() { " (" (ledger::STILL_OPEN.to(lang)) ")" }
                }
            }
            @if let Some((by, how)) = &matter.closed {
                span.detail {
                    (closed::CLOSED.to(lang)) " "
                    @if let Some(how) = how { (closed::how(*how).to(lang)) ", " }
                    (ledger::BY.to(lang)) " " (by)
                }
            }
        }
    }
}
