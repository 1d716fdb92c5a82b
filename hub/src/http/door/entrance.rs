//! The sign-in and the way out: two addresses outside the door, and the cookies they set.
//!
//! Works without scripts. Two cookies carry the same random token: one for the shift, which opens
//! the door, and one that only the sign-in sees and that says, when the shift is long over, that
//! this browser has been here before ([`crate::staff`] counts wrong PINs by it).

use axum::Form;
use axum::extract::{Query, RawQuery, State as Shared};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::config::Front;
use crate::staff::{Pin, Porter, Refusal, SHIFT, Staffing};

use super::super::page::door::{SignIn, Trouble, sign_in_page};
use super::super::texts::Lang;
use super::{Door, SESSION_COOKIE, see_other, sign_in_address, token};

/// The cookie that only the sign-in sees.
const KNOWN_COOKIE: &str = "nattsyn-known";

/// How long a browser is remembered, in seconds: 90 days, over a long summer's leave.
const KNOWN_S: u64 = 90 * 24 * 3600;

/// Longest address that a sign-in leads back to; the page's own are below a hundred characters.
const NEXT_MAX: usize = 512;

/// Longest form: an id or name and a PIN are far below it.
pub(in crate::http) const FORM_BYTES_MAX: usize = 4096;

/// What is typed. Has no `Debug`, so that it cannot be printed.
#[derive(Deserialize)]
pub(in crate::http) struct Typed {
    who: String,
    pin: String,
}

/// The sign-in's page.
pub(in crate::http) async fn show(
    Shared(door): Shared<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Door::Staff(porter, _) = &door else {
        return see_other(&next(&uri));
    };
    let trouble = match porter.staffing().await {
        Ok(Staffing::Somebody) => None,
        Ok(Staffing::Nobody) => Some(Trouble::NobodyRegistered),
        Err(error) => Some(unreadable(&error)),
    };
    let signed_in = door.viewer(&headers).await.ok();
    let page = SignIn {
        lang: Lang::from_query(uri.query()),
        next: next(&uri),
        typed: "",
        trouble,
        signed_in: signed_in.map(|viewer| viewer.me),
    };
    Html(sign_in_page(&page).into_string()).into_response()
}

/// Somebody signs in.
pub(in crate::http) async fn sign_in(
    Shared(door): Shared<Door>,
    uri: Uri,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    let Door::Staff(porter, front) = &door else {
        return see_other(&next(&uri));
    };
    let brought = token(&headers, SESSION_COOKIE).or_else(|| token(&headers, KNOWN_COOKIE));
    let entered = porter
        .sign_in(&typed.who, Pin::typed(&typed.pin), brought)
        .await;
    match entered {
        Ok(signed_in) => {
            let mut response = see_other(&next(&uri));
            let cookies = response.headers_mut();
            let shift = (SESSION_COOKIE, "/", SHIFT.as_secs());
            let known = (KNOWN_COOKIE, "/sign-in", KNOWN_S);
            for kind in [shift, known] {
                cookies.append(SET_COOKIE, cookie(kind, &signed_in.token.reveal(), *front));
            }
            response
        }
        Err(refusal) => refused(porter, &uri, &typed.who, &refusal).await,
    }
}

/// Somebody signs out: of this browser, whether or not the session still stood.
pub(in crate::http) async fn sign_out(
    Shared(door): Shared<Door>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Door::Staff(porter, front) = &door else {
        return see_other(&format!("/?lang={}", lang.tag()));
    };
    if let Some(token) = token(&headers, SESSION_COOKIE)
        && let Err(error) = porter.sign_out(token).await
    {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a session goes on"
        );
    }
    let mut response = see_other(&sign_in_address(lang, &format!("/?lang={}", lang.tag())));
    let gone = cookie((SESSION_COOKIE, "/", 0), "", *front);
    response.headers_mut().append(SET_COOKIE, gone);
    response
}

async fn refused(porter: &Porter, uri: &Uri, typed: &str, refusal: &Refusal) -> Response {
    let (status, trouble) = match refusal {
        Refusal::Wrong => match porter.staffing().await {
            Ok(Staffing::Nobody) => (StatusCode::UNAUTHORIZED, Trouble::NobodyRegistered),
            Ok(Staffing::Somebody) | Err(_) => (StatusCode::UNAUTHORIZED, Trouble::Wrong),
        },
        Refusal::Wait(pause) => {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            (StatusCode::TOO_MANY_REQUESTS, Trouble::Wait(seconds))
        }
        Refusal::Crowded => (StatusCode::SERVICE_UNAVAILABLE, Trouble::Crowded),
        Refusal::Register(_) | Refusal::Random(_) | Refusal::Check(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, unreadable(refusal))
        }
    };
    let page = SignIn {
        lang: Lang::from_query(uri.query()),
        next: next(uri),
        typed,
        trouble: Some(trouble),
        signed_in: None,
    };
    let body = Html(sign_in_page(&page).into_string());
    let mut response = (status, body).into_response();
    if let Trouble::Wait(seconds) = trouble {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

fn unreadable(error: &Refusal) -> Trouble {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "nobody can sign in"
    );
    Trouble::Unreadable
}

/// Where a sign-in leads: to where it came from, if that is an address of this site's, else to
/// the start.
fn next(uri: &Uri) -> String {
    let asked = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let asked = asked.map(|Query(pairs)| pairs).unwrap_or_default();
    let next = asked.into_iter().find(|(key, _)| key == "next");
    match next {
        Some((_, next)) if is_local(&next) => next,
        Some(_) | None => format!("/?lang={}", Lang::from_query(uri.query()).tag()),
    }
}

/// Whether an address cannot lead anywhere else: browsers read `//` and `/\` as another site's,
/// and leave out control characters before they read.
fn is_local(address: &str) -> bool {
    let bytes = address.as_bytes();
    bytes.first() == Some(&b'/')
        && bytes.get(1) != Some(&b'/')
        && bytes.len() <= NEXT_MAX
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_graphic() && *byte != b'\\')
        && !address.starts_with("/sign-in")
}

fn cookie((name, path, age_s): (&str, &str, u64), value: &str, front: Front) -> HeaderValue {
    let secure = match front {
        Front::Plain => "",
        Front::Tls => "; Secure",
    };
    let text =
        format!("{name}={value}; Path={path}; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).expect("a token is hexadecimal and the rest is fixed")
}
