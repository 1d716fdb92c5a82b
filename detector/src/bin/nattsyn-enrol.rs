//! `nattsyn-enrol`: lets a unit in by a code, gets its next certificates, and wipes it.
//!
//! Whoever stands by the unit runs `code`, `show` and `wipe` as root; `renew` is the system's, once
//! a day, as the voice's user.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use nattsyn_clock::Clock;
use nattsyn_detector::enrol::renewal::Outcome;
use nattsyn_detector::enrol::{self, Paths, renewal, wiping};
use nattsyn_protocol::enrolment::Code;

/// Lets a Nattsyn unit in by a code, gets its next certificates, and wipes it.
#[derive(Parser)]
#[command(version, disable_help_subcommand = true)]
struct Arguments {
    /// The folder of settings.
    #[arg(long, global = true, default_value = "/etc/nattsyn")]
    settings: PathBuf,
    /// The eye's own folder.
    #[arg(long, global = true, default_value = "/var/lib/nattsyn-eye")]
    eye: PathBuf,
    /// The voice's own folder.
    #[arg(long, global = true, default_value = "/var/lib/nattsyn-voice")]
    voice: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Let the unit in by the code that the hub's page shows, or that a file holds.
    Code {
        /// The code: nattsyn1://…
        #[arg(required_unless_present = "file")]
        code: Option<String>,
        /// A file that holds it, such as one on the card's first partition. It is removed.
        #[arg(long, value_name = "FILE", conflicts_with = "code")]
        file: Option<PathBuf>,
    },
    /// Wait until somebody holds the code before the camera. Only while the unit is not enrolled.
    #[cfg(feature = "pi")]
    Scan {
        /// The camera.
        #[arg(long, default_value = "/dev/nattsyn-camera")]
        device: PathBuf,
    },
    /// Show the fingerprint that the hub's page asks for.
    Show,
    /// Get the next certificate, if it is time to.
    Renew,
    /// Remove every key, plan and profile: the unit can be let in anew, for another home.
    Wipe {
        /// Really.
        #[arg(long)]
        yes: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let paths = Paths {
        settings: arguments.settings,
        eye: arguments.eye,
        voice: arguments.voice,
    };
    match arguments.command {
        Command::Code { code, file } => {
            let_in(&paths, &typed(code, file.as_deref())?, file.as_deref())
        }
        #[cfg(feature = "pi")]
        Command::Scan { device } => let_in(&paths, &scanned(&paths, &device)?, None),
        Command::Show => {
            say(&format!(
                "ögats fingeravtryck / the eye's fingerprint: {}",
                enrol::shown(&paths)?
            ));
            Ok(())
        }
        Command::Renew => {
            let outcome = renewal::renew(&paths, Clock::machine().now().timestamp.0)?;
            match outcome {
                Outcome::NotDue(at) => tracing::info!(%at, "not due before then"),
                Outcome::Renewed(until) => tracing::info!(%until, "renewed"),
            }
            Ok(())
        }
        Command::Wipe { yes } => {
            anyhow::ensure!(
                yes,
                "detta raderar enhetens nycklar, plan och profil: --yes om det är meningen / this \
                 removes the unit's keys, plan and profile: --yes if that is meant"
            );
            services("stop");
            wiping::wipe(&paths)?;
            say("raderad / wiped");
            Ok(())
        }
    }
}

/// The code that somebody holds before the camera; waits for it.
#[cfg(feature = "pi")]
fn scanned(paths: &Paths, device: &Path) -> anyhow::Result<Code> {
    use nattsyn_detector::camera::{Exposing, FrameSource as _, V4l2Camera};
    use nattsyn_detector::enrol::scanning::{Scanned, scan};

    anyhow::ensure!(
        !paths.voice_settings().exists(),
        "enheten är redan insläppt / this unit is enrolled"
    );
    let mut camera = V4l2Camera::new(device, Exposing::default());
    camera
        .open(Clock::machine().now().timestamp)
        .context("the camera")?;
    say("väntar på en kod framför kameran / waiting for a code before the camera");
    let mut was = Scanned::Nothing;
    loop {
        let shot = camera.next_frame().context("the camera")?;
        let found = scan(&shot.frame);
        if let Scanned::Code(code) = found {
            camera.close();
            return Ok(*code);
        }
        if found == Scanned::Another && was != Scanned::Another {
            say("det är en annan kod, inte Nattsyns / that is another code, not Nattsyn's");
        }
        was = found;
    }
}

/// The code that was typed, or that stands in a file.
fn typed(code: Option<String>, file: Option<&Path>) -> anyhow::Result<Code> {
    let text = match (code, file) {
        (Some(code), _) => code,
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file);
            text.with_context(|| format!("reading {}", file.display()))?
        }
        (None, None) => anyhow::bail!("a code is missing"),
    };
    text.parse().context("the code")
}

fn let_in(paths: &Paths, code: &Code, file: Option<&Path>) -> anyhow::Result<()> {
    say(&format!("frågar / asking {}:{} …", code.host, code.port));
    let enrolled = enrol::enrol(paths, code, &mut |error, again| {
        let why = format!("{:#}", anyhow::Error::msg(error.to_string()));
        say(&format!(
            "{why}; försöker igen om / trying again in {} s",
            again.as_secs()
        ));
    })?;
    if let Some(file) = file {
        let removed = std::fs::remove_file(file);
        removed.with_context(|| format!("removing {}", file.display()))?;
    }
    services("restart");
    say(&format!(
        "insläppt som / let in as: {}\nögats fingeravtryck, skriv det på sidan / the eye's \
         fingerprint, type it on the page: {}",
        enrolled.admission.unit, enrolled.fingerprint
    ));
    Ok(())
}

/// Tells systemd about the two services, where it runs.
fn services(what: &str) {
    if !Path::new("/run/systemd/system").exists() {
        return;
    }
    let told = Process::new("systemctl")
        .args([what, "nattsyn-eye.service", "nattsyn-voice.service"])
        .status();
    if !told.is_ok_and(|status| status.success()) {
        tracing::warn!(what, "systemctl failed: do it by hand");
    }
}

/// A reader that is gone is told nothing; there is nobody else to tell.
fn say(what: &str) {
    writeln!(std::io::stdout(), "{what}").ok();
}
