//! The voice's one connection: MQTT 5 over TLS to the broker, outbound only.
//!
//! [`Uplink`] is the edge: it takes messages while the link is up, and what the link has to say
//! comes as [`LinkEvent`]s. [`MqttUplink`] is the real one. It connects, subscribes to what the
//! hub sends down to this unit, and connects again for ever; nothing depends on what the broker
//! remembers. All its times are real ones, also in a demonstration. It does not know what a
//! message means, and keeps none: what must not be lost is in the outbox.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason, Publish, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions};
use rumqttc::{Outgoing, TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::{mpsc, watch};

use nattsyn_clock::{Clock, Hold};
use nattsyn_protocol::heartbeat::{ASK_AFTER, HEARTBEAT};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::topics::{Channel, TOPIC_MAX, Topic};
use nattsyn_protocol::wire::BODY_MAX;

use crate::config::voice::BrokerConfig;

mod backoff;

use backoff::Backoff;

/// How often the connection is tried while nothing else is said.
///
/// Longer than a heartbeat on purpose. A ping and its answer cost some 200 bytes with all
/// overhead, so one every 30 s would alone use more than a home's 200 kB a night.
///
/// No silence is found by it: the hub counts heartbeats, and shows a unit as silent when three
/// are missing, whatever the broker believes of the connection. Pings only serve the unit's own
/// recovery. A dead link is noticed by [`ACK_WITHIN`] as soon as anything that matters is sent;
/// where only heartbeats are, which nobody confirms, the second ping finds the first without an
/// answer. Unless a look is near, that is before a person is asked, so a link that died by
/// itself (a forgotten NAT entry) is back without sending anyone out: asserted below.
pub const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// Longest until a link that carries heartbeats only is found dead and up again: two pings, the
/// longest pause and the slowest connecting.
const RECOVERED_WITHIN_S: u64 =
    2 * KEEP_ALIVE.as_secs() + backoff::LONGEST.as_secs() + CONNECT_WITHIN.as_secs();

const _: () = assert!(
    RECOVERED_WITHIN_S + HEARTBEAT.as_secs() < ASK_AFTER.as_secs(),
    "a link that dies by itself must be back before a person is asked"
);

/// How long the broker may take to confirm a message before the link counts as dead: four
/// times the longest round trip over a slow mobile network, seconds before the next retry.
pub const ACK_WITHIN: Duration = Duration::from_secs(20);

/// How long connecting may take, from the first packet to the broker's word.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// Messages that may wait for the socket. At the bound [`Uplink::send`] refuses; the voice
/// drops heartbeats and leaves reports in the outbox.
pub const SENDING_MAX: usize = 64;

/// Events that may wait for the voice. At the bound the connection is not read.
const HEARD_MAX: usize = 64;

/// Messages under way and not confirmed. The client library would otherwise reserve room for
/// 65,535, some 10 MB.
const UNCONFIRMED_MAX: u16 = 32;

/// Largest packet taken in: the largest body, its topic, and room for MQTT's own fields.
const PACKET_MAX: usize = BODY_MAX + TOPIC_MAX + 128;

/// What the link has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The link is up, and the hub's messages will come.
    Up,
    /// The link is down; messages that were not confirmed may be lost.
    Down,
    /// The broker has the oldest message that was sent with [`Care::Confirmed`] and not
    /// answered yet, and says whether anybody listens.
    Confirmed(Listeners),
    /// A message came from the hub.
    Heard {
        /// On which channel.
        channel: Channel,
        /// What it says.
        body: Vec<u8>,
    },
    /// A message came that is none of ours.
    Strange {
        /// On which topic, at most 40 characters of it.
        topic: String,
    },
}

/// Whether the broker passed a message on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// Somebody listens.
    Some,
    /// Nobody does, or the broker refused the message.
    None,
}

/// How carefully a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Once, and it may be lost (QoS 0).
    Once,
    /// Until the broker has confirmed it (QoS 1).
    Confirmed,
}

/// The link cannot take a message now: it is down, or too much waits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the link takes no message now")]
pub struct LinkBusy;

/// Where the voice's messages go.
pub trait Uplink {
    /// Sends a message on this unit's channel. Never waits.
    ///
    /// # Errors
    ///
    /// The link is down or [`SENDING_MAX`] messages wait.
    fn send(&mut self, channel: Channel, care: Care, body: Vec<u8>) -> Result<(), LinkBusy>;
}

/// Why the link cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// A PEM file cannot be read, or does not hold what it should.
    #[error("reading {what} from {}", path.display())]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit each other, or are of a kind that is not supported.
    #[error("using the certificate {} with its key", path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
}

/// The link over MQTT.
pub struct MqttUplink {
    unit: UnitId,
    client: watch::Receiver<Option<AsyncClient>>,
}

impl MqttUplink {
    /// Begins to connect, and goes on for ever in a task of its own, which ends with the
    /// receiver.
    ///
    /// # Errors
    ///
    /// A certificate or key cannot be used.
    pub fn start(
        unit: UnitId,
        broker: &BrokerConfig,
        clock: Clock,
        seed: u64,
    ) -> Result<(Self, mpsc::Receiver<LinkEvent>), UplinkError> {
        let options = options(unit, broker)?;
        let (events, heard) = mpsc::channel(HEARD_MAX);
        let (client, current) = watch::channel(None);
        let link = Link {
            unit,
            options,
            clock,
            backoff: Backoff::new(seed),
            client,
            events,
        };
        tokio::spawn(link.run());
        let uplink = Self {
            unit,
            client: current,
        };
        Ok((uplink, heard))
    }
}

impl Uplink for MqttUplink {
    fn send(&mut self, channel: Channel, care: Care, body: Vec<u8>) -> Result<(), LinkBusy> {
        let client = self.client.borrow();
        let client = client.as_ref().ok_or(LinkBusy)?;
        let topic = Topic {
            unit: self.unit,
            channel,
        };
        let qos = match care {
            Care::Once => QoS::AtMostOnce,
            Care::Confirmed => QoS::AtLeastOnce,
        };
        client
            .try_publish(topic.to_string(), qos, false, body)
            .ok()
            .ok_or(LinkBusy)
    }
}

fn options(unit: UnitId, broker: &BrokerConfig) -> Result<MqttOptions, UplinkError> {
    let mut options = MqttOptions::new(unit.to_string(), server_name(&broker.host), broker.port);
    let tls = TlsConfiguration::Rustls(Arc::new(tls(broker)?));
    options
        .set_transport(Transport::tls_with_config(tls))
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_start(true)
        .set_connection_timeout(CONNECT_WITHIN.as_secs())
        .set_outgoing_inflight_upper_limit(UNCONFIRMED_MAX)
        .set_max_packet_size(u32::try_from(PACKET_MAX).ok());
    let mut network = options.network_options();
    // A report waits for nothing.
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    Ok(options)
}

/// The name that the broker's certificate must carry. Nobody issues one for a loopback
/// address.
fn server_name(host: &str) -> &str {
    match host {
        "127.0.0.1" | "::1" => "localhost",
        name => name,
    }
}

fn tls(broker: &BrokerConfig) -> Result<rustls::ClientConfig, UplinkError> {
    let mut roots = rustls::RootCertStore::empty();
    for authority in certificates("a certificate authority", &broker.ca)? {
        roots
            .add(authority)
            .map_err(|source| UplinkError::Unusable {
                path: broker.ca.clone(),
                source,
            })?;
    }
    let chain = certificates("the unit's certificate", &broker.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&broker.key).map_err(|source| UplinkError::Pem {
        what: "the unit's private key",
        path: broker.key.clone(),
        source,
    })?;
    let unusable = |source| UplinkError::Unusable {
        path: broker.certificate.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(unusable)
}

fn certificates(
    what: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, UplinkError> {
    let failed = |source| UplinkError::Pem {
        what,
        path: path.to_owned(),
        source,
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect();
    match found.map_err(failed)? {
        none if none.is_empty() => Err(failed(rustls::pki_types::pem::Error::NoItemsFound)),
        some => Ok(some),
    }
}

/// The task behind the uplink.
struct Link {
    unit: UnitId,
    options: MqttOptions,
    clock: Clock,
    backoff: Backoff,
    client: watch::Sender<Option<AsyncClient>>,
    events: mpsc::Sender<LinkEvent>,
}

/// The voice is gone, and with it everybody whom the link served.
struct Deserted;

/// How one connection ended.
enum Ended {
    /// It never came up.
    Refused(Box<ConnectionError>),
    /// It was up, and the network failed.
    Lost(Box<ConnectionError>),
    /// It was up, and the broker did not confirm a message within [`ACK_WITHIN`].
    Mute,
    /// The broker does not let this unit hear the hub.
    Deaf,
}

impl Link {
    async fn run(mut self) {
        let mut refused: u64 = 0;
        while let Ok(ended) = self.run_once().await {
            self.client.send_replace(None);
            refused = match &ended {
                Ended::Refused(_) => refused.saturating_add(1),
                Ended::Lost(_) | Ended::Mute | Ended::Deaf => 0,
            };
            match &ended {
                // Whoever installs a unit must see why; a night without a network is ten lines.
                Ended::Refused(error) if refused.is_power_of_two() => {
                    tracing::warn!(%error, refused, "broker not reached");
                }
                Ended::Refused(error) => tracing::debug!(%error, refused, "broker not reached"),
                Ended::Lost(error) => tracing::warn!(%error, "link lost"),
                Ended::Mute => tracing::warn!("link lost: the broker confirms nothing"),
                Ended::Deaf => tracing::error!("the broker refuses the unit's subscription"),
            }
            match ended {
                Ended::Lost(_) | Ended::Mute => self.backoff.reset(),
                // It is the broker's configuration that must change.
                Ended::Refused(_) | Ended::Deaf => {}
            }
            if self.events.send(LinkEvent::Down).await.is_err() {
                return;
            }
            tokio::time::sleep(self.backoff.next_pause()).await;
        }
    }

    /// One connection, from the first packet to its end. Each begins with nothing left over
    /// from the one before.
    async fn run_once(&mut self) -> Result<Ended, Deserted> {
        let hold = self.clock.hold(nattsyn_clock::pace::FASTEST);
        let (client, mut events) = AsyncClient::new(self.options.clone(), SENDING_MAX);
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => break,
                Ok(Event::Incoming(_) | Event::Outgoing(_)) => {}
                Err(error) => return Ok(Ended::Refused(Box::new(error))),
            }
        }
        let filter = Topic::down_filter(self.unit);
        // The queue is new and empty.
        client.try_subscribe(filter, QoS::AtLeastOnce).ok();
        Connection {
            hold: Some(hold),
            unconfirmed: VecDeque::new(),
            clock: &self.clock,
        }
        .run(&mut events, client, &self.client, &self.events)
        .await
    }
}

/// One connection that the broker has accepted.
struct Connection<'a> {
    /// A demonstration's clock does not jump until the hub has the unit's hello.
    hold: Option<Hold>,
    /// When each message that waits for a confirmation was sent, by the real clock.
    unconfirmed: VecDeque<Duration>,
    clock: &'a Clock,
}

impl Connection<'_> {
    async fn run(
        mut self,
        link: &mut EventLoop,
        client: AsyncClient,
        current: &watch::Sender<Option<AsyncClient>>,
        heard: &mpsc::Sender<LinkEvent>,
    ) -> Result<Ended, Deserted> {
        loop {
            let polled = match self.until_mute() {
                None => link.poll().await,
                Some(left) => match tokio::time::timeout(left, link.poll()).await {
                    Ok(polled) => polled,
                    Err(_elapsed) => return Ok(Ended::Mute),
                },
            };
            let event = match polled {
                Ok(Event::Outgoing(outgoing)) => {
                    self.sent(&outgoing);
                    continue;
                }
                Ok(Event::Incoming(packet)) => packet,
                Err(error) => return Ok(Ended::Lost(Box::new(error))),
            };
            let event = match event {
                Packet::SubAck(subscribed) => {
                    let granted = |code: &SubscribeReasonCode| {
                        matches!(code, SubscribeReasonCode::Success(_))
                    };
                    if !subscribed.return_codes.iter().all(granted) {
                        return Ok(Ended::Deaf);
                    }
                    self.unconfirmed.pop_front();
                    current.send_replace(Some(client.clone()));
                    LinkEvent::Up
                }
                Packet::PubAck(confirmed) => self.confirmed(confirmed.reason),
                Packet::Publish(message) => told(&message),
                Packet::Connect(..)
                | Packet::Auth(_)
                | Packet::ConnAck(_)
                | Packet::PubRec(_)
                | Packet::PubRel(_)
                | Packet::PubComp(_)
                | Packet::Subscribe(_)
                | Packet::Unsubscribe(_)
                | Packet::UnsubAck(_)
                | Packet::PingReq(_)
                | Packet::PingResp(_)
                | Packet::Disconnect(_) => continue,
            };
            heard.send(event).await.ok().ok_or(Deserted)?;
        }
    }

    /// How long the broker may still be silent; `None` if it owes nothing.
    fn until_mute(&self) -> Option<Duration> {
        let oldest = *self.unconfirmed.front()?;
        Some((oldest + ACK_WITHIN).saturating_sub(self.clock.real_now()))
    }

    fn sent(&mut self, outgoing: &Outgoing) {
        // QoS 0 travels without a number.
        if let Outgoing::Publish(1..) | Outgoing::Subscribe(_) = outgoing {
            self.unconfirmed.push_back(self.clock.real_now());
        }
    }

    fn confirmed(&mut self, reason: PubAckReason) -> LinkEvent {
        self.unconfirmed.pop_front();
        // The first message of a connection is the hello.
        self.hold = None;
        LinkEvent::Confirmed(if reason == PubAckReason::Success {
            Listeners::Some
        } else {
            Listeners::None
        })
    }
}

fn told(message: &Publish) -> LinkEvent {
    let topic = String::from_utf8_lossy(&message.topic);
    match Topic::parse(&topic) {
        Some(topic) => LinkEvent::Heard {
            channel: topic.channel,
            body: message.payload.to_vec(),
        },
        None => LinkEvent::Strange {
            topic: topic.chars().take(40).collect(),
        },
    }
}
