//! A headless Chromium of one size: a worker's phone, or a desk.
//!
//! It opens pages, runs scripts in them, waits, and takes pictures for people to look at. What a
//! page must show is for the tests that open it. Each browser has a profile of its own, so two of
//! them are two people.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::programs::{Running, installed};

/// How often a script is asked while it is waited for: a fifth of what people call at once.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How often a driver is started that finds its port taken. One in some dozens does.
const STARTS_MAX: usize = 5;

/// Whether nothing scrolls sideways, as an expression. Not `innerWidth`: on a phone that grows with
/// what does not fit.
pub const FITS: &str = "(root => root.scrollWidth <= root.clientWidth)(document.documentElement)";

/// A browser window of one size, and the driver that serves it.
#[derive(Debug)]
pub struct Browser {
    /// By which the window is driven.
    pub client: Client,
    /// What tells its pictures from another's: its size, unless somebody says otherwise.
    pub name: String,
    /// The port of its driver, for what the client library has no word for.
    pub driver: u16,
    _driver: Running,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window of a size in CSS pixels, as a phone's or a desk's.
    ///
    /// # Panics
    ///
    /// Chromium or its driver is not installed, or does not start.
    pub async fn open(width: u32, height: u32) -> Self {
        let (driver, port) = start_driver();
        let profile = tempfile::tempdir().expect("a folder for the browser's profile");
        let mut capabilities = serde_json::Map::new();
        let options = options(profile.path(), width, height);
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a session with Chromium");
        Self {
            client,
            name: format!("{width}x{height}"),
            driver: port,
            _driver: driver,
            profile,
        }
    }

    /// What a script returns.
    ///
    /// # Panics
    ///
    /// The page does not run it.
    pub async fn ask(&self, script: &str) -> Value {
        let said = self.client.execute(script, Vec::new()).await;
        said.unwrap_or_else(|error| panic!("{}: {error}: {script}", self.name))
    }

    /// Waits until a script returns `true`.
    ///
    /// # Panics
    ///
    /// It does not within `longest`.
    pub async fn wait_for(&self, script: &str, longest: Duration) {
        let deadline = tokio::time::sleep(longest);
        tokio::pin!(deadline);
        loop {
            // A page on its way to another runs none.
            let said = self.client.execute(script, Vec::new()).await;
            if said.is_ok_and(|said| said == json!(true)) {
                return;
            }
            tokio::select! {
                () = &mut deadline => panic!("{}: not within {longest:?}: {script}", self.name),
                () = tokio::time::sleep(ASK_EVERY) => {}
            }
        }
    }

    /// Keeps a picture of what the window shows, in [`pictures`].
    ///
    /// # Panics
    ///
    /// There is none, or it cannot be written.
    pub async fn photograph(&self, what: &str) {
        let picture = self.client.screenshot().await.expect("a screenshot");
        let path = pictures().join(format!("{what}-{}.png", self.name));
        std::fs::write(&path, picture).expect("a picture can be written");
    }

    /// Closes the window.
    pub async fn close(self) {
        // A window that is gone is closed.
        self.client.clone().close().await.ok();
    }
}

impl Drop for Browser {
    /// Ends Chromium itself: where a test failed nobody has closed the window, and the driver
    /// would leave it running for as long as the machine does.
    fn drop(&mut self) {
        let ours = format!("--user-data-dir={}", self.profile.path().display());
        let processes = std::fs::read_dir("/proc").into_iter().flatten();
        for process in processes.flatten() {
            let started = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let is_ours = started
                .split(|byte| *byte == 0)
                .any(|it| it == ours.as_bytes());
            let pid = process.file_name().to_str().and_then(|it| it.parse().ok());
            let pid = pid
                .and_then(rustix::process::Pid::from_raw)
                .filter(|_| is_ours);
            if let Some(pid) = pid {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
            }
        }
    }
}

/// Where pictures are left, in the build's own folder, where nothing is committed from.
///
/// # Panics
///
/// It cannot be made.
#[must_use]
pub fn pictures() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let target = test.ancestors().find(|folder| folder.ends_with("target"));
    let beside = test.parent().expect("a program stands in a folder");
    let folder = target.unwrap_or(beside).join("page");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}

fn options(profile: &Path, width: u32, height: u32) -> Value {
    json!({
        "binary": installed("chromium"),
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
            format!("--user-data-dir={}", profile.display()),
        ],
        "mobileEmulation": {
            "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0 },
        },
    })
}

fn start_driver() -> (Running, u16) {
    let started = (0..STARTS_MAX).find_map(|_| try_driver());
    started.expect("chromedriver says its port")
}

/// A driver and its port. It draws one by itself and gives up if another took it meanwhile.
fn try_driver() -> Option<(Running, u16)> {
    let mut child = Command::new(installed("chromedriver"))
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts");
    let output = child.stdout.take().expect("the child's output is piped");
    let driver = Running(child);
    let port = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        })?;
    Some((driver, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_running(profile: &str) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut started = processes.map(|it| std::fs::read(it.path().join("cmdline")));
        started.any(|it| it.is_ok_and(|it| String::from_utf8_lossy(&it).contains(profile)))
    }

    #[tokio::test]
    async fn a_window_that_nobody_closed_ends_with_its_test() {
        let browser = Browser::open(390, 844).await;
        let profile = browser.profile.path().display().to_string();
        assert!(is_running(&profile));
        drop(browser);
        for _ in 0..50 {
            if !is_running(&profile) {
                return;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        panic!("Chromium is still running");
    }
}
