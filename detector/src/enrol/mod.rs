//! How a unit is let in: it makes its keys, applies with a code, and writes down what it is told.
//!
//! This is `nattsyn-enrol`, a program of its own that runs before the eye and the voice do, and
//! twice a month for the voice's next certificate. Neither of the two has this code. Keys are made
//! here and stay here; what a code pins is believed, and nothing else ([`door`]). Files are written
//! whole, and the voice's settings last: a unit whose enrolment was cut short is one that has not
//! been enrolled, and goes on with the same code.

pub mod door;
mod files;
pub mod renewal;
pub mod scanning;
mod settings;
pub mod wiping;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use rcgen::{CertificateParams, KeyPair};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use nattsyn_protocol::enrolment::{
    Admission, Application, Code, ENROL, Enrol, Package, TokenText, fingerprint,
};
use nattsyn_protocol::signing::{PublicKey, Signed};

use door::{Door, DoorError};
use files::FileError;
use settings::SettingsError;

/// How often the hub is asked before the program gives up: for as long as a router takes to come
/// up.
const TRIES: u32 = 12;

/// How long to wait between two tries.
const BETWEEN_TRIES: Duration = Duration::from_secs(10);

/// Where things are on a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Settings, which everybody may read.
    pub settings: PathBuf,
    /// The eye's own folder.
    pub eye: PathBuf,
    /// The voice's own folder.
    pub voice: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            settings: PathBuf::from("/etc/nattsyn"),
            eye: PathBuf::from("/var/lib/nattsyn-eye"),
            voice: PathBuf::from("/var/lib/nattsyn-voice"),
        }
    }
}

impl Paths {
    /// The eye's settings.
    #[must_use]
    pub fn eye_settings(&self) -> PathBuf {
        self.settings.join("eye.toml")
    }

    /// The voice's settings. They are written last: who has them is enrolled.
    #[must_use]
    pub fn voice_settings(&self) -> PathBuf {
        self.settings.join("voice.toml")
    }

    fn eye_key(&self) -> PathBuf {
        self.eye.join("eye.key")
    }

    /// The voice's certificate, who signed it, and its key: one file, so that they always fit.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.voice.join("unit.pem")
    }

    fn root(&self) -> PathBuf {
        self.settings.join("tls/ca.pem")
    }

    fn pending(&self) -> PathBuf {
        self.settings.join("enrolling.json")
    }
}

/// Why a unit was not let in, or has no next certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// It is enrolled.
    #[error(
        "{}: this unit is enrolled; `nattsyn-enrol wipe` ends that, for another home", .0.display()
    )]
    Already(PathBuf),
    /// It is not.
    #[error("{}: this unit is not enrolled", .0.display())]
    NotYet(PathBuf),
    /// The hub did not answer, or is another one than the code names.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// What the hub answered does not fit the code or the keys.
    #[error("what the hub answered cannot be used: {0}")]
    Answer(&'static str),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The settings cannot be written.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A key cannot be made.
    #[error("making the voice's key")]
    Key(#[from] rcgen::Error),
    /// The system gives no random bytes.
    #[error("drawing the eye's key")]
    Random(#[source] getrandom::Error),
}

/// What a unit is once it is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// What the hub told it.
    pub admission: Admission,
    /// What somebody compares with what the hub's page asks for.
    pub fingerprint: String,
}

/// An application under way: the keys, kept until the answer has come.
#[derive(Serialize, Deserialize)]
struct Pending {
    token: String,
    seed: String,
    key: String,
    csr: String,
}

/// Lets the unit in by a code. `told` hears of every try that failed.
///
/// # Errors
///
/// Why it is not let in. Asking again with the same code is right unless the hub said no.
pub fn enrol(
    paths: &Paths,
    code: &Code,
    told: &mut dyn FnMut(&DoorError, Duration),
) -> Result<Enrolled, EnrolError> {
    if paths.voice_settings().exists() {
        return Err(EnrolError::Already(paths.voice_settings()));
    }
    let pending = pending(paths, code)?;
    let eye = signing_key(&pending.seed).ok_or(EnrolError::Answer("the keys kept are none"))?;
    let application = Application {
        eye: PublicKey::of(&eye),
        csr: pending.csr.clone(),
        token: code.token.hash(),
        package: package(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let asked = Enrol {
        token: TokenText(code.token),
        application: Signed::seal(&application, &eye),
    };
    let door = Door::pinned(&code.host, code.port, &code.root)?;
    let admission: Admission = ask(&door, &asked, told)?;
    if !door.is_root(&admission.root) {
        return Err(EnrolError::Answer("its root is not the one of the code"));
    }
    let chain = format!("{}{}", admission.certificate, pending.key);
    if !door::is_usable(&chain) {
        return Err(EnrolError::Answer("its certificate is for another key"));
    }
    write(paths, (&pending, &chain), (code, &admission))?;
    Ok(Enrolled {
        admission,
        fingerprint: fingerprint(&PublicKey::of(&eye)),
    })
}

fn ask(
    door: &Door,
    asked: &Enrol,
    told: &mut dyn FnMut(&DoorError, Duration),
) -> Result<Admission, EnrolError> {
    let mut tries = 1;
    loop {
        match door.post(ENROL, asked) {
            Ok(answer) => return Ok(answer),
            Err(error) if error.may_pass() && tries < TRIES => {
                told(&error, BETWEEN_TRIES);
                std::thread::park_timeout(BETWEEN_TRIES);
                tries += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The keys of an enrolment by this code that was cut short, or new ones.
fn pending(paths: &Paths, code: &Code) -> Result<Pending, EnrolError> {
    let path = paths.pending();
    if let Ok(text) = std::fs::read_to_string(&path).map(Zeroizing::new)
        && let Ok(kept) = serde_json::from_str::<Pending>(&text)
        && kept.token == code.token.hash()
    {
        return Ok(kept);
    }
    let mut seed = Zeroizing::new([0_u8; 32]);
    getrandom::fill(&mut *seed).map_err(EnrolError::Random)?;
    let key = KeyPair::generate()?;
    let new = Pending {
        token: code.token.hash(),
        seed: seed.iter().map(|byte| format!("{byte:02x}")).collect(),
        csr: CertificateParams::default()
            .serialize_request(&key)?
            .pem()?,
        key: key.serialize_pem(),
    };
    let text = serde_json::to_string(&new).expect("texts have a JSON form");
    files::write(&path, &Zeroizing::new(text), files::PRIVATE)?;
    Ok(new)
}

fn signing_key(seed: &str) -> Option<SigningKey> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    if seed.len() != 64 {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(seed.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(SigningKey::from_bytes(&bytes))
}

fn write(
    paths: &Paths,
    (pending, chain): (&Pending, &str),
    (code, admission): (&Code, &Admission),
) -> Result<(), EnrolError> {
    let eye_toml = settings::eye(&paths.eye_settings(), paths, admission.unit, code)?;
    let voice_toml = settings::voice(paths, admission, code)?;
    let all = [
        (paths.eye_key(), pending.seed.as_str(), files::PRIVATE),
        (paths.certificate(), chain, files::PRIVATE),
        (paths.root(), &admission.root, files::PUBLIC),
        (paths.eye_settings(), &eye_toml, files::PUBLIC),
        // Who has this is enrolled: it comes last.
        (paths.voice_settings(), &voice_toml, files::PUBLIC),
    ];
    for (path, text, mode) in all {
        files::write(&path, text, mode)?;
    }
    files::forget(&paths.pending())?;
    Ok(())
}

/// Which of the two packages this is.
fn package() -> Package {
    if cfg!(feature = "live-view") {
        Package::LiveView
    } else {
        Package::Sensor
    }
}

/// The fingerprint of an enrolled unit's eye, as the hub's page asks for it.
///
/// # Errors
///
/// There is no eye's key.
pub fn shown(paths: &Paths) -> Result<String, EnrolError> {
    let path = paths.eye_key();
    let text = Zeroizing::new(files::read(&path)?);
    let eye = signing_key(text.trim()).ok_or(EnrolError::NotYet(path))?;
    Ok(fingerprint(&PublicKey::of(&eye)))
}

/// Whether a folder is a unit's own: what is to be wiped must not be anything else.
fn is_own(path: &Path) -> bool {
    path.is_absolute() && path.components().count() > 2
}
