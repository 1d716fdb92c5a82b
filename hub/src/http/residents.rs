//! A resident's page over HTTP.
//!
//! Reads through an [`Archive`](crate::store::Archive), off the thread that serves, and beside it
//! tonight as the service last sent it. It changes nothing. Whom nobody knows is said, and what
//! cannot be read is never shown as nothing.

use axum::Extension;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use nattsyn_protocol::ids::ResidentId;

use super::door::Viewer;
use super::texts::{Lang, Phrase, resident as words};
use super::{Site, page};

/// One resident.
pub(super) async fn resident(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Ok(id) = id.parse::<ResidentId>() else {
        return refused(lang, StatusCode::NOT_FOUND, words::NO_SUCH);
    };
    let Some(archive) = site.archive.clone() else {
        return refused(lang, StatusCode::SERVICE_UNAVAILABLE, words::UNREADABLE);
    };
    let (tonight, told) = (site.tonight.borrow().clone(), site.told_now());
    let night = tonight.night;
    match tokio::task::spawn_blocking(move || archive.resident(id, night)).await {
        Ok(Ok(Some(file))) => {
            let body = page::resident_page((&tonight, &told), lang, &viewer, &file);
            Html(body.into_string()).into_response()
        }
        Ok(Ok(None)) => refused(lang, StatusCode::NOT_FOUND, words::NO_SUCH),
        Ok(Err(error)) => {
            tracing::error!(resident = %id, error = &error as &dyn std::error::Error, "unreadable");
            refused(lang, StatusCode::SERVICE_UNAVAILABLE, words::UNREADABLE)
        }
        Err(error) => {
            tracing::error!(resident = %id, error = &error as &dyn std::error::Error, "unreadable");
            refused(lang, StatusCode::SERVICE_UNAVAILABLE, words::UNREADABLE)
        }
    }
}

fn refused(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    let body = page::refusal(lang, why).into_string();
    (status, Html(body)).into_response()
}
