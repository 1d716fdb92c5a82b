//! The phone in somebody's hand, over HTTP: as whom it is told tonight, and what a browser needs
//! for that.
//!
//! It turns forms into what [`Phones`] does and answers in words. Behind the door, and from this
//! site's own pages and worker alone. Signing in and out is watched ([`at_the_door`]): a phone
//! whose session ended is told no more from that answer on, and whoever leaves somebody in a chain
//! without any way reads so.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Extension, Form, RawQuery, Request, State as Shared};
use axum::http::header::{ACCEPT, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, Router, get, post};
use serde::Deserialize;

use crate::notify::chain::{ChannelName, NameError, Recipient};
use crate::notify::notifier::TellError;
use crate::notify::phones::{PhoneError, Phones, Way};
use crate::notify::teller::Told;
use crate::staff::Fingerprint;

use super::door::{self, Pass, SESSION_COOKIE, Viewer};
use super::page::phone::{Offer, page};
use super::texts::{self, Lang, phone as words};
use super::{Site, asset, page as pages};

/// Longest form: an endpoint of [`crate::notify::push`]'s longest, escaped, and its keys.
const FORM_BYTES_MAX: usize = 8 * 1024;

/// Lets a worker that lies among the assets look after the whole site's pages.
const WORKER_ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

/// Whether the browser that somebody looks at is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Phone {
    /// No browser can be: there is no channel for it, or nobody signs in.
    #[default]
    None,
    /// It is not.
    Untold,
    /// It is told as somebody.
    Told(Way),
}

/// What a browser sends.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    recipient: String,
    #[serde(default)]
    subscription: String,
}

/// Behind the door.
pub(super) fn inside() -> Router<Site> {
    Router::new()
        .route("/phone", get(show).post(subscribe))
        .route("/phone/renewed", post(renewed))
        .route("/phone/stop", post(stop))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// For anybody: what a phone fetches before somebody is signed in, and in the background.
pub(super) fn assets() -> Router<Site> {
    let worker = get(async || {
        let kind = (CONTENT_TYPE, "text/javascript; charset=utf-8");
        ([kind, (WORKER_ALLOWED, "/")], WORKER_JS)
    });
    Router::new()
        .route("/assets/push.js", asset("text/javascript", PUSH_JS))
        .route("/assets/worker.js", worker)
        .route(
            "/assets/manifest.json",
            asset("application/manifest+json", MANIFEST),
        )
        .route("/assets/icon-180.png", picture(ICON_180))
        .route("/assets/icon-192.png", picture(ICON_192))
        .route("/assets/icon-512.png", picture(ICON_512))
}

pub(super) const PUSH_JS: &str = include_str!("assets/push.js");
pub(super) const WORKER_JS: &str = include_str!("assets/worker.js");
pub(super) const MANIFEST: &str = include_str!("assets/manifest.json");
const ICON_180: &[u8] = include_bytes!("assets/icon-180.png");
const ICON_192: &[u8] = include_bytes!("assets/icon-192.png");
const ICON_512: &[u8] = include_bytes!("assets/icon-512.png");

fn picture(bytes: &'static [u8]) -> MethodRouter<Site> {
    get(move || async move { ([(CONTENT_TYPE, "image/png")], bytes) })
}

/// Somebody who looks, with whether the browser is told.
pub(super) fn known(site: &Site, told: &Told, viewer: &Viewer) -> Viewer {
    let phone = match (&site.phones, session(viewer)) {
        (Some(phones), Some(session)) => {
            let ways = phones.ways(&told.teams);
            // The settings may have dropped the word since, or moved it to another channel: then
            // nothing comes to it.
            match phones.way_of(session, &ways) {
                Some(way) => Phone::Told(way),
                None if ways.is_empty() => Phone::None,
                None => Phone::Untold,
            }
        }
        (None, _) | (_, None) => Phone::None,
    };
    Viewer {
        phone,
        ..viewer.clone()
    }
}

fn session(viewer: &Viewer) -> Option<Fingerprint> {
    match &viewer.pass {
        Pass::Session(token) => Some(token.fingerprint()),
        Pass::Open => None,
    }
}

async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Html<String> {
    let lang = Lang::from_query(query.as_deref());
    let told = site.told_now();
    let viewer = known(&site, &told, &viewer);
    let phones = site.phones.as_ref();
    let offer = Offer {
        ways: phones.map_or_else(Vec::new, |phones| phones.ways(&told.teams)),
        keys: phones.map_or_else(Default::default, |phones| phones.application_keys()),
        unreached: told.unreached.clone(),
    };
    let tonight = site.tonight.borrow().clone();
    Html(page(lang, (&tonight, &viewer), &offer).into_string())
}

/// The phone is told as somebody from now on.
async fn subscribe(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    wanted: Result<Form<Wanted>, FormRejection>,
) -> Response {
    let reader = Reader::of(&headers, Lang::from_query(query.as_deref()));
    let (Some(phones), Some(session)) = (site.phones.clone(), session(&viewer)) else {
        return reader.refused(StatusCode::CONFLICT, words::NO_WAY);
    };
    let Ok(Form(wanted)) = wanted else {
        return reader.refused(StatusCode::BAD_REQUEST, texts::hands::BAD);
    };
    if wanted.recipient.is_empty() {
        return reader.refused(StatusCode::BAD_REQUEST, words::CHOOSE);
    }
    if wanted.subscription.is_empty() {
        return reader.refused(StatusCode::BAD_REQUEST, words::NEEDS_SCRIPT);
    }
    let Ok((to, by)) = chosen(&wanted.recipient) else {
        return reader.refused(StatusCode::CONFLICT, words::NO_WAY);
    };
    let teams = site.told_now().teams.clone();
    let told_as = to.clone();
    let done = aside(&phones, move |phones| {
        phones.subscribe(
            &teams,
            session,
            (&told_as, by.as_ref(), &wanted.subscription),
        )
    });
    match done.await {
        Ok(()) => greeted(&phones, session, &to, reader).await,
        Err(error) => reader.failed(&error),
    }
}

/// Whom a form names, and by which channel if it says so: `natt-1`, `natt-1/push`.
fn chosen(value: &str) -> Result<(Recipient, Option<ChannelName>), NameError> {
    match value.split_once('/') {
        Some((to, by)) => Ok((to.parse()?, Some(by.parse()?))),
        None => Ok((value.parse()?, None)),
    }
}

/// Whether the push service takes what the hub says: asked at once, so that nobody learns of it
/// from an alert that did not come.
async fn greeted(
    phones: &Phones,
    session: Fingerprint,
    to: &Recipient,
    reader: Reader,
) -> Response {
    let (status, said) = match phones.greet(session).await {
        Ok(()) => (StatusCode::OK, words::subscribed(reader.lang, to)),
        Err(TellError::Gone { .. }) => {
            return reader.refused(StatusCode::CONFLICT, words::GONE);
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a phone not greeted"
            );
            (StatusCode::BAD_GATEWAY, words::not_greeted(reader.lang, to))
        }
    };
    reader.said(status, &said)
}

/// The browser was given another address: its worker says so by itself.
async fn renewed(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    wanted: Result<Form<Wanted>, FormRejection>,
) -> Response {
    let reader = Reader::of(&headers, Lang::from_query(query.as_deref()));
    let (Some(phones), Some(session)) = (site.phones, session(&viewer)) else {
        return reader.refused(StatusCode::CONFLICT, words::NO_WAY);
    };
    let Ok(Form(wanted)) = wanted else {
        return reader.refused(StatusCode::BAD_REQUEST, texts::hands::BAD);
    };
    match aside(&phones, move |phones| {
        phones.renew(session, &wanted.subscription)
    })
    .await
    {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => reader.failed(&error),
    }
}

/// The phone is told no more.
async fn stop(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let reader = Reader::of(&headers, Lang::from_query(query.as_deref()));
    let (Some(phones), Some(session)) = (site.phones, session(&viewer)) else {
        return reader.refused(StatusCode::CONFLICT, words::NO_WAY);
    };
    match aside(&phones, move |phones| Ok(phones.stop(session)?)).await {
        Ok(()) => reader.said(StatusCode::OK, words::STOPPED.to(reader.lang)),
        Err(error) => reader.failed(&error),
    }
}

/// Around the sign-in and the way out: ends the phones of sessions that these ended.
pub(super) async fn at_the_door(
    Shared(site): Shared<Site>,
    request: Request,
    next: Next,
) -> Response {
    let Some(phones) = site.phones.clone() else {
        return next.run(request).await;
    };
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let lang = Lang::from_query(request.uri().query());
    let session = match request.uri().path() {
        "/sign-out" => door::token(request.headers(), SESSION_COOKIE),
        _ => None,
    };
    let session = session.map(|token| token.fingerprint());
    let teams = site.told_now().teams.clone();
    let left = session.and_then(|session| phones.only_way_of(session, &teams));
    let response = next.run(request).await;
    if let Err(error) = aside(&phones, |phones| Ok(phones.tidy()?)).await {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "the phone of somebody who left is still told");
        return response;
    }
    match left {
        Some(to) => left_alone(lang, &to, response),
        None => response,
    }
}

/// The page of somebody who signed out and was the only one whom a word reached.
fn left_alone(lang: Lang, to: &Recipient, led_on: Response) -> Response {
    let said = pages::said(lang, &words::left_alone(lang, to)).into_string();
    let mut response = Html(said).into_response();
    for cookie in led_on.headers().get_all(SET_COOKIE) {
        response.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    response
}

/// Does what blocks where that harms nobody.
async fn aside(
    phones: &Arc<Phones>,
    act: impl FnOnce(&Phones) -> Result<(), PhoneError> + Send + 'static,
) -> Result<(), PhoneError> {
    let phones = Arc::clone(phones);
    let done = tokio::task::spawn_blocking(move || act(&phones)).await;
    done.unwrap_or_else(|panic| {
        let error = &panic as &dyn std::error::Error;
        tracing::error!(error, "looking after a phone");
        Err(PhoneError::NoSession)
    })
}

/// Who reads an answer, in which language.
#[derive(Clone, Copy)]
struct Reader {
    lang: Lang,
    wants: Wants,
}

/// What they want to read.
#[derive(Clone, Copy)]
enum Wants {
    /// The page's own script, or the worker: a line of text.
    Line,
    /// A browser without scripts: a page.
    Page,
}

impl Reader {
    fn of(headers: &HeaderMap, lang: Lang) -> Self {
        let wants = match headers.get(ACCEPT) {
            Some(accept) if accept.as_bytes() == b"text/plain" => Wants::Line,
            Some(_) | None => Wants::Page,
        };
        Self { lang, wants }
    }

    fn said(self, status: StatusCode, text: &str) -> Response {
        let body = match self.wants {
            Wants::Line => text.to_owned().into_response(),
            Wants::Page => Html(pages::said(self.lang, text).into_string()).into_response(),
        };
        let mut response: Response<Body> = body;
        *response.status_mut() = status;
        response
    }

    fn refused(self, status: StatusCode, why: texts::Phrase) -> Response {
        self.said(status, why.to(self.lang))
    }

    fn failed(self, error: &PhoneError) -> Response {
        let (status, why) = match error {
            PhoneError::NoWay => (StatusCode::CONFLICT, words::NO_WAY),
            PhoneError::Subscription(_) => (StatusCode::BAD_REQUEST, words::NO_SUBSCRIPTION),
            PhoneError::UnknownService => (StatusCode::BAD_REQUEST, words::UNKNOWN_SERVICE),
            PhoneError::NoSession => (StatusCode::CONFLICT, words::NOT_TOLD),
            PhoneError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, words::UNWRITTEN),
        };
        // Without its cause, which may repeat what a browser sent.
        tracing::warn!(%error, "a phone refused");
        self.refused(status, why)
    }
}
