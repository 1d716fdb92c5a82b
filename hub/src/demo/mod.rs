//! The demonstration: tonight in invented homes, in fast time.
//!
//! It stages rooms and leads the clock; everything else is the product's own code and its own
//! programs: units in processes of their own, a broker, a database, a page. It knows what was
//! true in each room and compares the ledger with it when the night is over. The hub proper
//! never calls this module.

pub mod cast;
mod counted;
pub mod folder;
pub mod homes;
pub mod link;
pub mod pictures;
pub mod places;
pub mod provision;
mod run;
pub mod stage;
pub mod story;
pub mod tally;
pub mod units;

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::civil::Date;

use crate::config::BrokerUrl;

pub use run::{DemoError, run};

/// What a demonstration is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many homes
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub homes: u32,
    /// Replay the pictures of this folder instead of generated rooms; nothing is staged then
    #[arg(long, value_name = "DIR")]
    pub frames: Option<PathBuf>,
    /// Keep one night, print its ledger and its sum, and exit: 1 if anything was unaccounted
    /// for or wrong
    #[arg(long)]
    pub once: bool,
    /// When a row could be looked at by camera, let time run as it does for people for so many
    /// seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub linger: u32,
    /// Where the page is served; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The demonstration's folder, begun anew each time
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data: PathBuf,
    /// Another MQTT 5 broker instead of the embedded one: mqtts://host:port, with certificates
    /// from the folder `tls` of --data
    #[arg(long, value_name = "URL", value_parser = broker_url)]
    pub broker: Option<BrokerUrl>,
    /// The date on which the night begins [default: today]
    #[arg(long, value_name = "DATE")]
    pub night: Option<Date>,
}

fn broker_url(text: &str) -> Result<BrokerUrl, String> {
    BrokerUrl::try_from(text.to_owned())
}
