//! "Behörigheter" over HTTP: the matrix for everybody, and for whoever goes through access also who
//! has which roles, when they were last here, and what is done about it.

use axum::Form;
use axum::extract::{Extension, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;

use crate::staff::{Allowed, Permission, Role};
use crate::store::{Doer, RoleEvent, StoreError};
use crate::watch::StaffId;

use super::super::door::account::aside;
use super::super::door::{Viewer, see_other};
use super::super::texts::{Lang, Phrase, access as words, door as door_words, hands};
use super::super::{Site, page};

/// The page.
pub(in crate::http) async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let tonight = site.tonight.borrow().clone();
    let reviews = viewer.roles.allow(Permission::ReviewAccess);
    let review = match (site.rights.clone(), reviews) {
        (Some(rights), Allowed::Yes) => match aside(rights, |rights| rights.people()).await {
            Ok(people) => Some(people),
            Err(error) => {
                unreadable(&error);
                return said(
                    lang,
                    StatusCode::SERVICE_UNAVAILABLE,
                    door_words::UNREADABLE,
                );
            }
        },
        (None, _) | (Some(_), Allowed::No) => None,
    };
    let every = site.rights.as_ref().map(|rights| rights.review_every());
    let shown = (review.as_deref(), every);
    let body = page::access::document((&tonight, &viewer), lang, shown);
    Html(body.into_string()).into_response()
}

/// What a form says about somebody's role.
#[derive(Deserialize)]
pub(in crate::http) struct Verdict {
    staff: String,
    role: String,
    verdict: String,
}

/// A role is confirmed, or taken away.
pub(in crate::http) async fn judge(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    Form(form): Form<Verdict>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let event = match form.verdict.as_str() {
        "confirm" => Some(RoleEvent::Confirmed),
        "remove" => Some(RoleEvent::Taken),
        _ => None,
    };
    let staff = form.staff.parse::<StaffId>().ok();
    let role = form.role.parse::<Role>().ok();
    let (Some(event), Some(staff), Some(role)) = (event, staff, role) else {
        return said(lang, StatusCode::BAD_REQUEST, hands::BAD);
    };
    let Some(rights) = site.rights.clone() else {
        return said(lang, StatusCode::CONFLICT, words::NOT_HELD);
    };
    let (by, at) = (viewer.me.id.clone(), site.tonight.borrow().now);
    let done = aside(rights, move |rights| {
        let mut file = rights.file();
        let holding = file.standing(&staff)?;
        if !holding.held.iter().any(|held| held.role == role) {
            return Ok(false);
        }
        file.set_role((&staff, role), event, Doer { by: &by, at })?;
        Ok(true)
    });
    answer(lang, done.await)
}

/// What a form says about somebody's training.
#[derive(Deserialize)]
pub(in crate::http) struct Trained {
    staff: String,
    day: String,
}

/// Somebody was trained.
pub(in crate::http) async fn train(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    Form(form): Form<Trained>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let (tonight, day) = (site.tonight.borrow().clone(), form.day.parse::<Date>().ok());
    // A day that has not been is a slip of the pen.
    let today = tonight.night.tomorrow().ok();
    let day = day.filter(|day| today.is_some_and(|today| *day <= today));
    let (Some(day), Ok(staff)) = (day, form.staff.parse::<StaffId>()) else {
        return said(lang, StatusCode::BAD_REQUEST, words::BAD_DAY);
    };
    let Some(rights) = site.rights.clone() else {
        return said(lang, StatusCode::CONFLICT, words::NOT_HELD);
    };
    let (by, at) = (viewer.me.id.clone(), tonight.now);
    let done = aside(rights, move |rights| {
        if !rights
            .people()?
            .iter()
            .any(|person| person.member.id == staff)
        {
            return Ok(false);
        }
        rights.file().train(&staff, day, Doer { by: &by, at })?;
        Ok(true)
    });
    answer(lang, done.await)
}

fn answer(lang: Lang, done: Result<bool, StoreError>) -> Response {
    match done {
        Ok(true) => see_other(&format!("/access?lang={}#people", lang.tag())),
        Ok(false) => said(lang, StatusCode::CONFLICT, words::NOT_HELD),
        Err(error) => {
            unreadable(&error);
            said(
                lang,
                StatusCode::SERVICE_UNAVAILABLE,
                door_words::UNREADABLE,
            )
        }
    }
}

fn unreadable(error: &StoreError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "access cannot be gone through");
}

fn said(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    (status, Html(page::refusal(lang, why).into_string())).into_response()
}
