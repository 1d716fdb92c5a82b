//! What staff do about a row, over HTTP: one address a row, a form's few words.
//!
//! It turns words into an [`Act`] and an answer into words. What may be done is for
//! [`crate::exception`]; who somebody is, for [`super::door`].

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, Path, RawQuery, State as Shared};
use axum::http::header::{ACCEPT, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use nattsyn_protocol::time::Timestamp;

use super::clockface::Clockface;
use super::door::Worker;
use super::texts::{Lang, Phrase, hands};
use super::{Site, live, page};
use crate::exception::{Act, Refusal, Unresolved};
use crate::service::HandsError;
use crate::view::Cause;
use crate::watch::{ActRefused, Closing, Said, Seen};

/// What a form about a row says.
struct Form {
    act: Act,
    seen: Seen,
}

/// Why a form says nothing that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BadForm {
    /// It is not one of this page's.
    Words,
    /// Nobody has chosen how it went.
    NoChoice,
    /// Nobody has said that it is certain.
    NotCertain,
}

impl BadForm {
    fn text(self) -> Phrase {
        match self {
            Self::Words => hands::BAD,
            Self::NoChoice => hands::CHOOSE,
            Self::NotCertain => hands::DIED_SURE_FIRST,
        }
    }
}

/// Does what a form says about a row.
pub(super) async fn act(
    Shared(site): Shared<Site>,
    Extension(worker): Extension<Worker>,
    Path(row): Path<i64>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let reader = Reader::of(&headers);
    let now = site.tonight.borrow().now;
    let form = match read(&body, now) {
        Ok(form) => form,
        Err(bad) => {
            let text = bad.text().to(lang);
            return reader.refused(lang, StatusCode::BAD_REQUEST, text);
        }
    };
    let Some(hands) = &site.hands else {
        let text = hands::NOT_HERE.to(lang);
        return reader.refused(lang, StatusCode::SERVICE_UNAVAILABLE, text);
    };
    let (by, word) = (worker.id.clone(), live::word(&form.act));
    match hands.act(row, form.seen, by, form.act).await {
        Ok(()) => {
            live::answered(&site, row, worker, word).await;
            reader.done(lang, &format!("e{row}"))
        }
        Err(error) => reader.refused(lang, status(&error), &why(&site, lang, &error)),
    }
}

fn status(error: &HandsError) -> StatusCode {
    match error {
        HandsError::Gone => StatusCode::SERVICE_UNAVAILABLE,
        HandsError::Refused(_) | HandsError::Matter(_) => StatusCode::CONFLICT,
    }
}

/// Closes a matter, as a form says that it ended.
pub(super) async fn close(
    Shared(site): Shared<Site>,
    Extension(worker): Extension<Worker>,
    Path(matter): Path<i64>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let reader = Reader::of(&headers);
    let (seen, how) = match read_closing(&body) {
        Ok(form) => form,
        Err(bad) => {
            let text = bad.text().to(lang);
            return reader.refused(lang, StatusCode::BAD_REQUEST, text);
        }
    };
    let Some(hands) = &site.hands else {
        let text = hands::NOT_HERE.to(lang);
        return reader.refused(lang, StatusCode::SERVICE_UNAVAILABLE, text);
    };
    match hands.close((matter, seen), worker.id, how).await {
        Ok(()) => reader.done(lang, "attend"),
        Err(error) => reader.refused(lang, status(&error), &why(&site, lang, &error)),
    }
}

/// Reads when a matter was last so, as whoever closes it saw, and how it ended.
fn read_closing(body: &[u8]) -> Result<(Timestamp, Closing), BadForm> {
    let text = std::str::from_utf8(body).map_err(|_not_text| BadForm::Words)?;
    let seen = field(text, "seen").and_then(|text| text.parse().ok());
    let seen = seen.and_then(|ms| Timestamp::from_ms(ms).ok());
    let seen = seen.ok_or(BadForm::Words)?;
    let how = field(text, "how").ok_or(BadForm::NoChoice)?;
    Ok((seen, Closing::from_word(how).ok_or(BadForm::Words)?))
}

/// A form's field: none of this page's needs more than the one escape that [`read`] knows.
fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Why something cannot be done, in words.
fn why(site: &Site, lang: Lang, error: &HandsError) -> String {
    let held = match error {
        HandsError::Refused(ActRefused::Refused(Refusal::Held { by, at })) => Some((by, *at)),
        HandsError::Refused(_) | HandsError::Matter(_) | HandsError::Gone => None,
    };
    let (name, since) = held.map_or_else(Default::default, |(by, at)| {
        let tonight = site.tonight.borrow();
        let face = Clockface::new(&tonight.zone, tonight.night, lang);
        (site.door.name(by), face.show(at))
    });
    hands::refusal(lang, error, &name, &since)
}

/// Reads a form. `now` is when somebody who goes leaves.
fn read(body: &[u8], now: Timestamp) -> Result<Form, BadForm> {
    let text = std::str::from_utf8(body).map_err(|_not_text| BadForm::Words)?;
    // A browser escapes the brackets of a cause such as `unclear(several)`, and nothing else.
    let text = &text.replace("%28", "(").replace("%29", ")");
    let field = |name: &str| field(text, name);
    let number = |name: &str| field(name).and_then(|text| text.parse::<u32>().ok());
    let seen = Seen {
        turn: number("turn").ok_or(BadForm::Words)?,
        checks: number("checks").ok_or(BadForm::Words)? as usize,
        cause: field("cause").map(Cause::from_word).ok_or(BadForm::Words)?,
    };
    let act = match field("act") {
        Some("take") => Act::Take,
        Some("take_over") => Act::TakeOver,
        Some("arrive") => Act::Arrive,
        Some("return") => Act::Return,
        Some("go") => {
            let minutes = number("minutes").ok_or(BadForm::Words)?;
            let on_the_way = Duration::from_secs(u64::from(minutes) * 60);
            Act::Go {
                arrives: now.after(on_the_way),
            }
        }
        Some("outcome") => {
            let how = field("how").ok_or(BadForm::NoChoice)?;
            let said = Said::from_word(how).filter(|said| Said::WELL.contains(said));
            let said = said.map(Act::Say);
            let found = || Unresolved::from_word(how).map(Act::Find);
            said.or_else(found).ok_or(BadForm::Words)?
        }
        Some("died") => match field("sure") {
            Some("yes") => Act::Say(Said::Died),
            Some(_) | None => return Err(BadForm::NotCertain),
        },
        Some(_) | None => return Err(BadForm::Words),
    };
    Ok(Form { act, seen })
}

/// Who reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// The page's own script: it wants a line of text.
    Script,
    /// A browser without scripts: it wants a page.
    Browser,
}

impl Reader {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match headers.get(ACCEPT) {
            Some(accept) if accept.as_bytes() == b"text/plain" => Self::Script,
            Some(_) | None => Self::Browser,
        }
    }

    /// It is done; a browser is led to the place on the page where it shows.
    pub(super) fn done(self, lang: Lang, place: &str) -> Response {
        match self {
            Self::Script => StatusCode::NO_CONTENT.into_response(),
            Self::Browser => {
                let there = format!("/?lang={}#{place}", lang.tag());
                (StatusCode::SEE_OTHER, [(LOCATION, there)]).into_response()
            }
        }
    }

    pub(super) fn refused(self, lang: Lang, status: StatusCode, text: &str) -> Response {
        match self {
            Self::Script => (status, text.to_owned()).into_response(),
            Self::Browser => {
                let body = page::said(lang, text).into_string();
                (status, Html(body)).into_response()
            }
        }
    }
}
