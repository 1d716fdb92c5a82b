//! Who comes in, and as whom: every page is rendered for somebody.
//!
//! Every address but `/healthz`, `/assets/*` and the sign-in itself is behind the door. A page
//! that is asked for without a session leads to the sign-in and back; anything else is answered
//! 401. What changes something must come from this site's own pages. It says who acts; what they
//! may do is for [`super::access`].
//!
//! What comes next to a handler: the [`Worker`], and the [`Viewer`] for a page's head, both as
//! extensions of the request. Who has a PIN and a session is in [`crate::staff`].

pub(super) mod account;
pub(super) mod entrance;
pub(super) mod refusals;

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State as Shared};
use axum::http::header::{ACCEPT, COOKIE, HOST, LOCATION, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use nattsyn_protocol::time::Timestamp;

use crate::audit::heads::Outside as Kept;
use crate::config::Front;
use crate::staff::{Allowed, Permission, Porter, Roles, Token};
use crate::view::Tonight;
use crate::view::meter::{Load, Meter, Operators};
use crate::watch::StaffId;

use super::access::notices::Notices;
use super::live::Offers;
use super::page;
use super::phone::Phone;
use super::texts::{self, Lang, Phrase};

/// Who opened a page.
#[derive(Clone, PartialEq, Eq)]
pub struct Worker {
    /// By an opaque id, as it stands in the ledger.
    pub id: StaffId,
    /// As colleagues know them. Shown on the page alone.
    pub name: String,
}

/// Who may come in.
#[derive(Clone, Debug)]
pub enum Door {
    /// Everybody, as this one: for a demonstration, in which nobody lives.
    Everybody(Worker),
    /// Staff, with a PIN, for a shift. The [`Front`] says whether cookies may travel over
    /// encrypted connections alone.
    Staff(Arc<Porter>, Front),
}

/// For whom a page is rendered, and how they came in.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) me: Worker,
    pub(super) door: Door,
    pub(super) pass: Pass,
    /// What they may, by their roles.
    pub(super) roles: Roles,
    /// How many roles wait for somebody to go through them, if that is theirs to do.
    pub(super) overdue: usize,
    /// Since when the log takes no row, or not in time.
    pub(super) unlogged: Option<Timestamp>,
    /// Where the newest head of the log is, if the hub keeps any.
    pub(super) heads: Option<Kept>,
    /// What the page must say of rights.
    pub(super) rights: Notices,
    /// How often staff are asked, where that may be too often.
    pub(super) meter: Option<Meter>,
    /// Whether the browser is told.
    pub(super) phone: Phone,
    /// What they may look at by camera.
    pub(super) live: Offers,
}

/// By what somebody is in.
#[derive(Clone, Debug)]
pub(super) enum Pass {
    /// Nobody was asked.
    Open,
    /// This session.
    Session(Token),
}

/// The cookie of a session.
pub(super) const SESSION_COOKIE: &str = "nattsyn-shift";

/// How often an event stream asks whether its session still stands: an open page fetches at
/// least as often, and is sent to the sign-in by that.
const PASS_EVERY: Duration = Duration::from_secs(30);

impl Worker {
    /// Whoever is at the page when nobody signs in: what they do stands under this name.
    #[must_use]
    pub fn anybody() -> Self {
        Self {
            id: "anybody".parse().expect("small letters are an id"),
            name: "Någon vid sidan".to_owned(),
        }
    }
}

impl Viewer {
    /// What colleagues call somebody.
    pub(super) fn name(&self, who: &StaffId) -> String {
        self.door.name(who)
    }

    /// Who shares tonight's rows: those who are signed in now.
    pub(super) async fn operators(&self) -> Operators {
        match &self.door {
            Door::Everybody(_) => Operators::Unknown,
            Door::Staff(porter, _) => match porter.signed_in().await {
                Ok(count) => Operators::SignedIn(count),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "who is signed in cannot be read");
                    Operators::Unknown
                }
            },
        }
    }

    /// With the meter, if so many rows came that it may be a flood. Otherwise nobody is counted.
    pub(super) async fn measured(mut self, tonight: &Tonight) -> Self {
        let alone = Meter::of(tonight, Operators::Unknown);
        if alone.load() == Load::Flood {
            let operators = self.operators().await;
            self.meter = Some(Meter { operators, ..alone });
        }
        self
    }

    /// Done when the pass lets nobody in any more.
    pub(super) async fn until_over(&self) {
        match (&self.door, &self.pass) {
            (Door::Everybody(_), _) | (Door::Staff(..), Pass::Open) => pending().await,
            (Door::Staff(porter, _), Pass::Session(token)) => loop {
                tokio::time::sleep(PASS_EVERY).await;
                match porter.member(token.clone()).await {
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => return,
                }
            },
        }
    }
}

impl Door {
    /// The name of somebody who works or worked here; the id itself if it is nobody's.
    #[must_use]
    pub fn name(&self, id: &StaffId) -> String {
        match self {
            Self::Everybody(worker) if worker.id == *id => worker.name.clone(),
            Self::Everybody(_) => id.to_string(),
            Self::Staff(porter, _) => porter.name(id),
        }
    }

    /// Who comes with these headers.
    async fn viewer(&self, headers: &HeaderMap) -> Result<Viewer, Outside> {
        match self {
            Self::Everybody(worker) => Ok(Viewer {
                me: worker.clone(),
                door: self.clone(),
                pass: Pass::Open,
                roles: Roles::all(),
                overdue: 0,
                unlogged: None,
                heads: None,
                rights: Notices::default(),
                meter: None,
                phone: Phone::default(),
                live: Offers::default(),
            }),
            Self::Staff(porter, _) => {
                let token = token(headers, SESSION_COOKIE).ok_or(Outside::Unknown)?;
                let entered = porter.entered(token.clone()).await.map_err(|error| {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "no session to read"
                    );
                    Outside::Unreadable
                })?;
                let (member, roles) = entered.ok_or(Outside::Unknown)?;
                Ok(Viewer {
                    me: Worker {
                        id: member.id,
                        name: member.name,
                    },
                    door: self.clone(),
                    pass: Pass::Session(token),
                    roles,
                    overdue: overdue(porter, roles).await,
                    unlogged: None,
                    heads: None,
                    rights: Notices::default(),
                    meter: None,
                    phone: Phone::default(),
                    live: Offers::default(),
                })
            }
        }
    }
}

/// How many roles are to be gone through; asked only for whoever does.
async fn overdue(porter: &Porter, roles: Roles) -> usize {
    match roles.allow(Permission::ReviewAccess) {
        Allowed::No => 0,
        Allowed::Yes => porter.overdue().await.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "access cannot be gone through");
            0
        }),
    }
}

/// Why somebody stays outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    /// They brought no session that stands.
    Unknown,
    /// It cannot be read whether they did.
    Unreadable,
}

/// Lets a request through to what is behind the door, with who makes it.
pub(super) async fn gate(Shared(door): Shared<Door>, mut request: Request, next: Next) -> Response {
    match door.viewer(request.headers()).await {
        Ok(viewer) => {
            let inside = request.extensions_mut();
            inside.insert(viewer.me.clone());
            inside.insert(viewer);
            next.run(request).await
        }
        Err(Outside::Unknown) => to_sign_in(&request),
        Err(Outside::Unreadable) => refuse(
            request.uri(),
            request.headers(),
            StatusCode::SERVICE_UNAVAILABLE,
            texts::door::UNREADABLE,
        ),
    }
}

/// Lets only this site's own pages change anything: another site's form would carry the cookie
/// of a browser that does not keep it back.
pub(super) async fn own_pages_alone(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_from_here(request.headers()) {
        return next.run(request).await;
    }
    refuse(
        request.uri(),
        request.headers(),
        StatusCode::FORBIDDEN,
        texts::door::OTHER_SITE,
    )
}

/// Browsers say where a request is from on encrypted connections and on this machine; elsewhere
/// they name the page's origin with everything that is no GET.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().map(str::to_lowercase).ok();
    if let Some(site) = headers.get("sec-fetch-site") {
        return ["same-origin", "none"].contains(&site.to_str().unwrap_or_default());
    }
    let origin = headers.get(ORIGIN).and_then(text);
    let host = headers.get(HOST).and_then(text);
    let origin = origin.as_deref().and_then(|origin| {
        let rest = origin.strip_prefix("https://");
        rest.or_else(|| origin.strip_prefix("http://"))
    });
    origin.is_some() && origin == host.as_deref()
}

/// A page leads to the sign-in and back; a page's script, a table and an act are told in words.
fn to_sign_in(request: &Request) -> Response {
    let (method, uri) = (request.method(), request.uri());
    let told = ["/fragment", "/events", "/ledger.csv"];
    if method != Method::GET || told.contains(&uri.path()) {
        let why = texts::door::SIGN_IN_AGAIN;
        return refuse(uri, request.headers(), StatusCode::UNAUTHORIZED, why);
    }
    let lang = Lang::from_query(uri.query());
    let here = uri.path_and_query().map_or("/", |here| here.as_str());
    see_other(&sign_in_address(lang, here))
}

/// The address of the sign-in that leads on to `next`.
pub(super) fn sign_in_address(lang: Lang, next: &str) -> String {
    format!("/sign-in?lang={}&next={}", lang.tag(), escaped(next))
}

/// Text as a value in an address.
pub(in crate::http) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Leads a browser on, by GET. To the start if the address cannot stand in a header.
pub(super) fn see_other(address: &str) -> Response {
    let address = HeaderValue::from_str(address);
    let address = address.unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response()
}

/// Says why not: to a browser as a page, to the page's own script as a line of text.
pub(super) fn refuse(uri: &Uri, headers: &HeaderMap, status: StatusCode, why: Phrase) -> Response {
    let lang = Lang::from_query(uri.query());
    match headers.get(ACCEPT) {
        Some(accept) if accept.as_bytes() == b"text/plain" => {
            (status, why.to(lang)).into_response()
        }
        Some(_) | None => (status, Html(page::refusal(lang, why).into_string())).into_response(),
    }
}

/// A token that the browser brings in a cookie of this name.
pub(super) fn token(headers: &HeaderMap, name: &str) -> Option<Token> {
    let lines = headers.get_all(COOKIE).into_iter();
    let mut cookies = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find_map(|(key, value)| (key == name).then(|| Token::read(value))?)
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({}, <redacted>)", self.id)
    }
}
