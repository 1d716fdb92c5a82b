//! One unit: supervisor, eye and voice as they are shipped, in the folder that the demonstration
//! gives a unit, and what hands do there.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use nattsyn_hub::demo::provision::press;
use nattsyn_protocol::commission::{Room, State, Try};
use nattsyn_protocol::demonstration::{Mounting, Show, Stage, StagedScene};
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::programs::program;

/// A generated room, and how somebody hung the camera in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hung {
    pub(crate) room: u64,
    pub(crate) mounting: Mounting,
    /// How many sleep there.
    pub(crate) sleepers: u8,
}

impl Hung {
    /// What it shows before anybody has come.
    pub(crate) fn at_first(self) -> Show {
        self.showing(ASLEEP, 0)
    }

    /// What it shows while somebody does this, for the first time or again.
    pub(crate) fn showing(self, what: Try, again: u8) -> Show {
        Show::Tried {
            seed: self.room,
            what,
            again,
            sleepers: self.sleepers,
            mounting: self.mounting,
        }
    }
}

/// Somebody sleeps, uncovered, as at no time while it was tried.
pub(crate) const ASLEEP: Try = Try::Staged {
    sleeper: Some(0),
    state: State::Uncovered,
    room: Room::Otherwise,
};

/// Its three processes. All end when this is dropped.
pub(crate) struct Unit {
    folder: PathBuf,
    supervisor: Child,
}

impl Unit {
    pub(crate) fn plug_in(folder: &Path) -> Self {
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned());
        let supervisor = Command::new(program("nattsyn-supervise"))
            .env("RUST_LOG", log)
            .arg("--eye")
            .arg(folder.join("eye.toml"))
            .arg("--voice")
            .arg(folder.join("voice.toml"))
            .args(["--end-with", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self {
            folder: folder.to_owned(),
            supervisor,
        }
    }

    /// The button is pressed.
    pub(crate) fn presses_the_button(&self, now: Timestamp) {
        press(&self.folder, now).unwrap();
    }

    /// The camera sees this from now on.
    pub(crate) fn shows(&self, show: Show) {
        // The eye has the file open.
        let stage = serde_json::to_vec(&stage(show)).unwrap();
        std::fs::write(self.folder.join("stage.json"), stage).unwrap();
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let group = i32::try_from(self.supervisor.id()).unwrap();
        // Already gone is as good as ended.
        kill_process_group(Pid::from_raw(group).unwrap(), Signal::KILL).ok();
        self.supervisor.wait().ok();
    }
}

/// A stage that shows one thing.
pub(crate) fn stage(show: Show) -> Stage {
    let from_ms = Timestamp::from_ms(0).unwrap();
    Stage {
        scenes: vec![StagedScene { from_ms, show }],
    }
}
