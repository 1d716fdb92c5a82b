//! Settings as a TOML document: its form, and what is wrong with one.
//!
//! Everything that can be seen without the channels and the list of homes is examined here. What
//! is said of a mistake names the table, the key and the reason, and repeats nothing that may be
//! somebody's address. `docs/reference/settings.md` shows the form.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use nattsyn_protocol::ids::HomeId;

use super::{AreaName, HomeValues, Settings, Values};
use crate::exception::ON_THE_WAY_MAX;
use crate::notify::chain::{ChannelName, TARGET_MIN, TeamName};
use crate::notify::settings::{Chain, Channel, Person};
use crate::notify::{self, SettingsError};

/// Longest target, as an agreement with a resident may name it: half a night.
pub const ANSWER_MAX: Duration = Duration::from_secs(6 * 60 * 60);

/// Shortest time that a row stays with whoever took it: what it takes to read it and to set out.
pub const FALLS_BACK_MIN: Duration = Duration::from_secs(60);

/// The document, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Document {
    municipality: Municipality,
    area: Vec<Area>,
    home: Vec<Home>,
    recipient: Vec<Person>,
    team: Vec<Chain>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Municipality {
    team: Option<TeamName>,
    answer_within_min: Option<u32>,
    falls_back_after_min: Option<u32>,
    drawn_visits_percent: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    name: String,
    team: Option<TeamName>,
    answer_within_min: Option<u32>,
    falls_back_after_min: Option<u32>,
    drawn_visits_percent: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Home {
    id: HomeId,
    area: Option<String>,
    team: Option<TeamName>,
    answer_within_min: Option<u32>,
    falls_back_after_min: Option<u32>,
    drawn_visits_percent: Option<u32>,
}

/// A target, and how long a row stays taken, in minutes.
type Times = (Option<u32>, Option<u32>);

impl Settings {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// It cannot be used: the table, the key and the reason. Whether its channels are there is
    /// for [`crate::notify::Settings::people`] to say.
    pub fn read(text: &str) -> Result<Self, SettingsError> {
        let document: Document = toml::from_str(text).map_err(|error| unreadable(&error, text))?;
        let mut settings = Self {
            recipients: document.recipient,
            teams: document.team,
            ..Self::default()
        };
        let set = document.municipality;
        let times = (set.answer_within_min, set.falls_back_after_min);
        let rest = (times, set.drawn_visits_percent);
        settings.municipality = settings.values("municipality", set.team, rest)?;
        for area in document.area {
            let at = format!("area {:?}", area.name);
            let name: AreaName = area.name.parse().map_err(|why| wrong(&at, "name", &why))?;
            let times = (area.answer_within_min, area.falls_back_after_min);
            let rest = (times, area.drawn_visits_percent);
            let values = settings.values(&at, area.team, rest)?;
            if settings.areas.insert(name, values).is_some() {
                return Err(wrong(&at, "name", &TWICE));
            }
        }
        for home in document.home {
            let at = format!("home {}", home.id);
            let area = home
                .area
                .map(|name| settings.area(&at, &name))
                .transpose()?;
            let times = (home.answer_within_min, home.falls_back_after_min);
            let rest = (times, home.drawn_visits_percent);
            let values = settings.values(&at, home.team, rest)?;
            let home_values = HomeValues { area, values };
            if settings.homes.insert(home.id, home_values).is_some() {
                return Err(wrong(&at, "id", &TWICE));
            }
        }
        Ok(settings)
    }

    fn area(&self, at: &str, name: &str) -> Result<AreaName, SettingsError> {
        let known = self.areas.keys().find(|area| area.as_str() == name);
        let unknown = || wrong(at, "area", &format!("there is no area {name:?}"));
        known.cloned().ok_or_else(unknown)
    }

    fn values(
        &self,
        at: &str,
        team: Option<TeamName>,
        ((answer_within_min, falls_back_after_min), drawn_visits): (Times, Option<u32>),
    ) -> Result<Values, SettingsError> {
        if let Some(team) = &team
            && !self.teams.iter().any(|known| known.name == *team)
        {
            let why = format!("there is no team {:?}", team.as_str());
            return Err(wrong(at, "team", &why));
        }
        let answer = (TARGET_MIN, ANSWER_MAX);
        let falls_back = (FALLS_BACK_MIN, ON_THE_WAY_MAX);
        Ok(Values {
            team,
            answer_within: time(at, "answer_within_min", answer_within_min, answer)?,
            falls_back_after: time(at, "falls_back_after_min", falls_back_after_min, falls_back)?,
            drawn_visits: percent(at, "drawn_visits_percent", drawn_visits)?,
        })
    }

    /// What a document says that nothing comes of, as far as is known from it and from who is
    /// enrolled: no error, but worth a look.
    #[must_use]
    pub fn remarks(&self, enrolled: &BTreeSet<HomeId>) -> Vec<Remark> {
        let unknown = self.homes.keys().filter(|home| !enrolled.contains(home));
        let mut remarks: Vec<Remark> = unknown.map(|home| Remark::UnknownHome(*home)).collect();
        if self.teams.is_empty() {
            remarks.push(Remark::NobodyIsTold);
        }
        let areas: BTreeSet<&AreaName> = self
            .homes
            .values()
            .filter_map(|home| home.area.as_ref())
            .collect();
        let empty = self.areas.keys().filter(|area| !areas.contains(area));
        remarks.extend(empty.cloned().map(Remark::EmptyArea));
        let mut used: BTreeMap<&TeamName, usize> = BTreeMap::new();
        let everywhere = self.municipality.team.iter();
        let areas = self
            .areas
            .values()
            .filter_map(|values| values.team.as_ref());
        let homes = self
            .homes
            .values()
            .filter_map(|home| home.values.team.as_ref());
        for team in everywhere.chain(areas).chain(homes) {
            *used.entry(team).or_default() += 1;
        }
        let first = self.teams.first().map(|team| &team.name);
        let first = first.filter(|_| self.municipality.team.is_none());
        let idle = self.teams.iter().map(|team| &team.name);
        let idle = idle.filter(|name| !used.contains_key(name) && Some(*name) != first);
        remarks.extend(idle.cloned().map(Remark::IdleTeam));
        remarks
    }

    /// The teams whose night lead cannot be told of a matter, such as a test alarm that nobody
    /// answered: the hub's channels to them are alarm receivers alone, which are told of rows.
    #[must_use]
    pub fn leads_told_of_rows_alone(&self, channels: &notify::Settings) -> Vec<Remark> {
        let is_receiver = |name: &ChannelName| {
            let named = channels.channels.iter().find(|one| one.name() == name);
            matches!(named, Some(Channel::Scaip(_)))
        };
        let teams = self.teams.iter().filter(|team| {
            let lead = team.steps.last();
            lead.is_some_and(|lead| lead.by.iter().all(is_receiver))
        });
        let names = teams.map(|team| team.name.clone());
        names.map(Remark::LeadToldOfRowsAlone).collect()
    }
}

/// Something in a document that nothing comes of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// No such home is enrolled.
    UnknownHome(HomeId),
    /// There is no team.
    NobodyIsTold,
    /// No home lies in the area.
    EmptyArea(AreaName),
    /// The team is told of nothing.
    IdleTeam(TeamName),
    /// The team's last step has alarm receivers alone, and no matter can be said to those.
    LeadToldOfRowsAlone(TeamName),
}

/// Why a name cannot stand a second time.
const TWICE: &str = "there are two of this name";

fn time(
    at: &str,
    key: &str,
    minutes: Option<u32>,
    (least, most): (Duration, Duration),
) -> Result<Option<Duration>, SettingsError> {
    let time = minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    match time {
        Some(time) if time < least || time > most => {
            let (least, most) = (least.as_secs() / 60, most.as_secs() / 60);
            let why = format!(
                "{} minutes; {least} to {most} are allowed",
                minutes.unwrap_or(0)
            );
            Err(wrong(at, key, &why))
        }
        time => Ok(time),
    }
}

fn percent(at: &str, key: &str, percent: Option<u32>) -> Result<Option<u8>, SettingsError> {
    let Some(percent) = percent else {
        return Ok(None);
    };
    let share = u8::try_from(percent).ok().filter(|share| *share <= 100);
    let why = || format!("{percent} percent; 0 to 100 are allowed");
    share.map(Some).ok_or_else(|| wrong(at, key, &why()))
}

fn wrong(table: &str, key: &str, why: &impl ToString) -> SettingsError {
    SettingsError {
        at: format!("{table}: {key}"),
        why: why.to_string(),
    }
}

/// What is wrong with a text that has not the form, in which line and at which key. What stands in
/// quotes in the reader's own words may be an address, and is left out.
fn unreadable(error: &toml::de::Error, text: &str) -> SettingsError {
    let begins = error.span().map_or(0, |span| span.start);
    let before = text.get(..begins).unwrap_or_default();
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    SettingsError {
        at: format!("line {}: {}", number + 1, without_addresses(key)),
        why: without_addresses(error.message()),
    }
}

/// Most digits in a row that are no telephone number: a home's id has eight of sixteen kinds, and
/// is no secret, but a number is known from less.
const DIGITS_MAX: usize = 4;

/// A text without what may be a telephone number or a mail address.
fn without_addresses(text: &str) -> String {
    let is_address = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        word.contains('@') || digits > DIGITS_MAX
    };
    let parts = text.split_inclusive(char::is_whitespace);
    parts
        .map(|part| if is_address(part) { "… " } else { part })
        .collect::<String>()
        .trim_end()
        .to_owned()
}
