//! The eye as systemd starts it: by the package's own service, with a datagram socket for each
//! direction that outlives both programs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nattsyn_detector::config::eye::{EyeFile, SourceConfig};
use nattsyn_detector::config::voice::VoiceConfig;
use nattsyn_detector::shut_in::Wall;
use nattsyn_protocol::demonstration;

const EYE: &str = include_str!("../debian/nattsyn-eye.service");
const VOICE: &str = include_str!("../debian/nattsyn-voice.service");

const PATIENCE: Duration = Duration::from_secs(60);

/// What a service says of a setting, for the last time.
fn said<'a>(service: &'a str, setting: &str) -> &'a str {
    let mut lines = service.lines().filter_map(|line| line.split_once('='));
    let found = lines.rfind(|(name, _)| *name == setting);
    found.map_or_else(|| panic!("no {setting}"), |(_, value)| value)
}

/// Starts the eye by the service's own line, in a folder that stands for the unit's.
fn start(folder: &Path, receives: &UnixDatagram) -> Child {
    let mut words = said(EYE, "ExecStart").split(' ');
    assert_eq!(words.next(), Some("/usr/bin/nattsyn-eye"));
    let here = |word: &str| match word.rsplit_once('/') {
        Some((_, name)) => folder.join(name).display().to_string(),
        None => word.to_owned(),
    };
    Command::new(env!("CARGO_BIN_EXE_nattsyn-eye"))
        .args(words.map(here))
        .env("RUST_LOG", "error")
        .stdin(Stdio::from(OwnedFd::from(receives.try_clone().unwrap())))
        .spawn()
        .unwrap()
}

/// The next word that is about this.
fn hears(voice: &UnixDatagram, about: &str) -> String {
    let mut bytes = vec![0; 65_536];
    loop {
        let length = voice.recv(&mut bytes).expect("the eye says nothing");
        let word = std::str::from_utf8(&bytes[..length]).unwrap();
        if word.contains(about) {
            return word.to_owned();
        }
    }
}

#[test]
fn an_eye_that_is_killed_comes_back_to_the_words_that_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let config = format!(
        "unit = \"u0000001\"\nroot = \"{}\"\n[source]\nkind = \"staged\"\nfile = \"stage.json\"\n\
         [light]\nkind = \"simulated\"\n",
        demonstration::root()
    );
    std::fs::write(at("eye.toml"), config).unwrap();
    std::fs::write(at("eye.key"), "07".repeat(32)).unwrap();
    std::fs::write(at("stage.json"), "{\"scenes\": []}").unwrap();
    let [eye, voice] = ["to-eye", "to-voice"].map(|name| UnixDatagram::bind(at(name)).unwrap());
    voice.set_read_timeout(Some(PATIENCE)).unwrap();
    let to_eye = UnixDatagram::unbound().unwrap();
    to_eye.connect(at("to-eye")).unwrap();

    let mut first = start(folder.path(), &eye);
    let begun = hears(&voice, "started");
    first.kill().unwrap();
    first.wait().unwrap();
    // An empty word ends nobody, and one that came while nobody was there is answered.
    to_eye.send(b"").unwrap();
    to_eye.send(b"\"ping\"").unwrap();
    let mut second = start(folder.path(), &eye);
    assert_ne!(hears(&voice, "started"), begun, "another boot");
    hears(&voice, "alive");
    second.kill().unwrap();
    second.wait().unwrap();
}

#[test]
fn the_services_name_each_others_sockets_and_never_give_up() {
    let sockets = [
        (EYE, include_str!("../debian/nattsyn-voice.socket")),
        (VOICE, include_str!("../debian/nattsyn-eye.socket")),
    ];
    for (service, others) in sockets {
        let listens = said(others, "ListenDatagram");
        let line = said(service, "ExecStart");
        assert!(line.ends_with(&format!("--other-end {listens}")), "{line}");
        assert_eq!(said(others, "SocketUser"), said(service, "User"));
        assert_eq!(said(others, "SocketMode"), "0600");
        assert_eq!(said(others, "TriggerLimitIntervalSec"), "0");
        assert_eq!(said(service, "StandardInput"), "socket");
        assert_eq!(said(service, "Restart"), "always");
        assert_eq!(said(service, "StartLimitIntervalSec"), "0");
        assert_eq!(said(service, "CapabilityBoundingSet"), "");
        assert_eq!(said(service, "DevicePolicy"), "closed");
    }
    assert_eq!(said(EYE, "PrivateNetwork"), "yes");
    assert_eq!(said(EYE, "RestrictAddressFamilies"), "AF_UNIX");
    assert_eq!(said(VOICE, "PrivateDevices"), "yes");
}

#[test]
fn the_packages_examples_are_read_and_keep_what_is_secret_with_its_user() {
    let eye: EyeFile = toml::from_str(include_str!("../debian/eye.toml")).unwrap();
    let own = Path::new("/var/lib").join(said(EYE, "StateDirectory"));
    for file in [eye.key, eye.memory, eye.counts, eye.profile] {
        assert_eq!(file.parent(), Some(&*own), "{}", file.display());
    }
    let rules = include_str!("../debian/70-nattsyn.rules");
    let SourceConfig::V4l2 { device, .. } = eye.source else {
        panic!("no camera");
    };
    let name = device.strip_prefix("/dev").unwrap().display();
    assert!(rules.contains(&format!("SYMLINK+=\"{name}\"")), "{name}");
    assert_eq!(eye.shut_in.without, [Wall::Landlock]);

    let voice: VoiceConfig = toml::from_str(include_str!("../debian/voice.toml")).unwrap();
    assert_eq!(voice.unit, eye.unit);
    let own = Path::new("/var/lib").join(said(VOICE, "StateDirectory"));
    assert!(voice.state.starts_with(&own) && voice.broker.key.starts_with(&own));
}
