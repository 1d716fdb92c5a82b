//! What stands in a unit's place: its certificate at the broker, and its eye's key.

use std::sync::{Arc, Mutex};

use jiff::ToSpan as _;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::task::JoinHandle;

use nattsyn_protocol::demonstration;
use nattsyn_protocol::hello::{Ack, Hello};
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::policy::{Build, Capability};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{
    CountsMessage, HeldThresholds, HomeThresholds, NightCounts, ThresholdsMessage,
};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;
use nattsyn_tests::mosquitto;

use super::SOON;
use super::house::{House, NIGHT, eye, home};
use super::own;

type Heard = Arc<Mutex<Vec<(Channel, Vec<u8>)>>>;

/// The unit.
pub(crate) struct Unit {
    client: AsyncClient,
    heard: Heard,
    task: JoinHandle<()>,
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Unit {
    /// Connects to the broker and listens to what comes down.
    pub(crate) async fn connect(house: &House) -> Self {
        let id = home().unit;
        let mut options = MqttOptions::new(id.to_string(), "localhost", house.broker.port);
        options.set_transport(mosquitto::transport(&house.unit));
        let (client, mut events) = AsyncClient::new(options, 64);
        let filter = Topic::down_filter(id);
        client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        let is_heard = |event: &Event| matches!(event, Event::Incoming(Packet::SubAck(_)));
        while !is_heard(&events.poll().await.unwrap()) {}
        let heard = Heard::default();
        let task = tokio::spawn(hear(events, Arc::clone(&heard)));
        Self {
            client,
            heard,
            task,
        }
    }

    async fn says(&self, channel: Channel, body: Vec<u8>) {
        let topic = Topic {
            unit: home().unit,
            channel,
        };
        let topic = topic.to_string();
        let sent = self.client.publish(topic, QoS::AtLeastOnce, false, body);
        sent.await.unwrap();
    }

    /// Says hello with what its eye holds, and waits until that is answered.
    pub(crate) async fn says_hello(&mut self, held: Option<u32>) {
        let capability = Capability {
            unit: home().unit,
            boot: BootId(7),
            build: Build::SensorOnly,
            policy: None,
            thresholds: held.map(|version| self.holds(version)),
            commissioning: None,
            commissioned: Some(own::held()),
            word: None,
        };
        let hello = Hello {
            unit: home().unit,
            software: "0.1.0".to_owned(),
            plans: Vec::new(),
            waiting: 0,
            eye: Some(Signed::seal(&capability, &eye())),
        };
        let before = self.answers().len();
        self.says(Channel::Hello, wire::encode(&hello)).await;
        self.waits("an answer to hello", |it| it.answers().len() > before)
            .await;
    }

    /// What an eye says of the thresholds of a version that came.
    fn holds(&self, version: u32) -> HeldThresholds {
        let mut came = self.thresholds().into_iter();
        let held = came.find(|it| it.version == version).unwrap();
        HeldThresholds {
            version,
            visible: Some(held.visible),
            not_visible: Some(held.not_visible),
            anew: held.anew,
            ..HeldThresholds::default()
        }
    }

    /// Sends the counts of the thirty nights before tonight, and waits until the hub has them all.
    /// Each night: one check with nobody, three clear ones, and one in between.
    pub(crate) async fn counts_thirty_nights(&mut self, _house: &House) {
        for days in 1..=30 {
            let counts = NightCounts {
                unit: home().unit,
                night: NIGHT.checked_sub(days.days()).unwrap(),
                checks: vec![(10, 1), (47, 1), (58, 3)],
                otherwise: 1,
                evidence: Some(own::evidence()),
            };
            let counts = Signed::seal(&counts, &eye());
            self.says(Channel::Counts, wire::encode(&CountsMessage { counts }))
                .await;
        }
        self.waits("thirty nights acknowledged", |it| {
            let nights = it.answers().into_iter().flat_map(|ack| ack.counts);
            nights.count() == 30
        })
        .await;
    }

    fn answers(&self) -> Vec<Ack> {
        self.read(Channel::Ack)
    }

    /// The thresholds that came, opened with the root that it pins.
    pub(crate) fn thresholds(&self) -> Vec<HomeThresholds> {
        let messages: Vec<ThresholdsMessage> = self.read(Channel::Thresholds);
        let opened = messages.iter();
        opened
            .map(|message| message.open(&demonstration::root()).unwrap())
            .collect()
    }

    /// Waits for thresholds of a version.
    pub(crate) async fn waits_for_thresholds(&self, version: u32) -> HomeThresholds {
        let of = |it: &Self| {
            let mut all = it.thresholds().into_iter();
            all.find(|thresholds| thresholds.version == version)
        };
        self.waits("thresholds", |it| of(it).is_some()).await;
        let thresholds = of(self).unwrap();
        assert_eq!(thresholds.examine(), Ok(()));
        thresholds
    }

    fn read<M: wire::Message>(&self, channel: Channel) -> Vec<M> {
        let heard = self.heard.lock().unwrap();
        let own = heard.iter().filter(|(of, _)| *of == channel);
        own.map(|(_, body)| wire::decode(body).unwrap()).collect()
    }

    async fn waits(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waited = tokio::time::timeout(SOON, async {
            while !is_so(self) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("no {what} in time"));
    }
}

async fn hear(mut events: EventLoop, heard: Heard) {
    while let Ok(event) = events.poll().await {
        if let Event::Incoming(Packet::Publish(publish)) = event {
            let topic = std::str::from_utf8(&publish.topic).unwrap();
            let channel = Topic::parse(topic).unwrap().channel;
            heard
                .lock()
                .unwrap()
                .push((channel, publish.payload.to_vec()));
        }
    }
}
