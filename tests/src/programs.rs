//! The product's own programs, started as its users start them.
//!
//! `cargo test --workspace` builds them, because their own crates have tests that run them; they
//! stand beside the tests. A program that is missing fails the test that needs it, with the
//! command that makes it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// Longest that a demonstration may take to say where its page is. A debug build on two loaded
/// cores says it within seconds.
const ADDRESS_WITHIN: Duration = Duration::from_secs(120);

/// Most lines of a program's output that wait to be read; more make the program wait.
const LINES_MAX: usize = 10_000;

/// The path of one of the product's programs.
///
/// # Panics
///
/// It has not been built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    let folder = folder.unwrap_or_else(|| {
        panic!("{name} has not been built: run `cargo build --workspace --bins` (or `make test`)")
    });
    folder.join(name)
}

/// A program of another's that a test needs, such as `mosquitto`.
///
/// # Panics
///
/// It is not installed.
#[must_use]
pub fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Debian puts servers where only root's path looks.
    folders.push(PathBuf::from("/usr/sbin"));
    let found = folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: run `.ci/setup test`"))
}

/// A child process that ends with the test, however that ends.
#[derive(Debug)]
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM first, so that it ends its own children.
        let pid = i32::try_from(self.0.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        }
        self.0.wait().ok();
    }
}

/// A demonstration that serves its page.
#[derive(Debug)]
pub struct Demonstration {
    /// The process.
    pub process: Running,
    /// The address of its page, such as `http://127.0.0.1:40123`.
    pub page: String,
    lines: Receiver<String>,
}

impl Demonstration {
    /// Starts `nattsyn-hub demo` on a free port, with its data in `folder`.
    ///
    /// # Panics
    ///
    /// It does not say where its page is.
    #[must_use]
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with(&mut Command::new(program("nattsyn-hub")), folder, arguments)
    }

    /// The same, where the program's surroundings were changed before.
    ///
    /// # Panics
    ///
    /// It does not say where its page is.
    #[must_use]
    pub fn start_with(hub: &mut Command, folder: &Path, arguments: &[&str]) -> Self {
        let mut child = hub
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the hub's program starts");
        let output = child.stdout.take().expect("the child's output is piped");
        let (sender, lines) = sync_channel(LINES_MAX);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut demonstration = Self {
            process: Running(child),
            page: String::new(),
            lines,
        };
        demonstration.page = demonstration.read_address();
        demonstration
    }

    /// Reads its output until a line begins with `night:`, and returns everything read.
    ///
    /// # Panics
    ///
    /// No such line came within `longest`, or the output ended before.
    #[must_use]
    pub fn read_night(&self, longest: Duration) -> String {
        let mut text = String::new();
        loop {
            let line = self.next_line(longest).unwrap_or_else(|| {
                panic!("no line `night: ...` within {longest:?}; read so far:\n{text}")
            });
            text.push_str(&line);
            text.push('\n');
            if line.starts_with("night:") {
                return text;
            }
        }
    }

    fn read_address(&self) -> String {
        loop {
            let line = self
                .next_line(ADDRESS_WITHIN)
                .expect("the page's address within two minutes");
            if let Some(at) = line.find("http://") {
                return line[at..].trim().trim_end_matches('/').to_owned();
            }
        }
    }

    fn next_line(&self, longest: Duration) -> Option<String> {
        self.lines.recv_timeout(longest).ok()
    }
}
