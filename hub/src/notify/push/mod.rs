//! Tells a browser by Web Push, with nothing but the fixed words, encrypted for it alone.
//!
//! [`seal`] is the encryption (RFC 8291), [`vapid`] how the hub shows who it is (RFC 8292);
//! both are put together from ring, which TLS has brought along. A push service sees when and how
//! often a browser is told and from which hub, and a message of constant length.
//!
//! A service that takes a message has not shown it: a phone that is off gets it when it is on
//! again, within [`KEPT_FOR`], and then only the newest. A subscription that is no more (404, 410)
//! fails for good; the page must ask the browser anew.

pub mod seal;
mod subscription;
pub mod vapid;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Uri};
use nattsyn_clock::Clock;
use rustls::ClientConfig;

use super::address::Address;
use super::chain::ChannelName;
use super::gateway::{Answer, Gateway};
use super::notice::Notice;
use super::notifier::{Notifier, Receipt, TellError, Telling};
use super::patience::Patience;

pub use subscription::{Service, ServiceError, Subscription, SubscriptionError};
pub use vapid::{Contact, ContactError, Vapid, VapidError};

/// How long a push service keeps a message for a browser that is not there. Twice the pace of
/// reminders: what is older has been said again.
pub const KEPT_FOR: Duration = Duration::from_secs(600);

/// The messages of a hub replace each other while they wait (RFC 8030, section 5.4).
const TOPIC: &str = "nattsyn";

/// The channels of Web Push, by name.
pub type Pushes = BTreeMap<ChannelName, Arc<WebPush>>;

/// The channel of Web Push.
pub struct WebPush {
    pub(super) vapid: Vapid,
    pub(super) contact: Contact,
    /// Which push services are believed in.
    pub(super) services: Vec<Service>,
    pub(super) tls: Arc<ClientConfig>,
    /// The machine's, also in a demonstration: push services live in real time.
    pub(super) clock: Clock,
    pub(super) patience: Patience,
}

/// Whether a push service is believed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It is.
    Known,
    /// Nobody has named it.
    Unknown,
}

impl Notifier for WebPush {
    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
        Box::pin(async move {
            match &notice.to {
                Address::Push(subscription) => self.say(subscription, &notice.text()).await,
                Address::Own | Address::Phone(_) | Address::Mail(_) => Err(TellError::WrongAddress),
            }
        })
    }
}

impl WebPush {
    /// What browsers subscribe with: `applicationServerKey`, base64url.
    #[must_use]
    pub fn application_key(&self) -> String {
        self.vapid.public()
    }

    /// Whether a browser's push service is one that is believed in.
    #[must_use]
    pub fn trust(&self, subscription: &Subscription) -> Trust {
        let endpoint = subscription.endpoint();
        let known = |service: &Service| service.holds(endpoint);
        match self.services.iter().any(known) {
            true => Trust::Known,
            false => Trust::Unknown,
        }
    }

    /// Says something to one browser. The first line is what it shows; a second, if there is one,
    /// keeps what it shows apart from alerts.
    ///
    /// # Errors
    ///
    /// Why it did not get through.
    pub async fn say(&self, to: &Subscription, text: &str) -> Result<Receipt, TellError> {
        self.patience
            .persevere(move || self.say_once(to, text))
            .await
    }

    async fn say_once(&self, to: &Subscription, text: &str) -> Result<Receipt, TellError> {
        match self.trust(to) {
            Trust::Known => {}
            Trust::Unknown => return Err(TellError::WrongAddress),
        }
        let endpoint = to.endpoint();
        let gateway = Gateway::new(endpoint, &self.tls).map_err(|_why| TellError::WrongAddress)?;
        let request = self.request(to, endpoint, text)?;
        let answer = gateway.ask(request).await?;
        verdict(&answer)
    }

    fn request(
        &self,
        subscription: &Subscription,
        endpoint: &Uri,
        text: &str,
    ) -> Result<Request<Body>, TellError> {
        let body = seal::seal(subscription.key(), text.as_bytes());
        let body = body.map_err(|_error| TellError::Unmade)?;
        let now = self.clock.now().timestamp;
        let word = self.vapid.authorize(endpoint, &self.contact, now);
        let word = word.map_err(|_error| TellError::Unmade)?;
        let mut word = HeaderValue::try_from(word).map_err(|_error| TellError::Unmade)?;
        word.set_sensitive(true);
        let path = endpoint.path_and_query().map_or("/", |path| path.as_str());
        let headers = BTreeMap::from([
            ("ttl", KEPT_FOR.as_secs().to_string()),
            ("urgency", "high".to_owned()),
            ("topic", TOPIC.to_owned()),
        ]);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(AUTHORIZATION, word);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request
            .body(Body::from(body))
            .map_err(|_error| TellError::Unmade)
    }
}

fn verdict(answer: &Answer) -> Result<Receipt, TellError> {
    match answer.status.as_u16() {
        code @ (404 | 410) => Err(TellError::Gone { code }),
        _ => answer.verdict().map(|code| Receipt { code }),
    }
}
