//! Thresholds over HTTP: the pages of municipality, areas and homes, what a change would have made
//! of the last nights, and what people propose and decide.
//!
//! It turns a form into levels at a place and an answer into a page; what follows is for
//! [`crate::tuning`]. Everything works without a script: *Visa följderna* asks for the page with
//! the sliders where they were put. Each act is written into the log in the commit that does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Extension, Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};

use nattsyn_protocol::ids::HomeId;

use crate::agreement::file::Said;
use crate::commission::suited::Share;
use crate::settings::compare::Place;
use crate::tuning::book::DecisionError;
use crate::tuning::clerk::{Clerk, File};
use crate::tuning::counter::TuningError;
use crate::tuning::{ChangeId, Decision, Gone, Levels, place_of};

use super::door::{Viewer, see_other};
use super::page::tuning::{Shown, Wish, consequences, document, path};
use super::texts::{Lang, Phrase, tuning as says};
use super::{Site, page};

/// Longest form: one text of a page, every sign of it escaped.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// A form, or a query, as a browser sends it.
type Pairs = Vec<(String, String)>;

/// The addresses behind the door.
pub(super) fn inside() -> Router<Site> {
    Router::new()
        .route("/thresholds", get(municipality))
        .route("/thresholds/consequences", get(of_municipality))
        .route("/thresholds/areas/{area}", get(area))
        .route("/thresholds/areas/{area}/consequences", get(of_area))
        .route("/thresholds/{home}", get(home))
        .route("/thresholds/{home}/consequences", get(of_home))
        .route("/thresholds/propose", post(propose))
        .route("/thresholds/back", post(go_back))
        .route("/thresholds/withdraw", post(withdraw))
        .route("/thresholds/decide", post(decide))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// Why there is no page.
enum Refused {
    NotHere,
    NoSuch,
    Busy,
    Unreadable,
}

impl Refused {
    fn answer(&self, lang: Lang) -> Response {
        let (status, why): (StatusCode, Phrase) = match self {
            Self::NotHere => (StatusCode::SERVICE_UNAVAILABLE, says::NOT_HERE),
            Self::NoSuch => (StatusCode::NOT_FOUND, says::NO_SUCH),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, says::BUSY),
            Self::Unreadable => (StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE),
        };
        let body = page::refusal(lang, why).into_string();
        (status, Html(body)).into_response()
    }
}

/// Asks the clerk, off the thread that serves.
async fn ask<T: Send + 'static>(
    site: &Site,
    act: impl FnOnce(&Clerk) -> Result<T, TuningError> + Send + 'static,
) -> Result<Result<T, TuningError>, Refused> {
    let Some(clerk) = site.thresholds.clone() else {
        return Err(Refused::NotHere);
    };
    let asked = tokio::task::spawn_blocking(move || act(&clerk)).await;
    asked.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "no answer");
        Refused::Unreadable
    })
}

/// What was done wrongly, in words; anything else is the hub's fault.
fn trouble(error: &TuningError) -> Result<Said, Refused> {
    let said = match error {
        TuningError::Wish(wish) => wish.to_string(),
        TuningError::Decision(decision) => decision.to_string(),
        TuningError::Settings(_) | TuningError::Store(_) => {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "thresholds cannot be read or written");
            return Err(Refused::Unreadable);
        }
    };
    let (sv, en) = said.split_once(" / ").unwrap_or((&said, &said));
    Ok(Said::new(sv, en))
}

/// How what was not done is answered.
fn status(error: &TuningError) -> StatusCode {
    match error {
        TuningError::Decision(DecisionError::Overtaken | DecisionError::Decided) => {
            StatusCode::CONFLICT
        }
        TuningError::Wish(_)
        | TuningError::Decision(
            DecisionError::NoSuch | DecisionError::Own | DecisionError::Others,
        )
        | TuningError::Settings(_)
        | TuningError::Store(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Reads all about a place, if it is one, and makes something of it: off the thread that serves,
/// and only so many at once ([`Clerk::turn_to_count`]).
async fn counted(
    site: &Site,
    place: &Place,
    make: impl FnOnce(&File, &Place) -> String + Send + 'static,
) -> Result<String, Refused> {
    let clerk = site.thresholds.as_ref().ok_or(Refused::NotHere)?;
    let turn = clerk.turn_to_count().await.ok_or(Refused::Busy)?;
    let place = place.clone();
    let made = ask(site, move |clerk| {
        // Kept until it is counted, also where nobody waits for it any more.
        let _turn = turn;
        let file = clerk.file(&place)?;
        file.map().examine_place(&place)?;
        Ok(make(&file, &place))
    });
    made.await?.map_err(|error| match trouble(&error) {
        Ok(_) => Refused::NoSuch,
        Err(refused) => refused,
    })
}

/// Homes that sensor mode does not suit; none where nothing is commissioned here.
async fn unsuited(site: &Site) -> Result<BTreeMap<HomeId, Share>, Refused> {
    let Some(clerk) = site.commissioning.clone() else {
        return Ok(BTreeMap::new());
    };
    let read = tokio::task::spawn_blocking(move || clerk.unsuited()).await;
    let read = read.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "no answer");
        Refused::Unreadable
    })?;
    read.map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "trials cannot be read"
        );
        Refused::Unreadable
    })
}

/// The page of a place.
async fn render(
    site: &Site,
    (lang, viewer): (Lang, &Viewer),
    place: &Place,
    (pairs, trouble): (&Pairs, Option<Said>),
) -> Result<String, Refused> {
    let tonight = site.tonight.borrow().clone();
    let (pairs, viewer) = (pairs.clone(), viewer.clone());
    let unsuited = unsuited(site).await?;
    counted(site, place, move |file, place| {
        let shown = Shown {
            place,
            wish: wish(&pairs, file, place),
            why: field(&pairs, "why"),
            gone: gone(&pairs),
            trouble,
            file,
            unsuited: &unsuited,
            tonight: &tonight,
            lang,
            viewer: &viewer,
        };
        document(&shown).into_string()
    })
    .await
}

/// The first value of a field.
fn field<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    found.next().map_or("", |(_, value)| value)
}

fn gone(pairs: &Pairs) -> Gone {
    match field(pairs, "anew") {
        "yes" => Gone::Anew,
        _ => Gone::AsBefore,
    }
}

fn lang(pairs: &Pairs) -> Lang {
    match field(pairs, "lang") {
        "en" => Lang::English,
        _ => Lang::Swedish,
    }
}

/// Where the sliders stand: where they were put, or where what is in force puts them.
fn wish(pairs: &Pairs, file: &File, place: &Place) -> Wish {
    let in_force = file.map().of(place).value;
    let level = |name, otherwise| field(pairs, name).parse().unwrap_or(otherwise);
    let levels = Levels {
        visible: level("visible", in_force.visible),
        not_visible: level("not_visible", in_force.not_visible),
    };
    match field(pairs, "inherit") {
        "yes" => Wish::Inherit(levels),
        _ if levels == in_force => Wish::AsNow(levels),
        _ => Wish::Levels(levels),
    }
}

fn place_of_area(area: &str) -> Result<Place, Refused> {
    let area = area.parse().map_err(|_error| Refused::NoSuch)?;
    Ok(Place::Area(area))
}

fn place_of_home(home: &str) -> Result<Place, Refused> {
    let home = home.parse().map_err(|_error| Refused::NoSuch)?;
    Ok(Place::Home(home))
}

async fn show(
    site: &Site,
    viewer: &Viewer,
    place: Result<Place, Refused>,
    pairs: &Pairs,
) -> Response {
    let lang = lang(pairs);
    let shown = async { render(site, (lang, viewer), &place?, (pairs, None)).await };
    match shown.await {
        Ok(body) => Html(body).into_response(),
        Err(refused) => refused.answer(lang),
    }
}

async fn municipality(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Query(pairs): Query<Pairs>,
) -> Response {
    show(&site, &viewer, Ok(Place::Municipality), &pairs).await
}

async fn area(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(area): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    show(&site, &viewer, place_of_area(&area), &pairs).await
}

async fn home(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(home): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    show(&site, &viewer, place_of_home(&home), &pairs).await
}

/// What an open page fetches while a slider is moved.
async fn fragment(site: &Site, place: Result<Place, Refused>, pairs: &Pairs) -> Response {
    let lang = lang(pairs);
    let pairs = pairs.clone();
    let fragment = async {
        counted(site, &place?, move |file, place| {
            consequences(lang, file, place, wish(&pairs, file, place)).into_string()
        })
        .await
    };
    match fragment.await {
        Ok(body) => Html(body).into_response(),
        Err(Refused::NoSuch) => StatusCode::NOT_FOUND.into_response(),
        Err(Refused::NotHere | Refused::Busy | Refused::Unreadable) => {
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn of_municipality(Shared(site): Shared<Site>, Query(pairs): Query<Pairs>) -> Response {
    fragment(&site, Ok(Place::Municipality), &pairs).await
}

async fn of_area(
    Shared(site): Shared<Site>,
    Path(area): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    fragment(&site, place_of_area(&area), &pairs).await
}

async fn of_home(
    Shared(site): Shared<Site>,
    Path(home): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    fragment(&site, place_of_home(&home), &pairs).await
}

/// What somebody does at the place that a form names, and then the place's page: anew if it was
/// done, otherwise with why not and what was typed.
async fn acts<T: Send + 'static>(
    site: &Site,
    viewer: &Viewer,
    (query, pairs): (&Pairs, &Pairs),
    act: impl FnOnce(&Clerk, &Place) -> Result<T, TuningError> + Send + 'static,
) -> Response {
    let lang = lang(query);
    let done = async {
        let place = Arc::new(place_of(field(pairs, "place")).ok_or(Refused::NoSuch)?);
        let at = Arc::clone(&place);
        match ask(site, move |clerk| act(clerk, &at)).await? {
            Ok(_) => Ok((place, None)),
            Err(error) => {
                let (status, said) = (status(&error), trouble(&error)?);
                let body = render(site, (lang, viewer), &place, (pairs, Some(said))).await?;
                Ok((place, Some((status, body))))
            }
        }
    };
    match done.await {
        Ok((place, None)) => see_other(&format!("{}?lang={}", path(&place), lang.tag())),
        Ok((_, Some((status, body)))) => (status, Html(body)).into_response(),
        Err(refused) => Refused::answer(&refused, lang),
    }
}

async fn propose(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Query(query): Query<Pairs>,
    Form(pairs): Form<Pairs>,
) -> Response {
    let (by, form) = (viewer.me.id.clone(), pairs.clone());
    acts(&site, &viewer, (&query, &pairs), move |clerk, place| {
        // What is no level is beyond the grid.
        let level = |name| field(&form, name).parse().unwrap_or(u8::MAX);
        let levels = Levels {
            visible: level("visible"),
            not_visible: level("not_visible"),
        };
        let levels = (field(&form, "inherit") != "yes").then_some(levels);
        clerk.propose(place, (levels, gone(&form)), (field(&form, "why"), &by))
    })
    .await
}

async fn go_back(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Query(query): Query<Pairs>,
    Form(pairs): Form<Pairs>,
) -> Response {
    let (by, undoes) = (viewer.me.id.clone(), change(&pairs, "undoes"));
    let shown = field(&pairs, "shown").to_owned();
    acts(&site, &viewer, (&query, &pairs), move |clerk, place| {
        // The language in which everything is kept.
        let why = says::BACK_WHY.to(Lang::Swedish);
        clerk.go_back(place, (undoes, &shown), (why, &by))
    })
    .await
}

async fn withdraw(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Query(query): Query<Pairs>,
    Form(pairs): Form<Pairs>,
) -> Response {
    let (by, id) = (viewer.me.id.clone(), change(&pairs, "change"));
    acts(&site, &viewer, (&query, &pairs), move |clerk, _| {
        clerk.decide(id, (Decision::Withdrawn, ""), &by)
    })
    .await
}

async fn decide(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Query(query): Query<Pairs>,
    Form(pairs): Form<Pairs>,
) -> Response {
    let (by, id) = (viewer.me.id.clone(), change(&pairs, "change"));
    let decision = match field(&pairs, "verdict") {
        "approve" => Decision::Approved,
        "refuse" => Decision::Refused,
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    let shown = field(&pairs, "shown").to_owned();
    acts(&site, &viewer, (&query, &pairs), move |clerk, _| {
        clerk.decide(id, (decision, &shown), &by)
    })
    .await
}

/// The change that a form names; none of that number if it names none.
fn change(pairs: &Pairs, name: &str) -> ChangeId {
    ChangeId(field(pairs, name).parse().unwrap_or_default())
}
