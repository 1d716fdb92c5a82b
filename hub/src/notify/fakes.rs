//! Gateways, push services and mail servers of our own, on this machine alone, faulty on purpose.
//! For tests.
//!
//! Each says for every connection in turn what is to go wrong; the last manner stays. They hear
//! exactly what was sent.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What a fake does with one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Answers with a status.
    Answers(u16),
    /// Answers 200 with a text.
    Says(&'static str),
    /// Answers with a status, and asks to come again after so many seconds.
    AsksAgain(u16, u64),
    /// Sends the client elsewhere.
    SendsAway,
    /// Hears everything and says nothing.
    Silent,
    /// Answers 200 after a while.
    Slow(Duration),
    /// Stops in the middle of its answer.
    Half,
    /// Closes without an answer.
    Closes,
}

/// One request as it was heard.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Heard {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// A server of our own.
pub(super) struct Fake {
    pub(super) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// A gateway or a push service.
    pub(super) async fn http(tls: Option<Arc<ServerConfig>>, manners: &[Manner]) -> Self {
        Self::start(tls, manners, Protocol::Http).await
    }

    /// A mail server that offers `STARTTLS`.
    pub(super) async fn starttls(tls: Arc<ServerConfig>, manners: &[Manner]) -> Self {
        Self::start(Some(tls), manners, Protocol::StartTls).await
    }

    /// A mail server.
    pub(super) async fn smtp(tls: Option<Arc<ServerConfig>>, manners: &[Manner]) -> Self {
        Self::start(tls, manners, Protocol::Smtp).await
    }

    async fn start(tls: Option<Arc<ServerConfig>>, manners: &[Manner], speaks: Protocol) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut manners: VecDeque<Manner> = manners.iter().copied().collect();
        let notes = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let manner = *manners.front().unwrap();
                if manners.len() > 1 {
                    manners.pop_front();
                }
                let (tls, notes) = (tls.clone(), Arc::clone(&notes));
                tokio::spawn(async move {
                    // A client that goes away is its own affair.
                    let served = speaks.serve(socket, tls, manner, &notes).await;
                    served.unwrap_or_default();
                });
            }
        });
        Self { port, heard, task }
    }
}

#[derive(Clone, Copy)]
enum Protocol {
    Http,
    Smtp,
    StartTls,
}

/// Where a mail server's session begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    Greets,
    OffersTls,
    Upgraded,
}

impl Protocol {
    async fn serve(
        self,
        socket: TcpStream,
        tls: Option<Arc<ServerConfig>>,
        manner: Manner,
        notes: &Mutex<Vec<Heard>>,
    ) -> std::io::Result<()> {
        let tls = tls.map(TlsAcceptor::from);
        match (self, tls) {
            (Self::Http, None) => http(socket, manner, notes).await,
            (Self::Http, Some(tls)) => http(tls.accept(socket).await?, manner, notes).await,
            (Self::Smtp | Self::StartTls, None) => {
                smtp(socket, Session::Greets, manner, notes).await.map(drop)
            }
            (Self::Smtp, Some(tls)) => {
                let stream = tls.accept(socket).await?;
                smtp(stream, Session::Greets, manner, notes).await.map(drop)
            }
            (Self::StartTls, Some(tls)) => {
                let plain = smtp(socket, Session::OffersTls, manner, notes).await?;
                if let Some(socket) = plain {
                    let stream = tls.accept(socket).await?;
                    smtp(stream, Session::Upgraded, manner, notes).await?;
                }
                Ok(())
            }
        }
    }
}

async fn http<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    manner: Manner,
    notes: &Mutex<Vec<Heard>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    notes.lock().unwrap().push(Heard {
        path,
        headers,
        body,
    });
    let answer = |status: u16, more: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status} x\r\n{more}content-length: {length}\r\n\r\n{body}")
    };
    let answer = match manner {
        Manner::Answers(status) => answer(status, "", "{}"),
        Manner::Says(text) => answer(200, "", text),
        Manner::AsksAgain(status, s) => answer(status, &format!("retry-after: {s}\r\n"), ""),
        Manner::SendsAway => answer(302, "location: https://elsewhere.example/\r\n", ""),
        Manner::Silent => {
            std::future::pending::<()>().await;
            String::new()
        }
        Manner::Slow(after) => {
            tokio::time::sleep(after).await;
            answer(200, "", "{}")
        }
        Manner::Half => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a".to_owned(),
        Manner::Closes => String::new(),
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Enough SMTP for one message: the manner shows where the recipient is named. The stream comes
/// back if it is to be encrypted.
async fn smtp<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    session: Session,
    manner: Manner,
    notes: &Mutex<Vec<Heard>>,
) -> std::io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if manner == Manner::Silent {
        std::future::pending::<()>().await;
    }
    if session != Session::Upgraded {
        stream.write_all(b"220 fake ESMTP\r\n").await?;
    }
    let mut commands = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        commands.push_str(&line);
        let word = line.get(..4).unwrap_or_default().to_uppercase();
        let reply = reply(&word, session, manner);
        stream.write_all(reply.as_bytes()).await?;
        stream.flush().await?;
        match (word.as_str(), manner) {
            ("STAR", _) if session == Session::OffersTls => return Ok(Some(stream.into_inner())),
            ("RCPT", Manner::Half | Manner::Closes) => {
                stream.shutdown().await?;
                return Ok(None);
            }
            ("DATA", _) => {
                let mut body = String::new();
                while !body.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut body).await? == 0 {
                        return Ok(None);
                    }
                }
                notes.lock().unwrap().push(Heard {
                    path: commands.clone(),
                    headers: BTreeMap::new(),
                    body: body.into_bytes(),
                });
                stream.write_all(b"250 taken\r\n").await?;
                stream.flush().await?;
            }
            _ => {}
        }
    }
}

fn reply(word: &str, session: Session, manner: Manner) -> String {
    match (word, manner) {
        ("EHLO", _) if session == Session::OffersTls => "250-fake\r\n250 STARTTLS\r\n".to_owned(),
        ("EHLO", _) => "250-fake\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n".to_owned(),
        ("STAR", _) if session != Session::OffersTls => "502 what\r\n".to_owned(),
        ("AUTH", _) => "235 ok\r\n".to_owned(),
        ("RCPT", Manner::Answers(code)) if code >= 300 => {
            format!("{code} no such user lead@example.org\r\n")
        }
        ("RCPT", Manner::Half) => "25".to_owned(),
        ("RCPT", Manner::Closes) => String::new(),
        ("DATA", _) => "354 go on\r\n".to_owned(),
        ("QUIT", _) => "221 bye\r\n".to_owned(),
        _ => "250 ok\r\n".to_owned(),
    }
}

/// An authority and a server's certificate that it signed.
pub(super) struct Certificates {
    pub(super) ca: PathBuf,
    pub(super) server: Arc<ServerConfig>,
}

impl Certificates {
    /// The certificate carries this name.
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = params.self_signed(&ca_key).unwrap();
        let path = folder.join(format!("{name}-ca.pem"));
        std::fs::write(&path, ca.pem()).unwrap();
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &issuer).unwrap();
        let chain = vec![CertificateDer::from(leaf.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self {
            ca: path,
            server: Arc::new(server),
        }
    }
}
