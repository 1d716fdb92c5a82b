//! What holds for the municipality, its areas and its homes: who is told, how soon somebody must
//! have taken a row, and how long it stays theirs.
//!
//! [`Settings`] is one value made from one TOML document ([`document`]); every value is looked for
//! at the home, then its area, then the municipality, and says where it comes from. Each document
//! that was ever set is kept with who set it, when and why ([`crate::store::SettingsVersions`]);
//! nothing is changed or deleted, and to set an old one again is how to go back. [`command`] is how
//! they are set, [`keeper`] how a running hub takes them.
//!
//! It deliberately does not know by what somebody is told: channels and their secrets stay in the
//! hub's configuration ([`crate::notify::Settings`]). Nor does it say who may change anything:
//! there are no roles yet.

pub mod command;
pub mod compare;
pub mod document;
pub mod keeper;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use nattsyn_protocol::ids::HomeId;

use crate::exception::FALLS_BACK_AFTER;
use crate::notify;
use crate::notify::chain::TeamName;
use crate::notify::settings::{Chain, Person};
use crate::notify::teller::ANSWER_WITHIN;

pub use keeper::{AtWork, Keeper, KeeperError};

/// Longest name of an area in characters: a parish's with its quarter's fits.
pub const AREA_NAME_MAX: usize = 60;

/// An area of the municipality, by the name that people use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaName(String);

/// A text that is no area's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an area's name is 1 to {AREA_NAME_MAX} characters, without blanks around it")]
pub struct AreaNameError;

/// What is set at one place; nothing where the place around it decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Who is told.
    pub team: Option<TeamName>,
    /// How soon somebody must have taken a row for which nothing else was agreed.
    pub answer_within: Option<Duration>,
    /// How long a row stays with whoever took it when nothing happens.
    pub falls_back_after: Option<Duration>,
    /// How many of a hundred nights have a check that is followed by a visit whatever it says, so
    /// that somebody says what was found.
    pub drawn_visits: Option<u8>,
}

/// What is set for one home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeValues {
    /// In which area it lies; none if in none.
    pub area: Option<AreaName>,
    /// What is set for it alone.
    pub values: Values,
}

/// Everything that is set. The default sets nothing. Prints no address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    municipality: Values,
    areas: BTreeMap<AreaName, Values>,
    homes: BTreeMap<HomeId, HomeValues>,
    recipients: Vec<Person>,
    teams: Vec<Chain>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// It is set for the home.
    Home,
    /// It is set for the home's area.
    Area(AreaName),
    /// It is set for the municipality.
    Municipality,
    /// It is set nowhere.
    BuiltIn,
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub from: Source,
}

/// What is in force somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Who is told; none if there is no team at all.
    pub team: InForce<Option<TeamName>>,
    /// How soon somebody must have taken a row, unless something else was agreed with the
    /// resident.
    pub answer_within: InForce<Duration>,
    /// How long a row stays with whoever took it when nothing happens.
    pub falls_back_after: InForce<Duration>,
    /// How many of a hundred nights have a check that is followed by a visit whatever it says;
    /// none where nothing is set.
    pub drawn_visits: InForce<u8>,
}

impl Settings {
    /// What is set for the municipality.
    #[must_use]
    pub fn municipality(&self) -> &Values {
        &self.municipality
    }

    /// What is set for each area.
    #[must_use]
    pub fn areas(&self) -> &BTreeMap<AreaName, Values> {
        &self.areas
    }

    /// What is set for each home that is named.
    #[must_use]
    pub fn homes(&self) -> &BTreeMap<HomeId, HomeValues> {
        &self.homes
    }

    /// Who can be told.
    #[must_use]
    pub fn recipients(&self) -> &[Person] {
        &self.recipients
    }

    /// In which order.
    #[must_use]
    pub fn teams(&self) -> &[Chain] {
        &self.teams
    }

    /// The area of a home; none if it lies in none, or nothing is known of it.
    #[must_use]
    pub fn area_of(&self, home: HomeId) -> Option<&AreaName> {
        self.homes.get(&home)?.area.as_ref()
    }

    /// Whether an area is named here, or lived in.
    #[must_use]
    pub fn has_area(&self, area: &AreaName) -> bool {
        let mut homes = self.homes.values();
        self.areas.contains_key(area) || homes.any(|home| home.area.as_ref() == Some(area))
    }

    /// What is in force in a home. Without one, as for somebody who is enrolled no more: what is
    /// in force for the municipality.
    #[must_use]
    pub fn of_home(&self, home: Option<HomeId>) -> Applied {
        let own = home.and_then(|home| self.homes.get(&home));
        let area = own.and_then(|own| own.area.as_ref());
        let own = own.map(|own| (&own.values, Source::Home));
        self.applied(own, area)
    }

    /// What is in force in an area, for homes that do not say otherwise.
    #[must_use]
    pub fn of_area(&self, area: &AreaName) -> Applied {
        self.applied(None, Some(area))
    }

    /// The channels of the hub's configuration with those who are told by them.
    #[must_use]
    pub fn told_by(&self, channels: &notify::Settings) -> notify::Settings {
        notify::Settings {
            recipients: self.recipients.clone(),
            teams: self.teams.clone(),
            ..channels.clone()
        }
    }

    fn applied(&self, own: Option<(&Values, Source)>, area: Option<&AreaName>) -> Applied {
        let of_area = |area| Some((self.areas.get(area)?, Source::Area(area.clone())));
        let municipality = (&self.municipality, Source::Municipality);
        let levels: Vec<(&Values, Source)> = own
            .into_iter()
            .chain(area.and_then(of_area))
            .chain([municipality])
            .collect();
        let first = self.teams.first().map(|team| team.name.clone());
        Applied {
            team: first_set(&levels, |set| set.team.clone().map(Some), first),
            answer_within: first_set(&levels, |set| set.answer_within, ANSWER_WITHIN),
            falls_back_after: first_set(&levels, |set| set.falls_back_after, FALLS_BACK_AFTER),
            drawn_visits: first_set(&levels, |set| set.drawn_visits, 0),
        }
    }
}

/// The first value that is set, from the inside out.
fn first_set<T>(
    levels: &[(&Values, Source)],
    value: impl Fn(&Values) -> Option<T>,
    built_in: T,
) -> InForce<T> {
    let set = levels.iter();
    let mut set = set.filter_map(|(values, from)| Some((value(values)?, from.clone())));
    let (value, from) = set.next().unwrap_or((built_in, Source::BuiltIn));
    InForce { value, from }
}

impl AreaName {
    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AreaName {
    type Err = AreaNameError;

    fn from_str(text: &str) -> Result<Self, AreaNameError> {
        let is_long = text.chars().count() > AREA_NAME_MAX;
        let is_bad = text.is_empty() || text.trim() != text || text.chars().any(char::is_control);
        if is_long || is_bad {
            return Err(AreaNameError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for AreaName {
    type Error = AreaNameError;

    fn try_from(text: String) -> Result<Self, AreaNameError> {
        text.parse()
    }
}

impl fmt::Display for AreaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
