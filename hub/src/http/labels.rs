//! Checks that are followed by a visit by lot, over HTTP: the page, and what is said on it.
//!
//! It turns a form into an act and an answer into a page; what may be said is for
//! [`crate::labels`]. It works without a script.

use axum::extract::{DefaultBodyLimit, Extension, Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};

use nattsyn_protocol::ids::CheckId;

use crate::labels::{LabelError, NotNow, Word};

use super::door::{Viewer, see_other};
use super::texts::{Lang, Phrase, hands, labels as says};
use super::{Site, page};

/// Longest form: one word.
const FORM_BYTES_MAX: usize = 256;

type Pairs = Vec<(String, String)>;

/// The addresses behind the door.
pub(super) fn inside() -> Router<Site> {
    Router::new()
        .route("/labels", get(show))
        .route("/labels/{check}", post(say))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Html<String> {
    let lang = Lang::from_query(query.as_deref());
    let tonight = site.tonight.borrow().clone();
    Html(page::labels_page(&tonight, lang, &viewer, None).into_string())
}

async fn say(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(check): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let found = pairs.iter().find(|(key, _)| key == "found");
    let word = found.and_then(|(_, word)| Word::of_tag(word));
    let tonight = site.tonight.borrow().clone();
    let (Ok(check), Some(word)) = (check.parse::<CheckId>(), word) else {
        return refused(&tonight, lang, &viewer, says::NO_SUCH);
    };
    let Some(clerk) = site.thresholds.clone() else {
        let body = page::refusal(lang, hands::NOT_HERE).into_string();
        return (StatusCode::SERVICE_UNAVAILABLE, Html(body)).into_response();
    };
    let (by, seen) = (viewer.me.id.clone(), tonight.clone());
    let act = move || clerk.label(&seen, (check, word), by);
    let why = match tokio::task::spawn_blocking(act).await {
        Ok(Ok(())) => return see_other(&format!("/labels?lang={}", lang.tag())),
        Ok(Err(LabelError::NotNow(why))) => why,
        Ok(Err(LabelError::Store(error))) => return unwritten(lang, &error),
        Err(error) => return unwritten(lang, &error),
    };
    let why = match why {
        NotNow::NoSuch => says::NO_SUCH,
        NotNow::Early => says::EARLY,
        NotNow::Late => says::LATE,
        NotNow::Settled => says::SETTLED,
        NotNow::Asked | NotNow::NotDrawn => says::NOT_DRAWN,
    };
    refused(&tonight, lang, &viewer, why)
}

fn refused(tonight: &crate::view::Tonight, lang: Lang, viewer: &Viewer, why: Phrase) -> Response {
    let body = page::labels_page(tonight, lang, viewer, Some(why)).into_string();
    (StatusCode::CONFLICT, Html(body)).into_response()
}

fn unwritten(lang: Lang, error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "what was found cannot be written down");
    let body = page::refusal(lang, hands::GONE).into_string();
    (StatusCode::SERVICE_UNAVAILABLE, Html(body)).into_response()
}
