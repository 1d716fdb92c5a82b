//! The driver's ring of buffers: mapped once, overwritten after every look.
//!
//! The `v4l` crate has one too, which cannot be written to: the frames of the last look would
//! stay in it until the next. Everything here is requests on the device and memory that it
//! shares; what a frame means is [`super`]'s.

use std::ffi::c_void;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use v4l::Device;
use v4l::buffer::{Flags, Type};
use v4l::device::Handle;
use v4l::memory::Memory;
use v4l::v4l_sys::{v4l2_buffer, v4l2_requestbuffers};
use v4l::v4l2::{self, vidioc};

use crate::shut_in::Request;

/// Buffers that device and process share.
pub(super) struct Ring {
    device: Arc<Handle>,
    buffers: Vec<Mapped>,
    /// The buffer that was given out last, to be given back to the driver.
    out: Option<u32>,
}

/// One buffer in this process's memory, until it is dropped.
struct Mapped {
    start: *mut c_void,
    length: usize,
}

/// A buffer with a frame in it.
pub(super) struct Filled<'ring> {
    /// All of the buffer.
    pub(super) bytes: &'ring [u8],
    /// How many bytes the driver says it used.
    pub(super) used: usize,
    /// What the driver says of it.
    pub(super) flags: Flags,
    /// The driver's number of the frame.
    pub(super) sequence: u32,
}

// SAFETY: the mapping belongs to the process and not to a thread, and nobody else has it.
#[expect(unsafe_code, reason = "a mapping may move to the camera's thread")]
unsafe impl Send for Mapped {}

impl Ring {
    /// Asks the driver for buffers, and maps them.
    pub(super) fn reserve(device: &Device, count: u32) -> io::Result<Self> {
        let device = device.handle();
        let mut asked: v4l2_requestbuffers = zeroed();
        asked.count = count;
        asked.type_ = Type::VideoCapture as u32;
        asked.memory = Memory::Mmap as u32;
        request(&device, vidioc::VIDIOC_REQBUFS, &mut asked)?;
        let mut ring = Self {
            device,
            buffers: Vec::new(),
            out: None,
        };
        for index in 0..asked.count {
            let mut told = described(index);
            request(&ring.device, vidioc::VIDIOC_QUERYBUF, &mut told)?;
            ring.buffers.push(Mapped::of(&ring.device, &told)?);
        }
        if ring.buffers.is_empty() {
            return Err(io::Error::other("the driver has no buffers"));
        }
        Ok(ring)
    }

    /// What it goes on asking of the device.
    pub(super) fn requests(&self) -> [Request; 4] {
        let numbers = [
            vidioc::VIDIOC_QBUF,
            vidioc::VIDIOC_DQBUF,
            vidioc::VIDIOC_STREAMON,
            vidioc::VIDIOC_STREAMOFF,
        ];
        numbers.map(|number| Request {
            descriptor: self.device.fd(),
            // The kernel reads 32 bits, of which all four numbers are.
            number: u32::try_from(number).unwrap_or_default(),
        })
    }

    /// Gives all buffers to the driver, and begins.
    pub(super) fn start(&mut self) -> io::Result<()> {
        for index in (0..).take(self.buffers.len()) {
            self.queue(index)?;
        }
        self.out = None;
        let mut kind = Type::VideoCapture as u32;
        request(&self.device, vidioc::VIDIOC_STREAMON, &mut kind)
    }

    /// Waits for a frame. Its buffer is given back at the next call.
    pub(super) fn next(&mut self, patience: Duration) -> io::Result<Filled<'_>> {
        if let Some(index) = self.out.take() {
            self.queue(index)?;
        }
        let patience_ms = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        if self.device.poll(libc::POLLIN, patience_ms)? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut told = described(0);
        request(&self.device, vidioc::VIDIOC_DQBUF, &mut told)?;
        self.out = Some(told.index);
        let mapped = usize::try_from(told.index).ok();
        let mapped = mapped.and_then(|index| self.buffers.get(index));
        let mapped = mapped.ok_or_else(|| io::Error::other("the driver made up a buffer"))?;
        Ok(Filled {
            bytes: mapped.bytes(),
            used: usize::try_from(told.bytesused).unwrap_or_default(),
            flags: Flags::from(told.flags),
            sequence: told.sequence,
        })
    }

    /// Stops the stream, takes all buffers back and overwrites them. Stopping twice does nothing.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        let mut kind = Type::VideoCapture as u32;
        self.out = None;
        let stopped = request(&self.device, vidioc::VIDIOC_STREAMOFF, &mut kind);
        self.buffers.iter_mut().for_each(Mapped::overwrite);
        stopped
    }

    fn queue(&self, index: u32) -> io::Result<()> {
        request(&self.device, vidioc::VIDIOC_QBUF, &mut described(index))
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // Gone or not, the buffers are overwritten.
        self.stop().ok();
    }
}

#[expect(unsafe_code, reason = "memory that a driver shares is raw")]
impl Mapped {
    fn of(device: &Handle, told: &v4l2_buffer) -> io::Result<Self> {
        let length = usize::try_from(told.length).unwrap_or_default();
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the driver has filled in the union as an offset, since it was asked about a
        // buffer to be mapped; the mapping is new and replaces none.
        let start = unsafe {
            let offset = libc::off_t::from(told.m.offset);
            let null = std::ptr::null_mut();
            v4l2::mmap(null, length, rights, libc::MAP_SHARED, device.fd(), offset)?
        };
        Ok(Self { start, length })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for as long as this lives, and readable. The driver has given the
        // buffer out and writes to it again only when it is queued, for which the ring must be
        // borrowed mutably.
        unsafe { std::slice::from_raw_parts(self.start.cast(), self.length) }
    }

    fn overwrite(&mut self) {
        // SAFETY: mapped for as long as this lives, and writable; the stream has stopped.
        unsafe { libc::explicit_bzero(self.start, self.length) }
    }
}

impl Drop for Mapped {
    #[expect(unsafe_code, reason = "as it was mapped")]
    fn drop(&mut self) {
        // SAFETY: this is the mapping's only owner, and lends nothing beyond its own life.
        if let Err(error) = unsafe { v4l2::munmap(self.start, self.length) } {
            tracing::error!(%error, "a buffer of the camera stays mapped");
        }
    }
}

fn described(index: u32) -> v4l2_buffer {
    let mut buffer: v4l2_buffer = zeroed();
    buffer.index = index;
    buffer.type_ = Type::VideoCapture as u32;
    buffer.memory = Memory::Mmap as u32;
    buffer
}

/// What the driver is told or fills in: numbers and unions of numbers.
trait Told {}
impl Told for v4l2_buffer {}
impl Told for v4l2_requestbuffers {}
impl Told for u32 {}

#[expect(unsafe_code, reason = "structures of the kernel's have no constructor")]
fn zeroed<T: Told>() -> T {
    // SAFETY: all fields of all three are numbers, or pointers that may be null.
    unsafe { std::mem::zeroed() }
}

#[expect(unsafe_code, reason = "a request is a number and a pointer")]
fn request<T: Told>(device: &Handle, number: vidioc::_IOC_TYPE, told: &mut T) -> io::Result<()> {
    // SAFETY: each request is made with the structure that its number is made of, which lives
    // until the call returns.
    unsafe { v4l2::ioctl(device.fd(), number, std::ptr::from_mut(told).cast()) }
}
