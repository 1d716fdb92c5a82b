//! The hub whole: a real broker over TLS, a real ledger in a folder, and clients that act as
//! units, at a time that stands nearly still until a test lets it run.
//!
//! Rooms, eyes and the page are not here; `tests/tests/night.rs` has all of them.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

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
use nattsyn_hub::ingest::{DropKind, Endpoint};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::roster::{Home, Resident};
use nattsyn_hub::service::{self, Handle, Setup};
use nattsyn_hub::store::SqliteStore;
use nattsyn_hub::view::{Cause, CheckRow, Ending, Reality, Standing, Tonight};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::heartbeat::{EyeState, Heartbeat};
use nattsyn_protocol::hello::{Ack, Hello, PlanMessage};
use nattsyn_protocol::ids::{BootId, UnitId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::{ClockState, Timestamp};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

const ZONE: &str = "Europe/Stockholm";
/// Longest that anything here may take in real time.
const SOON: Duration = Duration::from_secs(60);
/// So slow that nothing comes due while a test talks.
const STANDSTILL: f64 = 0.01;

fn night() -> Date {
    jiff::civil::date(2026, 11, 21)
}

/// A hub with two homes, whose windows open at 23:00.
struct Town {
    folder: TempDir,
    clock: Clock,
    /// The hub's own, for every run of it: a lease lasts as long as a process.
    hub_clock: Clock,
    standstill: Option<Hold>,
    broker: Pipe,
    authority: Authority,
    keys: HubKeys,
    plan: Plan,
    hub: Option<Handle>,
    _conductor: Conductor,
}

/// What passes messages on.
enum Pipe {
    Embedded(BrokerHandle),
    Mosquitto { process: Child, port: u16 },
}

impl Pipe {
    async fn embedded(identity: Identity) -> Self {
        let listen = ([127, 0, 0, 1], 0).into();
        let config = BrokerConfig {
            listen,
            identity,
            connections_max: 10,
        };
        Self::Embedded(broker::start(&config).await.unwrap())
    }

    /// As shipped, on a free port; `folder` holds the certificates.
    async fn mosquitto(folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let shipped = include_str!("../examples/mosquitto.conf").replace("8883", &port.to_string());
        // Started by root it would become another user, who may not read the test's keys.
        let shipped = shipped.replace("tls/", "") + "\nuser root\n";
        std::fs::write(folder.join("mosquitto.conf"), shipped).unwrap();
        let acl = include_str!("../examples/mosquitto.acl");
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

    fn port(&self) -> u16 {
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

fn eye() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn home(number: u8) -> Home {
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

fn plan(home: &Home) -> Plan {
    Plan {
        resident: home.residents[0].id,
        unit: home.unit,
        version: 0,
        zone: ZONE.to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![Window {
            key: WindowKey(1),
            from: "23:00".parse().unwrap(),
            to: "23:45".parse().unwrap(),
        }],
        places: Vec::new(),
    }
}

impl Town {
    /// Ten seconds after the windows opened.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create(folder.path()).unwrap();
        let server = authority.issue_server(&[], folder.path()).unwrap();
        Self::around(folder, authority, Pipe::embedded(server).await)
    }

    fn around(folder: TempDir, authority: Authority, broker: Pipe) -> Self {
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
        enrol(&mut town.store(), &Homes { homes, plans }, &town.keys, made).unwrap();
        town.start();
        town
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.ledger()).unwrap()
    }

    fn start(&mut self) {
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

    fn hub(&mut self) -> &mut Handle {
        self.hub.as_mut().unwrap()
    }

    /// Waits until the page would show something.
    async fn shows(&mut self, what: impl FnMut(&Arc<Tonight>) -> bool) -> Arc<Tonight> {
        let shown = timeout(SOON, self.hub().tonight.wait_for(what)).await;
        shown.expect("the page shows it").unwrap().clone()
    }

    async fn unit(&self, number: u8) -> Unit {
        let id: UnitId = format!("u000000{number}").parse().unwrap();
        let identity = self
            .authority
            .issue_unit(id, &self.folder.path().join(id.to_string()))
            .unwrap();
        Unit::connect(id, &identity, self.broker.port()).await
    }

    fn report(&self, counter: u64, finding: Finding) -> Report {
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
async fn idle(clock: Clock) {
    loop {
        clock.settle(clock.now(), None);
        clock.wait_until(None).await;
    }
}

/// A client that acts as a unit's voice.
struct Unit {
    id: UnitId,
    client: AsyncClient,
    heard: mpsc::Receiver<(Channel, Vec<u8>)>,
    task: JoinHandle<()>,
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tls(identity: &Identity) -> Arc<rustls::ClientConfig> {
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
    async fn connect(id: UnitId, identity: &Identity, port: u16) -> Self {
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

    async fn say(&self, channel: Channel, body: Vec<u8>) {
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

    async fn hear(&mut self) -> (Channel, Vec<u8>) {
        timeout(SOON, self.heard.recv())
            .await
            .expect("the hub answers")
            .unwrap()
    }

    async fn hello(&self) {
        let hello = Hello {
            unit: self.id,
            software: "test".to_owned(),
            plans: Vec::new(),
            waiting: 0,
        };
        self.say(Channel::Hello, wire::encode(&hello)).await;
    }

    async fn report(&self, report: &Report) {
        let signed = Signed::seal(report, &eye());
        self.say(Channel::Report, wire::encode(&signed)).await;
    }

    async fn acknowledged(&mut self, report: &Report) {
        let (channel, body) = self.hear().await;
        assert_eq!(channel, Channel::Ack);
        assert_eq!(wire::decode::<Ack>(&body).unwrap().reports, [report.key()]);
    }

    /// Waits until the hub listens: before that, the broker has nobody to pass anything to.
    async fn met(&mut self) -> PlanMessage {
        loop {
            self.hello().await;
            if let Ok(heard) = timeout(Duration::from_millis(200), self.heard.recv()).await {
                let (channel, body) = heard.unwrap();
                assert_eq!(channel, Channel::Plan);
                return wire::decode(&body).unwrap();
            }
        }
    }
}

fn first(tonight: &Tonight) -> &CheckRow {
    &tonight.checks[0]
}

fn is_visible(tonight: &Tonight) -> bool {
    matches!(first(tonight).standing, Standing::Visible { .. })
}

#[tokio::test]
async fn a_hello_is_answered_with_a_plan_that_the_root_stands_behind() {
    let town = Town::new().await;
    let plan = town
        .unit(1)
        .await
        .met()
        .await
        .open(&demonstration::root())
        .unwrap();
    assert_eq!(
        plan,
        Plan {
            version: 1,
            ..town.plan.clone()
        }
    );
}

#[tokio::test]
async fn a_report_is_shown_and_acknowledged_and_its_repetition_only_acknowledged() {
    let mut town = Town::new().await;
    let mut unit = town.unit(1).await;
    unit.met().await;
    let report = town.report(1, Finding::Visible);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    let shown = town.shows(|tonight| is_visible(tonight)).await;
    assert_eq!(first(&shown).looks.len(), 1);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    assert_eq!(first(&town.hub().tonight.borrow().clone()).looks.len(), 1);

    town.hub.take().unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_believed_is_counted_and_stops_nothing() {
    let mut town = Town::new().await;
    let (mut unit, other) = (town.unit(1).await, town.unit(2).await);
    let stranger = town.unit(9).await;
    unit.met().await;
    let report = town.report(1, Finding::Visible);
    let body = wire::encode(&Signed::seal(&report, &eye()));
    let beat = Heartbeat {
        at_ms: Timestamp::from_ms(0).unwrap(),
        sequence: 1,
        eye: EyeState::Ready,
        waiting: 0,
    };

    for garbage in ["", "{", "null", "{\"v\":1}", "\u{0}\u{1}"] {
        unit.say(Channel::Report, garbage.into()).await;
    }
    unit.say(Channel::Hello, vec![0xff, 0xfe]).await;
    unit.say(Channel::Report, vec![b'['; wire::BODY_MAX + 1])
        .await;
    unit.say(Channel::Heartbeat, b"{\"v\":2,\"t\":0}".to_vec())
        .await;
    // The right body, signed by another eye, and with a signature too few.
    let forged = Signed::seal(&report, &SigningKey::from_bytes(&[4; 32]));
    unit.say(Channel::Report, wire::encode(&forged)).await;
    let unsigned = Signed {
        signature: String::new(),
        ..forged
    };
    unit.say(Channel::Report, wire::encode(&unsigned)).await;
    // One home's report on another's topic, and a hello in another's name.
    other.say(Channel::Report, body.clone()).await;
    let hello = Hello {
        unit: unit.id,
        software: String::new(),
        plans: Vec::new(),
        waiting: 0,
    };
    other.say(Channel::Hello, wire::encode(&hello)).await;
    // A unit with a certificate that nobody enrolled.
    stranger.say(Channel::Heartbeat, wire::encode(&beat)).await;

    let expected = [
        (DropKind::Unreadable, 6),
        (DropKind::TooLarge, 1),
        (DropKind::UnknownVersion, 1),
        (DropKind::WrongSignature, 3),
        (DropKind::AnotherUnit, 1),
        (DropKind::UnknownUnit, 1),
        (DropKind::ForeignTopic, 0),
    ];
    let total: u64 = expected.iter().map(|(_, count)| count).sum();
    let drops = Arc::clone(&town.hub().drops);
    let all = async {
        while drops.total() < total {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, all).await.expect("everything is counted");
    for (kind, count) in expected {
        assert_eq!(drops.of(kind), count, "{}", kind.word());
    }
    assert_eq!(
        first(&town.hub().tonight.borrow().clone()).standing,
        Standing::Ongoing
    );

    unit.report(&report).await;
    unit.acknowledged(&report).await;
    town.shows(|tonight| is_visible(tonight)).await;
}

#[tokio::test]
async fn a_report_of_no_check_is_kept_and_acknowledged() {
    let town = Town::new().await;
    let mut unit = town.unit(1).await;
    unit.met().await;
    let mut report = town.report(5, Finding::Visible);
    report.check.window = WindowKey(200);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
}

#[tokio::test]
async fn a_check_that_nobody_reports_is_an_exception_before_its_deadline() {
    let mut town = Town::new().await;
    town.standstill = None;
    let shown = town.shows(|tonight| tonight.open.len() == 2).await;
    let (row, check) = (&shown.open[0], first(&shown));
    assert!(row.opened < check.deadline, "{row:?}");
    assert_eq!(row.cause, Cause::Silent);
    town.shows(|tonight| {
        first(tonight).standing
            == Standing::Exception {
                cause: Cause::Silent,
            }
            && tonight.now < first(tonight).deadline
    })
    .await;
}

#[tokio::test]
async fn a_hub_that_crashes_at_night_forgets_nothing_and_asks_first_thing() {
    let mut town = Town::new().await;
    let mut unit = town.unit(1).await;
    unit.met().await;
    let seen = town.report(1, Finding::Visible);
    unit.report(&seen).await;
    unit.acknowledged(&seen).await;
    // Aborted, not stopped: nothing is closed or written.
    town.hub = None;
    let deadline = checks_of(&town.plan, night()).unwrap()[0].deadline;
    let down = tokio::spawn(idle(town.hub_clock.clone()));
    town.standstill = None;
    while town.clock.now().timestamp < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    town.standstill = Some(town.clock.hold(STANDSTILL));
    down.abort();
    town.start();

    let first_word = town.hub().tonight.borrow().clone();
    assert!(is_visible(&first_word));
    assert_eq!(first_word.open.len(), 1);
    assert_eq!(first_word.open[0].cause, Cause::NoReport);
    assert_eq!(first_word.open[0].person.name, "Namn 2");
}

#[tokio::test]
async fn a_report_that_comes_late_ends_its_exception() {
    let mut town = Town::new().await;
    town.standstill = None;
    town.shows(|tonight| matches!(first(tonight).standing, Standing::Exception { .. }))
        .await;
    town.standstill = Some(town.clock.hold(STANDSTILL));
    let mut unit = town.unit(1).await;
    let report = town.report(1, Finding::Visible);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    let shown = town
        .shows(|tonight| matches!(first(tonight).standing, Standing::VisibleLate { .. }))
        .await;
    assert_eq!(
        shown.closed[0].ended.map(|(_, ending)| ending),
        Some(Ending::LateReport)
    );
}

#[tokio::test]
async fn homes_that_are_enrolled_while_the_hub_runs_are_watched_and_sent_their_plans() {
    let mut town = Town::new().await;
    let mut unit = town.unit(3).await;
    let homes = vec![home(1), home(2), home(3)];
    let mut plans: Vec<Plan> = homes.iter().map(plan).collect();
    plans[2].windows[0].from = "23:30".parse().unwrap();
    plans[2].windows[0].to = "23:59".parse().unwrap();
    let now = town.clock.now().timestamp;
    enrol(&mut town.store(), &Homes { homes, plans }, &town.keys, now).unwrap();
    town.standstill = None;
    let shown = town.shows(|tonight| tonight.homes.len() == 3).await;
    assert_eq!(shown.checks.len(), 3);
    assert_eq!(unit.hear().await.0, Channel::Plan);
}

#[tokio::test]
#[ignore = "needs mosquitto, from Debian's package of that name"]
async fn mosquitto_as_shipped_serves_as_well_and_keeps_units_apart() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::create(folder.path()).unwrap();
    authority.issue_server(&[], folder.path()).unwrap();
    let broker = Pipe::mosquitto(folder.path()).await;
    let mut town = Town::around(folder, authority, broker);
    let (mut unit, mut other) = (town.unit(1).await, town.unit(2).await);
    unit.met().await;
    other.met().await;

    // Neither in the other's name nor to the other: what follows is the first that is heard.
    let stolen = Topic {
        unit: unit.id,
        channel: Channel::Hello,
    }
    .to_string();
    other
        .client
        .publish(stolen, QoS::AtLeastOnce, false, "forged")
        .await
        .unwrap();
    other
        .client
        .subscribe(Topic::down_filter(unit.id), QoS::AtLeastOnce)
        .await
        .unwrap();
    let report = town.report(1, Finding::Visible);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    town.shows(|tonight| is_visible(tonight)).await;
    other.hello().await;
    assert_eq!(other.hear().await.0, Channel::Plan);
    assert_eq!(town.hub().drops.total(), 0);
}
