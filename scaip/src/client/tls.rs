//! TLS for both directions: to the receiver, and from it where it sends replies of its own.
//!
//! The receiver must show a certificate of an authority that was agreed; there is no way to
//! turn that off.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::{IdentityFiles, Receiver, TlsFiles};

use super::OpenError;

/// What a connection to the receiver needs.
#[derive(Clone)]
pub(super) struct Calling {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

/// For connections to the receiver.
pub(super) fn calling(receiver: &Receiver) -> Result<Calling, OpenError> {
    let files = receiver.tls.as_ref().ok_or(OpenError::NoTls)?;
    let name = files.name.as_ref().unwrap_or(&receiver.address.host);
    let name = ServerName::try_from(name.clone()).map_err(|source| OpenError::Name {
        name: name.clone(),
        source,
    })?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable(&files.ca))?
        .with_root_certificates(authorities(&files.ca)?);
    let config = match &files.identity {
        None => builder.with_no_client_auth(),
        Some(own) => builder
            .with_client_auth_cert(certificates(&own.certificate)?, key(&own.key)?)
            .map_err(unusable(&own.certificate))?,
    };
    let connector = TlsConnector::from(Arc::new(config));
    Ok(Calling { connector, name })
}

/// For connections from the receiver. It is not asked for a certificate: what it brings is
/// matched by a reference that only it was told.
pub(super) fn answering(files: Option<&TlsFiles>) -> Result<TlsAcceptor, OpenError> {
    let identity = files.and_then(|files| files.identity.as_ref());
    let IdentityFiles {
        certificate,
        key: private,
    } = identity.ok_or(OpenError::NoIdentity)?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusable(certificate))?
        .with_no_client_auth()
        .with_single_cert(certificates(certificate)?, key(private)?)
        .map_err(unusable(certificate))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Named at every use: a process may have other providers compiled in, and then none is the
/// default.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn authorities(path: &Path) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    // A system's bundle may hold what rustls does not take; one usable authority is enough.
    let (taken, _) = roots.add_parsable_certificates(certificates(path)?);
    if taken == 0 {
        return Err(OpenError::NoCertificate(path.to_owned()));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|source| OpenError::Pem {
            path: path.to_owned(),
            source,
        })?;
    if chain.is_empty() {
        return Err(OpenError::NoCertificate(path.to_owned()));
    }
    Ok(chain)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, OpenError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| OpenError::Pem {
        path: path.to_owned(),
        source,
    })
}

fn unusable(path: &Path) -> impl Fn(rustls::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Certificate {
        path: path.clone(),
        source,
    }
}
