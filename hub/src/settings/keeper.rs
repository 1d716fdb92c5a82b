//! Takes a new version of the settings into a hub that runs, within seconds.
//!
//! An edge: it looks whether another process wrote to the ledger's file, reads the newest version,
//! and hands on what the hub's channels make of it. A version that they cannot make anything of,
//! because the configuration was changed and the hub not started anew, is not taken: what held
//! before goes on, and that is said. At a start it is an error.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use nattsyn_protocol::time::Timestamp;

use super::Settings;
use crate::notify::chain::Teams;
use crate::notify::settings::Others;
use crate::notify::{self, AddressBook, SettingsError};
use crate::store::{SettingsVersion, SettingsVersions, StoreError};

/// How often it is looked for a new version: whoever sets one sees it hold before they have put
/// the keyboard away.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A version of the settings at work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtWork {
    /// Which; none if nothing was ever set.
    pub number: Option<i64>,
    /// When it was set.
    pub set: Option<Timestamp>,
    /// The settings.
    pub settings: Arc<Settings>,
    /// Who is told in which order.
    pub teams: Teams,
    /// Where. Browsers are not in it: they subscribe by themselves.
    pub book: AddressBook,
    /// A newer version that this hub cannot use until it is started anew.
    pub refused: Option<i64>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// They cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hub's configuration says who is told, which it no longer does.
    #[error("the hub's configuration")]
    Configuration(#[source] SettingsError),
    /// They do not fit the hub's channels.
    #[error(
        "the settings (version {number}, set by {by}): mend the hub's configuration, or set others \
         with `nattsyn-hub settings set`"
    )]
    Unusable {
        /// Which version.
        number: i64,
        /// Who set it.
        by: String,
        /// What is wrong.
        source: SettingsError,
    },
}

/// Looks for new versions.
pub struct Keeper {
    versions: SettingsVersions,
    channels: notify::Settings,
    others: Others,
    revision: i64,
    at_work: watch::Sender<Arc<AtWork>>,
}

impl Keeper {
    /// Reads the newest version from the ledger's file, for a hub with these channels.
    ///
    /// # Errors
    ///
    /// It cannot be read or used, or the channels' configuration says who is told.
    pub fn open(
        ledger: &Path,
        channels: &notify::Settings,
        others: Others,
    ) -> Result<Self, KeeperError> {
        let refused = channels.examine_channels_alone();
        refused.map_err(KeeperError::Configuration)?;
        let versions = SettingsVersions::open(ledger)?;
        let revision = versions.revision()?;
        let newest = versions.newest()?;
        let at_work = newest
            .as_ref()
            .map(|version| taken(version, channels, &others));
        let at_work = at_work.transpose()?.unwrap_or_default();
        Ok(Self {
            versions,
            channels: channels.clone(),
            others,
            revision,
            at_work: watch::Sender::new(Arc::new(at_work)),
        })
    }

    /// What holds, and what will.
    #[must_use]
    pub fn at_work(&self) -> watch::Receiver<Arc<AtWork>> {
        self.at_work.subscribe()
    }

    /// The channels with those who are told by them now.
    #[must_use]
    pub fn told(&self) -> notify::Settings {
        self.at_work.borrow().settings.told_by(&self.channels)
    }

    /// Looks for new versions for ever. A file that cannot be read is looked at again.
    pub async fn run(mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(error) = self.look() {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no settings to read"
                );
            }
        }
    }

    /// Takes the newest version, if there is a newer one than before.
    ///
    /// # Errors
    ///
    /// The ledger's file cannot be read.
    pub fn look(&mut self) -> Result<(), StoreError> {
        let revision = self.versions.revision()?;
        if revision == self.revision {
            return Ok(());
        }
        let newest = self.versions.newest()?;
        self.revision = revision;
        let Some(newest) = newest else { return Ok(()) };
        let number = Some(newest.number);
        let held = self.at_work.borrow().clone();
        if held.number == number || held.refused == number {
            return Ok(());
        }
        let fresh = match taken(&newest, &self.channels, &self.others) {
            Ok(fresh) => {
                tracing::info!(version = newest.number, "new settings hold");
                fresh
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(version = newest.number, error, "settings cannot be used");
                let refused = number;
                AtWork {
                    refused,
                    ..(*held).clone()
                }
            }
        };
        self.at_work.send_replace(Arc::new(fresh));
        Ok(())
    }
}

/// A version, as the channels make use of it.
fn taken(
    version: &SettingsVersion,
    channels: &notify::Settings,
    others: &Others,
) -> Result<AtWork, KeeperError> {
    let unusable = |source| KeeperError::Unusable {
        number: version.number,
        by: version.by.to_string(),
        source,
    };
    let settings = Settings::read(&version.body).map_err(unusable)?;
    let (teams, book) = settings
        .told_by(channels)
        .people(others)
        .map_err(unusable)?;
    Ok(AtWork {
        number: Some(version.number),
        set: Some(version.at),
        settings: Arc::new(settings),
        teams,
        book,
        refused: None,
    })
}
