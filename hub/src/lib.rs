//! The hub: knows which looks are due, keeps the ledger, shows what needs a person.

pub mod view;
