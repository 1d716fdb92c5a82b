//! What Nattsyn costs: the size of its programs and the memory they hold while they run.
//!
//! [`processes`] reads what the kernel says of running programs, [`programs`] what lies in a
//! folder; `nattsyn-measure` prints both. [`pi`] estimates what cannot be measured here. Speed is
//! measured beside this crate, in `benches/benches/`. Nothing here judges: the budgets stand in
//! the architecture.

pub mod pi;
pub mod processes;
pub mod programs;
