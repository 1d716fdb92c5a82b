//! `nattsyn-simulate`: plays nights of many units and a hub, in which everything goes wrong.
//!
//! Prints what it exercised and one line of sums; ends with status 1 at the first broken
//! promise, with the seed that plays it again. What is played is in [`nattsyn_tests::world`];
//! here are only the command line and the words.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use nattsyn_clock::Clock;
use nattsyn_tests::world::faults::{Fault, Rule, UnknownWord};
use nattsyn_tests::world::oracle::Breach;
use nattsyn_tests::world::run::{Tally, play_many};
use nattsyn_tests::world::{NOTES, Night, Setting};

/// How often progress is told: twice as often as anybody should have to wait for it.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Plays nights of many homes and a hub, in which everything goes wrong, and checks after every
/// event that no promise is broken.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many nights.
    #[arg(long, default_value_t = 500)]
    nights: u64,
    /// How many homes a night has, at most 99.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=99))]
    homes: u8,
    /// The first night's seed; each night after it has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What goes wrong, separated by commas; everything unless given, nothing for `none`.
    #[arg(long, value_name = "LIST", value_parser = parse_faults)]
    faults: Option<Faults>,
    /// A rule of the product to switch off, to see that it is missed.
    #[arg(long, value_name = "RULE")]
    without: Option<Rule>,
    /// How many of the last events before a broken promise are told.
    #[arg(long, default_value_t = NOTES)]
    tell: usize,
}

#[derive(Clone, Debug)]
struct Faults(BTreeSet<Fault>);

fn parse_faults(list: &str) -> Result<Faults, UnknownWord> {
    if list == "none" {
        return Ok(Faults(BTreeSet::new()));
    }
    let faults: Result<_, _> = list.split(',').map(|word| word.trim().parse()).collect();
    faults.map(Faults)
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let setting = Setting {
        homes: usize::from(arguments.homes),
        faults: arguments
            .faults
            .map_or_else(|| Fault::ALL.iter().copied().collect(), |given| given.0),
        without: arguments.without,
        notes: arguments.tell,
    };
    let clock = Clock::machine();
    let began = clock.real_now();
    let mut told = began;
    let tally = play_many(arguments.seed, arguments.nights, &setting, |tally| {
        if clock.real_now().saturating_sub(told) >= TOLD_EVERY {
            told = clock.real_now();
            // Whoever closed the pipe does not want to know.
            writeln!(
                io::stderr(),
                "{} of {} nights",
                tally.nights,
                arguments.nights
            )
            .ok();
        }
    });
    let took = clock.real_now().saturating_sub(began);
    let mut out = io::stdout().lock();
    write!(out, "{}", tally.counts)?;
    let nights = u32::try_from(tally.nights).unwrap_or(u32::MAX).max(1);
    writeln!(
        out,
        "{:>12.1}  ms a night",
        took.as_secs_f64() * 1e3 / f64::from(nights)
    )?;
    let broken = tally.broken.as_ref();
    if let Some((seed, night)) = broken {
        tell(&mut out, *seed, night)?;
    }
    writeln!(out, "{}", sums(&tally))?;
    out.flush()?;
    Ok(if broken.is_some() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn tell(out: &mut impl io::Write, seed: u64, night: &Night) -> io::Result<()> {
    let Some((broken, notes)) = &night.broken else {
        return Ok(());
    };
    for note in notes {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "seed {seed}: {}: {}", broken.breach, broken.what)
}

fn sums(tally: &Tally) -> String {
    format!(
        "{} nights, {} checks, {} faults injected, {} silent, {} doubled, {} lost",
        tally.nights,
        tally.checks,
        tally.faults,
        tally.of(Breach::Silent),
        tally.of(Breach::Doubled),
        tally.of(Breach::Lost),
    )
}
