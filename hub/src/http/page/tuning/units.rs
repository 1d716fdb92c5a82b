//! What units say of themselves: homes that no longer look as they did, homes that keep something
//! stricter than what is set, and units that have not answered. It sends nothing.

use maud::{Markup, html};

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::thresholds::Likeness;

use crate::settings::compare::Place;
use crate::tuning::standing::{Progress, progress_to};
use crate::tuning::words;

use super::super::super::texts::settings::said;
use super::super::super::texts::{sides, tuning as says};
use super::Shown;

/// The homes that sensor mode does not suit, each with what its first nights have shown.
pub(super) fn unsuited(shown: &Shown<'_>) -> Markup {
    let (lang, map) = (shown.lang, shown.file.map());
    let homes = map.homes_of(shown.place);
    let homes: Vec<_> = homes
        .filter_map(|home| Some((home, *shown.unsuited.get(&home.id)?)))
        .collect();
    html! {
        @if !homes.is_empty() {
            section #unsuited {
                h2 { (sides::UNSUITED.to(lang)) }
                ul.changes {
                    @for (home, share) in homes {
                        li {
                            @if let Place::Home(_) = shown.place {}
                            @else {
                                a href=(shown.link(&Place::Home(home.id))) { (shown.home(home.id)) }
                                ": "
                            }
                            (sides::unsuited(lang, share))
                        }
                    }
                }
                p { (sides::UNSUITED_DO.to(lang)) }
            }
        }
    }
}

/// The homes that no longer look as they did, by their units' own word.
pub(super) fn unlike(shown: &Shown<'_>) -> Markup {
    let (lang, file) = (shown.lang, shown.file);
    let is_unlike = |unit: &UnitId| {
        let word = file.words.get(unit);
        word.is_some_and(|word| word.held.home == Likeness::Changed)
    };
    let map = file.map();
    let homes = map.homes_of(shown.place);
    let homes: Vec<_> = homes.filter(|home| is_unlike(&home.unit)).collect();
    html! {
        @if !homes.is_empty() {
            section #unlike {
                h2 { (says::UNLIKE.to(lang)) }
                p { (says::UNLIKE_MEANS.to(lang)) }
                @if !matches!(shown.place, Place::Home(_)) {
                    ul.changes {
                        @for home in homes {
                            li {
                                a href=(shown.link(&Place::Home(home.id))) { (shown.home(home.id)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Homes that keep something stricter than what is set, until two people have approved.
pub(super) fn held_back(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let homes = shown.file.map().all_held_back(shown.place);
    html! {
        @if !homes.is_empty() {
            section #held {
                h2 { (says::HELD.to(lang)) }
                p { (says::HELD_MEANS.to(lang)) }
                ul.changes {
                    @for (home, set) in homes {
                        li {
                            @if let Place::Home(_) = shown.place {}
                            @else {
                                a href=(shown.link(&Place::Home(home.id))) { (shown.home(home.id)) }
                                ": "
                            }
                            (says::IS_SET.to(lang)) " " (said(lang, words::levels(set)))
                        }
                    }
                }
            }
        }
    }
}

/// The unit of a home with its answer; elsewhere those that have not answered.
pub(super) fn units(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let (file, map) = (shown.file, shown.file.map());
    let homes = map.homes_of(shown.place).map(|home| {
        let (sent, word) = (
            file.sent.get(&home.unit),
            file.words.get(&home.unit).copied(),
        );
        (home, progress_to(map.of_home(home.id).value, sent, word))
    });
    if let Place::Home(_) = shown.place {
        return html! {
            @for (home, progress) in homes {
                p.acknowledged data-progress=(progress_word(progress)) {
                    (says::UNIT.to(lang)) " " (home.unit) " " (in_words(shown, progress))
                    @if let (true, Some(sent)) =
                        (was_sent(progress), file.sent.get(&home.unit)) {
                        " (" (says::VERSION.to(lang)) " " (sent.thresholds.version) ")"
                    }
                    "."
                }
            }
        };
    }
    let late = homes.filter(|(_, progress)| match progress {
        Progress::Waits(_) | Progress::Foreign(_) | Progress::Unsaid(_) => true,
        Progress::None | Progress::Acknowledged(_) => false,
    });
    let late: Vec<_> = late.collect();
    html! {
        @if !late.is_empty() {
            h3 { (says::UNITS_WAIT.to(lang)) ": " (late.len()) }
            ul.changes {
                @for (home, progress) in late {
                    li data-progress=(progress_word(progress)) {
                        a href=(shown.link(&Place::Home(home.id))) { (shown.home(home.id)) } ": "
                        (in_words(shown, progress))
                    }
                }
            }
        }
    }
}

fn progress_word(progress: Progress) -> &'static str {
    match progress {
        Progress::None => "none",
        Progress::Foreign(_) => "foreign",
        Progress::Acknowledged(_) => "acknowledged",
        Progress::Unsaid(_) => "unsaid",
        Progress::Waits(_) => "waits",
    }
}

fn in_words(shown: &Shown<'_>, progress: Progress) -> Markup {
    let lang = shown.lang;
    html! {
        @match progress {
            Progress::None => (says::OWN_MODEL.to(lang)),
            Progress::Foreign(version) => {
                (says::FOREIGN.to(lang)) " (" (says::VERSION.to(lang)) " " (version) ")"
            }
            Progress::Unsaid(_) => strong { (says::UNSAID.to(lang)) },
            Progress::Acknowledged(at) => { (says::HOLDS.to(lang)) " " (shown.time(at)) },
            Progress::Waits(since) => {
                strong { (says::WAITS.to(lang)) " " (shown.time(since)) }
            }
        }
    }
}

/// Whether what a unit says is about what it was sent.
fn was_sent(progress: Progress) -> bool {
    match progress {
        Progress::Acknowledged(_) | Progress::Unsaid(_) | Progress::Waits(_) => true,
        Progress::None | Progress::Foreign(_) => false,
    }
}
