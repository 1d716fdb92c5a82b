//! Who sleeps where over HTTP: the page of a resident's home, and what is said on it.
//!
//! It turns a form into an act of the clerk and an answer into a page; what follows is for
//! [`crate::commission`]. The page names everybody of the home, so it is written down about each
//! of them before it is shown. It works without a script.

use axum::extract::{DefaultBodyLimit, Extension, Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Form, Router};

use nattsyn_protocol::ids::ResidentId;

use crate::audit::Act;
use crate::commission::clerk::{Bedroom, Clerk};
use crate::commission::counter::{CommissionError, Hand};
use crate::store::StoreError;

use super::door::{Viewer, see_other};
use super::page::sides::{self as drawn, Shown};
use super::texts::{
    Lang, Phrase, commission as commissioning, resident as residents, sides as says,
};
use super::{Site, access, page};

/// Longest form: four ids.
const FORM_BYTES_MAX: usize = 4 * 1024;

type Pairs = Vec<(String, String)>;

/// The addresses behind the door.
pub(super) fn inside() -> Router<Site> {
    Router::new()
        .route("/residents/{resident}/place", get(show).post(say))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// Why there is no page.
enum Refused {
    NotHere,
    NoSuch,
    Unreadable,
    NoLog,
}

impl Refused {
    fn answer(&self, lang: Lang) -> Response {
        let (status, why): (StatusCode, Phrase) = match self {
            Self::NotHere => (StatusCode::SERVICE_UNAVAILABLE, commissioning::NOT_HERE),
            Self::NoSuch => (StatusCode::NOT_FOUND, residents::NO_SUCH),
            Self::Unreadable => (StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE),
            Self::NoLog => (
                StatusCode::SERVICE_UNAVAILABLE,
                super::texts::access::NO_LOG,
            ),
        };
        let body = page::refusal(lang, why).into_string();
        (status, Html(body)).into_response()
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

fn unreadable(error: &StoreError) -> Refused {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "who sleeps where cannot be read");
    Refused::Unreadable
}

async fn bedroom(site: &Site, resident: &str) -> Result<(ResidentId, Bedroom), Refused> {
    let resident: ResidentId = resident.parse().map_err(|_error| Refused::NoSuch)?;
    let read = with_clerk(site, move |clerk| clerk.bedroom(resident)).await?;
    let bedroom = read.map_err(|error| unreadable(&error))?;
    Ok((resident, bedroom.ok_or(Refused::NoSuch)?))
}

/// The page, once it is written down about everybody whom it names.
async fn render(
    site: &Site,
    (lang, viewer): (Lang, &Viewer),
    resident: &str,
    trouble: Option<Phrase>,
) -> Result<String, Refused> {
    let (resident, bedroom) = bedroom(site, resident).await?;
    // The one in the address was written down at the door, but for a form that was refused.
    let is_written = trouble.is_none();
    let unwritten = bedroom.residents.iter();
    let unwritten = unwritten.filter(|who| who.id != resident || !is_written);
    for who in unwritten {
        let row = access::row(site, viewer, Act::SidesOpened).about(who.id);
        access::write(&site.audit, row).await.map_err(|error| {
            access::unwritten(&error);
            Refused::NoLog
        })?;
    }
    let tonight = site.tonight.borrow().clone();
    let shown = Shown {
        resident,
        bedroom: &bedroom,
        trouble,
        tonight: &tonight,
        lang,
        viewer,
    };
    Ok(drawn::document(&shown).into_string())
}

async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(resident): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    match render(&site, (lang, &viewer), &resident, None).await {
        Ok(body) => Html(body).into_response(),
        Err(refused) => refused.answer(lang),
    }
}

async fn say(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(resident): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let error = match try_say(&site, &viewer, &resident, &pairs).await {
        Ok(Ok(())) => {
            let address = format!("/residents/{resident}/place?lang={}", lang.tag());
            return see_other(&address);
        }
        Ok(Err(error)) => error,
        Err(refused) => return refused.answer(lang),
    };
    let Some(trouble) = says::trouble(&error) else {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "who sleeps where cannot be written down");
        return Refused::Unreadable.answer(lang);
    };
    match render(&site, (lang, &viewer), &resident, Some(trouble)).await {
        Ok(body) => (StatusCode::UNPROCESSABLE_ENTITY, Html(body)).into_response(),
        Err(refused) => refused.answer(lang),
    }
}

async fn try_say(
    site: &Site,
    viewer: &Viewer,
    resident: &str,
    pairs: &Pairs,
) -> Result<Result<(), CommissionError>, Refused> {
    let (_, bedroom) = bedroom(site, resident).await?;
    let said = pairs.iter().find(|(key, _)| key == "sides");
    let named = said.map_or("", |(_, value)| value.as_str());
    // An id that is none is nobody's, and said to be wrong with the rest.
    let named: Vec<ResidentId> = named.split(' ').filter_map(|id| id.parse().ok()).collect();
    let by = Hand {
        who: viewer.me.id.clone(),
        seat: None,
    };
    with_clerk(site, move |clerk| clerk.say(bedroom.unit, &named, &by)).await
}
