//! The staff page over HTTP: tonight as one page that keeps itself up to date, and any night of
//! the ledger.
//!
//! It shows, and takes in what staff do about a row ([`acts`]), as whom a phone is told ([`phone`])
//! and their signing in and out; every other address answers GET alone. Tonight comes from the
//! [`Tonight`] that the service last sent, so the page that staff keep open asks no store but for
//! who is signed in; other nights come from an [`Archive`] that can only read. It decides nothing
//! and keeps nothing, in the browser neither: no cache, no address outside its own, and nothing
//! but the cookies of the sign-in, the worker that shows what is pushed and, until the tab is
//! closed, whether it wishes for sound and the marks of rows that it has shown.
//!
//! Everything that shows a name is behind the [`door`]. There is **no encryption** in this
//! version, so a PIN and a page can be read on the way: listen on loopback, or behind something
//! that encrypts.

mod access;
mod acts;
mod audit;
mod books;
mod clockface;
mod commission;
mod consent;
pub mod door;
mod events;
mod extract;
mod labels;
mod live;
mod page;
mod phone;
mod proof;
mod residents;
mod settings;
mod shift;
mod sides;
mod table;
mod technical;
mod texts;
mod tuning;
mod units;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, FromRef, RawQuery, State as Shared};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::sse::Sse;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt, Shared as SharedFuture, pending};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::audit::Log;
use crate::audit::heads::Outside;
use crate::commission::clerk as commissions;
use crate::consent::clerk::Clerk;
use crate::live::Live;
use crate::notify::phones::Phones;
use crate::notify::teller::{Answers, Told};
use crate::outside::Signs;
use crate::service::Hands;
use crate::staff::Rights;
use crate::store::Archive;
use crate::tuning::clerk as tuned;
use crate::units::desk::Desk;
use crate::view::Tonight;

use self::access::people;
use self::door::{Door, Viewer, Worker, account, entrance};
use self::texts::Lang;

/// What the browser may load: this server's own style sheet, module, icon and answers, and
/// nothing else: the worker that shows what is pushed, and what a phone's home screen needs, are
/// this server's too. No inline script or style, so a name that slipped through unescaped could
/// still do nothing.
const CONTENT_SECURITY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// How long answers under way may take to end once the server is asked to stop. A page or a
/// fragment takes milliseconds; only a browser that does not read can take longer.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// What the page is made from.
#[derive(Clone)]
pub struct State {
    /// Tonight, as the service last sent it.
    ///
    /// The service sends anew after every change, **and at least every 30 s of real time, with
    /// the moment moved on, if nothing changes**: an open page takes a moment that stands still
    /// for a minute as a service that hangs, and warns. If the sender is dropped, the events end
    /// and every open page warns within 15 s.
    pub tonight: watch::Receiver<Arc<Tonight>>,
    /// The ledger, for any night that somebody chooses. Without one the pages of the ledger say
    /// that it cannot be read.
    pub archive: Option<Arc<dyn Archive>>,
    /// By which staff act. Without it the page only shows.
    pub hands: Option<Hands>,
    /// Who is told beside the page. Without it nobody is, and the page says so.
    pub told: Option<watch::Receiver<Arc<Told>>>,
    /// What looks after the hub from outside. Without it nobody does, and the page says so.
    pub outside: Option<Signs>,
    /// Which phones are told. Without it no browser can be, and nobody is asked to.
    pub phones: Option<Arc<Phones>>,
    /// By which test alarms are answered. Without it there are none.
    pub answers: Option<Answers>,
    /// By which consents are written down. Without it none are, and the page says so.
    pub consents: Option<Arc<Clerk>>,
    /// By which thresholds are proposed and approved. Without it none are, and the page says so.
    pub thresholds: Option<Arc<tuned::Clerk>>,
    /// By which units are commissioned. Without it none are, and the page says so.
    pub commissioning: Option<Arc<commissions::Clerk>>,
    /// By which units are taken in and let in. Without it none are, and the page says so.
    pub units: Option<Arc<Desk>>,
    /// Where it is written down who saw and did what, before it is shown. Without it nothing is
    /// written; a hub in which people live has one.
    pub audit: Option<Arc<Log>>,
    /// Where the newest head of the log is. Without it nowhere, and the log's page says so.
    pub heads: Option<watch::Receiver<Outside>>,
    /// What those who work here may do, and by which keys. Without it nobody has a key.
    pub rights: Option<Arc<Rights>>,
    /// By which somebody looks by camera. Without it nobody can, and nothing is said of it.
    pub live: Option<Live>,
    /// Who may come in.
    pub door: Door,
}

impl State {
    /// Pages that show and on which nobody acts.
    #[must_use]
    pub fn showing(tonight: watch::Receiver<Arc<Tonight>>) -> Self {
        Self {
            tonight,
            archive: None,
            hands: None,
            told: None,
            outside: None,
            phones: None,
            answers: None,
            consents: None,
            thresholds: None,
            commissioning: None,
            units: None,
            audit: None,
            heads: None,
            rights: None,
            live: None,
            door: Door::Everybody(Worker::anybody()),
        }
    }
}

/// The page, as a value that can be asked without a socket.
pub fn app(state: State) -> Router {
    router(state, pending().boxed().shared())
}

/// Serves the page until `stop` is done; open event streams are ended, not waited for.
///
/// # Errors
///
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    state: State,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let stop = stop.boxed().shared();
    let grace = stop.clone().then(|()| tokio::time::sleep(STOP_GRACE));
    let router = router(state, stop.clone());
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone());
    tokio::select! {
        served = server => served,
        () = grace => Ok(()),
    }
}

type Stop = SharedFuture<BoxFuture<'static, ()>>;

#[derive(Clone)]
struct Site {
    tonight: watch::Receiver<Arc<Tonight>>,
    archive: Option<Arc<dyn Archive>>,
    hands: Option<Hands>,
    told: Option<watch::Receiver<Arc<Told>>>,
    outside: Option<Signs>,
    phones: Option<Arc<Phones>>,
    answers: Option<Answers>,
    consents: Option<Arc<Clerk>>,
    thresholds: Option<Arc<tuned::Clerk>>,
    commissioning: Option<Arc<commissions::Clerk>>,
    units: Option<Arc<Desk>>,
    audit: Option<Arc<Log>>,
    heads: Option<watch::Receiver<Outside>>,
    rights: Option<Arc<Rights>>,
    live: Option<Live>,
    door: Door,
    opened: access::opened::Opened,
    refusals: door::refusals::Refusals,
    stop: Stop,
}

impl Site {
    /// Tonight as it is, for somebody.
    fn render(
        &self,
        query: Option<&str>,
        viewer: &Viewer,
        page: impl Fn((&Tonight, &Told), Lang, &Viewer) -> maud::Markup,
    ) -> Html<String> {
        let (tonight, told) = (self.tonight.borrow().clone(), self.told_now());
        let viewer = phone::known(self, &told, viewer);
        Html(page((&tonight, &told), Lang::from_query(query), &viewer).into_string())
    }

    /// With how often staff are asked and what can be looked at, for somebody who is about to see
    /// tonight.
    async fn measured(&self, viewer: Viewer) -> Viewer {
        let tonight = self.tonight.borrow().clone();
        live::offered(self, viewer.measured(&tonight).await).await
    }

    /// Who is told, as was last known, and what looks after the hub from outside.
    fn told_now(&self) -> Arc<Told> {
        let told = self.told.as_ref();
        let mut told = told.map(|told| told.borrow().clone()).unwrap_or_default();
        if let Some(signs) = &self.outside {
            Arc::make_mut(&mut told).beyond = signs.now();
        }
        told
    }
}

impl FromRef<Site> for Door {
    fn from_ref(site: &Site) -> Self {
        site.door.clone()
    }
}

fn router(state: State, stop: Stop) -> Router {
    let site = Site {
        tonight: state.tonight,
        archive: state.archive,
        hands: state.hands,
        told: state.told,
        outside: state.outside,
        phones: state.phones,
        answers: state.answers,
        consents: state.consents,
        thresholds: state.thresholds,
        commissioning: state.commissioning,
        units: state.units,
        audit: state.audit,
        heads: state.heads,
        rights: state.rights,
        live: state.live,
        door: state.door,
        opened: access::opened::Opened::default(),
        refusals: door::refusals::Refusals::default(),
        stop,
    };
    inside(&site)
        .merge(outside(&site))
        .layer(map_response(harden))
        .with_state(site)
}

/// What needs somebody to be in: whatever is not named in [`outside`].
fn inside(site: &Site) -> Router<Site> {
    Router::new()
        .route("/", get(start))
        .route("/fragment", get(fragment))
        .route("/events", get(event_stream))
        .route("/ledger", get(books::ledger))
        .route("/ledger.csv", get(books::csv))
        .route("/morning", get(books::morning))
        .route("/residents/{resident}", get(residents::resident))
        .route("/handover", get(shift::handover))
        .route("/meter", get(shift::meter))
        .route("/settings", get(settings::show))
        .route("/technical", get(technical::show))
        .route("/rows/{row}", post(acts::act))
        .route("/matters/{matter}", post(acts::close))
        .merge(phone::inside())
        .merge(live::inside())
        .merge(consent::inside())
        .merge(tuning::inside())
        .merge(commission::inside())
        .merge(units::inside())
        .merge(sides::inside())
        .merge(labels::inside())
        .route("/test-alarms/{trial}", post(proof::answer))
        .route("/audit", get(audit::show))
        .route("/audit.csv", get(audit::csv))
        .route("/residents/{resident}/extract", get(extract::show))
        .route("/account", get(account::show))
        .route("/account/keys/ask", post(account::ask))
        .route("/account/keys", post(account::add))
        .route("/account/keys/{key}/remove", post(account::remove))
        .route("/access", get(people::show))
        .route("/access/roles", post(people::judge))
        .route("/access/training", post(people::train))
        .fallback(no_such_page)
        .layer(from_fn_with_state(site.clone(), access::permit))
        .layer(from_fn_with_state(site.door.clone(), door::gate))
        .layer(from_fn(door::own_pages_alone))
}

/// What anybody may ask for: nothing here shows who lives or works anywhere.
fn outside(site: &Site) -> Router<Site> {
    let sign_in = get(entrance::show).post(entrance::sign_in);
    Router::new()
        .route("/sign-in", sign_in)
        .route("/sign-in/key/ask", post(entrance::ask_key))
        .route("/sign-in/key", post(entrance::sign_in_by_key))
        .route("/sign-out", post(entrance::sign_out))
        .layer(from_fn_with_state(site.clone(), phone::at_the_door))
        .layer(DefaultBodyLimit::max(entrance::FORM_BYTES_MAX))
        .layer(from_fn(door::own_pages_alone))
        .route("/healthz", get(health))
        .route("/assets/page.css", asset("text/css", PAGE_CSS))
        .route("/assets/page.js", asset("text/javascript", PAGE_JS))
        .route("/assets/listen.js", asset("text/javascript", LISTEN_JS))
        .route("/assets/contact.js", asset("text/javascript", CONTACT_JS))
        .route("/assets/sound.js", asset("text/javascript", SOUND_JS))
        .route("/assets/menu.js", asset("text/javascript", MENU_JS))
        .route("/assets/kept.js", asset("text/javascript", KEPT_JS))
        .route("/assets/print.js", asset("text/javascript", PRINT_JS))
        .route("/assets/copy.js", asset("text/javascript", COPY_JS))
        .route("/assets/keys.js", asset("text/javascript", KEYS_JS))
        .route("/assets/tuning.js", asset("text/javascript", TUNING_JS))
        .route(
            "/assets/commission.js",
            asset("text/javascript", COMMISSION_JS),
        )
        .route("/assets/units.js", asset("text/javascript", UNITS_JS))
        .route("/assets/icon.svg", asset("image/svg+xml", ICON_SVG))
        .merge(phone::assets())
        .merge(live::assets())
}

const PAGE_CSS: &str = include_str!("assets/page.css");
const PAGE_JS: &str = include_str!("assets/page.js");
const LISTEN_JS: &str = include_str!("assets/listen.js");
const CONTACT_JS: &str = include_str!("assets/contact.js");
const SOUND_JS: &str = include_str!("assets/sound.js");
const MENU_JS: &str = include_str!("assets/menu.js");
const KEPT_JS: &str = include_str!("assets/kept.js");
const PRINT_JS: &str = include_str!("assets/print.js");
const COPY_JS: &str = include_str!("assets/copy.js");
const KEYS_JS: &str = include_str!("assets/keys.js");
const TUNING_JS: &str = include_str!("assets/tuning.js");
const COMMISSION_JS: &str = include_str!("assets/commission.js");
const UNITS_JS: &str = include_str!("assets/units.js");
const ICON_SVG: &str = include_str!("assets/icon.svg");

fn asset(kind: &'static str, body: &'static str) -> MethodRouter<Site> {
    let kind = format!("{kind}; charset=utf-8");
    get(move || async move { ([(CONTENT_TYPE, kind)], body) })
}

async fn start(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Html<String> {
    let viewer = site.measured(viewer).await;
    site.render(query.as_deref(), &viewer, page::document)
}

async fn fragment(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Html<String> {
    let viewer = site.measured(viewer).await;
    site.render(query.as_deref(), &viewer, page::changing)
}

async fn event_stream(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    if site.tonight.has_changed().is_err() {
        return service_gone();
    }
    let events = events::stream(site.tonight, Lang::from_query(query.as_deref()));
    let over = async move { viewer.until_over().await };
    Sse::new(events.take_until(site.stop).take_until(over)).into_response()
}

/// For whatever watches the hub: `ok` while the service behind the page is alive.
async fn health(Shared(site): Shared<Site>) -> Response {
    match site.tonight.has_changed() {
        Ok(_) => "ok".into_response(),
        Err(_) => service_gone(),
    }
}

fn service_gone() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "the service has stopped").into_response()
}

async fn no_such_page(RawQuery(query): RawQuery) -> (StatusCode, Html<String>) {
    let lang = Lang::from_query(query.as_deref());
    let body = page::not_found(lang).into_string();
    (StatusCode::NOT_FOUND, Html(body))
}

/// Puts on every answer what keeps a browser from loading, keeping or telling more than it must.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, CONTENT_SECURITY);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: with that, browsers withhold the origin of this site's own forms, by
    // which they are told from another's.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
