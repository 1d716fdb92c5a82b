//! What the eye is told when it starts: who it is, whom it believes, what it sees with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use serde::Deserialize;
use zeroize::Zeroizing;

use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::PublicKey;

use super::{ConfigError, beside, read};
use crate::look::Pacing;
use crate::shut_in::Wall;

/// `eye.toml` as it stands in the file. [`EyeConfig::load`] checks what it says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EyeFile {
    /// Which unit this is. Plans for another are not held.
    pub unit: UnitId,
    /// File with the eye's own Ed25519 seed: 64 hexadecimal digits.
    #[serde(default = "default_key")]
    pub key: PathBuf,
    /// File of 8 kB with what the eye must remember over restarts. It is made if it is missing;
    /// who deletes it makes the eye forget how often it has looked.
    #[serde(default = "default_memory")]
    pub memory: PathBuf,
    /// File of 8 kB with which levels tonight's checks have reached and whether the home still
    /// looks as it did; another than `memory`. It is made if it is missing; who deletes it loses
    /// the counts of the night under way.
    #[serde(default = "default_counts")]
    pub counts: PathBuf,
    /// File of 8 kB with what commissioning leaves behind: as what the unit was commissioned, and
    /// the profile by which it notices that it was moved; another than `memory` and `counts`. It
    /// is made if it is missing; who deletes it makes the unit one that nobody has commissioned.
    #[serde(default = "default_profile")]
    pub profile: PathBuf,
    /// The municipality's public key, pinned when the unit was enrolled: base64 without `=`.
    pub root: PublicKey,
    /// Where frames come from.
    #[serde(default)]
    pub source: SourceConfig,
    /// What lights the room.
    #[serde(default)]
    pub light: LightConfig,
    /// The resident's switch.
    #[serde(default)]
    pub switch: HandConfig,
    /// The button that approves what a policy opens.
    #[serde(default)]
    pub button: HandConfig,
    /// The lamp that everybody in the room sees while pictures can be sent.
    #[serde(default)]
    pub view_lamp: ViewLampConfig,
    /// How a look is made.
    #[serde(default)]
    pub look: LookConfig,
    /// What the eye may do without when it shuts itself in.
    #[serde(default)]
    pub shut_in: ShutInConfig,
    /// Only in a demonstration: whose clock to follow.
    pub demonstration: Option<DemonstrationConfig>,
}

/// `[shut_in]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShutInConfig {
    /// Walls that this machine has not, by name. One that is missing and does not stand here
    /// keeps the eye from starting. Those that the machine has are put up all the same.
    pub without: Vec<Wall>,
}

/// `[source]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceConfig {
    /// A camera. Needs a build with feature `pi`.
    V4l2 {
        /// Its device node.
        #[serde(default = "default_device")]
        device: PathBuf,
        /// For how long a frame is exposed, in the driver's units: 100 µs for a USB camera, lines
        /// for a bare sensor. Left out, the driver decides.
        exposure: Option<u32>,
        /// How much the sensor amplifies, in the driver's units. Left out, the driver decides.
        gain: Option<u32>,
    },
    /// What a demonstration stages; only under the demonstration's root.
    Staged {
        /// The stage: a [`nattsyn_protocol::demonstration::Stage`] in JSON.
        file: PathBuf,
    },
    /// Pictures in order of name, one a look; only under the demonstration's root.
    Pictures {
        /// Their folder.
        folder: PathBuf,
    },
}

/// `[light]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LightConfig {
    /// A lamp on a pin. Needs a build with feature `pi`.
    Gpio {
        /// The pin, by its BCM number.
        #[serde(default = "default_pin")]
        pin: u8,
    },
    /// None: a demonstration, or a camera with a lamp of its own.
    Simulated,
}

/// `[switch]` and `[button]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HandConfig {
    /// Not fitted. Without a button no policy can allow pictures.
    #[default]
    None,
    /// On a pin that it closes to ground: the switch while it is on, the button while it is
    /// pressed. Needs a build with feature `pi`.
    Gpio {
        /// The pin, by its BCM number.
        pin: u8,
    },
    /// A file; only under the demonstration's root. The switch is a word, `on` or `off`; the
    /// button is pressed when the file changes.
    File {
        /// The file. It must be there when the eye starts.
        file: PathBuf,
    },
}

/// `[view_lamp]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ViewLampConfig {
    /// Not fitted: no picture is ever sent.
    #[default]
    None,
    /// On a pin; high is on. Needs a build with feature `pi`.
    Gpio {
        /// The pin, by its BCM number.
        pin: u8,
    },
    /// A file that gets a line, `on` or `off`, whenever the lamp is switched; only under the
    /// demonstration's root.
    Recorded {
        /// The file. It is made if it is missing.
        file: PathBuf,
    },
}

/// `[look]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LookConfig {
    /// Frames a look.
    pub frames: u32,
    /// Over how many milliseconds they are spread.
    pub over_ms: u32,
    /// How many milliseconds light and exposure settle before the first.
    pub settle_ms: u32,
}

/// `[demonstration]`, absent in a real home.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemonstrationConfig {
    /// The Unix socket at which the demonstration's clock is conducted.
    pub clock: PathBuf,
}

/// The checked configuration, with its paths resolved.
#[derive(Clone, Debug)]
pub struct EyeConfig {
    /// Which unit this is.
    pub unit: UnitId,
    /// What the eye signs with.
    pub key: EyeKey,
    /// Where the eye keeps what it must remember.
    pub memory: PathBuf,
    /// Where it keeps which levels tonight's checks have reached.
    pub counts: PathBuf,
    /// Where it keeps what commissioning leaves behind.
    pub profile: PathBuf,
    /// Whom the eye believes.
    pub root: PublicKey,
    /// Where frames come from.
    pub source: SourceConfig,
    /// What lights the room.
    pub light: LightConfig,
    /// The resident's switch.
    pub switch: HandConfig,
    /// The button that approves what a policy opens.
    pub button: HandConfig,
    /// The lamp of a live view.
    pub view_lamp: ViewLampConfig,
    /// How a look is made.
    pub pacing: Pacing,
    /// The walls whose lack is only said. Under the demonstration's root, where no camera sees
    /// anybody, all of them.
    pub without: BTreeSet<Wall>,
    /// The socket of a demonstration's clock.
    pub clock: Option<PathBuf>,
}

/// The eye's signing key. Never printed; overwritten when dropped.
#[derive(Clone)]
pub struct EyeKey(pub SigningKey);

impl std::fmt::Debug for EyeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self::V4l2 {
            device: default_device(),
            exposure: None,
            gain: None,
        }
    }
}

impl Default for LightConfig {
    fn default() -> Self {
        Self::Gpio { pin: default_pin() }
    }
}

impl Default for LookConfig {
    /// Ten frames over four and a half seconds: what the look's budget counts with (§12 of the
    /// design), half a second apart so that breathing moves something between two of them.
    /// Half a second to settle: exposure steers by some ten frames.
    fn default() -> Self {
        Self {
            frames: 10,
            over_ms: 4500,
            settle_ms: 500,
        }
    }
}

fn default_key() -> PathBuf {
    PathBuf::from("eye.key")
}

fn default_memory() -> PathBuf {
    PathBuf::from("eye.memory")
}

fn default_counts() -> PathBuf {
    PathBuf::from("eye.counts")
}

fn default_profile() -> PathBuf {
    PathBuf::from("eye.profile")
}

/// The first camera of a machine.
fn default_device() -> PathBuf {
    PathBuf::from("/dev/video0")
}

/// GPIO 18, pin 12 of the header: beside a ground pin, and used by nothing else by default.
fn default_pin() -> u8 {
    18
}

impl EyeConfig {
    /// Reads the file, the key beside it, and checks both.
    ///
    /// # Errors
    ///
    /// A file cannot be read or a key cannot be used; the error names file, key and reason.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file: EyeFile = read(path)?;
        let bad = |key, reason: String| ConfigError::BadValue {
            path: path.to_owned(),
            key,
            reason,
        };
        file.examine().map_err(|(key, reason)| bad(key, reason))?;
        let ms = |ms: u32| Duration::from_millis(ms.into());
        let LookConfig {
            frames,
            over_ms,
            settle_ms,
        } = file.look;
        let pacing = Pacing::new(frames, ms(over_ms), ms(settle_ms))
            .map_err(|error| bad("look", error.to_string()))?;
        let key = read_key(&beside(path, &file.key)).map_err(|reason| bad("key", reason))?;
        let source = match file.source {
            own @ SourceConfig::V4l2 { .. } => own,
            SourceConfig::Staged { file } => SourceConfig::Staged {
                file: beside(path, &file),
            },
            SourceConfig::Pictures { folder } => SourceConfig::Pictures {
                folder: beside(path, &folder),
            },
        };
        Ok(Self {
            unit: file.unit,
            key,
            memory: beside(path, &file.memory),
            counts: beside(path, &file.counts),
            profile: beside(path, &file.profile),
            root: file.root,
            source,
            light: file.light,
            switch: file.switch.beside(path),
            button: file.button.beside(path),
            view_lamp: file.view_lamp.beside(path),
            pacing,
            without: if file.root == demonstration::root() {
                Wall::ALL.into()
            } else {
                file.shut_in.without.into_iter().collect()
            },
            clock: file.demonstration.map(|demo| beside(path, &demo.clock)),
        })
    }
}

impl EyeFile {
    /// What stages or hurries must stand under the demonstration's root, which no home pins.
    fn examine(&self) -> Result<(), (&'static str, String)> {
        let own = |of| format!("is the file of `{of}`; it needs its own");
        if self.counts == self.memory {
            return Err(("counts", own("memory")));
        }
        if self.profile == self.memory {
            return Err(("profile", own("memory")));
        }
        if self.profile == self.counts {
            return Err(("profile", own("counts")));
        }
        if self.root == demonstration::root() {
            return Ok(());
        }
        let only = "is allowed only under the demonstration's root, and this unit pins another";
        if self.demonstration.is_some() {
            return Err(("demonstration", only.to_owned()));
        }
        for (key, hand) in [("switch.kind", &self.switch), ("button.kind", &self.button)] {
            match hand {
                HandConfig::None | HandConfig::Gpio { .. } => {}
                HandConfig::File { .. } => return Err((key, format!("file {only}"))),
            }
        }
        match self.view_lamp {
            ViewLampConfig::None | ViewLampConfig::Gpio { .. } => {}
            ViewLampConfig::Recorded { .. } => {
                return Err(("view_lamp.kind", format!("recorded {only}")));
            }
        }
        match self.source {
            SourceConfig::V4l2 { .. } => Ok(()),
            SourceConfig::Staged { .. } => Err(("source.kind", format!("staged {only}"))),
            SourceConfig::Pictures { .. } => Err(("source.kind", format!("pictures {only}"))),
        }
    }
}

impl HandConfig {
    fn beside(self, config: &Path) -> Self {
        match self {
            Self::None => Self::None,
            Self::Gpio { pin } => Self::Gpio { pin },
            Self::File { file } => Self::File {
                file: beside(config, &file),
            },
        }
    }
}

impl ViewLampConfig {
    fn beside(self, config: &Path) -> Self {
        match self {
            Self::None => Self::None,
            Self::Gpio { pin } => Self::Gpio { pin },
            Self::Recorded { file } => Self::Recorded {
                file: beside(config, &file),
            },
        }
    }
}

fn read_key(path: &Path) -> Result<EyeKey, String> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let digits = text.trim_end();
    let malformed = || format!("{} is not 64 hexadecimal digits", path.display());
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(malformed());
    }
    let mut seed = Zeroizing::new([0_u8; 32]);
    for (byte, pair) in seed.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok().ok_or_else(malformed)?;
        *byte = u8::from_str_radix(pair, 16).ok().ok_or_else(malformed)?;
    }
    Ok(EyeKey(SigningKey::from_bytes(&seed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../examples/eye.toml");
    const SEED: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    fn shortest(root: PublicKey) -> String {
        format!("unit = \"u0000001\"\nroot = \"{root}\"\n")
    }

    fn home() -> PublicKey {
        PublicKey::of(&SigningKey::from_bytes(&[7; 32]))
    }

    fn load(text: &str, seed: &str) -> Result<EyeConfig, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("eye.key"), seed).unwrap();
        let path = folder.path().join("eye.toml");
        std::fs::write(&path, text).unwrap();
        EyeConfig::load(&path)
    }

    #[test]
    fn counts_and_profile_have_files_of_their_own() {
        let shared = [
            ("counts", "eye.memory", "memory"),
            ("profile", "eye.memory", "memory"),
            ("profile", "eye.counts", "counts"),
        ];
        for (key, file, of) in shared {
            let text = format!("{key} = \"{file}\"\n{}", shortest(demonstration::root()));
            let error = load(&text, SEED).unwrap_err().to_string();
            assert!(
                error.contains(&format!("key {key}: is the file of `{of}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn the_shipped_example_says_what_is_true_without_it() {
        let example: EyeFile = toml::from_str(EXAMPLE).unwrap();
        let defaults: EyeFile = toml::from_str(&shortest(example.root)).unwrap();
        assert_eq!(example, defaults);
    }

    #[test]
    fn a_home_needs_two_lines() {
        let config = load(&shortest(home()), SEED).unwrap();
        assert_eq!(config.key.0.to_bytes(), [1; 32]);
        assert_eq!(config.pacing.frames(), 10);
        assert_eq!(config.clock, None);
    }

    #[test]
    fn a_home_does_without_no_wall_that_it_does_not_name() {
        let text = shortest(home());
        assert!(load(&text, SEED).unwrap().without.is_empty());
        let named = format!("{text}[shut_in]\nwithout = [\"landlock\"]\n");
        let without = load(&named, SEED).unwrap().without;
        assert_eq!(without, [Wall::Landlock].into());
    }

    #[test]
    fn a_key_is_never_printed() {
        let config = load(&shortest(home()), &format!("{SEED}\n")).unwrap();
        let printed = format!("{config:?}");
        assert!(printed.contains("key: <redacted>"), "{printed}");
    }

    #[test]
    fn nothing_is_staged_in_a_home() {
        let staged = [
            (
                "[demonstration]\nclock = \"clock.sock\"",
                "key demonstration",
            ),
            (
                "[source]\nkind = \"staged\"\nfile = \"s.json\"",
                "key source.kind: staged",
            ),
            (
                "[source]\nkind = \"pictures\"\nfolder = \"p\"",
                "key source.kind: pictures",
            ),
            (
                "[switch]\nkind = \"file\"\nfile = \"s\"",
                "key switch.kind: file",
            ),
            (
                "[button]\nkind = \"file\"\nfile = \"b\"",
                "key button.kind: file",
            ),
            (
                "[view_lamp]\nkind = \"recorded\"\nfile = \"l\"",
                "key view_lamp.kind: recorded",
            ),
        ];
        for (table, named) in staged {
            let error = load(&format!("{}{table}\n", shortest(home())), SEED).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            let demonstration = shortest(demonstration::root());
            assert!(load(&format!("{demonstration}{table}\n"), SEED).is_ok());
        }
    }

    #[test]
    fn an_error_names_file_key_and_reason() {
        let text = shortest(home());
        let with = |table: &str| format!("{text}{table}\n");
        let wrong = [
            (text.replace("u0000001", "U1"), "unit", "eight characters"),
            (text.replace("root = \"", "root = \"?"), "root", "32 bytes"),
            (with("[look]\nframes = 2"), "look", "2 frames a look"),
            (with("[look]\nover_ms = 30000"), "look", "30500 ms"),
            (with("[look]\nframs = 5"), "frams", "unknown field"),
            (
                with("[shut_in]\nwithout = [\"moat\"]"),
                "without",
                "unknown variant",
            ),
            (
                with("[light]\nkind = \"candle\""),
                "candle",
                "unknown variant",
            ),
            (
                with("[source]\nkind = \"staged\""),
                "source",
                "missing field",
            ),
            (with("key = \"none.key\""), "key", "none.key cannot be read"),
        ];
        for (text, key, reason) in wrong {
            let error = load(&text, SEED).unwrap_err().to_string();
            assert!(error.contains("eye.toml"), "{error}");
            assert!(error.contains(key), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_seed_that_is_none_is_refused() {
        for seed in ["", "01", &SEED.replace('1', "g"), &"å".repeat(32)] {
            let error = load(&shortest(home()), seed).unwrap_err().to_string();
            assert!(error.contains("is not 64 hexadecimal digits"), "{error}");
        }
    }
}
