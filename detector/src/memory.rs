//! What the eye must remember over restarts and power cuts, in two small places of fixed size.
//!
//! The places are written in turn, each with a count and a checksum, so that a cut in the
//! middle of a write leaves the one before. They are behind descriptors that are opened before
//! the eye shuts itself in, and never grow. [`Slots`] is the edge; [`SlotFile`] is the real one.
//! What is remembered is no secret and no picture: versions, times, and which checks were
//! looked at in the last day.
//!
//! Both places damaged is not the same as nothing written yet: then nobody knows how often the
//! eye has looked, and [`EyeMemory::open`] says [`Found::Lost`].

mod slot_file;

use std::io;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use nattsyn_protocol::ids::{CheckId, ResidentId};
use nattsyn_protocol::policy::{Approval, Mode, Policy};
use nattsyn_protocol::thresholds::Likeness;
use nattsyn_protocol::time::Timestamp;

use crate::guard::lifetime::{Age, Mark};
use crate::record;

pub use slot_file::SlotFile;

/// Size of a slot in bytes: a page of memory and the largest sector of a disk, so that a torn
/// write cannot reach into the other slot.
pub const SLOT_BYTES: usize = 4096;

/// Most residents whose plans' versions are remembered: twice what a home may have at
/// once. At the bound the one goes whose plan was taken longest ago and is not held.
pub const SEEN_MAX: usize = 16;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// How many times the eye has started. Part of its boot id, so that no two are alike.
    pub runs: u32,
    /// The latest epoch of the hub's keys.
    pub epoch: u32,
    /// The highest version of each resident's plan in this epoch, in the order in which they
    /// were taken.
    pub plans: Vec<SeenPlan>,
    /// The looks of the last 24 hours.
    pub looks: Vec<MadeLook>,
    /// Time.
    pub mark: Option<Mark>,
    /// The policy that is worked by: after a restart the eye needs nobody for it, and no older
    /// one can take its place.
    #[serde(default)]
    pub policy: Option<Box<KeptPolicy>>,
    /// The highest number of a roster of operators.
    #[serde(default)]
    pub roster: u32,
    /// The live views of late, at most [`nattsyn_protocol::grant::VIEWS_PER_NIGHT_MAX`] of one
    /// night.
    #[serde(default)]
    pub views: Vec<MadeView>,
    /// When the button at the unit was last begun to be waited for.
    #[serde(default)]
    pub waited: Option<Age>,
    /// The home's thresholds, kept as the policy is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<KeptThresholds>,
    /// What must be known of leaves to try the unit out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commissioning: Option<SeenCommissioning>,
    /// The number of the newest word about as what the unit is commissioned; none in a memory of
    /// before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<u64>,
}

/// The newest leave to try the unit out. Itself it is over with the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCommissioning {
    /// Its version; 0 where none is known.
    pub version: u32,
    /// The epoch of the hub's key that signed it.
    pub epoch: u32,
    /// When leaves of late began to wait for the button, at most
    /// [`crate::guard::commission::WAITS_MAX`].
    #[serde(default)]
    pub waited: Vec<Age>,
}

/// The thresholds of the highest version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptThresholds {
    /// Which version.
    pub version: u32,
    /// The epoch of the hub's key that signed it.
    pub epoch: u32,
    /// The level of *visible*.
    pub visible: u8,
    /// The level of *not visible*.
    pub not_visible: u8,
    /// Whether the home still looks as it did when they were found.
    pub home: Likeness,
    /// The count by which it was last gone through anew; 0 in a memory of before it was kept.
    #[serde(default)]
    pub anew: u32,
}

/// The policy of the highest version, and how much of it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPolicy {
    /// As it was verified.
    pub policy: Policy,
    /// The epoch of the hub's key that signed it; `None` in a memory of before this was kept.
    #[serde(default)]
    pub epoch: Option<u32>,
    /// What is in force of it: less than it says until somebody has pressed the button.
    pub mode: Mode,
    /// Whether somebody has.
    pub approval: Approval,
    /// Until when what somebody approved counts as approved, renewed or not; `None` where nobody
    /// has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_until_ms: Option<Timestamp>,
    /// Since when no look at all is agreed to; `None` while any is, and in a memory of before
    /// this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_since: Option<Age>,
}

/// A live view that was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeView {
    /// In which night; `None` for one that may have been and was forgotten.
    pub night: Option<jiff::civil::Date>,
    /// When.
    pub at: Age,
}

/// The highest version of a resident's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPlan {
    /// Whose.
    pub resident: ResidentId,
    /// Which version.
    pub version: u32,
}

/// A look that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeLook {
    /// At which check; `None` for one that may have been made and was forgotten.
    pub check: Option<CheckId>,
    /// When.
    pub at: Age,
    /// What it was for.
    #[serde(default, skip_serializing_if = "Purpose::is_plans")]
    pub of: Purpose,
}

/// What a look was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The plan's.
    #[default]
    Plan,
    /// It came before a live view.
    View,
}

impl Purpose {
    fn is_plans(&self) -> bool {
        *self == Self::Plan
    }
}

/// One of the two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first.
    One,
    /// The second.
    Two,
}

impl Slot {
    fn other(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }
}

/// Two places of [`SLOT_BYTES`], opened once and kept.
pub trait Slots {
    /// A place's bytes; all zero where nothing was ever written.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn read(&mut self, slot: Slot) -> io::Result<Vec<u8>>;

    /// Overwrites a place. Durable on return; the other place is not touched.
    ///
    /// # Errors
    ///
    /// It cannot be written; what it holds is unknown.
    fn write(&mut self, slot: Slot, bytes: &[u8; SLOT_BYTES]) -> io::Result<()>;
}

/// What was found when the memory was opened.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<M = Memory> {
    /// Nothing was ever written: a new unit.
    Nothing,
    /// What was written last, or, after a torn write, the time before.
    Remembered(M),
    /// Something was written, and neither place can be read.
    Lost,
}

/// The two places, and which is next.
pub struct EyeMemory<M = Memory> {
    slots: Box<dyn Slots>,
    next: Slot,
    count: u64,
    remembered: PhantomData<M>,
}

/// A place's content. The count says which is newer.
#[derive(Serialize, Deserialize)]
struct Page<M> {
    count: u64,
    memory: M,
}

/// What one place holds.
enum Held<M> {
    Blank,
    Page(Page<M>),
    Damaged,
}

impl<M: Serialize + DeserializeOwned> EyeMemory<M> {
    /// Opens the memory; a place that is damaged is overwritten first.
    #[must_use]
    pub fn open(mut slots: Box<dyn Slots>) -> (Self, Found<M>) {
        let (next, count, found) =
            match (held(&mut *slots, Slot::One), held(&mut *slots, Slot::Two)) {
                (Held::Page(one), Held::Page(two)) if one.count > two.count => {
                    newest(one, Slot::One)
                }
                (_, Held::Page(two)) => newest(two, Slot::Two),
                (Held::Page(one), Held::Blank | Held::Damaged) => newest(one, Slot::One),
                (Held::Blank, Held::Blank) => (Slot::One, 0, Found::Nothing),
                // The very first write was torn: nothing had been promised before it.
                (Held::Damaged, Held::Blank) => (Slot::One, 0, Found::Nothing),
                (Held::Blank | Held::Damaged, Held::Damaged) => (Slot::One, 0, Found::Lost),
            };
        let memory = Self {
            slots,
            next,
            count,
            remembered: PhantomData,
        };
        (memory, found)
    }

    /// Writes down what is to be remembered. Durable on return.
    ///
    /// # Errors
    ///
    /// It cannot be written; what was remembered before still is.
    pub fn write(&mut self, memory: &M) -> io::Result<()> {
        let page = Page {
            count: self.count + 1,
            memory,
        };
        let line = record::line(&page);
        let mut bytes = [b'\n'; SLOT_BYTES];
        let room = bytes.get_mut(..line.len());
        room.ok_or(io::ErrorKind::FileTooLarge)?
            .copy_from_slice(&line);
        self.slots.write(self.next, &bytes)?;
        self.count = page.count;
        self.next = self.next.other();
        Ok(())
    }

    /// Overwrites both places: nothing was ever written, as far as a next run can tell. What a
    /// memory card keeps of bytes that were overwritten is its own affair.
    ///
    /// # Errors
    ///
    /// A place cannot be written; it may still hold what it held.
    pub fn erase(&mut self) -> io::Result<()> {
        let nothing = [0; SLOT_BYTES];
        // The older first: of a power cut between them the newest is left, not the one before.
        self.slots.write(self.next, &nothing)?;
        self.slots.write(self.next.other(), &nothing)
    }
}

fn newest<M>(page: Page<M>, slot: Slot) -> (Slot, u64, Found<M>) {
    (slot.other(), page.count, Found::Remembered(page.memory))
}

fn held<M: DeserializeOwned>(slots: &mut dyn Slots, slot: Slot) -> Held<M> {
    let bytes = match slots.read(slot) {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(?slot, %error, "the eye's memory cannot be read");
            return Held::Damaged;
        }
    };
    if bytes.iter().all(|&byte| byte == 0) {
        return Held::Blank;
    }
    let pages = record::read::<Page<M>>(&bytes);
    match pages.whole.into_iter().next() {
        Some(page) => Held::Page(page),
        None => {
            tracing::error!(?slot, "the eye's memory is damaged");
            Held::Damaged
        }
    }
}

/// Two places in memory, for tests and simulations: a power cut tears the last write.
#[derive(Clone, Debug)]
pub struct SimulatedSlots {
    /// What they hold.
    pub held: [Vec<u8>; 2],
    /// Whether they can be written.
    pub health: SlotHealth,
}

/// How [`SimulatedSlots`] behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotHealth {
    /// As they should.
    Well,
    /// Nothing can be written.
    ReadOnly,
    /// Nothing can be read or written.
    Broken,
}

impl Default for SimulatedSlots {
    fn default() -> Self {
        Self {
            held: [vec![0; SLOT_BYTES], vec![0; SLOT_BYTES]],
            health: SlotHealth::Well,
        }
    }
}

impl SimulatedSlots {
    fn place(&mut self, slot: Slot) -> &mut Vec<u8> {
        let [one, two] = &mut self.held;
        match slot {
            Slot::One => one,
            Slot::Two => two,
        }
    }
}

impl Slots for SimulatedSlots {
    fn read(&mut self, slot: Slot) -> io::Result<Vec<u8>> {
        match self.health {
            SlotHealth::Well | SlotHealth::ReadOnly => Ok(self.place(slot).clone()),
            SlotHealth::Broken => Err(io::ErrorKind::Other.into()),
        }
    }

    fn write(&mut self, slot: Slot, bytes: &[u8; SLOT_BYTES]) -> io::Result<()> {
        match self.health {
            SlotHealth::Well => {
                *self.place(slot) = bytes.to_vec();
                Ok(())
            }
            SlotHealth::ReadOnly => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            SlotHealth::Broken => Err(io::ErrorKind::Other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use nattsyn_protocol::policy::STOPPED_MAX;

    use super::*;
    use crate::guard::LOOKS_MAX;
    use crate::guard::lifetime::{MachineBoot, Pause};

    /// Slots that the test can look into.
    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<SimulatedSlots>>);

    impl Slots for Shared {
        fn read(&mut self, slot: Slot) -> io::Result<Vec<u8>> {
            self.0.borrow_mut().read(slot)
        }

        fn write(&mut self, slot: Slot, bytes: &[u8; SLOT_BYTES]) -> io::Result<()> {
            self.0.borrow_mut().write(slot, bytes)
        }
    }

    fn memory(epoch: u32) -> Memory {
        Memory {
            epoch,
            ..Memory::default()
        }
    }

    fn found(slots: SimulatedSlots) -> Found {
        EyeMemory::open(Box::new(slots)).1
    }

    /// What so many writes leave behind.
    fn written(times: u32) -> SimulatedSlots {
        let shared = Shared::default();
        let (mut memory_of, _) = EyeMemory::open(Box::new(shared.clone()));
        for epoch in 1..=times {
            memory_of.write(&memory(epoch)).unwrap();
        }
        shared.0.take()
    }

    #[test]
    fn what_is_erased_is_in_neither_place_and_what_comes_after_is_remembered() {
        let shared = Shared(Rc::new(RefCell::new(written(3))));
        let (mut memory_of, _) = EyeMemory::<Memory>::open(Box::new(shared.clone()));
        memory_of.erase().unwrap();
        assert_eq!(found(shared.0.borrow().clone()), Found::Nothing);
        assert!(
            shared
                .0
                .borrow()
                .held
                .iter()
                .flatten()
                .all(|byte| *byte == 0)
        );
        memory_of.write(&memory(9)).unwrap();
        assert_eq!(found(shared.0.take()), Found::Remembered(memory(9)));
    }

    #[test]
    fn a_power_cut_while_erasing_leaves_the_newest_or_nothing() {
        for times in 1..=4 {
            let mut slots = written(times);
            let newest = usize::from(times % 2 == 0);
            slots.held[1 - newest].fill(0);
            assert_eq!(found(slots), Found::Remembered(memory(times)));
        }
    }

    #[test]
    fn what_was_written_last_is_remembered() {
        assert_eq!(found(written(0)), Found::Nothing);
        for times in 1..=5 {
            assert_eq!(found(written(times)), Found::Remembered(memory(times)));
        }
    }

    #[test]
    fn a_write_that_is_torn_at_any_byte_leaves_the_one_before() {
        for times in 1..=3 {
            let (before, after) = (written(times), written(times + 1));
            let changed = usize::from(before.held[0] == after.held[0]);
            let end = after.held[changed]
                .iter()
                .position(|&byte| byte == b'\n')
                .unwrap();
            // Behind the end stand empty lines, like those of the writing before.
            for cut in (0..=end + 1).chain([SLOT_BYTES - 1, SLOT_BYTES]) {
                let mut torn = before.clone();
                torn.held[changed][..cut].copy_from_slice(&after.held[changed][..cut]);
                let expected = [memory(times), memory(times + 1)].map(Found::Remembered);
                let whole = torn.held[changed] == after.held[changed];
                let found = found(torn.clone());
                assert!(expected.contains(&found), "{found:?} at {cut}");
                assert!(!whole || found == expected[1]);
                // And the next write goes to the torn place, not over the good one.
                let (mut memory_of, _) = EyeMemory::open(Box::new(torn));
                memory_of.write(&memory(99)).unwrap();
            }
        }
    }

    #[test]
    fn after_a_torn_write_the_next_never_endangers_the_good_place() {
        let mut torn = written(2);
        torn.held[1][10] ^= 1;
        let shared = Shared(Rc::new(RefCell::new(torn)));
        let (mut memory_of, found) = EyeMemory::open(Box::new(shared.clone()));
        assert_eq!(found, Found::Remembered(memory(1)));
        let good = shared.0.borrow().held[0].clone();
        memory_of.write(&memory(3)).unwrap();
        assert_eq!(shared.0.borrow().held[0], good);
    }

    #[test]
    fn after_a_restart_the_older_place_is_written_first() {
        for times in 1..=4 {
            let before = written(times);
            let shared = Shared(Rc::new(RefCell::new(before.clone())));
            let (mut memory_of, _) = EyeMemory::open(Box::new(shared.clone()));
            memory_of.write(&memory(99)).unwrap();
            let newest = usize::from(times.is_multiple_of(2));
            assert_eq!(shared.0.borrow().held[newest], before.held[newest]);
        }
    }

    #[test]
    fn a_first_write_that_is_torn_leaves_a_new_unit() {
        let whole = written(1);
        let end = whole.held[0]
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap();
        for cut in 0..end {
            let mut torn = SimulatedSlots::default();
            torn.held[0][..cut].copy_from_slice(&whole.held[0][..cut]);
            assert_eq!(found(torn), Found::Nothing, "cut at {cut}");
        }
    }

    #[test]
    fn two_rotten_places_are_lost_and_not_new() {
        let mut rotten = written(2);
        rotten.held[0][30] ^= 4;
        rotten.held[1][30] ^= 4;
        assert_eq!(found(rotten), Found::Lost);
        let mut broken = written(2);
        broken.health = SlotHealth::Broken;
        assert_eq!(found(broken), Found::Lost);
    }

    #[test]
    fn one_rotten_place_costs_the_last_write_at_most() {
        for bit in 0..8 {
            for index in 0..60 {
                let mut rotten = written(3);
                rotten.held[0][index] ^= 1 << bit;
                assert_eq!(found(rotten), Found::Remembered(memory(2)));
            }
        }
    }

    #[test]
    fn the_most_that_is_remembered_fits_a_slot() {
        let most = Memory {
            runs: u32::MAX,
            epoch: u32::MAX,
            plans: vec![
                SeenPlan {
                    resident: "r0000001".parse().unwrap(),
                    version: u32::MAX,
                };
                SEEN_MAX
            ],
            looks: vec![
                MadeLook {
                    check: Some("r0000001.20261121.255".parse().unwrap()),
                    at: Age(u64::MAX),
                    of: Purpose::View,
                };
                LOOKS_MAX
            ],
            mark: Some(Mark {
                age: Age(u64::MAX),
                uptime_ms: u64::MAX,
                machine: Some(MachineBoot(u64::MAX)),
                trusted: Some((
                    Timestamp::from_ms(i64::MAX / 1_000_000).unwrap(),
                    Age(u64::MAX),
                )),
                pause: Pause::Unknown,
            }),
            policy: Some(Box::new(KeptPolicy {
                epoch: Some(u32::MAX),
                policy: Policy {
                    unit: "u0000001".parse().unwrap(),
                    version: u32::MAX,
                    mode: Mode::LiveView,
                    stopped: vec!["r0000001".parse().unwrap(); STOPPED_MAX],
                    from_ms: Timestamp::from_ms(i64::MAX / 1_000_000).unwrap(),
                    until_ms: Timestamp::from_ms(i64::MAX / 1_000_000).unwrap(),
                },
                mode: Mode::LiveView,
                approval: Approval::NotNeeded,
                approved_until_ms: Some(Timestamp::from_ms(i64::MAX / 1_000_000).unwrap()),
                off_since: Some(Age(u64::MAX)),
            })),
            roster: u32::MAX,
            views: vec![
                MadeView {
                    night: Some(jiff::civil::date(2026, 11, 21)),
                    at: Age(u64::MAX),
                };
                crate::guard::VIEWS_KEPT_MAX
            ],
            waited: Some(Age(u64::MAX)),
            thresholds: Some(KeptThresholds {
                version: u32::MAX,
                epoch: u32::MAX,
                visible: 64,
                not_visible: 64,
                home: Likeness::Changed,
                anew: u32::MAX,
            }),
            commissioning: Some(SeenCommissioning {
                version: u32::MAX,
                epoch: u32::MAX,
                waited: vec![Age(u64::MAX); crate::guard::commission::WAITS_MAX],
            }),
            word: Some(u64::MAX),
        };
        let (mut memory_of, _) = EyeMemory::open(Box::new(SimulatedSlots::default()));
        memory_of.count = u64::MAX - 1;
        memory_of.write(&most).unwrap();
    }
}
