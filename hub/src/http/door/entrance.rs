//! The sign-in and the way out: two addresses outside the door, and the cookies they set.
//!
//! A PIN works without scripts, a key needs one. Two cookies carry the same random token: one for
//! the shift, which opens the door, and one that only the sign-in sees and that says, when the
//! shift is long over, that this browser has been here before ([`crate::staff`] counts wrong
//! PINs by it).

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Query, RawQuery, State as Shared};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::{Extension, Form};
use serde::{Deserialize, Serialize};

use nattsyn_protocol::assertion::Base64;

use crate::audit::{Act, AuditRow, Who};
use crate::config::Front;
use crate::staff::webauthn::{KeyError, Party, Purpose};
use crate::staff::{Pin, Porter, Refusal, SHIFT, SignedIn, Staffing, Token};

use super::super::page::door::{Keys, SignIn, Trouble, sign_in_page};
use super::super::texts::{Lang, door as words};
use super::super::{Site, access};
use super::refusals::{self, Count};
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
    Shared(site): Shared<Site>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let door = &site.door;
    let Door::Staff(porter, _) = door else {
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
        keys: keys(porter),
        signed_in: signed_in.map(|viewer| viewer.me),
    };
    Html(sign_in_page(&page).into_string()).into_response()
}

/// Somebody signs in.
pub(in crate::http) async fn sign_in(
    Shared(site): Shared<Site>,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    uri: Uri,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    let Door::Staff(porter, front) = &site.door else {
        return see_other(&next(&uri));
    };
    let (from, brought) = arrival(from, &headers, *front);
    let pin = Pin::typed(&typed.pin);
    let entered = porter.sign_in((&typed.who, from), pin, brought).await;
    let proof = (typed.who.as_str(), from, "pin");
    answer((&site, porter), (&uri, *front), proof, entered).await
}

/// A challenge for a key, as JSON for the page's module.
pub(in crate::http) async fn ask_key(Shared(site): Shared<Site>, uri: Uri) -> Response {
    let lang = Lang::from_query(uri.query());
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let Door::Staff(porter, _) = &site.door else {
        return (StatusCode::CONFLICT, words::NO_KEYS.to(lang)).into_response();
    };
    let rights = porter.rights();
    match (rights.party(), rights.ask(Purpose::SignIn)) {
        (Some(party), Ok(challenge)) => Asked::new(party, challenge).answer(),
        (None, Ok(_) | Err(_)) => (StatusCode::CONFLICT, words::NO_KEYS.to(lang)).into_response(),
        (Some(_), Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "no challenge");
            (unavailable, words::UNREADABLE.to(lang)).into_response()
        }
    }
}

/// Somebody signs in by their key.
pub(in crate::http) async fn sign_in_by_key(
    Shared(site): Shared<Site>,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    uri: Uri,
    headers: HeaderMap,
    Form(form): Form<KeyForm>,
) -> Response {
    let Door::Staff(porter, front) = &site.door else {
        return see_other(&next(&uri));
    };
    let (from, brought) = arrival(from, &headers, *front);
    let assertion = serde_json::from_str(&form.assertion).ok();
    let entered = porter.sign_in_by_key((assertion, from), brought).await;
    answer((&site, porter), (&uri, *front), ("", from, "key"), entered).await
}

/// Where somebody asks from, and this browser's latest session.
fn arrival(
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: &HeaderMap,
    front: Front,
) -> (Option<IpAddr>, Option<Token>) {
    let peer = from.map(|Extension(ConnectInfo(peer))| peer);
    let brought = token(headers, SESSION_COOKIE).or_else(|| token(headers, KNOWN_COOKIE));
    (address(peer, headers, front), brought)
}

/// Lets somebody in, or says why not. `typed` is whom they said to be, `by` what they showed.
async fn answer(
    (site, porter): (&Site, &Porter),
    (uri, front): (&Uri, Front),
    (typed, from, by): (&str, Option<IpAddr>, &str),
    entered: Result<SignedIn, Refusal>,
) -> Response {
    match entered {
        Ok(signed_in) => welcome(site, (uri, front), signed_in, by).await,
        Err(refusal) => {
            note_refusal(site, porter, (typed, from), &refusal).await;
            refused((porter, uri), typed, &refusal).await
        }
    }
}

/// Lets somebody in: the cookies, and where they were going. That it cannot be written down keeps
/// nobody out: a row may be waiting for them.
async fn welcome(
    site: &Site,
    (uri, front): (&Uri, Front),
    signed_in: SignedIn,
    by: &str,
) -> Response {
    let now = site.tonight.borrow().now;
    let row = AuditRow::new(now, signed_in.member.id.clone(), Act::SignedIn).detail(by);
    access::write_soon(&site.audit, row).await;
    let mut response = see_other(&next(uri));
    let cookies = response.headers_mut();
    let shift = (SESSION_COOKIE, "/", SHIFT.as_secs());
    let known = (KNOWN_COOKIE, "/sign-in", KNOWN_S);
    for kind in [shift, known] {
        cookies.append(SET_COOKIE, cookie(kind, &signed_in.token.reveal(), front));
    }
    response
}

/// Writes down that somebody was not let in: whom they said to be if that is one of the staff, and
/// never what they typed, which may be a PIN. Whoever has to wait tried nothing and is not written,
/// nor is what is no answer to a question of ours: anybody can send that.
async fn note_refusal(
    site: &Site,
    porter: &Porter,
    (typed, from): (&str, Option<IpAddr>),
    refusal: &Refusal,
) {
    let how = match refusal {
        Refusal::Wrong => "pin",
        Refusal::Key(KeyError::Malformed | KeyError::NotAsked) => return,
        Refusal::Key(_) => "key",
        Refusal::Wait(_)
        | Refusal::Crowded
        | Refusal::Register(_)
        | Refusal::Random(_)
        | Refusal::Check(_) => return,
    };
    let meant = porter.meant(typed).await.ok().flatten();
    let detail = match meant {
        Some(id) => format!("{how} {id}"),
        None => how.to_owned(),
    };
    match site.refusals.handle_refusal(from, &detail) {
        Count::First(kind) => {
            refused_row(site, detail).await;
            let site = site.clone();
            tokio::spawn(async move {
                tokio::time::sleep(refusals::WINDOW).await;
                let more = site.refusals.handle_over(&kind);
                if more > 0 {
                    refused_row(&site, format!("{} +{more}", kind.detail)).await;
                }
            });
        }
        Count::Further => {}
    }
}

async fn refused_row(site: &Site, detail: String) {
    let now = site.tonight.borrow().now;
    let row = AuditRow::new(now, Who::Unknown, Act::SignInFailed).detail(detail);
    access::write_soon(&site.audit, row).await;
}

/// Where somebody asks from. With something that encrypts in front, everybody comes from there, and
/// the last address that it names is theirs; whoever makes one up before it only hides from the
/// pause of an address, and not from that of a person.
fn address(peer: Option<SocketAddr>, headers: &HeaderMap, front: Front) -> Option<IpAddr> {
    let peer = peer.map(|peer| peer.ip());
    match front {
        Front::Plain => peer,
        Front::Tls => {
            let line = headers.get_all("x-forwarded-for").into_iter().next_back();
            let line = line.and_then(|line| line.to_str().ok());
            let last = line.and_then(|line| line.rsplit(',').next());
            // Without it everybody would share the address of what stands in front.
            last.and_then(|address| address.trim().parse().ok())
        }
    }
}

/// Whether the sign-in offers keys.
fn keys(porter: &Porter) -> Keys {
    match porter.rights().party() {
        Some(_) => Keys::Offered,
        None => Keys::None,
    }
}

/// An assertion, as the page's module sends it.
#[derive(Deserialize)]
pub(in crate::http) struct KeyForm {
    assertion: String,
}

/// What a browser needs to ask for a key.
#[derive(Serialize)]
pub(in crate::http) struct Asked {
    challenge: Base64,
    host: String,
}

impl Asked {
    pub(in crate::http) fn new(party: &Party, challenge: [u8; 32]) -> Self {
        Self {
            challenge: Base64(challenge.to_vec()),
            host: party.host.clone(),
        }
    }

    pub(in crate::http) fn answer(&self) -> Response {
        let json = serde_json::to_string(self).expect("texts always have a JSON form");
        ([(CONTENT_TYPE, "application/json")], json).into_response()
    }
}

/// Somebody signs out: of this browser, whether or not the session still stood.
pub(in crate::http) async fn sign_out(
    Shared(site): Shared<Site>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let Door::Staff(porter, front) = &site.door else {
        return see_other(&format!("/?lang={}", lang.tag()));
    };
    if let Some(token) = token(&headers, SESSION_COOKIE) {
        note_leaving(&site, porter, &token).await;
        if let Err(error) = porter.sign_out(token).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "a session goes on");
        }
    }
    let mut response = see_other(&sign_in_address(lang, &format!("/?lang={}", lang.tag())));
    let gone = cookie((SESSION_COOKIE, "/", 0), "", *front);
    response.headers_mut().append(SET_COOKIE, gone);
    response
}

/// Writes down that somebody leaves, if their session still stands.
async fn note_leaving(site: &Site, porter: &Porter, token: &Token) {
    if let Ok(Some(member)) = porter.member(token.clone()).await {
        let now = site.tonight.borrow().now;
        let row = AuditRow::new(now, member.id, Act::SignedOut);
        access::write_soon(&site.audit, row).await;
    }
}

async fn refused((porter, uri): (&Porter, &Uri), typed: &str, refusal: &Refusal) -> Response {
    let (status, trouble) = match refusal {
        Refusal::Wrong => match porter.staffing().await {
            Ok(Staffing::Nobody) => (StatusCode::UNAUTHORIZED, Trouble::NobodyRegistered),
            Ok(Staffing::Somebody) | Err(_) => (StatusCode::UNAUTHORIZED, Trouble::Wrong),
        },
        Refusal::Wait(pause) => {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            (StatusCode::TOO_MANY_REQUESTS, Trouble::Wait(seconds))
        }
        Refusal::Key(why) => {
            tracing::info!(error = why as &dyn std::error::Error, "a key refused");
            (StatusCode::UNAUTHORIZED, Trouble::Key)
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
        keys: keys(porter),
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
