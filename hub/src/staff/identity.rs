//! Who somebody is, by what they bring: the one question that a sign-in asks.
//!
//! [`Porter`](super::Porter) opens the same session whoever answers. The hub answers it itself in
//! two ways: by a PIN and by a key. A municipality's own sign-in (OpenID Connect, say) is a third
//! [`Identity`], whose proof is what comes back from there; none is built, and nothing pretends to
//! be one. Whoever it names must still be among the staff, with roles.

use super::porter::Refusal;
use super::register::Entry;

/// A way of saying who somebody is.
pub(super) trait Identity {
    /// What somebody brings.
    type Proof;

    /// The latest entry of whom the proof is of. Blocks.
    ///
    /// # Errors
    ///
    /// It is nobody's, or whoever brought it must wait.
    fn identify(&self, proof: &Self::Proof) -> Result<Entry, Refusal>;
}
