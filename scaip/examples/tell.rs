//! Sends a test alarm and a heartbeat to an alarm receiver and prints what it answers: to try a
//! profile with whoever runs the receiver.
//!
//! `cargo run -p nattsyn-scaip --example tell -- receiver.toml 00012345`: the profile, and the
//! controller id that was agreed for tests. It repeats nothing.

#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::path::Path;

use anyhow::{Context as _, bail};
use nattsyn_clock::Clock;
use nattsyn_scaip::client::{Client, fresh_reference};
use nattsyn_scaip::config::Receiver;
use nattsyn_scaip::mapping::{Event, Subject, request};
use nattsyn_scaip::message::{ControllerId, Field as _, Root};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, controller] = arguments.as_slice() else {
        bail!("usage: tell PROFILE CONTROLLER-ID");
    };
    let path = Path::new(profile);
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {profile}"))?;
    let receiver: Receiver = toml::from_str(&text).with_context(|| format!("in {profile}"))?;
    let receiver = receiver.beside(path.parent().unwrap_or(Path::new("")));
    let heartbeat = receiver.rhythm().event();
    let client = Client::open(receiver, Clock::machine()).await?;
    let subject = Subject {
        controller: ControllerId::parse(controller)?,
        device: None,
    };
    let clock = Clock::machine();
    for event in [Event::TestAlarm, heartbeat] {
        let request = request(&event, &subject, fresh_reference()?);
        println!("{event:?}: {}", request.to_xml(Root::Mrq).replace('\n', ""));
        let began = clock.real_now();
        let result = client.send(&request).await;
        let took = clock.real_now().saturating_sub(began);
        match result {
            Ok(reply) => println!("  taken after {took:.1?}: {reply:?}"),
            Err(error) => {
                let remedy = error.remedy();
                println!(
                    "  not taken after {took:.1?}, try {remedy:?}: {:#}",
                    anyhow::Error::new(error)
                );
            }
        }
    }
    Ok(())
}
