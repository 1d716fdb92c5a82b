//! What is told: fixed words, a count, a kind, and a link to the hub's page.
//!
//! Nothing in a [`Notice`] that reaches a phone says whom or what it is about. The texts are the
//! whole vocabulary; SMS gateways can send them in GSM 03.38, å, ä and ö included.

use std::fmt;

use serde::Deserialize;

use super::address::Address;
use super::chain::{About, Key, Kind};

/// In which language people are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Language {
    /// Swedish.
    #[default]
    #[serde(rename = "sv")]
    Swedish,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// One message to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same in every repetition.
    pub key: Key,
    /// Why.
    pub kind: Kind,
    /// How many rows wait for whoever is told.
    pub count: u32,
    /// To whom.
    pub to: Address,
    /// In which language.
    pub language: Language,
    /// The hub's page.
    pub link: Link,
    /// For which rows. For a channel that tells an alarm receiver, by pseudonyms; no template and
    /// no text can name it.
    pub about: About,
}

/// Where the hub's page is, as a browser asks for it. It names nothing but the hub.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Link(String);

/// A link that cannot be sent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not the address of a page: https://, a host, no question mark and no #")]
pub struct LinkError(String);

impl TryFrom<String> for Link {
    type Error = LinkError;

    fn try_from(text: String) -> Result<Self, LinkError> {
        let uri = text.parse::<hyper::Uri>();
        let is_page = uri.is_ok_and(|uri| {
            uri.scheme_str() == Some("https") && uri.host().is_some() && uri.query().is_none()
        });
        if is_page && !text.contains(['#', '?', '@']) {
            Ok(Self(text))
        } else {
            Err(LinkError(text))
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Notice {
    /// The words, without the link.
    #[must_use]
    pub fn text(&self) -> String {
        match self.language {
            Language::Swedish => swedish(self.kind, self.count),
            Language::English => english(self.kind, self.count),
        }
    }
}

fn swedish(kind: Kind, count: u32) -> String {
    match (kind, count) {
        (Kind::New, 0 | 1) => "Nattsyn: att åtgärda".to_owned(),
        (Kind::New, _) => format!("Nattsyn: {count} att åtgärda"),
        (Kind::Reminded, 0 | 1) => "Nattsyn: påminnelse, att åtgärda".to_owned(),
        (Kind::Reminded, _) => format!("Nattsyn: påminnelse, {count} att åtgärda"),
        (Kind::Escalated, 0 | 1) => "Nattsyn: att åtgärda, ingen har tagit det".to_owned(),
        (Kind::Escalated, _) => format!("Nattsyn: {count} att åtgärda, alla är inte tagna"),
        (Kind::Test, _) => "Nattsyn: provlarm, svara på sidan".to_owned(),
    }
}

fn english(kind: Kind, count: u32) -> String {
    match (kind, count) {
        (Kind::New, 0 | 1) => "Nattsyn: somebody is needed".to_owned(),
        (Kind::New, _) => format!("Nattsyn: somebody is needed for {count}"),
        (Kind::Reminded, 0 | 1) => "Nattsyn: reminder, somebody is needed".to_owned(),
        (Kind::Reminded, _) => format!("Nattsyn: reminder, somebody is needed for {count}"),
        (Kind::Escalated, 0 | 1) => "Nattsyn: somebody is needed, nobody took it".to_owned(),
        (Kind::Escalated, _) => {
            format!("Nattsyn: somebody is needed for {count}, not all were taken")
        }
        (Kind::Test, _) => "Nattsyn: test alarm, answer on the page".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_one_sms_with_its_link_and_names_only_the_product() {
        for kind in [Kind::New, Kind::Reminded, Kind::Escalated, Kind::Test] {
            for count in [0, 1, 2, 4_000_000_000] {
                for text in [swedish(kind, count), english(kind, count)] {
                    assert!(text.starts_with("Nattsyn: "), "{text}");
                    assert!(text.chars().count() <= 80, "{text}");
                    let is_gsm = |c: char| c.is_ascii_alphanumeric() || " :,åäöÅÄÖ".contains(c);
                    assert!(text.chars().all(is_gsm), "{text}");
                }
            }
        }
        assert_eq!(swedish(Kind::New, 1), "Nattsyn: att åtgärda");
        assert_eq!(swedish(Kind::New, 3), "Nattsyn: 3 att åtgärda");
    }

    #[test]
    fn a_link_names_a_page_and_nothing_else() {
        let link = |text: &str| Link::try_from(text.to_owned());
        assert!(link("https://nattsyn.example").is_ok());
        assert!(link("https://nattsyn.example:8443/natt").is_ok());
        for bad in [
            "http://nattsyn.example",
            "https://nattsyn.example/?r=r0000001",
            "https://nattsyn.example/#r1",
            "https://user@nattsyn.example/",
            "nattsyn.example",
            "",
        ] {
            assert!(link(bad).is_err(), "{bad}");
        }
    }
}
