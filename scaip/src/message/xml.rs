//! A flat list of tags under one root, as XML: all of XML that SCAIP needs.
//!
//! Reading is bounded and takes no document type, no processing instruction and no entity but
//! XML's own five, so that no reply can make the reader fetch or expand anything. Order is not
//! judged when reading, attributes and namespaces are passed over, and so are tags that nobody
//! asks for: a newer receiver may say more. Which tags there are is not known here.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesRef, Event};

use super::field::{Field, FieldError};

/// Most bytes of a message or reply that are read. The longest request that the field table
/// allows stays under 4,000 bytes with every character escaped; a receiver's own tags fit too.
pub const BYTES_MAX: usize = 16 * 1024;

/// Most tags under the root: the field table has 22 at most.
const TAGS_MAX: usize = 64;

/// Deepest that tags nest: `lge` holds one level, and strangers may hold some more.
const DEPTH_MAX: usize = 8;

/// Longest name from outside that an error repeats.
const SHOWN_MAX: usize = 24;

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Longer than anything that could be a message.
    #[error("{bytes} bytes, at most {BYTES_MAX} are read")]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Not UTF-8, or with a byte that XML cannot carry.
    #[error("no UTF-8 text")]
    NotText,
    /// Not well-formed.
    #[error("no well-formed XML near byte {position}: {reason}")]
    Malformed {
        /// Where the reader stood.
        position: u64,
        /// What the reader says.
        reason: String,
    },
    /// A document type, a processing instruction or an entity, which no message needs.
    #[error("{0} has no place in a message")]
    Forbidden(&'static str),
    /// More tags, or more deeply nested, than any message has.
    #[error("more tags than any message has")]
    TooMany,
    /// The root is none of those expected.
    #[error("the root is `{found}` and not `{expected}`")]
    Root {
        /// The beginning of what it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A tag stands twice, so that nobody can say which counts.
    #[error("tag `{0}`: stands twice")]
    Twice(&'static str),
    /// A tag that must be there is missing.
    #[error("tag `{0}`: missing")]
    Missing(&'static str),
    /// A tag holds tags where text is due.
    #[error("tag `{0}`: holds tags where text is due")]
    NotPlain(&'static str),
    /// A value may not stand in its tag.
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// Writes tags in the order in which they are handed in.
pub(super) struct Writer {
    root: &'static str,
    text: String,
}

impl Writer {
    pub(super) fn new(root: &'static str) -> Self {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>");
        Self { root, text }
    }

    pub(super) fn field<F: Field>(&mut self, field: &F) -> &mut Self {
        let (tag, value) = (F::TAG, field.text());
        write!(self.text, "<{tag}>{}</{tag}>", escape(value.as_ref()))
            .expect("writing to a string never fails");
        self
    }

    pub(super) fn maybe<F: Field>(&mut self, field: Option<&F>) -> &mut Self {
        if let Some(field) = field {
            self.field(field);
        }
        self
    }

    pub(super) fn finish(&mut self) -> String {
        let mut text = std::mem::take(&mut self.text);
        write!(text, "</{}>", self.root).expect("writing to a string never fails");
        text
    }
}

/// What stood under the root, in the order in which it stood.
#[derive(Debug)]
pub(super) struct Tags {
    /// The root's name without its namespace.
    pub(super) root: String,
    tags: Vec<Tag>,
}

#[derive(Debug)]
struct Tag {
    name: String,
    text: String,
    content: Content,
}

#[derive(Debug, PartialEq, Eq)]
enum Content {
    Plain,
    Nested,
}

impl Tags {
    /// Reads the tags of a document.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > BYTES_MAX {
            return Err(ReadError::TooLarge { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains(unprintable))
            .ok_or(ReadError::NotText)?;
        // Some senders end the body with a zero or with blank lines; only those are let be.
        let text = text.trim_start_matches('\u{feff}').trim();
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        let mut gathering = Gathering::default();
        loop {
            let event = reader
                .read_event()
                .map_err(|error| malformed(reader.error_position(), &error))?;
            if let Event::Eof = event {
                return gathering.finish(reader.buffer_position());
            }
            let position = reader.buffer_position();
            gathering.take(position, &event)?;
        }
    }

    /// The value of a tag, if it is there and holds anything but blanks.
    pub(super) fn maybe<F: Field>(&self) -> Result<Option<F>, ReadError> {
        let mut found = self.tags.iter().filter(|tag| tag.name == F::TAG);
        let Some(tag) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(ReadError::Twice(F::TAG));
        }
        if tag.content == Content::Nested {
            return Err(ReadError::NotPlain(F::TAG));
        }
        match tag.text.trim() {
            "" => Ok(None),
            text => Ok(Some(F::parse(text)?)),
        }
    }

    /// The value of a tag that must be there.
    pub(super) fn needed<F: Field>(&self) -> Result<F, ReadError> {
        self.maybe()?.ok_or(ReadError::Missing(F::TAG))
    }
}

/// Control characters that XML 1.0 cannot carry.
fn unprintable(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\r' | '\n' | '\u{7f}'..='\u{9f}')
}

fn malformed(position: u64, reason: &impl ToString) -> ReadError {
    let reason = reason.to_string();
    ReadError::Malformed {
        position,
        reason: reason.chars().take(4 * SHOWN_MAX).collect(),
    }
}

#[derive(Default)]
struct Gathering {
    root: Option<String>,
    tags: Vec<Tag>,
    depth: usize,
}

impl Gathering {
    fn take(&mut self, position: u64, event: &Event<'_>) -> Result<(), ReadError> {
        match event {
            Event::Start(start) => {
                self.open(position, start.local_name().as_ref())?;
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(ReadError::TooMany);
                }
                Ok(())
            }
            Event::Empty(empty) => self.open(position, empty.local_name().as_ref()),
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Event::Text(text) => self.text(position, &text.xml10_content()),
            Event::CData(data) => self.text(position, &data.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = resolved(position, reference)?;
                self.text(position, &character)
            }
            Event::Comment(_) | Event::Decl(_) | Event::Eof => Ok(()),
            Event::PI(_) => Err(ReadError::Forbidden("a processing instruction")),
            Event::DocType(_) => Err(ReadError::Forbidden("a document type")),
        }
    }

    fn open(&mut self, position: u64, name: &str) -> Result<(), ReadError> {
        match (self.depth, &self.root) {
            (0, None) => self.root = Some(name.to_owned()),
            (0, Some(_)) => return Err(malformed(position, &"a second root")),
            (1, _) if self.tags.len() >= TAGS_MAX => return Err(ReadError::TooMany),
            (1, _) => self.tags.push(Tag {
                name: name.to_owned(),
                text: String::new(),
                content: Content::Plain,
            }),
            _ => {
                if let Some(tag) = self.tags.last_mut() {
                    tag.content = Content::Nested;
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, position: u64, text: &str) -> Result<(), ReadError> {
        match (self.depth, self.tags.last_mut()) {
            (2, Some(tag)) => tag.text.push_str(text),
            (0 | 1, _) if !text.trim().is_empty() => {
                return Err(malformed(position, &"text between tags"));
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self, position: u64) -> Result<Tags, ReadError> {
        if self.depth != 0 {
            return Err(malformed(position, &"the end is missing"));
        }
        let root = self.root.ok_or_else(|| malformed(position, &"no root"))?;
        Ok(Tags {
            root,
            tags: self.tags,
        })
    }
}

/// One of XML's own five entities, or a character by its number.
fn resolved(position: u64, reference: &BytesRef<'_>) -> Result<String, ReadError> {
    let character = reference
        .resolve_char_ref()
        .map_err(|error| malformed(position, &error))?;
    if let Some(character) = character {
        if character == '\0' || unprintable(character) {
            return Err(ReadError::NotText);
        }
        return Ok(character.to_string());
    }
    resolve_predefined_entity(&reference.xml10_content())
        .map(str::to_owned)
        .ok_or(ReadError::Forbidden("an entity of its own"))
}

/// Says which root was found instead.
pub(super) fn wrong_root(found: &str, expected: &'static str) -> ReadError {
    ReadError::Root {
        found: found.chars().take(SHOWN_MAX).collect(),
        expected,
    }
}
