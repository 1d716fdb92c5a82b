//! A SIP address that is safe to write into a request. It is not taken apart, nor looked up.

use std::fmt;

/// Longest address: what `crd` may hold; a request with two of them still fits a datagram.
const LENGTH_MAX: usize = 256;

/// `sip:user@host` or `sips:user@host`, with a port and parameters where they are needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct SipUri(String);

/// No SIP address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Another kind of address.
    #[error("a SIP address begins with sip: or sips:")]
    Scheme,
    /// Nothing to send to.
    #[error("a SIP address names a host")]
    Host,
    /// A character that could end the address early.
    #[error("a SIP address has only ASCII letters, digits and -_.!~*'()&=+$,;?/:@%[]")]
    Character,
    /// Too long.
    #[error("a SIP address has at most {LENGTH_MAX} characters")]
    Length,
}

impl SipUri {
    /// Takes an address.
    ///
    /// # Errors
    ///
    /// It is none, or holds what could be read as the end of a header.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let rest = text
            .strip_prefix("sip:")
            .or_else(|| text.strip_prefix("sips:"))
            .ok_or(UriError::Scheme)?;
        if text.len() > LENGTH_MAX {
            return Err(UriError::Length);
        }
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/:@%[]".contains(&byte);
        if !rest.bytes().all(allowed) {
            return Err(UriError::Character);
        }
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        if !host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[') {
            return Err(UriError::Host);
        }
        Ok(Self(text.to_owned()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for SipUri {
    type Error = UriError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_end_a_header() {
        for good in [
            "sip:arc@receiver.example",
            "sips:00012345@[2001:db8::1]:5061;transport=tls",
            "sip:receiver.example",
        ] {
            assert_eq!(SipUri::parse(good).unwrap().as_str(), good);
        }
        for (bad, why) in [
            ("https://receiver.example", UriError::Scheme),
            ("sip:", UriError::Host),
            ("sip:arc@", UriError::Host),
            ("sip:arc@host>\r\nX: y", UriError::Character),
            ("sip:arc@host x", UriError::Character),
            ("sip:årc@host", UriError::Character),
        ] {
            assert_eq!(SipUri::parse(bad), Err(why), "{bad}");
        }
        let long = format!("sip:{}", "a".repeat(LENGTH_MAX));
        assert_eq!(SipUri::parse(&long), Err(UriError::Length));
    }
}
