//! Looking by camera, over HTTP: the question, the page of a view, and sealed frames to one
//! session.
//!
//! It turns requests into what [`Live`] does and how a view stands into words. A frame goes from
//! the relay into one answer and is gone; its bytes mean nothing to the hub. Every answer is
//! `no-store`, as everything behind the door is.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{
    DefaultBodyLimit, Extension, FromRequestParts, Path, RawQuery, State as Shared,
};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{Router, get, post};
use serde_json::{Value, json};

use nattsyn_protocol::assertion::{Assertion, Base64};

use super::door::{Pass, Viewer, Worker};
use super::page::live::{self as pages, GAVE_UP, PageGave, Sight};
use super::texts::{Lang, Phrase, live as words};
use super::{Site, asset, page};
use crate::exception::Act;
use crate::live::Live;
use crate::live::asking::{LiveError, Shown};
use crate::live::book::{Asked, Over, ViewId};
use crate::live::offer::{Offer, looked_again, offer};
use crate::live::operators::NotEntitled;
use crate::live::view::{Phase, Seat};
use crate::live::views::{AskRefused, Known};
use crate::view::Cause;

/// Longest body: an assertion is under 1 kB in base64.
const BODY_MAX: usize = 8 * 1024;

/// How long a page waits for a view to change before it is answered that it has not.
const STATE_WITHIN: Duration = Duration::from_secs(15);

/// What can be offered to whoever opens a page.
#[derive(Clone, Debug, Default)]
pub(super) enum Offers {
    /// Nothing is said of cameras: there are no live views here, or no row is about one.
    #[default]
    None,
    /// What is known, and whether they may see.
    For(Arc<Known>, Result<(), NotEntitled>),
}

/// Behind the door.
pub(super) fn inside() -> Router<Site> {
    Router::new()
        .route("/rows/{row}/live", post(ask))
        .route("/live/{view}", get(show))
        .route("/live/{view}/state", get(state))
        .route("/live/{view}/key", post(key))
        .route("/live/{view}/assertion", post(sign))
        .route("/live/{view}/end", post(end))
        .route("/live/{view}/frame/{number}", get(frame))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// What a view's page loads.
pub(super) fn assets() -> Router<Site> {
    let script = include_str!("assets/live.js");
    Router::new().route("/assets/live.js", asset("text/javascript", script))
}

/// With what can be offered to them, if any row is about an unclear look.
pub(super) async fn offered(site: &Site, viewer: Viewer) -> Viewer {
    let is_asked = {
        let tonight = site.tonight.borrow();
        let mut open = tonight.open.iter();
        open.any(|row| matches!(row.cause, Cause::Unclear(_)))
    };
    let Some(live) = site.live.as_ref().filter(|_| is_asked) else {
        return viewer;
    };
    let now = site.tonight.borrow().now;
    let entitled = live.entitled(&viewer.me.id, now).await.map(drop);
    Viewer {
        live: Offers::For(live.known(), entitled),
        ..viewer
    }
}

/// What an act says of what was seen; `None` if it says nothing of it.
pub(super) fn word(act: &Act) -> Option<&'static str> {
    match act {
        Act::Say(said) => Some(said.word()),
        Act::Find(found) => Some(found.word()),
        Act::Take | Act::TakeOver | Act::Go { .. } | Act::Arrive | Act::Return => None,
    }
}

/// Somebody has said how a row is, and it is written in the ledger: with the view too, if one was
/// shown.
pub(super) async fn answered(site: &Site, row: i64, worker: Worker, word: Option<&'static str>) {
    if let (Some(live), Some(word)) = (&site.live, word)
        && let Err(error) = live.answered(row, worker.id, word.to_owned()).await
    {
        tracing::error!(row, %error, "what was seen in a live view is in the ledger alone");
    }
}

async fn ask(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(row): Path<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Some(live) = &site.live else {
        return refused(lang, StatusCode::SERVICE_UNAVAILABLE, words::GONE);
    };
    let tonight = site.tonight.borrow().clone();
    let entitled = live.entitled(&viewer.me.id, tonight.now).await;
    let found = tonight.open.iter().find(|open| open.id == row);
    let may = entitled.as_ref().map(|_| ()).map_err(|why| *why);
    let offered = found.map(|found| offer(&tonight, found, &live.known(), may));
    let (check, unit) = match offered {
        Some(Offer::Look(check, unit)) => (check, unit),
        Some(Offer::Not(why)) => {
            let said = format!("{} {}", words::WHY_NOT.to(lang), pages::why_not(lang, &why));
            return (
                StatusCode::CONFLICT,
                Html(page::said(lang, &said).into_string()),
            )
                .into_response();
        }
        Some(Offer::None) | None => return refused(lang, StatusCode::CONFLICT, words::CHANGED),
    };
    let asked = Asked {
        row,
        check,
        unit,
        by: viewer.me.id.clone(),
    };
    let begun = match entitled {
        Ok(entitled) => live.ask(asked, seat(&viewer), entitled).await,
        Err(why) => Err(why.into()),
    };
    match begun {
        Ok(ViewId(view)) => {
            let there = format!("/live/{view}?lang={}", lang.tag());
            (StatusCode::SEE_OTHER, [(LOCATION, there)]).into_response()
        }
        Err(error) => failed(lang, &error),
    }
}

async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(view): Path<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let (id, seat) = (ViewId(view), seat(&viewer));
    let Some(live) = &site.live else {
        return refused(lang, StatusCode::SERVICE_UNAVAILABLE, words::GONE);
    };
    let shown = match live.follow(id, seat).await {
        Ok(shown) => shown.borrow().clone(),
        Err(error) => return failed(lang, &error),
    };
    let (tonight, told) = (site.tonight.borrow().clone(), site.told_now());
    let row = tonight.open.iter().find(|row| row.id == shown.asked.row);
    let unanswered = live.known().unanswered.get(&shown.asked.row).cloned();
    let sight = Sight {
        id,
        shown: &shown,
        row,
        again: looked_again(&tonight, shown.asked.check, shown.since),
        unanswered: unanswered.filter(|unanswered| unanswered.view == id),
        page: match query.as_deref() {
            Some(query) if query.split('&').any(|pair| pair == GAVE_UP) => PageGave::Up,
            Some(_) | None => PageGave::Pictures,
        },
    };
    Html(pages::page((&tonight, &told), lang, &viewer, &sight).into_string()).into_response()
}

/// How a view stands, as soon as it differs from what the page knows.
async fn state(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(view): Path<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let lang = Lang::from_query(Some(&query));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut after = pairs.filter(|(key, _)| *key == "after");
    let known: Option<u64> = after.next().and_then(|(_, turn)| turn.parse().ok());
    let followed = match live_of(&site) {
        Ok(live) => live.follow(ViewId(view), seat(&viewer)).await,
        Err(error) => Err(error),
    };
    let mut shown = match followed {
        Ok(shown) => shown,
        Err(error) => return failed_briefly(lang, &error),
    };
    let is_new = |shown: &Arc<Shown>| known.is_none_or(|known| shown.turn > known);
    // A view that did not change is said as it is; one that is gone is over, and the page asks.
    tokio::time::timeout(STATE_WITHIN, shown.wait_for(is_new))
        .await
        .ok();
    let shown = shown.borrow().clone();
    let kind = [(CONTENT_TYPE, "application/json")];
    (kind, as_json(lang, &shown).to_string()).into_response()
}

fn as_json(lang: Lang, shown: &Shown) -> Value {
    let text = |bytes: &Base64| String::from(bytes.clone());
    let (phase, say) = match &shown.phase {
        Phase::Looking => ("looking", words::LOOKING),
        Phase::Challenged { .. } => ("challenged", words::CHALLENGED),
        Phase::Granted { .. } => ("granted", words::GRANTED),
        Phase::Open { .. } => ("open", words::OPEN),
        Phase::Over(over) => ("over", words::over(*over)),
    };
    let mut state = json!({ "turn": shown.turn, "phase": phase, "say": say.to(lang) });
    match &shown.phase {
        Phase::Looking | Phase::Granted { .. } | Phase::Over(_) => {}
        Phase::Challenged { body, .. } => {
            state["body"] = json!(body);
            state["credential"] = json!(text(&shown.credential));
            state["host"] = json!(shown.host);
        }
        Phase::Open {
            body,
            key,
            shown_for,
            ..
        } => {
            state["body"] = json!(body);
            state["key"] = json!(text(key));
            state["for_ms"] = json!(shown_for.as_millis());
        }
    }
    state
}

async fn key(caller: Caller, body: String) -> Response {
    let Ok(key) = Base64::try_from(body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (view, seat) = (caller.view, caller.seat);
    caller
        .answer(async move |live| live.key(view, seat, key).await)
        .await
}

async fn sign(caller: Caller, body: Bytes) -> Response {
    let Ok(assertion) = serde_json::from_slice::<Assertion>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (view, seat) = (caller.view, caller.seat);
    caller
        .answer(async move |live| live.sign(view, seat, assertion).await)
        .await
}

async fn end(caller: Caller) -> Response {
    let (view, seat) = (caller.view, caller.seat);
    caller
        .answer(async move |live| live.end(view, seat).await)
        .await
}

/// The page of a view, which has something done to it.
struct Caller {
    site: Site,
    lang: Lang,
    view: ViewId,
    seat: Seat,
}

impl Caller {
    /// Has it done: no content, or a line that says why it was not.
    async fn answer(self, act: impl AsyncFnOnce(&Live) -> Result<(), LiveError>) -> Response {
        let done = match live_of(&self.site) {
            Ok(live) => act(live).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(error) => failed_briefly(self.lang, &error),
        }
    }
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let view = Path::<i64>::from_request_parts(parts, site).await;
        let Path(view) = view.map_err(IntoResponse::into_response)?;
        let viewer = Extension::<Viewer>::from_request_parts(parts, site).await;
        let Extension(viewer) = viewer.map_err(IntoResponse::into_response)?;
        Ok(Self {
            site: site.clone(),
            lang: Lang::from_query(parts.uri.query()),
            view: ViewId(view),
            seat: seat(&viewer),
        })
    }
}

/// One sealed frame. To ask for it is the credit for it; no content says that none came.
async fn frame(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path((view, number)): Path<(i64, u64)>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let got = match live_of(&site) {
        Ok(live) => live.frame(ViewId(view), seat(&viewer), number).await,
        Err(error) => Err(error),
    };
    match got {
        Ok(Some(sealed)) => {
            let kind = [(CONTENT_TYPE, "application/octet-stream")];
            (kind, sealed.hand_over()).into_response()
        }
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => failed_briefly(lang, &error),
    }
}

fn live_of(site: &Site) -> Result<&Live, LiveError> {
    site.live.as_ref().ok_or(LiveError::Gone)
}

/// What a view is bound to: the session that asked for it.
fn seat(viewer: &Viewer) -> Seat {
    match &viewer.pass {
        Pass::Session(token) => Some(token.fingerprint()),
        Pass::Open => None,
    }
}

fn status(error: &LiveError) -> StatusCode {
    match error {
        LiveError::NoView => StatusCode::NOT_FOUND,
        LiveError::Refused(_) | LiveError::NotTaken(_) | LiveError::NotAgreed => {
            StatusCode::CONFLICT
        }
        LiveError::NotEntitled(_) => StatusCode::FORBIDDEN,
        LiveError::NotWritten | LiveError::Gone => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn why(error: &LiveError) -> Phrase {
    match error {
        LiveError::NoView => words::NO_VIEW,
        LiveError::Refused(AskRefused::Busy | AskRefused::Unanswered) => words::CHANGED,
        LiveError::Refused(AskRefused::OneAtATime) => words::BUSY_ELSEWHERE,
        LiveError::NotTaken(_) => words::NOT_SIGNED_HERE,
        LiveError::NotAgreed => words::over(Over::NotAgreed),
        LiveError::NotEntitled(why) => words::not_entitled(*why),
        LiveError::NotWritten => words::NOT_WRITTEN,
        LiveError::Gone => words::GONE,
    }
}

fn failed(lang: Lang, error: &LiveError) -> Response {
    refused(lang, status(error), why(error))
}

/// For the page's own module: a line of text.
fn failed_briefly(lang: Lang, error: &LiveError) -> Response {
    tracing::warn!(%error, "a live view's page was refused");
    (status(error), why(error).to(lang)).into_response()
}

fn refused(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    let body = page::refusal(lang, why).into_string();
    (status, Html(body)).into_response()
}
