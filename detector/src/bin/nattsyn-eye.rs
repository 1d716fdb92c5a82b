//! The eye as a program: reads its configuration, gives up what it does not need, and runs.
//!
//! Started by the supervisor with its end of the pair as standard input.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use nattsyn_detector::config::eye::EyeConfig;
use nattsyn_detector::eye::{self, End};
use nattsyn_detector::forgetful::ForgetfulMemory;
use nattsyn_detector::pair_socket::PairEnd;
use nattsyn_detector::shut_in::keep_memory_private;
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
    config: PathBuf,
    /// Print the public key that the hub enrols, and do nothing else.
    #[arg(long)]
    public_key: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    set_parent_process_death_signal(Some(Signal::TERM)).context("tying the eye to its parent")?;
    keep_memory_private().context("forbidding core dumps")?;
    let config = EyeConfig::load(&arguments.config)?;
    if arguments.public_key {
        let key = PublicKey::of(&config.key.0);
        return writeln!(std::io::stdout(), "{key}").context("printing the public key");
    }
    let pair = PairEnd::from_stdin()?;
    match eye::open(config, pair)?.run() {
        End::Asked => {
            tracing::info!("eye ended");
            Ok(())
        }
        end @ (End::Hung | End::CameraLost) => Err(end.into()),
    }
}
