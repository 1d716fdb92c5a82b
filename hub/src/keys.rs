//! The hub's signing key, and by what right it signs.
//!
//! The hub signs plans with its own Ed25519 key; the municipality's offline root endorses that
//! key, and units pin the root. The root's secret half is never on the hub: [`endorse`] is for
//! the machine where it is kept, and for the demonstration, whose root is public.

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use nattsyn_protocol::signing::{Endorsement, PublicKey, SignatureError, Signed};

use crate::private_file::{self, PrivateFileError};

/// The file with the hub's seed, 64 hexadecimal digits.
const KEY_FILE: &str = "hub.seed";
/// The file with the root's endorsement of the hub's key, as JSON.
const ENDORSEMENT_FILE: &str = "endorsement.json";
/// The file with the root's public key, in base64.
const ROOT_FILE: &str = "root.pub";

/// Why the hub's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A seed is not 64 hexadecimal digits. What it is instead is not repeated.
    #[error("{}: not a key of 64 hexadecimal digits", .0.display())]
    NotASeed(PathBuf),
    /// The root's public key cannot be read.
    #[error("{}: not a public key in base64", path.display())]
    NotAPublicKey {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: SignatureError,
    },
    /// The endorsement is no signed document.
    #[error("{}: not an endorsement", path.display())]
    NotAnEndorsement {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// The endorsement does not hold.
    #[error("{}: the root did not endorse anything in it", path.display())]
    NotEndorsed {
        /// Which file.
        path: PathBuf,
        /// What the verifier says.
        source: SignatureError,
    },
    /// The endorsement is of another key.
    #[error("{}: the root endorsed the key {endorsed}, the hub's is {own}", path.display())]
    AnotherKey {
        /// Which file.
        path: PathBuf,
        /// The key that it endorses.
        endorsed: String,
        /// The hub's.
        own: String,
    },
    /// The operating system gives no random bytes.
    #[error("drawing a random key")]
    Random(#[source] getrandom::Error),
}

/// The hub's signing key and the root's word for it.
#[derive(Clone)]
pub struct HubKeys {
    /// Signs plans.
    pub(crate) signing: SigningKey,
    /// Travels with every plan.
    pub(crate) endorsement: Signed,
    /// The root that units pin.
    pub root: PublicKey,
}

impl fmt::Debug for HubKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HubKeys(<redacted>, root {})", self.root)
    }
}

impl HubKeys {
    /// Keys that a root endorses here and now, where its secret half is at hand: in simulated
    /// nights. Nothing is written to any disk.
    #[must_use]
    pub fn endorsed(signing: SigningKey, root: &SigningKey, epoch: u32) -> Self {
        Self {
            endorsement: endorse(root, PublicKey::of(&signing), epoch),
            signing,
            root: PublicKey::of(root),
        }
    }

    /// Draws a signing key and keeps it in the folder, unless there is one. Returns its public
    /// half, for the root to endorse.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or an existing key cannot be read.
    pub fn draw(folder: &Path) -> Result<PublicKey, KeyError> {
        let path = folder.join(KEY_FILE);
        if !std::fs::exists(&path).unwrap_or_default() {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(KeyError::Random)?;
            private_file::create(&path, hexadecimal(seed).as_bytes())?;
        }
        Ok(PublicKey::of(&read_seed(&path)?))
    }

    /// Keeps the root's word in the folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn keep(folder: &Path, root: &PublicKey, endorsement: &Signed) -> Result<(), KeyError> {
        let text = serde_json::to_string_pretty(endorsement)
            .expect("a signed document is plain data, which always has a JSON form");
        private_file::replace(&folder.join(ENDORSEMENT_FILE), text.as_bytes())?;
        private_file::replace(&folder.join(ROOT_FILE), root.to_string().as_bytes())?;
        Ok(())
    }

    /// The keys in a folder, once the root has endorsed them.
    ///
    /// # Errors
    ///
    /// A file is missing or unreadable, or the root endorsed something else.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        let signing = read_seed(&folder.join(KEY_FILE))?;
        let root = read_root(folder)?;
        let path = folder.join(ENDORSEMENT_FILE);
        let endorsement: Signed = match serde_json::from_str(&private_file::read(&path)?) {
            Ok(endorsement) => endorsement,
            Err(source) => return Err(KeyError::NotAnEndorsement { path, source }),
        };
        let endorsed: Endorsement = match endorsement.open(&root) {
            Ok(endorsed) => endorsed,
            Err(source) => return Err(KeyError::NotEndorsed { path, source }),
        };
        let own = PublicKey::of(&signing);
        if endorsed.key != own {
            return Err(KeyError::AnotherKey {
                path,
                endorsed: endorsed.key.to_string(),
                own: own.to_string(),
            });
        }
        Ok(Self {
            signing,
            endorsement,
            root,
        })
    }
}

/// The root's public half, as the hub's folder of keys has it.
///
/// # Errors
///
/// It is not there, or is no key.
pub fn read_root(folder: &Path) -> Result<PublicKey, KeyError> {
    let path = folder.join(ROOT_FILE);
    let text = private_file::read(&path)?;
    PublicKey::try_from(text.trim().to_owned())
        .map_err(|source| KeyError::NotAPublicKey { path, source })
}

/// The root's word for a hub's key. The epoch grows with every change of keys.
#[must_use]
pub fn endorse(root: &SigningKey, key: PublicKey, epoch: u32) -> Signed {
    Signed::seal(&Endorsement { key, epoch }, root)
}

/// Reads a seed file: 64 hexadecimal digits.
///
/// # Errors
///
/// It is not there, or holds something else.
pub fn read_seed(path: &Path) -> Result<SigningKey, KeyError> {
    let text = private_file::read(path)?;
    seed(text.trim())
        .map(|seed| SigningKey::from_bytes(&seed))
        .ok_or_else(|| KeyError::NotASeed(path.to_owned()))
}

fn seed(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut seed = [0; 32];
    for (index, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(seed)
}

fn hexadecimal(seed: [u8; 32]) -> String {
    seed.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::demonstration;

    use super::*;

    #[test]
    fn keys_open_once_the_root_has_endorsed_them() {
        let folder = tempfile::tempdir().unwrap();
        let key = HubKeys::draw(folder.path()).unwrap();
        assert!(HubKeys::open(folder.path()).is_err());

        let endorsement = endorse(&demonstration::root_key(), key, 1);
        HubKeys::keep(folder.path(), &demonstration::root(), &endorsement).unwrap();
        let keys = HubKeys::open(folder.path()).unwrap();
        assert_eq!(PublicKey::of(&keys.signing), key);
        assert_eq!(HubKeys::draw(folder.path()).unwrap(), key);
        assert!(!format!("{keys:?}").contains(&hexadecimal(keys.signing.to_bytes())));
    }

    #[test]
    fn another_hubs_endorsement_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        HubKeys::draw(folder.path()).unwrap();
        let other = PublicKey::of(&SigningKey::from_bytes(&[7; 32]));
        let endorsement = endorse(&demonstration::root_key(), other, 1);
        HubKeys::keep(folder.path(), &demonstration::root(), &endorsement).unwrap();
        let refusal = HubKeys::open(folder.path());
        assert!(matches!(refusal, Err(KeyError::AnotherKey { .. })));
    }

    #[test]
    fn a_seed_that_is_none_is_named_by_its_file_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        for text in ["", "abc", &"+f".repeat(32), &"å".repeat(32)] {
            std::fs::write(&path, text).unwrap();
            let error = read_seed(&path).unwrap_err().to_string();
            assert!(error.contains(KEY_FILE), "{error}");
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
