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
use rustls::{ClientConfig, RootCertStore, ServerConfig};

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

/// For a server that takes only clients whose certificate the authority signed.
pub(crate) fn server(identity: &Identity) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = unusable(&identity.certificate);
    let roots = Arc::new(roots(&identity.ca)?);
    let clients = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(TlsError::Authority)?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(&unusable)?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain(&identity.certificate)?, key(&identity.key)?)
        .map_err(&unusable)?;
    Ok(Arc::new(config))
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
