//! The eye as a program: reads its configuration, gives up what it does not need, and runs.
//!
//! Started by the supervisor with its end of the pair as standard input.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use nattsyn_detector::config::eye::EyeConfig;
use nattsyn_detector::eye::{self, End};
use nattsyn_detector::forgetful::ForgetfulMemory;
use nattsyn_detector::pair_socket::PairEnd;
use nattsyn_detector::shut_in::prove::{self, Trial, Who};
use nattsyn_detector::shut_in::{Wall, keep_memory_private};
use nattsyn_protocol::signing::PublicKey;
use rustix::process::{Signal, set_parent_process_death_signal};
use tracing_subscriber::EnvFilter;

/// What is freed is overwritten: no part of a picture outlives its look in a tensor or buffer.
#[global_allocator]
static MEMORY: ForgetfulMemory = ForgetfulMemory;

/// The eye of a Nattsyn unit: looks when the plan allows it, and says what it found, signed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The eye's configuration.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the voice receives, if standard input is a datagram socket: as systemd starts it.
    #[arg(long, value_name = "SOCKET")]
    other_end: Option<PathBuf>,
    /// Print the public key that the hub enrols, and do nothing else.
    #[arg(long)]
    public_key: bool,
    /// Shut in as the eye is, try everything that it must not be able to do, and print what
    /// came of it. Needs no camera, key or configuration; fails if anything succeeds.
    #[arg(long)]
    prove: bool,
    /// With --prove: shut in as the voice is, try what that must not be able to do.
    #[arg(long)]
    voice: bool,
    /// With --prove: behind these walls only, such as `calls` or `landlock`.
    #[arg(long, value_name = "WALL", value_parser = wall)]
    only: Vec<Wall>,
    /// One of the processes of a proof: tries one thing.
    #[arg(long, hide = true)]
    prove_attempt: Option<String>,
    /// Whom it may attack.
    #[arg(long, hide = true, default_value_t = 0)]
    prove_victim_of: i32,
    /// Allows a call on the list of the proof's processes, to see that the proof finds it.
    #[arg(long, hide = true)]
    prove_leak: Option<String>,
    /// One of the processes of a proof: waits to be attacked.
    #[arg(long, hide = true)]
    prove_victim: bool,
}

fn wall(word: &str) -> Result<Wall, String> {
    let words: Vec<&str> = Wall::ALL.iter().map(|wall| wall.word()).collect();
    Wall::named(word).ok_or_else(|| format!("is none of {}", words.join(", ")))
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    if arguments.prove || arguments.prove_victim || arguments.prove_attempt.is_some() {
        return prove(arguments);
    }
    set_parent_process_death_signal(Some(Signal::TERM)).context("tying the eye to its parent")?;
    keep_memory_private().context("forbidding core dumps")?;
    let file = arguments.config;
    let file = file.context("--config is needed, or --prove; see --help")?;
    let config = EyeConfig::load(&file)?;
    if arguments.public_key {
        let key = PublicKey::of(&config.key.0);
        writeln!(std::io::stdout(), "{key}").context("printing the public key")?;
        return Ok(ExitCode::SUCCESS);
    }
    let pair = PairEnd::from_stdin(arguments.other_end.as_deref())?;
    match eye::open(config, pair)?.run() {
        End::Asked => {
            tracing::info!("eye ended");
            Ok(ExitCode::SUCCESS)
        }
        end @ (End::Hung | End::CameraLost) => Err(end.into()),
    }
}

/// The proof, or one of its processes.
fn prove(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.prove_victim {
        prove::wait_to_be_attacked()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::stdout();
    let who = match arguments.voice {
        true => Who::Voice,
        false => Who::Eye,
    };
    if let Some(attempt) = arguments.prove_attempt {
        let trial = Trial {
            attempt,
            who,
            walls: arguments.only.into_iter().collect(),
            victim: arguments.prove_victim_of,
            leak: arguments.prove_leak,
        };
        if trial.attempt == prove::STANDING {
            prove::say_standing(&trial, &mut out)?;
            return Ok(ExitCode::SUCCESS);
        }
        let refused = prove::attempt(&trial)?;
        return match refused {
            None => Ok(ExitCode::SUCCESS),
            Some(errno) => {
                writeln!(out, "{errno}")?;
                Ok(ExitCode::FAILURE)
            }
        };
    }
    let walls = match arguments.only.as_slice() {
        [] => Wall::ALL.into(),
        some => some.iter().copied().collect(),
    };
    let tally = prove::prove(who, &walls, arguments.prove_leak.as_deref(), &mut out)?;
    match tally.succeeded {
        0 => Ok(ExitCode::SUCCESS),
        _some => Ok(ExitCode::FAILURE),
    }
}
