//! The settings that an enrolment writes: the package's own examples, with what the hub said in
//! them. What somebody has set in the eye's settings before, such as a pin, stays.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use nattsyn_protocol::enrolment::{Admission, Code};
use nattsyn_protocol::ids::UnitId;

use super::Paths;

const EYE: &str = include_str!("../../debian/eye.toml");
const VOICE: &str = include_str!("../../debian/voice.toml");

/// Why settings cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct SettingsError {
    path: PathBuf,
    reason: String,
}

/// The eye's settings: those that are there, or the package's, for this unit and this root.
pub(super) fn eye(
    before: &Path,
    paths: &Paths,
    unit: UnitId,
    code: &Code,
) -> Result<String, SettingsError> {
    let text = std::fs::read_to_string(before).unwrap_or_else(|_missing| EYE.to_owned());
    let mut settings = read(before, &text)?;
    settings["unit"] = value(unit.to_string());
    settings["root"] = value(code.root.to_string());
    for (key, file) in [
        ("key", "eye.key"),
        ("memory", "eye.memory"),
        ("counts", "eye.counts"),
        ("profile", "eye.profile"),
    ] {
        settings[key] = value(paths.eye.join(file).display().to_string());
    }
    Ok(settings.to_string())
}

/// The voice's settings.
pub(super) fn voice(
    paths: &Paths,
    admission: &Admission,
    code: &Code,
) -> Result<String, SettingsError> {
    let path = paths.voice_settings();
    let mut settings = read(&path, VOICE)?;
    settings["unit"] = value(admission.unit.to_string());
    settings["state"] = value(paths.voice.join("state").display().to_string());
    let certificate = paths.certificate().display().to_string();
    let broker = table(&mut settings, &path, "broker")?;
    broker["host"] = value(admission.broker.host.clone());
    broker["port"] = value(i64::from(admission.broker.port));
    broker["ca"] = value(paths.root().display().to_string());
    broker["certificate"] = value(certificate.clone());
    broker["key"] = value(certificate);
    let door = table(&mut settings, &path, "door")?;
    door["host"] = value(code.host.clone());
    door["port"] = value(i64::from(code.port));
    door["root"] = value(code.root.to_string());
    Ok(settings.to_string())
}

fn read(path: &Path, text: &str) -> Result<DocumentMut, SettingsError> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| SettingsError {
            path: path.to_owned(),
            reason: error.to_string(),
        })
}

fn table<'a>(
    settings: &'a mut DocumentMut,
    path: &Path,
    name: &str,
) -> Result<&'a mut Table, SettingsError> {
    let item = settings
        .entry(name)
        .or_insert_with(|| Item::Table(Table::new()));
    item.as_table_mut().ok_or_else(|| SettingsError {
        path: path.to_owned(),
        reason: format!("[{name}] is no table"),
    })
}
