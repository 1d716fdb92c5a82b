//! What rendering and exposing give: linear light, an eight-bit picture, a map of the person.
//!
//! Deliberately plain values; nothing here reads or writes a file.

/// Linear light reaching the lens, before any sensor: row by row,
/// [`WIDTH`](crate::WIDTH) × [`HEIGHT`](crate::HEIGHT).
///
/// Unit: a white surface facing the lamp one metre away is 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Radiance {
    pub(crate) light: Vec<f32>,
}

impl Radiance {
    /// Row by row, one value a pixel, never negative.
    #[must_use]
    pub fn light(&self) -> &[f32] {
        &self.light
    }
}

/// One exposed frame, as a monochrome camera gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row, 0 black to 255 white.
    pub luma: Vec<u8>,
}

/// What one pixel shows of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing of a person.
    Nothing,
    /// Bedding that a person under it lifts.
    BeddingOverPerson,
    /// Skin, hair or clothes.
    Person,
}

/// For each pixel, what of a person can be seen there: row by row,
/// [`WIDTH`](crate::WIDTH) × [`HEIGHT`](crate::HEIGHT).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonMap {
    pub(crate) seen: Vec<Seen>,
}

impl PersonMap {
    /// Row by row, one value a pixel.
    #[must_use]
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// How many pixels show `what`.
    #[must_use]
    pub fn count(&self, what: Seen) -> usize {
        self.seen.iter().filter(|&&seen| seen == what).count()
    }
}
