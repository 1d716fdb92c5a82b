//! `nattsyn-count COUNTS.csv`: how often an empty bed of one's own is called *visible*.
//!
//! Looks at one's own bed every so often, as a unit's eye does, and keeps only how many looks of
//! each night ended in which finding. It never writes a picture or a score, and sends nothing.
//! `docs/guide/your-own-empty-bed.md` says how to use it. It is no part of a unit.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{ArgGroup, Parser};
use nattsyn_detector::config::eye::{EyeConfig, LightConfig, SourceConfig};
use nattsyn_detector::count::{Counting, count};
use nattsyn_detector::disk::Folder;
use nattsyn_detector::look::Pacing;
use nattsyn_detector::score::parse_places;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tracing_subscriber::EnvFilter;

/// Looks at your own empty bed, as the eye does, and counts what it says.
///
/// Keeps a table of counts and nothing else: no picture, no score, no time of day.
#[derive(Parser)]
#[command(name = "nattsyn-count", version)]
#[command(group(ArgGroup::new("from").required(true).args(["camera", "pictures", "config"])))]
struct Arguments {
    /// The table of counts; made if it is missing, added to if it is there.
    counts: PathBuf,
    /// A camera with an infrared lamp of its own, such as /dev/video0 (needs a build with
    /// feature `pi`).
    #[arg(long, value_name = "DEVICE")]
    camera: Option<PathBuf>,
    /// A folder of pictures instead of a camera: one a look, in order of name, then again.
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
    /// A unit's own configuration of the eye: its camera, lamp and look are used.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where somebody would lie: `x y x y x y …` as fractions of the picture, from its upper
    /// left corner; several parted by `;`. Without it the whole picture.
    #[arg(long, default_value = "")]
    place: String,
    /// Seconds from one look to the next.
    #[arg(long, default_value_t = 600)]
    every_s: u32,
    /// How many looks; without it, until Ctrl-C.
    #[arg(long)]
    looks: Option<u64>,
    /// The time zone in which a night runs from noon to noon.
    #[arg(long, default_value = "Europe/Stockholm")]
    zone: String,
    /// Frames a look (not with --config).
    #[arg(long, default_value_t = 10)]
    frames: u32,
    /// Milliseconds over which they are spread (not with --config).
    #[arg(long, default_value_t = 4500)]
    over_ms: u32,
    /// Milliseconds that the picture settles first (not with --config).
    #[arg(long, default_value_t = 500)]
    settle_ms: u32,
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit status says it as well.
            writeln!(io::stderr(), "nattsyn-count: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    keep_memory_private().context("forbidding core dumps")?;
    let (folder, file) = parted(&arguments.counts)?;
    let counting = counting(arguments, file)?;
    let mut disk = Folder::open(folder).context("opening the folder of the counts")?;
    let book = count(&counting, &mut disk, |book, night| {
        // A closed terminal must not end the counting.
        writeln!(io::stdout(), "{night}  {}", book.line(Some(night))).ok();
    })?;
    let nights = book.nights();
    writeln!(io::stdout(), "in all: nights {nights}, {}", book.line(None)).ok();
    Ok(())
}

fn counting(arguments: &Arguments, file: String) -> anyhow::Result<Counting> {
    let ms = |ms: u32| Duration::from_millis(ms.into());
    let (source, light, pacing) = match (&arguments.config, &arguments.camera, &arguments.pictures)
    {
        (Some(path), _, _) => {
            let config = EyeConfig::load(path)?;
            (config.source, config.light, config.pacing)
        }
        (None, camera, pictures) => {
            let pacing = Pacing::new(
                arguments.frames,
                ms(arguments.over_ms),
                ms(arguments.settle_ms),
            )?;
            let device = camera.clone().map(|device| SourceConfig::V4l2 {
                device,
                exposure: None,
                gain: None,
            });
            let folder = pictures.clone();
            let folder = folder.map(|folder| SourceConfig::Pictures { folder });
            let source = device.or(folder).context("name a camera or a folder")?;
            (source, LightConfig::Simulated, pacing)
        }
    };
    Ok(Counting {
        source,
        light,
        pacing,
        places: parse_places(&arguments.place).context("reading --place")?,
        every: Duration::from_secs(arguments.every_s.into()),
        looks: arguments.looks,
        zone: arguments.zone.clone(),
        file,
    })
}

/// A file's folder and its name.
fn parted(path: &Path) -> anyhow::Result<(PathBuf, String)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} names no file", path.display()))?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    Ok((folder.unwrap_or(Path::new(".")).to_owned(), name.to_owned()))
}

/// No core dump and no tracing by others: frames are in this process's memory.
fn keep_memory_private() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
