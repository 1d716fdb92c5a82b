//! Four hundred clients that together send what many more units would, and take the times.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{MissedTickBehavior, interval};

use nattsyn_clock::Clock;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::heartbeat::{EyeState, HEARTBEAT, Heartbeat};
use nattsyn_protocol::hello::Ack;
use nattsyn_protocol::ids::{BootId, UnitId};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::ClockState;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::page::Followers;
use super::town::{Town, eye};

/// Homes of one hub: the design's figure for two cores (budgets).
pub(crate) const HOMES: u32 = 5_000;

/// Those whose units really connect: a connection is five descriptors in this process.
pub(crate) const CONNECTED: usize = 400;

/// Reports of one home in the design's ten hours (budgets: bytes on the wire).
const REPORTS_A_NIGHT: f64 = 10.0;

/// The design's ten hours.
const NIGHT: Duration = Duration::from_secs(10 * 3600);

/// Looks of one check: reports that each connected home can send.
const LOOKS: u8 = 5;

/// How often what is due is sent.
const TICK: Duration = Duration::from_millis(2);

/// Longest that the last acknowledgements and pages may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Acknowledgements that may wait here.
const QUEUE: usize = 1 << 12;

/// A report: whose, by the place among the connected, and of which look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) unit: usize,
    pub(crate) look: u8,
}

/// What came of one load. Every list is sorted.
pub(crate) struct Times {
    pub(crate) lasted: Duration,
    /// Processor time of the whole process, senders included.
    pub(crate) cpu: Duration,
    pub(crate) committed: Vec<Duration>,
    pub(crate) on_channel: Vec<Duration>,
    pub(crate) on_page: Vec<Duration>,
    /// The page's rows, as read last.
    pub(crate) page_bytes: usize,
}

/// The connected units.
pub(crate) struct Load {
    units: Vec<UnitId>,
    clients: Vec<AsyncClient>,
    acks: Receiver<(Name, Duration)>,
    clock: Clock,
    /// Reports that were sent so far, in all loads.
    reported: usize,
    beats: u32,
}

impl Load {
    pub(crate) async fn connect(town: &Town) -> anyhow::Result<Self> {
        let (sender, acks) = channel(QUEUE);
        let mut clients = Vec::new();
        for &unit in &town.units {
            let (client, events) = town.connect(unit).await?;
            tokio::spawn(listen(events, sender.clone(), town.clock.clone()));
            clients.push(client);
        }
        let mut load = Self {
            units: town.units.clone(),
            clients,
            acks,
            clock: town.clock.clone(),
            reported: 0,
            beats: 0,
        };
        load.until_the_hub_listens(town).await?;
        Ok(load)
    }

    /// Sends every unit's heartbeat until the hub has heard them all.
    async fn until_the_hub_listens(&mut self, town: &Town) -> anyhow::Result<()> {
        let mut tonight = town.hub.tonight.clone();
        let begun = self.clock.real_now();
        loop {
            let heard = |tonight: &nattsyn_hub::view::Tonight| {
                let heard = tonight.homes.iter().filter(|home| home.heard.is_some());
                heard.count() >= CONNECTED
            };
            if heard(&tonight.borrow_and_update()) {
                return Ok(());
            }
            anyhow::ensure!(
                self.clock.real_now() - begun < PATIENCE,
                "the hub hears nobody"
            );
            for unit in 0..CONNECTED {
                self.send_beat(unit)?;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Sends heartbeats alone; returns how many.
    pub(crate) async fn beat(&mut self, factor: u32, lasts: Duration) -> anyhow::Result<u32> {
        let before = self.beats;
        self.send(lasts, factor, &[]).await?;
        Ok(self.beats - before)
    }

    /// Sends so many times the design's load, and waits until every report is on a page.
    pub(crate) async fn run(
        &mut self,
        town: &Town,
        factor: u32,
        lasts: Duration,
    ) -> anyhow::Result<Times> {
        let reports = self.reports(town, reports_a_second(factor) * lasts.as_secs_f64())?;
        let followers = Followers::start(town);
        let (begun, cpu_before) = (self.clock.real_now(), cpu());
        let sent = self.send(lasts, factor, &reports).await?;
        let (lasted, cpu) = (self.clock.real_now() - begun, cpu() - cpu_before);
        let mut committed = BTreeMap::new();
        while committed.len() < sent.len() {
            let ack = tokio::time::timeout(PATIENCE, self.acks.recv()).await;
            let (name, at) = ack
                .context("waiting for an acknowledgement")?
                .context("ended")?;
            committed.insert(name, at);
        }
        let (on_channel, readings) = followers.finish(&committed).await?;
        let on_page = on_channel.iter().filter_map(|(name, &at)| {
            let read = readings.iter().find(|reading| reading.begun >= at)?;
            Some((*name, read.ended))
        });
        Ok(Times {
            lasted,
            cpu,
            committed: since(&sent, &committed)?,
            on_page: since(&sent, &on_page.collect())?,
            on_channel: since(&sent, &on_channel)?,
            page_bytes: readings.last().map_or(0, |reading| reading.bytes),
        })
    }

    /// The next reports of the connected homes, signed: looks at which nobody is visible, and a
    /// last one at which somebody is.
    fn reports(&mut self, town: &Town, count: f64) -> anyhow::Result<Vec<(Name, Vec<u8>)>> {
        let mut reports = Vec::new();
        let now = self.clock.now().timestamp;
        while f64::from(u32::try_from(reports.len())?) < count {
            let (unit, round) = (self.reported % CONNECTED, self.reported / CONNECTED);
            let look = u8::try_from(round + 1)?;
            anyhow::ensure!(look <= LOOKS, "more reports than looks");
            let check = town.checks.get(unit).context("every home has a check")?;
            let name = Name { unit, look };
            let report = Report {
                unit: self.units[unit],
                check: check.id,
                look,
                finding: match look {
                    LOOKS => Finding::Visible,
                    _ => Finding::NotVisible,
                },
                at_ms: now,
                clock: ClockState::Synced,
                plan: 1,
                model: "9f86d081".to_owned(),
                boot: BootId(u64::try_from(unit)?),
                counter: u64::from(look),
                nonce: "000102030405060708090a0b0c0d0e0f".to_owned(),
            };
            reports.push((name, wire::encode(&Signed::seal(&report, &eye()))));
            self.reported += 1;
        }
        Ok(reports)
    }

    /// Sends heartbeats and these reports, evenly; returns when each report was sent.
    async fn send(
        &mut self,
        lasts: Duration,
        factor: u32,
        reports: &[(Name, Vec<u8>)],
    ) -> anyhow::Result<BTreeMap<Name, Duration>> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut beats, mut sent) = (0.0, BTreeMap::new());
        let mut waiting = reports.iter();
        let begun = self.clock.real_now();
        loop {
            ticks.tick().await;
            let passed = (self.clock.real_now() - begun).as_secs_f64();
            while beats < passed.min(lasts.as_secs_f64()) * beats_a_second(factor) {
                beats += 1.0;
                let unit = usize::try_from(self.beats)? % CONNECTED;
                self.send_beat(unit)?;
            }
            let due = passed * reports_a_second(factor);
            while f64::from(u32::try_from(sent.len())?) < due {
                let Some((name, body)) = waiting.next() else {
                    break;
                };
                sent.insert(*name, self.clock.real_now());
                let topic = self.topic(name.unit, Channel::Report);
                self.clients[name.unit].try_publish(
                    topic,
                    QoS::AtLeastOnce,
                    false,
                    body.clone(),
                )?;
            }
            if passed >= lasts.as_secs_f64() && waiting.len() == 0 {
                return Ok(sent);
            }
        }
    }

    fn send_beat(&mut self, unit: usize) -> anyhow::Result<()> {
        self.beats += 1;
        let beat = Heartbeat {
            at_ms: self.clock.now().timestamp,
            sequence: self.beats,
            eye: EyeState::Ready,
            waiting: 0,
        };
        let topic = self.topic(unit, Channel::Heartbeat);
        let body = wire::encode(&beat);
        Ok(self.clients[unit].try_publish(topic, QoS::AtMostOnce, false, body)?)
    }

    fn topic(&self, unit: usize, channel: Channel) -> String {
        let unit = self.units[unit];
        Topic { unit, channel }.to_string()
    }
}

fn beats_a_second(factor: u32) -> f64 {
    f64::from(HOMES) / HEARTBEAT.as_secs_f64() * f64::from(factor)
}

fn reports_a_second(factor: u32) -> f64 {
    f64::from(HOMES) * REPORTS_A_NIGHT / NIGHT.as_secs_f64() * f64::from(factor)
}

/// How long each took, sorted.
fn since(
    sent: &BTreeMap<Name, Duration>,
    came: &BTreeMap<Name, Duration>,
) -> anyhow::Result<Vec<Duration>> {
    let took = sent.iter().map(|(name, sent)| {
        let came = came
            .get(name)
            .with_context(|| format!("{name:?} never came"));
        Ok(came?.saturating_sub(*sent))
    });
    let mut took: Vec<Duration> = took.collect::<anyhow::Result<_>>()?;
    took.sort_unstable();
    Ok(took)
}

/// Processor time of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Says when each acknowledgement came, until the connection ends.
async fn listen(mut events: EventLoop, heard: Sender<(Name, Duration)>, clock: Clock) {
    while let Ok(event) = events.poll().await {
        let Event::Incoming(Packet::Publish(message)) = event else {
            continue;
        };
        let now = clock.real_now();
        // Plans come too; they are none.
        for key in wire::decode::<Ack>(&message.payload).map_or(Vec::new(), |ack| ack.reports) {
            let name = Name {
                unit: usize::try_from(key.boot.0).unwrap_or(usize::MAX),
                look: u8::try_from(key.counter).unwrap_or(u8::MAX),
            };
            if heard.send((name, now)).await.is_err() {
                return;
            }
        }
    }
}
