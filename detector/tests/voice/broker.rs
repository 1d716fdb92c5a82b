//! Mosquitto in a folder of its own, with certificates made here, and a hub's end of it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use nattsyn_clock::Clock;
use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::topics::{Channel, HUB_FILTER, Topic};
use nattsyn_protocol::wire;

const MOSQUITTO: &str = "/usr/sbin/mosquitto";
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn unit() -> UnitId {
    "u0000001".parse().unwrap()
}

/// Whether the broker is installed; says so loudly if not.
#[expect(
    clippy::print_stdout,
    reason = "whoever runs the tests must see what was not tried"
)]
pub(crate) fn mosquitto_is_missing(test: &str) -> bool {
    let missing = !Path::new(MOSQUITTO).exists();
    if missing {
        println!("SKIPPED {test}: {MOSQUITTO} is not installed (apt-get install mosquitto)");
    }
    missing
}

pub(crate) fn pause(duration: Duration) {
    let (_never, pause) = sync_channel::<()>(0);
    pause.recv_timeout(duration).ok();
}

/// Looks every 20 ms.
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::machine();
    let began = clock.real_now();
    while clock.real_now() - began < PATIENCE {
        if let Some(found) = found() {
            return found;
        }
        pause(Duration::from_millis(20));
    }
    panic!("waited {PATIENCE:?} for {what}");
}

/// A broker with its certificates, in a folder of its own.
pub(crate) struct Broker {
    folder: tempfile::TempDir,
    pub(crate) port: u16,
    process: Option<Child>,
}

impl Broker {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        make_certificates(folder.path());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let config = format!(
            "listener {port} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\n\
             require_certificate true\nuse_identity_as_username true\nallow_anonymous false\n\
             acl_file {}\nuser root\npersistence false\n",
            path("ca.pem"),
            path("localhost.pem"),
            path("localhost.key"),
            path("acl"),
        );
        std::fs::write(folder.path().join("broker.conf"), config).unwrap();
        // A unit writes its own upward channels and reads its own downward ones.
        let acl = "user hub\ntopic readwrite n1/#\n\
                   pattern write n1/%u/up/+\npattern read n1/%u/dn/+\n";
        std::fs::write(folder.path().join("acl"), acl).unwrap();
        let mut broker = Self {
            folder,
            port,
            process: None,
        };
        broker.up();
        broker
    }

    pub(crate) fn up(&mut self) {
        let process = Command::new(MOSQUITTO)
            .arg("-c")
            .arg(self.folder.path().join("broker.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        wait_for("the broker", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()
        });
    }

    pub(crate) fn down(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.down();
    }
}

pub(crate) fn make_certificates(folder: &Path) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "test municipality");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    for name in ["localhost", "hub", "u0000001"] {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

/// The hub's end of the broker: hears everything, says what a test has it say.
pub(crate) struct Hub {
    heard: Receiver<(Channel, Vec<u8>)>,
    client: AsyncClient,
    /// When it is dropped the hub is gone.
    _leave: tokio::sync::oneshot::Sender<()>,
}

impl Hub {
    pub(crate) fn connect(broker: &Broker) -> Self {
        let mut options = MqttOptions::new("hub", "localhost", broker.port);
        options.set_transport(Transport::tls_with_config(hub_tls(broker)));
        let (client, events) = AsyncClient::new(options, 16);
        let (tell, heard) = sync_channel(1000);
        let (ready, connected) = sync_channel(1);
        let (leave, left) = tokio::sync::oneshot::channel();
        let subscriber = client.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = listen(events, &subscriber, &tell, &ready) => {}
                    _ = left => {}
                }
            });
        });
        connected
            .recv_timeout(PATIENCE)
            .expect("the hub subscribes");
        Self {
            heard,
            client,
            _leave: leave,
        }
    }

    pub(crate) fn say<M: wire::Message>(&self, channel: Channel, message: &M) {
        self.say_bytes(channel, wire::encode(message));
    }

    pub(crate) fn say_bytes(&self, channel: Channel, body: Vec<u8>) {
        let topic = Topic {
            unit: unit(),
            channel,
        };
        self.client
            .try_publish(topic.to_string(), QoS::AtLeastOnce, false, body)
            .unwrap();
    }

    /// The next message on a channel; others are passed over.
    pub(crate) fn next(&self, wanted: Channel) -> Vec<u8> {
        let clock = Clock::machine();
        let began = clock.real_now();
        while clock.real_now() - began < PATIENCE {
            let (channel, body) = self.any();
            if channel == wanted {
                return body;
            }
        }
        panic!("no message on {wanted:?} within {PATIENCE:?}");
    }

    /// The next message on any channel.
    pub(crate) fn any(&self) -> (Channel, Vec<u8>) {
        let heard = self.heard.recv_timeout(PATIENCE);
        heard.expect("the hub hears something")
    }

    pub(crate) fn hello(&self) -> Hello {
        wire::decode(&self.next(Channel::Hello)).unwrap()
    }

    pub(crate) fn report(&self) -> Signed {
        wire::decode(&self.next(Channel::Report)).unwrap()
    }
}

async fn listen(
    mut events: EventLoop,
    client: &AsyncClient,
    tell: &SyncSender<(Channel, Vec<u8>)>,
    ready: &SyncSender<()>,
) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                client.try_subscribe(HUB_FILTER, QoS::AtLeastOnce).unwrap();
            }
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                ready.try_send(()).ok();
            }
            Ok(Event::Incoming(Packet::Publish(message))) => {
                let topic = String::from_utf8(message.topic.to_vec()).unwrap();
                let topic = Topic::parse(&topic).unwrap();
                assert_eq!(topic.unit, unit());
                tell.try_send((topic.channel, message.payload.to_vec()))
                    .ok();
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn hub_tls(broker: &Broker) -> TlsConfiguration {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(broker.file("ca.pem")).unwrap())
        .unwrap();
    let chain = vec![CertificateDer::from_pem_file(broker.file("hub.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(broker.file("hub.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    TlsConfiguration::Rustls(Arc::new(config))
}
