//! `nattsyn-score FRAMES.csv [ROOT]` or `nattsyn-score FOLDER`: what the shipped model says of
//! pictures.
//!
//! Prints `file,score,in_place,elsewhere,health,finding` on standard output, one line a picture,
//! each judged alone at the shipped thresholds, or with `--looks` `look,file,frames,finding`, one
//! line for the rows with the same `look`; progress goes to standard error. What cannot be
//! scored has a line without scores, health `unreadable`, and its reason on standard error. Ends
//! with status 1 if a row could not be scored, 2 if nothing could. It measures; it is no part of
//! the unit and is not installed there.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use nattsyn_detector::score::looks::look_all;
use nattsyn_detector::score::{Row, Tally, score_all, tasks_of_folder, tasks_of_table};
use nattsyn_models::Model;

/// Scores pictures with the model that the unit ships with.
///
/// Prints CSV: file, score (a person can be seen anywhere), in_place, elsewhere (all 0 to 1),
/// health (ok, dark, covered, blurred, saturated, unreadable) and finding, at the shipped
/// thresholds, one line a row. A picture that cannot be read has empty scores and is named on
/// standard error; the exit status is then 1. Each picture is judged alone, not as a look.
#[derive(Parser)]
#[command(name = "nattsyn-score", version)]
struct Arguments {
    /// A table with a column `file` and, if wanted, `places` (x y x y …; polygons parted by
    /// `;`, fractions of the picture), or a folder of pictures.
    source: PathBuf,
    /// The folder that the table's files are relative to; without it, the table's own.
    root: Option<PathBuf>,
    /// Conclude looks instead: rows of the table that have the same `look` are its frames.
    #[arg(long)]
    looks: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(Tally { failed: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("nattsyn-score: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<Tally> {
    let rows = rows(arguments)?;
    tell(&format!("{} pictures; loading the model", rows.len()));
    let model = Model::load()?;
    let out = &mut BufWriter::new(io::stdout().lock());
    let told = &mut io::stderr().lock();
    Ok(if arguments.looks {
        look_all(&model, rows, out, told)?
    } else {
        score_all(&model, rows, out, told)?
    })
}

fn rows(arguments: &Arguments) -> anyhow::Result<Vec<Row>> {
    let source = &arguments.source;
    if source.is_dir() {
        anyhow::ensure!(arguments.root.is_none(), "a folder takes no ROOT");
        return Ok(tasks_of_folder(source)?);
    }
    let table = File::open(source).with_context(|| format!("opening {}", source.display()))?;
    let own = source.parent().unwrap_or(source);
    let root = arguments.root.as_deref().unwrap_or(own);
    let rows = tasks_of_table(BufReader::new(table), root);
    rows.with_context(|| format!("reading {}", source.display()))
}

#[expect(
    clippy::print_stderr,
    reason = "standard error is where this program tells progress"
)]
fn tell(text: &str) {
    eprintln!("{text}");
}

/// Whoever reads our output may stop early, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
