//! Whether each team's chain has been proven this shift: which test alarms are due, and what
//! became of the latest, from the written lines alone.
//!
//! Pure. At a start it is given the lines of the last days, and every further line when it has
//! been written: so a test alarm is made exactly once for a shift, whatever is restarted. Which
//! shifts there are is asked of the teams each time.
//!
//! What it deliberately does not do: send, or judge who must be told. [`super::chain`] makes the
//! alarm and ends it, [`super::teller`] carries on what [`Proofs::unreported`] says.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use nattsyn_protocol::time::Timestamp;

use super::chain::{ChannelName, Failure, Line, Proven, Recipient, Team, TeamName, Teams, TrialId};
use super::shift::{self, Shift};
use crate::watch::StaffId;

/// How far into a shift its test alarm may still begin, after the hub was down at the start. An
/// hour: later those on duty are on their rounds, and what it would prove is half a night late;
/// the night lead learns that the chain is not proven instead.
pub const BEGIN_WITHIN: Duration = Duration::from_secs(60 * 60);

/// How far back lines say that a team had test alarms. A hub that was away for longer than a week
/// begins as with a team that is new.
pub const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is known of every team.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    latest: BTreeMap<TeamName, Proof>,
    /// Each team's shifts as they were last seen, and since when.
    shifts: BTreeMap<TeamName, (Vec<Shift>, Timestamp)>,
    /// When the teams were last set; nothing if they are as they always were.
    set: Option<Timestamp>,
    last: i64,
}

/// What is known of a team's chain since the beginning of a test alarm, or since it was missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// When the test alarm began, or was found missing.
    pub began: Timestamp,
    /// The test alarm; nothing if none was made.
    pub test: Option<Test>,
    /// What was last made known of it.
    reported: Option<Proven>,
}

/// A test alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Which.
    pub trial: TrialId,
    /// By when it was to be answered.
    pub answer_by: Timestamp,
    /// When it was answered first, and by whom; also late.
    pub answered: Option<(Timestamp, StaffId)>,
    /// Who could not be told by what, and why; nothing while it is under way.
    pub undelivered: Option<Vec<(Recipient, ChannelName, Failure)>>,
}

/// What a shift's start asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A test alarm.
    Begin {
        /// Which: a number that none has had.
        trial: TrialId,
        /// Along whose chain.
        team: TeamName,
        /// By when it is to be answered.
        answer_by: Timestamp,
    },
    /// It is too late for one.
    Missed {
        /// Whose.
        team: TeamName,
        /// When the shift began.
        shift: Timestamp,
    },
}

/// How a team's chain stands this shift, for the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamProof {
    /// Which team.
    pub team: TeamName,
    /// What is known of this shift; nothing if no test alarm was made in it.
    pub proof: Option<Proof>,
    /// When the next shift begins; nothing if the team has none.
    pub next: Option<Timestamp>,
}

impl Proof {
    /// What it proved; nothing while it is under way.
    #[must_use]
    pub fn proven(&self) -> Option<Proven> {
        let Some(test) = &self.test else {
            return Some(Proven::NotMade);
        };
        let undelivered = test.undelivered.as_ref()?;
        Some(match (&test.answered, undelivered.as_slice()) {
            (None, _) => Proven::Unanswered,
            (Some(_), []) => Proven::Whole,
            (Some(_), _) => Proven::NotWhole,
        })
    }

    /// Whether it is of the shift that began then. One that is further ahead of the clock than a
    /// test alarm may begin late was made by a clock that was wrong, and is of no shift; a clock
    /// that is put right by less leaves it where it is.
    fn is_of(&self, shift: Timestamp, now: Timestamp) -> bool {
        shift <= self.began && self.began <= now.after(BEGIN_WITHIN)
    }
}

impl Proofs {
    /// Takes in when the teams that it is asked about from here on were set. Whatever else was set
    /// with them: of a shift that began before, a hub that was started anew does not say that its
    /// test alarm was missed.
    pub fn set_at(&mut self, set: Option<Timestamp>) {
        self.set = set;
    }

    /// Takes in a line that was written.
    pub fn note(&mut self, line: &Line) {
        match line {
            Line::TrialBegan {
                at,
                trial,
                team,
                answer_by,
            } => {
                self.last = self.last.max(trial.0);
                let test = Test {
                    trial: *trial,
                    answer_by: *answer_by,
                    answered: None,
                    undelivered: None,
                };
                self.begin(*at, team, Some(test));
            }
            Line::TrialMissed { at, team, .. } => self.begin(*at, team, None),
            Line::TrialAnswered { at, trial, by } => {
                if let Some(test) = self.test(*trial) {
                    test.answered.get_or_insert((*at, by.clone()));
                }
            }
            Line::TrialOver { verdict, .. } => {
                if let Some(test) = self.test(verdict.trial) {
                    test.undelivered = Some(verdict.undelivered.clone());
                }
            }
            Line::TrialReported {
                team,
                began,
                proven,
                ..
            } => {
                let proof = self.latest.get_mut(team);
                if let Some(proof) = proof.filter(|proof| proof.began == *began) {
                    proof.reported = Some(*proven);
                }
            }
            Line::Began { .. }
            | Line::Told { .. }
            | Line::ToldAgain { .. }
            | Line::Delivered { .. }
            | Line::Failed { .. }
            | Line::Escalated { .. }
            | Line::Ended { .. } => {}
        }
    }

    /// What the shifts of these teams ask for now. Asked again before its lines are noted, it says
    /// the same.
    pub fn due(&mut self, now: Timestamp, zone: &TimeZone, teams: &Teams) -> Vec<Due> {
        let mut due = Vec::new();
        let mut trial = self.fresh(now);
        for team in teams.iter() {
            let known_since = self.see(now, team);
            let Some((began, shift)) = shift::latest(team.shifts(), now, zone) else {
                continue;
            };
            let latest = self.latest.get(team.name());
            if latest.is_some_and(|proof| proof.is_of(began, now)) {
                continue;
            }
            // By a clock that was ahead: what was proven before it is not known any more.
            let is_ahead = latest.is_some_and(|proof| proof.began >= began);
            let team = team.name().clone();
            if now.since(began) <= BEGIN_WITHIN {
                let answer_by = now.after(shift.test_within());
                due.push(Due::Begin {
                    trial,
                    team,
                    answer_by,
                });
                trial = TrialId(trial.0 + 1);
            } else if known_since <= began && !is_ahead {
                due.push(Due::Missed { team, shift: began });
            }
        }
        due
    }

    /// Since when a team has had the shifts that it has. Of shifts that were set up after they
    /// began nobody expected a test alarm.
    fn see(&mut self, now: Timestamp, team: &Team) -> Timestamp {
        let name = team.name();
        let since = match self.shifts.get(name) {
            Some((shifts, since)) if shifts.as_slice() == team.shifts() => return *since,
            Some(_) => now,
            // A hub that was started anew: not since before they were last set.
            None if self.latest.contains_key(name) => {
                self.set.unwrap_or(Timestamp(jiff::Timestamp::MIN))
            }
            None => now,
        };
        let seen = (team.shifts().to_vec(), since);
        self.shifts.insert(name.clone(), seen);
        since
    }

    /// When [`Proofs::due`] may say something else.
    #[must_use]
    pub fn next(&self, now: Timestamp, zone: &TimeZone, teams: &Teams) -> Option<Timestamp> {
        let next = teams.iter();
        next.filter_map(|team| shift::next(team.shifts(), now, zone))
            .min()
    }

    /// A number that no test alarm has had: the moment, unless one has it.
    fn fresh(&self, now: Timestamp) -> TrialId {
        TrialId(now.as_ms().max(self.last + 1))
    }

    /// Whether a test alarm is a team's latest and nobody has answered it, be it over or not.
    #[must_use]
    pub fn awaits_answer(&self, trial: TrialId) -> bool {
        let mut tests = self.latest.values().filter_map(|proof| proof.test.as_ref());
        tests.any(|test| test.trial == trial && test.answered.is_none())
    }

    /// Whether a test alarm is a team's latest and was answered.
    #[must_use]
    pub fn is_answered(&self, trial: TrialId) -> bool {
        let mut tests = self.latest.values().filter_map(|proof| proof.test.as_ref());
        tests.any(|test| test.trial == trial && test.answered.is_some())
    }

    /// What is proven and has not been made known: whose, since when, and what.
    pub fn unreported(&self) -> impl Iterator<Item = (&TeamName, Timestamp, Proven)> {
        self.latest.iter().filter_map(|(team, proof)| {
            let proven = proof.proven()?;
            (proof.reported != Some(proven)).then_some((team, proof.began, proven))
        })
    }

    /// How every team's chain stands in the shift that it is.
    #[must_use]
    pub fn of_teams(&self, now: Timestamp, zone: &TimeZone, teams: &Teams) -> Vec<TeamProof> {
        let of_team = |team: &Team| {
            let began = shift::latest(team.shifts(), now, zone).map(|(began, _)| began);
            let of_this_shift = |proof: &&Proof| began.is_some_and(|began| proof.is_of(began, now));
            TeamProof {
                team: team.name().clone(),
                proof: self.latest.get(team.name()).filter(of_this_shift).cloned(),
                next: shift::next(team.shifts(), now, zone),
            }
        };
        teams.iter().map(of_team).collect()
    }

    fn begin(&mut self, began: Timestamp, team: &TeamName, test: Option<Test>) {
        let proof = Proof {
            began,
            test,
            reported: None,
        };
        self.latest.insert(team.clone(), proof);
    }

    fn test(&mut self, trial: TrialId) -> Option<&mut Test> {
        let mut tests = self
            .latest
            .values_mut()
            .filter_map(|proof| proof.test.as_mut());
        tests.find(|test| test.trial == trial)
    }
}

/// Every test alarm of these lines, and every one that was missed, by when it began.
#[must_use]
pub fn history(lines: &[Line]) -> Vec<(TeamName, Proof)> {
    let mut book = Proofs::default();
    let mut found = Vec::new();
    for line in lines {
        if let Line::TrialBegan { team, .. } | Line::TrialMissed { team, .. } = line {
            let earlier = book.latest.remove(team);
            found.extend(earlier.map(|proof| (team.clone(), proof)));
        }
        book.note(line);
    }
    found.extend(book.latest);
    found.sort_by_key(|(_, proof)| proof.began);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::chain::{Step, Verdict};

    fn at(text: &str) -> Timestamp {
        Timestamp(format!("2026-11-{text}:00Z").parse().unwrap())
    }

    fn teams(shifts: &[&str]) -> Teams {
        let step = Step {
            to: "lead".parse().unwrap(),
            by: vec!["sms".parse().unwrap()],
        };
        let shifts = shifts.iter().map(|starts| {
            toml::from_str(&format!("name = \"{starts}\"\nstarts = \"{starts}\"")).unwrap()
        });
        let team = Team::new("natt".parse().unwrap(), vec![step]).unwrap();
        Teams::new(vec![team.with_shifts(shifts.collect())])
    }

    fn natt() -> TeamName {
        "natt".parse().unwrap()
    }

    fn began(at: Timestamp, trial: i64) -> Line {
        Line::TrialBegan {
            at,
            trial: TrialId(trial),
            team: natt(),
            answer_by: at.after(Duration::from_secs(900)),
        }
    }

    fn answered(at: Timestamp, trial: i64, by: &str) -> Line {
        Line::TrialAnswered {
            at,
            trial: TrialId(trial),
            by: by.parse().unwrap(),
        }
    }

    fn over(at: Timestamp, trial: i64, undelivered: &[&str]) -> Line {
        let failed = |to: &&str| {
            let by = "sms".parse().unwrap();
            (to.parse().unwrap(), by, Failure::Unreachable)
        };
        Line::TrialOver {
            at,
            verdict: Verdict {
                trial: TrialId(trial),
                team: natt(),
                answered: None,
                undelivered: undelivered.iter().map(failed).collect(),
            },
        }
    }

    fn begin(answer_by: &str) -> Vec<Due> {
        let answer_by = at(answer_by);
        let trial = TrialId(answer_by.as_ms() - 900_000);
        vec![Due::Begin {
            trial,
            team: natt(),
            answer_by,
        }]
    }

    const UTC: &TimeZone = &TimeZone::UTC;

    #[test]
    fn a_test_alarm_is_due_once_when_the_shift_begins() {
        let (mut proofs, teams) = (Proofs::default(), teams(&["21:00"]));
        assert_eq!(proofs.due(at("21T19:59"), UTC, &teams), []);
        assert_eq!(proofs.due(at("21T21:00"), UTC, &teams), begin("21T21:15"));
        proofs.note(&began(at("21T21:00"), 1));
        assert_eq!(proofs.due(at("21T21:00"), UTC, &teams), []);
        assert_eq!(proofs.due(at("22T20:59"), UTC, &teams), []);
        assert_eq!(proofs.due(at("22T21:01"), UTC, &teams), begin("22T21:16"));
    }

    #[test]
    fn a_hub_that_returns_within_the_hour_makes_it_and_later_says_that_it_was_missed() {
        for (returns, is_made) in [("22T21:59", true), ("22T22:00", true), ("22T22:01", false)] {
            let (mut proofs, teams) = (Proofs::default(), teams(&["21:00"]));
            proofs.note(&began(at("21T21:00"), 1));
            proofs.note(&over(at("21T21:15"), 1, &[]));
            let missed = Due::Missed {
                team: natt(),
                shift: at("22T21:00"),
            };
            let due = proofs.due(at(returns), UTC, &teams);
            assert_eq!(due != [missed.clone()], is_made, "{returns}: {due:?}");
            if !is_made {
                proofs.note(&Line::TrialMissed {
                    at: at(returns),
                    team: natt(),
                    shift: at("22T21:00"),
                });
                assert_eq!(proofs.due(at(returns), UTC, &teams), []);
                let unreported: Vec<_> = proofs.unreported().collect();
                assert_eq!(unreported, [(&natt(), at(returns), Proven::NotMade)]);
            }
        }
    }

    #[test]
    fn of_shifts_that_are_set_up_after_they_began_none_was_missed() {
        let mut proofs = Proofs::default();
        assert_eq!(proofs.due(at("21T14:00"), UTC, &teams(&["07:00"])), []);
        let changed = teams(&["07:00", "13:30", "21:00"]);
        assert_eq!(
            proofs.due(at("21T14:01"), UTC, &changed),
            begin("21T14:16"),
            "within the hour it is worth making"
        );
        proofs.note(&began(at("21T14:01"), 1));
        assert_eq!(proofs.due(at("21T16:01"), UTC, &teams(&["15:00"])), []);
        assert_eq!(proofs.due(at("22T16:01"), UTC, &teams(&["15:00"])).len(), 1);
    }

    #[test]
    fn a_hub_that_starts_anew_misses_no_shift_that_was_set_up_after_it_began() {
        for (set, is_missed) in [("21T10:00", false), ("21T06:59", true)] {
            let mut proofs = Proofs::default();
            proofs.note(&began(at("20T21:00"), 1));
            proofs.set_at(Some(at(set)));
            let due = proofs.due(at("21T13:00"), UTC, &teams(&["21:00", "07:00"]));
            assert_eq!(!due.is_empty(), is_missed, "{set}: {due:?}");
            let next = proofs.due(at("21T22:01"), UTC, &teams(&["21:00", "07:00"]));
            let shift = at("21T21:00");
            let team = natt();
            assert_eq!(next, [Due::Missed { team, shift }], "{set}");
        }
    }

    #[test]
    fn a_clock_that_was_ahead_silences_no_later_test_alarm() {
        let (mut proofs, teams) = (Proofs::default(), teams(&["21:00", "07:00"]));
        let missed = Line::TrialMissed {
            at: at("28T12:00"),
            team: natt(),
            shift: at("28T07:00"),
        };
        proofs.note(&missed);
        let shown = proofs.of_teams(at("21T12:00"), UTC, &teams).remove(0);
        assert_eq!(shown.proof, None);
        assert_eq!(proofs.due(at("21T12:00"), UTC, &teams), []);
        assert_eq!(proofs.due(at("21T21:00"), UTC, &teams), begin("21T21:15"));
        proofs.note(&began(at("21T21:00"), 1));
        assert_eq!(proofs.due(at("21T21:01"), UTC, &teams), []);
        // One that is put back by seconds makes none a second time.
        assert_eq!(proofs.due(at("21T20:59"), UTC, &teams), []);
        assert_eq!(proofs.due(at("21T21:00"), UTC, &teams), []);
    }

    #[test]
    fn what_a_test_alarm_proved_follows_from_its_lines() {
        let table: [(&[Line], Option<Proven>); 6] = [
            (&[], None),
            (&[answered(at("21T21:02"), 1, "natt-001")], None),
            (
                &[over(at("21T21:15"), 1, &["anna"])],
                Some(Proven::Unanswered),
            ),
            (
                &[
                    answered(at("21T21:02"), 1, "natt-001"),
                    over(at("21T21:03"), 1, &[]),
                ],
                Some(Proven::Whole),
            ),
            (
                &[
                    answered(at("21T21:02"), 1, "natt-001"),
                    over(at("21T21:03"), 1, &["anna"]),
                ],
                Some(Proven::NotWhole),
            ),
            (
                &[
                    over(at("21T21:15"), 1, &[]),
                    answered(at("21T22:02"), 1, "natt-002"),
                ],
                Some(Proven::Whole),
            ),
        ];
        for (lines, proven) in table {
            let mut proofs = Proofs::default();
            proofs.note(&began(at("21T21:00"), 1));
            lines.iter().for_each(|line| proofs.note(line));
            assert_eq!(proofs.latest[&natt()].proven(), proven, "{lines:?}");
        }
    }

    #[test]
    fn the_first_answer_counts_and_an_older_test_alarm_awaits_none() {
        let mut proofs = Proofs::default();
        proofs.note(&began(at("21T21:00"), 1));
        assert!(proofs.awaits_answer(TrialId(1)));
        proofs.note(&answered(at("21T21:02"), 1, "natt-001"));
        proofs.note(&answered(at("21T21:03"), 1, "natt-002"));
        let test = proofs.latest[&natt()].test.clone().unwrap();
        assert_eq!(
            test.answered,
            Some((at("21T21:02"), "natt-001".parse().unwrap()))
        );
        assert!(proofs.is_answered(TrialId(1)) && !proofs.awaits_answer(TrialId(1)));
        proofs.note(&began(at("22T21:00"), 2));
        assert!(!proofs.is_answered(TrialId(1)) && !proofs.awaits_answer(TrialId(1)));
    }

    #[test]
    fn what_was_made_known_of_one_shift_is_not_of_the_next() {
        let mut proofs = Proofs::default();
        let reported = |began| Line::TrialReported {
            at: began,
            team: natt(),
            began,
            proven: Proven::Unanswered,
        };
        proofs.note(&began(at("21T21:00"), 1));
        proofs.note(&over(at("21T21:15"), 1, &[]));
        assert_eq!(proofs.unreported().count(), 1);
        proofs.note(&reported(at("21T21:00")));
        assert_eq!(proofs.unreported().count(), 0);
        proofs.note(&began(at("22T21:00"), 2));
        proofs.note(&reported(at("21T21:00")));
        proofs.note(&over(at("22T21:15"), 2, &[]));
        assert_eq!(proofs.unreported().count(), 1);
    }

    #[test]
    fn a_test_alarm_of_an_earlier_shift_proves_nothing_of_this_one() {
        let (mut proofs, teams) = (Proofs::default(), teams(&["21:00", "07:00"]));
        proofs.note(&began(at("21T21:00"), 1));
        let of_team = |proofs: &Proofs, now| proofs.of_teams(now, UTC, &teams).remove(0);
        assert!(of_team(&proofs, at("22T06:59")).proof.is_some());
        let next = of_team(&proofs, at("22T07:00"));
        assert_eq!((next.proof, next.next), (None, Some(at("22T21:00"))));
    }

    #[test]
    fn the_history_has_every_test_alarm_and_every_one_that_was_missed() {
        let missed = Line::TrialMissed {
            at: at("22T08:30"),
            team: natt(),
            shift: at("22T07:00"),
        };
        let lines = [
            began(at("21T21:00"), 1),
            answered(at("21T21:02"), 1, "natt-001"),
            over(at("21T21:03"), 1, &[]),
            missed,
        ];
        let history = history(&lines);
        let proven: Vec<_> = history.iter().map(|(_, proof)| proof.proven()).collect();
        assert_eq!(proven, [Some(Proven::Whole), Some(Proven::NotMade)]);
    }

    #[test]
    fn no_two_test_alarms_have_one_number() {
        let mut proofs = Proofs::default();
        let now = at("21T21:00");
        let first = proofs.fresh(now);
        proofs.note(&began(now, first.0));
        assert!(proofs.fresh(now) > first && proofs.fresh(at("20T21:00")) > first);
    }
}
