//! A meter between a voice and its broker: counts bytes and segments, changes nothing.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what travels between a voice and its broker.
#[derive(Clone, Default)]
pub(crate) struct Meter(Arc<Metered>);

#[derive(Default)]
struct Metered {
    bytes: AtomicU64,
    segments: AtomicU64,
}

impl Meter {
    /// Stands before the broker; returns the port.
    pub(crate) fn stand_before(&self, broker: u16) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let meter = self.clone();
        std::thread::spawn(move || {
            for unit in listener.incoming().map_while(Result::ok) {
                let broker = TcpStream::connect((Ipv4Addr::LOCALHOST, broker)).unwrap();
                meter.pass_on(unit.try_clone().unwrap(), broker.try_clone().unwrap());
                meter.pass_on(broker, unit);
            }
        });
        port
    }

    fn pass_on(&self, mut from: TcpStream, mut to: TcpStream) {
        let meter = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                meter.0.segments.fetch_add(1, Ordering::SeqCst);
                let bytes = u64::try_from(length).unwrap();
                meter.0.bytes.fetch_add(bytes, Ordering::SeqCst);
                to.write_all(&buffer[..length]).unwrap();
            }
        });
    }

    pub(crate) fn read(&self) -> (u64, u64) {
        let bytes = self.0.bytes.load(Ordering::SeqCst);
        (bytes, self.0.segments.load(Ordering::SeqCst))
    }
}
