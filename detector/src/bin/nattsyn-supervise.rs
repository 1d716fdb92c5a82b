//! The supervisor's program: starts an eye and a voice, and keeps them running.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use nattsyn_detector::supervise::{
    Programs, SILENT_MAX, User, Users, become_program, end_with, supervise,
};

/// Runs the eye and the voice of one Nattsyn unit until it is asked to stop.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    inner: Option<Inner>,
    #[command(flatten)]
    unit: Option<Unit>,
}

#[derive(Args)]
struct Unit {
    /// The eye's configuration file.
    #[arg(long)]
    eye: PathBuf,
    /// The voice's configuration file.
    #[arg(long)]
    voice: PathBuf,
    /// The folder of nattsyn-eye and nattsyn-voice; beside this program if left out.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Who the eye runs as, by name or number: has camera and lamp. Needs root.
    #[arg(long, value_name = "USER", requires = "voice_user")]
    eye_user: Option<String>,
    /// Who the voice runs as, by name or number: has no device. Needs root.
    #[arg(long, value_name = "USER", requires = "eye_user")]
    voice_user: Option<String>,
    /// Kill and restart a program whose loop has stood still for so many seconds; 45 if left out.
    #[arg(long, value_name = "SECONDS")]
    silent_max_s: Option<u64>,
    /// End at once, with both programs, when the process of this number ends. It must be the
    /// one that starts this program.
    #[arg(long, value_name = "PROCESS")]
    end_with: Option<i32>,
}

#[derive(Subcommand)]
enum Inner {
    /// Becomes one of the two programs. Only the supervisor itself calls this.
    #[command(hide = true)]
    Become {
        /// The supervisor's process.
        #[arg(long)]
        parent: i32,
        /// Which program.
        #[arg(long)]
        program: PathBuf,
        /// Its configuration file.
        #[arg(long)]
        config: PathBuf,
        /// As whom.
        #[arg(long)]
        user: Option<User>,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(Inner::Become {
        parent,
        program,
        config,
        user,
    }) = arguments.inner
    {
        match become_program(parent, &program, &config, user.as_ref())? {}
    }
    let unit = arguments
        .unit
        .context("--eye and --voice are needed; see --help")?;
    if let Some(parent) = unit.end_with {
        end_with(parent)?;
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting")?;
    let find = |name: Option<String>| name.map(|name| User::find(&name)).transpose();
    let users = match (find(unit.eye_user)?, find(unit.voice_user)?) {
        (Some(eye), Some(voice)) => Some(Users { eye, voice }),
        (Some(_), None) | (None, Some(_)) | (None, None) => None,
    };
    let programs = Programs {
        folder: match unit.programs {
            Some(folder) => folder,
            None => own_folder()?,
        },
        eye: unit.eye,
        voice: unit.voice,
        users,
        silent_max: unit.silent_max_s.map_or(SILENT_MAX, Duration::from_secs),
    };
    runtime
        .block_on(supervise(&programs))
        .context("supervising")
}

fn own_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("finding this program's own folder")?;
    let folder = own.parent().map(Path::to_owned);
    folder.context("this program lies in no folder")
}
