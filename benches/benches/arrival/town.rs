//! A hub with its homes, its broker, its ledger and its page, in a temporary folder.
//!
//! Its clock shows a moment at which every home's window has just opened, and runs at real
//! speed. It sends nothing itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ed25519_dalek::SigningKey;
use jiff::civil::{Date, date};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rusqlite::Connection;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::TcpListener;

use nattsyn_clock::conductor::Conductor;
use nattsyn_clock::{Clock, Hold};
use nattsyn_hub::broker::{self, BrokerConfig, BrokerHandle};
use nattsyn_hub::certificates::{Authority, Identity};
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::http;
use nattsyn_hub::ingest::Endpoint;
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::roster::{Home, Resident};
use nattsyn_hub::service::{self, Handle, Setup};
use nattsyn_hub::store::SqliteStore;
use nattsyn_hub::view::Reality;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::schedule::{Check, checks_of};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::topics::Topic;

/// Messages that may wait in one client.
const QUEUE: usize = 1 << 12;

const NIGHT: Date = date(2026, 11, 21);
const ZONE: &str = "Europe/Stockholm";

/// Everything that stands ready before a unit connects.
pub(crate) struct Town {
    folder: TempDir,
    authority: Authority,
    socket: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) port: u16,
    pub(crate) page: SocketAddr,
    pub(crate) hub: Handle,
    /// The one check of each connected home's night.
    pub(crate) checks: Vec<Check>,
    pub(crate) units: Vec<UnitId>,
    /// The homes in which they hang.
    pub(crate) homes: Vec<HomeId>,
    _hold: Hold,
    _conductor: Conductor,
    _broker: BrokerHandle,
}

/// The key of every eye here: what is measured is the same with five thousand.
pub(crate) fn eye() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

impl Town {
    /// So many homes, of which so many have a unit that really connects.
    pub(crate) async fn build(count: u32, connected: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("making a folder")?;
        let homes: Vec<Home> = (0..count).map(home).collect();
        let plans: Vec<Plan> = homes.iter().map(plan).collect();
        let units = homes.iter().map(|home| home.unit).take(connected).collect();
        let connected_homes = homes.iter().map(|home| home.id).take(connected).collect();
        let mut checks = Vec::new();
        for plan in plans.iter().take(connected) {
            checks.extend(checks_of(plan, NIGHT)?);
        }
        let opens = checks.first().context("a night has checks")?.opens;
        let socket = folder.path().join("clock");
        let begins = opens.after(Duration::from_secs(1));
        let conductor = Conductor::start(&socket, begins, None).context("conducting")?;
        let clock = Clock::demonstration(&socket, "bench")?;
        let hold = clock.hold(1.0);

        let authority =
            Authority::create(folder.path(), &nattsyn_protocol::demonstration::root_key())?;
        let broker = broker::start(&BrokerConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            identity: authority.issue_server(&[], folder.path())?,
            connections_max: connected + 10,
            watched: nattsyn_hub::broker::Watch::nobody(),
        })
        .await?;
        let keys = keys(&folder)?;
        let mut store = SqliteStore::open(&folder.path().join("ledger.sqlite"))?;
        let made = opens.before(Duration::from_secs(3600));
        let homes = Homes {
            homes,
            plans,
            ..Homes::default()
        };
        enrol(&mut store, &homes.on_paper(made), &keys, made)?;
        let setup = Setup {
            zone: ZONE.to_owned(),
            reality: Reality::Demonstration,
            broker: Endpoint {
                host: "localhost".to_owned(),
                port: broker.address().port(),
                identity: authority.issue_hub(folder.path())?,
            },
            keys,
        };
        let hub_clock = Clock::demonstration(&socket, "hub")?;
        let hub = service::start(setup, hub_clock, Box::new(store))?;
        let page = serve(&hub).await?;
        Ok(Self {
            folder,
            authority,
            socket,
            clock,
            port: broker.address().port(),
            page,
            hub,
            checks,
            units,
            homes: connected_homes,
            _hold: hold,
            _conductor: conductor,
            _broker: broker,
        })
    }

    /// A unit's client, connected and hearing what is sent to it.
    pub(crate) async fn connect(&self, unit: UnitId) -> anyhow::Result<(AsyncClient, EventLoop)> {
        let folder: PathBuf = self.folder.path().join(unit.to_string());
        let identity = self.authority.issue_unit(unit, &folder)?;
        let mut options = MqttOptions::new(unit.to_string(), "localhost", self.port);
        let tls = TlsConfiguration::Rustls(tls(&identity)?);
        options.set_transport(Transport::Tls(tls));
        let mut network = options.network_options();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        let (client, mut events) = AsyncClient::new(options, QUEUE);
        let filter = Topic::down_filter(unit);
        client.subscribe(filter, QoS::AtLeastOnce).await?;
        while !matches!(events.poll().await?, Event::Incoming(Packet::SubAck(_))) {}
        Ok((client, events))
    }

    /// The ledger's file, and the folder that it is in.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The town's clock, for one more part of the hub.
    pub(crate) fn clock_for(&self, part: &str) -> anyhow::Result<Clock> {
        Ok(Clock::demonstration(&self.socket, part)?)
    }

    /// The middle one of two hundred commits of one small row, into a ledger's file of its own
    /// that is synced as the hub's is: what the disk takes of a report's time.
    pub(crate) fn commit_alone(&self) -> anyhow::Result<Duration> {
        let file = Connection::open(self.folder.path().join("yardstick.sqlite"))?;
        file.pragma_update(None, "journal_mode", "WAL")?;
        file.pragma_update(None, "synchronous", "FULL")?;
        file.execute_batch("CREATE TABLE rows (row TEXT) STRICT")?;
        let mut took = Vec::new();
        for _ in 0..200 {
            let begun = self.clock.real_now();
            file.execute("INSERT INTO rows VALUES ('a report is some 600 bytes')", [])?;
            took.push(self.clock.real_now() - begun);
        }
        took.sort_unstable();
        took.get(100).copied().context("two hundred commits")
    }

    /// All rows of all of the ledger's tables.
    pub(crate) fn rows(&self) -> anyhow::Result<i64> {
        let ledger = Connection::open(self.ledger())?;
        let mut names = ledger.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
        let names: Vec<String> = names
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut rows = 0;
        for name in names {
            let question = format!("SELECT count(*) FROM \"{name}\"");
            rows += ledger.query_row(&question, [], |row| row.get::<_, i64>(0))?;
        }
        Ok(rows)
    }
}

async fn serve(hub: &Handle) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let state = http::State::showing(hub.tonight.clone());
    tokio::spawn(http::serve(listener, state, std::future::pending()));
    Ok(address)
}

fn keys(folder: &TempDir) -> anyhow::Result<HubKeys> {
    let key = HubKeys::draw(folder.path())?;
    let endorsement = endorse(&demonstration::root_key(), key, 1);
    HubKeys::keep(folder.path(), &demonstration::root(), &endorsement)?;
    Ok(HubKeys::open(folder.path())?)
}

fn home(index: u32) -> Home {
    // An id's characters come from single bytes, so the number is spread over base 32.
    let letters: [u8; 8] =
        std::array::from_fn(|place| (u64::from(index) >> (5 * place)).to_le_bytes()[0] % 32);
    Home {
        id: HomeId::from_random(letters),
        address: format!("Exempelgatan {index}"),
        unit: UnitId::from_random(letters),
        eye: PublicKey::of(&eye()),
        residents: vec![Resident {
            id: ResidentId::from_random(letters),
            name: format!("Namn {index}"),
        }],
    }
}

fn plan(home: &Home) -> Plan {
    let at = |hour| jiff::civil::time(hour, 0, 0, 0);
    Plan {
        zone: ZONE.to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![Window::nightly(WindowKey(1), at(23), at(1))],
        ..Plan::bare(home.residents[0].id, home.unit)
    }
}

fn tls(identity: &Identity) -> anyhow::Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&identity.ca)?)?;
    let chain = vec![CertificateDer::from_pem_file(&identity.certificate)?];
    let key = PrivateKeyDer::from_pem_file(&identity.key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    Ok(Arc::new(config))
}
