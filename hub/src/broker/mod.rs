//! The embedded broker: a pipe between units and hub, and nothing else.
//!
//! Units come in over TLS with their own certificates ([`front`]); behind it rmqtt speaks MQTT
//! on a loopback port that lets in nobody else ([`gate`]). Who may write and read what is one
//! pure table ([`rules`]). It keeps no session, no retained message and no will: nothing
//! depends on what a broker remembers. Why rmqtt, and why TLS stands before it:
//! `docs/design/0001-embedded-broker.md`.

mod front;
mod gate;
mod rules;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use rmqtt::codec::types::QoS;
use rmqtt::context::ServerContext;
use rmqtt::net::{Builder, Listener};
use rmqtt::server::MqttServer;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use nattsyn_protocol::topics::TOPIC_MAX;
use nattsyn_protocol::wire::BODY_MAX;

use crate::certificates::Identity;
use crate::tls::{self, Showing, TlsError};
use crate::units::denied::{self, Watched};
use crate::units::keeper::Signs;
use front::Front;
use gate::Doors;

/// Largest MQTT packet in bytes: the largest body, its topic, and 1 kB for MQTT's own header
/// and properties. A larger one ends its connection.
pub const PACKET_MAX: u32 = 12 * 1024 + 24 + 1024;
const _: () = assert!(PACKET_MAX as usize == BODY_MAX + TOPIC_MAX + 1024);

/// Longest keep-alive that is granted: twice the units' own of 30 s. A connection that is
/// silent for one and a half times its keep-alive is closed.
const KEEP_ALIVE_MAX_S: u16 = 60;

/// Most messages that wait for one reader, which in effect is the hub: with bodies of some 600
/// bytes under 3 MB. What does not fit is dropped, and its unit repeats it.
const WAITING_MAX: usize = 4096;

/// Most messages under way to one reader: enough to keep the hub busy between two commits.
const UNDER_WAY_MAX: NonZeroU16 = NonZeroU16::new(256).expect("256 is not zero");

/// The one listener behind the front.
const LISTENER: u16 = 1;

/// What the embedded broker needs.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// Where units connect. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The broker's certificate, and the authority whose clients it lets in.
    pub identity: Identity,
    /// Most connections at once; more are closed before their handshake.
    pub connections_max: usize,
    /// Whose certificate holds no more, and who is told of what happens at the door.
    pub watched: Watch,
}

/// What the door goes by, and whom it tells.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Whose certificate holds no more: now, and as it changes.
    pub denied: Watched,
    /// Who is told which certificates are used, and what was refused.
    pub signs: Signs,
}

impl Watch {
    /// Nobody is denied and nobody told: where units are invented.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            denied: denied::nobody(),
            signs: Signs::nobody(),
        }
    }
}

/// Why the embedded broker cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Its certificate cannot be used.
    #[error("the broker's certificate")]
    Tls(#[from] TlsError),
    /// Its address cannot be had.
    #[error("listening for units on {address}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The broker behind the front refuses to start.
    #[error("starting the broker")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A running broker. Dropping it closes every connection and frees the port.
#[derive(Debug)]
pub struct BrokerHandle {
    address: SocketAddr,
    #[cfg(test)]
    inner: SocketAddr,
    front: JoinHandle<()>,
    server: JoinHandle<()>,
}

impl BrokerHandle {
    /// Where it listens; the port is the real one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the broker ends by itself, which it never should.
    pub async fn ended(&mut self) {
        tokio::select! {
            _ = &mut self.front => {}
            _ = &mut self.server => {}
        }
    }
}

impl Drop for BrokerHandle {
    fn drop(&mut self) {
        self.front.abort();
        self.server.abort();
    }
}

/// Starts the embedded broker on the current tokio runtime.
///
/// # Errors
///
/// The certificate cannot be used, or the address cannot be had.
pub async fn start(config: &BrokerConfig) -> Result<BrokerHandle, BrokerError> {
    let tls = tls::server(&config.identity, Showing::Must)?;
    let refused = |source| BrokerError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;

    let doors = Doors::default();
    let inner = inner_listener(config.connections_max).map_err(failed)?;
    let inner_address = inner.local_addr().map_err(failed)?;
    let connections_max = isize::try_from(config.connections_max).unwrap_or(isize::MAX);
    let context = ServerContext::new()
        // Otherwise it refuses units while the machine is busy with anything at all.
        .busy_check_enable(false)
        .mqtt_max_sessions(connections_max)
        .build()
        .await;
    gate::install(&context, &doors, &config.watched.signs).await;
    let server = MqttServer::new(context)
        .listener_by_id(inner, LISTENER)
        .build();
    let server = tokio::spawn(async move {
        if let Err(error) = server.run().await {
            tracing::error!(%error, "embedded broker ended");
        }
    });
    let front = Front {
        listener,
        tls,
        doors,
        inner: inner_address,
        connections_max: config.connections_max,
        watched: config.watched.clone(),
    };
    tracing::info!(%address, "embedded broker listens");
    Ok(BrokerHandle {
        address,
        #[cfg(test)]
        inner: inner_address,
        front: tokio::spawn(front.run()),
        server,
    })
}

fn inner_listener(connections_max: usize) -> rmqtt::Result<Listener> {
    Builder::new()
        .name("nattsyn")
        .laddr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .nodelay(true)
        .max_connections(connections_max)
        .max_packet_size(PACKET_MAX)
        .allow_anonymous(false)
        .allow_zero_keepalive(false)
        .max_keepalive(KEEP_ALIVE_MAX_S)
        .max_inflight(UNDER_WAY_MAX)
        .max_mqueue_len(WAITING_MAX)
        .max_clientid_len(nattsyn_protocol::ids::ID_LENGTH)
        .max_qos_allowed(QoS::AtLeastOnce)
        .max_topic_levels(4)
        .max_subscriptions(1)
        .session_expiry_interval(Duration::ZERO)
        .max_session_expiry_interval(Duration::from_secs(1))
        .bind()?
        .tcp()
}

fn failed(error: rmqtt::Error) -> BrokerError {
    BrokerError::Start(error.into_boxed_dyn_error())
}
