//! Nights in fast time in which the parts are killed: eye, voice, supervisor, and the hub with
//! its broker, each a real process, ten times a night with SIGKILL at moments from a seed. One
//! unit is down over a whole window.
//!
//! Of every check exactly one end stands in the ledger soon after its deadline, and no report
//! that the hub acknowledged is missing there. SIGKILL keeps what was handed to the system:
//! what a power cut loses is the World's to find. A seed draws the same moments again, but
//! processes are not as punctual as dice. One night is played with every change; the twenty
//! with `cargo test -p nattsyn-tests --test killed -- --ignored --nocapture twenty`.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod books;
mod homes;
mod hub;
mod night;
mod parts;
mod sum;

use std::sync::atomic::{AtomicU64, Ordering};

use night::play;
use sum::Sum;

/// The first seed, unless `NATTSYN_KILLED_SEED` names another.
const SEED: u64 = 1;

/// Nights that are played at once: most of a night is waiting for parts to come back.
const AT_ONCE: u64 = 2;

/// Plays nights, tells each, and holds them to the promise. One look in `share_of` that were to be
/// made must have been, or nothing is shown.
fn nights(count: u64, share_of: usize) {
    let named = std::env::var("NATTSYN_KILLED_SEED").ok();
    let first: u64 = named.map_or(SEED, |seed| seed.parse().unwrap());
    let next = AtomicU64::new(first);
    let mut all = Sum::default();
    std::thread::scope(|scope| {
        let players: Vec<_> = (0..AT_ONCE.min(count))
            .map(|_| scope.spawn(|| play_from(&next, first + count)))
            .collect();
        for player in players {
            all.add(&player.join().unwrap());
        }
    });
    tell(&format!("{count} nights: {all}"));
    assert!(
        all.looks_made * share_of >= all.looks_due,
        "fewer than one look in {share_of} came through: nothing is shown by that"
    );
}

/// Plays one night after the other until the seeds end.
fn play_from(next: &AtomicU64, end: u64) -> Sum {
    let mut all = Sum::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return all;
        }
        let sum = play(seed);
        tell(&format!("seed {seed}: {sum}"));
        sum.assert_kept();
        all.add(&sum);
    }
}

#[expect(
    clippy::print_stdout,
    reason = "whoever waits for twenty nights wants to see them pass"
)]
fn tell(line: &str) {
    println!("{line}");
}

#[test]
fn no_check_is_silent_and_nothing_acknowledged_is_lost_when_parts_are_killed() {
    // On a machine that does much else, eyes time out as well.
    nights(1, 5);
}

#[test]
#[ignore = "twenty nights take a quarter of an hour and more; one is played with every change"]
fn twenty_nights_of_killed_parts_are_kept() {
    nights(20, 2);
}

#[test]
#[ignore = "the hub's process in the nights above, which start it"]
fn the_hub_of_a_killed_night() {
    if let (Ok(folder), Ok(port)) = (
        std::env::var(hub::FOLDER_VARIABLE),
        std::env::var(hub::PORT_VARIABLE),
    ) {
        hub::run(folder.as_ref(), port.parse().unwrap());
    }
}
