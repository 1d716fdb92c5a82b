//! `table`: what each threshold would have done to labelled pictures. Chooses nothing.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use nattsyn_calibration::{report, risk, scores};

use super::{fraction, open, print};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// CSV with the columns `score` (0 to 1), `label` (yes, no or unclear: is somebody there?)
    /// and, where pictures come from the same home, `group`. `-` reads standard input.
    scores: PathBuf,

    /// Thresholds in the table, evenly from 0 to 1.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    steps: u32,

    /// Scores below this would be *not visible* rather than *unclear*.
    #[arg(long, default_value_t = 0.0, value_parser = fraction)]
    not_visible_below: f64,

    /// The promise to weigh the evidence against: at most one in so many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..))]
    one_in: u32,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let table = scores::read(open(&arguments.scores)?)
        .with_context(|| format!("taking {}", arguments.scores.display()))?;
    let thresholds = risk::grid(arguments.steps);
    let risks = risk::risk_table(&table.rows, &thresholds, arguments.not_visible_below);
    let evidence = risk::evidence(&table.rows);
    print(&report::text(
        evidence,
        table.grouping,
        &risks,
        arguments.one_in,
    ))
}
