//! The demonstration's unit processes: one `nattsyn-supervise` a home, with its eye and voice.
//!
//! They are the product's own programs, found beside this one. The demonstration starts them,
//! can take their power away, and ends them all when it ends.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use nattsyn_protocol::ids::UnitId;

/// Why the unit processes cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum UnitsError {
    /// The programs were not built, or were moved apart.
    #[error(
        "the program {} is missing; build all of it with `cargo build --workspace --bins`",
        .0.display()
    )]
    Missing(PathBuf),
    /// The system would not start it.
    #[error("starting unit {unit}")]
    Start {
        /// Which unit.
        unit: UnitId,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The running units. All end when this is dropped.
#[derive(Debug)]
pub struct Units {
    supervise: PathBuf,
    running: BTreeMap<UnitId, Child>,
}

impl Units {
    /// Finds the programs; starts nothing yet.
    ///
    /// # Errors
    ///
    /// One of them is missing.
    pub fn find() -> Result<Self, UnitsError> {
        let folder = std::env::current_exe()
            .ok()
            .and_then(|own| own.parent().map(Path::to_owned))
            .unwrap_or_default();
        for name in ["nattsyn-eye", "nattsyn-voice"] {
            if !folder.join(name).is_file() {
                return Err(UnitsError::Missing(folder.join(name)));
            }
        }
        let supervise = folder.join("nattsyn-supervise");
        if !supervise.is_file() {
            return Err(UnitsError::Missing(supervise));
        }
        Ok(Self {
            supervise,
            running: BTreeMap::new(),
        })
    }

    /// Gives a unit power: its folder holds `eye.toml` and `voice.toml`. To be called on the
    /// program's first thread alone: to the kernel, the unit is that thread's, and ends with it.
    ///
    /// # Errors
    ///
    /// The system would not start it.
    pub fn plug_in(&mut self, unit: UnitId, folder: &Path) -> Result<(), UnitsError> {
        // A demonstration's terminal is for those who watch it, unless they ask for more.
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_unset| "error".to_owned());
        let child = Command::new(&self.supervise)
            .env("RUST_LOG", log)
            .arg("--eye")
            .arg(folder.join("eye.toml"))
            .arg("--voice")
            .arg(folder.join("voice.toml"))
            // Also if this process is killed, when nothing in it can end anybody.
            .args(["--end-with", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| UnitsError::Start { unit, source })?;
        self.running.insert(unit, child);
        Ok(())
    }

    /// Takes a unit's power away: nothing in it can say a last word.
    pub fn unplug(&mut self, unit: UnitId) {
        if let Some(child) = self.running.remove(&unit) {
            end(child);
        }
    }
}

impl Drop for Units {
    fn drop(&mut self) {
        while let Some((_, child)) = self.running.pop_first() {
            end(child);
        }
    }
}

/// Ends a unit's three processes, which share a group, and waits for the first.
fn end(mut child: Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Already gone is as good as ended.
        kill_process_group(group, Signal::KILL).ok();
    }
    child.wait().ok();
}
