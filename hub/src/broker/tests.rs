//! The embedded broker as clients find it: real sockets, real TLS, real certificates.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS as ClientQoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode, LastWill, Packet, PubAckReason, Publish, SubscribeReasonCode,
};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::certificates::{Authority, HUB_NAME};
use crate::units::denied::{Denied, Why};
use crate::units::keeper::Sign;

const A: &str = "uaaaaaaa";
const B: &str = "ubbbbbbb";

/// Longest that loopback may take; a test that waits for nothing to come waits for what must
/// come after it instead.
const SOON: Duration = Duration::from_secs(20);

struct Town {
    denied: tokio::sync::watch::Sender<Arc<Denied>>,
    signs: mpsc::Receiver<Sign>,
    broker: BrokerHandle,
    authority: Authority,
    folder: tempfile::TempDir,
}

impl Town {
    async fn new(connections_max: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority =
            Authority::create(folder.path(), &nattsyn_protocol::demonstration::root_key()).unwrap();
        let (denied, list) = tokio::sync::watch::channel(Arc::default());
        let (signs, heard) = Signs::channel();
        let config = BrokerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            identity: authority.issue_server(&[], folder.path()).unwrap(),
            connections_max,
            watched: Watch {
                denied: list,
                signs,
            },
        };
        let broker = start(&config).await.unwrap();
        Self {
            denied,
            signs: heard,
            broker,
            authority,
            folder,
        }
    }

    fn identity(&self, name: &str) -> Identity {
        identity(&self.authority, self.folder.path(), name)
    }

    fn options(&self, name: &str, client_id: &str) -> MqttOptions {
        let tls = tls::client(&self.identity(name)).unwrap();
        options(client_id, self.broker.address().port(), Some(tls))
    }

    async fn connect(&self, name: &str) -> Client {
        Client::connect(self.options(name, name)).await.unwrap()
    }
}

fn identity(authority: &Authority, folder: &Path, name: &str) -> Identity {
    let folder = folder.join(name);
    match name {
        HUB_NAME => authority.issue_hub(&folder).unwrap(),
        unit => authority
            .issue_unit(unit.parse().unwrap(), &folder)
            .unwrap(),
    }
}

fn options(client_id: &str, port: u16, tls: Option<Arc<rustls::ClientConfig>>) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, "localhost", port);
    if let Some(tls) = tls {
        options.set_transport(Transport::Tls(TlsConfiguration::Rustls(tls)));
    }
    options
        .set_clean_start(true)
        .set_keep_alive(Duration::from_secs(30));
    options
}

/// A client whose connection is served in the background until it is dropped.
struct Client {
    client: AsyncClient,
    packets: mpsc::Receiver<Packet>,
    task: JoinHandle<()>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    async fn connect(options: MqttOptions) -> Result<Self, ConnectionError> {
        let (client, mut events) = AsyncClient::new(options, 16);
        let answer = timeout(SOON, events.poll())
            .await
            .expect("an answer to CONNECT")?;
        let Event::Incoming(Packet::ConnAck(ack)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(ack.code, ConnectReturnCode::Success);
        let (sender, packets) = mpsc::channel(64);
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(packet) = event {
                    sender.send(packet).await.unwrap();
                }
            }
        });
        Ok(Self {
            client,
            packets,
            task,
        })
    }

    /// The next packet; `None` once the connection is over.
    async fn next(&mut self) -> Option<Packet> {
        timeout(SOON, self.packets.recv())
            .await
            .expect("something happens")
    }

    async fn listen(&mut self, filter: &str) -> SubscribeReasonCode {
        self.client
            .subscribe(filter, ClientQoS::AtLeastOnce)
            .await
            .unwrap();
        let answer = self.next().await.unwrap();
        let Packet::SubAck(ack) = answer else {
            panic!("{answer:?}");
        };
        ack.return_codes[0]
    }

    async fn say(&self, topic: &str, body: impl Into<Vec<u8>>) {
        self.client
            .publish(topic, ClientQoS::AtLeastOnce, false, body.into())
            .await
            .unwrap();
    }

    async fn hear(&mut self) -> Publish {
        loop {
            let packet = self.next().await.unwrap();
            if let Packet::Publish(publish) = packet {
                return publish;
            }
            assert!(matches!(packet, Packet::PubAck(_)), "{packet:?}");
        }
    }
}

fn is_granted(code: SubscribeReasonCode) -> bool {
    matches!(code, SubscribeReasonCode::Success(_))
}

#[tokio::test]
async fn what_a_unit_says_reaches_the_hub_and_back() {
    let town = Town::new(10).await;
    let (mut hub, mut unit) = (town.connect(HUB_NAME).await, town.connect(A).await);
    assert!(is_granted(hub.listen("n1/+/up/+").await));
    assert!(is_granted(unit.listen("n1/uaaaaaaa/dn/+").await));
    unit.say("n1/uaaaaaaa/up/r", "report").await;
    assert_eq!(hub.hear().await.payload.as_ref(), b"report");
    hub.say("n1/uaaaaaaa/dn/a", "ack").await;
    assert_eq!(unit.hear().await.payload.as_ref(), b"ack");
}

#[tokio::test]
async fn a_client_without_a_certificate_of_the_authority_is_not_let_in() {
    let town = Town::new(10).await;
    let port = town.broker.address().port();
    // Trusts the broker, and shows nothing.
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(town.authority.ca()).unwrap();
    use rustls::pki_types::pem::PemObject as _;
    roots
        .add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let nameless = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    assert!(
        Client::connect(options(A, port, Some(Arc::new(nameless))))
            .await
            .is_err()
    );

    // Shows a certificate of its own making, or of another hub under the same root.
    for root in [
        ed25519_dalek::SigningKey::from_bytes(&[5; 32]),
        nattsyn_protocol::demonstration::root_key(),
    ] {
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Authority::create(elsewhere.path(), &root).unwrap();
        let mut forged = identity(&other, elsewhere.path(), A);
        forged.ca = town.authority.ca();
        let tls = tls::client(&forged).unwrap();
        assert!(Client::connect(options(A, port, Some(tls))).await.is_err());
    }

    // Speaks no TLS at all.
    assert!(Client::connect(options(A, port, None)).await.is_err());
    town.connect(A).await;
}

/// The serial number of a certificate, as the door reads it.
fn serial(identity: &Identity) -> String {
    let pem = std::fs::read(&identity.certificate).unwrap();
    let (_rest, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    let certificate = pem.parse_x509().unwrap();
    certificate.raw_serial_as_string().replace(':', "")
}

impl Town {
    /// What the door said next.
    async fn sign(&mut self) -> Sign {
        timeout(SOON, self.signs.recv()).await.unwrap().unwrap()
    }

    fn deny(&self, serial: &str, why: Why) {
        let list = Denied::new([(serial.to_owned(), why)].into());
        self.denied.send_replace(Arc::new(list));
    }
}

#[tokio::test]
async fn a_certificate_that_holds_no_more_ends_its_connection_and_lets_nobody_in() {
    let mut town = Town::new(10).await;
    // Each call makes another certificate for the same name.
    let (first, second) = (
        town.identity(A),
        identity(&town.authority, &town.folder.path().join("b"), A),
    );
    let options = |identity: &Identity| {
        let tls = tls::client(identity).unwrap();
        options(A, town.broker.address().port(), Some(tls))
    };
    let (own, others) = (options(&first), options(&second));
    let mut client = Client::connect(own.clone()).await.unwrap();
    assert_eq!(town.sign().await, Sign::Used(serial(&first)));

    town.deny(&serial(&second), Why::Removed);
    let refused = Client::connect(others).await;
    assert!(refused.is_err(), "a denied certificate was let in");
    assert_eq!(town.sign().await, Sign::refused(A, "removed"));
    // Whoever is not on the list notices nothing.
    client
        .client
        .publish("n1/uaaaaaaa/up/b", ClientQoS::AtLeastOnce, false, "x")
        .await
        .unwrap();
    assert!(
        timeout(SOON, client.packets.recv())
            .await
            .unwrap()
            .is_some()
    );

    town.deny(&serial(&first), Why::Superseded);
    let ended = timeout(SOON, client.packets.recv()).await.unwrap();
    assert_eq!(ended, None, "the connection goes on");
    assert_eq!(town.sign().await, Sign::refused(A, "superseded"));
    assert!(Client::connect(own).await.is_err());
}

#[tokio::test]
async fn a_unit_that_speaks_for_another_is_refused_and_it_is_said_who() {
    let mut town = Town::new(10).await;
    let mut client = town.connect(A).await;
    assert!(matches!(town.sign().await, Sign::Used(_)));
    client
        .client
        .publish("n1/ubbbbbbb/up/r", ClientQoS::AtLeastOnce, false, "x")
        .await
        .unwrap();
    assert_eq!(town.sign().await, Sign::refused(A, "write"));
    let answer = timeout(SOON, client.packets.recv()).await.unwrap();
    let is_taken =
        matches!(&answer, Some(Packet::PubAck(ack)) if ack.reason == PubAckReason::Success);
    assert!(!is_taken, "{answer:?}");
    // Under another's name at the door.
    assert!(Client::connect(town.options(A, B)).await.is_err());
    assert!(matches!(town.sign().await, Sign::Used(_)));
    assert_eq!(
        town.sign().await,
        Sign::refused(A, "connect under another name")
    );
}

#[tokio::test]
async fn nobody_comes_in_under_anothers_name() {
    let town = Town::new(10).await;
    for client_id in [B, HUB_NAME, "anything"] {
        let refusal = Client::connect(town.options(A, client_id)).await;
        assert!(refusal.is_err(), "{client_id} was let in");
    }
}

#[tokio::test]
async fn the_port_behind_the_door_lets_in_nobody_who_did_not_come_through_it() {
    let town = Town::new(10).await;
    for client_id in [A, HUB_NAME] {
        let mut options = options(client_id, town.broker.inner.port(), None);
        options.set_credentials(HUB_NAME, "");
        assert!(
            Client::connect(options).await.is_err(),
            "{client_id} was let in"
        );
    }
}

#[tokio::test]
async fn a_unit_cannot_write_as_another() {
    let town = Town::new(10).await;
    let (mut hub, mut unit) = (town.connect(HUB_NAME).await, town.connect(A).await);
    hub.listen("n1/+/up/+").await;
    unit.say("n1/ubbbbbbb/up/b", "forged").await;
    match unit.next().await {
        Some(Packet::PubAck(ack)) => assert_eq!(ack.reason, PubAckReason::NotAuthorized),
        Some(Packet::Disconnect(_)) | None => {}
        Some(other) => panic!("{other:?}"),
    }
    let unit = town.connect(A).await;
    unit.say("n1/uaaaaaaa/up/b", "own").await;
    assert_eq!(hub.hear().await.payload.as_ref(), b"own");
}

#[tokio::test]
async fn a_unit_cannot_listen_to_another() {
    let town = Town::new(10).await;
    let (hub, mut unit) = (town.connect(HUB_NAME).await, town.connect(A).await);
    for filter in [
        "n1/ubbbbbbb/dn/+",
        "n1/+/up/+",
        "#",
        "$share/x/n1/ubbbbbbb/dn/+",
    ] {
        assert!(
            !is_granted(unit.listen(filter).await),
            "{filter} was granted"
        );
    }
    assert!(is_granted(unit.listen("n1/uaaaaaaa/dn/+").await));
    hub.say("n1/ubbbbbbb/dn/p", "another's").await;
    hub.say("n1/uaaaaaaa/dn/p", "own").await;
    assert_eq!(unit.hear().await.payload.as_ref(), b"own");
}

#[tokio::test]
async fn a_will_is_refused() {
    let town = Town::new(10).await;
    let mut options = town.options(A, A);
    let topic = "n1/ubbbbbbb/up/b";
    options.set_last_will(LastWill::new(
        topic,
        "forged",
        ClientQoS::AtLeastOnce,
        false,
        None,
    ));
    assert!(Client::connect(options).await.is_err());
}

#[tokio::test]
async fn a_packet_over_the_limit_ends_its_connection_and_no_other() {
    let town = Town::new(10).await;
    let (mut hub, unit) = (town.connect(HUB_NAME).await, town.connect(A).await);
    hub.listen("n1/+/up/+").await;
    let mut huge = town.options(B, B);
    huge.set_max_packet_size(Some(1 << 20));
    let mut huge = Client::connect(huge).await.unwrap();
    huge.say("n1/ubbbbbbb/up/r", vec![b' '; 64 * 1024]).await;
    let is_over = loop {
        match huge.next().await {
            Some(Packet::Disconnect(_)) | None => break true,
            Some(Packet::PubAck(_)) => break false,
            Some(_) => {}
        }
    };
    assert!(is_over, "the packet was taken");
    unit.say("n1/uaaaaaaa/up/b", "small").await;
    assert_eq!(hub.hear().await.payload.as_ref(), b"small");
}

#[tokio::test]
async fn more_connections_than_agreed_are_turned_away() {
    let town = Town::new(1).await;
    let first = town.connect(A).await;
    assert!(Client::connect(town.options(B, B)).await.is_err());
    drop(first);
    // The place is free once the broker has noticed.
    let mut attempts = 0;
    while Client::connect(town.options(B, B)).await.is_err() {
        attempts += 1;
        assert!(attempts < 200, "the place stays taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
