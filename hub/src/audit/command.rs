//! `nattsyn-hub audit`: whether the log holds, its head, and an extract for one resident.
//!
//! That an extract is made is written into the log from here too. Texts are Swedish first, with
//! English beside.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::tz::TimeZone;

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use super::extract::{Extract, LISTS, Line, What, Whole};
use super::heads::{self, HeadError};
use super::log::ROWS_MAX;
use super::{Act, AuditError, AuditRow, Log, Question, Who};
use crate::staff::{Register, RegisterError};
use crate::watch::StaffId;

/// What is to be done with the log.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// Walk the whole log: find a row that was changed, removed, reordered or, against a head that
    /// was kept outside, cut.
    Verify {
        /// A head that was kept outside; may be given several times.
        #[arg(long = "head", value_name = "FILE")]
        heads: Vec<PathBuf>,
    },
    /// Write the newest row's hash to a file, to be kept outside.
    Head {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// What the log says about one resident, in plain Swedish: who, what, when, how long and why.
    Extract {
        /// The resident's id.
        #[arg(long, value_name = "ID")]
        resident: ResidentId,
        /// Who makes it.
        #[arg(long, value_name = "ID")]
        by: StaffId,
    },
}

/// Why a command did nothing, or the log does not hold.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The log cannot be read or written, or does not hold.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A head cannot be read or written.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// Names of staff cannot be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// There is nothing to keep outside.
    #[error("loggen är tom / the log is empty")]
    Empty,
}

/// Does what is asked; returns what to say.
///
/// # Errors
///
/// Why nothing was done; of [`AuditCommand::Verify`], the first row that is wrong.
pub fn run(
    (ledger, zone): (&Path, &str),
    now: Timestamp,
    command: &AuditCommand,
) -> Result<String, CommandError> {
    let log = Log::open(ledger)?;
    match command {
        AuditCommand::Verify { heads } => verify(&log, heads),
        AuditCommand::Head { to } => {
            let head = log.head(now)?.ok_or(CommandError::Empty)?;
            heads::write(to, &head)?;
            Ok(format!("{head}\n"))
        }
        AuditCommand::Extract { resident, by } => {
            let row = AuditRow::new(now, by.clone(), Act::ExtractMade).about(*resident);
            log.record(row)?;
            let extract = log.extract(*resident)?;
            let register = Register::open(ledger)?;
            let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
            Ok(plain((*resident, &extract), &register, &zone))
        }
    }
}

fn verify(log: &Log, heads: &[PathBuf]) -> Result<String, CommandError> {
    let heads: Result<Vec<_>, _> = heads.iter().map(|path| heads::read(path)).collect();
    let heads = heads?;
    let verified = log.verify(&heads)?;
    let mut text = format!(
        "Loggen håller: {} rader.\n  The log holds: {0} rows.\n",
        verified.rows
    );
    if heads.is_empty() {
        text.push_str(
            "Utan ett huvud som sparats utanför (--head) syns inte om de sista raderna är \
             bortklippta.\n  Without a head that was kept outside (--head) it cannot be seen \
             whether the last rows were cut.\n",
        );
    }
    Ok(text)
}

/// An extract in plain Swedish, for paper.
fn plain(
    (resident, extract): (ResidentId, &Extract),
    register: &Register,
    zone: &TimeZone,
) -> String {
    let mut text = format!("Utdrag ur Nattsyns logg om {resident}\n\n");
    for line in &extract.lines {
        text.push_str(&sentence(line, register, zone));
        text.push('\n');
    }
    if extract.lines.is_empty() {
        text.push_str("Ingen har öppnat något som gäller bara den här personen.\n");
    }
    text.push_str("\nListor där personen kan ha stått bland andra:\n");
    for (act, count) in &extract.lists {
        let (said, _) = act.said();
        writeln!(text, "{count} gånger: någon i personalen {said}")
            .expect("a String takes everything");
    }
    if extract.whole == Whole::No {
        text.push_str("\nÄldre rader finns och är inte med här.\n");
    }
    text
}

fn sentence(line: &Line, register: &Register, zone: &TimeZone) -> String {
    let at = line.at.map(|at| at.0.to_zoned(zone.clone()));
    let at = at.map_or_else(String::new, |at| {
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    });
    let who = match &line.who {
        Some(Who::Staff(id)) => match register.entry(id) {
            Ok(Some(entry)) => format!("{} ({id})", entry.member.name),
            Ok(None) | Err(_) => id.to_string(),
        },
        Some(Who::Hub) => "Nattsyn självt".to_owned(),
        Some(Who::Unknown) | None => "okänd".to_owned(),
    };
    let what = match &line.what {
        What::Act(act) => act.said().0,
        What::Word(word) => word.as_str(),
    };
    let mut text = format!("{at}  {who} {what}");
    if let Some(lasted) = line.lasted {
        write!(text, ", {:.1} sekunder", lasted.as_secs_f32()).expect("a String takes everything");
    }
    if !line.why.is_empty() {
        write!(text, " ({})", line.why).expect("a String takes everything");
    }
    text
}

impl Log {
    /// What the log says about one resident.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn extract(&self, resident: ResidentId) -> Result<Extract, AuditError> {
        let rows = self.rows(&Question {
            about: Some(resident),
            ..Question::default()
        })?;
        let mut lists = [0; 3];
        for (count, act) in lists.iter_mut().zip(LISTS) {
            *count = self.count(act)?;
        }
        Ok(Extract::new(&rows, lists, ROWS_MAX))
    }
}
