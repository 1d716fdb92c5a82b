//! `fit`, `explain` and `report`: what a pool shows, for a program, for a person, and as a page.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use nattsyn_calibration::{page, words};

use super::pool::PoolArguments;
use super::print;

#[derive(Debug, Args)]
pub(crate) struct FitArguments {
    #[command(flatten)]
    pool: PoolArguments,
    /// Also print each home's pair.
    #[arg(long)]
    homes: bool,
}

/// Prints the fit as one line of JSON, and with `--homes` a line for each home after it.
pub(crate) fn fit(arguments: &FitArguments) -> anyhow::Result<()> {
    let (homes, fit) = arguments.pool.read()?;
    let mut text = serde_json::to_string(&fit).context("writing the fit")?;
    text.push('\n');
    if arguments.homes {
        for home in &homes {
            let line = serde_json::json!({"home": home.home, "pair": fit.pair(home)});
            text.push_str(&format!("{line}\n"));
        }
    }
    print(&text)
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The home's id.
    home: String,
    #[command(flatten)]
    pool: PoolArguments,
}

pub(crate) fn explain(arguments: &ExplainArguments) -> anyhow::Result<()> {
    let (homes, fit) = arguments.pool.read()?;
    let Some(home) = homes.iter().find(|home| home.home == arguments.home) else {
        bail!(
            "home {:?} is not among the {} given",
            arguments.home,
            homes.len()
        );
    };
    print(&words::explained(&fit, home))
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    #[command(flatten)]
    pool: PoolArguments,
    /// Write a page (one file, nothing fetched) there; otherwise text is printed.
    #[arg(long)]
    html: Option<PathBuf>,
}

pub(crate) fn report(arguments: &ReportArguments) -> anyhow::Result<()> {
    let (homes, fit) = arguments.pool.read()?;
    match &arguments.html {
        Some(path) => fs::write(path, page::html(&fit, &homes))
            .with_context(|| format!("writing {}", path.display())),
        None => print(&page::text(&fit, &homes)),
    }
}
