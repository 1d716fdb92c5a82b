//! `nattsyn-calibrate`: prints the risk table of a file of labelled scores.
//!
//! The table goes to standard output, and what is wrong with the file to standard error with
//! exit status 1. It changes nothing: no thresholds are chosen or written (see the library).

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use nattsyn_calibration::{report, risk, scores};

/// Prints what each threshold would have done to pictures that a human has labelled.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
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

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit status says it as well.
            writeln!(io::stderr(), "nattsyn-calibrate: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let table = scores::read(open(&arguments.scores)?)
        .with_context(|| format!("taking {}", arguments.scores.display()))?;
    let thresholds = risk::grid(arguments.steps);
    let risks = risk::risk_table(&table.rows, &thresholds, arguments.not_visible_below);
    let evidence = risk::evidence(&table.rows);
    let text = report::text(evidence, table.grouping, &risks, arguments.one_in);
    io::stdout()
        .write_all(text.as_bytes())
        .context("writing the table")
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(Box::new(file))
}

fn fraction(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| "not a number from 0 to 1".to_owned())
}
