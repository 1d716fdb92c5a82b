//! Leads a demonstration's clock.
//!
//! [`Score`] is the rule, pure: given everybody's lease, jump or run. [`Conductor`] is the edge
//! around it: a Unix socket on which each process holds its lease.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::client::{monotonic, ns};
use crate::pace::{FASTEST, Lease, Pace};

/// Furthest that time jumps at once: a third of a heartbeat, so that a heartbeat that is late
/// by a jump is not yet one missed.
pub const JUMP_MAX: Duration = Duration::from_secs(20);

/// Least that time jumps at once, if nobody holds it: what many processes do every minute is
/// then done together. Nothing is due more sharply but a look, and its voice asks for the time
/// 30 s before it.
pub const JUMP_MIN: Duration = Duration::from_secs(10);

/// Shortest real time between two jumps: for messages that are on their way while everybody
/// is idle. Loopback delivers in well under a millisecond.
pub const REST: Duration = Duration::from_millis(15);

/// Lines from leases that may wait for the conductor; a full queue makes a process wait.
const LINES_MAX: usize = 1024;

/// The rule: when to jump, how fast to run.
#[derive(Debug)]
pub struct Score {
    pace: Pace,
    until: Option<Uptime>,
    leases: BTreeMap<u64, Lease>,
    changed_at: Duration,
}

impl Score {
    /// A demonstration whose wall clock shows `origin` at the machine's `real` moment, and
    /// that runs at real speed from `until` on.
    #[must_use]
    pub fn new(real: Duration, origin: Timestamp, until: Option<Uptime>) -> Self {
        let pace = Pace {
            epoch: 1,
            real_ns: ns(real),
            uptime_ns: 0,
            rate: 1.0,
            origin_ms: origin,
        };
        Self {
            pace,
            until,
            leases: BTreeMap::new(),
            changed_at: real,
        }
    }

    /// How time runs now.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Takes in what a process says.
    pub fn handle_lease(&mut self, number: u64, lease: Lease) {
        self.leases.insert(number, lease);
    }

    /// Forgets a process that is gone.
    pub fn handle_end(&mut self, number: u64) {
        self.leases.remove(&number);
    }

    /// Decides; returns the new pace if it changed.
    pub fn handle_moment(&mut self, real: Duration) -> Option<Pace> {
        let uptime = self.pace.uptime(real);
        if self.until.is_some_and(|until| uptime >= until) {
            return self.run(real, 1.0);
        }
        let slowest = self
            .leases
            .values()
            .filter_map(|lease| lease.hold)
            .reduce(f64::min);
        if let Some(rate) = slowest {
            return self.run(real, rate.clamp(0.01, FASTEST));
        }
        let everybody_idle = !self.leases.is_empty()
            && self
                .leases
                .values()
                .all(|lease| lease.settled == self.pace.epoch);
        if !everybody_idle || real.saturating_sub(self.changed_at) < REST {
            return self.run(real, FASTEST);
        }
        self.jump(real, uptime)
    }

    fn jump(&mut self, real: Duration, uptime: Uptime) -> Option<Pace> {
        let furthest = uptime.after(JUMP_MAX);
        let next = self.leases.values().filter_map(|lease| lease.next_ns);
        let earliest = next.map(|next| Uptime(Duration::from_nanos(next))).min();
        let target = earliest
            .unwrap_or(furthest)
            .clamp(uptime.after(JUMP_MIN), furthest)
            .min(self.until.unwrap_or(furthest));
        if target <= uptime {
            return self.run(real, FASTEST);
        }
        self.pace.epoch += 1;
        self.begin(real, target, FASTEST)
    }

    fn run(&mut self, real: Duration, rate: f64) -> Option<Pace> {
        let uptime = self.pace.uptime(real);
        if (self.pace.rate - rate).abs() < f64::EPSILON {
            return None;
        }
        self.begin(real, uptime, rate)
    }

    fn begin(&mut self, real: Duration, uptime: Uptime, rate: f64) -> Option<Pace> {
        self.pace = Pace {
            real_ns: ns(real),
            uptime_ns: ns(uptime.0),
            rate,
            ..self.pace
        };
        self.changed_at = real;
        Some(self.pace)
    }
}

/// Serves a demonstration's clock at a Unix socket until it is dropped.
pub struct Conductor {
    path: PathBuf,
}

enum Heard {
    Joined(u64, UnixStream),
    Said(u64, Lease),
    Left(u64),
    Over,
}

impl Conductor {
    /// Begins to conduct: the demonstration's wall clock shows `origin` now, and runs at real
    /// speed again from `until` on. The path must be this conductor's own: what stands there is
    /// replaced.
    ///
    /// # Errors
    ///
    /// The socket cannot be made.
    pub fn start(path: &Path, origin: Timestamp, until: Option<Uptime>) -> std::io::Result<Self> {
        // A conductor that was killed left its socket behind; nobody answers there any more.
        std::fs::remove_file(path).ok();
        let listener = UnixListener::bind(path)?;
        let (lines, heard) = sync_channel(LINES_MAX);
        std::thread::spawn(move || accept(&listener, &lines));
        let score = Score::new(monotonic(), origin, until);
        std::thread::spawn(move || conduct(score, &heard));
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

impl Drop for Conductor {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

fn accept(listener: &UnixListener, lines: &SyncSender<Heard>) {
    let mut number = 0;
    for stream in listener.incoming().flatten() {
        number += 1;
        let Ok(reader) = stream.try_clone() else {
            continue;
        };
        if lines.send(Heard::Joined(number, stream)).is_err() {
            return;
        }
        let lines = lines.clone();
        std::thread::spawn(move || listen(number, reader, &lines));
    }
    lines.send(Heard::Over).ok();
}

fn listen(number: u64, stream: UnixStream, lines: &SyncSender<Heard>) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let Ok(lease) = serde_json::from_str(&line) else {
            break;
        };
        if lines.send(Heard::Said(number, lease)).is_err() {
            return;
        }
    }
    lines.send(Heard::Left(number)).ok();
}

fn conduct(mut score: Score, heard: &Receiver<Heard>) {
    let mut followers: BTreeMap<u64, UnixStream> = BTreeMap::new();
    loop {
        match heard.recv_timeout(REST / 3) {
            Ok(Heard::Joined(number, stream)) => {
                if tell(&stream, score.pace()) {
                    followers.insert(number, stream);
                }
            }
            Ok(Heard::Said(number, lease)) => score.handle_lease(number, lease),
            Ok(Heard::Left(number)) => {
                score.handle_end(number);
                followers.remove(&number);
            }
            Ok(Heard::Over) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(pace) = score.handle_moment(monotonic()) {
            followers.retain(|_, stream| tell(stream, pace));
        }
    }
}

/// Whether the follower is still there to be told.
fn tell(mut stream: &UnixStream, pace: Pace) -> bool {
    let mut line =
        serde_json::to_vec(&pace).expect("a pace is plain data, which always has a JSON form");
    line.push(b'\n');
    stream.write_all(&line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn score(until: Option<u64>) -> Score {
        let until = until.map(|until| Uptime(secs(until)));
        Score::new(secs(100), Timestamp::from_ms(0).unwrap(), until)
    }

    fn idle(epoch: u64, next_s: Option<u64>) -> Lease {
        let next_ns = next_s.map(|next| ns(secs(next)));
        Lease {
            name: "unit".to_owned(),
            settled: epoch,
            next_ns,
            hold: None,
        }
    }

    /// Lets it decide a second later; returns the uptime it jumped or ran to, and the rate.
    fn decide(score: &mut Score, real_s: u64) -> (u64, f64) {
        score.handle_moment(secs(real_s));
        (
            score.pace().uptime(secs(real_s)).0.as_secs(),
            score.pace().rate,
        )
    }

    #[test]
    fn it_jumps_to_what_is_next_but_never_far() {
        let mut score = score(None);
        score.handle_lease(1, idle(1, Some(15)));
        assert_eq!(decide(&mut score, 101), (15, FASTEST));
        score.handle_lease(1, idle(2, Some(500)));
        let furthest = 15 + 20 + JUMP_MAX.as_secs();
        assert_eq!(decide(&mut score, 102), (furthest, FASTEST));
        score.handle_lease(1, idle(3, Some(furthest)));
        let nearest = furthest + 20 + JUMP_MIN.as_secs();
        assert_eq!(decide(&mut score, 103), (nearest, FASTEST));
    }

    #[test]
    fn it_waits_for_whoever_has_not_settled() {
        let mut score = score(None);
        score.handle_lease(1, idle(1, Some(7)));
        score.handle_lease(2, idle(0, None));
        assert_eq!(decide(&mut score, 101).1, FASTEST);
        assert_eq!(score.pace().epoch, 1);
    }

    #[test]
    fn the_slowest_hold_sets_the_pace_and_ends_with_its_process() {
        let mut score = score(None);
        score.handle_lease(
            1,
            Lease {
                hold: Some(50.0),
                ..idle(1, None)
            },
        );
        score.handle_lease(
            2,
            Lease {
                hold: Some(1.0),
                ..idle(1, None)
            },
        );
        assert_eq!(decide(&mut score, 101), (1, 1.0));
        score.handle_end(2);
        assert_eq!(decide(&mut score, 101), (1, FASTEST));
        score.handle_end(1);
        assert_eq!(decide(&mut score, 102).1, FASTEST);
    }

    #[test]
    fn it_runs_at_real_speed_when_the_night_is_over() {
        let mut score = score(Some(5));
        score.handle_lease(1, idle(1, None));
        assert_eq!(decide(&mut score, 101), (5, FASTEST));
        assert_eq!(decide(&mut score, 102).1, 1.0);
    }
}
