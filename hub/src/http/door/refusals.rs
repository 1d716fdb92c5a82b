//! How often somebody was not let in: the first of a kind is a row of the log, the others of the
//! same minute are counted, and their number is one row more.
//!
//! Rows of the log stay for ever, and anybody who reaches the page can be refused. So there is a
//! bound to how many rows that makes. It keeps nothing that was typed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long refusals of one kind are one row: long enough that a guesser is two rows a minute,
/// short enough that a row says when.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// Most kinds that are counted apart, so at most some 130 rows a minute whoever knocks; a shift of
/// thirty who all slip is below it. What comes beyond is counted as one kind.
const KINDS_MAX: usize = 64;

/// Refusals that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    from: Option<IpAddr>,
    /// As it stands in the log.
    pub(super) detail: String,
}

/// Whether a refusal is a row of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// It is; after [`WINDOW`] the kind is over.
    First(Kind),
    /// It is counted with the first.
    Further,
}

/// Every kind of the last minute, and how many came after its first.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Refusals(Arc<Mutex<BTreeMap<Kind, u64>>>);

impl Refusals {
    /// Somebody was not let in.
    pub(super) fn handle_refusal(&self, from: Option<IpAddr>, detail: &str) -> Count {
        let mut kinds = self.kinds();
        let mut kind = Kind {
            from,
            detail: detail.to_owned(),
        };
        if kinds.len() >= KINDS_MAX && !kinds.contains_key(&kind) {
            kind = Kind {
                from: None,
                detail: "others".to_owned(),
            };
        }
        match kinds.get_mut(&kind) {
            Some(more) => {
                *more += 1;
                Count::Further
            }
            None => {
                kinds.insert(kind.clone(), 0);
                Count::First(kind)
            }
        }
    }

    /// A kind's minute is over: how many came after its first.
    pub(super) fn handle_over(&self, kind: &Kind) -> u64 {
        self.kinds().remove(kind).unwrap_or(0)
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<Kind, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_are_refused_their_rows_are_few_and_their_number_is_kept() {
        let refusals = Refusals::default();
        let mut first = Vec::new();
        for number in 0..5000_u32 {
            let from = Some(IpAddr::from((number % 500).to_be_bytes()));
            match refusals.handle_refusal(from, "key") {
                Count::First(kind) => first.push(kind),
                Count::Further => {}
            }
        }
        assert_eq!(first.len(), KINDS_MAX + 1);
        let more: u64 = first.iter().map(|kind| refusals.handle_over(kind)).sum();
        assert_eq!(more + first.len() as u64, 5000);
        let again = refusals.handle_refusal(None, "key");
        assert!(matches!(again, Count::First(_)), "{again:?}");
    }
}
