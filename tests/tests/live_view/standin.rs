//! What takes the eye's place at a real voice and does what no honest eye does, with the eye's real
//! key: it sends pictures in clear, or says of views what another key signed. It guards nothing.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use ring::agreement::{ECDH_P256, EphemeralPrivateKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use nattsyn_detector::pair::{FromEye, LastLook, ToEye};
use nattsyn_detector::pair_socket::PairEnd;
use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::grant::{Challenge, FIRST_LOOK_AGAIN};
use nattsyn_protocol::hello::HeldPlan;
use nattsyn_protocol::ids::{BootId, CheckId, UnitId};
use nattsyn_protocol::live::{End, Ended, FRAME_BYTES, LiveDown, LiveUp, Opened};
use nattsyn_protocol::policy::{Approval, Build, Capability, HeldPolicy};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{Document, Signed};
use nattsyn_protocol::time::{ClockState, Timestamp};
use nattsyn_tests::programs::program;

use super::UNCLEAR;
use super::pictures::Picture;
use super::search::STRETCH;

/// This run of it.
const BOOT: BootId = BootId(77);

/// How often a leaky eye sends a frame, whoever asks for one.
const LEAKS_EVERY: Duration = Duration::from_millis(200);

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It sends pictures in clear, and goes on when it has said that it ended.
    Leaky,
    /// Another key signs what it says of views.
    Forger,
}

/// A voice with this at the other end of its pair. Both end when it is dropped.
pub(crate) struct StandIn(Child);

impl Drop for StandIn {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What it knows.
struct State {
    manner: Manner,
    unit: UnitId,
    key: SigningKey,
    picture: Picture,
    now: Timestamp,
    counter: u64,
    frame: Option<u64>,
}

impl StandIn {
    /// Starts the voice of a unit's folder and speaks to it as its eye. `now` is what its reports
    /// say.
    pub(crate) fn plug_in(
        folder: &Path,
        (unit, picture): (UnitId, Picture),
        manner: Manner,
        now: Timestamp,
    ) -> Self {
        let (own, voices) = PairEnd::pair().unwrap();
        let voice = Command::new(program("nattsyn-voice"))
            .arg("--config")
            .arg(folder.join("voice.toml"))
            .env("RUST_LOG", "error")
            .stdin(Stdio::from(OwnedFd::from(voices)))
            .spawn()
            .unwrap();
        let state = Arc::new(Mutex::new(State {
            manner,
            unit,
            key: key(folder),
            picture,
            now,
            counter: 0,
            frame: None,
        }));
        own.send(&FromEye::Started { boot: BOOT }).unwrap();
        own.send(&state.lock().unwrap().capable(None)).unwrap();
        leak(own.try_clone().unwrap(), Arc::clone(&state));
        std::thread::spawn(move || {
            while let Ok(word) = own.receive() {
                for answer in state.lock().unwrap().hear(word) {
                    own.send(&answer).ok();
                }
            }
        });
        Self(voice)
    }

    /// The voice's process.
    pub(crate) fn voice(&self) -> u32 {
        self.0.id()
    }
}

/// The unit's own key.
fn key(folder: &Path) -> SigningKey {
    let text = std::fs::read_to_string(folder.join("eye.key")).unwrap();
    let digits = text.trim();
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    SigningKey::from_bytes(&std::array::from_fn(byte))
}

/// Sends what it has to send by itself, until the pair is closed.
fn leak(end: PairEnd, state: Arc<Mutex<State>>) {
    std::thread::spawn(move || {
        // Nobody ever sends: only its patience ends.
        let (_quiet, pause) = sync_channel::<()>(0);
        while pause.recv_timeout(LEAKS_EVERY) == Err(RecvTimeoutError::Timeout) {
            let frame = state.lock().unwrap().leak();
            if let Some(frame) = frame {
                end.send(&frame).ok();
            }
        }
    });
}

impl State {
    fn hear(&mut self, word: ToEye) -> Vec<FromEye> {
        match word {
            ToEye::Ping => vec![FromEye::Alive {
                last_look: LastLook::Fit,
            }],
            ToEye::Plan(message) => {
                let plan = message.open(&demonstration::root()).unwrap();
                vec![FromEye::Holding(vec![HeldPlan {
                    resident: plan.resident,
                    version: plan.version,
                }])]
            }
            ToEye::Policy(message) => {
                let policy = message.open(&demonstration::root()).unwrap();
                vec![self.capable(Some(HeldPolicy {
                    version: policy.version,
                    mode: policy.mode,
                    approval: Approval::NotNeeded,
                }))]
            }
            // It works by its model.
            ToEye::Thresholds(_) | ToEye::Label(_) | ToEye::Commission(_) => Vec::new(),
            ToEye::Look { check, look } => vec![self.report(check, look)],
            ToEye::Live(LiveDown::Ask { check }) => {
                vec![self.report(check, FIRST_LOOK_AGAIN), self.challenge(check)]
            }
            ToEye::Live(LiveDown::Grant(message)) => {
                let (grant, _) = message.open(&demonstration::root()).unwrap();
                vec![self.open(grant.challenge.nonce)]
            }
            ToEye::Live(LiveDown::End { view }) => vec![self.end(view)],
            ToEye::Live(LiveDown::Credit { .. }) => Vec::new(),
        }
    }

    fn capable(&self, policy: Option<HeldPolicy>) -> FromEye {
        let capability = Capability {
            unit: self.unit,
            boot: BOOT,
            build: Build::LiveView,
            policy,
            thresholds: None,
            commissioning: None,
            commissioned: None,
            word: None,
        };
        FromEye::Capable(Signed::seal(&capability, &self.key))
    }

    fn challenge(&self, check: CheckId) -> FromEye {
        let mut nonce = vec![0; 32];
        SystemRandom::new().fill(&mut nonce).unwrap();
        let signed = self.sign(&Challenge {
            unit: self.unit,
            boot: BOOT,
            check,
            look: FIRST_LOOK_AGAIN,
            policy: 2,
            nonce: Base64(nonce),
        });
        FromEye::Live(LiveUp::Challenge { signed })
    }

    fn open(&mut self, view: Base64) -> FromEye {
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let public = own.compute_public_key().unwrap();
        self.frame = Some(1);
        let signed = self.sign(&Opened {
            unit: self.unit,
            view,
            key: Base64(public.as_ref().to_vec()),
            for_ms: 30_000,
        });
        FromEye::Live(LiveUp::Opened { signed })
    }

    /// It says so, and goes on.
    fn end(&self, view: Base64) -> FromEye {
        let signed = self.sign(&Ended {
            unit: self.unit,
            view,
            why: End::Operator,
            frames: self.frame.unwrap_or_default(),
            lit_ms: 1_234,
        });
        FromEye::Live(LiveUp::Ended { signed })
    }

    /// A picture as a frame, not sealed: as JPEG, and behind it a row of its pixels.
    fn leak(&mut self) -> Option<FromEye> {
        let number = self.frame.filter(|_| self.manner == Manner::Leaky)?;
        self.frame = Some(number + 1);
        let mut frame = number.to_be_bytes().to_vec();
        frame.extend_from_slice(&self.picture.jpeg);
        frame.extend_from_slice(self.picture.row(self.picture.steepest(STRETCH)));
        frame.resize(FRAME_BYTES, 0);
        Some(FromEye::Frame(Base64(frame)))
    }

    fn report(&mut self, check: CheckId, look: u8) -> FromEye {
        self.counter += 1;
        let report = Report {
            unit: self.unit,
            check,
            look,
            finding: UNCLEAR,
            at_ms: self.now,
            clock: ClockState::Synced,
            plan: 1,
            model: "00000000".to_owned(),
            boot: BOOT,
            counter: self.counter,
            nonce: "00".repeat(16),
        };
        FromEye::Report(Signed::seal(&report, &self.key))
    }

    /// Signs something about a view.
    fn sign<D: Document>(&self, document: &D) -> Signed {
        match self.manner {
            Manner::Forger => Signed::seal(document, &SigningKey::from_bytes(&[9; 32])),
            Manner::Leaky => Signed::seal(document, &self.key),
        }
    }
}
