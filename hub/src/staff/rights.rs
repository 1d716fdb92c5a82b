//! What one worker may do now, and by which key they can say so: the rows behind the roles.
//!
//! A live view asks for four things beside the session: a role that has it, training that is not
//! too old, a registered key, and a line about that key in the newest roster that the root signed
//! ([`Standing::live_view`]). It decides; what it decides by is in [`crate::store::roles`].

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use jiff::civil::Date;

use nattsyn_clock::Clock;
use nattsyn_protocol::assertion::{Assertion, Base64, Operator};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::Member;
use super::role::{Allowed, Permission, Role, Roles};
use super::roster::{self, RosterError};
use super::webauthn::{self, Challenges, KEYS_MAX, KeyError, Party, Purpose, Registration};
use crate::store::{Doer, RoleEvent, RolesFile, StoreError};
use crate::watch::StaffId;

/// How long training lasts before it is to be refreshed (R81): a year, as municipalities train
/// again in what is done seldom and must be right. Not set by any rule.
pub const TRAINING_LASTS: Duration = Duration::from_secs(365 * 24 * 3600);

/// How long a line of a roster holds: a season. Whoever left is out of the next roster at once, and
/// out of every copy of an old one after this.
pub const LINE_LASTS: Duration = Duration::from_secs(90 * 24 * 3600);

/// How often every role is gone through, unless the configuration says otherwise (SoLPuL 10 § asks
/// for recurring checks and names no interval): once a season.
pub const REVIEW_EVERY: Duration = Duration::from_secs(90 * 24 * 3600);

/// A key that somebody registered. Printed without what is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Its row.
    pub entry: i64,
    /// Whose.
    pub staff: StaffId,
    /// Its id at the authenticator.
    pub credential: Base64,
    /// Its P-256 public key, uncompressed.
    pub public: Base64,
    /// The page's host, for which alone it signs.
    pub host: String,
    /// The page's origin.
    pub origin: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rights(<redacted>)")
    }
}

impl Key {
    /// As a line of a roster.
    pub(super) fn operator(&self, roster: u32, until: Timestamp) -> Operator {
        Operator {
            id: self.staff.to_string(),
            roster,
            credential: self.credential.clone(),
            key: self.public.clone(),
            host: self.host.clone(),
            origin: self.origin.clone(),
            until_ms: until,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} of {}, <redacted>)", self.entry, self.staff)
    }
}

/// A line of the newest roster: the operator, and the very text that the root signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterLine {
    /// As read.
    pub operator: Operator,
    /// As signed: what a grant carries.
    pub signed: Signed,
}

/// A role that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub role: Role,
    /// When it was given, or last gone through.
    pub confirmed: Timestamp,
}

/// Somebody who works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub member: Member,
    /// What they may.
    pub standing: Standing,
    /// When they last signed in.
    pub last_here: Option<Timestamp>,
}

/// When somebody was trained, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// The day.
    pub day: Date,
    /// Who wrote it down.
    pub by: StaffId,
    /// When they did.
    pub at: Timestamp,
}

/// What somebody may do, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub staff: StaffId,
    /// Their roles, in the order of the matrix.
    pub held: Vec<Held>,
    /// Their latest training.
    pub training: Option<Training>,
    /// Their keys, oldest first.
    pub keys: Vec<Key>,
    /// Their lines in the newest roster, of keys that still stand.
    pub lines: Vec<RosterLine>,
}

/// What somebody lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// No role of theirs has the permission.
    #[error("no role that has {}", .0.word())]
    Role(Permission),
    /// They have not been trained.
    #[error("no training written down")]
    Training,
    /// Their training is older than [`TRAINING_LASTS`].
    #[error("training that is too old")]
    FreshTraining,
    /// They have no key.
    #[error("no registered key")]
    Key,
    /// No key of theirs is in the newest roster.
    #[error("no line in the roster that the root signed")]
    Line,
    /// Their line is no longer valid.
    #[error("a line in the roster that has run out")]
    FreshLine,
}

impl Standing {
    /// Their roles.
    #[must_use]
    pub fn roles(&self) -> Roles {
        self.held.iter().map(|held| held.role).collect()
    }

    /// Whether they may: a role, and for a live view training too.
    ///
    /// # Errors
    ///
    /// What they lack.
    pub fn can(&self, permission: Permission, now: Timestamp) -> Result<(), Missing> {
        if self.roles().allow(permission) == Allowed::No {
            return Err(Missing::Role(permission));
        }
        match permission {
            Permission::LiveView => self.trained(now),
            Permission::OwnShift
            | Permission::SeeNight
            | Permission::HandleRows
            | Permission::SeeResident
            | Permission::SeeLedger
            | Permission::SeeSettings
            | Permission::SeeFaults
            | Permission::SeeConsent
            | Permission::RecordConsent
            | Permission::WithdrawConsent
            | Permission::ReadLog
            | Permission::MakeExtract
            | Permission::ReviewAccess
            | Permission::SeeThresholds
            | Permission::ProposeThresholds
            | Permission::ApproveThresholds
            | Permission::Commission
            | Permission::KeepUnits
            | Permission::SaySides => Ok(()),
        }
    }

    fn trained(&self, now: Timestamp) -> Result<(), Missing> {
        let training = self.training.as_ref().ok_or(Missing::Training)?;
        let day = training.day.to_zoned(jiff::tz::TimeZone::UTC);
        let day = day.ok().map(|day| Timestamp(day.timestamp()));
        match day.is_some_and(|day| now.since(day) <= TRAINING_LASTS) {
            true => Ok(()),
            false => Err(Missing::FreshTraining),
        }
    }

    /// The line by which they may ask for a live view now: the newest of their keys' that holds.
    ///
    /// # Errors
    ///
    /// What they lack.
    pub fn live_view(&self, now: Timestamp) -> Result<&RosterLine, Missing> {
        self.can(Permission::LiveView, now)?;
        if self.keys.is_empty() {
            return Err(Missing::Key);
        }
        if self.lines.is_empty() {
            return Err(Missing::Line);
        }
        let mut lines = self.lines.iter().rev();
        let standing = lines.find(|line| line.operator.until_ms > now);
        standing.ok_or(Missing::FreshLine)
    }
}

/// Roles, training, keys and rosters, in the ledger's file. Calls block.
pub struct Rights {
    file: Mutex<RolesFile>,
    challenges: Mutex<Challenges>,
    /// By which challenges get old.
    clock: Clock,
    /// Where the page is; without it there are no keys.
    party: Option<Party>,
    /// How often every role is gone through.
    review_every: Duration,
    /// In a demonstration, the root that everybody knows: a key is in the roster at once.
    public_root: Option<SigningKey>,
}

impl Rights {
    /// Opens them in the ledger's file.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or a newer hub wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            file: Mutex::new(RolesFile::open(path)?),
            challenges: Mutex::default(),
            clock: Clock::machine(),
            party: None,
            review_every: REVIEW_EVERY,
            public_root: None,
        })
    }

    /// The same, every role gone through at least so often.
    #[must_use]
    pub fn reviewed_every(self, review_every: Duration) -> Self {
        Self {
            review_every,
            ..self
        }
    }

    /// How often every role is gone through at least.
    #[must_use]
    pub fn review_every(&self) -> Duration {
        self.review_every
    }

    /// Everybody who works here, with what they may.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.file().people()
    }

    /// How many roles were given, or gone through, longer ago than they may have been.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn overdue(&self, now: Timestamp) -> Result<usize, StoreError> {
        let people = self.people()?;
        let held = people.iter().flat_map(|person| &person.standing.held);
        let due = held.filter(|held| now.since(held.confirmed) > self.review_every);
        Ok(due.count())
    }

    /// The same, at an address: keys are for it alone.
    #[must_use]
    pub fn at(self, party: Option<Party>) -> Self {
        Self { party, ..self }
    }

    /// The same, in a demonstration: `anybody` has every role and is trained, and whatever key they
    /// register is in a roster at once, signed by the root that is no secret.
    ///
    /// # Errors
    ///
    /// It cannot be written down.
    pub fn of_a_demonstration(self, anybody: &StaffId, now: Timestamp) -> Result<Self, StoreError> {
        let doer = Doer {
            by: anybody,
            at: now,
        };
        {
            let mut file = self.file();
            if file.standing(anybody)?.held.is_empty() {
                for role in Role::ALL {
                    file.set_role((anybody, role), RoleEvent::Given, doer)?;
                }
                let today = now.0.to_zoned(jiff::tz::TimeZone::UTC).date();
                file.train(anybody, today, doer)?;
            }
        }
        Ok(Self {
            public_root: Some(demonstration::root_key()),
            ..self
        })
    }

    /// Where the page is, if the hub was told.
    #[must_use]
    pub fn party(&self) -> Option<&Party> {
        self.party.as_ref()
    }

    /// A challenge for one answer.
    ///
    /// # Errors
    ///
    /// There are no keys here, or no random bytes.
    pub fn ask(&self, purpose: Purpose) -> Result<[u8; 32], KeyError> {
        match self.party {
            Some(_) => self.challenges().ask(&purpose, self.now()),
            None => Err(KeyError::NoParty),
        }
    }

    /// Takes a new key of somebody's in. It can sign them in from now on; for a live view it must
    /// be in the next roster.
    ///
    /// # Errors
    ///
    /// Why it is not taken.
    pub fn register(
        &self,
        staff: &StaffId,
        new: &Registration,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        let party = self.party.as_ref().ok_or(KeyError::NoParty)?;
        let purpose = Purpose::Register(staff.clone());
        let found = self.challenges().find(&new.client.0, &purpose, self.now());
        let challenge = found?;
        let point = new.check(party)?;
        self.challenges().spend(challenge, self.now())?;
        {
            let mut file = self.file();
            if file.ever(&new.credential)? {
                return Err(KeyError::Taken);
            }
            if file.standing(staff)?.keys.len() >= KEYS_MAX {
                return Err(KeyError::TooMany);
            }
            let page = (party.host.as_str(), party.origin.as_str());
            file.add_key((staff, now), (&new.credential, &point), page)?;
        }
        match &self.public_root {
            Some(root) => self.sign_at_once(root, (staff, now)),
            None => Ok(()),
        }
    }

    /// In a demonstration: a roster with every key, signed here.
    fn sign_at_once(
        &self,
        root: &SigningKey,
        (by, now): (&StaffId, Timestamp),
    ) -> Result<(), KeyError> {
        let signed = roster::export(self, now, by).map(|unsigned| roster::sign(&unsigned, root));
        let public = PublicKey::of(root);
        let taken = signed.and_then(|signed| roster::import(self, &signed, &public, (by, now)));
        match taken {
            Ok(()) => Ok(()),
            Err(RosterError::Store(error)) => Err(KeyError::Store(error)),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no roster");
                Ok(())
            }
        }
    }

    /// Whose key answered a challenge to sign in.
    ///
    /// # Errors
    ///
    /// It is nobody's, or not believed.
    pub fn recognise(&self, assertion: &Assertion) -> Result<StaffId, KeyError> {
        let client = webauthn::client(assertion);
        let found = self.challenges().find(client, &Purpose::SignIn, self.now());
        let challenge = found?;
        let key = self.key(&assertion.credential)?.ok_or(KeyError::Unknown)?;
        key.operator(0, key.since).verify(assertion, &challenge)?;
        self.challenges().spend(challenge, self.now())?;
        Ok(key.staff)
    }

    /// Challenges are people's, whatever time a demonstration runs by.
    fn now(&self) -> Uptime {
        self.clock.now().uptime
    }

    fn challenges(&self) -> MutexGuard<'_, Challenges> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What somebody may do, as it stands now. Somebody whom nobody knows may do nothing.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn standing(&self, staff: &StaffId) -> Result<Standing, StoreError> {
        self.file().standing(staff)
    }

    /// Whose key has this id, if it stands and its holder works here.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn key(&self, credential: &Base64) -> Result<Option<Key>, StoreError> {
        self.file().key(credential)
    }

    /// The rows themselves.
    pub(crate) fn file(&self) -> MutexGuard<'_, RolesFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
