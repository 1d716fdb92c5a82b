//! Who is told by what: the channels of the hub's configuration, and the recipients and teams of
//! [`crate::settings`].
//!
//! [`Settings::open`] examines everything when the hub starts, and names what is wrong and where;
//! nothing is found out at three in the morning. Values that may hold a secret or an address print
//! as redacted. What a browser subscribed to, and who is on duty, is not configuration.

mod open;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::watch;

use super::caller::Exchange;
use super::chain::{ChannelName, Recipient, TeamName, Teams};
use super::mail::Security;
use super::notice::{Language, Link};
use super::push::{Contact, Pushes, Service};
use crate::settings::AtWork;

pub use open::Others;

/// Who is told by what. The default tells nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// In which language. Default `sv`.
    pub language: Language,
    /// The address of the hub's page, as phones reach it. Needed as soon as there is a channel.
    pub link: Option<Link>,
    /// By what.
    #[serde(rename = "channel")]
    pub channels: Vec<Channel>,
    /// Who. Not taken from the hub's configuration, but from [`crate::settings`].
    #[serde(rename = "recipient")]
    pub recipients: Vec<Person>,
    /// In which order. The first team is told of what belongs to none. From
    /// [`crate::settings`] too.
    #[serde(rename = "team")]
    pub teams: Vec<Chain>,
}

/// A way to tell somebody.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Channel {
    /// An HTTP request.
    Webhook(Request),
    /// An HTTP request to a gateway that sends SMS.
    Sms(Request),
    /// SMTP.
    Mail(Mailing),
    /// Web Push.
    Push(Pushing),
}

/// An HTTP request to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What the channel is called.
    pub name: ChannelName,
    /// `https://…`; `http://` on this machine alone. Not a template.
    pub url: Hidden,
    /// A template: `{to}`, `{text}`, `{key}`, `{count}`, `{kind}`, `{link}`, `{secret}`.
    pub body: Hidden,
    /// How the body is written. Default `json`.
    #[serde(default)]
    pub form: Form,
    /// Further headers, templates too.
    #[serde(default)]
    pub headers: BTreeMap<String, Hidden>,
    /// The file with what `{secret}` stands for.
    pub secret_file: Option<PathBuf>,
    /// The authority that signed the gateway's certificate, PEM, beside the machine's own.
    pub ca: Option<PathBuf>,
    /// What an answer must contain to count, beside its status.
    pub answer_contains: Option<String>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// JSON.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailing {
    /// What the channel is called.
    pub name: ChannelName,
    /// The server; its certificate must carry this name.
    pub host: String,
    /// Its port. Default 465 with `tls`, 587 with `starttls`, 25 with `none`.
    pub port: Option<u16>,
    /// `tls`, `starttls`, or `none` to this machine alone.
    pub security: Security,
    /// Who sends.
    pub from: Hidden,
    /// The name to sign in with. Default: no sign-in.
    pub user: Option<String>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// The authority that signed the server's certificate, PEM, beside the machine's own.
    pub ca: Option<PathBuf>,
}

/// Web Push.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushing {
    /// What the channel is called.
    pub name: ChannelName,
    /// Whom a push service can ask: `mailto:…` or `https://…`.
    pub contact: Contact,
    /// The hub's key, made at the first start. Default `vapid.pem`.
    #[serde(default = "key_file")]
    pub key_file: PathBuf,
    /// Which push services are believed in. Default [`Service::KNOWN`].
    #[serde(default = "known_services")]
    pub services: Vec<Service>,
    /// An authority beside the machine's own, PEM.
    pub ca: Option<PathBuf>,
}

/// Somebody who can be told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// A word, no name: `natt-1`, `lead`.
    pub name: Recipient,
    /// Where each channel reaches them: a phone number or a mail address.
    #[serde(default)]
    pub address: BTreeMap<ChannelName, Hidden>,
}

/// A team's chain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// What the team is called.
    pub name: TeamName,
    /// Its steps; the last is the night lead.
    pub steps: Vec<ChainStep>,
}

/// A step of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainStep {
    /// Who is told.
    pub to: Recipient,
    /// By what, best first.
    pub by: Vec<ChannelName>,
}

/// A text that may hold a secret or an address.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// What is wrong with the settings, and where.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{at}: {why}")]
pub struct SettingsError {
    /// Which table and key.
    pub at: String,
    /// Why it cannot be used. No address and no secret is repeated.
    pub why: String,
}

/// Settings at work.
pub struct Opened {
    /// For [`super::chain::Chain::new`].
    pub teams: Teams,
    /// For [`super::caller::run`].
    pub exchange: Arc<Exchange>,
    /// The channels of Web Push, for whoever lets browsers subscribe.
    pub pushes: Pushes,
    /// How the settings change while the hub runs. Nothing if they do not.
    pub changes: Option<watch::Receiver<Arc<AtWork>>>,
}

impl Settings {
    /// Refuses a configuration that says who is told: that has history, and is kept elsewhere.
    ///
    /// # Errors
    ///
    /// It names recipients or teams, and what to do with them.
    pub fn examine_channels_alone(&self) -> Result<(), SettingsError> {
        let table = match (self.recipients.is_empty(), self.teams.is_empty()) {
            (true, true) => return Ok(()),
            (false, _) => "notify.recipient",
            (true, false) => "notify.team",
        };
        Err(SettingsError {
            at: table.to_owned(),
            why: "mottagare och lag står inte här längre: flytta dem till en egen fil som \
                  [[recipient]] och [[team]] och kör `nattsyn-hub settings set FIL --by ID --why \
                  TEXT` / recipients and teams no longer stand here: move them to a file of their \
                  own as [[recipient]] and [[team]], and run `nattsyn-hub settings set FILE --by \
                  ID --why TEXT`"
                .to_owned(),
        })
    }
}

impl Channel {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &ChannelName {
        match self {
            Self::Webhook(request) | Self::Sms(request) => &request.name,
            Self::Mail(mailing) => &mailing.name,
            Self::Push(pushing) => &pushing.name,
        }
    }
}

fn key_file() -> PathBuf {
    PathBuf::from("vapid.pem")
}

fn known_services() -> Vec<Service> {
    let known = Service::KNOWN.iter();
    known
        .map(|service| service.parse().expect("the known services are hosts"))
        .collect()
}
