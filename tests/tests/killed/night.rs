//! One night in which parts are killed: when, which, and when time may run on.
//!
//! It leads the clock. After a kill the clock runs at most twenty times as fast as real time
//! until everything is up and heard again, so that a pause of a second before a restart is
//! twenty seconds of the night and not twenty minutes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::civil::date;

use nattsyn_clock::conductor::Conductor;
use nattsyn_clock::{Clock, Hold, Now, pace};
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::{Timestamp, Uptime};
use nattsyn_tests::ports;
use nattsyn_tests::world::dice::Dice;

use super::books::{Ledger, Outboxes};
use super::homes::{self, Flat};
use super::hub::{READY, Rooms};
use super::parts::{Hub, Part, Unit};
use super::sum::Sum;

/// Kills in a night, beside the unit that is down over a whole window.
const KILLS: usize = 10;

/// Longest until a supervisor or the hub is started again: a service manager takes seconds, a
/// small machine that starts anew a minute.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How long before and after a window a unit is down over all of it.
const OUT_AROUND: Duration = Duration::from_secs(5 * 60);

/// How long after a check's deadline its end must stand in the ledger of a hub that is up: what
/// the design gives the hub to notice a look that is missing.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// How long the night goes on after its last deadline.
const AFTERMATH: Duration = Duration::from_secs(20 * 60);

/// Longest, in real time, that the clock waits for parts on their way back: twice a voice's and
/// a supervisor's longest pause.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// Longest, in real time, that the last reports may take when nothing is killed any more: the
/// voice's longest pause before it repeats itself, and some.
const DELIVERED_WITHIN: Duration = Duration::from_secs(150);

/// How often the ledger is read, in real time: ten seconds of the night at the most, but for
/// jumps, which wait for the hub.
const JUDGED_EVERY: Duration = Duration::from_millis(500);

/// How often the parts are looked after, in real time.
const TURN: Duration = Duration::from_millis(50);

/// Plays the night of a seed.
pub(crate) fn play(seed: u64) -> Sum {
    let folder = tempfile::tempdir().unwrap();
    let flats = homes::flats(date(2026, 11, 21));
    let port = ports::free();
    homes::furnish(folder.path(), &flats, port);
    let rooms = Rooms(folder.path().to_owned());
    let _conductor = Conductor::start(&rooms.clock(), homes::begins(&flats), None).unwrap();
    let clock = Clock::demonstration(&rooms.clock(), "night").unwrap();
    let began = clock.real_now();
    let mut night = Night::new(seed, rooms, flats, clock.clone(), port);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(night.run());
    let mut sum = night.close();
    sum.real = clock.real_now() - began;
    sum
}

/// A kill to come.
struct Strike {
    at: Uptime,
    part: Part,
    unit: usize,
    /// How long until a supervisor or the hub is started again.
    down: Duration,
}

/// Why the clock is held.
struct Waiting {
    /// Units count as back when they were heard since then; `None` if that does not matter.
    heard_since: Option<Timestamp>,
    given_up_at: Duration,
    _hold: Hold,
}

struct Night {
    rooms: Rooms,
    flats: Vec<Flat>,
    clock: Clock,
    port: u16,
    strikes: VecDeque<Strike>,
    units: Vec<Unit>,
    hub: Option<Hub>,
    is_ready: bool,
    heard: BTreeMap<String, i64>,
    /// Units that are down for a while on purpose: nothing waits for them.
    out: BTreeSet<usize>,
    /// When supervisors, by their place, and the hub (`None`) are started again.
    back: BTreeMap<Option<usize>, Uptime>,
    waiting: Option<Waiting>,
    /// When the ledger was last read, in real time.
    judged: Duration,
    outboxes: Outboxes,
    sum: Sum,
}

impl Night {
    fn new(seed: u64, rooms: Rooms, flats: Vec<Flat>, clock: Clock, port: u16) -> Self {
        let mut dice = Dice::new(seed);
        let begins = homes::begins(&flats);
        let strikes = strikes(&mut dice, &flats, begins);
        let units = flats.iter().map(|flat| flat.home.unit.to_string());
        let units: Vec<Unit> = units.map(|name| Unit::new(&rooms, name)).collect();
        let mut night = Self {
            rooms,
            flats,
            clock,
            port,
            strikes,
            units,
            hub: None,
            is_ready: false,
            heard: BTreeMap::new(),
            out: BTreeSet::new(),
            back: BTreeMap::new(),
            waiting: None,
            judged: Duration::ZERO,
            outboxes: Outboxes::default(),
            sum: Sum::default(),
        };
        let now = night.clock.now().uptime;
        night.back.insert(None, now);
        night
            .back
            .extend((0..night.units.len()).map(|unit| (Some(unit), now)));
        night.wait_for_all(Some(begins));
        night
    }

    /// From before the first window until every report is delivered.
    async fn run(&mut self) {
        let begins = homes::begins(&self.flats);
        let end = homes::last_deadline(&self.flats).after(AFTERMATH);
        let end = Uptime(end.since(begins));
        while self.clock.now().uptime < end {
            self.turn_once(end).await;
        }
        let _hold = self.clock.hold(1.0);
        let given_up_at = self.clock.real_now() + DELIVERED_WITHIN;
        self.read_outboxes();
        while self.outboxes.waiting() > 0 && self.clock.real_now() < given_up_at {
            let never = self.clock.now().uptime.after(AFTERMATH);
            self.turn_once(never).await;
            self.read_outboxes();
        }
    }

    async fn turn_once(&mut self, end: Uptime) {
        let now = self.clock.now();
        self.start_again(now);
        self.listen();
        self.strike(now);
        self.let_go();
        self.judge(now.timestamp);
        let strike = self.strikes.front().map(|strike| strike.at);
        let next = self.back.values().copied().chain(strike).min();
        let next = next.map_or(end, |next| next.min(end));
        self.clock.settle(now, Some(next.max(now.uptime)));
        tokio::select! {
            () = self.clock.wait_until(Some(next.max(now.uptime.after(TURN)))) => {}
            () = tokio::time::sleep(TURN) => {}
        }
    }

    fn start_again(&mut self, now: Now) {
        let due: Vec<Option<usize>> = self
            .back
            .iter()
            .filter(|(_, at)| **at <= now.uptime)
            .map(|(who, _)| *who)
            .collect();
        for who in due {
            self.back.remove(&who);
            match who {
                Some(unit) => {
                    self.units[unit].start();
                    if self.out.remove(&unit) {
                        self.wait_for_all(Some(now.timestamp));
                    }
                }
                None => self.hub = Some(Hub::start(&self.rooms.0, self.port)),
            }
        }
    }

    fn listen(&mut self) {
        let Some(hub) = &mut self.hub else {
            return;
        };
        assert!(!hub.has_ended(), "the hub ended and nobody killed it");
        for line in hub.said() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [READY] => self.is_ready = true,
                ["heard", unit, at] => {
                    self.heard.insert((*unit).to_owned(), at.parse().unwrap());
                }
                _ => panic!("the hub says {line:?}"),
            }
        }
    }

    /// Kills what is due. A part that does not run at that moment is killed when it does.
    fn strike(&mut self, now: Now) {
        let Some(strike) = self
            .strikes
            .front()
            .filter(|strike| strike.at <= now.uptime)
        else {
            return;
        };
        let (part, down) = (strike.part, strike.down);
        let unit = match self.out.contains(&strike.unit) {
            true => (strike.unit + 1) % self.units.len(),
            false => strike.unit,
        };
        let back = now.uptime.after(down);
        let is_killed = match part {
            Part::Hub => self.hub.take().is_some(),
            Part::Eye | Part::Voice | Part::Supervisor => self.units[unit].kill(part),
        };
        if !is_killed {
            return self.wait_for_all(None);
        }
        match part {
            Part::Hub => {
                self.is_ready = false;
                self.back.insert(None, back);
            }
            Part::Supervisor => {
                self.back.insert(Some(unit), back);
                if down > PAUSE_MAX {
                    self.out.insert(unit);
                }
            }
            Part::Eye | Part::Voice => {}
        }
        self.strikes.pop_front();
        *self.sum.kills.entry(part).or_default() += 1;
        self.read_outboxes();
        self.wait_for_all((part != Part::Eye).then_some(now.timestamp));
    }

    /// Keeps time slow until everything runs and, since that moment, was heard.
    fn wait_for_all(&mut self, heard_since: Option<Timestamp>) {
        let earlier = self.waiting.take().and_then(|waiting| waiting.heard_since);
        self.waiting = Some(Waiting {
            heard_since: heard_since.or(earlier),
            given_up_at: self.clock.real_now() + BACK_WITHIN,
            _hold: self.clock.hold(pace::FASTEST),
        });
    }

    fn let_go(&mut self) {
        let Some(waiting) = &self.waiting else {
            return;
        };
        let heard = |unit: &Unit| match waiting.heard_since {
            Some(since) => self
                .heard
                .get(unit.name())
                .is_some_and(|&at| at >= since.as_ms()),
            None => true,
        };
        let awaited = (0..).zip(&self.units);
        let mut awaited = awaited.filter(|(place, _)| !self.out.contains(place));
        let is_back = self.is_ready && awaited.all(|(_, it)| heard(it) && it.is_whole());
        if is_back {
            self.waiting = None;
        } else if waiting.given_up_at <= self.clock.real_now() {
            self.waiting = None;
            self.sum.stragglers += 1;
        }
    }

    /// While the hub is up, what has passed is written down: also right after its start, before
    /// it has heard anybody.
    fn judge(&mut self, now: Timestamp) {
        let real = self.clock.real_now();
        if !self.is_ready || real < self.judged + JUDGED_EVERY {
            return;
        }
        self.judged = real;
        let ledger = Ledger::open(&self.rooms.ledger());
        for (check, ends) in ledger.unsettled(now.before(SETTLED_WITHIN)) {
            let word = format!("{check} has {ends} ends at {now:?}");
            if self.sum.wrong.iter().any(|it| it.starts_with(&check)) {
                continue;
            }
            self.sum.wrong.push(word);
            match ends {
                0 => self.sum.silent += 1,
                _ => self.sum.doubled += 1,
            }
        }
    }

    fn read_outboxes(&mut self) {
        for unit in &self.units {
            let folder = self.rooms.unit(unit.name());
            self.outboxes.read(unit.name(), &folder);
        }
    }

    /// Ends every process and reads what they left.
    fn close(mut self) -> Sum {
        self.read_outboxes();
        self.units.clear();
        self.hub = None;
        let mut sum = self.sum;
        assert!(self.strikes.is_empty(), "kills that never came");
        let ledger = Ledger::open(&self.rooms.ledger());
        let reports = ledger.reports();
        let lost = self.outboxes.acknowledged.difference(&reports);
        sum.wrong.extend(
            lost.clone()
                .map(|it| format!("acknowledged and lost: {it:?}")),
        );
        sum.lost = lost.count();
        let undelivered = self.outboxes.put.difference(&reports);
        sum.wrong.extend(
            undelivered
                .clone()
                .map(|it| format!("not delivered: {it:?}")),
        );
        sum.undelivered = undelivered.count();
        let unplanned = ledger.not_as_planned(&self.flats);
        sum.wrong
            .extend(unplanned.iter().map(|it| format!("not as planned: {it}")));
        if !ledger.is_sound() {
            sum.wrong.push("the database is damaged".to_owned());
        }
        sum.acknowledged = self.outboxes.acknowledged.len();
        sum.checks = ledger.count("SELECT count(*) FROM checks");
        sum.visible = ledger.count("SELECT count(*) FROM outcomes");
        sum.notices = ledger.count("SELECT count(*) FROM notices");
        (sum.looks_due, sum.looks_made) = ledger.looks(&self.flats);
        sum
    }
}

/// The night's kills, in order: half at any moment, half from just before a look until its report
/// should be written, when most is under way; and one unit that is down over a whole window, so
/// that the hub has a check to account for of which it hears nothing.
fn strikes(dice: &mut Dice, flats: &[Flat], begins: Timestamp) -> VecDeque<Strike> {
    let checks: Vec<&Check> = flats.iter().flat_map(|flat| &flat.checks).collect();
    let uptime = |moment: Timestamp| Uptime(moment.since(begins));
    let looks = checks.iter().flat_map(|check| &check.looks);
    let looks: Vec<u64> = looks.map(|&look| uptime(look).0.as_secs()).collect();
    let last = uptime(homes::last_deadline(flats)).0.as_secs();
    let mut strikes: Vec<Strike> = (0..KILLS)
        .map(|number| {
            let at_s = match number % 2 {
                0 => dice.within(60, last),
                _ => dice.pick(&looks).saturating_sub(1) + dice.within(0, 9),
            };
            Strike {
                at: Uptime(Duration::from_secs(at_s)),
                part: dice.pick(&Part::ALL),
                unit: dice.place(flats.len()),
                down: Duration::from_secs(dice.within(2, PAUSE_MAX.as_secs())),
            }
        })
        .collect();
    let unit = dice.place(flats.len());
    let check = &flats[unit].checks[dice.place(flats[unit].checks.len())];
    strikes.push(Strike {
        at: uptime(check.opens.before(OUT_AROUND)),
        part: Part::Supervisor,
        unit,
        down: check.deadline.since(check.opens) + 2 * OUT_AROUND,
    });
    strikes.sort_by_key(|strike| strike.at);
    strikes.into()
}
