//! Keys at the door: registered, used, refused, and what rubbish there does to nobody.

use super::*;

/// The challenge that an answer asks for.
fn challenge(json: &str) -> Vec<u8> {
    let asked: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(asked["host"], "natt.example");
    let base64 = asked["challenge"].as_str().unwrap().to_owned();
    nattsyn_protocol::assertion::Base64::try_from(base64)
        .unwrap()
        .0
}

fn form(name: &str, json: &str) -> String {
    let escaped: String = json.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("{name}={escaped}")
}

/// Registers a key as the page's module does.
async fn register(hub: &Hub, cookies: &str, pin: &str, key: &Authenticator) -> StatusCode {
    let headers = [SAME, ("cookie", cookies), ("accept", "text/plain")];
    let ask = ("POST", "/account/keys/ask");
    let asked = hub.send(ask, &headers, &format!("pin={pin}")).await;
    if asked.status() != StatusCode::OK {
        return asked.status();
    }
    let new = key.create(&challenge(&text(asked).await));
    let new = form("registration", &serde_json::to_string(&new).unwrap());
    let headers = [SAME, ("cookie", cookies)];
    hub.send(("POST", "/account/keys"), &headers, &new)
        .await
        .status()
}

async fn by_key(hub: &Hub, key: &Authenticator) -> Response<Body> {
    let asked = hub.send(("POST", "/sign-in/key/ask"), &[SAME], "").await;
    let answer = key.get(&challenge(&text(asked).await));
    let answer = form("assertion", &serde_json::to_string(&answer).unwrap());
    hub.send(("POST", "/sign-in/key?next=%2Fledger"), &[SAME], &answer)
        .await
}

#[tokio::test]
async fn a_key_is_registered_with_the_pin_once_more_and_signs_in_without_it() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let key = Authenticator::new(7);
    let refused = register(&hub, &cookies, wrong(&pin), &key).await;
    assert_eq!(refused, StatusCode::CONFLICT);
    let stranger = by_key(&hub, &key).await;
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        register(&hub, &cookies, &pin, &key).await,
        StatusCode::SEE_OTHER
    );
    let response = by_key(&hub, &key).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&response), "/ledger");
    let by_key = brought(&response);
    assert_eq!(hub.look("/", &by_key).await, StatusCode::OK);
    let headers = [(COOKIE.as_str(), by_key.as_str())];
    let account = text(hub.send(("GET", "/account"), &headers, "").await).await;
    place(&account, "Du behöver gå utbildningen först.");
    let (_, rest) = account.split_once("/account/keys/").unwrap();
    let entry = rest.split('/').next().unwrap();
    let remove = format!("/account/keys/{entry}/remove");
    let removed = hub
        .send(("POST", &remove), &[SAME, ("cookie", &by_key)], "")
        .await;
    assert_eq!(removed.status(), StatusCode::SEE_OTHER);
    let gone = self::by_key(&hub, &key).await;
    assert_eq!(gone.status(), StatusCode::UNAUTHORIZED);
    let acts = acts(&hub);
    for act in ["key_added", "key_removed", "sign_in_failed"] {
        assert!(acts.iter().any(|found| found == act), "{act}: {acts:?}");
    }
}

#[tokio::test]
async fn rubbish_at_the_door_fills_no_log_and_keeps_no_right_key_waiting() {
    let mut hub = Hub::empty(Front::Plain);
    hub.start(Front::Tls);
    let pin = hub.add("natt-001", "Vakna Påhittson");
    let cookies = hub.cookies("natt-001", &pin).await;
    let key = Authenticator::new(7);
    let registered = register(&hub, &cookies, &pin, &key).await;
    assert_eq!(registered, StatusCode::SEE_OTHER);
    let headers = [SAME, ("x-forwarded-for", "192.0.2.7")];
    let address = ("POST", "/sign-in/key");
    let answer = async |key: &Authenticator| {
        let ask = hub.send(("POST", "/sign-in/key/ask"), &headers, "").await;
        let answer = key.get(&challenge(&text(ask).await));
        let answer = form("assertion", &serde_json::to_string(&answer).unwrap());
        hub.send(address, &headers, &answer).await.status()
    };
    let before = rows(&hub).len();
    let stranger = Authenticator::new(8);
    for _ in 0..5 {
        assert_eq!(answer(&stranger).await, StatusCode::UNAUTHORIZED);
    }
    let mut paused = 0;
    for _ in 0..100 {
        let refused = hub.send(address, &headers, "assertion=rubbish").await;
        match refused.status() {
            StatusCode::TOO_MANY_REQUESTS => paused += 1,
            status => assert_eq!(status, StatusCode::UNAUTHORIZED),
        }
    }
    assert_eq!(paused, 85, "twenty in all, and then a pause");
    assert_eq!(
        rows(&hub).len(),
        before + 1,
        "five strangers' keys are one row"
    );
    assert_eq!(answer(&key).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn another_site_can_neither_ask_for_a_key_nor_register_one() {
    let (hub, pin) = Hub::staffed();
    let cookies = hub.cookies("natt-001", &pin).await;
    let headers = [
        ("sec-fetch-site", "cross-site"),
        ("cookie", cookies.as_str()),
    ];
    for address in [
        "/sign-in/key/ask",
        "/sign-in/key",
        "/account/keys/ask",
        "/account/keys",
        "/account/keys/1/remove",
        "/access/roles",
        "/access/training",
    ] {
        let status = hub
            .send(("POST", address), &headers, "pin=1")
            .await
            .status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{address}");
    }
}

#[tokio::test]
async fn a_guesser_at_the_same_address_keeps_nobody_from_their_own_phone() {
    let mut hub = Hub::empty(Front::Plain);
    hub.start(Front::Tls);
    let pin = hub.add("natt-001", "Vakna Påhittson");
    let known = hub.cookies("natt-001", &pin).await;
    let house = ("x-forwarded-for", "198.51.100.1, 192.0.2.7");
    let guess = async |number: usize| {
        let form = format!("who=natt-{number}&pin=000000");
        let headers = [SAME, house];
        hub.send(("POST", "/sign-in"), &headers, &form)
            .await
            .status()
    };
    for number in 100..120 {
        assert_eq!(guess(number).await, StatusCode::UNAUTHORIZED, "{number}");
    }
    assert_eq!(guess(120).await, StatusCode::TOO_MANY_REQUESTS);
    let form = format!("who=natt-001&pin={pin}");
    let own = [SAME, house, ("cookie", known.as_str())];
    let own = hub.send(("POST", "/sign-in"), &own, &form).await;
    assert_eq!(
        own.status(),
        StatusCode::SEE_OTHER,
        "her own phone waits for nobody"
    );
    let new = hub.send(("POST", "/sign-in"), &[SAME, house], &form).await;
    assert_eq!(new.status(), StatusCode::TOO_MANY_REQUESTS);
    hub.pass(Duration::from_secs(10));
    let new = hub.send(("POST", "/sign-in"), &[SAME, house], &form).await;
    assert_eq!(
        new.status(),
        StatusCode::SEE_OTHER,
        "and a new one ten seconds at most"
    );
    let elsewhere = [SAME, ("x-forwarded-for", "198.51.100.9")];
    let elsewhere = hub.send(("POST", "/sign-in"), &elsewhere, &form).await;
    assert_eq!(elsewhere.status(), StatusCode::SEE_OTHER);
}
