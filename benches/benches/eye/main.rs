//! What one frame costs: our model, and beside it whatever else one could put on a Pi.
//!
//! Processor time of one thread, the same generated pictures, one run; the networks take turns,
//! so that what else the machine does burdens all alike. One row is the machine's own: a dense
//! convolution and nothing else. Everything is worth comparing with that row only.
//! `NATTSYN_PEERS` names a folder of ONNX detectors to run as well; without it they are left out,
//! and that is said. Each network also loads and judges in a process of its own, for its peak of
//! memory. What a Pi would need is estimated, and the estimate's assumptions are printed with it.

mod networks;
mod onnxruntime;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use nattsyn_benches::pi;
use rustix::time::{ClockId, clock_gettime};

use networks::{FASTESTDET, Network, OURS, OURS_WHOLE, Picture, Whole, YARDSTICK};
use onnxruntime::Times;

/// How often everything is run over all pictures; the median of this many is steady to some
/// percent on a machine that does other work too.
const ROUNDS: usize = 15;

/// What this program is told when it measures one network alone.
const ALONE: &str = "--alone";

/// What was measured of one row.
struct Row {
    name: &'static str,
    /// Millions of multiplications a frame.
    millions: f64,
    tract_ms: f64,
    load_ms: f64,
    peak_kib: u64,
}

fn main() -> anyhow::Result<()> {
    let peers = std::env::var_os("NATTSYN_PEERS").map(PathBuf::from);
    let networks = networks::compared(peers.as_deref());
    let mut arguments = std::env::args().skip_while(|argument| argument != ALONE);
    if arguments.next().is_some() {
        let name = arguments.next().context("whom to measure alone")?;
        return alone(&networks, &name);
    }
    let pictures = networks::pictures()?;
    let rows = measured(&networks, &pictures)?;
    let times = onnxruntime::times(&networks, &pictures, ROUNDS);
    let mut text = table(&rows, &times)?;
    if peers.is_none() {
        text.push_str("\nNATTSYN_PEERS is not set: no other detector is measured.\n");
    }
    if let Err(reason) = &times {
        writeln!(text, "\nonnxruntime is not measured: {reason}.")?;
    }
    text.push_str(&estimate(&rows, &times)?);
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Runs everything in turns.
fn measured(networks: &[Network], pictures: &[Picture]) -> anyhow::Result<Vec<Row>> {
    let mut whole = Whole::load()?;
    let frames: Vec<_> = pictures
        .iter()
        .map(networks::frame)
        .collect::<Result<_, _>>()?;
    let mut ready = Vec::new();
    for network in networks {
        let given: Vec<_> = pictures
            .iter()
            .map(|picture| network.input(picture))
            .collect::<Result<_, _>>()?;
        ready.push((network.load()?, given, Vec::new()));
    }
    let mut whole_ms = Vec::new();
    for _round in 0..ROUNDS {
        for (network, given, times) in &mut ready {
            let spent = processor_ms(|| given.iter().try_for_each(|it| networks::run(network, it)));
            times.push(spent? / pictures.len() as f64);
        }
        let spent = processor_ms(|| {
            let mut shown = frames.iter().zip(pictures);
            shown.try_for_each(|(frame, picture)| whole.judge(frame, picture))
        });
        whole_ms.push(spent? / pictures.len() as f64);
    }
    let mut rows = Vec::new();
    for (network, (_, _, times)) in networks.iter().zip(ready) {
        rows.push(row(network.name, network.multiplications()?, times)?);
    }
    let millions = named(&rows, OURS).map_or(0.0, |ours| ours.millions);
    rows.push(row(OURS_WHOLE, millions * 1e6, whole_ms)?);
    Ok(rows)
}

fn row(name: &'static str, multiplications: f64, mut times: Vec<f64>) -> anyhow::Result<Row> {
    times.sort_by(f64::total_cmp);
    let (load_ms, peak_kib) = by_itself(name)?;
    Ok(Row {
        name,
        millions: multiplications / 1e6,
        tract_ms: *times.get(times.len() / 2).context("no round")?,
        load_ms,
        peak_kib,
    })
}

fn named<'a>(rows: &'a [Row], name: &str) -> Option<&'a Row> {
    rows.iter().find(|row| row.name == name)
}

/// Loading time and peak of memory of a process that loads one network and judges with it.
fn by_itself(name: &str) -> anyhow::Result<(f64, u64)> {
    let program = std::env::current_exe().context("finding this program")?;
    let output = Command::new(program).args([ALONE, name]).output();
    let output = output.with_context(|| format!("starting a process for {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let said = text.trim().split_once(' ');
    let (load_ms, peak_kib) = said.with_context(|| {
        let error = String::from_utf8_lossy(&output.stderr);
        format!("measuring {name} alone: {error}")
    })?;
    Ok((load_ms.parse()?, peak_kib.parse()?))
}

/// In a process of its own: loads one network, judges every picture, says what that took.
fn alone(networks: &[Network], name: &str) -> anyhow::Result<()> {
    let pictures = networks::pictures()?;
    // Drawing the pictures took memory too; what counts begins here.
    std::fs::write("/proc/self/clear_refs", "5").context("forgetting the peak so far")?;
    let mut load_ms = 0.0;
    if name == OURS_WHOLE {
        let mut whole = None;
        load_ms += processor_ms(|| {
            whole = Some(Whole::load()?);
            Ok(())
        })?;
        let mut whole = whole.context("loaded above")?;
        for picture in &pictures {
            whole.judge(&networks::frame(picture)?, picture)?;
        }
    } else {
        let network = networks.iter().find(|network| network.name == name);
        let network = network.with_context(|| format!("no network is called {name}"))?;
        let mut loaded = None;
        load_ms += processor_ms(|| {
            loaded = Some(network.load()?);
            Ok(())
        })?;
        let loaded = loaded.context("loaded above")?;
        for picture in &pictures {
            networks::run(&loaded, &network.input(picture)?)?;
        }
    }
    let peak_kib = peak_kib(Path::new("/proc/self/status"))?;
    writeln!(io::stdout(), "{load_ms:.1} {peak_kib}")?;
    Ok(())
}

/// The most that this process has held in memory, as the kernel says.
fn peak_kib(status: &Path) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(status).context("reading the process's status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    Ok(peak.context("no VmHWM in the status")?.parse()?)
}

/// Milliseconds of processor time that this thread spends on some work.
fn processor_ms(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let now = || {
        let spent = clock_gettime(ClockId::ThreadCPUTime);
        spent.tv_sec as f64 * 1e3 + spent.tv_nsec as f64 / 1e6
    };
    let began = now();
    work()?;
    Ok(now() - began)
}

/// The table of all rows.
fn table(rows: &[Row], times: &Times) -> anyhow::Result<String> {
    let mut text = String::from(
        "\nOne frame, one thread, processor time; medians of one run. Only ratios travel.\n\n\
         | what | million multiplications | tract, ms | share of dense rate | onnxruntime, ms | \
         share of dense rate | loading, ms | peak memory, MB |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let yardstick = named(rows, YARDSTICK).context("the yardstick is always measured")?;
    let there = |name: &str| {
        times
            .as_ref()
            .ok()
            .and_then(|times| times.get(name))
            .copied()
    };
    let share = |row: &Row, ms: f64, dense_ms: f64| {
        let rate = row.millions / ms / (yardstick.millions / dense_ms);
        format!("{:.0} %", 100.0 * rate)
    };
    for row in rows {
        let beside = there(row.name).zip(there(YARDSTICK));
        let (ms, part) = beside.map_or(("–".to_owned(), "–".to_owned()), |(ms, dense_ms)| {
            (format!("{ms:.1}"), share(row, ms, dense_ms))
        });
        writeln!(
            text,
            "| {} | {:.0} | {:.1} | {} | {ms} | {part} | {:.0} | {:.1} |",
            row.name,
            row.millions,
            row.tract_ms,
            share(row, row.tract_ms, yardstick.tract_ms),
            row.load_ms,
            row.peak_kib as f64 * 1024.0 / 1e6,
        )?;
    }
    Ok(text)
}

/// What ten frames would take a Pi, with everything that was assumed.
fn estimate(rows: &[Row], times: &Times) -> anyhow::Result<String> {
    let yardstick = named(rows, YARDSTICK).context("the yardstick is always measured")?;
    let whole = named(rows, OURS_WHOLE).context("ours is always measured")?;
    let dense_per_ms = yardstick.millions * 1e6 / yardstick.tract_ms;
    let look_s = |frame_ms: f64| frame_ms * pi::LOOK_FRAMES / 1e3;
    let mut text = format!(
        "\nA look's {} frames on one core of a Raspberry Pi 4 at {} GHz, estimated and never \
         measured:\n\n- By the dense rate: {:.2} s. Here a dense convolution does {:.1} thousand \
         million multiplications a second; a core\n  of a Pi is taken to do {:.1} ({} a cycle, of \
         which Linpack reaches {:.0} %), and our work to keep its share of that.\n",
        pi::LOOK_FRAMES,
        pi::CLOCK_GHZ,
        look_s(pi::by_dense_rate(whole.tract_ms, dense_per_ms)),
        dense_per_ms / 1e6,
        pi::dense_per_ms_on_pi() / 1e6,
        pi::PER_CYCLE,
        100.0 * pi::REACHED,
    );
    let fastest = times.as_ref().ok().and_then(|times| times.get(FASTESTDET));
    match fastest {
        Some(here) => writeln!(
            text,
            "- By a detector that others measured on a Pi: {:.2} s. FastestDet takes {:.1} ms \
             there on one core in ncnn, and {here:.1} ms here\n  in onnxruntime; our work in tract \
             is taken to stand to it there as it does here.",
            look_s(pi::by_fastestdet(whole.tract_ms, *here)),
            pi::FASTESTDET_MS,
        )?,
        None => text.push_str("- By FastestDet: not without NATTSYN_PEERS and onnxruntime.\n"),
    }
    text.push_str("\nThe budget is one second.\n");
    Ok(text)
}
