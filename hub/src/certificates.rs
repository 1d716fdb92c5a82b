//! Certificates: the municipality's root signs the hub's authority, which signs broker and units.
//!
//! A certificate's common name says who a connection is: a unit's id, or [`HUB_NAME`]. Keys are
//! written so that only the hub's user can read them; the root's own is at hand only while
//! [`Authority::create`] runs. Who gets a certificate, and whose holds no more, is for
//! [`crate::units`] to say.

use std::fs;
use std::path::{Path, PathBuf};

use std::time::Duration;

use ed25519_dalek::SigningKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams,
    CertificateSigningRequestParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use nattsyn_protocol::enrolment::ROOT_NAME;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;

use crate::private_file::{self, PrivateFileError};

/// The common name of the hub's own certificate, and its MQTT client id. No unit's id is as
/// short, so no unit can be taken for the hub.
pub const HUB_NAME: &str = "hub";

/// The authority's own name. The same in every hub: a unit trusts a key, not a name.
const AUTHORITY_NAME: &str = "Nattsyn units";

/// How long a unit's certificate holds. It asks for the next one when a third of it is over, so
/// twenty days may go by without an answer before it falls silent.
pub const UNIT_HOLDS: Duration = Duration::from_secs(30 * 24 * 3600);

/// How far behind a unit's clock may be when it is let in.
const CLOCKS_APART: Duration = Duration::from_secs(24 * 3600);

/// How long a list of what holds no more is good for: it is written anew whenever it changes, and
/// a broker must not shut everybody out because nothing did.
const LIST_HOLDS: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// Before an Ed25519 seed, this is its PKCS #8 form (RFC 8410).
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

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
    /// What a unit asks for is no request for a certificate, or is not signed by its own key.
    #[error("not a request for a certificate that its own key signed")]
    NotARequest(#[source] rcgen::Error),
    /// The operating system gives no random bytes.
    #[error("drawing a serial number")]
    Random(#[source] getrandom::Error),
    /// The authority's key file holds no key.
    #[error("{}: not the authority's key in PEM", path.display())]
    NotAKey {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: rcgen::Error,
    },
}

/// A certificate that a unit made the key of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The certificate and the authority's, PEM.
    pub chain: String,
    /// Its serial number, in hexadecimal digits.
    pub serial: String,
    /// SHA-256 of its public key, in hexadecimal digits.
    pub key: String,
    /// Until when it holds.
    pub until: Timestamp,
}

/// Signs the certificates of one hub's broker and units.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority under the municipality's root: `ca.pem`, the root's certificate, which
    /// everybody trusts; `issuing.pem` and `issuing.key`, the authority's own.
    ///
    /// # Errors
    ///
    /// There is one already (its units would be shut out), or the folder cannot be written.
    pub fn create(folder: &Path, root: &SigningKey) -> Result<Self, CertificateError> {
        let making_root = making(ROOT_NAME);
        let der = zeroize::Zeroizing::new([&PKCS8_ED25519[..], root.as_bytes()].concat());
        let der = PrivatePkcs8KeyDer::from(der.as_slice());
        let root = KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519);
        let root = root.map_err(&making_root)?;
        let params = authority_params(ROOT_NAME, 1);
        let certificate = params.self_signed(&root).map_err(&making_root)?;
        let root = Issuer::new(params, root);

        let making = making(AUTHORITY_NAME);
        let key = KeyPair::generate().map_err(&making)?;
        let params = authority_params(AUTHORITY_NAME, 0);
        let own = params.signed_by(&key, &root).map_err(&making)?;
        private_file::create(&folder.join("issuing.key"), key.serialize_pem().as_bytes())?;
        private_file::replace(&folder.join("issuing.pem"), own.pem().as_bytes())?;
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
        let path = folder.join("issuing.key");
        let text = private_file::read(&path)?;
        let key = KeyPair::from_pem(&text)
            .map_err(|source| CertificateError::NotAKey { path, source })?;
        Ok(Self {
            folder: folder.to_owned(),
            issuer: Issuer::new(authority_params(AUTHORITY_NAME, 0), key),
        })
    }

    /// The key of the authority in a folder; `None` if there is none.
    #[must_use]
    pub fn exists(folder: &Path) -> Option<PathBuf> {
        let key = folder.join("issuing.key");
        fs::exists(&key).unwrap_or_default().then_some(key)
    }

    /// The root's certificate, which units and hub trust.
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
        let params = end_params(params, "broker", ExtendedKeyUsagePurpose::ServerAuth);
        self.issue(params, "broker", folder, "server")
    }

    /// The hub's certificate as a client of the broker, as `hub.pem` and `hub.key`.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn issue_hub(&self, folder: &Path) -> Result<Identity, CertificateError> {
        self.issue_client(HUB_NAME, folder, "hub")
    }

    /// A unit's certificate with a key that is made here, as `unit.pem`, `unit.key` and `ca.pem` of
    /// the folder: for a unit of a demonstration, which nobody enrols. It does not expire.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn issue_unit(&self, unit: UnitId, folder: &Path) -> Result<Identity, CertificateError> {
        self.issue_client(&unit.to_string(), folder, "unit")
    }

    /// The certificate of a unit that made its key itself. Nothing of what it asks for is taken
    /// over but the key.
    ///
    /// # Errors
    ///
    /// It is no request, or its own key did not sign it.
    pub fn sign_unit(
        &self,
        unit: UnitId,
        csr: &str,
        now: Timestamp,
    ) -> Result<Issued, CertificateError> {
        let asked = CertificateSigningRequestParams::from_pem(csr);
        let key = asked.map_err(CertificateError::NotARequest)?.public_key;
        let mut params = client_params(&unit.to_string());
        let mut serial = [0; 16];
        getrandom::fill(&mut serial).map_err(CertificateError::Random)?;
        // A serial number is positive and of one length, so that it reads the same everywhere.
        serial[0] = serial[0] & 0x7f | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let until = now.after(UNIT_HOLDS);
        params.not_before = at(now) - CLOCKS_APART;
        params.not_after = at(until);
        let name = unit.to_string();
        let certificate = params.signed_by(&key, &self.issuer);
        let certificate = certificate.map_err(making(&name))?;
        Ok(Issued {
            chain: certificate.pem() + &self.own()?,
            serial: hexadecimal(&serial),
            key: hexadecimal(&Sha256::digest(key.subject_public_key_info())),
            until,
        })
    }

    /// The list of certificates that hold no more, as other brokers read it: a CRL, PEM.
    ///
    /// # Errors
    ///
    /// It cannot be signed.
    pub fn list(&self, serials: &[String], now: Timestamp) -> Result<String, CertificateError> {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&from_hexadecimal(serial)),
            revocation_time: at(now),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: at(now),
            next_update: at(now.after(LIST_HOLDS)),
            crl_number: SerialNumber::from(now.as_ms().unsigned_abs()),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).map_err(making("list"))?;
        list.pem().map_err(making("list"))
    }

    /// The root's certificate, PEM.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn root(&self) -> Result<String, CertificateError> {
        Ok(private_file::read(&self.ca())?)
    }

    /// The authority's own certificate, PEM.
    fn own(&self) -> Result<String, CertificateError> {
        Ok(private_file::read(&self.folder.join("issuing.pem"))?)
    }

    fn issue_client(
        &self,
        name: &str,
        folder: &Path,
        file: &str,
    ) -> Result<Identity, CertificateError> {
        self.issue(client_params(name), name, folder, file)
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        name: &str,
        folder: &Path,
        file: &str,
    ) -> Result<Identity, CertificateError> {
        set_validity(&mut params);
        let key = KeyPair::generate().map_err(making(name))?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(making(name))?;
        let identity = Identity {
            ca: folder.join("ca.pem"),
            certificate: folder.join(format!("{file}.pem")),
            key: folder.join(format!("{file}.key")),
        };
        let root = self.root()?;
        let chain = certificate.pem() + &self.own()?;
        private_file::replace(&identity.key, key.serialize_pem().as_bytes())?;
        private_file::replace(&identity.certificate, chain.as_bytes())?;
        private_file::replace(&identity.ca, root.as_bytes())?;
        Ok(identity)
    }
}

fn authority_params(name: &str, below: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params);
    params
}

fn client_params(name: &str) -> CertificateParams {
    end_params(
        CertificateParams::default(),
        name,
        ExtendedKeyUsagePurpose::ClientAuth,
    )
}

fn end_params(
    mut params: CertificateParams,
    name: &str,
    usage: ExtendedKeyUsagePurpose,
) -> CertificateParams {
    params.distinguished_name = named(name);
    params.extended_key_usages = vec![usage];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn at(moment: Timestamp) -> OffsetDateTime {
    let ms = u64::try_from(moment.as_ms()).unwrap_or_default();
    // A certificate's times have no fractions of a second.
    date_time_ymd(1970, 1, 1) + Duration::from_secs(ms / 1000)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hexadecimal(text: &str) -> Vec<u8> {
    let pairs = (0..text.len())
        .step_by(2)
        .filter_map(|at| text.get(at..at + 2));
    pairs
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect()
}

/// The root's, the authority's, the broker's and the hub's do not expire in practice: a unit may
/// first learn the time over this very connection, and all of them would fall silent at once.
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

    use nattsyn_protocol::demonstration::root_key;
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    use super::*;

    const NOON: Timestamp = Timestamp(jiff::Timestamp::constant(1_800_000_000, 0));

    fn request(key: &KeyPair) -> String {
        // As whoever wants more than it gets.
        let mut params = CertificateParams::new(vec!["hub".to_owned()]).unwrap();
        params.distinguished_name = named(HUB_NAME);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.serialize_request(key).unwrap().pem().unwrap()
    }

    #[test]
    fn keys_are_readable_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create(folder.path(), &root_key()).unwrap();
        let unit = authority
            .issue_unit("u0000001".parse().unwrap(), &folder.path().join("unit"))
            .unwrap();
        for key in [folder.path().join("issuing.key"), unit.key] {
            let mode = fs::metadata(&key).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", key.display());
        }
    }

    #[test]
    fn a_second_authority_never_replaces_the_first() {
        let folder = tempfile::tempdir().unwrap();
        Authority::create(folder.path(), &root_key()).unwrap();
        let before = fs::read(folder.path().join("issuing.key")).unwrap();
        assert!(Authority::create(folder.path(), &root_key()).is_err());
        let after = fs::read(folder.path().join("issuing.key")).unwrap();
        assert_eq!(after, before);
        assert!(Authority::open(folder.path()).is_ok());
    }

    #[test]
    fn the_roots_certificate_has_the_key_that_units_pin() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create(folder.path(), &root_key()).unwrap();
        let pem = fs::read(authority.ca()).unwrap();
        let (_rest, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
        let root = pem.parse_x509().unwrap();
        let key = &root.public_key().subject_public_key.data;
        let pinned = nattsyn_protocol::demonstration::root();
        assert_eq!(key.as_ref(), pinned.as_bytes());
        let text = fs::read_to_string(authority.ca()).unwrap();
        assert!(!text.contains("PRIVATE"));
    }

    #[test]
    fn a_unit_gets_its_own_name_for_thirty_days_whatever_it_asks_for() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create(folder.path(), &root_key()).unwrap();
        let key = KeyPair::generate().unwrap();
        let unit = "u0000001".parse().unwrap();
        let issued = authority.sign_unit(unit, &request(&key), NOON).unwrap();
        let pem = x509_parser::pem::Pem::iter_from_buffer(issued.chain.as_bytes());
        let chain: Vec<_> = pem.map(|pem| pem.unwrap().contents).collect();
        assert_eq!(chain.len(), 2);
        let (_rest, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
        assert_eq!(leaf.subject().to_string(), "CN=u0000001");
        assert!(!leaf.is_ca());
        assert!(leaf.subject_alternative_name().unwrap().is_none());
        let usage = leaf.extended_key_usage().unwrap().unwrap();
        assert!(usage.value.client_auth && !usage.value.server_auth);
        let (_rest, issuing) = X509Certificate::from_der(&chain[1]).unwrap();
        leaf.verify_signature(Some(issuing.public_key())).unwrap();
        let holds = leaf.validity();
        let days = (holds.not_after.timestamp() - 1_800_000_000) / 86_400;
        assert_eq!((days, issued.until), (30, NOON.after(UNIT_HOLDS)));
        assert_eq!(issued.serial, leaf.raw_serial_as_string().replace(':', ""));
        let again = authority.sign_unit(unit, &request(&key), NOON).unwrap();
        assert_ne!(again.serial, issued.serial);
        assert_eq!(again.key, issued.key);
    }

    #[test]
    fn a_request_that_its_own_key_did_not_sign_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::create(folder.path(), &root_key()).unwrap();
        let unit = "u0000001".parse().unwrap();
        let key = KeyPair::generate().unwrap();
        let der = request(&key);
        let mut der = x509_parser::pem::parse_x509_pem(der.as_bytes()).unwrap().1;
        // Another key in the same request: somebody else's.
        let other = KeyPair::generate().unwrap();
        let (own, others) = (
            key.subject_public_key_info(),
            other.subject_public_key_info(),
        );
        let at = der.contents.windows(own.len()).position(|part| part == own);
        let at = at.unwrap();
        der.contents[at..at + own.len()].copy_from_slice(&others);
        let forged = rustls::pki_types::CertificateSigningRequestDer::from(der.contents);
        assert!(CertificateSigningRequestParams::from_der(&forged).is_err());
        for text in ["", "-----BEGIN CERTIFICATE REQUEST-----\n"] {
            let refused = authority.sign_unit(unit, text, NOON);
            assert!(matches!(refused, Err(CertificateError::NotARequest(_))));
        }
    }
}
