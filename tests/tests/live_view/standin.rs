//! The other side of a live view, with real keys and real seals: what an eye and its voice say.
//!
//! It shows generated rooms. It can also answer what no honest eye does: send pictures in clear, or
//! say what another key signed. It guards nothing: what the real eye refuses is tested with it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::task::JoinHandle;

use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::grant::{Challenge, FIRST_LOOK_AGAIN, Grant, GrantMessage};
use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::live::{
    End, Ended, FRAME_BYTES, LiveDown, LiveUp, NUMBER_BYTES, Opened, PICTURE_MAX, Refusal, Refused,
    TAG_BYTES, frame_aad, frame_nonce, key_info,
};
use nattsyn_protocol::policy::{Approval, Build, Capability, HeldPolicy, Mode};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{Document, Signed};
use nattsyn_protocol::time::{ClockState, Timestamp};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;
use nattsyn_scenes::{Lens, Occupant, Room, Sensor};

use super::SOON;
use super::house::{House, check, eye_key, unit};

/// This run of the eye.
const BOOT: BootId = BootId(77);

/// Pictures that are shown in turn.
const PICTURES: u64 = 4;

/// How an eye behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should; its look again finds this.
    Honest(Finding),
    /// It sends pictures in clear.
    Leaky,
    /// Another key signs what it says.
    Forger,
}

/// One picture that was shown.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
    pub(crate) jpeg: Vec<u8>,
}

/// What the eye knows.
struct State {
    manner: Manner,
    counter: u64,
    pictures: Vec<Picture>,
    challenge: Option<Challenge>,
    open: Option<Open>,
    answered: u32,
    sent: u64,
    lit: u32,
    ended: Option<End>,
}

/// A view that goes on.
struct Open {
    view: Base64,
    body: String,
    key: LessSafeKey,
    next: u64,
}

/// An eye and its voice, connected.
pub(crate) struct Eye {
    state: Arc<Mutex<State>>,
    client: AsyncClient,
    task: JoinHandle<()>,
    now: Timestamp,
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Eye {
    /// Connects and says hello, with live views allowed.
    pub(crate) async fn connect(house: &House, manner: Manner) -> Self {
        Self::connect_at(house, manner, house.broker).await
    }

    /// The same by another port, which leads to the broker.
    pub(crate) async fn connect_at(house: &House, manner: Manner, port: u16) -> Self {
        let mut options = MqttOptions::new(unit().to_string(), "localhost", port);
        options.set_transport(Transport::Tls(TlsConfiguration::Rustls(tls(house))));
        let (client, mut events) = AsyncClient::new(options, 64);
        let filter = Topic::down_filter(unit());
        client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        let is_heard = |event: &Event| matches!(event, Event::Incoming(Packet::SubAck(_)));
        while !is_heard(&events.poll().await.unwrap()) {}
        let state = Arc::new(Mutex::new(State {
            manner,
            counter: 0,
            pictures: (1..=PICTURES).map(picture).collect(),
            challenge: None,
            open: None,
            answered: 0,
            sent: 0,
            lit: 0,
            ended: None,
        }));
        let now = house.dial.now();
        let (held, mouth) = (Arc::clone(&state), client.clone());
        let task = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Packet::Publish(publish)) = event {
                    let topic = std::str::from_utf8(&publish.topic).unwrap();
                    if Topic::parse(topic).unwrap().channel == Channel::LiveDown {
                        let said = wire::decode(&publish.payload).unwrap();
                        let answers = held.lock().unwrap().hear(said, now);
                        for (channel, body) in answers {
                            say(&mouth, channel, body).await;
                        }
                    }
                }
            }
        });
        let eye = Self {
            state,
            client,
            task,
            now,
        };
        eye.says_hello().await;
        eye
    }

    async fn says_hello(&self) {
        let capability = Capability {
            unit: unit(),
            boot: BOOT,
            build: Build::LiveView,
            policy: Some(HeldPolicy {
                version: 1,
                mode: Mode::LiveView,
                approval: Approval::NotNeeded,
            }),
        };
        let hello = Hello {
            unit: unit(),
            software: "standin".to_owned(),
            plans: Vec::new(),
            waiting: 0,
            eye: Some(Signed::seal(&capability, &eye_key())),
        };
        say(&self.client, Channel::Hello, wire::encode(&hello)).await;
    }

    /// Reports a look of the plan.
    pub(crate) async fn report(&self, look: u8, finding: Finding) {
        let body = self.state.lock().unwrap().report(look, finding, self.now);
        say(&self.client, Channel::Report, body).await;
    }

    /// Ends the view by itself.
    pub(crate) async fn ends(&self, why: End) {
        let answers = self.state.lock().unwrap().end(why);
        for (channel, body) in answers {
            say(&self.client, channel, body).await;
        }
    }

    pub(crate) fn lamp_is_on(&self) -> bool {
        self.state.lock().unwrap().open.is_some()
    }

    pub(crate) fn has_lit_the_lamp(&self) -> bool {
        self.state.lock().unwrap().lit > 0
    }

    /// The pictures that it shows in turn.
    pub(crate) fn pictures(&self) -> Vec<Picture> {
        self.state.lock().unwrap().pictures.clone()
    }

    /// Why its view ended, once it has.
    pub(crate) async fn ended(&self) -> End {
        self.waits(|state| state.ended.is_some()).await;
        self.state.lock().unwrap().ended.unwrap()
    }

    /// Waits until so many frames were sent.
    pub(crate) async fn has_sent(&self, frames: u64) {
        self.waits(|state| state.sent >= frames).await;
    }

    /// Waits until it has answered a question.
    pub(crate) async fn has_answered(&self) {
        self.waits(|state| state.answered > 0).await;
    }

    async fn waits(&self, until: impl Fn(&State) -> bool) {
        let waited = tokio::time::timeout(SOON, async {
            while !until(&self.state.lock().unwrap()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.expect("the eye comes to that");
    }
}

type Answers = Vec<(Channel, Vec<u8>)>;

impl State {
    fn hear(&mut self, said: LiveDown, now: Timestamp) -> Answers {
        match said {
            LiveDown::Ask { check } => {
                assert_eq!(check, super::house::check());
                self.ask(now)
            }
            LiveDown::Grant(message) => self.grant(&message),
            LiveDown::Credit { view, frame } => self.credit(&view, frame),
            LiveDown::End { view } => match &self.open {
                Some(open) if open.view == view => self.end(End::Operator),
                Some(_) | None => Vec::new(),
            },
        }
    }

    fn ask(&mut self, now: Timestamp) -> Answers {
        let finding = match self.manner {
            Manner::Honest(finding) => finding,
            Manner::Leaky | Manner::Forger => super::UNCLEAR,
        };
        let mut answers = vec![(Channel::Report, self.report(FIRST_LOOK_AGAIN, finding, now))];
        if !matches!(finding, Finding::Unclear(_)) {
            let refused = Refused {
                unit: unit(),
                boot: BOOT,
                check: Some(check()),
                why: Refusal::NowClear,
            };
            let signed = self.sign(&refused);
            answers.push(up(&LiveUp::Refused { signed }));
            return answers;
        }
        let mut nonce = vec![0; 32];
        SystemRandom::new().fill(&mut nonce).unwrap();
        let challenge = Challenge {
            unit: unit(),
            boot: BOOT,
            check: check(),
            look: FIRST_LOOK_AGAIN,
            policy: 1,
            nonce: Base64(nonce),
        };
        let signed = self.sign(&challenge);
        self.challenge = Some(challenge);
        self.answered += 1;
        answers.push(up(&LiveUp::Challenge { signed }));
        answers
    }

    fn grant(&mut self, message: &GrantMessage) -> Answers {
        let (grant, _) = message.open(&demonstration::root()).unwrap();
        let challenge = self.challenge.take().unwrap();
        assert_eq!(grant.challenge, challenge);
        let random = SystemRandom::new();
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
        let public = own.compute_public_key().unwrap().as_ref().to_vec();
        let body = message.grant.body.clone();
        let key = key(own, &public, &grant, &body);
        self.open = Some(Open {
            view: challenge.nonce.clone(),
            body,
            key,
            next: 1,
        });
        self.lit += 1;
        let opened = Opened {
            unit: unit(),
            view: challenge.nonce,
            key: Base64(public),
            for_ms: 30_000,
        };
        let signed = self.sign(&opened);
        vec![up(&LiveUp::Opened { signed })]
    }

    fn credit(&mut self, view: &Base64, frame: u64) -> Answers {
        let manner = self.manner;
        let Some(open) = self.open.as_mut().filter(|open| open.view == *view) else {
            return Vec::new();
        };
        if frame != open.next {
            return Vec::new();
        }
        open.next += 1;
        self.sent += 1;
        let which = usize::try_from((frame - 1) % PICTURES).unwrap();
        let jpeg = &self.pictures[which].jpeg;
        let mut plain = u32::try_from(jpeg.len()).unwrap().to_be_bytes().to_vec();
        plain.extend_from_slice(jpeg);
        plain.resize(FRAME_BYTES - NUMBER_BYTES - TAG_BYTES, 0);
        if manner == Manner::Leaky {
            plain.resize(FRAME_BYTES - NUMBER_BYTES, 0);
        } else {
            let nonce = Nonce::assume_unique_for_key(frame_nonce(frame));
            let aad = Aad::from(frame_aad(&open.body, frame));
            let sealed = open.key.seal_in_place_append_tag(nonce, aad, &mut plain);
            sealed.unwrap();
        }
        vec![(Channel::Frame, [&frame.to_be_bytes()[..], &plain].concat())]
    }

    fn end(&mut self, why: End) -> Answers {
        let open = self.open.take().unwrap();
        self.ended = Some(why);
        let ended = Ended {
            unit: unit(),
            view: open.view,
            why,
            frames: open.next - 1,
            lit_ms: 1_234,
        };
        let signed = self.sign(&ended);
        vec![up(&LiveUp::Ended { signed })]
    }

    fn report(&mut self, look: u8, finding: Finding, at_ms: Timestamp) -> Vec<u8> {
        self.counter += 1;
        let report = Report {
            unit: unit(),
            check: check(),
            look,
            finding,
            at_ms,
            clock: ClockState::Synced,
            plan: 1,
            model: "00000000".to_owned(),
            boot: BOOT,
            counter: self.counter,
            nonce: "00".repeat(16),
        };
        wire::encode(&Signed::seal(&report, &eye_key()))
    }

    fn sign<D: Document>(&self, document: &D) -> Signed {
        match self.manner {
            Manner::Forger => Signed::seal(document, &SigningKey::from_bytes(&[9; 32])),
            Manner::Honest(_) | Manner::Leaky => Signed::seal(document, &eye_key()),
        }
    }
}

fn up(said: &LiveUp) -> (Channel, Vec<u8>) {
    (Channel::LiveUp, wire::encode(said))
}

async fn say(client: &AsyncClient, channel: Channel, body: Vec<u8>) {
    let topic = Topic {
        unit: unit(),
        channel,
    };
    let quality = if channel == Channel::Frame {
        QoS::AtMostOnce
    } else {
        QoS::AtLeastOnce
    };
    let said = client.publish(topic.to_string(), quality, false, body);
    said.await.unwrap();
}

/// The key of a view, as the protocol's documentation derives it.
fn key(own: EphemeralPrivateKey, public: &[u8], grant: &Grant, body: &str) -> LessSafeKey {
    let viewer = UnparsedPublicKey::new(&ECDH_P256, &grant.viewer.0);
    let info = key_info(
        public.try_into().unwrap(),
        grant.viewer.0.as_slice().try_into().unwrap(),
    );
    let derived = agree_ephemeral(own, &viewer, |shared| {
        let secret = Salt::new(HKDF_SHA256, &Grant::digest(body)).extract(shared);
        let parts = [info.as_slice()];
        let expanded = secret.expand(&parts, &AES_256_GCM).unwrap();
        LessSafeKey::new(UnboundKey::from(expanded))
    });
    derived.unwrap()
}

/// Somebody asleep in a generated room, as the camera gives it and as JPEG that fits a frame.
fn picture(pose: u64) -> Picture {
    let rendered = Room::from_seed(7).render(Occupant::InBed, pose, Lens::Clear);
    let exposed = Sensor::from_seed(7).expose(&rendered.radiance, pose);
    let (width, height) = (exposed.width, exposed.height);
    let size = |side: usize| u32::try_from(side).unwrap();
    let jpeg = (1..=9).rev().find_map(|tenth| {
        let mut jpeg = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut jpeg, tenth * 10);
        let (wide, high) = (size(width), size(height));
        encoder
            .write_image(&exposed.luma, wide, high, ExtendedColorType::L8)
            .unwrap();
        (jpeg.len() <= PICTURE_MAX).then_some(jpeg)
    });
    Picture {
        width,
        height,
        luma: exposed.luma,
        jpeg: jpeg.expect("a picture that fits"),
    }
}

/// How like a small grey picture is to the likest of some, from -1 to 1: Pearson's correlation.
pub(crate) fn likeness((width, small): &(usize, Vec<f64>), pictures: &[Picture]) -> f64 {
    let height = small.len() / width;
    let likeness = |picture: &Picture| {
        let mut same = Vec::with_capacity(small.len());
        for y in 0..height {
            for x in 0..*width {
                same.push(mean(picture, (x, *width), (y, height)));
            }
        }
        correlation(small, &same)
    };
    pictures.iter().map(likeness).fold(-1.0, f64::max)
}

/// The mean of the pixels under one of a coarser grid.
fn mean(picture: &Picture, (x, across): (usize, usize), (y, down): (usize, usize)) -> f64 {
    let (left, right) = (picture.width * x / across, picture.width * (x + 1) / across);
    let (top, bottom) = (picture.height * y / down, picture.height * (y + 1) / down);
    let mut sum = 0.0;
    for row in top..bottom {
        let pixels = &picture.luma[row * picture.width + left..row * picture.width + right];
        sum += pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>();
    }
    sum / ((right - left) * (bottom - top)) as f64
}

fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len() as f64;
    let (a, b) = (
        one.iter().sum::<f64>() / count,
        other.iter().sum::<f64>() / count,
    );
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in one.iter().zip(other) {
        ab += (x - a) * (y - b);
        aa += (x - a).powi(2);
        bb += (y - b).powi(2);
    }
    ab / (aa * bb).sqrt()
}

fn tls(house: &House) -> Arc<rustls::ClientConfig> {
    let folder = house.unit_folder();
    let mut roots = rustls::RootCertStore::empty();
    let pem = |name: &str| CertificateDer::from_pem_file(folder.join(name)).unwrap();
    roots.add(pem("ca.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("unit.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![pem("unit.pem")], key)
        .unwrap();
    Arc::new(config)
}
