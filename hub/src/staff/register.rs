//! The rows of staff and of their sessions, in the hub's own file.
//!
//! Everything is only added to: who somebody is now is their latest row. An id that was given to
//! one person is never given to another, so that a line of the ledger stays about whom it was. A
//! connection of its own, so that signing in waits for no night's work.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use nattsyn_protocol::time::Timestamp;

use super::session::Fingerprint;
use super::{Member, NAME_MAX, PinHash, Role, Roles};
use crate::audit::{Act, AuditRow};
use crate::store::{Doer, RoleEvent, SqliteStore, StoreError, audit, held, write_role};
use crate::watch::{StaffId, StaffIdError};

/// Staff and sessions, as rows.
#[derive(Debug)]
pub struct Register {
    connection: Connection,
    path: PathBuf,
}

/// What was done with somebody, latest.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The row, which is what a sign-in is checked against.
    pub(super) entry: i64,
    /// Whom it is about.
    pub member: Member,
    /// What is kept of the PIN; `None` for somebody who has left.
    pub pin: Option<PinHash>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
}

/// Who did something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature<'a> {
    pub(super) by: &'a StaffId,
    pub(super) at: Timestamp,
}

/// A session that was opened, standing or not.
pub(super) struct Session {
    pub(super) member: Member,
    pub(super) standing: Standing,
}

/// Whether a session lets anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does.
    Open,
    /// It was ended, or its time is over.
    Over,
}

/// Why a session ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    SignedOut,
    NewPin,
    Left,
}

/// Why the register did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database refused.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: rusqlite::Error,
    },
    /// A row cannot be read back.
    #[error("reading staff: {0:?} cannot be read")]
    Row(String),
    /// The id is somebody's.
    #[error("{0}: finns redan / is registered already")]
    Taken(StaffId),
    /// The id was somebody else's once.
    #[error(
        "{0}: har tillhört någon annan och ges aldrig till en ny person; välj ett annat id / \
         was somebody else's once and is never given to another; choose another id"
    )]
    SomebodyElses(StaffId),
    /// Nobody has the id.
    #[error("{0}: finns inte bland personalen / is not among the staff")]
    Unknown(StaffId),
    /// The name is none.
    #[error("namnet ska vara 1–{NAME_MAX} tecken / a name is 1 to {NAME_MAX} characters")]
    Name,
}

fn doing(doing: &'static str) -> impl Fn(rusqlite::Error) -> RegisterError {
    move |source| RegisterError::Database { doing, source }
}

const READING: &str = "reading staff";
const WRITING: &str = "writing staff down";
const ENTRY: &str = "SELECT entry, staff, name, pin, at_ms, made_by FROM staff";

impl Register {
    /// Opens the register in the ledger's file; makes the file if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        let connection = SqliteStore::open(path)?.into();
        let path = path.to_owned();
        Ok(Self { connection, path })
    }

    /// The ledger's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The latest entry of everybody who ever worked here, by id.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, RegisterError> {
        let sql = format!(
            "{ENTRY} WHERE entry IN (SELECT max(entry) FROM staff GROUP BY staff) ORDER BY staff"
        );
        let doing = doing(READING);
        let mut query = self.connection.prepare_cached(&sql).map_err(&doing)?;
        let mut found = query.query([]).map_err(&doing)?;
        let mut entries = Vec::new();
        while let Some(row) = found.next().map_err(&doing)? {
            entries.push(entry(row)?);
        }
        Ok(entries)
    }

    /// The latest entry of one person; `None` for an id that nobody ever had.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn entry(&self, id: &StaffId) -> Result<Option<Entry>, RegisterError> {
        latest(&self.connection, id)
    }

    /// Takes somebody in, or back.
    pub(super) fn add(
        &mut self,
        member: &Member,
        (pin, roles): (&PinHash, &[Role]),
        by: Signature<'_>,
    ) -> Result<(), RegisterError> {
        let length = member.name.chars().count();
        if !(1..=NAME_MAX).contains(&length) || member.name.chars().any(char::is_control) {
            return Err(RegisterError::Name);
        }
        self.write(|transaction| {
            match latest(transaction, &member.id)? {
                Some(held) if held.pin.is_some() => {
                    return Err(RegisterError::Taken(member.id.clone()));
                }
                Some(held) if held.member.name != member.name => {
                    return Err(RegisterError::SomebodyElses(member.id.clone()));
                }
                Some(_) | None => {}
            }
            write_entry(transaction, ("added", member, Some(pin)), by)?;
            // Whoever comes back has what they are given now, and not what they had.
            let before = held(transaction, &member.id)?;
            for held in before.iter().filter(|held| !roles.contains(&held.role)) {
                set_role(transaction, (&member.id, held.role), RoleEvent::Taken, by)?;
            }
            for role in roles {
                set_role(transaction, (&member.id, *role), RoleEvent::Given, by)?;
            }
            Ok(())
        })
    }

    /// Gives somebody a new PIN and ends their sessions.
    pub(super) fn change_pin(
        &mut self,
        id: &StaffId,
        pin: &PinHash,
        by: Signature<'_>,
    ) -> Result<Member, RegisterError> {
        self.write(|transaction| {
            let held = standing(transaction, id)?;
            write_entry(transaction, ("new_pin", &held.member, Some(pin)), by)?;
            end_all(transaction, id, Why::NewPin, by.at)?;
            Ok(held.member)
        })
    }

    /// Somebody works here no more; ends their sessions.
    pub(super) fn leave(
        &mut self,
        id: &StaffId,
        by: Signature<'_>,
    ) -> Result<Member, RegisterError> {
        self.write(|transaction| {
            let held = standing(transaction, id)?;
            write_entry(transaction, ("left", &held.member, None), by)?;
            end_all(transaction, id, Why::Left, by.at)?;
            Ok(held.member)
        })
    }

    /// Opens a session for whom an entry is about. `None` if the entry is no longer their
    /// latest: the PIN that was checked has been replaced meanwhile.
    pub(super) fn open_session(
        &mut self,
        entry: &Entry,
        token: Fingerprint,
        (began, ends): (Timestamp, Timestamp),
    ) -> Result<Option<()>, RegisterError> {
        self.write(|transaction| {
            let id = &entry.member.id;
            if latest(transaction, id)?.is_none_or(|now| now.entry != entry.entry) {
                return Ok(None);
            }
            transaction
                .execute(
                    "INSERT INTO sessions (token, staff, began_ms, ends_ms)
                     VALUES (?1, ?2, ?3, ?4)",
                    params![
                        token.as_bytes(),
                        id.to_string(),
                        began.as_ms(),
                        ends.as_ms()
                    ],
                )
                .map_err(doing(WRITING))?;
            Ok(Some(()))
        })
    }

    /// The session of a token.
    pub(super) fn session(
        &self,
        token: Fingerprint,
        now: Timestamp,
    ) -> Result<Option<Session>, RegisterError> {
        let doing = doing("looking a session up");
        let found = self
            .connection
            .prepare_cached(
                "SELECT staff, began_ms <= ?2 AND ends_ms > ?2 AND why IS NULL
                 FROM sessions LEFT JOIN session_ends USING (session) WHERE token = ?1",
            )
            .map_err(&doing)?
            .query_row(params![token.as_bytes(), now.as_ms()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
            })
            .optional()
            .map_err(&doing)?;
        let Some((id, open)) = found else {
            return Ok(None);
        };
        let id = id.parse().map_err(|_not_an_id| RegisterError::Row(id))?;
        Ok(self.entry(&id)?.map(|held| Session {
            // Its end was written with the leaving; asked once more, since it costs nothing.
            standing: match (open, &held.pin) {
                (1, Some(_)) => Standing::Open,
                _ => Standing::Over,
            },
            member: held.member,
        }))
    }

    /// What somebody may, by their roles.
    pub(super) fn roles(&self, id: &StaffId) -> Result<Roles, RegisterError> {
        let held = held(&self.connection, id)?;
        Ok(held.into_iter().map(|held| held.role).collect())
    }

    /// How many people have a session that stands.
    pub(super) fn signed_in(&self, now: Timestamp) -> Result<usize, RegisterError> {
        let count: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(DISTINCT staff) FROM sessions LEFT JOIN session_ends USING (session)
                 WHERE began_ms <= ?1 AND ends_ms > ?1 AND why IS NULL",
            )
            .and_then(|mut query| query.query_row([now.as_ms()], |row| row.get(0)))
            .map_err(doing("counting who is signed in"))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Ends one session. One that ended before, or is none, stays as it is.
    pub(super) fn end_session(
        &mut self,
        token: Fingerprint,
        at: Timestamp,
    ) -> Result<(), RegisterError> {
        self.write(|transaction| {
            transaction
                .execute(
                    "INSERT INTO session_ends
                     SELECT session, ?2, ?3 FROM sessions WHERE token = ?1 AND ends_ms > ?3
                     ON CONFLICT DO NOTHING",
                    params![token.as_bytes(), Why::SignedOut.word(), at.as_ms()],
                )
                .map(drop)
                .map_err(doing(WRITING))
        })
    }

    /// All of it or nothing. The lock for writing comes first: what is read in here is not
    /// overtaken by another process.
    fn write<T>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let doing = doing(WRITING);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&doing)?;
        let done = act(&transaction)?;
        transaction.commit().map_err(&doing)?;
        Ok(done)
    }
}

impl Why {
    fn word(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::NewPin => "new_pin",
            Self::Left => "left",
        }
    }
}

fn latest(connection: &Connection, id: &StaffId) -> Result<Option<Entry>, RegisterError> {
    let sql = format!("{ENTRY} WHERE staff = ?1 ORDER BY entry DESC LIMIT 1");
    let doing = doing(READING);
    let mut query = connection.prepare_cached(&sql).map_err(&doing)?;
    let mut found = query.query([id.to_string()]).map_err(&doing)?;
    found.next().map_err(&doing)?.map(entry).transpose()
}

fn standing(connection: &Connection, id: &StaffId) -> Result<Entry, RegisterError> {
    latest(connection, id)?
        .filter(|held| held.pin.is_some())
        .ok_or_else(|| RegisterError::Unknown(id.clone()))
}

fn write_entry(
    transaction: &Transaction<'_>,
    (event, member, pin): (&'static str, &Member, Option<&PinHash>),
    by: Signature<'_>,
) -> Result<(), RegisterError> {
    transaction
        .execute(
            "INSERT INTO staff (staff, event, name, pin, at_ms, made_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                member.id.to_string(),
                event,
                member.name,
                pin.map(PinHash::as_str),
                by.at.as_ms(),
                by.by.to_string(),
            ],
        )
        .map_err(doing(WRITING))?;
    let act = match event {
        "added" => Act::StaffAdded,
        "new_pin" => Act::PinGiven,
        _ => Act::StaffLeft,
    };
    let row = AuditRow::new(by.at, by.by.clone(), act).detail(member.id.to_string());
    let written = audit::append(transaction, &row);
    written.map(drop).map_err(doing(WRITING))
}

/// A role's row and its row in the log.
fn set_role(
    transaction: &Transaction<'_>,
    (staff, role): (&StaffId, Role),
    event: RoleEvent,
    by: Signature<'_>,
) -> Result<(), RegisterError> {
    let doer = Doer {
        by: by.by,
        at: by.at,
    };
    write_role(transaction, (staff, role), event, doer).map_err(doing(WRITING))
}

fn end_all(
    transaction: &Transaction<'_>,
    id: &StaffId,
    why: Why,
    at: Timestamp,
) -> Result<(), RegisterError> {
    transaction
        .execute(
            "INSERT INTO session_ends
             SELECT session, ?2, ?3 FROM sessions WHERE staff = ?1 AND ends_ms > ?3
             ON CONFLICT DO NOTHING",
            params![id.to_string(), why.word(), at.as_ms()],
        )
        .map(drop)
        .map_err(doing(WRITING))
}

fn entry(row: &Row<'_>) -> Result<Entry, RegisterError> {
    let doing = doing(READING);
    let id = |column| -> Result<StaffId, RegisterError> {
        let text: String = row.get(column).map_err(&doing)?;
        let parsed: Result<StaffId, StaffIdError> = text.parse();
        parsed.map_err(|_not_an_id| RegisterError::Row(text))
    };
    let at: i64 = row.get(4).map_err(&doing)?;
    Ok(Entry {
        entry: row.get(0).map_err(&doing)?,
        member: Member {
            id: id(1)?,
            name: row.get(2).map_err(&doing)?,
        },
        pin: row
            .get::<_, Option<String>>(3)
            .map_err(&doing)?
            .map(PinHash::kept),
        at: Timestamp::from_ms(at).map_err(|_no_moment| RegisterError::Row(at.to_string()))?,
        by: id(5)?,
    })
}
