//! What Nattsyn answers when a receiver asks: `MESSAGE` brings a reply, `OPTIONS` asks whether
//! anybody is there, everything else is not for us.
//!
//! Answers are made from the request alone, so a request that comes again is answered again.
//! Whether the reply was waited for is the caller's to know.

use std::net::SocketAddr;

use crate::message::{ReadError, Reply};

use super::packet::{Packet, Start, written};

/// What may be asked of us.
const ALLOW: &str = "MESSAGE, OPTIONS";

/// Which bodies are read.
const ACCEPT: &str = "application/scaip+xml, application/xml";

/// An answer, and what the request brought.
#[derive(Debug)]
pub struct Answer {
    /// The response to send back to where the request came from.
    pub response: Vec<u8>,
    /// What it brought.
    pub brought: Brought,
}

/// What a request brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Brought {
    /// A reply to a message.
    Reply(Reply),
    /// A body that should have been one.
    Unreadable(ReadError),
    /// Nothing.
    Nothing,
}

/// Whether a body of this type is read as SCAIP.
pub(crate) fn is_scaip(content_type: &str) -> bool {
    ["application/scaip+xml", "application/xml"].contains(&content_type)
}

/// Answers a request that came from `source`; `tag` names us in the answer.
///
/// `None` for what gets no answer: a response, an `ACK`, or a request without the headers that
/// an answer must repeat.
#[must_use]
pub fn answer(packet: &Packet, source: SocketAddr, tag: &str) -> Option<Answer> {
    let Start::Request { method } = &packet.start else {
        return None;
    };
    let (status, extra, brought) = match method.as_str() {
        "ACK" => return None,
        "MESSAGE" => take(packet),
        "OPTIONS" => ("200 OK", Some(("Accept", ACCEPT)), Brought::Nothing),
        _ => ("405 Method Not Allowed", None, Brought::Nothing),
    };
    let response = response(packet, source, tag, status, extra)?;
    Some(Answer { response, brought })
}

type Taken = (&'static str, Option<(&'static str, &'static str)>, Brought);

fn take(packet: &Packet) -> Taken {
    if packet.content_type().is_some_and(|kind| !is_scaip(&kind)) {
        let accept = Some(("Accept", ACCEPT));
        return ("415 Unsupported Media Type", accept, Brought::Nothing);
    }
    match Reply::from_xml(&packet.body) {
        Ok(reply) => ("200 OK", None, Brought::Reply(reply)),
        Err(error) => ("400 Bad Request", None, Brought::Unreadable(error)),
    }
}

fn response(
    packet: &Packet,
    source: SocketAddr,
    tag: &str,
    status: &str,
    extra: Option<(&str, &str)>,
) -> Option<Vec<u8>> {
    let mut vias = packet.headers("Via");
    let first = received(vias.next()?, source);
    let to = packet.header("To")?;
    let to = match to.rsplit_once('>').map_or(to, |(_, parameters)| parameters) {
        parameters if parameters.contains(";tag=") => to.to_owned(),
        _ => format!("{to};tag={tag}"),
    };
    let mut headers = vec![("Via", first.as_str())];
    headers.extend(vias.map(|via| ("Via", via)));
    headers.push(("From", packet.header("From")?));
    headers.push(("To", &to));
    headers.push(("Call-ID", packet.header("Call-ID")?));
    headers.push(("CSeq", packet.header("CSeq")?));
    headers.push(("Allow", ALLOW));
    headers.extend(extra);
    Some(written(&format!("SIP/2.0 {status}"), &headers, b""))
}

/// The topmost `Via` with where the request really came from, if it asks (RFC 3581, 4).
fn received(via: &str, source: SocketAddr) -> String {
    let (top, rest) = via.split_at(via.find(',').unwrap_or(via.len()));
    let parameters = top.split(';').map(|parameter| {
        if parameter.trim().eq_ignore_ascii_case("rport") {
            format!("rport={};received={}", source.port(), source.ip())
        } else {
            parameter.to_owned()
        }
    });
    let top: Vec<String> = parameters.collect();
    format!("{}{rest}", top.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Field as _, Reference, Root, Verdict};

    fn source() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 7], 5062))
    }

    fn asked(method: &str, content_type: &str, body: &str) -> Packet {
        let headers = [
            (
                "Via",
                "SIP/2.0/UDP a:5060;rport;branch=z9hG4bK1, SIP/2.0/UDP b;rport",
            ),
            ("Via", "SIP/2.0/UDP c"),
            ("From", "<sip:arc@receiver.example>;tag=1"),
            ("To", "<sip:hub@hub.example>"),
            ("Call-ID", "x"),
            ("CSeq", "4 MESSAGE"),
            ("Content-Type", content_type),
        ];
        let start = format!("{method} sip:hub@hub.example SIP/2.0");
        Packet::from_datagram(&written(&start, &headers, body.as_bytes())).unwrap()
    }

    fn status(answer: &Answer) -> (u16, Packet) {
        let packet = Packet::from_datagram(&answer.response).unwrap();
        match packet.start {
            Start::Response { status, .. } => (status, packet),
            Start::Request { .. } => panic!("an answer is no request"),
        }
    }

    #[test]
    fn a_reply_is_taken_and_the_answer_finds_its_way_back() {
        let reply = Reply::new(Reference::parse("a1").unwrap(), Verdict::Ok);
        let body = reply.to_xml(Root::Mrq);
        for kind in ["application/scaip+xml", "Application/XML; charset=utf-8"] {
            let answer = answer(&asked("MESSAGE", kind, &body), source(), "ours").unwrap();
            let (status, packet) = status(&answer);
            assert_eq!(status, 200);
            assert_eq!(answer.brought, Brought::Reply(reply.clone()));
            let vias: Vec<_> = packet.headers("Via").collect();
            assert_eq!(
                vias[0],
                "SIP/2.0/UDP a:5060;rport=5062;received=192.0.2.7;branch=z9hG4bK1, \
                 SIP/2.0/UDP b;rport"
            );
            assert_eq!(vias.len(), 2);
            assert_eq!(packet.header("To"), Some("<sip:hub@hub.example>;tag=ours"));
            assert_eq!(packet.sequence(), Some((4, "MESSAGE")));
        }
    }

    #[test]
    fn whatever_else_is_asked_gets_the_answer_that_fits() {
        let kind = "application/scaip+xml";
        let of = |method: &str, kind: &str, body: &str| {
            answer(&asked(method, kind, body), source(), "t").map(|answer| status(&answer).0)
        };
        assert_eq!(of("OPTIONS", kind, ""), Some(200));
        assert_eq!(of("INVITE", kind, ""), Some(405));
        assert_eq!(of("MESSAGE", "text/plain", "hej"), Some(415));
        assert_eq!(of("MESSAGE", kind, "<mrs><ref>"), Some(400));
        assert_eq!(of("ACK", kind, ""), None);
        let bare = Packet::from_datagram(b"OPTIONS sip:a SIP/2.0\r\n\r\n").unwrap();
        assert!(answer(&bare, source(), "t").is_none());
    }
}
