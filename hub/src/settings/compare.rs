//! What changes from one version to the next, value by value, and how many homes each touches.
//! Pure; the words for it are in [`super::words`].

use std::collections::BTreeSet;
use std::time::Duration;

use nattsyn_protocol::ids::HomeId;

use super::{Applied, AreaName, InForce, Settings, Source, Values};
use crate::notify::chain::{ChannelName, Recipient, TeamName};
use crate::notify::settings::{Chain, Person};

/// Where something is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// For the municipality.
    Municipality,
    /// For an area.
    Area(AreaName),
    /// For a home.
    Home(HomeId),
}

/// A value before and after; nothing where the place around it decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Who is told.
    Team(Option<TeamName>, Option<TeamName>),
    /// How soon somebody must have taken a row.
    AnswerWithin(Option<Duration>, Option<Duration>),
    /// How long a row stays with whoever took it.
    FallsBackAfter(Option<Duration>, Option<Duration>),
    /// How many of a hundred nights have a check that is followed by a visit.
    DrawnVisits(Option<u8>, Option<u8>),
}

/// What became of a thing with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Came,
    /// It is gone.
    Went,
    /// It is otherwise.
    Changed,
}

/// One thing that is otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A value is set otherwise.
    Value {
        /// Where.
        place: Place,
        /// From what to what.
        turn: Turn,
        /// In how many homes another value is in force because of it.
        homes: usize,
    },
    /// An area came or went.
    Area(AreaName, Fate),
    /// A home lies in another area.
    Moved {
        /// Which home.
        home: HomeId,
        /// Where it lay.
        before: Option<AreaName>,
        /// Where it lies.
        after: Option<AreaName>,
    },
    /// A team's chain.
    Team {
        /// Which team.
        name: TeamName,
        /// What became of it.
        fate: Fate,
        /// How many homes' team it is, or was.
        homes: usize,
    },
    /// Another team is first: it is told of what belongs to none.
    First(Option<TeamName>),
    /// A recipient.
    Recipient {
        /// Who.
        name: Recipient,
        /// What became of them.
        fate: Fate,
        /// By which channels the address is another. The addresses are not repeated.
        by: Vec<ChannelName>,
    },
}

/// Everything that is otherwise after a change, for the homes that are enrolled.
#[must_use]
pub fn differences(
    before: &Settings,
    after: &Settings,
    enrolled: &BTreeSet<HomeId>,
) -> Vec<Difference> {
    let pair = Pair {
        before,
        after,
        enrolled,
    };
    let mut all = Vec::new();
    pair.values(
        &Place::Municipality,
        (&before.municipality, &after.municipality),
        &mut all,
    );
    pair.areas(&mut all);
    pair.homes(&mut all);
    pair.teams(&mut all);
    pair.recipients(&mut all);
    all
}

/// In how many homes anything is in force that was not: another value, or another chain.
#[must_use]
pub fn touched(before: &Settings, after: &Settings, enrolled: &BTreeSet<HomeId>) -> usize {
    let pair = Pair {
        before,
        after,
        enrolled,
    };
    pair.count(|old, new| {
        let is_same_chain = before.chain(old) == after.chain(new);
        let is_same_time = old.answer_within.value == new.answer_within.value
            && old.falls_back_after.value == new.falls_back_after.value;
        let is_same_share = old.drawn_visits.value == new.drawn_visits.value;
        !is_same_chain || !is_same_time || !is_same_share
    })
}

struct Pair<'a> {
    before: &'a Settings,
    after: &'a Settings,
    enrolled: &'a BTreeSet<HomeId>,
}

impl Settings {
    fn chain(&self, applied: &Applied) -> Option<&Chain> {
        let name = applied.team.value.as_ref()?;
        self.teams.iter().find(|team| team.name == *name)
    }
}

impl Pair<'_> {
    /// In how many homes something is so, by what was and what is in force there.
    fn count(&self, is_so: impl Fn(&Applied, &Applied) -> bool) -> usize {
        let homes = self.enrolled.iter();
        let applied = homes.map(|home| {
            let home = Some(*home);
            (self.before.of_home(home), self.after.of_home(home))
        });
        applied.filter(|(old, new)| is_so(old, new)).count()
    }

    fn values(&self, place: &Place, (old, new): (&Values, &Values), all: &mut Vec<Difference>) {
        let mut add = |turn: Turn, homes: usize| {
            all.push(Difference::Value {
                place: place.clone(),
                turn,
                homes,
            });
        };
        if old.team != new.team {
            let homes = self.because_of(place, |applied| &applied.team);
            add(Turn::Team(old.team.clone(), new.team.clone()), homes);
        }
        if old.answer_within != new.answer_within {
            let homes = self.because_of(place, |applied| &applied.answer_within);
            add(
                Turn::AnswerWithin(old.answer_within, new.answer_within),
                homes,
            );
        }
        if old.falls_back_after != new.falls_back_after {
            let homes = self.because_of(place, |applied| &applied.falls_back_after);
            let turn = Turn::FallsBackAfter(old.falls_back_after, new.falls_back_after);
            add(turn, homes);
        }
        if old.drawn_visits != new.drawn_visits {
            let homes = self.because_of(place, |applied| &applied.drawn_visits);
            add(Turn::DrawnVisits(old.drawn_visits, new.drawn_visits), homes);
        }
    }

    /// In how many homes a value is another one, and was or is set at the place.
    fn because_of<T: PartialEq>(
        &self,
        place: &Place,
        value: impl Fn(&Applied) -> &InForce<T>,
    ) -> usize {
        let is_from = |home: HomeId, from: &Source| match (place, from) {
            (Place::Municipality, Source::Municipality) => true,
            (Place::Area(area), Source::Area(own)) => area == own,
            (Place::Home(own), Source::Home) => *own == home,
            (
                Place::Municipality | Place::Area(_) | Place::Home(_),
                Source::Home | Source::Area(_) | Source::Municipality | Source::BuiltIn,
            ) => false,
        };
        let homes = self.enrolled.iter().filter(|home| {
            let (old, new) = (
                self.before.of_home(Some(**home)),
                self.after.of_home(Some(**home)),
            );
            let (old, new) = (value(&old), value(&new));
            old.value != new.value && (is_from(**home, &old.from) || is_from(**home, &new.from))
        });
        homes.count()
    }

    fn areas(&self, all: &mut Vec<Difference>) {
        let names: BTreeSet<&AreaName> = both(self.before.areas.keys(), self.after.areas.keys());
        let nothing = Values::default();
        for name in names {
            let (old, new) = (self.before.areas.get(name), self.after.areas.get(name));
            if let Some(fate) = fate(old, new).filter(|fate| *fate != Fate::Changed) {
                all.push(Difference::Area(name.clone(), fate));
            }
            let values = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
            self.values(&Place::Area(name.clone()), values, all);
        }
    }

    fn homes(&self, all: &mut Vec<Difference>) {
        let nothing = Values::default();
        for &home in both(self.before.homes.keys(), self.after.homes.keys()) {
            let (old, new) = (self.before.homes.get(&home), self.after.homes.get(&home));
            let (before, after) = (self.before.area_of(home), self.after.area_of(home));
            if before != after {
                all.push(Difference::Moved {
                    home,
                    before: before.cloned(),
                    after: after.cloned(),
                });
            }
            let values = (
                old.map_or(&nothing, |old| &old.values),
                new.map_or(&nothing, |new| &new.values),
            );
            self.values(&Place::Home(home), values, all);
        }
    }

    fn teams(&self, all: &mut Vec<Difference>) {
        let named = |settings: &Settings, name: &TeamName| {
            settings
                .teams
                .iter()
                .find(|team| team.name == *name)
                .cloned()
        };
        let name = |team: &Chain| team.name.clone();
        let old = self.before.teams.iter().map(name);
        let names: BTreeSet<TeamName> = old.chain(self.after.teams.iter().map(name)).collect();
        for name in names {
            let (old, new) = (named(self.before, &name), named(self.after, &name));
            if let Some(fate) = fate(old.as_ref(), new.as_ref()) {
                let is_its = |applied: &Applied| applied.team.value.as_ref() == Some(&name);
                let homes = self.count(|old, new| is_its(old) || is_its(new));
                all.push(Difference::Team { name, fate, homes });
            }
        }
        let first = |settings: &Settings| settings.teams.first().map(name);
        if first(self.before) != first(self.after) {
            all.push(Difference::First(first(self.after)));
        }
    }

    fn recipients(&self, all: &mut Vec<Difference>) {
        let named = |settings: &Settings, name: &Recipient| {
            settings
                .recipients
                .iter()
                .find(|person| person.name == *name)
                .cloned()
        };
        let name = |person: &Person| person.name.clone();
        let old = self.before.recipients.iter().map(name);
        let names: BTreeSet<Recipient> =
            old.chain(self.after.recipients.iter().map(name)).collect();
        for name in names {
            let (old, new) = (named(self.before, &name), named(self.after, &name));
            if let Some(fate) = fate(old.as_ref(), new.as_ref()) {
                let by = match (&old, &new) {
                    (Some(old), Some(new)) => readdressed(old, new),
                    (None, _) | (_, None) => Vec::new(),
                };
                all.push(Difference::Recipient { name, fate, by });
            }
        }
    }
}

/// By which channels somebody is reached elsewhere now, or no longer.
fn readdressed(old: &Person, new: &Person) -> Vec<ChannelName> {
    let by = both(old.address.keys(), new.address.keys());
    let by = by
        .into_iter()
        .filter(|by| old.address.get(*by) != new.address.get(*by));
    by.cloned().collect()
}

fn fate<T: PartialEq>(old: Option<&T>, new: Option<&T>) -> Option<Fate> {
    match (old, new) {
        (None, Some(_)) => Some(Fate::Came),
        (Some(_), None) => Some(Fate::Went),
        (Some(old), Some(new)) if old != new => Some(Fate::Changed),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

fn both<'a, T: Ord>(
    old: impl Iterator<Item = &'a T>,
    new: impl Iterator<Item = &'a T>,
) -> BTreeSet<&'a T> {
    old.chain(new).collect()
}
