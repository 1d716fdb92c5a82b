//! The caller: no channel holds up another, every order has an outcome, nothing private is logged;
//! and the whole loop with a chain.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::*;
use crate::notify::chain::{Chain, Effect, Failure, Line, Need, Reach, TrialId};
use crate::notify::fakes::{Fake, Manner};
use crate::watch::Moment;

/// Never answers, or panics.
struct Broken(Manner);

impl Notifier for Broken {
    fn tell<'a>(&'a self, _notice: &'a Notice) -> Telling<'a> {
        let manner = self.0;
        Box::pin(async move {
            assert_eq!(manner, Manner::Silent, "broken on purpose");
            std::future::pending().await
        })
    }
}

/// Counts, and says yes.
struct Good;

impl Notifier for Good {
    fn tell<'a>(&'a self, _notice: &'a Notice) -> Telling<'a> {
        Box::pin(async { Ok(Receipt { code: 200 }) })
    }
}

fn exchange() -> Exchange {
    let link = Link::try_from("https://nattsyn.example/".to_owned()).unwrap();
    let mut book = AddressBook::default();
    let lead = "lead".parse().unwrap();
    for by in ["hangs", "panics", "works"] {
        book.enter(&lead, &by.parse().unwrap(), Address::Own);
    }
    let mut exchange = Exchange::new(Language::Swedish, link, book);
    exchange.add("hangs".parse().unwrap(), Arc::new(Broken(Manner::Silent)));
    exchange.add("panics".parse().unwrap(), Arc::new(Broken(Manner::Closes)));
    exchange.add("works".parse().unwrap(), Arc::new(Good));
    exchange
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_hangs_or_panics_holds_up_no_other_and_every_order_has_an_outcome() {
    let (give, orders) = mpsc::channel(400);
    let (outcomes, mut taken) = mpsc::channel(4);
    let calling = tokio::spawn(run(Arc::new(exchange()), orders, outcomes));
    for number in 0..100 {
        give.send(order("hangs", Kind::New, number)).await.unwrap();
    }
    for (number, by) in [(100, "panics"), (101, "works"), (102, "nowhere")] {
        give.send(order(by, Kind::New, number)).await.unwrap();
    }
    let mut outcomes = std::collections::BTreeMap::new();
    let first = tokio::time::timeout(Duration::from_secs(1), async {
        for _ in 0..3 {
            let outcome = taken.recv().await.unwrap();
            outcomes.insert(outcome.key.number, outcome.result);
        }
    });
    first
        .await
        .expect("the others' outcomes do not wait for what hangs");
    assert_eq!(outcomes[&100], Err(Failure::Broken));
    assert!(outcomes[&101].is_ok());
    assert_eq!(outcomes[&102], Err(Failure::NoAddress));
    let within = caller::ATTEMPT_WITHIN + Duration::from_secs(1);
    let rest = tokio::time::timeout(within, async {
        for _ in 0..100 {
            assert_eq!(taken.recv().await.unwrap().result, Err(Failure::TimedOut));
        }
    });
    rest.await.expect("every order has its outcome in time");
    drop(give);
    calling.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn beyond_its_bound_an_order_fails_at_once_so_that_another_way_is_tried() {
    let (give, orders) = mpsc::channel(400);
    let (outcomes, mut taken) = mpsc::channel(400);
    tokio::spawn(run(Arc::new(exchange()), orders, outcomes));
    for number in 0..257 {
        give.send(order("hangs", Kind::New, number)).await.unwrap();
    }
    let first = tokio::time::timeout(Duration::from_secs(1), taken.recv()).await;
    let outcome = first.unwrap().unwrap();
    assert_eq!(
        (outcome.key.number, outcome.result),
        (256, Err(Failure::Crowded))
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_ended_and_started_again_works_on() {
    let exchange = Arc::new(exchange());
    let (give, orders) = mpsc::channel(4);
    let (outcomes, _taken) = mpsc::channel(4);
    let calling = tokio::spawn(run(Arc::clone(&exchange), orders, outcomes));
    give.send(order("hangs", Kind::New, 1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    calling.abort();
    assert!(calling.await.unwrap_err().is_cancelled());
    let (give, orders) = mpsc::channel(4);
    let (outcomes, mut taken) = mpsc::channel(4);
    tokio::spawn(run(exchange, orders, outcomes));
    give.send(order("works", Kind::New, 1)).await.unwrap();
    assert!(taken.recv().await.unwrap().result.is_ok());
}

/// What is logged while a test runs.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_number_no_recipient_and_no_secret_is_ever_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = folder();
    let fake = Fake::http(None, &[Manner::Answers(500), Manner::Answers(401)]).await;
    let opened = opened(folder.path(), &sms(fake.port), PATIENCE);
    let settings: Settings = toml::from_str(&sms(fake.port)).unwrap();
    let (give, orders) = mpsc::channel(4);
    let (outcomes, mut taken) = mpsc::channel(4);
    tokio::spawn(run(opened.exchange, orders, outcomes));
    give.send(order("way", Kind::New, 1)).await.unwrap();
    let outcome = taken.recv().await.unwrap();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("not told") && logged.contains("Refused"),
        "{logged}"
    );
    let printed = format!("{logged} {outcome:?} {settings:?}");
    for secret in [
        "4670",
        "s3cr3t",
        "\"lead\"",
        "lead\u{1b}",
        "to=lead",
        "Bearer",
    ] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

/// Counts how many tell at once.
struct Crowd {
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl Notifier for Crowd {
    fn tell<'a>(&'a self, _notice: &'a Notice) -> Telling<'a> {
        Box::pin(async {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            Ok(Receipt { code: 200 })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_asked_for_eight_messages_at_once_and_no_more() {
    let most = Arc::new(AtomicUsize::new(0));
    let mut exchange = exchange();
    let crowd = Crowd {
        now: AtomicUsize::new(0),
        most: Arc::clone(&most),
    };
    exchange.add("works".parse().unwrap(), Arc::new(crowd));
    let (give, orders) = mpsc::channel(40);
    let (outcomes, mut taken) = mpsc::channel(40);
    tokio::spawn(run(Arc::new(exchange), orders, outcomes));
    for number in 0..40 {
        give.send(order("works", Kind::New, number)).await.unwrap();
    }
    for _ in 0..40 {
        assert!(taken.recv().await.unwrap().result.is_ok());
    }
    assert_eq!(most.load(Ordering::SeqCst), 8);
}

fn trial(by: &str, number: u64) -> Order {
    Order {
        about: About::Trial(TrialId(1)),
        ..order(by, Kind::Test, number)
    }
}

#[tokio::test(start_paused = true)]
async fn no_row_waits_behind_test_alarms_and_two_of_those_go_by_a_channel_at_once() {
    let most = Arc::new(AtomicUsize::new(0));
    let mut exchange = exchange();
    let crowd = Crowd {
        now: AtomicUsize::new(0),
        most: Arc::clone(&most),
    };
    exchange.add("works".parse().unwrap(), Arc::new(crowd));
    let (give, orders) = mpsc::channel(400);
    let (outcomes, mut taken) = mpsc::channel(400);
    tokio::spawn(run(Arc::new(exchange), orders, outcomes));
    for number in 0..20 {
        give.send(trial("works", number)).await.unwrap();
    }
    // More than may be under way: those beyond fail, and are none of the rows'.
    for number in 100..400 {
        give.send(trial("hangs", number)).await.unwrap();
    }
    give.send(order("works", Kind::New, 20)).await.unwrap();
    let mut tried = Vec::new();
    let row = tokio::time::timeout(Duration::from_millis(1_500), async {
        loop {
            let outcome = taken.recv().await.unwrap();
            match outcome.key.number {
                20 => break outcome.result,
                100.. => assert_eq!(outcome.result, Err(Failure::Crowded)),
                number => tried.push(number),
            }
        }
    });
    assert!(row.await.expect("the row waits for nobody").is_ok());
    assert!(tried.len() <= 2, "{tried:?}");
    while tried.len() < 20 {
        let outcome = taken.recv().await.unwrap();
        if outcome.key.number < 20 {
            assert!(outcome.result.is_ok());
            tried.push(outcome.key.number);
        }
    }
    assert_eq!(most.load(Ordering::SeqCst), 3, "one row, two test alarms");
}

/// The whole loop, as a hub runs it: what the chain writes is kept, what it sends is carried out,
/// and what became of it goes back. Returns how long after the row a gateway heard of it.
async fn round(opened: Opened, second: &Fake) -> (Vec<Line>, Duration) {
    let clock = nattsyn_clock::Clock::machine();
    let moment = || {
        let now = clock.now();
        Moment {
            uptime: now.uptime,
            timestamp: now.timestamp,
        }
    };
    let (give, orders) = mpsc::channel(4);
    let (outcomes, mut taken) = mpsc::channel(4);
    tokio::spawn(run(opened.exchange, orders, outcomes));
    let mut chain = Chain::new(opened.teams);
    let began = moment();
    let need = Need {
        reach: Reach::Chain,
        row: RowId(77),
        team: "natt".parse().unwrap(),
        since: began.timestamp,
        target: Duration::from_secs(300),
    };
    let mut lines = Vec::new();
    let mut effects = chain.handle_needs(began, [need]);
    loop {
        for effect in effects {
            match effect {
                Effect::Write(line) => lines.push(line),
                Effect::Send(order) => give.send(order).await.unwrap(),
                Effect::Over(_) => {}
            }
        }
        let outcome = taken.recv().await.unwrap();
        effects = match outcome.result {
            Ok(_) => chain.handle_delivered(moment(), outcome.key),
            Err(why) => chain.handle_failed(moment(), outcome.key, why),
        };
        if !second.heard().is_empty() {
            lines.extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::Write(line) => Some(line),
                Effect::Send(_) | Effect::Over(_) => None,
            }));
            return (lines, moment().uptime.since(began.uptime));
        }
    }
}

#[tokio::test]
async fn when_the_first_gateway_is_dead_the_second_hears_of_the_row() {
    let folder = folder();
    let dead = Fake::http(None, &[Manner::Silent]).await;
    let second = Fake::http(None, &[Manner::Answers(202)]).await;
    let text = sms(dead.port).replace(
        "[[recipient]]",
        &format!(
            "[[channel]]\nname = \"second\"\nkind = \"webhook\"\n\
             url = \"http://127.0.0.1:{}/\"\nbody = '{{\"n\":{{count}}}}'\n[[recipient]]",
            second.port
        ),
    );
    let text = text.replace("by = [\"way\"]", "by = [\"way\", \"second\"]");
    let opened = opened(folder.path(), &text, HASTE);
    let (lines, after) = round(opened, &second).await;
    let told: Vec<bool> = lines
        .iter()
        .map(|line| matches!(line, Line::Told { .. } | Line::Delivered { .. }))
        .collect();
    assert_eq!(told, [false, true, false, true, true], "{lines:?}");
    assert_eq!(second.heard()[0].text(), "{\"n\":1}");
    assert!(after < Duration::from_secs(30), "{after:?}");
}

/// From a row's beginning to the gateway's socket, on this machine. Printed; the design's budget
/// counts from the report on.
#[tokio::test]
async fn how_soon_a_gateway_hears_of_a_row() {
    let folder = folder();
    let mut all = Vec::new();
    for _ in 0..40 {
        let gateway = Fake::http(None, &[Manner::Answers(202)]).await;
        let opened = opened(folder.path(), &sms(gateway.port), PATIENCE);
        let (_, after) = round(opened, &gateway).await;
        all.push(after);
    }
    all.sort_unstable();
    println!(
        "from a row to the gateway's answer: p50 {:?}, at most {:?}",
        all[20], all[39]
    );
    assert!(all[20] < Duration::from_secs(1), "{all:?}");
}
