//! What happens in the demonstration's homes on its night, on purpose.
//!
//! The story is the demonstration's known truth: it is written down before the night, staged by
//! the simulated cameras and by [`super::stage`], and compared with the ledger afterwards.
//! Nothing that judges a look or watches a unit can read it.

use std::time::Duration;

use serde::Serialize;

use nattsyn_protocol::demonstration::{Lens, Occupant, Show, Stage, StagedScene};
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

/// What goes wrong in a home on the demonstration's night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The person is up at the first check's first two looks, and back in bed at the third.
    UpAndBack,
    /// The person is up and about in the room through the second check.
    OutOfBed,
    /// The person lies on the floor through the second check.
    OnFloor,
    /// Nobody is in the room through the second check.
    Gone,
    /// Something hangs before the lens from before the second check.
    LensCovered,
    /// The unit is unplugged before the second check, as when cleaning.
    Unplugged,
    /// The unit's network is away for an hour that holds the second check.
    NetworkLost,
}

impl Trouble {
    /// The trouble of the home with this index; most have none.
    #[must_use]
    pub fn of(index: u32) -> Option<Self> {
        match index % 12 {
            1 => Some(Self::UpAndBack),
            2 => Some(Self::OutOfBed),
            4 => Some(Self::OnFloor),
            5 => Some(Self::Gone),
            7 => Some(Self::LensCovered),
            8 => Some(Self::Unplugged),
            10 => Some(Self::NetworkLost),
            _ => None,
        }
    }
}

/// Something that the demonstration does to a unit from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Takes its power away, for good.
    Unplug,
    /// Takes its network away.
    CutLink,
    /// Gives its network back.
    RestoreLink,
}

/// How long before a check its trouble begins, where that is not at the check itself.
const LEAD: Duration = Duration::from_secs(10 * 60);
/// How long a network is away.
const OUTAGE: Duration = Duration::from_secs(60 * 60);

/// What a generated room shows through the night.
#[must_use]
pub fn rooms(seed: u64, trouble: Option<Trouble>, checks: &[Check]) -> Stage {
    let room = |pose, occupant, lens| Show::Room {
        seed,
        pose,
        occupant,
        lens,
    };
    let mut scenes = vec![StagedScene {
        from_ms: Timestamp::from_ms(0).unwrap_or_else(|_| unreachable!("1970 is in the calendar")),
        show: room(0, Occupant::InBed, Lens::Clear),
    }];
    for (pose, check) in (1_u64..).zip(checks) {
        let is_second = pose == 2;
        let (occupant, lens) = match trouble {
            Some(Trouble::UpAndBack) if !is_second => (Occupant::Nobody, Lens::Clear),
            Some(Trouble::OutOfBed) if is_second => (Occupant::OutOfBed, Lens::Clear),
            Some(Trouble::OnFloor) if is_second => (Occupant::OnFloor, Lens::Clear),
            Some(Trouble::Gone) if is_second => (Occupant::Nobody, Lens::Clear),
            Some(Trouble::LensCovered) if is_second => (Occupant::InBed, Lens::Covered),
            _ => (Occupant::InBed, Lens::Clear),
        };
        let from_ms = check.opens.before(Duration::from_secs(60));
        scenes.push(StagedScene {
            from_ms,
            show: room(pose, occupant, lens),
        });
        if trouble == Some(Trouble::UpAndBack) && !is_second {
            let back = check.looks.get(2).copied().unwrap_or(check.deadline);
            let from_ms = back.before(Duration::from_secs(30));
            scenes.push(StagedScene {
                from_ms,
                show: room(9, Occupant::InBed, Lens::Clear),
            });
        }
    }
    Stage { scenes }
}

/// What is done to a home's unit from outside, and when.
#[must_use]
pub fn acts(trouble: Option<Trouble>, checks: &[Check]) -> Vec<(Timestamp, Act)> {
    let Some(second) = checks.get(1) else {
        return Vec::new();
    };
    let before = second.opens.before(LEAD);
    match trouble {
        Some(Trouble::Unplugged) => vec![(before.before(LEAD), Act::Unplug)],
        Some(Trouble::NetworkLost) => {
            vec![
                (before, Act::CutLink),
                (before.after(OUTAGE), Act::RestoreLink),
            ]
        }
        Some(
            Trouble::UpAndBack
            | Trouble::OutOfBed
            | Trouble::OnFloor
            | Trouble::Gone
            | Trouble::LensCovered,
        )
        | None => Vec::new(),
    }
}

/// What was true of a sleeping place when a look was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Somebody lay there, in sight of the camera.
    SomebodyThere,
    /// Nobody lay there, or the camera was blinded: *visible* is wrong.
    NobodyToSee,
    /// Not known: not counted.
    Unknown,
}

/// What a generated room's show makes true. Of a picture, the picture's label decides.
#[must_use]
pub fn truth_of_room(occupant: Occupant, lens: Lens) -> Truth {
    match (occupant, lens) {
        (Occupant::InBed, Lens::Clear) => Truth::SomebodyThere,
        (Occupant::OutOfBed | Occupant::OnFloor | Occupant::Nobody, _)
        | (Occupant::InBed, Lens::Covered) => Truth::NobodyToSee,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::homes::Home;

    fn told(index: u32) -> (Option<Trouble>, Vec<Check>, Stage) {
        let checks = Home::new(index)
            .unwrap()
            .checks(jiff::civil::date(2026, 11, 21))
            .unwrap();
        let trouble = Trouble::of(index);
        let stage = rooms(u64::from(index), trouble, &checks);
        (trouble, checks, stage)
    }

    fn truth_at(stage: &Stage, at: Timestamp) -> Truth {
        match stage.at(at) {
            Some(Show::Room { occupant, lens, .. }) => truth_of_room(*occupant, *lens),
            Some(Show::Tried { .. } | Show::Picture { .. }) | None => Truth::Unknown,
        }
    }

    #[test]
    fn an_ordinary_sleeper_is_there_at_every_look() {
        let (trouble, checks, stage) = told(0);
        assert_eq!(trouble, None);
        for look in checks.iter().flat_map(|check| &check.looks) {
            assert_eq!(truth_at(&stage, *look), Truth::SomebodyThere);
        }
    }

    #[test]
    fn whoever_was_up_is_back_at_the_third_look() {
        let (trouble, checks, stage) = told(1);
        assert_eq!(trouble, Some(Trouble::UpAndBack));
        let truths: Vec<Truth> = checks[0]
            .looks
            .iter()
            .map(|&look| truth_at(&stage, look))
            .collect();
        assert_eq!(truths[..2], [Truth::NobodyToSee, Truth::NobodyToSee]);
        assert_eq!(truths[2], Truth::SomebodyThere);
    }

    #[test]
    fn a_lost_network_is_away_over_the_whole_second_window() {
        let (trouble, checks, _) = told(10);
        let acts = acts(trouble, &checks);
        assert_eq!(
            acts.iter().map(|act| act.1).collect::<Vec<_>>(),
            [Act::CutLink, Act::RestoreLink]
        );
        assert!(acts[0].0 < checks[1].opens && checks[1].deadline < acts[1].0);
    }
}
