//! Certificates for a receiver and a hub on this machine, made anew for each test, as files.
//! Who uses them how is the tests' own.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority (`ca.pem`) and two certificates for `localhost`: `receiver.pem` with
/// `receiver-key.pem`, and `hub.pem` with `hub-key.pem`.
pub(crate) struct Certificates(tempfile::TempDir);

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority_key = KeyPair::generate().unwrap();
        let mut params = named("authority", Vec::new());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(params, authority_key);
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write("ca.pem", authority.pem());
        for owner in ["receiver", "hub"] {
            let key = KeyPair::generate().unwrap();
            let params = named(owner, vec!["localhost".to_owned()]);
            let certificate = params.signed_by(&key, &issuer).unwrap();
            write(&format!("{owner}.pem"), certificate.pem());
            write(&format!("{owner}-key.pem"), key.serialize_pem());
        }
        Self(folder)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Each with a name of its own: OpenSSL takes a certificate by its authority's name for one
/// that signed itself.
fn named(name: &str, hosts: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
