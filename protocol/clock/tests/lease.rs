//! A demonstration's clock over a real socket: it jumps, it waits, and a lease ends with its
//! holder.

use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_clock::conductor::Conductor;
use nattsyn_protocol::time::{Timestamp, Uptime};

/// Settles with the next thing due at `next` until it is, or the real bound is over.
async fn idle_until(clock: &Clock, next: Uptime) -> bool {
    let began = clock.real_now();
    while clock.real_now() - began < Duration::from_secs(20) {
        let now = clock.now();
        if now.uptime >= next {
            return true;
        }
        clock.settle(now, Some(next));
        clock.wait_until(Some(next)).await;
    }
    false
}

#[tokio::test]
async fn an_idle_hour_passes_and_a_held_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("clock");
    let origin = Timestamp::from_ms(1_795_000_000_000).unwrap();
    let _conductor = Conductor::start(&socket, origin, None).unwrap();
    let first = Clock::demonstration(&socket, "first").unwrap();
    let second = Clock::demonstration(&socket, "second").unwrap();

    let hour = Uptime(Duration::from_secs(3600));
    let both = async { tokio::join!(idle_until(&first, hour), idle_until(&second, hour)) };
    assert_eq!(
        both.await,
        (true, true),
        "an idle hour did not pass in 20 s"
    );
    assert!(first.now().timestamp.since(origin) >= Duration::from_secs(3600));

    // Whoever holds keeps everybody; whoever is gone keeps nobody.
    let hold = second.hold(1.0);
    let before = first.now();
    first.settle(before, None);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let passed = first.now().uptime.since(before.uptime);
    assert!(
        passed < Duration::from_secs(60),
        "{passed:?} passed under a hold"
    );
    drop(hold);
}
