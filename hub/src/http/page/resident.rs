//! A resident's page: what was agreed, in plain words, and what has been lately.
//!
//! For whoever stands before the decision at night. It shows no picture and says nothing of how
//! anybody is; nothing can be done here, since a row is acted on where it stands, as it is now.

use jiff::civil::Date;
use maud::{Markup, html};

use crate::agreement::{Absence, Agreed, AgreedWindow, Agreement, How};
use crate::commission::clerk::Bedroom;
use crate::commission::gate::Shut;
use crate::nights;
use crate::notify::teller::Hearing;
use crate::settings::{Applied, words as set};
use crate::view::ledger::{Line, NightLedger};
use crate::view::resident::ResidentFile;
use crate::view::{Cause, ExceptionRow, HomeRow};
use crate::watch::Subject;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::policy::{Looks, Mode};

use super::super::clockface::Clockface;
use super::super::texts::next::{Concerns, next};
use super::super::texts::{self, ledger, resident as words, settings as says, sides};
use super::night::Sheet;
use super::signs::{Sign, sign};
use super::{View, consent, homes, matters, night};

/// What is set for the home: by when an answer is expected and who is told.
pub(in crate::http) struct Answering {
    /// What is in force.
    pub(in crate::http) applied: Applied,
    /// The steps of the team's chain, as the settings name them.
    pub(in crate::http) steps: Option<String>,
}

/// What is known of the home beside the resident's own rows.
#[derive(Default)]
pub(in crate::http) struct OfHome {
    /// What is set for it.
    pub(in crate::http) answering: Option<Answering>,
    /// Who sleeps where, and whether sensor mode suits.
    pub(in crate::http) bedroom: Option<Bedroom>,
}

/// The page's own part.
pub(super) fn body(view: &View<'_>, file: &ResidentFile, of_home: &OfHome) -> Markup {
    let lang = view.lang;
    let answering = of_home.answering.as_ref();
    html! {
        section #resident {
            h1 { (file.person.name) }
            p.chosen { (file.person.address) }
            @if let Some(ended) = &file.ended {
                p.notice { (words::ended(ended.why).to(lang)) ", " (view.time(ended.at)) }
            }
            @if is_paused(file, view.tonight.night) { p.notice { (words::PAUSED.to(lang)) } }
        }
        (now(view, file))
        (agreed(view, file, answering))
        @if file.ended.is_none() { (consent::summary(view, file.person.resident)) }
        (away(view, file))
        (nights_of(view, file))
        (unit(view, file, of_home.bedroom.as_ref()))
    }
}

/// Whether the latest look of tonight found the unit paused.
fn is_paused(file: &ResidentFile, tonight: Date) -> bool {
    let tonight = file.nights.iter().filter(|(night, _)| *night == tonight);
    let lines = tonight.flat_map(|(_, lines)| lines);
    let looks = lines.flat_map(|line| &line.looks);
    let latest = looks.max_by_key(|look| look.at);
    latest.is_some_and(|look| look.finding == Finding::Paused)
}

/// The open rows, with what to do next.
fn now(view: &View<'_>, file: &ResidentFile) -> Markup {
    let lang = view.lang;
    let who = file.person.resident;
    let rows = view.tonight.open.iter();
    let rows: Vec<&ExceptionRow> = rows.filter(|row| row.person.resident == who).collect();
    let matters = view.tonight.matters.iter();
    let matters: Vec<_> = matters
        .filter(|row| row.subject == Subject::Resident(who))
        .collect();
    html! {
        section #now {
            h2 { (words::NOW.to(lang)) }
            @if rows.is_empty() && matters.is_empty() { p { (words::NOTHING_NOW.to(lang)) } }
            @else {
                ul.rows {
                    @for row in rows { (open_row(view, row)) }
                    @for row in matters {
                        li.row {
                            span.when { (texts::SINCE.to(lang)) " " (view.time(row.opened)) }
                            span.standing {
                                (sign(Sign::Technical))
                                span { (texts::of_situation(row.situation).to(lang)) }
                            }
                            div.detail {
                                (matters::may_do(lang, row.situation))
                                (to_row(view, &format!("m{}", row.id)))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn open_row(view: &View<'_>, row: &ExceptionRow) -> Markup {
    let lang = view.lang;
    let concerns = if row.checks.is_empty() {
        Concerns::NoneYet
    } else {
        Concerns::Checks
    };
    html! {
        li.row {
            span.when { (texts::SINCE.to(lang)) " " (view.time(row.opened)) }
            span.standing {
                (sign(Sign::of_cause(row.cause)))
                span { (texts::cause(row.cause).to(lang)) }
            }
            div.detail {
                p { (texts::DUE.to(lang)) " " (view.time(row.due)) }
                @let next = next(lang, row.cause, concerns, row.agreed.as_ref());
                p { (texts::NEXT.to(lang)) " " (next) }
                @if row.cause == Cause::NotCommissioned(Shut::Unsaid) {
                    (to_sides(view, row.person.resident))
                }
                p { (super::hands::holder(view, row)) }
                (to_row(view, &format!("e{}", row.id)))
            }
        }
    }
}

/// The way to the page of who sleeps where.
pub(super) fn to_sides(view: &View<'_>, resident: ResidentId) -> Markup {
    let address = format!("/residents/{resident}/place?lang={}", view.lang.tag());
    html! { p { a.press.to-sides href=(address) { (sides::TO_PAGE.to(view.lang)) } } }
}

fn to_row(view: &View<'_>, anchor: &str) -> Markup {
    let address = format!("/?lang={}#{anchor}", view.lang.tag());
    html! { p { a.press href=(address) { (words::TO_ROW.to(view.lang)) } } }
}

/// What was agreed, line by line.
fn agreed(view: &View<'_>, file: &ResidentFile, answering: Option<&Answering>) -> Markup {
    let lang = view.lang;
    html! {
        section #agreed {
            h2 { (words::AGREED.to(lang)) }
            @match &file.agreed {
                None => p { (words::NOTHING_AGREED.to(lang)) },
                Some(agreed) => (agreement(view, agreed, answering, file.unit)),
            }
        }
    }
}

fn agreement(
    view: &View<'_>,
    agreed: &Agreed,
    answering: Option<&Answering>,
    unit: Option<UnitId>,
) -> Markup {
    let lang = view.lang;
    let it = &agreed.agreement;
    let noon = nights::noon(view.tonight.night, &view.tonight.zone).ok();
    let is_new = agreed.version > 1 && noon.is_some_and(|noon| agreed.made > noon);
    let wishes = it.wishes.trim();
    html! {
        dl.agreed {
            (term(words::KIND.to(lang), &html! { (kind(view, it.resident, unit).to(lang)) }))
            (term(words::WINDOWS.to(lang), &windows(view, &it.windows)))
            @if let Some(temporary) = &it.temporary {
                @let nights = format!("{} {}–{}:", words::TEMPORARY.to(lang),
                    words::date(lang, temporary.first), words::date(lang, temporary.last));
                (term(&nights, &html! {
                    (windows(view, &temporary.windows))
                    @if !temporary.reason.is_empty() { p { (temporary.reason) } }
                }))
            }
            (term(words::LOOKS.to(lang), &html! { (it.looks_after_s.len()) }))
            (term(words::THEN.to(lang), &html! { (words::then(it.then).to(lang)) }))
            (term(words::FALLBACK.to(lang), &html! { (words::fallback(it.fallback).to(lang)) }))
            (term(words::ANSWER.to(lang), &html! {
                @match it.answer_within_min {
                    Some(minutes) => { (minutes) " min" }
                    None => (as_set(view, answering)),
                }
            }))
            (term(words::TELLS.to(lang), &html! { (tells(view, answering)) }))
            @if !wishes.is_empty() { (term(words::WISHES.to(lang), &html! { (wishes) })) }
            @for (label, date) in dates(it) {
                (term(label.to(lang), &html! { (words::date(lang, date)) }))
            }
            (term(words::SINCE.to(lang), &html! {
                (view.time(agreed.made)) ", " (words::VERSION.to(lang)) " " (agreed.version) ", "
                (ledger::BY.to(lang)) " " (agreed.by)
            }))
        }
        @if is_new { p.notice { (words::FROM_NEXT.to(lang)) } }
    }
}

/// How the checks are made, by the policy that was signed for the unit.
fn kind(view: &View<'_>, resident: ResidentId, unit: Option<UnitId>) -> texts::Phrase {
    let units = &view.tonight.consent.units;
    let wanted = unit.and_then(|unit| units.get(&unit)?.wanted.as_ref());
    match wanted {
        Some((policy, _)) if policy.looks(resident) == Looks::Stopped => texts::consent::STOPPED,
        Some((policy, _)) if policy.mode == Mode::LiveView => texts::consent::LIVE_VIEW,
        Some(_) | None => words::SENSOR,
    }
}

/// By when an answer is expected where nothing of its own was agreed, and where that is set.
fn as_set(view: &View<'_>, answering: Option<&Answering>) -> String {
    let within = answering.map(|answering| &answering.applied.answer_within);
    within.map_or(words::AS_ALL.to(view.lang).to_owned(), |within| {
        let from = says::said(view.lang, set::source(&within.from));
        format!("{} ({from})", set::time(within.value))
    })
}

/// Who is alerted, in which order.
fn tells(view: &View<'_>, answering: Option<&Answering>) -> String {
    let steps = answering.and_then(|answering| answering.steps.clone());
    match view.told.hearing {
        Hearing::Nobody => words::TELLS_NOBODY.to(view.lang).to_owned(),
        Hearing::Somebody => steps.unwrap_or_else(|| words::TELLS_CHAIN.to(view.lang).to_owned()),
    }
}

fn dates(agreement: &Agreement) -> Vec<(texts::Phrase, Date)> {
    let dates = [
        (words::FIRST, agreement.first_night),
        (words::TRIAL, agreement.trial_until),
        (words::REVIEW, agreement.review),
    ];
    let said = dates.into_iter();
    said.filter_map(|(label, date)| Some((label, date?)))
        .collect()
}

fn term(label: &str, what: &Markup) -> Markup {
    html! { div { dt { (label) } dd { (what) } } }
}

fn windows(view: &View<'_>, windows: &[AgreedWindow]) -> Markup {
    let lang = view.lang;
    if windows.is_empty() {
        return html! { (words::NO_WINDOWS.to(lang)) };
    }
    html! {
        ul {
            @for window in windows {
                li {
                    (window.from.strftime("%H:%M").to_string()) "–"
                    (window.to.strftime("%H:%M").to_string()) ", "
                    (words::days(lang, window.days)) ": "
                    @match &window.how {
                        How::Looks(_) => (words::LOOKED.to(lang)),
                        How::Visit(reason, note) => {
                            (words::visit(*reason).to(lang))
                            @if !note.is_empty() { " (" (note) ")" }
                        }
                    }
                }
            }
        }
    }
}

fn away(view: &View<'_>, file: &ResidentFile) -> Markup {
    let lang = view.lang;
    html! {
        section #away {
            h2 { (words::AWAY.to(lang)) }
            @if file.absences.is_empty() { p { (words::NOT_AWAY.to(lang)) } }
            @else { ul.rows { @for absence in &file.absences { (absent(view, absence)) } } }
        }
    }
}

fn absent(view: &View<'_>, absence: &Absence) -> Markup {
    let lang = view.lang;
    let doubt = words::unconfirmed(absence.confirmation(view.tonight.now));
    html! {
        li.row {
            span.when {
                (words::date(lang, absence.first)) "–"
                @match absence.last {
                    Some(last) => (words::date(lang, last)),
                    None => (words::UNTIL_FURTHER.to(lang)),
                }
            }
            span.who { (words::away(absence.why).to(lang)) }
            @if let Some(doubt) = doubt { span.standing { (doubt.to(lang)) } }
            span.detail {
                (words::SINCE.to(lang)) " " (view.time(absence.made)) ", " (ledger::BY.to(lang)) " "
                (absence.by)
            }
        }
    }
}

/// Tonight's checks, and those of the nights before.
fn nights_of(view: &View<'_>, file: &ResidentFile) -> Markup {
    let lang = view.lang;
    let tonight = view.tonight.night;
    let (now, before): (Vec<_>, Vec<_>) =
        file.nights.iter().partition(|(night, _)| *night == tonight);
    html! {
        section #tonight {
            h2 { (words::TONIGHT.to(lang)) }
            p.meaning { (texts::MEANING.to(lang)) }
            @if now.is_empty() { p { (words::NO_CHECKS.to(lang)) } }
            @for (night, lines) in now { (lines_of(view, *night, lines)) }
        }
        section #earlier {
            h2 { (words::EARLIER.to(lang)) }
            @if before.is_empty() { p { (words::NOTHING_EARLIER.to(lang)) } }
            @for (night, lines) in before {
                h3 { (ledger::night_of_year(lang, *night)) }
                (lines_of(view, *night, lines))
            }
        }
        @if !file.apart.is_empty() {
            section #apart {
                h2 { (ledger::APART.to(lang)) }
                (on_sheet(view, tonight, |sheet| html! {
                    ol.rows { @for apart in &file.apart { (night::apart_row(sheet, apart)) } }
                }))
            }
        }
    }
}

fn lines_of(view: &View<'_>, date: Date, lines: &[Line]) -> Markup {
    on_sheet(view, date, |sheet| {
        html! { ol.rows { @for line in lines { (night::row(sheet, line)) } } }
    })
}

/// What is shown as on the ledger's page of a night.
fn on_sheet(view: &View<'_>, date: Date, show: impl FnOnce(&Sheet<'_>) -> Markup) -> Markup {
    let of_night = NightLedger {
        night: date,
        frozen: None,
        planned: 0,
        lines: Vec::new(),
        apart: Vec::new(),
        matters: Vec::new(),
        proofs: Vec::new(),
    };
    let sheet = Sheet {
        night: &of_night,
        now: view.tonight.now,
        lang: view.lang,
        face: Clockface::new(&view.tonight.zone, date, view.lang),
    };
    show(&sheet)
}

fn unit(view: &View<'_>, file: &ResidentFile, bedroom: Option<&Bedroom>) -> Markup {
    let lang = view.lang;
    let mut rows = view.tonight.homes.iter();
    let row: Option<&HomeRow> = file
        .unit
        .and_then(|unit| rows.find(|home| home.unit == unit));
    html! {
        section #unit {
            h2 { (words::UNIT.to(lang)) }
            @match row {
                Some(row) => ul.rows { (homes::row(view, row)) },
                None => p { (words::NO_UNIT.to(lang)) },
            }
            @if let Some(bedroom) = bedroom {
                @if let Some(share) = bedroom.unsuited {
                    div.notice #unsuited {
                        p { strong { (sides::unsuited(lang, share)) } }
                        p { (sides::UNSUITED_DO.to(lang)) }
                    }
                }
                @if bedroom.residents.len() > 1 { (to_sides(view, file.person.resident)) }
            }
        }
    }
}
