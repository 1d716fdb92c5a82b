//! The broker's outer door: TLS, and a certificate from everybody that still holds.
//!
//! Bytes pass through unread. Whose they are, the gate behind learns from the source port that
//! this module dials from. When either side ends, so does the other; and so do both when the
//! certificate that was shown holds no more.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::Watch;
use super::gate::Doors;
use crate::tls::{self, Shown};
use crate::units::denied::{Denied, Why};
use crate::units::keeper::Sign;

/// How long a client may take over its TLS handshake: ten times what a slow mobile network
/// needs for two round trips.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long to wait after the system refused a connection, such as for want of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

pub(super) struct Front {
    pub(super) listener: TcpListener,
    pub(super) tls: Arc<rustls::ServerConfig>,
    pub(super) doors: Doors,
    pub(super) inner: SocketAddr,
    pub(super) connections_max: usize,
    pub(super) watched: Watch,
}

impl Front {
    /// Lets clients in until it is aborted; every connection ends with it.
    pub(super) async fn run(self) {
        let places = Arc::new(Semaphore::new(self.connections_max));
        let acceptor = TlsAcceptor::from(self.tls);
        let mut connections = JoinSet::new();
        loop {
            let stream = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _address)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "broker cannot accept");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                        continue;
                    }
                },
                Some(_ended) = connections.join_next() => continue,
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!(connections_max = self.connections_max, "broker is full");
                continue;
            };
            let (acceptor, doors, inner) = (acceptor.clone(), self.doors.clone(), self.inner);
            let watched = self.watched.clone();
            connections.spawn(async move {
                if let Err(error) = serve(stream, &acceptor, (&doors, inner), watched).await {
                    tracing::debug!(%error, "connection ended");
                }
                drop(place);
            });
        }
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    (doors, inner): (&Doors, SocketAddr),
    mut watched: Watch,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let outside = timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await?;
    let outside = outside.inspect_err(|error| {
        if let Some(sign) = Sign::of_handshake(error) {
            watched.signs.say(sign);
        }
    })?;
    let Shown { name, serial } =
        tls::shown(outside.get_ref().1).ok_or(std::io::ErrorKind::PermissionDenied)?;
    let denied = watched.denied.borrow_and_update().why(&serial);
    if let Some(why) = denied {
        watched.signs.say(Sign::refused(&name, why.word()));
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    watched.signs.say(Sign::Used(serial.clone()));

    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let door = doors.open(socket.local_addr()?, name.clone());
    let inside = socket.connect(inner).await?;
    inside.set_nodelay(true)?;
    let result = tokio::select! {
        passed = pass(outside, inside) => passed,
        why = ended(&mut watched, &serial) => {
            watched.signs.say(Sign::refused(&name, why));
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    };
    drop(door);
    result
}

/// Done when the certificate holds no more, with why.
async fn ended(watched: &mut Watch, serial: &str) -> &'static str {
    let is_denied = |denied: &Arc<Denied>| denied.why(serial).is_some();
    let why = watched.denied.wait_for(is_denied).await;
    let why = why.map(|denied| denied.why(serial).map_or("denied", Why::word));
    match why {
        Ok(why) => why,
        // The list is as it will ever be.
        Err(_ended) => std::future::pending().await,
    }
}

/// Passes bytes both ways until one side ends.
async fn pass(
    outside: impl AsyncRead + AsyncWrite + Unpin,
    inside: TcpStream,
) -> std::io::Result<()> {
    let (mut outside_read, mut outside_write) = split(outside);
    let (mut inside_read, mut inside_write) = inside.into_split();
    let result = tokio::select! {
        up = copy(&mut outside_read, &mut inside_write) => up,
        down = copy(&mut inside_read, &mut outside_write) => down,
    };
    // Says goodbye in TLS; a client that does not take it is not waited for.
    timeout(HANDSHAKE_MAX, outside_write.shutdown()).await??;
    result.map(drop)
}
