//! The phone in somebody's hand, asked as a browser asks: who may choose, what is refused, and what
//! every page says of it.

use std::future::IntoFuture as _;

use axum::http::header::{LOCATION, SET_COOKIE};
use nattsyn_clock::Now;
use nattsyn_protocol::time::Uptime;

use super::*;
use crate::config::Front;
use crate::http::door::Door;
use crate::notify::chain::{Team, Teams};
use crate::notify::phones::stage::Stage;
use crate::notify::teller::{Hearing as Anybody, Told};
use crate::staff::command::{StaffCommand, run};
use crate::staff::{Porter, Register, Token};

/// A hub with a push service of our own and somebody at work.
struct Hub {
    stage: Stage,
    site: Router,
    told: watch::Sender<Arc<Told>>,
    _tonight: watch::Sender<Arc<Tonight>>,
}

const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
const SCRIPT: (&str, &str) = ("accept", "text/plain");

impl Hub {
    async fn new(statuses: &[u16]) -> Self {
        Self::told_by(statuses, "[\"push\"]").await
    }

    /// With these channels for the first recipient.
    async fn told_by(statuses: &[u16], by: &str) -> Self {
        let stage = Stage::new(statuses).await;
        add(&stage, "natt-001", "Vakna Påhittson");
        let (opened, phones, _keeper) = stage.start_by(by);
        let told = Told {
            hearing: Anybody::Somebody,
            unreached: ["natt-1".parse().unwrap(), "natt-2".parse().unwrap()].into(),
            teams: opened.teams,
            ..Told::default()
        };
        let (told, shown) = watch::channel(Arc::new(told));
        let (tonight, receiver) = watch::channel(Arc::new(sample::busy()));
        let now = Now {
            uptime: Uptime(Duration::from_secs(1)),
            timestamp: stage.now(),
            epoch: 0,
        };
        let porter = Porter::open(&stage.ledger(), move || now).unwrap();
        let site = app(State {
            told: Some(shown),
            phones: Some(phones),
            door: Door::Staff(Arc::new(porter), Front::Plain),
            ..State::showing(receiver)
        });
        Self {
            stage,
            site,
            told,
            _tonight: tonight,
        }
    }

    fn sign_in(&self) -> String {
        cookie(&self.stage.session("natt-001"))
    }

    async fn send(
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

    async fn read(&self, address: &str, cookie: &str) -> String {
        text(self.send(("GET", address), &[("cookie", cookie)], "").await).await
    }

    /// What the page's script sends, and the answer.
    async fn choose(&self, cookie: &str, body: &str) -> (StatusCode, String) {
        let headers = [SAME, SCRIPT, ("cookie", cookie)];
        let answer = self.send(("POST", "/phone?lang=sv"), &headers, body).await;
        (answer.status(), text(answer).await)
    }
}

fn add(stage: &Stage, id: &str, name: &str) {
    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: StaffCommand,
    }
    let words = [
        "staff", "add", "--id", id, "--name", name, "--by", "admin-1",
    ];
    let line = <Line as clap::Parser>::try_parse_from(words).unwrap();
    let mut register = Register::open(&stage.ledger()).unwrap();
    run(&mut register, stage.now(), &line.command).unwrap();
}

fn cookie(token: &Token) -> String {
    format!("nattsyn-shift={}", token.reveal())
}

fn form(word: &str, json: &str) -> String {
    let escaped: String = json.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("recipient={word}&subscription={escaped}")
}

#[tokio::test]
async fn nobody_chooses_without_a_session_or_from_another_site() {
    let hub = Hub::new(&[201]).await;
    let page = hub.send(("GET", "/phone"), &[], "").await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    let there = page.headers()[LOCATION].to_str().unwrap().to_owned();
    assert!(there.contains("next=/phone"), "{there}");
    let cookie = hub.sign_in();
    let body = form("natt-1", &hub.stage.browser("w/1"));
    for address in ["/phone", "/phone/stop", "/phone/renewed"] {
        let answer = hub.send(("POST", address), &[SAME], &body).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{address}");
        let elsewhere = [("sec-fetch-site", "cross-site"), ("cookie", &*cookie)];
        let answer = hub.send(("POST", address), &elsewhere, &body).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{address}");
    }
    assert!(hub.read("/phone", &cookie).await.contains("får inga larm."));
    assert!(hub.stage.pushed(0).await.is_empty());
}

#[tokio::test]
async fn a_phone_chooses_is_greeted_and_every_page_says_so() {
    let mut hub = Hub::new(&[201]).await;
    let cookie = hub.sign_in();
    let before = strip_tags(&hub.read("/", &cookie).await);
    assert!(
        before.contains("Larm till den här telefonen: av"),
        "{before}"
    );
    assert!(before.contains("Larm går inte fram till natt-1, natt-2: ingen telefon är vald."));
    let (status, said) = hub
        .choose(&cookie, &form("natt-1", &hub.stage.browser("w/1")))
        .await;
    assert_eq!(
        (status, said.contains("får larm som natt-1.")),
        (StatusCode::OK, true)
    );
    assert_eq!(hub.stage.pushed(1).await, ["/w/1"]);
    assert_eq!(
        hub.stage.read(0),
        "Nattsyn: den här telefonen får larm nu\nphone"
    );
    let after = strip_tags(&hub.read("/fragment", &cookie).await);
    assert!(
        after.contains("Larm till den här telefonen: natt-1"),
        "{after}"
    );
    let page = hub.read("/phone", &cookie).await;
    assert!(page.contains("en telefon"), "{page}");
    assert!(
        page.contains("value=\"natt-1\"") && page.contains("checked"),
        "{page}"
    );
    assert!(!page.contains("w/1") && !page.contains("lead"), "{page}");
    // Another browser of the same worker is another phone.
    let other = hub.read("/", &hub.sign_in()).await;
    assert!(strip_tags(&other).contains("Larm till den här telefonen: av"));
    let headers = [SAME, SCRIPT, ("cookie", &*cookie)];
    let stopped = hub
        .send(("POST", "/phone/stop?lang=en"), &headers, "")
        .await;
    assert_eq!(text(stopped).await, "This phone gets no more alerts.");
    let page = hub.read("/phone", &cookie).await;
    assert!(page.contains("Den här telefonen får inga larm."), "{page}");
}

#[tokio::test]
async fn what_is_no_phone_of_the_chain_is_refused_in_words() {
    let hub = Hub::new(&[201]).await;
    let cookie = hub.sign_in();
    let good = hub.stage.browser("w/1");
    let strange = hub.stage.browser_at("hub.internal:8080", "admin");
    for (body, status, says) in [
        (
            form("natt-1", "{}"),
            StatusCode::BAD_REQUEST,
            "går inte att använda",
        ),
        (
            form("natt-1", &strange),
            StatusCode::BAD_REQUEST,
            "är inte godkänd",
        ),
        (
            form("lead", &good),
            StatusCode::CONFLICT,
            "kan inte få larm",
        ),
        (
            form("natt-1/sms", &good),
            StatusCode::CONFLICT,
            "kan inte få larm",
        ),
        (
            form("natt-1/", &good),
            StatusCode::CONFLICT,
            "kan inte få larm",
        ),
        (
            form("%3Cb%3E", &good),
            StatusCode::CONFLICT,
            "kan inte få larm",
        ),
        (form("", &good), StatusCode::BAD_REQUEST, "Välj först"),
        (
            "recipient=natt-1".to_owned(),
            StatusCode::BAD_REQUEST,
            "skript",
        ),
        ("a=%ff%fe".to_owned(), StatusCode::BAD_REQUEST, "."),
    ] {
        let (answer, said) = hub.choose(&cookie, &body).await;
        assert_eq!(answer, status, "{body}: {said}");
        assert!(said.contains(says), "{body}: {said}");
        assert!(!said.contains("hub.internal"), "{said}");
    }
    let long = form("natt-1", &hub.stage.browser(&"w".repeat(9_000)));
    assert_eq!(hub.choose(&cookie, &long).await.0, StatusCode::BAD_REQUEST);
    assert!(hub.stage.pushed(0).await.is_empty());
}

#[tokio::test]
async fn a_push_service_that_does_not_answer_well_is_said_at_once() {
    let hub = Hub::new(&[403, 410]).await;
    let cookie = hub.sign_in();
    let (status, said) = hub
        .choose(&cookie, &form("natt-1", &hub.stage.browser("w/1")))
        .await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(said.contains("Räkna inte med larm"), "{said}");
    let (status, said) = hub
        .choose(&cookie, &form("natt-1", &hub.stage.browser("w/2")))
        .await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(said.contains("Den får inga larm."), "{said}");
    assert!(hub.read("/phone", &cookie).await.contains("får inga larm."));
}

#[tokio::test]
async fn whoever_signs_out_is_told_no_more_and_reads_whom_that_leaves_alone() {
    let hub = Hub::new(&[201]).await;
    let (first, second) = (hub.sign_in(), hub.sign_in());
    for (cookie, path) in [(&first, "w/1"), (&second, "w/2")] {
        let body = form("natt-1", &hub.stage.browser(path));
        assert_eq!(hub.choose(cookie, &body).await.0, StatusCode::OK);
    }
    let out = ("POST", "/sign-out?lang=sv");
    let answer = hub.send(out, &[SAME, ("cookie", &*first)], "").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let answer = hub.send(out, &[SAME, ("cookie", &*second)], "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
    let said = text(answer).await;
    assert!(said.contains("Larm går nu inte fram till natt-1"), "{said}");
    let fresh = hub.sign_in();
    let page = strip_tags(&hub.read("/phone", &fresh).await);
    assert!(page.contains("Den här telefonen får inga larm."), "{page}");
}

#[tokio::test]
async fn without_anybody_who_is_told_by_push_no_page_speaks_of_phones() {
    let hub = Hub::new(&[201]).await;
    hub.told.send_replace(Arc::default());
    let cookie = hub.sign_in();
    assert!(!hub.read("/", &cookie).await.contains("/phone"));
    let page = hub.read("/phone", &cookie).await;
    assert!(
        page.contains("ingen i larmkedjan larmas genom webbläsaren"),
        "{page}"
    );
    assert!(!page.contains("<form id=\"choose-phone\""), "{page}");
    // Nor does one on which nobody signs in.
    let (_sender, site) = site(sample::busy());
    let page = text(ask(&site, "GET", "/phone").await).await;
    assert!(page.contains("kan inte få larm"), "{page}");
}

#[tokio::test]
async fn a_phone_whose_word_the_settings_dropped_says_that_nothing_comes() {
    let hub = Hub::new(&[201]).await;
    let cookie = hub.sign_in();
    let body = form("natt-1", &hub.stage.browser("w/1"));
    assert_eq!(hub.choose(&cookie, &body).await.0, StatusCode::OK);
    hub.told.send_modify(|told| {
        let teams = told.teams.iter().map(|team| {
            let steps = team.steps()[1..].to_vec();
            Team::new(team.name().clone(), steps).unwrap()
        });
        let teams = Teams::new(teams.collect());
        Arc::make_mut(told).teams = teams;
    });
    let page = strip_tags(&hub.read("/", &cookie).await);
    assert!(page.contains("Larm till den här telefonen: av"), "{page}");
}

#[tokio::test]
async fn a_phone_whose_step_moved_to_another_channel_says_that_nothing_comes_until_it_chooses() {
    let hub = Hub::told_by(&[201], "[\"push\", \"push-b\"]").await;
    let cookie = hub.sign_in();
    let body = form("natt-1", &hub.stage.browser("w/1"));
    assert_eq!(hub.choose(&cookie, &body).await.0, StatusCode::OK);
    let page = hub.read("/phone", &cookie).await;
    let chosen = |page: &str, value: &str| {
        let own = page.split("<input").find(|own| own.contains(value));
        let own = own.unwrap_or_else(|| panic!("no {value} in {page}"));
        own.contains(" checked")
    };
    assert!(chosen(&page, "\"natt-1/push\""), "{page}");
    assert!(!chosen(&page, "\"natt-1/push-b\""), "{page}");
    assert!(strip_tags(&page).contains("(push-b)"), "{page}");
    hub.told.send_modify(|told| {
        let teams = told.teams.iter().map(|team| {
            let mut steps = team.steps().to_vec();
            steps[0].by = vec!["push-b".parse().unwrap()];
            Team::new(team.name().clone(), steps).unwrap()
        });
        Arc::make_mut(told).teams = Teams::new(teams.collect());
    });
    let page = strip_tags(&hub.read("/", &cookie).await);
    assert!(page.contains("Larm till den här telefonen: av"), "{page}");
    let body = form("natt-1", &hub.stage.browser("w/1"));
    assert_eq!(hub.choose(&cookie, &body).await.0, StatusCode::OK);
    let page = strip_tags(&hub.read("/", &cookie).await);
    assert!(
        page.contains("Larm till den här telefonen: natt-1"),
        "{page}"
    );
}

#[tokio::test]
async fn the_phones_page_is_in_the_language_that_was_asked_for() {
    let hub = Hub::new(&[201]).await;
    let cookie = hub.sign_in();
    let swedish = hub.read("/phone", &cookie).await;
    let english = hub.read("/phone?lang=en", &cookie).await;
    assert!(swedish.contains("<html lang=\"sv\"") && english.contains("<html lang=\"en\""));
    for phrase in texts::phone::ALL {
        let (sv, en) = (phrase.to(Lang::Swedish), phrase.to(Lang::English));
        assert!(sv.len() < 8 || !english.contains(sv), "{sv}");
        assert!(en.len() < 8 || !swedish.contains(en), "{en}");
    }
    assert!(!english.contains("telefon") && !swedish.contains(" phone "));
}

#[tokio::test]
async fn the_worker_sees_to_every_page_keeps_nothing_and_is_this_sites_own() {
    let (_sender, site) = site(sample::busy());
    let answer = ask(&site, "GET", "/assets/worker.js").await;
    let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("service-worker-allowed"), "/");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("content-type").starts_with("text/javascript"));
    let policy = header("content-security-policy");
    assert!(
        policy.contains("worker-src 'self'; manifest-src 'self'"),
        "{policy}"
    );
    let worker = text(answer).await;
    for kept in [
        "caches",
        "indexedDB",
        "\"fetch\"",
        "importScripts",
        "https:",
    ] {
        assert!(!worker.contains(kept), "{kept}");
    }
    let manifest = text(ask(&site, "GET", "/assets/manifest.json").await).await;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["display"], "standalone");
    for icon in manifest["icons"].as_array().unwrap() {
        let answer = ask(&site, "GET", icon["src"].as_str().unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(kind.starts_with(icon["type"].as_str().unwrap()), "{kind}");
    }
    let page = page(sample::busy(), "/").await;
    assert!(page.contains("rel=\"manifest\"") && page.contains("rel=\"apple-touch-icon\""));
}

/// Serves the phone's page to somebody who is signed in, for a person to look at. Prints where, and
/// the session's cookie.
#[tokio::test]
#[ignore = "serves for ten minutes, for looking at the page in a browser"]
async fn look_at_the_phones_page() {
    let address = std::env::var("NATTSYN_LOOK_AT").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let hub = Hub::new(&[201]).await;
    println!("http://{}/phone", listener.local_addr().unwrap());
    println!("{}", hub.sign_in());
    println!("{}", hub.stage.browser("w/1"));
    let serving = axum::serve(listener, hub.site.clone()).into_future();
    tokio::time::timeout(Duration::from_secs(600), serving)
        .await
        .ok();
}
