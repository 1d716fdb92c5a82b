//! The World: many units and a hub in simulated time, one seed a night.
//!
//! It runs the product's own code: the voice with its outbox and night, the eye's guard and
//! signatures, the hub's desk with its watch, over the real SQLite store. Simulated are the
//! edges: disks, links and broker, clocks, cameras, and who dies when. After every event an
//! [`oracle`] of its own judges whether any promise is broken. The same seed plays the same
//! night, to the event.
//!
//! What it does not play: frames and models, MQTT and TLS themselves, and a database file under
//! a power cut (SQLite's own promise, which the real-parts tests lean on). When everything is
//! at rest and nothing is agreed for minutes, the World sets all wall clocks forward together
//! and lets no uptime pass: otherwise nine tenths of a run would be heartbeats.

pub mod calendar;
pub mod dice;
pub mod faults;
pub mod oracle;
pub mod run;

mod acts;
mod book;
mod clocks;
mod counts;
mod disk;
mod events;
mod expected;
mod eye;
mod hands;
mod holding;
mod hub;
mod hub_side;
mod judging;
mod links;
mod mishaps;
mod outage;
mod script;
mod store;
mod strike;
mod town;
mod unit;
mod unit_side;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use ed25519_dalek::SigningKey;

use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::store::Store as _;
use nattsyn_hub::watch::Seen;
use nattsyn_protocol::signing::PublicKey;

use acts::Deed;
use calendar::{Day, MINUTE, shown};
use clocks::{True, moment};
use dice::Dice;
use disk::{Syncing, WorldDisk};
use events::{Happening, Queued};
use faults::{Fault, Rule};
use hub::Hub;
use mishaps::Mishap;
use oracle::{Broken, Oracle};
use script::Script;
use store::Ledger;
use town::Town;
use unit::Unit;

pub use counts::Counts;

/// How many of the last notes a broken night tells, unless more are asked for.
pub const NOTES: usize = 20;

/// How often the World looks whether everything is at rest, in milliseconds: as often as the
/// voice asks its eye.
const LULL_EVERY: u64 = 20_000;

/// Longest lull that is skipped at once, in milliseconds: well under the step of a wall clock
/// that a hub takes for a fault ([`nattsyn_hub::watch::wall::STEP_MAX`]).
const LULL_MAX: i64 = 4 * 60 * MINUTE;

/// How long before something agreed or drawn the World stops setting clocks forward: the hub
/// notices within 15 s, a voice within 20.
const LULL_MARGIN: i64 = 2 * MINUTE;

/// What makes the dice of what people do others than those of what goes wrong: any number.
const OF_PEOPLE: u64 = 0x6d61_6e6e_6973_6b6f;

/// The same for whether a hub is down over a noon, and what is agreed meanwhile.
const OF_OUTAGES: u64 = 0x6176_6272_6f74_7437;

/// The same for what staff do about rows.
const OF_HANDS: u64 = 0x6861_6e64_656e_7061;

/// How to play.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How many homes.
    pub homes: usize,
    /// What goes wrong.
    pub faults: BTreeSet<Fault>,
    /// Which rule of the product is switched off.
    pub without: Option<Rule>,
    /// How many of the last notes a broken night tells.
    pub notes: usize,
}

/// What became of a night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// Checks whose deadline passed.
    pub checks: u64,
    /// Things that went wrong.
    pub faults: u64,
    /// What was exercised.
    pub counts: Counts,
    /// A digest of every event: the same for the same seed.
    pub digest: u64,
    /// The first broken promise, with the last notes before it.
    pub broken: Option<(Broken, Vec<String>)>,
}

/// Plays one night.
#[must_use]
pub fn play(seed: u64, setting: &Setting) -> Night {
    let mut dice = Dice::new(seed);
    let mut script = Script::draw(&mut dice, setting.homes, &setting.faults);
    outage::draw(
        &mut Dice::new(seed ^ OF_OUTAGES),
        &mut script,
        &setting.faults,
    );
    let mut people = Dice::new(seed ^ OF_PEOPLE);
    let acts = acts::draw(&mut people, &mut script, &setting.faults);
    let mut world = World::new((dice, people), script, setting.without);
    world.notes_max = setting.notes;
    world.town.is_staffed = setting.faults.contains(&Fault::Words);
    world.town.has_hands = setting.faults.contains(&Fault::Hands);
    world.hands = Dice::new(seed ^ OF_HANDS);
    for (at, deed) in acts {
        world.queue_act(at, deed);
    }
    let ended = world.play();
    world.night(ended.err())
}

struct World {
    dice: Dice,
    script: Script,
    next_mishap: usize,
    /// Mishaps that are not over, by when they will be.
    lasting: BTreeMap<(i64, usize), Mishap>,
    /// What people are to do, by when, in order; and how much of it there was.
    acts: BTreeMap<(i64, u64), Deed>,
    acted: u64,
    /// Chance in what people do.
    people: Dice,
    /// Chance in what staff do about rows, and how each row was when last read.
    hands: Dice,
    read: BTreeMap<i64, Seen>,
    town: Town,
    now: True,
    queue: BinaryHeap<Queued>,
    queued: u64,
    units: Vec<Unit>,
    hub: Hub,
    keys: HubKeys,
    syncing: Syncing,
    root: PublicKey,
    zone: &'static str,
    oracle: Oracle,
    /// Every moment at which something is agreed to happen, in order.
    moments: Vec<i64>,
    broker_stops: u32,
    counts: Counts,
    faults: u64,
    digest: u64,
    notes: VecDeque<String>,
    notes_max: usize,
}

impl World {
    fn new((mut dice, people): (Dice, Dice), script: Script, without: Option<Rule>) -> Self {
        let root_key = nattsyn_protocol::demonstration::root_key();
        let hub_key = SigningKey::from_bytes(&[7; 32]);
        let endorsement = endorse(&root_key, PublicKey::of(&hub_key), 1);
        let zone = script::zone(script.night, without);
        let syncing = match without {
            Some(Rule::Fsync) => Syncing::Forgotten,
            Some(_) | None => Syncing::Kept,
        };
        let units = (1u8..).zip(&script.homes).map(|(number, home)| {
            let disk = WorldDisk::new(Dice::new(dice.throw()), syncing);
            Unit::new(home.unit, SigningKey::from_bytes(&[number; 32]), disk)
        });
        let units: Vec<Unit> = units.collect();
        let ledger = Ledger::new().expect("a database in memory needs no disk");
        let made: BTreeSet<i64> = script.agreed.iter().map(|it| it.made).collect();
        let acts = made.into_iter().map(|at| ((at, 0), Deed::Agree));
        let oracle = Oracle::new(&script);
        Self {
            dice,
            next_mishap: 0,
            lasting: BTreeMap::new(),
            acts: acts.collect(),
            acted: 0,
            people,
            hands: Dice::new(0),
            read: BTreeMap::new(),
            town: Town::new(&script.homes),
            now: True {
                elapsed: 0,
                utc: script.begins,
            },
            queue: BinaryHeap::new(),
            queued: 0,
            units,
            hub: Hub::new(ledger, zone, endorsement, without),
            keys: HubKeys::endorsed(hub_key, &root_key, 1),
            syncing,
            root: PublicKey::of(&root_key),
            zone,
            moments: oracle.moments(),
            oracle,
            broker_stops: 0,
            counts: Counts::default(),
            faults: 0,
            digest: 0,
            notes: VecDeque::new(),
            notes_max: NOTES,
            script,
        }
    }

    /// Plays until the end, or until a promise is broken.
    fn play(&mut self) -> Result<(), Broken> {
        while self.next_act().is_some_and(|at| at <= self.now.utc) {
            self.act()?;
        }
        self.start_hub()?;
        for unit in 0..self.units.len() {
            self.start_unit(unit)?;
        }
        self.queue_in(LULL_EVERY, Happening::Lull);
        while self.now.utc < self.script.ends {
            self.step()?;
        }
        self.judge_end()
    }

    /// The next thing that happens: a mishap, an enrolment, or what was queued.
    fn step(&mut self) -> Result<(), Broken> {
        let drawn = self.next_drawn();
        let queued = self.queue.peek().map(|queued| queued.at);
        let in_queue = |at: u64| self.now.utc.saturating_add_unsigned(at - self.now.elapsed);
        let is_drawn_next = match (drawn, queued) {
            (Some(drawn), Some(queued)) => drawn <= in_queue(queued),
            (Some(_), None) => true,
            (None, _) => false,
        };
        self.counts.events += 1;
        if is_drawn_next {
            let at = drawn.unwrap_or(self.now.utc);
            self.run_to(self.now.elapsed + at.abs_diff(self.now.utc.min(at)));
            self.apply_drawn()?;
        } else if let Some(queued) = self.queue.pop() {
            self.run_to(queued.at);
            self.mix(queued.at);
            self.mix(queued.happening.digest());
            self.apply(queued.happening)?;
        }
        self.judge()
    }

    /// Lets time run, all clocks alike.
    fn run_to(&mut self, elapsed: u64) {
        let ran = elapsed.saturating_sub(self.now.elapsed);
        self.now.elapsed += ran;
        self.now.utc = self.now.utc.saturating_add_unsigned(ran);
    }

    /// When something that was drawn beforehand happens next.
    fn next_drawn(&self) -> Option<i64> {
        let mishap = self.script.mishaps.get(self.next_mishap).map(|it| it.at);
        let over = self.lasting.keys().next().map(|(at, _)| *at);
        mishap.into_iter().chain(self.next_act()).chain(over).min()
    }

    fn next_act(&self) -> Option<i64> {
        self.acts.keys().next().map(|(at, _)| *at)
    }

    fn apply_drawn(&mut self) -> Result<(), Broken> {
        let now = self.now.utc;
        if self.next_act().is_some_and(|at| at <= now) {
            return self.act();
        }
        if let Some((&key, &mishap)) = self.lasting.first_key_value()
            && key.0 <= now
        {
            self.lasting.remove(&key);
            return self.end_mishap(mishap);
        }
        let number = self.next_mishap;
        self.next_mishap += 1;
        match self.script.mishaps.get(number).copied() {
            Some(mishap) => {
                // It strikes the unit that hangs there now, and is over for the same.
                let home = self.town.unit_in(mishap.home);
                let mishap = Mishap { home, ..mishap };
                let over = mishap.at + mishap.lasts;
                self.lasting.insert((over, number), mishap);
                self.strike(mishap)
            }
            None => Ok(()),
        }
    }

    fn apply(&mut self, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::VoiceWakes { unit, waking } => self.wake_voice(unit, waking),
            Happening::EyeReads { unit } => self.eye_reads(unit),
            Happening::VoiceReads { unit } => self.voice_reads(unit),
            Happening::LookEnds { unit, boot } => self.end_look(unit, boot),
            Happening::LinkTries { unit } => self.try_link(unit),
            Happening::LinkFails { unit, session } => self.fail_link(unit, session),
            Happening::AtBroker {
                unit,
                session,
                message,
            } => self.arrive_at_broker(unit, session, message),
            Happening::AtUnit {
                unit,
                session,
                event,
            } => self.arrive_at_unit(unit, session, event),
            Happening::AtHub { publication } => {
                self.arrive_at_hub(publication);
                Ok(())
            }
            Happening::HubTakes => self.hub_takes(),
            Happening::HubWakes { waking } => self.wake_hub(waking),
            Happening::EyeRestarts { unit } => self.restart_eye(unit),
            Happening::Lull => {
                self.skip_lull();
                Ok(())
            }
        }
    }

    /// Sets all wall clocks forward together, if nothing happens for minutes.
    fn skip_lull(&mut self) {
        self.queue_in(LULL_EVERY, Happening::Lull);
        if !self.is_at_rest() {
            return;
        }
        let next = self.next_moment();
        let target = next
            .saturating_sub(LULL_MARGIN)
            .min(self.now.utc + LULL_MAX);
        if target > self.now.utc + MINUTE {
            self.now.utc = target;
        }
    }

    /// Whether everything that could happen soon has. While the hub is down for long, units
    /// wait for it with what they have to say, and look when it is time.
    fn is_at_rest(&self) -> bool {
        if self.is_in_outage() && self.hub.desk.is_none() {
            return self.units.iter().all(Unit::waits_for_its_hub);
        }
        self.hub.desk.is_some()
            && self.hub.arrived.is_empty()
            && self.broker_stops == 0
            && self.hub.has_looked(self.now)
            && self.units.iter().all(Unit::is_at_rest)
    }

    /// Whether it is now that the hub is down over a noon.
    fn is_in_outage(&self) -> bool {
        let outage = self.script.outage;
        outage.is_some_and(|outage| outage.holds(self.now.utc))
    }

    /// When something agreed or drawn happens next, by anybody's clock.
    fn next_moment(&self) -> i64 {
        let now = self.now;
        let mut next = self.script.ends;
        next = self.next_drawn().map_or(next, |drawn| drawn.min(next));
        let clocks = self.units.iter().map(|unit| &unit.clocks);
        for clock in clocks.chain([&self.hub.clocks]) {
            let ahead = clock.ahead_ms(now);
            let wall = now.utc + ahead;
            let index = self.moments.partition_point(|&at| at <= wall - 2 * MINUTE);
            if let Some(&at) = self.moments.get(index) {
                next = next.min(at - ahead);
            }
        }
        if let Some(fall) = self.oracle.holding.next_fall() {
            next = next.min(fall - self.hub.clocks.ahead_ms(now));
        }
        for noon in self.script.nights() {
            let noon = noon.at(12 * 60);
            if noon > now.utc - MINUTE {
                next = next.min(noon);
            }
        }
        next
    }

    fn queue_in(&mut self, ms: u64, happening: Happening) {
        self.queue_at(self.now.elapsed + ms, happening);
    }

    fn queue_at(&mut self, at: u64, happening: Happening) {
        self.queued += 1;
        self.queue.push(Queued {
            at: at.max(self.now.elapsed),
            number: self.queued,
            happening,
        });
    }

    /// Remembers something worth telling if a promise breaks soon.
    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.notes.len() >= self.notes_max {
            self.notes.pop_front();
        }
        let note = format!("{} {}", shown(self.now.utc), what());
        self.notes.push_back(note);
    }

    /// Adds to the digest of all events (Fowler, Noll and Vo's hash, a word at a time).
    fn mix(&mut self, word: u64) {
        self.digest = (self.digest ^ word)
            .wrapping_mul(0x100_0000_01b3)
            .rotate_left(17);
    }

    /// The night is over and everything was repaired in time.
    fn judge_end(&mut self) -> Result<(), Broken> {
        self.judge_ledger()?;
        for night in self.script.played() {
            self.oracle.judge_balance(night)?;
            self.judge_reading(night)?;
        }
        for (number, unit) in self.units.iter().enumerate() {
            // A unit that was replaced is believed no more, and keeps what it could not say.
            if !self.town.has(number) {
                continue;
            }
            if let Some(key) = unit
                .safe
                .values()
                .find(|key| !self.oracle.holds(unit.id, **key))
            {
                let what = format!("report {key:?} of {} was kept and never came", unit.id);
                return oracle::broken(oracle::Breach::Lost, what);
            }
        }
        Ok(())
    }

    /// A night as the product reads it, once everything is on the disk.
    fn judge_reading(&mut self, night: Day) -> Result<(), Broken> {
        store::settle(&self.hub.ledger, &self.hub.side).expect("the store is in memory");
        let store = self.hub.ledger.open().expect("the store is in memory");
        let account = store.account(town::date_of(night));
        let account = account.expect("the store is in memory and can be read");
        self.oracle
            .judge_reading(night, &account, moment(self.script.ends))
    }

    fn night(mut self, broken: Option<Broken>) -> Night {
        self.counts.settled = self.oracle.settled;
        self.counts.late_outcomes = self.oracle.late_outcomes;
        self.counts.marked_late = self.oracle.marked_late;
        self.counts.called_off = self.oracle.called_off;
        self.counts.acts = self.oracle.holding.acts;
        self.counts.fallen = self.oracle.holding.fallen;
        self.counts.reports_after_words = self.oracle.reports_after_words;
        self.counts.long_outages = u64::from(self.script.outage.is_some());
        let hours = self.script.night.night_hours();
        self.counts.short_nights = u64::from(hours == 23);
        self.counts.long_nights = u64::from(hours == 25);
        Night {
            checks: self.oracle.passed(),
            faults: self.faults,
            counts: self.counts,
            digest: self.digest,
            broken: broken.map(|broken| (broken, self.notes.into())),
        }
    }
}
