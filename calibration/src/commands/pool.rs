//! What several commands read: the pool, as counts of homes or as labelled looks.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use nattsyn_calibration::counts::{self, HomeCounts};
use nattsyn_calibration::fit::Policy;
use nattsyn_calibration::summary::Fit;
use nattsyn_calibration::table;

use super::{fraction, open};

/// The pool and what is promised with it.
#[derive(Debug, Args)]
pub(crate) struct PoolArguments {
    /// Counts of homes, one JSON object a line, in the order in which they came; or, ending in
    /// .csv, labelled looks with the columns home, night, check, score, label, source, state and
    /// probability. `-` reads counts from standard input.
    pool: PathBuf,
    /// The promise: at most one in so many checks with nobody there ends as visible.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..))]
    one_in: u32,
    /// At most this share of checks with somebody there ends as not visible.
    #[arg(long, default_value_t = 0.05, value_parser = fraction)]
    missed: f64,
    /// Looks that a check may have by plan; for labelled looks.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=5))]
    looks: u32,
}

impl PoolArguments {
    /// The pool's homes and what they show. What is odd about the input is said on standard error.
    pub(crate) fn read(&self) -> anyhow::Result<(Vec<HomeCounts>, Fit)> {
        let homes = self
            .homes()
            .with_context(|| format!("taking {}", self.pool.display()))?;
        let policy = Policy {
            one_in: self.one_in,
            missed: self.missed.clamp(0.001, 0.5),
            ..Policy::default()
        };
        let fit = Fit::of(policy, &homes);
        Ok((homes, fit))
    }

    fn homes(&self) -> anyhow::Result<Vec<HomeCounts>> {
        let mut from = open(&self.pool)?;
        if self.pool.extension().is_some_and(|end| end == "csv") {
            let table = table::read(from, self.looks)?;
            super::say(&format!(
                "{} homes; {} looks that nobody could label; {} checks labelled both ways",
                table.homes.len(),
                table.unlabelled,
                table.contradicted
            ));
            return Ok(table.homes);
        }
        let mut text = String::new();
        from.read_to_string(&mut text).context("reading")?;
        Ok(counts::read(&text)?)
    }
}
