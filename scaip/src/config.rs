//! One alarm receiver as it is written down: where it is, what it wants, who we are to it.
//!
//! A table of a TOML file; `scaip/examples/receiver.toml` is one, written out. Passwords and
//! keys are named by file and never stand here. Whom an alarm is about is no configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::heartbeat::Rhythm;
use crate::message::Root;
use crate::sip::SipUri;
use crate::sip::digest::UserName;
use crate::sip::transaction::Reliability;

/// One alarm receiver.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// How it is reached. Default `tls`; the others send in clear what is about a person.
    #[serde(default)]
    pub transport: Transport,
    /// Its host and port, such as `receiver.example:5061`. No DNS service records are asked.
    pub address: Address,
    /// Whom messages are for.
    pub target: SipUri,
    /// Who sends them: a pseudonym of the hub, as agreed.
    pub from: SipUri,
    /// The root element that it wants. Default `mrq`.
    #[serde(default)]
    pub root: Root,
    /// The media type that it wants. Default `application/scaip+xml`.
    #[serde(default)]
    pub content_type: ContentType,
    /// How long a message may take until its verdict, in seconds. Default 20, as others in the
    /// field wait.
    #[serde(default)]
    pub time_limit_s: Seconds<20>,
    /// User name and password, where it asks.
    pub credentials: Option<CredentialFiles>,
    /// Certificates; needed for `tls`.
    pub tls: Option<TlsFiles>,
    /// Where it sends replies of its own, if not back over the line that a message came by.
    pub contact: Option<Contact>,
    /// How often it hears that the hub works, in seconds. Default 600.
    #[serde(default)]
    pub heartbeat_s: Seconds<600>,
    /// How long its five classes of heartbeat interval last, in seconds, if that is agreed.
    pub heartbeat_classes_s: Option<[Seconds<600>; 5]>,
}

/// A number of seconds from 1 to a day, with its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Seconds<const DEFAULT: u32>(u32);

impl<const DEFAULT: u32> Seconds<DEFAULT> {
    /// The time.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}

impl<const DEFAULT: u32> Default for Seconds<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: u32> TryFrom<u32> for Seconds<DEFAULT> {
    type Error = &'static str;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        (1..=86_400)
            .contains(&seconds)
            .then_some(Self(seconds))
            .ok_or("a time in seconds is 1 to 86400")
    }
}

/// How a receiver is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TLS over TCP, port 5061: nobody on the way reads or answers.
    #[default]
    Tls,
    /// TCP, port 5060.
    Tcp,
    /// UDP, port 5060.
    Udp,
}

impl Transport {
    /// Its name in `Via`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }

    /// Whether it carries bytes by itself.
    #[must_use]
    pub fn reliability(self) -> Reliability {
        match self {
            Self::Tls | Self::Tcp => Reliability::Stream,
            Self::Udp => Reliability::Datagrams,
        }
    }
}

/// The media type of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ContentType {
    /// As registered.
    #[default]
    #[serde(rename = "application/scaip+xml")]
    Scaip,
    /// As some receivers ask for.
    #[serde(rename = "application/xml")]
    Xml,
}

impl ContentType {
    /// As it is sent.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scaip => "application/scaip+xml",
            Self::Xml => "application/xml",
        }
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl TryFrom<String> for Address {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WANTED: &str = "an address is a host and a port, such as receiver.example:5061";
        let (host, port) = text.rsplit_once(':').ok_or(WANTED)?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(host) => host,
            None if host.contains(':') => return Err(WANTED),
            None => host,
        };
        let named = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic());
        let port = port.parse().ok().filter(|port| *port != 0 && named);
        Ok(Self {
            host: host.to_owned(),
            port: port.ok_or(WANTED)?,
        })
    }
}

/// Who we are to a receiver that asks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialFiles {
    /// The user name.
    pub user: UserName,
    /// A file whose first line is the password.
    pub password_file: PathBuf,
}

/// Certificates, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Authorities, one of which signed the receiver's certificate.
    pub ca: PathBuf,
    /// The name in the receiver's certificate. Default: the address's host.
    pub name: Option<String>,
    /// Our own certificate and key, where the receiver asks, or where it connects to us.
    pub identity: Option<IdentityFiles>,
}

/// A certificate and its key, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFiles {
    /// The certificate, with those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Where a receiver sends replies of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// What the receiver is told, as it reaches us from where it stands.
    pub uri: SipUri,
    /// Where we wait for it. Two receivers need two ports.
    pub listen: SocketAddr,
}

impl Receiver {
    /// Makes relative file names relative to the folder of the file that they stood in.
    #[must_use]
    pub fn beside(mut self, folder: &Path) -> Self {
        let credentials = self.credentials.iter_mut();
        let files = credentials.map(|credentials| &mut credentials.password_file);
        let tls = self.tls.iter_mut().flat_map(|tls| {
            let identity = tls.identity.iter_mut();
            let identity = identity.flat_map(|own| [&mut own.certificate, &mut own.key]);
            std::iter::once(&mut tls.ca).chain(identity)
        });
        for file in files.chain(tls) {
            *file = folder.join(&*file);
        }
        self
    }

    /// How often it hears that the hub works.
    #[must_use]
    pub fn rhythm(&self) -> Rhythm {
        Rhythm {
            usual: self.heartbeat_s.duration(),
            classes: self
                .heartbeat_classes_s
                .map(|classes| classes.map(Seconds::duration)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "address = \"receiver.example:5061\"\n\
                         target = \"sip:arc@receiver.example\"\n\
                         from = \"sip:00012345@hub.example\"\n";

    fn read(more: &str) -> Result<Receiver, String> {
        toml::from_str(&format!("{LEAST}{more}")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_written_has_its_default() {
        let receiver = read("").unwrap();
        assert_eq!(receiver.transport, Transport::Tls);
        assert_eq!(receiver.root, Root::Mrq);
        assert_eq!(receiver.content_type.name(), "application/scaip+xml");
        assert_eq!(receiver.time_limit_s.duration(), Duration::from_secs(20));
        assert_eq!(receiver.rhythm().usual, Duration::from_secs(600));
        assert_eq!((receiver.tls, receiver.contact), (None, None));
    }

    #[test]
    fn the_example_says_everything_and_is_read() {
        let example = include_str!("../examples/receiver.toml");
        let receiver: Receiver = toml::from_str(example).unwrap();
        let plain = Receiver {
            credentials: None,
            tls: None,
            contact: None,
            heartbeat_classes_s: None,
            ..receiver.clone()
        };
        assert_eq!(plain, read("").unwrap());
        let whole = receiver.beside(Path::new("folder"));
        assert_eq!(
            whole.credentials.unwrap().password_file,
            Path::new("folder/receiver-password")
        );
        let identity = whole.tls.unwrap().identity.unwrap();
        assert_eq!(identity.key, Path::new("folder/hub-key.pem"));
        assert!(whole.contact.is_some() && whole.heartbeat_classes_s.is_some());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (more, why) in [
            ("colour = 1", "unknown field `colour`"),
            ("time_limit_s = 0", "1 to 86400"),
            ("transport = \"sctp\"", "unknown variant `sctp`"),
            ("content_type = \"text/plain\"", "application/xml"),
            (
                "[credentials]\nuser = \"a b\"\npassword_file = \"p\"",
                "a user name has",
            ),
        ] {
            let refused = read(more).unwrap_err();
            assert!(refused.contains(why), "{more}: {refused}");
        }
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        let of = |text: &str| Address::try_from(text.to_owned());
        assert_eq!(of("[2001:db8::1]:5061").unwrap().host, "2001:db8::1");
        assert_eq!(of("receiver.example:5061").unwrap().port, 5061);
        for refused in [
            "receiver",
            "receiver:0",
            ":1",
            "::1",
            "a:b",
            "a b:1",
            "a:99999",
        ] {
            assert!(of(refused).is_err(), "{refused}");
        }
    }
}
