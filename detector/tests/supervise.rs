//! The supervisor with stand-ins for eye and voice: they come back, they stop, none is left
//! behind. The real programs under it are tried elsewhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nattsyn_clock::Clock;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Writes its process number down, then lasts.
const LASTING: &str = "#!/bin/sh\necho $$ >> \"$0.pids\"\nexec sleep 60\n";
/// Cannot be asked to end.
const STUBBORN: &str =
    "#!/bin/sh\ntrap '' TERM INT\necho $$ >> \"$0.pids\"\nfor i in $(seq 60); do sleep 1; done\n";
/// Ends at once.
const FAILING: &str = "#!/bin/sh\necho $$ >> \"$0.pids\"\nexit 3\n";

struct Unit {
    folder: tempfile::TempDir,
    supervisor: Child,
}

impl Unit {
    fn start(eye: &str, voice: &str) -> Self {
        Self::start_as(eye, voice, &[])
    }

    fn start_as(eye: &str, voice: &str, users: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Other users write their numbers here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        write_program(&folder.path().join("nattsyn-eye"), eye);
        write_program(&folder.path().join("nattsyn-voice"), voice);
        let supervisor = Command::new(env!("CARGO_BIN_EXE_nattsyn-supervise"))
            .args(["--eye", "eye.toml", "--voice", "voice.toml", "--programs"])
            .arg(folder.path())
            .args(users)
            // Whoever is left behind by a failure must not hold the test's output open.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { folder, supervisor }
    }

    /// Every process that the program has been, oldest first, once there are so many.
    fn pids(&self, program: &str, at_least: usize) -> Vec<Pid> {
        let path = self.folder.path().join(format!("{program}.pids"));
        wait_for(program, || {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let pids: Vec<Pid> = text
                .lines()
                .filter_map(|line| Pid::from_raw(line.parse().ok()?))
                .collect();
            (pids.len() >= at_least).then_some(pids)
        })
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.supervisor.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.supervisor.kill().ok();
        self.supervisor.wait().ok();
    }
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Looks every 20 ms, for 15 s at most.
fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::machine();
    let began = clock.real_now();
    let (_never, pause) = std::sync::mpsc::sync_channel::<()>(0);
    while clock.real_now() - began < Duration::from_secs(15) {
        if let Some(found) = found() {
            return found;
        }
        pause.recv_timeout(Duration::from_millis(20)).ok();
    }
    panic!("waited 15 s for {what}");
}

fn wait_for_end(pid: Pid) {
    wait_for("a process to end", || is_gone(pid).then_some(()));
}

/// Ended; a zombie that nobody has collected yet has ended too.
fn is_gone(pid: Pid) -> bool {
    let status = format!("/proc/{}/status", pid.as_raw_nonzero());
    let zombie = fs::read_to_string(status).is_ok_and(|text| text.contains("State:\tZ"));
    zombie || test_kill_process(pid).is_err()
}

#[test]
fn a_program_that_is_killed_comes_back_and_the_other_stays() {
    let unit = Unit::start(LASTING, LASTING);
    let eye = unit.pids("nattsyn-eye", 1)[0];
    let voice = unit.pids("nattsyn-voice", 1)[0];
    kill_process(eye, Signal::KILL).unwrap();
    let again = unit.pids("nattsyn-eye", 2)[1];
    assert_ne!(eye, again);
    assert!(!is_gone(voice));
    assert_eq!(unit.pids("nattsyn-voice", 1), [voice]);
}

#[test]
fn a_supervisor_that_is_killed_leaves_nobody_behind() {
    let unit = Unit::start(LASTING, STUBBORN);
    let eye = unit.pids("nattsyn-eye", 1)[0];
    let voice = unit.pids("nattsyn-voice", 1)[0];
    unit.signal(Signal::KILL);
    wait_for_end(eye);
    wait_for_end(voice);
}

#[test]
fn a_supervisor_ends_with_who_started_it_if_told_to() {
    let folder = tempfile::tempdir().unwrap();
    for program in ["nattsyn-eye", "nattsyn-voice"] {
        write_program(&folder.path().join(program), STUBBORN);
    }
    // A shell stands for the demonstration, and is killed as one may be.
    let script = "\"$0\" --eye e --voice v --programs \"$1\" --end-with $$ & wait";
    let mut starter = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_nattsyn-supervise")])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = |program: &str| {
        let path = folder.path().join(format!("{program}.pids"));
        wait_for(program, || {
            let text = fs::read_to_string(&path).unwrap_or_default();
            Pid::from_raw(text.lines().next()?.parse().ok()?)
        })
    };
    let both = [pid("nattsyn-eye"), pid("nattsyn-voice")];
    starter.kill().unwrap();
    starter.wait().unwrap();
    both.into_iter().for_each(wait_for_end);
}

#[test]
fn asked_to_stop_it_ends_both_and_then_itself() {
    let mut unit = Unit::start(LASTING, STUBBORN);
    let eye = unit.pids("nattsyn-eye", 1)[0];
    let voice = unit.pids("nattsyn-voice", 1)[0];
    unit.signal(Signal::TERM);
    wait_for_end(eye);
    wait_for_end(voice);
    let status = wait_for("the supervisor to end", || {
        unit.supervisor.try_wait().unwrap()
    });
    assert!(status.success(), "{status}");
    assert_eq!(
        unit.pids("nattsyn-eye", 1),
        [eye],
        "nothing was started again"
    );
}

#[test]
fn a_program_that_ends_at_once_is_tried_again_ever_more_slowly() {
    let unit = Unit::start(FAILING, LASTING);
    let clock = Clock::machine();
    let began = clock.real_now();
    unit.pids("nattsyn-eye", 3);
    let passed = clock.real_now() - began;
    // Pauses of one and of two seconds.
    assert!(passed >= Duration::from_millis(2_900), "{passed:?}");
}

#[test]
fn a_program_gets_its_end_of_the_pair_as_standard_input() {
    let says = "#!/bin/sh\nreadlink /proc/self/fd/0 > \"$0.stdin\"\n\
                echo $$ >> \"$0.pids\"\nexec sleep 60\n";
    let unit = Unit::start(says, says);
    for program in ["nattsyn-eye", "nattsyn-voice"] {
        unit.pids(program, 1);
        let path = unit.folder.path().join(format!("{program}.stdin"));
        let stdin = fs::read_to_string(path).unwrap();
        assert!(stdin.starts_with("socket:"), "{program}: {stdin}");
    }
}

#[test]
fn a_missing_program_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_nattsyn-supervise"))
        .args(["--eye", "eye.toml", "--voice", "voice.toml", "--programs"])
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success());
    assert!(said.contains("nattsyn-eye is not there"), "{said}");
}

/// Of the kernel's own list: real, effective, saved and file user; the same of groups; the rest.
fn identity(pid: Pid) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let about = |line: &&str| {
        ["Uid:", "Gid:", "Groups:"]
            .iter()
            .any(|it| line.starts_with(it))
    };
    let lines = status.lines().filter(about);
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn eye_and_voice_run_as_two_users_and_still_end_with_the_supervisor() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root may start programs as other users");
        return;
    }
    let users = ["--eye-user", "64001", "--voice-user", "64002"];
    // The voice tries to end the eye, whose number it reads.
    let hostile = "#!/bin/sh\necho $$ >> \"$0.pids\"\ncd \"$(dirname \"$0\")\"\n\
                   while ! [ -s nattsyn-eye.pids ]; do sleep 0.1; done\n\
                   kill -KILL $(cat nattsyn-eye.pids) 2> \"$0.refused\"\n\
                   echo tried >> \"$0.tried\"\nexec sleep 60\n";
    let unit = Unit::start_as(LASTING, hostile, &users);
    let eye = unit.pids("nattsyn-eye", 1)[0];
    let voice = unit.pids("nattsyn-voice", 1)[0];
    let tried = unit.folder.path().join("nattsyn-voice.tried");
    wait_for("the voice's attack", || tried.exists().then_some(()));
    assert!(!is_gone(eye));
    let as_user = |user: &str| {
        let four = [user; 4].join(" ");
        [
            format!("Uid: {four}"),
            format!("Gid: {four}"),
            "Groups:".to_owned(),
        ]
    };
    assert_eq!(identity(eye), as_user("64001"));
    assert_eq!(identity(voice), as_user("64002"));
    unit.signal(Signal::KILL);
    wait_for_end(eye);
    wait_for_end(voice);
}

#[test]
fn one_user_for_both_and_an_unknown_one_are_refused() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root may start programs as other users");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for program in ["nattsyn-eye", "nattsyn-voice"] {
        write_program(&folder.path().join(program), LASTING);
    }
    let said = |eye: &str, voice: &str| {
        let ran = Command::new(env!("CARGO_BIN_EXE_nattsyn-supervise"))
            .args([
                "--eye",
                "e",
                "--voice",
                "v",
                "--eye-user",
                eye,
                "--voice-user",
                voice,
            ])
            .arg("--programs")
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(!ran.status.success());
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    assert!(said("64001", "64001").contains("same user"));
    assert!(said("nobody-of-this-name", "64001").contains("nobody-of-this-name"));
    assert!(said("root", "64001").contains("root"));
}
