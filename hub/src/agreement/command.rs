//! `nattsyn-hub plans`: agreements in and out of the store by the command line.
//!
//! Reads arguments and files and says what was done; what is done is in [`super::edit`]. Texts
//! are Swedish first, with English beside.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::time::Timestamp;

use super::edit::{Desk, EditError, Imported, Run};
use super::file::{self, Format, LineError, Said};
use super::outlook::{Rest, Tonight};
use super::record::Record;
use super::staffing::{PileUp, Staffing};
use super::{Agreed, Agreement, Away, Ending};
use crate::keys::HubKeys;
use crate::nights;
use crate::store::{Store, StoreError};

/// What is to be done with agreements.
#[derive(Clone, Debug, Subcommand)]
pub enum PlansCommand {
    /// Take in the plans of a file, all or none. docs/reference/plan.md has the form.
    Import {
        /// The file: .csv or .json.
        file: PathBuf,
        /// Who does it: your id among the staff, kept with every version.
        #[arg(long, value_name = "ID")]
        by: String,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write everybody's plans as a file, as `import` takes them.
    Export {
        /// The file: .csv or .json. Without one, onto the terminal as `--form` says.
        file: Option<PathBuf>,
        /// The form, if no file is named.
        #[arg(long, value_enum, default_value_t = Form::Csv)]
        form: Form,
    },
    /// Somebody is away: no check from the first night to the last, both included. At once.
    Away {
        /// Who.
        #[command(flatten)]
        whom: Whom,
        /// The first night, by the date on which it begins.
        #[arg(long, value_name = "DATE")]
        first: Date,
        /// The last night. Left out: until further notice, to be confirmed every day.
        #[arg(long, value_name = "DATE")]
        last: Option<Date>,
    },
    /// Somebody asks to be left alone for one night. At once.
    Skip {
        /// Who.
        #[command(flatten)]
        whom: Whom,
        /// The night, by the date on which it begins.
        #[arg(long, value_name = "DATE")]
        night: Date,
    },
    /// Somebody who is away until further notice still is.
    Confirm {
        /// Who.
        #[command(flatten)]
        whom: Whom,
    },
    /// Somebody is back. At once.
    Back {
        /// Who.
        #[command(flatten)]
        whom: Whom,
    },
    /// Somebody has died: no look from the next message, and the name leaves the list.
    Died {
        /// Who.
        #[command(flatten)]
        whom: Whom,
    },
    /// Somebody's supervision has ended otherwise. The same as `died`, under another name.
    End {
        /// Who.
        #[command(flatten)]
        whom: Whom,
    },
}

/// About whom, and who says so.
#[derive(Clone, Debug, clap::Args)]
pub struct Whom {
    /// The resident's id.
    #[arg(long, value_name = "ID")]
    resident: ResidentId,
    /// Who says so: your id among the staff.
    #[arg(long, value_name = "ID")]
    by: String,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A table for a spreadsheet.
    Csv,
    /// One JSON object.
    Json,
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The file cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no text in UTF-8, which is what carries å, ä and ö.
    #[error(
        "{}: filen är inte UTF-8; spara den som CSV UTF-8 / not UTF-8; save it as CSV UTF-8",
        .0.display()
    )]
    Encoding(PathBuf),
    /// The file's name does not say which form it has.
    #[error("{}: the name ends neither in .csv nor in .json", .0.display())]
    Form(PathBuf),
    /// The file has errors; they were said line by line.
    #[error("{}: {lines}", path.display())]
    Lines {
        /// Which.
        path: PathBuf,
        /// Every error, as a text.
        lines: String,
    },
    /// It was not done.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hub's zone is unknown.
    #[error("the hub's zone")]
    Zone(#[from] PlanError),
}

/// What a command needs besides its arguments.
pub struct Office<'a> {
    /// The store.
    pub store: &'a mut dyn Store,
    /// The hub's keys.
    pub keys: &'a HubKeys,
    /// The hub's zone.
    pub zone: &'a str,
    /// What staff can answer.
    pub staffing: Staffing,
    /// Now.
    pub now: Timestamp,
}

impl Office<'_> {
    /// Does what is asked; returns what to say.
    ///
    /// # Errors
    ///
    /// Why nothing was done.
    pub fn run(&mut self, command: &PlansCommand) -> Result<String, CommandError> {
        match command {
            PlansCommand::Import { file, by, dry_run } => {
                let run = if *dry_run { Run::Dry } else { Run::Real };
                self.import(file, by, run)
            }
            PlansCommand::Export { file, form } => self.export(file.as_deref(), *form),
            PlansCommand::Away { whom, first, last } => {
                self.away(whom, Away::Away, (*first, *last))
            }
            PlansCommand::Skip { whom, night } => {
                self.away(whom, Away::Skip, (*night, Some(*night)))
            }
            PlansCommand::Confirm { whom } => {
                let desk = desk(self.keys, self.zone, self.now, &whom.by);
                desk.confirm(self.store, whom.resident)?;
                Ok(done(whom, "frånvaron är bekräftad", "still away"))
            }
            PlansCommand::Back { whom } => {
                let desk = desk(self.keys, self.zone, self.now, &whom.by);
                desk.back(self.store, whom.resident)?;
                Ok(done(whom, "är tillbaka", "is back"))
            }
            PlansCommand::Died { whom } => self.end(whom, Ending::Died),
            PlansCommand::End { whom } => self.end(whom, Ending::Ended),
        }
    }

    fn away(
        &mut self,
        whom: &Whom,
        why: Away,
        nights: (Date, Option<Date>),
    ) -> Result<String, CommandError> {
        let desk = desk(self.keys, self.zone, self.now, &whom.by);
        desk.away(self.store, whom.resident, why, nights)?;
        let (sv, en) = match nights {
            (first, Some(last)) => (
                format!("ingen tillsyn från och med natten {first} till och med {last}"),
                format!("no check from the night of {first} to that of {last}"),
            ),
            (first, None) => (
                format!("ingen tillsyn från och med natten {first}; bekräfta varje dag"),
                format!("no check from the night of {first} on; confirm it every day"),
            ),
        };
        Ok(done(whom, &sv, &en))
    }

    fn end(&mut self, whom: &Whom, why: Ending) -> Result<String, CommandError> {
        let desk = desk(self.keys, self.zone, self.now, &whom.by);
        desk.end(self.store, whom.resident, why)?;
        Ok(done(
            whom,
            "ingen mer tillsyn, och namnet är borta från listan",
            "no look any more, and the name is off the list",
        ))
    }

    fn import(&mut self, path: &Path, by: &str, run: Run) -> Result<String, CommandError> {
        let format = format_of(path)?;
        let bytes = std::fs::read(path).map_err(|source| CommandError::File {
            path: path.to_owned(),
            source,
        })?;
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_not_text| CommandError::Encoding(path.to_owned()))?;
        let read = file::read(&text, format).map_err(|errors| refused(path, &errors))?;
        let before = Record::read(self.store)?;
        let desk = desk(self.keys, self.zone, self.now, by);
        let imported = match desk.import(self.store, &read, run) {
            Err(EditError::File(errors)) => return Err(refused(path, &errors)),
            imported => imported?,
        };
        let after = before.with(&imported.entries);
        let night = night_of(self.now, self.zone)?;
        let noon = nights::noon(night, self.zone)?;
        let tonight = imported.changed.iter().map(|(new, held)| match held {
            Some(_) => Some(after.tonight(&before, new, (night, noon), self.now)),
            // A first plan holds from the next window.
            None => None,
        });
        let answer = Answer {
            tonight: tonight.collect(),
            pile_ups: after.pile_ups(night, self.zone, self.staffing, self.now)?,
            zone: self.zone,
            next: night.tomorrow().unwrap_or(night),
        };
        Ok(answer.told(&imported, run))
    }

    fn export(&self, path: Option<&Path>, form: Form) -> Result<String, CommandError> {
        let book = self.store.book()?;
        let agreements: Vec<&Agreement> = book
            .residents()
            .filter(|resident| book.ended(*resident).is_none())
            .filter_map(|resident| book.newest(resident))
            .map(|agreed| &agreed.agreement)
            .collect();
        let Some(path) = path else {
            let format = match form {
                Form::Csv => Format::Csv,
                Form::Json => Format::Json,
            };
            return Ok(file::write(&agreements, format));
        };
        let text = file::write(&agreements, format_of(path)?);
        std::fs::write(path, text).map_err(|source| CommandError::File {
            path: path.to_owned(),
            source,
        })?;
        let count = agreements.len();
        Ok(format!(
            "{count} planer skrivna till {}\n  {count} plans written\n",
            path.display()
        ))
    }
}

fn desk<'a>(keys: &'a HubKeys, zone: &'a str, now: Timestamp, by: &'a str) -> Desk<'a> {
    Desk {
        keys,
        zone,
        now,
        by,
    }
}

fn format_of(path: &Path) -> Result<Format, CommandError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok(Format::Csv),
        Some("json") => Ok(Format::Json),
        Some(_) | None => Err(CommandError::Form(path.to_owned())),
    }
}

fn refused(path: &Path, errors: &[LineError]) -> CommandError {
    let count = errors.len();
    let mut lines =
        format!("{count} fel, ingenting har ändrats / {count} errors, nothing was changed");
    for error in errors {
        lines.push('\n');
        lines.push_str(&error.to_string());
    }
    CommandError::Lines {
        path: path.to_owned(),
        lines,
    }
}

fn done(whom: &Whom, sv: &str, en: &str) -> String {
    let resident = whom.resident;
    format!("{resident}: {sv}\n  {resident}: {en}\n")
}

/// What is said to an import beside what it changed.
struct Answer<'a> {
    /// What of each change holds tonight; `None` for a first plan.
    tonight: Vec<Option<Tonight>>,
    pile_ups: Vec<PileUp>,
    zone: &'a str,
    /// The night that begins at the next noon.
    next: Date,
}

impl Answer<'_> {
    /// What an import did, line by line.
    fn told(&self, imported: &Imported, run: Run) -> String {
        let mut text = String::new();
        let mut say = |said: Said| {
            text.push_str(&format!("{}\n  {}\n", said.sv, said.en));
        };
        for ((new, before), tonight) in imported.changed.iter().zip(&self.tonight) {
            say(changed(new, before.as_ref()));
            for said in tonight
                .iter()
                .flat_map(|tonight| self.tonight(new, tonight))
            {
                say(said);
            }
        }
        for remark in &imported.remarks {
            say(file::remark(remark));
        }
        for pile_up in &self.pile_ups {
            say(pile_up_said(pile_up));
        }
        say(summary(imported, run));
        text
    }

    /// From when a change holds.
    fn tonight(&self, new: &Agreed, tonight: &Tonight) -> Vec<Said> {
        let resident = new.agreement.resident;
        let mut said = Vec::new();
        let span = |(opens, deadline): &(Timestamp, Timestamp)| {
            format!("{}–{}", self.clock(*opens), self.clock(*deadline))
        };
        if !tonight.added.is_empty() {
            let spans: Vec<String> = tonight.added.iter().map(span).collect();
            let spans = spans.join(", ");
            said.push(Said::new(
                format!("{resident}: kommer till redan i natt: {spans}"),
                format!("{resident}: comes to tonight already: {spans}"),
            ));
        }
        if tonight.rest == Rest::FromNoon {
            let next = self.next;
            said.push(Said::new(
                format!(
                    "{resident}: i natt gäller i övrigt det som skrevs ned klockan tolv; ändringen \
                     gäller hel från natten {next}"
                ),
                format!(
                    "{resident}: tonight the rest is as written down at noon; the change holds \
                     whole from the night of {next}"
                ),
            ));
        }
        said
    }

    /// The local time of a moment; in UTC if the zone is unknown.
    fn clock(&self, at: Timestamp) -> String {
        let local = at.0.in_tz(self.zone);
        local.map_or_else(
            |_unknown| format!("{} UTC", at.0.strftime("%H:%M")),
            |local| local.strftime("%H:%M").to_string(),
        )
    }
}

fn changed(new: &Agreed, before: Option<&Agreed>) -> Said {
    let (resident, version) = (new.agreement.resident, new.version);
    match before {
        Some(before) => Said::new(
            format!(
                "{resident}: ändrad plan, version {version} efter version {}",
                before.version
            ),
            format!(
                "{resident}: plan changed, version {version} after {}",
                before.version
            ),
        ),
        None => Said::new(
            format!("{resident}: ny plan, version {version}; gäller från nästa tidsintervall"),
            format!("{resident}: new plan, version {version}; holds from the next window"),
        ),
    }
}

fn summary(imported: &Imported, run: Run) -> Said {
    let (changed, unchanged) = (imported.changed.len(), imported.unchanged.len());
    match run {
        Run::Dry => Said::new(
            format!(
                "{changed} planer skulle ändras, {unchanged} är som förut; ingenting är skrivet"
            ),
            format!("{changed} plans would change, {unchanged} are as before; nothing is written"),
        ),
        Run::Real => Said::new(
            format!(
                "{changed} planer är ändrade, {unchanged} är som förut; de gäller från nästa \
                 klockan tolv, om inget annat sägs"
            ),
            format!(
                "{changed} plans changed, {unchanged} are as before; they hold from the next \
                 noon, unless it says otherwise"
            ),
        ),
    }
}

fn pile_up_said(pile_up: &PileUp) -> Said {
    let residents: Vec<String> = pile_up.residents.iter().map(ToString::to_string).collect();
    let residents = residents.join(", ");
    let (night, checks) = (pile_up.night, pile_up.checks);
    Said::new(
        format!(
            "natten {night}: upp till {checks} tillsyner avslutas samtidigt, fler än bemanningen \
             hinner med om ingen syns: {residents}; flytta tidsintervall"
        ),
        format!(
            "night of {night}: up to {checks} checks conclude at once, more than staff can answer \
             if nobody is seen: {residents}; move windows"
        ),
    )
}
