//! Writing the ledger's rows: checks, reports and what contradicts them, notices, outcomes,
//! exceptions, what people said and what is about no check. Rows are only ever added;
//! reading them back is in [`super::saved`].

use jiff::civil::Date;
use rusqlite::{OptionalExtension as _, Params, Transaction, params};

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::report::Notice;
use nattsyn_protocol::time::Timestamp;

use super::{Batch, CONTRADICTIONS_MAX, NewReport, REPEATS_MAX, handlings, words};
use crate::view::{Cause, Ending};
use crate::watch::{
    Alteration, Altered, Change, Exception, Matter, Planned, Punctuality, Repeated, Word,
};

/// Runs a statement, which stays compiled for the next row; gives how many rows it wrote.
pub(super) fn written(
    transaction: &Transaction<'_>,
    sql: &str,
    row: impl Params,
) -> rusqlite::Result<usize> {
    transaction.prepare_cached(sql)?.execute(row)
}

pub(super) fn freeze_check(
    transaction: &Transaction<'_>,
    planned: &Planned,
) -> rusqlite::Result<usize> {
    let check = &planned.check;
    let looks_ms: Vec<i64> = check.looks.iter().map(|look| look.as_ms()).collect();
    let looks_ms = serde_json::to_string(&looks_ms).expect("numbers always have a JSON form");
    written(
        transaction,
        "INSERT INTO checks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        params![
            check.id.to_string(),
            check.id.night.to_string(),
            check.id.resident.to_string(),
            planned.unit.to_string(),
            check.opens.as_ms(),
            check.deadline.as_ms(),
            looks_ms,
            planned.plan,
            words::manner_word(planned.manner),
        ],
    )
}

/// Marks a check as written down after its night had begun. Who brought it about is whoever last
/// wrote anything about the resident's nights.
pub(super) fn write_added(
    transaction: &Transaction<'_>,
    check: CheckId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let resident = check.resident.to_string();
    let by = transaction
        .query_row(
            "SELECT made_by FROM (
                 SELECT made_ms AS at_ms, made_by FROM agreements WHERE resident = ?1
                 UNION ALL
                 SELECT absence_events.at_ms, absence_events.made_by
                 FROM absence_events JOIN absences USING (absence) WHERE resident = ?1)
             ORDER BY at_ms DESC LIMIT 1",
            [resident],
            |row| row.get(0),
        )
        .optional()?;
    let altered = Altered {
        check,
        what: Alteration::Added,
        by: by.unwrap_or_else(|| "enrolment".to_owned()),
        why: String::new(),
        at,
    };
    write_altered(transaction, &altered)
}

/// Writes down how many checks a night was given, or how many more.
pub(super) fn write_count(
    transaction: &Transaction<'_>,
    night: Date,
    checks: usize,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let checks = i64::try_from(checks).unwrap_or(i64::MAX);
    written(
        transaction,
        "INSERT INTO night_counts (night, checks, at_ms) VALUES (?1, ?2, ?3)",
        params![night.to_string(), checks, at.as_ms()],
    )
    .map(drop)
}

pub(super) fn write(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    for report in &batch.reports {
        write_report(transaction, report)?;
    }
    for (notice, came) in &batch.notices {
        write_notice(transaction, notice, *came)?;
    }
    for contradiction in &batch.contradictions {
        write_contradiction(transaction, contradiction)?;
    }
    for repeated in &batch.repeats {
        write_repeated(transaction, repeated)?;
    }
    super::consent::write_looking(transaction, &batch.looking)?;
    super::tuning::write_counts(transaction, &batch.counts)?;
    super::tuning::write_words(transaction, &batch.words)?;
    super::commission::write(transaction, batch)?;
    for change in &batch.changes {
        write_change(transaction, change)?;
    }
    Ok(())
}

fn write_report(transaction: &Transaction<'_>, new: &NewReport) -> rusqlite::Result<()> {
    let report = &new.report;
    transaction
        .prepare_cached(
            "INSERT INTO reports (unit, boot, counter, check_id, look, finding, at_ms, came_ms,
                                  body, signature, plan)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            report.unit.to_string(),
            report.boot.to_string(),
            report.counter.cast_signed(),
            report.check.to_string(),
            report.look,
            report.finding.to_string(),
            report.at_ms.as_ms(),
            new.came.as_ms(),
            new.signed.body,
            new.signed.signature,
            report.plan,
        ])
        .map(drop)
}

/// The same contradiction that comes again is no further row.
fn write_contradiction(transaction: &Transaction<'_>, new: &NewReport) -> rusqlite::Result<()> {
    let report = &new.report;
    written(
        transaction,
        "INSERT INTO contradictions (unit, boot, counter, check_id, look, finding, at_ms, came_ms,
                                     body, signature)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
         WHERE (SELECT count(*) FROM contradictions WHERE unit = ?1) < ?11
           AND NOT EXISTS (SELECT 1 FROM contradictions
                           WHERE unit = ?1 AND boot = ?2 AND counter = ?3 AND body = ?9)",
        params![
            report.unit.to_string(),
            report.boot.to_string(),
            report.counter.cast_signed(),
            report.check.to_string(),
            report.look,
            report.finding.to_string(),
            report.at_ms.as_ms(),
            new.came.as_ms(),
            new.signed.body,
            new.signed.signature,
            CONTRADICTIONS_MAX,
        ],
    )
    .map(drop)
}

fn write_repeated(transaction: &Transaction<'_>, repeated: &Repeated) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO repeats (unit, boot, counter, came_ms) SELECT ?1, ?2, ?3, ?4
             WHERE (SELECT count(*) FROM repeats
                    WHERE unit = ?1 AND boot = ?2 AND counter = ?3) < ?5",
        )?
        .execute(params![
            repeated.unit.to_string(),
            repeated.key.boot.to_string(),
            repeated.key.counter.cast_signed(),
            repeated.came.as_ms(),
            REPEATS_MAX,
        ])
        .map(drop)
}

fn write_notice(
    transaction: &Transaction<'_>,
    notice: &Notice,
    came: Timestamp,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO notices (unit, check_id, look, fault, at_ms, came_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            notice.unit.to_string(),
            notice.check.to_string(),
            notice.look,
            Finding::Technical(notice.fault).to_string(),
            notice.at_ms.as_ms(),
            came.as_ms(),
        ])
        .map(drop)
}

fn write_change(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Settled(check, outcome) => written(
            transaction,
            "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4)",
            params![
                check.to_string(),
                outcome.how.word(),
                outcome.at.as_ms(),
                outcome.came.as_ms()
            ],
        )
        .map(drop),
        Change::Altered(altered) => write_altered(transaction, altered),
        Change::Spoken(word) => write_word(transaction, word),
        Change::Raised(matter) => write_matter(transaction, matter),
        Change::Cleared { matter, by, at } => written(
            transaction,
            "INSERT INTO matter_ends (matter, ended_by, at_ms, how) VALUES (?1, ?2, ?3, ?4)",
            params![
                matter,
                by.as_ref().map(|(who, _)| who.to_string()),
                at.as_ms(),
                by.as_ref().map(|(_, how)| how.word())
            ],
        )
        .map(drop),
        Change::Opened(exception) => write_exception(transaction, exception),
        Change::Joined {
            exception,
            check,
            punctuality,
            at,
        } => write_joined(transaction, *exception, (*check, *punctuality), *at),
        Change::Left {
            exception,
            check,
            at,
        } => write_event(
            transaction,
            *exception,
            *at,
            ("left", Some(*check), None, None),
        ),
        Change::Became {
            exception,
            cause,
            at,
        } => write_event(
            transaction,
            *exception,
            *at,
            ("became", None, Some(*cause), None),
        ),
        Change::Handled {
            exception,
            event,
            at,
        } => handlings::write(transaction, *exception, event, *at),
        Change::Ended {
            exception,
            ending,
            at,
        } => write_event(
            transaction,
            *exception,
            *at,
            ("ended", None, None, Some(*ending)),
        ),
    }
}

fn write_altered(transaction: &Transaction<'_>, altered: &Altered) -> rusqlite::Result<()> {
    let (change, reason, unit, plan) = words::alteration_columns(altered.what);
    written(
        transaction,
        "INSERT INTO check_changes (check_id, at_ms, change, reason, unit, plan, made_by, why)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            altered.check.to_string(),
            altered.at.as_ms(),
            change,
            reason,
            unit,
            plan,
            altered.by,
            altered.why,
        ],
    )
    .map(drop)
}

fn write_word(transaction: &Transaction<'_>, word: &Word) -> rusqlite::Result<()> {
    written(
        transaction,
        "INSERT INTO words (check_id, said, said_by, at_ms) VALUES (?1, ?2, ?3, ?4)",
        params![
            word.check.to_string(),
            word.said.word(),
            word.by.to_string(),
            word.at.as_ms()
        ],
    )
    .map(drop)
}

fn write_matter(transaction: &Transaction<'_>, matter: &Matter) -> rusqlite::Result<()> {
    written(
        transaction,
        "INSERT INTO matters VALUES (?1, ?2, ?3, ?4)",
        params![
            matter.id,
            matter.subject.to_string(),
            matter.situation.word(),
            matter.opened.as_ms()
        ],
    )
    .map(drop)
}

fn write_exception(transaction: &Transaction<'_>, exception: &Exception) -> rusqlite::Result<()> {
    written(
        transaction,
        "INSERT INTO exceptions VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            exception.id,
            exception.resident.to_string(),
            exception.cause.to_string(),
            exception.opened.as_ms(),
            exception.due.as_ms(),
            words::punctuality_word(exception.punctuality),
        ],
    )?;
    for &check in &exception.checks {
        let joined = (check, exception.punctuality_of(check));
        write_joined(transaction, exception.id, joined, exception.opened)?;
    }
    Ok(())
}

fn write_joined(
    transaction: &Transaction<'_>,
    exception: i64,
    (check, punctuality): (CheckId, Punctuality),
    at: Timestamp,
) -> rusqlite::Result<()> {
    written(
        transaction,
        "INSERT INTO exception_events (exception, at_ms, event, check_id, punctuality)
         VALUES (?1, ?2, 'joined', ?3, ?4)",
        params![
            exception,
            at.as_ms(),
            check.to_string(),
            words::punctuality_word(punctuality),
        ],
    )
    .map(drop)
}

type Event = (&'static str, Option<CheckId>, Option<Cause>, Option<Ending>);

fn write_event(
    transaction: &Transaction<'_>,
    exception: i64,
    at: Timestamp,
    (event, check, cause, ending): Event,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO exception_events (exception, at_ms, event, check_id, cause, ending)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            exception,
            at.as_ms(),
            event,
            check.map(|check| check.to_string()),
            cause.map(|cause| cause.to_string()),
            ending.map(words::ending_word),
        ])
        .map(drop)
}
