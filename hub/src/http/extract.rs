//! A resident's extract of the log over HTTP: who, what, when, how long and why, for paper (R107).
//!
//! That it was made is in the log before it is shown ([`super::access`]). It only shows.

use axum::extract::{Extension, Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use nattsyn_protocol::ids::ResidentId;

use crate::audit::AuditError;

use super::door::Viewer;
use super::texts::{Lang, Phrase, audit as words, resident as says};
use super::{Site, page};

/// One resident's extract.
pub(super) async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Ok(id) = id.parse::<ResidentId>() else {
        return said(lang, StatusCode::NOT_FOUND, says::NO_SUCH);
    };
    let Some(log) = site.audit.clone() else {
        return said(lang, StatusCode::SERVICE_UNAVAILABLE, words::NO_LOG);
    };
    let read = move || Ok::<_, AuditError>((log.extract(id)?, log.names()?));
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok((extract, mut names))) => {
            let Some(name) = names.remove(&id.to_string()) else {
                return said(lang, StatusCode::NOT_FOUND, says::NO_SUCH);
            };
            let tonight = site.tonight.borrow().clone();
            let whose = page::extract::Whose { id, name };
            let body = page::extract::document((&tonight, &viewer), lang, &whose, &extract);
            Html(body.into_string()).into_response()
        }
        Ok(Err(error)) => {
            tracing::error!(resident = %id, error = &error as &dyn std::error::Error, "no extract");
            said(lang, StatusCode::SERVICE_UNAVAILABLE, words::UNREADABLE)
        }
        Err(error) => {
            tracing::error!(resident = %id, error = &error as &dyn std::error::Error, "no extract");
            said(lang, StatusCode::SERVICE_UNAVAILABLE, words::UNREADABLE)
        }
    }
}

fn said(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    (status, Html(page::refusal(lang, why).into_string())).into_response()
}
