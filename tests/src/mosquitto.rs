//! Debian's Mosquitto as the broker between hub and units, in a process and a folder of its own.
//!
//! It has the rules that an operator is told to set (`hub/examples/mosquitto.conf`), but for its
//! bounds and for client ids: whoever has the hub's certificate may listen beside the hub.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use nattsyn_hub::certificates::{Authority, Identity};

use crate::ports;
use crate::programs::{Running, installed};

/// How often it is tried, and with what between: ten seconds in all.
const TRIES: (usize, Duration) = (200, Duration::from_millis(50));

/// A broker. It ends when this is dropped.
#[derive(Debug)]
pub struct Mosquitto {
    /// Its port on `localhost`.
    pub port: u16,
    process: Running,
}

impl Mosquitto {
    /// Starts it on a free port, with a server's certificate of this authority in `tls` and its
    /// own files in `folder`.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not listen within ten seconds.
    #[must_use]
    pub fn start(folder: &Path, authority: &Authority, tls: &Path) -> Self {
        let port = ports::free();
        let config = write_config(folder, authority, tls, port).expect("files can be written");
        let child = Command::new(installed("mosquitto"))
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto can be started");
        let broker = Self {
            port,
            process: Running(child),
        };
        let (_sender, never) = sync_channel::<()>(0);
        for _ in 0..TRIES.0 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return broker;
            }
            never.recv_timeout(TRIES.1).ok();
        }
        panic!("mosquitto does not listen on port {port} after ten seconds");
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtts://localhost:{}", self.port)
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }
}

/// The way to it for a test that speaks as a hub or a unit: with their certificate, and with its
/// authority's, without which nobody who knows only the root can tell that it is theirs.
///
/// # Panics
///
/// A file of the identity is missing, or holds something else.
#[must_use]
pub fn transport(identity: &Identity) -> Transport {
    let read = |path: &Path| -> Vec<CertificateDer<'static>> {
        let all = CertificateDer::pem_file_iter(path).expect("certificates are there");
        all.collect::<Result<_, _>>()
            .expect("they are certificates")
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(read(&identity.ca));
    let key = PrivateKeyDer::from_pem_file(&identity.key).expect("a key is there");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks the usual versions")
        .with_root_certificates(roots)
        .with_client_auth_cert(read(&identity.certificate), key)
        .expect("certificate and key belong together");
    Transport::Tls(TlsConfiguration::Rustls(Arc::new(config)))
}

fn write_config(
    folder: &Path,
    authority: &Authority,
    tls: &Path,
    port: u16,
) -> io::Result<PathBuf> {
    let server = authority.issue_server(&[], tls).map_err(io::Error::other)?;
    let acl = folder.join("acl");
    fs::write(
        &acl,
        "user hub\ntopic readwrite n1/#\n\npattern write n1/%u/up/+\npattern read n1/%u/dn/+\n",
    )?;
    let line = |key: &str, file: &Path| format!("{key} {}\n", file.display());
    let config = format!(
        "listener {port} 127.0.0.1\nrequire_certificate true\nuse_identity_as_username true\n\
         allow_anonymous false\npersistence false\nuser root\n{}{}{}{}",
        line("cafile", &server.ca),
        line("certfile", &server.certificate),
        line("keyfile", &server.key),
        line("acl_file", &acl),
    );
    let path = folder.join("mosquitto.conf");
    fs::write(&path, config)?;
    Ok(path)
}
