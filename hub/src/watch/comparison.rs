//! Once a day: people with a plan in force against units that proved a look.
//!
//! A camera that was closed by mistake once went unnoticed for three months, because each night's
//! row was dealt with by itself. So the night that ended is compared as a whole, from the plans
//! and not from the checks that were frozen: whoever has a plan in force and of whom no unit has
//! a signed report that it looked is pointed out to day staff, however well each row was closed.
//! Pure; it does not ask why, and it clears nothing by itself.

use std::collections::BTreeSet;

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::ResidentId;

use super::{How, Manner};
use crate::view::ledger::{Line, NightLedger};

/// Whose plan was in force during a night and of whom no unit proved a look.
///
/// Excused are those of whom no look was to be made that night: all their checks were visits by
/// plan, or were called off, or they had no window on this weekday (`no_window`).
#[must_use]
pub fn unproven(
    in_force: &BTreeSet<ResidentId>,
    no_window: &BTreeSet<ResidentId>,
    night: &NightLedger,
) -> BTreeSet<ResidentId> {
    let proved: BTreeSet<ResidentId> = night
        .lines
        .iter()
        .filter(|line| line.looks.iter().any(|look| proves(look.finding)))
        .map(|line| line.id.resident)
        .collect();
    let wanted = |resident: &&ResidentId| {
        let mut lines = night
            .lines
            .iter()
            .filter(|line| line.id.resident == **resident);
        match lines.next() {
            // No line at all is the very case that nothing else would find.
            None => !no_window.contains(*resident),
            Some(first) => wants_look(first) || lines.any(wants_look),
        }
    };
    let missing = in_force.iter().filter(|who| !proved.contains(*who));
    missing.filter(wanted).copied().collect()
}

/// Whether a unit was to look for this check.
fn wants_look(line: &Line) -> bool {
    let is_called_off = line
        .outcome
        .is_some_and(|outcome| matches!(outcome.how, How::CalledOff(_)));
    match line.manner {
        Manner::Digital | Manner::NoUnit => !is_called_off,
        Manner::Physical | Manner::AskIfAway => false,
    }
}

/// Whether a finding shows that the camera saw the room.
#[must_use]
pub fn proves(finding: Finding) -> bool {
    match finding {
        Finding::Visible | Finding::NotVisible | Finding::Unclear(_) => true,
        Finding::Technical(_) | Finding::Paused => false,
    }
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::finding::{Fault, Reason};
    use nattsyn_protocol::time::Timestamp;

    use super::*;
    use crate::view::{LookRow, Person};
    use crate::watch::{CallOff, Outcome, Said};

    const COVERED: &[Finding] = &[Finding::Technical(Fault::Covered)];
    const UNCLEAR: &[Finding] = &[Finding::Unclear(Reason::WeakEvidence)];

    /// One line of the table: the manner, what looks found, how the check ended.
    type Case = (Manner, &'static [Finding], Option<How>);

    fn night(cases: &[Case]) -> NightLedger {
        let at = Timestamp::from_ms(1_795_312_930_000).unwrap();
        let line = |(window, &(manner, findings, how)): (u8, &Case)| Line {
            id: format!("r0000001.20261121.{window}").parse().unwrap(),
            person: Person {
                resident: "r0000001".parse().unwrap(),
                name: String::new(),
                address: String::new(),
            },
            unit: "u0000001".parse().unwrap(),
            manner,
            plan: Some(1),
            opens: at,
            deadline: at,
            altered: Vec::new(),
            looks: findings
                .iter()
                .map(|&finding| LookRow {
                    look: 1,
                    at,
                    came: at,
                    finding,
                })
                .collect(),
            notices: Vec::new(),
            repeats: 0,
            contradictions: Vec::new(),
            exceptions: Vec::new(),
            words: Vec::new(),
            outcome: how.map(|how| Outcome { how, at, came: at }),
            mistaken: None,
        };
        NightLedger {
            night: jiff::civil::date(2026, 11, 21),
            frozen: None,
            planned: cases.len(),
            lines: (1..).zip(cases).map(line).collect(),
            apart: Vec::new(),
            matters: Vec::new(),
            proofs: Vec::new(),
        }
    }

    #[test]
    fn whoever_has_a_plan_and_no_proved_look_is_pointed_out_however_well_each_check_ended() {
        let visited = Some(How::Said(Said::Visited));
        let off = Some(How::CalledOff(CallOff::Away));
        let digital = Manner::Digital;
        let table: [(&str, &[Case], bool); 9] = [
            ("nothing was frozen at all", &[], true),
            ("visited, no report", &[(digital, &[], visited)], true),
            ("closed by mistake", &[(digital, COVERED, visited)], true),
            (
                "paused all night",
                &[(digital, &[Finding::Paused], visited)],
                true,
            ),
            (
                "empty bed seen",
                &[(digital, &[Finding::NotVisible], visited)],
                false,
            ),
            ("unclear is a look", &[(digital, UNCLEAR, visited)], false),
            ("called off", &[(digital, &[], off)], false),
            ("visits by plan", &[(Manner::Physical, &[], visited)], false),
            (
                "one of two was called off",
                &[(digital, &[], off), (digital, COVERED, visited)],
                true,
            ),
        ];
        let who: BTreeSet<ResidentId> = ["r0000001".parse().unwrap()].into();
        let nobody = BTreeSet::new();
        for (name, cases, is_pointed_out) in table {
            let missing = unproven(&who, &nobody, &night(cases));
            assert_eq!(!missing.is_empty(), is_pointed_out, "{name}");
        }
        assert_eq!(
            unproven(&who, &who, &night(&[])),
            nobody,
            "no window on this weekday"
        );
        assert_eq!(
            unproven(&nobody, &nobody, &night(&[])),
            nobody,
            "no plan in force"
        );
    }
}
