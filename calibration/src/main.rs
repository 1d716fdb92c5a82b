//! `nattsyn-calibrate`: what thresholds would have done, which keep a promise, and why.
//!
//! Only reads arguments, opens files and prints; what it says is worked out in the library. Results
//! go to standard output, progress and faults to standard error, with exit status 1 for a fault.
//! It changes no unit: a threshold comes into force by the hub alone.

mod commands;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(commands::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit status says it as well.
            writeln!(io::stderr(), "nattsyn-calibrate: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}
