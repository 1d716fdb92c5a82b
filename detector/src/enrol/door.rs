//! One question to the hub's door for units, over TLS that believes the pinned root alone.
//!
//! What a code pins is a key, so the trust anchor is made of it: no certificate that comes over the
//! network is believed for its own sake. The answer is read to its end within bounds; HTTP is
//! parsed by httparse, and anything that the hub's door does not send is an error.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, Der, InvalidDnsNameError, PrivateKeyDer};
use rustls::pki_types::{ServerName, TrustAnchor};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde::Serialize;
use serde::de::DeserializeOwned;

use nattsyn_protocol::enrolment::{BODY_MAX, ROOT_NAME};
use nattsyn_protocol::signing::PublicKey;

/// How long connecting may take, and each wait for bytes: four times a slow mobile network's round
/// trip with a name to look up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longest head of an answer in bytes.
const HEAD_MAX: usize = 4 * 1024;

/// Before an Ed25519 key, this is its SubjectPublicKeyInfo's content (RFC 8410).
const SPKI_ED25519: [u8; 10] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The object identifier of a common name, in DER.
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The host's name is none.
    #[error("{host:?} is no name of a host")]
    Name {
        /// The name.
        host: String,
        /// What is wrong with it.
        source: InvalidDnsNameError,
    },
    /// The hub is not reached.
    #[error("{host}:{port} is not reached")]
    Unreached {
        /// Where.
        host: String,
        /// At which port.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// Whoever answers there is not who the code names.
    #[error("{host}:{port} is not the hub that the code names")]
    NotTheHub {
        /// Where.
        host: String,
        /// At which port.
        port: u16,
        /// What is wrong with its certificate.
        source: rustls::Error,
    },
    /// The unit's own certificate cannot be used.
    #[error("the unit's own certificate cannot be used")]
    Own(#[source] rustls::Error),
    /// The hub said no, and why.
    #[error("the hub says no ({status}): {why}")]
    Refused {
        /// The status.
        status: u16,
        /// Its reason.
        why: String,
    },
    /// The hub answered something else than it does.
    #[error("what the hub answered cannot be read: {0}")]
    Unreadable(String),
}

impl DoorError {
    /// Whether it may be otherwise in a while.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreached { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::Name { .. } | Self::NotTheHub { .. } | Self::Own(_) | Self::Unreadable(_) => {
                false
            }
        }
    }
}

/// The hub's door, and by what it is known.
#[derive(Debug)]
pub struct Door {
    host: String,
    port: u16,
    anchor: TrustAnchor<'static>,
    tls: Arc<ClientConfig>,
}

impl Door {
    /// The door of whoever holds a certificate under this root.
    ///
    /// # Errors
    ///
    /// TLS cannot be had at all.
    pub fn pinned(host: &str, port: u16, root: &PublicKey) -> Result<Self, DoorError> {
        let anchor = anchor(root);
        let tls = builder(anchor.clone()).map_err(DoorError::Own)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            anchor,
            tls: Arc::new(tls.with_no_client_auth()),
        })
    }

    /// The same door, where the unit shows its certificate: chain and key, PEM.
    ///
    /// # Errors
    ///
    /// They cannot be used.
    pub fn showing(self, own: &str) -> Result<Self, DoorError> {
        let unusable = || DoorError::Own(rustls::Error::General("no chain and key".to_owned()));
        let (chain, key) = chain_and_key(own).ok_or_else(unusable)?;
        let tls = builder(self.anchor.clone()).map_err(DoorError::Own)?;
        let tls = tls
            .with_client_auth_cert(chain, key)
            .map_err(DoorError::Own)?;
        let tls = Arc::new(tls);
        Ok(Self { tls, ..self })
    }

    /// Whether a PEM text is the certificate of the pinned root.
    #[must_use]
    pub fn is_root(&self, pem: &str) -> bool {
        let mut roots = RootCertStore::empty();
        let Ok(certificate) = CertificateDer::from_pem_slice(pem.as_bytes()) else {
            return false;
        };
        let is_one = pem.matches("-----BEGIN").count() == 1 && roots.add(certificate).is_ok();
        is_one
            && roots.roots.iter().all(|root| {
                root.subject == self.anchor.subject
                    && root.subject_public_key_info == self.anchor.subject_public_key_info
            })
    }

    /// Asks one question, and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        question: &impl Serialize,
    ) -> Result<T, DoorError> {
        let body = serde_json::to_string(question).expect("plain data has a JSON form");
        let (host, port, length) = (&self.host, self.port, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let answer = self.exchange(&(head + &body))?;
        let (status, body) = parse(&answer)?;
        if status != 200 {
            let why = String::from_utf8_lossy(body).chars().take(200).collect();
            return Err(DoorError::Refused { status, why });
        }
        serde_json::from_slice(body).map_err(|error| DoorError::Unreadable(error.to_string()))
    }

    fn exchange(&self, question: &str) -> Result<Vec<u8>, DoorError> {
        let name = ServerName::try_from(self.host.clone()).map_err(|source| DoorError::Name {
            host: self.host.clone(),
            source,
        })?;
        let failed = |source| self.failed(source);
        let stream = self.connect().map_err(failed)?;
        let tls = ClientConnection::new(Arc::clone(&self.tls), name).map_err(DoorError::Own)?;
        let mut stream = StreamOwned::new(tls, stream);
        stream.write_all(question.as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        let most = u64::try_from(HEAD_MAX + BODY_MAX + 1).unwrap_or(u64::MAX);
        let read = std::io::Read::by_ref(&mut stream)
            .take(most)
            .read_to_end(&mut answer);
        // The door closes when all is said; with or without saying so in TLS.
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(failed(error)),
        }
        Ok(answer)
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let mut last = std::io::ErrorKind::NotFound.into();
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn failed(&self, source: std::io::Error) -> DoorError {
        let (host, port) = (self.host.clone(), self.port);
        let of_tls = source
            .get_ref()
            .and_then(|it| it.downcast_ref::<rustls::Error>());
        match of_tls.cloned() {
            Some(source @ rustls::Error::InvalidCertificate(_)) => {
                DoorError::NotTheHub { host, port, source }
            }
            Some(source @ rustls::Error::AlertReceived(_)) => DoorError::Own(source),
            Some(_) | None => DoorError::Unreached { host, port, source },
        }
    }
}

/// Status and body of a whole answer.
fn parse(answer: &[u8]) -> Result<(u16, &[u8]), DoorError> {
    let unreadable = |why: &str| DoorError::Unreadable(why.to_owned());
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let parsed = head
        .parse(answer)
        .map_err(|error| unreadable(&error.to_string()))?;
    let httparse::Status::Complete(begins) = parsed else {
        return Err(unreadable("it ends in its head"));
    };
    let length = head
        .headers
        .iter()
        .find(|it| it.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|it| std::str::from_utf8(it.value).ok()?.parse::<usize>().ok());
    let length = length.ok_or_else(|| unreadable("it does not say how long it is"))?;
    let body = answer.get(begins..).unwrap_or_default();
    if body.len() != length {
        return Err(unreadable("it is not as long as it says"));
    }
    Ok((head.code.unwrap_or_default(), body))
}

/// A trust anchor that is a root's key under the name that every root has.
fn anchor(root: &PublicKey) -> TrustAnchor<'static> {
    let name = wrapped(0x0c, ROOT_NAME.as_bytes());
    let attribute = wrapped(0x30, &[&COMMON_NAME[..], &name].concat());
    TrustAnchor {
        subject: Der::from(wrapped(0x31, &attribute)),
        subject_public_key_info: Der::from([&SPKI_ED25519[..], root.as_bytes()].concat()),
        name_constraints: None,
    }
}

/// A DER value of less than 128 bytes.
fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("a fixed name is short");
    [&[tag, length], content].concat()
}

fn builder(
    anchor: TrustAnchor<'static>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.roots.push(anchor);
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots))
}

fn chain_and_key(pem: &str) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    let (chain, key) = (chain.ok()?, key.ok()?);
    (!chain.is_empty()).then_some((chain, key))
}

/// Whether a certificate and a key, PEM, belong together.
#[must_use]
pub fn is_usable(pem: &str) -> bool {
    let provider = rustls::crypto::ring::default_provider();
    let usable = chain_and_key(pem).map(|(chain, key)| {
        let whole = rustls::sign::CertifiedKey::from_der(chain, key, &provider);
        whole.and_then(|whole| whole.keys_match())
    });
    matches!(usable, Some(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        assert!(matches!(parse(whole), Ok((200, b"{}"))));
        for broken in [
            &b""[..],
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-le",
            b"HTTP/1.1 200 OK\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ] {
            assert!(matches!(parse(broken), Err(DoorError::Unreadable(_))));
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let refused = |status| DoorError::Refused {
            status,
            why: String::new(),
        };
        assert!(refused(503).may_pass() && !refused(403).may_pass());
        assert!(!DoorError::Unreadable(String::new()).may_pass());
    }
}
