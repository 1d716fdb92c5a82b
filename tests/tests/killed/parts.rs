//! The processes of a killed night: started, found, killed, started again.
//!
//! A unit is a `nattsyn-supervise` with its eye and voice, the hub is a process of this program
//! (see [`super::hub`]). Supervisors and hub are started again here, as systemd would; eyes and
//! voices by their supervisors. When a [`Part`]'s owner is dropped, its processes are gone.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use nattsyn_tests::programs::program;

use super::hub::{FOLDER_VARIABLE, MARK, PARENT_VARIABLE, PORT_VARIABLE, Rooms};

/// Most lines of a hub that wait to be read; more make it wait.
const LINES_MAX: usize = 10_000;

/// What can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Eye,
    Voice,
    Supervisor,
    Hub,
}

impl Part {
    pub(crate) const ALL: [Self; 4] = [Self::Eye, Self::Voice, Self::Supervisor, Self::Hub];

    /// The program's name as the kernel keeps it, fifteen characters of it.
    fn name(self) -> &'static str {
        match self {
            Self::Eye => "nattsyn-eye",
            Self::Voice => "nattsyn-voice",
            Self::Supervisor => "nattsyn-supervi",
            Self::Hub => "hub",
        }
    }
}

/// Processes that are killed complain about each other: only for whoever asks.
fn log() -> Stdio {
    match std::env::var_os("RUST_LOG") {
        Some(_) => Stdio::inherit(),
        None => Stdio::null(),
    }
}

fn kill(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
}

/// The running child of a process that has this name.
fn child_of(parent: u32, name: &str) -> Option<u32> {
    std::fs::read_dir("/proc").ok()?.find_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // `pid (name) state parent ...`; a name may hold anything, so the last bracket counts.
        let (before, after) = stat.rsplit_once(')')?;
        let own_name = before.split_once('(')?.1;
        let mut rest = after.split_whitespace();
        let state = rest.next()?;
        let of: u32 = rest.next()?.parse().ok()?;
        (of == parent && own_name == name && state != "Z").then_some(pid)
    })
}

/// One unit's processes.
pub(crate) struct Unit {
    name: String,
    folder: std::path::PathBuf,
    supervisor: Option<Child>,
}

impl Unit {
    pub(crate) fn new(rooms: &Rooms, name: String) -> Self {
        Self {
            folder: rooms.unit(&name),
            name,
            supervisor: None,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn start(&mut self) {
        let child = Command::new(program("nattsyn-supervise"))
            .stderr(log())
            .arg("--eye")
            .arg(self.folder.join("eye.toml"))
            .arg("--voice")
            .arg(self.folder.join("voice.toml"))
            .args(["--end-with", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .process_group(0)
            .spawn();
        self.supervisor = Some(child.unwrap());
    }

    /// Whether supervisor, eye and voice all run.
    pub(crate) fn is_whole(&self) -> bool {
        self.pid(Part::Eye).is_some() && self.pid(Part::Voice).is_some()
    }

    fn pid(&self, part: Part) -> Option<u32> {
        let supervisor = self.supervisor.as_ref()?.id();
        match part {
            Part::Supervisor => Some(supervisor),
            Part::Eye | Part::Voice => child_of(supervisor, part.name()),
            Part::Hub => None,
        }
    }

    /// Kills a part; says whether it ran.
    pub(crate) fn kill(&mut self, part: Part) -> bool {
        let Some(pid) = self.pid(part) else {
            return false;
        };
        let killed = kill(pid);
        if part == Part::Supervisor {
            // Eye and voice end with it, by the kernel's hand; their group stays to be sure of.
            self.supervisor.take().unwrap().wait().unwrap();
        }
        killed
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            let group = i32::try_from(supervisor.id()).ok().and_then(Pid::from_raw);
            group.map(|group| kill_process_group(group, Signal::KILL));
            supervisor.wait().ok();
        }
    }
}

/// The hub's process.
pub(crate) struct Hub {
    process: Child,
    lines: Receiver<String>,
}

impl Hub {
    pub(crate) fn start(folder: &Path, port: u16) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "the_hub_of_a_killed_night",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER_VARIABLE, folder)
            .env(PORT_VARIABLE, port.to_string())
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = process.stdout.take().unwrap();
        let (sender, lines) = sync_channel(LINES_MAX);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The harness says `test ... ` without ending its line first.
                let said = line.split_once(MARK).map(|(_, said)| said.to_owned());
                if said.is_some_and(|said| sender.send(said).is_err()) {
                    return;
                }
            }
        });
        Self { process, lines }
    }

    /// What it has said since this was last asked.
    pub(crate) fn said(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// Whether it ended although nobody killed it.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        kill(self.process.id());
        self.process.wait().ok();
    }
}
