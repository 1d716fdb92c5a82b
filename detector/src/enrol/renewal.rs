//! The voice's next certificate: asked for when a third of the present one's time is over, for a
//! key of its own, by showing the present one.

use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use nattsyn_protocol::enrolment::{RENEW, Renew, Renewed};

use super::door::{self, Door};
use super::files::{self, PRIVATE};
use super::{EnrolError, Paths};
use crate::config::voice::VoiceConfig;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The present certificate is to be used until then before another is asked for.
    NotDue(Timestamp),
    /// There is another, which holds until then. The voice must be started anew to use it.
    Renewed(Timestamp),
}

/// From when another certificate is asked for: a third of the time that one holds.
///
/// `from` and `until` are seconds since 1970.
fn due(from: i64, until: i64) -> Option<Timestamp> {
    let third = until.checked_sub(from)? / 3;
    Timestamp::from_second(from.checked_add(third)?).ok()
}

/// Asks for the next certificate if it is time to.
///
/// # Errors
///
/// Why there is none; the present one is as it was.
pub fn renew(paths: &Paths, now: Timestamp) -> Result<Outcome, EnrolError> {
    let settings = paths.voice_settings();
    let config = VoiceConfig::load(&settings).ok();
    let door = config.as_ref().and_then(|config| config.door.as_ref());
    let door = door.ok_or(EnrolError::NotYet(settings))?;
    let own = Zeroizing::new(files::read(&paths.certificate())?);
    let (from, until) = holds(&own).ok_or(EnrolError::Answer("the present one is none"))?;
    let due = due(from, until).ok_or(EnrolError::Answer("the present one has no time"))?;
    if now < due {
        return Ok(Outcome::NotDue(due));
    }
    let door = Door::pinned(&door.host, door.port, &door.root)?.showing(&own)?;
    let key = KeyPair::generate()?;
    let csr = CertificateParams::default()
        .serialize_request(&key)?
        .pem()?;
    let next: Renewed = door.post(RENEW, &Renew { csr })?;
    let chain = Zeroizing::new(next.certificate + &Zeroizing::new(key.serialize_pem()));
    if !door::is_usable(&chain) {
        return Err(EnrolError::Answer("its certificate is for another key"));
    }
    files::write(&paths.certificate(), &chain, PRIVATE)?;
    Ok(Outcome::Renewed(next.until.0))
}

/// From when and until when the first certificate in a PEM text holds.
fn holds(pem: &str) -> Option<(i64, i64)> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_rest, certificate) = X509Certificate::from_der(&der).ok()?;
    let holds = certificate.validity();
    Some((holds.not_before.timestamp(), holds.not_after.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_time_when_a_third_is_over() {
        let day = 86_400;
        let due = due(0, 30 * day).unwrap();
        assert_eq!(due, Timestamp::from_second(10 * day).unwrap());
    }
}
