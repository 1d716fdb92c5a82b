//! Everything that was agreed and what became of it, by resident: the store's rows as one value.

use std::collections::BTreeMap;

use jiff::civil::Date;

use nattsyn_protocol::calendar::Nights;
use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::Timestamp;

use super::{Absence, Agreement, NewAbsence, Word};
use crate::consent::Consents;
use crate::store::Entries;
use crate::view::Arrangement;

/// One version of an agreement.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreed {
    /// Which version, counted from 1.
    pub version: u32,
    /// What was agreed.
    pub agreement: Agreement,
    /// When it was written down.
    pub made: Timestamp,
    /// By whom: an opaque staff id.
    pub by: String,
    /// By which door it came in.
    pub origin: Origin,
}

/// By which door an agreement came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The enrolment file. It never replaces what was imported.
    Enrolment,
    /// An import of plans.
    Import,
}

/// Why a resident will not be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The resident has died.
    Died,
    /// The supervision has ended otherwise.
    Ended,
}

/// That a resident will not be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub why: Ending,
    /// Since when.
    pub at: Timestamp,
    /// Who said so: an opaque staff id.
    pub by: String,
}

/// All agreements, absences, endings and consents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    agreements: BTreeMap<ResidentId, Vec<Agreed>>,
    absences: BTreeMap<ResidentId, Vec<Absence>>,
    endings: BTreeMap<ResidentId, Ended>,
    consents: Consents,
}

impl Book {
    /// The book of these rows, in any order.
    #[must_use]
    pub fn new(
        agreements: Vec<Agreed>,
        absences: Vec<Absence>,
        endings: Vec<(ResidentId, Ended)>,
    ) -> Self {
        let mut book = Self {
            endings: endings.into_iter().collect(),
            ..Self::default()
        };
        for agreed in agreements {
            let resident = agreed.agreement.resident;
            book.agreements.entry(resident).or_default().push(agreed);
        }
        for absence in absences {
            book.absences
                .entry(absence.resident)
                .or_default()
                .push(absence);
        }
        for versions in book.agreements.values_mut() {
            versions.sort_by_key(|agreed| agreed.version);
        }
        for absences in book.absences.values_mut() {
            absences.sort_by_key(|absence| absence.id);
        }
        book
    }

    /// With what was said of consents.
    #[must_use]
    pub fn with_consents(self, consents: Consents) -> Self {
        Self { consents, ..self }
    }

    /// What was said of consents.
    #[must_use]
    pub fn consents(&self) -> &Consents {
        &self.consents
    }

    /// The book as it would be with these entries. Absences that are not in the store yet have
    /// no id of their own.
    #[must_use]
    pub fn with(&self, entries: &Entries) -> Self {
        let mut agreements: Vec<Agreed> = self.agreements.values().flatten().cloned().collect();
        agreements.extend(entries.agreements.iter().cloned());
        let mut absences: Vec<Absence> = self.absences.values().flatten().cloned().collect();
        for word in &entries.words {
            let (Word::Confirmed(id, _) | Word::Ended(id, _)) = word;
            for absence in absences.iter_mut().filter(|absence| absence.id == *id) {
                match word {
                    Word::Confirmed(_, said) => absence.confirmed.push(said.clone()),
                    Word::Ended(_, said) => {
                        absence.ended.get_or_insert_with(|| said.clone());
                    }
                }
            }
        }
        absences.extend(entries.absences.iter().map(NewAbsence::unsaved));
        let endings = self.endings.iter().map(|(id, ended)| (*id, ended.clone()));
        let endings = endings.chain(entries.endings.iter().cloned()).collect();
        let mut consents = self.consents.clone();
        consents.extend(entries.consents.iter().cloned());
        Self::new(agreements, absences, endings).with_consents(consents)
    }

    /// The book as it was at a moment: without what was said later.
    #[must_use]
    pub fn as_of(&self, at: Timestamp) -> Self {
        let agreements = self.agreements.values().flatten();
        let agreements = agreements.filter(|agreed| agreed.made <= at).cloned();
        let absences = self.absences.values().flatten();
        let absences = absences.filter_map(|absence| absence.as_of(at));
        let endings = self.endings.iter().filter(|(_, ended)| ended.at <= at);
        Self::new(
            agreements.collect(),
            absences.collect(),
            endings.map(|(id, ended)| (*id, ended.clone())).collect(),
        )
        .with_consents(self.consents.as_of(at))
    }

    /// What is written about one resident.
    #[must_use]
    pub fn only(&self, resident: ResidentId) -> Self {
        let absences = self.absences(resident).to_vec();
        let ended = self.ended(resident).cloned();
        Self::new(
            self.versions(resident).to_vec(),
            absences,
            ended.map(|ended| (resident, ended)).into_iter().collect(),
        )
        // Of everybody: whoever lives together is in each other's looks.
        .with_consents(self.consents.clone())
    }

    /// When anything was written or said about whom.
    pub fn stamps(&self) -> impl Iterator<Item = (ResidentId, Timestamp)> {
        let agreements = self.agreements.values().flatten();
        let agreed = agreements.map(|agreed| (agreed.agreement.resident, agreed.made));
        let absences = self.absences.values().flatten();
        let absent = absences.flat_map(|absence| {
            let later = absence.confirmed.iter().chain(&absence.ended);
            let moments = later.map(|word| word.at).chain([absence.made]);
            moments.map(|at| (absence.resident, at))
        });
        let endings = self.endings.iter();
        let ended = endings.map(|(resident, ended)| (*resident, ended.at));
        agreed
            .chain(absent)
            .chain(ended)
            .chain(self.consents.stamps())
    }

    /// Everybody with an agreement, whoever lives where now.
    pub fn residents(&self) -> impl Iterator<Item = ResidentId> {
        self.agreements.keys().copied()
    }

    /// Every version of a resident's agreement, oldest first.
    #[must_use]
    pub fn versions(&self, resident: ResidentId) -> &[Agreed] {
        self.agreements.get(&resident).map_or(&[], Vec::as_slice)
    }

    /// The newest version.
    #[must_use]
    pub fn newest(&self, resident: ResidentId) -> Option<&Agreed> {
        self.versions(resident).last()
    }

    /// The version that holds for the night that begins at `noon`: the newest that was made by
    /// then. The very first holds from when it was made.
    #[must_use]
    pub fn in_force(&self, resident: ResidentId, noon: Timestamp) -> Option<&Agreed> {
        let versions = self.versions(resident);
        let by_noon = versions.iter().rfind(|agreed| agreed.made <= noon);
        by_noon.or_else(|| versions.first())
    }

    /// What was agreed last with everybody who is looked after, for when somebody is needed.
    /// Unlike windows it holds at once: it is told to people, and no unit has to hear of it.
    #[must_use]
    pub fn arrangements(&self) -> BTreeMap<ResidentId, Arrangement> {
        let open = self.residents().filter(|who| self.ended(*who).is_none());
        open.filter_map(|who| Some((who, Arrangement::of(&self.newest(who)?.agreement))))
            .collect()
    }

    /// Every absence of a resident that was ever said, oldest first.
    #[must_use]
    pub fn absences(&self, resident: ResidentId) -> &[Absence] {
        self.absences.get(&resident).map_or(&[], Vec::as_slice)
    }

    /// The absence that covers a night, the latest said if there are several.
    #[must_use]
    pub fn absence_on(&self, resident: ResidentId, night: Date) -> Option<&Absence> {
        let absences = self.absences(resident).iter();
        absences.rev().find(|absence| absence.covers(night))
    }

    /// The absence that covered a night as far as was known at a moment of it: one that was said
    /// later, or was over by then, does not count.
    #[must_use]
    pub fn absence_at(&self, resident: ResidentId, night: Date, at: Timestamp) -> Option<&Absence> {
        let held = |absence: &&Absence| {
            let is_over = absence.ended.as_ref().is_some_and(|ended| ended.at <= at);
            let nights = Nights {
                first: Some(absence.first),
                last: absence.last,
            };
            nights.contains(night) && absence.made <= at && !is_over
        };
        self.absences(resident).iter().rev().find(held)
    }

    /// Whether a resident will not be looked at again.
    #[must_use]
    pub fn ended(&self, resident: ResidentId) -> Option<&Ended> {
        self.endings.get(&resident)
    }
}
