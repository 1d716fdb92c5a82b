//! What a report costs from the unit's socket to its committed row, and on to the page.
//!
//! One process holds a real broker, hub, ledger and page, with five thousand homes enrolled,
//! and four hundred clients that act as units over TLS. Together they send what five thousand
//! units send (1x: a heartbeat a minute each, ten reports in ten hours each), then ten times
//! and a hundred times that. A commit of one row alone is measured first, as the yardstick.
//! Three times are taken of each report: until its unit holds the hub's acknowledgement, which
//! follows the commit; until the page's channel holds it; until an open page has been told and
//! has read its rows again. The senders use the same processor cores as the hub, so the figures
//! are too high rather than too low; compare them within one run.
//!
//! `cargo bench -p nattsyn-benches --bench arrival`. What units and networks add is not
//! measured.

mod load;
mod page;
mod town;

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;

use load::{CONNECTED, HOMES, Load, Times};
use town::Town;

/// Times the design's load, and for how long: long enough for some eighty reports at the least.
const LOADS: [(u32, Duration); 3] = [
    (1, Duration::from_secs(60)),
    (10, Duration::from_secs(20)),
    (100, Duration::from_secs(8)),
];

/// How long only heartbeats are sent, at the highest load.
const QUIET: Duration = Duration::from_secs(5);

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting")?;
    runtime.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let town = Town::build(HOMES, CONNECTED).await?;
    let mut load = Load::connect(&town).await?;
    let mut text = String::new();
    let yardstick = 1e3 * town.commit_alone()?.as_secs_f64();
    writeln!(text, "one row committed alone: {yardstick:.1} ms\n")?;
    let before = town.rows()?;
    let beats = load.beat(LOADS[2].0, QUIET).await?;
    let rows = town.rows()? - before;
    writeln!(text, "{beats} heartbeats left {rows} rows in the ledger\n")?;
    text.push_str(
        "| load | reports | core | committed: median | p99 | on the channel: median | p99 \
         | page read: median | p99 | bytes read |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let mut first: Option<Times> = None;
    for (factor, lasts) in LOADS {
        let times = load.run(&town, factor, lasts).await?;
        row(&mut text, factor, &times, first.as_ref().unwrap_or(&times))?;
        first.get_or_insert(times);
    }
    let rows = town.rows()? - before;
    writeln!(text, "\n{rows} rows in the ledger at the end")?;
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("writing the figures")
}

/// One line of the table: milliseconds, and how many times those of the first load.
fn row(text: &mut String, factor: u32, times: &Times, first: &Times) -> anyhow::Result<()> {
    write!(
        text,
        "| {factor}x | {} | {:.0} % |",
        times.committed.len(),
        100.0 * times.cpu.as_secs_f64() / times.lasted.as_secs_f64()
    )?;
    let columns = [
        (&times.committed, &first.committed),
        (&times.on_channel, &first.on_channel),
        (&times.on_page, &first.on_page),
    ];
    for (own, first) in columns {
        for part in [0.5, 0.99] {
            let (own, first) = (quantile(own, part), quantile(first, part));
            let ratio = own.as_secs_f64() / first.as_secs_f64();
            write!(text, " {:.1} ms ({ratio:.1}) |", 1e3 * own.as_secs_f64())?;
        }
    }
    writeln!(text, " {} |", times.page_bytes)?;
    Ok(())
}

/// The time that this part of all times does not exceed; the list is sorted.
fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list of some thousand"
    )]
    let place = (last as f64 * part).ceil() as usize;
    sorted.get(place).copied().unwrap_or_default()
}
