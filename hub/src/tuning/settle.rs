//! Which thresholds are to be signed now, so that every unit holds what was approved. Pure.
//!
//! A unit for which nothing was ever approved is sent none, whatever it says that it holds: nobody
//! decided that it may be less cautious; but where the floor is above its model, it is sent that.
//! One that was sent some once is told also when nothing is set any more, once two people say so:
//! nothing that one person does makes a unit less cautious ([`Map::held_back`]).

use std::collections::BTreeMap;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::thresholds::{HeldThresholds, HomeThresholds};
use nattsyn_protocol::time::Timestamp;

use super::map::Map;
use super::standing::{REMINDED_AFTER, Sent};
use super::{Gone, Levels, MODELS_OWN, StoredThresholds};
use crate::settings::Source;
use crate::settings::compare::Place;

/// What is known of the units.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What was signed for each last.
    pub newest: &'a Sent,
    /// What each says that it holds.
    pub words: &'a BTreeMap<UnitId, HeldThresholds>,
    /// Now.
    pub now: Timestamp,
    /// Where something comes to hold now, and whether a home was gone through anew by it. The book
    /// has it already.
    pub act: Option<(&'a Place, Gone)>,
}

/// The thresholds to sign, each by the next version of its unit. `is_ours` says whether stored ones
/// were signed by the key in use.
///
/// A unit that says a higher version than was ever signed here was told so by a hub whose ledger
/// is lost: it takes nothing by that version or a lower one, so it is told anew by a higher one. So
/// is one that says the newest version with other levels.
#[must_use]
pub fn due(
    map: &Map<'_>,
    known: Known<'_>,
    is_ours: impl Fn(&StoredThresholds) -> bool,
) -> Vec<HomeThresholds> {
    let decided = known.act.map(|(place, _)| (place, map.book.set_at(place)));
    let due = map.roster.homes().iter().filter_map(|home| {
        let here = Place::Home(home.id);
        let wanted = map.with(&here, decided);
        let sent = known.newest.get(&home.unit);
        let said = known.words.get(&home.unit).copied().unwrap_or_default();
        let is_anew = known.act == Some((&here, Gone::Anew));
        let before = sent.map_or(0, |sent| sent.thresholds.version);
        let is_models = wanted.from == Source::BuiltIn && wanted.value == MODELS_OWN;
        let is_nothing = is_models && sent.is_none();
        let is_as_wanted = sent.is_some_and(|sent| {
            Levels::from(&sent.thresholds) == wanted.value
                && is_ours(sent)
                && !is_contradicted(sent, said, known.now)
        });
        if (is_nothing || is_as_wanted) && !is_anew {
            return None;
        }
        // What a unit says counts too: a ledger that is lost may have counted further.
        let counted = sent.map_or(0, |sent| sent.thresholds.anew).max(said.anew);
        Some(HomeThresholds {
            unit: home.unit,
            version: before.max(said.version).checked_add(1)?,
            visible: wanted.value.visible,
            not_visible: wanted.value.not_visible,
            anew: counted.saturating_add(u32::from(is_anew)),
        })
    });
    due.collect()
}

/// Whether a unit's word makes a higher version needed than the newest.
///
/// A unit that contradicts every version with levels of its own must not have one signed each
/// minute, so for levels alone the newest has to be as old as a reminder.
fn is_contradicted(sent: &StoredThresholds, said: HeldThresholds, now: Timestamp) -> bool {
    let newest = sent.thresholds.version;
    let others = said
        .levels()
        .is_some_and(|held| held != Levels::from(&sent.thresholds).pair());
    // A clock that was set back keeps nothing from a unit.
    let is_fresh = sent.made <= now && now.since(sent.made) < REMINDED_AFTER;
    said.version > newest || (said.version == newest && others && !is_fresh)
}
