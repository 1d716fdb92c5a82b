//! The webhook that the hub's messages go to: it takes every one and remembers whom it was for.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use nattsyn_hub::notify::chain::Kind;

/// Longest that a message may take from the hub's decision, on two loaded cores.
pub(crate) const MESSAGE_WITHIN: Duration = Duration::from_secs(15);

/// Longest request: fixed words, a count and a link.
const REQUEST_BYTES_MAX: usize = 8192;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Message {
    /// Where to: somebody's address.
    pub(crate) to: String,
    /// `new`, `reminded` or `escalated`.
    pub(crate) kind: String,
    /// What somebody reads on a locked phone.
    pub(crate) text: String,
}

/// The gateway; it ends with the test.
pub(crate) struct Gateway {
    pub(crate) port: u16,
    messages: watch::Receiver<Vec<Message>>,
}

impl Gateway {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, messages) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&sender)));
            }
        });
        Self { port, messages }
    }

    /// Whom messages were for so far, and of what kind, in order.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        let messages = self.messages.borrow();
        let name = |to: &str| to.split('@').next().unwrap_or_default().to_owned();
        let told = messages.iter();
        told.map(|message| (name(&message.to), message.kind.clone()))
            .collect()
    }

    /// What was said so far.
    pub(crate) fn texts(&self) -> Vec<String> {
        let messages = self.messages.borrow();
        messages
            .iter()
            .map(|message| message.text.clone())
            .collect()
    }

    /// Waits until somebody has had a message of a kind.
    pub(crate) async fn waits_for(&self, to: &str, kind: Kind) {
        let mut messages = self.messages.clone();
        let kind = serde_json::to_value(kind).unwrap();
        let is_it = |message: &Message| message.to.starts_with(to) && message.kind == kind;
        let told = messages.wait_for(|messages| messages.iter().any(is_it));
        let told = tokio::time::timeout(MESSAGE_WITHIN, told).await.is_ok();
        assert!(told, "{to} heard no {kind}: {:?}", self.told());
    }
}

/// Takes one request and answers that it is delivered. Both sides close after it.
async fn take(mut stream: TcpStream, messages: Arc<watch::Sender<Vec<Message>>>) {
    let mut request = Vec::new();
    let body = loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await {
            Ok(length) if length > 0 && request.len() < REQUEST_BYTES_MAX => {
                request.extend_from_slice(&piece[..length]);
            }
            Ok(_) | Err(_) => return,
        }
        if let Some(body) = body_of(&request) {
            break body;
        }
    };
    let message: Message = serde_json::from_slice(&body).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    stream.write_all(answer).await.ok();
    messages.send_modify(|messages| messages.push(message));
}

/// The body of a request, once it is whole.
fn body_of(request: &[u8]) -> Option<Vec<u8>> {
    let head = request.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let lines = String::from_utf8_lossy(&request[..head]).to_lowercase();
    let length = lines
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))?;
    let length: usize = length.trim().parse().ok()?;
    (request.len() >= head + length).then(|| request[head..head + length].to_vec())
}
