//! Lets people in: checks PINs, opens and looks up sessions, lets nobody be guessed at.
//!
//! What is typed and nobody's costs as much as a wrong PIN and gets the same answer. Hashing runs
//! beside the threads that serve, one at a time for strangers and one for browsers in which the
//! person was signed in before, so that no crowd at the door keeps the night worker waiting for
//! long.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nattsyn_clock::Now;
use nattsyn_protocol::assertion::Assertion;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::identity::Identity;
use super::patience::{Patience, Place, Who};
use super::pin::Verdict;
use super::register::{Entry, Register, RegisterError, Standing};
use super::session::{Fingerprint, SHIFT, Token};
use super::webauthn::KeyError;
use super::{Member, Pin, PinError, PinHash, Rights, Roles};
use crate::watch::StaffId;

/// Most tries of one kind of browser that wait to be checked. Each takes about a tenth of a
/// second, so the last waits for about one; further ones are told to come back.
const WAITING_MAX: usize = 8;

/// The hub's porter.
pub struct Porter {
    desk: Arc<Desk>,
    strangers: Lane,
    known: Lane,
    /// Names that were looked up. An id keeps its name for good, so none of these gets old, and
    /// there are no more than ever worked here.
    names: Mutex<BTreeMap<StaffId, String>>,
}

/// What is used where blocking harms nobody.
struct Desk {
    now: Box<dyn Fn() -> Now + Send + Sync>,
    /// Sessions are looked up here and are never behind a write.
    reading: Mutex<Register>,
    writing: Mutex<Register>,
    patience: Mutex<Patience<Who>>,
    /// Wrong PINs by where they come from, whoever is meant.
    addresses: Mutex<Patience<Place>>,
    /// Keys that were not believed, by where they come from: apart from PINs, so that rubbish
    /// keeps nobody from typing theirs.
    keys: Mutex<Patience<Place>>,
    /// By which keys somebody is recognised.
    rights: Arc<Rights>,
    /// What is checked for those who do not work here.
    nobodys: PinHash,
}

/// Somebody's PIN, and what is checked against it.
struct PinProof {
    entry: Option<Entry>,
    who: Who,
    from: Option<IpAddr>,
    pin: Pin,
}

/// What somebody answers by their key, if it can be read as an answer.
struct KeyProof {
    assertion: Option<Assertion>,
    from: Option<IpAddr>,
}

/// By PIN.
struct ByPin<'a>(&'a Desk);

/// By key.
struct ByKey<'a>(&'a Desk);

/// Somebody who was let in.
pub struct SignedIn {
    /// For the browser.
    pub token: Token,
    /// Who.
    pub member: Member,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No such person, or not their PIN: it is not said which.
    #[error("not a person and their PIN")]
    Wrong,
    /// After wrong PINs, this long.
    #[error("a pause of {} s after wrong PINs", .0.as_secs())]
    Wait(Duration),
    /// Too many try at once.
    #[error("too many sign in at once")]
    Crowded,
    /// A key that is not believed.
    #[error("a key that is not believed")]
    Key(#[source] KeyError),
    /// The register cannot be read or written.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The operating system gives no random bytes.
    #[error("drawing a token")]
    Random(#[source] getrandom::Error),
    /// The check ended by itself.
    #[error("checking a PIN")]
    Check(#[source] tokio::task::JoinError),
}

impl Porter {
    /// A porter for the register in a ledger's file. `now` is where time comes from: the shift is
    /// counted by the wall clock, as it must be across a restart, and pauses by uptime.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or the operating system gives no random bytes.
    pub fn open(
        path: &Path,
        now: impl Fn() -> Now + Send + Sync + 'static,
    ) -> Result<Self, PorterError> {
        let desk = Desk {
            rights: Arc::new(Rights::open(path).map_err(RegisterError::from)?),
            addresses: Mutex::default(),
            keys: Mutex::default(),
            now: Box::new(now),
            reading: Mutex::new(Register::open(path)?),
            writing: Mutex::new(Register::open(path)?),
            patience: Mutex::default(),
            nobodys: Pin::draw()?.hash()?,
        };
        Ok(Self {
            desk: Arc::new(desk),
            strangers: Lane::new(),
            known: Lane::new(),
            names: Mutex::default(),
        })
    }

    /// The same, recognising keys by these.
    #[must_use]
    pub fn with_keys(mut self, rights: Arc<Rights>) -> Self {
        // Nobody else has the desk before the porter is at work.
        if let Some(desk) = Arc::get_mut(&mut self.desk) {
            desk.rights = rights;
        }
        self
    }

    /// What those who work here may do, and by which keys.
    #[must_use]
    pub fn rights(&self) -> Arc<Rights> {
        Arc::clone(&self.desk.rights)
    }

    /// Checks somebody, by id or by a name that one person has, and opens a session. `from` is the
    /// address that they ask from, if it is known.
    ///
    /// `brought` is the token of this browser's latest session, over or not: it says that the
    /// person has been signed in here before. A session of it that stands is ended.
    ///
    /// # Errors
    ///
    /// Why they are not let in.
    pub async fn sign_in(
        &self,
        (who, from): (&str, Option<IpAddr>),
        pin: Pin,
        brought: Option<Token>,
    ) -> Result<SignedIn, Refusal> {
        let who = who.trim().to_lowercase();
        let desk = Arc::clone(&self.desk);
        let brought = brought.map(|token| token.fingerprint());
        let (entry, who) = aside(move || desk.recognise(&who, brought)).await??;
        let lane = match who {
            Who::AtHome(..) => &self.known,
            Who::Member(_) | Who::Nobody(_) => &self.strangers,
        };
        let turn = lane.turn().await?;
        let desk = Arc::clone(&self.desk);
        let signed_in = aside(move || {
            // Held to the end of the work, whether or not anybody still waits for it.
            let _turn = turn;
            let proof = PinProof {
                entry,
                who,
                from,
                pin,
            };
            desk.admit(&ByPin(&desk), &proof, brought)
        });
        signed_in.await?
    }

    /// Recognises somebody by their key and opens a session. A right key never waits: there is
    /// nothing to guess at. Where many are not believed, the next of these wait, so that nobody
    /// can fill a log with them. `None` is what cannot be read as an answer.
    ///
    /// # Errors
    ///
    /// Why they are not let in.
    pub async fn sign_in_by_key(
        &self,
        (assertion, from): (Option<Assertion>, Option<IpAddr>),
        brought: Option<Token>,
    ) -> Result<SignedIn, Refusal> {
        let desk = Arc::clone(&self.desk);
        let brought = brought.map(|token| token.fingerprint());
        let proof = KeyProof { assertion, from };
        aside(move || desk.admit(&ByKey(&desk), &proof, brought)).await?
    }

    /// Whether a PIN is that of somebody who is signed in by `token`: asked once more before a key
    /// of theirs is registered, so that a phone left lying is not a key for good.
    ///
    /// # Errors
    ///
    /// It is not, or they must wait.
    pub async fn confirm(&self, id: &StaffId, pin: Pin, token: &Token) -> Result<(), Refusal> {
        let turn = self.known.turn().await?;
        let desk = Arc::clone(&self.desk);
        let who = Who::AtHome(id.clone(), token.fingerprint());
        let id = id.clone();
        let confirmed = aside(move || {
            let _turn = turn;
            let entry = lock(&desk.reading).entry(&id)?;
            let proof = PinProof {
                entry,
                who,
                from: None,
                pin,
            };
            ByPin(&desk).identify(&proof).map(drop)
        });
        confirmed.await?
    }

    /// How many roles wait to be gone through.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub async fn overdue(&self) -> Result<usize, Refusal> {
        let desk = Arc::clone(&self.desk);
        let now = desk.now().timestamp;
        let people = aside(move || desk.rights.overdue(now)).await?;
        people.map_err(|error| Refusal::Register(error.into()))
    }

    /// Whose id a text is, or whose name that nobody else has; for the log, which takes no text
    /// that somebody typed.
    ///
    /// # Errors
    ///
    /// The register cannot be read.
    pub async fn meant(&self, text: &str) -> Result<Option<StaffId>, Refusal> {
        let text = text.trim().to_lowercase();
        let desk = Arc::clone(&self.desk);
        let (entry, _) = aside(move || desk.recognise(&text, None)).await??;
        Ok(entry.map(|entry| entry.member.id))
    }

    /// Whose session a token is; `None` if it opens nothing (any more).
    ///
    /// # Errors
    ///
    /// The register cannot be read.
    pub async fn member(&self, token: Token) -> Result<Option<Member>, Refusal> {
        let desk = Arc::clone(&self.desk);
        let found = aside(move || desk.session(token.fingerprint())).await??;
        Ok(found
            .filter(|(_, standing)| *standing == Standing::Open)
            .map(|(member, _)| member))
    }

    /// The same, with the roles that they have now: one taken away a moment ago is gone.
    ///
    /// # Errors
    ///
    /// The register cannot be read.
    pub async fn entered(&self, token: Token) -> Result<Option<(Member, Roles)>, Refusal> {
        let desk = Arc::clone(&self.desk);
        Ok(aside(move || desk.entered(token.fingerprint())).await??)
    }

    /// How many people are signed in, each once however many browsers they use.
    ///
    /// # Errors
    ///
    /// The register cannot be read.
    pub async fn signed_in(&self) -> Result<usize, Refusal> {
        let desk = Arc::clone(&self.desk);
        let count = aside(move || lock(&desk.reading).signed_in(desk.now().timestamp));
        Ok(count.await??)
    }

    /// Ends a token's session.
    ///
    /// # Errors
    ///
    /// The register cannot be written.
    pub async fn sign_out(&self, token: Token) -> Result<(), Refusal> {
        let desk = Arc::clone(&self.desk);
        Ok(aside(move || desk.end(token.fingerprint())).await??)
    }

    /// Whether anybody can sign in at all.
    ///
    /// # Errors
    ///
    /// The register cannot be read.
    pub async fn staffing(&self) -> Result<Staffing, Refusal> {
        let desk = Arc::clone(&self.desk);
        let entries = aside(move || lock(&desk.reading).entries()).await??;
        Ok(match entries.iter().any(|entry| entry.pin.is_some()) {
            true => Staffing::Somebody,
            false => Staffing::Nobody,
        })
    }

    /// The name of somebody who works or worked here; the id itself if it is nobody's. Reads one
    /// row the first time it is asked for an id.
    #[must_use]
    pub fn name(&self, id: &StaffId) -> String {
        if let Some(name) = lock(&self.names).get(id) {
            return name.clone();
        }
        match lock(&self.desk.reading).entry(id) {
            Ok(Some(held)) => {
                let name = held.member.name;
                lock(&self.names).insert(id.clone(), name.clone());
                name
            }
            Ok(None) => id.to_string(),
            Err(error) => {
                tracing::warn!(staff = %id, error = &error as &dyn std::error::Error, "no name");
                id.to_string()
            }
        }
    }
}

/// Whether anybody can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staffing {
    /// Somebody can.
    Somebody,
    /// Nobody is registered.
    Nobody,
}

/// Why there is no porter.
#[derive(Debug, thiserror::Error)]
pub enum PorterError {
    /// The register cannot be opened.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// No PIN can be made.
    #[error(transparent)]
    Pin(#[from] PinError),
}

impl Desk {
    fn now(&self) -> Now {
        (self.now)()
    }

    /// Whom a text means, and from what kind of browser they come.
    fn recognise(
        &self,
        text: &str,
        brought: Option<Fingerprint>,
    ) -> Result<(Option<Entry>, Who), RegisterError> {
        let before = match brought {
            Some(fingerprint) => self.session(fingerprint)?.map(|(member, _)| member.id),
            None => None,
        };
        let mut entries = lock(&self.reading).entries()?;
        entries.retain(|entry| entry.pin.is_some());
        let found = find(entries, text);
        let who = match (&found, before, brought) {
            (None, _, _) => Who::Nobody(Fingerprint::of_text(text)),
            (Some(entry), Some(id), Some(browser)) if entry.member.id == id => {
                Who::AtHome(id, browser)
            }
            (Some(entry), _, _) => Who::Member(entry.member.id.clone()),
        };
        Ok((found, who))
    }

    /// Opens a session for whom a proof is of.
    fn admit<I: Identity>(
        &self,
        identity: &I,
        proof: &I::Proof,
        brought: Option<Fingerprint>,
    ) -> Result<SignedIn, Refusal> {
        let entry = identity.identify(proof)?;
        let now = self.now();
        let token = Token::draw().map_err(Refusal::Random)?;
        let span = (now.timestamp, now.timestamp.after(SHIFT));
        let opened = lock(&self.writing).open_session(&entry, token.fingerprint(), span)?;
        opened.ok_or(Refusal::Wrong)?;
        tracing::info!(staff = %entry.member.id, "signed in");
        // Whoever has come in, the one before is gone from this browser.
        brought.map_or(Ok(()), |before| self.end(before))?;
        Ok(SignedIn {
            token,
            member: entry.member,
        })
    }

    /// Counts a try from an address. A browser in which the person was signed in before is not
    /// counted: whoever shares an address with a guesser gets to their row all the same.
    fn place(&self, proof: &PinProof) -> Option<Place> {
        match proof.who {
            Who::AtHome(..) => None,
            Who::Member(_) | Who::Nobody(_) => proof.from.map(Place::of),
        }
    }

    fn session(&self, token: Fingerprint) -> Result<Option<(Member, Standing)>, RegisterError> {
        let found = lock(&self.reading).session(token, self.now().timestamp)?;
        Ok(found.map(|session| (session.member, session.standing)))
    }

    fn entered(&self, token: Fingerprint) -> Result<Option<(Member, Roles)>, RegisterError> {
        match self.session(token)? {
            Some((member, Standing::Open)) => {
                let roles = lock(&self.reading).roles(&member.id)?;
                Ok(Some((member, roles)))
            }
            Some((_, Standing::Over)) | None => Ok(None),
        }
    }

    fn end(&self, token: Fingerprint) -> Result<(), RegisterError> {
        lock(&self.writing).end_session(token, self.now().timestamp)
    }
}

impl Identity for ByPin<'_> {
    type Proof = PinProof;

    fn identify(&self, proof: &PinProof) -> Result<Entry, Refusal> {
        let desk = self.0;
        let now = desk.now().uptime;
        let place = desk.place(proof);
        if let Some(place) = &place {
            let tries = lock(&desk.addresses).handle_try(now, place);
            tries.map_err(Refusal::Wait)?;
        }
        let tries = lock(&desk.patience).handle_try(now, &proof.who);
        let wrong = tries.map_err(Refusal::Wait)?;
        let kept = proof.entry.as_ref().and_then(|entry| entry.pin.as_ref());
        let verdict = kept.unwrap_or(&desk.nobodys).verify(&proof.pin);
        let (Some(entry), Verdict::Right) = (&proof.entry, verdict) else {
            warn(&proof.who, wrong);
            return Err(Refusal::Wrong);
        };
        lock(&desk.patience).handle_right(&proof.who);
        if let Some(place) = &place {
            lock(&desk.addresses).handle_forgiven(place);
        }
        Ok(entry.clone())
    }
}

impl Identity for ByKey<'_> {
    type Proof = KeyProof;

    fn identify(&self, proof: &KeyProof) -> Result<Entry, Refusal> {
        let refusal = match self.holder(proof.assertion.as_ref()) {
            Ok(entry) => return Ok(entry),
            Err(refusal) => refusal,
        };
        if let Some(from) = proof.from {
            let now = self.0.now().uptime;
            let tries = lock(&self.0.keys).handle_try(now, &Place::of(from));
            tries.map_err(Refusal::Wait)?;
        }
        Err(refusal)
    }
}

impl ByKey<'_> {
    /// Whose key it is.
    fn holder(&self, assertion: Option<&Assertion>) -> Result<Entry, Refusal> {
        let assertion = assertion.ok_or(Refusal::Key(KeyError::Malformed))?;
        let id = self.0.rights.recognise(assertion).map_err(Refusal::Key)?;
        let entry = lock(&self.0.reading).entry(&id)?;
        entry
            .filter(|entry| entry.pin.is_some())
            .ok_or(Refusal::Wrong)
    }
}

/// Somebody by id, or else by a name that no other has.
fn find(entries: Vec<Entry>, text: &str) -> Option<Entry> {
    let id: Option<StaffId> = text.parse().ok();
    let is_id = |entry: &Entry| Some(&entry.member.id) == id.as_ref();
    let is_name = |entry: &Entry| entry.member.name.to_lowercase() == text;
    let by_id = entries.iter().position(is_id);
    let mut by_name = (0..entries.len()).filter(|&at| is_name(&entries[at]));
    let only = match (by_name.next(), by_name.next()) {
        (Some(one), None) => Some(one),
        (Some(_), Some(_)) | (None, _) => None,
    };
    by_id.or(only).and_then(|at| entries.into_iter().nth(at))
}

/// Somebody may be guessing: said at the tenth wrong PIN in a row and at every tenth after.
fn warn(who: &Who, wrong: u32) {
    match who {
        Who::Member(id) | Who::AtHome(id, _) if wrong.is_multiple_of(10) => {
            tracing::warn!(staff = %id, wrong, "wrong PINs in a row");
        }
        Who::Member(_) | Who::AtHome(..) | Who::Nobody(_) => {}
    }
}

/// One check at a time, and some that wait for it.
struct Lane {
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

struct Turn {
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

impl Lane {
    fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(1 + WAITING_MAX)),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    async fn turn(&self) -> Result<Turn, Refusal> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Err(Refusal::Crowded);
            }
        };
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        Ok(Turn {
            _place: place,
            _turn: turn.expect("the lane is never closed"),
        })
    }
}

/// Runs what blocks where that harms nobody.
async fn aside<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(Refusal::Check)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Porter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Porter(<redacted>)")
    }
}
