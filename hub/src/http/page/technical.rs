//! "Tekniska fel": each fault with its unit, the place, since when and what to do.
//!
//! Nothing about a resident stands here: no name, no check and no finding, and only what is for the
//! viewer's own role. A place is an address, for whoever must go there.

use maud::{Markup, html};

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{self, Lang, technical as words};
use super::signs::{Sign, sign};
use super::{Book, leaf, rights};
use crate::staff::Role;
use crate::view::{Cause, Hearing, HomeRow, Tonight};
use crate::watch::Subject;
use crate::watch::situation::{Owner, Step};

/// One fault.
struct Fault<'a> {
    unit: Option<UnitId>,
    place: &'a str,
    what: String,
    since: Option<Timestamp>,
    steps: &'static [Step],
}

/// The whole page.
pub(in crate::http) fn document(tonight: &Tonight, lang: Lang, viewer: &Viewer) -> Markup {
    let own = body(lang, tonight, viewer);
    let here = Book::Faults;
    let address = format!("{}?lang={}", here.path(), lang.other().tag());
    let title = format!("{} – Nattsyn", here.title().to(lang));
    leaf(
        lang,
        (tonight, viewer),
        (Some(here), &address, &title),
        &own,
    )
}

/// The page's own part.
fn body(lang: Lang, tonight: &Tonight, viewer: &Viewer) -> Markup {
    let face = Clockface::new(&tonight.zone, tonight.night, lang);
    let faults = faults(lang, tonight, viewer);
    html! {
        (rights::notices(lang, viewer, &face, tonight.now))
        section #technical {
            h1 { (words::TITLE.to(lang)) " " span.count { (faults.len()) } }
            p.meaning { (words::MEANING.to(lang)) }
            @if faults.is_empty() { p { (words::NOTHING.to(lang)) } }
            @else { ul.rows { @for fault in &faults { (row(lang, &face, fault)) } } }
        }
    }
}

fn row(lang: Lang, face: &Clockface, fault: &Fault<'_>) -> Markup {
    html! {
        li.row {
            span.who {
                @if fault.place.is_empty() { strong { (words::HUB.to(lang)) } }
                @else { strong { (fault.place) } }
                @if let Some(unit) = fault.unit {
                    span.address { (texts::UNIT.to(lang)) " " (unit) }
                }
            }
            span.standing { (sign(Sign::Technical)) span { (fault.what) } }
            @if let Some(since) = fault.since {
                span.when { (texts::SINCE.to(lang)) " " (face.dated(since)) }
            }
            span.detail { (words::TO_DO.to(lang)) " " (texts::steps(lang, fault.steps)) }
        }
    }
}

fn faults<'a>(lang: Lang, tonight: &'a Tonight, viewer: &Viewer) -> Vec<Fault<'a>> {
    let has = |role: Role| viewer.roles.iter().any(|held| held == role);
    let mut faults = Vec::new();
    if has(Role::Technician) {
        faults.extend(
            tonight
                .homes
                .iter()
                .filter_map(|home| unheard(lang, home, tonight)),
        );
        faults.extend(failed_looks(lang, tonight));
    }
    let is_mine = |owner| match owner {
        Owner::Technician => has(Role::Technician),
        Owner::Administrator => has(Role::Administrator),
        Owner::NightStaff | Owner::NightLead | Owner::DayStaff => false,
    };
    for matter in &tonight.matters {
        let row = matter.situation.row();
        let unit = match matter.subject {
            Subject::Unit(unit) => Some(unit),
            Subject::Hub => None,
            // Of somebody, or of those who work at night.
            Subject::Resident(_) | Subject::Team(_) => continue,
        };
        if is_mine(row.owner) {
            faults.push(Fault {
                unit,
                place: place(tonight, unit).unwrap_or(words::NO_PLACE.to(lang)),
                what: texts::of_situation(matter.situation).to(lang).to_owned(),
                since: Some(matter.opened),
                steps: row.steps,
            });
        }
    }
    faults
}

/// Where a unit hangs; nothing of the hub itself.
fn place(tonight: &Tonight, unit: Option<UnitId>) -> Option<&str> {
    let Some(unit) = unit else {
        return Some("");
    };
    let home = tonight.homes.iter().find(|home| home.unit == unit);
    home.map(|home| home.address.as_str())
}

/// A unit that is silent, or whose eye does not answer. A pause is somebody's right, and no fault.
fn unheard<'a>(lang: Lang, home: &'a HomeRow, tonight: &Tonight) -> Option<Fault<'a>> {
    let since = match home.hearing {
        Hearing::Well | Hearing::Paused => return None,
        Hearing::EyeTrouble => None,
        Hearing::Silent(long) => Some(home.heard.unwrap_or(tonight.now.before(long))),
    };
    Some(Fault {
        unit: Some(home.unit),
        place: &home.address,
        what: texts::hearing(home.hearing).to(lang).to_owned(),
        since,
        steps: &[Step::MendUnit, Step::TakeUnitOut],
    })
}

/// Looks that failed for a technical reason and somebody was asked about: the reason alone, once a
/// unit and reason, the first.
fn failed_looks(lang: Lang, tonight: &Tonight) -> Vec<Fault<'_>> {
    let mut faults: Vec<Fault<'_>> = Vec::new();
    for row in &tonight.open {
        let Cause::Technical(_) = row.cause else {
            continue;
        };
        let home = tonight
            .homes
            .iter()
            .find(|home| Some(home.home) == row.home);
        let Some(home) = home else { continue };
        let what = texts::cause(row.cause).to(lang);
        let same = |fault: &&mut Fault<'_>| fault.unit == Some(home.unit) && fault.what == what;
        match faults.iter_mut().find(same) {
            Some(known) => known.since = known.since.min(Some(row.opened)),
            None => faults.push(Fault {
                unit: Some(home.unit),
                place: &home.address,
                what: what.to_owned(),
                since: Some(row.opened),
                steps: &[Step::MendUnit, Step::TakeUnitOut],
            }),
        }
    }
    faults
}
