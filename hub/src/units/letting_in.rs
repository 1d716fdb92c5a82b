//! Who is let in as a unit, and who gets a next certificate. It reads and writes the book and
//! signs; sockets and clocks are [`super::endpoint`]'s.
//!
//! A code is good once and for fifteen minutes. Whoever asks again with the very same application
//! gets the same answer: an answer that was lost on its way costs nobody a new code.

use std::time::Duration;

use nattsyn_protocol::enrolment::{
    Admission, Application, ApplicationError, Code, Enrol, Place, Renew, Renewed, Token,
};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::Stage;
use crate::audit::Who;
use crate::certificates::{Authority, CertificateError, Issued};
use crate::store::{Certificate, CodeRow, Enrolment, StoreError, UnitError, Units};

/// How long a code is good.
pub const CODE_HOLDS: Duration = Duration::from_secs(15 * 60);

/// Why somebody is not let in. What is said is written down, and goes to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nobody made such a code.
    #[error("this code is not known here")]
    UnknownCode,
    /// The code is too old.
    #[error("this code is too old: make a new one")]
    Expired,
    /// A newer code was made for the same unit.
    #[error("a newer code was made for this unit")]
    Replaced,
    /// The code has been used by another application.
    #[error("this code has been used")]
    Used,
    /// What was sent is no application.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// The unit is in no state to be let in.
    #[error("the unit is {}", .0.map_or("unknown", Stage::word))]
    Stage(Option<Stage>),
    /// The eye's key has been another unit's.
    #[error("this eye's key belongs to a unit already: was the card copied?")]
    EyeKnown,
    /// There has been a certificate for the voice's key.
    #[error("there has been a certificate for this key already")]
    KeyKnown,
    /// The certificate that was shown is none of this hub's units'.
    #[error("the certificate that was shown is none of this hub's")]
    Stranger,
    /// It holds no more.
    #[error("the certificate that was shown holds no more")]
    Denied,
    /// The request is none, or the authority cannot sign.
    #[error("no certificate can be made of this request")]
    Certificate(#[from] CertificateError),
    /// The hub cannot read or write now.
    #[error("the hub cannot write now; try again")]
    Store(#[from] StoreError),
}

impl From<UnitError> for Refused {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Illegal(illegal) => Self::Stage(illegal.stage),
            UnitError::CodeUsed => Self::Used,
            UnitError::EyeKnown => Self::EyeKnown,
            UnitError::KeyKnown => Self::KeyKnown,
            UnitError::Store(error) => Self::Store(error),
        }
    }
}

/// What is told to units that are let in.
#[derive(Clone, Debug)]
pub struct Directions {
    /// Where units are let in.
    pub door: Place,
    /// Where the broker is.
    pub broker: Place,
    /// The municipality's root certificate, PEM.
    pub root: String,
    /// Its key, which codes carry.
    pub pinned: PublicKey,
}

/// Makes a code for a unit in stock. It is shown once, and the book keeps its hash alone.
///
/// # Errors
///
/// The unit is not in stock, or the book cannot be written.
pub fn make_code(
    units: &mut Units,
    directions: &Directions,
    token: Token,
    (unit, by, now): (UnitId, &Who, Timestamp),
) -> Result<Code, UnitError> {
    units.add_code(&CodeRow {
        hash: token.hash(),
        unit,
        by: by.clone(),
        at: now,
        until: now.after(CODE_HOLDS),
    })?;
    Ok(Code {
        host: directions.door.host.clone(),
        port: directions.door.port,
        root: directions.pinned,
        token,
    })
}

/// Lets a unit in, if its code is good.
///
/// # Errors
///
/// Why it is not; nothing was written then.
pub fn enrol(
    (units, authority, directions): (&mut Units, &Authority, &Directions),
    asked: &Enrol,
    now: Timestamp,
) -> Result<Admission, Refused> {
    let application = asked.open()?;
    let code = units
        .code(&application.token)?
        .ok_or(Refused::UnknownCode)?;
    let certificate = match units.enrolment(code.unit)? {
        Some(before) if before.hash == code.hash && is_same(&before, &application) => {
            // Its answer may have been lost. Whoever was removed since gets nothing.
            let stage = units.unit(code.unit)?.map(|unit| unit.stage);
            if !stage.is_some_and(Stage::is_let_in) {
                return Err(Refused::Stage(stage));
            }
            let first = units.newest(code.unit)?.filter(|it| it.after.is_none());
            in_time(&code, now)?;
            first.ok_or(Refused::Used)?
        }
        Some(before) if before.hash == code.hash => return Err(Refused::Used),
        Some(_) | None => {
            in_time(&code, now)?;
            if units
                .newest_code(code.unit)?
                .is_some_and(|newest| newest.hash != code.hash)
            {
                return Err(Refused::Replaced);
            }
            let issued = authority.sign_unit(code.unit, &application.csr, now)?;
            let certificate = written(code.unit, issued, (None, now));
            let enrolment = Enrolment {
                unit: code.unit,
                hash: code.hash,
                eye: application.eye,
                package: application.package,
                version: application.version,
                csr: application.csr,
                at: now,
            };
            units.enrol(&enrolment, &certificate)?;
            certificate
        }
    };
    Ok(Admission {
        unit: code.unit,
        certificate: certificate.chain,
        root: directions.root.clone(),
        broker: directions.broker.clone(),
        until: certificate.until,
    })
}

/// The next certificate for a unit that shows one which holds.
///
/// # Errors
///
/// Why there is none; nothing was written then.
pub fn renew(
    (units, authority): (&mut Units, &Authority),
    (unit, serial): (UnitId, &str),
    asked: &Renew,
    now: Timestamp,
) -> Result<Renewed, Refused> {
    let shown = units.certificate(serial)?.filter(|it| it.unit == unit);
    let shown = shown.ok_or(Refused::Stranger)?;
    if units.denied(now)?.why(serial).is_some() {
        return Err(Refused::Denied);
    }
    let issued = authority.sign_unit(unit, &asked.csr, now)?;
    let next = written(unit, issued, (Some(shown.serial), now));
    units.renew(&next)?;
    Ok(Renewed {
        certificate: next.chain,
        until: next.until,
    })
}

fn in_time(code: &CodeRow, now: Timestamp) -> Result<(), Refused> {
    // A clock that was put back must not make a code good for longer.
    if now > code.until || now.after(CODE_HOLDS) < code.at {
        return Err(Refused::Expired);
    }
    Ok(())
}

fn is_same(before: &Enrolment, application: &Application) -> bool {
    before.eye == application.eye && before.csr == application.csr
}

fn written(unit: UnitId, issued: Issued, (after, at): (Option<String>, Timestamp)) -> Certificate {
    Certificate {
        serial: issued.serial,
        unit,
        key: issued.key,
        chain: issued.chain,
        after,
        at,
        until: issued.until,
    }
}
