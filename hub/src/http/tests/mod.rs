//! What the page promises: asked as a browser asks, without a socket. How it looks and what its
//! module does in a browser is for the end-to-end test of the page.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use tokio::sync::watch;
use tower::ServiceExt;

use nattsyn_protocol::finding::{Fault, Finding, Reason};

use crate::exception::{Step, Unresolved};
use crate::view::{Cause, Ending, Hearing, Person, Reality, Standing, Tonight};
use crate::watch::situation::Situation;
use crate::watch::{CallOff, Closing, Said};

use super::texts::next::{Concerns, next, sentences};
use super::texts::{self, Lang, Phrase};
use super::{PAGE_CSS, State, app, sample};

mod access;
mod acts;
mod agreed;
mod books;
mod commission;
mod consent;
mod contrast;
mod door;
mod events;
mod farewells;
mod labels;
mod matters;
mod outside;
mod phone;
mod proof;
mod residents;
mod settings;
mod shift;
mod sides;
mod technical;
mod tuning;

const LANGS: [Lang; 2] = [Lang::Swedish, Lang::English];

fn site(tonight: Tonight) -> (watch::Sender<Arc<Tonight>>, Router) {
    let (sender, receiver) = watch::channel(Arc::new(tonight));
    (sender, app(State::showing(receiver)))
}

async fn ask(site: &Router, method: &str, address: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(address);
    let request = request.body(Body::empty()).unwrap();
    site.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000_000).await;
    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
}

async fn page(tonight: Tonight, address: &str) -> String {
    let (_sender, site) = site(tonight);
    let response = ask(&site, "GET", address).await;
    assert_eq!(response.status(), StatusCode::OK);
    text(response).await
}

fn place(page: &str, needle: &str) -> usize {
    page.find(needle)
        .unwrap_or_else(|| panic!("{needle:?} is not in {page}"))
}

fn causes() -> Vec<Cause> {
    let mut causes = vec![
        Cause::NotVisible,
        Cause::Paused,
        Cause::NoReport,
        Cause::Silent,
        Cause::VisitPlanned,
        Cause::NoUnit,
        Cause::OtherPlan,
        Cause::AwayUnconfirmed,
        Cause::CalledOffByMistake,
    ];
    causes.extend(crate::commission::gate::Shut::ALL.map(Cause::NotCommissioned));
    causes.extend(Reason::ALL.iter().copied().map(Cause::Unclear));
    causes.extend(Fault::ALL.iter().copied().map(Cause::Technical));
    causes
}

#[tokio::test]
async fn exceptions_stand_in_due_order_before_everything_else() {
    let mut tonight = sample::busy();
    tonight.open.reverse();
    let page = page(tonight, "/").await;
    let order = [
        ">Att åtgärda",
        "id=\"e12\"",
        "id=\"e11\"",
        "id=\"e13\"",
        "id=\"e14\"",
        "id=\"closed\"",
        ">Nattlista<",
        ">Sensorenheter<",
    ];
    let places: Vec<usize> = order.iter().map(|needle| place(&page, needle)).collect();
    assert!(places.is_sorted(), "{order:?} stand at {places:?}");
}

#[tokio::test]
async fn an_exception_says_who_what_since_when_by_when_and_what_to_do() {
    let page = page(sample::busy(), "/").await;
    let row = &page[place(&page, "id=\"e11\"")..place(&page, "id=\"e13\"")];
    let said: String = strip_tags(row);
    for needle in [
        "Elsa Provberg",
        "Åkervägen 3",
        "Syns inte på sovplatsen",
        "Sedan 02:14 (17 min)",
        "Åtgärda senast 02:45",
        "Gäller tillsynen 02:00–02:30",
        "Åk dit om det inte klarar upp saken.",
    ] {
        assert!(said.contains(needle), "{needle:?} is not in {said:?}");
    }
}

#[tokio::test]
async fn a_due_time_that_has_passed_is_said_in_words() {
    let page = page(sample::busy(), "/").await;
    let row = strip_tags(&page[place(&page, "id=\"e12\"")..place(&page, "id=\"e11\"")]);
    assert!(row.contains("Tiden har gått ut: 02:30"), "{row}");
}

#[tokio::test]
async fn a_technical_fault_or_silence_asks_for_a_visit() {
    for cause in causes() {
        let technical = match cause {
            Cause::Technical(_)
            | Cause::NoReport
            | Cause::Silent
            | Cause::NoUnit
            | Cause::OtherPlan
            | Cause::NotCommissioned(_)
            | Cause::AwayUnconfirmed
            | Cause::CalledOffByMistake => true,
            Cause::NotVisible | Cause::Unclear(_) | Cause::Paused | Cause::VisitPlanned => false,
        };
        for concerns in [Concerns::Checks, Concerns::NoneYet] {
            let next = next(Lang::Swedish, cause, concerns, None);
            assert_eq!(
                next.contains("personligt besök"),
                technical,
                "{cause:?}: {next}"
            );
        }
    }
}

#[tokio::test]
async fn a_name_with_markup_in_it_is_shown_not_run() {
    let mut tonight = sample::busy();
    let evil = Person {
        name: "<script>alert(1)</script>\"'&".to_owned(),
        ..sample::person(77, "", "<img src=x onerror=alert(2)>")
    };
    tonight.open[0].person = evil.clone();
    tonight.closed[0].person = evil.clone();
    tonight.checks[0].person = evil.clone();
    tonight.homes[0].address = evil.address;
    for address in ["/", "/fragment"] {
        let page = page(tonight.clone(), address).await;
        assert!(
            !page.contains("<script>") && !page.contains("<img"),
            "{page}"
        );
        assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
        assert!(!page.contains("</script>\"'"), "{page}");
    }
}

#[tokio::test]
async fn an_empty_list_says_so_and_when_it_was_updated() {
    let page = strip_tags(&page(sample::empty(), "/").await);
    for needle in [
        "Inget att åtgärda just nu.",
        "Uppdaterad 02:31",
        "Inga tillsyner är planerade i natt.",
        "Inga sensorenheter är inlagda.",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page:?}");
    }
}

#[tokio::test]
async fn the_page_always_says_that_nobody_is_told_and_what_visible_means() {
    for tonight in [sample::empty(), sample::busy(), sample::demonstration()] {
        for (lang, address) in [(Lang::Swedish, "/"), (Lang::English, "/?lang=en")] {
            let page = page(tonight.clone(), address).await;
            for phrase in [texts::NO_NOTIFIER, texts::MEANING] {
                assert!(
                    page.contains(phrase.to(lang)),
                    "{phrase:?} is not in {page}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_visible_means_stands_once_on_the_page_of_tonight() {
    for tonight in [sample::empty(), sample::busy()] {
        for (lang, address) in [(Lang::Swedish, "/"), (Lang::English, "/?lang=en")] {
            let page = page(tonight.clone(), address).await;
            let meaning = texts::MEANING.to(lang);
            assert_eq!(page.matches(meaning).count(), 1, "{page}");
        }
    }
}

#[tokio::test]
async fn only_a_demonstration_says_that_it_is_one() {
    let banner = texts::DEMONSTRATION.to(Lang::Swedish);
    let shown = page(sample::demonstration(), "/").await;
    assert!(shown.contains(banner));
    assert!(strip_tags(&shown).contains("Demonstrationens klocka: 02:31"));
    let real = Tonight {
        reality: Reality::Homes,
        ..sample::demonstration()
    };
    assert!(!page(real, "/").await.contains(banner));
}

#[tokio::test]
async fn a_late_report_says_when_it_came() {
    let page = strip_tags(&page(sample::busy(), "/").await);
    for needle in [
        "Synlig, sen rapport (22:35, rapporten kom 23:48)",
        "22:35 Synlig (rapporten kom 23:48)",
    ] {
        assert!(page.contains(needle), "{needle:?} is not in {page:?}");
    }
}

#[tokio::test]
async fn every_check_and_every_home_is_on_the_page() {
    let tonight = sample::busy();
    let page = page(tonight.clone(), "/").await;
    for check in &tonight.checks {
        place(&page, &format!("id=\"c{}\"", check.id));
    }
    for home in &tonight.homes {
        place(&page, &format!("id=\"h{}\"", home.home));
    }
    let said = strip_tags(&page);
    assert!(
        said.contains("10 tillsyner: 4 synliga, 3 att åtgärda, 2 pågår, 1 planerad"),
        "{said}"
    );
    assert!(said.contains("6 av 8 hörs"), "{said}");
}

#[test]
fn everything_the_page_can_say_has_a_text_in_both_languages() {
    for phrase in all_phrases() {
        let [swedish, english] = LANGS.map(|lang| phrase.to(lang));
        assert!(
            !swedish.trim().is_empty() && !english.trim().is_empty(),
            "{phrase:?}"
        );
        assert_ne!(swedish, english);
    }
}

#[test]
fn no_two_causes_share_a_text() {
    for lang in LANGS {
        let texts: BTreeSet<&str> = causes()
            .iter()
            .map(|&why| texts::cause(why).to(lang))
            .collect();
        assert_eq!(texts.len(), causes().len(), "{texts:?}");
    }
}

#[tokio::test]
async fn no_page_mixes_its_languages() {
    let swedish = strip_tags(&page(sample::demonstration(), "/").await);
    let english = strip_tags(&page(sample::demonstration(), "/?lang=en").await);
    for phrase in all_phrases() {
        let [sv, en] = LANGS.map(|lang| phrase.to(lang));
        let word = |text: &str| text.len() > 8;
        assert!(
            !word(sv) || !english.contains(sv),
            "{sv:?} is on the English page"
        );
        assert!(
            !word(en) || !swedish.contains(en),
            "{en:?} is on the Swedish page"
        );
    }
    for word in ["tillsyn", "synlig", "Hörs", "försök", "Sedan", "senast"] {
        assert!(
            !english.contains(word),
            "{word:?} is on the English page: {english}"
        );
    }
    for word in [" the ", "visible", "Heard", "check", "Since"] {
        assert!(
            !swedish.contains(word),
            "{word:?} is on the Swedish page: {swedish}"
        );
    }
}

#[tokio::test]
async fn the_language_is_what_the_address_says_and_swedish_otherwise() {
    let (_sender, site) = site(sample::busy());
    for (address, tag) in [
        ("/", "sv"),
        ("/?lang=sv", "sv"),
        ("/?lang=en", "en"),
        ("/?x=1&lang=en", "en"),
        ("/?lang=tlh", "sv"),
        ("/?lang=", "sv"),
        ("/?lang=en%20", "sv"),
        ("/?lang=%ff&&=&lang", "sv"),
    ] {
        let response = ask(&site, "GET", address).await;
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        let page = text(response).await;
        assert!(
            page.contains(&format!("<html lang=\"{tag}\">")),
            "{address}"
        );
        let other = if tag == "sv" { "en" } else { "sv" };
        assert!(
            page.contains(&format!("href=\"/?lang={other}\"")),
            "{address}"
        );
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_it() {
    let (_sender, site) = site(sample::busy());
    for address in [
        "/",
        "/fragment",
        "/events",
        "/healthz",
        "/ledger",
        "/ledger.csv",
        "/morning",
        "/handover",
        "/meter",
        "/residents/r0000001",
        "/assets/page.css",
        "/assets/page.js",
        "/assets/print.js",
        "/assets/listen.js",
        "/assets/contact.js",
        "/assets/sound.js",
        "/assets/menu.js",
        "/assets/kept.js",
        "/assets/icon.svg",
        "/assets/worker.js",
        "/assets/push.js",
        "/assets/manifest.json",
        "/assets/icon-192.png",
        "/phone",
        "/nothing",
        "/sign-in",
    ] {
        let response = ask(&site, "GET", address).await;
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-security-policy").starts_with("default-src 'none';"));
        assert!(!header("content-security-policy").contains("unsafe"));
        assert_eq!(header("cache-control"), "no-store", "{address}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{address}");
        assert_eq!(header("referrer-policy"), "same-origin", "{address}");
    }
}

#[tokio::test]
async fn nothing_but_get_is_answered_but_for_what_staff_do() {
    let (_sender, site) = site(sample::busy());
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for address in ["/", "/fragment", "/events", "/healthz", "/assets/page.js"] {
            let status = ask(&site, method, address).await.status();
            let expected = match address {
                // Nobody who only looks comes past the door with a form.
                "/" | "/fragment" | "/events" if method != "OPTIONS" => StatusCode::FORBIDDEN,
                _ => StatusCode::METHOD_NOT_ALLOWED,
            };
            assert_eq!(status, expected, "{method} {address}");
        }
    }
}

#[tokio::test]
async fn an_unknown_address_is_a_plain_page_that_leads_back() {
    let (_sender, site) = site(sample::busy());
    for (address, says) in [
        ("/admin", "Sidan finns inte."),
        ("/../etc", "Sidan finns inte."),
        ("/assets/", "Sidan finns inte."),
        ("/x?lang=en", "There is no such page."),
    ] {
        let response = ask(&site, "GET", address).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{address}");
        let page = text(response).await;
        assert!(
            page.contains(says) && page.contains("href=\"/?lang="),
            "{page}"
        );
        assert!(!page.contains("Provberg"));
    }
}

#[tokio::test]
async fn the_page_asks_nothing_of_anybody_else() {
    let page = page(sample::demonstration(), "/").await;
    for text in [page.as_str(), PAGE_CSS, super::PAGE_JS] {
        assert!(
            !text.contains("https:") && !text.contains("//cdn"),
            "{text}"
        );
        assert!(
            !text.contains("http://") && !text.contains("@import"),
            "{text}"
        );
    }
    assert!(
        !page.contains(" style=") && !page.contains(" onclick="),
        "{page}"
    );
}

/// Every text that has a name of its own.
fn named_phrases() -> Vec<Phrase> {
    let parts = [
        texts::ALL,
        texts::ledger::ALL,
        texts::door::ALL,
        texts::access::ALL,
        texts::account::ALL,
        texts::audit::ALL,
        texts::technical::ALL,
        texts::hands::ALL,
        texts::told::ALL,
        texts::outside::ALL,
        texts::matters::ALL,
        texts::resident::ALL,
        texts::consent::ALL,
        texts::shift::ALL,
        texts::phone::ALL,
        texts::proof::ALL,
        texts::settings::ALL,
        texts::sound::ALL,
        texts::live::ALL,
        texts::tuning::ALL,
        texts::commission::ALL,
        texts::units::ALL,
        texts::sides::ALL,
        texts::labels::ALL,
    ];
    parts.concat()
}

/// Every text that any page can show.
fn all_phrases() -> Vec<Phrase> {
    let mut all = named_phrases();
    all.extend(Closing::ALL.map(texts::matters::how));
    all.extend(Said::ALL.map(texts::hands::how));
    all.extend(Unresolved::ALL.map(texts::hands::found));
    all.extend([Step::Phone, Step::Visit, Step::Lead].map(texts::hands::step));
    all.extend(
        Situation::ALL
            .iter()
            .map(|&situation| texts::of_situation(situation)),
    );
    all.extend(Said::ALL.map(texts::said));
    all.extend(CallOff::ALL.map(texts::call_off));
    for cause in causes() {
        all.push(texts::cause(cause));
        for agreed in agreed::arrangements() {
            all.extend(sentences(cause, Concerns::Checks, agreed.as_ref()));
            all.extend(sentences(cause, Concerns::NoneYet, agreed.as_ref()));
        }
        all.push(texts::standing(Standing::Exception { cause }));
    }
    let at = sample::at("02:00");
    let standings = [
        Standing::Planned,
        Standing::Ongoing,
        Standing::Overdue,
        Standing::Visible { at },
        Standing::VisibleLate { at, came: at },
    ];
    all.extend(standings.map(texts::standing));
    let endings = [
        Ending::LaterVisible,
        Ending::LateReport,
        Ending::HeardAgain,
        Ending::CalledOff,
    ];
    all.extend(endings.map(texts::ending));
    let hearings = [
        Hearing::Well,
        Hearing::Paused,
        Hearing::EyeTrouble,
        Hearing::Silent(Duration::ZERO),
    ];
    all.extend(hearings.map(texts::hearing));
    all.extend([Finding::Visible, Finding::NotVisible, Finding::Paused].map(texts::finding));
    all.extend(
        Reason::ALL
            .iter()
            .map(|&reason| texts::finding(Finding::Unclear(reason))),
    );
    all.extend(
        Fault::ALL
            .iter()
            .map(|&fault| texts::finding(Finding::Technical(fault))),
    );
    all
}

/// What a reader sees of some markup: tags gone, and blanks as one.
fn strip_tags(markup: &str) -> String {
    let mut said = String::new();
    for (i, piece) in markup.split('<').enumerate() {
        let shown = if i == 0 {
            piece
        } else {
            piece.split_once('>').map_or("", |(_, rest)| rest)
        };
        let starts = piece.trim_start_matches('/');
        let breaks = ["d", "p", "li", "ol", "h1", "h2", "span", "strong"];
        if breaks.iter().any(|tag| starts.starts_with(tag)) {
            said.push(' ');
        }
        said.push_str(shown);
    }
    let words: Vec<&str> = said.split_whitespace().collect();
    words.join(" ").replace("( ", "(").replace(" )", ")")
}

/// Serves the sample for a person to look at; a row comes and goes every few seconds.
#[tokio::test]
#[ignore = "serves for ten minutes, for looking at the page in a browser"]
async fn look_at_the_page() {
    let address = std::env::var("NATTSYN_LOOK_AT").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    println!("http://{}/", listener.local_addr().unwrap());
    let (sender, receiver) = watch::channel(Arc::new(sample::demonstration()));
    let turns = async move {
        for turn in 0..200 {
            tokio::time::sleep(Duration::from_secs(3)).await;
            sender.send_modify(|tonight| turn_of(Arc::make_mut(tonight), turn));
        }
    };
    let state = State {
        archive: Some(Arc::new(books::sample_archive())),
        told: Some(proof::told_to_look_at()),
        ..State::showing(receiver)
    };
    super::serve(listener, state, turns).await.unwrap();
}

fn turn_of(tonight: &mut Tonight, turn: u64) {
    *tonight = sample::demonstration();
    tonight.now = tonight.now.after(Duration::from_secs(60 * turn));
    if turn % 4 < 2 {
        let visitor = sample::person(99, "Nils Nykommen", "Lillgatan 5");
        let id = 100 + i64::try_from(turn / 4).unwrap();
        let row = sample::exception(id, visitor, Cause::NotVisible, "02:50");
        tonight.open.push(row);
    }
}
