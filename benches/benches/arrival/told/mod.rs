//! How soon somebody is told: from a report's socket to the row on an open page, and to the
//! notifier's socket.
//!
//! One process holds a real broker, hub, ledger, page, and a teller with a gateway of its own.
//! Units send over TLS, one at a time, the last look of a check: nobody is visible. Two times are
//! taken of each: until an open page has been told and has read its rows again, and until the
//! gateway's socket has the whole request. Every home has a team of its own, so that no message
//! waits for another to share (20 s, see `docs/reference/notifiers.md`), and reports keep a
//! distance, so that no page waits its quarter of a second. With one home there is one row in a
//! hub, so that many hubs are built.
//!
//! `cargo bench -p nattsyn-benches --bench arrival -- told`. What units, networks, gateways
//! and telephones add is not measured, nor a browser drawing the page.

mod gateway;
mod night;

use anyhow::Context as _;
use std::fmt::Write as _;
use std::io::Write as _;

use super::quantile;
use night::{Night, Times};

/// How many homes a hub has, how many hubs are built, and how many rows each opens.
const SIZES: [(u32, usize, usize); 3] = [(1, 40, 1), (100, 1, 100), (5_000, 1, 200)];

/// Plays all sizes and prints the table.
pub(crate) async fn run() -> anyhow::Result<()> {
    let mut text = String::new();
    let mut first: Option<Times> = None;
    for (homes, hubs, rows) in SIZES {
        let mut times = Times::default();
        for number in 0..hubs {
            let night = Night::begin(homes, rows).await?;
            if first.is_none() && number == 0 {
                let commit = 1e3 * night.town.commit_alone()?.as_secs_f64();
                writeln!(text, "one row committed alone: {commit:.1} ms\n")?;
                text.push_str(
                    "| homes | rows | page read: median | p99 | notifier's socket: median | p99 |\n\
                     |---|---|---|---|---|---|\n",
                );
            }
            night.play(&mut times).await?;
        }
        times.sort();
        row(&mut text, homes, &times, first.as_ref().unwrap_or(&times))?;
        first.get_or_insert(times);
    }
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("writing the figures")
}

/// One line of the table: milliseconds, and how many times those of one home.
fn row(text: &mut String, homes: u32, times: &Times, first: &Times) -> anyhow::Result<()> {
    write!(text, "| {homes} | {} |", times.on_page.len())?;
    for (own, first) in [
        (&times.on_page, &first.on_page),
        (&times.at_gateway, &first.at_gateway),
    ] {
        for part in [0.5, 0.99] {
            let (own, first) = (quantile(own, part), quantile(first, part));
            let ratio = own.as_secs_f64() / first.as_secs_f64();
            write!(text, " {:.1} ms ({ratio:.1}) |", 1e3 * own.as_secs_f64())?;
        }
    }
    text.push('\n');
    Ok(())
}
