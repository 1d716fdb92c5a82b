//! Which address asks for which permission, and what is written down before it is answered: one
//! table, and the one place that goes by it.
//!
//! Whatever is behind the door passes [`permit`]. An address that is not in [`WAYS`] is refused to
//! everybody, so a new one is shut until it has its line. What a role may is in
//! [`crate::staff::Role`]; who has which, in the viewer that the door let in.
//!
//! It writes down what is shown before it is shown ([`Trace`]). What people do about a row is in
//! the ledger already, under their names, and is not written twice.

pub(super) mod notices;
pub(super) mod opened;
pub(super) mod people;

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State as Shared};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use nattsyn_protocol::ids::ResidentId;

use crate::audit::{Act, AuditError, AuditRow, Log};
use crate::staff::{Allowed, Permission};

use super::door::{Viewer, refuse};
use super::texts::{Lang, access as words};
use super::{Site, page};
use opened::Opening;

/// An address behind the door.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) verb: Verb,
    /// As the router knows it. `{resident}` in it is whom the row in the log is about.
    pub(super) path: &'static str,
    pub(super) needs: Permission,
    trace: Trace,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// GET, and HEAD.
    Get,
    Post,
}

/// What is written before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trace {
    /// Nothing here: it shows nothing about anybody, or whoever does it writes it down.
    Nothing,
    /// This; and where it cannot be written, nothing is shown.
    First(Act),
    /// This; and where it cannot be written, or not soon, it is shown all the same: at night
    /// somebody may depend on it. The page says that the log fails, and the row is written late.
    Still(Act),
    /// The same, unless the session has it in the log tonight: for what an open page fetches.
    Once(Act),
}

const fn get(path: &'static str, needs: Permission, trace: Trace) -> Way {
    let verb = Verb::Get;
    Way {
        verb,
        path,
        needs,
        trace,
    }
}

const fn post(path: &'static str, needs: Permission) -> Way {
    Way {
        verb: Verb::Post,
        path,
        needs,
        trace: Trace::Nothing,
    }
}

/// Every address behind the door.
pub(super) const WAYS: &[Way] = &[
    get("/", Permission::SeeNight, Trace::Still(Act::NightOpened)),
    // The same list, on a page that has most likely been written down when it was opened.
    get(
        "/fragment",
        Permission::SeeNight,
        Trace::Once(Act::NightOpened),
    ),
    get(
        "/events",
        Permission::SeeNight,
        Trace::Once(Act::NightOpened),
    ),
    get(
        "/ledger",
        Permission::SeeLedger,
        Trace::First(Act::LedgerOpened),
    ),
    get(
        "/ledger.csv",
        Permission::SeeLedger,
        Trace::First(Act::Exported),
    ),
    get(
        "/morning",
        Permission::SeeLedger,
        Trace::First(Act::LedgerOpened),
    ),
    get(
        "/handover",
        Permission::SeeLedger,
        Trace::Still(Act::LedgerOpened),
    ),
    get("/meter", Permission::SeeLedger, Trace::Nothing),
    get(
        "/residents/{resident}",
        Permission::SeeResident,
        Trace::Still(Act::ResidentOpened),
    ),
    get(
        "/consents",
        Permission::SeeConsent,
        Trace::First(Act::ConsentOpened),
    ),
    get(
        "/residents/{resident}/consent",
        Permission::SeeConsent,
        Trace::First(Act::ConsentOpened),
    ),
    get(
        "/residents/{resident}/consent/note",
        Permission::SeeConsent,
        Trace::First(Act::ConsentOpened),
    ),
    post("/residents/{resident}/consent", Permission::RecordConsent),
    post(
        "/residents/{resident}/consent/withdraw",
        Permission::WithdrawConsent,
    ),
    post(
        "/residents/{resident}/consent/again",
        Permission::RecordConsent,
    ),
    // It names everybody of the home: about the others the page itself writes it down.
    get(
        "/residents/{resident}/place",
        Permission::SeeResident,
        Trace::First(Act::SidesOpened),
    ),
    post("/residents/{resident}/place", Permission::SaySides),
    get("/settings", Permission::SeeSettings, Trace::Nothing),
    get(
        "/thresholds",
        Permission::SeeThresholds,
        Trace::First(Act::ThresholdsOpened),
    ),
    get(
        "/thresholds/consequences",
        Permission::SeeThresholds,
        Trace::First(Act::ThresholdsOpened),
    ),
    get(
        "/thresholds/areas/{area}",
        Permission::SeeThresholds,
        Trace::First(Act::ThresholdsOpened),
    ),
    get(
        "/thresholds/areas/{area}/consequences",
        Permission::SeeThresholds,
        Trace::First(Act::ThresholdsOpened),
    ),
    get(
        "/thresholds/{home}",
        Permission::SeeThresholds,
        Trace::First(Act::ThresholdsOpened),
    ),
    get(
        "/thresholds/{home}/consequences",
        Permission::SeeThresholds,
        Trace::First(Act::ThresholdsOpened),
    ),
    post("/thresholds/propose", Permission::ProposeThresholds),
    post("/thresholds/back", Permission::ProposeThresholds),
    post("/thresholds/withdraw", Permission::ProposeThresholds),
    post("/thresholds/decide", Permission::ApproveThresholds),
    get("/technical", Permission::SeeFaults, Trace::Nothing),
    // Each step is written down by whoever keeps them, before it is sent.
    get("/commission", Permission::Commission, Trace::Nothing),
    get("/commission/{unit}", Permission::Commission, Trace::Nothing),
    get(
        "/commission/{unit}/now",
        Permission::Commission,
        Trace::Nothing,
    ),
    post("/commission/{unit}/begin", Permission::Commission),
    post("/commission/{unit}/lead", Permission::Commission),
    post("/commission/{unit}/try", Permission::Commission),
    post("/commission/{unit}/places", Permission::Commission),
    post("/commission/{unit}/conclude", Permission::Commission),
    // Each step is written down by whoever keeps the book.
    get("/units", Permission::KeepUnits, Trace::Nothing),
    get("/units/{unit}", Permission::KeepUnits, Trace::Nothing),
    get("/units/{unit}/stage", Permission::KeepUnits, Trace::Nothing),
    post("/units", Permission::KeepUnits),
    post("/units/{unit}/code", Permission::KeepUnits),
    post("/units/{unit}/describe", Permission::KeepUnits),
    post("/units/{unit}/confirm", Permission::KeepUnits),
    post("/units/{unit}/install", Permission::KeepUnits),
    post("/units/{unit}/fault", Permission::KeepUnits),
    post("/units/{unit}/mend", Permission::KeepUnits),
    post("/units/{unit}/remove", Permission::KeepUnits),
    post("/units/{unit}/wiped", Permission::KeepUnits),
    get(
        "/labels",
        Permission::SeeNight,
        Trace::First(Act::NightOpened),
    ),
    post("/labels/{check}", Permission::HandleRows),
    post("/rows/{row}", Permission::HandleRows),
    // Each step of a live view is written down by who keeps them, before it is shown.
    post("/rows/{row}/live", Permission::LiveView),
    get("/live/{view}", Permission::LiveView, Trace::Nothing),
    get("/live/{view}/state", Permission::LiveView, Trace::Nothing),
    post("/live/{view}/key", Permission::LiveView),
    post("/live/{view}/assertion", Permission::LiveView),
    post("/live/{view}/end", Permission::LiveView),
    get(
        "/live/{view}/frame/{number}",
        Permission::LiveView,
        Trace::Nothing,
    ),
    post("/matters/{matter}", Permission::HandleRows),
    post("/test-alarms/{trial}", Permission::OwnShift),
    get("/phone", Permission::OwnShift, Trace::Nothing),
    post("/phone", Permission::OwnShift),
    post("/phone/renewed", Permission::OwnShift),
    post("/phone/stop", Permission::OwnShift),
    get("/audit", Permission::ReadLog, Trace::First(Act::LogRead)),
    get(
        "/audit.csv",
        Permission::ReadLog,
        Trace::First(Act::LogExported),
    ),
    get(
        "/residents/{resident}/extract",
        Permission::MakeExtract,
        Trace::First(Act::ExtractMade),
    ),
    get("/account", Permission::OwnShift, Trace::Nothing),
    post("/account/keys/ask", Permission::OwnShift),
    post("/account/keys", Permission::OwnShift),
    post("/account/keys/{key}/remove", Permission::OwnShift),
    get("/access", Permission::OwnShift, Trace::Nothing),
    post("/access/roles", Permission::ReviewAccess),
    post("/access/training", Permission::ReviewAccess),
];

/// What stands in the table for an address.
enum Found {
    Way(&'static Way),
    /// It is asked otherwise.
    OtherVerb(HeaderValue),
    /// It has no line.
    None,
}

fn find(method: &Method, path: &str) -> Found {
    let mut here = WAYS.iter().filter(|way| way.path == path).peekable();
    let Some(first) = here.peek() else {
        return Found::None;
    };
    let allow = match first.verb {
        Verb::Get => HeaderValue::from_static("GET,HEAD"),
        Verb::Post => HeaderValue::from_static("POST"),
    };
    let verb = match *method {
        Method::GET | Method::HEAD => Verb::Get,
        Method::POST => Verb::Post,
        _ => return Found::OtherVerb(allow),
    };
    match here.find(|way| way.verb == verb) {
        Some(way) => Found::Way(way),
        None => Found::OtherVerb(allow),
    }
}

/// Lets through what somebody may, once it is written down.
pub(super) async fn permit(
    Shared(site): Shared<Site>,
    mut request: Request,
    next: Next,
) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let Some(path) = matched.map(|path| path.as_str().to_owned()) else {
        // No such page, as the fallback says.
        return next.run(request).await;
    };
    let Some(mut viewer) = request.extensions().get::<Viewer>().cloned() else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let way = match find(request.method(), &path) {
        Found::Way(way) => way,
        Found::OtherVerb(allow) => {
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, allow)]).into_response();
        }
        Found::None => return forbidden(&request, &viewer),
    };
    if viewer.roles.allow(way.needs) == Allowed::No {
        tracing::warn!(staff = %viewer.me.id, needs = way.needs.word(), "refused");
        let row = row(&site, &viewer, Act::Refused).detail(way.needs.word());
        write_soon(&site.audit, row).await;
        return forbidden(&request, &viewer);
    }
    let shown = (about(way.path, request.uri().path()), detail(&request));
    if let Err(error) = trace(&site, &viewer, (way.trace, shown)).await {
        unwritten(&error);
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return refuse(request.uri(), request.headers(), status, words::NO_LOG);
    }
    viewer.unlogged = site.audit.as_ref().and_then(|log| log.trouble());
    viewer.heads = site.heads.as_ref().map(|heads| *heads.borrow());
    viewer.rights = notices::of(&site, &viewer, way.path).await;
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

/// Writes down what is about to be shown.
async fn trace(
    site: &Site,
    viewer: &Viewer,
    (trace, (about, detail)): (Trace, (Option<ResidentId>, String)),
) -> Result<(), AuditError> {
    let written = |act| AuditRow {
        about,
        ..row(site, viewer, act).detail(detail)
    };
    match trace {
        Trace::Nothing => Ok(()),
        Trace::First(act) => write(&site.audit, written(act)).await,
        Trace::Still(act) => {
            if act == Act::NightOpened {
                site.opened.open(viewer, site.tonight.borrow().night);
            }
            write_soon(&site.audit, written(act)).await;
            Ok(())
        }
        Trace::Once(act) => {
            let night = site.tonight.borrow().night;
            match site.opened.open(viewer, night) {
                Opening::First => write_soon(&site.audit, written(act)).await,
                Opening::Again => {}
            }
            Ok(())
        }
    }
}

/// A row about something that a viewer does now.
pub(super) fn row(site: &Site, viewer: &Viewer, act: Act) -> AuditRow {
    AuditRow::new(site.tonight.borrow().now, viewer.me.id.clone(), act)
}

/// Writes a row, if there is a log.
pub(super) async fn write(log: &Option<Arc<Log>>, row: AuditRow) -> Result<(), AuditError> {
    match log {
        Some(log) => log.record_aside(row).await.map(drop),
        None => Ok(()),
    }
}

/// Writes a row about what is shown in any case, if there is a log.
pub(super) async fn write_soon(log: &Option<Arc<Log>>, row: AuditRow) {
    if let Some(log) = log
        && let Err(error) = log.record_soon(row).await
    {
        unwritten(&error);
    }
}

/// Says in the hub's own log that nothing could be written into the log.
pub(super) fn unwritten(error: &AuditError) {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the log takes no row"
    );
}

/// Whom an address is about, where it names somebody.
fn about(pattern: &str, path: &str) -> Option<ResidentId> {
    let place = pattern.split('/').position(|part| part == "{resident}")?;
    path.split('/').nth(place)?.parse().ok()
}

/// The address without its query but for the night, which is all of it that says what was shown.
fn detail(request: &Request) -> String {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let night = query.split('&').find(|pair| {
        let night = pair.strip_prefix("night=");
        night.is_some_and(|night| night.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
    });
    match night {
        Some(night) => format!("{} {night}", uri.path()),
        None => uri.path().to_owned(),
    }
}

/// The answer to somebody who may not: to a browser what they may instead.
fn forbidden(request: &Request, viewer: &Viewer) -> Response {
    let lang = Lang::from_query(request.uri().query());
    let status = StatusCode::FORBIDDEN;
    let accepts = request.headers().get(axum::http::header::ACCEPT);
    match accepts {
        Some(accept) if accept.as_bytes() == b"text/plain" => {
            (status, words::FORBIDDEN.to(lang)).into_response()
        }
        Some(_) | None => {
            let body = page::access::forbidden(lang, viewer);
            (status, Html(body.into_string())).into_response()
        }
    }
}
