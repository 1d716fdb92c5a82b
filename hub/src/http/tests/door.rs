//! The door, asked as a browser asks: who comes in, who does not, and what they read.

use std::sync::Mutex;

use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use ed25519_dalek::SigningKey;
use nattsyn_clock::Now;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::*;
use crate::audit::Log;
use crate::audit::heads::Outside;
use crate::commission::clerk as commissions;
use crate::config::Front;
use crate::http::door::Door;
use crate::keys::HubKeys;
use crate::staff::command::{StaffCommand, run};
use crate::staff::tests::keys::party;
use crate::staff::{Porter, Register, Rights};
use crate::tuning::Floor;
use crate::tuning::clerk::Clerk;

/// A hub with staff, whose clock the test moves.
pub(super) struct Hub {
    pub(super) folder: tempfile::TempDir,
    now: Arc<Mutex<Now>>,
    site: Router,
    tonight: watch::Sender<Arc<Tonight>>,
}

pub(super) const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");

impl Hub {
    pub(super) fn empty(front: Front) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(Mutex::new(Now {
            uptime: Uptime(Duration::from_secs(1)),
            timestamp: sample::at("21:00"),
            epoch: 0,
        }));
        let (sender, _) = watch::channel(Arc::new(sample::busy()));
        let mut hub = Self {
            folder,
            now,
            site: Router::new(),
            tonight: sender,
        };
        hub.start(front);
        hub
    }

    /// A hub with natt-001 in it, and her PIN.
    pub(super) fn staffed() -> (Self, String) {
        let hub = Self::empty(Front::Plain);
        let pin = hub.add("natt-001", "Vakna Påhittson");
        (hub, pin)
    }

    /// Starts the hub, or starts it again.
    pub(super) fn start(&mut self, front: Front) {
        let now = Arc::clone(&self.now);
        let porter = Porter::open(&self.ledger(), move || *now.lock().unwrap()).unwrap();
        let rights = Rights::open(&self.ledger()).unwrap().at(Some(party()));
        let rights = Arc::new(rights);
        let porter = porter.with_keys(Arc::clone(&rights));
        let keys = HubKeys::endorsed(
            SigningKey::from_bytes(&[9; 32]),
            &demonstration::root_key(),
            1,
        );
        let now = Arc::clone(&self.now);
        let thresholds = Clerk::new(
            (&self.ledger(), keys.clone()),
            ("Europe/Stockholm", Floor::default()),
            None,
            move || now.lock().unwrap().timestamp,
        );
        let now = Arc::clone(&self.now);
        let commissions = commissions::Clerk::new(
            (&self.ledger(), keys),
            "Europe/Stockholm",
            None,
            move || now.lock().unwrap().timestamp,
        );
        self.site = app(State {
            thresholds: Some(Arc::new(thresholds)),
            commissioning: Some(Arc::new(commissions)),
            archive: Some(Arc::new(books::sample_archive())),
            audit: Some(Arc::new(Log::open(&self.ledger()).unwrap())),
            heads: Some(watch::channel(Outside::Nowhere).1),
            rights: Some(rights),
            door: Door::Staff(Arc::new(porter), front),
            ..State::showing(self.tonight.subscribe())
        });
    }

    pub(super) fn ledger(&self) -> std::path::PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    /// The night as pages show it from now on.
    pub(super) fn shows(&self, tonight: Tonight) {
        self.tonight.send_replace(Arc::new(tonight));
    }

    pub(super) fn moment(&self) -> Timestamp {
        self.now.lock().unwrap().timestamp
    }

    pub(super) fn pass(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        now.uptime = now.uptime.after(time);
        now.timestamp = now.timestamp.after(time);
    }

    pub(super) fn command(&self, arguments: &[&str]) -> String {
        #[derive(clap::Parser)]
        struct Line {
            #[command(subcommand)]
            command: StaffCommand,
        }
        let line = <Line as clap::Parser>::try_parse_from(["staff"].iter().chain(arguments));
        let mut register = Register::open(&self.ledger()).unwrap();
        let now = self.now.lock().unwrap().timestamp;
        run(&mut register, now, &line.unwrap().command).unwrap()
    }

    pub(super) fn add(&self, id: &str, name: &str) -> String {
        pin_in(&self.command(&["add", "--id", id, "--name", name, "--by", "admin-1"]))
    }

    pub(super) async fn send(
        &self,
        (method, address): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(address);
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.site.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn sign_in(&self, who: &str, pin: &str, cookies: &str) -> Response<Body> {
        let form = format!("who={who}&pin={pin}");
        let address = ("POST", "/sign-in?lang=sv&next=%2Fledger%3Flang%3Dsv");
        self.send(address, &[SAME, ("cookie", cookies)], &form)
            .await
    }

    /// The cookies of somebody who has just signed in.
    pub(super) async fn cookies(&self, who: &str, pin: &str) -> String {
        let response = self.sign_in(who, pin, "").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        brought(&response)
    }

    pub(super) async fn look(&self, address: &str, cookies: &str) -> StatusCode {
        let headers = [(COOKIE.as_str(), cookies)];
        self.send(("GET", address), &headers, "").await.status()
    }
}

pub(super) fn pin_in(said: &str) -> String {
    let (_, rest) = said.split_once("PIN: ").unwrap();
    rest.lines().next().unwrap().to_owned()
}

/// The cookies that a browser brings after an answer.
pub(super) fn brought(response: &Response<Body>) -> String {
    let cookies = response.headers().get_all(SET_COOKIE).iter();
    let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

pub(super) fn location(response: &Response<Body>) -> &str {
    response.headers()[LOCATION].to_str().unwrap()
}

/// Not the PIN.
pub(super) fn wrong(pin: &str) -> &'static str {
    if pin == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn nothing_is_shown_without_a_session() {
    let (hub, _pin) = Hub::staffed();
    for page in [
        "/",
        "/?lang=en",
        "/ledger?night=2026-11-21",
        "/morning",
        "/residents/r0000001",
        "/handover",
        "/meter",
        "/matters/4",
        "/settings",
        "/rows/7",
    ] {
        let response = hub.send(("GET", page), &[], "").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{page}");
        assert!(location(&response).starts_with("/sign-in?lang="), "{page}");
    }
    for address in ["/fragment", "/events", "/ledger.csv"] {
        let response = hub.send(("GET", address), &[], "").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{address}");
        let body = text(response).await;
        assert!(body.contains("Logga in igen") && !body.contains("Provberg"));
    }
    let script = [SAME, ("accept", "text/plain")];
    let act = hub
        .send(("POST", "/rows/11"), &script, "turn=0&act=take")
        .await;
    assert_eq!(act.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(text(act).await, "Du är inte inloggad. Logga in igen.");
    for address in [
        "/healthz",
        "/assets/page.css",
        "/assets/page.js",
        "/assets/listen.js",
        "/assets/contact.js",
        "/assets/sound.js",
        "/assets/menu.js",
        "/assets/kept.js",
        "/sign-in",
    ] {
        assert_eq!(hub.look(address, "").await, StatusCode::OK, "{address}");
    }
}

#[tokio::test]
async fn a_page_leads_to_the_sign_in_and_the_sign_in_back_to_it() {
    let (hub, pin) = Hub::staffed();
    let response = hub
        .send(("GET", "/ledger?night=2026-11-21&lang=en"), &[], "")
        .await;
    let there = location(&response).to_owned();
    assert_eq!(
        there,
        "/sign-in?lang=en&next=/ledger%3Fnight%3D2026-11-21%26lang%3Den"
    );
    let form = text(hub.send(("GET", &there), &[], "").await).await;
    assert!(
        form.contains(&format!("action=\"{}\"", there.replace('&', "&amp;"))),
        "{form}"
    );
    for needle in [
        "inputmode=\"numeric\"",
        "autocomplete=\"current-password\"",
        "autocomplete=\"username\"",
    ] {
        place(&form, needle);
    }
    let typed = format!("who=natt-001&pin={pin}");
    let response = hub.send(("POST", &there), &[SAME], &typed).await;
    assert_eq!(location(&response), "/ledger?night=2026-11-21&lang=en");
    assert_eq!(hub.look("/", &brought(&response)).await, StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_leads_to_no_other_site() {
    let (hub, pin) = Hub::staffed();
    let typed = format!("who=natt-001&pin={pin}");
    for next in [
        "https:%2F%2Felsewhere.example",
        "%2F%2Felsewhere.example",
        "%2F%5Celsewhere.example",
        "%2F%09%2Felsewhere.example",
        "%2F%0d%0aSet-Cookie:x=y",
        "elsewhere",
        "%2Fsign-in",
        "%ff",
        "",
    ] {
        let address = format!("/sign-in?next={next}");
        let response = hub.send(("POST", &address), &[SAME], &typed).await;
        assert_eq!(location(&response), "/?lang=sv", "{next}");
    }
}

#[tokio::test]
async fn a_cookie_is_for_this_site_and_no_script_and_lasts_a_shift() {
    for (front, secure) in [(Front::Plain, false), (Front::Tls, true)] {
        let hub = Hub::empty(front);
        let pin = hub.add("natt-001", "Vakna Påhittson");
        let response = hub.sign_in("natt-001", &pin, "").await;
        let cookies: Vec<&str> = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .map(|cookie| cookie.to_str().unwrap())
            .collect();
        let [shift, known] = cookies[..] else {
            panic!("{cookies:?}");
        };
        assert!(shift.contains("; Path=/; Max-Age=43200;"), "{shift}");
        assert!(known.contains("; Path=/sign-in; "), "{known}");
        for cookie in cookies {
            assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
            assert_eq!(cookie.ends_with("; Secure"), secure, "{cookie}");
        }
    }
}

#[tokio::test]
async fn a_session_outlives_the_hub_and_ends_with_the_shift() {
    let (mut hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    hub.pass(Duration::from_secs(6 * 3600));
    hub.start(Front::Plain);
    assert_eq!(hub.look("/", &cookies).await, StatusCode::OK);
    hub.pass(Duration::from_secs(6 * 3600 - 1));
    assert_eq!(hub.look("/", &cookies).await, StatusCode::OK);
    hub.pass(Duration::from_secs(1));
    assert_eq!(hub.look("/", &cookies).await, StatusCode::SEE_OTHER);
    assert_eq!(
        hub.look("/fragment", &cookies).await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_token_that_was_ended_or_made_up_opens_nothing() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let out = hub
        .send(("POST", "/sign-out"), &[SAME, ("cookie", &cookies)], "")
        .await;
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    let gone = out.headers()[SET_COOKIE].to_str().unwrap();
    assert!(
        gone.starts_with("nattsyn-shift=; Path=/; Max-Age=0"),
        "{gone}"
    );
    let made_up = format!("nattsyn-shift={}", "a".repeat(64));
    let known_alone = hub.cookies("natt-001", &pin).await;
    let known_alone = known_alone
        .split("; ")
        .find(|pair| pair.starts_with("nattsyn-known"));
    for cookie in [
        cookies.as_str(),
        made_up.as_str(),
        "nattsyn-shift=",
        known_alone.unwrap(),
    ] {
        assert_eq!(
            hub.look("/", cookie).await,
            StatusCode::SEE_OTHER,
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn a_new_pin_or_leaving_ends_the_sessions_while_the_hub_runs() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let new = pin_in(&hub.command(&["pin", "--id", "natt-001", "--by", "admin-1"]));
    assert_eq!(hub.look("/", &cookies).await, StatusCode::SEE_OTHER);
    if new != pin {
        let old = hub.sign_in("natt-001", &pin, "").await;
        assert_eq!(old.status(), StatusCode::UNAUTHORIZED);
    }
    let cookies = hub.cookies("natt-001", &new).await;
    hub.command(&["leave", "--id", "natt-001", "--by", "admin-1"]);
    assert_eq!(hub.look("/", &cookies).await, StatusCode::SEE_OTHER);
    let left = hub.sign_in("natt-001", &new, "").await;
    assert_eq!(left.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_another_site_sends_is_refused() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let form = format!("who=natt-001&pin={pin}");
    let host = ("host", "nattsyn.example:8080");
    let refused: [&[(&str, &str)]; 6] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[host, ("origin", "http://elsewhere.example")],
        &[host, ("origin", "null")],
        &[
            ("sec-fetch-site", "cross-site"),
            host,
            ("origin", "http://nattsyn.example:8080"),
        ],
    ];
    for address in ["/sign-in", "/sign-out", "/rows/11", "/"] {
        for headers in refused {
            let headers = [headers, &[("cookie", cookies.as_str())]].concat();
            let status = hub.send(("POST", address), &headers, &form).await.status();
            assert_eq!(status, StatusCode::FORBIDDEN, "{address} {headers:?}");
        }
    }
    let own: [&[(&str, &str)]; 3] = [
        &[SAME],
        &[("sec-fetch-site", "none")],
        &[host, ("origin", "http://nattsyn.example:8080")],
    ];
    for headers in own {
        let status = hub
            .send(("POST", "/sign-in"), headers, &form)
            .await
            .status();
        assert_eq!(status, StatusCode::SEE_OTHER, "{headers:?}");
    }
}

#[tokio::test]
async fn a_wrong_pin_and_a_person_unknown_get_the_same_answer() {
    let (hub, pin) = Hub::staffed();
    let mut answers = Vec::new();
    for who in ["natt-001", "natt-999"] {
        let response = hub.sign_in(who, wrong(&pin), "").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        answers.push(text(response).await.replace(who, "WHO"));
    }
    assert!(answers[0].contains("Id och PIN stämmer inte."));
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn wrong_pins_make_a_pause_that_ends_and_that_no_session_feels() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    for who in ["natt-001", "natt-999"] {
        for _ in 0..3 {
            let status = hub.sign_in(who, wrong(&pin), "").await.status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{who}");
        }
        let response = hub.sign_in(who, &pin, "").await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "{who}");
        assert_eq!(response.headers()["retry-after"], "2");
        assert!(text(response).await.contains("Vänta 2 sekunder"));
    }
    assert_eq!(hub.look("/", &cookies).await, StatusCode::OK);
    // Her own phone, from which she was signed in before, waits for nobody.
    let home = hub.sign_in("natt-001", &pin, &cookies).await;
    assert_eq!(home.status(), StatusCode::SEE_OTHER);
    hub.pass(Duration::from_secs(2));
    let response = hub.sign_in("natt-001", &pin, "").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whoever_signs_in_next_on_a_phone_signs_the_one_before_out() {
    let (hub, pin) = Hub::staffed();
    let other = hub.add("natt-002", "Nästa Påhittson");
    let first = hub.cookies("natt-001", &pin).await;
    let response = hub
        .sign_in("N%C3%84STA+p%C3%A5hittson", &other, &first)
        .await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "by name too");
    assert_eq!(hub.look("/", &first).await, StatusCode::SEE_OTHER);
    let next = brought(&response);
    let page = hub.send(("GET", "/"), &[("cookie", &next)], "").await;
    assert!(text(page).await.contains("Nästa Påhittson"));
}

#[tokio::test]
async fn every_page_says_who_is_signed_in_and_how_to_sign_out() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    for (address, out) in [("/", "Logga ut"), ("/?lang=en", "Sign out")] {
        let page = hub
            .send(("GET", address), &[("cookie", &cookies)], "")
            .await;
        let page = text(page).await;
        let header = &page[place(&page, "<header")..place(&page, "</header>")];
        place(header, "Vakna Påhittson");
        place(header, out);
        place(header, "action=\"/sign-out?lang=");
    }
    let (_sender, open) = site(sample::busy());
    let page = text(ask(&open, "GET", "/").await).await;
    assert!(!page.contains("Logga ut"), "nobody signed in");
}

#[tokio::test]
async fn with_nobody_registered_the_sign_in_says_which_command_to_run() {
    let hub = Hub::empty(Front::Plain);
    let command = "nattsyn-hub staff --config hub.toml add --id natt-001";
    let page = text(hub.send(("GET", "/sign-in"), &[], "").await).await;
    place(&page, command);
    place(&page, "Ingen personal är inlagd.");
    hub.add("natt-001", "Vakna Påhittson");
    let page = text(hub.send(("GET", "/sign-in"), &[], "").await).await;
    assert!(!page.contains(command));
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_ends_when_its_session_does() {
    use futures_util::StreamExt as _;
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let events = hub
        .send(("GET", "/events"), &[("cookie", &cookies)], "")
        .await;
    assert_eq!(events.status(), StatusCode::OK);
    let mut events = events.into_body().into_data_stream();
    events.next().await.unwrap().unwrap();
    hub.command(&["leave", "--id", "natt-001", "--by", "admin-1"]);
    let rest = tokio::time::timeout(Duration::from_secs(60), events.count()).await;
    assert!(rest.expect("it ends") < 10);
}

#[tokio::test]
async fn a_form_that_is_too_long_or_none_is_refused() {
    let (hub, _pin) = Hub::staffed();
    let long = format!("who={}&pin=1", "a".repeat(5000));
    for form in [long.as_str(), "who=natt-001", "%%%"] {
        let status = hub.send(("POST", "/sign-in"), &[SAME], form).await.status();
        assert!(status.is_client_error(), "{form}: {status}");
    }
}

#[tokio::test]
async fn no_name_pin_or_token_is_ever_printed() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let now = Arc::clone(&hub.now);
    let porter = Porter::open(&hub.ledger(), move || *now.lock().unwrap()).unwrap();
    let token = cookies.split(['=', ';']).nth(1).unwrap();
    let token = crate::staff::Token::read(token).unwrap();
    let member = porter.member(token.clone()).await.unwrap().unwrap();
    let worker = crate::http::door::Worker {
        id: member.id.clone(),
        name: member.name.clone(),
    };
    assert_eq!(porter.name(&member.id), "Vakna Påhittson");
    assert_eq!(porter.name(&"natt-999".parse().unwrap()), "natt-999");
    let door = Door::Staff(Arc::new(porter), Front::Plain);
    let printed = format!("{member:?} {worker:?} {door:?} {token:?}");
    assert!(
        !printed.contains("Påhittson") && !printed.contains(&token.reveal()),
        "{printed}"
    );
    assert!(printed.contains("natt-001"));
    // Nor is any of it in the file, but for the name.
    for end in ["", "-wal"] {
        let path = hub.folder.path().join(format!("ledger.sqlite{end}"));
        let bytes = std::fs::read(path).unwrap_or_default();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|bytes| bytes == text.as_bytes())
        };
        assert!(!holds(&token.reveal()));
    }
}
