//! The outbox on a real small disk: full, mounted read-only, and well again.
//!
//! Real are the file system (a few pages of memory, mounted for the test) and the outbox's whole
//! path to it. Where mounting is not allowed, the tests say so and pass; the same is tried on
//! simulated disks beside the code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Stdio};

use nattsyn_detector::disk::Folder;
use nattsyn_detector::outbox::{Outbox, OutboxError};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{ClockState, Timestamp};

/// A file system of 64 kB, gone when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    #[expect(
        clippy::print_stdout,
        reason = "whoever runs the tests must see what was not tried"
    )]
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = ["-t", "tmpfs", "-o", "size=64k", "small"];
        match run("mount", &options, folder.path()) {
            Ran::Well => Some(Self { folder }),
            Ran::Badly => {
                println!("SKIPPED: mounting a small file system is not allowed here");
                None
            }
        }
    }

    fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        let ran = run("mount", &["-o", &options], self.path());
        assert_eq!(ran, Ran::Well, "remounting {how}");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self) -> Outbox<Folder> {
        Outbox::open(Folder::open(self.path().to_owned()).unwrap()).0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &[], self.folder.path());
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ran {
    Well,
    Badly,
}

fn run(program: &str, options: &[&str], folder: &Path) -> Ran {
    let ran = Command::new(program)
        .args(options)
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match ran {
        Ok(status) if status.success() => Ran::Well,
        Ok(_) | Err(_) => Ran::Badly,
    }
}

fn report(counter: u64) -> Report {
    Report {
        unit: "u0000001".parse().unwrap(),
        check: "r0000001.20261121.1".parse().unwrap(),
        look: 1,
        finding: Finding::NotVisible,
        at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
        clock: ClockState::Synced,
        plan: 1,
        model: "0a1b2c3d".to_owned(),
        boot: BootId(7),
        counter,
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
    }
}

fn put(outbox: &mut Outbox<Folder>, counter: u64) -> Result<(), OutboxError> {
    let report = report(counter);
    let signed = Signed {
        body: serde_json::to_string(&report).unwrap(),
        signature: "c2lnbmVk".repeat(10),
    };
    outbox.put(&report, &signed)
}

fn counters(outbox: &Outbox<Folder>) -> Vec<u64> {
    let waiting = outbox.after(None);
    waiting.map(|(_, waiting)| waiting.key.counter).collect()
}

#[test]
fn a_real_disk_that_fills_keeps_what_it_has_and_takes_the_rest_when_it_can() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let mut outbox = disk.open();
    let first_in_memory = (1..1000)
        .find(|&counter| put(&mut outbox, counter).is_err())
        .unwrap();
    put(&mut outbox, first_in_memory + 1).unwrap_err();
    let all: Vec<u64> = (1..=first_in_memory + 1).collect();
    let (on_disk, in_memory) = all.split_at(all.len() - 2);
    assert_eq!(counters(&outbox), all, "all of them are sent all the same");
    assert_eq!(counters(&disk.open()), on_disk, "a power cut now");

    // What the hub has acknowledged makes room for what it has not.
    let keys: Vec<_> = on_disk
        .iter()
        .map(|&counter| report(counter).key())
        .collect();
    outbox.acknowledge(&keys).unwrap();
    assert_eq!(counters(&disk.open()), in_memory);
}

#[test]
fn a_real_disk_that_is_mounted_read_only_takes_everything_when_it_returns() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let mut outbox = disk.open();
    put(&mut outbox, 1).unwrap();
    disk.remount("ro");
    let refused = put(&mut outbox, 2);
    assert!(matches!(
        refused,
        Err(OutboxError::Disk { unwritten: 1, .. })
    ));
    assert!(outbox.acknowledge(&[report(1).key()]).is_err());
    assert_eq!(counters(&outbox), [2]);
    disk.remount("rw");
    outbox.write_down().unwrap();
    assert_eq!(counters(&disk.open()), [2]);
}
