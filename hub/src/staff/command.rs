//! `nattsyn-hub staff`: who works here, by the command line.
//!
//! It reads arguments and says what was done; the PIN that it says is kept nowhere else. What is
//! kept is in [`super::Register`]. Texts are Swedish first, with English beside.

use std::fmt::Write as _;

use clap::Subcommand;

use nattsyn_protocol::time::Timestamp;

use super::register::Signature;
use super::{Entry, Member, Pin, PinError, Register, RegisterError, Role};
use crate::watch::StaffId;

/// What is to be done with staff.
#[derive(Clone, Debug, Subcommand)]
pub enum StaffCommand {
    /// Somebody begins, or comes back. Draws a PIN and shows it this once.
    Add {
        /// Who, and who says so.
        #[command(flatten)]
        whom: Whom,
        /// Their name, as colleagues know them. Shown on the page alone.
        #[arg(long)]
        name: Name,
        /// What they may do, by role: may be given several times. Night staff if left out.
        #[arg(long = "role", value_name = "ROLE", default_value = "night_staff")]
        roles: Vec<Role>,
    },
    /// Draw somebody a new PIN and show it this once. They are signed out everywhere.
    Pin {
        /// Who, and who says so.
        #[command(flatten)]
        whom: Whom,
    },
    /// Somebody works here no more. They are signed out everywhere, at once.
    Leave {
        /// Who, and who says so.
        #[command(flatten)]
        whom: Whom,
    },
    /// Everybody, those who have left included.
    List,
}

/// About whom, and who says so.
#[derive(Clone, Debug, clap::Args)]
pub struct Whom {
    /// Their id among the staff: a-z, 0-9 and -, such as natt-001. Never given to another.
    #[arg(long, value_name = "ID")]
    id: StaffId,
    /// Who says so: your id among the staff.
    #[arg(long, value_name = "ID")]
    by: StaffId,
}

/// A name, blanks around it left out. Printed as redacted.
#[derive(Clone)]
pub struct Name(String);

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(text.trim().to_owned())
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name(<redacted>)")
    }
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The register refuses.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// There is no PIN to give.
    #[error(transparent)]
    Pin(#[from] PinError),
}

/// Does what is asked; returns what to say.
///
/// # Errors
///
/// Why nothing was done.
pub fn run(
    register: &mut Register,
    now: Timestamp,
    command: &StaffCommand,
) -> Result<String, CommandError> {
    match command {
        StaffCommand::Add { whom, name, roles } => {
            let member = Member {
                id: whom.id.clone(),
                name: name.0.clone(),
            };
            let pin = Pin::draw()?;
            register.add(&member, (&pin.hash()?, roles), whom.at(now))?;
            Ok(shown(&whom.id, &pin, "är inlagd", "is registered"))
        }
        StaffCommand::Pin { whom } => {
            let pin = Pin::draw()?;
            register.change_pin(&whom.id, &pin.hash()?, whom.at(now))?;
            Ok(shown(
                &whom.id,
                &pin,
                "har ny PIN och är utloggad överallt",
                "has a new PIN and is signed out everywhere",
            ))
        }
        StaffCommand::Leave { whom } => {
            register.leave(&whom.id, whom.at(now))?;
            let id = &whom.id;
            Ok(format!(
                "{id}: har slutat och är utloggad överallt\n  \
                 {id}: has left and is signed out everywhere\n"
            ))
        }
        StaffCommand::List => Ok(list(&register.entries()?)),
    }
}

impl Whom {
    fn at(&self, at: Timestamp) -> Signature<'_> {
        Signature { by: &self.by, at }
    }
}

fn shown(id: &StaffId, pin: &Pin, sv: &str, en: &str) -> String {
    format!(
        "{id}: {sv}\n  {id}: {en}\nPIN: {}\n\
         Skriv ned den nu: den visas bara här och den här gången.\n  \
         Write it down now: it is shown here and this once only.\n",
        pin.reveal()
    )
}

fn list(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "Ingen är inlagd.\n  Nobody is registered.\n".to_owned();
    }
    let mut text = String::new();
    for entry in entries {
        let Member { id, name } = &entry.member;
        let day = entry.at.0.strftime("%Y-%m-%d");
        let (sv, en) = match entry.pin {
            Some(_) => ("kan logga in", "can sign in"),
            None => ("har slutat", "has left"),
        };
        let by = &entry.by;
        writeln!(text, "{id}\t{name}\t{sv} / {en} ({day}, {by})")
            .expect("a String takes everything that is written to it");
    }
    text
}
