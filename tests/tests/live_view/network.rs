//! A network namespace of a unit's own whose only interface is as fast as a home's line: `ip` and
//! `tc` of iproute2, and a kernel with `sch_tbf`. Needs root. It delays and loses nothing; a
//! [`super::proxy`] does that.

use std::fs::File;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// How fast it is, in words of `tc`: of both directions together, since it is one interface.
pub(crate) const RATE: &str = "1mbit";

/// A packet of a home's line, and how much may pass at once: two of them and their headers.
const PACKET: &str = "1500";
const BURST: &str = "4kb";

/// Longest that a packet waits: what a mobile network's buffers hold. More are lost.
const WAITS_MAX: &str = "1s";

/// The namespace; it is gone when this is dropped.
pub(crate) struct Network(String);

impl Network {
    /// Makes one.
    pub(crate) fn open() -> Self {
        let network = Self(format!("nattsyn-{}", std::process::id()));
        let name = network.0.as_str();
        run(&["ip", "netns", "add", name]);
        run(&["ip", "-n", name, "link", "set", "lo", "mtu", PACKET, "up"]);
        run(&[
            "tc", "-n", name, "qdisc", "add", "dev", "lo", "root", "tbf", "rate", RATE, "burst",
            BURST, "latency", WAITS_MAX,
        ]);
        network
    }

    /// A port in there that can be listened to from here.
    pub(crate) fn listener(&self) -> TcpListener {
        let file = File::open(format!("/var/run/netns/{}", self.0)).unwrap();
        // A thread of its own goes in, and does not come back.
        let bound = std::thread::spawn(move || {
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            TcpListener::bind(("127.0.0.1", 0)).unwrap()
        });
        bound.join().unwrap()
    }

    /// What begins a program in there, as the process that is started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0]);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Whatever is left of it is gone with the machine.
        Command::new("ip")
            .args(["netns", "del", &self.0])
            .status()
            .ok();
    }
}

#[track_caller]
fn run(words: &[&str]) {
    let done = Command::new(words[0]).args(&words[1..]).status();
    assert!(done.unwrap().success(), "{words:?} needs root and iproute2");
}
