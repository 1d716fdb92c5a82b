//! Where one message ends and the next begins on a stream (TCP, TLS): by `Content-Length`
//! (RFC 3261, 18.3). What a message means is not looked at.

use super::packet::{BODY_MAX, HEAD_MAX, Packet, PacketError, head_end};

/// Gathers a stream's bytes into messages.
///
/// Holds at most one message of the longest kind: [`Framer::next_packet`] is to be called until it
/// returns `None` before more is pushed, and refuses a head without an end.
#[derive(Debug, Default)]
pub struct Framer {
    bytes: Vec<u8>,
}

impl Framer {
    /// Most bytes that one read may push.
    pub const READ_MAX: usize = 4096;

    /// Takes in what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether a message has begun and not ended.
    #[must_use]
    pub fn is_within_message(&self) -> bool {
        !self.bytes.iter().all(|byte| b"\r\n".contains(byte))
    }

    /// The next whole message, if it is there. After an error the stream cannot be followed.
    ///
    /// # Errors
    ///
    /// What stands there is no message, or longer than any.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, PacketError> {
        // Blank lines between messages keep a connection alive (RFC 5626, 3.5.1).
        let blanks = self.bytes.iter().take_while(|byte| b"\r\n".contains(byte));
        let blanks = blanks.count();
        self.bytes.drain(..blanks);
        let Some(head) = head_end(&self.bytes) else {
            let endless = self.bytes.len() >= HEAD_MAX;
            return if endless {
                Err(PacketError::Head)
            } else {
                Ok(None)
            };
        };
        let (mut packet, rest) = Packet::read_head(&self.bytes)?;
        let said = packet.content_length()?.ok_or(PacketError::Length)?;
        debug_assert!(said <= BODY_MAX, "content_length refuses more");
        let Some(body) = rest.get(..said) else {
            return Ok(None);
        };
        packet.body = body.to_vec();
        self.bytes.drain(..head + said);
        Ok(Some(packet))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sip::packet::written;

    fn stream() -> Vec<u8> {
        let first = written("SIP/2.0 202 Accepted", &[("Via", "a")], b"");
        let second = written(
            "MESSAGE sip:a@b SIP/2.0",
            &[("Via", "b")],
            b"<mrs/>\r\n\r\n",
        );
        [b"\r\n\r\n".to_vec(), first, b"\r\n".to_vec(), second].concat()
    }

    #[test]
    fn a_stream_without_lengths_is_not_guessed_at() {
        let mut framer = Framer::default();
        framer.push(b"SIP/2.0 200 OK\r\nVia: a\r\n\r\n<mrs/>");
        assert_eq!(framer.next_packet(), Err(PacketError::Length));
    }

    #[test]
    fn a_head_without_an_end_is_refused() {
        let mut framer = Framer::default();
        for _ in 0..HEAD_MAX / Framer::READ_MAX {
            assert_eq!(framer.next_packet(), Ok(None));
            framer.push(&[b'a'; Framer::READ_MAX]);
        }
        assert_eq!(framer.next_packet(), Err(PacketError::Head));
    }

    proptest! {
        #[test]
        fn however_a_stream_is_cut_the_messages_are_the_same(
            cuts in prop::collection::vec(1_usize..40, 1..40)
        ) {
            let (mut framer, mut bodies, mut rest) = (Framer::default(), Vec::new(), &*stream());
            let mut cuts = cuts.into_iter().cycle();
            while !rest.is_empty() {
                let cut = cuts.next().unwrap().min(rest.len());
                framer.push(&rest[..cut]);
                rest = &rest[cut..];
                while let Some(packet) = framer.next_packet().unwrap() {
                    bodies.push(packet.body);
                }
            }
            prop_assert_eq!(bodies, vec![b"".to_vec(), b"<mrs/>\r\n\r\n".to_vec()]);
            prop_assert!(!framer.is_within_message());
        }

        #[test]
        fn any_stream_is_followed_or_refused(
            reads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)
        ) {
            let mut framer = Framer::default();
            for read in reads {
                framer.push(&read);
                while let Ok(Some(_)) = framer.next_packet() {}
            }
        }
    }
}
