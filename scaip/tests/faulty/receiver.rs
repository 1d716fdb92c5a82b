//! An alarm receiver that does what it is told, also what no receiver should.
//!
//! It reads every request with the product's own reader, so that a message that is no message
//! is seen; it speaks SIP by hand, so that it can be wrong.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nattsyn_scaip::message::{Field as _, Reply, Request, Root, Verdict};
use nattsyn_scaip::sip::framing::Framer;
use nattsyn_scaip::sip::packet::{Packet, Start};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// One thing that it does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers with this status, these header lines and this body.
    Answer(&'static str, &'static str, Body),
    /// Sends a request of its own back over the line that the message came by.
    Ask(&'static str, Body),
    /// The same, to another place.
    AskAt(SocketAddr, &'static str, Body),
    /// The first bytes of an answer that says to be longer.
    Half,
    /// Bytes that are no SIP.
    Noise,
    /// Nothing for a while.
    Wait(Duration),
    /// Hangs up.
    Close,
    /// Breaks the connection at once, so that the other end cannot even write.
    Break,
}

/// What an answer carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Empty,
    /// A verdict on the message that came.
    Verdict(&'static str),
    /// The same by the other root.
    VerdictByScaip(&'static str),
    /// Whatever stands here.
    Text(&'static str),
}

/// What it does about the first request, the second, and so on; after the last, nothing.
type Script = VecDeque<Vec<Act>>;

/// A receiver at work; gone when dropped.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Packet>>>,
    keeper: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

#[derive(Clone)]
struct Staff {
    script: Arc<Mutex<Script>>,
    heard: Arc<Mutex<Vec<Packet>>>,
    connector: Option<TlsConnector>,
}

impl Receiver {
    pub(crate) async fn udp(script: Vec<Vec<Act>>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        Self::new(address, script, None, |staff| {
            serve_datagrams(socket, staff)
        })
    }

    pub(crate) async fn tcp(script: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::new(address, script, None, |staff| {
            serve_connections(listener, None, staff)
        })
    }

    /// Over TLS; `connector` is for requests of its own.
    pub(crate) async fn tls(
        script: Vec<Vec<Act>>,
        acceptor: TlsAcceptor,
        connector: TlsConnector,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::new(address, script, Some(connector), |staff| {
            serve_connections(listener, Some(acceptor), staff)
        })
    }

    fn new<F: Future<Output = ()> + Send + 'static>(
        address: SocketAddr,
        script: Vec<Vec<Act>>,
        connector: Option<TlsConnector>,
        serve: impl FnOnce(Staff) -> F,
    ) -> Self {
        let heard = Arc::default();
        let staff = Staff {
            script: Arc::new(Mutex::new(script.into())),
            heard: Arc::clone(&heard),
            connector,
        };
        let keeper = tokio::spawn(serve(staff));
        Self {
            address,
            heard,
            keeper,
        }
    }

    /// Every packet that came, in order.
    pub(crate) fn heard(&self) -> Vec<Packet> {
        self.heard.lock().unwrap().clone()
    }

    /// The statuses of the answers to its own requests, once there are as many.
    pub(crate) async fn answers(&self, count: usize) -> Vec<u16> {
        loop {
            let heard = self.heard();
            let statuses = heard.iter().filter_map(|packet| match packet.start {
                Start::Response { status, .. } => Some(status),
                Start::Request { .. } => None,
            });
            let statuses: Vec<u16> = statuses.collect();
            if statuses.len() >= count {
                return statuses;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Staff {
    /// What to do about a packet, having written it down.
    fn acts(&self, packet: &Packet) -> Vec<Act> {
        self.heard.lock().unwrap().push(packet.clone());
        match packet.start {
            Start::Response { .. } => Vec::new(),
            Start::Request { .. } => self.script.lock().unwrap().pop_front().unwrap_or_default(),
        }
    }

    fn will_break(&self) -> bool {
        let script = self.script.lock().unwrap();
        let mut acts = script.iter().flatten();
        acts.any(|act| matches!(act, Act::Break))
    }

    /// Asks at another place than the message came from, and hears the answer.
    async fn ask_elsewhere(&self, place: SocketAddr, request: &[u8]) -> io::Result<()> {
        let stream = TcpStream::connect(place).await?;
        let packet = match &self.connector {
            None => conversation(stream, request).await?,
            Some(connector) => {
                let name = "localhost".try_into().unwrap();
                conversation(connector.connect(name, stream).await?, request).await?
            }
        };
        self.heard.lock().unwrap().push(packet);
        Ok(())
    }
}

async fn conversation(
    mut pipe: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
) -> io::Result<Packet> {
    pipe.write_all(request).await?;
    pipe.flush().await?;
    let mut framer = Framer::default();
    let mut read = [0; Framer::READ_MAX];
    loop {
        if let Some(packet) = framer.next_packet().unwrap() {
            return Ok(packet);
        }
        let length = pipe.read(&mut read).await?;
        assert_ne!(length, 0, "the client hung up without an answer");
        framer.push(&read[..length]);
    }
}

async fn serve_datagrams(socket: UdpSocket, staff: Staff) {
    let mut buffer = vec![0; 65_535];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let packet = Packet::from_datagram(&buffer[..length]).unwrap();
        for act in staff.acts(&packet) {
            match &act {
                Act::Wait(pause) => tokio::time::sleep(*pause).await,
                Act::AskAt(place, method, body) => {
                    let request = asked(method, &packet, body);
                    socket.send_to(&request, *place).await.unwrap();
                }
                Act::Break => panic!("a datagram is no connection"),
                Act::Answer(..) | Act::Ask(..) | Act::Half | Act::Noise | Act::Close => {
                    let bytes = bytes(&act, &packet).expect("datagrams are not hung up");
                    socket.send_to(&bytes, from).await.unwrap();
                }
            }
        }
    }
}

async fn serve_connections(listener: TcpListener, acceptor: Option<TlsAcceptor>, staff: Staff) {
    while let Ok((stream, _)) = listener.accept().await {
        if staff.will_break() {
            stream.set_zero_linger().unwrap();
        }
        let (acceptor, staff) = (acceptor.clone(), staff.clone());
        tokio::spawn(async move {
            // A client that hangs up or does not trust us is part of the tests.
            let _ended = match acceptor {
                None => serve(stream, staff).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => serve(stream, staff).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

async fn serve(mut pipe: impl AsyncRead + AsyncWrite + Unpin, staff: Staff) -> io::Result<()> {
    let mut framer = Framer::default();
    let mut read = [0; Framer::READ_MAX];
    loop {
        let length = pipe.read(&mut read).await?;
        if length == 0 {
            return Ok(());
        }
        framer.push(&read[..length]);
        while let Some(packet) = framer.next_packet().unwrap() {
            for act in staff.acts(&packet) {
                match &act {
                    Act::Wait(pause) => tokio::time::sleep(*pause).await,
                    Act::AskAt(place, method, body) => {
                        let request = asked(method, &packet, body);
                        staff.ask_elsewhere(*place, &request).await?;
                    }
                    Act::Break => return Ok(()),
                    Act::Answer(..) | Act::Ask(..) | Act::Half | Act::Noise | Act::Close => {
                        match bytes(&act, &packet) {
                            None => return pipe.shutdown().await,
                            Some(bytes) => {
                                pipe.write_all(&bytes).await?;
                                pipe.flush().await?;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The bytes that an act sends back; none if it hangs up.
fn bytes(act: &Act, packet: &Packet) -> Option<Vec<u8>> {
    match act {
        Act::Answer(status, lines, body) => Some(answered(status, lines, packet, body)),
        Act::Ask(method, body) => Some(asked(method, packet, body)),
        Act::Half => {
            let mut bytes = answered("200 OK", "", packet, &Body::Verdict("0"));
            bytes.truncate(bytes.len() - 9);
            Some(bytes)
        }
        Act::Noise => Some(b"\0\xff no SIP \r\n\r\n".to_vec()),
        Act::Close => None,
        Act::Wait(_) | Act::AskAt(..) | Act::Break => unreachable!("done by the caller"),
    }
}

fn header<'a>(packet: &'a Packet, name: &str) -> &'a str {
    packet.header(name).unwrap()
}

fn answered(status: &str, lines: &str, packet: &Packet, body: &Body) -> Vec<u8> {
    let body = text(body, packet);
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=arc\r\nCall-ID: {}\r\n\
         CSeq: {}\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        header(packet, "Via"),
        header(packet, "From"),
        header(packet, "To"),
        header(packet, "Call-ID"),
        header(packet, "CSeq"),
        body.len(),
    )
    .into_bytes()
}

fn asked(method: &str, packet: &Packet, body: &Body) -> Vec<u8> {
    let body = text(body, packet);
    format!(
        "{method} sip:hub@hub.example SIP/2.0\r\nv: SIP/2.0/UDP arc.example;rport;\
         branch=z9hG4bKarc\r\nMax-Forwards: 70\r\nf: <sip:arc@receiver.example>;tag=arc\r\n\
         t: <sip:hub@hub.example>\r\ni: theirs\r\nCSeq: 1 {method}\r\n\
         c: application/scaip+xml\r\nl: {}\r\n\r\n{body}",
        body.len(),
    )
    .into_bytes()
}

fn text(body: &Body, packet: &Packet) -> String {
    let verdict = |number: &str, root: Root| {
        let request = Request::from_xml(&packet.body).expect("only messages are sent");
        Reply::new(request.reference, Verdict::parse(number).unwrap()).to_xml(root)
    };
    match body {
        Body::Empty => String::new(),
        Body::Text(text) => (*text).to_owned(),
        Body::Verdict(number) => verdict(number, Root::Mrq),
        Body::VerdictByScaip(number) => verdict(number, Root::Scaip),
    }
}
