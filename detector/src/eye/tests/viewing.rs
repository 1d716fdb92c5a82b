//! A live view against time: what is too late, what is lost, what is over.
//!
//! The real grants' signatures and what is wrong with them are tested from outside, in
//! `tests/grant.rs`; here minutes pass by hand.

use nattsyn_protocol::assertion::{Assertion, Base64, Operator, sha256};
use nattsyn_protocol::finding::Reason;
use nattsyn_protocol::grant::{Challenge, Grant, GrantMessage, PICTURES_MAX};
use nattsyn_protocol::live::{
    End as ViewEnd, Ended, FRAME_BYTES, LiveDown, LiveUp, Refusal as NoView, Refused,
};
use nattsyn_protocol::policy::{Approval, Mode, Policy, PolicyMessage};
use nattsyn_protocol::thresholds::{HomeThresholds, NEVER, ThresholdsMessage};
use nattsyn_protocol::time::Timestamp;
use ring::agreement::{ECDH_P256, EphemeralPrivateKey};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::*;

fn at(moment: &str) -> Timestamp {
    Timestamp(moment.parse().unwrap())
}

fn endorsement() -> Signed {
    let endorsement = Endorsement {
        key: PublicKey::of(&key(HUB)),
        epoch: 1,
    };
    Signed::seal(&endorsement, &key(ROOT))
}

fn policy(version: u32, until: &str) -> PolicyMessage {
    policy_from(version, "2026-11-21T21:55:00Z", until)
}

fn policy_from(version: u32, from: &str, until: &str) -> PolicyMessage {
    let policy = Policy {
        unit: "u0000001".parse().unwrap(),
        version,
        mode: Mode::LiveView,
        stopped: Vec::new(),
        from_ms: at(from),
        until_ms: at(until),
    };
    PolicyMessage {
        policy: Signed::seal(&policy, &key(HUB)),
        endorsement: endorsement(),
    }
}

/// A grant as hub, operator and browser make it.
fn grant(challenge: &Challenge) -> GrantMessage {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let touched = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let operator = Operator {
        id: "astrid".to_owned(),
        roster: 1,
        credential: Base64(vec![7; 16]),
        key: Base64(touched.public_key().as_ref().to_vec()),
        host: "natt.example".to_owned(),
        origin: "https://natt.example".to_owned(),
        until_ms: at("2027-01-01T00:00:00Z"),
    };
    let browser = EphemeralPrivateKey::generate(&ECDH_P256, &random).unwrap();
    let grant = Grant {
        challenge: challenge.clone(),
        operator: operator.id.clone(),
        viewer: Base64(browser.compute_public_key().unwrap().as_ref().to_vec()),
    };
    let signed = Signed::seal(&grant, &key(HUB));
    let asked = base64url(&Grant::digest(&signed.body));
    let client = format!(
        r#"{{"type":"webauthn.get","challenge":"{asked}","origin":"https://natt.example"}}"#
    );
    let mut authenticator = sha256(b"natt.example").to_vec();
    authenticator.extend([5, 0, 0, 0, 1]);
    let said = [authenticator.as_slice(), &sha256(client.as_bytes())].concat();
    GrantMessage {
        grant: signed,
        endorsement: endorsement(),
        operator: Signed::seal(&operator, &key(ROOT)),
        assertion: Assertion {
            credential: operator.credential,
            authenticator: Base64(authenticator),
            client: Base64(client.into_bytes()),
            signature: Base64(touched.sign(&random, &said).unwrap().as_ref().to_vec()),
        },
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

impl Rig {
    /// An eye before an unclear room, whose residents agreed to live view.
    fn agreed(lamp_works: Result<(), ()>) -> (Self, Receiver<(&'static str, Heard)>) {
        let mut rig = Self::new(Behaviour::Puzzles, Ok(()));
        let (switches, switched) = sync_channel(64);
        let lamp = Lamp::new(Box::new(Bulb {
            switched: switches,
            voice: rig.voice.try_clone().unwrap(),
            works: lamp_works,
        }));
        let unit = "u0000001".parse().unwrap();
        rig.eye.live = Live::new(unit, BootId(9), Some(lamp));
        rig.tell(ToEye::Policy(policy(1, NEXT_WEEK)));
        rig.touch(Touch::Pressed);
        assert!(rig.ask(1).is_continue());
        assert!(rig.work().is_continue());
        assert!(matches!(rig.report().finding, Finding::Unclear(_)));
        (rig, switched)
    }

    fn tell(&mut self, word: ToEye) {
        assert!(self.eye.apply(self.now, Event::Told(word)).is_continue());
    }

    fn touch(&mut self, touch: Touch) {
        let event = Event::Touched(touch);
        assert!(self.eye.apply(self.now, event).is_continue());
    }

    /// The next word about a live view.
    fn up(&self) -> LiveUp {
        loop {
            if let FromEye::Live(up) = self.voice.receive().unwrap() {
                return up;
            }
        }
    }

    fn refused(&self) -> NoView {
        match self.up() {
            LiveUp::Refused { signed } => {
                let refused: Refused = signed.open(&PublicKey::of(&key(EYE))).unwrap();
                refused.why
            }
            other @ (LiveUp::Challenge { .. } | LiveUp::Opened { .. } | LiveUp::Ended { .. }) => {
                panic!("{other:?}")
            }
        }
    }

    fn ended(&self) -> Ended {
        match self.up() {
            LiveUp::Ended { signed } => signed.open(&PublicKey::of(&key(EYE))).unwrap(),
            other @ (LiveUp::Challenge { .. } | LiveUp::Opened { .. } | LiveUp::Refused { .. }) => {
                panic!("{other:?}")
            }
        }
    }

    fn ask_to_see(&mut self) {
        self.tell(ToEye::Live(LiveDown::Ask { check: check() }));
    }

    fn challenge(&mut self) -> Challenge {
        self.ask_to_see();
        assert!(self.work().is_continue());
        match self.up() {
            LiveUp::Challenge { signed } => signed.open(&PublicKey::of(&key(EYE))).unwrap(),
            other @ (LiveUp::Refused { .. } | LiveUp::Opened { .. } | LiveUp::Ended { .. }) => {
                panic!("{other:?}")
            }
        }
    }

    fn answer(&mut self, message: GrantMessage) {
        self.tell(ToEye::Live(LiveDown::Grant(Box::new(message))));
    }

    /// A view that is open, its camera too; its name.
    fn view(&mut self) -> Base64 {
        let challenge = self.challenge();
        self.answer(grant(&challenge));
        assert!(matches!(self.up(), LiveUp::Opened { .. }));
        self.camera();
        challenge.nonce
    }

    /// Lets the camera's next answer arrive.
    fn camera(&mut self) {
        let answer = self.eye.events.recv_timeout(Duration::from_secs(60));
        let flow = self.eye.apply(self.now, answer.unwrap());
        assert!(flow.is_continue());
    }

    fn credit(&mut self, view: &Base64, frame: u64) {
        let view = view.clone();
        self.tell(ToEye::Live(LiveDown::Credit { view, frame }));
    }

    fn frame(&mut self, view: &Base64, number: u64) {
        self.credit(view, number);
        self.camera();
        loop {
            if let FromEye::Frame(Base64(bytes)) = self.voice.receive().unwrap() {
                assert_eq!(bytes.len(), FRAME_BYTES);
                return;
            }
        }
    }
}

fn lamp(switched: &Receiver<(&'static str, Heard)>) -> Vec<&'static str> {
    switched.try_iter().map(|(what, _)| what).collect()
}

/// An end that is a policy's as the hub makes them.
const NEXT_WEEK: &str = "2026-11-29T00:00:00Z";

const MS: Duration = Duration::from_millis(1);

/// Thresholds under which no word is ever said.
fn never() -> ThresholdsMessage {
    let thresholds = HomeThresholds {
        unit: "u0000001".parse().unwrap(),
        version: 1,
        visible: NEVER,
        not_visible: NEVER,
        anew: 0,
    };
    ThresholdsMessage {
        thresholds: Signed::seal(&thresholds, &key(HUB)),
        endorsement: endorsement(),
    }
}

#[test]
fn a_word_that_thresholds_alone_withhold_opens_no_view() {
    let (mut rig, _switched) = Rig::agreed(Ok(()));
    let mut clear = Rig::new(Behaviour::Works, Ok(()));
    std::mem::swap(&mut clear.eye.live, &mut rig.eye.live);
    clear.tell(ToEye::Policy(policy(1, NEXT_WEEK)));
    clear.touch(Touch::Pressed);
    clear.eye.handle_thresholds(clear.now, &never());
    assert!(clear.ask(1).is_continue());
    assert!(clear.work().is_continue());
    // The home asks for more than the model does, and its finding says so.
    let withheld = Finding::Unclear(Reason::WeakEvidence);
    assert_eq!(clear.report().finding, withheld);
    clear.ask_to_see();
    assert_eq!(clear.refused(), NoView::NotUnclear);
}

#[test]
fn a_grant_in_the_sixtieth_second_opens_and_one_later_does_not() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    let challenge = rig.challenge();
    assert!(rig.pass(Duration::from_secs(60)).is_continue());
    rig.answer(grant(&challenge));
    assert!(matches!(rig.up(), LiveUp::Opened { .. }));
    assert_eq!(lamp(&switched), ["on"]);

    let (mut rig, switched) = Rig::agreed(Ok(()));
    let challenge = rig.challenge();
    rig.now.uptime = rig.now.uptime.after(Duration::from_secs(60) + MS);
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::TooLate);
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::NoChallenge);
    assert!(lamp(&switched).is_empty());
}

#[test]
fn the_walls_clock_makes_a_late_grant_no_earlier() {
    let (mut rig, _switched) = Rig::agreed(Ok(()));
    let challenge = rig.challenge();
    rig.now.uptime = rig.now.uptime.after(Duration::from_secs(61));
    rig.now.timestamp = rig.now.timestamp.before(Duration::from_secs(30));
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::TooLate);
}

#[test]
fn pictures_end_after_thirty_seconds_however_much_credit_there_is() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    let view = rig.view();
    for number in 1..=7 {
        rig.frame(&view, number);
        assert!(rig.pass(Duration::from_secs(4)).is_continue());
    }
    rig.frame(&view, 8);
    assert!(rig.pass(Duration::from_secs(2) - MS).is_continue());
    assert_eq!(lamp(&switched), ["on"]);
    assert!(rig.pass(MS).is_continue());
    assert_eq!(lamp(&switched), ["off"]);
    let ended = rig.ended();
    assert_eq!((ended.why, ended.frames), (ViewEnd::Time, 8));
    assert_eq!(Duration::from_millis(ended.lit_ms.into()), PICTURES_MAX);
    rig.credit(&view, 9);
    assert!(rig.eye.events.try_recv().is_err(), "no frame is taken");
}

#[test]
fn a_browser_that_gives_no_credit_for_five_seconds_is_gone() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    let view = rig.view();
    rig.frame(&view, 1);
    assert!(rig.pass(Duration::from_secs(5) - MS).is_continue());
    // For another frame than the next: worth nothing.
    rig.credit(&view, 1);
    rig.credit(&view, 3);
    assert!(rig.pass(MS).is_continue());
    assert_eq!(rig.ended().why, ViewEnd::Loss);
    // Both lamps, on for the looks and exactly once for the view.
    assert_eq!(lamp(&switched), ["on", "off"]);
    assert_eq!(rig.switched(), ["on", "off", "on", "off", "on", "off"]);
}

#[test]
fn a_policy_that_expires_during_a_view_ends_it_that_second() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    assert!(rig.pass(Duration::from_secs(60)).is_continue());
    let until = rig.now.timestamp.after(Duration::from_secs(20)).0;
    rig.tell(ToEye::Policy(policy(2, &until.to_string())));
    let view = rig.view();
    rig.frame(&view, 1);
    rig.now.timestamp = Timestamp(until);
    rig.credit(&view, 2);
    let ended = rig.ended();
    assert_eq!((ended.why, ended.frames), (ViewEnd::Withdrawn, 1));
    assert_eq!(lamp(&switched), ["on", "off"]);
}

#[test]
fn a_frame_that_was_under_way_when_a_view_ended_is_never_sent() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    let view = rig.view();
    rig.credit(&view, 1);
    rig.touch(Touch::Switched(Position::Off));
    let ended = rig.ended();
    assert_eq!((ended.why, ended.frames), (ViewEnd::Switch, 0));
    assert_eq!(lamp(&switched), ["on", "off"]);
    rig.camera();
    rig.tell(ToEye::Ping);
    let alive = FromEye::Alive {
        last_look: LastLook::Paused,
    };
    // It is said when the switch is thrown, and once more for the ping.
    let mut alives = 0;
    while alives < 2 {
        let word = rig.voice.receive::<FromEye>().unwrap();
        assert!(!matches!(word, FromEye::Frame(_)), "a frame after the end");
        alives += u8::from(word == alive);
    }
}

#[test]
fn a_lamp_that_cannot_be_lit_shows_nothing_and_burns_the_challenge() {
    let (mut rig, switched) = Rig::agreed(Err(()));
    let challenge = rig.challenge();
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::NoLamp);
    assert_eq!(lamp(&switched), ["on", "off"]);
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::NoChallenge);
}

#[test]
fn a_view_that_cannot_be_counted_over_a_restart_is_not_made() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    let challenge = rig.challenge();
    let slots = SimulatedSlots {
        health: SlotHealth::ReadOnly,
        ..SimulatedSlots::default()
    };
    rig.eye.memory = Some(EyeMemory::open(Box::new(slots)).0);
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::TooManyViews);
    assert!(lamp(&switched).is_empty());
}

#[test]
fn the_view_is_counted_and_the_challenge_burnt_before_the_lamp_is_lit() {
    let (mut rig, _switched) = Rig::agreed(Ok(()));
    let challenge = rig.challenge();
    let (notes, noted) = sync_channel(8);
    let slots = NotedSlots {
        slots: SimulatedSlots::default(),
        notes,
    };
    rig.eye.memory = Some(EyeMemory::open(Box::new(slots)).0);
    // No camera thread: the grant fails after everything but the first frame.
    rig.eye.orders = None;
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::NoCamera);
    assert!(noted.try_recv().is_ok());
    rig.answer(grant(&challenge));
    assert_eq!(rig.refused(), NoView::NoChallenge);
}

#[test]
fn the_button_counts_for_ten_minutes_after_the_policy_and_not_before_it() {
    let mut rig = Rig::new(Behaviour::Puzzles, Ok(()));
    let approval = |rig: &mut Rig| {
        let moment = rig.eye.moment(rig.now);
        rig.eye.guard.held_policy(moment).unwrap().approval
    };
    rig.touch(Touch::Pressed);
    rig.tell(ToEye::Policy(policy(1, NEXT_WEEK)));
    assert_eq!(approval(&mut rig), Approval::Awaited);
    assert!(rig.pass(Duration::from_secs(600)).is_continue());
    rig.touch(Touch::Pressed);
    assert_eq!(approval(&mut rig), Approval::Missed);
    // The same once more helps nobody, nor a higher version on the same day.
    for version in [1, 2] {
        rig.tell(ToEye::Policy(policy(version, NEXT_WEEK)));
        rig.touch(Touch::Pressed);
        assert_eq!(approval(&mut rig), Approval::Missed);
    }
    assert!(rig.pass(Duration::from_secs(24 * 3600 - 600)).is_continue());
    let anew = policy_from(3, "2026-11-22T21:55:00Z", NEXT_WEEK);
    rig.tell(ToEye::Policy(anew));
    assert!(rig.pass(Duration::from_millis(599_999)).is_continue());
    rig.touch(Touch::Pressed);
    assert_eq!(approval(&mut rig), Approval::NotNeeded);
}

#[test]
fn a_look_that_is_due_during_a_view_ends_it_and_is_made_at_once() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    let view = rig.view();
    rig.frame(&view, 1);
    assert!(rig.ask(2).is_continue());
    assert_eq!(lamp(&switched), ["on", "off"]);
    assert!(rig.eye.looking.is_some());
    let ended = rig.ended();
    assert_eq!((ended.why, ended.frames), (ViewEnd::PlannedLook, 1));
    assert!(rig.work().is_continue());
    assert_eq!(rig.report().look, 2);
}

#[test]
fn a_look_that_nobody_planned_ends_no_view() {
    let (mut rig, switched) = Rig::agreed(Ok(()));
    let view = rig.view();
    assert!(rig.ask(7).is_continue());
    rig.frame(&view, 1);
    assert_eq!(lamp(&switched), ["on"]);
}

#[test]
fn a_look_asked_for_during_a_view_is_made_though_its_window_closes_meanwhile() {
    let (mut rig, _switched) = Rig::agreed(Ok(()));
    let last = at("2026-11-21T22:45:20Z").since(rig.now.timestamp);
    assert!(rig.pass(last).is_continue());
    let view = rig.view();
    // A frame is under way: the look waits for the camera.
    rig.credit(&view, 1);
    assert!(rig.ask(2).is_continue());
    assert!(rig.eye.looking.is_none());
    assert_eq!(rig.ended().why, ViewEnd::PlannedLook);
    assert!(rig.pass(MS * 14_000).is_continue());
    rig.camera();
    assert!(rig.work().is_continue());
    let report = rig.report();
    assert_eq!(report.look, 2);
    assert!(matches!(report.finding, Finding::Unclear(_)), "{report:?}");
}

#[test]
fn a_look_that_waits_for_a_camera_which_hangs_is_reported() {
    let (mut rig, _switched) = Rig::agreed(Ok(()));
    let view = rig.view();
    rig.credit(&view, 1);
    assert!(rig.ask(2).is_continue());
    assert!(rig.eye.looking.is_none());
    // Longer than the camera takes for a frame where it has to pass over all its buffers.
    assert!(rig.pass(MS * 14_000).is_continue());
    assert!(rig.pass(MS * 1_000).is_break());
    assert_eq!(rig.ended().why, ViewEnd::PlannedLook);
    let report = rig.report();
    assert_eq!(report.look, 2);
    assert_eq!(report.finding, Finding::Technical(Fault::TooSlow));
}

#[test]
fn a_look_that_waits_while_somebody_says_no_is_not_made() {
    let (mut rig, _switched) = Rig::agreed(Ok(()));
    let view = rig.view();
    rig.credit(&view, 1);
    assert!(rig.ask(2).is_continue());
    rig.touch(Touch::Switched(Position::Off));
    rig.camera();
    assert!(rig.eye.looking.is_none());
    assert_eq!(rig.ended().why, ViewEnd::PlannedLook);
    assert_eq!(rig.report().finding, Finding::Paused);
}

#[test]
fn a_check_may_be_looked_at_again_for_a_quarter_of_an_hour_after_its_window() {
    let (mut rig, _switched) = Rig::agreed(Ok(()));
    let closes = at("2026-11-21T22:45:00Z");
    let late = closes
        .after(Duration::from_secs(15 * 60))
        .since(rig.now.timestamp);
    assert!(rig.pass(late).is_continue());
    rig.challenge();
    assert!(rig.pass(MS * 1000).is_continue());
    rig.ask_to_see();
    assert_eq!(rig.refused(), NoView::NotPlanned);
}

#[test]
fn the_switch_ends_a_running_look_and_says_so() {
    let mut rig = Rig::new(Behaviour::Puzzles, Ok(()));
    assert!(rig.ask(1).is_continue());
    rig.touch(Touch::Switched(Position::Off));
    rig.camera();
    assert!(rig.eye.looking.is_none());
    assert_eq!(rig.report().finding, Finding::Paused);
    assert_eq!(rig.switched(), ["on", "off"]);
    assert!(rig.ask(2).is_continue());
    assert_eq!(rig.report().finding, Finding::Paused);
    assert!(rig.switched().is_empty(), "no light at all");
}
