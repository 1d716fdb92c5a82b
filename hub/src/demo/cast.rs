//! Who plays what: every home's plan, stage and trouble on the demonstration's night.
//!
//! Settled before the night begins; afterwards it answers what was true where and when.

use std::time::Duration;

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;

use nattsyn_protocol::demonstration::{Show, Stage, StagedScene};
use nattsyn_protocol::ids::{CheckId, IdError, UnitId};
use nattsyn_protocol::plan::{Plan, PlanError};
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use super::homes::{Home, ZONE};
use super::pictures::Pictures;
use super::story::{self, Act, Trouble, Truth};

/// How long the night goes on after its last window: until a network that was away is back
/// and late reports have come.
const AFTERMATH: Duration = Duration::from_secs(70 * 60);

/// The homes of a demonstration and what happens in them.
#[derive(Debug)]
pub struct Cast {
    /// The date on which the night begins.
    pub night: Date,
    /// One a home.
    pub parts: Vec<Part>,
    pictures: Option<Pictures>,
}

/// One home's part.
#[derive(Debug)]
pub struct Part {
    /// The home.
    pub home: Home,
    /// Its checks.
    pub checks: Vec<Check>,
    /// What its camera shows.
    pub stage: Stage,
    /// What is done to its unit.
    pub acts: Vec<(Timestamp, Act)>,
    /// What goes wrong.
    pub trouble: Option<Trouble>,
}

/// Why a cast cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// Too many homes.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A plan cannot be kept on this night.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Cast {
    /// Generated rooms with trouble on purpose. `place` says where the bed stands in the room
    /// of a seed.
    ///
    /// # Errors
    ///
    /// A home's id or plan is impossible, or `place` fails.
    pub fn in_rooms<E: From<CastError>>(
        homes: u32,
        night: Date,
        mut place: impl FnMut(u64) -> Result<Vec<[f32; 2]>, E>,
    ) -> Result<Self, E> {
        let parts = (0..homes).map(|index| {
            let mut home = Home::new(index).map_err(CastError::from)?;
            let seed = home.room;
            home.plan = Plan {
                places: vec![place(seed)?],
                ..home.plan
            };
            let checks = home.checks(night).map_err(CastError::from)?;
            let trouble = Trouble::of(index);
            let stage = story::rooms(seed, trouble, &checks);
            let acts = story::acts(trouble, &checks);
            Ok(Part {
                home,
                checks,
                stage,
                acts,
                trouble,
            })
        });
        Ok(Self {
            night,
            parts: parts.collect::<Result<_, E>>()?,
            pictures: None,
        })
    }

    /// Replayed pictures, one a check in turn, and no trouble. The whole picture is the
    /// sleeping place.
    ///
    /// # Errors
    ///
    /// A home's id or plan is impossible.
    pub fn in_pictures(homes: u32, night: Date, pictures: Pictures) -> Result<Self, CastError> {
        let mut number = 0;
        let mut parts = Vec::new();
        for index in 0..homes {
            let home = Home::new(index)?;
            let checks = home.checks(night)?;
            let mut scenes = Vec::new();
            for check in &checks {
                let path = pictures.nth(number).map(|path| path.display().to_string());
                let show = Show::Picture {
                    path: path.unwrap_or_default(),
                };
                scenes.push(StagedScene {
                    from_ms: check.opens,
                    show,
                });
                number += 1;
            }
            let stage = Stage { scenes };
            parts.push(Part {
                home,
                checks,
                stage,
                acts: Vec::new(),
                trouble: None,
            });
        }
        Ok(Self {
            night,
            parts,
            pictures: Some(pictures),
        })
    }

    /// When the demonstration's clock starts: in the evening, before the first window.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
        let evening = self.night.to_datetime(time(22, 0, 0, 0));
        let moment = zone.to_ambiguous_timestamp(evening).compatible();
        Timestamp(moment.unwrap_or(jiff::Timestamp::MIN))
    }

    /// When the night is over.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        let deadlines = self
            .parts
            .iter()
            .flat_map(|part| &part.checks)
            .map(|check| check.deadline);
        deadlines.max().unwrap_or(self.begins()).after(AFTERMATH)
    }

    /// Everything that is done to units, with the unit.
    #[must_use]
    pub fn acts(&self) -> Vec<(Timestamp, UnitId, Act)> {
        let of = |part: &Part| {
            let unit = part.home.unit;
            part.acts
                .iter()
                .map(move |&(at, act)| (at, unit, act))
                .collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of).collect()
    }

    /// What was true of a check's sleeping place at a moment.
    #[must_use]
    pub fn truth(&self, check: CheckId, at: Timestamp) -> Truth {
        let part = self
            .parts
            .iter()
            .find(|part| part.home.plan.resident == check.resident);
        match part.and_then(|part| part.stage.at(at)) {
            Some(&Show::Room { occupant, lens, .. }) => story::truth_of_room(occupant, lens),
            Some(Show::Picture { path }) => match &self.pictures {
                Some(pictures) => pictures.truth(path.as_ref()),
                None => Truth::Unknown,
            },
            Some(Show::Tried { .. }) | None => Truth::Unknown,
        }
    }

    /// The story as it is kept beside the ledger: which home has which trouble.
    #[must_use]
    pub fn told(&self) -> serde_json::Value {
        let part = |part: &Part| {
            serde_json::json!({
                "home": part.home.home, "unit": part.home.unit,
                "resident": part.home.plan.resident, "trouble": part.trouble,
            })
        };
        serde_json::json!({
            "night": self.night.to_string(),
            "homes": self.parts.iter().map(part).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_begins_before_the_first_window_and_ends_after_the_last() {
        let place = |_| Ok::<_, CastError>(vec![[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]);
        // Also on the nights of 23 and 25 hours.
        for night in ["2026-11-21", "2026-03-28", "2026-10-24"] {
            let cast = Cast::in_rooms(12, night.parse().unwrap(), place).unwrap();
            for check in cast.parts.iter().flat_map(|part| &part.checks) {
                assert!(cast.begins() < check.opens, "{night}");
                assert!(check.deadline < cast.ends(), "{night}");
            }
            let first = cast.parts[0].checks[0].looks[0];
            assert_eq!(
                cast.truth(cast.parts[0].checks[0].id, first),
                Truth::SomebodyThere
            );
        }
    }
}
