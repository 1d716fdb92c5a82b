//! `nattsyn-hub settings`: set, show, history, export; also while the hub runs.
//!
//! It reads arguments and files and says what was done, in Swedish with English beside. A document
//! that the hub's channels can make nothing of is refused here, before anything is written. Whether
//! somebody may set one is not asked, but who it was is: somebody who works here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::time::Timestamp;

use super::compare::{self, differences};
use super::words;
use super::{Applied, AreaName, Settings, Source};
use crate::agreement::file::Said;
use crate::notify::settings::Others;
use crate::notify::{self, SettingsError};
use crate::staff::{Register, RegisterError};
use crate::store::{SettingsVersion, SettingsVersions, StoreError};
use crate::watch::StaffId;

/// Longest reason in characters: a few sentences.
pub const WHY_MAX: usize = 1_000;

/// What is to be done with settings.
#[derive(Clone, Debug, Subcommand)]
pub enum SettingsCommand {
    /// Make a document the newest version: it holds within seconds. docs/reference/settings.md
    /// has the form.
    Set {
        /// The document, TOML.
        file: PathBuf,
        /// Who does it: your id among the staff, kept with the version.
        #[arg(long, value_name = "ID")]
        by: StaffId,
        /// Why, in your own words, kept with the version.
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// What holds, and where each value comes from.
    Show {
        /// In this home alone.
        #[arg(long, value_name = "ID")]
        home: Option<HomeId>,
    },
    /// Every version: when, by whom, why, and what changed.
    History,
    /// Print a version's document, as `set` takes it. It names telephone numbers.
    Export {
        /// Which version; the newest if left out.
        #[arg(long, value_name = "NUMBER")]
        version: Option<i64>,
    },
}

/// What a command needs besides its arguments.
pub struct Counter<'a> {
    /// The versions.
    pub versions: SettingsVersions,
    /// Who works here.
    pub register: &'a Register,
    /// The homes that are enrolled.
    pub enrolled: BTreeSet<HomeId>,
    /// The hub's channels.
    pub channels: &'a notify::Settings,
    /// The hub's zone.
    pub zone: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The file cannot be read.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The document cannot be used.
    #[error("{}: ingenting har ändrats / nothing was changed: {error}", path.display())]
    Document {
        /// Which file.
        path: PathBuf,
        /// The table, the key and the reason.
        error: SettingsError,
    },
    /// A version cannot be read by this hub.
    #[error("version {number}: {error}")]
    Version {
        /// Which.
        number: i64,
        /// The table, the key and the reason.
        error: SettingsError,
    },
    /// There is no such version.
    #[error("det finns ingen version {0} / there is no version {0}")]
    NoVersion(i64),
    /// Nothing was ever set.
    #[error("inget har satts än / nothing has been set yet")]
    NothingSet,
    /// An area that has thresholds of its own would be none any more.
    #[error(
        "området {0} har egna gränser och finns inte i dokumentet: ingenting har ändrats. Ta först \
         bort dem på sidan Gränser (två personer), eller låt området stå kvar / the area {0} has \
         thresholds of its own and is not in the document: nothing was changed. First take them \
         away on the page Thresholds (two people), or leave the area in"
    )]
    TunedArea(AreaName),
    /// Whoever does it does not work here.
    #[error("--by {0}: finns inte bland dem som arbetar här / is not among those who work here")]
    Stranger(StaffId),
    /// No reason is given.
    #[error("--why: skriv varför, 1–{WHY_MAX} tecken / say why, in 1 to {WHY_MAX} characters")]
    NoReason,
    /// Who works here cannot be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The versions cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Counter<'_> {
    /// Does what is asked; returns what to say.
    ///
    /// # Errors
    ///
    /// Why nothing was done.
    pub fn run(&mut self, command: &SettingsCommand) -> Result<String, CommandError> {
        match command {
            SettingsCommand::Set {
                file,
                by,
                why,
                dry_run: true,
            } => self.try_out(file, (by, why)).map(|tried| tried.said),
            SettingsCommand::Set { file, by, why, .. } => self.set(file, (by, why)),
            SettingsCommand::Show { home } => self.show(*home),
            SettingsCommand::History => self.history(),
            SettingsCommand::Export { version } => Ok(self.version(*version)?.body),
        }
    }

    fn set(&mut self, file: &Path, (by, why): (&StaffId, &str)) -> Result<String, CommandError> {
        let tried = self.try_out(file, (by, why))?;
        let number = self.versions.add((self.now, by), why.trim(), &tried.body)?;
        let done = Said::new(
            format!("version {number} är satt och gäller inom några sekunder"),
            format!("version {number} is set and holds within seconds"),
        );
        Ok(tried.said + &lines([done]))
    }

    /// Everything but writing it down.
    fn try_out(&self, file: &Path, (by, why): (&StaffId, &str)) -> Result<Tried, CommandError> {
        let entry = self.register.entry(by)?;
        if entry.is_none_or(|entry| entry.pin.is_none()) {
            return Err(CommandError::Stranger(by.clone()));
        }
        if !(1..=WHY_MAX).contains(&why.trim().chars().count()) {
            return Err(CommandError::NoReason);
        }
        let body = std::fs::read_to_string(file).map_err(|source| CommandError::File {
            path: file.to_owned(),
            source,
        })?;
        let unusable = |error| CommandError::Document {
            path: file.to_owned(),
            error,
        };
        let after = Settings::read(&body).map_err(unusable)?;
        let fitted = after.told_by(self.channels).people(&Others::new());
        fitted.map_err(unusable)?;
        let mut tuned = self.versions.tuned_areas()?.into_iter();
        if let Some(area) = tuned.find(|area| !after.has_area(area)) {
            return Err(CommandError::TunedArea(area));
        }
        let before = self.before()?;
        let differences = differences(&before, &after, &self.enrolled);
        let mut said = lines(differences.iter().map(words::difference));
        said += &lines(after.remarks(&self.enrolled).iter().map(words::remark));
        let leads = after.leads_told_of_rows_alone(self.channels);
        said += &lines(leads.iter().map(words::remark));
        let homes = words::homes(compare::touched(&before, &after, &self.enrolled));
        said += &lines([match differences.len() {
            0 => Said::new("inget värde ändras", "no value changes"),
            1 => Said::new(
                format!("1 ändring; annat gäller i {}", homes.sv),
                format!("1 change; something else holds in {}", homes.en),
            ),
            count => Said::new(
                format!("{count} ändringar; annat gäller i {}", homes.sv),
                format!("{count} changes; something else holds in {}", homes.en),
            ),
        }]);
        Ok(Tried { body, said })
    }

    /// What holds now. A version that this hub cannot read is as if nothing were set: what is set
    /// in its place is then all new.
    fn before(&self) -> Result<Settings, CommandError> {
        let newest = self.versions.newest()?;
        let read = newest.and_then(|version| Settings::read(&version.body).ok());
        Ok(read.unwrap_or_default())
    }

    fn version(&self, number: Option<i64>) -> Result<SettingsVersion, CommandError> {
        let Some(number) = number else {
            return self.versions.newest()?.ok_or(CommandError::NothingSet);
        };
        let mut all = self.versions.all()?.into_iter();
        let found = all.find(|version| version.number == number);
        found.ok_or(CommandError::NoVersion(number))
    }

    fn show(&self, home: Option<HomeId>) -> Result<String, CommandError> {
        let newest = self.versions.newest()?;
        let settings = newest.as_ref().map(read).transpose()?;
        let settings = settings.unwrap_or_default();
        let head = newest.map(|version| self.head(&version));
        let mut said = lines(head);
        if let Some(home) = home {
            said += &lines([in_area(&settings, home)]);
            said += &lines(applied(&settings.of_home(Some(home))));
            return Ok(said);
        }
        said += &lines([Said::new("kommunen:", "municipality:")]);
        said += &lines(applied(&settings.of_home(None)));
        for area in settings.areas().keys() {
            said += &lines([Said::new(
                format!("området {area}:"),
                format!("area {area}:"),
            )]);
            said += &lines(applied(&settings.of_area(area)));
        }
        for &home in settings.homes().keys() {
            said += &lines([in_area(&settings, home)]);
            said += &lines(applied(&settings.of_home(Some(home))));
        }
        for team in settings.teams() {
            let (name, steps) = (team.name.as_str(), words::steps(team));
            let shifts = words::shifts(team);
            let (skift, shifts) = match &shifts {
                Some(shifts) => (
                    format!("; provlarm: {shifts}"),
                    format!("; test alarms: {shifts}"),
                ),
                None => ("; inga provlarm".to_owned(), "; no test alarms".to_owned()),
            };
            said += &lines([Said::new(
                format!("laget {name}: {steps}{skift}"),
                format!("team {name}: {steps}{shifts}"),
            )]);
        }
        Ok(said)
    }

    fn history(&self) -> Result<String, CommandError> {
        let mut before = Settings::default();
        let mut said = String::new();
        for version in self.versions.all()? {
            said += &lines([self.head(&version)]);
            let after = read(&version)?;
            let changes = differences(&before, &after, &self.enrolled);
            said += &lines(changes.iter().map(|change| {
                let said = words::difference(change);
                Said::new(format!("  {}", said.sv), format!("  {}", said.en))
            }));
            before = after;
        }
        if said.is_empty() {
            return Err(CommandError::NothingSet);
        }
        Ok(said)
    }

    /// When, by whom and why.
    fn head(&self, version: &SettingsVersion) -> Said {
        let SettingsVersion {
            number, by, why, ..
        } = version;
        let local = version.at.0.in_tz(self.zone);
        let at = local.map_or_else(
            |_unknown| version.at.0.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            |local| local.strftime("%Y-%m-%d %H:%M").to_string(),
        );
        Said::new(
            format!("version {number}, {at}, av {by}: {why}"),
            format!("version {number}, {at}, by {by}: {why}"),
        )
    }
}

/// A document that can be set.
struct Tried {
    body: String,
    said: String,
}

fn read(version: &SettingsVersion) -> Result<Settings, CommandError> {
    Settings::read(&version.body).map_err(|error| CommandError::Version {
        number: version.number,
        error,
    })
}

fn in_area(settings: &Settings, home: HomeId) -> Said {
    match settings.area_of(home) {
        Some(area) => Said::new(
            format!("bostaden {home}, i området {area}:"),
            format!("home {home}, in the area {area}:"),
        ),
        None => Said::new(format!("bostaden {home}:"), format!("home {home}:")),
    }
}

/// What is in force somewhere, and where it comes from.
fn applied(applied: &Applied) -> [Said; 4] {
    let line = |what: (&str, &str), value: &str, from: &Source| {
        let from = words::source(from);
        Said::new(
            format!("  {}: {value} ({})", what.0, from.sv),
            format!("  {}: {value} ({})", what.1, from.en),
        )
    };
    let team = applied
        .team
        .value
        .as_ref()
        .map_or("–", |team| team.as_str());
    [
        line(("lag", "team"), team, &applied.team.from),
        line(
            ("svarstid", "response target"),
            &words::time(applied.answer_within.value),
            &applied.answer_within.from,
        ),
        line(
            ("faller tillbaka efter", "falls back after"),
            &words::time(applied.falls_back_after.value),
            &applied.falls_back_after.from,
        ),
        line(
            ("lottade besök", "drawn visits"),
            &words::percent(applied.drawn_visits.value),
            &applied.drawn_visits.from,
        ),
    ]
}

/// Each in Swedish, with the English beneath.
fn lines(said: impl IntoIterator<Item = Said>) -> String {
    let lines = said.into_iter();
    lines
        .map(|said| format!("{}\n  {}\n", said.sv, said.en))
        .collect()
}
