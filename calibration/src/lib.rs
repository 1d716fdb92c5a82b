//! From labelled scores to risk: what each threshold would have done.
//!
//! A score says how strongly the model believes that a person can be seen; a human has looked
//! at the same picture and said whether somebody is there. From such pairs this crate counts,
//! for each threshold of a grid, how often an *empty* place would have been called visible
//! (the error that matters: nobody goes to look) and what a person who is there would have
//! been called. [`scores`] reads the pairs, [`risk`] counts, [`bound`] says how far the count
//! can be trusted. All of it is pure; `nattsyn-calibrate` reads the file and prints.
//!
//! Terms. A *group* is what was drawn independently: a home, or a staged state of one. Pictures
//! of one group resemble each other, so a group counts once: it *errs* if any of its empty
//! pictures would have been called visible. The bound is one-sided, exact (Clopper–Pearson)
//! and holds for the chance that a fresh group, drawn alike, errs.
//!
//! Not done yet, on purpose rather than half: it chooses no thresholds; it does not pool homes
//! by anything but the caller's groups; each row's bound holds for a threshold chosen *before*
//! looking at the table, not for the best row picked afterwards; and a row judges one picture,
//! where a check has several looks. Until those stand, nobody may set a home's thresholds by
//! this table alone.

pub mod bound;
pub mod counts;
#[cfg(feature = "program")]
pub mod coverage;
pub mod fit;
pub mod grid;
pub mod home;
pub mod looks;
pub mod monitor;
#[cfg(feature = "program")]
pub mod page;
pub mod replay;
#[cfg(feature = "program")]
pub mod report;
#[cfg(feature = "program")]
pub mod risk;
#[cfg(feature = "program")]
pub mod scores;
pub mod summary;
#[cfg(feature = "program")]
pub mod table;
pub mod wealth;
pub mod words;
