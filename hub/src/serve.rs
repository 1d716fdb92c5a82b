//! The hub as an installed service: its folder, its broker, its loop and its page.
//!
//! [`prepare`] makes the folder once, [`run`] keeps the hub going, [`admit`] gives enrolled units
//! their certificates. What the hub does is in the modules that this one starts.

mod units;

pub use units::desk;

use std::convert::Infallible;
use std::future::Future;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::watch;

use nattsyn_clock::{Clock, Now};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::PublicKey;

use crate::audit::{AuditError, Log, heads};
use crate::broker::{self, BrokerConfig, BrokerError, BrokerHandle, Watch};
use crate::certificates::{Authority, CertificateError, Identity};
use crate::commission::clerk as commissions;
use crate::config::{Broker, Config, Embedded};
use crate::consent::clerk::Clerk;
use crate::http::{self, door::Door};
use crate::ingest::Endpoint;
use crate::keys::{self, HubKeys, KeyError};
use crate::live::book::{Audited, BookError};
use crate::live::keeper::Tools;
use crate::live::{self, Live};
use crate::notify::phones::{self, Phones};
use crate::notify::receiver::Receivers;
use crate::notify::teller::{self, Answers, Proving};
use crate::notify::{Opened, SettingsError};
use crate::outside::{Feeder, Signs};
use crate::service::{self, ServiceError, Setup, Verdicts};
use crate::settings::{Keeper, KeeperError};
use crate::staff::ending::Managed;
use crate::staff::{Porter, PorterError, Rights};
use crate::store::{SqliteArchive, SqliteStore, StoreError, Tellings, Views};
use crate::tuning::clerk as tuned;
use crate::units::endpoint::DoorError;
use crate::units::keeper::Late;
use crate::view::{Reality, Tonight};
use crate::watch::wall;

/// Where things are in the hub's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout(PathBuf);

/// Why the hub cannot be made ready, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder cannot be made.
    #[error("making the folder {}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The hub's keys cannot be used. `nattsyn-hub prepare` makes them.
    #[error("the hub's keys (made by `nattsyn-hub prepare`)")]
    Keys(#[source] KeyError),
    /// The root's key cannot be used.
    #[error("the municipality's root key")]
    Root(#[source] KeyError),
    /// Certificates cannot be used. `nattsyn-hub prepare` makes the authority.
    #[error("the certificates (made by `nattsyn-hub prepare`)")]
    Certificates(#[from] CertificateError),
    /// The broker cannot be started.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The broker ended by itself.
    #[error("the embedded broker ended")]
    BrokerEnded,
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing could be written into the log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Nobody could sign in.
    #[error(transparent)]
    Porter(#[from] PorterError),
    /// The service cannot be started, or ended.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Units cannot be let in.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// Nobody can be told so.
    #[error("who is told (`notify` in the configuration)")]
    Notify(#[from] SettingsError),
    /// The watcher outside cannot be fed so.
    #[error("the watcher outside (`outside` in the configuration)")]
    Outside(#[source] SettingsError),
    /// Live views cannot be written down.
    #[error("the live views")]
    Live(#[from] BookError),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] KeeperError),
    /// The page's address cannot be had.
    #[error("serving the page on {address}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Layout {
    /// The layout under a folder, which is made, readable by the hub's user alone.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn under(folder: &Path) -> Result<Self, ServeError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| ServeError::Folder {
                path: folder.to_owned(),
                source,
            })?;
        Ok(Self(folder.to_owned()))
    }

    /// The layout of a folder that is there, or is not: nothing is made.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger.sqlite")
    }

    /// The hub's signing key and the root's word for it.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The authority, the broker's certificate and the hub's.
    #[must_use]
    pub fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    /// What a unit's voice is given.
    #[must_use]
    pub fn unit(&self, unit: UnitId) -> PathBuf {
        self.0.join("units").join(unit.to_string())
    }
}

/// Makes the hub's folder: an authority, and a signing key that the root endorses. What is
/// there already stays, so it can be repeated. Returns the root that units pin.
///
/// The root's seed file is only read. It belongs on a machine without a network: prepare the
/// folder there, and move the folder.
///
/// # Errors
///
/// The folder cannot be written, or the root's key cannot be read.
pub fn prepare(config: &Config, root_seed: &Path) -> Result<PublicKey, ServeError> {
    let layout = Layout::under(&config.data)?;
    let root = keys::read_seed(root_seed).map_err(ServeError::Root)?;
    let key = HubKeys::draw(&layout.keys()).map_err(ServeError::Keys)?;
    let endorsement = keys::endorse(&root, key, 1);
    let pinned = PublicKey::of(&root);
    HubKeys::keep(&layout.keys(), &pinned, &endorsement).map_err(ServeError::Keys)?;
    if Authority::exists(&layout.tls()).is_none() {
        Authority::create(&layout.tls(), &root)?;
    }
    Ok(pinned)
}

/// Gives every unit that has none a certificate for the embedded broker; returns the folders of
/// those that are new. With another broker its operator does this.
///
/// # Errors
///
/// There is no authority, or the folder cannot be written.
pub fn admit(config: &Config, units: &[UnitId]) -> Result<Vec<PathBuf>, ServeError> {
    let mut made = Vec::new();
    match &config.broker {
        Broker::External(_) => {}
        Broker::Embedded(_) => {
            let layout = Layout::under(&config.data)?;
            let authority = Authority::open(&layout.tls())?;
            for &unit in units {
                let folder = layout.unit(unit);
                if !folder.join("unit.key").exists() {
                    authority.issue_unit(unit, &folder)?;
                    made.push(folder);
                }
            }
        }
    }
    Ok(made)
}

/// Keeps the hub going by the machine's clock until `stop` is done.
///
/// # Errors
///
/// Something that the hub cannot do without does not start, or ends.
pub async fn run(
    config: &Config,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    run_by(&Clock::machine(), config, stop).await
}

/// The same by another clock: five minutes must not take five in a test.
///
/// # Errors
///
/// As [`run`].
pub async fn run_by(
    clock: &Clock,
    config: &Config,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let layout = Layout::under(&config.data)?;
    let keys = HubKeys::open(&layout.keys()).map_err(ServeError::Keys)?;
    let receivers = Receivers::open(&config.notify, &config.folder, clock.clone()).await?;
    let keeper = Keeper::open(&layout.ledger(), &config.notify, receivers.channels())?;
    let mut opened = keeper.told().open(&config.folder, receivers.channels())?;
    opened.changes = Some(keeper.at_work());
    let feeder = Feeder::open(&config.outside, &config.folder, &layout.ledger());
    let feeder = feeder.map_err(ServeError::Outside)?;
    let signs = Signs::new(&feeder, &receivers);
    let (told, shown) = watch::channel(Arc::default());
    let (answers, answered) = Answers::new();
    let page = listen(config).await?;
    let (units, mut embedded, endpoint) = units::open(config, &layout, &keys, clock).await?;
    let mut service = start(config, &layout, (keys.clone(), endpoint), clock)?;
    let now = believed(clock, &service.tonight);
    let (phones, housekeeper) = open_phones(&layout, &opened, now.clone())?;
    let (clerk, tuned, commissions) = open_clerks(config, &layout, keys.clone(), (&service, &now));
    let accounts = accounts(config, &layout, now)?;
    let (live, views) = open_live(&layout, (keys, &accounts), clock, &mut service)?;
    let (verdicts, heads) = (service.verdicts.clone(), accounts.outside.clone());
    let state = http::State {
        archive: Some(Arc::new(SqliteArchive::new(&layout.ledger()))),
        tonight: service.tonight.clone(),
        hands: Some(service.hands.clone()),
        told: Some(shown.clone()),
        outside: Some(signs),
        phones: Some(phones),
        answers: Some(answers),
        consents: Some(Arc::clone(&clerk)),
        thresholds: Some(Arc::clone(&tuned)),
        commissioning: Some(Arc::clone(&commissions)),
        units: Some(Arc::clone(&units.desk)),
        audit: Some(accounts.log),
        heads: Some(accounts.outside),
        rights: Some(accounts.rights),
        live: Some(live),
        door: accounts.door,
    };
    let rounds = receivers.begin(&service.tonight);
    let feeding = feeder.run(clock.clone(), service.tonight.clone(), shown);
    let proving = Proving {
        zone: accounts.zone,
        answered,
        verdicts: service.verdicts.clone(),
    };
    let tellings = Tellings::open(&layout.ledger())?;
    let tonight = service.tonight.clone();
    let teller = teller::run(opened, tellings, clock.clone(), tonight, told, proving);
    tokio::select! {
        served = http::serve(page, state, stop) => {
            served.map_err(|source| unheard(config, source))?;
        }
        told = teller => return Ok(told?),
        never = rounds => match never {},
        never = feeding => match never {},
        () = keeper.run() => {}
        () = views.run() => {}
        never = housekeeper.run(clock.clone()) => match never {},
        never = accounts.heads.run(clock.clone()) => match never {},
        never = tell(verdicts, heads, units.late()) => match never {},
        never = keep(clerk, tuned, commissions, units) => match never {},
        ended = service.ended() => return Ok(ended?),
        () = ended(&mut embedded) => return Err(ServeError::BrokerEnded),
    }
    Ok(service.stop().await?)
}

/// The page's address.
async fn listen(config: &Config) -> Result<TcpListener, ServeError> {
    let page = TcpListener::bind(config.listen).await;
    let page = page.map_err(|source| unheard(config, source))?;
    let listen = page.local_addr().unwrap_or(config.listen);
    tracing::info!(%listen, "serves the page");
    Ok(page)
}

fn unheard(config: &Config, source: std::io::Error) -> ServeError {
    ServeError::Listen {
        address: config.listen,
        source,
    }
}

/// The loop around everything that is due.
fn start(
    config: &Config,
    layout: &Layout,
    (keys, broker): (HubKeys, Endpoint),
    clock: &Clock,
) -> Result<service::Handle, ServeError> {
    let store = SqliteStore::open(&layout.ledger())?;
    let setup = Setup {
        zone: config.zone.clone(),
        reality: Reality::Homes,
        broker,
        keys,
    };
    Ok(service::start(setup, clock.clone(), Box::new(store))?)
}

/// Who comes in and may do what, and where it is written down.
struct Accounts {
    rights: Arc<Rights>,
    door: Door,
    log: Arc<Log>,
    heads: heads::Keeper,
    outside: watch::Receiver<heads::Outside>,
    zone: TimeZone,
}

fn accounts(
    config: &Config,
    layout: &Layout,
    now: impl Fn() -> Now + Send + Sync + 'static,
) -> Result<Accounts, ServeError> {
    let review = Duration::from_secs(u64::from(config.access.review_days) * 24 * 3600);
    let rights = Rights::open(&layout.ledger())?.at(config.origin.clone());
    let rights = Arc::new(rights.reviewed_every(review));
    let porter = Porter::open(&layout.ledger(), now)?.with_keys(Arc::clone(&rights));
    let log = Arc::new(Log::open(&layout.ledger())?);
    if rights.managed()? != Managed::Yes {
        tracing::error!(
            command = "nattsyn-hub staff role give --id ID --role unit_manager --by ID",
            "nobody is unit manager"
        );
    }
    // The service has refused to start in a zone that is none.
    let zone = TimeZone::get(&config.zone).unwrap_or(TimeZone::UTC);
    let folder = (&config.audit, config.folder.as_path());
    let (heads, outside) = heads::Keeper::new(&log, folder, zone.clone());
    Ok(Accounts {
        rights,
        door: Door::Staff(Arc::new(porter), config.front),
        log,
        heads,
        outside,
        zone,
    })
}

/// Consents, thresholds and commissioning, by the time that sessions go by.
fn open_clerks(
    config: &Config,
    layout: &Layout,
    keys: HubKeys,
    (service, now): (
        &service::Handle,
        &(impl Fn() -> Now + Clone + Send + Sync + 'static),
    ),
) -> (Arc<Clerk>, Arc<tuned::Clerk>, Arc<commissions::Clerk>) {
    let clerk = Clerk::new(
        (&layout.ledger(), keys.clone()),
        (&config.zone, config.consent),
        (service.tonight.clone(), Some(service.hands.clone())),
        believed_time(now.clone()),
    );
    let tuned = tuned::Clerk::new(
        (&layout.ledger(), keys.clone()),
        (&config.zone, config.thresholds),
        Some(service.hands.clone()),
        believed_time(now.clone()),
    );
    let commissions = commissions::Clerk::new(
        (&layout.ledger(), keys),
        &config.zone,
        Some(service.hands.clone()),
        believed_time(now.clone()),
    );
    (Arc::new(clerk), Arc::new(tuned), Arc::new(commissions))
}

/// Tells the desk what is found out beside it, for ever.
async fn tell(
    verdicts: Verdicts,
    heads: watch::Receiver<heads::Outside>,
    late: watch::Receiver<Late>,
) -> Infallible {
    tokio::select! {
        never = verdicts.clone().tell_heads(heads) => never,
        never = verdicts.tell_late(late) => never,
    }
}

/// Signs what is due and keeps the units' book, for ever.
async fn keep(
    clerk: Arc<Clerk>,
    tuned: Arc<tuned::Clerk>,
    commissions: Arc<commissions::Clerk>,
    units: units::Units,
) -> Infallible {
    tokio::select! {
        never = units.run() => never,
        never = clerk.keep() => never,
        never = tuned.keep() => never,
        never = commissions.keep() => never,
    }
}

fn believed_time(
    now: impl Fn() -> Now + Send + Sync + 'static,
) -> impl Fn() -> nattsyn_protocol::time::Timestamp + Send + Sync + 'static {
    move || now().timestamp
}

/// Live views: who may see is for the staff's register to say.
fn open_live(
    layout: &Layout,
    (keys, accounts): (HubKeys, &Accounts),
    clock: &Clock,
    service: &mut service::Handle,
) -> Result<(Live, live::Keeper), ServeError> {
    let tools = Tools {
        keys,
        book: Box::new(Audited::new(
            Views::open(&layout.ledger())?,
            Arc::clone(&accounts.log),
        )),
        operators: Arc::clone(&accounts.rights) as _,
        clock: clock.clone(),
        tonight: service.tonight.clone(),
    };
    let ends = service
        .live
        .take()
        .expect("nobody else takes the live views' end");
    Ok(live::Keeper::open(tools, ends)?)
}

/// The phones that were told when the hub ended, and who keeps them.
fn open_phones(
    layout: &Layout,
    opened: &Opened,
    now: impl Fn() -> Now + Send + Sync + 'static,
) -> Result<(Arc<Phones>, phones::Keeper), StoreError> {
    Phones::open(
        &layout.ledger(),
        &opened.exchange,
        opened.pushes.clone(),
        move || now().timestamp,
    )
}

/// The time that sessions and their phones go by: like the desk's, it does not follow a clock that
/// jumps. A clock that is wrong for half a minute must sign nobody out.
fn believed(
    clock: &Clock,
    tonight: &watch::Receiver<Arc<Tonight>>,
) -> impl Fn() -> Now + Clone + Send + Sync + 'static {
    let (clock, tonight) = (clock.clone(), tonight.clone());
    move || {
        let now = clock.now();
        Now {
            timestamp: wall::believed(now.timestamp, tonight.borrow().now),
            ..now
        }
    }
}

async fn ended(broker: &mut Option<BrokerHandle>) {
    match broker {
        Some(broker) => broker.ended().await,
        None => std::future::pending().await,
    }
}

async fn broker(
    config: &Config,
    layout: &Layout,
    watched: Watch,
) -> Result<(Option<BrokerHandle>, Endpoint), ServeError> {
    match &config.broker {
        Broker::Embedded(embedded) => {
            let (handle, endpoint) =
                embedded_broker(config, embedded, (&layout.tls(), watched)).await?;
            Ok((Some(handle), endpoint))
        }
        Broker::External(external) => {
            let endpoint = Endpoint {
                host: external.url.host.clone(),
                port: external.url.port,
                identity: Identity {
                    ca: external.ca.clone(),
                    certificate: external.certificate.clone(),
                    key: external.key.clone(),
                },
            };
            Ok((None, endpoint))
        }
    }
}

async fn embedded_broker(
    whole: &Config,
    embedded: &Embedded,
    (tls, watched): (&Path, Watch),
) -> Result<(BrokerHandle, Endpoint), ServeError> {
    let authority = Authority::open(tls)?;
    let host = if embedded.listen.ip().is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        embedded.listen.ip().to_string()
    };
    let mut names = embedded.names.clone();
    names.push(host.clone());
    names.extend(whole.enrolment.as_ref().map(|door| door.host.clone()));
    let config = BrokerConfig {
        listen: embedded.listen,
        identity: authority.issue_server(&names, tls)?,
        connections_max: embedded.connections_max,
        watched,
    };
    let handle = broker::start(&config).await?;
    let endpoint = Endpoint {
        host,
        port: handle.address().port(),
        identity: authority.issue_hub(tls)?,
    };
    Ok((handle, endpoint))
}
