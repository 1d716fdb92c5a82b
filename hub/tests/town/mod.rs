//! A hub, its broker and its ledger in a folder of their own, and clients that act as units.
//!
//! Time stands nearly still until a test lets it run. What is promised is in the tests.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use jiff::civil::Date;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use nattsyn_clock::conductor::Conductor;
use nattsyn_clock::{Clock, Hold};
use nattsyn_hub::broker::{self, BrokerConfig, BrokerHandle};
use nattsyn_hub::certificates::{Authority, Identity};
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::ingest::Endpoint;
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::roster::{Home, Resident};
use nattsyn_hub::service::{self, Handle, Setup};
use nattsyn_hub::store::SqliteStore;
use nattsyn_hub::view::{Reality, Tonight};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::hello::{Ack, Hello, PlanMessage};
use nattsyn_protocol::ids::{BootId, UnitId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::ClockState;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

pub(crate) const ZONE: &str = "Europe/Stockholm";
/// Longest that anything here may take in real time.
pub(crate) const SOON: Duration = Duration::from_secs(60);
/// So slow that nothing comes due while a test talks.
pub(crate) const STANDSTILL: f64 = 0.01;

pub(crate) fn night() -> Date {
    jiff::civil::date(2026, 11, 21)
}

/// A hub with two homes, whose windows open at 23:00.
pub(crate) struct Town {
    pub(crate) folder: TempDir,
    pub(crate) clock: Clock,
    /// The hub's own, for every run of it: a lease lasts as long as a process.
    pub(crate) hub_clock: Clock,
    pub(crate) standstill: Option<Hold>,
    pub(crate) broker: Pipe,
    pub(crate) authority: Authority,
    pub(crate) keys: HubKeys,
    pub(crate) plan: Plan,
    pub(crate) hub: Option<Handle>,
    pub(crate) _conductor: Conductor,
}

/// What passes messages on.
pub(crate) enum Pipe {
    Embedded(BrokerHandle),
    Mosquitto { process: Child, port: u16 },
}

impl Pipe {
    pub(crate) async fn embedded(identity: Identity) -> Self {
        let listen = ([127, 0, 0, 1], 0).into();
        let config = BrokerConfig {
            listen,
            identity,
            connections_max: 10,
            watched: nattsyn_hub::broker::Watch::nobody(),
        };
        Self::Embedded(broker::start(&config).await.unwrap())
    }

    /// As shipped, on a free port; `folder` holds the certificates.
    pub(crate) async fn mosquitto(folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let shipped =
            include_str!("../../examples/mosquitto.conf").replace("8883", &port.to_string());
        // Started by root it would become another user, who may not read the test's keys.
        let shipped = shipped.replace("tls/", "") + "\nuser root\n";
        std::fs::write(folder.join("mosquitto.conf"), shipped).unwrap();
        let acl = include_str!("../../examples/mosquitto.acl");
        std::fs::write(folder.join("mosquitto.acl"), acl).unwrap();
        let process = Command::new("mosquitto")
            .args(["-c", "mosquitto.conf"])
            .current_dir(folder)
            .spawn()
            .expect("mosquitto can be started");
        let listens = async {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, listens).await.expect("mosquitto listens");
        Self::Mosquitto { process, port }
    }

    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Embedded(handle) => handle.address().port(),
            Self::Mosquitto { port, .. } => *port,
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if let Self::Mosquitto { process, .. } = self {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

pub(crate) fn eye() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

pub(crate) fn home(number: u8) -> Home {
    Home {
        id: format!("h000000{number}").parse().unwrap(),
        address: format!("Exempelgatan {number}"),
        unit: format!("u000000{number}").parse().unwrap(),
        eye: PublicKey::of(&if number == 1 {
            eye()
        } else {
            SigningKey::from_bytes(&[4; 32])
        }),
        residents: vec![Resident {
            id: format!("r000000{number}").parse().unwrap(),
            name: format!("Namn {number}"),
        }],
    }
}

pub(crate) fn plan(home: &Home) -> Plan {
    Plan {
        resident: home.residents[0].id,
        unit: home.unit,
        version: 0,
        zone: ZONE.to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![Window::nightly(
            WindowKey(1),
            "23:00".parse().unwrap(),
            "23:45".parse().unwrap(),
        )],
        places: Vec::new(),
        ..Plan::bare(home.residents[0].id, home.unit)
    }
}

impl Town {
    /// Ten seconds after the windows opened.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority =
            Authority::create(folder.path(), &nattsyn_protocol::demonstration::root_key()).unwrap();
        let server = authority.issue_server(&[], folder.path()).unwrap();
        Self::around(folder, authority, Pipe::embedded(server).await)
    }

    pub(crate) fn around(folder: TempDir, authority: Authority, broker: Pipe) -> Self {
        let homes = vec![home(1), home(2)];
        let plans: Vec<Plan> = homes.iter().map(plan).collect();
        let opens = checks_of(&plans[0], night()).unwrap()[0].opens;
        let socket = folder.path().join("clock");
        let conductor =
            Conductor::start(&socket, opens.after(Duration::from_secs(10)), None).unwrap();
        let clock = Clock::demonstration(&socket, "test").unwrap();
        let standstill = Some(clock.hold(STANDSTILL));
        tokio::spawn(idle(clock.clone()));
        let hub_clock = Clock::demonstration(&socket, "hub").unwrap();

        let key = HubKeys::draw(folder.path()).unwrap();
        let endorsement = endorse(&demonstration::root_key(), key, 1);
        HubKeys::keep(folder.path(), &demonstration::root(), &endorsement).unwrap();
        let keys = HubKeys::open(folder.path()).unwrap();
        let plan = plans[0].clone();
        let mut town = Self {
            folder,
            clock,
            hub_clock,
            standstill,
            broker,
            authority,
            keys,
            plan,
            hub: None,
            _conductor: conductor,
        };
        let made = opens.before(Duration::from_secs(3600));
        let homes = Homes {
            homes,
            plans,
            ..Homes::default()
        };
        enrol(&mut town.store(), &homes.on_paper(made), &town.keys, made).unwrap();
        town.start();
        town
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    pub(crate) fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.ledger()).unwrap()
    }

    pub(crate) fn start(&mut self) {
        let setup = Setup {
            zone: ZONE.to_owned(),
            reality: Reality::Demonstration,
            broker: Endpoint {
                host: "localhost".to_owned(),
                port: self.broker.port(),
                identity: self.authority.issue_hub(self.folder.path()).unwrap(),
            },
            keys: self.keys.clone(),
        };
        let clock = self.hub_clock.clone();
        self.hub = Some(service::start(setup, clock, Box::new(self.store())).unwrap());
    }

    pub(crate) fn hub(&mut self) -> &mut Handle {
        self.hub.as_mut().unwrap()
    }

    /// Waits until the page would show something.
    pub(crate) async fn shows(&mut self, what: impl FnMut(&Arc<Tonight>) -> bool) -> Arc<Tonight> {
        let shown = timeout(SOON, self.hub().tonight.wait_for(what)).await;
        shown.expect("the page shows it").unwrap().clone()
    }

    pub(crate) async fn unit(&self, number: u8) -> Unit {
        let id: UnitId = format!("u000000{number}").parse().unwrap();
        let identity = self
            .authority
            .issue_unit(id, &self.folder.path().join(id.to_string()))
            .unwrap();
        Unit::connect(id, &identity, self.broker.port()).await
    }

    pub(crate) fn report(&self, counter: u64, finding: Finding) -> Report {
        let check = checks_of(&self.plan, night()).unwrap().remove(0);
        Report {
            unit: self.plan.unit,
            check: check.id,
            look: 1,
            finding,
            at_ms: check.opens.after(Duration::from_secs(5)),
            clock: ClockState::Synced,
            plan: 1,
            model: "00000000".to_owned(),
            boot: BootId(77),
            counter,
            nonce: "00".repeat(16),
        }
    }
}

/// Never has anything to do, so that time may jump when nothing holds it.
pub(crate) async fn idle(clock: Clock) {
    loop {
        clock.settle(clock.now(), None);
        clock.wait_until(None).await;
    }
}

/// A client that acts as a unit's voice.
pub(crate) struct Unit {
    pub(crate) id: UnitId,
    pub(crate) client: AsyncClient,
    pub(crate) heard: mpsc::Receiver<(Channel, Vec<u8>)>,
    pub(crate) task: JoinHandle<()>,
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn tls(identity: &Identity) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&identity.ca).unwrap())
        .unwrap();
    let chain = vec![CertificateDer::from_pem_file(&identity.certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&identity.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

impl Unit {
    pub(crate) async fn connect(id: UnitId, identity: &Identity, port: u16) -> Self {
        let mut options = MqttOptions::new(id.to_string(), "localhost", port);
        options.set_transport(Transport::Tls(TlsConfiguration::Rustls(tls(identity))));
        let (client, mut events) = AsyncClient::new(options, 64);
        client
            .subscribe(Topic::down_filter(id), QoS::AtLeastOnce)
            .await
            .unwrap();
        while !matches!(
            events.poll().await.unwrap(),
            Event::Incoming(Packet::SubAck(_))
        ) {}
        let (sender, heard) = mpsc::channel(64);
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Packet::Publish(publish)) = event {
                    let topic = Topic::parse(std::str::from_utf8(&publish.topic).unwrap());
                    let heard = (topic.unwrap().channel, publish.payload.to_vec());
                    sender.send(heard).await.unwrap();
                }
            }
        });
        Self {
            id,
            client,
            heard,
            task,
        }
    }

    pub(crate) async fn say(&self, channel: Channel, body: Vec<u8>) {
        let topic = Topic {
            unit: self.id,
            channel,
        }
        .to_string();
        self.client
            .publish(topic, QoS::AtLeastOnce, false, body)
            .await
            .unwrap();
    }

    pub(crate) async fn hear(&mut self) -> (Channel, Vec<u8>) {
        timeout(SOON, self.heard.recv())
            .await
            .expect("the hub answers")
            .unwrap()
    }

    pub(crate) async fn hello(&self) {
        let hello = Hello {
            unit: self.id,
            software: "test".to_owned(),
            plans: Vec::new(),
            waiting: 0,
            eye: None,
        };
        self.say(Channel::Hello, wire::encode(&hello)).await;
    }

    pub(crate) async fn report(&self, report: &Report) {
        let signed = Signed::seal(report, &eye());
        self.say(Channel::Report, wire::encode(&signed)).await;
    }

    pub(crate) async fn acknowledged(&mut self, report: &Report) {
        let (channel, body) = self.hear().await;
        assert_eq!(channel, Channel::Ack);
        assert_eq!(wire::decode::<Ack>(&body).unwrap().reports, [report.key()]);
    }

    /// The last word to a hello: an acknowledgement of nothing.
    pub(crate) async fn answered(&mut self) {
        let (channel, body) = self.hear().await;
        assert_eq!(channel, Channel::Ack);
        assert_eq!(wire::decode::<Ack>(&body).unwrap().reports, []);
    }

    /// Waits until the hub listens: before that, the broker has nobody to pass anything to.
    pub(crate) async fn met(&mut self) -> PlanMessage {
        loop {
            self.hello().await;
            if let Ok(heard) = timeout(Duration::from_millis(200), self.heard.recv()).await {
                let (channel, body) = heard.unwrap();
                assert_eq!(channel, Channel::Plan);
                self.answered().await;
                return wire::decode(&body).unwrap();
            }
        }
    }
}
