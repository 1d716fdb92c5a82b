//! Shutting a program in: what it has opened is all that it will ever have.
//!
//! Several [`Wall`]s stand one behind the other, each good for itself, because no kernel has all
//! of them and none is without holes. [`begin`] puts up those that a thread hands on to the
//! threads it starts, so it is called when everything is open and before the first thread;
//! [`Begun::finish`] puts up the last one, the list of allowed calls, for all threads at once.
//! A wall that cannot be put up is said in the log, and refused unless it was accepted by name.
//!
//! Nothing here opens what a program needs, and nothing can be undone: a program that needs
//! more is started anew. Why so: `docs/design/0008-the-eye-is-shut-in.md`; which calls remain:
//! `docs/reference/shut-in.md`.

mod attack;
mod calls;
mod filter;
pub mod prove;
mod walls;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use nattsyn_clock::Clock;
use serde::Deserialize;

pub use calls::{Allowed, Request, eye as eyes_calls, voice as voices_calls};
pub use walls::keep_memory_private;

/// One of the walls, by the name under which a configuration may do without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// The program runs as a user of its own: neither as root nor as who started it.
    OwnUser,
    /// No page of its memory is ever written to a swap disk: locked, or there is none.
    LockedMemory,
    /// A network namespace with nothing in it.
    Network,
    /// No program that it started could gain rights, and its own are given up.
    Privileges,
    /// Landlock: no file by name, no port, no signal to others.
    Landlock,
    /// seccomp: a list of allowed system calls.
    Calls,
}

impl Wall {
    /// Every wall, in the order in which they are put up.
    pub const ALL: [Self; 6] = [
        Self::OwnUser,
        Self::LockedMemory,
        Self::Network,
        Self::Privileges,
        Self::Landlock,
        Self::Calls,
    ];

    /// Its name in configuration and log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnUser => "own_user",
            Self::LockedMemory => "locked_memory",
            Self::Privileges => "privileges",
            Self::Network => "network",
            Self::Landlock => "landlock",
            Self::Calls => "calls",
        }
    }

    /// The wall of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wall| wall.word() == word)
    }
}

/// Which walls a program is to have, and which of them it may do without.
#[derive(Clone, Debug)]
pub struct Walls {
    /// Those to be put up.
    pub wanted: BTreeSet<Wall>,
    /// Those whose lack is only said.
    pub spared: BTreeSet<Wall>,
    /// Folders and files that may be read by name, where Landlock lets nothing else through.
    pub readable: Vec<PathBuf>,
    /// Folders below which files may be made, read and changed.
    pub writable: Vec<PathBuf>,
    /// TCP ports that may be connected to, where Landlock knows ports.
    pub ports: Vec<u16>,
}

impl Walls {
    /// The eye's: all of them, and nothing shows through.
    #[must_use]
    pub fn of_eye(spared: BTreeSet<Wall>) -> Self {
        Self {
            wanted: Wall::ALL.into(),
            spared,
            readable: Vec::new(),
            writable: Vec::new(),
            ports: Vec::new(),
        }
    }

    /// The voice's: it keeps the network and a folder, and has no picture to lock in memory.
    /// What it lacks is said and refused by nobody: the eye's walls do not rest on it.
    #[must_use]
    pub fn of_voice(readable: Vec<PathBuf>, writable: Vec<PathBuf>, ports: Vec<u16>) -> Self {
        let wanted = [Wall::OwnUser, Wall::Privileges, Wall::Landlock, Wall::Calls];
        Self {
            wanted: wanted.into(),
            spared: wanted.into(),
            readable,
            writable,
            ports,
        }
    }
}

/// Why a wall cannot be put up.
#[derive(Debug, thiserror::Error)]
pub enum Lack {
    /// The system refuses, or does not know it.
    #[error("{doing}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The kernel was built or started without it.
    #[error("the kernel has none")]
    NotInKernel,
    /// The program runs as root.
    #[error("this runs as root; nattsyn-supervise --eye-user and --voice-user give each its own")]
    Root,
    /// The program runs as the user who started it.
    #[error("this runs as the user who started it, who may stop and read it")]
    SameUser,
    /// The list of calls cannot be made into a filter, or the kernel does not take it.
    #[error("installing the list of calls")]
    Filter(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Landlock's rules cannot be made.
    #[error("installing Landlock's rules")]
    Rules(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A program that is not shut in as it must be, and therefore does not run.
#[derive(Debug, thiserror::Error)]
pub enum ShutError {
    /// A wall is missing that nobody has accepted to be without.
    #[error("wall {} is missing; [shut_in] without = [\"{}\"] accepts that", .wall.word(), .wall.word())]
    Missing {
        /// Which.
        wall: Wall,
        /// Why.
        source: Lack,
    },
    /// What every kernel has was refused.
    #[error("keeping memory private")]
    Memory(#[source] io::Error),
}

/// A program whose threads will stand behind all walls but the last.
#[derive(Debug)]
#[must_use = "the list of calls is not in force before `finish`"]
pub struct Begun {
    wanted: BTreeSet<Wall>,
    spared: BTreeSet<Wall>,
    standing: BTreeSet<Wall>,
}

/// Puts up every wall but the last. Call it when all is open and no thread has been started.
///
/// # Errors
///
/// A wall is missing that is not spared.
pub fn begin(walls: &Walls) -> Result<Begun, ShutError> {
    // Whoever first asks for the time opens a file to learn where the kernel has mapped it.
    let _now = Clock::machine().real_now();
    let mut begun = Begun {
        wanted: walls.wanted.clone(),
        spared: walls.spared.clone(),
        standing: BTreeSet::new(),
    };
    for wall in Wall::ALL.into_iter().filter(|it| walls.wanted.contains(it)) {
        let put_up = match wall {
            Wall::OwnUser => walls::check_user(),
            Wall::LockedMemory => walls::lock_memory(),
            Wall::Privileges => walls::give_up_privileges(),
            Wall::Network => walls::leave_network(),
            Wall::Landlock => walls::close_files(walls),
            Wall::Calls => continue,
        };
        begun.note(wall, put_up)?;
    }
    // Last: a change of rights makes a process readable again.
    walls::keep_memory_private().map_err(ShutError::Memory)?;
    Ok(begun)
}

impl Begun {
    /// Puts up the last wall around all threads. From here on only these calls are answered.
    /// Returns the walls that stand.
    ///
    /// # Errors
    ///
    /// The kernel does not take the list, and its lack is not spared.
    pub fn finish(mut self, allowed: &Allowed) -> Result<BTreeSet<Wall>, ShutError> {
        if self.wanted.contains(&Wall::Calls) {
            let installed = filter::install(allowed);
            self.note(Wall::Calls, installed)?;
        }
        let words: Vec<&str> = self.standing.iter().map(|wall| wall.word()).collect();
        tracing::info!(walls = words.join(" "), "shut in");
        Ok(self.standing)
    }

    /// One line for each wall that is missing.
    fn note(&mut self, wall: Wall, put_up: Result<(), Lack>) -> Result<(), ShutError> {
        match put_up {
            Ok(()) => {
                self.standing.insert(wall);
            }
            Err(lack) if self.spared.contains(&wall) => {
                let cause = std::error::Error::source(&lack).map(ToString::to_string);
                tracing::warn!(wall = wall.word(), %lack, cause, "wall missing, and accepted");
            }
            Err(source) => return Err(ShutError::Missing { wall, source }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_wall_is_refused_unless_it_was_accepted_by_name() {
        let begun = |spared: &[Wall]| Begun {
            wanted: Wall::ALL.into(),
            spared: spared.iter().copied().collect(),
            standing: BTreeSet::new(),
        };
        let missing = || Err(Lack::NotInKernel);
        let refused = begun(&[Wall::Network]).note(Wall::Landlock, missing());
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("without = [\"landlock\"]"), "{said}");
        let mut accepted = begun(&[Wall::Landlock]);
        accepted.note(Wall::Landlock, missing()).unwrap();
        assert!(accepted.standing.is_empty(), "accepted is not standing");
    }

    #[test]
    fn every_wall_is_found_by_its_name() {
        for wall in Wall::ALL {
            assert_eq!(Wall::named(wall.word()), Some(wall));
            let text = format!("wall = \"{}\"", wall.word());
            let read: toml::Table = toml::from_str(&text).unwrap();
            assert_eq!(read["wall"].clone().try_into::<Wall>().unwrap(), wall);
        }
        assert_eq!(Wall::named("moat"), None);
    }
}
