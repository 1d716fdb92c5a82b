//! A line to one receiver for one message: a UDP socket, or a connection over TCP or TLS.
//!
//! What is said over it is [`crate::exchange`]'s.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;

use crate::config::Address;
use crate::sip::framing::Framer;
use crate::sip::packet::{Packet, PacketError};

use super::tls::Calling;

/// Largest datagram: what UDP can carry, so that none is cut.
pub(super) const DATAGRAM_MAX: usize = 65_535;

/// Largest request that may travel in a datagram (RFC 3261, 18.1.1).
const SENT_DATAGRAM_MAX: usize = 1300;

/// How long a goodbye may take, which only writes some bytes: a verdict must not wait for it.
const GOODBYE_MAX: Duration = Duration::from_millis(200);

/// A connection, whatever carries it.
pub(super) trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}

/// A connection and the messages on it.
pub(super) struct Talk {
    pipe: Box<dyn Pipe>,
    framer: Framer,
    /// Who is at the other end.
    pub(super) peer: SocketAddr,
}

impl Talk {
    pub(super) fn new(pipe: Box<dyn Pipe>, peer: SocketAddr) -> Self {
        Self {
            pipe,
            framer: Framer::default(),
            peer,
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pipe.write_all(bytes).await?;
        self.pipe.flush().await
    }

    /// The next message. Can be abandoned and asked again: what was read is kept.
    pub(super) async fn receive(&mut self) -> io::Result<Packet> {
        let mut read = [0; Framer::READ_MAX];
        loop {
            if let Some(packet) = self.framer.next_packet().map_err(no_message)? {
                return Ok(packet);
            }
            let length = self.pipe.read(&mut read).await?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.framer.push(&read[..length]);
        }
    }
}

fn no_message(error: PacketError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// A line to the receiver.
pub(super) enum Line {
    /// A socket that hears the receiver alone.
    Datagrams {
        socket: UdpSocket,
        peer: SocketAddr,
        buffer: Box<[u8; DATAGRAM_MAX]>,
    },
    /// A connection, and our end of it.
    Stream { talk: Talk, local: SocketAddr },
}

impl Line {
    /// A socket for datagrams to and from the receiver.
    pub(super) async fn udp(address: &Address) -> io::Result<Self> {
        let mut last = no_address();
        for peer in lookup_host((address.host.as_str(), address.port)).await? {
            match dialled(peer).await {
                Ok(socket) => {
                    let buffer = Box::new([0; DATAGRAM_MAX]);
                    return Ok(Self::Datagrams {
                        socket,
                        peer,
                        buffer,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A connection to the first of the receiver's addresses that answers.
    pub(super) async fn tcp(address: &Address) -> io::Result<Self> {
        let (stream, local, peer) = connected(address).await?;
        let talk = Talk::new(Box::new(stream), peer);
        Ok(Self::Stream { talk, local })
    }

    /// The same, encrypted, to whoever has the receiver's certificate.
    pub(super) async fn tls(address: &Address, calling: &Calling) -> io::Result<Self> {
        let (stream, local, peer) = connected(address).await?;
        let connecting = calling.connector.connect(calling.name.clone(), stream);
        let talk = Talk::new(Box::new(connecting.await?), peer);
        Ok(Self::Stream { talk, local })
    }

    /// Our end.
    pub(super) fn local(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Datagrams { socket, .. } => socket.local_addr(),
            Self::Stream { local, .. } => Ok(*local),
        }
    }

    /// The other end.
    pub(super) fn peer(&self) -> SocketAddr {
        match self {
            Self::Datagrams { peer, .. } => *peer,
            Self::Stream { talk, .. } => talk.peer,
        }
    }

    /// Most bytes that a message may have.
    pub(super) fn bytes_max(&self) -> usize {
        match self {
            Self::Datagrams { .. } => SENT_DATAGRAM_MAX,
            Self::Stream { .. } => usize::MAX,
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream { talk, .. } => talk.send(bytes).await,
            Self::Datagrams { socket, .. } => socket.send(bytes).await.map(drop),
        }
    }

    /// Says goodbye, so that what was sent last arrives; does not wait for the other end.
    pub(super) async fn close(&mut self) {
        if let Self::Stream { talk, .. } = self {
            // There is nothing left to lose: what counts has been heard.
            let _goodbye = timeout(GOODBYE_MAX, talk.pipe.shutdown()).await;
        }
    }

    /// The next message. A datagram that is none is passed over: anybody could have sent it.
    pub(super) async fn receive(&mut self) -> io::Result<Packet> {
        match self {
            Self::Stream { talk, .. } => talk.receive().await,
            Self::Datagrams { socket, buffer, .. } => loop {
                let length = socket.recv(&mut buffer[..]).await?;
                match Packet::from_datagram(&buffer[..length]) {
                    Ok(packet) => return Ok(packet),
                    Err(error) => tracing::debug!(%error, "passed over a datagram"),
                }
            },
        }
    }
}

async fn dialled(peer: SocketAddr) -> io::Result<UdpSocket> {
    let any = match peer {
        SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
        SocketAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(peer).await?;
    Ok(socket)
}

async fn connected(address: &Address) -> io::Result<(TcpStream, SocketAddr, SocketAddr)> {
    let mut last = no_address();
    for peer in lookup_host((address.host.as_str(), address.port)).await? {
        match TcpStream::connect(peer).await {
            Ok(stream) => {
                let local = stream.local_addr()?;
                return Ok((stream, local, peer));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the host has no address")
}
