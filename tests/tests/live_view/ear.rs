//! Somebody with the hub's certificate who listens at the broker beside the hub: everything that
//! passes there, with when, as the broker itself has it. It says nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::task::JoinHandle;

use nattsyn_clock::Clock;
use nattsyn_hub::certificates::Identity;
use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::labels::{Label, LabelMessage};
use nattsyn_protocol::live::{Ended, FRAME_BYTES, LiveUp, Opened};
use nattsyn_protocol::policy::{Capability, HeldPolicy};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::thresholds::HeldThresholds;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;
use nattsyn_tests::mosquitto;

use super::SOON;

/// Something that passed.
struct Passed {
    at: Duration,
    channel: Channel,
    body: Vec<u8>,
}

/// The ear.
pub(crate) struct Ear {
    passed: Arc<Mutex<Vec<Passed>>>,
    eye: PublicKey,
    task: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ear {
    /// Listens at a broker from now on. What an eye says is read by its key.
    pub(crate) async fn listen(port: u16, identity: &Identity, eye: PublicKey) -> Self {
        let mut options = MqttOptions::new("ear", "localhost", port);
        options.set_transport(mosquitto::transport(identity));
        // A frame with its topic; the client's own limit is less.
        options.set_max_packet_size(Some(u32::try_from(2 * FRAME_BYTES).unwrap()));
        let (client, mut events) = AsyncClient::new(options, 16);
        client.subscribe("n1/#", QoS::AtMostOnce).await.unwrap();
        let is_heard = |event: &Event| matches!(event, Event::Incoming(Packet::SubAck(_)));
        while !is_heard(&events.poll().await.unwrap()) {}
        let passed = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&passed);
        let task = tokio::spawn(async move { hear(client, events, &heard).await });
        Self { passed, eye, task }
    }

    /// Everything that passed.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let passed = self.passed.lock().unwrap();
        passed.iter().flat_map(|it| it.body.clone()).collect()
    }

    /// When each frame passed.
    pub(crate) fn frames(&self) -> Vec<Duration> {
        let passed = self.passed.lock().unwrap();
        let frames = passed.iter().filter(|it| it.channel == Channel::Frame);
        frames.map(|it| it.at).collect()
    }

    /// What the unit says of itself, as soon as it is so.
    pub(crate) async fn capability(&self, meant: impl Fn(&HeldPolicy) -> bool) -> Capability {
        let found = |it: &Passed| {
            let hello: Hello = (it.channel == Channel::Hello).then(|| read(&it.body))?;
            let said: Capability = hello.eye?.open(&self.eye).ok()?;
            said.policy.as_ref().is_some_and(&meant).then_some(said)
        };
        self.waits("what the unit may do", found).await
    }

    /// That the unit says, last, that it holds these thresholds and some policy.
    pub(crate) async fn holds(&self, thresholds: Option<HeldThresholds>) {
        let last = |it: &Passed| {
            let hello: Hello = (it.channel == Channel::Hello).then(|| read(&it.body))?;
            let said: Capability = hello.eye?.open(&self.eye).ok()?;
            (said.policy.is_some() && said.thresholds == thresholds).then_some(())
        };
        self.waits("the thresholds", last).await;
    }

    /// The report of a look, as soon as there is one that is meant.
    pub(crate) async fn report(&self, meant: impl Fn(&Report) -> bool) -> Report {
        let found = |it: &Passed| {
            let signed: Signed = (it.channel == Channel::Report).then(|| read(&it.body))?;
            signed.open(&self.eye).ok().filter(&meant)
        };
        self.waits("a report", found).await
    }

    /// What somebody found, on its way to the unit.
    pub(crate) async fn label(&self, root: &PublicKey) -> Label {
        let found = |it: &Passed| {
            let message: LabelMessage = (it.channel == Channel::Label).then(|| read(&it.body))?;
            message.open(root).ok()
        };
        self.waits("a label", found).await
    }

    /// That a view is open, and when it was said.
    pub(crate) async fn opened(&self) -> (Duration, Opened) {
        let found = |it: &Passed| match live(it)? {
            LiveUp::Opened { signed } => Some((it.at, signed.open(&self.eye).ok()?)),
            LiveUp::Challenge { .. } | LiveUp::Refused { .. } | LiveUp::Ended { .. } => None,
        };
        self.waits("a view that opens", found).await
    }

    /// That it is over, and when it was said.
    pub(crate) async fn ended(&self) -> (Duration, Ended) {
        let found = |it: &Passed| match live(it)? {
            LiveUp::Ended { signed } => Some((it.at, signed.open(&self.eye).ok()?)),
            LiveUp::Challenge { .. } | LiveUp::Refused { .. } | LiveUp::Opened { .. } => None,
        };
        self.waits("a view that ends", found).await
    }

    /// Whether anything of a view was said, by anybody.
    pub(crate) fn heard_of_a_view(&self) -> bool {
        let passed = self.passed.lock().unwrap();
        let is_live = |it: &Passed| matches!(it.channel, Channel::LiveUp | Channel::LiveDown);
        passed.iter().any(is_live)
    }

    async fn waits<T>(&self, what: &str, found: impl Fn(&Passed) -> Option<T>) -> T {
        let waited = tokio::time::timeout(SOON, async {
            loop {
                // The latest that is meant.
                let last = self.passed.lock().unwrap().iter().rev().find_map(&found);
                match last {
                    Some(last) => return last,
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{what} in time"))
    }
}

async fn hear(_client: AsyncClient, mut events: EventLoop, heard: &Mutex<Vec<Passed>>) {
    while let Ok(event) = events.poll().await {
        if let Event::Incoming(Packet::Publish(publish)) = event {
            let topic = std::str::from_utf8(&publish.topic).unwrap();
            heard.lock().unwrap().push(Passed {
                at: Clock::machine().real_now(),
                channel: Topic::parse(topic).unwrap().channel,
                body: publish.payload.to_vec(),
            });
        }
    }
}

fn live(it: &Passed) -> Option<LiveUp> {
    (it.channel == Channel::LiveUp).then(|| read(&it.body))
}

fn read<M: wire::Message>(body: &[u8]) -> M {
    wire::decode(body).unwrap()
}
