//! Generated chains, rows, failures and restarts, and what must hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::rehearsal::{Rehearsal, secs, team};
use super::*;

/// Latest that a second channel's order is given, after the row began: 20 s before the design's
/// 90 s are over, for the gateway to answer.
const SECOND_BY_S: u64 = 70;

/// What becomes of an order.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Delivered(u64),
    Failed(u64),
    Silence,
}

#[derive(Clone, Debug)]
enum Event {
    Need(i64, u64),
    Taken(i64),
    FellBack(i64),
    Over(i64),
    Teams(Vec<Team>),
    Restart,
    Pass,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        (0..25_u64).prop_map(Fate::Delivered),
        (0..25_u64).prop_map(Fate::Failed),
        Just(Fate::Silence),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (1..7_i64, 30..600_u64).prop_map(|(row, target)| Event::Need(row, target)),
        2 => (1..7_i64).prop_map(Event::Taken),
        2 => (1..7_i64).prop_map(Event::FellBack),
        2 => (1..7_i64).prop_map(Event::Over),
        1 => teams().prop_map(Event::Teams),
        1 => Just(Event::Restart),
        3 => Just(Event::Pass),
    ]
}

fn teams() -> impl Strategy<Value = Vec<Team>> {
    let steps = prop_oneof![
        Just("anna:push,sms lead:sms,mail"),
        Just("anna:push,sms,mail bo:sms anna:mail lead:push,sms"),
        Just("lead:sms,push"),
        Just("lead:sms"),
        Just("anna:push lead:push"),
    ];
    // Sometimes the rows' own team is not there, and another is first.
    let first = prop_oneof![3 => Just(None), 1 => Just(Some("bo:sms,mail lead:sms"))];
    (
        first,
        prop_oneof![4 => steps.prop_map(Some), 1 => Just(None)],
    )
        .prop_map(|(first, steps)| {
            let first = first.map(|steps| team("all", steps));
            let own = steps.map(|steps| team("natt", steps));
            let teams: Vec<Team> = first.into_iter().chain(own).collect();
            if teams.is_empty() {
                return vec![team("natt", "lead:sms")];
            }
            teams
        })
}

/// What a row is held to.
#[derive(Clone, Debug)]
struct Held {
    need: Need,
    began: u64,
    /// When it was last in an order.
    told: Option<u64>,
    /// Whether it was in an order of another address than its first.
    first: Option<(Recipient, ChannelName)>,
    second: Option<u64>,
    delivered: bool,
    /// Whether the process or the teams were others meanwhile.
    restarted: bool,
    /// When it was begun, or other teams held.
    settled: u64,
}

struct Wild {
    play: Rehearsal,
    rows: BTreeMap<i64, Held>,
    taken: BTreeMap<i64, Need>,
    fates: Vec<Fate>,
    next_fate: usize,
    /// What is still to be heard: second, key, how.
    to_come: BTreeMap<(u64, Key), Fate>,
    seen: usize,
}

impl Wild {
    fn new(teams: Vec<Team>, fates: Vec<Fate>) -> Self {
        Self {
            play: Rehearsal::new(teams),
            rows: BTreeMap::new(),
            taken: BTreeMap::new(),
            fates,
            next_fate: 0,
            to_come: BTreeMap::new(),
            seen: 0,
        }
    }

    /// Lets time pass, second by second where something is to come.
    fn pass(&mut self, seconds: u64) {
        let end = self.play.elapsed() + seconds;
        loop {
            self.note();
            let next = self.to_come.keys().next().copied();
            let wake = self.play.next_wake();
            let step = [next.map(|(second, _)| second), wake, Some(end)];
            let step = step.into_iter().flatten().min().unwrap();
            self.play.until(step.max(self.play.elapsed()));
            self.note();
            self.hold();
            if let Some((second, key)) = next
                && second <= self.play.elapsed()
            {
                self.hear(second, key);
            } else if step >= end {
                return;
            }
        }
    }

    fn hear(&mut self, second: u64, key: Key) {
        match self.to_come.remove(&(second, key)) {
            Some(Fate::Delivered(_)) => {
                let about = self.play.sent.iter().find(|(_, order)| order.key == key);
                if let Some((
                    _,
                    Order {
                        about: About::Rows(rows),
                        ..
                    },
                )) = about
                {
                    for row in rows {
                        self.rows
                            .entry(row.0)
                            .and_modify(|held| held.delivered = true);
                    }
                }
                self.play.delivered(key);
            }
            Some(Fate::Failed(_)) => self.play.failed(key),
            Some(Fate::Silence) | None => {}
        }
    }

    /// Takes note of new orders; none may be about a row that nobody needs to be told of.
    fn note(&mut self) {
        for (second, order) in self.play.sent.iter().skip(self.seen) {
            let fate = self.fates[self.next_fate % self.fates.len()];
            self.next_fate += 1;
            match fate {
                Fate::Delivered(after) | Fate::Failed(after) => {
                    self.to_come.insert((second + after, order.key), fate);
                }
                Fate::Silence => {}
            }
            let About::Rows(rows) = &order.about else {
                panic!("{order:?}");
            };
            assert!(!rows.is_empty() && order.count as usize >= rows.len());
            for row in rows {
                let held = self.rows.get_mut(&row.0);
                let held = held.unwrap_or_else(|| panic!("{row:?} is over or taken: {order:?}"));
                held.told = Some(*second);
                let address = (order.to.clone(), order.by.clone());
                match &held.first {
                    None => held.first = Some(address),
                    Some(first) if *first != address => {
                        held.second.get_or_insert(*second);
                    }
                    Some(_) => {}
                }
            }
        }
        self.seen = self.play.sent.len();
    }

    /// What must hold at every moment.
    fn hold(&self) {
        let now = self.play.elapsed();
        for (row, held) in &self.rows {
            let progress = self.play.chain.progress(RowId(*row)).unwrap();
            let within = match progress {
                Progress::Nobody => panic!("nobody is told of {row}"),
                Progress::Told { .. } => held.need.target.max(TARGET_MIN) + GATHER,
                Progress::Ended { .. } => REMIND_EVERY + GATHER_REMINDERS,
            };
            let since = held.told.unwrap_or(held.began).max(held.settled);
            assert!(
                secs(now - since) <= within,
                "row {row} waits since {since} at {now}"
            );
            let told_by = held.told.map_or(now, |_| held.settled);
            assert!(
                secs(told_by - held.settled) <= GATHER,
                "row {row} is not told at once"
            );
            self.hold_second(*row, held, now);
        }
    }

    /// A second channel, or the next step, in time; unless the first delivered, or a restart made
    /// the first order go twice.
    fn hold_second(&self, row: i64, held: &Held, now: u64) {
        let team = self.play.chain.teams().of(&held.need.team).unwrap();
        let has_other = team.steps().len() > 1 || team.steps()[0].by.len() > 1;
        if has_other && !held.delivered && !held.restarted {
            let second = held.second.unwrap_or(now);
            let late = second.saturating_sub(held.began);
            assert!(
                late <= SECOND_BY_S,
                "row {row}: {late} s without a second channel"
            );
        }
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Need(row, target) => {
                let is_open = self.rows.contains_key(row) || self.taken.contains_key(row);
                if !is_open {
                    let need = self.play.need_of(*row, "natt", *target);
                    self.hold_to(need);
                    self.play.need(*row, *target);
                }
            }
            Event::Taken(row) => {
                if let Some(held) = self.rows.remove(row) {
                    self.taken.insert(*row, held.need);
                    self.play.chain.handle_taken(RowId(*row));
                }
            }
            Event::FellBack(row) => {
                if let Some(need) = self.taken.remove(row) {
                    let since = self.play.now.timestamp;
                    self.hold_to(Need { since, ..need });
                    self.play.fall_back(*row);
                }
            }
            Event::Over(row) => {
                self.rows.remove(row);
                self.taken.remove(row);
                self.play.chain.handle_over(RowId(*row));
            }
            Event::Teams(teams) => self.resettle(teams.clone()),
            Event::Restart => self.restart(),
            Event::Pass => {}
        }
    }

    fn hold_to(&mut self, need: Need) {
        let held = Held {
            began: self.play.elapsed(),
            need,
            told: None,
            first: None,
            second: None,
            delivered: false,
            restarted: false,
            settled: self.play.elapsed(),
        };
        self.rows.insert(held.need.row.0, held);
    }

    /// Other teams hold: whoever a row's step asks now is told in time, counted from here.
    fn resettle(&mut self, teams: Vec<Team>) {
        let now = self.play.elapsed();
        for held in self.rows.values_mut() {
            (held.settled, held.restarted) = (now, true);
        }
        let effects = self
            .play
            .chain
            .handle_teams(self.play.now, Teams::new(teams));
        self.play.apply(effects);
    }

    /// The process ends and starts: all rows stand where they stood, and what is under way goes
    /// again, with its own key. Outcomes that were to come are never heard.
    fn restart(&mut self) {
        let waiting = self
            .rows
            .values()
            .map(|held| (held.need.clone(), Standing::Waiting));
        let taken = self
            .taken
            .values()
            .map(|need| (need.clone(), Standing::Taken));
        let open: Vec<_> = waiting.chain(taken).collect();
        let before = self.progress();
        let under_way: BTreeSet<Key> = self
            .play
            .chain
            .stages()
            .filter_map(|(_, stage)| match stage.asked() {
                super::stage::Asked::Sent(key, _) => Some(key),
                super::stage::Asked::Wants(_)
                | super::stage::Asked::Delivered
                | super::stage::Asked::Exhausted => None,
            })
            .collect();
        self.to_come.clear();
        self.play.restart(open);
        assert_eq!(self.progress(), before, "a restart changed who is asked");
        let again = self.play.sent.iter().skip(self.seen);
        let again: BTreeSet<Key> = again.map(|(_, order)| order.key).collect();
        assert_eq!(
            again, under_way,
            "what is under way goes again, and nothing else"
        );
        self.rows
            .values_mut()
            .for_each(|held| held.restarted = true);
    }

    fn progress(&self) -> Vec<Option<Progress>> {
        let rows = self.rows.keys();
        rows.map(|row| self.play.chain.progress(RowId(*row)))
            .collect()
    }
}

proptest! {
    // Some seconds; thousands were run when the rules were made.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_row_is_left_untold_whatever_fails_and_whenever_it_restarts(
        teams in teams(),
        fates in prop::collection::vec(fate(), 1..12),
        script in prop::collection::vec((0..200_u64, event()), 1..60)
    ) {
        let mut wild = Wild::new(teams, fates);
        for (pause_s, event) in script {
            wild.pass(pause_s);
            wild.apply(&event);
            wild.note();
            wild.hold();
        }
        wild.pass(1_000);
    }

    #[test]
    fn the_second_channel_is_in_time_for_every_schedule_of_failures(
        fates in prop::collection::vec(fate(), 1..12),
        rows in prop::collection::vec((0..60_u64, 30..600_u64), 1..40)
    ) {
        let mut wild = Wild::new(vec![team("natt", "anna:push,sms lead:sms,mail")], fates);
        for (row, (pause_s, target_s)) in (1..).zip(rows) {
            wild.pass(pause_s);
            wild.apply(&Event::Need(row, target_s));
        }
        wild.pass(4_000);
    }
}
