//! `replay`: thresholds against nights that were. `invent`: nights and homes that never were.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use nattsyn_calibration::coverage::invented;
use nattsyn_calibration::grid::{self, Bin, NEVER};
use nattsyn_calibration::replay::{self, NightCounts, Words};

use super::{fraction, open, print};

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Counts of nights, one JSON object a line. `-` reads standard input.
    nights: PathBuf,
    /// Only this home; otherwise all together.
    #[arg(long)]
    home: Option<String>,
    /// Nights of each home that count, the last ones.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
    /// Visible from this score on, now.
    #[arg(long, value_parser = fraction)]
    visible: f64,
    /// Not visible below this score, now; 0 for never.
    #[arg(long, value_parser = fraction)]
    not_visible: f64,
    /// Visible from this score on instead; as now if left out.
    #[arg(long, value_parser = fraction)]
    to_visible: Option<f64>,
    /// Not visible below this score instead; as now if left out.
    #[arg(long, value_parser = fraction)]
    to_not_visible: Option<f64>,
}

pub(crate) fn replay(arguments: &ReplayArguments) -> anyhow::Result<()> {
    let mut text = String::new();
    open(&arguments.nights)?
        .read_to_string(&mut text)
        .context("reading")?;
    let nights =
        replay::read(&text).with_context(|| format!("taking {}", arguments.nights.display()))?;
    let nights = last(nights, arguments);
    let now = levels(arguments.visible, arguments.not_visible);
    let then = levels(
        arguments.to_visible.unwrap_or(arguments.visible),
        arguments.to_not_visible.unwrap_or(arguments.not_visible),
    );
    let (now, then) = (replay::words(now, &nights), replay::words(then, &nights));
    print(&told(nights.len(), now, then))
}

/// The last nights of each home; `nights` stand in order of home and night.
fn last(nights: Vec<NightCounts>, arguments: &ReplayArguments) -> Vec<NightCounts> {
    let wanted = |night: &NightCounts| {
        arguments
            .home
            .as_ref()
            .is_none_or(|home| *home == night.home)
    };
    let mut kept: Vec<NightCounts> = Vec::new();
    let mut of_home = 0;
    for night in nights.into_iter().rev().filter(wanted) {
        let same = kept.last().is_some_and(|known| known.home == night.home);
        of_home = if same { of_home + 1 } else { 1 };
        if of_home <= arguments.last {
            kept.push(night);
        }
    }
    kept
}

/// Thresholds on the grid that are at least as cautious: *visible* up, *not visible* down.
fn levels(visible: f64, not_visible: f64) -> (u8, u8) {
    let up = (0..NEVER).find(|level| grid::score(*level) >= visible);
    let down = (0..NEVER).rfind(|level| grid::score(*level) <= not_visible);
    (up.unwrap_or(NEVER), down.map_or(NEVER, grid::turned))
}

fn told(nights: usize, now: Words, then: Words) -> String {
    let line = |name: &str, now: u32, then: u32| {
        let change = i64::from(then) - i64::from(now);
        format!("{name:<12} {now:>8} {then:>8} {change:>+8}\n")
    };
    let mut text = format!(
        "{nights} nights\n{:<12} {:>8} {:>8} {:>8}\n",
        "", "now", "instead", "change"
    );
    text.push_str(&line("visible", now.visible, then.visible));
    text.push_str(&line("unclear", now.unclear, then.unclear));
    text.push_str(&line("not visible", now.not_visible, then.not_visible));
    text
}

#[derive(Debug, Args)]
pub(crate) struct InventArguments {
    /// Homes.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    homes: u32,
    /// Where all chance comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Drawn checks of each kind after the trial.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    checks: u32,
    /// Print thirty nights of two checks for each home instead.
    #[arg(long)]
    nights: bool,
}

/// Prints invented homes as counts, so that every command can be tried.
pub(crate) fn invent(arguments: &InventArguments) -> anyhow::Result<()> {
    let mut text = String::new();
    for home in invented(arguments.homes, arguments.seed, arguments.checks) {
        if !arguments.nights {
            text.push_str(&serde_json::to_string(&home).context("writing a home")?);
            text.push('\n');
            continue;
        }
        let checks: Vec<Bin> = home.somebody.trial.filled().map(|(bin, _)| bin).collect();
        for night in 1..=30 {
            let mut counts = NightCounts {
                version: replay::VERSION,
                home: home.home.clone(),
                night: format!("2026-11-{night:02}"),
                checks: grid::Histogram::default(),
            };
            for check in checks.iter().cycle().skip(2 * night).take(2) {
                counts.checks.add(*check);
            }
            text.push_str(&serde_json::to_string(&counts).context("writing a night")?);
            text.push('\n');
        }
    }
    print(&text)
}
