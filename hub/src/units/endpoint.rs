//! The door at which units are let in: HTTPS of its own, since a unit has no certificate yet when
//! it comes for the first time and shows the one that it has when it comes for the next.
//!
//! The hub's certificate there is signed under the municipality's root, which a unit's code
//! carries: whoever stands between the two is not believed. What is asked is for [`super::desk`].

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use nattsyn_protocol::enrolment::{BODY_MAX, ENROL, RENEW, ROOT, Renew};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;

use super::desk::Desk;
use super::keeper::{Sign, Signs};
use super::letting_in::Refused;
use crate::certificates::Identity;
use crate::tls::{self, Showing, Shown, TlsError};

/// Most connections at once; more are closed before their handshake. A unit comes twice a month.
const CONNECTIONS_MAX: usize = 64;

/// How long one connection may take from beginning to end: ten times what a slow mobile network
/// needs.
const CONNECTION_MAX: Duration = Duration::from_secs(30);

/// How long to wait after the system refused a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Why the door cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Its certificate cannot be used.
    #[error("the certificate of the door for units")]
    Tls(#[from] TlsError),
    /// Its address cannot be had.
    #[error("letting units in at {address} (`enrolment.listen` in the configuration)")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// An address where units can come, and nobody serves yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes the address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// It cannot be had.
    pub async fn at(address: SocketAddr) -> Result<Self, DoorError> {
        let failed = |source| DoorError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it is; the port is the real one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves whoever comes.
    ///
    /// # Errors
    ///
    /// The certificate cannot be used.
    pub fn open(
        self,
        identity: &Identity,
        desk: Arc<Desk>,
        (signs, now): (Signs, impl Fn() -> Timestamp + Send + Sync + 'static),
    ) -> Result<Open, DoorError> {
        let tls = tls::server(identity, Showing::May)?;
        let site = Site {
            desk,
            signs: signs.clone(),
            now: Arc::new(now),
        };
        tracing::info!(address = %self.address, "lets units in");
        Ok(Open {
            listener: self.listener,
            acceptor: TlsAcceptor::from(tls),
            router: router(site),
            signs,
        })
    }
}

/// The open door.
pub struct Open {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
    signs: Signs,
}

impl Open {
    /// Lets units in until it is dropped; every connection ends with it.
    pub async fn run(self) -> Infallible {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            let stream = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _address)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "the door for units cannot accept");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                        continue;
                    }
                },
                Some(_ended) = connections.join_next() => continue,
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!(CONNECTIONS_MAX, "the door for units is full");
                continue;
            };
            let (acceptor, router) = (self.acceptor.clone(), self.router.clone());
            let signs = self.signs.clone();
            connections.spawn(async move {
                let served = timeout(CONNECTION_MAX, serve(stream, &acceptor, router, &signs));
                if let Ok(Err(error)) = served.await {
                    tracing::debug!(%error, "a connection at the door for units ended");
                }
                drop(place);
            });
        }
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    router: Router,
    signs: &Signs,
) -> std::io::Result<()> {
    let stream = acceptor.accept(stream).await.inspect_err(|error| {
        if let Some(sign) = Sign::of_handshake(error) {
            signs.say(sign);
        }
    })?;
    let shown = tls::shown(stream.get_ref().1);
    let service = TowerToHyperService::new(router.layer(Extension(shown)));
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(std::io::Error::other)
}

#[derive(Clone)]
struct Site {
    desk: Arc<Desk>,
    signs: Signs,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

fn router(site: Site) -> Router {
    Router::new()
        .route(ROOT, get(root))
        .route(ENROL, post(enrol))
        .route(RENEW, post(renew))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(site)
}

async fn root(State(site): State<Site>) -> Response {
    let root = site.desk.directions().map(|it| it.root.clone());
    let kind = [(header::CONTENT_TYPE, "application/x-pem-file")];
    (kind, root.unwrap_or_default()).into_response()
}

async fn enrol(State(site): State<Site>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(asked) => {
            answer(site, "?".to_owned(), move |desk, now| {
                desk.enrol(&asked, now)
            })
            .await
        }
        Err(error) => unreadable(&error),
    }
}

async fn renew(
    State(site): State<Site>,
    Extension(shown): Extension<Option<Shown>>,
    body: Bytes,
) -> Response {
    let asked: Renew = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return unreadable(&error),
    };
    let unit = shown.as_ref().and_then(|shown| shown.name.parse().ok());
    let (Some(shown), Some(unit)) = (shown, unit) else {
        let refused = Refused::Stranger;
        site.signs.say(Sign::refused("?", &refused));
        return (StatusCode::FORBIDDEN, refused.to_string()).into_response();
    };
    let unit: UnitId = unit;
    answer(site, shown.name, move |desk, now| {
        desk.renew((unit, &shown.serial), &asked, now)
    })
    .await
}

fn unreadable(error: &serde_json::Error) -> Response {
    let why = format!("the body cannot be read: {error}");
    (StatusCode::BAD_REQUEST, why).into_response()
}

/// Asks the desk, off the thread that serves, and writes a refusal down.
async fn answer<T: Serialize + Send + 'static>(
    site: Site,
    who: String,
    ask: impl FnOnce(&Desk, Timestamp) -> Result<T, Refused> + Send + 'static,
) -> Response {
    let (desk, now) = (Arc::clone(&site.desk), (site.now)());
    let asked = tokio::task::spawn_blocking(move || ask(&desk, now)).await;
    let refused = match asked {
        Ok(Ok(answer)) => {
            let body = serde_json::to_string(&answer)
                .expect("an answer is plain data, which always has a JSON form");
            return ([(header::CONTENT_TYPE, "application/json")], body).into_response();
        }
        Ok(Err(refused)) => refused,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no answer");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let status = match &refused {
        Refused::Store(error) => {
            tracing::error!(error = error as &dyn std::error::Error, "the units' book");
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refused::Certificate(error) => {
            tracing::error!(error = error as &dyn std::error::Error, "no certificate");
            StatusCode::BAD_REQUEST
        }
        Refused::UnknownCode
        | Refused::Expired
        | Refused::Replaced
        | Refused::Used
        | Refused::Application(_)
        | Refused::Stage(_)
        | Refused::EyeKnown
        | Refused::KeyKnown
        | Refused::Stranger
        | Refused::Denied => StatusCode::FORBIDDEN,
    };
    site.signs.say(Sign::refused(&who, &refused));
    (status, refused.to_string()).into_response()
}
