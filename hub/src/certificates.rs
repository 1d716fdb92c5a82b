//! Certificates for the embedded broker: one authority, the broker's own, one for each unit.
//!
//! A certificate's common name says who a connection is: a unit's id, or [`HUB_NAME`]. Keys are
//! written so that only the hub's user can read them. Nothing in here revokes a certificate: a
//! unit that is taken out of the store is dropped by the ingest, whatever it presents.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use nattsyn_protocol::ids::UnitId;

use crate::private_file::{self, PrivateFileError};

/// The common name of the hub's own certificate, and its MQTT client id. No unit's id is as
/// short, so no unit can be taken for the hub.
pub const HUB_NAME: &str = "hub";

/// The authority's own name. The same in every hub: a unit trusts a key, not a name.
const AUTHORITY_NAME: &str = "Nattsyn units";

/// The names under which the embedded broker can always be reached.
const LOOPBACK_NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate of the authority that signed it.
    pub ca: PathBuf,
    /// The certificate.
    pub certificate: PathBuf,
    /// Its secret key, readable by its owner alone.
    pub key: PathBuf,
}

/// Why a certificate cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be made.
    #[error("making the certificate of {name}")]
    Make {
        /// Whose.
        name: String,
        /// What the maker says.
        source: rcgen::Error,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The authority's key file holds no key.
    #[error("{}: not the authority's key in PEM", path.display())]
    NotAKey {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: rcgen::Error,
    },
}

/// Signs the certificates of one hub's broker and units.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority, kept in `ca.pem` and `ca.key` of the folder.
    ///
    /// # Errors
    ///
    /// There is one already (its units would be shut out), or the folder cannot be written.
    pub fn create(folder: &Path) -> Result<Self, CertificateError> {
        let making = making(AUTHORITY_NAME);
        let key = KeyPair::generate().map_err(&making)?;
        let params = authority_params();
        let certificate = params.self_signed(&key).map_err(&making)?;
        private_file::create(&folder.join("ca.key"), key.serialize_pem().as_bytes())?;
        private_file::replace(&folder.join("ca.pem"), certificate.pem().as_bytes())?;
        Ok(Self {
            folder: folder.to_owned(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority that [`Authority::create`] made in the folder.
    ///
    /// # Errors
    ///
    /// It is not there, or its key cannot be read.
    pub fn open(folder: &Path) -> Result<Self, CertificateError> {
        let path = folder.join("ca.key");
        let text = private_file::read(&path)?;
        let key = KeyPair::from_pem(&text)
            .map_err(|source| CertificateError::NotAKey { path, source })?;
        Ok(Self {
            folder: folder.to_owned(),
            issuer: Issuer::new(authority_params(), key),
        })
    }

    /// The key of the authority in a folder; `None` if there is none.
    #[must_use]
    pub fn exists(folder: &Path) -> Option<PathBuf> {
        let key = folder.join("ca.key");
        fs::exists(&key).unwrap_or_default().then_some(key)
    }

    /// The certificate that units and hub trust.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The broker's own certificate, for `localhost`, `127.0.0.1` and `names`, as `server.pem`
    /// and `server.key` of the folder.
    ///
    /// # Errors
    ///
    /// A name is no host name, or the folder cannot be written.
    pub fn issue_server(
        &self,
        names: &[String],
        folder: &Path,
    ) -> Result<Identity, CertificateError> {
        let all: Vec<String> = LOOPBACK_NAMES
            .iter()
            .map(|&name| name.to_owned())
            .chain(names.iter().cloned())
            .collect();
        let params = CertificateParams::new(all).map_err(making("broker"))?;
        self.issue(
            params,
            "broker",
            ExtendedKeyUsagePurpose::ServerAuth,
            folder,
            "server",
        )
    }

    /// The hub's certificate as a client of the broker, as `hub.pem` and `hub.key`.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn issue_hub(&self, folder: &Path) -> Result<Identity, CertificateError> {
        self.issue_client(HUB_NAME, folder, "hub")
    }

    /// A unit's certificate, as `unit.pem`, `unit.key` and `ca.pem` of the folder: what its
    /// voice needs. A new one does not end an older one.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn issue_unit(&self, unit: UnitId, folder: &Path) -> Result<Identity, CertificateError> {
        self.issue_client(&unit.to_string(), folder, "unit")
    }

    fn issue_client(
        &self,
        name: &str,
        folder: &Path,
        file: &str,
    ) -> Result<Identity, CertificateError> {
        let params = CertificateParams::default();
        self.issue(
            params,
            name,
            ExtendedKeyUsagePurpose::ClientAuth,
            folder,
            file,
        )
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
        folder: &Path,
        file: &str,
    ) -> Result<Identity, CertificateError> {
        params.distinguished_name = named(name);
        params.extended_key_usages = vec![usage];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params);
        let key = KeyPair::generate().map_err(making(name))?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(making(name))?;
        let identity = Identity {
            ca: folder.join("ca.pem"),
            certificate: folder.join(format!("{file}.pem")),
            key: folder.join(format!("{file}.key")),
        };
        let authority = private_file::read(&self.ca())?;
        private_file::replace(&identity.key, key.serialize_pem().as_bytes())?;
        private_file::replace(&identity.certificate, certificate.pem().as_bytes())?;
        private_file::replace(&identity.ca, authority.as_bytes())?;
        Ok(identity)
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(AUTHORITY_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params);
    params
}

/// Certificates do not expire in practice: a unit whose certificate ran out at night would fall
/// silent for no reason, and a unit may first learn the time over this very connection. Who may
/// connect is decided by enrolment.
fn set_validity(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn making(name: &str) -> impl Fn(rcgen::Error) -> CertificateError {
    let name = name.to_owned();
    move |source| CertificateError::Make {
        name: name.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_readable_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create(folder.path()).unwrap();
        let unit = authority
            .issue_unit("u0000001".parse().unwrap(), &folder.path().join("unit"))
            .unwrap();
        for key in [folder.path().join("ca.key"), unit.key] {
            let mode = fs::metadata(&key).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", key.display());
        }
    }

    #[test]
    fn a_second_authority_never_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        Authority::create(folder.path()).unwrap();
        let before = fs::read(folder.path().join("ca.key")).unwrap();
        assert!(Authority::create(folder.path()).is_err());
        assert_eq!(fs::read(folder.path().join("ca.key")).unwrap(), before);
        assert!(Authority::open(folder.path()).is_ok());
    }
}
