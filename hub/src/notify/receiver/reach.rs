//! One alarm receiver of a channel, and whether the hub waits at its own door for what it replies.
//!
//! The address of that door may be a tunnel's or a site's that is not up yet when the hub starts
//! after a loss of power, and the port may be another program's. Neither keeps the hub from
//! starting: the receiver takes no message until the door can be opened, which is tried with
//! every message and every heartbeat. Settings and files that cannot be used do.
//!
//! What it deliberately does not do: tell a receiver whose reply could not come in.

use tokio::sync::OnceCell;

use nattsyn_clock::Clock;
use nattsyn_scaip::client::{Client, OpenError, SendError};
use nattsyn_scaip::config::Receiver;
use nattsyn_scaip::message::{Reply, Request};

/// A receiver that can be told once its door is open.
pub(super) struct Reach {
    receiver: Receiver,
    clock: Clock,
    client: OnceCell<Client>,
}

/// Why a receiver did not take a message.
pub(super) enum Unsent {
    /// It was told nothing, since the hub could not wait for its replies.
    Shut(OpenError),
    /// It was told, or tried.
    Sent(SendError),
}

impl Reach {
    /// Reads the receiver's files and opens the door; says why if it stays shut for now.
    ///
    /// # Errors
    ///
    /// The settings or the files cannot be used.
    pub(super) async fn open(
        receiver: Receiver,
        clock: Clock,
    ) -> Result<(Self, Option<OpenError>), OpenError> {
        let reach = Self {
            receiver,
            clock,
            client: OnceCell::new(),
        };
        let shut = match reach.client().await {
            Ok(_) => None,
            // Looked at last: all else was right.
            Err(shut @ OpenError::Listen(..)) => Some(shut),
            Err(error) => return Err(error),
        };
        Ok((reach, shut))
    }

    /// The receiver's profile.
    pub(super) fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// Tells the receiver, as [`Client::send`], through a door that may have to be opened first.
    pub(super) async fn send(&self, request: &Request) -> Result<Reply, Unsent> {
        let client = self.client().await.map_err(Unsent::Shut)?;
        client.send(request).await.map_err(Unsent::Sent)
    }

    async fn client(&self) -> Result<&Client, OpenError> {
        let open = || Client::open(self.receiver.clone(), self.clock.clone());
        self.client.get_or_try_init(open).await
    }
}
