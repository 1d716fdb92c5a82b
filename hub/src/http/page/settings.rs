//! "Inställningar": what is in force, where each value comes from, and the history.
//!
//! Recipients go by their words and channels by their names; no address stands on the page. It
//! changes nothing, and says so.

use std::collections::BTreeSet;

use maud::{Markup, html};

use nattsyn_protocol::ids::HomeId;

use crate::notify::settings::Chain;
use crate::notify::teller::Told;
use crate::settings::compare::differences;
use crate::settings::{Applied, AreaName, InForce, Settings, words};
use crate::staff::{Allowed, Permission};
use crate::store::SettingsVersion;
use crate::view::Tonight;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{Lang, Phrase, proof, settings as says};
use super::{Book, Menu, Script, shell, still};

/// Most versions whose changes the page lists: some years of them.
const HISTORY_MAX: usize = 50;

/// What the page is made from.
pub(in crate::http) struct Shown<'a> {
    versions: &'a [SettingsVersion],
    /// The version that is in force; none if nothing is.
    in_force: Option<&'a SettingsVersion>,
    /// What it sets; nothing if this hub cannot read it.
    settings: Option<Settings>,
    tonight: &'a Tonight,
    told: &'a Told,
    lang: Lang,
    viewer: &'a Viewer,
    face: Clockface,
}

impl<'a> Shown<'a> {
    /// The page of these versions, oldest first.
    pub(in crate::http) fn new(
        versions: &'a [SettingsVersion],
        (tonight, told): (&'a Tonight, &'a Told),
        lang: Lang,
        viewer: &'a Viewer,
    ) -> Self {
        let in_force = match told.refused {
            None => versions.last(),
            Some(_) => {
                let is_held = |version: &&SettingsVersion| Some(version.number) == told.settings;
                versions.iter().find(is_held)
            }
        };
        let settings = in_force.map_or(Some(Settings::default()), |version| {
            Settings::read(&version.body).ok()
        });
        Self {
            versions,
            in_force,
            settings,
            tonight,
            told,
            lang,
            viewer,
            face: Clockface::new(&tonight.zone, tonight.night, lang),
        }
    }

    fn enrolled(&self) -> BTreeSet<HomeId> {
        self.tonight.homes.iter().map(|home| home.home).collect()
    }

    fn address(&self, home: HomeId) -> Option<&str> {
        let mut homes = self.tonight.homes.iter();
        let found = homes.find(|row| row.home == home);
        found.map(|row| row.address.as_str())
    }
}

/// The whole page.
pub(in crate::http) fn document(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let other = format!("/settings?lang={}", lang.other().tag());
    let body = html! {
        section #settings {
            h1 { (says::TITLE.to(lang)) }
            (standing(shown))
            (super::rights::notices(lang, shown.viewer, &shown.face, shown.tonight.now))
            p.meaning { (says::ONLY_SHOWN.to(lang)) }
        }
        @match &shown.settings {
            Some(settings) => {
                (places(shown, settings))
                (teams(lang, settings))
            }
            None => section { p.notice { (says::NEWER_HUB.to(lang)) } },
        }
        (history(shown))
    };
    let menu = Menu {
        viewer: shown.viewer,
        here: Some(Book::Settings),
    };
    let body = still::body(lang, shown.tonight, (&other, &menu), &body);
    let title = format!("{} – Nattsyn", says::TITLE.to(lang));
    shell(lang, &title, Script::Listen, &body)
}

/// Which version holds, and which one does not.
fn standing(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    html! {
        @if let Some(refused) = shown.told.refused {
            p.trouble { (says::REFUSED.to(lang)) " " (refused) }
        }
        @match shown.in_force {
            None => p.notice { (says::NOTHING_SET.to(lang)) },
            Some(version) => p.chosen {
                (says::IN_FORCE.to(lang)) " " (version.number) ", " (says::SET_BY.to(lang)) " "
                (shown.viewer.name(&version.by)) ", " (dated(shown, version))
            },
        }
    }
}

fn dated(shown: &Shown<'_>, version: &SettingsVersion) -> Markup {
    html! {
        time datetime=(shown.face.exact(version.at)) { (shown.face.dated(version.at)) }
    }
}

/// What is in force where.
fn places(shown: &Shown<'_>, settings: &Settings) -> Markup {
    let lang = shown.lang;
    let own = settings.homes().iter();
    let own: Vec<HomeId> = own
        .filter(|(_, home)| home.values != Default::default())
        .map(|(home, _)| *home)
        .collect();
    html! {
        section #municipality {
            h2 { (says::MUNICIPALITY.to(lang)) }
            p.meaning { (says::AGREED_FIRST.to(lang)) }
            (values(lang, &settings.of_home(None)))
        }
        @if !settings.areas().is_empty() {
            section #areas {
                h2 { (says::AREAS.to(lang)) }
                ul.rows {
                    @for area in settings.areas().keys() { (area_row(shown, settings, area)) }
                }
            }
        }
        @if !own.is_empty() {
            section #own {
                h2 { (says::HOMES.to(lang)) }
                ul.rows { @for home in own { (home_row(shown, settings, home)) } }
            }
        }
    }
}

fn area_row(shown: &Shown<'_>, settings: &Settings, area: &AreaName) -> Markup {
    let enrolled = shown.tonight.homes.iter();
    let inside = enrolled.filter(|row| settings.area_of(row.home) == Some(area));
    let count = words::homes(inside.count());
    html! {
        li.setting {
            h3 { (area) }
            p.updated { (says::said(shown.lang, count)) }
            (values(shown.lang, &settings.of_area(area)))
        }
    }
}

fn home_row(shown: &Shown<'_>, settings: &Settings, home: HomeId) -> Markup {
    let lang = shown.lang;
    html! {
        li.setting {
            h3 {
                @match (shown.address(home), shown.viewer.roles.allow(Permission::SeeResident)) {
                    (Some(address), Allowed::Yes) => (address),
                    // Whoever sees no care data does not learn here who has it.
                    (Some(_), Allowed::No) => (home),
                    (None, _) => { (home) " (" (says::NOT_ENROLLED.to(lang)) ")" }
                }
            }
            @if let Some(area) = settings.area_of(home) {
                p.updated { (says::IN_AREA.to(lang)) " " (area) }
            }
            (values(lang, &settings.of_home(Some(home))))
        }
    }
}

/// The values of a place, each with where it comes from.
fn values(lang: Lang, applied: &Applied) -> Markup {
    let team = applied.team.value.as_ref();
    let team = team.map_or(says::NONE.to(lang), |team| team.as_str());
    html! {
        dl.values {
            (value(lang, says::TEAM, (team, &applied.team)))
            @let time = words::time(applied.answer_within.value);
            (value(lang, says::ANSWER_WITHIN, (&time, &applied.answer_within)))
            @let time = words::time(applied.falls_back_after.value);
            (value(lang, says::FALLS_BACK, (&time, &applied.falls_back_after)))
            @let share = words::percent(applied.drawn_visits.value);
            (value(lang, says::DRAWN_VISITS, (&share, &applied.drawn_visits)))
        }
    }
}

fn value<T>(lang: Lang, what: Phrase, (value, in_force): (&str, &InForce<T>)) -> Markup {
    let from = says::said(lang, words::source(&in_force.from));
    html! {
        div {
            dt { (what.to(lang)) }
            dd { strong { (value) } " " span.lasted { "(" (from) ")" } }
        }
    }
}

/// Who is told in which order.
fn teams(lang: Lang, settings: &Settings) -> Markup {
    html! {
        section #teams {
            h2 { (says::TEAMS.to(lang)) }
            @if settings.teams().is_empty() {
                p.notice { (says::NO_TEAMS.to(lang)) }
            } @else {
                p.meaning { (says::LAST_IS_LEAD.to(lang)) }
                ul.rows { @for team in settings.teams() { (team_row(lang, team)) } }
            }
        }
    }
}

fn team_row(lang: Lang, team: &Chain) -> Markup {
    html! {
        li.setting {
            h3 { (team.name.as_str()) }
            p {
                @match words::shifts(team) {
                    Some(shifts) => { (proof::TESTS.to(lang)) ": " (shifts) },
                    None => (proof::NO_SHIFTS.to(lang)),
                }
            }
            ol.steps {
                @for step in &team.steps {
                    li {
                        strong { (step.to.as_str()) ":" } " "
                        @for (i, by) in step.by.iter().enumerate() {
                            @if i > 0 { ", " }
                            (by.as_str())
                        }
                    }
                }
            }
        }
    }
}

/// Who changed what, when and why; the newest first.
fn history(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    let newest = shown.versions.iter().enumerate().rev().take(HISTORY_MAX);
    html! {
        @if !shown.versions.is_empty() {
            section #history {
                h2 { (says::HISTORY.to(lang)) }
                ol.rows reversed {
                    @for (place, version) in newest {
                        @let before = place.checked_sub(1);
                        @let before = before.and_then(|place| shown.versions.get(place));
                        (version_row(shown, version, before))
                    }
                }
                @if shown.versions.len() > HISTORY_MAX { p.updated { (says::OLDER.to(lang)) } }
            }
        }
    }
}

fn version_row(
    shown: &Shown<'_>,
    version: &SettingsVersion,
    before: Option<&SettingsVersion>,
) -> Markup {
    let lang = shown.lang;
    html! {
        li.setting #{ "v" (version.number) } {
            h3 { (says::VERSION.to(lang)) " " (version.number) }
            p.updated { (dated(shown, version)) ", " (shown.viewer.name(&version.by)) }
            p { (version.why) }
            @match changes(shown, version, before) {
                None => p.notice { (says::NEWER_HUB.to(lang)) },
                Some(changes) if changes.is_empty() => p.updated { (says::NO_CHANGE.to(lang)) },
                Some(changes) => ul.changes { @for change in changes { li { (change) } } },
            }
        }
    }
}

/// What a version changed, for the homes that are enrolled now.
fn changes(
    shown: &Shown<'_>,
    version: &SettingsVersion,
    before: Option<&SettingsVersion>,
) -> Option<Vec<String>> {
    let read = |version: &SettingsVersion| Settings::read(&version.body).ok();
    let before = before.map_or(Some(Settings::default()), read)?;
    let changes = differences(&before, &read(version)?, &shown.enrolled());
    let changes = changes.iter().map(words::difference);
    Some(changes.map(|said| says::said(shown.lang, said)).collect())
}
