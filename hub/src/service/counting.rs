//! Nights' counts at the desk: the first that came of a night stands, and is what is acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;

use nattsyn_protocol::hello::{ACK_MAX, Ack};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::topics::{Channel, Topic};

use super::ServiceError;
use super::desk::Desk;
use crate::ingest::DropKind;
use crate::store::{Batch, NewCounts};
use crate::watch::Moment;

/// How old a night may be whose counts are taken, in days: three times what the consequences of a
/// change look back on, so that an eye that signs nights at will fills a hundred rows at most.
const TAKEN_FOR: i64 = 90;

/// Nights whose counts units may forget.
#[derive(Debug, Default)]
pub(super) struct Acknowledged(BTreeMap<UnitId, BTreeSet<Date>>);

impl Acknowledged {
    /// The answers, none longer than an acknowledgement may be.
    pub(super) fn acks(&self) -> impl Iterator<Item = (UnitId, Ack)> {
        self.0.iter().flat_map(|(unit, nights)| {
            let nights: Vec<Date> = nights.iter().copied().collect();
            let chunks: Vec<Vec<Date>> = nights.chunks(ACK_MAX).map(<[Date]>::to_vec).collect();
            chunks.into_iter().map(|counts| {
                let reports = Vec::new();
                (*unit, Ack { reports, counts })
            })
        })
    }
}

impl Desk {
    /// Takes in a night's counts. Others of a night that is held count for nothing; the unit may
    /// forget them all the same.
    pub(super) fn take_counts(
        &self,
        now: Moment,
        new: NewCounts,
        (batch, acknowledged): (&mut Batch, &mut Acknowledged),
    ) -> Result<(), ServiceError> {
        let (unit, night) = (new.counts.unit, new.counts.night);
        let topic = Topic {
            unit,
            channel: Channel::Counts,
        };
        let tonight = self.watch.night();
        let oldest = tonight.checked_sub(TAKEN_FOR.days()).unwrap_or(Date::MIN);
        if !(oldest..=tonight).contains(&night) {
            tracing::debug!(%unit, %night, now = %now.timestamp.0, "counts of no such night");
            self.drops
                .count(DropKind::ImpossibleCounts, &topic.to_string());
            return Ok(());
        }
        let fresh = batch.counts.iter();
        let mut fresh = fresh.filter(|it| (it.counts.unit, it.counts.night) == (unit, night));
        let first = match fresh.next() {
            Some(first) => Some(first.signed.clone()),
            None => self.store.counts(unit, night)?,
        };
        acknowledged.0.entry(unit).or_default().insert(night);
        match first {
            None => batch.counts.push(new),
            Some(first) if first.body == new.signed.body => {}
            Some(_) => {
                tracing::warn!(%unit, %night, "other counts of a night; the first stand");
                self.drops.count(DropKind::OtherCounts, &topic.to_string());
            }
        }
        Ok(())
    }
}
