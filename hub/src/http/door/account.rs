//! One's own account over HTTP: what one may, and the keys that one has registered.
//!
//! A key is registered by a module in the page (`assets/keys.js`) and only after the PIN was typed
//! once more: a phone left lying must not become a key for good. What is registered is for
//! [`crate::staff::Rights`].

use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::{Form, body::Bytes};
use serde::Deserialize;

use crate::staff::webauthn::{KeyError, Purpose, Registration};
use crate::staff::{Pin, Refusal, Rights};
use crate::store::{Doer, StoreError};

use super::super::page::{self, account::Account};
use super::super::texts::{Lang, Phrase, account as words, door as door_words};
use super::super::{Site, acts::Reader};
use super::entrance::Asked;
use super::{Door, Pass, Viewer, see_other};

/// One's own page.
pub(in crate::http) async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let tonight = site.tonight.borrow().clone();
    let Some(rights) = site.rights.clone() else {
        let account = Account {
            standing: None,
            keys: None,
        };
        let body = page::account::document((&tonight, &viewer), lang, &account);
        return Html(body.into_string()).into_response();
    };
    let id = viewer.me.id.clone();
    let found = aside(rights.clone(), move |rights| rights.standing(&id)).await;
    match found {
        Ok(standing) => {
            let account = Account {
                standing: Some(standing),
                keys: rights.party().map(|party| party.host.clone()),
            };
            let body = page::account::document((&tonight, &viewer), lang, &account);
            Html(body.into_string()).into_response()
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "no account to show");
            said(
                lang,
                StatusCode::SERVICE_UNAVAILABLE,
                door_words::UNREADABLE,
            )
        }
    }
}

/// The PIN, typed once more.
#[derive(Deserialize)]
pub(in crate::http) struct Confirmation {
    #[serde(default)]
    pin: String,
}

/// A challenge for a new key, as JSON for the page's module.
pub(in crate::http) async fn ask(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    Form(typed): Form<Confirmation>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let told = |status: StatusCode, why: String| (status, why).into_response();
    match (&site.door, &viewer.pass) {
        (Door::Everybody(_), _) => {}
        (Door::Staff(..), Pass::Open) => {
            let why = door_words::SIGN_IN_AGAIN.to(lang).to_owned();
            return told(StatusCode::UNAUTHORIZED, why);
        }
        (Door::Staff(porter, _), Pass::Session(token)) => {
            let pin = Pin::typed(&typed.pin);
            if let Err(refusal) = porter.confirm(&viewer.me.id, pin, token).await {
                let (status, why) = unconfirmed(lang, &refusal);
                return told(status, why);
            }
        }
    }
    let Some(rights) = &site.rights else {
        return told(
            StatusCode::CONFLICT,
            door_words::NO_KEYS.to(lang).to_owned(),
        );
    };
    let purpose = Purpose::Register(viewer.me.id.clone());
    match (rights.party(), rights.ask(purpose)) {
        (Some(party), Ok(challenge)) => Asked::new(party, challenge).answer(),
        (Some(_), Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "no challenge");
            let why = door_words::UNREADABLE.to(lang).to_owned();
            told(StatusCode::SERVICE_UNAVAILABLE, why)
        }
        (None, _) => told(
            StatusCode::CONFLICT,
            door_words::NO_KEYS.to(lang).to_owned(),
        ),
    }
}

fn unconfirmed(lang: Lang, refusal: &Refusal) -> (StatusCode, String) {
    match refusal {
        Refusal::Wrong | Refusal::Key(_) => {
            (StatusCode::CONFLICT, words::WRONG_PIN.to(lang).to_owned())
        }
        Refusal::Wait(pause) => {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            let why = super::super::texts::door::wait(lang, seconds);
            (StatusCode::TOO_MANY_REQUESTS, why)
        }
        Refusal::Crowded => (
            StatusCode::SERVICE_UNAVAILABLE,
            door_words::CROWDED.to(lang).to_owned(),
        ),
        Refusal::Register(_) | Refusal::Random(_) | Refusal::Check(_) => {
            let error = refusal as &dyn std::error::Error;
            tracing::error!(error, "no PIN can be confirmed");
            let why = door_words::UNREADABLE.to(lang).to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}

/// What the page's module sends.
#[derive(Deserialize)]
pub(in crate::http) struct NewKey {
    registration: String,
}

/// Takes a new key in.
pub(in crate::http) async fn add(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    Form(form): Form<NewKey>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Ok(new) = serde_json::from_str::<Registration>(&form.registration) else {
        return said(lang, StatusCode::BAD_REQUEST, words::KEY_BAD);
    };
    let Some(rights) = site.rights.clone() else {
        return said(lang, StatusCode::CONFLICT, door_words::NO_KEYS);
    };
    let (id, now) = (viewer.me.id.clone(), site.tonight.borrow().now);
    let registered = tokio::task::spawn_blocking(move || rights.register(&id, &new, now)).await;
    match registered {
        Ok(Ok(())) => see_other(&page::account::address(lang)),
        Ok(Err(error)) => {
            let (status, why) = not_taken(&error);
            let error = &error as &dyn std::error::Error;
            tracing::warn!(staff = %viewer.me.id, error, "a key not taken");
            said(lang, status, why)
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "a key not taken");
            said(
                lang,
                StatusCode::SERVICE_UNAVAILABLE,
                door_words::UNREADABLE,
            )
        }
    }
}

fn not_taken(error: &KeyError) -> (StatusCode, Phrase) {
    match error {
        KeyError::NoParty => (StatusCode::CONFLICT, door_words::NO_KEYS),
        KeyError::Taken => (StatusCode::CONFLICT, words::KEY_TAKEN),
        KeyError::TooMany => (StatusCode::CONFLICT, words::KEY_MANY),
        KeyError::NotAsked
        | KeyError::Malformed
        | KeyError::AnotherSite
        | KeyError::NobodyThere
        | KeyError::AnotherKind
        | KeyError::Unknown
        | KeyError::Assertion(_) => (StatusCode::BAD_REQUEST, words::KEY_BAD),
        KeyError::Store(_) | KeyError::Random(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, door_words::UNREADABLE)
        }
    }
}

/// Removes one of one's own keys: a phone that was lost signs nobody in.
pub(in crate::http) async fn remove(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(key): Path<i64>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _body: Bytes,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Some(rights) = site.rights.clone() else {
        return said(lang, StatusCode::CONFLICT, door_words::NO_KEYS);
    };
    let (id, at) = (viewer.me.id.clone(), site.tonight.borrow().now);
    let removed = aside(rights, move |rights| {
        rights.file().remove_key((&id, key), Doer { by: &id, at })
    });
    match removed.await {
        Ok(()) => see_other(&page::account::address(lang)),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "a key not removed");
            let why = door_words::UNREADABLE.to(lang);
            Reader::of(&headers).refused(lang, StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}

/// Reads or writes rights where blocking harms nobody.
pub(in crate::http) async fn aside<T: Send + 'static>(
    rights: Arc<Rights>,
    act: impl FnOnce(&Rights) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(move || act(&rights)).await;
    done.unwrap_or_else(|panic| {
        let error = &panic as &dyn std::error::Error;
        tracing::error!(error, "reading rights");
        Err(StoreError::Row {
            doing: "reading who may do what",
            what: "nothing".to_owned(),
        })
    })
}

fn said(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    (status, Html(page::refusal(lang, why).into_string())).into_response()
}
