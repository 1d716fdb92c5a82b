//! The night's time, turned by hand.
//!
//! It runs as a clock does, so that a page sees a hub as it is at night, and is turned forward
//! where only minutes pass. It speaks to the hub as the conductor of a demonstration does, and
//! asks nobody whether they are ready: whoever turns it waits for what must come of it.

use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use nattsyn_clock::Clock;
use nattsyn_clock::pace::Pace;
use nattsyn_protocol::time::Timestamp;

/// A clock that is turned. Followers lose it when it is dropped.
pub(crate) struct Dial {
    socket: PathBuf,
    hands: Arc<Mutex<Hands>>,
}

/// How time runs, and who follows.
struct Hands {
    pace: Pace,
    followers: Vec<UnixStream>,
}

impl Dial {
    /// A clock at this socket that shows `begins` now.
    pub(crate) fn start(socket: PathBuf, begins: Timestamp) -> Self {
        std::fs::remove_file(&socket).ok();
        let listener = UnixListener::bind(&socket).unwrap();
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
                joined.lock().unwrap().join(follower);
            }
        });
        Self { socket, hands }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let pace = self.hands.lock().unwrap().pace;
        pace.timestamp(pace.uptime(Clock::machine().real_now()))
    }

    /// Turns it forward; what is past already stays so.
    pub(crate) fn turn_to(&self, then: Timestamp) {
        let forward = then.since(self.now());
        let mut hands = self.hands.lock().unwrap();
        let real = Clock::machine().real_now();
        let uptime = hands.pace.uptime(real).after(forward);
        hands.pace.epoch += 1;
        hands.pace.real_ns = real_ns();
        hands.pace.uptime_ns = u64::try_from(uptime.0.as_nanos()).unwrap();
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
        let mut said = follower.try_clone().unwrap();
        // Whether a follower is idle is nothing to this clock, but somebody must listen.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()).ok());
        if tell(&follower, self.pace) {
            self.followers.push(follower);
        }
    }
}

fn real_ns() -> u64 {
    u64::try_from(Clock::machine().real_now().as_nanos()).unwrap()
}

/// Whether the follower is still there.
fn tell(mut follower: &UnixStream, pace: Pace) -> bool {
    let mut line = serde_json::to_vec(&pace).unwrap();
    line.push(b'\n');
    follower.write_all(&line).is_ok()
}
