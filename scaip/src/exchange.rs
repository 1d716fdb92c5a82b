//! One message from the first byte to the verdict: sent, sent again, signed when challenged,
//! and matched with its reply in either of the two styles that receivers have.
//!
//! - Style a: the reply is the body of the 200.
//! - Style b: the 200 is empty, and the reply comes as a `MESSAGE` of the receiver's own.
//!
//! Pure: time and packets come in, bytes to send and an ending come out. It decides nothing
//! about other receivers, and a message is delivered only when a reply to it says so.

use std::net::SocketAddr;

use nattsyn_protocol::time::Uptime;

use crate::message::{ReadError, Reference, Reply, Verdict};
use crate::sip::SipUri;
use crate::sip::answer::{Brought, answer, is_scaip};
use crate::sip::digest::{Challenge, Credentials, DigestError, Freshness};
use crate::sip::packet::{Packet, Start, written};
use crate::sip::transaction::{Due, Reliability, Transaction};

#[cfg(test)]
mod tests;

/// Most challenges that are answered for one message: a proxy's, the receiver's, and one whose
/// time had passed.
const CHALLENGES_MAX: u32 = 3;

/// How a message is addressed; the same for every message to one receiver over one line.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Whom it is for.
    pub target: SipUri,
    /// Who sends it.
    pub from: SipUri,
    /// The transport's name in `Via`: `UDP`, `TCP` or `TLS`.
    pub transport: &'static str,
    /// Our end of the line.
    pub sent_by: SocketAddr,
    /// Where replies of style b may come besides, if anywhere. RFC 3428 wants no `Contact` in a
    /// `MESSAGE`; it is sent only where the receiver needs it.
    pub contact: Option<SipUri>,
    /// The body's media type.
    pub content_type: &'static str,
    /// How the line carries bytes.
    pub reliability: Reliability,
    /// Who we are to a receiver that asks.
    pub credentials: Option<Credentials>,
}

/// What must differ from message to message, in letters and digits.
#[derive(Clone, Debug)]
pub struct Fresh {
    call_id: String,
    tag: String,
    branch: String,
    nonce: String,
}

impl Fresh {
    /// Cuts random bytes into what is needed.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 48]) -> Self {
        let hex = |range: std::ops::Range<usize>| -> String {
            bytes[range]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        };
        Self {
            call_id: hex(0..16),
            tag: hex(16..24),
            branch: hex(24..36),
            nonce: hex(36..48),
        }
    }
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send these bytes.
    Send(Vec<u8>),
    /// The message is over; nothing more is asked for.
    End(Result<Reply, Failure>),
}

/// Why a message is not known to be delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The receiver read it and said no.
    #[error("the receiver refused it: {:?}", .0.verdict)]
    Refused(Reply),
    /// A SIP server on the way, or the receiver's own, said no.
    #[error("the receiver's SIP answer was {status} {phrase}")]
    Rejected {
        /// 300 to 699.
        status: u16,
        /// The same in words.
        phrase: String,
    },
    /// The receiver wants to know who we are, and is not satisfied.
    #[error("the receiver does not take who we are")]
    NotKnown(#[source] NotKnown),
    /// The reply cannot be read.
    #[error("reading the receiver's reply")]
    Unreadable(#[source] ReadError),
    /// The reply has a media type that is not SCAIP's.
    #[error("the receiver's reply is of another media type")]
    OtherMedia,
    /// The reply is to another message.
    #[error("the receiver's reply is to another message")]
    OtherReference,
    /// No reply in time.
    #[error("no reply in time; {0}")]
    Silence(Heard),
}

/// Why a receiver is not satisfied with who we are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKnown {
    /// It asks, and no credentials are set.
    #[error("it asks for credentials, and none are set")]
    NoCredentials,
    /// User name or password are wrong.
    #[error("user name or password are not the receiver's")]
    Refused,
    /// It asks in a way that cannot be answered.
    #[error(transparent)]
    Challenge(#[from] DigestError),
}

/// What was heard before silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing at all.
    Nothing,
    /// That somebody is at it.
    Provisional,
    /// That the message was accepted, and then no verdict.
    Accepted,
}

impl std::fmt::Display for Heard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Nothing => "nothing was heard",
            Self::Provisional => "somebody was at it",
            Self::Accepted => "the message was accepted, and no verdict came",
        })
    }
}

/// One message under way.
#[derive(Debug)]
pub struct Exchange {
    envelope: Envelope,
    fresh: Fresh,
    reference: Reference,
    body: Vec<u8>,
    /// Headers that prove who we are, one of each name.
    proofs: Vec<(&'static str, String)>,
    challenges: u32,
    stage: Stage,
    heard: Heard,
    /// The last thing that was no reply and should have been one.
    trouble: Option<Failure>,
    deadline: Uptime,
}

#[derive(Debug)]
enum Stage {
    /// The request is out, and what it was.
    Asking(Transaction, Vec<u8>),
    /// It was accepted without a verdict.
    Accepted,
}

impl Exchange {
    /// Begins: the bytes are to be sent first.
    #[must_use]
    pub fn begin(
        now: Uptime,
        deadline: Uptime,
        envelope: Envelope,
        fresh: Fresh,
        (reference, body): (Reference, Vec<u8>),
    ) -> (Self, Vec<u8>) {
        let mut exchange = Self {
            envelope,
            fresh,
            reference,
            body,
            proofs: Vec::new(),
            challenges: 0,
            stage: Stage::Accepted,
            heard: Heard::Nothing,
            trouble: None,
            deadline,
        };
        let bytes = exchange.ask(now);
        (exchange, bytes)
    }

    /// Takes in a packet that came over the line from `source`.
    pub fn handle_packet(
        &mut self,
        now: Uptime,
        source: SocketAddr,
        packet: &Packet,
    ) -> Vec<Effect> {
        match &packet.start {
            Start::Request { .. } => self.handle_request(source, packet),
            Start::Response { status, phrase } => {
                self.handle_response(now, *status, phrase, packet)
            }
        }
    }

    /// Takes in a reply, wherever it came from. One to another message does nothing.
    pub fn handle_reply(&mut self, reply: Reply) -> Vec<Effect> {
        if reply.reference == self.reference {
            vec![Effect::End(judged(reply))]
        } else {
            Vec::new()
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Uptime) -> Vec<Effect> {
        if now >= self.deadline {
            return vec![self.silence()];
        }
        match &mut self.stage {
            Stage::Accepted => Vec::new(),
            Stage::Asking(transaction, bytes) => match transaction.handle_timeout(now) {
                Some(Due::Resend) => vec![Effect::Send(bytes.clone())],
                Some(Due::GiveUp) => vec![self.silence()],
                None => Vec::new(),
            },
        }
    }

    /// When something is due next.
    #[must_use]
    pub fn next_timeout(&self) -> Uptime {
        match &self.stage {
            Stage::Asking(transaction, _) => transaction.next_timeout().min(self.deadline),
            Stage::Accepted => self.deadline,
        }
    }

    /// What was heard so far.
    #[must_use]
    pub fn heard(&self) -> Heard {
        self.heard
    }

    fn silence(&mut self) -> Effect {
        let trouble = self.trouble.take();
        Effect::End(Err(trouble.unwrap_or(Failure::Silence(self.heard))))
    }

    /// Writes the request anew, as a transaction of its own.
    fn ask(&mut self, now: Uptime) -> Vec<u8> {
        let bytes = self.request();
        let transaction = Transaction::begin(now, self.envelope.reliability);
        self.stage = Stage::Asking(transaction, bytes.clone());
        bytes
    }

    fn branch(&self) -> String {
        // The cookie of RFC 3261, 8.1.1.7; each transaction needs a branch of its own.
        format!("z9hG4bK{}{}", self.fresh.branch, self.challenges)
    }

    fn request(&self) -> Vec<u8> {
        let Envelope {
            target,
            from,
            transport,
            sent_by,
            contact,
            content_type,
            ..
        } = &self.envelope;
        let via = format!(
            "SIP/2.0/{transport} {sent_by};branch={};rport",
            self.branch()
        );
        let from = format!("<{from}>;tag={}", self.fresh.tag);
        let to = format!("<{target}>");
        let sequence = format!("{} MESSAGE", self.challenges + 1);
        let contact = contact.as_ref().map(|contact| format!("<{contact}>"));
        let mut headers = vec![
            ("Via", via.as_str()),
            ("Max-Forwards", "70"),
            ("From", &from),
            ("To", &to),
            ("Call-ID", &self.fresh.call_id),
            ("CSeq", &sequence),
        ];
        headers.extend(contact.as_deref().map(|contact| ("Contact", contact)));
        headers.extend(
            self.proofs
                .iter()
                .map(|(name, proof)| (*name, proof.as_str())),
        );
        headers.push(("Content-Type", content_type));
        written(&format!("MESSAGE {target} SIP/2.0"), &headers, &self.body)
    }

    fn handle_request(&mut self, source: SocketAddr, packet: &Packet) -> Vec<Effect> {
        let Some(answer) = answer(packet, source, &self.fresh.tag) else {
            return Vec::new();
        };
        let mut effects = vec![Effect::Send(answer.response)];
        match answer.brought {
            Brought::Reply(reply) => effects.extend(self.handle_reply(reply)),
            Brought::Unreadable(error) => self.trouble = Some(Failure::Unreadable(error)),
            Brought::Nothing => {}
        }
        effects
    }

    fn handle_response(
        &mut self,
        now: Uptime,
        status: u16,
        phrase: &str,
        packet: &Packet,
    ) -> Vec<Effect> {
        let ours = packet.branch() == Some(self.branch().as_str())
            && packet.sequence() == Some((self.challenges + 1, "MESSAGE"));
        let Stage::Asking(transaction, _) = &mut self.stage else {
            return Vec::new();
        };
        if !ours {
            return Vec::new();
        }
        match status {
            100..=199 => {
                transaction.handle_provisional();
                self.heard = Heard::Provisional;
                Vec::new()
            }
            200..=299 => self.handle_accepted(packet),
            401 => self.handle_challenge(now, "WWW-Authenticate", "Authorization", packet),
            407 => self.handle_challenge(now, "Proxy-Authenticate", "Proxy-Authorization", packet),
            _ => {
                let phrase = phrase.chars().take(64).collect();
                vec![Effect::End(Err(Failure::Rejected { status, phrase }))]
            }
        }
    }

    fn handle_accepted(&mut self, packet: &Packet) -> Vec<Effect> {
        if packet.body.is_empty() {
            self.stage = Stage::Accepted;
            self.heard = Heard::Accepted;
            return Vec::new();
        }
        let other = packet.content_type().is_some_and(|kind| !is_scaip(&kind));
        let ending = if other {
            Err(Failure::OtherMedia)
        } else {
            match Reply::from_xml(&packet.body) {
                Err(error) => Err(Failure::Unreadable(error)),
                Ok(reply) if reply.reference != self.reference => Err(Failure::OtherReference),
                Ok(reply) => judged(reply),
            }
        };
        vec![Effect::End(ending)]
    }

    fn handle_challenge(
        &mut self,
        now: Uptime,
        asked_in: &str,
        answered_in: &'static str,
        packet: &Packet,
    ) -> Vec<Effect> {
        match self.proof(asked_in, answered_in, packet) {
            Err(why) => vec![Effect::End(Err(Failure::NotKnown(why)))],
            Ok(proof) => {
                self.proofs.retain(|(name, _)| *name != answered_in);
                self.proofs.push((answered_in, proof));
                self.challenges += 1;
                vec![Effect::Send(self.ask(now))]
            }
        }
    }

    fn proof(
        &self,
        asked_in: &str,
        answered_in: &str,
        packet: &Packet,
    ) -> Result<String, NotKnown> {
        let credentials = self.envelope.credentials.as_ref();
        let credentials = credentials.ok_or(NotKnown::NoCredentials)?;
        let challenge = Challenge::choose(packet.headers(asked_in))?;
        let answered = self.proofs.iter().any(|(name, _)| *name == answered_in);
        let refused = answered && challenge.freshness() == Freshness::New;
        if refused || self.challenges >= CHALLENGES_MAX {
            return Err(NotKnown::Refused);
        }
        let target = self.envelope.target.as_str();
        Ok(challenge.answer(credentials, "MESSAGE", target, &self.fresh.nonce))
    }
}

/// Delivered only when the verdict says so.
fn judged(reply: Reply) -> Result<Reply, Failure> {
    match reply.verdict {
        Verdict::Ok => Ok(reply),
        Verdict::TooLong
        | Verdict::InvalidFormat
        | Verdict::WrongContent
        | Verdict::Hold
        | Verdict::NotTreated
        | Verdict::Busy
        | Verdict::TagMissing
        | Verdict::Unknown(_) => Err(Failure::Refused(reply)),
    }
}
