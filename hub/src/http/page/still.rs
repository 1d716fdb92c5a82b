//! A page that stands still while the night goes on: when it was read, and what it hears.
//!
//! Besides its own part it says aloud that there is a row which this tab has not shown, and that
//! the hub is gone (`assets/listen.js`). It shows neither the row nor what is left of tonight:
//! both stand on the page of tonight alone.

use maud::{Markup, html};

use crate::view::Tonight;

use super::super::texts::{self, Lang, ledger};
use super::{Clockface, Menu, address, clock, demonstration, events, header, signs, unlogged};

/// What stands around and before a page's own part.
pub(super) fn body(
    lang: Lang,
    tonight: &Tonight,
    (other_address, menu): (&str, &Menu<'_>),
    own: &Markup,
) -> Markup {
    html! {
        div #contact.alarm role="alert" data-text=(texts::CONTACT_LOST_HERE.to(lang)) {}
        div #fresh.alarm role="alert" {}
        template #fresh-words {
            (texts::NEW_ROW.to(lang)) " "
            a.press href=(address(lang)) { (texts::TO_START.to(lang)) }
        }
        (signs::sheet())
        (header("", lang, other_address, Some(menu)))
        main data-events=(events(lang)) data-clock=(clock(tonight, lang)) {
            (demonstration(tonight, lang))
            (unlogged(lang, menu.viewer, &Clockface::new(&tonight.zone, tonight.night, lang)))
            p.read { (ledger::READ.to(lang)) " " (clock(tonight, lang)) }
            (own)
        }
    }
}
