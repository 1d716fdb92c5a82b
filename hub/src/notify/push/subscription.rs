//! Where a browser can be pushed to, as `PushSubscription.toJSON()` gives it; and which push
//! services are believed in.
//!
//! A subscription comes from a signed-in browser. Without [`Service`]s whoever signs in could make
//! the hub send requests to any machine that it can reach.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Uri;
use serde::{Deserialize, Serialize};

use super::seal::{BrowserKey, SealError};

/// Longest endpoint in bytes. Those of today's services have some hundred.
const ENDPOINT_MAX: usize = 2_048;

/// Where one browser can be pushed to. Prints as redacted: whoever has it can push.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    endpoint: Uri,
    key: BrowserKey,
}

/// A browser's subscription that cannot be used. Nothing of it is repeated.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// It is not what a browser gives.
    #[error("not a push subscription with endpoint and keys")]
    Form(#[source] serde_json::Error),
    /// The endpoint is no address of a push service.
    #[error("the endpoint is not an address of a push service")]
    Endpoint,
    /// A key is no key.
    #[error("the keys are not those of a browser")]
    Keys(#[source] SealError),
}

/// As `PushSubscription.toJSON()` gives it; `expirationTime` is ignored.
#[derive(Serialize, Deserialize)]
struct Wire {
    endpoint: String,
    keys: Keys,
}

#[derive(Serialize, Deserialize)]
struct Keys {
    p256dh: String,
    auth: String,
}

impl Subscription {
    /// Reads what a browser gives. Whether its service is believed in is for the channel to say.
    ///
    /// # Errors
    ///
    /// It is no subscription.
    pub fn from_json(text: &str) -> Result<Self, SubscriptionError> {
        let wire: Wire = serde_json::from_str(text).map_err(SubscriptionError::Form)?;
        let endpoint: Uri = match wire.endpoint.parse() {
            Ok(endpoint) if wire.endpoint.len() <= ENDPOINT_MAX => endpoint,
            Ok(_) | Err(_) => return Err(SubscriptionError::Endpoint),
        };
        if endpoint.scheme_str().is_none() || endpoint.host().is_none() {
            return Err(SubscriptionError::Endpoint);
        }
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
        let (point, auth) = (bytes(&wire.keys.p256dh), bytes(&wire.keys.auth));
        let key = match (point, auth) {
            (Ok(point), Ok(auth)) => BrowserKey::new(&point, &auth),
            _ => Err(SealError::NotAKey),
        };
        let key = key.map_err(SubscriptionError::Keys)?;
        Ok(Self { endpoint, key })
    }

    /// As [`Subscription::from_json`] reads it, for the hub's store.
    #[must_use]
    pub fn to_json(&self) -> String {
        let wire = Wire {
            endpoint: self.endpoint.to_string(),
            keys: Keys {
                p256dh: URL_SAFE_NO_PAD.encode(self.key.point()),
                auth: URL_SAFE_NO_PAD.encode(self.key.auth()),
            },
        };
        serde_json::to_string(&wire).expect("two texts always have a JSON form")
    }

    pub(super) fn endpoint(&self) -> &Uri {
        &self.endpoint
    }

    pub(super) fn key(&self) -> &BrowserKey {
        &self.key
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription(<redacted>)")
    }
}

/// A push service that is believed in: a host, or `*.` and what hosts end in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Service(String);

/// A text that names no push service.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a host such as push.example or *.push.example")]
pub struct ServiceError(String);

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let host = text.strip_prefix("*.").unwrap_or(text);
        let is_host = !host.is_empty()
            && host.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
            });
        if is_host {
            Ok(Self(text.to_owned()))
        } else {
            Err(ServiceError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Service {
    type Error = ServiceError;

    fn try_from(text: String) -> Result<Self, ServiceError> {
        text.parse()
    }
}

impl Service {
    /// Those of the browsers in use: Chromium's, Firefox's, Safari's and Edge's.
    pub const KNOWN: [&str; 4] = [
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "*.push.apple.com",
        "*.notify.windows.com",
    ];

    /// Whether an endpoint is this service's.
    pub(super) fn holds(&self, endpoint: &Uri) -> bool {
        let Some(host) = endpoint.host() else {
            return false;
        };
        match self.0.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == self.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of RFC 8291's example.
    const KEYS: &str = r#"{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}"#;

    fn json(endpoint: &str) -> String {
        format!(r#"{{"endpoint":"{endpoint}","expirationTime":null,"keys":{KEYS}}}"#)
    }

    #[test]
    fn a_subscription_comes_back_as_it_went_and_prints_as_redacted() {
        let text = json("https://push.example/w/abc123");
        let subscription = Subscription::from_json(&text).unwrap();
        let again = Subscription::from_json(&subscription.to_json()).unwrap();
        assert_eq!(subscription, again);
        assert!(!format!("{subscription:?}").contains("abc"));
    }

    #[test]
    fn what_is_no_subscription_is_refused_without_being_repeated() {
        let short = json("https://push.example/secret").replace("BCVx", "BCV");
        let long = json(&format!("https://push.example/secret{}", "a".repeat(3_000)));
        for bad in ["{}", "", &short, &long, &json("secret"), &json("/secret")] {
            let error = Subscription::from_json(bad).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("secret"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_service_is_believed_in_by_its_whole_host_or_its_end() {
        let holds = |service: &str, url: &str| {
            let service: Service = service.parse().unwrap();
            service.holds(&url.parse().unwrap())
        };
        assert!(holds("push.example", "https://push.example/a"));
        assert!(!holds("push.example", "https://a.push.example/a"));
        assert!(!holds("push.example", "https://push.example.org/a"));
        assert!(holds("*.push.example", "https://web.push.example/a"));
        assert!(!holds("*.push.example", "https://evilpush.example/a"));
        for known in Service::KNOWN {
            known.parse::<Service>().unwrap();
        }
        assert!("https://push.example".parse::<Service>().is_err());
    }
}
