//! The files of a unit's disk, whose power can go between any two steps and within one.
//!
//! Over it runs the product's own folder, which knows in which order to write and sync. What
//! was not synced may be lost, torn or zeros when the power goes, as on a journalled file
//! system at its worst, and so may a name; what was synced stays. Unlike the product's own
//! model, which tells every state that a cut may leave, this one falls into one of them, by the
//! dice. Without the rule `fsync` a sync does nothing, and the system writes back by itself.

use std::collections::BTreeMap;
use std::io;

use nattsyn_detector::disk::{DiskHealth, Files};

use super::dice::Dice;

/// How long the system keeps what nobody synced before it writes it back: the Linux kernel's
/// `dirty_expire_centisecs`, 30 s.
const WRITE_BACK_AFTER_MS: u64 = 30_000;

/// Whether a sync syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syncing {
    /// As the product counts on.
    Kept,
    /// The rule is switched off.
    Forgotten,
}

/// Where in what is written the power goes, or the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nowhere.
    Never,
    /// Before the step after this many.
    Before(u32),
    /// In the step after this many: it is done, and nothing follows it.
    Within(u32),
}

/// Whether a power cut lost anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Everything was synced.
    Nothing,
    /// Something was not.
    Something,
}

/// A file's bytes: what programs read, and what a power cut leaves for certain.
#[derive(Clone, Debug, Default)]
struct Bytes {
    now: Vec<u8>,
    safe: Vec<u8>,
}

type Names = BTreeMap<String, usize>;

/// The disk.
#[derive(Clone, Debug)]
pub(super) struct WorldDisk {
    bytes: Vec<Bytes>,
    names: Names,
    safe_names: Names,
    /// What the names became since they were safe, one change after the other.
    pending: Vec<Names>,
    /// Since when something is not synced.
    dirty_since: Option<u64>,
    dice: Dice,
    syncing: Syncing,
    pub(super) health: DiskHealth,
    pub(super) cut: Cut,
    /// Set when a cut has struck; whoever holds the disk stops what it does.
    pub(super) struck: bool,
    /// The World's elapsed time, set before the disk is used.
    pub(super) now: u64,
}

impl WorldDisk {
    pub(super) fn new(dice: Dice, syncing: Syncing) -> Self {
        Self {
            bytes: Vec::new(),
            names: Names::new(),
            safe_names: Names::new(),
            pending: Vec::new(),
            dirty_since: None,
            dice,
            syncing,
            health: DiskHealth::Well,
            cut: Cut::Never,
            struck: false,
            now: 0,
        }
    }

    /// What programs read.
    pub(super) fn seen(&self, name: &str) -> &[u8] {
        let bytes = self.names.get(name).and_then(|&at| self.bytes.get(at));
        bytes.map_or(&[], |bytes| &bytes.now)
    }

    /// The process died and the machine did not: everything written is still seen.
    pub(super) fn survive(&mut self) {
        self.struck = false;
        self.cut = Cut::Never;
    }

    /// The power went.
    pub(super) fn lose_power(&mut self) -> Loss {
        self.survive();
        self.write_back();
        let is_dirty = !self.pending.is_empty() || self.bytes.iter().any(|it| it.now != it.safe);
        if !self.pending.is_empty() {
            let came_through = self.dice.place(self.pending.len() + 1);
            if let Some(names) = came_through
                .checked_sub(1)
                .and_then(|at| self.pending.get(at))
            {
                self.safe_names.clone_from(names);
            }
        }
        let mut left = WorldDisk::new(self.dice.clone(), self.syncing);
        for (name, &at) in &self.safe_names {
            let bytes = self.bytes.get(at).map(|it| it.after_a_cut(&mut self.dice));
            let bytes = bytes.unwrap_or_default();
            left.names.insert(name.clone(), left.bytes.len());
            left.bytes.push(Bytes {
                now: bytes.clone(),
                safe: bytes,
            });
        }
        self.bytes = left.bytes;
        self.names = left.names;
        self.safe_names.clone_from(&self.names);
        self.pending.clear();
        self.dirty_since = None;
        if is_dirty {
            Loss::Something
        } else {
            Loss::Nothing
        }
    }

    /// Counts a step. An error if the power went before it, or nothing can be written.
    fn begin(&mut self) -> io::Result<()> {
        if self.struck || self.health == DiskHealth::Broken {
            return Err(io::ErrorKind::Other.into());
        }
        self.write_back();
        match self.cut {
            Cut::Before(0) => {
                self.struck = true;
                Err(io::ErrorKind::Other.into())
            }
            Cut::Before(left) => {
                self.cut = Cut::Before(left - 1);
                Ok(())
            }
            Cut::Within(0) => {
                self.struck = true;
                Ok(())
            }
            Cut::Within(left) => {
                self.cut = Cut::Within(left - 1);
                Ok(())
            }
            Cut::Never => Ok(()),
        }
    }

    /// The end of a step: an error if it was the last.
    fn end(&mut self) -> io::Result<()> {
        if self.dirty_since.is_none() {
            self.dirty_since = Some(self.now);
        }
        if self.struck {
            return Err(io::ErrorKind::Other.into());
        }
        Ok(())
    }

    fn write_back(&mut self) {
        let is_due = |since: u64| self.now >= since + WRITE_BACK_AFTER_MS;
        if self.syncing == Syncing::Forgotten && self.dirty_since.is_some_and(is_due) {
            self.dirty_since = None;
            self.pending.clear();
            self.safe_names.clone_from(&self.names);
            for bytes in &mut self.bytes {
                bytes.safe.clone_from(&bytes.now);
            }
        }
    }

    fn change_names(&mut self, names: Names) {
        self.names = names;
        self.pending.push(self.names.clone());
    }

    fn bytes_of(&mut self, name: &str) -> &mut Bytes {
        let at = match self.names.get(name) {
            Some(&at) => at,
            None => {
                self.bytes.push(Bytes::default());
                let mut names = self.names.clone();
                names.insert(name.to_owned(), self.bytes.len() - 1);
                self.change_names(names);
                self.bytes.len() - 1
            }
        };
        &mut self.bytes[at]
    }

    /// How much of so many bytes a disk in this state takes.
    fn room(&self, length: usize) -> usize {
        match self.health {
            DiskHealth::Well => length,
            DiskHealth::Full | DiskHealth::Broken => length / 2,
        }
    }
}

impl Bytes {
    /// One of the states in which a power cut may leave them.
    fn after_a_cut(&self, dice: &mut Dice) -> Vec<u8> {
        if self.now == self.safe {
            return self.safe.clone();
        }
        let kept = if self.now.starts_with(&self.safe) {
            self.safe.len()
        } else if dice.happens(300) {
            return self.safe.clone();
        } else {
            0
        };
        let there = kept + dice.place(self.now.len() - kept + 1);
        let mut bytes = self.now.get(..there).unwrap_or(&self.now).to_vec();
        if dice.happens(300) {
            bytes.resize(self.now.len(), 0);
        }
        bytes
    }
}

impl Files for WorldDisk {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        if self.struck || self.health == DiskHealth::Broken {
            return Err(io::ErrorKind::Other.into());
        }
        let bytes = self.names.get(name).and_then(|&at| self.bytes.get(at));
        Ok(bytes.map(|bytes| bytes.now.clone()))
    }

    fn write_end(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.begin()?;
        let room = self.room(bytes.len());
        let there = bytes.get(..room).unwrap_or(bytes);
        self.bytes_of(name).now.extend_from_slice(there);
        self.end()?;
        if room < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn write_new(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.begin()?;
        let room = self.room(bytes.len());
        let there = bytes.get(..room).unwrap_or(bytes).to_vec();
        self.bytes_of(name).now = there;
        self.end()?;
        if room < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.begin()?;
        if self.syncing == Syncing::Kept {
            let bytes = self.bytes_of(name);
            bytes.safe.clone_from(&bytes.now);
        }
        self.end()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.begin()?;
        let mut names = self.names.clone();
        let at = names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        names.insert(to.to_owned(), at);
        self.change_names(names);
        self.end()
    }

    fn sync_names(&mut self) -> io::Result<()> {
        self.begin()?;
        if self.syncing == Syncing::Kept {
            self.safe_names.clone_from(&self.names);
            self.pending.clear();
        }
        self.end()
    }
}
