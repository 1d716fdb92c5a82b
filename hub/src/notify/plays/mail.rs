//! Mail: what a mail server is told, and what becomes of it when it fails.

use super::*;
use crate::notify::chain::Failure;
use crate::notify::fakes::{Certificates, Fake, Manner};

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
    assert!(!text.contains("7700077"), "{text}");
}

#[tokio::test]
async fn starttls_encrypts_before_anything_is_said_or_nothing_is_said() {
    let folder = folder();
    let certificates = Certificates::new(folder.path(), "localhost");
    let ca = &certificates.ca;
    let more = format!("host = \"localhost\"\nsecurity = \"starttls\"\nca = {ca:?}");
    let manners = [Manner::Answers(250)];
    let fake = Fake::starttls(certificates.server.clone(), &manners).await;
    let able = opened(folder.path(), &mail(fake.port, &more), PATIENCE);
    let outcome = able.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert_eq!(outcome.result.unwrap().code, 250);
    assert_eq!(fake.heard().len(), 1);
    // One that does not offer it, or had its offer taken away on the road.
    let fake = Fake::smtp(None, &manners).await;
    let unable = opened(folder.path(), &mail(fake.port, &more), HASTE);
    let outcome = unable.exchange.carry_out(&order("way", Kind::New, 1)).await;
    assert!(outcome.result.is_err());
    assert!(fake.heard().is_empty());
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
