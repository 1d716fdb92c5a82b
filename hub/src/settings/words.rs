//! What is said of settings, in Swedish with English beside: by the command line and on the page.
//!
//! Recipients go by their words and channels by their names; no address is ever said.

use std::time::Duration;

use super::compare::{Difference, Fate, Place, Turn};
use super::document::Remark;
use super::{AreaName, Source};
use crate::agreement::file::Said;
use crate::notify::chain::{ChannelName, TeamName};
use crate::notify::settings::Chain;

/// A time in minutes.
#[must_use]
pub fn time(time: Duration) -> String {
    format!("{} min", time.as_secs() / 60)
}

/// Where a value comes from.
#[must_use]
pub fn source(from: &Source) -> Said {
    match from {
        Source::Home => Said::new("satt för bostaden", "set for the home"),
        Source::Area(area) => Said::new(
            format!("från området {area}"),
            format!("from the area {area}"),
        ),
        Source::Municipality => Said::new("från kommunen", "from the municipality"),
        Source::BuiltIn => Said::new("inte satt, Nattsyns eget", "not set, Nattsyn’s own"),
    }
}

/// The steps of a chain, each with its channels: `natt-1 (sms), lead (sms, mail)`.
#[must_use]
pub fn steps(chain: &Chain) -> String {
    let steps = chain.steps.iter().map(|step| {
        let by: Vec<&str> = step.by.iter().map(ChannelName::as_str).collect();
        format!("{} ({})", step.to.as_str(), by.join(", "))
    });
    steps.collect::<Vec<_>>().join(" → ")
}

/// When a team's test alarms go, and within how long they are to be answered: `natt 21:00
/// (15 min)`. Nothing without shifts.
#[must_use]
pub fn shifts(chain: &Chain) -> Option<String> {
    let shifts = chain.shifts.iter().map(|shift| {
        let starts = shift.starts().strftime("%H:%M");
        format!("{} {starts} ({})", shift.name(), time(shift.test_within()))
    });
    let all: Vec<String> = shifts.collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// One thing that is otherwise.
#[must_use]
pub fn difference(difference: &Difference) -> Said {
    match difference {
        Difference::Value { place, turn, homes } => value(place, turn, *homes),
        Difference::Area(area, fate) => thing(*fate, ("området", "area"), area.as_str()),
        Difference::Moved {
            home,
            before,
            after,
        } => {
            let area = |area: &Option<AreaName>, none: &str| {
                area.as_ref().map_or(none.to_owned(), AreaName::to_string)
            };
            Said::new(
                format!(
                    "bostaden {home}, område: {} → {}",
                    area(before, "inget"),
                    area(after, "inget")
                ),
                format!(
                    "home {home}, area: {} → {}",
                    area(before, "none"),
                    area(after, "none")
                ),
            )
        }
        Difference::Team { name, fate, homes } => {
            let said = thing(*fate, ("laget", "team"), name.as_str());
            touching(said, *homes)
        }
        Difference::First(first) => Said::new(
            format!(
                "första laget, om inget annat är satt: {}",
                team(first, "inget")
            ),
            format!(
                "first team, where nothing else is set: {}",
                team(first, "none")
            ),
        ),
        Difference::Recipient { name, fate, by } => {
            let said = thing(*fate, ("mottagaren", "recipient"), name.as_str());
            let by: Vec<&str> = by.iter().map(ChannelName::as_str).collect();
            if by.is_empty() {
                return said;
            }
            let by = by.join(", ");
            Said::new(
                format!("{}: adress för {by}", said.sv),
                format!("{}: address for {by}", said.en),
            )
        }
    }
}

/// What a document says that nothing comes of.
#[must_use]
pub fn remark(remark: &Remark) -> Said {
    match remark {
        Remark::UnknownHome(home) => Said::new(
            format!("obs: bostaden {home} är inte inlagd, så inget gäller för den"),
            format!("note: the home {home} is not enrolled, so nothing holds for it"),
        ),
        Remark::NobodyIsTold => Said::new(
            "obs: det finns inget lag, så ingen larmas; sidan måste hållas öppen",
            "note: there is no team, so nobody is told; the page must be kept open",
        ),
        Remark::EmptyArea(area) => Said::new(
            format!("obs: ingen bostad ligger i området {area}"),
            format!("note: no home lies in the area {area}"),
        ),
        Remark::IdleTeam(name) => Said::new(
            format!("obs: laget {} larmas om ingenting", name.as_str()),
            format!("note: the team {} is told of nothing", name.as_str()),
        ),
        Remark::LeadToldOfRowsAlone(name) => Said::new(
            format!(
                "obs: sista steget i laget {} har bara larmmottagare, som inte kan få veta att \
                 ett provlarm är obesvarat; ge det en kanal till",
                name.as_str()
            ),
            format!(
                "note: the last step of the team {} has alarm receivers alone, which cannot be \
                 told that nobody answered a test alarm; give it another channel",
                name.as_str()
            ),
        ),
    }
}

/// So many of a hundred.
#[must_use]
pub fn percent(share: u8) -> String {
    format!("{share} %")
}

/// So many homes.
#[must_use]
pub fn homes(count: usize) -> Said {
    match count {
        1 => Said::new("1 bostad", "1 home"),
        count => Said::new(format!("{count} bostäder"), format!("{count} homes")),
    }
}

fn value(place: &Place, turn: &Turn, homes: usize) -> Said {
    let (what, before, after) = match turn {
        Turn::Team(before, after) => {
            let name = |team: &Option<TeamName>| team.as_ref().map(|team| team.as_str().to_owned());
            (("lag", "team"), name(before), name(after))
        }
        Turn::AnswerWithin(before, after) => {
            let what = ("svarstid", "response target");
            (what, before.map(time), after.map(time))
        }
        Turn::FallsBackAfter(before, after) => {
            let what = ("faller tillbaka efter", "falls back after");
            (what, before.map(time), after.map(time))
        }
        Turn::DrawnVisits(before, after) => {
            let what = ("lottade besök", "drawn visits");
            (what, before.map(percent), after.map(percent))
        }
    };
    let place = match place {
        Place::Municipality => Said::new("kommunen", "municipality"),
        Place::Area(area) => Said::new(format!("området {area}"), format!("area {area}")),
        Place::Home(home) => Said::new(format!("bostaden {home}"), format!("home {home}")),
    };
    let or = |value: &Option<String>, not: &str| value.clone().unwrap_or(not.to_owned());
    let said = Said::new(
        format!(
            "{}, {}: {} → {}",
            place.sv,
            what.0,
            or(&before, "inte satt"),
            or(&after, "inte satt")
        ),
        format!(
            "{}, {}: {} → {}",
            place.en,
            what.1,
            or(&before, "not set"),
            or(&after, "not set")
        ),
    );
    touching(said, homes)
}

fn touching(said: Said, count: usize) -> Said {
    let count = homes(count);
    Said::new(
        format!("{}; berör {}", said.sv, count.sv),
        format!("{}; touches {}", said.en, count.en),
    )
}

fn thing(fate: Fate, (sv, en): (&str, &str), name: &str) -> Said {
    let (fate_sv, fate_en) = match fate {
        Fate::Came => ("tillkommer", "is new"),
        Fate::Went => ("tas bort", "is gone"),
        Fate::Changed => ("ändras", "changes"),
    };
    Said::new(
        format!("{sv} {name} {fate_sv}"),
        format!("{en} {name} {fate_en}"),
    )
}

fn team(name: &Option<TeamName>, none: &str) -> String {
    let name = name.as_ref().map(TeamName::as_str);
    name.unwrap_or(none).to_owned()
}
