//! Commissioning over HTTP: the list of units, and one unit with what is to be done next.
//!
//! It turns a form into a step and an answer into a page; what follows is for
//! [`crate::commission`]. Everything but moving corners works without a script; with one the page
//! asks once a second whether anything is new. No resident is named here.

use axum::extract::{DefaultBodyLimit, Extension, Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};

use nattsyn_protocol::commission::Try;
use nattsyn_protocol::ids::UnitId;

use crate::commission::clerk::{Clerk, Listed};
use crate::commission::counter::{CommissionError, Hand};
use crate::store::StoreError;

use super::door::{Pass, Viewer, see_other};
use super::page::commission::{self as drawn, Shown, step_word};
use super::texts::{Lang, Phrase, commission as says};
use super::{Site, page};

/// Longest form: four places of 32 corners, every sign of them escaped.
const FORM_BYTES_MAX: usize = 32 * 1024;

type Pairs = Vec<(String, String)>;

/// The addresses behind the door.
pub(super) fn inside() -> Router<Site> {
    Router::new()
        .route("/commission", get(list))
        .route("/commission/{unit}", get(show))
        .route("/commission/{unit}/now", get(now))
        .route("/commission/{unit}/begin", post(begin))
        .route("/commission/{unit}/lead", post(lead))
        .route("/commission/{unit}/try", post(ask))
        .route("/commission/{unit}/places", post(settle))
        .route("/commission/{unit}/conclude", post(conclude))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// Why there is no page.
enum Refused {
    NotHere,
    NoSuch,
    Unreadable,
}

impl Refused {
    fn answer(&self, lang: Lang) -> Response {
        let (status, why): (StatusCode, Phrase) = match self {
            Self::NotHere => (StatusCode::SERVICE_UNAVAILABLE, says::NOT_HERE),
            Self::NoSuch => (StatusCode::NOT_FOUND, says::NO_SUCH),
            Self::Unreadable => (StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE),
        };
        let body = page::refusal(lang, why).into_string();
        (status, Html(body)).into_response()
    }
}

impl From<&StoreError> for Refused {
    fn from(error: &StoreError) -> Self {
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "commissioning cannot be read or written");
        Self::Unreadable
    }
}

/// Asks the clerk, off the thread that serves.
async fn with_clerk<T: Send + 'static>(
    site: &Site,
    act: impl FnOnce(&Clerk) -> T + Send + 'static,
) -> Result<T, Refused> {
    let clerk = site.commissioning.clone().ok_or(Refused::NotHere)?;
    let asked = tokio::task::spawn_blocking(move || act(&clerk)).await;
    asked.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "no answer");
        Refused::Unreadable
    })
}

async fn sheet(site: &Site, unit: &str) -> Result<Listed, Refused> {
    let unit: UnitId = unit.parse().map_err(|_error| Refused::NoSuch)?;
    let sheet = with_clerk(site, move |clerk| clerk.sheet(unit)).await?;
    let sheet = sheet.map_err(|error| Refused::from(&error))?;
    sheet.ok_or(Refused::NoSuch)
}

fn hand(viewer: &Viewer) -> Hand {
    Hand {
        who: viewer.me.id.clone(),
        seat: match &viewer.pass {
            Pass::Session(token) => Some(hex(token.fingerprint().as_bytes())),
            Pass::Open => None,
        },
    }
}

async fn list(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let listed = with_clerk(&site, |clerk| (clerk.list(), clerk.now())).await;
    match listed {
        Ok((Ok(units), now)) => {
            let tonight = site.tonight.borrow().clone();
            Html(drawn::list(&tonight, (lang, &viewer), &units, now).into_string()).into_response()
        }
        Ok((Err(error), _)) => Refused::from(&error).answer(lang),
        Err(refused) => refused.answer(lang),
    }
}

/// The page of a unit, whole or what changes of it.
async fn render(
    site: &Site,
    (lang, viewer): (Lang, &Viewer),
    unit: &str,
    (trouble, whole): (Option<Phrase>, Whole),
) -> Result<String, Refused> {
    let listed = sheet(site, unit).await?;
    let tonight = site.tonight.borrow().clone();
    let now = with_clerk(site, |clerk| clerk.now()).await?;
    let shown = Shown {
        listed: &listed,
        hand: hand(viewer),
        trouble,
        now,
        tonight: &tonight,
        lang,
        viewer,
    };
    let body = match whole {
        Whole::Yes => drawn::document(&shown),
        Whole::No => drawn::changing(&shown),
    };
    Ok(body.into_string())
}

/// Whether a page is asked for, or what changes of it.
#[derive(Clone, Copy)]
enum Whole {
    Yes,
    No,
}

async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    match render(&site, (lang, &viewer), &unit, (None, Whole::Yes)).await {
        Ok(body) => Html(body).into_response(),
        Err(refused) => refused.answer(lang),
    }
}

async fn now(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    match render(&site, (lang, &viewer), &unit, (None, Whole::No)).await {
        Ok(body) => Html(body).into_response(),
        Err(refused) => refused.answer(lang),
    }
}

/// What somebody does, and then the unit's page: anew if it was done, otherwise with why not.
async fn acts(
    site: &Site,
    (viewer, query): (&Viewer, Option<&str>),
    unit: String,
    act: impl FnOnce(&Clerk, UnitId, &Hand) -> Result<(), CommissionError> + Send + 'static,
) -> Response {
    let lang = Lang::from_query(query);
    let by = hand(viewer);
    let done = async {
        let id: UnitId = unit.parse().map_err(|_error| Refused::NoSuch)?;
        with_clerk(site, move |clerk| act(clerk, id, &by)).await
    };
    let error = match done.await {
        Ok(Ok(())) => return see_other(&format!("/commission/{unit}?lang={}", lang.tag())),
        Ok(Err(error)) => error,
        Err(refused) => return refused.answer(lang),
    };
    let Some(trouble) = says::trouble(&error) else {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "commissioning cannot be written down");
        return Refused::Unreadable.answer(lang);
    };
    match render(site, (lang, viewer), &unit, (Some(trouble), Whole::Yes)).await {
        Ok(body) => (StatusCode::UNPROCESSABLE_ENTITY, Html(body)).into_response(),
        Err(refused) => refused.answer(lang),
    }
}

async fn begin(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    acts(&site, (&viewer, query.as_deref()), unit, Clerk::begin).await
}

async fn lead(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    acts(&site, (&viewer, query.as_deref()), unit, Clerk::lead).await
}

async fn conclude(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    acts(&site, (&viewer, query.as_deref()), unit, Clerk::conclude).await
}

async fn ask(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let word = field(&pairs, "step").to_owned();
    let act = move |clerk: &Clerk, unit: UnitId, by: &Hand| {
        let sheet = clerk.sheet(unit)?;
        let course = sheet.and_then(|listed| listed.course);
        let steps = course
            .map(|course| course.trial.steps())
            .unwrap_or_default();
        let what: Option<Try> = steps.into_iter().find(|what| step_word(*what) == word);
        clerk.ask(unit, what.ok_or(CommissionError::NotNow)?, by)
    };
    acts(&site, (&viewer, query.as_deref()), unit, act).await
}

async fn settle(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let text = field(&pairs, "places").to_owned();
    let act = move |clerk: &Clerk, unit: UnitId, by: &Hand| {
        let places = serde_json::from_str(&text).map_err(|_error| CommissionError::Places)?;
        clerk.settle(unit, places, by)
    };
    acts(&site, (&viewer, query.as_deref()), unit, act).await
}

/// Sixteen signs of a fingerprint: enough to tell phones apart.
fn hex(bytes: &[u8]) -> String {
    let signs = bytes.iter().take(8).map(|byte| format!("{byte:02x}"));
    signs.collect()
}

/// The first value of a field.
fn field<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    found.next().map_or("", |(_, value)| value)
}
