//! A channel to alarm receivers as the settings say it, and how it is made ready.
//!
//! A receiver's own table is `scaip/`'s ([`nattsyn_scaip::config::Receiver`]): nothing here knows
//! what is in it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use serde::Deserialize;
use tokio::sync::{Semaphore, watch};

use nattsyn_clock::Clock;
use nattsyn_scaip::config::{Receiver, Transport};
use nattsyn_scaip::message::{ControllerId, Field as _};

use super::reach::Reach;
use super::saying::{NUMBER_DIGITS, Naming};
use super::{AT_ONCE, ENDS_AT_ONCE, Health, ReceiverChain};
use crate::notify::chain::ChannelName;
use crate::notify::patience::Patience;
use crate::notify::secret::in_full;
use crate::notify::settings::SettingsError;

/// Most receivers of one channel: each has its 8 s within the 24 that an attempt may take.
const RECEIVERS_MAX: usize = 3;

/// Alarm receivers, told in SCAIP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiving {
    /// What the channel is called.
    pub name: ChannelName,
    /// Whom the hub itself is in heartbeats and test alarms: 1 to 16 digits, as agreed, and not
    /// 13: so many has a resident's number.
    pub cid: String,
    /// The file with what messages' references are made of, drawn at the first start. Default
    /// `receiver.key`.
    #[serde(default = "key_file")]
    pub key_file: PathBuf,
    /// The receivers, in the order in which they are asked; at most three.
    #[serde(rename = "receiver")]
    pub receivers: Vec<Receiver>,
}

/// Whether a door is for datagrams: those and connections have ports of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Datagrams {
    Yes,
    No,
}

fn key_file() -> PathBuf {
    PathBuf::from("receiver.key")
}

impl Receiving {
    /// What is wrong with a key.
    pub(super) fn wrong(&self, key: &str, why: &str) -> SettingsError {
        SettingsError {
            at: format!("notify.channel {:?}: {key}", self.name.as_str()),
            why: why.to_owned(),
        }
    }

    /// Where the hub waits for replies, by the receiver's number and whether over datagrams.
    pub(super) fn doors(&self) -> impl Iterator<Item = (usize, (Datagrams, SocketAddr))> {
        let receivers = (1..).zip(&self.receivers);
        receivers.filter_map(|(number, receiver)| {
            let listen = receiver.contact.as_ref()?.listen;
            let datagrams = match receiver.transport {
                Transport::Udp => Datagrams::Yes,
                Transport::Tcp | Transport::Tls => Datagrams::No,
            };
            // Port 0 is any that is free.
            (listen.port() != 0).then_some((number, (datagrams, listen)))
        })
    }

    pub(super) async fn open(
        &self,
        folder: &Path,
        clock: Clock,
        patience: Patience,
    ) -> Result<ReceiverChain, SettingsError> {
        if !(1..=RECEIVERS_MAX).contains(&self.receivers.len()) {
            let why = format!("1 to {RECEIVERS_MAX} are asked in turn");
            return Err(self.wrong("receiver", &why));
        }
        let (mut reaches, mut health) = (Vec::new(), Vec::new());
        for (number, receiver) in (1..).zip(&self.receivers) {
            let opened = Reach::open(receiver.clone().beside(folder), clock.clone()).await;
            let key = format!("receiver {number}");
            let opened = opened.map_err(|error| self.wrong(&key, &in_full(&error)));
            let (reach, shut) = opened?;
            if let Some(shut) = &shut {
                let (channel, why) = (self.name.as_str(), in_full(shut));
                tracing::error!(
                    channel,
                    receiver = number,
                    why,
                    "an alarm receiver cannot be told yet"
                );
            }
            reaches.push(reach);
            health.push(Health {
                taken: None,
                failing: shut.map(|_why| clock.now().timestamp),
            });
        }
        let naming = Naming::open(&folder.join(&self.key_file));
        Ok(ReceiverChain {
            name: self.name.clone(),
            hub: self.hub()?,
            health: watch::Sender::new(health),
            reaches,
            naming: naming.map_err(|why| self.wrong("key_file", &why))?,
            patience,
            clock,
            room: Semaphore::new(AT_ONCE),
            room_for_ends: Semaphore::new(ENDS_AT_ONCE),
            tonight: OnceLock::new(),
            told: Mutex::default(),
        })
    }

    fn hub(&self) -> Result<ControllerId, SettingsError> {
        let hub = ControllerId::parse(&self.cid);
        let hub = hub.map_err(|error| self.wrong("cid", &in_full(&error)))?;
        if self.cid.len() == NUMBER_DIGITS {
            return Err(self.wrong("cid", "13 digits could be a resident's number"));
        }
        Ok(hub)
    }
}
