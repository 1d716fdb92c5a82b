//! The ledger of any night over HTTP: as a page, as a table, and as the morning report.
//!
//! Reads through an [`Archive`](crate::store::Archive), off the thread that serves, and renders
//! what it finds. It changes nothing. What cannot be read is said, never shown as an empty night.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;

use nattsyn_protocol::time::Timestamp;

use crate::audit::heads::Outside;
use crate::audit::{Act, AuditError};
use crate::nights::noon;
use crate::view::ledger::NightLedger;
use crate::view::morning;
use crate::view::{Reality, Tonight};

use super::clockface::Clockface;
use super::door::Viewer;
use super::page::morning::{Beside, Heads};
use super::page::night::Sheet;
use super::texts::{Lang, Phrase, ledger};
use super::{Site, page, table};

/// A question about a night.
struct Question {
    lang: Lang,
    night: Date,
    tonight: Arc<Tonight>,
}

/// Why there is no night to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The date is none.
    BadNight,
    /// The ledger cannot be read.
    Unreadable,
}

impl Refusal {
    fn answer(self, lang: Lang) -> Response {
        let (status, text): (StatusCode, Phrase) = match self {
            Self::BadNight => (StatusCode::BAD_REQUEST, ledger::BAD_NIGHT),
            Self::Unreadable => (StatusCode::SERVICE_UNAVAILABLE, ledger::NO_LEDGER),
        };
        let body = page::refusal(lang, text).into_string();
        (status, Html(body)).into_response()
    }
}

impl Question {
    fn read(site: &Site, query: Option<&str>) -> Result<Self, (Lang, Refusal)> {
        let lang = Lang::from_query(query);
        let tonight = site.tonight.borrow().clone();
        let asked = query.unwrap_or_default().split('&');
        let asked = asked.filter_map(|pair| pair.strip_prefix("night=")).next();
        let night = match asked {
            None | Some("") => tonight.night,
            Some(text) => text.parse().ok().ok_or((lang, Refusal::BadNight))?,
        };
        Ok(Self {
            lang,
            night,
            tonight,
        })
    }

    fn face(&self) -> Clockface {
        Clockface::new(&self.tonight.zone, self.night, self.lang)
    }
}

/// Asks for a night and renders it with `show`, or says why not.
async fn answer(
    site: Site,
    query: Option<String>,
    show: impl FnOnce(&Question, &NightLedger) -> Response,
) -> Response {
    let question = match Question::read(&site, query.as_deref()) {
        Ok(question) => question,
        Err((lang, refusal)) => return refusal.answer(lang),
    };
    let Some(archive) = site.archive else {
        return Refusal::Unreadable.answer(question.lang);
    };
    let night = question.night;
    match tokio::task::spawn_blocking(move || archive.account(night)).await {
        Ok(Ok(account)) => show(&question, &account),
        Ok(Err(error)) => {
            tracing::error!(%night, error = &error as &dyn std::error::Error, "no ledger to show");
            Refusal::Unreadable.answer(question.lang)
        }
        Err(error) => {
            tracing::error!(%night, error = &error as &dyn std::error::Error, "no ledger to show");
            Refusal::Unreadable.answer(question.lang)
        }
    }
}

/// Any night, line by line.
pub(super) async fn ledger(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(site, query, |question, night| {
        let sheet = sheet(question, night);
        let body = page::night::body(&sheet);
        Html(page::book(
            question.lang,
            (&question.tonight, &viewer),
            page::Book::Ledger,
            night,
            &body,
        ))
        .into_response()
    })
    .await
}

/// A night in figures.
pub(super) async fn morning(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let beside = match Question::read(&site, query.as_deref()) {
        Ok(question) => beside(&site, &question).await,
        Err(_) => Beside::default(),
    };
    answer(site, query, move |question, night| {
        let sheet = sheet(question, night);
        let report = morning::report(night, question.tonight.now);
        let body = page::morning::body(&sheet, &report, &beside);
        Html(page::book(
            question.lang,
            (&question.tonight, &viewer),
            page::Book::Morning,
            night,
            &body,
        ))
        .into_response()
    })
    .await
}

/// What a morning must know that is not in the ledger: whether the log's head was put outside, and
/// how many rights end. What cannot be read is not said.
async fn beside(site: &Site, question: &Question) -> Beside {
    let (log, rights) = (site.audit.clone(), site.rights.clone());
    let is_kept = site
        .heads
        .as_ref()
        .is_some_and(|heads| *heads.borrow() != Outside::Nowhere);
    let (zone, night) = (question.tonight.zone.clone(), question.night);
    let (reality, now) = (question.tonight.reality, question.tonight.now);
    let read = move || {
        let endings = rights.map(|rights| rights.endings(now)).transpose()?;
        let mut beside = Beside {
            heads: Heads::Unasked,
            endings: endings.unwrap_or_default(),
        };
        let ends = night.tomorrow().ok().map(|next| noon(next, &zone));
        if let (Some(log), Ok(begins), Some(Ok(ends)), Reality::Homes) =
            (log, noon(night, &zone), ends, reality)
        {
            let lost = crate::audit::Question {
                act: Some(Act::HeadLost),
                from: Some(begins),
                until: Some(ends),
                ..crate::audit::Question::default()
            };
            let lost = log.rows(&lost)?;
            let last = lost
                .first()
                .and_then(|row| Timestamp::from_ms(row.at_ms).ok());
            beside.heads = match (last, is_kept) {
                (Some(last), _) => Heads::Lost(lost.len(), last),
                (None, true) => Heads::Kept,
                (None, false) => Heads::Nowhere,
            };
        }
        Ok::<_, AuditError>(beside)
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(beside)) => beside,
        Ok(Err(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "not in the morning report"
            );
            Beside::default()
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "not in the morning report"
            );
            Beside::default()
        }
    }
}

/// Any night as a table.
pub(super) async fn csv(Shared(site): Shared<Site>, RawQuery(query): RawQuery) -> Response {
    answer(site, query, |question, night| {
        let body = table::csv(night, &question.face(), question.lang, question.tonight.now);
        let name = match question.lang {
            Lang::Swedish => "tillsynsliggare",
            Lang::English => "ledger",
        };
        let disposition = format!("attachment; filename=\"{name}-{}.csv\"", night.night);
        let headers = [
            (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (CONTENT_DISPOSITION, disposition),
        ];
        (headers, body).into_response()
    })
    .await
}

fn sheet<'a>(question: &Question, night: &'a NightLedger) -> Sheet<'a> {
    Sheet {
        night,
        now: question.tonight.now,
        lang: question.lang,
        face: question.face(),
    }
}
