//! Anna with a browser and a virtual authenticator: asks to see, confirms, looks, answers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fantoccini::Locator;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use nattsyn_tests::axe::{self, Examined};
use nattsyn_tests::browser::Browser;

use super::SOON;
use super::house::House;
use super::pictures::Picture;

/// A phone that many night workers have, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);

/// The small picture that is compared: wide enough for a bed.
const SMALL: (usize, usize) = (48, 36);

/// A credential as an authenticator holds it.
pub(crate) struct Key {
    pub(crate) id: Vec<u8>,
    pub(crate) public: Vec<u8>,
    secret: Vec<u8>,
    host: String,
}

impl Key {
    pub(crate) fn draw(host: &str) -> Self {
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let secret = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, secret.as_ref(), &random).unwrap();
        let mut id = vec![0; 16];
        random.fill(&mut id).unwrap();
        Self {
            id,
            public: pair.public_key().as_ref().to_vec(),
            secret: secret.as_ref().to_vec(),
            host: host.to_owned(),
        }
    }
}

pub(crate) fn url_base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Anna and her phone.
pub(crate) struct Viewer {
    browser: Browser,
    page: String,
}

impl Viewer {
    /// A phone with her key in it, at the house's page.
    pub(crate) async fn comes(house: &House) -> Self {
        let viewer = Self::at(house.page()).await;
        let made = viewer.is_given_an_authenticator().await;
        viewer.holds(&made, &house.key).await;
        viewer.goes_to("/").await;
        viewer
    }

    /// A phone without a key, at a page.
    pub(crate) async fn at(page: String) -> Self {
        let mut browser = Browser::open(PHONE.0, PHONE.1).await;
        browser.name = "live".to_owned();
        Self { browser, page }
    }

    /// Puts a virtual authenticator into the browser (WebAuthn, 11: automation); its name.
    pub(crate) async fn is_given_an_authenticator(&self) -> String {
        let authenticator = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "isUserConsenting": true,
        });
        let made = self.drives("webauthn/authenticator", &authenticator).await;
        made["value"].as_str().unwrap().to_owned()
    }

    /// Puts a key into an authenticator.
    async fn holds(&self, authenticator: &str, key: &Key) {
        let credential = json!({
            "credentialId": url_base64(&key.id), "isResidentCredential": false,
            "rpId": key.host, "privateKey": url_base64(&key.secret), "signCount": 0,
        });
        let place = format!("webauthn/authenticator/{authenticator}/credential");
        self.drives(&place, &credential).await;
    }

    /// Asks the driver for something that its client library has no word for.
    async fn drives(&self, place: &str, body: &Value) -> Value {
        let session = self.browser.client.session_id().await.unwrap().unwrap();
        let body = body.to_string();
        let request = format!(
            "POST /session/{session}/{place} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let driver = ("127.0.0.1", self.browser.driver);
        let mut stream = TcpStream::connect(driver).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // It keeps the connection open, whatever it is asked.
        let mut answer = Vec::new();
        let body = loop {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).await.unwrap();
            assert!(length > 0, "the driver ended: {answer:?}");
            answer.extend_from_slice(&piece[..length]);
            let text = std::str::from_utf8(&answer).unwrap();
            if let Some(body) = whole_body(text) {
                break body;
            }
        };
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn goes_to(&self, path: &str) {
        let address = format!("{}{path}?lang=sv", self.page);
        self.browser.client.goto(&address).await.unwrap();
    }

    pub(crate) async fn signs_in(&self, house: &House, who: (&str, &str)) {
        for (field, text) in [("#who", who.0), ("#pin", house.pin(who))] {
            let field = self.browser.client.find(Locator::Css(field)).await.unwrap();
            field.send_keys(text).await.unwrap();
        }
        self.presses("form.sign-in button[type=submit]").await;
        self.sees("document.querySelector('form.sign-in') === null")
            .await;
    }

    /// Somebody else takes the phone.
    pub(crate) async fn forgets_who_is_signed_in(&self) {
        self.browser.client.delete_all_cookies().await.unwrap();
    }

    /// Waits until the page says something.
    pub(crate) async fn reads(&self, text: &str) {
        self.sees(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ))
        .await;
    }

    /// The same, where it may take so long.
    pub(crate) async fn reads_within(&self, text: &str, longest: Duration) {
        let said = format!("document.body.innerText.includes({})", json!(text));
        let script = format!("return ({said}) === true");
        self.browser.wait_for(&script, longest).await;
    }

    /// Waits until an expression is true.
    pub(crate) async fn sees(&self, expression: &str) {
        let script = format!("return ({expression}) === true");
        self.browser.wait_for(&script, SOON).await;
    }

    /// Presses what a selector finds, as soon as it is there.
    pub(crate) async fn presses(&self, css: &str) {
        let there = format!("document.querySelector({}) !== null", json!(css));
        self.sees(&there).await;
        let press = format!("document.querySelector({}).click()", json!(css));
        self.browser.ask(&press).await;
    }

    /// Presses the offer's button. What the page draws from then on is kept beside it, as whoever
    /// broke into the browser could.
    pub(crate) async fn asks_to_see(&self) {
        self.presses("details.camera button").await;
        self.sees("location.pathname.startsWith('/live/')").await;
        let keep = "window.kept = [];\
                    const drawn = window.createImageBitmap;\
                    window.createImageBitmap = async (blob) => {\
                      const bytes = new Uint8Array(await blob.arrayBuffer());\
                      window.kept.push(btoa(String.fromCharCode(...bytes)));\
                      return drawn(blob);\
                    }";
        self.browser.ask(keep).await;
    }

    /// The pictures that were drawn, as the eye made them.
    pub(crate) async fn pictures(&self) -> Vec<Picture> {
        let kept = self.browser.ask("return window.kept").await;
        let kept = kept.as_array().unwrap().iter();
        let jpegs = kept.map(|text| STANDARD.decode(text.as_str().unwrap()).unwrap());
        jpegs.map(|jpeg| Picture::read(&jpeg)).collect()
    }

    /// Whether there is anything to press to see.
    pub(crate) async fn is_offered(&self) -> bool {
        let there = "return document.querySelector('details.camera button') !== null";
        self.browser.ask(there).await == json!(true)
    }

    /// Posts a form as the page that is shown could; what is answered.
    pub(crate) async fn posts(&self, path: &str, form: &[(&str, &str)]) -> u64 {
        let fields: serde_json::Map<String, Value> = form
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        let script = format!(
            "return fetch({}, {{ method: 'POST', redirect: 'manual',\
             body: new URLSearchParams({}) }}).then((answer) => answer.status)",
            json!(path),
            Value::Object(fields)
        );
        self.browser.ask(&script).await.as_u64().unwrap()
    }

    /// What the page says, all of it.
    pub(crate) async fn text(&self) -> String {
        let said = self.browser.ask("return document.body.innerText").await;
        said.as_str().unwrap().to_owned()
    }

    /// Has axe-core go over what is shown.
    pub(crate) async fn examines(&self, what: &str) -> Examined {
        axe::examine(&self.browser, what).await
    }

    /// Waits until so many frames were drawn.
    pub(crate) async fn sees_frames(&self, frames: u32) {
        let drawn = "Number(document.querySelector('#canvas')?.dataset.frames ?? 0)";
        self.sees(&format!("{drawn} >= {frames}")).await;
    }

    /// How many frames were drawn, and when the first was, in ms from the page's start.
    pub(crate) async fn drawn(&self) -> (f64, f64) {
        let script = "const { frames, first } = document.querySelector('#canvas').dataset;\
                      return [Number(frames), Number(first)]";
        let said = self.browser.ask(script).await;
        (said[0].as_f64().unwrap(), said[1].as_f64().unwrap())
    }

    /// What the canvas shows, small and grey: its width, and its pixels.
    pub(crate) async fn canvas(&self) -> (usize, Vec<f64>) {
        let (wide, high) = SMALL;
        let script = format!(
            "const small = new OffscreenCanvas({wide}, {high});\
             const context = small.getContext('2d');\
             context.imageSmoothingQuality = 'high';\
             context.drawImage(document.querySelector('#canvas'), 0, 0, {wide}, {high});\
             const {{ data }} = context.getImageData(0, 0, {wide}, {high});\
             return Array.from({{ length: {wide} * {high} }}, (_, i) => data[4 * i])"
        );
        let pixels = self.browser.ask(&script).await;
        let pixels = pixels.as_array().unwrap().iter();
        (wide, pixels.map(|pixel| pixel.as_f64().unwrap()).collect())
    }

    /// What was last said aloud of the time.
    pub(crate) async fn says_aloud(&self) -> String {
        let said = self
            .browser
            .ask("return document.querySelector('#countdown').textContent");
        said.await.as_str().unwrap().to_owned()
    }

    /// "Klar".
    pub(crate) async fn is_done(&self) {
        self.presses("#end").await;
    }

    /// "Avbryt", which is the same button before there is anything to see.
    pub(crate) async fn gives_up(&self) {
        self.presses("#end").await;
    }

    /// Writes down what was seen.
    pub(crate) async fn answers(&self, word: &str) {
        self.presses(&format!("#w-{word}")).await;
        self.presses("#seen button").await;
    }

    pub(crate) async fn photographs(&self, what: &str) {
        self.browser.photograph(what).await;
    }

    pub(crate) async fn leaves(self) {
        self.browser.close().await;
    }
}

/// The body of an answer, once all of it is there.
fn whole_body(answer: &str) -> Option<String> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    let head = head.to_lowercase();
    let (_, length) = head.split_once("content-length:")?;
    let length: usize = length.lines().next()?.trim().parse().ok()?;
    (body.len() >= length).then(|| body.to_owned())
}
