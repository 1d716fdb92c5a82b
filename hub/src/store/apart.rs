//! Reading what stands beside the checks: exceptions that were about none, and deaths that turned
//! out to be a mistake.
//!
//! Reads what is written and judges nothing.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use super::account::closed;
use super::saved::{self, each, matter};
use super::sqlite::doing;
use super::{StoreError, agreements, handlings};
use crate::view::ledger::{Apart, ExceptionLine, Handled, Line, Mistake};
use crate::view::{Ending, Person};
use crate::watch::situation::Situation;
use crate::watch::{Alteration, CallOff, Closing, Exception, Punctuality, Said, Subject};

const READING: &str = "reading what was about no check";

/// A matter about somebody found dead: until when it stood, and that it was a mistake.
type Death = (Option<Timestamp>, Option<Mistake>);

/// Who was found dead, and what became of that: few, since it is written once a death.
pub(super) struct Deaths(BTreeMap<ResidentId, Vec<Death>>);

impl Deaths {
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT matter, subject, situation, opened_ms, at_ms, ended_by, how
                   FROM matters LEFT JOIN matter_ends USING (matter)
                   WHERE situation = ?1 ORDER BY opened_ms, matter";
        let mut deaths: BTreeMap<ResidentId, Vec<Death>> = BTreeMap::new();
        each(connection, sql, &Situation::FoundDead.word(), |row| {
            let Subject::Resident(resident) = matter(row)?.subject else {
                return Ok(());
            };
            let at: Option<i64> = row.get(4).map_err(doing(READING))?;
            let at = at
                .map(|_| super::rows::moment(row, 4, READING))
                .transpose()?;
            let mistake = match (at, closed(row)?) {
                (Some(at), Some((by, Some(Closing::Mistaken)))) => Some(Mistake { by, at }),
                (Some(_) | None, _) => None,
            };
            deaths.entry(resident).or_default().push((at, mistake));
            Ok(())
        })?;
        Ok(Self(deaths))
    }

    /// That a death which was said then was a mistake: what the first matter became that stood
    /// after it was said.
    fn mistake(&self, resident: ResidentId, said: Timestamp) -> Option<Mistake> {
        let mut deaths = self.0.get(&resident)?.iter();
        let (_, mistake) = deaths.find(|(until, _)| until.is_none_or(|until| until >= said))?;
        mistake.clone()
    }

    /// The same of a line, if a death is written on it.
    pub(super) fn of_line(&self, line: &Line) -> Option<Mistake> {
        let words = line.words.iter().filter(|word| word.said == Said::Died);
        let off = Alteration::CalledOff(CallOff::Died);
        let altered = line.altered.iter().filter(|altered| altered.what == off);
        let said = words.map(|word| word.at);
        let said = said.chain(altered.map(|altered| altered.at)).last()?;
        self.mistake(line.id.resident, said)
    }

    /// The same of how an exception ended.
    fn of_exception(&self, exception: &Exception) -> Option<Mistake> {
        let (at, ending) = exception.ended?;
        let is_death = ending == Ending::Said(Said::Died);
        is_death.then(|| self.mistake(exception.resident, at))?
    }

    /// An exception as it is read.
    pub(super) fn line(
        &self,
        connection: &Connection,
        (exception, punctuality): (&Exception, Punctuality),
        handled: Vec<Handled>,
    ) -> Result<ExceptionLine, StoreError> {
        let (resident, opened) = (exception.resident, exception.opened);
        Ok(ExceptionLine {
            id: exception.id,
            cause: exception.cause,
            opened,
            punctuality,
            ended: exception.ended,
            agreed: agreements::agreed_at(connection, resident, opened)?,
            handled,
            mistaken: self.of_exception(exception),
        })
    }
}

/// What people did about the exceptions that `needed` selects by `key`, in order.
pub(super) fn handled(
    connection: &Connection,
    needed: &str,
    key: &dyn rusqlite::ToSql,
) -> Result<BTreeMap<i64, Vec<Handled>>, StoreError> {
    let mut handled: BTreeMap<i64, Vec<Handled>> = BTreeMap::new();
    handlings::read(connection, needed, key, |exception, at, event| {
        let handled = handled.entry(exception).or_default();
        handled.push(Handled { at, event });
    })?;
    Ok(handled)
}

/// Those of the exceptions that `needed` selects by `key` that are about no check, in order.
pub(super) fn apart(
    connection: &Connection,
    needed: &str,
    key: &dyn rusqlite::ToSql,
) -> Result<Vec<Apart>, StoreError> {
    let deaths = Deaths::read(connection)?;
    let mut handled = handled(connection, needed, key)?;
    let mut rows = Vec::new();
    for exception in saved::exceptions(connection, needed, key)?.into_values() {
        if !exception.checks.is_empty() {
            continue;
        }
        let handled = handled.remove(&exception.id).unwrap_or_default();
        let asked = (&exception, exception.punctuality);
        rows.push(Apart {
            person: person(connection, exception.resident)?,
            row: deaths.line(connection, asked, handled)?,
        });
    }
    rows.sort_by_key(|apart| (apart.row.opened, apart.row.id));
    Ok(rows)
}

fn person(connection: &Connection, resident: ResidentId) -> Result<Person, StoreError> {
    let found: Option<(String, String)> = connection
        .query_row(
            "SELECT name, address FROM residents JOIN homes USING (home) WHERE resident = ?1",
            [resident.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(doing(READING))?;
    let (name, address) = found.unwrap_or_else(|| (resident.to_string(), String::new()));
    Ok(Person {
        resident,
        name,
        address,
    })
}
