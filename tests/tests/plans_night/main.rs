//! What people agree and say, from the office to the night's ledger: the hub's own desk over a real
//! store, and beside it another process that changes plans, as the command line does.
//!
//! No unit answers here: what is promised is that every check that was agreed stands somewhere,
//! whoever forgot what. Units, brokers and pages have tests of their own.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

mod afternoon;
mod hands;
mod noon;
mod office;
mod outage;
