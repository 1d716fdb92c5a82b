//! The page of settings over HTTP: what holds, from where, and who changed what.
//!
//! It only shows. The versions are read through an [`Archive`](crate::store::Archive), off the
//! thread that serves; what cannot be read is said.

use axum::Extension;
use axum::extract::{RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::door::Viewer;
use super::texts::{self, Lang};
use super::{Site, page};

/// What is set, and how it came to be.
pub(super) async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Some(archive) = site.archive.clone() else {
        return unreadable(lang);
    };
    match tokio::task::spawn_blocking(move || archive.settings()).await {
        Ok(Ok(versions)) => {
            let (tonight, told) = (site.tonight.borrow().clone(), site.told_now());
            let shown = page::settings::Shown::new(&versions, (&tonight, &told), lang, &viewer);
            Html(page::settings::document(&shown).into_string()).into_response()
        }
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "no settings to show");
            unreadable(lang)
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "no settings to show");
            unreadable(lang)
        }
    }
}

fn unreadable(lang: Lang) -> Response {
    let body = page::refusal(lang, texts::settings::UNREADABLE).into_string();
    (StatusCode::SERVICE_UNAVAILABLE, Html(body)).into_response()
}
