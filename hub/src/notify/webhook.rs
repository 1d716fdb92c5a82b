//! Tells by an HTTP request whose body the settings give: a webhook, or a gateway for SMS.
//!
//! The key travels as `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) and in the
//! body where the template names it, so that a gateway that knows keys tells nobody twice. What
//! it answers counts by its status, and by a word in it where the settings ask for one.

use axum::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request};

use super::address::Address;
use super::gateway::{Answer, Gateway};
use super::notice::Notice;
use super::notifier::{Notifier, Receipt, TellError, Telling};
use super::patience::Patience;
use super::secret::Secret;
use super::template::{Escape, Template, Values};

/// What addresses it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Any: a template may name it.
    Any,
    /// Phones.
    Phones,
}

/// A channel by HTTP.
pub(super) struct Webhook {
    pub(super) gateway: Gateway,
    /// Path and query.
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) body: Template,
    pub(super) escape: Escape,
    pub(super) secret: Secret,
    /// What an answer must contain to count.
    pub(super) answer_contains: Option<String>,
    pub(super) takes: Takes,
    pub(super) patience: Patience,
}

impl Notifier for Webhook {
    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
        Box::pin(self.patience.persevere(move || self.tell_once(notice)))
    }
}

impl Webhook {
    async fn tell_once(&self, notice: &Notice) -> Result<Receipt, TellError> {
        let answer = self.gateway.ask(self.request(notice)?).await?;
        let code = answer.verdict()?;
        self.examine(&answer)?;
        Ok(Receipt { code })
    }

    fn request(&self, notice: &Notice) -> Result<Request<Body>, TellError> {
        let is_fit = match (&notice.to, self.takes) {
            (Address::Phone(_), Takes::Phones) | (_, Takes::Any) => true,
            (Address::Own | Address::Mail(_) | Address::Push(_), Takes::Phones) => false,
        };
        let to = notice.to.text().filter(|_| is_fit);
        let key = notice.key.to_string();
        let values = Values {
            to: to.ok_or(TellError::WrongAddress)?,
            text: &notice.text(),
            key: &key,
            count: &notice.count.to_string(),
            kind: notice.kind.word(),
            link: &notice.link.to_string(),
            secret: self.secret.expose(),
        };
        let content = match self.escape {
            Escape::Form => "application/x-www-form-urlencoded",
            Escape::Json | Escape::None => "application/json",
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(CONTENT_TYPE, content)
            .header("idempotency-key", &key);
        for (name, template) in &self.headers {
            let value = template.fill(values, Escape::None);
            let mut value = HeaderValue::try_from(value).map_err(|_error| TellError::Unmade)?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let body = Body::from(self.body.fill(values, self.escape));
        request.body(body).map_err(|_error| TellError::Unmade)
    }

    /// Some gateways say `200` and mean no.
    fn examine(&self, answer: &Answer) -> Result<(), TellError> {
        let Some(expected) = &self.answer_contains else {
            return Ok(());
        };
        if String::from_utf8_lossy(&answer.body).contains(expected) {
            Ok(())
        } else {
            let code = answer.status.as_u16();
            Err(TellError::Refused { code })
        }
    }
}
