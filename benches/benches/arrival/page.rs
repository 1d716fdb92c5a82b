//! Somebody who has the page open, and somebody who sees what the service hands it.
//!
//! The one reads what a browser would: the events, and after each `changed` the rows. Nothing is
//! drawn.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use nattsyn_clock::Clock;
use nattsyn_hub::view::Tonight;
use nattsyn_protocol::ids::CheckId;

use super::load::Name;
use super::town::Town;

/// Longest that the last report may take to the page.
const PATIENCE: Duration = Duration::from_secs(60);

/// The rows were read once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) begun: Duration,
    pub(crate) ended: Duration,
    pub(crate) bytes: usize,
}

/// When each report was first seen on the page's channel.
pub(crate) type Seen = BTreeMap<Name, Duration>;

/// Both of them.
pub(crate) struct Followers {
    seen: watch::Receiver<Seen>,
    readings: watch::Receiver<Vec<Reading>>,
    tasks: [JoinHandle<anyhow::Result<()>>; 2],
}

impl Followers {
    pub(crate) fn start(town: &Town) -> Self {
        let (tell_seen, seen) = watch::channel(Seen::new());
        let (tell_reading, readings) = watch::channel(Vec::new());
        let places = town.checks.iter().enumerate();
        let places = places.map(|(unit, check)| (check.id, unit)).collect();
        let tonight = town.hub.tonight.clone();
        let clock = town.clock.clone();
        let channel = tokio::spawn(follow(tonight, places, clock, tell_seen));
        let page = tokio::spawn(read(town.page, town.clock.clone(), tell_reading));
        Self {
            seen,
            readings,
            tasks: [channel, page],
        }
    }

    /// Waits until all of these were seen and the page was read after that.
    pub(crate) async fn finish(mut self, of: &Seen) -> anyhow::Result<(Seen, Vec<Reading>)> {
        let whole = self
            .seen
            .wait_for(|seen| of.keys().all(|name| seen.contains_key(name)));
        let whole = tokio::time::timeout(PATIENCE, whole).await;
        let mut seen = whole.context("waiting for the page's channel")??.clone();
        seen.retain(|name, _| of.contains_key(name));
        let last = seen.values().max().copied().unwrap_or_default();
        let read = self
            .readings
            .wait_for(|readings| readings.iter().any(|reading| reading.begun >= last));
        let read = tokio::time::timeout(PATIENCE, read).await;
        let readings = read.context("waiting for the page")??.clone();
        self.tasks.iter().for_each(JoinHandle::abort);
        Ok((seen, readings))
    }
}

async fn follow(
    mut tonight: watch::Receiver<Arc<Tonight>>,
    places: BTreeMap<CheckId, usize>,
    clock: Clock,
    tell: watch::Sender<Seen>,
) -> anyhow::Result<()> {
    loop {
        tonight.changed().await?;
        let now = clock.real_now();
        let tonight = Arc::clone(&tonight.borrow_and_update());
        tell.send_modify(|seen| {
            for row in tonight.checks.iter().filter(|row| !row.looks.is_empty()) {
                let Some(&unit) = places.get(&row.id) else {
                    continue;
                };
                for look in &row.looks {
                    let name = Name {
                        unit,
                        look: look.look,
                    };
                    seen.entry(name).or_insert(now);
                }
            }
        });
    }
}

async fn read(
    page: SocketAddr,
    clock: Clock,
    tell: watch::Sender<Vec<Reading>>,
) -> anyhow::Result<()> {
    let mut events = ask(page, "/events").await?;
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let length = events.read(&mut part).await?;
        anyhow::ensure!(length > 0, "the events ended");
        text.extend_from_slice(&part[..length]);
        let told = String::from_utf8_lossy(&text);
        if !told.contains("event: changed") {
            continue;
        }
        text.clear();
        let begun = clock.real_now();
        let mut rows = Vec::new();
        ask(page, "/fragment").await?.read_to_end(&mut rows).await?;
        let reading = Reading {
            begun,
            ended: clock.real_now(),
            bytes: rows.len(),
        };
        tell.send_modify(|readings| readings.push(reading));
    }
}

async fn ask(page: SocketAddr, path: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(page).await?;
    let question = format!("GET {path} HTTP/1.1\r\nHost: {page}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    Ok(stream)
}
