//! Which browsers are told by Web Push: rows that are only added to, and what stands of them.
//!
//! A subscription stands while the session stands that it was made in: whoever signs out, or whose
//! shift is over, is told no more. What the browser gave is taken out of the row when it ends,
//! since whoever has it could push. A connection of its own, as for sessions.

use std::path::Path;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use nattsyn_protocol::time::Timestamp;

use super::saved::each;
use super::sqlite::doing;
use super::{SqliteStore, StoreError, rows};
use crate::notify::chain::{ChannelName, Recipient};
use crate::notify::push::Subscription;
use crate::staff::Fingerprint;
use crate::watch::StaffId;

const READING: &str = "reading which browsers are told";
const WRITING: &str = "writing down which browsers are told";

/// Which browsers are told, in the ledger's file.
#[derive(Debug)]
pub struct Subscriptions {
    connection: Connection,
}

/// A browser that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// Its row.
    pub id: i64,
    /// The session that it was made in.
    pub session: Fingerprint,
    /// By whom.
    pub staff: StaffId,
    /// As whom it is told.
    pub recipient: Recipient,
    /// By which channel.
    pub channel: ChannelName,
    /// Where it can be pushed to.
    pub subscription: Subscription,
    /// Why it is to end, if the session stands no more.
    pub over: Option<Ended>,
}

/// A browser that is to be told.
#[derive(Clone, Debug)]
pub struct NewSubscription<'a> {
    /// The session that it is made in.
    pub session: Fingerprint,
    /// As whom it is told.
    pub recipient: &'a Recipient,
    /// By which channel.
    pub channel: &'a ChannelName,
    /// Where it can be pushed to.
    pub subscription: &'a Subscription,
}

/// Why a browser is told no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody said so on it.
    Stopped,
    /// The same browser is told as somebody else, or at another address.
    Changed,
    /// The push service knows it no more.
    Gone,
    /// Newer ones took its place.
    Crowded,
    /// The settings have no such channel any more.
    NoChannel,
    /// Its worker signed out, or somebody else signed in on it.
    SignedOut,
    /// Its worker was given a new PIN, which ends their sessions.
    NewPin,
    /// Its worker works here no more.
    Left,
    /// The session's time is over.
    ShiftOver,
}

impl Ended {
    fn word(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Crowded => "crowded",
            Self::NoChannel => "no_channel",
            Self::SignedOut => "signed_out",
            Self::NewPin => "new_pin",
            Self::Left => "left",
            Self::ShiftOver => "shift_over",
        }
    }
}

impl Subscriptions {
    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = SqliteStore::open(path)?.connection;
        Ok(Self { connection })
    }

    /// Those that have not ended, oldest first; [`Subscribed::over`] says which of them are to.
    ///
    /// A session that has not begun yet is not over: the clock was set back, and what ends here
    /// ends for good. Only one that begins later than it lasts was made by a clock that was wrong.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn standing(&self, now: Timestamp) -> Result<Vec<Subscribed>, StoreError> {
        let sql = "SELECT id, token, subscriptions.staff, recipient, channel, subscription,
                    coalesce(session_ends.why, iif(
                        ?1 BETWEEN 2 * began_ms - ends_ms AND ends_ms - 1, NULL, 'shift_over'
                    ))
             FROM subscriptions JOIN sessions USING (session) LEFT JOIN session_ends USING (session)
             WHERE NOT EXISTS (
                 SELECT 1 FROM subscription_ends WHERE subscription_ends.subscription = id
             ) ORDER BY id";
        let mut standing = Vec::new();
        each(&self.connection, sql, &now.as_ms(), |row| {
            standing.push(subscribed(row)?);
            Ok(())
        })?;
        Ok(standing)
    }

    /// Ends some and begins another, for good; its row's number. `None`, and nothing is written,
    /// if the new one's session is none.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn begin(
        &mut self,
        at: Timestamp,
        ended: &[(i64, Ended)],
        new: &NewSubscription<'_>,
    ) -> Result<Option<i64>, StoreError> {
        self.write(|transaction| {
            for (id, why) in ended {
                end(transaction, *id, *why, at)?;
            }
            begin(transaction, new, at)
        })
    }

    /// Ends some, for good.
    ///
    /// # Errors
    ///
    /// Nothing was written.
    pub fn end(&mut self, at: Timestamp, ended: &[(i64, Ended)]) -> Result<(), StoreError> {
        self.write(|transaction| {
            for (id, why) in ended {
                end(transaction, *id, *why, at)?;
            }
            Ok(Some(()))
        })
        .map(drop)
    }

    /// All of it, or nothing if there is no outcome.
    fn write<T>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Option<T>>,
    ) -> Result<Option<T>, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(doing(WRITING))?;
        let done = act(&transaction).map_err(doing(WRITING))?;
        if done.is_some() {
            transaction.commit().map_err(doing(WRITING))?;
        }
        Ok(done)
    }
}

/// The new row's number; `None` if there is no such session.
fn begin(
    transaction: &Transaction<'_>,
    new: &NewSubscription<'_>,
    at: Timestamp,
) -> rusqlite::Result<Option<i64>> {
    let written = transaction.execute(
        "INSERT INTO subscriptions (session, staff, recipient, channel, subscription, at_ms)
         SELECT session, staff, ?2, ?3, ?4, ?5 FROM sessions WHERE token = ?1",
        params![
            new.session.as_bytes(),
            new.recipient.as_str(),
            new.channel.as_str(),
            new.subscription.to_json(),
            at.as_ms()
        ],
    )?;
    Ok((written == 1).then(|| transaction.last_insert_rowid()))
}

/// Ends one; one that ended before stays as it is.
fn end(transaction: &Transaction<'_>, id: i64, why: Ended, at: Timestamp) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO subscription_ends VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![id, why.word(), at.as_ms()],
    )?;
    let sql = "UPDATE subscriptions SET subscription = NULL WHERE id = ?1";
    transaction.execute(sql, [id]).map(drop)
}

fn subscribed(row: &Row<'_>) -> Result<Subscribed, StoreError> {
    let json = rows::text(row, 5, READING)?;
    // Nothing of it is repeated: whoever has it could push.
    let unreadable = |_error| rows::unreadable(READING, "a browser's subscription");
    let over: Option<String> = row.get(6).map_err(doing(READING))?;
    Ok(Subscribed {
        id: row.get(0).map_err(doing(READING))?,
        session: Fingerprint::kept(row.get(1).map_err(doing(READING))?),
        staff: rows::parsed(row, 2, READING)?,
        recipient: rows::parsed(row, 3, READING)?,
        channel: rows::parsed(row, 4, READING)?,
        subscription: Subscription::from_json(&json).map_err(unreadable)?,
        over: over.as_deref().map(over_by).transpose()?,
    })
}

fn over_by(why: &str) -> Result<Ended, StoreError> {
    match why {
        "signed_out" => Ok(Ended::SignedOut),
        "new_pin" => Ok(Ended::NewPin),
        "left" => Ok(Ended::Left),
        "shift_over" => Ok(Ended::ShiftOver),
        other => Err(rows::unreadable(READING, other)),
    }
}
