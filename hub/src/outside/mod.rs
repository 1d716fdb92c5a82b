//! The watcher outside: a dead man's switch that somebody else keeps, fed only while the hub truly
//! works. When it is fed no more, **it** tells somebody; nothing here does.
//!
//! The hub works when tonight was shown anew within [`YOUNG`], the teller took a turn within it,
//! and the ledger's file took a write just now. If any of it is not so, nothing is fed. What a
//! feeding cannot show: that phones ring (the test alarm does), that units reach the hub (their
//! silence is a row), that a browser reaches the page.
//!
//! The address of the watcher is a secret: whoever has it can keep a dead hub alive. It stands in
//! a file or prints as redacted, and no log and no error repeats it. `docs/reference/outside.md`
//! is for whoever sets it up.

mod pulse;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::{Method, Request, Uri};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::timeout;

use nattsyn_clock::Clock;
use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::notify::TellError;
use crate::notify::chain::{ChannelName, Failure};
use crate::notify::gateway::{self, Gateway};
use crate::notify::receiver::{Health, Receivers};
use crate::notify::secret::{Secret, in_full};
use crate::notify::settings::{Hidden, SettingsError};
use crate::notify::teller::Told;
use crate::view::Tonight;

use pulse::Pulse;

/// How old what the hub last did may be. Four turns of the service ([`crate::service::REFRESH`]):
/// by then every open page has said that the service hangs.
pub const YOUNG: Duration = Duration::from_secs(60);

/// How long one feeding may take: as long as a try of a message ([`crate::notify::Patience`]), and
/// two seconds for a name's look-up on a slow road.
const FEED_WITHIN: Duration = Duration::from_secs(10);

/// How soon it is tried again after a feeding that failed or was withheld: four times within the
/// minute by which such watchers are usually fed.
const AGAIN_AFTER: Duration = Duration::from_secs(15);

/// Who is fed. The default feeds nobody, and the page says so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The address to ask, `https://…`. Better in a file.
    pub url: Option<Hidden>,
    /// The file with the address.
    pub url_file: Option<PathBuf>,
    /// How often, in seconds: 10 to 3600. Default 60.
    pub every_s: u32,
    /// The authority that signed the watcher's certificate, PEM, beside the machine's own.
    pub ca: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            every_s: 60,
            ca: None,
        }
    }
}

/// How the watcher outside stands, for the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watcher {
    /// There is none: if the hub dies, only who looks at the page notices.
    #[default]
    NotSet,
    /// It has not been fed since the hub started.
    Starting,
    /// It was fed.
    Fed {
        /// When.
        at: Timestamp,
    },
    /// It cannot be reached, or says no.
    Unreached {
        /// Since when.
        since: Timestamp,
        /// When it was last fed, since the hub started.
        fed: Option<Timestamp>,
    },
    /// It is not fed, because the hub does not work.
    Withheld {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: Ailment,
    },
}

/// What of the hub does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// Tonight is not shown anew.
    Service,
    /// Nobody sees to it that people are told.
    Teller,
    /// Nothing can be written down.
    Store,
}

/// What looks after the hub from outside, and which alarm receivers do not answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// The watcher.
    pub watcher: Watcher,
    /// Alarm receivers that did not take the last message or heartbeat: by which channel, which
    /// of its receivers from 1, and since when.
    pub silent: Vec<(ChannelName, usize, Timestamp)>,
}

/// Where [`Beyond`] comes from.
#[derive(Clone, Debug)]
pub struct Signs {
    watcher: watch::Receiver<Watcher>,
    receivers: Vec<(ChannelName, watch::Receiver<Vec<Health>>)>,
}

impl Signs {
    /// The signs of a feeder and of alarm receivers.
    #[must_use]
    pub fn new(feeder: &Feeder, receivers: &Receivers) -> Self {
        Self {
            watcher: feeder.watcher.subscribe(),
            receivers: receivers.health(),
        }
    }

    /// How it stands now.
    #[must_use]
    pub fn now(&self) -> Beyond {
        let mut silent = Vec::new();
        for (name, health) in &self.receivers {
            for (number, health) in (1..).zip(health.borrow().iter()) {
                silent.extend(health.failing.map(|since| (name.clone(), number, since)));
            }
        }
        Beyond {
            watcher: *self.watcher.borrow(),
            silent,
        }
    }
}

/// Feeds the watcher, or does not.
pub struct Feeder {
    watcher: watch::Sender<Watcher>,
    target: Option<Target>,
    every: Duration,
    young: Duration,
}

struct Target {
    gateway: Gateway,
    /// Path and query.
    path: String,
    pulse: Pulse,
}

impl Feeder {
    /// Examines the settings and opens the ledger to try it. Relative paths count from `folder`.
    ///
    /// # Errors
    ///
    /// With the key and the reason. The address is not repeated.
    pub fn open(settings: &Settings, folder: &Path, ledger: &Path) -> Result<Self, SettingsError> {
        if !(10..=3_600).contains(&settings.every_s) {
            return Err(wrong("every_s", "10 to 3600 seconds"));
        }
        let address = match (&settings.url, &settings.url_file) {
            (None, None) => None,
            (Some(_), Some(_)) => return Err(wrong("url", "set beside url_file")),
            (Some(url), None) => Some(("url", url.expose().to_owned())),
            (None, Some(path)) => {
                let secret = Secret::read(&folder.join(path));
                let secret = secret.map_err(|why| wrong("url_file", &why))?;
                Some(("url_file", secret.expose().to_owned()))
            }
        };
        let target = address.map(|(key, url)| {
            let ca = settings.ca.as_ref().map(|path| folder.join(path));
            let tls = gateway::trust(ca.as_deref()).map_err(|why| wrong("ca", &why))?;
            let uri: Uri = url
                .parse()
                .map_err(|_error| wrong(key, "not of the form https://host/path"))?;
            let gateway = Gateway::new(&uri, &tls).map_err(|why| wrong(key, &why))?;
            let pulse = Pulse::open(ledger).map_err(|error| wrong("url", &in_full(&error)))?;
            Ok(Target {
                gateway,
                path: uri
                    .path_and_query()
                    .map_or("/", |path| path.as_str())
                    .to_owned(),
                pulse,
            })
        });
        let target = target.transpose()?;
        let watcher = match target {
            Some(_) => Watcher::Starting,
            None => Watcher::NotSet,
        };
        Ok(Self {
            watcher: watch::Sender::new(watcher),
            target,
            every: Duration::from_secs(u64::from(settings.every_s)),
            young: YOUNG,
        })
    }

    /// Feeds it as long as the hub works; never done.
    pub async fn run(
        self,
        clock: Clock,
        tonight: watch::Receiver<Arc<Tonight>>,
        told: watch::Receiver<Arc<Told>>,
    ) -> Infallible {
        let Some(target) = &self.target else {
            return pending().await;
        };
        let now = || Uptime(clock.real_now());
        let mut service = Turns::new(tonight, now());
        let mut teller = Turns::new(told, now());
        let mut due = now();
        loop {
            tokio::select! {
                () = service.next() => service.at = now(),
                () = teller.next() => teller.at = now(),
                () = tokio::time::sleep(due.since(now())) => {
                    let standing = [
                        (service.turning(now(), self.young), Ailment::Service),
                        (teller.turning(now(), self.young), Ailment::Teller),
                    ];
                    let fed = target.feed_if_well(standing).await;
                    let pause = match fed {
                        Ok(()) => self.every,
                        Err(_) => self.every.min(AGAIN_AFTER),
                    };
                    self.show(clock.now().timestamp, fed);
                    due = now().after(pause);
                }
            }
        }
    }

    fn show(&self, now: Timestamp, fed: Result<(), Hunger>) {
        self.watcher.send_modify(|watcher| {
            let before = *watcher;
            *watcher = match fed {
                Ok(()) => Watcher::Fed { at: now },
                Err(Hunger::Failed(why)) => before.failed(now, why),
                Err(Hunger::Withheld(why)) => before.withheld(now, why),
            };
        });
    }
}

/// Why the watcher was not fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hunger {
    /// It was not reached, or said no.
    Failed(Failure),
    /// The hub does not work.
    Withheld(Ailment),
}

impl Watcher {
    fn failed(self, now: Timestamp, why: Failure) -> Self {
        let (since, fed) = match self {
            Self::Unreached { since, fed } => (since, fed),
            Self::Fed { at } => (now, Some(at)),
            Self::NotSet | Self::Starting | Self::Withheld { .. } => (now, None),
        };
        if since == now {
            tracing::warn!(?why, "the watcher outside was not fed");
        }
        Self::Unreached { since, fed }
    }

    fn withheld(self, now: Timestamp, why: Ailment) -> Self {
        match self {
            Self::Withheld { since, why: before } if before == why => Self::Withheld { since, why },
            Self::NotSet
            | Self::Starting
            | Self::Fed { .. }
            | Self::Unreached { .. }
            | Self::Withheld { .. } => {
                tracing::error!(
                    ?why,
                    "the hub does not work; the watcher outside is not fed"
                );
                Self::Withheld { since: now, why }
            }
        }
    }
}

impl Target {
    /// Feeds it, unless something stands still or the ledger takes no write.
    async fn feed_if_well(&self, parts: [(Turning, Ailment); 2]) -> Result<(), Hunger> {
        for (turning, ailment) in parts {
            match turning {
                Turning::Turns => {}
                Turning::Stands => return Err(Hunger::Withheld(ailment)),
            }
        }
        let beaten = self.pulse.beat().await;
        beaten.map_err(|()| Hunger::Withheld(Ailment::Store))?;
        let fed = self.feed().await;
        fed.map_err(|error| Hunger::Failed(error.failure()))
    }

    /// Feeds it once.
    async fn feed(&self) -> Result<(), TellError> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(&self.path)
            .body(Body::empty())
            .map_err(|_error| TellError::Unmade)?;
        let answer = timeout(FEED_WITHIN, self.gateway.ask(request)).await;
        answer.unwrap_or(Err(TellError::TimedOut))?.verdict()?;
        Ok(())
    }
}

/// Whether something turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turning {
    /// It does.
    Turns,
    /// It does not.
    Stands,
}

/// When something was last seen to turn.
struct Turns<T> {
    turns: Option<watch::Receiver<T>>,
    at: Uptime,
}

impl<T> Turns<T> {
    fn new(turns: watch::Receiver<T>, at: Uptime) -> Self {
        Self {
            turns: Some(turns),
            at,
        }
    }

    /// Waits for the next turn; for ever, if there will be none.
    async fn next(&mut self) {
        if let Some(turns) = &mut self.turns
            && turns.changed().await.is_ok()
        {
            return;
        }
        self.turns = None;
        pending().await
    }

    fn turning(&self, now: Uptime, young: Duration) -> Turning {
        if self.turns.is_some() && now.since(self.at) < young {
            Turning::Turns
        } else {
            Turning::Stands
        }
    }
}

fn wrong(key: &str, why: &str) -> SettingsError {
    SettingsError {
        at: format!("outside: {key}"),
        why: why.to_owned(),
    }
}
