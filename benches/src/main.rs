//! `nattsyn-measure`: prints how large the programs are and how much memory they hold now.
//!
//! Run it while a demonstration runs: memory is read from the processes of this machine that
//! are named as ours, whoever started them. It measures once and keeps nothing.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use nattsyn_benches::{processes, programs};

/// Prints how large the programs are and how much memory they hold now.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Folder of the programs; without it, the one that this program lies in.
    #[arg(long)]
    bins: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit status says it as well.
            writeln!(io::stderr(), "nattsyn-measure: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let folder = match arguments.bins {
        Some(folder) => folder,
        None => std::env::current_exe()
            .ok()
            .and_then(|program| program.parent().map(Path::to_owned))
            .context("finding the folder of this program; name one with --bins")?,
    };
    let mut text = sizes(&folder)?;
    text.push_str(&memory()?);
    io::stdout()
        .write_all(text.as_bytes())
        .context("writing the figures")
}

fn sizes(folder: &Path) -> anyhow::Result<String> {
    let programs = programs::in_folder(folder)
        .with_context(|| format!("reading the folder {}", folder.display()))?;
    anyhow::ensure!(
        !programs.is_empty(),
        "no program named nattsyn-… in {}",
        folder.display()
    );
    let mut text = format!("{:<20} {:>9}\n", "program", "size");
    for program in programs {
        writeln!(text, "{:<20} {}", program.name, megabytes(program.size))?;
    }
    Ok(text)
}

fn memory() -> anyhow::Result<String> {
    let running = processes::running(Path::new("/proc")).context("reading /proc")?;
    let holdings = processes::holdings(&running);
    if holdings.is_empty() {
        return Ok(
            "\nno process of ours runs now; start a demonstration to see its memory\n".into(),
        );
    }
    let mut text = format!(
        "\n{:<20} {:>5} {:>12} {:>12} {:>12} {:>14}\n",
        "running", "count", "resident", "largest", "peak", "own share, all"
    );
    for holding in holdings {
        writeln!(
            text,
            "{:<20} {:>5}    {}    {}    {}      {}",
            holding.kind,
            holding.count,
            megabytes(holding.resident_median_kib * 1024),
            megabytes(holding.resident_largest_kib * 1024),
            megabytes(holding.peak_largest_kib * 1024),
            megabytes(holding.share_sum_kib * 1024),
        )?;
    }
    Ok(text)
}

/// Millions of bytes, with one decimal.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{:>4}.{} MB", tenths / 10, tenths % 10)
}
