//! Other teams while rows are under way: nobody is told twice for nothing, and nobody is silenced.
//!
//! A row stays where it is on its chain as long as the step that it is at stays as it was. If that
//! step is another person's now, or has other channels, the step begins anew; if the row is
//! another team's, or there was no team before, its chain does. A chain that became shorter goes
//! on with the night lead. What is written down is what [`Chain::restore`] makes the same of.
//!
//! It knows nothing of where teams come from, and nothing of addresses.

use crate::watch::Moment;

use super::line::{Effect, Line, Need};
use super::stage::{Part, Stage};
use super::teams::{Team, Teams};
use super::{Chain, Held, inward};

/// What becomes of a row that nobody has.
enum Fate {
    /// It stays as it is.
    Stays,
    /// There is nobody to tell any more.
    Unheard,
    /// Its chain begins.
    Begins,
    /// Its step begins anew.
    Again(Part),
}

impl Chain {
    /// Other teams hold from now on. Test alarms under way stay with whom they went to.
    pub fn handle_teams(&mut self, now: Moment, teams: Teams) -> Vec<Effect> {
        let now = inward(now);
        let before = std::mem::replace(&mut self.teams, teams);
        let mut effects = Vec::new();
        let mut begun: Vec<Need> = Vec::new();
        for open in self.rows.values_mut() {
            let (old, new) = (before.of(&open.need.team), self.teams.of(&open.need.team));
            match fate(&open.held, old, new) {
                Fate::Stays => {}
                Fate::Unheard => open.held = Held::Unheard,
                Fate::Begins => begun.push(open.need.clone()),
                Fate::Again(part) => {
                    let Some(team) = new else { continue };
                    effects.push(Effect::Write(again(now, &open.need, part, team)));
                    let stage = Stage::later(part, now.uptime, open.need.target, team);
                    open.held = Held::Asking(stage);
                }
            }
        }
        for need in begun {
            self.begin(now, need, &mut effects);
        }
        self.settle(now, &mut effects);
        effects
    }
}

fn fate(held: &Held, old: Option<&Team>, new: Option<&Team>) -> Fate {
    match (held, old, new) {
        (Held::Taken, _, _) | (Held::Unheard, _, None) => Fate::Stays,
        (Held::Asking(_), _, None) => Fate::Unheard,
        (Held::Unheard, _, Some(_)) | (Held::Asking(_), None, Some(_)) => Fate::Begins,
        (Held::Asking(_), Some(old), Some(new)) if old.name() != new.name() => Fate::Begins,
        (Held::Asking(stage), Some(old), Some(new)) => match stage.part() {
            Part::Climbing(step) if old.step(step) == new.step(step) => Fate::Stays,
            Part::Climbing(step) => Fate::Again(Part::Climbing(step)),
            Part::Ended(_) if old.lead() == new.lead() => Fate::Stays,
            Part::Ended(_) => Fate::Again(Part::Ended(0)),
        },
    }
}

/// The line that a step begins anew.
fn again(now: Moment, need: &Need, part: Part, team: &Team) -> Line {
    let (at, row) = (now.timestamp, need.row);
    match part {
        Part::Climbing(step) => Line::Escalated {
            at,
            row,
            step,
            to: team.step(step).to.clone(),
        },
        Part::Ended(_) => Line::Ended {
            at,
            row,
            lead: team.lead().to.clone(),
        },
    }
}
