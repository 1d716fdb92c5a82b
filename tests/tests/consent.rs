//! A *no* on the page reaches a real unit, in a demonstration's fast time: real hub, broker, voice
//! and eye. What follows from which consent is tested beside the code; here it is that the words on
//! the page are true of the unit.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use nattsyn_tests::programs::Demonstration;

/// Between two questions.
const BETWEEN: Duration = Duration::from_millis(100);

/// Questions until something must show on the page: a minute and a half, on a machine that does
/// much else.
const ATTEMPTS: u32 = 900;

/// The first home: its resident agreed to a sensor.
const PAGE: &str = "/residents/r0000001/consent";

/// Asks the page as a browser asks, and gives all that is answered.
fn ask(page: &str, request: &str, form: &str) -> String {
    let host = page.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks for an address until its page says something.
fn until(demonstration: &Demonstration, address: &str, says: &str) -> String {
    // Nobody sends: to wait on it is to pause.
    let (_kept, pause) = sync_channel::<()>(1);
    let mut page = String::new();
    for _ in 0..ATTEMPTS {
        page = ask(&demonstration.page, &format!("GET {address}"), "");
        if page.contains(says) {
            return page;
        }
        pause.recv_timeout(BETWEEN).unwrap_err();
    }
    panic!("{address} does not say {says:?}:\n{page}");
}

#[test]
fn a_no_on_the_page_stops_a_real_eye_and_its_checks_become_visits() {
    let folder = tempfile::tempdir().unwrap();
    let demonstration = Demonstration::start(folder.path(), &["--homes", "1"]);
    // The eye itself says what it works by: the page says so only by its signature.
    until(&demonstration, PAGE, "version 1, sensor: i kraft");
    let no = "what=everything&form=oral&by=den+enskilde&note=&sure=yes";
    let done = ask(&demonstration.page, &format!("POST {PAGE}/withdraw"), no);
    assert!(done.starts_with("HTTP/1.1 303"), "{done}");
    until(&demonstration, PAGE, "version 2, inga försök: i kraft");
    // Of the checks that were still to come every one asks for a visit, and none is made by a look.
    let tonight = until(&demonstration, "/", "data-situation=\"consent_withdrawn\"");
    assert!(tonight.contains("bestäm besök"), "{tonight}");
    let night = demonstration.read_night(Duration::from_secs(300));
    let mut lines = night.lines();
    let second = lines.find(|line| line.contains("r0000001.") && line.contains(".2 "));
    let second = second.unwrap_or_else(|| panic!("no second check in\n{night}"));
    assert!(second.contains("EXCEPTION"), "{second}\n{night}");
    assert!(
        !second.contains("visible"),
        "a look was made: {second}\n{night}"
    );
    let tonight = ask(&demonstration.page, "GET /", "");
    assert!(tonight.contains("Planerat personligt besök"), "{tonight}");
}

#[test]
fn after_a_new_yes_the_real_eyes_own_word_ends_the_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let demonstration = Demonstration::start(folder.path(), &["--homes", "1"]);
    until(&demonstration, PAGE, "version 1, sensor: i kraft");
    let post = |path: &str, form: &str| {
        let done = ask(
            &demonstration.page,
            &format!("POST {PAGE}{path}?lang=sv"),
            form,
        );
        assert!(done.starts_with("HTTP/1.1 303"), "{done}");
    };
    post(
        "/withdraw",
        "what=everything&form=oral&by=den+enskilde&note=&sure=yes",
    );
    until(&demonstration, PAGE, "version 2, inga försök: i kraft");
    let page = ask(&demonstration.page, &format!("GET {PAGE}"), "");
    let (_, day) = page.split_once("id=\"new-on\"").unwrap();
    let (_, day) = day.split_once("value=\"").unwrap();
    let day: jiff::civil::Date = day[..10].parse().unwrap();
    let review = day.saturating_add(jiff::ToSpan::days(100));
    let yes = format!(
        "kinds=care&kinds=design&kinds=processing&scope=sensor&form=oral&given_by=den+enskilde\
         &household=alone&cohabitant=&capacity=own&explored=&alternatives=larmmatta&\
         informed=berattade&on={day}&review={review}"
    );
    post("", &yes);
    until(&demonstration, PAGE, "version 3, sensor: i kraft");
    let (_kept, pause) = sync_channel::<()>(1);
    let waits = || {
        let own = ask(&demonstration.page, &format!("GET {PAGE}"), "");
        let night = ask(&demonstration.page, "GET /", "");
        let on_page = own.contains("har inte svarat att den tittar igen");
        on_page || night.contains("data-situation=\"looks_awaited\"")
    };
    let ended = (0..ATTEMPTS).any(|_| {
        pause.recv_timeout(BETWEEN).unwrap_err();
        !waits()
    });
    assert!(ended, "the unit looks and the hub still waits for its word");
}
