//! Sends messages to one alarm receiver, over UDP, TCP or TLS.
//!
//! The edge around [`crate::exchange`]: a line of its own for every message, so that messages
//! do not wait for each other, and one time limit over everything from the name's look-up to
//! the verdict. It sends a message once: whether and when to repeat it, and whom to tell
//! instead, is the caller's to decide; [`SendError::remedy`] says what is worth trying.

mod doorway;
mod line;
mod tls;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_protocol::time::Uptime;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::config::{Contact, CredentialFiles, Receiver, Transport};
use crate::exchange::{Effect, Envelope, Exchange, Failure, Fresh, Heard};
use crate::message::{Reference, Reply, Request, Verdict};
use crate::sip::digest::{Credentials, Password};
use crate::sip::packet::PacketError;

use doorway::{Carrier, Doorway, Place, Waiting};
use line::Line;
use tls::Calling;

/// Most messages to one receiver at once, each with a connection of its own: twice the thirty
/// homes of one night worker, and far from what a process may open.
const AT_ONCE_MAX: usize = 64;

/// Longest password file that is read; a longer one is no password.
const PASSWORD_MAX: usize = 1024;

/// Why a receiver cannot be spoken to at all: its profile, our files or our machine.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A password file cannot be read.
    #[error("reading the password in {}", path.display())]
    Password {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A `sips:` address promises encryption that the transport does not give.
    #[error("a sips: address needs transport tls")]
    SipsInClear,
    /// TLS without an authority.
    #[error("transport tls needs the table [tls] with the receiver's authority")]
    NoTls,
    /// The receiver is to connect to us over TLS, and we have no certificate.
    #[error("[contact] over tls needs [tls.identity]")]
    NoIdentity,
    /// A PEM file cannot be read.
    #[error("reading {}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: rustls::pki_types::pem::Error,
    },
    /// A PEM file holds nothing that can be used.
    #[error("{}: no usable certificate in it", .0.display())]
    NoCertificate(PathBuf),
    /// A certificate and its key do not go together, or are of no use.
    #[error("using the certificate {}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What the library says.
        source: rustls::Error,
    },
    /// The receiver's name can be in no certificate.
    #[error("the receiver's name {name:?}")]
    Name {
        /// The name.
        name: String,
        /// What the library says.
        source: rustls::pki_types::InvalidDnsNameError,
    },
    /// We cannot wait where the receiver is told to send replies.
    #[error("waiting for replies at {}", .0.listen)]
    Listen(Contact, #[source] io::Error),
    /// The system has no random bytes.
    #[error("drawing random bytes")]
    Random(#[source] getrandom::Error),
}

/// Why a message is not known to be delivered. It may have been: a message that is sent again
/// keeps its reference, and a receiver counts it once.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The receiver or a server on the way said no, or nobody answered.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The network failed.
    #[error("{doing} the receiver")]
    Network {
        /// `reaching`, `telling` or `hearing`.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A datagram cannot carry it (RFC 3261, 18.1.1).
    #[error("the message is too long for udp; use tls or tcp")]
    TooLong,
    /// Too many other messages are under way.
    #[error("{AT_ONCE_MAX} other messages to the receiver are under way")]
    Crowded,
    /// A message by this reference is still under way.
    #[error("a message by this reference is still under way")]
    UnderWay,
    /// The system has no random bytes.
    #[error("drawing random bytes")]
    Random(#[source] getrandom::Error),
}

/// What is worth trying when a message is not known to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same message, by the same reference, after a pause; meanwhile others may be told.
    Repeat,
    /// Another receiver or another way: this one will say the same again.
    Elsewhere,
    /// Something is set wrong on our side: another way, and tell whoever runs the hub.
    MendSetup,
}

impl SendError {
    /// What is worth trying.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Network { source, .. } => after_network(source),
            Self::TooLong => Remedy::MendSetup,
            Self::Crowded | Self::UnderWay | Self::Random(_) => Remedy::Repeat,
            Self::Failed(failure) => match failure {
                Failure::Refused(reply) => after(reply.verdict),
                // The receiver or its server is not up to it just now (RFC 3261, 21.4 and 21.5).
                Failure::Rejected {
                    status: 408 | 480 | 486 | 500 | 502..=504,
                    ..
                }
                | Failure::Silence(_) => Remedy::Repeat,
                Failure::Rejected {
                    status: 400..=499, ..
                }
                | Failure::NotKnown(_) => Remedy::MendSetup,
                Failure::Rejected { .. }
                | Failure::Unreadable(_)
                | Failure::OtherMedia
                | Failure::OtherReference => Remedy::Elsewhere,
            },
        }
    }
}

fn after_network(error: &io::Error) -> Remedy {
    let cause = error.get_ref();
    if cause.is_some_and(|cause| cause.is::<rustls::Error>()) {
        // One of the two certificates is not what the other side trusts.
        Remedy::MendSetup
    } else if cause.is_some_and(|cause| cause.is::<PacketError>()) {
        Remedy::Elsewhere
    } else {
        Remedy::Repeat
    }
}

fn after(verdict: Verdict) -> Remedy {
    match verdict {
        Verdict::Hold | Verdict::Busy => Remedy::Repeat,
        Verdict::TooLong | Verdict::InvalidFormat | Verdict::WrongContent | Verdict::TagMissing => {
            Remedy::MendSetup
        }
        Verdict::NotTreated | Verdict::Unknown(_) | Verdict::Ok => Remedy::Elsewhere,
    }
}

/// Draws a reference for a new message: 16 letters and digits that nobody can guess.
///
/// # Errors
///
/// The system has no random bytes.
pub fn fresh_reference() -> Result<Reference, SendError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(SendError::Random)?;
    Ok(Reference::from_bytes(bytes))
}

/// One alarm receiver that can be told.
pub struct Client {
    receiver: Receiver,
    credentials: Option<Credentials>,
    way: Way,
    waiting: Waiting,
    room: Semaphore,
    clock: Clock,
    /// Held open for as long as the client lives.
    doorway: Option<Doorway>,
}

/// Whether the line can still bring something.
#[derive(PartialEq, Eq)]
enum Hearing {
    Open,
    Lost,
}

enum Way {
    Udp,
    Tcp,
    Tls(Calling),
}

impl Client {
    /// Reads the receiver's files and, if it has a contact, waits there for its replies. Must be
    /// called within a tokio runtime; connects to nobody yet.
    ///
    /// # Errors
    ///
    /// A file cannot be read or used, or the contact's port is taken.
    pub async fn open(receiver: Receiver, clock: Clock) -> Result<Self, OpenError> {
        let sips = receiver.target.as_str().starts_with("sips:");
        if sips && receiver.transport != Transport::Tls {
            return Err(OpenError::SipsInClear);
        }
        let credentials = receiver.credentials.as_ref().map(credentials).transpose()?;
        let way = match receiver.transport {
            Transport::Udp => Way::Udp,
            Transport::Tcp => Way::Tcp,
            Transport::Tls => Way::Tls(tls::calling(&receiver)?),
        };
        let waiting = Waiting::default();
        let doorway = match &receiver.contact {
            Some(contact) => Some(doorway(&receiver, contact, waiting.clone()).await?),
            None => None,
        };
        Ok(Self {
            receiver,
            credentials,
            way,
            waiting,
            room: Semaphore::new(AT_ONCE_MAX),
            clock,
            doorway,
        })
    }

    /// The receiver's profile.
    #[must_use]
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// Tells the receiver; returns its reply only if it says that it has taken the message.
    ///
    /// Ends within the profile's time limit. At most 64 messages are under way at once; the next
    /// is turned away. Safe to abandon: the line is closed, and the message may or may not have
    /// arrived.
    ///
    /// # Errors
    ///
    /// The message is not known to be delivered; see [`SendError::remedy`].
    pub async fn send(&self, request: &Request) -> Result<Reply, SendError> {
        let room = self.room.try_acquire();
        let _room = room.map_err(|_full| SendError::Crowded)?;
        let place = self.waiting.place(request.reference.clone());
        let place = place.ok_or(SendError::UnderWay)?;
        let deadline = self.now().after(self.receiver.time_limit_s.duration());
        let line = timeout(self.left(deadline), self.reach()).await;
        let line = flat(line).map_err(network("reaching"))?;
        let envelope = self.envelope(&line).map_err(network("reaching"))?;
        let mut bytes = [0; 48];
        getrandom::fill(&mut bytes).map_err(SendError::Random)?;
        let message = (
            request.reference.clone(),
            request.to_xml(self.receiver.root).into_bytes(),
        );
        let fresh = Fresh::from_bytes(bytes);
        let (exchange, first) = Exchange::begin(self.now(), deadline, envelope, fresh, message);
        self.converse(line, exchange, first, place, deadline).await
    }

    /// The one place that waits: for a packet, for a reply at the door, or for time to pass.
    async fn converse(
        &self,
        mut line: Line,
        mut exchange: Exchange,
        first: Vec<u8>,
        mut place: Place,
        deadline: Uptime,
    ) -> Result<Reply, SendError> {
        let peer = line.peer();
        let mut hearing = Hearing::Open;
        let mut effects = vec![Effect::Send(first)];
        loop {
            let mut telling = Ok(());
            for effect in effects {
                match effect {
                    // A verdict counts also when our answer to it is lost.
                    Effect::End(ending) => {
                        line.close().await;
                        return Ok(ending?);
                    }
                    Effect::Send(bytes) if bytes.len() > line.bytes_max() => {
                        return Err(SendError::TooLong);
                    }
                    Effect::Send(bytes) => {
                        let sending = timeout(self.left(deadline), line.send(&bytes)).await;
                        telling = telling.and(flat(sending));
                    }
                }
            }
            telling.map_err(network("telling"))?;
            let pause = self.left(exchange.next_timeout());
            effects = tokio::select! {
                packet = line.receive(), if hearing == Hearing::Open => match packet {
                    Ok(packet) => exchange.handle_packet(self.now(), peer, &packet),
                    // The verdict may still come by the door.
                    Err(_) if self.doorway.is_some() && exchange.heard() == Heard::Accepted => {
                        hearing = Hearing::Lost;
                        Vec::new()
                    }
                    Err(error) => return Err(network("hearing")(error)),
                },
                Ok(reply) = &mut place.reply => exchange.handle_reply(reply),
                () = tokio::time::sleep(pause) => exchange.handle_timeout(self.now()),
            };
        }
    }

    async fn reach(&self) -> io::Result<Line> {
        let address = &self.receiver.address;
        match &self.way {
            Way::Udp => Line::udp(address).await,
            Way::Tcp => Line::tcp(address).await,
            Way::Tls(calling) => Line::tls(address, calling).await,
        }
    }

    fn envelope(&self, line: &Line) -> io::Result<Envelope> {
        let receiver = &self.receiver;
        let contact = receiver.contact.as_ref();
        Ok(Envelope {
            target: receiver.target.clone(),
            from: receiver.from.clone(),
            transport: receiver.transport.name(),
            sent_by: line.local()?,
            contact: contact.map(|contact| contact.uri.clone()),
            content_type: receiver.content_type.name(),
            reliability: receiver.transport.reliability(),
            credentials: self.credentials.clone(),
        })
    }

    /// What concerns the network runs in real time, also in a demonstration.
    fn now(&self) -> Uptime {
        Uptime(self.clock.real_now())
    }

    fn left(&self, deadline: Uptime) -> Duration {
        deadline.since(self.now())
    }
}

fn network(doing: &'static str) -> impl Fn(io::Error) -> SendError {
    move |source| SendError::Network { doing, source }
}

fn flat<T>(timed: Result<io::Result<T>, tokio::time::error::Elapsed>) -> io::Result<T> {
    timed.map_err(io::Error::from)?
}

fn credentials(files: &CredentialFiles) -> Result<Credentials, OpenError> {
    let password = password(&files.password_file).map_err(|source| OpenError::Password {
        path: files.password_file.clone(),
        source,
    })?;
    Ok(Credentials {
        user: files.user.clone(),
        password,
    })
}

/// The first line of a file.
fn password(path: &Path) -> io::Result<Password> {
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path)?);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() || line.len() > PASSWORD_MAX {
        let wanted = "the first line is the password, and has 1 to 1024 bytes";
        return Err(io::Error::new(io::ErrorKind::InvalidData, wanted));
    }
    Ok(Password::new(line.to_owned()))
}

async fn doorway(
    receiver: &Receiver,
    contact: &Contact,
    waiting: Waiting,
) -> Result<Doorway, OpenError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(OpenError::Random)?;
    let tag = Reference::from_bytes(bytes);
    let (listen, tag) = (contact.listen, tag.as_str());
    let opened = match receiver.transport {
        Transport::Udp => Doorway::udp(listen, tag, waiting).await,
        Transport::Tcp => Doorway::stream(listen, Carrier::Tcp, tag, waiting).await,
        Transport::Tls => {
            let carrier = Carrier::Tls(tls::answering(receiver.tls.as_ref())?);
            Doorway::stream(listen, carrier, tag, waiting).await
        }
    };
    opened.map_err(|source| OpenError::Listen(contact.clone(), source))
}
