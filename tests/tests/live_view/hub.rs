//! The hub as a process of its own, whose memory can be read from outside. It is this test's own
//! program, started anew with the name of a test that is ignored otherwise.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_detector::supervise::end_with;
use nattsyn_hub::config::Config;
use nattsyn_hub::serve;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::house::{CONFIG, socket};

/// Names the folder of a hub's process; absent in every other process.
const FOLDER_VARIABLE: &str = "NATTSYN_LIVE_VIEW_HUB";
/// Names the process that started it, with which it ends.
const PARENT_VARIABLE: &str = "NATTSYN_LIVE_VIEW_PARENT";
/// Longest until it answers: a debug build on two loaded cores takes seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// The hub's process; it is killed when this is dropped.
pub(crate) struct Hub(Child);

impl Hub {
    pub(crate) async fn start(folder: &Path, port: u16) -> Self {
        let process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "the_hub_of_a_live_view",
                "--ignored",
                "--nocapture",
            ])
            .env(FOLDER_VARIABLE, folder)
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut hub = Self(process);
        let answered = tokio::time::timeout(ANSWERS_WITHIN, async {
            while !is_well(port).await.unwrap_or_default() {
                assert_eq!(hub.0.try_wait().unwrap(), None, "the hub ended");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        answered.await.expect("a hub that answers");
        hub
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

async fn is_well(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.ends_with("\r\n\r\nok"))
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs until it is killed, or the process that started it ends. Nothing in other processes.
pub(crate) fn run() {
    let (Ok(folder), Ok(parent)) = (
        std::env::var(FOLDER_VARIABLE),
        std::env::var(PARENT_VARIABLE),
    ) else {
        return;
    };
    end_with(parent.parse().unwrap()).unwrap();
    let folder = Path::new(&folder);
    let config = Config::read(&folder.join(CONFIG)).unwrap();
    let clock = Clock::demonstration(&socket(folder), "hub").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let served = runtime.block_on(serve::run_by(&clock, &config, std::future::pending()));
    panic!("the hub ended by itself: {served:?}");
}
