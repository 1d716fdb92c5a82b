//! A technician with a phone takes a unit in, lets it in, confirms it, hangs it and takes it down,
//! by what the page says alone.

use fantoccini::Locator;
use serde_json::json;

use nattsyn_hub::units::Stage;
use nattsyn_protocol::enrolment::Code;
use nattsyn_protocol::ids::UnitId;
use nattsyn_tests::axe;
use nattsyn_tests::browser::{Browser, FITS};

use super::house::{SOON, Town, now};

/// A phone that many have, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);

const TEA: &str = "tekn-001";

struct Person(Browser);

impl Person {
    async fn signs_in(town: &Town) -> Self {
        let pin = town.hires(TEA);
        let person = Self(Browser::open(PHONE.0, PHONE.1).await);
        let address = format!("http://localhost:{}/units?lang=sv", town.page);
        person.0.client.goto(&address).await.unwrap();
        person.types("#who", TEA).await;
        person.types("#pin", &pin).await;
        person.presses("form.sign-in button[type=submit]").await;
        person.sees("!document.querySelector('form.sign-in')").await;
        person.0.client.goto(&address).await.unwrap();
        person
    }

    async fn sees(&self, expression: &str) {
        let script = format!("return ({expression}) === true");
        self.0.wait_for(&script, SOON).await;
    }

    async fn reads(&self, text: &str) {
        self.sees(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ))
        .await;
    }

    async fn types(&self, css: &str, text: &str) {
        let found = self.0.client.find(Locator::Css(css)).await.unwrap();
        found.send_keys(text).await.unwrap();
    }

    async fn presses(&self, css: &str) {
        self.sees(&format!("document.querySelector({}) !== null", json!(css)))
            .await;
        let found = self.0.client.find(Locator::Css(css)).await.unwrap();
        found.click().await.unwrap();
    }

    /// Ticks every line of a checklist, as a finger would, and nothing that is not in sight.
    async fn ticks(&self, form: &str) {
        let boxes = format!("{form} input[type=checkbox]");
        let found = self.0.client.find_all(Locator::Css(&boxes)).await.unwrap();
        assert!(!found.is_empty(), "no checklist in {form}");
        for each in found {
            each.click().await.unwrap();
        }
    }

    async fn says(&self, expression: &str) -> String {
        let said = self.0.ask(&format!("return {expression}")).await;
        said.as_str().unwrap_or_default().to_owned()
    }

    async fn examines(&self, place: &str) -> axe::Examined {
        let fits = self.0.ask(&format!("return {FITS}")).await;
        assert_eq!(fits, json!(true), "{place}: too wide");
        self.0.photograph(&format!("units-{place}")).await;
        axe::examine(&self.0, place).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_does_what_the_page_says_from_stock_to_wiped() {
    let town = Town::since(now()).await;
    let eye = nattsyn_protocol::demonstration::root();
    town.enrol_home("u0000009", &format!("eye = \"{eye}\"\n"));
    let tea = Person::signs_in(&town).await;
    let mut seen = Vec::new();

    tea.presses("#units details summary").await;
    tea.types("input[name=case]", "A-17").await;
    tea.types("input[name=owner]", "Exempels kommun").await;
    tea.presses("#add").await;
    tea.sees("document.querySelector('#make-code') !== null")
        .await;
    let unit: UnitId = tea
        .says("document.querySelector('#unit').dataset.unit")
        .await
        .parse()
        .unwrap();
    seen.push(tea.examines("stock").await);

    tea.presses("#make-code").await;
    tea.sees("document.querySelector('.qr svg') !== null").await;
    seen.push(tea.examines("code").await);
    let code: Code = tea
        .says("document.querySelector('#code').innerText")
        .await
        .parse()
        .unwrap();
    let card = town.card("unit");
    card.by_code(&code).unwrap();

    // The page goes on by itself.
    tea.sees("document.querySelector('#confirm') !== null")
        .await;
    seen.push(tea.examines("confirm").await);
    tea.types("#fingerprint", "AAAA-AAAA").await;
    tea.presses("#confirm").await;
    tea.reads("inte den här enhetens fingeravtryck").await;
    let shown = String::from_utf8(card.enrol(&["show"]).stdout).unwrap();
    let print = shown.trim().rsplit(' ').next().unwrap().to_lowercase();
    tea.types("#fingerprint", &print).await;
    tea.presses("#confirm").await;

    tea.sees("document.querySelector('#install') !== null")
        .await;
    seen.push(tea.examines("install").await);
    // Unticked it does not go: the browser keeps it.
    tea.presses("#install").await;
    assert_eq!(town.stage(unit), Stage::Ready);
    tea.ticks("form[action*=install]").await;
    tea.presses("#home option:nth-child(2)").await;
    tea.presses("#install").await;
    tea.sees("document.querySelector('#unit').dataset.stage === 'installed'")
        .await;
    seen.push(tea.examines("installed").await);
    assert_eq!(town.stage(unit), Stage::Installed);
    let page = tea.says("document.body.innerText").await;
    assert!(
        !page.contains("Astrid"),
        "a technician reads a resident's name"
    );

    tea.presses("details:has(form[action*=remove]) > summary")
        .await;
    tea.ticks("form[action*=remove]").await;
    tea.presses("#remove").await;
    tea.sees("document.querySelector('#unit').dataset.stage === 'removed'")
        .await;
    tea.presses("form[action*=wiped] button").await;
    tea.sees("document.querySelector('#unit').dataset.stage === 'wiped'")
        .await;
    seen.push(tea.examines("wiped").await);
    axe::nothing_found(&seen);
    assert_eq!(town.stage(unit), Stage::Wiped);
    tea.0.close().await;
}
