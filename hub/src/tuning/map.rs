//! What holds in which home, and where it comes from. Pure.
//!
//! The home's own levels go before its area's, those before the municipality's; where nothing is
//! set the model's own do. Whatever is found is lifted to the floor: a floor that was raised later
//! holds at once, also over what was approved before.

use sha2::{Digest as _, Sha256};

use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::thresholds::HomeThresholds;

use super::book::Book;
use super::standing::Sent;
use super::{Caution, Floor, Gone, Levels, WHY_MAX, place_word};
use crate::roster::{Home, Roster};
use crate::settings::compare::Place;
use crate::settings::{AreaName, InForce, Settings, Source};

/// Everything that says what holds where.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    /// Who is enrolled.
    pub roster: &'a Roster,
    /// Which home lies in which area.
    pub settings: &'a Settings,
    /// What was proposed and decided.
    pub book: &'a Book,
    /// What nothing goes under.
    pub floor: Floor,
    /// What was signed for the units last.
    pub sent: &'a Sent,
}

/// What is set somewhere, and whether a change there would decide it.
struct Found {
    set: InForce<Levels>,
    by_change: bool,
}

/// What a home would hold by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which home.
    pub home: HomeId,
    /// Its unit.
    pub unit: UnitId,
    /// What is in force.
    pub before: Levels,
    /// What would be.
    pub after: Levels,
}

/// Why something is not proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// There is no such place.
    #[error("platsen finns inte / there is no such place")]
    NoPlace,
    /// A level is none of the grid, or under the floor.
    #[error(
        "steg {seen} till 64 för synlig och {unseen} till 64 för syns inte kan väljas / levels \
         {seen} to 64 for visible and {unseen} to 64 for not visible can be chosen",
        seen = .0.visible,
        unseen = .0.not_visible
    )]
    UnderFloor(Levels),
    /// It is so already.
    #[error("det gäller redan / it is so already")]
    Same,
    /// Only a home can be gone through.
    #[error("bara en bostad kan gås igenom på nytt / only a home can be gone through anew")]
    NoHome,
    /// No reason, or a very long one.
    #[error("skriv varför, 1–{WHY_MAX} tecken / say why, in 1 to {WHY_MAX} characters")]
    NoReason,
    /// Something waits there already.
    #[error(
        "ett förslag väntar redan här / a proposal waits here already: decide on it or withdraw it"
    )]
    Waiting,
    /// Nothing was approved there that could be undone.
    #[error("det finns inget att gå tillbaka till / there is nothing to go back to")]
    NothingBefore,
}

impl<'a> Map<'a> {
    /// What is in force at a place, for homes that do not say otherwise; in a home what was signed
    /// for its unit where that is stricter ([`Self::held_back`]).
    #[must_use]
    pub fn of(&self, place: &Place) -> InForce<Levels> {
        self.with(place, None)
    }

    /// What is in force in a home.
    #[must_use]
    pub fn of_home(&self, home: HomeId) -> InForce<Levels> {
        self.of(&Place::Home(home))
    }

    /// What is set for a home, where its unit was signed something stricter.
    ///
    /// A home that moves to another area, an area that is named anew, a unit that hangs elsewhere
    /// and a floor that is lowered are each one person's doing. By none of them is a word said more
    /// often: the stricter levels hold until two people have approved something for the home, or
    /// for the place from which its levels come.
    #[must_use]
    pub fn held_back(&self, home: HomeId) -> Option<Levels> {
        let set = self.found(&Place::Home(home), None).set.value;
        (self.of_home(home).value != set).then_some(set)
    }

    /// The homes of a place in which something stricter holds than what is set.
    #[must_use]
    pub fn all_held_back(&self, place: &Place) -> Vec<(&'a Home, Levels)> {
        let homes = self.homes_of(place);
        homes
            .filter_map(|home| Some((home, self.held_back(home.id)?)))
            .collect()
    }

    /// What would be if something else were set at one place.
    #[must_use]
    pub fn with(
        &self,
        place: &Place,
        instead: Option<(&Place, Option<Levels>)>,
    ) -> InForce<Levels> {
        let Found { set, by_change } = self.found(place, instead);
        let signed = match place {
            Place::Home(home) if !by_change => self.signed(*home),
            Place::Home(_) | Place::Area(_) | Place::Municipality => None,
        };
        InForce {
            value: signed.map_or(set.value, |signed| set.value.at_least(signed)),
            from: set.from,
        }
    }

    /// What is set, from the inside out.
    fn found(&self, place: &Place, instead: Option<(&Place, Option<Levels>)>) -> Found {
        let floor = self.floor.levels();
        let mut by_change = false;
        for place in self.inside_out(place) {
            let set = match instead {
                Some((changed, levels)) if *changed == place => {
                    by_change = true;
                    levels
                }
                Some(_) | None => self.book.set_at(&place),
            };
            if let Some(levels) = set {
                let value = levels.at_least(floor);
                let from = source(place);
                let set = InForce { value, from };
                return Found { set, by_change };
            }
        }
        let set = InForce {
            value: floor,
            from: Source::BuiltIn,
        };
        Found { set, by_change }
    }

    /// What was signed last for a home's unit.
    fn signed(&self, home: HomeId) -> Option<Levels> {
        let mut homes = self.roster.homes().iter();
        let unit = homes.find(|it| it.id == home)?.unit;
        let sent = self.sent.get(&unit)?;
        Some(Levels::from(&sent.thresholds))
    }

    /// What a change at a place would turn, home by home; homes that it leaves as they are not.
    #[must_use]
    pub fn turns(&self, place: &Place, levels: Option<Levels>) -> Vec<Turn> {
        let homes = self.homes_of(place).map(|home| {
            let here = Place::Home(home.id);
            Turn {
                home: home.id,
                unit: home.unit,
                before: self.of(&here).value,
                after: self.with(&here, Some((place, levels))).value,
            }
        });
        homes.filter(|turn| turn.before != turn.after).collect()
    }

    /// A mark of what a change at a place would turn: what holds there before and after, and in
    /// which homes what would. Whoever decides on it sends back the mark that they were shown, so
    /// that nobody agrees to something else than they read.
    #[must_use]
    pub fn shown(&self, place: &Place, levels: Option<Levels>) -> String {
        let mut hash = Sha256::new();
        let mut take = |what: &str, (before, after): (Levels, Levels)| {
            hash.update(what.as_bytes());
            hash.update([0, before.visible, before.not_visible]);
            hash.update([after.visible, after.not_visible]);
        };
        let after = self.with(place, Some((place, levels))).value;
        take(&place_word(place), (self.of(place).value, after));
        for turn in self.turns(place, levels) {
            take(&turn.home.to_string(), (turn.before, turn.after));
        }
        let digest = hash.finalize();
        let digits = digest[..8].iter().map(|byte| format!("{byte:02x}"));
        digits.collect()
    }

    /// Whether a change at a place makes anything less cautious: there, or in any home.
    #[must_use]
    pub fn caution(&self, place: &Place, levels: Option<Levels>) -> Caution {
        let own = (
            self.of(place).value,
            self.with(place, Some((place, levels))).value,
        );
        let turns = self.turns(place, levels);
        let pairs = turns.iter().map(|turn| (turn.before, turn.after));
        let is_looser = |(before, after): (Levels, Levels)| after.caution(before) == Caution::Less;
        match pairs.chain([own]).any(is_looser) {
            true => Caution::Less,
            false => Caution::NoLess,
        }
    }

    /// What is meant by what was sent: whoever only says that a home was gone through anew, with
    /// the levels that are in force, leaves what is set there as it is.
    #[must_use]
    pub fn meant(
        &self,
        place: &Place,
        (levels, gone): (Option<Levels>, Gone),
    ) -> (Option<Levels>, Gone) {
        match gone {
            Gone::Anew if levels == Some(self.of(place).value) => (self.book.set_at(place), gone),
            Gone::Anew | Gone::AsBefore => (levels, gone),
        }
    }

    /// Whether something may be proposed at a place.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn examine(
        &self,
        place: &Place,
        (levels, gone): (Option<Levels>, Gone),
        why: &str,
    ) -> Result<(), WishError> {
        self.examine_place(place)?;
        match (gone, place) {
            (Gone::AsBefore, _) | (Gone::Anew, Place::Home(_)) => {}
            (Gone::Anew, Place::Municipality | Place::Area(_)) => return Err(WishError::NoHome),
        }
        if let Some(levels) = levels {
            self.examine_levels(levels)?;
        }
        let is_same = self.book.set_at(place) == levels && gone == Gone::AsBefore;
        // What is set already can still be what a home is held back from.
        if is_same && self.turns(place, levels).is_empty() {
            return Err(WishError::Same);
        }
        if self.book.waiting_at(place).is_some() {
            return Err(WishError::Waiting);
        }
        match (1..=WHY_MAX).contains(&why.trim().chars().count()) {
            true => Ok(()),
            false => Err(WishError::NoReason),
        }
    }

    /// Whether a place is one.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn examine_place(&self, place: &Place) -> Result<(), WishError> {
        let is_there = match place {
            Place::Municipality => true,
            Place::Area(area) => self.areas().contains(&area),
            Place::Home(home) => self.roster.homes().iter().any(|it| it.id == *home),
        };
        is_there.then_some(()).ok_or(WishError::NoPlace)
    }

    /// Whether levels can be chosen at all.
    ///
    /// # Errors
    ///
    /// They are beyond the grid, or under the floor.
    pub fn examine_levels(&self, levels: Levels) -> Result<(), WishError> {
        let floor = self.floor.levels();
        let is_on_grid = HomeThresholds {
            unit: UnitId::from_random([0; 8]),
            version: 1,
            visible: levels.visible,
            not_visible: levels.not_visible,
            anew: 0,
        }
        .examine()
        .is_ok();
        match (is_on_grid, levels.caution(floor)) {
            (true, Caution::NoLess) => Ok(()),
            (true, Caution::Less) | (false, _) => Err(WishError::UnderFloor(floor)),
        }
    }

    /// The homes that lie at a place.
    pub fn homes_of(&self, place: &Place) -> impl Iterator<Item = &'a Home> {
        let (place, settings) = (place.clone(), self.settings);
        self.roster.homes().iter().filter(move |home| match &place {
            Place::Municipality => true,
            Place::Area(area) => settings.area_of(home.id) == Some(area),
            Place::Home(one) => home.id == *one,
        })
    }

    /// The areas that anything is set for or any home lies in.
    #[must_use]
    pub fn areas(&self) -> Vec<&'a AreaName> {
        let named = self.settings.areas().keys();
        let homes = self.settings.homes().values();
        let lived_in = homes.filter_map(|home| home.area.as_ref());
        let all: std::collections::BTreeSet<_> = named.chain(lived_in).collect();
        all.into_iter().collect()
    }

    /// A place and those around it.
    fn inside_out(&self, place: &Place) -> Vec<Place> {
        match place {
            Place::Municipality => vec![Place::Municipality],
            Place::Area(_) => vec![place.clone(), Place::Municipality],
            Place::Home(home) => {
                let area = self.settings.area_of(*home).cloned().map(Place::Area);
                let around = area.into_iter().chain([Place::Municipality]);
                [place.clone()].into_iter().chain(around).collect()
            }
        }
    }
}

fn source(place: Place) -> Source {
    match place {
        Place::Municipality => Source::Municipality,
        Place::Area(area) => Source::Area(area),
        Place::Home(_) => Source::Home,
    }
}
