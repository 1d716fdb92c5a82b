//! The night's time, turned by hand.
//!
//! It runs as a clock does, so that a page sees a hub as it is at night, and is turned forward
//! where only minutes pass. It speaks to the hub as the conductor of a demonstration does, and
//! asks nobody whether they are ready: whoever turns it waits for what must come of it.

use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_clock::pace::Pace;
use nattsyn_protocol::time::Timestamp;

/// A clock that is turned. Followers lose it when it is dropped.
#[derive(Debug)]
pub struct Dial {
    socket: PathBuf,
    hands: Arc<Mutex<Hands>>,
}

/// How time runs, and who follows.
#[derive(Debug)]
struct Hands {
    pace: Pace,
    followers: Vec<UnixStream>,
}

impl Dial {
    /// A clock at this socket that shows `begins` now.
    ///
    /// # Panics
    ///
    /// Nothing can listen there.
    #[must_use]
    pub fn start(socket: PathBuf, begins: Timestamp) -> Self {
        std::fs::remove_file(&socket).ok();
        let listener = UnixListener::bind(&socket).expect("a socket for the clock");
        let pace = Pace {
            epoch: 1,
            real_ns: real_ns(),
            uptime_ns: 0,
            rate: 1.0,
            origin_ms: begins,
        };
        let hands = Arc::new(Mutex::new(Hands {
            pace,
            followers: Vec::new(),
        }));
        let joined = Arc::clone(&hands);
        std::thread::spawn(move || {
            for follower in listener.incoming().flatten() {
                lock(&joined).join(follower);
            }
        });
        Self { socket, hands }
    }

    /// What it shows.
    ///
    /// # Panics
    ///
    /// Somebody panicked while turning it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let pace = self.hands().pace;
        pace.timestamp(pace.uptime(Clock::machine().real_now()))
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        lock(&self.hands)
    }

    /// Turns it forward; what is past already stays so.
    ///
    /// # Panics
    ///
    /// Somebody panicked while turning it.
    pub fn turn_to(&self, then: Timestamp) {
        let forward = then.since(self.now());
        let mut hands = self.hands();
        let real = Clock::machine().real_now();
        let uptime = hands.pace.uptime(real).after(forward);
        hands.pace.epoch += 1;
        hands.pace.real_ns = real_ns();
        hands.pace.uptime_ns = nanoseconds(uptime.0);
        let pace = hands.pace;
        hands.followers.retain(|follower| tell(follower, pace));
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        std::fs::remove_file(&self.socket).ok();
    }
}

impl Hands {
    fn join(&mut self, follower: UnixStream) {
        let mut said = follower.try_clone().expect("a socket has two ends");
        // Whether a follower is idle is nothing to this clock, but somebody must listen.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()).ok());
        if tell(&follower, self.pace) {
            self.followers.push(follower);
        }
    }
}

fn lock(hands: &Mutex<Hands>) -> MutexGuard<'_, Hands> {
    hands.lock().expect("nobody panics while turning a clock")
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("five hundred years fit")
}

fn real_ns() -> u64 {
    nanoseconds(Clock::machine().real_now())
}

/// Whether the follower is still there.
fn tell(mut follower: &UnixStream, pace: Pace) -> bool {
    let mut line = serde_json::to_vec(&pace).expect("a pace has a JSON form");
    line.push(b'\n');
    follower.write_all(&line).is_ok()
}
