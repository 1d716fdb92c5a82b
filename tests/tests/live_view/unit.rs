//! The unit: supervisor, eye and voice as they are shipped, in the folder that the demonstration
//! gives a unit, and what a hand does there.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use nattsyn_clock::Clock;
use nattsyn_hub::demo::provision::{SWITCH, VIEW_LAMP, press};
use nattsyn_protocol::demonstration::{Lens, Occupant, Show, Stage, StagedScene};
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::programs::program;

use super::network::Network;
use super::pictures::ROOM;

/// How often the lamp's record is looked at: what is measured with it is good to as much.
pub(crate) const WATCHED_EVERY: Duration = Duration::from_millis(5);

/// The replayed picture, in the unit's folder.
pub(crate) const PICTURE: &str = "standing.jpg";

/// Looks that take half a second instead of five: how one is judged is tested elsewhere.
pub(crate) const QUICK: &str = "\n[look]\nframes = 3\nover_ms = 400\nsettle_ms = 0\n";

/// Its three processes. All end when this is dropped.
pub(crate) struct Unit {
    folder: PathBuf,
    supervisor: Child,
    lamp: Lamp,
}

impl Unit {
    /// Gives it power, in a network of its own if there is one.
    pub(crate) fn plug_in(folder: &Path, network: Option<&Network>) -> Self {
        let lamp = Lamp::watch(folder.join(VIEW_LAMP));
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned());
        let supervise = program("nattsyn-supervise");
        let mut command = match network {
            Some(network) => network.command(),
            None => Command::new("env"),
        };
        let supervisor = command
            .arg(supervise)
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
            lamp,
        }
    }

    /// The button is pressed.
    pub(crate) fn presses_the_button(&self, now: Timestamp) {
        press(&self.folder, now).unwrap();
    }

    /// The switch is turned to `on` or `off`.
    pub(crate) fn switch(&self, word: &str) {
        std::fs::write(self.folder.join(SWITCH), word).unwrap();
    }

    /// The camera sees somebody asleep from now on.
    pub(crate) fn shows_somebody_asleep(&self) {
        let show = Show::Room {
            seed: ROOM,
            pose: 1,
            occupant: Occupant::InBed,
            lens: Lens::Clear,
        };
        // The eye has the file open.
        let stage = serde_json::to_vec(&stage(show)).unwrap();
        std::fs::write(self.folder.join("stage.json"), stage).unwrap();
    }

    /// How the lamp was switched, and when by the machine's clock.
    pub(crate) fn lamp(&self) -> Vec<(Duration, String)> {
        self.lamp.lines.lock().unwrap().clone()
    }

    /// Whether it shines now, by what it recorded itself.
    pub(crate) fn lamp_is_on(&self) -> bool {
        let record = std::fs::read_to_string(self.folder.join(VIEW_LAMP)).unwrap_or_default();
        record.lines().last() == Some("on")
    }

    /// The voice's process.
    pub(crate) fn voice(&self) -> u32 {
        self.process("nattsyn-voice")
    }

    /// The eye's process.
    pub(crate) fn eye(&self) -> u32 {
        self.process("nattsyn-eye")
    }

    /// Kills the voice as the kernel would.
    pub(crate) fn kills_the_voice(&self) {
        let voice = i32::try_from(self.voice()).unwrap();
        kill_process(Pid::from_raw(voice).unwrap(), Signal::KILL).unwrap();
    }

    fn process(&self, name: &str) -> u32 {
        let id = self.supervisor.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let ids = children.split_whitespace().map(|id| id.parse().unwrap());
        let is_named = |id: &u32| {
            let own = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
            own.trim() == name
        };
        let found: Vec<u32> = ids.filter(is_named).collect();
        assert_eq!(found.len(), 1, "{name} among {children}");
        found[0]
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

/// The lamp's record with when each line came, by the machine's clock: a demonstration's runs as
/// fast while nobody turns it, and so does the eye's uptime.
struct Lamp {
    lines: Arc<Mutex<Vec<(Duration, String)>>>,
    _until_dropped: SyncSender<()>,
}

impl Lamp {
    fn watch(file: PathBuf) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (until_dropped, pause) = sync_channel::<()>(0);
        let seen = Arc::clone(&lines);
        std::thread::spawn(move || {
            while pause.recv_timeout(WATCHED_EVERY) == Err(RecvTimeoutError::Timeout) {
                let record = std::fs::read_to_string(&file).unwrap_or_default();
                let now = Clock::machine().real_now();
                let mut seen = seen.lock().unwrap();
                let known = seen.len();
                seen.extend(
                    record
                        .lines()
                        .skip(known)
                        .map(|line| (now, line.to_owned())),
                );
            }
        });
        Self {
            lines,
            _until_dropped: until_dropped,
        }
    }
}
