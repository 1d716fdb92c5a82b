//! The hub's own connection to the broker, kept for ever.
//!
//! It hands on bytes and judges none. Everything that waits for the network waits in real time,
//! also in a demonstration.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{NetworkOptions, TlsConfiguration, Transport};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use nattsyn_clock::{Clock, Hold};
use nattsyn_protocol::topics::{HUB_FILTER, Topic};

use super::Endpoint;
use crate::certificates::HUB_NAME;
use crate::tls::{self, TlsError};

/// How often the hub says to the broker that it is there. The same as a unit's.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Waits between attempts to connect: doubled up to this, as a unit's.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// Messages that may wait for the service. A full queue makes the broker wait, then drop; units
/// repeat what was not acknowledged.
const ARRIVED_MAX: usize = 1024;

/// Messages that may wait for the broker. At the bound they are dropped: an acknowledgement is
/// asked for again by its report's repetition, a plan by the next hello.
const DEPARTING_MAX: usize = 4096;

/// Largest packet that the hub takes in, in bytes. Over the wire's limit, so that a body over
/// that is counted rather than ending the connection; the embedded broker lets through less.
const TAKEN_MAX: u32 = 64 * 1024;

/// Runs a demonstration at most so fast while the hub connects: the fastest that anything runs.
const CONNECTING_RATE: f64 = 20.0;

/// Why the connection cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The hub's certificate cannot be used.
    #[error("the hub's certificate")]
    Tls(#[from] TlsError),
}

/// Something happened on the connection.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// The broker passes on what units say from now on.
    Connected,
    /// It does not any more.
    Lost,
    /// A message.
    Message(Publication),
}

/// A message as it came, not judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its topic, whatever that is.
    pub topic: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// The connection. Ends when dropped.
pub(crate) struct Link {
    pub(crate) events: mpsc::Receiver<LinkEvent>,
    client: AsyncClient,
    task: JoinHandle<()>,
}

impl Link {
    /// Begins to connect, on the current tokio runtime.
    pub(crate) fn open(endpoint: &Endpoint, clock: Clock) -> Result<Self, LinkError> {
        let tls = tls::client(&endpoint.identity)?;
        let mut options = MqttOptions::new(HUB_NAME, endpoint.host.as_str(), endpoint.port);
        options
            .set_transport(Transport::Tls(TlsConfiguration::Rustls(tls)))
            .set_clean_start(true)
            .set_keep_alive(KEEP_ALIVE)
            .set_max_packet_size(Some(TAKEN_MAX));
        // A message is small and waits for its answer: held back for company, each would wait
        // some 40 ms for the other side's TCP to confirm the one before.
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        let (client, event_loop) = AsyncClient::new(options, DEPARTING_MAX);
        let (sender, events) = mpsc::channel(ARRIVED_MAX);
        let run = run(event_loop, client.clone(), sender, clock);
        Ok(Self {
            events,
            client,
            task: tokio::spawn(run),
        })
    }

    /// Sends to a unit, QoS 1; or drops it if too much waits already.
    pub(crate) fn send(&self, topic: Topic, body: Vec<u8>) {
        self.publish(topic, body, QoS::AtLeastOnce);
    }

    /// Sends what is worth nothing later, QoS 0: a live view's credit.
    pub(crate) fn send_once(&self, topic: Topic, body: Vec<u8>) {
        self.publish(topic, body, QoS::AtMostOnce);
    }

    fn publish(&self, topic: Topic, body: Vec<u8>, quality: QoS) {
        let name = topic.to_string();
        if self.client.try_publish(name, quality, false, body).is_err() {
            tracing::warn!(unit = %topic.unit, "too much waits for the broker; dropped");
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    mut event_loop: EventLoop,
    client: AsyncClient,
    events: mpsc::Sender<LinkEvent>,
    clock: Clock,
) {
    let mut connecting: Option<Hold> = Some(clock.hold(CONNECTING_RATE));
    let mut back_off = Duration::from_secs(1);
    loop {
        let event = match event_loop.poll().await {
            Ok(Event::Incoming(packet)) => match react(packet, &client) {
                Some(event) => event,
                None => continue,
            },
            Ok(Event::Outgoing(_)) => continue,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no broker");
                drop(connecting.take());
                if events.send(LinkEvent::Lost).await.is_err() {
                    return;
                }
                tokio::time::sleep(back_off).await;
                back_off = (back_off * 2).min(BACK_OFF_MAX);
                connecting = Some(clock.hold(CONNECTING_RATE));
                continue;
            }
        };
        let is_connected = matches!(event, LinkEvent::Connected);
        if events.send(event).await.is_err() {
            return;
        }
        if is_connected {
            back_off = Duration::from_secs(1);
            drop(connecting.take());
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other packets are the client library's own affair"
)]
fn react(packet: Packet, client: &AsyncClient) -> Option<LinkEvent> {
    match packet {
        Packet::ConnAck(_) => {
            // The queue may be full of what was said while there was no broker, and moves again
            // only after this: a hub that did not wait for a place would stay deaf.
            let client = client.clone();
            tokio::spawn(async move {
                // It fails only when the connection's task has ended.
                client.subscribe(HUB_FILTER, QoS::AtLeastOnce).await.ok();
            });
            None
        }
        Packet::SubAck(ack) => {
            let granted = ack.return_codes.iter().all(|code| {
                matches!(
                    code,
                    rumqttc::v5::mqttbytes::v5::SubscribeReasonCode::Success(_)
                )
            });
            if granted {
                return Some(LinkEvent::Connected);
            }
            tracing::error!(?ack.return_codes, "the broker does not let the hub listen");
            None
        }
        Packet::Publish(publish) => Some(LinkEvent::Message(publication(publish))),
        _ => None,
    }
}

fn publication(publish: Publish) -> Publication {
    Publication {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        body: publish.payload.to_vec(),
    }
}

// The TLS configuration is shared with rumqttc, so both must be built on the same rustls.
const _: fn(Arc<rustls::ClientConfig>) -> TlsConfiguration = TlsConfiguration::Rustls;

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;
    use crate::broker::{self, BrokerConfig};
    use crate::certificates::Authority;
    use nattsyn_protocol::topics::Channel;

    #[tokio::test]
    async fn a_hub_that_had_too_much_to_say_to_no_broker_still_hears_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let authority =
            Authority::create(folder.path(), &nattsyn_protocol::demonstration::root_key()).unwrap();
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let listen = free.local_addr().unwrap();
        drop(free);
        let endpoint = Endpoint {
            host: "127.0.0.1".to_owned(),
            port: listen.port(),
            identity: authority.issue_hub(folder.path()).unwrap(),
        };
        let mut link = Link::open(&endpoint, Clock::machine()).unwrap();
        assert!(matches!(link.events.recv().await, Some(LinkEvent::Lost)));
        let topic = Topic {
            unit: "u0000001".parse().unwrap(),
            channel: Channel::Ack,
        };
        for _ in 0..=DEPARTING_MAX {
            link.send(topic, b"{}".to_vec());
        }
        let config = BrokerConfig {
            listen,
            identity: authority.issue_server(&[], folder.path()).unwrap(),
            connections_max: 2,
            watched: crate::broker::Watch::nobody(),
        };
        let _broker = broker::start(&config).await.unwrap();
        let connected =
            async { while !matches!(link.events.recv().await, Some(LinkEvent::Connected)) {} };
        timeout(Duration::from_secs(30), connected).await.unwrap();
    }
}
