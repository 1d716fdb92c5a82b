//! A thousand rows of one night, with pages closed, phones asleep and channels failing at random.
//!
//! Nobody looks at a page: whoever takes a row was told by a message on a phone that was awake.
//! The figures are printed; the promises among them are held.

use std::collections::{BTreeMap, BTreeSet};

use super::rehearsal::{Rehearsal, secs, team};
use super::*;

const ROWS: i64 = 1_000;
/// Ten hours.
const NIGHT_S: u64 = 36_000;
/// Short enough that targets are missed often.
const TARGET_S: u64 = 300;

/// Repeatable chance: xorshift64*.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Row(i64),
    Delivered(Key),
    Failed(Key),
    Take(i64),
    FallBack(i64),
    Close(i64),
}

#[derive(Debug, Default)]
struct Figures {
    first_failed: usize,
    second_after: Vec<u64>,
    reached: BTreeSet<i64>,
    named: BTreeSet<i64>,
    restarts: usize,
    fell_back: usize,
}

struct Night {
    play: Rehearsal,
    chance: Chance,
    agenda: BTreeSet<(u64, Next)>,
    open: BTreeMap<i64, (Need, Standing)>,
    /// When each row began anew and its orders since then.
    orders: BTreeMap<i64, (u64, Vec<Key>)>,
    seen: usize,
    figures: Figures,
}

impl Night {
    fn new(seed: u64) -> Self {
        let steps = "natt-1:push,sms natt-2:push,sms lead:sms,mail";
        let mut chance = Chance(seed);
        let mut agenda = BTreeSet::new();
        for row in 1..=ROWS {
            // A third of them in one quarter of an hour: an area's network is down.
            let at = match row % 3 {
                0 => 18_000 + chance.below(900),
                _ => chance.below(NIGHT_S),
            };
            agenda.insert((at, Next::Row(row)));
        }
        Self {
            play: Rehearsal::new(vec![team("natt", steps)]),
            chance,
            agenda,
            open: BTreeMap::new(),
            orders: BTreeMap::new(),
            seen: 0,
            figures: Figures::default(),
        }
    }

    fn run(&mut self, until_s: u64) {
        loop {
            let next = self.agenda.first().copied();
            let wake = self.play.next_wake();
            let at = [next.map(|(at, _)| at), wake].into_iter().flatten().min();
            let Some(at) = at.filter(|at| *at <= until_s) else {
                return;
            };
            self.play.until(at.max(self.play.elapsed()));
            self.note();
            if let Some((due, next)) = next.filter(|(due, _)| *due <= at) {
                self.agenda.remove(&(due, next));
                self.apply(next);
                self.note();
            }
        }
    }

    fn apply(&mut self, next: Next) {
        match next {
            Next::Row(row) => {
                let need = self.play.need_of(row, "natt", TARGET_S);
                self.open.insert(row, (need.clone(), Standing::Waiting));
                self.orders.insert(row, (self.play.elapsed(), Vec::new()));
                let effects = self.play.chain.handle_needs(self.play.now, [need]);
                self.play.apply(effects);
            }
            Next::Delivered(key) => self.deliver(key),
            Next::Failed(key) => self.play.failed(key),
            Next::Take(row) => self.take(row),
            Next::FallBack(row) => self.fall_back(row),
            Next::Close(row) => {
                self.open.remove(&row);
                self.play.chain.handle_over(RowId(row));
            }
        }
        if self.chance.below(500) == 0 {
            self.restart();
        }
    }

    /// A gateway took it; half of the phones are asleep, and whoever hears one takes a row of it.
    fn deliver(&mut self, key: Key) {
        self.play.delivered(key);
        let order = self
            .play
            .sent
            .iter()
            .rev()
            .find(|(_, order)| order.key == key);
        let Some((
            _,
            Order {
                about: About::Rows(rows),
                ..
            },
        )) = order.cloned()
        else {
            return;
        };
        if self.chance.percent(50) {
            return;
        }
        for row in rows {
            let at = self.play.elapsed() + 20 + self.chance.below(300);
            self.agenda.insert((at, Next::Take(row.0)));
        }
    }

    fn take(&mut self, row: i64) {
        let Some((_, standing @ Standing::Waiting)) = self.open.get_mut(&row) else {
            return;
        };
        *standing = Standing::Taken;
        self.figures.reached.insert(row);
        self.play.chain.handle_taken(RowId(row));
        let now = self.play.elapsed();
        let next = if self.chance.percent(10) {
            (now + 300, Next::FallBack(row))
        } else {
            (now + 60 + self.chance.below(240), Next::Close(row))
        };
        self.agenda.insert(next);
    }

    fn fall_back(&mut self, row: i64) {
        self.figures.fell_back += 1;
        let (need, standing) = self.open.get_mut(&row).unwrap();
        need.since = self.play.now.timestamp;
        *standing = Standing::Waiting;
        self.orders.insert(row, (self.play.elapsed(), Vec::new()));
        self.play.fall_back(row);
    }

    fn restart(&mut self) {
        self.figures.restarts += 1;
        let open = self.open.values().cloned().collect();
        self.play.restart(open);
    }

    /// Gives every new order its fate, and measures the second channel.
    fn note(&mut self) {
        let now = self.play.elapsed();
        for (_, order) in self.play.sent.iter().skip(self.seen) {
            // Push fails in a third of the cases, SMS in a fifth, mail in a tenth; some hang.
            let percent = match order.by.as_str() {
                "push" => 33,
                "sms" => 20,
                _ => 10,
            };
            let key = order.key;
            if self.chance.percent(percent) {
                if self.chance.percent(50) {
                    let at = now + self.chance.below(25);
                    self.agenda.insert((at, Next::Failed(key)));
                }
            } else {
                let at = now + self.chance.below(20);
                self.agenda.insert((at, Next::Delivered(key)));
            }
            let About::Rows(rows) = &order.about else {
                continue;
            };
            for row in rows {
                let (began, keys) = self.orders.get_mut(&row.0).unwrap();
                if !keys.contains(&key) {
                    keys.push(key);
                    if keys.len() == 2 && failed(&self.play.lines, keys[0]) {
                        self.figures.first_failed += 1;
                        self.figures.second_after.push(now - *began);
                    }
                }
            }
        }
        self.seen = self.play.sent.len();
        for line in self.play.lines.iter().rev().take(50) {
            if let Line::Ended { row, lead, .. } = line
                && lead.as_str() == "lead"
            {
                self.figures.named.insert(row.0);
            }
        }
    }

    /// Most messages to one recipient by one channel in ten minutes.
    fn densest(&self) -> usize {
        let mut of: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (second, order) in &self.play.sent {
            // What a restart sends again is the same message.
            if !seen.insert(order.key) {
                continue;
            }
            let address = (order.to.clone(), order.by.clone());
            of.entry(address).or_default().push(*second);
        }
        let windows = of.values().flat_map(|times| {
            times.iter().map(|from| {
                let within = times.iter().filter(|at| (*from..from + 600).contains(*at));
                within.count()
            })
        });
        windows.max().unwrap()
    }
}

/// Whether the first that was heard of an order was that it failed. One that a restart sent twice
/// may have been delivered before.
fn failed(lines: &[Line], key: Key) -> bool {
    let heard = lines.iter().find(|line| {
        matches!(
            line,
            Line::Failed { key: own, .. } | Line::Delivered { key: own, .. } if *own == key
        )
    });
    matches!(heard, Some(Line::Failed { .. }))
}

fn quantile(sorted: &[u64], percent: usize) -> u64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

#[test]
fn of_a_thousand_rows_each_reaches_somebody_or_the_night_lead_is_named() {
    let mut night = Night::new(0x006E_6174_7473_796E);
    night.run(NIGHT_S + 7_200);
    let figures = &mut night.figures;
    figures.second_after.sort_unstable();
    let second = &figures.second_after;
    println!(
        "{ROWS} rows, {} messages, {} restarts, {} fell back; reached somebody: {}; \
         chain's end with the night lead named: {}; still open: {}",
        night.play.sent.len(),
        figures.restarts,
        figures.fell_back,
        figures.reached.len(),
        figures.named.len(),
        night.open.len(),
    );
    println!(
        "the first channel failed {} times; the second's order after the row's beginning: \
         p50 {} s, p99 {} s, at most {} s",
        figures.first_failed,
        quantile(second, 50),
        quantile(second, 99),
        quantile(second, 100),
    );
    let either: BTreeSet<i64> = figures.reached.union(&figures.named).copied().collect();
    assert_eq!(either.len(), usize::try_from(ROWS).unwrap());
    assert!(figures.first_failed > 300, "{}", figures.first_failed);
    assert!(quantile(second, 100) <= 90, "{}", quantile(second, 100));
    let densest = night.densest();
    println!("most messages to one recipient by one channel in ten minutes: {densest}");
    assert!(secs(600) >= GATHER * u32::try_from(densest - 1).unwrap());
}
