//! Enrolment: homes, units, people and their first plans from a file into the store.
//!
//! [`Homes::read`] checks everything before anything is written; [`enrol`] signs what is new.
//! A plan that did not change keeps its version, so enrolling the same file twice is nothing.
//! A plan in the file is a beginning: it never replaces what was imported later, and whoever
//! will not be looked at again stays off the list whatever the file says.
//! The file holds names and addresses: it belongs where the ledger is, and nowhere else.

mod file;

use std::collections::BTreeMap;
use std::time::Duration;

use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::time::Timestamp;

use crate::agreement::edit::{Desk, EditError};
use crate::agreement::settle::seat_of;
use crate::agreement::{Agreed, AgreedWindow, Agreement, Book, How, Offset, Origin, Seat};
use crate::commission::PAPER_MAX;
use crate::commission::gate::{Paper, PaperWhy, Papers};
use crate::keys::HubKeys;
use crate::roster::{Home, Roster};
use crate::store::{Entries, Store};

pub use file::{EXAMPLE, EnrolError, Known};

/// The zone if the file has no plan at all.
const ZONE: &str = "Europe/Stockholm";

/// Who stands for an agreement that came in by the enrolment file.
const BY: &str = "enrolment";

/// Homes and their residents' plans, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Homes {
    /// The homes.
    pub homes: Vec<Home>,
    /// At most one plan a resident. Versions are given by [`enrol`]; what stands here is ignored.
    pub plans: Vec<Plan>,
    /// Which units count as commissioned until then though they never were.
    pub paper: BTreeMap<UnitId, Timestamp>,
}

impl Homes {
    /// The same, every unit on paper for as long as may be: for homes that are played, in which
    /// nobody could commission anything.
    #[must_use]
    pub fn on_paper(mut self, now: Timestamp) -> Self {
        let units = self.homes.iter().map(|home| home.unit);
        self.paper = units.map(|unit| (unit, now.after(PAPER_MAX))).collect();
        self
    }

    /// Papers that are news to what is written, all of them within what may be.
    fn papers(&self, written: &Papers, now: Timestamp) -> Result<Vec<Paper>, EditError> {
        let mut new = Vec::new();
        for (&unit, &until) in &self.paper {
            let latest = written.latest(unit, now);
            // A paper ends with its day, which the file names.
            if until > latest.after(DAY) {
                return Err(EditError::Paper {
                    unit,
                    until,
                    latest,
                });
            }
            if written.until(unit).is_none_or(|known| known < until) {
                new.push(Paper {
                    unit,
                    why: PaperWhy::Enrolment,
                    until,
                    at: now,
                });
            }
        }
        Ok(new)
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What an enrolment changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// How many homes are enrolled now.
    pub homes: usize,
    /// The residents whose plans are new, and the new versions.
    pub plans: Vec<(ResidentId, u32)>,
    /// All units.
    pub units: Vec<UnitId>,
    /// Homes that were enrolled before and are no longer: no unit looks there any more. Whoever
    /// enrols must be told.
    pub left: Vec<HomeId>,
    /// Residents who are on the list no more and whose plan nobody has ended: somebody is asked
    /// about each of their checks until it is.
    pub unended: Vec<ResidentId>,
    /// Residents whose plan in the file is not the one imported since, which stands.
    pub superseded: Vec<ResidentId>,
    /// Residents in the file who will not be looked at again, and were left off the list.
    pub ended: Vec<ResidentId>,
    /// Residents without any plan: nobody checks on them.
    pub unplanned: Vec<ResidentId>,
}

/// Makes the store hold these homes, and a new signed version of each plan that changed.
///
/// # Errors
///
/// The store cannot be read or written; then nothing was changed.
pub fn enrol(
    store: &mut dyn Store,
    homes: &Homes,
    keys: &HubKeys,
    now: Timestamp,
) -> Result<Enrolled, EditError> {
    let book = store.book()?;
    let papers = homes.papers(&store.gates()?.papers, now)?;
    let before = store.roster()?;
    let (listed, ended) = without_ended(&homes.homes, &book);
    let (agreements, superseded) = new_agreements(homes, &book, now);
    let desk = Desk {
        keys,
        // Plans of one file are of one country; what holds tonight is asked in its zone.
        zone: homes.plans.first().map_or(ZONE, |plan| &plan.zone),
        now,
        by: BY,
    };
    let entries = Entries {
        homes: Some(listed.clone()),
        agreements,
        papers,
        ..Entries::default()
    };
    let roster = Roster::new(listed);
    let entries = desk.settled(store, &book, &roster, entries)?;
    store.record(&entries, now)?;
    let is_left = |id: &HomeId| homes.homes.iter().all(|home| home.id != *id);
    let book = book.with(&entries);
    let residents = roster.homes().iter().flat_map(|home| &home.residents);
    let is_unended = |who: &ResidentId| {
        let windows = book
            .newest(*who)
            .map(|agreed| !agreed.agreement.is_without_checks());
        roster.of_resident(*who).is_none() && book.ended(*who).is_none() && windows == Some(true)
    };
    Ok(Enrolled {
        homes: homes.homes.len(),
        plans: entries
            .plans
            .iter()
            .map(|added| (added.plan.resident, added.plan.version))
            .collect(),
        units: homes.homes.iter().map(|home| home.unit).collect(),
        left: before
            .homes()
            .iter()
            .map(|home| home.id)
            .filter(is_left)
            .collect(),
        unended: book.residents().filter(is_unended).collect(),
        superseded,
        ended,
        unplanned: residents
            .map(|resident| resident.id)
            .filter(|resident| book.newest(*resident).is_none())
            .collect(),
    })
}

/// The homes without those who will not be looked at again.
fn without_ended(homes: &[Home], book: &Book) -> (Vec<Home>, Vec<ResidentId>) {
    let mut homes = homes.to_vec();
    let mut ended = Vec::new();
    for home in &mut homes {
        home.residents.retain(|resident| {
            let is_ended = book.ended(resident.id).is_some();
            if is_ended {
                ended.push(resident.id);
            }
            !is_ended
        });
    }
    (homes, ended)
}

/// The file's plans as agreements, where they are news; and whose were imported otherwise since.
fn new_agreements(homes: &Homes, book: &Book, now: Timestamp) -> (Vec<Agreed>, Vec<ResidentId>) {
    let (mut agreements, mut superseded) = (Vec::new(), Vec::new());
    let roster = Roster::new(homes.homes.clone());
    for plan in &homes.plans {
        let agreement = agreement_of(plan, seat_of(&roster, plan.resident));
        let newest = book.newest(plan.resident);
        match newest {
            Some(held) if held.agreement == agreement => continue,
            Some(held) if held.origin == Origin::Import => {
                superseded.push(plan.resident);
                continue;
            }
            _ if book.ended(plan.resident).is_some() => continue,
            Some(_) | None => {}
        }
        agreements.push(Agreed {
            version: newest.map_or(0, |held| held.version) + 1,
            agreement,
            made: now,
            by: BY.to_owned(),
            origin: Origin::Enrolment,
        });
    }
    (agreements, superseded)
}

/// An enrolment's plan as an agreement: all that it leaves open is as usual. An offset that is the
/// home's own share of its windows is no number of its own: it follows them when they change.
fn agreement_of(plan: &Plan, seat: Option<Seat>) -> Agreement {
    let windows = plan.windows.iter().map(|window| AgreedWindow {
        key: window.key,
        from: window.from,
        to: window.to,
        days: window.days,
        how: How::Looks(window.looks_after_s.clone()),
    });
    let agreement = Agreement {
        offset: Offset::Spread,
        looks_after_s: plan.looks_after_s.clone(),
        windows: windows.collect(),
        places: plan.places.clone(),
        ..Agreement::bare(plan.resident, &plan.zone)
    };
    if seat.is_some_and(|seat| agreement.offset_s(seat) == plan.offset_s) {
        return agreement;
    }
    Agreement {
        offset: Offset::Fixed(plan.offset_s),
        ..agreement
    }
}

/// The offset of a plan for which none is given: the home's own share of the room in its windows.
fn spread_s(plan: &Plan, seat: Seat) -> u32 {
    let agreement = Agreement {
        offset: Offset::Spread,
        ..agreement_of(plan, None)
    };
    agreement.offset_s(seat)
}
