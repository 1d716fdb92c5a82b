//! Runs a demonstration: prepares it, keeps the night, prints or serves it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use nattsyn_clock::conductor::Conductor;
use nattsyn_clock::{Clock, ClockError};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::time::Uptime;

use super::Args;
use super::cast::{Cast, CastError};
use super::counted;
use super::folder::{Folder, FolderError};
use super::homes::ZONE;
use super::link::Link;
use super::pictures::{Pictures, PicturesError};
use super::places::{self, PlaceError};
use super::provision::{self, ProvisionError};
use super::stage::{Hands, Stagehand};
use super::tally::{Tally, table};
use super::units::{Units, UnitsError};
use crate::agreement::edit::EditError;
use crate::audit::{AuditError, Log};
use crate::broker::{self, BrokerConfig, BrokerError, BrokerHandle};
use crate::certificates::{Authority, CertificateError};
use crate::commission::clerk as commissions;
use crate::consent::clerk::Clerk;
use crate::consent::counter::{ConsentError, Counter};
use crate::consent::{Rules, Scope, Taker};
use crate::enrolment::{Homes, enrol};
use crate::http;
use crate::http::door::{Door, Worker};
use crate::ingest::Endpoint;
use crate::keys::{self, HubKeys, KeyError, endorse};
use crate::live::book::{Audited, BookError};
use crate::live::keeper::Tools;
use crate::live::{self, Live};
use crate::service::{self, ServiceError, Setup};
use crate::staff::Rights;
use crate::staff::webauthn::Party;
use crate::store::{Batch, SqliteArchive, SqliteStore, Store as _, StoreError, Views};
use crate::tuning::{Floor, clerk as tuned};
use crate::units::desk::Desk;
use crate::view::{Reality, Standing, Tonight};

/// Most connections to the demonstration's broker: 200 homes, the hub, and each once more while
/// an old connection times out.
const CONNECTIONS_MAX: usize = 402;

/// How often the terminal is told how far the night is, in real time.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Why a demonstration cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is nothing to replay.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// A bed is not known.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// No cast can be made.
    #[error(transparent)]
    Cast(#[from] CastError),
    /// The zone is not known.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A unit cannot be made ready.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The unit programs cannot be started.
    #[error(transparent)]
    Units(#[from] UnitsError),
    /// Certificates cannot be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The hub's keys cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The broker does not start.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The ledger cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be kept.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// What the residents agreed to cannot be written down.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// Live views cannot be written down.
    #[error("the live views")]
    Live(#[from] BookError),
    /// The homes cannot be enrolled.
    #[error(transparent)]
    Enrol(#[from] EditError),
    /// The service ended.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The clock cannot be followed.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The system refuses.
    #[error("{doing}")]
    System {
        /// What was being done.
        doing: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Gives a demonstration until it is interrupted, or for one night.
///
/// # Errors
///
/// With what was being done and why it failed.
pub async fn run(args: Args) -> Result<ExitCode, DemoError> {
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(system(format!(
            "opening the page's address {}",
            args.listen
        )))?;
    let address = listener
        .local_addr()
        .map_err(system("reading the page's address"))?;
    let mut units = Units::find()?;
    let house = House::open(&args).await?;
    let (links, homes) = house.furnish().await?;
    let clock = Clock::demonstration(&house.socket, "hub")?;
    let mut service = house.serve(homes, &clock).await?;
    let tonight = service.tonight.clone();

    let (stop, stopped) = oneshot::channel::<()>();
    let ledger = house.folder.hub().join("ledger.sqlite");
    let archive = SqliteArchive::new(&ledger);
    let clerk = house.clerk(&service)?;
    let party = Party::try_from(format!("http://localhost:{}", address.port())).ok();
    let rights = Rights::open(&ledger)?.at(party);
    let rights = rights.of_a_demonstration(&Worker::anybody().id, tonight.borrow().now)?;
    let (rights, log) = (Arc::new(rights), Arc::new(Log::open(&ledger)?));
    let (live, views) = house.views((&rights, &log), &clock, &mut service)?;
    let state = http::State {
        archive: Some(Arc::new(archive)),
        tonight: tonight.clone(),
        hands: Some(service.hands.clone()),
        told: None,
        outside: None,
        phones: None,
        answers: None,
        consents: Some(Arc::clone(&clerk)),
        thresholds: Some(house.thresholds(&service)?),
        commissioning: Some(house.commissions(&service)?),
        units: Some(Arc::new(Desk::new((&ledger, &house.folder.tls()), None))),
        audit: Some(log),
        heads: None,
        rights: Some(rights),
        live: Some(live),
        door: Door::Everybody(Worker::anybody()),
    };
    let page = tokio::spawn(http::serve(listener, state, async {
        stopped.await.ok();
    }));
    let kept = tokio::spawn(clerk.keep());
    let viewed = tokio::spawn(views.run());
    announce(address, &house.cast);
    let clock = Clock::demonstration(&house.socket, "stage")?;
    for part in &house.cast.parts {
        units.plug_in(part.home.unit, &house.unit_folder(part.home.unit))?;
    }
    let linger = Duration::from_secs(u64::from(args.linger));
    let hands = (house.hands(), linger);
    let stagehand = Stagehand::new(clock, house.cast.acts(), units, links, hands);
    let code = keep_night(stagehand, &house, tonight, &args).await?;
    stop.send(()).ok();
    page.await.ok();
    kept.abort();
    viewed.abort();
    service.stop().await?;
    Ok(code)
}

/// Everything that stands ready before the first unit is plugged in.
struct House {
    folder: Folder,
    cast: Arc<Cast>,
    authority: Authority,
    endpoint: Endpoint,
    socket: PathBuf,
    end: Uptime,
    _conductor: Conductor,
    _broker: Option<BrokerHandle>,
}

impl House {
    async fn open(args: &Args) -> Result<Self, DemoError> {
        let folder = Folder::take(&args.data)?;
        let cast = Arc::new(cast(args)?);
        let story = serde_json::to_vec_pretty(&cast.told())
            .expect("a story is plain data, which always has a JSON form");
        std::fs::write(folder.story(), story).map_err(system("writing the story"))?;
        let tls = folder.tls();
        let authority = match Authority::exists(&tls) {
            Some(_) => Authority::open(&tls)?,
            None => Authority::create(&tls, &nattsyn_protocol::demonstration::root_key())?,
        };
        let identity = authority.issue_hub(&tls)?;
        let (host, port, broker) = match &args.broker {
            Some(url) => (url.host.clone(), url.port, None),
            None => {
                let config = BrokerConfig {
                    listen: SocketAddr::from(([127, 0, 0, 1], 0)),
                    identity: authority.issue_server(&[], &tls)?,
                    connections_max: CONNECTIONS_MAX,
                    watched: crate::broker::Watch::nobody(),
                };
                let broker = broker::start(&config).await?;
                (
                    "127.0.0.1".to_owned(),
                    broker.address().port(),
                    Some(broker),
                )
            }
        };
        let socket = provision::clock_socket();
        let end = Uptime(cast.ends().since(cast.begins()));
        let conductor = Conductor::start(&socket, cast.begins(), Some(end))
            .map_err(system("starting the demonstration's clock"))?;
        Ok(Self {
            folder,
            cast,
            authority,
            endpoint: Endpoint {
                host,
                port,
                identity,
            },
            socket,
            end,
            _conductor: conductor,
            _broker: broker,
        })
    }

    /// Gives every home a link to the broker and a unit's folder.
    async fn furnish(&self) -> Result<(BTreeMap<UnitId, Link>, Homes), DemoError> {
        let mut links = BTreeMap::new();
        let mut homes = Homes::default();
        for part in &self.cast.parts {
            let broker = (self.endpoint.host.clone(), self.endpoint.port);
            let link = Link::open(broker)
                .await
                .map_err(system("opening a home's link"))?;
            let home = provision::provision(
                &part.home,
                &part.stage,
                &self.unit_folder(part.home.unit),
                &self.authority,
                link.address,
                &self.socket,
            )?;
            homes.homes.push(home);
            homes.plans.push(part.home.plan.clone());
            links.insert(part.home.unit, link);
        }
        Ok((links, homes))
    }

    /// Starts the hub proper, with these homes enrolled.
    async fn serve(&self, homes: Homes, clock: &Clock) -> Result<service::Handle, DemoError> {
        let folder = self.folder.hub();
        let own = HubKeys::draw(&folder)?;
        let endorsement = endorse(&demonstration::root_key(), own, 1);
        HubKeys::keep(&folder, &demonstration::root(), &endorsement)?;
        let keys = HubKeys::open(&folder)?;
        let mut store = SqliteStore::open(&folder.join("ledger.sqlite"))?;
        let begins = self.cast.begins();
        // Nobody is there who could commission anything, and what is shown is a night.
        enrol(&mut store, &homes.on_paper(begins), &keys, begins)?;
        self.agree(&mut store, &keys)?;
        self.count_before(&mut store)?;
        let setup = Setup {
            zone: ZONE.to_owned(),
            reality: Reality::Demonstration,
            broker: self.endpoint.clone(),
            keys,
        };
        Ok(service::start(setup, clock.clone(), Box::new(store))?)
    }

    /// Live views, as in a hub that is served.
    fn views(
        &self,
        (rights, log): (&Arc<Rights>, &Arc<Log>),
        clock: &Clock,
        service: &mut service::Handle,
    ) -> Result<(Live, live::Keeper), DemoError> {
        let folder = self.folder.hub();
        let views = Views::open(&folder.join("ledger.sqlite"))?;
        let tools = Tools {
            keys: HubKeys::open(&folder)?,
            book: Box::new(Audited::new(views, Arc::clone(log))),
            operators: Arc::clone(rights) as _,
            clock: clock.clone(),
            tonight: service.tonight.clone(),
        };
        let ends = service.live.take();
        let ends = ends.expect("nobody else takes the live views' end");
        Ok(live::Keeper::open(tools, ends)?)
    }

    /// Where hands are needed.
    fn hands(&self) -> Hands {
        let homes = || self.cast.parts.iter().map(|part| &part.home);
        let folders = homes().map(|home| (home.unit, self.unit_folder(home.unit)));
        let viewed = homes().filter(|home| home.scope() == Some(Scope::LiveViewOnUnclear));
        Hands {
            folders: folders.collect(),
            viewed: viewed.map(|home| home.unit).collect(),
        }
    }

    /// What the invented residents agreed to.
    fn agree(&self, store: &mut SqliteStore, keys: &HubKeys) -> Result<(), DemoError> {
        let begins = self.cast.begins();
        let homes = self.cast.parts.iter().map(|part| &part.home);
        let drafts: Vec<_> = homes
            .filter_map(|home| Some((home.plan.resident, home.consent(self.cast.night)?)))
            .collect();
        let mut counter = Counter {
            store,
            keys,
            zone: ZONE,
            rules: Rules::default(),
            said: BTreeMap::new(),
            now: begins,
        };
        counter.take_in(&drafts, &Taker::enrolment())?;
        Ok(())
    }

    /// What the units are said to have counted before tonight: invented.
    fn count_before(&self, store: &mut SqliteStore) -> Result<(), DemoError> {
        let mut batch = Batch::default();
        for home in self.cast.parts.iter().map(|part| &part.home) {
            let eye = keys::read_seed(&self.unit_folder(home.unit).join("eye.key"))?;
            let nights = (self.cast.night, home.plan.windows.len());
            let counts = counted::before((home.unit, &eye), nights, self.cast.begins());
            batch.counts.extend(counts);
        }
        Ok(store.commit(&batch)?)
    }

    /// Who writes down what is said of consents while the demonstration runs.
    fn clerk(&self, service: &service::Handle) -> Result<Arc<Clerk>, DemoError> {
        let folder = self.folder.hub();
        // As the desk last said: a clock of its own would have to wait for the others' time.
        let tonight = service.tonight.clone();
        Ok(Arc::new(Clerk::new(
            (&folder.join("ledger.sqlite"), HubKeys::open(&folder)?),
            (ZONE, Rules::default()),
            (service.tonight.clone(), Some(service.hands.clone())),
            move || tonight.borrow().now,
        )))
    }

    /// Who writes thresholds down, by the same time.
    fn thresholds(&self, service: &service::Handle) -> Result<Arc<tuned::Clerk>, DemoError> {
        let folder = self.folder.hub();
        let tonight = service.tonight.clone();
        Ok(Arc::new(tuned::Clerk::new(
            (&folder.join("ledger.sqlite"), HubKeys::open(&folder)?),
            (ZONE, Floor::default()),
            Some(service.hands.clone()),
            move || tonight.borrow().now,
        )))
    }

    /// Who writes commissioning down, by the same time.
    fn commissions(&self, service: &service::Handle) -> Result<Arc<commissions::Clerk>, DemoError> {
        let folder = self.folder.hub();
        let tonight = service.tonight.clone();
        Ok(Arc::new(commissions::Clerk::new(
            (&folder.join("ledger.sqlite"), HubKeys::open(&folder)?),
            ZONE,
            Some(service.hands.clone()),
            move || tonight.borrow().now,
        )))
    }

    fn unit_folder(&self, unit: UnitId) -> PathBuf {
        self.folder.units().join(unit.to_string())
    }
}

fn cast(args: &Args) -> Result<Cast, DemoError> {
    let night = match args.night {
        Some(night) => night,
        None => night_of(Clock::machine().now().timestamp, ZONE)?,
    };
    if let Some(folder) = &args.frames {
        return Ok(Cast::in_pictures(args.homes, night, Pictures::of(folder)?)?);
    }
    let own = std::env::current_exe().map_err(system("finding this program"))?;
    let programs = own.parent().unwrap_or(Path::new("")).to_owned();
    Cast::in_rooms(args.homes, night, |seed| {
        Ok(places::of_room(&programs, seed)?)
    })
}

/// Keeps the night and prints it; then, unless it was asked for once, serves the page until it
/// is interrupted. The units run as long.
async fn keep_night(
    stagehand: Stagehand,
    house: &House,
    tonight: watch::Receiver<Arc<Tonight>>,
    args: &Args,
) -> Result<ExitCode, DemoError> {
    let mut signals = Signals::listen().map_err(system("listening for Ctrl-C"))?;
    let telling = tokio::spawn(tell_progress(tonight.clone()));
    let units = tokio::select! {
        units = stagehand.run(tonight.clone(), house.end) => Some(units),
        () = signals.interrupted() => None,
    };
    telling.abort();
    let Some(_units) = units else {
        eprint_line("interrupted: the night was not kept to its end");
        return Ok(ExitCode::from(130));
    };
    let truth = |check, at| house.cast.truth(check, at);
    let last = Arc::clone(&tonight.borrow());
    let tally = Tally::of(&last, truth);
    print_line(table(&last, truth).trim_end());
    print_line(&tally.line());
    if args.once {
        return Ok(if tally.kept() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    eprint_line("the night is over; the page is served until Ctrl-C");
    signals.interrupted().await;
    Ok(ExitCode::SUCCESS)
}

/// Ctrl-C and a service manager's stop.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn interrupted(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn announce(address: SocketAddr, cast: &Cast) {
    let homes = cast.parts.len();
    print_line(&format!(
        "Nattsyn, a demonstration: tonight in {homes} homes at http://{address}"
    ));
    // Security keys are bound to a name; a browser takes none at an address in numbers.
    let port = address.port();
    eprint_line(&format!(
        "to look by camera, open http://localhost:{port} and add a key under \"Mitt konto\""
    ));
}

/// Says now and then how far the night is, on standard error.
async fn tell_progress(tonight: watch::Receiver<Arc<Tonight>>) {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        let tonight = Arc::clone(&tonight.borrow());
        let settled = tonight
            .checks
            .iter()
            .filter(|check| is_settled(check.standing))
            .count();
        eprint_line(&format!(
            "{}  {settled} of {} checks settled, {} need a person",
            tonight.now.0.to_zoned(zone.clone()).strftime("%H:%M"),
            tonight.checks.len(),
            tonight.open.len()
        ));
    }
}

fn is_settled(standing: Standing) -> bool {
    match standing {
        Standing::Visible { .. }
        | Standing::VisibleLate { .. }
        | Standing::Said { .. }
        | Standing::CalledOff(_)
        | Standing::Exception { .. } => true,
        Standing::Planned | Standing::Ongoing | Standing::Overdue => false,
    }
}

/// A line for whoever reads the output; a reader that is gone is no reason to stop.
fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// A line for whoever waits at the terminal.
fn eprint_line(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

fn system(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> DemoError {
    let doing = doing.into();
    move |source| DemoError::System { doing, source }
}
