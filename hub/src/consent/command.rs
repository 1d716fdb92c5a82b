//! `nattsyn-hub consent`: list, show, record, withdraw, export; also while the hub runs.
//!
//! It reads arguments and files and says what was done, in Swedish with English beside. Names of
//! those who gave a consent are printed by `show` and `export` alone. Whether somebody may is not
//! asked, but who it was is: somebody who works here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use jiff::tz::TimeZone;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::policy::Looks;

use super::counter::{Changed, ConsentError, Counter, Run, verdict};
use super::draft::{Draft, DraftWithdrawal};
use super::{Consents, Entry, Form, Taker, What, Withdrawal, journal, words};
use crate::agreement::file::Said;
use crate::staff::{Register, RegisterError};
use crate::store::StoreError;
use crate::watch::StaffId;

/// What is to be done with consents.
#[derive(Clone, Debug, Subcommand)]
pub enum ConsentCommand {
    /// Everybody who is enrolled: whether looks are made, and how far it goes.
    List,
    /// One resident: every entry, what holds now, and a note for the journal. It names people.
    Show {
        /// Whose.
        #[arg(long, value_name = "ID")]
        resident: ResidentId,
    },
    /// Write a conversation down, from a file. docs/reference/consent.md has the form.
    Record {
        /// The conversation, TOML.
        file: PathBuf,
        /// Whose.
        #[arg(long, value_name = "ID")]
        resident: ResidentId,
        /// Who took it down: your id among the staff.
        #[arg(long, value_name = "ID")]
        by: StaffId,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write down that a consent was taken back. At once.
    Withdraw {
        /// Whose.
        #[arg(long, value_name = "ID")]
        resident: ResidentId,
        /// Who took it down: your id among the staff.
        #[arg(long, value_name = "ID")]
        by: StaffId,
        /// What of it.
        #[arg(long, value_enum, default_value_t = Part::Everything)]
        what: Part,
        /// Who said so, such as "the resident".
        #[arg(long, value_name = "TEXT")]
        said_by: String,
        /// It was said in writing.
        #[arg(long)]
        written: bool,
        /// In which words.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Print every entry as JSON, one a line, oldest first. It names people.
    Export {
        /// Of this resident alone.
        #[arg(long, value_name = "ID")]
        resident: Option<ResidentId>,
    },
}

/// What is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Everything: no looks and no pictures.
    Everything,
    /// Pictures: looks go on.
    Pictures,
    /// What those who live there agreed to.
    Cohabitant,
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
    /// The file is no conversation.
    #[error("{}: ingenting är nedskrivet / nothing was written: {message}", path.display())]
    Parse {
        /// Which.
        path: PathBuf,
        /// Line, key and reason.
        message: String,
    },
    /// Whoever does it does not work here.
    #[error("--by {0}: finns inte bland dem som arbetar här / is not among those who work here")]
    Stranger(StaffId),
    /// Who works here cannot be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// It was not written down.
    #[error("ingenting är nedskrivet / nothing was written")]
    Consent(#[from] ConsentError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Does what is asked; returns what to say.
///
/// # Errors
///
/// Why nothing was done.
pub fn run(
    counter: &mut Counter<'_>,
    register: &Register,
    command: &ConsentCommand,
) -> Result<String, CommandError> {
    match command {
        ConsentCommand::List => list(counter),
        ConsentCommand::Show { resident } => show(counter, *resident),
        ConsentCommand::Record {
            file,
            resident,
            by,
            dry_run,
        } => {
            let taker = taker(register, by)?;
            let draft = read(file)?;
            let run = if *dry_run { Run::Dry } else { Run::Real };
            let changed = counter.record(*resident, &draft, &taker, run)?;
            Ok(told(*resident, &changed, run))
        }
        ConsentCommand::Withdraw {
            resident,
            by,
            what,
            said_by,
            written,
            note,
        } => {
            let taker = taker(register, by)?;
            let what = match what {
                Part::Everything => Withdrawal::Everything,
                Part::Pictures => Withdrawal::Pictures,
                Part::Cohabitant => Withdrawal::Cohabitant,
            };
            let form = if *written { Form::Written } else { Form::Oral };
            let typed = DraftWithdrawal {
                what: what.word().to_owned(),
                form: form.word().to_owned(),
                by: said_by.clone(),
                note: note.clone(),
            };
            let withdrawn = typed.read().map_err(ConsentError::from)?;
            let changed = counter.withdraw(*resident, &withdrawn, &taker)?;
            Ok(told(*resident, &changed, Run::Real))
        }
        ConsentCommand::Export { resident } => {
            Ok(export(counter.store.book()?.consents(), *resident))
        }
    }
}

fn taker(register: &Register, by: &StaffId) -> Result<Taker, CommandError> {
    let entry = register.entry(by)?.filter(|entry| entry.pin.is_some());
    let entry = entry.ok_or_else(|| CommandError::Stranger(by.clone()))?;
    Ok(Taker {
        id: by.to_string(),
        name: entry.member.name,
    })
}

fn read(path: &Path) -> Result<Draft, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|source| CommandError::File {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| CommandError::Parse {
        path: path.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })
}

fn list(counter: &Counter<'_>) -> Result<String, CommandError> {
    let (roster, book) = (counter.store.roster()?, counter.store.book()?);
    let day = (counter.today()?, counter.rules);
    let mut text = String::new();
    for resident in roster.homes().iter().flat_map(|home| &home.residents) {
        let verdict = verdict(&roster, book.consents(), resident.id, day);
        let mode = words::mode(verdict.mode());
        line(
            &mut text,
            &format!("{}\t{} / {}", resident.id, mode.sv, mode.en),
        );
        for reason in &verdict.reasons {
            let Said { sv, en } = words::reason(*reason);
            line(&mut text, &format!("\t{sv} / {en}"));
        }
    }
    if text.is_empty() {
        text.push_str("Ingen är inskriven.\n  Nobody is enrolled.\n");
    }
    Ok(text)
}

fn show(counter: &Counter<'_>, resident: ResidentId) -> Result<String, CommandError> {
    let (roster, book) = (counter.store.roster()?, counter.store.book()?);
    if roster.of_resident(resident).is_none() {
        return Err(ConsentError::NotEnrolled(resident).into());
    }
    let entries = book.consents().of(resident);
    let day = (counter.today()?, counter.rules);
    let verdict = verdict(&roster, book.consents(), resident, day);
    let zone = TimeZone::get(counter.zone).unwrap_or(TimeZone::UTC);
    let mut text = String::new();
    for entry in entries {
        line(&mut text, &in_line(entry));
    }
    let Said { sv, en } = words::verdict(&verdict);
    line(&mut text, &format!("{sv}\n  {en}"));
    for reason in &verdict.reasons {
        let Said { sv, en } = words::reason(*reason);
        line(&mut text, &format!("{sv}\n  {en}"));
    }
    let note = journal::note(entries, &verdict, &zone);
    if !note.is_empty() {
        line(&mut text, "\n--- journalanteckning / journal note ---");
        text.push_str(&note);
    }
    Ok(text)
}

fn in_line(entry: &Entry) -> String {
    let said = match &entry.what {
        What::Given(given) => format!(
            "samtycke till {}, {}, av {}, {}",
            words::kind(given.kind).sv,
            words::form(given.form).sv,
            given.given_by,
            words::scope(given.scope).sv
        ),
        What::Withdrawn(withdrawn) => format!(
            "återtaget, {}, av {}: {}",
            words::form(withdrawn.form).sv,
            withdrawn.by,
            words::withdrawal(withdrawn.what).sv
        ),
        What::Household(household) => words::household(*household).sv,
    };
    format!("{}\t{}\t{said}", entry.on, entry.taker.id)
}

fn told(resident: ResidentId, changed: &Changed, run: Run) -> String {
    let mut text = String::new();
    let (sv, en) = match run {
        Run::Real => ("nedskrivet", "written down"),
        Run::Dry => ("skulle skrivas ner", "would be written down"),
    };
    line(&mut text, &format!("{resident}: {sv}\n  {resident}: {en}"));
    let Said { sv, en } = words::verdict(&changed.after);
    line(&mut text, &format!("{sv}\n  {en}"));
    for reason in &changed.after.reasons {
        let Said { sv, en } = words::reason(*reason);
        line(&mut text, &format!("{sv}\n  {en}"));
    }
    if changed.after.looks() == Looks::Stopped && changed.before.looks() == Looks::ByPlan {
        line(
            &mut text,
            "Bestäm besök nu: nattens tillsyner görs som besök.\n  \
             Decide on visits now: tonight's checks are made as visits.",
        );
    }
    text
}

/// One JSON object a line.
fn export(consents: &Consents, resident: Option<ResidentId>) -> String {
    let mut text = String::new();
    for entry in consents.all() {
        if resident.is_some_and(|who| who != entry.resident) {
            continue;
        }
        let (event, what) = entry.what.words();
        let body: serde_json::Value =
            serde_json::from_str(&entry.what.to_body()).unwrap_or_default();
        let object = serde_json::json!({
            "resident": entry.resident, "event": event, "what": what,
            "written": entry.at.0.to_string(), "on": entry.on.to_string(),
            "taken_by": entry.taker.id, "taker": entry.taker.name, "said": body,
        });
        line(&mut text, &object.to_string());
    }
    text
}

fn line(text: &mut String, what: &str) {
    writeln!(text, "{what}").expect("a String takes everything that is written to it");
}
