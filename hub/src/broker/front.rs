//! The broker's outer door: TLS, and a certificate from everybody.
//!
//! Bytes pass through unread. Whose they are, the gate behind learns from the source port that
//! this module dials from. When either side ends, so does the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::gate::Doors;

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
            connections.spawn(async move {
                if let Err(error) = serve(stream, &acceptor, &doors, inner).await {
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
    doors: &Doors,
    inner: SocketAddr,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let outside = timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await??;
    let name = common_name(&outside).ok_or(std::io::ErrorKind::PermissionDenied)?;

    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let door = doors.open(socket.local_addr()?, name);
    let inside = socket.connect(inner).await?;
    inside.set_nodelay(true)?;
    let result = pass(outside, inside).await;
    drop(door);
    result
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

/// The common name of the client's certificate, which the handshake has verified.
fn common_name(stream: &TlsStream<TcpStream>) -> Option<String> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let (_rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}
