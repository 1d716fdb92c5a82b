//! Tells by mail: SMTP over TLS, plain text, fixed words, no names.
//!
//! A mail server that takes a message may still lose it, delay it by hours or take it for spam:
//! mail is for a last channel, never for the only one. The key is the message's `Message-ID`.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport as _, Tokio1Executor};

use super::address::{Address, MailAddress};
use super::gateway::is_this_machine;
use super::notice::Notice;
use super::notifier::{Notifier, Receipt, TellError, Telling};
use super::patience::Patience;
use super::secret::{Secret, in_full};

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte: port 465.
    Tls,
    /// TLS by `STARTTLS`, or nothing is sent: port 587.
    StartTls,
    /// None: to a mail server on this machine alone.
    None,
}

/// What is known of a mail server.
pub(super) struct Server<'a> {
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    pub(super) security: Security,
    pub(super) ca: Option<Vec<u8>>,
    pub(super) login: Option<(String, Secret)>,
    pub(super) patience: Patience,
}

/// The channel of mail.
pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    patience: Patience,
}

impl Mail {
    /// A channel by a mail server.
    pub(super) fn new(server: Server<'_>, from: &MailAddress) -> Result<Self, String> {
        let (tls, port) = match server.security {
            Security::Tls => (Tls::Wrapper(parameters(&server)?), 465),
            Security::StartTls => (Tls::Required(parameters(&server)?), 587),
            Security::None if is_this_machine(server.host) => (Tls::None, 25),
            Security::None => return Err("none, and the host is not this machine".to_owned()),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)
            .port(server.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(server.patience.each));
        if let Some((name, password)) = server.login {
            let login = Credentials::new(name, password.expose().to_owned());
            builder = builder.credentials(login);
        }
        Ok(Self {
            transport: builder.build(),
            from: from.mailbox(),
            patience: server.patience,
        })
    }

    async fn tell_once(&self, notice: &Notice) -> Result<Receipt, TellError> {
        let Address::Mail(to) = &notice.to else {
            return Err(TellError::WrongAddress);
        };
        let host = self.from.email.domain();
        let message = Message::builder()
            .message_id(Some(format!("<{}@{host}>", notice.key)))
            .from(self.from.clone())
            .to(to.mailbox())
            .subject(notice.text())
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\r\n\r\n{}\r\n", notice.text(), notice.link))
            .map_err(|_error| TellError::Unmade)?;
        let sent = self.transport.send(message).await;
        let response = sent.map_err(|error| judge(&error))?;
        Ok(Receipt {
            code: u16::from(response.code()),
        })
    }
}

impl Notifier for Mail {
    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
        Box::pin(self.patience.persevere(move || self.tell_once(notice)))
    }
}

fn parameters(server: &Server<'_>) -> Result<TlsParameters, String> {
    let mut builder =
        TlsParameters::builder(server.host.to_owned()).certificate_store(CertificateStore::Default);
    if let Some(pem) = &server.ca {
        let authority = Certificate::from_pem(pem).map_err(|error| in_full(&error))?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build_rustls().map_err(|error| in_full(&error))
}

/// What a mail server's error means. Its text is let go: it may repeat the address.
fn judge(error: &Error) -> TellError {
    let code = error.status().map(u16::from);
    if error.is_timeout() {
        TellError::TimedOut
    } else if error.is_permanent() {
        TellError::Refused {
            code: code.unwrap_or_default(),
        }
    } else if error.is_transient() {
        TellError::Busy {
            code: code.unwrap_or_default(),
            again_after: None::<Duration>,
        }
    } else if error.is_response() {
        TellError::Garbled
    } else if is_untrusted(error) {
        TellError::Untrusted
    } else {
        TellError::Unreachable(std::io::ErrorKind::Other.into())
    }
}

fn is_untrusted(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let tls = error.downcast_ref::<rustls::Error>();
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(|error| error.get_ref())
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(_)) = tls.or(inner) {
            return true;
        }
        cause = error.source();
    }
    false
}
