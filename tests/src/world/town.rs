//! Who lives where with which unit, and what people do about it: through the product's own doors,
//! as another process on the hub's machine does it.

use ed25519_dalek::SigningKey;
use jiff::civil::{Date, date};

use nattsyn_hub::agreement::edit::{Desk, EditError};
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::roster::{Home, Resident};
use nattsyn_hub::store::Store;
use nattsyn_hub::watch::{Change, Said};
use nattsyn_protocol::ids::{CheckId, HomeId, ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::signing::PublicKey;

use super::World;
use super::acts::{Deed, Former, draw_said};
use super::calendar::{Day, MINUTE};
use super::clocks::moment;
use super::disk::WorldDisk;
use super::oracle::Broken;
use super::script::{HomeDrawn, named};
use super::store::Written;
use super::unit::Unit;

/// Who says what is agreed: an id as the municipality has them.
const BY: &str = "s0000001";

/// Of a thousand exceptions, how many somebody closes by hand in the same hour.
const CLOSED_BY_HAND: u64 = 300;

/// Of a thousand words, how many are followed by another one.
const SAID_AGAIN: u64 = 150;

/// One home as it is now.
struct Dwelling {
    id: HomeId,
    /// Which unit hangs there.
    unit: usize,
    residents: Vec<ResidentId>,
    is_enrolled: bool,
}

/// All homes as they are now.
pub(super) struct Town {
    homes: Vec<Dwelling>,
    /// Whether staff close exceptions by hand.
    pub(super) is_staffed: bool,
    /// Whether staff see to rows.
    pub(super) has_hands: bool,
}

impl Town {
    pub(super) fn new(homes: &[HomeDrawn]) -> Self {
        let dwelling = |(unit, home): (usize, &HomeDrawn)| Dwelling {
            id: home.id,
            unit,
            residents: home.residents.clone(),
            is_enrolled: false,
        };
        Self {
            homes: homes.iter().enumerate().map(dwelling).collect(),
            is_staffed: false,
            has_hands: false,
        }
    }

    /// The unit that hangs in a home.
    pub(super) fn unit_in(&self, home: usize) -> usize {
        self.homes.get(home).map_or(home, |dwelling| dwelling.unit)
    }

    /// Whether a unit hangs in any home.
    pub(super) fn has(&self, unit: usize) -> bool {
        self.homes.iter().any(|dwelling| dwelling.unit == unit)
    }

    fn home_of(&self, resident: ResidentId) -> Option<usize> {
        let lives_in = |home: &Dwelling| home.residents.contains(&resident);
        self.homes.iter().position(lives_in)
    }

    fn listed(&self, units: &[Unit]) -> Vec<Home> {
        let enrolled = self.homes.iter().filter(|dwelling| dwelling.is_enrolled);
        let home = |dwelling: &Dwelling| Home {
            id: dwelling.id,
            address: String::new(),
            unit: units[dwelling.unit].id,
            eye: PublicKey::of(&units[dwelling.unit].key),
            residents: dwelling.residents.iter().map(resident_named).collect(),
        };
        enrolled.map(home).collect()
    }
}

fn resident_named(&id: &ResidentId) -> Resident {
    Resident {
        id,
        name: id.to_string(),
    }
}

impl World {
    /// People do what they are to do next, at the moment that was drawn for it.
    pub(super) fn act(&mut self) -> Result<(), Broken> {
        let Some(((at, _), deed)) = self.acts.pop_first() else {
            return Ok(());
        };
        match deed {
            Deed::Agree => self.agree(at),
            Deed::Leave {
                resident,
                why,
                first,
                last,
            } => {
                let nights = (date_of(first), last.map(date_of));
                if self.edit(at, |desk, store| desk.away(store, resident, why, nights)) {
                    self.counts.away += 1;
                    self.note(|| format!("{resident} is away, {why:?} to {last:?}"));
                    self.oracle.book.leave(resident, (first, last), at);
                }
            }
            Deed::Confirm(resident) => {
                if self.edit(at, |desk, store| desk.confirm(store, resident)) {
                    self.note(|| format!("{resident} is still away"));
                    self.oracle.book.confirm(resident, at);
                }
            }
            Deed::Return(resident) => {
                if self.edit(at, |desk, store| desk.back(store, resident)) {
                    self.counts.back += 1;
                    self.note(|| format!("{resident} is back"));
                    self.oracle.book.come_back(resident, at);
                }
            }
            Deed::End { resident, why } => {
                if self.edit(at, |desk, store| desk.end(store, resident, why)) {
                    self.counts.ended += 1;
                    self.note(|| format!("{resident} will not be looked at again: {why:?}"));
                    self.oracle.book.end(resident, at);
                }
            }
            Deed::Move { resident, to } => self.resettle(at, resident, to),
            Deed::Swap { home, former } => return self.swap(at, home, former),
            Deed::Say { check, said } => return self.say(check, said),
            Deed::Tend(row) => return self.tend(row),
        }
        Ok(())
    }

    /// Somebody does something by `nattsyn-hub plans`. What cannot be done, because something
    /// else was done before, is not done.
    fn edit(
        &mut self,
        at: i64,
        what: impl FnOnce(&Desk<'_>, &mut dyn Store) -> Result<(), EditError>,
    ) -> bool {
        self.hub.told_at = Some(self.now.elapsed);
        let mut store = self.hub.ledger.open().expect("the store is in memory");
        let desk = Desk {
            keys: &self.keys,
            zone: self.zone,
            now: moment(at),
            by: BY,
        };
        match what(&desk, &mut store) {
            Ok(()) => true,
            Err(EditError::NotEnrolled(_) | EditError::NotAway(_) | EditError::EndedBefore(_)) => {
                false
            }
            Err(
                error @ (EditError::Store(_)
                | EditError::Zone(_)
                | EditError::File(_)
                | EditError::Absence { .. }
                | EditError::By
                | EditError::Paper { .. }),
            ) => unreachable!("what the World does is in order: {error}"),
        }
    }

    /// Homes are enrolled, or plans changed.
    fn agree(&mut self, at: i64) {
        let made = self.script.agreed.iter().filter(|it| it.made == at);
        let mut plans: Vec<Plan> = Vec::new();
        for agreed in made {
            // Somebody who has left the list can have an agreement all the same.
            let home = self.town.home_of(agreed.resident).unwrap_or(agreed.home);
            let dwelling = &mut self.town.homes[home];
            dwelling.is_enrolled |= agreed.version == 1;
            plans.push(agreed.plan(self.units[dwelling.unit].id, self.zone));
            if at >= self.script.begins {
                self.counts.enrolled += u64::from(agreed.version == 1);
                self.counts.changed_plans += u64::from(agreed.version > 1);
            }
        }
        self.note(|| {
            let plan = |plan: &Plan| format!("{} v{}", plan.resident, plan.version);
            let made: Vec<String> = plans.iter().map(plan).collect();
            format!("agreed: {}", made.join(", "))
        });
        self.enrol(at, plans);
    }

    /// Enrols the homes as they are now.
    fn enrol(&mut self, at: i64, plans: Vec<Plan>) {
        self.hub.told_at = Some(self.now.elapsed);
        let homes = Homes {
            homes: self.town.listed(&self.units),
            plans,
            ..Homes::default()
        };
        let mut store = self.hub.ledger.open().expect("the store is in memory");
        // Nobody commissions anything in the World, which plays fewer nights than a paper lasts.
        let mut homes = homes.on_paper(moment(at));
        let written = store.gates().expect("the store is in memory").papers;
        homes.paper.retain(|unit, _| written.until(*unit).is_none());
        enrol(&mut store, &homes, &self.keys, moment(at))
            .expect("what the World enrols is in order");
    }

    fn resettle(&mut self, at: i64, resident: ResidentId, to: Option<usize>) {
        let from = self.town.home_of(resident);
        let Some(from) = from.filter(|&home| self.town.homes[home].is_enrolled) else {
            return;
        };
        let to = to.filter(|&home| self.town.homes[home].is_enrolled);
        self.town.homes[from].residents.retain(|id| *id != resident);
        self.counts.moved += 1;
        self.note(|| format!("{resident} moves from home {from} to {to:?}"));
        match to {
            Some(to) => {
                let residents = &mut self.town.homes[to].residents;
                residents.push(resident);
                self.oracle.book.live_together(residents);
            }
            None => self.oracle.book.leave_list(resident, at),
        }
        self.enrol(at, Vec::new());
    }

    /// Another unit hangs in a home from now on.
    fn swap(&mut self, at: i64, home: usize, former: Former) -> Result<(), Broken> {
        if !self.town.homes[home].is_enrolled {
            return Ok(());
        }
        let number = u8::try_from(home).unwrap_or(u8::MAX / 2);
        let id: UnitId = named(&format!("u{:07}", 1000 + home));
        let key = SigningKey::from_bytes(&[100 + number; 32]);
        let disk = WorldDisk::new(self.people.split(), self.syncing);
        let old = self.town.homes[home].unit;
        let new = self.units.len();
        self.units.push(Unit::new(id, key, disk));
        self.town.homes[home].unit = new;
        self.counts.swapped += 1;
        self.note(|| format!("unit {new} hangs in home {home} instead of unit {old}: {former:?}"));
        self.enrol(at, Vec::new());
        self.units[old].is_replaced = true;
        if former == Former::Down {
            self.cut_power(old);
        }
        self.start_unit(new)
    }

    /// Somebody of the staff says how a check ended. Without the hub they cannot, and try again.
    fn say(&mut self, check: CheckId, said: Said) -> Result<(), Broken> {
        if !self.oracle.planned.contains_key(&check) {
            return Ok(());
        }
        let is_heard = self.staff_say(check, said)?;
        let is_over = self.now.utc > self.script.repaired;
        if !is_heard {
            let until = self.script.outage.filter(|it| it.holds(self.now.utc));
            let down = until.map_or(0, |outage| outage.to - self.now.utc);
            self.queue_say(check, said, (down + MINUTE, down + 5 * MINUTE));
        } else if !is_over && self.people.happens(SAID_AGAIN) {
            let said = draw_said(&mut self.people);
            self.queue_say(check, said, (MINUTE, 40 * MINUTE));
        }
        Ok(())
    }

    fn queue_say(&mut self, check: CheckId, said: Said, (from, to): (i64, i64)) {
        let at = self.now.utc + self.people.between(from, to);
        self.queue_act(at, Deed::Say { check, said });
    }

    pub(super) fn queue_act(&mut self, at: i64, deed: Deed) {
        self.acted += 1;
        self.acts.insert((at, self.acted), deed);
    }

    /// Staff see what the hub asks, and close some of it by hand.
    pub(super) fn show_staff(&mut self, written: &Written) {
        let Written::Batch(batch) = written else {
            return;
        };
        if !self.town.is_staffed {
            return;
        }
        for change in &batch.changes {
            let checks: Vec<CheckId> = match change {
                Change::Opened(exception) => exception.checks.iter().copied().collect(),
                Change::Joined { check, .. } => vec![*check],
                Change::Settled(..)
                | Change::Altered(_)
                | Change::Spoken(_)
                | Change::Left { .. }
                | Change::Became { .. }
                | Change::Handled { .. }
                | Change::Ended { .. }
                | Change::Raised(_)
                | Change::Cleared { .. } => Vec::new(),
            };
            for check in checks {
                if self.people.happens(CLOSED_BY_HAND) {
                    let said = draw_said(&mut self.people);
                    self.queue_say(check, said, (MINUTE, 60 * MINUTE));
                }
            }
        }
    }
}

/// A day as the product has it.
pub(super) fn date_of(day: Day) -> Date {
    let (year, month, of_month) = day.date();
    let small = |number: i64| i8::try_from(number).expect("a month or a day of it");
    let year = i16::try_from(year).expect("the World plays in our years");
    date(year, small(month), small(of_month))
}
