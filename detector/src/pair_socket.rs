//! The pair's socket: one JSON datagram a message, within a size that both sides know.
//!
//! [`PairEnd`] is one end of a `SOCK_SEQPACKET` pair (`nattsyn-supervise`), or of two datagram
//! sockets, one for each direction, which systemd holds and to which only the other side may write.
//! Sending never waits: whoever does not read must not be able to hold the other up, so a full
//! queue is an error for the sender to judge ([`SendError::Full`]). Receiving waits, and is meant
//! for a thread that does nothing else. Descriptors that a sender attaches are dropped by the
//! kernel unseen.
//!
//! Whoever supervises keeps all ends open, so that messages outlive a process that is restarted;
//! [`ReceiveError::Closed`] therefore means that a pair's supervisor and other side are gone. Two
//! datagram sockets say it to the sender only.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pair::DATAGRAM_MAX;

/// One end of the pair.
#[derive(Debug)]
pub struct PairEnd {
    own: OwnedFd,
    /// Where is sent, where that is another socket.
    other: Option<OwnedFd>,
}

/// Why there is no pair to speak over.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// Standard input is no end of a pair: the program was started by hand.
    #[error(
        "standard input is not an end of a SOCK_SEQPACKET pair; start with nattsyn-supervise, or \
         by systemd with a datagram socket and --other-end"
    )]
    NotAPair,
    /// The other side's socket is not there, or not for this user to write to.
    #[error("reaching the other side's socket {path}")]
    OtherEnd {
        /// Where it is to be.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system refuses.
    #[error("preparing the pair's socket")]
    System(#[source] std::io::Error),
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The other side has not read for so long that no more fits.
    #[error("the other side does not read; its queue is full")]
    Full,
    /// There is nobody left who could read it.
    #[error("the pair is closed")]
    Closed,
    /// Longer than [`DATAGRAM_MAX`].
    #[error("message of {0} bytes is over the limit of {DATAGRAM_MAX}")]
    TooLarge(usize),
    /// The system refuses.
    #[error("sending a message over the pair")]
    System(#[source] std::io::Error),
}

/// Why a message was not received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Nobody holds the other end any more. Nothing will ever come.
    #[error("the pair is closed")]
    Closed,
    /// A datagram longer than is taken here. It is dropped; the next one can be received.
    #[error("message of {0} bytes is over the limit")]
    TooLarge(usize),
    /// A datagram that is no message. It is dropped; the next one can be received.
    #[error("message cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// The system refuses.
    #[error("receiving a message from the pair")]
    System(#[source] std::io::Error),
}

impl PairEnd {
    /// Makes a new pair. Neither end survives into a started program by itself.
    ///
    /// # Errors
    ///
    /// The system has no more descriptors.
    pub fn pair() -> Result<(Self, Self), PairError> {
        let flags = SocketFlags::CLOEXEC;
        let (one, other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
            .map_err(|errno| PairError::System(errno.into()))?;
        Ok((Self::of_pair(one), Self::of_pair(other)))
    }

    /// The end that whoever supervises gave as standard input: one of a pair, or a datagram socket
    /// of which the other side's lies at `other`.
    ///
    /// # Errors
    ///
    /// Standard input is something else, or the other side's socket cannot be reached.
    pub fn from_stdin(other: Option<&Path>) -> Result<Self, PairError> {
        let stdin = std::io::stdin();
        let own = stdin.as_fd().try_clone_to_owned();
        Self::of(own.map_err(PairError::System)?, other)
    }

    fn of(own: OwnedFd, other: Option<&Path>) -> Result<Self, PairError> {
        match (rustix::net::sockopt::socket_type(&own), other) {
            (Ok(SocketType::SEQPACKET), None) => Ok(Self::of_pair(own)),
            (Ok(SocketType::DGRAM), Some(path)) => {
                let other = reach(path).map_err(|errno| PairError::OtherEnd {
                    path: path.display().to_string(),
                    source: errno.into(),
                })?;
                Ok(Self {
                    own,
                    other: Some(other),
                })
            }
            (Ok(_) | Err(_), _) => Err(PairError::NotAPair),
        }
    }

    fn of_pair(own: OwnedFd) -> Self {
        Self { own, other: None }
    }

    /// The same end once more, for another thread or for a program that is started with it.
    ///
    /// # Errors
    ///
    /// The system has no more descriptors.
    pub fn try_clone(&self) -> Result<Self, PairError> {
        let clone = |end: &OwnedFd| end.try_clone().map_err(PairError::System);
        Ok(Self {
            own: clone(&self.own)?,
            other: self.other.as_ref().map(clone).transpose()?,
        })
    }

    /// Sends one message, without ever waiting.
    ///
    /// # Errors
    ///
    /// It is too large, does not fit the queue at this moment, or nobody is there.
    pub fn send<M: Serialize>(&self, message: &M) -> Result<(), SendError> {
        let bytes = serde_json::to_vec(message)
            .expect("a message is plain data, which always has a JSON form");
        if bytes.len() > DATAGRAM_MAX {
            return Err(SendError::TooLarge(bytes.len()));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let to = self.other.as_ref().unwrap_or(&self.own);
        match retry_on_intr(|| send(to, &bytes, flags)) {
            Ok(_whole_datagram) => Ok(()),
            Err(Errno::AGAIN | Errno::NOBUFS) => Err(SendError::Full),
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN | Errno::CONNREFUSED) => {
                Err(SendError::Closed)
            }
            Err(errno) => Err(SendError::System(errno.into())),
        }
    }

    /// Waits for one message.
    ///
    /// # Errors
    ///
    /// Only after [`ReceiveError::Closed`] and [`ReceiveError::System`] is it useless to try
    /// again.
    pub fn receive<M: DeserializeOwned>(&self) -> Result<M, ReceiveError> {
        self.receive_within(DATAGRAM_MAX)
    }

    /// Waits for one message of at most so many bytes.
    ///
    /// # Errors
    ///
    /// As [`PairEnd::receive`]; a longer message is [`ReceiveError::TooLarge`].
    pub fn receive_within<M: DeserializeOwned>(&self, bytes: usize) -> Result<M, ReceiveError> {
        let mut buffer = vec![0; bytes];
        // TRUNC: the length of the datagram itself, also where the buffer is shorter.
        let received = retry_on_intr(|| recv(&self.own, &mut buffer[..], RecvFlags::TRUNC));
        let length = match received {
            Ok((_, length)) => length,
            Err(Errno::CONNRESET) => return Err(ReceiveError::Closed),
            Err(errno) => return Err(ReceiveError::System(errno.into())),
        };
        // In a datagram socket it is an empty message, and nobody has gone.
        if length == 0 && self.other.is_none() {
            return Err(ReceiveError::Closed);
        }
        let bytes = buffer.get(..length).ok_or(ReceiveError::TooLarge(length))?;
        serde_json::from_slice(bytes).map_err(ReceiveError::Unreadable)
    }
}

impl AsFd for PairEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.own.as_fd()
    }
}

/// Where it receives; of a pair that is all of it.
impl From<PairEnd> for OwnedFd {
    fn from(end: PairEnd) -> Self {
        end.own
    }
}

/// A socket that sends to whoever receives at a path.
fn reach(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::ToEye;

    fn raw(end: &PairEnd, bytes: &[u8]) {
        send(end, bytes, SendFlags::NOSIGNAL).unwrap();
    }

    #[test]
    fn a_message_arrives_whole_and_alone() {
        let (eye, voice) = PairEnd::pair().unwrap();
        let check = "r0000001.20261121.1".parse().unwrap();
        let asked = ToEye::Look { check, look: 2 };
        voice.send(&ToEye::Ping).unwrap();
        voice.send(&asked).unwrap();
        assert_eq!(eye.receive::<ToEye>().unwrap(), ToEye::Ping);
        assert_eq!(eye.receive::<ToEye>().unwrap(), asked);
    }

    #[test]
    fn rubbish_costs_one_message_and_not_the_pair() {
        let (eye, voice) = PairEnd::pair().unwrap();
        raw(&voice, b"{\"open\":\"the door\"}");
        raw(&voice, &vec![b' '; DATAGRAM_MAX + 1]);
        voice.send(&ToEye::Ping).unwrap();
        let first = eye.receive::<ToEye>();
        assert!(matches!(first, Err(ReceiveError::Unreadable(_))));
        let second = eye.receive::<ToEye>();
        assert!(matches!(second, Err(ReceiveError::TooLarge(length)) if length > DATAGRAM_MAX));
        assert_eq!(eye.receive::<ToEye>().unwrap(), ToEye::Ping);
    }

    /// Eye and voice over datagram sockets, as systemd gives them; and the sockets that it keeps.
    fn datagrams(folder: &Path) -> ([PairEnd; 2], [OwnedFd; 2]) {
        let paths = ["to-eye", "to-voice"].map(|name| folder.join(name));
        let kept = paths.clone().map(|path| {
            let socket = std::os::unix::net::UnixDatagram::bind(path).unwrap();
            OwnedFd::from(socket)
        });
        let own = |at: usize| kept[at].try_clone().unwrap();
        let eye = PairEnd::of(own(0), Some(&paths[1])).unwrap();
        let voice = PairEnd::of(own(1), Some(&paths[0])).unwrap();
        ([eye, voice], kept)
    }

    #[test]
    fn two_datagram_sockets_are_a_pair_that_outlives_either_side() {
        let folder = tempfile::tempdir().unwrap();
        let ([eye, voice], kept) = datagrams(folder.path());
        voice.send(&ToEye::Ping).unwrap();
        drop(eye);
        voice.send(&ToEye::Ping).unwrap();
        let restarted = kept[0].try_clone().unwrap();
        let eye = PairEnd::of(restarted, Some(&folder.path().join("to-voice"))).unwrap();
        assert_eq!(eye.receive::<ToEye>().unwrap(), ToEye::Ping);
        assert_eq!(eye.receive::<ToEye>().unwrap(), ToEye::Ping);
        eye.try_clone().unwrap().send(&"back").unwrap();
        assert_eq!(voice.receive::<String>().unwrap(), "back");
        // Whoever does not read holds nobody up, and an empty message ends nothing.
        let full = (0..100_000).find_map(|_| eye.send(&"word").err());
        assert!(matches!(full, Some(SendError::Full)));
        let raw_sender = reach(&folder.path().join("to-eye")).unwrap();
        send(&raw_sender, b"", SendFlags::NOSIGNAL).unwrap();
        assert!(matches!(
            eye.receive::<ToEye>(),
            Err(ReceiveError::Unreadable(_))
        ));
        drop((eye, kept));
        assert!(matches!(voice.send(&ToEye::Ping), Err(SendError::Closed)));
    }

    #[test]
    fn what_is_no_pair_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let own = || OwnedFd::from(std::os::unix::net::UnixDatagram::unbound().unwrap());
        let error = PairEnd::of(own(), None).unwrap_err().to_string();
        assert!(error.contains("--other-end"), "{error}");
        let nowhere = folder.path().join("to-voice");
        let error = PairEnd::of(own(), Some(&nowhere)).unwrap_err().to_string();
        assert!(error.contains("to-voice"), "{error}");
        let (seqpacket, _voice) = PairEnd::pair().unwrap();
        let error = PairEnd::of(seqpacket.into(), Some(&nowhere));
        assert!(matches!(error, Err(PairError::NotAPair)));
    }

    #[test]
    fn a_message_that_is_too_large_is_not_sent() {
        let (eye, _voice) = PairEnd::pair().unwrap();
        let refused = eye.send(&"x".repeat(DATAGRAM_MAX));
        assert!(matches!(refused, Err(SendError::TooLarge(_))));
    }

    #[test]
    fn whoever_does_not_read_holds_nobody_up() {
        let (eye, voice) = PairEnd::pair().unwrap();
        let full = (0..100_000).find_map(|_| voice.send(&ToEye::Ping).err());
        assert!(matches!(full, Some(SendError::Full)));
        assert_eq!(eye.receive::<ToEye>().unwrap(), ToEye::Ping);
    }

    #[test]
    fn a_pair_outlives_one_side_and_closes_with_the_last() {
        let (eye, voice) = PairEnd::pair().unwrap();
        let kept_by_the_supervisor = voice.try_clone().unwrap();
        voice.send(&ToEye::Ping).unwrap();
        drop(voice);
        assert_eq!(eye.receive::<ToEye>().unwrap(), ToEye::Ping);
        kept_by_the_supervisor.send(&ToEye::Ping).unwrap();
        drop(kept_by_the_supervisor);
        assert_eq!(eye.receive::<ToEye>().unwrap(), ToEye::Ping);
        assert!(matches!(eye.receive::<ToEye>(), Err(ReceiveError::Closed)));
        assert!(matches!(eye.send(&ToEye::Ping), Err(SendError::Closed)));
    }
}
