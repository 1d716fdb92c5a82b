//! What an attempt has at hand: descriptors such as an eye holds, opened before the walls.

use std::fs::File;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsRawFd as _, OwnedFd};

use crate::pair_socket::PairEnd;
use crate::shut_in::Request;

/// `VIDIOC_DQBUF` of 64-bit machines: what a camera is asked for a frame with.
const DEQUEUE: u32 = 0xc058_5611;

/// Descriptors and a victim.
pub(super) struct Stage {
    /// Stands for the camera: the one descriptor with an allowed request.
    pub(super) camera: File,
    /// Another device.
    pub(super) device: File,
    /// A file that is open for reading.
    pub(super) file: File,
    /// A folder that is open.
    pub(super) folder: File,
    /// The pair.
    pub(super) pair: OwnedFd,
    /// The pair's other end, so that messages have somewhere to go.
    _voice: PairEnd,
    /// A socket that was open by some mistake.
    pub(super) datagrams: UdpSocket,
    /// Another, which listens.
    pub(super) listener: TcpListener,
    /// A process to be attacked.
    pub(super) victim: i32,
    /// A page of memory that may be written.
    pub(super) page: Box<[u8]>,
}

/// Twice the size of a page, so that one whole page lies in it.
const PAGE: usize = 4096;

impl Stage {
    pub(super) fn open(victim: i32) -> io::Result<Self> {
        let (pair, voice) = PairEnd::pair().map_err(io::Error::other)?;
        Ok(Self {
            camera: File::options().read(true).write(true).open("/dev/null")?,
            device: File::open("/dev/zero")?,
            file: File::open("/proc/self/exe")?,
            folder: File::open("/")?,
            pair: pair.into(),
            _voice: voice,
            datagrams: UdpSocket::bind("127.0.0.1:0")?,
            listener: TcpListener::bind("127.0.0.1:0")?,
            victim,
            page: vec![0; 2 * PAGE].into(),
        })
    }

    /// What the list allows of the camera.
    pub(super) fn request(&self) -> Request {
        Request {
            descriptor: self.camera.as_raw_fd(),
            number: DEQUEUE,
        }
    }

    /// The first whole page in [`Stage::page`].
    pub(super) fn page_start(&self) -> usize {
        (self.page.as_ptr() as usize).next_multiple_of(PAGE)
    }

    /// A whole page's size.
    pub(super) fn page_size() -> usize {
        PAGE
    }
}
