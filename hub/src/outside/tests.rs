//! The feeder against watchers of our own, faulty on purpose, and against a hub that stops.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::store::SqliteStore;
use crate::view::Reality;

/// Longest that anything here is waited for.
const SOON: Duration = Duration::from_secs(20);

/// How often it is fed here, and how old what the hub did may be.
const EVERY: Duration = Duration::from_millis(50);
const HERE_YOUNG: Duration = Duration::from_millis(600);

/// A watcher that answers with a status; 0 hangs up.
struct Fake {
    url: String,
    status: Arc<AtomicU16>,
    fed: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ping/s3cr3t", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let fed = Arc::new(AtomicUsize::new(0));
        let (says, counts) = (Arc::clone(&status), Arc::clone(&fed));
        let task = tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let length = socket.read(&mut request).await.unwrap();
                assert!(request[..length].starts_with(b"GET /ping/s3cr3t HTTP/1.1\r\n"));
                let status = says.load(Ordering::SeqCst);
                if status == 0 {
                    continue;
                }
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
                socket.write_all(answer.as_bytes()).await.unwrap();
                counts.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            url,
            status,
            fed,
            task,
        }
    }

    fn fed(&self) -> usize {
        self.fed.load(Ordering::SeqCst)
    }
}

/// A hub whose parts turn as long as a test turns them.
struct Hub {
    folder: tempfile::TempDir,
    tonight: Option<watch::Sender<Arc<Tonight>>>,
    told: Option<watch::Sender<Arc<Told>>>,
    watcher: watch::Receiver<Watcher>,
    task: JoinHandle<Infallible>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hub {
    fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("url"), format!("{url}\n")).unwrap();
        let settings: Settings = toml::from_str("url_file = \"url\"").unwrap();
        let ledger = folder.path().join("ledger.sqlite");
        let mut feeder = Feeder::open(&settings, folder.path(), &ledger).unwrap();
        feeder.every = EVERY;
        feeder.young = HERE_YOUNG;
        let watcher = feeder.watcher.subscribe();
        let tonight = watch::Sender::new(Arc::new(tonight()));
        let told = watch::Sender::new(Arc::default());
        let running = feeder.run(Clock::machine(), tonight.subscribe(), told.subscribe());
        Self {
            folder,
            tonight: Some(tonight),
            told: Some(told),
            watcher,
            task: tokio::spawn(running),
        }
    }

    /// Turns what is there until the watcher stands so.
    async fn until(&mut self, is_so: impl Fn(Watcher) -> bool) -> Watcher {
        let Self {
            tonight,
            told,
            watcher,
            ..
        } = self;
        let turning = async {
            loop {
                if let Some(tonight) = tonight {
                    tonight.send_modify(|_| {});
                }
                if let Some(told) = told {
                    told.send_modify(|_| {});
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waiting = watcher.wait_for(|watcher| is_so(*watcher));
        tokio::select! {
            () = turning => unreachable!("it turns for ever"),
            waited = tokio::time::timeout(SOON, waiting) => *waited.expect("in time").unwrap(),
        }
    }
}

fn tonight() -> Tonight {
    Tonight {
        now: Clock::machine().now().timestamp,
        night: jiff::civil::date(2026, 11, 21),
        zone: "Europe/Stockholm".to_owned(),
        reality: Reality::Homes,
        open: Vec::new(),
        closed: Vec::new(),
        matters: Vec::new(),
        checks: Vec::new(),
        homes: Vec::new(),
        consent: std::sync::Arc::default(),
        labels: std::sync::Arc::default(),
    }
}

fn is_fed(watcher: Watcher) -> bool {
    matches!(watcher, Watcher::Fed { .. })
}

#[tokio::test]
async fn a_hub_that_works_feeds_the_watcher_again_and_again() {
    let fake = Fake::new().await;
    let mut hub = Hub::new(&fake.url);
    let Watcher::Fed { at: first } = hub.until(is_fed).await else {
        panic!("it was fed");
    };
    hub.until(|watcher| matches!(watcher, Watcher::Fed { at } if at > first))
        .await;
    assert!(fake.fed() >= 2);
}

/// Nothing comes any more, however long one waits.
async fn starves(fake: &Fake) {
    let fed = fake.fed();
    tokio::time::sleep(EVERY * 6).await;
    assert_eq!(fake.fed(), fed);
}

#[tokio::test]
async fn nothing_is_fed_when_the_service_is_gone_and_the_page_knows_why() {
    let fake = Fake::new().await;
    let mut hub = Hub::new(&fake.url);
    hub.until(is_fed).await;
    hub.tonight = None;
    let stands = |watcher| {
        matches!(
            watcher,
            Watcher::Withheld {
                why: Ailment::Service,
                ..
            }
        )
    };
    hub.until(stands).await;
    starves(&fake).await;
}

#[tokio::test]
async fn nothing_is_fed_when_the_service_hangs_and_it_is_when_it_goes_on() {
    let fake = Fake::new().await;
    let mut hub = Hub::new(&fake.url);
    hub.until(is_fed).await;
    let hung = hub.tonight.take();
    let stands = |watcher| {
        matches!(
            watcher,
            Watcher::Withheld {
                why: Ailment::Service,
                ..
            }
        )
    };
    hub.until(stands).await;
    starves(&fake).await;
    hub.tonight = hung;
    hub.until(is_fed).await;
}

#[tokio::test]
async fn nothing_is_fed_when_nobody_tells_anybody() {
    let fake = Fake::new().await;
    let mut hub = Hub::new(&fake.url);
    hub.until(is_fed).await;
    hub.told = None;
    let stands = |watcher| {
        matches!(
            watcher,
            Watcher::Withheld {
                why: Ailment::Teller,
                ..
            }
        )
    };
    hub.until(stands).await;
    starves(&fake).await;
}

#[tokio::test]
async fn nothing_is_fed_when_the_ledger_takes_no_write() {
    let fake = Fake::new().await;
    let mut hub = Hub::new(&fake.url);
    hub.until(is_fed).await;
    let ledger = hub.folder.path().join("ledger.sqlite");
    let mut other: rusqlite::Connection = SqliteStore::open(&ledger).unwrap().into();
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let held = other.transaction_with_behavior(behavior).unwrap();
    let stands = |watcher| {
        matches!(
            watcher,
            Watcher::Withheld {
                why: Ailment::Store,
                ..
            }
        )
    };
    hub.until(stands).await;
    let fed = fake.fed();
    drop(held);
    hub.until(is_fed).await;
    assert!(fake.fed() > fed);
}

#[tokio::test]
async fn a_watcher_that_hangs_up_or_says_no_is_shown_with_the_last_that_went_well() {
    let fake = Fake::new().await;
    let mut hub = Hub::new(&fake.url);
    for status in [0, 404, 500] {
        fake.status.store(200, Ordering::SeqCst);
        hub.until(is_fed).await;
        fake.status.store(status, Ordering::SeqCst);
        let unreached = |watcher| matches!(watcher, Watcher::Unreached { fed: Some(_), .. });
        let first = hub.until(unreached).await;
        // It stays since when it was, while it stays so.
        tokio::time::sleep(EVERY * 4).await;
        assert_eq!(hub.until(unreached).await, first, "{status}");
    }
}

#[tokio::test]
async fn without_a_watcher_the_page_says_so_and_nobody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.sqlite");
    let feeder = Feeder::open(&Settings::default(), folder.path(), &ledger).unwrap();
    assert_eq!(*feeder.watcher.borrow(), Watcher::NotSet);
    assert!(!ledger.exists());
}

#[test]
fn bad_settings_name_the_key_and_never_the_address() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good"), "https://watch.example/s3cr3t\n").unwrap();
    std::fs::write(folder.path().join("bad"), "http://watch.example/s3cr3t\n").unwrap();
    for (text, expected) in [
        ("every_s = 9", "outside: every_s: 10 to 3600"),
        ("url_file = \"bad\"", "outside: url_file: unencrypted"),
        ("url = \"https:/s3cr3t\"", "outside: url: "),
        ("url_file = \"none\"", "outside: url_file: reading"),
        (
            "url = \"https://a/s3cr3t\"\nurl_file = \"good\"",
            "outside: url: set beside url_file",
        ),
        ("url_file = \"good\"\nca = \"none\"", "outside: ca: "),
    ] {
        let settings: Settings = toml::from_str(text).unwrap();
        assert!(!format!("{settings:?}").contains("s3cr3t"));
        let opened = Feeder::open(&settings, folder.path(), &folder.path().join("ledger"));
        let error = opened.err().expect(text).to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
    let settings: Settings = toml::from_str("url_file = \"good\"").unwrap();
    let opened = Feeder::open(&settings, folder.path(), &folder.path().join("ledger"));
    assert!(opened.is_ok());
}
