//! Who comes in, and as whom: every page is rendered for somebody.
//!
//! It says who acts, not what they may do: roles are not kept yet.

use crate::watch::StaffId;

/// Who opened a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// By an opaque id, as it stands in the ledger.
    pub id: StaffId,
    /// As colleagues know them. Shown on the page alone.
    pub name: String,
}

/// Who may come in.
#[derive(Clone, Debug)]
pub enum Door {
    /// Everybody, as this one: for a demonstration, in which nobody lives.
    Everybody(Worker),
}
