//! The pair's socket: one JSON datagram a message, within a size that both sides know.
//!
//! [`PairEnd`] is one end of a `SOCK_SEQPACKET` pair. Sending never waits: whoever does not
//! read must not be able to hold the other up, so a full queue is an error for the sender to
//! judge ([`SendError::Full`]). Receiving waits, and is meant for a thread that does nothing
//! else. Descriptors that a sender attaches are dropped by the kernel unseen.
//!
//! The supervisor keeps both ends open, so that messages outlive a process that is restarted;
//! [`ReceiveError::Closed`] therefore means that the supervisor and the other side are gone.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pair::DATAGRAM_MAX;

/// One end of the pair.
#[derive(Debug)]
pub struct PairEnd(OwnedFd);

/// Why there is no pair to speak over.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// Standard input is no end of a pair: the program was started by hand.
    #[error("standard input is not an end of a SOCK_SEQPACKET pair; start with nattsyn-supervise")]
    NotAPair,
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
        Ok((Self(one), Self(other)))
    }

    /// The end that the supervisor gave as standard input.
    ///
    /// # Errors
    ///
    /// Standard input is something else.
    pub fn from_stdin() -> Result<Self, PairError> {
        let stdin = std::io::stdin();
        let end = stdin
            .as_fd()
            .try_clone_to_owned()
            .map_err(PairError::System)?;
        match rustix::net::sockopt::socket_type(&end) {
            Ok(SocketType::SEQPACKET) => Ok(Self(end)),
            Ok(_) | Err(_) => Err(PairError::NotAPair),
        }
    }

    /// The same end once more, for another thread or for a program that is started with it.
    ///
    /// # Errors
    ///
    /// The system has no more descriptors.
    pub fn try_clone(&self) -> Result<Self, PairError> {
        self.0.try_clone().map(Self).map_err(PairError::System)
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
        match retry_on_intr(|| send(&self.0, &bytes, flags)) {
            Ok(_whole_datagram) => Ok(()),
            Err(Errno::AGAIN | Errno::NOBUFS) => Err(SendError::Full),
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => Err(SendError::Closed),
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
        let received = retry_on_intr(|| recv(&self.0, &mut buffer[..], RecvFlags::TRUNC));
        let length = match received {
            Ok((_, length)) => length,
            Err(Errno::CONNRESET) => return Err(ReceiveError::Closed),
            Err(errno) => return Err(ReceiveError::System(errno.into())),
        };
        if length == 0 {
            return Err(ReceiveError::Closed);
        }
        let bytes = buffer.get(..length).ok_or(ReceiveError::TooLarge(length))?;
        serde_json::from_slice(bytes).map_err(ReceiveError::Unreadable)
    }
}

impl AsFd for PairEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<PairEnd> for OwnedFd {
    fn from(end: PairEnd) -> Self {
        end.0
    }
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
