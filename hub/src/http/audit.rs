//! The log over HTTP: rows by person, worker, act and day, as a page and as a table.
//!
//! That it is read is in it before it is shown ([`super::access`]). It only shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Query, RawQuery, State as Shared};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use nattsyn_protocol::time::Timestamp;

use crate::audit::{Act, AuditError, AuditId, Log, Question, Who, Written};
use crate::view::Tonight;

use super::door::Viewer;
use super::page::audit::{Asked, Sheet};
use super::texts::{Lang, Phrase, audit as words};
use super::{Site, page, table};

/// Most rows on a page: what somebody scrolls through. The table has them all.
const SHOWN_MAX: u32 = 300;

/// Rows of a table that are read at once, some 600 kB as text.
const PIECE: u32 = 2000;

/// Rows as they were found, and names for the ids in them.
type Found = (Vec<Written>, BTreeMap<String, String>);

/// The page.
pub(super) async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    uri: Uri,
) -> Response {
    let lang = Lang::from_query(uri.query());
    let tonight = site.tonight.borrow().clone();
    let asked = asked(&uri);
    let Some(question) = question(&asked, &tonight, SHOWN_MAX) else {
        return said(lang, StatusCode::BAD_REQUEST, words::BAD);
    };
    let count = extent(&site, question.clone()).await;
    match find(&site, question).await {
        Ok((rows, names)) => {
            let sheet = Sheet {
                count: count.map_or(0, |(count, _)| count),
                lang,
                tonight: &tonight,
                viewer: &viewer,
                asked: &asked,
                rows: &rows,
                names: &names,
                most: SHOWN_MAX,
                outside: site.heads.as_ref().map(|heads| *heads.borrow()),
            };
            Html(page::audit::document(&sheet).into_string()).into_response()
        }
        Err(refused) => refused.answer(lang),
    }
}

/// The same as a table: every row, piece by piece, so that none is left out and no whole log lies
/// in the hub's memory. How many there are stands in the file's name. If one piece cannot be read
/// the answer breaks off, and no browser takes it for whole.
pub(super) async fn csv(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let tonight = site.tonight.borrow().clone();
    let Some(question) = question(&asked(&uri), &tonight, PIECE) else {
        return said(lang, StatusCode::BAD_REQUEST, words::BAD);
    };
    let (count, below) = match extent(&site, question.clone()).await {
        Ok(extent) => extent,
        Err(refused) => return refused.answer(lang),
    };
    let head = words::COLUMNS.map(|column| column.to(lang).to_owned());
    let head = table::written(std::iter::once(head));
    let night = tonight.night;
    let next = Some(Question {
        below: Some(below),
        ..question
    });
    let rest = stream::unfold((site, next), move |(site, next)| {
        let (viewer, tonight) = (viewer.clone(), Arc::clone(&tonight));
        async move {
            let question = next?;
            let Ok((rows, names)) = find(&site, question.clone()).await else {
                let broken = std::io::Error::other("the log cannot be read on");
                return Some((Err(broken), (site, None)));
            };
            let last = rows.last()?.id;
            let lines = rows.iter().map(|row| cells(row, &names, &viewer, &tonight));
            let piece = table::written_on(lines);
            let next = Some(Question {
                below: Some(last),
                ..question
            });
            Some((Ok(piece), (site, next)))
        }
    });
    let body = stream::once(async move { Ok::<_, std::io::Error>(head) }).chain(rest);
    let name = match lang {
        Lang::Swedish => format!("logg-{night}-{count}-rader"),
        Lang::English => format!("log-{night}-{count}-rows"),
    };
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.csv\""),
        ),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// A row as cells, oldest details first: everything that the hash is over, and the hash.
fn cells(
    row: &Written,
    names: &BTreeMap<String, String>,
    viewer: &Viewer,
    tonight: &Tonight,
) -> [String; 10] {
    let zone = TimeZone::get(&tonight.zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_ms(row.at_ms).ok();
    let at = at.map(|at| {
        at.0.to_zoned(zone)
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    });
    let about = row.about.clone().unwrap_or_default();
    [
        row.id.to_string(),
        at.unwrap_or_else(|| row.at_ms.to_string()),
        row.who.clone(),
        named(&row.who, viewer),
        row.act.clone(),
        names.get(&about).cloned().unwrap_or_default(),
        about,
        row.lasted_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        row.detail.clone(),
        crate::audit::chain::hex(&row.hash),
    ]
}

/// The name of whoever a row is by; nothing if it is nobody's.
fn named(who: &str, viewer: &Viewer) -> String {
    match who.parse() {
        Ok(Who::Staff(id)) => viewer.name(&id),
        Ok(Who::Hub | Who::Unknown) | Err(_) => String::new(),
    }
}

/// Why there is nothing to show.
enum Refused {
    None,
    Unreadable,
}

impl Refused {
    fn answer(&self, lang: Lang) -> Response {
        match self {
            Self::None => said(lang, StatusCode::SERVICE_UNAVAILABLE, words::NO_LOG),
            Self::Unreadable => said(lang, StatusCode::SERVICE_UNAVAILABLE, words::UNREADABLE),
        }
    }
}

async fn find(site: &Site, question: Question) -> Result<Found, Refused> {
    read(site, move |log| Ok((log.rows(&question)?, log.names()?))).await
}

/// How many rows answer a question, and below which they are.
async fn extent(site: &Site, question: Question) -> Result<(u64, AuditId), Refused> {
    read(site, move |log| log.extent(&question)).await
}

/// Reads the log off the thread that serves.
async fn read<T, F>(site: &Site, read: F) -> Result<T, Refused>
where
    T: Send + 'static,
    F: FnOnce(&Log) -> Result<T, AuditError> + Send + 'static,
{
    let log = site.audit.clone().ok_or(Refused::None)?;
    let done = tokio::task::spawn_blocking(move || read(&log)).await;
    let failed: Box<dyn std::error::Error> = match done {
        Ok(Ok(found)) => return Ok(found),
        Ok(Err(error)) => Box::new(error),
        Err(error) => Box::new(error),
    };
    tracing::error!(error = &*failed, "no log to show");
    Err(Refused::Unreadable)
}

/// What a form asks for, as typed.
fn asked(uri: &Uri) -> Asked {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
    let field = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    Asked {
        about: field("about"),
        who: field("who"),
        act: field("act"),
        from: field("from"),
        until: field("until"),
    }
}

/// The question behind a form; `None` if a field of it is none of what it should be.
fn question(asked: &Asked, tonight: &Tonight, most: u32) -> Option<Question> {
    let zone = TimeZone::get(&tonight.zone).unwrap_or(TimeZone::UTC);
    let moment = |day: Date| {
        let zoned = day.to_zoned(zone.clone()).ok()?;
        Some(Timestamp(zoned.timestamp()))
    };
    let from = optional(&asked.from, |text| moment(text.parse().ok()?))?;
    let until = optional(&asked.until, |text| {
        moment(text.parse::<Date>().ok()?.tomorrow().ok()?)
    })?;
    Some(Question {
        about: optional(&asked.about, |text| text.parse().ok())?,
        who: optional(&asked.who, |text| text.parse().ok())?,
        act: optional(&asked.act, Act::from_word)?,
        from,
        until,
        below: None,
        most,
    })
}

/// Nothing for an empty field; `None` for one that cannot be read.
fn optional<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        "" => Some(None),
        text => read(text).map(Some),
    }
}

fn said(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    (status, Html(page::refusal(lang, why).into_string())).into_response()
}
