//! The hub as a process of its own, so that it can be killed and its memory read from outside: all
//! that `nattsyn-hub serve` starts, on a clock that the test turns, which that program does not
//! follow.
//!
//! It is the test's own program, started anew with the name of a test that is ignored otherwise and
//! calls [`serve_until_killed`].

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use nattsyn_clock::Clock;
use nattsyn_detector::supervise::end_with;
use nattsyn_hub::config::Config;
use nattsyn_hub::serve;

/// The hub's configuration, in its folder.
pub const CONFIG: &str = "hub.toml";

/// Names the folder of a hub's process; absent in every other process.
const FOLDER_VARIABLE: &str = "NATTSYN_SERVED_HUB";

/// Names the process that started it, with which it ends.
const PARENT_VARIABLE: &str = "NATTSYN_SERVED_PARENT";

/// Longest until it answers: a debug build on two loaded cores takes seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// The socket of its clock, for [`crate::dial::Dial`].
#[must_use]
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("clock")
}

/// The hub's process; it is killed when this is dropped.
#[derive(Debug)]
pub struct Hub(Child);

impl Hub {
    /// Starts it in its folder, by the ignored test of this name, and waits until its page answers
    /// on this port.
    ///
    /// # Panics
    ///
    /// It does not within a minute.
    pub async fn start(test: &str, folder: &Path, port: u16) -> Self {
        let own = std::env::current_exe().expect("a running test has a path");
        let process = Command::new(own)
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(FOLDER_VARIABLE, folder)
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("a test's program can be started anew");
        let mut hub = Self(process);
        let answered = tokio::time::timeout(ANSWERS_WITHIN, async {
            while !is_well(port).await.unwrap_or_default() {
                let ended = hub.0.try_wait().expect("it is a child of this process");
                assert_eq!(ended, None, "the hub ended");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        answered.await.expect("a hub that answers");
        hub
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // SIGKILL, and nothing before it.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Whether the hub's service runs: it listens before it does.
async fn is_well(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.ends_with("\r\n\r\nok"))
}

/// Runs until it is killed, or the process that started it ends. Nothing in other processes.
///
/// # Panics
///
/// The hub cannot be started, or ends.
pub fn serve_until_killed() {
    let (Ok(folder), Ok(parent)) = (
        std::env::var(FOLDER_VARIABLE),
        std::env::var(PARENT_VARIABLE),
    ) else {
        return;
    };
    end_with(parent.parse().expect("a process's number")).expect("a parent that lives");
    let folder = Path::new(&folder);
    let config = Config::read(&folder.join(CONFIG)).expect("the hub's configuration");
    let clock = Clock::demonstration(&socket(folder), "hub").expect("a clock that is turned");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let served = runtime.block_on(serve::run_by(&clock, &config, std::future::pending()));
    panic!("the hub ended by itself: {served:?}");
}
