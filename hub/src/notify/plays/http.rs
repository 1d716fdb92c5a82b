//! SMS gateways and webhooks: what they are told, and what becomes of it when they fail.

use std::sync::Arc;

use super::*;
use crate::notify::chain::Failure;
use crate::notify::fakes::{Certificates, Fake, Manner};

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
    assert!(!format!("{heard:?}").contains("7700077"));
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
