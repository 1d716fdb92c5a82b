//! `coverage`: the promise, tried on invented homes; the last line is the result.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::{Args, ValueEnum};
use nattsyn_calibration::counts::TRIAL;
use nattsyn_calibration::coverage::{ENOUGH, Outcome, SIZES, Trial, run as tried};
use nattsyn_calibration::fit::Policy;
use nattsyn_calibration_synthetic::Shape;

use super::{fraction, print};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Fresh homes to judge by, divided over the pools; the same homes at every sample size.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    homes: u32,
    /// Where all chance comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The promise: at most one in so many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..))]
    one_in: u32,
    /// Pools that are drawn, each anew and grown through all sample sizes.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pools: u32,
    /// Drawn checks of each kind that a home of the pool gives after its trial, on average (half to
    /// one and a half times as many).
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    checks: u32,
    /// Homes in the pool at which it is fitted; may be given several times.
    #[arg(long = "size", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sizes: Vec<u32>,
    /// Share of wrong labels, in the pool and in commissioning.
    #[arg(long, default_value_t = 0.0, value_parser = fraction)]
    noise: f64,
    /// Log-odds by which empty beds have risen since commissioning, and sleepers fallen by half.
    #[arg(long, default_value_t = 0.0)]
    drift: f64,
    /// Log-odds by which sleepers score higher than was measured, in all homes: what a better model
    /// would bring.
    #[arg(long, default_value_t = 0.0)]
    clearer: f64,
    /// Whether the fresh homes are homes like the pool's.
    #[arg(long, value_enum, default_value_t = Unlike::No)]
    unlike: Unlike,
}

/// How the fresh homes differ from the pool's.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Unlike {
    /// Drawn alike.
    No,
    /// Half of them odd, where the pool has one in twelve.
    Odd,
    /// Empty beds a whole log-odd higher, and varying by a quarter more.
    Harder,
}

impl Unlike {
    fn shape(self, mut shape: Shape) -> Option<Shape> {
        match self {
            Self::No => return None,
            Self::Odd => shape.odd = 0.5,
            Self::Harder => {
                shape.nobody.mean += 1.0;
                shape.nobody.night *= 1.25;
                shape.nobody.check *= 1.25;
                shape.nobody.look *= 1.25;
            }
        }
        Some(shape)
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let checks = arguments.checks;
    let mut shape = Shape::default();
    shape.somebody.mean += arguments.clearer;
    let trial = Trial {
        homes: arguments.homes,
        pools: arguments.pools,
        seed: arguments.seed,
        checks: (checks / 2, checks + checks / 2),
        sizes: match arguments.sizes.as_slice() {
            [] => SIZES.to_vec(),
            given => given.to_vec(),
        },
        policy: Policy {
            one_in: arguments.one_in,
            ..Policy::default()
        },
        noise: arguments.noise,
        drift: arguments.drift,
        unlike: arguments.unlike.shape(shape),
        shape,
    };
    let pools = trial.pools.min(trial.homes);
    let outcomes = tried(&trial, |done| {
        if done % 10 == 0 || done == pools {
            // Nobody has to read it.
            writeln!(io::stderr(), "{done} of {pools} pools").ok();
        }
    });
    print(&text(&trial, &outcomes))
}

fn text(trial: &Trial, outcomes: &[Outcome]) -> String {
    let (least, most) = trial.checks;
    let mut text = format!(
        "promise: at most one in {} checks with nobody there ends as visible, {:.0} % confidence\n\
         n: homes in the pool, drawn independently; each gives 8 staged checks of each kind,\n   \
         {TRIAL} of its trial and then {least} to {most} more\n\
         {} fresh homes at every n, over {} pools, each drawn anew and grown through all n\n\n\
         {:>6} | {:>9} | {:>9} {:>9} | {:>9} {:>9} | {:>10} | {:>9} {:>9}\n",
        trial.policy.one_in,
        100.0 * trial.policy.confidence,
        trial.homes,
        trial.pools.min(trial.homes),
        "n",
        "kept",
        "shown",
        "kept then",
        "unclear",
        "oracle",
        "not vis. *",
        "naive",
        "unclear",
    );
    for outcome in outcomes {
        text.push_str(&line(outcome));
    }
    text.push_str(
        "kept: homes whose own true chance of visible with nobody there keeps the promise\n\
         shown: homes whose pool had shown a rule; kept then: of those\n\
         * homes in which not visible keeps its own limit\n",
    );
    text.push_str(&last_line(trial.homes, outcomes));
    text
}

fn line(outcome: &Outcome) -> String {
    let share = |of: f64| outcome.per_cent(of);
    let then = match outcome.open {
        0 => "-".to_owned(),
        open => format!(
            "{:.2} %",
            100.0 * f64::from(outcome.kept_open) / f64::from(open)
        ),
    };
    format!(
        "{:>6} | {:>7.2} % | {:>7.2} % {then:>9} | {:>7.2} % {:>7.2} % | {:>8.2} % | {:>7.2} % \
         {:>7.2} %\n",
        outcome.size,
        share(outcome.kept.into()),
        share(outcome.open.into()),
        share(outcome.unclear),
        share(outcome.oracle),
        share(outcome.kept_not_visible.into()),
        share(outcome.naive_kept.into()),
        share(outcome.naive_unclear),
    )
}

/// The result: P the worst over all sizes and rounded down; U and O the worst from [`ENOUGH`] on.
fn last_line(homes: u32, outcomes: &[Outcome]) -> String {
    let kept = outcomes.iter().map(|one| one.per_cent(one.kept.into()));
    let kept = kept.fold(100.0, f64::min);
    let enough = || outcomes.iter().filter(|one| one.size >= ENOUGH);
    let unclear = enough()
        .map(|one| one.per_cent(one.unclear))
        .fold(0.0, f64::max);
    let oracle = enough()
        .map(|one| one.per_cent(one.oracle))
        .fold(0.0, f64::max);
    let mut line = String::new();
    write!(
        line,
        "promise kept in {:.1}% of {homes} homes, ",
        (kept * 10.0).floor() / 10.0
    )
    .and_then(|()| match enough().next() {
        Some(_) => writeln!(line, "unclear {unclear:.1}% (oracle {oracle:.1}%)"),
        None => writeln!(line, "unclear not tried at n of {ENOUGH} or more"),
    })
    .expect("a String takes any text");
    line
}
