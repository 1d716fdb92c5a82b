//! A home's own part of the evidence: how far it has come, and what was hardest to tell there.

use maud::{Markup, html};

use nattsyn_calibration::counts::{Kind, STAGED, State, TRIAL};
use nattsyn_calibration::grid::Bin;
use nattsyn_calibration::words as calibration;

use crate::settings::compare::Place;
use crate::tuning::own::OwnPart;

use super::super::super::texts::{Lang, Phrase, tuning as says};
use super::Shown;

/// The page's part about it: only a home has one.
pub(super) fn section(shown: &Shown<'_>) -> Markup {
    let Place::Home(home) = shown.place else {
        return html! {};
    };
    let lang = shown.lang;
    html! {
        section #own {
            h2 { (says::OWN.to(lang)) }
            p.meaning { (says::OWN_MEANS.to(lang)) }
            @match shown.file.own.get(home) {
                None => p.notice data-own="none" { (says::OWN_NONE.to(lang)) },
                Some(own) => (part(shown, own)),
            }
        }
    }
}

fn part(shown: &Shown<'_>, own: &OwnPart) -> Markup {
    let lang = shown.lang;
    let kinds = [
        ("nobody", says::OWN_NOBODY, &own.counts.nobody),
        ("somebody", says::OWN_SOMEBODY, &own.counts.somebody),
    ];
    let [empty, in_bed] = own.hardest;
    html! {
        p.lasted {
            (says::OWN_SINCE.to(lang)) " " (shown.time(own.since)) ", "
            (says::BY_MODEL.to(lang)) " " (own.model) "."
        }
        @for (id, name, kind) in kinds { (trial(lang, (id, name), kind)) }
        (hardest(lang, says::OWN_WORST_EMPTY, empty))
        (hardest(lang, says::OWN_WORST_IN_BED, in_bed))
        @if own.undecided > 0 {
            p.lasted data-undecided=(own.undecided) {
                (says::OWN_UNDECIDED.to(lang)) " " (own.undecided) "."
            }
        }
        @if own.left_out > 0 {
            p.lasted data-left-out=(own.left_out) {
                (says::OWN_LEFT_OUT.to(lang)) " " (own.left_out) "."
            }
        }
        @if own.asked.drawn > 0 {
            p data-answered=(own.asked.answered) {
                (says::OWN_ANSWERED.to(lang)) " " strong { (own.asked.answered) } " "
                (says::OF.to(lang)) " " (own.asked.drawn) ". "
                @if own.asked.answered < own.asked.drawn { (says::OWN_UNANSWERED.to(lang)) }
            }
        }
        p.lasted { (says::OWN_HOW.to(lang)) }
    }
}

/// How far one kind of night has come.
fn trial(lang: Lang, (id, name): (&str, Phrase), kind: &Kind) -> Markup {
    let (nights, more) = (kind.trial.total(), kind.drawn.total());
    html! {
        p.trial data-own=(id) data-nights=(nights) {
            label for=(format!("own-{id}")) { (name.to(lang)) ": " }
            strong { (nights) } " " (says::OWN_NIGHTS.to(lang)) " " (TRIAL)
            @if more > 0 { " " (says::OWN_LATER.to(lang)) " " (more) }
            ", " (says::OWN_STAGED.to(lang)) " " (kind.commissioned().min(STAGED)) "/" (STAGED)
            " "
            progress #{ "own-" (id) } max=(TRIAL) value=(nights.min(TRIAL)) {}
        }
    }
}

fn hardest(lang: Lang, what: Phrase, tried: Option<(State, Bin)>) -> Markup {
    let Some((state, bin)) = tried else {
        return html! {};
    };
    let (sv, en) = calibration::state(state);
    let state = match lang {
        Lang::Swedish => sv,
        Lang::English => en,
    };
    html! {
        p {
            (what.to(lang)) " " strong { (state) } " (" (says::STEP.to(lang)) " " (bin.reached())
            ")."
        }
    }
}
