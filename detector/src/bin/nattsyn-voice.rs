//! The voice's program: reads its configuration and runs until the supervisor says stop.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use tracing_subscriber::EnvFilter;

use nattsyn_detector::config::voice::VoiceConfig;
use nattsyn_detector::voice::run::run;

/// Speaks for a Nattsyn unit, and cannot see. Started by systemd or nattsyn-supervise.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file, such as examples/voice.toml.
    #[arg(long)]
    config: PathBuf,
    /// Where the eye receives, if standard input is a datagram socket: as systemd starts it.
    #[arg(long, value_name = "SOCKET")]
    other_end: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let config = VoiceConfig::load(&arguments.config)?;
    run(&config, arguments.other_end.as_deref()).context("running the voice")
}
