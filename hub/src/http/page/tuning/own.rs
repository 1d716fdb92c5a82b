//! A home's own part of the evidence: how far it has come, and what was hardest to tell there.

use maud::{Markup, html};

use nattsyn_calibration::counts::{Kind, STAGED, Staged, TRIAL};
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
    let nobody = own.counts.nobody.staged.iter();
    let hardest_empty = nobody.max_by_key(|staged| staged.worst);
    let somebody = own.counts.somebody.staged.iter();
    let hardest_in_bed = somebody.filter(|it| it.worst.is_some());
    let hardest_in_bed = hardest_in_bed.min_by_key(|staged| staged.worst);
    html! {
        p.lasted {
            (says::OWN_SINCE.to(lang)) " " (shown.time(own.since)) ", "
            (says::BY_MODEL.to(lang)) " " (own.model) "."
        }
        @for (id, name, kind) in kinds { (trial(lang, (id, name), kind)) }
        (hardest(lang, says::OWN_WORST_EMPTY, hardest_empty))
        (hardest(lang, says::OWN_WORST_IN_BED, hardest_in_bed))
        @if own.left_out > 0 {
            p.lasted data-left-out=(own.left_out) {
                (says::OWN_LEFT_OUT.to(lang)) " " (own.left_out) "."
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

fn hardest(lang: Lang, what: Phrase, staged: Option<&Staged>) -> Markup {
    let Some((staged, worst)) = staged.and_then(|it| Some((it, it.worst?))) else {
        return html! {};
    };
    let (sv, en) = calibration::state(staged.state);
    let state = match lang {
        Lang::Swedish => sv,
        Lang::English => en,
    };
    html! {
        p {
            (what.to(lang)) " " strong { (state) } " ("
            (says::STEP.to(lang)) " " (worst.reached()) ")."
        }
    }
}
