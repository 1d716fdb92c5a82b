//! Texts with slots, for gateways of any kind: `{to}`, `{text}`, `{key}` and a few more.
//!
//! A slot is a word of small letters in braces; other braces are what they are, so JSON needs no
//! escaping. An unknown word is an error when the settings are read. Values are escaped for where
//! they stand; a template cannot name anything that is about a person.

use std::fmt::Write as _;

/// What a slot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    To,
    Text,
    Key,
    Count,
    Kind,
    Link,
    Secret,
}

/// Every slot with its word.
const SLOTS: [(&str, Slot); 7] = [
    ("to", Slot::To),
    ("text", Slot::Text),
    ("key", Slot::Key),
    ("count", Slot::Count),
    ("kind", Slot::Kind),
    ("link", Slot::Link),
    ("secret", Slot::Secret),
];

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As they are: a header.
    None,
    /// Inside a JSON string.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// What stands in the slots of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    pub(super) to: &'a str,
    pub(super) text: &'a str,
    pub(super) key: &'a str,
    pub(super) count: &'a str,
    pub(super) kind: &'a str,
    pub(super) link: &'a str,
    pub(super) secret: &'a str,
}

/// A text with slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

/// A template with a slot that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{{{0}}} is not one of {{to}} {{text}} {{key}} {{count}} {{kind}} {{link}} {{secret}}")]
pub(super) struct TemplateError(String);

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            let word = after.split_once('}').map(|(word, _)| word);
            let is_slot = |word: &str| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            };
            let Some(word) = word.filter(|word| is_slot(word)) else {
                literal.push('{');
                rest = after;
                continue;
            };
            let slot = SLOTS.iter().find(|(own, _)| *own == word);
            let (_, slot) = slot.ok_or_else(|| TemplateError(word.to_owned()))?;
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
            pieces.push(Piece::Slot(*slot));
            rest = after.get(word.len() + 1..).unwrap_or_default();
        }
        literal.push_str(rest);
        pieces.push(Piece::Text(literal));
        Ok(Self(pieces))
    }

    pub(super) fn has(&self, slot: Slot) -> Presence {
        if self.0.contains(&Piece::Slot(slot)) {
            Presence::Has
        } else {
            Presence::Lacks
        }
    }

    pub(super) fn fill(&self, values: Values<'_>, escape: Escape) -> String {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Slot(slot) => escape_into(&mut filled, values.of(*slot), escape),
            }
        }
        filled
    }
}

/// Whether a template names a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Has,
    Lacks,
}

impl<'a> Values<'a> {
    fn of(&self, slot: Slot) -> &'a str {
        match slot {
            Slot::To => self.to,
            Slot::Text => self.text,
            Slot::Key => self.key,
            Slot::Count => self.count,
            Slot::Kind => self.kind,
            Slot::Link => self.link,
            Slot::Secret => self.secret,
        }
    }
}

fn escape_into(filled: &mut String, value: &str, escape: Escape) {
    match escape {
        Escape::None => filled.push_str(value),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            let inside = quoted
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            filled.push_str(inside.unwrap_or_default());
        }
        Escape::Form => {
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    filled.push(char::from(byte));
                } else {
                    write!(filled, "%{byte:02X}").expect("a string takes every write");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'_> = Values {
        to: "+46701234567",
        text: "3 att åtgärda \"nu\"",
        key: "nattsyn-1-2",
        count: "3",
        kind: "new",
        link: "https://hub.example/",
        secret: "s",
    };

    #[test]
    fn values_are_escaped_for_where_they_stand() {
        let json = Template::parse(r#"{"to":"{to}","n":{count},"t":"{text}"}"#).unwrap();
        assert_eq!(
            json.fill(VALUES, Escape::Json),
            r#"{"to":"+46701234567","n":3,"t":"3 att åtgärda \"nu\""}"#
        );
        let form = Template::parse("to={to}&text={text}").unwrap();
        assert_eq!(
            form.fill(VALUES, Escape::Form),
            "to=%2B46701234567&text=3%20att%20%C3%A5tg%C3%A4rda%20%22nu%22"
        );
        let header = Template::parse("Bearer {secret}").unwrap();
        assert_eq!(header.fill(VALUES, Escape::None), "Bearer s");
        assert_eq!(header.has(Slot::Secret), Presence::Has);
        assert_eq!(header.has(Slot::To), Presence::Lacks);
    }

    #[test]
    fn a_slot_that_is_none_is_named() {
        for text in ["{resident}", "to={too}", "{\"a\":{name}}"] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains("is not one of {to}"), "{error}");
        }
        for text in ["{", "}", "{}", "{ to }", "{\"a\": {\"b\": 1}}", "a{B}"] {
            assert_eq!(
                Template::parse(text).unwrap().fill(VALUES, Escape::Json),
                text
            );
        }
    }
}
