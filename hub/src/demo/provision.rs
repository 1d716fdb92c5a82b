//! Gives each home of the demonstration a unit: keys, certificates, configuration and a stage.
//!
//! What a technician does at enrolment, done here for homes that do not exist. The eye's secret
//! key is drawn here and written into the unit's folder; the hub keeps its public half. What hands
//! and eyes meet on a real unit's front (switch, button, the lamp of a live view) are files here:
//! [`SWITCH`], [`BUTTON`] and [`VIEW_LAMP`], which no home's unit accepts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use nattsyn_protocol::demonstration::{self, Stage};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::homes::Home;
use crate::certificates::{Authority, CertificateError};
use crate::private_file::{self, PrivateFileError};
use crate::roster;

/// The privacy switch: a file with the word `on` or `off`.
pub const SWITCH: &str = "switch";

/// The approval button: it is pressed when what the file says changes.
pub const BUTTON: &str = "button";

/// The lamp of a live view: a line whenever it is switched.
pub const VIEW_LAMP: &str = "view-lamp";

/// Why a unit cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// Its certificate cannot be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The operating system gives no random bytes.
    #[error("drawing an eye's key")]
    Random(#[source] getrandom::Error),
}

/// Writes a unit's folder; returns the home as the hub enrols it.
///
/// `clock` is the demonstration's socket, `broker` where the unit connects.
///
/// # Errors
///
/// A file or a certificate cannot be made.
pub fn provision(
    home: &Home,
    stage: &Stage,
    folder: &Path,
    authority: &Authority,
    broker: SocketAddr,
    clock: &Path,
) -> Result<roster::Home, ProvisionError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(ProvisionError::Random)?;
    let eye = PublicKey::of(&SigningKey::from_bytes(&seed));
    let hexadecimal: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    let write = |name: &str, text: &str| private_file::replace(&folder.join(name), text.as_bytes());

    authority.issue_unit(home.unit, &folder.join("tls"))?;
    write("eye.key", &hexadecimal)?;
    write("eye.toml", &eye_config(home, clock))?;
    write("voice.toml", &voice_config(home, broker, clock))?;
    let stage = serde_json::to_string_pretty(stage)
        .expect("a stage is plain data, which always has a JSON form");
    write("stage.json", &stage)?;
    write(SWITCH, "on\n")?;
    write(BUTTON, "0")?;
    Ok(roster::Home {
        id: home.home,
        address: home.address.clone(),
        unit: home.unit,
        eye,
        residents: vec![roster::Resident {
            id: home.plan.resident,
            name: home.name.clone(),
        }],
    })
}

fn eye_config(home: &Home, clock: &Path) -> String {
    format!(
        "unit = \"{}\"\nkey = \"eye.key\"\nroot = \"{}\"\n\n\
         [source]\nkind = \"staged\"\nfile = \"stage.json\"\n\n\
         [light]\nkind = \"simulated\"\n\n\
         [switch]\nkind = \"file\"\nfile = \"{SWITCH}\"\n\n\
         [button]\nkind = \"file\"\nfile = \"{BUTTON}\"\n\n\
         [view_lamp]\nkind = \"recorded\"\nfile = \"{VIEW_LAMP}\"\n\n\
         [demonstration]\nclock = {}\n",
        home.unit,
        demonstration::root(),
        quoted(clock)
    )
}

fn voice_config(home: &Home, broker: SocketAddr, clock: &Path) -> String {
    format!(
        "unit = \"{}\"\nstate = \"state\"\n\n\
         [broker]\nhost = \"{}\"\nport = {}\nca = \"tls/ca.pem\"\n\
         certificate = \"tls/unit.pem\"\nkey = \"tls/unit.key\"\n\n[demonstration]\nclock = {}\n",
        home.unit,
        broker.ip(),
        broker.port(),
        quoted(clock)
    )
}

/// Presses the button at the unit of this folder, as a technician who stands there.
///
/// # Errors
///
/// Its file cannot be written.
pub fn press(folder: &Path, at: Timestamp) -> std::io::Result<()> {
    // The eye has the file open: it is written into, not replaced.
    std::fs::write(folder.join(BUTTON), at.as_ms().to_string())
}

/// A path as a TOML string.
fn quoted(path: &Path) -> String {
    toml::Value::String(path.display().to_string()).to_string()
}

/// A path for the demonstration's clock. Sockets have short names (108 bytes on Linux), so it
/// stands with the system's temporary files and not in a folder that may lie deep.
#[must_use]
pub fn clock_socket() -> PathBuf {
    std::env::temp_dir().join(format!("nattsyn-clock-{}", std::process::id()))
}
