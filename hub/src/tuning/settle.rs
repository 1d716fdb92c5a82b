//! Which thresholds are to be signed now, so that every unit holds what was approved. Pure.
//!
//! A unit for which nothing was ever approved is sent none, whatever it says that it holds: nobody
//! decided that it may be less cautious; but where the floor is above its model, it is sent that.
//! One that was sent some once is told also when nothing is set any more.

use std::collections::BTreeMap;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::thresholds::HomeThresholds;

use super::map::Map;
use super::standing::Sent;
use super::{Levels, MODELS_OWN, StoredThresholds};
use crate::settings::Source;

/// The thresholds to sign, each by the next version of its unit. `words` are the versions that
/// units say that they hold; `is_ours` says whether stored ones were signed by the key in use.
///
/// A unit that says a higher version than was ever signed here was told so by a hub whose ledger
/// is lost: it takes nothing by that version or a lower one, so it is told anew by a higher one.
#[must_use]
pub fn due(
    map: &Map<'_>,
    newest: &Sent,
    words: &BTreeMap<UnitId, u32>,
    is_ours: impl Fn(&StoredThresholds) -> bool,
) -> Vec<HomeThresholds> {
    let due = map.roster.homes().iter().filter_map(|home| {
        let wanted = map.of_home(home.id);
        let sent = newest.get(&home.unit);
        let said = words.get(&home.unit).copied().unwrap_or_default();
        let before = sent.map_or(0, |sent| sent.thresholds.version);
        let is_models = wanted.from == Source::BuiltIn && wanted.value == MODELS_OWN;
        let is_nothing = is_models && sent.is_none();
        let is_as_wanted = sent.is_some_and(|sent| {
            Levels::from(&sent.thresholds) == wanted.value && said <= before && is_ours(sent)
        });
        if is_nothing || is_as_wanted {
            return None;
        }
        Some(HomeThresholds {
            unit: home.unit,
            version: before.max(said).checked_add(1)?,
            visible: wanted.value.visible,
            not_visible: wanted.value.not_visible,
        })
    });
    due.collect()
}
