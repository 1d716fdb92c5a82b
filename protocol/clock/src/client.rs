//! A process's view of time: what it is, waiting for it, and the lease on a demonstration's.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::pace::{Lease, Pace};

/// Why a demonstration's clock cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// Nobody conducts at this socket.
    #[error("following the demonstration's clock at {}", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The conductor's first line is no pace.
    #[error("the demonstration's clock at {} does not say how time runs", .0.display())]
    NoPace(PathBuf),
}

/// A moment by both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For decisions.
    pub uptime: Uptime,
    /// For people and plans.
    pub timestamp: Timestamp,
    /// Which jump of a demonstration's clock this moment lies after; zero for the machine's.
    pub epoch: u64,
}

/// The machine's clock or a demonstration's. Clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<Source>);

enum Source {
    Machine,
    Demonstration(Box<Follower>),
}

struct Follower {
    followed: Mutex<Followed>,
    lease: Mutex<Leased>,
    changed: Notify,
    listeners: Mutex<Vec<Box<dyn Fn() + Send>>>,
}

struct Followed {
    pace: Pace,
    /// The latest uptime that anybody was told. A slower pace arrives a moment after it began,
    /// and uptime never steps back.
    latest: Uptime,
}

struct Leased {
    lease: Lease,
    holds: Vec<(u64, f64)>,
    next_hold: u64,
    conductor: UnixStream,
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn machine() -> Self {
        Self(Arc::new(Source::Machine))
    }

    /// The clock of the demonstration that is conducted at a Unix socket.
    ///
    /// The lease begins busy, at real speed, so that nothing jumps before the first
    /// [`Clock::settle`].
    ///
    /// # Errors
    ///
    /// Nobody conducts there.
    pub fn demonstration(path: &Path, name: &str) -> Result<Self, ClockError> {
        let (clock, following) = Self::join(path, name)?;
        following.start();
        Ok(clock)
    }

    /// As [`Clock::demonstration`], for who must not start a thread yet: time runs as it did at
    /// this moment until [`Following::start`].
    ///
    /// # Errors
    ///
    /// Nobody conducts there.
    pub fn join(path: &Path, name: &str) -> Result<(Self, Following), ClockError> {
        let unreachable = |source| ClockError::Unreachable {
            path: path.to_owned(),
            source,
        };
        let conductor = UnixStream::connect(path).map_err(unreachable)?;
        let mut lines = BufReader::new(conductor.try_clone().map_err(unreachable)?);
        let pace = read_pace(&mut lines).ok_or_else(|| ClockError::NoPace(path.to_owned()))?;
        let lease = Lease {
            name: name.to_owned(),
            settled: 0,
            next_ns: None,
            hold: Some(1.0),
        };
        let mut leased = Leased {
            lease,
            holds: Vec::new(),
            next_hold: 0,
            conductor,
        };
        leased.tell();
        let clock = Self(Arc::new(Source::Demonstration(Box::new(Follower {
            followed: Mutex::new(Followed {
                pace,
                latest: Uptime::default(),
            }),
            lease: Mutex::new(leased),
            changed: Notify::new(),
            listeners: Mutex::new(Vec::new()),
        }))));
        let following = Following {
            clock: clock.clone(),
            lines,
        };
        Ok((clock, following))
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Now {
        match &*self.0 {
            Source::Machine => Now {
                uptime: Uptime(monotonic()),
                timestamp: wall(),
                epoch: 0,
            },
            Source::Demonstration(follower) => {
                let mut followed = lock(&follower.followed);
                let pace = followed.pace;
                let uptime = pace.uptime(monotonic()).max(followed.latest);
                followed.latest = uptime;
                Now {
                    uptime,
                    timestamp: pace.timestamp(uptime),
                    epoch: pace.epoch,
                }
            }
        }
    }

    /// The machine's monotonic clock, also in a demonstration: for what concerns the network.
    #[must_use]
    pub fn real_now(&self) -> Duration {
        monotonic()
    }

    /// How long in real time until `deadline`, if the pace does not change.
    #[must_use]
    pub fn real_until(&self, deadline: Uptime) -> Duration {
        match &*self.0 {
            Source::Machine => deadline.since(Uptime(monotonic())),
            Source::Demonstration(follower) => lock(&follower.followed)
                .pace
                .real_until(monotonic(), deadline),
        }
    }

    /// Waits until `deadline`, or until a demonstration's clock changes its pace: the caller
    /// looks at [`Clock::now`] again either way. Without a deadline only a change ends it.
    pub async fn wait_until(&self, deadline: Option<Uptime>) {
        let due = async {
            match deadline {
                Some(deadline) => tokio::time::sleep(self.real_until(deadline)).await,
                None => std::future::pending().await,
            }
        };
        match &*self.0 {
            Source::Machine => due.await,
            Source::Demonstration(follower) => {
                tokio::select! {
                    () = due => {}
                    () = follower.changed.notified() => {}
                }
            }
        }
    }

    /// Calls `listener` whenever a demonstration's clock changes its pace: for loops that wait
    /// on a channel. It must not block. Never called under the machine's clock.
    pub fn on_change(&self, listener: impl Fn() + Send + 'static) {
        if let Source::Demonstration(follower) = &*self.0 {
            lock(&follower.listeners).push(Box::new(listener));
        }
    }

    /// Says that everything due at `now` has been dealt with, and when there is more.
    pub fn settle(&self, now: Now, next: Option<Uptime>) {
        if let Source::Demonstration(follower) = &*self.0 {
            let mut leased = lock(&follower.lease);
            let next_ns = next.map(|next| ns(next.0));
            let hold = leased.slowest();
            let lease = &leased.lease;
            if (lease.settled, lease.next_ns, lease.hold) != (now.epoch, next_ns, hold) {
                leased.lease.settled = now.epoch;
                leased.lease.next_ns = next_ns;
                leased.lease.hold = hold;
                leased.tell();
            }
        }
    }

    /// Keeps a demonstration's clock from jumping, and at most `rate` times as fast as real
    /// time, until the hold is dropped.
    #[must_use]
    pub fn hold(&self, rate: f64) -> Hold {
        let mut number = 0;
        if let Source::Demonstration(follower) = &*self.0 {
            let mut leased = lock(&follower.lease);
            number = leased.next_hold;
            leased.next_hold += 1;
            leased.holds.push((number, rate));
            leased.retell();
        }
        Hold {
            clock: self.clone(),
            number,
        }
    }

    fn follow(&self, mut lines: BufReader<UnixStream>) {
        let Source::Demonstration(follower) = &*self.0 else {
            return;
        };
        while let Some(pace) = read_pace(&mut lines) {
            lock(&follower.followed).pace = pace;
            // Everybody who waits, and whoever is about to.
            follower.changed.notify_waiters();
            follower.changed.notify_one();
            lock(&follower.listeners)
                .iter()
                .for_each(|listener| listener());
        }
    }
}

/// A demonstration's clock that is joined and not listened to yet.
#[must_use = "the clock changes its pace unheard before `start`"]
pub struct Following {
    clock: Clock,
    lines: BufReader<UnixStream>,
}

impl Following {
    /// Listens to the conductor from here on, on a thread of its own.
    pub fn start(self) {
        let Self { clock, lines } = self;
        std::thread::spawn(move || clock.follow(lines));
    }
}

/// While this lives, a demonstration's clock neither jumps nor outruns its rate.
pub struct Hold {
    clock: Clock,
    number: u64,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Source::Demonstration(follower) = &*self.clock.0 {
            let mut leased = lock(&follower.lease);
            leased.holds.retain(|(number, _)| *number != self.number);
            leased.retell();
        }
    }
}

impl Leased {
    /// The slowest rate that anybody in this process asked for.
    fn slowest(&self) -> Option<f64> {
        self.holds.iter().map(|(_, rate)| *rate).reduce(f64::min)
    }

    fn retell(&mut self) {
        let hold = self.slowest();
        if self.lease.hold != hold {
            self.lease.hold = hold;
            self.tell();
        }
    }

    fn tell(&mut self) {
        let mut line = serde_json::to_vec(&self.lease)
            .expect("a lease is plain data, which always has a JSON form");
        line.push(b'\n');
        // The conductor is gone when the demonstration ends, and then so is this process.
        self.conductor.write_all(&line).ok();
    }
}

fn read_pace(lines: &mut impl BufRead) -> Option<Pace> {
    let mut line = String::new();
    lines
        .read_line(&mut line)
        .ok()
        .filter(|&length| length > 0)?;
    serde_json::from_str(&line).ok()
}

/// The machine's monotonic clock, counting suspension.
pub(crate) fn monotonic() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the wall clock"
)]
fn wall() -> Timestamp {
    Timestamp(jiff::Timestamp::now())
}

pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A lock whose holder panicked still guards plain data that is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
