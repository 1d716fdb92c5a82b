//! Somebody with a phone who does what the page says, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use fantoccini::Locator;
use serde_json::{Value, json};

use nattsyn_protocol::commission::{Room, State, Try};
use nattsyn_tests::axe::{self, Examined};
use nattsyn_tests::browser::{Browser, FITS};

use super::SOON;
use super::house::House;
use super::unit::{Hung, Unit};

/// A phone that many have, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);

/// How long somebody takes to do what a step asks, before they press.
const HANDS_TAKE: Duration = Duration::from_secs(12);

/// Everything that the page may want next.
const WANTS: &str = "const it = (css) => document.querySelector(css);
return {
  phase: it('[data-phase]')?.dataset.phase ?? '',
  waits: it('[data-waits]')?.dataset.waits ?? '',
  turn: it('[data-turn]')?.dataset.turn ?? '',
  step: it('#try')?.dataset.step ?? '',
  place: !!it('#place-ok'), conclude: !!it('#conclude'), receipt: !!it('#receipt'),
  refused: it('#refused')?.innerText ?? '', said: it('#result')?.dataset.outcome ?? '',
};";

/// How a home's commissioning ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    /// What the page said of it.
    Refused(String),
}

/// Somebody and their browser.
pub(crate) struct Person {
    browser: Browser,
    page: String,
}

impl Person {
    /// Signs in.
    pub(crate) async fn comes(house: &House, who: (&str, &str)) -> Self {
        let browser = Browser::open(PHONE.0, PHONE.1).await;
        let person = Self {
            browser,
            page: house.page(),
        };
        person.goes_to("/").await;
        for (field, text) in [("#who", who.0), ("#pin", house.pin(who))] {
            let field = person.browser.client.find(Locator::Css(field)).await;
            field.unwrap().send_keys(text).await.unwrap();
        }
        person.presses("form.sign-in button[type=submit]").await;
        person
            .sees("document.querySelector('form.sign-in') === null")
            .await;
        person
    }

    pub(crate) async fn goes_to(&self, path: &str) {
        let address = format!("{}{path}?lang=sv", self.page);
        self.browser.client.goto(&address).await.unwrap();
    }

    /// Waits until the page says something.
    pub(crate) async fn reads(&self, text: &str) {
        let text = json!(text);
        self.sees(&format!("document.body.innerText.includes({text})"))
            .await;
    }

    pub(crate) async fn sees(&self, expression: &str) {
        let script = format!("return ({expression}) === true");
        self.browser.wait_for(&script, SOON).await;
    }

    pub(crate) async fn presses(&self, css: &str) {
        let there = format!("document.querySelector({}) !== null", json!(css));
        self.sees(&there).await;
        let found = self.browser.client.find(Locator::Css(css)).await.unwrap();
        found.click().await.unwrap();
    }

    /// Presses a key on what a selector finds.
    pub(crate) async fn types(&self, css: &str, keys: &str) {
        let found = self.browser.client.find(Locator::Css(css)).await.unwrap();
        found.send_keys(keys).await.unwrap();
    }

    /// What axe-core finds; nothing may scroll sideways either.
    pub(crate) async fn examines(&self, place: &str) -> Examined {
        assert_eq!(
            self.browser.ask(&format!("return {FITS}")).await,
            json!(true),
            "{place}: too wide"
        );
        axe::examine(&self.browser, place).await
    }

    pub(crate) async fn photographs(&self, what: &str) {
        self.browser.photograph(what).await;
    }

    /// Commissions a home: begins, presses the button, and does step by step what the page says,
    /// until it is passed or refused. `meets` is called with each thing that the page wants.
    pub(crate) async fn commissions(
        &self,
        house: &House,
        home: usize,
        (camera, unit): (Hung, &Unit),
        mut meets: impl AsyncFnMut(&Self, &str),
    ) -> End {
        self.goes_to(&format!("/commission/{}", house.unit(home)))
            .await;
        self.presses("#begin").await;
        self.sees("document.querySelector('[data-phase]')?.dataset.phase === 'button'")
            .await;
        meets(self, "button").await;
        // The leave is on its way; whoever presses too early presses again.
        let mut open = false;
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            unit.presses_the_button(house.dial.now());
            tokio::time::sleep(Duration::from_millis(1500)).await;
            open = self.wants().await["phase"] == "open";
            if open {
                break;
            }
        }
        assert!(open, "the button at the unit opens nothing");
        let mut again: BTreeMap<String, u8> = BTreeMap::new();
        loop {
            let wants = self.settled().await;
            if wants["receipt"] == true {
                return End::Passed;
            }
            if let Some(refused) = wants["refused"].as_str().filter(|said| !said.is_empty()) {
                return End::Refused(refused.to_owned());
            }
            if wants["place"] == true {
                meets(self, "place").await;
                self.leaves(&wants, "#place-ok").await;
            } else if wants["conclude"] == true {
                meets(self, "conclude").await;
                self.leaves(&wants, "#conclude").await;
            } else {
                let step = wants["step"].as_str().unwrap().to_owned();
                let times = again.entry(step.clone()).or_default();
                unit.shows(camera.showing(read(&step), *times));
                *times += 1;
                assert!(*times < 9, "{step} is asked for again and again");
                house.passes(HANDS_TAKE);
                meets(self, &step).await;
                self.leaves(&wants, "#try").await;
            }
        }
    }

    async fn wants(&self) -> Value {
        self.browser.ask(WANTS).await
    }

    /// What the page wants once no look is under way.
    async fn settled(&self) -> Value {
        let waited = tokio::time::timeout(2 * SOON, async {
            loop {
                let wants = self.wants().await;
                let is_next = wants["step"] != "" || wants["refused"] != "";
                let is_end = [&wants["place"], &wants["conclude"], &wants["receipt"]];
                let is_end = is_end.into_iter().any(|it| *it == true);
                if wants["waits"] == "no" && (is_next || is_end) || wants["receipt"] == true {
                    return wants;
                }
                assert_ne!(wants["phase"], "over", "it is over: {wants}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        match waited.await {
            Ok(wants) => wants,
            Err(_) => panic!("nothing comes of it: {}", self.wants().await),
        }
    }

    /// Presses, and waits until the page has taken it in.
    async fn leaves(&self, wants: &Value, css: &str) {
        self.presses(css).await;
        let turn = &wants["turn"];
        self.sees(&format!(
            "(document.querySelector('[data-turn]')?.dataset.turn ?? {turn}) !== {turn}"
        ))
        .await;
    }
}

/// A step as the page names it.
fn read(step: &str) -> Try {
    let words: Vec<&str> = step.split(' ').collect();
    let number = |text: &str| text.parse::<u8>().unwrap();
    match words[..] {
        ["walk", sleeper, spot] => Try::Walk {
            sleeper: number(sleeper),
            spot: number(spot),
        },
        ["staged", who, state, room] => Try::Staged {
            sleeper: (who != "-").then(|| number(who)),
            state: word::<State>(state),
            room: word::<Room>(room),
        },
        _ => panic!("no step: {step:?}"),
    }
}

fn word<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(json!(text)).unwrap()
}
