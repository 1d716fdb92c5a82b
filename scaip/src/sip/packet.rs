//! One SIP message, read from bytes: a request or a response, its headers and its body.
//!
//! Reading is bounded and tolerant of what others write (compact names, folded lines, any
//! case); it judges no header's meaning. Where a message ends on a stream is
//! [`super::framing`]'s; what is sent is written by those who send it.

use std::fmt::Write as _;

/// Most bytes of start line and headers. A challenge with several schemes has about 1,500.
pub const HEAD_MAX: usize = 16 * 1024;

/// Most bytes of a body: as much as a SCAIP message is read to.
pub const BODY_MAX: usize = crate::message::BYTES_MAX;

/// Most header lines; a request through five proxies has about 25.
const HEADERS_MAX: usize = 100;

/// Why bytes are no SIP message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Start line and headers have no end, or are longer than any answer.
    #[error("the head has no end within {HEAD_MAX} bytes")]
    Head,
    /// The head is not text.
    #[error("the head is no UTF-8 text")]
    NotText,
    /// The first line is neither a request's nor a response's.
    #[error("the first line is no SIP request and no SIP response")]
    StartLine,
    /// A header line without a colon or a name.
    #[error("header line {0} is none")]
    Header(usize),
    /// More header lines than any answer.
    #[error("more than {HEADERS_MAX} header lines")]
    TooManyHeaders,
    /// No usable `Content-Length`, where nothing else says where the body ends.
    #[error("`Content-Length` is missing, contradicts itself or is no number up to {BODY_MAX}")]
    Length,
    /// Fewer bytes than `Content-Length` says.
    #[error("the body ends after {got} of {said} bytes")]
    Short {
        /// How many there are.
        got: usize,
        /// How many there should be.
        said: usize,
    },
}

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Somebody asks.
    Request {
        /// Such as `MESSAGE`.
        method: String,
    },
    /// Somebody answers.
    Response {
        /// 100 to 699.
        status: u16,
        /// The same in words, such as `Busy Here`.
        phrase: String,
    },
}

/// A SIP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What it is.
    pub start: Start,
    headers: Vec<(String, String)>,
    /// What it carries.
    pub body: Vec<u8>,
}

impl Packet {
    /// Reads one message that fills a datagram.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn from_datagram(bytes: &[u8]) -> Result<Self, PacketError> {
        let (mut packet, rest) = Self::read_head(bytes)?;
        let said = match packet.content_length()? {
            Some(said) => said,
            None if rest.len() <= BODY_MAX => rest.len(),
            None => return Err(PacketError::Length),
        };
        let body = rest.get(..said).ok_or(PacketError::Short {
            got: rest.len(),
            said,
        })?;
        packet.body = body.to_vec();
        Ok(packet)
    }

    /// Reads start line and headers; returns the message without its body, and what follows.
    pub(super) fn read_head(bytes: &[u8]) -> Result<(Self, &[u8]), PacketError> {
        let end = head_end(bytes).ok_or(PacketError::Head)?;
        let (head, rest) = bytes.split_at(end);
        let head = std::str::from_utf8(head).ok().ok_or(PacketError::NotText)?;
        let mut lines = head.split("\r\n");
        let start = lines
            .next()
            .and_then(start_line)
            .ok_or(PacketError::StartLine)?;
        let packet = Self {
            start,
            headers: headers(lines)?,
            body: Vec::new(),
        };
        Ok((packet, rest))
    }

    /// The first header of this name, by its long name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(written, _): &&(String, String)| written.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    /// All headers of this name, in order.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(written, _)| written.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// How long the body says it is.
    pub(super) fn content_length(&self) -> Result<Option<usize>, PacketError> {
        let mut said = None;
        for value in self.headers("Content-Length") {
            let length = value.parse::<usize>().ok();
            let length = length.filter(|length| *length <= BODY_MAX);
            let length = length.ok_or(PacketError::Length)?;
            if said.is_some_and(|said| said != length) {
                return Err(PacketError::Length);
            }
            said = Some(length);
        }
        Ok(said)
    }

    /// The branch of the topmost `Via`: which transaction a response belongs to.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        let via = self.header("Via")?.split(',').next()?;
        parameter(via, "branch")
    }

    /// Number and method of `CSeq`.
    #[must_use]
    pub fn sequence(&self) -> Option<(u32, &str)> {
        let (number, method) = self.header("CSeq")?.split_once([' ', '\t'])?;
        Some((number.parse().ok()?, method.trim()))
    }

    /// The body's media type in lower case, without its parameters.
    #[must_use]
    pub fn content_type(&self) -> Option<String> {
        let value = self.header("Content-Type")?;
        let essence = value.split(';').next().unwrap_or(value);
        Some(essence.trim().to_ascii_lowercase())
    }
}

/// Writes a message: its first line, its headers and a body with its length.
pub(crate) fn written(start: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{start}\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").expect("writing to a string never fails");
    }
    write!(head, "Content-Length: {}\r\n\r\n", body.len())
        .expect("writing to a string never fails");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Where the head ends, its blank line included.
pub(super) fn head_end(bytes: &[u8]) -> Option<usize> {
    let searched = bytes.get(..HEAD_MAX).unwrap_or(bytes);
    let blank = searched.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(blank + 4)
}

/// A parameter's value, such as the branch of a `Via`.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let mut parameters = header.split(';').skip(1);
    parameters.find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn start_line(line: &str) -> Option<Start> {
    if let Some(rest) = line.strip_prefix("SIP/2.0 ") {
        let (status, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
        let status: u16 = status.parse().ok().filter(|_| status.len() == 3)?;
        return (100..700).contains(&status).then(|| Start::Response {
            status,
            phrase: phrase.to_owned(),
        });
    }
    let mut parts = line.split(' ');
    let (method, uri, version) = (parts.next()?, parts.next()?, parts.next()?);
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    let fits = !method.is_empty() && method.bytes().all(token) && !uri.is_empty();
    (fits && version == "SIP/2.0" && parts.next().is_none()).then(|| Start::Request {
        method: method.to_owned(),
    })
}

fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<(String, String)>, PacketError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (index, line) in lines.enumerate() {
        let number = index + 1;
        if line.is_empty() {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = headers.last_mut().ok_or(PacketError::Header(number))?;
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        if headers.len() >= HEADERS_MAX {
            return Err(PacketError::TooManyHeaders);
        }
        let (name, value) = line.split_once(':').ok_or(PacketError::Header(number))?;
        let name = name.trim_end_matches([' ', '\t']);
        if name.is_empty() || value.contains(['\r', '\n', '\0']) {
            return Err(PacketError::Header(number));
        }
        headers.push((long_name(name).to_owned(), value.trim().to_owned()));
    }
    Ok(headers)
}

/// A header's long name (RFC 3261, 7.3.3), of those that anybody here asks for.
fn long_name(name: &str) -> &str {
    match name {
        "v" | "V" => "Via",
        "f" | "F" => "From",
        "t" | "T" => "To",
        "i" | "I" => "Call-ID",
        "l" | "L" => "Content-Length",
        "c" | "C" => "Content-Type",
        "m" | "M" => "Contact",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OK: &str = "SIP/2.0 200 OK\r\n\
                      v: SIP/2.0/UDP a;rport=5;branch=z9hG4bK1, SIP/2.0/UDP b\r\n\
                      CSEQ: 7 MESSAGE\r\nSubject: a\r\n  b\r\n\
                      c: Application/SCAIP+xml;charset=utf-8\r\nl: 3\r\n\r\nabcd";

    #[test]
    fn what_others_write_is_read() {
        let packet = Packet::from_datagram(OK.as_bytes()).unwrap();
        assert_eq!(
            packet.start,
            Start::Response {
                status: 200,
                phrase: "OK".to_owned()
            }
        );
        assert_eq!(packet.branch(), Some("z9hG4bK1"));
        assert_eq!(packet.sequence(), Some((7, "MESSAGE")));
        assert_eq!(packet.header("subject"), Some("a b"));
        assert_eq!(packet.content_type().unwrap(), "application/scaip+xml");
        assert_eq!(packet.body, b"abc");
    }

    #[test]
    fn what_is_no_message_says_why() {
        let read = |text: &str| Packet::from_datagram(text.as_bytes()).unwrap_err();
        assert_eq!(read("SIP/2.0 200 OK\r\n"), PacketError::Head);
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\n"), PacketError::StartLine);
        assert_eq!(read("SIP/2.0 99 x\r\n\r\n"), PacketError::StartLine);
        assert_eq!(
            read("MESSAGE  sip:a SIP/2.0\r\n\r\n"),
            PacketError::StartLine
        );
        assert_eq!(
            read("SIP/2.0 200 OK\r\nnothing\r\n\r\n"),
            PacketError::Header(1)
        );
        assert_eq!(
            read("SIP/2.0 200 OK\r\n folded\r\n\r\n"),
            PacketError::Header(1)
        );
        let short = PacketError::Short { got: 1, said: 5 };
        assert_eq!(read("SIP/2.0 200 OK\r\nl: 5\r\n\r\na"), short);
        for length in ["-1", "x", "99999999999999999999", "16385"] {
            let text = format!("SIP/2.0 200 OK\r\nl: {length}\r\n\r\n");
            assert_eq!(read(&text), PacketError::Length);
        }
        assert_eq!(
            read("SIP/2.0 200 OK\r\nl: 1\r\nl: 2\r\n\r\nab"),
            PacketError::Length
        );
        let many = format!("SIP/2.0 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
        assert_eq!(read(&many), PacketError::TooManyHeaders);
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = written(
            "MESSAGE sip:a@b SIP/2.0",
            &[("Via", "x"), ("To", "<y>")],
            b"body",
        );
        let packet = Packet::from_datagram(&bytes).unwrap();
        assert_eq!(packet.header("To"), Some("<y>"));
        assert_eq!(packet.body, b"body");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _either = Packet::from_datagram(&bytes);
        }

        #[test]
        fn a_message_with_any_bytes_changed_is_read_or_refused(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
        ) {
            let mut bytes = OK.as_bytes().to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(packet) = Packet::from_datagram(&bytes) {
                let _all = (packet.branch(), packet.sequence(), packet.content_type());
            }
        }
    }
}
