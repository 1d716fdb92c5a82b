//! Web Push: what a browser reads, what its service sees, and what becomes of subscriptions.

use super::*;
use crate::notify::chain::Failure;
use crate::notify::fakes::{Certificates, Fake, Manner};
use crate::notify::push::seal::tests::{browser, open};
use crate::notify::push::vapid::tests::claims;
use crate::notify::push::{Subscription, seal::BrowserKey};

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
    let public = opened.pushes.values().next().unwrap().application_key();
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
