//! The staff page in a real headless Chromium, over a real demonstration.
//!
//! An exception appears without the page being loaded again; the page fits a phone and a desk;
//! the night's books balance while it goes on and print on A4; and the page says so when the hub
//! is gone. Leaves screenshots and the printed night in `target/page/` for people to look at. What
//! each row says is tested beside the page's code.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::process::Command;
use std::time::Duration;

use fantoccini::Locator;
use serde_json::json;

use nattsyn_tests::browser::{Browser, FITS, pictures};
use nattsyn_tests::programs::{Demonstration, installed};

/// Longest to wait for a change on the page. The demonstration's first exception comes after a
/// few hours of its time: within two minutes on two loaded cores.
const CHANGE_WITHIN: Duration = Duration::from_secs(300);

/// Goes from the page to the ledger, to another night and back, and on to the morning report, as
/// a person does.
async fn read_the_books(browser: &Browser) {
    let follow = |link: &'static str| async move {
        // Other pages are in the menu.
        if link.starts_with(".pages") {
            let unfold = "const menu = document.getElementById('menu');\
                          if (menu) menu.open = true; return menu !== null";
            browser.wait_for(unfold, Duration::from_secs(10)).await;
        }
        let link = browser.client.find(Locator::Css(link)).await.unwrap();
        link.click().await.unwrap();
    };
    let narrow = &format!("return {FITS}");
    follow(".pages a[href^='/ledger']").await;
    let balance = "const sum = document.querySelector('#balance');\
                   const planned = parseInt(sum.querySelector('strong').textContent);\
                   const terms = [...sum.querySelectorAll('.term')];\
                   const counted = terms.reduce((n, term) => n + parseInt(term.textContent), 0);\
                   const lines = document.querySelectorAll('#lines .rows > li').length;\
                   return [sum.dataset.holds, planned > 0, counted - planned, lines - planned]";
    assert_eq!(browser.ask(balance).await, json!(["yes", true, 0, 0]));
    assert_eq!(browser.ask(narrow).await, json!(true), "{}", browser.name);
    browser.photograph("ledger").await;
    follow("a[rel=prev]").await;
    let text = browser.ask("return document.body.innerText").await;
    assert!(
        text.as_str()
            .unwrap()
            .contains("Inga tillsyner finns nedskrivna"),
        "{text}"
    );
    follow("a[rel=next]").await;
    assert_eq!(browser.ask(balance).await, json!(["yes", true, 0, 0]));
    follow(".pages a[href^='/morning']").await;
    let figures = "return document.querySelectorAll('#morning .figures dd').length === 4\
                   && document.querySelector('#balance').dataset.holds === 'yes'";
    assert_eq!(browser.ask(figures).await, json!(true), "{}", browser.name);
    assert_eq!(browser.ask(narrow).await, json!(true), "{}", browser.name);
    browser.photograph("morning").await;
}

/// Prints the ledger as Chromium does: A4, and everything that was planned is on it.
fn print_the_night(page: &str) {
    let (paper, profile) = (pictures().join("ledger.pdf"), tempfile::tempdir().unwrap());
    std::fs::remove_file(&paper).ok();
    let printed = Command::new(installed("chromium"))
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--no-first-run",
            "--disable-background-networking",
            "--no-pdf-header-footer",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--print-to-pdf={}", paper.display()))
        .arg(format!("{page}/ledger"))
        .output()
        .unwrap();
    let bytes = std::fs::read(&paper).unwrap_or_else(|_| panic!("nothing printed: {printed:?}"));
    let text = String::from_utf8_lossy(&bytes);
    let sheets: Vec<&str> = text.split("/MediaBox [0 0 ").skip(1).collect();
    // A4 in points, whatever paper the machine thinks is usual.
    assert!(
        sheets
            .iter()
            .all(|sheet| sheet.starts_with("594.9") && sheet[..20].contains("841.9"))
    );
    assert!(
        (1..=4).contains(&sheets.len()),
        "{} pages for six homes",
        sheets.len()
    );
}

/// Takes a row, finds nobody, and ends it, as a night worker does on a phone.
async fn see_to_a_row(phone: &Browser) {
    let within = Duration::from_secs(10);
    let row = phone
        .ask("return document.querySelector('#attend li[id^=e]').id")
        .await;
    let row = row.as_str().unwrap().to_owned();
    let press =
        |what: &str| format!("document.querySelector('#{row} {what}').click(); return true");
    let says = |what: &str| {
        format!("return document.getElementById('{row}').innerText.includes('{what}')")
    };
    phone.ask(&press("button[value=take]")).await;
    phone.wait_for(&says("Du har den sedan"), within).await;
    let thumb = format!(
        "const button = document.querySelector('#{row} button.main').getBoundingClientRect();\
         return button.height >= 44 && button.width >= 44"
    );
    assert_eq!(
        phone.ask(&thumb).await,
        json!(true),
        "too small for a thumb"
    );
    phone.ask(&press("details[id^=o] summary")).await;
    phone.ask(&press("input[value=no_answer]")).await;
    phone.photograph("how-it-went").await;
    phone.ask(&press("button[value=outcome]")).await;
    phone
        .wait_for(&says("Hittills: Svarar inte."), within)
        .await;
    phone.ask(&press("input[value=visited]")).await;
    phone.ask(&press("button[value=outcome]")).await;
    let gone = format!("return document.querySelector('#attend #{row}') === null");
    phone.wait_for(&gone, within).await;
}

const ROWS: &str = "return document.querySelectorAll('#attend [data-exception]').length";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exception_appears_without_loading_the_page_again() {
    let folder = tempfile::tempdir().unwrap();
    let demonstration = Demonstration::start(folder.path(), &["--homes", "6"]);
    let phone = Browser::open(390, 844).await;
    let desk = Browser::open(1280, 800).await;
    for browser in [&phone, &desk] {
        browser.client.goto(&demonstration.page).await.unwrap();
        browser.ask("window.firstLoad = true; return true").await;
        assert_eq!(
            browser.ask("return document.documentElement.lang").await,
            json!("sv")
        );
        let text = browser.ask("return document.body.innerText").await;
        assert!(text.as_str().unwrap().contains("Demonstration"), "{text}");
        browser.photograph("evening").await;
    }
    let before = phone.ask(ROWS).await;
    assert_eq!(
        before,
        json!(0),
        "an exception stood there before the night began"
    );
    for browser in [&phone, &desk] {
        browser
            .wait_for(&format!("return ({}) > 0", &ROWS[7..]), CHANGE_WITHIN)
            .await;
        assert_eq!(
            browser.ask("return window.firstLoad").await,
            json!(true),
            "it was reloaded"
        );
        assert_eq!(
            browser.ask(&format!("return {FITS}")).await,
            json!(true),
            "{} scrolls sideways",
            browser.name
        );
        browser.photograph("night").await;
    }
    see_to_a_row(&phone).await;
    for browser in [&phone, &desk] {
        read_the_books(browser).await;
        browser.client.goto(&demonstration.page).await.unwrap();
    }
    print_the_night(&demonstration.page);
    // The hub dies; whoever looks at the page must learn of it.
    drop(demonstration);
    let alerted = "return [...document.querySelectorAll('[role=alert]')]\
                   .some(e => e.offsetHeight > 0 && e.innerText.includes('Ingen kontakt'))";
    phone.wait_for(alerted, Duration::from_secs(40)).await;
    let left = "const shown = e => getComputedStyle(e).display !== 'none';\
                const all = css => [...document.querySelectorAll(css)];\
                const pressed = all('.hands form').filter(it => it.offsetHeight > 0);\
                return [all('.plan-b').filter(shown).length, pressed.length,\
                        all('#ledger li[data-standing=visible]').filter(shown).length]";
    assert_eq!(
        phone.ask(left).await,
        json!([2, 0, 0]),
        "what is left of tonight"
    );
    phone.photograph("hub-gone").await;
    phone.close().await;
    desk.close().await;
}
