//! A hub of the real program with one home and one worker, and a browser in a few lines.
//!
//! People and addresses are invented. Nothing is asserted here but that it works at all.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nattsyn_tests::ports;
use nattsyn_tests::programs::{Running, program};

/// Longest until the hub answers: a debug build on two loaded cores takes seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Who works there.
const WORKER: (&str, &str) = ("natt-001", "Anna Påhittson");

/// A hub's folder, ready to be served.
pub(crate) struct Site {
    folder: PathBuf,
    port: u16,
    pub(crate) pin: String,
}

impl Site {
    pub(crate) fn build(folder: &Path) -> Self {
        let port = ports::free();
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\ndata = \"data\"\n\n[broker.embedded]\n\
             listen = \"127.0.0.1:0\"\n"
        );
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        write("hub.toml", &config);
        write("root.seed", &"07".repeat(32));
        let homes = concat!(env!("CARGO_MANIFEST_DIR"), "/../hub/examples/homes.toml");
        write("homes.toml", &std::fs::read_to_string(homes).unwrap());
        run(
            folder,
            &["prepare", "--config", "hub.toml", "--root", "root.seed"],
        );
        run(
            folder,
            &["enrol", "--config", "hub.toml", "--homes", "homes.toml"],
        );
        let (id, name) = WORKER;
        let told = run(
            folder,
            &["staff", "add", "--id", id, "--by", id, "--name", name],
        );
        let mut numbers = told.split(|c: char| !c.is_ascii_digit());
        let pin = numbers
            .find(|number| number.len() == 6)
            .expect("a PIN of six digits");
        Self {
            folder: folder.to_owned(),
            port,
            pin: pin.to_owned(),
        }
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.join("data/ledger.sqlite")
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs until this is dropped.
    pub(crate) fn serve(&self, log: &Path) -> Running {
        let child = super::with_log("nattsyn-hub", log)
            .args(["serve", "--config", "hub.toml"])
            .current_dir(&self.folder)
            .spawn()
            .unwrap();
        let running = Running(child);
        let (_sender, never) = std::sync::mpsc::sync_channel::<()>(0);
        for _ in 0..ANSWERS_WITHIN.as_millis() / 100 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return running;
            }
            never.recv_timeout(Duration::from_millis(100)).ok();
        }
        panic!("the hub does not answer within {ANSWERS_WITHIN:?}");
    }

    pub(crate) fn sign_in(&self, pin: &str) -> String {
        let body = format!("who={}&pin={pin}", WORKER.0);
        let origin = format!("Origin: {}\r\n", self.address());
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let length = format!("Content-Length: {}\r\n", body.len());
        let head = [origin.as_str(), form, &length].concat();
        ask(&self.address(), "POST /sign-in", &head, &body)
    }
}

/// One page, with its head.
pub(crate) fn get(site: &str, path: &str, headers: &str) -> String {
    ask(site, &format!("GET {path}"), headers, "")
}

/// The cookies that an answer sets.
pub(crate) fn cookies(answer: &str) -> Vec<(String, String)> {
    let lines = answer.lines().filter_map(|line| {
        let (key, value) = line.split_once(": ")?;
        (key.eq_ignore_ascii_case("set-cookie")).then_some(value)
    });
    let pairs = lines.filter_map(|line| line.split(';').next()?.split_once('='));
    let pairs: Vec<_> = pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    assert!(!pairs.is_empty(), "no cookie in {answer}");
    pairs
}

fn ask(site: &str, line: &str, headers: &str, body: &str) -> String {
    let host = site.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let request =
        format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program("nattsyn-hub"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}
