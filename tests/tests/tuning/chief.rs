//! A unit manager with a browser: opens pages, moves sliders by keyboard, proposes, approves.

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::{Value, json};

use nattsyn_tests::axe::{self, Examined};
use nattsyn_tests::browser::{Browser, FITS};

use super::SOON;
use super::house::House;

/// A phone that many have, in CSS pixels.
pub(crate) const PHONE: (u32, u32) = (390, 844);

/// A desk.
pub(crate) const DESK: (u32, u32) = (1280, 900);

/// Somebody and their browser.
pub(crate) struct Chief {
    browser: Browser,
    page: String,
}

impl Chief {
    /// Signs in.
    pub(crate) async fn comes(
        house: &House,
        who: (&str, &str),
        (width, height): (u32, u32),
    ) -> Self {
        let browser = Browser::open(width, height).await;
        let chief = Self {
            browser,
            page: house.page(),
        };
        chief.goes_to("/").await;
        for (field, text) in [("#who", who.0), ("#pin", house.pin(who))] {
            let field = chief.browser.client.find(Locator::Css(field)).await;
            field.unwrap().send_keys(text).await.unwrap();
        }
        chief.presses("form.sign-in button[type=submit]").await;
        chief
            .sees("document.querySelector('form.sign-in') === null")
            .await;
        chief
    }

    pub(crate) async fn goes_to(&self, path: &str) {
        let address = format!("{}{path}?lang=sv", self.page);
        self.browser.client.goto(&address).await.unwrap();
    }

    /// Waits until the page says something.
    pub(crate) async fn reads(&self, text: &str) {
        self.sees(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ))
        .await;
    }

    /// Opens a page until it says something.
    pub(crate) async fn comes_to_read(&self, path: &str, text: &str) {
        let said = format!("return document.body.innerText.includes({})", json!(text));
        let waited = tokio::time::timeout(SOON, async {
            loop {
                self.goes_to(path).await;
                if self.browser.ask(&said).await == json!(true) {
                    return;
                }
            }
        });
        waited
            .await
            .unwrap_or_else(|_| panic!("{path}: no {text:?}"));
    }

    async fn sees(&self, expression: &str) {
        let script = format!("return ({expression}) === true");
        self.browser.wait_for(&script, SOON).await;
    }

    pub(crate) async fn asks(&self, expression: &str) -> Value {
        self.browser.ask(&format!("return {expression}")).await
    }

    /// Moves a slider so many steps by its arrow keys.
    pub(crate) async fn moves(&self, slider: &str, steps: i32) {
        let css = format!("#{slider}");
        let slider = self.browser.client.find(Locator::Css(&css)).await.unwrap();
        let key = if steps > 0 { Key::Right } else { Key::Left };
        let keys: String = (0..steps.abs()).map(|_| char::from(key)).collect();
        slider.send_keys(&keys).await.unwrap();
    }

    pub(crate) async fn proposes(&self, why: &str) {
        let field = self.browser.client.find(Locator::Css("#why")).await;
        field.unwrap().send_keys(why).await.unwrap();
        self.presses("#tune button.main").await;
    }

    /// Presses what a selector finds, as a finger does.
    pub(crate) async fn presses(&self, css: &str) {
        let there = format!("document.querySelector({}) !== null", json!(css));
        self.sees(&there).await;
        let found = self.browser.client.find(Locator::Css(css)).await.unwrap();
        found.click().await.unwrap();
    }

    /// What axe-core finds; nothing may scroll sideways either.
    pub(crate) async fn examines(&self, place: &str) -> Examined {
        assert_eq!(self.asks(FITS).await, json!(true), "{place}: too wide");
        axe::examine(&self.browser, place).await
    }

    /// Keeps a picture of what stands on the page from a place on.
    pub(crate) async fn photographs(&self, css: &str, what: &str) {
        let scroll = format!("document.querySelector({}).scrollIntoView()", json!(css));
        self.browser.ask(&scroll).await;
        self.browser.photograph(what).await;
    }
}
