//! Where a receiver knocks that sends replies of its own: a socket of ours that outlives any
//! one message.
//!
//! It answers every request and hands a reply to whoever waits for its reference. What nobody
//! waits for is answered and forgotten. It calls nobody.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::message::{Reference, Reply};
use crate::sip::answer::{Brought, answer};
use crate::sip::packet::Packet;

use super::line::{DATAGRAM_MAX, Pipe, Talk};

/// Most connections at once; the next waits at the door. A receiver needs one or two.
const CONNECTIONS_MAX: usize = 32;

/// How long a connection may be silent, and a handshake or an answer may take: a receiver that
/// keeps its connection open says something at least this often (RFC 5626, 4.4.1: 95 s).
const IDLE_MAX: Duration = Duration::from_secs(120);

/// How long to wait after a failed accept, which is a lack of file descriptors and passes.
const BREATH: Duration = Duration::from_secs(1);

/// Who waits for which reply. Holds as many as there are messages under way.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<BTreeMap<Reference, oneshot::Sender<Reply>>>>);

/// A place among those who wait; given up when dropped.
pub(super) struct Place {
    waiting: Waiting,
    reference: Reference,
    /// The reply, once it comes.
    pub(super) reply: oneshot::Receiver<Reply>,
}

impl Waiting {
    /// Waits for the reply to a message; `None` if somebody does already.
    pub(super) fn place(&self, reference: Reference) -> Option<Place> {
        let (sender, reply) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.contains_key(&reference) {
            return None;
        }
        waiting.insert(reference.clone(), sender);
        drop(waiting);
        Some(Place {
            waiting: self.clone(),
            reference,
            reply,
        })
    }

    fn hand_over(&self, reply: Reply) {
        let waiter = self.lock().remove(&reply.reference);
        match waiter.map(|waiter| waiter.send(reply)) {
            Some(Ok(())) => {}
            Some(Err(_)) | None => tracing::debug!("a reply that nobody waits for any more"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Reference, oneshot::Sender<Reply>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.reference);
    }
}

/// An open door. Closed, with everybody in it, when dropped.
pub(super) struct Doorway {
    keeper: JoinHandle<()>,
}

impl Drop for Doorway {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// What carries a doorway's connections.
#[derive(Clone)]
pub(super) enum Carrier {
    Tcp,
    Tls(TlsAcceptor),
}

/// What every visitor is dealt with by.
#[derive(Clone)]
struct Desk {
    tag: Arc<str>,
    waiting: Waiting,
}

impl Desk {
    /// The answer to a request, having handed over what it brought.
    fn answer(&self, packet: &Packet, source: SocketAddr) -> Option<Vec<u8>> {
        let answer = answer(packet, source, &self.tag)?;
        match answer.brought {
            Brought::Reply(reply) => self.waiting.hand_over(reply),
            Brought::Unreadable(error) => tracing::warn!(%source, %error, "an unreadable reply"),
            Brought::Nothing => {}
        }
        Some(answer.response)
    }
}

impl Doorway {
    /// Opens for datagrams.
    pub(super) async fn udp(listen: SocketAddr, tag: &str, waiting: Waiting) -> io::Result<Self> {
        let socket = UdpSocket::bind(listen).await?;
        let tag = Arc::from(tag);
        let keeper = tokio::spawn(keep_datagrams(socket, Desk { tag, waiting }));
        Ok(Self { keeper })
    }

    /// Opens for connections.
    pub(super) async fn stream(
        listen: SocketAddr,
        carrier: Carrier,
        tag: &str,
        waiting: Waiting,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let tag = Arc::from(tag);
        let keeper = tokio::spawn(keep_connections(listener, carrier, Desk { tag, waiting }));
        Ok(Self { keeper })
    }
}

async fn keep_datagrams(socket: UdpSocket, desk: Desk) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        let (length, source) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "receiving a datagram");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Ok(packet) = Packet::from_datagram(&buffer[..length]) else {
            continue;
        };
        if let Some(response) = desk.answer(&packet, source)
            && let Err(error) = socket.send_to(&response, source).await
        {
            tracing::debug!(%source, %error, "answering");
        }
    }
}

async fn keep_connections(listener: TcpListener, carrier: Carrier, desk: Desk) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Dropped with the keeper, and everybody in it.
    let mut visitors = JoinSet::new();
    loop {
        let permit = Arc::clone(&places).acquire_owned().await;
        let permit = permit.expect("nobody closes the semaphore");
        match listener.accept().await {
            Ok((stream, source)) => {
                let visit = serve(stream, source, carrier.clone(), desk.clone(), permit);
                visitors.spawn(visit);
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a receiver's connection");
                tokio::time::sleep(BREATH).await;
            }
        }
        while visitors.try_join_next().is_some() {}
    }
}

async fn serve(
    stream: TcpStream,
    source: SocketAddr,
    carrier: Carrier,
    desk: Desk,
    _permit: OwnedSemaphorePermit,
) {
    if let Err(error) = visit(stream, source, carrier, &desk).await {
        tracing::debug!(%source, %error, "a receiver's connection ended");
    }
}

async fn visit(
    stream: TcpStream,
    source: SocketAddr,
    carrier: Carrier,
    desk: &Desk,
) -> io::Result<()> {
    let pipe: Box<dyn Pipe> = match carrier {
        Carrier::Tcp => Box::new(stream),
        Carrier::Tls(acceptor) => Box::new(timeout(IDLE_MAX, acceptor.accept(stream)).await??),
    };
    let mut talk = Talk::new(pipe, source);
    loop {
        let packet = timeout(IDLE_MAX, talk.receive()).await??;
        if let Some(response) = desk.answer(&packet, source) {
            timeout(IDLE_MAX, talk.send(&response)).await??;
        }
    }
}
