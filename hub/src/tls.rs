//! TLS for both ends of the hub's connections: ring, and a certificate from everybody.
//!
//! Who a certificate names is for the caller to judge; that its authority signed it is settled
//! here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::certificates::Identity;

/// Why no TLS can be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read.
    #[error("reading {}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: pem::Error,
    },
    /// A PEM file holds no certificate.
    #[error("{}: no certificate in it", .0.display())]
    Empty(PathBuf),
    /// The authority's certificate cannot be trusted to sign anything.
    #[error("trusting the authority")]
    Authority(#[source] rustls::server::VerifierBuilderError),
    /// Certificate and key do not go together, or are of no use.
    #[error("using the certificate {}", path.display())]
    Identity {
        /// The certificate's file.
        path: PathBuf,
        /// What the library says.
        source: rustls::Error,
    },
}

/// Whether whoever comes must show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Showing {
    /// They must.
    Must,
    /// They may come without: whoever comes for the first time has none.
    May,
}

/// For a server that takes only clients whose certificate was signed by who signed its own: another
/// hub of the same municipality has the same root, and its units are not this one's.
pub(crate) fn server(identity: &Identity, showing: Showing) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = unusable(&identity.certificate);
    let own = chain(&identity.certificate)?;
    let mut signer = RootCertStore::empty();
    for certificate in own.iter().skip(1) {
        signer.add(certificate.clone()).map_err(&unusable)?;
    }
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(signer), provider());
    let clients = match showing {
        Showing::Must => clients,
        Showing::May => clients.allow_unauthenticated(),
    };
    let clients = clients.build().map_err(TlsError::Authority)?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(&unusable)?
        .with_client_cert_verifier(clients)
        .with_single_cert(own, key(&identity.key)?)
        .map_err(&unusable)?;
    Ok(Arc::new(config))
}

/// What a client's certificate says, which the handshake has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its common name.
    pub(crate) name: String,
    /// Its serial number, in hexadecimal digits.
    pub(crate) serial: String,
}

/// Whose certificate a connection brought; `None` if it brought none, or a nameless one.
pub(crate) fn shown(connection: &ServerConnection) -> Option<Shown> {
    let certificate = connection.peer_certificates()?.first()?;
    let (_rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    let serial = certificate
        .raw_serial()
        .iter()
        .map(|byte| format!("{byte:02x}"));
    Some(Shown {
        name: name.as_str().ok()?.to_owned(),
        serial: serial.collect(),
    })
}

/// For a client that shows its certificate, and takes only a server whose the authority signed.
pub(crate) fn client(identity: &Identity) -> Result<Arc<ClientConfig>, TlsError> {
    let unusable = unusable(&identity.certificate);
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(&unusable)?
        .with_root_certificates(roots(&identity.ca)?)
        .with_client_auth_cert(chain(&identity.certificate)?, key(&identity.key)?)
        .map_err(&unusable)?;
    Ok(Arc::new(config))
}

/// Named at every use: a process may have other providers compiled in, and then none is the
/// default.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(path)? {
        roots.add(certificate).map_err(unusable(path))?;
    }
    Ok(roots)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Pem {
        path: path.to_owned(),
        source,
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(unreadable)?;
    if chain.is_empty() {
        return Err(TlsError::Empty(path.to_owned()));
    }
    Ok(chain)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| TlsError::Pem {
        path: path.to_owned(),
        source,
    })
}

fn unusable(path: &Path) -> impl Fn(rustls::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::Identity {
        path: path.clone(),
        source,
    }
}
