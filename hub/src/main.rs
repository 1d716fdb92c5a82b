//! `nattsyn-hub`: the command line around the hub.
//!
//! It reads arguments and says what went wrong, with every cause. What the commands do is in
//! the library.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use nattsyn_clock::Clock;
use nattsyn_hub::agreement::command::{Office, PlansCommand};
use nattsyn_hub::audit::{self, Who, command::AuditCommand};
use nattsyn_hub::commission::{self, command::CommissionCommand};
use nattsyn_hub::config::Config;
use nattsyn_hub::consent::command::ConsentCommand;
use nattsyn_hub::consent::{self, counter};
use nattsyn_hub::demo;
use nattsyn_hub::enrolment::{self, Enrolled, Homes};
use nattsyn_hub::keys::HubKeys;
use nattsyn_hub::notify::receiver::register;
use nattsyn_hub::plan_b::{self, Tongue};
use nattsyn_hub::serve::{self, Layout};
use nattsyn_hub::settings::command::{Counter, SettingsCommand};
use nattsyn_hub::staff::command::{RosterCommand, StaffCommand};
use nattsyn_hub::staff::{self, Register};
use nattsyn_hub::store::{SettingsVersions, SqliteStore, Store as _, Units};
use nattsyn_hub::tuning::{self, command::TuningCommand};
use nattsyn_hub::units::{self, command::UnitCommand, desk};
use nattsyn_protocol::schedule::night_of;

/// The hub of Nattsyn: knows which looks are due, keeps the ledger, shows what needs a person.
#[derive(Parser)]
#[command(version, disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the hub's folder: keys that the municipality's root endorses, and an authority for
    /// the units' certificates. Repeating it changes nothing.
    Prepare {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The root's key: a file with 64 hexadecimal digits, kept off the network.
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
    },
    /// Enrol homes, units, people and plans from a file. Can be done while the hub runs.
    Enrol {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The homes; hub/examples/homes.toml shows the form.
        #[arg(long, value_name = "FILE")]
        homes: PathBuf,
    },
    /// Plans of enrolled residents: import, export, away, back, died. Can be done while the hub
    /// runs.
    Plans {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to do.
        #[command(subcommand)]
        command: PlansCommand,
    },
    /// Who works here and what they may: add, pin, leave, list, role, trained, matrix, roster. Can
    /// be done while the hub runs.
    Staff {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to do.
        #[command(subcommand)]
        command: StaffCommand,
    },
    /// What residents agreed to: list, show, record, withdraw, export. Can be done while the hub
    /// runs.
    Consent {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to do.
        #[command(subcommand)]
        command: ConsentCommand,
    },
    /// Teams, response targets and the like, for municipality, areas and homes: set, show, history,
    /// export. Can be done while the hub runs.
    Settings {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to do.
        #[command(subcommand)]
        command: SettingsCommand,
    },
    /// The thresholds of homes: bring a pool of labelled homes in, show what holds. Can be done
    /// while the hub runs; changes are proposed and approved on the page.
    Tuning {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to do.
        #[command(subcommand)]
        command: TuningCommand,
    },
    /// Which units are commissioned, and which count on paper until when. Can be done while the
    /// hub runs; units are commissioned on the page, by whoever stands there.
    Commission {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to show.
        #[command(subcommand)]
        command: CommissionCommand,
    },
    /// Units: take them into stock, let them in, hang them, take them down. Can be done while the
    /// hub runs.
    Unit {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to do.
        #[command(subcommand)]
        command: UnitCommand,
    },
    /// The log of who saw and did what: verify, head, extract. Can be done while the hub runs.
    Audit {
        /// The configuration.
        #[arg(long, value_name = "FILE", global = true, default_value = "hub.toml")]
        config: PathBuf,
        /// What to do.
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print tonight's visits for when Nattsyn cannot be used: from the database alone, which is
    /// only read.
    PlanB {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = "hub.toml")]
        config: PathBuf,
        /// The date on which the night begins, such as 2026-11-21; tonight if left out.
        #[arg(long, value_name = "DATE")]
        night: Option<Date>,
        /// In which language.
        #[arg(long, value_enum, default_value_t)]
        lang: Tongue,
    },
    /// Print by which numbers alarm receivers know the residents, with their names: for the
    /// receiver's register.
    Receivers {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = "hub.toml")]
        config: PathBuf,
    },
    /// Run the hub until it is told to end.
    Serve {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Tonight in invented homes, in fast time: real programs, generated rooms.
    Demo(demo::Args),
}

impl Command {
    /// What is logged unless `RUST_LOG` says otherwise. A demonstration's terminal is for those
    /// who watch it.
    fn log_default(&self) -> &'static str {
        match self {
            Self::Demo(_) => "warn",
            Self::Plans { .. } | Self::PlanB { .. } | Self::Staff { .. } => "warn",
            Self::Receivers { .. } => "warn",
            Self::Settings { .. } | Self::Audit { .. } | Self::Consent { .. } => "warn",
            Self::Tuning { .. } | Self::Commission { .. } | Self::Unit { .. } => "warn",
            Self::Prepare { .. } | Self::Enrol { .. } | Self::Serve { .. } => "info",
        }
    }
}

fn main() -> ExitCode {
    let command = Args::parse().command;
    let default = || EnvFilter::new(command.log_default());
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_error| default()))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match run(command) {
        Ok(code) => code,
        Err(error) => {
            tell(std::io::stderr(), &format!("nattsyn-hub: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(args) => return Ok(runtime()?.block_on(demo::run(args))?),
        Command::Prepare { config, root } => prepare(&config, &root)?,
        Command::Enrol { config, homes } => enrol(&config, &homes)?,
        Command::Plans { config, command } => plans(&config, &command)?,
        Command::Staff { config, command } => staff(&config, &command)?,
        Command::Consent { config, command } => consent(&config, &command)?,
        Command::Settings { config, command } => settings(&config, &command)?,
        Command::Audit { config, command } => audit(&config, &command)?,
        Command::Tuning { config, command } => tuning(&config, &command)?,
        Command::Commission { config, command } => commissioning(&config, command)?,
        Command::Unit { config, command } => unit(&config, command)?,
        Command::PlanB {
            config,
            night,
            lang,
        } => plan_b(&config, night, lang)?,
        Command::Receivers { config } => receivers(&config)?,
        Command::Serve { config } => {
            let config = Config::read(&config)?;
            runtime()?.block_on(async {
                let stop = stop()?;
                serve::run(&config, stop).await.map_err(anyhow::Error::from)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the hub's threads")
}

/// Done when the system asks the hub to end.
fn stop() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn prepare(config: &Path, root: &Path) -> anyhow::Result<()> {
    let root = serve::prepare(&Config::read(config)?, root)?;
    tell(std::io::stdout(), &format!("units pin this root: {root}"));
    Ok(())
}

fn enrol(config: &Path, file: &Path) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let layout = Layout::under(&config.data)?;
    let known = Units::open(&layout.ledger())?.known()?;
    let homes = Homes::read(file, &known)?;
    let keys =
        HubKeys::open(&layout.keys()).context("the hub's keys (made by `nattsyn-hub prepare`)")?;
    let _alone = desk::alone(&layout.ledger())?;
    let mut store = SqliteStore::open(&layout.ledger())?;
    let mut units = Units::open(&layout.ledger())?;
    let now = Clock::machine().now().timestamp;
    desk::examine_homes(&units, &homes.homes)?;
    let enrolled = enrolment::enrol(&mut store, &homes, &keys, now)?;
    desk::follow(&mut units, &store.roster()?, (&Who::Hub, now))?;
    let drafts = Homes::read_consents(file, &known)?;
    let mut counter = counter::Counter {
        store: &mut store,
        keys: &keys,
        zone: &config.zone,
        rules: config.consent,
        said: std::collections::BTreeMap::new(),
        now: Clock::machine().now().timestamp,
    };
    for resident in counter.take_in(&drafts, &consent::Taker::enrolment())? {
        tell(std::io::stdout(), &format!("consent of {resident}"));
    }
    let foreign = enrolled
        .units
        .iter()
        .filter(|unit| !known.contains_key(unit));
    for folder in serve::admit(&config, &foreign.copied().collect::<Vec<_>>())? {
        let what = format!("for the unit's voice: {}", folder.display());
        tell(std::io::stdout(), &what);
    }
    for plan in homes.plans.iter().filter(|plan| plan.windows.is_empty()) {
        let what = format!("no windows, so nobody checks on: {}", plan.resident);
        tell(std::io::stdout(), &what);
    }
    tell_changes(&enrolled);
    let summary = format!(
        "{} homes enrolled, {} plans new; a changed plan holds from the next noon",
        enrolled.homes,
        enrolled.plans.len()
    );
    tell(std::io::stdout(), &summary);
    Ok(())
}

/// What an enrolment changed, and what somebody must do about it.
fn tell_changes(enrolled: &Enrolled) {
    for (resident, version) in &enrolled.plans {
        tell(
            std::io::stdout(),
            &format!("plan of {resident}: version {version}"),
        );
    }
    for resident in &enrolled.superseded {
        let what = format!(
            "the plan of {resident} in this file is not the one imported since, which stands"
        );
        tell(std::io::stdout(), &what);
    }
    for resident in &enrolled.ended {
        let what = format!("will not be looked at again, and is left off the list: {resident}");
        tell(std::io::stdout(), &what);
    }
    for resident in &enrolled.unplanned {
        let what = format!("no plan, so nobody checks on: {resident}");
        tell(std::io::stdout(), &what);
    }
    for home in &enrolled.left {
        let what = format!("no longer enrolled, so no unit looks there: {home}");
        tell(std::io::stdout(), &what);
    }
    for resident in &enrolled.unended {
        let what = format!(
            "not on the list and the plan in force, so somebody is asked about every check: \
             {resident}; end it with `nattsyn-hub plans end --resident {resident}`"
        );
        tell(std::io::stdout(), &what);
    }
}

fn unit(config: &Path, command: UnitCommand) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let layout = Layout::under(&config.data)?;
    let desk = serve::desk(&config, &layout)?;
    if let Some(by) = command.by() {
        let entry = Register::open(&layout.ledger())?.entry(by)?;
        let works_here = entry.is_some_and(|entry| entry.pin.is_some());
        anyhow::ensure!(
            works_here,
            "--by {by}: finns inte bland dem som arbetar här / is not among those who work here"
        );
    }
    if let UnitCommand::Install { unit, home, by } = &command {
        let by = Who::Staff(by.clone());
        let now = Clock::machine().now().timestamp;
        tell_changes(&desk.install((*unit, *home), "", (&by, now))?);
    }
    let zone = TimeZone::get(&config.zone).context("the hub's zone")?;
    let now = Clock::machine().now().timestamp;
    let said = units::command::run(&desk, &zone, now, command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn plans(config: &Path, command: &PlansCommand) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let layout = Layout::under(&config.data)?;
    let keys =
        HubKeys::open(&layout.keys()).context("the hub's keys (made by `nattsyn-hub prepare`)")?;
    let mut office = Office {
        store: &mut SqliteStore::open(&layout.ledger())?,
        keys: &keys,
        zone: &config.zone,
        staffing: config.staffing,
        now: Clock::machine().now().timestamp,
    };
    let said = office.run(command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn staff(config: &Path, command: &StaffCommand) -> anyhow::Result<()> {
    if let StaffCommand::Roster {
        command: RosterCommand::Sign { root, roster, to },
    } = command
    {
        // Where the root's key is, there is no hub.
        let said = staff::command::sign_file(root, roster, to)?;
        tell(std::io::stdout(), said.trim_end());
        return Ok(());
    }
    let layout = Layout::under(&Config::read(config)?.data)?;
    let mut register = Register::open(&layout.ledger())?;
    let now = Clock::machine().now().timestamp;
    let said = staff::command::run(&mut register, now, command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn consent(config: &Path, command: &ConsentCommand) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let layout = Layout::under(&config.data)?;
    let keys =
        HubKeys::open(&layout.keys()).context("the hub's keys (made by `nattsyn-hub prepare`)")?;
    let register = Register::open(&layout.ledger())?;
    let mut counter = counter::Counter {
        store: &mut SqliteStore::open(&layout.ledger())?,
        keys: &keys,
        zone: &config.zone,
        rules: config.consent,
        // What a unit is built with, the running hub hears, and signs anew.
        said: std::collections::BTreeMap::new(),
        now: Clock::machine().now().timestamp,
    };
    let said = consent::command::run(&mut counter, &register, command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn settings(config: &Path, command: &SettingsCommand) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let ledger = Layout::under(&config.data)?.ledger();
    let roster = SqliteStore::open(&ledger)?.roster()?;
    let register = Register::open(&ledger)?;
    let mut counter = Counter {
        versions: SettingsVersions::open(&ledger)?,
        register: &register,
        enrolled: roster.homes().iter().map(|home| home.id).collect(),
        channels: &config.notify,
        zone: &config.zone,
        now: Clock::machine().now().timestamp,
    };
    let said = counter.run(command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn tuning(config: &Path, command: &TuningCommand) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let ledger = Layout::under(&config.data)?.ledger();
    let now = Clock::machine().now().timestamp;
    let said = tuning::command::run(&ledger, config.thresholds, now, command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn commissioning(config: &Path, command: CommissionCommand) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let ledger = Layout::at(&config.data).ledger();
    let now = Clock::machine().now().timestamp;
    let said = commission::command::run((&ledger, &config.zone), now, command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn audit(config: &Path, command: &AuditCommand) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let ledger = Layout::at(&config.data).ledger();
    let now = Clock::machine().now().timestamp;
    let said = audit::command::run((&ledger, &config.zone), now, command)?;
    tell(std::io::stdout(), said.trim_end());
    Ok(())
}

fn plan_b(config: &Path, night: Option<Date>, lang: Tongue) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let now = Clock::machine().now().timestamp;
    let tonight = night_of(now, &config.zone).context("the hub's zone")?;
    let night = (night.unwrap_or(tonight), config.zone.as_str());
    let list = plan_b::print(&Layout::at(&config.data).ledger(), night, now, lang)?;
    tell(std::io::stdout(), list.trim_end());
    Ok(())
}

fn receivers(config: &Path) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let list = register::list(&Layout::at(&config.data).ledger())?;
    tell(std::io::stdout(), list.trim_end());
    Ok(())
}

/// A reader that is gone is told nothing; there is nobody else to tell.
fn tell(mut to: impl std::io::Write, what: &str) {
    writeln!(to, "{what}").ok();
}
