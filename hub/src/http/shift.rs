//! What a shift needs about itself over HTTP: the handover, and the meter.
//!
//! Both show and change nothing.

use axum::Extension;
use axum::extract::{RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Time;
use jiff::tz::TimeZone;

use nattsyn_protocol::time::Timestamp;

use crate::view::Tonight;
use crate::view::meter::Meter;

use super::door::Viewer;
use super::page::handover::Since;
use super::texts::{Lang, Phrase, ledger, shift as words};
use super::{Site, page};

/// From when a handover tells if nobody chose: when a night shift has usually begun.
const SINCE: Time = jiff::civil::time(21, 0, 0, 0);

/// The handover.
pub(super) async fn handover(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let (tonight, told) = (site.tonight.borrow().clone(), site.told_now());
    let Some(since) = since(query.as_deref(), &tonight) else {
        return refused(lang, StatusCode::BAD_REQUEST, words::BAD_TIME);
    };
    let Some(archive) = site.archive.clone() else {
        return refused(lang, StatusCode::SERVICE_UNAVAILABLE, ledger::NO_LEDGER);
    };
    let night = tonight.night;
    match tokio::task::spawn_blocking(move || archive.account(night)).await {
        Ok(Ok(account)) => {
            let shown = (&*tonight, &*told);
            let body = page::handover_page(shown, lang, &viewer, (&account, &since));
            Html(body.into_string()).into_response()
        }
        Ok(Err(error)) => {
            tracing::error!(%night, error = &error as &dyn std::error::Error, "no handover");
            refused(lang, StatusCode::SERVICE_UNAVAILABLE, ledger::NO_LEDGER)
        }
        Err(error) => {
            tracing::error!(%night, error = &error as &dyn std::error::Error, "no handover");
            refused(lang, StatusCode::SERVICE_UNAVAILABLE, ledger::NO_LEDGER)
        }
    }
}

/// The meter.
pub(super) async fn meter(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Html<String> {
    let lang = Lang::from_query(query.as_deref());
    let (tonight, told) = (site.tonight.borrow().clone(), site.told_now());
    let meter = Meter::of(&tonight, viewer.operators().await);
    Html(page::meter_page((&tonight, &told), lang, &viewer, &meter).into_string())
}

/// Since when: a time of day that was chosen, on the night that is shown; `None` if it is none.
fn since(query: Option<&str>, tonight: &Tonight) -> Option<Since> {
    let asked = query.unwrap_or_default().split('&');
    let asked = asked.filter_map(|pair| pair.strip_prefix("since=")).next();
    let time: Time = match asked {
        None | Some("") => SINCE,
        // A browser escapes the colon of a time.
        Some(text) => text.replace("%3A", ":").parse().ok()?,
    };
    let day = if time.hour() < 12 {
        tonight.night.tomorrow().ok()?
    } else {
        tonight.night
    };
    let zone = TimeZone::get(&tonight.zone).unwrap_or(TimeZone::UTC);
    let moment = day.to_datetime(time).to_zoned(zone).ok()?;
    Some(Since {
        moment: Timestamp(moment.timestamp()),
        clock: time.strftime("%H:%M").to_string(),
    })
}

fn refused(lang: Lang, status: StatusCode, why: Phrase) -> Response {
    (status, Html(page::refusal(lang, why).into_string())).into_response()
}
