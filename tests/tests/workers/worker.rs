//! Somebody of the night's staff with a phone: signs in, reads rows, presses.
//!
//! Rows are found by whom they are about and fields by the words that a form sends, so that a
//! page may look otherwise tomorrow.

use std::time::Duration;

use fantoccini::Locator;
use serde_json::{Value, json};

use nattsyn_tests::browser::{Browser, FITS};

use super::house::House;

/// A phone that many night workers have, in CSS pixels.
pub(crate) const PHONE: (u32, u32) = (390, 844);

/// Longest until a page shows what was done, on two loaded cores.
pub(crate) const SHOWN_WITHIN: Duration = Duration::from_secs(20);

/// How often somebody presses again when the page was swapped under the finger.
const PRESSES_MAX: usize = 5;

/// A worker and their phone.
pub(crate) struct Worker {
    pub(crate) browser: Browser,
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// `sv` or `en`.
    pub(crate) lang: &'static str,
    page: String,
}

impl Worker {
    /// Somebody with a phone in the hand, before the sign-in.
    pub(crate) async fn comes(
        house: &House,
        (id, name): (&'static str, &'static str),
        lang: &'static str,
    ) -> Self {
        Self::comes_with(house, (id, name), lang, PHONE).await
    }

    /// The same with a window of another size.
    pub(crate) async fn comes_with(
        house: &House,
        (id, name): (&'static str, &'static str),
        lang: &'static str,
        (width, height): (u32, u32),
    ) -> Self {
        let mut browser = Browser::open(width, height).await;
        browser.name = format!("{width}x{height}-{lang}");
        let worker = Self {
            browser,
            id,
            name,
            lang,
            page: house.page(),
        };
        worker.goes_to("/").await;
        worker
    }

    /// Reads pages in another language from now on.
    pub(crate) fn speaks(&mut self, lang: &'static str) {
        let size = self.browser.name.trim_end_matches(self.lang).to_owned();
        self.browser.name = size + lang;
        self.lang = lang;
    }

    /// Opens an address of the hub's in the worker's language.
    pub(crate) async fn goes_to(&self, path: &str) {
        let more = if path.contains('?') { '&' } else { '?' };
        let address = format!("{}{path}{more}lang={}", self.page, self.lang);
        self.browser.client.goto(&address).await.unwrap();
    }

    pub(crate) async fn types_in(&self, who: &str, pin: &str) {
        for (field, text) in [("#who", who), ("#pin", pin)] {
            let field = self.browser.client.find(Locator::Css(field)).await.unwrap();
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        }
        self.taps("form.sign-in button[type=submit]").await;
    }

    pub(crate) async fn signs_in(&self, house: &House) {
        self.types_in(self.id, house.pin(self.id)).await;
        self.sees("document.querySelector('#attend') !== null")
            .await;
        // Everything from here on comes without the page being loaded again.
        self.asks("window.firstLoad = true").await;
    }

    /// What an expression is on the page.
    pub(crate) async fn asks(&self, expression: &str) -> Value {
        self.browser.ask(&format!("{ROW}return {expression}")).await
    }

    /// Waits until an expression is true on the page.
    pub(crate) async fn sees(&self, expression: &str) {
        let script = format!("{ROW}return ({expression}) === true");
        self.browser.wait_for(&script, SHOWN_WITHIN).await;
    }

    /// Waits until somebody's row says this.
    pub(crate) async fn reads(&self, person: &str, text: &str) {
        let text = json!(text);
        self.sees(&format!("row('{person}')?.innerText.includes({text})"))
            .await;
    }

    /// Waits until somebody's row stands no more among what needs a person.
    pub(crate) async fn sees_no_row_of(&self, person: &str) {
        self.sees(&format!("row('{person}') === null")).await;
    }

    /// Taps what a selector finds, as a finger does: it must stand there, and nothing over it.
    pub(crate) async fn taps(&self, css: &str) {
        let mut last = None;
        for _ in 0..PRESSES_MAX {
            let tapped = match self.browser.client.find(Locator::Css(css)).await {
                Ok(element) => element.click().await,
                Err(error) => Err(error),
            };
            match tapped {
                Ok(()) => return,
                // It was swapped for a newer one while the finger came down.
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{}: {css} cannot be tapped: {last:?}", self.browser.name);
    }

    /// Taps something in somebody's row.
    pub(crate) async fn taps_in(&self, person: &str, css: &str) {
        let id = self.asks(&format!("row('{person}')?.id")).await;
        let id = id.as_str();
        let id = id.unwrap_or_else(|| panic!("{}: no row of {person}", self.browser.name));
        self.taps(&format!("#attend #{id} {css}")).await;
    }

    /// Says how it went: unfolds, chooses, writes down.
    pub(crate) async fn says_how_it_went(&self, person: &str, how: &str) {
        let folded =
            format!("row('{person}').querySelector('input[name=how]').closest('details').open");
        if self.asks(&folded).await != json!(true) {
            self.taps_in(person, "details:has(input[name=how]) > summary")
                .await;
        }
        self.taps_in(person, &format!("label:has(input[value={how}])"))
            .await;
        self.taps_in(person, "button[value=outcome]").await;
    }

    /// Whether nothing was loaded again since the sign-in, and nothing scrolls sideways.
    pub(crate) async fn has_one_whole_page(&self) {
        let whole = format!("[window.firstLoad, {FITS}]");
        assert_eq!(
            self.asks(&whole).await,
            json!([true, true]),
            "{}",
            self.name
        );
    }

    /// What the page says of an act that cannot be done.
    pub(crate) async fn refused(&self) -> String {
        let told = self.asks("document.getElementById('told').innerText").await;
        told.as_str().unwrap().to_owned()
    }

    pub(crate) async fn photographs(&self, what: &str) {
        self.browser.photograph(what).await;
    }

    pub(crate) async fn leaves(self) {
        self.browser.close().await;
    }
}

/// Finds somebody's row among what needs a person.
const ROW: &str = "const row = (person) => [...document.querySelectorAll('#attend [data-say]')]\
                   .find((row) => row.dataset.say.startsWith(person + ',')) ?? null;";
