//! The real channels against servers of our own that are faulty on purpose, put together from
//! settings as in the product; and the caller between them and a chain.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use nattsyn_protocol::time::Timestamp;

use super::chain::{About, Failure, Key, Kind, Order, RowId};
use super::fakes::{Certificates, Fake, Manner};
use super::push::seal::tests::{browser, open};
use super::push::vapid::tests::claims;
use super::push::{Subscription, seal::BrowserKey};
use super::*;

/// Short, since the fakes are near; long enough for a busy machine.
const PATIENCE: Patience = Patience {
    each: Duration::from_secs(2),
    whole: Duration::from_secs(8),
    pause: Duration::from_millis(20),
};

/// For what never answers.
const HASTE: Patience = Patience {
    each: Duration::from_millis(400),
    whole: Duration::from_secs(1),
    pause: Duration::from_millis(20),
};

const PHONE: &str = "+46701234567";

fn order(by: &str, kind: Kind, number: u64) -> Order {
    Order {
        key: Key {
            at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
            number,
        },
        about: About::Rows(vec![RowId(77)]),
        to: "lead".parse().unwrap(),
        by: by.parse().unwrap(),
        kind,
        count: 3,
    }
}

fn opened(folder: &Path, text: &str, patience: Patience) -> Opened {
    let settings: Settings = toml::from_str(text).unwrap();
    let others = settings::Others::default();
    settings.open_with(folder, others, patience).unwrap()
}

/// Settings with one channel called "way", and the night lead who is told by it.
fn with_channel(channel: &str, address: &str) -> String {
    format!(
        "link = \"https://nattsyn.example/\"\n[[channel]]\nname = \"way\"\n{channel}\n\
         [[recipient]]\nname = \"lead\"\n{address}\n\
         [[team]]\nname = \"natt\"\nsteps = [{{ to = \"lead\", by = [\"way\"] }}]\n"
    )
}

fn sms(port: u16) -> String {
    with_channel(
        &format!(
            "kind = \"sms\"\nurl = \"http://127.0.0.1:{port}/v1/sms?from=Nattsyn\"\n\
             body = '{{\"to\":\"{{to}}\",\"text\":\"{{text}} {{link}}\",\"ref\":\"{{key}}\"}}'\n\
             headers = {{ Authorization = \"Bearer {{secret}}\" }}\nsecret_file = \"key\""
        ),
        &format!("address = {{ way = \"{PHONE}\" }}"),
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "s3cr3t\n").unwrap();
    folder
}

/// Tells by an SMS gateway of these manners; returns what became of it and the gateway.
async fn by_sms(manners: &[Manner], patience: Patience) -> (Result<u16, Failure>, Fake) {
    let folder = folder();
    let fake = Fake::http(None, manners).await;
    let opened = opened(folder.path(), &sms(fake.port), patience);
    let outcome = opened.exchange.carry_out(&order("way", Kind::New, 5)).await;
    (outcome.result.map(|receipt| receipt.code), fake)
}

#[tokio::test]
async fn an_sms_carries_the_fixed_words_the_number_the_key_and_nothing_else() {
    let (told, fake) = by_sms(&[Manner::Answers(202)], PATIENCE).await;
    assert_eq!(told, Ok(202));
    let heard = &fake.heard()[0];
    assert_eq!(heard.path, "/v1/sms?from=Nattsyn");
    let key = order("way", Kind::New, 5).key.to_string();
    assert_eq!(
        heard.text(),
        format!(
            "{{\"to\":\"{PHONE}\",\"text\":\"Nattsyn: 3 att åtgärda https://nattsyn.example/\",\
             \"ref\":\"{key}\"}}"
        )
    );
    assert_eq!(heard.headers["authorization"], "Bearer s3cr3t");
    assert_eq!(heard.headers["idempotency-key"], key);
    assert_eq!(heard.headers["host"], format!("127.0.0.1:{}", fake.port));
    // The row stands in no part of it.
    assert!(!format!("{heard:?}").contains("77"));
}

#[tokio::test]
async fn what_passes_is_tried_again_with_the_same_key() {
    let faults = [
        Manner::Answers(500),
        Manner::Answers(429),
        Manner::Half,
        Manner::Closes,
        Manner::AsksAgain(503, 0),
        Manner::Slow(Duration::from_millis(100)),
    ];
    let (told, fake) = by_sms(&faults, PATIENCE).await;
    assert_eq!(told, Ok(200));
    let heard = fake.heard();
    assert_eq!(heard.len(), faults.len());
    assert!(heard.iter().all(|again| again.body == heard[0].body));
    let keys = heard.iter().map(|again| &again.headers["idempotency-key"]);
    assert_eq!(keys.collect::<std::collections::BTreeSet<_>>().len(), 1);
}

#[tokio::test]
async fn a_gateway_that_stays_faulty_is_given_up_in_time_with_its_own_reason() {
    for (manner, why) in [
        (Manner::Silent, Failure::TimedOut),
        (Manner::Answers(503), Failure::Busy),
        (Manner::AsksAgain(429, 3_600), Failure::Busy),
        (Manner::Half, Failure::Garbled),
        (Manner::Closes, Failure::Garbled),
    ] {
        let (told, _fake) = by_sms(&[manner], HASTE).await;
        assert_eq!(told, Err(why), "{manner:?}");
    }
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again_and_no_secret_follows_a_redirect() {
    for manner in [
        Manner::Answers(401),
        Manner::Answers(404),
        Manner::SendsAway,
    ] {
        let (told, fake) = by_sms(&[manner], PATIENCE).await;
        assert_eq!(told, Err(Failure::Refused), "{manner:?}");
        assert_eq!(fake.heard().len(), 1, "{manner:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_says_200_and_means_no_is_believed_by_its_words() {
    let folder = folder();
    for (says, told) in [
        ("{\"status\":\"ok\"}", true),
        ("{\"status\":\"no credit\"}", false),
    ] {
        let fake = Fake::http(None, &[Manner::Says(says)]).await;
        let text =
            sms(fake.port).replace("[[recipient]]", "answer_contains = '\"ok\"'\n[[recipient]]");
        let opened = opened(folder.path(), &text, PATIENCE);
        let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
        assert_eq!(outcome.result.is_ok(), told, "{says}");
    }
}

#[tokio::test]
async fn nobody_at_home_is_unreachable() {
    let folder = folder();
    let port = Fake::http(None, &[Manner::Closes]).await.port;
    let opened = opened(folder.path(), &sms(port), HASTE);
    let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert_eq!(outcome.result.unwrap_err(), Failure::Unreachable);
}

fn webhook(port: u16, ca: &Path) -> String {
    with_channel(
        &format!(
            "kind = \"webhook\"\nurl = \"https://localhost:{port}/hook\"\nform = \"form\"\n\
             body = \"kind={{kind}}&count={{count}}&text={{text}}\"\nca = {ca:?}"
        ),
        "",
    )
}

#[tokio::test]
async fn a_webhook_over_tls_needs_no_address_and_its_form_is_escaped() {
    let folder = folder();
    let certificates = Certificates::new(folder.path(), "localhost");
    let fake = Fake::http(Some(certificates.server.clone()), &[Manner::Answers(204)]).await;
    let opened = opened(
        folder.path(),
        &webhook(fake.port, &certificates.ca),
        PATIENCE,
    );
    let outcome = opened
        .exchange
        .carry_out(&order("way", Kind::Escalated, 1))
        .await;
    assert_eq!(outcome.result.unwrap().code, 204);
    let heard = &fake.heard()[0];
    let text = "Nattsyn%3A%203%20att%20%C3%A5tg%C3%A4rda%2C%20alla%20%C3%A4r%20inte%20tagna";
    assert_eq!(heard.text(), format!("kind=escalated&count=3&text={text}"));
    assert_eq!(
        heard.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
}

#[tokio::test]
async fn a_wrong_certificate_is_told_nothing() {
    let folder = folder();
    let trusted = Certificates::new(folder.path(), "localhost");
    let stranger = Certificates::new(folder.path(), "elsewhere.example");
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let unsigned = Certificates::new(&other, "localhost");
    for (ca, server) in [
        (&stranger.ca, &stranger.server),
        (&trusted.ca, &unsigned.server),
    ] {
        let fake = Fake::http(Some(Arc::clone(server)), &[Manner::Answers(200)]).await;
        let opened = opened(folder.path(), &webhook(fake.port, ca), PATIENCE);
        let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
        assert_eq!(outcome.result.unwrap_err(), Failure::Untrusted);
        assert!(fake.heard().is_empty());
    }
}

fn push(ca: &Path) -> String {
    with_channel(
        &format!(
            "kind = \"push\"\ncontact = \"mailto:drift@example.org\"\nservices = [\"localhost\"]\n\
             ca = {ca:?}"
        ),
        "",
    )
}

/// What a browser gives when it subscribes at a service.
fn subscription(port: u16, key: &BrowserKey) -> Subscription {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let (point, auth) = (encode(key.point()), encode(key.auth()));
    let json = format!(
        "{{\"endpoint\":\"https://localhost:{port}/w/abc\",\
         \"keys\":{{\"p256dh\":\"{point}\",\"auth\":\"{auth}\"}}}}"
    );
    Subscription::from_json(&json).unwrap()
}

fn subscribe(opened: &Opened, subscription: Subscription) {
    let (to, by) = ("lead".parse().unwrap(), "way".parse().unwrap());
    opened
        .exchange
        .change_book(|book| book.enter(&to, &by, Address::Push(subscription)));
}

#[tokio::test]
async fn a_push_carries_the_fixed_words_for_one_browser_alone_and_shows_who_sends_it() {
    let folder = folder();
    let certificates = Certificates::new(folder.path(), "localhost");
    let fake = Fake::http(Some(certificates.server.clone()), &[Manner::Answers(201)]).await;
    let opened = opened(folder.path(), &push(&certificates.ca), PATIENCE);
    let (own, key) = browser();
    subscribe(&opened, subscription(fake.port, &key));
    let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert_eq!(outcome.result.unwrap().code, 201);
    let heard = &fake.heard()[0];
    let text = open(own, &key, &heard.body);
    assert_eq!(String::from_utf8(text).unwrap(), "Nattsyn: 3 att åtgärda");
    assert_eq!(heard.path, "/w/abc");
    for (name, value) in [
        ("content-encoding", "aes128gcm"),
        ("ttl", "600"),
        ("urgency", "high"),
        ("topic", "nattsyn"),
    ] {
        assert_eq!(heard.headers[name], value);
    }
    let claims = claims(&heard.headers["authorization"]).unwrap();
    assert_eq!(claims["aud"], format!("https://localhost:{}", fake.port));
    let public = opened.application_keys.values().next().unwrap();
    assert!(heard.headers["authorization"].ends_with(public.as_str()));
}

#[tokio::test]
async fn a_subscription_that_is_no_more_fails_for_good_and_is_struck() {
    let folder = folder();
    let certificates = Certificates::new(folder.path(), "localhost");
    for status in [404, 410] {
        let fake = Fake::http(
            Some(certificates.server.clone()),
            &[Manner::Answers(status)],
        )
        .await;
        let opened = opened(folder.path(), &push(&certificates.ca), PATIENCE);
        subscribe(&opened, subscription(fake.port, &browser().1));
        let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
        assert_eq!(outcome.result.unwrap_err(), Failure::Gone);
        assert!(Failure::Gone.is_for_good());
        assert_eq!(outcome.gone.len(), 1);
        let again = opened.exchange.carry_out(&order("way", Kind::New, 2)).await;
        assert_eq!(again.result.unwrap_err(), Failure::NoAddress);
        assert_eq!(fake.heard().len(), 1);
    }
}

#[tokio::test]
async fn of_two_browsers_one_is_enough_and_a_busy_service_is_asked_again() {
    let folder = folder();
    let certificates = Certificates::new(folder.path(), "localhost");
    let server = || Some(certificates.server.clone());
    let gone = Fake::http(server(), &[Manner::Answers(410)]).await;
    let busy = Fake::http(server(), &[Manner::Answers(429), Manner::Answers(201)]).await;
    let opened = opened(folder.path(), &push(&certificates.ca), PATIENCE);
    subscribe(&opened, subscription(gone.port, &browser().1));
    subscribe(&opened, subscription(busy.port, &browser().1));
    let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert_eq!(outcome.result.unwrap().code, 201);
    assert_eq!(outcome.gone.len(), 1);
}

#[tokio::test]
async fn a_push_service_that_nobody_believes_in_is_not_asked() {
    let folder = folder();
    let certificates = Certificates::new(folder.path(), "localhost");
    let fake = Fake::http(Some(certificates.server.clone()), &[Manner::Answers(201)]).await;
    let text = push(&certificates.ca).replace("[\"localhost\"]", "[\"*.push.example\"]");
    let opened = opened(folder.path(), &text, PATIENCE);
    subscribe(&opened, subscription(fake.port, &browser().1));
    let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert_eq!(outcome.result.unwrap_err(), Failure::NoAddress);
    assert!(fake.heard().is_empty());
}

fn mail(port: u16, more: &str) -> String {
    with_channel(
        &format!("kind = \"mail\"\nport = {port}\nfrom = \"nattsyn@example.org\"\n{more}"),
        "address = { way = \"lead@example.org\" }",
    )
}

const PLAIN: &str = "host = \"127.0.0.1\"\nsecurity = \"none\"";

#[tokio::test]
async fn a_mail_over_tls_carries_the_fixed_words_and_the_link() {
    let folder = folder();
    let certificates = Certificates::new(folder.path(), "localhost");
    let fake = Fake::smtp(Some(certificates.server.clone()), &[Manner::Answers(250)]).await;
    let ca = &certificates.ca;
    let more = format!(
        "host = \"localhost\"\nsecurity = \"tls\"\nca = {ca:?}\n\
         user = \"nattsyn\"\npassword_file = \"key\""
    );
    let opened = opened(folder.path(), &mail(fake.port, &more), PATIENCE);
    let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert_eq!(outcome.result.unwrap().code, 250);
    let heard = &fake.heard()[0];
    let key = order("way", Kind::New, 1).key;
    let text = heard.text();
    assert!(
        text.contains(&format!("Message-ID: <{key}@example.org>")),
        "{text}"
    );
    assert!(text.contains("https://nattsyn.example/"), "{text}");
    assert!(text.contains("From: nattsyn@example.org") && text.contains("To: lead@example.org"));
    assert!(heard.path.contains("AUTH PLAIN"), "{}", heard.path);
    assert!(!text.contains("77"), "{text}");
}

#[tokio::test]
async fn a_mail_server_that_fails_is_given_up_in_time_with_its_own_reason() {
    let folder = folder();
    for (manner, why) in [
        (Manner::Silent, Failure::TimedOut),
        (Manner::Answers(451), Failure::Busy),
        (Manner::Answers(550), Failure::Refused),
        (Manner::Half, Failure::Garbled),
        (Manner::Closes, Failure::Garbled),
    ] {
        let fake = Fake::smtp(None, &[manner]).await;
        let opened = opened(folder.path(), &mail(fake.port, PLAIN), HASTE);
        let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
        let told = outcome.result.unwrap_err();
        assert_eq!(told, why, "{manner:?}");
    }
}

#[tokio::test]
async fn a_mail_server_with_a_wrong_certificate_is_told_nothing() {
    let folder = folder();
    let trusted = Certificates::new(folder.path(), "elsewhere.example");
    let unsigned = Certificates::new(folder.path(), "localhost");
    let fake = Fake::smtp(Some(unsigned.server), &[Manner::Answers(250)]).await;
    let ca = &trusted.ca;
    let more = format!("host = \"localhost\"\nsecurity = \"tls\"\nca = {ca:?}");
    let opened = opened(folder.path(), &mail(fake.port, &more), PATIENCE);
    let outcome = opened.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert_eq!(outcome.result.unwrap_err(), Failure::Untrusted);
    assert!(fake.heard().is_empty());
}

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
    tokio::spawn(run(Arc::new(opened.exchange), orders, outcomes));
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
