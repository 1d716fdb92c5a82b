//! `nattsyn-hub staff`: who works here, by the command line.
//!
//! It reads arguments and says what was done, and signs a roster where the root's key is; the PIN
//! that it says is kept nowhere else. What is kept is in [`super::Register`]. Texts are Swedish
//! first, with English beside.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::civil::Date;

use nattsyn_protocol::time::Timestamp;

use super::register::Signature;
use super::{
    Allowed, Member, Permission, Pin, PinError, Register, RegisterError, Rights, Role, Roles,
    RosterError, roster,
};
use crate::keys::{self, KeyError};
use crate::private_file::{self, PrivateFileError};
use crate::store::{Doer, RoleEvent, StoreError};
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
    /// Give somebody a role, or take one away.
    Role {
        /// What to do with it.
        #[arg(value_enum)]
        what: RoleWhat,
        /// Who, and who says so.
        #[command(flatten)]
        whom: Whom,
        /// Which: night_staff, night_lead, unit_manager, case_officer, technician, super_user,
        /// data_protection or administrator.
        #[arg(long, value_name = "ROLE")]
        role: Role,
    },
    /// Write down that somebody was trained in looking through a camera.
    Trained {
        /// Who, and who says so.
        #[command(flatten)]
        whom: Whom,
        /// On which day, such as 2026-11-21.
        #[arg(long, value_name = "DATE")]
        day: Date,
    },
    /// What each role may do, as a table.
    Matrix,
    /// The roster of keys that may ask for a live view: export, sign where the root's key is,
    /// import.
    Roster {
        /// What to do.
        #[command(subcommand)]
        command: RosterCommand,
    },
}

/// What is done with a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RoleWhat {
    /// They have it from now on.
    Give,
    /// They have it no more.
    Take,
}

/// What is to be done with the roster.
#[derive(Clone, Debug, Subcommand)]
pub enum RosterCommand {
    /// Write the next roster to a file, to be signed.
    Export {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Who does it.
        #[arg(long, value_name = "ID")]
        by: StaffId,
    },
    /// Sign a roster. On the machine where the root's key is kept; needs no hub.
    Sign {
        /// The root's key: 64 hexadecimal digits.
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        /// The roster, as exported.
        #[arg(long, value_name = "FILE")]
        roster: PathBuf,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Take a signed roster in.
    Import {
        /// The roster, as signed.
        #[arg(long, value_name = "FILE")]
        roster: PathBuf,
        /// Who does it.
        #[arg(long, value_name = "ID")]
        by: StaffId,
    },
    /// Who stands in the newest roster, and until when.
    Show,
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
    /// Rights cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The roster is not taken.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A file is no roster.
    #[error("{}: ingen roster / not a roster", path.display())]
    NotARoster {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// The day has not been.
    #[error("{0}: den dagen har inte varit / that day has not been")]
    Day(Date),
    /// They do not have the role.
    #[error("{0}: har inte rollen {1} / does not have the role {1}")]
    NoSuchRole(StaffId, Role),
}

/// What a command needs.
struct Office<'a> {
    /// Who works here.
    register: &'a mut Register,
    /// What they may.
    rights: Rights,
    /// The folder of the hub's keys, where the root's public half is.
    keys: PathBuf,
}

/// Does what is asked; returns what to say. The hub's keys lie beside the register's file.
///
/// # Errors
///
/// Why nothing was done.
pub fn run(
    register: &mut Register,
    now: Timestamp,
    command: &StaffCommand,
) -> Result<String, CommandError> {
    let ledger = register.path().to_owned();
    let office = Office {
        rights: Rights::open(&ledger)?,
        keys: ledger.with_file_name("keys"),
        register,
    };
    let register = &mut *office.register;
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
        StaffCommand::List => list(register, &office.rights),
        StaffCommand::Role { what, whom, role } => set_role(&office, now, (*what, whom, *role)),
        StaffCommand::Trained { whom, day } => trained(&office, now, (whom, *day)),
        StaffCommand::Matrix => Ok(matrix()),
        StaffCommand::Roster { command } => roster_command(&office, now, command),
    }
}

/// Whether somebody works here; an id that is nobody's is refused.
fn here(register: &Register, id: &StaffId) -> Result<(), CommandError> {
    let entry = register.entry(id)?.filter(|entry| entry.pin.is_some());
    match entry {
        Some(_) => Ok(()),
        None => Err(RegisterError::Unknown(id.clone()).into()),
    }
}

fn set_role(
    office: &Office<'_>,
    now: Timestamp,
    (what, whom, role): (RoleWhat, &Whom, Role),
) -> Result<String, CommandError> {
    here(office.register, &whom.id)?;
    let doer = Doer {
        by: &whom.by,
        at: now,
    };
    let (event, sv, en) = match what {
        RoleWhat::Give => (RoleEvent::Given, "har rollen", "has the role"),
        RoleWhat::Take => (
            RoleEvent::Taken,
            "har inte längre rollen",
            "no longer has the role",
        ),
    };
    let mut file = office.rights.file();
    let held = file.standing(&whom.id)?.held;
    if what == RoleWhat::Take && !held.iter().any(|held| held.role == role) {
        return Err(CommandError::NoSuchRole(whom.id.clone(), role));
    }
    file.set_role((&whom.id, role), event, doer)?;
    let (name_sv, name_en) = role.name();
    let id = &whom.id;
    Ok(format!("{id}: {sv} {name_sv}\n  {id}: {en} {name_en}\n"))
}

fn trained(
    office: &Office<'_>,
    now: Timestamp,
    (whom, day): (&Whom, Date),
) -> Result<String, CommandError> {
    here(office.register, &whom.id)?;
    // A day later than here is still today somewhere.
    let today = now.0.to_zoned(jiff::tz::TimeZone::UTC).date();
    if day > today.tomorrow().unwrap_or(today) {
        return Err(CommandError::Day(day));
    }
    let doer = Doer {
        by: &whom.by,
        at: now,
    };
    office.rights.file().train(&whom.id, day, doer)?;
    let id = &whom.id;
    Ok(format!("{id}: utbildad {day}\n  {id}: trained on {day}\n"))
}

/// What each role may do, one permission a line.
fn matrix() -> String {
    let mut text = String::from("behörighet / permission");
    for role in Role::ALL {
        write!(text, "\t{role}").expect("a String takes everything");
    }
    text.push('\n');
    for permission in Permission::ALL {
        let (sv, en) = permission.name();
        write!(text, "{sv} / {en}").expect("a String takes everything");
        for role in Role::ALL {
            text.push_str(match role.allows(permission) {
                Allowed::Yes => "\tja/yes",
                Allowed::No => "\t-",
            });
        }
        text.push('\n');
    }
    text
}

fn roster_command(
    office: &Office<'_>,
    now: Timestamp,
    command: &RosterCommand,
) -> Result<String, CommandError> {
    match command {
        RosterCommand::Export { to, by } => {
            let unsigned = roster::export(&office.rights, now, by)?;
            private_file::replace(to, json(&unsigned).as_bytes())?;
            let mut text = told(&unsigned);
            writeln!(
                text,
                "Skriven till / written to {}. Underteckna den där rotens nyckel finns / sign it \
                 where the root's key is: nattsyn-hub staff roster sign",
                to.display()
            )
            .expect("a String takes everything");
            Ok(text)
        }
        RosterCommand::Sign { root, roster, to } => sign_file(root, roster, to),
        RosterCommand::Import { roster, by } => {
            let signed: roster::SignedRoster = read(roster)?;
            let root = keys::read_root(&office.keys)?;
            roster::import(&office.rights, &signed, &root, (by, now))?;
            Ok(format!(
                "Roster {} gäller, {} rader.\n  Roster {0} holds, {1} lines.\n",
                signed.roster,
                signed.lines.len()
            ))
        }
        RosterCommand::Show => {
            let lines = office.rights.file().lines()?;
            let mut text = String::new();
            for line in &lines {
                let it = &line.operator;
                let until = it.until_ms.0.strftime("%Y-%m-%d");
                let key = roster::fingerprint(&it.key.0);
                writeln!(text, "{}\t{}\t{key}\t{until}", it.roster, it.id)
                    .expect("a String takes everything");
            }
            match text.is_empty() {
                true => Ok("Ingen roster ännu.\n  No roster yet.\n".to_owned()),
                false => Ok(text),
            }
        }
    }
}

/// Signs a roster's file: for the machine where the root's key is kept, which needs no hub.
///
/// # Errors
///
/// A file cannot be read or written.
pub fn sign_file(root: &Path, roster: &Path, to: &Path) -> Result<String, CommandError> {
    let root = keys::read_seed(root)?;
    let unsigned: roster::Unsigned = read(roster)?;
    let signed = roster::sign(&unsigned, &root);
    private_file::replace(to, json(&signed).as_bytes())?;
    Ok(told(&unsigned))
}

/// Who is in a roster, for whoever signs it to compare.
fn told(unsigned: &roster::Unsigned) -> String {
    let mut text = format!("Roster {}:\n", unsigned.roster);
    for line in &unsigned.lines {
        let until = line.until_ms.0.strftime("%Y-%m-%d");
        let key = roster::fingerprint(&line.key.0);
        writeln!(
            text,
            "{}\t{key}\t{}\ttill / until {until}",
            line.id, line.origin
        )
        .expect("a String takes everything");
    }
    text
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("plain data always has a JSON form")
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, CommandError> {
    let text = private_file::read(path)?;
    serde_json::from_str(&text).map_err(|source| CommandError::NotARoster {
        path: path.to_owned(),
        source,
    })
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

fn list(register: &Register, rights: &Rights) -> Result<String, CommandError> {
    let entries = register.entries()?;
    if entries.is_empty() {
        return Ok("Ingen är inlagd.\n  Nobody is registered.\n".to_owned());
    }
    let mut text = String::new();
    for entry in &entries {
        let Member { id, name } = &entry.member;
        let day = entry.at.0.strftime("%Y-%m-%d");
        let (sv, en) = match entry.pin {
            Some(_) => ("kan logga in", "can sign in"),
            None => ("har slutat", "has left"),
        };
        let by = &entry.by;
        let roles = match entry.pin {
            Some(_) => rights.standing(id)?.roles(),
            None => Roles::NONE,
        };
        let roles: Vec<&str> = roles.iter().map(Role::word).collect();
        let roles = roles.join(" ");
        writeln!(text, "{id}\t{name}\t{sv} / {en} ({day}, {by})\t{roles}")
            .expect("a String takes everything that is written to it");
    }
    Ok(text)
}
