//! What residents agreed to, and what their units may therefore do.
//!
//! An [`Entry`] is one row that is only ever added: a consent that was given, one that was
//! withdrawn, or who else lives there. A consent opens and a withdrawal closes, and nothing else
//! does either: a conversation that opens less than the one before is written down as a
//! withdrawal and a consent, so that what stands never depends on what was forgotten.
//! [`judge`] says what follows for looks and pictures, [`settle`] which policies are to be signed;
//! both are pure. Names of those who gave a consent stand in the store alone: no unit hears of
//! them, and nothing here prints one.
//!
//! What it deliberately does not do: end an agreement, decide on visits, or open anything at a
//! unit. From afar a policy opens no picture; the button at the unit does that.

mod body;
pub mod clerk;
pub mod command;
pub mod counter;
pub mod draft;
pub mod functions;
pub mod journal;
pub mod judge;
pub mod resumption;
pub mod settle;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::policy::{Looks, Policy};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

pub use functions::Functions;
pub use judge::{Reason, Terms, Verdict, policy_of};
pub use resumption::{Halt, Resumed, Resumptions};

/// What a consent is to.
///
/// SoL needs one to the *insats* and, as the guidance has it, one to how it is made; SoLPuL 9 §
/// one to the processing, and one of whoever lives there permanently and is in the data too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The *insats*: to be looked after digitally at night (SoL; R40).
    Care,
    /// How it is made: sensor or camera, times, looks (R41).
    Design,
    /// The processing of personal data (SoLPuL 9 §).
    Processing,
    /// The same, by those who live there permanently and can be in the data (SoLPuL 9 §).
    Cohabitant,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Care, Self::Design, Self::Processing, Self::Cohabitant];

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Care => "care",
            Self::Design => "design",
            Self::Processing => "processing",
            Self::Cohabitant => "cohabitant",
        }
    }
}

/// How something was said. Both are worth the same (R39).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// On paper, or signed otherwise.
    Written,
    /// By word of mouth, or by sign and gesture.
    Oral,
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Oral, Self::Written];

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Oral => "oral",
        }
    }
}

/// How far a consent goes, from least to most (R46).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A sensor: looks that end in a word, and no picture for anybody, ever.
    Sensor,
    /// The same, and one short live view when a look is unclear.
    LiveViewOnUnclear,
}

impl Scope {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sensor, Self::LiveViewOnUnclear];

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::LiveViewOnUnclear => "live_view_on_unclear",
        }
    }
}

/// How somebody decides (R48, R50).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capacity {
    /// By themselves.
    Own,
    /// By themselves, with support to understand or to express it.
    Supported,
    /// Their ability to decide about this is reduced: their will was explored with others.
    Reduced,
}

impl Capacity {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Own, Self::Supported, Self::Reduced];

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Supported => "supported",
            Self::Reduced => "reduced",
        }
    }
}

/// Who else lives there permanently, and is looked after by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Household {
    /// Nobody.
    Alone,
    /// Somebody who sleeps elsewhere, and whom the camera does not see at night.
    Elsewhere,
    /// Somebody whom the camera can see: every look is of them too.
    InView,
}

impl Household {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alone, Self::Elsewhere, Self::InView];

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Elsewhere => "elsewhere",
            Self::InView => "in_view",
        }
    }
}

/// What is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withdrawal {
    /// Everything: no look and no picture. Also a *no* from the beginning.
    Everything,
    /// Pictures: looks go on.
    Pictures,
    /// What those who live there agreed to.
    Cohabitant,
}

impl Withdrawal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Everything, Self::Pictures, Self::Cohabitant];

    /// The word in the store and in a form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Pictures => "pictures",
            Self::Cohabitant => "cohabitant",
        }
    }
}

/// Reads the word of one of a few values.
pub(crate) fn from_word<T: Copy>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
    text: &str,
) -> Option<T> {
    all.iter().copied().find(|value| word(*value) == text)
}

/// A consent that was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// To what.
    pub kind: Kind,
    /// How it was said.
    pub form: Form,
    /// How far it goes.
    pub scope: Scope,
    /// Who gave it: the resident, a *god man*, a cohabitant, in words.
    pub given_by: String,
    /// How they decide.
    pub capacity: Capacity,
    /// How their will was explored and who took part; may be empty if they decide by themselves.
    pub explored: String,
    /// Which less intrusive means were considered, and why they do not suffice.
    pub alternatives: String,
    /// What they were told, and how they said it back in their own words.
    pub informed: String,
    /// When it is to be gone through again.
    pub review: Date,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            form,
            scope,
            capacity,
            review,
            ..
        } = self;
        write!(
            f,
            "Given({kind:?}, {form:?}, {scope:?}, {capacity:?}, {review}, <redacted>)"
        )
    }
}

/// A consent that was taken back, or was never given.
#[derive(Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// What of it.
    pub what: Withdrawal,
    /// How it was said.
    pub form: Form,
    /// Who said so, in words.
    pub by: String,
    /// In which words, or what showed it; may be empty.
    pub note: String,
}

impl fmt::Debug for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, form, .. } = self;
        write!(f, "Withdrawn({what:?}, {form:?}, <redacted>)")
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A consent was given.
    Given(Box<Given>),
    /// One was taken back.
    Withdrawn(Box<Withdrawn>),
    /// Who else lives there: a fact, no consent.
    Household(Household),
}

/// Who of the staff took it down. The name stands as it was then.
#[derive(Clone, PartialEq, Eq)]
pub struct Taker {
    /// An opaque staff id, or a word for a door such as `enrolment`.
    pub id: String,
    /// What colleagues call them.
    pub name: String,
}

impl Taker {
    /// What stood in the enrolment's file.
    #[must_use]
    pub fn enrolment() -> Self {
        Self {
            id: "enrolment".to_owned(),
            name: "inskrivningen".to_owned(),
        }
    }
}

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Taker({}, <redacted>)", self.id)
    }
}

/// One row about a resident's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// About whom.
    pub resident: ResidentId,
    /// When it was written down. It holds from then on.
    pub at: Timestamp,
    /// The day on which it was said.
    pub on: Date,
    /// By whom it was taken down.
    pub taker: Taker,
    /// What.
    pub what: What,
}

/// Everybody's entries, in the order in which they were written. Copied without copying them.
#[derive(Clone, Debug, Default)]
pub struct Consents {
    entries: Arc<BTreeMap<ResidentId, Vec<Entry>>>,
    /// What units were told to stop, and what they said since.
    resumptions: Arc<Resumptions>,
    /// Entries that were written later do not count.
    until: Option<Timestamp>,
}

impl PartialEq for Consents {
    fn eq(&self, other: &Self) -> bool {
        let residents = self.entries.keys().chain(other.entries.keys());
        residents
            .into_iter()
            .all(|who| self.of(*who) == other.of(*who))
    }
}

impl Consents {
    /// The entries as they stand in the store, in its order.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut consents = Self::default();
        consents.extend(entries);
        consents
    }

    /// With what units were told to stop, and what they said since.
    #[must_use]
    pub fn with_resumptions(self, resumptions: Resumptions) -> Self {
        let resumptions = Arc::new(resumptions);
        Self {
            resumptions,
            ..self
        }
    }

    /// What units were told to stop, and what they said since.
    #[must_use]
    pub fn resumptions(&self) -> &Arc<Resumptions> {
        &self.resumptions
    }

    /// Whether looks by this unit can be counted on, if they may be made.
    #[must_use]
    pub fn resumed(&self, unit: UnitId, resident: ResidentId) -> Resumed {
        self.resumptions.resumed(unit, resident, self.until)
    }

    /// Adds entries that were written later.
    pub fn extend(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let held = Arc::make_mut(&mut self.entries);
        for entry in entries {
            held.entry(entry.resident).or_default().push(entry);
        }
    }

    /// Every entry, by resident.
    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.keys().flat_map(|who| self.of(*who))
    }

    /// A resident's entries, oldest first.
    #[must_use]
    pub fn of(&self, resident: ResidentId) -> &[Entry] {
        let entries = self.entries.get(&resident).map_or(&[][..], Vec::as_slice);
        let is_later = |entry: &Entry| self.until.is_some_and(|until| entry.at > until);
        let count = entries.iter().position(is_later).unwrap_or(entries.len());
        entries.get(..count).unwrap_or_default()
    }

    /// Whether looks may be made at a resident who shares a unit with these others.
    #[must_use]
    pub fn looks(
        &self,
        resident: ResidentId,
        others: impl IntoIterator<Item = ResidentId>,
    ) -> Looks {
        if self.entries.is_empty() {
            return Looks::ByPlan;
        }
        let others = others.into_iter().map(|other| self.of(other));
        // Neither the day nor what a municipality decides stops a look.
        judge::judge(self.of(resident), others, Date::MIN, Rules::default()).looks()
    }

    /// Who took down last what a resident said; of somebody without an entry, a housemate's *no*
    /// stopped the looks.
    #[must_use]
    pub fn taken_by(&self, resident: ResidentId) -> String {
        let last = self.of(resident).last();
        last.map_or_else(|| "consent".to_owned(), |entry| entry.taker.id.clone())
    }

    /// As they were at a moment: without what was written later.
    #[must_use]
    pub fn as_of(&self, at: Timestamp) -> Self {
        Self {
            entries: Arc::clone(&self.entries),
            resumptions: Arc::clone(&self.resumptions),
            until: Some(self.until.map_or(at, |until| until.min(at))),
        }
    }

    /// When anything was written about whom.
    pub fn stamps(&self) -> impl Iterator<Item = (ResidentId, Timestamp)> {
        let entries = self.entries.keys().flat_map(|who| self.of(*who));
        entries.map(|entry| (entry.resident, entry.at))
    }
}

/// A policy as it was signed and is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPolicy {
    /// The policy.
    pub policy: Policy,
    /// As signed.
    pub signed: Signed,
    /// When it was made.
    pub made: Timestamp,
}

/// The newest policy of each unit that ever had one.
pub type Policies = BTreeMap<UnitId, StoredPolicy>;

/// What the municipality has decided for everybody. What the law asks is not in it, and cannot be
/// loosened by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Whether anybody is offered a live view at all. Default: yes, to whoever agrees.
    pub live_view: LiveViews,
    /// What a consent opens that was given where the ability to decide is reduced. Default: no
    /// pictures, since SOU 2025:39 is no law yet and the least intrusive is the safe reading
    /// (R48: camera mode can be blocked by policy).
    pub reduced_capacity: ReducedCapacity,
}

/// Whether a municipality offers live views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveViews {
    /// To whoever agrees.
    #[default]
    Offered,
    /// To nobody.
    Never,
}

/// What a consent opens where the ability to decide is reduced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReducedCapacity {
    /// Looks, and no pictures.
    #[default]
    NoPictures,
    /// All that was agreed to.
    AsAgreed,
}
