//! What an open page hears, in paused time; and that hearing it keeps no server from stopping.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use futures_util::StreamExt;
use tokio::sync::watch;

use super::super::{STOP_GRACE, State, sample, serve};
use super::{ask, site, text};

/// The events of one page, read one by one in paused time.
struct Events(axum::body::BodyDataStream);

impl Events {
    async fn open(site: &Router) -> Self {
        let response = ask(site, "GET", "/events?lang=sv").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Option<String> {
        let chunk = self.0.next().await?.unwrap();
        Some(String::from_utf8(chunk.to_vec()).unwrap())
    }

    /// The next event if it comes within a time.
    async fn within(&mut self, limit: Duration) -> Option<String> {
        tokio::time::timeout(limit, self.next()).await.ok()?
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_at_once_and_a_burst_of_them_as_one() {
    let (sender, site) = site(sample::busy());
    let mut events = Events::open(&site).await;
    let first = events.within(Duration::ZERO).await.unwrap();
    assert!(first.contains("event: changed"), "{first}");
    assert!(first.contains("\"clock\":\"02:31\""), "{first}");
    assert!(!first.contains("Provberg"), "{first}");
    tokio::time::sleep(Duration::from_secs(1)).await;

    for _ in 0..50 {
        sender.send_modify(|tonight| Arc::make_mut(tonight).open.clear());
    }
    let second = events.within(Duration::from_millis(1)).await.unwrap();
    assert!(
        second.contains("event: changed") && second.contains("\"revision\":2"),
        "{second}"
    );
    assert_eq!(
        events.within(Duration::from_secs(4)).await,
        None,
        "fifty changes are one event"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_marks_every_row_that_nobody_has_and_says_nothing_of_it() {
    let (sender, site) = site(sample::busy());
    let mut events = Events::open(&site).await;
    let first = marks(&events.next().await.unwrap());
    let page = text(ask(&site, "GET", "/").await).await;
    assert!(!first.is_empty());
    assert_eq!(first.len(), page.matches(" data-alarm=").count());
    let is_mark = |mark: &String| mark.len() == 16 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(first.iter().all(is_mark), "{first:?}");
    sender.send_modify(|tonight| {
        Arc::make_mut(tonight).open.remove(0);
    });
    let second = marks(&events.next().await.unwrap());
    assert_eq!(second.len(), first.len() - 1);
    assert!(
        second.iter().all(|mark| first.contains(mark)),
        "the same rows, the same marks"
    );
}

fn marks(event: &str) -> Vec<String> {
    let data = event.lines().find_map(|line| line.strip_prefix("data: "));
    let data: serde_json::Value = serde_json::from_str(data.unwrap()).unwrap();
    serde_json::from_value(data["alarms"].clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn changes_without_end_are_told_four_times_a_second() {
    let (sender, site) = site(sample::busy());
    let mut events = Events::open(&site).await;
    let changing = tokio::spawn(async move {
        loop {
            sender.send_modify(|_| ());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let mut told = 0;
    let count = async {
        while events.next().await.is_some() {
            told += 1;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), count)
        .await
        .unwrap_err();
    changing.abort();
    assert!((35..=41).contains(&told), "{told} events in 10 s");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_hub_is_heard_every_five_seconds() {
    let (_sender, site) = site(sample::busy());
    let mut events = Events::open(&site).await;
    events.next().await.unwrap();
    for _ in 0..20 {
        assert_eq!(events.within(Duration::from_millis(4_900)).await, None);
        let beat = events.within(Duration::from_millis(200)).await.unwrap();
        assert!(beat.contains("event: beat"), "{beat}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_stops_hearing_of_a_service_that_has_gone() {
    let (sender, site) = site(sample::busy());
    let mut events = Events::open(&site).await;
    events.next().await.unwrap();
    drop(sender);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn an_open_event_stream_does_not_keep_the_server_from_stopping() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (_sender, receiver) = watch::channel(Arc::new(sample::busy()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, State::showing(receiver), async {
        stopped.await.unwrap_or_default();
    }));
    let mut browser = tokio::net::TcpStream::connect(address).await.unwrap();
    browser
        .write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut heard = String::new();
    while !heard.contains("event: changed") {
        let mut bytes = [0; 4096];
        let count = browser.read(&mut bytes).await.unwrap();
        assert_ne!(count, 0, "the stream ended with {heard:?}");
        heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    stop.send(()).unwrap();
    let rest = tokio::time::timeout(STOP_GRACE, async {
        let mut rest = Vec::new();
        browser.read_to_end(&mut rest).await.unwrap();
        server.await.unwrap().unwrap();
    });
    rest.await.expect("the stream ends well within the grace");
}

#[tokio::test]
async fn health_is_ok_while_somebody_can_send_and_not_after() {
    let (sender, site) = site(sample::busy());
    let response = ask(&site, "GET", "/healthz").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response).await, "ok");
    drop(sender);
    for address in ["/healthz", "/events"] {
        let response = ask(&site, "GET", address).await;
        assert_eq!(
            response.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "{address}"
        );
    }
}
