//! One unit: the product's voice over a simulated disk, an eye, the pair between them, clocks.
//!
//! Here is what a unit is; when it wakes, loses power or the network is the World's affair.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use ed25519_dalek::SigningKey;

use nattsyn_clock::Now;
use nattsyn_detector::disk::{Files, Folder};
use nattsyn_detector::guard::{Moment, Trust};
use nattsyn_detector::memory::Memory;
use nattsyn_detector::pair::{FromEye, ToEye};
use nattsyn_detector::pair_socket::SendError;
use nattsyn_detector::uplink::{Care, LinkBusy, SENDING_MAX, Uplink};
use nattsyn_detector::voice::{EyeLine, Voice};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::topics::Channel;

use super::clocks::{Clocks, True};
use super::disk::WorldDisk;
use super::eye::{Camera, Eye};
use super::mishaps::Mishap;

/// Datagrams that fit into a pair's queue: what Linux gives a socket by default, 212,992 bytes,
/// over some 700 that a datagram costs with its bookkeeping.
const PAIR_MAX: usize = 300;

/// A message that the voice handed to its uplink.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) channel: Channel,
    pub(super) care: Care,
    pub(super) body: Vec<u8>,
}

/// What the voice's edges do; the World reads it after every event.
pub(super) struct Edges {
    pub(super) disk: WorldDisk,
    pub(super) sent: Vec<Sent>,
    pub(super) told: Vec<ToEye>,
    /// Whether the uplink takes messages: between the link's `Up` and its `Down`.
    pub(super) is_link_up: bool,
    /// Messages under way that the broker has not confirmed.
    pub(super) unconfirmed: usize,
    /// Datagrams that the eye has not read.
    pub(super) unread: usize,
}

/// One end of what the voice holds. All of a voice share one [`Edges`].
#[derive(Clone)]
pub(super) struct Edge(pub(super) Rc<RefCell<Edges>>);

impl Files for Edge {
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.0.borrow_mut().disk.read(name)
    }

    fn write_end(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().disk.write_end(name, bytes)
    }

    fn write_new(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().disk.write_new(name, bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.0.borrow_mut().disk.sync(name)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.0.borrow_mut().disk.rename(from, to)
    }

    fn sync_names(&mut self) -> io::Result<()> {
        self.0.borrow_mut().disk.sync_names()
    }
}

impl Uplink for Edge {
    fn send(&mut self, channel: Channel, care: Care, body: Vec<u8>) -> Result<(), LinkBusy> {
        let mut edges = self.0.borrow_mut();
        if edges.disk.struck || !edges.is_link_up || edges.unconfirmed >= SENDING_MAX {
            return Err(LinkBusy);
        }
        if care == Care::Confirmed {
            edges.unconfirmed += 1;
        }
        edges.sent.push(Sent {
            channel,
            care,
            body,
        });
        Ok(())
    }
}

impl EyeLine for Edge {
    fn tell(&mut self, word: &ToEye) -> Result<(), SendError> {
        let mut edges = self.0.borrow_mut();
        if edges.disk.struck {
            return Err(SendError::Closed);
        }
        if edges.unread >= PAIR_MAX {
            return Err(SendError::Full);
        }
        edges.unread += 1;
        edges.told.push(word.clone());
        Ok(())
    }
}

/// The way between a unit and the broker.
pub(super) struct Path {
    /// How many cuts are in force.
    pub(super) cuts: u32,
    /// The connection, as the voice knows it; `None` while it knows of none.
    pub(super) session: Option<u64>,
    /// Whether that connection still carries anything.
    pub(super) carries: bool,
    pub(super) next_session: u64,
    /// When it was made, in the World's elapsed time.
    pub(super) up_at: u64,
    /// Whether this way ever lost, repeated or delayed anything by more than it should.
    pub(super) is_troubled: bool,
    /// No message of a connection overtakes another: when the last one, either way, arrives.
    pub(super) up_until: u64,
    pub(super) down_until: u64,
    /// Whether the next attempt to connect is queued.
    pub(super) is_trying: bool,
    /// Of a thousand messages: lost, doubled, held back.
    pub(super) loss: u64,
    pub(super) repeat: u64,
    pub(super) reorder: u64,
    /// Longest delay in milliseconds.
    pub(super) delay: u64,
}

impl Path {
    fn new() -> Self {
        Self {
            cuts: 0,
            session: None,
            carries: false,
            next_session: 1,
            up_at: 0,
            is_troubled: false,
            up_until: 0,
            down_until: 0,
            is_trying: false,
            loss: 0,
            repeat: 0,
            reorder: 0,
            delay: 0,
        }
    }
}

/// One unit.
pub(super) struct Unit {
    pub(super) id: UnitId,
    pub(super) key: SigningKey,
    pub(super) edges: Rc<RefCell<Edges>>,
    pub(super) voice: Option<Voice<Folder<Edge>, Edge, Edge>>,
    /// Counts the voice's wakings, so that one that is out of date is known.
    pub(super) waking: u64,
    pub(super) eye: Option<Eye>,
    /// What the eye has written down of itself; synced, as its slots are.
    pub(super) eye_memory: Option<Memory>,
    /// Counts the machine's starts.
    pub(super) machine: u64,
    pub(super) camera_hangs: u32,
    pub(super) to_eye: VecDeque<ToEye>,
    pub(super) to_voice: VecDeque<FromEye>,
    pub(super) clocks: Clocks,
    pub(super) trust: Trust,
    /// How many power cuts, crashes and clock faults are in force: nothing starts, and no clock
    /// is set, before they are over.
    pub(super) power_cuts: u32,
    pub(super) voice_stops: u32,
    pub(super) eye_stops: u32,
    pub(super) clock_faults: u32,
    /// What will end the voice at a write.
    pub(super) armed: Option<Mishap>,
    /// Whether its disk ever failed: then it may come back with what it could write last.
    pub(super) had_disk_fault: bool,
    /// Whether another unit hangs in its place.
    pub(super) is_replaced: bool,
    pub(super) path: Path,
    /// Reports that the disk said are safe: their names by the random bytes in them.
    pub(super) safe: BTreeMap<String, ReportKey>,
}

impl Unit {
    pub(super) fn new(id: UnitId, key: SigningKey, disk: WorldDisk) -> Self {
        let edges = Edges {
            disk,
            sent: Vec::new(),
            told: Vec::new(),
            is_link_up: false,
            unconfirmed: 0,
            unread: 0,
        };
        Self {
            id,
            key,
            edges: Rc::new(RefCell::new(edges)),
            voice: None,
            waking: 0,
            eye: None,
            eye_memory: None,
            machine: 1,
            camera_hangs: 0,
            to_eye: VecDeque::new(),
            to_voice: VecDeque::new(),
            clocks: Clocks::right(),
            trust: Trust::Synced,
            power_cuts: 0,
            voice_stops: 0,
            eye_stops: 0,
            clock_faults: 0,
            armed: None,
            had_disk_fault: false,
            is_replaced: false,
            path: Path::new(),
            safe: BTreeMap::new(),
        }
    }

    pub(super) fn now(&self, now: True) -> Now {
        Now {
            uptime: self.clocks.uptime(now),
            timestamp: self.clocks.wall(now),
            epoch: 0,
        }
    }

    /// The machine's monotonic clock, for what concerns the network.
    pub(super) fn real(&self, now: True) -> Duration {
        self.clocks.uptime(now).0
    }

    pub(super) fn guard_moment(&self, now: True) -> Moment {
        Moment {
            uptime: self.clocks.uptime(now),
            wall: self.clocks.wall(now),
            trust: self.trust,
        }
    }

    pub(super) fn camera(&self) -> Camera {
        if self.camera_hangs > 0 {
            Camera::Hangs
        } else {
            Camera::Well
        }
    }

    /// Starts the voice's process.
    pub(super) fn start_voice(&mut self, now: True) {
        let mut edges = self.edges.borrow_mut();
        edges.disk.now = now.elapsed;
        edges.is_link_up = false;
        edges.unconfirmed = 0;
        drop(edges);
        let edge = || Edge(Rc::clone(&self.edges));
        let voice = Voice::resume(self.now(now), self.id, Folder::over(edge()), edge(), edge());
        self.voice = Some(voice);
    }

    /// When the voice next has something to do, in the World's elapsed time.
    pub(super) fn next_waking(&self, now: True) -> Option<u64> {
        let voice = self.voice.as_ref()?;
        let due = self.clocks.elapsed_at(voice.next_timeout(self.now(now)));
        let resend = voice
            .next_resend()
            .map(|at| self.clocks.elapsed_at(nattsyn_protocol::time::Uptime(at)));
        Some(resend.map_or(due, |resend| resend.min(due)))
    }

    /// Whether it runs and makes no look. What it has to say can wait for as long as the hub is
    /// down.
    pub(super) fn waits_for_its_hub(&self) -> bool {
        let rests = |eye: &Eye| !eye.is_looking() && !eye.is_hung;
        self.is_replaced || self.voice.is_some() && self.eye.as_ref().is_some_and(rests)
    }

    /// Whether everything runs and nothing waits. What a unit that was replaced waits for does
    /// not come.
    pub(super) fn is_at_rest(&self) -> bool {
        if self.is_replaced {
            return true;
        }
        let edges = self.edges.borrow();
        self.waits_for_its_hub()
            && self.path.session.is_some()
            && self.path.carries
            && self.safe.is_empty()
            && edges.unconfirmed == 0
    }
}
