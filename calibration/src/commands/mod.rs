//! The commands of `nattsyn-calibrate`, one file each.

mod coverage;
mod fit;
mod pool;
mod replay;
mod table;

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// From labelled checks to thresholds that keep a promise in each home.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What a pool of homes shows: the rule that keeps the promise, or why there is none (JSON).
    Fit(fit::FitArguments),
    /// The same as a page or as text, Swedish first.
    Report(fit::ReportArguments),
    /// Why one home has its thresholds, in plain Swedish.
    Explain(fit::ExplainArguments),
    /// What other thresholds would have made of the last nights.
    Replay(replay::ReplayArguments),
    /// Invented homes as counts, to try the other commands on.
    Invent(replay::InventArguments),
    /// What each threshold would have done to pictures that a human has labelled.
    Table(table::Arguments),
    /// Tries the promise on invented homes whose own truth is known.
    Coverage(coverage::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Fit(arguments) => fit::fit(&arguments),
        Command::Report(arguments) => fit::report(&arguments),
        Command::Explain(arguments) => fit::explain(&arguments),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Invent(arguments) => replay::invent(&arguments),
        Command::Table(arguments) => table::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("writing to standard output")
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(Box::new(file))
}

/// Says something beside the results. Nobody has to read it.
fn say(text: &str) {
    writeln!(io::stderr(), "nattsyn-calibrate: {text}").ok();
}

/// A number from 0 to 1, as clap reads it.
fn fraction(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| "not a number from 0 to 1".to_owned())
}
