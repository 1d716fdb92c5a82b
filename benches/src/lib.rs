//! What Nattsyn costs: the size of its programs and the memory they hold while they run.
//!
//! [`processes`] reads what the kernel says of running programs, [`programs`] what lies in a
//! folder; `nattsyn-measure` prints both. Speed is measured beside this crate, in
//! `benches/benches/night.rs`. Nothing here judges: the budgets stand in the architecture.

pub mod processes;
pub mod programs;
