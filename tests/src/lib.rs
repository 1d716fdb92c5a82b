//! The promises, end to end: what the tests beside this crate share.
//!
//! [`programs`] starts the product as its users do; [`browser`] opens its pages; [`workspace`] reads the repository, for the
//! tests that hold it to its own rules; [`world`] plays nights in simulated time. The tests
//! themselves, one file a promise, are in `tests/tests/`.

pub mod browser;
pub mod programs;
pub mod workspace;
pub mod world;
