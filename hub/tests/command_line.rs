//! `nattsyn-hub` as an operator runs it: prepare, enrol, serve, and what it says when it cannot.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const CONFIG: &str = "listen = \"127.0.0.1:0\"\n[broker.embedded]\nlisten = \"127.0.0.1:0\"\n";

fn hub(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nattsyn-hub"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    hub(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hub.toml"), CONFIG).unwrap();
    std::fs::write(folder.path().join("root.seed"), "07".repeat(32)).unwrap();
    let homes = nattsyn_hub::enrolment::EXAMPLE;
    std::fs::write(folder.path().join("homes.toml"), homes).unwrap();
    folder
}

const PREPARE: [&str; 5] = ["prepare", "--config", "hub.toml", "--root", "root.seed"];
const ENROL: [&str; 5] = ["enrol", "--config", "hub.toml", "--homes", "homes.toml"];
const SERVE: [&str; 3] = ["serve", "--config", "hub.toml"];

#[test]
fn a_prepared_and_enrolled_hub_serves_its_page_and_ends_when_told() {
    let folder = folder();
    for _repeated in 0..2 {
        let prepared = run(folder.path(), &PREPARE);
        assert!(prepared.status.success(), "{}", said(&prepared));
    }
    let enrolled = run(folder.path(), &ENROL);
    assert!(
        said(&enrolled).contains("2 homes enrolled, 3 plans new"),
        "{}",
        said(&enrolled)
    );
    let again = run(folder.path(), &ENROL);
    assert!(
        said(&again).contains("2 homes enrolled, 0 plans new"),
        "{}",
        said(&again)
    );
    let data = folder.path().join("data");
    let mode = std::fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(data.join("units/u0000001/unit.pem").exists());

    let mut serving = hub(folder.path(), &SERVE)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(serving.stderr.take().unwrap()).lines();
    let line = lines.find(|line| line.as_ref().unwrap().contains("serves the page"));
    let line = line.expect("it says where it serves").unwrap();
    let address = &line[line.rfind("127.0.0.1").unwrap()..];
    let address: String = address
        .chars()
        .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
        .collect();
    let outside = ask(&address, "GET / HTTP/1.1", "", "");
    assert!(outside.starts_with("HTTP/1.1 303"), "{outside}");
    let inside = ask(&address, "GET / HTTP/1.1", &sign_in(&folder, &address), "");
    assert!(
        inside.starts_with("HTTP/1.1 200") && inside.contains("Exempelgatan 2"),
        "{inside}"
    );
    assert!(inside.contains("Vakna Påhittson"), "{inside}");

    let pid = Pid::from_child(&serving);
    kill_process(pid, Signal::TERM).unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(serving.wait().unwrap().success(), "{rest:?}");
}

fn ask(address: &str, line: &str, header: &str, body: &str) -> String {
    let mut page = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!(
        "{line}\r\nHost: hub\r\nOrigin: http://hub\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\
         {header}\r\n{body}"
    );
    page.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    page.read_to_string(&mut text).unwrap();
    text
}

/// Registers somebody while the hub runs and signs them in; returns the cookie's header.
fn sign_in(folder: &TempDir, address: &str) -> String {
    let name = "Vakna Påhittson";
    let add = [
        "staff", "add", "--id", "natt-001", "--name", name, "--by", "admin-1",
    ];
    let added = said(&run(folder.path(), &add));
    let (_, pin) = added.split_once("PIN: ").expect("it shows the PIN");
    let form = format!("who=natt-001&pin={}", &pin[..6]);
    let answer = ask(address, "POST /sign-in HTTP/1.1", "", &form);
    let (_, cookie) = answer.split_once("set-cookie: ").expect("it lets her in");
    let (cookie, _) = cookie.split_once(';').unwrap();
    format!("Cookie: {cookie}\r\n")
}

#[test]
fn what_is_missing_or_wrong_is_named_with_its_file() {
    let folder = folder();
    let cases: [(&[&str], &[&str]); 4] = [
        (&SERVE, &["nattsyn-hub prepare", "hub.seed"]),
        (&["serve", "--config", "nothing.toml"], &["nothing.toml"]),
        (&ENROL, &["nattsyn-hub prepare"]),
        (
            &["prepare", "--config", "hub.toml", "--root", "homes.toml"],
            &["homes.toml", "64"],
        ),
    ];
    for (arguments, parts) in cases {
        let output = run(folder.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            said(&output)
        );
        for part in parts {
            assert!(
                said(&output).contains(part),
                "{arguments:?}: {}",
                said(&output)
            );
        }
    }
    std::fs::write(folder.path().join("hub.toml"), "lisen = 1").unwrap();
    let output = run(folder.path(), &SERVE);
    assert!(said(&output).contains("hub.toml") && said(&output).contains("lisen"));
}

#[test]
fn a_resident_whom_nobody_will_check_on_is_named() {
    let folder = folder();
    run(folder.path(), &PREPARE);
    let windows = "windows = [{ key = 1, from = \"23:30\", to = \"00:15\" }]";
    let homes = nattsyn_hub::enrolment::EXAMPLE.replacen(windows, "windows = []", 1);
    std::fs::write(folder.path().join("homes.toml"), homes).unwrap();
    let enrolled = run(folder.path(), &ENROL);
    assert!(enrolled.status.success(), "{}", said(&enrolled));
    assert!(
        said(&enrolled).contains("nobody checks on: r0000002"),
        "{}",
        said(&enrolled)
    );
    assert!(
        !said(&enrolled).contains("nobody checks on: r0000001"),
        "{}",
        said(&enrolled)
    );
}

/// One channel and a document that is told by it.
const CHANNEL: &str = "[notify]\nlink = \"https://nattsyn.example/\"\n\
    [[notify.channel]]\nname = \"post\"\nkind = \"webhook\"\n\
    url = \"http://127.0.0.1:9/\"\nbody = '{\"text\":\"{text}\"}'\n";
const DOCUMENT: &str = "[municipality]\nanswer_within_min = 12\n[[recipient]]\nname = \"lead\"\n\
    [[team]]\nname = \"natt\"\nsteps = [{ to = \"lead\", by = [\"post\"] }]\n";

#[test]
fn settings_are_set_by_somebody_who_works_there_and_a_hub_without_their_channel_says_which() {
    let folder = folder();
    let path = folder.path();
    run(path, &PREPARE);
    run(path, &ENROL);
    let write = |name: &str, text: &str| std::fs::write(path.join(name), text).unwrap();
    write("hub.toml", &format!("{CONFIG}{CHANNEL}"));
    write("settings.toml", DOCUMENT);
    let set = [
        "settings",
        "set",
        "settings.toml",
        "--by",
        "admin-1",
        "--why",
        "Prov",
    ];
    let stranger = said(&run(path, &set));
    assert!(
        stranger.contains("finns inte bland dem som arbetar här"),
        "{stranger}"
    );
    let add = [
        "staff", "add", "--id", "admin-1", "--name", "Ada Prov", "--by", "admin-1",
    ];
    assert!(run(path, &add).status.success());
    let done = run(path, &set);
    assert!(done.status.success(), "{}", said(&done));
    let expected = "kommunen, svarstid: inte satt → 12 min; berör 2 bostäder";
    assert!(said(&done).contains(expected), "{}", said(&done));
    let shown = said(&run(path, &["settings", "show"]));
    assert!(
        shown.contains("svarstid: 12 min (från kommunen)"),
        "{shown}"
    );

    write("hub.toml", CONFIG);
    let without = run(path, &SERVE);
    assert_eq!(without.status.code(), Some(1));
    for part in ["version 1, set by admin-1", "notify.channel \"post\""] {
        assert!(said(&without).contains(part), "{}", said(&without));
    }
    let old = "[[notify.recipient]]\nname = \"lead\"\n";
    write("hub.toml", &format!("{CONFIG}{CHANNEL}{old}"));
    let old = said(&run(path, &SERVE));
    assert!(
        old.contains("notify.recipient") && old.contains("settings set"),
        "{old}"
    );
}
