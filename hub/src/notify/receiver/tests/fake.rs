//! An alarm receiver of our own over UDP, which answers as a test says, or does not.
//!
//! It speaks SIP by hand and knows one style of reply: the verdict in the answer. What receivers
//! do otherwise is `scaip/tests/faulty`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nattsyn_scaip::message::{Field as _, MessageType, Reply, Request, Root, Verdict};
use nattsyn_scaip::sip::packet::Packet;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::{SOON, said};

/// What it answers a message: a verdict, or nothing.
type Manner = Box<dyn FnMut(&Request) -> Option<u8> + Send>;

/// Every message that came, with the bytes that it came in.
type Heard = Arc<Mutex<Vec<(Request, Vec<u8>)>>>;

/// A receiver at work; gone when dropped.
pub(super) struct Receiver {
    pub(super) port: u16,
    heard: Heard,
    manner: Arc<Mutex<Manner>>,
    keeper: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Receiver {
    /// One that takes everything.
    pub(super) async fn taking() -> Self {
        Self::new(Box::new(|_| Some(0))).await
    }

    /// One that hears everything and says nothing.
    pub(super) async fn silent() -> Self {
        Self::new(Box::new(|_| None)).await
    }

    /// A port at which nobody is.
    pub(super) async fn dead() -> u16 {
        Self::silent().await.port
    }

    async fn new(manner: Manner) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let heard = Heard::default();
        let manner = Arc::new(Mutex::new(manner));
        let keeper = tokio::spawn(keep(socket, Arc::clone(&heard), Arc::clone(&manner)));
        Self {
            port,
            heard,
            manner,
            keeper,
        }
    }

    /// Answers otherwise from now on.
    pub(super) fn answers(&self, manner: impl FnMut(&Request) -> Option<u8> + Send + 'static) {
        *self.manner.lock().unwrap() = Box::new(manner);
    }

    /// Every alarm that came, in order; a datagram that came twice stands twice.
    pub(super) fn alarms(&self) -> Vec<Request> {
        let heard = self.heard.lock().unwrap();
        let requests = heard.iter().map(|(request, _)| request);
        let alarms = requests.filter(|request| request.kind == Some(MessageType::Message));
        alarms.cloned().collect()
    }

    /// All bytes that came.
    pub(super) fn text(&self) -> String {
        let heard = self.heard.lock().unwrap();
        let bytes = heard
            .iter()
            .map(|(_, bytes)| String::from_utf8_lossy(bytes));
        bytes.collect()
    }

    /// What was said in the first messages of a kind, once there are as many.
    pub(super) async fn until(
        &self,
        is_one: impl Fn(&Request) -> bool,
        count: usize,
    ) -> Vec<String> {
        let waiting = async {
            loop {
                let found: Vec<String> = {
                    let heard = self.heard.lock().unwrap();
                    let requests = heard.iter().map(|(request, _)| request);
                    requests
                        .filter(|request| is_one(request))
                        .map(said)
                        .collect()
                };
                if found.len() >= count {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, waiting).await.expect("in time")
    }
}

async fn keep(socket: UdpSocket, heard: Heard, manner: Arc<Mutex<Manner>>) {
    let mut buffer = vec![0; 65_535];
    // What a receiver of before left unread at this port may be told to the sender here.
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let packet = Packet::from_datagram(&buffer[..length]).unwrap();
        let request = Request::from_xml(&packet.body).expect("only messages are sent");
        let verdict = {
            heard
                .lock()
                .unwrap()
                .push((request.clone(), buffer[..length].to_vec()));
            (manner.lock().unwrap())(&request)
        };
        let Some(verdict) = verdict else {
            continue;
        };
        let verdict = Verdict::parse(&verdict.to_string()).unwrap();
        let body = Reply::new(request.reference, verdict).to_xml(Root::Mrq);
        let header = |name: &str| packet.header(name).unwrap();
        let answer = format!(
            "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=arc\r\nCall-ID: {}\r\n\
             CSeq: {}\r\nContent-Type: application/scaip+xml\r\nContent-Length: {}\r\n\r\n{body}",
            header("Via"),
            header("From"),
            header("To"),
            header("Call-ID"),
            header("CSeq"),
            body.len(),
        );
        socket.send_to(answer.as_bytes(), from).await.unwrap();
    }
}
