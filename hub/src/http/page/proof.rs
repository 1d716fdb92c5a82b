//! Test alarms on the page: the band that asks for an answer, above everything, and below
//! everything what this shift's alarm proved of each team's chain.
//!
//! Whoever is signed in may answer: what counts is that somebody is there. Who could not be told is
//! named by the settings' words, never by a number or an address. What was proved is past: who of
//! the chain has no way now stands beside it.

use std::collections::BTreeSet;

use maud::{Markup, html};

use nattsyn_protocol::time::Timestamp;

use crate::notify::chain::{ChannelName, Failure, Recipient, RowId, Team};
use crate::notify::proof::{Proof, TeamProof, Test};
use crate::view::MatterRow;
use crate::watch::StaffId;

use super::super::texts::{Lang, proof};
use super::View;
use super::night::Sheet;
use super::signs::{Sign, sign};

/// What asks for an answer; an empty section if nothing does.
pub(super) fn band(view: &View<'_>) -> Markup {
    let asked = view.told.proofs.iter().filter_map(|of_team| {
        let test = of_team.proof.as_ref()?.test.as_ref()?;
        test.answered.is_none().then_some((of_team, test))
    });
    let asked: Vec<(&TeamProof, &Test)> = asked.collect();
    let label = (!asked.is_empty()).then_some(proof::TESTS.to(view.lang));
    html! {
        section #proof aria-label=[label] {
            @for (of_team, test) in asked { (question(view, of_team, test)) }
        }
    }
}

fn question(view: &View<'_>, of_team: &TeamProof, test: &Test) -> Markup {
    let lang = view.lang;
    let address = format!("/test-alarms/{}?lang={}", test.trial.0, lang.tag());
    let is_over = test.undelivered.is_some();
    let title = if is_over { proof::ASK_LATE } else { proof::ASK };
    html! {
        div.test-alarm data-alarm={ "t" (test.trial.0) } data-say=(proof::SAY.to(lang)) {
            h2 { (sign(Sign::Ongoing)) span { (title.to(lang)) (team(view, of_team)) } }
            p { (proof::REACHED.to(lang)) }
            p {
                @if is_over {
                    (proof::LEAD_TOLD.to(lang))
                } @else {
                    (proof::ANSWER_BY.to(lang)) " " strong { (view.time(test.answer_by)) } "."
                }
            }
            form method="post" action=(address) {
                button.main #{ "answer-" (test.trial.0) } { (proof::ANSWER.to(lang)) }
            }
        }
    }
}

/// Which team, if there are several.
fn team(view: &View<'_>, of_team: &TeamProof) -> Markup {
    html! {
        @if view.told.proofs.len() > 1 {
            " (" (proof::TEAM.to(view.lang)) " " (of_team.team.as_str()) ")"
        }
    }
}

/// How each team's chain was proven this shift; an empty section without teams.
pub(super) fn standing(view: &View<'_>) -> Markup {
    let lang = view.lang;
    html! {
        section #proven {
            @if !view.told.proofs.is_empty() {
                h2 { (proof::CHAINS.to(lang)) }
                ul.rows { @for of_team in &view.told.proofs {
                    li.row {
                        span.who {
                            strong { (proof::TEAM.to(lang)) " " (of_team.team.as_str()) }
                        }
                        span.standing { span { (of_shift(view, of_team)) } }
                        @if let Some(next) = of_team.next {
                            span.detail { (proof::NEXT.to(lang)) " " (view.time(next)) }
                        }
                    }
                } }
            }
        }
    }
}

fn of_shift(view: &View<'_>, of_team: &TeamProof) -> Markup {
    let lang = view.lang;
    let name = |by: &StaffId| Some(view.viewer.name(by));
    html! {
        @match (&of_team.proof, of_team.next) {
            (Some(known), _) => {
                (sentence(lang, known, |at| view.time(at), name))
                (now_unreached(view, of_team))
            },
            (None, Some(_)) => (proof::NOT_YET.to(lang)),
            (None, None) => (proof::NO_SHIFTS.to(lang)),
        }
    }
}

/// Who of the chain has no way any more, whatever the test alarm showed: a phone goes with the
/// sign-out of whoever chose it.
fn now_unreached(view: &View<'_>, of_team: &TeamProof) -> Markup {
    let teams = view.told.teams.iter();
    let team = teams.filter(|team| *team.name() == of_team.team);
    let whom: BTreeSet<&Recipient> = team
        .flat_map(Team::steps)
        .map(|step| &step.to)
        .filter(|to| view.told.unreached.contains(to))
        .collect();
    html! {
        @if !whom.is_empty() {
            " " strong { (proof::now_unreached(view.lang, whom.into_iter())) }
        }
    }
}

/// What is known of a test alarm, in one sentence.
fn sentence(
    lang: Lang,
    known: &Proof,
    time: impl Fn(Timestamp) -> Markup,
    name: impl Fn(&StaffId) -> Option<String>,
) -> Markup {
    let Some(test) = &known.test else {
        return html! { (proof::NOT_MADE.to(lang)) };
    };
    html! {
        @match (&test.answered, &test.undelivered) {
            (None, None) => { (proof::UNDER_WAY.to(lang)) " " (time(known.began)) },
            (None, Some(_)) => { (proof::UNANSWERED.to(lang)) " " (time(known.began)) },
            (Some((at, by)), _) => {
                (proof::PROVEN.to(lang)) " " (time(known.began)) ", "
                @match name(by) {
                    Some(name) => { (proof::ANSWERED_BY.to(lang)) " " (name) },
                    None => (proof::ANSWERED.to(lang)),
                }
                " " (proof::after(lang, at.since(known.began)))
            },
        }
        @match (&test.answered, &test.undelivered) {
            (Some(_), None) => { "; " (proof::WAITS.to(lang)) },
            (Some(_), Some(none)) if none.is_empty() => { "; " (proof::WHOLE.to(lang)) },
            (None, None) => {},
            (_, Some(failed)) => (not_through(lang, failed)),
        }
        "."
    }
}

fn not_through(lang: Lang, failed: &[(Recipient, ChannelName, Failure)]) -> Markup {
    let ways = failed.iter().map(|(to, by, _)| {
        let (to, by) = (to.as_str(), by.as_str());
        format!("{to} {} {by}", proof::BY.to(lang))
    });
    let ways = ways.collect::<Vec<_>>().join(", ");
    html! {
        @if !ways.is_empty() { "; " (proof::NOT_THROUGH.to(lang)) " " strong { (ways) } }
    }
}

/// Whether a page says who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// It does, by their ids, as the ledger does with all that staff did.
    Ids,
    /// It does not: the morning report is about no employee.
    None,
}

/// A night's test alarms, as they are written.
pub(super) fn of_night(sheet: &Sheet<'_>, names: Names) -> Markup {
    let lang = sheet.lang;
    let name = |by: &StaffId| (names == Names::Ids).then(|| by.to_string());
    html! {
        section #tests {
            h2 { (proof::TESTS.to(lang)) }
            @if sheet.night.proofs.is_empty() {
                p { (proof::NONE_MADE.to(lang)) }
            } @else {
                ul.rows { @for (team, known) in &sheet.night.proofs {
                    li.row {
                        span.when { (sheet.time(known.began)) }
                        span.who { strong { (proof::TEAM.to(lang)) " " (team.as_str()) } }
                        span.standing {
                            span { (sentence(lang, known, |at| sheet.time(at), name)) }
                        }
                    }
                } }
            }
        }
    }
}

/// Whom a matter about a test alarm is told to.
pub(super) fn told(view: &View<'_>, row: &MatterRow) -> Markup {
    html! {
        @if let Some(progress) = view.told.rows.get(&RowId::of_matter(row.id).0) {
            p.told { (proof::told(view.lang, progress)) }
        }
    }
}
