//! A resident's page over HTTP.
//!
//! Reads through an [`Archive`](crate::store::Archive), off the thread that serves, and beside it
//! tonight as the service last sent it. It changes nothing. Whom nobody knows is said, and what
//! cannot be read is never shown as nothing.

use axum::Extension;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use nattsyn_protocol::ids::{HomeId, ResidentId};

use crate::commission::clerk::Bedroom;
use crate::notify::settings::Chain;
use crate::notify::teller::Told;
use crate::settings::{Settings, words};
use crate::store::{SettingsVersion, StoreError};
use crate::view::Tonight;
use crate::view::resident::ResidentFile;

use super::door::Viewer;
use super::page::resident::{Answering, OfHome};
use super::texts::{Lang, Phrase, resident as says};
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
        return refused(lang, StatusCode::NOT_FOUND, says::NO_SUCH);
    };
    let Some(archive) = site.archive.clone() else {
        return refused(lang, StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE);
    };
    let (tonight, told) = (site.tonight.borrow().clone(), site.told_now());
    let night = tonight.night;
    let read = move || Ok((archive.resident(id, night)?, archive.settings()?));
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok((Some(file), versions))) => {
            let of_home = OfHome {
                answering: answering(&versions, &told, home_of(&tonight, &file)),
                bedroom: bedroom(&site, id).await,
            };
            let shown = (&*tonight, &*told);
            let body = page::resident_page(shown, lang, &viewer, (&file, &of_home));
            Html(body.into_string()).into_response()
        }
        Ok(Ok((None, _))) => refused(lang, StatusCode::NOT_FOUND, says::NO_SUCH),
        Ok::<Result<_, StoreError>, _>(Err(error)) => {
            tracing::error!(resident = %id, error = &error as &dyn std::error::Error, "unreadable");
            refused(lang, StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE)
        }
        Err(error) => {
            tracing::error!(resident = %id, error = &error as &dyn std::error::Error, "unreadable");
            refused(lang, StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE)
        }
    }
}

/// Who sleeps where. A page that somebody may depend on at night is shown without it too.
async fn bedroom(site: &Site, resident: ResidentId) -> Option<Bedroom> {
    let clerk = site.commissioning.clone()?;
    let read = tokio::task::spawn_blocking(move || clerk.bedroom(resident)).await;
    match read {
        Ok(Ok(bedroom)) => bedroom,
        Ok(Err(error)) => {
            tracing::error!(%resident, error = &error as &dyn std::error::Error, "unreadable");
            None
        }
        Err(error) => {
            tracing::error!(%resident, error = &error as &dyn std::error::Error, "unreadable");
            None
        }
    }
}

fn home_of(tonight: &Tonight, file: &ResidentFile) -> Option<HomeId> {
    let mut homes = tonight.homes.iter();
    let home = homes.find(|home| Some(home.unit) == file.unit);
    home.map(|home| home.home)
}

/// What is set for a home, by the version of the settings that is in force.
fn answering(versions: &[SettingsVersion], told: &Told, home: Option<HomeId>) -> Option<Answering> {
    let is_held = |version: &&SettingsVersion| Some(version.number) == told.settings;
    let held = versions.iter().find(is_held).or(versions.last())?;
    let settings = Settings::read(&held.body).ok()?;
    let applied = settings.of_home(home);
    let of_team = |chain: &&Chain| Some(&chain.name) == applied.team.value.as_ref();
    let steps = settings.teams().iter().find(of_team).map(words::steps);
    Some(Answering { applied, steps })
}

fn refused(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    let body = page::refusal(lang, why).into_string();
    (status, Html(body)).into_response()
}
