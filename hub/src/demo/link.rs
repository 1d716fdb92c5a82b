//! A home's network, which the demonstration can take away: a TCP relay on loopback.
//!
//! It passes bytes and nothing else; TLS goes through it untouched. While it is cut, existing
//! connections are closed and new ones are refused at once, as on a dead mobile network.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Whether a link carries anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It does.
    Up,
    /// It does not.
    Cut,
}

/// One home's way to the broker. Ends when dropped.
#[derive(Debug)]
pub struct Link {
    /// Where the home's unit connects to.
    pub address: SocketAddr,
    state: watch::Sender<LinkState>,
    relay: JoinHandle<()>,
}

impl Link {
    /// Relays from a free port on loopback to `broker`.
    ///
    /// # Errors
    ///
    /// No port can be had.
    pub async fn open(broker: (String, u16)) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (state, watched) = watch::channel(LinkState::Up);
        let relay = tokio::spawn(relay(listener, broker, watched));
        Ok(Self {
            address,
            state,
            relay,
        })
    }

    /// Cuts the link, or mends it.
    pub fn set(&self, state: LinkState) {
        self.state.send_replace(state);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

async fn relay(listener: TcpListener, broker: (String, u16), state: watch::Receiver<LinkState>) {
    loop {
        // A failed accept concerns one connection; the unit tries again.
        let Ok((unit, _)) = listener.accept().await else {
            continue;
        };
        if *state.borrow() == LinkState::Cut {
            continue;
        }
        let (broker, mut state) = (broker.clone(), state.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = carry(unit, broker) => {}
                _ = state.wait_for(|state| *state == LinkState::Cut) => {}
            }
        });
    }
}

async fn carry(mut unit: TcpStream, broker: (String, u16)) {
    if let Ok(mut broker) = TcpStream::connect(broker).await {
        // Either end's close ends the connection; neither is an error of the link.
        tokio::io::copy_bidirectional(&mut unit, &mut broker)
            .await
            .ok();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_cut_link_closes_and_refuses_and_a_mended_one_carries() {
        let echo = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = echo.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = echo.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await.ok();
                });
            }
        });
        let link = Link::open((address.ip().to_string(), address.port()))
            .await
            .unwrap();
        let mut byte = [0];

        let mut stream = TcpStream::connect(link.address).await.unwrap();
        stream.write_all(b"a").await.unwrap();
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);

        link.set(LinkState::Cut);
        assert_eq!(stream.read(&mut byte).await.unwrap_or(0), 0);
        let mut refused = TcpStream::connect(link.address).await.unwrap();
        assert_eq!(refused.read(&mut byte).await.unwrap_or(0), 0);

        link.set(LinkState::Up);
        let mut stream = TcpStream::connect(link.address).await.unwrap();
        stream.write_all(b"b").await.unwrap();
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
    }
}
