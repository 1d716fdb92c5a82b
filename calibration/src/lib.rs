//! From labelled checks to thresholds that keep a promise in each home.
//!
//! *Of checks with nobody there, at most one in N ends as visible, over all looks, with 95 %*:
//! said of the home itself, over the draw of pool and home. [`looks`] turns labelled looks into a
//! home's [`counts`] on the [`grid`], the only thing that leaves it. [`fit`] bets ([`wealth`])
//! against the claim that too many homes break the promise, and gives the rule that stands with
//! the fewest *unclear*, or says what is lacking. [`home`] makes of it a home's pair, which the
//! home's own data can only make more cautious; [`monitor`] notices that a home has changed.
//! [`summary`], [`replay`] and [`words`] are for those who decide. The proof stands in
//! `docs/design/0010`.
//!
//! All of it is pure: no clock, no file, no chance that is not given. It sends nothing and sets no
//! unit's threshold; the unit works by a pair that it is given. With the feature `program` (on
//! unless switched off; the unit does without)
//! there are also tables, pages, the older risk [`table`](risk) of single pictures with its
//! [`bound`], and [`coverage`], which tries the promise on invented homes.

pub mod bound;
pub mod counts;
#[cfg(feature = "program")]
pub mod coverage;
pub mod fit;
pub mod grid;
pub mod home;
pub mod lines;
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
