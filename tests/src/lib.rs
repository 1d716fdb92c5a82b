//! The promises, end to end: what the tests beside this crate share.
//!
//! [`programs`] starts the product as its users do, [`served`] a hub whose time a test turns with
//! its [`dial`], [`mosquitto`] a broker, each on one of its [`ports`]; [`browser`] opens its pages
//! and [`axe`] examines them; [`board`] is an emulated Raspberry Pi;
//! [`workspace`] reads the repository, for the tests that hold it to its own rules; [`world`] plays
//! nights in simulated time. The tests themselves, one file a promise, are in `tests/tests/`.

pub mod axe;
pub mod board;
pub mod browser;
pub mod dial;
pub mod mosquitto;
pub mod ports;
pub mod programs;
pub mod served;
pub mod workspace;
pub mod world;
