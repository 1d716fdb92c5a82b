//! One HTTP/1.1 request to a gateway or a push service, over TLS, on a connection of its own.
//!
//! Certificates are checked against what the machine trusts, and an authority of the settings'.
//! It follows no redirect, since that would carry a secret elsewhere; uses no proxy; keeps no
//! connection; and unencrypted it speaks to this machine alone.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use hyper::header::{HOST, RETRY_AFTER};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::notifier::TellError;
use super::secret::in_full;

/// Longest answer that is read, in bytes. Gateways answer in some hundred; a page of an error is
/// cut.
const ANSWER_MAX: usize = 64 * 1024;

/// Longest time for connecting to one address: room for a lost packet that is sent again, on a
/// road of a second, and for a second address within one try of 8 s.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Where a gateway is, and how it is trusted.
#[derive(Clone)]
pub(crate) struct Gateway {
    host: String,
    port: u16,
    /// As the `Host` header names it.
    authority: String,
    tls: Option<(ServerName<'static>, Arc<ClientConfig>)>,
}

/// What a gateway said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) again_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Whom TLS trusts: the machine's authorities, and one more if a file is named.
pub(crate) fn trust(ca: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = ca {
        let unreadable =
            |error: &dyn std::error::Error| format!("{}: {}", path.display(), in_full(error));
        let certificates = CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|e| unreadable(&e))?;
            roots.add(certificate).map_err(|e| unreadable(&e))?;
        }
    }
    if roots.is_empty() {
        return Err("the machine trusts no authority; name one as `ca`".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| in_full(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

impl Gateway {
    /// The gateway of a URL: `https://…`, or `http://` on this machine.
    pub(crate) fn new(url: &Uri, tls: &Arc<ClientConfig>) -> Result<Self, String> {
        let authority = url.authority().ok_or("no host")?;
        if authority.as_str().contains('@') {
            return Err("a name or password in it would be logged elsewhere: use a header".into());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (port, tls) = match url.scheme_str() {
            Some("https") => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_error| "the host is no name that a certificate can carry")?;
                (443, Some((name, Arc::clone(tls))))
            }
            Some("http") if is_this_machine(&host) => (80, None),
            Some("http") => return Err("unencrypted: https://, unless it is this machine".into()),
            Some(_) | None => return Err("not of the form https://host/path".into()),
        };
        Ok(Self {
            port: url.port_u16().unwrap_or(port),
            authority: authority.as_str().to_owned(),
            host,
            tls,
        })
    }

    /// Asks it, and reads the whole answer. The request's URI is path and query alone.
    pub(crate) async fn ask(&self, mut request: Request<Body>) -> Result<Answer, TellError> {
        let host = self.authority.parse().map_err(|_error| TellError::Unmade)?;
        request.headers_mut().insert(HOST, host);
        let socket = self.connect().await?;
        match &self.tls {
            None => exchange(socket, request).await,
            Some((name, tls)) => {
                let connector = TlsConnector::from(Arc::clone(tls));
                let connecting = connector.connect(name.clone(), socket);
                exchange(connecting.await.map_err(untrusted)?, request).await
            }
        }
    }
}

impl Gateway {
    /// Connects to the first of its addresses that answers. One that does not must not use up the
    /// whole try: many networks announce an IPv6 that leads nowhere.
    async fn connect(&self) -> Result<TcpStream, TellError> {
        let addresses = lookup_host((self.host.as_str(), self.port)).await;
        let mut last = TellError::Unreachable(std::io::ErrorKind::NotFound.into());
        for address in addresses.map_err(TellError::Unreachable)? {
            match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(socket)) => return Ok(socket),
                Ok(Err(error)) => last = TellError::Unreachable(error),
                Err(_elapsed) => last = TellError::TimedOut,
            }
        }
        Err(last)
    }
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<Answer, TellError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let garbled = |_error| TellError::Garbled;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(garbled)?;
    // Ends with this function, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await.map_err(garbled)?;
    let (head, body) = response.into_parts();
    let answer = to_bytes(Body::new(body), ANSWER_MAX).await;
    let head = Response::from_parts(head, ());
    let body = match answer {
        Ok(body) => body.to_vec(),
        // What it refuses is known without the rest.
        Err(_cut) if !head.status().is_success() => Vec::new(),
        Err(_cut) => return Err(TellError::Garbled),
    };
    Ok(Answer {
        status: head.status(),
        again_after: again_after(&head),
        body,
    })
}

impl Answer {
    /// What a status means to a sender.
    pub(crate) fn verdict(&self) -> Result<u16, TellError> {
        let code = self.status.as_u16();
        match code {
            200..=299 => Ok(code),
            408 | 425 | 429 | 500..=599 => Err(TellError::Busy {
                code,
                again_after: self.again_after,
            }),
            _ => Err(TellError::Refused { code }),
        }
    }
}

/// `Retry-After` in seconds. A date is not read: the pause that grows does as well.
fn again_after(head: &Response<()>) -> Option<Duration> {
    let value = head.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

fn untrusted(error: std::io::Error) -> TellError {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(_)) => TellError::Untrusted,
        Some(_) | None => TellError::Unreachable(error),
    }
}

/// Whether a host is this machine, by its address or the name that is reserved for it.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
