//! The client against a real SIP stack: sipp as the receiver, over UDP, TCP and, with stunnel in
//! front of it, TLS.
//!
//! Needs Debian's `sip-tester` and `stunnel4`. Without them nothing is tried, loudly; with
//! `NATTSYN_SIPP=required` that is a failure. What no real stack would do is
//! `scaip/tests/faulty`.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "../faulty/certificates.rs"]
mod certificates;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use certificates::Certificates;
use nattsyn_clock::Clock;
use nattsyn_scaip::client::{Client, SendError, fresh_reference};
use nattsyn_scaip::exchange::{Failure, Heard, NotKnown};
use nattsyn_scaip::mapping::{Event, Subject, request};
use nattsyn_scaip::message::{ControllerId, Field as _, Reply, Request, Verdict};

/// How long a program may take until it listens, on a busy machine.
const START_MAX: Duration = Duration::from_secs(20);

/// Whether these programs are here; says so loudly if not.
fn are_here(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs
        .iter()
        .filter(|program| {
            let started = Command::new(program)
                .arg("-version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            started.is_err()
        })
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        std::env::var_os("NATTSYN_SIPP").is_none_or(|wish| wish != "required"),
        "{missing:?} missing, and NATTSYN_SIPP=required"
    );
    // Not by a macro: what a macro prints is not heard of a test that passes.
    let notice = format!("SKIPPED: {missing:?} missing: install sip-tester and stunnel4\n");
    std::io::stderr().write_all(notice.as_bytes()).unwrap();
    false
}

/// A port of this machine that was free a moment ago.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A program that is ended with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, as it should.
        let _ended = (self.0.kill(), self.0.wait());
    }
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let silent = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(silent.spawn().unwrap())
    }

    /// Waits until it ends by itself; whether it was content.
    async fn was_content(mut self) -> bool {
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// sipp as a receiver of one message.
struct Sipp {
    program: Program,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

fn sipp(scenario: &str, transport: &str, keys: &[(&str, &str)]) -> Sipp {
    let folder = tempfile::tempdir().unwrap();
    let address = free_port();
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp/scenarios");
    let mut command = Command::new("sipp");
    command
        .arg("-sf")
        .arg(scenarios.join(format!("{scenario}.xml")))
        .args(["-i", "127.0.0.1", "-p", &address.port().to_string()])
        .args(["-t", if transport == "udp" { "u1" } else { "t1" }])
        .args(["-m", "1", "-nostdin", "-timeout", "40s"])
        .current_dir(folder.path());
    for (key, value) in keys {
        command.args(["-key", key, value]);
    }
    Sipp {
        program: Program::start(&mut command),
        address,
        folder,
    }
}

fn alarm() -> Request {
    let subject = Subject {
        controller: ControllerId::parse("00012345").unwrap(),
        device: None,
    };
    request(&Event::NotVisible, &subject, fresh_reference().unwrap())
}

/// Sends an alarm, again until somebody listens: a port cannot be seen to be open without
/// being taken for a caller.
async fn told(address: SocketAddr, more: &str) -> Result<Reply, SendError> {
    let text = format!(
        "address = \"{address}\"\ntarget = \"sip:arc@receiver.example\"\n\
         from = \"sip:hub@hub.example\"\ntime_limit_s = 3\n{more}"
    );
    let clock = Clock::machine();
    let client = Client::open(toml::from_str(&text).unwrap(), clock.clone())
        .await
        .unwrap();
    let began = clock.real_now();
    loop {
        let result = client.send(&alarm()).await;
        let waited = clock.real_now().saturating_sub(began);
        if !matches!(result, Err(SendError::Network { .. })) || waited > START_MAX {
            return result;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn told_by(transport: &str, address: SocketAddr) -> Result<Reply, SendError> {
    told(address, &format!("transport = \"{transport}\"")).await
}

fn refused(result: Result<Reply, SendError>) -> Verdict {
    match result {
        Err(SendError::Failed(Failure::Refused(reply))) => reply.verdict,
        other => panic!("no verdict: {other:?}"),
    }
}

#[tokio::test]
async fn a_yes_is_delivered_in_both_styles_by_udp_and_tcp() {
    if !are_here(&["sipp"]) {
        return;
    }
    for scenario in ["reply_in_answer", "reply_in_message"] {
        for transport in ["udp", "tcp"] {
            let sipp = sipp(scenario, transport, &[("verdict", "0")]);
            let reply = told_by(transport, sipp.address).await;
            assert_eq!(
                reply.unwrap().verdict,
                Verdict::Ok,
                "{scenario} {transport}"
            );
            assert!(sipp.program.was_content().await, "{scenario} {transport}");
        }
    }
}

#[tokio::test]
async fn busy_and_hold_are_no_in_both_styles() {
    if !are_here(&["sipp"]) {
        return;
    }
    for scenario in ["reply_in_answer", "reply_in_message"] {
        for (number, verdict) in [("6", Verdict::Busy), ("4", Verdict::Hold)] {
            let sipp = sipp(scenario, "udp", &[("verdict", number)]);
            assert_eq!(refused(told_by("udp", sipp.address).await), verdict);
            assert!(sipp.program.was_content().await, "{scenario} {number}");
        }
    }
}

#[tokio::test]
async fn half_a_verdict_is_none() {
    if !are_here(&["sipp"]) {
        return;
    }
    for transport in ["udp", "tcp"] {
        let sipp = sipp("malformed", transport, &[]);
        let result = told_by(transport, sipp.address).await;
        assert!(
            matches!(result, Err(SendError::Failed(Failure::Unreadable(_)))),
            "{transport}: {result:?}"
        );
    }
}

#[tokio::test]
async fn silence_is_known_in_time() {
    if !are_here(&["sipp"]) {
        return;
    }
    for transport in ["udp", "tcp"] {
        let sipp = sipp("silence", transport, &[]);
        let result = told_by(transport, sipp.address).await;
        assert!(
            matches!(
                result,
                Err(SendError::Failed(Failure::Silence(Heard::Nothing)))
            ),
            "{transport}: {result:?}"
        );
    }
}

#[tokio::test]
async fn a_real_stack_finds_our_proof_right_and_a_wrong_one_wrong() {
    if !are_here(&["sipp"]) {
        return;
    }
    for ask in ["", ", algorithm=MD5, qop=\"auth\""] {
        for password in ["hemligt", "gissat"] {
            let sipp = sipp("challenge", "udp", &[("ask", ask)]);
            let file = sipp.folder.path().join("password");
            std::fs::write(&file, password).unwrap();
            let more = format!(
                "transport = \"udp\"\n[credentials]\nuser = \"hub\"\npassword_file = {file:?}"
            );
            let result = told(sipp.address, &more).await;
            if password == "hemligt" {
                assert_eq!(result.unwrap().verdict, Verdict::Ok, "{ask}");
                assert!(sipp.program.was_content().await, "{ask}");
            } else {
                let Err(SendError::Failed(Failure::Rejected { status, .. })) = result else {
                    panic!("{ask}: {result:?}");
                };
                assert_eq!(status, 403);
            }
        }
    }
    let sipp = sipp("challenge", "udp", &[("ask", "")]);
    let result = told_by("udp", sipp.address).await;
    let nobody = NotKnown::NoCredentials;
    assert!(
        matches!(&result, Err(SendError::Failed(Failure::NotKnown(why))) if *why == nobody),
        "{result:?}"
    );
}

#[tokio::test]
async fn through_stunnel_both_styles_are_delivered_over_tls() {
    if !are_here(&["sipp", "stunnel4"]) {
        return;
    }
    for scenario in ["reply_in_answer", "reply_in_message"] {
        let certificates = Certificates::new();
        let sipp = sipp(scenario, "tcp", &[("verdict", "0")]);
        let front = free_port();
        let file = |name: &str| certificates.file(name).display().to_string();
        let config = format!(
            "foreground = yes\npid =\n[scaip]\naccept = {front}\nconnect = {}\ncert = {}\n\
             key = {}\nCAfile = {}\nverifyChain = yes\n",
            sipp.address,
            file("receiver.pem"),
            file("receiver-key.pem"),
            file("ca.pem"),
        );
        std::fs::write(certificates.file("stunnel.conf"), config).unwrap();
        let mut command = Command::new("stunnel4");
        command.arg(certificates.file("stunnel.conf"));
        let _stunnel = Program::start(command.current_dir(certificates.folder()));
        let more = format!(
            "[tls]\nca = {:?}\nname = \"localhost\"\n[tls.identity]\ncertificate = {:?}\n\
             key = {:?}\n",
            certificates.file("ca.pem"),
            certificates.file("hub.pem"),
            certificates.file("hub-key.pem"),
        );
        let reply = told(front, &more).await;
        assert_eq!(reply.unwrap().verdict, Verdict::Ok, "{scenario}");
        assert!(sipp.program.was_content().await, "{scenario}");
    }
}
