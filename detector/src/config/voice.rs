//! What the voice is told when it starts: who it is, where it keeps things, where the broker is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::PublicKey;

use super::{ConfigError, beside, read};

/// `voice.toml`. Paths are meant from the file's own folder; [`VoiceConfig::load`] resolves
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceConfig {
    /// Which unit this is; the same as in the client certificate's common name.
    pub unit: UnitId,
    /// The folder for plans, progress and outbox. It is made if it is missing.
    #[serde(default = "default_state")]
    pub state: PathBuf,
    /// Where the broker is, and how to speak with it.
    pub broker: BrokerConfig,
    /// Where the next certificate comes from. A unit that was let in by a code has it; one without
    /// it keeps the certificate that it was given.
    pub door: Option<DoorConfig>,
    /// Only in a demonstration: whose clock to follow.
    pub demonstration: Option<DemonstrationConfig>,
}

/// `[broker]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerConfig {
    /// The broker's name, as in its certificate. A loopback address stands for `localhost`.
    pub host: String,
    /// Its port for MQTT over TLS.
    #[serde(default = "default_port")]
    pub port: u16,
    /// PEM file with the certificate of whoever signed the broker's.
    #[serde(default = "default_ca")]
    pub ca: PathBuf,
    /// PEM file with this unit's certificate.
    #[serde(default = "default_certificate")]
    pub certificate: PathBuf,
    /// PEM file with this unit's private key.
    #[serde(default = "default_key")]
    pub key: PathBuf,
}

/// `[door]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorConfig {
    /// The name of the hub's door for units, as in its certificate.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The municipality's root, by which the door is known: base64 without `=`.
    pub root: PublicKey,
}

/// `[demonstration]`, absent in a real home.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemonstrationConfig {
    /// The Unix socket at which the demonstration's clock is conducted.
    pub clock: PathBuf,
}

fn default_state() -> PathBuf {
    PathBuf::from("state")
}

/// The port registered for MQTT over TLS.
fn default_port() -> u16 {
    8883
}

fn default_ca() -> PathBuf {
    PathBuf::from("tls/ca.pem")
}

fn default_certificate() -> PathBuf {
    PathBuf::from("tls/unit.pem")
}

fn default_key() -> PathBuf {
    PathBuf::from("tls/unit.key")
}

impl VoiceConfig {
    /// Reads the file and resolves its paths.
    ///
    /// # Errors
    ///
    /// The file cannot be read or a key cannot be used; the error names it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = read(path)?;
        if config.broker.host.is_empty() {
            return Err(ConfigError::BadValue {
                path: path.to_owned(),
                key: "broker.host",
                reason: "is empty; the broker's name is needed".to_owned(),
            });
        }
        let broker = &mut config.broker;
        let mut paths = vec![
            &mut config.state,
            &mut broker.ca,
            &mut broker.certificate,
            &mut broker.key,
        ];
        paths.extend(config.demonstration.as_mut().map(|demo| &mut demo.clock));
        for each in paths {
            *each = beside(path, each);
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../examples/voice.toml");
    const SHORTEST: &str = "unit = \"u0000001\"\n[broker]\nhost = \"127.0.0.1\"\n";

    fn load(text: &str) -> Result<VoiceConfig, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("voice.toml");
        std::fs::write(&path, text).unwrap();
        VoiceConfig::load(&path)
    }

    #[test]
    fn the_shipped_example_says_what_is_true_without_it() {
        let example: VoiceConfig = toml::from_str(EXAMPLE).unwrap();
        let defaults: VoiceConfig = toml::from_str(SHORTEST).unwrap();
        assert_eq!(example, defaults);
    }

    #[test]
    fn paths_are_meant_from_the_files_own_folder() {
        let config = load(SHORTEST).unwrap();
        assert!(config.broker.ca.is_absolute());
        assert!(config.broker.ca.ends_with("tls/ca.pem"));
    }

    #[test]
    fn an_error_names_file_key_and_reason() {
        let wrong = [
            (SHORTEST.replace("host", "hsot"), "hsot", "unknown field"),
            (
                SHORTEST.replace("u0000001", "U1"),
                "unit",
                "eight characters",
            ),
            (
                SHORTEST.replace("\"127.0.0.1\"", "7"),
                "host",
                "expected a string",
            ),
            (SHORTEST.replace("127.0.0.1", ""), "broker.host", "is empty"),
            ("[broker]\nhost = \"b\"".to_owned(), "unit", "missing field"),
        ];
        for (text, key, reason) in wrong {
            let error = load(&text).unwrap_err().to_string();
            assert!(error.contains("voice.toml"), "{error}");
            assert!(error.contains(key), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = VoiceConfig::load(Path::new("nowhere/voice.toml")).unwrap_err();
        assert!(error.to_string().contains("nowhere/voice.toml"));
    }
}
