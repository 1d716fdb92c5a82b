//! The keeper before a unit that answers and a book that can fail: what is refused, with its
//! reason, and that nothing of it is sent.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use tokio::time::timeout;

use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::policy::{Approval, Build, HeldPolicy, Mode, Policy};
use nattsyn_protocol::wire;

use super::super::book::Restored;
use super::super::scenes::{Anna, asked, challenge, opened, seat};
use super::super::view::NotTaken;
use super::super::views::AskRefused;
use super::super::{Outgoing, Wire};
use super::*;
use crate::consent::functions::{Functions, Said, UnitFunctions};
use crate::ingest::{Drops, LiveSaid};
use crate::view::Reality;

/// Longer than anything here takes, in real time.
const SOON: Duration = Duration::from_secs(10);

/// What a test can turn while the keeper runs.
#[derive(Default)]
struct Turned {
    /// What was written, in order.
    written: Vec<String>,
    /// Writing this word fails.
    fails_at: Option<&'static str>,
    /// Why nobody may see any more.
    lost: Option<NotEntitled>,
    /// Whose line the roster has now.
    line: Option<Entitled>,
}

#[derive(Clone, Default)]
struct Register(Arc<Mutex<Turned>>);

impl Register {
    fn turn<T>(&self, with: impl FnOnce(&mut Turned) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, word: &'static str) -> Result<(), BookError> {
        self.turn(|turned| {
            if turned.fails_at == Some(word) {
                let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
                return Err(BookError::Audit(Box::new(full)));
            }
            turned.written.push(word.to_owned());
            Ok(())
        })
    }
}

impl Book for Register {
    fn begin(&mut self, _at: Timestamp, _asked: &Asked) -> Result<ViewId, BookError> {
        self.write("asked").map(|()| ViewId(1))
    }

    fn step(
        &mut self,
        _at: Timestamp,
        _view: (ViewId, &Asked),
        step: &Step,
    ) -> Result<(), BookError> {
        self.write(match step {
            Step::Challenged(_) => "challenged",
            Step::Granted(_) => "granted",
            Step::Opened => "opened",
            Step::Over(_) => "over",
            Step::Answered(_) => "answered",
        })
    }

    fn restore(&mut self, _at: Timestamp) -> Result<Restored, BookError> {
        Ok(Restored::default())
    }
}

impl Operators for Register {
    fn entitled(&self, _who: &StaffId, _at: Timestamp) -> Result<Entitled, NotEntitled> {
        self.turn(|turned| match (turned.lost, &turned.line) {
            (Some(why), _) => Err(why),
            (None, Some(line)) => Ok(line.clone()),
            (None, None) => Err(NotEntitled::NotInRoster),
        })
    }
}

/// What was agreed, and what the unit says of itself.
fn functions(mode: Mode, held: Mode, now: Timestamp) -> Functions {
    let policy = Policy {
        unit: asked(1).unit,
        version: 1,
        mode,
        stopped: Vec::new(),
        from_ms: now,
        until_ms: now.after(Duration::from_secs(3600)),
    };
    let said = Said {
        build: Build::LiveView,
        held: Some(HeldPolicy {
            version: 1,
            mode: held,
            approval: Approval::NotNeeded,
        }),
        highest: 1,
        boot: BootId(1),
        at: now,
        awaits: None,
    };
    let standing = UnitFunctions {
        wanted: Some((policy, now)),
        said: Some(said),
        sent: Some(now),
    };
    Functions {
        units: [(asked(1).unit, standing)].into(),
        ..Functions::default()
    }
}

fn tonight(consent: Functions) -> Arc<Tonight> {
    Arc::new(Tonight {
        now: Clock::machine().now().timestamp,
        night: jiff::civil::date(2026, 11, 21),
        zone: "Europe/Stockholm".to_owned(),
        reality: Reality::Homes,
        open: Vec::new(),
        closed: Vec::new(),
        matters: Vec::new(),
        checks: Vec::new(),
        homes: Vec::new(),
        consent: Arc::new(consent),
        labels: Arc::default(),
    })
}

/// A keeper at work, with Anna before it and a unit behind it.
struct Stage {
    anna: Anna,
    register: Register,
    tonight: watch::Sender<Arc<Tonight>>,
    live: Live,
    wire: Wire,
}

impl Stage {
    fn new(agreed: Mode, held: Mode) -> Self {
        let now = Clock::machine().now().timestamp;
        let (tonight, told) = watch::channel(tonight(functions(agreed, held, now)));
        let anna = Anna::new();
        let register = Register::default();
        register.turn(|turned| turned.line = Some(anna.entitled()));
        let root = SigningKey::from_bytes(&[5; 32]);
        let tools = Tools {
            keys: HubKeys::endorsed(SigningKey::from_bytes(&[6; 32]), &root, 1),
            book: Box::new(register.clone()),
            operators: Arc::new(register.clone()),
            clock: Clock::machine(),
            tonight: told,
        };
        let (wire, ends) = super::super::wire(Arc::new(Drops::default()));
        let (live, keeper) = Keeper::open(tools, ends).unwrap();
        tokio::spawn(keeper.run());
        Self {
            anna,
            register,
            tonight,
            live,
            wire,
        }
    }

    fn pictures() -> Self {
        Self::new(Mode::LiveView, Mode::LiveView)
    }

    async fn ask(&self) -> Result<ViewId, LiveError> {
        self.live.ask(asked(1), seat(1), self.anna.entitled()).await
    }

    /// The next word to the unit.
    async fn said(&mut self) -> LiveDown {
        let said = timeout(SOON, self.wire.outgoing.recv()).await;
        let Outgoing { body, .. } = said.expect("something is said").unwrap();
        wire::decode(&body).unwrap()
    }

    fn hears(&self, said: LiveSaid) {
        let unit = asked(1).unit;
        self.wire.tell(Heard { unit, said });
    }

    fn written(&self) -> String {
        self.register.turn(|turned| turned.written.join(" "))
    }

    /// Waits until a view is as it is meant to be.
    async fn sees(&self, view: ViewId, meant: impl Fn(&Phase) -> bool) -> Phase {
        let mut shown = self.live.follow(view, seat(1)).await.unwrap();
        let seen = shown.wait_for(|shown| meant(&shown.phase));
        let seen = timeout(SOON, seen).await.expect("it is seen").unwrap();
        seen.phase.clone()
    }

    /// A view whose grant waits for Anna's word, and that word.
    async fn challenged(&mut self) -> (ViewId, Assertion) {
        let view = self.ask().await.unwrap();
        assert!(matches!(self.said().await, LiveDown::Ask { .. }));
        self.hears(LiveSaid::Challenge(challenge()));
        let key = Base64(vec![4; 65]);
        self.live.key(view, seat(1), key).await.unwrap();
        let has_body = |phase: &Phase| matches!(phase, Phase::Challenged { body: Some(_), .. });
        let Phase::Challenged {
            body: Some(body), ..
        } = self.sees(view, has_body).await
        else {
            panic!("there is a grant to sign");
        };
        (view, self.anna.signs(&body))
    }

    /// Nothing more is said to the unit but, at most, that it is over.
    async fn sends_no_grant(&mut self) {
        // Whatever is asked now is done after all that came before.
        let nothing = self.live.end(ViewId(99), seat(1)).await;
        assert_eq!(nothing, Err(LiveError::NoView));
        while let Ok(Outgoing { body, .. }) = self.wire.outgoing.try_recv() {
            let said: LiveDown = wire::decode(&body).unwrap();
            assert!(matches!(said, LiveDown::End { .. }), "{said:?}");
        }
    }
}

#[tokio::test]
async fn what_the_operator_signs_is_written_and_then_granted() {
    let mut stage = Stage::pictures();
    let (view, word) = stage.challenged().await;
    stage.live.sign(view, seat(1), word).await.unwrap();
    assert_eq!(stage.written(), "asked challenged granted");
    let LiveDown::Grant(message) = stage.said().await else {
        panic!("a grant is sent");
    };
    let root = nattsyn_protocol::signing::PublicKey::of(&SigningKey::from_bytes(&[5; 32]));
    assert_eq!(message.open(&root).unwrap().0.challenge, challenge());
    stage.hears(opened(7));
    stage
        .sees(view, |phase| matches!(phase, Phase::Open { .. }))
        .await;
}

#[tokio::test]
async fn a_unit_is_asked_nothing_where_pictures_are_not_agreed_or_not_in_force() {
    let cases = [
        (Mode::Sensor, Mode::LiveView),
        (Mode::LiveView, Mode::Sensor),
        (Mode::Off, Mode::Off),
    ];
    for (agreed, held) in cases {
        let mut stage = Stage::new(agreed, held);
        assert_eq!(stage.ask().await, Err(LiveError::NotAgreed), "{agreed:?}");
        stage.sends_no_grant().await;
        assert_eq!(stage.written(), "");
    }
}

#[tokio::test]
async fn a_unit_is_asked_nothing_that_could_not_be_written_down() {
    let mut stage = Stage::pictures();
    stage
        .register
        .turn(|turned| turned.fails_at = Some("asked"));
    assert_eq!(stage.ask().await, Err(LiveError::NotWritten));
    stage.sends_no_grant().await;
    stage.register.turn(|turned| turned.fails_at = None);
    assert!(
        stage.ask().await.is_ok(),
        "it is asked once it can be written"
    );
    let again = stage.ask().await;
    assert_eq!(again, Err(LiveError::Refused(AskRefused::Busy)));
}

#[tokio::test]
async fn nothing_of_a_view_is_given_to_another_session() {
    let mut stage = Stage::pictures();
    let (view, word) = stage.challenged().await;
    for other in [seat(2), None] {
        let live = &stage.live;
        let gone = LiveError::NoView;
        assert_eq!(live.follow(view, other).await.unwrap_err(), gone);
        let key = Base64(vec![4; 65]);
        assert_eq!(live.key(view, other, key).await, Err(gone.clone()));
        assert_eq!(
            live.sign(view, other, word.clone()).await,
            Err(gone.clone())
        );
        assert!(live.frame(view, other, 1).await.is_err());
        assert_eq!(live.end(view, other).await, Err(gone));
    }
    stage.sends_no_grant().await;
    stage.live.sign(view, seat(1), word).await.unwrap();
}

#[tokio::test]
async fn whoever_lost_the_right_since_they_asked_signs_nothing() {
    for why in [
        NotEntitled::Role,
        NotEntitled::Untrained,
        NotEntitled::NotInRoster,
        NotEntitled::Unreadable,
    ] {
        let mut stage = Stage::pictures();
        let (view, word) = stage.challenged().await;
        stage.register.turn(|turned| turned.lost = Some(why));
        let signed = stage.live.sign(view, seat(1), word).await;
        assert_eq!(signed, Err(LiveError::NotEntitled(why)));
        stage.sends_no_grant().await;
        assert_eq!(stage.written(), "asked challenged");
    }
}

#[tokio::test]
async fn another_line_of_the_roster_than_was_asked_with_signs_nothing() {
    let mut stage = Stage::pictures();
    let (view, word) = stage.challenged().await;
    let other = Anna::new().entitled();
    stage.register.turn(|turned| turned.line = Some(other));
    let signed = stage.live.sign(view, seat(1), word).await;
    assert_eq!(
        signed,
        Err(LiveError::NotEntitled(NotEntitled::NotInRoster))
    );
    stage.sends_no_grant().await;
}

#[tokio::test]
async fn a_word_that_is_not_the_operators_or_comes_twice_grants_nothing() {
    let mut stage = Stage::pictures();
    let (view, word) = stage.challenged().await;
    let foreign = Anna::new().signs("{}");
    let signed = stage.live.sign(view, seat(1), foreign).await;
    let refused = |said| matches!(said, Err(LiveError::NotTaken(NotTaken::NotTheOperators(_))));
    assert!(refused(signed.clone()), "{signed:?}");
    stage.sends_no_grant().await;
    stage.live.sign(view, seat(1), word.clone()).await.unwrap();
    assert!(matches!(stage.said().await, LiveDown::Grant(_)));
    let again = stage.live.sign(view, seat(1), word).await;
    assert_eq!(again, Err(LiveError::NotTaken(NotTaken::OutOfTurn)));
    stage.sends_no_grant().await;
}

#[tokio::test]
async fn a_grant_that_could_not_be_written_down_is_not_sent() {
    let mut stage = Stage::pictures();
    let (view, word) = stage.challenged().await;
    stage
        .register
        .turn(|turned| turned.fails_at = Some("granted"));
    stage.live.sign(view, seat(1), word).await.ok();
    let over = stage
        .sees(view, |phase| matches!(phase, Phase::Over(_)))
        .await;
    assert_eq!(over, Phase::Over(super::super::book::Over::NotWritten));
    stage.sends_no_grant().await;
}

#[tokio::test]
async fn a_no_after_the_challenge_leaves_no_grant() {
    let mut stage = Stage::pictures();
    let (view, word) = stage.challenged().await;
    let now = stage.tonight.borrow().now;
    let no = tonight(functions(Mode::Sensor, Mode::LiveView, now));
    stage.tonight.send_replace(no);
    let signed = stage.live.sign(view, seat(1), word).await;
    // The no is taken in before the word, or together with it.
    let is_refused = matches!(
        signed,
        Err(LiveError::NotAgreed | LiveError::NotTaken(NotTaken::OutOfTurn))
    );
    assert!(is_refused, "{signed:?}");
    stage.sends_no_grant().await;
}
