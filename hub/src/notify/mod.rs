//! Somebody is told: a page on a locked phone shows nothing.
//!
//! [`chain`] decides, purely, who is told next and by what; a [`Notifier`] is the edge that tells;
//! [`caller`] sends what the chain orders and brings back what became of it; [`Settings`] says
//! which teams, recipients and channels there are. `docs/reference/notifiers.md` is for whoever
//! sets it up.
//!
//! Whoever wires it keeps one [`chain::Chain`], made with [`chain::Chain::restore`] from the lines
//! of its store, and in one loop: gives it what happens to rows and each [`Outcome`]; lets time
//! pass at [`chain::Chain::next_timeout`]; writes every [`chain::Effect::Write`] down before it
//! hands a later [`chain::Effect::Send`] to [`run`]; and makes an exception of a test alarm that
//! nobody answered.
//!
//! What it deliberately does not do: say anything about a person. A message holds fixed words, a
//! count, its kind and a link to the hub's page.

mod address;
pub mod caller;
pub mod chain;
#[cfg(test)]
mod fakes;
mod gateway;
mod mail;
mod notice;
pub mod notifier;
mod patience;
pub mod phones;
#[cfg(test)]
mod plays;
pub mod push;
mod secret;
pub mod settings;
pub mod teller;
mod template;
mod webhook;

pub use address::{ADDRESSES_MAX, Address, AddressBook, AddressError, MailAddress, Phone};
pub use caller::{Exchange, Outcome, run};
pub use mail::Security;
pub use notice::{Language, Link, LinkError, Notice};
pub use notifier::{Notifier, Receipt, TellError, Telling};
pub use patience::Patience;
pub use settings::{Opened, Settings, SettingsError};
