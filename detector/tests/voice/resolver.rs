//! A voice and the names of hosts: a resolver that starts after it, and a name that no file has.
//!
//! The machine's start is played in a mount namespace of its own: an empty `/run`, and an
//! `/etc/resolv.conf` that leads below it. Needs root for the namespace and for port 53;
//! otherwise the test says so and passes.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::broker::{make_certificates, pause, wait_for};
use super::{PairEnd, start_voice};

/// Names the folder, for the test that is started in the namespace.
const FOLDER: &str = "NATTSYN_TEST_FOLDER";

/// A loopback address that nothing else listens on.
const SERVER: Ipv4Addr = Ipv4Addr::new(127, 77, 13, 5);

#[test]
fn a_resolver_that_starts_after_the_voice_is_found_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc");
    std::fs::create_dir(&etc).unwrap();
    for file in [
        "hosts",
        "nsswitch.conf",
        "passwd",
        "ld.so.cache",
        "localtime",
    ] {
        std::fs::copy(Path::new("/etc").join(file), etc.join(file)).ok();
    }
    let stub = "/run/systemd/resolve/stub-resolv.conf";
    std::os::unix::fs::symlink(stub, etc.join("resolv.conf")).unwrap();
    make_certificates(folder.path());
    let script = "mount --bind \"$1\" /etc && mount -t tmpfs none /run && shift && exec \"$@\"";
    let ran = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(&etc)
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "resolver::in_a_namespace_of_its_own",
            "--ignored",
        ])
        .args(["--nocapture"])
        .env(FOLDER, folder.path())
        .output();
    let Ok(ran) = ran else {
        println!("SKIPPED: unshare is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
    if !said.contains("running 1 test") {
        println!("SKIPPED: no mount namespace can be had here: {complaint}");
        return;
    }
    assert!(ran.status.success(), "{said}{complaint}");
}

#[test]
#[ignore = "started by the test above, in a namespace of its own"]
fn in_a_namespace_of_its_own() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let broker = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    broker.set_nonblocking(true).unwrap();
    let port = broker.local_addr().unwrap().port();
    for (host, resolver) in [("localhost", None), ("broker.nattsyn.test", Some(SERVER))] {
        let state = folder.join(host);
        std::fs::create_dir(&state).unwrap();
        let config = folder.join("voice.toml");
        let text = format!(
            "unit = \"u0000001\"\nstate = \"{host}\"\n[broker]\nhost = \"{host}\"\nport = {port}\n\
             ca = \"ca.pem\"\ncertificate = \"u0000001.pem\"\nkey = \"u0000001.key\"\n"
        );
        std::fs::write(&config, text).unwrap();
        let (_eye, voice_end) = PairEnd::pair().unwrap();
        let mut voice = start_voice(&config, &voice_end);
        if let Some(server) = resolver {
            // Its walls stand by now, and it has asked in vain.
            pause(Duration::from_secs(2));
            assert!(broker.accept().is_err(), "nobody has said where it is");
            let socket = UdpSocket::bind((server, 53)).unwrap();
            std::thread::spawn(move || answer(&socket));
            std::fs::create_dir_all("/run/systemd/resolve").unwrap();
            let text = format!("nameserver {server}\n");
            std::fs::write("/run/systemd/resolve/stub-resolv.conf", text).unwrap();
        }
        wait_for(host, || broker.accept().ok());
        voice.kill().unwrap();
        voice.wait().unwrap();
        // Attempts that were under way.
        while broker.accept().is_ok() {}
    }
}

/// Answers every question for an address of IPv4 with 127.0.0.1, and others with nothing.
fn answer(socket: &UdpSocket) {
    let mut question = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        let end = 12 + question[12..length].iter().position(|it| *it == 0).unwrap() + 5;
        let mut answer = question[..end].to_vec();
        let is_v4 = question[end - 3] == 1;
        // An answer, recursion available; one question; no or one answer; nothing more.
        answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, is_v4.into(), 0, 0, 0, 0]);
        if is_v4 {
            // The name in the question, A, IN, a minute, four bytes.
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        }
        socket.send_to(&answer, from).unwrap();
    }
}
