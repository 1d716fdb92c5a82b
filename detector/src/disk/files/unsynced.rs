//! Files in memory that know what a power cut might make of them.
//!
//! The model is that of a journalled file system at its worst: what was written to a file and
//! not synced may be there up to any byte, and the rest may be missing or zeros, as when a
//! length reaches the disk before the bytes; a file made anew may still be the old one. Names
//! reach the disk in the order in which they were changed, whether or not the bytes behind them
//! did. What was synced stays.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use super::Files;

/// What a folder holds: names and bytes.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// Whether syncing does anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncing {
    /// As it should.
    #[default]
    Honoured,
    /// It returns at once and does nothing, like a program that forgets it.
    Ignored,
}

/// Files in memory. Clones are the same files, so that a test can look on.
#[derive(Clone, Debug, Default)]
pub struct UnsyncedFiles(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    syncing: Syncing,
    files: Vec<Bytes>,
    /// Which file a name means, now and after a power cut.
    names: BTreeMap<String, usize>,
    safe_names: BTreeMap<String, usize>,
    pending: Vec<BTreeMap<String, usize>>,
    /// Every state that a power cut could have left, after each step so far.
    history: Vec<Vec<Contents>>,
    watched: bool,
}

/// A file's bytes, now and after a power cut.
#[derive(Clone, Debug, Default)]
struct Bytes {
    now: Vec<u8>,
    safe: Vec<u8>,
}

impl UnsyncedFiles {
    /// Files that hold this, all of it safe.
    #[must_use]
    pub fn holding(contents: &Contents, syncing: Syncing) -> Self {
        let mut state = State {
            syncing,
            ..State::default()
        };
        for (index, (name, bytes)) in contents.iter().enumerate() {
            state.files.push(Bytes {
                now: bytes.clone(),
                safe: bytes.clone(),
            });
            state.names.insert(name.clone(), index);
        }
        state.safe_names.clone_from(&state.names);
        Self(Rc::new(RefCell::new(state)))
    }

    /// Remembers from now on what a power cut could leave after each step.
    pub fn watch(&self) {
        self.0.borrow_mut().watched = true;
    }

    /// What a power cut could have left after each step since [`UnsyncedFiles::watch`] or the
    /// last call.
    #[must_use]
    pub fn take_history(&self) -> Vec<Vec<Contents>> {
        std::mem::take(&mut self.0.borrow_mut().history)
    }

    /// Every state in which a power cut at this moment might leave the folder.
    #[must_use]
    pub fn after_a_cut(&self) -> Vec<Contents> {
        self.0.borrow().after_a_cut()
    }

    fn step(&self, step: impl FnOnce(&mut State)) {
        let mut state = self.0.borrow_mut();
        step(&mut state);
        if state.watched {
            let states = state.after_a_cut();
            state.history.push(states);
        }
    }
}

impl State {
    fn after_a_cut(&self) -> Vec<Contents> {
        let mut states = Vec::new();
        for names in std::iter::once(&self.safe_names).chain(&self.pending) {
            let mut of_names = vec![Contents::new()];
            for (name, &file) in names {
                let possible = self.files.get(file).map(Bytes::after_a_cut);
                let possible = possible.unwrap_or_default();
                of_names = of_names
                    .iter()
                    .flat_map(|state| {
                        possible.iter().map(move |bytes| {
                            let mut state = state.clone();
                            state.insert(name.clone(), bytes.clone());
                            state
                        })
                    })
                    .collect();
            }
            states.extend(of_names);
        }
        states.sort();
        states.dedup();
        states
    }

    fn rename_now(&mut self, names: BTreeMap<String, usize>) {
        self.names = names;
        self.pending.push(self.names.clone());
    }

    fn file(&mut self, name: &str) -> usize {
        match self.names.get(name) {
            Some(&file) => file,
            None => {
                self.files.push(Bytes::default());
                let file = self.files.len() - 1;
                let mut names = self.names.clone();
                names.insert(name.to_owned(), file);
                self.rename_now(names);
                file
            }
        }
    }
}

impl Bytes {
    fn after_a_cut(&self) -> Vec<Vec<u8>> {
        let kept = match self.now.starts_with(&self.safe) {
            true => self.safe.len(),
            false => 0,
        };
        let mut states = vec![self.safe.clone()];
        for cut in kept..=self.now.len() {
            let there = self.now.get(..cut).unwrap_or_default();
            states.push(there.to_vec());
            let mut zeros = there.to_vec();
            zeros.resize(self.now.len(), 0);
            states.push(zeros);
        }
        states.sort();
        states.dedup();
        states
    }
}

impl Files for UnsyncedFiles {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let state = self.0.borrow();
        let file = state
            .names
            .get(name)
            .and_then(|&file| state.files.get(file));
        Ok(file.map(|file| file.now.clone()))
    }

    fn write_end(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.step(|state| {
            let file = state.file(name);
            if let Some(file) = state.files.get_mut(file) {
                file.now.extend_from_slice(bytes);
            }
        });
        Ok(())
    }

    fn write_new(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.step(|state| {
            let file = state.file(name);
            if let Some(file) = state.files.get_mut(file) {
                file.now = bytes.to_vec();
            }
        });
        Ok(())
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.step(|state| {
            if state.syncing == Syncing::Ignored {
                return;
            }
            let file = state.names.get(name).copied();
            if let Some(file) = file.and_then(|file| state.files.get_mut(file)) {
                file.safe.clone_from(&file.now);
            }
        });
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut names = self.0.borrow().names.clone();
        let file = names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        names.insert(to.to_owned(), file);
        self.step(|state| state.rename_now(names));
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        self.step(|state| {
            if state.syncing == Syncing::Honoured {
                state.safe_names.clone_from(&state.names);
                state.pending.clear();
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(files: &UnsyncedFiles, name: &str) -> Vec<Option<Vec<u8>>> {
        let states = files.after_a_cut();
        let mut left: Vec<_> = states
            .iter()
            .map(|state| state.get(name).cloned())
            .collect();
        left.sort();
        left.dedup();
        left
    }

    #[test]
    fn what_was_not_synced_may_be_missing_torn_or_zeros() {
        let mut files = UnsyncedFiles::default();
        files.write_end("a", b"xy").unwrap();
        let expected: [Option<&[u8]>; 6] = [
            None,
            Some(b""),
            Some(b"\0\0"),
            Some(b"x"),
            Some(b"x\0"),
            Some(b"xy"),
        ];
        assert_eq!(
            left(&files, "a"),
            expected.map(|bytes| bytes.map(<[u8]>::to_vec))
        );
        files.sync("a").unwrap();
        assert_eq!(
            left(&files, "a"),
            [None, Some(b"xy".to_vec())],
            "its name may be missing"
        );
        files.sync_names().unwrap();
        assert_eq!(left(&files, "a"), [Some(b"xy".to_vec())]);
    }

    #[test]
    fn a_name_may_reach_the_disk_before_the_bytes_behind_it() {
        let old = Contents::from([("a".to_owned(), b"old".to_vec())]);
        let mut files = UnsyncedFiles::holding(&old, Syncing::Honoured);
        files.write_new("a.new", b"n").unwrap();
        files.rename("a.new", "a").unwrap();
        let expected: [&[u8]; 4] = [b"", b"\0", b"n", b"old"];
        assert_eq!(
            left(&files, "a"),
            expected.map(|bytes| Some(bytes.to_vec()))
        );
    }

    #[test]
    fn a_disk_that_ignores_syncs_keeps_nothing_for_certain() {
        let mut files = UnsyncedFiles::holding(&Contents::new(), Syncing::Ignored);
        files.write_end("a", b"x").unwrap();
        files.sync("a").unwrap();
        files.sync_names().unwrap();
        assert!(left(&files, "a").contains(&None));
    }
}
