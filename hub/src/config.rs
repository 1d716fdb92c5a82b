//! The hub's configuration: one TOML file, every field with a default.
//!
//! Homes, windows, plans and keys are no configuration; see [`crate::enrolment`] and
//! [`crate::keys`]. `hub/examples/hub.toml` is the default, written out.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::agreement::staffing::Staffing;
use crate::audit::heads;
use crate::consent;
use crate::notify::Settings;
use crate::outside;
use crate::staff::webauthn::Party;
use crate::tuning;

/// What the hub is told about the machine that it runs on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The configuration file's folder, from which relative paths count.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Where the page is served. Default `127.0.0.1:8080`: this machine alone.
    pub listen: SocketAddr,
    /// What stands in front of the page. Default `plain`.
    pub front: Front,
    /// The folder of the ledger, the keys and the certificates. Default `data`, beside the
    /// configuration file.
    pub data: PathBuf,
    /// The IANA zone in which nights are counted and times are shown. Default
    /// `Europe/Stockholm`.
    pub zone: String,
    /// What the night's staff can answer: a plan that would ask for more is pointed out.
    pub staffing: Staffing,
    /// By what somebody is told. Default nothing. See `docs/reference/notifiers.md`; who is told
    /// is for [`crate::settings`].
    pub notify: Settings,
    /// The watcher outside that is fed while the hub works. Default none, and the page says so.
    /// See `docs/reference/outside.md`.
    pub outside: outside::Settings,
    /// The page's origin as browsers see it, such as `https://natt.kommunen.se`: staff's keys are
    /// for it alone. Default none, and then there are no keys. See `docs/reference/staff.md`.
    pub origin: Option<Party>,
    /// How often access is gone through.
    pub access: Access,
    /// Where the log's heads are kept outside. Default nowhere, and the log's page says so. See
    /// `docs/reference/audit.md`.
    pub audit: heads::Settings,
    /// What the municipality has decided of consents, for everybody.
    pub consent: consent::Rules,
    /// What no threshold in the municipality goes under. Default: the shipped model's own. See
    /// `docs/reference/calibration.md`.
    pub thresholds: tuning::Floor,
    /// The broker between hub and units. Default: the embedded one.
    pub broker: Broker,
    /// Where new units are let in. Default nowhere. See `docs/reference/enrolment.md`.
    pub enrolment: Option<Enrolment>,
}

/// Where new units are let in, and those that are in get their next certificates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The name or address under which units reach the hub: it stands in codes, in the hub's
    /// certificate, and in what a unit is told of the embedded broker.
    pub host: String,
    /// Where to listen. Default `0.0.0.0:8884`.
    #[serde(default = "usual_door")]
    pub listen: SocketAddr,
    /// The port that stands in codes, if it is another than the one that is listened on: behind
    /// something that passes connections on unread.
    pub port: Option<u16>,
}

fn usual_door() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 8884))
}

/// How often access is gone through.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Every role at least every so many days. Default 90.
    pub review_days: u16,
}

impl Default for Access {
    fn default() -> Self {
        Self { review_days: 90 }
    }
}

/// What stands between the page and the browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Front {
    /// Nothing: browsers speak plain HTTP with the hub.
    #[default]
    Plain,
    /// Something that encrypts: browsers send the sign-in's cookies over TLS alone.
    Tls,
}

/// The broker between hub and units.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broker {
    /// The one in this process.
    Embedded(Embedded),
    /// Another MQTT 5 broker. Its operator sees to it that units keep to their own topics.
    External(External),
}

/// The broker in this process.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Embedded {
    /// Where units connect. Default `0.0.0.0:8883`: MQTT over TLS's registered port, on every
    /// address of the machine. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// More names under which units reach it, beside `localhost` and `127.0.0.1`. Default none.
    pub names: Vec<String>,
    /// Most connections at once. Default 10,000: twice the 5,000 units of the design's budget.
    pub connections_max: usize,
}

/// A broker elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// `mqtts://host:port`.
    pub url: BrokerUrl,
    /// The certificate of the authority that signed the broker's, PEM.
    pub ca: PathBuf,
    /// The hub's certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Where a broker is: `mqtts://host:port`. Nothing unencrypted can be named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BrokerUrl {
    /// Host name or address; the broker's certificate must carry it.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no configuration.
    #[error("{}: {message}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Line, key and reason.
        message: String,
    },
    /// A value cannot be used.
    #[error("{}: {key}: {reason}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which key.
        key: &'static str,
        /// Why not.
        reason: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            front: Front::default(),
            data: PathBuf::from("data"),
            zone: "Europe/Stockholm".to_owned(),
            staffing: Staffing::default(),
            notify: Settings::default(),
            outside: outside::Settings::default(),
            origin: None,
            access: Access::default(),
            audit: heads::Settings::default(),
            consent: consent::Rules::default(),
            thresholds: tuning::Floor::default(),
            broker: Broker::default(),
            enrolment: None,
        }
    }
}

impl Default for Broker {
    fn default() -> Self {
        Self::Embedded(Embedded::default())
    }
}

impl Default for Embedded {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8883)),
            names: Vec::new(),
            connections_max: 10_000,
        }
    }
}

impl TryFrom<String> for BrokerUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text
            .strip_prefix("mqtts://")
            .and_then(|rest| rest.trim_end_matches('/').rsplit_once(':'));
        match parts {
            Some((host, port)) if !host.is_empty() && !host.contains('/') => Ok(Self {
                host: host.to_owned(),
                port: port.parse().map_err(|_error| bad_url(&text))?,
            }),
            _ => Err(bad_url(&text)),
        }
    }
}

fn bad_url(text: &str) -> String {
    format!("{text:?} is not of the form mqtts://host:port")
}

impl Config {
    /// Reads a configuration file. Relative paths in it count from its folder.
    ///
    /// # Errors
    ///
    /// With file, key and reason.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            message: said_of(&error, &text),
        })?;
        if jiff::tz::TimeZone::get(&config.zone).is_err() {
            return Err(ConfigError::Value {
                path: path.to_owned(),
                key: "zone",
                reason: format!(
                    "{:?} is not a known time zone, such as Europe/Stockholm",
                    config.zone
                ),
            });
        }
        config.stand_in(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    fn stand_in(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
        self.data = folder.join(&self.data);
        match &mut self.broker {
            Broker::Embedded(_) => {}
            Broker::External(external) => {
                for path in [
                    &mut external.ca,
                    &mut external.certificate,
                    &mut external.key,
                ] {
                    *path = folder.join(&*path);
                }
            }
        }
    }
}

/// What is wrong with a file, in which line and at which key. What stands behind the key may be
/// somebody's telephone number, and stays out of what is printed.
fn said_of(error: &toml::de::Error, text: &str) -> String {
    let why = error.message();
    let begins = error.span().map_or(0, |span| span.start);
    let Some(before) = text.get(..begins) else {
        return why.to_owned();
    };
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    format!("line {}: {key}: {why}", number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../examples/hub.toml");

    fn read(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_example_is_the_default() {
        assert_eq!(
            toml::from_str::<Config>(EXAMPLE).unwrap(),
            Config::default()
        );
        assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    }

    #[test]
    fn the_examples_external_broker_can_be_read() {
        let table: String = EXAMPLE
            .lines()
            .filter_map(|line| line.strip_prefix("#   "))
            .collect::<Vec<_>>()
            .join("\n");
        let config = read(&table).unwrap();
        let Broker::External(external) = config.broker else {
            panic!("{config:?}");
        };
        assert_eq!(
            (external.url.host.as_str(), external.url.port),
            ("broker.example", 8883)
        );
        assert!(external.ca.is_absolute());
    }

    #[test]
    fn a_bad_file_names_file_key_and_reason() {
        for (text, expected) in [
            ("listn = 1", "listn"),
            ("listen = \"8080\"", "listen"),
            ("zone = \"Mars\"", "zone: \"Mars\" is not a known time zone"),
            ("[broker.embedded]\nport = 1", "port"),
            (
                "[broker.external]\nurl = \"mqtt://a:1\"",
                "mqtts://host:port",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains("hub.toml"), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn no_telephone_number_is_in_what_is_said_of_a_bad_file() {
        let text =
            "\n[[notify.recipient]]\nname = \"natt-1\"\naddress = { sms = \"+46700000001\", x }";
        let error = read(text).unwrap_err();
        assert!(error.contains("line 4: address:"), "{error}");
        assert!(!error.contains("467"), "{error}");
    }
}
