//! One hub whose homes become rows one at a time, with a page open and a gateway to tell by.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::QoS;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use nattsyn_hub::notify::settings::Others;
use nattsyn_hub::notify::teller::{self, Answers, Proving};
use nattsyn_hub::settings::Keeper;
use nattsyn_hub::store::{SettingsVersions, Tellings};
use nattsyn_hub::{notify, view::Tonight};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::ClockState;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::gateway::Gateway;
use super::town::{Town, eye};

/// Looks of one check: the last of them decides.
const LOOKS: u8 = 5;

/// Longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between a row and the next report: longer than a page waits before it is told again, and not
/// always the same, so that no rhythm of the hub's falls in with it.
const PAUSE: Duration = Duration::from_millis(280);
const PAUSE_MORE: Duration = Duration::from_millis(7);

/// What was measured.
#[derive(Default)]
pub(crate) struct Times {
    pub(crate) on_page: Vec<Duration>,
    pub(crate) at_gateway: Vec<Duration>,
}

impl Times {
    pub(crate) fn sort(&mut self) {
        self.on_page.sort_unstable();
        self.at_gateway.sort_unstable();
    }
}

/// The page's rows were read: when the reading began and ended.
type Reading = Option<(Duration, Duration)>;

pub(crate) struct Night {
    pub(crate) town: Town,
    clients: Vec<AsyncClient>,
    gateway: Gateway,
    readings: watch::Receiver<Reading>,
    _answers: Answers,
}

impl Night {
    pub(crate) async fn begin(homes: u32, rows: usize) -> anyhow::Result<Self> {
        let town = Town::build(homes, rows).await?;
        let gateway = Gateway::open(town.clock.clone()).await?;
        let mut clients = Vec::new();
        for &unit in &town.units {
            let (client, mut events) = town.connect(unit).await?;
            tokio::spawn(async move { while events.poll().await.is_ok() {} });
            clients.push(client);
        }
        let answers = tell(&town, &gateway)?;
        let (telling, readings) = watch::channel(None);
        let page = (town.page, town.clock.clone());
        tokio::spawn(read(page, telling));
        Ok(Self {
            town,
            clients,
            gateway,
            readings,
            _answers: answers,
        })
    }

    /// Every connected home becomes a row, one after the other.
    pub(crate) async fn play(mut self, times: &mut Times) -> anyhow::Result<()> {
        for unit in 0..self.clients.len() {
            let pause = PAUSE + PAUSE_MORE * u32::try_from(unit % 37)?;
            tokio::time::sleep(pause).await;
            let body = self.report(unit)?;
            let topic = Topic {
                unit: self.town.units[unit],
                channel: Channel::Report,
            };
            let sent = self.town.clock.real_now();
            let client = &self.clients[unit];
            let sending = client.publish(topic.to_string(), QoS::AtLeastOnce, false, body);
            sending.await?;
            let at = within(self.gateway.took.recv(), "the gateway")
                .await?
                .context("the gateway ended")?;
            times.at_gateway.push(at - sent);
            times.on_page.push(self.shown(unit).await? - sent);
        }
        Ok(())
    }

    fn report(&self, unit: usize) -> anyhow::Result<Vec<u8>> {
        let check = self.town.checks.get(unit).context("every home's check")?;
        let report = Report {
            unit: self.town.units[unit],
            check: check.id,
            look: LOOKS,
            finding: Finding::NotVisible,
            at_ms: self.town.clock.now().timestamp,
            clock: ClockState::Synced,
            plan: 1,
            model: "9f86d081".to_owned(),
            boot: BootId(u64::try_from(unit)?),
            counter: 1,
            nonce: "000102030405060708090a0b0c0d0e0f".to_owned(),
        };
        Ok(wire::encode(&Signed::seal(&report, &eye())))
    }

    /// When an open page had read the rows, with this home's among them.
    async fn shown(&mut self, unit: usize) -> anyhow::Result<Duration> {
        let resident = self.town.checks[unit].id.resident;
        let has_row = |tonight: &Arc<Tonight>| {
            let mut open = tonight.open.iter();
            open.any(|row| row.person.resident == resident)
        };
        let mut tonight = self.town.hub.tonight.clone();
        let known = tonight.wait_for(has_row);
        drop(within(known, "the row").await??);
        // A reading that began before may have been of a page without the row; one that begins
        // after this is of one with it.
        let after = self.town.clock.real_now();
        let is_whole = |reading: &Reading| reading.is_some_and(|(begun, _)| begun >= after);
        let reading = self.readings.wait_for(|reading| {
            // The page may have been quicker than this task.
            is_whole(reading)
        });
        let reading = within(reading, "the page").await??;
        Ok(reading.context("a reading")?.1)
    }
}

/// Starts a teller with a team for every connected home.
fn tell(town: &Town, gateway: &Gateway) -> anyhow::Result<Answers> {
    let versions = SettingsVersions::open(&town.ledger())?;
    let by = "s0000001".parse().context("an id")?;
    let now = town.clock.now().timestamp;
    versions.add(now, &by, "a measurement", &document(town)?)?;
    let channels: notify::Settings = toml::from_str(&format!(
        "link = \"https://nattsyn.example/\"\n[[channel]]\nkind = \"webhook\"\nname = \"hook\"\n\
         url = \"http://{}/\"\nbody = '{{\"text\":\"{{text}}\"}}'\n",
        gateway.address
    ))?;
    let keeper = Keeper::open(&town.ledger(), &channels, Others::new())?;
    let mut opened = keeper.told().open(town.folder(), Others::new())?;
    opened.changes = Some(keeper.at_work());
    let (answers, answered) = Answers::new();
    let proving = Proving {
        zone: TimeZone::UTC,
        answered,
        verdicts: town.hub.verdicts.clone(),
    };
    let tellings = Tellings::open(&town.ledger())?;
    let (told, _shown) = watch::channel(Arc::default());
    let (clock, tonight) = (town.clock_for("teller")?, town.hub.tonight.clone());
    tokio::spawn(async move {
        let _keeper = keeper;
        teller::run(opened, tellings, clock, tonight, told, proving).await
    });
    Ok(answers)
}

fn document(town: &Town) -> anyhow::Result<String> {
    let mut text = String::new();
    for (number, home) in town.homes.iter().enumerate() {
        write!(
            text,
            "[[recipient]]\nname = \"natt-{number}\"\n\
             [[team]]\nname = \"lag-{number}\"\n\
             steps = [{{ to = \"natt-{number}\", by = [\"hook\"] }}]\n\
             [[home]]\nid = \"{home}\"\nteam = \"lag-{number}\"\n"
        )?;
    }
    Ok(text)
}

/// Reads what a browser would: the events, and after each `changed` the rows.
async fn read(
    (page, clock): (std::net::SocketAddr, nattsyn_clock::Clock),
    tell: watch::Sender<Reading>,
) -> anyhow::Result<()> {
    let mut events = ask(page, "/events").await?;
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let length = events.read(&mut part).await?;
        anyhow::ensure!(length > 0, "the events ended");
        text.extend_from_slice(&part[..length]);
        if !String::from_utf8_lossy(&text).contains("event: changed") {
            continue;
        }
        text.clear();
        let begun = clock.real_now();
        let mut rows = Vec::new();
        ask(page, "/fragment").await?.read_to_end(&mut rows).await?;
        tell.send_replace(Some((begun, clock.real_now())));
    }
}

async fn ask(page: std::net::SocketAddr, path: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(page).await?;
    let question = format!("GET {path} HTTP/1.1\r\nHost: {page}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    Ok(stream)
}

async fn within<T>(what: impl Future<Output = T>, name: &str) -> anyhow::Result<T> {
    let waited = tokio::time::timeout(PATIENCE, what).await;
    waited.with_context(|| format!("waiting for {name}"))
}
