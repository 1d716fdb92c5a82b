//! Examines the settings and puts the channels together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use nattsyn_clock::Clock;

use super::{Channel, Form, Mailing, Opened, Person, Pushing, Request, Settings, SettingsError};
use crate::notify::address::{Address, AddressBook, MailAddress, Phone};
use crate::notify::caller::Exchange;
use crate::notify::chain::{ChannelName, Step, Team, Teams};
use crate::notify::gateway::{self, Gateway};
use crate::notify::mail::{Mail, Server};
use crate::notify::notice::Link;
use crate::notify::notifier::Notifier;
use crate::notify::patience::Patience;
use crate::notify::push::{Pushes, Vapid, WebPush};
use crate::notify::secret::{Secret, in_full};
use crate::notify::template::{Escape, Presence, Slot, Template, Values};
use crate::notify::webhook::{Takes, Webhook};

/// Channels of other kinds, such as an alarm receiver's, by their names. They need no address.
pub type Others = BTreeMap<ChannelName, Arc<dyn Notifier>>;

/// What stands in a template's slots when it is tried.
const SAMPLE: Values<'_> = Values {
    to: "+46700000000",
    text: "Nattsyn: 3 att åtgärda",
    key: "nattsyn-0-0",
    count: "3",
    kind: "new",
    link: "https://nattsyn.example/",
    secret: "secret",
};

impl Settings {
    /// Examines the settings and puts the channels together, with channels of other kinds.
    /// Relative paths count from `folder`.
    ///
    /// # Errors
    ///
    /// With the table, the key and the reason.
    pub fn open(&self, folder: &Path, others: Others) -> Result<Opened, SettingsError> {
        self.open_with(folder, others, Patience::default())
    }

    pub(crate) fn open_with(
        &self,
        folder: &Path,
        others: Others,
        patience: Patience,
    ) -> Result<Opened, SettingsError> {
        let (teams, book) = self.people(&others)?;
        let link = self.examined_link(&others)?;
        let mut exchange = Exchange::new(self.language, link, book);
        let mut pushes = Pushes::new();
        for channel in &self.channels {
            let name = channel.name();
            let at = |key: &str, why: String| wrong(&channel_at(name), key, why);
            let notifier: Arc<dyn Notifier> = match channel {
                Channel::Webhook(request) => Arc::new(
                    webhook(request, folder, Takes::Any, patience).map_err(|(k, w)| at(k, w))?,
                ),
                Channel::Sms(request) => Arc::new(
                    webhook(request, folder, Takes::Phones, patience).map_err(|(k, w)| at(k, w))?,
                ),
                Channel::Mail(mailing) => {
                    Arc::new(mail(mailing, folder, patience).map_err(|(k, w)| at(k, w))?)
                }
                Channel::Push(pushing) => {
                    let push = push(pushing, folder, patience).map_err(|(k, w)| at(k, w))?;
                    let push = Arc::new(push);
                    pushes.insert(name.clone(), Arc::clone(&push));
                    push
                }
            };
            exchange.add(name.clone(), notifier);
        }
        for (name, notifier) in others {
            exchange.add(name, notifier);
        }
        Ok(Opened {
            teams,
            exchange: Arc::new(exchange),
            pushes,
            changes: None,
        })
    }

    /// Who is told in which order, and where: recipients and teams, examined against the channels.
    ///
    /// # Errors
    ///
    /// With the table, the key and the reason.
    pub fn people(&self, others: &Others) -> Result<(Teams, AddressBook), SettingsError> {
        let book = self.book(others)?;
        let teams = self.examined_teams(&book, others)?;
        Ok((teams, book))
    }

    /// The page's address. Without a channel nobody is sent there.
    fn examined_link(&self, others: &Others) -> Result<Link, SettingsError> {
        match &self.link {
            Some(link) => Ok(link.clone()),
            None if self.channels.is_empty() && others.is_empty() => {
                let nowhere = "https://nattsyn.invalid/".to_owned();
                Ok(Link::try_from(nowhere).expect("the address of a page"))
            }
            None => Err(wrong("notify", "link", "not set".to_owned())),
        }
    }

    fn channel(&self, name: &ChannelName) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name() == name)
    }

    /// Everybody's addresses.
    fn book(&self, others: &Others) -> Result<AddressBook, SettingsError> {
        let mut names: BTreeSet<&ChannelName> = others.keys().collect();
        for channel in &self.channels {
            if !names.insert(channel.name()) {
                let why = "there are two of this name".to_owned();
                return Err(wrong(&channel_at(channel.name()), "name", why));
            }
        }
        let mut book = AddressBook::default();
        let mut people = BTreeSet::new();
        for person in &self.recipients {
            let at = person_at(person);
            if !people.insert(&person.name) {
                return Err(wrong(&at, "name", "there are two of this name".to_owned()));
            }
            for (by, text) in &person.address {
                let key = format!("address.{}", by.as_str());
                let channel = self.channel(by);
                let channel = channel.ok_or_else(|| wrong(&at, &key, no_channel(by)))?;
                let address = address(channel, text.expose());
                let address = address.map_err(|why| wrong(&at, &key, why))?;
                book.enter(&person.name, by, address);
            }
        }
        self.enter_own(&mut book, others);
        Ok(book)
    }

    /// Channels that know by themselves where they tell.
    fn enter_own(&self, book: &mut AddressBook, others: &Others) {
        let steps = self.teams.iter().flat_map(|team| &team.steps);
        for (to, by) in steps.flat_map(|step| step.by.iter().map(|by| (&step.to, by))) {
            let needs_none = match self.channel(by) {
                Some(Channel::Webhook(request)) => {
                    let body = Template::parse(request.body.expose());
                    body.is_ok_and(|body| body.has(Slot::To) == Presence::Lacks)
                }
                Some(Channel::Sms(_) | Channel::Mail(_) | Channel::Push(_)) => false,
                None => others.contains_key(by),
            };
            if needs_none && book.of(to, by).is_empty() {
                book.enter(to, by, Address::Own);
            }
        }
    }

    fn examined_teams(&self, book: &AddressBook, others: &Others) -> Result<Teams, SettingsError> {
        let mut names = BTreeSet::new();
        let mut teams = Vec::new();
        for team in &self.teams {
            let at = format!("team {:?}", team.name.as_str());
            if !names.insert(&team.name) {
                return Err(wrong(&at, "name", "there are two of this name".to_owned()));
            }
            for (number, step) in (1..).zip(&team.steps) {
                let key = format!("steps: step {number}");
                let known = self.recipients.iter().any(|person| person.name == step.to);
                if !known {
                    let why = format!("there is no recipient {:?}", step.to.as_str());
                    return Err(wrong(&at, &key, why));
                }
                for by in &step.by {
                    self.examine_way(book, others, step, by)
                        .map_err(|why| wrong(&at, &key, why))?;
                }
            }
            let steps = team.steps.iter().map(|step| Step {
                to: step.to.clone(),
                by: step.by.clone(),
            });
            let built = Team::new(team.name.clone(), steps.collect());
            teams.push(built.map_err(|error| wrong(&at, "steps", error.to_string()))?);
        }
        Ok(Teams::new(teams))
    }

    /// Whether a step's channel is there and knows where to tell.
    fn examine_way(
        &self,
        book: &AddressBook,
        others: &Others,
        step: &super::ChainStep,
        by: &ChannelName,
    ) -> Result<(), String> {
        let has_address = match self.channel(by) {
            // Browsers subscribe by themselves.
            Some(Channel::Push(_)) => true,
            Some(Channel::Webhook(_) | Channel::Sms(_) | Channel::Mail(_)) => {
                !book.of(&step.to, by).is_empty()
            }
            None if others.contains_key(by) => true,
            None => return Err(no_channel(by)),
        };
        if has_address {
            return Ok(());
        }
        let (to, by) = (step.to.as_str(), by.as_str());
        Err(format!("recipient {to:?} has no address.{by}"))
    }
}

/// Which key is wrong, and why.
type Fault = (&'static str, String);

fn webhook(
    request: &Request,
    folder: &Path,
    takes: Takes,
    patience: Patience,
) -> Result<Webhook, Fault> {
    let url: Uri = request
        .url
        .expose()
        .parse()
        .map_err(|_error| ("url", "not of the form https://host/path".to_owned()))?;
    let ca = request.ca.as_ref().map(|path| folder.join(path));
    let tls = gateway::trust(ca.as_deref()).map_err(|why| ("ca", why))?;
    let gateway = Gateway::new(&url, &tls).map_err(|why| ("url", why))?;
    let secret = match &request.secret_file {
        Some(path) => Secret::read(&folder.join(path)).map_err(|why| ("secret_file", why))?,
        None => Secret::default(),
    };
    let (body, escape) = body(request, takes).map_err(|why| ("body", why))?;
    let headers = headers(request).map_err(|why| ("headers", why))?;
    let holds_secret = |template: &Template| template.has(Slot::Secret) == Presence::Has;
    let has_slot = holds_secret(&body) || headers.iter().any(|(_, value)| holds_secret(value));
    if has_slot != request.secret_file.is_some() {
        let why = "name a file where a header or the body has {secret}, and only there";
        return Err(("secret_file", why.to_owned()));
    }
    Ok(Webhook {
        gateway,
        path: url
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned(),
        headers,
        body,
        escape,
        secret,
        answer_contains: request.answer_contains.clone(),
        takes,
        patience,
    })
}

fn body(request: &Request, takes: Takes) -> Result<(Template, Escape), String> {
    let body = Template::parse(request.body.expose()).map_err(|error| error.to_string())?;
    if takes == Takes::Phones {
        for (slot, word) in [(Slot::To, "{to}"), (Slot::Text, "{text}")] {
            if body.has(slot) == Presence::Lacks {
                return Err(format!("an SMS needs {word}"));
            }
        }
    }
    let escape = match request.form {
        Form::Form => Escape::Form,
        Form::Json => Escape::Json,
    };
    if escape == Escape::Json {
        let sample = body.fill(SAMPLE, escape);
        serde_json::from_str::<serde_json::Value>(&sample)
            .map_err(|error| format!("not JSON once its slots are filled: {error}"))?;
    }
    Ok((body, escape))
}

fn headers(request: &Request) -> Result<Vec<(HeaderName, Template)>, String> {
    let mut headers = Vec::new();
    for (name, value) in &request.headers {
        let named = |why: &str| format!("{name}: {why}");
        let header: HeaderName = name.parse().map_err(|_error| named("no header's name"))?;
        let value = Template::parse(value.expose()).map_err(|error| named(&error.to_string()))?;
        let sample = value.fill(SAMPLE, Escape::None);
        // Values with å, ä and ö are bytes to HTTP; control characters are none of its.
        HeaderValue::try_from(sample).map_err(|_error| named("no header's value"))?;
        headers.push((header, value));
    }
    Ok(headers)
}

fn mail(mailing: &Mailing, folder: &Path, patience: Patience) -> Result<Mail, Fault> {
    let from: MailAddress = mailing
        .from
        .expose()
        .parse()
        .map_err(|error| ("from", in_full(&error)))?;
    let login = match (&mailing.user, &mailing.password_file) {
        (Some(user), Some(path)) => {
            let password =
                Secret::read(&folder.join(path)).map_err(|why| ("password_file", why))?;
            Some((user.clone(), password))
        }
        (None, None) => None,
        (Some(_), None) => return Err(("password_file", "not set, but user is".to_owned())),
        (None, Some(_)) => return Err(("user", "not set, but password_file is".to_owned())),
    };
    let ca = match &mailing.ca {
        Some(path) => {
            let path = folder.join(path);
            let unreadable = |error| ("ca", format!("reading {}: {error}", path.display()));
            Some(std::fs::read(&path).map_err(unreadable)?)
        }
        None => None,
    };
    let server = Server {
        host: &mailing.host,
        port: mailing.port,
        security: mailing.security,
        ca,
        login,
        patience,
    };
    Mail::new(server, &from).map_err(|why| ("security", why))
}

fn push(pushing: &Pushing, folder: &Path, patience: Patience) -> Result<WebPush, Fault> {
    let ca = pushing.ca.as_ref().map(|path| folder.join(path));
    let tls = gateway::trust(ca.as_deref()).map_err(|why| ("ca", why))?;
    let vapid = Vapid::open(&folder.join(&pushing.key_file));
    Ok(WebPush {
        vapid: vapid.map_err(|error| ("key_file", in_full(&error)))?,
        contact: pushing.contact.clone(),
        services: pushing.services.clone(),
        tls,
        clock: Clock::machine(),
        patience,
    })
}

fn address(channel: &Channel, text: &str) -> Result<Address, String> {
    let phone = || text.parse::<Phone>().map(Address::Phone);
    let mail = || text.parse::<MailAddress>().map(Address::Mail);
    let parsed = match channel {
        Channel::Sms(_) => phone(),
        Channel::Mail(_) => mail(),
        Channel::Webhook(_) => phone().or_else(|_error| mail()),
        Channel::Push(_) => return Err("a browser subscribes by itself".to_owned()),
    };
    parsed.map_err(|error| error.to_string())
}

fn no_channel(by: &ChannelName) -> String {
    format!(
        "there is no notify.channel {:?} in the hub's configuration",
        by.as_str()
    )
}

fn channel_at(name: &ChannelName) -> String {
    format!("notify.channel {:?}", name.as_str())
}

fn person_at(person: &Person) -> String {
    format!("recipient {:?}", person.name.as_str())
}

fn wrong(table: &str, key: &str, why: String) -> SettingsError {
    SettingsError {
        at: format!("{table}: {key}"),
        why,
    }
}
